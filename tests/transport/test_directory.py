"""Folders of this machine, by the battery of all transports; and what only folders can do: claims of two processes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from battery import BIG, FetchBattery, Place, PutBattery, fetched, listed, only

from edi_bridge.fault import TerminalFault, TransientFault, UncertainFault
from edi_bridge.secret import Secrets
from edi_bridge.transport.contract import RemoteFile


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    folders = [tmp_path / name for name in ("out", "inbox", "done")]
    for folder in folders:
        folder.mkdir()
    out, inbox, done = folders
    made = Place("directory", {"get": str(out), "put": str(inbox)}, Secrets(), out, inbox, done, str(done))
    yield made
    made.close()


class TestFetchingFromAFolder(FetchBattery):
    pass


class TestPuttingIntoAFolder(PutBattery):
    pass


def test_of_two_processes_one_takes_a_file(place: Place) -> None:
    place.lies("order.edi", b"one")
    first, second = place.open(), place.open()
    ours, theirs = only(first), only(second)
    assert fetched(first, ours) == b"one"
    with pytest.raises(TransientFault, match=r"order\.edi"):
        second.fetch(theirs, io.BytesIO())
    assert listed(second) == [], "what a living process holds is not listed"
    first.confirm(ours)
    assert not place.kept(b"one")


def test_what_a_killed_process_held_is_taken_over(place: Place) -> None:
    """A real process, killed after its claim; the lock goes with it."""
    place.lies("order.edi", b"one")
    code = (f"import sys; sys.path[:0] = {[str(Path(__file__).parents[2]), str(Path(__file__).parent)]!r}\n"
            "import io, os, signal\nfrom battery import channel, only\nfrom edi_bridge.secret import Secrets\n"
            "from edi_bridge.transport import open_transport\n"
            f"way = open_transport(channel('directory', get={str(place.out)!r}, settle='0s'), Secrets(),\n"
            "                     lambda point: os.kill(os.getpid(), signal.SIGKILL) if point == 'claimed' else None)\n"
            "way.fetch(only(way), io.BytesIO())\n")
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert not (place.out / "order.edi").exists(), "it was claimed"
    transport = place.open()
    file = only(transport)
    assert (file.name, fetched(transport, file)) == ("order.edi", b"one")
    transport.confirm(file)
    transport.close()
    assert list(place.out.rglob("*")) == [], "no claim, no lock and no folder is left"


def test_two_files_of_one_name_one_after_the_other_are_two(place: Place) -> None:
    transport = place.open()
    files = []
    for content in (b"one", b"two"):
        place.lies("order.edi", content)
        files.append(next(file for file in listed(transport) if file not in files))
        assert fetched(transport, files[-1]) == content
    for file in files:
        transport.confirm(file)
    assert listed(transport) == [] and not place.kept(b"one") and not place.kept(b"two")


def test_a_pipe_and_a_link_in_the_place_of_a_listed_file_are_left(place: Place, tmp_path: Path) -> None:
    """Between listing and fetch somebody lays something else there: a link to a file of ours, a pipe that would stop us."""
    (tmp_path / "secret").write_bytes(b"a secret of this machine")
    for lay in (lambda path: path.symlink_to(tmp_path / "secret"), os.mkfifo):
        path = place.lies("order.edi", b"one")
        transport = place.open(after="keep")
        file = only(transport)
        path.unlink()
        lay(path)
        into = io.BytesIO()
        with pytest.raises(TransientFault, match=r"order\.edi"):
            transport.fetch(file, into)
        assert into.getvalue() == b""
        path.unlink()
    path = place.lies("order.edi", b"one")
    transport = place.open()
    file = only(transport)
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(TransientFault):
        transport.fetch(file, io.BytesIO())
    transport.confirm(file)
    assert (tmp_path / "secret").exists()


def test_a_token_that_was_made_up_leads_nowhere(place: Place, tmp_path: Path) -> None:
    (tmp_path / "outside.edi").write_bytes(b"not theirs")
    transport = place.open()
    for token in ("..%2Foutside.edi/1/2/3", "%2E%2E/1/2/3", "a%00b/1/2/3", f"{quote(str(tmp_path / 'outside.edi'), safe='')}/1/2/3"):
        file = RemoteFile("outside.edi", 10, "", token)
        with pytest.raises((TransientFault, TerminalFault)):
            transport.fetch(file, io.BytesIO())
        with suppress(TerminalFault):
            transport.confirm(file)
    assert (tmp_path / "outside.edi").read_bytes() == b"not theirs"


def test_links_and_pipes_under_the_names_of_a_put_are_not_written_through(place: Place, tmp_path: Path) -> None:
    ours, temporary, name = tmp_path / "ours", place.inbox / "invoice.edi.part", place.inbox / "invoice.edi"
    ours.write_bytes(b"a file of this machine")
    for lay in (lambda: temporary.symlink_to(ours), lambda: os.link(ours, temporary), lambda: os.mkfifo(temporary)):
        lay()
        place.open().put("invoice.edi", io.BytesIO(b"UNB"), 3)
        assert name.read_bytes() == b"UNB" and not temporary.exists()
    name.unlink()
    name.symlink_to(ours)
    with pytest.raises(TransientFault, match=r"invoice\.edi: another file of this name"):
        place.open().put("invoice.edi", io.BytesIO(b"UNB"), 3)
    assert ours.read_bytes() == b"a file of this machine"


def test_an_upload_may_stand_in_another_folder(place: Place) -> None:
    (place.inbox / "tmp").mkdir()
    place.open(upload="tmp/{name}").put("invoice.edi", io.BytesIO(b"UNB"), 3)
    assert (place.inbox / "invoice.edi").read_bytes() == b"UNB" and list((place.inbox / "tmp").iterdir()) == []


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 1 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_said_and_leaves_nothing(place: Place, small: Path) -> None:
    transport = place.open(put=str(small))
    with pytest.raises(TransientFault, match=r"invoice\.edi: No space left on device") as caught:
        transport.put("invoice.edi", io.BytesIO(BIG), len(BIG))
    assert not isinstance(caught.value, UncertainFault) and list(small.iterdir()) == []
    transport.put("invoice.edi", io.BytesIO(b"UNB"), 3)
    assert (small / "invoice.edi").read_bytes() == b"UNB"


def test_files_are_moved_to_another_file_system_whole(place: Place, small: Path) -> None:
    for content in (b"one", b"two"):
        place.lies("order.edi", content)
        transport = place.open(after="move", done=str(small))
        file = only(transport)
        fetched(transport, file)
        transport.confirm(file)
    assert {path.name: path.read_bytes() for path in small.iterdir()} == {"order.edi": b"one", "order.edi.2": b"two"}
    place.lies("large.edi", BIG)
    transport = place.open(after="move", done=str(small))
    file = only(transport)
    fetched(transport, file)
    with pytest.raises(TransientFault, match="No space left"):
        transport.confirm(file)
    assert place.kept(BIG) and sorted(path.name for path in small.iterdir()) == ["order.edi", "order.edi.2"]


def test_a_claim_folder_on_another_file_system_is_said(place: Place, small: Path) -> None:
    place.lies("order.edi", b"one")
    transport = place.open(claim=str(small / "claim"))
    file = only(transport)
    with pytest.raises(TransientFault, match="claim: must be on the file system of get:"):
        transport.fetch(file, io.BytesIO())
    assert (place.out / "order.edi").read_bytes() == b"one"


def test_a_folder_that_may_not_be_written_is_said(place: Place) -> None:
    if os.getuid() == 0:
        pytest.skip("root may write everywhere")
    place.lies("order.edi", b"one")
    place.out.chmod(0o500)
    transport = place.open()
    with pytest.raises(TransientFault, match="Permission denied"):
        transport.fetch(only(transport), io.BytesIO())
    place.out.chmod(0o700)
