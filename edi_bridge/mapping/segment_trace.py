"""The traced reading of segment messages (EDIFACT, X12): every text knows its segment, element, repetition and component."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from edi_bridge.interchange import Delimiters, Message, Position, inner_span, unmask
from edi_bridge.mapping.field_trace import Cell, FieldWatch, Place, cleaner, traced_plan
from edi_bridge.mapping.plan import MapPlan
from edi_bridge.mapping.reading import SegmentProgram
from edi_bridge.structure import Node, Structure


class At(NamedTuple):
    """Segment from 0; element, component and repetition from 1, 0 for none."""

    segment: int
    element: int
    component: int = 0
    repetition: int = 0


class SegmentCell(Cell):
    """A text of a message that is cut as the message's delimiters say."""

    repeats: str  # the repetition separator

    @classmethod
    def cut(cls, text: str, at: At, repeats: str) -> SegmentCell:
        """The text at a place."""
        made = cls(text)
        made.places, made.repeats = {at: text}, repeats
        return made

    def split(self, separator: str | None = None, limit: Any = -1) -> list[str]:  # type: ignore[override]
        """Into repetitions by the repetition separator, else into components."""
        (at,) = self.places
        name = "repetition" if separator and separator == self.repeats else "component"
        return [SegmentCell.cut(part, at._replace(**{name: number}), self.repeats)
                for number, part in enumerate(str.split(self, separator, limit), 1)]

    def __contains__(self, part: object) -> bool:
        """Asked only for masks and release characters: they are turned back where the text is converted, with its place
        still known."""
        return False


class SegmentTrace:
    """A map's reader over cells. One per map."""

    def __init__(self, plan: MapPlan, structure: Structure):
        self.structure = structure
        self.taking = frozenset(value.number for value in plan.values() if value.convert.plain)
        self.program = SegmentProgram(traced_plan(plan), structure)
        self._last: tuple[Delimiters, dict[str, Any]] | None = None  # messages that come together have the same delimiters

    def _space(self, delimiters: Delimiters) -> dict[str, Any]:
        """The generated functions for these delimiters, with what watches them."""
        if self._last is None or self._last[0] != delimiters:
            clean = cleaner(delimiters)
            watch = FieldWatch(self.taking, lambda text: clean(text.strip()), clean)
            self._last = delimiters, self.program.space(delimiters, True, watch)
        return self._last[1]

    def read(self, message: Message) -> tuple[list[dict[str, Any]], Callable[[Any, str], Place]]:
        """The records with leaves, and what says where a cell stands."""
        delimiters = message.delimiters
        space = self._space(delimiters)
        segments: list[list[str]] = [
            [elements[0], *(SegmentCell.cut(text, At(s, e), delimiters.repetition) for e, text in enumerate(elements[1:], 1))]
            for s, elements in enumerate(message.segments)]
        walked, records, _ = self.program.run(segments, delimiters, space)
        nodes = self.structure.places(walked.root)

        def place_of(at: At, raw: str) -> Place:
            return Place(self._position(message, at, nodes.get(at.segment)), unmask(raw, delimiters))

        return records, place_of

    def _position(self, message: Message, at: At, node: Node | None) -> Position:
        position = located(message, at)
        if node is None:
            return position
        path, ident = guide_path(self.structure, node, at.element, at.component)
        return replace(position, path=path, id=ident)


def located(message: Message, at: At) -> Position:
    """The position with its bytes, down to one of several repetitions."""
    if not at.repetition:
        return message.locate(at.segment + 1, at.element, at.component or None)
    whole = message.locate(at.segment + 1, at.element)
    position = replace(whole, component=at.component or None, repetition=at.repetition)
    if whole.offset is None or whole.length is None:
        return position
    start = whole.offset - message.offset
    inside = replace(message.delimiters, element=message.delimiters.repetition)
    start, end = inner_span(
        message.raw, start, start + whole.length, at.repetition - 1, at.component or None, inside, message.encoding
    )
    return replace(position, offset=message.offset + start, length=end - start)


def guide_path(structure: Structure, node: Node, element: int, component: int = 0) -> tuple[str, str | None]:
    """(`SG25/QTY/C186.6060`, `6060`); X12 elements and components by position, in two digits each as
    X12 names places: (`{PO1}/PO1/02`, `330`), (`{PO1}/PO1/03.01`, `355`)."""
    above = node.path
    defined = structure.segments[node.name].elements
    if not 0 < element <= len(defined):
        return f"{above}/{element:02}" if element else above, None
    one = defined[element - 1]
    part = one.components[component - 1] if 0 < component <= len(one.components) else None
    if structure.key.startswith("x12"):
        return f"{above}/{element:02}" + (f".{component:02}" if part else ""), (part or one).id
    return f"{above}/{one.id}" + (f".{part.id}" if part else ""), (part or one).id


__all__ = ["At", "Delimiters", "SegmentTrace", "guide_path", "located"]
