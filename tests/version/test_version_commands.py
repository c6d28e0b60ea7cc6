"""`edi-bridge catalog` as a person uses it, and what names the version: exchanges, what goes out, the daemon that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import version_case as case

import edi_bridge
from edi_bridge import cli, settings
from edi_bridge.clock import Clock
from edi_bridge.daemon.configuration import Current, Loading
from edi_bridge.database import Database, connect, upgrade

ORDER = ("UNB+UNOC:3+9521200077018:14+9521200034004:14+261102:0815+{0}'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+B{0}+9'DTM+137:20261102:102'"
         "NAD+BY+9521200077018::9'NAD+SU+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:48'UNS+S'UNT+9+1'UNZ+1+{0}'")
NORTH = "partners/north.yaml"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = case.make_home(tmp_path / "home")
    monkeypatch.setenv("EDI_BRIDGE_HOME", str(made))
    monkeypatch.setenv("EDI_BRIDGE_ACTOR", "ann")
    monkeypatch.delenv("EDI_BRIDGE_DATABASE", raising=False)
    return made


@pytest.fixture
def opened(home: Path) -> Iterator[Database]:
    made = connect(home / "edi-bridge.sqlite")
    upgrade(made)
    yield made
    made.close()


def eb(capfd: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert cli.run(list(words)) == code, capfd.readouterr()
    out, err = capfd.readouterr()
    return out + err


def edit(home: Path, old: str, new: str, name: str = NORTH) -> None:
    (home / name).write_text((home / name).read_text().replace(old, new))


def post(home: Path, capfd: pytest.CaptureFixture[str], control: str) -> str:
    file = home / f"{control}.edi"
    file.write_text(ORDER.format(control))
    return eb(capfd, "post", str(file))


def test_people_see_what_waits_put_it_in_force_and_go_back(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (home / "settings.yaml").write_text("activate: explicit\n")
    post(home, capfd, "1")
    edit(home, "North Stores", "North Group")
    (home / "lookups/items.csv").write_text("theirs,ours\nA,2\n")
    assert "edi-bridge catalog activate" in post(home, capfd, "2")
    shown = eb(capfd, "catalog", "diff", code=1)
    assert "name: North Stores → North Group" in shown and "-A,1" in shown and "+A,2" in shown and "2 files differ" in shown
    assert "2 files of the home are others" in eb(capfd, "catalog", "log")
    assert "changed lookups/items.csv, changed partners/north.yaml" in eb(capfd, "catalog", "activate", "--reason", "their new name")
    post(home, capfd, "3")
    eb(capfd, "catalog", "activate", "former", "--reason", "too early")
    assert case.lies(home) == case.FILES
    post(home, capfd, "4")
    listed = json.loads(eb(capfd, "catalog", "log", "--json"))
    assert [(one["actor"], one["reason"]) for one in listed] == [("ann", "too early"), ("ann", "their new name"), ("ann", "the first version")]
    first = case.hash_by_hand(case.FILES, edi_bridge.__version__)
    assert listed[0]["version"] == listed[2]["version"] == first and listed[0]["former"] == listed[1]["version"] != first
    pinned = [json.loads(row[0])["configuration"] for row in case.rows(home, "SELECT versions FROM exchange ORDER BY id")]
    assert pinned == [first, first, listed[1]["version"], first]
    assert f"configuration  {first[:12]}" in eb(capfd, "exchange", "show", "1")
    assert "2 files differ" in eb(capfd, "catalog", "diff", "former", code=1)
    assert "nothing would be another" in eb(capfd, "exchange", "replay", "1", "--version", first[:8])
    assert "in force" in eb(capfd, "exchange", "replay", "1", "--version", "former", "--apply", "--reason", "r", code=2)
    assert eb(capfd, "catalog", "show", "former", NORTH) == case.NORTH.replace("Stores", "Group")
    acts = case.rows(home, "SELECT act, actor, reason FROM audit ORDER BY id")
    assert ("activate", "ann", "too early") == acts[-1] and len(acts) == 3


def test_what_cannot_work_is_not_activated(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    post(home, capfd, "1")
    edit(home, "9521200077018", "9521200034004")  # our own address: lint's error hosts_swapped
    said = eb(capfd, "catalog", "activate", "--reason", "r", code=2)
    assert NORTH in said and case.in_force(home) == case.hashed(case.FILES)
    (home / NORTH).write_text(case.FAULTY)
    assert "message: is of the form" in eb(capfd, "catalog", "activate", "--reason", "r", code=2)
    assert "say why" in eb(capfd, "catalog", "activate", "--reason", " ", code=2)
    assert case.in_force(home) == case.hashed(case.FILES)


@pytest.mark.parametrize(("message", "restrict", "told"), [
    ("edifact/D96A/ORDERS", "FTXX: {max: 3}", "the guide has no FTXX; did you mean FTX?"),
    ("edifact/D96A/ORDERS", "SG25/LIN: {forbidden: true}", "SG25/LIN is mandatory and cannot be forbidden"),
    ("edifact/*/ORDERS", "FTXX: {max: 3}", "the guide has no FTXX"),
    ("edifact/*/ORDERS", "SG27: {max: 3}", ""),  # fits some of the releases
    ("edifact/D99Z/ORDERS", "FTXX: {max: 3}", ""),  # nothing is checked without a guide
])
def test_a_restriction_that_fits_no_guide_never_comes_in_force(home: Path, capfd: pytest.CaptureFixture[str], message: str, restrict: str,
                                                               told: str) -> None:
    """It would stop every file of the partner at its first message."""
    post(home, capfd, "1")
    edit(home, "{message: edifact/D96A/ORDERS", f"{{message: {message}, restrict: {{{restrict}}}")
    assert message in (home / NORTH).read_text()
    linted = eb(capfd, "partner", "lint", "north", code=1 if told else 0)
    said = eb(capfd, "catalog", "activate", "--reason", "r", code=2 if told else 0)
    assert told in linted and told in said and (not told or f"{NORTH}:" in said)
    assert (case.in_force(home) == case.hashed(case.FILES)) is bool(told)


def test_a_profile_s_change_is_shown_at_the_partners_who_extend_it(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    profile = home / "partners/profiles/mine.yaml"
    profile.parent.mkdir()
    profile.write_text("profile: mine\nwindow: 30d\n")
    edit(home, "name: North", "extends: profiles/mine\nname: North")
    post(home, capfd, "1")
    profile.write_text("profile: mine\nwindow: 60d\n")
    rows = json.loads(eb(capfd, "catalog", "diff", "--json", code=1))["files"]
    assert [(row["file"], row["settings"]) for row in rows if row["settings"]] == [
        ("partners/north.yaml, by its profiles", [{"setting": "window", "old": "30d", "new": "60d"}])]


def test_a_refusal_is_tried_again_when_its_map_or_partner_is_another_and_not_for_other_files(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bad = home / "bad.edi"
    bad.write_text(ORDER.format("7").replace("QTY+21:48'", ""))
    outcomes = []
    for change in ("", "scenario", "", "partner"):
        if change == "scenario":
            (home / "scenarios").mkdir()
            (home / "scenarios" / "own.yaml").write_text("a: 1\n")
        if change == "partner":
            edit(home, "North Stores", "North Group")
        cli.run(["post", str(bad)])
        outcomes.append(case.rows(home, "SELECT outcome, versions FROM exchange ORDER BY id DESC LIMIT 1")[0])
    assert [one for one, _ in outcomes] == ["new", "again", "again", "retry"]
    assert len(case.rows(home, "SELECT id FROM activation")) == 3
    capfd.readouterr()


def test_the_daemon_takes_what_was_activated_and_tells_of_files_that_wait(home: Path, opened: Database) -> None:
    def load(activate: str) -> Current:
        (home / "settings.yaml").write_text(f"activate: {activate}\n")
        loading = Loading(settings.load({}, home), opened, Clock(), lenient=True)
        return Current(loading, loading.load())

    runs, watches = load("automatic"), load("explicit")
    before = runs.now.catalog.partner_named("north").title
    edit(home, "North Stores", "North Group")
    assert not runs.refresh(), "a file may still be being written"
    assert runs.refresh() and runs.now.catalog.partner_named("north").title == "North Group" != before
    assert watches.refresh() and watches.now.catalog.partner_named("north").title == "North Group"  # somebody activated it
    edit(home, "North Group", "North & Co")
    assert not watches.refresh() and not watches.refresh() and "not in force" in watches.waiting
    assert watches.now.catalog.partner_named("north").title == "North Group"
    cli.run(["catalog", "activate", "--reason", "r"])
    assert watches.refresh() and not watches.waiting and watches.now.catalog.partner_named("north").title == "North & Co"
    (home / NORTH).write_text(case.FAULTY)
    runs.refresh()
    runs.refresh()
    assert "message: is of the form" in runs.waiting and runs.now.catalog.partner_named("north").title == "North & Co"
    held = runs.now
    assert not runs.refresh() and runs.now is held, "what cannot be used is not tried again and again"
    cli.run(["catalog", "activate", "former", "--reason", "r"])
    assert runs.refresh() and not runs.waiting and runs.now.catalog.partner_named("north").title == "North Group"
    assert runs.now.engine.versions["configuration"] == runs.now.force.version.hash


def test_channels_of_folders_start_from_the_home_not_from_its_copy(home: Path, opened: Database) -> None:
    edit(home, "name: North", "channels: {folder: {kind: directory, get: from-north}}\nname: North")
    now = Loading(settings.load({}, home), opened, Clock()).load()
    assert now.catalog.roots[0] != home and Path(now.channels["north.folder"].options["get"]) == home / "from-north"
