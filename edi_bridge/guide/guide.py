"""A guide: a message's structure with what its standard says about each value, and what a partner agreed on top.

The dictionaries of a release (`elements.yaml`, `codes.yaml`, `rules:` in `segments.yaml` and `composites.yaml`) are read
by `load`; `restrict.py` lays an agreement's `restrict:` over it. What comes out is one `Place` for each node of the tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edi_bridge.guide.condition import Rule, parse
from edi_bridge.structure import ElementDef, Node, Structure
from edi_bridge.yamltext import Block, Items, Problems


@dataclass(frozen=True, slots=True)
class ElementType:
    """What a value is made of. `kind`: a, n, an (ISO 9735-1); AN, ID, N0–N9, R, DT, TM, B (X12.6 3.5.1); lengths in characters."""

    kind: str
    least: int
    most: int

    def __str__(self) -> str:
        if self.kind in ("a", "n", "an"):
            return f"{self.kind}{self.most}" if self.least == self.most else f"{self.kind}..{self.most}"
        return f"{self.kind} {self.least}/{self.most}"


@dataclass(frozen=True, slots=True)
class CodeList:
    """The values of a coded element. Only a `complete` list is checked."""

    codes: Mapping[str, str]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class ElementUse:
    """An element, composite or component at one place. `parts` are a composite's components; `type` is None for a composite
    and where the dictionary does not know the element. `only` are the codes that an agreement leaves, `added` those it adds."""

    id: str
    name: str
    status: str  # as the standard writes it: M, C, O, X
    required: bool
    repeat: int = 1
    type: ElementType | None = None
    codes: CodeList | None = None
    parts: tuple[ElementUse, ...] = ()
    rules: tuple[Rule, ...] = ()
    forbidden: bool = False
    only: frozenset[str] | None = None
    added: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A segment at one place of the tree (the same object for all places that no agreement restricts)."""

    tag: str
    name: str
    elements: tuple[ElementUse, ...]
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the tree: how often it stands in its group, and which segment it is (None for a group)."""

    node: Node
    least: int
    most: int
    forbidden: bool = False
    segment: SegmentUse | None = None


@dataclass(frozen=True, slots=True)
class Guide:
    """A message's guide. `places` holds every node of the structure's tree but the root."""

    key: str
    structure: Structure
    places: Mapping[Node, Place]
    elements: Mapping[str, ElementUse] = field(default_factory=dict)  # the release's dictionary, by number

    @property
    def standard(self) -> str:
        """edifact or x12."""
        return self.key.partition("/")[0]


def load(structure: Structure, elements: Block, codes: Mapping[str, Any] | None, segments: Block, composites: Block,
         restrict: Block | None = None, own: Block | None = None) -> Guide:
    """The guide of a structure. `segments` and `composites` are the dictionaries it was made of, `restrict` an agreement's, `own` the
    `codes:` of the message's file: of a list the codes that may stand at one place of the message.

    Raises ConfigFault with file, line and column of everything that cannot be read, and of every path of `restrict` that
    leads nowhere or to more than one place.
    """
    standard = structure.key.partition("/")[0]
    problems = Problems(elements.file)
    dictionary = _dictionary(elements, codes, problems)
    made = {tag: _segment(segment.tag, segment.name, segment.elements, segments[tag], composites, dictionary, standard, problems)
            for tag, segment in structure.segments.items()}
    problems.done()
    places = {node: Place(node, 1 if node.status == "M" else 0, node.max, segment=None if node.is_group else made[node.name])
              for node in structure.root.descendants()}
    for path, only in (own or {}).items():
        _narrow(places, structure, path, frozenset(map(str, only)), own, problems)
    problems.done()
    guide = Guide(structure.key, structure, places, dictionary)
    if restrict:
        from edi_bridge.guide.restrict import restricted

        guide = restricted(guide, restrict)
    return guide


def _narrow(places: dict[Node, Place], structure: Structure, path: str, only: frozenset[str], own: Block | None, problems: Problems) -> None:
    """Leave only these codes to an element of a segment that stands in the message itself: UNS begins the summary of an order (S) and
    the details of a PARTIN (D), as the message's text says."""
    tag, _, id = path.partition("/")
    node = next((one for one in structure.root.children if one.name == tag and not one.is_group), None)
    segment = places[node].segment if node is not None else None
    uses = segment.elements if segment is not None else ()
    if node is None or segment is None or not any(use.id == id and use.codes is not None and only <= set(use.codes.codes) for use in uses):
        problems.add(own.marks[path] if own is not None else (0, 0), f"codes: {path} is no coded element of the message's own segments, or has other codes")
        return
    made = tuple(replace(use, codes=CodeList({code: name for code, name in use.codes.codes.items() if code in only}))
                 if use.id == id and use.codes is not None else use for use in uses)
    places[node] = replace(places[node], segment=replace(segment, elements=made))


_TYPE = re.compile(r"(a|n|an)(\.\.)?(\d+)|(AN|ID|N\d?|R|DT|TM|B|FS)")
_SPAN = re.compile(r"(\d+)(?:/(\d+))?")


def read_type(text: str) -> tuple[ElementType, str]:
    """`an..35 Document number` or `AN 1/22 Invoice number` → (type, name). ValueError where it is neither."""
    first, _, rest = text.strip().partition(" ")
    match = _TYPE.fullmatch(first)
    if not match:
        raise ValueError(f"{text!r} does not begin with a type: an..35 (EDIFACT) or AN 1/22 (X12)")
    kind, upto, most, x12 = match.groups()
    if kind:
        return ElementType(kind, 1 if upto else int(most), int(most)), rest.strip()
    span, _, name = rest.strip().partition(" ")
    lengths = _SPAN.fullmatch(span)
    if not lengths:
        raise ValueError(f"{text!r} has no length: {x12} 1/22")
    return ElementType(x12 if x12 != "N" else "N0", int(lengths[1]), int(lengths[2] or lengths[1])), name.strip()


def _dictionary(elements: Block, codes: Mapping[str, Any] | None, problems: Problems) -> dict[str, ElementUse]:
    lists = {number: _code_list(number, entry) for number, entry in (codes or {}).items()}
    made = {}
    for number, text in elements.items():
        try:
            type, name = read_type(str(text))
        except ValueError as error:
            problems.add(elements.value_marks[number], str(error))
            continue
        made[number] = ElementUse(number, name, "C", False, type=type, codes=lists.get(number))
    return made


# Lists that UN/EDIFACT does not close itself: EDED's notes refer to UN/ECE recommendations (5, 17, 19, 20, 21, 23, 24), ISO codes,
# national authorities or another list, beside the values (if any) that the code list has.
OPEN = frozenset(("1131", "3207", "3229", "3251", "3453", "4053", "4277", "4405", "5125", "6345", "6411", "6417", "7065", "8023", "8067"))


def _code_list(number: str, entry: Any) -> CodeList:
    """EDIFACT writes the codes at once, X12 `{complete: true, codes: …}`."""
    if isinstance(entry.get("codes"), dict):
        return CodeList({str(code): str(name) for code, name in entry["codes"].items()}, bool(entry.get("complete")))
    return CodeList({str(code): str(name) for code, name in entry.items()}, number not in OPEN)


def _segment(tag: str, name: str, elements: tuple[ElementDef, ...], entry: Block, composites: Block,
             dictionary: Mapping[str, ElementUse], standard: str, problems: Problems) -> SegmentUse:
    def use(one: ElementDef) -> ElementUse:
        required = one.status == "M"
        if one.components:
            composite = composites[one.id]
            return ElementUse(one.id, str(composite.get("name") or one.id), one.status, required, one.repeat,
                              parts=tuple(map(use, one.components)), rules=_rules(composite, composites.file, len(one.components), problems))
        known = dictionary.get(one.id)
        if known is None:
            return ElementUse(one.id, one.id, one.status, required, one.repeat)
        return ElementUse(one.id, known.name, one.status, required, one.repeat, known.type, known.codes)

    return SegmentUse(tag, name, tuple(map(use, elements)), _rules(entry, entry.file, len(elements), problems))


def _rules(entry: Block, file: str, count: int, problems: Problems) -> tuple[Rule, ...]:
    listed = []
    items = entry.get("rules") or ()
    for number, text in enumerate(items):
        mark = entry.value_marks["rules"] if not isinstance(items, Items) else items.marks[number]
        try:
            rule = parse(str(text))
        except ValueError as error:
            problems.add(mark, str(error), file)
            continue
        if max(rule.places) > count:
            problems.add(mark, f"{text} names an element that is not there: the last is {count:02}", file)
            continue
        listed.append(rule)
    return tuple(listed)

