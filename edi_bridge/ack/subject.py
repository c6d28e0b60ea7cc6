"""What is answered, as light values: the envelope, its groups, and one line for each message.

Nothing of a message itself is kept: an interchange of a gigabyte has a million messages, and its answer can only be
written when its last one was read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from edi_bridge.finding import KINDS, Finding, Level, Verdict
from edi_bridge.interchange import (
    AnyMessage,
    Delimiters,
    Group,
    Interchange,
    Message,
    clashes,
    join,
    mask,
    unmask,
)

PLAINER = str.maketrans({"ß": "ss", "›": ">", "’": "'", "“": '"', "”": '"', "–": "-", "·": "-"})
SEPARATOR = "\0"  # between the segments of `Line.notes`: no segment can hold it
UPPER_ONLY = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-()/=!\"%&*;<>'+:?")  # ISO 9735 level A (UNOA)

# where a message's own number stands: set → (tag, element); of EDIFACT it is BGM 1004
NUMBERS = {"810": ("BIG", 2), "816": ("BHT", 3), "820": ("TRN", 2), "824": ("BGN", 2), "838": ("BTP", 2), "850": ("BEG", 3),
           "855": ("BAK", 3), "856": ("BSN", 2), "860": ("BCH", 3), "865": ("BCA", 3)}


@dataclass(frozen=True, slots=True)
class Line:
    """What an answer says of one message. `identifier` are the components of S009, or ST01 and ST03; `fault` what is said of
    the message as a whole (0085, service segment, place; or the codes of AK5), `notes` the segments about its segments in
    wire form, `SEPARATOR` between them."""

    ordinal: int
    reference: str
    identifier: tuple[str, ...]
    group: int  # the ordinal of its group, 0: it stands in none
    verdict: Verdict
    fault: tuple[str, ...] = ()
    notes: str = ""

    @property
    def segments(self) -> list[str]:
        """The segments about its segments."""
        return self.notes.split(SEPARATOR) if self.notes else []


@dataclass(frozen=True, slots=True)
class GroupLine:
    """What an answer says of one group: its header, what its trailer counted, and what is wrong with the two."""

    group: Group
    counted: str  # GE01, UNE 0060; '' where the trailer is missing
    findings: tuple[Finding, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Document:
    """The business document in a message, for an answer of the business: its number as the sender gave it."""

    number: str
    tag: str = ""  # of the segment that holds the number
    element: int = 0


def elements(text: str, delimiters: Delimiters) -> list[list[str]]:
    """A segment in wire form as elements of components; [0][0] is the tag."""
    masked = mask(text, delimiters)
    parted = [part.split(delimiters.component) if delimiters.component else [part] for part in masked.split(delimiters.element)]
    return [[unmask(one, delimiters) for one in part] for part in parted]


def at(rows: Sequence[Sequence[str]], element: int, component: int = 1) -> str:
    """A value of `elements`; '' where there is none."""
    return rows[element][component - 1] if element < len(rows) and component <= len(rows[element]) else ""


def opening(message: Message) -> list[list[str]]:
    """The header segment of a message (UNH, ST), without splitting the others."""
    d = message.delimiters
    parts = message.text[:message.text.find(d.terminator)].split(d.element)
    return [[unmask(one, d) for one in (part.split(d.component) if d.component else [part])] for part in parts]


def document(message: AnyMessage) -> Document:
    """The number of the business document in a message; that of an X12 set we do not know is ''."""
    if not isinstance(message, Message):
        return Document(message.reference)
    tag, element = ("BGM", 2) if message.standard == "edifact" else NUMBERS.get(message.type.name, ("", 0))
    for number, segment in enumerate(message.segments[:10], 1):  # it stands at the beginning of every message we know
        if tag and segment[0] == tag:
            return Document(message.value(number, element), tag, element)
    return Document("")


def is_business(finding: Finding) -> bool:
    """Whether it is about the document and not about its form: told by APERAK or 824, never by CONTRL, 997 or 999."""
    return KINDS[finding.kind].level is Level.BUSINESS


def of_message(finding: Finding) -> bool:
    """Whether it is about the message as a whole or its header and trailer (UCM, AK5), not about a segment in it."""
    return KINDS[finding.kind].level is Level.MESSAGE or finding.position.segment is None


def legal(value: str, most: int, least: int = 1) -> bool:
    """Whether a value that is copied from the other side can stand in an element of `least` to `most` characters. U+FFFD stands
    for bytes that could not be read."""
    return least <= len(value) <= most and value.isprintable() and bool(value.strip()) and "\ufffd" not in value


def fits(value: str, most: int, delimiters: Delimiters, least: int = 1) -> bool:
    """The same for an X12 element: ASCII, and no delimiter that cannot be released."""
    return legal(value, most, least) and value.isascii() and not clashes(value, delimiters)


def plain(text: str, delimiters: Delimiters, *, level: str = "") -> str:
    """Words of ours or of the other side that anyone can read: ASCII, no delimiter that cannot be released, and
    capital letters only where the character set is UNOA (`level`)."""
    text = unicodedata.normalize("NFKD", text.translate(PLAINER))  # ä becomes a and its dots, … three full stops
    text = "".join(char for char in text if not unicodedata.combining(char))
    if level == "UNOA":
        text = "".join(char if char in UPPER_ONLY else " " for char in text.upper())
    unsafe = clashes(text, delimiters)
    return "".join(" " if not " " <= char <= "~" or char in unsafe else char for char in text).strip()


def words(finding: Finding) -> str:
    """What is wrong, in a sentence for the other side."""
    said = finding.note or KINDS[finding.kind].sentence
    return f"{said}, found {finding.value}" if finding.value and finding.value not in said else said


def segment(interchange: Interchange, *parts: str | Sequence[str]) -> str:
    """A segment of an answer, with the delimiters of what is answered."""
    return join(parts, interchange.delimiters)
