"""The full run of the proofs of writing (`python -m pytest tests/full -s` for the figures): every hostile text in every text field of
every map, and 2,000 random records for each map of segments."""

from __future__ import annotations

import pytest

from tests.property import hostile_text as hostile
from tests.property.test_map_round_trip import MAPS, round_trips

RECORDS = 2000


@pytest.mark.parametrize("name", MAPS)
def test_two_thousand_random_records_come_back_equal_or_are_refused(name: str) -> None:
    written, refused = round_trips(name, RECORDS)
    print(f"{name}: {written} of {RECORDS} written and read back equal; refused for {refused.most_common(3)}")
    assert written >= RECORDS // 20, f"too few records could be written to prove anything: {refused.most_common(5)}"


@pytest.mark.parametrize("name", hostile.maps())
def test_every_hostile_text_in_every_field(name: str) -> None:
    assert hostile.tried(name, lambda _: list(hostile.HOSTILE.values())) == []
