"""What an XML Schema lets stand in an element, in which order and how often; and what of an element's children breaks that.

libxml2 stops looking at an element's children at the first one that is out of place, and at everything inside them. So that
all mistakes are told in one go, `mend` names everything that is wrong with the children of one element and puts a *copy* of
the document right there (unknown and surplus children taken out, misplaced ones moved, missing ones put in), so that the
next validation finds what stands further down.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

XSD = "{http://www.w3.org/2001/XMLSchema}"
UNBOUNDED = 1 << 30


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a sequence: the Clark tag that may stand there, its type, and how often."""

    tag: str
    type: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is wrong with one child. `what` is unknown, surplus, misplaced or missing; `element` the child (None: missing);
    `tag` its name; `before` and `behind` the siblings between which it should stand (None: none); `most` how often it may."""

    what: str
    tag: str
    element: Any = None
    before: Any = None
    behind: Any = None
    most: int = 1


class Contents:
    """The sequences of a set of schema documents. Types that are more than one sequence (a choice, xsd:any) are not told."""

    def __init__(self, trees: Iterable[Any]):
        self._globals: dict[str, str] = {}
        self._types: dict[str, Any] = {}
        self._sequences: dict[str, tuple[Slot, ...] | None] = {}
        for tree in trees:
            space = tree.get("targetNamespace", "")
            for node in tree:
                if node.tag == XSD + "element":
                    self._globals[_clark(space, node.get("name", ""))] = self._type_of(node)
                elif node.tag == XSD + "complexType":
                    self._types[_clark(space, node.get("name", ""))] = node

    def of(self, element: Any) -> tuple[Slot, ...] | None:
        """The sequence that the element's type allows; None where the type is unknown or is no plain sequence."""
        steps = [element.tag, *(one.tag for one in element.iterancestors())][::-1]
        type = self._globals.get(steps[0], "")
        for tag in steps[1:]:
            type = next((slot.type for slot in self._sequence(type) or () if slot.tag == tag), "")
        return self._sequence(type)

    def _sequence(self, type: str) -> tuple[Slot, ...] | None:
        if type not in self._sequences:
            node = self._types.get(type)
            self._sequences[type] = (
                tuple(found) if node is not None and (found := self._slots(node)) is not None else None
            )
        return self._sequences[type]

    def _slots(self, type: Any) -> list[Slot] | None:
        """The slots of a complexType; None where it is no plain sequence."""
        bodies = [
            node for node in type if node.tag not in (XSD + "annotation", XSD + "attribute", XSD + "anyAttribute")
        ]
        if len(bodies) != 1 or bodies[0].tag != XSD + "sequence" or bodies[0].get("maxOccurs", "1") != "1":
            return None
        slots = []
        for node in bodies[0]:
            if node.tag == XSD + "annotation" or not isinstance(node.tag, str):
                continue
            if node.tag != XSD + "element":
                return None
            most = node.get("maxOccurs", "1")
            tag = _qualified(node, node.get("ref")) if node.get("ref") else _local(node)
            slots.append(
                Slot(
                    tag,
                    self._globals.get(tag, "") if node.get("ref") else self._type_of(node),
                    int(node.get("minOccurs", "1")),
                    UNBOUNDED if most == "unbounded" else int(most),
                )
            )
        return slots

    def _type_of(self, node: Any) -> str:
        """The name of an element declaration's type; a type of its own gets a name of its own."""
        if node.get("type"):
            return _qualified(node, node.get("type"))
        own = node.find(XSD + "complexType")
        if own is None:
            return ""
        name = f"#{len(self._types)}"
        self._types[name] = own
        return name


def mend(parent: Any, slots: tuple[Slot, ...]) -> list[Misfit]:
    """Everything wrong with the children of one element, which are put right."""
    places = {slot.tag: place for place, slot in enumerate(slots)}
    children = [child for child in parent if isinstance(child.tag, str)]
    misfits, fitting = [], []
    seen: Counter[str] = Counter()
    for child in children:
        seen[child.tag] += child.tag in places
        if child.tag not in places:
            misfits.append(Misfit("unknown", child.tag, child))
        elif seen[child.tag] > (most := slots[places[child.tag]].most):
            misfits.append(Misfit("surplus", child.tag, child, most=most))
        else:
            fitting.append(child)
    kept = set(_in_order([places[child.tag] for child in fitting]))
    for number, child in enumerate(fitting):
        if number not in kept:
            later = (one for other, one in enumerate(fitting) if other in kept and places[one.tag] > places[child.tag])
            misfits.append(Misfit("misplaced", child.tag, child, next(later, None), fitting[max(kept)]))
    ordered = sorted(fitting, key=lambda child: places[child.tag])
    made = []
    for slot in slots:
        if seen[slot.tag] < slot.least:
            before = next((child for child in ordered if places[child.tag] > places[slot.tag]), None)
            misfits.append(Misfit("missing", slot.tag, None, before))
            made += [parent.makeelement(slot.tag) for _ in range(slot.least - seen[slot.tag])]
    stray = "".join(
        ((parent.text or ""), *(child.tail or "" for child in parent))
    ).strip()  # what does not belong there is told by the next look
    parent.text = stray or None
    for child in list(parent):
        parent.remove(child)
        child.tail = None
    for child in sorted([*ordered, *made], key=lambda child: places[child.tag]):
        parent.append(child)
    return misfits


def _in_order(places: list[int]) -> Iterator[int]:
    """The numbers of a longest run that never steps back: what stands right; the fewest others are out of place.

    It is sought from the end, so that of two that have changed places the first one counts as right.
    """
    ends: list[int] = []  # -ends[n]: the largest place with which a run of n + 1 can begin
    first: list[int] = []  # the number in `places` with which it begins
    behind = [-1] * len(places)
    for number in range(len(places) - 1, -1, -1):
        at = bisect_right(ends, -places[number])
        behind[number] = first[at - 1] if at else -1
        ends[at : at + 1], first[at : at + 1] = [-places[number]], [number]
    number = first[-1] if first else -1
    while number >= 0:
        yield number
        number = behind[number]


def _clark(space: str, name: str) -> str:
    return f"{{{space}}}{name}" if space else name


def _qualified(node: Any, name: str) -> str:
    """A QName of the schema document in Clark's form."""
    prefix, _, local = name.rpartition(":")
    return _clark(node.nsmap.get(prefix or None) or "", local)


def _local(node: Any) -> str:
    """The tag of an element that is declared inside a type."""
    schema = node.getroottree().getroot()
    qualified = node.get("form", schema.get("elementFormDefault", "unqualified")) == "qualified"
    return _clark(schema.get("targetNamespace", "") if qualified else "", node.get("name", ""))
