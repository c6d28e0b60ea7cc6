"""Checking a message against its guide: every fault in one go, each with its place.

    checker = Checker(guide)
    findings = checker.check(message)        # [] for a good message

A good message goes through `quick.py` and nothing else. Where a segment stands at a wrong place the message is walked by
`recover.py`; where a segment does not fit its pattern `element.py` says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from edi_bridge.finding import Finding, found
from edi_bridge.guide import told
from edi_bridge.guide.between import Between
from edi_bridge.guide.element import Syntax, Wrong, explain
from edi_bridge.guide.guide import Guide
from edi_bridge.guide.parts import part_faults, part_rules
from edi_bridge.guide.pieces import Pieces
from edi_bridge.guide.quick import Quick
from edi_bridge.guide.recover import REPLACED, walk
from edi_bridge.guide.walk import Fault, Tables
from edi_bridge.interchange import MARK, Delimiters, Message
from edi_bridge.structure import Node

MOST_DELIMITERS = 16
MOST_GOOD = 4096  # texts remembered that are good though their pattern does not say so
MOST_FAULTS = 10_000  # of one message: who sends more has sent something else, and an explanation costs more than a good segment
EXPONENT_FROM = "005010"  # the X12 release whose numbers of type R may have one (X12.6 3.5.1)


class Checker:
    """Checks messages against one guide; compiled when first used, kept by the catalog, safe to share between threads."""

    def __init__(self, guide: Guide):
        self.guide = guide
        self.tables = Tables(guide)
        self.between = Between(guide, self.tables)
        self._x12 = guide.standard == "x12"
        self._exponent = self._x12 and guide.key.split("/")[1] >= EXPONENT_FROM
        self._quick: dict[Delimiters, Quick] = {}
        self._part_rules = part_rules(guide.structure)
        self.pieces = Pieces(self)  # for a map that reads a message line by line

    @property
    def key(self) -> str:
        """The guide's name: edifact/D96A/ORDERS."""
        return self.guide.key

    def check(self, message: Message) -> list[Finding]:
        """What is wrong with a message's segments, elements, hierarchy and control totals, in the order of its segments.

        A message with more than `MOST_FAULTS` is not looked at further, and `message_too_large`, which rejects it, says so.
        What stands in the envelope (UNH/UNT, ST/SE references and counts) is the reader's part.
        """
        texts = message.text.split(message.delimiters.terminator)
        if not texts[-1]:
            texts.pop()
        if not texts:
            return []
        listed = self._segments(message, texts)
        if len(listed) > MOST_FAULTS:
            note = f"more than {MOST_FAULTS:,} faults were found in the message; it was not looked at further"
            return [found("message_too_large", message.locate(1), note=note), *listed[:MOST_FAULTS]]
        if self._part_rules:
            found_ = [*listed, *self._parts(message, texts)]
            return sorted(found_, key=lambda one: (one.position.segment or 0, one.position.element or 0))
        return listed

    def _parts(self, message: Message, texts: list[str]) -> Iterator[Finding]:
        """Conditions between groups."""
        tags = [text.partition(message.delimiters.element)[0] for text in texts]
        for rule, segment, part in part_faults(self._part_rules, self.guide.structure, tags):
            yield told.part(message, segment, part, rule.text, rule.kind)

    def _segments(self, message: Message, texts: list[str]) -> list[Finding]:
        quick = self.quick(message.delimiters)
        end, suspects = quick.run(texts)
        if end < len(texts) or self.between.faults(message.text, texts, message.delimiters):
            return self._in_full(message, texts, quick, end, suspects)
        findings: list[Finding] = []
        for number, node in suspects:
            if len(findings) > MOST_FAULTS:
                break
            wrong = self.explained(quick, node, texts[number])
            if wrong is None:
                return self._in_full(message, texts, quick, 0, [])
            findings += [told.element(self.guide, message, number, node, one) for one in wrong]
        return findings

    def quick(self, delimiters: Delimiters) -> Quick:
        """The tables and patterns for messages with these delimiters."""
        quick = self._quick.get(delimiters)
        if quick is None:
            if len(self._quick) >= MOST_DELIMITERS:
                self._quick.clear()  # a partner with ever new delimiters must not make it grow
            quick = self._quick[delimiters] = Quick(self.tables, Syntax(delimiters, self._x12, self._exponent))
        return quick

    def explained(self, quick: Quick, node: Node, text: str) -> list[Wrong] | None:
        """What is wrong with a segment that does not fit its pattern; None where it is another one than its first three
        characters made believe."""
        good = quick.good
        if good.get(text) is node:
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

    def _in_full(self, message: Message, texts: list[str], quick: Quick, end: int, suspects: list[tuple[int, Node]]) -> list[Finding]:
        """Everything that is wrong. Up to `end` the quick way came, and found `suspects`: what lies well before needs no second look."""
        looked = end - REPLACED
        doubtful = {number for number, _ in suspects}
        element = message.delimiters.element
        walked = walk(self.tables, [text.partition(element)[0] for text in texts], 2 * MOST_FAULTS)  # of these some prove to be none
        findings = [told.structural(self.guide, message, fault) for fault in walked.faults[:MOST_FAULTS + 1]]
        for number, node in enumerate(walked.nodes):
            if len(findings) > MOST_FAULTS:
                return findings
            if node is None:
                continue
            if self.tables.forbidding:
                findings += [told.structural(self.guide, message, fault) for fault in self._forbidden(number, node)]
            if number in doubtful if number < looked else quick.pattern(node)(texts[number]) is None:
                wrong = self.explained(quick, node, texts[number]) or ()
                findings += [told.element(self.guide, message, number, node, one) for one in wrong]
        whole = not any(fault.kind in ("unknown_segment", "missing_segment") for fault in walked.faults)
        for misfit in self.between.faults(message.text, texts, message.delimiters, walked.nodes, whole):
            node = walked.nodes[misfit.segment]
            if node is not None:
                findings.append(told.misfit(self.guide, message, node, misfit))
        findings.sort(key=lambda one: (one.position.segment or 0, one.position.element or 0))
        return findings

    def _forbidden(self, number: int, node: Node) -> Iterator[Fault]:
        """The segment, or the group that it opens, may be forbidden by the agreement."""
        unit: Node | None = node
        while unit is not None and unit.parent is not None:
            if self.guide.places[unit].forbidden:
                yield Fault("segment_not_used", number, unit)
                return
            unit = unit.parent if unit.slot == 0 else None
