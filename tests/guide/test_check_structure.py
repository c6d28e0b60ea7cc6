"""Order, repeats and absence of segments: what is found for each planted fault, and nothing else.

Expectations are written by hand from the branching diagrams of ORDERS D.96A and the tables of 850 and 856.
"""

from __future__ import annotations

import time

import pytest

from tests.guide.check_case import (
    ORDER,
    PURCHASE,
    SHIPMENT,
    check,
    checker,
    edifact,
    faulty,
    told,
    x12,
)

# segment numbers count from UNH = 1: line n of the body is segment n + 1
CASES = {
    "good": ({}, []),
    "a mandatory segment is missing": ({"line1": ""}, ["missing_segment 2 BGM"]),
    "a mandatory segment is missing in the middle": ({"line18": ""}, ["missing_segment 19 UNS"]),
    "the trigger of a group is missing": ({"line9": ""}, ["missing_segment 10 SG25/LIN"]),
    "the trigger of a later instance": ({"line14": ""}, ["missing_segment 15 SG25/LIN"]),
    "a contact without its CTA": ({"line5": ""}, ["missing_segment 6 SG2/SG5/CTA"]),
    "an unknown segment": ({"line3": "RFF+CT:1\nZZZ+1"}, ["unknown_segment 5 ZZZ"]),
    "a misspelt mandatory segment": ({"line1": "BGN+220+4711+9"}, ["unknown_segment 2 BGN"]),
    "a misspelt trigger": ({"line14": "LIM+2"}, ["unknown_segment 15 LIM"]),
    "a misspelt trigger whose next segment fits elsewhere": ({"line4": "NAX+BY", "line5": "RFF+ON:2\nCTA+OC+:Einkauf"}, ["unknown_segment 5 NAX"]),
    "two neighbours changed places": ({"line10": "IMD+F++:::Chair", "line11": "PIA+1+A1:SA"}, ["segment_out_of_order 12 SG25/PIA"]),
    "a segment before its trigger": ({"line14": "PIA+1+A2:SA", "line15": "LIN+2++4012345678918:EN"}, ["segment_out_of_order 15 SG25/PIA"]),
    "header segments changed places": ({"line1": "DTM+137:20261121:102", "line2": "BGM+220+4711+9"}, ["segment_out_of_order 2 DTM"]),
    "the first segment stands at the end": ({"line1": "", "line20": "CNT+2:2\nBGM+220+4711+9"}, ["segment_out_of_order 21 BGM"]),
    "the separator of sections comes too early": ({"line18": "", "line8": "CUX+2:EUR:9\nUNS+S"}, ["segment_out_of_order 10 UNS"]),
    "a group stands behind its place": ({"line7": "", "line8": "CUX+2:EUR:9\nNAD+SU+4098765000005::9\nCTA+OC+:X"}, ["segment_out_of_order 8 SG7/CUX"]),
    "a segment several places too early, whose followers fit its group": (
        {"line3": "RFF+ON:1\nDTM+171:20261121:102\nPAI+::42\nFTX+AAI+++a\nFTX+AAI+++b\nRFF+CT:1"}, ["segment_out_of_order 4 SG1/RFF"]),
    "a segment too early, as a line that lacks its trigger would begin": (
        {"line3": "RFF+CT:1\nPIA+1+A1:SA\nRFF+CT:2\nRFF+CT:3"}, ["segment_out_of_order 5 SG25/PIA"]),
    "a segment twice": ({"line1": "BGM+220+4711+9\nBGM+220+4711+9"}, ["segment_repeats 3 BGM"]),
    "a group too often": ({"line8": "CUX+2:EUR:9\n" * 7}, ["group_repeats 14 SG7", "group_repeats 15 SG7"]),
    "a segment too often in its group": ({"line6": "COM+a@example.com:EM\n" * 6}, ["segment_repeats 12 SG2/SG5/COM"]),
    "too many, once for each surplus": ({"line6": "COM+a@example.com:EM\n" * 7}, ["segment_repeats 12 SG2/SG5/COM", "segment_repeats 13 SG2/SG5/COM"]),
    "the separator of sections twice": ({"line18": "UNS+S\nUNS+S"}, ["segment_repeats 20 UNS"]),
}


@pytest.mark.parametrize("name", CASES)
def test_order(name: str) -> None:
    changes, expected = CASES[name]
    assert told(check(edifact(faulty(ORDER, **changes)))) == expected


def test_ten_faults_are_ten_findings() -> None:
    changes = {"line1": "BGM+220+4711+9\nBGM+220+4711+9", "line2": "DTM+137:20261331:102", "line3": "RFF+CT:1\nYYY+1",
               "line6": "COM+a@example.com:EM\n" * 6, "line8": "CUX+2:EUR:9\nPAI+1", "line9": "", "line12": "QTY+21:4x8",
               "line13": "PRI+AAA:10.50\nZZZ", "line15": "QTY+21:7", "line16": "PIA+1+A2:SA", "line18": "UNS+S\nUNS+S"}
    assert told(check(edifact(faulty(ORDER, **changes)))) == [
        "segment_repeats 3 BGM", "invalid_date 4 DTM/C507.2380", "unknown_segment 6 YYY", "segment_repeats 14 SG2/SG5/COM",
        "segment_out_of_order 17 PAI", "missing_segment 18 SG25/LIN", "wrong_character_type 20 SG25/QTY/C186.6060", "unknown_segment 22 ZZZ",
        "segment_out_of_order 25 SG25/PIA", "segment_repeats 28 UNS"]


def test_faults_close_to_each_other_are_one_finding_each() -> None:
    """A date stands in no party (SG2 of ORDERS D.96A); more of them than a view ahead holds."""
    parties = "NAD+SU+1\nDTM+2:20261121:102\nLOC+7+DE\nRFF+ON:1\n" * 30
    found = told(check(edifact(faulty(ORDER, line3="RFF+CT:1\n" + parties))))
    assert [one.split()[0] for one in found] == ["segment_out_of_order"] * 30
    assert [int(one.split()[1]) for one in found] == list(range(6, 6 + 120, 4))


def test_the_bytes_of_what_is_there_and_of_what_is_missing() -> None:
    message = edifact(faulty(ORDER, line1="", line3="RFF+CT:1\nZZZ+1"))
    missing, unknown = check(message)
    raw = message.raw
    assert (missing.position.offset, missing.position.length) == (message.offset + raw.index(b"DTM+137"), 0)
    assert missing.position.tag == "BGM" and missing.position.segment == 2
    start = (unknown.position.offset or 0) - message.offset
    assert raw[start:start + (unknown.position.length or 0)] == b"ZZZ+1"


def test_a_message_that_is_cut_off_lacks_only_its_trailer() -> None:
    text = "UNB+UNOC:3+S+R+261121:1200+1'UNH+1+ORDERS:D:96A:UN'BGM+220+1+9'DTM+137:20261121:102'LIN+1'"
    import io

    from edi_bridge import syntax

    message = next(iter(next(iter(syntax.read(io.BytesIO(text.encode())))).messages))
    assert check(message) == []


X12_CASES = {
    "good": (PURCHASE, {}, []),
    "the beginning is missing": (PURCHASE, {"line1": ""}, ["missing_segment 2 BEG"]),
    "no line at all": (PURCHASE, {"line7": "", "line8": "", "line9": "", "line10": ""}, ["missing_segment 8 {PO1}"]),
    "an address without its party": (PURCHASE, {"line4": ""}, ["missing_segment 5 {N1}/N1"]),
    "an unknown segment": (PURCHASE, {"line8": "PIX*F*08***Chair"}, ["unknown_segment 9 PIX"]),
    "a segment of another set": (PURCHASE, {"line8": "SN1**5*EA"}, ["unknown_segment 9 SN1"]),
    "a segment of two letters, misspelt": (PURCHASE, {"line4": "NN*BY*Buyer"}, ["unknown_segment 5 NN"]),
    "two lines of an address changed places": (PURCHASE, {"line5": "N4*CHICAGO*IL*60601*US", "line6": "N3*Street 1"},
                                               ["segment_out_of_order 7 {N1}/N3"]),
    "too often": (PURCHASE, {"line2": "CUR*BY*USD\nCUR*BY*USD"}, ["segment_repeats 4 CUR"]),
}


@pytest.mark.parametrize("name", X12_CASES)
def test_order_x12(name: str) -> None:
    body, changes, expected = X12_CASES[name]
    assert told(check(x12(faulty(body, **changes)))) == expected


TREES = {
    "good": ({}, []),
    "a parent that does not exist": ({"line6": "HL*3*9*I"}, ["bad_hierarchy 7 {HL}/HL/02"]),
    "a parent that comes later": ({"line4": "HL*2*3*O", "line6": "HL*3*1*I"}, ["bad_hierarchy 5 {HL}/HL/02"]),
    "its own parent": ({"line6": "HL*3*3*I"}, ["bad_hierarchy 7 {HL}/HL/02"]),
    "a number twice": ({"line9": "HL*3*2*I"}, ["bad_hierarchy 10 {HL}/HL/01"]),
    "children where none are announced": ({"line4": "HL*2*1*O*0"}, ["bad_hierarchy 5 {HL}/HL/04"]),
    "no children where some are announced": ({"line9": "HL*4*2*I*1"}, ["bad_hierarchy 10 {HL}/HL/04"]),
}


@pytest.mark.parametrize("name", TREES)
def test_hierarchies(name: str) -> None:
    changes, expected = TREES[name]
    assert told(check(x12(faulty(SHIPMENT, **changes), "856", kind="SH"))) == expected


def test_packing_levels_of_a_despatch_advice() -> None:
    body = "BGM+351+1+9\nDTM+137:20261121:102\nCPS+1\nPAC+1++CT\nCPS+2+1\nPAC+1++CT\nLIN+1++4012345678901:EN\nQTY+12:5\nCNT+2:1"
    kind = "DESADV:D:96A:UN"
    assert told(check(edifact(body, kind))) == []
    assert told(check(edifact(body.replace("CPS+2+1", "CPS+2+7"), kind))) == ["bad_hierarchy 6 SG10/CPS/7166"]
    assert told(check(edifact(body.replace("CPS+2+1", "CPS+1+1"), kind))) == [
        "bad_hierarchy 6 SG10/CPS/7164", "bad_hierarchy 6 SG10/CPS/7166"]


def test_bounded_loops() -> None:
    body = faulty(PURCHASE, line8="PID*F*08***Chair\nLS*LDT\nLDT*AF*5*DA\nLE*LDT")
    assert told(check(x12(body))) == []
    assert told(check(x12(body.replace("LE*LDT", "LE*LDX")))) == ["loop_bound_mismatch 12 {PO1}/{LS}/LE/01"]
    assert told(check(x12(body.replace("LE*LDT\n", "")))) == ["missing_segment 12 {PO1}/{LS}/LE"]


def test_restrictions_of_an_agreement_on_segments() -> None:
    rules = "SG25/QTY: {max: 1, min: 1}\nFTX: {forbidden: true}\nSG25/SG28: {required: true}\nSG2: {min: 3}\nSG25/IMD: {required: true}\n"
    body = faulty(ORDER, line3="FTX+AAI+++text", line13="", line16="QTY+21:7\nQTY+21:8")
    assert told(check(edifact(body), rules)) == [
        "segment_not_used 4 FTX", "too_few_group_repeats 9 SG2", "missing_segment 14 SG25/SG28", "missing_segment 16 SG25/IMD",
        "segment_repeats 17 SG25/QTY"]


@pytest.mark.parametrize("filling", ["ZZZ+1'", "COM+a:EM'", "BGM+220'", "PRI+AAA:1'LIN+1'UNS+S'", "DTM+137:20261121:102'NAD+BY'UNS+S'QTY+21:1'"])
def test_hostile_messages_take_time_in_proportion(filling: str) -> None:
    one = checker("edifact/D96A/ORDERS")

    def seconds(count: int) -> float:
        message = edifact(ORDER)
        message.text = message.text.replace("LIN+1+", filling * (count // filling.count("'")) + "LIN+1+", 1)
        message.raw = message.text.encode("latin-1")
        began = time.process_time()
        assert one.check(message)
        return time.process_time() - began

    seconds(200)
    small, large = seconds(4_000), seconds(16_000)
    assert large < 30 * small + 0.5, (small, large)
