"""What we send: bytes written by hand from the standards' text, other people's readers, and faults planted into it."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest
import pyx12.x12file
from lxml import etree
from pydifact.segmentcollection import Interchange as Pydifact

from edi_bridge import pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Verdict
from edi_bridge.interchange import Address, Delimiters, MessageType
from edi_bridge.outbound import Composed, Heading, compose, heading, not_carried
from edi_bridge.partner import verdict

CATALOG = Catalog()
HEAD = Heading(Address("9521200038118", "14"), Address("9521200034004", "14"), control="417", prepared="2026-11-02T08:15")
ORDER: dict[str, Any] = {
    "number": "4500017731", "type": "order", "purpose": "original", "issued_on": "2026-11-02", "currency": "EUR",
    "requested_delivery": "2026-11-09",
    "buyer": {"gln": "9521200038118", "name": "Havel + Markt"}, "seller": {"gln": "9521200034004"},
    "lines": [
        {"number": "1", "gtin": "9521200002119", "description": "Lamp, 5' brass", "quantity": D(48), "unit": "H87", "net_price": D("3.19")},
        {"number": "2", "buyer_item": "77", "quantity": D("1.50"), "unit": "KGM", "net_price": D("0.8500")},
    ],
    "totals": {"line_count": 2},
}
# ISO 9735 (UNB, UNH, UNT, UNZ; ? releases + and '), D.96A ORDERS; UNT counts the segments from UNH to UNT.
ORDERS = (
    "UNB+UNOC:3+9521200038118:14+9521200034004:14+261102:0815+417'UNH+1+ORDERS:D:96A:UN'BGM+220+4500017731+9'DTM+137:20261102:102'"
    "DTM+2:20261109:102'NAD+BY+9521200038118::9++Havel ?+ Markt'NAD+SU+9521200034004::9'CUX+2:EUR:9'LIN+1++9521200002119:EN'"
    "IMD+F++:::Lamp, 5?' brass'QTY+21:48:PCE'PRI+AAA:3.19'LIN+2'PIA+1+77:IN'QTY+21:1.50:KGM'PRI+AAA:0.8500'UNS+S'CNT+2:2'UNT+18+1'"
    "UNZ+1+417'")
# X12.5 and X12.6: ISA of fixed width, GS06 = GE02, ST02 = SE02, SE01 counts from ST to SE; 004010 850.
P850 = (
    "ISA*00*          *00*          *14*9521200038118  *14*9521200034004  *261102*0815*U*00401*000000417*0*P*>~"
    "GS*PO*9521200038118*9521200034004*20261102*0815*417*X*004010~ST*850*0001~BEG*00*SA*4500017731**20261102~CUR*BY*EUR~"
    "DTM*002*20261109~N1*BY*Havel + Markt*UL*9521200038118~N1*SE**UL*9521200034004~PO1*1*48*PC*3.19**EN*9521200002119~"
    "PID*F****Lamp, 5' brass~PO1*2*1.50*KG*0.8500**IN*77~CTT*2~SE*11*0001~GE*1*417~IEA*1*000000417~")


def made(record: dict[str, Any], name: str, head: Heading = HEAD) -> Composed:
    one = CATALOG.map_named(name)
    return compose([record], one, head, CATALOG.checker_for(replace(MessageType(*one.spec.message.split("/")), usage=head.usage), None))


def back(content: bytes, **given: Any) -> Any:
    """What our own way in makes of it, as of a stranger's file."""
    (outcome,) = (one for one in pipeline.inbound(content, CATALOG, **given) if one.message is not None)
    return outcome


def kinds(composed: Composed) -> set[str]:
    return {one.kind for one in composed.findings}


@pytest.mark.parametrize(("name", "wanted"), [("order.edifact-d96a", ORDERS), ("order.x12-4010-850", P850)])
def test_an_order_is_what_the_standard_says_byte_for_byte(name: str, wanted: str) -> None:
    composed = made(ORDER, name)
    assert composed.contents == [wanted.encode("latin-1")]
    assert composed.findings == [] and composed.messages == 1
    assert back(composed.contents[0]).records == [ORDER]


@pytest.mark.filterwarnings("ignore:segments.xml not found")
def test_pydifact_reads_the_same_segments() -> None:
    theirs = Pydifact.from_str(made(ORDER, "order.edifact-d96a").contents[0].decode("latin-1"))
    (message,) = theirs.get_messages()
    assert [str(one.tag) for one in message.segments] == [
        "BGM", "DTM", "DTM", "NAD", "NAD", "CUX", "LIN", "IMD", "QTY", "PRI", "LIN", "PIA", "QTY", "PRI", "UNS", "CNT"]
    assert message.segments[3].elements[3] == "Havel + Markt"  # released by us, read by them
    assert message.segments[7].elements[2] == ["", "", "", "Lamp, 5' brass"]
    assert theirs.control_reference == "417"


def test_pyx12_reads_it_and_finds_envelope_and_counts_right() -> None:
    reader = pyx12.x12file.X12Reader(io.StringIO(made(ORDER, "order.x12-4010-850").contents[0].decode("ascii")))
    segments = list(reader)
    assert [one.get_seg_id() for one in segments][3:-3] == ["BEG", "CUR", "DTM", "N1", "N1", "PO1", "PID", "PO1", "CTT"]
    assert segments[8].get_value("PO104") == "3.19"
    assert reader.pop_errors() == []


def test_pyx12_sees_a_count_that_is_off_by_one() -> None:
    reader = pyx12.x12file.X12Reader(io.StringIO(P850.replace("SE*11*", "SE*12*")))
    list(reader)
    assert reader.pop_errors()  # the oracle of the test above can fail


@pytest.mark.parametrize(("right", "wrong", "kind"), [
    ("DTM+2:20261109:102'", "", "segment_count_mismatch"),  # the second DTM is dropped
    ("UNT+18+1", "UNT+19+1", "segment_count_mismatch"),
    ("CNT+2:2", "CNT+2:3", "control_total_mismatch"),
    ("Havel ?+ Markt", "Havel + Markt", "too_many_components"),  # no release: the name falls apart
    ("5?' brass", "5!' brass", "unknown_segment"),  # the wrong release character: the segment ends too early
    ("UNZ+1+", "UNZ+2+", "interchange_count_mismatch"),
    ("BGM+220+4500017731+9'DTM+137:20261102:102'", "DTM+137:20261102:102'BGM+220+4500017731+9'", "segment_out_of_order"),
])
def test_a_wrong_build_is_caught_by_the_guide_or_by_reading_it_again(right: str, wrong: str, kind: str) -> None:
    assert right in ORDERS
    outcomes = list(pipeline.inbound(ORDERS.replace(right, wrong, 1).encode("latin-1"), CATALOG))
    found = {one.kind for outcome in outcomes for one in outcome.findings}
    checked = {one.kind for outcome in outcomes if outcome.message for one in
               CATALOG.checker_for(MessageType("edifact", "D96A", "ORDERS"), None).check(outcome.message)}
    records = [record for outcome in outcomes for record in outcome.records]
    assert records != [ORDER] or kind in found | checked
    assert kind in found | checked or (wrong == "Havel + Markt" and records != [ORDER])


def test_what_we_send_is_checked_before_it_leaves() -> None:
    """A quantity of 16 digits: 6060 is n..15, so the guide refuses what the map would write."""
    record = {**ORDER, "lines": [{**ORDER["lines"][0], "quantity": D(1234567890123456)}], "totals": {"line_count": 1}}
    composed = made(record, "order.edifact-d96a")
    assert composed.contents == [] and kinds(composed) == {"too_long"}
    assert composed.findings[0].position.path == "SG25/QTY/C186.6060"
    assert made(record, "order.edifact-d96a", replace(HEAD, lossy=True)).contents == []  # a quantity is never left out


DECIMALS = ["0", "0.00", "1.50", "0.8500", "-12.30", "100", "0.00000000000001", "999999999999999", "123456.789012345"]


@pytest.mark.parametrize("text", DECIMALS)
@pytest.mark.parametrize("name", ["order.edifact-d96a", "order.x12-4010-850", "order.ubl-2.1", "order.csv"])
def test_decimals_keep_their_digits_there_and_back(name: str, text: str) -> None:
    record = {**ORDER, "lines": [{"number": "1", "gtin": "9521200002119", "quantity": D(1), "unit": "H87", "net_price": D(text)}],
              "totals": {"line_count": 1}}
    composed = made(record, name, replace(HEAD, lossy=True))
    (content,) = composed.contents
    (read,) = back(content, **({"map": name} if name == "order.csv" else {})).records
    assert format(read["lines"][0]["net_price"], "f") == text


@pytest.mark.parametrize(("name", "digits"), [("order.ubl-2.1", 28), ("order.csv", 28)])
def test_28_digits_go_where_the_standard_has_no_limit(name: str, digits: int) -> None:
    price = D("1234567890123456789.012345678")
    record = {**ORDER, "lines": [{**ORDER["lines"][0], "net_price": price}], "totals": {"line_count": 1}}
    (content,) = made(record, name, replace(HEAD, lossy=True)).contents
    (read,) = back(content, **({"map": name} if name == "order.csv" else {})).records
    assert str(read["lines"][0]["net_price"]) == str(price) and len(price.as_tuple().digits) == digits
    assert made(record, "order.edifact-d96a").contents == []  # 5118 is n..15: refused, never rounded


def test_the_other_decimal_mark_is_written_and_read() -> None:
    head = heading({"delimiters": {"decimal": ","}}, HEAD)
    (content,) = made(ORDER, "order.edifact-d96a", head).contents
    assert content.startswith(b"UNA:+,? 'UNB+") and b"PRI+AAA:3,19'" in content and b"QTY+21:1,50:KGM'" in content
    assert back(content).records == [ORDER]


@pytest.mark.parametrize(("amount", "wire"), [("-12.30", "-1230"), ("0.05", "5"), ("1320", "132000"), ("0.10", "10")])
def test_implied_decimals_are_written_and_read(amount: str, wire: str) -> None:
    """TDS01 is N2: no point, the last two digits are cents (X12.6 3.5.1.1)."""
    invoice = {"number": "R-1", "type": "invoice", "purpose": "original", "issued_on": "2026-11-02", "seller": {"gln": "9521200034004"},
               "lines": [{"number": "1", "quantity": D(1), "unit": "H87", "net_price": D("3.19")}], "totals": {"payable": D(amount)}}
    (content,) = made(invoice, "invoice.x12-4010-810", replace(HEAD, lossy=True)).contents
    assert f"~TDS*{wire}~".encode() in content
    assert back(content).records[0]["totals"]["payable"] == D(amount)
    broken = {**invoice, "totals": {"payable": D("0.005")}}
    assert made(broken, "invoice.x12-4010-810").contents == []  # half a cent has no place in N2


def test_delimiters_are_completed_by_the_standards_own() -> None:
    head = heading({"delimiters": {"terminator": "\n", "element": "|"}, "line_breaks": False}, HEAD, "x12")
    (content,) = made(ORDER, "order.x12-4010-850", head).contents
    assert content.startswith(b"ISA|00|") and content[105:106] == b"\n" and content[104:105] == b">"
    assert back(content).records == [ORDER]


NAMES = {"error": None, "replace": b"Havel   Markt", "other_delimiter": b"Havel * Markt"}


@pytest.mark.parametrize("policy", NAMES)
def test_a_delimiter_in_x12_data_is_refused_replaced_or_given_way_to(policy: str) -> None:
    record = {**ORDER, "buyer": {**ORDER["buyer"], "name": "Havel * Markt"}}
    composed = made(record, "order.x12-4010-850", heading({"characters": policy}, HEAD, "x12"))
    if NAMES[policy] is None:
        assert composed.contents == []
        (finding,) = composed.findings
        assert finding.kind == "cannot_write" and finding.position.path == "buyer.name" and "'*'" in finding.note
        return
    assert NAMES[policy] in composed.contents[0]
    (read,) = back(composed.contents[0]).records
    assert (read["buyer"]["name"] == record["buyer"]["name"]) == (policy == "other_delimiter")


def test_where_every_sign_is_taken_that_is_said() -> None:
    record = {**ORDER, "buyer": {**ORDER["buyer"], "name": "*|^+!%\x1d"}}
    with pytest.raises(ConfigFault, match="every character that could stand for the element separator"):
        made(record, "order.x12-4010-850", heading({"characters": "other_delimiter"}, HEAD, "x12"))


@pytest.mark.parametrize(("charset", "policy", "wire"), [
    ("UNOC:3", "error", None), ("UNOC:3", "replace", b"L\xf3dz M\xfcller"), ("UNOB:3", "replace", b"Lodz Mueller"),
    ("UNOA:3", "error", None), ("UNOA:3", "replace", b"LODZ MUELLER"), ("UNOW:4", "error", "Łódź Müller".encode())])
def test_characters_that_the_set_does_not_have(charset: str, policy: str, wire: bytes | None) -> None:
    record = {**ORDER, "buyer": {**ORDER["buyer"], "name": "Łódź Müller"}}
    composed = made(record, "order.edifact-d96a", replace(HEAD, syntax=charset, characters=policy, lossy=policy == "replace"))
    assert (composed.contents == []) == (wire is None)
    assert wire is None or wire in composed.contents[0]


@pytest.mark.parametrize(("level", "name", "sent"), [("UNOA:3", "MARKT 7/8", True), ("UNOA:3", "Markt", False), ("UNOB:3", "Markt", True),
                                                    ("UNOB:3", "markt@example.com", False), ("UNOC:3", "markt@example.com", True)])
def test_levels_a_and_b_hold_less_than_ascii(level: str, name: str, sent: bool) -> None:
    """ISO 9735 annex A: level A has capitals alone, and neither has @."""
    lines = [{**line, "description": "OIL"} for line in ORDER["lines"]]
    record = {**ORDER, "buyer": {**ORDER["buyer"], "name": name}, "lines": lines}
    composed = made(record, "order.edifact-d96a", replace(HEAD, syntax=level))
    assert bool(composed.contents) is sent
    assert sent or any(one.kind == "cannot_write" and f"is not in the character set {level[:4]}" in one.note for one in composed.findings)
    wider = made(record, "order.edifact-d96a", replace(HEAD, syntax=level, charset="ascii"))
    assert wider.contents  # where the agreement says so


@pytest.mark.parametrize("name", ["order.edifact-d96a", "order.x12-4010-850", "order.ubl-2.1", "order.csv", "order.cxml", "order.idoc-orders05"])
@pytest.mark.parametrize("text", ["a+b:c'd?e", "*~>^", "\"=1+1\"", "x\x00y", "two\nlines", "😀", "\u202eabc", "]]>&<", ";,\tx"])
def test_hostile_text_arrives_whole_or_is_a_finding(name: str, text: str) -> None:
    record = {**ORDER, "buyer": {**ORDER["buyer"], "name": text}}
    composed = made(record, name)
    told = [one for one in composed.findings if one.kind != "field_not_carried" or (one.position.path or "").startswith("buyer.name")]
    if composed.contents:
        outcome = back(composed.contents[0], **({"map": name} if name == "order.csv" else {}))
        if outcome.records:
            assert outcome.records[0]["buyer"].get("name") == text or told
    else:
        assert verdict(composed.findings) is Verdict.REJECTED and told


def test_fields_without_a_place_are_named_once() -> None:
    record = {**ORDER, "department": "Garden", "lines": [{**line, "color": "red"} for line in ORDER["lines"]]}
    assert not_carried([record, record], CATALOG.map_named("order.edifact-d96a")) == ["department"]
    assert not_carried([record], CATALOG.map_named("order.x12-4010-850")) == []


def test_an_idoc_goes_out_with_its_control_record() -> None:
    head = replace(HEAD, sender=Address("HAVEL", "KU"), receiver=Address("9521200034004", "14"), test=True)
    (content,) = made({**ORDER, "purpose": "change"}, "order.idoc-orders05", replace(head, lossy=True)).contents
    control = etree.fromstring(content).find("IDOC/EDI_DC40")
    assert {one.tag: one.text for one in control} == {
        "TABNAM": "EDI_DC40", "DOCNUM": "0000000000000417", "DIRECT": "2", "TEST": "X", "IDOCTYP": "ORDERS05", "MESTYP": "ORDCHG",
        "SNDPRT": "KU", "SNDPRN": "HAVEL", "RCVPRT": "LS", "RCVLAD": "9521200034004", "CREDAT": "20261102", "CRETIM": "081500",
        "REFINT": "417", "SERIAL": "20261102081500"}
    outcome = back(content)
    assert outcome.interchange.sender == Address("HAVEL", "KU") and outcome.interchange.test
    assert outcome.records[0]["purpose"] == "change"


def test_a_cxml_document_goes_out_with_its_envelope() -> None:
    head = replace(HEAD, sender=Address("AN01", "NetworkID"), receiver=Address("AN02", "NetworkID"), test=True, lossy=True)
    (content,) = made(ORDER, "order.cxml", head).contents
    root = etree.fromstring(content)
    assert content.splitlines()[1] == b'<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.045/cXML.dtd">'
    assert (root.get("payloadID"), root.get("timestamp"), root.get("version")) == ("202611020815.417@AN01", "2026-11-02T08:15:00+00:00", "1.2.045")
    assert [one.tag for one in root.find("Header")] == ["From", "To", "Sender"]
    assert [one.tag for one in root.find("Header/Sender")] == ["Credential", "UserAgent"]
    assert root.find("Header/Sender/Credential").get("domain") == "NetworkID"
    assert root.findtext("Header/Sender/Credential/Identity") == "AN01"
    assert root.findtext("Header/From/Credential/Identity") == "9521200038118"  # what the record says of the buyer stays
    assert root.find("Request").get("deploymentMode") == "test"


def test_a_profile_is_claimed_only_by_an_invoice_that_keeps_its_rules() -> None:
    invoice = {"number": "R-1", "type": "invoice", "issued_on": "2026-11-02", "currency": "EUR", "seller": {"gln": "9521200034004"},
               "buyer": {"gln": "9521200038118"}, "totals": {"payable": D("10.00")},
               "lines": [{"number": "1", "quantity": D(1), "unit": "H87", "net_amount": D("10.00")}]}
    assert made(invoice, "invoice.cii-d16b").contents == []
    composed = made(invoice, "invoice.cii-d16b", replace(HEAD, lossy=True))
    assert b"urn:cen.eu:en16931" not in composed.contents[0]
    assert [one.value for one in composed.findings if one.position.path == "profile"] == ["urn:cen.eu:en16931:2017"]


def test_delimiters_of_the_standard_are_its_defaults() -> None:
    assert heading({}, HEAD).delimiters is None
    assert heading({"delimiters": {"decimal": ","}}, HEAD).delimiters == replace(Delimiters(), decimal=",")


def test_what_the_guide_refuses_is_named_by_the_fields_of_the_record() -> None:
    """RFF 1153 is an..3, 1154 an..35 and NAD 3036 an..35 in D.96A; 7161 is an..3. Items keep their numbers though others go."""
    line = {"number": "1", "quantity": D(4), "references": [{"kind": "order", "number": "9" * 40}, {"kind": "order", "number": "8" * 40},
                                                           {"kind": "order", "number": "88"}, {"kind": "statute", "number": "7"}],
            "allowances": [{"kind": "allowance", "code": "XXXX", "reason": "Bonus", "amount": D(1)}]}
    record = {**ORDER, "buyer": {"gln": "9521200038118", "name": "x" * 40}, "lines": [line]}
    record.pop("totals", None)
    checker = CATALOG.checker_for(MessageType("edifact", "D96A", "ORDERS"), None)
    composed = compose([record], CATALOG.map_named("order.edifact-d96a"), replace(HEAD, lossy=True), checker)
    assert [one.position.path for one in composed.findings if one.kind == "field_not_carried"] == [
        "buyer.name", "lines[0].references[0]", "lines[0].references[1]", "lines[0].references[3].kind", "lines[0].allowances[0].code"]
    (content,) = composed.contents
    assert b"RFF+ON:88'RFF+ZZZ:7'ALC+A++++:::Bonus'" in content


LINE_PARTS = [
    # D.96A: 5387 is the fourth component of C509 (NTP: net unit price); NAD below the line's LIN, after its prices
    ("order.edifact-d96a", {"price_kind": "net", "deliver_to": {"gln": "9521200050447"}},
     b"LIN+1'QTY+21:4'PRI+AAA:2.5::NTP'NAD+DP+9521200050447::9'UNS+S'"),
    # 004010: PO408 and PO409, volume of a pack (385) and its unit (355, CF: cubic feet)
    ("order.x12-4010-850", {"price_kind": "contract", "pack_volume": D("1.75"), "pack_volume_unit": "FTQ"},
     b"PO1*1*4**2.5*CT~PO4********1.75*CF~"),
]


@pytest.mark.parametrize(("name", "more", "wire"), LINE_PARTS, ids=[name for name, _, _ in LINE_PARTS])
def test_kinds_of_prices_places_of_lines_and_volumes_go_out_and_come_back(name: str, more: dict[str, Any], wire: bytes) -> None:
    line = {"number": "1", "quantity": D(4), "net_price": D("2.5"), **more}
    composed = made({"number": "1", "type": "order", "purpose": "original", "issued_on": "2026-11-21", "buyer": {"gln": "9521200038118"},
                     "lines": [line]}, name)
    assert [one.sentence() for one in composed.findings] == []
    assert wire in composed.contents[0]
    (record,) = back(composed.contents[0]).records
    assert record["lines"] == [line]
