"""XML files: what is read, who sent it, what is refused, and that writing gives back the bytes."""

from __future__ import annotations

import io
import re

import pytest
from lxml import etree

from edi_bridge.interchange import Address, Document, Interchange, MessageType, Stray
from edi_bridge.syntax import xml
from edi_bridge.syntax.limits import Limits

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
SPACES = f'xmlns:cac="{UBL}CommonAggregateComponents-2" xmlns:cbc="{UBL}CommonBasicComponents-2"'
SBDH = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"


def order(number: str = "4711", buyer: str = "4012345000009", inside: str = "") -> str:
    return f"""<Order xmlns="{UBL}Order-2" {SPACES}>
  <cbc:CustomizationID>urn:example:orders:1</cbc:CustomizationID>
  <cbc:ID>{number}</cbc:ID>
  <cbc:IssueDate>2026-03-01</cbc:IssueDate>
  <cac:BuyerCustomerParty><cac:Party><cbc:EndpointID schemeID="0088">{buyer}</cbc:EndpointID></cac:Party></cac:BuyerCustomerParty>
  <cac:SellerSupplierParty><cac:Party>
    <cac:PartyIdentification><cbc:ID schemeID="ZZ">700</cbc:ID></cac:PartyIdentification>
    <cac:PartyIdentification><cbc:ID schemeID="GLN">4098765000010</cbc:ID></cac:PartyIdentification>
  </cac:Party></cac:SellerSupplierParty>{inside}
</Order>"""


def idoc(number: str, test: str = "") -> str:
    return (f'<IDOC BEGIN="1"><EDI_DC40 SEGMENT="1"><DOCNUM>{number}</DOCNUM><TEST>{test}</TEST><IDOCTYP>ORDERS05</IDOCTYP>'
            "<MESTYP>ORDERS</MESTYP><SNDPRT>KU</SNDPRT><SNDPRN>0000012345</SNDPRN><RCVPRT>LS</RCVPRT><RCVPRN>ECC100</RCVPRN>"
            "<CREDAT>20260301</CREDAT><CRETIM>081530</CRETIM></EDI_DC40>"
            f'<E1EDK01 SEGMENT="1"><BELNR>{number}</BELNR></E1EDK01></IDOC>')


def cxml(body: str, doctype: str = "") -> bytes:
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}<cXML payloadID="p1@buyer" timestamp="2026-03-01T08:00:00+01:00">'
            '<Header><From><Credential domain="NetworkID" type="marketplace"><Identity>MARKET</Identity></Credential>'
            '<Credential domain="DUNS"><Identity>123456789</Identity></Credential></From>'
            '<To><Credential domain="NetworkID"><Identity>AN02</Identity></Credential></To>'
            f"<Sender/></Header>{body}</cXML>").encode()


def one(source: bytes, **options: object) -> tuple[Interchange, list]:
    interchanges = list(xml.read(io.BytesIO(source), **options))  # type: ignore[arg-type]
    assert len(interchanges) == 1
    return interchanges[0], list(interchanges[0].parts)


def written(source: bytes, **options: object) -> bytes:
    out = io.BytesIO()
    for interchange in xml.read(io.BytesIO(source), **options):  # type: ignore[arg-type]
        xml.write_to(interchange, out)
    return out.getvalue()


def kinds(interchange: Interchange) -> list[str]:
    return [finding.kind for finding in interchange.findings]


# -- what it is and who sent it

def test_a_ubl_order_names_its_type_usage_parties_and_number():
    interchange, (document,) = one(order().encode())
    assert document.type == MessageType("xml", "ubl-2.1", "Order", "urn:example:orders:1")
    assert (interchange.sender, interchange.receiver) == (Address("4012345000009", "0088"), Address("4098765000010", "GLN"))
    assert (interchange.control, document.reference, interchange.prepared) == ("4711", "4711", "2026-03-01")
    assert interchange.test is None and interchange.findings == [] and interchange.trailer is None


@pytest.mark.parametrize(("name", "sender", "receiver"), [
    ("Invoice", "AccountingSupplierParty", "AccountingCustomerParty"),
    ("CreditNote", "AccountingSupplierParty", "AccountingCustomerParty"),
    ("OrderResponse", "SellerSupplierParty", "BuyerCustomerParty"),
    ("DespatchAdvice", "DespatchSupplierParty", "DeliveryCustomerParty"),
])
def test_each_ubl_document_has_its_own_sender_and_receiver(name, sender, receiver):
    def party(role: str, number: str) -> str:
        return (f"<cac:{role}><cac:Party><cac:PartyTaxScheme><cbc:CompanyID>{number}</cbc:CompanyID></cac:PartyTaxScheme>"
                f"</cac:Party></cac:{role}>")
    text = f'<{name} xmlns="{UBL}{name}-2" {SPACES}>{party(sender, "ATU1")}{party(receiver, "DE2")}</{name}>'
    interchange, (document,) = one(text.encode())
    assert str(document.type) == f"xml/ubl-2.1/{name}"
    assert (str(interchange.sender), str(interchange.receiver)) == ("VAT:ATU1", "VAT:DE2")


def test_an_application_response_names_its_parties_directly():
    text = (f'<ApplicationResponse xmlns="{UBL}ApplicationResponse-2" {SPACES}><cac:SenderParty><cbc:EndpointID schemeID="0088">1'
            '</cbc:EndpointID></cac:SenderParty><cac:ReceiverParty><cbc:EndpointID schemeID="0088">2</cbc:EndpointID>'
            "</cac:ReceiverParty></ApplicationResponse>")
    interchange, _ = one(text.encode())
    assert (str(interchange.sender), str(interchange.receiver)) == ("0088:1", "0088:2")


def test_a_cii_invoice():
    ram = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
    text = f"""<r:CrossIndustryInvoice xmlns:r="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" xmlns:a="{ram}"
 xmlns:u="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"><r:ExchangedDocumentContext>
 <a:GuidelineSpecifiedDocumentContextParameter><a:ID>urn:cen.eu:en16931:2017</a:ID></a:GuidelineSpecifiedDocumentContextParameter>
 </r:ExchangedDocumentContext><r:ExchangedDocument><a:ID>R1</a:ID><a:IssueDateTime><u:DateTimeString format="102">20260301</u:DateTimeString>
 </a:IssueDateTime></r:ExchangedDocument><r:SupplyChainTradeTransaction><a:ApplicableHeaderTradeAgreement><a:SellerTradeParty>
 <a:GlobalID schemeID="0088">4012345000009</a:GlobalID></a:SellerTradeParty><a:BuyerTradeParty><a:SpecifiedTaxRegistration>
 <a:ID schemeID="VA">FR99</a:ID></a:SpecifiedTaxRegistration></a:BuyerTradeParty></a:ApplicableHeaderTradeAgreement>
 </r:SupplyChainTradeTransaction></r:CrossIndustryInvoice>"""
    interchange, (document,) = one(text.encode())
    assert document.type == MessageType("xml", "cii-d16b", "CrossIndustryInvoice", "urn:cen.eu:en16931:2017")
    assert (str(interchange.sender), str(interchange.receiver)) == ("0088:4012345000009", "VAT:FR99")
    assert (interchange.control, interchange.prepared) == ("R1", "2026-03-01")


@pytest.mark.parametrize(("body", "name", "test"), [
    ("<Request><OrderRequest/></Request>", "OrderRequest", False),
    ('<Request deploymentMode="test"><InvoiceDetailRequest/></Request>', "InvoiceDetailRequest", True),
    ('<Message deploymentMode="production"><Status code="200"/><PunchOutOrderMessage/></Message>', "PunchOutOrderMessage", False),
    ('<Response><Status code="200"/></Response>', "Response", None),
])
def test_cxml(body, name, test):
    interchange, (document,) = one(cxml(body))
    assert str(document.type) == f"xml/cxml/{name}"
    assert interchange.test is test
    assert (interchange.control, str(interchange.sender), str(interchange.receiver)) == ("p1@buyer", "DUNS:123456789", "NetworkID:AN02")


def test_an_idoc():
    interchange, (document,) = one(f"<ORDERS05>{idoc('77', 'X')}</ORDERS05>".encode())
    assert document.type == MessageType("xml", "idoc", "ORDERS05", "ORDERS")
    assert (str(interchange.sender), str(interchange.receiver)) == ("KU:0000012345", "LS:ECC100")
    assert (interchange.control, interchange.test, interchange.prepared) == ("77", True, "2026-03-01T08:15:30")


def test_any_other_root_is_named_by_namespace_and_local_name():
    _, (plain,) = one(b"<Bestellung><Nr>1</Nr></Bestellung>")
    _, (spaced,) = one(b'<x:Bestellung xmlns:x="urn:haus"/>')
    assert (str(plain.type), str(spaced.type)) == ("xml/none/Bestellung", "xml/urn:haus/Bestellung")


def test_gs1_xml_takes_its_parties_from_the_standard_header_inside():
    text = (f'<o:orderMessage xmlns:o="urn:gs1:ecom:order:xsd:3" xmlns:sh="{SBDH}"><sh:StandardBusinessDocumentHeader>'
            '<sh:Sender><sh:Identifier Authority="GS1">1</sh:Identifier></sh:Sender><sh:Receiver><sh:Identifier Authority="GS1">2'
            "</sh:Identifier></sh:Receiver><sh:DocumentIdentification><sh:InstanceIdentifier>I9</sh:InstanceIdentifier>"
            "</sh:DocumentIdentification></sh:StandardBusinessDocumentHeader><order/></o:orderMessage>")
    interchange, (document,) = one(text.encode())
    assert (str(document.type), interchange.control) == ("xml/urn:gs1:ecom:order:xsd:3/orderMessage", "I9")
    assert (str(interchange.sender), str(interchange.receiver)) == ("GS1:1", "GS1:2")


# -- several documents in one file

def sbdh(*documents: str) -> bytes:
    return (f'<?xml version="1.0"?>\n<StandardBusinessDocument xmlns="{SBDH}"><StandardBusinessDocumentHeader><Sender>'
            '<Identifier Authority="iso6523-actorid-upis">0088:1</Identifier></Sender><Receiver><Identifier>2</Identifier></Receiver>'
            "<DocumentIdentification><InstanceIdentifier>uuid-1</InstanceIdentifier><CreationDateAndTime>2026-03-01T08:00:00Z"
            f"</CreationDateAndTime></DocumentIdentification></StandardBusinessDocumentHeader>\n{chr(10).join(documents)}\n"
            "</StandardBusinessDocument>\n").encode()


def test_the_standard_header_keeps_its_parties_and_the_document_inside_is_the_message():
    interchange, parts = one(sbdh(order()))
    assert [str(part.type) for part in parts] == ["xml/ubl-2.1/Order"]
    assert parts[0].root.getparent() is None and parts[0].raw == order().encode()
    assert (interchange.control, str(interchange.sender), str(interchange.receiver)) == ("uuid-1", "iso6523-actorid-upis:0088:1", "2")
    assert interchange.header.endswith("</StandardBusinessDocumentHeader>\n")
    assert interchange.trailer == "\n</StandardBusinessDocument>\n"
    assert written(sbdh(order())) == sbdh(order())


def batch(count: int, encoding: str = "utf-8") -> bytes:
    inside = "\n".join(order(f"N{n}", inside=f"<cbc:Note>Müller &amp; Söhne {n}</cbc:Note>") for n in range(count))
    return f'<?xml version="1.0" encoding="{encoding}"?>\n<batch made="&lt;today>">\n<!-- start -->{inside}<?end?>\n</batch>'.encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
def test_a_wrapper_of_many_orders_gives_one_document_each(encoding):
    source = batch(3, encoding)
    interchange, parts = one(source)
    documents = [part for part in parts if isinstance(part, Document)]
    assert [(d.ordinal, d.reference) for d in documents] == [(1, "N0"), (2, "N1"), (3, "N2")]
    assert documents[2].root[-1].text == "Müller & Söhne 2"
    assert all(source[d.offset:d.offset + len(d.raw)] == d.raw for d in documents)
    assert (interchange.control, str(interchange.sender), interchange.findings) == ("", "0088:4012345000009", [])
    assert written(source) == source


def test_lines_of_a_document_in_a_wrapper_count_from_the_start_of_the_file():
    source = batch(2)
    _, parts = one(source)
    second = [part for part in parts if isinstance(part, Document)][1]
    position = second.locate(second.root.find(f"{{{UBL}CommonBasicComponents-2}}ID"))
    assert "N1" in source.decode().splitlines()[position.line - 1]
    assert (position.path, position.message) == ("/Order/cbc:ID", 2)


def test_a_path_counts_namesakes():
    _, (document,) = one(order(inside="<cac:OrderLine/><cac:OrderLine><cac:LineItem/></cac:OrderLine>").encode())
    assert document.locate(document.root[-1][0], "x").path == "/Order/cac:OrderLine[2]/cac:LineItem/@x"


def test_an_idoc_file_of_several_idocs_gives_each_its_own_root():
    source = f"<ORDERS05>{idoc('1')}\n{idoc('2')}</ORDERS05>".encode()
    interchange, parts = one(source)
    documents = [part for part in parts if isinstance(part, Document)]
    assert [(str(d.type), d.reference, d.root.tag, len(d.root)) for d in documents] == [
        ("xml/idoc/ORDERS05", "1", "ORDERS05", 1), ("xml/idoc/ORDERS05", "2", "ORDERS05", 1)]
    assert interchange.control == "" and [p.raw for p in parts if isinstance(p, Stray)] == ["\n"]
    assert written(source) == source


def test_namespaces_of_the_wrapper_hold_inside():
    source = (f'<batch {SPACES} xmlns:o="{UBL}Order-2"><o:Order><cbc:ID>1</cbc:ID></o:Order><o:Order><cbc:ID>2</cbc:ID></o:Order></batch>').encode()
    _, parts = one(source)
    assert [part.reference for part in parts] == ["1", "2"]


def test_documents_of_other_parties_in_one_file_are_found():
    source = f"<batch>{order('1')}{order('2', buyer='999')}</batch>".encode()
    interchange, parts = one(source)
    assert len(parts) == 2 and kinds(interchange) == ["mixed_parties"]
    assert interchange.findings[0].position.message == 2


def test_an_element_beside_the_documents_is_noted_and_kept():
    source = f"<batch>{order('1')}<summary>1</summary>{order('2')}</batch>".encode()
    interchange, parts = one(source)
    assert kinds(interchange) == ["segment_outside_message"] and interchange.findings[0].value == "summary"
    assert [part.raw for part in parts if isinstance(part, Stray)] == ["<summary>1</summary>"]


def test_big_files_are_cut_like_small_ones(monkeypatch):
    source = batch(30)
    small = [(part.__class__, part.raw, part.offset) for part in one(source)[1]]
    monkeypatch.setattr(xml, "SMALL", 100)
    interchange, parts = one(source)
    assert [(part.__class__, part.raw, part.offset) for part in parts] == small
    assert written(source) == source and interchange.findings == []
    document = order("4711").encode()
    interchange, parts = one(document)
    assert parts[0].raw == document and interchange.control == "4711"


class Endless(io.RawIOBase):
    """A wrapper of `count` orders that exists only while it is read; remembers the most that was asked at once."""

    def __init__(self, count: int):
        self.left = count
        self.rest = b"<batch>"
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        while len(self.rest) < size and self.left:
            self.left -= 1
            self.rest += order(str(self.left), inside="<cbc:Note>" + "n" * 20_000 + "</cbc:Note>").encode()
            self.rest += b"" if self.left else b"</batch>"
        piece, self.rest = self.rest[:size], self.rest[size:]
        self.given += len(piece)
        return piece


def test_documents_come_before_the_file_is_read_to_its_end():
    stream = Endless(500)
    interchange = next(xml.read(stream))
    first = next(interchange.parts)
    assert isinstance(first, Document) and stream.given < 2_000_000
    assert sum(1 for _ in interchange.messages) == 499 and interchange.findings == []


# -- what is refused

BOMB = '<!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize("doctype", [
    '<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.060/cXML.dtd">', BOMB, "<!DOCTYPE cXML>",
    '<!-- first --><!DOCTYPE cXML [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_doctype_is_refused(doctype, encoding):
    source = f'<?xml version="1.0"?>\n{doctype}<cXML/>'.encode(encoding)
    interchange, parts = one(source)
    assert kinds(interchange) == ["xml_doctype"] and parts == []
    assert interchange.findings[0].position.line == 2


def test_the_cxml_doctype_is_tolerated_by_option_and_never_loaded():
    doctype = '<!DOCTYPE cXML\n SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.060/cXML.dtd">\n'
    source = cxml("<Request><OrderRequest/></Request>", doctype)
    assert kinds(one(source)[0]) == ["xml_doctype"]
    interchange, (document,) = one(source, allow_doctype=True)
    assert interchange.findings == [] and document.raw == source == written(source, allow_doctype=True)
    assert document.root.getroottree().docinfo.internalDTD is None


def test_an_internal_subset_is_refused_even_then():
    interchange, parts = one(cxml("<Request/>", BOMB), allow_doctype=True)
    assert kinds(interchange) == ["xml_doctype"] and "internal subset" in interchange.findings[0].sentence() and not parts


def test_entities_of_a_dtd_that_is_not_loaded_are_no_silent_gap():
    source = cxml("<Request><OrderRequest>&nbsp;</OrderRequest></Request>", '<!DOCTYPE cXML SYSTEM "cXML.dtd">')
    interchange, _ = one(source, allow_doctype=True)
    assert kinds(interchange) == ["xml_not_well_formed"]


def test_xinclude_is_only_text(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    source = (f'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{secret.as_uri()}" parse="text"/></a>').encode()
    _, (document,) = one(source)
    assert b"SECRET" not in etree.tostring(document.root)


@pytest.mark.parametrize(("source", "line", "words"), [
    (b"<a>\n<b></a>", 2, "Opening and ending tag mismatch"),
    (b"<a/><a/>", 1, "Extra content"),
    (b'\n<?xml version="1.0"?><a/>', 2, "declaration"),
    ("<a>\nMüller</a>".encode("latin-1"), 2, "column"),
    (b'<?xml version="1.0" encoding="klingon"?><a/>', 1, "klingon"),
    (b"<a>\0</a>", 1, ""),
    (b"<p:a/>", 1, "prefix"),
])
def test_what_is_not_well_formed_is_told_with_its_line(source, line, words):
    interchange, parts = one(source)
    assert kinds(interchange) == ["xml_not_well_formed"] and parts == []
    assert interchange.findings[0].position.line == line and words in interchange.findings[0].sentence()


def test_an_error_inside_a_wrapper_is_told_with_the_line_of_the_file(monkeypatch):
    monkeypatch.setattr(xml, "SMALL", 10)
    source = f"<batch>\n{order('1')}\n<broken>\n</batch>".encode()
    interchange, parts = one(source)
    assert [part.reference for part in parts if isinstance(part, Document)] == ["1"]
    assert kinds(interchange)[-1] == "xml_not_well_formed"
    assert interchange.findings[-1].position.line == source.count(b"\n") + 1


def test_an_empty_file():
    interchange, parts = one(b"")
    assert kinds(interchange) == ["empty_file"] and parts == []


@pytest.mark.parametrize("small", [1 << 20, 10])
def test_too_deep(small, monkeypatch):
    monkeypatch.setattr(xml, "SMALL", small)
    limits = Limits(xml_depth=10)
    assert kinds(one(b"<a>" * 10 + b"</a>" * 10, limits=limits)[0]) == []
    assert kinds(one(b"<a>" * 11 + b"</a>" * 11, limits=limits)[0]) == ["xml_too_deep"]
    deep = f"<w>{order('1')}{order('2', inside='<a>' * 10 + '</a>' * 10)}{order('3')}</w>".encode()
    if small == 10:
        interchange, parts = one(deep, limits=limits)
        assert [part.reference for part in parts if isinstance(part, Document)] == ["1", "3"]
        assert [(f.kind, f.position.message) for f in interchange.findings] == [("xml_too_deep", 2)]


def test_too_large(monkeypatch):
    limits = Limits(message=2000, xml_text=500)
    note = "<cbc:Note>" + "n" * 3000 + "</cbc:Note>"
    for small in (1 << 20, 10):
        monkeypatch.setattr(xml, "SMALL", small)
        assert kinds(one(order(inside=note).encode(), limits=Limits(message=2000))[0]) == ["message_too_large"]
    interchange, parts = one(f"<w>{order('1')}{order('2', inside=note)}{order('3')}</w>".encode(), limits=limits)
    assert [part.reference for part in parts if isinstance(part, Document)] == ["1", "3"]
    assert [(f.kind, f.position.message) for f in interchange.findings] == [("message_too_large", 2)]
    monkeypatch.setattr(xml, "SMALL", 1 << 20)
    assert kinds(one(b"<a><b>" + b"n" * 501 + b"</b></a>", limits=limits)[0]) == ["xml_too_deep"]
    assert kinds(one(b"<a><b>" + b"n" * 10_000_001 + b"</b></a>")[0]) in (["xml_too_deep"], ["message_too_large"])


def test_an_interchange_beyond_the_limit_is_said_so(monkeypatch):
    monkeypatch.setattr(xml, "SMALL", 10)
    source = ("<w>" + "".join(order(str(n)) for n in range(2000)) + "</w>").encode()
    interchange, _ = one(source, limits=Limits(interchange=len(source) // 2))
    assert kinds(interchange) == ["interchange_too_large"]


# -- encodings and writing

@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "shift_jis", "koi8-r"])
def test_any_encoding_is_read_and_written_back(encoding):
    text = {"shift_jis": "注文", "koi8-r": "Заказ"}.get(encoding, "Müller")
    source = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><a>{text}</a>\n'.encode(encoding)
    interchange, (document,) = one(source)
    assert document.root.text == text and interchange.findings == [] and written(source) == source


def test_an_agreed_charset_overrides_the_declaration():
    source = '<?xml version="1.0" encoding="UTF-8"?><a>Müller</a>'.encode("windows-1252")
    assert kinds(one(source)[0]) == ["xml_not_well_formed"]
    _, (document,) = one(source, charset="windows-1252")
    assert document.root.text == "Müller"
    assert kinds(one(source, charset="klingon")[0]) == ["character_set_unsupported"]


def test_a_wrapper_in_an_encoding_that_cannot_be_cut_is_refused_with_its_name():
    source = f'<?xml version="1.0" encoding="shift_jis"?><w>{order("1")}{order("2")}</w>'.encode("shift_jis")
    interchange, parts = one(source)
    assert kinds(interchange) == ["character_set_unsupported"] and "shift_jis" in interchange.findings[0].sentence() and not parts


def test_comments_do_not_split_a_value_and_stay_in_the_bytes():
    source = order(inside="<cbc:Note>one<!-- x --> t<?p?>wo<![CDATA[ & three]]></cbc:Note>").encode()
    _, (document,) = one(source)
    assert document.root[-1].text == "one two & three" and b"<!-- x -->" in document.raw


def test_a_built_document_is_written_with_declaration_in_utf8():
    root = etree.fromstring(order("9", inside="<cbc:Note>Müller</cbc:Note>"))
    interchange = xml.build(root)
    assert (interchange.control, str(interchange.receiver)) == ("9", "GLN:4098765000010")
    out = io.BytesIO()
    xml.write_to(interchange, out)
    assert re.match(rb'<\?xml version="1.0" encoding="UTF-8"\?>\n<Order ', out.getvalue())
    again, (document,) = one(out.getvalue())
    assert document.root[-1].text == "Müller" and again.control == "9"


def test_a_built_cxml_carries_its_doctype():
    root = etree.fromstring(cxml("<Request><OrderRequest/></Request>"))
    out = io.BytesIO()
    xml.write_to(xml.build(root, doctype='<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.060/cXML.dtd">'), out)
    assert out.getvalue().splitlines()[1].startswith(b"<!DOCTYPE cXML SYSTEM")
    assert str(one(out.getvalue(), allow_doctype=True)[1][0].type) == "xml/cxml/OrderRequest"


def test_a_broken_document_between_good_ones_is_told_with_its_line_and_the_others_are_read(monkeypatch):
    monkeypatch.setattr(xml, "SMALL", 10)
    broken = order("2").replace("</cbc:IssueDate>", "")
    source = f"<w>\n{order('1')}\n{broken}\n{order('3')}</w>".encode()
    interchange, parts = one(source)
    assert [(part.ordinal, part.reference) for part in parts if isinstance(part, Document)] == [(1, "1"), (3, "3")]
    (finding,) = interchange.findings
    assert (finding.kind, finding.position.message) == ("xml_not_well_formed", 2)
    assert source.decode().splitlines()[finding.position.line - 1].startswith("  <cac:Seller") or "Order" in source.decode().splitlines()[
        finding.position.line - 1]
    assert written(source) == source


@pytest.mark.parametrize("inside", ["<!-- </Order> -->", "<![CDATA[</Order>]]>", "<?p </Order>?>", "<x:Order xmlns:x='urn:x'/>", "<Order/>", "<Orders/>"])
def test_documents_that_a_search_for_the_end_tag_would_cut_wrongly(monkeypatch, inside):
    monkeypatch.setattr(xml, "SMALL", 10)
    source = f"<w>{order('1')}{order('2', inside=inside)}{order('3')}</w>".encode()
    interchange, parts = one(source)
    assert [part.raw for part in parts] == [order("1").encode(), order("2", inside=inside).encode(), order("3").encode()]
    assert interchange.findings == [] and written(source) == source
