"""A guide as text, and the difference of two guides, on a small release written for these tests; the shipped ones as they are
published (D.96A and D.01B ORDERS: expectations by hand from UNECE's segment tables and directories)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edi_bridge.catalog import Catalog
from edi_bridge.guide import compare, show
from edi_bridge.guide.guide import Guide, load
from edi_bridge.structure import load as load_structure
from edi_bridge.yamltext import Block, parse

SEGMENTS = """
UNH: {name: Message header, of: [0062 M]}
BGM: {name: Beginning, of: [C002 C, 1225 C], rules: ["D5(02,01)"]}
NAD: {name: Party, of: [3035 M, C080 C*3]}
RFF: {name: Reference, of: [1153 M]}
LIN: {name: Line, of: [1082 C]}
UNT: {name: Message trailer, of: [0062 M]}
"""
COMPOSITES = """
C002: {name: Document, of: [1001 C, 1000 C], rules: ["D3(01,02)"]}
C080: {name: Party name, of: [3036 M]}
"""
ELEMENTS = """
"0062": an..14 Message reference
"1000": an..35 Document name
"1001": an..3 Document code
"1082": n..6 Line number
"1153": an..3 Reference qualifier
"1225": an..3 Function
"3035": an..3 Party qualifier
"3036": an..35 Party name
"""
CODES = """
"1225": {"1": Cancellation, "9": Original}
"3035": {complete: false, codes: {BY: Buyer}}
"""
TREE = """
structure: edifact/TOY/TOYORD
tree:
  - UNH M 1
  - BGM M 1
  - SG1 C 99:
      - NAD M 1
      - SG2 C 9:
          - RFF M 1
  - SG3 M 9999:
      - LIN M 1
      - RFF C 5
  - UNT M 1
"""


def block(text: str) -> Block:
    """Parsed YAML."""
    value = parse(text, "toy.yaml")
    assert isinstance(value, Block)
    return value


def guide(tree: str = TREE, segments: str = SEGMENTS, composites: str = COMPOSITES, elements: str = ELEMENTS, codes: str = CODES,
          restrict: str = "") -> Guide:
    """The toy guide, each part of it replaceable."""
    structure = load_structure(block(tree), "toy.yaml", block(segments), block(composites))
    return load(structure, block(elements), block(codes), block(segments), block(composites), block(restrict) if restrict else None)


def test_the_tree_has_a_bracket_for_each_group() -> None:
    lines = [" ".join(line.split()) for line in show.tree_lines(guide())]
    assert lines == [
        "Tag Name S Max",
        "UNH Message header M 1",
        "BGM Beginning M 1",
        "┌ SG1 C 99",
        "│ NAD Party M 1",
        "│ ┌ SG2 C 9",
        "└ └ RFF Reference M 1",
        "┌ SG3 M 9999",
        "│ LIN Line M 1",
        "└ RFF Reference C 5",
        "UNT Message trailer M 1",
    ]


def test_depth_folds_what_is_further_in() -> None:
    lines = [" ".join(line.split()) for line in show.tree_lines(guide(), depth=1)]
    assert "SG1 … NAD: 2 segments, 1 group inside C 99" in lines and "SG3 … LIN: 2 segments M 9999" in lines
    assert not any("RFF Reference" in line for line in lines)
    assert "└ SG2 … RFF: 1 segment C 9" in [" ".join(line.split()) for line in show.tree_lines(guide(), depth=2)]


def test_a_segment_shows_its_elements_types_codes_and_conditions() -> None:
    lines = [" ".join(line.split()) for line in show.segment_lines(guide(), "BGM")]
    assert lines[:2] == ["BGM Beginning", "stands at BGM"]
    assert lines[3:] == [
        "Pos Element Name S Max Type",
        "01 C002 Document C",
        "01.1 1001 Document code C an..3",
        "01.2 1000 Document name C an..35",
        "02 1225 Function C an..3 2 codes",
        "",
        "D5(02,01): where the first of 02 Function, 01 Document is used, the others are needed",
        "",
        "01 C002: D3(01,02): at least one of 01 Document code, 02 Document name is needed",
    ]
    lines = [" ".join(line.split()) for line in show.segment_lines(guide(), "NAD")]
    assert "01 3035 Party qualifier M an..3 1 code (not all)" in lines and "02 C080 Party name C 3" in lines
    assert show.segment_lines(guide(), "RFF")[1] == "stands at SG1/SG2/RFF, SG3/RFF"
    with pytest.raises(KeyError):
        show.segment_lines(guide(), "XYZ")


def test_codes_say_whether_they_are_all() -> None:
    assert show.code_lines(guide(), "1225") == ["1225  Function  an..3", "2 codes, all codes of the standard", "", "  1  Cancellation", "  9  Original"]
    assert show.code_lines(guide(), "3035")[1] == "1 code, some of its codes: others are legal too"
    assert show.code_lines(guide(), "1001")[-1] == "there is no list of codes here"
    with pytest.raises(KeyError):
        show.code_lines(guide(), "9999")


def test_what_an_agreement_restricts_is_seen() -> None:
    narrow = guide(restrict='SG1/SG2: {forbidden: true}\nSG3/RFF: {min: 2, max: 3}\nBGM/1225: {codes: ["9"]}\n')
    tree = [" ".join(line.split()) for line in show.tree_lines(narrow)]
    assert any(line.startswith("│ ┌ SG2 not used") for line in tree)
    assert "└ RFF Reference C ≥2 3" in tree
    assert "only 9" in next(line for line in show.segment_lines(narrow, "BGM") if " 1225 " in line)


def test_conditions_between_parts_of_the_tree_stand_in_words() -> None:
    assert show.rule_lines(guide()) == []
    assert show.rule_lines(Catalog(None).guide("edifact/41/CONTRL")) == ["D4(SG1,SG3): only one of SG1, SG3 may be used"]


def test_as_plain_values_for_json() -> None:
    tree = show.as_tree(guide())
    assert tree[2]["path"] == "SG1" and tree[2]["children"][1]["children"][0]["elements"][0]["id"] == "1153"
    assert tree[1]["rules"] == ["D5(02,01)"] and tree[1]["elements"][0]["components"][0]["type"] == {"kind": "an", "min": 1, "max": 3}


@pytest.mark.parametrize("key", ["edifact/D96A/ORDERS", "edifact/D01B/INVOIC", "edifact/41/CONTRL", "x12/004010/850", "x12/005010/856"])
def test_every_line_of_a_shipped_guide_fits_a_hundred_columns(key: str) -> None:
    made = Catalog(None).guide(key)
    lines = show.tree_lines(made)
    assert len(lines) == 1 + len(made.places) and max(map(len, lines)) <= 100
    for tag in made.structure.segments:
        assert max(map(len, show.segment_lines(made, tag))) <= 110, tag


# --- differences -----------------------------------------------------------------------------------------------------


def changes(**other: str) -> list[tuple[str, str, str, str]]:
    """(kind, where, before, after) of everything but codes that differs between the toy guide and another."""
    found = compare.compare(guide(), guide(**other))
    return [(one.kind, one.where, one.before, one.after) for part in (found.tree, found.segments, found.composites, found.types) for one in part]


def test_the_same_guide_says_the_same() -> None:
    found = compare.compare(guide(), guide())
    assert found.empty and compare.as_lines(found) == ["edifact/TOY/TOYORD and edifact/TOY/TOYORD say the same"]


@pytest.mark.parametrize(("old", "new", "expected"), [
    ("  - SG3 M 9999:\n", "  - SG3 C 200000:\n", [("changed", "SG3 (LIN)", "M 9999", "C 200000")]),
    ("      - RFF C 5\n", "", [("removed", "SG3/RFF", "C 5", "")]),
    ("  - BGM M 1\n", "  - BGM M 1\n  - RFF C 2\n", [("added", "RFF", "", "C 2")]),
    ("      - LIN M 1\n      - RFF C 5\n", "      - LIN M 1\n      - BGM C 1\n      - RFF C 5\n", [("added", "SG3/BGM", "", "C 1")]),
    ("  - SG1 C 99:\n      - NAD M 1\n      - SG2 C 9:\n          - RFF M 1\n  - SG3 M 9999:\n      - LIN M 1\n      - RFF C 5\n",
     "  - SG1 M 9999:\n      - LIN M 1\n      - RFF C 5\n  - SG2 C 99:\n      - NAD M 1\n      - SG3 C 9:\n          - RFF M 1\n",
     [("moved", "SG1 (LIN)", "SG3", "SG1"), ("renumbered", "SG2", "SG1", "SG2"), ("renumbered", "SG2/SG3", "SG1/SG2", "SG2/SG3"),
      ("renumbered", "SG1", "SG3", "SG1")]),
    ("  - UNH M 1\n  - BGM M 1\n", "  - UNH M 1\n  - SG9 C 1:\n      - BGM M 1\n",
     [("removed", "BGM", "M 1", ""), ("added", "SG9 (BGM)", "", "C 1")]),
])
def test_changes_of_the_tree(old: str, new: str, expected: list[tuple[str, str, str, str]]) -> None:
    assert old in TREE
    assert sorted(changes(tree=TREE.replace(old, new))) == sorted(expected)


@pytest.mark.parametrize(("part", "old", "new", "expected"), [
    ("segments", "3035 M, C080 C*3", "3035 C, C080 C*3", [("changed", "NAD/01 3035 Party qualifier", "M", "C")]),
    ("segments", "C080 C*3", "C080 C", [("changed", "NAD/02 C080 Party name", "C ×3", "C")]),
    ("segments", "of: [1082 C]", "of: [1082 C, 1225 C]", [("added", "LIN/02", "", "1225 Function, C")]),
    ("segments", "C002 C, 1225 C], rules", "1225 C, C002 C], rules", None),
    ("segments", ', rules: ["D5(02,01)"]', "", [("changed", "BGM, conditions", "D5(02,01)", "none")]),
    ("segments", "of: [1153 M]", "of: [1000 M]", [("changed", "RFF/01", "1153 Reference qualifier", "1000 Document name")]),
    ("composites", "1001 C, 1000 C], rules: [\"D3(01,02)\"]", "1001 C]",
     [("removed", "C002/02", "1000 Document name, C", ""), ("changed", "C002, conditions", "D3(01,02)", "none")]),
    ("elements", "n..6 Line number", "an..6 Line number", [("changed", "1082 Line number", "n..6", "an..6")]),
    ("elements", "an..35 Party name", "an..70 Party name", [("changed", "3036 Party name", "an..35", "an..70")]),
])
def test_changes_of_elements(part: str, old: str, new: str, expected: list[tuple[str, str, str, str]] | None) -> None:
    whole = {"segments": SEGMENTS, "composites": COMPOSITES, "elements": ELEMENTS}[part]
    assert old in whole
    found = changes(**{part: whole.replace(old, new)})
    if expected is None:  # two that change places are one removed and one added
        assert {kind for kind, *_ in found} == {"added", "removed"} and len(found) == 2
    else:
        assert found == expected


def test_changes_of_codes() -> None:
    found = compare.compare(guide(), guide(codes=CODES.replace('"1": Cancellation', '"5": Replace')))
    (one,) = found.codes
    assert (one.element, one.added, one.removed) == ("1225", {"5": "Replace"}, {"1": "Cancellation"})
    assert compare.as_lines(found)[-1] == "  ~ 1225 Function: 1 added (5), 1 removed (1)"
    assert compare.code_lines(found, "1225") == ["1225 Function: 1 added, 1 removed", "  - 1  Cancellation", "  + 5  Replace"]
    assert compare.code_lines(found, "3035") == ["the codes of 3035 do not differ, or one of the guides does not use it"]


def test_orders_from_d96a_to_d01b() -> None:
    catalog = Catalog(None)
    found = compare.compare(catalog.guide("edifact/D96A/ORDERS"), catalog.guide("edifact/D01B/ORDERS"))
    tree = {(one.kind, one.where, one.before, one.after) for one in found.tree}
    assert {("changed", "SG2/LOC", "C 25", "C 99"), ("added", "GIR", "", "C 10"), ("renumbered", "SG28", "SG25", "SG28")} <= tree
    assert not any(one.kind == "moved" for one in found.tree)
    types = {one.where.split()[0]: (one.before, one.after) for one in found.types}
    assert types["1154"] == ("an..35", "an..70") and types["6060"] == ("n..15", "an..35")
    segments = {(one.kind, one.where) for one in found.segments}
    assert ("changed", "BGM/02") in segments and ("added", "FTX/06") in segments
    codes = {one.element: one for one in found.codes}
    assert "492" in codes["1001"].removed
    assert max(map(len, compare.as_lines(found))) <= 150


def test_nothing_is_left_out_for_json() -> None:
    catalog = Catalog(None)
    first, second = catalog.guide("edifact/D3/CONTRL"), catalog.guide("edifact/41/CONTRL")
    plain: dict[str, Any] = compare.as_dict(compare.compare(first, second))
    assert plain["first"] == "edifact/D3/CONTRL"
    assert plain["tree"] == [{"kind": "changed", "where": "conditions of the tree", "before": "none", "after": "D4(SG1,SG3)"}]
    assert {one["where"] for one in plain["types"]} == {
        "0008 Sender's internal identification", "0014 Recipient's internal identification", "0051 Controlling agency", "0074 Number of segments"}
    assert plain["codes"][0]["element"] == "0083" and set(plain["codes"][0]["removed"]) == {"1", "2", "3", "5", "6"}


def test_the_shipped_files_are_named() -> None:
    root = Path(compare.__file__).parent / "standard" / "edifact"
    trees = [path for path in root.glob("*/*.yaml") if path.read_text("utf-8").startswith("structure:")]
    assert len(trees) >= 18
    assert [path for path in trees if "\nname: " not in path.read_text("utf-8")] == []
