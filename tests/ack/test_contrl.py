"""CONTRL segment by segment, against expectations written by hand from ISO 9735-4."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from edi_bridge import syntax
from edi_bridge.ack import contrl
from edi_bridge.ack.subject import opening
from edi_bridge.finding import Finding, Verdict
from edi_bridge.interchange import Interchange, Message, Position

HEADER = "UNB+{syntax}+{sender}+SOUTH:14+{day}:0815+{ref}'"
BODY = "UNH+M1+ORDERS:D:96A:UN'BGM+220+4711+9'LIN+1++9521200002119:EN'QTY+21:48'UNT+5+M1'UNZ+1+{ref}'"


def read(syntax_id: str = "UNOC:3", sender: str = "NORTH:14", ref: str = "417", day: str = "261102") -> tuple[Interchange, Message]:
    """An interchange of one message."""
    text = HEADER.format(syntax=syntax_id, sender=sender, ref=ref, day=day) + BODY.format(ref=ref)
    interchange = next(syntax.read(text.encode()))
    message = next(interchange.messages)
    assert isinstance(message, Message)
    return interchange, message


def told(findings: Sequence[Finding], syntax_id: str = "UNOC:3") -> list[str]:
    """UCM and what follows it for these findings."""
    interchange, message = read(syntax_id, day="20261102" if syntax_id.endswith("4") else "261102")
    line = contrl.line(message, opening(message), findings, Verdict.REJECTED, interchange)
    return contrl.report(interchange, Verdict.ACCEPTED, [], [line], [])[1:]


def at(segment: int, element: int | None = None, component: int | None = None, repetition: int | None = None, tag: str = "QTY") -> Position:
    """A place in the message."""
    return Position(message=1, segment=segment, tag=tag, element=element, component=component, repetition=repetition)


UCM = "UCM+M1+ORDERS:D:96A:UN+4"


@pytest.mark.parametrize(("kind", "place", "expected"), [
    # the tag is position 1, so the first element is 2; components count from 1
    ("wrong_character_type", at(4, 1, 2), [UCM, "UCS+4", "UCD+37+2:2"]),
    ("missing_element", at(3, 3), [UCM, "UCS+3", "UCD+13+4"]),
    # a missing segment is told at the last one before the place where it should stand
    ("missing_segment", at(4, tag="NAD"), [UCM, "UCS+3+13"]),
    ("segment_repeats", at(4), [UCM, "UCS+4+35"]),
    ("group_repeats", at(3, tag="LIN"), [UCM, "UCS+3+36"]),
    # what is wrong with UNH or UNT stands in UCM, with its place there
    ("segment_count_mismatch", at(5, 1, None, tag="UNT"), [UCM + "+29+UNT+2"]),
    ("message_reference_mismatch", at(5, 2, tag="UNT"), [UCM + "+28+UNT+3"]),
    ("bad_message_header", at(1, 2, 3, tag="UNH"), [UCM + "+13+UNH+3:3"]),
    ("missing_message_trailer", at(1, tag="UNH"), [UCM + "+13+UNT"]),
    ("duplicate_message_reference", at(1, 1, tag="UNH"), [UCM + "+26+UNH+2"]),
    ("no_agreement", Position(message=1), [UCM + "+17+UNH+3"]),
    ("message_too_large", Position(message=1), [UCM + "+18"]),
    # 0104 is for components of a composite alone: BGM 1004 stands alone, LIN C212 does not
    ("control_character", at(2, 2, 1, tag="BGM"), [UCM, "UCS+2", "UCD+21+3"]),
    ("control_character", at(3, 3, 1, tag="LIN"), [UCM, "UCS+3", "UCD+21+4:1"]),
    ("control_character", at(3, 3, 2, tag="LIN"), [UCM, "UCS+3", "UCD+21+4:2"]),
    ("segment_count_mismatch", at(5, 1, 1, tag="UNT"), [UCM + "+29+UNT+2"]),
])
def test_each_fault_stands_in_its_segment_with_its_place(kind: str, place: Position, expected: list[str]) -> None:
    assert told([Finding(kind, place)]) == expected


def test_one_error_a_segment_and_all_elements_of_one_segment_together() -> None:
    found = [Finding("too_long", at(4, 1, 1)), Finding("segment_out_of_order", at(4)), Finding("unknown_code", at(3, 3, 2)),
             Finding("too_short", at(4, 1, 2))]
    assert told(found) == [UCM, "UCS+3", "UCD+12+4:2", "UCS+4", "UCD+39+2:1", "UCS+4+15", "UCS+4", "UCD+40+2:2"]


def test_a_repetition_has_a_place_in_syntax_4_only() -> None:
    found = [Finding("too_long", at(4, 1, None, 3))]
    assert told(found) == [UCM, "UCS+4", "UCD+39+2"]
    assert told(found, "UNOC:4") == [UCM, "UCS+4", "UCD+39+2::3"]


def test_a_component_and_a_repetition_do_not_stand_together() -> None:
    assert told([Finding("too_long", at(4, 1, 2, 3))], "UNOC:4")[-1] == "UCD+39+2:2"


def test_no_more_segments_than_the_message_may_have() -> None:
    """SG2 repeats 999 times, UCD 99 times in each."""
    made = told([Finding("segment_repeats", at(number)) for number in range(2, 1500)])
    assert sum(line.startswith("UCS") for line in made) == 999
    made = told([Finding("too_long", at(4, 1)) for _ in range(200)])
    assert sum(line.startswith("UCD") for line in made) == 99
    made = told([Finding("too_long", at(number, 1)) for number in range(2, 1500)])
    assert (sum(line.startswith("UCS") for line in made), sum(line.startswith("UCD") for line in made)) == (999, 999)


@pytest.mark.parametrize(("syntax_id", "version"), [("UNOA:1", "D3"), ("UNOA:2", "D3"), ("UNOC:3", "D3"), ("UNOC:4", "41"), ("UNOC:9", "D3")])
def test_the_version_follows_the_syntax(syntax_id: str, version: str) -> None:
    interchange, _ = read(syntax_id)
    assert contrl.message_type(interchange).version == version


def test_an_accepted_message_is_not_reported() -> None:
    interchange, message = read()
    line = contrl.line(message, opening(message), [Finding("unknown_code", at(4, 1, 1))], Verdict.WITH_ERRORS, interchange)
    assert contrl.report(interchange, Verdict.ACCEPTED, [], [line], []) == ["UCI+417+NORTH:14+SOUTH:14+7"]


@pytest.mark.parametrize(("kind", "place", "expected"), [
    ("interchange_count_mismatch", Position(tag="UNZ", element=1, component=1), "4+29+UNZ+2"),  # 0036 stands alone: it has no components
    ("missing_trailer", Position(offset=5), "4+13+UNZ"),
    ("bad_header", Position(tag="UNB", element=2, component=1), "4+13+UNB+3:1"),
    ("not_for_us", Position(), "4+7+UNB+4"),
    ("duplicate_interchange", Position(), "4+26+UNB+6"),
    ("test_on_live", Position(), "4+25+UNB+12"),
    ("nothing_inside", Position(), "4+32"),
    ("interchange_too_large", Position(), "4+18"),
    ("bad_service_string", Position(), "4+20+UNA"),
])
def test_what_is_wrong_with_the_interchange_stands_in_uci(kind: str, place: Position, expected: str) -> None:
    interchange, _ = read()
    assert contrl.report(interchange, Verdict.REJECTED, [Finding(kind, place)], [], []) == [f"UCI+417+NORTH:14+SOUTH:14+{expected}"]


def test_what_is_copied_is_copied_as_it_came() -> None:
    """Internal addresses too, and with its delimiters released."""
    interchange, _ = read(sender="A?+B::back?'s", ref="4?:1")
    assert contrl.receipt(interchange) == ["UCI+4?:1+A?+B::back?'s+SOUTH:14+8"]


@pytest.mark.parametrize(("sender", "ref", "why"), [
    (":14", "417", "sender (S002)"), ("N" * 36, "417", "sender (S002)"), ("NORTH:14141", "417", "qualifier (0007)"), ("NORTH", "4" * 15, "reference (0020)"),
])
def test_what_cannot_be_copied_legally_is_an_obstacle(sender: str, ref: str, why: str) -> None:
    interchange, _ = read(sender=sender, ref=ref)
    assert why in contrl.obstacle(interchange)


def test_a_legal_header_is_none() -> None:
    assert contrl.obstacle(read()[0]) == ""


def test_what_is_noticed_but_only_said_by_another_message_is_left_to_the_interchange() -> None:
    """A message that is only suspended is not reported: UCI 4 says it."""
    interchange, _ = read()
    assert contrl.report(interchange, Verdict.REJECTED, [], [], []) == ["UCI+417+NORTH:14+SOUTH:14+4+18"]
