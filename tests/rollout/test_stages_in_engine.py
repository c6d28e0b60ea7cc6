"""Stages at work: real interchanges through the real engine in every stage, as a test and as production, by both kinds of channel.

What must become of each is written here by hand; where it ends is read from the tables of the three CRMs and the outbox.
"""

from __future__ import annotations

import io
import itertools
import json
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from edi_bridge.catalog import Catalog
from edi_bridge.crm.identity import own_identities
from edi_bridge.crm.tables import tables
from edi_bridge.database import Database, connect, upgrade
from edi_bridge.engine import Engine, Incoming
from edi_bridge.engine.acts import Acts
from edi_bridge.engine.outgoing import Writing
from edi_bridge.engine.resuming import go_on
from edi_bridge.engine.sending import Sending, Sent
from edi_bridge.fault import ConfigFault
from edi_bridge.onboarding.accepting import Accepting
from edi_bridge.record import from_json
from edi_bridge.store import conservation, outbox, search
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger

STAGES = ("draft", "connecting", "validating", "certifying", "shadow", "pilot", "live", "paused", "retest", "retired")
TESTING, REAL = {"validating", "certifying", "retest"}, {"pilot": "pilot_", "live": "", "retest": ""}
LANES = ("", "staging_", "pilot_")
OWN = 'own: us\nidentities:\n  - {id: "9521200034004", qualifier: "14"}\nparties: [{scheme: gln, value: "9521200034004"}]\n'
PARTNER = """partner: acorn
identities: [{id: "9521200099999", qualifier: "14"}]
acknowledge: {contrl: always}
send: folder
channels:
  folder: {kind: directory, get: a/out, put: a/in, settle: 0s}
  tests: {kind: directory, get: a/tout, put: a/tin, settle: 0s, test: true}
agreements:
  - {message: edifact/D96A/ORDERS}
  - {message: edifact/D96A/ORDCHG}
  - {message: edifact/D96A/INVOIC, direction: out}
"""
INVOICE = {"number": "R-1", "type": "invoice", "issued_on": "2026-11-20", "currency": "EUR", "buyer": {"gln": "9521200099999"},
           "seller": {"gln": "9521200034004"}, "lines": [{"number": "1", "gtin": "9521200002119", "quantity": "48", "unit": "EA", "net_price": "3.19",
                                                         "net_amount": "153.12"}], "totals": {"payable": "153.12"}}
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def order(control: str, *numbers: str, test: bool = False, change: str = "") -> bytes:
    """An interchange with an ORDERS for each number (and an ORDCHG to `change`)."""
    parts = []
    for place, number in enumerate((*numbers, *([change] if change else [])), 1):
        name, head = ("ORDCHG", f"BGM+230+C{number}+4'DTM+137:20261120:102'RFF+ON:{number}'") if change and place > len(numbers) else (
            "ORDERS", f"BGM+220+{number}+9'DTM+137:20261120:102'")
        line = "LIN+1+2+9521200002119:EN'QTY+21:0'" if name == "ORDCHG" else "LIN+1++9521200002119:EN'QTY+21:48'"
        body = f"UNH+{place}+{name}:D:96A:UN'{head}NAD+BY+9521200099999::9'NAD+SU+9521200034004::9'{line}UNS+S'"
        parts.append(body + f"UNT+{body.count(chr(39)) + 1}+{place}'")
    flag = "++++++1" if test else ""
    return (f"UNB+UNOC:3+9521200099999:14+9521200034004:14+261120:1015+{control}{flag}'" + "".join(parts) + f"UNZ+{len(parts)}+{control}'").encode()


class World:
    """A home, and an engine for it as it is now; what a test asks of them."""

    def __init__(self, home: Path, empty: Path):
        self.home = home
        shutil.copy(empty, home / "x.sqlite")
        for name in ("partners", "a/out", "a/in", "a/tout", "a/tin"):
            (home / name).mkdir(parents=True, exist_ok=True)
        (home / "partners" / "_own.yaml").write_text(OWN)
        (home / "partners" / "acorn.yaml").write_text(PARTNER)
        self.database: Database = connect(home / "x.sqlite")
        self.archive = Archive(home / "archive")
        self.read: Catalog | None = None

    def stages(self, *entries: str) -> None:
        """What `_stages.yaml` says: `ORDERS pilot`, `INVOIC out shadow documents=2`."""
        self.read = None
        lines = []
        for entry in entries:
            words = entry.split()
            limits = ", ".join(word.replace("=", ": ") for word in words if "=" in word and not word.startswith("former"))
            former = next((word.removeprefix("former=") for word in words if word.startswith("former=")), "")
            lines.append(f"  - {{message: edifact/D96A/{words[0]}, direction: {'out' if 'out' in words else 'in'}, stage: {words[2 if 'out' in words else 1]}, "
                         f"since: 2026-11-22T07:00:00Z{f', former: {former}' if former else ''}{f', limits: {{{limits}}}' if limits else ''}}}\n")
        (self.home / "partners" / "_stages.yaml").write_text("acorn:\n" + "".join(lines))

    @property
    def catalog(self) -> Catalog:
        """The home as its stages are now."""
        self.read = self.read or Catalog(self.home, check_receiver=True)
        return self.read

    @property
    def engine(self) -> Engine:
        catalog = self.catalog
        return Engine(self.database, self.archive, catalog, own=own_identities(catalog.own.parties), strict=True, answers=True, clock=lambda: NOW)

    def take(self, content: bytes, test_channel: bool = False) -> search.Row:
        """One file through the engine; its (only) exchange."""
        engine = self.engine
        channel = "acorn.tests" if test_channel else "acorn.folder"
        taken = engine.receive([Incoming(self.archive.put(io.BytesIO(content)), "x.edi", channel, "acorn", "", "", test_channel or None)])
        for _ in engine.process(taken):
            pass
        with self.database.read() as connection:
            (row,) = search.of_receipt(connection, taken[0][0].id)
        return row

    def orders(self) -> dict[str, int]:
        """How many orders are in each lane's CRM."""
        with self.database.read() as connection:
            return {lane: connection.execute(select(func.count()).select_from(tables(lane).sales_order)).scalar_one() for lane in LANES}

    def entries(self) -> list[Any]:
        t = ledger().outbox
        with self.database.read() as connection:
            return list(connection.execute(select(t).order_by(t.c.id)))

    def counted(self) -> dict[str, int]:
        """The account, which must be balanced."""
        with self.database.read() as connection:
            account = conservation.check(connection, self.archive)
        assert account.balanced, account.problems
        return {name: count for name, count in account.messages.items() if count}

    def sending(self) -> Sending:
        return Sending(self.database, self.archive, self.catalog, lambda: NOW)

    def acts(self) -> Acts:
        return Acts(self.database, "ann", lambda: "2026-11-22T10:00:00.000000Z")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all its tables, made once."""
    file = tmp_path_factory.mktemp("empty") / "x.sqlite"
    database = connect(file)
    upgrade(database)
    database.engine.dispose()
    with sqlite3.connect(file) as plain:
        plain.execute("PRAGMA journal_mode=DELETE")
    return file


@pytest.fixture
def world(tmp_path: Path, empty: Path) -> World:
    return World(tmp_path, empty)


def entry_of(world: World, id: int) -> outbox.Entry:
    with world.database.read() as connection:
        made = outbox.get(connection, id)
    assert made is not None
    return made


@pytest.mark.parametrize(("stage", "test", "by_test_channel"), list(itertools.product(STAGES, (True, False), (True, False))))
def test_an_order_in_every_stage(world: World, stage: str, test: bool, by_test_channel: bool) -> None:
    world.stages(f"ORDERS {stage}")
    row = world.take(order("71", "A-1", test=test), by_test_channel)
    nowhere, answers = {"": 0, "staging_": 0, "pilot_": 0}, world.entries()
    if by_test_channel and not test:
        assert (row.state, row.reason) == ("quarantined", "it is live traffic in a channel for tests") and not answers
        assert world.orders() == nowhere
    elif test and stage in TESTING:
        assert (row.state, world.orders()) == ("done", {**nowhere, "staging_": 1})
        assert [one.test for one in answers] == [True] and b"++++++1'" in answers[0].content, "the answer to a test is a test"
        assert world.sending().channel_of(entry_of(world, answers[0].id)) == "acorn.tests"
        assert world.counted() == {"staged": 1}
    elif not test and stage in REAL:
        lane = REAL[stage]
        assert (row.state, world.orders()) == ("done", {**nowhere, lane: 1})
        assert [one.test for one in answers] == [False] and b"++++++1'" not in answers[0].content
        assert world.sending().channel_of(entry_of(world, answers[0].id)) == "acorn.folder"
        assert world.counted() == {"piloted" if lane else "posted": 1}
    elif not test and stage == "shadow":
        assert (row.state, dict(row.states), row.documents) == ("done", {"shadowed": 1}, ("order A-1",))
        assert world.orders() == nowhere and not answers and world.counted() == {"shadowed": 1}
    else:
        assert row.state == "quarantined" and (stage in row.reason or row.reason.startswith("it is a test")) and not answers
        assert world.orders() == nowhere and world.counted() == {"quarantined": 1}


@pytest.mark.parametrize(("stage", "wanted"), list(itertools.product(STAGES, (True, False, None))))
def test_an_invoice_in_every_stage(world: World, stage: str, wanted: bool | None) -> None:
    world.stages(f"INVOIC out {stage}" + (" former=live" if stage == "paused" else ""))
    catalog = world.catalog
    writing = Writing(world.database, world.archive, catalog, lambda: NOW)
    record = from_json(json.dumps(INVOICE).encode(), "invoice")
    production = stage in ("shadow", "pilot", "live", "retest", "paused")
    is_test = wanted if wanted is not None else not production
    if (is_test and stage not in TESTING) or (not is_test and not production):
        with pytest.raises(ConfigFault, match=stage if stage != "paused" else "live"):
            writing.way("acorn", "invoice", test=wanted)
        return
    made = writing.submit(writing.way("acorn", "invoice", test=wanted), [record], "a test")
    assert made.entries, [one.sentence() for one in made.findings]
    (row,) = world.entries()
    assert (b"++++++1'" in row.content) is is_test is row.test, "UNB 0035 stands in tests alone"
    assert row.state == ("shadowed" if stage == "shadow" else "waiting")
    sending, entry = world.sending(), entry_of(world, row.id)
    assert sending.channel_of(entry) == ("acorn.tests" if is_test else "acorn.folder")
    with world.database.read() as connection:
        due = [one.id for one in outbox.due(connection, "9999")]
    then = sending.standing(entry).then
    assert (then, bool(due)) == {"shadow": ("refuse", False), "paused": ("wait", True)}.get(stage, ("send", True))
    wrong = catalog.channels["acorn.folder" if is_test else "acorn.tests"]
    transport: Any = None  # nothing of it is asked: the channel is the wrong one
    assert sending.send(entry, transport, wrong) is Sent.FAILED, "never by the other kind of channel"


def test_tests_and_production_have_numbers_and_memories_of_their_own(world: World) -> None:
    world.stages("ORDERS retest")
    rows = [world.take(order("71", "A-1", test=True)), world.take(order("71", "A-1"))]
    assert [(row.state, row.outcome) for row in rows] == [("done", "new"), ("done", "new")]
    assert [one.control for one in world.entries()] == ["1", "1"]


def test_a_test_without_a_channel_for_tests_waits(world: World) -> None:
    (world.home / "partners" / "acorn.yaml").write_text(PARTNER.replace("  tests: {kind: directory, get: a/tout, put: a/tin, settle: 0s, test: true}\n", ""))
    world.stages("ORDERS certifying")
    world.take(order("71", "A-1", test=True))
    (row,) = world.entries()
    sending, entry = world.sending(), entry_of(world, row.id)
    assert sending.channel_of(entry) == ""
    sending.no_channel(entry)
    assert world.entries()[0].state == "waiting" and "no channel for tests" in world.entries()[0].error


def test_a_pilot_s_number_is_remembered_when_it_is_live(world: World) -> None:
    world.stages("ORDERS pilot")
    world.take(order("71", "A-1"))
    world.stages("ORDERS live")
    assert world.take(order("71", "A-1")).outcome == "again", "a pilot is production"
    assert world.take(order("71", "A-2")).outcome == "conflict"
    assert dict(world.take(order("72", "A-1")).states) == {"held": 1}, "the same content under another number"


def test_limits_of_a_pilot(world: World) -> None:
    world.stages("ORDERS pilot documents=4 daily=3 approve=1")
    first = world.take(order("1", "A-1"))
    assert first.state == "quarantined" and "approved by a person, and this is number 1" in first.reason and not world.entries()
    world.acts().release(first.id, "looks good")
    world.engine.resume()
    assert world.orders()["pilot_"] == 1 and len(world.entries()) == 1, "approved, posted into the pilot, and answered"
    assert world.take(order("2", "A-2", "A-3")).state == "done"
    over = world.take(order("3", "A-4"))
    assert over.state == "quarantined" and "3 documents a day is reached (3 came before)" in over.reason
    with world.database.write() as connection:
        from edi_bridge.store.rollout_tables import rollout

        connection.execute(update(rollout().piloted).values(day="2026-11-21"))
    assert "limit of 4 documents is reached" in world.take(order("4", "A-5", "A-6")).reason, "two at once are one too many"
    assert world.take(order("5", "A-7")).state == "done"
    assert world.take(order("5", "A-7")).outcome == "again", "what came before counts no more"
    assert world.take(order("6", "A-8")).state == "quarantined"
    assert world.orders() == {"": 0, "staging_": 0, "pilot_": 4}
    assert world.counted() == {"piloted": 4, "quarantined": 4, "duplicate": 1}


def test_messages_of_one_interchange_go_where_their_stages_say(world: World) -> None:
    world.stages("ORDERS live", "ORDCHG pilot")
    row = world.take(order("1", "A-1", change="A-9"))
    assert row.state == "done" and world.orders() == {"": 1, "staging_": 0, "pilot_": 0}
    t = ledger().message
    with world.database.read() as connection:
        assert connection.execute(select(t.c.type, t.c.lane).order_by(t.c.ordinal)).all() == [
            ("edifact/D96A/ORDERS", ""), ("edifact/D96A/ORDCHG", "pilot_")]
    world.stages("ORDERS live", "ORDCHG shadow")
    both = world.take(order("2", "A-2", change="A-2"))
    assert dict(both.states) == {"posted": 1, "shadowed": 1} and len(world.entries()) == 2, "answered, because one of them is real"
    world.stages("ORDERS live", "ORDCHG draft")
    held = world.take(order("3", "A-3", change="A-3"))
    assert held.state == "quarantined" and "edifact/D96A/ORDCHG: its agreement is in the stage draft" in held.reason
    world.acts().release(held.id, "the order is urgent")
    world.engine.resume()
    with world.database.read() as connection:
        states = dict(connection.execute(select(t.c.type, t.c.state).where(t.c.exchange_id == held.id)).all())
    assert states == {"edifact/D96A/ORDERS": "posted", "edifact/D96A/ORDCHG": "held"}, "no release posts what its stage does not take"


def test_what_came_while_it_was_paused_goes_on_in_order(world: World) -> None:
    world.stages("ORDERS pilot")
    world.take(order("1", "A-1"))
    world.stages("ORDERS paused former=pilot")
    rows = [world.take(order(str(number), f"A-{number}")) for number in (2, 3)]
    assert [(row.state, row.reason) for row in rows] == [("quarantined", "paused: edifact/D96A/ORDERS")] * 2
    answer = entry_of(world, world.entries()[0].id)
    assert world.sending().standing(answer).then == "wait", "nothing is sent either"
    looked = go_on(world.database, world.archive, world.catalog, lambda: "2026-11-22T10:00:00.000000Z")
    assert all(why.startswith("paused") for _, why in looked), "it is paused still"
    world.stages("ORDERS live")
    world.engine.resume()
    assert world.orders() == {"": 2, "staging_": 0, "pilot_": 1} and world.sending().standing(answer).then == "send"
    assert world.take(order("3", "A-77")).outcome == "conflict", "the numbers of what waited are remembered"
    assert world.counted() == {"piloted": 1, "posted": 2, "quarantined": 1}


def test_what_a_pilot_kept_is_accepted_once_and_what_the_old_channel_booked_is_skipped(world: World) -> None:
    world.stages("ORDERS pilot")
    for number in (1, 2, 3):
        world.take(order(str(number), f"A-{number}"))
    world.stages("ORDERS live")
    world.take(order("9", "A-3"))  # held: the same content; the old channel's own booking follows
    with world.database.read() as connection:
        held = search.find(connection, search.Wanted(state="held"))[0]
    world.acts().release(held.id, "booked by the old channel")
    world.engine.resume()
    accepting = Accepting(world.database, world.archive, world.catalog, "ann", lambda: "2026-11-22T10:00:00.000000Z")
    (orders, *_) = world.catalog.partner_named("acorn").agreements
    made = accepting.accept("acorn", [orders], "both agree", booked={"A-2"})
    assert [(one.documents, one.became) for one in made] == [(("A-1",), "accepted"), (("A-2",), "booked"), (("A-3",), "booked")]
    assert world.orders() == {"": 2, "staging_": 0, "pilot_": 3}
    assert accepting.accept("acorn", [orders], "again") == []
    assert world.counted() == {"posted": 2, "discarded": 2}


def test_what_is_discarded_stays_marked_in_the_pilot_s_lane(world: World) -> None:
    world.stages("ORDERS pilot")
    row = world.take(order("1", "A-1"))
    world.take(order("2", "A-2"))
    accepting = Accepting(world.database, world.archive, world.catalog, "ann", lambda: "2026-11-22T10:00:00.000000Z")
    (orders, *_) = world.catalog.partner_named("acorn").agreements
    assert [one.became for one in accepting.discard("acorn", [orders], "booked", [row.id])] == ["discarded"]
    assert world.orders() == {"": 0, "staging_": 0, "pilot_": 2} and world.counted() == {"piloted": 1, "discarded": 1}


@pytest.mark.parametrize("stage", ["pilot", "certifying"])
def test_a_lane_knows_live_customers_and_writes_in_itself_alone(world: World, stage: str) -> None:
    world.stages("ORDERS live")
    world.take(order("1", "A-1"))
    live = tables("")
    with world.database.write() as connection:
        (number,) = connection.execute(select(live.customer.c.id)).scalars()
        connection.execute(update(live.customer).values(name="Acorn as we know it"))
        before = connection.execute(select(live.customer)).all(), connection.execute(select(live.customer_identifier)).all()
    world.stages(f"ORDERS {stage}")
    for control in ("2", "3"):
        world.take(order(control, f"A-{control}", test=stage == "certifying"))
    lane = tables("pilot_" if stage == "pilot" else "staging_")
    with world.database.read() as connection:
        assert connection.execute(select(lane.customer.c.name)).scalars().all() == ["Acorn as we know it"]
        assert connection.execute(select(func.count(), func.count(lane.sales_order.c.customer_id.distinct()))).one() == (2, 1)
        pairs = [connection.execute(select(one.customer_identifier.c.scheme, one.customer_identifier.c.value).order_by(
            one.customer_identifier.c.value)).all() for one in (live, lane)]
        assert pairs[0] == pairs[1] and number
        assert (connection.execute(select(live.customer)).all(), connection.execute(select(live.customer_identifier)).all()) == before


def test_outbound_limits_hold_what_is_too_much(world: World) -> None:
    world.stages("INVOIC out pilot documents=2 approve=1")
    writing = Writing(world.database, world.archive, world.catalog, lambda: NOW)
    for number in ("R-1", "R-2", "R-3"):
        writing.submit(writing.way("acorn", "invoice"), [from_json(json.dumps({**INVOICE, "number": number}).encode(), "invoice")], "a test")
    assert [(one.state, one.error.partition(" (")[0]) for one in world.entries()] == [
        ("held", "the first 1 documents of the pilot are approved by a person, and this is number 1"), ("waiting", ""),
        ("held", "the pilot's limit of 2 documents is reached")]
