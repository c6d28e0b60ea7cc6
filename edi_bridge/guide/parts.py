"""Conditions between parts of a tree (`rules: ["D4(SG1,SG3)"]`): ISO 9735-1 annex B.3 notes them for segments and groups too.

They hold within one instance of the group that has all the parts named. Only guides with such rules ask for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edi_bridge.guide.condition import RULES
from edi_bridge.structure import Instance, Node, Structure


@dataclass(frozen=True, slots=True)
class PartRule:
    """A rule between children of one group."""

    text: str
    kind: str
    group: Node
    slots: tuple[int, ...]


def part_rules(structure: Structure) -> list[PartRule]:
    """The rules of a structure whose parts are found together in one group; others are no rules between parts."""
    made = []
    for text in structure.rules:
        match = re.fullmatch(r"(D[1-7])\(([\w{}]+(?:,[\w{}]+)+)\)", text.replace(" ", ""))
        if match is None:
            continue
        names = match.group(2).split(",")
        for group in (structure.root, *(node for node in structure.root.descendants() if node.is_group)):
            slots = [child.slot for name in names for child in group.children if child.name == name]
            if len(slots) == len(names):
                made.append(PartRule(text, match.group(1), group, tuple(slots)))
                break
    return made


def part_faults(rules: Sequence[PartRule], structure: Structure, tags: Sequence[str]) -> Iterator[tuple[PartRule, int, Node]]:
    """(rule, segment from 0 to point at, the part that breaks it) of each broken rule, for a message of these tags."""
    root = structure.walk([[tag] for tag in tags]).root
    for rule in rules:
        for instance in _instances(structure.root, root, rule.group):
            present = [bool(instance[slot]) for slot in rule.slots]
            broken = RULES[rule.kind][0](present)
            if broken >= 0:
                part = rule.group.children[rule.slots[broken]]
                yield rule, _first(instance[part.slot]) if instance[part.slot] else _first(instance[0]), part


def _instances(node: Node, instance: Instance, wanted: Node) -> Iterator[Instance]:
    if node is wanted:
        yield instance
        return
    for child, held in zip(node.children, instance, strict=False):
        if child.is_group and held:
            for one in held:
                yield from _instances(child, one, wanted)


def _first(held: list[int] | list[Instance]) -> int:
    """The number of the first segment of what is held."""
    one = held[0]
    while isinstance(one, list):
        one = one[0]
    return one
