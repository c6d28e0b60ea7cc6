"""Agreements: what is answered, what a finding does, what a rejected message means for the others."""

from __future__ import annotations

from typing import Any

import pytest

from edi_bridge import partner as partners
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Verdict, found
from edi_bridge.interchange import MessageType
from edi_bridge.yamltext import parse

ORDERS = MessageType("edifact", "D96A", "ORDERS")


def load(text: str) -> partners.Partner:
    block: Any = parse(f"partner: p\n{text}".encode(), "p.yaml")
    return partners.load(block)


def test_the_agreement_decides_before_the_partner_what_a_finding_does() -> None:
    one = load("findings: {unknown_code: note, too_long: off}\n"
               "agreements: [{message: edifact/*/ORDERS, findings: {unknown_code: reject_interchange}}]")
    policies = one.policies(ORDERS)
    assert partners.action("unknown_code", policies) == "reject_interchange"
    assert partners.action("unknown_code", one.policies(None)) == "note"
    assert partners.action("too_long", policies) == "off"
    assert partners.action("missing_segment", policies) == "reject"
    assert partners.verdict([found("unknown_code")], *one.policies(None)) is Verdict.WITH_ERRORS
    assert partners.verdict([found("unknown_code")], *policies) is Verdict.REJECTED
    assert partners.condemns([found("unknown_code")], one, ORDERS)
    assert not partners.condemns([found("missing_segment")], one, ORDERS)
    assert one.judged_whole


def test_who_suspends_all_lets_each_rejecting_finding_condemn_the_interchange() -> None:
    one = load("errors: {suspend: all}")
    assert one.errors == partners.Errors("split", "all") and one.judged_whole
    assert partners.condemns([found("missing_segment")], one, ORDERS)
    assert not partners.condemns([found("trailing_separator")], one, ORDERS)
    assert not load("errors: {interchange: keep}").judged_whole


def test_answers_are_the_defaults_changed_by_partner_and_agreement() -> None:
    one = load('acknowledge: {"999": always, ta1: never}\n'
               "agreements: [{message: x12/005010/850, acknowledge: {\"824\": on_error}}]")
    said = partners.acknowledging(one, MessageType("x12", "005010", "850"))
    assert (said["997"], said["999"], said["ta1"], said["824"]) == ("never", "always", "never", "on_error")
    assert partners.acknowledging(one, MessageType("x12", "005010", "810"))["824"] == "never"
    assert partners.acknowledging(None) == partners.ACKNOWLEDGE


@pytest.mark.parametrize(("text", "says"), [
    ("acknowledge: {991: always}", "acknowledge:"),
    ('acknowledge: {"997": sometimes}', "p.yaml:2:22: 997 goes out always, on_error, asked or never"),
    ('acknowledge: {"997": always, "999": on_error}', "not by both"),
    ("acknowledge: always", "names answers"),
    ("errors: {suspend: some}", "p.yaml:2:19: suspend: is message or all"),
    ("errors: all", "p.yaml:2:9: errors: is {interchange: split, suspend: message}"),
    ("errors: {suspended: all}", "errors: has no key 'suspended'; did you mean suspend?"),
    ("envelope: UNOC", "p.yaml:2:11: envelope: is {syntax:"),
    ("numbers: 5", "p.yaml:2:10: numbers: is {first: 1,"),
    ("findings: {too_long: perhaps}", "reject_interchange, note or off"),
    ("agreements: [{message: edifact/D96A/ORDERS, restrict: [FTX]}]", "restrict: names places"),
])
def test_a_mistake_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        load(text)
    assert says in str(fault.value)
