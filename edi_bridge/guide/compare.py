"""What differs between two guides of one standard: segments and groups, statuses and repeats, elements, types, codes.

Trees are compared level by level. Groups get new numbers from release to release, so a group is known by its trigger: children of
two matched groups are lined up by trigger and tag in their order. What one side has alone was added or removed, or was moved when
the same segment or group stands elsewhere on the other side. Segments, composites, types and codes are compared once each, for
what both messages use.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from edi_bridge.guide.guide import ElementUse, Guide, SegmentUse
from edi_bridge.guide.show import used_elements
from edi_bridge.structure import UNLIMITED, Node


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `kind`: added, removed, moved, renumbered, changed; `where` is the place in the second guide (in the first
    one for what was removed); `before` and `after` are what the two say, '' where there is nothing."""

    kind: str
    where: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class CodeChange:
    """The code values of an element that only one of the guides has."""

    element: str
    name: str
    added: Mapping[str, str]
    removed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """All differences between two guides."""

    first: str
    second: str
    tree: tuple[Change, ...] = ()
    segments: tuple[Change, ...] = ()
    composites: tuple[Change, ...] = ()
    types: tuple[Change, ...] = ()
    codes: tuple[CodeChange, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the two say the same."""
        return not (self.tree or self.segments or self.composites or self.types or self.codes)


def compare(first: Guide, second: Guide) -> Difference:
    """What the second guide says differently from the first; both are of one standard."""
    tree = _Tree(first, second)
    tree.children(first.structure.root, second.structure.root)
    segments, composites = _parts(first, second)
    both = sorted(used_elements(first) & used_elements(second))
    pairs = [(number, first.elements[number], second.elements[number]) for number in both
             if number in first.elements and number in second.elements]
    types = [Change("changed", f"{number} {new.name}", str(old.type), str(new.type)) for number, old, new in pairs if old.type != new.type]
    codes = [found for number, old, new in pairs if (found := _codes(number, old, new))]
    return Difference(first.key, second.key, tuple(tree.done()), tuple(segments), tuple(composites), tuple(types), tuple(codes))


@dataclass(slots=True)
class _Tree:
    """The comparison of two trees while it goes on; what only one side has is kept until all is seen."""

    first: Guide
    second: Guide
    changes: list[Change] = field(default_factory=list)
    gone: list[Node] = field(default_factory=list)
    new: list[Node] = field(default_factory=list)
    matched: dict[Node, Node] = field(default_factory=dict)  # groups of the first tree and of the second

    def children(self, old: Node, new: Node) -> None:
        """Line up what stands in two groups."""
        self.matched[old] = new
        keys = [_key(node) for node in old.children], [_key(node) for node in new.children]
        matcher = SequenceMatcher(None, *keys, autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            if kind == "equal":
                for one, other in zip(old.children[a:b], new.children[c:d], strict=True):
                    self.pair(one, other)
            else:
                self.gone += old.children[a:b]
                self.new += new.children[c:d]

    def pair(self, old: Node, new: Node) -> None:
        """The same segment or group on both sides."""
        before, after = _stand(self.first, old), _stand(self.second, new)
        if before != after:
            self.changes.append(Change("changed", _name(new), before, after))
        if old.name != new.name:
            self.changes.append(Change("renumbered", new.path, old.path, new.path))
        if old.is_group:
            self.children(old, new)

    def done(self) -> Iterator[Change]:
        """All changes, in the order of the second tree; what only one side has is matched with what the other has elsewhere."""
        for node in list(self.gone):
            twin = self.twin(node)
            if twin is None:
                continue
            self.gone.remove(node)
            self.new.remove(twin)
            self.changes.append(Change("moved", _name(twin), node.path, twin.path))
            self.pair(node, twin)
        yield from (Change("removed", _name(node), _stand(self.first, node)) for node in self.gone)
        yield from (Change("added", _name(node), "", _stand(self.second, node)) for node in self.new)
        yield from self.changes
        before, after = self.first.structure.rules, self.second.structure.rules
        if before != after:
            yield Change("changed", "conditions of the tree", " ".join(before) or "none", " ".join(after) or "none")


    def twin(self, node: Node) -> Node | None:
        """Where something of the first tree stands now: a group anywhere, when it holds much the same segments; a segment only in
        the same group, for a MOA or DTM elsewhere is another one."""
        twins = [one for one in self.new if _key(one) == _key(node)]
        if not node.is_group:
            return next((one for one in twins if node.parent and self.matched.get(node.parent) is one.parent), None)
        best = max(twins, key=lambda one: len(_tags(one) & _tags(node)), default=None)
        return best if best and len(_tags(best) & _tags(node)) * 2 >= len(_tags(best) | _tags(node)) else None


def _key(node: Node) -> str:
    """A segment by its tag, a group by its trigger's."""
    return f"({node.children[0].name})" if node.children else node.name


def _tags(node: Node) -> set[str]:
    return {one.name for one in node.descendants() if not one.is_group}


def _name(node: Node) -> str:
    return f"{node.path} ({node.children[0].name})" if node.children else node.path


def _stand(guide: Guide, node: Node) -> str:
    """`M 1`, `C 9999`."""
    most = guide.places[node].most
    return f"{node.status} {'>1' if most >= UNLIMITED else most}"


def _parts(first: Guide, second: Guide) -> tuple[list[Change], list[Change]]:
    """The segments that both use, and their composites, each once."""
    old, new = _segments(first), _segments(second)
    segments: list[Change] = []
    composites: list[Change] = []
    seen: set[str] = set()
    for tag in sorted(set(old) & set(new)):
        segments += _elements(tag, old[tag].elements, new[tag].elements)
        segments += _rules(tag, old[tag], new[tag])
        theirs = {one.id: one for one in new[tag].elements if one.parts}
        for one in old[tag].elements:
            if one.parts and one.id in theirs and one.id not in seen:
                seen.add(one.id)
                composites += _elements(one.id, one.parts, theirs[one.id].parts)
                composites += _rules(one.id, one, theirs[one.id])
    return segments, composites


def _segments(guide: Guide) -> dict[str, SegmentUse]:
    return {place.segment.tag: place.segment for place in guide.places.values() if place.segment}


def _elements(where: str, old: Sequence[ElementUse], new: Sequence[ElementUse]) -> Iterator[Change]:
    """The places of a segment or composite, lined up by what stands there."""
    matcher = SequenceMatcher(None, [one.id for one in old], [one.id for one in new], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            for number, (before, after) in enumerate(zip(old[a:b], new[c:d], strict=True), c + 1):
                if (before.status, before.repeat) != (after.status, after.repeat):
                    yield Change("changed", f"{where}/{number:02} {after.id} {after.name}", _use(before), _use(after))
            continue
        gone, added = list(enumerate(old[a:b], a + 1)), list(enumerate(new[c:d], c + 1))
        while gone and added:  # another element in the same place
            (at, before), (number, after) = gone.pop(0), added.pop(0)
            yield Change("changed", f"{where}/{number:02}", f"{before.id} {before.name}", f"{after.id} {after.name}")
        for at, before in gone:
            yield Change("removed", f"{where}/{at:02}", f"{before.id} {before.name}, {_use(before)}")
        for number, after in added:
            yield Change("added", f"{where}/{number:02}", "", f"{after.id} {after.name}, {_use(after)}")


def _use(one: ElementUse) -> str:
    return f"{one.status}{f' ×{one.repeat}' if one.repeat > 1 else ''}"


def _rules(where: str, old: SegmentUse | ElementUse, new: SegmentUse | ElementUse) -> Iterator[Change]:
    before, after = [str(rule) for rule in old.rules], [str(rule) for rule in new.rules]
    if set(before) != set(after):
        yield Change("changed", f"{where}, conditions", " ".join(before) or "none", " ".join(after) or "none")


def _codes(number: str, old: ElementUse, new: ElementUse) -> CodeChange | None:
    if old.codes is None or new.codes is None:
        return None
    added = {code: name for code, name in new.codes.codes.items() if code not in old.codes.codes}
    removed = {code: name for code, name in old.codes.codes.items() if code not in new.codes.codes}
    return CodeChange(number, new.name, added, removed) if added or removed else None


MARKS = {"added": "+", "removed": "-", "moved": ">", "renumbered": "=", "changed": "~"}
NAMED = 8  # code values of an element that are named in the summary


def as_lines(difference: Difference) -> list[str]:
    """For a person: a section each for the tree, segments, composites, types and codes; of long code lists the first few."""
    if difference.empty:
        return [f"{difference.first} and {difference.second} say the same"]
    lines = [f"{difference.first} → {difference.second}", *_sums(difference)]
    renumbered = [one for one in difference.tree if one.kind == "renumbered"]
    for title, changes in (("Segments and groups", [one for one in difference.tree if one.kind != "renumbered"]),
                           ("Elements of segments", difference.segments), ("Components of composites", difference.composites),
                           ("Types", difference.types)):
        if changes:
            lines += ["", title, *map(_line, changes)]
    if renumbered:
        pairs = [f"{one.before.rpartition('/')[2]} → {one.after.rpartition('/')[2]}" for one in renumbered]
        lines += ["", "Groups with another number", *textwrap.wrap(", ".join(pairs), 96, initial_indent="  ", subsequent_indent="  ")]
    if difference.codes:
        lines += ["", "Codes", *(f"  ~ {one.element} {one.name}: {_short(one)}" for one in difference.codes)]
    return lines


def code_lines(difference: Difference, element: str) -> list[str]:
    """All code values of one element that differ, with their names."""
    found = [one for one in difference.codes if one.element == element]
    rows = [f"  {mark} {code}  {name}".rstrip() for one in found for mark, values in (("-", one.removed), ("+", one.added))
            for code, name in values.items()]
    return [f"{element} {one.name}: {len(one.added)} added, {len(one.removed)} removed" for one in found] + rows or [
        f"the codes of {element} do not differ, or one of the guides does not use it"]


def _short(one: CodeChange) -> str:
    parts = []
    for word, values in (("added", one.added), ("removed", one.removed)):
        if values:
            named = " ".join(list(values)[:NAMED]) + (" …" if len(values) > NAMED else "")
            parts.append(f"{len(values)} {word} ({named})")
    return ", ".join(parts)


def _sums(difference: Difference) -> list[str]:
    kinds = [sum(one.kind == kind for one in difference.tree) for kind in ("added", "removed", "moved", "changed")]
    elements = len(difference.segments) + len(difference.composites)
    return [f"{kinds[0]} places added, {kinds[1]} removed, {kinds[2]} moved, {kinds[3]} with another status or repeat",
            f"{elements} changes of elements, {len(difference.types)} of types, the codes of {len(difference.codes)} elements"]


def _line(one: Change) -> str:
    if one.kind == "moved":
        return f"  > {one.before} is now {one.after}"
    what = {"added": one.after, "removed": f"was {one.before}"}.get(one.kind, f"{one.before} → {one.after}")
    return f"  {MARKS[one.kind]} {one.where}: {what}"


def as_dict(difference: Difference) -> dict[str, Any]:
    """As plain values, for JSON; nothing is left out."""
    def rows(changes: Sequence[Change]) -> list[dict[str, str]]:
        return [{"kind": one.kind, "where": one.where, "before": one.before, "after": one.after} for one in changes]

    return {"first": difference.first, "second": difference.second, "tree": rows(difference.tree),
            "segments": rows(difference.segments), "composites": rows(difference.composites), "types": rows(difference.types),
            "codes": [{"element": one.element, "name": one.name, "added": dict(one.added), "removed": dict(one.removed)}
                      for one in difference.codes]}
