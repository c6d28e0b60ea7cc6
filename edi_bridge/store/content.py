"""The identity of a message's content, whatever delimiters a network has put between its values."""

from __future__ import annotations

from hashlib import sha256

from edi_bridge.interchange import AnyMessage, Document, Message, Sheet, unmask

# What stands for terminator, element, component and repetition separator: not possible in a message itself.
_CANONICAL = ("\x1d", "\x1c", "\x1e", "\x1f")


def content_hash(message: AnyMessage) -> str:
    """SHA-256 of what a message says: of a segment format the segments between header and trailer in canonical
    delimiters (PROMISES.md: networks rewrite delimiters), of an XML document or a CSV part its bytes."""
    if isinstance(message, Message):
        return sha256(_canonical(message).encode("utf-8", "surrogatepass")).hexdigest()
    if message.raw:
        return sha256(message.raw).hexdigest()
    return sha256(_rest(message)).hexdigest()


def _canonical(message: Message) -> str:
    delimiters = message.delimiters
    terminator = delimiters.terminator
    text = message.text
    start = text.find(terminator) + 1
    end = text.rfind(terminator, start, len(text) - 1) + 1
    body = text[start : max(start, end)]
    actual = (terminator, delimiters.element, delimiters.component, delimiters.repetition)
    for char, ours in zip(actual, _CANONICAL, strict=True):
        if char:
            body = body.replace(char, ours)
    return unmask(body, delimiters) if message.released else body


def _rest(message: Document | Sheet) -> bytes:
    if isinstance(message, Sheet):
        return "\x1d".join("\x1c".join(row) for row in [message.header, *message.rows]).encode()
    from lxml import etree

    canonical: bytes = etree.tostring(message.root, method="c14n")
    return canonical
