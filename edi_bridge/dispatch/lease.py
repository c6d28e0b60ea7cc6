"""Who holds which receipts, and until when: a lease on the ledger's rows, by the database's clock.

A lease is for not doing things twice; that nothing is posted twice does not rest on it, but on the unique rows of the ledger. A
worker that was stopped for an hour and goes on finds what the others have written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy import Connection

from edi_bridge.dispatch.jobs import FREE, TEXT, drop, workers
from edi_bridge.partner import stride
from edi_bridge.store import ledger
from edi_bridge.store.ledger import Receipt
from edi_bridge.store.tables import LEFT

HELD = 15  # seconds
NO_STRIDES: Mapping[str, int] = MappingProxyType({})
SMALL = 1_000_000  # bytes; larger ones are read alone
TOGETHER = 64  # small ones that share their commits
LEAST = 4  # that are taken together even where many workers wait

_UNTIL = f"to_char((clock_timestamp() + make_interval(secs => {HELD})) AT TIME ZONE 'UTC', {TEXT})"
_ONE = f'SELECT id, size, starts FROM "receipt" WHERE id = %s AND {FREE} FOR UPDATE SKIP LOCKED'
_SMALL = f"{FREE} AND size <= {SMALL} AND starts = 0"
_FREE_SMALL = f'SELECT count(*) FROM (SELECT FROM "receipt" WHERE {_SMALL} LIMIT %s) counted'
# The partners (channels, where no partner is told) in turn, urgent ones more often (`partner.turns`), the oldest first. Which partners
# have something left is found by steps through the index, and of each only the oldest are looked at: it costs the same however many wait.
_MORE = f"""
WITH RECURSIVE lane AS (
    (SELECT partner, channel FROM "receipt" WHERE {LEFT} ORDER BY partner, channel LIMIT 1)
    UNION ALL
    SELECT further.* FROM lane, LATERAL (
        SELECT r.partner, r.channel FROM "receipt" r WHERE {LEFT} AND (r.partner, r.channel) > (lane.partner, lane.channel)
        ORDER BY r.partner, r.channel LIMIT 1) further)
SELECT id FROM "receipt" WHERE {FREE} AND id IN (
    SELECT small.id FROM lane, LATERAL (
        SELECT oldest.id, row_number() OVER (ORDER BY oldest.id) AS turn FROM (
            SELECT r.id FROM "receipt" r WHERE {_SMALL} AND r.partner = lane.partner AND r.channel = lane.channel
            ORDER BY r.id LIMIT %(share)s) oldest) small
    ORDER BY small.turn * coalesce((%(strides)s::jsonb ->> lane.partner)::int, %(stride)s), small.id LIMIT %(share)s)
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
        found = connection.exec_driver_sql(_MORE, {"strides": json.dumps(dict(strides)), "stride": stride(), "share": share}).scalars()
        chosen += [id for id in found if id not in chosen][: share - len(chosen)]
    if chosen:
        connection.exec_driver_sql(f'UPDATE "receipt" SET worker = %s, held_until = {_UNTIL} WHERE id = ANY(%s)', (worker, chosen))
        drop(connection, chosen)
    return ledger.by_ids(connection, chosen)


def _share(connection: Connection) -> int:
    """How many small ones a worker takes together, so that the others have work, too."""
    there = max(1, workers(connection))
    free: int = connection.exec_driver_sql(_FREE_SMALL, (TOGETHER * there,)).scalar_one()
    return max(LEAST, -(-free // there))


def renew(connection: Connection, worker: str, receipts: Sequence[int]) -> set[int]:
    """Hold them for another while; those that are still this worker's."""
    rows = connection.exec_driver_sql(
        f'UPDATE "receipt" SET held_until = {_UNTIL} WHERE id = ANY(%s) AND worker = %s AND held_until <> \'\' RETURNING id', (list(receipts), worker))
    return set(rows.scalars())


def give_back(connection: Connection, worker: str, receipts: Sequence[int]) -> None:
    """They are through, or another may have them."""
    connection.exec_driver_sql(
        "UPDATE \"receipt\" SET worker = '', held_until = '' WHERE id = ANY(%s) AND worker = %s", (list(receipts), worker))
