"""What X12 asks of the map compiler beyond the hard cases: written by hand, both ways."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import Delimiters
from tests.mapping.test_hard_cases import X12, both_ways, compiled, message

PARTY = """
    map: t
    message: x12/004010/850
    record: order
    fields:
      deliver_to:
        at: "{N1}[N1/01=ST]"
        fields:
          gln: "N1/04[03=UL]"
          sender_number: "N1/04[03=92]"
          id: "N1/04[03!=UL|92]"
          id_scheme: "N1/03[03!=UL|92]"
          name: N1/02
"""


def test_a_value_told_by_another_element_of_its_segment():
    both_ways(PARTY, "BEG\nN1*ST*STORE 9*92*0009".replace("BEG\n", ""), [{"deliver_to": {"sender_number": "0009", "name": "STORE 9"}}])
    both_ways(PARTY, "N1*ST**UL*4012345000009", [{"deliver_to": {"gln": "4012345000009"}}])
    both_ways(PARTY, "N1*ST**15*8101760", [{"deliver_to": {"id": "8101760", "id_scheme": "15"}}])


def test_a_place_for_one_identifier_says_which_others_it_could_not_hold():
    segments, findings = compiled(PARTY).write([{"deliver_to": {"gln": "4012345000009", "sender_number": "9"}}], X12, "ascii")
    assert segments == ["N1*ST**UL*4012345000009"]
    assert [(f.kind, f.value) for f in findings] == [("field_not_carried", "9")]
    _, findings = compiled(PARTY).write([{"deliver_to": {"id": "9", "id_scheme": "92"}}], X12, "ascii")
    assert [f.kind for f in findings] == ["cannot_write"]  # it would be read back as the sender's number


PAIRS = """
    map: t
    message: x12/004010/850
    record: order
    fields:
      lines:
        each: "{PO1}"
        fields:
          number: PO1/01
          gtin: {at: "PO1/pairs(06)[UP|EN|UK]", as: "gtin(UP, EN, UK, EO)"}
          seller_item: "PO1/pairs(06)[VN|VP]"
          other_items: {each: PO1/pairs(06), fields: {scheme: $1, value: $2}}
"""


def test_pairs_that_no_rule_takes_are_a_list_and_the_gtins_length_chooses_its_qualifier():
    both_ways(PAIRS, """
        PO1*1*****UP*012345678905*VN*V-1*SK*88*UK*10012345678902
        PO1*2*****EN*4006381333931
        PO1*3*****UK*10012345678902*CL*RED
    """, [{"lines": [
        {"number": "1", "gtin": "012345678905", "seller_item": "V-1",
         "other_items": [{"scheme": "SK", "value": "88"}, {"scheme": "UK", "value": "10012345678902"}]},
        {"number": "2", "gtin": "4006381333931"},
        {"number": "3", "gtin": "10012345678902", "other_items": [{"scheme": "CL", "value": "RED"}]}]}])
    one = compiled(PAIRS)
    records, findings = one.read(message("PO1*1*****ZZ*A*VP*B*VN*C", "x12/004010/850"))
    assert (records[0]["lines"][0], findings) == ({"number": "1", "seller_item": "B", "other_items": [
        {"scheme": "ZZ", "value": "A"}, {"scheme": "VN", "value": "C"}]}, [])
    _, (finding,) = one.read(message("PO1*1*****VN*A*UP*012345678900", "x12/004010/850"))
    assert (finding.kind, finding.position.element, finding.value) == ("invalid_check_digit", 9, "012345678900")
    many = {"lines": [{"number": "1", "other_items": [{"scheme": "ZZ", "value": str(n)} for n in range(11)]}]}
    assert [f.kind for f in one.write([many], X12, "ascii")[1]] == ["cannot_write"]  # PO1 has room for ten


def test_lists_of_several_shapes_fill_one_field_and_each_item_is_written_where_all_of_it_fits():
    both_ways("""
        map: t
        message: x12/004010/850
        record: order
        fields:
          notes:
            - each: PKG
              fields: {kind: {is: packing}, text: PKG/05}
            - each: "{N9}"
              fields: {kind: N9/01, subject: N9/02, text: {at: MSG/01, as: "text(width: 20, segments: 99, mode: lines)"}}
          lines:
            each: "{PO1}"
            fields:
              number: PO1/01
              schedules:
                - each: SDQ/pairs(03)
                  fields: {deliver_to: {fields: {gln: "$1[02=UL]", sender_number: "$1[02=92]"}}, quantity: {at: $2, as: decimal}, unit: SDQ/01}
                - each: "{SCH}"
                  fields: {quantity: {at: SCH/01, as: decimal}, unit: SCH/02, date: {at: "SCH/06[05=002]", as: date(CCYYMMDD)}}
    """, """
        PKG*****SHRINK WRAP
        N9*L1*DELIVERY
        MSG*RING TWICE
        MSG*GATE 4
        N9*L1*DELIVERY
        MSG*NO PALLETS
        PO1*1
        SDQ*EA*UL*4012345000009*5
        SDQ*EA*92*0007*6*0008*7
        SCH*8*EA***002*20261201
    """, [{"notes": [{"kind": "packing", "text": "SHRINK WRAP"},
                     {"kind": "L1", "subject": "DELIVERY", "text": "RING TWICE\nGATE 4"},
                     {"kind": "L1", "subject": "DELIVERY", "text": "NO PALLETS"}],
           "lines": [{"number": "1", "schedules": [
               {"deliver_to": {"gln": "4012345000009"}, "quantity": D(5), "unit": "EA"},
               {"deliver_to": {"sender_number": "0007"}, "quantity": D(6), "unit": "EA"},
               {"deliver_to": {"sender_number": "0008"}, "quantity": D(7), "unit": "EA"},
               {"quantity": D(8), "unit": "EA", "date": "2026-12-01"}]}]}])


def test_codes_may_stand_for_numbers_and_unknown_ones_may_say_nothing():
    text = """
        map: t
        message: x12/004010/850
        record: order
        fields:
          lines:
            each: "{PO1}"
            fields:
              number: PO1/01
              price_basis: {at: PO1/05, codes: {HP: 100, TP: 1000, "*": skip}}
              pack_kind: {at: PO4/04, as: "text(first: 3)", codes: package_kind}
    """
    both_ways(text, "PO1*1****HP\nPO4****CTN", [{"lines": [{"number": "1", "price_basis": D(100), "pack_kind": "CT"}]}])
    one = compiled(text)
    assert one.read(message("PO1*1****PE\nPO4****CTN25", "x12/004010/850")) == ([{"lines": [{"number": "1", "pack_kind": "CT"}]}], [])
    assert one.write([{"lines": [{"price_basis": D("1E3")}]}], X12, "ascii") == (["PO1*****TP"], [])
    assert [f.kind for f in one.write([{"lines": [{"price_basis": D(7)}]}], X12, "ascii")[1]] == ["cannot_write"]


def test_levels_that_stand_in_each_other_keep_their_parents_numbers():
    one = compiled("""
        map: t
        message: x12/004010/816
        record: customer
        fields:
          name: "node(35)/{N1}[N1/01=S1]/N1/02"
          locations:
            - {each: "node(35)/node(36)", fields: {number: "{N1}[N1/01=SN]/N1/02"}}
            - {each: "node(35)/node(37)/node(38)/node(39)", fields: {name: "{N1}[N1/01=SN]/N1/02"}}
    """)
    records = [{"name": "TOP", "locations": [{"number": "A"}, {"name": "DEEP"}]}]
    segments, findings = one.write(records, X12, "ascii")
    assert findings == []
    assert segments == ["HL*1**35*1", "N1*S1*TOP", "HL*2*1*37*1", "HL*3*2*38*1", "HL*4*3*39*0", "N1*SN*DEEP", "HL*5*1*36*0", "N1*SN*A"]
    assert one.read(message("\n".join(segments), "x12/004010/816")) == (records, [])
    assert one.write([{"name": "TOP"}], X12, "ascii")[0] == ["HL*1**35*0", "N1*S1*TOP"]  # empty levels are left out


def test_several_texts_of_one_place_are_one_text():
    one = compiled("""
        map: t
        message: x12/004010/850
        record: order
        fields:
          lines:
            each: "{PO1}"
            fields:
              number: PO1/01
              description: {at: "{PID}/PID[01=F]/05", as: "text(width: 20, segments: 9, mode: words, whole: true)"}
    """)
    records, findings = one.read(message("PO1*1\nPID*F****STEEL\nPID*F****HAND TRUCK", "x12/004010/850"))
    assert (records, findings) == ([{"lines": [{"number": "1", "description": "STEEL HAND TRUCK"}]}], [])
    long = {"lines": [{"number": "1", "description": "STEEL HAND TRUCK, PNEUMATIC WHEELS, FOLDS FLAT"}]}
    segments, findings = one.write([long], X12, "ascii")
    assert (segments, findings) == (["PO1*1", "PID*F****STEEL HAND TRUCK,", "PID*F****PNEUMATIC WHEELS,", "PID*F****FOLDS FLAT"], [])
    assert one.read(message("\n".join(segments), "x12/004010/850")) == ([long], [])


def test_a_number_told_by_its_length_beside_it():
    both_ways("""
        map: t
        message: x12/004010/850
        record: order
        fields: {buyer: {at: "{N1}[N1/01=BY]", fields: {duns: {at: "N1/04[03=9|1]", as: "duns(1, 9)"}}}}
    """, "N1*BY**1*315369934", [{"buyer": {"duns": "315369934"}}])
    one = compiled("""
        map: t
        message: x12/004010/850
        record: order
        fields: {buyer: {at: "{N1}[N1/01=BY]", fields: {duns: {at: "N1/04[03=9|1]", as: "duns(1, 9)"}}}}
    """)
    assert one.write([{"buyer": {"duns": "3153699340001"}}], X12, "ascii") == (["N1*BY**9*3153699340001"], [])


def test_a_value_without_their_code_is_written_as_the_default_and_said():
    one = compiled("""
        map: t
        message: x12/004010/850
        record: order
        fields: {number: BEG/03, type: {at: BEG/02, codes: {SA: order, RL: call_off}, default: order}}
    """)
    segments, findings = one.write([{"number": "1", "type": "spot_order"}], X12, "ascii")
    assert segments == ["BEG**SA*1"]
    assert [(f.kind, f.value) for f in findings] == [("field_not_carried", "spot_order")]


def test_a_field_inside_an_object_that_has_no_place_is_said():
    one = compiled("""
        map: t
        message: x12/004010/850
        record: order
        fields: {number: BEG/03, carrier: {fields: {id: TD5/03}}, deliver_to: {at: "{N1}[N1/01=ST]", fields: {name: N1/02}}}
    """)
    segments, findings = one.write([{"number": "1", "carrier": {"id": "X", "gln": "1"}, "deliver_to": {"name": "A", "vat": "B"}}], X12, "ascii")
    assert segments == ["BEG***1", "TD5***X", "N1*ST*A"]
    assert [(f.kind, f.position.path) for f in findings] == [("field_not_carried", "carrier.gln"), ("field_not_carried", "deliver_to.vat")]


def test_an_item_that_no_place_is_meant_for_is_said_and_one_that_fits_nowhere_goes_where_most_of_it_fits():
    one = compiled("""
        map: t
        message: x12/004010/850
        record: order
        fields:
          notes: {each: PKG, fields: {kind: {is: packing}, text: PKG/05}}
          lines:
            each: "{PO1}"
            fields:
              number: PO1/01
              schedules:
                - {each: SDQ/pairs(03), fields: {location: $1, quantity: {at: $2, as: decimal}}}
                - {each: "{SCH}", fields: {quantity: {at: SCH/01, as: decimal}, unit: SCH/02, date: {at: SCH/06, as: date(CCYYMMDD)}}}
    """)
    record = {"notes": [{"kind": "packing", "text": "A"}, {"kind": "delivery", "text": "B"}],
              "lines": [{"number": "1", "schedules": [{"quantity": D(1), "unit": "EA", "date": "2026-12-01", "location": "7"}]}]}
    segments, findings = one.write([record], X12, "ascii")
    assert segments == ["PKG*****A", "PO1*1", "SCH*1*EA****20261201"]
    assert [(f.kind, f.position.path, f.value) for f in findings] == [
        ("field_not_carried", "notes[1]", "delivery"), ("field_not_carried", "lines[0].schedules[0].location", "")]


def test_a_text_with_line_breaks_goes_where_lines_may_stand_or_loses_them_where_the_agreement_replaces():
    one = compiled("""
        map: t
        message: x12/004010/850
        record: order
        fields:
          department: "REF[01=DP]/03"
          notes:
            - {each: PKG, fields: {text: PKG/05}}
            - {each: "{N9}", fields: {text: {at: MSG/01, as: "text(width: 20, segments: 9, mode: lines)"}}}
    """)
    assert one.write([{"notes": [{"text": "A\nB"}]}], X12, "ascii") == (["N9", "MSG*A", "MSG*B"], [])
    assert [f.kind for f in one.write([{"department": "A\nB"}], X12, "ascii")[1]] == ["cannot_write"]
    segments, findings = one.write([{"department": "A\nB"}], X12, "ascii", "replace")
    assert segments == ["REF*DP**A B"]
    assert [(found.kind, found.position.path, found.value) for found in findings] == [("field_not_carried", "department", "A\nB")]


def test_packs_nest_as_deep_as_they_come_where_lists_have_several_shapes():
    one = compiled("""
        map: t
        message: x12/004010/856
        record: despatch_advice
        fields:
          number: BSN/02
          packs:
            - {each: "node(S)/node(O)", fields: {order_number: {at: PRF/01, required: true}}}
            - {each: "node(S)/node(T)", recurse: packs, fields: {sscc: "MAN[01=GM]/02"}}
    """)
    record = {"number": "1", "packs": [{"sscc": "1", "packs": [{"sscc": "2", "packs": [{"sscc": "3", "packs": [{"sscc": "4"}]}]}]}]}
    segments, findings = one.write([record], X12, "ascii")
    assert findings == [] and sum(segment.startswith("MAN") for segment in segments) == 4
    assert one.read(message("\n".join(segments), "x12/004010/856")) == ([record], [])


ACKNOWLEDGED = """
    map: t
    message: x12/004010/855
    record: order_response
    fields:
      lines:
        each: "{PO1}"
        fields:
          number: PO1/01
          outcome: {at: "{ACK}#1/ACK/01", codes: line_outcome}
          quantity: {at: "{ACK}#1/ACK/02", as: decimal}
          splits: {each: "{ACK}#2+", fields: {outcome: {at: ACK/01, codes: line_outcome}, quantity: {at: ACK/02, as: decimal}}}
"""


def test_the_first_of_several_loops_is_the_lines_and_the_rest_are_a_list():
    both_ways(ACKNOWLEDGED, """
        PO1*1
        ACK*IA*20
        PO1*2
        ACK*IQ*8
        ACK*IB*3
        ACK*ID*1
        PO1*3
    """, [{"lines": [
        {"number": "1", "outcome": "accepted", "quantity": D(20)},
        {"number": "2", "outcome": "quantity_changed", "quantity": D(8), "splits": [
            {"outcome": "backordered", "quantity": D(3)}, {"outcome": "deleted", "quantity": D(1)}]},
        {"number": "3"}]}])


def test_an_item_of_the_rest_cannot_stand_where_the_first_is_missing():
    _, findings = compiled(ACKNOWLEDGED).write([{"lines": [{"number": "1", "splits": [{"outcome": "backordered"}]}]}], X12, "ascii")
    assert [(f.kind, f.note) for f in findings] == [
        ("cannot_write", "lines[0].splits: stands in the message from number 2 on, and there is none before it")]


@pytest.mark.parametrize("path", ["PO1#2+/01", "{PO1}#2+/PO1/01", "{PO1}/{ACK}#2+/{DTM}"])
def test_a_plus_is_only_for_the_end_of_an_each(path):
    with pytest.raises(ConfigFault, match=r"a plus is for the groups or loops at the end of an each:"):
        compiled(f"""
    map: t
    message: x12/004010/855
    record: order_response
    fields:
      number: "{path}"
""")


def test_a_list_below_groups_that_repeat_holds_what_stands_in_each():
    """Two entities of one payment, and two schedules with their quantities: nothing of the first is lost."""
    payment = compiled("""
    map: t
    message: x12/004010/820
    record: remittance
    fields:
      items: {each: "{ENT}/{RMR}", fields: {document: RMR/02}}
      references: {each: "{ENT}/{NM1}/REF", fields: {number: "02"}}
""")
    body = "ENT*1\nNM1*PE*2\nREF*ZZ*A\nRMR*IV*1\nRMR*IV*2\nENT*2\nENT*3\nNM1*PE*2\nREF*ZZ*B\nREF*ZZ*C\nRMR*IV*3"
    records, findings = payment.read(message(body, "x12/004010/820"))
    assert findings == [] and [item["document"] for item in records[0]["items"]] == ["1", "2", "3"]
    assert [one["number"] for one in records[0]["references"]] == ["A", "B", "C"]


OUTCOME = """
    map: t
    message: edifact/D96A/ORDRSP
    record: order_response
    fields:
      outcome: {at: "BGM/1225[1225=29|4|27|12]", codes: response_outcome}
      purpose: {at: "BGM/1225[1225!=29|4|27|12]", codes: message_function}
"""


def test_one_element_is_one_field_or_another_by_its_own_code():
    type_ = "edifact/D96A/ORDRSP"
    for code, record in (("27", {"outcome": "rejected"}), ("4", {"outcome": "changed"}), ("9", {"purpose": "original"})):
        assert compiled(OUTCOME).read(message(f"BGM+++{code}", type_))[0] == [record]
        assert compiled(OUTCOME).write([record], Delimiters(), "ascii") == ([f"BGM+++{code}"], [])
    segments, findings = compiled(OUTCOME).write([{"outcome": "accepted", "purpose": "original"}], Delimiters(), "ascii")
    assert segments == ["BGM+++29"] and [(f.kind, f.value) for f in findings] == [("field_not_carried", "9")]
    _, findings = compiled(OUTCOME).write([{"purpose": "change"}], Delimiters(), "ascii")
    assert [f.kind for f in findings] == ["cannot_write"]  # 4 would be read back as the outcome


def test_a_value_without_a_code_is_written_as_the_broader_one_and_said():
    line = OUTCOME.replace("outcome: {at: \"BGM/1225[1225=29|4|27|12]\", codes: response_outcome}",
                           'lines: {each: "{LIN}", fields: {number: LIN/1082, outcome: {at: LIN/1229, codes: line_outcome, else: keep}}}')
    segments, findings = compiled(line).write([{"lines": [{"number": "1", "outcome": "price_changed"}]}], Delimiters(), "ascii")
    assert segments == ["LIN+1+6"]
    assert [f.kind for f in findings] == ["field_not_carried"]
    assert "no code for price_changed; the code of changed is written" in findings[0].note
