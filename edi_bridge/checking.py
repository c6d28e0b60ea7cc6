"""Checking and mapping a message in one go, where both can go through it together.

Guide and map are strangers to each other and to this module, which knows only what they offer. A good message whose lines
are like those before is gone through once: the map's learned patterns demand what the guide demands (`Checker.pieces`,
`CompiledMap.read_good`). Any other message is checked and then read.
"""

from __future__ import annotations

from typing import Any, Protocol

from edi_bridge.finding import Finding
from edi_bridge.interchange import AnyMessage

Record = dict[str, Any]
GIVEN_UP = "message_too_large"  # a checker's word for a message with so many faults that it stopped: its records are of no use


class Checks(Protocol):
    """What holds messages against a guide. One for segment messages also has `pieces`, for maps that use them."""

    @property
    def key(self) -> str:
        """The guide's name."""

    def check(self, message: Any) -> list[Finding]:
        """What is wrong with a message."""


class Reads(Protocol):
    """A map."""

    structure: Any

    def read(self, message: AnyMessage) -> tuple[list[Record], list[Finding]]:
        """The records of a message, and what was found."""

    def read_good(self, message: AnyMessage, pieces: Any) -> tuple[list[Record], list[Finding]] | None:
        """The same of a good message, None of another."""


def checked_read(checker: Checks, compiled: Reads, message: AnyMessage) -> tuple[list[Record], list[Finding], list[Finding]]:
    """(the records, what the guide finds, what the map finds): what `checker.check` and `compiled.read` give, in less time. A message that
    the checker gave up is not read."""
    pieces = getattr(checker, "pieces", None)
    if pieces is not None and getattr(compiled.structure, "key", None) == checker.key:
        got = compiled.read_good(message, pieces)
        if got is not None:
            return got[0], [], got[1]
    faults = checker.check(message)
    if any(one.kind == GIVEN_UP for one in faults):
        return [], faults, []
    records, more = compiled.read(message)
    return records, faults, more
