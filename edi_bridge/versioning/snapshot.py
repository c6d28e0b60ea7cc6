"""A version as a folder: `.versions/HASH` of the home, complete or not there, never changed afterwards."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from edi_bridge.versioning.home_files import STORE

KEPT = 5  # copies that stay, the newest
YOUNG = 86400.0  # seconds in which a copy may still be read by a process that began with it


def snapshot(home: Path, version: str, files: Mapping[str, bytes]) -> Path:
    """The folder in which the files of a version stand as they are in a home. Where the home cannot be written it is one of the
    machine's temporary folders, until the process ends."""
    store = home / STORE
    try:
        store.mkdir(exist_ok=True)
        return _placed(store, version, files)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="edi-bridge-"))
        atexit.register(partial(shutil.rmtree, folder, ignore_errors=True))
        return _placed(folder, version, files)


def _placed(store: Path, version: str, files: Mapping[str, bytes]) -> Path:
    target = store / version
    if _holds(target, files):
        os.utime(target)
        return target
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=store))
    for name, content in files.items():
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o444)
    made.chmod(0o755)
    try:
        os.rename(made, target)
    except OSError:
        if _holds(target, files):  # another process was first
            shutil.rmtree(made, ignore_errors=True)
        else:  # altered by hand, or cut off by a power cut
            os.rename(target, Path(tempfile.mkdtemp(prefix=".old-", dir=store)) / "copy")
            os.rename(made, target)
    _swept(store, target)
    return target


def _holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Whether exactly these files stand in a folder."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()} if folder.is_dir() else None
    return there == files.keys() and all((folder / name).read_bytes() == content for name, content in files.items())


def _swept(store: Path, now: Path) -> None:
    """Copies that nobody reads any more, and what was left half-made, go; every version stays in the database."""
    old = time.time() - YOUNG
    others = (one for one in store.iterdir() if one.is_dir() and one != now)
    folders = sorted(others, key=lambda one: one.stat().st_mtime, reverse=True)
    for place, one in enumerate(folders):
        if (place >= KEPT or one.name.startswith(".")) and one.stat().st_mtime < old:
            shutil.rmtree(one, ignore_errors=True)
