"""Which deliveries' time is over where partners have classes of retention: worked out by hand for a few of them."""

from __future__ import annotations

import io
import json
import os
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from edi_bridge import partner as partners
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.store import audit, retention
from edi_bridge.store.archive import Archive
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


# --- beside the traffic


@pytest.fixture
def filled(database: Database, tmp_path: Path) -> tuple[Database, Archive, dict[str, int], dict[str, str]]:
    """The deliveries with their bytes, which are as old as they are said to be: names → receipts, names → SHA-256."""
    names, archive, digests = taken(database), Archive(tmp_path / "archive"), {}
    t = ledger().receipt
    with database.write() as connection:
        for number, name in names.items():
            digests[name] = archive.put(io.BytesIO(f"{number} {name}".encode())).sha256
            aged(archive, digests[name])
            connection.execute(update(t).where(t.c.id == number).values(sha256=digests[name]))
    return database, archive, {name: number for number, name in names.items()}, digests


def aged(archive: Archive, digest: str) -> None:
    os.utime(archive.path(digest), (0, 0))


def purged(database: Database, archive: Archive, ids: list[int], seconds: float = 60.0) -> tuple[retention.Old, list[int]]:
    with database.write() as connection:
        return retention.purge_some(connection, archive, ids, TODAY, LIMITS, f"{TODAY}T03:30:00Z", "the daily purge", "retention", time.time() - 3600, seconds)


def states(database: Database) -> dict[int, str]:
    t = ledger().receipt
    with database.read() as connection:
        return {row.id: row.state for row in connection.execute(select(t.c.id, t.c.state))}


OURS = {"short, two years", "long, forty years"}  # of partners whose class says how long; by hand


def test_only_what_a_class_speaks_of_is_due_page_by_page(filled: Any) -> None:
    database, _, ids, _ = filled
    with database.read() as connection:
        assert retention.due(connection, TODAY, LIMITS, 10) == (sorted(ids[name] for name in OURS), max(ids.values()))
        found, after, pages = [], 0, 0
        while page := retention.due(connection, TODAY, LIMITS, 3, after):
            if not page[1]:
                break
            found, after, pages = found + page[0], page[1], pages + 1
        assert (found, pages) == (sorted(ids[name] for name in OURS), 3)  # eight deliveries, three at a time
    assert retention.limits_of({"brief": 365, "decades": 10958}, [("short", "brief"), ("long", "decades"), ("usual", ""), ("odd", "unknown")],
                               date(2026, 11, 22)) == {"short": "2025-11-22", "long": "1996-11-21"}


def test_what_is_due_goes_with_its_bytes_and_stands_in_the_audit_log(filled: Any) -> None:
    database, archive, ids, digests = filled
    wanted = sorted(ids[name] for name in OURS)
    done, left = purged(database, archive, [*ids.values()])  # also asked about those that are not due: they stay
    assert (done.receipts, left) == (wanted, []) and {name for name, digest in digests.items() if not archive.has(digest)} == OURS
    assert {id for id, state in states(database).items() if state == "purged"} == set(wanted)
    with database.read() as connection:
        (entry,) = audit.entries(connection)
        assert (entry.actor, entry.act, json.loads(entry.details)) == ("the daily purge", "purge", {"receipts": 2, "blobs": 2})
        assert retention.due(connection, TODAY, LIMITS, 10)[0] == [] and audit.verify(connection) == ""


def test_a_hold_that_was_set_after_it_was_found_counts(filled: Any) -> None:
    database, archive, ids, digests = filled
    with database.write() as connection:
        found, _ = retention.due(connection, TODAY, LIMITS, 10)
        held = connection.execute(select(ledger().exchange.c.id).where(ledger().exchange.c.receipt_id == ids["short, two years"])).scalar_one()
        assert retention.hold(connection, held, "2036-12-31", f"{TODAY}T03:29:00Z", "ann", "lawsuit")
    done, _ = purged(database, archive, found)
    assert done.receipts == [ids["long, forty years"]] and done.kept == 1 and archive.has(digests["short, two years"])


def test_bytes_that_came_again_stay_until_they_have_their_row_and_after_it(filled: Any) -> None:
    database, archive, ids, digests = filled
    name, t = "short, two years", ledger().receipt
    archive.put(io.BytesIO(f"{ids[name]} {name}".encode()))  # somebody receives the same bytes; his row is not there yet
    done, _ = purged(database, archive, [ids[name]])
    assert (done.receipts, done.kept) == ([], 1) and archive.has(digests[name]) and states(database)[ids[name]] == "done"
    with database.write() as connection:  # now it is
        connection.execute(insert(t).values(id=99, sha256=digests[name], size=1, name="again", channel="", received_at=f"{TODAY}T01:00:00Z",
                                            state="received", partner="", map="", failure=""))
    aged(archive, digests[name])
    done, _ = purged(database, archive, [ids[name]])
    assert done.receipts == [ids[name]] and done.blobs == [] and archive.has(digests[name])


def test_time_that_is_up_leaves_the_rest_for_the_next_transaction(filled: Any) -> None:
    database, archive, ids, _ = filled
    wanted = sorted(ids[name] for name in OURS)
    done, left = purged(database, archive, wanted, seconds=-1.0)
    assert (done.receipts, left) == (wanted[:1], wanted[1:])
    assert purged(database, archive, left, seconds=-1.0)[0].receipts == left


def test_a_purge_that_was_stopped_before_its_commit_is_finished_by_the_next(filled: Any) -> None:
    database, archive, ids, digests = filled
    wanted = sorted(ids[name] for name in OURS)
    with pytest.raises(KeyboardInterrupt), database.write() as connection:
        retention.purge_some(connection, archive, wanted, TODAY, LIMITS, TODAY, "the daily purge", "retention", time.time() - 3600, 60.0)
        raise KeyboardInterrupt
    assert not any(archive.has(digests[name]) for name in OURS) and "purged" not in states(database).values()
    assert purged(database, archive, wanted)[0].receipts == wanted
