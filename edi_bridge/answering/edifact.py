"""Whether a CONTRL goes out, and what it says."""

from __future__ import annotations

from collections.abc import Sequence

from edi_bridge.ack import choice, contrl
from edi_bridge.ack.subject import GroupLine
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
    interchange = collected.interchange
    if collected.messages and not collected.answerable:
        answered.silent.append("no CONTRL: a CONTRL is never answered by a CONTRL")
        return
    lines = [line for group in sorted(collected.lines) for line in collected.lines[group]]
    judged = Verdict.REJECTED if condemned else collected.judge(of_all, None)
    worst = worse(judged, collected.worst)
    if collected.with_errors:
        answered.told.append(f"{messages(collected.with_errors)} accepted although something is wrong in them, which a CONTRL cannot say")
    obstacle = contrl.obstacle(interchange) or next(
        (why for group in groups if (group.verdict is Verdict.REJECTED or group.group.ordinal in collected.lines)
         and (why := contrl.group_obstacle(group, interchange))), "")
    if not obstacle and collected.unnameable:
        obstacle = f"the header of {messages(collected.unnameable)} has no reference or type that a CONTRL could name"
    receipt = collected.when("receipt")
    if judged is not Verdict.REJECTED and choice.goes_out(receipt, worst, asked=choice.asked(interchange, worst)) and not contrl.obstacle(interchange):
        answered.answers.append(seal.edifact("receipt", [(contrl.message_type(interchange), "1", contrl.receipt(interchange))],
                                             "CONTRL 8: the interchange was received, nothing is said of its content", Verdict.ACCEPTED))
    when = collected.when("contrl")
    # what is only accepted with errors is said to nobody by a CONTRL, so it is no error to answer
    counts = worst if worst is Verdict.REJECTED else Verdict.ACCEPTED
    if not choice.goes_out(when, counts, asked=choice.asked(interchange, worst)):
        answered.silent.append(f"no CONTRL: {why_not(when, interchange)}")
        if worst is Verdict.REJECTED:
            answered.told.append("something is rejected, and the partner does not hear of it: no CONTRL goes out")
    elif obstacle:
        answered.told.append(f"no CONTRL can be written: {obstacle}; tell the partner in another way")
    else:
        body = contrl.report(interchange, judged, of_all, lines, groups)
        answered.answers.append(seal.edifact("contrl", [(contrl.message_type(interchange), "1", body)],
                                             _contrl_words(judged, len(lines)), worst))


def _contrl_words(judged: Verdict, rejected: int) -> str:
    if judged is Verdict.REJECTED:
        return "CONTRL 4: the interchange is rejected with everything in it"
    return "CONTRL 7: everything is accepted" if not rejected else f"CONTRL 7: the interchange is accepted, {messages(rejected)} rejected"
