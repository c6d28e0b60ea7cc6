"""The long part of the proof: every point at every passage on both databases, a kill at each system call, a thousand random kills with
a fresh seed, ten thousand small files, a gigabyte.

`python -m pytest tests/full/test_crash_full.py -n auto -s`; the seed is printed, and `EDI_BRIDGE_TEST_SEED=…` repeats it.
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
from crash_world import DAY, KILLED, World, edifact, eventually, order  # noqa: E402
from system_calls import killed_entering  # noqa: E402
from test_crash_points import INBOUND, OUTBOUND, test_killed_while_our_own_record_goes_out  # noqa: E402

SEED = int(os.environ.get("EDI_BRIDGE_TEST_SEED", "0")) or secrets.randbits(32)
WORLDS, KILLS = 27, 40
MEGABYTES = int(os.environ.get("EDI_BRIDGE_TEST_MEGABYTES", "1000"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("point", INBOUND)
def test_every_passage_of_every_point(new_world: Callable[..., World], faultless: dict[str, list[str]], kind: str, point: str) -> None:  # noqa: F811
    for nth in count(1):
        world = new_world(kind, f"world-{nth}")
        world.lay(DAY)
        if world.once(EDI_BRIDGE_CRASH_AT=f"{point}:{nth}") != KILLED:
            assert nth > 1, f"{point} is never passed"
            return
        world.nothing_lost()
        world.idle()
        world.day_done()
        state = world.state()
        assert state["crm"] == faultless["crm"] and state["ledger"] == faultless["ledger"]


@pytest.mark.parametrize("point", OUTBOUND)
def test_every_point_of_our_own_records_on_postgresql(new_world: Callable[..., World], faultless: dict[str, list[str]], point: str) -> None:  # noqa: F811
    test_killed_while_our_own_record_goes_out(new_world, faultless, "postgresql", point)


@pytest.mark.parametrize("calls", ["fsync,fdatasync", "rename,renameat,renameat2", "unlink,unlinkat", "pwrite64", "write", "mkdir,mkdirat"])
def test_a_kill_at_each_system_call(new_world: Callable[..., World], faultless: dict[str, list[str]], tmp_path: Path, calls: str) -> None:  # noqa: F811
    number = 1
    while True:
        world = new_world("sqlite", f"world-{number}")
        world.lay(DAY)
        if not killed_entering(tmp_path, world, calls, number):
            break
        world.nothing_lost()
        world.idle()
        world.day_done()
        assert world.state()["crm"] == faultless["crm"]
        number += 1 if number < 40 else 7  # of hundreds of writes each seventh
    assert number > 1


@pytest.mark.parametrize("place", range(WORLDS))
def test_more_than_a_thousand_kills_at_random_instants(new_world: Callable[..., World], place: int) -> None:  # noqa: F811
    seed = SEED + place
    print(f"EDI_BRIDGE_TEST_SEED={SEED} (world {place}: {seed})")
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


def test_a_gigabyte_in_little_memory_while_another_partner_passes(new_world: Callable[..., World]) -> None:  # noqa: F811
    world = new_world()
    body = order("@", "G-@", 40)
    size, number, path = 0, 0, world.place / "nord" / "out" / "giant.part"
    with path.open("w", encoding="latin-1") as file:
        file.write(edifact("950").split("UNZ")[0])
        while size < MEGABYTES * 1_000_000:
            number += 1
            size += file.write(body.replace("@", str(number)))
        file.write(f"UNZ+{number}+950'")
    path.rename(path.with_name("giant.edi"))
    daemon = world.daemon()
    try:
        eventually(lambda: world.rows("SELECT id FROM receipt WHERE name = 'giant.edi'"), 300, world.says)
        waits, peak = [], 0
        for turn in range(1, 13):
            time.sleep(4)
            name = f"lakes/{turn}.x12"
            world.lay({name: DAY["lakes/1-purchases.x12"].replace("0700", f"{turn:02}00").replace("0701", f"{turn:02}01").replace("GL-", f"W{turn}-")
                       .replace("*700*", f"*{turn}00*").replace("*700~", f"*{turn}00~").replace("*701*", f"*{turn}01*").replace("*701~", f"*{turn}01~")})
            laid_at = time.monotonic()
            eventually(lambda turn=turn: f"W{turn}-4" in world.orders_of("lakes"), 60, world.says)  # type: ignore[misc]
            waits.append(round(time.monotonic() - laid_at, 1))
            peak = max(peak, _peak(daemon.pid))
        eventually(lambda: any(one.about == "950" for one in world.got("nord")), 7200, lambda: world.says()[-3000:])
        peak = max(peak, _peak(daemon.pid))
        print(f"{number:,} messages, {MEGABYTES} MB: peak {peak} MB; a small file passed within {max(waits)} s ({waits})")
        assert max(waits) <= 5 and peak <= 200
    finally:
        daemon.kill(15)
        daemon.wait()
    assert world.rows("SELECT count(*) FROM message WHERE state = 'posted' AND exchange_id IN (SELECT id FROM exchange WHERE control = '950')") == [(number,)]


def _peak(pid: int) -> int:
    """The most memory that a process ever had resident, in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) // 1024
