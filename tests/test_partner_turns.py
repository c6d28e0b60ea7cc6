"""Urgent partners come sooner, none waits for ever, and what is one partner's keeps its order."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from edi_bridge.daemon.backlog import SMALL, Backlog
from edi_bridge.database import Database, connect
from edi_bridge.dispatch import install, lease
from edi_bridge.interchange import Address
from edi_bridge.partner import in_turns, stride
from edi_bridge.store import ledger, outbox
from edi_bridge.store.archive import Blob
from edi_bridge.store.ledger import Delivery, Receipt

PRIORITIES = {"urgent": 1, "usual": 3, "last": 5}


def receipt(number: int, partner: str, size: int = 10) -> Receipt:
    return Receipt(number, f"{number:064}", size, f"{number}.edi", "received", partner, "", "")


def test_a_partner_of_priority_1_has_two_turns_for_each_of_2_and_sixteen_for_each_of_5() -> None:
    assert [stride(priority) for priority in range(1, 6)] == [1, 2, 4, 8, 16]
    things = [f"{name}{number}" for name in ("last", "usual", "urgent") for number in range(1, 33)]
    order = in_turns(things, lambda one: one.rstrip("0123456789"), PRIORITIES.__getitem__)
    assert order[:6] == ["urgent1", "urgent2", "urgent3", "urgent4", "usual1", "urgent5"]
    assert order.index("last1") < 22 and order.index("last2") < 44, "behind sixteen urgent and four usual ones for each"
    for name in PRIORITIES:
        mine = [one for one in order if one.startswith(name)]
        assert mine == [f"{name}{number}" for number in range(1, 33)]


def test_without_priorities_everybody_has_the_same_turns() -> None:
    assert in_turns(["a1", "a2", "a3", "b1", "c1"], lambda one: one[0], lambda name: 3) == ["a1", "b1", "c1", "a2", "a3"]


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_the_backlog_gives_urgent_receipts_first_and_the_others_their_share(size: int) -> None:
    backlog = Backlog(most=10_000, priority=lambda name: PRIORITIES.get(name, 3))
    numbers = itertools.count(1)
    backlog.add([(receipt(next(numbers), "last", size), False) for _ in range(40)])
    backlog.add([(receipt(next(numbers), "urgent", size), False) for _ in range(200)])

    def taken() -> list[str]:
        group = [backlog.large()] if size > SMALL else backlog.group()
        return [one[0].partner for one in group if one is not None]

    came = list(itertools.islice(itertools.chain.from_iterable(taken() for _ in range(60)), 52))
    assert came[:15] == ["urgent"] * 15 and 2 <= came.count("last") <= 4, "each sixteenth turn"
    if size > SMALL:  # who comes later begins where the others are
        backlog.add([(receipt(next(numbers), "usual", size), False)])
        assert "usual" in [taken()[0] for _ in range(6)]


def test_an_urgent_entry_does_not_wait_behind_a_flood(database: Database) -> None:
    def entry(partner: str) -> outbox.Outgoing:
        return outbox.Outgoing(partner, "document", "INVOIC", "edifact", Address("A"), Address("B"), "1", b"x")

    with database.write() as connection:
        outbox.add_all(connection, SimpleNamespace(), [*(entry("last") for _ in range(20)), entry("urgent")], "2026-11-22T10:00:00Z")  # type: ignore[arg-type]
    with database.read() as connection:
        now = "2026-11-22T11:00:00Z"
        assert {one.partner for one in outbox.due(connection, now, 10)} == {"last"}
        assert [one.partner for one in outbox.due(connection, now, 10, ["urgent"])] == ["urgent"]


def test_workers_take_urgent_receipts_first_and_leave_the_others_their_share(postgres_migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = connect(postgres_migrated)
    install(opened)
    with opened.write() as connection:
        connection.exec_driver_sql('DELETE FROM "receipt"')
        deliveries = [Delivery(Blob(f"{name}{number:02}".ljust(64, "x"), 10), f"{name}{number}", "", name) for name in ("last", "urgent") for number in range(20)]
        ledger.receive_all(connection, deliveries, "2026-11-22T10:00:00Z")
        strides = {name: stride(priority) for name, priority in PRIORITIES.items()}
        assert len(lease.claim(connection, "w1", None, strides)) == 40, "one worker has them all"
        connection.exec_driver_sql("UPDATE \"receipt\" SET worker = '', held_until = ''")
        monkeypatch.setattr(lease, "TOGETHER", 18)
        taken = lease.claim(connection, "w2", None, strides)
        assert sorted(one.partner for one in taken) == ["last"] + ["urgent"] * 17
        assert [one.name for one in taken] == sorted((one.name for one in taken), key=lambda name: (name[0] != "l", len(name), name)), "the oldest first"
    opened.close()
