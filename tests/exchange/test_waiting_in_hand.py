"""A change and its order in one batch, or in one file: the change must not be closed away while its order comes."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select
from test_exchange import clock, engine, home, orders  # noqa: F401

from edi_bridge.crm.tables import tables
from edi_bridge.engine import Engine, Incoming
from edi_bridge.store import ledger as receipts
from edi_bridge.store import waiting
from edi_bridge.store.tables import ledger

CHANGE, ORDER = orders("71", "A-1", change="C-1"), orders("72", "A-1")


@pytest.mark.parametrize("files", [[CHANGE, ORDER], [CHANGE + ORDER], [CHANGE + ORDER + orders("73", "A-2")]], ids=["two-files", "one-file", "more-behind"])
def test_a_change_whose_order_comes_while_it_is_in_hand_is_posted(engine: Engine, files: list[bytes]) -> None:  # noqa: F811
    engine.batch_messages = 1  # each in a commit of its own: the most that can happen between two
    taken = engine.receive([Incoming(engine.archive.put(io.BytesIO(one)), f"{number}.edi") for number, one in enumerate(files)])
    list(engine.process(taken))
    engine.resume()
    with engine.database.read() as connection:
        exchanges = connection.execute(select(ledger().exchange.c.state, ledger().exchange.c.messages)).all()
        states = connection.execute(select(ledger().message.c.state)).scalars().all()
        assert set(exchanges) == {("done", 1)} and states == ["posted"] * len(exchanges)
        assert waiting.listing(connection) == [] and receipts.unfinished(connection) == []
        assert connection.execute(select(tables().order_line.c.state).order_by(tables().order_line.c.order_id)).scalars().first() == "cancelled"
        assert len(connection.execute(select(ledger().outbox.c.id)).all()) == len(exchanges), "each is answered once"


def test_nothing_that_is_in_hand_is_opened_again_when_its_time_is_over(engine: Engine) -> None:  # noqa: F811
    engine.batch_messages = 1
    taken = engine.receive([Incoming(engine.archive.put(io.BytesIO(CHANGE + orders("74", "A-3"))), "x.edi")])
    steps = engine.process(taken)
    while not (waits := listed(engine)):
        next(steps)
    with engine.database.write() as connection:
        assert waiting.wake_expired(connection, "2999-01-01T00:00:00.000000Z") == 0
    assert listed(engine) == waits
    list(steps)
    with engine.database.write() as connection:
        assert waiting.wake_expired(connection, "2999-01-01T00:00:00.000000Z") == 1


def listed(engine: Engine) -> list[waiting.Wait]:  # noqa: F811
    with engine.database.read() as connection:
        return waiting.listing(connection)
