"""UNA, UNB and UIB: the service characters, and what the header says about the interchange.

UNB (ISO 9735-10): S001 syntax · S002 sender · S003 recipient · S004 date and time · 0020 reference · S005 password ·
0026 application · 0029 priority · 0031 acknowledgement · 0032 agreement · 0035 test.
UIB (ISO 9735-3): S001 · S302 dialogue (0300) · S303 · S018 · S305 · S002 · S003 · S300 · 0325 · 0035.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Address, Delimiters, Interchange, Position
from edi_bridge.syntax.charset import ASCII, Charset, declared, named
from edi_bridge.syntax.edifact_text import (
    LEVEL_B_SEPARATORS,
    Service,
    at,
    clean,
    default_delimiters,
    elements,
    service,
    spot,
    una_delimiters,
)

MANDATORY = ((1, 1, "0001"), (1, 2, "0002"), (2, 1, "0004"), (3, 1, "0010"), (4, 1, "0017"), (4, 2, "0019"),
             (5, 1, "0020"))
SYNTAX_VERSIONS = ("1", "2", "3", "4")
LEVEL = re.compile(rb"U[NI]B[^0-9A-Za-z]([0-9A-Za-z]{4})[^0-9A-Za-z]([0-9A-Za-z]?)")


@dataclass(slots=True)
class Opening:
    """What stands at the beginning of an interchange, before its header is parsed."""

    una: bytes
    service: Service | None  # None: the service characters are unusable, nothing can be read
    problems: list[tuple[str, str]] = field(default_factory=list)  # (finding kind, note)


def opening(first: bytes, charset: str | None) -> Opening:
    """Service characters and character set from the interchange's first bytes (UNA and UNB, or the first segment)."""
    una = first[:9] if first.startswith(b"UNA") else b""
    rest = first[len(una):].lstrip(b"\r\n\t ")
    level = LEVEL.match(rest)
    version = level[2].decode() if level else ""
    problems: list[tuple[str, str]] = []
    if charset:
        known = named(charset)
    elif level:
        known = _declared(rest, level, una)
        if not known.supported:
            problems.append(("character_set_unsupported", f"the character set {known.declared} is not supported"))
    else:
        known = ASCII
    delimiters: Delimiters | None = default_delimiters("4" if rest[:2] == b"UI" else version)
    if una:
        delimiters, problem = una_delimiters(una[3:], version, known)
        if problem:
            problems.append(("bad_service_string", problem))
        if delimiters is None and rest[:4] in (b"UNB+", b"UNH+", b"UNG+"):
            delimiters = default_delimiters(version)
    elif rest[3:4] == b"\x1d":
        delimiters = LEVEL_B_SEPARATORS
    elif rest[3:4] not in (b"+", b"'", b""):
        problems.append(("bad_service_string",
                         "the header uses other service characters than the standard's, and there is no UNA"))
        delimiters = None
    if delimiters is None:
        return Opening(una, None, problems)
    return Opening(una, service(delimiters, known), problems)


def _declared(rest: bytes, level: re.Match[bytes], una: bytes) -> Charset:
    """The character set by S001: 0001 and, in syntax 4, the encoding 0133 (fourth component)."""
    separator = una[3:4] or (b"\x1f" if rest[3:4] == b"\x1d" else b":")
    parts = re.split(re.escape(rest[3:4]), rest[4:60], maxsplit=1)[0].split(separator)
    encoding = parts[3].decode("ascii", "replace") if len(parts) > 3 else ""
    return declared(level[1].decode(), encoding)


def batch(body: bytes, header: bytes, offset: int, s: Service, ordinal: int) -> tuple[Interchange, list[Finding]]:
    """The interchange that a UNB segment opens, its parts still to come, and what is wrong with the segment.

    `header` are its bytes as they stand in the source, `body` the same without a wrapped file's line breaks."""
    base = Position(interchange=ordinal, segment=1)
    text, misfits = clean(body, s, "")
    rows = elements(text.removesuffix(s.delimiters.terminator), s)
    findings = [found(m.kind, Position(ordinal, segment=1, tag="UNB", offset=offset + m.index, length=m.length),
                      note=m.note) for m in misfits]
    for element, component, name in MANDATORY:
        if not at(rows, element, component).strip():
            findings.append(found("bad_header", spot(header, offset, s, base, element, component, name),
                                  note=f"{name} is missing in UNB"))
    version = at(rows, 1, 2)
    if version and version not in SYNTAX_VERSIONS:
        findings.append(found("syntax_unsupported", spot(header, offset, s, base, 1, 2, "0002"), version,
                              f"the syntax version must be 1, 2, 3 or 4, found {version}"))
    day, problem = iso_day(at(rows, 4, 1))
    if problem and at(rows, 4, 1):
        findings.append(found("invalid_date", spot(header, offset, s, base, 4, 1, "0017"), at(rows, 4, 1), problem))
    time, problem = iso_time(at(rows, 4, 2))
    if problem and at(rows, 4, 2):
        findings.append(found("invalid_time", spot(header, offset, s, base, 4, 2, "0019"), at(rows, 4, 2), problem))
    interchange = Interchange(
        "edifact", ordinal, Address(at(rows, 2, 1), at(rows, 2, 2), at(rows, 2, 3)),
        Address(at(rows, 3, 1), at(rows, 3, 2), at(rows, 3, 3)), at(rows, 5), iter(()), s.delimiters, s.charset.codec,
        syntax=f"{at(rows, 1, 1)}:{version}", prepared=f"{day}T{time}" if day and time else day,
        test=at(rows, 11) == "1", application=at(rows, 7), acknowledge=at(rows, 9) == "1", offset=offset)
    return _with_header(interchange, header, s), findings


def interactive(body: bytes, header: bytes, offset: int, s: Service,
                ordinal: int) -> tuple[Interchange, list[Finding]]:
    """The interchange that a UIB (or a bare UIH) opens; it is recognised and kept, not translated."""
    text, _ = clean(body, s, "")
    rows = elements(text.removesuffix(s.delimiters.terminator), s)
    values = {"sender": Address(), "receiver": Address(), "control": "", "syntax": "", "test": None, "prepared": ""}
    headed = body.startswith(b"UIB")
    if headed:
        day, time = iso_day(at(rows, 8, 1))[0], iso_time(at(rows, 8, 2)[:4])[0]
        values = {"sender": Address(at(rows, 6, 1), at(rows, 6, 2), at(rows, 6, 3)),
                  "receiver": Address(at(rows, 7, 1), at(rows, 7, 2), at(rows, 7, 3)),
                  "control": at(rows, 2, 1), "syntax": f"{at(rows, 1, 1)}:{at(rows, 1, 2)}",
                  "test": at(rows, 10) == "1", "prepared": f"{day}T{time}" if day and time else day}
    interchange = Interchange("edifact", ordinal, parts=iter(()), delimiters=s.delimiters, encoding=s.charset.codec,
                              offset=offset, **values)  # type: ignore[arg-type]
    finding = found("interactive_interchange", spot(header, offset, s, Position(interchange=ordinal, segment=1)))
    return _with_header(interchange, header if headed else b"", s), [finding]


def _with_header(interchange: Interchange, header: bytes, s: Service) -> Interchange:
    interchange.header = header.removesuffix(s.terminator).decode(s.charset.codec, "replace")
    interchange.header_source = header
    return interchange


def bare(s: Service, offset: int, ordinal: int) -> Interchange:
    """An interchange without a header: messages that stand alone."""
    return Interchange("edifact", ordinal, Address(), Address(), "", iter(()), s.delimiters, s.charset.codec,
                       offset=offset)


def iso_day(value: str) -> tuple[str, str]:
    """0017 as YYYY-MM-DD and what is wrong with it. YYMMDD (syntax 1-3) or CCYYMMDD (4), told apart by length;
    the years 70-99 are 1970-1999, 00-69 are 2000-2069 (EDIFACT began in 1987)."""
    if not (value.isascii() and value.isdigit() and len(value) in (6, 8)):
        return "", "the date must be YYMMDD or CCYYMMDD"
    if len(value) == 6:
        value = ("19" if value >= "70" else "20") + value
    month, day = int(value[4:6]), int(value[6:])
    if not 1 <= month <= 12 or not 1 <= day <= _month_length(int(value[:4]), month):
        return "", "there is no such day"
    return f"{value[:4]}-{value[4:6]}-{value[6:]}", ""


def _month_length(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def iso_time(value: str) -> tuple[str, str]:
    """0019 (HHMM; HHMMSS is read as well) as HH:MM[:SS] and what is wrong with it."""
    if not (value.isascii() and value.isdigit() and len(value) in (4, 6)):
        return "", "the time must be HHMM"
    parts = [value[i:i + 2] for i in range(0, len(value), 2)]
    if parts[0] > "23" or any(part > "59" for part in parts[1:]):
        return "", "there is no such time of day"
    return ":".join(parts), ""
