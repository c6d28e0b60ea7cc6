"""Which fields of a record stand at some places of a message of segments that was written from it.

The message is read once more with the map that wrote it (`CompiledMap.trace`); that happens when the first place is asked for, so
a message with which nothing is wrong costs nothing. Items count as they are read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from edi_bridge.interchange import Message
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.written_by import Origins
from edi_bridge.record import together


class SegmentFields:
    """The fields of one message of segments."""

    def __init__(self, message: Message, compiled: CompiledMap):
        self.message, self.compiled = message, compiled

    @cached_property
    def _origins(self) -> Origins:
        return Origins(self.message, self.compiled.plan, self.compiled.structure, self.compiled.trace(self.message))

    def at(self, spots: Sequence[tuple[int, int | None, int | None]]) -> list[str]:
        """The fields at (segment, element, component), counted from 1; an object or item of which nothing else is left stands for
        all of its fields."""
        paths = [path for spot in spots for path in self._origins.at(*spot).fields]
        return together(paths, (one.path for one in self._origins.traced))
