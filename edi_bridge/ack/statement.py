"""What an answer that came in says, as values: about which interchange, group or message of ours, with what outcome, and
what is wrong with it. The readers of CONTRL, TA1, 997, 999, APERAK, 824 and MDN make them; `reconcile` works with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from edi_bridge.finding import KINDS, Finding
from edi_bridge.interchange import Address, Position

Words = Callable[[str, str, str], str]  # (x12/004010 or edifact/D3, data element, code) → what the code means; '' when unknown


def _own_words() -> dict[tuple[str, str], str]:
    """What we mean by a code when we send it, where one kind of finding alone has it."""
    found: dict[tuple[str, str], set[str]] = {}
    for kind in KINDS.values():
        for place in {*kind.x12.items(), *kind.x12_before.items(), ("0085", kind.contrl[0]), ("0085", kind.contrl[1])}:
            if place[1]:
                found.setdefault(place, set()).add(kind.sentence)
    return {place: sentences.pop() for place, sentences in found.items() if len(sentences) == 1}


FALLBACK = _own_words()  # where no list of the release says more


def no_words(release: str, element: str, code: str) -> str:
    """`Words` for a caller who has no code lists."""
    return ""


class Outcome(Enum):
    """What became of something sent. RECEIVED says only that it arrived: its contents are not judged yet."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    WITH_ERRORS = "accepted with errors"
    PARTIALLY = "partially accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement is about. `sender` and `receiver` are those of what we sent: the sender is us.

    `level` is interchange, group, message or document (APERAK and 824 name a business document, MDN a transfer). What the
    answer does not say is '': a 997 names no interchange. `kind` is the group's (GS01), `type` the message's as the answer
    has it (850, ORDERS:D:96A:UN). `transfer` is the Message-ID of AS2.
    """

    level: str
    standard: str
    sender: Address = Address()
    receiver: Address = Address()
    interchange: str = ""
    group: str = ""
    kind: str = ""
    message: str = ""
    type: str = ""
    document: str = ""
    transfer: str = ""

    def words(self) -> str:
        """`message 0001 (850) of group 17 (PO)`."""
        parts = []
        if self.message:
            parts.append(f"message {self.message}" + (f" ({self.type})" if self.type else ""))
        if self.group:
            parts.append(f"group {self.group}" + (f" ({self.kind})" if self.kind else ""))
        if self.interchange:
            parts.append(f"interchange {self.interchange}")
        if self.transfer:
            parts.append(f"transfer {self.transfer}")
        if self.document and self.level == "document":
            parts.insert(0, f"document {self.document}")
        return " of ".join(parts) or f"{self.level} without a number"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error that an answer names. `code` is of data element `element`; `words` its meaning, '' where no list has it.

    `position` counts as everywhere: segments from 1 (UNH, ST), elements from 1 after the tag; where something is `missing`, the
    segment is the place at which it should have stood. `value` is the answer's copy of the bad data, `text` what the
    other side wrote for people. `said` is the place of the complaint in the answer, in its own words (`997 AK403 = 6`).
    """

    code: str
    element: str
    words: str
    said: str
    position: Position = Position()
    value: str = ""
    text: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """What an answer says of one subject. `below` is what holds for everything inside it that the answer does not name; None:
    nothing is said of that. `place` is where it stands in the answer."""

    answer: str  # CONTRL, TA1, 997, 999, APERAK, 824, MDN
    subject: Subject
    outcome: Outcome
    complaints: tuple[Complaint, ...] = ()
    below: Outcome | None = None
    code: str = ""  # as it stands there: AK501 = R, 0083 = 4
    place: Position = Position()
    digest: str = ""  # MDN: the MIC, as text


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: what it says, and what is odd about the answer itself. `reference` is its own."""

    name: str
    statements: tuple[Statement, ...]
    findings: tuple[Finding, ...] = field(default=())
    reference: str = ""
    text: str = ""  # for people


def whole_number(text: str) -> int | None:
    """A count or position as an answer writes it; None where it is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def meaning(words: Words, release: str, element: str, code: str) -> str:
    """What a code means: by the lists of its release, else by our own table; '' where neither knows it."""
    return words(release, element, code) or FALLBACK.get((element, code), "")
