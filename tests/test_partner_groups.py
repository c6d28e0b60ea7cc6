"""A faulty group and its neighbours: what is rejected of an interchange, by what was agreed."""

from __future__ import annotations

import pytest

from edi_bridge.finding import Finding, Verdict
from edi_bridge.interchange import Group, Position
from edi_bridge.partner import Errors, Partner, envelope_verdict, rejected_groups

GROUPS = [Group(1, "7", "A", "B", "004010", "GS", "PO"), Group(2, "8", "A", "B", "004010", "GS", "PO")]
COUNT = Finding("group_count_mismatch", Position(interchange=1, group=1))
REFERENCE = Finding("group_reference_mismatch", Position(interchange=1, group=2))
TRAILER = Finding("interchange_count_mismatch", Position(interchange=1))


@pytest.mark.parametrize(("findings", "partner", "gone", "whole"), [
    ([], None, set(), Verdict.ACCEPTED),
    ([COUNT], None, {1}, Verdict.ACCEPTED),
    ([COUNT, REFERENCE], None, {1, 2}, Verdict.REJECTED),  # nothing is left
    ([COUNT, TRAILER], None, {1}, Verdict.REJECTED),
    ([COUNT], Partner("p", errors=Errors(suspend="all")), {1}, Verdict.REJECTED),
    ([COUNT], Partner("p", findings={"group_count_mismatch": "reject_interchange"}), {1}, Verdict.REJECTED),
    ([COUNT], Partner("p", findings={"group_count_mismatch": "note"}), set(), Verdict.WITH_ERRORS),
    ([COUNT, REFERENCE], Partner("p", findings={"group_count_mismatch": "note"}), {2}, Verdict.WITH_ERRORS),
    ([COUNT], Partner("p", findings={"group_count_mismatch": "off"}), set(), Verdict.ACCEPTED),
])
def test_a_faulty_group_goes_alone_unless_all_go_together(findings: list[Finding], partner: Partner | None, gone: set[int], whole: Verdict) -> None:
    assert rejected_groups(findings, partner) == gone
    kept = [one for one in findings if partner is None or partner.findings.get(one.kind) != "off"]  # as the pipeline leaves them
    assert envelope_verdict(kept, GROUPS, partner) is whole


def test_without_groups_the_envelope_decides() -> None:
    assert envelope_verdict([TRAILER], [], None) is Verdict.REJECTED
    assert envelope_verdict([], [], None) is Verdict.ACCEPTED
