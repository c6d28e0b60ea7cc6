"""Running the generated readers: what their code calls, and how the tuples they leave become findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Delimiters, Message, unmask
from edi_bridge.mapping.by_lines import ByLines, repeated_list, unmasking
from edi_bridge.mapping.emit import Bad, Memo
from edi_bridge.mapping.line_trace import LineWatch
from edi_bridge.mapping.plan import MapPlan, ScopeUse, ValuePlan, sentence_of
from edi_bridge.mapping.resolve import ElementStep, GroupStep, PairStep, Resolved
from edi_bridge.mapping.segment_reader import SegmentReader
from edi_bridge.mapping.template import Pieces
from edi_bridge.record import PARTS
from edi_bridge.structure import Instance, Structure, Walked

Note = tuple[str, int, int, int, str, str]  # kind, rule, source, segment (from 0), raw value, note
Segments = list[list[str]]

MOST_NUMBERS = 10_000  # in one range of identity numbers: a mistyped end must not fill the memory


class Watch(Protocol):
    """Stands where texts of the message become values, to see which texts become which (`line_trace`, `field_trace`)."""

    def memo(self, value: ValuePlan, memo: Memo) -> Any:
        """What is used in the place of a value's conversion."""

    def text(self, value: ValuePlan) -> Callable[[list[list[str]]], list[Any]]:
        """What is used in the place of the reading of free text."""

    def numbers(self, use: ScopeUse, listed: Callable[[list[str]], list[str]]) -> Callable[[list[str]], list[Any]]:
        """What is used in the place of the listing of a range's numbers."""


class SegmentProgram:
    """A map's generated reader for segment messages. One per map; `bind` makes the functions for given delimiters."""

    def __init__(self, plan: MapPlan, structure: Structure):
        self.plan = plan
        self.structure = structure
        self._code: dict[bool, tuple[Any, dict[str, Any], str]] = {}
        self._bound: dict[tuple[Delimiters, bool], dict[str, Any]] = {}
        lines = repeated_list(plan, structure)
        self.by_lines = None if lines is None else ByLines(
            lines, plan, structure, self._bind, lambda delimiters: self.space(delimiters, bool(delimiters.release), LineWatch()))
        self._by_number = {one.number: one for scope in plan.scopes for one in scope.rules()}

    def source(self, released: bool = False) -> str:
        """The generated Python, for people."""
        return self._compiled(released)[2]

    def _compiled(self, released: bool) -> tuple[Any, dict[str, Any], str]:
        if released not in self._code:
            generator = SegmentReader(self.plan, self.structure, released)
            text = generator.source()
            self._code[released] = (compile(text, f"<map {self.plan.spec.name}>", "exec"), generator.code.constants, text)
        return self._code[released]

    def _bind(self, delimiters: Delimiters, released: bool) -> dict[str, Any]:
        released = released or bool(delimiters.release)  # compiling costs more than looking for masks: one variant will do
        key = (delimiters, released)
        if key not in self._bound:
            if len(self._bound) > 16:
                self._bound.clear()  # a partner with ever new delimiters must not make it grow
            self._bound[key] = self.space(delimiters, released)
        return self._bound[key]

    def space(self, delimiters: Delimiters, released: bool, watch: Watch | None = None) -> dict[str, Any]:
        """The generated functions with all they call; `watch` sees what becomes of the message's texts."""
        code, constants, _ = self._compiled(released)
        tree = self.structure.hierarchy
        space = {**_runtime(delimiters, tree.kind if tree is not None and tree.kind else (0, 0)), **constants}
        for value in self.plan.values():
            flow = value.convert.codec is not None and value.convert.codec.flow is not None
            read = value.convert.read
            memo = Memo(unmasking(read, delimiters) if released else read, bool(value.convert.aux))
            space[f"M{value.number}"] = watch.memo(value, memo) if watch else memo
            if flow:
                space[f"FLOW{value.number}"] = _text_reader(value, space["CO"], delimiters, watch.text(value) if watch else read)
        for scope in self.plan.scopes:
            for use in scope.uses:
                space[f"FLOW{use.number}"] = _flow_reader(use, space["CO"], delimiters, watch)
                space[f"EXPAND{use.number}"] = _expander(use, space, watch.numbers(use, _range) if watch else _range)
        exec(code, space)  # our own generated text; nothing of a partner's is in it
        return space

    def read(self, message: Message) -> tuple[list[dict[str, Any]], list[Finding]]:
        """The records of a message, and what was found on the way."""
        if self.by_lines is not None:
            got = self.by_lines.try_read(message)
            if got is not None:
                record, misplaced, notes = got
                return [record], self._findings(message, Walked([], misplaced), notes) if misplaced or notes else []
        walked, records, notes = self.run(message.segments, message.delimiters, self._bind(message.delimiters, message.released))
        return records, self._findings(message, walked, notes)

    def read_good(self, message: Message, pieces: Pieces) -> tuple[list[dict[str, Any]], list[Finding]] | None:
        """The same for a message that is held against its guide on the way; None where that is not to be had in one go, or
        anything is wrong with it: then it must be checked and read each for itself."""
        got = self.by_lines.try_read(message, pieces) if self.by_lines is not None else None
        if got is None:
            return None
        record, misplaced, notes = got
        return [record], self._findings(message, Walked([], misplaced), notes) if misplaced or notes else []

    def run(self, segments: Segments, delimiters: Delimiters, space: dict[str, Any]) -> tuple[Walked, list[dict[str, Any]], list[Note]]:
        """The segments' places, their records, and what was noted, by the functions of `space`."""
        walked = self.structure.walk(segments, delimiters.component)
        notes: list[Note] = []
        records = []
        if not self.plan.records:
            records.append(space[f"s{self.plan.root.number}"](walked.root, segments, notes, None))
        else:
            function = space[f"s{self.plan.root.number}"]
            for instance in _instances(self.plan.records[0], walked.root, segments, space):
                records.append(function(instance, segments, notes, (walked.root, None)))
        return walked, [record for record in records if record], notes

    def _findings(self, message: Message, walked: Walked, notes: list[Note]) -> list[Finding]:
        misplaced = self.structure.findings(message, walked) if walked.misplaced else []
        return misplaced + [self._finding(message, note) for note in notes]

    def _finding(self, message: Message, note: Note) -> Finding:
        kind, number, source, segment, raw, text = note
        plan = self._by_number[number]
        words, element, component = plan.rule.name, None, None
        if plan.sources:
            resolved = plan.sources[min(source, len(plan.sources) - 1)]
            words = resolved.words
            if isinstance(plan, ValuePlan) and isinstance(resolved.element, ElementStep) and resolved.element.positions[0] > 0:
                element, component = resolved.element.positions[0], resolved.element.component or None
            elif isinstance(resolved.element, PairStep) and raw and segment >= 0:
                values = message.segments[segment][resolved.element.start + 1:resolved.element.end + 1:2]
                element = resolved.element.start + 1 + 2 * values.index(raw) if raw in values else None
        position = message.locate(max(segment, 0) + 1, element if raw else None, component if raw else None)
        if kind == "required_missing" and plan.sources:
            position = replace(position, path=_missing(plan.sources[0]))
        sentence = text or sentence_of(kind, plan)
        return found(kind, position, unmask(raw, message.delimiters), f"{words}: {sentence}")


def _missing(resolved: Resolved) -> str | None:
    """The guide path of the segment in which a required value should stand; of a group, its first segment's."""
    if resolved.segment is not None:
        return resolved.segment.node.path
    nodes = [step.node for step in resolved.groups if isinstance(step, GroupStep)]
    return (nodes[-1].children[0].path if nodes[-1].is_group else nodes[-1].path) if nodes else None


def _instances(resolved: Any, root: Instance, segments: Segments, space: dict[str, Any]) -> Iterator[Instance]:
    """The instances of a `records: {each: …}` path."""
    level = [root]
    for step in resolved.groups:
        if hasattr(step, "kinds"):
            level = [node for one in level for node in space["NODES"](one, step.kinds, step.optional, segments)]
            continue
        below = [item for one in level for item in one[step.node.slot] or ()]
        level = [item for item in below if all(space["HAS"](segments, item, test.slot, test.element, test.component,
                                                            test.op, test.values) for test in step.tests)]
    return iter(level)


def _runtime(delimiters: Delimiters, kind: tuple[int, int]) -> dict[str, Any]:
    """What generated readers call, for given delimiters; `kind` is where a hierarchy's node says its kind."""
    component, repetition = delimiters.component, delimiters.repetition

    def part(elements: list[str], position: int, number: int) -> str:
        if position >= len(elements):
            return ""
        parts = elements[position].split(component)
        return parts[number - 1] if number <= len(parts) else ""

    def passes(value: str, op: str, values: tuple[str, ...]) -> bool:
        match op:
            case "=":
                return value in values
            case "!=":
                return value not in values
            case "has":
                return bool(value)
        return not value

    def has(segments: Segments, instance: Instance, slot: int, element: int, number: int, op: str, values: tuple[str, ...]) -> bool:
        held = instance[slot]
        if not element:
            return bool(held) is (op == "has")
        got = [(part(segments[i], element, number) if number else (segments[i][element] if element < len(segments[i]) else ""))
               for i in held or ()]
        if op in ("!=", "lacks"):
            return all(passes(value, op, values) for value in got)
        return any(passes(value, op, values) for value in got)

    def places(elements: list[str], positions: tuple[int, ...], tests: Any, repeats: bool) -> Iterator[tuple[int, list[str], str]]:
        for position in positions:
            if position >= len(elements):
                return
            text = elements[position]
            for one in text.split(repetition) if repeats and repetition else (text,):
                parts = one.split(component)
                if all(passes(parts[n - 1] if n <= len(parts) else "", op, values) for n, op, values in tests):
                    yield position, parts, one

    def values(elements: list[str], positions: tuple[int, ...], number: int, tests: Any, repeats: bool) -> Iterator[str]:
        for _, parts, whole in places(elements, positions, tests, repeats):
            value = whole if not number else parts[number - 1] if number <= len(parts) else ""
            if value:
                yield value

    def composites(elements: list[str], segment: int, positions: tuple[int, ...], tests: Any, repeats: bool) -> Iterator[Any]:
        for position, parts, _ in places(elements, positions, tests, repeats):
            if any(parts):
                yield elements, segment, parts, position

    def pairs(elements: list[str], start: int, end: int, qualifiers: tuple[str, ...]) -> Iterator[str]:
        for position in range(start, min(len(elements) - 1, end), 2):
            if elements[position + 1] and (not qualifiers or elements[position] in qualifiers):
                yield elements[position + 1]

    def nodes(instance: Instance, kinds: tuple[str, ...], optional: bool, segments: Segments) -> list[Instance]:
        children = instance[-1] or []
        if not kinds:
            return children
        fitting = [child for child in children if kind_of(child, segments) in kinds]
        if optional and len(fitting) < len(children):
            fitting.append(instance)
        return fitting

    def kind_of(instance: Instance, segments: Segments) -> str:
        return part(segments[instance[0][0]], *kind)

    def first(instance: Instance) -> int:
        for held in instance:
            if held:
                return held[0] if isinstance(held[0], int) else first(held[0])
        return 0

    def root(parents: Any) -> Instance:
        while parents[1] is not None:
            parents = parents[1]
        return parents[0]

    return {
        "CO": component or "\0", "RE": repetition, "Z": (), "Bad": Bad, "PART": part, "HAS": has, "VALUES": values,
        "COMPOSITES": composites, "PAIRS": pairs, "NODES": nodes, "FIRST": first, "ROOT": root, "PLACE": _place,
        "RL": delimiters.release,
        "U": lambda value: unmask(value, delimiters),
    }


def _flow_reader(use: ScopeUse, component: str, delimiters: Delimiters, watch: Watch | None = None) -> Callable[..., list[dict[str, Any]]]:
    """Reads a list of segments whose free text runs over several of them: neighbours that agree in everything else are
    handed to the text together."""
    flow_rule = next((value for value in use.item.values if value.convert.codec is not None and value.convert.codec.flow), None)
    convert = None if flow_rule is None else watch.text(flow_rule) if watch else flow_rule.convert.read

    def read(numbers: list[int], item: Any, S: Segments, F: list[Note], P: Any) -> list[dict[str, Any]]:
        assert flow_rule is not None and convert is not None
        step, parts_of = flow_rule.sources[0].element, _text_parts(flow_rule, component, delimiters)
        runs: list[tuple[dict[str, Any], list[list[str]]]] = []
        for i in numbers:
            record = item(i, S, F, P)
            record.pop(flow_rule.target[0], None)
            parts = parts_of(step, S[i])
            if parts and runs and runs[-1][0] == record and runs[-1][1][-1]:
                runs[-1][1].append(parts)
            else:
                runs.append((record, [parts]))
        listed = []
        for record, segments in runs:
            for text in convert(segments) or [None]:  # coded text alone is a note too
                one = {**record, flow_rule.target[0]: text} if text is not None else record
                listed.append({name: one[name] for name in dict.fromkeys(t[0] for t in use.item.order) if name in one})
        return [one for one in listed if one]

    return read


def _text_parts(value: ValuePlan, component: str, delimiters: Delimiters) -> Callable[[Any, list[str]], list[str]]:
    """Gives the components of a segment that the free text may stand in: from the path's component on, as many as it has."""
    codec = value.convert.codec
    assert codec is not None and codec.flow is not None
    room = codec.flow.parts

    def parts_of(step: Any, elements: list[str]) -> list[str]:
        position, start = step.positions[0], max(step.component, 1) - 1
        text = elements[position] if position < len(elements) else ""
        return [unmask(part, delimiters) for part in text.split(component)[start:start + room]] if text else []

    return parts_of


def _text_reader(value: ValuePlan, component: str, delimiters: Delimiters, convert: Callable[..., Any]) -> Callable[..., str | None]:
    """Reads one text from the segments of a group that hold it (an article's name in several IMD)."""
    parts_of = _text_parts(value, component, delimiters)

    def read(numbers: list[int], source: int, S: Segments, F: list[Note]) -> str | None:
        step = value.sources[source].element
        texts = convert([parts_of(step, S[i]) for i in numbers])
        if len(texts) > 1 and not value.rule.take:
            F.append(("value_not_read", value.number, source, numbers[-1], "", ""))
        return (texts[-1] if value.rule.take == "last" else texts[0]) if texts else None

    return read


def _place(item: Any) -> int:
    """The number of the first segment of what a list or object was found in: a segment, an inner item, or an instance."""
    if isinstance(item, int):
        return item
    if isinstance(item, tuple):
        return int(item[1])
    return next((_place(held[0]) for held in item if held), 0)


def _expander(use: ScopeUse, space: dict[str, Any], listed_in: Callable[[list[str]], list[Any]]) -> Callable[..., list[dict[str, Any]]]:
    """One record for each number of a GIN composite (or each of a range) found below the instance: `expand:`."""

    order = list(PARTS[use.rule.field.type])

    def read(items: list[Instance], item: Any, S: Segments, F: list[Note], P: Any) -> list[dict[str, Any]]:
        resolved = use.expand
        step = resolved.segment
        listed = []
        for instance in items:
            record = item(instance, S, F, P)
            numbers: list[Any] = []
            for group in _instances(resolved, instance, S, space):
                for i in group[step.node.slot] or ():
                    if all(_passes_own(space, S[i], test) for test in step.tests):
                        for composite in space["COMPOSITES"](S[i], i, resolved.element.positions, resolved.element.tests, False):
                            numbers += listed_in([space["U"](part) for part in composite[2]])
                            if len(numbers) > MOST_NUMBERS:
                                F.append(("invalid_value", use.number, 0, i, composite[2][-1], "the range holds too many numbers"))
                                numbers = listed_in(composite[2][:1])
            target = use.rule.expand_to
            listed += [_in_order({**record, target: number}, order) for number in numbers] if numbers else ([record] if record else [])
        return listed

    return read


def _in_order(record: dict[str, Any], order: list[str]) -> dict[str, Any]:
    return {name: record[name] for name in order if name in record}


def _passes_own(space: dict[str, Any], elements: list[str], test: Any) -> bool:
    value = space["PART"](elements, test.element, max(test.component, 1))
    return {"=": value in test.values, "!=": value not in test.values, "has": bool(value), "lacks": not value}[test.op]


def _range(parts: list[str]) -> list[str]:
    """The numbers of one GIN composite: a single one, or from 7402 to 7402 (same length, digits, check digit left alone
    only where both ends have none: SSCC ranges step in the number before the check digit)."""
    first, last = parts[0], parts[1] if len(parts) > 1 else ""
    if not last or not (first.isdigit() and last.isdigit() and len(first) == len(last)):
        return [part for part in parts if part]
    if int(last) - int(first) > 10 * MOST_NUMBERS:
        return [first] * (MOST_NUMBERS + 1)  # refused by the caller
    if len(first) == 18:
        return [_with_check_digit(str(number).zfill(17)) for number in range(int(first[:-1]), int(last[:-1]) + 1)]
    return [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]


def _with_check_digit(digits: str) -> str:
    from stdnum.ean import calc_check_digit

    return digits + calc_check_digit(digits)

