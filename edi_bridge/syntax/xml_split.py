"""Cuts an XML file of many documents into its documents, at their exact bytes and in constant memory.

libxml2 does not tell byte offsets, expat does: expat finds where each child of the wrapper begins and ends, and the
bytes of one child at a time are then parsed by lxml (`xml.py`). expat refuses a DOCTYPE here and reads no entity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Position
from edi_bridge.syntax.limits import Limits

CHUNK = 1 << 18
_DEEPEST = 256  # as libxml2; expat has no limit of its own and keeps each open element
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


class _Deep(Exception):
    """The same, for elements in elements without end."""


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
            if self.depth > _DEEPEST:
                raise _Deep
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

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.bytes = bytearray()
        self.base = 0
        self.line = 1  # of the first byte

    def more(self) -> bool:
        """Take in the next chunk; whether there was one."""
        chunk = next(self.chunks, b"")
        self.bytes += chunk
        return bool(chunk)

    def cut(self, size: int) -> bytes:
        """The first bytes; they leave the window."""
        taken = bytes(self.bytes[:size])
        del self.bytes[:size]
        self.base += len(taken)
        self.line += taken.count(b"\n") if b"\r" not in taken else len(_BREAK.findall(taken))
        return taken


_BREAK = re.compile(rb"\r\n|\r|\n")
_SPACE = re.compile(rb"[ \t\r\n]*")


def split(chunks: Iterator[bytes], rule: ChildRule, codec: str, limits: Limits, charset: str | None,
          literal: bool = False) -> Iterator[Piece]:
    """The pieces of a wrapper file in their order; every byte stands in exactly one `Slice` or `Gap` up to
    an error; a document that is too large or too deep becomes gaps. A single `Whole` when the file is no wrapper.

    `literal` says that markup is ASCII bytes in this encoding: then a document without comments, CDATA and
    instructions is cut at its end tag by a search in the bytes, four times as fast as expat's callbacks.
    """
    cutter = _Cutter(_Window(chunks), rule, codec, limits, charset, literal)
    yield from cutter.pieces()


class _Cutter:
    """Goes through the file: expat finds the first child, a search the next ones as long as they are plain, expat
    again what is not."""

    def __init__(self, window: _Window, rule: ChildRule, codec: str, limits: Limits, charset: str | None, literal: bool):
        self.window = window
        self.rule = rule
        self.codec = codec
        self.limits = limits
        self.charset = charset
        self.literal = literal
        self.found_any = False
        self.around = ""
        self.strays: set[str] = set()

    def pieces(self) -> Iterator[Piece]:
        name, plain = "", True
        while True:
            try:
                part = _Part(self, name == "")
            except (ValueError, LookupError):
                yield Whole(b"".join([bytes(self.window.bytes), *self.window.chunks]))
                return
            # After a document that is not plain expat goes on up to the next one.
            name = yield from part.pieces(plain)
            if not name:
                return
            plain = yield from self.plain_documents(name)

    def plain_documents(self, name: str) -> Generator[Piece, None, bool]:
        """Cut documents of one name, the first at the window's begin, as long as nothing but blanks is between them.
        Returns False when the document at the window's begin must be read by expat."""
        window, data = self.window, self.window.bytes
        tag = re.match(rb"<([^\s/>]+)", data)
        if tag is None:
            return False
        begin, end = b"<" + tag[1], b"</" + tag[1]
        while True:
            size = self.plain_size(begin, end)
            if not size:
                return False
            base, line = window.base, window.line
            yield Slice(window.cut(size), base, line, name, self.around)
            while (gap := _SPACE.match(data)) and gap.end() + len(begin) >= len(data) and window.more():
                pass
            at = gap.end() if gap else 0
            if not data.startswith(begin, at) or data[at + len(begin):at + len(begin) + 1] not in (b" ", b">", b"\t", b"\r", b"\n"):
                return True
            if at:
                base = window.base
                yield Gap(window.cut(at), base)

    def plain_size(self, begin: bytes, end: bytes) -> int:
        """The size of the document at the window's begin; 0 when it is not plain: has comments, CDATA, instructions
        or elements of its own name inside, is empty, too large or not there to its end."""
        window, data = self.window, self.window.bytes
        at = 1
        while True:
            found_at = data.find(end, at)
            closed = data.find(b">", found_at) if found_at >= 0 else -1
            if closed >= 0:
                break
            at = max(len(data) - len(end), 1) if found_at < 0 else found_at
            if len(data) > self.limits.message or not window.more():
                return 0
        size = closed + 1
        if size > self.limits.message or data[found_at + len(end):closed].strip(b" \t\r\n"):
            return 0
        first = data.find(b">", 0, size)
        if data[first - 1] == ord("/") or data.find(b"<!", 0, size) >= 0 or data.find(b"<?", 0, size) >= 0:
            return 0
        return size if data.find(begin, 1, size) < 0 else 0


class _Part:
    """expat's way through a part of the file: from its begin, or from between two children on, where the wrapper's
    start tag is fed to it once more. Turns the marks of `_Bounds` into pieces."""

    STEP = 1 << 14

    def __init__(self, cutter: _Cutter, first: bool):
        self.cutter = cutter
        self.window = cutter.window
        self.limits = cutter.limits
        prefix = b"" if first else cutter.around.encode(cutter.codec, "surrogateescape")
        self.bounds = _Bounds(cutter.rule, cutter.limits, cutter.charset if first else cutter.codec)
        self.shift = self.window.base - len(prefix)  # expat's byte → the file's
        self.lines = self.window.line - 1
        self.prefix = prefix
        self.open: tuple[str, int, int, str] | None = None  # the child that is being read
        self.root_at = 0
        self.fed = self.window.base

    def pieces(self, plain: bool) -> Generator[Piece, None, str]:
        """Yields what is found. Returns the name of a document that begins at the window's begin and may be cut by a
        search (`plain`: the first one may be), or '' at the end of the file."""
        if self.prefix:
            self.bounds.parser.Parse(self.prefix, False)
            self.bounds.marks.clear()
            self.bounds.awaiting = ""
        while True:
            left = self.fed - self.window.base
            if left >= len(self.window.bytes) and not self.window.more():
                break
            step = bytes(self.window.bytes[left:left + self.STEP])
            self.fed += len(step)
            problem = self.feed(step, False)
            for mark in self.marks():
                if mark[0] == "document" and self.cutter.literal and plain:
                    yield from self.begin(*mark)
                    return mark[3]
                plain = plain or mark[0] == "end"
                yield from self.piece(*mark)
            if self.bounds.depth and self.bounds.test is None or problem:
                yield from self.give_up(problem)
                return ""
            if not self.cutter.found_any and len(self.window.bytes) > self.limits.message:
                yield Whole(bytes(self.window.bytes))
                return ""
            if self.fed - self.at() > self.limits.xml_text + CHUNK:
                yield Lost(found("xml_too_deep", self.here(), note="a tag, comment or attribute is larger than "
                                 f"{self.limits.xml_text} bytes; reading stopped here"))
                return ""
            yield from self.trim()
        problem = self.feed(b"", True)
        for mark in self.marks():
            yield from self.piece(*mark)
        if problem or not self.cutter.found_any:
            yield from self.give_up(problem)
        elif self.window.bytes:
            base = self.window.base
            yield Gap(self.window.cut(len(self.window.bytes)), base)
        return ""

    def marks(self) -> list[tuple[str, int, int, str]]:
        """What expat noted since the last time, in the file's bytes and lines."""
        marks, self.bounds.marks = self.bounds.marks, []
        return [(what, at + self.shift, line + self.lines, name) for what, at, line, name in marks]

    def at(self) -> int:
        """Where expat is, in the file."""
        return max(self.bounds.parser.CurrentByteIndex, 0) + self.shift

    def feed(self, chunk: bytes, last: bool) -> Finding | None:
        try:
            self.bounds.parser.Parse(chunk, last)
        except _Doctype:
            return found("xml_doctype", self.here())
        except _Deep:
            return found("xml_too_deep", self.here(), note=f"nested deeper than {_DEEPEST} elements; reading stopped here")
        except expat.ExpatError as error:
            text, line = expat.ErrorString(error.code), error.lineno + self.lines
            return found("xml_not_well_formed", Position(line=line, offset=self.bounds.parser.ErrorByteIndex + self.shift),
                         note=f"{text}, line {line}, column {error.offset + 1}")
        except (ValueError, LookupError, UnicodeError) as error:
            # pyexpat asks Python's codecs for the encodings it does not know itself, and takes one-byte ones only.
            return found("character_set_unsupported", note=f"encoding {self.cutter.codec}: {error}")
        return None

    def here(self) -> Position:
        return Position(line=self.bounds.parser.CurrentLineNumber + self.lines, offset=max(self.at(), 0))

    def give_up(self, problem: Finding | None) -> Iterator[Piece]:
        """Before the first document lxml has the last word on the whole file; after it, reading ends here."""
        if self.cutter.found_any:
            assert problem
            yield Lost(problem)
        elif problem and problem.kind == "xml_doctype":
            yield Lost(problem)
        else:
            yield Whole(bytes(self.window.bytes))

    def piece(self, what: str, at: int, line: int, name: str) -> Iterator[Piece]:
        strays = self.cutter.strays
        match what:
            case "root":
                self.root_at = at
            case "open":
                self.cutter.around = self.start_tag(at)
            case "document" | "header":
                yield from self.begin(what, at, line, name)
            case "deep" if self.open:
                yield self.lose("xml_too_deep", line, f"deeper than {self.limits.xml_depth} elements")
            case "stray" if name not in strays and len(strays) < _STRAY_NAMES and self.cutter.found_any:
                strays.add(name)
                yield Lost(found("segment_outside_message", Position(line=line, offset=at), name,
                                 "an element beside the documents; it is kept with the raw file"))
            case "end":
                yield from self.finish(at)

    def begin(self, what: str, at: int, line: int, name: str) -> Iterator[Piece]:
        if at > self.window.base:
            base = self.window.base
            yield Gap(self.window.cut(at - base), base)
        self.open = (what, at, line, name)
        self.cutter.found_any = True

    def finish(self, at: int) -> Iterator[Piece]:
        if self.open:
            what, start, line, name = self.open
            self.open = None
            raw = self.window.cut(at - self.window.base)
            if at - start > self.limits.message:
                yield Gap(raw, start)
                yield Lost(found("message_too_large", Position(line=line, offset=start), name,
                                 f"more than {self.limits.message} bytes"))
            else:
                yield Slice(raw, start, line, name, self.cutter.around, what == "header")

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
        elif self.cutter.found_any and self.at() - self.window.base > CHUNK:
            base = self.window.base
            # A token's start is never inside a character.
            yield Gap(self.window.cut(self.at() - base), base)

    def start_tag(self, end: int) -> str:
        """The wrapper's start tag as text, in one line, so that line numbers inside a child stay right."""
        raw = bytes(self.window.bytes[self.root_at - self.window.base:end - self.window.base])
        return re.sub(r"[\r\n]", " ", raw.decode(self.cutter.codec, "surrogateescape").rstrip())
