"""X12 interchanges: bytes into ISA › GS › ST … SE › GE › IEA, one message at a time, in constant memory.

Envelopes are X12.5 (ISA, IEA, TA1, TA3, ISB, ISE, ISX) and X12.6 (GS, GE, ST, SE, BIN, BDS). Nothing here raises:
what is wrong becomes a finding on the interchange. Writing and building are in `x12_write`, the header in `x12_isa`,
what follows it in `x12_parts`.

**How it is fast.** A message is found by one regular expression that stops only at a terminator followed by an
envelope tag or a binary segment; the text is decoded once and its segments stay unsplit until they are asked for.

**Character set.** X12 declares none. A declared `charset` is used; else ASCII. Where bytes beyond ASCII occur, the
message is read as UTF-8 when all of it is valid UTF-8, else as ISO 8859-1, a note says so, and the encoding is
remembered on the message. Envelope segments are always read and written as ISO 8859-1, so that no byte is lost.
Binary content (BIN, BDS) stands in `text` as ISO 8859-1 too, its delimiters masked.

**Usage indicator.** ISA15 T gives `test=True`, P and I (information) give `test=False`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Address, Interchange, Layout, Position, Stray
from edi_bridge.syntax.limits import DEFAULT, Limits
from edi_bridge.syntax.source import CHUNK, Source, Window, as_source
from edi_bridge.syntax.starts import BOM
from edi_bridge.syntax.wrap import BREAKS, wrapping
from edi_bridge.syntax.x12_between import begins_another, gap, is_over
from edi_bridge.syntax.x12_isa import LENGTH, REACH, Isa, extension, guess, parse
from edi_bridge.syntax.x12_parts import FUNCTIONAL, Parts
from edi_bridge.syntax.x12_write import build, write_to

__all__ = ["FUNCTIONAL", "build", "read", "write_to"]

EBCDIC_ISA = b"\xc9\xe2\xc1"


def read(stream: BinaryIO | Source, *, charset: str | None = None, limits: Limits = DEFAULT, ordinal: int = 1,
         offset: int = 0, chunk: int = CHUNK) -> Iterator[Interchange]:
    """One interchange after another, lazily; asking for the next drains the former one.

    `charset` overrides ASCII for the text of messages (a Python codec name), `ordinal` numbers the first
    interchange, `offset` is the place of the stream's first byte in the file. Never raises for any bytes: a stream
    without an interchange gives one that carries only findings. Of a shared source what follows in another standard
    is left to its reader.
    """
    window = Window(as_source(stream, offset), chunk)
    start = window.offset
    window.ensure(len(BOM))
    bom = window.data.startswith(BOM)
    window.at = len(BOM) if bom else 0
    findings: list[Finding] = []
    before = gap(window, findings, ordinal)
    if is_over(window) and (findings or not begins_another(window)):
        yield _nothing(findings, ordinal, start, window.offset - start)
    while not is_over(window):
        interchange = _open(window, ordinal, charset, limits, Layout(bom=bom, before=before.decode("latin-1")), findings)
        yield interchange
        interchange.drain()
        ordinal, bom, before, findings = ordinal + 1, False, b"", []
    if window.source.shared:
        window.give_back()


def _nothing(findings: list[Finding], ordinal: int, offset: int, size: int) -> Interchange:
    """What stands for a stream without any interchange."""
    value = findings[0].value if findings else ""
    kind = "empty_file" if not findings else "ebcdic" if value.encode("latin-1").startswith(EBCDIC_ISA) else "unknown_format"
    finding = found(kind, Position(interchange=ordinal, offset=offset, length=size), value[:60])
    return Interchange("x12", ordinal, Address(), Address(), "", iter(()), offset=offset, findings=[finding])


def _open(window: Window, ordinal: int, charset: str | None, limits: Limits, layout: Layout,
          findings: list[Finding]) -> Interchange:
    """The interchange that begins at the cursor, its parts not yet read."""
    start = window.offset
    isa, wrap = _header(window)
    headed = bool(isa.raw)
    line_break = wrap.line_break if wrap.wrap else isa.line_break.decode("latin-1")
    interchange = Interchange(
        "x12", ordinal, isa.sender, isa.receiver, isa.text(13), iter(()), isa.delimiters,
        header=isa.raw.decode("latin-1"), syntax=isa.text(12), prepared=isa.prepared,
        test=isa.text(15) == "T" if headed else None, acknowledge=isa.text(14) == "1", offset=start,
        layout=replace(wrap, bom=layout.bom, before=layout.before, line_break=line_break), findings=findings)
    parts = Parts(window, interchange, limits, headed=headed)
    source = window.original(window.at, window.at + len(isa.raw))
    for flaw in isa.flaws:
        parts.note(flaw.kind, source, start, flaw.element, flaw.note, flaw.value)
    if not headed:
        tag = window.data[window.at:window.at + 2].decode()
        parts.report("missing_header", Position(interchange=ordinal, tag=tag, offset=start), note=f"{tag} stands without an ISA before it")
    window.at += len(isa.raw)
    if not isa.usable:
        interchange.header_source = source
        interchange.parts = parts.skipped()
        return interchange
    window.at = min(window.at + headed, len(window.data))
    if window.unwrapping and headed:
        interchange.header_source = window.original(window.at - len(isa.raw) - 1, window.at)
    _extension(parts, isa)
    parts.begin(charset)
    interchange.parts = parts.walk()
    return interchange


def _header(window: Window) -> tuple[Isa, Layout]:
    """What ISA says, or what stands for it, and how the interchange is wrapped; unwraps the window if it is."""
    window.ensure(REACH)
    head = window.data[window.at:window.at + REACH]
    if not head.startswith(b"ISA"):
        return guess(head), Layout()
    isa = parse(head)
    given = parse(head.translate(None, BREAKS)) if any(char in head[:LENGTH] for char in BREAKS) else isa
    delimiters = given.delimiters.released()
    if not given.usable or any(char in delimiters for char in "\r\n"):
        return isa, Layout()
    terminator = given.delimiters.terminator.encode("latin-1")
    wrap = wrapping(window, b"IEA" + given.delimiters.element.encode("latin-1"), terminator, b"")
    if not wrap.wrap:
        return isa, wrap
    window.unwrap(True)
    window.ensure(REACH)
    return parse(window.data[window.at:window.at + REACH]), wrap


def _extension(parts: Parts, isa: Isa) -> None:
    """ISX right after ISA: it decides how everything after it is read."""
    window = parts.window
    window.skip(parts.blanks)
    if not window.ensure(4) or not window.data.startswith(b"ISX" + parts.element, window.at):
        return
    start = window.offset
    window.ensure(REACH)
    raw = window.data[window.at:window.at + REACH].split(parts.terminator)[0]
    release, flaws = extension(raw, isa)
    for flaw in flaws:
        parts.note(flaw.kind, raw, start, flaw.element, flaw.note, flaw.value)
    parts.interchange.delimiters = replace(isa.delimiters, release=release)
    begin, window.at = window.at, min(window.at + len(raw) + 1, len(window.data))
    source = window.original(begin, window.at)
    parts.strays.append(Stray(raw.decode("latin-1"), start, source if source != raw + parts.terminator else b""))
