"""`edi-bridge convert`: any standard to any other, what is said of it, and what is refused."""

from __future__ import annotations

import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from cli_case import ORDER, ROOT, Run

SAMPLES = ROOT / "samples"
# by hand: ORDER of cli_case as D.96A → 004010 850; the GLN goes to N1 with UL, the quantity has no unit
AS_850 = ["BEG*00*SA*4500017731**20261102", "N1*BY**UL*9521200038118", "N1*SE**UL*9521200034004", "PO1*1*48**3.19**EN*9521200002119",
          "CTT*1", "AMT*1*153.12"]
RECORD: dict[str, Any] = {
    "number": "4500017731", "type": "order", "purpose": "original", "issued_on": "2026-11-02", "buyer": {"gln": "9521200038118"},
    "seller": {"gln": "9521200034004"}, "lines": [{"number": "1", "gtin": "9521200002119", "quantity": "48", "net_price": "3.19"}],
    "totals": {"line_count": 1}}
ENDS = ("--sender", "14:9521200038118", "--receiver", "14:9521200034004")


def sample(name: str) -> str:
    return str(next((SAMPLES / name).glob("message.*")))


def records(done: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def body(content: bytes) -> list[str]:
    """The segments of an X12 message between ST and SE."""
    segments = content.decode("ascii").split("~")
    return segments[3:segments.index(next(one for one in segments if one.startswith("SE*")))]


def test_orders_becomes_an_850_and_what_was_computed_is_said(edi: Run, order: Path) -> None:
    done = edi("convert", order, "--to", "x12/004010/850", "--control", "417")
    assert done.returncode == 0
    assert body(done.stdout) == AS_850
    assert done.stdout.startswith(b"ISA*00*          *00*          *ZZ*9521200038118  *ZZ*9521200034004  *")
    assert done.stdout.endswith(b"~SE*8*0001~GE*1*417~IEA*1*000000417~")
    said = done.stderr.decode()
    assert "computed, as the source does not say it: lines.net_amount, totals.lines" in said
    assert said.endswith("1 record · 1 message by order.x12-4010-850\n")


@pytest.mark.parametrize("target", ["x12/004010/850", "xml/ubl-2.1/Order", "order.csv", "json", "edifact/D96A/ORDERS", "order.idoc-orders05"])
def test_there_and_back_the_order_is_the_same(target: str, edi: Run, order: Path, tmp_path: Path) -> None:
    currency = () if target == "json" else ("--currency", "EUR")
    there = edi("convert", order, "--to", target, *currency, "--out", "there.any")
    assert there.returncode == 0, there.stderr.decode()
    reader = ("--from", "order.csv") if target == "order.csv" else ()
    back = edi("convert", "there.any", "--to", "edifact/D96A/ORDERS", *reader, *ENDS, "--out", "back.edi")
    assert back.returncode == 0, back.stderr.decode()
    (first,) = records(edi("translate", order))
    (again,) = records(edi("translate", "back.edi"))
    added = {"currency"} if currency else set()
    assert {key: value for key, value in again.items() if key not in (*added, "totals", "lines")} == {
        key: value for key, value in first.items() if key not in ("totals", "lines")}
    wanted, got = first["lines"][0], again["lines"][0]
    got.pop("net_amount", None)  # computed on the way
    assert got == wanted
    assert again["totals"]["line_count"] == first["totals"]["line_count"]


def test_an_invoice_goes_round_edifact_x12_and_xml(edi: Run, tmp_path: Path) -> None:
    source = sample("edifact/invoic-d96a-plain")
    (first, *_) = records(edi("translate", source))
    for target in ("x12/004010/810", "xml/ubl-2.1/Invoice", "xml/cii-d16b/CrossIndustryInvoice", "invoice.idoc-invoic02"):
        there = edi("convert", source, "--to", target, "--out", "there.any")
        assert there.returncode == 0, there.stderr.decode()
        name = "there.any" if (tmp_path / "there.any").exists() else "there-1.any"
        (again, *_) = records(edi("translate", name))
        for field in ("number", "issued_on", "currency"):
            assert again[field] == first[field], target
        assert again["seller"]["gln"] == first["seller"]["gln"], target
        assert [line["quantity"] for line in again["lines"]] == [line["quantity"] for line in first["lines"]], target
        totals = again["totals"]
        assert D(totals.get("gross", totals.get("payable"))) == D(first["totals"]["gross"]), target  # an 810 has the sum to pay alone
        for one in tmp_path.glob("there*"):
            one.unlink()


def listed(said: str, head: str) -> dict[str, str]:
    """The fields below a heading, with what is said of each."""
    _, _, below = said.partition(head)
    lines = below.splitlines()[1:]
    count = next((number for number, line in enumerate(lines) if not line.startswith("  ")), len(lines))
    return {path: why for path, _, why in (line.strip().partition("  ") for line in lines[:count])}


def test_what_cannot_be_carried_is_listed_by_field_with_the_reason(edi: Run) -> None:
    done = edi("convert", sample("edifact/orders-d96a-rich"), "--to", "x12/004010/850", "--out", "out.x12")
    assert done.returncode == 0
    said = done.stderr.decode()
    gone, changed = listed(said, "cannot carry "), listed(said, "written in another form")
    assert f"cannot carry {len(gone)} fields of the records:" in said and f"{len(changed)} fields are written in another form:" in said
    assert list(gone) == sorted(gone) and list(changed) == sorted(changed)
    assert not any(field.startswith("lines[") for field in (*gone, *changed))  # by field, not by item
    assert "totals.line_count" not in gone
    assert gone["lines.free_quantity"] == "" and gone["seller.sender_number"].startswith("(N1/04, ")
    assert changed["buyer.street"].endswith(': "Uferstraße 12" is written as "Uferstrasse 12"')
    assert changed["lines.description"].startswith("lines[0].description ({PID}/PID/05, ")


def test_an_object_without_any_place_is_listed_alone(edi: Run) -> None:
    done = edi("convert", sample("edifact/orders-d96a-rich"), "--to", "csv/standard/order")
    gone = listed(done.stderr.decode(), "cannot carry ")
    assert {"totals", "other_parties", "lines.references"} <= gone.keys()
    assert not any(field.startswith(("totals.", "other_parties.", "lines.references.")) for field in gone)


def test_packs_in_packs_are_carried_by_a_map_that_nests_them(edi: Run, tmp_path: Path) -> None:
    """`recurse:` in the map: the fields of an inner pack are those of an outer one, and nothing is said of them."""
    source = sample("edifact/desadv-d96a-pallets-sscc")
    done = edi("convert", source, "--to", "edifact/D96A/DESADV", "--out", "again.edi")
    assert done.returncode == 0 and "cannot carry" not in done.stderr.decode()
    assert records(edi("translate", "again.edi"))[0]["packs"] == records(edi("translate", source))[0]["packs"]
    said = edi("convert", source, "--to", "x12/004010/856", "--out", "there.x12").stderr.decode()
    assert not any(field.startswith("packs.packs") for field in listed(said, "cannot carry "))


def test_orders_of_a_despatch_advice_are_named_in_either_standard(edi: Run, tmp_path: Path) -> None:
    """DESADV names the order of each line (RFF+ON below LIN), an 856 has a level for it (HL03 O with PRF)."""
    there = edi("convert", sample("edifact/desadv-d96a-pallets-sscc"), "--to", "x12/004010/856", "--out", "there.x12")
    assert there.returncode == 0 and "order_number  is written as a level of its own" in there.stderr.decode()
    segments = [one for one in (tmp_path / "there.x12").read_text("ascii").split("~") if one.startswith(("HL*", "PRF*"))]
    assert segments == ["HL*1**S*1", "HL*2*1*O*1", "PRF*B-70720***20261102", "HL*3*2*P*1", "HL*4*3*I*0", "HL*5*2*P*1", "HL*6*5*I*0",
                        "HL*7*2*T*1", "HL*8*7*P*1", "HL*9*8*I*0", "HL*10*7*P*1", "HL*11*10*I*0"]
    back = edi("convert", "there.x12", "--to", "edifact/D96A/DESADV")
    assert back.returncode == 0 and back.stdout.count(b"RFF+ON:B-70720:10'") == 1 and back.stdout.count(b"RFF+ON:B-70720:20'") == 2
    assert b"CPS+2+1'PAC+1++201'" in back.stdout  # two equal pallets in one; and the level of the order is no pack


@pytest.mark.parametrize(("target", "sent"), [("x12/004010/850", b"PID*F****Olive oil, 5 l~"), ("edifact/D96A/ORDERS", b"IMD+F++:::Olive oil, 5 l'")])
def test_the_lines_of_a_text_become_one_where_only_one_fits(target: str, sent: bytes, edi: Run) -> None:
    record = json.dumps({**RECORD, "lines": [{**RECORD["lines"][0], "unit": "EA", "description": "Olive oil,\n5 l"}]}).encode()
    done = edi("convert", "-", "--to", target, *ENDS, stdin=record)
    assert done.returncode == 0 and sent in done.stdout
    assert listed(done.stderr.decode(), "written in another form")["lines.description"].endswith(
        '"Olive oil, ⏎ 5 l" is written as "Olive oil, 5 l"')
    assert edi("convert", "-", "--to", target, *ENDS, "--strict", stdin=record).returncode == 1


def test_a_time_of_day_that_has_no_place_goes_without_its_day(edi: Run) -> None:
    record = json.dumps({**RECORD, "currency": "EUR", "latest_delivery": "2026-11-10T14:00"}).encode()
    done = edi("convert", "-", "--to", "xml/ubl-2.1/Order", stdin=record)
    assert done.returncode == 0 and b"<cbc:LatestDeliveryDate>2026-11-10</cbc:LatestDeliveryDate>" in done.stdout
    said = done.stderr.decode()
    assert listed(said, "written in another form") == {"latest_delivery": '"2026-11-10T14:00" is written as "2026-11-10"'}
    strict = edi("convert", "-", "--to", "xml/ubl-2.1/Order", "--strict", stdin=record)
    assert (strict.returncode, strict.stdout) == (1, b"") and "only a day fits here" in strict.stderr.decode()


def test_lines_whose_numbers_edifact_cannot_hold_are_numbered_anew(edi: Run) -> None:
    """UBL and X12 let them be any text; LIN/1082 is n..6."""
    record = json.dumps({**RECORD, "lines": [{**RECORD["lines"][0], "number": "SZ300540"}]}).encode()
    done = edi("convert", "-", "--to", "edifact/D96A/ORDERS", *ENDS, stdin=record)
    assert done.returncode == 0 and b"LIN+1++9521200002119:EN'" in done.stdout
    assert 'lines[0].number: "SZ300540" is written as a number' in listed(done.stderr.decode(), "written in another form")["lines.number"]
    assert edi("convert", "-", "--to", "edifact/D96A/ORDERS", *ENDS, "--strict", stdin=record).returncode == 1
    assert b"PO1*SZ300540*" in edi("convert", "-", "--to", "x12/004010/850", *ENDS, stdin=record).stdout


def test_amounts_without_a_currency_are_asked_for(edi: Run) -> None:
    record = json.dumps(RECORD).encode()
    done = edi("convert", "-", "--to", "xml/ubl-2.1/Order", stdin=record)
    said = done.stderr.decode()
    assert done.returncode == 1 and "say by --currency which one the amounts are in" in said
    assert said.count("required_missing: currency: the message needs it") == 1
    assert "xml_schema" not in said and "net_price" not in said  # it is one question, and its consequences are none of their own
    given = edi("convert", "-", "--to", "xml/ubl-2.1/Order", "--currency", "EUR", stdin=record)
    assert given.returncode == 0 and b'currencyID="EUR"' in given.stdout and "--currency" not in given.stderr.decode()


def test_strict_refuses_what_is_left_out_otherwise(edi: Run) -> None:
    record = json.dumps({**RECORD, "buyer": {**RECORD["buyer"], "name": "Łódź*Markt"}}).encode()
    args = ("convert", "-", "--to", "x12/004010/850", *ENDS)
    done = edi(*args, stdin=record)
    assert done.returncode == 0 and "N1*BY*Lodz Markt*UL*9521200038118" in body(done.stdout)
    strict = edi(*args, "--strict", stdin=record)
    assert (strict.returncode, strict.stdout) == (1, b"")
    assert "cannot_write: buyer.name" in strict.stderr.decode() and "not everything is written" in strict.stderr.decode()


def test_what_the_target_needs_is_asked_for_and_nothing_is_written(edi: Run, tmp_path: Path) -> None:
    record = {key: value for key, value in RECORD.items() if key != "number"}
    done = edi("convert", "-", "--to", "edifact/D96A/ORDERS", *ENDS, "--out", "out.edi", stdin=json.dumps(record).encode())
    assert done.returncode == 1 and not (tmp_path / "out.edi").exists()
    said = done.stderr.decode()
    assert "required_missing: number: the message needs it and the record does not have it" in said
    assert "it is not written · the record must say it" in said and "partner must" not in said and "rejected" not in said


def test_records_come_from_standard_input_one_a_line_or_as_a_list(edi: Run) -> None:
    lines = b"".join(json.dumps({**RECORD, "number": str(number)}).encode() + b"\n" for number in (1, 2))
    whole = json.dumps([{**RECORD, "number": str(number)} for number in (1, 2)]).encode()
    for text in (lines, whole):
        done = edi("convert", "-", "--to", "edifact/D96A/ORDERS", *ENDS, stdin=text)
        assert done.returncode == 0
        assert [one["number"] for one in records(edi("translate", "-", stdin=done.stdout))] == ["1", "2"]
        assert done.stdout.count(b"UNH+") == 2 and done.stdout.endswith(b"UNZ+2+1'")


def test_several_documents_get_files_of_their_own(edi: Run, tmp_path: Path) -> None:
    text = b"".join(json.dumps({**RECORD, "number": str(number), "currency": "EUR"}).encode() + b"\n" for number in (1, 2))
    assert edi("convert", "-", "--to", "xml/ubl-2.1/Order", "--out", "order.xml", stdin=text).returncode == 0
    assert sorted(one.name for one in tmp_path.glob("order*")) == ["order-1.xml", "order-2.xml"]
    assert b"<cbc:ID>2</cbc:ID>" in (tmp_path / "order-2.xml").read_bytes()


def test_a_credit_note_becomes_a_credit_note_of_ubl(edi: Run, tmp_path: Path) -> None:
    """The sample holds a credit note and a debit note; UBL 2.1 has a document type of its own for the first."""
    done = edi("convert", sample("edifact/invoic-d96a-credit-debit-notes"), "--to", "xml/ubl-2.1/Invoice", "--out", "note.xml")
    assert done.returncode == 0, done.stderr.decode()
    roots = {one.read_bytes().split(b"<", 2)[2].split()[0] for one in tmp_path.glob("note*.xml")}
    assert b"CreditNote" in roots
    said = done.stderr.decode()
    assert said.endswith("2 records · 1 message by invoice.ubl-2.1 · 1 message by invoice.ubl-2.1-creditnote "
                         "(invoice.ubl-2.1 is not for such records)\n")


def test_the_map_that_wrote_is_named_and_what_that_one_cannot_carry(edi: Run) -> None:
    """An order is no order change: asked for as one it goes out as an order, whose map carries the count of lines and ORDCHG's does not."""
    record = json.dumps({**RECORD, "release": "7"}).encode()
    done = edi("convert", "-", "--to", "order.edifact-d96a-ordchg", *ENDS, stdin=record)
    said = done.stderr.decode()
    assert done.returncode == 0 and b"+ORDERS:D:96A:UN" in done.stdout and b"CNT+2:1'" in done.stdout
    assert said.endswith("1 record · 1 message by order.edifact-d96a (order.edifact-d96a-ordchg is not for such records)\n")
    assert "cannot carry" not in said or "totals" not in listed(said, "cannot carry ")


def test_who_is_billed_is_the_buyer_where_a_message_must_name_one(edi: Run) -> None:
    """An 810 with N1*BT and no N1*BY; EN 16931 must have its buyer (BG-7), an 810 need not."""
    source = sample("x12/810-4010-maple-leaf-taxes")
    done = edi("convert", source, "--to", "xml/ubl-2.1/Invoice", "--out", "there.xml")
    assert done.returncode == 0 and "computed, as the source does not say it: buyer" in done.stderr.decode()
    (read,) = records(edi("translate", "there.xml"))
    assert read["buyer"]["name"] == "Nordwind Handel GmbH" and "deliver_to" in read
    assert b"N1*BY*" not in edi("convert", source, "--to", "x12/004010/810").stdout


def test_findings_count_the_documents_of_all_maps_that_write(edi: Run) -> None:
    """810s name no currency, UBL needs one: the first record is a credit note and the second an invoice, each by a map of its own."""
    done = edi("convert", sample("x12/810-4010-ozark-credit-memo"), "--to", "xml/ubl-2.1/Invoice")
    places = [line for line in done.stderr.decode().splitlines() if line.endswith("› currency")]
    assert done.returncode == 1 and [line.split("  ")[1] for line in places] == ["message 1 › currency", "message 2 › currency"]


HOME = {
    "_own.yaml": "own: us\nname: Nordwind\nidentities:\n  - {id: NORDWIND, qualifier: ZZ, standard: x12}\n"
                 "  - {id: \"9521200034004\", qualifier: \"14\", standard: edifact}\n",
    "havel.yaml": "partner: havel\nname: Havel\nidentities:\n  - {id: HAVELMARKT, qualifier: \"01\", standard: x12}\n"
                  "  - {id: \"9521200038118\", qualifier: \"14\", standard: edifact}\n"
                  "envelope: {characters: other_delimiter, delimiters: {terminator: \"!\"}}\n"
                  "agreements:\n  - {message: edifact/D96A/ORDERS, direction: out, envelope: {usage: EAN008, application: SHOP, "
                  "line_breaks: true, delimiters: {decimal: \",\"}}}\n"
                  "  - {message: x12/004010/850, direction: out}\n",
}


@pytest.fixture
def home(edi: Run, tmp_path: Path) -> str:
    assert edi("init", "home").returncode == 0
    for name, text in HOME.items():
        (tmp_path / "home" / "partners" / name).write_text(text, "utf-8")
    return "home"


def test_a_partners_envelope_is_used(edi: Run, order: Path, home: str) -> None:
    done = edi("convert", order, "--to", "edifact/D96A/ORDERS", "--partner", "havel", "--home", home, "--test")
    assert done.returncode == 0, done.stderr.decode()
    first, head, message = done.stdout.split(b"\r\n")[:3]
    assert first == b"UNA:+,? '"
    assert head.startswith(b"UNB+UNOC:3+9521200034004:14+9521200038118:14+") and head.endswith(b"+SHOP++++1'")  # 0026, 0035
    assert message == b"UNH+1+ORDERS:D:96A:UN:EAN008'"
    assert b"PRI+AAA:3,19'" in done.stdout


def test_an_address_that_neither_the_file_nor_a_partner_has_is_asked_for_by_its_place(edi: Run, home: str, tmp_path: Path) -> None:
    record = json.dumps(RECORD).encode()
    (tmp_path / "home/partners/_own.yaml").write_text("own: us\nname: Nordwind\nidentities: [{id: NORDWIND, qualifier: ZZ, standard: x12}]\n")
    done = edi("convert", "-", "--to", "edifact/D96A/ORDERS", "--partner", "havel", "--home", home, stdin=record)
    assert done.returncode == 2
    assert "--sender QUALIFIER:ID must be given; ours (partners/_own.yaml) has no address for edifact" in done.stderr.decode()


def test_a_partners_delimiters_give_way_to_the_data(edi: Run, home: str) -> None:
    record = {**RECORD, "buyer": {**RECORD["buyer"], "name": "Havel! * Markt"}}
    done = edi("convert", "-", "--to", "x12/004010/850", "--partner", "havel", "--home", home, stdin=json.dumps(record).encode())
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.startswith(b"ISA|00|          |00|          |ZZ|NORDWIND       |01|HAVELMARKT     |")
    assert b"~N1|BY|Havel! * Markt|UL|9521200038118~" in done.stdout
    (read,) = records(edi("translate", "-", stdin=done.stdout))
    assert read["buyer"]["name"] == "Havel! * Markt"


def test_eancoms_codes_are_used_where_the_standard_has_none(edi: Run) -> None:
    """A tax in another currency (6343 = 10E) is EANCOM's: the message then names it."""
    done = edi("convert", sample("edifact/invoic-d01b-plain"), "--to", "edifact/D96A/INVOIC")
    assert done.returncode == 0, done.stderr.decode()
    assert b"INVOIC:D:96A:UN:EAN008'" in done.stdout and b":10E'" in done.stdout
    plain = edi("convert", "-", "--to", "edifact/D96A/ORDERS", *ENDS, stdin=json.dumps(RECORD).encode())
    assert b"ORDERS:D:96A:UN'" in plain.stdout


@pytest.mark.parametrize(("args", "wanted"), [
    (("missing.edi", "--to", "json"), "missing.edi: cannot be read"),
    (("order.edi", "--to", "x12/004010/851"), "no map writes x12/004010/851; did you mean x12/004010/85"),
    (("order.edi", "--to", "x12/004010/810"), "invoice.x12-4010-810 writes records of type invoice; order.edi holds order"),
    (("order.json", "--to", "x12/004010/850"), "--sender and --receiver QUALIFIER:ID must be given"),
    (("wrong.json", "--to", "x12/004010/850"), "wrong.json:2: this is no record of type order"),
])
def test_wrong_use_is_told_with_exit_code_2(args: tuple[str, ...], wanted: str, edi: Run, order: Path, tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text(json.dumps(RECORD))
    (tmp_path / "wrong.json").write_text(json.dumps(RECORD) + "\n" + json.dumps({"colour": "red"}) + "\n")
    done = edi("convert", *args)
    assert done.returncode == 2 and done.stdout == b""
    assert wanted in done.stderr.decode()


def test_a_refused_source_is_told_and_gives_exit_code_1(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.edi").write_bytes(ORDER.replace(b"QTY+21:48'", b"QTY+21:x'"))
    done = edi("convert", "bad.edi", "--to", "x12/004010/850")
    assert done.returncode == 1 and done.stdout == b""
    assert "refused: 1 message of the source" in done.stderr.decode()
