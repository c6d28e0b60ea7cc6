"""What can only be seen between segments: the numbers of a hierarchy, the bounds of loops, control totals.

Only the segments that are asked for are split: a message without such segments costs a look for their tags.
"""

from __future__ import annotations

from collections.abc import Sequence

from edi_bridge.guide.guide import Guide
from edi_bridge.guide.hierarchy import Misfit, loop_faults, tree_faults
from edi_bridge.guide.totals import SETS, cnt_faults, ctt_faults
from edi_bridge.guide.walk import Tables
from edi_bridge.interchange import Delimiters
from edi_bridge.structure import Node


class Between:
    """What one guide has between its segments."""

    def __init__(self, guide: Guide, tables: Tables):
        self.tables = tables
        self.tree = guide.structure.hierarchy
        self.set = guide.structure.root.name
        self.x12 = guide.standard == "x12"
        self._carriers = [tag for tag in self._carrying() if tag in tables.tags]
        self._counted = [tag for tag in self._counting() if tag in tables.tags]

    def _carrying(self) -> tuple[str, ...]:
        """The tags of segments that say something about others."""
        tree = (self.tree.node.children[0].name,) if self.tree is not None else ()
        return (*tree, "LS", "CTT") if self.x12 else (*tree, "CNT")

    def _counting(self) -> tuple[str, ...]:
        """The tags of segments that they speak of."""
        if not self.x12:
            return ("LIN", "QTY", "UNS")
        totals = SETS.get(self.set)
        return ("LE", totals.line, totals.quantity[0]) if totals is not None else ("LE",)

    def is_sure(self, text: str, delimiters: Delimiters) -> bool:
        """Whether a look at a message's text is enough to know that it has no fault between its segments."""
        element, terminator = delimiters.element, delimiters.terminator
        carriers = [tag for tag in self._carriers if f"{terminator}{tag}{element}" in text]
        if not carriers:
            return True
        if carriers != ["CTT" if self.x12 else "CNT"]:
            return False
        line = SETS[self.set].line if self.x12 and self.set in SETS else "LIN"
        lines = str(text.count(f"{terminator}{line}{element}"))
        _, *totals = text.split(f"{terminator}{carriers[0]}{element}")
        if self.x12:
            return len(totals) == 1 and totals[0].partition(terminator)[0] == lines
        return all(total.partition(terminator)[0] == f"2{delimiters.component}{lines}" for total in totals)

    def faults(self, text: str, texts: Sequence[str], delimiters: Delimiters, nodes: Sequence[Node | None] | None = None,
               whole: bool = True) -> list[Misfit]:
        """What is wrong; `nodes` are the segments' places (None: every segment stands where its tag belongs), `whole` says that no
        segment is missing or unknown, so that what is counted is what was sent."""
        carriers = [tag for tag in self._carriers if f"{delimiters.terminator}{tag}{delimiters.element}" in text]
        if not carriers:
            return []
        begin = tuple(f"{tag}{delimiters.element}" for tag in (*carriers, *self._counted))
        picked = [number for number, one in enumerate(texts) if one.startswith(begin)]
        segments = [texts[number].split(delimiters.element) for number in picked]
        placed = [self.tables.tags[elements[0]][0] if nodes is None else nodes[number] for number, elements in zip(picked, segments, strict=True)]
        component = delimiters.component
        found = tree_faults(self.tree, placed, segments, component, whole) if self.tree is not None else []
        if self.x12:
            found += loop_faults(segments, placed)
        if whole:
            found += ctt_faults(self.set, segments) if self.x12 else cnt_faults(segments, component)
        return [misfit._replace(segment=picked[misfit.segment]) for misfit in found]
