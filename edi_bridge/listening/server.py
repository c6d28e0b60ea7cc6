"""The server itself: its life in a thread, and what it does with each request, in order."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from edi_bridge.fault import Fault, TransientFault
from edi_bridge.listening.connection import Held, Tls, Watched, bound_to, network, server_context
from edi_bridge.listening.document import digest_agrees, drain, file_name, head_refused, refusal, refuse
from edi_bridge.listening.door import Door, credentials, fits, hashed

log = logging.getLogger("edi_bridge.listening")

IN_MEMORY = 1 << 20  # bytes of a body that are kept in memory before it goes to disk
PIECE = 1 << 18  # bytes that are written at once
AT_ONCE = 4  # posts of one channel at the same time; more are asked to come later
FAILURES, WINDOW = 20, 60.0  # failed sign-ins of one address at one channel in so many seconds, then 429
REMEMBERED = 10_000  # addresses (and channels) with failed sign-ins
SLOWEST = 1000  # bytes a second that a body must reach on average after its first BODY_GRACE seconds
BODY_GRACE = 30.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a post: the receipt's id, the SHA-256 of its bytes, and `state`: new, or again for bytes that came before."""

    receipt_id: str
    sha256: str
    state: str = "new"


Take = Callable[[str, str, BinaryIO], Taken]  # (channel, the partner's name of the file, its bytes) → after commit 1
Health = Callable[[], tuple[bool, Mapping[str, Any]]]
Metrics = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for the head of a request, for each piece of its body, between requests of one connection, at the end."""

    head: float = 15.0
    piece: float = 30.0
    idle: float = 15.0
    ending: float = 20.0


class Listening:
    """The server. `start` binds and returns; `stop` lets running posts end. Also `with Listening(…) as server`.

    `proxies`: addresses of proxies of ours, whose word for the partner's address is believed (X-Forwarded-For)."""

    def __init__(self, doors: Iterable[Door], take: Take, health: Health, metrics: Metrics, *, spool: Path | None = None,
                 host: str = "127.0.0.1", port: int = 0, tls: Tls | None = None, metrics_token: str = "",
                 patience: Patience = Patience(), connections: int = 200, proxies: Iterable[str] = ()):
        self._doors = {one.channel: one for one in doors}
        self._take, self._health, self._metrics = take, health, metrics
        self._spool, self._host, self._port, self._tls, self._patience = spool, host, port, tls, patience
        self._metrics_token = hashed(metrics_token.encode()) if metrics_token else b""
        self._connections, self._proxies = connections, list(proxies)
        self._busy: dict[str, int] = {}
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="edi-bridge-in")
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    # --- its life ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Bind and serve. ConfigFault when the address cannot be bound or the certificate not be used."""
        bound = bound_to(self._host, self._port)
        self._port = bound.getsockname()[1]
        routes = [Route("/in/{channel}", self._post, methods=["POST"]), Route("/health", self._tell_health, methods=["GET"]),
                  Route("/metrics", self._tell_metrics, methods=["GET"])]
        app = Starlette(routes=routes, exception_handlers={404: refusal, 405: refusal})
        tls: dict[str, Any] = {}
        if self._tls:
            context = server_context(self._tls)
            tls = {"ssl_context_factory": lambda config, default: context}
        held = Held(2 * self._connections, max(self._connections * 4 // 5, 1), frozenset(self._proxies))
        config = uvicorn.Config(
            app, loop="asyncio", http=partial(Watched, self._patience.head, held), lifespan="off", ws="none", access_log=False,  # type: ignore[arg-type]
            log_config=None, proxy_headers=bool(self._proxies), forwarded_allow_ips=self._proxies, server_header=False, limit_concurrency=self._connections, timeout_keep_alive=int(self._patience.idle),
            timeout_graceful_shutdown=int(self._patience.ending), h11_max_incomplete_event_size=1 << 15, **tls)
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="edi-bridge-listening", daemon=True)
        self._thread.start()
        while not server.started and self._thread.is_alive():
            time.sleep(0.005)
        if not server.started:
            raise TransientFault(f"the server on {self.address} ended before it began; the log says why")

    def stop(self) -> None:
        """Take no more posts, let those at work end (`Patience.ending`), then return."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(self._patience.ending + 5)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Listening:
        self.start()
        return self

    def __exit__(self, *what: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Where it listens: `http://127.0.0.1:8420`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._tls else 'http'}://{host}:{self._port}"

    # --- what it answers -----------------------------------------------------------------------------------------

    async def _post(self, request: Request) -> Response:
        """One document: sign-in, headers, bytes, commit, answer, in this order."""
        channel = request.path_params["channel"]
        status = self._signed_in(request, channel)
        if status == 200:
            most = self._doors[channel].most
            status = head_refused(request, most)
        if status != 200:
            await drain(request)
            return refuse(status)
        if self._busy.get(channel, 0) >= AT_ONCE:
            await drain(request)
            return refuse(429)
        self._busy[channel] = self._busy.get(channel, 0) + 1
        try:
            with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self._spool) if self._spool else None) as spool:
                status = await self._receive(request, spool, most)
                if status != 200:
                    return refuse(status)
                return await self._handed_over(channel, file_name(request), spool)
        except OSError as error:  # the disk of the spool is full or broken
            log.error("a post to %s could not be kept: %s", channel, error.strerror)
            return refuse(503)
        finally:
            self._busy[channel] -= 1

    async def _receive(self, request: Request, spool: Any, most: int) -> int:
        """Copy the body to disk; 200, or why not. A partner that hangs up before the end of its document sent none."""
        digest, count, began, piece, more = hashlib.sha256(), 0, time.monotonic(), bytearray(), True
        while more:
            try:
                event = await asyncio.wait_for(request.receive(), self._patience.piece)
            except TimeoutError:
                return 408
            if event["type"] != "http.request":
                return 400
            chunk, more = event.get("body", b""), event.get("more_body", False)
            count += len(chunk)
            spent = time.monotonic() - began
            if count > most:
                if more:
                    await drain(request)
                return 413
            if spent > BODY_GRACE and count < SLOWEST * spent:
                return 408
            digest.update(chunk)
            piece += chunk
            if len(piece) >= PIECE:
                await self._in_thread(spool.write, bytes(piece))
                piece.clear()
        await self._in_thread(spool.write, bytes(piece))
        spool.seek(0)
        return 200 if count and digest_agrees(request, digest.digest()) else 400

    async def _handed_over(self, channel: str, name: str, stream: Any) -> Response:
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._take, channel, name, stream)
        await asyncio.wait([work])
        match work.exception():
            case None:
                taken = work.result()
                return JSONResponse({"receipt": taken.receipt_id, "sha256": taken.sha256}, 201 if taken.state == "new" else 200)
            case Fault() as fault:
                log.error("a post to %s was not taken: %s", channel, fault)
                return refuse(503, fault.wait if isinstance(fault, TransientFault) else 60.0)
            case error:  # our bug: told in the log, with its place; the partner may try again
                log.error("a post to %s was not taken", channel, exc_info=error)
                return refuse(500)

    async def _tell_health(self, request: Request) -> Response:
        good, says = await self._in_thread(self._health)
        return JSONResponse({"ok": good, **says}, 200 if good else 503, {"Cache-Control": "no-store"})

    async def _tell_metrics(self, request: Request) -> Response:
        """For this machine (and not for what a proxy on it passes on), or with the token."""
        address = self._peer(request)
        passed_on = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "via"))
        here = not self._metrics_token and not passed_on and (address.startswith("127.") or address == "::1")
        token = credentials(request)[1]
        if not here and not (self._metrics_token and hmac.compare_digest(hashed(token), self._metrics_token)):
            return refuse(401)
        return PlainTextResponse(await self._in_thread(self._metrics), media_type="text/plain; version=0.0.4")

    async def _in_thread(self, work: Callable[..., Any], *args: Any) -> Any:
        """Work that may wait for a disk or a database, out of the loop's way."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args))

    # --- who it is -----------------------------------------------------------------------------------------------

    def _signed_in(self, request: Request, channel: str) -> int:
        """200; 401; 404 for who may post elsewhere; 429 for an address that failed too often. Takes the same time whatever is wrong."""
        # A door's failures are its own, so that partners behind one address do not lock each other out; places without a door share
        # theirs: else ever new names would let who guesses try for ever, since what opens another door is answered otherwise.
        address, now = f"{network(self._peer(request))} {channel if channel in self._doors else ''}", time.monotonic()
        failed = self._failures.get(address, deque())
        while failed and failed[0] < now - WINDOW:
            failed.popleft()
        if len(failed) >= FAILURES:
            return 429
        basic, token = (hashed(one) if one else b"" for one in credentials(request))
        shown = request.scope.get("state", {}).get("certificate", "")
        fitting = {one.channel for one in self._doors.values() if fits(one, basic, token, shown)}
        if channel in fitting:
            return 200
        if fitting:
            return 404
        failed.append(now)
        self._failures[address] = failed
        self._failures.move_to_end(address)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)
        return 401

    @staticmethod
    def _peer(request: Request) -> str:
        return request.client.host if request.client else ""
