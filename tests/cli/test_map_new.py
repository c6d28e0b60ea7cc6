"""`edi-bridge map new`: what is proposed passes lint, reads the samples, and says of each line why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_case import ORDER, ROOT, Run

SAMPLES = ROOT / "samples"


def new(edi: Run, *args: str | Path) -> str:
    made = edi("map", "new", *args)
    assert made.returncode == 0, made.stderr.decode()
    return made.stdout.decode()


def test_from_one_order(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "order.edi").write_bytes(ORDER)
    text = new(edi, "--message", "edifact/D96A/ORDERS", "--record", "order", "--from-samples", "order.edi", "--name", "order.edifact-mine")
    lines = text.splitlines()
    assert lines[0] == "map: order.edifact-mine" and "message: edifact/D96A/ORDERS" in lines
    assert re.search(r"^  number: .*# as in order\.edifact-d96a:\d+; seen once in 1 message$", text, re.MULTILINE)
    assert re.search(r"^#   contract: .*not seen in 1 message$", text, re.MULTILINE)
    assert re.search(r"^  seller: \{use: edifact_party", text, re.MULTILINE)
    (tmp_path / "order.edifact-mine.yaml").write_text(text)
    assert edi("map", "lint", "order.edifact-mine.yaml").stdout == b""
    read, ours = (edi("translate", "order.edi", *more).stdout for more in (("--map", "order.edifact-mine.yaml"), ()))
    assert read == ours  # what it needs is in it


def test_what_no_rule_reads_is_told(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "order.edi").write_bytes(ORDER.replace(b"LIN+1", b"LIN+1").replace(b"UNS+S'", b"MEA+PD+AAB+KGM:12'UNS+S'").replace(b"UNT+11", b"UNT+12"))
    text = new(edi, "--message", "edifact/D96A/ORDERS", "--record", "order", "--from-samples", "order.edi")
    notes = text.partition("# In 1 message, read by no rule:\n")[2].splitlines()
    assert notes == ["#   MEA+PD  once, such as MEA+PD+AAB+KGM:12"]


@pytest.mark.parametrize(("message", "record"), [
    ("edifact/D96A/ORDERS", "order"), ("edifact/D01B/ORDCHG", "order"), ("x12/004010/850", "order"),
    ("x12/004010/810", "invoice"), ("xml/ubl-2.1/Order", "order"), ("edifact/D01B/DESADV", "despatch_advice"),
])
def test_without_samples_too_it_passes_lint(edi: Run, tmp_path: Path, message: str, record: str) -> None:
    out = tmp_path / "draft.yaml"
    assert edi("map", "new", "--message", message, "--record", record, "--out", out).returncode == 0
    made = edi("map", "lint", out)
    assert made.returncode == 0 and b"error" not in made.stdout
    rules = [line for line in out.read_text().splitlines() if line.startswith("  ") and "# " in line]
    assert len(rules) > 20
    assert edi("map", "new", "--message", message, "--record", record, "--out", out).returncode == 2  # not overwritten


def test_rules_that_do_not_fit_the_message_are_set_aside_with_the_reason(edi: Run) -> None:
    text = new(edi, "--message", "edifact/D01B/ORDCHG", "--record", "order")
    assert re.search(r"^# .*left out.*$", text, re.MULTILINE)


CSV = """Bestellnr.;Datum;Kundennummer;Pos;Artikel;EAN;Menge;Preis;Foo
4711;01.12.2026;K-100;1;A-1;4006381333931;4;12,90;x
4711;01.12.2026;K-100;2;A-2;4006381333931;2,5;1,10;
4712;02.12.2026;K-101;1;A-1;4006381333931;1;12,90;y
"""


def test_a_csv_from_its_header_and_cells(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(CSV)
    text = new(edi, "--message", "csv/acme/order", "--record", "order", "--from-samples", "orders.csv")
    for wanted in ('delimiter: ";"', 'decimal: ","', "key: [bestellnr]", 'as: "date(DD.MM.CCYY)"', "gtin: {at: ean, as: gtin}",
                   "quantity: {at: menge, as: decimal, required: true}", '#   foo ("Foo")  looks like text, such as x'):
        assert wanted in text, text
    (tmp_path / "order.csv-acme.yaml").write_text(text)
    assert edi("map", "lint", "order.csv-acme.yaml").stdout == b""
    records = edi("translate", "orders.csv", "--map", "order.csv-acme.yaml").stdout.decode().splitlines()
    assert len(records) == 2 and '"quantity":"2.5"' in records[0] and '"issued_on":"2026-12-02"' in records[1]


def test_cells_say_more_than_titles(edi: Run, tmp_path: Path) -> None:
    """The order of the README: the number of a customer is a GLN; that of an article is one only where all cells are."""
    (tmp_path / "orders.csv").write_text("Order;Customer;Item;Text;Pieces\nS-1;4012345000009;A-7;Lamp, brass;4\nS-2;4012345000009;4006381333931;Bulb;12\n")
    text = new(edi, "--message", "csv/shop/order", "--record", "order", "--from-samples", "orders.csv")
    for wanted in ("gln: {at: customer, as: gln}", "its cells are GLNs", "buyer_item: item", "description: text", "quantity: {at: pieces, as: decimal, required: true}"):
        assert wanted in text, text
    (tmp_path / "orders.csv").write_text("Order;Customer;Item\nS-1;K-1;4006381333931\n")
    text = new(edi, "--message", "csv/shop/order", "--record", "order", "--from-samples", "orders.csv")
    assert "gtin: {at: item, as: gtin}" in text and "receiver_number: customer" in text


def test_a_csv_whose_titles_say_nothing(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("Aa,Bb\n1,x\n2,y\n")
    text = new(edi, "--message", "csv/odd/order", "--record", "order", "--from-samples", "odd.csv")
    assert text.count("only a guess") == 2
    (tmp_path / "order.csv-odd.yaml").write_text(text)
    assert edi("map", "lint", "order.csv-odd.yaml").returncode == 0


@pytest.mark.parametrize(("args", "words"), [
    (("--message", "edifact/D96A/ORDERS", "--record", "orders"), "there is no record orders"),
    (("--message", "ORDERS", "--record", "order"), "STANDARD/VERSION/NAME"),
    (("--message", "edifact/D96A/ORDERSS", "--record", "order"), "did you mean edifact/D96A/ORDERS"),
    (("--message", "csv/acme/order", "--record", "order"), "--from-samples"),
    (("--message", "x12/004010/850", "--record", "order", "--from-samples", SAMPLES / "edifact/orders-d96a-plain/message.edi"), "hold no message x12/004010/850"),
])
def test_wrong_use(edi: Run, args: tuple[str | Path, ...], words: str) -> None:
    made = edi("map", "new", *args)
    assert made.returncode == 2 and words in made.stderr.decode()
