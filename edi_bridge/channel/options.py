"""The options of each kind of channel, as tables; docs/channels.md is printed from them.

A new kind is a row of OPTIONS (and of `transport.KINDS`); what two options say against each other is a row of `rules.RULES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Option:
    """One key of a channel. `type` is one of `values.TYPES`; `default` is written as in YAML (None: nothing)."""

    name: str
    type: str
    default: Any
    says: str
    choices: tuple[str, ...] = ()
    required: bool = False


# Every channel has these; they become fields of `Channel`, not options.
COMMON = (
    Option("kind", "choice", None, "what it is: a row of the tables below", required=True),
    Option("poll", "schedule", "every 5m", "when we look for files: `every 30s`, `every 5m`, or a cron line `*/10 6-20 * * 1-5` (minute, hour, day, month, weekday)"),
    Option("zone", "zone", "UTC", "the time zone of a cron line, such as Europe/Berlin"),
    Option("holidays", "days", (), "days on which a cron line rests: `[2026-12-25, 2026-12-26]`"),
    Option("test", "flag", False, "a test channel: what comes here never counts as live, and only tests go out"),
)

TEMPORARY = ("*.tmp", "*.part", "*.filepart", ".*")  # how programs call what they still write

# Where files wait and are laid down.
FILES = (
    Option("get", "folder", None, "the folder where we fetch; none: nothing is fetched"),
    Option("put", "folder", None, "the folder where we put; none: nothing is put"),
    Option("pattern", "patterns", ("*",), "names to fetch, `*` for any characters; a list: any of them; case counts"),
    Option("temporary", "patterns", TEMPORARY, "names that are never fetched, because somebody still writes them"),
    Option("settle", "time", "5s", "a file counts as whole when its size and time have not changed for so long; 0s: at once"),
    Option("after", "choice", "delete", "what becomes of a file there, once we have it for good", ("delete", "move", "keep")),
    Option("done", "folder", None, "where `after: move` moves it"),
    Option("upload", "template", "{name}.part", "the name while we write; it gets its own name when it is whole. `tmp/{name}`: in another folder"),
)

# A server behind a network.
NETWORK = (
    Option("host", "text", None, "the server's name or address", required=True),
    Option("timeout", "time", "30s", "how long one step may take on the network: connecting, an answer, a block of bytes"),
    Option("deadline", "time", "10m", "how long a whole file may take"),
)

DIRECTORY = (
    *(Option(one.name, "local" if one.type == "folder" else one.type, one.default, one.says, one.choices, one.required) for one in FILES),
    Option("claim", "local", None, "where a file stands while we take it, on the same file system; default: `.claimed` in `get`"),
)

SFTP = (
    *NETWORK[:1],
    Option("port", "port", 22, "the server's port"),
    Option("user", "text", None, "the name under which we sign in", required=True),
    Option("host_key", "host_keys", (), "the server's key, pinned: `SHA256:…` or `ssh-ed25519 AAAA…`; a list while it is being changed. Nothing else is spoken to"),
    Option("key", "secret", None, "the secret that holds our private key (OpenSSH or PEM; ed25519, ecdsa, rsa)"),
    Option("passphrase", "secret", None, "the secret that opens `key`, where it is locked"),
    Option("agent", "flag", False, "sign in with the keys of the running ssh-agent"),
    Option("password", "secret", None, "the secret that is the password; also answers a server that asks for it (keyboard-interactive)"),
    *FILES,
    Option("rename", "choice", "auto", "auto: upload under the name of `upload`, then rename; never: for servers that cannot rename, straight under its name",
           ("auto", "never")),
    *NETWORK[1:],
    Option("keepalive", "time", "30s", "how often we say that we are still there; 0s: never"),
    Option("weak", "texts", (), "old algorithms to allow all the same, by name (`hmac-sha1`, `aes256-cbc`), for a server that has no better ones"),
)

_FTP = (
    *NETWORK[:1],
    Option("port", "port", None, "the server's port; none: 21, with `tls: implicit` 990"),
    Option("user", "text", "anonymous", "the name under which we sign in"),
    Option("password", "secret", None, "the secret that is the password"),
    Option("account", "text", None, "our account there: said to a server that asks for it (ACCT), and `{account}` in names of files"),
)
_FTP_WAYS = (
    Option("passive", "flag", True, "we open the data connections; false: the server opens them to us (active), for old servers"),
    Option("listing", "choice", "auto", "how the folder is listed; auto: MLSD where the server knows it, else LIST, else names alone",
           ("auto", "mlsd", "list", "nlst")),
    *FILES,
    next(one for one in SFTP if one.name == "rename"),
    *NETWORK[1:],
)

FTP = (*_FTP, *_FTP_WAYS)

FTPS = (
    *_FTP,
    Option("tls", "choice", "explicit", "explicit: in clear until AUTH TLS, then TLS; implicit: TLS at once", ("explicit", "implicit")),
    Option("certificate", "fingerprints", (), "the server's certificate, pinned: `SHA256:…` as `edi-bridge partner ping` shows it; a list while it is being "
           "changed. Then no authority is asked, unless `ca` names one"),
    Option("ca", "local", None, "a file with the authorities that vouch for the server (PEM); none: those of this system"),
    Option("client_certificate", "secret", None, "the file in the secrets folder with our own certificate and key (PEM), where the server asks for one"),
    *_FTP_WAYS,
)

_MAILBOX = ("get", "put", "pattern", "temporary", "after", "done", "host", "user", "port", "account")  # what a mailbox says in its own way

VAN = (
    Option("over", "choice", "sftp", "how the network is reached; the options of that kind hold here too", ("sftp", "ftps", "ftp")),
    *NETWORK[:1],
    Option("port", "port", None, "the server's port; none: that of its kind"),
    Option("user", "text", None, "the name under which we sign in", required=True),
    Option("account", "text", None, "our account or mailbox at the network: `{account}` in `names`; said to a server that asks for it (ACCT)"),
    Option("we_put", "folder", None, "the folder where the network takes what we send; none: nothing is sent"),
    Option("we_get", "folder", None, "the folder where the network lays down what is for us; none: nothing is fetched"),
    Option("pattern", "patterns", ("*",), "names to fetch from `we_get`"),
    Option("temporary", "patterns", TEMPORARY, "names that are never fetched, because somebody still writes them"),
    *(one for one in FILES if one.name in ("after", "done")),
    Option("reads_once", "flag", False, "the network takes a file away when it is read: the bytes are stored before anything else is fetched"),
    Option("names", "names", "{type}_{sender}_{time}_{control}.edi", "what our files are called there: letters, digits, `.`, `_`, `-` and the fields "
           "`{type}` `{sender}` `{receiver}` `{control}` `{time}` `{account}` `{number}` `{test}`"),
    Option("takes_away", "flag", True, "the network takes what we put as soon as it sees it, so that a file which is not there may well have arrived; "
           "false: it stays until the receiver has it"),
    Option("reports", "folder", None, "the folder with the network's reports; none: it gives none"),
    Option("report_pattern", "patterns", ("*",), "names of reports"),
    Option("report", "report", None, "how a report looks: `ta1`, `ta3`, or a layout of your own"),
    *(one for one in {one.name: one for one in (*SFTP, *FTPS)}.values() if one.name not in _MAILBOX),
)

HTTP = (
    Option("url", "address", None, "where we post files; `{name}` in it stands for the file's name. None: nothing is posted"),
    Option("method", "choice", "POST", "how files are posted", ("POST", "PUT")),
    Option("user", "text", None, "sign in with this name and `password`"),
    Option("password", "secret", None, "the secret that is the password of `user`"),
    Option("bearer", "secret", None, "the secret that is the bearer token"),
    Option("api_key", "secret", None, "the secret that is the API key"),
    Option("api_key_header", "header", "X-API-Key", "the header in which the API key stands"),
    Option("sign", "secret", None, "the secret with which the bytes are signed (HMAC-SHA256, `sha256=` and hexadecimal digits)"),
    Option("sign_header", "header", "X-Signature", "the header in which the signature stands"),
    Option("key_header", "header", "Idempotency-Key", "the header with the SHA-256 of the bytes, by which the partner can tell a repeat"),
    Option("repeats", "choice", "unknown", "told: the partner tells a repeat by its key, so that after a lost answer it is simply sent again", ("unknown", "told")),
    Option("content_type", "text", None, "what the bytes are called; none: by how they begin (application/EDIFACT, application/EDI-X12, application/xml)"),
    Option("look", "address", None, "where a posted file can be seen, with `{name}`; asked when an answer was lost. 404: it is not there"),
    Option("look_method", "choice", "HEAD", "how it is asked for", ("HEAD", "GET")),
    Option("list", "address", None, "where the names of waiting files are listed (JSON, or one a line). None: nothing is fetched"),
    Option("fetch", "address", None, "where a waiting file is fetched and, with `after: delete`, deleted, with `{name}`; none: `list` and `/{name}`"),
    *(one for one in FILES if one.name in ("pattern", "temporary")),
    Option("settle", "time", "0s", "a listed file counts as whole when its size and time have not changed for so long"),
    Option("after", "choice", "delete", "what becomes of a file there, once we have it for good", ("delete", "keep")),
    Option("probe", "address", None, "an address that may be asked (GET) to see whether the partner is well"),
    Option("certificate", "fingerprints", (), "the server's certificate, pinned: `SHA256:…` as `edi-bridge partner ping` shows it; a list while it is being changed"),
    Option("ca", "local", None, "a file with the authorities that vouch for the server (PEM); none: those of this system"),
    Option("client_certificate", "secret", None, "the file in the secrets folder with our own certificate and key (PEM), for mutual TLS"),
    Option("proxy", "address", None, "a proxy on the way there"),
    Option("plain", "flag", False, "allow addresses without TLS that lead to another machine"),
    *NETWORK[1:],
)

HTTP_IN = (
    Option("user", "text", None, "the name with which the partner signs in, with `password`"),
    Option("password", "secret", None, "the secret that is its password"),
    Option("token", "secret", None, "the secret that is the partner's bearer token"),
    Option("token_hash", "sha256", None, "instead of `token`: the SHA-256 of a long random token, `sha256:` and 64 hexadecimal digits"),
    Option("client_certificate", "fingerprints", (), "the partner's own certificate, asked for in addition: `SHA256:…`; a list while it is being changed"),
    Option("most", "whole", 100_000_000, "the largest body in bytes"),
)

OPTIONS: dict[str, tuple[Option, ...]] = {
    "directory": DIRECTORY,
    "sftp": SFTP,
    "ftps": FTPS,
    "ftp": FTP,
    "van": VAN,
    "http": HTTP,
    "http-in": HTTP_IN,
}

KINDS_SAY = {
    "directory": "A folder of this machine, or one that is mounted here",
    "sftp": "An SFTP server (files over SSH)",
    "ftps": "An FTP server under TLS",
    "ftp": "An FTP server in clear: passwords and files can be read on the way",
    "van": "Our mailbox at a network (VAN), through which many partners are reached",
    "http": "A partner that takes files by HTTP, or has a mailbox that HTTP can list",
    "http-in": "Files that a partner posts to us: `POST /in/CHANNEL` of our own server",
}


def as_markdown() -> str:
    """The tables as they stand in docs/channels.md."""
    parts = ["### Every channel", "", *_table(COMMON)]
    for kind, options in OPTIONS.items():
        parts += ["", f"### `kind: {kind}`", "", f"{KINDS_SAY[kind]}.", "", *_table(options)]
    return "\n".join(parts) + "\n"


def _table(options: tuple[Option, ...]) -> list[str]:
    rows = [f"| `{one.name}` | {_values(one)} | {_default(one)} | {one.says.replace('|', chr(92) + '|')} |" for one in options]
    return ["| option | is | default | says |", "|---|---|---|---|", *rows]


def _values(option: Option) -> str:
    from edi_bridge.channel.values import TYPES

    return ", ".join(f"`{one}`" for one in option.choices) or TYPES[option.type].says


def _default(option: Option) -> str:
    if option.required:
        return "must be said"
    match option.default:
        case None | ():
            return "–"
        case bool():
            return f"`{str(option.default).lower()}`"
        case tuple():
            return " ".join(f"`{one}`" for one in option.default)
        case _:
            return f"`{option.default}`"
