"""Files of a version are put into the home, then it is activated; a journal lets the next start finish what a kill cut short.

Until the activation is committed the version before is in force, whatever stands in the home: nobody reads the files there while the
journal lies beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection

import edi_bridge
from edi_bridge.crashpoint import passing
from edi_bridge.database import Database
from edi_bridge.fault import TerminalFault
from edi_bridge.store import version
from edi_bridge.store.version import Activation, Version
from edi_bridge.versioning import home_files

JOURNAL = "journal.json"
RECENT = 50  # activations among which that of a journal is looked for


@dataclass(frozen=True, slots=True)
class Intent:
    """What is under way: a version (its hash), by whom, why; `after` is the number of the last activation when it began. `names`: the
    files that are put into the home, the others stay as they lie there; None: all, and what the version does not have goes."""

    version: str
    actor: str
    reason: str
    after: int
    names: list[str] | None = None


def begin(home: Path, intent: Intent) -> None:
    """From here on it is finished, whoever does it."""
    home_files.write(home / home_files.STORE / JOURNAL, json.dumps(asdict(intent), sort_keys=True).encode())
    passing("version_journal")


def finish(home: Path, database: Database, now: Callable[[], str]) -> Activation | None:
    """Do what a journal says, if one lies there; what came in force by it. Only for who holds the home's lock.

    TransientFault leaves it for the next one, and so does a database that does not know the version (another one was named)."""
    path = home / home_files.STORE / JOURNAL
    try:
        intent = Intent(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise TerminalFault(f"{path} cannot be read ({error}): remove it, then say with edi-bridge catalog activate which version"
                            " holds") from None
    with database.read() as connection:
        wanted = version.exact(connection, intent.version)
        if wanted is None:
            raise TerminalFault(f"{path} speaks of the version {intent.version[:12]}, which this database does not know")
        files = version.files_of(connection, wanted)
    put(home, files, intent.names)
    made = None
    with database.write() as connection:
        version.alone(connection)
        if not _done(connection, intent, wanted):
            if wanted.program != edi_bridge.__version__:
                wanted = version.record_again(connection, wanted.files, edi_bridge.__version__, now())
            made = version.activate(connection, wanted.id, intent.actor, intent.reason, now())
    passing("version_activated")
    home_files.note_base(home, version.hash_of(wanted.files, ""))
    path.unlink()
    return made


def _done(connection: Connection, intent: Intent, wanted: Version) -> bool:
    """Whether the activation of an intent was committed before its process ended."""
    return any(one.id > intent.after and (one.actor, one.reason, one.version.files) == (intent.actor, intent.reason, wanted.files)
               for one in version.log(connection, RECENT))


def put(home: Path, files: Mapping[str, bytes], names: Sequence[str] | None = None) -> None:
    """The home holds exactly these files (of those that make up a version), or as far as these names go: each is written whole, others
    go. What goes must have been recorded before."""
    there = home_files.look(home)
    for name in files.keys() if names is None else [name for name in names if name in files]:
        if name not in there or (home / name).read_bytes() != files[name]:
            home_files.write(home / name, files[name])
            passing("version_file")
    for name in sorted((there.keys() if names is None else there.keys() & set(names)) - files.keys()):
        (home / name).unlink(missing_ok=True)
        home_files.synced((home / name).parent)
        passing("version_file")
