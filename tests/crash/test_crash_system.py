"""Kills from outside, at system calls that the program does not know are watched; and the order of its calls, for a power cut."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from crash_world import DAY, KILLED, World
from system_calls import calls, killed_entering, too_early

SYNC, RENAME, UNLINK = "fsync,fdatasync", "rename,renameat,renameat2", "unlink,unlinkat"
KILLS = [(SYNC, 7), (RENAME, 3), (UNLINK, 2), ("pwrite64", 60)]  # by one thread, which makes twice as many; tests/full: each call of a whole run


@pytest.mark.parametrize(("kind", "number"), KILLS)
def test_killed_entering_a_system_call(new_world: Callable[..., World], faultless: dict[str, list[str]], tmp_path: Path, kind: str,
                                       number: int) -> None:
    world = new_world()
    world.lay(DAY)
    assert killed_entering(tmp_path, world, kind, number), f"no thread made {number} calls of {kind}"
    world.nothing_lost()
    world.idle()
    world.day_done()
    assert world.state()["crm"] == faultless["crm"]


def test_nothing_that_a_partner_sees_comes_before_the_disk_has_it(new_world: Callable[..., World], tmp_path: Path) -> None:
    world = new_world()
    world.lay({name: content for name, content in DAY.items() if name in ("nord/3-order.edi", "nord/5-wrong-trailer.edi")})
    assert too_early(world, calls(tmp_path, world)) == []


def test_a_commit_that_does_not_wait_for_the_disk_is_noticed(new_world: Callable[..., World], tmp_path: Path) -> None:
    world = new_world()
    world.script = Path(__file__).with_name("planted.py")
    world.more = {"EDI_BRIDGE_PLANTED": "synchronous_normal"}
    world.lay({"nord/3-order.edi": DAY["nord/3-order.edi"]})
    wrong = too_early(world, calls(tmp_path, world))
    assert wrong and all("the database's log was not synced" in one for one in wrong)


def test_a_blob_that_a_killed_run_left_is_made_durable_by_the_next_before_it_confirms(new_world: Callable[..., World], tmp_path: Path) -> None:
    """The killed run may have renamed it into its place and come no further; its folder is synced whoever finds it there."""
    world = new_world()
    world.lay({"nord/3-order.edi": DAY["nord/3-order.edi"]})
    assert world.once(EDI_BRIDGE_CRASH_AT="archived") == KILLED
    done = calls(tmp_path, world)
    confirmed = next(place for place, call in enumerate(done) if call.name.startswith("unlink") and call.paths[-1].endswith("/3-order.edi"))
    digest = sha256(DAY["nord/3-order.edi"].encode()).hexdigest()
    synced = {call.paths[0] for call in done[:confirmed] if call.name == "fsync"}
    assert {str(world.home / "archive" / digest[:2]), str(world.home / "archive")} <= synced
