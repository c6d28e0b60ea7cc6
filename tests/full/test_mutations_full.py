"""The mutation test in full size: `python -m pytest tests/full`. 1,000 single faults and 100 messages of ten faults a type."""

from __future__ import annotations

import pytest

from tests.mutation import examine
from tests.mutation.bases import BASES

SINGLE = 1000
MANY = 100


@pytest.mark.parametrize("key", sorted(BASES))
def test_a_thousand_single_faults(key: str) -> None:
    tried, problems = examine.run(key, SINGLE, start=1000)
    assert tried == SINGLE
    assert problems == []


@pytest.mark.parametrize("key", sorted(BASES))
def test_ten_faults_at_once(key: str) -> None:
    _, problems = examine.run_many(key, MANY, start=1000)
    assert problems == []
