"""One HTTP request and its answer, by a client that knows our limits: pinned certificates, deadlines, redirects, sizes.

Faults say what is known of the request: TransientFault when the partner cannot have taken it, UncertainFault when all of the
body was handed over and no answer came, TerminalFault when asking again will not help (RFC 9110 15).
"""

from __future__ import annotations

import contextlib
import email.utils
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

import httpx

from edi_bridge.fault import ChannelFault, TerminalFault, TransientFault, UncertainFault, UntrustedFault
from edi_bridge.finding import visible
from edi_bridge.transport import certificate

CHUNK = 1 << 16
SHOWN = 200  # characters of an answer that a fault tells
HOPS = 3  # redirects within one host that are followed
MOST_WAIT = 3600.0  # seconds; a partner that asks for more is asked again after this
LATER = {408, 425, 429}  # of the 4xx those that ask for another try: timeout, too early, too many
CLOSED = {401, 403, 404, 405, 407}  # of the others those that speak of us and the address, not of what was posted
GATEWAY = {502, 504}  # a gateway lost sight of the server behind it: it may have taken the request


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: of one network step, and of a whole request with its answer."""

    timeout: float
    deadline: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What a connection showed: the server's certificate in DER ('' bytes without TLS) and the TLS version."""

    der: bytes
    version: str


class Body:
    """What is sent: `size` bytes of a stream that can be rewound; knows whether all of it was handed over."""

    def __init__(self, source: BinaryIO, size: int):
        self.source, self.size, self.given = source, size, 0
        self.start = source.tell()

    @property
    def whole(self) -> bool:
        """Whether the partner may have all of it: then it may have taken it, too."""
        return self.given >= self.size

    def __iter__(self) -> Iterator[bytes]:
        self.source.seek(self.start)
        self.given = 0
        while self.given < self.size and (chunk := self.source.read(min(CHUNK, self.size - self.given))):
            self.given += len(chunk)
            yield chunk


class Caller:
    """Requests to one partner. `authorize` are headers that go to this partner's host alone."""

    def __init__(self, context: ssl.SSLContext, pins: Sequence[str], limits: Limits, authorize: Mapping[str, str], proxy: str = ""):
        self.pins, self.limits, self.authorize = pins, limits, dict(authorize)
        self.seen: Seen | None = None
        self._socket: socket.socket | None = None
        self._client = httpx.Client(verify=context, proxy=proxy or None, trust_env=False, follow_redirects=False,
                                    timeout=limits.timeout, headers={"User-Agent": "edi-bridge", "Accept-Encoding": "identity"},
                                    limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=5))

    @contextlib.contextmanager
    def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: Body | None = None) -> Iterator[httpx.Response]:
        """The answer, its status whatever it is, its body unread. Redirects are followed within the host alone, with the same
        method and body (307, 308; RFC 9110 15.4.8). Leaving the block closes it; what goes wrong on the network becomes a fault."""
        with self._faults(urlsplit(url).netloc.rpartition("@")[2], body), self._watched() as late:
            try:
                for _ in range(HOPS + 1):
                    request = self._client.build_request(
                        method, url, headers={**self.authorize, **(headers or {})}, content=iter(body) if body else None,
                        extensions={"trace": self._trace, "timeout": httpx.Timeout(self.limits.timeout).as_dict()})
                    answer = self._client.send(request, stream=True)
                    if not 300 <= answer.status_code < 400 or answer.status_code == 304:
                        break
                    answer.close()
                    url = _redirected(answer, url)
                else:
                    raise ChannelFault(f"{urlsplit(url).netloc} redirects more than {HOPS} times")
                with contextlib.closing(answer):
                    yield answer
            except httpx.TransportError as error:
                raise (_Late(f"took longer than its deadline of {self.limits.deadline:g} s") if late() else error) from None

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _trace(self, event: str, facts: Mapping[str, Any]) -> None:
        """httpx tells each step: the socket, for the deadline; the certificate, before anything of ours is sent."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            stream = facts["return_value"]
            self._socket = stream.get_extra_info("socket")
            secure = stream.get_extra_info("ssl_object")
            if secure is not None:
                der = secure.getpeercert(True) or b""
                self.seen = Seen(der, secure.version() or "")
                try:
                    certificate.check_pinned(der, self.pins, "the server")
                except TerminalFault:
                    stream.close()
                    raise

    @contextlib.contextmanager
    def _watched(self) -> Iterator[Callable[[], bool]]:
        """A watch that cuts the connection at the deadline, however slowly a partner lets its bytes drip."""
        fired = threading.Event()

        def cut() -> None:
            fired.set()
            if self._socket is not None:
                with contextlib.suppress(OSError):  # closed meanwhile
                    self._socket.shutdown(socket.SHUT_RDWR)

        watch = threading.Timer(self.limits.deadline, cut)
        watch.daemon = True
        watch.start()
        try:
            yield fired.is_set
        finally:
            watch.cancel()

    @contextlib.contextmanager
    def _faults(self, host: str, body: Body | None) -> Iterator[None]:
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            if reason := _untrusted(error):
                raise UntrustedFault(f"the certificate of {host} is not trusted: {reason}") from None
            raise TransientFault(f"{host} cannot be reached: {_text(error)}", 30.0) from None
        except httpx.TransportError as error:
            if body is not None and body.whole:
                raise UncertainFault(f"{host} did not answer, but has all bytes: {_text(error)}", 30.0) from None
            raise TransientFault(f"the connection to {host} was lost: {_text(error)}", 30.0) from None


class _Late(httpx.ReadTimeout):
    """The deadline of a whole request has passed."""


def refuse(answer: httpx.Response, host: str, sent: bool = False) -> None:
    """Return for 2xx; else the fault that the status stands for, with the beginning of what the partner says. `sent`: the request
    was a document, which a gateway that lost its server may have passed on."""
    status = answer.status_code
    if 200 <= status < 300:
        return
    said = beginning(answer)
    sentence = f"{host} answers {status} {visible(answer.reason_phrase)[:60]}".rstrip() + (f": {said}" if said else "")
    if status in LATER or status >= 500:
        wait = _wait(answer.headers.get("retry-after", ""))
        raise (UncertainFault if sent and status in GATEWAY else TransientFault)(sentence, wait)
    raise (ChannelFault if status in CLOSED else TerminalFault)(sentence)


def finish(answer: httpx.Response) -> None:
    """Read a short answer to its end, so that the next request can take the same connection."""
    with contextlib.suppress(httpx.TransportError):  # its status was told already
        for number, _ in enumerate(answer.iter_raw(CHUNK)):
            if number >= 4:
                return


def beginning(answer: httpx.Response) -> str:
    """The first SHOWN characters of an answer's body, on one line, control characters as escapes."""
    raw = b""
    with contextlib.suppress(httpx.TransportError):  # its status was told already
        for chunk in answer.iter_raw(CHUNK):
            raw += chunk
            if len(raw) >= SHOWN * 4:
                break
    text = " ".join(raw.decode("utf-8", "replace").split())
    return visible(text[:SHOWN])


def _wait(text: str) -> float:
    """Seconds of a Retry-After: a number or a date (RFC 9110 10.2.3); 60 where none is told."""
    if text.strip().isdigit():
        return min(float(text), MOST_WAIT)
    with contextlib.suppress(ValueError, TypeError):
        left = (email.utils.parsedate_to_datetime(text) - certificate.now()).total_seconds()
        return min(max(left, 1.0), MOST_WAIT)
    return 60.0


def _redirected(answer: httpx.Response, url: str) -> str:
    """Where a redirect leads. ChannelFault when that is another host, or when the method would have to change."""
    old = urlsplit(url)
    try:
        target = urljoin(url, answer.headers.get("location", ""))
        new = urlsplit(target)
        same = (old.scheme, old.hostname, old.port) == (new.scheme, new.hostname, new.port)
        shown = visible(f"{new.scheme}://{new.netloc.rpartition('@')[2]}{new.path}")[:SHOWN]
    except ValueError:  # no address at all
        target, same, shown = "", False, "nowhere"
    if answer.status_code not in (307, 308) or not same:
        raise ChannelFault(f"{old.netloc.rpartition('@')[2]} answers {answer.status_code} and leads to {shown}: nothing is sent there; "
                           "change the channel's address if the partner confirms it")
    return target


def _untrusted(error: BaseException | None) -> str:
    """What is wrong with a certificate, by the error underneath; '' when it was something else."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return visible(error.verify_message)
        error = error.__cause__ or error.__context__
    return ""


def _text(error: Exception) -> str:
    return visible(str(error))[:SHOWN] or type(error).__name__
