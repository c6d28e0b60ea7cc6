"""Which fields of a record stand in the elements of a document that was written from it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from edi_bridge.interchange import Document, MessageType, element_paths
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.record import together

NO_CURRENCY = "an amount needs the record's {}, and it has none"  # what a writer says of an amount; {}: in words, `tax currency`


class ElementFields:
    """The fields of one document, as it was before anything was taken out of it: ask before the first element goes. It is read once
    more for that with the map that wrote it (`CompiledMap.trace`), when the first element is asked for: a document with which nothing
    is wrong costs nothing. Items count as they are read again."""

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
        """The fields that stand in an element or below it; an object or item of which nothing else is left stands for all of its
        fields."""
        around = self._paths[element]
        return together((field for path, field in self._places if path == around or path.startswith(f"{around}/")),
                        (field for _, field in self._places))
