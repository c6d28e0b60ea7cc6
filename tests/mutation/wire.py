"""The planter's own reading and writing of segments: nothing of it is shared with the program under test.

Values stand here as people see them (released characters without their release character); writing puts it back.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Marks:
    """The service characters of a file. '' where one is not in use."""

    component: str
    element: str
    release: str
    repetition: str
    terminator: str


@dataclass
class Seg:
    """A segment: `elements` are lists of repetitions, a repetition is a list of components. Compared by identity."""

    tag: str
    elements: list[list[list[str]]] = field(default_factory=list)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def value(self, element: int, component: int = 1) -> str:
        """The first repetition's value, '' when absent; counts from 1."""
        if element > len(self.elements):
            return ""
        parts = self.elements[element - 1][0]
        return parts[component - 1] if component <= len(parts) else ""

    def put(self, element: int, component: int, value: str) -> None:
        """Write a value, making room where needed."""
        while len(self.elements) < element:
            self.elements.append([[""]])
        parts = self.elements[element - 1][0]
        while len(parts) < component:
            parts.append("")
        parts[component - 1] = value

    def trim(self) -> None:
        """Take away separators behind which nothing follows."""
        for repetitions in self.elements:
            for parts in repetitions:
                while len(parts) > 1 and not parts[-1]:
                    parts.pop()
        while self.elements and self.elements[-1] == [[""]]:
            self.elements.pop()

    def copy(self) -> Seg:
        """Another segment with the same values."""
        return Seg(self.tag, [[list(parts) for parts in repetitions] for repetitions in self.elements])


@dataclass
class Wire:
    """A file with one message: `head` and `tail` are kept as they are, `segments` run from UNH/ST to UNT/SE."""

    standard: str
    marks: Marks
    head: str
    segments: list[Seg]
    tail: str
    newline: str

    def copy(self) -> Wire:
        """The same file with segments of its own, in the same order."""
        return Wire(self.standard, self.marks, self.head, [one.copy() for one in self.segments], self.tail, self.newline)

    def write(self) -> tuple[bytes, list[int]]:
        """(the bytes, the byte at which each segment begins); every sample is in a one-byte character set."""
        text, starts = self.head, []
        for segment in self.segments:
            starts.append(len(text))
            text += self.text(segment) + self.marks.terminator + self.newline
        return (text + self.tail).encode("latin-1"), starts

    def text(self, segment: Seg) -> str:
        """A segment as it stands in the file, without its terminator."""
        m = self.marks
        return m.element.join([segment.tag] + [self._element(one) for one in segment.elements])

    def _element(self, repetitions: list[list[str]]) -> str:
        m = self.marks
        return m.repetition.join(m.component.join(self._released(part) for part in parts) for parts in repetitions)

    def _released(self, value: str) -> str:
        m = self.marks
        if not m.release:
            return value
        special = {m.component, m.element, m.release, m.terminator, m.repetition}
        return "".join(m.release + c if c in special else c for c in value)

    def span(self, segment: Seg, element: int, component: int | None) -> tuple[int, int]:
        """(offset inside the segment, length) in bytes of an element or of a component of its first repetition."""
        m = self.marks
        start = len(m.element.join([segment.tag] + [self._element(one) for one in segment.elements[:element - 1]])) + 1
        if element > len(segment.elements):
            return len(self.text(segment)), 0
        if component is None:
            return start, len(self._element(segment.elements[element - 1]))
        parts = [self._released(part) for part in segment.elements[element - 1][0]]
        if component > len(parts):
            return start + len(m.component.join(parts)), 0
        return start + sum(len(part) + 1 for part in parts[:component - 1]), len(parts[component - 1])


def read(content: bytes) -> Wire:
    """A file with exactly one message. The composites of X12 are found by the component separator that ISA16 declares."""
    text = content.decode("latin-1")
    if text.startswith("ISA"):
        later = text[82] if not text[82].isalnum() else ""
        marks = Marks(text[104], text[3], "", later, text[105])
        return _read(text, "x12", marks, 0, "ST", "SE")
    assert text.startswith("UNA")
    marks = Marks(text[3], text[4], text[6].strip(), text[7].strip(), text[8])
    return _read(text, "edifact", marks, 9, "UNH", "UNT")


def _read(text: str, standard: str, marks: Marks, at: int, first: str, last: str) -> Wire:
    head = tail = newline = ""
    segments: list[Seg] = []
    inside = done = False
    while at < len(text):
        end = _end(text, at, marks)
        piece = text[at:end + 1]
        body = piece.lstrip("\r\n")
        at = end + 1
        inside = inside or body.startswith(first + marks.element)
        if done:
            tail += piece
        elif inside:
            if not segments:
                head = text[:at - len(body)]
            elif len(segments) == 1:
                newline = piece[:len(piece) - len(body)]
            segments.append(_segment(body[:-1], marks))
            done = segments[-1].tag == last
    return Wire(standard, marks, head, segments, tail.lstrip("\r\n"), newline)


def _end(text: str, at: int, marks: Marks) -> int:
    """The place of the terminator that ends the segment beginning at `at`."""
    while at < len(text) and text[at] != marks.terminator:
        at += 2 if text[at] == marks.release else 1
    return at


def _segment(body: str, marks: Marks) -> Seg:
    tag, *elements = _split(body, marks.element, marks.release)
    made = []
    for element in elements:
        repetitions = _split(element, marks.repetition, marks.release) if marks.repetition else [element]
        made.append([[_plain(part, marks) for part in _split(one, marks.component, marks.release)] for one in repetitions])
    return Seg(tag, made)


def _split(text: str, mark: str, release: str) -> list[str]:
    """Split at a mark that is not released; the release characters stay."""
    pieces, at, start = [], 0, 0
    while at < len(text):
        if release and text[at] == release:
            at += 2
            continue
        if text[at] == mark:
            pieces.append(text[start:at])
            start = at + 1
        at += 1
    return pieces + [text[start:]]


def _plain(part: str, marks: Marks) -> str:
    if not marks.release:
        return part
    out, at = "", 0
    while at < len(part):
        if part[at] == marks.release:
            at += 1
        out += part[at:at + 1]
        at += 1
    return out
