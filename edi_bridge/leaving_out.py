"""What is left out of a message that we write, where its guide would refuse it and the message may be without it.

A record of one standard rarely fits another one wholly: a code is unknown there, a number is too long, a second amount has no
room. A text is cut then, a qualifier becomes the general one ("mutually defined"); else the smallest part goes that may be
missing as a whole: the element, else its composite, else the segment, else the group. What a document is about is never
left out: there the refusal stays. Each part left out or changed is the finding field_not_carried: its place is the field of the
record that stood there, its note says where that was in the message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Delimiters, Position, escape, mask, unmask, wire
from edi_bridge.structure import ElementDef, Instance, Node, Structure

Record = dict[str, Any]
Spot = tuple[int, int | None, int | None]  # segment (the header's is 1), element, component
Naming = Callable[[Sequence[Spot]], Sequence[str]]  # the fields of the record that stand at some spots of the message

BAD_VALUE = {"too_long", "too_short", "wrong_character_type", "invalid_number", "invalid_date", "invalid_time", "unknown_code",
             "code_not_used", "element_not_used"}
# Free text, by the number of the element: names, streets, towns, descriptions. It may be cut; a number or code never.
TEXTS = {"3036", "3042", "3124", "3164", "3224", "3192", "3412", "3432", "4276", "4440", "7008", "7160",
         "93", "166", "19", "352", "369", "933", "3"}
# What UNCL and X12 have for qualifiers that are not in their lists (ZZZ and ZZ: mutually defined, AAI: general information), and
# what is meant where nothing is said (4279 = 1: the basic terms; a quantity without a unit counts pieces).
GENERAL = {"1153": "ZZZ", "3035": "ZZZ", "3055": "ZZZ", "4279": "ZZZ", "4451": "AAI", "7143": "ZZZ", "98": "ZZ", "128": "ZZ", "235": "ZZ"}
UNSAID = {"4279": "1", "4451": "AAI", "355": "EA"}
BESIDE_TEXT = {"7161", "7009", "4441"}  # codes of what the same composite says as text: they go alone
# Numbers and quantities of documents and lines: never left out.
IDENTITY = {"BGM/1004", "LIN/1082", "QTY/6060", "BEG/324", "BIG/76", "PO1/330", "PO1/350", "IT1/358", "IT1/350", "SN1/382"}
TOO_MANY = {"segment_repeats", "group_repeats"}
LINES = {"LIN", "PO1", "IT1", "POC", "HL", "CPS", "ENT", "RMR", "DOC", "LX"}  # a group of these is what the document is about
ESSENTIAL = {"lines", "items", "packs", "locations"}  # lists of a record whose items are never left out
_ITEM = re.compile(r"(.*\b([a-z_]+))\[(\d+)\]\.[a-z_]+")  # lines[1].allowances[0].amount: what stands in the innermost item
_TIMED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:[^/]*\Z")
LINE_BREAK = "a line break cannot be written here"  # what the conversions of texts without lines say
_ZONE = re.compile(r"(?<=:\d\d)(Z|[+-]\d\d:\d\d)\Z")
_STEP = re.compile(r"([a-z_0-9]+)|\[(\d+)\]")
TOGETHER = {"P", "D2"}  # conditions of X12 and of EDIFACT: all or none,
ASKING = {"C", "L", "D5", "D6"}  # and those in which the first element asks for others


@dataclass(frozen=True, slots=True)
class Less:
    """A message with less: its segments, what went, and for each segment which one it was before, counted from 1 (the header)."""

    body: list[str]
    findings: list[Finding]
    kept: list[int]


def unnamed(spots: Sequence[Spot]) -> Sequence[str]:
    """No fields: what is left out is named by its place in the message."""
    return ()


def left_out(body: Sequence[str], faults: Sequence[Finding], structure: Structure,
             delimiters: Delimiters, several: bool = False, naming: Naming = unnamed) -> Less:
    """The segments of one message (wire form, without header and trailer) without what `faults` are about, and findings for each
    part that went. Nothing changes where no fault can be cured that way. The faults' segments count from 1, the header's.
    `several`: the message holds several records, each in a group of its own, which stays. `naming` says whose fields they are.
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
        note, done = _mended(fault, pieces[number - 1], delimiters, naming), True
        if not note:
            note, done = _emptied(fault, pieces[number - 1], structure, node, delimiters, naming)
        notes += note
        if not done and not _identity(fault):
            unit = _unit(node, number, walked, structure, fault.kind in TOO_MANY, several)
            if unit:
                notes += _notes(fault, unmask(mask(body[number - 1], delimiters), delimiters), naming([(one + 1, None, None) for one in unit]))
            gone.update(dict.fromkeys(unit, ""))
        else:  # what nothing is left of goes too, where nothing else goes with it
            unit = _unit(node, number, walked, structure, False, several)
            if not any(delimiters.element in _trimmed(pieces[one - 1], delimiters) for one in unit):
                gone.update(dict.fromkeys(unit, ""))
    kept = [number for number in range(1, len(pieces) + 1) if number not in gone]
    return Less([wire(_trimmed(pieces[number - 1], delimiters), delimiters) for number in kept], notes, [number + 1 for number in kept])


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


def in_other_words(records: Sequence[Record], findings: Sequence[Finding]) -> tuple[list[Record], list[Finding]]:
    """The records of one message with less of what found no place as it is (`cannot_write`), and a finding for each: a time of day
    goes without its zone, and asked again, with the day alone, as a delivery on the right day is more than none; lines become one."""
    made = list(records)
    notes: list[Finding] = []
    for one in findings:
        path = one.position.path or ""
        if one.kind != "cannot_write" or not path:
            continue
        for number, record in enumerate(made):
            value = _at(record, path)
            less = _lesser(value, one) if isinstance(value, str) else ""
            if less:
                made[number] = _put(record, "", path, less)
                told = value.replace("\n", " ⏎ ")
                notes.append(found("field_not_carried", Position(path=path), "", f'{path}: "{told}" is written as "{less}"'))
    return made, notes


def _lesser(value: str, finding: Finding) -> str:
    """What can be written instead; '' where nothing can."""
    if LINE_BREAK in finding.note and "\n" in value:
        return " ".join(value.split())
    if _TIMED.match(value) and value in finding.sentence():
        return _ZONE.sub("", value) if _ZONE.search(value) else value[:10]
    return ""


def _at(record: Any, path: str) -> Any:
    """The value at a path of a record; None where nothing stands."""
    for name, number in _STEP.findall(path):
        if name:
            record = record.get(name) if isinstance(record, dict) else None
        else:
            record = record[int(number)] if isinstance(record, list) and int(number) < len(record) else None
    return record


def _put(value: Any, path: str, target: str, new: str) -> Any:
    """The record with another value at the target."""
    match value:
        case dict():
            return {name: _put(inner, f"{path}.{name}" if path else name, target, new) for name, inner in value.items()}
        case list():
            return [_put(inner, f"{path}[{number}]", target, new) for number, inner in enumerate(value)]
    return new if path == target else value


def _notes(fault: Finding, value: str, fields: Sequence[str], how: str = "left out") -> list[Finding]:
    """A finding for each field; where none stood there, one with the place in the message."""
    where = f"{fault.position.path}: " if fields and fault.position.path and fault.position.path not in fault.note else ""
    note = f"{how}, as the guide refuses it: {where}{fault.note}"
    return [found("field_not_carried", Position(message=fault.position.message, tag=fault.position.tag, path=path), value, note)
            for path in fields or (fault.position.path,)]


def _mended(fault: Finding, elements: list[str], delimiters: Delimiters, naming: Naming) -> list[Finding]:
    """Put another value in the place of the one that is refused, if there is one; what was done."""
    at, component, id = fault.position.element or 0, (fault.position.component or 1) - 1, fault.position.id or ""
    parts = elements[at].split(delimiters.component) if 0 < at < len(elements) else [""]
    value = unmask(parts[component], delimiters) if component < len(parts) else ""
    most = fault.demand.most if fault.demand else 0
    if fault.kind == "too_long" and id in TEXTS and most:
        other, how = value[:most].rstrip(), "cut"
    elif fault.kind in BAD_VALUE and id in GENERAL and value and value != GENERAL[id]:
        other, how = GENERAL[id], f"written as {GENERAL[id]}"
    elif fault.kind in ("missing_element", "condition_violated") and id in UNSAID and not value:
        other, how = UNSAID[id], f"written as {UNSAID[id]}"
    else:
        return []
    parts += [""] * (component + 1 - len(parts))
    parts[component] = mask(escape(other, delimiters), delimiters)
    elements += [""] * (at + 1 - len(elements))
    elements[at] = delimiters.component.join(parts)
    return _notes(fault, value, naming([(fault.position.segment or 0, at, component + 1)]), how)


def _emptied(fault: Finding, elements: list[str], structure: Structure, node: Node, delimiters: Delimiters,
             naming: Naming) -> tuple[list[Finding], bool]:
    """Empty the elements that a fault is about, where they may be missing; what stood there, and whether that is all there is to do."""
    if _identity(fault):
        return [], True
    cells = _cells(fault, structure.segments[node.name].elements)
    if cells is None:
        return [], fault.kind not in TOO_MANY
    here = [cell for cell in cells if cell < len(elements) and elements[cell]]
    if not here:
        return [], False
    before = delimiters.element.join(elements[cell] for cell in here)
    spots: list[Spot] = []
    for cell in here:
        parts = elements[cell].split(delimiters.component)
        alone = fault.position.id in BESIDE_TEXT and fault.position.component and any(parts[fault.position.component:])
        if alone and fault.position.component:
            parts[fault.position.component - 1] = ""
        elements[cell] = delimiters.component.join(parts) if alone else ""
        spots.append((fault.position.segment or 0, cell, fault.position.component if alone else None))
    return _notes(fault, unmask(before, delimiters), naming(spots)), True


def _identity(fault: Finding) -> bool:
    return f"{fault.position.tag}/{fault.position.id}" in IDENTITY


def _cells(fault: Finding, uses: Sequence[ElementDef]) -> list[int] | None:
    """The positions of the elements that go; none: the whole segment must; None: leaving out cures nothing."""
    at, component = fault.position.element, fault.position.component
    if fault.kind == "condition_violated":
        rule = fault.demand
        if rule is None or rule.rule not in TOGETHER | ASKING:
            return []
        places = list(rule.places)
        if component is not None:
            places = [at or 0]
        elif rule.rule in ASKING:
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
    for one in _instances(structure.root, root):
        if number in one[0]:  # the walk keeps a group that may stand once in one instance, however often its trigger stands there
            end = next((other for other in one[0] if other > number), None)
            return [other for other in _numbers(one) if other >= number and (end is None or other < end)]
    return []


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
