"""What only FTP does, against real servers: certificates, TLS of every kind, servers without half of the commands, refusals at
every step, and servers that are slow, full or forgetful."""

from __future__ import annotations

import ftplib
import io
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from battery import BIG, SECRET, Place, fetched, listed, only
from ftp_lab import PASSWORD, CutFtp, Pyftpd, Vsftpd, make_certificate
from test_ftps import SECRETS, place_on

from edi_bridge.channel import doubts
from edi_bridge.fault import ConfigFault, TerminalFault, TransientFault, UncertainFault
from edi_bridge.secret import Secrets
from edi_bridge.transport.contract import Presence, RemoteFile

Served = Callable[..., Any]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("pem") / "server.pem"
    return path, make_certificate(path)


@pytest.fixture
def vsftpd(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[Path | None], Vsftpd]:
    """Starts a vsftpd of its own for one test, with a certificate or in clear."""

    def start(certificate: Path | None) -> Vsftpd:
        server = Vsftpd(tmp_path / "vsftpd", certificate)
        request.addfinalizer(server.close)
        return server

    return start


@contextmanager
def pyftpd(tmp_path: Path, pem: tuple[Path, str] | None, kind: str = "ftps", options: dict[str, Any] | None = None,
           **handler: Any) -> Iterator[Place]:
    """A pyftpdlib of its own for one test, and a place on it."""
    tmp_path.mkdir(exist_ok=True)
    server = Pyftpd(Path("/"), pem[0] if pem else None, **handler)
    place = place_on(server, tmp_path, pem[1] if pem else "", kind, **(options or {}))
    place.server = server  # type: ignore[attr-defined]
    try:
        yield place
    finally:
        place.close()
        server.close()


def works(place: Place, **options: Any) -> None:
    """In, out and away."""
    place.lies("order.edi", BIG)
    transport = place.open(**options)
    file = only(transport)
    assert fetched(transport, file) == BIG
    transport.confirm(file)
    assert listed(transport) == []
    transport.put("invoice.edi", io.BytesIO(BIG), len(BIG))
    assert [(path.name, path.read_bytes() == BIG) for path in place.inbox.iterdir()] == [("invoice.edi", True)]
    assert transport.look("invoice.edi", len(BIG)) is Presence.WHOLE


# --- TLS


def test_the_server_of_the_battery_refuses_data_without_session_reuse(
        tmp_path: Path, pem: tuple[Path, str], vsftpd: Callable[[Path | None], Vsftpd]) -> None:
    """The oracle: what the transport does is needed, for the standard library's own client is turned away."""
    server = vsftpd(pem[0])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = ftplib.FTP_TLS(context=context, timeout=10)
    plain.connect("127.0.0.1", server.port)
    plain.login(server.user, PASSWORD)
    plain.prot_p()
    with pytest.raises(ftplib.error_perm, match="session reuse required"):
        plain.nlst()
    plain.close()
    works(place_on(server, tmp_path, pem[1]))


@pytest.mark.parametrize("version", ["ssl_tlsv1_1", "ssl_tlsv1_2"])
def test_a_server_of_one_version_of_tls(tmp_path: Path, pem: tuple[Path, str], version: str) -> None:
    """vsftpd 3.0.3 has no switch for TLS 1.3; pyftpdlib is told which versions there are."""
    from OpenSSL import SSL

    off = {"ssl_tlsv1_1": SSL.OP_NO_TLSv1_2 | SSL.OP_NO_TLSv1_3, "ssl_tlsv1_2": SSL.OP_NO_TLSv1_3}[version]
    with pyftpd(tmp_path, pem, ssl_options=off) as place:
        if version == "ssl_tlsv1_1":
            with pytest.raises(TransientFault, match="(?i)version|alert|protocol"):
                listed(place.open())
        else:
            works(place)
            said = next(probe.says for probe in place.open().probes() if probe.step == "connect")
            assert "TLSv1.2" in said


def test_tls_at_once(tmp_path: Path, pem: tuple[Path, str]) -> None:
    with pyftpd(tmp_path, pem, options={"tls": "implicit"}, implicit=True) as place:
        works(place)


def test_a_server_without_tls_hears_no_password(tmp_path: Path) -> None:
    heard: list[str] = []

    with pyftpd(tmp_path, None, options={"certificate": None}, pre_process_command=_hearing(heard)) as place:
        place.kind = "ftps"
        with pytest.raises(TerminalFault, match="AUTH TLS"):
            listed(place.open())
        assert heard == ["AUTH"]
        probes = list(place.open().probes())
        assert not probes[-1].good
        assert set(heard) == {"AUTH"}


def _hearing(heard: list[str]) -> Callable[..., Any]:
    from pyftpdlib.handlers import FTPHandler

    def pre_process_command(self: Any, line: str, cmd: str, arg: str) -> None:
        heard.append(cmd)
        FTPHandler.pre_process_command(self, line, cmd, arg)

    return pre_process_command


def test_in_clear(tmp_path: Path, vsftpd: Callable[[Path | None], Vsftpd]) -> None:
    server = vsftpd(None)
    place = place_on(server, tmp_path, "", "ftp")
    works(place)
    assert "in clear" in next(probe.says for probe in place.open().probes() if probe.step == "connect")


def test_in_clear_over_a_network_is_doubted() -> None:
    from battery import channel

    assert "in clear" in " ".join(doubts(channel("ftp", host="ftp.acme.example", get="/out")))
    assert "in clear" not in " ".join(doubts(channel("ftps", host="ftp.acme.example", get="/out")))


def test_active_connections(tmp_path: Path, pem: tuple[Path, str], vsftpd: Callable[[Path | None], Vsftpd]) -> None:
    server = vsftpd(pem[0])
    place = place_on(server, tmp_path, pem[1], passive=False)
    works(place)
    place.close()


# --- certificates


def test_another_certificate_than_the_pinned_one(tmp_path: Path, pem: tuple[Path, str]) -> None:
    heard: list[str] = []
    other = make_certificate(tmp_path / "other.pem")
    with pyftpd(tmp_path, pem, pre_process_command=_hearing(heard)) as place:
        with pytest.raises(TerminalFault) as caught:
            listed(place.open(certificate=other))
        assert pem[1] in str(caught.value) and other in str(caught.value), "both are shown"
        assert "USER" not in heard and "PASS" not in heard
        works(place, certificate=[other, pem[1]])  # while it is being changed both may be pinned
        steps = {probe.step: probe for probe in place.open(certificate=other).probes()}
        assert not steps["connect"].good and pem[1] in steps["certificate"].says


def test_a_data_connection_with_another_certificate(tmp_path: Path, pem: tuple[Path, str]) -> None:
    from OpenSSL import SSL
    from pyftpdlib.handlers import TLS_DTPHandler

    make_certificate(tmp_path / "other.pem")
    other = SSL.Context(SSL.TLS_SERVER_METHOD)
    other.use_certificate_chain_file(str(tmp_path / "other.pem"))
    other.use_privatekey_file(str(tmp_path / "other.pem"))

    class Elsewhere(TLS_DTPHandler):  # type: ignore[misc]
        def secure_connection(self, ssl_context: Any) -> None:
            super().secure_connection(other)

    with pyftpd(tmp_path, pem, dtp=Elsewhere) as place:
        place.lies("order.edi", b"one")
        with pytest.raises(TerminalFault, match="another certificate"):
            listed(place.open())


AUTHORITY = [("expired", {"days": (-30, -1)}, "expired"), ("of another name", {"names": ("ftp.other.example",)}, "(?i)mismatch"),
             ("not yet", {"days": (1, 30)}, "not yet valid")]


@pytest.mark.parametrize(("about", "wrong", "says"), AUTHORITY, ids=lambda value: value if isinstance(value, str) else "")
def test_a_certificate_that_the_authority_does_not_save(tmp_path: Path, about: str, wrong: dict[str, Any], says: str) -> None:
    make_certificate(tmp_path / "authority.pem", names=())
    pin = make_certificate(tmp_path / "server.pem", by=tmp_path / "authority.pem", **wrong)
    with pyftpd(tmp_path, (tmp_path / "server.pem", pin), options={"ca": str(tmp_path / "authority.pem")}) as place:
        with pytest.raises(TerminalFault, match=says):
            listed(place.open(certificate=None))
        with pytest.raises(TerminalFault, match=says):
            listed(place.open(certificate=pin))  # ca and certificate: both must hold
        steps = list(place.open(certificate=None).probes())
        assert [probe.step for probe in steps] == ["connect", "certificate"] and not steps[0].good and pin in steps[1].says
        works(place, ca=None, certificate=pin)  # pinned alone: this very certificate, whatever stands in it
        certificate = next(probe for probe in place.open(ca=None).probes() if probe.step == "certificate")
        assert certificate.good is (about == "of another name"), "the test of the connection says when its time is over"


def test_authorities(tmp_path: Path) -> None:
    make_certificate(tmp_path / "authority.pem", names=())
    make_certificate(tmp_path / "stranger.pem", names=())
    pin = make_certificate(tmp_path / "server.pem", by=tmp_path / "authority.pem")
    with pyftpd(tmp_path, (tmp_path / "server.pem", pin), options={"certificate": None}) as place:
        works(place, ca=str(tmp_path / "authority.pem"))
        for ca in (str(tmp_path / "stranger.pem"), None):
            with pytest.raises(TerminalFault, match="certificate is refused"):
                listed(place.open(ca=ca))
        with pytest.raises(ConfigFault):
            listed(place.open(ca=str(tmp_path / "not there.pem")))


def test_our_own_certificate(tmp_path: Path, pem: tuple[Path, str]) -> None:
    from OpenSSL import SSL

    secrets = tmp_path / "secrets"
    secrets.mkdir()
    make_certificate(secrets / "mine")
    with pyftpd(tmp_path, pem) as place:
        context = place.server._server.handler.get_ssl_context()  # type: ignore[attr-defined]
        context.load_verify_locations(str(secrets / "mine"))
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *said: bool(said[-1]))
        context.set_session_id(b"lab")
        with pytest.raises(TransientFault):
            listed(place.open())
        place.secrets = Secrets(secrets, dict(SECRETS.environ))
        works(place, client_certificate="mine")
        with pytest.raises(ConfigFault, match="nothere"):
            listed(place.open(client_certificate="nothere"))


# --- servers that know less, or refuse


def without(*commands: str) -> dict[str, Any]:
    """A server that does not know these commands."""
    from pyftpdlib.handlers import TLS_FTPHandler

    return {"proto_cmds": {name: said for name, said in TLS_FTPHandler.proto_cmds.items() if name not in commands}}


@pytest.mark.parametrize("commands", [("MLSD", "MLST"), ("MLSD", "MLST", "MDTM"), ("MLSD", "MLST", "SIZE"),
                                      ("MLSD", "MLST", "SIZE", "MDTM", "FEAT"), ("MLST",), ("FEAT",), ("PWD", "XPWD"), ("NOOP",)], ids=" ".join)
def test_a_server_without(tmp_path: Path, pem: tuple[Path, str], commands: tuple[str, ...]) -> None:
    with pyftpd(tmp_path, pem, **without(*commands)) as place:
        works(place)


def test_a_server_whose_listing_nobody_can_read_is_asked_for_names(tmp_path: Path, pem: tuple[Path, str]) -> None:
    with pyftpd(tmp_path, pem, **without("MLSD", "MLST")) as place:
        fs = place.server._server.handler.abstracted_fs  # type: ignore[attr-defined]

        class Odd(fs):  # type: ignore[misc, valid-type]
            def format_list(self, *args: Any, **more: Any) -> Iterator[bytes]:
                for line in super().format_list(*args, **more):
                    yield b"{" + line.split()[-1] + b"}\r\n"

        place.server._server.handler.abstracted_fs = Odd  # type: ignore[attr-defined]
        works(place)
        place.lies("order.edi", b"one")
        assert "NLST" in next(probe.says for probe in place.open().probes() if probe.step == "list")


@pytest.mark.parametrize("listing", ["list", "nlst", "mlsd"])
def test_a_way_of_listing_that_is_said(tmp_path: Path, pem: tuple[Path, str], listing: str) -> None:
    with pyftpd(tmp_path, pem, options={"listing": listing}) as place:
        works(place)


def test_a_folder_that_begins_where_we_are_after_signing_in(tmp_path: Path, pem: tuple[Path, str]) -> None:
    with pyftpd(tmp_path, pem) as place:
        works(place, get=str(place.out).lstrip("/"), put=str(place.inbox).lstrip("/"))


def test_a_rename_that_is_refused_leaves_nothing_and_rename_never_helps(tmp_path: Path, pem: tuple[Path, str]) -> None:
    with pyftpd(tmp_path, pem, permissions="elradmwMT") as place:  # no f: RNFR is refused
        with pytest.raises(TransientFault, match="rename: never") as caught:
            place.open().put("invoice.edi", io.BytesIO(b"UNB"), 3)
        assert not isinstance(caught.value, UncertainFault)
        assert list(place.inbox.iterdir()) == []
        works(place, rename="never")


@pytest.mark.parametrize("permissions", ["elradfmwMT", "elrafmwMT"], ids=["may delete", "may not delete"])
def test_a_server_that_is_full(tmp_path: Path, pem: tuple[Path, str], permissions: str) -> None:
    from pyftpdlib.handlers import TLS_DTPHandler

    class Full(TLS_DTPHandler):  # type: ignore[misc]
        def handle_read_event(self) -> None:
            super().handle_read_event()
            if self.tot_bytes_received > 1_000_000:
                self._resp = ("552 Quota of anybody exceeded.", print)
                self.close()

    with pyftpd(tmp_path, pem, dtp=Full, permissions=permissions) as place:
        transport = place.open()
        with pytest.raises(TransientFault, match=r"invoice\.edi") as caught:
            transport.put("invoice.edi", io.BytesIO(BIG), len(BIG))
        assert "552" in str(caught.value) and "no room" in str(caught.value)
        assert not (place.inbox / "invoice.edi").exists()
        assert [path.name for path in place.inbox.iterdir()] == ([] if "d" in permissions else ["invoice.edi.part"])
        transport.put("small.edi", io.BytesIO(b"UNB"), 3)


def test_a_folder_that_we_may_write_and_not_read(tmp_path: Path, pem: tuple[Path, str]) -> None:
    with pyftpd(tmp_path, pem, permissions="eafmw") as place:
        transport = place.open()
        transport.put("invoice.edi", io.BytesIO(b"UNB"), 3)
        assert {path.name: path.read_bytes() for path in place.inbox.iterdir()} == {"invoice.edi": b"UNB"}
        assert transport.look("invoice.edi", 3) is Presence.UNKNOWN
        assert transport.look("other.edi", 3) is Presence.UNKNOWN


def test_an_answer_that_is_lost_at_the_rename_is_uncertain_and_a_look_finds_it(tmp_path: Path, pem: tuple[Path, str]) -> None:
    def ftp_RNTO(self: Any, path: str) -> None:
        os.rename(self._rnfr, path)
        self.close()

    with pyftpd(tmp_path, pem, ftp_RNTO=ftp_RNTO) as place:
        transport = place.open()
        with pytest.raises(UncertainFault):
            transport.put("invoice.edi", io.BytesIO(b"UNB"), 3)
        assert transport.look("invoice.edi", 3) is Presence.WHOLE


def test_without_rename_a_line_that_breaks_is_said_and_a_look_tells_what_came(tmp_path: Path, pem: tuple[Path, str]) -> None:
    with pyftpd(tmp_path, pem, options={"rename": "never"}) as place:
        line = CutFtp(place.server, 2_000_000, True)  # type: ignore[attr-defined]
        transport = place.open(**line.options)
        with pytest.raises(TransientFault):
            transport.put("invoice.edi", io.BytesIO(BIG), len(BIG))
        assert transport.look("invoice.edi", len(BIG)) in (Presence.PARTIAL, Presence.ABSENT)
        line.close()


def test_a_server_that_turns_us_away_is_asked_again_later(tmp_path: Path, pem: tuple[Path, str]) -> None:
    with pyftpd(tmp_path, pem, handle=lambda self: self.respond("530 Too many of you.")) as place:
        with pytest.raises(TransientFault, match="turns us away.*Too many"):
            listed(place.open())


def test_a_folder_of_more_files_than_can_be_asked_one_by_one(tmp_path: Path, pem: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    from edi_bridge.transport import ftps

    monkeypatch.setattr(ftps, "MOST_ASKED", 3)
    with pyftpd(tmp_path, pem, **without("MLSD", "MLST")) as place:
        for number in range(5):
            place.lies(f"{number}.edi", b"x")
        transport = place.open()
        seen = set()
        for wanted in (3, 2):
            files = listed(transport)
            assert len(files) == wanted and len(transport.notes) == (wanted == 3)
            for file in files:
                seen.add(file.name)
                transport.confirm(file)
        assert len(seen) == 5
    with pyftpd(tmp_path / "2", pem) as place:  # MLSD says everything at once
        for number in range(5):
            place.lies(f"{number}.edi", b"x")
        assert len(listed(place.open())) == 5


# --- slow, forgetful and changing


def test_a_file_that_is_slower_than_the_deadline(tmp_path: Path, pem: tuple[Path, str]) -> None:
    import time

    from pyftpdlib.handlers import TLS_DTPHandler, ThrottledDTPHandler

    slow = type("Slow", (ThrottledDTPHandler, TLS_DTPHandler), {"write_limit": 30_000, "read_limit": 30_000})
    with pyftpd(tmp_path, pem, dtp=slow, options={"timeout": "1s", "deadline": "2s"}) as place:
        place.lies("order.edi", BIG)
        transport = place.open()
        file = only(transport)
        begun = time.monotonic()
        with pytest.raises(TransientFault, match=r"order\.edi"):
            transport.fetch(file, io.BytesIO())
        assert time.monotonic() - begun < 8


def test_a_server_that_hangs_in_the_middle(tmp_path: Path, pem: tuple[Path, str]) -> None:
    import time

    from pyftpdlib.handlers import TLS_DTPHandler

    class Hanging(TLS_DTPHandler):  # type: ignore[misc]
        def initiate_send(self) -> None:
            if self.tot_bytes_sent < 500_000:
                super().initiate_send()

        def writable(self) -> bool:
            return self.tot_bytes_sent < 500_000 and bool(super().writable())

    with pyftpd(tmp_path, pem, dtp=Hanging, options={"timeout": "1s", "deadline": "3s"}) as place:
        place.lies("order.edi", BIG)
        transport = place.open()
        file = only(transport)
        begun = time.monotonic()
        with pytest.raises(TransientFault, match=r"order\.edi"):
            transport.fetch(file, io.BytesIO())
        assert time.monotonic() - begun < 10
        assert place.kept(BIG)


def test_a_server_that_hangs_up_on_the_idle(tmp_path: Path, pem: tuple[Path, str]) -> None:
    import time

    with pyftpd(tmp_path, pem, timeout=1) as place:
        place.lies("a.edi", b"one")
        transport = place.open()
        assert len(listed(transport)) == 1
        time.sleep(2.5)
        assert fetched(transport, only(transport)) == b"one"


def test_a_file_that_changed_while_its_line_was_cut_is_not_put_together_from_two(tmp_path: Path, pem: tuple[Path, str]) -> None:
    with pyftpd(tmp_path, pem) as place:
        line = CutFtp(place.server, 2_000_000, False)  # type: ignore[attr-defined]
        place.lies("order.edi", BIG, 5000)
        transport = place.open(**line.options)
        file = only(transport)

        class Changing(io.BytesIO):
            def write(self, block: Any) -> int:
                if self.tell() == 0:
                    os.rename(place.lies("new", bytes(len(BIG)), 60), place.out / "order.edi")
                return super().write(block)

        with pytest.raises(TransientFault, match="changed or went away"):
            transport.fetch(file, Changing())
        assert fetched(transport, only(transport)) == bytes(len(BIG))
        line.close()


def test_a_server_whose_answer_never_ends() -> None:
    from battery import channel
    from lines import Silent

    from edi_bridge.transport import open_transport

    endless = Silent(b"220-and so on\r\n" * 100_000)
    transport = open_transport(channel("ftp", host="127.0.0.1", port=endless.port, get="/out", settle="0s"), SECRETS)
    with pytest.raises(TransientFault, match="lines"):
        listed(transport)
    endless.close()


def test_a_file_that_never_ends_does_not_fill_our_disk(tmp_path: Path, pem: tuple[Path, str]) -> None:
    class Counting(io.BytesIO):
        def write(self, block: Any) -> int:
            assert self.tell() + len(block) <= 1000
            return super().write(block)

    with pyftpd(tmp_path, pem) as place:
        place.lies("order.edi", BIG)
        transport = place.open()
        file = only(transport)
        with pytest.raises(TransientFault, match="still being written"):
            transport.fetch(RemoteFile(file.name, 1000, file.modified, file.token), Counting())


class _FullDisk(io.BytesIO):
    def write(self, block: Any) -> int:
        raise OSError(28, "No space left on device")


def test_our_own_full_disk_is_not_the_servers_fault_and_the_next_fetch_works(tmp_path: Path, pem: tuple[Path, str]) -> None:
    with pyftpd(tmp_path, pem) as place:
        place.lies("order.edi", BIG)
        transport = place.open()
        with pytest.raises(TransientFault, match="written here: No space left"):
            transport.fetch(only(transport), _FullDisk())
        assert fetched(transport, only(transport)) == BIG


# --- what must never be sent or shown


@pytest.mark.parametrize("token", ["a%0D%0ADELE%20b.edi/3//", "a%0Ab/3//", "a%00b/3//", "..%2Fb.edi/3//", "%FF/3//"])
def test_a_forged_name_is_never_sent(tmp_path: Path, pem: tuple[Path, str], token: str) -> None:
    heard: list[str] = []
    with pyftpd(tmp_path, pem, pre_process_command=_hearing(heard)) as place:
        place.lies("b.edi", b"two")
        transport = place.open()
        forged = RemoteFile("a", 3, "", token)
        for act in (lambda: transport.fetch(forged, io.BytesIO()), lambda: transport.confirm(forged)):
            with pytest.raises(TerminalFault):
                act()
        assert "DELE" not in heard and "RETR" not in heard and place.kept(b"two")


def test_a_password_with_a_line_break_is_never_sent(tmp_path: Path, pem: tuple[Path, str]) -> None:
    heard: list[str] = []
    with pyftpd(tmp_path, pem, pre_process_command=_hearing(heard)) as place:
        place.secrets = Secrets(None, {"EDI_BRIDGE_SECRET_OURS": "x\r\nDELE b.edi"})
        with pytest.raises(TerminalFault):
            listed(place.open())
        assert "PASS" not in heard and "DELE" not in heard


def test_a_server_that_repeats_our_password_is_not_quoted(tmp_path: Path, pem: tuple[Path, str]) -> None:
    def ftp_PASS(self: Any, line: str) -> None:
        self.respond(f"530 'PASS {line}' is wrong.")

    with pyftpd(tmp_path, pem, ftp_PASS=ftp_PASS) as place:
        with pytest.raises(TerminalFault) as caught:
            listed(place.open())
        assert SECRET not in str(caught.value) and "PASS …" in str(caught.value)


def test_the_words_of_a_server_stay_on_one_line(tmp_path: Path, pem: tuple[Path, str]) -> None:
    def ftp_CWD(self: Any, path: str) -> None:
        self.respond("550 no\x1b[2J\x07 way")

    with pyftpd(tmp_path, pem, ftp_CWD=ftp_CWD) as place:
        with pytest.raises(TransientFault) as caught:
            listed(place.open())
        assert str(caught.value).isprintable()
