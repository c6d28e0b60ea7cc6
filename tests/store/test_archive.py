"""The archive: write-once, verified, nothing half-written."""

from __future__ import annotations

import errno
import io
import os
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from edi_bridge.fault import TerminalFault, TransientFault
from edi_bridge.store.archive import Archive


def test_bytes_come_back_under_their_sha256(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "a")
    data = os.urandom(3_000_001)
    blob = archive.put(io.BytesIO(data))
    assert (blob.sha256, blob.size) == (sha256(data).hexdigest(), len(data))
    with archive.open(blob.sha256) as file:
        assert file.read() == data
    assert archive.path(blob.sha256).parent.name == blob.sha256[:2]
    assert list((tmp_path / "a" / "incoming").iterdir()) == []


def test_the_same_bytes_are_kept_once_and_never_written_again(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    path = archive.path(archive.put(io.BytesIO(b"abc")).sha256)
    before = path.stat()
    os.utime(path, (0, 0))
    archive.put(io.BytesIO(b"abc"))
    assert (path.stat().st_ino, path.stat().st_mode & 0o777) == (before.st_ino, 0o400)
    assert path.stat().st_mtime > time.time() - 60, "it says when its bytes came last: what is older than its retention time leaves it alone"


def test_bytes_that_came_again_are_not_removed_beside_the_traffic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(tmp_path)
    digest = archive.put(io.BytesIO(b"abc")).sha256
    path, hour = archive.path(digest), time.time() - 3600
    assert not archive.remove_unused(digest, hour) and archive.content(digest) == b"abc"
    os.utime(path, (0, 0))
    archive.put(io.BytesIO(b"abc"))
    assert not archive.remove_unused(digest, hour) and archive.content(digest) == b"abc"
    # somebody takes the blob for his between the look and the move
    os.utime(path, (0, 0))
    rename = Path.rename

    def used(source: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        archive.put(io.BytesIO(b"abc"))
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", used)
    assert not archive.remove_unused(digest, hour) and archive.content(digest) == b"abc"
    # and after the move: he does not find it, and writes it
    os.utime(path, (0, 0))

    def late(source: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        made = rename(source, target)
        archive.put(io.BytesIO(b"abc"))
        return made

    monkeypatch.setattr(Path, "rename", late)
    assert archive.remove_unused(digest, hour) and archive.content(digest) == b"abc"
    os.utime(path, (0, 0))
    assert archive.remove_unused(digest, hour) and not archive.has(digest) and archive.remove_unused(digest, hour)
    assert list(path.parent.iterdir()) == []


def test_an_altered_file_is_not_read_and_is_healed_when_the_bytes_come_again(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    blob = archive.put(io.BytesIO(b"ORDERS"))
    path = archive.path(blob.sha256)
    path.chmod(0o600)
    path.write_bytes(b"ORDERZ")
    with pytest.raises(TerminalFault, match="altered"):
        archive.open(blob.sha256)
    archive.put(io.BytesIO(b"ORDERS"))
    assert archive.open(blob.sha256).read() == b"ORDERS"


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(TerminalFault, match="missing"):
        Archive(tmp_path).open("00" * 32)


def test_a_full_disk_leaves_nothing_and_may_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(tmp_path)

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TransientFault, match="No space left"):
        archive.put(io.BytesIO(b"abc"))
    monkeypatch.undo()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert archive.put(io.BytesIO(b"abc")).size == 3


def test_the_file_and_its_folder_are_on_disk_before_the_name_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def synced(number: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{number}") else "file")
        fsync(number)

    def renamed(path: Path, target: Any) -> Path:
        steps.append("rename")
        return rename(path, target)

    archive = Archive(tmp_path)
    archive.put(io.BytesIO(b"first"))  # makes the folders
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    archive.put(io.BytesIO(b"x41"))
    del steps[: steps.index("file")]
    assert [step for step in steps if step != "folder" or "rename" in steps][:3] in (
        ["file", "folder", "rename"],
        ["file", "rename", "folder"],
    )
    assert steps[-1] == "folder"


def test_a_half_written_file_of_a_killed_process_is_swept(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.put(io.BytesIO(b"abc"))
    (tmp_path / "incoming" / "left").write_bytes(b"half")
    assert archive.sweep() == 1 and list((tmp_path / "incoming").iterdir()) == []
