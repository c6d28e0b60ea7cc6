"""What whoever sends an XML document writes into it beside its content: the header of cXML, the control record of an IDoc.

UBL and CII have none: who sends them stands in the parties. Only what is not there yet is filled in; the rest is the map's.

| cXML 1.2 (cXML User's Guide, "cXML Envelope", "Header") | IDoc (SAP, structure EDI_DC40) |
|---|---|
| payloadID: moment.control@sender; timestamp, version | DOCNUM, CREDAT, CRETIM, REFINT: control number, moment |
| From, To, Sender: Credential domain and Identity | SNDPRT/SNDPRN, RCVPRT/RCVPRN; longer than 10 characters: SNDLAD, RCVLAD |
| Request deploymentMode | TEST = X |
| DOCTYPE: the DTD of the document | TABNAM, DIRECT 2 (towards SAP), IDOCTYP, MESTYP |
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from edi_bridge.interchange import Address
from edi_bridge.structure_xml import XmlChild, XmlStructure
from edi_bridge.syntax.xml_envelope import idoc_control

CXML_VERSION = "1.2.045"
DTDS = {"InvoiceDetailRequest": "InvoiceDetail"}  # the documents that have a DTD of their own; all others stand in cXML.dtd
LONGEST_PARTNER = 10  # SNDPRN, RCVPRN are CHAR 10
PARTNER_KINDS = ("KU", "LI", "LS")  # customer, vendor, logical system


def headed(root: Any, structure: XmlStructure, sender: Address, receiver: Address, control: str, prepared: str, test: bool,
           application: str = "") -> str | None:
    """Fill in the header of a document (lxml) that has one; the DOCTYPE that it begins with, None for none.

    `prepared` is ISO 8601, UTC where it names no zone; `control` numbers the sending; `application` is the port of an IDoc's
    sender and the UserAgent of cXML.
    """
    if root.tag == "cXML":
        return _cxml(root, structure, sender, receiver, control, prepared, test, application)
    record = idoc_control(root)
    if record is not None:
        _idoc(record, structure, sender, receiver, control, prepared, test, application)
    return None


def _cxml(root: Any, structure: XmlStructure, sender: Address, receiver: Address, control: str, prepared: str, test: bool,
          application: str) -> str:
    name = structure.key.rpartition("/")[2]
    zoned = prepared if re.search(r"(Z|[+-]\d\d:\d\d)$", prepared) else (prepared + ":00")[:19] + "+00:00"
    host = re.sub(r"[^A-Za-z0-9.-]", "-", sender.id) or "edi-bridge"
    given = {"payloadID": f"{re.sub('[^0-9]', '', prepared)}.{control}@{host}", "timestamp": zoned, "version": CXML_VERSION}
    for key, value in given.items():
        if not root.get(key):
            root.set(key, value)
    header = _child(root, structure.root, "Header", structure)
    for role, address in (("From", sender), ("To", receiver), ("Sender", sender)):
        party = _child(header[0], header[1], role, structure)
        if party[0].find("Credential") is None:
            source = root.find("Header/From/Credential") if role == "Sender" and not address.id else None
            _credential(party, source, address, structure)
    agent = _child(*_child(*header, "Sender", structure), "UserAgent", structure)[0]
    agent.text = agent.text or application or "edi-bridge"
    request = root.find("Request")
    if request is not None and (test or request.get("deploymentMode")):
        request.set("deploymentMode", "test" if test else "production")
    return f'<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/{CXML_VERSION}/{DTDS.get(name, "cXML")}.dtd">'


def _credential(party: tuple[Any, XmlChild], source: Any, address: Address, structure: XmlStructure) -> None:
    """Who the party is: as it was said, or as From says it."""
    domain, identity = (source.get("domain", ""), source.findtext("Identity", "")) if source is not None else (address.qualifier, address.id)
    if identity:
        credential = _child(*party, "Credential", structure)
        credential[0].set("domain", domain or "NetworkID")
        _child(*credential, "Identity", structure)[0].text = identity


def _idoc(record: Any, structure: XmlStructure, sender: Address, receiver: Address, control: str, prepared: str, test: bool,
          application: str) -> None:
    name = structure.key.rpartition("/")[2]
    day, clock = re.sub("[^0-9]", "", prepared[:10]), (re.sub("[^0-9]", "", prepared[11:19]) + "00")[:6]
    changes = record.getparent().findtext("E1EDK01/ACTION", "000") != "000"
    given = {"TABNAM": "EDI_DC40", "DOCNUM": re.sub("[^0-9]", "", control).zfill(16)[-16:], "DIRECT": "2", "TEST": "X" if test else "",
             "IDOCTYP": name, "MESTYP": "ORDCHG" if changes and name.startswith("ORDERS") else name.rstrip("0123456789"),
             "SNDPOR": application[:10], **_partner("SND", sender), **_partner("RCV", receiver), "CREDAT": day, "CRETIM": clock,
             "REFINT": control[-14:], "SERIAL": day + clock}
    kind = structure.child(structure.root, "IDOC")
    assert kind is not None
    own = structure.child(kind, record.tag)
    assert own is not None
    for tag, value in given.items():
        if value and not record.findtext(tag):
            _child(record, own, tag, structure)[0].text = value


def _partner(role: str, address: Address) -> dict[str, str]:
    if not address.id:
        return {}
    kind = address.qualifier if address.qualifier in PARTNER_KINDS else "LS"
    return {f"{role}PRT": kind, f"{role}PRN" if len(address.id) <= LONGEST_PARTNER else f"{role}LAD": address.id}


def _child(element: Any, kind: XmlChild, name: str, structure: XmlStructure) -> tuple[Any, XmlChild]:
    """The child element of that name, made where it is not there, at the place that the structure has for it; and its kind."""
    own = structure.child(kind, name)
    assert own is not None, f"{name} in {kind.name}"
    found = element.find(name)
    if found is None:
        found = etree.Element(name)
        place = structure.place(kind, own)
        before = sum(1 for one in element if (other := structure.child(kind, one.tag)) and structure.place(kind, other) < place)
        element.insert(before, found)
    return found, own
