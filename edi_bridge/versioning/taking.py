"""What is in force for a process that begins, or that looks again: the files of the home, or those that somebody activated.

`automatic`: files that were changed here come in force by themselves, once they can be used. `explicit`: they wait for a person, and
the version that is active is used. Either way a version that was activated elsewhere holds where the files here are what they were.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import edi_bridge
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.store import version
from edi_bridge.store.version import Activation, Version
from edi_bridge.versioning import home_files, journal
from edi_bridge.versioning.snapshot import snapshot

AUTOMATIC, EXPLICIT = "automatic", "explicit"
PATIENCE = 10.0  # seconds to wait for another process that changes the files
REASON = "change-reason.txt"  # of the home: why the files are changed, written before them; taken with the change
NAMED = 5  # files that a sentence names
LONGEST = 500  # characters of a reason
Check = Callable[[Path], None]  # the folder of a version → ConfigFault when it cannot be used


@dataclass(frozen=True, slots=True)
class InForce:
    """What a process works by. `version` is that of its files and this program; `activation` the number of the last one that it
    knows; `root` where its files stand (they never change); `taken` that this process activated it; `differs` the files of the home
    that are others and wait for a person; `fault` why they cannot be used."""

    version: Version
    activation: int
    root: Path
    taken: Activation | None = None
    differs: tuple[str, ...] = ()
    fault: ConfigFault | None = None

    @property
    def waiting(self) -> str:
        """A sentence about the files that are not in force; '' where all are."""
        if not self.differs:
            return ""
        if self.fault is not None:
            return f"the home was changed and cannot be used like that, so the state before holds ({self.version.short}): {self.fault}"
        return (f"{named(self.differs)} of the home {'is' if len(self.differs) == 1 else 'are'} not in force: {self.version.short} is."
                " edi-bridge catalog diff shows what differs, edi-bridge catalog activate --reason … puts it in force")


def named(files: tuple[str, ...] | list[str]) -> str:
    """`partners/acme.yaml, mappings/order.acme.yaml and 3 more`."""
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return ", ".join(files[:NAMED]) + more


def actor(environ: Mapping[str, str] | None = None) -> str:
    """Who does it: EDI_BRIDGE_ACTOR, or the user of this process."""
    said = (os.environ if environ is None else environ).get("EDI_BRIDGE_ACTOR", "")
    if said:
        return said
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user that has no name
        return f"user {os.getuid()}"


def take(home: Path, database: Database, check: Check, now: Callable[[], str], *, activate: str = AUTOMATIC, files: bool = True,
         lenient: bool = False, patience: float = PATIENCE) -> InForce:
    """What is in force now. `check` tries the folder of a version before it is activated. `files` False: those of the home are being
    written, so only what was activated counts. `lenient`: where they cannot be used, the active version is, and the fault is told in
    `fault`; else it is raised. Busy where another process changes them, for more than `patience` seconds."""
    with home_files.alone(home, patience) as writable:
        if writable:
            journal.finish(home, database, now)
        return taken(home, database, check, now, activate, files, lenient)


def taken(home: Path, database: Database, check: Check, now: Callable[[], str], activate: str, files: bool, lenient: bool) -> InForce:
    """The same for who holds the home's lock already."""
    with database.read() as connection:
        active, newest = version.active(connection), version.newest(connection)
    here = home_files.read(home) if files or active is None else None
    if here is None or (active is not None and version.hashes(here) == active.files):
        assert active is not None
        if here is not None:
            home_files.note_base(home, _digest(active.files))
        return _followed(home, database, active, newest, now, here)
    mine = version.hashes(here)
    wanted = active is None or (activate == AUTOMATIC and home_files.base(home) != _digest(mine))
    fault = None
    if wanted:
        try:
            return _activated(home, database, check, now, here, active)
        except ConfigFault as problem:
            if active is None or not lenient:
                raise
            fault = problem
    assert active is not None
    followed = _followed(home, database, active, newest, now)
    differs = tuple(name for _, name in version.changes(active.files, mine))
    return InForce(followed.version, followed.activation, followed.root, followed.taken, differs, fault)


def _digest(files: Mapping[str, str]) -> str:
    return version.hash_of(files, "")


def _activated(home: Path, database: Database, check: Check, now: Callable[[], str], here: Mapping[str, bytes],
               active: Version | None) -> InForce:
    """The files of the home come in force, after they were tried."""
    mine = version.hashes(here)
    root = snapshot(home, version.hash_of(mine, edi_bridge.__version__), here)
    check(root)
    reason, said = _reason(home, active, mine)
    with database.write() as connection:
        made = version.record(connection, here, edi_bridge.__version__, now())
        version.alone(connection)
        before = version.active(connection)
        act = None
        if before is None or before.files != mine:  # another process that read the same files may have been first
            act = version.activate(connection, made.id, actor(), reason, now())
        newest = version.newest(connection)
    home_files.note_base(home, _digest(mine))
    if act is not None and said:
        (home / REASON).unlink(missing_ok=True)
    return InForce(made, newest, root, act)


def _reason(home: Path, active: Version | None, files: Mapping[str, str]) -> tuple[str, bool]:
    """Why the files are others than before, and whether a person wrote it down."""
    try:
        said = " ".join((home / REASON).read_text("utf-8", "replace").split())[:LONGEST]
    except OSError:
        said = ""
    if said:
        return said, True
    if active is None:
        return "the first version", False
    return f"files changed: {named([name for _, name in version.changes(active.files, files)])}", False


def _followed(home: Path, database: Database, active: Version, newest: int, now: Callable[[], str],
              here: Mapping[str, bytes] | None = None) -> InForce:
    """A version that is active already, read by this program; that it is another program than before is noted."""
    if here is None:
        with database.read() as connection:
            here = version.files_of(connection, active)
    act = None
    if active.program != edi_bridge.__version__:
        with database.write() as connection:
            known = version.exact(connection, version.hash_of(active.files, edi_bridge.__version__))
            made = version.record_again(connection, active.files, edi_bridge.__version__, now())
            version.alone(connection)
            if known is None and version.newest(connection) == newest:
                reason = f"the program is {edi_bridge.__version__}, it was {active.program}"
                act = version.activate(connection, made.id, actor(), reason, now())
            active, newest = made, version.newest(connection)
    return InForce(active, newest, snapshot(home, active.hash, here), act)
