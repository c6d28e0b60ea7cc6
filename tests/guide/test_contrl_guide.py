"""CONTRL of syntax 3 and 4: hand-written answers fit, planted faults are found, and the codes are those of the standard's lists
(0083 and 0085: UNSL D.96A for version 3, service code list 40202 for version 4, written down here by hand)."""

from __future__ import annotations

import pytest

import edi_bridge
from edi_bridge.catalog import Catalog
from edi_bridge.finding import KINDS
from edi_bridge.guide.check import Checker

REJECTED_3 = (
    "UNH+1+CONTRL:D:3:UN'UCI+417+9521200038118:14+9521200034004:14+4'UCM+1+ORDERS:D:96A:UN:EAN008+4'UCS+7'UCD+39+2:1'UCD+12+3'"
    "UCS+9+13'UCM+2+ORDERS:D:96A:UN:EAN008+7'UNT+9+1'"
)
GROUPS_3 = (
    "UNH+1+CONTRL:D:3:UN'UCI+417+9521200038118:14+9521200034004:14+7'UCF+31+SHOP:14+MILL:14+4+29+UNE+2'UCM+1+ORDERS:D:96A:UN+4+28+UNT+3'"
    "UCF+32+SHOP:14+MILL:14+7'UNT+6+1'"
)
REJECTED_4 = (
    "UNH+1+CONTRL:4:1:UN'UCI+417+9521200038118:14+9521200034004:14+4+28+UNZ+3'UCM+1+ORDERS:D:01B:UN+4'UCS+7'UCD+39+2::3'UNT+6+1'"
)
PACKAGE_4 = "UNH+1+CONTRL:4:1:UN'UCI+417+9521200038118:14+9521200034004:14+7'UCM+++7++++PACK1+AGR:X1*AGR:X2'UNT+4+1'"
VERSION_3 = {*range(1, 44)}
VERSION_4 = {2, 7, *range(12, 19), *range(20, 44), 45, 46, 47, 48}


def kinds(body: str, version: str = "UNOC:3", date: str = "261102") -> list[tuple[str, str]]:
    """(finding, where) of a CONTRL in an interchange of that syntax version."""
    una = "UNA:+.?*'" if version.endswith("4") else ""
    raw = f"{una}UNB+{version}+9521200034004:14+9521200038118:14+{date}:0815+77'{body}UNZ+1+77'"
    interchange = next(edi_bridge.read(raw.encode()))
    (message,) = interchange.messages
    checker = Checker(Catalog(None).guide("edifact/41/CONTRL" if version.endswith("4") else "edifact/D3/CONTRL"))
    return [(one.kind, one.position.path or one.position.tag) for one in checker.check(message)]


@pytest.mark.parametrize("body", [REJECTED_3, GROUPS_3])
def test_answers_of_syntax_3_fit(body: str) -> None:
    assert kinds(body) == []


@pytest.mark.parametrize("body", [REJECTED_4, PACKAGE_4])
def test_answers_of_syntax_4_fit(body: str) -> None:
    assert kinds(body, "UNOC:4", "20261102") == []


@pytest.mark.parametrize(("old", "new", "kind"), [
    ("UCM+1+ORDERS:D:96A:UN:EAN008+4'", "", "missing_segment"),
    ("UCS+7'", "UCS+1234567'", "too_long"),
    ("UCS+7'", "UCS+A'", "wrong_character_type"),
    ("UCD+39+2:1'", "UCD+39'", "missing_element"),
    ("UCD+39+2:1'", "UCD+44+2:1'", "unknown_code"),
    ("UCD+39+2:1'", "UCD+39+2:1:1'", "too_many_components"),
    ("UCI+417", "UCI+123456789012345", "too_long"),
])
def test_planted_faults_are_found_in_syntax_3(old: str, new: str, kind: str) -> None:
    assert old in REJECTED_3
    assert kind in [found for found, _ in kinds(REJECTED_3.replace(old, new, 1))]


@pytest.mark.parametrize(("old", "new", "where", "kind"), [
    ("+4+28+UNZ+3'UCM", "+4++UNZ'UCM", "UCI", "condition_violated"),  # D5(060,050): the segment's tag needs the error
    ("UCM+1+ORDERS:D:01B:UN+4'", "UCM+1++4'", "SG1/UCM", "condition_violated"),  # D2(010,020)
    ("UCM+1+ORDERS:D:01B:UN+4'", "UCM+1+ORDERS:D:01B:UN+4++++PACK1+AGR:X1'", "SG1/UCM", "exclusion_violated"),  # D1(010,070)
    ("UCD+39+2::3'", "UCD+39+2:1:3'", "SG1/SG2/UCD", "exclusion_violated"),  # D4(020,030) of S011
])
def test_the_dependency_notes_of_syntax_4_hold(old: str, new: str, where: str, kind: str) -> None:
    assert old in REJECTED_4
    found = kinds(REJECTED_4.replace(old, new, 1), "UNOC:4", "20261102")
    assert [kind for kind, _ in found] == [kind] and found[0][1].startswith(where)


@pytest.mark.parametrize(("key", "actions", "errors"), [
    ("edifact/D3/CONTRL", {1, 2, 3, 4, 5, 6, 7, 8}, VERSION_3),
    ("edifact/41/CONTRL", {4, 7, 8}, VERSION_4),
])
def test_the_code_lists_are_the_standard_s(key: str, actions: set[int], errors: set[int]) -> None:
    elements = Catalog(None).guide(key).elements
    for number, expected in (("0083", actions), ("0085", errors)):
        codes = elements[number].codes
        assert codes is not None and codes.complete
        assert list(codes.codes) == [str(code) for code in sorted(expected)]


@pytest.mark.parametrize(("version", "key"), [("3", "edifact/D3/CONTRL"), ("4", "edifact/41/CONTRL")])
def test_every_finding_s_code_stands_in_the_list(version: str, key: str) -> None:
    codes = Catalog(None).guide(key).elements["0085"].codes
    assert codes is not None
    used = {KINDS[name].contrl[version == "4"] for name in KINDS} - {""}
    assert used and used <= set(codes.codes)
