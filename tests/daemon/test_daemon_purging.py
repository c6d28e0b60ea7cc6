"""The daily purge: only partners with a class of retention are concerned, legal hold is respected, and the traffic goes on beside it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from daemon_case import OWN, Home, home, order  # noqa: F401

CLASSES = OWN + "retention: {brief: 30d}\n"
THEN = "2026-01-10T10:00:00Z"


@pytest.fixture
def kept(home: Home) -> Home:  # noqa: F811
    """A home that took in orders in January: two of a partner whose exchanges are kept for thirty days, one of another."""
    (home.folder / "partners" / "_own.yaml").write_text(CLASSES)
    home.partner("nord", "retention: brief\n")
    home.partner("west")
    for partner, control in (("nord", "1"), ("nord", "2"), ("west", "3")):
        home.lies(partner, f"{control}.edi", order(partner, control))
    done = home.start("--once", EDI_BRIDGE_CLOCK=THEN)
    assert done.process.wait(120) == 0, done.says()
    assert home.rows("SELECT count(*) FROM receipt WHERE state = 'done'") == [(3,)]
    for path in blobs(home).values():
        os.utime(path, (0, 0))
    return home


def blobs(home: Home) -> dict[str, Path]:  # noqa: F811
    """The file of each delivery in the archive, by its name at the partner."""
    return {name: home.folder / "archive" / sha[:2] / sha for name, sha in home.rows("SELECT name, sha256 FROM receipt")}


def there(home: Home) -> set[str]:  # noqa: F811
    return {name for name, path in blobs(home).items() if path.exists()}


def hold(home: Home, control: str) -> None:  # noqa: F811
    ((id,),) = home.rows("SELECT id FROM exchange WHERE control = ?", control)
    assert home.command("exchange", "hold", str(id), "--until", "2036-12-31", "--reason", "lawsuit") == 0


def test_at_its_time_the_daemon_removes_what_is_over_and_goes_on_taking_in(kept: Home) -> None:
    hold(kept, "2")
    daemon = kept.start(EDI_BRIDGE_CLOCK="2026-11-22T03:25:00Z+20").runs()  # the time comes in a quarter of a minute
    assert there(kept) == {"1.edi", "2.edi", "3.edi"}
    daemon.until(lambda: there(kept) == {"2.edi", "3.edi"})
    kept.lies("nord", "4.edi", order("nord", "4"))
    daemon.until(lambda: "PO4" in kept.orders())
    assert "1 file was removed whose retention time is over" in daemon.says()
    assert daemon.terminate() == 0
    acts = kept.rows("SELECT actor, act, details FROM audit WHERE act = 'purge'")
    assert acts == [("the daily purge", "purge", '{"blobs": 1, "receipts": 1}')]
    assert kept.rows("SELECT name FROM receipt WHERE state = 'purged'") == [("1.edi",)]
    assert kept.rows("SELECT count(*) FROM sales_order") == [(4,)], "what became of it stays"
    assert kept.command("exchange", "audit") == 0


@pytest.mark.parametrize("once", [True, False], ids=["once", "for ever"])
def test_a_time_that_passed_while_nothing_ran_is_made_up_for_once_a_day(kept: Home, once: bool) -> None:
    late = {"EDI_BRIDGE_CLOCK": "2026-11-22T10:00:00Z"}

    def round_() -> str:
        if once:
            done = kept.start("--once", **late)
            assert done.process.wait(120) == 0
        else:
            done = kept.start(**late).runs()
            done.until(lambda: (kept.folder / ".purged").read_text() == "2026-11-22" and "audit log" in done.says())
            assert done.terminate() == 0
        return done.says()

    assert (kept.folder / ".purged").read_text() == "2026-01-10"
    hold(kept, "2")
    assert "1 file was removed" in round_() and there(kept) == {"2.edi", "3.edi"} and (kept.folder / ".purged").read_text() == "2026-11-22"
    ((id,),) = kept.rows("SELECT id FROM exchange WHERE control = '2'")
    assert kept.command("exchange", "hold", str(id), "--until", "", "--reason", "over") == 0
    assert "removed" not in re.sub("half-written.*", "", round_()) and there(kept) == {"2.edi", "3.edi"}, "it was done for today"


@pytest.mark.parametrize("why", ["off", "no class", "too early"])
def test_nothing_goes_where_it_is_switched_off_or_no_retention_is_stated(kept: Home, why: str) -> None:
    if why == "off":
        (kept.folder / "settings.yaml").write_text("purge: off\n")
    if why == "no class":
        (kept.folder / "partners" / "_own.yaml").write_text(OWN)
    done = kept.start("--once", EDI_BRIDGE_CLOCK="2026-11-22T03:29:00Z" if why == "too early" else "2036-11-22T10:00:00Z")
    assert done.process.wait(120) == 0, done.says()
    assert there(kept) == {"1.edi", "2.edi", "3.edi"} and kept.rows("SELECT count(*) FROM audit WHERE act = 'purge'") == [(0,)]
