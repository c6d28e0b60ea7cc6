"""What lint says of a partner's file, each kind planted into a file that has nothing else wrong; and the settings in force."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edi_bridge import partner as partners
from edi_bridge.partner.effective import flow, settings
from edi_bridge.partner.lint import KINDS, Known, lint
from edi_bridge.yamltext import parse

MAPS = {"order.a": "edifact/D96A/ORDERS", "invoice.a": "edifact/D96A/INVOIC", "order.x": "x12/004010/850", "grown": ""}
OWN = partners.Own("We", (partners.Identity("9521200034004", "14", "edifact"), partners.Identity("315369934", "01", "x12")))
KNOWN = Known(OWN, MAPS.get, lambda message: message in MAPS.values(), lambda table: table == "items", frozenset({"p.sftp", "lab"}), frozenset())
GOOD = """partner: p
name: P
identities:
  - {id: "9521200043594", qualifier: "14"}
contacts: [{name: Ida}]
channels: {sftp: {kind: sftp}}
send: sftp
agreements:
  - {message: edifact/D96A/ORDERS, map: order.a, lookups: [items]}
  - {message: edifact/D96A/INVOIC, direction: out, map: invoice.a}
"""


def load(text: str, file: str = "partners/p.yaml") -> partners.Partner:
    block: Any = parse(text, file)
    return partners.load(block)


def told(text: str, known: Known = KNOWN) -> list[tuple[str, int, int]]:
    return [(one.kind, one.line, one.column) for one in lint(load(text), known)]


def test_nothing_is_said_of_a_file_that_is_in_order() -> None:
    assert told(GOOD) == []


PLANTED = [  # what stands there, what is put in its place, what is said of it: kind, line, column
    ("partner: p", "partner: q", ("other_name", 1, 10)),
    ('id: "9521200043594"', 'id: "9521200034004"', ("hosts_swapped", 4, 5)),
    ('id: "9521200043594", qualifier: "14"', 'id: "315369934", qualifier: "1 ", standard: x12', ("hosts_swapped", 4, 5)),
    ('id: "9521200043594", qualifier: "14"', 'id: "PACME-TEST", qualifier: "ZZ"', ("test_id_live", 4, 5)),
    ('id: "9521200043594"', 'id: "9521200043595"', ("bad_id", 4, 5)),
    ('id: "9521200043594"', 'id: "521200043594"', ("bad_id", 4, 5)),
    ("map: order.a", "map: order.b", ("map_unknown", 9, 41)),
    ("map: order.a", "map: order.x", ("map_other_message", 9, 41)),
    ("map: order.a", "map: invoice.a", ("map_other_message", 9, 41)),
    ("message: edifact/D96A/ORDERS, map: order.a", "message: edifact/D96A/ORDER", ("unknown_message", 9, 15)),
    ("lookups: [items]", "lookups: [branches]", ("no_lookup", 9, 59)),
    ("lookups: [items]", "batch: {count: 9}", ("wrong_direction", 9, 57)),
    ("map: invoice.a", "map: invoice.a, acknowledge: {contrl: never}", ("wrong_direction", 10, 81)),
    ("map: invoice.a", "map: invoice.a, channel: fax", ("channel_unknown", 10, 77)),
    ("send: sftp", "send: fax", ("channel_unknown", 7, 7)),
    ("send: sftp", "send: sftp\nretention: for-ever", ("retention_unknown", 8, 12)),
    ("send: sftp", "answers: sftp", ("no_way_out", 10, 15)),
    ("send: sftp", "send: lab", ("channel_unused", 6, 12)),
    ("send: sftp", "send: sftp\nexpect: {contrl: 4h}", ("deadline_unasked", 8, 10)),
    ("send: sftp", "send: sftp\nexpect: {\"997\": 4h}", ("deadline_idle", 8, 10)),
    ("map: invoice.a", "map: invoice.a, expect: {contrl: 4h}", ("deadline_unasked", 10, 77)),
    ('qualifier: "14"', 'qualifier: "14", standard: x12', ("no_address", 10, 15)),
    ("contacts: [{name: Ida}]", "roles: [customer]", ("nobody_named", 1, 10)),
    ("send: sftp", "send: sftp\npriority: 1", ("no_escalation", 1, 10)),
]


@pytest.mark.parametrize(("there", "instead", "says"), PLANTED, ids=lambda value: str(value)[:30])
def test_a_planted_mistake_is_told_with_its_place(there: str, instead: str, says: tuple[str, int, int]) -> None:
    assert there in GOOD
    assert says in told(GOOD.replace(there, instead))


def test_every_kind_is_planted() -> None:
    assert {says[0] for _, _, says in PLANTED} == set(KINDS) - {"stage_unknown"}


def test_a_stage_of_what_is_not_agreed_is_told() -> None:
    moved = partners.Moved("edifact/D96A/DESADV", "in", "pilot", "2026-11-22T07:00:00Z", "ann", "r", place=("partners/_stages.yaml", 3, 5))
    found = lint(partners.staged(load(GOOD), [moved]), KNOWN)
    assert [(one.kind, one.level, one.file, one.line, one.column) for one in found] == [("stage_unknown", "warning", "partners/_stages.yaml", 3, 5)]


def test_what_is_asked_for_or_only_for_tests_is_no_doubt() -> None:
    asked = GOOD.replace("send: sftp", "send: sftp\nexpect: {contrl: 4h}\nenvelope: {ask: true}")
    assert told(asked) == []
    tests = GOOD.replace('"9521200043594", qualifier: "14"', '"PTEST", qualifier: "ZZ"').replace("ORDERS,", "ORDERS, test: true,").replace(
        "direction: out,", "direction: out, test: true,")
    assert told(tests) == []
    assert told(GOOD.replace("PACME", "CONTEST").replace('"9521200043594", qualifier: "14"', '"ATTESTED", qualifier: "ZZ"')) == []


def test_a_channel_that_is_fetched_from_is_used() -> None:
    one = GOOD.replace("send: sftp", "send: lab")
    assert told(one, replace(KNOWN, fetched=frozenset({"p.sftp"}))) == []


def test_a_map_with_stars_or_of_a_map_that_does_not_say_its_message_is_not_judged() -> None:
    assert told(GOOD.replace("message: edifact/D96A/ORDERS, map: order.a", "message: edifact/*/ORDERS, map: order.a")) == []
    assert told(GOOD.replace("map: order.a", "map: grown")) == []


def test_settings_are_listed_with_their_lines_then_the_defaults() -> None:
    rows = {one.path: (one.value, one.origin) for one in settings(load(GOOD + "window: 30d\nenvelope: {syntax: 'UNOC:3'}\n"))}
    assert rows["window"] == ("30d", "partners/p.yaml:11")
    assert rows["envelope.syntax"] == ('"UNOC:3"', "partners/p.yaml:12")
    assert rows["identities[1]"] == ('{id: "9521200043594", qualifier: "14"}', "partners/p.yaml:4")
    assert rows["agreements[edifact/D96A/INVOIC out].map"] == ("invoice.a", "partners/p.yaml:10")
    assert rows["agreements[edifact/D96A/INVOIC out].stage"] == ("live", "default")
    assert rows["channels.sftp.kind"] == ("sftp", "partners/p.yaml:6")
    assert rows["priority"] == ("3", "default") and rows["wait"] == ("3d", "default")
    assert rows["acknowledge.997"] == ("always", "default")


@pytest.mark.parametrize(("value", "text"), [
    (True, "true"), (None, "~"), ([1, "a"], "[1, a]"), ({"a": ["x: y"]}, '{a: ["x: y"]}'), ("0123", '"0123"'), ("Müller & Co", "Müller & Co"),
    ("4h", "4h"), ("~", '"~"'), ("a, b", '"a, b"'),
])
def test_a_value_is_shown_as_yaml_reads_it_again(value: Any, text: str) -> None:
    assert flow(value) == text
    again: Any = parse(f"key: {text}", "x.yaml")
    assert again["key"] == value
