"""The mutation test: faults planted at random places of a clean message must be found, each once, at its place, and nothing else.

The planter (wire, facts, conditions, field, element_faults, segment_faults, plant, judge, reading) imports nothing of the program. Here
runs a small number with fixed seeds; `python -m pytest tests/full` runs the full number.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation import examine, plant
from tests.mutation.bases import BASES

SINGLE = 60  # mutations of one fault in each message type
MANY = 2  # messages with ten faults in each
KEYS = sorted(BASES)


@pytest.mark.parametrize("key", KEYS)
def test_the_clean_sample_is_clean(key: str) -> None:
    assert [f"{one.kind} {one.position.words()}" for one in examine.clean(key)] == []


@pytest.mark.parametrize("key", KEYS)
def test_one_fault_is_found_at_its_place_and_nothing_else(key: str) -> None:
    tried, problems = examine.run(key, SINGLE)
    assert tried == SINGLE
    assert problems == []


@pytest.mark.parametrize("key", KEYS)
def test_ten_faults_give_those_ten_findings(key: str) -> None:
    tried, problems = examine.run_many(key, MANY)
    assert tried >= MANY * 4  # CONTRL has so few segments that five find no place of their own each time
    assert problems == []


def test_every_kind_of_fault_is_planted_somewhere() -> None:
    planted = {planter.__name__ for key in KEYS for planter in plant.fitting_planters(key)}
    assert planted == {planter.__name__ for planter in plant.PLANTERS}


def test_every_shipped_guide_of_a_message_is_mutated() -> None:
    folder = Path(__file__).parent.parent.parent / "edi_bridge" / "guide" / "standard"
    shipped = {str(path.relative_to(folder).with_suffix("")) for standard in ("edifact", "x12") for path in folder.glob(f"{standard}/*/*.yaml")
               if path.stem.isupper() or path.stem.isdigit()}
    assert shipped - set(KEYS) <= {"x12/004010/TA1", "x12/005010/TA1"}  # TA1 stands alone in an interchange; tests/ack has it


def test_the_planter_shares_nothing_with_the_program() -> None:
    folder = Path(__file__).parent
    for path in folder.glob("*.py"):
        if path.name.startswith("test_") or path.name == "examine.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "edi_bridge"], path.name
            assert not [name for name in names if name == "tests.mutation.examine" or name.startswith("tests.sample")], path.name
