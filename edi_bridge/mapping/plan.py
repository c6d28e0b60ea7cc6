"""Rules with their paths looked up and their conversions chosen: what the code generators work from.

A plan is a tree of scopes. A scope is one place from which relative paths start (the message, an instance of a list, an
object with its own place) and lists what to fill there. Objects without a place of their own are dissolved into the scope
around them; their fields keep the dotted target.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.finding import KINDS
from edi_bridge.mapping.codec import Bad, Codec, CodeTable, code_table, codec
from edi_bridge.mapping.mapfile import MapSpec, Rule, Source
from edi_bridge.mapping.path import PathError
from edi_bridge.yamltext import Problems

TableLoader = Callable[[str, str], CodeTable]  # (name, standard) → table


@dataclass(frozen=True, slots=True)
class Convert:
    """How a raw text becomes a record value and back; `aux` are the further places it uses. `plain`: only stripped."""

    read: Callable[..., Any]
    write: Callable[..., Any]
    type: str
    aux: tuple[str, ...] = ()
    plain: bool = False
    lossy: str = ""
    codec: Codec | None = None
    table: CodeTable | None = None


@dataclass(eq=False, slots=True)
class ValuePlan:
    """One value. `sources` are resolved paths (their class is the backend's), `aux[k]` those of the codec for source k."""

    number: int
    rule: Rule
    target: tuple[str, ...]
    sources: tuple[Any, ...]
    convert: Convert
    aux: tuple[tuple[Any, ...], ...] = ()
    default: Any = None
    constant: Any = None
    when: Mapping[str, tuple[Any, ...]] | None = None

    @property
    def writes_to(self) -> int:
        """The source that is written: the marked one, else the first."""
        marked = [k for k, source in enumerate(self.rule.sources) if source.write]
        return marked[0] if marked else 0


@dataclass(eq=False, slots=True)
class ScopeUse:
    """An object (`many` False) or list of the scope: where its instances are, and the scope inside."""

    number: int
    rule: Rule
    target: tuple[str, ...]
    sources: tuple[Any, ...]
    item: ScopePlan
    many: bool
    when: Mapping[str, tuple[Any, ...]] | None = None
    expand: Any = None


@dataclass(eq=False, slots=True)
class ScopePlan:
    """What is filled from one place. `scope` is the backend's."""

    number: int
    scope: Any
    values: list[ValuePlan] = field(default_factory=list)
    uses: list[ScopeUse] = field(default_factory=list)
    required: list[tuple[Rule, tuple[str, ...]]] = field(default_factory=list)
    order: list[tuple[str, ...]] = field(default_factory=list)  # targets in the record's order

    def rules(self) -> list[ValuePlan | ScopeUse]:
        """Everything that is filled here."""
        return [*self.values, *self.uses]


@dataclass(frozen=True, slots=True)
class MapPlan:
    """The whole map: `root` is the scope of one record, `records` the places of the records (empty: the message)."""

    spec: MapSpec
    root: ScopePlan
    message: ScopePlan  # the same as root unless the message holds many records
    records: tuple[Any, ...]
    scopes: tuple[ScopePlan, ...]
    writes: tuple[tuple[Any, str, Source], ...]

    def values(self) -> Iterator[ValuePlan]:
        """Every value rule of every scope."""
        for scope in self.scopes:
            yield from scope.values


class PlanFault(ConfigFault):
    """Rules that do not fit the structure. `plan` is what is left without them: nothing may run by it, but lint can look at the rest."""

    def __init__(self, problems: list[tuple[str, int, int, str]], plan: MapPlan):
        self.plan = plan
        super().__init__(problems)


class Planner:
    """Builds a plan. `resolver` has resolve(path, scope), inner_scope(resolved, scope) and aux(name, resolved, scope)."""

    def __init__(self, spec: MapSpec, resolver: Any, root_scope: Any, tables: TableLoader):
        self.spec = spec
        self.resolver = resolver
        self.tables = tables
        self.root_scope = root_scope
        self.problems = Problems(spec.file)
        self.scopes: list[ScopePlan] = []
        self.count = 0
        self._fragments: dict[tuple[str, Any], ScopePlan] = {}  # a party stands in a map ten times: planned once
        self.standard = spec.message.partition("/")[0]
        self.dialect = self.standard if self.standard != "xml" else spec.message.split("/")[1].split("-")[0]
        if self.standard == "fixed":
            self.dialect = "csv"  # the same files of our own making, only laid out in another way

    def plan(self) -> MapPlan:
        """The plan, or PlanFault with everything that does not fit."""
        message = self._new_scope(self.root_scope)
        records: tuple[Any, ...] = ()
        root = message
        if self.spec.records:
            records = tuple(filter(None, (self._resolve(source, self.root_scope) for source in self.spec.records)))
            if records:
                root = self._new_scope(self.resolver.inner_scope(records[0], self.root_scope))
        self._fill(root, self.spec.rules, ())
        writes = []
        for source, value in self.spec.writes:
            resolved = self._resolve(source, self.root_scope)
            if resolved is not None:
                writes.append((resolved, value, source))
        made = MapPlan(self.spec, root, message, records, tuple(self.scopes), tuple(writes))
        if self.problems.found:
            raise PlanFault(self.problems.found, made)
        return made

    def _new_scope(self, scope: Any) -> ScopePlan:
        made = ScopePlan(len(self.scopes), scope)
        self.scopes.append(made)
        return made

    def _fill(self, plan: ScopePlan, rules: tuple[Rule, ...], prefix: tuple[str, ...]) -> None:
        for rule in rules:
            target = (*prefix, rule.name)
            if rule.kind == "value":
                self._value(plan, rule, target)
            elif rule.kind == "object" and not rule.sources:
                plan.order.append(target)
                self._fill(plan, rule.rules, target)
            else:
                self._use(plan, rule, target)
            if rule.required:
                plan.required.append((rule, target))

    def _value(self, plan: ScopePlan, rule: Rule, target: tuple[str, ...]) -> None:
        convert = self._convert(rule)
        sources = tuple(filter(None, (self._resolve(source, plan.scope) for source in rule.sources)))
        if convert is None:  # the paths are looked up all the same: every mistake is said at once
            return
        if rule.take == "lines" and self.standard != "xml":
            self._say(rule.origin, f"{rule.name}: take: lines is for XML; a text over several segments is as: text(parts: …)")
        aux = []
        for resolved, source in zip(sources, rule.sources, strict=False):
            try:
                aux.append(tuple(self.resolver.aux(name, resolved, plan.scope) for name in convert.aux))
            except PathError as error:
                self._say(source.origin, f"{rule.name}, {rule.codec}: {error}")
                aux.append(())
        default, constant = self._typed(rule, "default", rule.default), self._typed(rule, "is", rule.constant)
        if len(sources) != len(rule.sources):
            return
        self.count += 1
        plan.values.append(ValuePlan(self.count, rule, target, sources, convert, tuple(aux), default, constant, rule.when))
        plan.order.append(target)

    def _use(self, plan: ScopePlan, rule: Rule, target: tuple[str, ...]) -> None:
        sources = tuple(filter(None, (self._resolve(source, plan.scope, rule.kind == "list") for source in rule.sources)))
        if not sources:
            return
        try:
            inner = self.resolver.inner_scope(sources[0], plan.scope)
            recursion = self.resolver.recursion(sources[0]) if rule.recurse else ()
        except PathError as error:
            self._say(rule.sources[0].origin, f"{rule.name}: {error}", error.column)
            return
        item = self._fragments.get((rule.fragment, inner)) if rule.fragment else None
        expand = self._resolve(rule.expand, inner) if rule.expand is not None else None
        if item is None:
            item = self._new_scope(inner)
            self._fill(item, rule.rules, ())
            self._fragments[(rule.fragment, inner)] = item
        if len(sources) != len(rule.sources):
            return
        self.count += 1
        use = ScopeUse(self.count, rule, target, sources, item, rule.kind == "list", rule.when, expand)
        plan.uses.append(use)
        plan.order.append(target)
        if rule.recurse:
            self.count += 1
            item.uses.append(ScopeUse(self.count, rule, (rule.recurse,), recursion, item, True, None, expand))
            item.order.append((rule.recurse,))

    def _resolve(self, source: Source, scope: Any, each: bool = False) -> Any:
        onward = [step for step in source.path.steps if step.onward]
        if onward and (not each or onward != [source.path.steps[-1]] or self.standard not in ("edifact", "x12")
                       or not (onward[0].name.startswith(("{", "SG")))):
            self._say(source.origin, f"{onward[0]}: a plus is for the groups or loops at the end of an each:", onward[0].column)
            return None
        try:
            return self.resolver.resolve(source.path, scope)
        except PathError as error:
            self._say(source.origin, f"the path {source.path}: {error}", error.column)
            return None

    def _convert(self, rule: Rule) -> Convert | None:
        try:
            one = codec(rule.codec or _DEFAULT_CODECS.get(rule.field.type, "text"), self.standard)
            if rule.codes is not None:
                spec = rule.codes
                table = self.tables(spec, self.dialect) if isinstance(spec, str) else code_table(spec, keep=rule.keep_unknown)
                if rule.keep_unknown and isinstance(spec, str):
                    table = replace(table, keep=True)
                return _coded(one, table, rule)
        except ValueError as error:
            self._say(rule.origin, f"{rule.name}: {error}")
            return None
        except ConfigFault as fault:  # the code table is not there, or has mistakes of its own
            for file, line, column, sentence in fault.problems:
                self._say(rule.origin, f"{rule.name}: {sentence}") if not file else self.problems.add((line, column), sentence, file)
            return None
        if not _fits(one.type, rule.field.type):
            self._say(rule.origin, f"{rule.name} is of type {rule.field.type}, but {one.name} gives {one.type}")
        return Convert(one.read, one.write, one.type, one.aux, one.name == "text", one.lossy, one)

    def _typed(self, rule: Rule, key: str, value: Any) -> Any:
        """A default or constant as the record holds it; what the field cannot hold is a mistake of the map."""
        if value is None:
            return None
        text = str(value)
        match rule.field.type:
            case "decimal" if _NUMBER.fullmatch(text):
                return Decimal(text)
            case "integer" if text.removeprefix("-").isdecimal():
                return int(text)
            case "boolean" if isinstance(value, bool):
                return value
            case "date" if _DATE.match(text):
                return text
            case "decimal" | "integer" | "boolean" | "date" as type_:
                self._say(rule.origin, f"{rule.name}: {key}: {text!r} is no {_TYPE_WORDS[type_]}")
                return None
        return text

    def _say(self, origin: Any, sentence: str, column: int = 0) -> None:
        self.problems.add((origin.line, origin.column + column), sentence, origin.file)


_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}(?![0-9])")  # records have days, times, weeks and periods, all of which begin with the year
_TYPE_WORDS = {"decimal": "number", "integer": "whole number", "boolean": "true or false", "date": "date like 2026-11-21"}
_DEFAULT_CODECS = {"decimal": "decimal", "integer": "integer", "boolean": "boolean"}


def _fits(given: str, wanted: str) -> bool:
    return given == wanted or {given, wanted} <= {"text", "code", "date"} and given in ("text", "code")


def _coded(one: Codec, table: CodeTable, rule: Rule) -> Convert:
    """A codec followed by a code table; the table works on the codec's text form."""

    def read(raw: str, *aux: str) -> Any:
        text = raw.strip() if plain else one.read(raw)
        if text is None or isinstance(text, Bad):
            return text
        ours = table.read(text)
        return ours if ours is None or isinstance(ours, Bad) else typed(ours)

    def write(value: Any, mark: str = ".") -> Any:
        theirs = table.write(format(value.normalize(), "f") if isinstance(value, Decimal) else value)
        if isinstance(theirs, Bad):
            return theirs if theirs.value is None or plain else theirs._replace(value=one.write(theirs.value)[0])
        return (theirs,) if plain else one.write(theirs)

    plain = one.type != "text" or one.name == "text"
    typed = {"boolean": bool, "decimal": Decimal, "integer": int}.get(rule.field.type, lambda ours: ours)

    return Convert(read, write, rule.field.type, codec=one, table=table)


def sentence_of(kind: str, plan: ValuePlan | ScopeUse) -> str:
    """What a reader's note says of a rule, where it says nothing more precise."""
    name = plan.rule.field.name
    return {
        "required_missing": f"{name} is required and is not there",
        "value_not_read": f"a second value for {name}; only the first is read",
        "alternatives_differ": f"another place for {name} says something else",
    }.get(kind) or KINDS[kind].sentence
