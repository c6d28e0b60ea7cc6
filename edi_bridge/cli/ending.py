"""How a command that runs until it is told to end is told: SIGTERM, or Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def obeying(end: Callable[[], None]) -> Iterator[None]:
    """Within the block the first signal has `end` called, in a thread of its own, and the second ends the process at once.

    A handler runs in the main thread wherever that stands, also where it holds the lock that `end` needs: what waits for a
    `threading.Event` holds its lock for a moment each time, and to set the event just then would wait for ever. So a handler does
    nothing but write into a pipe.
    """
    reading, writing = os.pipe()
    told: list[int] = []

    def asked(number: int, _frame: object) -> None:
        told.append(number)
        if len(told) > 1:
            os._exit(128 + number)
        os.write(writing, b"!")

    def wait() -> None:
        if os.read(reading, 1):
            end()

    waiting = threading.Thread(target=wait, name="edi-bridge signals", daemon=True)
    waiting.start()
    before = {number: signal.signal(number, asked) for number in SIGNALS}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
        os.close(writing)
        waiting.join()
        os.close(reading)
