"""`edi-bridge partner show` and `lint` on a home with a partner that extends a shipped profile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_case import Run

PARTNER = """partner: kiosk
name: Kiosk AG
extends: profiles/retail-eancom
identities:
  - {id: "9521200099997", qualifier: "14"}
contacts: [{name: Ida Holm, email: ida@kiosk.example}]
escalation: [{after: 4h, to: Ida Holm}]
send: box
channels:
  box: {kind: directory, get: box/in, put: box/out}
window: 30d
agreements:
  - {message: edifact/D96A/ORDERS, stage: pilot, owner: Ann}
  - {message: edifact/D96A/DESADV, direction: out, agreed: false}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / "partners").mkdir(parents=True)
    (folder / "partners" / "kiosk.yaml").write_text(PARTNER, "utf-8")
    return folder


def test_what_is_agreed_is_shown_with_the_line_it_comes_from(edi: Run, home: Path) -> None:
    done = edi("partner", "show", "kiosk", "--home", home)
    out = done.stdout.decode()
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line.startswith("edifact/")}
    assert done.returncode == 0 and "escalation  after 4h Ida Holm" in out
    assert rows["edifact/D96A/ORDERS"][1:4] == ["in", "pilot", "order.edifact-d96a"] and rows["edifact/D96A/ORDERS"][-1] == "partners/kiosk.yaml:13"
    assert rows["edifact/D96A/INVOIC"][-1].startswith("partners/profiles/retail-eancom.yaml:") and "contrl within 4h" in out
    assert "edifact/D96A/DESADV" not in rows


def test_every_setting_in_force_names_its_layer(edi: Run, home: Path) -> None:
    rows = {one["setting"]: one for one in json.loads(edi("partner", "show", "kiosk", "--effective", "--json", "--home", home).stdout)}
    shipped = Path(__file__).parents[2] / "partners" / "profiles"
    for setting, file, words in (("window", "partners/kiosk.yaml", "window: 30d"),
                                 ("expect.contrl", "partners/profiles/retail-eancom.yaml", "contrl: 4h"),
                                 ("envelope.syntax", "partners/profiles/plain-edifact.yaml", 'syntax: "UNOC:3"'),
                                 ("agreements[edifact/D96A/ORDERS in].map", "partners/profiles/retail-eancom.yaml", "map: order.edifact-d96a"),
                                 ("agreements[edifact/D96A/ORDERS in].stage", "partners/kiosk.yaml", "stage: pilot")):
        assert rows[setting]["file"] == file
        text = home.joinpath(file) if file.endswith("kiosk.yaml") else shipped / Path(file).name
        assert words in text.read_text("utf-8").splitlines()[rows[setting]["line"] - 1]
    assert rows["wait"] == {"setting": "wait", "value": "3d", "file": "", "line": 0, "column": 0}
    one = edi("partner", "show", "kiosk", "--setting", "window", "--home", home)
    assert one.stdout.decode().splitlines()[1:] == ["window   30d    partners/kiosk.yaml:11"]
    assert edi("partner", "show", "kiosk", "--setting", "fax", "--home", home).returncode == 1


def test_lint_finds_nothing_then_all_that_is_planted_in_every_file(edi: Run, home: Path) -> None:
    done = edi("partner", "lint", "kiosk", "--strict", "--home", home)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"1 partner \xc2\xb7 nothing found\n")
    (home / "partners" / "torn.yaml").write_text("partner: torn\nfax: 1\n", "utf-8")
    (home / "partners" / "twin.yaml").write_text('partner: twin\nidentities:\n  - {id: "9521200099997", qualifier: "14"}\nsend: fax\n', "utf-8")
    done = edi("partner", "lint", "kiosk", "torn", "twin", "--home", home)
    assert done.returncode == 1
    torn, *rest = done.stdout.decode().splitlines()
    assert torn.startswith("partners/torn.yaml:2:1: error: a partner has no key 'fax'") and torn.endswith("(unreadable)")
    assert rest == [
        "partners/twin.yaml:3:5: error: the address 14:9521200099997 is also kiosk's (partners/kiosk.yaml) (address_twice)",
        "partners/twin.yaml:4:7: error: there is no channel fax (channel_unknown)"]


def test_the_shipped_partners_have_no_errors(edi: Run) -> None:
    assert edi("partner", "lint").returncode == 0


def test_a_partner_that_is_not_there(edi: Run, home: Path) -> None:
    done = edi("partner", "lint", "nobody", "--home", home)
    assert done.returncode == 2 and b"there is no partner nobody; known are" in done.stderr
    assert edi("partner", "show", "nobody", "--home", home).returncode == 2


def test_the_list_tells_stage_direction_and_profile(edi: Run, home: Path) -> None:
    row = next(one for one in json.loads(edi("partner", "list", "--json", "--home", home).stdout) if one["name"] == "kiosk")
    assert row["profiles"] == ["retail-eancom", "plain-edifact"] and row["roles"] == ["customer"] and row["priority"] == 3
    assert {"message": "edifact/D96A/ORDERS", "direction": "in", "map": "order.edifact-d96a", "test": False, "stage": "pilot"} in row["agreements"]
    line = next(one for one in edi("partner", "list", "--home", home).stdout.decode().splitlines() if one.startswith("kiosk"))
    assert "edifact/D96A/ORDERS (pilot)" in line and "edifact/D96A/INVOIC out" in line and line.endswith("retail-eancom")


def test_what_is_wrong_with_several_files_is_told_at_once(edi: Run, home: Path) -> None:
    for name in ("torn", "worn"):
        (home / "partners" / f"{name}.yaml").write_text(f"partner: {name}\nfax: 1\nchannels: 5\n", "utf-8")
    done = edi("partner", "list", "--home", home)
    assert done.returncode == 2
    assert [line.split(": ")[0] for line in done.stderr.decode().splitlines()] == [
        "partners/torn.yaml:2:1", "partners/torn.yaml:3:11", "partners/worn.yaml:2:1", "partners/worn.yaml:3:11"]
