"""Cuts an XML file of many documents into its documents, at their exact bytes and in constant memory.

libxml2 does not tell byte offsets, expat does: expat finds where each child of the wrapper begins and ends, and the
bytes of one child at a time are then parsed by lxml (`xml.py`). expat refuses a DOCTYPE here and reads no entity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Position
from edi_bridge.syntax.limits import Limits

CHUNK = 1 << 18
_STRAY_NAMES = 20  # so many different names of elements beside the documents are reported


@dataclass(frozen=True, slots=True)
class Slice:
    """One child of the wrapper. `around` is the wrapper's start tag (text), `header` an SBDH header."""

    raw: bytes
    offset: int
    line: int
    tag: str
    around: str
    header: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes between the documents."""

    raw: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class Whole:
    """The file is one document (or expat cannot say): the bytes read so far; the caller goes on with the rest."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """A document that was not taken, and why."""

    finding: Finding


Piece = Slice | Gap | Whole | Lost
# What the root element means for its children: None = the root is the document; else a test of a child's name
# that answers 'document', 'header' or ''.
ChildRule = Callable[[str], Callable[[str], str] | None]


class _Doctype(Exception):
    """Raised inside expat's callback, caught in `split`."""


class _Bounds:
    """expat's callbacks: they note where children begin and end, in `marks`."""

    def __init__(self, rule: ChildRule, limits: Limits, charset: str | None):
        parser = expat.ParserCreate(charset, "}")
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.StartDoctypeDeclHandler = self.doctype
        self.parser = parser
        self.rule = rule
        self.deepest = limits.xml_depth + 1
        self.depth = 0
        self.marks: list[tuple[str, int, int, str]] = []  # (what, byte, line, name)
        self.test: Callable[[str], str] | None = None
        self.awaiting = ""  # 'root' or 'child': a tag whose end is where the next event begins
        self.inside = ""

    def doctype(self, *_: Any) -> None:
        raise _Doctype

    def next_event(self, *_: Any) -> None:
        """The end of a tag is known when something follows it.

        Must not unset DefaultHandler: expat calls it several times for one text and would crash.
        """
        if self.awaiting:
            self.mark("open" if self.awaiting == "root" else "end", "")
            self.awaiting = ""

    def mark(self, what: str, name: str) -> None:
        self.marks.append((what, self.parser.CurrentByteIndex, self.parser.CurrentLineNumber, name))

    def start(self, name: str, _: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > 2:
            if self.depth > self.deepest and self.inside:
                self.mark("deep", name)
                self.inside = ""
            return
        name = "{" + name if "}" in name else name
        self.next_event()
        if self.depth == 1:
            self.test = self.rule(name)
            self.mark("root" if self.test else "single", name)
            self.awaiting = "root"
            self.parser.DefaultHandler = self.next_event
        elif self.test:
            self.inside = self.test(name)
            self.parser.DefaultHandler = None  # texts inside a child are nothing to us
            self.mark(self.inside or "stray", name)

    def end(self, _: str) -> None:
        self.depth -= 1
        if self.depth == 1:
            self.awaiting = "child"
            self.parser.DefaultHandler = self.next_event
        elif self.depth == 0:
            self.next_event()


class _Window:
    """The bytes that are still needed, and where they stand in the file."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.base = 0

    def cut(self, until: int) -> bytes:
        """Everything up to a byte of the file; it leaves the window."""
        size = max(until - self.base, 0)
        taken = bytes(self.bytes[:size])
        del self.bytes[:size]
        self.base += len(taken)
        return taken


def split(chunks: Iterator[bytes], rule: ChildRule, codec: str, limits: Limits, charset: str | None) -> Iterator[Piece]:
    """The pieces of a wrapper file in their order; every byte stands in exactly one `Slice` or `Gap` up to
    an error; a document that is too large or too deep becomes gaps. A single `Whole` when the file is no wrapper."""
    try:
        bounds = _Bounds(rule, limits, charset)
    except (ValueError, LookupError):
        yield Whole(b"".join(chunks))
        return
    yield from _Cutter(bounds, codec, limits).pieces(chunks)


class _Cutter:
    """Turns the marks of `_Bounds` into pieces."""

    def __init__(self, bounds: _Bounds, codec: str, limits: Limits):
        self.bounds = bounds
        self.codec = codec
        self.limits = limits
        self.window = _Window()
        self.found_any = False
        self.open: tuple[str, int, int, str] | None = None  # the child that is being read
        self.around = ""
        self.root_at = 0
        self.fed = 0
        self.strays: set[str] = set()

    def pieces(self, chunks: Iterator[bytes]) -> Iterator[Piece]:
        for chunk in chunks:
            self.window.bytes += chunk
            self.fed += len(chunk)
            problem = self.feed(chunk, False)
            yield from self.drain()
            if self.bounds.depth and self.bounds.test is None or problem:
                yield from self.give_up(problem)
                return
            if not self.found_any and len(self.window.bytes) > self.limits.message:
                yield Whole(bytes(self.window.bytes))
                return
            if self.fed - self.bounds.parser.CurrentByteIndex > self.limits.xml_text + CHUNK:
                yield Lost(found("xml_too_deep", self.here(), note="a tag, comment or attribute is larger than "
                                 f"{self.limits.xml_text} bytes; reading stopped here"))
                return
            yield from self.trim()
        problem = self.feed(b"", True)
        yield from self.drain()
        if problem or not self.found_any:
            yield from self.give_up(problem)
        elif self.window.bytes:
            base = self.window.base
            yield Gap(self.window.cut(self.fed), base)

    def feed(self, chunk: bytes, last: bool) -> Finding | None:
        try:
            self.bounds.parser.Parse(chunk, last)
        except _Doctype:
            return found("xml_doctype", self.here())
        except expat.ExpatError as error:
            text = expat.ErrorString(error.code)
            return found("xml_not_well_formed", Position(line=error.lineno, offset=self.bounds.parser.ErrorByteIndex),
                         note=f"{text}, line {error.lineno}, column {error.offset + 1}")
        except (ValueError, LookupError, UnicodeError) as error:
            # pyexpat asks Python's codecs for the encodings it does not know itself, and takes one-byte ones only.
            return found("character_set_unsupported", note=f"encoding {self.codec}: {error}")
        return None

    def here(self) -> Position:
        parser = self.bounds.parser
        return Position(line=parser.CurrentLineNumber, offset=max(parser.CurrentByteIndex, 0))

    def give_up(self, problem: Finding | None) -> Iterator[Piece]:
        """Before the first document lxml has the last word on the whole file; after it, reading ends here."""
        if self.found_any:
            assert problem
            yield Lost(problem)
        elif problem and problem.kind == "xml_doctype":
            yield Lost(problem)
        else:
            yield Whole(bytes(self.window.bytes))

    def drain(self) -> Iterator[Piece]:
        marks, self.bounds.marks = self.bounds.marks, []
        for what, at, line, name in marks:
            match what:
                case "root":
                    self.root_at = at
                case "open":
                    self.around = self.start_tag(at)
                case "document" | "header":
                    yield from self.begin(what, at, line, name)
                case "deep" if self.open:
                    yield self.lose("xml_too_deep", line, f"deeper than {self.limits.xml_depth} elements")
                case "stray" if name not in self.strays and len(self.strays) < _STRAY_NAMES and self.found_any:
                    self.strays.add(name)
                    yield Lost(found("segment_outside_message", Position(line=line, offset=at), name,
                                     "an element beside the documents; it is kept with the raw file"))
                case "end":
                    yield from self.finish(at)

    def begin(self, what: str, at: int, line: int, name: str) -> Iterator[Piece]:
        if at > self.window.base:
            base = self.window.base
            yield Gap(self.window.cut(at), base)
        self.open = (what, at, line, name)
        self.found_any = True

    def finish(self, at: int) -> Iterator[Piece]:
        if self.open:
            what, start, line, name = self.open
            self.open = None
            if at - start > self.limits.message:
                yield Gap(self.window.cut(at), start)
                yield Lost(found("message_too_large", Position(line=line, offset=start), name,
                                 f"more than {self.limits.message} bytes"))
            else:
                yield Slice(self.window.cut(at), start, line, name, self.around, what == "header")

    def lose(self, kind: str, line: int, note: str) -> Lost:
        assert self.open
        at, name = self.open[1], self.open[3]
        self.open = None
        return Lost(found(kind, Position(line=line, offset=at), name, note))

    def trim(self) -> Iterator[Piece]:
        """Give away what is not needed any more, so that the window stays small."""
        if self.open:
            if len(self.window.bytes) > self.limits.message:
                self.bounds.inside = ""
                yield self.lose("message_too_large", self.open[2], f"more than {self.limits.message} bytes")
        elif self.found_any and len(self.window.bytes) > CHUNK:
            base = self.window.base
            # A token's start is never inside a character.
            yield Gap(self.window.cut(self.bounds.parser.CurrentByteIndex), base)

    def start_tag(self, end: int) -> str:
        """The wrapper's start tag as text, in one line, so that line numbers inside a child stay right."""
        raw = bytes(self.window.bytes[self.root_at - self.window.base:end - self.window.base])
        return re.sub(r"[\r\n]", " ", raw.decode(self.codec, "surrogateescape").rstrip())
