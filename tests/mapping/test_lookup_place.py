"""Keys that no table knows are found in the message without tracing it: the bytes at each place are the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import generate
from edi_bridge import pipeline, syntax
from edi_bridge.catalog import Catalog
from edi_bridge.interchange import Message
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.lookup import Answer

EDIFACT = """map: mine
extends: order.edifact-d96a
fields:
  lines:
    fields:
      gtin: {at: "LIN/C212[7143=EN]/7140", as: ~, lookup: items}
"""
X12 = """map: mine
extends: order.x12-4010-850
fields:
  lines:
    fields:
      seller_item: {at: "PO1/pairs(06)[VN|VP|VC]", as: ~, lookup: items}
"""
TWO_PLACES = """map: mine
extends: order.edifact-d96a
fields:
  buyer: {fields: {gln: {at: "NAD/C082/3039", as: ~, lookup: places}}}
  deliver_to: {fields: {gln: {at: "NAD/C082/3039", as: ~, lookup: places}}}
"""


def unknown(table: str, key: str, on: str, *, back: bool = False) -> Answer:
    """A table without rows."""
    return Answer(None, why=f"the table {table} has no key {key}")


def compiled(text: str, folder: Path) -> CompiledMap:
    """The map of this text."""
    (folder / "mappings").mkdir()
    (folder / "mappings" / "mine.yaml").write_text(text)
    return Catalog(folder).map_named("mine")


def messages(content: bytes) -> list[Message]:
    """The messages of a file."""
    return [message for interchange in syntax.read(content) for message in interchange.messages if isinstance(message, Message)]


@pytest.mark.parametrize("text, kind, field", [(EDIFACT, generate.orders_d96a, "gtin"), (X12, generate.x12_850, "seller_item")])
def test_the_bytes_at_each_place_are_the_key_and_nothing_is_traced(text: str, kind, field: str, tmp_path: Path) -> None:
    content, map_ = b"".join(kind(5)), compiled(text, tmp_path)
    found = 0
    for message in messages(content):
        records, _ = map_.read(message)
        keys = [line[field] for line in records[0]["lines"] if field in line]
        _, findings = map_.ours(message, records, unknown)
        assert [one.value for one in findings] == keys
        for one in findings:
            place = one.position
            assert content[place.offset:place.offset + place.length].decode("latin-1") == one.value
        offsets = [one.position.offset for one in findings]
        assert offsets == sorted(set(offsets)), "two keys have one place, or they are not in the message's order"
        found += len(findings)
        assert map_._tracer is None
        assert {one.places[0].position for one in map_.trace(message) if one.path.endswith(field)} >= {one.position for one in findings}
        map_._tracer = None
    assert found > 100


def test_a_key_that_stands_at_several_places_is_traced(tmp_path: Path) -> None:
    content, map_ = b"".join(generate.orders_d96a(5)), compiled(TWO_PLACES, tmp_path)
    for message in messages(content):
        records, _ = map_.read(message)
        _, findings = map_.ours(message, records, unknown)
        traced = {one.path: one.places[0].position for one in map_.trace(message) if one.places}
        missing = [path for path in ("buyer.gln", "deliver_to.gln") if path in traced]
        assert missing and [one.position for one in findings] == [traced[path] for path in missing]
        for one in findings:
            assert content[one.position.offset:one.position.offset + one.position.length].decode() == one.value


def test_the_path_gives_the_same_places(tmp_path: Path) -> None:
    compiled(EDIFACT, tmp_path)

    class Unknowing(Catalog):
        def lookups_of(self, partner):  # type: ignore[no-untyped-def]
            return unknown

    content = b"".join(generate.orders_d96a(3))
    outcomes = [one for one in pipeline.inbound(content, Unknowing(tmp_path), map="mine") if one.message is not None]
    findings = [one for outcome in outcomes for one in outcome.findings if one.kind == "missing_lookup"]
    assert len(findings) > 50
    assert all(content[one.position.offset:one.position.offset + one.position.length].decode() == one.value for one in findings)
    assert all(one.position.id == "7140" and one.position.path.endswith("LIN/C212.7140") for one in findings)
