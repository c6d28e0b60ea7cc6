"""Claims: files taken out of an inbox by a rename, so that only one process reads each, and none is lost when that process dies.

    inbox/.claimed/4f2a….lock          held (flock) while the process lives
    inbox/.claimed/4f2a…/1/order.edi   the claimed file, under the partner's name; a second one of the name stands in folder 2

A process that finds claims whose lock is free takes them over. Everything is done relative to opened folders, so that no name can
lead out of them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from uuid import uuid4

NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP)  # a file system without locks: one daemon a home, which its own lock keeps


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claimed file: the folder (its path) in which it stands, and its name."""

    slot: bytes
    name: bytes

    @property
    def path(self) -> bytes:
        return self.slot + b"/" + self.name


@dataclass(slots=True)
class Claims:
    """The claims of one process below a folder, and those it took over."""

    folder: bytes
    _own: bytes = b""
    _locks: dict[bytes, int] = field(default_factory=dict)  # session → the opened lock file
    _held: list[set[bytes]] = field(default_factory=list)  # the names in each slot of our own

    def claim(self, inbox: int, name: bytes) -> Claimed:
        """Rename a file of the inbox (an opened folder) into a slot of our own. FileNotFoundError: somebody else has it, or it is gone."""
        self._begin()
        number = next((number for number, held in enumerate(self._held) if name not in held), len(self._held))
        slot = self.folder + b"/" + self._own + b"/%d" % (number + 1)
        if number == len(self._held):
            os.mkdir(slot, 0o700)
            self._held.append(set())
        os.rename(name, slot + b"/" + name, src_dir_fd=inbox)
        self._held[number].add(name)
        return Claimed(slot, name)

    def all(self) -> Iterator[Claimed]:
        """Our own claims, and those of processes that are no more; theirs are ours from now on."""
        for session in _folders(self.folder):
            if session in self._locks or self._take_over(session):
                for slot in _folders(self.folder + b"/" + session):
                    place = self.folder + b"/" + session + b"/" + slot
                    with os.scandir(place) as entries:
                        yield from [Claimed(place, entry.name) for entry in entries if stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)]

    def try_(self) -> None:
        """Whether something can be claimed here: OSError when not."""
        self._begin()

    def release(self, claimed: Claimed) -> None:
        """The claimed file is gone from its slot: another one of its name may stand there."""
        session, _, number = claimed.slot.rpartition(b"/")
        if session == self.folder + b"/" + self._own:
            self._held[int(number) - 1].discard(claimed.name)

    def close(self) -> None:
        """Give the locks back and clear what is empty. What is still claimed, the next process takes over."""
        for session, lock in self._locks.items():
            with suppress(OSError):
                for slot in _folders(self.folder + b"/" + session):
                    with suppress(OSError):
                        os.rmdir(self.folder + b"/" + session + b"/" + slot)
                os.rmdir(self.folder + b"/" + session)
            if not os.path.isdir(self.folder + b"/" + session):
                with suppress(OSError):
                    os.unlink(self._lock_file(session))
            os.close(lock)
        if self._locks:
            with suppress(OSError):
                os.rmdir(self.folder)
        self._locks, self._own, self._held = {}, b"", []

    def _begin(self) -> None:
        if self._own:
            return
        session = uuid4().hex.encode()
        os.makedirs(self.folder, 0o700, exist_ok=True)
        lock = os.open(self._lock_file(session), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        _lock(lock)
        self._locks[session] = lock
        os.mkdir(self.folder + b"/" + session, 0o700)
        self._own = session

    def _take_over(self, session: bytes) -> bool:
        """Whether the process that made a session is no more; then its lock is ours."""
        lock = os.open(self._lock_file(session), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if not _lock(lock):
            os.close(lock)
            return False
        self._locks[session] = lock
        return True

    def _lock_file(self, session: bytes) -> bytes:
        return self.folder + b"/" + session + b".lock"


def _lock(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    return True


def _folders(path: bytes) -> list[bytes]:
    """The real folders in a folder; none where it is not there."""
    with suppress(FileNotFoundError), closing(os.scandir(path)) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    return []
