"""One list of what the guide's check and the map found in a message, each fault once and in the standard's words.

The check knows the standard, the map knows what we need. Where the check already rejects a place, what the map says of that
place is the same fault again, or follows from it. Where an agreement only notes what the check found, the map's word stays (our
code table does not know the code), unless it is the same fault again: a value that cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edi_bridge.finding import Finding, Level

Rejects = Callable[[Finding], bool]

# what the check says of a value that the map calls an invalid_value
UNREADABLE = frozenset({"wrong_character_type", "invalid_number", "invalid_date", "invalid_time", "too_long", "too_short"})
CHARACTERS = frozenset({"wrong_charset", "control_character", "character_outside_set"})  # what the reader says of a value's bytes


def merged(checked: Sequence[Finding], mapped: Sequence[Finding], rejects: Rejects = lambda one: one.rejects) -> list[Finding]:
    """All of `checked`, and of `mapped` what the check has not said already, in the order of the message.

    `rejects` says whether a finding rejects as it is agreed. Dropped are: what the map's reading said of the message's
    structure, which the check has walked too; what stands at an element or segment that the check rejects; and a value that
    is missing because the segment it should stand in is missing, misplaced or itself rejected.
    """
    said, unreadable = _Said(), _Said()
    for one in checked:
        if rejects(one):
            said.take(one)
        elif one.kind in UNREADABLE:
            unreadable.take(one)
    anchors: dict[str, list[int]] = {}
    for one in mapped:
        if one.kind == "required_missing" and one.position.path and one.position.segment:
            anchors.setdefault(one.position.path, []).append(one.position.segment)
    more = [one for one in mapped if one.level is not Level.SEGMENT and not said.covers(one, anchors)
            and not (one.kind == "invalid_value" and unreadable.covers(one, anchors))]
    return sorted([*checked, *more], key=_place) if more else list(checked)


def beyond(read: Sequence[Finding], checked: Sequence[Finding]) -> list[Finding]:
    """Of what the check found, what is not the same fault again that the reader found there: in the header or trailer, or in the
    bytes of a value. What the reader says of one component leaves the others of its element alone."""
    said = {(one.position.segment, one.position.element, one.position.component) for one in read if one.position.segment}
    if not said:
        return list(checked)
    touched = {place[:2] for place in said}
    others = {(one.position.segment, one.position.element) for one in read if one.kind not in CHARACTERS}
    more = []
    for one in checked:
        segment, element, component = one.position.segment, one.position.element, one.position.component
        whole = component is None and (segment, element) in (touched if one.kind in UNREADABLE else others)
        if not whole and not {(segment, element, component), (segment, element, None), (segment, None, None)} & said:
            more.append(one)
    return more


def _place(one: Finding) -> tuple[int, int]:
    return one.position.segment or one.position.line or 0, one.position.offset or 0


@dataclass(slots=True)
class _Said:
    """The places that the check rejects, in the forms in which a map's finding may name them."""

    segments: set[int] = field(default_factory=set)  # rejected as a whole, or a whole composite of them is not told apart
    elements: set[tuple[int, int]] = field(default_factory=set)  # whole elements: (segment, element)
    components: set[tuple[int, int, int]] = field(default_factory=set)
    paths: list[tuple[str, int]] = field(default_factory=list)  # (guide path, segment number) of everything rejected
    tags: set[str] = field(default_factory=set)  # of segments that stand where they cannot be read
    xml: set[tuple[str, int | None]] = field(default_factory=set)  # (path, line) in a document

    def take(self, one: Finding) -> None:
        """Remember one finding of the check that rejects."""
        at = one.position
        if at.segment is None:
            if at.path:
                self.xml.add((at.path, at.line))
            return
        missing = one.kind == "missing_segment"  # at.segment is the one that stands in its place
        if at.path:
            self.paths.append((at.path, at.segment - missing))
        if missing:
            return
        if at.element is None:
            self.segments.add(at.segment)
        elif at.component is None:
            self.elements.add((at.segment, at.element))
        else:
            self.components.add((at.segment, at.element, at.component))
        if one.level is Level.SEGMENT and at.tag:
            self.tags.add(at.tag)

    def covers(self, one: Finding, anchors: dict[str, list[int]]) -> bool:
        """Whether a finding of the map says again what was said, or follows from it."""
        at = one.position
        if at.segment is None:
            return bool(at.path) and one.kind != "required_missing" and (at.path, at.line) in self.xml
        if one.kind == "required_missing":
            return bool(at.path) and self._explains(at.path or "", at.segment, anchors)
        if at.segment in self.segments:
            return True
        if at.element is None:
            return False
        if (at.segment, at.element) in self.elements:
            return True
        if at.component is None:
            return any(place[:2] == (at.segment, at.element) for place in self.components)
        return (at.segment, at.element, at.component) in self.components

    def _explains(self, path: str, anchor: int, anchors: dict[str, list[int]]) -> bool:
        """Whether a value that should stand at `path`, below the instance that begins at segment `anchor`, is missing
        because of something the check rejects there. Of several instances that miss it, each is explained by what stands
        behind it and before the next."""
        if path.rpartition("/")[2] in self.tags:
            return True
        after = min((other for other in anchors.get(path, ()) if other > anchor), default=None)
        return any(_related(path, other) and anchor <= segment and (after is None or segment < after) for other, segment in self.paths)


def _related(one: str, other: str) -> bool:
    """Whether one path leads to the other: SG2/NAD and SG2/NAD/3035, SG2 and SG2/NAD."""
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")
