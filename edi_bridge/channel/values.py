"""The types of options: what YAML must say, and the value it becomes. Each reader returns (value, what is wrong or '')."""

from __future__ import annotations

import base64
import binascii
import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edi_bridge import file_name
from edi_bridge.report_layout import READY, report_layout
from edi_bridge.yamltext import Block, Problems, seconds

Read = tuple[Any, str]

SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Cron: name of the field, lowest and highest number, the words that stand for numbers.
CRON = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("weekday", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")


@dataclass(frozen=True, slots=True)
class Type:
    """How a value of an option is read, and what the docs call it."""

    says: str
    read: Callable[[Any], Read]


def text(value: Any) -> Read:
    """A text on one line."""
    if not isinstance(value, str):
        return None, "is a text: put it in quotes"
    if not value or CONTROL.search(value):
        return None, "is a text on one line, not empty"
    return value, ""


def flag(value: Any) -> Read:
    """true or false."""
    return (value, "") if isinstance(value, bool) else (None, "is true or false")


def port(value: Any) -> Read:
    """A TCP port."""
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535
    return (value, "") if good else (None, "is a port, a number from 1 to 65535")


def whole(value: Any) -> Read:
    """A whole number, not negative."""
    good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return (value, "") if good else (None, "is a whole number, 0 or more")


def time(value: Any) -> Read:
    """A length of time in seconds."""
    length = seconds(value)
    return (None, "is a time with its unit: 500ms, 30s, 10m, 2h, 1d") if length is None else (length, "")


def folder(value: Any) -> Read:
    """A folder at the partner: as it is told there, without a slash at its end."""
    read, wrong = text(value)
    if wrong:
        return None, "is a folder, a text on one line"
    return (read.rstrip("/") or "/", "")


def local(value: Any) -> Read:
    """A folder of this machine; `..` has no place in it."""
    read, wrong = folder(value)
    if not wrong and ".." in read.split("/"):
        return None, "must not hold `..`"
    return read, wrong


def secret(value: Any) -> Read:
    """The name of a secret, never the secret itself."""
    if isinstance(value, str) and SECRET.fullmatch(value):
        return value, ""
    return None, "is the NAME of a secret (letters, digits, _ . -), not the secret itself"


def texts(value: Any) -> Read:
    """One text or a list of them."""
    listed = value if isinstance(value, list) else [value]
    if not listed or any(text(one)[1] for one in listed):
        return None, "is a text or a list of texts"
    return tuple(listed), ""


def patterns(value: Any) -> Read:
    """Patterns of names."""
    read, wrong = texts(value)
    if not wrong and any("/" in one for one in read):
        return None, "is a pattern of names, without folders"
    return (None, "is a pattern of names such as \"*.edi\", or a list of them (in quotes)") if wrong else (read, "")


def template(value: Any) -> Read:
    """A name made of another name."""
    read, wrong = text(value)
    if wrong or read.count("{name}") != 1 or re.search(r"[{}]", read.replace("{name}", "")):
        return None, "is a name in which {name} stands once: \"{name}.part\""
    if read == "{name}":
        return None, "must differ from the name itself; where the server cannot rename, say rename: never"
    if ".." in read.split("/"):
        return None, "must not hold `..`"
    return read, ""


def host_keys(value: Any) -> Read:
    """Pinned keys of a server: `SHA256:` and 43 characters (as ssh-keygen -l prints), or type and key in base64."""
    read, wrong = texts(value)
    if wrong:
        return None, "is a fingerprint (in quotes), or a list of them"
    made = []
    for one in read:
        words = one.split()
        if re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}=?", one):
            made.append(one.rstrip("="))
        elif len(words) >= 2 and words[0] in HOST_KEYS and _is_base64(words[1]):
            made.append(" ".join(words[:2]))
        elif re.fullmatch(r"(MD5:)?([0-9a-fA-F]{2}:){15}[0-9a-fA-F]{2}", one):
            return None, "is an MD5 fingerprint, which can be forged; ask for the SHA256 one (ssh-keygen -l -E sha256)"
        else:
            return None, f"holds {one!r}; a host key is `SHA256:` with 43 characters, or its whole line `ssh-ed25519 AAAA…`"
    return tuple(made), ""


def _is_base64(word: str) -> bool:
    try:
        return bool(base64.b64decode(word, validate=True))
    except binascii.Error:
        return False


def fingerprints(value: Any) -> Read:
    """Pinned certificates: `SHA256:` and 43 characters, or 64 hexadecimal digits (openssl x509 -fingerprint -sha256)."""
    read, wrong = texts(value)
    for one in read or ():
        if not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}=?|(?:(?:sha256|SHA256)[:=])?(?:[0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}", one):
            return None, f"holds {one!r}; a certificate's fingerprint is `SHA256:` with 43 characters, or 64 hexadecimal digits"
    return (None, "is a fingerprint (in quotes), or a list of them") if wrong else (read, "")


def sha256(value: Any) -> Read:
    """A SHA-256 as `sha256:` and hexadecimal digits."""
    good = isinstance(value, str) and re.fullmatch(r"(?:sha256:)?[0-9a-fA-F]{64}", value)
    return (value.removeprefix("sha256:").lower(), "") if good else (None, "is sha256: and 64 hexadecimal digits (in quotes)")


def address(value: Any) -> Read:
    """An address of the web, without secrets in it (they would stand in logs)."""
    found = re.fullmatch(r"https?://([^/?#\s\\]+)([/?][^\s#]*)?", value) if isinstance(value, str) else None
    if found is None:
        return None, "is an address such as https://edi.acme.example/in"
    if "@" in found[1]:
        return None, "must not hold a user or password; name secrets with user:, password: or bearer:"
    if value.count("{name}") > 1 or re.search(r"[{}]", found[1] + (found[2] or "").replace("{name}", "")):
        return None, "may have {name} in its path, once, and no other braces"
    return value, ""


def header(value: Any) -> Read:
    """The name of a header of HTTP (RFC 9110 5.1)."""
    good = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", value)
    return (value, "") if good else (None, "is the name of a header, such as X-API-Key")


def names(value: Any) -> Read:
    """A template of the names of our files."""
    wrong = file_name.problems(value) if isinstance(value, str) else ["is a name with fields, such as \"{type}_{control}.edi\""]
    return (None, "; ".join(wrong)) if wrong else (value, "")


def report(value: Any) -> Read:
    """How a network's reports look: a ready layout by name, or a block that declares one."""
    if isinstance(value, str) and value in READY:
        return READY[value], ""
    if not isinstance(value, Block):
        return None, f"is {' or '.join(READY)}, or a block that declares a layout"
    problems = Problems("")
    layout = report_layout(value, problems)
    return (None, "; ".join(f"line {line}: {says.removeprefix('report: ')}" for _, line, _, says in problems.found)) if problems.found else (layout, "")


def schedule(value: Any) -> Read:
    """`every 5m`, or a cron line of five fields."""
    if not isinstance(value, str):
        return None, "is `every 5m` or a cron line in quotes"
    words = value.split()
    if words[:1] == ["every"]:
        if len(words) != 2 or (seconds(words[1]) or 0) < 1:
            return None, "is `every` and a time of at least 1s: every 5m"
        return f"every {words[1]}", ""
    if len(words) != len(CRON):
        return None, "is `every 5m`, or a cron line of five fields: minute, hour, day, month, weekday"
    for word, (name, low, high, names) in zip(words, CRON, strict=True):
        if not all(_cron_part(part, low, high, names) for part in word.lower().split(",")):
            return None, f"has {word!r} as its {name}; it is *, a number from {low} to {high}, a range 1-5, a list 1,3 or a step */10"
    return " ".join(words), ""


def _cron_part(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and 1 <= int(step) <= high):
        return False
    if span == "*":
        return True
    ends = [names.index(end) + (low if names[0] == "jan" else 0) if end in names else int(end) if end.isdecimal() and len(end) < 3 else -1
            for end in span.split("-")]
    return len(ends) in (1, 2) and all(low <= end <= high for end in ends) and ends == sorted(ends)


def zone(value: Any) -> Read:
    """The name of a time zone; whether it exists is seen when it is used."""
    good = isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", value)
    return (value, "") if good else (None, "is a time zone such as Europe/Berlin")


def days(value: Any) -> Read:
    """Calendar days, ISO 8601."""
    listed = value if isinstance(value, list) else [value]
    made = []
    for one in listed:
        try:
            made.append(datetime.date.fromisoformat(one).isoformat())
        except (TypeError, ValueError):
            return None, f"holds {one!r}; a day is written 2026-12-25"
    return tuple(made), ""


def _choice(value: Any) -> Read:
    return (value, "") if isinstance(value, str) else (None, "is one word")


TYPES = {
    "text": Type("text", text),
    "texts": Type("text or list", texts),
    "flag": Type("true, false", flag),
    "port": Type("port", port),
    "whole": Type("number", whole),
    "time": Type("time", time),
    "folder": Type("folder there", folder),
    "local": Type("folder here", local),
    "secret": Type("name of a secret", secret),
    "patterns": Type("pattern or list", patterns),
    "template": Type("name with {name}", template),
    "host_keys": Type("fingerprint or list", host_keys),
    "fingerprints": Type("fingerprint or list", fingerprints),
    "sha256": Type("SHA-256", sha256),
    "address": Type("address", address),
    "header": Type("header", header),
    "names": Type("name with fields", names),
    "report": Type("ta1, ta3 or layout", report),
    "schedule": Type("schedule", schedule),
    "zone": Type("time zone", zone),
    "days": Type("days", days),
    "choice": Type("word", _choice),
}
