"""What parts the cells of a CSV, told by its header line alone."""

from __future__ import annotations

import pytest

from edi_bridge.layout import delimiter_of


@pytest.mark.parametrize(("text", "said"), [
    ("partner,document\n", ","),
    ("partner;document\nacme;a,b,c,d\n", ";"),  # what stands in the rows does not count
    ("partner\tprice, net\tdocument\n", "\t"),  # the one that stands most often, not the first
    ("partner;document", ";"),
    ("partner\nacme;orders\n", ","),  # one column: nothing parts it
    ("", ","),
])
def test_the_header_line_tells_the_delimiter(text: str, said: str) -> None:
    assert delimiter_of(text) == said


def test_who_knows_other_signs_names_them() -> None:
    assert delimiter_of("sku|text\n", ";,\t|") == "|" and delimiter_of("sku|text\n") == ","
    assert delimiter_of("sku\n", ";,\t|") == ";"
