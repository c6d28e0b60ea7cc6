"""A rule of the agreement pauses it, while everything is still received: the daemon's own round, over a folder of the partner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edi_bridge.cli import command

OWN = 'own: us\nidentities: [{id: "9521200034004", qualifier: "14"}]\nparties: [{scheme: gln, value: "9521200034004"}]\n'
PARTNER = """partner: nord
identities: [{{id: "9521200099997", qualifier: "14"}}]
channels: {{folder: {{kind: directory, get: "{out}", put: "{inbox}", settle: 0s, poll: every 1m}}}}
send: folder
agreements:
  - {{message: edifact/D96A/ORDERS, owner: Ann, watch: {{rejects: 50, of: 4, then: {then}}}}}
"""


def order(number: int, quantity: str = "48") -> bytes:
    """ISO 9735: UNT 0074 counts from UNH to UNT."""
    return (f"UNB+UNOC:3+9521200099997:14+9521200034004:14+261102:0815+{number}'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+B{number}+9'"
            f"DTM+137:20261102:102'NAD+BY+9521200099997::9'NAD+SU+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:{quantity}'UNS+S'"
            f"UNT+9+1'UNZ+1+{number}'").encode()


class Desk:
    """The command line over one home."""

    def __init__(self, home: Path):
        self.home = home
        self.files = 0

    def __call__(self, *words: str) -> Any:
        done = CliRunner().invoke(command, [*words, "--home", str(self.home)], catch_exceptions=False, standalone_mode=False)
        return done.output

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))

    def comes(self, *orders: bytes) -> None:
        """Files lie there, and one round of everything is run."""
        for content in orders:
            self.files += 1
            (self.home.parent / "out" / f"{self.files}.edi").write_bytes(content)
        self("run", "--once")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Desk:
    for name in ("EDI_BRIDGE_HOME", "EDI_BRIDGE_DATABASE", "EDI_BRIDGE_CLOCK"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    for folder in (home / "partners", tmp_path / "out", tmp_path / "in"):
        folder.mkdir(parents=True)
    (home / "settings.yaml").write_text('listen: ""\n')
    (home / "partners" / "_own.yaml").write_text(OWN)
    (home / "partners" / "nord.yaml").write_text(PARTNER.format(out=tmp_path / "out", inbox=tmp_path / "in", then=request.param))
    return Desk(home)


def stage(desk: Desk) -> str:
    return str(desk.json("rollout", "check", "nord")[0]["stage"])


@pytest.mark.parametrize("desk", ["pause"], indirect=True)
def test_too_many_refusals_pause_the_agreement_and_what_comes_is_kept(desk: Desk) -> None:
    desk.comes(order(1), order(2), order(3, "many"))
    assert stage(desk) == "live"
    desk.comes(order(4, "none"))
    assert stage(desk) == "paused"
    said = (desk.home / "partners" / "_stages.yaml").read_text()
    assert "2 of the newest 4 messages edifact/D96A/ORDERS of nord were refused or held" in said and "the live watch" in said
    desk.comes(order(5))
    newest = desk.json("exchange", "list", "--limit", "1")[0]
    assert (newest["control"], newest["state"]) == ("5", "quarantined") and "paused" in newest["reason"]
    desk("rollout", "resume", "nord", "--reason", "mended")
    assert desk.json("exchange", "list", "--limit", "1")[0]["state"] == "done"


@pytest.mark.parametrize("desk", ["alarm"], indirect=True)
def test_where_the_rule_asks_for_an_alarm_alone_traffic_goes_on(desk: Desk) -> None:
    desk.comes(order(1), order(2), order(3, "many"), order(4, "none"))
    assert stage(desk) == "live"
    assert [one["kind"] for one in desk.json("alarm", "list")].count("rejects") == 1
    desk.comes(order(5))
    assert desk.json("exchange", "list", "--limit", "1")[0]["state"] == "done"
