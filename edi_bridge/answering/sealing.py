"""Answers in their envelopes: segments in, bytes out.

Sender and receiver are swapped; delimiters, syntax or version, and usage indicator are those of the interchange that is answered.
An answer asks for no acknowledgement itself.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from edi_bridge import syntax
from edi_bridge.finding import Verdict
from edi_bridge.interchange import (
    Address,
    Delimiters,
    Group,
    Interchange,
    MessageType,
    Part,
    Stray,
    mask,
    wire,
)

LEVEL_B_SEPARATOR = "\x1d"  # these separators are known without UNA (ISO 9735:1988, level B)
ANY_LEVEL = "UNOC"  # where the header that is answered does not name a character set
PLAIN_SYNTAX = "3"  # the syntax of an answer to a header that names none that there is
ISA_VERSION = "00401"  # where the header that is answered does not name one

Draw = Callable[[str], int]  # the next control number of a kind: "interchange" or "group"
Body = tuple[MessageType, str, list[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One interchange that goes out: its name (receipt, contrl, ta1, 997, 999, aperak, 824), its control number, its bytes,
    what it says in words, and its verdict."""

    name: str
    control: str
    content: bytes
    words: str
    verdict: Verdict
    delimiters: Delimiters
    encoding: str

    def lines(self) -> Iterator[str]:
        """Its segments with their terminators, one after another, as people read them."""
        text, end = self.content.decode(self.encoding), self.delimiters.terminator
        for head in self._heads(text):
            yield head
            text = text[len(head):]
        for segment in mask(text, self.delimiters).split(end)[:-1]:
            yield wire(segment, self.delimiters) + end.strip("\r\n")

    def _heads(self, text: str) -> Iterator[str]:
        """The segments that declare a release character, which must not be read as released by it: UNA, or ISA and ISX."""
        if text.startswith("UNA"):
            yield text[:9]
        elif self.delimiters.release and text.startswith("ISA"):
            extension = f"ISX{self.delimiters.element}{self.delimiters.release}{self.delimiters.terminator}"
            yield text[:text.index(extension)]
            yield extension


@dataclass(frozen=True, slots=True)
class Seal:
    """Makes answers to one interchange. `draw` gives control numbers; `prepared` is ISO 8601 (`2026-03-01T14:05`)."""

    interchange: Interchange
    draw: Draw
    prepared: str

    @property
    def obstacle(self) -> str:
        """Why its delimiters cannot be those of an X12 answer; '' when they can."""
        used = self.interchange.delimiters.released()
        if not self.interchange.delimiters.component:
            return "its ISA names no component separator"
        if len(set(used)) != len(used) or any(char.isalnum() or char == " " for char in used):
            return "its delimiters are not usable"
        return ""

    def edifact(self, name: str, bodies: Sequence[Body], words: str, verdict: Verdict) -> Answer:
        """Messages in an UNB … UNZ of their own."""
        answered = self.interchange
        level, _, version = answered.syntax.partition(":")
        level = level if re.fullmatch("[A-Z]{4}", level) else ANY_LEVEL
        version = version if version in ("1", "2", "3", "4") else PLAIN_SYNTAX
        una = False if answered.delimiters.element == LEVEL_B_SEPARATOR and not answered.layout.una else None
        made = syntax.module("edifact").build(
            sender=answered.receiver, receiver=answered.sender, control=str(self.draw("interchange")), prepared=self.prepared,
            bodies=bodies, syntax=f"{level}:{version}", test=bool(answered.test), delimiters=answered.delimiters, una=una, encoding=answered.encoding)
        return _answer(name, made, words, verdict)

    def x12(self, name: str, kind: str, bodies: Sequence[tuple[Group, MessageType, list[str]]], words: str, verdict: Verdict) -> Answer:
        """Sets in an ISA … IEA of their own, one group (GS01 = `kind`) for those that go to the same address in the same
        version. Each comes with the group that it answers."""
        groups: dict[tuple[str, str, str], list[Body]] = {}
        for answered, type, segments in bodies:
            sets = groups.setdefault((answered.receiver, answered.sender, type.version + type.usage), [])
            sets.append((type, f"{len(sets) + 1:04}", segments))
        made = self._isa([(kind, sender, receiver, str(self.draw("group")), version, sets)
                          for (sender, receiver, version), sets in groups.items()])
        return _answer(name, made, words, verdict)

    def ta1(self, segment: str, words: str, verdict: Verdict) -> Answer:
        """A TA1 alone between ISA and IEA."""
        made = self._isa([])
        made.parts = _behind(made.parts, Stray(segment, 0))
        return _answer("ta1", made, words, verdict)

    def _isa(self, groups: Iterable[tuple[str, str, str, str, str, list[Body]]]) -> Interchange:
        answered = self.interchange
        version = answered.syntax if len(answered.syntax) == 5 and answered.syntax.isdigit() else ISA_VERSION
        made: Interchange = syntax.module("x12").build(
            sender=_trimmed(answered.receiver), receiver=_trimmed(answered.sender), control=str(self.draw("interchange")),
            prepared=self.prepared, groups=groups, version=version, test=bool(answered.test), delimiters=answered.delimiters,
            encoding="ascii" if answered.delimiters.released().isascii() else "latin-1")
        return made


def _trimmed(address: Address) -> Address:
    return Address(address.id.strip(), address.qualifier.strip())


def _behind(parts: Iterator[Part], last: Part) -> Iterator[Part]:
    return chain(parts, [last])


def _answer(name: str, made: Interchange, words: str, verdict: Verdict) -> Answer:
    out = io.BytesIO()
    syntax.write_to(made, out)
    return Answer(name, made.control, out.getvalue(), words, verdict, made.delimiters, made.encoding)
