"""Codecs are exact both ways, for any value; nothing a partner sends raises."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edi_bridge.mapping.codec import CODECS, Bad, TextFlow, codec

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e40"), max_value=Decimal("1e40"))
WORDS = st.text("abcÄé.,+'?:1", min_size=1, max_size=9)
PLAIN = st.lists(WORDS, min_size=1, max_size=60).map(" ".join)
WILD = st.text("ab \t", min_size=1, max_size=120).map(str.strip).filter(bool)


def written(flow: TextFlow, notes: list[str]) -> list[list[str]] | None:
    segments = []
    for note in notes:
        made = flow.write_segments(note)
        if isinstance(made, Bad):
            return None
        assert len(made) <= flow.segments
        for segment in made:
            assert len(segment) <= flow.parts and all(0 < len(part) <= flow.width for part in segment)
        segments += made
    return segments


@settings(max_examples=200, deadline=None)
@given(st.lists(PLAIN, min_size=1, max_size=5), st.integers(10, 512), st.integers(1, 5), st.integers(2, 99))
def test_flowing_notes_come_back_as_they_were(notes: list[str], width: int, parts: int, segments: int) -> None:
    flow = TextFlow(width, parts, segments)
    segments_made = written(flow, notes)
    fits = all(len(note) < 0.6 * width * parts * segments for note in notes)
    assert segments_made is not None or not fits, "words with single blanks that fit must always be writable"
    if segments_made is not None:
        assert flow.read_segments(segments_made) == notes
        for segment in segments_made:
            assert not any(part.endswith(" ") for part in segment), "blanks at the end of an element get lost"


@settings(max_examples=100, deadline=None)
@given(st.lists(WILD, max_size=4), st.integers(10, 40), st.integers(1, 5), st.integers(1, 5))
def test_runs_of_blanks_come_back_or_are_refused(notes: list[str], width: int, parts: int, segments: int) -> None:
    flow = TextFlow(width, parts, segments)
    made = written(flow, notes)
    assert made is None or flow.read_segments(made) == notes


LINES = st.lists(st.text("abc ", max_size=10).map(str.rstrip), min_size=1, max_size=12).map("\n".join).map(str.strip).filter(bool)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=4), st.integers(2, 5), st.integers(1, 5))
def test_notes_of_lines_come_back_as_they_were(notes: list[str], parts: int, segments: int) -> None:
    flow = TextFlow(10, parts, segments, "lines")
    made: list[list[str]] = []
    for note in notes:
        one = flow.write_segments(note)
        if isinstance(one, Bad):
            assert note.count("\n") + 2 > parts * segments
            assume(False)
        else:
            made += one
    assert flow.read_segments(made) == notes


@settings(max_examples=100, deadline=None)
@given(LINES.map(lambda note: note.replace("\n", " ")), st.integers(10, 20))
def test_wrapped_lines_keep_their_words(note: str, width: int) -> None:
    flow = TextFlow(width, 5, 99, "lines", wrap=True)
    made = flow.write_segments(note)
    assert not isinstance(made, Bad)
    assert "".join(flow.read_segments(made)[0].split()) == "".join(note.split())
    assert flow.lossy


@settings(max_examples=150, deadline=None)
@given(NUMBERS, st.sampled_from([".", ","]), st.sampled_from(["decimal", "decimal(sign: right)", "fraction", "amount"]))
def test_decimals_keep_every_digit(number: Decimal, mark: str, name: str) -> None:
    made = codec(name).write(number, mark)
    assert not isinstance(made, Bad)
    assert "e" not in made[0].lower() and codec(name).read(*made) == number


@settings(max_examples=100, deadline=None)
@given(st.integers(-(10**40), 10**40), st.integers(0, 9))
def test_implied_decimals_keep_every_digit(digits: int, places: int) -> None:
    number = Decimal(digits).scaleb(0) if abs(digits) < 10**27 else Decimal(digits)
    number = Decimal((int(digits < 0), tuple(map(int, str(abs(digits)))), -places))
    made = codec(f"implied({places})").write(number)
    assert made == (str(digits),) and codec(f"implied({places})").read(*made) == number


MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2067, 12, 31))
VALUES = st.one_of(
    st.dates(date(1970, 1, 1), date(2067, 12, 31)).map(date.isoformat),
    MOMENTS.map(lambda at: at.isoformat(timespec="minutes")), MOMENTS.map(lambda at: at.isoformat(timespec="seconds")),
    MOMENTS.map(lambda at: at.isoformat(timespec="minutes") + "+05:30"), MOMENTS.map(lambda at: at.isoformat(timespec="seconds") + "Z"),
    MOMENTS.map(lambda at: at.strftime("%Y-%m")), MOMENTS.map(lambda at: "{}-W{:02}".format(*at.isocalendar())),
    MOMENTS.map(lambda at: "{}-W{:02}-{}".format(*at.isocalendar())), MOMENTS.map(lambda at: at.strftime("%H:%M")),
    st.tuples(st.dates(), st.dates()).map(lambda pair: "/".join(sorted(day.isoformat() for day in pair))),
    st.builds("P{}{}".format, st.integers(0, 999), st.sampled_from("YMWD")),
)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.sampled_from(["date(2379)", "date(05)", "date(CCYYMMDD, time: 03, zone: 04)", "date(iso)", "date(YYMMDD)"]))
def test_dates_come_back_with_their_precision(value: str, name: str) -> None:
    made = codec(name).write(value)
    if isinstance(made, Bad):
        assert made.kind == "cannot_write" and name not in ("date(2379)", "date(iso)")
    else:
        assert codec(name).read(*made) == value


@pytest.mark.parametrize("standard", ["edifact", "x12", "xml"])
@pytest.mark.parametrize("name", [text for recipe in CODECS.values() for text in recipe.written.split(" · ") if "parts" not in text])
@settings(max_examples=40, deadline=None)
@given(st.one_of(st.text(min_size=1), st.text("0123456789-+.,TZ:/", min_size=1), st.text("0123456789", min_size=8, max_size=24)),
       st.one_of(st.just(""), st.sampled_from(["102", "203", "719", "608", "105", "D8", "RD8", "1030", "ES"]), st.text()))
def test_nothing_that_is_read_raises_and_what_is_read_can_be_written_again(name: str, standard: str, raw: str, beside: str) -> None:
    one = codec(name, standard)
    value = one.read(raw, *[beside] * len(one.aux))
    if isinstance(value, Bad):
        assert value.note and (value.value is None or not isinstance(one.write(value.value), Bad))
    elif value is not None:
        made = one.write(value)
        if isinstance(made, Bad):
            assert made.kind == "cannot_write"
        elif not one.lossy:
            assert one.read(*made) == value
