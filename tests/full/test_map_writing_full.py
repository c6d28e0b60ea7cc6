"""The full run of the proofs of writing (`python -m pytest tests/full -s` for the figures): every hostile text in every text field of
every map, and for each map of segments, CSV and fixed columns 2,000 random records and 2,000 random messages.

The seed is another one in each run and stands in what is printed; `EDI_BRIDGE_SEED=7` gives the cases of a run again.
"""

from __future__ import annotations

import os
import secrets

import pytest

from tests.property import hostile_text as hostile
from tests.property import test_map_round_trip, test_message_round_trip, test_sheet_round_trip

CASES = 2000
SEED = int(os.environ.get("EDI_BRIDGE_SEED") or secrets.randbelow(10**9))


@pytest.mark.parametrize("name", [*test_map_round_trip.MAPS, *test_sheet_round_trip.MAPS])
def test_two_thousand_random_records_come_back_equal_or_findings_name_what_does_not(name: str) -> None:
    kind = test_sheet_round_trip if name in test_sheet_round_trip.MAPS else test_map_round_trip
    tally = kind.round_trips(name, CASES, SEED)
    print(f"{name}, seed {SEED}: {tally}")
    assert tally.whole + tally.lessened >= CASES // 4, f"too few records could be written to prove anything: {tally}"


@pytest.mark.parametrize("name", test_message_round_trip.MAPS)
def test_two_thousand_random_messages_read_written_and_read_are_equal(name: str) -> None:
    tally = test_message_round_trip.round_trips(name, CASES, SEED)
    print(f"{name}, seed {SEED}: {tally}")


@pytest.mark.parametrize("name", hostile.maps())
def test_every_hostile_text_in_every_field(name: str) -> None:
    assert hostile.tried(name, lambda _: list(hostile.HOSTILE.values())) == []
