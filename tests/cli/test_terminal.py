"""What partners wrote on a terminal: nothing in it moves the cursor, changes colours or the title; in a pipe it is what it was."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from cli_case import environment

EVIL = b"\x1b[2J\x1b]0;title\x07 \xe9 \x9b31m"
FILE = (b"UNB+UNOC:3+9521200038118:14+9521200034004:14+261102:0815+26110200417'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+4500017731+9'"
        b"DTM+137:20261102:102'NAD+BY+9521200038118::9'NAD+SU+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:48'"
        b"FTX+AAI+++" + EVIL + b"'UNS+S'UNT+10+1'UNZ+1+26110200417'")


def run(folder: Path, *words: str, terminal: bool) -> bytes:
    """A command's output, of a terminal or a pipe."""
    command = [sys.executable, "-m", "edi_bridge.cli", *words]
    if not terminal:
        return subprocess.run(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, check=False).stdout
    outer, inner = pty.openpty()
    with subprocess.Popen(command, cwd=folder, env=environment(TERM="dumb"), stdout=inner, stderr=subprocess.DEVNULL) as process:
        os.close(inner)
        made = b""
        while True:
            try:
                part = os.read(outer, 65536)
            except OSError:  # the other end is closed
                break
            made += part
        process.wait()
    os.close(outer)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "evil.edi").write_bytes(FILE)
    run(tmp_path, "init", "home", terminal=False)
    run(tmp_path, "post", "--home", "home", "evil.edi", terminal=False)
    return tmp_path


def test_raw_bytes_on_a_terminal_obey_nobody_and_in_a_pipe_are_exact(home: Path) -> None:
    shown = run(home, "exchange", "raw", "1", "--home", "home", terminal=True)
    assert b"\\u001b[2J\\u001b]0;title\\u0007 \xc3\xa9 \\u009b31m'UNS+S'" in shown
    assert b"\x1b" not in shown and b"\x07" not in shown and b"\xc2\x9b" not in shown and b"\x9b31m" not in shown.replace(b"\\u009b31m", b"")
    assert run(home, "exchange", "raw", "1", "--home", "home", terminal=False) == FILE


def test_json_on_a_terminal_has_no_control_characters_either(home: Path) -> None:
    order = ('<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:'
             'CommonBasicComponents-2"><cbc:ID>A&#x9b;31m&#x202e;</cbc:ID></Order>')
    (home / "order.xml").write_text(order)
    piped = run(home, "inspect", "order.xml", "--json", terminal=False)
    shown = run(home, "inspect", "order.xml", "--json", terminal=True)
    assert "\x9b31m\u202e" in piped.decode()
    assert b"A\\u009b31m\\u202e" in shown and "\x9b" not in shown.decode() and "\u202e" not in shown.decode()
