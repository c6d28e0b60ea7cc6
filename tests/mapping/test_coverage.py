"""Coverage: values planted where no rule reads are found at their bytes, rules that fire are counted, the rest is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydifact.parser import Parser

from edi_bridge import pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.mapping.coverage import MORE, PATHS, Coverage, Unread, dormant
from tests import sample_cases

CATALOG = Catalog()
ORDER = ("UNB+UNOC:3+9521200038118:14+9521200034004:14+261102:0815+417'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+4500017731+9'"
         "DTM+137:20261102:102'NAD+BY+9521200038118::9'NAD+SU+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:48:PCE'"
         "PRI+AAA:3.19'UNS+S'CNT+2:1'UNT+11+1'UNZ+1+417'")
X850 = ("ISA*00*          *00*          *01*123456789      *01*315369934      *261102*0815*U*00401*000000417*0*P*>~"
        "GS*PO*123456789*315369934*20261102*0815*1*X*004010~ST*850*0001~BEG*00*SA*4711**20261102~N1*BY*BUYER*92*12~"
        "PO1*1*48*EA*3.19**UP*012345678905*VN*A-77~CTT*1~SE*6*0001~GE*1*1~IEA*1*000000417~")


def covered(content: str | bytes, map_: str, catalog: Catalog = CATALOG) -> Coverage:
    """The coverage of a map over what a file holds."""
    raw = content.encode() if isinstance(content, str) else content
    coverage = Coverage(catalog.map_named(map_))
    for interchange, _, _ in pipeline.interchanges(raw, catalog, map=map_):
        for message in interchange.messages:
            coverage.take(message, "here")
    return coverage


def unread(coverage: Coverage) -> dict[str, tuple[str, int, list[str]]]:
    return {one.path: (one.why, one.count, [example.text for example in one.examples]) for one in coverage.unread_places()}


def own_map(folder: Path, text: str) -> tuple[Catalog, str]:
    (folder / "mappings").mkdir(exist_ok=True)
    (folder / "mappings" / "own.yaml").write_text("map: own\n" + text)
    return Catalog(folder), "own"


def spans(one: Unread, content: str) -> list[str]:
    """What stands at the bytes of the examples."""
    found = []
    for example in one.examples:
        start, length = example.position.offset, example.position.length
        assert start is not None and length is not None
        found.append(content.encode()[start:start + length].decode())
    return found


def test_everything_of_a_plain_order_is_read() -> None:
    coverage = covered(ORDER, "order.edifact-d96a")
    assert (coverage.messages, coverage.unread, coverage.values) == (1, {}, 22)


@pytest.mark.parametrize(("old", "new", "path", "why", "text"), [
    ("PRI+AAA:3.19'", "PRI+AAA:3.19:CT'", "SG25/SG28[AAA]/PRI/C509.5375", "no rule", "CT"),  # a value in a segment that is read
    ("NAD+BY", "PAI+::42'NAD+BY", "PAI", "no rule", "PAI+::42"),  # a segment that no rule reads
    ("UNS+S'", "SCC+1++W:14:D'UNS+S'", "SG25/SG49/SCC", "no rule", "SCC+1++W:14:D"),
    ("PRI+AAA", "XYZ+9'PRI+AAA", "XYZ", "unknown", "XYZ+9"),
    ("QTY+21:48", "QTY+21:4x8", "SG25/QTY[21]/C186.6060", "refused", "4x8"),
    ("BGM+220+", "BGM+351+", "BGM/C002.1001", "refused", "351"),
    ("DTM+137:20261102:102'", "DTM+137:20261102:102'DTM+137:20261103:102'", "DTM[137]/C507.2380", "second", "20261103"),
    ("PRI+AAA", "QTY+192:5:KGM'PRI+AAA", "SG25/QTY[192]/C186.6411", "elsewhere", "KGM"),
])
def test_a_planted_value_is_found_with_path_reason_and_bytes(old: str, new: str, path: str, why: str, text: str) -> None:
    planted = ORDER.replace(old, new)
    coverage = covered(planted, "order.edifact-d96a")
    assert unread(coverage) == {path: (why, 1, [text])}
    (one,) = coverage.unread_places()
    assert spans(one, planted) == [text] and one.examples[0].source == "here"


def test_released_characters_are_shown_as_people_read_them_and_found_in_the_bytes() -> None:
    planted = ORDER.replace("PRI+AAA:3.19'", "PRI+AAA:3.19:C?+T'")
    (one,) = covered(planted, "order.edifact-d96a").unread_places()
    assert one.examples[0].text == "C+T" and spans(one, planted) == ["C?+T"]


def test_the_agency_of_a_code_and_the_format_of_a_refused_date_are_not_told() -> None:
    planted = ORDER.replace("DTM+137:20261102:102", "DTM+137:20261131:102").replace("PRI+", "PIA+1+A1:SA::91'PRI+")
    assert unread(covered(planted, "order.edifact-d96a")) == {"DTM[137]/C507.2380": ("refused", 1, ["20261131"])}


def test_without_a_rule_its_places_are_unread(tmp_path: Path) -> None:
    catalog, name = own_map(tmp_path, "extends: order.edifact-d96a\nfields: {lines: {fields: {net_price: ~, unit: ~}}}\n")
    found = unread(covered(ORDER, name, catalog))
    assert found.pop("SG25/QTY[21]/C186.6411") == ("no rule", 1, ["PCE"]) or not found
    assert found == {"SG25/SG28[AAA]/PRI": ("elsewhere", 1, ["PRI+AAA:3.19"])}


SMALL = """
message: edifact/D96A/ORDERS
record: order
fields:
  number: BGM/1004
  type: {at: BGM/C002.1001, codes: {"220": order, "224": call_off}}
  currency: {at: "{CUX}/CUX/C504[6347=2]/6345", default: EUR}
  issued_on: {at: ["DTM[2005=4]/2380", "DTM[2005=137]/2380"], as: date(2379)}
  buyer: {at: "{NAD}[NAD/3035=BY]", fields: {gln: NAD/3039}}
  seller: {at: "{NAD}[NAD/3035=SU]", fields: {gln: NAD/3039, name: NAD/C080.1}}
  lines: {each: "{LIN}", fields: {number: LIN/1082, quantity: "QTY[6063=21]/6060"}}
"""


def test_every_rule_path_and_code_is_counted(tmp_path: Path) -> None:
    catalog, name = own_map(tmp_path, SMALL)
    two = ORDER.replace("UNS+S'", "LIN+2++X'QTY+21:7'UNS+S'")
    rules = {one.field: one for one in covered(two, name, catalog).rules()}
    assert {field: one.count for field, one in rules.items()} == {
        "number": 1, "type": 1, "currency": 0, "issued_on": 1, "buyer.gln": 1, "seller.gln": 1, "seller.name": 0,
        "lines.number": 2, "lines.quantity": 2}
    assert rules["issued_on"].paths == (("DTM[2005=4]/2380", 0), ("DTM[2005=137]/2380", 1))
    assert (rules["type"].seen, rules["type"].unseen) == ((("220", 1),), ("224",))
    assert (rules["currency"].defaults, rules["number"].origin.line) == (1, 6)


def test_a_path_that_counts_under_several_conditions_is_one_path() -> None:
    with_reference = ORDER.replace("NAD+SU+9521200034004::9'", "NAD+SU+9521200034004::9'RFF+IT:77'")
    rules = {one.field: one for one in covered(with_reference, "order.edifact-d96a").rules()}
    assert rules["seller.receiver_number"].paths == (("NAD/C082[3055=91]/3039", 0), ("{RFF}[RFF/1153=IT]/RFF/1154", 1))


def test_a_rule_of_a_shared_fragment_is_counted_for_each_of_its_uses() -> None:
    rules = {one.field: one.count for one in covered(ORDER.replace("NAD+SU+9521200034004::9'", ""), "order.edifact-d96a").rules()}
    assert rules["buyer.gln"] == 1 and rules["seller.gln"] == 0


def test_objects_of_which_nothing_fired_are_told_as_one() -> None:
    rules = covered(ORDER, "order.edifact-d96a").rules()
    told = dict(dormant(rules))
    assert {one.field.split(".")[0] for one in told["ship_from"]} == {"ship_from"} and len(told["ship_from"]) > 10
    assert [one.field for one in told["lines.notes"]] == [one.field for one in rules if one.field.startswith("lines.notes.")]
    assert sum(map(len, told.values())) == sum(1 for one in rules if not one.count)


def test_a_pair_is_named_by_its_qualifier(tmp_path: Path) -> None:
    catalog, name = own_map(tmp_path, "message: x12/004010/850\nrecord: order\nfields:\n  number: BEG/03\n"
                                      "  lines: {each: \"{PO1}\", fields: {gtin: \"PO1/pairs(06)[UP]\", quantity: PO1/02}}\n")
    found = unread(covered(X850, name, catalog))
    assert found["{PO1}/PO1/pairs(06)[VN]"] == ("no rule", 1, ["A-77"])
    assert found["{N1}/N1"] == ("no rule", 1, ["N1*BY*BUYER*92*12"])
    assert "{PO1}/PO1/06" not in found and not any(path.startswith("{PO1}/PO1/pairs(06)[UP]") for path in found)


def test_the_standard_850_leaves_nothing_of_a_plain_order() -> None:
    assert unread(covered(X850, "order.x12-4010-850")) == {}


UBL = """<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<b:CustomizationID>urn:x</b:CustomizationID><b:ID>4711</b:ID><b:IssueDate>2026-11-02</b:IssueDate><b:OrderTypeCode listID="UNCL1001">220</b:OrderTypeCode>
<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode><b:AccountingCost>77-1</b:AccountingCost>
<a:OrderLine><a:LineItem><b:ID>1</b:ID><b:Quantity unitCode="C62">5</b:Quantity><a:Price><b:PriceAmount currencyID="EUR">3.19</b:PriceAmount></a:Price>
<a:Item><b:Name>Tea</b:Name></a:Item></a:LineItem></a:OrderLine></Order>"""


def test_xml_paths_have_the_structures_prefixes_and_currencies_are_read() -> None:
    """`b:` in the document is `cbc:` in the map; the currency of an amount, listID and the profile are no data."""
    coverage = covered(UBL, "order.ubl-2.1")
    assert unread(coverage) == {"/Order/cbc:AccountingCost": ("no rule", 1, ["77-1"])}
    assert coverage.unread_places()[0].examples[0].position.line == 3


def test_fixed_attributes_and_the_control_record_of_an_idoc_are_no_data() -> None:
    case = next(one for one in sample_cases.cases() if one.name == "xml/order-idoc-plant")
    paths = set(unread(covered(case.file.read_bytes(), "order.idoc-orders05")))
    assert paths and not any("@SEGMENT" in path or "EDI_DC40" in path or "@BEGIN" in path for path in paths)


def test_columns_that_no_rule_reads_or_no_layout_knows(tmp_path: Path) -> None:
    catalog, name = own_map(tmp_path, "message: csv/own/Order\nrecord: order\nlayout:\n  columns: [no, qty, desk]\n  key: [no]\nfields:\n"
                                      "  number: no\n  lines: {each: row, fields: {quantity: qty}}\n")
    coverage = covered("no,qty,desk,colour\n1,5,Ann,red\n1,6,,red\n2,x,Bob,\n", name, catalog)
    assert unread(coverage) == {"colour": ("unknown", 2, ["red"]), "desk": ("no rule", 2, ["Ann", "Bob"]), "qty": ("refused", 1, ["x"])}


def test_made_up_qualifiers_do_not_fill_the_memory() -> None:
    many = "".join(f"PIA+Z{number}+A:SA'" for number in range(PATHS + 50))
    coverage = covered(ORDER.replace("PRI+AAA", many + "PRI+AAA"), "order.edifact-d96a")
    assert len(coverage.unread) <= PATHS + 2
    assert any(one.path == MORE and one.count >= 40 for one in coverage.unread_places())


def _told(text: Any) -> int:
    return sum(1 for part in (text if isinstance(text, list) else [text]) if part.strip())


FOREIGN = ("own-delimiters", "cut-off", "wrapped")  # what pydifact does not read


@pytest.mark.filterwarnings("ignore:segments.xml not found")
@pytest.mark.parametrize("case", [one for one in sample_cases.cases() if one.name.startswith("edifact/") and not one.name.endswith(FOREIGN)],
                         ids=lambda case: case.name)
def test_the_values_of_a_message_are_those_that_pydifact_sees(case: Any) -> None:
    text = case.file.read_bytes().decode("latin-1")
    wanted = sum(_told(element) for segment in Parser().parse(text) if segment.tag not in ("UNA", "UNB", "UNZ", "UNG", "UNE", "UNH", "UNT", "UNS")
                 for element in segment.elements)
    covers: dict[str, Coverage] = {}
    for interchange, who, _ in pipeline.interchanges(case.file.read_bytes(), CATALOG):
        for message in interchange.messages:
            compiled = CATALOG.map_for(message.type, who)
            assert compiled is not None
            covers.setdefault(compiled.name, Coverage(compiled)).take(message)
    assert sum(one.values for one in covers.values()) == wanted
