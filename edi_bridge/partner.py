"""Partners and what is agreed with them: profiles as values, and which agreement rules an interchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.finding import KINDS, Finding, Severity, Verdict
from edi_bridge.interchange import Address, MessageType
from edi_bridge.yamltext import Block, Problems

PARTNER_KEYS = ("partner", "about", "name", "identities", "charset", "allow_doctype", "findings", "acknowledge", "errors", "envelope", "agreements",
                "channels")
AGREEMENT_KEYS = ("message", "direction", "map", "test", "findings", "acknowledge", "restrict", "envelope")
ERRORS = {"interchange": ("split", "keep"), "suspend": ("message", "all")}
ENVELOPE_KEYS = ("syntax", "usage", "application", "charset", "delimiters", "line_breaks", "characters")
DELIMITER_KEYS = ("element", "component", "terminator", "release", "repetition", "decimal")
CHARACTERS = ("error", "replace", "other_delimiter")  # what becomes of a character that cannot stand in what we send
IDENTITY_KEYS = ("id", "qualifier", "standard")
OWN_KEYS = ("own", "about", "name", "identities", "parties")
ACTIONS = ("reject", "reject_interchange", "note", "off")
ACKNOWLEDGE = {  # what is answered, and when, unless the partner or the agreement says otherwise
    "ta1": "asked", "997": "always", "999": "never", "contrl": "asked", "receipt": "never", "aperak": "never", "824": "never"}
WHEN = ("always", "on_error", "asked", "never")


@dataclass(frozen=True, slots=True)
class Identity:
    """An address in an envelope; `standard` '' holds for all. Ids are compared as they are, only right-trimmed."""

    id: str
    qualifier: str = ""
    standard: str = ""

    def fits(self, address: Address, standard: str) -> bool:
        """Whether an envelope's address is this one. Qualifier `2 ` means 02 (X12.5 I05); nothing else is equivalent."""
        if self.standard and self.standard != standard:
            return False
        return self.id == address.id.rstrip() and (not self.qualifier or _qualifier(self.qualifier) == _qualifier(address.qualifier))


def _qualifier(text: str) -> str:
    text = text.strip()
    return "0" + text if len(text) == 1 and text.isdigit() else text


@dataclass(frozen=True, slots=True)
class Errors:
    """What a rejected message means for the others of its interchange.

    `interchange` split: each message is posted for itself; keep: what is posted of an interchange is posted together.
    `suspend` message: a rejected message is suspended alone; all: everything of its interchange with it.
    """

    interchange: str = "split"
    suspend: str = "message"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What holds for one message and direction. `findings` overrides what a kind does: reject, reject_interchange, note or
    off; `acknowledge` says which answers go out and when; `restrict` narrows the standard's guide (YAML, read by `guide`)."""

    message: str  # edifact/D96A/ORDERS; a star stands for any part: x12/*/850
    map: str = ""
    direction: str = "in"
    test: bool = False
    findings: Mapping[str, str] = field(default_factory=dict)
    acknowledge: Mapping[str, str] = field(default_factory=dict)
    restrict: Block | None = None
    envelope: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, type: MessageType, direction: str = "in") -> bool:
        """Whether it rules a message of this type."""
        own = self.message.split("/")
        return self.direction == direction and len(own) == 3 and all(
            part in ("*", given) for part, given in zip(own, (type.standard, type.version, type.name), strict=True))


@dataclass(frozen=True, slots=True)
class Partner:
    """A trading partner."""

    name: str
    title: str = ""
    identities: tuple[Identity, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    charset: str | None = None
    allow_doctype: bool = False
    findings: Mapping[str, str] = field(default_factory=dict)
    acknowledge: Mapping[str, str] = field(default_factory=dict)
    errors: Errors = Errors()
    envelope: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    channels: Any = None  # YAML, read by `channel`

    @property
    def judged_whole(self) -> bool:
        """Whether one message can reject everything of its interchange."""
        policies = [self.findings, *(one.findings for one in self.agreements)]
        return self.errors.suspend == "all" or any("reject_interchange" in policy.values() for policy in policies)

    def policies(self, type: MessageType | None) -> list[Mapping[str, str]]:
        """Whose word decides what a finding does, the most special first."""
        agreement = self.agreement(type) if type is not None else None
        return [one.findings for one in (agreement, self) if one is not None]

    def enveloping(self, agreement: Agreement | None) -> dict[str, Any]:
        """How what we send is wrapped (ENVELOPE_KEYS): the partner's word, the agreement's before it."""
        return {**self.envelope, **(agreement.envelope if agreement else {})}

    def identity(self, standard: str) -> Identity | None:
        """The address under which it is reached in a standard; None where it has none that fits."""
        return identity_for(self.identities, standard)

    def agreement(self, type: MessageType, direction: str = "in") -> Agreement | None:
        """The agreement for a message: the one without stars wins."""
        fitting = [one for one in self.agreements if one.fits(type, direction)]
        return min(fitting, key=lambda one: one.message.count("*"), default=None)


@dataclass(frozen=True, slots=True)
class Own:
    """Our own company: its envelope addresses and its party identifiers (scheme, value)."""

    title: str = ""
    identities: tuple[Identity, ...] = ()
    parties: frozenset[tuple[str, str]] = frozenset()

    def identity(self, standard: str) -> Identity | None:
        """The address with which we send in a standard; None where we have none that fits."""
        return identity_for(self.identities, standard)


def identity_for(identities: Sequence[Identity], standard: str) -> Identity | None:
    """The first identity meant for the standard, else the first one with a qualifier that is meant for all."""
    return (next((one for one in identities if one.standard == standard), None)
            or next((one for one in identities if not one.standard and one.qualifier), None))


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


def find(partners: Sequence[Partner], address: Address, standard: str) -> Partner | None:
    """The partner with this envelope address: an identity that names the qualifier wins over one that does not."""
    best: tuple[int, Partner] | None = None
    for partner in partners:
        for identity in partner.identities:
            if identity.fits(address, standard):
                weight = bool(identity.qualifier) + bool(identity.standard)
                if best is None or weight > best[0]:
                    best = (weight, partner)
    return best[1] if best else None


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
                                    _policy(entry, problems), _acknowledge(entry, problems), restrict if isinstance(restrict, Block) else None,
                                    _envelope(entry, problems)))
    identities = _identities(block, problems)
    policy = _policy(block, problems)
    acknowledge = _acknowledge(block, problems)
    errors = _errors(block, problems)
    envelope = _envelope(block, problems)
    problems.done()
    return Partner(str(block["partner"]), str(block.get("name") or block["partner"]), identities, tuple(agreements),
                   block.get("charset"), bool(block.get("allow_doctype")), policy, acknowledge, errors, envelope, block.file,
                   block.get("channels"))


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
    identities = _identities(block, problems)
    problems.done()
    return Own(str(block.get("name") or block.get("own") or ""), identities, frozenset(parties))


def check_unique(partners: Sequence[Partner]) -> None:
    """ConfigFault when one address leads to two partners."""
    seen: dict[Identity, Partner] = {}
    for partner in partners:
        for identity in partner.identities:
            other = seen.setdefault(identity, partner)
            if other is not partner:
                raise ConfigFault.at(partner.file, 0, 0, f"the address {identity.qualifier}:{identity.id} is also {other.name}'s ({other.file})")


def _identities(block: Block, problems: Problems) -> tuple[Identity, ...]:
    made = []
    for entry in block.get("identities") or ():
        if not isinstance(entry, Block):
            problems.add(block.value_marks["identities"], "each identity is {id: \"…\", qualifier: \"…\"}")
            continue
        problems.unknown_keys(entry, IDENTITY_KEYS, "an identity")
        for key in ("id", "qualifier"):
            if key in entry and not isinstance(entry[key], str):
                problems.add(entry.value_marks[key], f"{key}: put it in quotes, so that no zero is lost")
        made.append(Identity(str(entry.get("id") or "").rstrip(), str(entry.get("qualifier") or ""), str(entry.get("standard") or "")))
    return tuple(made)


def _policy(block: Block, problems: Problems) -> dict[str, str]:
    policy = block.get("findings")
    if not isinstance(policy, Block):
        return {}
    for kind, action in policy.items():
        if kind not in KINDS:
            problems.add(policy.marks[kind], f"there is no finding {kind}; docs/findings.md lists them")
        if action not in ACTIONS:
            problems.add(policy.value_marks[kind], "a finding may reject, reject_interchange, note or off")
    return {kind: str(action) for kind, action in policy.items()}


def _acknowledge(block: Block, problems: Problems) -> dict[str, str]:
    said = block.get("acknowledge")
    if said is None:
        return {}
    if not isinstance(said, Block):
        problems.add(block.value_marks["acknowledge"], "acknowledge: names answers and when they go out: {\"997\": always}")
        return {}
    problems.unknown_keys(said, tuple(ACKNOWLEDGE), "acknowledge:")
    for name, when in said.items():
        if when not in WHEN:
            problems.add(said.value_marks[name], f"{name} goes out {', '.join(WHEN[:-1])} or {WHEN[-1]}")
    chosen = {str(name): str(when) for name, when in said.items()}
    if all(chosen.get(name, "never") != "never" for name in ("997", "999")):
        problems.add(said.mark, "a group is answered by a 997 or by a 999, not by both")
    return chosen


def _errors(block: Block, problems: Problems) -> Errors:
    said = block.get("errors")
    if said is None:
        return Errors()
    if not isinstance(said, Block):
        problems.add(block.value_marks["errors"], "errors: is {interchange: split, suspend: message}")
        return Errors()
    problems.unknown_keys(said, tuple(ERRORS), "errors:")
    for key, values in ERRORS.items():
        if key in said and said[key] not in values:
            problems.add(said.value_marks[key], f"{key}: is {' or '.join(values)}")
    return Errors(str(said.get("interchange", "split")), str(said.get("suspend", "message")))


def _envelope(block: Block, problems: Problems) -> dict[str, Any]:
    said = block.get("envelope")
    if said is None:
        return {}
    if not isinstance(said, Block):
        problems.add(block.value_marks["envelope"], "envelope: is {syntax: \"UNOC:3\", usage: EAN008, …}")
        return {}
    problems.unknown_keys(said, ENVELOPE_KEYS, "envelope:")
    for key in ("syntax", "usage", "application", "charset"):
        if key in said and not isinstance(said[key], str):
            problems.add(said.value_marks[key], f"{key}: put it in quotes")
    if said.get("characters", "error") not in CHARACTERS:
        problems.add(said.value_marks["characters"], f"characters: is {', '.join(CHARACTERS[:-1])} or {CHARACTERS[-1]}")
    signs = said.get("delimiters")
    if isinstance(signs, Block):
        problems.unknown_keys(signs, DELIMITER_KEYS, "delimiters:")
        for key, sign in signs.items():
            if not isinstance(sign, str) or len(sign) > 1:
                problems.add(signs.value_marks[key], f"{key}: is one character, in quotes")
    elif signs is not None:
        problems.add(said.value_marks["delimiters"], "delimiters: is {element: \"*\", terminator: \"~\", …}")
    return {**said, **({"delimiters": dict(signs)} if isinstance(signs, Block) else {})}
