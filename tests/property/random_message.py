"""Random valid messages of segments: a shipped sample in which segments, groups and values are taken away, doubled, changed and
grown from the guide, each step kept only if the guide still finds the message valid.

Grown segments have the qualifiers that the map asks for more often than others, so that its rules are met in all combinations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import Any

from edi_bridge.guide.check import Checker
from edi_bridge.guide.guide import ElementUse
from edi_bridge.interchange import Delimiters, Message, escape, mask, wire
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.resolve import GroupStep
from edi_bridge.structure import Node
from tests import sample_cases

TOTALS = {"control_total_mismatch", "totals_differ"}  # a document of random lines does not add up; the map reads what it says
FRAME = {"UNH", "UNT", "ST", "SE", "UNS", "LS", "LE"}
STEPS = 12
PERIODS = {"102": "20261121", "203": "202611211030", "204": "20261121103059", "101": "261121", "602": "2026", "610": "202611", "616": "202647",
           "718": "2026110120261130", "401": "1030"}
NUMBERS = {"9": ["4012345000009", "4012345000016"], "UL": ["4012345000009"]}  # what an agency's number looks like
GTINS = {"EN": "4000862141404", "UP": "012345678905", "EAN": "4000862141404", "UK": "14000862141401", "UA": "012345678905"}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-/"
GROWN = 40  # segments of a group that is grown, at most


@dataclass(frozen=True)
class Soil:
    """What messages of one map grow from: its clean samples, the guide, and the codes that its paths ask for."""

    compiled: CompiledMap
    checker: Checker
    samples: tuple[Message, ...]

    @classmethod
    def of(cls, compiled: CompiledMap) -> Soil:
        """The soil of a shipped map, which has a sample that its guide finds valid."""
        kept: list[tuple[Checker, Message]] = []
        for case in sample_cases.cases():
            if case.map == compiled.name:
                for one in sample_cases.read(case).outcomes:
                    if isinstance(one.message, Message):
                        kept.append((sample_cases.catalog().checker_for(one.message.type, None), one.message))
        valid = [(checker, one) for checker, one in kept if not _rejecting(checker, one) and compiled.read(one)[0]]
        assert valid, f"{compiled.name} has no valid sample"
        checker = valid[0][0]
        return cls(compiled, checker, tuple(one for other, one in valid if other is checker))

    @cached_property
    def asked(self) -> dict[tuple[str, int, int], list[str]]:
        """(tag, element, component) → the codes that some path of the map asks for there."""
        found: dict[tuple[str, int, int], list[str]] = {}
        for one in (rule for scope in self.compiled.plan.scopes for rule in scope.rules()):
            for resolved in one.sources:
                tests = [(resolved.segment.node, test) for test in resolved.segment.tests] if resolved.segment is not None else []
                for step in (one for one in resolved.groups if isinstance(one, GroupStep)):
                    tests += [(step.node.children[test.slot], test) for test in step.tests]
                for node, test in tests:
                    if test.op == "=":
                        found.setdefault((node.name, test.element, max(test.component, 1)), []).extend(value for value in test.values if value)
        return found


def _rejecting(checker: Checker, message: Message) -> list[Any]:
    return [one for one in checker.check(message) if one.rejects and one.kind not in TOTALS]


def message(soil: Soil, random: Random) -> Message:
    """A random valid message."""
    made = random.choice(soil.samples)
    for _ in range(random.randint(1, STEPS)):
        changed = _changed(soil, made, random)
        if changed is not None and not _rejecting(soil.checker, changed):
            made = changed
    return made


def _changed(soil: Soil, old: Message, random: Random) -> Message | None:
    """The message after one step; None where the step finds nothing to do. `body` has header and trailer at its ends."""
    delimiters = old.delimiters
    body = [list(elements) for elements in old.segments]
    structure = soil.checker.guide.structure
    nodes = structure.places(structure.walk(body, delimiters.component).root)
    number = random.randrange(1, len(body) - 1)
    node = nodes.get(number)
    if node is None or node.name in FRAME:
        return None
    start, end = _range(nodes, number, node, len(body))
    match random.randrange(6):
        case 0:
            del body[start:end]
        case 1:
            body[end:end] = _renumbered(soil, [list(one) for one in body[start:end]], body)
        case 2:
            _revalue(soil, body[number], node, random, delimiters)
        case _:
            group = node.parent
            assert group is not None
            first, last = _range(nodes, number, group, len(body)) if group.parent is not None else (0, len(body))
            child = random.choice(group.children)
            if child.name in FRAME or (structure.hierarchy is not None and child is structure.hierarchy.node):
                return None
            grown = list(_grown(soil, child, random, delimiters))[:GROWN]
            at = next((n for n in range(first, last) if n > 0 and _slot_below(nodes[n], group) > child.slot), last)
            body[at:at] = grown
    return sample_cases.message_of(old, [wire(delimiters.element.join(one), delimiters) for one in body[1:-1]])


def _range(nodes: dict[int, Node], number: int, node: Node, size: int) -> tuple[int, int]:
    """Where the segment stands, or the instance of the group around it; a trigger stands for its group."""
    group = node if node.is_group else node.parent if node.slot == 0 and node.parent is not None and node.parent.parent is not None else None
    if group is None:
        return number, number + 1
    start = number
    while start > 0 and nodes[start] is not group.children[0]:
        start -= 1
    end = start + 1
    while end < size and end in nodes and nodes[end] is not group.children[0] and _below(nodes[end], group):
        end += 1
    return start, end


def _below(node: Node | None, group: Node) -> bool:
    while node is not None:
        if node is group:
            return True
        node = node.parent
    return False


def _slot_below(node: Node, group: Node) -> int:
    """The slot of the group's child that a segment stands in; what stands outside the group is behind all."""
    while node.parent is not None:
        if node.parent is group:
            return node.slot
        node = node.parent
    return 10**6


def _renumbered(soil: Soil, segments: list[list[str]], body: list[list[str]]) -> list[list[str]]:
    """A copy of a group; a node of the hierarchy gets a number of its own (below the same parent)."""
    tree = soil.checker.guide.structure.hierarchy
    if tree is not None and segments[0][0] == tree.node.children[0].name and tree.id[1] <= 1:
        used = [int(one[tree.id[0]]) for one in body if one[0] == segments[0][0] and one[tree.id[0]].isdigit()]
        segments[0][tree.id[0]] = str(max(used, default=0) + 1)
    return segments


# --- growing ---------------------------------------------------------------------------------------------------------------


def _grown(soil: Soil, node: Node, random: Random, delimiters: Delimiters) -> Iterator[list[str]]:
    """A segment, or a group with its trigger and some of what may stand in it."""
    if not node.is_group:
        yield _segment(soil, node, random, delimiters)
        return
    for child in node.children:
        place = soil.checker.guide.places[child]
        many = max(place.least, 1 if child.slot == 0 or not random.randrange(4) else 0)
        for _ in range(many):
            yield from _grown(soil, child, random, delimiters)


def _segment(soil: Soil, node: Node, random: Random, delimiters: Delimiters) -> list[str]:
    uses = soil.checker.guide.places[node].segment.elements  # type: ignore[union-attr]
    texts = [node.name]
    for position, use in enumerate(uses, 1):
        texts.append(_element(soil, node.name, position, use, random, delimiters) if use.required or random.random() < 0.6 else "")
    _dated(texts, delimiters)
    while len(texts) > 1 and not texts[-1]:
        texts.pop()
    return texts


def _element(soil: Soil, tag: str, position: int, use: ElementUse, random: Random, delimiters: Delimiters) -> str:
    if not use.parts:
        return _value(soil, (tag, position, 1), use, random, delimiters)
    parts = [_value(soil, (tag, position, number), part, random, delimiters) if part.required or random.random() < 0.7 else ""
             for number, part in enumerate(use.parts, 1)]
    _identified(parts, use)
    while parts and not parts[-1]:
        parts.pop()
    return delimiters.component.join(parts)


def _value(soil: Soil, place: tuple[str, int, int], use: ElementUse, random: Random, delimiters: Delimiters) -> str:
    """A value of an element's type, with a code that the map asks for or any of its list."""
    asked = soil.asked.get(place)
    if asked and random.random() < 0.8:
        return random.choice(asked)
    if use.codes is not None and use.codes.codes:
        return random.choice(list(use.codes.codes))
    if use.type is None:
        return "X"
    kind, least, most = use.type.kind, use.type.least, use.type.most
    match kind[0]:
        case "D":
            text = "20261121" if most >= 8 else "261121"
        case "T":
            text = "1030"
        case "R":
            text = str(Decimal(random.randint(1, 999)) / random.choice([1, 10, 100]))[:most]
        case "n" | "N":
            text = str(random.randint(1, 10**min(most, 5) - 1))
        case _:
            text = "".join(random.choices(LETTERS, k=random.randint(max(least, 1), max(least, min(most, 14))))).strip() or "A"
    text = text.zfill(least) if kind[0] in "nN" else text.ljust(least, "0")
    return mask(escape(text, delimiters), delimiters)


def _identified(parts: list[str], use: ElementUse) -> None:
    """Numbers of articles and places as the agency beside them gives them out (GTIN, GLN)."""
    ids = [part.id for part in use.parts]
    for number, qualifier, known in (("7140", "7143", GTINS), ("3039", "3055", {"9": NUMBERS["9"][0]}), ("3225", "3055", {"9": NUMBERS["9"][0]})):
        if number in ids and qualifier in ids and parts[ids.index(qualifier)] in known:
            parts[ids.index(number)] = known[parts[ids.index(qualifier)]]


def _dated(texts: list[str], delimiters: Delimiters) -> None:
    """A date as the format beside it wants it (EDIFACT C507), a format for a date without one."""
    if texts[0] == "DTM" and len(texts) == 2:
        parts = (texts[1].split(delimiters.component) + ["", "", ""])[:3]
        parts[2] = parts[2] if parts[2] in PERIODS else "102"
        parts[1] = PERIODS[parts[2]]
        texts[1] = delimiters.component.join(parts)


def _revalue(soil: Soil, elements: list[str], node: Node, random: Random, delimiters: Delimiters) -> None:
    """Another value in one element."""
    uses = soil.checker.guide.places[node].segment.elements  # type: ignore[union-attr]
    if len(elements) > 1 and uses:
        position = random.randrange(1, min(len(elements), len(uses) + 1))
        elements[position] = _element(soil, node.name, position, uses[position - 1], random, delimiters)
        _dated(elements, delimiters)
