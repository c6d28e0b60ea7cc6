"""What a network does to the bytes it carries: cut a file into its interchanges, cut one short, write it with other delimiters.

Pure functions of bytes. Envelopes are read by `syntax`, as everywhere.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from edi_bridge import syntax
from edi_bridge.interchange import Address, Delimiters

READABLE = ("edifact", "x12", "xml")
OTHERS = {"x12": ("|", "^", "\x1c", ">", "~", "*", ":", "\n"), "edifact": ("|", "^", "~", "*", "!", "%")}


@dataclass(frozen=True, slots=True)
class Piece:
    """One interchange as it stands in a file; `standard` is '' for bytes that are none. `header` are the envelope's elements
    (UNB or ISA), `day` and `time` those of the envelope as they stand there."""

    raw: bytes
    standard: str = ""
    sender: Address = Address()
    receiver: Address = Address()
    control: str = ""
    day: str = ""
    time: str = ""
    delimiters: Delimiters = Delimiters()


def pieces(raw: bytes) -> list[Piece]:
    """The interchanges of a file, in its order; what stands between two belongs to the first. A file without any is one Piece
    without a standard."""
    found: list[tuple[int, Piece]] = []
    for interchange in syntax.read(io.BytesIO(raw)):
        if interchange.standard not in READABLE:
            continue
        day, time = _stamp(interchange.standard, interchange.header, interchange.delimiters)
        found.append((interchange.offset, Piece(b"", interchange.standard, interchange.sender, interchange.receiver,
                                                interchange.control, day, time, interchange.delimiters)))
        interchange.drain()
    if not found:
        return [Piece(raw)]
    ends = [offset for offset, _ in found[1:]] + [len(raw)]
    starts = [0, *ends[:-1]]
    return [Piece(raw[start:end], one.standard, one.sender, one.receiver, one.control, one.day, one.time, one.delimiters)
            for start, end, (_, one) in zip(starts, ends, found, strict=True)]


def _stamp(standard: str, header: str, delimiters: Delimiters) -> tuple[str, str]:
    """Date and time of an envelope: ISA09 and ISA10 (X12.5), S004 of the UNB (ISO 9735-1)."""
    cells = header.split(delimiters.element)
    if standard == "x12" and len(cells) > 10:
        return cells[9], cells[10]
    if standard == "edifact" and len(cells) > 4:
        day, _, time = cells[4].partition(delimiters.component)
        return day, time
    return "", ""


def truncated(raw: bytes) -> bytes:
    """The first two thirds of it, as after a broken transfer; never all of it, at least a byte."""
    return raw[:max(1, len(raw) * 2 // 3)] if len(raw) > 1 else raw


def rewritten(piece: Piece) -> bytes:
    """The interchange with other delimiters and the same content, as networks write it that translate. What has none (XML), or
    uses up every character that could be one, is returned as it is."""
    match piece.standard:
        case "x12":
            return _x12(piece)
        case "edifact":
            return _edifact(piece)
        case _:
            return piece.raw


def _x12(piece: Piece) -> bytes:
    """X12 has no release character (before 007040): the new signs must stand nowhere in it. A line break after the old
    terminator stays where it is."""
    text = piece.raw.decode("latin-1")
    old = (piece.delimiters.element, piece.delimiters.component, piece.delimiters.terminator)
    free = [sign for sign in OTHERS["x12"] if sign not in text]
    if len(free) < 3 or piece.delimiters.release or not all(old):
        return piece.raw
    return text.translate({ord(sign): new for sign, new in zip(old, free, strict=False)}).encode("latin-1")


def _edifact(piece: Piece) -> bytes:
    """With a UNA that says the new signs (ISO 9735-1 7); what was released stays so, and data that look like the new are."""
    signs = piece.delimiters
    text = piece.raw.decode("latin-1")
    before, body = _without_una(text)
    free = [sign for sign in OTHERS["edifact"] if sign not in body and sign not in (signs.release, signs.decimal)]
    if len(free) < 3:
        return piece.raw
    new = dict(zip((signs.element, signs.component, signs.terminator), free, strict=False))
    release = re.escape(signs.release) if signs.release else "(?!)"
    body = re.sub(rf"({release}.)|([{re.escape(signs.element + signs.component + signs.terminator)}])",
                  lambda hit: hit[1] or new[hit[2]], body, flags=re.DOTALL)
    una = f"UNA{free[1]}{free[0]}{signs.decimal}{signs.release or ' '}{signs.repetition or ' '}{free[2]}"
    return (before + una + body).encode("latin-1")


def _without_una(text: str) -> tuple[str, str]:
    """(what stands before the envelope, the envelope without its UNA)."""
    at = re.search(r"UN[AB]", text)
    if at is None:
        return "", text
    start = at.start()
    return text[:start], text[start + 9:].lstrip("\r\n") if at[0] == "UNA" else text[start:]


