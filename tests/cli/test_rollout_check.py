"""`edi-bridge rollout check`, `allow`, `waive` and `volume` over a home that took an order in: what opens a gate, and what is kept of it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cli_case import ORDER, Run

PARTNER = """partner: nord
name: Nord AG
stage: pilot
identities: [{id: "9521200099997", qualifier: "14"}]
channels:
  box: {kind: directory, get: nord/out, put: nord/in}
  posts: {kind: http-in, token: nord.token}
  answers: {kind: directory, put: nord/answers}
answers: answers
agreements:
  - {message: edifact/D96A/ORDERS, owner: Ann}
  - {message: edifact/D96A/ORDRSP, direction: out, owner: Ann, channel: box}
"""
TOLD = {"EDI_BRIDGE_CLOCK": "2026-11-22T09:00:00Z", "EDI_BRIDGE_ACTOR": "ann"}


def orders(control: str, count: int) -> bytes:
    """An interchange of the partner with so many orders: their unit is in no table of codes, and nothing reads their ALI."""
    order = ORDER.replace(b"9521200038118", b"9521200099997").replace(b"QTY+21:48'", b"QTY+21:48:AMH'ALI+DE'").replace(b"UNT+11", b"UNT+12")
    head, _, rest = order.partition(b"UNH+1+")
    body, _, _ = rest.partition(b"UNT+12+1'")
    messages = b"".join(b"UNH+%d+%sUNT+12+%d'" % (number, body.replace(b"4500017731", b"%s%04d" % (control.encode(), number)), number) for number in range(1, count + 1))
    return head.replace(b"417", control.encode()) + messages + b"UNZ+%d+%s'" % (count, control.encode())


@pytest.fixture
def home(edi: Run, tmp_path: Path) -> Path:
    """A home with one order."""
    made = tmp_path / "home"
    for name in ("partners", "nord/out", "nord/in", "nord/answers"):
        (made / name).mkdir(parents=True)
    (made / "partners/nord.yaml").write_text(PARTNER)
    (tmp_path / "order.edi").write_bytes(orders("417", 1))
    done = edi("post", tmp_path / "order.edi", "--home", made, **TOLD)
    assert done.returncode == 0, done.stderr.decode()
    return made


def said(edi: Run, home: Path, *args: str, code: int = 0) -> str:
    done = edi("rollout", *args, "--home", home, **TOLD)
    assert done.returncode == code, (done.stdout + done.stderr).decode()
    return done.stdout.decode()


def gates(edi: Run, home: Path) -> dict[str, dict[str, Any]]:
    rows = json.loads(said(edi, home, "check", "nord", "--message", "ORDERS", "--to", "live", "--json", code=1))
    return {one["name"]: one for one in rows[0]["gates"]}


def kept(home: Path, query: str) -> list[tuple[Any, ...]]:
    """What stands in the database, asked for beside the program."""
    with sqlite3.connect(f"file:{home}/edi-bridge.sqlite?mode=ro", uri=True) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def test_what_came_is_proven_by_each_channel_by_which_it_comes_and_is_answered(edi: Run, home: Path) -> None:
    assert gates(edi, home)["channels"]["missing"] == "nord.box has never worked, and 2 more"  # posts and answers
    rows = json.loads(said(edi, home, "check", "nord", "--message", "ORDRSP", "--to", "live", "--json", code=1))
    assert next(one for one in rows[0]["gates"] if one["name"] == "channels")["missing"] == "nord.box has never worked"


def test_a_waived_gate_is_shown_with_its_person_until_its_day(edi: Run, home: Path) -> None:
    for owner, until in (("Per", "2026-11-22"), ("Ida", "2026-11-21")):  # the second was over yesterday
        said(edi, home, "waive", "nord", "rollback", "--owner", owner, "--until", until, "--reason", "rehearsed elsewhere")
    said(edi, home, "waive", "nord", "differences", "--owner", "Ida", "--until", "2026-11-21", "--reason", "there was none")
    found = gates(edi, home)
    assert (found["rollback"]["waived"], found["rollback"]["open"]) == ("Per until 2026-11-22: rehearsed elsewhere", False)
    assert (found["differences"]["waived"], found["differences"]["open"]) == ("", True)
    assert kept(home, "SELECT partner, subject, owner, reason, until, substr(at, 1, 10) FROM rollout_waiver ORDER BY id")[0] == (
        "nord", "rollback", "Per", "rehearsed elsewhere", "2026-11-22", "2026-11-22")


def test_a_gate_that_the_programme_waives_is_waived_for_each_partner(edi: Run, home: Path) -> None:
    said(edi, home, "waive", "--programme", "rollback", "--owner", "Per", "--until", "2026-11-22", "--reason", "rehearsed for all")
    assert gates(edi, home)["rollback"]["waived"] == "Per until 2026-11-22: rehearsed for all"
    assert kept(home, "SELECT partner, subject FROM rollout_waiver") == [("", "rollback")]
    for words in (["nord"], ["--programme", "nord", "rollback"], ["rollback", "--programme", "channels"]):
        said(edi, home, "waive", *words, "--owner", "Per", "--until", "2026-11-22", "--reason", "x", code=2)


def test_what_is_accepted_by_name_is_missed_no_more(edi: Run, home: Path) -> None:
    before = gates(edi, home)
    assert before["unread"]["missing"] == "SG25/ALI" and "+ 0 accepted" in before["rules"]["figure"]
    said(edi, home, "allow", "nord", "--unread", "SG25/ALI", "--seen", "lines.unit=AMH", "--rule", "response_requested", "--reason", "agreed with Per")
    after = gates(edi, home)
    assert not after["unread"]["open"] and "+ 1 accepted" in after["rules"]["figure"]
    data = next(one for one in json.loads(said(edi, home, "plan", "nord", "--json", code=1)) if one["name"] == "data")
    assert [one["missing"] for one in data["readings"] if one["name"] == "codes"] == [""]
    assert sorted(kept(home, "SELECT kind, place, value, accepted_by FROM observed")) == [
        ("code", "lines.unit", "AMH", "ann"), ("rule", "response_requested", "", "ann"), ("unread", "SG25/ALI", "", "ann")]


def test_the_pace_of_the_volume_test_is_evidence_and_the_peak_is_what_somebody_says(edi: Run, home: Path) -> None:
    (home / "many.edi").write_bytes(orders("418", 60))
    assert edi("post", home / "many.edi", "--home", home, **TOLD).returncode == 0
    done = json.loads(said(edi, home, "volume", "nord", "--peak", "70", "--json"))
    assert done["peak"] == 70 and done["messages"] == 61 and done["enough"]
    columns = "partner, step, name, value, owner, day, file_name, sha256, note, substr(at, 1, 10)"
    day = ("2026-11-22", "", "", "", "2026-11-22")
    assert kept(home, f"SELECT {columns} FROM rollout_evidence ORDER BY id") == [
        ("nord", "pilot", "volume", str(done["an_hour"]), "edi-bridge", *day), ("nord", "pilot", "peak", "70", "ann", *day)]
    said(edi, home, "evidence", "nord", "--name", "sign-off ours", "--owner", "Ann", "--note", "by mail")
    found = gates(edi, home)
    assert (found["volume"]["open"], found["volume"]["limit"]) == (False, "2 × the peak of 70")
    assert (found["sign_off"]["figure"], found["sign_off"]["missing"]) == ("ours: Ann, 2026-11-22", "theirs missing")


@pytest.mark.parametrize("words", [["review", "--csv"], ["accept", "nord", "--reason", "x", "--booked"], ["match", "nord", "--table", "items", "--list"],
                                   ["clone", "nord", "--list"]])
def test_a_list_in_another_charset_is_said_with_its_place(edi: Run, home: Path, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "list.csv").write_bytes("partner;number\nMüller;1\n".encode("cp1252"))
    done = edi("rollout", *words, tmp_path / "list.csv", "--home", home, **TOLD)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"list.csv: is not in UTF-8 (invalid start byte at byte 16): save it as `CSV UTF-8`" in done.stderr
