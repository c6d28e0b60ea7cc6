"""What the options of a channel say against each other: what cannot work (a mistake) and what is doubtful (a remark)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Options = Mapping[str, Any]

FILE_KINDS = ("directory", "sftp")
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
    Rule(FILE_KINDS, "after", lambda said: said["after"] == "move" and not said["done"], "after: move needs done:, the folder to move to"),
    Rule(FILE_KINDS, "done", lambda said: bool(said["done"]) and said["after"] != "move", "done: is used by after: move alone"),
    Rule(FILE_KINDS, "done", lambda said: bool(said["done"]) and said["done"] == said["get"],
         "done: is the folder we fetch from: each file would be fetched again and again"),
    Rule(FILE_KINDS, "put", lambda said: bool(said["put"]) and said["put"] == said["get"] and said["pattern"] == ("*",),
         "put: is the folder we fetch from: we would fetch what we put; say another folder, or a pattern: for what is ours"),
    Rule(("directory",), "claim", lambda said: bool(said["claim"]) and said["claim"] in (said["get"], said["put"], said["done"]),
         "claim: must be a folder of its own"),
    Rule(("sftp",), "user", lambda said: not (said["key"] or said["agent"] or said["password"]),
         "say how we sign in: key: NAME, password: NAME (of a secret), or agent: true"),
    Rule(("sftp",), "passphrase", lambda said: bool(said["passphrase"]) and not said["key"], "passphrase: opens key:, and there is none"),
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

DOUBTS = (
    Rule(("sftp",), "kind", lambda said: not said["host_key"],
         "no host key is pinned, so nothing is fetched or put yet: edi-bridge partner ping shows the server's key; "
         "write it as host_key: when the partner has confirmed it"),
    Rule(("sftp",), "rename", lambda said: said["rename"] == "never" and bool(said["put"]),
         "rename: never lets the partner see files that are still being written: agree on a pause, or on a name that comes last"),
    Rule(("sftp",), "weak", lambda said: bool(said["weak"]), "weak: allows old algorithms; ask the partner for a newer server"),
    Rule(FILE_KINDS, "after", lambda said: said["after"] == "keep" and bool(said["get"]),
         "after: keep leaves every file there, so each poll looks at all of them: somebody must clear the folder"),
    Rule(FILE_KINDS, "settle", lambda said: said["settle"] == 0 and bool(said["get"]),
         "settle: 0s takes a file the moment it is seen: only right where files appear whole, by a rename"),
)
