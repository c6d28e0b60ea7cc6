"""Runs of scenarios and comparisons in the database."""

from __future__ import annotations

from edi_bridge.database import Database
from edi_bridge.rollout.comparison import Difference, Explanation
from edi_bridge.store import comparison, rehearsal
from edi_bridge.store.comparison import Lane, Result
from edi_bridge.store.rehearsal import Played

LANE = Lane("acme", "in", "edifact/D96A/ORDERS")
GOOD, FAULT, BAD = Played("order-minimal", True, False), Played("fault-charset", True, True), Played("order-change", False, False, ("why",))


def played(database: Database, *runs: tuple[Played, ...], version: str = "v1") -> int:
    """Keep runs; how many clean ones there are in succession."""
    with database.write() as connection:
        for one in runs:
            rehearsal.save(connection, "acme", "in", LANE.message, rehearsal.next_run(connection), one, version, "2026-11-22T10:00:00Z")
        return rehearsal.clean_runs(connection, "acme", "in", LANE.message, "v1")


def test_clean_runs_are_counted_from_the_newest_back_to_the_first_that_is_not(database: Database) -> None:
    assert played(database) == 0
    assert played(database, (GOOD, FAULT), (GOOD, FAULT)) == 2
    assert played(database, (GOOD, FAULT, BAD)) == 0
    assert played(database, (GOOD, FAULT)) == 1
    assert played(database, (GOOD,)) == 0  # no fault was planted
    assert played(database, (GOOD, FAULT)) == 1
    assert played(database, (GOOD, FAULT), version="v2") == 0  # the newest is of another version
    with database.read() as connection:
        assert rehearsal.clean_runs(connection, "acme", "in", LANE.message) == 2 and rehearsal.clean_runs(connection, "acme", "out", LANE.message) == 0
        assert rehearsal.runs(connection, "acme", "in", LANE.message)[4].played[2].details == ("why",)


def result(key: str, day: str, *fields: str, legacy: str = "{}") -> Result:
    return Result(key, day, "differs" if fields else "equal", tuple(Difference(name, "", "1", "2") for name in fields), exchange=1, legacy=legacy)


def outcomes(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {one.key: one.outcome for one in comparison.results(connection, "acme", "in", LANE.message)}


def test_a_comparison_takes_the_place_of_the_one_before_from_its_day_on(database: Database) -> None:
    with database.write() as connection:
        comparison.save(connection, LANE, [result("1", "2026-11-01", "currency"), result("2", "2026-11-02", "currency"), result("3", "2026-11-03")], "v", "t")
        comparison.save(connection, LANE, [result("2", "2026-11-02")], "v", "t", since="2026-11-02")
        comparison.save(connection, Lane("other", "in", LANE.message), [result("1", "2026-11-01")], "v", "t")
    assert outcomes(database) == {"1": "differs", "2": "equal"}
    with database.read() as connection:
        run = comparison.clean_run(connection, "acme", "in", LANE.message)
        assert set(comparison.booked(connection, LANE)) == {"1", "2"}
    assert (run.days, run.broke_day, run.broke_key, run.broke_fields) == (1, "2026-11-01", "1", ("currency",))


def test_what_is_ticked_off_changes_the_outcomes_that_are_kept_and_back(database: Database) -> None:
    with database.write() as connection:
        comparison.save(connection, LANE, [result("1", "2026-11-01", "currency"), result("2", "2026-11-02", "currency", "number")], "v", "t")
        comparison.explain(connection, Lane("acme", "out", ""), Explanation("", "currency", "another direction"), "t")
    assert outcomes(database) == {"1": "differs", "2": "differs"}
    with database.write() as connection:
        id = comparison.explain(connection, Lane("acme", "", ""), Explanation("", "currency", "always EUR", "ann"), "t")
    assert outcomes(database) == {"1": "explained", "2": "differs"}
    with database.write() as connection:
        comparison.save(connection, LANE, [result("4", "2026-11-04", "currency")], "v", "t", since="2026-11-04")
        raw = connection.exec_driver_sql("SELECT key, outcome FROM comparison ORDER BY key").fetchall()
        assert [tuple(row) for row in raw] == [("1", "explained"), ("2", "differs"), ("4", "explained")]
        assert comparison.withdraw(connection, "other", id) is None
        taken = comparison.withdraw(connection, "acme", id)
    assert taken is not None and taken.reason == "always EUR" and outcomes(database) == {"1": "differs", "2": "differs", "4": "differs"}
