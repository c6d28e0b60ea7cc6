"""An agreement's `restrict:` laid over a guide: what a partner and we demand, forbid or add beyond the standard.

    SG25/QTY: {max: 2}                    segments and groups: max, min, required, forbidden
    SG2/NAD/C082: {required: true}        elements and composites: required, forbidden
    BGM/1225: {codes: ["9", "5"]}         values: codes (only these), add_codes (these as well), length
    SG2/NAD/C080.3036#2: {length: ..30}   the second 3036 of C080; X12: {PO1}/PO1/02

Steps of a path may be left out as long as one place is meant; the whole path always means itself (FTX is the message's own
FTX, though SG25 has one too).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from edi_bridge.guide.guide import ElementType, ElementUse, Guide, Place, SegmentUse
from edi_bridge.structure import Node
from edi_bridge.yamltext import Block, Items, Problems

NODE_KEYS = ("max", "min", "required", "forbidden")
ELEMENT_KEYS = ("required", "forbidden", "max")
VALUE_KEYS = ("required", "forbidden", "max", "codes", "add_codes", "length")


class Spot(NamedTuple):
    """A place that a path may mean: its steps, each in every way it may be written; the element's and component's index from 0."""

    steps: tuple[frozenset[str], ...]
    node: Node
    element: int = -1
    component: int = -1


def restricted(guide: Guide, restrict: Block, known: Sequence[Spot] | None = None) -> Guide:
    """The guide as it holds for a partner. Raises ConfigFault with every path and key that cannot be used. `known`: its `spots_of`,
    where several restrict the same one."""
    problems = Problems(restrict.file)
    places = dict(guide.places)
    spots = known if known is not None else spots_of(guide)
    for path, entry in restrict.items():
        spot = _spot(spots, path, restrict, problems)
        if spot is None:
            continue
        if not isinstance(entry, Block):
            problems.add(restrict.value_marks[path], "write {max: …}, {required: true}, {forbidden: true}, {codes: […]} or {length: …}")
            continue
        place = places[spot.node]
        if spot.element < 0:
            problems.unknown_keys(entry, NODE_KEYS, "a segment or group")
            places[spot.node] = _node(place, entry, problems)
        else:
            places[spot.node] = _inside(place, spot, entry, problems)
    problems.done()
    return replace(guide, places=places)


def _node(place: Place, entry: Block, problems: Problems) -> Place:
    most = _count(entry, "max", place.most, 0, problems)
    least = _count(entry, "min", place.least, 0, problems)
    if _flag(entry, "required", problems):
        least = max(least, 1)
    forbidden = _flag(entry, "forbidden", problems)
    if least > most:
        problems.add(entry.mark, f"it must stand {least} times at least and may stand {most} times at most", entry.file)
    if forbidden and least:
        problems.add(entry.mark, f"{place.node.path} is mandatory and cannot be forbidden", entry.file)
    return replace(place, most=most, least=least, forbidden=forbidden or place.forbidden)


def _inside(place: Place, spot: Spot, entry: Block, problems: Problems) -> Place:
    segment = place.segment
    assert segment is not None
    element = segment.elements[spot.element]
    if spot.component < 0:
        changed = _element(element, entry, problems)
    else:
        parts = list(element.parts)
        parts[spot.component] = _element(parts[spot.component], entry, problems)
        changed = replace(element, parts=tuple(parts))
    elements = list(segment.elements)
    elements[spot.element] = changed
    return replace(place, segment=SegmentUse(segment.tag, segment.name, tuple(elements), segment.rules))


def _element(use: ElementUse, entry: Block, problems: Problems) -> ElementUse:
    problems.unknown_keys(entry, ELEMENT_KEYS if use.parts else VALUE_KEYS, "a composite" if use.parts else "a value")
    required = _flag(entry, "required", problems)
    forbidden = _flag(entry, "forbidden", problems)
    if forbidden and (required or use.required):
        problems.add(entry.mark, f"{use.id} is mandatory and cannot be forbidden", entry.file)
    only = _codes(entry, "codes", problems)
    return replace(use, required=use.required or required, forbidden=use.forbidden or forbidden,
                   repeat=_count(entry, "max", use.repeat, 1, problems), type=_length(use, entry, problems),
                   only=use.only if only is None else only, added=use.added | (_codes(entry, "add_codes", problems) or frozenset()))


def _length(use: ElementUse, entry: Block, problems: Problems) -> ElementType | None:
    given = entry.get("length")
    if given is None:
        return use.type
    match = re.fullmatch(r"(?:(\d+)?\.\.)?(\d+)", str(given))
    if match is None or use.type is None:
        problems.add(entry.value_marks["length"], "length: is 12, 8..12 or ..12", entry.file)
        return use.type
    most = int(match.group(2))
    least = int(match.group(1) or 1) if ".." in str(given) else most
    if not 0 < least <= most:
        problems.add(entry.value_marks["length"], f"{given} leaves no length", entry.file)
    return ElementType(use.type.kind, least, most)


def _codes(entry: Block, key: str, problems: Problems) -> frozenset[str] | None:
    given = entry.get(key)
    if given is None:
        return None
    if not isinstance(given, Items) or not given:
        problems.add(entry.value_marks[key], f"{key}: is a list of codes", entry.file)
        return None
    for code, mark in zip(given, given.marks, strict=True):
        if not isinstance(code, str):
            problems.add(mark, f"put the code {code} in quotes, so that no zero is lost", entry.file)
    return frozenset(map(str, given))


def _count(entry: Block, key: str, default: int, least: int, problems: Problems) -> int:
    given: Any = entry.get(key, default)
    if not isinstance(given, int) or isinstance(given, bool) or given < least:
        problems.add(entry.value_marks[key], f"{key}: is a number, {least} or more", entry.file)
        return default
    return given


def _flag(entry: Block, key: str, problems: Problems) -> bool:
    given = entry.get(key, False)
    if not isinstance(given, bool):
        problems.add(entry.value_marks[key], f"{key}: is true or false", entry.file)
    return given is True


# --- paths -------------------------------------------------------------------------------------------------------


def _spot(spots: Sequence[Spot], path: str, restrict: Block, problems: Problems) -> Spot | None:
    """The place that a path means: the whole path first, then its end, then steps left out anywhere."""
    steps = path.split("/")
    for fits in (_whole, _end, _some):
        found = [spot for spot in spots if fits(spot.steps, steps)]
        if len(found) == 1:
            return found[0]
        if found:
            names = [written(spot) for spot in found]
            problems.add(restrict.marks[path], f"{path} may mean {', '.join(names[:6])}{' …' if len(names) > 6 else ''}: say which",
                         restrict.files.get(path, ""))
            return None
    import difflib

    near = difflib.get_close_matches(path, [written(spot) for spot in spots], 1, 0.5)
    problems.add(restrict.marks[path], f"the guide has no {path}" + (f"; did you mean {near[0]}?" if near else ""), restrict.files.get(path, ""))
    return None


def written(spot: Spot) -> str:
    """The whole path of a place, as it is written in full."""
    return "/".join(max(step, key=lambda name: (len(name), name)) for step in spot.steps)


def _whole(own: tuple[frozenset[str], ...], steps: list[str]) -> bool:
    return len(own) == len(steps) and _end(own, steps)


def _end(own: tuple[frozenset[str], ...], steps: list[str]) -> bool:
    return len(own) >= len(steps) and all(step in names for step, names in zip(reversed(steps), reversed(own), strict=False))


def _some(own: tuple[frozenset[str], ...], steps: list[str]) -> bool:
    if len(own) < len(steps) or steps[-1] not in own[-1]:
        return False
    rest = iter(own)
    return all(any(step in names for names in rest) for step in steps)


def spots_of(guide: Guide) -> list[Spot]:
    """Every place of a guide that a path may mean."""
    return list(_spots(guide))


def _spots(guide: Guide) -> Iterator[Spot]:
    for node, place in guide.places.items():
        steps = tuple(frozenset((step,)) for step in node.path.split("/"))
        yield Spot(steps, node)
        if place.segment is None:
            continue
        for index, (names, element) in enumerate(zip(_names(guide, place.segment.elements), place.segment.elements, strict=True)):
            yield Spot((*steps, names), node, index)
            for part, inner in enumerate(_names(guide, element.parts)):
                both = {f"{outer}.{name}" for outer in names for name in inner}
                if guide.standard != "x12":
                    both |= inner  # 6060 for C186.6060
                yield Spot((*steps, frozenset(both)), node, index, part)


def _names(guide: Guide, uses: tuple[ElementUse, ...]) -> list[frozenset[str]]:
    """How each element of a segment (component of a composite) may be written: its number, with #2 where it is the second."""
    if guide.standard == "x12":
        return [frozenset((f"{number:02}",)) for number in range(1, len(uses) + 1)]
    seen: dict[str, int] = {}
    listed = []
    for use in uses:
        nth = seen[use.id] = seen.get(use.id, 0) + 1
        several = sum(other.id == use.id for other in uses) > 1
        listed.append(frozenset((use.id, f"{use.id}#{nth}") if several else (use.id,)))
    return listed
