"""A written XML document made whole before it is sent: as its schema wants it, whatever the record did not say.

A map writes what the record has. So there may be an `cac:PaymentMeans` without the code that must stand in it, or no
`cac:SellerSupplierParty`, which must stand in an order and may be empty. `made_whole` leaves out the one, with a finding, and
adds the other.
"""

from __future__ import annotations

from typing import Any

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Position, element_path
from edi_bridge.structure_xml import XmlChild, XmlStructure


def made_whole(root: Any, structure: XmlStructure) -> list[Finding]:
    """Put a document right, and say what was left out: elements that need not stand where they stand, and that lack what they
    must hold. What must stand there and may be empty is added. What must stand there and cannot be empty is the check's to tell.
    """
    findings: list[Finding] = []
    _whole(root, structure.root, structure, findings)
    return findings


def _whole(element: Any, kind: XmlChild, structure: XmlStructure, findings: list[Finding]) -> None:
    for child in list(element):
        own = structure.child(kind, child.tag)
        if own is None or not structure.children(own):
            continue
        _whole(child, own, structure, findings)
        lacking = [one.name for one in structure.children(own) if one.least and child.find(one.tag) is None]
        if lacking and not own.least:
            note = f"{own.name} cannot stand without {' and '.join(lacking)}, which the record does not have: it is left out"
            findings.append(found("cannot_write", Position(path=element_path(child)), "", note))
            element.remove(child)
    for one in structure.children(kind):
        if one.least and element.find(one.tag) is None and _may_be_empty(one, structure):
            place = structure.place(kind, one)
            before = sum(1 for child in element if (own := structure.child(kind, child.tag)) and structure.place(kind, own) < place)
            element.insert(before, element.makeelement(one.tag))


def _may_be_empty(kind: XmlChild, structure: XmlStructure) -> bool:
    """It has children and no attributes, and none of the children must stand in it."""
    inside = structure.children(kind)
    return bool(inside) and not structure.attributes(kind) and not any(one.least for one in inside)
