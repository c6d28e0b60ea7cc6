"""997, 999 and TA1 segment by segment, against expectations written by hand from X12."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from edi_bridge import syntax
from edi_bridge.ack import ta1, x997
from edi_bridge.ack.subject import GroupLine, Line, opening
from edi_bridge.finding import Finding, Verdict
from edi_bridge.interchange import Group, Interchange, Message, Position

SOURCE = ("ISA*00*          *00*          *ZZ*BLUEBIRD       *01*315369934      *261102*0815*{rep}*{isa}*000000418*0*{test}*>~"
          "GS*PO*BLUEBIRD*315369934*20261102*0815*7*X*{version}~ST*850*0001{conv}~BEG*00*NE*4711**20261102~PO1*1*48*EA~SE*4*0001~GE*1*7~"
          "IEA*1*000000418~")


def read(version: str = "004010", isa: str = "00401", conv: str = "", test: str = "P") -> tuple[Interchange, Message]:
    """An interchange of one group of one set."""
    text = SOURCE.format(version=version, isa=isa, rep="U" if isa < "00402" else "^", conv=conv, test=test)
    interchange = next(syntax.read(text.encode()))
    message = next(interchange.messages)
    assert isinstance(message, Message)
    return interchange, message


def told(findings: Sequence[Finding], name: str = "997", version: str = "004010", verdict: Verdict = Verdict.REJECTED, conv: str = "") -> list[str]:
    """The whole body of the report for these findings."""
    interchange, message = read(version, "00501" if version >= "005010" else "00401", conv)
    line = x997.line(message, opening(message), findings, verdict, interchange, name)
    assert message.group is not None
    return x997.report(interchange, GroupLine(message.group, "1", (), Verdict.ACCEPTED), [line], name)


def at(segment: int, element: int | None = None, component: int | None = None, repetition: int | None = None, *, tag: str = "PO1",
       path: str = "{PO1}/PO1/02", id: str = "330") -> Position:
    """A place in the set."""
    return Position(message=1, group=1, segment=segment, tag=tag, element=element, component=component, repetition=repetition,
                    path=path, id=id)


@pytest.mark.parametrize(("kind", "place", "value", "expected"), [
    ("wrong_character_type", at(3, 2), "4x8", ["AK3*PO1*3*PO1*8", "AK4*2*330*6*4x8", "AK5*R*5"]),
    ("missing_element", at(3, 2), "", ["AK3*PO1*3*PO1*8", "AK4*2*330*1", "AK5*R*5"]),
    ("invalid_date", at(2, 5, tag="BEG", path="BEG/05", id="373"), "20261131", ["AK3*BEG*2**8", "AK4*5*373*8*20261131", "AK5*R*5"]),
    ("too_long", at(3, 4, 2, tag="PO1", id="1018"), "99", ["AK3*PO1*3*PO1*8", "AK4*4>2*1018*5*99", "AK5*R*5"]),
    # a missing segment is told at the place where it should stand
    ("missing_segment", at(3, tag="DTM", path="DTM"), "", ["AK3*DTM*3**3", "AK5*R*5"]),
    ("unknown_segment", at(3, tag="ZZZ", path=""), "", ["AK3*ZZZ*3**6", "AK5*R*5"]),
    ("segment_repeats", at(3), "", ["AK3*PO1*3*PO1*5", "AK5*R*5"]),
    ("group_repeats", at(3), "", ["AK3*PO1*3*PO1*4", "AK5*R*5"]),
    # what is wrong with ST or SE stands in AK5
    ("segment_count_mismatch", at(4, 1, tag="SE", path="", id=""), "9", ["AK5*R*4"]),
    ("missing_message_trailer", at(1, tag="ST", path=""), "", ["AK5*R*2"]),
    # a tag that no AK301 can hold: only that there are segments in error
    ("unknown_segment", at(3, tag="LONGTAG", path=""), "", ["AK5*R*5"]),
])
def test_each_fault_stands_in_its_segment_with_its_place(kind: str, place: Position, value: str, expected: list[str]) -> None:
    made = told([Finding(kind, place, value)])
    assert made == ["AK1*PO*7", "AK2*850*0001", *expected, "AK9*R*1*1*0"]


def test_all_elements_of_one_segment_together_and_a_fault_of_the_segment_for_itself() -> None:
    found = [Finding("too_long", at(3, 2)), Finding("segment_out_of_order", at(3)), Finding("unknown_code", at(2, 2, tag="BEG", path="BEG/02", id="92"))]
    assert told(found)[2:-2] == ["AK3*BEG*2**8", "AK4*2*92*7", "AK3*PO1*3*PO1*8", "AK4*2*330*5", "AK3*PO1*3*PO1*7"]


@pytest.mark.parametrize(("value", "shown"), [
    ("4x8", "4x8"), ("4x8  ", "4x8"), ("a*b", None), ("a>b", None), ("a~b", None), ("x" * 99, "x" * 99), ("x" * 100, None), ("\x01", None),
    ("Müller", None), ("   ", None), ("", None),
])
def test_the_bad_value_is_copied_only_where_it_makes_no_new_error(value: str, shown: str | None) -> None:
    (line,) = [line for line in told([Finding("unknown_code", at(3, 2), value)]) if line.startswith("AK4")]
    assert line == "AK4*2*330*7" + (f"*{shown}" if shown else "")


def test_the_newer_release_has_more_places() -> None:
    found = [Finding("too_many_repetitions", at(3, 2, 1, 3))]
    assert told(found)[3] == "AK4*2>1*330*3"  # 723 knows no repetitions before 005010
    made = told(found, version="005010VICS", conv="*VICS7")
    assert made[:2] == ["AK1*PO*7*005010VICS", "AK2*850*0001*VICS7"]
    assert made[3] == "AK4*2>1>3*330*12"
    assert told(found, version="005010", conv="")[1] == "AK2*850*0001"


def test_the_999_has_its_own_codes_and_names_the_order() -> None:
    found = [Finding("segment_not_used", at(3)), Finding("code_not_used", at(2, 2, tag="BEG", path="BEG/02", id="92"), "NE")]
    assert told(found, "999", "005010") == [
        "AK1*PO*7*005010", "AK2*850*0001", "IK3*BEG*2**8", "CTX*BEG03>4711", "IK4*2*92*I6*NE", "IK3*PO1*3*PO1*I4", "CTX*BEG03>4711",
        "IK5*R*I5", "AK9*R*1*1*0"]


def test_five_codes_at_most_each_once_the_sets_own_first() -> None:
    kinds = ["too_long", "bad_message_header", "segment_count_mismatch", "message_reference_mismatch", "duplicate_message_reference",
             "missing_message_trailer", "missing_message_trailer"]
    (line,) = [line for line in told([Finding(kind, at(3, 2)) for kind in kinds]) if line.startswith("AK5")]
    assert line == "AK5*R*6*4*3*23*2"


def test_accepted_with_errors() -> None:
    made = told([Finding("unknown_code", at(3, 2), "ZZ")], verdict=Verdict.WITH_ERRORS)
    assert made[-2:] == ["AK5*E*5", "AK9*E*1*1*1"]
    assert told([], verdict=Verdict.ACCEPTED) == ["AK1*PO*7", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]


def test_a_business_finding_is_not_told() -> None:
    assert told([Finding("required_missing", at(3, 2))], verdict=Verdict.ACCEPTED)[2:] == ["AK5*A", "AK9*A*1*1*1"]


def group(counted: str, *findings: Finding, verdict: Verdict = Verdict.ACCEPTED, version: str = "004010") -> GroupLine:
    """A group of which GE01 counts `counted` sets."""
    header = f"GS*PO*BLUEBIRD*315369934*20261102*0815*7*X*{version}"
    return GroupLine(Group(1, "7", "BLUEBIRD", "315369934", version, header, "PO"), counted, findings, verdict)


def lines(*verdicts: Verdict) -> list[Line]:
    """A set of each verdict."""
    return [Line(number, f"{number:04}", ("850", ""), 1, verdict) for number, verdict in enumerate(verdicts, 1)]


GOOD, WITH, BAD = Verdict.ACCEPTED, Verdict.WITH_ERRORS, Verdict.REJECTED


@pytest.mark.parametrize(("counted", "findings", "verdict", "sets", "expected"), [
    ("2", (), GOOD, (GOOD, GOOD), "AK9*A*2*2*2"),
    ("2", (), GOOD, (GOOD, WITH), "AK9*E*2*2*2"),
    ("3", (), GOOD, (GOOD, WITH, BAD), "AK9*P*3*3*2"),
    ("2", (), GOOD, (BAD, BAD), "AK9*R*2*2*0"),
    ("1", (), WITH, (GOOD,), "AK9*E*1*1*1"),
    # GE01 says 5, two came: AK902 is what it says, AK903 what came
    ("5", (Finding("group_count_mismatch"),), BAD, (GOOD, GOOD), "AK9*R*5*2*0*5"),
    ("", (Finding("missing_group_trailer"),), BAD, (GOOD,), "AK9*R*1*1*0*3"),
    ("x", (Finding("group_count_mismatch"), Finding("group_reference_mismatch")), BAD, (GOOD,), "AK9*R*1*1*0*5*4"),
    # one set was too large to be read, but it was received
    ("2", (), GOOD, (GOOD,), "AK9*P*2*2*1"),
    ("0", (), GOOD, (), "AK9*A*0*0*0"),
])
def test_ak9_counts_what_is_said_what_came_and_what_is_accepted(counted: str, findings: tuple[Finding, ...], verdict: Verdict,
                                                                sets: tuple[Verdict, ...], expected: str) -> None:
    interchange, _ = read()
    made = x997.report(interchange, group(counted, *findings, verdict=verdict), lines(*sets), "997")
    assert made[-1] == expected


def test_a_rejected_group_rejects_its_sets() -> None:
    interchange, _ = read()
    made = x997.report(interchange, group("2", Finding("group_reference_mismatch"), verdict=BAD), lines(GOOD, WITH), "997")
    assert [line for line in made if line.startswith("AK5")] == ["AK5*R", "AK5*R"]


def test_a_set_without_a_number_cannot_be_named_but_counts() -> None:
    interchange, _ = read()
    made = x997.report(interchange, group("2"), [Line(1, "", ("850", ""), 1, BAD), *lines(GOOD)], "997")
    assert made == ["AK1*PO*7", "AK2*850*0001", "AK5*A", "AK9*P*2*2*1"]


@pytest.mark.parametrize(("name", "version", "expected"), [
    ("997", "004010", "004010"), ("997", "004010VICS", "004010VICS"), ("997", "005010X222A1", "005010"), ("997", "004010X098A1", "004010"),
    ("999", "005010", "005010"), ("999", "005010X222A1", "005010X231A1"), ("999", "005010VICS", "005010VICS"),
])
def test_the_version_follows_the_group(name: str, version: str, expected: str) -> None:
    kind = x997.message_type(name, version)
    assert kind.version + kind.usage == expected


@pytest.mark.parametrize(("header", "why"), [
    ("GS**BLUEBIRD*315369934*20261102*0815*7*X*004010", "GS01"), ("GS*PO*BLUEBIRD*315369934*20261102*0815*A7*X*004010", "GS06"),
    ("GS*PO**315369934*20261102*0815*7*X*004010", "GS02"), ("GS*PO*BLUEBIRD*315369934*20261102*0815*7*X*", "GS08"),
])
def test_a_group_that_cannot_be_answered_legally_is_an_obstacle(header: str, why: str) -> None:
    interchange, _ = read()
    gs = header.split("*")
    line = GroupLine(Group(1, gs[6], gs[2], gs[3], gs[8], header, gs[1]), "1", (), GOOD)
    assert why in x997.obstacle(line, interchange)
    assert x997.obstacle(group("1"), interchange) == ""


@pytest.mark.parametrize(("verdict", "findings", "expected"), [
    (GOOD, (), "TA1*000000418*261102*0815*A*000"),
    (BAD, (Finding("interchange_reference_mismatch"),), "TA1*000000418*261102*0815*R*001"),
    (BAD, (Finding("interchange_too_large"), Finding("missing_trailer")), "TA1*000000418*261102*0815*R*023"),
    (BAD, (Finding("interchange_too_large"),), "TA1*000000418*261102*0815*R*024"),
    (WITH, (Finding("interchange_count_mismatch"),), "TA1*000000418*261102*0815*E*021"),
    (BAD, (Finding("duplicate_interchange"),), "TA1*000000418*261102*0815*R*025"),
])
def test_ta1_copies_the_header_and_tells_the_first_code(verdict: Verdict, findings: tuple[Finding, ...], expected: str) -> None:
    interchange, _ = read()
    assert ta1.body(interchange, verdict, findings) == expected
