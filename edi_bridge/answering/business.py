"""The answers of the business: one APERAK for a document, one 824 for a group of them."""

from __future__ import annotations

from edi_bridge.ack import contrl, ta1, x824, x997
from edi_bridge.ack.subject import SEPARATOR, GroupLine
from edi_bridge.answering.collecting import Answered, Collected, messages
from edi_bridge.answering.sealing import Seal
from edi_bridge.finding import Verdict
from edi_bridge.interchange import Group, MessageType


def advice(collected: Collected, seal: Seal, answered: Answered) -> None:
    """The answers of the business: one APERAK a document, one 824 a group."""
    interchange, judged = collected.interchange, collected.business_worst
    if collected.documents:
        obstacle = contrl.obstacle(interchange)
        if obstacle:
            answered.told.append(f"no APERAK can be written: {obstacle}; tell the partner in another way")
            return
        count = len(collected.documents)
        answered.answers.append(seal.edifact("aperak", collected.documents, f"APERAK for {messages(count)}: {judged.value}", judged))
    made: list[tuple[Group, MessageType, list[str]]] = []
    for group in interchange.groups:
        told = collected.advice.get(group.ordinal)
        if not told:
            continue
        line = GroupLine(group, "", (), Verdict.ACCEPTED)
        if obstacle := x997.obstacle(line, interchange) or ta1.address_obstacle(interchange) or seal.obstacle:
            answered.told.append(f"no 824 to group {group.ordinal} can be written: {obstacle}; tell the partner in another way")
            continue
        heading = x824.heading(interchange, f"{interchange.control}-{group.ordinal}", collected.prepared, group.version)
        body = [heading, *(one for part in told for one in part.split(SEPARATOR))]
        made.append((group, x824.message_type(group.version), body))
    if made:
        count = sum(len(collected.advice[group.ordinal]) for group, _, _ in made)
        answered.answers.append(seal.x12("824", "AG", made, f"824 for {messages(count)}: {judged.value}", judged))
