"""A good interchange made bad, as a scenario declares it: at its bytes, so that nothing of ours repairs it on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from edi_bridge import syntax
from edi_bridge.interchange import Interchange, Message
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.rollout.scenario import Mutation

STRANGER = "9521200098765"  # an address that nobody has (prefix 952 is kept for examples)
CYRILLIC = "Заказ".encode()  # UTF-8 in which most bytes are no characters of another set


@dataclass(frozen=True, slots=True)
class Whole:
    """An interchange at its bytes."""

    content: bytes
    standard: str
    element: bytes
    terminator: bytes

    @property
    def segments(self) -> list[bytes]:
        """Every segment without its terminator. Only for what we wrote ourselves: no terminator is released in its trailers."""
        return self.content.split(self.terminator)


def mutated(content: bytes, mutation: Mutation, compiled: CompiledMap) -> bytes:
    """The interchange with the fault. ValueError where the fault cannot be made in it."""
    interchange = next(iter(syntax.read(content)))
    signs = interchange.delimiters
    whole = Whole(content, interchange.standard, signs.element.encode(), signs.terminator.encode())
    return MADE[mutation.do](whole, mutation, compiled)


def _place(content: bytes, name: str, compiled: CompiledMap) -> tuple[int, bytes, str]:
    """Where a field stands: byte, raw bytes, encoding."""
    interchange: Interchange = next(iter(syntax.read(content)))
    message = next(one for one in interchange.messages)
    for one in compiled.trace(message):
        if one.record == 0 and one.path == name and one.places and one.places[0].position.offset is not None:
            return one.places[0].position.offset, one.places[0].raw.encode(interchange.encoding), interchange.encoding
    raise ValueError(f"{name} stands nowhere in the message")


def _set(whole: Whole, mutation: Mutation, compiled: CompiledMap) -> bytes:
    at, raw, encoding = _place(whole.content, mutation.field, compiled)
    if whole.content[at : at + len(raw)] != raw:
        raise ValueError(f"{mutation.field} cannot be set at its bytes")
    return whole.content[:at] + mutation.text.encode(encoding) + whole.content[at + len(raw) :]


def _drop(whole: Whole, mutation: Mutation, compiled: CompiledMap) -> bytes:
    """Without the segment of a field; the trailer counts one less, so that only the segment is missing."""
    at, _, _ = _place(whole.content, mutation.field, compiled)
    start = whole.content.rfind(whole.terminator, 0, at) + len(whole.terminator)
    end = whole.content.find(whole.terminator, at) + len(whole.terminator)
    return _counted(whole.content[:start] + whole.content[end:], whole, -1)


def _drop_first(whole: Whole, mutation: Mutation, compiled: CompiledMap) -> bytes:
    """Without the segment behind the message's header (BGM, BEG …), which no message is without."""
    header = (b"UNH" if whole.standard == "edifact" else b"ST") + whole.element
    start = whole.content.index(whole.terminator, whole.content.index(whole.terminator + header) + 1 if whole.terminator + header in whole.content
                                else whole.content.index(header)) + len(whole.terminator)
    end = whole.content.index(whole.terminator, start) + len(whole.terminator)
    return _counted(whole.content[:start] + whole.content[end:], whole, -1)


TRAILERS = {"edifact": (b"UNT", b"UNZ"), "x12": (b"SE", b"IEA")}


def _counted(content: bytes, whole: Whole, by: int, which: int = 0) -> bytes:
    """With another count in the first trailer of a kind (0 of messages, 1 of the interchange)."""
    tag = TRAILERS[whole.standard][which] + whole.element
    pattern = re.compile(rb"(?:(?<=^)|(?<=" + re.escape(whole.terminator) + rb"))(\s*" + re.escape(tag) + rb")(\d+)")
    made, count = pattern.subn(lambda found: found[1] + str(int(found[2]) + by).encode(), content, 1)
    if not count:
        raise ValueError(f"there is no {tag[:-1].decode()}")
    return made


def _message_count(whole: Whole, mutation: Mutation, compiled: CompiledMap) -> bytes:
    return _counted(whole.content, whole, 1)


def _interchange_count(whole: Whole, mutation: Mutation, compiled: CompiledMap) -> bytes:
    return _counted(whole.content, whole, 1, 1)


def _control(whole: Whole, mutation: Mutation, compiled: CompiledMap) -> bytes:
    """The trailer's control number (UNZ 0020, IEA02) is another."""
    tag = TRAILERS[whole.standard][1] + whole.element
    start = whole.content.rfind(tag)
    parts = whole.content[start:].split(whole.element)
    number = parts[2]
    digit = next(n for n, byte in enumerate(number) if chr(byte).isdigit())
    other = number[:digit] + (b"8" if number[digit : digit + 1] != b"8" else b"7") + number[digit + 1 :]
    return whole.content[:start] + whole.element.join([*parts[:2], other, *parts[3:]])


def _sender(whole: Whole, mutation: Mutation, compiled: CompiledMap) -> bytes:
    """The sender of the envelope (UNB S002, ISA06) is somebody whom nobody knows."""
    sender = next(iter(syntax.read(whole.content))).sender.id.rstrip().encode()
    start = whole.content.index(b"UNB" if whole.standard == "edifact" else b"ISA")
    at = whole.content.index(sender, start)
    stranger = STRANGER.encode()
    if whole.standard == "x12":  # ISA06 has 15 characters whatever stands in it
        return whole.content[:at] + stranger.ljust(15) + whole.content[at + 15 :]
    return whole.content[:at] + stranger + whole.content[at + len(sender) :]


def _charset(whole: Whole, mutation: Mutation, compiled: CompiledMap) -> bytes:
    """UTF-8 in a text of the message, whatever the envelope declares; of EDIFACT the envelope declares UNOB (ISO 9735-1 annex A)."""
    message = next(one for one in next(iter(syntax.read(whole.content))).messages)
    assert isinstance(message, Message)
    texts = [one for one in compiled.trace(message) if one.record == 0 and one.places and isinstance(one.value, str)
             and one.places[0].position.offset is not None and len(one.places[0].raw) > 4 and one.places[0].raw.replace(" ", "").isalpha()]
    if not texts:
        raise ValueError("no text of the message could hold another character")
    at = texts[0].places[0].position.offset
    assert at is not None
    made = whole.content[:at] + CYRILLIC + whole.content[at + len(texts[0].places[0].raw) :]
    return re.sub(rb"UNO[C-Z]", b"UNOB", made, count=1) if whole.standard == "edifact" else made


def _conflict(whole: Whole, mutation: Mutation, compiled: CompiledMap) -> bytes:
    """Another document under the same control number."""
    at, raw, _ = _place(whole.content, "number", compiled)
    return whole.content[:at] + raw[:-1] + (b"X" if raw[-1:] != b"X" else b"Y") + whole.content[at + len(raw) :]


def _same(whole: Whole, mutation: Mutation, compiled: CompiledMap) -> bytes:
    return whole.content


MADE: dict[str, Callable[[Whole, Mutation, CompiledMap], bytes]] = {
    "set": _set, "drop": _drop, "drop_first": _drop_first, "message_count": _message_count, "interchange_count": _interchange_count, "control": _control,
    "sender": _sender, "charset": _charset, "again": _same, "conflict": _conflict,
}
TWICE = ("again", "conflict")  # what is played after the good one
