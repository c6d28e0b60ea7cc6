"""Environment and home folder → Settings, read once at the start of a command.

Order: an argument of the command, then the environment, then `settings.yaml` of the home folder, then the default.
A password never stands in `settings.yaml`: it comes with `EDI_BRIDGE_DATABASE`, `PGPASSWORD` or the password file
of PostgreSQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edi_bridge.fault import ConfigFault
from edi_bridge.yamltext import Block, Problems, parse

KEYS = ("database", "same_content", "batch_messages", "batch_milliseconds", "listen", "listen_certificate", "listen_key",
        "listen_authorities", "metrics_token", "most_waiting", "least_room", "expiry_days", "second_person", "administrators", "workers", "archive", "alarms",
        "activate", "purge")
PATHS = ("listen_certificate", "listen_key", "listen_authorities")
LISTEN = "127.0.0.1:8420"
SAME_CONTENT = ("hold", "post")
ACTIVATE = ("automatic", "explicit")
OFF = "off"


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for this home. `database` is a URL or the path of an SQLite file.

    `same_content`: what becomes of a message that came before under another number (PROMISES, intake outcomes).
    """

    home: Path
    database: str
    same_content: str = "hold"
    batch_messages: int = 64
    batch_milliseconds: int = 200
    listen: str = LISTEN  # where `run` listens; '': nowhere
    listen_certificate: Path | None = None  # PEM files of our own server
    listen_key: Path | None = None
    listen_authorities: Path | None = None  # of partners' certificates
    metrics_token: str = ""  # the name of a secret
    most_waiting: int = 5_000  # receipts that wait to be posted, from which on nothing more is fetched
    least_room: int = 200_000_000  # bytes of disk below which nothing more is fetched
    expiry_days: int = 30  # before the end of a certificate, from which on it rings
    administrators: tuple[str, ...] = ()  # who may override closed gates; none named: whoever may write the home
    second_person: bool = False  # whoever fixes a message must name somebody else who looked at it
    alarms: Any = None  # how people are told of alarms: a block of YAML that `alarming.declared` reads

    workers: bool = False  # `edi-bridge worker` posts what `run` takes in
    activate: str = "automatic"  # explicit: changed files wait for `edi-bridge catalog activate`
    purge: str = "03:30"  # when (UTC) the daemon removes each day what is older than its class of retention says; OFF: never
    archive_url: str = ""  # where the raw bytes are kept, when not in the home

    @property
    def archive(self) -> Path | str:
        """Where the raw bytes are: a folder, or the URL of an fsspec file system. See `store.archive.open_archive`."""
        url = self.archive_url
        if url.startswith("file://"):
            return Path(url.removeprefix("file://"))
        return url if "://" in url else self.home / (url or "archive")

    @property
    def file(self) -> Path:
        """The settings file itself; it need not exist."""
        return self.home / "settings.yaml"


def load(environ: Mapping[str, str], home: str | Path | None = None, database: str | None = None) -> Settings:
    """The settings in force. ConfigFault names file, line and column of everything that is wrong.

    `home` defaults to `EDI_BRIDGE_HOME`, then to the folder `edi-bridge` in the user's home.
    """
    place = Path(home or environ.get("EDI_BRIDGE_HOME") or Path(environ.get("HOME", ".")) / "edi-bridge").expanduser()
    chosen = _from_file(place / "settings.yaml")
    url = database or environ.get("EDI_BRIDGE_DATABASE") or chosen.pop("database", None)
    chosen.pop("database", None)
    if not url:
        url = str(place / "edi-bridge.sqlite")
    elif "://" not in url and not Path(url).is_absolute() and not database:
        url = str(place / url)
    chosen["archive_url"] = environ.get("EDI_BRIDGE_ARCHIVE") or chosen.pop("archive", "")
    chosen.pop("archive", None)
    for key in PATHS:
        if key in chosen:
            chosen[key] = place / chosen[key]
    return Settings(home=place, database=url, **chosen)


def _from_file(file: Path) -> dict[str, Any]:
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigFault.at(str(file), 0, 0, f"cannot be read: {error.strerror}") from None
    block = parse(text, str(file))
    if block is None:
        return {}
    problems = Problems(str(file))
    if not isinstance(block, Block):
        raise ConfigFault.at(str(file), 1, 1, "expected `key: value` lines")
    problems.unknown_keys(block, KEYS, "settings")
    for key in KEYS:
        if key in block and (mistake := wrong(key, block[key])):
            problems.add(block.value_marks[key], mistake)
    problems.done()
    return {key: bytes_of(block[key]) if key == "least_room" else tuple(block[key]) if key == "administrators" else block[key] for key in KEYS if key in block}


def wrong(key: str, value: Any) -> str:
    """What is wrong with a value of a key; '' when nothing is."""
    match key:
        case "database":
            if not isinstance(value, str) or not value:
                return "database must be a URL or the path of an SQLite file"
            if "://" in value and urlsplit(value).password:
                return "a password must not stand in this file; use EDI_BRIDGE_DATABASE or PGPASSWORD"
        case "alarms":
            if not isinstance(value, Block):
                return "alarms holds mail: or webhook:, or both"
        case "same_content":
            if value not in SAME_CONTENT:
                return f"same_content must be one of {', '.join(SAME_CONTENT)}"
        case "activate":
            if value not in ACTIVATE:
                return f"activate must be one of {', '.join(ACTIVATE)}"
        case "purge":
            if not isinstance(value, str) or not (value == OFF or re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value)):
                return "purge is a time of day in UTC (03:30), or off"
        case "listen":
            if not isinstance(value, str) or not (value == "" or re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):[0-9]{1,5}", value)):
                return "listen is an address and a port: 127.0.0.1:8420 (or \"\": nowhere)"
        case "least_room":
            if bytes_of(value) is None:
                return "least_room is a size such as 200MB or 2GB"
        case "metrics_token" | "listen_certificate" | "listen_key" | "listen_authorities":
            if not isinstance(value, str) or not value:
                return f"{key} is a text"
        case "administrators":
            if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
                return "administrators is a list of names: [ann, bob]"
        case "second_person" | "workers":
            if not isinstance(value, bool):
                return f"{key} is true or false"
        case "archive":
            if not isinstance(value, str) or not value:
                return "archive is a folder, or a URL such as s3://bucket/prefix"
            if "://" in value and urlsplit(value).password:
                return "a password must not stand in this file; the file system's package takes it from its own environment"
        case "most_waiting":
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000_000:
                return "most_waiting must be a whole number from 1 to 1000000"
        case _:
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10_000:
                return f"{key} must be a whole number from 1 to 10000"
    return ""


def bytes_of(value: Any) -> int | None:
    """A size with its unit (200MB) in bytes; None for anything else."""
    found = re.fullmatch(r"([0-9]{1,9})(kB|MB|GB)", value) if isinstance(value, str) else None
    return int(found[1]) * {"kB": 10**3, "MB": 10**6, "GB": 10**9}[found[2]] if found else None
