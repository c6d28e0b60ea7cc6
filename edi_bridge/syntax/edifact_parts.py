"""What stands between an interchange's header and its trailer: groups, messages, packages and strays.

One state machine: `TAGS` names what each service segment does, everything else is a stray. It reads the source as
its parts are asked for and never holds more than one message and one chunk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edi_bridge.interchange import Group, GroupEnd, Part, Stray
from edi_bridge.syntax.edifact_between import INTERCHANGE, segment_here, skip_to_interchange
from edi_bridge.syntax.edifact_message import Messages
from edi_bridge.syntax.edifact_segments import Segments
from edi_bridge.syntax.edifact_text import at, clean, elements, next_tag, segment_end, spot
from edi_bridge.syntax.references import References, same_number
from edi_bridge.syntax.source import KEPT
from edi_bridge.syntax.starts import AFTER_EDIFACT, PADDING


class Parts:
    """The parts of one interchange, in the order of the file; a single pass."""

    __slots__ = ("_gap", "_group_references", "_loose", "done", "groups", "headed", "interchange", "is_interactive",
                 "limits", "messages", "packages", "segments", "service", "window")

    def __init__(self, segments: Segments, *, is_interactive: bool = False, headed: bool = False):
        self.segments = segments
        self.window, self.interchange = segments.window, segments.interchange
        self.service, self.limits = segments.service, segments.limits
        self.messages = Messages(segments)
        self.headed = headed
        self.is_interactive = is_interactive
        self.done = False
        self.groups = self.packages = 0
        self._loose = False  # a message stood outside any group
        self._group_references = References()
        self._gap = b""  # the blanks before the cursor

    def __iter__(self) -> Parts:
        return self

    def __next__(self) -> Part:
        while not self.done:
            part = self._step()
            if part is not None:
                return part
        raise StopIteration

    # the walk

    def _step(self) -> Part | None:
        """Read one part; None when what was read is none (or the interchange is done)."""
        w, s = self.window, self.service
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
            self.segments.report("missing_trailer", self.segments.position(offset=self.window.place(self.window.at)),
                        note="the next interchange begins before this one has a trailer (UNZ)")
        self._close("")

    def _end_of_source(self) -> None:
        if self.headed:
            name = "UIZ" if self.is_interactive else "UNZ"
            self.segments.report("missing_trailer", self.segments.position(offset=self.window.place(self.window.at)),
                        note=f"the file ends without the interchange's trailer ({name})")
        self._close("")

    def _message(self) -> Part | None:
        if self.is_interactive:
            return self._stray()
        message = self.messages.read()
        if not self.segments.group:
            self._loose = True
            self._check_mixed()
        return message

    # groups

    def _group(self) -> Part | None:
        """UNG (ISO 9735-1): 0038 · S006 · S007 · S004 · 0048 · 0051 · S008 · 0058."""
        self._close_group("the next group begins before this one has a trailer (UNE)")
        start, source, rows = self.segments.segment()
        self.groups += 1
        self.messages.in_group = 0
        version = at(rows, 7, 1) + at(rows, 7, 2)
        self.segments.group = Group(self.groups, at(rows, 5), at(rows, 2), at(rows, 3), version,
                                    self.segments.words(source), at(rows, 1), start, source)
        for element, name in ((1, "0038"), (5, "0048")):
            if not at(rows, element):
                self.segments.report("bad_group_header", self.segments.spot(source, start, element, 1, name),
                            note=f"{name} is missing in UNG")
        reference = self.segments.group.reference
        if reference and not self._group_references.add(reference):
            self.segments.report("duplicate_group_reference", self.segments.spot(source, start, 5, 1, "0048"), reference,
                                 f'the reference "{reference}" stood in an earlier group of this interchange')
        self._check_mixed()
        return self.segments.group

    def _group_end(self) -> Part | None:
        """UNE: 0060 messages, 0048 reference."""
        group = self.segments.group
        if not group:
            return self._stray("unexpected_envelope_segment", "UNE stands where no group is open")
        start, source, rows = self.segments.segment()
        if not same_number(at(rows, 1), self.messages.in_group):
            self.segments.report("group_count_mismatch", self.segments.spot(source, start, 1, 1, "0060"), at(rows, 1),
                        f'UNE says "{at(rows, 1)}" messages, there are {self.messages.in_group}')
        if at(rows, 2) != group.reference:
            self.segments.report("group_reference_mismatch", self.segments.spot(source, start, 2, 1, "0048"),
                                 at(rows, 2), f'UNE carries the reference "{at(rows, 2)}", UNG "{group.reference}"')
        self.segments.group = None
        return GroupEnd(group, self.segments.words(source), source)

    def _close_group(self, why: str) -> None:
        if self.segments.group:
            where = self.segments.position(offset=self.segments.group.offset, tag="UNG", path="UNG")
            self.segments.report("missing_group_trailer", where, note=why)
            self.segments.group = None

    def _check_mixed(self) -> None:
        if self._loose and self.groups and self.segments.once("mixed_groups"):
            self.segments.report("mixed_groups", self.segments.position(offset=self.window.place(self.window.at)))

    # everything else

    def _stray(self, kind: str = "segment_outside_message", note: str = "") -> Part | None:
        """A segment that belongs to no message."""
        w, s = self.window, self.service
        end, _ = segment_here(w, s, self.limits.segment)
        start = w.place(w.at)
        if end - w.at > self.limits.segment:
            self.segments.oversized(start, w.data[w.at:w.at + 3].decode("ascii", "replace"))
            return None
        source = w.original(w.at, end)
        w.at = end
        text = self.segments.words(source)
        if not self.is_interactive:
            where = self.segments.position(offset=start, length=len(source), tag=text[:3])
            self.segments.report_stray(kind, where, text, note)
        return Stray(text, start, source)

    def _empties(self) -> Part:
        """Terminators with nothing before them, all at once."""
        w, s = self.window, self.service
        hit = s.empties.match(w.data, w.at)
        assert hit
        source, start = w.original(w.at, hit.end()).rstrip(s.blanks), w.place(w.at)
        w.at += len(hit[0].rstrip(s.blanks))
        self.segments.report_stray("trailing_separator", self.segments.position(offset=start, length=len(source)), "",
                           "a terminator stands outside any segment")
        return Stray("", start, source)

    def _unexpected(self) -> Part | None:
        tag = self.window.data[self.window.at:self.window.at + 3].decode()
        return self._stray("unexpected_envelope_segment", f"{tag} stands where nothing of its kind is open")

    def _package(self) -> Part | None:
        """UNO … UNP (ISO 9735-8): an object of S022/0810 bytes that may look like anything; kept as one stray."""
        w, s = self.window, self.service
        end, _ = segment_here(w, s, self.limits.segment)
        rows = elements(clean(w.data[w.at:end].removesuffix(s.terminator), s, "")[0], s)
        size, start, header = at(rows, 4), w.place(w.at), end - w.at
        where = self.segments.position(offset=start, length=header, tag="UNO", path="UNO")
        self.segments.report("package_not_translated", where, at(rows, 1))
        self.packages += 1
        if size.isascii() and size.isdigit() and len(size) <= 18 and int(size) <= self.limits.message:
            w.ensure(header + int(size) + 256)
            trailer = w.at + header + int(size)
            end = segment_end(w.data, trailer, s) if w.data.startswith(b"UNP" + s.element, trailer) else 0
            if end:
                source = w.original(w.at, end)
                w.at = end
                return Stray(self.segments.words(source), start, source)
        where = replace(where, element=4, component=1, path="UNO/0810")
        self.segments.report("binary_length", where, size, f'UNO says "{size}" bytes (0810), no UNP follows them')
        end, _ = segment_here(w, s, self.limits.segment)
        source = w.original(w.at, end)
        w.at = end
        return Stray(self.segments.words(source), start, source)

    # the end

    def _trailer(self) -> Part | None:
        """UNZ: 0036 messages or groups, 0020 reference; UIZ of an interactive interchange."""
        if self.window.data.startswith(b"UIZ", self.window.at) != self.is_interactive:
            return self._unexpected()
        self._close_group("the interchange ends before this group has a trailer (UNE)")
        start, source, rows = self.segments.segment()
        tag, interchange = rows[0][0], self.interchange
        interchange.trailer_source = source
        if tag == "UNZ" and not self.headed:
            self.segments.report("doubled_trailer", self.segments.spot(source, start, 1, 1, "0036"),
                        note="UNZ stands where no UNB is open")
        elif tag == "UNZ" and not self.is_interactive:
            self._check_end(source, start, rows)
        self._close(self.segments.words(source))
        return None

    def _check_end(self, source: bytes, start: int, rows: list[list[str]]) -> None:
        said, reference = at(rows, 1), at(rows, 2)
        count, things = (self.groups, "groups") if self.groups else (self.messages.count + self.packages, "messages")
        if not same_number(said, count) and not (self.groups and self._loose):
            self.segments.report("interchange_count_mismatch", self.segments.spot(source, start, 1, 1, "0036"), said,
                        f'UNZ says "{said}" {things}, there are {count}')
        if reference != self.interchange.control:
            self.segments.report("interchange_reference_mismatch", self.segments.spot(source, start, 2, 1, "0020"),
                                 reference, f'UNZ carries the reference "{reference}", UNB "{self.interchange.control}"')

    def _too_large(self) -> None:
        """Beyond the limit of an interchange: the rest of it is skipped up to its trailer."""
        w, s = self.window, self.service
        self.segments.report("interchange_too_large", self.segments.position(offset=w.place(w.at)),
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
                _, source, _ = self.segments.segment()
                self.interchange.trailer_source = source
                return self._close(self.segments.words(source))
            else:
                scan = cut + 1

    def _close(self, trailer: str) -> None:
        """The interchange is over: what is still open is reported, what stands behind it is looked at and kept."""
        self.done = True
        self._close_group("the interchange ends before this group has a trailer (UNE)")
        if not self.messages.count and not self.packages and not self.is_interactive:
            self.segments.report("nothing_inside", self.segments.position(offset=self.interchange.offset))
        if self.interchange.trailer_source:
            self.interchange.trailer = trailer
        self.window.unwrap(False)
        ending = self._behind() if self.interchange.trailer_source else self._gap + self.window.skip(PADDING)
        self.interchange.layout = replace(self.interchange.layout, ending=ending.decode("latin-1"))

    def _behind(self) -> bytes:
        """What stands between this interchange and the next: blanks, further trailers, mailbox lines."""
        w, s = self.window, self.service
        kept = w.skip(PADDING)
        while w.ensure(1):
            w.ensure(256)
            start = w.place(w.at)
            if w.data[w.at:w.at + 3] in (b"UNZ", b"UNE", b"UNT", b"UIZ") and w.data[w.at + 3:w.at + 4] == s.element:
                end, _ = segment_here(w, s, self.limits.segment)
                source = w.data[w.at:end]
                w.at = end
                where, text = spot(source, start, s, self.segments.position()), self.segments.words(source)
                self.segments.report_stray("doubled_trailer", where, text,
                                   f"{source[:3].decode()} stands behind the interchange's trailer")
            elif INTERCHANGE.match(w.data, w.at) or (w.source.shared and AFTER_EDIFACT.match(w.data, w.at)):
                break
            else:
                source = skip_to_interchange(w)
                where = self.segments.position(offset=start, length=len(source))
                self.segments.report_stray("junk_between_interchanges", where,
                                   source.decode("latin-1"))
            kept = (kept + source + w.skip(PADDING))[-KEPT:]
        return kept




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
