"""`edi-bridge lab van` in a process of its own, as a person runs it."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from lab_case import edifact

from edi_bridge import cli
from edi_bridge.channel import load
from edi_bridge.lab.switch import as_markdown
from edi_bridge.yamltext import parse

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if not name.startswith("EDI_BRIDGE_")}, "PYTHONPATH": str(ROOT)}


def command(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "edi_bridge.cli", "lab", "van", *args], cwd=folder, env=ENVIRONMENT, capture_output=True,
                          text=True, timeout=30, check=False)


def until(process: subprocess.Popen[str], words: str, seconds: float = 20) -> str:
    """What a process prints up to and with the words."""
    assert process.stdout is not None
    read, end = "", time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while words not in read:
            assert time.monotonic() < end and process.poll() is None, read
            if selector.select(0.2):
                read += os.read(process.stdout.fileno(), 65536).decode()
    return read


def test_with_ftps_it_prints_what_happens_and_nothing_else(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-m", "edi_bridge.cli", "lab", "van", "--port", "0", "--ftps-port", "0"], cwd=tmp_path, env=ENVIRONMENT,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert "(explicit TLS)" in until(process, "what they stand at)")
        time.sleep(1)  # ten looks at its connections
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert out.strip() == "stopped" and err == ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen([sys.executable, "-m", "edi_bridge.cli", "lab", "van", "--port", "0"], cwd=folder, env=ENVIRONMENT,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process, until(process, "what they stand at)")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_it_says_how_it_is_reached_and_what_it_says_is_a_channel(running: tuple[subprocess.Popen[str], str], folder: Path) -> None:
    process, told = running
    block = told[told.index("channels:"): told.index("and its secret:")]
    channel = load(parse(block, "partners/_channels.yaml")["channels"], "", "partners/_channels.yaml")["lab"]
    assert (channel.kind, channel.options["user"], channel.options["host"]) == ("van", "we", "127.0.0.1")
    found = re.search(r"^and its secret: export EDI_BRIDGE_SECRET_LAB_WE=(\S+)$", told, re.MULTILINE)
    assert found is not None
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", channel.options["port"], "we", found[1], allow_agent=False, look_for_keys=False)
    key = client.get_transport().get_remote_server_key()  # type: ignore[union-attr]
    assert (key.fingerprint,) == channel.options["host_key"]
    with client.open_sftp() as sftp, sftp.open(f"{channel.options['we_put']}/order.edi", "wb") as out:
        out.write(edifact("417"))
    until(process, "we → acme  edifact 417  order.edi → ")
    client.close()


def test_switches_are_set_while_it_runs(running: tuple[subprocess.Popen[str], str], folder: Path) -> None:
    process, _ = running
    done = command("set", "lost=1", "acme.doubled=20%", folder=folder)
    assert done.returncode == 0 and re.search(r"^lost +1 +", done.stdout, re.MULTILINE) and re.search(r"^acme.doubled +20%", done.stdout, re.MULTILINE)
    (folder / "edi-bridge-lab" / "boxes" / "we" / "in" / "order.edi").write_bytes(edifact("417"))
    until(process, "lost            we → acme  edifact 417  order.edi")
    assert re.search(r"^lost +off +", command("set", folder=folder).stdout, re.MULTILINE)


def test_a_second_one_in_the_folder_is_refused(running: tuple[subprocess.Popen[str], str], folder: Path) -> None:
    done = command("--port", "0", folder=folder)
    assert done.returncode == 2 and "a network is running here already" in done.stderr


@pytest.mark.parametrize(("args", "says"), [
    (("set", "lost=1"), "there is no network here"), (("--account", "x"), "is no account"), (("--partner", "nobody"), "no partner nobody"),
    (("--account", "a=1", "--partner", "acme"), "not both"), (("set", "lots=1", "--folder", "there"), "there is no switch lots")])
def test_wrong_use_is_said(args: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there" / "boxes" / "we").mkdir(parents=True)
    assert cli.run(["lab", "van", *args]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_mailboxes_of_a_home_s_partners_until_it_is_ended(number: int, tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-m", "edi_bridge.cli", "lab", "van", "--port", "0", "--partner", "acme", "--partner", "elbe"],
                               cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    told = until(process, "what they stand at)")
    process.send_signal(number)
    out, _ = process.communicate(timeout=15)
    assert (process.returncode, out.splitlines()[-1]) == (0, "stopped")
    assert re.findall(r"^  (\w+)  password", told, re.MULTILINE) == ["we", "acme", "elbe"] and "14:9521200043594" in told


def test_the_switches_in_the_document_are_printed_from_the_code() -> None:
    assert as_markdown() in (ROOT / "docs" / "lab.md").read_text("utf-8")
