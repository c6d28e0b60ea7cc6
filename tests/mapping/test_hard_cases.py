"""The hard cases that every change to the map compiler must pass, reading and writing (UBL: test_xml_map).

The messages and the records are written by hand from the standards; nothing here is produced by the code under test.
"""

from __future__ import annotations

import textwrap
from decimal import Decimal as D

import pytest

from edi_bridge import yamltext
from edi_bridge.catalog import Catalog
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import Delimiters, Message, MessageType, mask
from edi_bridge.mapping import mapfile
from edi_bridge.mapping.compile import CompiledMap

EDIFACT = Delimiters()
X12 = Delimiters(element="*", component=">", terminator="~", release="", decimal=".")
CATALOG = Catalog()


def compiled(text: str) -> CompiledMap:
    block = yamltext.parse(textwrap.dedent(text), "test.yaml")
    spec = mapfile.load(block, CATALOG._map_block, CATALOG._fragment)
    return CompiledMap(spec, CATALOG.structure(spec.message), CATALOG.table)


def message(text: str, type_: str) -> Message:
    """A whole message from its body, one segment a line."""
    standard, version, name = type_.split("/")
    delimiters = EDIFACT if standard == "edifact" else X12
    body = [line.strip() for line in text.strip().splitlines()]
    if standard == "edifact":
        lines = ["UNH+1+" + f"{name}:D:{version[1:]}:UN", *body, f"UNT+{len(body) + 2}+1"]
    else:
        lines = [f"ST*{name}*0001", *body, f"SE*{len(body) + 2}*0001"]
    raw = delimiters.terminator.join(lines) + delimiters.terminator
    return Message(standard, MessageType(standard, version, name), 1, "1", mask(raw, delimiters), delimiters,
                   raw=raw.encode(), encoding="utf-8")


def both_ways(map_text: str, body: str, records: list[dict], *, written: str | None = None) -> None:
    """Reading the body gives the records without a finding; writing them gives the body again."""
    one = compiled(map_text)
    got, findings = one.read(message(body, one.spec.message))
    assert findings == []
    assert got == records
    segments, findings = one.write(records, EDIFACT if one.standard == "edifact" else X12, "utf-8")
    assert findings == []
    assert segments == [line.strip() for line in (written or body).strip().splitlines()]


ORDER_850 = """
    map: t
    message: x12/004010/850
    record: order
    fields:
      number: BEG/03
      lines:
        each: "{PO1}"
        fields:
          number: PO1/01
          gtin: "PO1/pairs(06)[UP]"
          buyer_item: "PO1/pairs(06)[IN]"
          seller_item: "PO1/pairs(06)[VN]"
          quantity: {at: PO1/02, as: decimal}
          unit: PO1/03
          net_price: {at: PO1/04, as: decimal}
          schedules:
            each: SDQ/pairs(03)
            fields: {location: $1, quantity: {at: $2, as: decimal}, unit: SDQ/01}
"""


def test_850_with_product_id_pairs_and_sdq_over_ten_stores_reads_and_writes():
    stores = [{"location": f"{n:04}", "quantity": D(n), "unit": "EA"} for n in range(1, 13)]
    both_ways(ORDER_850, """
        BEG*00*SA*4711
        PO1*1*78*EA*1.25**UP*012345678905*IN*B-1
        SDQ*EA**0001*1*0002*2*0003*3*0004*4*0005*5*0006*6*0007*7*0008*8*0009*9*0010*10
        SDQ*EA**0011*11*0012*12
        PO1*2*3*CA*9.00**VN*V-2
        SDQ*CA**0001*1
        SDQ*EA**0001*2
    """.replace("BEG*00*SA*4711", "BEG***4711"), [{"number": "4711", "lines": [
        {"number": "1", "gtin": "012345678905", "buyer_item": "B-1", "quantity": D(78), "unit": "EA", "net_price": D("1.25"),
         "schedules": stores},
        {"number": "2", "seller_item": "V-2", "quantity": D(3), "unit": "CA", "net_price": D("9.00"),
         "schedules": [{"location": "0001", "quantity": D(1), "unit": "CA"}, {"location": "0001", "quantity": D(2), "unit": "EA"}]},
    ]}])


def test_850_pairs_are_read_in_any_order_and_a_second_one_of_a_kind_is_reported():
    one = compiled(ORDER_850)
    records, findings = one.read(message("BEG***1\nPO1*1*2*EA*3**VN*A*UP*B*VN*C", "x12/004010/850"))
    assert records[0]["lines"][0]["seller_item"] == "A"
    assert records[0]["lines"][0]["gtin"] == "B"
    assert [(one.kind, one.value, one.position.segment) for one in findings] == [("value_not_read", "C", 3)]




def test_856_shipment_order_pack_item_by_parent_numbers():
    """S-O-P-I with two orders; the packs hang under their order, whatever stands nearest."""
    map_text = """
        map: t
        message: x12/004010/856
        record: despatch_advice
        fields:
          number: BSN/02
          bill_of_lading: "node(S)/REF[01=BM]/02"
          packs:
            each: "node(S)/node(O)"
            fields:
              order_number: PRF/01
              packs:
                each: node(T|P)
                fields:
                  sscc: "MAN[01=GM]/02"
                  items:
                    each: node(I)
                    fields: {gtin: "LIN/pairs(02)[UP]", quantity: {at: SN1/02, as: decimal}, unit: SN1/03}
    """
    record = {"number": "SH1", "bill_of_lading": "BOL9", "packs": [
        {"order_number": "PO1", "packs": [
            {"sscc": "00340123450000000011", "items": [{"gtin": "012345678905", "quantity": D(4), "unit": "EA"},
                                                       {"gtin": "012345678912", "quantity": D(5), "unit": "EA"}]},
            {"sscc": "00340123450000000028", "items": [{"gtin": "012345678905", "quantity": D(6), "unit": "EA"}]}]},
        {"order_number": "PO2", "packs": [{"sscc": "00340123450000000035", "items": [
            {"gtin": "012345678929", "quantity": D(7), "unit": "CA"}]}]},
    ]}
    both_ways(map_text, """
        BSN**SH1
        HL*1**S*1
        REF*BM*BOL9
        HL*2*1*O*1
        PRF*PO1
        HL*3*2*T*1
        MAN*GM*00340123450000000011
        HL*4*3*I*0
        LIN**UP*012345678905
        SN1**4*EA
        HL*5*3*I*0
        LIN**UP*012345678912
        SN1**5*EA
        HL*6*2*T*1
        MAN*GM*00340123450000000028
        HL*7*6*I*0
        LIN**UP*012345678905
        SN1**6*EA
        HL*8*1*O*1
        PRF*PO2
        HL*9*8*T*1
        MAN*GM*00340123450000000035
        HL*10*9*I*0
        LIN**UP*012345678929
        SN1**7*CA
    """, [record])
    # the same tree, its nodes in another order: parent numbers decide
    one = compiled(map_text)
    shuffled = """
        BSN**SH1
        HL*1**S
        REF*BM*BOL9
        HL*2*1*O
        PRF*PO1
        HL*8*1*O
        PRF*PO2
        HL*3*2*P
        MAN*GM*00340123450000000011
        HL*9*8*P
        MAN*GM*00340123450000000035
        HL*6*2*P
        MAN*GM*00340123450000000028
        HL*4*3*I
        LIN**UP*012345678905
        SN1**4*EA
        HL*10*9*I
        LIN**UP*012345678929
        SN1**7*CA
        HL*7*6*I
        LIN**UP*012345678905
        SN1**6*EA
        HL*5*3*I
        LIN**UP*012345678912
        SN1**5*EA
    """
    records, findings = one.read(message(shuffled, "x12/004010/856"))
    assert (records, findings) == ([record], [])


def test_856_shipment_order_item_without_packs():
    both_ways("""
        map: t
        message: x12/004010/856
        record: despatch_advice
        fields:
          number: BSN/02
          items:
            each: "node(S)/node(O)/node(P)?/node(I)"
            fields: {order_number: {at: ../PRF/01, reads: parent}, gtin: "LIN/pairs(02)[UP]", quantity: {at: SN1/02, as: decimal}}
    """.replace("order_number: {at: ../PRF/01, reads: parent}, ", ""), """
        BSN**SH2
        HL*1**S*1
        HL*2*1*O*1
        HL*3*2*I*0
        LIN**UP*012345678905
        SN1**4
        HL*4*2*I*0
        LIN**UP*012345678912
        SN1**5
    """, [{"number": "SH2", "items": [{"gtin": "012345678905", "quantity": D(4)}, {"gtin": "012345678912", "quantity": D(5)}]}])


def test_856_shipment_pack_order_item_with_nested_packs():
    """S-P-O-I; a pallet that holds packs (recurse), and an optional order level below the pack."""
    both_ways("""
        map: t
        message: x12/004010/856
        record: despatch_advice
        fields:
          number: BSN/02
          packs:
            each: "node(S)/node(T|P)"
            recurse: packs
            fields:
              sscc: "MAN[01=GM]/02"
              order_number: "node(O)/PRF/01"
              items:
                each: "node(O)/node(I)"
                fields: {gtin: "LIN/pairs(02)[UP]", quantity: {at: SN1/02, as: decimal}}
    """.replace("node(T|P)", "node(T)"), """
        BSN**SH3
        HL*1**S*1
        HL*2*1*T*1
        MAN*GM*00340123450000000011
        HL*3*2*O*1
        PRF*PO7
        HL*4*3*I*0
        LIN**UP*012345678905
        SN1**4
        HL*5*1*T*1
        MAN*GM*00340123450000000028
        HL*6*5*O*0
        HL*7*5*T*1
        MAN*GM*00340123450000000035
        HL*8*7*O*1
        PRF*PO8
        HL*9*8*I*0
        LIN**UP*012345678912
        SN1**5
    """, [{"number": "SH3", "packs": [
        {"sscc": "00340123450000000011", "order_number": "PO7", "items": [{"gtin": "012345678905", "quantity": D(4)}]},
        {"sscc": "00340123450000000028", "packs": [
            {"sscc": "00340123450000000035", "order_number": "PO8", "items": [{"gtin": "012345678912", "quantity": D(5)}]}]},
    ]}], written="""
        BSN**SH3
        HL*1**S*1
        HL*2*1*T*1
        MAN*GM*00340123450000000011
        HL*3*2*O*1
        PRF*PO7
        HL*4*3*I*0
        LIN**UP*012345678905
        SN1**4
        HL*5*1*T*1
        MAN*GM*00340123450000000028
        HL*6*5*T*1
        MAN*GM*00340123450000000035
        HL*7*6*O*1
        PRF*PO8
        HL*8*7*I*0
        LIN**UP*012345678912
        SN1**5
    """)


def test_856_a_hierarchy_that_runs_in_a_circle_is_a_finding_and_the_reading_ends():
    one = compiled("""
        map: t
        message: x12/004010/856
        record: despatch_advice
        fields:
          number: BSN/02
          items: {each: "node(I)", fields: {quantity: {at: SN1/02, as: decimal}}}
    """)
    records, findings = one.read(message("BSN**1\nHL*1*2*I\nSN1**4\nHL*2*1*I\nSN1**5", "x12/004010/856"))
    assert [(finding.kind, finding.position.segment) for finding in findings] == [("bad_hierarchy", 5)]
    assert records[0]["items"][0]["quantity"] == D(5)


def test_desadv_consignment_packing_with_sscc_numbers_and_items():
    """CPS tree: the shipment, two pallets of the same content told by a GIN with two SSCC, one more with its items."""
    both_ways("""
        map: t
        message: edifact/D96A/DESADV
        record: despatch_advice
        fields:
          number: BGM/1004
          packs:
            each: "node()/node()"
            expand: {sscc: "SG11/SG13/SG14/GIN[7405=BJ]/C208"}
            fields:
              kind: {at: SG11/PAC/C202.7065, codes: {"201": pallet, CT: carton}}
              count: {at: SG11/PAC/7224, as: integer}
              items:
                each: SG15
                fields: {number: LIN/1082, gtin: "LIN/C212[7143=EN]/7140", quantity: {at: "QTY[6063=12]/6060", as: decimal}}
    """, """
        BGM++DES1
        CPS+1
        CPS+2+1
        PAC+1++201
        PCI+33E
        GIN+BJ+340123450000000018+340123450000000025
        LIN+1++4000862141404:EN
        QTY+12:40
        CPS+3+1
        PAC+1++CT
        GIN+BJ+340123450000000032
        LIN+2++4000862141411:EN
        QTY+12:7
    """.replace("        GIN+BJ+340123450000000032\n", "        PCI\n        GIN+BJ+340123450000000032\n").replace("PCI+33E", "PCI"), [
        {"number": "DES1", "packs": [
            {"sscc": "340123450000000018", "kind": "pallet", "count": 1, "items": [{"number": "1", "gtin": "4000862141404", "quantity": D(40)}]},
            {"sscc": "340123450000000025", "kind": "pallet", "count": 1, "items": [{"number": "1", "gtin": "4000862141404", "quantity": D(40)}]},
            {"sscc": "340123450000000032", "kind": "carton", "count": 1, "items": [{"number": "2", "gtin": "4000862141411", "quantity": D(7)}]},
        ]}])


INVOICE = """
    map: t
    message: edifact/D96A/INVOIC
    record: invoice
    fields:
      number: BGM/1004
      lines:
        each: SG25
        fields:
          number: LIN/1082
          net_amount: {at: "SG26[MOA/5025=203]/MOA/5004", as: decimal}
          taxes:
            each: "SG33[TAX/5283=7]"
            fields: {type: TAX/C241.5153, category: TAX/5305, rate: {at: TAX/C243.5278, as: decimal}, amount: {at: "MOA[5025=124]/5004", as: decimal}}
          allowances:
            each: SG38
            fields: {kind: {at: ALC/5463, codes: {A: allowance, C: charge}}, reason: ALC/C214.4, percent: {at: "SG40/PCD[5245=3]/5482", as: decimal}, amount: {at: "SG41/MOA[5025=8]/5004", as: decimal}}
      allowances:
        each: SG15
        fields: {kind: {at: ALC/5463, codes: {A: allowance, C: charge}}, percent: {at: "SG18/PCD[5245=3]/5482", as: decimal}, amount: {at: "SG19/MOA[5025=8]/5004", as: decimal}}
      taxes:
        each: "SG50[TAX/5283=7]"
        fields: {type: TAX/C241.5153, category: TAX/5305, rate: {at: TAX/C243.5278, as: decimal}, base: {at: "MOA[5025=125]/5004", as: decimal}, amount: {at: "MOA[5025=124]/5004", as: decimal}}
      totals: {fields: {payable: {at: "SG48[MOA/5025=9]/MOA/5004", as: decimal}}}
    writes:
      "UNS/0081": S
      "CNT[6069=2]/6066": count(lines)
"""


def test_invoic_with_taxes_by_rate_and_allowances_at_head_and_line():
    both_ways(INVOICE, """
        BGM++R1
        ALC+A
        PCD+3:2.00
        MOA+8:20.00
        ALC+C
        MOA+8:5
        LIN+1
        MOA+203:600.00
        TAX+7+VAT+++:::19+S
        MOA+124:114.00
        ALC+A++++:::Promotion
        PCD+3:10
        MOA+8:66.67
        LIN+2
        MOA+203:400.00
        TAX+7+VAT+++:::7+S
        MOA+124:28.00
        UNS+S
        CNT+2:2
        MOA+9:1127.00
        TAX+7+VAT+++:::19+S
        MOA+125:600.00
        MOA+124:114.00
        TAX+7+VAT+++:::7+S
        MOA+125:400.00
        MOA+124:28.00
    """, [{"number": "R1",
           "allowances": [{"kind": "allowance", "percent": D("2.00"), "amount": D("20.00")}, {"kind": "charge", "amount": D(5)}],
           "taxes": [{"type": "VAT", "category": "S", "rate": D(19), "base": D("600.00"), "amount": D("114.00")},
                     {"type": "VAT", "category": "S", "rate": D(7), "base": D("400.00"), "amount": D("28.00")}],
           "lines": [{"number": "1", "net_amount": D("600.00"),
                      "taxes": [{"type": "VAT", "category": "S", "rate": D(19), "amount": D("114.00")}],
                      "allowances": [{"kind": "allowance", "reason": "Promotion", "percent": D(10), "amount": D("66.67")}]},
                     {"number": "2", "net_amount": D("400.00"),
                      "taxes": [{"type": "VAT", "category": "S", "rate": D(7), "amount": D("28.00")}]}],
           "totals": {"payable": D("1127.00")}}])


def test_partin_holds_several_customers_and_what_is_said_once_for_all():
    map_text = """
        map: t
        message: edifact/D96A/PARTIN
        record: customer
        records: {each: SG4}
        fields:
          action: {at: ^/BGM/1225, codes: {"2": add, "3": delete, "4": change}}
          gln: "NAD/C082[3055=9]/3039"
          name: NAD/C080.1
          vat: "SG6[RFF/1153=VA]/RFF/1154"
        writes: {"UNS/0081": D}
    """
    records = [{"action": "add", "gln": "4012345000009", "vat": "DE123456789", "name": "ACME"},
               {"action": "add", "gln": "4012345000016", "name": "Beta"}]
    both_ways(map_text, """
        BGM+++2
        UNS+D
        NAD++4012345000009::9++ACME
        RFF+VA:DE123456789
        NAD++4012345000016::9++Beta
    """, records)
    one = compiled(map_text)
    _, findings = one.write([records[0], {**records[1], "action": "delete"}], EDIFACT, "utf-8")
    assert [finding.kind for finding in findings] == ["cannot_write"]
    _, findings = one.write([{**records[0], "street": "x"}, {**records[1], "name": "\u0141\u00f3d\u017a"}], EDIFACT, "latin-1")
    assert [(finding.position.path, finding.note.partition(" (")[0]) for finding in findings] == [
        ("street", "record 1: street: the message has no place for it in this map"), ("name", "record 2: name")]
    _, findings = one.write([records[0] | {"street": "x"}], EDIFACT, "latin-1")
    assert [finding.note for finding in findings] == ["street: the message has no place for it in this map"]  # of one there is no doubt


def test_a_second_date_of_the_same_kind_is_reported_and_can_be_chosen_by_number():
    text = """
        map: t
        message: edifact/D96A/ORDERS
        record: order
        fields:
          issued_on: {at: "DTM[2005=137]%s/2380", as: date(2379)}
          ship_on: {at: "DTM[2005=10]/2380", as: date(2379)}
    """
    body = "BGM\nDTM+137:20261121:102\nDTM+10:20261201:102\nDTM+137:202611220830:203"
    records, findings = compiled(text % "").read(message(body, "edifact/D96A/ORDERS"))
    assert records == [{"issued_on": "2026-11-21", "ship_on": "2026-12-01"}]
    assert [(f.kind, f.value, f.position.segment, f.position.element, f.position.component) for f in findings] == [
        ("value_not_read", "202611220830", 5, 1, 2)]
    records, findings = compiled(text % "#2").read(message(body, "edifact/D96A/ORDERS"))
    assert (records, findings) == ([{"issued_on": "2026-11-22T08:30", "ship_on": "2026-12-01"}], [])
    last = compiled(text.replace("as: date(2379)}", "as: date(2379), take: last}", 1) % "")
    assert last.read(message(body, "edifact/D96A/ORDERS"))[0] == [{"issued_on": "2026-11-22T08:30", "ship_on": "2026-12-01"}]


def test_alternatives_read_the_first_present_write_the_marked_one_and_report_a_contradiction():
    text = """
        map: t
        message: edifact/D96A/ORDERS
        record: order
        fields:
          lines:
            each: SG25
            fields:
              number: LIN/1082
              seller_item: {at: ["LIN/C212[7143=SA]/7140", {at: "PIA[4347=1]/C212[7143=SA]/7140", write: true}]}
    """
    body = "BGM\nLIN+1++A:SA\nLIN+2\nPIA+1+B:SA\nLIN+3++C:SA\nPIA+1+D:SA"
    one = compiled(text)
    records, findings = one.read(message(body, "edifact/D96A/ORDERS"))
    assert [line["seller_item"] for line in records[0]["lines"]] == ["A", "B", "C"]
    assert [(f.kind, f.value, f.position.segment) for f in findings] == [("alternatives_differ", "D", 7)]
    segments, findings = one.write([{"lines": [{"number": "1", "seller_item": "A"}]}], EDIFACT, "utf-8")
    assert (segments, findings) == (["LIN+1", "PIA+1+A:SA"], [])


NOTES = """
    map: t
    message: edifact/D96A/ORDERS
    record: order
    fields:
      notes:
        each: "FTX[4451=AAI]"
        fields:
          language: 3453
          text: {at: C108, as: "text(width: 10, parts: 5, segments: 9, mode: flow)"}
"""


def test_free_text_over_five_components_and_several_segments():
    long = "The goods must arrive before noon; ring twice: gate 4, it's Mr O'Neil's + the dog's"
    one = compiled(NOTES)
    segments, findings = one.write([{"notes": [{"language": "EN", "text": long}, {"text": "short"}]}], EDIFACT, "utf-8")
    assert findings == []
    assert all(segment.startswith("FTX+AAI+++") for segment in segments) and len(segments) == 3
    assert segments[0].endswith("+EN") and segments[1].endswith("+EN") and segments[2] == "FTX+AAI+++short"
    records, findings = one.read(message("BGM\n" + "\n".join(segments), "edifact/D96A/ORDERS"))
    assert (records, findings) == ([{"notes": [{"language": "EN", "text": long}, {"text": "short"}]}], [])


@pytest.mark.parametrize("text", ["a ? b", "?'+:*", "ends with ?", "'", "it''s"])
def test_delimiters_and_the_release_character_survive_in_data(text):
    one = compiled("""
        map: t
        message: edifact/D96A/ORDERS
        record: order
        fields: {buyer: {at: "SG2[NAD/3035=BY]", fields: {name: NAD/C080.1}}}
    """)
    record = {"buyer": {"name": text}}
    segments, findings = one.write([record], EDIFACT, "utf-8")
    assert findings == []
    records, findings = one.read(message("BGM\n" + "\n".join(segments), "edifact/D96A/ORDERS"))
    assert (records, findings) == ([record], [])


def test_what_the_message_cannot_carry_or_the_charset_cannot_hold_is_a_finding():
    one = compiled("""
        map: t
        message: x12/004010/850
        record: order
        fields: {number: BEG/03, contract: "REF[01=CT]/02"}
    """)
    _, findings = one.write([{"number": "1*2", "contract": "Zoë", "promotion": "P"}], X12, "ascii")
    assert sorted((f.kind, f.position.path) for f in findings) == [
        ("cannot_write", "contract"), ("cannot_write", "number"), ("field_not_carried", "promotion")]


def test_a_map_writes_only_the_records_it_is_meant_for():
    one = compiled("""
        map: t
        message: edifact/D96A/INVOIC
        record: invoice
        when: {type: credit_note}
        fields: {number: BGM/1004, type: {at: BGM/C002.1001, codes: {"381": credit_note, "380": invoice}}}
    """)
    assert one.write([{"number": "1", "type": "credit_note"}], EDIFACT, "utf-8") == (["BGM+381+1"], [])
    body, findings = one.write([{"number": "1", "type": "invoice"}], EDIFACT, "utf-8")
    assert (body, [finding.sentence() for finding in findings]) == (
        [], ["cannot_write: the map t writes records with type: credit_note only"])


def test_a_key_that_does_nothing_is_refused():
    with pytest.raises(ConfigFault, match=r"test.yaml:5:33: order.number has no key 'look'"):
        compiled("""
            map: t
            message: edifact/D96A/ORDERS
            record: order
            fields: {number: {at: BGM/1004, look: items}}
        """)
