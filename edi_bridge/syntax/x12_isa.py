"""The X12 interchange header: ISA, the delimiters it declares, and what may follow it at once (ISX).

X12.5: ISA has sixteen elements of fixed length, 106 characters with its terminator. The element separator is its
fourth character, ISA16 the component separator, the character after it the segment terminator; from version 00402
on ISA11 is the repetition separator ('U' before). Many real files have trimmed elements: when the separators do
not stand at their fixed places they are counted instead, and a finding says so.

ISX (from 007040, right after ISA) was looked up in two public references: ISX01 is the release character, which
keeps the character after it from being read as a delimiter; ISX02 names a character encoding by a code. Some
products assume a release character without any ISX; we never do, because '!' and '?' are ordinary text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime

from edi_bridge.interchange import Address, Delimiters

PLACES = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)  # of the sixteen separators
LENGTH = 106  # with the terminator
REACH = 600  # bytes in which a header of untrimmed, trimmed or overlong elements must end
BREAKS = b"\r\n"
OLDEST, NEWEST = "00304", "00803"  # ISA12, as the issue of this project asks
WITH_REPETITION, WITH_RELEASE = "00402", "00704"

# what stands behind a header; used only to find the terminator of a header that lacks elements
NEXT_TAGS = rb"(?:GS|TA1|TA3|ISX|ISB|ISE|IEA)"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with the header: kind of finding, element (0: the whole segment), value, sentence."""

    kind: str
    element: int
    value: str
    note: str


@dataclass(slots=True)
class Isa:
    """What an ISA says. `size` counts the header's bytes without terminator; `usable` is False when the file
    cannot be cut into segments by it."""

    raw: bytes
    elements: list[bytes]
    delimiters: Delimiters
    line_break: bytes = b""
    flaws: list[Flaw] = field(default_factory=list)
    usable: bool = True

    def text(self, element: int) -> str:
        """An element, right-trimmed only; '' when absent."""
        return self.elements[element].decode("latin-1").rstrip() if element < len(self.elements) else ""

    @property
    def sender(self) -> Address:
        """ISA06 with its qualifier ISA05."""
        return Address(self.text(6), self.text(5))

    @property
    def receiver(self) -> Address:
        """ISA08 with its qualifier ISA07."""
        return Address(self.text(8), self.text(7))

    @property
    def prepared(self) -> str:
        """ISA09 and ISA10 as ISO 8601; the century of YYMMDD is 19 from 70 on. '' when it is no date."""
        return prepared(self.text(9), self.text(10))


def prepared(day: str, time: str) -> str:
    """`YYMMDD` and `HHMM` as ISO 8601; the day alone when the time is none, '' when the day is none."""
    if not (len(day) == 6 and day.isascii() and day.isdigit()):
        return ""
    century = "19" if day >= "70" else "20"
    date = f"{century}{day[:2]}-{day[2:4]}-{day[4:]}"
    for text in ([f"{date}T{time[:2]}:{time[2:]}"] if len(time) == 4 and time.isascii() and time.isdigit() else []) + [date]:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            continue
        return text
    return ""


def parse(head: bytes) -> Isa:
    """The header at the beginning of `head`, which holds the next REACH bytes of the file (fewer at its end)."""
    separator = head[3:4]
    if len(head) >= LENGTH and all(head[place:place + 1] == separator for place in PLACES) \
            and head.count(separator, 0, LENGTH - 1) == len(PLACES):
        isa = _cut(head, separator, LENGTH - 2)
    else:
        isa = _count(head, separator)
    if isa.usable:
        _check(isa, head)
    return isa


def _count(head: bytes, separator: bytes) -> Isa:
    """The header of a file whose ISA does not have its fixed places: cut by counting its separators."""
    at = 3
    for _ in range(15):
        at = head.find(separator, at + 1)
        if at < 0:
            break
    short = re.search(rb"([^A-Za-z0-9 \r\n])[\r\n]*" + NEXT_TAGS + re.escape(separator), head[:at + 1 if at > 0 else REACH])
    if short:
        return _cut_short(head, separator, short.start(1))
    if at < 0 or at + 2 >= len(head):
        flaw = Flaw("bad_header", 0, head[:60].decode("latin-1"), "the ISA segment does not have 16 elements")
        return Isa(head[:3], [], Delimiters(separator.decode("latin-1"), "", "~", "", ""), flaws=[flaw], usable=False)
    isa = _cut(head, separator, at + 1)
    if len(isa.raw) + 1 == LENGTH:
        note = "the elements of ISA do not have their fixed lengths; they were read by counting separators"
    else:
        note = (f"ISA must be {LENGTH} characters long with its terminator, expected {LENGTH}, found {len(isa.raw) + 1}; "
                "it was read by counting its separators")
    isa.flaws.insert(0, Flaw("bad_header", 0, "", note))
    return isa


def _cut_short(head: bytes, separator: bytes, terminator: int) -> Isa:
    """A header with fewer than sixteen elements, ended where the next segment makes plain that it ends."""
    raw = head[:terminator]
    elements = raw.split(separator)
    component = elements[-1] if len(elements[-1]) == 1 and not elements[-1].isalnum() else b""
    note = f"ISA must have 16 elements, expected 16, found {len(elements) - 1}"
    return Isa(raw, elements, _delimiters(separator, component, head[terminator:terminator + 1]),
               flaws=[Flaw("bad_header", 0, "", note)])


def _cut(head: bytes, separator: bytes, sixteenth: int) -> Isa:
    """The header whose ISA16 stands at `sixteenth`; copes with an ISA16 that was left out."""
    component, terminator = head[sixteenth:sixteenth + 1], head[sixteenth + 1:sixteenth + 2]
    raw = head[:sixteenth + 1]
    if _sixteenth_left_out(head, component, sixteenth + 1):
        raw, component, terminator = head[:sixteenth], b"", component
        flaw = Flaw("bad_service_string", 16, "", "ISA16, the component separator, is left out; "
                    f"the terminator is taken to be {terminator.decode('latin-1')!r}")
        return Isa(raw, raw.split(separator), _delimiters(separator, b"", terminator), flaws=[flaw])
    return Isa(raw, raw.split(separator), _delimiters(separator, component, terminator))


def _sixteenth_left_out(head: bytes, component: bytes, after: int) -> bool:
    """Whether the character in ISA16's place is in truth the terminator: a tag follows it at once, or a line
    break does and the next line is ended by that same character."""
    if re.match(NEXT_TAGS + re.escape(head[3:4]), head[after:after + 4]):
        return True
    if head[after:after + 1] not in (b"\r", b"\n"):
        return False
    line = re.match(rb"[\r\n]+([^\r\n]+)", head[after:])
    return bool(line and line.group(1).startswith((b"GS", b"TA1", b"ISX")) and line.group(1).endswith(component))


def _delimiters(separator: bytes, component: bytes, terminator: bytes) -> Delimiters:
    return Delimiters(separator.decode("latin-1"), component.decode("latin-1"), terminator.decode("latin-1"), "", "")


def _check(isa: Isa, head: bytes) -> None:
    """What the delimiters, version and usage indicator are worth; completes delimiters and line break."""
    given = isa.delimiters
    element, component, terminator, version = given.element, given.component, given.terminator, isa.text(12)
    if _plain(element) or _plain(terminator) or element == terminator:
        isa.flaws.append(Flaw("bad_service_string", 0, element + component + terminator,
                              f"element separator {element!r} and terminator {terminator!r} cannot be used"))
        isa.usable = False
        return
    if component and (_plain(component) or component in (element, terminator)):
        isa.flaws.append(Flaw("bad_service_string", 16, component, f"ISA16 {component!r} cannot separate components"))
        component = ""
    repetition = isa.text(11) if version >= WITH_REPETITION and len(isa.text(11)) == 1 else ""
    if repetition and not _plain(repetition) and repetition in (element, component, terminator):
        isa.flaws.append(Flaw("bad_service_string", 11, repetition, f"ISA11 {repetition!r} is another delimiter too"))
        repetition = ""
    isa.delimiters = replace(given, component=component, repetition="" if _plain(repetition) else repetition)
    if not (len(version) == 5 and version.isascii() and version.isdigit() and OLDEST <= version <= NEWEST):
        isa.flaws.append(Flaw("syntax_unsupported", 12, version, f"ISA12 must be {OLDEST} to {NEWEST}"))
    if isa.text(15) not in ("P", "T", "I") and len(isa.elements) > 15:
        isa.flaws.append(Flaw("bad_header", 15, isa.text(15), "ISA15 must be P, T or I"))
    after = head[len(isa.raw) + 1:]
    isa.line_break = after[:len(after) - len(after.lstrip(BREAKS.replace(terminator.encode("latin-1"), b"")))]


def _plain(char: str) -> bool:
    """Whether a character is text, which no delimiter may be (X12.5: letters, digits, blank)."""
    return not char or char == " " or (char.isascii() and char.isalnum())


def extension(segment: bytes, isa: Isa) -> tuple[str, list[Flaw]]:
    """The release character that an ISX segment (without terminator) puts in force, '' for none, and its flaws."""
    delimiters = isa.delimiters
    elements = segment.decode("latin-1").split(delimiters.element)
    release = elements[1] if len(elements) > 1 else ""
    flaws = []
    if isa.text(12) < WITH_RELEASE:
        return "", [Flaw("unexpected_envelope_segment", 0, "", f"ISX exists from version {WITH_RELEASE} on; ISA12 says "
                         f"{isa.text(12)}, so its release character is not used")]
    if len(elements) > 2 and elements[2]:
        flaws.append(Flaw("character_set_unsupported", 2, elements[2], "the encoding that ISX02 names is not supported"))
    in_use = delimiters.element + delimiters.component + delimiters.terminator + delimiters.repetition
    if release and (len(release) > 1 or _plain(release) or release in in_use or not release.isascii()
                    or any("\x01" <= char <= "\x07" for char in in_use + release)):
        flaws.append(Flaw("bad_service_string", 1, release, "ISX01 cannot be used as the release character"))
        release = ""
    return release, flaws


def guess(head: bytes) -> Isa:
    """What stands for the header of segments that have none: delimiters from the GS or ST at the beginning of `head`.

    No component separator can be known then; none is assumed.
    """
    separator = head[2:3]
    e = re.escape(separator)
    if head.startswith(b"GS"):
        match = re.match(rb"GS(?:%b[^%b]{0,40}){7}%b[0-9A-Za-z]*([^0-9A-Za-z])" % (e, e, e), head)
    else:
        match = re.match(rb"ST%b\d{3}%b[0-9A-Za-z]*(?:%b[0-9A-Za-z]*)?([^0-9A-Za-z])" % (e, e, e), head)
    terminator = match.group(1) if match else b"~"
    if terminator == separator or terminator == b" ":
        terminator = b"~" if separator != b"~" else b"\n"
    isa = Isa(b"", [], _delimiters(separator, b"", terminator))
    at = head.find(terminator)
    after = head[at + 1:] if at >= 0 else b""
    isa.line_break = after[:len(after) - len(after.lstrip(BREAKS.replace(terminator, b"")))]
    return isa
