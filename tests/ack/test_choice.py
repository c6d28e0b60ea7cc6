"""Which answer goes out when."""

from __future__ import annotations

import pytest

from edi_bridge import syntax
from edi_bridge.ack import choice
from edi_bridge.finding import Verdict
from edi_bridge.interchange import Group, MessageType

GOOD, WITH, BAD = Verdict.ACCEPTED, Verdict.WITH_ERRORS, Verdict.REJECTED


@pytest.mark.parametrize(("when", "verdict", "asked", "out"), [
    ("always", GOOD, False, True), ("never", BAD, True, False), ("asked", GOOD, True, True), ("asked", BAD, False, False),
    ("on_error", GOOD, True, False), ("on_error", WITH, False, True), ("on_error", BAD, False, True),
])
def test_an_answer_goes_out_as_it_is_agreed(when: str, verdict: Verdict, asked: bool, out: bool) -> None:
    assert choice.goes_out(when, verdict, asked=asked) is out


@pytest.mark.parametrize(("flag", "verdict", "asked"), [
    ("0", BAD, False), ("1", GOOD, True), ("2", WITH, False), ("2", BAD, True), ("3", GOOD, False), ("3", WITH, True), ("3", BAD, True),
])
def test_isa14_may_ask_for_errors_only(flag: str, verdict: Verdict, asked: bool) -> None:
    header = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'A':15}*ZZ*{'B':15}*261102*0815*^*00803*000000001*{flag}*P*>~IEA*0*000000001~"
    assert choice.asked(next(syntax.read(header.encode())), verdict) is asked


@pytest.mark.parametrize(("name", "type", "may"), [
    ("contrl", "CONTRL", False), ("contrl", "APERAK", True), ("contrl", "ORDERS", True), ("aperak", "APERAK", False), ("aperak", "CONTRL", False),
    ("997", "997", False), ("997", "999", False), ("999", "997", False), ("997", "824", True), ("997", "855", True), ("824", "824", False),
    ("824", "855", True),
])
def test_a_report_is_never_answered_by_a_report(name: str, type: str, may: bool) -> None:
    assert choice.answers(name, MessageType("x12" if type.isdigit() else "edifact", "", type)) is may


@pytest.mark.parametrize(("agreed", "version", "kind", "expected"), [
    ({"997": "always"}, "004010", "PO", ("997", "always")),
    ({"999": "always", "997": "never"}, "005010", "PO", ("999", "always")),
    ({"999": "on_error", "997": "never"}, "004010", "PO", ("997", "on_error")),
    ({"997": "asked"}, "005010X222A1", "HC", ("997", "asked")),
    ({"999": "always"}, "005010", "FA", ("997", "never")),
    ({}, "004010", "PO", ("997", "never")),
])
def test_a_group_gets_a_997_or_a_999(agreed: dict[str, str], version: str, kind: str, expected: tuple[str, str]) -> None:
    assert choice.of_group(agreed, Group(1, "1", "A", "B", version, "", kind)) == expected


def test_the_agreement_that_asks_for_most_decides_for_an_interchange_of_several() -> None:
    assert choice.most([{"contrl": "never"}, {"contrl": "on_error"}, {"contrl": "asked"}], "contrl") == "on_error"
    assert choice.most([], "contrl") == "never"
