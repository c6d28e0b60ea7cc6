"""`edi-bridge demo`: the batch goes as planned, again and again, and nothing else is touched."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cli_case import Run

from edi_bridge.cli import demo


def test_the_demo_refuses_exactly_what_it_planned_and_can_be_run_again(process: Run, edi: Run, tmp_path: Path) -> None:
    first = process("demo")
    assert first.returncode == 0, first.stderr.decode() + first.stdout.decode()
    text = first.stdout.decode()
    assert len(list((tmp_path / "edi-bridge-demo" / "inbox").iterdir())) >= 12
    assert "to the partner: CONTRL 29" in text and "to the partner: 997 AK403 = 6" in text
    again = edi("demo").stdout.decode()
    assert re.sub(r"[\d.]+ s;", "", again) == re.sub(r"[\d.]+ s;", "", text)


def test_tables_fit_the_terminal(edi: Run) -> None:
    for line in edi("demo", COLUMNS="80").stdout.decode().partition("What was refused")[0].splitlines()[1:]:
        assert len(line) <= 80
    for args in (("crm", "customers"), ("crm", "orders"), ("crm", "order", "4500017731")):
        assert max(map(len, edi(*args, "--home", "edi-bridge-demo", COLUMNS="80").stdout.decode().splitlines())) <= 80


def test_every_command_it_names_can_be_run(edi: Run) -> None:
    text = edi("demo").stdout.decode()
    commands = re.findall(r"^  edi-bridge (.+)$", text.partition("Look further")[2], re.MULTILINE)
    assert len(commands) >= 6
    for line in commands:
        result = edi(*line.split())
        assert result.returncode == 0, (line, result.stderr.decode())
        assert result.stdout or result.stderr


def test_the_customers_have_their_orders_and_invoices(edi: Run) -> None:
    edi("demo", "--home", "d")
    acme = json.loads(edi("crm", "customer", "gln:9521200043594", "--home", "d", "--json").stdout)
    assert [order["number"] for order in acme["orders"]] == ["ABR-2026-0091"]
    assert [invoice["number"] for invoice in acme["invoices"]] == ["GS-2026-417"]


def test_it_keeps_away_from_what_is_not_its_own(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("work", "file"):
        result = edi("demo", "--home", name)
        assert result.returncode == 2
        assert b"nothing was changed" in result.stderr
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["file", "work", "work/mine.txt"]


def test_a_surprise_is_told() -> None:
    from edi_bridge.cli.posting import Exchange, Posted
    from edi_bridge.cli.telling import Told

    planned = demo.Planned(Path("x"), "x", None, {2: ("unknown_code",), None: ("missing_trailer",)})
    told = Told("x", "unknown_code", "", "", "", "", "", True, None, 2)
    went = Posted("x", exchanges=[Exchange(1, state="rejected")], findings=[told])
    assert demo.differences(planned, went) == [
        "x: planned to be refused: message 2, the interchange; refused: message 2",
        "x: missing_trailer was planned and not found",
    ]
    assert (
        demo.differences(demo.Planned(Path("x"), "x", None, {}), Posted("x", exchanges=[Exchange(1, state="done")]))
        == []
    )
