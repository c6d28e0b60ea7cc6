"""What goes from a written message that its guide refuses: by hand, part by part."""

from __future__ import annotations

from typing import Any

import pytest

from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Delimiters, MessageType, Position
from edi_bridge.leaving_out import Less, in_other_words, left_out, without_incomplete

CATALOG = Catalog()
HEAD = ["BGM+220+1+9", "DTM+137:20261102:102", "NAD+BY+9521200038118::9"]
LINE = ["LIN+1++9521200002119:EN", "QTY+21:48:PCE"]
TAIL = ["UNS+S", "CNT+2:1"]
EDIFACT = Delimiters()
X12 = Delimiters("*", ">", "~", "", "")


def checked(body: list[str], key: str) -> list[Finding]:
    """What the guide says of these segments as a message."""
    standard, version, name = key.split("/")
    type_ = MessageType(standard, version, name)
    if standard == "edifact":
        text = f"UNB+UNOC:3+A+B+261102:0815+1'UNH+1+{name}:D:96A:UN'" + "".join(f"{one}'" for one in body) + f"UNT+{len(body) + 2}+1'UNZ+1+1'"
    else:
        isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'A':15}*ZZ*{'B':15}*261102*0815*U*00401*000000001*0*P*>~GS*PO*A*B*20261102*0815*1*X*004010~"
        text = isa + f"ST*{name}*0001~" + "".join(f"{one}~" for one in body) + f"SE*{len(body) + 2}*0001~GE*1*1~IEA*1*000000001~"
    (message,) = (one for interchange in syntax.read(text.encode()) for one in interchange.messages)
    return list(CATALOG.checker_for(type_, None).check(message))


def cured(body: list[str], key: str, delimiters: Delimiters = EDIFACT) -> tuple[list[str], list[Finding]]:
    """The body with all faults cured that can be, round by round, and what was said."""
    structure = CATALOG.structure(key)
    notes: list[Finding] = []
    for _ in range(9):
        less = left_out(body, checked(body, key), structure, delimiters)
        body = less.body
        notes += less.findings
        if not less.findings:
            break
    return body, notes


@pytest.mark.parametrize(("before", "after", "value"), [
    # a code that D.96A does not have, beside a text that says the same: the code goes alone
    (["ALC+A++++XXXX:::Bonus", "MOA+8:1"], ["ALC+A++++:::Bonus", "MOA+8:1"], "XXXX:::Bonus"),
    # a qualifier that is none becomes the general one
    (["RFF+legal:7"], ["RFF+ZZZ:7"], "legal"),
    (["FTX+what+++Gate ?'4"], ["FTX+AAI+++Gate ?'4"], "what"),
    (["PIA+1+31161720:UNSPSC"], ["PIA+1+31161720:ZZZ"], "UNSPSC"),
    # a text that is too long is cut, whatever is released in it
    ([f"NAD+SU+++{'Ab?+' * 11}x?'y"], [f"NAD+SU+++{'Ab?+' * 11}x?'"], "Ab+" * 11 + "x'y"),
    # an element that may be missing goes, the rest stays
    (["TAX+7+VAT+++:::19+QQ"], ["TAX+7+VAT+++:::19"], "QQ"),
])
def test_the_smallest_part_goes(before: list[str], after: list[str], value: str | None) -> None:
    at = {"ALC": 0, "RFF": 1, "FTX": 2, "PIA": 3, "NAD": 1, "TAX": 0}[before[0][:3]]
    bodies = {0: lambda part: [*HEAD, *LINE, *part, *TAIL], 1: lambda part: [*HEAD[:2], *(part if part[0][0] == "R" else []), HEAD[2],
              *(part if part[0][0] != "R" else []), *LINE, *TAIL], 2: lambda part: [*HEAD[:2], *part, HEAD[2], *LINE, *TAIL],
              3: lambda part: [*HEAD, LINE[0], *part, LINE[1], *TAIL]}
    body, notes = cured(bodies[at](before), "edifact/D96A/ORDERS")
    assert body == bodies[at](after)
    assert all(one.kind == "field_not_carried" for one in notes) and notes
    assert value is None or notes[0].value == value
    assert checked(body, "edifact/D96A/ORDERS") == []


def test_a_group_without_its_trigger_part_goes_whole_and_nothing_else() -> None:
    """TDT without 8051, its mandatory stage: the group goes with its LOC."""
    body, notes = cured([*HEAD, "TDT+++30", "LOC+9+DEHAM", *LINE, *TAIL], "edifact/D96A/ORDERS")
    assert body == [*HEAD, *LINE, *TAIL]
    assert [one.value for one in notes] == ["TDT+++30"]


@pytest.mark.parametrize("line", [["LIN+A1++9521200002119:EN", "QTY+21:48:PCE"], ["LIN+1++9521200002119:EN", "QTY+21:4x8:PCE"]])
def test_a_line_its_number_and_its_quantity_are_never_left_out(line: list[str]) -> None:
    before = [*HEAD, *line, *TAIL]
    body, notes = cured(before, "edifact/D96A/ORDERS")
    assert (body, notes) == (before, [])
    assert checked(body, "edifact/D96A/ORDERS")  # and so the refusal stays


def test_the_record_of_a_message_of_many_is_never_left_out() -> None:
    before = ["BGM+10++9", "DTM+137:20261102:102", "NAD++X::92++Kessler", "UNS+D"]
    structure = CATALOG.structure("edifact/D96A/PARTIN")
    faults = [found("missing_element", Position(message=1, segment=4, tag="NAD", element=1, id="3035", path="SG4/NAD/3035"), note="is required")]
    assert left_out(before, faults, structure, Delimiters(), several=True) == Less(before, [], [2, 3, 4, 5])


BEG = ["BEG*00*SA*1**20261102"]
PO1 = ["PO1*1*48*EA*3.19**EN*9521200002119"]


@pytest.mark.parametrize(("before", "after"), [
    ([*BEG, "N1*BY*Havel*UL*1", *PO1], [*BEG, "N1*BY*Havel", *PO1]),  # a number of one sign: number and qualifier go (P0304)
    ([*BEG, *PO1, "CTT*1", "AMT*TT*9", "AMT*1*9"], [*BEG, *PO1, "CTT*1", "AMT*TT*9"]),  # AMT has room for one
    ([*BEG, "REF*legal_entity*7", *PO1], [*BEG, "REF*ZZ*7", *PO1]),
    ([*BEG, "PO1*1*48**3.19**STI*77"], [*BEG, "PO1*1*48**3.19**ZZ*77"]),
    ([*BEG, "FOB***Kiel", *PO1], [*BEG, *PO1]),  # FOB01 is mandatory
    ([*BEG, *PO1, "CTT", "AMT*TT*9"], [*BEG, *PO1]),  # a loop whose trigger says nothing
])
def test_x12_loses_pairs_repeats_and_loops(before: list[str], after: list[str]) -> None:
    body, notes = cured(before, "x12/004010/850", X12)
    assert body == after and notes
    assert checked(body, "x12/004010/850") == []


def missing(path: str) -> Finding:
    return found("required_missing", Position(path=path))


def test_items_that_lack_what_they_need_go_and_lines_stay() -> None:
    record: dict[str, Any] = {"number": "1", "lines": [{"allowances": [{"kind": "allowance"}, {"kind": "charge", "amount": 1}]}, {}]}
    (less,), notes = without_incomplete([record], [missing("lines[0].allowances[0].amount"), missing("lines[1].quantity"), missing("number")])
    assert less == {"number": "1", "lines": [{"allowances": [{"kind": "charge", "amount": 1}]}, {}]}
    assert [(one.kind, one.position.path) for one in notes] == [("field_not_carried", "lines[0].allowances[0]")]
    assert len(record["lines"][0]["allowances"]) == 2  # the original is as it was


def test_items_of_several_records_in_one_message_are_not_told_apart() -> None:
    records = [{"notes": [{}]}, {"notes": [{}]}]
    assert without_incomplete(records, [missing("notes[0].text")]) == (records, [])


def test_a_time_of_day_goes_where_only_a_day_fits() -> None:
    record = {"valid_from": "2026-11-09T06:00", "lines": [{"latest_delivery": "2026-11-10T14:00+01:00"}, {"latest_delivery": "2026-W47"}]}
    faults = [found("cannot_write", Position(path="lines[0].latest_delivery"), "", "only a day fits here, not 2026-11-10T14:00+01:00"),
              found("cannot_write", Position(path="lines[1].latest_delivery"), "2026-W47", "only a day fits here"),
              found("cannot_write", Position(path="number"), "2026-11-09T06:00", "no such field"),
              found("field_not_carried", Position(path="valid_from"), "2026-11-09T06:00", "no place")]
    (zoneless,), (note,) = in_other_words([record], faults)  # first without its zone
    assert zoneless["lines"][0] == {"latest_delivery": "2026-11-10T14:00"} and note.note.endswith('is written as "2026-11-10T14:00"')
    faults[0] = found("cannot_write", Position(path="lines[0].latest_delivery"), "", "only a day fits here, not 2026-11-10T14:00")
    made, notes = in_other_words([zoneless], faults)
    assert made == [{"valid_from": "2026-11-09T06:00", "lines": [{"latest_delivery": "2026-11-10"}, {"latest_delivery": "2026-W47"}]}]
    assert [(one.kind, one.position.path) for one in notes] == [("field_not_carried", "lines[0].latest_delivery")]
    assert record["lines"][0] == {"latest_delivery": "2026-11-10T14:00+01:00"}  # the original is as it was


def test_a_segment_of_which_nothing_is_left_goes_with_it() -> None:
    """SG28 of ORDERS D.96A has PRI alone here: without its price it says nothing. PRI/5118 is n..15."""
    before = [*HEAD, "LIN+1++9521200002119:EN", "QTY+21:48", "PRI+AAA:3.1900000000000000000000000001", "UNS+S"]
    body, findings = cured(before, "edifact/D96A/ORDERS", EDIFACT)
    assert body == [one for one in before if not one.startswith("PRI")] and len(findings) == 1


def test_a_share_without_quantity_goes_and_the_quantity_of_the_line_stays() -> None:
    """SDQ04 is mandatory; PO102 is the line's own."""
    body, _ = cured([*BEG, *PO1, "SDQ*EA*92*0042"], "x12/004010/850", X12)
    assert body == [*BEG, *PO1]
    before = [*BEG, "PO1*1*4x8*EA*3.19**EN*9521200002119"]
    assert cured(before, "x12/004010/850", X12) == (before, [])
