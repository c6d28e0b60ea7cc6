"""Which line of an order is meant."""

from __future__ import annotations

from typing import Any

import pytest

from edi_bridge.crm.line_match import LineIndex


@pytest.fixture
def lines() -> LineIndex:
    index = LineIndex()
    index.add(1, "10", "G1", "B1", "S1")
    index.add(2, "20", "G2", "", "S2")
    index.add(3, "30", "G1", "B1", "S1")
    index.add(4, "", "", "", "S4")
    return index


@pytest.mark.parametrize(
    ("line", "echo", "position"),
    [
        ({"order_line": "20", "gtin": "G1"}, False, 2),  # the number decides
        ({"order_line": "99", "gtin": "G1"}, False, None),  # and does not give way to an item
        ({"gtin": "G1"}, False, 1),  # the first of two with the same article
        ({"gtin": "?", "seller_item": "S4"}, False, 4),
        ({"number": "20"}, False, None),  # a number of the other document's own
        ({"number": "20"}, True, 2),
        ({"number": "20", "gtin": "G2"}, True, 2),
        ({"number": "20", "gtin": "G1"}, True, 1),  # the number repeats nothing: another article
        ({"number": "20", "buyer_item": "B9"}, True, 2),  # the order says nothing of the buyer's number
        ({"number": "", "gtin": ""}, True, None),
    ],
)
def test_a_line_is_found_by_number_or_item(lines: LineIndex, line: dict[str, Any], echo: bool, position: int | None) -> None:
    assert lines.find(line, echo=echo) == position
