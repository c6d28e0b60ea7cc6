"""What is left out of a message that we write, where its guide would refuse it and the message may be without it.

A record of one standard rarely fits another one wholly: a code is unknown there, a number is too long, a second amount has no
room. Then the smallest part goes that may be missing as a whole: the element, else its composite, else the segment, else
the group. What a document is about is never left out: there the refusal stays. Each part left out is the finding field_not_carried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Delimiters, Position, mask, unmask, wire
from edi_bridge.structure import ElementDef, Instance, Node, Structure

Record = dict[str, Any]

BAD_VALUE = {"too_long", "too_short", "wrong_character_type", "invalid_number", "invalid_date", "invalid_time", "unknown_code",
             "code_not_used", "element_not_used"}
TOO_MANY = {"segment_repeats", "group_repeats"}
LINES = {"LIN", "PO1", "IT1", "POC", "HL", "CPS", "ENT", "RMR", "DOC", "LX"}  # a group of these is what the document is about
ESSENTIAL = {"lines", "items", "packs", "locations"}  # lists of a record whose items are never left out
_ITEM = re.compile(r"(.*\b([a-z_]+))\[(\d+)\]\.[a-z_]+")  # lines[1].allowances[0].amount: what stands in the innermost item
_PAIRED = re.compile(r"\(([PCL])((?:\d\d){2,})\)")  # an X12 syntax note as the finding names it


def left_out(body: Sequence[str], faults: Sequence[Finding], structure: Structure,
             delimiters: Delimiters, several: bool = False) -> tuple[list[str], list[Finding]]:
    """The segments of one message (wire form, without header and trailer) without what `faults` are about, and a finding for each
    part that went. Nothing changes where no fault can be cured that way. The faults' segments count from 1, the header's.
    `several`: the message holds several records, each in a group of its own, which stays.
    """
    pieces = [mask(text, delimiters).split(delimiters.element) for text in body]
    walked = structure.walk([[structure.root.children[0].name], *pieces], delimiters.component).root
    nodes = structure.places(walked)
    gone: dict[int, str] = {}
    notes: list[Finding] = []
    for fault in faults:
        number = (fault.position.segment or 0) - 1
        node = nodes.get(number)
        if node is None or number < 1 or number in gone:
            continue
        cells = _cells(fault, structure.segments[node.name].elements)
        elements = pieces[number - 1]
        before = [elements[cell] for cell in cells or () if cell < len(elements)]
        if cells and any(before):
            for cell in cells:
                if cell < len(elements):
                    elements[cell] = ""
            notes.append(_note(fault, delimiters.element.join(filter(None, before)), delimiters))
        elif fault.kind in TOO_MANY or cells is not None:
            unit = _unit(node, number, walked, structure, fault.kind in TOO_MANY, several)
            if unit:
                notes.append(_note(fault, body[number - 1], delimiters))
            gone.update(dict.fromkeys(unit, ""))
    kept = [elements for number, elements in enumerate(pieces, 1) if number not in gone]
    return [wire(_trimmed(elements, delimiters), delimiters) for elements in kept], notes


def without_incomplete(records: Sequence[Record], findings: Sequence[Finding]) -> tuple[list[Record], list[Finding]]:
    """The records of one message without the items of lists that lack what the message needs of them (an allowance without
    amount), and a finding for each. The finding's place is the field that lacks; only one record can be told apart that way.
    """
    gone: dict[str, Finding] = {}
    for one in findings:
        match = _ITEM.fullmatch(one.position.path or "") if one.kind == "required_missing" and len(records) == 1 else None
        if match and match.group(2) not in ESSENTIAL:
            item = f"{match.group(1)}[{match.group(3)}]"
            note = f"{item} is left out: the message needs {one.position.path}, which the record does not have"
            gone.setdefault(item, found("field_not_carried", Position(path=item), "", note))
    if not gone:
        return list(records), []
    return [_without(records[0], "", gone)], list(gone.values())


def _without(value: Any, path: str, gone: Mapping[str, Finding]) -> Any:
    match value:
        case dict():
            return {name: _without(inner, f"{path}.{name}" if path else name, gone) for name, inner in value.items()}
        case list():
            return [_without(inner, place, gone) for number, inner in enumerate(value) if (place := f"{path}[{number}]") not in gone]
    return value


def _note(fault: Finding, text: str, delimiters: Delimiters) -> Finding:
    place = Position(message=fault.position.message, tag=fault.position.tag, path=fault.position.path)
    return found("field_not_carried", place, unmask(mask(text, delimiters), delimiters), f"left out, as the guide refuses it: {fault.note}")


def _cells(fault: Finding, uses: Sequence[ElementDef]) -> list[int] | None:
    """The positions of the elements that go; none: the whole segment must; None: leaving out cures nothing."""
    at, component = fault.position.element, fault.position.component
    if fault.kind == "condition_violated":
        rule = _PAIRED.search(fault.note)
        if rule is None:
            return []
        places = [int(pair) for pair in re.findall(r"\d\d", rule.group(2))]
        if component is not None:
            places = [at or 0]
        elif rule.group(1) != "P":
            places = places[:1]  # the one that asks for the others
        elif len(places) > 2:
            return []  # a quantity is not worth less than the price that is missing
        return _optional(places, uses)
    if at is None or (fault.kind != "missing_element" and fault.kind not in BAD_VALUE):
        return None
    if fault.kind == "missing_element" and component is None:
        return []
    return _optional([at], uses)


def _optional(places: list[int], uses: Sequence[ElementDef]) -> list[int]:
    """These elements, if all of them may be missing."""
    return places if all(0 < place <= len(uses) and uses[place - 1].status not in ("M", "R") for place in places) else []


def _unit(node: Node, number: int, root: Instance, structure: Structure, too_many: bool, several: bool) -> list[int]:
    """The numbers of the segments that go together with one: itself, or with a trigger its whole group; none where it must stay."""
    group = node.parent
    if group is None:
        return []
    if node.slot:
        return [number] if node.status != "M" or too_many else []
    if node.name in LINES or group.parent is None or (several and group.parent is structure.root) or (group.status == "M" and not too_many):
        return []
    return next((list(_numbers(one)) for one in _instances(structure.root, root) if one[0] == [number]), [])


def _instances(group: Node, instance: Instance) -> Iterator[Instance]:
    """All instances of groups below one."""
    for child, held in zip(group.children, instance, strict=False):
        if child.children:
            for one in held or ():
                yield one
                yield from _instances(child, one)


def _numbers(instance: Instance) -> Iterator[int]:
    for held in instance:
        for one in held or ():
            if isinstance(one, list):
                yield from _numbers(one)
            else:
                yield one


def _trimmed(elements: list[str], delimiters: Delimiters) -> str:
    while elements and not elements[-1]:
        elements = elements[:-1]
    return delimiters.element.join(elements)
