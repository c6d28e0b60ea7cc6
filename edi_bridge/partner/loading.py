"""Partner files and our own company's, read from YAML: everything that is wrong is said at once."""

from __future__ import annotations

from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.partner import people, words
from edi_bridge.partner.layers import Profiles, layered
from edi_bridge.partner.values import PRIORITY, STAGES, WAIT, Agreement, Own, Partner
from edi_bridge.yamltext import Block, Problems

PARTNER_KEYS = ("partner", "about", "name", "extends", "identities", "charset", "allow_doctype", "findings", "acknowledge", "errors", "envelope",
                "agreements", "channels", "send", "answers", "numbers", "window", "expect", "wait", "same_content", "silence",
                "roles", "contacts", "escalation", "priority", "retention", "parties", "as2", "van", "stage")
AGREEMENT_KEYS = ("message", "direction", "map", "test", "findings", "acknowledge", "restrict", "envelope",
                  "channel", "batch", "names", "expect", "wait", "same_content", "lookups", "stage", "owner", "agreed", "gates", "watch")
OWN_KEYS = ("own", "about", "name", "identities", "parties", "retention")
SAME_CONTENT = ("hold", "post")


def no_profiles(name: str) -> Block:
    """Where no profiles are known."""
    raise ConfigFault.at("", 0, 0, f"there is no profile {name}")


def load(block: Block, profiles: Profiles = no_profiles) -> Partner:
    """A partner from its YAML, with the profiles that it extends. ConfigFault with everything that is wrong."""
    block, layers = layered(block, profiles)
    problems = Problems(block.file)
    problems.unknown_keys(block, PARTNER_KEYS, "a partner")
    if not isinstance(block.get("partner"), str):
        problems.add(block.mark, "partner: must name the partner, as the file does")
    if not isinstance(block.get("allow_doctype", False), bool):
        problems.wrong(block, "allow_doctype", "allow_doctype: is true or false")
    if not isinstance(block.get("channels"), Block | None):
        problems.wrong(block, "channels", "channels: names channels, each with its kind: and options")
    agreements = _agreements(block, problems)
    contacts = people.contacts(block, problems)
    wait = words.time(block, "wait", problems)
    made: dict[str, Any] = {
        "title": words.text(block, "name", problems), "charset": words.text(block, "charset", problems) or None,
        "identities": words.identities(block, problems), "agreements": agreements,
        "findings": words.policy(block, problems), "acknowledge": words.acknowledge(block, problems),
        "errors": words.errors(block, problems), "envelope": words.envelope(block, problems),
        "send": words.text(block, "send", problems), "answers_by": words.text(block, "answers", problems),
        "numbers": words.numbers(block, problems), "window": words.window(block, problems), "expect": words.expect(block, problems),
        "wait": WAIT if wait is None else wait, "same_content": words.choice(block, "same_content", SAME_CONTENT, problems),
        "silence": words.silence(block, problems),
        "roles": words.texts(block, "roles", people.ROLES, problems), "contacts": contacts,
        "escalation": people.escalation(block, contacts, problems), "priority": words.whole(block, "priority", PRIORITY, 1, 5, problems),
        "retention": words.text(block, "retention", problems), "parties": people.parties(block, problems),
        "as2": words.text(block, "as2", problems), "van": people.van(block, problems)}
    problems.done()
    made["title"] = made["title"] or str(block["partner"])
    return Partner(str(block["partner"]), allow_doctype=bool(block.get("allow_doctype")), file=block.file, channels=block.get("channels"), layers=layers, source=block, **made)


def _agreements(block: Block, problems: Problems) -> tuple[Agreement, ...]:
    made: list[Agreement] = []
    stage = words.choice(block, "stage", STAGES, problems) or "live"
    for entry in words.listed(block, "agreements", "{message: edifact/D96A/ORDERS, …}", problems):
        one = _agreement(entry, stage, problems)
        before = next((other for other in made if other.key == one.key), None)
        if before is not None:
            problems.add(one.mark, f"{one.message} ({one.direction}{', test' * one.test}) is agreed twice (first in {before.file}:{before.mark[0]}): "
                                   "one message, direction and test flag has one agreement", one.file)
        made.append(one)
    return tuple(made)


def _agreement(entry: Block, stage: str, problems: Problems) -> Agreement:
    problems.unknown_keys(entry, AGREEMENT_KEYS, "an agreement")
    message = str(entry.get("message") or "")
    if message.count("/") != 2:
        problems.wrong(entry, "message", "message: is of the form edifact/D96A/ORDERS")
    if entry.get("direction", "in") not in ("in", "out"):
        problems.wrong(entry, "direction", "direction: is in or out")
    for key in ("test", "agreed"):
        if not isinstance(entry.get(key, True), bool):
            problems.wrong(entry, key, f"{key}: is true or false")
    restrict = entry.get("restrict")
    if restrict is not None and not isinstance(restrict, Block):
        problems.wrong(entry, "restrict", "restrict: names places of the message, each with what is narrowed there")
    return Agreement(
        message, str(entry.get("map") or ""), str(entry.get("direction") or "in"), bool(entry.get("test")),
        words.policy(entry, problems), words.acknowledge(entry, problems), restrict if isinstance(restrict, Block) else None,
        words.envelope(entry, problems), words.text(entry, "channel", problems), words.batch(entry, problems), words.text(entry, "names", problems),
        words.expect(entry, problems), words.time(entry, "wait", problems), words.choice(entry, "same_content", SAME_CONTENT, problems),
        words.texts(entry, "lookups", (), problems), words.choice(entry, "stage", STAGES, problems) or stage,
        words.text(entry, "owner", problems), mark=entry.mark, file=entry.file, gates=words.gates(entry, problems), watch=words.watch(entry, problems))


def load_own(block: Block) -> Own:
    """Our own company from `partners/_own.yaml`."""
    problems = Problems(block.file)
    problems.unknown_keys(block, OWN_KEYS, "our own company")
    parties = frozenset(people.parties(block, problems))
    identities = words.identities(block, problems)
    retention = words.retention(block, problems)
    problems.done()
    return Own(str(block.get("name") or block.get("own") or ""), identities, parties, retention)
