"""The line of a partner's message in which a finding stands, ready for a caret below it.

Control characters are shown by their pictures (U+2400…), one column each, so that the caret stays under its place.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, NamedTuple

from edi_bridge.interchange import (
    AnyMessage,
    Document,
    Interchange,
    Message,
    Position,
    Sheet,
    inner_span,
)

LIMIT = 96  # columns of the source that are shown at most
AROUND = 400  # bytes on either side of the place that are looked at, so that a segment of 100 MB costs nothing


class Excerpt(NamedTuple):
    """`text` is one printable line; the place is its columns `start` to `start + length`."""

    text: str
    start: int
    length: int


def of(position: Position, message: AnyMessage | None, interchange: Interchange) -> Excerpt | None:
    """The excerpt for a place; None where there is no line to show."""
    match message:
        case Message():
            return _segment(position, message)
        case Document():
            return _xml_line(position, message, interchange.encoding)
        case Sheet():
            return _row(position, message)
    return _envelope(position, interchange)


def _segment(position: Position, message: Message) -> Excerpt | None:
    if position.segment is None or not 0 < position.segment <= len(message.segments):
        return None
    whole = message.locate(position.segment)
    if whole.offset is None or not message.raw:
        return None
    start, length = whole.offset - message.offset, whole.length or 0
    at, size = start, 0
    if position.offset is not None and position.element is not None:
        at, size = position.offset - message.offset, position.length or 0
    elif position.element is not None:
        exact = message.locate(position.segment, position.element, position.component)
        if exact.offset is not None:
            at, size = exact.offset - message.offset, exact.length or 0
    return _cut(message.raw, start, start + length, at, size, message.encoding, message.delimiters.terminator)


def _envelope(position: Position, interchange: Interchange) -> Excerpt | None:
    """A place in the header or trailer of the interchange itself, or of one of its groups."""
    groups = [one.header for one in interchange.groups if one.ordinal == position.group]
    trailer = interchange.group_trailers.get(position.group or 0, "")
    for raw in (interchange.header, interchange.trailer or "", *groups, trailer):
        if position.tag and raw.startswith(position.tag):
            wire = raw.encode(interchange.encoding, "replace")
            at, end = 0, 0
            if position.element is not None:
                at, end = inner_span(
                    wire,
                    0,
                    len(wire),
                    position.element,
                    position.component,
                    interchange.delimiters,
                    interchange.encoding,
                )
            return _cut(wire, 0, len(wire), at, end - at, interchange.encoding, interchange.delimiters.terminator)
    return None


def _xml_line(position: Position, message: Document, encoding: str) -> Excerpt | None:
    if position.line is None or position.line < message.line:
        return None
    raw = message.raw
    if encoding not in ("utf-8", "ascii"):
        raw = raw.decode(encoding, "replace").encode()
    start = 0
    for _ in range(position.line - message.line):
        start = raw.find(b"\n", start) + 1
        if not start:
            return None
    end = raw.find(b"\n", start)
    end = len(raw) if end < 0 else end
    line = raw[start : min(end, start + 10_000)]
    start += len(line) - len(line.lstrip())
    return _cut(raw, start, end, *_named(position, message, raw, start, end), "utf-8", "")


def _named(position: Position, message: Document, raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where in its line the name of a place's element or attribute stands, and its length; (the line's start, 0) when nowhere.
    A document may be one long line, so elements of the same name on that line are counted."""
    path, _, attribute = (position.path or "").partition("/@")
    element = _element(message.root, path)
    if element is None:
        return start, 0
    name = path.rpartition("/")[2].partition("[")[0].encode()
    before = 0
    for other in message.root.iter(element.tag):
        if other is element:
            break
        before += other.sourceline == element.sourceline and other.prefix == element.prefix
    tags = (start + match.start(1) for match in re.finditer(rb"<(%b)[\s/>]" % re.escape(name), raw[start : end + 1]))
    at = next(islice(tags, before, None), start)
    inside = raw.find(attribute.encode() + b"=", at, end) if attribute else -1
    return (inside, len(attribute.encode())) if inside >= 0 else (at, len(name))


def _element(root: Any, path: str) -> Any:
    """The element that a path names (`interchange.element_path`); None when there is none: it is missing."""
    element = root
    for step in path.split("/")[2:]:
        name, _, number = step.rstrip("]").partition("[")
        fitting = [one for one in element if isinstance(one.tag, str) and _own_name(one) == name]
        if not 0 < int(number or 1) <= len(fitting):
            return None
        element = fitting[int(number or 1) - 1]
    return element


def _own_name(element: Any) -> str:
    local: str = element.tag.rpartition("}")[2]
    return f"{element.prefix}:{local}" if element.prefix else local


def _row(position: Position, message: Sheet) -> Excerpt | None:
    if position.offset is None:
        return None
    at = position.offset - message.offset
    if not 0 <= at <= len(message.raw):
        return None
    start = max(message.raw.rfind(b"\n", 0, at), message.raw.rfind(b"\r", 0, at)) + 1
    ends = [end for end in (message.raw.find(b"\n", at), message.raw.find(b"\r", at)) if end >= 0]
    size = position.length or 0
    whole_row = at == start and size >= min(ends, default=len(message.raw)) - start
    return _cut(
        message.raw, start, min(ends, default=len(message.raw)), at, 0 if whole_row else size, message.encoding, ""
    )


def _cut(raw: bytes, start: int, end: int, at: int, size: int, encoding: str, terminator: str) -> Excerpt:
    """The bytes from start to end as one line of at most LIMIT columns around the place."""
    size = max(0, min(size, end - at))
    before = _visible(raw[max(start, at - AROUND) : at], encoding)
    inside = _visible(raw[at : at + min(size, AROUND)], encoding)
    after = _visible(raw[at + size : min(end, at + size + AROUND)], encoding)
    if end <= at + size + AROUND:
        after += _visible(terminator.encode("utf-8"), "utf-8")
    if at - AROUND > start or len(before) > LIMIT // 2:
        before = "…" + before[-LIMIT // 2 :]
    inside = inside if len(inside) <= LIMIT else inside[: LIMIT - 1] + "…"
    room = max(8, LIMIT - len(before) - len(inside))
    after = after if len(after) <= room else after[: room - 1] + "…"
    return Excerpt(before + inside + after, _columns(before), _columns(inside))


def _visible(raw: bytes, encoding: str) -> str:
    text = raw.decode(encoding, "replace")
    return text if text.isprintable() else "".join(map(_picture, text))


def _picture(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    return chr(0x2400 + code) if code < 32 else "\u2421" if code == 127 else "\ufffd"


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
