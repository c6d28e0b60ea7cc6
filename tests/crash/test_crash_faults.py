"""What fails around the program: disk, database, connections, clock, a second daemon, files that change under its hands."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from crash_world import DAY, INVOICE, LATER, START, World, edifact, eventually, order
from own_postgres import OwnPostgres

sys.path.insert(0, str(Path(__file__).parents[1] / "transport"))
from lines import CutLine  # noqa: E402
from ssh_lab import Sshd, serving, user  # noqa: E402

ONE = {"nord/3-order.edi": DAY["nord/3-order.edi"]}


@contextmanager
def small_disk(folder: Path, kilobytes: int, *options: str) -> Iterator[None]:
    """A disk of its own at a folder; what was there is carried over."""
    if os.getuid() != 0:
        pytest.skip("a small disk is mounted for this test, which only root may do")
    kept = folder.with_name(f"{folder.name}-kept")
    folder.rename(kept)
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join([f"size={kilobytes}k", *options]), "tmpfs", str(folder)], capture_output=True, text=True)
    if done.returncode:
        folder.rmdir()
        kept.rename(folder)
        pytest.skip(f"nothing may be mounted here: {done.stderr.strip()}")
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def nothing_happened(world: World, files: int) -> None:
    """The partner still has its files, and knows of nothing."""
    assert len([path for path in (world.place / "nord" / "out").rglob("*.edi") if path.is_file()]) == files, "a file was confirmed"
    assert not list((world.place / "nord" / "in").iterdir()), "an answer went out"
    world.nothing_lost()


def fill(world: World) -> Path:
    """Nothing more can be written into the home; the file that is to blame."""
    ballast = world.home / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    return ballast


def of_space(world: World) -> list[str]:
    """The lines of the log that say there is no room."""
    return [line for line in world.says().splitlines() if "No space" in line or "is full" in line]


def test_a_full_disk_confirms_nothing_is_told_once_and_work_goes_on_by_itself(new_world: Callable[..., World]) -> None:
    world = new_world()
    (world.home / "settings.yaml").write_text("least_room: 0MB\n")  # so that it runs into the wall
    with small_disk(world.home, 4096):
        daemon = world.daemon()
        try:
            eventually(lambda: "edi-bridge runs" in world.says(), says=world.says)
            ballast = fill(world)
            world.lay({"nord/1-large.edi": edifact("920", *[order(str(number), f"BIG-{number}", 9) for number in range(1, 200)])})
            eventually(lambda: "the archive" in world.says(), says=world.says)
            told = len(of_space(world))
            time.sleep(4)  # polls each second
            nothing_happened(world, 1)
            assert told <= len(of_space(world)) <= 4, "it is told again and again:\n" + "\n".join(of_space(world))
            ballast.unlink()
            eventually(lambda: any(one.about == "920" for one in world.got("nord")), 60, world.says)
        finally:
            daemon.kill(signal.SIGTERM)
            daemon.wait()
        world.idle()
        world.whole()
        assert len(world.orders()) == 1 + 199


def test_on_a_full_disk_it_ends_as_soon_as_it_is_told_to(new_world: Callable[..., World]) -> None:
    world = new_world()
    (world.home / "settings.yaml").write_text("least_room: 0MB\n")
    world.lay(ONE)
    with small_disk(world.home, 4096):
        go = world.place / "go"
        daemon = world.daemon(EDI_BRIDGE_PAUSE_AT="confirmed", EDI_BRIDGE_PAUSE_FILE=str(go))  # taken, and not posted
        eventually(lambda: world.rows("SELECT id FROM receipt WHERE name = '3-order.edi'"), says=world.says)
        waiting = world.home / "outgoing" / "lakes" / "invoice-2.part"
        waiting.parent.mkdir(parents=True, exist_ok=True)
        waiting.write_text(json.dumps(INVOICE | {"number": "R-2"}))
        ballast = fill(world)
        go.touch()
        eventually(lambda: "posting waits" in world.says(), says=world.says)
        waiting.rename(waiting.with_suffix(".json"))  # now it waits for the thread that posts
        eventually(lambda: not waiting.with_suffix(".json").exists(), says=world.says)
        began = time.monotonic()
        daemon.kill(signal.SIGTERM)
        assert daemon.wait() == 0
        assert time.monotonic() - began < 15, world.says()
        ballast.unlink()
        world.idle()
        world.whole()
        assert world.orders() == ["PO-0", "PO-CHANGED"] and len(world.got("lakes")) == 2


def test_a_record_of_ours_that_cannot_be_put_away_goes_out_once(new_world: Callable[..., World]) -> None:
    world = new_world()
    (world.home / "outgoing").mkdir(exist_ok=True)
    blocked = world.home / "outgoing" / "done"
    blocked.write_text("no folder")
    daemon = world.daemon()
    try:
        world.wish("invoice-2.json", INVOICE | {"number": "R-2"})
        eventually(lambda: len(world.got("lakes")) == 2 and str(blocked) in world.says(), says=world.says)
        time.sleep(2.5)  # looked at each second
        blocked.unlink()
        eventually(lambda: (blocked / "lakes" / "invoice-2.json").exists(), says=world.says)
    finally:
        daemon.kill(signal.SIGTERM)
        daemon.wait()
    world.idle()
    world.whole()
    assert [one.control for one in world.got("lakes")] == ["000000001", "000000002"], "it went out again"


def test_too_little_room_is_a_reason_to_take_nothing(new_world: Callable[..., World]) -> None:
    world = new_world()
    (world.home / "settings.yaml").write_text("least_room: 900GB\n")
    world.lay(ONE)
    assert world.once() in (0, 1)
    nothing_happened(world, 1)
    assert "of disk are left" in world.says()
    (world.home / "settings.yaml").write_text("least_room: 1MB\n")
    world.idle()
    world.whole()
    assert "PO-CHANGED" in world.orders()


def test_an_archive_that_cannot_be_written_confirms_nothing(new_world: Callable[..., World]) -> None:
    world = new_world()
    world.lay(ONE)
    with small_disk(world.home / "archive", 1024):
        subprocess.run(["mount", "-o", "remount,ro", str(world.home / "archive")], check=True)
        world.once()
        nothing_happened(world, 1)
        assert "ead-only" in world.says()
        subprocess.run(["mount", "-o", "remount,rw", str(world.home / "archive")], check=True)
        world.idle()
        world.whole()
        assert "PO-CHANGED" in world.orders()


def test_an_archive_with_room_for_a_part_of_a_file_confirms_nothing(new_world: Callable[..., World]) -> None:
    """A disk that is nearly full takes the beginning of what is written and reports no error (write(2))."""
    world = new_world()
    archive = world.home / "archive"
    world.lay({"nord/1-large.edi": edifact("920", *[order(str(number), f"BIG-{number}", 9) for number in range(1, 1200)]), **ONE})
    with small_disk(archive, 256):
        assert world.once() == 1
        assert sorted(path.name for path in (world.place / "nord" / "out").rglob("*.edi")) == ["1-large.edi"]
        assert "No space left" in world.says() and "PO-CHANGED" in world.orders(), "the small file passes"
        world.nothing_lost()
        subprocess.run(["mount", "-o", "remount,size=4m", str(archive)], check=True)
        world.idle()
        world.whole()
        assert len(world.orders()) == 2 + 1199


def test_a_database_that_is_restarted_in_mid_work(launcher: object, tmp_path: Path) -> None:
    with OwnPostgres(tmp_path / "server") as server:
        world = World(tmp_path / "world", launcher, server.url).build()  # type: ignore[arg-type]
        daemon = world.daemon()
        try:
            eventually(lambda: "edi-bridge runs" in world.says(), says=world.says)
            world.lay({f"nord/{number}.edi": edifact(str(number), order("1", f"R-{number}", 20)) for number in range(1000, 1060)})
            eventually(lambda: world.rows("SELECT id FROM message"), says=world.says)
            server.stop()
            world.store.close()
            time.sleep(1.0)
            world.lay({f"nord/{number}.edi": edifact(str(number), order("1", f"R-{number}", 2)) for number in range(1060, 1070)})
            server.start()
            eventually(lambda: len(world.got("nord")) == 70, 60, world.says)
        finally:
            daemon.kill(signal.SIGTERM)
            assert daemon.wait() == 0
        world.idle()
        world.whole()
        assert world.orders() == [f"R-{number}" for number in range(1000, 1070)]
        assert not [line for line in world.says().splitlines() if "mistake of edi_bridge" in line]
        world.store.close()


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with serving(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.mark.parametrize(("up", "after"), [(False, 30_000), (True, 12_000)], ids=["while-we-fetch", "while-we-put"])
def test_a_server_that_drops_the_connection_in_mid_transfer(launcher: object, tmp_path: Path, sshd: Sshd, up: bool, after: int) -> None:
    line = CutLine(sshd.ports["full"], after, up=up, cuts=2)
    world = World(tmp_path / "world", launcher)  # type: ignore[arg-type]
    world.build("{{kind: sftp, host: 127.0.0.1, port: " + str(line.port) + f", user: {user()}, key: ours, host_key: \"{sshd.host_key}\""
                ", get: {out}, put: {into}, poll: every 1s, settle: 0s, timeout: 10s}}")
    (world.home / "secrets").mkdir()
    (world.home / "secrets" / "ours").write_text((sshd.folder.parent / "ours").read_text())
    (world.home / "secrets" / "ours").chmod(0o600)
    world.lay({"nord/1.edi": edifact("931", *[order(str(number), f"S-{number}", 20) for number in range(1, 60)])})
    lines = [INVOICE["lines"][0] | {"number": str(number)} for number in range(1, 600)]
    world.wish("invoice-1.json", INVOICE | {"lines": lines, "totals": {"net": "184012.80", "gross": "184012.80", "line_count": 599}})
    world.once()
    world.nothing_lost()
    for _ in range(4):
        world.once(EDI_BRIDGE_CLOCK=LATER)
        world.nothing_lost()
    assert line.left == 0, "the connection was never cut"
    world.idle()
    world.whole()
    assert len(world.orders()) == 59 and [one.about for one in world.got("nord")] == ["931"]
    ((invoice,),) = [world.got("lakes")]
    assert invoice.control == "000000001" and invoice.content.count(b"~IT1*") == 599
    line.close()


def test_a_second_daemon_on_a_home_refuses_and_the_first_goes_on(new_world: Callable[..., World]) -> None:
    world = new_world()
    daemon = world.daemon()
    eventually(lambda: "edi-bridge runs" in world.says(), says=world.says)
    assert world.once() == 2
    assert "runs here already" in world.says() and "one home has one daemon" in world.says()
    world.lay(ONE)
    eventually(lambda: "PO-CHANGED" in world.orders(), says=world.says)
    daemon.kill(signal.SIGTERM)
    assert daemon.wait() == 0
    world.idle()
    world.whole()


def test_a_signal_that_the_system_gives_to_another_thread_ends_the_daemon_as_well(new_world: Callable[..., World]) -> None:
    """A signal to a process goes to any of its threads (signal(7)), now and then to one that is just beginning another."""
    world = new_world()
    daemon = world.daemon()
    eventually(lambda: "edi-bridge runs" in world.says(), says=world.says)
    threads = Path(f"/proc/{daemon.pid}/task")
    first = {path.name for path in threads.iterdir()}
    time.sleep(1.5)  # those of polls are gone by then
    other = min(int(path.name) for path in threads.iterdir() if path.name in first and path.name != str(daemon.pid))
    assert ctypes.CDLL(None).tgkill(daemon.pid, other, signal.SIGTERM) == 0
    assert daemon.wait(20) == 0
    assert "has ended" in world.says()


def test_a_clock_that_jumps_back_and_forth_between_runs(new_world: Callable[..., World], faultless: dict[str, list[str]]) -> None:
    world = new_world()
    for number, (time_of_day, files) in enumerate([("2026-11-22T10:00:00Z", ("1-", "2-")), ("2025-01-01T00:00:00Z", ("3-", "4-")),
                                                   ("2027-06-01T00:00:00Z", ("5-", "6-")), (START, ())]):
        world.lay({name: content for name, content in DAY.items() if name.startswith(tuple(f"{who}/{one}" for who in ("nord", "lakes") for one in files))})
        assert world.once(EDI_BRIDGE_CLOCK=time_of_day, **({"EDI_BRIDGE_CRASH_AT": "sent:1"} if number == 1 else {})) in (0, 1, -9)
        world.nothing_lost()
    world.idle()
    world.day_done()
    assert world.state()["crm"] == faultless["crm"]


def test_a_file_that_grows_while_it_is_read_is_taken_when_it_is_whole(new_world: Callable[..., World]) -> None:
    world = new_world()
    whole = DAY["nord/3-order.edi"]
    path = world.place / "nord" / "out" / "slow.edi"
    world.laid["slow"] = whole.encode()
    with path.open("wb", buffering=0) as file:  # a partner that does not write under another name first
        file.write(whole[:200].encode())
        go = world.place / "go"
        run = world.start("run", "--once", "--home", str(world.home), "--listen", "", EDI_BRIDGE_PAUSE_AT="claimed", EDI_BRIDGE_PAUSE_FILE=str(go))
        eventually(lambda: not path.exists(), says=world.says)
        file.write(whole[200:].encode())  # it was claimed (renamed) under the writer's hands
        go.touch()
        assert run.wait() in (0, 1)
    assert world.rows("SELECT id FROM receipt WHERE name = 'slow.edi'") == [] and "still being written" in world.says()
    world.idle()
    world.whole()
    assert world.rows("SELECT size FROM receipt WHERE name = 'slow.edi'") == [(len(whole),)] and "PO-CHANGED" in world.orders()


def test_an_archived_file_that_was_altered_is_found_by_the_audit(new_world: Callable[..., World]) -> None:
    world = new_world()
    world.lay(ONE)
    world.idle()
    ((digest, receipt),) = world.rows("SELECT sha256, id FROM receipt WHERE name = '3-order.edi'")
    path = world.home / "archive" / digest[:2] / digest
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content.replace(b"QTY+21:48", b"QTY+21:84"))
    code, said = world.command("exchange", "audit")
    assert code == 1 and f"receipt {receipt}" in said and "was altered" in said
    path.unlink()
    code, said = world.command("exchange", "audit")
    assert code == 1 and "is missing" in said
    path.write_bytes(content)
    assert world.command("exchange", "audit")[0] == 0


def test_the_database_itself_refuses_what_must_not_come_twice(began: World, began_postgres: World) -> None:
    """The unique indexes that promises rest on, asked of each database by raw SQL."""
    import sqlite3

    import psycopg

    doubles = ["INSERT INTO message (exchange_id, ordinal, type, reference, state, verdict, content, map, map_hash, record_type, records, failure)"
               " SELECT exchange_id, ordinal, type, reference, state, verdict, content, map, map_hash, record_type, records, failure FROM message LIMIT 1",
               "INSERT INTO identity (kind, scope, value, exchange_id, message) SELECT kind, scope, value, exchange_id, message FROM identity LIMIT 1",
               "INSERT INTO control_number (scope, kind, last, wrapped, wrapped_at) SELECT scope, kind, last, wrapped, wrapped_at FROM control_number LIMIT 1"]
    for statement in doubles:
        connection = sqlite3.connect(began.store.url)
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            connection.execute(statement)
        connection.close()
        with psycopg.connect(began_postgres.database) as server, pytest.raises(psycopg.errors.UniqueViolation):
            server.execute(statement.encode())


