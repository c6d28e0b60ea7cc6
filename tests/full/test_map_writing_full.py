"""The full run of the proofs of writing: every hostile text in every text field of every map (`python -m pytest tests/full`)."""

from __future__ import annotations

import pytest

from tests.property import hostile_text as hostile


@pytest.mark.parametrize("name", hostile.maps())
def test_every_hostile_text_in_every_field(name: str) -> None:
    assert hostile.tried(name, lambda _: list(hostile.HOSTILE.values())) == []
