"""What an envelope says: who, to whom, which message; groups, and how a file was laid out."""

from __future__ import annotations

from dataclasses import dataclass

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
