"""What the partner says of what we send: a message of ours in an outbox of its own, and the partner's CONTRL or 997 to it through the engine.

It is played apart from any home: what goes into a home's outbox is sent.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from edi_bridge import database as databases
from edi_bridge import syntax
from edi_bridge.clock import written
from edi_bridge.crm.identity import own_identities
from edi_bridge.database import Database
from edi_bridge.engine import Engine, Incoming
from edi_bridge.engine.outgoing import Writing
from edi_bridge.interchange import Address, Interchange, MessageType
from edi_bridge.onboarding.generating import Generated, Lane
from edi_bridge.rollout.scenario import Scenario
from edi_bridge.store import alarm, outbox
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger

if TYPE_CHECKING:
    from edi_bridge.onboarding.rehearsing import Rehearsal

PATIENCE = timedelta(hours=4)  # within which the answer must be here, where the agreement does not say
UNKNOWN = "99999"  # a number that we never gave


@cache
def empty() -> bytes:
    """An SQLite database with all tables and nothing in them."""
    with tempfile.TemporaryDirectory(prefix="edi-bridge-rehearsal-") as folder:
        database = databases.connect(f"sqlite:///{folder}/rehearsal.sqlite")
        try:
            databases.upgrade(database)
        finally:
            database.close()
        return (Path(folder) / "rehearsal.sqlite").read_bytes()


def played(rehearsal: Rehearsal, one: Scenario, lane: Lane, made: Generated, fresh: bytes) -> Iterator[str]:
    """Send the records of a scenario, let the partner answer as the scenario says, and see what is noted. `fresh`: an empty database."""
    with tempfile.TemporaryDirectory(prefix="edi-bridge-rehearsal-") as folder:
        (Path(folder) / "rehearsal.sqlite").write_bytes(fresh)
        database = databases.connect(f"sqlite:///{folder}/rehearsal.sqlite")
        try:
            yield from _played(rehearsal, one, lane, made, database, Archive(Path(folder) / "archive"))
        finally:
            database.close()


def _played(rehearsal: Rehearsal, one: Scenario, lane: Lane, made: Generated, database: Database, archive: Archive) -> Iterator[str]:
    now = rehearsal.clock()
    writing = Writing(database, archive, rehearsal.catalog, lambda: now)
    way = replace(writing.way(rehearsal.partner.name, lane.map.record, lane.agreement.message), test=True)
    submitted = writing.submit(way, made.records[:1], f"scenario {one.name}")
    entries = submitted.entries or writing.flush(rehearsal.partner.name, everything=True)
    if not entries:
        yield "it does not go out: " + "; ".join(found.sentence() for found in submitted.findings)
        return
    with database.read() as connection, outbox.open_content(connection, archive, entries[0]) as source:
        sent = next(iter(syntax.read(source.read())))
        sets = len(list(sent.messages))
    with database.write() as connection:
        outbox.mark(connection, entries[0], "sent", at=written(now), due_at=written(now + PATIENCE))
    later = now + (PATIENCE + timedelta(hours=1) if one.answer == "late" else timedelta(hours=1))
    if one.answer == "late":
        _overdue(database, entries[0], later)
    answer = _answer(sent, one.answer, sets, later)
    engine = Engine(database, archive, rehearsal.catalog, own=own_identities(rehearsal.catalog.own.parties), clock=lambda: later, strict=True)
    taken = engine.receive([Incoming(archive.put(io.BytesIO(answer)), "answer", "rehearsal")])
    summary = [each for each in engine.process(taken) if each is not None][-1]
    if summary.refused:
        states = ", ".join(f"{each.state} {each.verdict}".strip() for each in summary.exchanges)
        yield f"the partner's acknowledgement is not taken: {states} {'; '.join(found.sentence() for each in summary.exchanges for found in each.findings)}"
    yield from _noted(database, one, entries[0])


def _overdue(database: Database, entry: int, now: datetime) -> None:
    """What the daemon's watch does when the time is over."""
    with database.write() as connection:
        for late in outbox.overdue(connection, written(now)):
            if late.id == entry:
                alarm.raise_(connection, "acknowledgement_overdue", f"outbox {entry}", f"{late.partner} has not answered {late.name} {late.control}",
                             written(now))


def _noted(database: Database, one: Scenario, entry: int) -> Iterator[str]:
    """What stands in the ledger after the answer."""
    t = ledger()
    with database.read() as connection:
        outcome = str(connection.execute(select(t.outbox.c.outcome).where(t.outbox.c.id == entry)).scalar() or "")
        rung = {each.kind for each in alarm.listing(connection, all=True)}
        late = [row.late for row in connection.execute(select(t.answered.c.late))]
    expect = one.last.expect
    if outcome != expect.outcome:
        yield f"what was sent must be {expect.outcome or 'unanswered'} now, and is {outcome or 'unanswered'}"
    if expect.alarm and expect.alarm not in rung:
        yield f"the alarm {expect.alarm} must ring; rung: {', '.join(sorted(rung)) or 'none'}"
    if not expect.alarm and rung:
        yield f"no alarm must ring; rung: {', '.join(sorted(rung))}"
    if one.answer == "late" and late != [True]:
        yield "the acknowledgement must be noted as late, and is not"


def _answer(sent: Interchange, says: str, sets: int, moment: datetime) -> bytes:
    """The partner's CONTRL (D:3, ISO 9735-4 2002 Annex: UCI action 4 rejected, 8 received … 7 acknowledged) or 997 (X12.20: AK1, AK9)."""
    control = UNKNOWN if says == "unknown" else sent.control
    rejected = says == "rejected"
    prepared = moment.strftime("%Y-%m-%dT%H:%M")
    common: dict[str, Any] = {"sender": sent.receiver, "receiver": sent.sender, "control": "9001", "prepared": prepared, "test": True}
    if sent.standard == "edifact":
        uci = f"UCI+{control}+{_edifact(sent.sender)}+{_edifact(sent.receiver)}+{'4+29' if rejected else '7'}"
        made = syntax.module("edifact").build(**common, bodies=[(MessageType("edifact", "D3", "CONTRL"), "1", [uci])], syntax="UNOB:3", encoding=None)
        return syntax.write(made)
    group = sent.groups[0]
    number = UNKNOWN if says == "unknown" else group.reference
    body = [f"AK1*{group.kind}*{number}", f"AK9*{'R' if rejected else 'A'}*{sets}*{sets}*{0 if rejected else sets}{'*5' if rejected else ''}"]
    version = group.version[:6] if len(group.version) >= 6 else "004010"
    made = syntax.module("x12").build(
        **common, groups=[("FA", group.receiver, group.sender, "9001", version, [(MessageType("x12", version, "997"), "0001", body)])],
        version=sent.syntax or "00401", delimiters=_x12_signs(), encoding="latin-1")
    return syntax.write(made)


def _x12_signs() -> Any:
    from edi_bridge.outbound import X12

    return X12


def _edifact(address: Address) -> str:
    return f"{address.id}:{address.qualifier}" if address.qualifier else address.id
