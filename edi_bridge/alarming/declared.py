"""`alarms:` of settings.yaml as values; every mistake is said at once, with its line."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edi_bridge.secret import NAME
from edi_bridge.store.alarm import KINDS
from edi_bridge.transport.certificate import normal
from edi_bridge.yamltext import Block, Problems

MAIL_KEYS = ("host", "port", "tls", "user", "password", "from", "to", "kinds", "ca")
WEBHOOK_KEYS = ("url", "secret", "kinds", "ca", "certificate")
TLS = {"starttls": 587, "implicit": 465, "none": 25}  # way → port (RFC 6409, RFC 8314, RFC 5321)
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server, who writes and who is written to. `password` is the name of a secret; `kinds` () means all."""

    host: str
    port: int
    tls: str
    sender: str
    to: tuple[str, ...]
    user: str = ""
    password: str = ""
    kinds: tuple[str, ...] = ()
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where alarms are posted as JSON. `secret` is the name of the one that signs; `pins` are fingerprints of the server's certificate."""

    url: str
    secret: str
    kinds: tuple[str, ...] = ()
    ca: Path | None = None
    pins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """By which ways people are told."""

    mail: Mail | None = None
    webhook: Webhook | None = None


def declared(block: Any, file: str, home: Path) -> Ways:
    """The ways of an `alarms:` block (None: none). ConfigFault with all that is wrong in it."""
    if block is None:
        return Ways()
    problems = Problems(file)
    made = Ways()
    if not isinstance(block, Block):
        problems.add(getattr(block, "mark", (0, 0)), "alarms: holds mail: or webhook:, or both")
    else:
        problems.unknown_keys(block, ("mail", "webhook"), "alarms")
        mail, webhook = (_inner(block, key, problems) for key in ("mail", "webhook"))
        made = Ways(_mail(mail, home, problems) if mail else None, _webhook(webhook, home, problems) if webhook else None)
    problems.done()
    return made


def _inner(block: Block, key: str, problems: Problems) -> Block | None:
    if key not in block:
        return None
    if not isinstance(block[key], Block):
        problems.add(block.value_marks[key], f"{key}: holds `key: value` lines")
        return None
    inner: Block = block[key]
    return inner


def _mail(block: Block, home: Path, problems: Problems) -> Mail:
    problems.unknown_keys(block, MAIL_KEYS, "mail")
    host, sender = _text(block, "host", problems), _address(block, "from", problems)
    tls = block.get("tls", "starttls")
    if tls not in TLS:
        problems.add(block.value_marks["tls"], f"tls is one of {', '.join(TLS)}")
        tls = "starttls"
    if tls == "none" and not local(host):
        problems.add(block.value_marks["tls"], "tls: none is for a mail server on this machine only")
    port = block.get("port", TLS[tls])
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
        problems.add(block.value_marks["port"], "port is a number from 1 to 65535")
    to = block.get("to")
    listed: list[Any] = to if isinstance(to, list) else [to]
    if not all(isinstance(one, str) and ADDRESS.fullmatch(one) for one in listed):
        problems.add(block.value_marks.get("to", block.mark), "to is an address, or a list of them: [desk@example.com]")
        listed = []
    user, password = _text(block, "user", problems, needed="password" in block), _secret(block, "password", problems, needed="user" in block)
    return Mail(host, port, tls, sender, tuple(listed), user, password, _kinds(block, problems), _ca(block, home, problems))


def _webhook(block: Block, home: Path, problems: Problems) -> Webhook:
    problems.unknown_keys(block, WEBHOOK_KEYS, "webhook")
    url = _text(block, "url", problems)
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc):
        problems.add(block.value_marks["url"], "url is an address such as https://hooks.example/edi, without a password in it")
    elif parts.scheme == "http" and not local(parts.hostname or ""):
        problems.add(block.value_marks["url"], "http in clear is for a server on this machine only: use https")
    pins = block.get("certificate", [])
    listed = pins if isinstance(pins, list) else [pins]
    if not all(isinstance(one, str) and re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", normal(one)) for one in listed):
        problems.add(block.value_marks["certificate"], "certificate is a fingerprint `SHA256:…`, or a list of them")
        listed = []
    return Webhook(url, _secret(block, "secret", problems), _kinds(block, problems), _ca(block, home, problems), tuple(normal(one) for one in listed))


def local(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _text(block: Block, key: str, problems: Problems, needed: bool = True) -> str:
    value = block.get(key, "")
    if not isinstance(value, str) or (needed and not value) or not value.isprintable():
        problems.add(block.value_marks.get(key, block.mark), f"{key} is a text" + ("" if key in block else " that is needed"))
        return ""
    return value


def _address(block: Block, key: str, problems: Problems) -> str:
    value = _text(block, key, problems)
    if value and not ADDRESS.fullmatch(value):
        problems.add(block.value_marks[key], f"{key} is a mail address such as edi@example.com")
    return value


def _secret(block: Block, key: str, problems: Problems, needed: bool = True) -> str:
    value = _text(block, key, problems, needed)
    if value and not NAME.fullmatch(value):
        problems.add(block.value_marks[key], f"{key} is the NAME of a secret, not the secret itself")
    return value


def _kinds(block: Block, problems: Problems) -> tuple[str, ...]:
    value = block.get("kinds", [])
    unknown = [one for one in value if one not in KINDS] if isinstance(value, list) else [value]
    if unknown:
        problems.add(block.value_marks["kinds"], f"there is no alarm of kind {unknown[0]}; they are {', '.join(KINDS)}")
        return ()
    return tuple(value)


def _ca(block: Block, home: Path, problems: Problems) -> Path | None:
    value = _text(block, "ca", problems, needed=False)
    return home / value if value else None
