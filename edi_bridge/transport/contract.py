"""What every transport is: bytes in, bytes out, and a confirm. One short contract; one battery of tests holds all of them to it.

A transport never decides what is received twice or sent again: it lists, fetches, confirms, puts and looks, and says what it
does not know. Names of files are the partner's text: a transport compares and sends them, and nothing of ours is ever called so.

**Order of events.** `fetch` changes nothing a partner can see, except in mailboxes that delete on reading (`reads_once`), where
the fetched bytes must be durable before anything else is fetched. `confirm` comes after the receipt is committed; it may be
called again. `put` writes under a temporary name, checks what the server says of the size, and renames; when its result is not
known it raises UncertainFault, and the caller must `look` before it puts again.

Faults: TransientFault (away, refused at the moment, full), UncertainFault (a put whose end is not known), UntrustedFault (a host
key or certificate that is not the pinned one), ChannelFault (a login that is refused, a wrong address: no file is to blame),
TerminalFault (a name that cannot be sent, a document that is refused), ConfigFault (the channel's options).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, Protocol, runtime_checkable

from edi_bridge.fault import Fault

UNKNOWN_SIZE = -1


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that waits at the partner: its name as the server says it, on one line (signs that do not print stand as escapes:
    `\\n`, `\\xff`), its size in bytes (UNKNOWN_SIZE where the server does not say), when it was last written (ISO 8601, UTC;
    '' unknown), and what finds this very file again, with the exact bytes of its name (`token`)."""

    name: str
    size: int = UNKNOWN_SIZE
    modified: str = ""
    token: str = ""


class Presence(Enum):
    """What a look after an uncertain put found."""

    ABSENT = "absent"  # neither it nor a part of it: it may be put again
    WHOLE = "whole"  # there under its name, with its size
    PARTIAL = "partial"  # a part of it, under its temporary name or its own: it may be put again
    UNKNOWN = "unknown"  # the place cannot be looked at (we may write there and not read): a person or a report decides


@dataclass(frozen=True, slots=True)
class Probe:
    """One step of a connection test: what was tried, whether it worked, what is to be read there (host key, expiry, skew)."""

    step: str  # connect, authenticate, list, put, get, delete, clock, certificate …
    good: bool
    says: str = ""


class Transport(Protocol):
    """One open way to a partner. Not thread-safe: a channel has one, used by one thread at a time."""

    @property
    def reads_once(self) -> bool:
        """Whether fetching takes the file away at the partner, so that the fetched bytes are the only ones."""

    @property
    def notes(self) -> list[str]:
        """What concerned single files only and was passed over (a name that cannot be fetched), a sentence each."""

    def listing(self) -> Iterator[RemoteFile]:
        """What waits, the oldest first; never folders, symbolic links or what is still under a temporary name."""

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a file's bytes into a stream; how many. A file that is gone meanwhile is a TransientFault."""

    def confirm(self, file: RemoteFile) -> None:
        """We have it for good: delete it, move it or keep it there, as the channel says. A file that is gone already is fine."""

    def put(self, name: str, source: BinaryIO, size: int) -> None:
        """Lay a file of `size` bytes down under `name`: temporary name, size checked, renamed."""

    def look(self, name: str, size: int) -> Presence:
        """What became of an uncertain put."""

    def probes(self) -> Iterator[Probe]:
        """Try everything the channel is for with a file of our own, step by step, and remove that file."""

    def close(self) -> None:
        """End the connection. Never raises."""


@runtime_checkable
class Together(Protocol):
    """A transport that lays down many files for the cost of a few, because what is slow is done for all of them at once."""

    def put_many(self, files: Sequence[tuple[str, BinaryIO, int]]) -> list[Fault | None]:
        """`put` for each (name, bytes, size), in their order; how it went with each: None well, else the fault that `put` would raise.
        Nothing is raised."""


@runtime_checkable
class Certified(Protocol):
    """A transport over TLS."""

    @property
    def certificate(self) -> bytes:
        """The certificate that the server showed last (DER); b'' before it did, and without TLS."""
