"""What the checker saw, as findings: the place in the message, in the guide and in bytes, and a sentence about it."""

from __future__ import annotations

from dataclasses import replace

from edi_bridge.finding import Finding, found
from edi_bridge.guide.element import Wrong
from edi_bridge.guide.guide import Guide
from edi_bridge.guide.hierarchy import Misfit
from edi_bridge.guide.walk import Fault, trigger
from edi_bridge.interchange import Message
from edi_bridge.structure import Node

WORDS = {
    "unknown_segment": "segment {tag} is not part of {guide}",
    "segment_out_of_order": "segment {tag} cannot stand here",
    "missing_segment": "{path} is required and missing",
    "segment_repeats": "{path} may stand {most}",
    "group_repeats": "{path} may stand {most}",
    "too_few_repeats": "{path} must stand {least} times at least",
    "too_few_group_repeats": "{path} must stand {least} times at least",
    "segment_not_used": "{path} is not used in this agreement",
}
ABSENT = ("missing_segment", "too_few_repeats", "too_few_group_repeats")


def structural(guide: Guide, message: Message, fault: Fault) -> Finding:
    """A fault of the order. What is missing stands, with no bytes, before the segment that is there instead."""
    place = guide.places[fault.node] if fault.node is not None else None
    path = fault.node.path if fault.node is not None else None
    here = message.locate(fault.segment + 1)
    if fault.kind in ABSENT and fault.node is not None:
        here = replace(here, tag=trigger(fault.node).name, length=0)
    most = place.most if place is not None else 0
    words = WORDS[fault.kind] if here.tag else "a segment without a tag stands here"
    note = words.format(tag=here.tag, path=path, guide=guide.key, most="once" if most == 1 else f"{most} times at most",
                                    least=place.least if place is not None else 0)
    return found(fault.kind, replace(here, path=path), note=note)


def element(guide: Guide, message: Message, segment: int, node: Node, wrong: Wrong) -> Finding:
    """A fault inside a segment (number from 0)."""
    here = message.locate(segment + 1, wrong.element, wrong.component, wrong.repetition)
    path = node.path
    if guide.standard == "x12":
        path += f"/{wrong.element:02}" + (f".{wrong.component:02}" if wrong.component is not None else "")
    elif wrong.use is not None:
        path += f"/{wrong.within}.{wrong.use.id}" if wrong.within else f"/{wrong.use.id}"
    ident = wrong.use.id if wrong.use is not None else None
    return found(wrong.kind, replace(here, path=path, id=ident), wrong.value, wrong.note.replace("{}", path), wrong.demand)


def part(message: Message, segment: int, node: Node, rule: str, kind: str) -> Finding:
    """A broken condition between parts of the tree: at the part that may not stand, or where one is missing."""
    excluded = kind in ("D1", "D4", "D7")
    note = f"{node.path} may not stand beside the other" if excluded else f"{node.path} is needed beside the other"
    here = message.locate(segment + 1)
    return found("segment_out_of_order" if excluded else "missing_segment",
                 replace(here, path=node.path, tag=here.tag if excluded else trigger(node).name), note=f"{note} ({rule})")


def misfit(guide: Guide, message: Message, node: Node, one: Misfit) -> Finding:
    """A fault between segments, at the value that does not fit the others."""
    segment = guide.places[node].segment
    assert segment is not None
    use = segment.elements[one.element - 1]
    component, part, within = (one.component, use.parts[one.component - 1], use.id) if use.parts else (None, use, "")
    return element(guide, message, one.segment, node, Wrong(one.kind, one.element, component, None, one.value, one.note, part, within))
