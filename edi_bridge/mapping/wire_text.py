"""Values as the text that may stand on the wire of a segment message: converted, in the character set, delimiters released."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from edi_bridge.finding import printable
from edi_bridge.interchange import Delimiters, clashes, escape
from edi_bridge.mapping.emit import Bad, Memo
from edi_bridge.mapping.plan import ValuePlan

Safe = Callable[[str], Any]
"""A text → the text as it may stand on the wire, or Bad."""
MOST_KEPT = 8192  # free texts of one rule that are remembered
ASCII = "".join(map(chr, range(0x20, 0x7F)))


class Notes(Protocol):
    """Takes what is found while a message is written (`writing.py`)."""

    notes: list[Any]

    def bad(self, number: int, place: Any, value: Any, bad: Bad) -> None:
        """A value that cannot be written."""


def converter(plan: ValuePlan, delimiters: Delimiters, safe: Safe) -> Any:
    """value → wire text, remembered; the free text of several segments is a function instead."""
    convert = plan.convert
    if convert.codec is not None and convert.codec.flow is not None:
        return _flowing(plan, delimiters, safe)
    single, decimal = not convert.aux, convert.type == "decimal"

    def write(value: Any) -> Any:
        written = convert.write(Decimal(value) if decimal else value, delimiters.decimal)
        if isinstance(written, Bad):  # a code's value stands alone, unless something else is written beside it
            return written if single or written.value is None else written._replace(value=(written.value, *[""] * len(convert.aux)))
        if single:
            return safe(written[0])
        texts = [safe(text) for text in written]
        wrong = _worst(texts)
        if wrong is None:
            return tuple(texts)
        return wrong if wrong.value is None else wrong._replace(value=tuple(text.value if isinstance(text, Bad) else text for text in texts))

    return Memo(write, False)


def _flowing(plan: ValuePlan, delimiters: Delimiters, safe: Safe) -> Callable[..., Sequence[str]]:
    """Free text → the texts of its segments; those without anything to say about them are remembered."""
    convert = plan.convert
    assert convert.codec is not None and convert.codec.flow is not None
    text_flow = convert.codec.flow
    kept: dict[tuple[str, int], list[str]] = {}

    def flow(value: str, state: Notes, most: int, place: Any) -> Sequence[str]:
        known = kept.get((value, most))
        if known is not None:
            return known
        written = convert.write(value)
        if not isinstance(written, Bad) and len(written) > most:
            written = Bad("cannot_write", f"the text needs {len(written)} segments, {most} may stand there")
        if isinstance(written, Bad):
            state.bad(plan.number, place, value, written)
            return ()
        anew = text_flow.mode == "lines" and text_flow.read_segments(written) != [value]
        if anew:
            note = "its lines cannot stand there as they are: they are broken anew"
            state.notes.append(("field_not_carried", plan.number, place, value, note))
        texts: list[str] = []
        for parts in written:
            listed = [safe(part) for part in parts]
            wrong = _worst(listed)
            if wrong is not None and wrong.value is None:
                state.bad(plan.number, place, value, wrong)
                return texts
            if wrong is not None and not anew:
                anew = True
                state.notes.append((wrong.kind, plan.number, place, value, wrong.note))
            texts.append(delimiters.component.join(part.value if isinstance(part, Bad) else part for part in listed))
        if not anew:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[value, most] = texts
        return texts

    return flow


def _worst(texts: Sequence[Any]) -> Bad | None:
    """Of several texts one that cannot be written, else one of which characters were replaced."""
    wrong = [text for text in texts if isinstance(text, Bad)]
    return next((one for one in wrong if one.value is None), wrong[0] if wrong else None)


def safe_text(delimiters: Delimiters, encoding: str, policy: str) -> Safe:
    """What makes texts safe for these delimiters and this character set; see `SegmentWriteProgram.write` for `policy`."""
    signs = "".join(sign for sign in ASCII if sign not in delimiters.released()) if _has_ascii(encoding) else ""
    plain = re.compile(f"[{re.escape(signs)}]*+" if signs else "").fullmatch

    def safe(text: str) -> Any:
        return text if plain(text) is not None else _safe(text, delimiters, encoding, policy)

    return safe


def _has_ascii(encoding: str) -> bool:
    """Whether a character set has all of ASCII's characters."""
    try:
        return ASCII.encode(encoding) == ASCII.encode("ascii")
    except UnicodeEncodeError:
        return False


_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")  # ISO/IEC 646 and 8859 leave these to no text; readers refuse both rows


def _safe(text: str, delimiters: Delimiters, encoding: str, policy: str) -> Any:
    """The same for any text; Bad with a value where characters were replaced."""
    given = text
    if policy == "replace" and ("\n" in text or "\r" in text):
        text = " ".join(text.split())
    if _CONTROLS.search(text):
        return Bad("cannot_write", f"{printable(text)} holds a control character or line break")
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        if policy != "replace":
            return Bad("cannot_write", f"{text[error.start]!r} is not in the character set {encoding}")
        text = "".join(_nearest(sign, encoding) for sign in text)
    bad = clashes(text, delimiters)
    if bad:
        if policy != "replace":
            return Bad("cannot_write", f"{printable(text)} holds the delimiter {bad[0]!r}")
        for char in bad:
            text = text.replace(char, " ")
    if text != given:
        return Bad("field_not_carried", f"{printable(given)} is written as {printable(text)}", escape(text, delimiters))
    return escape(text, delimiters)


NEAREST = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "å": "aa",
           "Å": "Aa", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "þ": "th", "ð": "d", "œ": "oe", "€": "EUR", "–": "-", "—": "-", "’": "'", "‘": "'",
           "“": '"', "”": '"', "„": '"', "…": "..."}


def _nearest(sign: str, encoding: str) -> str:
    """A character of the encoding, or what is commonly written for it there; `?` where nothing is."""
    near = (sign, NEAREST.get(sign, ""), "".join(c for c in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(c)))
    for text in (*near, *(one.upper() for one in near), "?"):  # level A of EDIFACT has capitals alone
        try:
            if text and text.encode(encoding):
                return text
        except UnicodeEncodeError:
            continue
    return "?"
