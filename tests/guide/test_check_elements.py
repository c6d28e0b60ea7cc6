"""Values: types, lengths, numbers, dates, codes, conditions, repetitions, separators; each fault found at its place, once.

Expectations are written by hand from D.96A's and 004010's directories, ISO 9735-1 clause 10 and X12.6 3.5.1.
"""

from __future__ import annotations

import io

import pytest

from edi_bridge import syntax
from tests.guide.check_case import (
    ORDER,
    PURCHASE,
    SHIPMENT,
    check,
    edifact,
    faulty,
    told,
    x12,
)

NUMBER = "SG25/QTY/C186.6060"
EDIFACT = {
    "line12": [  # QTY: C186 M (6063 M an..3 coded, 6060 M n..15, 6411 C an..3)
        ("QTY+21:4x8", f"wrong_character_type 13 {NUMBER}"),
        ("QTY+21:1.234,5", f"invalid_number 13 {NUMBER}"),
        ("QTY+21:5.", f"invalid_number 13 {NUMBER}"),
        ("QTY+21:.5", f"invalid_number 13 {NUMBER}"),
        ("QTY+21:5-", f"invalid_number 13 {NUMBER}"),
        ("QTY+21:+5", None),  # two components and an element
        ("QTY+21:1234567890123456", f"too_long 13 {NUMBER}"),
        ("QTY+21:-12345678901,2345", ""),  # sign and mark are not counted
        ("QTY+21:12345678901.23456", f"too_long 13 {NUMBER}"),
        ("QTY+21:0.123456789", ""),
        ("QTY+21:5,25", ""),
        ("QTY+21", f"missing_element 13 {NUMBER}"),
        ("QTY+21:", f"missing_element 13 {NUMBER}"),
        ("QTY+:5", "missing_element 13 SG25/QTY/C186.6063"),
        ("QTY", "missing_element 13 SG25/QTY/C186"),
        ("QTY+", "missing_element 13 SG25/QTY/C186"),
        ("QTY+XYZ:5", "unknown_code 13 SG25/QTY/C186.6063"),
        ("QTY+21:5:PCEX", "too_long 13 SG25/QTY/C186.6411"),
        ("QTY+21:5:PCE:9", "too_many_components 13 SG25/QTY/C186"),
        ("QTY+21:5+9", "too_many_elements 13 SG25/QTY"),
        ("QTY+21:5+", "trailing_separator 13 SG25/QTY"),
        ("QTY+21:5:", "trailing_separator 13 SG25/QTY/C186"),
        ("QTY+21:5::", "trailing_separator 13 SG25/QTY/C186"),
    ],
    "line2": [  # DTM: C507 M (2005 M, 2380 C, 2379 C)
        ("DTM+137:20260230:102", "invalid_date 3 DTM/C507.2380"),
        ("DTM+137:20240229:102", ""),
        ("DTM+137:20250229:102", "invalid_date 3 DTM/C507.2380"),
        ("DTM+137:202611:102", "invalid_date 3 DTM/C507.2380"),
        ("DTM+137:202611211260:203", "invalid_date 3 DTM/C507.2380"),
        ("DTM+137:202611211259:203", ""),
        ("DTM+137:2459:401", "invalid_time 3 DTM/C507.2380"),
        ("DTM+137:2359:401", ""),
        ("DTM+137:202654:616", "invalid_date 3 DTM/C507.2380"),
        ("DTM+137:2026112120261122:718", ""),
        ("DTM+137:2026112120261131:718", "invalid_date 3 DTM/C507.2380"),
        ("DTM+137:30:804", ""),
        ("DTM+137:soon:804", "invalid_date 3 DTM/C507.2380"),
        ("DTM+137:whenever", ""),
        ("DTM+137:20261121:999", "unknown_code 3 DTM/C507.2379"),
    ],
    "line1": [  # BGM: C002 C (1001, 1131, 3055, 1000), 1004 an..35, 1225 coded
        ("BGM+220:::Order+4711+9", ""),
        ("BGM+YA1+4711+9", "unknown_code 2 BGM/C002.1001"),
        ("BGM+YA1::9+4711+9", ""),  # GS1's code, not the UN's
        ("BGM+YA1::6+4711+9", "unknown_code 2 BGM/C002.1001"),
        ("BGM+YA1:XX+4711+9", None),  # a code list of its own; 1131 itself is open
        ("BGM+220+" + "X" * 36 + "+9", "too_long 2 BGM/1004"),
        ("BGM+220+" + "X" * 34 + "?++9", ""),  # the release character is not counted
        ("BGM+220+" + "X" * 35 + "?++9", "too_long 2 BGM/1004"),
        ("BGM+220+4711:5+9", "too_many_components 2 BGM/1004"),
        ("BGM+220+4711+999", "unknown_code 2 BGM/1225"),
        ("BGM+220+4711+9+AB+X+Y", "too_many_elements 2 BGM"),
        ("BGM+220+4711+9++", "trailing_separator 2 BGM"),
        ("BGM", ""),  # everything is conditional
    ],
    "line4": [("NAD", "missing_element 5 SG2/NAD/3035"), ("NAD+BY+:::", "trailing_separator 5 SG2/NAD/C082"),
              ("NAD+BY+::9", "missing_element 5 SG2/NAD/C082.3039"),
              ("NAD+BY++A:B:C:D:E:F", "too_many_components 5 SG2/NAD/C058")],
}
CASES = [(line, text, expected) for line, cases in EDIFACT.items() for text, expected in cases if expected is not None]


@pytest.mark.parametrize(("line", "text", "expected"), CASES, ids=[text for _, text, _ in CASES])
def test_edifact_values(line: str, text: str, expected: str) -> None:
    assert told(check(edifact(faulty(ORDER, **{line: text})))) == ([expected] if expected else [])


PARTIES = "BGM+10+77+9\nDTM+137:20261121:102\nUNS+D\nNAD+BY+4012345000009::9"


@pytest.mark.parametrize("line, told_", [("UNS+S", []), ("UNS+D", ["unknown_code 19 UNS/0081"]), ("UNS", ["missing_element 19 UNS/0081"])])
def test_uns_begins_the_summary_of_an_order(line: str, told_: list[str]) -> None:
    """ORDERS D.96A 4.1, 2090: at the start of the summary section; 0081 S: detail/summary section separation."""
    assert told(check(edifact(faulty(ORDER, line18=line)))) == told_


@pytest.mark.parametrize("line, told_", [("UNS+D", []), ("UNS+S", ["unknown_code 4 UNS/0081"])])
def test_uns_begins_the_details_of_party_information(line: str, told_: list[str]) -> None:
    """PARTIN D.96A 4.1, 0140: at the start of the detail section."""
    assert told(check(edifact(PARTIES.replace("UNS+D", line), "PARTIN:D:96A:UN"))) == told_


X12 = {
    "line1": [  # BEG: 353 M ID 2, 92 M ID 2, 324 M AN 1/22, 328 O AN 1/30, 373 M DT 8
        ("BEG*00*NE*4711**20260230", "invalid_date 2 BEG/05"),
        ("BEG*00*NE*4711**2026022", "too_short 2 BEG/05"),
        ("BEG*00*NE*4711**202602211", "too_long 2 BEG/05"),
        ("BEG*00*NE*4711**2026O221", "invalid_date 2 BEG/05"),
        ("BEG*00*NE**1*20260221", "missing_element 2 BEG/03"),
        ("BEG*00*NE*    **20260221", "wrong_character_type 2 BEG/03"),
        ("BEG*00*NE* 4711**20260221", ""),  # leading blanks are significant
        ("BEG*0*NE*4711**20260221", "too_short 2 BEG/01"),
        ("BEG*00*NE*4711**20260221*", "trailing_separator 2 BEG/06"),
        ("BEG*00*NE*4711", "missing_element 2 BEG/05"),
        ("BEG*00*NE*4711**20260221********X", "too_many_elements 2 BEG/13"),
        ("BEG*00*NE*47>11**20260221", "too_many_components 2 BEG/03.02"),
    ],
    "line7": [  # PO1: 330 R 1/15 in 02, 212 R 1/17 in 04; C0302, C0504, P0607 …
        ("PO1*1*1,200*EA*29.84", "invalid_number 8 {PO1}/PO1/02"),
        ("PO1*1*12x*EA*29.84", "wrong_character_type 8 {PO1}/PO1/02"),
        ("PO1*1*-.5*EA*29.84", ""),
        ("PO1*1*5.*EA*29.84", ""),
        ("PO1*1*1E3*EA*29.84", "wrong_character_type 8 {PO1}/PO1/02"),  # an exponent: from 005010 on
        ("PO1*1*+5*EA*29.84", "invalid_number 8 {PO1}/PO1/02"),
        ("PO1*1*-1234567890.12345*EA*1", ""),
        ("PO1*1*1234567890.123456*EA*1", "too_long 8 {PO1}/PO1/02"),
        ("PO1*1**EA", "condition_violated 8 {PO1}/PO1/02"),
        ("PO1*1*1*EA*1**IN", "condition_violated 8 {PO1}/PO1/07"),
    ],
    "line4": [("N1*BY", "condition_violated 5 {N1}/N1/02"), ("N1*BY**UL", "condition_violated 5 {N1}/N1/04"),
              ("N1*BY*Buyer", "")],
}
X12_CASES = [(line, text, expected) for line, cases in X12.items() for text, expected in cases]


@pytest.mark.parametrize(("line", "text", "expected"), X12_CASES, ids=[text for _, text, _ in X12_CASES])
def test_x12_values(line: str, text: str, expected: str) -> None:
    found = [one for one in told(check(x12(faulty(PURCHASE, **{line: text})))) if "control_total" not in one]
    assert found == ([expected] if expected else [])


def test_an_exponent_is_a_number_from_005010_on() -> None:
    body = faulty(PURCHASE, line7="PO1*1*1E3*EA*29.84")
    assert told(check(x12(body, version="005010"))) == []


def test_implied_decimals_have_no_point_and_times_are_times() -> None:
    body = faulty(PURCHASE, line9="SAC*A*C310***12.50\nDTM*002*20261121*2460\nPO1*2*1*EA*1**IN*1")
    body = body.replace("SAC", "PO1*9*1*EA*1**IN*1\nSAC").replace("CTT*2", "CTT*3")
    assert told(check(x12(body))) == ["invalid_number 11 {PO1}/{SAC}/SAC/05", "invalid_time 12 {PO1}/DTM/03"]


def test_dates_in_a_text_follow_their_qualifier() -> None:
    body = faulty(PURCHASE, line3="REF*DP*098\nDTM*002****D8*20260230\nDTM*002****RD8*20261101-20261130")
    assert told(check(x12(body))) == ["invalid_date 5 DTM/06"]


def test_repetitions() -> None:
    body = faulty(ORDER, line6="COM+a@example.com:EM*030:TE")
    d01b = "ORDERS:D:01B:UN"
    assert told(check(edifact(body, d01b, "UNOC:4", "UNA:+.?*'"))) == []
    too_many = body.replace("*030:TE", "*030:TE*031:TE*032:TE")
    finding, = check(edifact(too_many, d01b, "UNOC:4", "UNA:+.?*'"))
    assert (finding.kind, finding.position.path, finding.position.repetition) == ("too_many_repetitions", "SG2/SG5/COM/C076", 4)
    wrong = edifact(body.replace("030:TE", "030:TEL9"), d01b, "UNOC:4", "UNA:+.?*'")
    finding, = check(wrong)
    assert (finding.kind, finding.position.repetition, finding.position.component) == ("too_long", 2, 2)
    start = (finding.position.offset or 0) - wrong.offset
    assert wrong.raw[start:start + (finding.position.length or 0)] == b"TEL9"


def test_elements_that_repeat_stand_one_behind_the_other_before_syntax_4() -> None:
    body = faulty(ORDER, line6="COM+a@example.com:EM+030:TE+031:TE")
    assert told(check(edifact(body, "ORDERS:D:01B:UN"))) == []
    assert told(check(edifact(body.replace("031:TE", "031:TE+032:TE"), "ORDERS:D:01B:UN"))) == ["too_many_elements 7 SG2/SG5/COM"]


def test_the_words_and_the_bytes_of_a_finding() -> None:
    message = edifact(faulty(ORDER, line12="QTY+21:4x8"))
    finding, = check(message)
    assert finding.sentence() == 'wrong_character_type: SG25/QTY/C186.6060 must be a number, found "4x8"'
    here = finding.position
    assert (here.segment, here.tag, here.element, here.component, here.id) == (13, "QTY", 1, 2, "6060")
    start = (here.offset or 0) - message.offset
    assert message.raw[start:start + (here.length or 0)] == b"4x8"


RESTRICTED = """\
BGM/1225: {codes: ["9", "5"]}
BGM/C002.1001: {add_codes: [ZA1]}
SG2/NAD/C082: {required: true}
SG25/PRI/5118: {length: 2..5}
SG25/IMD/7077: {forbidden: true}
SG2/NAD/C080.3036#2: {forbidden: true}
"""
NARROWED = [
    ({}, ["element_not_used 12 SG25/IMD/7077", "too_short 18 SG25/SG28/PRI/C509.5118"]),
    ({"line1": "BGM+ZA1+1+4"}, ["code_not_used 2 BGM/1225"]),
    ({"line1": "BGM+ZA2+1+5"}, ["unknown_code 2 BGM/C002.1001"]),
    ({"line1": "BGM+220+1+888"}, ["unknown_code 2 BGM/1225"]),
    ({"line4": "NAD+BY+++Name:More"}, ["missing_element 5 SG2/NAD/C082", "element_not_used 5 SG2/NAD/C080.3036"]),
    ({"line13": "PRI+AAA:1234.56"}, ["too_long 14 SG25/SG28/PRI/C509.5118"]),
]


@pytest.mark.parametrize(("changes", "expected"), NARROWED, ids=[str(number) for number in range(len(NARROWED))])
def test_an_agreement_narrows_values(changes: dict[str, str], expected: list[str]) -> None:
    usual = told(check(edifact(ORDER), RESTRICTED))
    found = told(check(edifact(faulty(ORDER, **changes)), RESTRICTED))
    assert [one for one in found if not changes or one not in usual] == expected


TOTALS = [
    (edifact, ORDER, {"line20": "CNT+2:3"}, ["control_total_mismatch 21 CNT/C270.6066"]),
    (edifact, ORDER, {"line20": "CNT+1:12"}, []),
    (edifact, ORDER, {"line20": "CNT+1:13"}, ["control_total_mismatch 21 CNT/C270.6066"]),
    (edifact, ORDER, {"line20": "CNT+7:13"}, []),  # a gross weight: nothing in the message to compare it with
    (edifact, ORDER, {"line20": "CNT+2:3", "line9": "LIM+1"}, ["unknown_segment 10 LIM"]),  # a line may be illegible
    (x12, PURCHASE, {"line10": "CTT*3"}, ["control_total_mismatch 11 {CTT}/CTT/01"]),
    (x12, PURCHASE, {"line10": "CTT*2*292"}, []),
    (x12, PURCHASE, {"line10": "CTT*2*293"}, ["control_total_mismatch 11 {CTT}/CTT/02"]),
    (x12, PURCHASE, {"line7": "PO1*1*1.5*EA*1", "line10": "CTT*2*126.5"}, []),
    (x12, PURCHASE, {"line7": "PO1*1*1.5*EA*1", "line10": "CTT*2*140"}, []),  # 347: without regard to decimal points
]


@pytest.mark.parametrize(("make", "body", "changes", "expected"), TOTALS)
def test_control_totals(make: object, body: str, changes: dict[str, str], expected: list[str]) -> None:
    assert callable(make)
    assert told(check(make(faulty(body, **changes)))) == expected


def test_control_totals_of_a_ship_notice_count_its_levels() -> None:
    body = faulty(SHIPMENT, line12="CTT*2*13")
    assert told(check(x12(body, "856", kind="SH"))) == ["control_total_mismatch 13 CTT/01", "control_total_mismatch 13 CTT/02"]


def test_without_a_component_separator() -> None:
    text = ("ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261121*1200*U*00401*000000001*0*P*~~\n"
            "GS*PO*S*R*20261121*1200*1*X*004010~\nST*850*0001~\nBEG*00*NE*4711**20260230~\nPO1*1*1*EA~\nSE*4*0001~\nGE*1*1~\nIEA*1*000000001~\n")
    messages = next(iter(syntax.read(io.BytesIO(text.encode())))).messages
    assert [told(check(message)) for message in messages] == [["invalid_date 2 BEG/05"]]
