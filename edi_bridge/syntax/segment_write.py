"""Interchanges of segments → bytes, laid out as they were read.

What was read is written from its own bytes, so that writing gives back what came: exactly, when line breaks between
segments (or the wrapping of a wrapped file) were consistent; otherwise only those line breaks differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from edi_bridge.interchange import Group, GroupEnd, Interchange, Message, Stray
from edi_bridge.syntax.starts import BOM
from edi_bridge.syntax.wrap import Wrapped


def write_parts(interchange: Interchange, out: BinaryIO, segment: Callable[[str, Interchange], bytes],
                message: Callable[[Message, Interchange], bytes]) -> None:
    """Write an interchange; its parts are used up. Memory does not grow with its size.

    `segment` makes the bytes of an envelope segment that does not carry its own, `message` those of a message.
    """
    layout = interchange.layout
    gap = layout.line_break.encode("latin-1")
    sink = Wrapped(out, layout) if layout.wrap and not gap else out
    if layout.bom:
        out.write(BOM)
    out.write(layout.before.encode("latin-1"))
    sink.write(layout.una.encode("latin-1"))
    between = gap if layout.una else b""
    if interchange.header or interchange.header_source:
        sink.write(between + (interchange.header_source or segment(interchange.header, interchange)))
        between = gap
    for part in interchange.parts:
        match part:
            case Message():
                content = part.raw or message(part, interchange)
            case Group(header=text) | GroupEnd(trailer=text) | Stray(raw=text):
                content = part.source or segment(text, interchange)
            case _:
                raise TypeError(f"{type(part).__name__} is no part of an interchange of segments")
        sink.write(between + content)
        between = gap
    if interchange.trailer is not None:
        sink.write(between + (interchange.trailer_source or segment(interchange.trailer, interchange)))
    ending = interchange.layout.ending  # known only now: the reader sets it at the end of the parts
    out.write(gap if ending is None else ending.encode("latin-1"))
