"""Threads for polls: few begin at once, who hangs makes room after a while, each name is done once at a time."""

from __future__ import annotations

import threading
import time

import pytest
from daemon_case import HANGS, until
from edi_bridge.daemon.crowd import Crowd


def test_few_go_on_at_once_and_all_are_done() -> None:
    crowd, lock, going, most, done = Crowd("poll", together=3, slow=HANGS), threading.Lock(), [0], [0], []

    def work(number: int) -> None:
        with lock:
            going[0] += 1
            most[0] = max(most[0], going[0])
            done.append(number)
        time.sleep(0.005)
        with lock:
            going[0] -= 1

    for number in range(60):
        crowd.add(str(number), lambda number=number: work(number))  # type: ignore[misc]
    crowd.look()
    until(lambda: not crowd.busy())
    assert sorted(done) == list(range(60)) and most[0] == 3


def test_those_that_hang_hold_up_nobody_and_are_not_begun_twice() -> None:
    crowd, over, begun, passed = Crowd("poll", together=2, slow=HANGS), threading.Event(), [], threading.Event()
    for name in ("a", "b"):
        crowd.add(name, lambda name=name: (begun.append(name), over.wait(HANGS)))  # type: ignore[misc]
    crowd.look()
    crowd.add("a", lambda: begun.append("a again"))
    crowd.add("c", passed.set)
    crowd.look()
    assert not passed.is_set()  # two go on, and nobody knows yet that they hang
    crowd.slow = 0.0
    until(lambda: crowd.look() or passed.is_set())  # type: ignore[func-returns-value]
    assert crowd.busy() == {"a", "b"} and crowd.goes_on("a") and sorted(begun) == ["a", "b"]
    over.set()
    until(lambda: not crowd.busy())
    assert sorted(begun) == ["a", "b"]


def test_what_has_not_begun_can_be_dropped() -> None:
    crowd, over, begun = Crowd("poll", together=1), threading.Event(), []
    crowd.add("a", lambda: over.wait(HANGS))
    crowd.look()
    for name in ("b", "c", "d"):
        crowd.add(name, lambda name=name: begun.append(name))  # type: ignore[misc]
    crowd.drop("b")
    over.set()
    until(lambda: not crowd.busy())
    assert begun == ["c", "d"]
    crowd.add("e", lambda: begun.append("e"))
    crowd.drop()
    crowd.look()
    assert not crowd.busy() and begun == ["c", "d"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_that_raises_makes_room_again() -> None:
    crowd, done = Crowd("poll", together=1), threading.Event()
    crowd.add("a", lambda: (_ for _ in ()).throw(SystemExit))  # ends its thread and says nothing
    crowd.add("b", done.set)
    crowd.look()
    assert done.wait(HANGS)
