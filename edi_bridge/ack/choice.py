"""Which answers go out: what is agreed, what the header asks for, what never answers what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edi_bridge.ack.subject import at, elements
from edi_bridge.finding import Verdict
from edi_bridge.interchange import Group, Interchange, MessageType

WHEN = ("never", "asked", "on_error", "always")  # from the least to the most

# never answered (ISO 9735-4; X12.20; X12.5): a report by a report, or there would be no end of it
NEVER = {"contrl": frozenset({"CONTRL"}), "receipt": frozenset({"CONTRL"}), "aperak": frozenset({"CONTRL", "APERAK"}),
         "997": frozenset({"997", "999"}), "999": frozenset({"997", "999"}), "824": frozenset({"997", "999", "824"})}
REPORTS = "FA"  # GS01 of the groups that hold 997 and 999


def goes_out(when: str, verdict: Verdict, *, asked: bool) -> bool:
    """Whether an answer goes out: `when` as agreed, `asked` whether the header asks for it."""
    match when:
        case "always":
            return True
        case "asked":
            return asked
        case "on_error":
            return verdict is not Verdict.ACCEPTED
    return False


def most(policies: Iterable[Mapping[str, str]], name: str) -> str:
    """When an answer for several messages together goes out: as the message asks whose agreement asks for most."""
    return max((policy.get(name, "never") for policy in policies), key=WHEN.index, default="never")


def answers(name: str, type: MessageType) -> bool:
    """Whether an answer of that name may answer a message of this type at all."""
    return type.name not in NEVER.get(name, frozenset())


def of_group(policy: Mapping[str, str], group: Group) -> tuple[str, str]:
    """Which of 997 and 999 answers a group, and when: a 999 only where it is agreed and the group's release has it (005010)."""
    if group.kind == REPORTS:
        return "997", "never"
    if policy.get("999", "never") != "never":
        return ("999", policy["999"]) if group.version >= "005010" else ("997", policy["999"])
    return "997", policy.get("997", "never")


def asked(interchange: Interchange, verdict: Verdict) -> bool:
    """Whether the header asks for an answer: UNB 0031 = 1; ISA14 = 1, which is meant for a TA1 (X12 has no other flag, so it is
    taken for 997 and 999 too). From 008030 on ISA14 = 2 asks only for rejections, 3 for errors as well."""
    if interchange.standard == "x12":
        match at(elements(interchange.header, interchange.delimiters), 14).strip():
            case "2":
                return verdict is Verdict.REJECTED
            case "3":
                return verdict is not Verdict.ACCEPTED
    return interchange.acknowledge
