"""SFTP with servers of every kind: without renaming, blind, read-only, full, lying, silent; and those that misbehave in one way each."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from battery import BIG, Place, PutBattery, fetched, listed, only
from odd_sftp_server import HOSTILE
from ssh_lab import Sshd
from test_sftp import place_on

from edi_bridge.fault import TransientFault, UncertainFault
from edi_bridge.transport.contract import Presence
from edi_bridge.transport.settling import shown

Opened = Callable[..., Place]


@pytest.fixture
def on(sshd: Sshd, tmp_path: Path) -> Iterator[Opened]:  # noqa: F811
    """A place on one of the servers."""
    made: list[Place] = []

    def place(server: str, **options: Any) -> Place:
        made.append(place_on(sshd, tmp_path, server, **options))
        return made[-1]

    yield place
    for one in made:
        one.close()


class TestAServerWithoutPosixRename(PutBattery):
    @pytest.fixture
    def place(self, on: Opened) -> Place:
        return on("plain")


class TestAServerThatCannotRename(PutBattery):
    temporary = False  # rename: never

    @pytest.fixture
    def place(self, on: Opened) -> Place:
        return on("fixed", rename="never")


@pytest.mark.parametrize("server", ["short-reads", "terse", "reordered"])
def test_what_the_draft_allows_makes_no_difference(on: Opened, server: str) -> None:
    """Reads answered by halves; names without attributes and statuses without words; answers in another order."""
    place = on(server)
    place.lies("order.edi", BIG, 100)
    place.lies("empty.edi", b"", 50)
    (place.out / "folder.edi").mkdir()
    (place.out / "link.edi").symlink_to("order.edi")
    transport = place.open()
    order, empty = listed(transport)
    assert (order.name, order.size, empty.name, empty.size) == ("order.edi", len(BIG), "empty.edi", 0)
    assert fetched(transport, order) == BIG and fetched(transport, empty) == b""
    transport.confirm(order)
    transport.confirm(order)
    assert [file.name for file in listed(transport)] == ["empty.edi"]
    transport.put("invoice.edi", io.BytesIO(BIG), len(BIG))
    assert (place.inbox / "invoice.edi").read_bytes() == BIG
    assert transport.look("nothing.edi", 3) is Presence.ABSENT


def put(place: Place, content: bytes = b"UNB", **options: Any) -> None:
    place.open(**options).put("invoice.edi", io.BytesIO(content), len(content))


def test_a_write_that_fails_among_others_is_seen_although_the_size_is_right(on: Opened) -> None:
    place = on("failing-write")
    with pytest.raises(TransientFault, match=r"invoice\.edi: disk \[2J trouble") as caught:
        put(place, BIG)
    assert not isinstance(caught.value, UncertainFault) and "\x1b" not in str(caught.value)
    assert list(place.inbox.iterdir()) == []


def test_a_server_that_refuses_to_rename_gets_no_half_file(on: Opened) -> None:
    place = on("fixed")
    with pytest.raises(TransientFault, match="refuses to rename it.*rename: never") as caught:
        put(place)
    assert not isinstance(caught.value, UncertainFault)
    assert list(place.inbox.iterdir()) == []
    assert [(probe.step, probe.good) for probe in place.open().probes()][-2:] == [("put", False), ("delete", False)]


def test_without_renaming_a_part_of_ours_is_written_over_and_a_longer_file_is_not(on: Opened) -> None:
    place = on("fixed", rename="never")
    (place.inbox / "invoice.edi").write_bytes(b"UN")
    assert place.open().look("invoice.edi", 3) is Presence.PARTIAL
    put(place)
    assert place.open().look("invoice.edi", 3) is Presence.WHOLE
    (place.inbox / "invoice.edi").write_bytes(b"longer")
    assert place.open().look("invoice.edi", 3) is Presence.UNKNOWN
    with pytest.raises(TransientFault, match="not written over"):
        put(place)
    assert (place.inbox / "invoice.edi").read_bytes() == b"longer"


def test_a_server_where_we_may_write_and_not_look(on: Opened) -> None:
    place = on("blind")
    put(place)
    assert (place.inbox / "invoice.edi").read_bytes() == b"UNB"
    assert place.open().look("invoice.edi", 3) is Presence.UNKNOWN
    place.lies("order.edi", b"one")
    with pytest.raises(TransientFault, match="(?i)permission denied"):
        listed(place.open())


def test_a_server_where_nothing_may_be_written(on: Opened) -> None:
    place = on("reading")
    place.lies("order.edi", b"one")
    with pytest.raises(TransientFault, match="(?i)permission denied"):
        put(place)
    transport = place.open()
    file = only(transport)
    assert fetched(transport, file) == b"one"
    with pytest.raises(TransientFault, match=r"order\.edi: .*(?i:permission denied)"):
        transport.confirm(file)
    assert place.kept(b"one")


def test_a_size_that_differs_is_no_put(on: Opened) -> None:
    place = on("wrong-size")
    with pytest.raises(TransientFault, match="2 bytes of it, and 3 were written"):
        put(place)
    assert list(place.inbox.iterdir()) == []


@pytest.mark.parametrize(("server", "there"), [("rename-unanswered", Presence.WHOLE), ("rename-hangs", Presence.WHOLE), ("rename-lost", Presence.PARTIAL)])
def test_a_rename_whose_end_is_not_known_is_uncertain_and_a_look_knows(on: Opened, sshd: Sshd, server: str, there: Presence) -> None:  # noqa: F811
    place = on(server)
    transport = place.open(timeout="3s")
    with pytest.raises(UncertainFault, match=r"whether invoice\.edi is there is not known"):
        transport.put("invoice.edi", io.BytesIO(b"UNB"), 3)
    assert place.open().look("invoice.edi", 3) is there
    put(place, port=sshd.ports["full"])
    assert {path.name: path.read_bytes() for path in place.inbox.iterdir()} == {"invoice.edi": b"UNB"}


def test_a_server_that_signs_us_in_and_then_says_nothing_is_left_in_time(on: Opened) -> None:
    transport = on("silent").open(timeout="1s")
    begun = time.monotonic()
    with pytest.raises(TransientFault, match="has not answered for 1 s"):
        listed(transport)
    assert time.monotonic() - begun < 4


def test_a_server_that_sends_a_byte_at_a_time_is_held_to_the_deadline(on: Opened) -> None:
    place = on("trickle")
    place.lies("order.edi", BIG)
    transport = place.open(timeout="1s", deadline="2s")
    file = only(transport)
    begun = time.monotonic()
    with pytest.raises(TransientFault, match="deadline"):
        transport.fetch(file, io.BytesIO())
    assert time.monotonic() - begun < 5


def test_a_folder_without_an_end_is_held_to_the_deadline(on: Opened) -> None:
    place = on("endless")
    place.lies("order.edi", b"one")
    begun = time.monotonic()
    try:
        listed(place.open(timeout="1s", deadline="2s"))
    except TransientFault as fault:
        assert "deadline" in str(fault)
    assert time.monotonic() - begun < 10


def test_a_login_script_that_prints_is_told_from_sftp(on: Opened) -> None:
    with pytest.raises(TransientFault, match="no SFTP"):
        listed(on("talkative").open())


def test_names_that_no_folder_can_hold_are_passed_over_with_a_note(on: Opened) -> None:
    place = on("hostile")
    place.lies("good.edi", b"one")
    (place.out.parent / "outside.edi").write_bytes(b"not ours")
    transport = place.open()
    files = listed(transport)
    assert [file.name for file in files] == ["x" * 300 + ".edi", "good.edi"]  # long is allowed there: ours is its SHA-256
    assert len(transport.notes) == len(HOSTILE) - 1 and all(shown(name) in " ".join(transport.notes) for name in HOSTILE[:-1])
    with pytest.raises(TransientFault):
        transport.fetch(files[0], io.BytesIO())
    assert fetched(transport, files[1]) == b"one"


def test_a_full_disk_there_is_said_and_leaves_nothing(on: Opened, tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can mount a small file system")
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    try:
        place = on("full", put=str(small))
        with pytest.raises(TransientFault, match=r"invoice\.edi") as caught:
            put(place, BIG)
        assert not isinstance(caught.value, UncertainFault) and list(small.iterdir()) == []
        put(place, b"UNB")
        assert (small / "invoice.edi").read_bytes() == b"UNB"
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def signalled(sshd: Sshd, what: signal.Signals) -> list[int]:  # noqa: F811
    """Send a signal to the processes of sshd that serve a connection."""
    pids = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # processes of others come and go
            if path.read_text().rpartition(")")[2].split()[1] == str(sshd.process.pid):
                pids.append(int(path.parent.name))
    for pid in pids:
        os.kill(pid, what)
    return pids


def test_a_server_that_stops_taking_bytes_is_left_in_time(on: Opened, sshd: Sshd) -> None:  # noqa: F811
    """Stopped in the middle of a large put, with every buffer on the way full: the write itself would never end."""
    stopped: list[int] = []

    class Stopping(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if not stopped and self.tell() > 1_000_000:
                stopped.extend(signalled(sshd, signal.SIGSTOP))
            return super().read(size)

    transport = on("full").open(timeout="2s")
    begun = time.monotonic()
    try:
        with pytest.raises(TransientFault, match="2 s") as caught:
            transport.put("invoice.edi", Stopping(BIG * 4), len(BIG) * 4)
        assert not isinstance(caught.value, UncertainFault) and time.monotonic() - begun < 5
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGKILL)
    assert stopped


def test_a_server_killed_in_mid_transfer_is_gone_on_with(on: Opened, sshd: Sshd) -> None:  # noqa: F811
    place = on("full")
    place.lies("order.edi", BIG)
    transport = place.open()
    file = only(transport)
    killed: list[int] = []

    class Killing(io.BytesIO):
        def write(self, block: Any) -> int:
            if not killed and self.tell() > 1_000_000:
                killed.extend(signalled(sshd, signal.SIGKILL))
            return super().write(block)

    into = Killing()
    assert transport.fetch(file, into) == len(BIG) and into.getvalue() == BIG and killed


@pytest.mark.parametrize("act", ["listing", "confirm", "look", "put"])
def test_a_connection_that_the_server_ended_in_between_is_made_anew(on: Opened, sshd: Sshd, act: str) -> None:  # noqa: F811
    place = on("full")
    place.lies("order.edi", b"one")
    transport = place.open()
    file = only(transport)
    assert fetched(transport, file) == b"one" and signalled(sshd, signal.SIGKILL)
    match act:
        case "listing":
            assert listed(transport) == [file]
        case "confirm":
            transport.confirm(file)
            assert not place.kept(b"one")
        case "look":
            assert transport.look("invoice.edi", 3) is Presence.ABSENT
        case _:
            transport.put("invoice.edi", io.BytesIO(b"UNB"), 3)
            assert (place.inbox / "invoice.edi").read_bytes() == b"UNB"


def test_a_fetch_is_not_gone_on_with_when_the_file_was_changed_in_between(on: Opened, sshd: Sshd) -> None:  # noqa: F811
    from lines import CutLine

    line = CutLine(sshd.ports["full"], 2_000_000)
    place = on("full", port=line.port)
    path = place.lies("order.edi", BIG)
    transport = place.open()
    file = only(transport)

    class Changing(io.BytesIO):
        def write(self, block: Any) -> int:
            if self.tell() > 1_000_000 and path.stat().st_mtime > 10:
                path.write_bytes(BIG[::-1])
                os.utime(path, (5, 5))
            return super().write(block)

    with pytest.raises(TransientFault, match=r"order\.edi was written|still being written"):
        transport.fetch(file, Changing())
    line.close()


@pytest.mark.parametrize("bad", ["get", "put"])
def test_the_probes_name_the_step_that_fails(on: Opened, bad: str) -> None:
    place = on("full")
    probes = list(place.open(**{bad: f"{place.options[bad]}/nowhere"}).probes())
    (failed, *_) = [probe for probe in probes if not probe.good]
    assert failed.step == {"get": "list", "put": "put"}[bad] and "nowhere" in failed.says


def test_the_probes_say_what_a_person_compares(on: Opened, sshd: Sshd) -> None:  # noqa: F811
    probes = {probe.step: probe for probe in on("full").open().probes()}
    assert list(probes) == ["connect", "host key", "authenticate", "list", "put", "get", "clock", "delete"]
    assert all(probe.good for probe in probes.values())
    assert f"{sshd.host_key} (ssh-ed25519) pinned" in probes["host key"].says and probes["host key"].says.count("SHA256:") == 3


