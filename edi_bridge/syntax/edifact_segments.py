"""The segments of one interchange as its readers meet them one by one, and the findings about them."""

from __future__ import annotations

from edi_bridge.interchange import Interchange, Position
from edi_bridge.syntax.edifact_between import segment_here
from edi_bridge.syntax.edifact_text import Service, clean, elements, segment_end, spot
from edi_bridge.syntax.limits import Limits
from edi_bridge.syntax.report import Report
from edi_bridge.syntax.source import Window


class Segments(Report):
    """The cursor over an interchange's segments."""

    __slots__ = ("limits", "service", "window")

    def __init__(self, window: Window, interchange: Interchange, s: Service, limits: Limits):
        super().__init__(interchange)
        self.window = window
        self.service = s
        self.limits = limits

    def segment(self) -> tuple[int, bytes, list[list[str]]]:
        """Read the segment at the cursor: its place, its bytes, its elements."""
        w, s = self.window, self.service
        end, complete = segment_here(w, s, self.limits.segment)
        start, source = w.place(w.at), w.original(w.at, end)
        text, misfits = clean(w.data[w.at:end], s, "")
        for misfit in misfits:
            self.report(misfit.kind, self.position(offset=w.place(w.at + misfit.index), length=misfit.length,
                                                   tag=text[:3]), note=misfit.note)
        w.at = end
        if not complete and len(source) > self.limits.segment:
            self.oversized(start, text[:3])
            source, text = source[:256], text[:256]
        return start, source, elements(text.removesuffix(s.delimiters.terminator), s)

    def words(self, source: bytes) -> str:
        """A segment's bytes as text, without terminator."""
        s = self.service
        return source.removesuffix(s.terminator).decode(s.charset.codec, "replace")

    def spot(self, source: bytes, start: int, element: int, component: int, name: str) -> Position:
        """The position of an element of the segment whose bytes `source` stand at `start`."""
        s = self.service
        return spot(source, start, s, self.position(), element, component, name)

    def oversized(self, start: int, tag: str) -> None:
        """Report a segment outside messages that is beyond the limit, and skip it."""
        self.report("segment_too_large", self.position(offset=start, tag=tag),
                    note=f"the segment has more than {self.limits.segment} bytes")
        self.skip()

    def skip(self) -> None:
        """Move behind the segment at the cursor without keeping it."""
        w, s = self.window, self.service
        while not (end := segment_end(w.data, w.at, s)):
            w.at = max(w.at, len(w.data) - 256)
            if not w.fill():
                end = len(w.data)
                break
        w.at = end
