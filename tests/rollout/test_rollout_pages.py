"""docs/rollout.md, "Scenarios" and "Comparing with the old channel": the commands run, the tables are the code's, the examples are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edi_bridge.rollout import comparison, scenario, scenario_file
from edi_bridge.rollout.legacy import declared
from edi_bridge.yamltext import parse
from test_docs import blocks, play, section

TEXT = (Path(__file__).parents[2] / "docs" / "rollout.md").read_text("utf-8")
SCENARIOS, COMPARING = section(TEXT, "Scenarios"), section(TEXT, "Comparing with the old channel")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No home and no width from outside."""
    for name in ("EDI_BRIDGE_HOME", "EDI_BRIDGE_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def test_the_commands_run(tmp_path: Path) -> None:
    for text in (SCENARIOS, COMPARING):
        for name, content in (block for language in ("edi", "yaml", "csv") for block in blocks(text, language) if block[0]):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content, "utf-8")
        play(text, tmp_path)


def test_the_tables_are_the_code_s() -> None:
    assert scenario.as_markdown() in SCENARIOS and comparison.as_markdown() in COMPARING
    for key in (*scenario_file.KEYS, *scenario_file.EXPECT):
        assert f"`{key}`" in SCENARIOS or key == "scenario", key


def test_the_examples_are_read_as_they_stand() -> None:
    (text,) = (text for name, text in blocks(SCENARIOS, "yaml") if not name)
    block: Any = parse(text, "rollout/scenarios/kiosk.yaml")
    assert list(scenario_file.habits(block).otherwise) == ["lines.gtin"]
    ((_, text),) = blocks(COMPARING, "yaml")
    block = parse(text, "rollout/legacy/kiosk.yaml")
    assert declared(block, "in", "edifact/D96A/ORDERS", "order").shape.tolerance("issued_on").days == 1
