"""XML documents against their schema: what is told, where, and in which words.

The oracle is lxml's own validation: of a document that was put right by hand, of each mutated one, and of clean ones.
"""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from lxml import etree

from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.einvoice.files import SHIPPED
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Finding
from edi_bridge.guide.schema_xml import LIMIT, Schema
from edi_bridge.guide.xml_check import check
from edi_bridge.interchange import Document

ROOT = Path(__file__).parents[2]
UBL = SHIPPED / "ubl-2.1"
FOLDER_FILES = {path.relative_to(UBL).as_posix(): path.read_bytes() for path in UBL.rglob("*.xsd")}
SCHEMA = Schema("ubl-2.1", FOLDER_FILES)
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"

ORDER = """<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
       xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
       xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>4711</cbc:ID>
  <cbc:IssueDate>2026-11-21</cbc:IssueDate>
  <cbc:Note>ring twice</cbc:Note>
  <cac:BuyerCustomerParty>
    <cac:Party>
      <cac:PostalAddress>
        <cbc:StreetName>Hafenstr. 1</cbc:StreetName>
        <cbc:CityName>Kiel</cbc:CityName>
      </cac:PostalAddress>
    </cac:Party>
  </cac:BuyerCustomerParty>
  <cac:SellerSupplierParty/>
  <cac:OrderLine>
    <cac:LineItem>
      <cbc:ID>1</cbc:ID>
      <cbc:Quantity unitCode="C62">3</cbc:Quantity>
      <cbc:LineExtensionAmount currencyID="EUR">30.00</cbc:LineExtensionAmount>
      <cac:Item><cbc:Name>Teapot</cbc:Name></cac:Item>
    </cac:LineItem>
  </cac:OrderLine>
</Order>
"""


def documents(text: str) -> list[Document]:
    """The documents of a file, as the reader finds them."""
    return [
        part
        for interchange in syntax.read(text.encode())
        for part in interchange.messages
        if isinstance(part, Document)
    ]


def looked_at(text: str) -> list[Finding]:
    """What is found in the first document of a file."""
    return check(documents(text)[0], SCHEMA)


def told(text: str) -> list[tuple[int | None, str | None, str]]:
    """(line, path, sentence without the kind) of each finding."""
    return [
        (one.position.line, one.position.path, one.sentence().removeprefix("xml_schema: ")) for one in looked_at(text)
    ]


def test_a_good_document_has_no_findings() -> None:
    assert told(ORDER) == []


def test_all_mistakes_of_a_document_are_told_in_one_go_each_with_its_line_and_path() -> None:
    text = ORDER.replace("  <cbc:ID>4711</cbc:ID>\n", "", 1)
    for good, bad in [
        ("2026-11-21", "21.11.2026"),
        ("<cbc:Note>ring twice</cbc:Note>", "<cbc:Note>ring <b>twice</b></cbc:Note>"),
        (
            "<cbc:StreetName>Hafenstr. 1</cbc:StreetName>\n        <cbc:CityName>Kiel</cbc:CityName>",
            "<cbc:CityName>Kiel</cbc:CityName>\n        <cbc:StreetName>Hafenstr. 1</cbc:StreetName>",
        ),
        (
            "<cac:SellerSupplierParty/>",
            "<cac:SellerSupplierParty><cbc:Colour>red</cbc:Colour></cac:SellerSupplierParty>",
        ),
        (
            '<cbc:Quantity unitCode="C62">3</cbc:Quantity>',
            '<cbc:Quantity unitCode="C62" colour="red">3,5</cbc:Quantity>',
        ),
        ('<cbc:LineExtensionAmount currencyID="EUR">', "<cbc:LineExtensionAmount>"),
        (
            "<cac:Item><cbc:Name>Teapot</cbc:Name></cac:Item>",
            "<cac:Item><cbc:Name>Tea</cbc:Name><cbc:Name>pot</cbc:Name>china</cac:Item>",
        ),
    ]:
        assert good in text
        text = text.replace(good, bad)
    line = "/Order/cac:OrderLine/cac:LineItem"
    address = "/Order/cac:BuyerCustomerParty/cac:Party/cac:PostalAddress"
    assert told(text) == [
        (5, "/Order/cbc:ID", "cbc:ID is missing in Order"),
        (5, "/Order/cbc:IssueDate", 'cbc:IssueDate must be a date: year-month-day, found "21.11.2026"'),
        (6, "/Order/cbc:Note", "cbc:Note may hold text only, no elements"),
        (11, f"{address}/cbc:StreetName", "cbc:StreetName stands at a wrong place: it belongs before cbc:CityName"),
        (
            15,
            "/Order/cac:SellerSupplierParty/cbc:Colour",
            "cbc:Colour is nothing that may stand in cac:SellerSupplierParty",
        ),
        (
            19,
            f"{line}/cbc:Quantity/@colour",
            'the attribute colour of cbc:Quantity: it may not have this attribute, found "red"',
        ),
        (19, f"{line}/cbc:Quantity", 'cbc:Quantity must be a number with a point as decimal mark, found "3,5"'),
        (20, f"{line}/cbc:LineExtensionAmount", "cbc:LineExtensionAmount needs the attribute currencyID"),
        (21, f"{line}/cac:Item", "cac:Item may hold elements only, no text"),
        (21, f"{line}/cac:Item/cbc:Name[2]", "cbc:Name may stand only once in cac:Item"),
    ]


def test_the_document_s_own_prefixes_are_used() -> None:
    text = ORDER.replace("cbc:", "b:").replace("xmlns:cbc", "xmlns:b").replace("2026-11-21", "tomorrow")
    assert told(text) == [(6, "/Order/b:IssueDate", 'b:IssueDate must be a date: year-month-day, found "tomorrow"')]


def test_a_missing_element_is_named_with_the_usual_prefix_where_the_document_binds_none() -> None:
    text = (
        '<o:Order xmlns:o="urn:oasis:names:specification:ubl:schema:xsd:Order-2" '
        'xmlns:x="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"><x:ID>1</x:ID></o:Order>'
    )
    assert [sentence for _, _, sentence in told(text)] == [
        "x:IssueDate is missing in o:Order",
        "cac:BuyerCustomerParty is missing in o:Order",
        "cac:SellerSupplierParty is missing in o:Order",
        "cac:OrderLine is missing in o:Order",
    ]


def test_a_document_in_a_wrapper_is_looked_at_as_if_it_stood_alone() -> None:
    bare = ORDER.partition("?>\n")[2]
    text = f"<Orders>\n{bare}{bare.replace('2026-11-21', 'today')}</Orders>\n"
    first, second = documents(text)
    assert check(first, SCHEMA) == []
    [finding] = check(second, SCHEMA)
    assert finding.position.path == "/Order/cbc:IssueDate"
    assert text.splitlines()[(finding.position.line or 0) - 1].strip() == "<cbc:IssueDate>today</cbc:IssueDate>"


def test_a_signature_in_an_extension_is_let_through() -> None:
    extension = (
        '<ext:UBLExtensions xmlns:ext="urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"><ext:UBLExtension>'
        '<ext:ExtensionContent><s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"/></ext:ExtensionContent>'
        "</ext:UBLExtension></ext:UBLExtensions>\n  <cbc:ID>4711"
    )
    assert told(ORDER.replace("<cbc:ID>4711", extension)) == []


def test_no_more_than_a_hundred_are_told() -> None:
    lines = "".join(f"<cbc:Note><b>{number}</b></cbc:Note>" for number in range(3 * LIMIT))
    assert len(told(ORDER.replace("<cbc:Note>ring twice</cbc:Note>", lines))) == LIMIT


def test_the_document_itself_is_left_as_it_was() -> None:
    [document] = documents(ORDER.replace("<cbc:ID>4711</cbc:ID>", "<cbc:Nothing/>"))
    before = etree.tostring(document.root)
    assert len(check(document, SCHEMA)) == 2
    assert etree.tostring(document.root) == before


# -- mutations: one fault each, planted without any knowledge of the schema's insides


MUTATED = [
    "order-ubl-peppol",
    "invoice-ubl-peppol",
    "creditnote-ubl-peppol",
    "order-ubl-retail",
    "invoice-ubl-wholesale",
]


def _unknown(chance: random.Random, element: etree._Element) -> str | None:
    parent = element.getparent()
    parent.insert(parent.index(element), etree.SubElement(parent, CBC + "Planted"))
    return "Planted"


def _missing(chance: random.Random, element: etree._Element) -> str | None:
    name = etree.QName(element).localname
    element.getparent().remove(element)
    return name


def _swapped(chance: random.Random, element: etree._Element) -> str | None:
    other = element.getnext()
    if other is None or other.tag == element.tag:
        return None
    element.addprevious(other)
    return f"{etree.QName(element).localname}|{etree.QName(other).localname}"


def _bad_value(chance: random.Random, element: etree._Element) -> str | None:
    if len(element):
        return None
    element.text = "??"
    return etree.QName(element).localname


@pytest.mark.parametrize("sample", MUTATED)
@pytest.mark.parametrize("mutate", [_unknown, _missing, _swapped, _bad_value], ids=lambda one: one.__name__.strip("_"))
def test_one_planted_fault_is_one_finding_that_names_it(sample: str, mutate: object) -> None:
    """Where lxml says that the mutated document is invalid there is exactly one finding; where it does not, none."""
    clean = (ROOT / "samples" / "xml" / sample / "message.xml").read_bytes()
    schema = etree.XMLSchema(
        etree.parse(UBL / "maindoc" / f"UBL-{etree.QName(etree.fromstring(clean)).localname}-2.1.xsd")
    )
    chance = random.Random(f"{sample} {mutate.__name__}")  # type: ignore[attr-defined]
    planted = 0
    for _ in range(80):
        root = etree.fromstring(clean)
        places = [one for one in root.iterdescendants() if isinstance(one.tag, str)]
        place = chance.choice(places)
        names = mutate(chance, place)  # type: ignore[operator]
        violations = SCHEMA.violations(root) if names else []
        if not names or schema.validate(root):
            assert violations == []
            continue
        planted += 1
        assert len(violations) == 1, [one.note for one in violations]
        named = violations[0].missing.rpartition(":")[2] or etree.QName(violations[0].element).localname
        assert named in names.split("|"), (names, violations[0].note)
    assert planted >= 5


# -- schemas: ours, the home's, bad ones


def test_shipped_schemas_are_as_oasis_published_them() -> None:
    sums = dict(reversed(line.split()) for line in (UBL / "SHA256SUMS").read_text("ascii").splitlines())
    assert {
        path: hashlib.sha256(text).hexdigest() for path, text in FOLDER_FILES.items() if "ExtensionContent" not in path
    } == sums
    assert all(b"may be copied and furnished to" in FOLDER_FILES[path] for path in sums)


def test_every_ubl_document_that_has_a_structure_has_its_schema() -> None:
    for path in (ROOT / "edi_bridge" / "guide" / "standard" / "xml" / "ubl-2.1").glob("[A-Z]*.yaml"):
        assert SCHEMA.knows(f"{{urn:oasis:names:specification:ubl:schema:xsd:{path.stem}-2}}{path.stem}")


def _home(folder: Path, name: str, text: str, *more: tuple[str, str]) -> Catalog:
    for file, content in [(name, text), *more]:
        path = folder / "schemas" / "ubl-2.1" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return Catalog(folder)


NARROW = """<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
  xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" elementFormDefault="qualified">%s
  <xsd:element name="Order"><xsd:complexType><xsd:choice><xsd:element name="A"/><xsd:element name="B" type="Colour"/></xsd:choice></xsd:complexType></xsd:element>
  <xsd:simpleType name="Colour"><xsd:restriction base="xsd:string"><xsd:enumeration value="red"/><xsd:enumeration value="blue"/></xsd:restriction></xsd:simpleType>
</xsd:schema>"""


def _in_narrow(catalog: Catalog, inside: str) -> list[str]:
    [document] = documents(f'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2">{inside}</Order>')
    return [one.sentence() for one in catalog.checker_for(document.type, None).check(document)]


def test_the_home_s_schemas_stand_before_those_shipped_and_a_choice_and_a_code_list_are_told_too(
    tmp_path: Path,
) -> None:
    catalog = _home(tmp_path, "Order.xsd", NARROW % "")
    assert _in_narrow(catalog, "<A/>") == []
    assert _in_narrow(catalog, "<C/>") == ["xml_schema: C may not stand here; expected is A or B"]
    assert _in_narrow(catalog, "") == ["xml_schema: Order is not complete: A or B is missing in it"]
    assert _in_narrow(catalog, "<B>green</B>") == ['xml_schema: B must be one of red, blue, found "green"']


FACETS = """<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"
  targetNamespace="urn:oasis:names:specification:ubl:schema:xsd:Order-2">
  <xsd:element name="Order"><xsd:complexType><xsd:sequence><xsd:element name="V" minOccurs="0" maxOccurs="2" %s</xsd:element>
  </xsd:sequence></xsd:complexType></xsd:element></xsd:schema>"""


def _typed(base: str, facet: str) -> str:
    """An element of a plain type, or of one that is narrowed on the spot."""
    if not facet:
        return f'type="xsd:{base}">'
    return f'><xsd:simpleType><xsd:restriction base="xsd:{base}">{facet}</xsd:restriction></xsd:simpleType>'


@pytest.mark.parametrize(
    ("base", "facet", "value", "sentence"),
    [
        ("string", '<xsd:pattern value="[A-Z]{3}"/>', "eur", 'V must have the form [A-Z]{3}, found "eur"'),
        ("string", '<xsd:maxLength value="3"/>', "euro", 'V must have at most 3 characters, found "euro"'),
        ("string", '<xsd:minLength value="3"/>', "eu", 'V must have at least 3 characters, found "eu"'),
        ("string", '<xsd:length value="3"/>', "eu", 'V must have 3 characters, found "eu"'),
        ("decimal", '<xsd:minInclusive value="0"/>', "-1", 'V is outside its limits (minInclusive), found "-1"'),
        ("decimal", '<xsd:fractionDigits value="2"/>', "1.005", 'V is outside its limits (fractionDigits), found "1.005"'),
        ("decimal", '<xsd:maxInclusive value="9"/>', "ten", 'V is not of the form that the schema asks for, found "ten"'),
        ("decimal", "", "ten", 'V must be a number with a point as decimal mark, found "ten"'),
        ("boolean", "", "yes", 'V must be true or false, found "yes"'),
        ("dateTime", "", "today", 'V must be a date and time: year-month-dayThours:minutes:seconds, found "today"'),
        ("gYear", "", "26", 'V must be of the type gYear, found "26"'),
    ],
)
def test_each_kind_of_limit_is_told_in_words_and_once(
    tmp_path: Path, base: str, facet: str, value: str, sentence: str
) -> None:
    catalog = _home(tmp_path, "Order.xsd", FACETS % _typed(base, facet))
    assert _in_narrow(catalog, f"<V>{value}</V>") == [f"xml_schema: {sentence}"]


def test_more_than_it_may_occur_is_said_with_the_number(tmp_path: Path) -> None:
    catalog = _home(tmp_path, "Order.xsd", FACETS % _typed("string", ""))
    assert _in_narrow(catalog, "<V/><V/><V/>") == ["xml_schema: V may stand only 2 times in Order"]


def test_two_schemas_for_the_same_documents_are_a_fault_that_names_both(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match=r"other.xsd.*Order.xsd describes the same documents"):
        _in_narrow(_home(tmp_path, "Order.xsd", NARROW % "", ("other.xsd", NARROW % "")), "<A/>")


def test_a_schema_that_is_none_is_a_fault_with_its_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match=r"ubl-2.1/Order.xsd:2:.*no schema"):
        _in_narrow(_home(tmp_path, "Order.xsd", "<schema>\n</xsd>"), "<A/>")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/other.xsd", "file:///etc/hostname", "../../settings.yaml", "nowhere.xsd"]
)
def test_nothing_outside_the_folder_is_opened(tmp_path: Path, address: str) -> None:
    (tmp_path / "settings.yaml").write_text(
        '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x"/>'
    )
    wanting = NARROW % f'<xsd:import namespace="urn:x" schemaLocation="{address}"/>'
    with pytest.raises(ConfigFault, match="no usable schema"):
        _in_narrow(_home(tmp_path, "Order.xsd", wanting), "<A/>")


def test_what_has_no_schema_is_said_in_a_plain_sentence_and_not_found(tmp_path: Path) -> None:
    [document] = documents(
        "<ORDERS05><IDOC BEGIN='1'><EDI_DC40 SEGMENT='1'><IDOCTYP>ORDERS05</IDOCTYP></EDI_DC40></IDOC></ORDERS05>"
    )
    checker = Catalog(tmp_path).checker_for(document.type, None)
    assert checker.check(document) == []
    assert checker.unchecked(document) == [
        "xml/idoc/ORDERS05 was not checked against an XML Schema: there is none in schemas/idoc/ of the home"
    ]
