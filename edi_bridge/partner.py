"""Partners and what is agreed with them: profiles as values, and which agreement rules an interchange."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from edi_bridge.fault import ConfigFault
from edi_bridge.finding import KINDS, Finding, Severity, Verdict
from edi_bridge.interchange import Address, MessageType
from edi_bridge.yamltext import Block, Problems, seconds

PARTNER_KEYS = ("partner", "about", "name", "identities", "charset", "allow_doctype", "findings", "acknowledge", "errors", "envelope", "agreements",
                "channels", "send", "answers", "numbers", "window", "expect", "wait", "same_content", "silence")
AGREEMENT_KEYS = ("message", "direction", "map", "test", "findings", "acknowledge", "restrict", "envelope",
                  "channel", "batch", "names", "expect", "wait", "same_content")
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
EXPECTED = ("contrl", "997", "999", "ta1", "aperak", "824", "network")  # what may be expected in answer to what we send
SAME_CONTENT = ("hold", "post")
BATCH_KEYS = ("count", "size", "wait")
NUMBER_KEYS = ("first", "last", "wrap")
SILENCE_KEYS = ("message", "by", "days", "zone", "holidays", "within")
LARGEST = 999_999_999  # ISA13 and GS06 have nine digits (X12.5, X12.6); UNB 0020 takes more, but nobody needs them
WINDOW = 365  # days after which a control number may come again
WAIT = 3 * 86400.0  # seconds that a change, response or invoice waits for the document it refers to


@dataclass(frozen=True, slots=True)
class Numbers:
    """The range of our interchange and group numbers for a partner, and whether it starts again at its end."""

    first: int = 1
    last: int = LARGEST
    wrap: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """How messages are put together into one interchange: at most `count` of them or about `size` bytes, at the latest `wait`
    seconds after the first."""

    count: int = 1
    size: int = 1_000_000
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Silence:
    """When something must have come: `message` (a star stands for any part) by `by` (HH:MM, on the clock of `zone`), on these `days`
    (1 is Monday) but not on `holidays`. It counts when it came since midnight, or `within` so many seconds before."""

    message: str
    by: str
    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    zone: str = "UTC"
    holidays: tuple[str, ...] = ()
    within: float = 0.0

    def fits(self, type: str) -> bool:
        """Whether a message of this type (`edifact/D96A/ORDERS`) is meant."""
        own, given = self.message.split("/"), type.split("/")
        return len(given) == 3 and all(part in ("*", one) for part, one in zip(own, given, strict=True))


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
    channel: str = ""  # for sending; '': the partner's
    batch: Batch = Batch()
    names: str = ""  # a template of file names; '': the channel's
    expect: Mapping[str, float] = field(default_factory=dict)  # answer → seconds within which it must be here
    wait: float | None = None
    same_content: str = ""

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
    send: str = ""  # the channel by which we send
    answers_by: str = ""  # the channel by which we answer; '': the one for sending
    numbers: Numbers = Numbers()
    window: int = WINDOW
    expect: Mapping[str, float] = field(default_factory=dict)
    wait: float = WAIT
    same_content: str = ""
    channels: Any = None  # YAML, read by `channel`
    silence: tuple[Silence, ...] = ()

    def expecting(self, agreement: Agreement | None) -> dict[str, float]:
        """Which answers must come to what we send, and within how many seconds; the agreement's word before the partner's."""
        return {**self.expect, **(agreement.expect if agreement else {})}

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
                                    _envelope(entry, problems), *_traffic(entry, problems)))
    identities = _identities(block, problems)
    policy = _policy(block, problems)
    acknowledge = _acknowledge(block, problems)
    errors = _errors(block, problems)
    envelope = _envelope(block, problems)
    send, answers = _text(block, "send", problems), _text(block, "answers", problems)
    numbers, window = _numbers(block, problems), _window(block, problems)
    expect, same = _expect(block, problems), _choice(block, "same_content", SAME_CONTENT, problems)
    wait = _time(block, "wait", problems)
    silence = _silence(block, problems)
    problems.done()
    return Partner(str(block["partner"]), str(block.get("name") or block["partner"]), identities, tuple(agreements),
                   block.get("charset"), bool(block.get("allow_doctype")), policy, acknowledge, errors, envelope, block.file,
                   send, answers, numbers, window, expect, WAIT if wait is None else wait, same,
                   block.get("channels"), silence)


def _traffic(entry: Block, problems: Problems) -> tuple[Any, ...]:
    """What an agreement says of sending and waiting, in the order of `Agreement`."""
    return (_text(entry, "channel", problems), _batch(entry, problems), _text(entry, "names", problems), _expect(entry, problems),
            _time(entry, "wait", problems), _choice(entry, "same_content", SAME_CONTENT, problems))


def _text(block: Block, key: str, problems: Problems) -> str:
    value = block.get(key)
    if value is not None and not (isinstance(value, str) and value):
        problems.add(block.value_marks[key], f"{key}: is a text")
    return str(value or "")


def _choice(block: Block, key: str, choices: tuple[str, ...], problems: Problems) -> str:
    value = block.get(key)
    if value is not None and value not in choices:
        problems.add(block.value_marks[key], f"{key}: is {' or '.join(choices)}")
    return str(value or "")


def _time(block: Block, key: str, problems: Problems) -> float | None:
    if key not in block:
        return None
    made = seconds(block[key])
    if made is None:
        problems.add(block.value_marks[key], f"{key}: is a time with its unit: 30s, 10m, 2h, 3d")
    return made


def _whole(block: Block, key: str, default: int, least: int, most: int, problems: Problems) -> int:
    value = block.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        problems.add(block.value_marks[key], f"{key}: is a whole number from {least:,} to {most:,}")
        return default
    return value


def _inner(block: Block, key: str, keys: tuple[str, ...], example: str, problems: Problems) -> Block | None:
    """A block within; None where there is none or where it is something else."""
    said = block.get(key)
    if said is None:
        return None
    if not isinstance(said, Block):
        problems.add(block.value_marks[key], f"{key}: is {example}")
        return None
    problems.unknown_keys(said, keys, f"{key}:")
    return said


def _numbers(block: Block, problems: Problems) -> Numbers:
    said = _inner(block, "numbers", NUMBER_KEYS, "{first: 1, last: 99999, wrap: true}", problems)
    if said is None:
        return Numbers()
    first = _whole(said, "first", 1, 1, LARGEST, problems)
    last = _whole(said, "last", LARGEST, 1, LARGEST, problems)
    if first > last:
        problems.add(said.mark, "the first number is larger than the last")
    if not isinstance(said.get("wrap", True), bool):
        problems.add(said.value_marks["wrap"], "wrap: is true or false")
    return Numbers(first, last, bool(said.get("wrap", True)))


def _window(block: Block, problems: Problems) -> int:
    made = _time(block, "window", problems)
    if made is not None and made < 86400:
        problems.add(block.value_marks["window"], "window: is at least one day: 365d")
    return WINDOW if made is None else int(made // 86400)


def _expect(block: Block, problems: Problems) -> dict[str, float]:
    said = _inner(block, "expect", EXPECTED, "{\"997\": 24h, contrl: 4h}", problems)
    made = {str(key): _time(said, key, problems) for key in said} if said is not None else {}
    return {key: value for key, value in made.items() if value is not None}


def _batch(block: Block, problems: Problems) -> Batch:
    said = _inner(block, "batch", BATCH_KEYS, "{count: 50, size: 1000000, wait: 10m}", problems)
    if said is None:
        return Batch()
    return Batch(_whole(said, "count", 1000, 1, 1_000_000, problems), _whole(said, "size", 1_000_000, 1, 2_000_000_000, problems),
                 _time(said, "wait", problems) or 0.0)


def _silence(block: Block, problems: Problems) -> tuple[Silence, ...]:
    said = block.get("silence")
    if said is None:
        return ()
    if not isinstance(said, list):
        problems.add(block.value_marks["silence"], "silence: is a list: [{message: \"*/*/ORDERS\", by: \"10:00\", days: 1-5}]")
        return ()
    return tuple(one for entry in said if (one := _silence_rule(entry, block, problems)) is not None)


def _silence_rule(entry: Any, block: Block, problems: Problems) -> Silence | None:
    if not isinstance(entry, Block):
        problems.add(block.value_marks["silence"], "each rule is {message: \"*/*/ORDERS\", by: \"10:00\"}")
        return None
    before = len(problems.found)
    problems.unknown_keys(entry, SILENCE_KEYS, "a rule of silence")
    message, by, zone = (entry.get(key, default) for key, default in (("message", ""), ("by", ""), ("zone", "UTC")))
    if not isinstance(message, str) or message.count("/") != 2:
        problems.add(entry.value_marks.get("message", entry.mark), "message: is of the form edifact/D96A/ORDERS; a star stands for any part")
    if not isinstance(by, str) or not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", by):
        problems.add(entry.value_marks.get("by", entry.mark), "by: is a time of day: \"10:00\"")
    if not isinstance(zone, str) or not _is_zone(zone):
        problems.add(entry.value_marks.get("zone", entry.mark), f"there is no time zone {zone}; zone: is such as Europe/Berlin")
    days = _weekdays(entry.get("days", "1-7"))
    if not days:
        problems.add(entry.value_marks.get("days", entry.mark), "days: are weekdays, 1 is Monday: 1-5, or [1, 3]")
    holidays = entry.get("holidays", ())
    if not isinstance(holidays, list | tuple) or not all(isinstance(one, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", one) for one in holidays):
        problems.add(entry.value_marks.get("holidays", entry.mark), "holidays: is a list of days: [2026-12-25]")
    within = _time(entry, "within", problems)
    return Silence(message, by, days, zone, tuple(holidays), within or 0.0) if len(problems.found) == before else None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _weekdays(said: Any) -> tuple[int, ...]:
    """1, `1-5` or [1, 3] as days; () when it is none of these."""
    listed = said if isinstance(said, list) else [said]
    made: set[int] = set()
    for one in listed:
        low, _, high = str(one).partition("-")
        if not re.fullmatch("[1-7](-[1-7])?", str(one)) or (high and high < low):
            return ()
        made.update(range(int(low), int(high or low) + 1))
    return tuple(sorted(made))


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
