"""A written XML document made whole before it is sent: as its schema wants it, whatever the record did not say.

A map writes what the record has. So there may be an `cac:PaymentMeans` without the code that must stand in it, or no
`cac:SellerSupplierParty`, which must stand in an order and may be empty. `made_whole` leaves out the one, with findings that name
the fields of the record which stood in it, and adds the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Position, element_path
from edi_bridge.structure_xml import XmlChild, XmlStructure

Inside = Callable[[Any], Sequence[str]]  # the fields of the record that stand in an element or below it


class _Kind(NamedTuple):
    """What is to be seen to in the elements of one type: children that have children, and what must stand there."""

    deeper: dict[str, XmlChild]
    needed: tuple[XmlChild, ...]


class _Lost(NamedTuple):
    """An element that is left out for what it lacks."""

    element: Any
    name: str
    lacking: list[str]


def unnamed(element: Any) -> Sequence[str]:
    """No fields: what is left out is named by its place in the document."""
    return ()


def made_whole(root: Any, structure: XmlStructure, inside: Inside = unnamed) -> list[Finding]:
    """Put a document right, and say what was left out: elements that need not stand where they stand, and that lack what they, or
    what must stand in them, must hold. What must stand there and may be empty is added. What the document itself lacks is the check's
    to tell.
    `inside` is asked before the first element goes; there is a finding for each field that it names.
    """
    lost: list[_Lost] = []
    _Whole(structure, lost).visit(root, structure.root)
    findings = [finding for one in lost for finding in _findings(one, inside)]
    for one in lost:
        one.element.getparent().remove(one.element)
    return findings


class _Whole:
    """One document at work; `lost` takes what is to be left out, inner elements first."""

    def __init__(self, structure: XmlStructure, lost: list[_Lost]):
        self.structure = structure
        self.lost = lost

    def visit(self, element: Any, kind: XmlChild) -> list[str]:
        """See to an element and all below it; the names of what it must hold, cannot hold empty, and lacks."""
        deeper, needed = _kind(self.structure, kind)
        tags, inside = set(), []
        for child in element:
            tag = child.tag
            own = deeper.get(tag)
            if own is not None:
                lacking = self.visit(child, own)
                if lacking and not own.least:
                    self.lost.append(_Lost(child, own.name, lacking))
                    continue
                inside += [f"{name} in its {own.name}" for name in lacking]
            tags.add(tag)
        missing = [one for one in needed if one.tag not in tags]
        return [*(self._lacking(element, kind, missing) if missing else ()), *dict.fromkeys(inside)]

    def _lacking(self, element: Any, kind: XmlChild, missing: Sequence[XmlChild]) -> Iterator[str]:
        """Add what may be empty, and name the others."""
        for one in missing:
            if not _may_be_empty(one, self.structure):
                yield one.name
                continue
            place = self.structure.place(kind, one)
            before = sum(1 for child in element if (own := self.structure.child(kind, child.tag)) and self.structure.place(kind, own) < place)
            element.insert(before, element.makeelement(one.tag))


@lru_cache(maxsize=4096)
def _kind(structure: XmlStructure, kind: XmlChild) -> _Kind:
    inside = structure.children(kind)
    return _Kind({one.tag: one for one in inside if structure.children(one)}, tuple(one for one in inside if one.least))


def _may_be_empty(kind: XmlChild, structure: XmlStructure) -> bool:
    """It has children and no attributes, and none of the children must stand in it."""
    inside = structure.children(kind)
    return bool(inside) and not structure.attributes(kind) and not any(one.least for one in inside)


def _findings(lost: _Lost, inside: Inside) -> Iterator[Finding]:
    path = element_path(lost.element)
    note = f"{lost.name} cannot stand without {' and '.join(lost.lacking)}, which the record does not have: it is left out"
    fields = inside(lost.element)
    for field in fields:
        yield found("cannot_write", Position(path=field), "", f"{path}: {note}")
    if not fields:
        yield found("cannot_write", Position(path=path), "", note)
