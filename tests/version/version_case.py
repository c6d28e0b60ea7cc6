"""A small home, and what can be known of its versions from outside: hashes worked out by hand, rows read by sqlite3."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

try:  # the program's SQLite: see tests/daemon/daemon_case.py
    from pysqlite3 import dbapi2 as sqlite3
except ImportError:
    import sqlite3  # type: ignore[no-redef]

NOW = "2026-11-22T10:00:00.000000Z"
OWN = 'own: us\nidentities: [{id: "9521200034004", qualifier: "14"}]\nparties: [{scheme: gln, value: "9521200034004"}]\n'
NORTH = ('partner: north\nname: North Stores\nidentities: [{id: "9521200077018", qualifier: "14"}]\n'
         "agreements:\n  - {message: edifact/D96A/ORDERS}\n")
FAULTY = NORTH.replace("edifact/D96A/ORDERS", "ORDERS")
FILES = {"partners/_own.yaml": OWN, "partners/north.yaml": NORTH, "lookups/items.csv": "theirs,ours\nA,1\n"}


def make_home(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """A home that holds these files, and others that make up no version."""
    for name, text in {**files, "settings.yaml": "", "partners/README.md": "notes", "partners/.north.yaml.swp": "x"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def lies(home: Path) -> dict[str, str]:
    """What lies in a home of the kinds of files that make up a version, seen with nothing but the file system."""
    return {path.relative_to(home).as_posix(): path.read_text("utf-8") for folder in ("partners", "mappings", "lookups")
            for path in sorted((home / folder).rglob("*")) if path.suffix in (".yaml", ".csv") and not path.name.startswith(".")}


def hash_by_hand(files: Mapping[str, str], program: str) -> str:
    """The rule of docs/versions.md: a line `SHA-256  name` for each file in the order of names, then the program's version."""
    lines = [f"{sha256(text.encode()).hexdigest()}  {name}" for name, text in sorted(files.items())]
    return sha256("".join(f"{line}\n" for line in [*lines, f"program {program}"]).encode()).hexdigest()


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a home's database, read without the program."""
    with contextlib.closing(sqlite3.connect(home / "edi-bridge.sqlite")) as connection:
        return list(connection.execute(query))


def in_force(home: Path) -> dict[str, str]:
    """The files in force by the database alone: name → SHA-256."""
    ((files,),) = rows(home, "SELECT files FROM version WHERE id = (SELECT version_id FROM activation ORDER BY id DESC LIMIT 1)")
    return dict(json.loads(files))


def hashed(files: Mapping[str, str]) -> dict[str, str]:
    """Name → SHA-256."""
    return {name: sha256(text.encode()).hexdigest() for name, text in files.items()}
