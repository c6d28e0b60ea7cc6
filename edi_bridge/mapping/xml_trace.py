"""The traced reading of XML documents: the map's generated reader goes over elements whose texts know where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from edi_bridge.interchange import Document, Position, element_paths
from edi_bridge.mapping.field_trace import Cell, FieldWatch, Place, traced_plan
from edi_bridge.mapping.plan import MapPlan
from edi_bridge.mapping.xml_reader import XmlProgram
from edi_bridge.structure_xml import XmlStructure


class Watched:
    """An element (or comment) as the generated readers use it: its children, tag, text and attributes."""

    def __init__(self, element: Any, parent: Watched | None = None):
        self.element, self.parent = element, parent
        self.tag = element.tag
        self.prefix, self.sourceline = element.prefix, element.sourceline

    @cached_property
    def children(self) -> list[Watched]:
        """All of them, comments and processing instructions too."""
        return [Watched(child, self) for child in self.element]

    @property
    def text(self) -> str | None:
        """What stands in front of the first child."""
        return None if self.element.text is None else Cell.at(self.element.text, (self.element, ""))

    @property
    def tail(self) -> str | None:
        """What stands behind it belongs to the element around it."""
        above = self.parent.element if self.parent else None
        return None if self.element.tail is None else Cell.at(self.element.tail, (above, ""))

    def get(self, name: str, default: str = "") -> str:
        """An attribute."""
        value = self.element.get(name)
        return default if value is None else Cell.at(value, (self.element, name))

    def getparent(self) -> Watched | None:
        """The element around it."""
        return self.parent

    def iterchildren(self, tag: str | None = None) -> Iterator[Watched]:
        """The children of a Clark tag; of any with `*`."""
        return (child for child in self.children
                if tag is None or child.tag == tag or (tag == "*" and isinstance(child.tag, str)))

    def __iter__(self) -> Iterator[Watched]:
        return iter(self.children)

    def __len__(self) -> int:
        return len(self.children)

    def __bool__(self) -> bool:
        return True


class XmlTrace:
    """A map's reader over watched elements. One per map."""

    def __init__(self, plan: MapPlan, structure: XmlStructure):
        taking = frozenset(value.number for value in plan.values() if value.convert.plain)
        self.program = XmlProgram(traced_plan(plan), structure, FieldWatch(taking, str, str))
        self.structure = structure

    def read(self, document: Document) -> tuple[list[dict[str, Any]], Callable[[Any, str], Place]]:
        """The records with leaves, and what says where a text stands."""
        if document.root.tag != self.structure.root.tag:
            return [], lambda place, raw: Place(document.locate(), raw)
        records, _ = self.program.run(Watched(document.root))
        paths = element_paths(document.root)

        def place_of(place: tuple[Any, str], raw: str) -> Place:
            element, attribute = place
            path = paths[element] + (f"/@{attribute.rpartition('}')[2]}" if attribute else "")
            line = document.line + element.sourceline - 1 if element.sourceline else document.line
            return Place(Position(interchange=document.interchange, message=document.ordinal, line=line, path=path), raw.strip())

        return records, place_of
