"""The full run of the proofs of XML maps (`python -m pytest tests/full -s` for the figures)."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.property.test_xml_map_round_trip import SAMPLES, damaged_comes_back

DAMAGES = 300


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_a_sample_damaged_in_ever_new_ways_comes_back_or_is_told(path: Path) -> None:
    seed = Random().getrandbits(32)
    for number in range(seed, seed + DAMAGES):
        try:
            damaged_comes_back(path, Random(number))
        except Exception:
            print(f"damaged_comes_back({path.parent.name!r}, Random({number}))")
            raise
