"""Jobs of procrastinate, deferred in the ledger's own transactions by procrastinate's SQL functions.

A job says no more than which receipt. Its queueing lock keeps one from waiting twice; none has a `lock`, because there an earlier
job that waits for its retry would hold up the later ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.store.tables import LEFT
from edi_bridge.store.waiting import wake, wake_expired

QUEUE = "receipts"
TASK = "edi_bridge.post"
INSTALLING = 1618033988  # advisory locks: one process installs, one sweeps
SWEEPING = 1414213562
GONE = 15  # seconds without a heartbeat after which a worker's jobs are nobody's
SCHEMA = "procrastinate"  # how the comment begins that says which version's tables are there
AT_ONCE = 1000

# The database's own time as the ledger writes times, so that no machine's clock decides who holds what.
TEXT = "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'"
NOW = f"(SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', {TEXT}))"  # asked once, not for each row
FREE = f"{LEFT} AND (held_until = '' OR held_until < {NOW})"  # a receipt that is not through, and that nobody holds

_LOCK = 'SELECT id FROM "receipt" WHERE id = ANY(%s) ORDER BY id FOR UPDATE'
_DEFER = f"""
SELECT count(*) FROM unnest(procrastinate_defer_jobs_v1(ARRAY(
    SELECT ROW('{QUEUE}', '{TASK}', 0, NULL, 'receipt ' || r.id, jsonb_build_object('receipt', r.id),
               NULL)::procrastinate_job_to_defer_v1
    FROM "receipt" r
    WHERE r.id = ANY(%s) AND {LEFT}
      AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs j WHERE j.queueing_lock = 'receipt ' || r.id AND j.status = 'todo')
    ORDER BY r.id)))
"""
# Both sides are read once and compared as wholes: that costs little more for 100,000 that wait and have their jobs, whatever PostgreSQL
# knows of the tables' sizes.
_LOST = f"""
WITH lost AS MATERIALIZED (
    SELECT id FROM "receipt" WHERE {FREE}
    EXCEPT
    SELECT substr(queueing_lock, length('receipt ') + 1)::bigint FROM procrastinate_jobs
    WHERE status = 'todo' AND starts_with(queueing_lock, 'receipt ')
    ORDER BY 1 LIMIT %s)
SELECT r.id FROM "receipt" r JOIN lost ON lost.id = r.id
WHERE {FREE}
ORDER BY r.id FOR UPDATE OF r SKIP LOCKED
"""
_DEAD = """
SELECT procrastinate_finish_job_v1(j.id, 'failed', true)
FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
WHERE j.status = 'doing' AND j.queue_name = %s AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => %s))
"""
_DROP = """
SELECT procrastinate_cancel_job_v1(j.id, false, true) FROM procrastinate_jobs j
WHERE j.status = 'todo' AND j.queueing_lock = ANY(%s)
"""
_UNDONE = """
UPDATE "receipt" SET state = 'scanned' WHERE state = 'done'
AND id IN (SELECT receipt_id FROM "exchange" WHERE state = 'open')
"""
_TURNS = f"""
SELECT DISTINCT w.key FROM "waiting" w JOIN "receipt" r ON w.key = 'receipt ' || r.id WHERE NOT {LEFT}
"""


def installed(connection: Connection) -> str:
    """The version of procrastinate whose tables are in the database; '' when there are none."""
    if connection.dialect.name != "postgresql":
        return ""
    said: str | None = connection.exec_driver_sql(
        "SELECT coalesce(obj_description(to_regclass('procrastinate_jobs')), '') FROM (SELECT 1) one WHERE to_regclass('procrastinate_jobs') IS NOT NULL"
    ).scalar()
    return "" if said is None else said.removeprefix(f"{SCHEMA} ") or "unknown"


def install(database: Database) -> bool:
    """Make procrastinate's tables where they are not there; whether anything was done. They are its own: our migrations know nothing
    of them. ConfigFault for SQLite, without the extra, and where they are of another version."""
    if database.sqlite:
        raise ConfigFault.at("database", 0, 0, "workers need PostgreSQL: `edi-bridge store move --to postgresql://…`")
    try:
        import procrastinate
        from procrastinate.schema import SchemaManager
    except ImportError:
        raise ConfigFault.at("database", 0, 0, "workers need the extra: pip install 'edi-bridge[postgresql]'") from None
    wanted = procrastinate.__version__
    with database.write() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({INSTALLING})")
        if there := installed(connection):
            if there.split(".")[:2] != wanted.split(".")[:2]:
                raise ConfigFault.at("database", 0, 0, f"procrastinate's tables are of {there}, the program has {wanted}: stop all workers, and"
                                     " apply procrastinate's own migrations (its documentation: Migrations)")
            return False
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(SchemaManager.get_schema())
        driver.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{SCHEMA} {wanted}'")
    return True


def defer(connection: Connection, receipts: Sequence[int]) -> int:
    """A job for each of these receipts that is to be posted and has none waiting, in the caller's transaction; how many."""
    if not receipts:
        return 0
    connection.exec_driver_sql(_LOCK, (list(receipts),)).all()  # so that nobody defers the same at once
    return int(connection.exec_driver_sql(_DEFER, (list(receipts),)).scalar_one())


def drop(connection: Connection, receipts: Sequence[int]) -> None:
    """Their waiting jobs are not needed: somebody has them in hand."""
    connection.exec_driver_sql(_DROP, ([f"receipt {id}" for id in receipts],)).all()


def sweep(connection: Connection, now: str) -> int:
    """What nobody has in hand and no job tells of gets its job; how many. `now`: the time as the ledger writes it, for messages that
    have waited long enough. Only one process sweeps at a time; 0 where another does.

    This is how the work of a dead worker, an exchange that was opened again, and what came while there were no jobs is found."""
    if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({SWEEPING})").scalar():
        return 0
    connection.exec_driver_sql(_DEAD, (QUEUE, GONE)).all()
    connection.exec_driver_sql(_UNDONE)
    wake(connection, list(connection.exec_driver_sql(_TURNS).scalars()))
    wake_expired(connection, now)
    free = list(connection.exec_driver_sql(_LOST, (AT_ONCE,)).scalars())
    return defer(connection, free)


def workers(connection: Connection) -> int:
    """How many workers have given a sign of life lately."""
    if not installed(connection):
        return 0
    return int(connection.exec_driver_sql(
        "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %s)", (2 * GONE,)).scalar_one())
