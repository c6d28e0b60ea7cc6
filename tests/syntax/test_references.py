"""References seen in an interchange: any order is told apart, and runs of numbers take no memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge.syntax.references import References, same_number


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["A", "A0", "", "00", "X-"]).flatmap(
    lambda head: st.integers(0, 12).map(lambda number: f"{head}{number}")), max_size=60))
def test_a_reference_is_new_once(references: list[str]) -> None:
    seen, known = References(), set()
    for reference in references:
        assert seen.add(reference) is (reference not in known)
        known.add(reference)


def test_runs_after_jumps_take_no_memory() -> None:
    seen = References()
    tracemalloc.start()
    for start in (1, 500_000, 100_000):
        for number in range(start, start + 20_000):
            assert seen.add(f"ME{number:08d}")
    assert tracemalloc.get_traced_memory()[0] < 50_000
    tracemalloc.stop()
    assert not seen.add("ME00519999") and not seen.add("ME00000001") and seen.add("ME00090000")


@pytest.mark.parametrize(("text", "number", "same"), [
    ("7", 7, True), ("007", 7, True), ("8", 7, False), ("", 0, False), ("seven", 7, False), ("٧", 7, False), ("+7", 7, False)])
def test_a_count_on_the_wire(text: str, number: int, same: bool) -> None:
    assert same_number(text, number) is same
