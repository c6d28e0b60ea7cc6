"""Every XML map: a random record is written and read back equal, or findings name exactly the fields that are not; whatever a text
holds, it arrives or is a finding, and what is written keeps the order of the schema.

What may come back beyond the record is what the map itself says, and only that: its defaults and constants, the value that a path's
own test writes (`Credential[@domain=NetworkId|…]`), a field that stands in the same place as another (the due date of the head and
of its terms), and what stands once for all items of a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from lxml import etree

from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding
from edi_bridge.interchange import Document, MessageType, Position
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.plan import ScopePlan
from edi_bridge.mapping.resolve_xml import XmlResolved
from edi_bridge.record import leaves, unnumbered
from tests.mapping.xml_case import in_schema_order, ungathered
from tests.property.random_record import LETTERS, Record, Tally, _together, places, prove, without

CATALOG = Catalog()
MAPS = sorted(name for name in CATALOG.map_index if CATALOG._message_of(name).startswith("xml/"))
# What no other test of maps would think of: XML's own delimiters, blanks it may swallow, other directions of writing, formulas.
HOSTILE = ["]]>", "<!--", "&amp;", "&#0;", "<?xml?>", '"\'', "two\nlines", "tab\there", "ret\rurn", "a  b", "=1+1", "-1", "@SUM(A1)", "\0", "a\x01b",
           "\ufffe", "🚢⚓", "שלום", "\u202egnirts\u202c", "e\u0301", "x\u00a0y", "x\x85y", "x\u2028y", "x" * 500, "null", "true", "0"]


class Texts:
    """Free texts, of which one in eight is hostile: what no XML can hold is refused, and little would be proven of the rest."""

    def one(self, random: Random) -> str:
        """A text of at least one letter."""
        if not random.randrange(8):
            return random.choice(HOSTILE)
        return "".join(random.choices(LETTERS, k=random.randint(1, 12))).strip() or "a"


def random_records(name: str, examples: int, start: int | None = None) -> Tally:
    """The proof for so many random records of one map."""
    return _Proof(CATALOG.map_named(name)).run(examples, start)


# Lists of elements whose items have a list of their own in each: packs of the same number are one pack, whatever line says so.
GATHERED = {"despatch_advice.ubl-2.1": ("packs", "items")}


class _Proof:
    """One map under proof; `written` is the record that was written last."""

    def __init__(self, one: CompiledMap):
        self.one = one
        self.type = MessageType(*one.spec.message.split("/"))
        self.written: Record = {}
        self.fields = {value.target[0] for value in one.plan.root.values}
        self.said = {"currency", "tax_currency"} | set(_said_by_the_map(one))
        self.common = set(_common(one, _together(one)))

    def run(self, examples: int, start: int | None) -> Tally:
        return prove(self.one, examples, self.write, self.read, Texts(), start)

    def write(self, record: Record) -> tuple[Any, list[Finding]]:
        if not self.one.meant_for(record):  # a record made smaller
            record = {**record, **{name: several[0] for name, several in (self.one.spec.when or {}).items()}}
        self.written = record
        filled = {name: "EUR" for name in ("currency", "tax_currency") if name in self.fields and name not in record}  # of amounts
        record = {**record, **filled}
        root, findings = self.one.write([record])
        assert in_schema_order(root, self.one.structure, complete=False) == []
        findings = [one for one in findings if one.position.path not in filled]
        others = [one for one in findings if one.kind != "required_missing"]  # what is missed may be what could not be written
        return root, others or [_of_what_is_there(one, set(places(record))) for one in findings]

    def read(self, root: Any) -> tuple[list[Record], list[Finding]]:
        again = etree.fromstring(etree.tostring(root))
        records, findings = self.one.read(Document(self.type, 1, "", again))
        own = {(unnumbered(path), str(value)) for path, value in leaves(self.written)}
        there = {path for path, _ in leaves(self.written)}
        more = {path for record in records for path, value in leaves(record) if unnumbered(path) in self.said and path not in there
                and (unnumbered(path) in self.common or (unnumbered(path), str(value)) not in own)}
        records = [without(record, more) for record in records]
        if self.one.name in GATHERED:
            records = [ungathered(self.written, record, *GATHERED[self.one.name]) for record in records]
        return records, [one for one in findings if one.kind != "invalid_check_digit"]


def _of_what_is_there(finding: Finding, there: set[str]) -> Finding:
    """A required field of an object that is not there itself is missed as that object."""
    path = finding.position.path or ""
    while "." in path and path.rpartition(".")[0] not in there:
        path = path.rpartition(".")[0]
    return replace(finding, position=Position(path=path))


def _said_by_the_map(one: CompiledMap) -> Iterator[str]:
    """The fields that may come back though the record does not have them."""
    placed = [(path, value, source, _place(scope, source)) for path, scope in _scopes(one.plan.root, "", ())
              for value in scope.values for source in value.sources]
    for path, value, source, place in placed:
        full = ".".join([path, *value.target]).strip(".")
        tested = any(test.op == "=" and test.attribute == source.attribute and not test.steps and not test.up
                     for step in source.steps[-1:] for test in step.tests)
        twice = any(other == place and number is not value for _, number, _, other in placed)
        if tested or twice or source.up or source.root or value.default is not None:
            yield full


def _common(one: CompiledMap, elsewhere: set[str]) -> Iterator[str]:
    """The fields that stand once for all items of a list, or where another field stands: what one item or the head has of them comes
    back in each. Not those of lists that several places fill, of which the items change their numbers."""
    placed = [(path, value, source, _place(scope, source)) for path, scope in _scopes(one.plan.root, "", ())
              for value in scope.values for source in value.sources]
    for path, value, source, place in placed:
        twice = any(other == place and number is not value for _, number, _, other in placed)
        if path and elsewhere.isdisjoint(path.split(".")) and (twice or source.up or source.root):
            yield ".".join([path, *value.target])


def _scopes(scope: ScopePlan, path: str, around: tuple[int, ...]) -> Iterator[tuple[str, ScopePlan]]:
    yield path, scope
    for use in scope.uses:
        if around.count(use.item.number) < 3:
            yield from _scopes(use.item, ".".join([path, *use.target]).strip("."), (*around, use.item.number))


def _place(scope: ScopePlan, source: XmlResolved) -> tuple[Any, ...]:
    """Where a path leads, from the root: two rules with the same place read the same text."""
    chain = () if source.root else scope.scope.chain[:len(scope.scope.chain) - source.up]
    return (*((step.child.tag, step.tests, step.nth) for step in (*chain, *source.steps)), source.attribute)


@pytest.mark.parametrize("name", MAPS)
def test_a_random_record_comes_back_or_findings_name_what_does_not(name: str) -> None:
    tally = random_records(name, 20)
    assert tally.whole + tally.lessened >= 6, str(tally)
