"""Which of several layouts a file's first lines fit, and how well: counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edi_bridge.layout import Column, SheetLayout
from edi_bridge.mapping.detect_sheet import fits

WIDE = SheetLayout(columns=(Column("order", required=True), Column("item", required=True), Column("qty")))
NARROW = SheetLayout(columns=(Column("order", required=True),), delimiter=";")
OTHER = SheetLayout(columns=(Column("customer", required=True),))


@pytest.mark.parametrize(("first", "layout", "columns"), [
    (b"Order,item\n", WIDE, 2),
    (b"order, ITEM ,qty\n1,2,3\n", WIDE, 3),
    (b"order,item\n", NARROW, 0),  # one cell, as its delimiter is another one
    (b"order;item\n", NARROW, 1),
    (b"order,qty\n", WIDE, 0),  # a required column is missing
    (b"order,item\n", OTHER, 0),
    (b"\xef\xbb\xbforder;item\n", NARROW, 1),  # a byte order mark is not part of the first name
    ("\ufefforder,item\n".encode("utf-16-le"), WIDE, 2),
    (b"title\norder,item\n", replace(WIDE, skip=1), 2),
    (b"# written by a shop\n\norder,item\n", replace(WIDE, comment="#"), 2),
    (b"order,item\n", replace(WIDE, header=False), 0),
    (b"order,item\n", replace(WIDE, kind="fixed"), 0),
    (b"", WIDE, 0),
])
def test_the_columns_that_a_header_line_has(first: bytes, layout: SheetLayout, columns: int) -> None:
    assert fits(layout, first) == columns
