"""One daemon for one database, wherever it runs. Workers are not concerned: of those there may be as many as one likes.

On SQLite a lock beside the file. On PostgreSQL an advisory lock of a session of its own, which the server ends with its holder: at
once when the process dies, within 15 seconds when its machine does. A holder that has not heard of its session for `SURE` seconds
(the network is cut) begins nothing and sends nothing on; whoever comes next leaves what was being sent alone for `FENCE` seconds,
which is longer. So no clocks need to agree.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from uuid import uuid4

from edi_bridge.daemon.lock import HomeLock
from edi_bridge.database import Database, fault_of
from edi_bridge.fault import ConfigFault, Fault, TransientFault

if TYPE_CHECKING:
    import psycopg

KEY = 1732050808  # the advisory lock
ASKED = 3.0  # seconds between two looks at the session
SURE = 10.0
FENCE = 15.0
WHAT = "edi-bridge run "  # how the session calls itself, before machine and process
RUNS = "edi-bridge runs on this database already ({who}): one database has one daemon"
GHOST = 3.0  # seconds for the server to notice that the process before is no more
# libpq notices that the server is gone, and the server that we are.
ALIVE = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 10_000, "connect_timeout": 5}
NOTICED = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 14000"
_HOLDER = """
SELECT a.application_name, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = %s AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Sole:
    """The right to be the daemon of a database, while it is entered. ConfigFault (who has it) when another has it; TransientFault when
    the database does not answer. `refused` is the sentence for who comes second, with `{who}` in it."""

    def __init__(self, database: Database, since: str, refused: str = ""):
        self._database, self._since, self._refuses = database, since, refused
        self._file: HomeLock | None = None
        self._session: psycopg.Connection | None = None
        self._sure = 0.0
        self._ended = threading.Event()
        self._name = f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid4().hex[:6]}"

    def __enter__(self) -> Sole:
        if not self._database.sqlite:
            self._take(GHOST)
            return self
        path = Path(self._database.engine.url.database or "").resolve()  # also in the home itself: another home may name this file
        self._file = HomeLock(path.parent, self._since, f"{path.name}.lock", self._refuses or RUNS).__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        if self._file is not None:
            self._file.__exit__(kind, error, trace)
        self._drop()

    def held(self) -> bool:
        """Whether it is ours for sure: only then anything is begun, and what was begun goes on."""
        return self._database.sqlite or time.monotonic() - self._sure < SURE

    def watch(self, lost: Callable[[str], object], found: Callable[[], object], taken: Callable[[str], object]) -> None:
        """Look at the session until the end, in a thread of its own. `lost`: it is gone (why), and asked for again; `found`: it is
        ours again; `taken`: another daemon has it (who), which is the end of this one."""
        if self._database.sqlite:
            return
        away = False
        while not self._ended.wait(ASKED):
            try:
                if self._session is None:
                    self._take(0.0)
                else:
                    self._ask()
            except ConfigFault as fault:
                taken(str(fault))
                return
            except Fault as fault:
                self._drop()
                away = True
                lost(str(fault))
                continue
            if away:
                away = False
                found()

    def _take(self, patience: float) -> None:
        import psycopg

        url = self._database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        until = time.monotonic() + patience
        try:
            self._session = psycopg.connect(url, autocommit=True, application_name=f"{WHAT}{self._name}", **ALIVE)  # type: ignore[arg-type]
            self._session.execute(NOTICED)
            asked = time.monotonic()
            while not self._session.execute("SELECT pg_try_advisory_lock(%s)", (KEY,)).fetchone()[0]:  # type: ignore[index]
                if time.monotonic() > until:
                    raise self._refused()
                time.sleep(0.1)
                asked = time.monotonic()
        except psycopg.Error as error:
            self._drop()
            raise fault_of(error) or TransientFault(f"the database does not answer: {error}") from None
        self._sure = asked

    def _refused(self) -> Fault:
        assert self._session is not None
        row = self._session.execute(_HOLDER, (KEY,)).fetchone()
        self._drop()
        if row and row[0] == f"{WHAT}{self._name}":  # of a connection that was cut
            return TransientFault("the server has not noticed yet that our session before is over")
        who = f"{row[0].removeprefix(WHAT)}, since {row[1]}" if row else "another process"
        says = self._refuses or f"{RUNS}, and as many workers as you like (edi-bridge worker)"
        return ConfigFault.at("database", 0, 0, says.format(who=who))

    def _ask(self) -> None:
        import psycopg

        assert self._session is not None
        asked = time.monotonic()
        try:
            self._session.execute("SELECT 1")
        except psycopg.Error as error:
            raise fault_of(error, True) or TransientFault(f"the database does not answer: {error}") from None
        self._sure = asked

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
