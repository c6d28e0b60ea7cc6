"""Whether a CONTRL goes out, and what it says."""

from __future__ import annotations

from collections.abc import Sequence

from edi_bridge.ack import choice, contrl
from edi_bridge.ack.subject import GroupLine, Line
from edi_bridge.answering.collecting import (
    Answered,
    Collected,
    messages,
    why_not,
    worse,
)
from edi_bridge.answering.sealing import Seal
from edi_bridge.finding import Finding, Verdict


def report(collected: Collected, of_all: Sequence[Finding], groups: Sequence[GroupLine], seal: Seal, answered: Answered, *,
           condemned: bool) -> None:
    """The CONTRL that only says that the interchange came, and the one that says what became of it, where they go out.

    `of_all` are the findings on the interchange itself; `condemned`: it is rejected with everything in it.
    """
    interchange = collected.interchange
    if collected.messages and not collected.answerable:
        answered.silent.append("no CONTRL: a CONTRL is never answered by a CONTRL")
        return
    if collected.with_errors:
        answered.told.append(f"accepted although something is wrong: {messages(collected.with_errors)}; a CONTRL cannot say so")
    judged = Verdict.REJECTED if condemned else collected.judge(of_all, None)
    refused_groups = sum(group.verdict is Verdict.REJECTED for group in groups) if not condemned else 0
    worst = worse(judged, Verdict.REJECTED if refused_groups else collected.worst)
    if not condemned:
        _receipt(collected, worst, seal, answered)
    when = collected.when("contrl")
    # what is only accepted with errors cannot be said, so it is no reason to answer
    reason = worst if worst is Verdict.REJECTED else Verdict.ACCEPTED
    if not choice.goes_out(when, reason, asked=choice.asked(interchange, worst)):
        answered.silent.append(f"no CONTRL: {why_not(when, interchange)}")
        if worst is Verdict.REJECTED:
            answered.told.append("something is rejected, and the partner does not hear of it: no CONTRL goes out")
        return
    lines = [line for group in sorted(collected.lines) for line in collected.lines[group]]
    obstacle = contrl.obstacle(interchange)
    if condemned:  # what cannot be named is rejected with the whole interchange
        groups = [group for group in groups if not contrl.group_obstacle(group, interchange)]
        lines = [line for line in lines if not contrl.unnameable(line, interchange)]
    elif not obstacle:
        obstacle = _unnameable(collected, groups, lines)
    if obstacle:
        answered.told.append(f"no CONTRL can be written: {obstacle}; tell the partner in another way")
        return
    body = contrl.report(interchange, judged, of_all, lines, groups)
    answered.answers.append(seal.edifact("contrl", [(contrl.message_type(interchange), "1", body)], _words(judged, len(lines), refused_groups), worst))


def _receipt(collected: Collected, worst: Verdict, seal: Seal, answered: Answered) -> None:
    """A CONTRL with 8: only for an interchange whose own header and trailer are good (0083 in the service code list)."""
    interchange = collected.interchange
    asked = choice.asked(interchange, worst)
    if choice.goes_out(collected.when("receipt"), worst, asked=asked) and not contrl.obstacle(interchange):
        answered.answers.append(seal.edifact("receipt", [(contrl.message_type(interchange), "1", contrl.receipt(interchange))],
                                             "CONTRL 8: the interchange was received, nothing is said of its content", Verdict.ACCEPTED))


def _unnameable(collected: Collected, groups: Sequence[GroupLine], lines: Sequence[Line]) -> str:
    """Why something that must be reported cannot be; '' when all can."""
    unnamed = sum(contrl.unnameable(line, collected.interchange) for line in lines)
    if unnamed:
        return f"the header of {messages(unnamed)} has no reference or type that a CONTRL could name"
    reported = (group for group in groups if group.verdict is Verdict.REJECTED or group.group.ordinal in collected.lines)
    return next(filter(None, (contrl.group_obstacle(group, collected.interchange) for group in reported)), "")


def _words(judged: Verdict, rejected: int, groups: int) -> str:
    if judged is Verdict.REJECTED:
        return "CONTRL 4: the interchange is rejected with everything in it"
    listed = [f"{groups:,} group{'s' * (groups != 1)}"] * bool(groups) + [messages(rejected)] * bool(rejected)
    return f"CONTRL 7: the interchange is accepted, {' and '.join(listed)} rejected" if listed else "CONTRL 7: everything is accepted"
