"""Profiles under a partner's file: what wins, what is added, what is taken out, and where each setting says it came from."""

from __future__ import annotations

from typing import Any

import pytest

from edi_bridge import partner as partners
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import MessageType
from edi_bridge.yamltext import parse

PROFILES = {
    "base": """profile: base
envelope: {syntax: "UNOC:3", delimiters: {element: "+", terminator: "'"}}
expect: {contrl: 4h}
roles: [customer, supplier]
""",
    "shop": """profile: shop
extends: profiles/base
findings: {too_long: note, unknown_code: reject}
window: 30d
agreements:
  - {message: edifact/D96A/ORDERS, map: order.a, batch: {count: 5, wait: 1m}}
  - {message: edifact/D96A/INVOIC, direction: out, map: invoice.a}
""",
    "round": "profile: round\nextends: profiles/round\n",
    "greedy": "profile: greedy\nidentities: [{id: A}]\nchannels: {x: {kind: directory}}\n",
    "wrong": "profile: wrong\nwindow: soon\n",
}


def profile(name: str) -> Any:
    if name not in PROFILES:
        raise ConfigFault.at("", 0, 0, f"there is no profile {name}")
    return parse(PROFILES[name], f"partners/profiles/{name}.yaml")


def load(text: str) -> partners.Partner:
    block: Any = parse(f"partner: p\n{text}", "partners/p.yaml")
    return partners.load(block, profile)


def test_the_partner_s_word_goes_before_the_profile_s_key_by_key() -> None:
    one = load("extends: profiles/shop\nfindings: {unknown_code: off}\nenvelope: {delimiters: {terminator: '~'}}\nroles: supplier\n")
    assert one.findings == {"too_long": "note", "unknown_code": "off"}
    assert one.envelope == {"syntax": "UNOC:3", "delimiters": {"element": "+", "terminator": "~"}}
    assert one.expect == {"contrl": 4 * 3600.0} and one.window == 30
    assert one.roles == ("supplier",)  # a list is replaced
    assert one.layers == ("partners/p.yaml", "partners/profiles/shop.yaml", "partners/profiles/base.yaml")


def test_a_tilde_takes_away_what_the_profile_says() -> None:
    one = load("extends: profiles/shop\nwindow: ~\nfindings: {too_long: ~}\nexpect: ~\n")
    assert (one.window, dict(one.findings), dict(one.expect)) == (365, {"unknown_code": "reject"}, {})


def test_a_999_takes_the_place_of_the_profile_s_997() -> None:
    PROFILES["x"] = 'profile: x\nacknowledge: {"997": always, ta1: asked}\nexpect: {"997": 24h, ta1: 1h}\n'
    one = load('extends: profiles/x\nacknowledge: {"999": always}\nexpect: {"999": 2h}\n')
    assert (one.acknowledge, one.expect) == ({"ta1": "asked", "999": "always"}, {"ta1": 3600.0, "999": 7200.0})
    assert load('extends: profiles/x\nacknowledge: {"999": never}\n').acknowledge == {"997": "always", "ta1": "asked", "999": "never"}


def test_agreements_are_merged_by_message_direction_and_test_flag() -> None:
    one = load("extends: profiles/shop\nagreements:\n"
               "  - {message: edifact/D96A/ORDERS, map: order.p, batch: {count: 9}}\n"
               "  - {message: edifact/D96A/INVOIC, direction: out, agreed: false}\n"
               "  - {message: edifact/D96A/ORDERS, test: true, map: order.t}\n")
    assert [(each.message, each.direction, each.test, each.map) for each in one.agreements] == [
        ("edifact/D96A/ORDERS", "in", False, "order.p"), ("edifact/D96A/ORDERS", "in", True, "order.t")]
    assert (one.agreements[0].batch.count, one.agreements[0].batch.wait) == (9, 60.0)


def test_each_setting_knows_the_file_it_comes_from() -> None:
    source = load("extends: profiles/shop\nwindow: 10d\nagreements:\n  - {message: edifact/D96A/ORDERS, map: order.p}\n").source
    places = {key: (source.files[key], source.marks[key][0]) for key in ("window", "findings", "expect")}
    assert places == {"window": ("partners/p.yaml", 3), "findings": ("partners/profiles/shop.yaml", 3), "expect": ("partners/profiles/base.yaml", 3)}
    orders = source["agreements"][0]
    assert (orders.files["map"], orders.files["batch"]) == ("partners/p.yaml", "partners/profiles/shop.yaml")


@pytest.mark.parametrize(("text", "says"), [
    ("extends: profiles/none\n", "partners/p.yaml:2:10: there is no profile none"),
    ("extends: base\n", "partners/p.yaml:2:10: extends: names a profile"),
    ("extends: profiles/round\n", "partners/profiles/round.yaml:2:10: profiles/round extends itself in a circle"),
    ("extends: profiles/greedy\n", "partners/profiles/greedy.yaml:2:1: identities: is for a partner's own file"),
    ("extends: profiles/greedy\n", "partners/profiles/greedy.yaml:3:1: channels: is for a partner's own file"),
    ("extends: profiles/wrong\n", "partners/profiles/wrong.yaml:2:9: window: is a time with its unit"),
])
def test_a_mistake_in_a_layer_is_told_where_it_stands(text: str, says: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        load(text)
    assert says in str(fault.value)


def test_a_message_has_one_agreement_for_a_direction_and_test_flag() -> None:
    with pytest.raises(ConfigFault) as fault:
        load("agreements:\n  - {message: edifact/D96A/ORDERS}\n  - {message: edifact/D96A/ORDERS, test: true}\n  - {message: edifact/D96A/ORDERS}\n")
    assert str(fault.value) == ("partners/p.yaml:5:5: edifact/D96A/ORDERS (in) is agreed twice (first in partners/p.yaml:3): "
                                "one message, direction and test flag has one agreement")


def test_of_two_agreements_the_one_with_fewer_stars_wins_then_the_one_with_the_test_flag() -> None:
    one = load("agreements:\n  - {message: '*/*/ORDERS', map: any}\n  - {message: edifact/*/ORDERS, map: test, test: true}\n"
               "  - {message: edifact/*/ORDERS, map: live}\n")
    orders = MessageType("edifact", "D96A", "ORDERS")
    found = [one.agreement(orders, test=flag) for flag in (False, True)] + [one.agreement(MessageType("x12", "004010", "ORDERS"), test=True)]
    assert [each.map for each in found if each] == ["live", "test", "any"]


def test_people_names_and_priority() -> None:
    one = load("""contacts:
  - {name: Ida Holm, role: edi, email: ida@p.example, phone: "+47 1", language: "no"}
  - {name: Per Vik, role: approver}
escalation: [{after: 4h, to: Ida Holm}, {after: 1d, to: Per Vik}]
priority: 1
retention: commercial
parties: [{scheme: gln, value: "9521200043594"}, {scheme: duns, value: "078451236"}]
as2: P-AS2
van: {network: lab, mailbox: P.MBX}
agreements: [{message: edifact/D96A/ORDERS, lookups: [items], stage: pilot, owner: Ann}]
""")
    assert one.contacts[0] == partners.Contact("Ida Holm", "edi", "ida@p.example", "+47 1", "no")
    assert [(step.after, step.to) for step in one.escalation] == [(14400.0, "Ida Holm"), (86400.0, "Per Vik")]
    assert (one.priority, one.retention, one.as2, one.van) == (1, "commercial", "P-AS2", {"network": "lab", "mailbox": "P.MBX"})
    assert one.parties == (("gln", "9521200043594"), ("duns", "078451236"))
    assert (one.agreements[0].lookups, one.agreements[0].stage, one.agreements[0].owner) == (("items",), "pilot", "Ann")


@pytest.mark.parametrize(("text", "says"), [
    ("contacts: [{role: edi}]", "p.yaml:2:12: a contact needs its name:"),
    ("contacts: [{name: A, role: boss}]", "p.yaml:2:28: role: is edi, business, technical or approver"),
    ("contacts: [{name: A, email: nowhere}]", "p.yaml:2:29: email: is an address"),
    ("escalation: [{after: 1h, to: B}]", "p.yaml:2:30: there is no contact B; known are none"),
    ("contacts: [{name: A}]\nescalation: [{after: 2h, to: A}, {after: 1h, to: A}]", "p.yaml:3:42: each step comes later"),
    ("escalation: [soon]", "p.yaml:2:14: each entry of escalation: is {after"),
    ("roles: [king]", "p.yaml:2:8: roles: king is none of customer, supplier"),
    ("priority: 9", "p.yaml:2:11: priority: is a whole number from 1 to 5"),
    ("van: {network: lab}", "p.yaml:2:6: van: needs mailbox:"),
    ("parties: [{scheme: gln, value: 95}]", "p.yaml:2:11: each party is {scheme: gln"),
    ("agreements: [{message: a/b/c, stage: soon}]", "p.yaml:2:38: stage: is draft or connecting or"),
    ("identities: [{qualifier: \"14\"}]", "p.yaml:2:14: an identity needs its id:"),
    ("identities: [{id: 0123}]", "p.yaml:2:19: id: put it in quotes, so that no zero is lost"),
    ("identities: [{id: A, standard: edi}]", "p.yaml:2:32: standard: is edifact, x12"),
])
def test_a_mistake_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        load(text)
    assert says in str(fault.value)
