"""Every segment map: a random valid message read, written and read again gives equal records (`random_message` makes the messages).

A record that a map has read it can write: where it cannot, findings name the fields, and without exactly these it comes back equal
(`random_record`)."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from tests.property import random_message, random_record
from tests.property.test_map_round_trip import CATALOG, MAPS, delimiters_of, read_back

QUICK = 25


def round_trips(name: str, examples: int, start: int | None = None) -> random_record.Tally:
    """What became of the records of so many random messages; AssertionError with the message where one comes back different."""
    compiled = CATALOG.map_named(name)
    delimiters = delimiters_of(compiled)
    soil = random_message.Soil.of(compiled)
    tally = random_record.Tally()
    unread: Counter[str] = Counter()

    def check(number: int) -> None:
        message = random_message.message(soil, Random(number))
        records, findings = compiled.read(message)
        if any(one.rejects for one in findings) or not records:
            unread.update({one.kind for one in findings if one.rejects})
        assume(records and not any(one.rejects for one in findings))  # the map refuses it, as it lacks what an order needs
        assume(all(map(compiled.meant_for, records)))  # another map's to read
        for record in records:
            fault = random_record.fault_of(compiled, record, lambda one: compiled.write([one], delimiters, "utf-8"),
                                        lambda body: read_back(compiled, body), tally)
            assert not fault, f"{fault}\nof the message {message.text}"

    run = settings(max_examples=examples, deadline=None, derandomize=start is None, database=None, phases=[Phase.generate],
                   suppress_health_check=list(HealthCheck))(given(st.integers(0, 2**64))(check))
    (run if start is None else seed(start)(run))()
    tally.refused.update({f"message refused: {kind}": count for kind, count in unread.items()})
    return tally


@pytest.mark.parametrize("name", MAPS)
def test_a_random_message_read_written_and_read_gives_equal_records(name: str) -> None:
    tally = round_trips(name, QUICK)
    assert tally.whole >= QUICK // 5, f"too few messages could be read to prove anything: {tally}"
