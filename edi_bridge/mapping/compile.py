"""A map made ready to run, whatever it reads: one class in front of the backends for segments, XML and rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import AnyMessage, Delimiters, Message, Position
from edi_bridge.mapping.field import holds
from edi_bridge.mapping.lookup import NOTHING, Get, Lookups, Miss, looked_up
from edi_bridge.mapping.mapfile import MapSpec
from edi_bridge.mapping.plan import MapPlan, Planner, TableLoader

if TYPE_CHECKING:
    from edi_bridge.mapping.field_trace import Traced
    from edi_bridge.mapping.lookup_place import KeyPlaces

Record = dict[str, Any]


class CompiledMap:
    """Reads messages into records and writes records as messages.

    `structure` is the message's tree: a `structure.Structure` for edifact and x12, a `structure_xml.XmlStructure` for
    xml; csv and fixed have none, their layout stands in the map. Nothing is generated before it is first needed.
    Raises ConfigFault with every rule that does not fit the structure.
    """

    def __init__(self, spec: MapSpec, structure: Any, tables: TableLoader):
        self.spec = spec
        self.name = spec.name
        self.record = spec.record
        self.standard = spec.message.partition("/")[0]
        self.structure = structure
        self.plan: MapPlan = Planner(spec, *self._backend(structure), tables).plan()
        self.lookups = Lookups(self.plan)
        self._reader: Any = None
        self._writer: Any = None
        self._tracer: Any = None
        self._keys: KeyPlaces | None = None

    def _backend(self, structure: Any) -> tuple[Any, Any]:
        """The resolver of paths, and the scope of the message's root."""
        if self.standard == "xml":
            from edi_bridge.mapping.resolve_xml import XmlResolver

            resolver = XmlResolver(structure, self.spec.prefixes)
            return resolver, resolver.root()
        if self.standard in ("csv", "fixed"):
            from edi_bridge.mapping.resolve_sheet import SheetResolver

            sheet = SheetResolver(self.spec)
            return sheet, sheet.root()
        from edi_bridge.mapping.resolve import Resolver, Scope

        return Resolver(structure), Scope(structure.root)

    @property
    def reader(self) -> Any:
        """The backend's reading program: `read(message) -> (records, findings)`."""
        if self._reader is None:
            if self.standard == "xml":
                from edi_bridge.mapping.xml_reader import XmlProgram

                self._reader = XmlProgram(self.plan, self.structure)
            elif self.standard in ("csv", "fixed"):
                from edi_bridge.mapping.sheet import SheetProgram

                self._reader = SheetProgram(self.plan)
            else:
                from edi_bridge.mapping.reading import SegmentProgram

                self._reader = SegmentProgram(self.plan, self.structure)
        return self._reader

    @property
    def writer(self) -> Any:
        """The backend's writing program: `write(records, …) -> (body, findings)`; the body is a list of wire segments,
        an lxml element, or rows."""
        if self._writer is None:
            if self.standard == "xml":
                from edi_bridge.mapping.xml_writer import XmlWriteProgram

                self._writer = XmlWriteProgram(self.plan, self.structure)
            elif self.standard in ("csv", "fixed"):
                from edi_bridge.mapping.sheet_writer import SheetWriteProgram

                self._writer = SheetWriteProgram(self.plan)
            else:
                from edi_bridge.mapping.writing import SegmentWriteProgram

                self._writer = SegmentWriteProgram(self.plan, self.structure)
        return self._writer

    def read(self, message: AnyMessage) -> tuple[list[Record], list[Finding]]:
        """The records of one message, and what was found while reading them."""
        return self.reader.read(message)

    def read_good(self, message: AnyMessage, pieces: Any) -> tuple[list[Record], list[Finding]] | None:
        """Like `read`, for a message that `pieces` (`mapping.template.Pieces`) hold against its guide on the way. None where
        anything is wrong with it, or where it must be checked and read each for itself."""
        read_good = getattr(self.reader, "read_good", None)
        return read_good(message, pieces) if read_good is not None else None

    def write(self, records: Sequence[Record], delimiters: Delimiters | None = None, encoding: str = "utf-8",
              policy: str = "error") -> tuple[Any, list[Finding]]:
        """The body of one message from its records (one record, unless the map says `records:`).

        `delimiters`, `encoding` and `policy` matter for segments only (see `SegmentWriteProgram.write`). A record that the
        map's own `when:` is not meant for is refused: nothing is written.
        """
        if not all(map(self.meant_for, records)):
            return [], [self.refusal()]
        if self.standard in ("edifact", "x12"):
            return self.writer.write(records, delimiters or Delimiters(), encoding, policy)
        return self.writer.write(records)

    @property
    def tracer(self) -> Any:
        """What reads with every text's place (`field_trace.FieldTrace`); made when first asked for."""
        if self._tracer is None:
            from edi_bridge.mapping.field_trace import FieldTrace

            backend: Any
            if self.standard == "xml":
                from edi_bridge.mapping.xml_trace import XmlTrace

                backend = XmlTrace(self.plan, self.structure)
            elif self.standard in ("csv", "fixed"):
                from edi_bridge.mapping.sheet_trace import SheetTrace

                backend = SheetTrace(self.plan)
            else:
                from edi_bridge.mapping.segment_trace import SegmentTrace

                backend = SegmentTrace(self.plan, self.structure)
            self._tracer = FieldTrace(self.plan, backend)
        return self._tracer

    def trace(self, message: AnyMessage, get: Get | None = None, on: str = "") -> list[Traced]:
        """Where every field of every record of a message comes from: its rule, place, raw text, conversions, and with `get` the
        rows of lookups (`on`: the message's day). The message is read once more for it; `read` pays nothing."""
        traced: list[Traced] = self.tracer.trace(message)
        return looked_up(traced, get, on) if get is not None and self.lookups else traced

    def ours(self, message: AnyMessage, records: list[Record], get: Get = NOTHING, on: str = "") -> tuple[list[Record], list[Finding]]:
        """The records that `read` gave, with our values in the place of the partner's keys (`lookup:`); a key that its table does
        not know is a finding at its place in the message."""
        if not self.lookups:
            return records, []
        made, misses = self.lookups.ours(records, get, on)
        places = self._key_places(message, misses) if misses else {}
        return made, [_missed(miss, places.get((miss.record, miss.path), Position(message=message.ordinal))) for miss in misses]

    def _key_places(self, message: AnyMessage, misses: Sequence[Miss]) -> dict[tuple[int, str], Position]:
        """Where the keys without an answer stand: (record, field) → position. Only what cannot be told at once is traced."""
        places: dict[tuple[int, str], Position] = {}
        if isinstance(message, Message):
            from edi_bridge.mapping.lookup_place import KeyPlaces

            self._keys = self._keys or KeyPlaces(self.plan, self.structure)
            places = self._keys.positions(message, misses)
        left = {(miss.record, miss.path) for miss in misses} - places.keys()
        traced = self.tracer.trace(message, left) if left else ()
        return {**places, **{(one.record, one.path): one.places[0].position for one in traced if one.places}}

    def theirs(self, records: Sequence[Record], get: Get = NOTHING, on: str = "", lossy: bool = False) -> tuple[list[Record], list[Finding]]:
        """Records for `write`, with the partner's keys in the place of our values; a value without a key is a finding, and left
        out if `lossy`."""
        if not self.lookups:
            return list(records), []
        made, misses = self.lookups.theirs(records, get, on, keep=not lossy)
        return made, [_unwritten(miss, 1 if self.plan.records else miss.record + 1) for miss in misses]

    def meant_for(self, record: Record) -> bool:
        """Whether the map's own `when:` holds for a record: only such records are written by it."""
        return not self.spec.when or holds(self.spec.when, record, ())

    def refusal(self) -> Finding:
        """Why a record that the map is not meant for is not written."""
        when = self.spec.when or {}
        wanted = ", ".join(f"{name}: {' or '.join(map(str, values))}" for name, values in when.items())
        return found("cannot_write", Position(path=next(iter(when), None)), note=f"the map {self.name} writes records with {wanted} only")

    def layout(self) -> Any:
        """The layout of a CSV or fixed-width map, as the reader of such files wants it."""
        return self.plan.root.scope.layout

    def fits_header(self, first: bytes) -> int:
        """How well a CSV's first line fits the layout: the number of its columns there, 0 when a required one is missing."""
        from edi_bridge.mapping.detect_sheet import fits

        return fits(self.layout(), first)

    def carries(self) -> set[str]:
        """The record fields that this map can hold, as dotted paths (`lines.quantity`)."""
        found: set[str] = set()

        def visit(scope: Any, prefix: str, seen: frozenset[int]) -> None:
            for value in scope.values:
                found.add(prefix + ".".join(value.target))
            for use in scope.uses:
                path = prefix + ".".join(use.target)
                if use.item.number not in seen:
                    visit(use.item, path + ".", seen | {use.item.number})
                if use.rule.expand_to:
                    found.add(f"{path}.{use.rule.expand_to}")

        visit(self.plan.root, "", frozenset({self.plan.root.number}))
        return found

    def folded(self, path: str) -> str:
        """The path as `carries` names it: items that hold items of their own kind (`recurse:`) stand there once, so that
        `packs.packs.items.batch` is `packs.items.batch`."""
        for above, name in self._nested():
            inner = f"{above}.{name}"
            while path == inner or path.startswith(inner + "."):
                path = above + path[len(inner):]
        return path

    def _nested(self) -> set[tuple[str, str]]:
        """(list, field of its items that nests the same rules), as paths: `("packs", "packs")`."""
        found: set[tuple[str, str]] = set()

        def visit(scope: Any, path: str, seen: frozenset[int]) -> None:
            for use in scope.uses:
                if use.item.number == scope.number:
                    found.add((path, ".".join(use.target)))
                elif use.item.number not in seen:
                    visit(use.item, ".".join((*path.split("."), *use.target)).lstrip("."), seen | {use.item.number})

        visit(self.plan.root, "", frozenset({self.plan.root.number}))
        return found


def _missed(miss: Miss, position: Position) -> Finding:
    where = position.path or (str(miss.rule.sources[0].path) if miss.rule.sources else miss.path)
    return found("missing_lookup", position, miss.key, f"{where}: {miss.answer.why}")


def _unwritten(miss: Miss, message: int) -> Finding:
    rule = miss.rule
    place = f"{rule.sources[0].path}, " if rule.sources else ""
    note = f"{miss.path} ({place}{rule.origin}): {miss.answer.why}"
    return found("cannot_write" if miss.answer.several else "missing_lookup", Position(message=message, path=miss.path), miss.key, note)
