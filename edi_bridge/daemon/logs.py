"""The daemon's log: a line for each thing that happened, as text or JSON, with the exchange, receipt or channel it is about.

Never payload. Names of files and sentences of partners' servers stand in it on one line, without signs that a terminal would obey.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import UTC, datetime
from typing import TextIO

from edi_bridge.finding import visible

ABOUT = ("channel", "partner", "receipt", "exchange", "entry")  # what a line may be about; keys of `extra`
FOREIGN = ("uvicorn", "uvicorn.error", "asyncio")  # loggers of libraries that run in the daemon
REPEATED = 3600.0  # seconds after which a trouble that goes on is told again

log = logging.getLogger("edi_bridge.daemon")


class Json(logging.Formatter):
    """`{"at": …, "level": "info", "says": …, "exchange": 12}` on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        said = {"at": _at(record), "level": record.levelname.lower(), "says": record.getMessage()}
        said |= {key: value for key in ABOUT if (value := getattr(record, key, None)) not in (None, "")}
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return _plain(json.dumps(said, ensure_ascii=False, default=str))


class Text(logging.Formatter):
    """`2026-11-22T10:00:00Z warning  acme.sftp: …` on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; a traceback below it."""
        about = " ".join(f"{key} {value}" if key not in ("channel", "partner") else str(value)
                         for key in ABOUT if (value := getattr(record, key, None)) not in (None, ""))
        line = f"{_at(record)} {record.levelname.lower():8}{about + ': ' if about else ''}{record.getMessage()}"
        text = visible(line)
        return "\n".join([text, *map(visible, self.formatException(record.exc_info).splitlines())]) if record.exc_info else text


def _plain(text: str) -> str:
    """JSON in which what cannot be printed is escaped: JSON itself lets the controls from U+0080 to U+009F pass, which terminals obey."""
    return text if text.isprintable() else "".join(
        one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


FORMS = {"text": Text, "json": Json}


def begin(form: str, stream: TextIO, level: int = logging.INFO) -> logging.Handler:
    """Send what edi_bridge logs to a stream; the handler, to be removed at the end."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(FORMS[form]())
    root = logging.getLogger("edi_bridge")
    root.addHandler(handler)
    root.setLevel(level)
    root.propagate = False
    for name in FOREIGN:  # what the server's libraries have to say comes in the same form; that somebody sends them junk they keep to themselves
        foreign = logging.getLogger(name)
        foreign.parent, foreign.propagate = root, True
        foreign.setLevel(logging.ERROR)
    return handler


class Troubles:
    """What is wrong at the moment, told once when it begins and once when it is over; again after an hour. Many channels that are
    stopped by one thing (a full disk) tell it once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: dict[str, tuple[str, float]] = {}  # what → (sentence, when it was told)
        self._told: dict[str, float] = {}  # sentence → when anybody told it

    def note(self, what: str, sentence: str, **about: object) -> bool:
        """Something is wrong with `what`; whether it was told now."""
        now = time.monotonic()
        with self._lock:
            before = self._now.get(what)
            self._now[what] = (sentence, before[1] if before and before[0] == sentence else now)
            if before and before[0] == sentence and now - before[1] < REPEATED:
                return False
            if now - self._told.get(sentence, -REPEATED) < REPEATED:
                return False
            if len(self._told) > 1000:
                self._told.clear()
            self._told[sentence] = now
            self._now[what] = (sentence, now)
        log.warning("%s", sentence, extra=about)
        return True

    def over(self, what: str, sentence: str = "", **about: object) -> bool:
        """It is well again; whether it was not before."""
        with self._lock:
            before = self._now.pop(what, None)
            if before is None:
                return False
            self._told.pop(before[0], None)
        if sentence:
            log.info("%s", sentence, extra=about)
        return True

    def all(self) -> dict[str, str]:
        """What is wrong now."""
        with self._lock:
            return {what: sentence for what, (sentence, _) in self._now.items()}
