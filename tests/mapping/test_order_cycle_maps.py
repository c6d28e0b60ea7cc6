"""Order changes, answers to orders and payments: messages written by hand from the standards' text, the guide as the judge of all that is
written, pydifact as another reader, and each of the two standards in the words of the other."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest
from pydifact.segmentcollection import Interchange

from edi_bridge.completion import completed
from edi_bridge.interchange import Address, Delimiters, MessageType
from edi_bridge.outbound import Composed, Heading, compose
from tests import sample_cases
from tests.sample_cases import Case

MAPS = ("order.edifact-d96a-ordchg", "order.x12-4010-860", "order_response.edifact-d96a", "order_response.x12-4010-855",
        "remittance.edifact-d96a", "remittance.x12-4010-820")
CASES = [case for case in sample_cases.cases() if case.map in MAPS]
X12 = Delimiters(element="*", component=">", terminator="~", release="", repetition="")
HEAD = Heading(Address("9521200034004", "14"), Address("9521200038118", "14"), syntax="UNOW:3")
X12_HEAD = Heading(Address("NORDWINDUS", "ZZ"), Address("PARTNER", "ZZ"), characters="replace")


def composed(records: list[dict[str, Any]], name: str, lossy: bool = False) -> Composed:
    one = sample_cases.catalog().map_named(name)
    standard, version, message = one.spec.message.split("/")
    head = replace(HEAD, usage="EAN008", lossy=lossy) if standard == "edifact" else replace(X12_HEAD, lossy=lossy)
    checker = sample_cases.catalog().checker_for(MessageType(standard, version, message, head.usage), None, "out")
    assert checker is not None
    return compose(records, one, head, checker)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_read_is_written_again_as_the_guide_wants_it(case: Case) -> None:
    made = composed(sample_cases.read(case).records, case.map)
    assert made.findings == [] and len(made.contents) == 1
    if case.name.startswith("edifact/"):
        read = Interchange.from_str(made.contents[0].decode("utf-8"))
        for message in read.get_messages():
            assert message.segments
        assert len(list(read.get_messages())) == made.messages


def test_every_map_has_three_samples_and_names_them() -> None:
    for name in MAPS:
        named = {test["sample"] for test in sample_cases.catalog().map_named(name).spec.tests}
        assert named == {case.name for case in CASES if case.map == name} and len(named) >= 3


# --- written by hand --------------------------------------------------------------------------------------------------

CHANGE = {"number": "C-1", "purpose": "change", "issued_on": "2026-11-05", "order_number": "4500", "order_date": "2026-11-03",
          "buyer": {"gln": "9521200038118"}, "lines": [
              {"number": "10", "action": "changed", "gtin": "9521200006339", "quantity": D(30), "unit": "KGM", "open_quantity": D("24.5")},
              {"number": "20", "action": "deleted"},
              {"number": "30", "action": "added", "seller_item": "X:1", "quantity": D(4), "net_price": D("0.10")}]}
RESPONSE = {"number": "A-1", "order_number": "B-1", "outcome": "changed", "issued_on": "2026-11-03", "order_date": "2026-11-02",
            "buyer": {"gln": "9521200034004"}, "lines": [
                {"number": "1", "outcome": "changed", "gtin": "9521200037982", "ordered_quantity": D(15), "ordered_unit": "EA", "quantity": D(12), "unit": "EA",
                 "date": "2026-11-13", "splits": [{"outcome": "backordered", "quantity": D(3), "unit": "EA"}]},
                {"number": "2", "outcome": "rejected", "seller_item": "KF-9", "ordered_quantity": D(4), "ordered_unit": "EA"}]}
PAYMENT = {"number": "P-1", "issued_on": "2026-12-01", "paid_on": "2026-12-03", "currency": "EUR", "amount": D("80.00"), "means": "cheque",
           "payer": {"gln": "9521200038118"}, "payee": {"gln": "9521200034004"}, "items": [
               {"document": "R-1", "type": "invoice", "date": "2026-11-10", "amount": D("90.00"), "gross": D("100.00"),
                "deductions": [{"reason": "damaged", "amount": D("-10.00"), "type": "despatch_advice", "document": "LS-1"}]},
               {"document": "G-1", "type": "credit_note", "amount": D("-10.00")}]}
BY_HAND: list[tuple[str, dict[str, Any], str]] = [
    ("order.edifact-d96a-ordchg", CHANGE, """
        BGM+230+C-1+4
        DTM+137:20261105:102
        RFF+ON:4500
        DTM+171:20261103:102
        NAD+BY+9521200038118::9
        LIN+10+3+9521200006339:EN
        QTY+21:30:KGM
        QTY+73:24.5
        LIN+20+2
        LIN+30+1
        PIA+1+X?:1:SA
        QTY+21:4
        PRI+AAA:0.10
        UNS+S
        CNT+2:3"""),
    ("order.x12-4010-860", CHANGE, """
        BCH*04*SA*4500**C-1*20261103*****20261105
        N1*BY**UL*9521200038118
        POC*10*CA*30*24.5*KG***EN*9521200006339
        POC*20*DI
        POC*30*AI*4***0.10**VN*X:1
        CTT*3"""),
    ("order_response.edifact-d96a", RESPONSE, """
        BGM+231+A-1+4
        DTM+137:20261103:102
        RFF+ON:B-1
        DTM+171:20261102:102
        NAD+BY+9521200034004::9
        LIN+1+6+9521200037982:EN
        QTY+21:15:EA
        QTY+113:12:EA
        QTY+83:3:EA
        DTM+67:20261113:102
        LIN+2+7
        PIA+1+KF-9:SA
        QTY+21:4:EA
        UNS+S
        CNT+2:2"""),
    ("order_response.x12-4010-855", {**RESPONSE, "purpose": "original"}, """
        BAK*00*AC*B-1*20261102****A-1*20261103
        N1*BY**UL*9521200034004
        PO1*1*15*EA***EN*9521200037982
        ACK*IC*12*EA*067*20261113
        ACK*IB*3*EA
        PO1*2*4*EA***VN*KF-9
        ACK*IR
        CTT*2"""),
    ("remittance.edifact-d96a", PAYMENT, """
        BGM+481+P-1+9
        DTM+137:20261201:102
        DTM+138:20261203:102
        PAI+::20
        NAD+PR+9521200038118::9
        NAD+PE+9521200034004::9
        CUX+2:EUR:11
        DOC+380+R-1
        MOA+12:90.00
        MOA+9:100.00
        DTM+137:20261110:102
        AJT+3
        MOA+5:-10.00
        RFF+AAK:LS-1
        DOC+381+G-1
        MOA+12:-10.00
        UNS+S
        MOA+12:80.00"""),
    ("remittance.x12-4010-820", PAYMENT, """
        BPR*I*80.00*C*CHK************20261203
        TRN*1*P-1
        CUR*PR*EUR
        DTM*097*20261201
        N1*PR**UL*9521200038118
        N1*PE**UL*9521200034004
        ENT*1
        RMR*IV*R-1**90.00*100.00
        DTM*003*20261110
        ADX*-10.00*04*MA*LS-1
        RMR*CD*G-1**-10.00"""),
]


@pytest.mark.parametrize(("name", "record", "expected"), BY_HAND, ids=[name for name, _, _ in BY_HAND])
def test_written_by_hand(name: str, record: dict[str, Any], expected: str) -> None:
    one = sample_cases.catalog().map_named(name)
    segments, findings = one.write([record], Delimiters() if one.standard == "edifact" else X12, "utf-8")
    assert findings == []
    assert segments == [line.strip() for line in expected.strip().splitlines()]


@pytest.mark.parametrize(("name", "counted"), [("order.edifact-d96a-ordchg", "CNT+2:"), ("order.x12-4010-860", "CTT*"),
                                               ("order_response.edifact-d96a", "CNT+2:"), ("order_response.x12-4010-855", "CTT*")])
def test_counts_follow_the_lines(name: str, counted: str) -> None:
    one = sample_cases.catalog().map_named(name)
    record = {**(CHANGE if name.startswith("order.") else RESPONSE)}
    for lines in ([], record["lines"][:1], record["lines"]):
        segments, _ = one.write([{**record, "lines": lines}], Delimiters() if one.standard == "edifact" else X12, "utf-8")
        assert segments[-1] == f"{counted}{len(lines)}"


def test_what_a_message_means_without_saying_it_is_not_changed_silently() -> None:
    one = sample_cases.catalog().map_named("order.x12-4010-860")
    assert one.write([{**CHANGE, "type": "order_change"}], X12, "ascii")[1] == []
    _, findings = one.write([{**CHANGE, "type": "rush_order"}], X12, "ascii")
    assert [(one.kind, one.value, one.note) for one in findings] == [("field_not_carried", "rush_order", "type: in this message it is always order_change")]


# --- the other standard -----------------------------------------------------------------------------------------------

PAIRS = [
    ("edifact/ordchg-d96a-cancellation", "order.x12-4010-860", {"purpose", "order_number"}),
    ("x12/860-4010-cascade-two-changes", "order.edifact-d96a-ordchg", {"number", "purpose", "order_number", "release", "contract", "issued_on"}),
    ("x12/855-4010-ozark-split-dates", "order_response.edifact-d96a", {"number", "outcome", "order_number", "order_date", "release"}),
    ("x12/855-4010-maple-leaf-rejected", "order_response.edifact-d96a", {"outcome", "order_number", "vendor_number"}),
    ("edifact/ordrsp-d96a-plain-rejection", "order_response.x12-4010-855", {"number", "outcome", "order_number", "issued_on"}),
    ("edifact/remadv-d96a-havelmarkt-deductions", "remittance.x12-4010-820", {"number", "amount", "paid_on", "trace", "currency", "issued_on"}),
    ("x12/820-4010-bluebird-ach", "remittance.edifact-d96a", {"number", "amount", "means", "paid_on", "trace", "currency", "issued_on"}),
]


@pytest.mark.parametrize(("sample", "target", "kept"), PAIRS, ids=[f"{sample} to {target}" for sample, target, _ in PAIRS])
def test_in_the_words_of_the_other_standard(sample: str, target: str, kept: set[str]) -> None:
    """What matters most arrives; what the other message cannot say is named, and the guide has nothing to object."""
    case = next(case for case in sample_cases.cases() if case.name == sample)
    one = sample_cases.catalog().map_named(target)
    wanted = [completed(record, one.record)[0] for record in sample_cases.read(case).records]
    if sample.endswith("plain-rejection"):
        wanted = [{**record, "order_date": "2026-11-02"} for record in wanted]  # BAK04 is mandatory; the message did not say it
    made = composed(wanted, target, lossy=True)
    assert len(made.contents) == 1 and {finding.kind for finding in made.findings} <= {"field_not_carried"}
    from edi_bridge import syntax

    got = [record for interchange in syntax.read(made.contents[0]) for message in interchange.messages for record in one.read(message)[0]]
    assert [{name: record.get(name) for name in kept} for record in got] == [{name: record.get(name) for name in kept} for record in wanted]
    lines = "items" if one.record == "remittance" else "lines"
    key = "document" if one.record == "remittance" else "number"
    assert [[line[key] for line in record.get(lines, [])] for record in got] == [[line[key] for line in record.get(lines, [])] for record in wanted]


def test_an_answer_without_an_outcome_gets_the_one_that_its_type_says() -> None:
    record, added = completed({"number": "1", "type": "conditionally_accepted", "lines": [{"seller_item": "A"}]}, "order_response")
    assert record["outcome"] == "changed" and added[1:] == ["outcome"]
    assert completed({"number": "1", "type": "accepted", "outcome": "rejected"}, "order_response") == (
        {"number": "1", "type": "accepted", "outcome": "rejected"}, [])
    assert "outcome" not in completed({"number": "1", "type": "not_needed"}, "order_response")[0]


def test_a_payment_without_its_amount_is_what_its_documents_say() -> None:
    record, added = completed({"items": [{"amount": D("90.00")}, {"amount": D("-10.00")}], "deductions": [{"amount": D(-5)}]}, "remittance")
    assert record["amount"] == D("75.00") and added == ["amount"]
    assert completed({"items": [{"amount": D(1)}, {"document": "R-2"}]}, "remittance")[1] == []  # one is not known


@pytest.mark.parametrize("case", [case for case in CASES if case.map.startswith("remittance")], ids=lambda case: case.name)
def test_the_payments_of_the_samples_add_up(case: Case) -> None:
    """BPR02 and the summary's MOA+12 are the documents' amounts and the head's deductions."""
    for record in sample_cases.read(case).records:
        amounts = [one["amount"] for one in (*record["items"], *record.get("deductions", ()))]
        assert sum(amounts) == record["amount"]
