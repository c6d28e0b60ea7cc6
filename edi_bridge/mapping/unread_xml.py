"""Which texts and attributes of an XML document a map's rules read, select by, or leave unread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from edi_bridge.finding import Finding
from edi_bridge.interchange import Document, Position, element_paths
from edi_bridge.mapping.plan import MapPlan, ValuePlan
from edi_bridge.mapping.resolve_xml import XmlResolved, XmlScope, XmlStep
from edi_bridge.mapping.unread import (
    ELSEWHERE,
    NO_RULE,
    UNKNOWN,
    Value,
    passes,
    refusals,
)
from edi_bridge.mapping.xml_read_plan import beside_kind
from edi_bridge.record import unnumbered
from edi_bridge.structure_xml import XML_NAMESPACE, XmlChild, XmlStructure

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
# What only says whose list a code is from, by which name or version, and in which language a text is: the supplementary
# components of Code, Identifier and Text (UN/CEFACT Core Data Types 1.1, which UBL and CII keep). The scheme of an
# identifier, the unit of a quantity and the currency of an amount are not among them: they change what the value means.
SUPPLEMENTARY = frozenset({
    "listID", "listAgencyID", "listAgencyName", "listName", "listVersionID", "listURI", "listSchemeURI", "languageID",
    "languageLocaleID", "schemeName", "schemeAgencyID", "schemeAgencyName", "schemeVersionID", "schemeDataURI", "schemeURI",
    "unitCodeListID", "unitCodeListAgencyID", "unitCodeListAgencyName", "currencyCodeListVersionID", f"{{{XML_NAMESPACE}}}lang"})
# What stands for an envelope: the reader and the choice of partner, guide and map use it.
ENVELOPE = {
    "idoc": ("/IDOC/EDI_DC40", "/IDOC/EDI_DC", "/IDOC/@BEGIN"),
    "cxml": ("/@payloadID", "/@timestamp", "/@version", "/@signatureVersion", "/Header", "/Request/@deploymentMode"),
    "ubl-2.1": ("/cbc:UBLVersionID", "/cbc:CustomizationID", "/cbc:ProfileID", "/cbc:ProfileExecutionID"),
    "cii-d16b": ("/rsm:ExchangedDocumentContext",),
}
Spot = tuple[tuple[str, ...], str]  # the tags from the root's child down, and the attribute ('': the text)


class XmlPlaces:
    """The places that a map's rules name. One per map; `values` holds a document against them."""

    def __init__(self, plan: MapPlan, structure: XmlStructure):
        self.structure = structure
        self.reads: set[Spot] = set()
        self.beside: set[Spot] = set()
        self.tests: dict[Spot, list[tuple[str, tuple[str, ...]]]] = {}
        self.prefixes = {uri: prefix for prefix, uri in reversed(list(structure.prefixes.items()))}
        self.envelope = ENVELOPE.get(structure.key.split("/")[1], ())
        for scope in plan.scopes:
            for one in scope.rules():
                self._rule(one, scope.scope)
        for resolved in plan.records:
            self._spot(resolved, plan.message.scope)
        self.written = {self._spot(target, plan.message.scope) for target, _, _ in plan.writes}

    def _rule(self, one: Any, scope: XmlScope) -> None:
        for k, source in enumerate(one.sources):
            spot = self._spot(source, scope)
            if not isinstance(one, ValuePlan):
                continue
            self.reads.add(spot)
            if beside_kind(one) != "quantity":  # the unit is read by its own rule; a currency is compared with the head's
                self.beside |= {self._spot(aux, scope) for aux in (one.aux[k] if k < len(one.aux) else ())}

    def _spot(self, resolved: XmlResolved, scope: XmlScope) -> Spot:
        """The place of a path; what its tests ask for is kept."""
        chain: tuple[XmlStep, ...] = () if resolved.root else scope.chain[:len(scope.chain) - resolved.up]
        tags: tuple[str, ...] = tuple(step.child.tag for step in chain)
        for step in resolved.steps:
            tags += (step.child.tag,)
            for test in step.tests:
                at = (*tags[:len(tags) - test.up], *(child.tag for child in test.steps))
                self.tests.setdefault((at, test.attribute), []).append((test.op, test.values))
        return tags, resolved.attribute

    def values(self, document: Document, places: Iterable[Position], findings: Iterable[Finding]) -> Iterator[Value]:
        """Every text and attribute, in the document's order."""
        read = {place.path for place in places}
        refused = refusals(findings, lambda place: place.path)
        if document.root.tag != self.structure.root.tag:
            return
        paths = element_paths(document.root)
        pending: list[tuple[Any, tuple[str, ...], str, XmlChild | None]] = [
            (document.root, (), f"/{self._name(document.root.tag)}", self.structure.root)]
        while pending:
            element, tags, words, child = pending.pop()
            path = paths[element]
            for attribute, text in _texts(element):
                short = attribute.rpartition("}")[2]
                own = path + (f"/@{short}" if short else "")
                known = own in read or self._is_known(tags, attribute, text, child, words)
                why = "" if known else refused.get(own, "") or self._why((tags, attribute), child)
                yield Value(words + (f"/@{short}" if short else ""), text, why, partial(document.locate, element, short))
            pending += [(one, (*tags, one.tag), f"{words}/{self._name(one.tag)}", self._below(child, one.tag))
                        for one in reversed(element) if isinstance(one.tag, str)]

    def _below(self, child: XmlChild | None, tag: str) -> XmlChild | None:
        return self.structure.child(child, tag) if child is not None else None

    def fits(self, document: Document, position: Position, source: XmlResolved, scope: XmlScope) -> bool:
        """Whether a value at this place can have come by this path of a rule; tests are not asked."""
        tags, attribute = self._spot(source, scope)
        steps = unnumbered(position.path or "").split("/")[1:]
        wanted = [tag.rpartition("}")[2] for tag in tags] + ([f"@{attribute.rpartition('}')[2]}"] if attribute else [])
        return [step.rpartition(":")[2] for step in steps[len(steps) - len(wanted):]] == wanted

    def _is_known(self, tags: tuple[str, ...], attribute: str, text: str, child: XmlChild | None, words: str) -> bool:
        """Whether it selects, only qualifies, is always the same, or belongs to the envelope."""
        spot = (tags, attribute)
        if spot in self.beside or spot in self.written or attribute in SUPPLEMENTARY or attribute.startswith(XSI):
            return True
        if passes(text, self.tests.get(spot, ())):
            return True
        if attribute and child is not None and self.structure.fixed.get(child.name, {}).get(attribute) == text:
            return True
        below = "/" + words.partition("/")[2].partition("/")[2] + (f"/@{attribute}" if attribute else "")
        below = below.replace("//", "/")
        return any(below == one or below.startswith(f"{one}/") for one in self.envelope)

    def _why(self, spot: Spot, child: XmlChild | None) -> str:
        return UNKNOWN if child is None else ELSEWHERE if spot in self.reads else NO_RULE

    def _name(self, tag: str) -> str:
        """A tag with the structure's own prefix, whatever the document's is."""
        uri, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
        prefix = self.prefixes.get(uri, "")
        return f"{prefix}:{local}" if prefix else local


def _texts(element: Any) -> Iterator[tuple[str, str]]:
    """(attribute, or '' for the text; what stands there) of an element; text between its children counts with its own."""
    text = " ".join(part.strip() for part in (element.text, *(child.tail for child in element)) if part and part.strip())
    if text:
        yield "", text
    for name, value in element.attrib.items():
        if value.strip():
            yield name, value.strip()
