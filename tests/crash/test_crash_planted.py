"""Each gate is shown to fail: wrong builds that people really write, and the gate that catches each of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from crash_world import DAY, KILLED, World

PLANTED = Path(__file__).with_name("planted.py")
KILLS = [  # what is planted, where it is killed, what the gate says
    ("confirm_before_commit", "confirmed:1", "a file was confirmed and has no receipt"),
    ("confirm_before_archive", "temp_written:1", "a file was confirmed and is not in the archive"),
    ("answer_before_commit", "outbox_written:1", "no commit says so"),
]
ENDS = [
    ("nothing_remembered", "batch_committed:1", "a message has two rows"),
    ("wrong_trailer_posted", "committed:1", "PO-7"),
    ("number_not_kept", "sent:1", "a number was used twice"),
]


@pytest.fixture
def wrong(new_world: Callable[..., World]) -> Callable[..., World]:
    def make(planted: str) -> World:
        world = new_world()
        world.script = PLANTED
        world.more = {"EDI_BRIDGE_PLANTED": planted, "EDI_BRIDGE_PLANTED_IN": str(world.place / "nord" / "in"),
                      "EDI_BRIDGE_PLANTED_DATABASE": world.store.url}
        world.lay(DAY)
        return world

    return make


@pytest.mark.parametrize(("planted", "kill", "says"), KILLS)
def test_what_a_partner_sees_too_early_is_noticed(wrong: Callable[..., World], planted: str, kill: str, says: str) -> None:
    world = wrong(planted)
    assert world.once(EDI_BRIDGE_CRASH_AT=kill) == KILLED, world.says()
    with pytest.raises(AssertionError, match=says):
        world.nothing_lost()


@pytest.mark.parametrize(("planted", "kill", "says"), ENDS)
def test_what_is_doubled_or_wrong_in_the_end_is_noticed(wrong: Callable[..., World], planted: str, kill: str, says: str) -> None:
    world = wrong(planted)
    assert world.once(EDI_BRIDGE_CRASH_AT=kill) == KILLED, world.says()
    with pytest.raises(AssertionError, match=says) as red:
        world.idle()
        world.day_done()
    assert "still open" not in str(red.value) and "exit" not in str(red.value)
