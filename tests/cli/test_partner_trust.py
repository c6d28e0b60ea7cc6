"""`edi-bridge partner trust` against a real sshd whose key is changed, and real FTPS and HTTPS servers with certificates of their own."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_case import Run

from edi_bridge.database import connect
from edi_bridge.store import alarm

for folder in ("transport", "alarming"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))

import alarming_case  # noqa: E402
import ssh_lab  # noqa: E402
from ftp_lab import Pyftpd, make_certificate  # noqa: E402

FILE = """# Acme; their desk: 0123 456
partner: acme
identities: [{{id: ACME, qualifier: ZZ}}]
channels:
  sftp:
    kind: sftp
    host: 127.0.0.1
    port: {port}
    user: nobody        # they gave us this one
    key: acme_key
    host_key: "{pin}"   # by phone, 2024
    get: /out
"""
WRONG = "SHA256:" + "A" * 43


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[ssh_lab.Sshd]:
    server = ssh_lab.Sshd(tmp_path / "sshd")
    yield server
    server.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "partners").mkdir(parents=True)
    return home


def acts(home: Path) -> list[tuple[str, str, str, str]]:
    with sqlite3.connect(home / "edi-bridge.sqlite") as connection:
        return connection.execute("SELECT act, subject, reason, details FROM audit").fetchall()


def test_a_changed_host_key_is_shown_beside_the_pinned_one_and_taken(edi: Run, home: Path, tmp_path: Path, sshd: ssh_lab.Sshd) -> None:
    path = home / "partners" / "acme.yaml"
    port, old = sshd.ports["full"], sshd.host_key
    path.write_text(FILE.format(port=port, pin=old))
    done = edi("partner", "trust", "acme", "--home", home)
    assert done.returncode == 0 and b"nothing is to be changed" in done.stderr, done.stderr
    for kind in ("ed25519", "ecdsa", "rsa"):
        for ending in ("", ".pub"):
            (sshd.folder / f"host_{kind}{ending}").unlink()
        ssh_lab.make_key(sshd.folder / f"host_{kind}", kind)
    sshd.close()
    sshd.process = subprocess.Popen([ssh_lab.SSHD, "-D", "-e", "-f", str(sshd.folder / "config")], stderr=(sshd.folder / "log").open("wb"))
    sshd._await()
    new = ssh_lab.fingerprint(sshd.folder / "host_ed25519.pub")
    before = path.read_text()

    done = edi("partner", "trust", "acme", "--home", home, stdin=b"n\n")  # the person does not know
    out = done.stdout.decode()
    assert done.returncode == 1 and path.read_text() == before and old in out and new in out and "not shown any more" in out and "NEW" in out
    done = edi("partner", "trust", "acme", "--home", home, "--fingerprint", WRONG, "--reason", "mail")
    assert done.returncode == 1 and path.read_text() == before and b"does not show" in done.stderr

    done = edi("partner", "trust", "acme", "--home", home, "--keep-old", stdin=b"y\ncalled their desk\n")
    assert done.returncode == 0, done.stderr
    assert path.read_text() == before.replace(f'"{old}"', f'["{old}", "{new}"]')
    ((act, subject, reason, details),) = acts(home)
    assert (act, subject, reason) == ("trust", "channel acme.sftp", "called their desk") and json.loads(details)["accepted"] == new
    assert json.loads(details)["before"] == [old] and b"nothing is to be changed" in edi("partner", "trust", "acme", "--home", home).stderr

    path.write_text(before)
    done = edi("partner", "trust", "acme", "--home", home, "--fingerprint", new, "--reason", "their mail, called back", "--json")
    assert done.returncode == 0 and json.loads(done.stdout) == [{"channel": "acme.sftp", "pinned": [old], "shown": json.loads(done.stdout)[0]["shown"],
                                                                 "accepted": new, "trusted": True, "waits_for_activation": False}]
    assert path.read_text() == before.replace(old, new) and list(path.parent.iterdir()) == [path]


def test_yes_needs_a_reason_and_a_server_that_is_away_changes_nothing(edi: Run, home: Path) -> None:
    path = home / "partners" / "acme.yaml"
    path.write_text(FILE.format(port=alarming_case.free_port(), pin=WRONG))
    assert edi("partner", "trust", "acme", "--home", home, "--yes").returncode == 2
    done = edi("partner", "trust", "acme", "--home", home, "--yes", "--reason", "x")
    assert done.returncode == 3 and b"cannot be reached" in done.stderr and WRONG in path.read_text()
    assert b"has no channels" in edi("partner", "trust", "havel_markt", "--home", home).stderr


@pytest.mark.parametrize("activate", ["explicit", "automatic"])
def test_where_a_person_activates_the_new_key_waits_and_the_command_says_what_to_type(edi: Run, home: Path, sshd: ssh_lab.Sshd, activate: str) -> None:
    (home / "settings.yaml").write_text(f"activate: {activate}\n")
    path = home / "partners" / "acme.yaml"
    path.write_text(FILE.format(port=sshd.ports["full"], pin=WRONG))
    assert edi("catalog", "activate", "--reason", "first", "--home", home).returncode == 0
    database = connect(home / "edi-bridge.sqlite")
    with database.write() as connection:
        alarm.raise_(connection, "trust", "channel acme.sftp", "another key", "2026-11-22T10:00:00Z")
    database.close()
    (home / "partners" / "other.yaml").write_text("partner: other\nidentities: [{id: OTHER, qualifier: ZZ}]\n")

    def trust(*more: str) -> tuple[bool, str]:
        done = edi("partner", "trust", "acme", "--home", home, "--json", *more)
        assert done.returncode == 0, done.stderr
        (one,) = json.loads(done.stdout)
        assert one["trusted"]
        return one["waits_for_activation"], done.stderr.decode()

    waits, says = trust("--yes", "--reason", "compared with their letter")
    with sqlite3.connect(home / "edi-bridge.sqlite") as connection:
        cleared = connection.execute("SELECT cleared_at != '' FROM alarm WHERE kind = 'trust'").fetchone()[0]
    if activate == "automatic":
        assert not waits and "NOT IN FORCE" not in says and cleared
        return
    assert waits and 'activate --reason "…"; that puts partners/other.yaml in force, too' in says and "NOT IN FORCE YET" in says
    assert not cleared, "the daemon does not go by the new key yet"
    assert WRONG in edi("catalog", "diff", "--home", home).stdout.decode(), "what is in force has the former one"
    waits, says = trust()
    assert waits and "nothing is to be changed" in says and "NOT IN FORCE YET" in says
    assert edi("catalog", "activate", "--reason", "their new key", "--home", home).returncode == 0
    assert trust()[0] is False and edi("catalog", "diff", "--home", home).returncode == 0


def test_certificates_of_ftps_and_https_servers(edi: Run, home: Path, tmp_path: Path) -> None:
    pem = tmp_path / "ftps.pem"
    make_certificate(pem)
    web = alarming_case.certificate(tmp_path)
    (home / "secrets").mkdir(mode=0o700)
    path = home / "partners" / "acme.yaml"
    (tmp_path / "ftp").mkdir()
    server = Pyftpd(tmp_path / "ftp", pem)
    try:
        with alarming_case.hook_server(web) as hook:
            path.write_text(f"""partner: acme
identities: [{{id: ACME, qualifier: ZZ}}]
channels:
  ftps: {{kind: ftps, host: 127.0.0.1, port: {server.port}, get: /out}}   # old FTP
  web: {{kind: http, url: "{hook.url}", certificate: "{WRONG}"}}
""")
            before = path.read_text()
            done = edi("partner", "trust", "acme", "--home", home, "--yes", "--reason", "compared with their letter")
            assert done.returncode == 0, done.stderr
    finally:
        server.close()
    wanted = before.replace("kind: ftps,", f'kind: ftps, certificate: "{_print(pem)}",').replace(WRONG, _print(web))
    assert path.read_text() == wanted and len(acts(home)) == 2


def _print(pem: Path) -> str:
    text = pem.read_text()
    begin, end = text.index("-----BEGIN CERT"), text.index("-----END CERTIFICATE-----") + 26
    return "SHA256:" + base64.b64encode(hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[begin:end])).digest()).decode().rstrip("=")
