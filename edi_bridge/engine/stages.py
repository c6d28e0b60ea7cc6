"""What the stages of agreements say about what comes, message by message: the table of `rollout.stage` asked for real partners.

An exchange that was taken in goes its way to the end in the stage in which it came: when its agreement is paused or retired meanwhile,
the stage before that holds for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import MessageType
from edi_bridge.partner import Agreement, Partner
from edi_bridge.rollout.stage import (
    DRY,
    HOLD,
    LIVE,
    PILOT,
    POST,
    REFUSE,
    SEND,
    STAGING,
    TABLE,
    WAIT,
    Arrival,
    Departure,
    arriving,
    is_test,
    leaving,
)
from edi_bridge.store import piloted
from edi_bridge.store.outbox import Entry

PAUSED = "paused"  # how the reason begins of what waits until its agreement is resumed
KEPT = 2_000  # answers that are remembered; a hostile file may make up types
OVER = ("paused", "retired")


@dataclass(frozen=True, slots=True)
class Coming:
    """What becomes of an interchange: the lane of its messages (STAGING: it is a test), why all of it waits for a person, and the pilots
    whose limits count, each with the number of its documents."""

    lane: str = LIVE
    held: str = ""
    limited: tuple[tuple[Agreement, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Stages:
    """Asks the stages. `catalog` knows the partners; None: nothing is agreed with anybody, and everything is live."""

    catalog: Any
    known: dict[tuple[Any, ...], Arrival] = field(default_factory=dict)

    def of_interchange(self, partner: Partner | None, types: Iterable[MessageType], envelope: bool | None, channel: bool | None) -> Coming:
        """What becomes of an interchange with messages of these types, when it comes. `envelope` and `channel`: what they say of tests."""
        test = is_test(envelope, channel)
        counts = Counter(type for type in types if not type.is_answer)
        made = {type: self._arrival(partner, type, test) for type in counts}
        posted = {one.lane for one in made.values() if one.then == POST}
        lane = STAGING if test else PILOT if posted == {PILOT} else LIVE
        holding = sorted((one.reason == PAUSED, str(type), one.reason) for type, one in made.items() if one.then == HOLD)
        if holding:
            paused, type_, reason = holding[0]
            return Coming(lane, f"{PAUSED}: {type_}" if paused else f"{type_}: {reason}")
        agreements: dict[tuple[str, str, bool], Agreement] = {}
        keys: Counter[tuple[str, str, bool]] = Counter()
        for type, one in made.items():
            agreement = partner.agreement(type, "in", test) if partner is not None and one.limited else None
            if agreement is not None:
                agreements[agreement.key] = agreement
                keys[agreement.key] += counts[type]
        return Coming(lane, "", tuple((agreements[key], count) for key, count in keys.items()))

    def admitting(self, connection: Connection, partner: str, coming: Coming, now: str) -> Callable[[], str] | None:
        """What lets an interchange pass the limits of its pilots, or says why a person must decide; None where none counts."""
        if not coming.limited:
            return None

        def admit() -> str:
            reasons = [f"{agreement.message}: {why}" for agreement, count in coming.limited
                       if (why := piloted.admit(connection, partner, agreement, count, now))]
            return reasons[0] if reasons else ""

        return admit

    def of_message(self, partner: str, type: MessageType, envelope: bool | None, channel: bool | None, *, released: bool) -> Arrival:
        """What becomes of a message of an exchange that is open. `released`: a person let the exchange pass."""
        test = is_test(envelope, channel)
        if self.catalog is None or type.is_answer:
            return Arrival(POST, STAGING if test else LIVE, acknowledged=True)
        key = (partner, type, test, released)
        made = self.known.get(key)
        if made is None:
            if len(self.known) > KEPT:
                self.known.clear()
            made = self.known[key] = self._arrival(self.catalog.partner_named(partner) if partner else None, type, test, begun=True, released=released)
        return made

    def _arrival(self, partner: Partner | None, type: MessageType, test: bool, *, begun: bool = False, released: bool = False) -> Arrival:
        inbound = [one for one in partner.agreements if one.direction == "in"] if partner is not None else []
        if partner is None or not inbound:
            return Arrival(POST, STAGING if test else LIVE, acknowledged=True)
        agreement = partner.agreement(type, "in", test)
        if agreement is not None:
            stage = agreement.stage
            if begun and stage in OVER and agreement.former and not (released and stage == "retired"):
                stage = agreement.former
            return arriving(stage, test, tests_only=agreement.test)
        if test:
            return Arrival(HOLD, reason="it is a test, and nothing is agreed for tests of it")
        if any(one.test and one.fits(type) for one in inbound):
            return Arrival(HOLD, reason="it is production, and what is agreed is for tests")
        if all(one.stage == "live" for one in inbound):
            return Arrival(POST, LIVE, acknowledged=True)
        return Arrival(HOLD, reason="nothing is agreed for it")

    def of_entry(self, entry: Entry, types: Callable[[], Sequence[MessageType]]) -> Departure:
        """What becomes of an entry of the outbox by the stages as they are now: send, wait, or refuse with the reason. `types` are those
        of the messages in it, or of those that it answers; asked only where it matters."""
        try:
            partner = self.catalog.partner_named(entry.partner)
        except ConfigFault:
            return Departure(SEND, entry.test)  # who looks for its channel tells it
        if all(one.stage in ("live", "retest") for one in partner.agreements) and not entry.test:
            return Departure(SEND)
        answer = entry.kind == "answer"
        found = [self._departure(one, entry.test, answer) for type in types() for one in partner.agreements
                 if one.fits(type, "in" if answer else "out") and (entry.test or not one.test)]
        for wanted in ((WAIT, REFUSE, DRY, SEND) if answer else (SEND, WAIT, REFUSE, DRY)):
            if best := next((one for one in found if one.then == wanted), None):
                return best if wanted != DRY else Departure(REFUSE, entry.test, reason="its agreement is in the stage shadow: nothing is sent")
        return Departure(SEND, entry.test)

    @staticmethod
    def _departure(agreement: Agreement, test: bool, answer: bool) -> Departure:
        """Answers to what was taken go out in every stage but the two that send nothing of what was taken before."""
        if answer:
            reason = "its agreement is in the stage retired: nothing is sent"
            return {"paused": Departure(WAIT, test), "retired": Departure(REFUSE, test, reason=reason)}.get(agreement.stage, Departure(SEND, test))
        return leaving(agreement.stage, test, tests_only=agreement.test, former=agreement.former)

    @staticmethod
    def answers(partner: Partner) -> bool:
        """Whether a partner is answered where no message says it: something of it runs."""
        return not partner.agreements or any(TABLE[one.stage].acknowledges for one in partner.agreements)
