"""Answers that come in, laid beside what we sent: CONTRL, TA1, 997, 999, APERAK, 824.

In the closing transaction of the interchange that brought them each statement gets its row, and what we sent its outcome. An answer to nothing we sent is kept, with an alarm; a late one still counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, insert, select

from edi_bridge.ack import reading
from edi_bridge.ack import reconcile as matching
from edi_bridge.ack.reconcile import Key, Reconciled, Sent, SentGroup, SentMessage
from edi_bridge.ack.statement import Answer, Outcome, Statement, Subject
from edi_bridge.crashpoint import passing
from edi_bridge.engine.entry_agreement import whose
from edi_bridge.interchange import Address, Interchange, Message
from edi_bridge.store import alarm, outbox
from edi_bridge.store.tables import ledger

REFUSALS = (Outcome.REJECTED, Outcome.PARTIALLY, Outcome.WITH_ERRORS)


@dataclass
class Reconciling:
    """Reads and notes answers. `now`: the time as the ledger writes it."""

    catalog: Any
    now: Callable[[], str]

    @cached_property
    def _words(self) -> Any:
        from edi_bridge import explaining  # loads long, and a daemon must soon be back at work

        return explaining.code_words(self.catalog.guide)

    def read(self, message: Message, interchange: Interchange) -> Answer:
        """What a message that answers something says."""
        return reading.read(message, interchange, self._words)

    def strays(self, interchange: Interchange) -> list[Answer]:
        """What stands between the messages of an interchange that were gone through: TA1s."""
        return list(reading.strays(interchange, self._words)) if interchange.strays else []

    def note(self, connection: Connection, exchange: int, answers: Sequence[Answer]) -> None:
        """Keep what the answers of an exchange say, and what became of what we sent by them."""
        statements = [statement for answer in answers for statement in answer.statements]
        if not statements:
            return
        partner = connection.execute(select(ledger().exchange.c.partner).where(ledger().exchange.c.id == exchange)).scalar_one()
        found = self._sent(connection, statements)
        sent = [(one, entry) for one, entry in found if not partner or entry.partner == partner]  # nobody answers for somebody else
        now = datetime.fromisoformat(self.now())
        matched = matching.reconcile(answers, [one for one, _ in sent], now)
        entries = {id(one): entry for one, entry in sent}
        connection.execute(insert(ledger().answered), [
            _row(exchange, one, entries.get(id(one.sent)) if one.sent is not None else None, self.now()) for one in matched])
        passing("ack_matched")
        touched = list({id(one.sent): one.sent for one in matched if one.sent is not None}.values())
        for mine in touched:  # their statements have their rows by now
            self._outcome(connection, mine, entries[id(mine)], [each for each in matched if each.sent is mine])
        for one in matched:
            if one.sent is None:
                other = next((entry for _, entry in found if entry.control == one.statement.subject.interchange), None)
                note = next((finding.note for finding in one.findings), "") if other is None else (
                    f"{one.statement.answer}: {one.statement.subject.words()} went to {other.partner}, and {partner} answers it: nothing changes")
                alarm.raise_(connection, "acknowledgement_unmatched", f"exchange {exchange}", f"exchange {exchange}: {note}", self.now())

    def _sent(self, connection: Connection, statements: Iterable[Statement]) -> list[tuple[Sent, outbox.Entry]]:
        """What went out between the addresses that the statements name, with what was said of it before."""
        found: dict[int, tuple[Sent, outbox.Entry]] = {}
        for standard, sender, receiver in {(s.subject.standard, s.subject.sender, s.subject.receiver) for s in statements}:
            for entry in outbox.candidates(connection, standard, sender, receiver):
                found.setdefault(entry.id, (_sent(connection, entry), entry))
        return [found[id] for id in sorted(found)]

    def _outcome(self, connection: Connection, sent: Sent, entry: outbox.Entry, matched: Sequence[Reconciled]) -> None:
        """Write down what holds now for the interchange and its messages; a refusal rings."""
        for state in matching.states([sent], [_again(row, sent) for row in _statements(connection, entry.id)]):
            said = state.outcome.value if state.outcome is not None else ""
            level, group, reference = state.key
            if level == "interchange" and said:
                outbox.set_outcome(connection, entry.id, said)
            elif level == "message" and said:
                outbox.set_message_outcome(connection, entry.id, group, reference, said)
        subject = f"outbox {entry.id}"
        alarm.clear(connection, "acknowledgement_overdue", subject, self.now())
        refused = [one for one in matched if one.statement.outcome in REFUSALS]
        if refused:
            words = f"{refused[0].statement.answer}: {refused[0].statement.outcome.value}"
            alarm.raise_(connection, "acknowledgement_negative", subject,
                         f"{entry.partner} did not take all of {entry.name} {entry.control} ({words}){whose(self.catalog, entry)}", self.now())


def _sent(connection: Connection, entry: outbox.Entry) -> Sent:
    groups: dict[str, tuple[str, list[SentMessage]]] = {}
    for row in outbox.messages(connection, entry.id):
        name = row.type.rpartition("/")[2]
        groups.setdefault(row.group_control, (row.group_kind, []))[1].append(SentMessage(row.reference, name, row.document))
    made = tuple(SentGroup(control, kind, tuple(listed)) for control, (kind, listed) in groups.items())
    answered = {(row.family, *_key(row)): row.said for row in _statements(connection, entry.id)}
    return Sent(entry.standard, Address(entry.sender, entry.sender_qualifier), Address(entry.receiver, entry.receiver_qualifier),
                entry.control, made, _time(entry.sent_at), _time(entry.due_at), answered=answered)


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _statements(connection: Connection, entry: int) -> list[Any]:
    t = ledger().answered
    return list(connection.execute(select(t).where(t.c.outbox_id == entry).order_by(t.c.id)))


def _again(row: Any, sent: Sent) -> Reconciled:
    """A statement that came, from its row."""
    subject = Subject(row.level, sent.standard)
    below = Outcome(row.below) if row.below else None
    return Reconciled(Statement(row.answer, subject, Outcome(row.outcome), below=below), sent, _key(row))


def _key(row: Any) -> Key:
    return row.level, row.group_control, row.reference


def _row(exchange: int, one: Reconciled, entry: outbox.Entry | None, at: str) -> Mapping[str, Any]:
    level, group, reference = one.key
    statement = one.statement
    return {"outbox_id": entry.id if entry else None, "exchange_id": exchange, "answer": statement.answer,
            "family": matching.FAMILIES[statement.answer], "level": level, "group_control": group, "reference": reference,
            "outcome": statement.outcome.value, "said": matching.said(statement),
            "words": "; ".join(filter(None, (complaint.words for complaint in statement.complaints)))[:1000], "below": statement.below.value if statement.below else "", "late": one.late, "at": at}
