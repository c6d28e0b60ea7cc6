"""The generated files against independent readers: pydifact, pyx12, lxml; the same bytes for the same arguments."""

from __future__ import annotations

import io
import re
import tracemalloc
from decimal import Decimal

import pytest
import pyx12.x12file
from lxml import etree
from pydifact.segmentcollection import Interchange as Pydifact

from benchmarks.generate import (
    KINDS,
    invoic_d96a,
    main,
    orders_d96a,
    ubl_order,
    x12_810,
    x12_850,
)
from benchmarks.goods import market
from edi_bridge.syntax import read


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_same_arguments_give_the_same_bytes(kind):
    one = b"".join(KINDS[kind](5, 40, 7))
    assert one == b"".join(KINDS[kind](5, 40, 7)) and one != b"".join(KINDS[kind](5, 40, 8))


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("line_break", ["", "\r\n"])
def test_our_readers_find_nothing_wrong(kind, line_break):
    data = b"".join(KINDS[kind](30, 40, 3, line_break=line_break))
    messages = 0
    for interchange in read(data):
        messages += sum(1 for _ in interchange.messages)
        assert interchange.findings == []
    assert messages == 30


@pytest.mark.parametrize(("generator", "name"), [(orders_d96a, "ORDERS"), (invoic_d96a, "INVOIC")])
def test_pydifact_reads_every_message_with_its_lines(generator, name):
    text = b"".join(generator(20, 40, 5)).decode("latin-1")
    messages = list(Pydifact.from_str(text).get_messages())
    assert [message.type for message in messages] == [name] * 20
    for message in messages:
        segments = list(message.segments)
        lines = [segment for segment in segments if segment.tag == "LIN"]
        assert 30 <= len(lines) <= 50
        assert [segment.elements[0] for segment in segments if segment.tag == "CNT"] == [["2", str(len(lines))]]
        amounts = [Decimal(segment.elements[0][1]) for segment in segments if segment.tag == "MOA" and segment.elements[0][0] == "203"]
        total = next(Decimal(segment.elements[0][1]) for segment in segments if segment.tag == "MOA" and segment.elements[0][0] == "79")
        assert not amounts or sum(amounts) == total


@pytest.mark.parametrize(("generator", "line", "name"), [(x12_850, "PO1", "850"), (x12_810, "IT1", "810")])
def test_pyx12_finds_no_error_in_the_envelopes(generator, line, name):
    text = b"".join(generator(20, 40, 5)).decode("ascii")
    reader = pyx12.x12file.X12Reader(io.StringIO(text))
    segments = list(reader)
    assert reader.pop_errors() == []
    tags = [segment.get_seg_id() for segment in segments]
    assert tags.count("ST") == 20 and 20 * 30 <= tags.count(line) <= 20 * 50


def test_an_invoice_adds_up():
    text = b"".join(x12_810(1, 40, 2)).decode("ascii")
    rows = [row.split("*") for row in text.split("~")]
    lines = sum(Decimal(row[2]) * Decimal(row[4]) for row in rows if row[0] == "IT1")
    off = sum(Decimal(row[5]) / 100 for row in rows if row[0] == "SAC")
    tax = sum(Decimal(row[2]) for row in rows if row[0] == "TXI")
    assert [Decimal(row[1]) / 100 for row in rows if row[0] == "TDS"] == [lines - off + tax]


def test_ubl_orders_are_well_formed_with_their_lines_and_totals():
    space = {"cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
             "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"}
    documents = list(ubl_order(10, 40, 2))
    assert len(documents) == 10
    for document in documents:
        root = etree.fromstring(document)
        amounts = [Decimal(text) for text in root.xpath("cac:OrderLine/cac:LineItem/cbc:LineExtensionAmount/text()", namespaces=space)]
        assert 30 <= len(amounts) <= 50
        assert sum(amounts) == Decimal(root.xpath("string(cac:AnticipatedMonetaryTotal/cbc:PayableAmount)", namespaces=space))


def test_free_text_carries_delimiters_and_accents():
    names = " ".join(product.name for product in market(1).products)
    assert all(char in names for char in "'+:*~/&<ü")


def test_a_message_of_many_lines_and_a_file_of_a_size(tmp_path):
    tracemalloc.start()
    lines = sum(piece.count(b"LIN+") - piece.count(b"FTX+LIN+") for piece in orders_d96a(1, 20_000))
    assert lines == 20_000 and tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    target = tmp_path / "orders.edi"
    assert main(["x12_850", "--mb", "0.5", "--out", str(target)]) == 0
    assert 500_000 <= target.stat().st_size < 520_000


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_faulty_file_has_one_fault_in_every_message_and_whole_envelopes(kind):
    clean, faulty = (b"".join(KINDS[kind](30, 40, 3, line_break="\n", faulty=faults)) for faults in (False, True))
    messages = [[re.sub(rb"^(UNT|SE).*", rb"\1", line) for line in content.splitlines()] for content in (clean, faulty)]
    changed = [a != b for a, b in zip(*(_split(lines) for lines in messages), strict=True)]
    assert changed == [True] * 30
    for interchange in read(faulty):
        interchange.drain()
        assert interchange.findings == []


def _split(lines):
    """The lines of each message; a UBL document is one line."""
    if any(line.startswith(b"<Order ") for line in lines):
        return [line for line in lines if line.startswith(b"<Order ")]
    starts = [place for place, line in enumerate(lines) if line.startswith((b"UNH+", b"ST*"))]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def test_the_command_writes_a_faulty_file(tmp_path):
    main(["x12_850", "--messages", "3", "--faulty", "--out", str(tmp_path / "faulty.edi")])
    assert (tmp_path / "faulty.edi").read_bytes() == b"".join(x12_850(3, faulty=True)) != b"".join(x12_850(3))
