"""Who holds which receipts, and until when: a lease on the ledger's rows, by the database's clock.

A lease is for not doing things twice; that nothing is posted twice does not rest on it, but on the unique rows of the ledger. A
worker that was stopped for an hour and goes on finds what the others have written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy import Connection

from edi_bridge.dispatch.jobs import NOW, TEXT, drop, workers
from edi_bridge.partner import stride
from edi_bridge.store import ledger
from edi_bridge.store.ledger import Receipt

HELD = 15  # seconds
NO_STRIDES: Mapping[str, int] = MappingProxyType({})
SMALL = 1_000_000  # bytes; larger ones are read alone
TOGETHER = 64  # small ones that share their commits
LEAST = 4  # that are taken together even where many workers wait

_UNTIL = f"to_char((clock_timestamp() + make_interval(secs => {HELD})) AT TIME ZONE 'UTC', {TEXT})"
_FREE = f"state IN ('received', 'scanned') AND (held_until = '' OR held_until < {NOW})"
_ONE = f'SELECT id, size, starts FROM "receipt" WHERE id = %s AND {_FREE} FOR UPDATE SKIP LOCKED'
_FREE_SMALL = f'SELECT count(*) FROM "receipt" WHERE {_FREE} AND size <= %s AND starts = 0'
# The partners (channels, where no partner is told) in turn, urgent ones more often (`partner.turns`), the oldest first.
_MORE = f"""
SELECT id FROM "receipt" WHERE {_FREE} AND id IN (
    SELECT id FROM (SELECT id, partner, row_number() OVER (PARTITION BY partner, channel ORDER BY id) AS turn FROM "receipt"
                    WHERE {_FREE} AND size <= %s AND starts = 0) small
    ORDER BY turn * coalesce((%s::jsonb ->> partner)::int, %s), id LIMIT %s)
ORDER BY id FOR UPDATE SKIP LOCKED
"""


def need_not_last(connection: Connection) -> None:
    """The transaction does not wait for the disk: what it says is of this moment, and when the database's machine fails it may be lost
    (never torn). For leases, jobs and their like, on which nothing rests but that work is not done twice, and that it is done soon."""
    connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")


def claim(connection: Connection, worker: str, receipt: int | None = None, strides: Mapping[str, int] = NO_STRIDES) -> list[Receipt]:
    """Receipts that this worker holds from now on, the oldest first; [] where there is nothing to be had.

    `receipt`: the one that a job tells of, and where it is small, more small ones with it; None: small ones. One whose posting
    began before, and did not end, is taken alone: it may be what stopped the one who had it. `strides`: how far apart the turns of
    partners are, by name."""
    chosen: list[int] = []
    more = True
    if receipt is not None:
        one = connection.exec_driver_sql(_ONE, (receipt,)).first()
        if one is None:
            return []
        chosen, more = [one.id], one.size <= SMALL and one.starts == 0
    if more:
        share = _share(connection)
        found = connection.exec_driver_sql(_MORE, (SMALL, json.dumps(dict(strides)), stride(), share)).scalars()
        chosen += [id for id in found if id not in chosen][: share - len(chosen)]
    if chosen:
        connection.exec_driver_sql(f'UPDATE "receipt" SET worker = %s, held_until = {_UNTIL} WHERE id = ANY(%s)', (worker, chosen))
        drop(connection, chosen)
    return ledger.by_ids(connection, chosen)


def _share(connection: Connection) -> int:
    """How many small ones a worker takes together, so that the others have work, too."""
    free: int = connection.exec_driver_sql(_FREE_SMALL, (SMALL,)).scalar_one()
    return max(LEAST, min(TOGETHER, -(-free // max(1, workers(connection)))))


def renew(connection: Connection, worker: str, receipts: Sequence[int]) -> set[int]:
    """Hold them for another while; those that are still this worker's."""
    rows = connection.exec_driver_sql(
        f'UPDATE "receipt" SET held_until = {_UNTIL} WHERE id = ANY(%s) AND worker = %s AND held_until <> \'\' RETURNING id', (list(receipts), worker))
    return set(rows.scalars())


def give_back(connection: Connection, worker: str, receipts: Sequence[int]) -> None:
    """They are through, or another may have them."""
    connection.exec_driver_sql(
        "UPDATE \"receipt\" SET worker = '', held_until = '' WHERE id = ANY(%s) AND worker = %s", (list(receipts), worker))
