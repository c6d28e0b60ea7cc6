"""Delimiters, and text in which released ones are masked.

Inside the program a message's text is one string in which every *released* (escaped) delimiter is replaced by two control
characters of the same total length (`?'` becomes `\\x01\\x02`), so that splitting at a delimiter is always right and
plain `str.split` can be used. Values are turned back by `unmask`, needed only where `\\x01` occurs. Input that carries these
control characters itself gets a finding and is never masked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

MARK = "\x01"
NATIVE = MARK + "\x07"  # stands for a MARK that the input itself carries (X12 binary content)


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The service characters in force (ISO 9735-1 UNA; X12.5 ISA). '' means: not in use."""

    element: str = "+"
    component: str = ":"
    terminator: str = "'"
    release: str = "?"
    repetition: str = ""
    decimal: str = "."

    def released(self) -> str:
        """The characters that must be released inside data, in the order of their mask codes."""
        return self.release + self.terminator + self.element + self.component + self.repetition

    def masks(self) -> list[tuple[str, str]]:
        """(released pair as it stands on the wire, its masked form); the release pair stands first."""
        if not self.release:
            return []
        return [(self.release + char, MARK + chr(2 + code)) for code, char in enumerate(self.released())]


def mask(text: str, delimiters: Delimiters) -> str:
    """Hide released delimiters; same length as `text`. A release before any other character stays."""
    release = delimiters.release
    if not release or release not in text:
        return text
    codes = _codes(delimiters)
    first, *rest = text.split(release)
    pieces, released, last = [first], False, len(rest) - 1
    for number, part in enumerate(rest):  # each stands behind a release character
        if released:
            pieces.append(part)
            released = False
        elif part:
            pieces += (codes.get(part[0], release + part[0]), part[1:])
        elif number < last:
            pieces.append(codes[release])
            released = True
        else:
            pieces.append(release)
    return "".join(pieces)


@lru_cache(maxsize=64)
def _codes(delimiters: Delimiters) -> dict[str, str]:
    """What each released character is masked as."""
    return {pair[1:]: masked for pair, masked in reversed(delimiters.masks())}


def unmask(value: str, delimiters: Delimiters) -> str:
    """The value a person sees: masked pairs and needless releases become the character they stand for."""
    if delimiters.release and delimiters.release in value:
        value = re.sub(re.escape(delimiters.release) + "(.)", r"\1", value, flags=re.DOTALL)
    if MARK in value:
        for code, char in enumerate(delimiters.released()):
            value = value.replace(MARK + chr(2 + code), char)
        value = value.replace(NATIVE, MARK)
    return value


def wire(masked_text: str, delimiters: Delimiters) -> str:
    """The inverse of `mask`: the text as it stands on the wire."""
    if MARK in masked_text:
        for pair, masked in delimiters.masks():
            masked_text = masked_text.replace(masked, pair)
        masked_text = masked_text.replace(NATIVE, MARK)
    return masked_text


def escape(value: str, delimiters: Delimiters) -> str:
    """`value` made safe to stand in an element on the wire (release character before each delimiter).

    Without a release character (X12 before 007040) the value is returned unchanged: the caller must
    ask `clashes` first.
    """
    if not delimiters.release:
        return value
    for char in delimiters.released():
        if char in value:
            value = value.replace(char, delimiters.release + char)
    return value


def join(elements: Sequence[str | Sequence[str]], delimiters: Delimiters) -> str:
    """Values as a segment in wire form, without terminator: escaped, empty ones at the end left out. What is no string
    is a composite of components."""
    texts = []
    for element in elements:
        parts = [escape(part, delimiters) for part in ([element] if isinstance(element, str) else element)]
        while parts and not parts[-1]:
            parts.pop()
        texts.append(delimiters.component.join(parts))
    while texts and not texts[-1]:
        texts.pop()
    return delimiters.element.join(texts)


def clashes(value: str, delimiters: Delimiters) -> str:
    """The delimiters that stand in `value` and cannot be released; '' when it is safe to write."""
    if delimiters.release:
        return ""
    return "".join(c for c in delimiters.released() if c and c in value)
