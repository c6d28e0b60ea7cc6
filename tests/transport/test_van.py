"""A mailbox of a network over SFTP (OpenSSH) and over FTPS (vsftpd), by the battery of all transports; and what only networks do."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from battery import BIG, FetchBattery, NetworkBattery, Place, PutBattery, channel, fetched, listed, only
from ftp_lab import PASSWORD, CutFtp, Pyftpd, Vsftpd
from lines import NARROW
from ssh_lab import Sshd, user

from edi_bridge import syntax
from edi_bridge.channel import doubts
from edi_bridge.fault import ConfigFault, TerminalFault, TransientFault
from edi_bridge.network_report import Status, read_report
from edi_bridge.secret import Secrets
from edi_bridge.transport import open_transport
from edi_bridge.transport.contract import Presence, Transport
from edi_bridge.transport.van import name_there, over, reports_channel


FOLDERS = {"get": "we_get", "put": "we_put"}  # a mailbox calls them in its own way


class MailboxPlace(Place):
    """A place as the battery knows it, opened as a mailbox."""

    def open(self, passing: Callable[[str], None] = lambda point: None, **options: Any) -> Transport:
        said = {FOLDERS.get(name, name): value for name, value in {"settle": "0s", **self.options, **options}.items()}
        made = open_transport(channel("van", **said), self.secrets, passing)
        self.opened.append(made)
        return made


def mailbox(tmp_path: Path, secrets: Secrets, **options: Any) -> MailboxPlace:
    folders = [tmp_path / name for name in ("out", "inbox", "done")]
    for folder in folders:
        folder.mkdir()
    out, inbox, done = folders
    said = {"host": "127.0.0.1", "get": str(out), "put": str(inbox), "takes_away": False, "timeout": "10s", **options}
    return MailboxPlace("van", said, secrets, out, inbox, done, str(done))


def by_ftps(server: Vsftpd | Pyftpd, tmp_path: Path, pin: str, **options: Any) -> MailboxPlace:
    secrets = Secrets(None, {"EDI_BRIDGE_SECRET_OURS": PASSWORD, "EDI_BRIDGE_SECRET_WRONG": "wrong horse"})
    return mailbox(tmp_path, secrets, **{"over": "ftps", "port": server.port, "user": server.user, "password": "ours", "certificate": pin, **options})


class OverSftp:
    @pytest.fixture
    def place(self, sshd: Sshd, tmp_path: Path) -> Iterator[Place]:
        secrets = Secrets(None, {"EDI_BRIDGE_SECRET_OURS": (sshd.folder.parent / "ours").read_text(), "EDI_BRIDGE_SECRET_WRONG": "wrong horse"})
        made = mailbox(tmp_path, secrets, port=sshd.ports["full"], user=user(), key="ours", host_key=sshd.host_key)
        yield made
        made.close()


class OverFtps:
    newlines = raw_bytes = False

    @pytest.fixture
    def place(self, vsftpd: Vsftpd, tmp_path: Path, pem: tuple[Path, str]) -> Iterator[Place]:
        lines: list[CutFtp] = []

        def cut(after: int, up: bool) -> dict[str, Any]:
            lines.append(CutFtp(vsftpd, after, up))
            return lines[-1].options

        made = by_ftps(vsftpd, tmp_path, pem[1])
        made.cut = cut
        yield made
        made.close()
        for line in lines:
            line.close()


class TestFetchingFromAMailboxOverSftp(OverSftp, FetchBattery):
    pass


class TestPuttingIntoAMailboxOverSftp(OverSftp, PutBattery):
    pass


class TestFetchingFromAMailboxOverFtps(OverFtps, FetchBattery):
    pass


class TestPuttingIntoAMailboxOverFtps(OverFtps, PutBattery):
    pass


class TestTheNetworkOfAMailboxOverFtps(OverFtps, NetworkBattery):
    wrong_login = {"password": "wrong"}


# --- what only networks do


@pytest.fixture
def place(vsftpd: Vsftpd, tmp_path: Path, pem: tuple[Path, str]) -> Iterator[MailboxPlace]:
    made = by_ftps(vsftpd, tmp_path, pem[1])
    yield made
    made.close()


def killed_at(point: str, place: MailboxPlace, **options: Any) -> Transport:
    """A put that ended at a point, and the next process."""

    def passing(passed: str) -> None:
        if passed == point:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place.open(passing, **options).put("invoice.edi", io.BytesIO(b"UNB"), 3)
    place.opened[-1].close()
    return place.open(**options)


@pytest.mark.parametrize(("point", "taken", "there"), [
    ("sending", False, Presence.UNKNOWN), ("uploaded", False, Presence.PARTIAL), ("renamed", False, Presence.WHOLE),
    ("renamed", True, Presence.UNKNOWN)])
def test_what_the_network_may_have_taken_is_never_put_again_on_a_guess(
        place: MailboxPlace, point: str, taken: bool, there: Presence) -> None:
    again = killed_at(point, place, takes_away=True)
    if taken:
        (place.inbox / "invoice.edi").unlink()  # the network works fast
    assert again.look("invoice.edi", 3) is there


def test_where_files_stay_until_they_are_fetched_what_is_absent_is_absent(place: MailboxPlace) -> None:
    assert killed_at("sending", place, takes_away=False).look("invoice.edi", 3) is Presence.ABSENT


def test_a_part_under_its_own_name_may_have_been_taken_for_the_whole(place: MailboxPlace) -> None:
    (place.inbox / "invoice.edi").write_bytes(b"UN")
    assert place.open(takes_away=True, rename="never").look("invoice.edi", 3) is Presence.UNKNOWN


def deleting_on_reading(root: Path) -> type:
    """Sessions of a server that deletes each file once it was read to its end."""
    from pyftpdlib.handlers import TLS_DTPHandler, TLS_FTPHandler

    class Narrow(TLS_DTPHandler):  # type: ignore[misc]
        """What it has handed to the system is all but sent: otherwise megabytes in buffers are "read to the end" before a line breaks."""

        def __init__(self, sock: socket.socket, session: Any):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW)
            super().__init__(sock, session)

    class Deleting(TLS_FTPHandler):  # type: ignore[misc]
        dtp_handler = Narrow

        def on_file_sent(self, file: str) -> None:
            Path(file).unlink()

    return Deleting


@pytest.fixture
def deleting(tmp_path: Path, pem: tuple[Path, str]) -> Iterator[MailboxPlace]:
    server = Pyftpd(Path("/"), pem[0], base=deleting_on_reading(tmp_path))
    made = by_ftps(server, tmp_path, pem[1], reads_once=True)
    lines: list[CutFtp] = []

    def cut(after: int, up: bool) -> dict[str, Any]:
        lines.append(CutFtp(server, after, up))
        return lines[-1].options

    made.cut = cut
    yield made
    made.close()
    for line in lines:
        line.close()
    server.close()


def test_a_mailbox_that_deletes_on_reading(deleting: MailboxPlace) -> None:
    deleting.lies("a.edi", b"one", 120)
    deleting.lies("b.edi", BIG, 60)
    transport = deleting.open()
    assert transport.reads_once
    first, second = listed(transport)
    assert fetched(transport, first) == b"one"
    wait_until(lambda: not deleting.kept(b"one"))  # reading was the commit point: nobody asked for a delete
    transport.confirm(first)
    assert fetched(transport, second) == BIG
    transport.confirm(second)
    wait_until(lambda: listed(transport) == [])


def test_a_mailbox_that_deletes_on_reading_goes_on_where_the_line_broke(deleting: MailboxPlace) -> None:
    assert deleting.cut is not None
    deleting.lies("b.edi", BIG, 60)
    transport = deleting.open(**deleting.cut(2_000_000, False))
    assert fetched(transport, only(transport)) == BIG


class _Stopping(io.BytesIO):
    """Somebody takes the file away when the half of it was read."""

    def __init__(self, then: Callable[[], None]):
        super().__init__()
        self._then = then

    def write(self, block: Any) -> int:
        self._then()
        return super().write(block)


def test_what_was_read_in_part_and_is_gone_is_said(deleting: MailboxPlace) -> None:
    assert deleting.cut is not None
    path = deleting.lies("b.edi", BIG, 60)
    transport = deleting.open(**deleting.cut(2_000_000, False))
    with pytest.raises(TransientFault, match="ask the network to lay it down again"):
        transport.fetch(only(transport), _Stopping(lambda: path.unlink(missing_ok=True)))


def test_files_of_many_partners_with_the_networks_own_lines_before_them_are_read(place: MailboxPlace) -> None:
    """X12.56 mailbags begin with IH and end with IT, on a line of their own or not; other networks write lines of text."""
    isa = ("ISA*00*          *00*          *ZZ*{0:15}*ZZ*NORDWIND       *261122*0250*U*00401*{1:09}*0*P*>~GS*FA*{0}*NORDWIND*20261122*0250*1*X*004010~"
           "ST*997*0001~AK1*PO*7~AK9*A*1*1*1~SE*4*0001~GE*1*1~IEA*1*{1:09}~")
    unb = "UNB+UNOA:2+{0}+NORDWIND+261122:0250+{1}'UNH+1+CONTRL:2:2:UN'UCI+7+NORDWIND+{0}+8'UNT+3+1'UNZ+1+{1}'"
    for name, text in (("mailbag", "IH*0200*TRADENET*NORDWIND*01~" + isa.format("ACME", 7) + isa.format("BETA", 8) + "IT*01*2~"),
                       ("lines", "//MAILBOX NW01 2 MESSAGES\r\n" + unb.format("GAMMA", "9") + "\r\n" + unb.format("DELTA", "10")),
                       ("mixed", "#HDR TRADENET#" + isa.format("ACME", 11) + unb.format("GAMMA", "12")),
                       ("same line", "HDR TRADENET " + unb.format("GAMMA", "13"))):
        place.lies(name, text.encode())
    transport = place.open()
    senders = {}
    for file in listed(transport):
        found = []
        for interchange in syntax.read(fetched(transport, file)):
            interchange.drain()
            found.append((interchange.sender.id, interchange.control.lstrip("0")))
            assert {one.kind for one in interchange.findings} <= {"junk_between_interchanges"}
        senders[file.name] = found
    assert senders == {"mailbag": [("ACME", "7"), ("BETA", "8")], "lines": [("GAMMA", "9"), ("DELTA", "10")],
                       "mixed": [("ACME", "11"), ("GAMMA", "12")], "same line": [("GAMMA", "13")]}


REPORT = {"form": "delimited", "lines": [{"columns": {"control": 1, "status": 2}}], "statuses": {"RT": "picked_up"}}


def test_reports_are_a_mailbox_of_their_own(place: MailboxPlace, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "r1.txt").write_text("000000007,RT\nwhat is this\n")
    place.lies("order.edi", b"UNB")
    said = {"host": "127.0.0.1", **{FOLDERS.get(name, name): value for name, value in place.options.items()},
            "settle": "0s", "reports": str(tmp_path / "reports"), "report": REPORT, "report_pattern": "*.txt"}
    data = channel("van", **said)
    reports = reports_channel(data)
    assert reports is not None and reports.name == "lab.way.reports" and reports_channel(reports) is None
    transport = open_transport(reports, place.secrets)
    raw = fetched(transport, only(transport))
    report = read_report(raw, reports.options["report"])
    assert [(one.control, one.status) for one in report.statements] == [("000000007", Status.PICKED_UP)]
    assert [one.text for one in report.unread] == ["what is this"]
    transport.confirm(only(transport))
    assert list((tmp_path / "reports").iterdir()) == []
    with pytest.raises(TerminalFault):
        transport.put("x.edi", io.BytesIO(b""), 0)
    transport.close()
    assert only(place.open()).name == "order.edi"


def test_a_network_without_reports_has_no_channel_of_them() -> None:
    assert reports_channel(channel("van", host="h", user="u", password="p", we_get="/g")) is None


def test_a_test_of_the_connection_puts_nothing_into_a_mailbox(place: MailboxPlace) -> None:
    seen: list[list[str]] = []
    going = True

    def watch() -> None:
        while going:
            seen.append([path.name for path in place.inbox.iterdir()])

    watcher = threading.Thread(target=watch)
    watcher.start()
    probes = list(place.open().probes())
    going = False
    watcher.join()
    assert all(probe.good for probe in probes) and {"connect", "certificate", "authenticate", "list"} <= {probe.step for probe in probes}
    assert not any(seen) and probes[-1].says.startswith("not tried")


def test_names_there() -> None:
    live = channel("van", host="h", user="u", password="p", we_put="/p", account="NW01", names="{type}_{account}_{receiver}_{control}{test}.edi")
    fields = {"type": "850", "receiver": "4012345500004", "control": "000000007", "account": "not mine", "test": "T"}
    assert name_there(live, fields) == name_there(live, fields) == "850_NW01_4012345500004_000000007P.edi"
    test = channel("van", host="h", user="u", password="p", we_put="/p", account="NW01", names="{account}{test}{number}", test=True)
    assert name_there(test, {"number": "42"}) == "NW01T42"


def test_the_channel_below_has_every_option_of_its_kind() -> None:
    from edi_bridge.channel import OPTIONS

    for kind in ("sftp", "ftps", "ftp"):
        below = over(channel("van", over=kind, host="h", user="u", password="p", we_get="/g", we_put="/p"), "/g", None)
        assert set(below.options) == {one.name for one in OPTIONS[kind]} and below.kind == kind
        assert below.options["get"] == "/g" and below.options["put"] is None


GOOD: dict[str, Any] = {"host": "h", "user": "u", "password": "p", "we_get": "/g", "we_put": "/p"}


@pytest.mark.parametrize(("options", "says"), [
    ({"we_get": None, "we_put": None}, "nothing to do"),
    ({"reports": "/r"}, "reports: needs report:"),
    ({"report": "ta3"}, "report: is of no use"),
    ({"reports": "/g", "report": "ta3"}, "reports: is the folder of we_get"),
    ({"we_put": "/g"}, "we_put: is the folder of we_get"),
    ({"names": "{sender}.edi"}, "{control} or {number}"),
    ({"names": "{account}_{control}"}, "there is no account"),
    ({"over": "ftps", "host_key": "SHA256:" + "A" * 43}, "are of over: sftp"),
    ({"certificate": "SHA256:" + "A" * 43}, "are of over: ftps"),
    ({"password": None}, "how we sign in"),
    ({"reports": "/r", "report": {"form": "delimited", "lines": [{"columns": {"control": "ICN"}}], "statuses": {"A": "gone"}}}, "gone is no status"),
    ({"reports": "/r", "report": "ta9"}, "ta1 or ta3"),
    ({"after": "move"}, "after: move needs done"),
    ({"reads_once": True, "after": "move", "done": "/d"}, "nothing to move"),
])
def test_options_that_cannot_work_together_are_said(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        channel("van", **{**GOOD, **options})
    assert says in str(caught.value)


@pytest.mark.parametrize(("options", "clash"), [
    ({}, True), ({"test": True}, True), ({"user": "u2"}, False), ({"we_get": "/g2"}, False), ({"pattern": "*.edi"}, False),
    ({"we_get": "/r", "pattern": "*.txt"}, True)], ids=str)
def test_a_mailbox_that_two_channels_empty_is_said(options: dict[str, Any], clash: bool) -> None:
    """The test mailbox is apart: a test channel on the live mailbox would take live files."""
    from dataclasses import replace

    from edi_bridge.channel.channel import clashes
    from edi_bridge.yamltext import Problems

    live = channel("van", **{**GOOD, "reports": "/r", "report": "ta3", "report_pattern": "*.txt"})
    problems = Problems("")
    clashes({"live": live, "other": replace(channel("van", **{**GOOD, **options}), name="other")}, problems)
    assert [("fetches the same files" in says) for *_, says in problems.found] == [True] * clash


def test_doubtful_options_are_said() -> None:
    def told(**options: Any) -> str:
        return " ".join(doubts(channel("van", **{**GOOD, **options})))

    assert "without reports" in told() and "no host key" in told()
    assert "in clear" in told(over="ftp")
    assert told(over="ftps", takes_away=False) == ""


def wait_until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    import time

    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
