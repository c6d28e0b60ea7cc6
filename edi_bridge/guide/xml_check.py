"""Checking an XML document: against the XML Schema of its standard, then against the business rules that it names.

    findings = check(document, schema, [run, …])      # [] for a good document

Rules are asked only of a document that fits its schema: they are written for such documents, and everything they would say of
another one follows from what the schema said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from edi_bridge.finding import Finding, found
from edi_bridge.guide import xml_rules
from edi_bridge.guide.schema_xml import Schema, Violation
from edi_bridge.guide.xml_rules import RuleSet
from edi_bridge.interchange import Document, Position

Run = Callable[[bytes], bytes]  # a document's XML → the rules' answer (SVRL)


def check(document: Document, schema: Schema | None, rules: Iterable[Run] = ()) -> list[Finding]:
    """Everything in which a document does not keep to its schema, else to the rules. A document inside a wrapper (SBDH, a list
    of orders) is looked at as if it stood alone."""
    if schema is not None and schema.knows(document.root.tag):
        violations = schema.violations(document.root)
        if violations:
            return [found("xml_schema", _position(document, one), one.value.strip(), one.note) for one in violations]
    text: bytes | None = None
    listed: list[Finding] = []
    said: set[tuple[str | None, str | None]] = set()
    for run in rules:
        text = _alone(document) if text is None else text
        for one in xml_rules.findings(document, run(text)):
            if (one.position.id, one.position.path) not in said:  # CEN's rules stand in others' sets, too
                said.add((one.position.id, one.position.path))
                listed.append(one)
    return sorted(listed, key=lambda one: one.position.line or 0)


class XmlChecker:
    """Checks documents of one type. `available` gives what runs a rule set, or the sentence that says why it cannot be run."""

    def __init__(self, key: str, schema: Schema | None, available: Callable[[RuleSet], Run | str]):
        self.key = key
        self.schema = schema
        self._available = available

    def check(self, document: Document) -> list[Finding]:
        """What is wrong with a document: xml_schema, einvoice_rule, einvoice_warning."""
        return check(document, self.schema, self._runs(document))

    def unchecked(self, document: Document) -> list[str]:
        """What could not be checked, and what to do about it: one plain sentence each."""
        sentences = []
        if self.schema is None or not self.schema.knows(document.root.tag):
            sentences.append(
                f"{self.key} was not checked against an XML Schema: there is none in schemas/{self.key.split('/')[1]}/ of the home"
            )
        answers = {one: self._available(one) for one in xml_rules.rule_sets(document.root)}
        held = {one.holds for one, answer in answers.items() if not isinstance(answer, str)}
        return [
            *sentences,
            *sorted({answer for one, answer in answers.items() if isinstance(answer, str) and one.name not in held}),
        ]

    def _runs(self, document: Document) -> list[Run]:
        return [
            answer for one in xml_rules.rule_sets(document.root) if not isinstance(answer := self._available(one), str)
        ]


def _position(document: Document, one: Violation) -> Position:
    """Line and path of a violation; of what is missing: the place where it should stand."""
    if not one.missing:
        return document.locate(one.element, one.attribute.rpartition("}")[2])
    owner = document.locate(one.element)
    beside = document.locate(one.beside) if one.beside is not None else owner
    return replace(owner, line=beside.line, path=f"{owner.path}/{one.missing}")


def _alone(document: Document) -> bytes:
    """The document's XML without its wrapper, its declaration and a DOCTYPE."""
    from lxml import etree

    return etree.tostring(document.root, encoding="utf-8", with_tail=False)
