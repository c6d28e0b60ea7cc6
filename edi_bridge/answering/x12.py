"""Whether a TA1 and the 997s or 999s go out, and what they say."""

from __future__ import annotations

from collections.abc import Sequence

from edi_bridge.ack import choice, ta1, x997
from edi_bridge.ack.subject import GroupLine
from edi_bridge.answering.collecting import Answered, Collected, why_not, worse
from edi_bridge.answering.sealing import Seal
from edi_bridge.finding import Finding, Verdict
from edi_bridge.interchange import Group, MessageType
from edi_bridge.partner import acknowledging


def envelope(collected: Collected, of_all: Sequence[Finding], seal: Seal, answered: Answered) -> bool:
    """The TA1 where one goes out. False: what stands in the interchange is not answered, because it is rejected as a whole."""
    interchange = collected.interchange
    judged = collected.judge(of_all, None)
    obstacle = ta1.obstacle(interchange) or seal.obstacle
    if not obstacle and not collected.messages and not interchange.groups and all(one.kind != "nothing_inside" for one in of_all):
        answered.silent.append("nothing goes out: there is no group in it, and a TA1 is never answered by a TA1")
        return False
    when = collected.when("ta1")
    rejected = judged is Verdict.REJECTED
    if choice.goes_out(when, judged, asked=choice.asked(interchange, judged)):
        if obstacle:
            answered.told.append(f"no TA1 can be written: {obstacle}; tell the partner in another way")
        else:
            answered.answers.append(seal.ta1(ta1.body(interchange, judged, of_all), f"TA1 {ta1.VERDICTS[judged]}: the interchange's "
                                             f"envelope is {judged.value}", judged))
    else:
        answered.silent.append(f"no TA1: {why_not(when, interchange)}")
        if rejected:
            answered.told.append("the interchange is rejected, and the partner does not hear of it: no TA1 goes out")
    if rejected and interchange.groups:
        answered.silent.append("no 997 or 999: the interchange is rejected as a whole, its groups were not looked at")
    return not rejected


def reports(collected: Collected, groups: Sequence[GroupLine], seal: Seal, answered: Answered) -> None:
    """The 997s and 999s: one for each group that is to be answered, those of one version in one group of ours."""
    interchange = collected.interchange
    bodies: dict[str, list[tuple[Group, MessageType, list[str]]]] = {}
    worst = {"997": Verdict.ACCEPTED, "999": Verdict.ACCEPTED}
    for group in groups:
        ordinal = group.group.ordinal
        name, when = collected.forms.get(ordinal) or choice.of_group(acknowledging(collected.partner), group.group)
        lines = collected.lines.get(ordinal, [])
        judged = worse(group.verdict, max((one.verdict for one in lines), key=list(Verdict).index, default=Verdict.ACCEPTED))
        which = f"group {ordinal} ({group.group.reference})"
        if group.group.kind == choice.REPORTS:
            answered.silent.append(f"no {name} to {which}: a 997 or 999 is never answered by a 997 or 999")
        elif not choice.goes_out(when, judged, asked=choice.asked(interchange, judged)):
            answered.silent.append(f"no {name} to {which}: {why_not(when, interchange)}")
            if judged is Verdict.REJECTED:
                answered.told.append(f"something of {which} is rejected, and the partner does not hear of it: no {name} goes out")
        elif obstacle := x997.obstacle(group, interchange) or ta1.address_obstacle(interchange) or seal.obstacle:
            answered.told.append(f"no {name} to {which} can be written: {obstacle}; tell the partner in another way")
        else:
            worst[name] = worse(worst[name], judged)
            kind = x997.message_type(name, group.group.version)
            bodies.setdefault(name, []).append((group.group, kind, x997.report(interchange, group, lines, name)))
    for name, made in bodies.items():
        said = ", ".join(f"group {group.reference} {body[-1].split(interchange.delimiters.element)[1]}" for group, _, body in made)
        answered.answers.append(seal.x12(name, "FA", made, f"{name}: {said}", worst[name]))
