"""The business rules of European e-invoices (EN 16931, Peppol BIS, XRechnung, Factur-X): which of them a document is subject to,
and what their answer (SVRL, ISO/IEC 19757-3 annex D) says in our terms.

The rules themselves are Schematron compiled to XSLT, published by CEN, OpenPeppol, KoSIT and FNFE-MPE; running them is
`edi_bridge/einvoice`. A document says by its CustomizationID (UBL) or guideline (CII) what rules it wants to keep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Document

LIMIT = 100  # findings of one document
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CII = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}CrossIndustryInvoice"
INVOICES = (f"{{{UBL}Invoice-2}}Invoice", f"{{{UBL}CreditNote-2}}CreditNote")
EN16931 = "urn:cen.eu:en16931:2017"
CORE = re.escape(EN16931) + "(#compliant#(?!.*#conformant#).*)?"  # a usage of the core; an extension (conformant) has its own rules
PEPPOL = "urn:fdc:peppol.eu:poacc:trns:"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
NOTES = ("warning", "warn", "information", "info")  # flags that leave a document valid


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A set of rules: for documents with one of these roots whose identifier matches; `files` are the names under which its
    stylesheet is published, the first one found is run. `holds` names a set whose rules are all among its own."""

    name: str
    title: str
    roots: tuple[str, ...]
    identifier: str  # a regular expression for the whole identifier
    files: tuple[str, ...]
    holds: str = ""

    def rules(self, root: str, identifier: str) -> bool:
        """Whether a document is subject to it."""
        return root in self.roots and re.fullmatch(self.identifier, identifier) is not None


def _trns(name: str, number: str, root: str) -> RuleSet:
    """Peppol's rules for a document of ordering and despatch (BIS 3): transaction numbers as OpenPeppol publishes them."""
    stem = f"PEPPOLBIS-{number}"
    return RuleSet(f"peppol-{number.lower()}", f"Peppol BIS 3 {name.replace('_', ' ')}", (f"{{{UBL}{root}-2}}{root}",),
                   re.escape(PEPPOL + name) + r":3(\..*)?", (f"{stem}.xslt", f"{stem}.xsl"))


RULE_SETS = (
    RuleSet("en16931-ubl", "EN 16931 (UBL)", INVOICES, CORE,
            ("EN16931-UBL-validation.xslt", "EN16931-UBL-validation.xsl", "CEN-EN16931-UBL.xslt", "CEN-EN16931-UBL.xsl")),
    RuleSet("en16931-cii", "EN 16931 (CII)", (CII,), CORE,
            ("EN16931-CII-validation.xslt", "EN16931-CII-validation.xsl", "CEN-EN16931-CII.xslt", "CEN-EN16931-CII.xsl")),
    RuleSet("peppol-billing-ubl", "Peppol BIS Billing 3 (UBL)", INVOICES,
            re.escape(f"{EN16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0") + ".*",
            ("PEPPOL-EN16931-UBL.xslt", "PEPPOL-EN16931-UBL.xsl")),
    RuleSet("peppol-billing-cii", "Peppol BIS Billing 3 (CII)", (CII,),
            re.escape(f"{EN16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0") + ".*",
            ("PEPPOL-EN16931-CII.xslt", "PEPPOL-EN16931-CII.xsl")),
    RuleSet("xrechnung-ubl", "XRechnung (UBL)", INVOICES, re.escape(EN16931) + r"#compliant#urn:(xeinkauf\.de:kosit|xoev-de:kosit:standard):xrechnung_.*",
            ("XRechnung-UBL-validation.xsl", "XRechnung-UBL-validation.xslt")),
    RuleSet("xrechnung-cii", "XRechnung (CII)", (CII,), re.escape(EN16931) + r"#compliant#urn:(xeinkauf\.de:kosit|xoev-de:kosit:standard):xrechnung_.*",
            ("XRechnung-CII-validation.xsl", "XRechnung-CII-validation.xslt")),
    RuleSet("factur-x-minimum", "Factur-X MINIMUM", (CII,), re.escape("urn:factur-x.eu:1p0:minimum"),
            ("FACTUR-X_MINIMUM.xslt", "Factur-X_1.09_MINIMUM.xsl")),
    RuleSet("factur-x-basicwl", "Factur-X BASIC WL", (CII,), re.escape("urn:factur-x.eu:1p0:basicwl"), ("FACTUR-X_BASIC-WL.xslt",)),
    RuleSet("factur-x-basic", "Factur-X BASIC", (CII,), re.escape(f"{EN16931}#compliant#urn:factur-x.eu:1p0:basic"),
            ("FACTUR-X_BASIC.xslt", "Factur-X_1.09_BASIC.xsl"), "en16931-cii"),
    RuleSet("factur-x-en16931", "Factur-X EN 16931", (CII,), re.escape(EN16931), ("FACTUR-X_EN16931.xslt",), "en16931-cii"),
    RuleSet("factur-x-extended", "Factur-X EXTENDED", (CII,), re.escape(f"{EN16931}#conformant#urn:factur-x.eu:1p0:extended"),
            ("FACTUR-X_EXTENDED.xslt",)),
    _trns("order", "T01", "Order"),
    _trns("order_response", "T76", "OrderResponse"),
    _trns("despatch_advice", "T16", "DespatchAdvice"),
)


def identifier(root: Any) -> str:
    """The rules that a document names: UBL's CustomizationID, CII's guideline; '' when it names none."""
    if root.tag == CII:
        path = "{*}ExchangedDocumentContext/{*}GuidelineSpecifiedDocumentContextParameter/{*}ID"
    else:
        path = "{*}CustomizationID"
    return (root.findtext(path) or "").strip()


def rule_sets(root: Any) -> list[RuleSet]:
    """Every rule set that a document is subject to."""
    named = identifier(root)
    return [one for one in RULE_SETS if one.rules(root.tag, named)]


def findings(document: Document, answer: bytes) -> list[Finding]:
    """The rules that a document breaks, from their answer in SVRL: einvoice_rule where it must not be sent so,
    einvoice_warning where the rule only warns. Position: line and path of the place that the rule names."""
    from lxml import etree

    listed = []
    for place, rule, flag, text in _failed(etree.fromstring(answer, etree.XMLParser(resolve_entities=False, no_network=True))):
        element, attribute = at(document.root, place)
        kind = "einvoice_warning" if flag in NOTES else "einvoice_rule"
        position = replace(document.locate(element, attribute), id=rule)
        listed.append(found(kind, position, "", f"{rule}: {text}" if rule else text))
        if len(listed) >= LIMIT:
            break
    return listed


def _failed(answer: Any) -> Iterator[tuple[str, str, str, str]]:
    """(location, rule id, flag, text) of everything that an answer complains of."""
    for node in answer.iter(f"{SVRL}failed-assert", f"{SVRL}successful-report"):
        text = " ".join("".join(part for one in node.iter(f"{SVRL}text") for part in one.itertext()).split())
        named = re.match(r"\[([^\]]{1,60})\]\s*-?\s*", text)
        rule = node.get("id") or (named[1] if named else "")
        if named and named[1] == rule:
            text = text[named.end():]
        yield node.get("location", ""), rule, (node.get("flag") or node.get("role") or "fatal").lower(), text or node.get("test", "")


_STEP = re.compile(
    r"""/(?P<at>@)?(?:
        \*:(?P<star>[\w.-]+)\[namespace-uri\(\)='(?P<space>[^']*)'\]       # ISO's skeleton: /*:Invoice[namespace-uri()='urn:…'][1]
      | Q\{(?P<q>[^}]*)\}(?P<local>[\w.-]+)                                # SchXslt: /Q{urn:…}Invoice[1]
      | \*\[local-name\(\)='(?P<old>[\w.-]+)'(?:\ and\ namespace-uri\(\)='(?P<oldspace>[^']*)')?\]   # XPath 1
      | (?:(?P<prefix>[\w.-]+):)?(?P<plain>[\w.-]+)                        # /cac:InvoiceLine[2]
    )(?:\[(?P<number>\d+)\])?""", re.VERBOSE)


def at(root: Any, location: str) -> tuple[Any, str]:
    """The element that a rule's location names, and the name of its attribute if it is one. As much of the location as can be
    followed counts: the root at least."""
    element, first = root, True
    for match in _STEP.finditer(location):
        local = match["star"] or match["local"] or match["old"] or match["plain"]
        space = match["space"] or match["q"] or match["oldspace"] or ""
        if match["at"]:
            return element, local
        if first:
            first = False
            continue
        fitting = [child for child in element if isinstance(child.tag, str) and child.tag.rpartition("}")[2] == local
                   and (not space or child.tag.startswith(f"{{{space}}}")) and (not match["prefix"] or child.prefix == match["prefix"])]
        number = int(match["number"] or 1)
        if number > len(fitting):
            return element, ""
        element = fitting[number - 1]
    return element, ""
