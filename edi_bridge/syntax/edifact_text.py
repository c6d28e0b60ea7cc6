"""The characters of EDIFACT segments: service characters in force, where a segment ends, masked text.

Everything here works on whole messages with `find`, `count`, `replace` and compiled patterns: a loop over
characters or segments in Python would cost ten times as much.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from edi_bridge.interchange import MARK, Delimiters, Position, inner_span, mask, spans, unmask
from edi_bridge.syntax.charset import Charset, Misfit, decode

# Level B's own separators, IS4, IS3 and IS1 (ISO 9735:1988); it has no release character.
LEVEL_B_SEPARATORS = Delimiters(element="\x1d", component="\x1f", terminator="\x1c", release="")
MASK_CODES = frozenset(chr(code) for code in range(1, 8)) | {"\0", "\ufffd"}


@dataclass(frozen=True, slots=True)
class Service:
    """Delimiters and character set in force, compiled once for all messages that share them."""

    delimiters: Delimiters
    charset: Charset
    terminator: bytes
    element: bytes
    release: bytes
    signs: bytes  # all delimiters
    blanks: bytes  # what may stand between segments
    breaks: str  # CR and LF where they are no delimiters
    loose: str  # these and the tab: no data, whether between segments or inside them
    tags: re.Pattern[bytes]  # the service segments that end a message
    tags_behind: re.Pattern[bytes]  # the same behind a terminator: slower, but never fooled often
    empties: re.Pattern[bytes]  # terminators with nothing between them
    after_terminator: re.Pattern[str]
    released_break: re.Pattern[str]
    inner_break: re.Pattern[str]
    doubled: re.Pattern[str]


@lru_cache(maxsize=128)
def service(delimiters: Delimiters, charset: Charset) -> Service:
    """The compiled service characters. UnicodeEncodeError when a delimiter is not in the character set."""
    def wire(sign: str) -> bytes:
        return sign.encode(charset.codec)

    d = delimiters
    signs = d.element + d.component + d.terminator + d.release + d.repetition
    blanks = "".join(c for c in "\r\n\t " if c not in signs)
    breaks = "".join(c for c in "\r\n" if c not in signs)
    term = re.escape(d.terminator)
    some_break, some_loose = (f"[{c}]" if c else r"[^\s\S]" for c in (breaks, blanks.replace(" ", "")))
    follow = re.escape(wire(d.element) + wire(d.terminator))
    return Service(
        delimiters, charset, wire(d.terminator), wire(d.element), wire(d.release), wire(signs), wire(blanks), breaks,
        loose=blanks.replace(" ", ""),
        tags=re.compile(rb"UN(?:[BEGHOPTZ](?=[%b])|A)" % follow),
        tags_behind=re.compile(rb"%b[%b]*+(UN(?:[BEGHOPTZ](?=[%b])|A))" % (
            re.escape(wire(d.terminator)), re.escape(wire(blanks + d.terminator)), follow)),
        empties=re.compile(rb"%b[%b]*+" % (re.escape(wire(d.terminator)), re.escape(wire(blanks + d.terminator)))),
        after_terminator=re.compile(f"{term}[{re.escape(blanks)}]+" if blanks else "(?!)"),
        released_break=re.compile(f"({re.escape(d.release)}){some_break}*(.)" if d.release else "(?!)()()", re.DOTALL),
        inner_break=re.compile(f"{some_loose}*([{re.escape(signs)}]){some_loose}*|{some_loose}+"),
        doubled=re.compile(f"{term}{{2,}}"),
    )


def default_delimiters(version: str) -> Delimiters:
    """The service characters without UNA (ISO 9735-1:1998 clause 5): syntax 4 adds the repetition separator `*`."""
    return Delimiters(repetition="*") if version == "4" else Delimiters()


def una_delimiters(una: bytes, version: str, charset: Charset) -> tuple[Delimiters | None, str]:
    """What UNA declares and what is wrong with it ('' when nothing). None: it cannot be used at all.

    `una` are the six bytes after the tag: component, element, decimal mark, release, repetition (syntax 4; before
    that reserved and ignored), terminator. A blank means: not in use.
    """
    signs = una.decode("latin-1")
    if not una.isascii():
        signs = una.decode(charset.codec, "replace")
    if len(signs) != 6:
        return None, "UNA is not complete"
    component, element, decimal, release, repetition, terminator = tuple(signs)
    release = release.strip(" ")
    repetition = repetition.strip(" ") if version == "4" else ""
    used = component + element + terminator + release + repetition
    problem = ""
    if len(set(used)) != len(used):
        problem = "two service characters of UNA are the same"
    elif any(c.isalnum() or c == " " or c in MASK_CODES for c in used):
        problem = "a service character of UNA is a letter, a digit, a blank or not in the character set"
    if problem:
        return None, problem
    if decimal not in ".,":
        problem, decimal = f"the decimal mark of UNA is {decimal!r}, neither a full stop nor a comma", "."
    return Delimiters(element, component, terminator, release, repetition, decimal), problem


def segment_end(data: bytes, start: int, s: Service, stop: int | None = None) -> int:
    """The place after the terminator of the segment that goes on at `start`; -1 when it is not in `data`."""
    stop = len(data) if stop is None else stop
    at = data.find(s.terminator, start, stop)
    while at >= 0 and s.release and is_released(data, at, start, s):
        at = data.find(s.terminator, at + 1, stop)
    return at + 1


def next_tag(data: bytes, scan: int, floor: int, s: Service) -> int:
    """The place of the next service segment of a batch from `scan` on; -1 when there is none in `data`."""
    hit = s.tags.search(data, scan)
    if hit is None:
        return -1
    cut = hit.start()
    while not starts_segment(data, cut, floor, s):
        hit = s.tags_behind.search(data, cut)
        if hit is None:
            return -1
        cut = hit.start(1)
    return cut


def starts_segment(data: bytes, at: int, floor: int, s: Service) -> bool:
    """Does a segment start at `at`? Its former one must end with a terminator that is not released."""
    before = at
    while before > floor and data[before - 1] in s.blanks:
        before -= 1
    return before > floor and data[before - 1:before] == s.terminator and not (
        s.release and is_released(data, before - 1, floor, s))


def is_released(data: bytes, at: int, floor: int, s: Service) -> bool:
    """Is the delimiter at `at` released? An odd number of release characters stands before it (and before a line
    break, if a wrapped file broke there)."""
    release, breaks = s.release[0], s.breaks.encode()
    while at > floor and data[at - 1] in breaks:
        at -= 1
    start = at
    while at > floor and data[at - 1] == release:
        at -= 1
    return (start - at) % 2 == 1


def clean(body: bytes, s: Service, line_break: str) -> tuple[str, list[Misfit]]:
    """Masked text of whole segments without line breaks between them, and what does not belong into them.

    A line break or tab inside a segment (of a file that is not wrapped) is taken out beside a delimiter and becomes a
    blank elsewhere; empty segments vanish. Both are reported.
    """
    text, misfits = decode(body, s.charset, s.signs)
    d, terminator = s.delimiters, s.delimiters.terminator
    broken = any(c in text for c in s.loose)
    inside = False
    if d.release and d.release in text:
        if broken and any(d.release + c in text for c in s.breaks):
            joined = s.released_break.sub(r"\1\2", text)
            inside, text = len(joined) < len(text), joined
        text = mask(text, d)
    if line_break and broken:
        text = text.replace(terminator + line_break, terminator)
        broken = any(c in text for c in s.loose)
    if broken or terminator + " " in text:
        text = s.after_terminator.sub(lambda _: terminator, text)
        if any(c in text for c in s.loose):
            inside = True
            text = s.inner_break.sub(lambda hit: hit[1] or " ", text)
    if inside:
        misfits += _breaks_inside(body, s)
    if terminator * 2 in text:
        text = s.doubled.sub(lambda _: terminator, text)
        misfits.append(Misfit("trailing_separator", max(body.find(s.terminator * 2), 0), 2, 1,
                              "two terminators stand next to each other: an empty segment"))
    return text, misfits


def _breaks_inside(body: bytes, s: Service) -> list[Misfit]:
    """The first line break or tab that stands inside a segment, if there is one."""
    hits = [run for run in re.finditer(rb"[%b]+" % s.loose.encode(), body)
            if not starts_segment(body, run.end(), 0, s)]
    if not hits:
        return []
    return [Misfit("control_character", hits[0].start(), len(hits[0][0]), len(hits),
                   "a line break or tab stands inside a segment (and the file is not wrapped)")]


def elements(segment: str, s: Service) -> list[list[str]]:
    """A masked segment without terminator as elements of unmasked components; [0][0] is the tag."""
    d = s.delimiters
    plain = MARK not in segment and not (d.release and d.release in segment)
    rows = [element.split(d.component) for element in segment.split(d.element)]
    return rows if plain else [[unmask(part, d) for part in row] for row in rows]


def at(rows: list[list[str]], element: int, component: int = 1) -> str:
    """A value of `elements`; '' where there is none."""
    return rows[element][component - 1] if element < len(rows) and component <= len(rows[element]) else ""


def place(body: bytes, index: int, s: Service) -> tuple[int, str, int | None, int | None]:
    """Segment number, tag, element and component (None in the tag) in which the byte `body[index]` stands."""
    found = spans(body, s.delimiters, s.charset.codec)
    for number, (start, end) in enumerate(found, 1):
        if index < end or number == len(found):
            before = mask(body[start:max(index, start)].decode("latin-1"), _latin(s))
            parts = before.split(_latin(s).element)
            tag = re.split(b"[" + re.escape(s.signs) + b"]", body[start:end], maxsplit=1)[0][:6].decode(
                "ascii", "replace")
            if len(parts) < 2:
                return number, tag, None, None
            return number, tag, len(parts) - 1, parts[-1].count(_latin(s).component) + 1
    return 1, "", None, None


def _latin(s: Service) -> Delimiters:
    """The delimiters as they look when every byte is read as one character."""
    d = s.delimiters
    element, component, terminator, release, repetition = (
        sign.encode(s.charset.codec).decode("latin-1")
        for sign in (d.element, d.component, d.terminator, d.release, d.repetition))
    return Delimiters(element, component, terminator, release, repetition)


def spot(source: bytes, offset: int, s: Service, base: Position, element: int | None = None,
         component: int | None = None, name: str = "") -> Position:
    """The position of an element of one envelope segment whose bytes are `source`; `name` is its number (0036)."""
    end = len(source.rstrip(s.blanks))
    end -= source.endswith(s.terminator, 0, end)
    start, tag = 0, source[:3].decode("ascii", "replace")
    if element is not None:
        start, end = inner_span(source, 0, end, element, component, s.delimiters, s.charset.codec)
    return Position(interchange=base.interchange, group=base.group, message=base.message, segment=base.segment, tag=tag,
                    element=element, component=component, offset=offset + start, length=end - start,
                    path=f"{tag}/{name}" if name else tag)
