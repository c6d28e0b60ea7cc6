"""The archive on a real server: fsspec's SFTP file system over the OpenSSH that the tests start. The server's folder is looked at as its
administrator would, never through the archive."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import fsspec
import pytest

from edi_bridge.fault import TerminalFault, TransientFault
from edi_bridge.store.archive import open_archive
from edi_bridge.store.object_archive import SMALL, ObjectArchive

ROOT = Path(__file__).parents[2]
for folder in ("transport", "cli"):
    sys.path.insert(0, str(ROOT / "tests" / folder))

import ssh_lab  # noqa: E402
from cli_case import ORDER, environment  # noqa: E402

LARGE = bytes(range(256)) * 8 * (SMALL // 1024)
HANGS = 120.0


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ssh_lab.Sshd]:
    with ssh_lab.serving(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def url(sshd: ssh_lab.Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the archive is; the key comes from fsspec's own configuration, as on a user's machine."""
    monkeypatch.setitem(fsspec.config.conf, "sftp", {"key_filename": str(sshd.folder.parent / "ours"), "look_for_keys": False, "allow_agent": False})
    yield f"sftp://{ssh_lab.user()}@127.0.0.1:{sshd.ports['full']}{tmp_path}/there"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """The same on the server's disk."""
    return tmp_path / "there"


def archive(url: str, folder: Path) -> ObjectArchive:
    made = open_archive(url, folder)
    assert isinstance(made, ObjectArchive)
    return made


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + HANGS
    while not what():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


@pytest.mark.parametrize("content", [b"", b"UNB+UNOC:3+A+B'", LARGE], ids=["empty", "small", "large"])
def test_bytes_stand_under_their_sha256_and_are_found_by_another_machine(url: str, there: Path, tmp_path: Path, content: bytes) -> None:
    blob = archive(url, tmp_path / "home").put(io.BytesIO(content))
    digest = sha256(content).hexdigest()
    assert blob.sha256 == digest and (there / digest[:2] / digest).read_bytes() == content
    other = archive(url, tmp_path / "other")
    other.opened.clear()  # its own connection
    assert other.has(digest) and list(other.digests()) == [digest] and other.open(digest).read() == content
    assert [path for path in there.rglob("*") if path.is_file()] == [there / digest[:2] / digest]


def test_a_blob_is_written_once_and_a_damaged_one_is_healed(url: str, there: Path, tmp_path: Path) -> None:
    one = archive(url, tmp_path / "home")
    digest = one.put(io.BytesIO(LARGE)).sha256
    path = there / digest[:2] / digest
    before = path.stat()
    one.put(io.BytesIO(LARGE))
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    path.write_bytes(LARGE[:-1] + b"x")
    with pytest.raises(TerminalFault, match="was altered"):
        one.open(digest)
    one.put(io.BytesIO(LARGE))
    assert path.read_bytes() == LARGE and one.open(digest).read() == LARGE
    one.remove(digest)
    assert not path.exists()
    with pytest.raises(TerminalFault, match="is missing"):
        one.open(digest)


PUT = """
import sys
from pathlib import Path
from edi_bridge.store.archive import open_archive

archive = open_archive(sys.argv[1], Path(sys.argv[2]))
note = archive.note({"name": "big.edi"})
with open(sys.argv[3], "rb") as source:
    archive.receive(lambda into: into.write(source.read()), note)
"""


def test_a_process_killed_while_it_uploads_leaves_no_blob_and_the_next_one_finds_its_bytes(
    sshd: ssh_lab.Sshd, url: str, there: Path, tmp_path: Path
) -> None:
    content = os.urandom(24 << 20)
    digest = sha256(content).hexdigest()
    (tmp_path / "big").write_bytes(content)
    keys = {"FSSPEC_SFTP_KEY_FILENAME": str(sshd.folder.parent / "ours")}
    process = subprocess.Popen([sys.executable, "-c", PUT, url, str(tmp_path / "home"), str(tmp_path / "big")], env=environment(**keys))
    try:
        until(lambda: any(path.stat().st_size > 1 << 20 for path in there.glob("incoming/*")) or process.poll() is not None)
        process.kill()
        assert process.wait() == -9, "it was through before it could be killed"
    finally:
        process.kill()
        process.wait()
    assert not (there / digest[:2] / digest).exists() and any((there / "incoming").iterdir())
    again = archive(url, tmp_path / "home")
    ((note, said, blob),) = again.orphans()
    assert said["name"] == "big.edi" and blob is not None and blob.sha256 == digest
    assert (there / digest[:2] / digest).read_bytes() == content
    again.forget(note)
    (left,) = (there / "incoming").iterdir()  # what the killed one had written
    assert again.sweep(time.time() - 60) == 0 and left.exists(), "somebody may be writing it"
    os.utime(left, (0, 0))
    assert again.sweep(time.time() - 60) == 1 and list((there / "incoming").iterdir()) == []


def test_a_server_that_is_away_is_told_and_found_again_when_it_is_back(url: str, there: Path, tmp_path: Path, sshd: ssh_lab.Sshd) -> None:
    one = archive(url, tmp_path / "home")
    digest = one.put(io.BytesIO(b"abc")).sha256
    one.recent.forget(digest)
    for child in sshd_children(sshd.process.pid):  # sessions that stand are processes of their own
        os.kill(child, 9)
    sshd.process.kill()
    sshd.process.wait()
    for act in (lambda: one.put(io.BytesIO(b"def")), lambda: one.open(digest), lambda: one.has(digest), lambda: one.remove(digest), lambda: list(one.digests())):
        with pytest.raises(TransientFault, match="does not answer"):
            act()
    sshd.process = subprocess.Popen([ssh_lab.SSHD, "-D", "-e", "-f", str(sshd.folder / "config")], stderr=(sshd.folder / "log").open("wb"))
    sshd._await()
    assert one.open(digest).read() == b"abc"
    assert one.open(one.put(io.BytesIO(b"def")).sha256).read() == b"def" and len([path for path in there.rglob("*") if len(path.name) == 64]) == 2


def sshd_children(pid: int) -> list[int]:
    """The processes below a process, the deepest first (Linux)."""
    made: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            made = [*sshd_children(int(path.parent.name)), int(path.parent.name), *made]
    return made


def test_files_are_posted_into_such_an_archive_and_the_audit_finds_them(sshd: ssh_lab.Sshd, url: str, there: Path, tmp_path: Path) -> None:
    keys = {"FSSPEC_SFTP_KEY_FILENAME": str(sshd.folder.parent / "ours"), "EDI_BRIDGE_ARCHIVE": url}
    (tmp_path / "order.edi").write_bytes(ORDER)

    def edi(*words: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-m", "edi_bridge.cli", *words], cwd=tmp_path, env=environment(**keys), capture_output=True, timeout=HANGS)
        return done.returncode, (done.stdout + done.stderr).decode()

    assert edi("init", "home")[0] == 0
    (tmp_path / "home" / "partners" / "_own.yaml").write_text('own: we\nidentities:\n  - {id: "9521200034004"}\nparties:\n  - {scheme: gln, value: "9521200034004"}\n')
    code, says = edi("post", "order.edi", "--home", "home")
    assert code == 0 and "order 4500017731" in says, says
    (path,) = (path for path in there.rglob("*") if path.is_file())
    assert path.read_bytes() == ORDER
    assert edi("exchange", "audit", "--home", "home")[0] == 0
    path.write_bytes(ORDER.replace(b"QTY+21:48", b"QTY+21:49"))
    code, says = edi("exchange", "audit", "--home", "home")
    assert code == 1 and "was altered" in says, says
