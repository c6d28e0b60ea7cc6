"""X12 interchanges back into bytes, and new ones built from segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO

from edi_bridge.fault import TerminalFault
from edi_bridge.interchange import (
    MARK,
    NATIVE,
    Address,
    Delimiters,
    Group,
    GroupEnd,
    Interchange,
    Layout,
    Message,
    MessageType,
    Part,
    Stray,
    wire,
)
from edi_bridge.syntax.segment_write import write_parts
from edi_bridge.syntax.x12_isa import WITH_RELEASE, WITH_REPETITION

LONG_DATE = "004010"  # GS08 from which GS04 has the century (X12.22: DT 6/6 before)
Body = tuple[MessageType, str, list[str]]
STANDARD = Delimiters(element="*", component=">", terminator="~", release="", repetition="", decimal=".")


def write_to(interchange: Interchange, out: BinaryIO) -> None:
    """Write an interchange, segment by segment in the order of its parts, as its layout says.

    Messages that were read are written as the bytes they came in; built ones are encoded. Envelope segments are
    ISO 8859-1, as they are read.
    """
    write_parts(interchange, out, _segment, encoded)


def _segment(text: str, interchange: Interchange) -> bytes:
    """An envelope segment as bytes."""
    return (text + interchange.delimiters.terminator).encode("latin-1")


def encoded(message: Message, interchange: Interchange) -> bytes:
    """The bytes of a message that has none yet: its text unmasked, in its encoding."""
    text, delimiters = message.text, message.delimiters
    if delimiters.release or MARK not in text:
        return wire(text, delimiters).encode(message.encoding)
    for code, char in enumerate(delimiters.released()):  # binary content, masked though nothing can be released
        text = text.replace(MARK + chr(2 + code), char)
    return text.replace(NATIVE, MARK).encode(message.encoding)


def build(*, sender: Address, receiver: Address, control: str, prepared: str,
          groups: Iterable[tuple[str, str, str, str, str, list[Body]]], version: str = "00401", test: bool = False,
          acknowledge: bool = False, delimiters: Delimiters = STANDARD, line_break: str = "",
          encoding: str = "ascii") -> Interchange:
    """A new interchange, ready to be written once.

    `prepared` is ISO 8601 (`2024-05-01T12:30`). Each group is (GS01, GS02, GS03, GS06, GS08, bodies), each body
    (type, ST02, the wire segments between ST and SE without terminators). Counts and trailers are added; ST03 is
    written where the type's usage is a X12 implementation guide (X231A1) from 005010 on. From 00402 on ISA11 is the
    repetition separator, 'U' when none is in use; a release character needs 00704 and adds an ISX. A value that does
    not fit its envelope element is our own mistake: TerminalFault.
    """
    _delimiters_fit(delimiters, version)
    day = datetime.fromisoformat(prepared)
    header = delimiters.element.join((
        "ISA", "00", " " * 10, "00", " " * 10, _padded("ISA05", sender.qualifier, 2, delimiters),
        _padded("ISA06", sender.id, 15, delimiters), _padded("ISA07", receiver.qualifier, 2, delimiters),
        _padded("ISA08", receiver.id, 15, delimiters), f"{day:%y%m%d}", f"{day:%H%M}",
        delimiters.repetition if delimiters.repetition and version >= WITH_REPETITION else "U", _exactly("ISA12", version, 5),
        _exactly("ISA13", control.zfill(9), 9), "1" if acknowledge else "0", "T" if test else "P", delimiters.component))
    interchange = Interchange("x12", 1, sender, receiver, control.zfill(9), iter(()), delimiters=delimiters, encoding=encoding,
                              header=header, syntax=version, prepared=f"{day:%Y-%m-%dT%H:%M}", test=test,
                              acknowledge=acknowledge, layout=Layout(line_break=line_break))
    interchange.parts = _parts(interchange, groups, day)
    return interchange


def _parts(interchange: Interchange, groups: Iterable[tuple[str, str, str, str, str, list[Body]]],
           day: datetime) -> Iterator[Part]:
    """The groups and messages, then the trailer with their count."""
    delimiters = interchange.delimiters
    element, terminator = delimiters.element, delimiters.terminator
    if delimiters.release:
        yield Stray(f"ISX{element}{delimiters.release}", 0)
    number = messages = 0
    for number, (kind, sender, receiver, control, version, bodies) in enumerate(groups, 1):
        header = element.join(("GS", kind, _plain("GS02", sender, 15, delimiters), _plain("GS03", receiver, 15, delimiters),
                               f"{day:%Y%m%d}" if version >= LONG_DATE else f"{day:%y%m%d}", f"{day:%H%M}", _plain("GS06", control, 9, delimiters), "X", version))
        group = Group(number, control, sender, receiver, version, header, kind=kind)
        yield group
        for type_, reference, segments in bodies:
            messages += 1
            st = ["ST", type_.name, _plain("ST02", reference, 9, delimiters)]
            if type_.usage[:1] == "X" and type_.usage[1:4].isdigit() and type_.version >= "005010":
                st.append(type_.version + type_.usage)
            lines = [element.join(st), *segments, element.join(("SE", str(len(segments) + 2), reference))]
            raw = (terminator + interchange.layout.line_break).join(lines) + terminator
            yield Message("x12", type_, messages, reference, terminator.join(lines) + terminator, delimiters,
                          raw=raw.encode(interchange.encoding), encoding=interchange.encoding, group=group)
        yield GroupEnd(group, element.join(("GE", str(len(bodies)), control)))
    interchange.trailer = element.join(("IEA", str(number), interchange.control))


def _delimiters_fit(delimiters: Delimiters, version: str) -> None:
    used = delimiters.released()
    if len(set(used)) != len(used) or any(char.isalnum() or char == " " for char in used) or not delimiters.component:
        raise TerminalFault(f"the delimiters {used!r} cannot be used for X12: they must differ and be no letters, digits or blanks")
    if delimiters.release and version < WITH_RELEASE:
        raise TerminalFault(f"X12 {version} has no release character; it came with {WITH_RELEASE}")


def _plain(name: str, value: str, longest: int, delimiters: Delimiters) -> str:
    if not value or len(value) > longest or not value.isascii() or any(char in value for char in delimiters.released()):
        raise TerminalFault(f"{name} must have 1 to {longest} ASCII characters and no delimiter, found {value!r}")
    return value


def _padded(name: str, value: str, width: int, delimiters: Delimiters) -> str:
    return _plain(name, value, width, delimiters).ljust(width)


def _exactly(name: str, value: str, width: int) -> str:
    if len(value) != width or not value.isdigit():
        raise TerminalFault(f"{name} must have {width} digits, found {value!r}")
    return value
