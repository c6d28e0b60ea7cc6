"""Checking a message against its guide: every fault in one go, each with its place.

    checker = Checker(guide)
    findings = checker.check(message)        # [] for a good message
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edi_bridge.finding import Finding, found
from edi_bridge.guide.element import Syntax, Wrong, explain
from edi_bridge.guide.guide import Guide
from edi_bridge.guide.hierarchy import Misfit, loop_faults, tree_faults
from edi_bridge.guide.quick import Quick
from edi_bridge.guide.recover import walk
from edi_bridge.guide.totals import SETS, cnt_faults, ctt_faults
from edi_bridge.guide.walk import Fault, Tables, trigger
from edi_bridge.interchange import MARK, Delimiters, Message
from edi_bridge.structure import Node

MOST_DELIMITERS = 16
MOST_GOOD = 4096  # texts remembered that are good though their pattern does not say so
EXPONENT_FROM = "005010"  # the X12 release whose numbers of type R may have one (X12.6 3.5.1)

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


class Checker:
    """Checks messages against one guide; compiled when first used, kept by the catalog, safe to share between threads."""

    def __init__(self, guide: Guide):
        self.guide = guide
        self.tables = Tables(guide)
        self._x12 = guide.standard == "x12"
        self._exponent = self._x12 and guide.key.split("/")[1] >= EXPONENT_FROM
        self._quick: dict[Delimiters, Quick] = {}
        tree = guide.structure.hierarchy
        own = (tree.node.children[0].name,) if tree is not None else ()
        totals = SETS.get(guide.structure.root.name)
        known = self.tables.tags
        self._across_tags = [tag for tag in (*own, *(("LS", "CTT") if self._x12 else ("CNT",))) if tag in known]
        lines = ("LE", *((totals.line, totals.quantity[0]) if totals is not None else ())) if self._x12 else ("LIN", "QTY", "UNS")
        self._line_tags = [tag for tag in lines if tag in known]

    @property
    def key(self) -> str:
        """The guide's name: edifact/D96A/ORDERS."""
        return self.guide.key

    def check(self, message: Message) -> list[Finding]:
        """What is wrong with a message's segments, elements, hierarchy and control totals, in the order of its segments.

        What stands in the envelope (UNH/UNT, ST/SE references and counts) is the reader's part.
        """
        quick = self.quick(message.delimiters)
        texts = message.text.split(message.delimiters.terminator)
        if not texts[-1]:
            texts.pop()
        if not texts:
            return []
        suspects = quick.run(texts)
        if suspects is None:
            return self._in_full(message)
        findings: list[Finding] = []
        for number, node in suspects:
            wrong = self._explained(quick, node, texts[number])
            if wrong is None:
                return self._in_full(message)
            findings += [element_finding(message, number + 1, node, one, self._x12) for one in wrong]
        if not self._fits_across(message, texts):
            return self._in_full(message)
        return findings

    def quick(self, delimiters: Delimiters) -> Quick:
        """The tables and patterns for messages with these delimiters."""
        quick = self._quick.get(delimiters)
        if quick is None:
            if len(self._quick) >= MOST_DELIMITERS:
                self._quick.clear()  # a partner with ever new delimiters must not make it grow
            quick = self._quick[delimiters] = Quick(self.tables, Syntax(delimiters, self._x12, self._exponent))
        return quick

    def _explained(self, quick: Quick, node: Node, text: str) -> list[Wrong] | None:
        """What is wrong with a segment that does not fit its pattern; None where it is another segment than its tag made believe."""
        good = quick.good
        if text in good and good[text] is node:
            return []
        if MARK in text and quick.pattern(node, masked=True)(text) is not None:
            return []
        elements = text.split(quick.syntax.delimiters.element)
        if elements[0] != node.name:
            return None
        use = self.guide.places[node].segment
        assert use is not None
        wrong = explain(use, elements, quick.syntax)
        if not wrong:
            if len(good) >= MOST_GOOD:
                good.clear()
            good[text] = node
        return wrong

    def _fits_across(self, message: Message, texts: list[str]) -> bool:
        """Whether hierarchy, bounded loops and control totals are right, quickly: only the segments they need are split."""
        element, text = message.delimiters.element, message.text
        wanted = [tag for tag in self._across_tags if f"{message.delimiters.terminator}{tag}{element}" in text]
        if not wanted:
            return True
        beginnings = tuple(f"{tag}{element}" for tag in (*wanted, *self._line_tags))
        segments = [one.split(element) for one in texts if one.startswith(beginnings)]
        nodes: list[Node | None] = [self.tables.tags[elements[0]][0] for elements in segments]
        return not self._misfits(message, nodes, segments, True)

    def _in_full(self, message: Message) -> list[Finding]:
        segments = message.segments
        walked = walk(self.tables, [elements[0] for elements in segments])
        findings = [self._structural(message, fault) for fault in walked.faults]
        quick = self.quick(message.delimiters)
        for number, (node, elements) in enumerate(zip(walked.nodes, segments, strict=True)):
            if node is None:
                continue
            findings += self._forbidden(message, number, node)
            text = message.delimiters.element.join(elements)
            if quick.pattern(node)(text) is None:
                wrong = self._explained(quick, node, text) or ()
                findings += [element_finding(message, number + 1, node, one, self._x12) for one in wrong]
        whole = not any(fault.kind in ("unknown_segment", "missing_segment") for fault in walked.faults)
        findings += [self._misfit(message, walked.nodes, misfit) for misfit in self._misfits(message, walked.nodes, segments, whole)]
        findings.sort(key=lambda one: (one.position.segment or 0, one.position.element or 0))
        return findings

    def _misfits(self, message: Message, nodes: list[Node | None], segments: list[list[str]], whole: bool) -> list[Misfit]:
        """What is wrong between segments: the numbers of a hierarchy, the bounds of loops, control totals. `whole`: no segment
        is missing or unknown, so that what is counted is what was sent."""
        component = message.delimiters.component
        tree = self.guide.structure.hierarchy
        found = tree_faults(tree, nodes, segments, component, whole) if tree is not None else []
        if self._x12:
            found += loop_faults(segments, nodes)
        if whole:
            found += ctt_faults(message.type.name, segments) if self._x12 else cnt_faults(segments, component)
        return found

    def _misfit(self, message: Message, nodes: list[Node | None], misfit: Misfit) -> Finding:
        node = nodes[misfit.segment]
        use = self.guide.places[node].segment if node is not None else None
        if node is None or use is None or misfit.element > len(use.elements):
            return found(misfit.kind, message.locate(misfit.segment + 1), misfit.value, misfit.note.replace("{}", "it"))
        element = use.elements[misfit.element - 1]
        if element.parts:
            part = element.parts[misfit.component - 1]
            wrong = Wrong(misfit.kind, misfit.element, misfit.component, None, misfit.value, misfit.note, part, element.id)
        else:
            wrong = Wrong(misfit.kind, misfit.element, None, None, misfit.value, misfit.note, element)
        return element_finding(message, misfit.segment + 1, node, wrong, self._x12)

    def _forbidden(self, message: Message, number: int, node: Node) -> Iterator[Finding]:
        """The segment, or the group that it opens, may be forbidden by the agreement."""
        unit: Node | None = node
        while unit is not None and unit.parent is not None:
            if self.guide.places[unit].forbidden:
                yield self._structural(message, Fault("segment_not_used", number, unit))
                return
            unit = unit.parent if unit.slot == 0 else None

    def _structural(self, message: Message, fault: Fault) -> Finding:
        place = self.guide.places[fault.node] if fault.node is not None else None
        path = fault.node.path if fault.node is not None else None
        here = message.locate(fault.segment + 1)
        tag = here.tag
        if fault.kind in ("missing_segment", "too_few_repeats", "too_few_group_repeats"):
            if here.offset is None:  # it is missing at the very end
                last = message.locate(len(message.segments))
                here = replace(last, segment=fault.segment + 1, offset=(last.offset or 0) + (last.length or 0), length=0)
            tag = trigger(fault.node).name if fault.node is not None else tag
            here = replace(here, length=0)
        most = place.most if place is not None else 0
        note = WORDS[fault.kind].format(tag=tag, path=path, guide=self.guide.key, most="once" if most == 1 else f"{most} times at most",
                                        least=place.least if place is not None else 0)
        return found(fault.kind, replace(here, tag=tag, path=path), note=note)


def element_finding(message: Message, segment: int, node: Node, wrong: Wrong, x12: bool) -> Finding:
    """A fault of a segment (number from 1) with its place in the message and in the guide."""
    here = message.locate(segment, wrong.element, wrong.component, wrong.repetition)
    path = node.path
    if x12:
        path += f"/{wrong.element:02}" + (f".{wrong.component:02}" if wrong.component is not None else "")
    elif wrong.use is not None:
        path += f"/{wrong.within}.{wrong.use.id}" if wrong.within else f"/{wrong.use.id}"
    ident = wrong.use.id if wrong.use is not None else None
    return found(wrong.kind, replace(here, path=path, id=ident), wrong.value, wrong.note.replace("{}", path))
