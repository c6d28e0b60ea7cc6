"""docs/partners.md says what is true: its commands run, its tables are the code's, its example is a partner."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edi_bridge import partner as partners
from edi_bridge.catalog import Catalog
from edi_bridge.partner import layers, lint, loading
from edi_bridge.yamltext import parse
from test_docs import blocks, play

TEXT = (Path(__file__).parents[1] / "docs" / "partners.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No home and no width from outside."""
    for name in ("EDI_BRIDGE_HOME", "EDI_BRIDGE_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def test_the_commands_run(tmp_path: Path) -> None:
    ((name, content),) = blocks(TEXT, "edi")
    (tmp_path / name).write_text(content, "utf-8")
    play(TEXT, tmp_path)


def test_the_example_is_a_partner_and_shows_what_there_is() -> None:
    ((_, shown),) = blocks(TEXT, "yaml")
    block: Any = parse(shown, "partners/acme.yaml")
    one = partners.load(block, Catalog().profile)
    assert [step.to for step in one.escalation] == ["Ida Holm", "Per Vik"] and one.agreements[0].stage == "pilot"
    assert not any(agreed.message.endswith("DESADV") for agreed in one.agreements)
    said = TEXT.split("An agreement may have:")[1].split("No secret")[0]
    assert set(loading.AGREEMENT_KEYS) - {"agreed"} <= set(re.findall("`([a-z_]+)`", said))


def test_the_tables_are_the_code_s() -> None:
    assert lint.table() in TEXT
    for key, rule in layers.RULES.items():
        assert f"| `{key}` | {rule} |" in TEXT


def test_the_shipped_profiles_stand_in_it_and_can_be_extended_without_a_mistake() -> None:
    catalog = Catalog()
    for name in catalog.profiles:
        assert f"`{name}`" in TEXT
        block: Any = parse(f"partner: p\nextends: profiles/{name}\n", "partners/p.yaml")
        one = partners.load(block, catalog.profile)
        assert [agreed for agreed in one.agreements if agreed.map not in catalog.map_index] == []
        assert [agreed for agreed in one.agreements if not agreed.fits(partners_type(catalog, agreed.map), agreed.direction)] == []


def partners_type(catalog: Catalog, name: str) -> Any:
    """The message that a map is for."""
    from edi_bridge.interchange import MessageType

    return MessageType(*(catalog.message_of(name) or "").split("/"))
