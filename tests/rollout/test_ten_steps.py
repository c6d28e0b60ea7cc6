"""The ten steps: what blocks what, who is late, what a waiver does; and the commands over a home, whose figures are counted by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edi_bridge.cli import command
from edi_bridge.database import connect, upgrade
from edi_bridge.rollout.gate import Reading, Waiver
from edi_bridge.rollout.steps import NAMES, STEPS, Said, next_of, standings, step_named
from edi_bridge.store import audit

TODAY = "2026-11-22"


def readings(*open_: str) -> dict[str, list[Reading]]:
    """One reading a step; those named do not pass."""
    return {name: [Reading(name, name, "1", "1", name not in open_, "something" if name in open_ else "")] for name in NAMES}


def states(*open_: str, **more: Any) -> dict[str, str]:
    return {one.step.name: one.state for one in standings(readings(*open_), more.get("said", {}), more.get("waivers", []), TODAY)}


def test_the_ten_are_the_ones_that_the_user_described() -> None:
    assert [one.title for one in STEPS] == [
        "Organisation", "Strategic review", "In-depth analysis", "Business-focused solution", "Network provider", "Business integration",
        "Data integration", "Mapping", "Pilot", "Roll-out"]
    assert [one.number for one in STEPS] == list(range(1, 11))


def test_a_step_waits_only_for_earlier_ones() -> None:
    for one in STEPS:
        assert all(NAMES.index(name) < NAMES.index(one.name) for name in one.after)


def test_everything_is_done_where_every_reading_passes() -> None:
    assert set(states().values()) == {"done"}


def test_there_is_no_pilot_without_mapping() -> None:
    found = states("mapping")
    assert (found["mapping"], found["pilot"], found["rollout"], found["network"]) == ("open", "blocked", "blocked", "done")


def test_a_waived_step_blocks_nothing_until_its_day() -> None:
    waived = [Waiver("mapping", "Ann", "proven elsewhere", TODAY)]
    assert states("mapping", waivers=waived)["pilot"] == "done"
    over = [Waiver("mapping", "Ann", "proven elsewhere", "2026-11-21")]
    assert states("mapping", waivers=over)["pilot"] == "blocked"


def test_what_can_be_done_now_is_told_the_late_first() -> None:
    said = {"data": Said("Bo", "2026-11-21"), "business": Said("Ann", "2026-11-30")}
    found = next_of(standings(readings("business", "data"), said, [], TODAY))
    assert [(one.step.name, one.late) for one in found] == [("data", True), ("business", False)]


def test_steps_are_named_by_number_and_by_name() -> None:
    assert step_named("8") is step_named("mapping") is STEPS[7]
    assert step_named("11") is None


# --- over a home ------------------------------------------------------------------------------------------------------

PARTNER = """partner: nord
name: Nord AG
stage: draft
priority: 1
identities: [{id: "9521200099997", qualifier: "14"}]
contacts:
  - {name: Ida, role: edi}
  - {name: Bo, role: business}
  - {name: Per, role: approver}
escalation: [{after: 1d, to: Per}]
silence: [{message: "*/*/ORDERS", by: "10:00"}]
agreements:
  - {message: edifact/D96A/ORDERS, owner: Ann}
"""


class Desk:
    """The command line over one home."""

    def __init__(self, home: Path):
        self.home = home

    def __call__(self, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(command, [*words, "--home", str(self.home)], catch_exceptions=False, standalone_mode=False)
        assert (done.return_value or 0) == code, done.output
        return str(done.output)

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code))

    def acts(self) -> list[str]:
        """What the audit log has."""
        database = connect(self.home / "edi-bridge.sqlite")
        try:
            with database.read() as connection:
                return [one.act for one in audit.entries(connection)]
        finally:
            database.close()

    def step(self, name: str, partner: str = "nord") -> dict[str, Any]:
        return next(one for one in self.json("rollout", "plan", partner, code=1) if one["name"] == name)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("EDI_BRIDGE_CLOCK", "2026-11-22T09:00:00Z")
    monkeypatch.setenv("EDI_BRIDGE_ACTOR", "ann")
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "nord.yaml").write_text(PARTNER)
    (tmp_path / "settings.yaml").write_text("")
    database = connect(tmp_path / "edi-bridge.sqlite")
    upgrade(database)
    database.close()
    return Desk(tmp_path)


def test_a_partner_goes_through_review_analysis_and_solution(desk: Desk, tmp_path: Path) -> None:
    assert desk.step("organisation")["state"] == "done"
    assert desk.step("review")["state"] == "open" and desk.step("analysis")["state"] == "blocked"
    (tmp_path / "today.csv").write_text("partner,document,count,value\nNord AG,orders,1200,50000\n")
    row, = desk.json("rollout", "review", "--csv", str(tmp_path / "today.csv"))
    assert (row["rank"], row["count"], row["in_home"]) == (1, 1200, True)
    assert desk.step("review")["state"] == "done"
    (tmp_path / "rollout").mkdir()
    (tmp_path / "rollout" / "assumptions.yaml").write_text(
        "hour: 60\nmanual: {default: {minutes: 10, errors: 0}}\nedi: {document: 0, month: 0}\nsetup: {partner: 1000, document: 1000}\n")
    paid, = desk.json("rollout", "payback")
    assert paid["months"] == pytest.approx(2.0)  # 100 orders a month at ten minutes and 60 an hour: 1,000 a month; 2,000 to set up
    assert desk.step("analysis")["readings"][0]["figure"] == "2.0 months"
    desk("rollout", "agreement", "nord", "--out", str(tmp_path / "agreement.md"))
    assert "| ORDERS | UN/EDIFACT D96A | them to us |" in (tmp_path / "agreement.md").read_text()
    missing = [one["missing"] for one in desk.step("solution")["readings"] if one["open"]]
    assert missing == ["nobody has stated what is done when EDI fails"]
    desk("rollout", "evidence", "nord", "--step", "solution", "--name", "fall-back", "--owner", "Ann", "--note", "by mail")
    said = desk.step("solution")
    assert said["state"] == "done" and [one["stated"] for one in said["readings"]] == [False, False, False, True]


def test_the_text_of_the_agreement_is_old_as_soon_as_the_settings_change(desk: Desk, tmp_path: Path) -> None:
    desk("rollout", "agreement", "nord")
    path = tmp_path / "partners" / "nord.yaml"
    path.write_text(PARTNER.replace("escalation: [{after: 1d", "escalation: [{after: 2d"))
    reading = next(one for one in desk.step("solution")["readings"] if one["name"] == "agreement")
    assert reading["missing"] == "the settings were changed after it was written"


def test_owners_days_and_waivers_are_told_and_kept(desk: Desk) -> None:
    desk("rollout", "assign", "nord", "--step", "2", "--owner", "Bo", "--due", "2026-11-21")
    desk("rollout", "assign", "nord", "--step", "review", "--note", "ask sales")
    one = desk.step("review")
    assert (one["owner"], one["due"], one["late"], one["note"]) == ("Bo", "2026-11-21", True, "ask sales")
    desk("rollout", "waive", "nord", "review", "--owner", "Per", "--until", "2026-12-01", "--reason", "only one partner")
    assert desk.step("review")["state"] == "waived" and desk.step("analysis")["state"] == "open"
    assert "Per until 2026-12-01: only one partner" in desk("rollout", "plan", "nord", code=1)
    assert desk.acts() == ["assign", "assign", "waive"]


def test_evidence_needs_a_person_and_something_to_show(desk: Desk, tmp_path: Path) -> None:
    for words in (["--name", "fall-back"], ["--name", "fall-back", "--owner", "Ann"], ["--name", "fall-back", "--owner", "edi-bridge", "--note", "x"]):
        done = CliRunner().invoke(command, ["rollout", "evidence", "nord", *words, "--home", str(desk.home)])
        assert done.exit_code == 2, done.output
    paper = tmp_path / "signed.pdf"
    paper.write_bytes(b"%PDF signed")
    desk("rollout", "evidence", "nord", "--name", "sign-off theirs", "--owner", "Per", "--file", str(paper))
    row, = desk.json("rollout", "evidence", "nord")
    assert (row["owner"], row["file_name"], row["stated"]) == ("Per", "signed.pdf", True)
    assert any(path.read_bytes() == b"%PDF signed" for path in (tmp_path / "archive").rglob("*") if path.is_file())


def test_status_next_and_the_page_tell_the_same(desk: Desk, tmp_path: Path) -> None:
    rows = desk.json("rollout", "status", code=1)
    assert [row["partner"] for row in rows] == ["(programme)", "nord"]
    assert [one["step"] for one in rows[1]["steps"]] == list(range(1, 11))
    assert {one["name"] for one in desk.json("rollout", "next", "nord")} == {"review"}
    desk("rollout", "report", "--html", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text()
    assert "Nord AG" in page and "it is not in a review" in page and "<script" not in page and "http" not in page


def test_keys_of_a_list_are_held_against_ours(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "partners" / "nord.items.csv").write_text("theirs,ours\nA1,4711\nA2,4712\n")
    (tmp_path / "theirs.csv").write_text("sku;text\nA1;one\nA2;two\nA3;three\n")
    found, = desk.json("rollout", "match", "nord", "--table", "items", "--list", str(tmp_path / "theirs.csv"), "--column", "sku", code=1)
    assert found == {"table": "items", "known": 2, "missing": {"A3": 1}}


def test_waves_and_their_scorecard(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("partner,id,qualifier\nsud,9521200088885,14\nost,9521200077773,14\n")
    assert desk.json("rollout", "clone", "nord", "--list", str(tmp_path / "new.csv")) == ["sud", "ost"]
    plan = desk.json("rollout", "wave", "--capacity", "2", "--start", "2026-12-01", "--days", "7", "--keep")
    assert [(one["wave"], one["start"], one["partners"]) for one in plan] == [(1, "2026-12-01", ["nord", "ost"]), (2, "2026-12-08", ["sud"])]
    assert [row["partner"] for row in desk.json("rollout", "scorecard", "1")] == ["nord", "ost"]
    again = CliRunner().invoke(command, ["rollout", "clone", "nord", "--list", str(tmp_path / "new.csv"), "--home", str(tmp_path)], standalone_mode=False)
    assert "is there already" in str(again.exception)


def test_the_tables_of_the_page_are_those_of_the_program() -> None:
    from edi_bridge.rollout import gate, steps

    page = (Path(__file__).parents[2] / "docs" / "rollout.md").read_text("utf-8")
    assert gate.as_markdown() in page and steps.as_markdown() in page
