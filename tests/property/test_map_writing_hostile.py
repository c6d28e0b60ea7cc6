"""Hostile text in every text field that the samples of a map fill: it arrives as it was, or a finding names the field.
`tests/full/test_map_writing_full.py` tries every text in every field; here each field gets some of them, in turn."""

from __future__ import annotations

import pytest

from edi_bridge import outbound
from edi_bridge.interchange import Address, Delimiters
from tests.property import hostile_text as hostile
from tests.property.hostile_text import HOSTILE

TEXTS = list(HOSTILE.values())


@pytest.mark.parametrize("name", hostile.maps())
def test_hostile_text_arrives_or_is_refused_by_name(name: str) -> None:
    assert hostile.tried(name, lambda nth: [TEXTS[(nth * 5 + k * 7) % len(TEXTS)] for k in range(3)]) == []


X12 = "order.x12-4010-850"
DELIMITERS = "5*3 ~ 2>1"


def _order(text: str) -> dict[str, object]:
    """An 850 whose article is described by this text."""
    record = hostile.samples_of(X12)[0]
    return hostile.with_text(record, ("lines", 0, "description"), text)


def test_delimiters_in_x12_data_follow_the_policy() -> None:
    compiled = hostile.catalog().map_named(X12)
    refused = hostile.send(_order(DELIMITERS), compiled, "error")
    assert refused.records is None
    assert [one.kind for one in refused.findings] == ["cannot_write"] and "lines[0].description" in refused.findings[0].sentence()
    replaced = hostile.send(_order(DELIMITERS), compiled, "replace")
    assert replaced.records is not None and replaced.records[0]["lines"][0]["description"] == "5 3   2 1"
    other = hostile.send(_order(DELIMITERS), compiled, "other_delimiter")
    assert other.records is not None and other.records[0]["lines"][0]["description"] == DELIMITERS


def test_another_delimiter_is_one_that_no_text_holds() -> None:
    compiled = hostile.catalog().map_named(X12)
    ours, theirs = Address("9521200034004", "14"), Address("9521200038118", "14")
    head = outbound.Heading(ours, theirs, delimiters=Delimiters("*", ">", "~", "", ""), characters="other_delimiter", prepared="2026-11-21T10:00")
    content = outbound.compose([_order("a*b|c~d")], compiled, head).contents[0]
    assert content[3:4] not in b"*|" and content.count(b"a*b|c~d") == 1 and content[105:106] != b"~"


@pytest.mark.parametrize(("text", "replaced"), [
    ("Łódź", "Lódz"), ("Größe 5 €", "Größe 5 EUR"), ("a\nb", "a b"), ("🚢", "?")])
def test_characters_that_the_set_lacks_follow_the_policy(text: str, replaced: str) -> None:
    compiled = hostile.catalog().map_named("order.edifact-d96a")
    record = hostile.with_text(hostile.samples_of("order.edifact-d96a")[0], ("buyer", "name"), text)
    refused = hostile.send(record, compiled, "error")
    assert refused.records is None and "buyer.name" in refused.findings[0].sentence()
    sent = hostile.send(record, compiled, "replace")
    assert sent.records is not None and sent.records[0]["buyer"]["name"] == replaced


def test_the_proof_can_fail() -> None:
    """A build that lets a release character through unreleased is found out."""
    compiled = hostile.catalog().map_named("order.edifact-d96a")
    record = hostile.samples_of("order.edifact-d96a")[0]
    before = [hostile.with_text(record, ("number",), "another number")]
    assert hostile.wrong(record, ("seller", "name"), "plain", compiled, before)
