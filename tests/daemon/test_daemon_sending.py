"""Entries of the outbox on their way to a partner who speaks HTTP (a real server, which cannot be looked at unless it says so):
begun one by one, by one process, nothing guessed that was known; a way that is closed is no entry's fault."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_case import Home, home, order, sqlite3  # noqa: F401

from edi_bridge import settings
from edi_bridge.clock import Clock
from edi_bridge.daemon.configuration import Configuration, Loading
from edi_bridge.database import Database, connect
from edi_bridge.engine.sending import Sent
from edi_bridge.fault import ChannelFault, TransientFault
from edi_bridge.interchange import Address
from edi_bridge.secret import Secrets
from edi_bridge.store import outbox
from edi_bridge.store.outbox import Entry, Outgoing
from edi_bridge.transport import open_transport

sys.path.insert(0, str(Path(__file__).parents[1] / "transport"))
from http_partner import Partner  # noqa: E402

NOW = "2026-11-22T10:00:00.000000Z"
FAR = "9000-01-01T00:00:00.000000Z"
SECRETS = Secrets(environ={"EDI_BRIDGE_SECRET_TOKEN": "horse"})


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[Partner]:
    (tmp_path / "posted").mkdir()
    made = Partner(tmp_path / "posted", tmp_path / "posted", "horse")
    yield made
    made.close()


def http(partner: Partner, *options: str) -> str:
    return f"  folder: {{kind: http, url: \"{partner.at}/in/{{name}}\", bearer: token, {', '.join(options)}}}\n"


def loaded(home: Home, database: Database) -> Configuration:  # noqa: F811
    return Loading(settings.load({}, home.folder), database, Clock()).load()


def lay(database: Database, now: Configuration, count: int) -> list[Entry]:
    """Answers of ours that wait for nord."""
    ours, theirs = Address("9521200034004", "14"), Address("9521200077018", "14")
    made = [Outgoing("nord", "answer", "contrl", "edifact", ours, theirs, str(number), b"UNB+%d'" % number) for number in range(1, count + 1)]
    with database.write() as connection:
        outbox.add_all(connection, now.sending.archive, made, NOW)
        return outbox.due(connection, FAR)


def states(database: Database) -> list[tuple[str, int]]:
    with database.read() as connection:
        return [(one.state, one.tries) for one in reversed(outbox.listing(connection))]


def test_of_two_that_saw_the_same_entry_one_gets_it(home: Home, partner: Partner, database: Database) -> None:  # noqa: F811
    home.partner("nord", channels=http(partner))
    one, other = loaded(home, database), loaded(home, database)
    seen = lay(database, one, 2)
    way = one.channels["nord.folder"]
    transport = open_transport(way, SECRETS)
    assert [one.sending.send(entry, transport, way) for entry in seen] == [Sent.SENT] * 2
    assert other.sending.send_together(seen, transport, way) == [Sent.TAKEN] * 2  # it read them before they were sent
    (third,) = [entry for entry in lay(database, one, 1) if entry.state == "waiting"]
    with database.write() as connection:
        assert outbox.begin(connection, [(third, "a.edi")], "x", FAR)[0] is not None
        assert outbox.begin(connection, [(third, "a.edi")], "x", FAR) == [None]  # that it is open does not make it ours
    assert [request[1] for request in partner.requests] == [f"/in/CONTRL_9521200034004_{number}_{entry.id}.edi" for number, entry in enumerate(seen, 1)]
    transport.close()


def test_a_kill_leaves_one_entry_of_which_nobody_knows(home: Home, partner: Partner) -> None:  # noqa: F811
    home.partner("nord", channels=f"  in: {{kind: directory, get: {home.out('nord')}, settle: 0s}}\n" + http(partner))
    for number in range(1, 6):
        home.lies("nord", f"{number}.edi", order("nord", str(number)))
    killed = home.start("--once", EDI_BRIDGE_CRASH_AT="sent:3", EDI_BRIDGE_SECRET_TOKEN="horse")
    assert killed.process.wait(120) == -signal.SIGKILL
    assert home.rows("SELECT state FROM outbox ORDER BY id") == [("sent",), ("sent",), ("sending",), ("waiting",), ("waiting",)]
    again = home.start("--once", EDI_BRIDGE_SECRET_TOKEN="horse")
    again.process.wait(120)
    assert home.rows("SELECT state FROM outbox ORDER BY id") == [("sent",), ("sent",), ("uncertain",), ("sent",), ("sent",)]
    assert len(partner.requests) == len({request[1] for request in partner.requests}) == 5, "one was sent a second time"
    assert [row[0] for row in home.rows("SELECT subject FROM alarm WHERE kind = 'uncertain'")] == ["outbox 3"]


def test_what_went_out_while_the_database_was_away_is_not_guessed(home: Home, partner: Partner) -> None:  # noqa: F811
    home.partner("nord", channels=http(partner))
    database = connect(home.folder / "edi-bridge.sqlite", patience=0.2)
    now = loaded(home, database)
    seen = lay(database, now, 3)
    other = sqlite3.connect(home.folder / "edi-bridge.sqlite", isolation_level=None, check_same_thread=False)

    def locks(handler: object) -> None:
        """The partner has it; then somebody holds the database for long."""
        other.execute("BEGIN IMMEDIATE")
        handler._answer(201)  # type: ignore[attr-defined]

    partner.answers = [(201, {}, b""), locks]
    transport = open_transport(now.channels["nord.folder"], SECRETS)
    with pytest.raises(TransientFault, match="locked"):
        now.sending.send_together(seen, transport, now.channels["nord.folder"])
    other.execute("ROLLBACK")
    assert states(database) == [("sent", 1), ("sending", 1), ("waiting", 0)]
    now.sending.catch_up()
    assert states(database) == [("sent", 1), ("sent", 1), ("waiting", 0)] and len(partner.requests) == 2
    transport.close()
    other.close()
    database.close()


def test_a_refused_login_is_no_entry_s_fault_and_a_refused_document_is(home: Home, partner: Partner, database: Database) -> None:  # noqa: F811
    home.partner("nord", channels=http(partner))
    now = loaded(home, database)
    seen = lay(database, now, 3)
    way = now.channels["nord.folder"]
    stranger = open_transport(way, Secrets(environ={"EDI_BRIDGE_SECRET_TOKEN": "donkey"}))
    with pytest.raises(ChannelFault, match="401"):
        now.sending.send_together(seen, stranger, way)
    assert states(database) == [("waiting", 0)] * 3
    with database.read() as connection:
        first, *others = outbox.due(connection, FAR)
    assert "401" in first.error and [one.next_at for one in (first, *others)] == ["", "", ""]
    partner.answers = [(422, {}, b"no such partner")]
    known = open_transport(way, SECRETS)
    assert now.sending.send_together([first, *others], known, way) == [Sent.FAILED, Sent.SENT, Sent.SENT]
    assert states(database) == [("failed", 1), ("sent", 1), ("sent", 1)]
    for one in (stranger, known):
        one.close()


def test_a_server_that_is_away_is_asked_twice_and_the_others_stay_as_they_were(home: Home, partner: Partner, database: Database) -> None:  # noqa: F811
    home.partner("nord", channels=http(partner))
    now = loaded(home, database)
    seen = lay(database, now, 5)
    way = now.channels["nord.folder"]
    partner.answers = [(503, {}, b""), (503, {}, b"")]
    transport = open_transport(way, SECRETS)
    assert now.sending.send_together(seen, transport, way) == [Sent.AGAIN] * 5
    assert states(database) == [("waiting", 1)] * 2 + [("waiting", 0)] * 3 and len(partner.requests) == 2
    transport.close()
