"""SIGKILL at every crash point, on SQLite and PostgreSQL, then a restart: nothing lost, nothing doubled, the same as without."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from crash_world import DAY, INVOICE, KILLED, ROOT, World

# point → a later passage at which it is killed as well (1: the day passes it once). In the order of PROMISES.md.
INBOUND = {"listed": 2, "claimed": 5, "temp_written": 5, "temp_synced": 1, "archived": 1, "receipt_committed": 2, "confirmed": 4,
           "scanned": 1, "parsed": 9, "mapped": 6, "tx_begun": 1, "crm_written": 1, "batch_committed": 1, "closing_begun": 1,
           "number_drawn": 5, "ack_rendered": 4, "outbox_written": 1, "ack_matched": 1, "committed": 1, "sending": 3, "uploaded": 4,
           "renamed": 2, "sent": 3, "sent_marked": 1}
OUTBOUND = {"record_taken": 1, "number_drawn": 1, "rendered": 1, "bytes_stored": 1, "sending": 1, "uploaded": 1, "renamed": 1, "sent": 1,
            "sent_marked": 1, "claimed": 1, "confirmed": 1}
ACTIVATING = {"version_recorded", "version_journal", "version_file", "version_activated"}  # killed at in tests/version
# Each point on SQLite, every third on PostgreSQL, at another passage; tests/full goes through all of them on both.
CASES = [("sqlite", point, later) for point, later in INBOUND.items()] + [("postgresql", point, 1) for point in list(INBOUND)[2::3]]
SENDING = {"sending", "uploaded", "renamed", "sent_marked"}  # passed by answers too; tests/full goes through them with records as well
OUT_CASES = [*(("sqlite", point) for point in OUTBOUND if point not in SENDING), ("postgresql", "bytes_stored"), ("postgresql", "renamed")]


def test_every_point_that_the_program_passes_is_killed_at() -> None:
    source = "".join(path.read_text() for path in (ROOT / "edi_bridge").rglob("*.py"))
    points = re.search(r"^POINTS = \((.*?)^\)", (ROOT / "edi_bridge" / "crashpoint.py").read_text(), re.S | re.M)
    assert points is not None
    known = set(re.findall(r'"(\w+)"', points[1]))
    assert known == set(re.findall(r'passing\("(\w+)"\)', source)) == INBOUND.keys() | OUTBOUND.keys() | ACTIVATING


def killed_at(world: World, point: str, nth: int) -> None:
    assert world.once(EDI_BRIDGE_CRASH_AT=f"{point}:{nth}") == KILLED, f"{point} was not passed {nth} times\n{world.says()[-2000:]}"
    world.nothing_lost()


@pytest.mark.parametrize(("kind", "point", "nth"), CASES)
def test_killed_while_files_come_in(new_world: Callable[..., World], faultless: dict[str, list[str]], kind: str, point: str, nth: int) -> None:
    world = new_world(kind)
    world.lay(DAY)
    killed_at(world, point, nth)
    world.idle()
    world.day_done()
    state = world.state()
    assert state["crm"] == faultless["crm"] and state["ledger"] == faultless["ledger"] and state["answers"] == faultless["answers"]


def said(documents: list[str]) -> list[list[str]]:
    """Our invoices without envelope and trailer, which hold numbers and times."""
    return sorted(text.split("~")[3:-4] for text in documents)


@pytest.mark.parametrize(("kind", "point"), OUT_CASES)
def test_killed_while_our_own_record_goes_out(new_world: Callable[..., World], faultless: dict[str, list[str]], kind: str, point: str) -> None:
    world = new_world(kind)
    world.wish("invoice-2.json", INVOICE | {"number": "R-2"})
    killed_at(world, point, 1)
    world.idle()
    world.whole()
    assert said(world.state()["documents"]) == said(faultless["documents"])
    assert [one.control for one in world.got("lakes")] == ["000000001", "000000002"], "each invoice went out once"
