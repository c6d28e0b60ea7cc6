"""A first map proposed from what is known: the other maps of the record, the guide, and samples.

    draft = from_maps(name, message, record, neighbours)   the rules of other maps, each a line with its reason
    draft.strike(file, problems)                           what the compiler or lint refuses is taken out, with why
    draft.seen(counts, messages)                           how often the samples had each field; what they never had is set aside
    draft.text()                                           the YAML; what is set aside stands in it as a comment

Nothing is guessed silently: every line says where it comes from and how often it was seen. For CSV see `sheet`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.mapfile import Rule, Source

SAFE = re.compile(r"[A-Za-z_{][A-Za-z0-9_./-]*")  # a text that YAML reads as itself without quotes
WORDS = {"true", "false", "null", "yes", "no"}


@dataclass(slots=True)
class Line:
    """One line of the draft: `depth` levels in, `key` and `value` as YAML, `field` its path in the record ('' for the head), `why` the
    comment. `out` says why the line is set aside; then it and everything below it is written as a comment."""

    depth: int
    key: str
    value: str = ""
    field: str = ""
    why: str = ""
    out: str = ""
    rule: Rule | None = None
    sources: tuple[Source, ...] = ()
    required: bool = False


@dataclass(slots=True)
class Draft:
    """A map in the making."""

    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # comments at the end

    def text(self) -> str:
        """The YAML, as far as it goes."""
        made = []
        for line in self._shown():
            value = inline(line.rule) if line.out and line.rule is not None and not line.value else line.value
            body = "  " * line.depth + f"{line.key}:" + (f" {value}" if value else "")
            note = line.out or line.why
            made.append((("# " + body if line.out else body) + (f"   # {note}" if note else "")).rstrip())
        return "\n".join([*made, *(f"# {note}".rstrip() for note in self.notes)]) + "\n"

    def _shown(self) -> list[Line]:
        """The lines of the text; one that is set aside stands for all that is below it."""
        made: list[Line] = []
        aside = -1
        for line in self.lines:
            if not 0 <= aside < line.depth:
                aside = line.depth if line.out else -1
                made.append(line)
        return made

    def strike(self, problems: Iterable[tuple[int, str]]) -> bool:
        """Set aside the lines (from 1) that something is wrong with; of several paths only the one that is named. Whether anything
        changed."""
        changed = False
        lines = self._shown()
        for number, sentence in problems:
            line = _answering(lines, number)
            if line is None or line.out or line.rule is None:
                continue
            changed = True
            left = tuple(source for source in line.sources if f"{source.path}" not in sentence)
            if line.rule.kind == "value" and left and len(left) < len(line.sources):
                line.sources = left
                line.value = entry(line.rule, left)
            else:
                line.out = f"left out: {sentence}"
        return self._without_empty() or changed

    def _without_empty(self) -> bool:
        """Objects and lists with nothing left in them are set aside too."""
        changed = False
        for number, line in reversed(list(enumerate(self.lines))):
            if line.out or line.value or line.rule is None:
                continue
            below = []
            for inner in self.lines[number + 1:]:
                if inner.depth <= line.depth:
                    break
                below.append(inner)
            rules = [one for one in below if one.rule is not None and one is not line]
            if rules and all(one.out for one in rules):
                line.out, changed = f"left out with all that is in it: {rules[0].out}", True
        return changed

    def seen(self, counts: Mapping[str, int], messages: int) -> None:
        """Say how often each field was there in the samples; those that never were are set aside, unless the map needs them."""
        words = f"{messages} message{'s' if messages != 1 else ''}"
        for line in self.lines:
            if line.rule is None or line.out or not line.field:
                continue
            count = max((number for path, number in counts.items() if path == line.field or path.startswith(f"{line.field}.")), default=0)
            if count:
                line.why = "; ".join(part for part in (line.why, f"seen {times(count)} in {words}") if part)
            elif line.required or _constant(line.rule):
                line.why = "; ".join(part for part in (line.why, f"not seen in {words}") if part)
            else:
                line.out = f"{line.why}; not seen in {words}".strip("; ")
        self._without_empty()


def _answering(lines: Sequence[Line], number: int) -> Line | None:
    """The rule that a line of the text (from 1) belongs to: its own, or the list or object it says something of."""
    if not 0 < number <= len(lines):
        return None
    line = lines[number - 1]
    for above in reversed(lines[:number - 1]):
        if line.rule is not None:
            break
        if above.depth < line.depth:
            line = above
    return line


def times(count: int) -> str:
    """`once`, `3 times`."""
    return "once" if count == 1 else f"{count} times"


def _constant(rule: Rule) -> bool:
    """A default or constant needs no place in the message; an object with a required field stays whole."""
    return rule.constant is not None or rule.default is not None


# --- from the other maps of the record -----------------------------------------------------------------------------------

def from_maps(name: str, message: str, record: str, neighbours: Sequence[CompiledMap], expand: frozenset[str] = frozenset()) -> Draft:
    """The rules of the nearest map, and of the others what it does not have. `expand` are fragments that are written out, because
    not all of them fits."""
    draft = Draft([Line(0, "map", quoted(name)),
                   Line(0, "about", quoted("A first draft: every line says where it comes from. Read it, correct it, then prove it with "
                                           "`edi-bridge map test`.")),
                   Line(0, "message", quoted(message)), Line(0, "record", record)])
    if not neighbours:
        return draft
    main = neighbours[0]
    if main.spec.prefixes:
        draft.lines.append(Line(0, "prefixes", flow(main.spec.prefixes)))
    if main.spec.records:
        draft.lines.append(Line(0, "records", "{each: " + paths(main.spec.records) + "}"))
    if main.spec.when:
        draft.lines.append(Line(0, "when", when(main.spec.when)))
    draft.lines.append(Line(0, "fields"))
    _add(draft, main.spec.rules, 1, "", main.name, expand)
    if main.spec.writes:
        draft.lines.append(Line(0, "writes"))
        draft.lines += [Line(1, quoted(str(source.path)), quoted(text), "", f"as in {main.name}",
                             rule=Rule("value", "", main.spec.rules[0].field, source.origin, (source,)), sources=(source,)) for source, text in main.spec.writes]
    return draft


def _add(draft: Draft, rules: Sequence[Rule], depth: int, prefix: str, source: str, expand: frozenset[str]) -> None:
    """The lines of some rules; several of one list become a list of rules."""
    done: set[str] = set()
    for rule in rules:
        if rule.name in done:
            continue
        done.add(rule.name)
        path = f"{prefix}{rule.name}"
        together = [one for one in rules if one.name == rule.name]
        why = f"as in {source}:{rule.origin.line}" if rule.origin.file.endswith(f"/{source}.yaml") else f"as in {rule.origin.file.rpartition('/')[2]}:{rule.origin.line}"
        if len(together) > 1:
            value = "[" + ", ".join(inline(one) for one in together) + "]"
            draft.lines.append(Line(depth, rule.name, value, path, why, rule=rule, sources=rule.sources))
        elif rule.kind == "value":
            draft.lines.append(Line(depth, rule.name, entry(rule, rule.sources), path, why, rule=rule, sources=rule.sources, required=rule.required))
        elif rule.fragment and rule.fragment not in expand:
            draft.lines.append(Line(depth, rule.name, inline(rule), path, why, rule=rule, sources=rule.sources, required=rule.required))
        else:
            draft.lines.append(Line(depth, rule.name, "", path, why, rule=rule, sources=rule.sources, required=rule.required))
            for key, value in _around(rule):
                draft.lines.append(Line(depth + 1, key, value))
            draft.lines.append(Line(depth + 1, "fields"))
            _add(draft, rule.rules, depth + 2, f"{path}.", source, expand)


def _around(rule: Rule) -> list[tuple[str, str]]:
    """What an object or list says beside its fields."""
    made = []
    if rule.sources:
        made.append(("each" if rule.kind == "list" else "at", paths(rule.sources)))
    if rule.required:
        made.append(("required", "true"))
    if rule.when:
        made.append(("when", when(rule.when)))
    if rule.recurse:
        made.append(("recurse", rule.recurse))
    if rule.expand is not None:
        made.append(("expand", "{" + f"{rule.expand_to}: {quoted(str(rule.expand.path))}" + "}"))
    return made


# --- rules as YAML ---------------------------------------------------------------------------------------------------------

def entry(rule: Rule, sources: Sequence[Source]) -> str:
    """A value's rule in flow form: its path alone, or {at: …, as: …}."""
    parts = [("at", paths(sources))] if sources else []
    parts += [("as", quoted(rule.codec))] if rule.codec else []
    if rule.codes is not None:
        parts.append(("codes", rule.codes if isinstance(rule.codes, str) else flow(rule.codes)))
    if rule.lookup:
        on = f", on: {rule.lookup_on}" if rule.lookup_on else ""
        parts.append(("lookup", f"{{table: {rule.lookup}{on}}}" if on else rule.lookup))
    parts += [("else", "keep")] if rule.keep_unknown else []
    parts += [("default", scalar(rule.default))] if rule.default is not None else []
    parts += [("required", "true")] if rule.required else []
    parts += [("is", scalar(rule.constant))] if rule.constant is not None else []
    parts += [("when", when(rule.when))] if rule.when else []
    parts += [("take", rule.take)] if rule.take else []
    if len(parts) == 1 and parts[0][0] == "at" and not parts[0][1].startswith("["):
        return parts[0][1]
    return "{" + ", ".join(f"{key}: {value}" for key, value in parts) + "}"


def inline(rule: Rule) -> str:
    """A whole object or list in flow form."""
    parts = [f"{key}: {value}" for key, value in _around(rule)]
    if rule.fragment:
        parts.insert(0, f"use: {rule.fragment}")
    else:
        inner = [f"{one.name}: {entry(one, one.sources) if one.kind == 'value' else inline(one)}" for one in rule.rules]
        parts.append("fields: {" + ", ".join(inner) + "}")
    return "{" + ", ".join(parts) + "}"


def paths(sources: Sequence[Source]) -> str:
    """One path, or a list of them."""
    def one(source: Source) -> str:
        text = quoted(str(source.path))
        if not source.write and not source.when:
            return text
        more = [f"at: {text}", *(["write: true"] if source.write else []), *([f"when: {when(source.when)}"] if source.when else [])]
        return "{" + ", ".join(more) + "}"

    return one(sources[0]) if len(sources) == 1 and not (sources[0].write or sources[0].when) else "[" + ", ".join(map(one, sources)) + "]"


def when(conditions: Mapping[str, tuple[Any, ...]]) -> str:
    """Conditions in flow form."""
    said = [f"{quoted(name)}: " + (scalar(values[0]) if len(values) == 1 and values[0] is not None else
                                   "[" + ", ".join(map(scalar, values)) + "]") for name, values in conditions.items()]
    return "{" + ", ".join(said) + "}"


def flow(value: Mapping[str, Any]) -> str:
    """A table of codes, or prefixes, in flow form."""
    made = [f"{quoted(str(key))}: {flow(one) if isinstance(one, Mapping) else scalar(one)}" for key, one in value.items()]
    return "{" + ", ".join(made) + "}"


def scalar(value: Any) -> str:
    """A single value as YAML reads it back."""
    if value is None:
        return "~"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | Decimal) else quoted(str(value))


def quoted(text: str) -> str:
    """A text, in quotes where YAML would read something else without them."""
    return text if SAFE.fullmatch(text) and text.lower() not in WORDS and not text.startswith("{") else json.dumps(text, ensure_ascii=False)
