"""SIGKILL at random instants while files keep coming. Forty kills here, with seeds that never change; thousands in tests/full."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from crash_load import Load
from crash_world import World

SEEDS = [("sqlite", 1), ("sqlite", 2), ("sqlite", 3), ("postgresql", 4)]


@pytest.mark.parametrize(("kind", "seed"), SEEDS)
def test_ten_kills_at_random_instants_under_load(new_world: Callable[..., World], kind: str, seed: int) -> None:
    load = Load(new_world(kind), seed)
    load.killed(10)
    load.done()
