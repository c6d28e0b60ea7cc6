"""One set of tests for every transport, each against a real partner: a server that the tests started on loopback, or a folder.

How to plug a transport in: a test file has a class for each half that the transport has, and a fixture `place`:

    class TestFetchingFtps(FetchBattery):
        newlines = False            # FTP cannot carry such a name: it is passed over with a note

    class TestPuttingFtps(PutBattery): ...
    class TestTheNetworkOfFtps(NetworkBattery): ...

    @pytest.fixture
    def place(tmp_path, ftps_server) -> Iterator[Place]: ...

The tests look at the partner's side through the folders that its server serves (`Place.out`, `Place.inbox`, `Place.done`), never
through the transport under test.
"""

from __future__ import annotations

import io
import json
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edi_bridge.channel import Channel, load
from edi_bridge.fault import Fault, TerminalFault, TransientFault, UncertainFault
from edi_bridge.secret import Secrets
from edi_bridge.transport import open_transport
from edi_bridge.transport.contract import Presence, RemoteFile, Transport
from edi_bridge.transport.settling import shown
from edi_bridge.yamltext import parse

BIG = random.Random(5).randbytes(5_000_003)  # far more than a line of these tests holds (lines.NARROW), and no round number
SECRET = "correct horse 7"  # the password of the lab servers: must never stand in a sentence


def channel(kind: str, **options: Any) -> Channel:
    """A channel as it is read from a partner's YAML, so that its options are checked as a user's are."""
    said = {name: value for name, value in options.items() if value is not None}
    block = parse(json.dumps({"channels": {"way": {"kind": kind, **said}}}), "partners/lab.yaml")
    return load(block["channels"], "lab", "partners/lab.yaml")["lab.way"]


@dataclass
class Place:
    """A partner as the tests see it from outside. `options` are the channel's; `secrets` those that it names."""

    kind: str
    options: dict[str, Any]
    secrets: Secrets
    out: Path  # what waits for us (`get`)
    inbox: Path  # what we put (`put`)
    done: Path  # where `after: move` moves to
    done_option: str = ""  # how the channel calls `done`
    # options that lead over a line which is cut once after so many bytes (up: from us to the server)
    cut: Callable[[int, bool], dict[str, Any]] | None = None
    opened: list[Transport] = field(default_factory=list)

    def open(self, passing: Callable[[str], None] = lambda point: None, **options: Any) -> Transport:
        """The transport; each call is what a fresh process would have."""
        made = open_transport(channel(self.kind, **{"settle": "0s", **self.options, **options}), self.secrets, passing)
        self.opened.append(made)
        return made

    def close(self) -> None:
        for one in self.opened:
            one.close()

    def lies(self, name: str | bytes, content: bytes, seconds_ago: float = 60.0) -> Path:
        """Lay a file down for us, as the partner does."""
        path = Path(os.fsdecode(os.fsencode(self.out) + b"/" + (name.encode() if isinstance(name, str) else name)))
        path.write_bytes(content)
        then = time.time() - seconds_ago
        os.utime(path, (then, then))
        return path

    def kept(self, content: bytes) -> bool:
        """Whether these bytes are anywhere at the partner still."""
        return any(path.is_file() and path.read_bytes() == content for path in self.out.rglob("*"))


class Killed(BaseException):
    """The program ends here."""


def killing(at: str) -> Callable[[str], None]:
    """A `passing` that ends the program at a point."""

    def passing(point: str) -> None:
        if point == at:
            raise Killed

    return passing


def listed(transport: Transport) -> list[RemoteFile]:
    return list(transport.listing())


def only(transport: Transport) -> RemoteFile:
    (file,) = listed(transport)
    return file


def fetched(transport: Transport, file: RemoteFile) -> bytes:
    into = io.BytesIO()
    count = transport.fetch(file, into)
    assert count == len(into.getvalue())
    return into.getvalue()


class FetchBattery:
    """What is fetched. A class that inherits says what its protocol cannot do."""

    newlines = True  # a name with a line break can be fetched; else it is passed over with a note
    raw_bytes = True  # a name that is no UTF-8 can be fetched; else it is passed over with a note
    symlinks = True  # the listing tells symbolic links apart
    replaced_seen = True  # a file that took the name of a fetched one is told from it when that one is confirmed

    def test_a_file_comes_byte_for_byte_and_stays_until_it_is_confirmed(self, place: Place) -> None:
        place.lies("order.edi", b"UNA:+.? 'UNB\r\n\x00\xff")
        transport = place.open()
        file = only(transport)
        assert (file.name, file.size) == ("order.edi", 16)
        assert fetched(transport, file) == b"UNA:+.? 'UNB\r\n\x00\xff"
        assert place.kept(b"UNA:+.? 'UNB\r\n\x00\xff")
        transport.confirm(file)
        assert not place.kept(b"UNA:+.? 'UNB\r\n\x00\xff") and listed(transport) == []
        transport.confirm(file)  # again, after a restart: fine

    def test_what_was_not_confirmed_is_listed_again_by_the_next_process(self, place: Place) -> None:
        place.lies("order.edi", b"one")
        first = place.open()
        assert fetched(first, only(first)) == b"one"
        first.close()
        second = place.open()
        file = only(second)
        assert (file.name, fetched(second, file)) == ("order.edi", b"one")
        second.confirm(file)
        assert listed(second) == []

    def test_a_confirm_in_a_later_process_needs_no_listing(self, place: Place) -> None:
        place.lies("order.edi", b"one")
        first = place.open()
        file = only(first)
        fetched(first, file)
        first.close()
        place.open().confirm(RemoteFile(file.name, file.size, file.modified, file.token))
        assert not place.kept(b"one")

    def test_an_empty_file_and_a_large_one(self, place: Place) -> None:
        place.lies("empty.edi", b"", 120)
        place.lies("large.edi", BIG, 60)
        transport = place.open()
        empty, large = listed(transport)
        assert (empty.size, fetched(transport, empty)) == (0, b"")
        assert (large.size, fetched(transport, large) == BIG) == (len(BIG), True)

    def test_the_oldest_comes_first(self, place: Place) -> None:
        for name, ago in (("b", 10), ("a", 5000), ("c", 90_000)):
            place.lies(name, b"x", ago)
        files = listed(place.open())
        assert [file.name for file in files] == ["c", "a", "b"]
        assert all(file.modified.endswith("Z") and file.modified[10] == "T" for file in files), "ISO 8601, UTC"

    def test_only_whole_files_of_the_agreed_names_are_listed(self, place: Place) -> None:
        for name in ("a.edi", "B.EDI", "c.xml", "d.edi.tmp", "e.part", ".hidden.edi"):
            place.lies(name, b"x")
        (place.out / "folder.edi").mkdir()
        assert sorted(file.name for file in listed(place.open(pattern=["*.edi", "*.EDI"]))) == ["B.EDI", "a.edi"]

    def test_a_symbolic_link_is_never_followed(self, place: Place, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.write_bytes(b"a secret of this machine")
        os.symlink(outside, place.out / "link.edi")
        transport = place.open()
        for file in listed(transport) if not self.symlinks else []:
            transport.fetch(file, io.BytesIO())  # where the protocol cannot tell, the server's own walls count
        assert not self.symlinks or listed(transport) == []
        assert outside.read_bytes() == b"a secret of this machine"

    def test_kept_files_stay(self, place: Place) -> None:
        place.lies("order.edi", b"one")
        transport = place.open(after="keep")
        file = only(transport)
        assert fetched(transport, file) == b"one"
        transport.confirm(file)
        assert (place.out / "order.edi").read_bytes() == b"one"
        assert only(place.open(after="keep")).token == file.token, "the same file is known again"

    def test_a_kept_file_that_was_written_again_is_another_one(self, place: Place) -> None:
        place.lies("order.edi", b"one", 5000)
        transport = place.open(after="keep")
        first = only(transport)
        place.lies("order.edi", b"another", 60)
        second = only(transport)
        assert (first.token, first.size, first.modified) != (second.token, second.size, second.modified)

    def test_files_are_moved_and_none_is_written_over(self, place: Place) -> None:
        transport = place.open(after="move", done=place.done_option)
        for content in (b"one", b"two", b"three"):
            place.lies("order.edi", content)
            file = only(transport)
            assert fetched(transport, file) == content
            transport.confirm(file)
            transport.confirm(file)
        assert listed(transport) == []
        assert sorted(path.read_bytes() for path in place.done.iterdir()) == [b"one", b"three", b"two"]
        assert "order.edi" in {path.name for path in place.done.iterdir()}

    def test_a_file_that_is_gone_is_said_and_the_next_one_comes(self, place: Place) -> None:
        gone = place.lies("a.edi", b"one", 120)
        place.lies("b.edi", b"two", 60)
        transport = place.open()
        first, second = listed(transport)
        gone.unlink()
        with pytest.raises(TransientFault, match=r"a\.edi"):
            transport.fetch(first, io.BytesIO())
        assert fetched(transport, second) == b"two"
        transport.confirm(first)

    def test_a_file_that_took_the_name_of_a_fetched_one_is_not_deleted_unread(self, place: Place) -> None:
        if not self.replaced_seen:
            pytest.skip("the protocol does not say size and time")
        place.lies("order.edi", b"one", 5000)
        transport = place.open()
        file = only(transport)
        fetched(transport, file)
        place.lies("order.edi", b"another one", 60)
        transport.confirm(file)
        assert fetched(transport, only(transport)) == b"another one"

    def test_a_file_that_is_still_written_waits_until_it_has_settled(self, place: Place) -> None:
        path, stop = place.lies("order.edi", b"", 0), threading.Event()

        def write() -> None:
            with path.open("ab", buffering=0) as file:
                while not stop.wait(0.1):
                    file.write(b"UNH")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            transport = place.open(settle="500ms")
            assert listed(transport) == []
        finally:
            stop.set()
            writer.join()
        assert fetched(transport, only(transport)) == path_content(place, path)

    def test_a_file_that_grows_while_it_is_read_is_not_taken(self, place: Place) -> None:
        path = place.lies("order.edi", BIG)
        transport = place.open()
        file = only(transport)
        writer = path.open("ab", buffering=0)  # open before, so that it writes on where it goes

        class Growing(io.BytesIO):
            def write(self, block: Any) -> int:
                if not writer.closed:
                    writer.write(b"and more")
                    writer.close()
                return super().write(block)

        with pytest.raises(TransientFault, match=r"order\.edi"):
            transport.fetch(file, Growing())
        assert fetched(transport, only(transport)) == BIG + b"and more"

    @pytest.mark.parametrize("name", [b"a\nb.edi", b"a\r\nDELE other.edi", b"-rf.edi", b"..edi", b"...", b"a b .edi ", b"%2e%2e%2fx.edi", b"..\\x.edi",
                                      "\u202eide.redro".encode(), "b\u00e4r\u2028.edi".encode(), b"\xff\xfe\x80.edi", b"*.edi", b"$(id).edi",
                                      b"'\"`;.edi", b"x" * 255, b"=1+1.edi", b"\x1b[2J.edi"], ids=repr)
    def test_a_hostile_name_is_fetched_by_exactly_that_name_or_passed_over(self, place: Place, name: bytes) -> None:
        hostile = place.lies(name, b"one", 120)
        place.lies("other.edi", b"two", 60)
        transport = place.open(temporary=["*.tmp"])
        found = {file.name: file for file in listed(transport)}
        if (not self.newlines and {10, 13} & set(name)) or (not self.raw_bytes and b"\xff" in name):
            assert set(found) == {"other.edi"} and len(transport.notes) == 1
            assert shown(name) in transport.notes[0]
        else:
            assert set(found) == {shown(name), "other.edi"}
            assert "\n" not in shown(name) and "\r" not in shown(name)
            assert fetched(transport, found[shown(name)]) == b"one"
            transport.confirm(found[shown(name)])
            assert not hostile.exists() and not place.kept(b"one")
        assert place.kept(b"two")

    def test_a_folder_that_is_not_there_is_said(self, place: Place) -> None:
        with pytest.raises(Fault, match="nowhere"):
            listed(place.open(get=f"{place.options['get']}/nowhere"))

    def test_the_points_of_a_fetch_are_passed_in_order(self, place: Place) -> None:
        points: list[str] = []
        place.lies("order.edi", b"one")
        transport = place.open(points.append)
        file = only(transport)
        assert points == ["listed"]
        fetched(transport, file)
        transport.confirm(file)
        assert [point for point in points if point != "claimed"] == ["listed", "confirmed"]

    def test_the_program_may_end_at_each_point_of_a_fetch(self, place: Place) -> None:
        for point in ("listed", "claimed"):
            place.lies("order.edi", b"one")
            transport = place.open(killing(point))
            try:
                fetched(transport, only(transport))
            except Killed:
                assert place.kept(b"one")
            transport.close()
            again = place.open()
            file = only(again)
            assert fetched(again, file) == b"one"
            again.confirm(file)


def path_content(place: Place, path: Path) -> bytes:
    """What was written to a file, which may stand in another folder by now."""
    return next(one.read_bytes() for one in place.out.rglob("*") if one.name == path.name)


class PutBattery:
    """What is put."""

    temporary = True  # written under a temporary name, then renamed
    looks = True  # the partner's folder can be looked at
    keeps_other = True  # a file of the same name and another size is not written over

    def test_a_file_arrives_whole_and_is_never_seen_in_part(self, place: Place) -> None:
        seen: list[tuple[str, list[str]]] = []
        transport = place.open(lambda point: seen.append((point, sorted(path.name for path in place.inbox.iterdir()))))
        transport.put("invoice.edi", io.BytesIO(BIG), len(BIG))
        assert (place.inbox / "invoice.edi").read_bytes() == BIG
        assert [path.name for path in place.inbox.iterdir()] == ["invoice.edi"]
        points = dict(seen)
        assert list(points) == ["sending", "uploaded", "renamed"] if self.temporary else list(points)[0] == "sending"
        assert points["sending"] == []
        assert not self.temporary or (points["uploaded"] == ["invoice.edi.part"] and points["renamed"] == ["invoice.edi"])

    def test_an_empty_file_is_put(self, place: Place) -> None:
        place.open().put("empty.edi", io.BytesIO(b""), 0)
        assert (place.inbox / "empty.edi").read_bytes() == b""

    def test_a_look_says_what_is_there(self, place: Place) -> None:
        transport = place.open()
        if not self.looks:
            assert transport.look("invoice.edi", 3) is Presence.UNKNOWN
            return
        assert transport.look("invoice.edi", 3) is Presence.ABSENT
        if self.temporary:
            (place.inbox / "invoice.edi.part").write_bytes(b"UN")
            assert transport.look("invoice.edi", 3) is Presence.PARTIAL
        transport.put("invoice.edi", io.BytesIO(b"UNB"), 3)
        assert transport.look("invoice.edi", 3) is Presence.WHOLE
        assert [path.name for path in place.inbox.iterdir()] == ["invoice.edi"]

    def test_the_same_file_may_be_put_again(self, place: Place) -> None:
        for _ in range(2):
            place.open().put("invoice.edi", io.BytesIO(b"UNB"), 3)
        assert (place.inbox / "invoice.edi").read_bytes() == b"UNB"

    def test_another_file_of_the_name_is_not_written_over(self, place: Place) -> None:
        if not self.keeps_other:
            pytest.skip("nothing stands there under a name")
        (place.inbox / "invoice.edi").write_bytes(b"not fetched yet")
        transport = place.open()
        with pytest.raises(TransientFault, match=r"invoice\.edi"):
            transport.put("invoice.edi", io.BytesIO(b"UNB"), 3)
        assert {path.name: path.read_bytes() for path in place.inbox.iterdir()} == {"invoice.edi": b"not fetched yet"}
        assert transport.look("invoice.edi", 3) is Presence.UNKNOWN, "a person decides"

    @pytest.mark.parametrize("content", [b"UN", b"UNB+"], ids=["shorter", "longer"])
    def test_bytes_that_are_not_as_many_as_said_are_not_put(self, place: Place, content: bytes) -> None:
        with pytest.raises(TerminalFault, match="3"):
            place.open().put("invoice.edi", io.BytesIO(content), 3)
        assert list(place.inbox.iterdir()) == []

    @pytest.mark.parametrize("name", ["", ".", "..", "../x.edi", "/etc/x.edi", "a/b.edi", "a\\b.edi", "a\nb.edi", "a\r\nDELE x", "a\0b.edi", "x" * 300,
                                      "\u202eide.x", "-rf", "~root", "*.edi", "a ", "con|x", "ä" * 128, "x" * 251], ids=lambda name: repr(name)[:20])
    def test_a_name_that_cannot_be_sent_safely_is_refused(self, place: Place, name: str) -> None:
        if not self.temporary and len(name) == 251:
            pytest.skip("too long only with the ending of a temporary name")
        points: list[str] = []
        with pytest.raises(TerminalFault, match="name"):
            place.open(points.append).put(name, io.BytesIO(b"UNB"), 3)
        assert list(place.inbox.iterdir()) == [] and points == []

    @pytest.mark.parametrize("point", ["sending", "uploaded", "renamed"])
    def test_the_program_may_end_at_each_point_of_a_put(self, place: Place, point: str) -> None:
        if not self.temporary:
            pytest.skip("nothing stands there under a temporary name")
        with pytest.raises(Killed):
            place.open(killing(point)).put("invoice.edi", io.BytesIO(b"UNB"), 3)
        place.opened[-1].close()
        again = place.open()
        there = again.look("invoice.edi", 3)
        assert there is {"sending": Presence.ABSENT, "uploaded": Presence.PARTIAL, "renamed": Presence.WHOLE}[point]
        if there is not Presence.WHOLE:
            again.put("invoice.edi", io.BytesIO(b"UNB"), 3)
        assert {path.name: path.read_bytes() for path in place.inbox.iterdir()} == {"invoice.edi": b"UNB"}

    def test_a_folder_that_is_not_there_is_said(self, place: Place) -> None:
        if not self.temporary:
            pytest.skip("there are no folders")
        with pytest.raises(Fault, match="nowhere"):
            place.open(put=f"{place.options['put']}/nowhere").put("invoice.edi", io.BytesIO(b"UNB"), 3)

    def test_the_probes_try_everything_and_leave_nothing_behind(self, place: Place) -> None:
        before = sorted(place.out.rglob("*")), sorted(place.inbox.rglob("*"))
        probes = list(place.open().probes())
        assert [probe for probe in probes if not probe.good] == []
        assert {"put"} <= {probe.step for probe in probes}
        assert (sorted(place.out.rglob("*")), sorted(place.inbox.rglob("*"))) == before

    def test_closing_twice_is_fine(self, place: Place) -> None:
        transport = place.open()
        transport.put("invoice.edi", io.BytesIO(b"UNB"), 3)
        transport.close()
        transport.close()


class NetworkBattery:
    """What lines and servers do. `place.options` has a `port`."""

    resumes = True  # a fetch goes on by itself after its connection dropped
    fetches = True
    wrong_login: dict[str, Any] = {}  # options that name a wrong secret, `wrong` of the fixture

    def _refused(self, place: Place, **options: Any) -> None:
        """Every act ends in time with a TransientFault that is not uncertain, since nothing can have been done."""
        transport = place.open(timeout="1s", **options)
        acts: list[Callable[[], Any]] = [lambda: transport.put("invoice.edi", io.BytesIO(b"UNB"), 3)]
        if self.fetches:
            acts.append(lambda: listed(transport))
        for act in acts:
            begun = time.monotonic()
            with pytest.raises(TransientFault) as caught:
                act()
            assert not isinstance(caught.value, UncertainFault)
            assert time.monotonic() - begun < 5

    def test_a_server_that_never_answers_is_left_in_time(self, place: Place) -> None:
        from lines import Silent

        silent = Silent()
        self._refused(place, port=silent.port)
        silent.close()

    def test_a_server_that_is_away_is_said(self, place: Place) -> None:
        from lines import closed_port

        self._refused(place, port=closed_port())

    def test_the_probes_of_a_server_that_never_answers_say_so(self, place: Place) -> None:
        from lines import Silent

        silent = Silent()
        begun = time.monotonic()
        probes = list(place.open(timeout="1s", port=silent.port).probes())
        assert not probes[-1].good and probes[-1].says and time.monotonic() - begun < 5
        silent.close()

    def test_a_fetch_whose_connection_drops_is_whole_in_the_end(self, place: Place) -> None:
        if not self.fetches or place.cut is None:
            pytest.skip("nothing is fetched")
        place.lies("order.edi", BIG)
        transport = place.open(**place.cut(2_000_000, False))
        file = only(transport)
        if self.resumes:
            assert fetched(transport, file) == BIG
        else:
            with pytest.raises(TransientFault):
                transport.fetch(file, io.BytesIO())
            assert fetched(transport, file) == BIG
        transport.confirm(file)
        assert listed(transport) == []

    def test_a_put_whose_connection_drops_is_not_seen_and_comes_whole_the_next_time(self, place: Place) -> None:
        assert place.cut is not None
        transport = place.open(**place.cut(2_000_000, True))
        with pytest.raises(TransientFault):
            transport.put("invoice.edi", io.BytesIO(BIG), len(BIG))
        assert not (place.inbox / "invoice.edi").exists()
        assert transport.look("invoice.edi", len(BIG)) in (Presence.PARTIAL, Presence.ABSENT, Presence.UNKNOWN)
        transport.put("invoice.edi", io.BytesIO(BIG), len(BIG))
        assert (place.inbox / "invoice.edi").read_bytes() == BIG

    def test_a_refused_login_is_terminal_and_tells_no_secret(self, place: Place) -> None:
        with pytest.raises(TerminalFault) as caught:
            place.open(**self.wrong_login).put("invoice.edi", io.BytesIO(b"UNB"), 3)
        assert SECRET not in str(caught.value) and "wrong horse" not in str(caught.value)
        probes = list(place.open(**self.wrong_login).probes())
        assert not probes[-1].good
