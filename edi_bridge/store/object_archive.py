"""The archive in object storage, or any other file system that fsspec knows.

Bytes that come are hashed and made durable in a local folder first (their name is their SHA-256, which is known only at their
end; and what a mailbox deleted when it was read must not be lost with a connection). Then they are put under
`prefix/ab/ab12…`, and only after that `put` returns. What durable means there is the file system's promise: S3, Google Cloud
Storage and Azure answer a put when the object is kept in several places, whole or not at all, and whoever lists or reads
afterwards sees it. Others (SFTP, SMB, a mounted folder) get a temporary name, what they kept is read back and its SHA-256
compared (a put over SFTP may not notice a write that failed in the middle), then they rename; nobody can make such a server sync its
disk. A connection that broke is opened anew for the next question.

Every read downloads the whole blob and compares its SHA-256; small ones that were just written or read are remembered, since the
engine reads each delivery twice.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

from edi_bridge.fault import ConfigFault, TerminalFault, TransientFault
from edi_bridge.store.archive import CHUNK, Archive, Blob, digest_of

# Protocols whose put shows an object whole or not at all, so that it needs no temporary name.
WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "memory"})
REMEMBERED = 32 << 20  # bytes of small blobs
SMALL = 1 << 20
INCOMING = "incoming"  # the folder of temporary names on the other side
LEFT = 86_400  # seconds after which such a file is nobody's
OF_PACKAGES = (("paramiko", "SSHException"), ("botocore.exceptions", "BotoCoreError"), ("botocore.exceptions", "ClientError"),
               ("aiohttp", "ClientError"), ("gcsfs.retry", "HttpError"), ("azure.core.exceptions", "AzureError"))


@dataclass(slots=True)
class Recent:
    """Small blobs that were verified a moment ago, by their SHA-256; any thread."""

    blobs: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, digest: str, content: bytes) -> None:
        """Remember one, and forget the oldest."""
        with self.lock:
            if digest in self.blobs or len(content) > SMALL:
                return
            self.blobs[digest] = content
            self.size += len(content)
            while self.size > REMEMBERED:
                self.size -= len(self.blobs.popitem(last=False)[1])

    def get(self, digest: str) -> bytes | None:
        """Its bytes, or None."""
        with self.lock:
            return self.blobs.get(digest)

    def forget(self, digest: str) -> None:
        """It is no longer there."""
        with self.lock:
            self.size -= len(self.blobs.pop(digest, b""))


@dataclass(slots=True)
class Uses:
    """Which blobs came lately to this process, and which are being removed just now: one waits for the other; any thread."""

    came: dict[str, float] = field(default_factory=dict)  # SHA-256 → seconds since 1970
    leaving: set[str] = field(default_factory=set)
    turn: threading.Condition = field(default_factory=threading.Condition)

    def comes(self, digest: str) -> None:
        """It is being received: from now on nobody removes it."""
        with self.turn:
            self.turn.wait_for(lambda: digest not in self.leaving)
            self.came[digest] = time.time()

    @contextmanager
    def removing(self, digest: str, since: float) -> Iterator[bool]:
        """Whether it may be removed, because it did not come after `since`; while the block lasts it does not come."""
        with self.turn:
            self.came = {one: when for one, when in self.came.items() if when >= since}
            free = digest not in self.came
            if free:
                self.leaving.add(digest)
        try:
            yield free
        finally:
            with self.turn:
                self.leaving.discard(digest)
                self.turn.notify_all()


@dataclass(frozen=True, slots=True)
class ObjectArchive(Archive):
    """See the module; `folder` is the local one. `opened` holds the fsspec file system while its connection stands, `root` is the place
    in it, `url` as a person names both."""

    opened: list[Any] = field(default_factory=list)
    root: str = ""
    url: str = ""
    recent: Recent = field(default_factory=Recent)
    uses: Uses = field(default_factory=Uses)

    @classmethod
    def at(cls, url: str, folder: Path, passing: Callable[[str], None] = lambda point: None) -> ObjectArchive:
        """The archive at a URL. ConfigFault when a package is missing or the URL is none."""
        try:
            import fsspec
        except ImportError:
            raise ConfigFault.at("archive", 0, 0, "an archive at a URL needs the extra: pip install 'edi-bridge[objectstore]'") from None
        try:
            files, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigFault.at("archive", 0, 0, f"{url} cannot be used: {error}") from None
        except _away() as error:
            raise TransientFault(f"the archive {url} does not answer: {type(error).__name__}: {error}") from error
        return cls(folder, passing, [files], str(root).rstrip("/"), url.rstrip("/"))

    @property
    def files(self) -> Any:
        """The fsspec file system; a new one where the connection of the last one broke."""
        try:
            return self.opened[-1]
        except IndexError:
            import fsspec

            made = fsspec.core.url_to_fs(self.url, skip_instance_cache=True)[0]
            self.opened.append(made)
            return made

    def _key(self, digest: str) -> str:
        return f"{self.root}/{digest[:2]}/{digest}"

    def has(self, digest: str) -> bool:
        """Whether a blob is there; it is not read."""
        with self._asked():
            return self._there(self._key(digest))

    def _there(self, path: str) -> bool:
        """fsspec's own `exists` says no where the server does not answer."""
        try:
            self.files.info(path)
        except FileNotFoundError:
            return False
        return True

    def digests(self) -> Iterator[str]:
        """The SHA-256 of every blob, in order."""
        with self._asked():
            self.files.invalidate_cache()
            names = self.files.find(self.root) if self._there(self.root) else []
        yield from sorted(name for name in (path.rpartition("/")[2] for path in names) if len(name) == 64)

    def _keep(self, temporary: Path, blob: Blob) -> None:
        self.uses.comes(blob.sha256)
        if not self._whole(blob.sha256, blob.size):
            with self._asked():
                self._upload(temporary, blob)
        if blob.size <= SMALL:
            self.recent.add(blob.sha256, temporary.read_bytes())
        self.passing("archived")

    def keep_all(self, staged: Sequence[tuple[Path, Blob]], threads: Executor) -> None:
        """Each is put where it belongs."""
        for temporary, blob in staged:
            self._keep(temporary, blob)

    def _upload(self, temporary: Path, blob: Blob) -> None:
        key = self._key(blob.sha256)
        there = key if self._shows_whole() else f"{self.root}/{INCOMING}/{uuid4().hex}"
        self.files.makedirs(there.rpartition("/")[0], exist_ok=True)
        self.files.put_file(str(temporary), there)
        self.files.invalidate_cache()
        size = self.files.info(there)["size"]
        if size != blob.size:
            raise TransientFault(f"the archive {self.url} kept {size} of {blob.size} bytes")
        if there != key:
            with self.files.open(there, "rb") as kept:
                if digest_of(kept) != blob.sha256:
                    raise TransientFault(f"the archive {self.url} kept other bytes than it was given")
            self.files.makedirs(key.rpartition("/")[0], exist_ok=True)
            self.files.mv(there, key)

    def _shows_whole(self) -> bool:
        protocols = {self.files.protocol} if isinstance(self.files.protocol, str) else set(self.files.protocol)
        return bool(protocols & WHOLE)

    def sweep(self, before: float = float("inf")) -> int:
        """As the folder's, and what was half-written on the other side by a process that was killed: a day later, by the server's clock."""
        count = Archive.sweep(self, before)
        with suppress(TransientFault), self._asked():  # there is time until it answers
            place = f"{self.root}/{INCOMING}"
            if self._shows_whole() or not self._there(place):
                return count
            self.files.invalidate_cache()
            for name in self.files.find(place):
                try:
                    old = self.files.modified(name).timestamp() < before - LEFT
                    if old:
                        self.files.rm_file(name)
                        count += 1
                except FileNotFoundError:  # whoever wrote it is through
                    continue
        return count

    def _whole(self, digest: str, size: int) -> bool:
        if not self.has(digest):
            return False
        try:
            self._read(digest).close()
        except TerminalFault:
            return False
        return True

    def content(self, digest: str) -> bytes:
        """The bytes of a small blob, verified. Faults as `open`."""
        with self.open(digest) as source:
            return source.read()

    def open(self, digest: str) -> BinaryIO:
        """A blob for reading, verified. TerminalFault when it is missing or not what it was."""
        known = self.recent.get(digest)
        return BytesIO(known) if known is not None else self._read(digest)

    def _read(self, digest: str) -> BinaryIO:
        local = tempfile.SpooledTemporaryFile(SMALL, prefix="edi-bridge-")
        hashed = sha256()
        with self._asked():
            try:
                with self.files.open(self._key(digest), "rb") as remote:
                    while chunk := remote.read(CHUNK):
                        hashed.update(chunk)
                        local.write(chunk)
            except FileNotFoundError:
                raise TerminalFault(f"the archived file {self.url}/{digest[:2]}/{digest} is missing") from None
        if hashed.hexdigest() != digest:
            raise TerminalFault(f"the archived file {self.url}/{digest[:2]}/{digest} was altered: its SHA-256 is no longer its name")
        size = local.tell()
        local.seek(0)
        if size <= SMALL:
            content = local.read()
            self.recent.add(digest, content)
            local.close()
            return BytesIO(content)
        return cast(BinaryIO, local)

    def remove(self, digest: str) -> None:
        """Take a blob away whose retention time is over."""
        self.recent.forget(digest)
        with self._asked():
            if self._there(self._key(digest)):
                self.files.rm_file(self._key(digest))

    def remove_unused(self, digest: str, since: float) -> bool:
        """The same beside everything else that this process does; whether it is gone. What another process receives at the same moment is
        not seen: such a storage knows no mark that could be set and looked at in one step."""
        with self.uses.removing(digest, since) as free:
            if free:
                self.remove(digest)
        return free

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """What the storage's errors are: it may answer later, by another connection."""
        try:
            yield
        except _away() as error:
            if not isinstance(error, FileNotFoundError | PermissionError):
                self.opened.clear()
            raise TransientFault(f"the archive {self.url} does not answer: {type(error).__name__}: {error}") from error


def _away() -> tuple[type[BaseException], ...]:
    """What file systems raise when their server is not there or refuses: the system's errors, and those of packages that are loaded and
    have errors of their own."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in OF_PACKAGES)
    return (OSError, EOFError, *(one for one in found if isinstance(one, type) and issubclass(one, Exception)))
