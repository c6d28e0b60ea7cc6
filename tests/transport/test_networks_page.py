"""docs/networks.md says what is true: its channels are channels, its layouts read its reports, its tables are the code's."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from edi_bridge import channel, file_name
from edi_bridge.network_report import read_report
from edi_bridge.report_layout import FIELDS, KEYS, Status, layout_of
from edi_bridge.yamltext import parse

PAGE = (Path(__file__).parents[2] / "docs" / "networks.md").read_text("utf-8")
YAML = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
REPORTS = re.findall(r"^```text\n(.*?)^```\n\n```yaml\n(.*?)^```\n\nsays:\n\n\|[^\n]+\n\|[-|]+\n((?:\|[^\n]+\n)+)", PAGE, re.MULTILINE | re.DOTALL)


def test_the_channels_are_channels() -> None:
    made = channel.load(parse(YAML[0], "_channels.yaml")["channels"], "", "_channels.yaml")
    assert set(made) == {"tradenet", "tradenet-test"} and made["tradenet-test"].test


@pytest.mark.parametrize(("text", "layout", "says"), REPORTS, ids=["delimited", "fixed", "segments"])
def test_a_report_says_what_the_page_says(text: str, layout: str, says: str) -> None:
    report = read_report(text.encode(), layout_of(layout))
    rows = [f"| {one.line} | {one.status.value} | {one.control} | {one.receiver} | {one.time} | {one.text} |" for one in report.statements]
    assert rows == says.splitlines() and report.unread == ()


def test_every_report_of_the_page_is_read() -> None:
    assert len(REPORTS) == 3 == PAGE.count("\nsays:\n")


def test_the_table_of_fields_is_the_codes() -> None:
    assert re.findall(r"^\| `\{(\w+)\}` \| (.*) \|$", PAGE, re.MULTILINE) == list(file_name.FIELDS.items())


def test_the_table_of_statuses_is_the_codes() -> None:
    said = dict(re.findall(r"^    [A-Z_]+ = \"(\w+)\"  # (.*)$", inspect.getsource(Status), re.MULTILINE))
    rows = [(one.value, said[one.value]) for one in Status]
    assert [row for row in re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE) if row[0] in said] == rows


def test_every_key_is_told() -> None:
    section = PAGE.split("### All keys", 1)[1]
    assert {*KEYS, *FIELDS} <= set(re.findall(r"`(\w+)`", section))
