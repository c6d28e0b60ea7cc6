"""The program under strace: killed as it enters its n-th call of a kind, or written down call by call; and what is durable at a moment.

A thread's own calls say whether it waited for the disk: it opened, wrote, renamed and confirmed by itself. Files are synced by others
for it, which counts from the moment that such a call has ended; the database's log it syncs itself.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from crash_world import CLI, World

WATCHED = "fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,write,pwrite64,mkdir,mkdirat,openat"


def strace(tmp_path: Path) -> str:
    """Its path; skips where it is missing or may not trace."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not here: install the Debian package strace")
    tried = subprocess.run([found, "-f", "-o", str(tmp_path / "try"), "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"strace may not trace here (ptrace is forbidden): {tried.stderr.strip()[:200]}")
    return found


def run_under(tool: list[str], world: World, *arguments: str) -> int:
    """`run --once` under a tool; its exit status."""
    command = [*tool, sys.executable, str(world.script), "run", "--once", "--home", str(world.home), "--listen", "", *arguments]
    with (world.place / "log").open("ab") as log:
        return subprocess.run(command, env=world.environment(), stdout=log, stderr=log, timeout=300).returncode


def killed_entering(tmp_path: Path, world: World, calls: str, number: int) -> bool:
    """Whether the run was killed (SIGKILL, before the call happened) as one of its threads entered its n-th call of a kind; else it came to its end."""
    tool = [strace(tmp_path), "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", f"trace={calls}",
            "-e", f"inject={calls}:signal=KILL:when={number}"]
    status = run_under(tool, world)
    assert status in (0, 1, 137, -9), f"{status}: {world.says()[-2000:]}"
    return status in (137, -9)


@dataclass(frozen=True)
class Call:
    """One call that succeeded: by which thread, what, and the paths it names (of opened files as well)."""

    thread: int
    name: str
    paths: tuple[str, ...]
    text: str


def calls(tmp_path: Path, world: World) -> list[Call]:
    """What a whole run did, call by call."""
    trace = tmp_path / "trace"
    assert run_under([strace(tmp_path), "-f", "-y", "-qq", "-s", "0", "-o", str(trace), "-e", f"trace={WATCHED}"], world) in (0, 1)
    return list(_read(trace.read_text(errors="replace")))


def _read(text: str) -> Iterator[Call]:
    begun: dict[int, str] = {}
    for line in text.splitlines():
        said = re.match(r"(\d+) +(.*)", line)
        if said is None:
            continue
        thread, rest = int(said[1]), said[2]
        if rest.endswith("<unfinished ...>"):
            begun[thread] = rest.removesuffix("<unfinished ...>")
            continue
        if resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", rest):
            rest = begun.pop(thread, "") + resumed[1]
        call = re.match(r"(\w+)\((.*)\) += (-?\d+)", rest)
        if call and int(call[3]) >= 0:
            yield Call(thread, call[1], tuple(_paths(call[2])), rest)


def _paths(arguments: str) -> Iterator[str]:
    """The files that a call names: opened ones as `7</path>`, others as text, those relative to an opened folder joined to it."""
    folder = ""
    for opened, named in re.findall(r'(?:\d+|AT_FDCWD)<([^>]*)>|"([^"]*)"', arguments):
        if opened:
            folder = opened
            if not re.search(re.escape(f"<{opened}>") + r'(?:\(deleted\))?, "', arguments):
                yield opened
        else:
            yield named if named.startswith("/") else f"{folder}/{named}"


@dataclass
class Durable:
    """What would be left after a power cut, by what one thread did: a file's bytes after its fsync, its name after its folder's."""

    unsynced: set[str] = field(default_factory=set)
    unnamed: dict[str, str] = field(default_factory=dict)  # file → the folder that must be synced
    synced: set[str] = field(default_factory=set)

    def sees(self, call: Call) -> None:
        """One more call."""
        match call.name:
            case "write" | "pwrite64" if call.paths:
                self.unsynced.add(call.paths[0])
                self.synced.discard(call.paths[0])
            case "fsync" | "fdatasync" if call.paths:
                path = call.paths[0]
                self.unsynced.discard(path)
                self.synced.add(path)
                self.unnamed = {file: folder for file, folder in self.unnamed.items() if folder != path}
            case "rename" | "renameat" | "renameat2" if len(call.paths) == 2:
                before, after = call.paths
                if before in self.unsynced:
                    self.unsynced.add(after)
                if before in self.synced:
                    self.synced.add(after)
                self.unnamed[after] = str(Path(after).parent)
            case _:
                return


def too_early(world: World, done: list[Call]) -> list[str]:
    """What a partner could see while something that it rests on would not survive a power cut: a file of its folder confirmed before
    bytes, name and receipt are durable; a file put before the entry of the outbox is."""
    archive, log = f"{world.home}/archive/", f"{world.store.url}-wal"
    by_thread: dict[int, Durable] = {}
    wrong = []
    seen = {"confirmed": 0, "put": 0}
    for call in done:
        durable = by_thread.setdefault(call.thread, Durable())
        confirmed = call.name in ("unlink", "unlinkat") and re.search(r"/(nord|lakes)/out/.*\.(edi|x12)$", call.paths[-1] if call.paths else "")
        put = call.name.startswith("rename") and re.search(r"/(nord|lakes)/in/[^/]*$", call.paths[-1] if call.paths else "")
        if confirmed or put:
            seen["confirmed" if confirmed else "put"] += 1
            where = f"{call.name} {call.paths[-1]}"
            if log not in durable.synced or log in durable.unsynced:
                wrong.append(f"{where}: the database's log was not synced")
            if confirmed and not any(path.startswith(archive) and re.search(r"/[0-9a-f]{64}$", path) for path in durable.synced):
                wrong.append(f"{where}: the archived file was not synced")
            left = [path for path in durable.unnamed if path.startswith(archive)]
            if confirmed and left:
                wrong.append(f"{where}: the archive's folder was not synced: {left[0]}")
            if put and call.paths[0] in durable.unsynced:
                wrong.append(f"{where}: the file itself was not synced")
        synced_for_all = call.name in ("fsync", "fdatasync") and log not in call.paths
        for one in by_thread.values() if synced_for_all else (durable,):
            one.sees(call)
    assert seen["confirmed"] and seen["put"], f"nothing was seen: {seen}"
    return wrong


__all__ = ["CLI", "Call", "calls", "killed_entering", "strace", "too_early"]
