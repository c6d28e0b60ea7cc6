"""Refusals explained back: from an answer that is not ours to the rule and field of what we wrote.

The invoice is written by our own map, one thing in it is spoiled on the way, pyx12 (which shares nothing with us) checks it
and answers with a 997; the sentence must name the very field that was spoiled. EDIFACT has no such writer of
answers: there the CONTRL is written by hand from ISO 9735-4.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from edi_bridge import explaining, outbound, syntax
from edi_bridge.ack import reading
from edi_bridge.ack.reconcile import reconcile
from edi_bridge.catalog import Catalog
from edi_bridge.explaining import Explained, Written
from edi_bridge.interchange import Address
from tests.ack import pyx12_peer

CATALOG = Catalog()
ROOT = Path(__file__).parents[1]
INVOICE: dict[str, Any] = {
    "number": "4711",
    "type": "invoice",
    "purpose": "original",
    "issued_on": "2026-11-21",
    "order_number": "PO-1",
    "contract": "C-9",
    "buyer": {"duns": "315369934", "name": "Bluebird Stores", "street": "1 Plaza", "city": "Columbus", "region": "OH"},
    "payment_terms": [{"kind": "basic", "days_from": "invoice_date", "discount_percent": Decimal(2), "discount_days": 10}],
    "lines": [
        {
            "number": str(count),
            "seller_item": f"A-{count}",
            "quantity": Decimal(count),
            "unit": "EA",
            "net_price": Decimal("3.95"),
            "description": f"Mug {count}",
        }
        for count in (1, 2, 3)
    ],
    "totals": {"payable": Decimal("23.70"), "line_count": 3},
}


def sent() -> bytes:
    """The invoice as our map writes it."""
    compiled = CATALOG.map_named("invoice.x12-4010-810")
    head = outbound.Heading(Address("088230714", "01"), Address("315369934", "01"), "1204", "2026-11-21T10:30")
    composed = outbound.compose([INVOICE], compiled, head)
    assert composed.contents, [one.sentence() for one in composed.findings]
    return composed.contents[0]


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], bytes]:
    logging.disable(logging.CRITICAL)  # pyx12 writes its findings to the log too
    folder = pyx12_peer.maps(tmp_path_factory.mktemp("maps"))
    return lambda content: pyx12_peer.answer(content, folder)


def explained(content: bytes, answer: bytes, map_name: str) -> list[Explained]:
    """What a person is told of an answer to an interchange."""
    interchange = next(iter(syntax.read(content)))
    made, messages = explaining.sent_interchange(interchange)
    words = explaining.code_words(CATALOG.guide)
    answers = [one for each in syntax.read(answer) for one in reading.answers(each, words)]
    compiled = CATALOG.map_named(map_name)
    return list(
        explaining.explain(
            reconcile(answers, [made]),
            lambda _, key: Written(messages[key], compiled) if key in messages else None,
            lambda one: "Bluebird Stores",
        )
    )


def test_what_our_map_writes_is_accepted_by_the_peer(peer: Callable[[bytes], bytes]) -> None:
    """Else the spoiled ones would prove nothing."""
    content = sent()
    assert explained(content, peer(content), "invoice.x12-4010-810") == []


def line_of(field: str) -> str:
    """`mappings/invoice.x12-4010-810.yaml:N` of the line on which a field of the lines is told."""
    text = (ROOT / "mappings" / "invoice.x12-4010-810.yaml").read_text("utf-8").splitlines()
    start = next(n for n, line in enumerate(text) if line.startswith("  lines:"))
    number = next(n for n, line in enumerate(text, 1) if n > start and re.match(rf"\s+{field}:", line))
    return f"mappings/invoice.x12-4010-810.yaml:{number}"


SPOILED = [
    # what is done to the bytes, the field of the record, what stands there, the code
    (("*2*EA*", "*12,5*EA*"), "lines[1].quantity", "12,5", "6"),
    (("*3*EA*", "*3*XX*"), "lines[2].unit", "XX", "7"),
    (("*3*EA*", "*3**"), "lines[2].unit", "", "1"),
    (("*1*EA*3.95*", "*1*EA**"), "lines[0].net_price", "", "1"),
    (("PID*F****Mug 2~", "PID*F~"), "lines[1].description", "", "1"),
    (("VN*A-3", "ZZ*A-3"), "lines[2].other_items[0].scheme", "ZZ", "7"),
    (("BIG*20261121*", "BIG*20261321*"), "issued_on", "20261321", "8"),
    (("REF*CT*C-9", "REF*CT*"), "contract", "", "1"),
    (("N4*Columbus*OH", "N4*C*OH"), "buyer.city", "C", "4"),
]


@pytest.mark.parametrize(("change", "field", "value", "code"), SPOILED, ids=[f"{one[1]}-{one[3]}" for one in SPOILED])
def test_a_spoiled_value_leads_back_to_its_field(change: tuple[str, str], field: str, value: str, code: str,
                                                 peer: Callable[[bytes], bytes]) -> None:
    before = sent().decode("ascii")
    assert before.count(change[0]) == 1, before
    content = before.replace(*change).encode("ascii")
    told = explained(content, peer(content), "invoice.x12-4010-810")
    (one,) = [each for each in told if each.complaint is not None and each.complaint.code == code]
    assert one.origin is not None and field in one.origin.fields, one.sentence
    assert value in one.sentence and f"(997 AK403 = {code})" in one.sentence and f"record field {field}" in one.sentence
    file, _, line = one.origin.rule.rpartition(":")
    assert re.search(rf"\b{field.rpartition('.')[2]}\b", (ROOT / file).read_text("utf-8").splitlines()[int(line) - 1])


def test_the_sentence_says_who_what_where_and_why(peer: Callable[[bytes], bytes]) -> None:
    content = sent().replace(b"*2*EA*", b"*12,5*EA*")
    (one,) = explained(content, peer(content), "invoice.x12-4010-810")
    assert one.sentence == (f'Bluebird Stores refused invoice 4711: line 2, quantity (record field lines[1].quantity, written by '
                            f'{line_of("quantity")} into IT1/02): "12,5", invalid character (997 AK403 = 6)')


def test_a_segment_that_is_missing_leads_to_the_fields_that_would_have_written_it(peer: Callable[[bytes], bytes]) -> None:
    content = re.sub(rb"ITD[^~]*~", b"", sent()).replace(b"SE*20*", b"SE*19*")
    told = explained(content, peer(content), "invoice.x12-4010-810")
    (one,) = [each for each in told if each.complaint is not None and each.complaint.position.tag == "ITD"]
    assert one.complaint is not None and one.complaint.missing
    assert one.origin is not None and all("payment_terms" in field for field in one.origin.fields)
    assert "mandatory segment missing" in one.sentence and "payment terms" in one.sentence


ORDER = (
    b"UNA:+.? '"
    b"UNB+UNOC:3+US:14+THEM:14+261121:1030+417'"
    b"UNH+1+ORDERS:D:96A:UN'"
    b"BGM+220+4711+9'"
    b"DTM+137:20261121:102'"
    b"NAD+BY+4012345000009::9'"
    b"NAD+SU+9521200000009::9'"
    b"LIN+1++4000862141404:EN'"
    b"QTY+21:5'"
    b"LIN+2++4000862141404:EN'"
    b"QTY+21:12'"
    b"PRI+AAA:3.10'"
    b"UNS+S'"
    b"CNT+2:2'"
    b"UNT+13+1'"
    b"UNZ+1+417'"
)


@pytest.mark.parametrize(("errors", "how", "fields", "words"), [
    ("UCS+9'UCD+12+2:2", "field", ("lines[1].quantity",), '"12", invalid value'),
    ("UCS+9'UCD+12+2:1", "qualifier", ("lines[1].quantity",), '"21", invalid value'),
    ("UCS+3'UCD+12+2:3", "beside", ("issued_on",), '"102", invalid value'),
    ("UCS+3'UCD+37+2:2", "field", ("issued_on",), '"20261121", wrong type of characters'),
    ("UCS+9'UCD+13+2:3", "empty", ("lines[1].unit",), "missing"),
    ("UCS+11'UCD+15+2", "writes", (), "not supported in this place"),
    ("UCS+12'UCD+37+2:2", "field", ("totals.line_count",), '"2", wrong type of characters'),
    ("UCS+13'UCD+29+2", "program", (), "which edi-bridge writes itself"),
])
def test_a_contrl_leads_back_the_same_way(errors: str, how: str, fields: tuple[str, ...], words: str) -> None:
    answer = (
        f"UNB+UNOC:3+THEM:14+US:14+261121:1100+9'UNH+1+CONTRL:D:3:UN'UCI+417+US:14+THEM:14+7'UCM+1+ORDERS:D:96A:UN+4'{errors}'"
        "UNT+5+1'UNZ+1+9'"
    ).encode()
    (one,) = explained(ORDER, answer, "order.edifact-d96a")
    assert one.origin is not None and words in one.sentence
    assert (one.origin.how, one.origin.fields) == (how, fields), one.sentence


def test_a_contrl_does_not_say_which_segment_is_missing() -> None:
    answer = (
        b"UNB+UNOC:3+THEM:14+US:14+261121:1100+9'UNH+1+CONTRL:D:3:UN'UCI+417+US:14+THEM:14+7'UCM+1+ORDERS:D:96A:UN+4'UCS+9+13'"
        b"UNT+5+1'UNZ+1+9'"
    )
    (one,) = explained(ORDER, answer, "order.edifact-d96a")
    assert (
        one.sentence
        == "Bluebird Stores refused order 4711: something behind segment 9 (QTY+21:12): missing (CONTRL UCS 0085 = 13)"
    )


@pytest.mark.parametrize("number", ["0", "99"])
def test_a_segment_that_there_is_not_is_told_as_such(number: str) -> None:
    """Segments count from 1: 0 is no other word for the last one."""
    answer = (
        f"UNB+UNOC:3+THEM:14+US:14+261121:1100+9'UNH+1+CONTRL:D:3:UN'UCI+417+US:14+THEM:14+7'UCM+1+ORDERS:D:96A:UN+4'UCS+{number}'UCD+12+2'"
        "UNT+6+1'UNZ+1+9'"
    ).encode()
    (one,) = explained(ORDER, answer, "order.edifact-d96a")
    assert one.origin is None
    assert one.sentence == (f"Bluebird Stores refused order 4711: segment {number}, element 1 (our message has 13 segments): invalid value "
                            "(CONTRL UCD 0085 = 12)")


def test_without_a_map_the_place_is_told_alone() -> None:
    interchange = next(iter(syntax.read(ORDER)))
    made, messages = explaining.sent_interchange(interchange)
    answer = b"UNB+UNOC:3+THEM:14+US:14+261121:1100+9'UNH+1+CONTRL:D:3:UN'UCI+417+US:14+THEM:14+7'UCM+1+ORDERS:D:96A:UN+4'UCS+10'UCD+12+2:2'UNT+6+1'UNZ+1+9'"
    answers = [one for each in syntax.read(answer) for one in reading.answers(each)]
    (one,) = explaining.explain(reconcile(answers, [made]), lambda _, key: Written(messages[key], None), lambda one: "THEM")
    assert one.sentence.startswith("THEM refused message 1 (ORDERS 4711): segment 10, element 1.2: ") and one.origin is None


def test_a_refusal_without_reasons_says_so() -> None:
    answer = b"UNB+UNOC:3+THEM:14+US:14+261121:1100+9'UNH+1+CONTRL:D:3:UN'UCI+417+US:14+THEM:14+4'UNT+3+1'UNZ+1+9'"
    (one,) = explained(ORDER, answer, "order.edifact-d96a")
    assert one.sentence == "Bluebird Stores refused the whole interchange 417 and does not say why (CONTRL 0083 = 4)"


def test_an_answer_that_counts_one_off_still_finds_its_segment() -> None:
    """AK302 says 8 for a QTY-like IT1 that is our 7th: the tag that stands beside it decides."""
    content = sent()
    interchange = next(iter(syntax.read(content)))
    (message,) = interchange.messages
    number = next(n for n, elements in enumerate(message.segments, 1) if elements[:2] == ["IT1", "2"])  # type: ignore[union-attr]
    answer = (
        f"ISA*00*          *00*          *01*315369934      *01*088230714      *261121*1100*U*00401*000000009*0*P*>~GS*FA*315369934*"
        f"088230714*20261121*1100*9*X*004010~ST*997*0001~AK1*IN*1204~AK2*810*{message.reference}~AK3*IT1*{number - 1}**8~AK4*2*358*6~AK5*R*5~"
        "AK9*R*1*1*0~SE*8*0001~GE*1*9~IEA*1*000000009~"
    ).encode()
    (one,) = explained(content, answer, "invoice.x12-4010-810")
    assert one.origin is not None and one.origin.fields == ("lines[1].quantity",)
