"""HTTP out, by the battery of all transports and by what only HTTP does, against a real server over TLS."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from battery import SECRET, FetchBattery, NetworkBattery, Place, PutBattery, channel, fetched, listed, only
from http_partner import Authority, Partner
from lines import CutLine

from edi_bridge.fault import ChannelFault, ConfigFault, Fault, TerminalFault, TransientFault, UncertainFault
from edi_bridge.secret import Secrets
from edi_bridge.transport import certificate, open_transport
from edi_bridge.transport.contract import Presence, RemoteFile, Transport

ENVIRON = {"EDI_BRIDGE_SECRET_TOKEN": SECRET, "EDI_BRIDGE_SECRET_WRONG": "wrong horse", "EDI_BRIDGE_SECRET_HMAC": "signing key"}


@dataclass
class HttpPlace(Place):
    """A partner with addresses instead of folders: what the battery says of folders and ports becomes addresses."""

    partner: Partner = field(kw_only=True)

    def open(self, passing: Any = lambda point: None, **options: Any) -> Transport:
        port = options.pop("port", self.partner.port)
        folder = options.pop("get", "/out")
        base = f"{self.partner.scheme}://127.0.0.1:{port}"
        said = {"url": f"{base}/in/{{name}}", "look": f"{base}/in/{{name}}", "list": base + folder, **options}
        return super().open(passing, **{**said, "get": None})


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def pem(authority: Authority) -> Path:
    return authority.pem("edi.acme.example")


def pin(path: Path) -> str:
    text = path.read_text()
    return certificate.fingerprint(ssl.PEM_cert_to_DER_cert(text[: text.index("-----BEGIN PRIVATE")]))


@pytest.fixture
def place(tmp_path: Path, authority: Authority, pem: Path) -> Iterator[HttpPlace]:
    folders = [tmp_path / name for name in ("out", "inbox", "done")]
    for folder in folders:
        folder.mkdir()
    partner = Partner(folders[0], folders[1], SECRET, pem)
    lines: list[CutLine] = []

    def cut(after: int, up: bool) -> dict[str, Any]:
        lines.append(CutLine(partner.port, after, up=up))
        return {"port": lines[-1].port, "timeout": "5s"}  # who writes into a line that was cut is not always told

    made = HttpPlace("http", {"bearer": "token", "ca": str(authority.ca), "get": "/out"}, Secrets(environ=ENVIRON), *folders, cut=cut, partner=partner)
    yield made
    made.close()
    for line in lines:
        line.close()
    partner.close()


class TestFetchingOverHttp(FetchBattery):
    replaced_seen = False  # a list of names and sizes cannot tell two files of one name and size apart

    def test_files_are_moved_and_none_is_written_over(self, place: Place) -> None:
        with pytest.raises(ConfigFault, match="after: is delete or keep"):  # HTTP has no renaming
            place.open(after="move")

    def test_a_file_that_grows_while_it_is_read_is_not_taken(self, place: Place) -> None:
        """An answer is as long as its head says: what grows is seen when it is longer than it was listed."""
        path = place.lies("order.edi", b"UNB")
        transport = place.open()
        file = only(transport)
        path.write_bytes(b"UNB and more")
        with pytest.raises(TransientFault, match=r"order\.edi"):
            transport.fetch(file, io.BytesIO())
        assert fetched(transport, only(transport)) == b"UNB and more"


class TestPostingOverHttp(PutBattery):
    temporary = False
    keeps_other = False


class TestTheNetworkOfHttp(NetworkBattery):
    resumes = False
    wrong_login = {"bearer": "wrong"}


def put(transport: Transport, content: bytes = b"UNB+UNOC:3'", name: str = "invoice.edi") -> None:
    transport.put(name, io.BytesIO(content), len(content))


# --- what is sent ---------------------------------------------------------------------------------------------------

def test_a_post_says_what_it_is_and_carries_its_key(place: HttpPlace) -> None:
    content = b"ISA*00*          *00*"
    put(place.open(sign="hmac"), content, "810_übergabe.edi")
    ((method, path, headers, body),) = place.partner.requests
    assert (method, path, body) == ("POST", "/in/810_%C3%BCbergabe.edi", content)
    assert headers["content-type"] == "application/EDI-X12" and headers["content-length"] == str(len(content))
    assert headers["idempotency-key"] == hashlib.sha256(content).hexdigest()
    assert headers["x-signature"] == "sha256=" + hmac.new(b"signing key", content, "sha256").hexdigest()
    assert headers["content-disposition"] == "attachment; filename=\"810__bergabe.edi\"; filename*=UTF-8''810_%C3%BCbergabe.edi"
    assert "transfer-encoding" not in headers and "python" not in headers["user-agent"]


@pytest.mark.parametrize(("first", "kind"), [(b"UNA:+.? 'UNB", "application/EDIFACT"), (b"UNB+UNOA:1", "application/EDIFACT"),
                                             (b"<?xml version='1.0'?>", "application/xml"), (b"a;b;c", "application/octet-stream")])
def test_the_type_is_told_by_the_first_bytes(place: HttpPlace, first: bytes, kind: str) -> None:
    put(place.open(), first)
    put(place.open(content_type="text/plain"), first)
    assert [request[2]["content-type"] for request in place.partner.requests] == [kind, "text/plain"]


def test_a_name_and_an_api_key_sign_in_and_a_put_is_a_put(tmp_path: Path) -> None:
    partner = Partner(tmp_path, tmp_path, "", None)
    place = HttpPlace("http", {"user": "nordwind", "password": "token", "api_key": "hmac", "method": "PUT"}, Secrets(environ=ENVIRON),
                      tmp_path, tmp_path, tmp_path, partner=partner)
    with pytest.raises(TerminalFault, match="401 Unauthorized: who are you\\?"):
        put(place.open())
    assert not partner.requests
    place.close()
    partner.close()
    listener = socket.create_server(("127.0.0.1", 0))
    head: list[bytes] = []

    def serve() -> None:
        one, _ = listener.accept()
        while b"\r\n\r\n" not in b"".join(head):
            head.append(one.recv(4096))
        one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        one.close()

    thread = threading.Thread(target=serve)
    thread.start()
    put(place.open(port=listener.getsockname()[1]))
    thread.join()
    listener.close()
    place.close()
    text = b"".join(head)
    assert text.startswith(b"PUT /in/invoice.edi HTTP/1.1\r\n")
    assert b"Authorization: Basic bm9yZHdpbmQ6Y29ycmVjdCBob3JzZSA3\r\n" in text  # RFC 7617, "nordwind:correct horse 7"
    assert b"X-API-Key: signing key\r\n" in text


# --- answers --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_each_answer_of_2xx_means_taken(place: HttpPlace, status: int) -> None:
    place.partner.answers = [(status, {}, b"")]
    put(place.open())


@pytest.mark.parametrize(("status", "fault"), [
    (400, TerminalFault), (401, ChannelFault), (403, ChannelFault), (404, ChannelFault), (409, TerminalFault), (413, TerminalFault),
    (422, TerminalFault), (408, TransientFault), (425, TransientFault), (429, TransientFault), (500, TransientFault), (503, TransientFault),
    (502, UncertainFault), (504, UncertainFault), (302, ChannelFault), (303, ChannelFault), (304, TerminalFault)])
def test_what_each_status_means(place: HttpPlace, status: int, fault: type[Fault]) -> None:
    place.partner.answers = [(status, {"Location": "/in/elsewhere"} if status in (302, 303) else {}, b"")]
    with pytest.raises(Fault) as caught:
        put(place.open())
    assert type(caught.value) is fault and str(status) in str(caught.value)


def test_a_refusal_is_told_cut_and_on_one_line(place: HttpPlace) -> None:
    place.partner.answers = [(422, {}, b"the order\r\n\x1b[31mis \xff unknown\x00 " + b"x" * 5000)]
    with pytest.raises(TerminalFault) as caught:
        put(place.open())
    said = str(caught.value)
    assert "the order \\x1b[31mis" in said and said.isprintable() and len(said) < 400


def test_the_wait_that_a_partner_asks_for_is_kept_within_an_hour(place: HttpPlace) -> None:
    soon = format_datetime(certificate.now() + timedelta(seconds=100), usegmt=True)
    for asked, low, high in (("17", 17, 17), (soon, 90, 101), ("999999", 3600, 3600), ("soon", 60, 60)):
        place.partner.answers = [(503, {"Retry-After": asked}, b"")]
        with pytest.raises(TransientFault) as caught:
            put(place.open())
        assert low <= caught.value.wait <= high


def test_a_lost_answer_is_uncertain_and_a_look_tells(place: HttpPlace) -> None:
    place.partner.answers = [None]
    transport = place.open()
    with pytest.raises(UncertainFault, match="has all bytes"):
        put(transport)
    assert transport.look("invoice.edi", 11) is Presence.ABSENT
    put(transport)
    assert transport.look("invoice.edi", 11) is Presence.WHOLE
    assert transport.look("invoice.edi", 12) is Presence.PARTIAL


def test_without_an_address_to_look_at_nothing_is_known(place: HttpPlace) -> None:
    assert place.open(look=None).look("invoice.edi", 3) is Presence.UNKNOWN
    assert place.open(look=None, repeats="told").look("invoice.edi", 3) is Presence.ABSENT


def test_an_answer_that_drips_is_cut_at_the_deadline(place: HttpPlace) -> None:
    def drip(handler: Any) -> None:
        for sign in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200:
            handler.wfile.write(bytes([sign]))
            handler.wfile.flush()
            time.sleep(0.1)

    place.partner.answers = [drip]
    begun = time.monotonic()
    with pytest.raises(UncertainFault, match="deadline of 1"):
        put(place.open(timeout="500ms", deadline="1s"))
    assert time.monotonic() - begun < 3


# --- redirects ------------------------------------------------------------------------------------------------------

def test_a_redirect_within_the_host_is_followed_with_the_same_bytes(place: HttpPlace) -> None:
    place.partner.answers = [(307, {"Location": "/in/there.edi"}, b""), (308, {"Location": "here.edi"}, b"")]
    put(place.open())
    assert [request[1] for request in place.partner.requests] == ["/in/invoice.edi", "/in/there.edi", "/in/here.edi"]
    assert (place.inbox / "here.edi").read_bytes() == b"UNB+UNOC:3'"


def test_a_redirect_to_another_host_gets_nothing(place: HttpPlace, tmp_path: Path) -> None:
    other = Partner(tmp_path, tmp_path, SECRET)
    for target in (other.at + "/in/x.edi", f"https://127.0.0.1:{other.port}/in/x", "//evil.example/x", "http://[", "file:///etc/passwd", ""):
        place.partner.answers = [(307, {"Location": target}, b"")] * 5
        with pytest.raises(TerminalFault) as caught:
            put(place.open())
        assert SECRET not in str(caught.value)
    assert other.requests == [] and other.connections == 0
    other.close()


def test_redirects_in_a_circle_end(place: HttpPlace) -> None:
    place.partner.answers = [(307, {"Location": "/in/invoice.edi"}, b"")] * 10
    with pytest.raises(TerminalFault, match="redirects more than 3 times"):
        put(place.open())


# --- certificates ---------------------------------------------------------------------------------------------------

def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(place: HttpPlace) -> None:
    with pytest.raises(TerminalFault, match="is not trusted: unable to get local issuer"):
        put(place.open(ca=None))
    assert place.partner.requests == []


def test_a_pinned_certificate_needs_no_authority(place: HttpPlace, pem: Path) -> None:
    put(place.open(ca=None, certificate=pin(pem)))
    hexadecimal = ":".join(f"{one:02X}" for one in base64.b64decode(pin(pem)[7:] + "="))
    put(place.open(ca=None, certificate=["SHA256:" + "A" * 43, hexadecimal]))
    assert len(place.partner.requests) == 2


def test_another_certificate_than_the_pinned_one_gets_nothing(place: HttpPlace, pem: Path) -> None:
    for ca in (None, place.options["ca"]):
        with pytest.raises(TerminalFault) as caught:
            put(place.open(ca=ca, certificate="SHA256:" + "A" * 43))
        assert pin(pem) in str(caught.value) and "SHA256:AAAA" in str(caught.value)
    assert place.partner.requests == []


def test_our_own_certificate_is_shown_to_a_partner_that_asks(tmp_path: Path, authority: Authority, pem: Path) -> None:
    partner = Partner(tmp_path, tmp_path, SECRET, pem, clients=authority.ca)
    (tmp_path / "ours").write_bytes(authority.pem("edi.nordwind.example").read_bytes())
    (tmp_path / "ours").chmod(0o600)
    place = HttpPlace("http", {"bearer": "token", "ca": str(authority.ca)}, Secrets(tmp_path, ENVIRON), tmp_path, tmp_path, tmp_path, partner=partner)
    with pytest.raises(Fault):
        put(place.open())
    assert partner.requests == []
    put(place.open(client_certificate="ours"))
    assert len(partner.requests) == 1
    place.close()
    partner.close()


# --- listing --------------------------------------------------------------------------------------------------------

def serving(body: bytes, kind: str = "text/plain") -> tuple[socket.socket, int]:
    """A server that answers every request with one body."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            one.recv(65536)
            one.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (kind.encode(), len(body)) + body)
            one.close()

    threading.Thread(target=serve, daemon=True).start()
    return listener, listener.getsockname()[1]


@pytest.mark.parametrize(("body", "names"), [
    (b"a.edi\r\nb.edi\n", ["a.edi", "b.edi"]), (b"", []), (b"[]", []), (b'["a.edi", 7, null, {"size": 3}]', ["a.edi"]),
    (b'{"files": [{"name": "b.edi", "size": true}, "a/b", "..", ""]}', ["b.edi"]), (b'["\\ud800.edi", "ok.edi"]', ["ok.edi"]),
    (b'["a.edi", {"name": "b.edi", "modified": "yesterday"}]', ["a.edi", "b.edi"])])
def test_lists_in_every_form(body: bytes, names: list[str]) -> None:
    listener, port = serving(body)
    transport = open_transport(channel("http", list=f"http://127.0.0.1:{port}/box?folder=out"), Secrets())
    assert [file.name for file in listed(transport)] == names
    listener.close()
    transport.close()


@pytest.mark.parametrize("body", [b'{"files": [', b"[" * 100_000])
def test_a_list_that_cannot_be_read_is_said(body: bytes) -> None:
    listener, port = serving(body)
    transport = open_transport(channel("http", list=f"http://127.0.0.1:{port}/box"), Secrets())
    with pytest.raises(TerminalFault, match="list of names"):
        listed(transport)
    listener.close()
    transport.close()


def test_a_web_page_is_no_list_and_no_document(place: HttpPlace) -> None:
    listener, port = serving(b"<html>please sign in</html>", "text/html; charset=utf-8")
    transport = open_transport(channel("http", list=f"http://127.0.0.1:{port}/box"), Secrets())
    with pytest.raises(TerminalFault, match="a web page instead of the list of names"):
        listed(transport)
    with pytest.raises(TerminalFault, match=r"a web page instead of order\.edi"):
        transport.fetch(RemoteFile("order.edi"), io.BytesIO())
    listener.close()
    transport.close()


# --- options and probes ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("options", "says"), [
    ({"url": "http://edi.acme.example/in"}, "not encrypted"), ({"url": "ftp://edi.acme.example/in"}, "is an address such as"),
    ({"url": "https://me:secret@edi.acme.example/in"}, "must not hold a user or password"), ({"url": "https://a b/in"}, "is an address"),
    ({"url": "https://a.example/in", "list": "https://b.example/out"}, "different servers"), ({}, "nothing to do"),
    ({"url": "https://a.example/", "user": "x"}, "go together"), ({"url": "https://a.example/", "look": "https://a.example/in"}, "needs {name}"),
    ({"url": "https://a.example/", "certificate": "SHA1:x"}, "fingerprint"), ({"url": "https://a.example/", "bearer": "two words"}, "NAME of a secret"),
    ({"url": "https://a.example/{file}"}, "no other braces"), ({"url": "https://a.example/", "key_header": "a:b"}, "name of a header")])
def test_mistakes_in_the_options(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigFault, match=says.replace("{", "\\{").replace("}", "\\}")) as caught:
        channel("http", **options)
    assert "me:secret" not in str(caught.value)


def test_the_probes_show_certificate_clock_and_list(place: HttpPlace, pem: Path) -> None:
    place.lies("order.edi", b"one")
    probes = {probe.step: probe for probe in place.open().probes()}
    assert list(probes) == ["connect", "certificate", "clock", "authenticate", "list", "put"]
    assert pin(pem) in probes["certificate"].says and "(89 days)" in probes["certificate"].says
    assert "CN=edi.acme.example, by CN=Lab authority" in probes["certificate"].says
    assert (probes["clock"].says, probes["list"].says) == ("as ours", "1 waiting")
    assert probes["connect"].says == f"{urlsplit(place.partner.at).netloc}, TLSv1.3"
    assert place.partner.requests == [], "nothing is posted"


def test_the_probe_of_a_certificate_that_has_ended_says_so(tmp_path: Path, authority: Authority) -> None:
    old = authority.pem("old.example", days=-3)
    partner = Partner(tmp_path, tmp_path, SECRET, old)
    place = HttpPlace("http", {"bearer": "token", "ca": str(authority.ca)}, Secrets(environ=ENVIRON), tmp_path, tmp_path, tmp_path, partner=partner)
    (probe,) = place.open().probes()
    assert not probe.good and "certificate has expired" in probe.says
    place.close()
    partner.close()


# --- proxies --------------------------------------------------------------------------------------------------------

class Tunnel:
    """A proxy that does nothing but CONNECT (RFC 9110 9.3.6), on loopback."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.at = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(ours,), daemon=True).start()

    def _serve(self, ours: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (block := ours.recv(4096)):
            head += block
        self.asked.append(head)
        method, target, _ = head.split(b" ", 2)
        if method != b"CONNECT":
            ours.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            ours.close()
            return
        host, _, port = target.decode().rpartition(":")
        theirs = socket.create_connection((host, int(port)))
        ours.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for source, sink in ((ours, theirs), (theirs, ours)):
            threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket) -> None:
        try:
            while block := source.recv(65536):
                sink.sendall(block)
        except OSError:
            pass
        sink.close()

    def close(self) -> None:
        self._listener.close()


def test_through_a_proxy_the_partner_s_certificate_counts_and_the_proxy_learns_no_secret(place: HttpPlace, pem: Path,
                                                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    tunnel = Tunnel()
    put(place.open(proxy=tunnel.at, ca=None, certificate=pin(pem)))
    assert len(place.partner.requests) == 1 and tunnel.asked[0].startswith(f"CONNECT 127.0.0.1:{place.partner.port} ".encode())
    assert SECRET.encode() not in tunnel.asked[0] and b"uthorization" not in tunnel.asked[0]
    with pytest.raises(TerminalFault, match="shows another certificate"):
        put(place.open(proxy=tunnel.at, ca=None, certificate="SHA256:" + "A" * 43))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # the environment decides nothing
    put(place.open())
    assert len(place.partner.requests) == 2
    tunnel.close()


def test_a_proxy_that_refuses_or_is_away_is_transient(place: HttpPlace) -> None:
    listener, port = serving(b"go away")
    listener.close()
    with pytest.raises(TransientFault):
        put(place.open(proxy=f"http://127.0.0.1:{port}"))
    assert place.partner.requests == []
