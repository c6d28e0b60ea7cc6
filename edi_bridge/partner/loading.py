"""Partner files and our own company's, read from YAML: everything that is wrong is said at once."""

from __future__ import annotations

from typing import Any

from edi_bridge.partner import words
from edi_bridge.partner.values import WAIT, Agreement, Own, Partner
from edi_bridge.yamltext import Block, Problems

PARTNER_KEYS = ("partner", "about", "name", "identities", "charset", "allow_doctype", "findings", "acknowledge", "errors", "envelope", "agreements",
                "channels", "send", "answers", "numbers", "window", "expect", "wait", "same_content", "silence")
AGREEMENT_KEYS = ("message", "direction", "map", "test", "findings", "acknowledge", "restrict", "envelope",
                  "channel", "batch", "names", "expect", "wait", "same_content")
OWN_KEYS = ("own", "about", "name", "identities", "parties")
SAME_CONTENT = ("hold", "post")


def load(block: Block) -> Partner:
    """A partner from its YAML. ConfigFault with everything that is wrong."""
    problems = Problems(block.file)
    problems.unknown_keys(block, PARTNER_KEYS, "a partner")
    if not isinstance(block.get("partner"), str):
        problems.add(block.mark, "partner: must name the partner, as the file does")
    agreements = []
    for entry in block.get("agreements") or ():
        if not isinstance(entry, Block):
            problems.add(block.value_marks["agreements"], "an agreement needs at least message:")
            continue
        problems.unknown_keys(entry, AGREEMENT_KEYS, "an agreement")
        message = str(entry.get("message") or "")
        if message.count("/") != 2:
            problems.add(entry.value_marks.get("message", entry.mark), "message: is of the form edifact/D96A/ORDERS")
        if entry.get("direction", "in") not in ("in", "out"):
            problems.add(entry.value_marks["direction"], "direction: is in or out")
        restrict = entry.get("restrict")
        if restrict is not None and not isinstance(restrict, Block):
            problems.add(entry.value_marks["restrict"], "restrict: names places of the message, each with what is narrowed there")
        agreements.append(Agreement(message, str(entry.get("map") or ""), str(entry.get("direction") or "in"), bool(entry.get("test")),
                                    words.policy(entry, problems), words.acknowledge(entry, problems), restrict if isinstance(restrict, Block) else None,
                                    words.envelope(entry, problems), *_traffic(entry, problems)))
    identities = words.identities(block, problems)
    policy = words.policy(block, problems)
    acknowledge = words.acknowledge(block, problems)
    errors = words.errors(block, problems)
    envelope = words.envelope(block, problems)
    send, answers = words.text(block, "send", problems), words.text(block, "answers", problems)
    numbers, window = words.numbers(block, problems), words.window(block, problems)
    expect, same = words.expect(block, problems), words.choice(block, "same_content", SAME_CONTENT, problems)
    wait = words.time(block, "wait", problems)
    silence = words.silence(block, problems)
    problems.done()
    return Partner(str(block["partner"]), str(block.get("name") or block["partner"]), identities, tuple(agreements),
                   block.get("charset"), bool(block.get("allow_doctype")), policy, acknowledge, errors, envelope, block.file,
                   send, answers, numbers, window, expect, WAIT if wait is None else wait, same,
                   block.get("channels"), silence)


def _traffic(entry: Block, problems: Problems) -> tuple[Any, ...]:
    """What an agreement says of sending and waiting, in the order of `Agreement`."""
    return (words.text(entry, "channel", problems), words.batch(entry, problems), words.text(entry, "names", problems), words.expect(entry, problems),
            words.time(entry, "wait", problems), words.choice(entry, "same_content", SAME_CONTENT, problems))


def load_own(block: Block) -> Own:
    """Our own company from `partners/_own.yaml`."""
    problems = Problems(block.file)
    problems.unknown_keys(block, OWN_KEYS, "our own company")
    parties = set()
    for entry in block.get("parties") or ():
        if not isinstance(entry, Block) or not entry.get("scheme") or not isinstance(entry.get("value"), str):
            problems.add(block.value_marks["parties"], "each party is {scheme: gln, value: \"…\"}, the value in quotes")
            continue
        parties.add((str(entry["scheme"]), entry["value"]))
    identities = words.identities(block, problems)
    problems.done()
    return Own(str(block.get("name") or block.get("own") or ""), identities, frozenset(parties))
