"""What stands between ISA and IEA: groups, messages, and segments of the envelope that belong to no message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from edi_bridge.interchange import (
    Group,
    GroupEnd,
    Interchange,
    Message,
    Part,
    Position,
    Stray,
)
from edi_bridge.syntax.limits import Limits
from edi_bridge.syntax.references import References, same_number
from edi_bridge.syntax.report import Report
from edi_bridge.syntax.source import Window
from edi_bridge.syntax.starts import BLANKS
from edi_bridge.syntax.wrap import BREAKS
from edi_bridge.syntax.x12_between import OPENING, begins_another, gap
from edi_bridge.syntax.x12_cut import BINARY, TOO_LARGE, Cutter
from edi_bridge.syntax.x12_message import Remark, Spans, assembly, message_type

# GS01, data element 479, of the transaction sets that the shipped maps and acknowledgements use
FUNCTIONAL = {"810": "IN", "816": "OR", "820": "RA", "824": "AG", "838": "TD", "850": "PO", "855": "PR", "856": "SH",
              "860": "PC", "865": "CA", "997": "FA", "999": "FA"}

CONTROL_TAGS = {b"TA3": "TA3, a network's delivery notice", b"ISB": "ISB, a request to the network for a grade of service",
                b"ISE": "ISE, a request to the network for deferred delivery"}

HEAD = 256  # bytes of a message in which its header (ST) is looked for, when it is too large to be kept

# what may come any number of times in a file of junk
STRAYS = {"segment_outside_message", "unexpected_envelope_segment", "transmission_control", "doubled_trailer"}


class Parts(Report):
    """The parts of one interchange, a single pass: what is open, what was counted, and what is wrong."""

    def __init__(self, window: Window, interchange: Interchange, limits: Limits, *, headed: bool):
        super().__init__(interchange)
        self.window, self.limits, self.headed = window, limits, headed
        self.strays: list[Stray] = []  # what was read before the walk: ISX
        self._group_raw = b""
        self.groups = self.messages = self.in_group = self.acknowledged = 0
        self.group_seen, self.seen = References(), References()
        self.misfits: set[str] = set()
        self.over = False
        self.element = interchange.delimiters.element.encode("latin-1")
        self.terminator = interchange.delimiters.terminator.encode("latin-1")
        self.blanks = BLANKS.translate(None, self.element + self.terminator)  # what may stand between segments
        self._body, self._body_at = b"", 0  # of the message at hand, and its place in the window
        self._source = b""  # of the segment at hand, where its text does not say it all

    def begin(self, charset: str | None) -> None:
        """Make ready what the walk needs, once nothing of the delimiters can change any more."""
        interchange, delimiters = self.interchange, self.interchange.delimiters
        self.assembly = assembly(delimiters, interchange.layout.line_break, charset, self.limits)
        if charset and not self.assembly.charset:
            self.report("character_set_unsupported", Position(interchange=interchange.ordinal, offset=interchange.offset), charset,
                     f"the declared character set {charset!r} is not known, or not one that leaves ASCII as it is")
        self.cutter = Cutter(self.window, delimiters, self.blanks, self.limits)

    def note(self, kind: str, raw: bytes, offset: int, element: int, note: str, value: str = "", *, group: int | None = None,
             message: int | None = None, segment: int | None = None) -> None:
        """A finding about a segment whose bytes `raw` stand at `offset`, or about one of its elements."""
        elements = raw.split(self.element)
        start, length = 0, len(raw)
        if 0 < element < len(elements):
            start = len(self.element.join(elements[:element])) + 1
            length = len(elements[element])
        elif element:
            start = length
            length = 0
        report = self.report_stray if kind in STRAYS else self.report
        report(kind, Position(interchange=self.interchange.ordinal, group=group, message=message, segment=segment,
                                tag=self._words(elements[0])[:3], element=element or None, offset=offset + start,
                                length=length), value, note)

    # -- the walk

    def walk(self) -> Iterator[Part]:
        """The parts in the order of the file; the trailer's findings come with its end."""
        yield from self.strays
        window, start, blanks = self.window, self.interchange.offset, b""
        start_of_message = b"ST" + self.element
        while not self.over:
            blanks = window.skip(self.blanks)
            if not window.ensure(32) and window.at == len(window.data):
                break
            if (window.data.startswith(b"ISA", window.at) and OPENING.match(window.data, window.at)) or begins_another(window):
                break
            if window.offset - start > self.limits.interchange and not window.data.startswith(b"IEA", window.at):
                self.report("interchange_too_large", Position(interchange=self.interchange.ordinal, offset=start),
                         note=f"the interchange is larger than {self.limits.interchange} bytes; the rest of it is not read")
                self.cutter.drop_interchange()
                return self._end_layout(b"")
            if window.data.startswith(start_of_message, window.at):
                part: Part | None = self._message()
            else:
                part = self._segment()
            if part is not None:
                yield part
        else:
            blanks = b""
        self._finish()
        self._end_layout(blanks)

    def skipped(self) -> Iterator[Part]:
        """What stands for the parts of an interchange whose delimiters cannot be used: none."""
        self._end_layout(b"")
        yield from ()

    def _end_layout(self, blanks: bytes) -> None:
        """Look at what stands up to the next interchange, and remember it where it is not a line break as always."""
        interchange = self.interchange
        self.window.unwrap(False)
        after = self.terminator if self.headed or self.messages else b""
        ending = (blanks + gap(self.window, interchange.findings, interchange.ordinal, self.element, after)).decode("latin-1")
        if ending != interchange.layout.line_break:
            interchange.layout = replace(interchange.layout, ending=ending)

    # -- segments outside messages

    def _segment(self) -> Part | None:
        """The envelope segment or stray that starts here; goes over it and its terminator."""
        window = self.window
        start = window.offset
        raw, ended = self.cutter.segment()
        if raw is None:
            self.report("segment_too_large", Position(interchange=self.interchange.ordinal, offset=start),
                     note=f"a segment is larger than {self.limits.segment} bytes: is a terminator missing?")
            return None
        if not ended:
            length = len(raw)
            raw = raw.rstrip(self.blanks)
            window.at -= length - len(raw)
        tag = raw.split(self.element)[0]
        self._source = b""
        if not ended or window.unwrapping:
            self._source = window.original(window.at - len(raw) - ended, window.at)
            raw = self._source.removesuffix(self.terminator)
        if not tag and not raw:
            self.report_stray("trailing_separator", Position(interchange=self.interchange.ordinal, offset=start, length=1),
                     note="a terminator stands alone: the segment is empty")
            return Stray("", start)
        if not ended:
            self.note("missing_terminator", raw, start, 0, "the last segment is not ended by its terminator")
        step = STEPS.get(tag)
        return step(self, raw, start) if step else self._stray(raw, start)

    def _words(self, raw: bytes) -> str:
        """The text of a segment's bytes, without the line breaks of a wrapped file."""
        return (raw.translate(None, BREAKS) if self.window.unwrapping else raw).decode("latin-1")

    def _text(self, raw: bytes) -> list[str]:
        return self._words(raw).split(self.interchange.delimiters.element)

    def _group(self, raw: bytes, start: int) -> Group:
        """GS: a group begins; one that is still open lacks its trailer."""
        self._close_group(start)
        self.groups += 1
        gs = self._text(raw)
        if len(gs) < 9:
            self.note("bad_group_header", raw, start, 0, f"GS must have 8 elements, expected 8, found {len(gs) - 1}",
                      group=self.groups)
        gs += [""] * (9 - len(gs))
        self.group = Group(self.groups, gs[6].rstrip(), gs[2].rstrip(), gs[3].rstrip(), gs[8].rstrip(), self._words(raw),
                           kind=gs[1].rstrip(), offset=start, source=self._source)
        self._group_raw, self.in_group, self.seen, self.misfits = raw, 0, References(), set()
        if not self.group_seen.add(self.group.reference):
            self.note("duplicate_group_reference", raw, start, 6, "GS06 came before in this interchange", self.group.reference,
                      group=self.groups)
        return self.group

    def _group_end(self, raw: bytes, start: int) -> Part:
        """GE: the group's count and control number must be those that were read."""
        if self.group is None:
            return self._too_many(raw, start)
        ge, group = self._text(raw) + ["", ""], self.group
        if not same_number(ge[1].strip(), self.in_group):
            self.note("group_count_mismatch", raw, start, 1, f"GE01 counts the messages of the group, expected {self.in_group}, "
                      f"found {ge[1] or 'nothing'}", ge[1], group=group.ordinal)
        if ge[2].rstrip() != group.reference:
            self.note("group_reference_mismatch", raw, start, 2, f"GE02 must be GS06, expected {group.reference}, "
                      f"found {ge[2] or 'nothing'}", ge[2], group=group.ordinal)
        self.group = None
        return GroupEnd(group, self._words(raw), self._source)

    def _end(self, raw: bytes, start: int) -> None:
        """IEA: the interchange ends."""
        self._close_group(start)
        self.over = True
        self.interchange.trailer, self.interchange.trailer_source = self._words(raw), self._source
        iea, control = self._text(raw) + ["", ""], self.interchange.control
        if not same_number(iea[1].strip(), self.groups):
            self.note("interchange_count_mismatch", raw, start, 1, f"IEA01 counts the groups, expected {self.groups}, "
                      f"found {iea[1] or 'nothing'}", iea[1])
        if self.headed and iea[2].rstrip() != control:
            self.note("interchange_reference_mismatch", raw, start, 2, f"IEA02 must be ISA13, expected {control}, "
                      f"found {iea[2] or 'nothing'}", iea[2])

    def _stray(self, raw: bytes, start: int) -> Stray:
        """A segment that belongs to no message."""
        tag = self._words(raw.split(self.element)[0]).encode("latin-1")
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
        return Stray(self._words(raw), start, self._source)

    def _too_many(self, raw: bytes, start: int) -> Stray:
        """A trailer where nothing is open."""
        tag = self._words(raw)[:2]
        self.note("doubled_trailer", raw, start, 0, f"{tag} stands where no {'message' if tag == 'SE' else 'group'} is open",
                  group=self.group.ordinal if self.group else None)
        return Stray(self._words(raw), start, self._source)

    def _close_group(self, start: int) -> None:
        """The group that is open ends here without its trailer."""
        if self.group is not None:
            self.report("missing_group_trailer", Position(interchange=self.interchange.ordinal, group=self.group.ordinal, offset=start),
                     self.group.reference, f"GE of the group {self.group.reference} is missing")
            self.group = None

    def _finish(self) -> None:
        """What can be said only when everything was read."""
        here = Position(interchange=self.interchange.ordinal, offset=self.window.offset)
        self._close_group(self.window.offset)
        if self.headed and self.interchange.trailer is None:
            self.report("missing_trailer", here, self.interchange.control, f"IEA of the interchange {self.interchange.control} is missing")
        if not self.messages and not self.acknowledged:
            self.report("nothing_inside", here, note="the interchange holds no message and no TA1")

    # -- messages

    def _message(self) -> Message:
        """The message that starts here; only its header, where it is too large to be kept."""
        start = self.window.offset
        self.messages += 1
        self.in_group += 1
        if self.group is None and self.headed:
            self.report("unexpected_envelope_segment", Position(interchange=self.interchange.ordinal, message=self.messages, segment=1,
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
            head = self.window.data[self.window.at:self.window.at + HEAD]
            self.cutter.drop_message()
            return self._oversized(start, head)
        return self._assemble(start, None, at, binaries, remarks)

    def _oversized(self, start: int, head: bytes) -> Message:
        """A message beyond a limit: of its first bytes only what identifies it is kept."""
        raw = bytes(head).partition(self.terminator)[0] + self.terminator
        message = self._head(self._text(raw[:-1]), raw.decode("latin-1"), raw, start, "latin-1")
        self.report("message_too_large", replace(message.locate(1), element=None),
                    note=f"the message is larger than {self.limits.message} bytes or {self.limits.message_segments} segments")
        return message

    def _head(self, st: list[str], text: str, raw: bytes, start: int, encoding: str) -> Message:
        """The message whose header has these elements."""
        name, reference = (st + ["", ""])[1:3]
        kind = message_type(name.strip(), self.group.version if self.group else "", st[3].strip() if len(st) > 3 else "")
        return Message("x12", kind, self.messages, reference.rstrip(), text, self.interchange.delimiters, raw=raw, offset=start,
                       encoding=encoding, group=self.group, interchange=self.interchange.ordinal)

    def _assemble(self, start: int, trailer: int | None, end: int, binaries: Spans, remarks: list[Remark]) -> Message:
        """The message in the next `end` bytes, its SE at `trailer`; goes over it."""
        window, interchange = self.window, self.interchange
        body = window.data[window.at:window.at + end]
        if trailer is None:
            body = body.rstrip(self.blanks)
        self._body, self._body_at = body, window.at
        window.at += len(body)
        raw = window.original(self._body_at, window.at) if window.unwrapping else body
        if len(body) > self.limits.message:
            return self._oversized(start, body[:HEAD])
        text, encoding = self.assembly.text(body, binaries, remarks)
        delimiters = interchange.delimiters
        count = text.count(delimiters.terminator) + (not text.endswith(delimiters.terminator))
        if count > self.limits.message_segments:
            return self._oversized(start, body[:HEAD])
        st = text[:text.find(delimiters.terminator)].split(delimiters.element) if delimiters.terminator in text \
            else text.split(delimiters.element)
        message = self._head(st, text, raw, start, encoding)
        if binaries:
            message.places([self._place(*span) for span in self.assembly.spans(body, binaries)])
        self._check_header(message, binaries, st)
        if trailer is None:
            self._about(message, binaries, Remark("missing_message_trailer", len(body), 0, "", f"SE of the message {message.reference} is missing"))
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
        elif not self.seen.add(message.reference):
            at = len(st[0]) + len(st[1]) + 2
            self._about(message, binaries, Remark("duplicate_message_reference", at, len(st[2]), message.reference,
                                        "ST02 came before in this group"))
        group, expected = self.group, FUNCTIONAL.get(message.type.name)
        if group and expected and group.kind != expected and message.type.name not in self.misfits:
            self.misfits.add(message.type.name)
            self.note("unknown_group_kind", self._group_raw, group.offset, 1, f"GS01 of a group of {message.type.name} must be "
                      f"{expected}, found {group.kind or 'nothing'}", group.kind, group=group.ordinal)

    def _check_trailer(self, message: Message, binaries: Spans, at: int, count: int) -> None:
        """SE: the count of segments and the reference must be those that were read."""
        raw = self._body[at:]
        if raw.endswith(self.terminator):
            raw = raw[:-1]
        else:
            self._about(message, binaries, Remark("missing_terminator", at, len(raw), "", "the last segment is not ended by its terminator"))
        se = self._text(raw) + ["", ""]
        if not same_number(se[1].strip(), count):
            self._about(message, binaries, Remark("segment_count_mismatch", at + 3, len(se[1]), se[1],
                                        f"SE01 counts the segments, expected {count}, found {se[1] or 'nothing'}"))
        if se[2].rstrip() != message.reference:
            self._about(message, binaries, Remark("message_reference_mismatch", at + 4 + len(se[1]), len(se[2]), se[2],
                                        f"SE02 must be ST02, expected {message.reference}, found {se[2] or 'nothing'}"))

    def _about(self, message: Message, binaries: Spans, remark: Remark) -> None:
        """A finding about a place inside a message."""
        segment, element, tag = self.assembly.place(self._body, binaries, remark.at)
        start, end = self._place(remark.at, remark.at + remark.length)
        self.report(remark.kind, Position(interchange=self.interchange.ordinal, group=message.group.ordinal if message.group else None,
                 message=message.ordinal, segment=segment or None, tag=tag or None, element=element or None,
                 offset=message.offset + start, length=end - start), remark.value, remark.note)

    def _place(self, start: int, end: int) -> tuple[int, int]:
        """Where bytes of the message at hand stand in its `raw`, which has the line breaks of a wrapped file."""
        if not self.window.unwrapping:
            return start, end
        place, first = self.window.place, self.window.place(self._body_at)
        begin = place(self._body_at + start) - first
        return begin, place(self._body_at + end - 1) + 1 - first if end > start else begin


Step = Callable[[Parts, bytes, int], Part | None]
STEPS: dict[bytes, Step] = {b"GS": Parts._group, b"GE": Parts._group_end, b"IEA": Parts._end, b"SE": Parts._too_many}
