"""The shipped XML structures: they load, refer to nothing unknown, and know hand-written documents element by element."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

import edi_bridge.guide.standard as standard
from edi_bridge import yamltext
from edi_bridge.structure_xml import XmlChild, XmlStructure, load

FOLDER = Path(next(iter(standard.__path__))) / "xml"
FILES = sorted(path for path in FOLDER.rglob("*.yaml") if path.stem != "common")
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"


def structure(name: str) -> XmlStructure:
    path = FOLDER / f"{name}.yaml"

    def block(file: Path) -> yamltext.Block:
        return yamltext.parse(file.read_text("utf-8"), str(file))

    return load(block(path), str(path), lambda other: block(path.parent / f"{other}.yaml"))


def complaints(tree: XmlStructure, element: XmlChild, node: etree._Element) -> list[str]:
    """What in a document does not fit: unknown, out of order, missing, too many."""
    found: list[str] = []
    last, seen = -1, dict.fromkeys((child.name for child in tree.children(element)), 0)
    for below in node:
        child = tree.child(element, below.tag)
        if child is None:
            found.append(f"{below.tag.rpartition('}')[2]} is not known in {element.name}")
            continue
        place = tree.place(element, child)
        if place < last:
            found.append(f"{child.name} stands too late in {element.name}")
        last = max(last, place)
        seen[child.name] += 1
        found += [f"{child.name}/@{name}" for name in below.attrib
                  if not name.startswith("{") and name not in tree.attributes(child)]
        found += complaints(tree, child, below)
    for child in tree.children(element):
        if seen[child.name] < child.least or child.most is not None and seen[child.name] > child.most:
            found.append(f"{child.name} stands {seen[child.name]} times in {element.name}")
    return found


def check(name: str, text: str) -> list[str]:
    tree = structure(name)
    root = etree.fromstring(text)
    assert root.tag == tree.root.tag
    return complaints(tree, tree.root, root)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_structure_loads_and_says_its_own_key(path):
    tree = structure(f"{path.parent.name}/{path.stem}")
    assert tree.key == f"xml/{path.parent.name}/{path.stem}" and tree.children(tree.root)


@pytest.mark.parametrize("name", ["Order", "OrderChange", "OrderCancellation", "OrderResponse", "OrderResponseSimple", "Invoice", "CreditNote",
                                  "DespatchAdvice", "ApplicationResponse"])
def test_every_aggregate_of_a_ubl_document_has_its_children(name):
    tree = structure(f"ubl-2.1/{name}")
    seen, todo = set(), [tree.root]
    while todo:
        element = todo.pop()
        for child in tree.children(element):
            if child.name.startswith("cac:") and child.type not in seen:
                assert tree.children(child), child.name
                seen.add(child.type)
                todo.append(child)
    assert len(seen) > 20


HEAD = f'xmlns:cac="{CAC}" xmlns:cbc="{CBC}"'
PARTY = """<cac:Party><cbc:EndpointID schemeID="0088">4012345000009</cbc:EndpointID><cac:PartyIdentification><cbc:ID>7</cbc:ID>
</cac:PartyIdentification><cac:PartyName><cbc:Name>Haus</cbc:Name></cac:PartyName><cac:PostalAddress><cbc:StreetName>Weg 1</cbc:StreetName>
<cbc:AdditionalStreetName>Hof</cbc:AdditionalStreetName><cbc:CityName>Wien</cbc:CityName><cbc:PostalZone>1010</cbc:PostalZone>
<cac:AddressLine><cbc:Line>Tor 2</cbc:Line></cac:AddressLine><cac:Country><cbc:IdentificationCode>AT</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress><cac:PartyTaxScheme><cbc:CompanyID>ATU1</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>Haus GmbH</cbc:RegistrationName><cbc:CompanyID>FN 1</cbc:CompanyID></cac:PartyLegalEntity>
<cac:Contact><cbc:Name>Eva</cbc:Name><cbc:Telephone>1</cbc:Telephone><cbc:ElectronicMail>e@x.at</cbc:ElectronicMail></cac:Contact></cac:Party>"""
ITEM = """<cac:Item><cbc:Description>Rohr</cbc:Description><cbc:Name>R</cbc:Name><cac:BuyersItemIdentification><cbc:ID>B1</cbc:ID>
</cac:BuyersItemIdentification><cac:SellersItemIdentification><cbc:ID>S1</cbc:ID></cac:SellersItemIdentification><cac:StandardItemIdentification>
<cbc:ID schemeID="0160">4012345000016</cbc:ID></cac:StandardItemIdentification><cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>20</cbc:Percent>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory></cac:Item>"""
ORDER = f"""<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" {HEAD}><cbc:CustomizationID>c</cbc:CustomizationID>
<cbc:ProfileID>p</cbc:ProfileID><cbc:ID>1</cbc:ID><cbc:IssueDate>2026-03-01</cbc:IssueDate><cbc:OrderTypeCode listID="UNCL1001">220</cbc:OrderTypeCode>
<cbc:Note languageID="de">n</cbc:Note><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode><cac:ValidityPeriod><cbc:EndDate>2026-04-01</cbc:EndDate>
</cac:ValidityPeriod><cac:BuyerCustomerParty>{PARTY}</cac:BuyerCustomerParty><cac:SellerSupplierParty>{PARTY}</cac:SellerSupplierParty>
<cac:Delivery><cac:DeliveryLocation><cbc:ID schemeID="0088">4</cbc:ID><cac:Address><cbc:CityName>Linz</cbc:CityName></cac:Address></cac:DeliveryLocation>
<cac:RequestedDeliveryPeriod><cbc:StartDate>2026-03-05</cbc:StartDate></cac:RequestedDeliveryPeriod></cac:Delivery>
<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:AllowanceChargeReason>r</cbc:AllowanceChargeReason>
<cbc:Amount currencyID="EUR">1</cbc:Amount></cac:AllowanceCharge><cac:AnticipatedMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">9</cbc:LineExtensionAmount>
<cbc:PayableAmount currencyID="EUR">9</cbc:PayableAmount></cac:AnticipatedMonetaryTotal><cac:OrderLine><cbc:Note>n</cbc:Note><cac:LineItem><cbc:ID>1</cbc:ID>
<cbc:Quantity unitCode="C62">2</cbc:Quantity><cbc:LineExtensionAmount currencyID="EUR">9</cbc:LineExtensionAmount><cac:Delivery><cbc:Quantity unitCode="C62">2</cbc:Quantity>
</cac:Delivery><cac:Price><cbc:PriceAmount currencyID="EUR">4.5</cbc:PriceAmount><cbc:BaseQuantity unitCode="C62">1</cbc:BaseQuantity></cac:Price>{ITEM}</cac:LineItem></cac:OrderLine></Order>"""
TAX = """<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">2</cbc:TaxAmount><cac:TaxSubtotal><cbc:TaxableAmount currencyID="EUR">10</cbc:TaxableAmount>
<cbc:TaxAmount currencyID="EUR">2</cbc:TaxAmount><cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>20</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal><cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">10</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount currencyID="EUR">10</cbc:TaxExclusiveAmount><cbc:TaxInclusiveAmount currencyID="EUR">12</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="EUR">12</cbc:PayableAmount></cac:LegalMonetaryTotal>"""
INVOICE = f"""<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" {HEAD}><cbc:ID>R1</cbc:ID><cbc:IssueDate>2026-03-01</cbc:IssueDate>
<cbc:DueDate>2026-04-01</cbc:DueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
<cbc:BuyerReference>b</cbc:BuyerReference><cac:OrderReference><cbc:ID>1</cbc:ID></cac:OrderReference><cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>R0</cbc:ID>
</cac:InvoiceDocumentReference></cac:BillingReference><cac:AdditionalDocumentReference><cbc:ID>a</cbc:ID><cac:Attachment><cbc:EmbeddedDocumentBinaryObject mimeCode="text/csv"
 filename="a.csv">eA==</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference><cac:AccountingSupplierParty>{PARTY}</cac:AccountingSupplierParty>
<cac:AccountingCustomerParty>{PARTY}</cac:AccountingCustomerParty><cac:PaymentMeans><cbc:PaymentMeansCode>58</cbc:PaymentMeansCode><cac:PayeeFinancialAccount><cbc:ID>AT00</cbc:ID>
<cac:FinancialInstitutionBranch><cbc:ID>BIC</cbc:ID></cac:FinancialInstitutionBranch></cac:PayeeFinancialAccount></cac:PaymentMeans><cac:PaymentTerms><cbc:Note>30</cbc:Note>
</cac:PaymentTerms>{TAX}<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="C62">2</cbc:InvoicedQuantity><cbc:LineExtensionAmount currencyID="EUR">10</cbc:LineExtensionAmount>
<cac:OrderLineReference><cbc:LineID>1</cbc:LineID></cac:OrderLineReference>{ITEM}<cac:Price><cbc:PriceAmount currencyID="EUR">5</cbc:PriceAmount></cac:Price></cac:InvoiceLine></Invoice>"""


def test_a_ubl_order():
    assert check("ubl-2.1/Order", ORDER) == []


def test_a_ubl_invoice_and_credit_note():
    assert check("ubl-2.1/Invoice", INVOICE) == []
    note = INVOICE.replace("Invoice-2", "CreditNote-2").replace("<Invoice ", "<CreditNote ").replace("</Invoice>", "</CreditNote>")
    note = note.replace("InvoiceTypeCode", "CreditNoteTypeCode").replace("InvoiceLine", "CreditNoteLine").replace("InvoicedQuantity", "CreditedQuantity")
    assert check("ubl-2.1/CreditNote", note) == []


def test_a_ubl_despatch_advice():
    text = f"""<DespatchAdvice xmlns="urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2" {HEAD}><cbc:ID>D1</cbc:ID><cbc:IssueDate>2026-03-01</cbc:IssueDate>
<cac:OrderReference><cbc:ID>1</cbc:ID></cac:OrderReference><cac:DespatchSupplierParty>{PARTY}</cac:DespatchSupplierParty><cac:DeliveryCustomerParty>{PARTY}</cac:DeliveryCustomerParty>
<cac:Shipment><cbc:ID>1</cbc:ID><cbc:GrossWeightMeasure unitCode="KGM">9</cbc:GrossWeightMeasure><cac:Consignment><cbc:ID>1</cbc:ID><cac:CarrierParty><cac:PartyName><cbc:Name>C</cbc:Name>
</cac:PartyName></cac:CarrierParty></cac:Consignment><cac:TransportHandlingUnit><cbc:ID schemeID="0088">340123450000000018</cbc:ID><cac:Package><cbc:PackagingTypeCode>CT</cbc:PackagingTypeCode>
</cac:Package></cac:TransportHandlingUnit></cac:Shipment><cac:DespatchLine><cbc:ID>1</cbc:ID><cbc:DeliveredQuantity unitCode="C62">2</cbc:DeliveredQuantity>
<cac:OrderLineReference><cbc:LineID>1</cbc:LineID></cac:OrderLineReference>{ITEM}</cac:DespatchLine></DespatchAdvice>"""
    assert check("ubl-2.1/DespatchAdvice", text) == []


def test_what_does_not_fit_is_seen():
    assert check("ubl-2.1/Order", ORDER.replace("<cbc:ID>1</cbc:ID><cbc:IssueDate>2026-03-01</cbc:IssueDate>", "<cbc:IssueDate>2026-03-01</cbc:IssueDate><cbc:ID>1</cbc:ID>")) == [
        "cbc:ID stands too late in Order"]
    assert check("ubl-2.1/Order", ORDER.replace("cbc:ProfileID", "cbc:Profil")) == ["Profil is not known in Order"]
    assert check("ubl-2.1/Order", ORDER.replace(' currencyID="EUR">4.5', ' currency="EUR">4.5')) == ["cbc:PriceAmount/@currency"]
    assert "cac:AccountingCustomerParty stands 0 times in Invoice" in check(
        "ubl-2.1/Invoice", INVOICE.replace("cac:AccountingCustomerParty", "cac:PayeeParty"))


def test_a_cii_invoice():
    spaces = " ".join(f'xmlns:{p}="urn:un:unece:uncefact:data:standard:{n}:100"' for p, n in [
        ("rsm", "CrossIndustryInvoice"), ("ram", "ReusableAggregateBusinessInformationEntity"), ("udt", "UnqualifiedDataType")])
    party = ('<ram:ID>7</ram:ID><ram:GlobalID schemeID="0088">4</ram:GlobalID><ram:Name>Haus</ram:Name><ram:PostalTradeAddress><ram:PostcodeCode>1010</ram:PostcodeCode>'
             "<ram:LineOne>Weg 1</ram:LineOne><ram:CityName>Wien</ram:CityName><ram:CountryID>AT</ram:CountryID></ram:PostalTradeAddress>"
             '<ram:URIUniversalCommunication><ram:URIID schemeID="EM">a@b.at</ram:URIID></ram:URIUniversalCommunication>'
             '<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">ATU1</ram:ID></ram:SpecifiedTaxRegistration>')
    text = f"""<rsm:CrossIndustryInvoice {spaces}><rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>g</ram:ID>
</ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext><rsm:ExchangedDocument><ram:ID>R1</ram:ID><ram:TypeCode>380</ram:TypeCode><ram:IssueDateTime>
<udt:DateTimeString format="102">20260301</udt:DateTimeString></ram:IssueDateTime><ram:IncludedNote><ram:Content>n</ram:Content></ram:IncludedNote></rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction><ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument><ram:LineID>1</ram:LineID></ram:AssociatedDocumentLineDocument>
<ram:SpecifiedTradeProduct><ram:GlobalID schemeID="0160">4</ram:GlobalID><ram:SellerAssignedID>S1</ram:SellerAssignedID><ram:Name>Rohr</ram:Name></ram:SpecifiedTradeProduct>
<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>5</ram:ChargeAmount></ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>
<ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">2</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement>
<ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>20</ram:RateApplicablePercent></ram:ApplicableTradeTax>
<ram:SpecifiedTradeSettlementLineMonetarySummation><ram:LineTotalAmount>10</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement>
</ram:IncludedSupplyChainTradeLineItem><ram:ApplicableHeaderTradeAgreement><ram:BuyerReference>b</ram:BuyerReference><ram:SellerTradeParty>{party}</ram:SellerTradeParty>
<ram:BuyerTradeParty>{party}</ram:BuyerTradeParty><ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>1</ram:IssuerAssignedID></ram:BuyerOrderReferencedDocument>
</ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeDelivery><ram:ActualDeliverySupplyChainEvent><ram:OccurrenceDateTime><udt:DateTimeString format="102">20260228
</udt:DateTimeString></ram:OccurrenceDateTime></ram:ActualDeliverySupplyChainEvent></ram:ApplicableHeaderTradeDelivery><ram:ApplicableHeaderTradeSettlement>
<ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode><ram:ApplicableTradeTax><ram:CalculatedAmount>2</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode><ram:BasisAmount>10</ram:BasisAmount>
<ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>20</ram:RateApplicablePercent></ram:ApplicableTradeTax><ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator>
<udt:Indicator>false</udt:Indicator></ram:ChargeIndicator><ram:ActualAmount>1</ram:ActualAmount><ram:Reason>r</ram:Reason></ram:SpecifiedTradeAllowanceCharge>
<ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount>10</ram:LineTotalAmount><ram:TaxBasisTotalAmount>10</ram:TaxBasisTotalAmount>
<ram:TaxTotalAmount currencyID="EUR">2</ram:TaxTotalAmount><ram:GrandTotalAmount>12</ram:GrandTotalAmount><ram:DuePayableAmount>12</ram:DuePayableAmount>
</ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"""
    assert check("cii-d16b/CrossIndustryInvoice", text) == []


CXML_HEAD = """<cXML payloadID="p" timestamp="t" xml:lang="en"><Header><From><Credential domain="DUNS"><Identity>1</Identity></Credential></From><To><Credential domain="DUNS">
<Identity>2</Identity></Credential></To><Sender><Credential domain="DUNS"><Identity>1</Identity><SharedSecret>s</SharedSecret></Credential><UserAgent>u</UserAgent></Sender></Header>"""
ADDRESS = """<Address addressID="7"><Name xml:lang="en">Haus</Name><PostalAddress><DeliverTo>Eva</DeliverTo><Street>Weg 1</Street><City>Wien</City><PostalCode>1010</PostalCode>
<Country isoCountryCode="AT">Austria</Country></PostalAddress><Email>e@x.at</Email></Address>"""
MONEY = '<Money currency="EUR">9</Money>'


def test_a_cxml_order():
    text = f"""{CXML_HEAD}<Request deploymentMode="test"><OrderRequest><OrderRequestHeader orderID="1" orderDate="d" type="new"><Total>{MONEY}</Total><ShipTo>{ADDRESS}</ShipTo>
<BillTo>{ADDRESS}</BillTo><Shipping>{MONEY}<Description xml:lang="en">s</Description></Shipping><Tax>{MONEY}<Description xml:lang="en">t</Description></Tax>
<PaymentTerm payInNumberOfDays="30"/><Contact role="buyer"><Name xml:lang="en">Eva</Name></Contact><Comments>c</Comments><Extrinsic name="x">1</Extrinsic></OrderRequestHeader>
<ItemOut quantity="2" lineNumber="1" requestedDeliveryDate="d"><ItemID><SupplierPartID>S1</SupplierPartID><BuyerPartID>B1</BuyerPartID></ItemID><ItemDetail><UnitPrice>{MONEY}</UnitPrice>
<Description xml:lang="en">Rohr</Description><UnitOfMeasure>EA</UnitOfMeasure><Classification domain="UNSPSC">1</Classification></ItemDetail><ShipTo>{ADDRESS}</ShipTo>
<ScheduleLine quantity="2" requestedDeliveryDate="d"><UnitOfMeasure>EA</UnitOfMeasure></ScheduleLine></ItemOut></OrderRequest></Request></cXML>"""
    assert check("cxml/OrderRequest", text) == []


def test_a_cxml_invoice():
    text = f"""{CXML_HEAD}<Request><InvoiceDetailRequest><InvoiceDetailRequestHeader invoiceID="R1" invoiceDate="d" purpose="standard" operation="new"><InvoiceDetailHeaderIndicator/>
<InvoiceDetailLineIndicator isTaxInLine="yes"/><InvoicePartner><Contact role="billTo"><Name xml:lang="en">Haus</Name></Contact><IdReference identifier="1" domain="vatID"/></InvoicePartner>
</InvoiceDetailRequestHeader><InvoiceDetailOrder><InvoiceDetailOrderInfo><OrderReference orderID="1"><DocumentReference payloadID="p"/></OrderReference></InvoiceDetailOrderInfo>
<InvoiceDetailItem invoiceLineNumber="1" quantity="2"><UnitOfMeasure>EA</UnitOfMeasure><UnitPrice>{MONEY}</UnitPrice><InvoiceDetailItemReference lineNumber="1"><ItemID>
<SupplierPartID>S1</SupplierPartID></ItemID><Description xml:lang="en">Rohr</Description></InvoiceDetailItemReference><SubtotalAmount>{MONEY}</SubtotalAmount><Tax>{MONEY}
<Description xml:lang="en">t</Description><TaxDetail category="vat" percentageRate="20"><TaxAmount>{MONEY}</TaxAmount></TaxDetail></Tax><NetAmount>{MONEY}</NetAmount></InvoiceDetailItem>
</InvoiceDetailOrder><InvoiceDetailSummary><SubtotalAmount>{MONEY}</SubtotalAmount><Tax>{MONEY}<Description xml:lang="en">t</Description></Tax><NetAmount>{MONEY}</NetAmount>
<DueAmount>{MONEY}</DueAmount></InvoiceDetailSummary></InvoiceDetailRequest></Request></cXML>"""
    assert check("cxml/InvoiceDetailRequest", text) == []


CONTROL = '<EDI_DC40 SEGMENT="1"><TABNAM>EDI_DC40</TABNAM><DOCNUM>1</DOCNUM><IDOCTYP>X</IDOCTYP><MESTYP>Y</MESTYP><SNDPRN>1</SNDPRN><RCVPRN>2</RCVPRN></EDI_DC40>'


@pytest.mark.parametrize(("name", "body"), [
    ("ORDERS05", """<E1EDK01 SEGMENT="1"><CURCY>EUR</CURCY><BELNR>1</BELNR></E1EDK01><E1EDK14 SEGMENT="1"><QUALF>014</QUALF><ORGID>1</ORGID></E1EDK14><E1EDK03 SEGMENT="1"><IDDAT>012</IDDAT>
<DATUM>20260301</DATUM></E1EDK03><E1EDKA1 SEGMENT="1"><PARVW>AG</PARVW><NAME1>Haus</NAME1><ILNNR>4</ILNNR><E1EDKA3 SEGMENT="1"><QUALP>001</QUALP></E1EDKA3></E1EDKA1><E1EDK02 SEGMENT="1">
<QUALF>001</QUALF><BELNR>1</BELNR></E1EDK02><E1EDKT1 SEGMENT="1"><TDID>F01</TDID><E1EDKT2 SEGMENT="1"><TDLINE>t</TDLINE></E1EDKT2></E1EDKT1><E1EDP01 SEGMENT="1"><POSEX>10</POSEX>
<MENGE>2</MENGE><MENEE>PCE</MENEE><VPREI>5</VPREI><E1EDP02 SEGMENT="1"><QUALF>001</QUALF></E1EDP02><E1EDP05 SEGMENT="1"><ALCKZ>-</ALCKZ></E1EDP05><E1EDP20 SEGMENT="1"><WMENG>2</WMENG>
<EDATU>20260305</EDATU></E1EDP20><E1EDP19 SEGMENT="1"><QUALF>003</QUALF><IDTNR>4</IDTNR></E1EDP19></E1EDP01><E1EDS01 SEGMENT="1"><SUMID>002</SUMID><SUMME>10</SUMME></E1EDS01>"""),
    ("INVOIC02", """<E1EDK01 SEGMENT="1"><CURCY>EUR</CURCY></E1EDK01><E1EDKA1 SEGMENT="1"><PARVW>RE</PARVW></E1EDKA1><E1EDK02 SEGMENT="1"><QUALF>009</QUALF></E1EDK02><E1EDK03 SEGMENT="1">
<IDDAT>026</IDDAT></E1EDK03><E1EDK05 SEGMENT="1"><ALCKZ>-</ALCKZ></E1EDK05><E1EDK04 SEGMENT="1"><MSATZ>20</MSATZ><MWSBT>2</MWSBT></E1EDK04><E1EDK18 SEGMENT="1"><TAGE>30</TAGE></E1EDK18>
<E1EDP01 SEGMENT="1"><POSEX>10</POSEX><E1EDP02 SEGMENT="1"><QUALF>001</QUALF></E1EDP02><E1EDP19 SEGMENT="1"><QUALF>002</QUALF></E1EDP19><E1EDP26 SEGMENT="1"><QUALF>003</QUALF>
<BETRG>10</BETRG></E1EDP26><E1EDP04 SEGMENT="1"><MSATZ>20</MSATZ></E1EDP04></E1EDP01><E1EDS01 SEGMENT="1"><SUMID>010</SUMID></E1EDS01>"""),
    ("DEBMAS06", """<E1KNA1M SEGMENT="1"><MSGFN>005</MSGFN><KUNNR>1</KUNNR><LAND1>AT</LAND1><NAME1>Haus</NAME1><ORT01>Wien</ORT01><PSTLZ>1010</PSTLZ><STRAS>Weg 1</STRAS><STCEG>ATU1</STCEG>
<E1KNVVM SEGMENT="1"><VKORG>1</VKORG><E1KNVPM SEGMENT="1"><PARVW>WE</PARVW></E1KNVPM></E1KNVVM><E1KNB1M SEGMENT="1"><BUKRS>1</BUKRS><ZTERM>30</ZTERM></E1KNB1M><E1KNBKM SEGMENT="1">
<IBAN>AT00</IBAN></E1KNBKM><E1KNVKM SEGMENT="1"><NAMEV>Eva</NAMEV></E1KNVKM><E1KNKAM SEGMENT="1"><KLIMG>9</KLIMG></E1KNKAM></E1KNA1M>"""),
])
def test_an_idoc(name, body):
    assert check(f"idoc/{name}", f'<{name}><IDOC BEGIN="1">{CONTROL}{body}</IDOC></{name}>') == []
