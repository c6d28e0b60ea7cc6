"""Free text over components and segments, against parts cut by hand."""

from __future__ import annotations

import pytest

from edi_bridge.mapping.codec import Bad, TextFlow, codec


def test_text_is_cut_hard_but_never_beside_a_blank() -> None:
    assert TextFlow(10, 5, 1).write_segments("abcdefgh ijklmnop") == [["abcdefgh i", "jklmnop"]]
    assert TextFlow(10, 5, 1).write_segments("abcdefghi jklmnop") == [["abcdefgh", "i jklmnop"]]


def test_where_there_is_no_other_place_it_is_cut_before_a_blank() -> None:
    made = TextFlow(10, 5, 1).write_segments("a b c d e f g h")
    assert made == [["a b c d e", " f g h"]]
    assert TextFlow(10, 5, 1).read_segments(made) == ["a b c d e f g h"]


def test_a_full_last_component_goes_on_in_the_next_segment() -> None:
    flow = TextFlow(10, 2, 9)
    assert flow.full == 8
    assert flow.read_segments([["a" * 10, "b" * 8], ["c"], ["d"]]) == ["a" * 10 + "b" * 8 + "c", "d"]
    assert flow.read_segments([["a" * 10, "b" * 7], ["c"]]) == ["a" * 10 + "b" * 7, "c"]
    assert flow.read_segments([["a" * 10], ["c"]]) == ["a" * 10, "c"]


def test_a_note_never_ends_on_a_full_last_component() -> None:
    flow = TextFlow(10, 2, 9)
    made = flow.write_segments("x" * 20)
    assert made == [["x" * 10, "x" * 9], ["x"]]
    assert flow.read_segments([*made, ["next"]]) == ["x" * 20, "next"]


def test_one_component_a_segment_and_exactly_full_begins_with_a_blank() -> None:
    flow = TextFlow(10, 1, 9)
    assert flow.write_segments("x" * 8) == [[" " + "x" * 7], ["x"]]
    assert flow.read_segments([[" " + "x" * 7], ["x"], ["next"]]) == ["x" * 8, "next"]


def test_with_one_segment_every_segment_is_a_note() -> None:
    flow = TextFlow(80, 1, 1)
    assert flow.read_segments([["a" * 80], ["b"]]) == ["a" * 80, "b"]
    assert flow.write_segments("a" * 80) == [["a" * 80]]


def test_what_does_not_fit_is_refused() -> None:
    for text in ("x" * 51, "one\ntwo", " x", 5):
        bad = TextFlow(10, 5, 1).write_segments(text)  # type: ignore[arg-type]
        assert isinstance(bad, Bad) and bad.kind == "cannot_write"
    assert isinstance(TextFlow(10, 2, 1).write_segments("a" + " " * 30 + "b"), Bad)


def test_a_run_of_blanks_longer_than_a_part_is_refused() -> None:
    assert isinstance(TextFlow(10, 5, 5).write_segments("a" + " " * 40 + "b"), Bad)


def test_lines_stand_one_in_a_component() -> None:
    flow = TextFlow(10, 3, 2, "lines")
    assert flow.write_segments("one\ntwo") == [["one", "two"]]
    assert flow.write_segments("one\n\ntwo\nthree") == [["one", "", "two"], ["three"]]
    assert flow.read_segments([["one", "", "two"], ["three"], ["next"]]) == ["one\n\ntwo\nthree", "next"]


def test_lines_that_fill_the_segment_begin_with_a_blank_line() -> None:
    flow = TextFlow(10, 3, 2, "lines")
    made = flow.write_segments("one\ntwo\nthree")
    assert made == [[" ", "one", "two"], ["three"]]
    assert flow.read_segments([*made, ["next"]]) == ["one\ntwo\nthree", "next"]


def test_a_long_line_is_refused_or_wrapped_where_the_map_says_so() -> None:
    assert isinstance(TextFlow(10, 3, 1, "lines").write_segments("one two three"), Bad)
    wrapped = codec("text(width: 10, parts: 3, segments: 2, mode: lines, wrap: true)")
    assert wrapped.write("one two three") == [["one two", "three"]] and wrapped.lossy and wrapped.flow


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_a_long_text_is_cut_quickly_even_where_it_cannot_be(parts: int) -> None:
    assert isinstance(TextFlow(70, parts, 99).write_segments("ab" + " " * 200 + "cd" * 2000), Bad)
