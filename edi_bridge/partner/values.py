"""What is agreed with partners, as values: identities, agreements, partners, our own company."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from edi_bridge.interchange import Address, MessageType
from edi_bridge.yamltext import Block, Mark

LARGEST = 999_999_999  # ISA13 and GS06 have nine digits (X12.5, X12.6); UNB 0020 takes more, but nobody needs them
WINDOW = 365  # days after which a control number may come again
PRIORITY = 3  # 1 is served first, 5 last
STAGES = ("draft", "connecting", "validating", "certifying", "shadow", "pilot", "live", "paused", "retest", "retired")
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
    internal: str = ""  # the address behind it: UNB 0008/0014 (told in the envelope), GS02/GS03 (told by the group)
    mark: Mark = field(default=(0, 0), compare=False)

    @property
    def address(self) -> Address:
        """As we write it into an envelope."""
        return Address(self.id, self.qualifier, self.internal)

    def weight(self, standard: str) -> int:
        """How much it says of an envelope: of several that fit, the one that says most is meant. An internal address (which only
        UNB has) outweighs the qualifier, and that the standard."""
        return 4 * bool(self.internal and standard == "edifact") + 2 * bool(self.qualifier) + bool(self.standard)

    def same(self) -> tuple[str, str, str, str]:
        """What two identities must have in common to be one address: a qualifier `2 ` and `02` are the same."""
        return self.id, _qualifier(self.qualifier), self.standard, self.internal if self.standard != "x12" else ""

    def fits(self, address: Address, standard: str) -> bool:
        """Whether an envelope's address is this one. Qualifier `2 ` means 02 (X12.5 I05); nothing else is equivalent."""
        if self.standard and self.standard != standard:
            return False
        if self.internal and standard == "edifact" and self.internal != address.internal.rstrip():
            return False
        return self.id == address.id.rstrip() and (not self.qualifier or _qualifier(self.qualifier) == _qualifier(address.qualifier))


def _qualifier(text: str) -> str:
    text = text.strip()
    return "0" + text if len(text) == 1 and text.isdigit() else text


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at the partner (or one of ours), and what they are asked about: `role` is edi, business, technical or approver."""

    name: str
    role: str = "edi"
    email: str = ""
    phone: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is told when something has been open for `after` seconds: the name of a contact."""

    after: float
    to: str


@dataclass(frozen=True, slots=True)
class Errors:
    """What a rejected message means for the others of its interchange.

    `interchange` split: each message is posted for itself; keep: what is posted of an interchange is posted together.
    `suspend` message: a rejected message is suspended alone; all: everything of its interchange with it.
    """

    interchange: str = "split"
    suspend: str = "message"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a pilot may take and send: `documents` in all and `daily` at most, the first `approve` looked at by a person. 0: no limit."""

    documents: int = 0
    daily: int = 0
    approve: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched while real traffic runs: the share of messages that are refused or held (`rejects` percent of the newest `of`), and
    what was never seen before. `then` and `first_seen` are alarm, pause or off."""

    rejects: float = 20.0
    of: int = 50
    then: str = "alarm"
    first_seen: str = "alarm"


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
    lookups: tuple[str, ...] = ()  # the tables of keys that it needs beside those that its map names
    stage: str = "live"  # of STAGES
    owner: str = ""  # who answers for it with us
    since: str = ""  # when it entered its stage (ISO 8601, UTC), by `partners/_stages.yaml`; '': nobody moved it
    former: str = ""  # the stage before
    limits: Limits = Limits()
    staged: tuple[str, int, int] = field(default=("", 0, 0), compare=False)  # where its stage is said; '' file: here
    mark: Mark = field(default=(0, 0), compare=False)
    file: str = field(default="", compare=False)
    gates: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # gate → limit → value
    watch: Watch = Watch()

    @property
    def key(self) -> tuple[str, str, bool]:
        """What only one agreement with a partner may have: message, direction, test flag."""
        return self.message, self.direction, self.test

    def fits(self, type: MessageType, direction: str = "in") -> bool:
        """Whether it rules a message of this type."""
        return self.direction == direction and _fits(self.message, type)


@lru_cache(maxsize=4096)
def _fits(agreed: str, type: MessageType) -> bool:
    """Whether a message (with stars) means a type; asked several times for each message."""
    own = agreed.split("/")
    return len(own) == 3 and all(part in ("*", given) for part, given in zip(own, (type.standard, type.version, type.name), strict=True))


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
    roles: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    escalation: tuple[Escalation, ...] = ()
    priority: int = PRIORITY
    retention: str = ""  # the class under which its exchanges are kept
    parties: tuple[tuple[str, str], ...] = ()  # (scheme, value): how documents name it
    as2: str = ""
    van: Mapping[str, str] = field(default_factory=dict)  # network, mailbox
    layers: tuple[str, ...] = ()  # the files it was made of: its own, then the profiles it extends
    strays: tuple[tuple[str, str, str, int, int], ...] = ()  # stages in force that fit no agreement: message, direction, place
    testing: bool = False  # whether what it is asked about is a test
    source: Any = field(default=None, compare=False, repr=False)  # its YAML after the layers were merged

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

    def whose(self, agreements: Iterable[Agreement | None]) -> str:
        """What a sentence about what comes or goes by these agreements ends with: who answers for it with us; '' where nobody is named."""
        names = list(dict.fromkeys(one.owner for one in agreements if one is not None and one.owner))
        return f" ({', '.join(names)} answer{'s' * (len(names) == 1)} for it)" if names else ""

    def enveloping(self, agreement: Agreement | None) -> dict[str, Any]:
        """How what we send is wrapped (ENVELOPE_KEYS): the partner's word, the agreement's before it."""
        return {**self.envelope, **(agreement.envelope if agreement else {})}

    def identity(self, standard: str) -> Identity | None:
        """The address under which it is reached in a standard; None where it has none that fits."""
        return identity_for(self.identities, standard)

    def agreement(self, type: MessageType, direction: str = "in", test: bool | None = None) -> Agreement | None:
        """The agreement for a message: of those that fit, the one with the fewest stars. Those for tests rule tests alone, and before the
        others. `test` None: as the partner was taken (`ruling`)."""
        wanted = self.testing if test is None else test
        fitting = [one for one in self.agreements if (wanted or not one.test) and one.fits(type, direction)]
        return min(fitting, key=lambda one: (wanted and not one.test, one.message.count("*")), default=None)

    def ruling(self, test: bool) -> Partner:
        """The partner as it rules a test, or live traffic: agreements for tests are asked for tests alone."""
        return self if self.testing == test else replace(self, testing=test)


@dataclass(frozen=True, slots=True)
class Own:
    """Our own company: its envelope addresses and its party identifiers (scheme, value)."""

    title: str = ""
    identities: tuple[Identity, ...] = ()
    parties: frozenset[tuple[str, str]] = frozenset()
    retention: Mapping[str, int] = field(default_factory=dict)  # class → days for which exchanges of its partners are kept

    def identity(self, standard: str) -> Identity | None:
        """The address with which we send in a standard; None where we have none that fits."""
        return identity_for(self.identities, standard)


def identity_for(identities: Sequence[Identity], standard: str) -> Identity | None:
    """The first identity meant for the standard, else the first one with a qualifier that is meant for all."""
    return (next((one for one in identities if one.standard == standard), None)
            or next((one for one in identities if not one.standard and one.qualifier), None))
