"""Each codec against values written by hand: what it reads, what it writes, and what it says when it cannot."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from edi_bridge.mapping.codec import CODECS, Bad, codec
from edi_bridge.mapping.codec_docs import tables
from edi_bridge.yamltext import parse

D = Decimal
# codec, standard, raw and aux, value, what is written back (None: the same as read)
EXACT = [
    ("text", "edifact", ("  ACME  ",), "ACME", ("ACME",)),
    ("text(first: 3)", "x12", ("CTN25",), "CTN", ("CTN",)),
    ("padded(10, 0, left)", "xml", ("0000012345",), "12345", None),
    ("padded(18, 0, left, only: digits)", "xml", ("AB-12",), "AB-12", None),
    ("padded(8, ' ', right)", "csv", ("AB      ",), "AB", None),
    ("integer", "edifact", ("-12",), -12, None),
    ("integer", "edifact", ("007",), 7, ("7",)),
    ("decimal", "edifact", ("12,50",), D("12.50"), ("12.50",)),
    ("decimal", "edifact", ("0.5",), D("0.5"), None),
    ("decimal", "edifact", (".5",), D("0.5"), ("0.5",)),
    ("decimal", "edifact", ("123456789012345678901234567890.123456789012",),
     D("123456789012345678901234567890.123456789012"), None),
    ("decimal", "x12", ("-1.5E3",), D("-1500"), ("-1500",)),
    ("decimal", "x12", ("5E-2",), D("0.05"), ("0.05",)),
    ("decimal", "xml", ("+3.00",), D("3.00"), ("3.00",)),
    ("decimal(sign: right)", "xml", ("12.50-",), D("-12.50"), None),
    ("implied(2)", "x12", ("1250",), D("12.50"), None),
    ("implied(2)", "x12", ("-5",), D("-0.05"), None),
    ("implied(0)", "x12", ("0",), D("0"), None),
    ("fraction", "xml", ("0.05",), D("5"), None),
    ("amount", "xml", ("99.90", "EUR"), D("99.90"), ("99.90", "")),
    ("quantity", "xml", ("3", "EA"), D("3"), ("3", "")),
    ("boolean", "xml", ("1",), True, ("true",)),
    ("boolean(Y, N)", "x12", ("N",), False, None),
    ("date(2379)", "edifact", ("20261121", "102"), "2026-11-21", None),
    ("date(2379)", "edifact", ("261121", "101"), "2026-11-21", ("20261121", "102")),
    ("date(2379)", "edifact", ("690101", "101"), "1969-01-01", ("19690101", "102")),
    ("date(2379)", "edifact", ("211126", "2"), "2026-11-21", ("20261121", "102")),
    ("date(2379)", "edifact", ("202611211030", "203"), "2026-11-21T10:30", None),
    ("date(2379)", "edifact", ("20261121103015", "204"), "2026-11-21T10:30:15", None),
    ("date(2379)", "edifact", ("202611212400", "203"), "2026-11-21T24:00", None),
    ("date(2379)", "edifact", ("202611211030UTC", "303"), "2026-11-21T10:30Z", None),
    ("date(2379)", "edifact", ("202611211030+01", "303"), "2026-11-21T10:30+01:00", None),
    ("date(2379)", "edifact", ("202611211030+0530", "205"), "2026-11-21T10:30+05:30", None),
    ("date(2379)", "edifact", ("26325", "105"), "2026-11-21", ("20261121", "102")),
    ("date(2379)", "edifact", ("2026", "602"), "2026", None),
    ("date(2379)", "edifact", ("202611", "610"), "2026-11", None),
    ("date(2379)", "edifact", ("202653", "616"), "2026-W53", None),
    ("date(2379)", "edifact", ("2647", "615"), "2026-W47", ("202647", "616")),
    ("date(2379)", "edifact", ("26476", "103"), "2026-W47-6", None),
    ("date(2379)", "edifact", ("20263", "608"), "2026-07/2026-09", ("202607202609", "710")),
    ("date(2379)", "edifact", ("2026112120261130", "718"), "2026-11-21/2026-11-30", None),
    ("date(2379)", "edifact", ("20261121-20261130", "711"), "2026-11-21/2026-11-30", ("2026112120261130", "718")),
    ("date(2379)", "edifact", ("26112110302611211200", "713"), "2026-11-21T10:30/2026-11-21T12:00",
     ("202611211030202611211200", "719")),
    ("date(2379)", "edifact", ("1030", "401"), "10:30", None),
    ("date(2379)", "edifact", ("22000600", "501"), "22:00/06:00", None),
    ("date(2379)", "edifact", ("30", "804"), "P30D", None),
    ("date(2379, default: 102)", "edifact", ("20261121", ""), "2026-11-21", ("20261121", "102")),
    ("date(2379, place: @format)", "xml", ("20261121", "102"), "2026-11-21", None),
    ("date(05)", "x12", ("20261121", "D8"), "2026-11-21", None),
    ("date(05)", "x12", ("20261121-20261130", "RD8"), "2026-11-21/2026-11-30", None),
    ("date(05)", "x12", ("202611211030", "DT"), "2026-11-21T10:30", None),
    ("date(CCYYMMDD)", "x12", ("20261121",), "2026-11-21", None),
    ("date(YYMMDD)", "x12", ("261121",), "2026-11-21", None),
    ("date(DD.MM.CCYY)", "csv", ("21.11.2026",), "2026-11-21", None),
    ("date(CCYY-MM-DD)", "csv", ("2026-11-21",), "2026-11-21", None),
    ("date(CCYYMMDDHHMMSS)", "csv", ("20261121103015",), "2026-11-21T10:30:15", None),
    ("date(CCYYMMDD, time: 03, zone: 04)", "x12", ("20261121", "1030", "ES"), "2026-11-21T10:30-05:00",
     ("20261121", "1030", "20")),
    ("date(CCYYMMDD, time: 03, zone: 04)", "x12", ("20261121", "10301525", "UT"), "2026-11-21T10:30:15.25Z", None),
    ("date(CCYYMMDD, time: 03)", "x12", ("20261121", ""), "2026-11-21", None),
    ("date(iso)", "xml", ("2026-11-21+01:00",), "2026-11-21+01:00", None),
    ("date(iso)", "xml", ("2026-11-21T10:30:00.5Z",), "2026-11-21T10:30:00.5Z", None),
    ("time", "x12", ("103015",), "10:30:15", None),
    ("time", "xml", ("10:30:00Z",), "10:30:00Z", None),
    ("gln", "edifact", ("4012345500004",), "4012345500004", None),
    ("gtin", "edifact", ("96385074",), "96385074", None),
    ("gtin", "x12", ("036000291452",), "036000291452", None),
    ("sscc", "edifact", ("340123450000000000",), "340123450000000000", None),
    ("vat", "xml", ("DE136695976",), "DE136695976", None),
    ("vat", "xml", ("GR094259216",), "GR094259216", None),
    ("duns", "x12", ("150483782",), "150483782", None),
]


@pytest.mark.parametrize(("name", "standard", "raw", "value", "back"), EXACT, ids=lambda part: str(part))
def test_reads_and_writes(name: str, standard: str, raw: tuple[str, ...], value: object, back: tuple[str, ...] | None) -> None:
    one = codec(name, standard)
    assert len(one.aux) == len(raw) - 1
    read = one.read(*raw)
    if isinstance(read, Bad) and read.kind == "invalid_check_digit":
        pytest.fail(read.note)
    assert read == value and str(read) == str(value)
    assert one.write(value) == (back or raw)


WRONG = [
    ("integer", "edifact", ("1_000",), "invalid_value"), ("integer", "edifact", ("+1",), "invalid_value"),
    ("integer", "edifact", ("٣",), "invalid_value"),
    ("decimal", "edifact", ("1_0",), "invalid_value"), ("decimal", "edifact", ("NaN",), "invalid_value"),
    ("decimal", "edifact", ("Infinity",), "invalid_value"), ("decimal", "edifact", ("1 0",), "invalid_value"),
    ("decimal", "edifact", (" 1",), "invalid_value"), ("decimal", "edifact", ("1,000.00",), "invalid_value"),
    ("decimal", "edifact", ("1E3",), "invalid_value"), ("decimal", "edifact", ("+1",), "invalid_value"),
    ("decimal", "edifact", (".",), "invalid_value"),
    ("decimal", "x12", ("1,000",), "invalid_value"), ("decimal", "x12", ("1E999",), "invalid_value"),
    ("decimal", "xml", ("1,5",), "invalid_value"), ("amount", "xml", ("12 EUR", "EUR"), "invalid_value"),
    ("implied(2)", "x12", ("12.50",), "invalid_value"),
    ("boolean", "xml", ("yes",), "invalid_value"),
    ("date(2379)", "edifact", ("20260230", "102"), "invalid_value"),
    ("date(2379)", "edifact", ("20261121", ""), "invalid_value"),
    ("date(2379)", "edifact", ("1", "814"), "invalid_value"),
    ("date(2379)", "edifact", ("202611212401", "203"), "invalid_value"),
    ("date(2379)", "edifact", ("202654", "616"), "invalid_value"),
    ("date(2379)", "edifact", ("202611211030CET", "303"), "invalid_value"),
    ("date(2379)", "edifact", ("2026113020261121", "718"), "invalid_value"),
    ("date(2379)", "edifact", ("26366", "105"), "invalid_value"),
    ("date(05)", "x12", ("20261121", "XX"), "invalid_value"),
    ("date(CCYYMMDD)", "x12", ("2026-11-21",), "invalid_value"),
    ("date(CCYYMMDD, time: 03)", "x12", ("20261121", "2530"), "invalid_value"),
    ("date(iso)", "xml", ("2026-02-30",), "invalid_value"), ("date(iso)", "xml", ("2026-11-21T25:00:00",), "invalid_value"),
    ("time", "x12", ("1060",), "invalid_value"),
]


@pytest.mark.parametrize(("name", "standard", "raw", "kind"), WRONG, ids=lambda part: str(part))
def test_says_what_is_wrong(name: str, standard: str, raw: tuple[str, ...], kind: str) -> None:
    bad = codec(name, standard).read(*raw)
    assert isinstance(bad, Bad) and bad.kind == kind and bad.note and bad.value is None


@pytest.mark.parametrize(("name", "raw", "note"), [
    ("gtin", "4006381333932", "the check digit of this GTIN should be 1"), ("gln", "401234550000", "13 digits, this one has 12"),
    ("sscc", "34012345000000000X", "only digits"), ("vat", "DE136695977", "not a valid VAT number of DE"), ("duns", "12", "9 digits"),
])
def test_a_wrong_identifier_is_noted_and_used(name: str, raw: str, note: str) -> None:
    bad = codec(name).read(raw)
    assert bad.kind == "invalid_check_digit" and note in bad.note and bad.value == raw
    assert codec(name).write(raw) == (raw,)


def test_a_zone_without_an_offset_is_noted_and_the_time_kept() -> None:
    bad = codec("date(CCYYMMDD, time: 03, zone: 04)").read("20261121", "1030", "ET")
    assert (bad.kind, bad.value) == ("value_not_read", "2026-11-21T10:30")


@pytest.mark.parametrize(("name", "value"), [
    ("decimal", D("NaN")), ("decimal", D("Infinity")), ("decimal", D("1E+999")), ("decimal", 1.5), ("decimal", True),
    ("integer", D("1.5")), ("implied(2)", D("0.005")), ("date(2379)", "21.11.2026"), ("date(2379)", "2026-11-21Z"),
    ("date(CCYYMMDD)", "2026-11-21T10:30"), ("date(CCYYMMDD)", "2026-11"), ("date(YYMMDD)", "1968-01-01"),
    ("date(CCYYMMDD, time: 03)", "2026-11-21T10:30Z"), ("text(width: 3)", "ABCD"), ("padded(5, 0, left)", "012"),
    ("padded(5, 0, left)", "123456"), ("boolean", "true"), ("time", "2026-11-21"),
    ("date(iso, precision: day)", "2026-11-21T10:30"), ("date(iso, precision: second)", "2026-11-21"),
])
def test_what_cannot_be_written_is_said(name: str, value: object) -> None:
    bad = codec(name).write(value)
    assert isinstance(bad, Bad) and bad.kind == "cannot_write" and bad.note


def test_options_that_lose_something_say_so() -> None:
    cut = codec("date(CCYYMMDD, cut: true)")
    assert cut.write("2026-11-21T10:30+01:00") == ("20261121",) and cut.lossy
    full = codec("date(iso, precision: second)")
    assert full.write("2026-11-21T10:30+01:00") == ("2026-11-21T10:30:00+01:00",) and full.lossy
    assert codec("date(CCYYMMDD, empty: 00000000)").read("00000000") is None
    assert codec("padded(10, 0, left)").read("0000000000") is None and codec("text").read("   ") is None
    assert codec("decimal").write(D("1.50"), ",") == ("1,50",)


@pytest.mark.parametrize(("text", "words"), [
    ("decmal", "did you mean decimal?"), ("date(2379, defalt: 102)", "no option 'defalt'"), ("implied(x)", "0 to 9"),
    ("implied", "0 to 9"), ("integer(3)", "no further argument '3'"), ("date(FOO)", "a form such as CCYYMMDD"),
    ("date(2379, default: 999)", "999 is not known"), ("text(parts: 5)", "a width of at least 10"), ("text(width: x)", "a number"),
    ("text(width: 70, parts: 5, mode: fast)", "flow or lines"), ("text(width: 70, parts: 5, wrap: true)", "mode: lines"),
    ("boolean(Y, Y)", "two different words"), ("padded(0, 0, left)", "padded(10, 0, left)"), ("text(width: 1, width: 2)", "given twice"),
    ("text(width: 35", "no conversion"), ("", "no conversion"), ("text('a)", "cannot read"),
])
def test_a_mistake_in_a_map_is_said_in_the_authors_words(text: str, words: str) -> None:
    with pytest.raises(ValueError) as error:
        codec(text)
    assert words in str(error.value)


def test_docs_list_exactly_these_codecs_and_tables() -> None:
    root = Path(__file__).parents[2]
    docs = (root / "docs" / "codecs.md").read_text(encoding="utf-8")
    blocks = [parse(file.read_bytes(), file.name) for file in sorted((root / "mappings" / "codes").glob("*.yaml"))]
    for heading, table in tables(blocks).items():
        assert f"<!-- {heading} -->\n{table}<!-- end -->" in docs, f"docs/codecs.md is behind the code: {heading}"
    assert len(CODECS) == docs.split("<!-- codecs -->")[1].split("<!-- end -->")[0].count("\n| `")
