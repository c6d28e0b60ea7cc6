"""One interchange, and what it consists of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.interchange.document import Document
from edi_bridge.interchange.envelope import Address, Group, GroupEnd, Layout, Stray
from edi_bridge.interchange.masking import Delimiters
from edi_bridge.interchange.message import Message
from edi_bridge.interchange.sheet import Sheet

STRAYS_KEPT = 100  # of a file of junk no more
GROUPS_KEPT = 10_000  # of one interchange, for what answers them; no honest one has that many

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
