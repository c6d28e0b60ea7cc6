"""Answers against what we sent: what became of each interchange, group and message.

Scope as the standards have it: an ISA13 or 0020 counts between one sender and one receiver (ids with their qualifiers), a GS06
between the same for one kind of group, a ST02 or 0062 inside its group or interchange. A 997 names no interchange, so its
group is looked for in all that went to that receiver. Where a number was used again, the one that still waits is meant,
else the newest.

Four families of answers do not contradict each other, they look at different things: the transfer (MDN), the envelope (TA1), the
syntax (CONTRL, 997, 999), the business (APERAK, 824). In one family the newest answer holds; over all of them the worst.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from edi_bridge.ack.statement import Answer, Outcome, Statement, Subject
from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Address

FAMILIES = {
    "MDN": "transfer",
    "TA1": "envelope",
    "CONTRL": "syntax",
    "997": "syntax",
    "999": "syntax",
    "APERAK": "business",
    "824": "business",
}
WORST_FIRST = (Outcome.REJECTED, Outcome.PARTIALLY, Outcome.WITH_ERRORS, Outcome.ACCEPTED, Outcome.RECEIVED)

Key = tuple[str, str, str]  # level (interchange, group, message), number of the group, reference of the message; '' for none


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message that went out; `document` is the number of the business document in it, where it is known."""

    reference: str
    type: str
    document: str = ""

    @property
    def final(self) -> bool:
        """Whether it is an acknowledgement, which no other answers (`choice.NEVER`)."""
        return FAMILIES.get(self.type) in ("envelope", "syntax")


@dataclass(frozen=True, slots=True)
class SentGroup:
    """One group; messages without a group stand in one with the control ''. `kind` is GS01."""

    control: str
    kind: str
    messages: tuple[SentMessage, ...]

    @property
    def final(self) -> bool:
        """Whether all of it are acknowledgements that nothing answers."""
        return all(one.final for one in self.messages)


@dataclass(frozen=True, slots=True)
class Sent:
    """One interchange that went out. `answered` are earlier answers: (family, *key) → what the newest said, as `said` puts it.
    `transfer` is the Message-ID of an AS2 transfer."""

    standard: str
    sender: Address
    receiver: Address
    control: str
    groups: tuple[SentGroup, ...] = ()
    sent_at: datetime | None = None
    due_at: datetime | None = None
    transfer: str = ""
    answered: Mapping[tuple[str, str, str, str], str] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        """Whether all of it are acknowledgements that nothing answers; an X12 interchange without messages holds TA1s alone."""
        return all(one.final for one in self.groups) and (bool(self.groups) or self.standard == "x12")

    def messages(self) -> Iterator[tuple[SentGroup, SentMessage]]:
        """Each message with its group."""
        for group in self.groups:
            for message in group.messages:
                yield group, message


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One statement and what it is about. `sent` None: something that was never sent. `repeated` is same or other where an
    answer of the same family came before."""

    statement: Statement
    sent: Sent | None
    key: Key
    late: bool = False
    repeated: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What became of one thing that was sent. `outcome` None: nobody said anything yet; `overdue`: and it was due. `by` are
    the statements that decided it; where they speak of something around it, `named` is False. `final`: it is itself an
    acknowledgement, and nothing answers it."""

    sent: Sent
    key: Key
    outcome: Outcome | None
    by: tuple[Statement, ...] = ()
    named: bool = True
    overdue: bool = False
    final: bool = False


def said(statement: Statement) -> str:
    """A statement in short, for `Sent.answered`: the same text means the same answer again."""
    places = ";".join(
        f"{one.code}@{one.position.segment}.{one.position.element}.{one.position.component}" for one in statement.complaints
    )
    return f"{statement.outcome.value}|{places}"


def reconcile(answers: Iterable[Answer], sent: Iterable[Sent], received_at: datetime | None = None) -> list[Reconciled]:
    """Each statement of the answers, in their order, with what it is about. `received_at` tells what came late; times must all
    have a zone, or none."""
    listed = list(sent)
    history = {id(one): dict(one.answered) for one in listed}
    return [_reconciled(statement, listed, history, received_at) for answer in answers for statement in answer.statements]


def _reconciled(statement: Statement, sent: Sequence[Sent], history: dict[int, dict[tuple[str, str, str, str], str]],
                received_at: datetime | None) -> Reconciled:
    family = FAMILIES[statement.answer]
    fitting = [(one, key, findings) for one in sent for key, findings in _keys(statement, one)]
    if not fitting:
        note = f"{statement.answer}: {statement.subject.words()} was never sent to {statement.subject.receiver}"
        return Reconciled(
            statement, None, _unknown(statement.subject), findings=(found("answer_to_nothing_sent", statement.place, note=note),)
        )
    waiting = [one for one in fitting if (family, *one[1]) not in history[id(one[0])]]
    mine, key, odd = (waiting or fitting)[-1]
    findings = list(odd)
    late = received_at is not None and mine.due_at is not None and received_at > mine.due_at
    if late:
        findings.append(
            found(
                "answer_late",
                statement.place,
                note=f"{statement.answer} for {statement.subject.words()} was due at {mine.due_at}",
            )
        )
    before, now = history[id(mine)].get((family, *key)), said(statement)
    repeated = ""
    if before is not None and not before.startswith(f"{Outcome.RECEIVED.value}|"):
        repeated = "same" if before == now else "other"
        kind = "answer_repeated" if repeated == "same" else "answer_changed"
        what = f"{statement.answer} for {statement.subject.words()}"
        findings.append(found(kind, statement.place, note=f"{what}: {_outcome(now)}, before: {_outcome(before)}"))
    history[id(mine)][(family, *key)] = now
    return Reconciled(statement, mine, key, late, repeated, tuple(findings))


def _outcome(text: str) -> str:
    return text.partition("|")[0]


def _unknown(subject: Subject) -> Key:
    return ("message" if subject.level == "document" else subject.level), subject.group, subject.message


def _keys(statement: Statement, sent: Sent) -> Iterator[tuple[Key, tuple[Finding, ...]]]:
    """What of one interchange the statement can be about, and what is odd about that."""
    subject = statement.subject
    if subject.transfer:
        if subject.transfer == sent.transfer:
            yield ("interchange", "", ""), ()
        return
    if subject.standard != sent.standard or not (_same(subject.sender, sent.sender) and _same(subject.receiver, sent.receiver)):
        return
    if subject.interchange and not _equal(subject.interchange, sent.control):
        return
    if subject.level == "interchange":
        yield ("interchange", "", ""), _written(statement, subject.interchange, sent.control)
        return
    for group in sent.groups:
        if subject.group and not (_equal(subject.group, group.control) and subject.kind in ("", group.kind)):
            continue
        if subject.level == "group":
            yield ("group", group.control, ""), _written(statement, subject.group, group.control)
            continue
        if subject.level == "message" and not subject.group and group.control and subject.standard == "x12":
            continue
        for message in group.messages:
            if _is(subject, message):
                odd = _written(statement, subject.message, message.reference) + _typed(statement, subject, message)
                yield ("message", group.control, message.reference), odd


def _is(subject: Subject, message: SentMessage) -> bool:
    """Whether a message is meant. Answers of the business name it by its reference, its document's number, or put the one where
    the other belongs; where they name both, both must fit."""
    if subject.level == "document":
        if not message.document:
            return bool(subject.message) and _equal(subject.message, message.reference)
        if subject.document and subject.message and _equal(subject.message, message.reference):
            return subject.document in (message.document, message.reference, "NA")
        return message.document in (subject.document, subject.message) or (
            not subject.document and bool(subject.message) and _equal(subject.message, message.reference))
    return bool(subject.message) and _equal(subject.message, message.reference)


def _same(one: Address, other: Address) -> bool:
    """The same party: id and, where both say it, qualifier (X12.5 I05: `1 ` is 01)."""
    qualifiers = [address.qualifier.strip().rjust(2, "0") for address in (one, other) if address.qualifier.strip()]
    return one.id.rstrip() == other.id.rstrip() and len(set(qualifiers)) < 2


def _equal(one: str, other: str) -> bool:
    """The same control number: numbers may have lost their leading zeros."""
    return one == other or (one.isascii() and one.isdigit() and other.isascii() and other.isdigit() and int(one) == int(other))


def _written(statement: Statement, theirs: str, ours: str) -> tuple[Finding, ...]:
    if not theirs or theirs == ours:
        return ()
    return (found("answer_malformed", statement.place, theirs, f"{statement.answer}: our number {ours} is written as {theirs}"),)


def _typed(statement: Statement, subject: Subject, message: SentMessage) -> tuple[Finding, ...]:
    if subject.type.partition(":")[0] in ("", message.type):
        return ()
    note = f"{statement.answer}: message {message.reference} was sent as {message.type}, the answer calls it {subject.type}"
    return (found("answer_malformed", statement.place, subject.type, note),)


def states(sent: Iterable[Sent], reconciled: Sequence[Reconciled], now: datetime | None = None) -> list[State]:
    """What became of each interchange, group and message, the interchange first. What is not named by an answer has what holds
    for everything below the thing that is; an interchange of which only groups are named has what these have together."""
    listed: list[State] = []
    for one in sent:
        mine = [each for each in reconciled if each.sent is one]
        overdue = now is not None and one.due_at is not None and now > one.due_at
        outer = _state(one, ("interchange", "", ""), mine, one.final)
        inner: list[State] = []
        for group in one.groups:
            around = outer
            if group.control:
                around = _inside(_state(one, ("group", group.control, ""), mine, group.final), outer)
                inner.append(around)
            inner += [
                _inside(_state(one, ("message", group.control, message.reference), mine, message.final), around)
                for message in group.messages
            ]
        tops = [state for state in inner if state.key[0] == "group"] or inner
        if outer.outcome in (None, Outcome.RECEIVED) and tops and all(state.outcome is not None for state in tops):
            outer = replace(
                outer,
                outcome=_together([state.outcome for state in tops if state.outcome]),
                by=outer.by or tuple(statement for state in tops for statement in state.by),
                named=outer.outcome is not None,
            )
        listed += [replace(state, overdue=overdue and not state.final and state.outcome in (None, Outcome.RECEIVED)) for state in (outer, *inner)]
    return listed


def _state(sent: Sent, key: Key, reconciled: Sequence[Reconciled], final: bool) -> State:
    """What the answers that name it say: the newest of each family, the worst of all."""
    newest = {FAMILIES[one.statement.answer]: one.statement for one in reconciled if one.key == key}
    if not newest:
        return State(sent, key, None, final=final)
    outcome = next(one for one in WORST_FIRST if any(statement.outcome is one for statement in newest.values()))
    return State(sent, key, outcome, tuple(newest.values()), final=final)


def _inside(state: State, around: State) -> State:
    """Where nothing better is said of it, it has what holds below the thing around it."""
    below = [(statement, statement.below) for statement in around.by if statement.below is not None]
    if not below or (state.outcome is not None and state.outcome is not Outcome.RECEIVED):
        return state
    outcome = next(one for one in WORST_FIRST if any(each is one for _, each in below))
    return replace(state, outcome=outcome, by=tuple(statement for statement, each in below if each is outcome), named=False)


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    """What an interchange has by its groups or messages."""
    kinds = set(outcomes)
    if len(kinds) == 1:
        return outcomes[0]
    if Outcome.REJECTED in kinds or Outcome.PARTIALLY in kinds:
        return Outcome.PARTIALLY
    return Outcome.RECEIVED if Outcome.RECEIVED in kinds else Outcome.WITH_ERRORS
