"""The live watch: what real traffic has that was never seen before, and how much of it is refused.

It reads what the ledger took in since it looked last, beside the path, so that posting does not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from edi_bridge import replaying
from edi_bridge.catalog import Catalog
from edi_bridge.clock import written
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import MessageType
from edi_bridge.mapping.coverage import Coverage
from edi_bridge.partner import Agreement, Partner
from edi_bridge.store import alarm, observed
from edi_bridge.store.archive import Archive
from edi_bridge.store.observed import Observed
from edi_bridge.store.tables import ledger

NAME = "live watch"
AT_ONCE = 100  # exchanges that one look reads; the next look goes on
WATCHED = ("shadow", "pilot", "live", "retest")  # stages in which real traffic comes
TOLD = ("live", "retest")  # stages in which something new is told: before, it is what the pilot is for
LEARNT = 20  # messages after which a partner's usual things are known, where no stage was before live
BAD = ("rejected", "held", "failed")


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody must know of, or for which an agreement is paused (`action` alarm or pause)."""

    partner: Partner
    agreement: Agreement
    kind: str  # first_seen, rejects
    sentence: str
    action: str

    @property
    def subject(self) -> str:
        """What the alarm is about."""
        return f"{self.partner.name} {self.agreement.direction} {self.agreement.message}"


def look(database: Database, archive: Archive, catalog: Catalog, now: datetime) -> list[Alert]:
    """Look through what came since the last look; the alerts are raised as alarms, and those that ask for a pause are told to the
    caller as well, who pauses."""
    with database.read() as connection:
        last = observed.last_looked(connection, NAME)
        ids = _new_exchanges(connection, last)
    if not ids:
        return []
    partners = {partner.name: partner for partner in catalog.partners}
    made: list[Alert] = []
    lanes: dict[tuple[str, str], tuple[Partner, Agreement]] = {}
    for number, name in ids:
        partner = partners.get(name)
        if partner is None:
            continue
        try:
            seen = list(_seen(database, archive, catalog, partner, number, lanes, now))
        except ConfigFault:
            continue  # a map with mistakes: the daemon tells of it
        with database.write() as connection:
            made += _told(connection, partner, seen, now)
    with database.write() as connection:
        for partner, agreement in lanes.values():
            made += _rejects(connection, partner, agreement)
        for one in made:
            alarm.raise_(connection, one.kind, one.subject, one.sentence, written(now))
        observed.set_last_looked(connection, NAME, ids[-1][0])
    return made


def _new_exchanges(connection: Connection, last: int) -> list[tuple[int, str]]:
    """The next ones that are closed, with their partner; an open one is waited for."""
    t = ledger().exchange
    found = []
    for row in connection.execute(select(t.c.id, t.c.partner, t.c.state).where(t.c.id > last).order_by(t.c.id).limit(AT_ONCE)):
        if row.state == "open":
            break
        found.append((row.id, row.partner if row.state not in ("duplicate", "quarantined", "discarded") else ""))
    return found


def _seen(database: Database, archive: Archive, catalog: Catalog, partner: Partner, exchange: int,
          lanes: dict[tuple[str, str], tuple[Partner, Agreement]], now: datetime) -> Iterator[tuple[Agreement, Observed]]:
    """What the messages of one exchange have: rules that read something, codes, places that nothing reads."""
    covered: dict[tuple[str, str], tuple[Agreement, Coverage]] = {}
    with database.read() as connection:
        t = ledger().message
        types = set(connection.execute(select(t.c.type).where(t.c.exchange_id == exchange)).scalars())
    for agreement in _ruling(partner, types):
        if agreement.stage not in WATCHED or agreement.watch.first_seen == "off":
            continue
        lanes[partner.name, agreement.message] = (partner, agreement)
        for type_ in types:
            one = catalog.map_named(agreement.map) if agreement.map else catalog.map_for(MessageType(*type_.split("/")), partner)
            if one is not None and str(one.spec.message) == type_:
                covered[type_, agreement.message] = (agreement, Coverage(one))
    for agreement, coverage in covered.values():
        for original in replaying.stored(database, archive, exchange=exchange):
            for taken in replaying.taken(original, catalog, (coverage.compiled.name,)):
                coverage.take(taken.message, taken.source)
        yield from ((agreement, one) for one in _of(coverage, partner, agreement, exchange, now))


def _ruling(partner: Partner, types: Iterable[str]) -> list[Agreement]:
    """The agreements that rule messages of these types, each once."""
    found: dict[tuple[str, str, bool], Agreement] = {}
    for type_ in types:
        if type_.count("/") == 2 and (one := partner.agreement(MessageType(*type_.split("/")))) is not None:
            found[one.key] = one
    return list(found.values())


def _of(coverage: Coverage, partner: Partner, agreement: Agreement, exchange: int, now: datetime) -> Iterator[Observed]:
    lane = (partner.name, agreement.direction, agreement.message)
    for use in coverage.rules():
        if use.count:
            yield Observed(*lane, "rule", use.field, "", agreement.stage, written(now), exchange=exchange)
        for code, _ in use.seen:
            yield Observed(*lane, "code", use.field, code, agreement.stage, written(now), exchange=exchange)
    for place in coverage.unread_places():
        yield Observed(*lane, "unread", place.path, "", agreement.stage, written(now), exchange=exchange)


def _told(connection: Connection, partner: Partner, seen: Iterable[tuple[Agreement, Observed]], now: datetime) -> Iterator[Alert]:
    """Alerts for what a live agreement has for the first time. What was accepted beforehand is no news."""
    by_lane: dict[str, tuple[Agreement, list[Observed]]] = {}
    for agreement, one in seen:
        by_lane.setdefault(agreement.message, (agreement, []))[1].append(one)
    for agreement, found in by_lane.values():
        known = observed.of(connection, partner.name, agreement.direction, agreement.message)
        new = observed.add(connection, found)
        if agreement.stage not in TOLD or not new or not _learnt(connection, partner, agreement, known):
            continue
        words = [_words(one) for one in new]
        sentence = (f"{partner.name} {agreement.message}: never seen before, in exchange {new[0].exchange}: {'; '.join(words[:3])}"
                    + (f" and {len(words) - 3} more" if len(words) > 3 else "") + f" (edi-bridge rollout seen {partner.name})")
        yield Alert(partner, agreement, "first_seen", sentence, agreement.watch.first_seen)


def _learnt(connection: Connection, partner: Partner, agreement: Agreement, known: list[Observed]) -> bool:
    """Whether the usual is known: it was watched before it went live, or enough has come since."""
    if any(one.stage not in TOLD for one in known):
        return True
    t = ledger()
    joined = t.message.join(t.exchange, t.exchange.c.id == t.message.c.exchange_id)
    rows = connection.execute(select(t.message.c.id).select_from(joined).where(
        t.exchange.c.partner == partner.name, t.message.c.state == "posted").limit(LEARNT + 1)).all()
    return bool(known) and len(rows) > LEARNT


def _words(one: Observed) -> str:
    if one.kind == "rule":
        return f"{one.place} is filled"
    return f"{one.place} has the code {one.value}" if one.kind == "code" else f"{one.place}, which nothing reads"


def _rejects(connection: Connection, partner: Partner, agreement: Agreement) -> Iterator[Alert]:
    """An alert when too many of the newest messages were refused or held."""
    if agreement.watch.then == "off":
        return
    t = ledger()
    joined = t.message.join(t.exchange, t.exchange.c.id == t.message.c.exchange_id)
    rows = connection.execute(
        select(t.message.c.state, t.message.c.type).select_from(joined)
        .where(and_(t.exchange.c.partner == partner.name, t.exchange.c.received_at >= agreement.since,
                    t.message.c.state.in_(("posted", "shadowed", *BAD))))
        .order_by(t.message.c.id.desc()).limit(agreement.watch.of)).all()
    mine = [row.state for row in rows if row.type.count("/") == 2 and partner.agreement(MessageType(*row.type.split("/"))) == agreement]
    bad = sum(1 for state in mine if state in BAD)
    if len(mine) >= agreement.watch.of and 100 * bad >= agreement.watch.rejects * len(mine):
        yield Alert(partner, agreement, "rejects", f"{bad} of the newest {len(mine)} messages {agreement.message} of {partner.name} were refused or held",
                    agreement.watch.then)
