"""Running the generated writers of XML maps: records → the document's root element, and what could not be written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from lxml import etree

from edi_bridge.finding import Finding, found, printable
from edi_bridge.interchange import Position
from edi_bridge.mapping import functions
from edi_bridge.mapping.emit import Bad, Memo
from edi_bridge.mapping.plan import MapPlan, ValuePlan
from edi_bridge.mapping.resolve_xml import refuse_unfit_rules
from edi_bridge.mapping.write_plan import Places, Shape
from edi_bridge.mapping.xml_fields import NO_CURRENCY
from edi_bridge.mapping.xml_own_list import parts
from edi_bridge.mapping.xml_read_plan import beside_kind
from edi_bridge.mapping.xml_write_code import XmlWriter
from edi_bridge.mapping.xml_write_plan import XmlWritePlanner
from edi_bridge.mapping.xml_written_back import WrittenBack, without
from edi_bridge.record import unnumbered
from edi_bridge.structure_xml import XmlStructure

Record = dict[str, Any]
Note = tuple[str, int, str, Any, str]  # kind, rule, path in the record, value, sentence
Node = tuple[str, dict[str, str] | None, str, Sequence[Any]]  # tag, attributes, text, nodes inside

ROUNDS = 8  # of writing without what would not come back; mostly one, seldom two

# What XML 1.0 (2.2, production 2) has no way to write, not even as a character reference.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlWriteProgram:
    """A map's generated writer for XML documents.

    Raises ConfigFault for rules that do not fit XML (`refuse_unfit_rules`).
    """

    def __init__(self, plan: MapPlan, structure: XmlStructure):
        refuse_unfit_rules(plan)
        self.plan = plan
        self.structure = structure
        planner = XmlWritePlanner(plan, structure)
        planner.build()
        generator = XmlWriter(planner, structure)
        self._text = generator.source()
        self._by_number = {value.number: value for value in plan.values()}
        self._converters = {value.number: Memo(_Converter(value), False) for value in plan.values()}
        self._back = WrittenBack(plan, structure)
        self._namespaces = _namespaces(planner.tags, structure)
        space: dict[str, Any] = {"Bad": Bad, "E": {}, "ROOM": _room, "SHAPE": _shape, "MERGE": _merge, "PARTS": parts, **generator.code.constants,
                                 **{f"W{number}": memo for number, memo in self._converters.items()}}
        exec(compile(self._text, f"<map {plan.spec.name}, writing>", "exec"), space)  # our own generated text
        self._write: Callable[[Any, _State], Any] = space["message" if plan.records else f"w{plan.root.number}"]

    def source(self) -> str:
        """The generated Python, for people."""
        return self._text

    def write(self, records: Sequence[Record]) -> tuple[Any, list[Finding]]:
        """The root element (lxml) of one document from its records, elements in the schema's order, and what could not
        be written: what is written is read again, and what would not come back is left out with a finding."""
        listed: dict[tuple[str, str], Note] = {}
        for _ in range(ROUNDS):
            root, state = self._once(records)
            listed |= {(note[0], note[2]): note for note in state.notes if (note[0], note[2]) not in listed}
            losses = self._back.losses(records, root, {note[2] for note in listed.values()})
            if not any(losses):
                break
            listed |= {("cannot_write", path): ("cannot_write", 0, path, value, state.reason(path, back))
                       for lost in losses for path, value, back in lost}
            records = [without(record, {path for path, _, _ in lost}) for record, lost in zip(records, losses, strict=True)]
        return root, [self._finding(note) for note in listed.values()]

    def _once(self, records: Sequence[Record]) -> tuple[Any, _State]:
        state = _State(self._converters)
        node = self._write({"": records} if self.plan.records else records[0], state)
        attributes, text, nodes = node or (None, "", ())
        root = etree.Element(self.structure.root.tag, attributes or {}, self._namespaces)
        root.text = text or None
        _grow(root, nodes)
        return root, state

    def _finding(self, note: Note) -> Finding:
        kind, number, path, value, text = note
        plan = self._by_number.get(number)
        where = f"{path} ({plan.sources[plan.writes_to].words}, {plan.rule.origin})" if plan and plan.sources else path
        shown = "" if value is None or isinstance(value, dict | list) else str(value)
        return found(kind, Position(path=path), shown, f"{where}: {text}" if where else text)


class _State:
    """What one document collects while it is written; `stack` says which item of which list is at work, `first` with which
    number its own list begins."""

    __slots__ = ("converters", "currency", "first", "notes", "reasons", "stack", "tax_currency")

    def __init__(self, converters: dict[int, Memo]):
        self.notes: list[Note] = []
        self.reasons: list[tuple[str, str, frozenset[str]]] = []  # item at work, why, of which fields
        self.stack: list[tuple[str, int]] = []
        self.first = 1
        self.currency = self.tax_currency = ""
        self.converters = converters

    def counted(self) -> int:
        """The number of the first item of an element's own list."""
        first, self.first = self.first, 1
        return first

    def _say(self, kind: str, target: Sequence[str], text: str, number: int = 0, value: Any = None) -> None:
        above = [f"{name}[{n - 1}]" for name, n in self.stack if name]  # items from 0, as everywhere in records
        self.notes.append((kind, number, ".".join([*above, *target]), value, text))

    def bad(self, number: int, target: Sequence[str], value: Any, bad: Bad) -> None:
        self._say("cannot_write" if bad.value is None else "field_not_carried", target, bad.note, number, value)

    def elsewhere(self, number: int, target: Sequence[str], value: Any, values: Sequence[str], only: bool) -> None:
        """A text that the path's own test would not let through when it is read back."""
        listed = ", ".join(text or '""' for text in values)
        self._say("cannot_write", target, f"only {listed} is read back here" if only else f"{listed} would be read back as another field",
                  number, value)

    def blanks(self, number: int, target: Sequence[str], value: str) -> None:
        """A text of several lines, of which one begins or ends with white space."""
        self._say("cannot_write", target, "white space at the ends of its lines would get lost", number, value)

    def missing(self, target: Sequence[str]) -> None:
        self._say("required_missing", target, "the message needs it and the record does not have it")

    def fixed(self, target: Sequence[str], value: Any, wanted: Any) -> None:
        self._say("cannot_write", target, f"this map writes only {wanted}", 0, value)

    def not_carried(self, target: Sequence[str], record: Record, known: frozenset[str]) -> None:
        for name in record:
            if name not in known:
                self._say("field_not_carried", (*target, name), "the message has no place for it in this map")

    def no_place(self, name: str, number: int) -> None:
        self._say("field_not_carried", (f"{name}[{number - 1}]",), "no place of this list is meant for such an item")

    def nothing(self, name: str, number: int) -> None:
        self._say("cannot_write", (f"{name}[{number - 1}]",), "it has no value that stands in the message, and so gets no element")

    def gap(self, name: str, number: int, fields: frozenset[str]) -> None:
        self.because(f"{name} number {number} cannot stand without the one before it", fields)

    def no_room(self, name: str, most: int, fields: frozenset[str]) -> None:
        self.because(f"{name} may stand here {'once' if most == 1 else f'{most} times'}; the others are left out", fields)

    def alone(self, name: str, fields: frozenset[str]) -> None:
        """What only qualifies a value (its unit) has none to stand beside."""
        self.because(f"{name} cannot stand without a value", fields)

    def because(self, text: str, fields: frozenset[str]) -> None:
        """Why a field (dotted, in the item at work) will not come back, whichever of these it is."""
        self.reasons.append((".".join(f"{name}[{n - 1}]" for name, n in self.stack if name), text, fields))

    def reason(self, path: str, back: Any) -> str:
        """Why a field does not come back."""
        for place, text, fields in self.reasons:
            inside = unnumbered(path[len(place):]).lstrip(".")
            if path.startswith(place) and any(f"{inside}.".startswith(f"{one}.") or f"{one}.".startswith(f"{inside}.") for one in fields):
                return text
        return "the message has no room for it beside the record's other fields" if back is None else f"it would be read again as {back}"

    def common(self, number: int, record: Any, path: str) -> Any:
        """The value that all items of a list agree on; where they do not, the first one's: the others will not come back."""
        given = list(functions.values(record, path))
        other = next((value for value in given if value != given[0]), None)
        if other is not None:
            self.because(f"{path.strip('.')} stands once in the message, but the items differ ({given[0]})", frozenset({path.strip(".")}))
        return given[0] if given else None

    def code(self, number: int, value: Any) -> str:
        """The text of a currency or unit to be filled in; '' when there is none or it cannot be written."""
        if value is None:
            return ""
        text = self.converters[number][value] if number in self.converters else _safe(str(value))
        return "" if isinstance(text, Bad) or not text else text if isinstance(text, str) else text[0]

    def money(self, number: int, target: Sequence[str], field: str) -> str:
        """The currency for an amount, from that field of the head."""
        currency: str = getattr(self, field)
        if not currency:
            self._say("cannot_write", target, NO_CURRENCY.format(field.replace("_", " ")), number)
        return currency

    def call(self, text: str, record: Record, path: str) -> str:
        """A constant or the result of a named function; `$currency` is that of the record's head, for what stands in its lists."""
        called = functions.call(text, record)
        safe = _safe(self.currency if called == "$currency" else called)
        if isinstance(safe, Bad):
            self._say("cannot_write", (path,), safe.note)
            return ""
        return safe


class _Converter:
    """value → text (a tuple, where the codec writes several places), or Bad."""

    def __init__(self, plan: ValuePlan):
        self.plan = plan
        self.single = not plan.convert.aux or bool(beside_kind(plan))

    def __call__(self, value: Any) -> Any:
        written = self.plan.convert.write(Decimal(value) if self.plan.convert.type == "decimal" else value, ".")
        if isinstance(written, Bad):  # the code of a broader value stands alone
            return written if self.single or written.value is None else written._replace(value=(written.value, *[""] * len(self.plan.convert.aux)))
        texts = [_safe(text) for text in (written[:1] if self.single else written)]
        wrong = next((text for text in texts if isinstance(text, Bad)), None)
        return wrong if wrong is not None else texts[0] if self.single else tuple(texts)


def _safe(text: str) -> Any:
    """The text, or Bad when a character in it cannot stand in XML 1.0."""
    match = _IMPOSSIBLE.search(text)
    if match is None:
        return text
    return Bad("cannot_write", f"{printable(text)} holds the character U+{ord(match.group()):04X}, which XML 1.0 cannot hold")


def _shape(item: Record, shapes: Sequence[Shape]) -> int:
    """Where an item of a list of several shapes is written; -1 where no place is meant for it."""
    return Places(tuple(shapes)).of(item)


def _merge(nodes: list[Node], extra: Node, order: Sequence[str]) -> None:
    """Put an element's content into the first item of the list that has the same children already, else the first item."""
    tag, attributes, text, inside = extra
    names = {node[0] for node in inside}
    items = [n for n, node in enumerate(nodes) if node[0] == tag]
    if not items:
        nodes.append(extra)  # called where the list ends, so this is its place
        return
    n = next((n for n in items if names <= {node[0] for node in nodes[n][3]}), items[0])
    own = nodes[n]
    there = {node[0] for node in own[3]}
    below = sorted([*own[3], *(node for node in inside if node[0] not in there)], key=lambda node: order.index(node[0]))
    nodes[n] = (tag, {**(attributes or {}), **(own[1] or {})} or None, own[2] or text, below)


def _room(nodes: list[Node], tag: str, name: str, most: int, fields: frozenset[str], state: _State) -> None:
    """Take out what there is no room for, with a finding."""
    same = [n for n, node in enumerate(nodes) if node[0] == tag]
    if len(same) > most:
        state.no_room(name, most, fields)
        for n in reversed(same[most:]):
            del nodes[n]


def _grow(parent: Any, nodes: Sequence[Node]) -> None:
    for tag, attributes, text, below in nodes:
        element = etree.SubElement(parent, tag, attributes)
        if text:
            element.text = text
        if below:
            _grow(element, below)


def _namespaces(tags: set[str], structure: XmlStructure) -> dict[str | None, str]:
    """The prefixes that the document declares: those of the structure whose names it may use."""
    used = {tag[1:].partition("}")[0] for tag in tags if tag.startswith("{")}
    return {prefix or None: uri for prefix, uri in structure.prefixes.items() if uri in used}
