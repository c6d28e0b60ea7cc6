"""A message of segments."""

from __future__ import annotations

from edi_bridge.interchange.byte_spans import inner_span, spans
from edi_bridge.interchange.envelope import Group, MessageType
from edi_bridge.interchange.masking import MARK, Delimiters, unmask
from edi_bridge.interchange.position import Position


class Message:
    """One EDIFACT message or X12 transaction set. Its segments are split when first asked for.

    `text` is masked (see `masking`), free of line breaks between segments, header to trailer, each segment
    ended by the terminator. `raw` are the bytes as they came, `offset` their place in the source.
    """

    __slots__ = ("standard", "type", "ordinal", "reference", "group", "delimiters", "encoding",
                 "raw", "offset", "text", "released", "interchange", "_segments", "_spans", "_texts")

    def __init__(self, standard: str, type: MessageType, ordinal: int, reference: str, text: str,
                 delimiters: Delimiters, *, raw: bytes = b"", offset: int = 0, encoding: str = "ascii",
                 group: Group | None = None, interchange: int = 1):
        self.standard = standard
        self.type = type
        self.ordinal = ordinal
        self.reference = reference
        self.text = text
        self.delimiters = delimiters
        self.raw = raw
        self.offset = offset
        self.encoding = encoding
        self.group = group
        self.interchange = interchange
        self.released = MARK in text or bool(delimiters.release and delimiters.release in text)
        self._segments: list[list[str]] | None = None
        self._spans: list[tuple[int, int]] | None = None
        self._texts: list[str] | None = None

    @property
    def segments(self) -> list[list[str]]:
        """Every segment, header and trailer included, split into its elements; [0] is the tag. Masked."""
        if self._segments is None:
            element = self.delimiters.element
            texts = self.text.split(self.delimiters.terminator)
            if not texts[-1]:
                texts.pop()
            self._segments = [text.split(element) for text in texts]
        return self._segments

    def places(self, spans: list[tuple[int, int]]) -> None:
        """Say where each segment stands in `raw`, for messages whose terminators alone do not tell (X12 binary content)."""
        self._spans = spans

    def value(self, segment: int, element: int, component: int = 1) -> str:
        """The unmasked value at a place (all counts from 1, as in `Position`); '' when absent."""
        elements = self.segments[segment - 1]
        if element >= len(elements):
            return ""
        parts = elements[element].split(self.delimiters.component) if self.delimiters.component else [elements[element]]
        return unmask(parts[component - 1], self.delimiters) if component <= len(parts) else ""

    def locate(self, segment: int, element: int | None = None, component: int | None = None,
               repetition: int | None = None) -> Position:
        """The position of a segment (from 1), element, component or repetition of an element, with its bytes in the source."""
        if self._spans is None:
            self._spans = spans(self.raw, self.delimiters, self.encoding)
        if self._texts is None:
            self._texts = self.text.split(self.delimiters.terminator)
        tag = self._texts[segment - 1].partition(self.delimiters.element)[0] or None if 0 < segment <= len(self._texts) else None
        offset = length = None
        if 0 < segment <= len(self._spans):
            start, end = self._spans[segment - 1]
            if element is not None:
                start, end = inner_span(self.raw, start, end, element, component, self.delimiters, self.encoding, repetition)
            offset, length = self.offset + start, end - start
        return Position(interchange=self.interchange, group=self.group.ordinal if self.group else None,
                        message=self.ordinal, segment=segment, tag=tag, element=element, component=component,
                        repetition=repetition, offset=offset, length=length)
