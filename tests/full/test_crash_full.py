"""The long part of the proof: every point at every passage on both databases, a kill at each system call, a thousand random kills with
a fresh seed, ten thousand small files. (A gigabyte and a thousand partners: `test_daemon_full.py`.)

`python -m pytest tests/full/test_crash_full.py -n auto -rP`: each test's kills and seed are printed; `EDI_BRIDGE_TEST_SEED=…` repeats it.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "crash"))
from conftest_crash import began, began_postgres, faultless, launcher, new_world  # noqa: E402, F401
from crash_load import Load  # noqa: E402
from crash_world import DAY, KILLED, World, edifact, order  # noqa: E402
from system_calls import killed_entering  # noqa: E402
from test_crash_points import INBOUND, OUTBOUND  # noqa: E402
from test_crash_points import test_killed_while_our_own_record_goes_out as killed_while_our_own_record_goes_out  # noqa: E402

SEED = int(os.environ.get("EDI_BRIDGE_TEST_SEED", "0")) or secrets.randbits(32)
WORLDS, KILLS = 27, 40


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("point", INBOUND)
def test_every_passage_of_every_point(new_world: Callable[..., World], faultless: dict[str, list[str]], kind: str, point: str) -> None:  # noqa: F811
    for nth in count(1):
        world = new_world(kind, f"world-{nth}")
        world.lay(DAY)
        if world.once(EDI_BRIDGE_CRASH_AT=f"{point}:{nth}") != KILLED:
            assert nth > 1, f"{point} is never passed"
            print(f"{nth - 1} kills at {point}, {kind}")
            return
        world.nothing_lost()
        world.idle()
        world.day_done()
        state = world.state()
        assert state["crm"] == faultless["crm"] and state["ledger"] == faultless["ledger"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("point", OUTBOUND)
def test_every_point_of_our_own_records(new_world: Callable[..., World], faultless: dict[str, list[str]], kind: str, point: str) -> None:  # noqa: F811
    killed_while_our_own_record_goes_out(new_world, faultless, kind, point)


@pytest.mark.parametrize("calls", ["fsync,fdatasync", "rename,renameat,renameat2", "unlink,unlinkat", "pwrite64", "write", "mkdir,mkdirat"])
def test_a_kill_at_each_system_call(new_world: Callable[..., World], faultless: dict[str, list[str]], tmp_path: Path, calls: str) -> None:  # noqa: F811
    number, kills = 1, 0
    while True:
        world = new_world("sqlite", f"world-{number}")
        world.lay(DAY)
        if not killed_entering(tmp_path, world, calls, number):
            break
        world.nothing_lost()
        world.idle()
        world.day_done()
        assert world.state()["crm"] == faultless["crm"]
        kills += 1
        number += 1 if number < 40 else 7  # of hundreds of writes each seventh
    print(f"{kills} kills at {calls}")
    assert kills


@pytest.mark.parametrize("place", range(WORLDS))
def test_more_than_a_thousand_kills_at_random_instants(new_world: Callable[..., World], place: int) -> None:  # noqa: F811
    seed = SEED + place
    print(f"EDI_BRIDGE_TEST_SEED={SEED} (world {place}: {seed}), {KILLS} kills")
    load = Load(new_world("postgresql" if place % 3 == 2 else "sqlite"), seed)
    load.killed(KILLS)
    load.done()


def test_ten_thousand_small_files(new_world: Callable[..., World]) -> None:  # noqa: F811
    world = new_world()
    world.lay({f"nord/{number}.edi": edifact(str(number), order("1", f"T-{number}")) for number in range(10_000, 20_000)})
    began_at = time.monotonic()
    assert world.start("run", "--once", "--home", str(world.home), "--listen", "").wait(1800) == 0
    print(f"10,000 files in {time.monotonic() - began_at:.0f} s")
    world.idle()
    world.whole()
    assert world.orders() == sorted(["PO-0", *(f"T-{number}" for number in range(10_000, 20_000))])
