"""Running the generated writers: records → the segments of one message, in the guide's order, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise
from typing import Any

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Delimiters, Position
from edi_bridge.mapping import functions
from edi_bridge.mapping.codec_text import TextFlow
from edi_bridge.mapping.emit import Bad
from edi_bridge.mapping.plan import MapPlan
from edi_bridge.mapping.segment_writer import SegmentWriter
from edi_bridge.mapping.wire_text import Safe, converter, safe_text
from edi_bridge.mapping.write_plan import WritePlanner
from edi_bridge.record import unnumbered
from edi_bridge.structure import Instance, Node, Structure, hang, width

Record = dict[str, Any]
# kind, rule number, place, value, text; the place is a path, or the object of the record, a field's path in it, and how the scope
# around calls that object
Place = str | tuple[Record, str, str]
Note = tuple[str, int, Place, Any, str]
Told = tuple[str, int, Place]  # a wire text, the rule's number, and the place of the value that it was made of


class SegmentWriteProgram:
    """A map's generated writer for segment messages."""

    def __init__(self, plan: MapPlan, structure: Structure):
        self.plan = plan
        self.structure = structure
        self._text, self._constants, self._code = self._generated(naming=False)
        self._bound: dict[tuple[Delimiters, str, str], dict[str, Any]] = {}
        self._named: tuple[str, dict[str, Any], Any] | None = None
        self._by_number = {value.number: value for value in plan.values()}

    def _generated(self, naming: bool) -> tuple[str, dict[str, Any], Any]:
        """The generated Python, the constants that it refers to, and its code."""
        planner = WritePlanner(self.plan, self.structure.root)
        generator = SegmentWriter(planner, planner.build(), self.structure, naming)
        text = generator.source()
        return text, generator.code.constants, compile(text, f"<map {self.plan.spec.name}, writing>", "exec")

    def source(self) -> str:
        """The generated Python, for people."""
        return self._text

    def _bind(self, delimiters: Delimiters, encoding: str, policy: str) -> dict[str, Any]:
        key = (delimiters, encoding, policy)
        if key not in self._bound:
            self._bound[key] = self._space(self._constants, self._code, *key)
        return self._bound[key]

    def _space(self, constants: dict[str, Any], code: Any, delimiters: Delimiters, encoding: str, policy: str,
               **instead: Any) -> dict[str, Any]:
        """The write functions, ready to be called; `instead` of some of what they call."""
        safe = safe_text(delimiters, encoding, policy)
        space = {**_runtime(delimiters, safe), **constants, **instead}
        for value in self.plan.values():
            space[f"W{value.number}"] = converter(value, delimiters, safe)
        exec(code, space)  # our own generated text; nothing of a partner's is in it
        return space

    def write(self, records: Sequence[Record], delimiters: Delimiters, encoding: str = "ascii",
              policy: str = "error") -> tuple[list[str], list[Finding]]:
        """The segments between header and trailer, in wire form without terminators, and what could not be written.

        `policy` says what becomes of a character that cannot stand in the data (a delimiter in X12 without a release
        character, a character outside the charset): error (finding cannot_write) or replace (by a blank or `?`).
        """
        segments, state = self._run(self._bind(delimiters, encoding, policy), records)
        if state.overfull:  # once more, noting what is hung up where
            self._named = self._named or self._generated(naming=True)
            hung = _Hung()
            segments, state = self._run(self._space(*self._named[1:], delimiters, encoding, policy, HANG=hung.hang), records, hung)
        if not state.notes:
            return segments, []
        places = _Places(records)
        return segments, [self._finding(note, places) for note in state.notes]

    def _run(self, space: dict[str, Any], records: Sequence[Record], hung: _Hung | None = None) -> tuple[list[str], _State]:
        state = _State()
        root: Instance = [None] * width(self.structure.root)
        if self.plan.records:
            space["message"](records, root, state)
        else:
            space[f"w{self.plan.root.number}"](records[0], root, state)
        if self.structure.hierarchy is not None and state.tree:
            root[self.structure.hierarchy.node.slot] = state.tree
        segments: list[str] = []
        _flatten(self.structure.root, root, state, hung, segments)
        return segments, state

    def _finding(self, note: Note, places: _Places) -> Finding:
        kind, number, path, value, text = note
        plan = self._by_number.get(number)
        if isinstance(path, tuple) and (path[2] or id(path[0]) in places.objects):
            of, place = places.inside(*path)
        elif isinstance(path, tuple):  # an object made while writing
            of, place = places.whole(path[1], value)
        else:
            of, place = places.whole(".".join(plan.target) if plan is not None else path, value)
        if plan is not None and plan.sources:
            text = f"{place} ({plan.sources[plan.writes_to].words}, {plan.rule.origin}): {text}"
        elif place:
            text = f"{place}: {text}"
        if of and places.several:
            text = f"record {of}: {text}"
        return found(kind, Position(path=place), "" if value is None else str(value), text)


class _Places:
    """The paths of what records hold. The generated writers know a field only from the scope that it stands in; which item of
    which list it was is looked up here, when there is something to say."""

    def __init__(self, records: Sequence[Record]):
        self.several = len(records) > 1
        self._left: dict[str, list[tuple[int, str, Any]]] = {}
        self.objects: dict[int, tuple[int, str]] = {}  # the number of the record, from 1, and the path that fields begin with
        for record, whole in enumerate(records, 1):
            self.objects[id(whole)] = record, ""
            for path, value in _everything(whole, ""):
                if isinstance(value, dict):
                    self.objects[id(value)] = record, f"{path}."
                names = unnumbered(path).split(".")
                for start in range(len(names)):
                    self._left.setdefault(".".join(names[start:]), []).append((record, path, value))

    def inside(self, object_: Record, name: str, within: str) -> tuple[int, str]:
        """Record and `lines[1].quantity` for a field of an object of the records; of one made while writing, as the scope around
        calls it, and no record."""
        record, before = self.objects.get(id(object_), (0, within))
        return record, (before + name).removesuffix(".")

    def whole(self, target: str, value: Any) -> tuple[int, str]:
        """Record and `lines[1].net_price` for `net_price`: the first of these fields with this value that was not named yet."""
        listed = self._left.get(target, [])
        wanted = None if value is None else str(value)
        for number, (record, path, held) in enumerate(listed):
            if wanted is None or isinstance(held, dict | list) or str(held) == wanted:
                del listed[number]
                return record, path
        return 0, target


def _everything(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if path:
        yield path, value
    match value:
        case dict():
            for name, inner in value.items():
                yield from _everything(inner, f"{path}.{name}" if path else name)
        case list():
            for number, inner in enumerate(value):
                yield from _everything(inner, f"{path}[{number}]")


class _State:
    """What one message collects while it is written."""

    __slots__ = ("notes", "last", "tree", "overfull")

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.last = 0  # the number of the hierarchy's newest node
        self.tree: list[Instance] = []
        self.overfull = False  # more stands somewhere than the structure has room for

    def next(self) -> int:
        self.last += 1
        return self.last

    def drop(self) -> None:
        """Take back the newest node."""
        self.last -= 1
        self.tree.pop()

    def bad(self, number: int, place: Place, value: Any, bad: Bad) -> None:
        self.notes.append(("cannot_write", number, place, value, bad.note))

    def instead(self, number: int, place: Place, value: Any, bad: Bad) -> None:
        """A value without a code of theirs: the default stands there instead."""
        self.notes.append(("field_not_carried", number, place, value, f"{bad.note}; the default is written"))

    def another(self, number: int, place: Place, value: Any, bad: Bad) -> None:
        """A value instead of which another one stands there: that of a broader code, or what is left of its characters."""
        self.notes.append(("field_not_carried", number, place, value, bad.note))

    def fixed(self, number: int, place: Place, value: Any, constant: Any) -> None:
        """A value where the message itself means another one, without saying it anywhere."""
        self.notes.append(("field_not_carried", number, place, value, f"in this message it is always {constant}"))

    def unmet(self, place: Place, conditions: Sequence[str]) -> None:
        """A value that the message can say only beside another one."""
        self.notes.append(("field_not_carried", 0, place, None, f"the message says it only where {', or where '.join(conditions)}"))

    def missing(self, record: Record, target: tuple[str, ...]) -> None:
        self.notes.append(("required_missing", 0, (record, ".".join(target), ""), None, "the message needs it and the record does not have it"))

    def not_carried(self, record: Record, known: frozenset[str], within: str = "") -> None:
        for name in record:
            if name not in known and not name.startswith("\0"):
                self.notes.append(("field_not_carried", 0, (record, name, within), None, "the message has no place for it in this map"))

    def gap(self, place: Place, nth: int) -> None:
        """An item that stands behind others in the message (`#2+`), and these are not there."""
        self.notes.append(("cannot_write", 0, place, None, f"stands in the message from number {nth} on, and there is none before it"))

    def homeless(self, field: str, item: Record) -> None:
        """An item of a list for which no place of the message is meant."""
        self.notes.append(("field_not_carried", 0, (item, "", field), next(iter(item.values()), None), "the message has no place for this one"))

    def run_together(self, items: Sequence[Record], name: str, flow: TextFlow) -> None:
        """Items that differ in nothing but their text, whose segments would be read back as those of one text."""
        for one, two in pairwise(items):
            texts = [_inside(one, name), _inside(two, name)]
            if None in texts or _beside(one, name) != _beside(two, name):
                continue
            written = [flow.write_segments(text) for text in texts]
            segments = [part for parts in written if not isinstance(parts, Bad) for part in parts]
            if not any(isinstance(parts, Bad) for parts in written) and flow.read_segments(segments) != texts:
                self.notes.append(("cannot_write", 0, (two, name, ""), texts[1], "it would be read back as one text with the one before"))

    def nothing(self, item: Record) -> tuple[()]:
        """An item of which nothing can be said: what the message would need to say it is missing, or was refused, which is told."""
        if item and not any(isinstance(place, tuple) and place[0] is item for _, _, place, _, _ in self.notes):
            self.notes.append(("field_not_carried", 0, (item, "", ""), next(iter(item.values())), "the message has no place for this alone"))
        return ()

    def crowded(self, told: Sequence[Told]) -> list[str]:
        """Of several values for one place the first is written; the others cannot be carried. Their texts without these."""
        kept = next((at for at, (text, *_) in enumerate(told) if text), len(told))
        self.outdone(told[kept + 1:])
        return [text if at == kept else "" for at, (text, *_) in enumerate(told)]

    def outdone(self, told: Sequence[Told]) -> None:
        """Values whose place another one has."""
        self.notes += [("field_not_carried", number, place, text, "another value has taken the only place for it")
                       for text, number, place in told if text]

    def no_room(self, tag: str, taking: Sequence[Place | None], room: int) -> None:
        """Values beyond those that the segments of a tag have room for, in the order in which they take it."""
        self.notes += [("cannot_write", 0, place, None, f"more values than {tag} has room for") for place in taking[room:] if place is not None]

    def clash(self, told: Sequence[Told]) -> None:
        """Different values for one place: the first stands there."""
        texts = [text for text, *_ in told if text]
        self.notes += [("cannot_write", number, place, text, "another field wants the same place of the segment")
                       for text, number, place in told if text and text != texts[0] and _given(place)]

    def forbidden(self, told: Sequence[Told]) -> None:
        """A code that the path itself does not allow there."""
        self.notes += [("cannot_write", number, place, text, "this code would be read back as another field") for text, number, place in told]

    def common(self, number: int, field: str, items: Sequence[Record]) -> Any:
        """The value that all items agree on; a finding for each that differs from the first."""
        first = None
        for item in items:
            value = _inside(item, field)
            first = value if first is None else first
            if value is not None and value != first:
                self.notes.append(("cannot_write", number, (item, field, ""), value, f"stands once in the message, but the items differ ({first})"))
        return first


def _beside(item: Record, name: str) -> Record:
    """An item without the field."""
    return {key: value for key, value in item.items() if key != name}


def _given(place: Place) -> bool:
    """Whether the record has the field itself; else its default stands there, which nobody misses."""
    return isinstance(place, str) or _inside(place[0], place[1]) is not None


def _inside(item: Record, field: str) -> Any:
    value: Any = item
    for name in field.split("."):
        value = value.get(name) if value is not None else None
    return value


def _runtime(delimiters: Delimiters, safe: Safe) -> dict[str, Any]:
    """What generated writers call, for given delimiters."""

    def joiner(separator: str) -> Callable[[Sequence[str]], str]:
        join = separator.join

        def joined(parts: Sequence[str]) -> str:
            if parts[-1]:
                return join(parts)
            count = len(parts)
            while count and not parts[count - 1]:
                count -= 1
            return join(parts[:count])

        return joined

    def chunks(items: list[tuple[str, ...]], room: int) -> list[list[str]]:
        """What fills one segment after another; one empty filling where there is nothing."""
        if len(items) <= room:
            return [list(chain.from_iterable(items))]
        return [[text for item in items[at:at + room] for text in item] for at in range(0, max(len(items), 1), room)]

    def runs(items: list[tuple[tuple[str, ...], str, str]], room: int) -> list[tuple[tuple[str, ...], list[str]]]:
        """Pairs that agree in what stands outside them, at most `room` to a segment."""
        made: list[tuple[tuple[str, ...], list[str]]] = []
        for outside, qualifier, value in items:
            if not made or made[-1][0] != outside or len(made[-1][1]) >= 2 * room:
                made.append((outside, []))
            made[-1][1].extend((qualifier, value))
        return made

    def collect(items: Sequence[Record], name: str) -> list[Record]:
        """Neighbours that differ in nothing but their number, as one with all the numbers."""
        made: list[Record] = []
        for item in items:
            rest = {key: value for key, value in item.items() if key != name}
            numbers = [item[name]] if name in item else []
            if made and numbers and made[-1]["\0numbers"] and {k: v for k, v in made[-1].items() if k != "\0numbers"} == rest:
                made[-1]["\0numbers"] += numbers
            else:
                made.append({**rest, "\0numbers": numbers})
        return made

    def number(text: str, state: _State, field: str = "") -> str:
        written = safe(text)
        if isinstance(written, Bad):
            state.notes.append((written.kind, 0, field, text, written.note))
            return written.value or ""
        return written

    def call(text: str, record: Record, state: _State) -> str:
        return number(functions.call(text, record, state.last), state, functions.field_of(text))

    return {"ES": delimiters.element, "CS": delimiters.component, "JC": joiner(delimiters.component), "JE": joiner(delimiters.element), "HANG": hang, "CHUNKS": chunks,
            "RUNS": runs, "COLLECT": collect, "W_": number, "CALL": call, "Bad": Bad, "E": {}}


class _Hung:
    """What the texts and groups of a message were made of, by the place where they hang."""

    def __init__(self) -> None:
        self.made_of: dict[tuple[int, int], list[tuple[Record, Any, str]]] = {}

    def hang(self, instance: Instance, slot: int, item: Any, place: tuple[Record, Any, str]) -> None:
        """Hang up a segment's text or a group's instance, and note its place in the record."""
        if instance[slot] is None:
            instance[slot] = []
        instance[slot].append(item)
        self.made_of.setdefault((id(instance), slot), []).append(place)

    def beyond(self, instance: Instance, slot: int, most: int) -> Iterator[Place]:
        """The places of what hangs there beyond so many; of a segment or group made of several fields, those that have a value."""
        for object_, names, within in self.made_of[id(instance), slot][most:]:
            if isinstance(names, str):
                yield object_, names, within
                continue
            there = [name for name in names if _inside(object_, name) is not None]
            tops = {name.split(".")[0] for name in there}
            yield from ((object_, name, within) for name in (tops if len(tops) == 1 and len(there) > 1 else there))


def _flatten(group: Node, instance: Instance, state: _State, hung: _Hung | None, segments: list[str]) -> None:
    """Add the segments in the structure's order; more than the structure has room for is said, where it is known what was `hung` up."""
    for child, held in zip(group.children, instance, strict=False):
        if held:
            if len(held) > child.max and child.slot:  # a trigger again is the group again
                state.overfull = True
                state.notes += [("cannot_write", 0, place, None, f"{child.path} may stand there {child.max} times at most")
                                for place in (hung.beyond(instance, child.slot, child.max) if hung is not None else ())]
            if child.children:
                for item in held:
                    _flatten(child, item, state, hung, segments)
            else:
                segments += held
