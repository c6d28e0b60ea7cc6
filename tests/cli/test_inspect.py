"""`edi-bridge inspect`, `map list`, `partner list`, `--help`: what is shown of all four syntaxes, and how quickly."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from cli_case import ORDER, ROOT, Run, environment

from edi_bridge.cli import COMMANDS


def test_every_segment_stands_with_its_number_its_byte_and_its_place(edi: Run, order: Path) -> None:
    text = edi("inspect", order).stdout.decode()
    assert (
        "interchange 1 · edifact UNOC:3 · control 417 · from 14:9521200038118 · to 14:9521200034004 · 2026-11-02T08:15"
        in text
    )
    assert "message 1 · ORDERS D96A (EAN008) · reference 1 · 11 segments" in text
    offset = ORDER.index(b"QTY+21:48")
    assert f"         7  byte {offset:<9} SG25/QTY" in text
    assert text.rstrip().endswith("UNZ+1+417")


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("x12/850-4010-bluebird-sdq", "group 1 · PO · reference 418"),
        ("xml/order-ubl-peppol", "cac:BuyerCustomerParty"),
        ("csv/order-standard-quoted", "order_number=PO-2026-0815"),
        ("edifact/orders-d96a-stores", "message 3 · ORDERS D96A"),
    ],
)
def test_all_four_syntaxes_as_a_tree_and_as_json(sample: str, expected: str, edi: Run) -> None:
    (file,) = (ROOT / "samples" / sample).glob("message.*")
    result = edi("inspect", file)
    assert result.returncode == 0, result.stderr.decode()
    assert expected in result.stdout.decode()
    lines = [json.loads(line) for line in edi("inspect", file, "--json").stdout.splitlines()]
    assert [line["is"] for line in lines][0] == "interchange" and [
        line["is"] for line in lines if line["is"] != "finding"
    ][-1] == "end"
    assert all(line["file"] == str(file) for line in lines)


def test_depth_and_one_message(edi: Run) -> None:
    file = ROOT / "samples" / "edifact" / "orders-d96a-stores" / "message.edi"
    assert edi("inspect", file, "--depth", "message").stdout.decode().count("\n") == 7
    assert "message" not in edi("inspect", file, "--depth", "interchange").stdout.decode().replace("message.edi", "")
    only = edi("inspect", file, "--message", "2").stdout.decode()
    assert "message 2" in only and "message 1" not in only


def test_what_is_wrong_stands_where_it_is(edi: Run, order: Path) -> None:
    order.write_bytes(ORDER.replace(b"UNT+11", b"UNT+12"))
    result = edi("inspect", order)
    assert result.returncode == 1
    lines = result.stderr.decode().splitlines()
    assert lines[1] == "  UNT+12+1'" and lines[2].startswith("      ^^ segment_count_mismatch")


def test_an_unknown_file_shows_its_first_bytes(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(100)))
    result = edi("inspect", "x.bin")
    assert result.returncode == 1
    assert "89 50 4e 47 0d 0a 1a 0a" in result.stdout.decode()


def test_lists_of_maps_and_partners(edi: Run, tmp_path: Path) -> None:
    maps = json.loads(edi("map", "list", "--json").stdout)
    shipped = {path.stem for path in (ROOT / "mappings").glob("*.yaml")}
    assert {row["name"] for row in maps} == shipped
    assert all(row["message"] and row["record"] and row["about"] for row in maps)
    assert edi("map", "list").stdout.decode().startswith("map ")
    partners = json.loads(edi("partner", "list", "--json").stdout)
    assert {row["name"] for row in partners} == {path.stem for path in (ROOT / "partners").glob("[!_]*.yaml")}


@pytest.mark.parametrize(
    "command",
    [
        (),
        *((name,) for name in COMMANDS),
        *(("lookup", name) for name in ("list", "set", "import", "export", "used")),
        *(("crm", name) for name in ("customers", "customer", "orders", "order", "invoices", "invoice")),
        ("map", "list"),
        ("partner", "list"),
    ],
)
def test_every_help_has_an_example(command: tuple[str, ...], edi: Run) -> None:
    result = edi(*command, "--help")
    assert result.returncode == 0
    text = result.stdout.decode()
    assert "edi-bridge " + " ".join(command) in text
    assert max(map(len, text.splitlines())) <= 100
    assert "xample" in text or command in ((), ("map",), ("partner",))


def test_help_comes_at_once(process: Run) -> None:
    def seconds(*args: str) -> float:  # of the processor: how busy the machine is does not matter
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert process(*args).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds("--help") for _ in range(3)) < 0.3
    assert min(seconds("post", "--help") for _ in range(3)) < 0.3


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from edi_bridge.cli import run; run(['post', '--help']); "
        "print(sorted({'sqlalchemy', 'lxml', 'yaml', 'rich', 'msgspec', 'alembic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment(), check=True)
    assert done.stdout.decode().splitlines()[-1] == "[]"


def test_colours_only_for_a_terminal_that_wants_them(order: Path) -> None:
    pty = pytest.importorskip("pty")
    order.write_bytes(ORDER.replace(b"UNZ+1", b"UNZ+2"))
    for wanted, more in ((True, {}), (False, {"NO_COLOR": "1"}), (False, {"TERM": "dumb"})):
        leader, follower = pty.openpty()
        subprocess.run(
            [sys.executable, "-m", "edi_bridge.cli", "translate", str(order)],
            stdout=subprocess.DEVNULL,
            stderr=follower,
            env=environment(**{"TERM": "xterm", **more}),
            check=False,
        )
        os.close(follower)
        assert (b"\x1b[31m" in os.read(leader, 65536)) is wanted
        os.close(leader)


def test_the_command_runs_from_a_clone() -> None:
    done = subprocess.run([sys.executable, "cli.py", "--version"], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.decode().startswith("edi-bridge ")
