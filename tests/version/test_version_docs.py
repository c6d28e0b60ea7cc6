"""docs/versions.md says what is true: its commands run on its files, each as it is at that place of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import version_case as case
from test_docs import play, run

from edi_bridge.settings import ACTIVATE

TEXT = (Path(__file__).parents[2] / "docs" / "versions.md").read_text("utf-8")


def test_the_page_runs_from_its_top_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EDI_BRIDGE_HOME", "EDI_BRIDGE_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    assert run("edi-bridge init my-home", tmp_path)[0] == 0
    (tmp_path / "my-home/partners/_own.yaml").write_text(case.OWN)
    places = re.findall(r"^(```(edi|yaml|console)(?: ([^\n]+))?\n(.*?)^```)", TEXT, re.MULTILINE | re.DOTALL)
    assert [kind for _, kind, _, _ in places].count("console") == 3
    for whole, kind, name, content in places:
        if kind == "console":
            play(whole, tmp_path)
        else:
            (tmp_path / name).write_text(content, "utf-8")
    assert "name: North Stores" in (tmp_path / "my-home/partners/north.yaml").read_text("utf-8")


def test_the_settings_are_the_program_s() -> None:
    assert re.findall(r"^\| `(\w+)`", TEXT, re.MULTILINE) == list(ACTIVATE)
