"""Whether two interchanges under one control number say the same, though their bytes differ: networks put other delimiters and line ends
into what they carry, and bundle interchanges anew."""

from __future__ import annotations

from collections.abc import Collection, Generator
from hashlib import sha256

from edi_bridge import syntax
from edi_bridge.fault import TerminalFault
from edi_bridge.interchange import Interchange, Message
from edi_bridge.store.archive import Archive
from edi_bridge.store.content import content_hash

BREATH = 500  # messages after which others get their turn


def digests(archive: Archive, receipt: str, ordinals: Collection[int]) -> Generator[None, None, dict[int, str]]:
    """What the messages of interchanges of one file say, each as a SHA-256 by its place there: `receipt` is the SHA-256 of the file, which
    is read once. '' where one has no segments, or its bytes are no longer here: it is the same as nothing else. Yields between messages."""
    made, last = dict.fromkeys(ordinals, ""), max(ordinals, default=0)
    try:
        with archive.open(receipt) as source:
            for interchange in syntax.read(source):
                if interchange.ordinal in made:
                    made[interchange.ordinal] = yield from _digest(interchange)
                if interchange.ordinal >= last:
                    break
                for number, _ in enumerate(interchange.parts, 1):  # what nobody asked for
                    if number % BREATH == 0:
                        yield
    except TerminalFault:
        return made
    return made


def _digest(interchange: Interchange) -> Generator[None, None, str]:
    made = sha256(interchange.standard.encode())
    count = 0
    for message in interchange.messages:
        if not isinstance(message, Message):
            return ""
        count += 1
        made.update(f"\x1d{message.type} {message.reference} {content_hash(message)}".encode("utf-8", "surrogatepass"))
        if count % BREATH == 0:
            yield
    made.update("".join(f"\x1d{group.reference}" for group in interchange.groups).encode("utf-8", "surrogatepass"))
    return made.hexdigest() if count else ""
