"""Where each field of a record comes from: rule, place, raw text, conversions.

The readers that read every day are run once more, over texts that know their place: a `Cell` is a text of the message
that keeps its place when it is cut or stripped, and a conversion leaves a `Leaf` in the record, which knows the rule and
the cells it was made of. So the trace cannot differ from what `read` does, and `read` itself is not touched: the traced
program is built from the same plan when it is first asked for, with plain texts converted and defaults marked.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import Any

from edi_bridge.interchange import AnyMessage, Delimiters, Position, unmask
from edi_bridge.mapping.effective import layer_of
from edi_bridge.mapping.emit import Bad, Memo
from edi_bridge.mapping.mapfile import MapSpec, Origin, Rule
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.record import leaves

Record = dict[str, Any]

READ, DEFAULT, CONSTANT = "read", "default", "constant"


@dataclass(frozen=True, slots=True)
class Place:
    """A text of the message and where it stands. `raw` is what a person sees: without release characters."""

    position: Position
    raw: str


@dataclass(frozen=True, slots=True)
class Traced:
    """One field of a record and what made it.

    `record` counts the message's records from 0; `path` is the field in it (`lines[2].quantity`, items from 0). `how` is
    read, default or constant; a default or constant has no places. `places` are several where one text was made of them
    (free text); `beside` what the conversion looked at besides (a date's format code). `codec` is the conversion in the
    map's words, `codes` the row of the code table that was used (`unit: PCE → EA`). `origin` is the rule's place, `layer` says
    which of the map's files that is.
    """

    record: int
    path: str
    value: Any
    how: str
    rule: Rule
    origin: Origin
    layer: str
    places: tuple[Place, ...] = ()
    beside: tuple[Place, ...] = ()
    codec: str = ""
    codes: str = ""
    number: int = 0  # of the rule in the map's plan

    @property
    def where(self) -> str:
        """`mappings/order.edifact-d96a.yaml:41:3`: the rule's place."""
        return f"{self.origin.file}:{self.origin.line}:{self.origin.column}"

    def conversions(self) -> str:
        """What was done to the raw text, in words: `date(2379), order_type: 220 → order`."""
        return ", ".join(part for part in (self.codec, self.codes) if part)


class Cell(str):
    """A text of the message that knows where it stands: place → the text there (what a place is, is its backend's).
    Cutting, stripping and joining keep it."""

    places: dict[Any, str]

    @classmethod
    def of(cls, text: str, places: dict[Any, str]) -> Cell:
        """The text, made of those at these places."""
        made = cls(text)
        made.places = places
        return made

    @classmethod
    def at(cls, text: str, place: Any) -> Cell:
        """The text at one place."""
        return cls.of(text, {place: text})

    def strip(self, chars: str | None = None) -> Cell:
        """The same place: white space around belongs to it."""
        return Cell.of(str.strip(self, chars), self.places)

    def __add__(self, other: str) -> Cell:
        """Joined texts have the places of both."""
        places = dict(self.places)
        for place, text in getattr(other, "places", {}).items():
            places[place] = places.get(place, "") + text
        return Cell.of(str.__add__(self, other), places)

    def __radd__(self, other: str) -> Cell:
        """A plain text in front has no place."""
        return Cell.of(other + str(self), self.places)


@dataclass(frozen=True, eq=False, slots=True)
class Leaf:
    """A value in a traced record: what `read` would have put there, the rule, and the cells it was made of. It compares as
    its value, for the conditions of other rules."""

    value: Any
    number: int
    cells: tuple[Any, ...] = ()
    beside: tuple[Any, ...] = ()
    how: str = READ

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, Leaf) else other))

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return repr(self.value)  # generated code holds the head's default currency in this form

    def __str__(self) -> str:
        return f"{self.value} by rule {self.number}"  # equal defaults of two rules are two constants of generated code


class LeafMemo:
    """Stands for a conversion: M7[text] or M7[text, beside] gives a Leaf. `plain` says what is done instead of `memo` where
    the rule only takes the text."""

    def __init__(self, number: int, memo: Memo, plain: Callable[[str], str] | None):
        self.number, self.memo, self.plain = number, memo, plain

    def __getitem__(self, key: Any) -> Any:
        texts = key if isinstance(key, tuple) else (key,)
        if self.plain is not None:
            value: Any = self.plain(str(texts[0])) or None
        else:
            value = self.memo[tuple(map(str, texts)) if isinstance(key, tuple) else str(key)]
        if value is None or value == "":
            return None
        if value.__class__ is Bad:
            return value if value.value is None else Bad(value.kind, value.note, self._leaf(value.value, texts))
        return self._leaf(value, texts)

    def _leaf(self, value: Any, texts: tuple[Any, ...]) -> Leaf:
        return Leaf(value, self.number, texts[:1], tuple(text for text in texts[1:] if text))


class FieldWatch:
    """Watches a whole message being read. `plain` gives what the day's reader makes of the text of a rule that only takes it;
    `taking` are the numbers of those rules; `clean` turns a text into what a person sees."""

    def __init__(self, taking: frozenset[int], plain: Callable[[str], str], clean: Callable[[str], str]):
        self.taking, self.plain, self.clean = taking, plain, clean

    def memo(self, value: ValuePlan, memo: Memo) -> LeafMemo:
        """The conversion that leaves a Leaf."""
        return LeafMemo(value.number, memo, self.plain if value.number in self.taking else None)

    def text(self, value: ValuePlan) -> Callable[[list[list[str]]], list[Leaf]]:
        """Free text that knows the segments of each of its texts."""
        read = value.convert.read

        def leaves(segments: list[list[str]]) -> list[Leaf]:
            cleaned = [[self.clean(str(part)) for part in parts] for parts in segments]
            listed, at = [], 0
            for text in read(cleaned):
                ends = range(at + 1, len(segments) + 1)
                end = next((end for end in ends if read(cleaned[at:end]) == [text]), 0)
                mine, at = (segments[at:end], end) if end else (segments, at)
                listed.append(Leaf(text, value.number, tuple(part for parts in mine for part in parts if part)))
            return listed

        return leaves

    def numbers(self, use: ScopeUse, listed: Callable[[list[str]], list[str]]) -> Callable[[list[str]], list[Leaf]]:
        """Each number of a range knows the ends it was counted from."""
        def leaves(parts: list[str]) -> list[Leaf]:
            ends = [part for part in parts if part]
            made = listed(list(map(str, parts)))
            if made == ends:
                return [Leaf(number, use.number, (end,)) for number, end in zip(made, ends, strict=True)]
            return [Leaf(number, use.number, tuple(ends)) for number in made]

        return leaves


def traced_plan(plan: MapPlan) -> MapPlan:
    """The plan with plain texts converted like all others, and defaults and constants that know their rule."""
    scopes = {
        id(scope): ScopePlan(scope.number, scope.scope, required=scope.required, order=scope.order) for scope in plan.scopes
    }
    for scope in plan.scopes:
        made = scopes[id(scope)]
        made.values = [_traced_value(value) for value in scope.values]
        made.uses = [replace(use, item=scopes[id(use.item)]) for use in scope.uses]
    return replace(plan, root=scopes[id(plan.root)], message=scopes[id(plan.message)], scopes=tuple(scopes.values()))


def _traced_value(value: ValuePlan) -> ValuePlan:
    constant, default = value.constant, value.default
    if constant is not None and not value.sources:
        constant = Leaf(constant, value.number, how=CONSTANT)
    if default is not None:
        default = Leaf(default, value.number, how=DEFAULT)
    return replace(value, convert=replace(value.convert, plain=False), default=default, constant=constant)


class FieldTrace:
    """A map's traced reader. `backend` is `segment_trace`, `xml_trace` or `sheet_trace`'s: it reads a message into records
    with leaves, and says where a cell stands."""

    def __init__(self, plan: MapPlan, backend: Any):
        self.spec: MapSpec = plan.spec
        self.backend = backend
        self._by_number: dict[int, Any] = {one.number: one for scope in plan.scopes for one in scope.rules()}

    def trace(self, message: AnyMessage, only: Container[tuple[int, str]] | None = None) -> list[Traced]:
        """Every field of every record, in the records' order; `only` these: (record, path)."""
        records, place_of = self.backend.read(message)
        return [self._traced(number, path, leaf, place_of) for number, record in enumerate(records) for path, leaf in leaves(record)
                if only is None or (number, path) in only]

    def _traced(self, record: int, path: str, leaf: Leaf, place_of: Callable[[Any, str], Place]) -> Traced:
        plan = self._by_number[leaf.number]
        codec, codes = "", ""
        if isinstance(plan, ValuePlan) and leaf.how == READ:
            codec = "" if plan.convert.plain else (plan.convert.codec.name if plan.convert.codec else "")
            codes = _row(plan, leaf, place_of) if plan.rule.codes is not None else ""
        expand = None if isinstance(plan, ValuePlan) else plan.rule.expand
        origin = plan.rule.origin if expand is None else expand.origin
        return Traced(
            record,
            path,
            leaf.value,
            leaf.how,
            plan.rule,
            origin,
            layer_of(self.spec, origin.file),
            _places(leaf.cells, place_of),
            _places(leaf.beside, place_of),
            "" if codec == "text" else codec,
            codes,
            leaf.number,
        )


def _places(cells: tuple[Any, ...], place_of: Callable[[Any, str], Place]) -> tuple[Place, ...]:
    return tuple(place_of(place, text) for cell in cells for place, text in getattr(cell, "places", {}).items())


def _row(plan: ValuePlan, leaf: Leaf, place_of: Callable[[Any, str], Place]) -> str:
    """The row of the code table that turned their code into ours."""
    name = plan.rule.codes if isinstance(plan.rule.codes, str) else "codes"
    raw = " ".join(place.raw for place in _places(leaf.cells, place_of))
    table, codec = plan.convert.table, plan.convert.codec
    theirs = raw.strip()
    if codec is not None and codec.type == "text" and codec.name != "text":
        theirs = str(codec.read(theirs))
    kept = table is not None and theirs not in table.reads
    return f"{name}: {theirs} is in no row, kept" if kept else f"{name}: {theirs} → {leaf.value}"


def untraced(value: Any) -> Any:
    """A traced record as `read` gives it."""
    if isinstance(value, dict):
        return {name: untraced(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [untraced(inner) for inner in value]
    return value.value if isinstance(value, Leaf) else value


def cleaner(delimiters: Delimiters) -> Callable[[str], str]:
    """Turns a masked text into what a person sees."""
    return lambda text: unmask(text, delimiters)


__all__ = [
    "CONSTANT",
    "DEFAULT",
    "READ",
    "Cell",
    "FieldTrace",
    "FieldWatch",
    "Leaf",
    "Place",
    "Traced",
    "cleaner",
    "traced_plan",
    "untraced",
]
