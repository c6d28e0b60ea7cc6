"""Text: one component, a padded field, or a note that runs over several components and segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edi_bridge.mapping.codec_type import Arguments, Bad, Codec

_LEADING = 4  # how many blanks may be put in front of a note so that its last part does not look full


@dataclass(frozen=True, slots=True)
class TextFlow:
    """Free text over `parts` components of at most `width` characters, in at most `segments` segments of one kind.

    **flow**: cut hard and joined with nothing. A cut never stands beside a blank, since blanks at the end of an
    element get lost; where a text has no such place it is cut before a blank (blanks in front of a part count).
    A part is *full* when it has at least `width - 8` characters (below a width of 32: three quarters of it). A segment
    whose last component (number `parts`) is there and full goes on in the next one; a note ends with the first
    segment that is not like that, or after `segments` of them. Writing obeys this: a note never ends on a full last
    component. Where nothing else helps, up to four blanks are put in front of the note, which reading takes away.

    **lines**: one component a line. A segment whose last component is there goes on in the next one; a note whose
    lines would fill its segments exactly begins with a line of one blank, which reading takes away. With `parts: 1`
    every segment is a whole note when `segments` is 1; otherwise all segments in a row are one note, and two notes come
    back as one.

    **words**: what most partners do with the two halves of an article's name. A part that has exactly `width` characters
    was cut hard and is joined with nothing, a shorter one with a blank; writing cuts at blanks where it can. Segments go
    on as in flow; a last part that looks full is only known to end the text by what follows.

    With `whole` all segments of the place are one text (X12's PID, one after another below an item).
    """

    width: int
    parts: int = 1
    segments: int = 1
    mode: str = "flow"
    wrap: bool = False
    whole: bool = False

    @property
    def full(self) -> int:
        """The length from which on a part counts as full."""
        return self.width - min(8, self.width // 4)

    @property
    def lossy(self) -> str:
        """Why what was written may come back different; '' when it never does."""
        if self.mode == "flow":
            return ""
        if self.whole:
            return f"a line longer than {self.width} comes back as several lines" if self.wrap else ""
        if self.mode == "words":
            return "two texts in a row come back as one when the first fills its last part"
        reasons = []
        if self.wrap:
            reasons.append(f"a line longer than {self.width} comes back as several lines")
        if self.parts == 1 and self.segments > 1:
            reasons.append("several notes in a row come back as one")
        return " and ".join(reasons)

    # -- reading ---------------------------------------------------------------------------------------------------

    def read_segments(self, segments: list[list[str]]) -> list[str]:
        """The notes in segments of one kind, each given as the list of its components; empty notes are left out."""
        if self.whole:
            note = self._note([part for parts in segments for part in parts])
            return [note] if note else []
        notes: list[str] = []
        held: list[str] = []
        count = 0
        for parts in segments:
            held += parts
            count += 1
            if count == self.segments or not self._goes_on(parts):
                notes.append(self._note(held))
                held, count = [], 0
        if count:
            notes.append(self._note(held))
        return [note for note in notes if note]

    def _goes_on(self, parts: list[str]) -> bool:
        last = parts[self.parts - 1] if len(parts) >= self.parts else ""
        return len(last) >= (1 if self.mode == "lines" else self.full)

    def _note(self, parts: list[str]) -> str:
        if self.mode == "flow":
            return "".join(parts).strip()
        if self.mode == "words":
            return self._joined_words(parts)
        return "\n".join(part.rstrip() for part in parts).strip()

    # -- writing ---------------------------------------------------------------------------------------------------

    def write_segments(self, text: str, mark: str = ".") -> list[list[str]] | Bad:
        """The segments of one note, each as the list of its components; the inverse of `read_segments`."""
        if not isinstance(text, str) or text != text.strip():
            return Bad("cannot_write", f"{text!r} is not a text without blanks around it")
        if not text:
            return []
        match self.mode:
            case "flow":
                return self._write_flow(text)
            case "words":
                return self._write_words(text)
        return self._write_lines(text)

    def _write_flow(self, text: str) -> list[list[str]] | Bad:
        if "\n" in text or "\r" in text:
            return Bad("cannot_write", "a line break cannot be written in flowing text; use mode: lines")
        room = self.width * self.parts * self.segments
        if len(text) > room:
            return Bad("cannot_write", f"the text has {len(text)} characters, there is room for {room}")
        for blanks in range(_LEADING + 1):
            ends = self._cut(" " * blanks + text)
            if ends:
                padded = " " * blanks + text
                pieces = [padded[start:end] for start, end in zip([0, *ends], ends, strict=False)]
                return [pieces[at : at + self.parts] for at in range(0, len(pieces), self.parts)]
        return Bad("cannot_write", f"the text cannot be cut into {self.parts} × {self.segments} parts of {self.width} "
                                   "so that it is read back the same")

    def _cut(self, text: str) -> list[int]:
        """Where each part ends; [] when there is no way. The longest part first, going back where that leads nowhere."""
        ends: list[int] = []
        choices = [self._ends(text, 0, 0)]
        dead: set[tuple[int, int]] = set()
        while choices:
            end = next(choices[-1], None)
            if end is None:  # nothing works from here: go one part back
                choices.pop()
                if ends:
                    dead.add((ends.pop(), len(ends) + 1))
            elif end == len(text):
                return [*ends, end]
            elif (end, len(ends) + 1) not in dead and len(ends) + 1 < self.parts * self.segments:
                ends.append(end)
                choices.append(self._ends(text, end, len(ends)))
        return []

    def _ends(self, text: str, start: int, number: int) -> Iterator[int]:
        """Where part `number` (from 0), which begins at `start`, may end, best first."""
        last_of_segment = number % self.parts == self.parts - 1
        last_of_all = number == self.parts * self.segments - 1
        left = len(text) - start
        if left <= self.width and (last_of_all or not last_of_segment or left < self.full):
            yield len(text)
        if last_of_all:
            return
        shortest = self.full if last_of_segment else 1
        ends = range(start + min(self.width, left - 1), start + shortest - 1, -1)
        usable = [end for end in ends if not text[end - 1].isspace()]
        yield from (end for end in usable if not text[end].isspace())
        yield from (end for end in usable if text[end].isspace())

    def _joined_words(self, parts: list[str]) -> str:
        text, full = "", True
        for part in parts:
            part = part.rstrip()
            if part.strip():
                text += part if full else " " + part.lstrip()
                full = len(part) == self.width
        return text.strip()

    def _write_words(self, text: str) -> list[list[str]] | Bad:
        if "\n" in text or "\r" in text:
            return Bad("cannot_write", "a line break cannot be written here; use mode: lines")
        pieces: list[str] = []
        rest = text
        while len(rest) > self.width:
            shortest = self.full if not self.whole and len(pieces) % self.parts == self.parts - 1 else 1
            blank = next((at for at in range(self.width - 1, shortest - 1, -1)
                          if rest[at] == " " and " " not in (rest[at - 1], rest[at + 1])), 0)
            if not blank and " " in rest[self.width - 1 : self.width + 1]:
                return Bad("cannot_write", f"the text cannot be cut into parts of {self.width} so that it is read back the same")
            pieces.append(rest[: blank or self.width])
            rest = rest[blank + 1 :] if blank else rest[self.width :]
        pieces.append(rest)
        if len(pieces) > self.parts * self.segments:
            return Bad("cannot_write", f"the text has {len(text)} characters, {self.parts * self.segments} parts of {self.width} fit")
        return [pieces[at : at + self.parts] for at in range(0, len(pieces), self.parts)]

    def _write_lines(self, text: str) -> list[list[str]] | Bad:
        lines: list[str] = []
        for line in text.split("\n"):
            line = line.rstrip()
            if len(line) <= self.width:
                lines.append(line)
            elif self.wrap:
                lines += self._wrapped(line)
            else:
                return Bad("cannot_write", f"a line has {len(line)} characters, {self.width} fit; `wrap: true` would cut it")
        if len(lines) % self.parts == 0 and self.parts > 1 and len(lines) < self.parts * self.segments:
            lines.insert(0, " ")
        if len(lines) > self.parts * self.segments:
            return Bad("cannot_write", f"the text has {len(lines)} lines, {self.parts * self.segments} fit")
        # An empty last component would look like the end of the note, an empty first one is not allowed (C108.4440).
        lines = [line or " " if at % self.parts in (0, self.parts - 1) else line for at, line in enumerate(lines)]
        return [lines[at : at + self.parts] for at in range(0, len(lines), self.parts)]

    def _wrapped(self, line: str) -> list[str]:
        pieces = []
        while len(line) > self.width:
            cut = line.rfind(" ", 1, self.width + 1)
            cut = cut if line[:max(cut, 0)].strip() else self.width
            pieces.append(line[:cut].rstrip())
            line = line[cut:].lstrip()
        return [*pieces, line]


def text(arguments: Arguments, standard: str) -> Codec:
    """`text`, `text(width: W)`, `text(first: N)` or, with parts and segments, a TextFlow.

    `first: N` reads only the first N characters (X12's packaging code CTN25 is a form and a material).
    """
    width = arguments.number("width", 0, 0, 100_000)
    parts = arguments.number("parts", 0, 1, 99) if "parts" in arguments.names else 0
    segments = arguments.number("segments", 1, 1, 100_000) if "segments" in arguments.names else 0
    mode = arguments.choice("mode", ("flow", "lines", "words"))
    wrap, whole = arguments.flag("wrap"), arguments.flag("whole")
    first = arguments.number("first", 0, 0, 1000) or None
    if parts or segments:
        if width < 10:
            raise ValueError("text over several parts or segments needs a width of at least 10: text(width: 70, parts: 5)")
        if wrap and mode != "lines":
            raise ValueError("wrap: true belongs to mode: lines")
        if whole and mode == "flow":
            raise ValueError("whole: true belongs to mode: lines or words; in flow the text itself says where it ends")
        flow = TextFlow(width, parts or 1, segments or 1, mode, wrap, whole)
        return Codec("", "text", (), flow.read_segments, flow.write_segments, flow.lossy, flow)

    def read(raw: str) -> str | None:
        return raw[:first].strip() or None

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        if not isinstance(value, str):
            return Bad("cannot_write", f"{value!r} is not text")
        if width and len(value) > width:
            return Bad("cannot_write", f"the text has {len(value)} characters, {width} fit")
        return (value,)

    return Codec("", "text", (), read, write, f"only the first {first} characters are read" if first else "")


def padded(arguments: Arguments, standard: str) -> Codec:
    """`padded(width, char, side)`: filled with `char` on that side; `only: digits` leaves what has other characters alone.

    Text that begins (ends) with the filling itself could not be told from it and is refused when writing.
    """
    width, char, side = arguments.place(), arguments.place(" "), arguments.place("left")
    only = arguments.choice("only", ("anything", "digits"))
    if not (width.isascii() and width.isdigit() and 0 < int(width) <= 1000) or len(char) != 1 or side not in ("left", "right"):
        raise ValueError("padded takes a width, one character and a side: padded(10, 0, left)")
    size = int(width)

    def filled(value: str) -> bool:
        return only == "anything" or (value.isascii() and value.isdigit())

    def strip(value: str) -> str:
        return value.lstrip(char) if side == "left" else value.rstrip(char)

    def read(raw: str) -> str | None:
        return (strip(raw) if filled(raw) else raw).strip() or None

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        if not isinstance(value, str) or not value:
            return Bad("cannot_write", f"{value!r} is not text")
        if len(value) > size:
            return Bad("cannot_write", f"the text has {len(value)} characters, {size} fit")
        if not filled(value):
            return (value,)
        raw = value.rjust(size, char) if side == "left" else value.ljust(size, char)
        if read(raw) != value:
            return Bad("cannot_write", f"{value!r} begins or ends with the filling {char!r} and would not be read back")
        return (raw,)

    return Codec("", "text", (), read, write)
