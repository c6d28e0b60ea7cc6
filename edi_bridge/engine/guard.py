"""The one place where an exception that is no fault is caught: it is our own mistake, kept with its traceback."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from edi_bridge.database import is_conflict
from edi_bridge.fault import Fault

TRACEBACK = "Traceback (most recent call last)"  # how the text of a mistake of ours begins
TRIES = 5  # of a piece of work in whose way another process stands
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Failure:
    """A mistake of ours: its traceback."""

    text: str


def guarded(work: Callable[[], Result], tries: int = TRIES) -> Result | Failure:
    """Do a piece of work that may be done again; faults leave it as they come.

    Where another process was in the way (it took the same identity, customer or order first) the work is done again and finds
    what the other has written.
    """
    for left in reversed(range(tries)):
        try:
            return work()
        except Exception as error:
            if is_conflict(error) and left:
                continue
            if isinstance(error, Fault):
                raise
            failure = Failure(traceback.format_exc())
            break
    return failure


def last_line(failure: str) -> str:
    """What went wrong, in one line: the last one of a traceback, or of a fault's sentences."""
    return failure.strip().rpartition("\n")[2][:500]
