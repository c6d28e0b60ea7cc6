"""Single properties of the map compiler that no hard case shows: each was once wrong or missing."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from edi_bridge.mapping.codec import Bad, codec
from tests.mapping.test_hard_cases import both_ways, compiled, message

ORDERS = """
    map: t
    message: edifact/D96A/ORDERS
    record: order
    fields:
      number: BGM/1004
"""


def test_a_group_chosen_by_its_trigger_is_not_confused_by_a_segment_inside_it():
    """The test on RFF/1153 of the second list looked at DTM/2005, which stood in the same local."""
    both_ways(ORDERS + """
      contract: "{RFF}[RFF/1153=CT]/RFF/1154"
      contract_date: {at: "{RFF}[RFF/1153=CT]/DTM[2005=171]/2380", as: date(2379)}
      references: {each: "{RFF}[RFF/1153!=CT]", fields: {kind: RFF/1153, number: RFF/1154}}
    """, """
        BGM++1
        RFF+CT:C9
        DTM+171:20261121:102
        RFF+ADE:A1
    """, [{"number": "1", "contract": "C9", "contract_date": "2026-11-21", "references": [{"kind": "ADE", "number": "A1"}]}])


TERMS = ORDERS + """
      payment_terms:
        each: "{PAT}"
        fields:
          kind: {at: PAT/4279, codes: {"1": basic, "22": discount}}
          days: {at: "PAT/C112[2475=5][2151=D]/2152", as: integer, when: {kind!: discount}}
          discount_days: {at: "PAT/C112[2475=5][2151=D]/2152", as: integer, when: {kind: discount}}
"""


def test_when_with_an_exclamation_mark_means_any_other_value_and_two_rules_share_a_place():
    """The name of the condition's values was also the name of a converter, so that nothing was written."""
    both_ways(TERMS, """
        BGM++1
        PAT+1++5::D:30
        PAT+22++5::D:10
    """, [{"number": "1", "payment_terms": [{"kind": "basic", "days": 30}, {"kind": "discount", "discount_days": 10}]}])


DESCRIPTION = ORDERS + """
      lines:
        each: "{LIN}"
        fields:
          number: LIN/1082
          description: {at: "IMD[7077=F][7081!=35]/C273.7008", as: "text(width: 35, parts: 2, segments: 3, mode: words)"}
          color: "IMD[7077=F][7081=35]/C273.7008"
"""


def test_an_articles_name_runs_over_two_components_and_several_segments():
    both_ways(DESCRIPTION, """
        BGM++1
        LIN+1
        IMD+F++:::Winterjacke:gefüttert
        IMD+F+35+:::blau
        LIN+2
        IMD+F++:::Donaudampfschifffahrtsgesellschafts:kapitänsmütze
        LIN+3
        IMD+F++:::one two three four five six seven:eight nine ten eleven twelve
        IMD+F++:::thirteen
    """, [{"number": "1", "lines": [
        {"number": "1", "description": "Winterjacke gefüttert", "color": "blau"},
        {"number": "2", "description": "Donaudampfschifffahrtsgesellschaftskapitänsmütze"},
        {"number": "3", "description": "one two three four five six seven eight nine ten eleven twelve thirteen"},
    ]}], written="""
        BGM++1
        LIN+1
        IMD+F++:::Winterjacke gefüttert
        IMD+F+35+:::blau
        LIN+2
        IMD+F++:::Donaudampfschifffahrtsgesellschafts:kapitänsmütze
        LIN+3
        IMD+F++:::one two three four five six seven:eight nine ten eleven twelve
        IMD+F++:::thirteen
    """)


def test_a_second_name_that_does_not_go_on_is_reported():
    one = compiled(DESCRIPTION)
    records, findings = one.read(message("BGM++1\nLIN+1\nIMD+F++:::jacket\nIMD+F++:::Jacke", one.spec.message))
    assert records[0]["lines"][0]["description"] == "jacket"
    assert [(one.kind, one.position.segment) for one in findings] == [("value_not_read", 5)]


@pytest.mark.parametrize("text", ["short", "x" * 36, "x" * 70, "word " * 12 + "end", "a b" * 20, "x" * 34 + " yy",
                                  "x" * 33 + "  y" + " z" * 10])
def test_words_come_back_as_they_were(text: str):
    one = codec("text(width: 35, parts: 2, segments: 4, mode: words)")
    written = one.write(text)
    if isinstance(written, Bad):
        assert "  " in text or len(text.split(" ")[0]) >= 35
        return
    assert all(len(part) <= 35 for parts in written for part in parts)
    assert one.read(written) == [text]


def test_coded_text_alone_is_a_note():
    both_ways(ORDERS + """
      notes: {each: FTX, fields: {kind: 4451, code: C107.4441, text: {at: C108, as: "text(width: 70, parts: 5, segments: 9, mode: lines)"}}}
    """, """
        BGM++1
        FTX+AAI+++first:second
        FTX+ZZZ++001
        FTX+ZZZ++002+with text
    """, [{"number": "1", "notes": [{"kind": "AAI", "text": "first\nsecond"}, {"kind": "ZZZ", "code": "001"},
                                    {"kind": "ZZZ", "code": "002", "text": "with text"}]}])


def test_items_at_a_second_place_of_a_list_are_reported_when_the_first_has_some():
    one = compiled(ORDERS + """
      lines:
        each: "{LIN}"
        fields:
          number: LIN/1082
          quantity: {at: "QTY[6063=21]/6060", as: decimal}
          other_items: {each: ["PIA[4347=1]/C212", "PIA[4347=5]/C212"], fields: {scheme: 7143, value: 7140}}
    """)
    body = "BGM++1\nLIN+1\nPIA+1+A:SA\nPIA+5+B:IN\nQTY+21:1\nLIN+2\nPIA+5+C:IN"
    records, findings = one.read(message(body, one.spec.message))
    assert records[0]["lines"] == [{"number": "1", "quantity": D(1), "other_items": [{"scheme": "SA", "value": "A"}]},
                                   {"number": "2", "other_items": [{"scheme": "IN", "value": "C"}]}]
    assert [(one.kind, one.position.segment) for one in findings] == [("value_not_read", 5)]


def test_a_list_of_one_composite_leaves_room_for_the_values_beside_and_behind_it():
    """LIN's number is an item's GTIN or one of its other numbers; the number of its parent line stands behind it."""
    map_text = ORDERS + """
      lines:
        each: "{LIN}"
        fields:
          number: LIN/1082
          parent: "LIN/C829[5495=1]/1082"
          gtin: "LIN/C212[7143=EN]/7140"
          other_items:
            - {each: "PIA[4347=1|5]/C212", fields: {scheme: 7143, value: 7140}}
            - {each: "LIN/C212[7143!=EN]", fields: {scheme: 7143, value: 7140}}
    """
    both_ways(map_text, """
        BGM++1
        LIN+1++4000862141404:EN
        PIA+1+A:SA+B:IN+C:MF+D:BP+E:VP
        PIA+1+F:SA
        LIN+2++4000862141411:EN+1:1
        LIN+3+++1:1
        PIA+1+G:SA
    """, [{"number": "1", "lines": [
        {"number": "1", "gtin": "4000862141404", "other_items": [{"scheme": s, "value": v} for v, s in (
            ("A", "SA"), ("B", "IN"), ("C", "MF"), ("D", "BP"), ("E", "VP"), ("F", "SA"))]},
        {"number": "2", "parent": "1", "gtin": "4000862141411"},
        {"number": "3", "parent": "1", "other_items": [{"scheme": "SA", "value": "G"}]},
    ]}])
    one = compiled(map_text)
    records, findings = one.read(message("BGM++1\nLIN+1++77:SK\nPIA+5+A:SA", one.spec.message))
    assert findings == []
    assert records[0]["lines"][0]["other_items"] == [{"scheme": "SA", "value": "A"}, {"scheme": "SK", "value": "77"}]


def test_an_iban_and_another_account_number_share_a_place():
    map_text = """
        map: t
        message: edifact/D96A/INVOIC
        record: invoice
        fields:
          number: BGM/1004
          payment_means:
            each: "{NAD}[NAD/3035=SU]/FII"
            fields: {iban: {at: FII/C078.3194, as: iban}, account: {at: FII/C078.3194, as: account}, bic: "FII/C088[3055=5|17]/3433"}
    """
    both_ways(map_text, """
        BGM++1
        NAD+SU
        FII++DE89370400440532013000+COBADEFFXXX::5
        FII++994-3277711
    """, [{"number": "1", "payment_means": [{"iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}, {"account": "994-3277711"}]}])
    one = compiled(map_text)
    _, findings = one.read(message("BGM++1\nNAD+SU\nFII++DE88370400440532013000", one.spec.message))
    assert [(one.kind, one.value) for one in findings] == [("invalid_check_digit", "DE88370400440532013000")]
    assert one.write([{"number": "1", "payment_means": [{"account": "DE89370400440532013000"}]}])[1][0].kind == "cannot_write"


def test_a_value_chosen_in_its_composite_and_one_beside_it_are_both_written():
    """The chosen one took the whole composite for itself."""
    both_ways("""
        map: t
        message: edifact/D96A/INVOIC
        record: invoice
        fields:
          number: BGM/1004
          payment_means:
            each: "{NAD}[NAD/3035=SU]/FII"
            fields: {bic: "C088[3055=5]/3433", bank_name: C088.3432}
    """, """
        BGM++1
        NAD+SU
        FII+++COBADEFFXXX::5::::Murbank
        FII+++::::::Savings Bank
    """, [{"number": "1", "payment_means": [{"bic": "COBADEFFXXX", "bank_name": "Murbank"}, {"bank_name": "Savings Bank"}]}])


def test_two_identifiers_for_one_place_are_said_not_dropped():
    one = compiled(ORDERS + """
      buyer: {at: "{NAD}[NAD/3035=BY]", fields: {gln: "NAD/C082[3055=9]/3039", sender_number: "NAD/C082[3055=92]/3039"}}
    """)
    segments, findings = one.write([{"number": "1", "buyer": {"gln": "4000862000004", "sender_number": "77"}}])
    assert segments[1] == "NAD+BY+4000862000004::9"
    assert {finding.kind for finding in findings} == {"field_not_carried"}


def test_a_second_identifier_is_written_at_a_place_of_its_own_where_the_first_is_taken():
    """NAD has room for one number: that of the one who is asked goes to RFF where there is a GLN."""
    map_text = ORDERS + """
      buyer:
        at: "{NAD}[NAD/3035=BY]"
        fields:
          gln: "NAD/C082[3055=9]/3039"
          sender_number: {at: ["NAD/C082[3055=92]/3039", {at: "{RFF}[RFF/1153=IA]/RFF/1154", when: {gln!: ~}}]}
          receiver_number:
            at:
              - "NAD/C082[3055=91]/3039"
              - {at: "{RFF}[RFF/1153=IT]/RFF/1154", when: {gln!: ~}}
              - {at: "{RFF}[RFF/1153=IT]/RFF/1154", when: {sender_number!: ~}}
      lines: {each: "{LIN}", fields: {number: LIN/1082}}
    """
    for party, segments in (
        ({"gln": "4000862000004", "sender_number": "77", "receiver_number": "K9"}, "NAD+BY+4000862000004::9\nRFF+IA:77\nRFF+IT:K9"),
        ({"sender_number": "77", "receiver_number": "K9"}, "NAD+BY+77::92\nRFF+IT:K9"),
        ({"receiver_number": "K9"}, "NAD+BY+K9::91"),
        ({"gln": "4000862000004"}, "NAD+BY+4000862000004::9"),
    ):
        both_ways(map_text, "BGM++1\n" + segments, [{"number": "1", "buyer": party}])


def test_a_required_value_that_cannot_be_converted_is_not_called_missing_too():
    one = compiled(ORDERS + """
      issued_on: {at: ["DTM[2005=137]/2380", "DTM[2005=4]/2380"], as: date(2379), required: true}
      lines: {each: "{LIN}", fields: {number: LIN/1082, quantity: {at: "QTY[6063=21]/6060", as: decimal, required: true}}}
    """)
    findings = one.read(message("BGM++1\nDTM+4:20261131:102\nLIN+1\nQTY+21:4x8\nLIN+2", one.spec.message))[1]
    assert [(one.kind, one.position.segment) for one in findings] == [
        ("invalid_value", 3), ("invalid_value", 5), ("required_missing", 6)]


def test_a_code_that_says_nothing_of_a_required_field_leaves_it_missing():
    one = compiled(ORDERS + """
      type: {at: BGM/C002.1001, codes: {"220": order, "*": skip}, required: true}
    """)
    for code, kinds in (("220", []), ("351", ["required_missing"]), ("", ["required_missing"])):
        assert [one.kind for one in one.read(message(f"BGM+{code}+1", one.spec.message))[1]] == kinds


def test_two_identifiers_of_the_same_text_for_one_place_are_said_too():
    one = compiled(ORDERS + """
      buyer: {at: "{NAD}[NAD/3035=BY]", fields: {sender_number: "NAD/C082[3055=92]/3039", id: "NAD/C082[3055!=9|92]/3039"}}
    """)
    assert one.write([{"number": "1", "buyer": {"sender_number": "77", "id": "77"}}])[1][0].kind == "field_not_carried"
    assert one.write([{"number": "1", "buyer": {"id": "77"}}]) == (["BGM++1", "NAD+BY+77"], [])
