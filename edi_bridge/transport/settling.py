"""What transports over files share: names, which files are whole, what is told of a name.

A name that comes from a partner is bytes that we cannot trust and must be able to give back exactly. So a file has two: `shown`
for people, ledgers and patterns, and a token that holds the very bytes. No name of a partner ever becomes a path of ours outside
the channel's own folders, and no name of ours is sent that a server could take for something else.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from itertools import count
from urllib.parse import quote_from_bytes, unquote_to_bytes

from edi_bridge.fault import TerminalFault
from edi_bridge.transport.contract import RemoteFile

NAME_MAX = 255  # bytes: the longest name of a file on today's file systems
UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # Unicode categories without a sign of their own, or that turn the line round
REFUSED = frozenset('/\\:*?"<>|')  # what some server's file system takes for something else


def shown(raw: bytes) -> str:
    """A name as text on one line: UTF-8 where it is; other bytes and signs that do not print stand as escapes (`\\xff`, `\\n`)."""
    text = raw.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(sign.encode("unicode_escape").decode() if unicodedata.category(sign) in UNPRINTABLE else sign for sign in text)


def token(raw: bytes, *more: str | int) -> str:
    """What finds a file again: its exact name (percent-encoded, so that it is plain text), then what tells it from a later one."""
    return "/".join([quote_from_bytes(raw, safe=""), *(str(one) for one in more)])


def token_parts(file: RemoteFile) -> tuple[bytes, list[str]]:
    """The exact name and the rest of a token; a file without one is called as it is shown."""
    if not file.token:
        return file.name.encode("utf-8", "surrogateescape"), []
    name, *more = file.token.split("/")
    return unquote_to_bytes(name), more


def exact_name(file: RemoteFile) -> bytes:
    """The name of a listed file as the partner has it. TerminalFault when it is none: no name leads out of its folder."""
    name, _ = token_parts(file)
    if not is_name(name):
        raise TerminalFault(f"'{shown(name)}' is no name of a file in a folder")
    return name


def is_name(raw: bytes) -> bool:
    """Whether it can be a file in a folder: a server that says otherwise lies, and its word is not sent back to it."""
    return bool(raw) and raw not in (b".", b"..") and not {b"/"[0], 0} & set(raw)


def sendable(name: str, upload: str = "{name}") -> tuple[bytes, bytes]:
    """A name of ours and its temporary one, as bytes. TerminalFault when some server would take it for something else."""
    raw = name.encode("utf-8", "surrogateescape")
    temporary = upload.replace("{name}", name).encode("utf-8", "surrogateescape")
    wrong = ""
    if not is_name(raw) or REFUSED & set(name) or name.startswith(("-", "~")) or name.endswith((".", " ")) or name != name.lstrip():
        wrong = "holds signs that a server may take for something else"
    elif any(unicodedata.category(sign) in UNPRINTABLE for sign in name):
        wrong = "holds signs that do not print"
    elif max(len(raw), len(temporary.rpartition(b"/")[2])) > NAME_MAX:
        wrong = f"is longer than {NAME_MAX} bytes (with what upload: adds to it)"
    if wrong:
        raise TerminalFault(f"the name '{shown(raw)}' {wrong}; nothing was sent")
    return raw, temporary


def numbered(raw: bytes) -> Iterator[bytes]:
    """Names for a file where its own may be taken: `order.edi`, `order.edi.2`, `order.edi.3` …"""
    yield raw
    for number in count(2):
        ending = b".%d" % number
        yield raw[: NAME_MAX - len(ending)] + ending


def wanted(name: str, patterns: Iterable[str], temporary: Iterable[str]) -> bool:
    """Whether a name (as shown) is to be fetched: it fits a pattern, and no pattern of what is still written."""
    return bool(_any_of(tuple(patterns)).match(name)) and not _any_of(tuple(temporary)).match(name)


@lru_cache(maxsize=256)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """What fits one of these patterns; without any, nothing does."""
    return re.compile("|".join(map(translate, patterns)) or r"(?!)")


@dataclass(slots=True)
class Settling:
    """Remembers when a file was first seen with its size and time. `seconds`: how long they must not have changed."""

    seconds: float
    now: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    _since: dict[tuple[str, int, str], float] = field(default_factory=dict)

    def whole(self, look: Callable[[], Sequence[RemoteFile]]) -> list[RemoteFile]:
        """The files that have settled, the oldest first. Where some have not, it waits once, as long as they need, and looks again.

        Files are the same as before when name (token), size and time are: a partner that writes on makes a new one of it.
        """
        files = self._seen(look())
        left = max((self.seconds - self._age(one) for one in files), default=0.0)
        if left > 0:
            self.wait(left)
            files = self._seen(look())
        return sorted((one for one in files if self._age(one) >= self.seconds), key=lambda one: (one.modified, one.name))

    def _seen(self, files: Sequence[RemoteFile]) -> Sequence[RemoteFile]:
        now = self.now()
        self._since = {_sight(one): self._since.get(_sight(one), now) for one in files}
        return files

    def _age(self, file: RemoteFile) -> float:
        return self.now() - self._since[_sight(file)]


def _sight(file: RemoteFile) -> tuple[str, int, str]:
    return file.token or file.name, file.size, file.modified
