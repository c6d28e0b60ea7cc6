"""Numbers: text on the wire ⇄ int, Decimal, bool. Never a float; every digit is kept.

EDIFACT (ISO 9735-1 clause 10): digits, a leading minus, comma or point as decimal mark, no triad separators, no plus.
X12 (X12.6 3.5.1.1 and 3.5.1.2): Nn has n implied decimals; R has a point, never a comma, and may end in a base-10
exponent (`1.5E3`). XML Schema decimal: a point, a leading plus is legal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from edi_bridge.mapping.codec_type import Arguments, Bad, Codec

_INTEGER = re.compile(r"-?[0-9]+")
_DIGITS = r"-?(?:[0-9]+[%s]?[0-9]*|[%s][0-9]+)"
# By standard: what may stand in a decimal number. A comma in X12 or XML would be a triad separator: refused, since
# reading 1,000 as 1 is the worst of mistakes.
_FORMS = {
    "edifact": re.compile(_DIGITS % (".,", ".,")),
    "x12": re.compile(_DIGITS % (".", ".") + r"(?:E-?[0-9]{1,3})?"),
    "xml": re.compile(r"\+?" + _DIGITS % (".", ".")),
}
_USUAL = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?")  # nearly all there are: no further look is needed
_MAX_PLACES = 400  # an exponent beyond this would write a number of that many digits


def _not_a_number(raw: str, standard: str) -> Bad:
    if "," in raw and standard != "edifact":
        return Bad("invalid_value", "a number here has no comma, neither as decimal mark nor between thousands")
    if re.fullmatch(r"\+[0-9.,]+", raw):
        return Bad("invalid_value", "a positive number has no sign")
    if raw != raw.strip():
        return Bad("invalid_value", "a number has no blanks around it")
    return Bad("invalid_value", "expected a number: digits, one decimal mark, a minus in front where negative")


def read_decimal(raw: str, standard: str = "edifact") -> Decimal | Bad:
    """The number with all its digits and trailing zeros; -0 becomes 0."""
    if not _FORMS[standard].fullmatch(raw):
        return _not_a_number(raw, standard)
    number = Decimal(raw.replace(",", "."))
    if abs(number.adjusted()) > _MAX_PLACES:
        return Bad("invalid_value", f"the exponent is beyond {_MAX_PLACES}")
    if "E" in raw:
        number = Decimal(format(number, "f"))  # 1.5E3 is 1500, in JSON too
    return number if number else number.copy_abs()


def write_decimal(value: Any, mark: str = ".") -> str | Bad:
    """Plain digits, never an exponent, at least one digit before the mark."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        return Bad("cannot_write", f"{value!r} is not a number")
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > _MAX_PLACES:
        return Bad("cannot_write", f"{value} cannot be written as a plain number")
    text = format(number if number else number.copy_abs(), "f")
    return text if mark == "." else text.replace(".", mark)


def _single(text: str | Bad) -> tuple[str] | Bad:
    return text if isinstance(text, Bad) else (text,)


def decimal(arguments: Arguments, standard: str) -> Codec:
    """`decimal`; `sign: right` is SAP's way (12.50-), read on either side and written on the right. `sign: minus` is for what is
    taken off anyway (a discount of 3.000-): the record has it without a sign, the wire with one."""
    sign = arguments.choice("sign", ("left", "right", "minus"))
    right = sign != "left"

    def read(raw: str) -> Decimal | Bad:
        if _USUAL.fullmatch(raw):
            return Decimal(raw)
        if right and raw[-1] == "-" and raw[0] != "-":
            raw = "-" + raw[:-1]
        number = read_decimal(raw, standard)
        return number.copy_abs() if sign == "minus" and isinstance(number, Decimal) else number

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        text = write_decimal(value, mark)
        if sign == "minus" and isinstance(text, str):
            return Bad("cannot_write", f"{text} has a sign of its own") if text[0] == "-" else (text + "-" if text.strip("0.") else text,)
        if right and isinstance(text, str) and text[0] == "-":
            text = text[1:] + "-"
        return _single(text)

    return Codec("", "decimal", (), read, write)


def integer(arguments: Arguments, standard: str) -> Codec:
    """`integer`: digits and a minus. Leading zeros are lost: 007 is 7."""

    def read(raw: str) -> int | Bad:
        if not _INTEGER.fullmatch(raw):
            return Bad("invalid_value", "expected a whole number: digits, a minus in front where negative")
        if len(raw) > _MAX_PLACES:
            return Bad("invalid_value", f"a number of more than {_MAX_PLACES} digits")
        return int(raw)

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < _MAX_PLACES and value == int(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            return Bad("cannot_write", f"{value!r} is not a whole number")
        return (str(value),)

    return Codec("", "integer", (), read, write, "leading zeros are not kept")


def implied(arguments: Arguments, standard: str) -> Codec:
    """`implied(n)`: X12 N0 to N9, n decimals without a point: 1250 in N2 is 12.50."""
    places = arguments.place()
    if not re.fullmatch("[0-9]", places):
        raise ValueError(f"implied takes the number of decimals, 0 to 9: implied(2), not implied({places})")
    n = int(places)

    def read(raw: str) -> Decimal | Bad:
        if not _INTEGER.fullmatch(raw):
            return Bad("invalid_value", f"expected digits with {n} implied decimals and no decimal mark")
        digits = tuple(map(int, raw.lstrip("-").lstrip("0") or "0"))
        number = Decimal((int(raw[0] == "-"), digits, -n))
        return number if number else number.copy_abs()

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        text = write_decimal(value)
        if isinstance(text, Bad):
            return text
        whole, _, fraction = text.partition(".")
        fraction = fraction.rstrip("0")
        if len(fraction) > n:
            return Bad("cannot_write", f"{text} has more than {n} decimals")
        digits = (whole + fraction.ljust(n, "0")).lstrip("-").lstrip("0") or "0"
        return ("-" + digits if text[0] == "-" else digits,)

    return Codec("", "decimal", (), read, write)


def fraction(arguments: Arguments, standard: str) -> Codec:
    """`fraction`: a share of one on the wire (0.05) is a percentage in the record (5)."""

    def shift(number: Decimal, places: int) -> Decimal:
        sign, digits, exponent = number.as_tuple()
        assert isinstance(exponent, int)
        moved = exponent + places
        if moved > 0:  # 5 is 500 percent, not 5E+2
            digits, moved = digits + (0,) * moved, 0
        return Decimal((sign, digits, moved))

    def read(raw: str) -> Decimal | Bad:
        number = read_decimal(raw, standard)
        return number if isinstance(number, Bad) else shift(number, 2)

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        text = write_decimal(value)
        return text if isinstance(text, Bad) else _single(write_decimal(shift(Decimal(text), -2), mark))

    return Codec("", "decimal", (), read, write)


def _with_place(default: str) -> Callable[[Arguments, str], Codec]:
    """A decimal beside a second place that only the compiler fills; what stands there is read by its own rule. `bare: true`
    (CII, where nobody writes a currency at an amount) leaves it empty when writing; `of: tax_currency` fills it from
    another field of the record's head than `currency`."""

    def make(arguments: Arguments, standard: str) -> Codec:
        place = arguments.place(default)
        arguments.flag("bare")
        if (field := arguments.name("of", "currency")) not in ("currency", "tax_currency"):
            raise ValueError(f"{arguments.codec}: of: is currency or tax_currency, not {field!r}")

        def read(raw: str, beside: str = "") -> Decimal | Bad:
            return read_decimal(raw, standard)

        def write(value: Any, mark: str = ".") -> tuple[str, str] | Bad:
            text = write_decimal(value, mark)
            return text if isinstance(text, Bad) else (text, "")

        return Codec("", "decimal", (place,), read, write)

    return make


amount = _with_place("@currencyID")
quantity = _with_place("@unitCode")


def boolean(arguments: Arguments, standard: str) -> Codec:
    """`boolean`: true/false, on reading 1/0 too (XML Schema); `boolean(Y, N)`: those two words."""
    yes, no = arguments.place("true"), arguments.place("false")
    if not yes or not no or yes == no:
        raise ValueError("boolean takes two different words, the one for true first: boolean(Y, N)")
    words = {yes: True, no: False}
    if (yes, no) == ("true", "false"):
        words |= {"1": True, "0": False}

    def read(raw: str) -> bool | Bad:
        value = words.get(raw.strip())
        return Bad("invalid_value", f"expected {' or '.join(words)}") if value is None else value

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        if not isinstance(value, bool):
            return Bad("cannot_write", f"{value!r} is neither true nor false")
        return (yes if value else no,)

    return Codec("", "boolean", (), read, write)
