"""SFTP packets: whatever a server sends, it ends in a fault or a refusal; and what paramiko's own client lets pass is held here."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import paramiko
import pytest
from battery import BIG
from hypothesis import given, settings
from hypothesis import strategies as st
from ssh_lab import Sshd, user

from edi_bridge.fault import TransientFault
from edi_bridge.transport.sftp_packets import LARGEST, READING, Attributes, Code, Dropped, Refusal, Session, _Answer

VERSION = bytes([2]) + struct.pack(">I", 3)


class Tape:
    """A channel on which a server's bytes have come already."""

    def __init__(self, *packets: bytes):
        self.came = io.BytesIO(b"".join(struct.pack(">I", len(packet)) + packet for packet in packets))
        self.sent = b""

    def settimeout(self, timeout: float) -> None:
        pass

    def recv(self, nbytes: int) -> bytes:
        return self.came.read(min(nbytes, 7))  # in small pieces, as a network may

    def sendall(self, s: bytes) -> None:
        self.sent += s


def answer(kind: int, number: int, body: bytes) -> bytes:
    return bytes([kind]) + struct.pack(">I", number) + body


@settings(derandomize=True, max_examples=300)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6))
def test_no_bytes_of_a_server_are_our_mistake(packets: list[bytes]) -> None:
    for act in (lambda one: list(one.folder(b"/")), lambda one: one.lstat(b"/x"), lambda one: one.open(b"/x", READING), lambda one: one.remove(b"/x"),
                lambda one: list(one.read(b"h", 0, 100_000)), lambda one: one.write(b"h", io.BytesIO(b"x" * 100_000))):
        with pytest.raises((TransientFault, Refusal)):
            session = Session(Tape(VERSION, *packets), 1)
            act(session)
            raise Refusal(0, "it went well by chance")


@settings(derandomize=True, max_examples=200)
@given(st.integers(100, 110), st.integers(1, 3), st.binary(max_size=60))
def test_no_answer_of_the_right_number_is_our_mistake_either(kind: int, number: int, body: bytes) -> None:
    for act in (lambda one: list(one.folder(b"/")), lambda one: one.lstat(b"/x"), lambda one: list(one.read(b"h", 0, 100_000))):
        with pytest.raises((TransientFault, Refusal)):
            act(Session(Tape(VERSION, answer(kind, 1, body), answer(kind, number, body)), 1))
            raise Refusal(0, "it went well by chance")


def test_the_extensions_are_remembered() -> None:
    hello = VERSION + b"".join(struct.pack(">I", len(word)) + word for word in (b"posix-rename@openssh.com", b"1", b"fsync@openssh.com", b"1"))
    assert Session(Tape(hello), 1).extensions == {b"posix-rename@openssh.com": b"1", b"fsync@openssh.com": b"1"}


def test_attributes_are_read_by_their_flags() -> None:
    everything = struct.pack(">IQIIIIII", 0x8000000F, 1 << 40, 1000, 1000, 0o100644, 7, 9, 1) + struct.pack(">I", 1) + b"a" + struct.pack(">I", 2) + b"bc"
    assert _Answer(105, everything).attributes() == Attributes(1 << 40, 0o100644, 9)
    assert _Answer(105, struct.pack(">I", 0)).attributes() == Attributes(None, None, None)


@pytest.mark.parametrize("length", [0, LARGEST + 1, 0xFFFFFFFF])
def test_a_packet_of_no_sensible_length_is_no_sftp(length: int) -> None:
    tape = Tape()
    tape.came = io.BytesIO(struct.pack(">I", length) + b"x")
    with pytest.raises(TransientFault, match="no SFTP"):
        Session(tape, 1)


def test_a_connection_that_ends_is_told_from_one_that_is_wrong() -> None:
    session = Session(Tape(VERSION), 1)
    with pytest.raises(Dropped):
        session.lstat(b"/x")


@pytest.mark.parametrize("error", [EOFError(), ConnectionResetError(104, "reset"), paramiko.SSHException("gone")])
def test_a_connection_that_breaks_while_we_read_is_dropped_whatever_is_raised(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paramiko tells the server from within `recv` how much more it may send: on a line that was cut that is a failed write."""
    session = Session(Tape(VERSION), 1)

    def cut(self: Tape, nbytes: int) -> bytes:
        raise error

    monkeypatch.setattr(Tape, "recv", cut)
    with pytest.raises(Dropped, match="ended the connection"):
        session.lstat(b"/x")


def test_a_refusal_has_the_server_s_words_on_one_line() -> None:
    says = b"Quota\r\nexceeded\x1b[31m"
    session = Session(Tape(VERSION, answer(101, 1, struct.pack(">II", 4, len(says)) + says)), 1)
    with pytest.raises(Refusal, match=r"^Quota exceeded \[31m$") as caught:
        session.remove(b"/x")
    assert caught.value.code == Code.FAILURE


def test_the_trap_that_this_client_was_written_for_is_there(sshd: Sshd, tmp_path: Path) -> None:  # noqa: F811
    """paramiko's own put, with its size check, takes a file of less than 100 writes whose middle was refused as put: the server of the
    test on ours does what it says, and that test can fail."""
    content = BIG[:1_600_000]
    line = paramiko.Transport(("127.0.0.1", sshd.port("failing-write")))
    line.connect(username=user(), pkey=paramiko.Ed25519Key.from_private_key_file(str(sshd.folder.parent / "ours")))
    client = paramiko.SFTPClient.from_transport(line)
    assert client is not None
    client.putfo(io.BytesIO(content), str(tmp_path / "invoice.edi"), confirm=True)
    line.close()
    written = (tmp_path / "invoice.edi").read_bytes()
    assert len(written) == len(content) and written != content
