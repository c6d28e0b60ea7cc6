"""docs/rollout.md, "Moving": the commands of the page do what it says, in its order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_docs import blocks, run, section

TEXT = section((Path(__file__).parents[2] / "docs" / "rollout.md").read_text("utf-8"), "Moving")


def test_the_commands_do_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EDI_BRIDGE_HOME", "EDI_BRIDGE_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    ((_, text),) = blocks(TEXT, "console")
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        code, out = run(command, tmp_path)
        assert code == (1 if "# exit 1" in command else 0), f"{command}\n{out}"
        for line in shown.splitlines():
            assert re.search(" +".join(map(re.escape, line.split())), out), f"{command}: {line!r} is not in\n{out}"
        if command.startswith("edi-bridge init"):
            for language in ("edi", "yaml"):
                for name, content in blocks(TEXT, language):
                    (tmp_path / name).write_text(content)
