"""EDIFACT interchanges → bytes, and outgoing interchanges made from segments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from edi_bridge.finding import found
from edi_bridge.interchange import (
    Address,
    Delimiters,
    Group,
    GroupEnd,
    Interchange,
    Layout,
    Message,
    MessageType,
    Part,
    Position,
    join,
    mask,
    wire,
)
from edi_bridge.syntax.charset import Charset, declared, named
from edi_bridge.syntax.edifact_text import default_delimiters
from edi_bridge.syntax.segment_write import write_parts

STANDARD = Delimiters()


def write_to(interchange: Interchange, out: BinaryIO) -> None:
    """Write an interchange; its parts are used up. Memory does not grow with its size."""
    write_parts(interchange, out, _segment, _message)


def _message(message: Message, interchange: Interchange) -> bytes:
    """The bytes of a message that has none yet."""
    gap, terminator = interchange.layout.line_break, message.delimiters.terminator
    text = wire(message.text.replace(terminator, terminator + gap), message.delimiters)
    return text.removesuffix(gap).encode(message.encoding)


def _segment(text: str, interchange: Interchange) -> bytes:
    return (text + interchange.delimiters.terminator).encode(interchange.encoding)


def build(*, sender: Address, receiver: Address, control: str, prepared: str,
          bodies: Iterable[tuple[MessageType, str, list[str]]], syntax: str = "UNOC:3", test: bool = False,
          delimiters: Delimiters = STANDARD, una: bool | None = None, application: str = "",
          acknowledge: bool = False, line_break: str = "", encoding: str | None = None, group: Group | None = None,
          agency: str = "UN") -> Interchange:
    """An outgoing interchange. UNB, UNH, UNT with their counts, UNZ and (with `group`) UNG and UNE are made here.

    `prepared` is ISO 8601 (`2026-03-01T14:05`); `bodies` are, message by message, type, reference (0062) and the
    segments between UNH and UNT in wire form (escaped, without terminator); they are taken one at a time. `una` True
    writes UNA, False leaves it out, None writes it where the delimiters are not the standard's. `encoding`
    overrides the character set of `syntax` (ConfigFault when it cannot be used). Of `group` reference, kind,
    sender, receiver and version are taken. Characters that the character set does not have become blanks and
    give the finding cannot_write.
    """
    version = syntax.partition(":")[2][:1]
    level = syntax.partition(":")[0]
    charset = named(encoding) if encoding else declared(level)
    if una is None:
        una = delimiters != default_delimiters(version)
    signs = delimiters
    advice = ("UNA" + signs.component + signs.element + signs.decimal + (signs.release or " ")
              + (signs.repetition or " ") + signs.terminator) if una else ""
    date, _, time = prepared.partition("T")
    date = date.replace("-", "") if version == "4" else date.replace("-", "")[2:]
    stamp = [date, time.replace(":", "")[:4]]
    header = join(["UNB", [level, version], _address(sender), _address(receiver), stamp, control, "", application, "",
                   "1" if acknowledge else "", "", "1" if test else ""], delimiters)
    interchange = Interchange(
        "edifact", 1, sender, receiver, control, iter(()), delimiters, charset.codec, header=header, syntax=syntax,
        prepared=prepared, test=test, application=application, acknowledge=acknowledge,
        layout=Layout(una=advice, line_break=line_break))
    interchange.parts = _outgoing(interchange, bodies, charset, group, stamp, agency)
    return interchange


def _outgoing(interchange: Interchange, bodies: Iterable[tuple[MessageType, str, list[str]]], charset: Charset,
              group: Group | None, stamp: list[str], agency: str) -> Iterator[Part]:
    d = interchange.delimiters
    opened = None
    if group:
        header = join(["UNG", group.kind, group.sender, group.receiver, stamp, group.reference, agency,
                       split_version(group.version)], d)
        opened = Group(1, group.reference, group.sender, group.receiver, group.version, header, group.kind)
        yield opened
    count = 0
    for count, (kind, reference, segments) in enumerate(bodies, 1):
        name = [kind.name, *split_version(kind.version), agency, kind.usage]
        rows = [join(["UNH", reference, name], d), *segments, join(["UNT", str(len(segments) + 2), reference], d)]
        text = "".join(row + d.terminator for row in rows)
        with_breaks = (d.terminator + interchange.layout.line_break).join(rows) + d.terminator
        raw = _encoded(with_breaks, charset, interchange, count)
        yield Message("edifact", kind, count, reference, mask(text, d), d, raw=raw, encoding=charset.codec,
                      group=opened)
    if opened:
        yield GroupEnd(opened, join(["UNE", str(count), group.reference if group else ""], d))
    interchange.trailer = join(["UNZ", "1" if opened else str(count), interchange.control], d)


def _encoded(text: str, charset: Charset, interchange: Interchange, message: int) -> bytes:
    try:
        return text.encode(charset.codec)
    except UnicodeEncodeError as error:
        sign = text[error.start]
        segment = text.count(interchange.delimiters.terminator, 0, error.start) + 1
        interchange.findings.append(found(
            "cannot_write", Position(interchange.ordinal, message=message, segment=segment), sign,
            f'the character "{sign}" (U+{ord(sign):04X}) is not in {charset.declared}'))
        known = {c: c for c in set(text) if _encodable(c, charset)}
        return "".join(known.get(c, " ") for c in text).encode(charset.codec)


def _encodable(sign: str, charset: Charset) -> bool:
    try:
        sign.encode(charset.codec)
    except UnicodeEncodeError:
        return False
    return True


def _address(address: Address) -> list[str]:
    return [address.id, address.qualifier, address.internal]


def split_version(version: str) -> list[str]:
    """0052 and 0054 of a joined version: D96A → D, 96A; 911 → 91, 1 (before 1993); 22 → 2, 2."""
    if re.fullmatch(r"[89]\d\d", version):
        return [version[:2], version[2:]]
    return [version[:1], version[1:]]
