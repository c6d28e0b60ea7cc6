"""From what became of an interchange to the answers that go out: outcomes in, sealed bytes out.

    pipeline.inbound(…) ─► MessageOutcome … ─► answers(…) ─► Answered: the bytes, and what a person must be told

Pure: control numbers and the time come in as arguments. Of each message only a line is kept (`ack.subject.Line`), and of an EDIFACT
message that is accepted nothing at all.

**Who is told.** What an answer cannot say goes to a person: `Answered.told`. Why something that might be expected does not go out is
said in `Answered.silent`.

**What is rejected together.** Where the interchange's own header or trailer rejects it, or a message condemns it (`errors:`,
`reject_interchange`), everything in it is rejected and no business answer goes out. A faulty group is rejected with everything in it,
and its neighbours stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from edi_bridge.answering import business, edifact, x12
from edi_bridge.answering.collecting import SHARED, Answered, Collected
from edi_bridge.answering.sealing import Answer, Draw, Seal
from edi_bridge.finding import Finding, Level, Verdict
from edi_bridge.interchange import GROUPS_KEPT, AnyMessage, Interchange
from edi_bridge.partner import Partner, envelope_verdict

__all__ = ["Answer", "Answered", "Collected", "Draw", "answered", "answers"]


class Outcome(Protocol):
    """What became of one message, or (`message` None) of its interchange; `pipeline.MessageOutcome` is one."""

    interchange: Interchange
    message: AnyMessage | None
    findings: list[Finding]
    verdict: Verdict
    partner: str


class Partners(Protocol):
    """Who knows the partners; `catalog.Catalog` does."""

    def partner_named(self, name: str) -> Partner:
        """The partner of that name; ConfigFault when there is none."""


def answers(outcomes: Iterable[Outcome], partners: Partners, *, draw: Draw, prepared: str) -> Iterator[Answered]:
    """What answers each interchange, in the order of the file, as soon as its last outcome came.

    `outcomes` are those of `pipeline.inbound`; `draw` gives control numbers, `prepared` is the time in the answers (ISO 8601,
    `2026-03-01T14:05`).
    """
    open_: Collected | None = None
    for outcome in outcomes:
        if open_ is None:
            partner = partners.partner_named(outcome.partner) if outcome.partner else None
            open_ = Collected(outcome.interchange, partner, prepared)
        if outcome.message is not None:
            open_.add(outcome.message, outcome.findings)
            continue
        yield answered(open_, outcome.findings, draw, prepared)
        open_ = None


def answered(collected: Collected, findings: Sequence[Finding], draw: Draw, prepared: str, *, again: bool = False) -> Answered:
    """All that answers an interchange of which every message was collected. `findings` are those of its envelope. `again`: it was
    acknowledged before, and only what became of documents since then is answered."""
    interchange = collected.interchange
    seal = Seal(interchange, draw, prepared)
    made = Answered(interchange.ordinal, interchange.control)
    if interchange.standard not in ("edifact", "x12"):
        if any(one.rejects for one in findings):
            made.told.append("nothing answers it, because nothing of it could be read or its standard has no acknowledgement")
        elif collected.worst is Verdict.REJECTED:
            made.told.append(f"something is rejected, and the partner does not hear of it: {interchange.standard} has no acknowledgement of its own")
        else:
            made.silent.append(f"{interchange.standard} has no acknowledgement of its own")
        return made
    counted = collected.counted([one for one in findings if one.kind not in SHARED], None)
    of_all = [one for one in counted if one.position.group is None or one.level is Level.INTERCHANGE]
    judged = envelope_verdict(counted, interchange.groups, collected.partner)
    suspended = any(one.kind == "interchange_suspended" for one in findings)
    condemned = judged is Verdict.REJECTED or (suspended and collected.worst is Verdict.REJECTED)
    groups = collected.groups(counted, condemned=condemned)
    collected.drop_advice({line.group.ordinal for line in groups if line.verdict is Verdict.REJECTED})
    if len(interchange.groups) == GROUPS_KEPT:
        made.told.append(f"it has {GROUPS_KEPT:,} groups or more: nothing answers it, a person must look at it")
        return made
    if again:
        pass
    elif interchange.standard == "edifact":
        edifact.report(collected, of_all, groups, seal, made, condemned=condemned)
    elif x12.envelope(collected, of_all, seal, made):
        x12.reports(collected, groups, seal, made)
    if not condemned:
        business.advice(collected, seal, made)
    return made
