"""Guides: types and code lists as they are read, and an agreement's restrictions over them."""

from __future__ import annotations

import pytest

from edi_bridge.fault import ConfigFault
from edi_bridge.guide.guide import ElementType, read_type
from edi_bridge.yamltext import parse
from tests.guide.check_case import CATALOG


def test_types_are_read_in_both_standards_words() -> None:
    assert read_type("an..35 Document number") == (ElementType("an", 1, 35), "Document number")
    assert read_type("n8 Date") == (ElementType("n", 8, 8), "Date")
    assert read_type("AN 1/22 Invoice number") == (ElementType("AN", 1, 22), "Invoice number")
    assert read_type("ID 2 Purpose") == (ElementType("ID", 2, 2), "Purpose")
    for text in ("an.35 x", "X 1/2 y", "AN y"):
        with pytest.raises(ValueError, match="length|type"):
            read_type(text)


WRONG = """\
QTY: {max: 2}
BGM/1226: {codes: ["9"]}
BGM/1225: {codes: [9]}
SG25/QTY/C186: {codes: ["9"], required: maybe}
BGM: {forbidden: true}
SG2: {min: 100, max: 99}
SG2/NAD/3036: {length: 5..3}
SG25/QTY/6060: {length: x, foo: 1}
FTX: 7
"""


def test_every_mistake_of_an_agreement_is_said_with_its_place() -> None:
    with pytest.raises(ConfigFault) as fault:
        CATALOG.guide("edifact/D96A/ORDERS", parse(WRONG, "partners/acme.yaml"))
    lines = str(fault.value).splitlines()
    assert [line.split(" ")[0] for line in lines] == [f"partners/acme.yaml:{place}:" for place in (
        "1:1", "2:1", "3:20", "4:17", "4:41", "5:6", "6:6", "7:1", "8:28", "8:25", "9:6")]
    assert "QTY may mean SG25/QTY" in lines[0]
    assert "did you mean BGM/1225" in lines[1]
    assert "3036#1" in lines[7]


@pytest.mark.parametrize(("path", "place"), [
    ("FTX", "FTX"), ("SG25/FTX", "SG25/FTX"), ("PRI", "SG25/SG28/PRI"), ("SG25/PRI", "SG25/SG28/PRI"), ("SG28", "SG25/SG28"), ("BGM", "BGM")])
def test_a_path_may_leave_steps_out(path: str, place: str) -> None:
    made = CATALOG.guide("edifact/D96A/ORDERS", parse(f"{path}: {{max: 77}}", "p.yaml"))
    assert [node.path for node, one in made.places.items() if one.most == 77] == [place]


def test_x12_paths_name_elements_by_position() -> None:
    made = CATALOG.guide("x12/004010/850", parse('"{PO1}/PO1/02": {required: true}\nBEG/01: {codes: ["00"]}', "p.yaml"))
    segments = {node.path: place.segment for node, place in made.places.items() if place.segment is not None}
    assert segments["{PO1}/PO1"].elements[1].required
    assert segments["BEG"].elements[0].only == frozenset({"00"})
