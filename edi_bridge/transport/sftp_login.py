"""An SSH connection to a server whose key is pinned, signed in with what the channel names. Every step ends in time.

Traps of paramiko that are held here: `start_client` returns as if nothing were wrong when its time is over; opening a subsystem waits
for ever, and so does writing to a server that no longer reads; a timeout and a refused login are the same exception; and it offers
CBC, MD5 and SHA-1 unless told otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import paramiko

from edi_bridge.channel import Channel
from edi_bridge.fault import ChannelFault, ConfigFault, TerminalFault, TransientFault, UntrustedFault
from edi_bridge.secret import Secrets
from edi_bridge.transport.sftp_packets import BROKEN, Session

# What paramiko would offer and nobody should use: CBC (RFC 4253 with plaintext recovery, CVE-2008-5161), 3DES, MD5, SHA-1.
WEAK: dict[str, tuple[str, ...]] = {
    "ciphers": ("aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"),
    "macs": ("hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"),
}
# Host keys of one kind; a server may hold one of each, and the pinned one need not be the one it shows first.
FAMILIES = (("ssh-ed25519",), ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"), ("rsa-sha2-512", "rsa-sha2-256"))
KEY_CLASSES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
Way = Callable[[], list[str]]  # a try to sign in: the kinds of login that the server wants besides
AGENT_KEYS = 5  # servers end the connection after some six tries

_log = logging.getLogger("paramiko")
if _log.level == logging.NOTSET:
    _log.setLevel(logging.CRITICAL)  # it logs every dropped connection with a traceback; ours are faults, said once


def connect(channel: Channel, secrets: Secrets) -> paramiko.Transport:
    """A connection on which we are signed in. TransientFault: away or silent; UntrustedFault: another host key;
    ChannelFault: the login is refused."""
    line = _greet_pinned(channel)
    try:
        with _in_time(line, channel):
            _sign_in(line, channel, secrets)
    except (TransientFault, TerminalFault, ConfigFault):
        line.close()
        raise
    if channel.options["keepalive"]:
        line.set_keepalive(max(1, int(channel.options["keepalive"])))
    return line


def open_sftp(line: paramiko.Transport, channel: Channel) -> paramiko.Channel:
    """The SFTP subsystem on a connection."""
    with _in_time(line, channel):
        try:
            pipe = line.open_session(timeout=channel.options["timeout"])
            pipe.settimeout(channel.options["timeout"])
            pipe.invoke_subsystem("sftp")
        except BROKEN as error:
            raise TransientFault(f"{_place(channel)} opens no SFTP session: {_words(error)}") from None
    return pipe


def watched(line: paramiko.Transport, session: Session, timeout: float) -> None:
    """End the connection when a write has been under way for longer than the timeout: paramiko's own would be tried for ever."""

    def watch() -> None:
        while line.is_active():
            time.sleep(min(1.0, timeout / 8))
            if time.monotonic() - session.writing_since > timeout:
                line.close()

    threading.Thread(target=watch, name=f"sftp-watch-{line.native_id}", daemon=True).start()


def shown_keys(channel: Channel) -> list[tuple[str, str]]:
    """(type, SHA256 fingerprint) of each host key that the server has now: what a person compares before it is pinned."""
    found = []
    for family in FAMILIES:
        with suppress(paramiko.ssh_exception.IncompatiblePeer):
            line = _greet(channel, family)
            key = line.get_remote_server_key()
            found.append((key.get_name(), fingerprint(key.asbytes())))
            line.close()
    return found


def fingerprint(key: bytes) -> str:
    """As `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def pinned(host_keys: Sequence[str]) -> set[str]:
    """The fingerprints of a channel's `host_key`, whichever way they are written."""
    return {one if one.startswith("SHA256:") else fingerprint(base64.b64decode(one.split()[1])) for one in host_keys}


def _greet_pinned(channel: Channel) -> paramiko.Transport:
    """A connection whose host key is one of the pinned ones; the server is asked for each kind of key it may have."""
    pins, seen = pinned(channel.options["host_key"]), []
    for families in (sum(FAMILIES, ()), *FAMILIES):
        try:
            line = _greet(channel, families)
        except paramiko.ssh_exception.IncompatiblePeer as error:
            if families == sum(FAMILIES, ()):
                raise ChannelFault(f"{_place(channel)} and we have no algorithm in common that is strong enough ({_words(error)}); "
                                   "weak: can allow an old one") from None
            continue
        key = line.get_remote_server_key()
        print_ = fingerprint(key.asbytes())
        if print_ in pins:
            return line
        line.close()
        if (said := f"{print_} ({key.get_name()})") not in seen:
            seen.append(said)
        if not pins:
            break
    if not pins:
        raise UntrustedFault(f"no host key of {_place(channel)} is pinned; it shows {seen[0]}: when the partner has confirmed it, write "
                             f"host_key: \"{seen[0].split()[0]}\" into {channel.file}. Nothing was sent")
    raise UntrustedFault(f"{_place(channel)} shows the host key {', '.join(seen)}, and pinned is {', '.join(sorted(pins))}: it may be somebody else. "
                         f"Nothing was sent; ask the partner whether the key was changed, then change host_key: in {channel.file}")


def _greet(channel: Channel, families: Sequence[str]) -> paramiko.Transport:
    """Connect and agree on keys, no login yet. IncompatiblePeer: nothing in common."""
    said = channel.options
    try:
        wire = socket.create_connection((said["host"], said["port"]), said["timeout"])
    except OSError as error:
        raise TransientFault(f"{_place(channel)} cannot be reached: {_words(error)}") from None
    disabled = {kind: [name for name in names if name not in said["weak"]] for kind, names in WEAK.items()}
    disabled["keys"] = [name for names in FAMILIES for name in names if name not in families]
    line = paramiko.Transport(wire, disabled_algorithms=disabled)
    line.banner_timeout = line.handshake_timeout = line.auth_timeout = line.channel_timeout = said["timeout"]
    try:
        with _in_time(line, channel):
            line.start_client(timeout=said["timeout"])
            if not line.initial_kex_done:
                raise TransientFault(f"{_place(channel)} has not answered for {said['timeout']:g} s")
    except paramiko.ssh_exception.IncompatiblePeer:
        line.close()
        raise
    except BROKEN as error:
        line.close()
        raise TransientFault(f"{_place(channel)} does not greet us as an SSH server does: {_words(error)}") from None
    except TransientFault:
        line.close()
        raise
    return line


@contextmanager
def _in_time(line: paramiko.Transport, channel: Channel) -> Iterator[None]:
    """Close the connection when what is inside lasts longer than the timeout; paramiko waits without one in places."""
    over = threading.Event()

    def end() -> None:
        over.set()
        line.close()

    watch = threading.Timer(channel.options["timeout"], end)
    watch.daemon = True
    watch.start()
    try:
        yield
    except (TransientFault, TerminalFault, *BROKEN):
        if over.is_set():
            raise TransientFault(f"{_place(channel)} has not answered for {channel.options['timeout']:g} s") from None
        raise
    finally:
        watch.cancel()


def _sign_in(line: paramiko.Transport, channel: Channel, secrets: Secrets) -> None:
    """Each way that the channel names, in turn; a server may want several of them one after the other (key, then password)."""
    user, refused = channel.options["user"], []
    offered: list[str] = []
    for what, way in _ways(line, channel, secrets):
        try:
            offered = way()
        except paramiko.BadAuthenticationType as error:
            offered = error.allowed_types
            refused.append(f"{what} (not asked for)")
        except paramiko.AuthenticationException as error:
            if not line.is_active() or "timeout" in str(error).lower():
                raise TransientFault(f"{_place(channel)} ended the connection while we signed in: {_words(error)}") from None
            refused.append(what)
        except BROKEN as error:
            if refused:
                break
            raise TransientFault(f"{_place(channel)} ended the connection while we signed in: {_words(error)}") from None
        if line.is_authenticated():
            return
    wants = f"; it asks for {', '.join(offered)}" if offered else ""
    raise ChannelFault(f"{_place(channel)} refuses the login of {user} by {', '.join(refused) or 'what was offered'}{wants}")


def _ways(line: paramiko.Transport, channel: Channel, secrets: Secrets) -> Iterator[tuple[str, Way]]:
    said = channel.options
    if said["key"]:
        key = load_key(channel, secrets)
        yield f"key {said['key']}", lambda: line.auth_publickey(said["user"], key)
    if said["agent"]:
        keys = paramiko.Agent().get_keys()[:AGENT_KEYS]
        if not keys and not (said["key"] or said["password"]):
            raise channel.fault("agent: true, and no ssh-agent with a key is running for this process (SSH_AUTH_SOCK)")
        for held in keys:
            yield f"key {held.fingerprint} of the agent", lambda held=held: line.auth_publickey(said["user"], held)  # type: ignore[misc]
    if said["password"]:
        password = _secret(channel, secrets, said["password"])
        yield f"password {said['password']}", lambda: line.auth_password(said["user"], password, fallback=False)

        def answer(title: str, instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
            return [said["user"] if echo else password for _, echo in prompts]  # what is echoed is no secret: who we are

        yield f"password {said['password']} when asked", lambda: line.auth_interactive(said["user"], answer)


def load_key(channel: Channel, secrets: Secrets) -> paramiko.PKey:
    """The private key that a channel names. ConfigFault when it is none, or is locked and `passphrase:` does not open it."""
    name = channel.options["key"]
    text = _secret(channel, secrets, name) + "\n"
    phrase = _secret(channel, secrets, channel.options["passphrase"]) if channel.options["passphrase"] else None
    if text.startswith("PuTTY-User-Key-File"):
        raise channel.fault(f"the secret {name} is a key in PuTTY's form: export it in OpenSSH's (puttygen KEY.ppk -O private-openssh)")
    locked = False
    for kind in KEY_CLASSES:
        try:
            return kind.from_private_key(io.StringIO(text), phrase)
        except paramiko.PasswordRequiredException:
            locked = True
        except (paramiko.SSHException, ValueError):  # another kind of key, or the wrong passphrase
            continue
    if locked:
        raise channel.fault(f"the private key {name} is locked: say passphrase: NAME of the secret that opens it")
    if phrase is not None:
        raise channel.fault(f"the private key {name} cannot be read: it is no OpenSSH or PEM key (ed25519, ecdsa, rsa), or the passphrase is wrong")
    raise channel.fault(f"the secret {name} is no private key of OpenSSH or PEM (ed25519, ecdsa, rsa)")


def _secret(channel: Channel, secrets: Secrets, name: str) -> str:
    """A secret; where there is none, the place of the channel that names it is said."""
    try:
        return secrets.get(name)
    except ConfigFault as fault:
        raise channel.fault("; ".join(sentence for *_, sentence in fault.problems)) from None


def _place(channel: Channel) -> str:
    return f"{channel.options['host']}:{channel.options['port']}"


def _words(error: BaseException) -> str:
    """What an error says on one line; a server's words may be anything."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:200]
