"""Telephone numbers that stand in four parts (cXML TelephoneNumber) as one text: +49 40 5551234."""

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
        raise ValueError("phone takes the places of country code, area code and extension: phone(CountryCode, AreaOrCityCode, Extension)")

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
