"""Bytes ⇄ interchanges, whatever the standard: `detect` looks at the first bytes, `read` and `write` dispatch.

Each standard has its module (`edifact`, `x12`, `xml`, `csv`) with `read(stream, *, charset, limits, ordinal,
offset)`, `write_to(interchange, out)` and `build(…)`; they are imported when first needed.
"""

from __future__ import annotations

import importlib
import inspect
import io
import re
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any, BinaryIO

from edi_bridge.finding import found
from edi_bridge.interchange import Address, Interchange, Position
from edi_bridge.syntax import starts
from edi_bridge.syntax.limits import DEFAULT, Limits
from edi_bridge.syntax.source import Source

__all__ = ["detect", "read", "write", "write_to"]

FIRST = 1 << 13  # how many bytes `detect` is given
MANY, LEAST = 10_000, 100  # so many interchanges of fewer bytes each on average are none: one with a message is longer
BLANKS = b"\r\n\t \0\x1a"
MODULES = {"edifact": "edifact", "x12": "x12", "xml": "xml", "csv": "csv", "fixed": "csv"}

EDIFACT = rb"UNA(?:(?![0-9A-Za-z])|.{6}[\r\n\t ]*UN[BGH])|U(?:NB|NG|NH|IB|IH)(?![0-9A-Za-z \r\n])"
X12 = rb"ISA([^0-9A-Za-z\r\n ])..\1|(?:TA3|ISB|ISA)[^0-9A-Za-z\r\n ]"
STARTS = (  # at the very beginning, after blanks and a byte order mark
    ("edifact", re.compile(EDIFACT + rb"|U(?:NT|NE|NZ)[+:'\x1d]", re.DOTALL)),
    ("x12", re.compile(X12, re.DOTALL)),
    ("xml", re.compile(rb"<[?!A-Za-z_]")),
)
LATER = tuple(  # on a later line, behind what a mailbox put before it
    (name, re.compile(rb"(?:\A|[\r\n])[ \t]*(?:%b)" % start, re.DOTALL))
    for name, start in (("edifact", starts.EDIFACT), ("x12", starts.X12))
)
WITHIN = (  # within a line, behind a network's mailbag header (X12.56: IH…); so much of it that no text looks like it
    ("edifact", re.compile(rb"UNA[^0-9A-Za-z].{5}[\r\n\t ]{0,8}UNB|UNB([^0-9A-Za-z\s])[A-Z]{4}(?!\1)[^0-9A-Za-z\s][1-4]\1", re.DOTALL)),
    ("x12", re.compile(rb"ISA([^0-9A-Za-z\s])..\1.{10}\1..\1.{10}\1..\1.{15}\1..\1.{15}\1\d{6}\1\d{4}\1", re.DOTALL)),
)
EBCDIC = tuple(word.encode("cp500") for word in ("UNA", "UNB", "UNH", "UIB", "ISA", "<?xml"))
BOMS = (starts.BOM, b"\xff\xfe", b"\xfe\xff")
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def detect(first: bytes) -> str:
    """What a file is by its first bytes (8 kB are plenty): edifact, x12, xml, csv, ebcdic, empty or unknown.

    A byte order mark, blanks, line breaks, lines of a mailbox and a network's header may stand before an interchange. `csv` only says
    that these are lines of text with a separator; which columns they have a map must say.
    """
    start = first
    for bom in BOMS:
        start = start.removeprefix(bom)
    start = start.lstrip(BLANKS)
    if not start:
        return "empty"
    if first.startswith(BOMS[1:]) or start[1:2] == b"\0":
        start = start.replace(b"\0", b"")  # UTF-16, to see what it holds; the reader says what it thinks of it
    for name, pattern in STARTS:
        if pattern.match(start):
            return name
    if start.startswith(EBCDIC):
        return "ebcdic"
    later = [(hit.start(), name) for name, pattern in (*LATER, *WITHIN) if (hit := pattern.search(start))]
    if later:
        return min(later)[1]
    line = re.split(rb"[\r\n]", start, maxsplit=1)[0]
    if not CONTROL.search(start) and any(sign in line for sign in (b",", b";", b"\t", b"|")):
        return "csv"
    return "unknown"


def read(source: bytes | BinaryIO, *, charset: str | None = None, limits: Limits = DEFAULT,
         **options: Any) -> Iterator[Interchange]:
    """Every interchange of `source`, one after another, also of different standards in one file.

    Never raises for any bytes: what cannot be read gives an Interchange with findings. Asking for the next one
    drains the former. `charset` overrides what envelopes declare; `options` go to the standard's reader (the
    layout of a CSV). ConfigFault when `charset` cannot be used.
    """
    stream = Source(io.BytesIO(source) if isinstance(source, bytes) else source, shared=True)
    ordinal = 1
    while True:
        first = stream.peek(FIRST)
        if ordinal > 1 and not first.strip(BLANKS):
            return
        kind = detect(first)
        if kind not in MODULES:
            yield _refused(stream, kind, ordinal, first)
            return
        reader = module(kind).read
        known, needed = _takes(reader)
        if not needed <= options.keys():  # lines of text, and nobody says what their columns are
            yield _refused(stream, kind, ordinal, first)
            return
        position = stream.position
        for interchange in reader(stream, charset=charset, limits=limits, ordinal=ordinal, offset=position,
                                  **{name: value for name, value in options.items() if name in known}):
            ordinal = interchange.ordinal + 1
            if ordinal > MANY and interchange.offset < LEAST * ordinal:
                yield _refused(stream, "unknown_format", ordinal - 1, first, offset=interchange.offset,
                               note=f"{MANY:,} interchanges of fewer than {LEAST} bytes each stand before this: none are read from here on")
                return
            yield interchange
        if stream.position == position or not stream.peek(1):
            return


@lru_cache(maxsize=None)
def _takes(reader: Any) -> tuple[frozenset[str], frozenset[str]]:
    """The options that a standard's reader knows, and those of them that it needs."""
    known = inspect.signature(reader).parameters
    return frozenset(known), frozenset(name for name, one in known.items() if one.kind is one.KEYWORD_ONLY and one.default is one.empty)


def _refused(stream: Source, kind: str, ordinal: int, first: bytes, *, offset: int = -1, note: str = "") -> Interchange:
    """An interchange that says only why nothing could be read; the source is used up."""
    names = {"empty": "empty_file", "ebcdic": "ebcdic"}
    standard = kind if kind in MODULES else "unknown"
    begin = stream.position if offset < 0 else offset
    interchange = Interchange(standard, ordinal, Address(), Address(), "", iter(()), offset=begin)
    value = "" if kind == "empty" else first[:60].decode("latin-1")
    place = Position(interchange=ordinal, offset=begin)
    interchange.findings.append(found(names.get(kind, "unknown_format"), place, value, note))
    while stream.read(1 << 18):
        pass
    return interchange


def write(interchange: Interchange) -> bytes:
    """The interchange as bytes; its parts are used up."""
    out = io.BytesIO()
    write_to(interchange, out)
    return out.getvalue()


def write_to(interchange: Interchange, out: BinaryIO) -> None:
    """Write the interchange to a binary stream; its parts are used up, memory does not grow with its size."""
    module(interchange.standard).write_to(interchange, out)


def module(standard: str) -> ModuleType:
    """The module that reads and writes a standard. KeyError for an unknown one."""
    return importlib.import_module(f"edi_bridge.syntax.{MODULES[standard]}")
