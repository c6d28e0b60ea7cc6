"""Where segments, elements and cells stand in the bytes or the line they came in."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

from edi_bridge.interchange.masking import Delimiters


def spans(raw: bytes, delimiters: Delimiters, encoding: str) -> list[tuple[int, int]]:
    """(start, end) of each segment in `raw`, terminator and surrounding line breaks excluded."""
    plain = _without_released(raw, delimiters, encoding)
    if plain is not None:
        return _plain_spans(plain, delimiters.terminator.encode(encoding))
    term = re.escape(delimiters.terminator.encode(encoding))
    rel = re.escape(delimiters.release.encode(encoding)) if delimiters.release else b""
    breaks = b"\r\n".translate(None, (delimiters.terminator + delimiters.element + delimiters.component).encode(encoding))
    body = rb"[^%b]*+" % term
    if rel:  # a wrapped file may break right after the release character; a cut one may end there
        body = rb"(?:[^%b%b]++|%b[%b]*(?:.|\Z))*+" % (term, rel, rel, breaks or rel)
    found = []
    at = 0
    for match in re.finditer(rb"(%b)(?:%b|\Z)" % (body, term), raw, re.DOTALL):
        start, end = match.span(1)
        text = raw[start:end]
        start += len(text) - len(text.lstrip(b"\r\n\t "))
        if start < end:
            found.append((start, end))
        at = match.end()
        if at >= len(raw):
            break
    return found


def _without_released(raw: bytes, delimiters: Delimiters, encoding: str) -> bytes | None:
    """`raw` with every released terminator overwritten, at the same length; None where a wrapped file broke behind a release
    character. A run of release characters pairs off from its left, as `bytes.replace` does."""
    if not delimiters.release:
        return raw
    release, terminator = delimiters.release.encode(encoding), delimiters.terminator.encode(encoding)
    if release + b"\r" in raw or release + b"\n" in raw:
        return None
    return raw.replace(release * 2, b"\0" * 2 * len(release)).replace(release + terminator, b"\0" * len(release + terminator))


_BLANKS = (b"\r", b"\n", b"\t", b" ")


def _plain_spans(raw: bytes, terminator: bytes) -> list[tuple[int, int]]:
    """`spans` of a text in which every terminator ends a segment."""
    step, texts = len(terminator), raw.split(terminator)
    odd = (*_BLANKS, terminator)  # line breaks, or nothing at all, at the beginning of a segment; most messages have neither
    if not raw.startswith(odd) and not any(terminator + one in raw for one in odd):
        last = texts.pop()
        starts = list(accumulate((len(text) + step for text in texts), initial=0))
        found = [(start, end - step) for start, end in pairwise(starts)]
        return [*found, (starts[-1], starts[-1] + len(last))] if last else found
    found, at = [], 0
    for text in texts:
        end = at + len(text)
        if text and text[:1] in _BLANKS:
            at = end - len(text.lstrip(b"\r\n\t "))
        if at < end:
            found.append((at, end))
        at = end + step
    return found


def inner_span(raw: bytes, start: int, end: int, element: int, component: int | None,
               delimiters: Delimiters, encoding: str, repetition: int | None = None) -> tuple[int, int]:
    """The bytes of an element (repetition, component) inside the segment at start..end; an empty span where absent."""
    for separator, index in ((delimiters.element, element), (delimiters.repetition, (repetition or 0) - 1),
                             (delimiters.component, (component or 0) - 1)):
        if index < 0 or not separator:
            continue
        begins = [start]
        at = start
        rel = delimiters.release.encode(encoding)
        sep = separator.encode(encoding)
        while at < end:
            if rel and raw.startswith(rel, at):
                at += len(rel)
                while at < end - 1 and raw[at] in b"\r\n":  # a wrapped file may break right after it
                    at += 1
                at += 1
                continue
            if raw.startswith(sep, at):
                begins.append(at + len(sep))
                if len(begins) > index + 1:
                    break  # what is behind it may be a megabyte
            at += 1
        if index >= len(begins):
            return end, end
        ends = [begin - len(sep) for begin in begins[1:]] + [end]
        start, end = begins[index], ends[index]
    return start, end


def cell_spans(row: str, delimiter: str, quote: str) -> list[tuple[int, int]]:
    """(start, end) of each cell of one CSV row (RFC 4180), the quotes inside, line breaks at its end outside."""
    spans, start, at, end = [], 0, 0, len(row)
    while at < end:
        if quote and at == start and row[at] == quote:
            at += 1
            while at < end and (row[at] != quote or row[at + 1:at + 2] == quote):
                at += 1 + (row[at] == quote)
            at += 1
        elif row[at] == delimiter:
            spans.append((start, at))
            at = start = at + 1
        elif row[at] in "\r\n":
            break
        else:
            at += 1
    return [*spans, (start, min(at, end))]
