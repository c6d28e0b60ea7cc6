"""`as:` in a map, such as `date(2379)`, becomes a Codec here. docs/codecs.md lists them all.

A codec is exact both ways: what it wrote it reads as the same value, and what it read it writes with the same meaning;
where that cannot be, `Codec.lossy` says why.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from edi_bridge.mapping import (
    codec_date,
    codec_identifier,
    codec_number,
    codec_phone,
    codec_text,
)
from edi_bridge.mapping.code_table import CodeTable, code_table, load_table
from edi_bridge.mapping.codec_text import TextFlow
from edi_bridge.mapping.codec_type import Arguments, Bad, Codec

__all__ = ["CODECS", "Bad", "CodeTable", "Codec", "TextFlow", "code_table", "codec", "load_table"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One row of the table: how the codec is made, how it is written in a map, and what it does in a sentence."""

    make: Callable[[Arguments, str], Codec]
    written: str
    sentence: str


CODECS = {
    "text": Recipe(codec_text.text, "text · text(width: 35) · text(first: 3) · text(width: 70, parts: 5, segments: 5, mode: flow)",
                   "text without blanks around it; with parts, one text over several components and segments"),
    "padded": Recipe(codec_text.padded, "padded(10, 0, left) · padded(18, 0, left, only: digits)",
                     "text filled to a width with a character on one side (SAP's leading zeros)"),
    "phone": Recipe(codec_phone.phone, "phone(CountryCode, AreaOrCityCode, Extension)",
                    "a telephone number in four places, +49 40 5551234 ext. 12 in the record"),
    "joined": Recipe(codec_phone.joined, "joined(NAMEV, lead: true) · joined(BBSNR, BUBKZ, widths: 7-5-1)",
                     "one text in several places: words with a blank between, or digits of these widths"),
    "integer": Recipe(codec_number.integer, "integer", "a whole number"),
    "decimal": Recipe(codec_number.decimal, "decimal · decimal(sign: right) · decimal(sign: minus)",
                      "a number with every digit and trailing zero it came with; sign: right is SAP's 12.50-, minus the same of a number that is always taken off"),
    "implied": Recipe(codec_number.implied, "implied(2)", "X12 N0 to N9: digits with that many implied decimals"),
    "fraction": Recipe(codec_number.fraction, "fraction", "a share of one on the wire (0.05), a percentage in the record (5)"),
    "amount": Recipe(codec_number.amount, "amount · amount(@currency) · amount(bare: true)",
                     "a decimal whose currency stands beside it and is filled from the record's head when writing; bare: never written"),
    "quantity": Recipe(codec_number.quantity, "quantity · quantity(@unitCode)",
                       "a decimal whose unit stands beside it and is filled from the record's unit when writing"),
    "boolean": Recipe(codec_number.boolean, "boolean · boolean(Y, N)", "true or false"),
    "date": Recipe(codec_date.date, "date(2379) · date(05) · date(CCYYMMDD, time: 03, zone: 04) · date(iso) · date(DD.MM.CCYY)",
                   "a date, time or period with the precision it came with"),
    "time": Recipe(codec_date.time, "time", "a time of day"),
    "gln": Recipe(codec_identifier.gln, "gln", "13 digits with a check digit (GS1)"),
    "gtin": Recipe(codec_identifier.gtin, "gtin · gtin(UP, EN, UK, EO)",
                   "8, 12, 13 or 14 digits with a check digit (GS1), kept as they came; the qualifiers of 12, 13, 14 and 8 digits"),
    "sscc": Recipe(codec_identifier.sscc, "sscc · sscc(00)", "18 digits with a check digit (GS1); with the application identifier in front on the wire"),
    "vat": Recipe(codec_identifier.vat, "vat", "a VAT number with its country in front, checked by that country's rule"),
    "duns": Recipe(codec_identifier.duns, "duns · duns(1, 9)", "9 digits, or 13 with the suffix of four; the qualifiers of 9 and 13 digits"),
    "language": Recipe(codec_identifier.language, "language", "the code of a language (en, de-CH); anything else is read as it is and not written"),
    "iban": Recipe(codec_identifier.iban, "iban", "an IBAN with its check digits (ISO 13616); anything else in its place is not read"),
    "account": Recipe(codec_identifier.account, "account", "the number of an account that is no IBAN, where the two share a place"),
}
_CALL = re.compile(r"([a-z_]+)\s*(?:\((.*)\))?", re.DOTALL)
_PIECE = re.compile(r"""\s*(?:([a-z]+)\s*:\s*)?('[^']*'|"[^"]*"|[^,'"]*?)\s*(?:,|\Z)""")
_STANDARDS = {"x12": "x12", "xml": "xml"}  # all others have EDIFACT's numbers: comma or point


@lru_cache(512)
def codec(text: str, standard: str = "edifact") -> Codec:
    """The codec that a map means by `text`, such as `date(2379)`.

    `standard` (edifact, x12, xml, csv, fixed) decides what a number may look like: X12 and XML have no comma, X12 may
    have an exponent. ValueError with a sentence for the map's author when there is no such codec.
    """
    call = _CALL.fullmatch(text.strip())
    name = call[1] if call else text.strip()
    if not call or name not in CODECS:
        near = difflib.get_close_matches(name.split("(")[0], CODECS, 1)
        raise ValueError(f"there is no conversion {name!r}" + (f"; did you mean {near[0]}?" if near else
                                                               f"; known are {', '.join(CODECS)}"))
    arguments = _arguments(name, call[2])
    made = CODECS[name].make(arguments, _STANDARDS.get(standard, "edifact"))
    arguments.done()
    return replace(made, name=text.strip())


def _arguments(name: str, inside: str | None) -> Arguments:
    places: list[str] = []
    names: dict[str, str] = {}
    at = 0
    while inside and at < len(inside):
        piece = _PIECE.match(inside, at)
        if not piece or piece.end() == at:
            raise ValueError(f"{name}({inside}): cannot read the arguments from {inside[at:]!r} on")
        at = piece.end()
        value = piece[2][1:-1] if piece[2][:1] in ("'", '"') else piece[2]
        if piece[1] in names:
            raise ValueError(f"{name}: {piece[1]} is given twice")
        if piece[1]:
            names[piece[1]] = value
        else:
            places.append(value)
    return Arguments(name, places, names)
