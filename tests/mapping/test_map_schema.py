"""The JSON Schema of maps: every shipped map and fragment fits it, and what the compiler refuses by form does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edi_bridge import yamltext
from edi_bridge.catalog import shipped
from edi_bridge.mapping import mapfile
from edi_bridge.mapping.codec import CODECS
from edi_bridge.mapping.schema import WORDS, schema
from edi_bridge.record import PARTS, RECORDS
from tests.mapping.schema_case import errors

MAPS = sorted((shipped() / "mappings").glob("*.yaml"))
FRAGMENTS = sorted((shipped() / "mappings" / "fragments").glob("*.yaml"))
SCHEMAS = {kind: schema(kind) for kind in ("map", "fragment")}


def wrong(text: str | bytes, kind: str = "map") -> list[str]:
    """What a YAML text lacks of the schema."""
    return errors(yamltext.parse(text, "test.yaml"), SCHEMAS[kind], SCHEMAS[kind])


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_every_shipped_map_fits(path: Path) -> None:
    assert wrong(path.read_bytes()) == []


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.stem)
def test_every_shipped_fragment_fits(path: Path) -> None:
    assert wrong(path.read_bytes(), "fragment") == []


GOOD = """
map: order.try
message: edifact/D96A/ORDERS
record: order
fields:
  number: {at: BGM/1004, required: true}
  lines:
    each: SG25
    fields:
      quantity: {at: "QTY[6063=21]/6060", as: decimal}
"""


def test_a_small_map_fits() -> None:
    assert wrong(GOOD) == []


@pytest.mark.parametrize(("old", "new"), [
    ("record: order", "record: orders"),                         # no such record
    ("message: edifact/D96A/ORDERS", "message: ORDERS"),         # no standard, no version
    ("map: order.try", "map: order.try\nfoo: bar"),              # an unknown key of a map
    ("number:", "numbre:"),                                      # no such field
    ("quantity:", "amount_of:"),                                 # no such field of a line
    ("required: true", "required: perhaps"),
    ("required: true", "take: middle"),
    ("required: true", "else: drop"),
    ("required: true", "codec: text"),                           # an unknown key of a value
    ("as: decimal", "as: decimals"),                             # no such conversion
    ("    each: SG25\n", "    at: SG25\n"),                      # a list has each
    ("number: {at: BGM/1004, required: true}", "number: {fields: {gln: NAD/3039}}"),  # a text is no object
    ("fields:\n  number", "field:\n  number"),                   # fields are missing
    ("number: {at: BGM/1004, required: true}", "type: {at: BGM/1001, codes: [a, b]}"),
    ("number: {at: BGM/1004, required: true}", "type: {at: BGM/1001, codes: {'220': {our: order}}}"),
    ("number: {at: BGM/1004, required: true}", "number: {at: [{path: BGM/1004}]}"),
])
def test_what_is_wrong_does_not_fit(old: str, new: str) -> None:
    assert old in GOOD
    assert wrong(GOOD.replace(old, new)) != []


@pytest.mark.parametrize("entry", [
    "number: BGM/1004", "number: ~", "number: {as: text}", "number: {at: [BGM/1004, {at: BGM/1000, write: true, when: {type: [order]}}]}",
    "type: {at: BGM/1001, codes: {'220': order, '221': {ours: order, write: true}, '*': keep}}",
    "number: {at: BGM/1004, lookup: items}", "number: {at: BGM/1004, lookup: {table: items, on: issued_on}}",
    "notes: [{each: FTX, use: edifact_note}]", "buyer: {use: edifact_party, at: SG2, required: true}",
    "issued_on: {at: 2380, as: 'date(2379)', take: first, default: '2026-01-01'}",
])
def test_what_the_grammar_allows_fits(entry: str) -> None:
    assert wrong(GOOD.replace("number: {at: BGM/1004, required: true}", entry)) == []


def test_it_is_made_from_the_tables() -> None:
    made: dict[str, Any] = SCHEMAS["map"]
    assert list(made["properties"]) == list(mapfile.MAP_KEYS)
    rule = made["$defs"]["value"]["anyOf"][1]
    assert list(rule["properties"]) == list(mapfile.VALUE_KEYS)
    assert all(name in rule["properties"]["as"]["anyOf"][0]["pattern"] for name in CODECS)
    assert {name.removeprefix("fields.") for name in made["$defs"] if name.startswith("fields.")} == {*RECORDS, *PARTS}
    assert {*mapfile.MAP_KEYS, *mapfile.VALUE_KEYS, *mapfile.OBJECT_KEYS, *mapfile.LIST_KEYS} <= set(WORDS)


def test_the_validator_itself() -> None:
    rule = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "additionalProperties": False, "required": ["a"],
            "allOf": [{"if": {"properties": {"a": {"const": 2}}}, "then": {"properties": {"a": {"type": "string"}}}}]}
    assert errors({"a": 1}, rule, rule) == []
    assert errors({"a": 2}, rule, rule) == ["/a: 2 is no string"]
    assert errors({"a": 3, "b": 1}, rule, rule) == ["/a: 3 is not among [1, 2]", ": b is not known"]
    assert errors([], rule, rule) == [": [] is no object"]
    with pytest.raises(KeyError):
        errors(1, {"multipleOf": 2}, {})
