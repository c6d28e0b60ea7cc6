"""uvicorn's connection, with limits of time that it has not, and the socket it listens on."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakSet

from uvicorn.protocols.http.h11_impl import H11Protocol

from edi_bridge.fault import ConfigFault
from edi_bridge.transport.certificate import fingerprint


@dataclass(frozen=True, slots=True)
class Tls:
    """Our certificate and key (PEM files), and the authorities of partners' certificates (mutual TLS) where those are asked for."""

    certificate: Path
    key: Path
    authorities: Path | None = None


class TooMany(Exception):
    """Raised where asyncio makes the protocol of a connection that it has accepted: it closes the connection, without a word."""


@dataclass(slots=True)
class Held:
    """The connections that are there. Each is a file that the process has open, also before it said anything or ended its TLS
    handshake; without a limit, who opens very many takes from the whole program the files that it needs for its work.

    `most`: all of them; `of_one`: those of one address (of IPv6: of one network), so that nobody keeps all others out.
    `proxies`: addresses that speak for many."""

    most: int
    of_one: int
    proxies: frozenset[str] = frozenset()
    all: WeakSet[Watched] = field(default_factory=WeakSet)

    def too_many_of(self, address: str) -> bool:
        """Whether this connection is one too many of its address."""
        return address not in self.proxies and sum(one.address == network(address) for one in self.all) > self.of_one


class Watched(H11Protocol):
    """uvicorn's connection with what it has not: a limit of time for the head of each request (a connection that says nothing,
    or a byte a minute, is closed), limits of number, and the client's certificate for the application."""

    def __init__(self, patience: float, held: Held, *args: Any, **more: Any):
        if len(held.all) >= held.most:
            raise TooMany
        super().__init__(*args, **more)
        self._patience = patience
        self._held = held
        self.address = ""
        self._watch: asyncio.TimerHandle | None = None
        held.all.add(self)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self.address = network(str(peer[0])) if peer else ""
        if peer and self._held.too_many_of(str(peer[0])):
            transport.abort()
            return
        secure = transport.get_extra_info("ssl_object")
        if secure is not None:
            der = secure.getpeercert(binary_form=True)
            self.app_state = {**self.app_state, "certificate": fingerprint(der) if der else ""}
        self._watch = self.loop.call_later(self._patience, self._give_up)

    def data_received(self, data: bytes) -> None:
        if self._watch is None and (self.cycle is None or self.cycle.response_complete):
            self._watch = self.loop.call_later(self._patience, self._give_up)  # the head of the next request begins
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._unwatch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        self._held.all.discard(self)
        super().connection_lost(exc)

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _give_up(self) -> None:
        self._watch = None
        if not self.transport.is_closing():
            self.transport.abort()


def network(address: str) -> str:
    """The address as failures are counted: of IPv6 the network of 64 bits that one customer has, where every try could come from
    another address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if known.version == 4 else str(ipaddress.ip_network((int(known) >> 64 << 64, 64)))


def bound_to(host: str, port: int) -> socket.socket:
    """The listening socket. ConfigFault when the address is taken or is not of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # only so named asyncio sets TCP_NODELAY: else 40 ms a post
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ConfigFault.at("", 0, 0, f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    return bound


def server_context(tls: Tls) -> ssl.SSLContext:
    """TLS 1.2 or newer with our certificate; with authorities named, who connects must show a certificate of theirs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.authorities:
            context.load_verify_locations(tls.authorities)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError):
        raise ConfigFault.at(str(tls.certificate), 0, 0, "certificate, key or authorities cannot be used: PEM files that fit together") from None
    return context
