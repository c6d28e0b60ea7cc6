"""What tests of several folders need: a database of each kind, and what holds for all that make up their own cases.

`database` runs a test twice, on SQLite and on a real PostgreSQL that the first such test starts on 127.0.0.1.

Tests with hypothesis try the same cases in each run, so that a run is not red by chance; new cases belong into `tests/full`, or
are asked for: `python -m pytest tests/property --hypothesis-profile=random`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from edi_bridge.database import HEAD, Database, connect, upgrade

settings.register_profile("same-cases", derandomize=True)
settings.register_profile("random", derandomize=False, print_blob=True)
settings.load_profile("same-cases")

HANG = 60  # seconds; a pattern that is linear takes milliseconds for a megabyte, a quadratic one hours
MISSING = "PostgreSQL's initdb and postgres were not found: install the Debian package postgresql"


@pytest.fixture
def no_hang() -> Iterator[None]:
    """Ends a test whose pattern does not run in linear time, with TimeoutError."""

    def stop(*_: object) -> None:
        raise TimeoutError("a pattern does not run in linear time")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def postgres_binaries() -> Path:
    """The folder with initdb and postgres of the newest PostgreSQL on this machine."""
    on_path = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in [*debian, *on_path]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    pytest.fail(MISSING, pytrace=False)


def _server_user() -> dict[str, int]:
    """PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid}
    pytest.fail("tests run as root and neither user postgres nor nobody exists to run PostgreSQL", pytrace=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL (without a database name) of a PostgreSQL that lives as long as the test run."""
    binaries, who = postgres_binaries(), _server_user()
    folder = Path(tempfile.mkdtemp(prefix="edi-bridge-postgres-"))
    if who:
        os.chown(folder, who["user"], who["group"])
    place = folder / "cluster"
    clean = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    subprocess.run(
        [
            binaries / "initdb",
            "-D",
            place,
            "-U",
            "tester",
            "--no-sync",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        env=clean,
        extra_groups=[] if who else None,
        **who,
    )
    port = _free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "40",
        "shared_buffers": "64MB",
        "logging_collector": "off",
        "autovacuum": "off",
    }
    command = [str(binaries / "postgres"), "-D", str(place)]
    for key, value in settings.items():
        command += ["-c", f"{key}={value}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=clean, stdout=log, stderr=log, extra_groups=[] if who else None, **who
        )
    try:
        _await_port(server, port, folder / "log")
        yield f"postgresql://tester@127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _await_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    import psycopg

    for _ in range(300):
        if server.poll() is not None:
            break
        with suppress(psycopg.OperationalError):
            psycopg.connect(f"postgresql://tester@127.0.0.1:{port}/postgres", connect_timeout=2).close()
            return
        time.sleep(0.05)
    pytest.fail(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}", pytrace=False)


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server: str) -> str:
    """The URL of a database with all tables, emptied before each test that asks for it."""
    _statement(postgres_server, "CREATE DATABASE migrated")
    made = connect(f"{postgres_server}/migrated")
    upgrade(made)
    made.close()
    return f"{postgres_server}/migrated"


def _emptied(url: str) -> str:
    """Delete every row, and count from 1 again: much faster than a new database for each test."""
    import psycopg

    with psycopg.connect(url) as connection:
        tables = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        statements = "; ".join(f'DELETE FROM "{table}"' for table in tables if table != "alembic_version")
        statements += "; SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences WHERE schemaname = 'public'"
        statements += f"; UPDATE alembic_version SET version_num = '{HEAD}'"  # a test may have moved everything elsewhere
        connection.execute(f"SET session_replication_role = replica; {statements}".encode())  # no order of foreign keys
    return url


def _statement(server: str, sql: str) -> None:
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.encode())


@pytest.fixture
def new_postgres(postgres_server: str) -> Callable[..., str]:
    """A function that makes an empty PostgreSQL database and gives its URL."""

    def make() -> str:
        name = f"t{uuid4().hex}"
        _statement(postgres_server, f'CREATE DATABASE "{name}" TEMPLATE template0')
        return f"{postgres_server}/{name}"

    return make


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "migrated.sqlite"
    made = connect(path)
    upgrade(made)
    made.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database with all tables, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "edi-bridge.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    return _emptied(request.getfixturevalue("postgres_migrated"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with all tables, once of each kind."""
    opened = connect(database_url, patience=5.0)
    yield opened
    opened.close()
