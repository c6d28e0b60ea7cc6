"""Which deliveries' time is over where partners have classes of retention: worked out by hand for a few of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from edi_bridge import partner as partners
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.store import retention
from edi_bridge.store.tables import ledger
from edi_bridge.yamltext import parse

TODAY = "2026-11-22"
# name → (received, of whom its exchanges are)
DELIVERIES = {"short, two years": ("2024-11-01", ["short"]), "short, a month": ("2026-10-20", ["short"]), "usual, two years": ("2024-11-01", ["usual"]),
              "usual, eleven years": ("2015-11-01", ["usual"]), "long, eleven years": ("2015-11-01", ["long"]), "long, forty years": ("1986-11-01", ["long"]),
              "short and long, eleven years": ("2015-11-01", ["short", "long"]), "nothing inside, eleven years": ("2015-11-01", [])}
LIMITS = {"short": "2025-11-22", "long": "1996-11-22"}  # a year and thirty; the others: ten


def taken(database: Database) -> dict[int, str]:
    t, names = ledger(), {}
    with database.write() as connection:
        for number, (name, (day, whose)) in enumerate(DELIVERIES.items(), 1):
            connection.execute(insert(t.receipt).values(id=number, sha256=f"{number:064}", size=1, name=name, channel="", received_at=f"{day}T10:00:00Z",
                                                        state="done", partner="", map="", failure=""))
            names[number] = name
            for ordinal, partner in enumerate(whose, 1):
                empty = dict.fromkeys(("syntax", "sender_qualifier", "sender", "receiver_qualifier", "receiver", "control", "verdict", "versions", "failure"), "")
                connection.execute(insert(t.exchange).values(receipt_id=number, ordinal=ordinal, standard="edifact", partner=partner, state="done",
                                                             outcome="new", **empty))
    return names


def test_each_class_has_its_time_and_a_file_of_several_stays_for_the_longest(database: Database) -> None:
    names = taken(database)
    with database.read() as connection:
        old = retention.old(connection, "2016-11-22", TODAY, LIMITS)
        assert {names[one] for one in old.receipts} == {"short, two years", "usual, eleven years", "long, forty years", "nothing inside, eleven years"}
        assert old.kept == 0 and sorted(old.blobs) == [f"{one:064}" for one in old.receipts]
        without = retention.old(connection, "2016-11-22", TODAY)
        assert {names[one] for one in without.receipts} == {name for name, (day, _) in DELIVERIES.items() if day < "2016-11-22"}


def own(text: str) -> partners.Own:
    block: Any = parse(f"own: us\n{text}".encode(), "_own.yaml")
    return partners.load_own(block)


def test_classes_stand_with_our_own_company() -> None:
    assert own("retention: {commercial: 3650d, logistics: 48h}").retention == {"commercial": 3650, "logistics": 2}
    for text, says in (("retention: {a: 10y}", "is a time with its unit"), ("retention: {a: 1h}", "at least one day"), ("retention: ten", "names classes")):
        with pytest.raises(ConfigFault, match=says):
            own(text)
