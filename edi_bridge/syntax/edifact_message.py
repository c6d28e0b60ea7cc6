"""One message after another out of an interchange, from UNH up to and with UNT."""

from __future__ import annotations

from dataclasses import replace

from edi_bridge.interchange import Message, MessageType
from edi_bridge.syntax.charset import Misfit
from edi_bridge.syntax.edifact_segments import Segments
from edi_bridge.syntax.edifact_text import at, clean, elements, next_tag, place, segment_end
from edi_bridge.syntax.references import References, same_number

HEAD_FIELDS = ((1, 1, "0062"), (2, 1, "0065"), (2, 2, "0052"), (2, 3, "0054"), (2, 4, "0051"))


class Messages:
    """Reads the messages of an interchange; counts them, and those of the group that is open (`in_group`)."""

    __slots__ = ("_references", "_types", "count", "in_group", "limits", "line_break", "segments", "service", "window")

    def __init__(self, segments: Segments):
        self.segments = segments
        self.window, self.service, self.limits = segments.window, segments.service, segments.limits
        self.line_break = ""
        self.count = self.in_group = 0
        self._references = References()
        self._types: dict[str, MessageType] = {}

    def read(self) -> Message:
        """The message at the cursor: from UNH up to and with UNT, or up to what cuts it off."""
        w, s, limits = self.window, self.service, self.limits
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

    def _make(self, end: int, cut_off: str) -> Message:
        """The message that stands at the cursor and ends at `end`; `cut_off` says why it has no trailer."""
        w, s, limits = self.window, self.service, self.limits
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
            self.segments.report("missing_message_trailer", message.locate(1), note=cut_off)
        else:
            self._check_trailer(message, count)
        return message

    def _head(self, text: str, raw: bytes) -> Message:
        """The message that `text` is, by its UNH; counts it and checks the header."""
        s = self.service
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
        self.count += 1
        self.in_group += 1
        message = Message("edifact", known, self.count, reference, text, d, raw=raw,
                          offset=self.window.place(self.window.at), encoding=s.charset.codec, group=self.segments.group,
                          interchange=self.segments.interchange.ordinal)
        if not complete:
            for element, component, name in HEAD_FIELDS:
                if not at(fields, element, component):
                    where = replace(message.locate(1, element, component), path=f"UNH/{name}")
                    self.segments.report("bad_message_header", where, note=f"{name} is missing in UNH")
        if reference and not self._references.add(reference):
            self.segments.report("duplicate_message_reference", replace(message.locate(1, 1), path="UNH/0062"),
                                 reference, f'the reference "{reference}" stood in an earlier message of this interchange')
        return message

    def _check_trailer(self, message: Message, count: int) -> None:
        """UNT 0074 and 0062 against what came (ISO 9735-1)."""
        s, text = self.service, message.text
        d = s.delimiters
        tail = text[text.rfind(d.terminator, 0, len(text) - 1) + 1:-1].split(d.element)
        if len(tail) > 2 and tail[1] == str(count) and tail[2] == message.reference:
            return
        fields = elements(d.element.join(tail), s)
        said, reference = at(fields, 1), at(fields, 2)
        if not same_number(said, count):
            self.segments.report("segment_count_mismatch", replace(message.locate(count, 1), path="UNT/0074"), said,
                        f'UNT says "{said}" segments, there are {count}')
        if reference != message.reference:
            self.segments.report("message_reference_mismatch", replace(message.locate(count, 2), path="UNT/0062"),
                                 reference, f'UNT carries the reference "{reference}", UNH "{message.reference}"')

    def _report_misfits(self, misfits: list[Misfit], body: bytes, message: Message) -> None:
        """Characters that do not belong there: the first of each kind in the message; notes once an interchange."""
        w, s = self.window, self.service
        for misfit in misfits:
            if misfit.kind in ("character_outside_set", "trailing_separator") and not self.segments.once(misfit.kind):
                continue
            segment, tag, element, component = place(body, misfit.index, s)
            more = "" if misfit.count == 1 else f"; {misfit.count} places in this message, this is the first"
            where = self.segments.position(message=message.ordinal, segment=segment, tag=tag, element=element,
                                  component=component, offset=w.place(w.at + misfit.index), length=misfit.length)
            self.segments.report(misfit.kind, where, note=misfit.note + more)

    def _oversized(self, kind: str, note: str) -> Message:
        """A message beyond a limit: only what identifies it is kept, the rest is skipped up to its end."""
        w, s = self.window, self.service
        end = segment_end(w.data, w.at, s, w.at + self.limits.segment) or w.at + 3
        text = clean(w.data[w.at:end], s, self.line_break)[0]
        message = self._head(text if text.endswith(s.delimiters.terminator) else text + s.delimiters.terminator,
                             w.original(w.at, end))
        self.segments.report(kind, replace(message.locate(1), path="UNH"), note=note)
        scan = w.at + 3
        while True:
            cut = next_tag(w.data, scan, w.at, s)
            if cut >= 0:
                w.at = cut
                if w.data.startswith(b"UNT", cut):
                    self.segments.skip()
                return message
            w.at = max(w.at, len(w.data) - 256)
            if not w.fill():
                w.at = len(w.data)
                return message
            scan = w.at


def message_type(rows: list[list[str]]) -> MessageType:
    """S009 of UNH: 0065 type, 0052 and 0054 version and release (joined: D96A), 0057 usage."""
    return MessageType("edifact", at(rows, 2, 2) + at(rows, 2, 3), at(rows, 2, 1), at(rows, 2, 5))
