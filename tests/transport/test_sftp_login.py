"""Signing in over SSH: every kind of key against OpenSSH, passwords against a server that takes them, and host keys."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import paramiko
import pytest
from battery import BIG, SECRET, channel, listed, only
from login_lab import USER, LoginLab
from ssh_lab import Sshd, fingerprint, make_key, user

from edi_bridge.fault import ConfigFault, TerminalFault, TransientFault
from edi_bridge.secret import Secrets
from edi_bridge.transport import open_transport, sftp_login
from edi_bridge.transport.contract import Transport

Opener = Callable[..., Transport]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """A transport by its options; `secrets` are given by name."""
    made: list[Transport] = []
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "order.edi").write_bytes(b"UNB")

    def opener(secrets: dict[str, str], **options: Any) -> Transport:
        said = {"host": "127.0.0.1", "timeout": "10s", "settle": "0s", "get": str(tmp_path / "out"), "put": str(tmp_path), **options}
        given = Secrets(None, {f"EDI_BRIDGE_SECRET_{name.upper()}": value for name, value in secrets.items()})
        made.append(open_transport(channel("sftp", **said), given))
        return made[-1]

    yield opener
    for one in made:
        one.close()


KEYS = {
    "ed25519": ("ed25519",), "ecdsa 256": ("ecdsa", "-b", "256"), "ecdsa 521": ("ecdsa", "-b", "521"), "rsa": ("rsa", "-b", "2048"),
    "rsa, PEM": ("rsa", "-b", "2048", "-m", "PEM"), "ecdsa, PEM": ("ecdsa", "-m", "PEM"),
}


@pytest.mark.parametrize("phrase", ["", "a phrase ü"], ids=["open", "locked"])
@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_of_key_signs_in(sshd: Sshd, opened: Opener, tmp_path: Path, kind: str, phrase: str) -> None:  # noqa: F811
    private = make_key(tmp_path / "key", *KEYS[kind], phrase=phrase)
    sshd.allow(tmp_path / "key")
    options = {"passphrase": "phrase"} if phrase else {}
    transport = opened({"ours": private, "phrase": phrase}, port=sshd.ports["full"], user=user(), key="ours", host_key=sshd.host_key, **options)
    assert only(transport).name == "order.edi"


def test_a_key_in_a_file_of_the_home_signs_in(sshd: Sshd, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "secrets").mkdir()
    make_key(tmp_path / "secrets" / "acme_key")
    sshd.allow(tmp_path / "secrets" / "acme_key")
    said = channel("sftp", host="127.0.0.1", port=sshd.ports["full"], user=user(), key="acme_key", host_key=sshd.host_key, get=str(tmp_path / "secrets"))
    line = sftp_login.connect(said, Secrets(tmp_path / "secrets", {}))
    assert line.is_authenticated()
    line.close()
    (tmp_path / "secrets" / "acme_key").chmod(0o644)
    with pytest.raises(ConfigFault, match="chmod 600"):
        sftp_login.connect(said, Secrets(tmp_path / "secrets", {}))


@pytest.mark.parametrize(("text", "options", "says"), [
    ("locked", {}, "is locked: say passphrase:"),
    ("locked", {"passphrase": "wrong"}, "the passphrase is wrong"),
    ("rubbish", {}, "no private key of OpenSSH or PEM"),
    ("PuTTY-User-Key-File-3: ssh-ed25519\n", {}, "puttygen"),
], ids=["no phrase", "wrong phrase", "no key", "PuTTY"])
def test_a_key_that_cannot_be_used_is_said_with_the_channel_s_place(sshd: Sshd, opened: Opener, tmp_path: Path, text: str,  # noqa: F811
                                                                    options: dict[str, str], says: str) -> None:
    if text == "locked":
        text = make_key(tmp_path / "key", phrase="right")
    transport = opened({"ours": text, "wrong": "wrong horse"}, port=sshd.ports["full"], user=user(), key="ours", host_key=sshd.host_key, **options)
    with pytest.raises(ConfigFault, match=says) as caught:
        listed(transport)
    assert str(caught.value).startswith("partners/lab.yaml:1:") and "wrong horse" not in str(caught.value)


def test_a_secret_that_is_missing_is_named(sshd: Sshd, opened: Opener) -> None:  # noqa: F811
    with pytest.raises(ConfigFault, match=r"partners/lab\.yaml:1:\d+: channel lab\.way: there is no secret ours: put it into"):
        listed(opened({}, port=sshd.ports["full"], user=user(), key="ours", host_key=sshd.host_key))


def test_an_agent_signs_in(sshd: Sshd, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    make_key(tmp_path / "key")
    sshd.allow(tmp_path / "key")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(tmp_path / "agent")], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        options = {"port": sshd.ports["full"], "user": user(), "agent": True, "host_key": sshd.host_key}
        for _ in range(100):
            if subprocess.run(["ssh-add", "-q", str(tmp_path / "key")], capture_output=True).returncode == 0:
                break
        assert only(opened({}, **options)).name == "order.edi"
        subprocess.run(["ssh-add", "-q", "-D"], check=True, capture_output=True)
        with pytest.raises(ConfigFault, match="no ssh-agent with a key"):
            listed(opened({}, **options))
    finally:
        agent.terminate()
        agent.wait()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Callable[..., tuple[LoginLab, str]]]:
    """A server that signs in as it is told, and the fingerprint of its key."""
    make_key(tmp_path / "host", "ecdsa")
    labs: list[LoginLab] = []

    def serve(*steps: str, **how: Any) -> tuple[LoginLab, str]:
        labs.append(LoginLab(paramiko.ECDSAKey.from_private_key_file(str(tmp_path / "host")), steps, SECRET, **how))
        return labs[-1], fingerprint(tmp_path / "host.pub")

    yield serve
    for one in labs:
        one.close()


@pytest.mark.parametrize("steps", [("password",), ("keyboard-interactive",), ("publickey", "password"), ("publickey", "keyboard-interactive")], ids="-then-".join)
def test_passwords_and_several_steps_sign_in(opened: Opener, lab: Callable[..., tuple[LoginLab, str]], tmp_path: Path, steps: tuple[str, ...]) -> None:
    key = make_key(tmp_path / "key")
    server, pin = lab(*steps, key=paramiko.Ed25519Key.from_private_key_file(str(tmp_path / "key")))
    options = {"key": "ours"} if "publickey" in steps else {}
    assert only(opened({"ours": key, "word": SECRET}, port=server.port, user=USER, password="word", host_key=pin, **options)).name == "order.edi"


@pytest.mark.parametrize("steps", [("password",), ("keyboard-interactive",), ("publickey", "password")], ids="-then-".join)
def test_a_wrong_password_is_terminal_and_says_what_the_server_asks_for(opened: Opener, lab: Callable[..., tuple[LoginLab, str]],
                                                                       steps: tuple[str, ...]) -> None:
    server, pin = lab(*steps)
    with pytest.raises(TerminalFault, match=f"refuses the login of nordwind by password word.*{steps[0]}") as caught:
        listed(opened({"word": "wrong horse"}, port=server.port, user=USER, password="word", host_key=pin))
    assert "wrong horse" not in str(caught.value)


def test_a_weak_server_is_refused_until_the_channel_allows_it(opened: Opener, lab: Callable[..., tuple[LoginLab, str]]) -> None:
    server, pin = lab("password", digests=("hmac-sha1",), ciphers=("aes256-cbc",))
    options = {"port": server.port, "user": USER, "password": "word", "host_key": pin}
    for weak in (None, "hmac-sha1", ["aes256-cbc"]):
        with pytest.raises(TerminalFault, match="no algorithm in common that is strong enough.*weak:"):
            listed(opened({"word": SECRET}, weak=weak, **options))
    assert only(opened({"word": SECRET}, weak=["hmac-sha1", "aes256-cbc"], **options)).name == "order.edi"


def test_each_weak_algorithm_is_one_that_paramiko_would_offer() -> None:
    for kind, names in sftp_login.WEAK.items():
        assert set(names) <= set(getattr(paramiko.Transport, f"_preferred_{kind}"))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_any_of_the_server_s_keys_may_be_the_pinned_one(sshd: Sshd, opened: Opener, kind: str) -> None:  # noqa: F811
    secrets, options = {"ours": (sshd.folder.parent / "ours").read_text()}, {"port": sshd.ports["full"], "user": user(), "key": "ours"}
    public = sshd.folder / f"host_{kind}.pub"
    assert only(opened(secrets, host_key=fingerprint(public), **options)).name == "order.edi"
    assert only(opened(secrets, host_key=public.read_text().strip(), **options)).name == "order.edi"
    assert only(opened(secrets, host_key=["SHA256:" + "A" * 43, fingerprint(public)], **options)).name == "order.edi"


def test_an_unknown_host_key_is_refused_with_both_fingerprints_and_nothing_is_sent(sshd: Sshd, opened: Opener) -> None:  # noqa: F811
    transport = opened({"ours": "never read"}, port=sshd.ports["full"], user=user(), key="ours", host_key="SHA256:" + "A" * 43)
    with pytest.raises(TerminalFault) as caught:
        listed(transport)
    says = str(caught.value)
    assert all(fingerprint(sshd.folder / f"host_{kind}.pub") in says for kind in ("ed25519", "ecdsa", "rsa")) and "SHA256:" + "A" * 43 in says
    assert "Nothing was sent" in says and "partners/lab.yaml" in says
    probes = list(transport.probes())
    assert [(probe.step, probe.good) for probe in probes] == [("connect", True), ("host key", False)]
    assert probes[-1].says == says


def test_without_a_pinned_key_the_refusal_shows_what_to_compare(sshd: Sshd, opened: Opener) -> None:  # noqa: F811
    with pytest.raises(TerminalFault, match="no host key of 127.0.0.1.* is pinned; it shows") as caught:
        listed(opened({"ours": "never read"}, port=sshd.ports["full"], user=user(), key="ours"))
    assert f'write host_key: "{sshd.host_key}"' in str(caught.value)


def test_a_banner_and_then_nothing_is_left_in_time(opened: Opener) -> None:
    from lines import Silent

    silent = Silent(b"SSH-2.0-OpenSSH_9.2\r\n")
    with pytest.raises(TransientFault, match="has not answered for 1 s|does not greet"):
        listed(opened({}, port=silent.port, user="u", password="p", timeout="1s", host_key="SHA256:" + "A" * 43))
    silent.close()


def test_what_is_no_ssh_server_is_said(opened: Opener) -> None:
    from lines import Silent

    silent = Silent(b"220 ACME FTP server ready\r\n" * 200)
    with pytest.raises(TransientFault, match="does not greet us as an SSH server does"):
        listed(opened({}, port=silent.port, user="u", password="p", timeout="5s", host_key="SHA256:" + "A" * 43))
    silent.close()


def test_a_name_that_does_not_exist_is_said(opened: Opener) -> None:
    with pytest.raises(TransientFault, match=r"nobody\.invalid:22 cannot be reached"):
        listed(opened({}, host="nobody.invalid", user="u", password="p", timeout="2s", host_key="SHA256:" + "A" * 43))


def test_a_line_that_takes_no_more_bytes_is_left_in_time(opened: Opener, lab: Callable[..., tuple[LoginLab, str]]) -> None:
    """The server lets us send without end (a large window) and the line stands still: paramiko alone would write for ever."""
    server, pin = lab("password", window=1 << 30)
    listener, stalled = socket.create_server(("127.0.0.1", 0)), threading.Event()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def relay() -> None:
        with suppress(OSError):
            ours, _ = listener.accept()
            theirs = socket.create_connection(("127.0.0.1", server.port))
            threading.Thread(target=carry, args=(theirs, ours, 1 << 60), daemon=True).start()
            carry(ours, theirs, 100_000)
            stalled.wait(30)

    def carry(source: socket.socket, sink: socket.socket, most: int) -> None:
        with suppress(OSError):
            while most > 0 and (block := source.recv(4096)):
                most -= len(block)
                sink.sendall(block)

    threading.Thread(target=relay, daemon=True).start()
    transport = opened({"word": SECRET}, port=listener.getsockname()[1], user=USER, password="word", host_key=pin, timeout="2s", deadline="1m")
    with pytest.raises(TransientFault, match="taken nothing for 2 s"):
        transport.put("invoice.edi", io.BytesIO(BIG * 4), len(BIG) * 4)
    stalled.set()
    listener.close()


def test_nothing_of_paramiko_is_printed(sshd: Sshd, tmp_path: Path) -> None:  # noqa: F811
    """A dropped connection is one sentence of ours, not a traceback of a thread."""
    from lines import Silent

    silent = Silent(b"rubbish\r\n" * 200)
    code = (f"import sys; sys.path[:0] = {[str(Path(__file__).parents[2]), str(Path(__file__).parent)]!r}\n"
            "from battery import channel\nfrom edi_bridge.secret import Secrets\nfrom edi_bridge.transport import open_transport\n"
            f"way = channel('sftp', host='127.0.0.1', port={silent.port}, user='u', password='p', timeout='2s', get='/x', host_key='SHA256:{'A' * 43}')\n"
            "print([probe.good for probe in open_transport(way, Secrets()).probes()])\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[False]\n", "")
    silent.close()
