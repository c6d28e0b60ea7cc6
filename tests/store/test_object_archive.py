"""The archive in other file systems by URL: write-once, verified when read, nothing lost on the way. fsspec's own local and memory
file systems stand for them: one with a temporary name and a move, one whose put shows the object whole."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest

from edi_bridge import settings
from edi_bridge.fault import ConfigFault, TerminalFault, TransientFault
from edi_bridge.store.archive import Archive, open_archive
from edi_bridge.store.object_archive import SMALL, ObjectArchive

CONTENTS = [b"", b"UNB+UNOC:3+A+B'", bytes(range(256)) * 8192]  # the last one is larger than what is remembered


@pytest.fixture(params=["memory", "local"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    name = uuid4().hex
    yield f"memory://{name}/edi" if request.param == "memory" else f"local://{tmp_path}/{name}/edi"
    if request.param == "memory":
        fsspec.filesystem("memory").rm(f"/{name}", recursive=True)


@pytest.fixture
def archive(url: str, tmp_path: Path) -> ObjectArchive:
    made = open_archive(url, tmp_path / "home")
    assert isinstance(made, ObjectArchive)
    return made


def fresh(url: str, tmp_path: Path) -> Archive:
    """The same archive seen by another machine."""
    return open_archive(url, tmp_path / "other")


def overwrite(archive: ObjectArchive, digest: str, content: bytes) -> None:
    archive.files.pipe_file(f"{archive.root}/{digest[:2]}/{digest}", content)


@pytest.mark.parametrize("content", CONTENTS, ids=["empty", "small", "large"])
def test_bytes_come_back_on_another_machine(archive: ObjectArchive, url: str, tmp_path: Path, content: bytes) -> None:
    blob = archive.put(io.BytesIO(content))
    assert (blob.sha256, blob.size) == (sha256(content).hexdigest(), len(content))
    other = fresh(url, tmp_path)
    assert other.has(blob.sha256) and list(other.digests()) == [blob.sha256]
    with other.open(blob.sha256) as source:
        assert source.read() == content
    with archive.open(blob.sha256) as source:  # remembered where it is small
        assert source.read() == content
    assert list((tmp_path / "home" / "archive" / "incoming").iterdir()) == []  # nothing stays here


def test_the_same_bytes_are_kept_once(archive: ObjectArchive) -> None:
    for _ in range(3):
        archive.put(io.BytesIO(b"abc"))
    assert [name.rpartition("/")[2] for name in archive.files.find(archive.root)] == [sha256(b"abc").hexdigest()]


@pytest.mark.parametrize("content", CONTENTS[1:], ids=["small", "large"])
def test_altered_and_missing_bytes_are_found_and_replaced_by_the_right_ones(
    archive: ObjectArchive, url: str, tmp_path: Path, content: bytes
) -> None:
    blob = archive.put(io.BytesIO(content))
    overwrite(archive, blob.sha256, b"x" + content[1:])
    with pytest.raises(TerminalFault, match="was altered"):
        fresh(url, tmp_path).open(blob.sha256)
    fresh(url, tmp_path).put(io.BytesIO(content))
    assert fresh(url, tmp_path).open(blob.sha256).read() == content
    archive.remove(blob.sha256)
    for one in (archive, fresh(url, tmp_path)):
        with pytest.raises(TerminalFault, match="is missing"):
            one.open(blob.sha256)


def test_a_storage_that_is_away_refuses_and_leaves_the_bytes_to_the_partner(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    archive = open_archive(f"local://{tmp_path}/file/edi", tmp_path / "home")  # a file stands where the folder should be
    with pytest.raises(TransientFault, match="does not answer"):
        archive.put(io.BytesIO(b"abc"))
    assert list((tmp_path / "home" / "archive" / "incoming").iterdir()) == []


def test_what_a_killed_process_had_fetched_is_uploaded_by_the_next_one(archive: ObjectArchive, url: str, tmp_path: Path) -> None:
    note = archive.note({"name": "x.edi"})
    note.with_suffix("").write_bytes(b"fetched, and then the process was killed")
    ((found, said, blob),) = open_archive(url, tmp_path / "home").orphans()
    assert found == note and said["name"] == "x.edi" and blob is not None
    assert fresh(url, tmp_path).open(blob.sha256).read() == b"fetched, and then the process was killed"


def test_a_stopped_upload_leaves_no_blob_under_its_name(tmp_path: Path) -> None:
    archive = open_archive(f"local://{tmp_path}/store", tmp_path / "home")
    assert isinstance(archive, ObjectArchive)
    seen: list[str] = []
    move = archive.files.mv

    def watched(source: str, target: str) -> None:
        seen.append(source)
        assert not Path(target).exists() and Path(source).read_bytes() == b"abc"
        move(source, target)

    archive.files.mv = watched
    try:
        archive.put(io.BytesIO(b"abc"))
    finally:
        archive.files.mv = move
    assert len(seen) == 1 and "/incoming/" in seen[0]


def test_small_ones_are_remembered_up_to_a_limit(archive: ObjectArchive) -> None:
    for number in range(40):
        archive.put(io.BytesIO(bytes([number]) * SMALL))
    assert archive.recent.size <= 32 << 20 and len(archive.recent.blobs) == 32


def test_bytes_that_came_lately_are_not_removed_and_who_comes_waits_for_who_removes(archive: ObjectArchive) -> None:
    digest, hour = archive.put(io.BytesIO(b"abc")).sha256, time.time() - 3600
    assert not archive.remove_unused(digest, hour) and archive.has(digest)
    remove, came = archive.files.rm_file, []

    def removing(path: str) -> None:
        other = threading.Thread(target=lambda: came.append(archive.put(io.BytesIO(b"abc"))))
        other.start()
        other.join(0.3)
        assert not came, "it would find the blob that goes the next moment"
        threads.append(other)
        remove(path)

    threads: list[threading.Thread] = []
    archive.files.rm_file = removing
    try:
        assert archive.remove_unused(digest, time.time() + 1)
    finally:
        archive.files.rm_file = remove
    threads[0].join(60)
    assert len(came) == 1 and archive.has(digest) and not archive.remove_unused(digest, hour)


def test_settings_say_where_the_archive_is(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("archive: s3://bucket/edi\n")
    assert settings.load({}, tmp_path).archive == "s3://bucket/edi"
    assert settings.load({"EDI_BRIDGE_ARCHIVE": "memory://x"}, tmp_path).archive == "memory://x"
    (tmp_path / "settings.yaml").write_text("archive: shared/edi\n")
    assert settings.load({}, tmp_path).archive == tmp_path / "shared/edi"
    (tmp_path / "settings.yaml").write_text("")
    assert settings.load({}, tmp_path).archive == tmp_path / "archive"
    (tmp_path / "settings.yaml").write_text("archive: sftp://me:secret@host/edi\n")
    with pytest.raises(ConfigFault, match="password must not stand"):
        settings.load({}, tmp_path)


def test_a_url_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="nonsense"):
        open_archive("nonsense://x", tmp_path)
