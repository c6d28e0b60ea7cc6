"""A PostgreSQL that one test stops and starts as it likes, on 127.0.0.1, with durable commits as a user's would have."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest


def _binaries() -> Path:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in [*debian, *map(Path, os.environ.get("PATH", "").split(os.pathsep))]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    pytest.fail("PostgreSQL's initdb and postgres were not found: install the Debian package postgresql", pytrace=False)


class OwnPostgres:
    """`url` names its database `work`."""

    def __init__(self, folder: Path):
        self.binaries = _binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="edi-bridge-own-postgres-"))
        self.who: dict[str, int] = {}
        if os.getuid() == 0:
            entry = next((one for one in pwd.getpwall() if one.pw_name in ("postgres", "nobody")), None)
            assert entry is not None
            self.who = {"user": entry.pw_uid, "group": entry.pw_gid}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self._run("initdb", "-D", str(self.folder / "cluster"), "-U", "tester", "--no-sync", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://tester@127.0.0.1:{self.port}/work"

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run([str(self.binaries / name), *arguments], check=True, capture_output=True, cwd=self.folder, env=self._clean(),
                       extra_groups=[] if self.who else None, **self.who)  # type: ignore[call-overload]

    @staticmethod
    def _clean() -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def start(self) -> None:
        """Start it and wait until it answers."""
        import psycopg

        command = [str(self.binaries / "postgres"), "-D", str(self.folder / "cluster"), "-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1",
                   "-c", "unix_socket_directories=", "-c", "logging_collector=off"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=self._clean(), stdout=log, stderr=log,
                                            extra_groups=[] if self.who else None, **self.who)  # type: ignore[call-overload]
        until = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url.replace("/work", "/postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < until and self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
                time.sleep(0.05)

    def stop(self) -> None:
        """As an administrator does: transactions are cut off (fast shutdown)."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
            self.process = None

    def __enter__(self) -> OwnPostgres:
        import psycopg

        self.start()
        with psycopg.connect(self.url.replace("/work", "/postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE work")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
