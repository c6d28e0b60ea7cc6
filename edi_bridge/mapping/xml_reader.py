"""Running the generated readers of XML maps: what their code calls, and how what they note becomes findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Document, Position
from edi_bridge.mapping.emit import Bad, Memo
from edi_bridge.mapping.plan import MapPlan, ScopeUse, ValuePlan, sentence_of
from edi_bridge.mapping.resolve_xml import XmlResolved, XmlTest, refuse_unfit_rules
from edi_bridge.mapping.xml_own_list import gathered
from edi_bridge.mapping.xml_read_code import XmlReader
from edi_bridge.mapping.xml_read_plan import beside_kind
from edi_bridge.structure_xml import XmlStructure

Note = tuple[str, int, int, Any, str, str]  # kind, rule, source, element, raw text, note
Record = dict[str, Any]

HOLDS = "\0"  # no text of XML 1.0 is equal to it


class XmlProgram:
    """A map's generated reader for XML documents.

    Raises ConfigFault for rules that do not fit XML (`refuse_unfit_rules`). `watch` stands where texts are converted, to
    see what becomes of them (`field_trace.FieldWatch`).
    """

    def __init__(self, plan: MapPlan, structure: XmlStructure, watch: Any = None):
        refuse_unfit_rules(plan)
        self.plan = plan
        self.structure = structure
        generator = XmlReader(plan, structure)
        self._text = generator.source()
        self._by_number: dict[int, ValuePlan | ScopeUse] = {one.number: one for scope in plan.scopes for one in scope.rules()}
        space: dict[str, Any] = {"TEXT": text_of, "BELOW": below, "GATHERED": gathered, "Bad": Bad, **generator.code.constants}
        for value in plan.values():
            memo = Memo(value.convert.read, bool(value.convert.aux) and not beside_kind(value))
            space[f"M{value.number}"] = watch.memo(value, memo) if watch else memo
        exec(compile(self._text, f"<map {plan.spec.name}>", "exec"), space)  # our own generated text; nothing of a partner's
        self._record: Callable[[Any, _State], Record] = space[f"s{plan.root.number}"]

    def source(self) -> str:
        """The generated Python, for people."""
        return self._text

    def read(self, document: Document) -> tuple[list[Record], list[Finding]]:
        """The records of a document, and what was found on the way."""
        root = document.root
        if root.tag != self.structure.root.tag:
            return [], [found("unknown_message_type", document.locate(), root.tag,
                              f"the map {self.plan.spec.name} reads {self.structure.key}")]
        records, notes = self.run(root)
        if not notes:
            return records, []
        places = _Places(document)
        return records, [self._finding(places, note) for note in notes]

    def run(self, root: Any) -> tuple[list[Record], list[Note]]:
        """The records below the document's root element, and what was noted."""
        state = _State(root)
        elements = [root] if not self.plan.records else _elements(self.plan.records[0], root)
        return [record for element in elements if (record := self._record(element, state))], state.notes

    def _finding(self, places: _Places, note: Note) -> Finding:
        kind, number, source, element, raw, text = note
        plan = self._by_number[number]
        words, attribute = plan.rule.name, ""
        if plan.sources:
            resolved: XmlResolved = plan.sources[min(source, len(plan.sources) - 1)]
            words, attribute = resolved.words, resolved.attribute if raw else ""
        return found(kind, places.position(element, attribute), raw, f"{words}: {text or sentence_of(kind, plan)}")


class _State:
    """What one document's reading holds: its root, the head's currency, and what was noted."""

    __slots__ = ("currency", "known", "notes", "root", "tax_currency")

    def __init__(self, root: Any):
        self.root = root
        self.currency = self.tax_currency = ""
        self.notes: list[Note] = []
        self.known: dict[tuple[Any, Any], tuple[Any, ...]] = {}

    def note(self, kind: str, number: int, k: int, element: Any, raw: str = "", text: str = "") -> None:
        self.notes.append((kind, number, k, element, raw, text))

    def second(self, number: int, k: int, element: Any, text: str | None) -> None:
        """Another element where one is read; `text` None for an object, else its text: an empty one is no second value."""
        if text is None or text:
            self.note("value_not_read", number, k, element, text or "")

    def mixed(self, number: int, k: int, element: Any, allowed: bool) -> str:
        """The text of an element that has children: comments do not count, elements are a finding unless it may have them."""
        inside = next(element.iterchildren("*"), None)
        if inside is not None and not allowed:
            self.note("invalid_value", number, k, element, "", f"text was expected, but {_local(inside)} stands in it")
        return text_of(element)

    def other_currency(self, number: int, k: int, element: Any, currency: str, field: str) -> None:
        own, words = getattr(self, field), field.replace("_", " ")
        head = f"the document's {words} is {own}" if own else f"the document names no {words}"
        self.note("invalid_value", number, k, element, currency, f"the amount is in {currency}, but {head}")

    def around(self, function: Callable[[Any, _State], tuple[Any, ...]], element: Any) -> tuple[Any, ...]:
        """What is read from an element around the scope: looked for once, however many scopes ask for it."""
        key = (function, element)
        if key not in self.known:
            self.known[key] = function(element, self)
        return self.known[key]


    def lone(self, function: Callable[[Any, _State], Record], fields: frozenset[str], *around: Any) -> Record:
        """An object whose element is not there, of those `fields` of it that stand around it; {} when none does."""
        parent = next((one for one in around if one is not None), None)
        noted = len(self.notes)
        record = function(Absent(parent), self)
        if record.keys().isdisjoint(fields):  # only constants and defaults, and what it would need
            del self.notes[noted:]
            return {}
        return record


class Absent:
    """Stands for an element that is not there: empty, in the one that would be around it. Where that is not there either
    it is around itself."""

    __slots__ = ("parent",)
    tag, text, prefix, sourceline = "", None, None, None

    def __init__(self, parent: Any):
        self.parent = parent

    def getparent(self) -> Any:
        """The element around it."""
        return self if self.parent is None else self.parent

    def get(self, name: str, default: str = "") -> str:
        """It has no attributes."""
        return default

    def iterchildren(self, tag: str | None = None) -> Iterator[Any]:
        """Nothing stands in it."""
        return iter(())

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True


class _Places:
    """Positions of elements; keeps the numbers of namesakes, so that many findings do not count the same siblings again
    and again."""

    def __init__(self, document: Document):
        self.document = document
        self.numbers: dict[Any, dict[Any, int]] = {}  # parent → its children's numbers among namesakes (0: alone)

    def position(self, element: Any, attribute: str) -> Position:
        document = self.document
        while isinstance(element, Absent):
            element = document.root if element.parent is None else element.parent
        path = self._path(element) + (f"/@{_local(attribute)}" if attribute else "")
        line = document.line + element.sourceline - 1 if element.sourceline else document.line
        return Position(interchange=document.interchange, message=document.ordinal, line=line, path=path)

    def _path(self, element: Any) -> str:
        steps = []
        while element is not None:
            parent = element.getparent()
            name = f"{element.prefix}:{_local(element)}" if element.prefix else _local(element)
            number = self._number(parent, element) if parent is not None else 0
            steps.append(f"{name}[{number}]" if number else name)
            element = parent
        return "/" + "/".join(reversed(steps))

    def _number(self, parent: Any, element: Any) -> int:
        if parent not in self.numbers:
            groups: dict[str, list[Any]] = {}
            for child in parent.iterchildren("*"):
                groups.setdefault(child.tag, []).append(child)
            self.numbers[parent] = {child: n if len(group) > 1 else 0 for group in groups.values()
                                    for n, child in enumerate(group, 1)}
        return self.numbers[parent][element]


def text_of(element: Any) -> str:
    """The element's own text without the white space around it, comments left out and elements skipped."""
    text = element.text or ""
    for child in element:
        text += child.tail or ""
    return text.strip()


def below(element: Any, tags: tuple[str, ...], attribute: str) -> list[str]:
    """The texts (or attributes) that are not empty of all elements that `tags` lead to; `HOLDS` for an element that holds
    elements instead of text, so that a test can ask whether it is there."""
    level = [element]
    for tag in tags:
        level = [child for one in level for child in one.iterchildren(tag)]
    texts = (one.get(attribute, "").strip() if attribute else text_of(one) or (HOLDS if len(one) else "") for one in level)
    return [text for text in texts if text]


def _elements(resolved: XmlResolved, root: Any) -> list[Any]:
    """The elements of a `records: {each: …}` path."""
    level = [root]
    for step in resolved.steps:
        level = [child for one in level for child in one.iterchildren(step.child.tag)
                 if all(_passes(child, test) for test in step.tests)]
    return level


def _passes(element: Any, test: XmlTest) -> bool:
    for _ in range(test.up):
        element = element.getparent()
    values = below(element, tuple(step.tag for step in test.steps), test.attribute)
    match test.op:
        case "has":
            return bool(values)
        case "lacks":
            return not values
        case "=":
            return not set(test.values).isdisjoint(values)
    return set(test.values).isdisjoint(values)


def _local(element: Any) -> str:
    return str(getattr(element, "tag", element)).rpartition("}")[2]


