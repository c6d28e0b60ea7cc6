"""Every segment map: a random record within what it carries is written and read back equal, or findings name the fields that find
no room, and it is equal without these (`random_record` says how). What lies between is ordinary text that the reader gets from a fresh parse."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest

from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding
from edi_bridge.interchange import Address, Delimiters, MessageType
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.record import fields_of
from edi_bridge.syntax import edifact, x12
from tests.property import random_record

CATALOG = Catalog()
MAPS = sorted(name for name, (_, message, _) in CATALOG.map_index.items() if message.startswith(("edifact/", "x12/")))
X12 = Delimiters(element="*", component=">", terminator="~", release="", repetition="^")
QUICK = 60


def delimiters_of(compiled: CompiledMap) -> Delimiters:
    return X12 if compiled.standard == "x12" else Delimiters()


def read_back(compiled: CompiledMap, segments: list[str]) -> tuple[list[Any], list[Finding]]:
    """The written body inside a whole interchange, parsed anew."""
    standard, version, name = compiled.spec.message.split("/")
    type_ = MessageType(standard, version, name)
    ours, theirs = Address("4012345000009", "14"), Address("4012345000016", "14")
    if standard == "edifact":
        built = edifact.build(sender=ours, receiver=theirs, control="1", prepared="2026-11-21T10:00",
                              bodies=[(type_, "1", segments)], syntax="UNOW:3")
    else:
        built = x12.build(sender=ours, receiver=theirs, control="1", prepared="2026-11-21T10:00", delimiters=X12, encoding="utf-8",
                          groups=[("PO", "A", "B", "1", version, [(type_, "0001", segments)])], version="00401")
    found: list[Finding] = []
    got: list[Any] = []
    for interchange in syntax.read(io.BytesIO(syntax.write(built))):
        for message in interchange.messages:
            records, more = compiled.read(message)
            got += records
            found += [finding for finding in more if finding.kind != "invalid_check_digit"]
    return got, found


def round_trips(name: str, examples: int, start: int | None = None) -> random_record.Tally:
    """What became of so many random records of a map."""
    compiled = CATALOG.map_named(name)
    delimiters = delimiters_of(compiled)
    texts = random_record.Texts(plain=random_record.X12_LETTERS if compiled.standard == "x12" else random_record.LETTERS)
    return random_record.prove(compiled, examples, lambda record: compiled.write([record], delimiters, "utf-8"),
                               lambda body: read_back(compiled, body), texts, start)


@pytest.mark.parametrize("name", MAPS)
def test_a_record_within_what_the_map_carries_comes_back_equal_or_findings_name_what_does_not(name: str) -> None:
    tally = round_trips(name, QUICK)
    assert tally.whole >= QUICK // 6, f"too few records could be written to prove anything: {tally}"


@pytest.mark.parametrize("name", MAPS)
def test_a_field_outside_what_the_map_carries_is_reported(name):
    """Every field of the record that the map has no rule for, one at a time."""
    compiled = CATALOG.map_named(name)
    delimiters = X12 if compiled.standard == "x12" else Delimiters()
    known = {path.split(".")[0] for path in compiled.carries()} | {value.target[0] for value in compiled.plan.root.values}
    for field in fields_of(compiled.spec.record).values():
        if field.name in known:
            continue
        value: Any = {"text": "x", "code": "x", "date": "2026-11-21", "decimal": Decimal(1), "integer": 1}.get(field.type) or {"name": "x"}
        meant = {name: values[0] for name, values in (compiled.spec.when or {}).items()}
        _, findings = compiled.write([{**meant, field.name: [value] if field.many else value}], delimiters, "utf-8")
        told = [one for one in findings if one.kind == "field_not_carried" and field.name in (one.position.path or "").replace("[", ".").split(".")]
        assert told, f"{field.name} is left out silently"


def test_decimals_keep_28_digits():
    compiled = CATALOG.map_named("order.edifact-d96a")
    number = Decimal("1234567890123456.789012345678")
    record = {"number": "1", "type": "order", "purpose": "original", "issued_on": "2026-11-21", "buyer": {"gln": "4012345000009"},
              "lines": [{"number": "1", "quantity": number, "net_price": Decimal("-0.10")}]}
    segments, findings = compiled.write([record], Delimiters(decimal=","), "utf-8")
    assert findings == [] and "QTY+21:1234567890123456,789012345678" in segments
    assert read_back(compiled, segments)[0][0]["lines"][0]["quantity"] == number
