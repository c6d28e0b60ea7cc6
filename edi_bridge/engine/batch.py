"""The ledger and CRM rows of a batch of messages, inside its transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from edi_bridge.crm.document import Document
from edi_bridge.crm.identity import OwnIdentities
from edi_bridge.crm.post import PostItem, post_batch
from edi_bridge.crm.purpose import act_of
from edi_bridge.crm.reference import posted_key
from edi_bridge.engine.report import MessageReport
from edi_bridge.finding import Finding, Verdict
from edi_bridge.rollout.stage import Arrival
from edi_bridge.store import ledger, message, waiting
from edi_bridge.store.draft import LIVE, Draft, judge
from edi_bridge.store.ledger import Exchange, Receipt

Item = tuple[Receipt, Exchange, Any]  # the outcome of `pipeline.inbound`


@dataclass(slots=True)
class Posted:
    """What became of a message; not `fresh`: it had its row already, `findings` are those that the ledger kept."""

    state: str = ""
    findings: list[Finding] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    fresh: bool = False

    def report(self, outcome: Any) -> MessageReport:
        """For who watches."""
        one = outcome.message
        return MessageReport(outcome.interchange.ordinal, one.ordinal, str(one.type), one.reference, self.state, self.findings,
                             self.documents, one.offset)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every batch of an engine. `patience` gives the seconds that a message (its outcome) waits for the document it
    refers to, 0: it is posted and tied to it later. `now`: the time as the ledger writes it, `later` the same so many seconds on."""

    versions: Mapping[str, str]
    own: OwnIdentities
    hold_repeated: Callable[[Any], bool]
    patience: Callable[[Any], float]
    now: Callable[[], str]
    later: Callable[[float], str]
    several: bool = False  # other processes post at the same time
    together: Mapping[int, Collection[int]] = field(default_factory=dict)  # receipt → those that are posted with it, in their order
    arrival: Callable[[Receipt, Exchange, Any], Arrival] = lambda receipt, exchange, outcome: LIVE  # what the stage of a message says

    def turn_of(self, connection: Connection, receipt: Receipt, draft: Draft) -> str:
        """What a message waits for that changes a document which is here: a receipt that came before it from the same partner, and
        may change it too, in the hands of another process. '' where there is none."""
        if not self.several or draft.row.state != "posted" or not any(changes(draft.row.record_type, one) for one in draft.outcome.records):
            return ""
        before = ledger.earlier_unfinished(connection, receipt.id, draft.outcome.partner, self.together.get(receipt.id, ()))
        return turn(before) if before is not None else ""


TURN_PATIENCE = 3600.0  # seconds that a message waits for receipts before its own, at least


def turn(receipt: int) -> str:
    """The key under which messages wait for their turn after a receipt."""
    return f"receipt {receipt}"


def changes(record_type: str, record: Mapping[str, Any]) -> bool:
    """Whether a record changes what is here, so that it matters what was posted before it."""
    return act_of(record.get("purpose", ""), record.get("type", "") if record_type == "order" else "") not in ("new", "copy", "test")


def write(connection: Connection, items: Sequence[Item], rules: Rules, failure: str = "") -> list[Posted]:
    """Write what is not there yet; what became of each item, in their order. What has its row already is left as it is."""
    results, todo = _there(connection, items)
    drafts = judge(connection, [(exchange, outcome) for _, exchange, outcome in todo], versions=rules.versions,
                   hold_repeated=rules.hold_repeated, failure=failure, arrivals=[rules.arrival(*item) for item in todo])
    ids = message.add_messages(connection, [draft.row for draft in drafts])
    tired = waiting.expired(connection, [(draft.row.exchange, draft.row.ordinal) for draft in drafts if rules.patience(draft.outcome)], rules.now())
    turns = _turns(connection, todo, drafts, rules)
    posting = [
        PostItem(number, draft.partner, draft.row.record_type, draft.outcome.records, draft.position,
                 "wait" if rules.patience(draft.outcome) and (draft.row.exchange, draft.row.ordinal) not in tired else "post")
        for number, draft in zip(ids, drafts, strict=True)
        if draft.row.state == "posted" and (draft.row.exchange, draft.row.ordinal) not in turns
    ]
    made = {result.message_id: result for result in post_batch(connection, posting, rules.own)} if posting else {}
    entries: list[tuple[int, int | None, int | None, Finding]] = []
    contents: list[tuple[str, str, int, int]] = []
    documents = [(number, draft.row.record_type, str(record["number"])) for number, draft in zip(ids, drafts, strict=True)
                 if draft.row.state == "shadowed" for record in draft.outcome.records if record.get("number")]
    over = list(tired)
    for number, draft, (receipt, exchange, outcome) in zip(ids, drafts, todo, strict=True):
        if key := turns.get((exchange.id, draft.row.ordinal)):
            results[exchange.id, outcome.message.ordinal] = Posted("waiting", draft.findings, fresh=True)
            entries += [(receipt.id, exchange.id, number, finding) for finding in draft.findings]
            message.set_message(connection, number, "waiting", draft.row.verdict)
            waiting.note(connection, (exchange.id, draft.row.ordinal), [key], rules.now(), rules.later(max(TURN_PATIENCE, rules.patience(outcome))))
            continue
        posted = _posted(connection, number, draft, made.get(number), contents)
        results[exchange.id, outcome.message.ordinal] = posted
        entries += [(receipt.id, exchange.id, number, finding) for finding in posted.findings]
        documents += [(number, document.kind, document.number) for document in posted.documents]
        if posted.state == "waiting":
            waiting.note(connection, (exchange.id, draft.row.ordinal), dict.fromkeys(key.waits_for for key in made[number].waits_for),
                         rules.now(), rules.later(rules.patience(outcome)))
        elif rules.patience(outcome) or rules.several:
            over.append((exchange.id, draft.row.ordinal))
    message.own_contents(connection, contents)
    message.add_findings(connection, entries)
    message.add_documents(connection, documents)
    waiting.over(connection, over)
    waiting.wake(connection, list(dict.fromkeys(posted_key(kind, number) for _, kind, number in documents)))
    return [results[exchange.id, outcome.message.ordinal] for _, exchange, outcome in items]


def _turns(connection: Connection, todo: Sequence[Item], drafts: Sequence[Draft], rules: Rules) -> dict[tuple[int, int], str]:
    """The messages that wait for their turn, each with the key it waits for; not those that have waited long enough."""
    if not rules.several:
        return {}
    keys = {(draft.row.exchange, draft.row.ordinal): key for (receipt, _, _), draft in zip(todo, drafts, strict=True)
            if (key := rules.turn_of(connection, receipt, draft))}
    tired = waiting.expired(connection, list(keys), rules.now())
    return {place: key for place, key in keys.items() if place not in tired}


def _there(connection: Connection, items: Sequence[Item]) -> tuple[dict[tuple[int, int], Posted], list[Item]]:
    """What has its row already (with its findings), and what has not; nothing is done to an exchange that is closed."""
    ordinals: dict[int, list[int]] = {}
    for _, exchange, outcome in items:
        ordinals.setdefault(exchange.id, []).append(outcome.message.ordinal)
    still = ledger.lock_exchanges(connection, sorted(ordinals))
    there = {(number, ordinal): Posted(state, findings) for number, ordinal, state, findings in message.posted(connection, ordinals)}
    for number, mine in ordinals.items():
        if number not in still:
            for ordinal in mine:
                there.setdefault((number, ordinal), Posted("closed"))
    return there, [item for item in items if (item[1].id, item[2].message.ordinal) not in there]


def _posted(connection: Connection, number: int, draft: Draft, result: Any, contents: list[tuple[str, str, int, int]]) -> Posted:
    row = draft.row
    posted = Posted(row.state, draft.findings, fresh=True)
    if result:
        posted.state, posted.documents = result.state, result.documents
        posted.findings = draft.findings if result.state == "waiting" else [*draft.findings, *result.findings]
        if result.state == "waiting":
            message.set_message(connection, number, "waiting", row.verdict)
        elif result.state != "posted":
            message.set_message(connection, number, result.state, Verdict.REJECTED)
        elif not draft.content_known:
            contents.append((draft.scope, row.content, row.exchange, row.ordinal))
    return posted
