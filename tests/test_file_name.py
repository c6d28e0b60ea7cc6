"""Names of files that we lay down: every one safe on every server, the same for the same fields, no two alike."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge.file_name import FIELDS, file_name, problems

FULL = {"type": "850", "sender": "NORDWIND", "receiver": "4012345500004", "control": "000000007", "time": "20261122T031500Z",
        "account": "NW01", "number": "42", "test": "P"}


@pytest.mark.parametrize(("template", "expected"), [
    ("850_{sender}_{time}_{control}.edi", "850_NORDWIND_20261122T031500Z_000000007.edi"),
    ("{account}.{receiver}.{number}", "NW01.4012345500004.42"),
    ("{test}{type}{control:5}.txt", "P85000007.txt"),
    ("{control}", "000000007")])
def test_templates(template: str, expected: str) -> None:
    assert problems(template) == [] and file_name(template, FULL) == expected


@pytest.mark.parametrize("template", ["{sender}.edi", "a/b_{control}", "{control}\r\nDELE x", "{what}_{control}", "{control",
                                      ".{control}", "-{control}", "", "{control!r}", "{control.x}", "{control:0}", "ä{control}", "x" * 150 + "{control}"])
def test_a_template_that_cannot_be_used_is_refused(template: str) -> None:
    assert problems(template)
    with pytest.raises(ValueError):
        file_name(template, FULL)


def test_values_of_partners_never_leave_the_folder() -> None:
    name = file_name("{sender}_{receiver}_{control}", FULL | {"sender": "../../etc/passwd", "receiver": "-rf\r\nDELE *\0"})
    assert name == "etc-passwd_rf-DELE_000000007"


def test_what_is_missing_is_an_x() -> None:
    assert file_name("{sender}_{control}", {"control": "7"}) == "x_7"


def test_a_long_name_keeps_what_tells_it_apart() -> None:
    long = FULL | {"sender": "S" * 300, "receiver": "R" * 300, "number": "123456789012"}
    name = file_name("{sender}_{receiver}_{control}_{number}.edi", long)
    assert len(name) <= 200 and name.endswith("_000000007_123456789012.edi")


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from([*(f"{{{name}}}" for name in FIELDS), "{control:3}", "_", ".", "-", "PO"]), max_size=30),
       st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text(max_size=400), max_size=8))
def test_any_name_is_safe(parts: list[str], fields: dict[str, str]) -> None:
    template = "".join(parts)
    if problems(template):
        return
    name = file_name(template, fields)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", name), name
    assert name == file_name(template, dict(fields))
