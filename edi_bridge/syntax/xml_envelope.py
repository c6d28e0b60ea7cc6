"""What an XML document is, who sent it and to whom: the table that stands for an envelope.

| document | sender, receiver | identity | test flag |
|---|---|---|---|
| UBL 2.x (OASIS) | EndpointID with its schemeID, else GLN, other party id, VAT or company number | cbc:ID | – |
| CII D16B (UN/CEFACT) | URIID with its schemeID, else GlobalID, ID, VAT number | ExchangedDocument/ID | – |
| cXML 1.2 | Header From, To: Credential domain and Identity | payloadID | deploymentMode |
| SAP IDoc XML | EDI_DC40: SNDPRT/SNDPRN, RCVPRT/RCVPRN | DOCNUM | TEST |
| SBDH 1.3 (UN/CEFACT) around any | Sender, Receiver Identifier with Authority | InstanceIdentifier | – |
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from edi_bridge.interchange import Address, MessageType

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC = "{" + UBL + "CommonAggregateComponents-2}"
CBC = "{" + UBL + "CommonBasicComponents-2}"
CII = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}"
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
SBDH = "{http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader}"

# The parties of a UBL document in the role of sender and receiver; a document that is not named here is
# looked at for SenderParty and ReceiverParty, which most of UBL's process documents have.
UBL_PARTIES = {
    "Order": ("BuyerCustomerParty", "SellerSupplierParty"),
    "OrderChange": ("BuyerCustomerParty", "SellerSupplierParty"),
    "OrderCancellation": ("BuyerCustomerParty", "SellerSupplierParty"),
    "OrderResponse": ("SellerSupplierParty", "BuyerCustomerParty"),
    "OrderResponseSimple": ("SellerSupplierParty", "BuyerCustomerParty"),
    "Invoice": ("AccountingSupplierParty", "AccountingCustomerParty"),
    "CreditNote": ("AccountingSupplierParty", "AccountingCustomerParty"),
    "DebitNote": ("AccountingSupplierParty", "AccountingCustomerParty"),
    "Reminder": ("AccountingSupplierParty", "AccountingCustomerParty"),
    "Statement": ("AccountingSupplierParty", "AccountingCustomerParty"),
    "SelfBilledInvoice": ("AccountingCustomerParty", "AccountingSupplierParty"),
    "SelfBilledCreditNote": ("AccountingCustomerParty", "AccountingSupplierParty"),
    "DespatchAdvice": ("DespatchSupplierParty", "DeliveryCustomerParty"),
    "ReceiptAdvice": ("DeliveryCustomerParty", "DespatchSupplierParty"),
    "RemittanceAdvice": ("AccountingCustomerParty", "AccountingSupplierParty"),
    "Catalogue": ("ProviderParty", "ReceiverParty"),
}
# How a GLN is announced in schemeID: ISO/IEC 6523 ICD 0088, and what partners write instead.
GLN_SCHEMES = {"0088", "GLN", "EAN", "ILN", "9"}

_CBC_LENGTH, _CAC_LENGTH = len(CBC), len(CAC)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a document says of itself."""

    type: MessageType
    reference: str = ""
    sender: Address = Address()
    receiver: Address = Address()
    prepared: str = ""
    test: bool | None = None


@lru_cache(maxsize=512)
def kind_of(tag: str) -> tuple[str, str]:
    """(version, name) of a root element that is a business document by itself; ('', '') of any other."""
    namespace, _, name = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    if namespace.startswith(UBL) and namespace == f"{UBL}{name}-2":
        return "ubl-2.1", name
    if tag == CII + "CrossIndustryInvoice":
        return "cii-d16b", name
    return ("cxml", name) if tag == "cXML" else ("", "")


def is_wrapper(tag: str) -> bool:
    """Whether a root element only wraps documents (SBDH 1.3 StandardBusinessDocument)."""
    return tag == SBDH + "StandardBusinessDocument"


def envelope_of(root: Any) -> Envelope:
    """The envelope of a document by its root element (lxml)."""
    version, name = kind_of(root.tag)
    match version:
        case "ubl-2.1":
            return _ubl(root, name)
        case "cii-d16b":
            return _cii(root, name)
        case "cxml":
            return _cxml(root)
    control = idoc_control(root)
    return _other(root) if control is None else _idoc(root, control)


def idoc_control(root: Any) -> Any | None:
    """The control record (EDI_DC40, in old systems EDI_DC) of a SAP IDoc in XML; None: it is no IDoc."""
    if len(root) and root[0].tag == "IDOC" and len(root[0]):
        first = root[0][0]
        if first.tag in ("EDI_DC40", "EDI_DC"):
            return first
    return None


def standard_header(header: Any) -> Envelope:
    """Sender, receiver and identity from a StandardBusinessDocumentHeader (SBDH 1.3), with namespace or without."""
    found: dict[str, Any] = {}
    for child in header.iterchildren("*"):
        found.setdefault(_local(child), child)
    document = found.get("DocumentIdentification")
    identity = {} if document is None else {_local(child): _text(child) for child in document.iterchildren("*")}
    parties = [_standard_party(found.get(role)) for role in ("Sender", "Receiver")]
    return Envelope(MessageType("xml", "sbdh", identity.get("Type", "")), identity.get("InstanceIdentifier", ""),
                    parties[0], parties[1], identity.get("CreationDateAndTime", ""))


def _standard_party(party: Any) -> Address:
    for child in () if party is None else party.iterchildren("*"):
        if _local(child) == "Identifier":
            return Address(_text(child), child.get("Authority", ""))
    return Address()


@lru_cache(maxsize=128)
def _ubl_heads(sender: str, receiver: str) -> etree.XPath:
    """One compiled look at everything the envelope needs: a third of the time of as many `find`."""
    heads = "b:CustomizationID|b:ID|b:IssueDate|b:IssueTime"
    ends = "|".join(f"a:{role}/a:Party/b:EndpointID" for role in (sender, receiver))
    return etree.XPath(f"{heads}|{ends}", namespaces={"a": CAC[1:-1], "b": CBC[1:-1]})


def _ubl(root: Any, name: str) -> Envelope:
    roles = UBL_PARTIES.get(name, ("SenderParty", "ReceiverParty"))
    text: dict[str, str] = {}
    parties: dict[str, Address] = {}
    for element in _ubl_heads(*roles)(root):
        local = element.tag[_CBC_LENGTH:]
        value = (element.text or "").strip()
        if local == "EndpointID":
            if value:
                role = element.getparent().getparent().tag[_CAC_LENGTH:]
                parties.setdefault(role, Address(value, element.get("schemeID", "")))
        else:
            text.setdefault(local, value)
    sender, receiver = (parties.get(role) or _ubl_party(root.find(CAC + role)) for role in roles)
    time = text.get("IssueTime", "")
    return Envelope(MessageType("xml", "ubl-2.1", name, text.get("CustomizationID", "")), text.get("ID", ""),
                    sender, receiver, text.get("IssueDate", "") + (f"T{time}" if time else ""))


def _ubl_party(role: Any) -> Address:
    if role is None:
        return Address()
    party = role.find(CAC + "Party")
    party = role if party is None else party
    ids = [child for child in party.iterchildren(CBC + "EndpointID") if _text(child)]
    if ids:
        return _identified(ids[0], "schemeID")
    ids = [child for child in party.iterfind(f"{CAC}PartyIdentification/{CBC}ID") if _text(child)]
    if ids:
        return _identified(next((child for child in ids if child.get("schemeID") in GLN_SCHEMES), ids[0]), "schemeID")
    for within, place, qualifier in _UBL_ELSE:
        for child in (party if within == "party" else role).iterfind(place):
            if _text(child):
                return Address(_text(child), qualifier or child.get("schemeID", ""))
    return Address()


# Where else a UBL party is identified: in the party or in its role's element; the qualifier we give it.
_UBL_ELSE = (("party", f"{CAC}PartyTaxScheme/{CBC}CompanyID", "VAT"),
             ("party", f"{CAC}PartyLegalEntity/{CBC}CompanyID", ""),
             ("role", f"{CBC}CustomerAssignedAccountID", ""),
             ("role", f"{CBC}SupplierAssignedAccountID", ""))


def _cii(root: Any, name: str) -> Envelope:
    document = root.find(CII + "ExchangedDocument")
    agreement = root.find(f"{CII}SupplyChainTradeTransaction/{RAM}ApplicableHeaderTradeAgreement")
    usage = root.find(f"{CII}ExchangedDocumentContext/{RAM}GuidelineSpecifiedDocumentContextParameter/{RAM}ID")
    reference = prepared = ""
    if document is not None:
        reference = _text(document.find(RAM + "ID"))
        issued = document.find(RAM + "IssueDateTime")
        digits = _text(issued[0]) if issued is not None and len(issued) else ""
        prepared = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if digits.isdigit() and len(digits) == 8 else digits
    parties = [_cii_party(None if agreement is None else agreement.find(RAM + role))
               for role in ("SellerTradeParty", "BuyerTradeParty")]
    return Envelope(MessageType("xml", "cii-d16b", name, _text(usage)), reference, parties[0], parties[1], prepared)


def _cii_party(party: Any) -> Address:
    if party is None:
        return Address()
    for place in (f"{RAM}URIUniversalCommunication/{RAM}URIID", f"{RAM}GlobalID", f"{RAM}ID"):
        for child in party.iterfind(place):
            if _text(child):
                return _identified(child, "schemeID")
    # UN/EDIFACT 1153 VA: the VAT registration number
    for child in party.iterfind(f"{RAM}SpecifiedTaxRegistration/{RAM}ID"):
        if child.get("schemeID") == "VA" and _text(child):
            return Address(_text(child), "VAT")
    return Address()


def _cxml(root: Any) -> Envelope:
    body = next(root.iterchildren("Request", "Message", "Response"), None)
    name, test = "cXML", None
    if body is not None:
        inside = next((child for child in body.iterchildren("*") if child.tag != "Status"), None)
        name = body.tag if body.tag == "Response" or inside is None else inside.tag
        if body.tag != "Response":
            # The DTD's default is production.
            test = body.get("deploymentMode", "production") == "test"
    header = root.find("Header")
    parties = [_cxml_party(None if header is None else header.find(role)) for role in ("From", "To")]
    return Envelope(MessageType("xml", "cxml", name, root.get("version", "")), root.get("payloadID", ""),
                    parties[0], parties[1], root.get("timestamp", ""), test)


def _cxml_party(party: Any) -> Address:
    """The first credential; one marked as the marketplace's stands for another party (cXML guide, Credential)."""
    credentials = [] if party is None else list(party.iterchildren("Credential"))
    credentials.sort(key=lambda credential: credential.get("type") == "marketplace")
    for credential in credentials:
        identity = _text(credential.find("Identity"))
        if identity:
            return Address(identity, credential.get("domain", ""))
    return Address()


def _idoc(root: Any, control: Any) -> Envelope:
    fields = {child.tag: _text(child) for child in control.iterchildren("*")}
    prepared = _idoc_date(fields.get("CREDAT", ""), fields.get("CRETIM", ""))
    parties = [Address(fields.get(f"{side}PRN", ""), fields.get(f"{side}PRT", ""), fields.get(f"{side}LAD", ""))
               for side in ("SND", "RCV")]
    return Envelope(MessageType("xml", "idoc", root.tag, fields.get("MESTYP", "")), fields.get("DOCNUM", ""),
                    parties[0], parties[1], prepared, bool(fields.get("TEST")))


def _idoc_date(day: str, time: str) -> str:
    if len(day) != 8 or not day.isdigit():
        return day
    iso = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    return f"{iso}T{time[:2]}:{time[2:4]}:{time[4:]}" if len(time) == 6 and time.isdigit() else iso


def _other(root: Any) -> Envelope:
    namespace, _, name = root.tag[1:].rpartition("}") if root.tag.startswith("{") else ("", "", root.tag)
    type_ = MessageType("xml", namespace or "none", name)
    for child in root.iterchildren("*"):
        # GS1 XML 3 carries the standard header as the first child of its own root.
        if _local(child) == "StandardBusinessDocumentHeader":
            header = standard_header(child)
            return Envelope(type_, header.reference, header.sender, header.receiver, header.prepared)
        break
    return Envelope(type_)


def _identified(element: Any, scheme: str) -> Address:
    return Address(_text(element), element.get(scheme, ""))


def _text(element: Any) -> str:
    return "" if element is None or element.text is None else element.text.strip()


def _local(element: Any) -> str:
    return element.tag.rpartition("}")[2]
