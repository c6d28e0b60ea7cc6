"""A map's YAML → rules: layers merged, fragments put in, every mistake noted with its place.

No structure is known here: paths are parsed (`path.py`) but not yet looked up in a message (`resolve.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.mapping import functions
from edi_bridge.mapping.path import Path, PathError, parse
from edi_bridge.record import PARTS, RECORDS, SCALARS, Field, fields_of
from edi_bridge.yamltext import Block, Items, Mark, Problems

MAP_KEYS = ("map", "about", "extends", "message", "record", "when", "records", "prefixes", "layout",
            "fields", "writes", "tests")
SHAPES = {  # what a key of a map, or of one of its rules, must hold
    "fields": (Block, "fields, one a line"), "writes": (Block, "paths and what is written there"), "records": (Block, "{each: …}"),
    "when": (Block, "{field: value}"), "prefixes": (Block, "prefixes and their namespaces"), "layout": (Block, "the layout of the file"),
    "tests": (Items, "a list of {sample: …}"),
}
VALUE_KEYS = ("at", "as", "codes", "lookup", "else", "default", "required", "is", "when", "take")
OBJECT_KEYS = ("at", "use", "fields", "when", "required")
TAKES = ("first", "last", "lines")
LIST_KEYS = ("each", "use", "fields", "when", "required", "recurse", "expand")
LOOKUP_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")  # of a table of keys: it stands in file names


@dataclass(frozen=True, slots=True)
class Origin:
    """The layer a rule comes from."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Source:
    """One path of a rule; `write` marks the alternative that is written; `when` says which fields beside it (or which of
    their values) make it the one that is written instead: `{at: …, when: {gln!: ~}}`, where there is a GLN."""

    path: Path
    origin: Origin
    write: bool = False
    when: Mapping[str, tuple[Any, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of a map. `kind` is value, object or list; `field` says what the record holds there."""

    kind: str
    name: str
    field: Field
    origin: Origin
    sources: tuple[Source, ...] = ()
    codec: str = ""
    codes: Any = None  # the name of a table or a Block {theirs: ours}
    keep_unknown: bool = False
    default: Any = None
    required: bool = False
    constant: Any = None
    when: Mapping[str, tuple[Any, ...]] | None = None
    take: str = ""  # first, last, lines
    rules: tuple[Rule, ...] = ()
    recurse: str = ""
    expand: Source | None = None  # one record for each number found there, put into the field `expand_to`
    expand_to: str = ""
    fragment: str = ""  # the fragment that an object's rules are, unchanged
    lookup: str = ""  # the table of the partner's keys and ours
    lookup_on: str = ""  # the date of the record (dotted) on which it is asked; '': the message's


@dataclass(frozen=True, slots=True)
class MapSpec:
    """A whole map after merging. `writes` are (path, constant or function call) that no record field stands for."""

    name: str
    message: str
    record: str
    rules: tuple[Rule, ...]
    writes: tuple[tuple[Source, str], ...] = ()
    records: tuple[Source, ...] = ()
    when: Mapping[str, tuple[Any, ...]] | None = None
    prefixes: Mapping[str, str] = field(default_factory=dict)
    layout: Any = None
    tests: tuple[Mapping[str, Any], ...] = ()
    layers: tuple[str, ...] = ()
    file: str = ""


Loader = Callable[[str], Block]  # name of a map or fragment → its YAML


def load(block: Block, load_map: Loader, load_fragment: Loader, collect: list[tuple[str, int, int, str]] | None = None) -> MapSpec:
    """The rules of a map. Raises ConfigFault with everything that is wrong in any of its layers.

    With `collect` the mistakes are put there instead, as long as the other rules can still be looked at: so that a person is told
    of a wrong field and of a wrong path at once.
    """
    problems = Problems(block.file)
    layers = [block]
    while (parent := layers[-1].get("extends")) is not None:
        try:
            below = load_map(str(parent))
        except ConfigFault as fault:
            raise _placed(fault, layers[-1], "extends") from None
        if any(below.file == layer.file for layer in layers):
            problems.add(layers[-1].marks["extends"], f"{parent} extends itself in a circle", layers[-1].file)
            break
        layers.append(below)
    for layer in layers:
        problems.unknown_keys(layer, MAP_KEYS, "a map")
        for key, (shape, words) in SHAPES.items():
            if layer.get(key) is not None and not isinstance(layer[key], shape):
                problems.add(layer.value_marks[key], f"{key}: must hold {words}", layer.file)
    problems.done()
    merged = layers[-1]
    for layer in reversed(layers[:-1]):
        merged = _merge(merged, layer)
    record = str(merged.get("record") or "")
    if record not in RECORDS:
        problems.add(merged.value_marks.get("record", merged.mark), f"record must be one of {', '.join(RECORDS)}")
        problems.done()
    reader = _Reader(problems, load_fragment, record)
    if not merged.get("message"):
        problems.add(merged.mark, "message: is missing (edifact/D96A/ORDERS, x12/004010/850, xml/ubl-2.1/Order, csv/…)")
    rules = reader.rules(merged.get("fields"), fields_of(record), record, merged)
    writes = reader.writes(merged.get("writes"), str(merged.get("message") or "").startswith("xml/"))
    records = reader.sources(merged["records"].get("each"), merged["records"], "each") if merged.get("records") else ()
    if collect is None or not merged.get("message"):
        problems.done()
    else:
        collect += problems.found
    return MapSpec(
        name=str(block.get("map")), message=str(merged["message"]), record=record, rules=rules, writes=writes,
        records=records, when=_when(merged.get("when")),
        prefixes=merged.get("prefixes") or {}, layout=merged.get("layout"), tests=tuple(block.get("tests") or ()),
        layers=tuple(layer.file for layer in layers), file=block.file)


def _placed(fault: ConfigFault, block: Block, key: str) -> ConfigFault:
    """The fault with the place of the line that named what is not there."""
    mark = block.value_marks.get(key, block.mark)
    return ConfigFault([one if one[0] else (block.files.get(key, block.file), *mark, one[3]) for one in fault.problems])


def _merge(below: Block, above: Block) -> Block:
    """`above` laid over `below`: `fields` and `writes` key by key, `~` removes, anything else replaces."""
    merged = Block(above.mark, above.file)
    for source, keys in ((below, below), (above, above)):
        for key in keys:
            old, new = merged.get(key), source[key]
            if new is None and source is above and key in merged:
                del merged[key]
                continue
            if isinstance(old, Block) and isinstance(new, Block) and key != "codes":
                new = _merge(old, new)
            elif isinstance(old, str) and isinstance(new, Block) and "at" not in new and not new.keys() & {"each", "use"}:
                short = Block(source.value_marks[key], below.files.get(key, below.file))
                short["at"] = old
                short.marks["at"] = short.value_marks["at"] = below.value_marks[key]
                new = _merge(short, new)
            merged[key] = new
            merged.marks[key], merged.value_marks[key] = source.marks[key], source.value_marks[key]
            merged.files[key] = source.files.get(key, source.file)
    return merged


class _Reader:
    def __init__(self, problems: Problems, load_fragment: Loader, record: str):
        self.problems = problems
        self.load_fragment = load_fragment
        self.record = record

    def rules(self, block: Any, fields: Mapping[str, Field], where: str, parent: Block) -> tuple[Rule, ...]:
        if not isinstance(block, Block):
            mark = parent.value_marks.get("fields", parent.mark)
            self.problems.add(mark, f"{where} needs fields: with at least one field", parent.file)
            return ()
        made = []
        for name, entry in block.items():
            file = block.files.get(name, block.file)
            if entry is None:
                continue  # removed by a layer that came before anything set it
            if name not in fields:
                import difflib

                near = difflib.get_close_matches(name, list(fields), 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self.problems.add(block.marks[name], f"{where} has no field {name!r}{hint}", file)
                continue
            if isinstance(entry, Items) and fields[name].many:
                made += self._lists(name, entry, fields[name], block, file, f"{where}.{name}")
                continue
            rule = self._rule(name, entry, fields[name], block, file, f"{where}.{name}")
            if rule is not None:
                made.append(rule)
        order = list(fields)
        return tuple(sorted(made, key=lambda rule: order.index(rule.name)))

    def _lists(self, name: str, entries: Items, field_: Field, block: Block, file: str, where: str) -> list[Rule]:
        """A list whose items stand in places of several shapes: one rule for each. An item is written at the first
        place that has room for all of its fields."""
        made = []
        for entry, mark in zip(entries, entries.marks, strict=True):
            if isinstance(entry, Block):
                made.append(self._list(name, entry, field_, Origin(file, *mark), where))
            else:
                self.problems.add(mark, f"{where} must be {{each: …, fields: …}}", file)
        return made

    def _rule(self, name: str, entry: Any, field_: Field, block: Block, file: str, where: str) -> Rule | None:
        mark = block.marks[name]
        origin = Origin(file, *mark)
        scalar = field_.type in SCALARS
        if isinstance(entry, int) and not isinstance(entry, bool):
            entry = str(entry)  # an element's number without quotes
        if isinstance(entry, str):
            if not scalar or field_.many:
                self.problems.add(block.value_marks[name], f"{where} is a {_kind_words(field_)}: it needs fields:", file)
                return None
            return Rule("value", name, field_, origin, self.sources(entry, block, name))
        if not isinstance(entry, Block):
            self.problems.add(block.value_marks[name], f"{where} must be a path or {{at: …}}", file)
            return None
        if "when" in entry and not isinstance(entry["when"], Block | None):
            self.problems.add(entry.value_marks["when"], "when: must hold {field: value}", entry.file)
            return None
        if field_.many:
            return self._list(name, entry, field_, origin, where)
        if scalar:
            return self._value(name, entry, field_, origin, where)
        return self._object(name, entry, field_, origin, where)

    def _value(self, name: str, entry: Block, field_: Field, origin: Origin, where: str) -> Rule | None:
        self.problems.unknown_keys(entry, VALUE_KEYS, where)
        if not entry.keys() & {"at", "is", "default"}:
            self.problems.add(entry.mark, f"{where} says nothing: at: is missing", entry.file)
        if entry.get("take") not in (None, *TAKES):
            self.problems.add(entry.value_marks["take"], "take: is first, last or (XML) lines", entry.file)
        if not isinstance(entry.get("codes"), Block | str | None):
            self.problems.add(entry.value_marks["codes"], "codes: is the name of a code table, or {theirs: ours}", entry.file)
            return None
        if isinstance(entry.get("default"), Block | Items):
            self.problems.add(entry.value_marks["default"], "default: is one value", entry.file)
        if entry.get("else") not in (None, "keep"):
            self.problems.add(entry.value_marks["else"], "else: is keep", entry.file)
        lookup, on = self._lookup(entry, field_, where)
        return Rule("value", name, field_, origin,
                    self.sources(entry.get("at"), entry, "at"), lookup=lookup, lookup_on=on, codec=str(entry.get("as") or ""), codes=entry.get("codes"),
                    keep_unknown=entry.get("else") == "keep", default=entry.get("default"),
                    required=bool(entry.get("required")), constant=entry.get("is"), when=_when(entry.get("when")),
                    take=str(entry.get("take") or ""))

    def _lookup(self, entry: Block, field_: Field, where: str) -> tuple[str, str]:
        """(table, date of the record) of a `lookup:`: a table's name, or {table: items, on: issued_on}."""
        said = entry.get("lookup")
        if said is None:
            return "", ""
        mark = entry.value_marks["lookup"]
        table, on = (said.get("table"), said.get("on")) if isinstance(said, Block) else (said, None)
        if isinstance(said, Block):
            self.problems.unknown_keys(said, ("table", "on"), "lookup:")
        if not isinstance(table, str) or not LOOKUP_NAME.fullmatch(table):
            self.problems.add(mark, "lookup: is the name of a table (small letters, digits, _ and -), or {table: items, on: issued_on}", entry.file)
            return "", ""
        for key in ("codes", "is", "default"):
            if entry.get(key) is not None:
                self.problems.add(entry.value_marks[key], f"{where} has a lookup: and {key}:, of which it can have only one", entry.file)
        if field_.type not in ("text", "code"):
            self.problems.add(mark, f"{where} is of type {field_.type}: a key is a text", entry.file)
        if on is not None and not self._is_date(str(on)):
            self.problems.add(mark, f"on: {on} is no date of {self.record}", entry.file)
        return table, str(on or "")

    def _is_date(self, dotted: str) -> bool:
        """Whether a dotted name is a date of the record outside of any list."""
        fields: Mapping[str, Field] = fields_of(self.record)
        *above, last = dotted.split(".")
        for name in above:
            if name not in fields or fields[name].many or fields[name].type not in PARTS:
                return False
            fields = PARTS[fields[name].type]
        return last in fields and fields[last].type == "date" and not fields[last].many

    def _object(self, name: str, entry: Block, field_: Field, origin: Origin, where: str) -> Rule:
        self.problems.unknown_keys(entry, OBJECT_KEYS, where)
        return Rule("object", name, field_, origin, self.sources(entry.get("at"), entry, "at"),
                    required=bool(entry.get("required")), when=_when(entry.get("when")),
                    rules=self._inside(entry, field_, where),
                    fragment=str(entry["use"]) if "use" in entry and "fields" not in entry else "")

    def _list(self, name: str, entry: Block, field_: Field, origin: Origin, where: str) -> Rule:
        self.problems.unknown_keys(entry, LIST_KEYS, where)
        if "each" not in entry:
            self.problems.add(entry.mark, f"{where} is a list: each: is missing", entry.file)
        expand_to = ""
        expand: tuple[Source, ...] = ()
        if isinstance(entry.get("expand"), Block) and len(entry["expand"]) == 1:
            (expand_to,) = entry["expand"]
            expand = self.sources(entry["expand"][expand_to], entry["expand"], expand_to)
        elif "expand" in entry:
            self.problems.add(entry.value_marks["expand"], "expand: is one field and its path, such as {sscc: …}", entry.file)
        return Rule("list", name, field_, origin, self.sources(entry.get("each"), entry, "each"),
                    required=bool(entry.get("required")), when=_when(entry.get("when")),
                    rules=self._inside(entry, field_, where), recurse=str(entry.get("recurse") or ""),
                    expand=expand[0] if expand else None, expand_to=expand_to)

    def _inside(self, entry: Block, field_: Field, where: str) -> tuple[Rule, ...]:
        """The rules of an object or list: those of its fragment with its own laid over them."""
        fields = PARTS[field_.type]
        if entry.get("use") is None:
            return self.rules(entry.get("fields"), fields, where, entry)
        try:
            fields_block = self._fragment(str(entry["use"]), 0)
        except ConfigFault as fault:
            self.problems.found += _placed(fault, entry, "use").problems
            return ()
        if fields_block is None:
            return ()
        own = entry.get("fields")
        if isinstance(own, Block):
            fields_block = _merge(fields_block, own)
        return self.rules(fields_block, fields, where, fields_block)

    def _fragment(self, name: str, depth: int) -> Block | None:
        """The fields of a fragment, laid over those of the fragment that it uses itself."""
        fragment = self.load_fragment(name)
        self.problems.unknown_keys(fragment, ("fragment", "of", "about", "use", "fields"), "a fragment")
        own = fragment.get("fields")
        below = self._fragment(str(fragment["use"]), depth + 1) if fragment.get("use") and depth < 8 else None
        if not isinstance(own, Block):
            if below is None:
                self.problems.add(fragment.mark, "a fragment needs fields:", fragment.file)
            return below
        return _merge(below, own) if below is not None else own

    def sources(self, entry: Any, block: Block, key: str) -> tuple[Source, ...]:
        """The paths of an `at:`/`each:` entry: one text, or a list of texts and {at: …, write: true}."""
        if entry is None:
            return ()
        if isinstance(entry, Items):
            listed = []
            for item, mark in zip(entry, entry.marks, strict=True):
                if not isinstance(item, Block):
                    listed += self._source(str(item), mark, block.file, False)
                    continue
                self.problems.unknown_keys(item, ("at", "write", "when"), "a path")
                listed += [replace(source, when=_when(item.get("when")))
                           for source in self._source(str(item.get("at")), mark, block.file, item.get("write") is True)]
            return tuple(listed)
        return tuple(self._source(str(entry), block.value_marks.get(key, block.mark), block.files.get(key, block.file), False))

    def _source(self, text: str, mark: Mark, file: str, write: bool) -> list[Source]:
        try:
            return [Source(parse(text), Origin(file, *mark), write)]
        except PathError as error:
            self.problems.add((mark[0], mark[1] + error.column), f"the path {text!r}: {error}", file)
            return []

    def writes(self, block: Any, in_items: bool) -> tuple[tuple[Source, str], ...]:
        """(path, constant or call) of each; `in_items`: a call may look at the items of the list that its path leads through."""
        if block is None:
            return ()
        listed = []
        for text, value in block.items():
            if value is None:
                continue
            if wrong := functions.check(str(value), self.record, in_items):
                self.problems.add(block.value_marks.get(text, block.marks[text]), f"writes: {text}: {wrong}", block.files.get(text, block.file))
                continue
            for source in self._source(text, block.marks[text], block.files.get(text, block.file), True):
                listed.append((source, str(value)))
        return tuple(listed)


def _kind_words(field_: Field) -> str:
    return f"list of {field_.type}" if field_.many else field_.type


def _when(entry: Any) -> Mapping[str, tuple[Any, ...]] | None:
    if not entry:
        return None
    return {name: tuple(value) if isinstance(value, list) else (value,) for name, value in entry.items()}
