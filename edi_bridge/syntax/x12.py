"""X12 interchanges: bytes into ISA › GS › ST … SE › GE › IEA, one message at a time, in constant memory.

Envelopes are X12.5 (ISA, IEA, TA1, TA3, ISB, ISE, ISX) and X12.6 (GS, GE, ST, SE, BIN, BDS). Nothing here raises:
what is wrong becomes a finding on the interchange. Writing and building are in `x12_write`, the header in `x12_isa`.

**How it is fast.** A message is found by one regular expression that stops only at a terminator followed by an
envelope tag or a binary segment; the text is decoded once and its segments stay unsplit until they are asked for.

**Character set.** X12 declares none. A declared `charset` is used; else ASCII. Where bytes beyond ASCII occur, the
message is read as UTF-8 when all of it is valid UTF-8, else as ISO 8859-1, a note says so, and the encoding is
remembered on the message. Envelope segments are always read and written as ISO 8859-1, so that no byte is lost.
Binary content (BIN, BDS) stands in `text` as ISO 8859-1 too, its delimiters masked.

**Usage indicator.** ISA15 T gives `test=True`, P and I (information) give `test=False`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import (
    Address,
    Group,
    GroupEnd,
    Interchange,
    Layout,
    Message,
    Part,
    Position,
    Stray,
)
from edi_bridge.syntax.limits import DEFAULT, Limits
from edi_bridge.syntax.x12_cut import BINARY, TOO_LARGE, Cutter
from edi_bridge.syntax.x12_isa import REACH, extension, guess, parse
from edi_bridge.syntax.x12_message import Assembly, Remark, Seen, Spans, message_type
from edi_bridge.syntax.x12_source import BLANKS, OPENING, Source, gap
from edi_bridge.syntax.x12_write import build, write_to

__all__ = ["FUNCTIONAL", "build", "read", "write_to"]

EBCDIC_ISA = b"\xc9\xe2\xc1"

# GS01, data element 479, of the transaction sets that the shipped maps and acknowledgements use
FUNCTIONAL = {"810": "IN", "816": "OR", "820": "RA", "824": "AG", "838": "TD", "850": "PO", "855": "PR", "856": "SH",
              "860": "PC", "865": "CA", "997": "FA", "999": "FA"}

CONTROL_TAGS = {b"TA3": "TA3, a network's delivery notice", b"ISB": "ISB, a request to the network for a grade of service",
                b"ISE": "ISE, a request to the network for deferred delivery"}

def read(stream: BinaryIO, *, charset: str | None = None, limits: Limits = DEFAULT, ordinal: int = 1,
         offset: int = 0) -> Iterator[Interchange]:
    """One interchange after another, lazily; asking for the next drains the former one.

    `charset` overrides ASCII for the text of messages (a Python codec name), `ordinal` numbers the first
    interchange, `offset` is the place of the stream's first byte in the file. Never raises for any bytes: a stream
    without an interchange gives one that carries only findings.
    """
    source = Source(stream, offset)
    before: list[Finding] = []
    first = ordinal
    while True:
        gap(source, before, ordinal)
        if not source.ensure(1):
            break
        walk = Walk(source, ordinal, charset, limits, before)
        before = []
        yield walk.interchange
        walk.interchange.drain()
        if walk.stopped:
            return
        ordinal += 1
    if ordinal == first:
        yield _nothing(before, ordinal, source.offset - offset)


def _nothing(before: list[Finding], ordinal: int, size: int) -> Interchange:
    """What stands for a stream without any interchange."""
    start = before[0].value.encode("latin-1") if before else b""
    kind = "ebcdic" if start.startswith(EBCDIC_ISA) else "unknown_format" if before else "empty_file"
    finding = found(kind, Position(interchange=ordinal, offset=0, length=size), before[0].value[:60] if before else "")
    return Interchange("x12", ordinal, Address(), Address(), "", iter(()), findings=[finding])


class Walk:
    """The single pass over one interchange: what is open, what was counted, and what is wrong."""

    def __init__(self, source: Source, ordinal: int, charset: str | None, limits: Limits, before: list[Finding]):
        self.source, self.limits, self.stopped = source, limits, False
        self.start = source.offset
        source.ensure(REACH)
        head = source.data[source.at:source.at + REACH]
        self.headed = head.startswith(b"ISA")
        self.isa = parse(head) if self.headed else guess(head)
        isa = self.isa
        self.interchange = Interchange(
            "x12", ordinal, isa.sender, isa.receiver, isa.text(13), self.parts(),
            header=isa.raw.decode("latin-1") if self.headed else "", syntax=isa.text(12), prepared=isa.prepared,
            test=isa.text(15) == "T" if self.headed else None, acknowledge=isa.text(14) == "1", offset=self.start,
            layout=Layout(bom=source.bom, line_break=isa.line_break.decode("latin-1")), findings=before)
        source.bom = False
        for flaw in isa.flaws:
            self.note(flaw.kind, isa.raw, self.start, flaw.element, flaw.note, flaw.value)
        if not self.headed:
            self.add("missing_header", Position(interchange=ordinal, tag=head[:2].decode(), offset=self.start),
                     note=f"{head[:2].decode()} stands without an ISA before it")
        elif isa.usable:
            source.at += len(isa.raw) + 1
        else:
            source.at += len(isa.raw)
        self.strays: list[Stray] = []
        if isa.usable:
            self._extension()
        self._enter(charset)

    def _extension(self) -> None:
        """ISX right after ISA: it decides how everything after it is read."""
        source, element = self.source, self.isa.delimiters.element.encode("latin-1")
        terminator = self.isa.delimiters.terminator.encode("latin-1")
        self._blanks = BLANKS.translate(None, (element + terminator))
        source.skip(self._blanks)
        if not source.ensure(4) or not source.data.startswith(b"ISX" + element, source.at):
            return
        start = source.offset
        source.ensure(REACH)
        raw = source.data[source.at:source.at + REACH].split(terminator)[0]
        release, flaws = extension(raw, self.isa)
        for flaw in flaws:
            self.note(flaw.kind, raw, start, flaw.element, flaw.note, flaw.value)
        self.isa.delimiters = replace(self.isa.delimiters, release=release)
        self.strays.append(Stray(raw.decode("latin-1"), start))
        source.at = min(source.at + len(raw) + 1, len(source.data))

    def _enter(self, charset: str | None) -> None:
        """Make ready what the walk needs from the delimiters that are now known."""
        delimiters = self.interchange.delimiters = self.isa.delimiters
        self.element, self.terminator = delimiters.element.encode("latin-1"), delimiters.terminator.encode("latin-1")
        self.group: Group | None = None
        self.group_raw = b""
        self.groups = self.messages = self.in_group = self.acknowledged = 0
        self.group_seen, self.seen = Seen(), Seen()
        self.misfits: set[str] = set()
        self.over = not self.isa.usable
        if self.over:
            return
        self.assembly = Assembly(delimiters, self.isa.line_break.decode("latin-1"), charset, self.limits)
        if charset and not self.assembly.charset:
            self.add("character_set_unsupported", Position(interchange=self.interchange.ordinal, offset=self.start), charset,
                     f"the declared character set {charset!r} is not known, or not one that leaves ASCII as it is")
        self.cutter = Cutter(self.source, delimiters, self._blanks, self.limits)

    # -- findings

    def add(self, kind: str, position: Position, value: str = "", note: str = "") -> None:
        """One more finding of this interchange."""
        self.interchange.findings.append(found(kind, position, value, note))

    def note(self, kind: str, raw: bytes, offset: int, element: int, note: str, value: str = "", *, group: int | None = None,
             message: int | None = None, segment: int | None = None) -> None:
        """A finding about a segment `raw` that stands at `offset`, or about one of its elements."""
        separator = self.isa.delimiters.element.encode("latin-1")
        elements = raw.split(separator)
        start, length = 0, len(raw)
        if 0 < element < len(elements):
            start = len(separator.join(elements[:element])) + 1
            length = len(elements[element])
        elif element:
            start = length
            length = 0
        self.add(kind, Position(interchange=self.interchange.ordinal, group=group, message=message, segment=segment,
                                tag=elements[0].decode("latin-1")[:3], element=element or None, offset=offset + start,
                                length=length), value, note)

    # -- the walk

    def parts(self) -> Iterator[Part]:
        """The parts in the order of the file; the trailer's findings come with its end."""
        yield from self.strays
        source = self.source
        start_of_message = b"ST" + self.element if not self.over else b""
        while not self.over:
            source.skip(self._blanks)
            if not source.ensure(4) and source.at == len(source.data):
                break
            if source.offset - self.start > self.limits.interchange:
                self._refuse()
                return
            if OPENING.match(source.data, source.at) and source.data.startswith(b"ISA", source.at):
                break
            if source.data.startswith(start_of_message, source.at):
                part: Part | None = self._message()
            else:
                part = self._segment()
            if part is not None:
                yield part
        if self.isa.usable:
            self._finish()
        self.over = True
        gap(source, self.interchange.findings, self.interchange.ordinal, self.element, self.terminator)

    def _refuse(self) -> None:
        """The interchange is too large: nothing more of the file is read."""
        self.stopped = True
        self.add("interchange_too_large", Position(interchange=self.interchange.ordinal, offset=self.start),
                 note=f"the interchange is larger than {self.limits.interchange} bytes; the rest of the file is not read")

    # -- segments outside messages

    def _segment(self) -> Part | None:
        """The envelope segment or stray that starts here; goes over it and its terminator."""
        start = self.source.offset
        raw, ended = self.cutter.segment()
        if raw is None:
            self.add("segment_too_large", Position(interchange=self.interchange.ordinal, offset=start),
                     note=f"a segment is larger than {self.limits.segment} bytes: is a terminator missing?")
            return None
        raw = raw.rstrip(self._blanks) if not ended else raw
        if not raw:
            self.add("trailing_separator", Position(interchange=self.interchange.ordinal, offset=start, length=1),
                     note="a terminator stands alone: the segment is empty")
            return None
        tag = raw.split(self.element)[0]
        if not ended:
            self.note("missing_terminator", raw, start, 0, "the last segment is not ended by its terminator")
        step = STEPS.get(tag)
        return step(self, raw, start) if step else self._stray(raw, start)

    def _text(self, raw: bytes) -> list[str]:
        return raw.decode("latin-1").split(self.isa.delimiters.element)

    def _group(self, raw: bytes, start: int) -> Group:
        """GS: a group begins; one that is still open lacks its trailer."""
        self._close_group(start)
        self.groups += 1
        gs = self._text(raw)
        if len(gs) < 9:
            self.note("bad_group_header", raw, start, 0, f"GS must have 8 elements, expected 8, found {len(gs) - 1}",
                      group=self.groups)
        gs += [""] * (9 - len(gs))
        self.group = Group(self.groups, gs[6].rstrip(), gs[2].rstrip(), gs[3].rstrip(), gs[8].rstrip(), raw.decode("latin-1"),
                           kind=gs[1].rstrip(), offset=start)
        self.group_raw, self.in_group, self.seen, self.misfits = raw, 0, Seen(), set()
        if self.group_seen.before(self.group.reference):
            self.note("duplicate_group_reference", raw, start, 6, "GS06 came before in this interchange", self.group.reference,
                      group=self.groups)
        return self.group

    def _group_end(self, raw: bytes, start: int) -> Part:
        """GE: the group's count and control number must be those that were read."""
        if self.group is None:
            return self._too_many(raw, start)
        ge, group = self._text(raw) + ["", ""], self.group
        if not same_number(ge[1], self.in_group):
            self.note("group_count_mismatch", raw, start, 1, f"GE01 counts the messages of the group, expected {self.in_group}, "
                      f"found {ge[1] or 'nothing'}", ge[1], group=group.ordinal)
        if ge[2].rstrip() != group.reference:
            self.note("group_reference_mismatch", raw, start, 2, f"GE02 must be GS06, expected {group.reference}, "
                      f"found {ge[2] or 'nothing'}", ge[2], group=group.ordinal)
        self.group = None
        return GroupEnd(group, raw.decode("latin-1"))

    def _end(self, raw: bytes, start: int) -> None:
        """IEA: the interchange ends."""
        self._close_group(start)
        self.over = True
        self.interchange.trailer = raw.decode("latin-1")
        iea, control = self._text(raw) + ["", ""], self.interchange.control
        if not same_number(iea[1], self.groups):
            self.note("interchange_count_mismatch", raw, start, 1, f"IEA01 counts the groups, expected {self.groups}, "
                      f"found {iea[1] or 'nothing'}", iea[1])
        if self.headed and iea[2].rstrip() != control:
            self.note("interchange_reference_mismatch", raw, start, 2, f"IEA02 must be ISA13, expected {control}, "
                      f"found {iea[2] or 'nothing'}", iea[2])
        breaks = self._line_break()
        if breaks != self.interchange.layout.line_break:
            self.interchange.layout = replace(self.interchange.layout, last_break=breaks)

    def _line_break(self) -> str:
        """The line break after the trailer's terminator, up to what stands between segments."""
        self.source.ensure(len(self.isa.line_break) or 2)
        rest = self.source.data[self.source.at:self.source.at + max(len(self.isa.line_break), 2)]
        return rest[:len(rest) - len(rest.lstrip(b"\r\n"))].decode("latin-1")

    def _stray(self, raw: bytes, start: int) -> Stray:
        """A segment that belongs to no message."""
        tag = raw.split(self.element)[0]
        if tag == b"TA1" and self.group is None:
            self.acknowledged += 1
        elif tag in CONTROL_TAGS:
            self.acknowledged += 1
            self.note("transmission_control", raw, start, 0, CONTROL_TAGS[tag])
        elif tag == b"ISX":
            self.note("unexpected_envelope_segment", raw, start, 0, "ISX must stand right after ISA; it is not used")
        else:
            self.note("segment_outside_message", raw, start, 0, "the segment stands outside any message",
                      raw[:60].decode("latin-1"), group=self.group.ordinal if self.group else None)
        return Stray(raw.decode("latin-1"), start)

    def _too_many(self, raw: bytes, start: int) -> Stray:
        """A trailer where nothing is open."""
        tag = raw[:2].decode("latin-1")
        self.note("doubled_trailer", raw, start, 0, f"{tag} stands where no {'message' if tag == 'SE' else 'group'} is open",
                  group=self.group.ordinal if self.group else None)
        return Stray(raw.decode("latin-1"), start)

    def _close_group(self, start: int) -> None:
        """The group that is open ends here without its trailer."""
        if self.group is not None:
            self.add("missing_group_trailer", Position(interchange=self.interchange.ordinal, group=self.group.ordinal, offset=start),
                     self.group.reference, f"GE of the group {self.group.reference} is missing")
            self.group = None

    def _finish(self) -> None:
        """What can be said only when everything was read."""
        here = Position(interchange=self.interchange.ordinal, offset=self.source.offset)
        self._close_group(self.source.offset)
        if self.headed and self.interchange.trailer is None:
            self.add("missing_trailer", here, self.interchange.control, f"IEA of the interchange {self.interchange.control} is missing")
        if not self.messages and not self.acknowledged:
            self.add("nothing_inside", here, note="the interchange holds no message and no TA1")

    # -- messages

    def _message(self) -> Message | None:
        """The message that starts here; None when it is too large and was gone over."""
        start = self.source.offset
        self.messages += 1
        self.in_group += 1
        if self.group is None and self.headed:
            self.add("unexpected_envelope_segment", Position(interchange=self.interchange.ordinal, message=self.messages, segment=1,
                     tag="ST", offset=start), note="ST stands outside a functional group (GS)")
        binaries: Spans = []
        remarks: list[Remark] = []
        tag, at = self.cutter.boundary(0)
        while tag in BINARY:
            tag, at = self.cutter.boundary(*self.cutter.binary(at, binaries, remarks))
        if tag == b"SE":
            end = self.cutter.segment_end(at)
            return self._assemble(start, at, end, binaries, remarks)
        if tag == TOO_LARGE:
            self._too_large(start)
            return None
        return self._assemble(start, None, at, binaries, remarks)

    def _too_large(self, start: int) -> None:
        """Go over a message without keeping it."""
        self.cutter.drop_message()
        self._refuse_message(start, self.messages)

    def _refuse_message(self, start: int, number: int) -> None:
        self.add("message_too_large", Position(interchange=self.interchange.ordinal, message=number, offset=start,
                 group=self.group.ordinal if self.group else None, length=self.source.offset - start),
                 note=f"the message is larger than {self.limits.message} bytes or {self.limits.message_segments} segments")

    def _assemble(self, start: int, trailer: int | None, end: int, binaries: Spans,
                  remarks: list[Remark]) -> Message | None:
        """The message in the next `end` bytes, its SE at `trailer`; goes over it."""
        source, number, interchange = self.source, self.messages, self.interchange
        raw = source.data[source.at:source.at + end]
        source.at += end
        if end > self.limits.message:
            self._refuse_message(start, number)
            return None
        if trailer is None:
            raw = raw.rstrip(self._blanks)
        text, encoding = self.assembly.text(raw, binaries, remarks)
        delimiters = interchange.delimiters
        count = text.count(delimiters.terminator) + (not text.endswith(delimiters.terminator))
        if count > self.limits.message_segments:
            self._refuse_message(start, number)
            return None
        st = text[:text.find(delimiters.terminator)].split(delimiters.element) if delimiters.terminator in text \
            else text.split(delimiters.element)
        name, reference = (st + ["", ""])[1:3]
        kind = message_type(name.strip(), self.group.version if self.group else "", st[3].strip() if len(st) > 3 else "")
        message = Message("x12", kind, number, reference.rstrip(), text, delimiters, raw=raw, offset=start, encoding=encoding,
                          group=self.group, interchange=interchange.ordinal)
        if binaries:
            message.places(self.assembly.spans(raw, binaries))
        self._check_header(message, binaries, st)
        if trailer is None:
            self._about(message, binaries, Remark("missing_message_trailer", len(raw), 0, "", f"SE of the message {message.reference} is missing"))
        else:
            self._check_trailer(message, binaries, trailer, count)
        for remark in remarks:
            self._about(message, binaries, remark)
        return message

    def _check_header(self, message: Message, binaries: Spans, st: list[str]) -> None:
        """ST: complete, its number new in the group, its kind the one that GS01 says."""
        if len(st) < 3 or not message.type.name or not message.reference:
            self._about(message, binaries, Remark("bad_message_header", 0, len(self.element.join(part.encode() for part in st)), "",
                                        "ST01 and ST02 must be there"))
        elif self.seen.before(message.reference):
            at = len(st[0]) + len(st[1]) + 2
            self._about(message, binaries, Remark("duplicate_message_reference", at, len(st[2]), message.reference,
                                        "ST02 came before in this group"))
        group, expected = self.group, FUNCTIONAL.get(message.type.name)
        if group and expected and group.kind != expected and message.type.name not in self.misfits:
            self.misfits.add(message.type.name)
            self.note("unknown_group_kind", self.group_raw, group.offset, 1, f"GS01 of a group of {message.type.name} must be "
                      f"{expected}, found {group.kind or 'nothing'}", group.kind, group=group.ordinal)

    def _check_trailer(self, message: Message, binaries: Spans, at: int, count: int) -> None:
        """SE: the count of segments and the reference must be those that were read."""
        raw = message.raw[at:]
        if raw.endswith(self.terminator):
            raw = raw[:-1]
        else:
            self._about(message, binaries, Remark("missing_terminator", at, len(raw), "", "the last segment is not ended by its terminator"))
        se = self._text(raw) + ["", ""]
        if not same_number(se[1], count):
            self._about(message, binaries, Remark("segment_count_mismatch", at + 3, len(se[1]), se[1],
                                        f"SE01 counts the segments, expected {count}, found {se[1] or 'nothing'}"))
        if se[2].rstrip() != message.reference:
            self._about(message, binaries, Remark("message_reference_mismatch", at + 4 + len(se[1]), len(se[2]), se[2],
                                        f"SE02 must be ST02, expected {message.reference}, found {se[2] or 'nothing'}"))

    def _about(self, message: Message, binaries: Spans, remark: Remark) -> None:
        """A finding about a place inside a message."""
        segment, element, tag = self.assembly.place(message.raw, binaries, remark.at)
        self.add(remark.kind, Position(interchange=self.interchange.ordinal, group=message.group.ordinal if message.group else None,
                 message=message.ordinal, segment=segment or None, tag=tag or None, element=element or None,
                 offset=message.offset + remark.at, length=remark.length), remark.value, remark.note)


def same_number(text: str, number: int) -> bool:
    """Whether the count on the wire is this number; leading zeros are allowed (N0)."""
    return text.isascii() and text.strip().isdigit() and len(text) <= 15 and int(text) == number


Step = Callable[[Walk, bytes, int], Part | None]
STEPS: dict[bytes, Step] = {b"GS": Walk._group, b"GE": Walk._group_end, b"IEA": Walk._end, b"SE": Walk._too_many}
