"""The full run of the proofs of XML maps (`python -m pytest tests/full -s` for the figures)."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.property.test_xml_map_records import MAPS, random_records
from tests.property.test_xml_map_round_trip import SAMPLES, damaged_comes_back

DAMAGES = 300
RECORDS = 2000


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_a_sample_damaged_in_ever_new_ways_comes_back_or_is_told(path: Path) -> None:
    seed = Random().getrandbits(32)
    for number in range(seed, seed + DAMAGES):
        try:
            damaged_comes_back(path, Random(number))
        except Exception:
            print(f"damaged_comes_back({path.parent.name!r}, Random({number}))")
            raise


@pytest.mark.parametrize("name", MAPS)
def test_two_thousand_random_records_come_back_or_findings_name_what_does_not(name: str) -> None:
    start = Random().getrandbits(32)
    try:
        tally = random_records(name, RECORDS, start)
    except AssertionError:
        print(f"random_records({name!r}, {RECORDS}, {start})")
        raise
    print(f"{name}: {tally}")
    assert tally.whole + tally.lessened >= RECORDS // 3
