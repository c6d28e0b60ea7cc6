"""Lines read by templates give what the generated readers give, records and findings, whatever the lines look like."""

from __future__ import annotations

import io
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import generate
from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.interchange import Delimiters, Message
from edi_bridge.mapping.line_trace import GiveUp, Taken, traced_segments
from edi_bridge.mapping.reading import SegmentProgram
from edi_bridge.mapping.template import MOST_LEARNED, MOST_TEMPLATES

CATALOG = Catalog()
MAP = CATALOG.map_named("order.edifact-d96a")

# Lines of many habits: what EANCOM allows and a map reads without a finding …
GOOD = {
    "LIN": ["LIN+1++4000000000013:EN", "LIN+2", "LIN+3+1+4000000000013:EN", "LIN+4++4000000000020:EN", "LIN+5++:EN", "LIN+6++A7:SA", "LIN+7+1"],
    "PIA": ["PIA+1+A-1:SA+77:IN", "PIA+1+77:IN+A-1:SA", "PIA+1+A-1:SA", "PIA+5+77:IN", "PIA+1+77:IN", "PIA+1+A?+1:SA", "PIA+1+A?:1:SA", "PIA+1", ""],
    "IMD": ["IMD+F++:::Bolt", "IMD+F++:::Nut", "IMD+F++:::Men?'s socks", "IMD+F++:::  ", "IMD+F++::: Bolt ", "IMD+F++:::two:parts", "IMD+F+35+:::red",
            "IMD+F+98+:::red", "IMD+C++CU::9", ""],
    "QTY": ["QTY+21:10", "QTY+21:11", "QTY+21:10:PCE", "QTY+21:1.50:KGM", "QTY+192:2'QTY+21:5", "QTY+21:5'QTY+192:2"],
    "DTM": ["DTM+2:20240120:102", "DTM+64:20240120:102", "DTM+2:202401200930:203", "", ""],
    "MOA": ["MOA+203:12.5", "MOA+204:12.5", "MOA+203:-12.5", "", ""],
    "FTX": ["FTX+LIN+++Call ?+49", "FTX+LIN+++one:two'FTX+LIN+++three", "FTX+AAI+++x", "", "", ""],
    "PRI": ["PRI+AAA:1.25", "PRI+AAB:1.25", "PRI+AAA:1.25:::1:PCE", "PRI+AAB:2'PRI+AAA:1", ""],
    "more": ["RFF+ON:7", "RFF+CT:7", "LOC+7+4000000000013::9'QTY+11:4'DTM+2:20240101:102", "ALC+A'MOA+8:1", "", "", "", "", ""],
}
# … and what is wrong with them, now and then
WRONG = ["QTY+21:4x8", "QTY+21:5'QTY+21:6", "PIA+1+A:SA+B:SA", "DTM+2:20249920:102", "PRI+AAA:free", "ZZZ+1", "UNS+D", "LIN+9++4000000000014:EN", "LIN"]


@st.composite
def line_texts(draw: st.DrawFn) -> list[str]:
    """Lines of a few kinds that come again and again, as a partner's do."""
    kinds = draw(st.lists(st.tuples(*(st.sampled_from(pieces) for pieces in GOOD.values())), min_size=1, max_size=4))
    chosen = draw(st.lists(st.integers(0, len(kinds) - 1), min_size=1, max_size=12))
    lines = ["'".join(piece for piece in kinds[number] if piece) for number in chosen]
    if draw(st.integers(0, 4)) == 0:
        good, bad = draw(st.sampled_from([("QTY+21:1", "QTY+21:x"), ("MOA+203:1", "MOA+203:,"), ("0000013:", "0000014:"), (":20240120:", ":20249920:")]))
        lines[-1] = lines[-1].replace(good, bad)
        lines.append(lines[0])
    if draw(st.integers(0, 9)) == 0:
        lines.insert(draw(st.integers(0, len(lines))), "'".join([lines[0], draw(st.sampled_from(WRONG))]))
    return lines


HEADS = [
    "NAD+BY+4000000000013::9", "NAD+BY+4000000000020::9++Smith?'s+Street 5", "NAD+BY+4000000000013::9++Jones+Street 5", "NAD+BY+4000000000013::9'RFF+VA:DE1",
    "FTX+DEL+++a?+b'NAD+BY+7::92", "FTX+DEL+++a'FTX+DEL+++b'NAD+BY+7::92", "FTX+DEL+++a'FTX+PUR+++b'NAD+BY+7::92", "FTX+DEL+++ 'NAD+BY+7::92",
    "NAD+BY+7::92'NAD+SU+8::92'CUX+2:EUR:9", "NAD+BY+7::92'NAD+BY+8::92", "NAD+BY+7::92'CUX+2:USD:9'PAT+1++5:3:D:30", "NAD+BY+7::92'PAT+3'DTM+13:20240201:102",
    "NAD+BY+7::92'PAT+22++5:3:D:10'PCD+12:2", "NAD+BY+7::92'PAT+1++5:3:D:x"]


def orders(lines: list[str], before: str = "", after: str = "", head: str = HEADS[0]) -> Message:
    body = "'".join(["UNH+1+ORDERS:D:96A:UN:EAN008", "BGM+220+7+9", "DTM+137:20240115:102", *([before] if before else []),
                     head, *lines, "UNS+S", *([after] if after else [])])
    text = f"UNA:+.? 'UNB+UNOC:3+A+B+240115:0930+1'{body}'UNT+{body.replace(chr(63) + chr(39), '').count(chr(39)) + 2}+1'UNZ+1+1'"
    return _message(text)


def _message(text: str) -> Message:
    for interchange in syntax.read(io.BytesIO(text.encode())):
        for message in interchange.messages:
            assert isinstance(message, Message)
            return message
    raise AssertionError("no message")


def in_full(message: Message, map_: Any = MAP) -> Any:
    """What a program without templates makes of it."""
    program = SegmentProgram(map_.plan, map_.structure)
    program.by_lines = None
    return shown(program.read(message))


def shown(result: Any) -> Any:
    """Records with the order of their fields and the types of their values; findings with their places."""
    def flat(value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            yield "{"
            for name, inner in value.items():
                yield name
                yield from flat(inner)
        elif isinstance(value, list):
            yield "["
            for inner in value:
                yield from flat(inner)
        else:
            yield value.__class__, str(value)

    records, findings = result
    return list(flat(records)), findings


@settings(max_examples=100, deadline=None)
@given(line_texts(), st.sampled_from(["", "", "", "", "ZZZ+1", "DTM+137:20240116:102"]), st.sampled_from(["", "", "MOA+79:1", "MOA+79:2'CNT+2:1", "ZZZ+2", "MOA+79:x", "CNT+2:a"]), st.sampled_from(HEADS))
def test_templates_give_what_the_full_reading_gives(lines: list[str], before: str, after: str, head: str) -> None:
    message = orders(lines, before, after, head)
    MAP.reader.by_lines.unlucky.clear()  # what was wrong before must not keep templates from being tried
    assert shown(MAP.read(message)) == in_full(message)


@pytest.mark.parametrize("kind", ["orders_d96a", "invoic_d96a", "x12_850", "x12_810"])
def test_generated_files_read_the_same_and_by_few_templates(kind: str) -> None:
    content = b"".join(generate.KINDS[kind](25, 20, 3))
    program = None
    for interchange in syntax.read(io.BytesIO(content)):
        for message in interchange.messages:
            map_ = CATALOG.map_for(message.type, None)
            assert map_ is not None and isinstance(message, Message)
            program = program or SegmentProgram(map_.plan, map_.structure)
            assert shown(program.read(message)) == in_full(message, map_)
    assert program is not None
    assert program.by_lines is not None
    ((lines, frames),) = program.by_lines.readers()
    assert 0 < lines.templates.learned <= MOST_TEMPLATES and 0 < frames.templates.learned <= MOST_TEMPLATES


def test_a_file_whose_lines_are_all_different_stops_being_learned_from() -> None:
    program = SegmentProgram(MAP.plan, MAP.structure)
    rng = Random(5)
    for _ in range(40):
        lines = []
        for number in range(40):
            parts = ":".join("x" if rng.random() < 0.5 else "" for _ in range(20))
            lines.append(f"LIN+{number}++4000000000013:EN'IMD+F++:::a'QTY+21:1'RFF+ON:1:{parts}")
        message = orders(lines)
        assert shown(program.read(message)) == in_full(message)
    assert program.by_lines is not None
    ((reader, _),) = program.by_lines.readers()
    assert len(reader.templates.kept) <= MOST_TEMPLATES and reader.templates.learned <= MOST_LEARNED


def test_what_cannot_be_followed_gives_up() -> None:
    segments = traced_segments([["QTY", "21:10"]], Delimiters())
    text = segments[0][1]
    parts = text.split(":")
    assert parts[0] == "21" and segments.trace.exact == {(0, 1, 1)}
    assert isinstance(parts[1].strip(), Taken)
    for step in (lambda: parts[1] + "x", lambda: parts[1].isdigit(), lambda: len(parts[1]), lambda: f"{parts[1]}", lambda: text.split("1")):
        with pytest.raises(GiveUp):
            step()
    assert parts[1].strip() == "10" and (0, 1, 2) in segments.trace.exact
