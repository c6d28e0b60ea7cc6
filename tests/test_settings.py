"""Where settings come from, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_bridge.fault import ConfigFault
from edi_bridge.settings import load


def test_defaults_stand_in_the_home(tmp_path: Path) -> None:
    found = load({}, tmp_path)
    assert (found.database, found.archive, found.same_content) == (
        str(tmp_path / "edi-bridge.sqlite"),
        tmp_path / "archive",
        "hold",
    )


def test_the_argument_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("database: other.sqlite\nbatch_messages: 7\n")
    environ = {"EDI_BRIDGE_HOME": str(tmp_path)}
    assert load(environ).database == str(tmp_path / "other.sqlite") and load(environ).batch_messages == 7
    environ["EDI_BRIDGE_DATABASE"] = "postgresql://host/db"
    assert load(environ).database == "postgresql://host/db"
    assert load(environ, database="x.sqlite").database == "x.sqlite"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("databse: x\n", "settings.yaml:1:1: settings has no key 'databse'; did you mean database?"),
        ("\nsame_content: maybe\n", "settings.yaml:2:15: same_content must be one of hold, post"),
        ("batch_messages: 0\n", "settings.yaml:1:17: batch_messages must be a whole number"),
        ("database: postgresql://u:secret@host/db\n", "settings.yaml:1:11: a password must not stand in this file"),
        ("- a\n", "expected `key: value` lines"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "settings.yaml").write_text(text)
    with pytest.raises(ConfigFault) as raised:
        load({}, tmp_path)
    assert words in str(raised.value) and "secret" not in str(raised.value)


def test_an_empty_file_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("# nothing yet\n")
    assert load({}, tmp_path).batch_messages == 64


def test_the_daily_purge_has_a_time_or_is_off(tmp_path: Path) -> None:
    assert load({}, tmp_path).purge == "03:30"
    for text, wanted in (("purge: off\n", "off"), ("purge: 04:05\n", "04:05"), ('purge: "23:59"\n', "23:59")):
        (tmp_path / "settings.yaml").write_text(text)
        assert load({}, tmp_path).purge == wanted
    for text in ("purge: 24:00\n", "purge: never\n", "purge: 3\n", "purge: false\n"):
        (tmp_path / "settings.yaml").write_text(text)
        with pytest.raises(ConfigFault, match="settings.yaml:1:8: purge is a time of day in UTC"):
            load({}, tmp_path)
