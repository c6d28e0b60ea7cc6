"""Interchanges whose parts carry their own bytes (rows, documents) → bytes."""

from __future__ import annotations

from typing import BinaryIO

from edi_bridge.interchange import Document, Interchange, Sheet, Stray


def write_to(interchange: Interchange, out: BinaryIO) -> None:
    """Write what was read (byte-equal) or built; uses up `parts`."""
    out.write(interchange.header.encode(interchange.encoding, "surrogateescape"))
    for part in interchange.parts:
        match part:
            case Document() | Sheet():
                out.write(part.raw)
            case Stray():
                out.write(part.raw.encode(interchange.encoding, "surrogateescape"))
    out.write((interchange.trailer or "").encode(interchange.encoding, "surrogateescape"))
