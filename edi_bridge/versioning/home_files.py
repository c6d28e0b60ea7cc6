"""The files of a home that make up a version: found, read as one state, written so that each is the old one or the new one."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edi_bridge.fault import ConfigFault, TransientFault

FOLDERS = ("partners", "mappings", "lookups", "guides", "rules", "schemas", "scenarios", "rollout")  # of a home that the catalogue reads
SUFFIXES = (".yaml", ".csv", ".xsd", ".xsl", ".xslt")
STORE = ".versions"  # in the home: copies of what is in force, and what is under way
LOCK = "lock"
BASE = "base"  # the hash of the files that this home last had in common with what was in force
TRIES = 20
BREATH = 0.1  # seconds between two attempts


class Busy(TransientFault):
    """Another process is changing the files right now."""


def look(home: Path) -> dict[str, tuple[int, int]]:
    """Every file of a version, by its name in the home, with size and time: what differs when one is changed."""
    return {name: (state.st_size, state.st_mtime_ns) for name, state in _found(home)}


def part_of_version(name: str) -> bool:
    """Whether a file of that name (`partners/acme.yaml`) makes up a version."""
    parts = name.split("/")
    return len(parts) > 1 and parts[0] in FOLDERS and name.endswith(SUFFIXES) and not any(part.startswith(".") for part in parts)


def _found(home: Path) -> Iterator[tuple[str, os.stat_result]]:
    for folder in FOLDERS:
        yield from _below(home / folder, folder)


def _below(folder: Path, name: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue  # editors' copies, .git
                if entry.is_dir():
                    yield from _below(folder / entry.name, f"{name}/{entry.name}")
                elif entry.name.endswith(SUFFIXES):
                    yield f"{name}/{entry.name}", entry.stat()
    except FileNotFoundError:  # gone while we looked: the next look sees
        return
    except OSError as error:
        raise ConfigFault.at(str(folder), 0, 0, f"cannot be read: {error.strerror}") from None


def read(home: Path) -> dict[str, bytes]:
    """The contents of all files of a version, as they were at one moment. ConfigFault for what cannot be read, Busy while
    they keep changing."""
    before = look(home)
    for _ in range(TRIES):
        files = {}
        for name in sorted(before):
            try:
                files[name] = (home / name).read_bytes()
            except FileNotFoundError:
                break
            except OSError as error:
                raise ConfigFault.at(name, 0, 0, f"cannot be read: {error.strerror}") from None
        after = look(home)
        if after == before and len(files) == len(before):
            return files
        before = after
        time.sleep(BREATH)
    raise Busy("the files of the home are being changed all the time")


@contextmanager
def alone(home: Path, patience: float) -> Iterator[bool]:
    """One process at a time takes or changes the files of a home; the lock ends with its process. False where the home cannot be
    written: then nobody changes it. Busy when another has it for longer than `patience` (seconds)."""
    try:
        (home / STORE).mkdir(exist_ok=True)
        file = os.open(home / STORE / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        for path in (home / STORE, home / STORE / LOCK):
            like(path, home.stat())
    except OSError:
        yield False
        return
    try:
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= until:
                    raise Busy("another process is changing the files of the home") from None
                time.sleep(0.05)
        yield True
    finally:
        os.close(file)


def write(path: Path, content: bytes) -> None:
    """A file whole or not at all, kept through a power cut, with owner and permissions of the one before. ConfigFault for what is no
    plain file, TransientFault when the disk does not take it."""
    plain(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.lstat() if path.exists() else None
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, stat.S_IMODE(before.st_mode) if before else 0o644)
        like(temporary, before or path.parent.stat())
        os.replace(temporary, path)
        synced(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise TransientFault(f"{path} cannot be written: {error.strerror}") from None


def plain(path: Path) -> None:
    """ConfigFault for what is neither a plain file nor nothing: a link, or what lies behind one."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ConfigFault.at(str(path), 0, 0, "is a link or no file; nothing is written through it")


def like(path: Path, owner: os.stat_result) -> None:
    """What an administrator makes in a home belongs to whom the home belongs to."""
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def synced(folder: Path) -> None:
    """What was renamed into a folder is there after a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def base(home: Path) -> str:
    """The hash of the files that this home last had in common with what was in force; '' where nobody noted it."""
    try:
        return (home / STORE / BASE).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def note_base(home: Path, digest: str) -> None:
    """Note it; nothing where the home cannot be written."""
    if base(home) == digest:
        return
    try:
        write(home / STORE / BASE, f"{digest}\n".encode())
    except TransientFault:
        return
