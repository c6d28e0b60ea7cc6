"""The bytes of one X12 transaction set made into a message: characters, masks, type, and what stands where."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from edi_bridge import interchange
from edi_bridge.interchange import MARK, NATIVE, Delimiters, MessageType, mask
from edi_bridge.syntax.limits import Limits

Spans = list[tuple[int, int]]
LATIN = "iso8859-1"
CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])  # without tab, line feed, carriage return
BLANKS = " \t\r\n"


class Remark(NamedTuple):
    """Something to say about a place of a message, counted in bytes from its first one."""

    kind: str
    at: int
    length: int
    value: str
    note: str


@lru_cache(maxsize=256)
def message_type(name: str, version: str, convention: str) -> MessageType:
    """The type that ST01, GS08 and ST03 name.

    GS08 is version, release and subrelease in six digits and, behind them, an industry's identifier (VICS, X231A1).
    Two short forms that occur in real files are completed: four digits `4010` are `004010`, and five as ISA12 writes
    them, `00401`, are `004010`. Anything else is kept as it stands. ST03, when present, says the usage instead.
    """
    version, usage = _version(version)
    if convention:
        usage = _version(convention)[1] if convention[:1].isdigit() else convention
    return MessageType("x12", version, name, usage)


def _version(text: str) -> tuple[str, str]:
    for form, before, after in ((r"(\d{6})(.*)", "", ""), (r"(00\d{3})(\D.*)?", "", "0"), (r"(\d{4})(\D.*)?", "00", "")):
        if match := re.fullmatch(form, text, re.ASCII | re.DOTALL):
            return before + match.group(1) + after, (match.group(2) or "").strip()
    return text, ""


def leaves_ascii(charset: str) -> bool:
    """Whether a codec is known, keeps ASCII as it is and never hides a delimiter inside a longer character."""
    try:
        plain = bytes(range(32, 127))
        return plain.decode(charset) == plain.decode("ascii") and all(
            bytes([lead, char]).decode(charset, "replace").endswith(chr(char)) for lead in range(128, 256) for char in b"*|~^\\'+")
    except (LookupError, ValueError, TypeError, AttributeError):
        return False


class Assembly:
    """How the messages of interchanges with the same delimiters are decoded (`assembly`); `charset` is '' where none is declared or it
    cannot be used. It is the same before and after each message."""

    def __init__(self, delimiters: Delimiters, line_break: str, charset: str | None, limits: Limits):
        self.delimiters, self.line_break, self.limits = delimiters, line_break, limits
        used = delimiters.released()
        self.forced = LATIN if not used.isascii() else ""  # a delimiter beyond ASCII is a byte, not a character
        self.charset = charset if charset and leaves_ascii(charset) else ""
        in_use = used.encode("latin-1")
        self.controls = CONTROLS.translate(None, in_use)
        self.in_use = in_use
        terminator = delimiters.terminator
        self.broken = terminator + line_break
        blanks = "".join(char for char in BLANKS if char not in used)
        self.blanks = blanks.encode()
        self.leading = re.compile(f"{re.escape(terminator)}[{re.escape(blanks)}{re.escape(terminator)}]+") if terminator not in "[]" \
            else re.compile(f"{re.escape(terminator)}[{re.escape(blanks + terminator)}]+")
        self.odd = re.compile(f"{re.escape(terminator)}[{re.escape(blanks + terminator)}]")
        breaks = re.escape(b"\r\n".translate(None, in_use))
        self.wrong = re.compile(rb"[%b%b\t]" % (re.escape(self.controls), breaks) if b"\t" not in in_use
                                else rb"[%b%b]" % (re.escape(self.controls), breaks))
        self.suspicious = bytes(set(b"\t\r\n") - set(in_use))

    def text(self, raw: bytes, binaries: Spans, remarks: list[Remark]) -> tuple[str, str]:
        """The message's text, masked, without blanks and line breaks between segments, and its encoding."""
        if binaries:
            return self._with_binaries(raw, binaries, remarks)
        text, encoding = self._decode(raw, remarks)
        if len(raw.translate(None, self.controls)) != len(raw):
            self._control_characters(raw, binaries, remarks)
            text = self._native(text)
        if self.delimiters.release:
            text = mask(text, self.delimiters)
        text = self._close_up(text)
        if any(chr(char) in text for char in self.suspicious) and not any(r.kind == "control_character" for r in remarks):
            self._control_characters(raw, binaries, remarks)
        if len(raw) > self.limits.segment:
            self._long_segments(raw, binaries, remarks)
        return text, encoding

    def _decode(self, raw: bytes, remarks: list[Remark]) -> tuple[str, str]:
        """By the declared character set, else ASCII, else what the bytes beyond ASCII are valid for."""
        if self.charset and not self.forced:
            try:
                return raw.decode(self.charset), self.charset
            except UnicodeError as error:
                at = getattr(error, "start", 0)
                remarks.append(Remark("wrong_charset", at, 1, raw[at:at + 1].decode(LATIN),
                                      f"the bytes are not {self.charset}; read as ISO 8859-1"))
                return raw.decode(LATIN), LATIN
        if raw.isascii():
            return raw.decode("ascii"), self.forced or "ascii"
        text, encoding = raw.decode(LATIN), LATIN
        if not self.forced:
            try:
                text, encoding = raw.decode("utf-8"), "utf-8"
            except UnicodeDecodeError:
                pass
        self._beyond_ascii(raw, encoding, remarks)
        return text, encoding

    def _beyond_ascii(self, raw: bytes, encoding: str, remarks: list[Remark]) -> None:
        high = raw.translate(None, bytes(range(128)) + self.in_use)
        if high:
            at = next(match.start() for match in re.finditer(rb"[\x80-\xff]", raw) if match.group() not in self.in_use)
            run = re.match(rb"[\x80-\xff]+", raw[at:at + 4].translate(None, self.in_use))
            count = len(high)
            remarks.append(Remark("character_outside_set", at, 1, run.group().decode(encoding, "replace")[:1] if run else "",
                                  f"{count} byte{'s' * (count > 1)} beyond ASCII, the first here; X12 declares no character set: read as "
                                  f"{'UTF-8' if encoding == 'utf-8' else 'ISO 8859-1'}"))

    def _native(self, text: str) -> str:
        """Keep control characters of the input apart from our masks."""
        return text if MARK in self.delimiters.released() else text.replace(MARK, NATIVE)

    def _close_up(self, text: str) -> str:
        """Without line breaks, blanks and empty segments between segments."""
        if self.line_break:
            text = text.replace(self.broken, self.delimiters.terminator)
        if self.odd.search(text):
            text = self.leading.sub(self.delimiters.terminator.replace("\\", r"\\"), text)
        return text

    def _with_binaries(self, raw: bytes, binaries: Spans, remarks: list[Remark]) -> tuple[str, str]:
        """A message with binary content: that is ISO 8859-1 and masked, the rest as always."""
        blank = bytearray(raw)
        for begin, end in binaries:
            blank[begin:end] = b"0" * (end - begin)
        _, encoding = self._decode(bytes(blank), remarks)
        self._control_characters(raw, binaries, remarks)
        codes = {char: MARK + chr(2 + code) for code, char in enumerate(self.delimiters.released())} | {MARK: NATIVE}
        table = str.maketrans(codes)
        pieces, at = [], 0
        for begin, end in [*binaries, (len(raw), len(raw))]:
            piece = self._native(bytes(blank[at:begin]).decode(encoding))
            pieces.append(self._close_up(mask(piece, self.delimiters) if self.delimiters.release else piece))
            pieces.append(raw[begin:end].decode(LATIN).translate(table))
            at = end
        if len(raw) > self.limits.segment:
            self._long_segments(raw, binaries, remarks)
        return "".join(pieces), encoding

    def spans(self, raw: bytes, binaries: Spans) -> Spans:
        """(start, end) of each segment in `raw`, blanks before it and terminator excluded."""
        if not binaries:
            found = interchange.spans(raw, self.delimiters, LATIN)
        else:
            blank = bytearray(raw)
            for begin, end in binaries:
                blank[begin:end] = b"0" * (end - begin)
            raw = bytes(blank)
            found = interchange.spans(raw, self.delimiters, LATIN)
        trimmed = [(end - len(raw[start:end].lstrip(self.blanks)), end) for start, end in found]
        return [(start, end) for start, end in trimmed if start < end]

    def _control_characters(self, raw: bytes, binaries: Spans, remarks: list[Remark]) -> None:
        """One remark for all control characters inside segments: the first and how many."""
        first, count = None, 0
        for start, end in self.spans(raw, binaries):
            for match in self.wrong.finditer(raw, start, end):
                if not any(begin <= match.start() < stop for begin, stop in binaries):
                    first = match.start() if first is None else first
                    count += 1
        if first is not None:
            remarks.append(Remark("control_character", first, 1, raw[first:first + 1].decode(LATIN),
                                  f"{count} control character{'s' * (count > 1)} inside segments, the first here"))

    def _long_segments(self, raw: bytes, binaries: Spans, remarks: list[Remark]) -> None:
        """A remark for the first segment beyond the limit, binary ones excepted. Goes over the message in strides of the
        limit, so that a message of many segments costs nothing."""
        limit, terminator, at = self.limits.segment, self.delimiters.terminator.encode(LATIN), 0
        while len(raw) - at > limit:
            last = raw.rfind(terminator, at, at + limit + 1)
            if last < 0:
                break
            at = last + 1
        else:
            return
        for start, end in self.spans(raw, binaries):
            if end - start > limit and not any(start < begin < end for begin, _ in binaries):
                remarks.append(Remark("segment_too_large", start, end - start, "",
                                      f"a segment is larger than {limit} bytes: is a terminator missing?"))
                return

    def place(self, raw: bytes, binaries: Spans, at: int) -> tuple[int, int, str]:
        """The segment (from 1), element (0: the tag or the whole) and tag where the byte `at` of a message stands."""
        before = self.spans(raw[:at + 1], [(begin, min(end, at + 1)) for begin, end in binaries if begin <= at])
        if not before:
            return 0, 0, ""
        if at >= len(raw):
            return len(before), 0, ""
        start = before[-1][0]
        separator = self.delimiters.element.encode(LATIN)
        tag = raw[start:start + 4].split(separator)[0].decode(LATIN)
        return len(before), raw.count(separator, start, at), tag


@lru_cache(maxsize=64)
def assembly(delimiters: Delimiters, line_break: str, charset: str | None, limits: Limits) -> Assembly:
    """How messages are decoded; most interchanges of a day have the same delimiters."""
    return Assembly(delimiters, line_break, charset, limits)
