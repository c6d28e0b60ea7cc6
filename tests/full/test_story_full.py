"""The story goes red by itself when its planted mistake is put back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / part) for part in ("story", "transport")]

from storyteller import World, tell
from test_onboarding import MEANWHILE, PAGE, planted, world

__all__ = ["world"]


def test_the_mistake_put_back_is_noticed(world: World) -> None:  # noqa: F811
    with pytest.raises(AssertionError, match="map diff order.nord mended/order.nord.yaml"):
        for _ in tell(planted(PAGE.read_text("utf-8")), world, MEANWHILE):
            pass


def test_the_mistake_is_noticed_by_the_comparison_as_well(world: World) -> None:  # noqa: F811
    """Nobody looks at the difference of the maps: then the old channel's figures close the gate again."""
    page = planted(PAGE.read_text("utf-8"))
    start = page.index("```console\n$ edi-bridge map diff")
    page = page[:start] + page[page.index("```\n", start + 3) + 4:]
    with pytest.raises(AssertionError, match="rollout compare nord"):
        for _ in tell(page, world, MEANWHILE):
            pass
