"""Conditions between groups: a CONTRL of syntax 4 answers messages or groups, not both (ISO 9735-4, D4 on SG1 and SG3)."""

from __future__ import annotations

import io

import pytest

from edi_bridge import syntax
from edi_bridge.catalog import Catalog

UCI = "UCI+5530+9521200034004:14+9521200049077:14+4'"
MESSAGE = "UCM+1+INVOIC:D:01B:UN+7'"
GROUP = "UCF+77+SENDER+RECEIVER+7'"


@pytest.mark.parametrize(("inside", "expected"), [
    (MESSAGE, []),
    (GROUP, []),
    ("", []),
    (MESSAGE + GROUP, [("segment_out_of_order", 4, "UCF")]),
    (MESSAGE + MESSAGE + GROUP, [("segment_out_of_order", 5, "UCF")]),
])
def test_messages_and_groups_exclude_each_other(inside: str, expected: list[tuple[str, int, str]]) -> None:
    count = (inside + UCI).count("'") + 2
    text = f"UNB+UNOC:4+A:14+B:14+20261216:0910+1'UNH+1+CONTRL:4:1:UN'{UCI}{inside}UNT+{count}+1'UNZ+1+1'"
    interchange = next(syntax.read(io.BytesIO(text.encode())))
    message = next(interchange.messages)
    checker = Catalog().checker_for(message.type, None)
    found = [(one.kind, one.position.segment, one.position.tag) for one in checker.check(message)]
    assert found == expected
