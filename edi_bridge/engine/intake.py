"""What an interchange is when it comes: new, the same again, another under a known number; and what nobody may post unseen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from edi_bridge.engine.guard import last_line
from edi_bridge.engine.stages import PAUSED, Stages
from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Position
from edi_bridge.partner import Partner
from edi_bridge.rollout.stage import contradiction
from edi_bridge.store import alarm, intake, ledger, message, outbox
from edi_bridge.store.intake import Coming, Place
from edi_bridge.store.ledger import Exchange, Receipt

UNAGREED = {  # kind of finding → why a person must look first
    "unknown_partner": "nobody knows its sender",
    "test_on_live": "it is a test, and nothing is agreed for tests",
    "not_for_us": "it is meant for somebody else",
}


@dataclass(frozen=True, slots=True)
class Intake:
    """Gives interchanges their rows. `strict`: see `Engine`; `now`: the time as the ledger writes it."""

    catalog: Any
    stages: Stages
    versions: Mapping[str, str]
    strict: bool
    now: Callable[[], str]

    def take_in(self, connection: Connection, scanned: Sequence[tuple[Receipt, Any]], digests: Mapping[Place, str]) -> None:
        """A row, an outcome and the findings of the envelope for each interchange that has none yet: each with its receipt. Uncompared
        where `digests` lacks what one says whose number came before."""
        there = ledger.taken_in(connection, [(receipt.id, one.interchange.ordinal) for receipt, one in scanned])
        fresh: dict[tuple[int, int], tuple[Coming, Any]] = {}
        for receipt, one in scanned:
            if (place := (receipt.id, one.interchange.ordinal)) not in there:
                fresh.setdefault(place, (self._coming(connection, receipt, one), one))
        made = intake.take_in(connection, [coming for coming, _ in fresh.values()], self.versions, self.now(), digests)
        entries: list[tuple[int, int | None, int | None, Finding]] = []
        for exchange, (_, one) in zip(made, fresh.values(), strict=True):
            findings = list(one.findings)
            self._aftermath(connection, exchange, one, findings)
            if exchange.outcome != "again":
                entries += [(exchange.receipt, exchange.id, None, finding) for finding in findings]
        message.add_findings(connection, entries)

    def _coming(self, connection: Connection, receipt: Receipt, one: Any) -> Coming:
        name = getattr(one, "partner", "") or receipt.partner
        partner = self.catalog.partner_named(name) if name and self.catalog is not None else None
        staged = self.stages.of_interchange(partner, [listed[1] for listed in one.messages], one.interchange.test, receipt.test)
        why_not = self._why_not(receipt, one, partner) or contradiction(one.interchange.test, receipt.test) or staged.held
        return Coming(receipt, one.interchange, name, one.verdict, [str(listed[1]) for listed in one.messages[:1]], one.count,
                      why_not, partner.window if partner and self.strict else 0, staged.lane,
                      self.stages.admitting(connection, name, staged, self.now()))

    def _aftermath(self, connection: Connection, exchange: Exchange, one: Any, findings: list[Finding]) -> None:
        interchange = one.interchange
        if exchange.outcome == "conflict":
            note = f"control number {interchange.control} came before with other content, in exchange {exchange.original}"
            findings.append(found("duplicate_interchange", Position(interchange=interchange.ordinal, offset=interchange.offset),
                                  interchange.control, note))
        if exchange.outcome == "again" and exchange.original is not None:
            outbox.repeat(connection, exchange.original, exchange.id, self.now())
        if exchange.state == "quarantined":
            subject = f"exchange {exchange.id}"
            told = findings and (exchange.outcome == "conflict" or exchange.reason in UNAGREED.values())
            why = findings[-1].sentence() if told else exchange.reason or "a person must decide about it"
            if exchange.reason.startswith(PAUSED):
                return  # somebody knows: the pause itself stands in `rollout status`
            alarm.raise_(connection, "quarantine", subject, f"{subject}{f' from {interchange.sender}' if interchange.sender.id else ''} is quarantined: {why}{self._whose(one)}", self.now())

    def _whose(self, one: Any) -> str:
        """Who answers with us for what came, at the end of a sentence."""
        name = getattr(one, "partner", "")
        partner = self.catalog.partner_named(name).ruling(bool(one.interchange.test)) if name and self.catalog is not None else None
        return partner.whose([partner.agreement(type) for type in dict.fromkeys(listed[1] for listed in one.messages)]) if partner else ""

    def _why_not(self, receipt: Receipt, one: Any, partner: Partner | None) -> str:
        """Why it is not posted before a person has looked at it; '' when nothing stands against it."""
        if not self.strict:
            return ""
        interchange = one.interchange
        if interchange.standard == "unknown" or any(finding.kind == "unknown_format" for finding in one.findings):  # text with commas, too
            return "nothing in it can be read as a message"
        if partner is None:
            return UNAGREED["unknown_partner"]
        sender = interchange.sender
        if receipt.partner and sender.id and not any(own.fits(sender, interchange.standard) for own in partner.identities):
            return f"it came by the channel of {partner.name}, whose address {sender} is not"
        told = next((UNAGREED[finding.kind] for finding in one.findings if finding.kind in UNAGREED), "")
        if told or receipt.map or not partner.agreements:  # a map that a person names is an agreement
            return told
        lacking = next((type for _, type, *_ in one.messages if not type.is_answer and type.version and type.name
                        and not any(agreed.direction == "in" and agreed.fits(type) for agreed in partner.agreements)), None)
        return f"nothing is agreed with {partner.name} for {lacking}" if lacking is not None else ""

    def nothing_inside(self, connection: Connection, receipt: Receipt) -> None:
        """A file that holds no interchange: somebody must look at it."""
        self._alarm(connection, receipt, "nothing in it can be read as a message")

    def poisoned(self, connection: Connection, receipt: Receipt) -> None:
        """A file in which the program stopped again and again."""
        ledger.set_receipt(connection, receipt.id, "quarantined", "the program stopped twice while it read this file")
        self._alarm(connection, receipt, "the program stopped twice while it read it; release it to try again")

    def failed(self, connection: Connection, receipt: Receipt, why: str) -> None:
        """A file that our own mistake, or a wrong configuration, kept from being read."""
        subject = f"receipt {receipt.id}"
        alarm.raise_(connection, "failed", subject, f"{subject} ({receipt.name}) could not be read: {last_line(why)} (edi-bridge exchange release"
                     f" {receipt.id} --receipt tries it again)", self.now())

    def _alarm(self, connection: Connection, receipt: Receipt, why: str) -> None:
        subject = f"receipt {receipt.id}"
        alarm.raise_(connection, "quarantine", subject, f"{subject} ({receipt.name}) is quarantined: {why}", self.now())
