"""What the gates of a rollout look at, gathered from ledger, catalogue, archive, scenarios and comparison.

Everything is read in one transaction but what the map made of the messages, which the archive is read again for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from edi_bridge import proving, replaying
from edi_bridge.catalog import Catalog
from edi_bridge.clock import written
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import MessageType
from edi_bridge.linting import linted_map, linted_partners
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.coverage import Coverage
from edi_bridge.partner import Agreement, Partner
from edi_bridge.rollout.comparison import EQUAL, EXPLAINED
from edi_bridge.rollout.gate import Facts, Proven, Stated
from edi_bridge.sample_folders import folders_of
from edi_bridge.store import comparison, observed, rehearsal, rollout
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger

MOST_READ = 2_000  # messages of the archive that the coverage is measured over; the newest of the stage
PAGE = 500
WAITS = ("held", "quarantined", "failed")  # states that a person must decide about
LISTED = 20  # of each list of names
Step = Callable[["Gathering"], Mapping[str, Any]]


@dataclass
class Gathering:
    """The facts of one agreement, while they are gathered."""

    database: Database
    archive: Archive
    catalog: Catalog
    partner: Partner
    agreement: Agreement
    now: datetime
    shared: dict[Any, Any] = field(default_factory=dict)  # what other agreements ask for as well: proofs of maps, remarks on partners

    def once(self, key: Any, find: Callable[[], Any]) -> Any:
        """What `find` gives, found once for all that share it."""
        if key not in self.shared:
            self.shared[key] = find()
        return self.shared[key]

    @property
    def since(self) -> str:
        """When it entered its stage, as the ledger writes times; '' when nobody knows: then everything counts."""
        return self.agreement.since

    def days_since(self, moment: str) -> float:
        """Days between a time of the ledger and now."""
        return max(0.0, (self.now - datetime.fromisoformat(moment.replace("Z", "+00:00"))) / timedelta(days=1))

    @cached_property
    def map(self) -> CompiledMap | None:
        """The map in force; None where there is none, or it has mistakes (`map_problems` says which)."""
        one = self.agreement
        try:
            if one.map:
                return self.catalog.map_named(one.map)
            return self.catalog.map_for(MessageType(*one.message.split("/")), self.partner, one.direction)
        except ConfigFault:
            return None

    def types(self, connection: Connection) -> list[str]:
        """The types of messages in the ledger that the agreement rules."""
        t = ledger()
        column = t.message.c.type if self.agreement.direction == "in" else t.sent_message.c.type
        return [type_ for type_ in connection.execute(select(column).distinct()).scalars()
                if type_.count("/") == 2 and self.partner.agreement(MessageType(*type_.split("/")), self.agreement.direction,
                                                                    self.agreement.test) == self.agreement]


def gather(database: Database, archive: Archive, catalog: Catalog, partner: Partner, agreement: Agreement, now: datetime,
           shared: dict[Any, Any] | None = None) -> Facts:
    """The facts of one agreement of a partner, as of `now`. Takes seconds: the map's samples are run, and what came is read again.
    `shared` holds from call to call what several agreements ask for."""
    one = Gathering(database, archive, catalog, partner, agreement, now, {} if shared is None else shared)

    def found() -> Facts:
        said: dict[str, Any] = {}
        for step in STEPS:
            said |= step(one)
        return Facts(partner.name, agreement.direction, agreement.message, agreement.stage, **said)

    made: Facts = one.once(("facts", partner.name, *agreement.key), found)
    return made


# --- who, settings, channels ------------------------------------------------------------------------------------------


def _people(one: Gathering) -> dict[str, Any]:
    roles = {contact.role for contact in one.partner.contacts}
    missing = [f"a contact of theirs for {role}" for role in ("edi", "business") if role not in roles]
    missing += [] if "approver" in roles else ["who signs for them (role: approver)"]
    missing += [] if one.partner.escalation else ["to whom it is escalated (escalation:)"]
    missing += [] if one.agreement.owner else ["who answers for it with us (owner:)"]
    return {"people_missing": tuple(missing)}


def _settings(one: Gathering) -> dict[str, Any]:
    rows = one.once(("remarks", one.partner.name), lambda: linted_partners(one.catalog, [one.partner.name]))
    return {"settings": tuple(f"{row['file']}:{row['line']}: {row['sentence']}" for row in rows if row["level"] in ("error", "warning"))}


def channels_of(catalog: Catalog, partner: Partner, agreement: Agreement) -> list[str]:
    """The channels that an agreement uses: the one by which it goes out, or those by which its partner's files come, and the one by
    which we answer."""
    def full(name: str) -> str:
        return f"{partner.name}.{name}" if f"{partner.name}.{name}" in catalog.channels else name

    if agreement.direction == "out":
        named = [agreement.channel or partner.send]
    else:
        serving = [name for name, channel in catalog.channels.items() if channel.partner == partner.name and (channel.served or channel.fetches)]
        shared = [name for name, channel in catalog.channels.items() if not channel.partner and partner.van and channel.kind == "van"]
        named = [*(serving or shared), partner.answers_by or partner.send]
    return list(dict.fromkeys(full(name) for name in named if name))


def _channels(one: Gathering) -> dict[str, Any]:
    t = ledger()
    made = []
    with one.database.read() as connection:
        for name in channels_of(one.catalog, one.partner, one.agreement):
            proofs = [("pinged", connection.execute(
                select(func.max(t.audit.c.at)).where(t.audit.c.act == "ping", t.audit.c.subject == f"channel {name}")).scalar())]
            row = connection.execute(select(t.channel).where(t.channel.c.name == name)).first()
            proofs.append(("polled", row.good_at if row else None))
            sent = connection.execute(select(func.max(t.outbox.c.sent_at)).where(t.outbox.c.channel == name, t.outbox.c.state == "sent"))
            proofs.append(("sent", sent.scalar()))
            how, at = max(((how, at or "") for how, at in proofs), key=lambda proof: proof[1])
            made.append(Proven(name, one.days_since(at) if at else None, how if at else "", row.failures if row else 0))
    return {"channels": tuple(made)}


# --- the map ----------------------------------------------------------------------------------------------------------


def _map(one: Gathering) -> dict[str, Any]:
    if one.map is None:
        return {"map": one.agreement.map, "map_problems": (f"there is no map {one.agreement.map} that can be used" if one.agreement.map else
                                                           f"there is no map for {one.agreement.message}",)}
    compiled = one.map
    return {"map": compiled.name, **one.once(("proof", compiled.name), lambda: _proof(compiled, one.catalog))}


def _proof(compiled: CompiledMap, catalog: Catalog) -> dict[str, Any]:
    """A map held against its lint and its samples."""
    problems = [f"{remark.origin}: {remark.sentence}" for remark in linted_map(compiled.name, catalog) if remark.level == "error"]
    failed, folders = [], []
    try:
        folders = folders_of(compiled, catalog)
        failed = [folder.name for folder in folders if not proving.prove(folder.sample(compiled.name), compiled, catalog).passed]
    except (ConfigFault, OSError) as fault:
        problems.append(str(fault))
    return {"map_problems": tuple(problems), "samples": len(folders), "samples_failed": tuple(failed)}


# --- what came and went -----------------------------------------------------------------------------------------------


def _traffic(one: Gathering) -> dict[str, Any]:
    if one.agreement.direction == "out":
        return {"days": one.days_since(one.since) if one.since else 0.0}
    t = ledger()
    m, e, f = t.message, t.exchange, t.finding
    with one.database.read() as connection:
        wanted = and_(e.c.partner == one.partner.name, m.c.type.in_(one.types(connection)), e.c.received_at >= one.since)
        joined = m.join(e, e.c.id == m.c.exchange_id)
        counted = connection.execute(select(m.c.state, func.count()).select_from(joined).where(wanted).group_by(m.c.state))
        states: dict[str, int] = {row[0]: row[1] for row in counted}
        missing = connection.execute(
            select(f.c.position, f.c.note, f.c.message_id).select_from(joined.join(f, f.c.message_id == m.c.id))
            .where(wanted, f.c.kind == "required_missing")).all()
        waits = connection.execute(
            select(e.c.id, m.c.state).select_from(joined).where(wanted, m.c.state.in_(WAITS)).distinct().order_by(e.c.id).limit(LISTED)).all()
        closed = connection.execute(
            select(e.c.id, e.c.state, e.c.reason).where(e.c.partner == one.partner.name, e.c.state == "quarantined", e.c.received_at >= one.since)
            .order_by(e.c.id).limit(LISTED)).all()
    fields = Counter(_field(row.position, row.note) for row in missing)
    return {"days": one.days_since(one.since) if one.since else 0.0, "messages": sum(states.values()), "rejected": states.get("rejected", 0),
            "incomplete": len({row.message_id for row in missing}), "required_missing": tuple(fields.most_common(LISTED)),
            "unsettled": (*(f"exchange {id} has {state} messages" for id, state in waits),
                          *(f"exchange {row.id} is quarantined{f': {row.reason}' if row.reason else ''}" for row in closed))}


def _field(position: str, note: str) -> str:
    """The field of a record that a finding of the map is about."""
    said = json.loads(position) if position.startswith("{") else {}
    return str(said.get("path") or said.get("tag") or note or "a field")


def _acknowledgements(one: Gathering) -> dict[str, Any]:
    t = ledger()
    o, e, s, m = t.outbox, t.exchange, t.sent_message, t.message
    now = written(one.now)
    with one.database.read() as connection:
        types = one.types(connection)
        if one.agreement.direction == "out":
            entries = connection.execute(
                select(o.c.id, o.c.state, o.c.outcome, o.c.due_at).where(
                    o.c.partner == one.partner.name, o.c.kind == "document", o.c.created_at >= one.since,
                    o.c.id.in_(select(s.c.outbox_id).where(s.c.type.in_(types))))).all()
            answered = [row for row in entries if row.outcome not in ("", "received")]
            asked = [row for row in entries if row.due_at]
            return {"asked": len(asked), "answered": sum(1 for row in asked if row in answered),
                    "overdue": tuple(f"outbox {row.id}" for row in asked if row not in answered and row.due_at < now)[:LISTED],
                    "refused": tuple(f"outbox {row.id}" for row in answered if row.outcome not in ("accepted", "accepted_with_errors"))[:LISTED]}
        answers = connection.execute(
            select(o.c.id, o.c.state).join(e, e.c.id == o.c.exchange_id).where(
                o.c.kind == "answer", o.c.partner == one.partner.name, e.c.received_at >= one.since, o.c.state != "cancelled",
                e.c.id.in_(select(m.c.exchange_id).where(m.c.type.in_(types))))).all()
    unsent = [row for row in answers if row.state != "sent"]
    return {"asked": len(answers), "answered": len(answers) - len(unsent), "overdue": tuple(f"the answer outbox {row.id}" for row in unsent)[:LISTED]}


# --- what the map makes of it -----------------------------------------------------------------------------------------


def coverage_of(one: Gathering) -> Coverage | None:
    """What the messages of the stage exercise of the map, over at most MOST_READ of them."""
    if one.map is None:
        return None
    made = Coverage(one.map)
    for original in replaying.stored(one.database, one.archive, partner=one.partner.name, since=one.since[:19]):
        for taken in replaying.taken(original, one.catalog, (one.map.name,)):
            agreed = taken.partner.agreement(taken.message.type, "in", one.agreement.test) if taken.partner is not None else None
            if agreed == one.agreement:
                made.take(taken.message, taken.source)
            if made.messages >= MOST_READ:
                return made
    return made


def _coverage(one: Gathering) -> dict[str, Any]:
    if one.agreement.direction == "out" or (made := coverage_of(one)) is None:
        return {}
    with one.database.read() as connection:
        seen = observed.of(connection, one.partner.name, one.agreement.direction, one.agreement.message)
    accepted = {(each.kind, each.place, each.value) for each in seen if each.accepted_at}
    uses = made.rules()
    never = [use.field for use in uses if not use.count]
    open_ = [name for name in never if ("rule", name, "") not in accepted]
    return {"rules": len(uses), "rules_seen": len(uses) - len(never), "rules_accepted": len(never) - len(open_), "rules_never": tuple(dict.fromkeys(open_)),
            "codes": sum(len(use.seen) for use in uses),
            "codes_unknown": tuple(f"{use.field}={code}" for use in uses for code, _ in use.seen
                                   if code not in use.known and ("code", use.field, code) not in accepted),
            "unread": tuple(dict.fromkeys(place.path for place in made.unread_places() if ("unread", place.path, "") not in accepted))}


# --- rehearsed, compared, stated --------------------------------------------------------------------------------------


def _rehearsed(one: Gathering) -> dict[str, Any]:
    lane = (one.partner.name, one.agreement.direction, one.agreement.message)
    with one.database.read() as connection:
        newest = next((run.played for run in rehearsal.runs(connection, *lane)), ())
        clean = rehearsal.clean_runs(connection, *lane)
    return {"clean_runs": clean, "scenarios": len(newest), "negative_scenarios": sum(1 for played in newest if played.negative),
            "scenarios_failed": tuple(played.scenario for played in newest if not played.passed)}


def _compared(one: Gathering) -> dict[str, Any]:
    with one.database.read() as connection:
        rows = comparison.results(connection, one.partner.name, one.agreement.direction, one.agreement.message, since=one.since[:10])
    clean = comparison.run_of(rows)
    return {"compared": sum(row.documents for row in rows), "clean_days": clean.days, "clean_documents": clean.documents,
            "differing": tuple(row.key for row in rows if row.unexplained or row.outcome not in GOOD)[:LISTED]}


GOOD = (EQUAL, EXPLAINED)  # outcomes of the comparison that nobody need look at


def _stated(one: Gathering) -> dict[str, Any]:
    a = ledger().audit
    with one.database.read() as connection:
        rows = rollout.evidence(connection, one.partner.name)
        rehearsed = connection.execute(select(func.max(a.c.at)).where(
            a.c.act.in_(("rollback", "rehearse rollback")), or_(a.c.subject == f"partner {one.partner.name}", a.c.subject.like(f"{one.partner.name} %"))))
        rollback = rehearsed.scalar()
        peak = peak_of(connection, one)
    signed = {row.name.removeprefix("sign-off "): Stated(row.owner, row.day, row.file_name, row.note) for row in rows
              if row.name in ("sign-off ours", "sign-off theirs")}
    volume = next((row for row in reversed(rows) if row.name == "volume" and not row.stated), None)
    declared = next((float(row.value) for row in reversed(rows) if row.name == "peak"), 0.0)
    return {"sign_offs": signed, "rollback_days": one.days_since(rollback) if rollback else None, "peak": max(peak, declared),
            "volume": float(volume.value) if volume else None, "volume_days": one.days_since(volume.at) if volume else None}


def peak_of(connection: Connection, one: Gathering) -> float:
    """Messages in the busiest hour that the ledger knows."""
    t = ledger()
    joined = t.message.join(t.exchange, t.exchange.c.id == t.message.c.exchange_id)
    hour = func.substr(t.exchange.c.received_at, 1, 13)
    counts = select(func.count().label("count")).select_from(joined).where(
        t.exchange.c.partner == one.partner.name, t.message.c.type.in_(one.types(connection))).group_by(hour).subquery()
    return float(connection.execute(select(func.max(counts.c.count))).scalar() or 0)


STEPS: tuple[Step, ...] = (_people, _settings, _channels, _map, _traffic, _acknowledgements, _coverage, _rehearsed, _compared, _stated)


def lanes_of(partner: Partner, direction: str = "", message: str = "") -> Iterator[Agreement]:
    """The agreements of a partner that are meant: of a direction, of a message by its whole or short name; none said: all.

    ConfigFault when there is none.
    """
    found = [one for one in partner.agreements if direction in ("", one.direction) and message in ("", one.message, one.message.rpartition("/")[2])]
    if not found:
        what = " ".join(part for part in (message, direction) if part)
        raise ConfigFault.at(partner.file, 0, 0, f"{partner.name} has no agreement{f' for {what}' if what else ''}")
    return iter(found)
