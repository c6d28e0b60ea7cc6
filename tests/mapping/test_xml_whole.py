"""A written XML document made whole: what is left out, what is added; the oracle is OASIS' own schema."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

from lxml import etree

from edi_bridge.catalog import Catalog
from edi_bridge.mapping.xml_fields import ElementFields
from edi_bridge.mapping.xml_whole import made_whole

SCHEMAS = Path(__file__).parents[2] / "edi_bridge" / "guide" / "standard" / "xml-schema" / "ubl-2.1" / "maindoc"
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
ORDER = f"""<Order xmlns="{UBL}Order-2" xmlns:cac="{UBL}CommonAggregateComponents-2" xmlns:cbc="{UBL}CommonBasicComponents-2">
<cbc:ID>1</cbc:ID><cbc:IssueDate>2026-11-21</cbc:IssueDate>
<cac:BuyerCustomerParty/>
%s<cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID>%s<cac:Item/></cac:LineItem></cac:OrderLine></Order>"""


def _whole(head: str = "", line: str = "") -> tuple[list[tuple[str | None, str]], bool, bytes]:
    """What was left out, whether the document then fits its schema, and its text."""
    root = etree.fromstring(ORDER % (head, line))
    left_out = [(one.position.path, one.note) for one in made_whole(root, Catalog().structure("xml/ubl-2.1/Order"))]
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "UBL-Order-2.1.xsd"))
    return left_out, schema.validate(root), etree.tostring(root)


def test_what_must_stand_and_may_be_empty_is_added_at_its_place() -> None:
    left_out, valid, text = _whole()
    assert (left_out, valid) == ([], True)
    assert b"<cac:BuyerCustomerParty/>\n<cac:SellerSupplierParty/><cac:OrderLine>" in text


def test_what_lacks_what_it_must_hold_is_left_out_and_named() -> None:
    left_out, valid, text = _whole(
        '<cac:SellerSupplierParty/><cac:AnticipatedMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">1</cbc:LineExtensionAmount>'
        "</cac:AnticipatedMonetaryTotal>", "<cac:Price><cbc:BaseQuantity>100</cbc:BaseQuantity></cac:Price>")
    assert left_out == [
        ("/Order/cac:AnticipatedMonetaryTotal",
         "cac:AnticipatedMonetaryTotal cannot stand without cbc:PayableAmount, which the record does not have: it is left out"),
        ("/Order/cac:OrderLine/cac:LineItem/cac:Price",
         "cac:Price cannot stand without cbc:PriceAmount, which the record does not have: it is left out"),
    ]
    assert valid
    assert b"Price" not in text and b"MonetaryTotal" not in text


def test_a_whole_document_stays_as_it_is() -> None:
    seller = "<cac:SellerSupplierParty><cac:Party/></cac:SellerSupplierParty>"
    left_out, valid, text = _whole(seller, '<cac:Price><cbc:PriceAmount currencyID="EUR">2.50</cbc:PriceAmount></cac:Price>')
    assert (left_out, valid) == ([], True)
    assert b"2.50" in text


def test_a_written_document_names_the_fields_of_the_record() -> None:
    """Oracle: the required elements in UBL-CommonAggregateComponents-2.1.xsd (PaymentMeansType, PriceType), and the record itself."""
    invoice = Catalog().map_named("invoice.ubl-2.1")
    record = {"number": "1", "issued_on": "2026-11-21", "type": "invoice", "currency": "EUR",
              "payment_means": [{"iban": "DE89370400440532013000", "account_name": "Ada"}, {"code": "credit_transfer", "reference": "R1"},
                                {"reference": "R2"}],
              "lines": [{"number": "1"}, {"number": "2", "price_basis": D(100), "description": "Pump"}]}
    root, findings = invoice.write([record])
    assert {one.kind for one in findings} == {"required_missing"}  # not all of an invoice matters here
    findings = made_whole(root, invoice.structure, ElementFields(root, invoice).inside)
    assert [(one.position.path, one.note.partition(":")[2].partition(" cannot")[0], one.note.partition("without ")[2].partition(",")[0])
            for one in findings if "PaymentMeans" in one.note or "Price" in one.note] == [
        ("payment_means[0]", "PaymentMeans[1]: cac:PaymentMeans", "cbc:PaymentMeansCode"),
        ("payment_means[2]", "PaymentMeans[3]: cac:PaymentMeans", "cbc:PaymentMeansCode"),
        ("lines[1].price_basis", "InvoiceLine[2]/cac:Price: cac:Price", "cbc:PriceAmount"),
    ]
