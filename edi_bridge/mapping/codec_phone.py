"""One text that stands in several places: telephone numbers (cXML), names, SAP's numbers of fixed width."""

from __future__ import annotations

import re
from typing import Any

from edi_bridge.mapping.codec_type import Arguments, Bad, Codec

_WHOLE = re.compile(r"(?:\+([0-9]{1,3}) (?:\(?([0-9]{1,6})\)? (?=\S))?)?(.*?)(?: ext\. ([0-9]{1,10}))?", re.DOTALL)


def phone(arguments: Arguments, standard: str) -> Codec:
    """`phone(country, area, extension)`: the number, with its country code, area code and extension in further places.

    Reading joins what is there: `+49 40 5551234 ext. 12`. Writing takes apart only what begins with a country code; all
    else stays in the number, so that it comes back as the same text.
    """
    places = (arguments.place(), arguments.place(), arguments.place())
    if not all(places):
        raise ValueError("phone takes the places of country code, area code and extension: "
                         "phone(CountryCode, AreaOrCityCode, Extension)")

    def read(raw: str, country: str = "", area: str = "", extension: str = "") -> str:
        start = f"+{country.lstrip('+').strip()}" if country.strip("+ ") else ""
        return " ".join(part for part in (start, area, raw, f"ext. {extension}" if extension else "") if part)

    def write(value: Any, mark: str = ".") -> tuple[str, str, str, str] | Bad:
        match = _WHOLE.fullmatch(value) if isinstance(value, str) and value else None
        if match is None:
            return Bad("cannot_write", f"{value!r} is not text")
        country, area, number, extension = (part or "" for part in match.groups())
        made = (number, country, area, extension)
        return made if number and read(*made) == value else (value, "", "", "")

    return Codec("", "text", places, read, write)


def joined(arguments: Arguments, standard: str) -> Codec:
    """`joined(A, B)`: the texts of places that follow this one, put together with a blank. `widths: 7-5-1` are digits of these
    widths with nothing between, as SAP keeps a GLN (BBBNR, BBSNR, BUBKZ).

    With `lead: true` they stand before this one (SAP's NAMEV before NAME1). Writing gives the last word to the last place,
    so that what is read back is the same text.
    """
    widths = [int(width) for width in arguments.name("widths").split("-") if width.isdigit()]
    lead = arguments.flag("lead")
    places: list[str] = []
    while place := arguments.place():
        places.append(place)
    if not places or (widths and len(widths) != len(places) + 1):
        raise ValueError("joined takes the further places, and a width for each and its own: joined(BBSNR, BUBKZ, widths: 7-5-1)")

    def read(raw: str, *others: str) -> str | None:
        if widths:
            texts = [text.rjust(width, "0") for text, width in zip((raw, *others), widths, strict=True)]
            return "".join(texts) if "".join(texts).strip("0") else None
        return " ".join(text for text in ((*others, raw) if lead else (raw, *others)) if text)

    def write(value: Any, mark: str = ".") -> tuple[str, ...] | Bad:
        if not isinstance(value, str):
            return Bad("cannot_write", f"{value!r} is not text")
        if widths:
            if len(value) != sum(widths) or not (value.isascii() and value.isdigit()):
                return Bad("cannot_write", f"{value} has not the {sum(widths)} digits that fit here")
            ends = [sum(widths[: n + 1]) for n in range(len(widths))]
            return tuple(value[end - width : end] for end, width in zip(ends, widths, strict=True))
        words = value.rsplit(" ", len(places))
        if not all(words) or len(words) <= len(places):
            return (value, *[""] * len(places))
        return (words[-1], *words[:-1]) if lead else tuple(words)

    return Codec("", "text", tuple(places), read, write)
