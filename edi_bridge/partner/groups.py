"""Groups of an interchange that are rejected for themselves: what is wrong with one says nothing against its neighbours.

A finding about a group (its header or trailer, its number, its count) rejects that group and everything in it. The interchange
goes with it where the agreement says so (`errors: {suspend: all}`, `reject_interchange`), or where none of its groups is left.
"""

from __future__ import annotations

from collections.abc import Sequence

from edi_bridge.finding import Finding, Level, Verdict
from edi_bridge.interchange import Group
from edi_bridge.partner.policy import action, verdict
from edi_bridge.partner.values import Partner


def rejected_groups(findings: Sequence[Finding], partner: Partner | None) -> frozenset[int]:
    """The ordinals of the groups that what was found in an envelope rejects, as it was agreed."""
    policies = partner.policies(None) if partner else ()
    return frozenset(one.position.group for one in findings if one.level is Level.GROUP and one.position.group is not None
                     and action(one.kind, policies).startswith("reject"))


def envelope_verdict(findings: Sequence[Finding], groups: Sequence[Group], partner: Partner | None) -> Verdict:
    """The verdict on an interchange as a whole by what was found in its envelope; `groups` are all that stood in it."""
    policies = partner.policies(None) if partner else ()
    together = partner is not None and partner.errors.suspend == "all"
    if together or rejected_groups(findings, partner) >= {group.ordinal for group in groups}:
        return verdict(findings, *policies)
    return verdict([one for one in findings if one.level is not Level.GROUP or action(one.kind, policies) != "reject"], *policies)
