"""What the options of a channel say against each other: what cannot work (a mistake) and what is doubtful (a remark)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Options = Mapping[str, Any]

FILE_KINDS = ("directory", "sftp", "ftp", "ftps")
FTP_KINDS = ("ftp", "ftps")
SSH_ONLY = ("host_key", "key", "passphrase", "weak")
TLS_ONLY = ("certificate", "ca", "client_certificate")
ADDRESSES = ("url", "look", "list", "fetch", "probe")
HERE = re.compile(r"http://(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?(?:[/?]|\Z)")


@dataclass(frozen=True, slots=True)
class Rule:
    """`broken` says of options that are each right by themselves whether they cannot work together; `key` has the place."""

    kinds: tuple[str, ...]
    key: str
    broken: Callable[[Options], bool]
    says: str


RULES: tuple[Rule, ...] = (
    Rule(FILE_KINDS, "kind", lambda said: not said["get"] and not said["put"],
         "the channel has nothing to do: say get: (the folder where we fetch), put: (where we put), or both"),
    Rule((*FILE_KINDS, "van"), "after", lambda said: said["after"] == "move" and not said["done"], "after: move needs done:, the folder to move to"),
    Rule((*FILE_KINDS, "van"), "done", lambda said: bool(said["done"]) and said["after"] != "move", "done: is used by after: move alone"),
    Rule(FILE_KINDS, "done", lambda said: bool(said["done"]) and said["done"] == said["get"],
         "done: is the folder we fetch from: each file would be fetched again and again"),
    Rule(FILE_KINDS, "put", lambda said: bool(said["put"]) and said["put"] == said["get"] and said["pattern"] == ("*",),
         "put: is the folder we fetch from: we would fetch what we put; say another folder, or a pattern: for what is ours"),
    Rule(("directory",), "claim", lambda said: bool(said["claim"]) and said["claim"] in (said["get"], said["put"], said["done"]),
         "claim: must be a folder of its own"),
    Rule(("sftp",), "user", lambda said: not (said["key"] or said["agent"] or said["password"]),
         "say how we sign in: key: NAME, password: NAME (of a secret), or agent: true"),
    Rule(("sftp",), "passphrase", lambda said: bool(said["passphrase"]) and not said["key"], "passphrase: opens key:, and there is none"),
    Rule(("sftp",), "after", lambda said: said["after"] == "move" and said["rename"] == "never",
         "after: move renames the file there, and rename: never says that the server cannot rename"),
    Rule(("sftp",), "timeout", lambda said: said["timeout"] <= 0, "timeout: must be longer than nothing"),
    Rule(("sftp",), "deadline", lambda said: said["deadline"] < said["timeout"], "deadline: is shorter than timeout:, which is of one step"),
)


def _origins(said: Options) -> set[str]:
    return {"/".join(said[name].split("/", 3)[:3]).partition("?")[0].lower() for name in ADDRESSES if said[name]}


RULES += (
    Rule(("http",), "kind", lambda said: not said["url"] and not said["list"],
         "the channel has nothing to do: say url: (where we post), list: (where files wait), or both"),
    Rule(("http",), "url", lambda said: any(said[name] and said[name].startswith("http:") and not HERE.match(said[name]) for name in ADDRESSES)
         and not said["plain"], "an address is not encrypted: take https, or say plain: true where the way there is safe by other means"),
    Rule(("http",), "url", lambda said: len(_origins(said)) > 1,
         "url, list, fetch, look and probe lead to different servers: one channel is one partner's server, which gets our password"),
    Rule(("http",), "user", lambda said: bool(said["user"]) != bool(said["password"]), "user: and password: go together"),
    Rule(("http",), "bearer", lambda said: bool(said["user"]) and bool(said["bearer"]), "sign in by user: or by bearer:, not by both"),
    Rule(("http",), "look", lambda said: bool(said["look"]) and "{name}" not in said["look"], "look: needs {name}, by which one file is asked for"),
    Rule(("http",), "fetch", lambda said: bool(said["fetch"]) and "{name}" not in said["fetch"], "fetch: needs {name}"),
    Rule(("http",), "timeout", lambda said: said["timeout"] <= 0, "timeout: must be longer than nothing"),
    Rule(("http",), "deadline", lambda said: said["deadline"] < said["timeout"], "deadline: is shorter than timeout:, which is of one step"),
    Rule(("http-in",), "user", lambda said: bool(said["user"]) != bool(said["password"]), "user: and password: go together"),
    Rule(("http-in",), "kind", lambda said: not (said["user"] or said["token"] or said["token_hash"]),
         "say how the partner signs in: user: and password:, token: or token_hash:"),
    Rule(("http-in",), "token_hash", lambda said: bool(said["token"]) and bool(said["token_hash"]), "say token: or token_hash:, not both"),
)

RULES += (
    Rule((*FTP_KINDS, "van"), "timeout", lambda said: said["timeout"] <= 0, "timeout: must be longer than nothing"),
    Rule((*FTP_KINDS, "van"), "deadline", lambda said: said["deadline"] < said["timeout"], "deadline: is shorter than timeout:, which is of one step"),
    Rule(("van",), "kind", lambda said: not said["we_put"] and not said["we_get"],
         "the channel has nothing to do: say we_put: (where the network takes what we send), we_get: (where it lays down what is for us), or both"),
    Rule(("van",), "reports", lambda said: bool(said["reports"]) and not said["report"],
         "reports: needs report:, which says how a report looks (ta1, ta3, or a layout)"),
    Rule(("van",), "report", lambda said: bool(said["report"]) and not said["reports"], "report: is of no use without reports:, the folder where they lie"),
    Rule(("van",), "reports", lambda said: bool(said["reports"]) and said["reports"] == said["we_get"]
         and bool({"*"} & {*said["pattern"], *said["report_pattern"]}),
         "reports: is the folder of we_get: say pattern: and report_pattern:, which tell reports from what partners send"),
    Rule(("van",), "we_put", lambda said: bool(said["we_put"]) and said["we_put"] == said["we_get"] and said["pattern"] == ("*",),
         "we_put: is the folder of we_get: we would fetch what we put; say another folder, or a pattern: for what is ours"),
    Rule(("van",), "done", lambda said: bool(said["done"]) and said["done"] in (said["we_get"], said["we_put"], said["reports"]),
         "done: must be a folder of its own"),
    Rule(("van",), "reads_once", lambda said: said["reads_once"] and said["after"] == "move",
         "reads_once: the network takes the file away itself; after: move has nothing to move"),
    Rule(("van",), "names", lambda said: "{account}" in said["names"] and not said["account"], "names: holds {account}, and there is no account:"),
    Rule(("van",), "over", lambda said: said["over"] != "sftp" and (said["agent"] or any(said[name] for name in SSH_ONLY)),
         "host_key, key, passphrase, agent and weak are of over: sftp"),
    Rule(("van",), "over", lambda said: said["over"] != "ftps" and any(said[name] for name in TLS_ONLY),
         "certificate, ca and client_certificate are of over: ftps"),
    Rule(("van",), "over", lambda said: said["over"] == "sftp" and not (said["key"] or said["agent"] or said["password"]),
         "say how we sign in: key: NAME, password: NAME (of a secret), or agent: true"),
)

DOUBTS = (
    Rule(("sftp",), "kind", lambda said: not said["host_key"],
         "no host key is pinned, so nothing is fetched or put yet: edi-bridge partner ping shows the server's key; "
         "write it as host_key: when the partner has confirmed it"),
    Rule(("sftp",), "rename", lambda said: said["rename"] == "never" and bool(said["put"]),
         "rename: never lets the partner see files that are still being written: agree on a pause, or on a name that comes last"),
    Rule(("ftp",), "kind", lambda said: said["host"] not in ("localhost", "127.0.0.1", "::1"),
         "kind: ftp is in clear: the password and every file can be read on the way; ask the partner for ftps or sftp"),
    Rule(("van",), "over", lambda said: said["over"] == "ftp" and said["host"] not in ("localhost", "127.0.0.1", "::1"),
         "over: ftp is in clear: the password and every file can be read on the way; ask the network for ftps or sftp"),
    Rule(("van",), "over", lambda said: said["over"] == "sftp" and not said["host_key"],
         "no host key is pinned, so nothing is fetched or put yet: `edi-bridge partner ping` shows the server's key; "
         "write it as host_key: when the network has confirmed it"),
    Rule(("van",), "reports", lambda said: bool(said["we_put"]) and said["takes_away"] and not said["reports"],
         "without reports: nobody tells us whether a file arrived whose upload broke off: a person must ask the network each time"),
    Rule(("sftp",), "weak", lambda said: bool(said["weak"]), "weak: allows old algorithms; ask the partner for a newer server"),
    Rule(FILE_KINDS, "after", lambda said: said["after"] == "keep" and bool(said["get"]),
         "after: keep leaves every file there, so each poll looks at all of them: somebody must clear the folder"),
    Rule(FILE_KINDS, "settle", lambda said: said["settle"] == 0 and bool(said["get"]),
         "settle: 0s takes a file the moment it is seen: only right where files appear whole, by a rename"),
)
