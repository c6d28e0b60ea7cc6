"""Who answers for something with us stands at the end of the sentences about it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from edi_bridge import partner as partners
from edi_bridge.engine.entry_agreement import agreement_of, whose
from edi_bridge.store.outbox import Entry
from edi_bridge.yamltext import parse

TEXT = """partner: p
agreements:
  - {message: edifact/D96A/ORDERS, owner: Ann}
  - {message: edifact/D96A/INVOIC, direction: out, owner: Ben}
  - {message: edifact/D96A/INVOIC, direction: out, test: true, owner: Cy}
  - {message: edifact/D96A/DESADV, direction: out}
"""


@pytest.fixture
def partner() -> partners.Partner:
    block: Any = parse(TEXT, "partners/p.yaml")
    return partners.load(block)


def entry(name: str, *, test: bool = False, kind: str = "document", partner: str = "p") -> Entry:
    return Entry(1, partner, "", kind, name, "edifact", "", "", "", "", "1", test, None, "", 0, "", "waiting", 0, "", "", "", "", "", "", "", "")


@pytest.mark.parametrize(("one", "says"), [
    (entry("INVOIC"), " (Ben answers for it)"), (entry("INVOIC", test=True), " (Cy answers for it)"), (entry("DESADV"), ""),
    (entry("ORDRSP"), ""), (entry("contrl", kind="answer"), ""), (entry("INVOIC", partner="gone"), "")])
def test_what_goes_out_is_answered_for_by_the_owner_of_its_agreement(partner: partners.Partner, one: Entry, says: str) -> None:
    assert whose(SimpleNamespace(partners=[partner]), one) == says and whose(None, one) == ""


def test_several_owners_are_named_once_each(partner: partners.Partner) -> None:
    orders, invoices = partner.agreements[0], partner.agreements[1]
    assert partner.whose([orders, None, invoices, orders]) == " (Ann, Ben answer for it)" and partner.whose([None]) == ""
    live = agreement_of(partner, entry("INVOIC"))
    assert live is not None and not live.test
