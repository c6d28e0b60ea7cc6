"""Which fields of a record stand at some places of a message that was written from it.

The message is read once more with the map that wrote it (`CompiledMap.trace`); that happens when the first place is asked for, so
a message with which nothing is wrong costs nothing. Items count as they are read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from edi_bridge.interchange import Document, Message, MessageType, element_paths
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


class ElementFields:
    """The fields of one XML document, as it was before anything was taken out of it: ask before the first element goes."""

    def __init__(self, root: Any, compiled: CompiledMap):
        self.root, self.compiled = root, compiled

    @cached_property
    def _paths(self) -> dict[Any, str]:
        return element_paths(self.root)

    @cached_property
    def _places(self) -> list[tuple[str, str]]:
        """(place in the document, field)."""
        document = Document(MessageType(*self.compiled.spec.message.split("/")), 1, "", self.root)
        return [(where.position.path or "", one.path) for one in self.compiled.trace(document) for where in (*one.places, *one.beside)]

    def inside(self, element: Any) -> list[str]:
        """The fields that stand in an element or below it."""
        around = self._paths.get(element, "?")
        every = self._places
        return together((field for path, field in every if path == around or path.startswith(f"{around}/")), (field for _, field in every))
