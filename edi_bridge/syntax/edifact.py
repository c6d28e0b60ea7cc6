"""EDIFACT, ISO 9735 syntax 1-4: a stream of bytes ⇄ interchanges with their groups and messages.

`read` never raises for any bytes: what is wrong becomes findings of the interchange. Messages are cut out of the
stream with one compiled search each and are not split before their `segments` are asked for; the segment count of
UNT is checked by counting terminators. What is read is written back byte for byte, see `edifact_write`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from edi_bridge.finding import found
from edi_bridge.interchange import Address, Interchange, Layout, Position
from edi_bridge.syntax.charset import named
from edi_bridge.syntax.edifact_between import INTERCHANGE, segment_here, skip_to_interchange, skip_to_start
from edi_bridge.syntax.edifact_header import Opening, bare, batch, interactive, opening
from edi_bridge.syntax.edifact_parts import Parts
from edi_bridge.syntax.edifact_segments import Segments
from edi_bridge.syntax.edifact_text import Service
from edi_bridge.syntax.edifact_write import build, write_to
from edi_bridge.syntax.limits import DEFAULT, Limits
from edi_bridge.syntax.source import CHUNK, Source, Window, as_source
from edi_bridge.syntax.starts import BLANKS, BOM, PADDING
from edi_bridge.syntax.wrap import SAMPLE, wrapping

__all__ = ["build", "read", "write_to"]

WIDE = (b"\xff\xfe", b"\xfe\xff", b"U\0N\0", b"\0U\0N")


def read(stream: BinaryIO | Source, *, charset: str | None = None, limits: Limits = DEFAULT, ordinal: int = 1,
         offset: int = 0, chunk: int = CHUNK) -> Iterator[Interchange]:
    """The interchanges of a stream, one after another; asking for the next one drains the former.

    `charset` overrides the character set of every UNB (an agreement's); `ordinal` and `offset` are the first
    interchange's number and first byte. ConfigFault when there is no such `charset`; no bytes raise anything.
    """
    if charset:
        named(charset)
    window = Window(as_source(stream, offset), chunk)
    first = True
    while True:
        interchange = _open(window, ordinal, charset, limits, first)
        if interchange is None:
            return
        yield interchange
        interchange.drain()
        ordinal, first = ordinal + 1, False
        window.unwrap(False)
        window.ensure(32)
        if window.source.shared and window.at < len(window.data) and not INTERCHANGE.match(window.data, window.at):
            window.give_back()  # another standard's interchange begins
            return


def _open(window: Window, ordinal: int, charset: str | None, limits: Limits, first: bool) -> Interchange | None:
    """The next interchange, its parts not yet read. The cursor stands at the end of the former one."""
    window.ensure(4)
    if window.data.startswith(WIDE, window.at):
        return _refused(window, ordinal, "character_set_unsupported", "the file is in UTF-16, which is not supported")
    bom = first and window.data.startswith(BOM, window.at)
    if bom:
        window.at += len(BOM)
    before, more = skip_to_start(window)
    if not more:
        kind = "unknown_format" if before.strip(PADDING) else "empty_file"
        return _refused(window, ordinal, kind, "") if first else None
    begin = window.offset
    window.ensure(SAMPLE)
    sample = window.data[window.at:window.at + SAMPLE]
    opened = opening(sample, charset)
    s = opened.service
    if s is None:
        return _unusable(window, ordinal, opened, before, bom)
    wrap = wrapping(window, b"UNZ" + s.element, s.terminator, s.release) if len(s.breaks) == 2 else Layout()
    if wrap.wrap:
        window.unwrap(True)
    window.at += len(opened.una)
    if opened.una:
        window.skip(BLANKS)
    interchange, line_break, parts = _start(window, ordinal, s, limits, begin)
    parts.messages.line_break = line_break = wrap.line_break if wrap.wrap else line_break
    interchange.layout = replace(wrap, una=opened.una.decode("latin-1"), bom=bom, line_break=line_break,
                                 before=before.decode("latin-1"), ending="")
    interchange.offset = begin
    for kind, note in opened.problems:
        parts.segments.report(kind, parts.segments.position(offset=begin, length=max(len(opened.una), 3)), note=note)
    if before.strip(PADDING):
        where = parts.segments.position(offset=begin - len(before), length=len(before))
        parts.segments.report("junk_between_interchanges", where,
                     before.decode("latin-1"))
    interchange.parts = parts
    return interchange


def _start(window: Window, ordinal: int, s: Service, limits: Limits, begin: int) -> tuple[Interchange, str, Parts]:
    """Read the header segment, if there is one."""
    tag = window.data[window.at:window.at + 3]
    if tag not in (b"UNB", b"UIB", b"UIH"):
        interchange = bare(s, begin, ordinal)
        segments = Segments(window, interchange, s, limits)
        segments.report("missing_header", segments.position(offset=window.place(window.at), length=3),
                     note="a message stands outside any interchange: UNB is missing")
        return interchange, _break_ahead(window, s), Parts(segments)
    end, complete = segment_here(window, s, limits.segment)
    offset = window.place(window.at)
    body, header = window.data[window.at:end], window.original(window.at, end)
    interchange, findings = (batch if tag == b"UNB" else interactive)(body, header, offset, s, ordinal)
    segments = Segments(window, interchange, s, limits)
    for finding in findings:
        segments.report(finding.kind, finding.position, finding.value, finding.note)
    if tag != b"UIH":
        window.at = end
    if not complete and end - window.at > limits.segment:
        segments.oversized(offset, "UNB")
    return interchange, _gap(window), Parts(segments, is_interactive=tag != b"UNB", headed=tag != b"UIH")


def _gap(window: Window) -> str:
    """The blanks and line breaks that stand at the cursor."""
    window.ensure(64)
    ahead = window.data[window.at:window.at + 64]
    return ahead[:len(ahead) - len(ahead.lstrip(BLANKS))].decode("ascii")


def _break_ahead(window: Window, s: Service) -> str:
    """The line break after the first terminator ahead: what a file without UNB is laid out with."""
    ahead = window.data[window.at:window.at + SAMPLE]
    after = ahead[ahead.find(s.terminator) + 1:] if s.terminator in ahead else b""
    return after[:len(after) - len(after.lstrip(BLANKS))].decode("ascii")


def _refused(window: Window, ordinal: int, kind: str, note: str) -> Interchange:
    """An interchange that says only why nothing could be read; its source is used up."""
    interchange = Interchange("edifact", ordinal, Address(), Address(), "", iter(()), offset=window.place(window.at))
    interchange.findings.append(found(kind, Position(ordinal, offset=interchange.offset), note=note))
    window.at = len(window.data)
    while window.fill():
        window.at = len(window.data)
    return interchange


def _unusable(window: Window, ordinal: int, opened: Opening, before: bytes, bom: bool) -> Interchange:
    """An interchange whose service characters cannot be used: it is skipped up to the next one."""
    begin = window.place(window.at)
    interchange = Interchange("edifact", ordinal, Address(), Address(), "", iter(()), offset=begin)
    value = window.data[window.at:window.at + 9].decode("latin-1")
    for kind, note in opened.problems:
        interchange.findings.append(
            found(kind, Position(ordinal, offset=begin, length=max(len(opened.una), 3)), value, note))
    window.at += 9
    kept = window.data[max(window.at - 9, 0):window.at] + skip_to_interchange(window)
    interchange.header = kept[:200].decode("latin-1")
    interchange.header_source = kept
    interchange.layout = Layout(bom=bom, before=before.decode("latin-1"), ending="")
    return interchange
