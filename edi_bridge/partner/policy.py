"""What becomes of findings and what is answered, as it was agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edi_bridge.finding import KINDS, Finding, Severity, Verdict
from edi_bridge.interchange import MessageType
from edi_bridge.partner.values import Partner

ACKNOWLEDGE = {  # what is answered, and when, unless the partner or the agreement says otherwise
    "ta1": "asked", "997": "always", "999": "never", "contrl": "asked", "receipt": "never", "aperak": "never", "824": "never"}


def acknowledging(partner: Partner | None, type: MessageType | None = None) -> dict[str, str]:
    """Which answer goes out when, by name: the defaults, changed by the partner, changed by the agreement for the message.

    997 and 999 stand for each other: who asks for one of them does not get the other.
    """
    said = dict(ACKNOWLEDGE)
    agreement = partner.agreement(type) if partner and type is not None else None
    for one in (partner, agreement):
        if one is None:
            continue
        for mine, other in (("997", "999"), ("999", "997")):
            if one.acknowledge.get(mine, "never") != "never":
                said[other] = "never"
        said.update(one.acknowledge)
    return said


def action(kind: str, policies: Sequence[Mapping[str, str]]) -> str:
    """What a finding of this kind does: reject, reject_interchange, note or off; the first policy that speaks of it."""
    return next((policy[kind] for policy in policies if kind in policy), KINDS[kind].severity.value)


def verdict(findings: Sequence[Finding], *policies: Mapping[str, str]) -> Verdict:
    """Accepted, with errors or rejected, by each finding's kind and the first policy that speaks of it."""
    worst = Verdict.ACCEPTED
    for one in findings:
        does = action(one.kind, policies)
        if does.startswith("reject"):
            return Verdict.REJECTED
        if does == "note" and KINDS[one.kind].severity is Severity.REJECT:
            worst = Verdict.WITH_ERRORS
    return worst


def condemns(findings: Sequence[Finding], partner: Partner | None, type: MessageType | None) -> bool:
    """Whether what was found in one message rejects everything of its interchange, as it was agreed."""
    if partner is None:
        return False
    policies = partner.policies(type)
    if partner.errors.suspend == "all" and verdict(findings, *policies) is Verdict.REJECTED:
        return True
    return any(action(one.kind, policies) == "reject_interchange" for one in findings)
