"""What a network reports of what we sent: laid beside the outbox, told where something is wrong, never taken for messages.

The reports are written by hand as networks' descriptions print them (TA3 of X12; columns between bars); what became of them is read
by SQL. The last test sends through a real mailbox network on this machine.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from edi_bridge.catalog import Catalog
from edi_bridge.database import Database
from edi_bridge.engine import Engine, Incoming, network
from edi_bridge.interchange import Address
from edi_bridge.store import outbox
from edi_bridge.store.archive import Archive

CHANNELS = """channels:
  tradenet:
    kind: van
    host: mailbox.tradenet.example
    user: nw01
    password: tradenet
    host_key: "SHA256:bEyiKuBOhyPoMSrJ3rbqgxBCz0gRDV5gTG/6+hrLMrE"
    we_put: /to
    we_get: /from
    reports: /reports
    report:
      form: delimited
      delimiter: "|"
      header: true
      date: YYYY-MM-DD hh:mm
      lines:
        - columns: {control: ICN, sender: From, receiver: To, group: Group, name: File, status: Status, date: At, text: Note}
      statuses: {Received: network, Routed: routed, Delivered: mailbox, Picked: picked_up, Failed: refused}
  other: {kind: van, host: other.example, user: nw01, password: tradenet, we_put: /to, reports: /reports, report: ta3,
          host_key: "SHA256:bEyiKuBOhyPoMSrJ3rbqgxBCz0gRDV5gTG/6+hrLMrE"}
"""
OWN = """own: us
identities:
  - {id: "NORDWIND", qualifier: "01", standard: x12}
"""
PARTNER = """partner: acme
identities: [{id: ACME, qualifier: ZZ, standard: x12}]
send: tradenet
expect: {network: 2h, "997": 1d}
agreements:
  - {message: x12/004010/810, direction: out}
"""
HEAD = "Status|At|ICN|From|To|Group|File|Note\n"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class World:
    """An engine over a home with two networks, a clock that a test sets, and the outbox."""

    def __init__(self, database: Database, folder: Path):
        (folder / "partners").mkdir(parents=True)
        for name, said in (("_channels", CHANNELS), ("_own", OWN), ("acme", PARTNER)):
            (folder / "partners" / f"{name}.yaml").write_text(said)
        self.database, self.now = database, NOON
        self.archive = Archive(folder / "archive")
        self.catalog = Catalog(folder)
        self.engine = Engine(database, self.archive, self.catalog, clock=lambda: self.now, strict=True, answers=True)

    def sent(self, control: str, state: str = "sent", *, receiver: str = "ACME", channel: str = "tradenet", name: str = "", at: str = "2026-11-22T10:00:00.000000Z",
             kind: str = "document") -> int:
        with self.database.write() as connection:
            made = outbox.add(connection, self.archive, outbox.Outgoing("acme", kind, "810", "x12", Address("NORDWIND", "01"), Address(receiver, "ZZ"),
                                                                        control, b"ISA"), at)
            entry = outbox.get(connection, made)
            assert entry is not None
            outbox.begin(connection, [(entry, name or f"810_{control}_{made}.x12")], channel, "")
            outbox.mark(connection, made, state, at=at if state == "sent" else "", due_at="")
        return made

    def report(self, lines: str, channel: str = "tradenet", head: str = HEAD) -> Any:
        blob = self.archive.put(io.BytesIO((head + lines).encode()))
        (summary,) = [one for one in self.engine.process(self.engine.receive([Incoming(blob, "r.txt", f"{channel}.reports")])) if one is not None]
        return summary

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    def of(self, id: int) -> tuple[str, str, str]:
        """(network, state, the open alarm of network)."""
        ((known, state),) = self.rows(f"SELECT network, state FROM outbox WHERE id = {id}")
        rings = self.rows(f"SELECT sentence FROM alarm WHERE kind = 'network' AND subject = 'outbox {id}' AND open = 'open'")
        return known, state, rings[0][0] if rings else ""

    def watch(self) -> None:
        with self.database.write() as connection:
            network.tell_overdue(connection, self.catalog, self.now, self.engine.now())


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path / "home")


def test_a_report_is_a_receipt_and_no_message(world: World) -> None:
    one = world.sent("000000007")
    summary = world.report("Received|2026-11-22 10:05|000000007|NORDWIND|ACME|||\nPicked|2026-11-22 11:00|7|nordwind|acme |||\n")
    assert (summary.reported, summary.refused, summary.exchanges) == (2, False, [])
    assert world.of(one) == ("picked_up", "sent", "") and world.rows("SELECT state FROM receipt") == [("done",)]
    assert world.rows("SELECT count(*) FROM exchange") == world.rows("SELECT count(*) FROM finding") == world.rows("SELECT count(*) FROM alarm") == [(0,)]
    assert world.rows(f"SELECT status, at FROM network_report WHERE outbox_id = {one} ORDER BY id") == [
        ("network", "2026-11-22T10:05:00Z"), ("picked_up", "2026-11-22T11:00:00Z")]


@pytest.mark.parametrize(("line", "meant"), [
    ("Received||7|NORDWIND|ACME|||", True),
    ("Received||7|01NORDWIND      |ZZ:ACME|||", True),  # the qualifier before the id
    ("Received||7|01/NORDWIND|ZZ*ACME|||", True),
    ("Received||000000007||ACME|||", True),  # a network that names no sender
    ("Received||7|ZZNORDWIND|ACME|||", False),  # another qualifier
    ("Received||7|NORDWIND|ACMEX|||", False),
    ("Received||70|NORDWIND|ACME|||", False),
    ("Received||||||ours.x12|", True),
    ("Received||||||theirs.x12|", False),
])
def test_what_a_line_is_about(world: World, line: str, meant: bool) -> None:
    one, other = world.sent("000000007", name="ours.x12"), world.sent("000000007", channel="other", name="their.x12")
    assert world.report(line + "\n").reported == 1
    assert (world.of(one)[0], world.of(other)[0]) == ("network" if meant else "", "")


def test_of_a_number_that_was_used_twice_the_one_that_was_there_by_then(world: World) -> None:
    old, new = world.sent("000000007", at="2025-11-01T10:00:00.000000Z"), world.sent("000000007", at="2026-11-22T10:00:00.000000Z")
    world.report("Picked|2025-11-02 10:00|7|NORDWIND|ACME|||\n")
    assert (world.of(old)[0], world.of(new)[0]) == ("picked_up", "")
    world.report("Received|2026-11-22 10:01|7|NORDWIND|ACME|||\n")
    assert (world.of(old)[0], world.of(new)[0]) == ("picked_up", "network")


def test_reports_may_come_in_any_order(world: World) -> None:
    one = world.sent("7")
    world.report("Picked|2026-11-22 11:00|7|NORDWIND|ACME|||\n")
    world.report("Received|2026-11-22 10:05|7|NORDWIND|ACME|||\n")
    assert world.of(one)[0] == "picked_up"


def test_a_refusal_rings_with_its_reason_until_it_is_delivered_after_all(world: World) -> None:
    one = world.sent("7")
    world.report("Received|2026-11-22 10:05|7|NORDWIND|ACME|||\nFailed|2026-11-22 10:06|7|NORDWIND|ACME|||no\x07 mailbox\n")
    known, state, rings = world.of(one)
    assert (known, state) == ("refused", "sent") and "tradenet refused 810 7 to acme" in rings and "mailbox" in rings
    world.report("Failed|2026-11-22 10:06|7|NORDWIND|ACME|||no mailbox\n")  # told again by the next report: rings once
    assert world.rows("SELECT count(*) FROM alarm") == [(1,)]
    world.report("Delivered|2026-11-22 12:30|7|NORDWIND|ACME|||\n")
    assert world.of(one) == ("mailbox", "sent", "")


def test_what_was_purged_from_the_mailbox_unread_is_refused(world: World) -> None:
    one = world.sent("7")
    world.report("Delivered|2026-11-22 10:05|7|NORDWIND|ACME|||\nFailed|2026-11-23 10:05|7|NORDWIND|ACME|||purged\n")
    assert world.of(one)[0] == "refused"


def test_a_refused_group_rings_and_leaves_the_interchange(world: World) -> None:
    one = world.sent("7")
    world.report("Received|2026-11-22 10:05|7|NORDWIND|ACME|||\nFailed|2026-11-22 10:06|7|NORDWIND|ACME|12||bad group\n")
    assert world.of(one)[0] == "network" and "refused group 12 of 810 7" in world.of(one)[2]


def test_a_report_says_that_what_nobody_could_tell_of_was_sent(world: World) -> None:
    one = world.sent("7", "uncertain")
    with world.database.write() as connection:
        from edi_bridge.store import alarm

        alarm.raise_(connection, "uncertain", f"outbox {one}", "nobody can tell", "2026-11-22T10:00:00Z")
    world.report("Received|2026-11-22 10:05|7|NORDWIND|ACME|||\n")
    assert world.of(one) == ("network", "sent", "") and world.rows("SELECT count(*) FROM alarm WHERE open = 'open'") == [(0,)]
    assert world.rows("SELECT sent_at, due_at FROM outbox") == [("2026-11-22T10:05:00Z", "2026-11-23T10:05:00.000000Z")]  # a 997 within a day


def test_lines_that_nobody_understands_are_kept_and_told(world: World) -> None:
    summary = world.report("Received|2026-11-22 10:05|7|NORDWIND|ACME|||\nVanished|2026-11-22 10:05|8|NORDWIND|ACME|||\nhello\x1b[31m\n")
    assert summary.reported == 1
    kept = [row[0] for row in world.rows("SELECT words FROM network_report WHERE status = 'unread' ORDER BY id")]
    assert len(kept) == 2 and "line 3" in kept[0] and "Vanished" in kept[0] and "\x1b" not in "".join(kept)
    ((sentence,),) = world.rows("SELECT sentence FROM alarm WHERE open = 'open'")
    assert sentence.startswith("2 lines were not understood in the report r.txt of tradenet") and "\x1b" not in sentence


def test_a_refusal_of_something_we_never_sent_rings_and_other_traffic_does_not(world: World) -> None:
    world.report("Delivered|2026-11-22 10:05|99|NORDWIND|ACME|||\nFailed|2026-11-22 10:05|98|OTHERS|NORDWIND|||theirs\n")
    assert world.rows("SELECT count(*) FROM alarm") == [(0,)] and world.rows("SELECT outbox_id FROM network_report") == [(None,), (None,)]
    world.report("Failed|2026-11-22 10:05|98|NORDWIND|ACME|||unknown\n")
    assert "which is not in the outbox" in world.rows("SELECT sentence FROM alarm")[0][0]


def test_x12_s_own_segment(world: World) -> None:
    one = world.sent("000000007", channel="other")
    world.report("TA3*ZZ*TRADENET*000*ISA*000000007*261122*0250*01*NORDWIND*ZZ*ACME*DL*20261122*0312*RT*20261122*0401~", "other", "")
    assert world.of(one)[0] == "picked_up"


def test_reading_a_report_again_takes_the_place_of_the_first_time(world: World) -> None:
    world.sent("7")
    world.report("Received|2026-11-22 10:05|7|NORDWIND|ACME|||\n")
    with world.database.write() as connection:  # as if the program had died before it could close the receipt
        connection.execute(text("UPDATE receipt SET state = 'received'"))
    world.engine.resume()
    assert world.rows("SELECT count(*) FROM network_report") == [(1,)] and world.rows("SELECT state FROM receipt") == [("done",)]


def test_a_network_that_says_nothing_in_time_is_told(world: World) -> None:
    late, told, fresh = world.sent("7", at="2026-11-22T09:00:00.000000Z"), world.sent("8", at="2026-11-22T09:00:00.000000Z"), world.sent("9", at="2026-11-22T11:00:00.000000Z")
    world.sent("10", channel="elsewhere", at="2026-11-22T09:00:00.000000Z")  # no network: nothing reports
    world.report("Received|2026-11-22 09:05|8|NORDWIND|ACME|||\n")
    world.watch()
    world.watch()
    assert [bool(world.of(one)[2]) for one in (late, told, fresh)] == [True, False, False] and "should within 2:00:00" in world.of(late)[2]
    assert world.rows("SELECT count(*) FROM alarm") == [(1,)]
    world.report("Received|2026-11-22 12:05|7|NORDWIND|ACME|||\n")
    assert world.of(late)[2] == ""
    world.now += timedelta(hours=2)
    world.watch()
    assert world.of(fresh)[2]


def test_through_a_network_on_this_machine(tmp_path: Path) -> None:
    """An order comes by the network, our CONTRL goes back by it, and its report says that it arrived."""
    import sqlite3
    import time

    from edi_bridge.lab.account import accounts, spelled
    from edi_bridge.lab.van import Van

    lab, home = tmp_path / "lab", tmp_path / "home"
    lab.mkdir()
    (home / "partners").mkdir(parents=True)
    (home / "secrets").mkdir(mode=0o700)
    (home / "partners" / "_own.yaml").write_text('own: us\nidentities: [{id: "9521200034004", qualifier: "14"}]\nparties: [{scheme: gln, value: "9521200034004"}]\n')
    (home / "partners" / "nord.yaml").write_text('partner: nord\nidentities: [{id: "9521200077018", qualifier: "14"}]\nsend: lab\nacknowledge: {contrl: always}\n'
                                                 "agreements:\n  - {message: edifact/D96A/ORDERS}\n")
    order = ("UNB+UNOC:3+9521200077018:14+9521200034004:14+261102:0815+417'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+4500017731+9'DTM+137:20261102:102'"
             "NAD+BY+9521200077018::9'NAD+SU+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:48'PRI+AAA:3.19'UNS+S'CNT+2:1'UNT+11+1'UNZ+1+417'")

    def run_once() -> str:
        done = subprocess.run([sys.executable, "-m", "edi_bridge.cli", "run", "--once", "--home", home], capture_output=True, timeout=60, check=False)
        return (done.stdout + done.stderr).decode()

    def until(good: Callable[[], Any]) -> None:
        end = time.monotonic() + 10
        while not good():
            assert time.monotonic() < end
            time.sleep(0.05)

    with Van(lab, accounts(lab, [spelled("we=14:9521200034004"), spelled("nord=14:9521200077018")])) as van:
        us = next(one for one in van.accounts if one.name == "we")
        (home / "partners" / "_channels.yaml").write_text(van.channels(us))
        (home / "secrets" / "lab_we").write_text(us.password)
        (home / "secrets" / "lab_we").chmod(0o600)
        (van.network.box("nord", "in") / "order.edi").write_text(order)
        until(lambda: list(van.network.box("we", "out").iterdir()))
        said = run_once()
        until(lambda: list(van.network.box("nord", "out").iterdir()))
        until(lambda: list(van.network.box("we", "reports").iterdir()))
        again = run_once()
    with sqlite3.connect(home / "edi-bridge.sqlite") as connection:
        assert connection.execute("SELECT name, state, network FROM outbox").fetchall() == [("contrl", "sent", "mailbox")], said + again
        assert connection.execute("SELECT count(*) FROM exchange").fetchone() == (1,)
    assert "says" in again and "of what we sent" in again


def test_a_report_is_read_again_when_its_layout_knows_more(database: Database, tmp_path: Path) -> None:
    from edi_bridge.engine.acts import Acts
    from edi_bridge.fault import ConfigFault

    world = World(database, tmp_path / "home")
    one = world.sent("7")
    summary = world.report("Vanished|2026-11-22 10:05|7|NORDWIND|ACME|||\n")
    path = tmp_path / "home" / "partners" / "_channels.yaml"
    path.write_text(CHANNELS.replace("Failed: refused", "Failed: refused, Vanished: refused"))
    later = Engine(database, world.archive, Catalog(tmp_path / "home"), clock=lambda: world.now, strict=True, answers=True)
    acts = Acts(database, "ann", later.now)
    acts.read_again(summary.id, "the layout knows it")
    later.resume()
    with database.read() as connection:
        assert network.understood(connection, summary.id) == (1, 0)
    assert world.of(one)[0] == "refused" and world.rows("SELECT count(*) FROM alarm WHERE subject LIKE 'report%' AND open = 'open'") == [(0,)]
    with pytest.raises(ConfigFault, match="no receipt 4711"):
        acts.read_again(4711, "x")
