"""A file in which the program is ended again and again: set aside when it got no further, posted when it did."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sqlalchemy import func, select

from edi_bridge.catalog import Catalog
from edi_bridge.crm.identity import own_identities
from edi_bridge.crm.tables import tables
from edi_bridge.database import Database
from edi_bridge.engine import Engine, Incoming
from edi_bridge.store import ledger as receipts
from edi_bridge.store.archive import Archive
from edi_bridge.store.ledger import Receipt

PARTNER = """partner: acorn
name: Acorn GmbH
identities:
  - {id: "9521200099999", qualifier: "14"}
agreements:
  - {message: edifact/D96A/ORDERS}
"""


def orders(count: int) -> bytes:
    """An interchange with so many ORDERS D.96A (ISO 9735: UNZ counts messages, UNT segments)."""
    body = "".join(f"UNH+{n}+ORDERS:D:96A:UN'BGM+220+A-{n}+9'DTM+137:20261120:102'NAD+BY+9521200099999::9'NAD+SU+9521200034004::9'"
                   f"LIN+1++4000862141404:EN'QTY+21:12'UNS+S'UNT+9+{n}'" for n in range(1, count + 1))
    return f"UNB+UNOC:3+9521200099999:14+9521200034004:14+261120:1015+71'{body}UNZ+{count}+71'".encode()


@pytest.fixture
def engine(database: Database, tmp_path: Path) -> Engine:
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "acorn.yaml").write_text(PARTNER)
    catalog = Catalog(tmp_path, check_receiver=True)
    return Engine(database, Archive(tmp_path / "archive"), catalog, own=own_identities(catalog.own.parties), strict=True,
                  batch_messages=4, batch_milliseconds=60_000)


def ended(engine: Engine, receipt: Receipt, steps: int) -> None:
    """A process that is ended after so many commits of its second pass: nothing tells the ledger of its end."""
    going = engine.process([(receipt, True)])
    for _ in range(steps):
        assert next(going) is None
    going.close()  # type: ignore[attr-defined]


def posted(engine: Engine) -> int:
    with engine.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tables().sales_order)).scalar_one())


def state(engine: Engine, id: int) -> str:
    with engine.database.read() as connection:
        return receipts.by_ids(connection, [id])[0].state


def test_a_file_that_got_further_each_time_is_posted_however_often_the_program_was_ended(engine: Engine) -> None:
    ((receipt, _),) = engine.receive([Incoming(engine.archive.put(io.BytesIO(orders(20))), "x.edi")])
    for run in range(1, 5):  # the first skips nothing, the fourth what three of them have posted
        ended(engine, receipt, run)
        assert posted(engine) == 4 * run
    assert [summary.id for summary in engine.resume()] == [receipt.id]
    assert posted(engine) == 20 and state(engine, receipt.id) == "done"


def test_a_file_that_stops_the_program_twice_at_one_place_is_set_aside(engine: Engine) -> None:
    ((receipt, _),) = engine.receive([Incoming(engine.archive.put(io.BytesIO(orders(20))), "x.edi")])
    for _ in range(2):  # the second one got no further than the first
        assert state(engine, receipt.id) in ("received", "scanned")
        ended(engine, receipt, 2)
    assert engine.resume()[0].exchanges[0].state == "open"
    assert state(engine, receipt.id) == "quarantined" and posted(engine) == 8
