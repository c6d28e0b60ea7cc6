"""`edi-bridge rollout scenario`: listed, written for the partner, played, played against what the partner sent in."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cli_case import Run
from exchange_case import NORD, OWN, PARTNER

WRONG = """map: order.nord
extends: order.edifact-d96a
fields: {lines: {fields: {quantity: {at: "QTY[6063=59]/6060", as: decimal}, unit: {at: "QTY[6063=59]/6411", codes: unit}, units_per_pack: ~}}}
"""
ORDERS = ("--message", "ORDERS")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    for name in ("partners", "mappings", "nord/out", "nord/in"):
        (made / name).mkdir(parents=True)
    (made / "partners/_own.yaml").write_text(OWN)
    (made / "partners/nord.yaml").write_text(PARTNER.replace("edifact/D96A/ORDERS}", "edifact/D96A/ORDERS, map: order.nord}") + "stage: certifying\n")
    (made / "mappings/order.nord.yaml").write_text("map: order.nord\nextends: order.edifact-d96a\n")
    return made


def said(edi: Run, home: Path, *args: str, code: int = 0) -> str:
    done = edi("rollout", "scenario", *args, "--home", home)
    text = (done.stdout + done.stderr).decode()
    assert done.returncode == code, text
    return text


def parsed(edi: Run, home: Path, *args: str, code: int = 0) -> Any:
    done = edi("rollout", "scenario", *args, "--json", "--home", home)
    assert done.returncode == code, done.stderr.decode()
    return json.loads(done.stdout)


def test_the_list_says_what_fits_and_why_others_do_not(edi: Run, home: Path) -> None:
    text = said(edi, home, "list", "nord", *ORDERS)
    assert "order-200-lines" in text and "An order of 200 lines" in text
    assert "it is for records of type invoice: " in text and "it is for maps that look keys up: order-unknown-item" in text
    assert "fault-charset" in said(edi, home, "list")
    assert "there is no partner nobody" in said(edi, home, "list", "nobody", code=2)


def test_a_whole_run_counts_and_a_part_of_one_does_not(edi: Run, home: Path) -> None:
    text = said(edi, home, "run", "nord", *ORDERS, "--only", "order-minimal", "--only", "fault-duplicate")
    assert re.search(r"passed  order-minimal", text) and "2 of 2 scenarios passed; no run: it does not count" in text
    assert "did you mean order-minimal?" in said(edi, home, "run", "nord", "--only", "order-minimum", code=2)
    first = parsed(edi, home, "run", "nord", *ORDERS)[0]
    assert first["clean_runs"] == 1 and all(one["passed"] for one in first["scenarios"]) and any(one["negative"] for one in first["scenarios"])
    (home / "mappings/order.nord.yaml").write_text(WRONG)
    second = parsed(edi, home, "run", "nord", *ORDERS, code=1)[0]
    red = {one["scenario"]: one["differs"] for one in second["scenarios"] if not one["passed"]}
    assert second["clean_runs"] == 0 and "line 1 quantity: expected 12" in red["order-minimal"][0]
    with sqlite3.connect(f"file:{home}/edi-bridge.sqlite?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT run, count(*), sum(negative), sum(outcome = 'failed'), count(DISTINCT version) FROM scenario_run GROUP BY run").fetchall()
        live = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("sales_order", "customer", "outbox")]
    connection.close()
    assert len(rows) == 2 and rows[0][1] == rows[1][1] == len(first["scenarios"]) and rows[0][2] > 5 and rows[0][3] == 0 < rows[1][3]
    assert live == [0, 0, 0]


def test_what_is_kept_stands_in_the_staging_lane_of_the_home_and_rings_nowhere(edi: Run, home: Path) -> None:
    names = ("--only", "order-minimal", "--only", "fault-unknown-partner", "--only", "fault-same-number")
    for _ in range(2):  # a second time under other numbers
        assert "3 of 3 scenarios passed" in said(edi, home, "run", "nord", *ORDERS, "--keep", *names)
    with sqlite3.connect(f"file:{home}/edi-bridge.sqlite?mode=ro", uri=True) as connection:
        orders = connection.execute("SELECT count(DISTINCT number) FROM staging_sales_order").fetchone()[0]
        alarms = connection.execute("SELECT count(*) FROM alarm WHERE open = 'open'").fetchone()[0]
        live = connection.execute("SELECT count(*) FROM sales_order").fetchone()[0]
        states = {row[0] for row in connection.execute("SELECT state FROM exchange")}
    connection.close()
    assert (orders, alarms, live) == (4, 0, 0) and states == {"done", "discarded"}


def test_files_for_the_partner_come_back_and_are_played_against(edi: Run, home: Path, tmp_path: Path) -> None:
    text = said(edi, home, "write", "nord", *ORDERS, "--into", str(tmp_path / "out"))
    assert "scenarios in" in text
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"order-minimal.edi", "order-minimal.json", "fault-charset.edi", "README.md"} <= names and "fault-charset.json" not in names
    record = json.loads((tmp_path / "out/order-minimal.json").read_text())
    assert record["lines"][0]["quantity"] == "12" and record["buyer"]["gln"] == NORD
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name in ("order-minimal", "order-zero-quantity", "fault-message-count"):
        (theirs / f"{name}.edi").write_bytes((tmp_path / f"out/{name}.edi").read_bytes())
        if name.startswith("order"):
            (theirs / f"{name}.json").write_bytes((tmp_path / f"out/{name}.json").read_bytes())
    played = ("--only", "order-minimal", "--only", "order-zero-quantity", "--only", "fault-message-count")
    assert "3 of 3 scenarios passed" in said(edi, home, "run", "nord", *ORDERS, "--against", str(theirs), *played)
    wrong = (theirs / "order-zero-quantity.edi").read_bytes().replace(b"QTY+21:0", b"QTY+21:5").replace(b"+1'UNH", b"+1'UNH")
    number = re.search(rb"UNZ\+1\+(\d+)'", wrong)[1]  # type: ignore[index]
    (theirs / "order-zero-quantity.edi").write_bytes(wrong.replace(number + b"+", number + b"9+").replace(b"+" + number + b"'", b"+" + number + b"9'"))
    (theirs / "fault-message-count.edi").unlink()
    text = said(edi, home, "run", "nord", *ORDERS, "--against", str(theirs), *played, code=1)
    assert "line 2 quantity: expected 0, order.nord reads 5" in text
    assert "the partner has sent nothing for it" in text


def test_our_own_messages_and_the_partners_answers_are_played(edi: Run, home: Path) -> None:
    text = said(edi, home, "run", "nord", "--direction", "out", "--only", "acknowledgement-late", "--only", "acknowledgement-rejected", "--only", "invoice-two-rates")
    assert "3 of 3 scenarios passed" in text and text.count("(fault)") == 2
    assert "say which message the files are" in said(edi, home, "run", "nord", "--against", str(home), code=2)
