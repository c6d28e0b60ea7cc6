"""The X12 guides: conditions, code lists and clean messages of every set we ship, against pyx12 and hand-written messages."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import pyx12

import edi_bridge.guide
from edi_bridge.catalog import Catalog
from edi_bridge.guide.condition import Rule, parse
from edi_bridge.yamltext import parse as parse_yaml

X12 = Path(edi_bridge.guide.__file__).parent / "standard" / "x12"
PYX12 = Path(pyx12.__file__).parent / "map"
RELEASES = ["004010", "005010"]

# Elements of status X whose condition is not confirmed by two sources (guide/standard/README.md): their conditions are left out.
UNCONFIRMED = {
    "ADV": {3, 4, 6, 7}, "BTP": {7, 8}, "CSH": {3, 6, 7, 9, 10}, "EFI": {4, 6, 8}, "IT3": {1, 2, 3, 4}, "IT8": {1, 3, 6, 7},
    "L7": {13, 14}, "LEP": {3, 4}, "LFH": {5, 6}, "LH1": {3, 6, 7, 11}, "PAL": set(range(5, 15)), "PO4": {16, 17}, "SPI": {4},
    "TPD": {2, 3}, "V1": {1, 2, 8}, "C056": {1, 2, 3},
}


def yaml(release: str, name: str) -> Any:
    """A parsed file of a release."""
    return parse_yaml((X12 / release / f"{name}.yaml").read_bytes(), name)


def uses(entry: Any) -> list[tuple[str, str, int]]:
    """(number, status, repeats) of each element or component."""
    listed = []
    for text in entry["of"]:
        number, status = text.split()
        status, _, repeat = status.partition("*")
        listed.append((number, status, int(repeat or 1)))
    return listed


def rules(entry: Any) -> list[Rule]:
    """The conditions of a segment or composite."""
    return [parse(text) for text in entry.get("rules") or ()]


def conditional(listed: list[Rule]) -> set[int]:
    """The positions that a condition may demand or exclude: all of P, R and E, all but the first of C and L."""
    return {place for rule in listed for place in (rule.places if rule.kind in "PRE" else rule.places[1:])}


def definitions(release: str) -> list[tuple[str, Any]]:
    return [*yaml(release, "segments").items(), *yaml(release, "composites").items()]


# --- conditions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
def test_conditions_name_elements_that_are_there_once_each(release: str) -> None:
    for tag, entry in definitions(release):
        texts = [str(rule) for rule in rules(entry)]
        assert texts == list(entry.get("rules") or ()), f"{tag}: written as X12.6 writes them"
        assert len(set(texts)) == len(texts), tag
        for rule in rules(entry):
            assert rule.kind in "PRECL" and len(set(rule.places)) == len(rule.places), f"{tag}: {rule}"
            assert 1 <= min(rule.places) and max(rule.places) <= len(entry["of"]), f"{tag}: {rule}"


@pytest.mark.parametrize("release", RELEASES)
def test_an_element_has_status_x_just_where_a_condition_is_about_it(release: str) -> None:
    """The statuses were collected before the conditions and from other sources: that they agree speaks for both."""
    for tag, entry in definitions(release):
        marked = {number for number, (_, status, _) in enumerate(uses(entry), 1) if status == "X"}
        mandatory = {number for number, (_, status, _) in enumerate(uses(entry), 1) if status == "M"}
        expected = (conditional(rules(entry)) | UNCONFIRMED.get(tag, set())) - mandatory
        assert marked == expected, f"{tag}: {sorted(marked ^ expected)}"


def pyx12_notes(mark: str) -> dict[str, set[str]]:
    """tag → the syntax notes that pyx12's maps of a release give for the segment."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PYX12.glob(f"*.{mark}*.xml"):
        for segment in ElementTree.parse(path).iter("segment"):
            found[segment.get("xid", "")] |= {node.text or "" for node in segment.findall("syntax")}
    return found


@pytest.mark.parametrize(("release", "mark", "least"), [("004010", "4010", 50), ("005010", "5010", 70)])
def test_conditions_hold_all_that_pyx12_has(release: str, mark: str, least: int) -> None:
    theirs, compared = pyx12_notes(mark), 0
    for tag, entry in yaml(release, "segments").items():
        missing = theirs.get(tag, set()) - set(entry.get("rules") or ())
        assert not missing, f"{tag}: {missing}"
        compared += len(theirs.get(tag, ()))
    assert compared >= least


# --- code lists ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
def test_codes_belong_to_elements_in_use_and_fit_their_length(release: str) -> None:
    elements = yaml(release, "elements")
    for number, entry in yaml(release, "codes").items():
        assert set(entry) == {"complete", "codes"} and entry["complete"] in (True, False), number
        least, _, most = elements[number].split()[1].partition("/")
        for code, name in entry["codes"].items():
            assert int(least) <= len(code) <= int(most or least) and name, f"{number}: {code}"


def pyx12_codes(file: str) -> dict[str, set[str]]:
    """element number → the codes that a map of pyx12 allows anywhere."""
    found: dict[str, set[str]] = defaultdict(set)
    for element in ElementTree.parse(PYX12 / file).iter("element"):
        found[element.findtext("data_ele", "")] |= {node.text or "" for node in element.findall("valid_codes/code")}
    return found


@pytest.mark.parametrize(("release", "file", "numbers"), [
    ("004010", "997.4010.xml", "715 716 717 718 720 723 I17 I18"),
    ("005010", "999.5010.xml", "618 620 621 715 716 717 I17 I18"),
])
def test_acknowledgement_codes_are_those_of_pyx12(release: str, file: str, numbers: str) -> None:
    theirs, ours = pyx12_codes(file), yaml(release, "codes")
    theirs["621"].discard("11")  # in pyx12 only; X12's list goes from 10 to 12
    for number in numbers.split():
        assert ours[number]["complete"] is True
        assert set(ours[number]["codes"]) == theirs[number], number


def test_the_997_of_005010_knows_what_its_999_knows_of_the_standard() -> None:
    """618, 620 and 621 are 718, 720 and 723 with codes about the implementation guide (I…) added."""
    codes = yaml("005010", "codes")
    for plain, implementation in (("718", "618"), ("720", "620"), ("723", "621")):
        assert codes[plain]["codes"] == {code: name for code, name in codes[implementation]["codes"].items() if code[0] != "I"}


def test_what_005010_added_to_004010() -> None:
    before, after = yaml("004010", "codes"), yaml("005010", "codes")
    added = {number: set(after[number]["codes"]) - set(before[number]["codes"]) for number in before}
    assert {number: codes for number, codes in added.items() if codes} == {
        "716": {"19"}, "718": {"18", "19"}, "723": {"12", "13"}}
    assert all(set(before[number]["codes"]) <= set(after[number]["codes"]) for number in before)


# --- clean messages ------------------------------------------------------------------------------------------------

ACK_855 = """ST*855*0001
BAK*00*AC*4500012345*20240501****S-77
CUR*SE*USD
REF*DP*042
N1*SE*ACME*92*V100
N3*1 MAIN STREET
N4*SPRINGFIELD*IL*62701*US
PO1*1*48*EA*1.25**UP*012345678905*VN*4711
CTP**RTL*1.99
PID*F****SCREWS, BRASS
ACK*IQ*36*EA*067*20240510**VN*4711
DTM*067*20240510
ACK*IB*12*EA
PO1*2*10*EA
ACK*IR
SLN*1**I*2*EA****UP*012345678912
CTT*2
SE*18*0001"""

CHANGE_860 = """ST*860*0001
BCH*04*SA*4500012345**1*20240501****20240505
REF*DP*042
DTM*002*20240520
N9*L1*CHANGE
MSG*EARLIER PLEASE
N1*ST*STORE 7*92*0007
POC*1*QI*60*12*EA*1.25**UP*012345678905
PID*F****SCREWS, BRASS
SCH*60*EA***002*20240520
POC*2*DI
CTT*2
SE*13*0001"""

CHANGE_865 = """ST*865*0001
BCA*00*AC*4500012345**1*20240501****20240506
REF*DP*042
N1*SE*ACME
POC*1*QI*60*12*EA*1.25**UP*012345678905
ACK*IA*60*EA*067*20240520
DTM*067*20240520
POC*2*DI
ACK*ID
CTT*2
AMT*TT*75
SE*12*0001"""

PAYMENT_820 = """ST*820*0001
BPR*I*1250.5*C*ACH*CCP*01*011000015*DA*123456789*1234567890**01*071000013*DA*987654321*20240601
TRN*1*71234*1234567890
CUR*PR*USD
REF*EF*A1
DTM*097*20240601
N1*PE*ACME*92*V100
N1*PR*BIG STORE
PER*IC*PAYABLES*TE*2175550100
ENT*1
RMR*IV*R1**1250.5*1300*49.5
REF*PO*4500012345
DTM*003*20240503
ADX*-49.5*01*CM*C1
SE*15*0001"""

ADVICE_824 = """ST*824*0001
BGN*11*A1*20240502*1200
N1*FR*BIG STORE*92*0007
OTI*TR*TN*R1*V100*B100*20240502*1159*17*0001*810
REF*IV*R1
DTM*003*20240503
TED*007*QUANTITY DIFFERS FROM THE ORDER*IT1*9**358*48*36
NTE*ADD*PLEASE SEND IT AGAIN
SE*9*0001"""

FUNCTIONAL_997 = """ST*997*0001
AK1*PO*17
AK2*850*0001
AK3*BEG*2**8
AK4*5*373*8*20241301
AK5*R*5
AK2*850*0002
AK5*A
AK9*P*2*2*1
SE*10*0001"""

IMPLEMENTATION_999 = """ST*999*0001*005010X231
AK1*HC*17*005010X222A1
AK2*837*0001*005010X222A1
IK3*NM1*9*2010*8
CTX*SITUATIONAL TRIGGER*CLM*22**5:3
IK4*3:1:2*1035*I9
CTX*CLM01:A37
IK5*R*I5
AK9*R*1*1*0
SE*10*0001"""

INTERCHANGE_TA1 = "TA1*000000905*240501*1200*A*000"

NOTICE_856 = """ST*856*0001
BSN*00*S1*20240502*1200*0001
HL*1**S
TD1*CTN25*2****G*40*LB
TD5*B*2*ABCD*M
REF*BM*B1
DTM*011*20240502
N1*ST**92*0007
HL*2*1*O
PRF*4500012345
HL*3*2*P
MAN*GM*00340123450000000018
HL*4*3*I
LIN**UP*012345678905
SN1**24*EA
PID*F****SCREWS
CTT*4
SE*18*0001"""

PLACES_816 = """ST*816*0001
BHT*0035*00*1*20240501
N1*SU*ACME*1*123456789
HL*1**35
N1*ST*STORE 7*92*0007
N3*1 MAIN STREET
N4*SPRINGFIELD*IL*62701
QTY*01*5
ASI*2*021
SE*10*0001"""

PROFILE_838 = """ST*838*0001
BTP*00*V1*20240501*1200*NT
LX*1
N1*VN*ACME*1*123456789
N3*1 MAIN STREET
N4*SPRINGFIELD*IL*62701
N9*TJ*36-1234567
PER*IC*MEIER*TE*2175550100
TAX*361234567*SP*IL
FOB*CC
SE*11*0001"""

BOTH = {"855": ACK_855, "860": CHANGE_860, "865": CHANGE_865, "820": PAYMENT_820, "824": ADVICE_824, "997": FUNCTIONAL_997,
        "TA1": INTERCHANGE_TA1, "856": NOTICE_856, "816": PLACES_816, "838": PROFILE_838}
CLEAN = [(release, name, text) for release in RELEASES for name, text in BOTH.items()] + [("005010", "999", IMPLEMENTATION_999)]
CLEAN_OF_005010 = {"860": lambda text: text.replace("MSG*EARLIER", "MTX**EARLIER"),  # MSG gave way to MTX
                   "824": lambda text: text.replace("IT1*9**358*48*36", "IT1*9*5*358*48*36")}  # TED05 and 06 became composites


@pytest.mark.parametrize(("release", "name", "text"), CLEAN, ids=[f"{release}-{name}" for release, name, _ in CLEAN])
def test_clean_messages_fit(release: str, name: str, text: str) -> None:
    if release == "005010" and name in CLEAN_OF_005010:
        text = CLEAN_OF_005010[name](text)
    lines = [line.split("*") for line in text.splitlines()]
    loaded = Catalog().structure(f"x12/{release}/{name}")
    walked = loaded.walk(lines)
    assert walked.misplaced == []
    placed = loaded.places(walked.root)
    assert len(placed) == len(lines)
    assert loaded.kind == {"855": "PR", "860": "PC", "865": "CA", "820": "RA", "824": "AG", "856": "SH", "816": "OR",
                           "838": "TD", "TA1": ""}.get(name, "FA")
    segments, composites, elements = (yaml(release, file) for file in ("segments", "composites", "elements"))
    for elements_of in lines:
        entry = segments[elements_of[0]]
        fits(elements_of[1:], entry, composites, elements, elements_of[0])
    if name != "TA1":
        assert lines[-1][1] == str(len(lines))


def fits(values: list[str], entry: Any, composites: Any, elements: Any, where: str) -> None:
    """Mandatory elements are there, none is too many, lengths fit, no condition is broken; composites likewise."""
    listed = uses(entry)
    assert len(values) <= len(listed), where
    values = values + [""] * (len(listed) - len(values))
    for value, (number, status, _) in zip(values, listed, strict=True):
        assert value or status != "M", f"{where}: {number} is missing"
        if value and number in composites:
            fits(value.split(":"), composites[number], composites, elements, f"{where}/{number}")
        elif value:
            least, _, most = elements[number].split()[1].partition("/")
            length = len(re.sub(r"[-.]", "", value)) if elements[number][0] in "NR" else len(value)
            assert int(least) <= length <= int(most or least), f"{where}: {number} {value}"
    for rule in rules(entry):
        assert rule.broken([bool(values[place - 1]) for place in rule.places]) == -1, f"{where}: {rule}"


@pytest.mark.parametrize("release", RELEASES)
def test_qualifier_and_value_pairs_are_conditions_too(release: str) -> None:
    """`pairs` of the trees and P notes of the segments say the same (PO1: P0607, P0809 …)."""
    catalog, segments, checked = Catalog(), yaml(release, "segments"), 0
    for path in sorted((X12 / release).glob("[0-9]*.yaml")):
        for tag, (first, last) in catalog.structure(f"x12/{release}/{path.stem}").pairs.items():
            paired = {rule.places for rule in rules(segments[tag]) if rule.kind == "P"}
            statuses = [status for _, status, _ in uses(segments[tag])]
            for place in range(first, last, 2):
                if statuses[place - 1:place + 1] != ["M", "M"]:
                    assert any({place, place + 1} == set(one) for one in paired) or "M" in statuses[place - 1:place + 1], f"{tag} {place}"
                    checked += 1
    assert checked > 100
