"""What stands between an interchange's header and its trailer: groups, messages, packages and strays.

One state machine: `TAGS` names what each service segment does, everything else is a stray. It reads the source as
its parts are asked for and never holds more than one message and one chunk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edi_bridge.finding import found
from edi_bridge.interchange import (
    Group,
    GroupEnd,
    Interchange,
    Message,
    MessageType,
    Part,
    Position,
    Stray,
)
from edi_bridge.syntax.charset import Misfit
from edi_bridge.syntax.edifact_between import (
    INTERCHANGE,
    segment_here,
    skip_to_interchange,
)
from edi_bridge.syntax.edifact_references import References
from edi_bridge.syntax.edifact_text import (
    Service,
    at,
    clean,
    elements,
    next_tag,
    place,
    segment_end,
    spot,
)
from edi_bridge.syntax.limits import Limits
from edi_bridge.syntax.source import KEPT, Window
from edi_bridge.syntax.starts import AFTER_EDIFACT, PADDING

MOST_STRAYS = 100  # findings of one kind about strays; the rest is only kept
HEAD_FIELDS = ((1, 1, "0062"), (2, 1, "0065"), (2, 2, "0052"), (2, 3, "0054"), (2, 4, "0051"))


class Parts:
    """The parts of one interchange, in the order of the file; a single pass."""

    __slots__ = ("window", "interchange", "service", "limits", "line_break", "headed", "is_interactive", "done",
                 "group", "groups", "group_messages", "messages", "packages", "_loose", "_references",
                 "_group_references", "_types", "_said", "_gap")

    def __init__(self, window: Window, interchange: Interchange, s: Service | None, limits: Limits, *,
                 is_interactive: bool = False, headed: bool = False):
        self.window = window
        self.interchange = interchange
        self.service = s
        self.limits = limits
        self.line_break = ""
        self.headed = headed
        self.is_interactive = is_interactive
        self.done = s is None
        self.group: Group | None = None
        self.groups = self.messages = self.packages = self.group_messages = 0
        self._loose = False  # a message stood outside any group
        self._references = References()
        self._group_references = References()
        self._types: dict[str, MessageType] = {}
        self._said: dict[str, int] = {}
        self._gap = b""  # the blanks before the cursor

    def __iter__(self) -> Parts:
        return self

    def __next__(self) -> Part:
        while not self.done:
            part = self._step()
            if part is not None:
                return part
        raise StopIteration

    # findings

    def position(self, **known: int | str | None) -> Position:
        """A position inside this interchange and the open group."""
        group = self.group.ordinal if self.group else None
        return Position(interchange=self.interchange.ordinal, group=group, **known)  # type: ignore[arg-type]

    def report(self, kind: str, position: Position, value: str = "", note: str = "") -> None:
        """Add a finding to the interchange."""
        self.interchange.findings.append(found(kind, position, value, note))

    def _report_stray(self, kind: str, position: Position, value: str, note: str = "") -> None:
        """Like `report`, but no more than a hundred times for one kind: a file of junk must not fill the memory."""
        count = self._said[kind] = self._said.get(kind, 0) + 1
        if count == MOST_STRAYS:
            note = (note or "there are many of them") + " (further ones are not listed)"
        if count <= MOST_STRAYS:
            self.report(kind, position, value, note)

    # the walk

    def _step(self) -> Part | None:
        """Read one part; None when what was read is none (or the interchange is done)."""
        w, s = self.window, self.service
        assert s
        self._gap = b""
        if len(w.data) - w.at < 128 and not w.ended:
            w.ensure(128)
        if w.at < len(w.data) and w.data[w.at] in s.blanks:
            self._gap = w.skip(s.blanks)
            w.ensure(128)
        data, start = w.data, w.at
        if start >= len(data) or (w.ended and len(data) - start <= 4096 and not data[start:].strip(PADDING)):
            self._end_of_source()
            return None
        if w.place(start) - self.interchange.offset > self.limits.interchange:
            self._too_large()
            return None
        tag = data[start:start + 3]
        step = TAGS.get(tag)
        if step and (data[start + 3:start + 4] in (s.element, s.terminator) or tag == b"UNA") and (
                step is not Parts._next_interchange or INTERCHANGE.match(data, start)):
            return step(self)
        if w.source.shared and AFTER_EDIFACT.match(data, start):
            self._next_interchange()
            return None
        return self._empties() if data.startswith(s.terminator, start) else self._stray()

    def _next_interchange(self) -> None:
        """UNA, UNB or UIB: another interchange begins although this one has no trailer."""
        if self.headed:
            self.report("missing_trailer", self.position(offset=self.window.place(self.window.at)),
                        note="the next interchange begins before this one has a trailer (UNZ)")
        self._close("")

    def _end_of_source(self) -> None:
        if self.headed:
            name = "UIZ" if self.is_interactive else "UNZ"
            self.report("missing_trailer", self.position(offset=self.window.place(self.window.at)),
                        note=f"the file ends without the interchange's trailer ({name})")
        self._close("")

    # messages

    def _message(self) -> Part | None:
        """From UNH up to and with UNT, or up to the service segment (or end of file) that cuts it off."""
        if self.is_interactive:
            return self._stray()
        w, s, limits = self.window, self.service, self.limits
        assert s
        scan = w.at + 3
        while True:
            data = w.data
            cut = next_tag(data, scan, w.at, s)
            if cut >= 0:
                break
            read = len(data) - w.at
            last = data.rfind(s.terminator, w.at)
            if read > limits.message:
                return self._oversized("message_too_large", f"the message has more than {limits.message} bytes")
            if len(data) - max(last, w.at) > limits.segment:
                return self._oversized("segment_too_large", f"a segment has more than {limits.segment} bytes")
            if not w.fill():
                return self._make(len(w.data), "the file ends inside the message, before its trailer (UNT)")
            scan = w.at + max(read - 4, 3)
        tag = w.data[cut:cut + 3]
        if tag != b"UNT":
            body = w.data[w.at:cut].rstrip(s.blanks)
            return self._make(w.at + len(body), f"{tag.decode()} stands before the message's trailer (UNT)")
        ahead = cut - w.at
        end = segment_end(w.data, cut, s)
        while not end and w.fill():
            if len(w.data) - w.at - ahead > limits.segment:
                return self._oversized("segment_too_large", f"a segment has more than {limits.segment} bytes")
            end = segment_end(w.data, w.at + ahead, s)
        if not end:
            return self._make(len(w.data), "the file ends inside the message's trailer (UNT)")
        return self._make(end, "")

    def _make(self, end: int, cut_off: str) -> Part:
        """The message that stands at the cursor and ends at `end`; `cut_off` says why it has no trailer."""
        w, s, limits = self.window, self.service, self.limits
        assert s
        size = end - w.at
        if size > limits.message:
            return self._oversized("message_too_large", f"the message has {size} bytes, the limit is {limits.message}")
        body = w.data[w.at:end]
        text, misfits = clean(body, s, self.line_break)
        terminator = s.delimiters.terminator
        if not text.endswith(terminator):
            text += terminator
        count = text.count(terminator)
        if count > limits.message_segments:
            return self._oversized(
                "message_too_large", f"the message has {count} segments, the limit is {limits.message_segments}")
        if size > limits.segment and max(map(len, text.split(terminator))) > limits.segment:
            return self._oversized("segment_too_large", f"a segment has more than {limits.segment} bytes")
        raw = w.original(w.at, end) if w.unwrapping else body
        message = self._head(text, raw)
        if misfits:
            self._report_misfits(misfits, body, message)
        w.at = end
        if cut_off:
            self.report("missing_message_trailer", message.locate(1), note=cut_off)
        else:
            self._check_trailer(message, count)
        return message

    def _head(self, text: str, raw: bytes) -> Message:
        """The message that `text` is, by its UNH; counts it and checks the header."""
        s = self.service
        assert s
        d = s.delimiters
        rows = text[:text.index(d.terminator)].split(d.element, 3)
        known = self._types.get(rows[2]) if len(rows) > 2 else None
        complete = known is not None and rows[1] and d.component not in rows[1]
        if not complete or (d.release and (d.release in rows[1] or "\x01" in rows[1])):
            fields = elements(text[:text.index(d.terminator)], s)
            reference, known = at(fields, 1), message_type(fields)
            complete = all(at(fields, *place_) for *place_, _ in HEAD_FIELDS)
            if complete and len(self._types) < 1000:
                self._types[rows[2]] = known
        else:
            reference = rows[1]
        assert known
        self.messages += 1
        self.group_messages += 1
        message = Message("edifact", known, self.messages, reference, text, d, raw=raw,
                          offset=self.window.place(self.window.at), encoding=s.charset.codec, group=self.group,
                          interchange=self.interchange.ordinal)
        if not complete:
            for element, component, name in HEAD_FIELDS:
                if not at(fields, element, component):
                    where = replace(message.locate(1, element, component), path=f"UNH/{name}")
                    self.report("bad_message_header", where, note=f"{name} is missing in UNH")
        if reference and not self._references.add(reference):
            self.report("duplicate_message_reference", replace(message.locate(1, 1), path="UNH/0062"), reference,
                        f'the reference "{reference}" stood in an earlier message of this interchange')
        if not self.group:
            self._loose = True
            self._check_mixed()
        return message

    def _check_trailer(self, message: Message, count: int) -> None:
        """UNT 0074 and 0062 against what came (ISO 9735-1 annex C)."""
        s, text = self.service, message.text
        assert s
        d = s.delimiters
        tail = text[text.rfind(d.terminator, 0, len(text) - 1) + 1:-1].split(d.element)
        if len(tail) > 2 and tail[1] == str(count) and tail[2] == message.reference:
            return
        fields = elements(d.element.join(tail), s)
        said, reference = at(fields, 1), at(fields, 2)
        if not _same_number(said, count):
            self.report("segment_count_mismatch", replace(message.locate(count, 1), path="UNT/0074"), said,
                        f'UNT says "{said}" segments, there are {count}')
        if reference != message.reference:
            self.report("message_reference_mismatch", replace(message.locate(count, 2), path="UNT/0062"), reference,
                        f'UNT carries the reference "{reference}", UNH "{message.reference}"')

    def _report_misfits(self, misfits: list[Misfit], body: bytes, message: Message) -> None:
        """Characters that do not belong there: the first of each kind in the message; notes once an interchange."""
        w, s = self.window, self.service
        assert s
        for misfit in misfits:
            if misfit.kind in ("character_outside_set", "trailing_separator"):
                if misfit.kind in self._said:
                    continue
                self._said[misfit.kind] = 1
            segment, tag, element, component = place(body, misfit.index, s)
            more = "" if misfit.count == 1 else f"; {misfit.count} places in this message, this is the first"
            where = self.position(message=message.ordinal, segment=segment, tag=tag, element=element,
                                  component=component, offset=w.place(w.at + misfit.index), length=misfit.length)
            self.report(misfit.kind, where, note=misfit.note + more)

    def _oversized(self, kind: str, note: str) -> Part:
        """A message beyond a limit: only what identifies it is kept, the rest is skipped up to its end."""
        w, s = self.window, self.service
        assert s
        end = segment_end(w.data, w.at, s, w.at + self.limits.segment) or w.at + 3
        text = clean(w.data[w.at:end], s, self.line_break)[0]
        message = self._head(text if text.endswith(s.delimiters.terminator) else text + s.delimiters.terminator,
                             w.original(w.at, end))
        self.report(kind, replace(message.locate(1), path="UNH"), note=note)
        scan = w.at + 3
        while True:
            cut = next_tag(w.data, scan, w.at, s)
            if cut >= 0:
                w.at = cut
                if w.data.startswith(b"UNT", cut):
                    self._skip_segment()
                return message
            w.at = max(w.at, len(w.data) - 256)
            if not w.fill():
                w.at = len(w.data)
                return message
            scan = w.at

    # groups

    def _group(self) -> Part | None:
        """UNG (ISO 9735-1 annex C): 0038 · S006 · S007 · S004 · 0048 · 0051 · S008 · 0058."""
        self._close_group("the next group begins before this one has a trailer (UNE)")
        start, source, rows = self._segment()
        self.groups += 1
        self.group_messages = 0
        version = at(rows, 7, 1) + at(rows, 7, 2)
        self.group = Group(self.groups, at(rows, 5), at(rows, 2), at(rows, 3), version, self._words(source),
                           at(rows, 1), start, source)
        for element, name in ((1, "0038"), (5, "0048")):
            if not at(rows, element):
                self.report("bad_group_header", self._spot(source, start, element, 1, name),
                            note=f"{name} is missing in UNG")
        if self.group.reference and not self._group_references.add(self.group.reference):
            self.report("duplicate_group_reference", self._spot(source, start, 5, 1, "0048"), self.group.reference,
                        f'the reference "{self.group.reference}" stood in an earlier group of this interchange')
        self._check_mixed()
        return self.group

    def _group_end(self) -> Part | None:
        """UNE: 0060 messages, 0048 reference."""
        group = self.group
        if not group:
            return self._stray("unexpected_envelope_segment", "UNE stands where no group is open")
        start, source, rows = self._segment()
        if not _same_number(at(rows, 1), self.group_messages):
            self.report("group_count_mismatch", self._spot(source, start, 1, 1, "0060"), at(rows, 1),
                        f'UNE says "{at(rows, 1)}" messages, there are {self.group_messages}')
        if at(rows, 2) != group.reference:
            self.report("group_reference_mismatch", self._spot(source, start, 2, 1, "0048"), at(rows, 2),
                        f'UNE carries the reference "{at(rows, 2)}", UNG "{group.reference}"')
        self.group = None
        return GroupEnd(group, self._words(source), source)

    def _close_group(self, why: str) -> None:
        if self.group:
            where = self.position(offset=self.group.offset, tag="UNG", path="UNG")
            self.report("missing_group_trailer", where, note=why)
            self.group = None

    def _check_mixed(self) -> None:
        if self._loose and self.groups and "mixed_groups" not in self._said:
            self._said["mixed_groups"] = 1
            self.report("mixed_groups", self.position(offset=self.window.place(self.window.at)))

    # everything else

    def _stray(self, kind: str = "segment_outside_message", note: str = "") -> Part | None:
        """A segment that belongs to no message."""
        w, s = self.window, self.service
        assert s
        end, _ = segment_here(w, s, self.limits.segment)
        start = w.place(w.at)
        if end - w.at > self.limits.segment:
            self.oversized_segment(start, w.data[w.at:w.at + 3].decode("ascii", "replace"))
            return None
        source = w.original(w.at, end)
        w.at = end
        text = self._words(source)
        if not self.is_interactive:
            self._report_stray(kind, self.position(offset=start, length=len(source), tag=text[:3]), text, note)
        return Stray(text, start, source)

    def _empties(self) -> Part:
        """Terminators with nothing before them, all at once."""
        w, s = self.window, self.service
        assert s
        hit = s.empties.match(w.data, w.at)
        assert hit
        source, start = w.original(w.at, hit.end()).rstrip(s.blanks), w.place(w.at)
        w.at += len(hit[0].rstrip(s.blanks))
        self._report_stray("trailing_separator", self.position(offset=start, length=len(source)), "",
                           "a terminator stands outside any segment")
        return Stray("", start, source)

    def oversized_segment(self, start: int, tag: str) -> None:
        """Report a segment outside messages that is beyond the limit, and skip it."""
        self.report("segment_too_large", self.position(offset=start, tag=tag),
                    note=f"the segment has more than {self.limits.segment} bytes")
        self._skip_segment()

    def _skip_segment(self) -> None:
        """Move behind the segment at the cursor without keeping it."""
        w, s = self.window, self.service
        assert s
        while not (end := segment_end(w.data, w.at, s)):
            w.at = max(w.at, len(w.data) - 256)
            if not w.fill():
                end = len(w.data)
                break
        w.at = end

    def _unexpected(self) -> Part | None:
        tag = self.window.data[self.window.at:self.window.at + 3].decode()
        return self._stray("unexpected_envelope_segment", f"{tag} stands where nothing of its kind is open")

    def _package(self) -> Part | None:
        """UNO … UNP (ISO 9735-8): an object of S022/0810 bytes that may look like anything; kept as one stray."""
        w, s = self.window, self.service
        assert s
        end, _ = segment_here(w, s, self.limits.segment)
        rows = elements(clean(w.data[w.at:end].removesuffix(s.terminator), s, "")[0], s)
        size, start, header = at(rows, 4), w.place(w.at), end - w.at
        where = self.position(offset=start, length=header, tag="UNO", path="UNO")
        self.report("package_not_translated", where, at(rows, 1))
        self.packages += 1
        if size.isascii() and size.isdigit() and len(size) <= 18 and int(size) <= self.limits.message:
            w.ensure(header + int(size) + 256)
            trailer = w.at + header + int(size)
            end = segment_end(w.data, trailer, s) if w.data.startswith(b"UNP" + s.element, trailer) else 0
            if end:
                source = w.original(w.at, end)
                w.at = end
                return Stray(self._words(source), start, source)
        where = replace(where, element=4, component=1, path="UNO/0810")
        self.report("binary_length", where, size, f'UNO says "{size}" bytes (0810), no UNP follows them')
        end, _ = segment_here(w, s, self.limits.segment)
        source = w.original(w.at, end)
        w.at = end
        return Stray(self._words(source), start, source)

    def _segment(self) -> tuple[int, bytes, list[list[str]]]:
        """Read the segment at the cursor: its place, its bytes, its elements."""
        w, s = self.window, self.service
        assert s
        end, complete = segment_here(w, s, self.limits.segment)
        start, source = w.place(w.at), w.original(w.at, end)
        text, misfits = clean(w.data[w.at:end], s, "")
        for misfit in misfits:
            self.report(misfit.kind, self.position(offset=w.place(w.at + misfit.index), length=misfit.length,
                                                   tag=text[:3]), note=misfit.note)
        w.at = end
        if not complete and len(source) > self.limits.segment:
            self.oversized_segment(start, text[:3])
            source, text = source[:256], text[:256]
        return start, source, elements(text.removesuffix(s.delimiters.terminator), s)

    def _words(self, source: bytes) -> str:
        s = self.service
        assert s
        return source.removesuffix(s.terminator).decode(s.charset.codec, "replace")

    def _spot(self, source: bytes, start: int, element: int, component: int, name: str) -> Position:
        s = self.service
        assert s
        return spot(source, start, s, self.position(), element, component, name)

    # the end

    def _trailer(self) -> Part | None:
        """UNZ: 0036 messages or groups, 0020 reference; UIZ of an interactive interchange."""
        if self.window.data.startswith(b"UIZ", self.window.at) != self.is_interactive:
            return self._unexpected()
        self._close_group("the interchange ends before this group has a trailer (UNE)")
        start, source, rows = self._segment()
        tag, interchange = rows[0][0], self.interchange
        interchange.trailer_source = source
        if tag == "UNZ" and not self.headed:
            self.report("doubled_trailer", self._spot(source, start, 1, 1, "0036"),
                        note="UNZ stands where no UNB is open")
        elif tag == "UNZ" and not self.is_interactive:
            self._check_end(source, start, rows)
        self._close(self._words(source))
        return None

    def _check_end(self, source: bytes, start: int, rows: list[list[str]]) -> None:
        said, reference = at(rows, 1), at(rows, 2)
        count, things = (self.groups, "groups") if self.groups else (self.messages + self.packages, "messages")
        if not _same_number(said, count) and not (self.groups and self._loose):
            self.report("interchange_count_mismatch", self._spot(source, start, 1, 1, "0036"), said,
                        f'UNZ says "{said}" {things}, there are {count}')
        if reference != self.interchange.control:
            self.report("interchange_reference_mismatch", self._spot(source, start, 2, 1, "0020"), reference,
                        f'UNZ carries the reference "{reference}", UNB "{self.interchange.control}"')

    def _too_large(self) -> None:
        """Beyond the limit of an interchange: the rest of it is skipped up to its trailer."""
        w, s = self.window, self.service
        assert s
        self.report("interchange_too_large", self.position(offset=w.place(w.at)),
                    note=f"the interchange has more than {self.limits.interchange} bytes; the rest of it is not read")
        scan = w.at
        while True:
            cut = scan if w.data.startswith(b"UNZ", scan) else next_tag(w.data, scan, w.at, s)
            if cut < 0:
                w.at = max(w.at, len(w.data) - 256)
                if not w.fill():
                    w.at = len(w.data)
                    return self._close("")
                scan = w.at
            elif w.data[cut:cut + 3] in (b"UNA", b"UNB"):
                w.at = cut
                return self._close("")
            elif w.data.startswith(b"UNZ", cut):
                w.at = cut
                _, source, _ = self._segment()
                self.interchange.trailer_source = source
                return self._close(self._words(source))
            else:
                scan = cut + 1

    def _close(self, trailer: str) -> None:
        """The interchange is over: what is still open is reported, what stands behind it is looked at and kept."""
        self.done = True
        self._close_group("the interchange ends before this group has a trailer (UNE)")
        if not self.messages and not self.packages and not self.is_interactive:
            self.report("nothing_inside", self.position(offset=self.interchange.offset))
        if self.interchange.trailer_source:
            self.interchange.trailer = trailer
        self.window.unwrap(False)
        ending = self._behind() if self.interchange.trailer_source else self._gap + self.window.skip(PADDING)
        self.interchange.layout = replace(self.interchange.layout, ending=ending.decode("latin-1"))

    def _behind(self) -> bytes:
        """What stands between this interchange and the next: blanks, further trailers, mailbox lines."""
        w, s = self.window, self.service
        assert s
        kept = w.skip(PADDING)
        while w.ensure(1):
            w.ensure(256)
            start = w.place(w.at)
            if w.data[w.at:w.at + 3] in (b"UNZ", b"UNE", b"UNT", b"UIZ") and w.data[w.at + 3:w.at + 4] == s.element:
                end, _ = segment_here(w, s, self.limits.segment)
                source = w.data[w.at:end]
                w.at = end
                self._report_stray("doubled_trailer", spot(source, start, s, self.position()), self._words(source),
                                   f"{source[:3].decode()} stands behind the interchange's trailer")
            elif INTERCHANGE.match(w.data, w.at) or (w.source.shared and AFTER_EDIFACT.match(w.data, w.at)):
                break
            else:
                source = skip_to_interchange(w)
                self._report_stray("junk_between_interchanges", self.position(offset=start, length=len(source)),
                                   source.decode("latin-1"))
            kept = (kept + source + w.skip(PADDING))[-KEPT:]
        return kept


def message_type(rows: list[list[str]]) -> MessageType:
    """S009 of UNH: 0065 type, 0052 and 0054 version and release (joined: D96A), 0057 usage."""
    return MessageType("edifact", at(rows, 2, 2) + at(rows, 2, 3), at(rows, 2, 1), at(rows, 2, 5))


def _same_number(text: str, number: int) -> bool:
    return text == str(number) or (text.isascii() and text.isdigit() and len(text) < 20 and int(text) == number)


TAGS: dict[bytes, Callable[[Parts], Part | None]] = {
    b"UNH": Parts._message,
    b"UNG": Parts._group,
    b"UNE": Parts._group_end,
    b"UNZ": Parts._trailer,
    b"UIZ": Parts._trailer,
    b"UNA": Parts._next_interchange,
    b"UNB": Parts._next_interchange,
    b"UIB": Parts._next_interchange,
    b"UNO": Parts._package,
    b"UNP": Parts._unexpected,
    b"UNT": Parts._unexpected,
}
