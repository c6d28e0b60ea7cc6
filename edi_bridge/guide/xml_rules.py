"""The business rules of European e-invoices (EN 16931, Peppol BIS, XRechnung, Factur-X): which of them a document is subject to,
and what their answer (SVRL, ISO/IEC 19757-3 annex D) says in our terms.

The rules themselves are Schematron compiled to XSLT, published by CEN, OpenPeppol, KoSIT and FNFE-MPE; running them is
`edi_bridge/einvoice`. A document says by its CustomizationID (UBL) or guideline (CII) what rules it wants to keep.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Document

LIMIT = 100  # findings of one document
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CII = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}CrossIndustryInvoice"
INVOICES = (f"{{{UBL}Invoice-2}}Invoice", f"{{{UBL}CreditNote-2}}CreditNote")
EN16931 = "urn:cen.eu:en16931:2017"
CORE = (EN16931, f"{EN16931}#compliant#*")
BILLING = (f"{EN16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0*",)
XRECHNUNG = (
    f"{EN16931}#compliant#urn:xeinkauf.de:kosit:xrechnung_*",
    f"{EN16931}#compliant#urn:xoev-de:kosit:standard:xrechnung_*",
)
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
NOTES = ("warning", "warn", "information", "info")  # flags that leave a document valid


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A set of rules: for documents with one of these roots whose identifier is one of `identifiers` (a star stands for any
    text). `files` are the names under which its stylesheet is published, the first one found is run. `holds` names a set whose
    rules are all among its own."""

    name: str
    title: str
    roots: tuple[str, ...]
    identifiers: tuple[str, ...]
    files: tuple[str, ...]
    holds: str = ""

    def rules(self, root: str, identifier: str) -> bool:
        """Whether a document is subject to it. An extension of EN 16931 (conformant) may break the core's rules."""
        if root not in self.roots or (self.identifiers is CORE and "#conformant#" in identifier):
            return False
        return any(fnmatchcase(identifier, one) for one in self.identifiers)


def _published(*stems: str) -> tuple[str, ...]:
    return tuple(f"{stem}.{ending}" for stem in stems for ending in ("xslt", "xsl"))


def _peppol(name: str, number: str, root: str) -> RuleSet:
    """Peppol's rules for a document of ordering and despatch (BIS 3), with OpenPeppol's number of the transaction."""
    return RuleSet(
        f"peppol-{number.lower()}",
        f"Peppol BIS 3 {name.replace('_', ' ')}",
        (f"{{{UBL}{root}-2}}{root}",),
        (f"urn:fdc:peppol.eu:poacc:trns:{name}:3*",),
        _published(f"PEPPOLBIS-{number}"),
    )


def _factur_x(name: str, profile: str, *files: str, holds: str = "") -> RuleSet:
    """The rules of a Factur-X profile (ZUGFeRD 2: the same)."""
    return RuleSet(f"factur-x-{name.lower().replace(' ', '')}", f"Factur-X {name}", (CII,), (profile,), files, holds)


RULE_SETS = (
    RuleSet("en16931-ubl", "EN 16931 (UBL)", INVOICES, CORE, _published("EN16931-UBL-validation", "CEN-EN16931-UBL")),
    RuleSet("en16931-cii", "EN 16931 (CII)", (CII,), CORE, _published("EN16931-CII-validation", "CEN-EN16931-CII")),
    RuleSet("peppol-billing-ubl", "Peppol BIS Billing 3 (UBL)", INVOICES, BILLING, _published("PEPPOL-EN16931-UBL")),
    RuleSet("peppol-billing-cii", "Peppol BIS Billing 3 (CII)", (CII,), BILLING, _published("PEPPOL-EN16931-CII")),
    RuleSet(
        "xrechnung-ubl",
        "XRechnung (UBL)",
        INVOICES,
        XRECHNUNG,
        ("XRechnung-UBL-validation.xsl", "XRechnung-UBL-validation.xslt"),
    ),
    RuleSet(
        "xrechnung-cii",
        "XRechnung (CII)",
        (CII,),
        XRECHNUNG,
        ("XRechnung-CII-validation.xsl", "XRechnung-CII-validation.xslt"),
    ),
    _factur_x("MINIMUM", "urn:factur-x.eu:1p0:minimum", "FACTUR-X_MINIMUM.xslt", "Factur-X_1.09_MINIMUM.xsl"),
    _factur_x("BASIC WL", "urn:factur-x.eu:1p0:basicwl", "FACTUR-X_BASIC-WL.xslt"),
    _factur_x(
        "BASIC",
        f"{EN16931}#compliant#urn:factur-x.eu:1p0:basic",
        "FACTUR-X_BASIC.xslt",
        "Factur-X_1.09_BASIC.xsl",
        holds="en16931-cii",
    ),
    _factur_x("EN 16931", EN16931, "FACTUR-X_EN16931.xslt", holds="en16931-cii"),
    _factur_x("EXTENDED", f"{EN16931}#conformant#urn:factur-x.eu:1p0:extended", "FACTUR-X_EXTENDED.xslt"),
    _peppol("order", "T01", "Order"),
    _peppol("order_response", "T76", "OrderResponse"),
    _peppol("despatch_advice", "T16", "DespatchAdvice"),
)


def as_markdown(packaged: Collection[str]) -> str:
    """The table as it stands in `docs/xml-checking.md`; `packaged` are the stylesheets that an installed package carries."""
    rows = []
    for one in RULE_SETS:
        documents = ", ".join(root.rpartition("}")[2] for root in one.roots)
        named = "<br>".join(f"`{text.replace(EN16931, '…')}`" for text in one.identifiers)
        rows.append(
            f"| {one.title} | {documents} | {named} | {one.files[0]} | {'yes' if set(one.files) & set(packaged) else 'no'} |"
        )
    return "\n".join(rows)


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
    for place, rule, flag, text in _failed(
        etree.fromstring(answer, etree.XMLParser(resolve_entities=False, no_network=True))
    ):
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
            text = text[named.end() :]
        yield (
            node.get("location", ""),
            rule,
            (node.get("flag") or node.get("role") or "fatal").lower(),
            text or node.get("test", ""),
        )


_STEP = re.compile(
    r"""/(?P<at>@)?(?:
        \*:(?P<star>[\w.-]+)\[namespace-uri\(\)='(?P<space>[^']*)'\]       # ISO's skeleton: /*:Invoice[namespace-uri()='urn:…'][1]
      | Q\{(?P<q>[^}]*)\}(?P<local>[\w.-]+)                                # SchXslt: /Q{urn:…}Invoice[1]
      | \*\[local-name\(\)='(?P<old>[\w.-]+)'(?:\ and\ namespace-uri\(\)='(?P<oldspace>[^']*)')?\]   # XPath 1
      | (?:(?P<prefix>[\w.-]+):)?(?P<plain>[\w.-]+)                        # /cac:InvoiceLine[2]
    )(?:\[(?P<number>\d+)\])?""",
    re.VERBOSE,
)


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
        fitting = [
            child
            for child in element
            if isinstance(child.tag, str)
            and child.tag.rpartition("}")[2] == local
            and (not space or child.tag.startswith(f"{{{space}}}"))
            and (not match["prefix"] or child.prefix == match["prefix"])
        ]
        number = int(match["number"] or 1)
        if number > len(fitting):
            return element, ""
        element = fitting[number - 1]
    return element, ""
