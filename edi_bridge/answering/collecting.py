"""What is kept of one interchange until its end is known: of each message a line, and what will be said of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edi_bridge.ack import aperak, choice, contrl, x824, x997
from edi_bridge.ack.subject import (
    SEPARATOR,
    GroupLine,
    Line,
    document,
    is_business,
    opening,
)
from edi_bridge.answering.sealing import Answer, Body
from edi_bridge.finding import Finding, Level, Verdict
from edi_bridge.interchange import AnyMessage, Interchange, Message, MessageType
from edi_bridge.partner import Partner, acknowledging, verdict

SHARED = "interchange_suspended", "message_suspended"  # they say what another message did
TYPES_KEPT = 1000  # whose agreement is remembered; a hostile file may make up more


@dataclass(slots=True)
class Answered:
    """What answers one interchange (its `ordinal` in the file and its control number): the answers in the order in which they go
    out; what a person must be told because no answer says it; and why nothing goes out where something might be expected."""

    interchange: int
    control: str
    answers: list[Answer] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


class Collected:
    """What is kept of one interchange until its end is known."""

    def __init__(self, interchange: Interchange, partner: Partner | None, prepared: str):
        self.interchange = interchange
        self.partner = partner
        self.prepared = prepared
        self.policies: dict[MessageType, dict[str, str]] = {}  # of each type that occurred
        self.lines: dict[int, list[Line]] = {}  # by the group's ordinal; of EDIFACT the rejected ones only
        self.forms: dict[int, tuple[str, str]] = {}  # by the group's ordinal: 997 or 999, and when it goes out
        self.advice: dict[int, list[str]] = {}  # 824, by the group's ordinal: the segments on one document in each
        self.documents: list[Body] = []  # APERAK
        self.advised: list[tuple[int, Verdict]] = []  # of each document that one of the two tells of: its group's ordinal, its verdict
        self.worst = Verdict.ACCEPTED
        self.messages = self.answerable = self.with_errors = 0

    def policy(self, type: MessageType) -> dict[str, str]:
        """What is agreed on answers to messages of this type."""
        if type not in self.policies:
            if len(self.policies) > TYPES_KEPT:
                return acknowledging(self.partner, type)
            self.policies[type] = acknowledging(self.partner, type)
        return self.policies[type]

    def add(self, message: AnyMessage, findings: Sequence[Finding]) -> None:
        """Take a message's line, and its answer of the business where one goes out."""
        self.messages += 1
        if not isinstance(message, Message):
            self.worst = worse(self.worst, self.judge(self.counted(findings, message.type), message.type))
            return
        policy = self.policy(message.type)
        counted = self.counted(findings, message.type)
        formal = [one for one in counted if not is_business(one) and one.kind not in SHARED]
        judged = self.judge(formal, message.type)
        self.worst = worse(self.worst, judged)
        self.with_errors += judged is Verdict.WITH_ERRORS
        if message.standard == "edifact":
            self._edifact(message, formal, judged)
        else:
            self._x12(message, formal, judged, policy)
        if judged is not Verdict.REJECTED:
            self._document(message, [one for one in counted if is_business(one) or one.kind in SHARED], policy)

    def _edifact(self, message: Message, formal: list[Finding], judged: Verdict) -> None:
        if not choice.answers("contrl", message.type):
            return
        self.answerable += 1
        if judged is Verdict.REJECTED:
            line = contrl.line(message, opening(message), formal, judged, self.interchange)
            self.lines.setdefault(line.group, []).append(line)

    def _x12(self, message: Message, formal: list[Finding], judged: Verdict, policy: Mapping[str, str]) -> None:
        if message.group is None:
            return
        ordinal = message.group.ordinal
        name, _ = self.forms.setdefault(ordinal, choice.of_group(policy, message.group))
        if choice.answers(name, message.type):
            self.answerable += 1
            line = x997.line(message, opening(message), formal, judged, self.interchange, name)
            self.lines.setdefault(ordinal, []).append(line)

    def _document(self, message: Message, about: list[Finding], policy: Mapping[str, str]) -> None:
        """The answer of the business to one document, where it is agreed."""
        name = "aperak" if message.standard == "edifact" else "824"
        when = policy.get(name, "never")
        if when == "never" or not choice.answers(name, message.type):
            return
        judged = self.judge(about, message.type)
        if not choice.goes_out(when, judged, asked=choice.asked(self.interchange, judged)):
            return
        ordinal = message.group.ordinal if message.group else 0
        self.advised.append((ordinal, judged))
        if name == "824":
            made = x824.detail(message, document(message), about, judged, self.interchange)
            self.advice.setdefault(ordinal, []).append(SEPARATOR.join(made))
            return
        number = f"{self.interchange.control}-{message.ordinal}"
        made = aperak.body(message, document(message), about, judged, self.interchange, number, self.prepared)
        self.documents.append((aperak.message_type(message.type.version), str(len(self.documents) + 1), made))

    @property
    def business_worst(self) -> Verdict:
        """The worst verdict on a document that is told of."""
        return max((judged for _, judged in self.advised), key=list(Verdict).index, default=Verdict.ACCEPTED)

    def drop_advice(self, groups: Collection[int]) -> None:
        """Nothing is said of the documents in groups that are rejected: nobody looks at them."""
        if not groups:
            return
        if self.documents:
            kept = [one for one, (group, _) in zip(self.documents, self.advised, strict=True) if group not in groups]
            self.documents = [(type, str(number), made) for number, (type, _, made) in enumerate(kept, 1)]
        for ordinal in groups:
            self.advice.pop(ordinal, None)
        self.advised = [one for one in self.advised if one[0] not in groups]

    def counted(self, findings: Iterable[Finding], type: MessageType | None) -> list[Finding]:
        """Without those that are only noted."""
        return [one for one in findings if self.judge([one], type) is not Verdict.ACCEPTED]

    def judge(self, findings: Sequence[Finding], type: MessageType | None) -> Verdict:
        """The verdict on findings, as it was agreed for messages of this type."""
        return verdict(findings, *(self.partner.policies(type) if self.partner else ()))

    def when(self, name: str) -> str:
        """When an answer to the whole interchange goes out, by what is agreed for the messages in it."""
        return choice.most(self.policies.values() or [acknowledging(self.partner)], name)

    def groups(self, findings: Sequence[Finding], *, condemned: bool) -> list[GroupLine]:
        """The groups that stood in it, with what was found in their headers and trailers."""
        made = []
        for group in self.interchange.groups:
            own = tuple(one for one in findings if one.position.group == group.ordinal and one.level is Level.GROUP)
            trailer = self.interchange.group_trailers.get(group.ordinal, "").split(self.interchange.delimiters.element)
            judged = Verdict.REJECTED if condemned else self.judge(own, None)
            made.append(GroupLine(group, trailer[1] if len(trailer) > 1 else "", own, judged))
        return made


def worse(one: Verdict, other: Verdict) -> Verdict:
    """The worse of two verdicts."""
    return max(one, other, key=list(Verdict).index)


def messages(count: int) -> str:
    """`1 message`, `2 messages`."""
    return f"{count:,} message{'s' * (count != 1)}"


def why_not(when: str, interchange: Interchange) -> str:
    """Why an answer does not go out, in words."""
    flag = "UNB 0031" if interchange.standard == "edifact" else "ISA14"
    return {"never": "none is agreed", "asked": f"it goes out when it is asked for, and {flag} does not ask",
            "on_error": "it goes out for errors only, and there are none"}[when]
