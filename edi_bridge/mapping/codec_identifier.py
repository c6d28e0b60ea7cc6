"""Numbers that identify a party or thing and carry a check digit.

They are text and kept as they came. A wrong check digit or length is only noted: refusing an order for a mistyped
number would hurt more than it helps, and matching compares the number exactly anyway.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from edi_bridge.mapping.codec_type import Arguments, Bad, Codec


def _identifier(wrong: Callable[[str], str]) -> Callable[[Arguments, str], Codec]:
    """A codec for text of which `wrong` says what is wrong ('' when nothing is)."""

    def make(arguments: Arguments, standard: str) -> Codec:
        def read(raw: str) -> str | Bad | None:
            text = raw.strip()
            note = wrong(text) if text else ""
            return Bad("invalid_check_digit", note, text) if note else text or None

        def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
            if not isinstance(value, str) or not value.strip():
                return Bad("cannot_write", f"{value!r} is not a number of this kind")
            return (value.strip(),)

        return Codec("", "text", (), read, write)

    return make


def _gs1(name: str, *lengths: int) -> Callable[[str], str]:
    """GS1's check digit: digits weighted 3, 1, 3 … from the right (GS1 General Specifications 7.9)."""

    def wrong(text: str) -> str:
        from stdnum import ean

        if not (text.isascii() and text.isdigit()):
            return f"a {name} has only digits"
        if len(text) not in lengths:
            return f"a {name} has {' or '.join(map(str, lengths))} digits, this one has {len(text)}"
        expected = ean.calc_check_digit(text[:-1])
        return "" if expected == text[-1] else f"the check digit of this {name} should be {expected}"

    return wrong


def _vat(text: str) -> str:
    from stdnum import vatin
    from stdnum.exceptions import ValidationError
    from stdnum.util import get_cc_module

    number = re.sub(r"[ .\-/]", "", text).upper()
    if not re.fullmatch("[A-Z]{2}[0-9A-Z+*]{2,15}", number):
        return "a VAT number begins with its country's two letters"
    country = {"EL": "gr", "XI": "gb"}.get(number[:2], number[:2].lower())
    if get_cc_module(country, "vat") is None:
        return ""  # no rule known for this country: nothing to say
    try:
        vatin.validate(number)
    except ValidationError:
        return f"this is not a valid VAT number of {number[:2]}"
    return ""


def _duns(text: str) -> str:
    """Only the form: since 2006 D&B gives out numbers without a check digit."""
    return "" if re.fullmatch("[0-9]{9}(?:[0-9]{4})?", text.replace("-", "")) else "a DUNS number has 9 digits, with suffix 13"


def _qualified(wrong: Callable[[str], str], *lengths: int) -> Callable[[Arguments, str], Codec]:
    """The same, with arguments: the qualifiers of these lengths, of which the right one is written beside the number."""

    def make(arguments: Arguments, standard: str) -> Codec:
        plain = _identifier(wrong)(arguments, standard)
        qualifiers = {length: qualifier for length in lengths if (qualifier := arguments.place())}
        if not qualifiers:
            return plain

        def read(raw: str, beside: str = "") -> str | Bad | None:
            return plain.read(raw)

        def write(value: Any, mark: str = ".") -> tuple[str, str] | Bad:
            written = plain.write(value)
            return written if isinstance(written, Bad) else (written[0], qualifiers.get(len(written[0]), ""))

        return Codec("", "text", ("$1",), read, write)

    return make


_LANGUAGE = re.compile("[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*")


def language(arguments: Arguments, standard: str) -> Codec:
    """The code of a language as XML wants it (xs:language, XML Schema 1.0 part 2, 3.3.3; BCP 47): anything else is read as it is
    and not written."""

    def read(raw: str) -> str | None:
        return raw.strip() or None

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
            return Bad("cannot_write", f"{value!r} is not the code of a language (en, de-CH)")
        return (value,)

    return Codec("", "text", (), read, write)


gln = _identifier(_gs1("GLN", 13))
gtin = _qualified(_gs1("GTIN", 8, 12, 13, 14), 12, 13, 14, 8)


def sscc(arguments: Arguments, standard: str) -> Codec:
    """`sscc`; `sscc(00)` has the application identifier 00 in front on the wire (X12 88, GM), which a record does not keep."""
    plain = _identifier(_gs1("SSCC", 18))(arguments, standard)
    prefix = arguments.place()

    def read(raw: str) -> str | Bad | None:
        text = raw.strip()
        return plain.read(text[len(prefix):] if len(text) == 18 + len(prefix) and text.startswith(prefix) else text)

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        written = plain.write(value)
        if isinstance(written, Bad) or not prefix:
            return written
        text = written[0]
        if len(text) == 18:
            return (prefix + text,)
        if len(text) == 18 + len(prefix) and text.startswith(prefix):
            return Bad("cannot_write", f"{text!r} is not an SSCC, which has 18 digits; it would be read as one")
        return written

    return Codec("", "text", (), read, write)


vat = _identifier(_vat)
duns = _qualified(_duns, 9, 13)

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]){11,30}")


def _is_iban(text: str) -> bool:
    """Whether it has the form of an IBAN (ISO 13616: country, two check digits, up to 30 characters)."""
    return _IBAN.fullmatch(text) is not None


def _iban_digits(text: str) -> str:
    from stdnum.iso7064 import mod_97_10

    number = text.replace(" ", "")
    return "" if mod_97_10.is_valid(number[4:] + number[:4]) else "the check digits of this IBAN are wrong"


def _account_kind(is_iban: bool, other: str) -> Callable[[Arguments, str], Codec]:
    """One place holds an IBAN or another number of an account: each of two rules takes what is its own."""
    plain = _identifier(_iban_digits if is_iban else lambda text: "")

    def make(arguments: Arguments, standard: str) -> Codec:
        one = plain(arguments, standard)

        def read(raw: str) -> str | Bad | None:
            return one.read(raw) if _is_iban(raw.strip()) is is_iban else None

        def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
            if isinstance(value, str) and _is_iban(value.strip()) is not is_iban:
                return Bad("cannot_write", f"{value!r} would be read back as {other}")
            return one.write(value)

        return Codec("", "text", (), read, write)

    return make


iban = _account_kind(True, "another number of an account")
account = _account_kind(False, "an IBAN")
