"""`edi-bridge partner ping`, against the network in a box and servers that are not there."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_case import Run

from edi_bridge.lab.account import accounts, spelled
from edi_bridge.lab.van import Van


@pytest.fixture
def van(tmp_path: Path) -> Iterator[Van]:
    folder = tmp_path / "lab"
    folder.mkdir()
    with Van(folder, accounts(folder, [spelled("we=ZZ:WE"), spelled("acme=ZZ:ACME")])) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, van: Van) -> Path:
    """A home whose partner acme is reached by the network's SFTP server, and a company channel that is the network itself."""
    home = tmp_path / "home"
    (home / "partners").mkdir(parents=True)
    (home / "secrets").mkdir(mode=0o700)
    for account in van.accounts:
        path = home / "secrets" / f"lab_{account.name}"
        path.write_text(account.password)
        path.chmod(0o600)
    assert van.sftp is not None
    (home / "partners" / "acme.yaml").write_text(f"""partner: acme
identities: [{{id: ACME, qualifier: ZZ}}]
channels:
  sftp: {{kind: sftp, host: 127.0.0.1, port: {van.sftp.port}, user: acme, password: lab_acme, host_key: "{van.fingerprint}", get: /out}}
""")
    (home / "partners" / "_channels.yaml").write_text(van.channels(van.accounts[0]))
    return home


def test_all_steps_work(edi: Run, home: Path) -> None:
    done = edi("partner", "ping", "acme", "--home", home)
    out = done.stdout.decode()
    assert done.returncode == 0 and "failed" not in out, out + done.stderr.decode()
    assert re.search(r"^acme\.sftp +connect +ok +\d+ ", out, re.MULTILINE) and re.search(r"^acme\.sftp +list +ok", out, re.MULTILINE)


def test_a_channel_of_the_company_as_json(edi: Run, home: Path, van: Van) -> None:
    done = edi("partner", "ping", "--channel", "lab", "--home", home, "--json")
    rows = json.loads(done.stdout)
    assert done.returncode == 0 and {row["channel"] for row in rows} == {"lab"} and {row["kind"] for row in rows} == {"van"}
    assert van.fingerprint in " ".join(row["says"] for row in rows)
    assert any(row["step"] == "put" and "not tried" in row["says"] for row in rows)
    assert van.network.box("we", "in").exists() and list(van.network.box("we", "in").iterdir()) == []


def test_a_changed_host_key_and_a_wrong_password_fail_and_tell_no_secret(edi: Run, home: Path) -> None:
    path = home / "partners" / "acme.yaml"
    right = path.read_text()
    path.write_text(re.sub(r"SHA256:\S{43}", "SHA256:" + "A" * 43, right))
    done = edi("partner", "ping", "acme", "--home", home)
    assert done.returncode == 1 and b"SHA256:AAAA" in done.stdout and b"failed" in done.stdout
    path.write_text(right)
    (home / "secrets" / "lab_acme").write_text("wrong horse")
    done = edi("partner", "ping", "acme", "--home", home)
    assert done.returncode == 1 and b"failed" in done.stdout and b"wrong horse" not in done.stdout + done.stderr


def test_one_channel_that_is_away_does_not_keep_others_from_being_tried(edi: Run, home: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (home / "partners" / "acme.yaml").open("a") as file:
        file.write(f"""  away: {{kind: http, url: "http://127.0.0.1:{port}/in"}}
  locked: {{kind: http, url: "https://acme.example/in", bearer: not_there}}
  post: {{kind: http-in, token: not_there}}
""")
    done = edi("partner", "ping", "acme", "--home", home, "--json")
    rows = json.loads(done.stdout)
    bad = {(row["channel"], row["step"]): row["says"] for row in rows if not row["good"]}
    assert done.returncode == 1 and set(bad) == {("acme.away", "connect"), ("acme.locked", "open")}
    assert "cannot be reached" in bad["acme.away", "connect"] and "there is no secret not_there" in bad["acme.locked", "open"]
    assert [row["step"] for row in rows if row["channel"] == "acme.post"] == ["listen"]
    assert edi("partner", "ping", "acme", "--channel", "sftp", "--home", home).returncode == 0


@pytest.mark.parametrize(("args", "says"), [
    ((), "say a PARTNER"), (("nobody",), "there is no partner nobody"), (("elbe",), "elbe has no channels; the company's are lab"),
    (("--channel", "nowhere"), "there is no channel nowhere; known are"), (("elbe", "--channel", "acme.sftp"), "is not elbe's")])
def test_wrong_use_is_said(edi: Run, home: Path, args: tuple[str, ...], says: str) -> None:
    done = edi("partner", "ping", *args, "--home", home)
    assert done.returncode == 2 and says in done.stderr.decode()
