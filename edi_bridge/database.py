"""One database for ledger and CRM: how it is opened, how transactions start, which faults its errors are.

SQLite (through pysqlite3, whose SQLite is recent enough for several processes writing in WAL) or PostgreSQL ≥ 15.
The tables themselves are defined where they are used (`store/tables.py`, `crm/tables.py`), each by a function that
takes a lane prefix; `migrations/` creates them. Errors of the driver leave this module as faults: what may pass by
itself (locked, full, away) as TransientFault, what a person must change (folder, password, driver) as ConfigFault.
"""

from __future__ import annotations

import importlib
import itertools
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from shutil import disk_usage
from types import ModuleType
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlalchemy.types import TypeDecorator, TypeEngine

from edi_bridge.fault import ConfigFault, Fault, TransientFault

LANES = ("", "staging_", "pilot_")  # live has no prefix
HEAD = "0007"  # the newest migration; a test compares it with the folder
ROOM = 1_000_000  # bytes of disk below which it counts as full
IN_CLAUSE = 500  # values in one IN (…); SQLite takes 32,766 parameters in a statement
MOVED = "moved"  # what stands there instead when everything went into another database

Id = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY is SQLite's own row number
Value = TypeVar("Value")
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Exact(TypeDecorator[Decimal]):
    """A decimal with all its digits: NUMERIC on PostgreSQL, text on SQLite, which has no decimal type.

    Because of the text nothing is compared, sorted or summed in SQL; the few sums that are asked for are made in
    Python (`customer_view`).
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """NUMERIC without a scale (keeps the digits that came), or TEXT."""
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Text for SQLite."""
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Always a Decimal."""
        return None if value is None else Decimal(value)


def new_metadata() -> MetaData:
    """An empty MetaData whose constraints get the same names on both databases."""
    return MetaData(naming_convention=NAMING)


@dataclass(frozen=True, slots=True)
class Database:
    """An opened database. `note` is a sentence to say at the start, '' when all is well."""

    engine: Engine
    name: str  # as a person may see it: a URL without its password
    note: str = ""
    turns: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)  # SQLite has one writer at a time

    @property
    def sqlite(self) -> bool:
        """Whether it is SQLite; the alternative is PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self, lane: str = "") -> Iterator[Connection]:
        """A connection whose reads all see the same state; nothing is kept. The lane is bound here."""
        with self.engine.connect() as connection:
            yield connection.execution_options(edi_lane=_lane(lane))

    @contextmanager
    def write(self, lane: str = "") -> Iterator[Connection]:
        """A transaction: committed at the end of the block, rolled back when an exception leaves it.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so that no statement in the middle can find
        the database locked; threads of this process take turns before that, since SQLite itself lets who waits sleep, ever longer.
        TransientFault when the lock is held for longer than the patience given to `connect`.
        """
        with self.turns if self.sqlite else nullcontext(), self.engine.connect() as connection:
            bound = connection.execution_options(edi_lane=_lane(lane), edi_write=True)
            with bound.begin():
                yield bound

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def in_lane(connection: Connection, lane: str) -> Connection:
    """The same connection, its transaction going on, bound to a lane from here on."""
    return connection.execution_options(edi_lane=_lane(lane))


def lane_of(connection: Connection) -> str:
    """The lane that was bound when the connection was opened."""
    return str(connection.get_execution_options().get("edi_lane", ""))


def _lane(lane: str) -> str:
    if lane not in LANES:
        raise ValueError(f"no lane {lane!r}")
    return lane


def connect(url_or_path: str | Path, *, patience: float = 10.0) -> Database:
    """Open a database: a path or `sqlite:///path` is SQLite, `postgresql://…` is PostgreSQL.

    Nothing is created but an SQLite file. `patience`: seconds to wait for a lock that another process holds.
    Raises ConfigFault for a URL that cannot be used, TransientFault when the server does not answer.
    """
    text = str(url_or_path)
    if text.startswith(("postgres://", "postgresql://", "postgresql+psycopg://")):
        return _postgresql(text, patience)
    path = text.removeprefix("sqlite:///") if text.startswith("sqlite:///") else text
    if "://" in path or not path:
        raise ConfigFault.at(
            "database", 0, 0, f"{_hidden(text)} is neither a path nor a postgresql:// or sqlite:/// URL"
        )
    return _sqlite(Path(path), patience)


def _hidden(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "the database URL"


def _sqlite(path: Path, patience: float) -> Database:
    if not path.parent.is_dir():
        raise ConfigFault.at("database", 0, 0, f"the folder {path.parent} does not exist")
    driver, note = sqlite_driver()
    mode = "DELETE" if note else "WAL"
    engine = create_engine(f"sqlite:///{path}", module=driver, connect_args={"timeout": patience})

    @event.listens_for(engine, "do_connect")
    def _private(*_: Any) -> None:
        """The file that SQLite would make is ours alone to read, as the archive is: what partners sent stands in it. SQLite gives its log
        files the same mode. A file that is there keeps what its owner gave it."""
        with suppress(OSError):  # it is there, or SQLite itself will say why it cannot be made
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    @event.listens_for(engine, "connect")
    def _opened(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own knows only ASCII
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={int(patience * 1000)}",
            f"journal_mode={mode}",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-16000",
            "temp_store=MEMORY",
            "wal_autocheckpoint=4000",
        ):
            cursor.execute(f"PRAGMA {pragma}").fetchall()
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("edi_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    def as_fault(context: Any) -> Fault | None:
        fault = _as_fault(context)
        if isinstance(fault, TransientFault) and _IO_ERROR in str(context.original_exception).lower() and _is_full(path):
            return TransientFault(f"the disk is full ({path.parent})")  # SQLite finds no room for the log's index, and calls it so
        return fault

    event.listen(engine, "handle_error", as_fault, retval=True)
    return Database(engine, f"sqlite:///{path}", note)


def _is_full(path: Path) -> bool:
    try:
        return disk_usage(path.parent).free < ROOM
    except OSError:
        return False


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def sqlite_driver() -> tuple[ModuleType, str]:
    """(the DBAPI module, what to say at the start). WAL needs SQLite ≥ 3.51.3: earlier ones can corrupt a WAL
    database that several processes write (sqlite.org/wal.html, "The WAL-Reset Bug")."""
    try:
        from pysqlite3 import dbapi2

        driver: ModuleType = dbapi2
    except ImportError:
        driver = sqlite3
    if driver.sqlite_version_info >= (3, 51, 3):
        return driver, ""
    return driver, (
        f"SQLite {driver.sqlite_version} is too old for its write-ahead log with several processes: "
        "the slower rollback journal is used (install pysqlite3)"
    )


def _postgresql(url: str, patience: float) -> Database:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise ConfigFault.at(
            "database", 0, 0, "PostgreSQL needs the extra: pip install 'edi-bridge[postgresql]'"
        ) from None
    try:
        parsed = make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise ConfigFault.at("database", 0, 0, "the PostgreSQL URL is not readable") from None
    engine = create_engine(
        parsed,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 10,
            "application_name": "edi-bridge",
            "options": f"-c lock_timeout={int(patience * 1000)}",
        },
    )
    event.listen(engine, "handle_error", _as_fault, retval=True)

    @event.listens_for(engine, "connect")
    def _opened(connection: Any, _record: Any) -> None:
        if connection.info.server_version < 150000:
            raise ConfigFault.at("database", 0, 0, "PostgreSQL 15 or newer is needed")

    return Database(engine, parsed.render_as_string(hide_password=True))


_IO_ERROR = "disk i/o error"
# Words of SQLite's errors that pass by themselves, and what to tell a person.
_SQLITE_PASSING = {
    "locked": "the database is locked by another process",
    "busy": "the database is locked by another process",
    "disk is full": "the disk is full",
    _IO_ERROR: "the disk does not answer properly",
    "readonly database": "the database is read-only at the moment",
    "unable to open": "the database file cannot be opened",
}
# SQLSTATE classes and codes of PostgreSQL that pass by themselves (manual, appendix A).
_POSTGRES_PASSING = ("08", "53", "57P", "58", "55P03", "25006")
_POSTGRES_AGAIN = ("40001", "40P01")  # two transactions in each other's way: the same again at once
_POSTGRES_CONFIG = ("authentication failed", "does not exist", "no password supplied", "could not translate host name")


def _as_fault(context: Any) -> Fault | None:
    """Replace a driver's error by the fault it is; what is neither stays as it came (our bug)."""
    return fault_of(context.original_exception, context.is_disconnect)


def fault_of(error: BaseException, disconnected: bool = False) -> Fault | None:
    """The fault that a driver's error stands for, or None when it is our own mistake."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    state = getattr(error, "sqlstate", None)
    if type(error).__module__.startswith("psycopg"):
        if state is None and any(word in str(error) for word in _POSTGRES_CONFIG):
            return ConfigFault.at("database", 0, 0, text)
        if state in _POSTGRES_AGAIN:
            return in_the_way(text)
        if disconnected or (state or "08").startswith(_POSTGRES_PASSING) and type(error).__name__ != "ProgrammingError":
            return TransientFault(f"the database does not answer: {text}")
        return None
    if type(error).__name__ in ("OperationalError", "DatabaseError"):
        for word, sentence in _SQLITE_PASSING.items():
            if word in text.lower():
                return TransientFault(f"{sentence} ({text})")
        if "not a database" in text:
            return ConfigFault.at("database", 0, 0, "the file is not an SQLite database")
    return None


def is_conflict(error: BaseException) -> bool:
    """Whether another process was in the way (a unique index refused a row, a deadlock): the same again, at once."""
    return isinstance(error, IntegrityError) or isinstance(error, TransientFault) and error.wait == 0


def in_the_way(what: str) -> TransientFault:
    """Another process was in the way, in our own words: the same again, at once."""
    return TransientFault(f"another process was in the way: {what}", wait=0)


def dialect_of(connection: Connection) -> Any:
    """SQLAlchemy's module with what only this kind of database has (`insert` with ON CONFLICT)."""
    return importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}")  # PostgreSQL's loads long, and not for SQLite


def chunks(values: Sequence[Value], size: int = IN_CLAUSE) -> Iterator[Sequence[Value]]:
    """Pieces that fit into one IN (…)."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def take_ids(connection: Connection, table: Table, count: int) -> Iterator[int]:
    """Row numbers that nobody else gets, for rows whose children are written in the same transaction.

    SQLite: endless, since the transaction holds the only write lock and all numbers after the largest are free.
    PostgreSQL: `count` of them from the table's sequence; numbers not used leave harmless gaps.
    """
    if connection.dialect.name == "sqlite":
        first = connection.exec_driver_sql(f'SELECT coalesce(max(id), 0) + 1 FROM "{table.name}"').scalar_one()
        return itertools.count(first)
    rows = connection.exec_driver_sql(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", (f'"{table.name}"', count)
    )
    return iter(rows.scalars().all())


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows of plain values (decimals as `decimal_value` gives them), as fast as the driver can:
    one prepared statement on SQLite, COPY on PostgreSQL."""
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(rows))
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    try:
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    except driver_errors(driver) as error:
        fault = fault_of(error)
        if fault:
            raise fault from error
        if type(error).__name__ == "UniqueViolation":
            raise IntegrityError(f"COPY {table.name}", None, error) from error
        raise


def driver_errors(driver: Any) -> type[Exception]:
    """The base of the errors of a PostgreSQL connection."""
    import psycopg

    return psycopg.Error


def decimal_value(connection: Connection) -> Any:
    """The function that makes a Decimal what `insert_rows` takes: text on SQLite, itself on PostgreSQL."""
    return str if connection.dialect.name == "sqlite" else _same


def _same(value: Decimal) -> Decimal:
    return value


def current(connection: Connection) -> str | None:
    """The migration a database stands at; None when it is new."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def upgrade(database: Database) -> bool:
    """Bring the tables to the newest state, all or nothing; True when anything was done.

    A database of a newer edi_bridge is a ConfigFault. Alembic is loaded only when there is something to do.
    """
    with database.read() as connection:
        there = current(connection)
    if there == HEAD:
        return False
    if there == MOVED:
        raise ConfigFault.at("database", 0, 0, f"everything in {database.name} was moved into another database (edi-bridge store move): name that"
                             " one with database: in settings.yaml, or with EDI_BRIDGE_DATABASE")
    from edi_bridge.migrations import run

    with database.write() as connection:
        if not database.sqlite:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(3141592653)")
        run(connection)
    return True
