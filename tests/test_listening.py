"""The server that partners post to, asked over real sockets: sign-in, limits, slow and broken clients, durable before answered."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import pytest

from edi_bridge.channel import load
from edi_bridge.fault import ConfigFault, TerminalFault, TransientFault
from edi_bridge.listening import Listening, Patience, Taken, Tls, door
from edi_bridge.listening.server import FAILURES
from edi_bridge.secret import Secrets
from edi_bridge.yamltext import parse

ORDER = b"UNB+UNOC:3+9521200043594:14+9521200034004:14+261102:0815+417'UNZ+0+417'"
YAML = """
channels:
  post: {kind: http-in, user: acme, password: acme_password, most: 1000000}
  token: {kind: http-in, token: acme_token}
  hashed: {kind: http-in, token_hash: "sha256:%s"}
""" % hashlib.sha256(b"a long random token").hexdigest()
SECRETS = Secrets(environ={"EDI_BRIDGE_SECRET_ACME_PASSWORD": "correct: horse", "EDI_BRIDGE_SECRET_ACME_TOKEN": "t0ken"})
LOGIN = ("acme", "correct: horse")


@dataclass
class Kept:
    """What stands behind the server: takes bytes as the engine does, once each."""

    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    fault: Exception | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def take(self, channel: str, name: str, stream: BinaryIO) -> Taken:
        self.waiting.release()
        assert self.gate.wait(20)
        if self.fault:
            raise self.fault
        content = stream.read()
        digest = hashlib.sha256(content).hexdigest()
        again = content in [one[2] for one in self.taken]
        if not again:
            self.taken.append((channel, name, content))
        return Taken(f"r-{digest[:6]}", digest, "again" if again else "new")


@pytest.fixture
def kept() -> Kept:
    made = Kept()
    made.gate.set()
    return made


def serve(kept: Kept, spool: Path, **more: Any) -> Listening:
    channels = load(parse(YAML, "acme.yaml")["channels"], "acme", "acme.yaml")
    return Listening([door(one, SECRETS) for one in channels.values()], kept.take, lambda: (True, {"version": "0"}),
                     lambda: "edi_bridge_receipts_total 3\n", spool=spool, **more)


@pytest.fixture
def server(kept: Kept, tmp_path: Path) -> Iterator[Listening]:
    with serve(kept, tmp_path, patience=Patience(head=0.6, piece=0.6, idle=1.0, ending=5.0)) as made:
        yield made


@pytest.fixture
def client(server: Listening) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address, trust_env=False) as made:
        yield made


def raw(server: Listening, *pieces: bytes, hang_up: bool = False) -> bytes:
    """Bytes sent as they are; what came back until the server closed or three seconds have passed."""
    host, _, port = server.address.rpartition("//")[2].rpartition(":")
    with closing(socket.create_connection((host, int(port)), timeout=3)) as line:
        for piece in pieces:
            line.sendall(piece)
        if hang_up:
            line.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while block := line.recv(65536):
                answer += block
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


HEAD = b"POST /in/acme.post HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + base64.b64encode(b"acme:correct: horse") + b"\r\n"


# --- taken ----------------------------------------------------------------------------------------------------------

def test_a_document_is_answered_with_its_receipt_and_a_repeat_with_the_same(client: httpx.Client, kept: Kept) -> None:
    digest = hashlib.sha256(ORDER).hexdigest()
    first = client.post("/in/acme.post", content=ORDER, auth=LOGIN, headers={"Content-Disposition": 'attachment; filename="o.edi"'})
    again = client.post("/in/acme.post", content=ORDER, auth=LOGIN)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"receipt": f"r-{digest[:6]}", "sha256": digest}
    assert kept.taken == [("acme.post", "o.edi", ORDER)]
    assert "server" not in first.headers


def test_chunks_without_a_length_are_taken(client: httpx.Client, kept: Kept) -> None:
    pieces = (ORDER[:10], ORDER[10:30], ORDER[30:])
    assert client.post("/in/acme.post", content=iter(pieces), auth=LOGIN).status_code == 201
    assert kept.taken[0][2] == ORDER


def test_a_large_document_goes_over_the_disk_and_arrives_whole(tmp_path: Path, kept: Kept) -> None:
    big = bytes(range(256)) * 50_000
    with serve(kept, tmp_path) as server, httpx.Client(base_url=server.address, trust_env=False) as client:
        assert client.post("/in/acme.token", content=big, headers={"Authorization": "Bearer t0ken"}).status_code == 201
    assert kept.taken[0][2] == big and list(tmp_path.iterdir()) == []


def test_nothing_is_answered_before_it_was_taken(server: Listening, kept: Kept) -> None:
    kept.gate.clear()
    done: list[int] = []
    poster = threading.Thread(target=lambda: done.append(httpx.post(server.address + "/in/acme.post", content=ORDER, auth=LOGIN, trust_env=False).status_code))
    poster.start()
    assert kept.waiting.acquire(timeout=5)
    assert httpx.get(server.address + "/health", trust_env=False).status_code == 200, "others are served meanwhile"
    assert done == []
    kept.gate.set()
    poster.join(5)
    assert done == [201]


@pytest.mark.parametrize(("header", "name"), [
    ("attachment; filename=\"../../etc/passwd\"", "../../etc/passwd"), ("attachment; filename*=UTF-8''%C3%BCber%0Agabe%00.edi", "über\\ngabe\\x00.edi"),
    ("attachment; filename=plain.edi; x=y", "plain.edi"), ('attachment; filename="a\\"b.edi"', 'a"b.edi'), ("attachment", ""),
    ("attachment; filename=\"" + "x" * 1000 + '"', "x" * 300), ("attachment; filename*=UTF-8''%FF", "\ufffd"), ('attachment; filename="' + "\\" * 1900, "")])
def test_the_partner_s_name_of_a_file_is_text_and_nothing_more(client: httpx.Client, kept: Kept, header: str, name: str) -> None:
    assert client.post("/in/acme.post", content=ORDER, auth=LOGIN, headers={"Content-Disposition": header}).status_code == 201
    assert kept.taken[0][1] == name


# --- who it is ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("path", "header", "status"), [
    ("acme.post", "", 401), ("acme.post", "Basic", 401), ("acme.post", "Basic !!!", 401), ("acme.post", "Basic YWNtZTpjb3JyZWN0", 401),
    ("acme.post", "Bearer t0ken", 404), ("nobody", "", 401), ("nobody", "Bearer t0ken", 404), ("nobody", "Bearer x", 401),
    ("acme.token", "Bearer t0ken", 201), ("acme.token", "bearer  t0ken", 201), ("acme.token", "Bearer t0keN", 401), ("acme.token", "Bearer", 401),
    ("acme.hashed", "Bearer a long random token", 201), ("acme.hashed", "Bearer " + hashlib.sha256(b"a long random token").hexdigest(), 401),
    ("../health", "", 404)])
def test_sign_in(client: httpx.Client, kept: Kept, path: str, header: str, status: int) -> None:
    answer = client.post(f"/in/{path}", content=ORDER, headers={"Authorization": header} if header else {})
    assert answer.status_code == status if path != "../health" else answer.status_code == 405
    assert len(kept.taken) == (status == 201)
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_an_address_that_fails_too_often_waits(client: httpx.Client) -> None:
    for _ in range(FAILURES):
        assert client.post("/in/acme.post", content=ORDER, auth=("acme", "wrong")).status_code == 401
    refused = client.post("/in/acme.post", content=ORDER, auth=LOGIN)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0


def test_who_fails_at_one_channel_keeps_nobody_out_elsewhere(kept: Kept, tmp_path: Path) -> None:
    """Behind a proxy all partners come from one address, unless its word is believed."""
    with serve(kept, tmp_path) as server, httpx.Client(base_url=server.address, trust_env=False) as client:
        for _ in range(FAILURES + 1):
            client.post("/in/acme.token", content=ORDER, headers={"Authorization": "Bearer guess"})
        assert client.post("/in/acme.token", content=ORDER, headers={"Authorization": "Bearer t0ken"}).status_code == 429
        assert client.post("/in/acme.post", content=ORDER, auth=LOGIN).status_code == 201
    with serve(kept, tmp_path, proxies=["127.0.0.1"]) as server, httpx.Client(base_url=server.address, trust_env=False) as client:
        for _ in range(FAILURES + 1):
            client.post("/in/acme.post", content=ORDER, auth=("acme", "guess"), headers={"X-Forwarded-For": "203.0.113.9"})
        asked = [client.post("/in/acme.post", content=ORDER, auth=LOGIN, headers={"X-Forwarded-For": address}).status_code
                 for address in ("203.0.113.9", "203.0.113.10", "203.0.113.10, 203.0.113.9")]
        assert asked == [429, 200, 429], "the last address is the proxy's word, those before it the client's"
        assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401


def test_ever_new_places_do_not_let_anybody_guess_for_ever(client: httpx.Client, kept: Kept) -> None:
    """What opens one door is answered 404 at another place, and what opens none 401: who tries passwords could tell the two apart."""
    asked = [client.post(f"/in/nowhere{number}", content=ORDER, auth=("acme", f"guess {number}")).status_code for number in range(FAILURES + 2)]
    assert asked == [401] * FAILURES + [429, 429]
    assert client.post("/in/nowhere-else", content=ORDER, auth=LOGIN).status_code == 429, "not even the right password is told"
    assert client.post("/in/acme.post", content=ORDER, auth=LOGIN).status_code == 201, "who posts where he may is not kept out"


def test_addresses_of_one_customer_share_their_failures(kept: Kept, tmp_path: Path) -> None:
    with serve(kept, tmp_path, proxies=["127.0.0.1"]) as server, httpx.Client(base_url=server.address) as client:
        def post(address: str) -> int:
            headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": address}
            return client.post("/in/acme.token", content=ORDER, headers=headers).status_code

        assert [post(f"2001:db8:7:1::{number:x}") for number in range(FAILURES + 1)] == [401] * FAILURES + [429]
        assert (post("2001:db8:7:2::1"), post("192.0.2.7")) == (401, 401)


def test_a_door_needs_a_secret() -> None:
    (one,) = load(parse("channels: {post: {kind: http-in, token: nowhere}}", "a.yaml")["channels"], "acme", "a.yaml").values()
    with pytest.raises(ConfigFault, match="there is no secret nowhere"):
        door(one, Secrets())
    with pytest.raises(ConfigFault, match="say how the partner signs in"):
        load(parse("channels: {post: {kind: http-in}}", "a.yaml")["channels"], "acme", "a.yaml")


# --- refused --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("headers", "status"), [
    ({"Content-Type": "multipart/form-data; boundary=x"}, 415), ({"Content-Type": "Application/X-WWW-Form-Urlencoded"}, 415),
    ({"Content-Encoding": "gzip"}, 415), ({"Content-Type": "application/EDIFACT"}, 201), ({"Content-Encoding": "identity"}, 201),
    ({"Content-Digest": "sha-256=:" + base64.b64encode(hashlib.sha256(ORDER).digest()).decode() + ":"}, 201),
    ({"Content-Digest": "sha-256=:" + base64.b64encode(hashlib.sha256(b"other").digest()).decode() + ":"}, 400)])
def test_what_the_headers_say(client: httpx.Client, kept: Kept, headers: dict[str, str], status: int) -> None:
    assert client.post("/in/acme.post", content=ORDER, auth=LOGIN, headers=headers).status_code == status
    assert len(kept.taken) == (status == 201)


def test_an_empty_document_is_refused(client: httpx.Client, kept: Kept) -> None:
    assert client.post("/in/acme.post", content=b"", auth=LOGIN).status_code == 400
    assert client.post("/in/acme.post", content=iter([b""]), auth=LOGIN).status_code == 400
    assert kept.taken == []


def test_a_document_that_says_it_is_too_large_is_refused_unread(server: Listening, kept: Kept) -> None:
    answer = raw(server, HEAD + b"Content-Length: 1000001\r\nExpect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ") and b"100 Continue" not in answer


def test_one_that_turns_out_too_large_is_refused(server: Listening, client: httpx.Client, kept: Kept) -> None:
    assert client.post("/in/acme.post", content=iter([b"x" * 100_000] * 11), auth=LOGIN).status_code == 413
    assert client.post("/in/acme.post", content=b"x" * 3_000_000, auth=LOGIN).status_code == 413
    assert client.post("/in/acme.post", content=iter([b"x" * 100_000] * 10), auth=LOGIN).status_code == 201
    assert len(kept.taken) == 1


@pytest.mark.parametrize(("head", "status"), [
    (b"GET /in/acme.post HTTP/1.1\r\nHost: x\r\n\r\n", b"405"), (b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"404"),
    (HEAD + b"\r\n", b"411"), (HEAD + b"Content-Length: -1\r\n\r\n", b"400"), (b"\x16\x03\x01\x02\x00nonsense\r\n\r\n", b"400"),
    (b"POST /in/" + b"x" * 70_000 + b" HTTP/1.1\r\n", b"400"), (HEAD + b"X: " + b"x" * 70_000, b"400")], ids=range(7))
def test_requests_that_are_none(server: Listening, kept: Kept, head: bytes, status: bytes) -> None:
    assert raw(server, head)[9:12] == status
    assert kept.taken == []


@pytest.mark.parametrize(("fault", "status", "wait"), [(TransientFault("the disk is full", 2.5), 503, "3"), (TerminalFault("no"), 503, "60"),
                                                       (ConfigFault.at("acme.yaml", 3, 1, "no"), 503, "60")])
def test_what_cannot_be_taken_now_may_come_again(client: httpx.Client, kept: Kept, fault: Exception, status: int, wait: str,
                                                 caplog: pytest.LogCaptureFixture) -> None:
    kept.fault = fault
    with caplog.at_level(logging.ERROR, "edi_bridge"):
        answer = client.post("/in/acme.post", content=ORDER, auth=LOGIN)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, wait)
    assert answer.json() == {"error": "cannot be taken now; try again later"}, "the partner is told no sentence of ours"
    assert str(fault) in caplog.text and "417" not in caplog.text


def test_our_own_mistake_is_no_answer_with_a_traceback(client: httpx.Client, kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    kept.fault = KeyError("UNB+secret")
    with caplog.at_level(logging.ERROR, "edi_bridge"):
        answer = client.post("/in/acme.post", content=ORDER, auth=LOGIN)
    assert (answer.status_code, answer.json()) == (500, {"error": "a mistake of ours; try again later"})
    assert "in take" in caplog.text
    kept.fault = None
    assert client.post("/in/acme.post", content=ORDER, auth=LOGIN).status_code == 201


def test_too_many_at_once_are_asked_to_come_later(server: Listening, kept: Kept) -> None:
    kept.gate.clear()
    done: list[int] = []

    def post(number: int) -> None:
        done.append(httpx.post(server.address + "/in/acme.post", content=b"%d" % number, auth=LOGIN, trust_env=False, timeout=20).status_code)

    posters = [threading.Thread(target=post, args=(number,)) for number in range(4)]
    for poster in posters:
        poster.start()
        assert kept.waiting.acquire(timeout=5)
    post(9)
    assert done == [429]
    kept.gate.set()
    for poster in posters:
        poster.join(10)
    assert sorted(done) == [201] * 4 + [429] and len(kept.taken) == 4


def test_a_client_that_waits_for_leave_to_send_gets_it(server: Listening, kept: Kept) -> None:
    host, _, port = server.address.rpartition("//")[2].rpartition(":")
    with closing(socket.create_connection((host, int(port)), timeout=5)) as line:
        line.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 71\r\n\r\n")
        assert line.recv(4096) .startswith(b"HTTP/1.1 100 ")
        line.sendall(ORDER)
        assert line.recv(4096).startswith(b"HTTP/1.1 201")
    assert kept.taken[0][2] == ORDER


def test_a_body_with_two_ends_is_refused(server: Listening, kept: Kept) -> None:
    answer = raw(server, HEAD + b"Content-Length: 71\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + ORDER)
    assert answer.startswith(b"HTTP/1.1 400") and kept.taken == []
    assert raw(server, HEAD + b"Content-Length: 71\r\nContent-Length: 70\r\n\r\n" + ORDER).startswith(b"HTTP/1.1 400") and kept.taken == []


# --- bad lines ------------------------------------------------------------------------------------------------------

def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(server: Listening, kept: Kept, tmp_path: Path) -> None:
    raw(server, HEAD + b"Content-Length: 71\r\n\r\n" + ORDER[:50], hang_up=True)
    raw(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n10\r\n" + ORDER[:16] + b"\r\n", hang_up=True)
    with closing(socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2])))) as line:
        line.sendall(HEAD + b"Content-Length: 71\r\n\r\n" + ORDER[:50])
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closes with a reset
    assert raw(server, HEAD + b"Connection: close\r\nContent-Length: 71\r\n\r\n" + ORDER).startswith(b"HTTP/1.1 201")
    assert [one[2] for one in kept.taken] == [ORDER] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pieces", [(), (b"POST /in/acme.post HT",), (HEAD,), (HEAD + b"Connection: keep-alive\r\n",)], ids=range(4))
def test_a_head_that_never_ends_is_cut_off(server: Listening, pieces: tuple[bytes, ...]) -> None:
    begun = time.monotonic()
    raw(server, *pieces)
    assert 0.4 < time.monotonic() - begun < 2


def test_a_head_that_drips_is_cut_off(server: Listening) -> None:
    begun = time.monotonic()
    with closing(socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2])), timeout=5)) as line:
        try:
            for sign in HEAD * 3:
                line.sendall(bytes([sign]))
                time.sleep(0.05)
        except OSError:
            pass
    assert time.monotonic() - begun < 2


def test_a_body_that_stops_is_told_and_cut_off(server: Listening, kept: Kept) -> None:
    begun = time.monotonic()
    answer = raw(server, HEAD + b"Content-Length: 71\r\n\r\n" + ORDER[:50])
    assert answer.startswith(b"HTTP/1.1 408") and time.monotonic() - begun < 3 and kept.taken == []


def test_a_second_head_on_one_connection_has_its_time_too(server: Listening, kept: Kept) -> None:
    host, _, port = server.address.rpartition("//")[2].rpartition(":")
    with closing(socket.create_connection((host, int(port)), timeout=5)) as line:
        line.sendall(HEAD + b"Content-Length: 71\r\n\r\n" + ORDER)
        assert line.recv(4096).startswith(b"HTTP/1.1 201")
        begun = time.monotonic()
        line.sendall(HEAD)
        while line.recv(4096):
            pass
    assert time.monotonic() - begun < 2


def test_many_idle_connections_keep_nobody_out(server: Listening, client: httpx.Client, kept: Kept) -> None:
    port = int(server.address.rpartition(":")[2])
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(150)]
    for line in lines:
        line.sendall(HEAD)
    assert client.post("/in/acme.post", content=ORDER, auth=LOGIN).status_code == 201
    for line in lines:
        line.close()


# --- health, figures, life ------------------------------------------------------------------------------------------

def open_from(server: Listening, count: int, address: str) -> list[socket.socket]:
    host, port = server.address.removeprefix("http://").split(":")
    return [socket.create_connection((host, int(port)), timeout=5, source_address=(address, 0)) for _ in range(count)]


def closed(one: socket.socket) -> bool:
    """Whether the server has closed a connection; waits a little."""
    one.settimeout(0.3)
    try:
        return one.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_one_address_does_not_take_all_connections(kept: Kept, tmp_path: Path) -> None:
    with serve(kept, tmp_path, connections=20) as server:
        mine = open_from(server, 19, "127.0.0.1")
        assert [closed(one) for one in mine] == [False] * 16 + [True] * 3
        transport = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(base_url=server.address, transport=transport) as other:
            assert other.post("/in/acme.post", content=ORDER, auth=LOGIN).status_code == 201
        mine.pop(0).close()
        time.sleep(0.2)
        assert not closed(open_from(server, 1, "127.0.0.1")[0]), "a place that is free again is given again"


def test_however_many_connect_the_program_keeps_the_files_that_it_needs(kept: Kept, tmp_path: Path) -> None:
    with serve(kept, tmp_path, connections=10) as server:
        before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0
        many = [one for address in range(2, 12) for one in open_from(server, 5, f"127.0.0.{address}")]
        time.sleep(0.3)
        assert sum(not closed(one) for one in many) <= 20
        assert not before or len(list(Path("/proc/self/fd").iterdir())) - before <= len(many) + 25, "ours of both ends"


def test_health_needs_no_sign_in_and_is_503_when_not_well(kept: Kept, tmp_path: Path) -> None:
    says: dict[str, Any] = {"ok": True}
    with Listening([], kept.take, lambda: (says["ok"], {"waiting": 3}), str, spool=tmp_path) as server:
        well = httpx.get(server.address + "/health", trust_env=False)
        says["ok"] = False
        ill = httpx.get(server.address + "/health", trust_env=False)
    assert (well.status_code, well.json()) == (200, {"ok": True, "waiting": 3})
    assert (ill.status_code, ill.json()) == (503, {"ok": False, "waiting": 3})


def test_figures_are_for_this_machine_and_not_for_who_comes_by_a_proxy(client: httpx.Client) -> None:
    answer = client.get("/metrics")
    assert (answer.status_code, answer.text) == (200, "edi_bridge_receipts_total 3\n")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401


def test_figures_with_a_token_ask_for_it_everywhere(kept: Kept, tmp_path: Path) -> None:
    with serve(kept, tmp_path, metrics_token="figures") as server:
        asked = [httpx.get(server.address + "/metrics", headers=headers, trust_env=False).status_code
                 for headers in ({}, {"Authorization": "Bearer figure"}, {"Authorization": "Bearer figures", "Via": "1.1 proxy"})]
    assert asked == [401, 401, 200]


def test_every_path_but_health_asks_who_it_is(client: httpx.Client) -> None:
    """What a stranger gets from each route."""
    far = {"X-Forwarded-For": "203.0.113.9"}
    asked = {(method, path): client.request(method, path, headers=far).status_code
             for path in ("/in/acme.post", "/in/", "/in/acme.post/x", "/health", "/metrics", "/", "/openapi.json", "/docs")
             for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS")}
    assert {key for key, status in asked.items() if status < 400} == {("GET", "/health")}


def test_stop_lets_a_post_end(kept: Kept, tmp_path: Path) -> None:
    server = serve(kept, tmp_path)
    server.start()
    kept.gate.clear()
    done: list[int] = []
    poster = threading.Thread(target=lambda: done.append(httpx.post(server.address + "/in/acme.post", content=ORDER, auth=LOGIN, trust_env=False).status_code))
    poster.start()
    assert kept.waiting.acquire(timeout=5)
    stopper = threading.Thread(target=server.stop)
    stopper.start()
    time.sleep(0.2)
    kept.gate.set()
    stopper.join(10)
    poster.join(10)
    assert done == [201] and not stopper.is_alive()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.address + "/health", trust_env=False)


def test_an_address_that_is_taken_is_said(server: Listening, kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="cannot listen on 127.0.0.1:.*in use"):
        serve(kept, tmp_path, port=int(server.address.rpartition(":")[2])).start()


def test_a_full_disk_is_said_and_the_server_goes_on(kept: Kept, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with serve(kept, gone) as server, httpx.Client(base_url=server.address, trust_env=False) as client:
        big = b"x" * 2_000_000
        bearer = {"Authorization": "Bearer t0ken"}
        assert client.post("/in/acme.token", content=big, headers=bearer).status_code == 503
        gone.mkdir()
        assert client.post("/in/acme.token", content=big, headers=bearer).status_code == 201


# --- TLS ------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import sys

    sys.path.insert(0, str(Path(__file__).parent / "transport"))
    from http_partner import Authority

    return Authority(tmp_path_factory.mktemp("authority"))


def test_over_tls_a_certificate_may_be_asked_for_and_bound_to_a_channel(kept: Kept, tmp_path: Path, authority: Any) -> None:
    ours, acme, other = (authority.pem(name) for name in ("edi.nordwind.example", "acme.example", "other.example"))
    der = ssl.PEM_cert_to_DER_cert(acme.read_text().partition("-----BEGIN PRIVATE")[0])
    pin = hashlib.sha256(der).hexdigest()
    channels = load(parse(f'channels: {{post: {{kind: http-in, token: acme_token, client_certificate: "{pin}"}}}}', "a.yaml")["channels"], "acme", "a.yaml")
    tls = Tls(ours, ours, authority.ca)
    with Listening([door(one, SECRETS) for one in channels.values()], kept.take, lambda: (True, {}), str, spool=tmp_path, tls=tls) as server:
        asked = {}
        for name, shown in (("acme", acme), ("other", other), ("none", None)):
            context = ssl.create_default_context(cafile=str(authority.ca))
            if shown:
                context.load_cert_chain(shown)
            with httpx.Client(verify=context, trust_env=False) as client:
                try:
                    asked[name] = client.post(server.address + "/in/acme.post", content=ORDER, headers={"Authorization": "Bearer t0ken"}).status_code
                except httpx.TransportError:
                    asked[name] = 0
    assert asked == {"acme": 201, "other": 401, "none": 0} and server.address.startswith("https://")


def test_a_certificate_that_cannot_be_used_is_said_at_the_start(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text(json.dumps("no certificate"))
    with pytest.raises(ConfigFault, match="none.pem: certificate, key or authorities cannot be used"):
        Listening([], kept.take, lambda: (True, {}), str, tls=Tls(tmp_path / "none.pem", tmp_path / "none.pem")).start()


def test_a_small_post_is_answered_without_waiting_for_the_line(client: httpx.Client) -> None:
    """Nagle's algorithm against delayed acknowledgements costs 40 ms a post where a server forgets TCP_NODELAY."""
    spent = []
    for number in range(15):
        begun = time.monotonic()
        client.post("/in/acme.post", content=b"UNB%d" % number, auth=LOGIN)
        spent.append(time.monotonic() - begun)
    assert sorted(spent)[4] < 0.035
