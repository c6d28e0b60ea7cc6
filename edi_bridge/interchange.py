"""What a partner's file is made of: interchange › group › message › segment.

Frozen values and navigation only; reading bytes into them and writing them back is `syntax/`.

**Masked text.** Inside the program a message's text is one string in which every *released* (escaped)
delimiter is replaced by two control characters of the same total length (`?'` becomes `\\x01\\x02`, see
`MASK`), so that splitting at a delimiter is always right and plain `str.split` can be used. Values
are turned back by `unmask`, needed only where `\\x01` occurs. Input that carries these control
characters itself gets a finding and is never masked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

MARK = "\x01"
STRAYS_KEPT = 100  # of a file of junk no more
GROUPS_KEPT = 10_000  # of one interchange, for what answers them; no honest one has that many
NATIVE = MARK + "\x07"  # stands for a MARK that the input itself carries (X12 binary content)


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The service characters in force (ISO 9735-1 UNA; X12.5 ISA). '' means: not in use."""

    element: str = "+"
    component: str = ":"
    terminator: str = "'"
    release: str = "?"
    repetition: str = ""
    decimal: str = "."

    def released(self) -> str:
        """The characters that must be released inside data, in the order of their mask codes."""
        return self.release + self.terminator + self.element + self.component + self.repetition

    def masks(self) -> list[tuple[str, str]]:
        """(released pair as it stands on the wire, its masked form); the release pair stands first."""
        if not self.release:
            return []
        return [(self.release + char, MARK + chr(2 + code)) for code, char in enumerate(self.released())]


def mask(text: str, delimiters: Delimiters) -> str:
    """Hide released delimiters; same length as `text`. A release before any other character stays."""
    release = delimiters.release
    if not release or release not in text:
        return text
    codes = _codes(delimiters)
    first, *rest = text.split(release)
    pieces, released, last = [first], False, len(rest) - 1
    for number, part in enumerate(rest):  # each stands behind a release character
        if released:
            pieces.append(part)
            released = False
        elif part:
            pieces += (codes.get(part[0], release + part[0]), part[1:])
        elif number < last:
            pieces.append(codes[release])
            released = True
        else:
            pieces.append(release)
    return "".join(pieces)


@lru_cache(maxsize=64)
def _codes(delimiters: Delimiters) -> dict[str, str]:
    """What each released character is masked as."""
    return {pair[1:]: masked for pair, masked in reversed(delimiters.masks())}


def unmask(value: str, delimiters: Delimiters) -> str:
    """The value a person sees: masked pairs and needless releases become the character they stand for."""
    if delimiters.release and delimiters.release in value:
        value = re.sub(re.escape(delimiters.release) + "(.)", r"\1", value, flags=re.DOTALL)
    if MARK in value:
        for code, char in enumerate(delimiters.released()):
            value = value.replace(MARK + chr(2 + code), char)
        value = value.replace(NATIVE, MARK)
    return value


def wire(masked_text: str, delimiters: Delimiters) -> str:
    """The inverse of `mask`: the text as it stands on the wire."""
    if MARK in masked_text:
        for pair, masked in delimiters.masks():
            masked_text = masked_text.replace(masked, pair)
        masked_text = masked_text.replace(NATIVE, MARK)
    return masked_text


def escape(value: str, delimiters: Delimiters) -> str:
    """`value` made safe to stand in an element on the wire (release character before each delimiter).

    Without a release character (X12 before 007040) the value is returned unchanged: the caller must
    ask `clashes` first.
    """
    if not delimiters.release:
        return value
    for char in delimiters.released():
        if char in value:
            value = value.replace(char, delimiters.release + char)
    return value


def join(elements: Sequence[str | Sequence[str]], delimiters: Delimiters) -> str:
    """Values as a segment in wire form, without terminator: escaped, empty ones at the end left out. What is no string
    is a composite of components."""
    texts = []
    for element in elements:
        parts = [escape(part, delimiters) for part in ([element] if isinstance(element, str) else element)]
        while parts and not parts[-1]:
            parts.pop()
        texts.append(delimiters.component.join(parts))
    while texts and not texts[-1]:
        texts.pop()
    return delimiters.element.join(texts)


def clashes(value: str, delimiters: Delimiters) -> str:
    """The delimiters that stand in `value` and cannot be released; '' when it is safe to write."""
    if delimiters.release:
        return ""
    return "".join(c for c in delimiters.released() if c and c in value)


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands. Counts start at 1 (the message's header segment is segment 1, the first
    element after the tag is element 1); `offset` and `length` are bytes in the source and start at 0."""

    interchange: int | None = None
    group: int | None = None
    message: int | None = None
    segment: int | None = None
    tag: str | None = None
    element: int | None = None
    component: int | None = None
    repetition: int | None = None
    offset: int | None = None
    length: int | None = None
    line: int | None = None
    path: str | None = None  # the place in the reader's words: SG25/QTY/C186.6060, {PO1}/PO1/02, an XML path, a CSV column
    id: str | None = None  # the dictionary's number of the element (6060, 330), where a guide knows it

    def words(self) -> str:
        """`interchange 1 › message 2 › segment 9 (QTY) › element 1.2`, leaving out what is unknown."""
        steps = []
        if self.interchange is not None:
            steps.append(f"interchange {self.interchange}")
        if self.group is not None:
            steps.append(f"group {self.group}")
        if self.message is not None:
            steps.append(f"message {self.message}")
        if self.segment is not None:
            steps.append(f"segment {self.segment}" + (f" ({self.tag})" if self.tag else ""))
        elif self.tag:
            steps.append(self.tag)
        if self.element is not None:
            steps.append(f"element {self.element}" + (f".{self.component}" if self.component else ""))
        if self.line is not None:
            steps.append(f"line {self.line}")
        if self.path:
            steps.append(self.path)
        if self.offset is not None:
            steps.append(f"byte {self.offset}")
        return " › ".join(steps) or "the file"


ANSWERS = frozenset({("edifact", "CONTRL"), ("edifact", "APERAK"), ("x12", "997"), ("x12", "999"), ("x12", "824"),
                     ("xml", "ApplicationResponse")})


@dataclass(frozen=True, slots=True)
class MessageType:
    """What a message says it is. `version` is D96A, 004010, ubl-2.1 …; `usage` the subset or
    implementation (EAN008, VICS, X231A1) that follows it in the envelope."""

    standard: str  # edifact, x12, xml, csv, fixed
    version: str
    name: str
    usage: str = ""

    def __str__(self) -> str:
        return f"{self.standard}/{self.version}/{self.name}"

    @property
    def is_answer(self) -> bool:
        """Whether it answers something that was sent: an acknowledgement, technical or of the business."""
        return (self.standard, self.name) in ANSWERS


@dataclass(frozen=True, slots=True)
class Address:
    """A sender or receiver as the envelope names it (UNB S002/S003, ISA05-08, EndpointID …)."""

    id: str = ""
    qualifier: str = ""
    internal: str = ""  # UNB 0008/0014; GS02/GS03 stand on the group

    def __str__(self) -> str:
        return f"{self.qualifier}:{self.id}" if self.qualifier else self.id


@dataclass(frozen=True, slots=True)
class Group:
    """A functional group (UNG/UNE, GS/GE). `header` and `trailer` are raw wire text without terminator."""

    ordinal: int
    reference: str
    sender: str
    receiver: str
    version: str
    header: str
    kind: str = ""  # GS01 functional identifier code, UNG 0038
    offset: int = 0
    source: bytes = b""  # the header's bytes as they came, terminator included; written back where present


@dataclass(frozen=True, slots=True)
class GroupEnd:
    """The trailer of a group, as a part of the interchange."""

    group: Group
    trailer: str
    source: bytes = b""  # the trailer's bytes as they came, terminator included; written back where present


@dataclass(frozen=True, slots=True)
class Stray:
    """A segment that belongs to no message (a TA1, an unknown one, junk): raw wire text, kept for writing."""

    raw: str
    offset: int
    source: bytes = b""  # its bytes as they came, terminator included; written back where present


@dataclass(frozen=True, slots=True)
class Layout:
    """How a segment file was laid out, so that writing gives back the bytes that were read."""

    una: str = ""  # the whole UNA segment as it stood, '' when absent
    bom: bool = False
    line_break: str = ""  # between segments
    wrap: int = 0  # the column at which the file is wrapped; 0: it is not
    wrap_break: str = ""
    wrap_start: int = 0  # the column of the interchange's first byte in a wrapped file
    before: str = ""  # what stands before the interchange (blank lines, mailbox lines), one character a byte (latin-1)
    ending: str | None = None  # what stands after it up to the next one, likewise; None: one `line_break`


class Message:
    """One EDIFACT message or X12 transaction set. Its segments are split when first asked for.

    `text` is masked (see above), free of line breaks between segments, header to trailer, each segment
    ended by the terminator. `raw` are the bytes as they came, `offset` their place in the source.
    """

    __slots__ = ("standard", "type", "ordinal", "reference", "group", "delimiters", "encoding",
                 "raw", "offset", "text", "released", "interchange", "_segments", "_spans", "_texts")

    def __init__(self, standard: str, type: MessageType, ordinal: int, reference: str, text: str,
                 delimiters: Delimiters, *, raw: bytes = b"", offset: int = 0, encoding: str = "ascii",
                 group: Group | None = None, interchange: int = 1):
        self.standard = standard
        self.type = type
        self.ordinal = ordinal
        self.reference = reference
        self.text = text
        self.delimiters = delimiters
        self.raw = raw
        self.offset = offset
        self.encoding = encoding
        self.group = group
        self.interchange = interchange
        self.released = MARK in text or bool(delimiters.release and delimiters.release in text)
        self._segments: list[list[str]] | None = None
        self._spans: list[tuple[int, int]] | None = None
        self._texts: list[str] | None = None

    @property
    def segments(self) -> list[list[str]]:
        """Every segment, header and trailer included, split into its elements; [0] is the tag. Masked."""
        if self._segments is None:
            element = self.delimiters.element
            texts = self.text.split(self.delimiters.terminator)
            if not texts[-1]:
                texts.pop()
            self._segments = [text.split(element) for text in texts]
        return self._segments

    def places(self, spans: list[tuple[int, int]]) -> None:
        """Say where each segment stands in `raw`, for messages whose terminators alone do not tell (X12 binary content)."""
        self._spans = spans

    def value(self, segment: int, element: int, component: int = 1) -> str:
        """The unmasked value at a place (all counts from 1, as in `Position`); '' when absent."""
        elements = self.segments[segment - 1]
        if element >= len(elements):
            return ""
        parts = elements[element].split(self.delimiters.component) if self.delimiters.component else [elements[element]]
        return unmask(parts[component - 1], self.delimiters) if component <= len(parts) else ""

    def locate(self, segment: int, element: int | None = None, component: int | None = None,
               repetition: int | None = None) -> Position:
        """The position of a segment (from 1), element, component or repetition of an element, with its bytes in the source."""
        if self._spans is None:
            self._spans = spans(self.raw, self.delimiters, self.encoding)
        if self._texts is None:
            self._texts = self.text.split(self.delimiters.terminator)
        tag = self._texts[segment - 1].partition(self.delimiters.element)[0] or None if 0 < segment <= len(self._texts) else None
        offset = length = None
        if 0 < segment <= len(self._spans):
            start, end = self._spans[segment - 1]
            if element is not None:
                start, end = inner_span(self.raw, start, end, element, component, self.delimiters, self.encoding, repetition)
            offset, length = self.offset + start, end - start
        return Position(interchange=self.interchange, group=self.group.ordinal if self.group else None,
                        message=self.ordinal, segment=segment, tag=tag, element=element, component=component,
                        repetition=repetition, offset=offset, length=length)


def spans(raw: bytes, delimiters: Delimiters, encoding: str) -> list[tuple[int, int]]:
    """(start, end) of each segment in `raw`, terminator and surrounding line breaks excluded."""
    plain = _without_released(raw, delimiters, encoding)
    if plain is not None:
        return _plain_spans(plain, delimiters.terminator.encode(encoding))
    term = re.escape(delimiters.terminator.encode(encoding))
    rel = re.escape(delimiters.release.encode(encoding)) if delimiters.release else b""
    breaks = b"\r\n".translate(None, (delimiters.terminator + delimiters.element + delimiters.component).encode(encoding))
    body = rb"[^%b]*+" % term
    if rel:  # a wrapped file may break right after the release character; a cut one may end there
        body = rb"(?:[^%b%b]++|%b[%b]*(?:.|\Z))*+" % (term, rel, rel, breaks or rel)
    found = []
    at = 0
    for match in re.finditer(rb"(%b)(?:%b|\Z)" % (body, term), raw, re.DOTALL):
        start, end = match.span(1)
        text = raw[start:end]
        start += len(text) - len(text.lstrip(b"\r\n\t "))
        if start < end:
            found.append((start, end))
        at = match.end()
        if at >= len(raw):
            break
    return found


def _without_released(raw: bytes, delimiters: Delimiters, encoding: str) -> bytes | None:
    """`raw` with every released terminator overwritten, at the same length; None where a wrapped file broke behind a release
    character. A run of release characters pairs off from its left, as `bytes.replace` does."""
    if not delimiters.release:
        return raw
    release, terminator = delimiters.release.encode(encoding), delimiters.terminator.encode(encoding)
    if release + b"\r" in raw or release + b"\n" in raw:
        return None
    return raw.replace(release * 2, b"\0" * 2 * len(release)).replace(release + terminator, b"\0" * len(release + terminator))


_BLANKS = (b"\r", b"\n", b"\t", b" ")


def _plain_spans(raw: bytes, terminator: bytes) -> list[tuple[int, int]]:
    """`spans` of a text in which every terminator ends a segment."""
    step, texts = len(terminator), raw.split(terminator)
    odd = (*_BLANKS, terminator)  # line breaks, or nothing at all, at the beginning of a segment; most messages have neither
    if not raw.startswith(odd) and not any(terminator + one in raw for one in odd):
        last = texts.pop()
        starts = list(accumulate((len(text) + step for text in texts), initial=0))
        found = [(start, end - step) for start, end in pairwise(starts)]
        return [*found, (starts[-1], starts[-1] + len(last))] if last else found
    found, at = [], 0
    for text in texts:
        end = at + len(text)
        if text and text[:1] in _BLANKS:
            at = end - len(text.lstrip(b"\r\n\t "))
        if at < end:
            found.append((at, end))
        at = end + step
    return found


def inner_span(raw: bytes, start: int, end: int, element: int, component: int | None,
               delimiters: Delimiters, encoding: str, repetition: int | None = None) -> tuple[int, int]:
    """The bytes of an element (repetition, component) inside the segment at start..end; an empty span where absent."""
    for separator, index in ((delimiters.element, element), (delimiters.repetition, (repetition or 0) - 1),
                             (delimiters.component, (component or 0) - 1)):
        if index < 0 or not separator:
            continue
        begins = [start]
        at = start
        rel = delimiters.release.encode(encoding)
        sep = separator.encode(encoding)
        while at < end:
            if rel and raw.startswith(rel, at):
                at += len(rel)
                while at < end - 1 and raw[at] in b"\r\n":  # a wrapped file may break right after it
                    at += 1
                at += 1
                continue
            if raw.startswith(sep, at):
                begins.append(at + len(sep))
            at += 1
        if index >= len(begins):
            return end, end
        ends = [begin - len(sep) for begin in begins[1:]] + [end]
        start, end = begins[index], ends[index]
    return start, end


class Document:
    """One XML business document: `root` is its lxml element, `raw` its bytes, `offset` and `line` their place in
    the source."""

    __slots__ = ("standard", "type", "ordinal", "reference", "root", "raw", "offset", "line", "interchange", "group")

    def __init__(self, type: MessageType, ordinal: int, reference: str, root: Any, *, raw: bytes = b"",
                 offset: int = 0, line: int = 1, interchange: int = 1):
        self.standard = "xml"
        self.type = type
        self.ordinal = ordinal
        self.reference = reference
        self.root = root
        self.raw = raw
        self.offset = offset
        self.line = line
        self.interchange = interchange
        self.group = None

    def locate(self, element: Any = None, attribute: str = "") -> Position:
        """The position of an element (default: the root) or of one of its attributes: line and path."""
        element = self.root if element is None else element
        path = element_path(element) + (f"/@{attribute}" if attribute else "")
        line = self.line + element.sourceline - 1 if element.sourceline else self.line
        return Position(interchange=self.interchange, message=self.ordinal, line=line, path=path)


def element_path(element: Any) -> str:
    """`/Order/cac:OrderLine[3]/cbc:ID`: names with the document's own prefixes; a number only among namesakes."""
    steps = []
    while element is not None:
        name = element.tag.rpartition("}")[2]
        step = f"{element.prefix}:{name}" if element.prefix else name
        before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
        if before or next(element.itersiblings(element.tag), None) is not None:
            step += f"[{before + 1}]"
        steps.append(step)
        element = element.getparent()
    return "/" + "/".join(reversed(steps))


def element_paths(root: Any) -> dict[Any, str]:
    """`element_path` of every element of a document, in one walk."""
    paths: dict[Any, str] = {root: element_path(root)}
    for parent in root.iter("*"):
        inside = list(parent.iterchildren("*"))
        many = Counter(child.tag for child in inside)
        seen: Counter[str] = Counter()
        for child in inside:
            seen[child.tag] += 1
            name = child.tag.rpartition("}")[2]
            number = f"[{seen[child.tag]}]" if many[child.tag] > 1 else ""
            paths[child] = f"{paths[parent]}/{child.prefix}:{name}{number}" if child.prefix else f"{paths[parent]}/{name}{number}"
    return paths


class Sheet:
    """The rows of one CSV or fixed-width message: `header` names the columns, `rows` are their texts and
    `lines` the line number (from 1) on which each row begins. `raw` are the bytes from its first row up to the
    next sheet's; `columns` (fixed width only) holds (start, end) of each column, counted from 0. Where rows are of several
    record types, column number `type_column` tells a row's, and `record_types` says where that type's rows have each
    column: (start, end) in characters (fixed width) or cells, (0, 0) for none."""

    __slots__ = ("standard", "type", "ordinal", "reference", "header", "rows", "lines", "raw", "offset",
                 "interchange", "group", "delimiter", "quote", "encoding", "columns", "record_types", "type_column")

    def __init__(self, type: MessageType, ordinal: int, reference: str, header: list[str], rows: list[list[str]],
                 lines: list[int], *, raw: bytes = b"", offset: int = 0, interchange: int = 1, delimiter: str = ",",
                 quote: str = '"', encoding: str = "utf-8", columns: tuple[tuple[int, int], ...] = (),
                 record_types: Mapping[str, tuple[tuple[int, int], ...]] | None = None, type_column: int = 0):
        self.standard = type.standard
        self.type = type
        self.ordinal = ordinal
        self.reference = reference
        self.header = header
        self.rows = rows
        self.lines = lines
        self.raw = raw
        self.offset = offset
        self.interchange = interchange
        self.group = None
        self.delimiter = delimiter
        self.quote = quote
        self.encoding = encoding
        self.columns = columns
        self.record_types = record_types or {}
        self.type_column = type_column

    def locate(self, row: int, column: int | str | None = None) -> Position:
        """The position of a row (from 1), or of one of its cells (number from 1, or name), quotes included."""
        name = index = None
        if isinstance(column, str):
            name = column
            index = self.header.index(column) if column in self.header else None
        elif column is not None:
            index = column - 1
            name = self.header[index] if 0 <= index < len(self.header) else f"column {column}"
        if not 0 < row <= len(self.lines):
            return Position(interchange=self.interchange, message=self.ordinal, path=name)
        line = self.lines[row - 1]
        text = self.raw.decode(self.encoding, "surrogateescape")
        starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
        first = starts[min(line - self.lines[0], len(starts) - 1)]
        last = starts[min(self.lines[row] - self.lines[0], len(starts) - 1)] if row < len(self.lines) else len(text)
        own = self.record_types.get(self.rows[row - 1][self.type_column]) if self.record_types else None
        cells = (own or self.columns) if self.columns else tuple(cell_spans(text[first:last], self.delimiter, self.quote))
        if own is not None and index is not None and not self.columns:
            index = own[index][0] if own[index][1] else len(cells)
        start, end = cells[index] if index is not None and index < len(cells) else (0, len(text[first:last].rstrip("\r\n")))
        most = len(text[first:last].rstrip("\r\n"))  # the cell may be behind the end of a row that was cut off
        before, cell = text[:first + min(start, most)], text[first + min(start, most):first + min(end, most)]
        return Position(interchange=self.interchange, message=self.ordinal, line=line, path=name,
                        offset=self.offset + len(before.encode(self.encoding, "surrogateescape")),
                        length=len(cell.encode(self.encoding, "surrogateescape")))


def cell_spans(row: str, delimiter: str, quote: str) -> list[tuple[int, int]]:
    """(start, end) of each cell of one CSV row (RFC 4180), the quotes inside, line breaks at its end outside."""
    spans, start, at, end = [], 0, 0, len(row)
    while at < end:
        if quote and at == start and row[at] == quote:
            at += 1
            while at < end and (row[at] != quote or row[at + 1:at + 2] == quote):
                at += 1 + (row[at] == quote)
            at += 1
        elif row[at] == delimiter:
            spans.append((start, at))
            at = start = at + 1
        elif row[at] in "\r\n":
            break
        else:
            at += 1
    return [*spans, (start, min(at, end))]


AnyMessage = Message | Document | Sheet
Part = Group | GroupEnd | Message | Document | Sheet | Stray


@dataclass(slots=True)
class Interchange:
    """One interchange, XML document (or wrapper of many) or CSV file.

    `parts` can be walked once, in the order of the file, and reads the source as it goes; `trailer` and the
    last of `findings` are there when it is used up. `header` and `trailer` are raw wire text without terminator.
    """

    standard: str
    ordinal: int
    sender: Address
    receiver: Address
    control: str
    parts: Iterator[Part]
    delimiters: Delimiters = Delimiters()
    encoding: str = "ascii"
    header: str = ""
    trailer: str | None = None
    syntax: str = ""  # UNOC:3, 00401, …
    prepared: str = ""  # ISO 8601, as far as the envelope says it
    test: bool | None = None  # None: the standard has no flag
    application: str = ""  # UNB 0026, the application reference
    acknowledge: bool = False  # UNB 0031 = 1, ISA14 = 1
    offset: int = 0
    layout: Layout = Layout()
    header_source: bytes = b""  # the bytes as they came, terminator included; written back where present
    trailer_source: bytes = b""
    findings: list[Any] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)  # those that `messages` went past, and with them their trailers
    group_trailers: dict[int, str] = field(default_factory=dict)  # by the group's ordinal: raw wire text without terminator
    strays: list[Stray] = field(default_factory=list)  # segments outside messages that `messages` went past (a TA1)

    @property
    def messages(self) -> Iterator[AnyMessage]:
        """The messages alone, lazily; the same single pass as `parts`."""
        for part in self.parts:
            match part:
                case Message() | Document() | Sheet():
                    yield part
                case Group() if len(self.groups) < GROUPS_KEPT:
                    self.groups.append(part)
                case GroupEnd(group=group) if group.ordinal <= GROUPS_KEPT:
                    self.group_trailers[group.ordinal] = part.trailer
                case Stray() if len(self.strays) < STRAYS_KEPT:
                    self.strays.append(part)

    def drain(self) -> None:
        """Read what is left, so that trailer and findings are complete."""
        for _ in self.parts:
            pass
