"""Lookups: a partner's keys ⇄ ours (article numbers, places of delivery), by tables that are handed in.

    theirs ─► map.read ─► record with their keys ─► `ours` ─► record
    record ─► `theirs` ─► record with their keys ─► map.write ─► theirs

The generated readers and writers know nothing of it: they convert and remember texts for all partners and all days, and a key
means something for one partner on one day. So the keys are exchanged in the finished record, and a map without a `lookup:` pays
nothing. No table is opened here: `Get` comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from edi_bridge.mapping.mapfile import Rule
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse
from edi_bridge.yamltext import Problems

if TYPE_CHECKING:
    from edi_bridge.mapping.field_trace import Traced

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: `ours` is what their key `theirs` means from `valid_from` to `valid_to` (ISO 8601, both included,
    '' open); '' : from then on it means nothing. `write` marks the one of several keys that is written; `place` says where the
    row stands, as a person finds it."""

    theirs: str
    ours: str
    valid_from: str = ""
    valid_to: str = ""
    write: bool = False
    place: str = ""

    def holds(self, on: str) -> bool:
        """Whether it is in force on a day; on an unknown day ('') every row is."""
        return not on or (self.valid_from <= on and (not self.valid_to or on <= self.valid_to))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a table says of one key: `value` and the row that says so, or why there is none."""

    value: str | None
    row: Row | None = None
    why: str = ""
    several: bool = False  # there is more than one answer, and none is marked


class Get(Protocol):
    """The tables of one partner."""

    def __call__(self, table: str, key: str, on: str, *, back: bool = False) -> Answer:
        """Our value for their key on a day (ISO 8601, '' unknown); with `back` their key for our value."""


class Layer:
    """The rows of one table from one source. A later row stands in for an earlier one of the same key from its own first day on."""

    def __init__(self, rows: Iterable[Row]):
        self._ours: dict[str, list[Row]] = {}
        self._theirs: dict[str, list[Row]] = {}
        for row in rows:
            self._ours.setdefault(row.theirs, []).append(row)
            if row.ours:
                self._theirs.setdefault(row.ours, []).append(row)

    def row(self, key: str, on: str) -> Row | None:
        """The row in force for their key: of several that hold, the one that began last; of two that began on one day, the later."""
        holding = [row for row in self._ours.get(key, ()) if row.holds(on)]
        return max(reversed(holding), key=lambda row: row.valid_from, default=None)

    def keys(self, ours: str) -> Iterator[str]:
        """Their keys that mean, or have meant, our value."""
        return iter(dict.fromkeys(row.theirs for row in self._theirs.get(ours, ())))


class Tables:
    """A `Get` over layers, the first that knows a key answers: the partner's own before those of all partners. `load` gives the
    layers of a table; each is loaded when it is first asked for."""

    def __init__(self, load: Callable[[str], Sequence[Layer]], whose: str = ""):
        self._load = load
        self._whose = whose
        self._layers: dict[str, Sequence[Layer]] = {}

    def __call__(self, table: str, key: str, on: str, *, back: bool = False) -> Answer:
        """See `Get`."""
        if table not in self._layers:
            self._layers[table] = self._load(table)
        layers = self._layers[table]
        if not layers:
            return Answer(None, why=f"there is no table {table}" + (f" for {self._whose}" if self._whose else ""))
        return self._back(table, layers, key, on) if back else self._ours(table, layers, key, on)

    def _ours(self, table: str, layers: Sequence[Layer], key: str, on: str) -> Answer:
        row = _first(layers, key, on)
        if row is not None and row.ours:
            return Answer(row.ours, row)
        why = f"the table {table} has no key {key}"
        if row is not None:
            return Answer(None, row, f"{why} any more: it ended on {row.valid_from or 'a day that is not known'}")
        if on and _first(layers, key, "") is not None:
            why += f" that is in force on {on}"
        return Answer(None, why=why)

    def _back(self, table: str, layers: Sequence[Layer], ours: str, on: str) -> Answer:
        """Only a key that would be read as the same value counts."""
        found = {row.theirs: row for layer in layers for key in layer.keys(ours)
                 if (row := _first(layers, key, on)) is not None and row.ours == ours}
        marked = [row for row in found.values() if row.write]
        rows = marked or list(found.values())
        if len(rows) == 1:
            return Answer(rows[0].theirs, rows[0])
        if rows:
            keys = ", ".join(sorted(row.theirs for row in rows)[:6]) + (", …" if len(rows) > 6 else "")
            return Answer(None, why=f"the table {table} has several keys for {ours} ({keys}); mark one of them with write", several=True)
        return Answer(None, why=f"the table {table} has no key of theirs for {ours}" + (f" on {on}" if on else ""))


def _first(layers: Sequence[Layer], key: str, on: str) -> Row | None:
    return next((row for layer in layers if (row := layer.row(key, on)) is not None), None)


NOTHING: Get = Tables(lambda _: ())  # no tables at all


def day(text: Any) -> str:
    """The day of an ISO 8601 date or time; '' where there is none."""
    text = str(text or "")[:10]
    try:
        return text if text[4::3] == "--" and date.fromisoformat(text) else ""
    except ValueError:
        return ""


# --- what a map looks up -----------------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Miss:
    """A key without an answer: `path` is the field (`[1].lines[2].seller_item`, the record's number only where there are several)."""

    record: int
    path: str
    rule: Rule
    key: str
    answer: Answer


@dataclass(slots=True)
class _Step:
    """What is looked up in a record or in a part of it."""

    values: list[tuple[tuple[str, ...], Rule]] = field(default_factory=list)
    inside: list[tuple[tuple[str, ...], _Step]] = field(default_factory=list)


Exchange = Callable[[str, Rule, str], str | None]  # (key, rule, path) → what stands there instead


class Lookups:
    """The lookups of one map. ConfigFault where a record could not be exchanged as its rules say."""

    def __init__(self, plan: MapPlan):
        self.tables = tuple(dict.fromkeys(value.rule.lookup for scope in plan.scopes for value in scope.values if value.rule.lookup))
        self._root = _steps(plan)
        if self:
            _problems(plan).done()

    def __bool__(self) -> bool:
        """Whether the map looks anything up."""
        return bool(self._root.values or self._root.inside)

    def ours(self, records: Sequence[Record], get: Get, on: str) -> tuple[list[Record], list[Miss]]:
        """Records as they were read, with our values in the place of their keys, and the keys without one: their fields are
        left out. `on` is the message's day, for lookups that name no date of the record (or one that it lacks)."""
        return self._exchanged(records, get, on, back=False, keep=False)

    def theirs(self, records: Sequence[Record], get: Get, on: str, keep: bool = True) -> tuple[list[Record], list[Miss]]:
        """Records to be written, with their keys in the place of our values. A value without a key stays where it is (`keep`), or
        is left out. The records handed in are not changed."""
        return self._exchanged(records, get, on, back=True, keep=keep)

    def _exchanged(self, records: Sequence[Record], get: Get, on: str, *, back: bool, keep: bool) -> tuple[list[Record], list[Miss]]:
        made, misses = [], []
        for number, record in enumerate(records):
            def exchanged(key: str, rule: Rule, path: str, number: int = number, record: Record = record) -> str | None:
                answer = get(rule.lookup, key, _on(rule, record, on), back=back)
                if answer.value is not None:
                    return answer.value
                if rule.keep_unknown and not answer.several:
                    return key
                misses.append(Miss(number, path, rule, key, answer))
                return key if keep else None

            made.append(_walked(record, self._root, "", exchanged))
        return made, misses


def _on(rule: Rule, record: Mapping[str, Any], on: str) -> str:
    """The day on which a rule's table is asked."""
    value: Any = record
    for name in rule.lookup_on.split(".") if rule.lookup_on else ():
        value = value.get(name) if isinstance(value, Mapping) else None
    return (day(value) if rule.lookup_on else "") or day(on)


def looked_up(traced: Sequence[Traced], get: Get, on: str) -> list[Traced]:
    """A trace with our values and the rows that gave them: `items: 4711 → A-100 (partners/elbe.items.csv:3)`."""
    days: dict[tuple[int, str], Any] = {(one.record, one.path): one.value for one in traced}
    made = []
    for one in traced:
        rule = one.rule
        if rule.lookup and rule.kind == "value":
            asked = (day(days.get((one.record, rule.lookup_on))) if rule.lookup_on else "") or day(on)
            value, words = _row(rule, str(one.value), get(rule.lookup, str(one.value), asked))
            one = replace(one, value=value, codes=", ".join(filter(None, (one.codes, words))))
        made.append(one)
    return made


def _row(rule: Rule, key: str, answer: Answer) -> tuple[str | None, str]:
    """(our value, the row in words)."""
    if answer.value is not None:
        return answer.value, f"{rule.lookup}: {key} → {answer.value}" + (f" ({answer.row.place})" if answer.row and answer.row.place else "")
    return (key, f"{rule.lookup}: {key} is in no row, kept") if rule.keep_unknown else (None, answer.why)


def _walked(record: Record, step: _Step, path: str, exchanged: Exchange) -> Record:
    """A copy of the record, as deep as something is looked up in it."""
    made = dict(record)
    for target, rule in step.values:
        _put(made, target, partial(_key, rule=rule, path=path + ".".join(target), exchanged=exchanged))
    for target, inner in step.inside:
        _put(made, target, partial(_part, step=inner, path=path + ".".join(target), exchanged=exchanged))
    return made


def _key(value: Any, rule: Rule, path: str, exchanged: Exchange) -> Any:
    return exchanged(value, rule, path) if isinstance(value, str) else value


def _part(value: Any, step: _Step, path: str, exchanged: Exchange) -> Any:
    """An object or list with what is looked up inside it."""
    if isinstance(value, list):
        return [_walked(one, step, f"{path}[{number}].", exchanged) for number, one in enumerate(value)]
    return _walked(value, step, f"{path}.", exchanged) or None


def _put(record: Record, target: tuple[str, ...], changed: Callable[[Any], Any]) -> None:
    """Change one field of a record whose own dict may be changed; None takes it away, and the objects that it leaves empty."""
    name, *below = target
    value = record.get(name)
    if value is None:
        return
    if below:
        inner = dict(value)
        _put(inner, tuple(below), changed)
        value = inner or None
    else:
        value = changed(value)
    if value is None:
        del record[name]
    else:
        record[name] = value


def _steps(plan: MapPlan) -> _Step:
    """The lookups of a plan by the places of the record; parts without any are left out. Packs in packs lead back to
    themselves, so the steps are made first and connected then. Lists from places of several shapes look up the same
    (`_problems`), so the first stands for all."""
    made = {scope.number: _Step([(value.target, value.rule) for value in scope.values if value.rule.lookup]) for scope in plan.scopes}
    filled = _with_lookups(plan.scopes)
    for scope in plan.scopes:
        for target, uses in _by_target(scope).items():
            if uses[0].item.number in filled:
                made[scope.number].inside.append((target, made[uses[0].item.number]))
    return made[plan.root.number]


def _with_lookups(scopes: Sequence[ScopePlan]) -> set[int]:
    """The scopes in which, or below which, something is looked up."""
    filled = {scope.number for scope in scopes if any(value.rule.lookup for value in scope.values)}
    while more := {scope.number for scope in scopes if any(use.item.number in filled for use in scope.uses)} - filled:
        filled |= more
    return filled


def _by_target(scope: ScopePlan) -> dict[tuple[str, ...], list[ScopeUse]]:
    found: dict[tuple[str, ...], list[ScopeUse]] = {}
    for use in scope.uses:
        found.setdefault(use.target, []).append(use)
    return found


def _problems(plan: MapPlan) -> Problems:
    """What a finished record could not be exchanged by: items of one list that look up differently, and conditions on keys."""
    problems = Problems(plan.spec.file)

    def say(rule: Rule, sentence: str) -> None:
        problems.add((rule.origin.line, rule.origin.column), sentence, rule.origin.file)

    def lookups(scope: ScopePlan, seen: frozenset[int] = frozenset()) -> set[Any]:
        own = {(value.target, value.rule.lookup, value.rule.lookup_on, value.rule.keep_unknown) for value in scope.values if value.rule.lookup}
        below = {(use.target, *one) for use in scope.uses if use.item.number not in seen for one in lookups(use.item, seen | {scope.number})}
        return own | below

    for scope in plan.scopes:
        for uses in _by_target(scope).values():
            if any(lookups(use.item) != lookups(uses[0].item) for use in uses[1:]):
                say(uses[0].rule, f"{uses[0].rule.name}: all its places must have the same lookup:, since its items do not say where they came from")
        keys = {".".join(value.target) for value in scope.values if value.rule.lookup}
        for one in scope.rules():
            whens = [one.when, *(source.when for source in one.rule.sources)]
            for name, values in ((name, values) for when in whens for name, values in (when or {}).items()):
                if name.rstrip("!") in keys and values != (None,):
                    say(one.rule, f"when: {name.rstrip('!')} has a lookup:, so only whether it is there can be asked")
    for name in plan.spec.when or {}:
        if name in {".".join(value.target) for value in plan.root.values if value.rule.lookup}:
            problems.add((0, 0), f"when: {name} has a lookup:, so a record cannot be chosen by it", plan.spec.file)
    return problems
