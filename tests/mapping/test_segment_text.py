"""Generated expressions join as one would by hand: separators between, nothing empty at the end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge.mapping.emit import Lines
from edi_bridge.mapping.segment_text import Parts, SegmentTexts

NAMES = [f"x{number}" for number in range(8)]


def by_hand(separator: str, texts: Sequence[str]) -> str:
    """Joined, and what trails cut off (the texts themselves never end with a separator)."""
    return separator.join(texts).rstrip(separator)


def first(expressions: Sequence[str], values: dict[str, str]) -> str:
    """The first filled one of literals and names."""
    return next((text for one in expressions if (text := one[1:-1] if one[0] == "'" else values[one])), "")


def expected(tag: str, elements: Sequence[Parts], values: dict[str, str]) -> str:
    """The segment by hand."""
    made = [tag]
    for parts in elements:
        made.append(first(parts.get(0, ()), values) or by_hand(":", [first(parts.get(number, ()), values) for number in range(1, max(parts, default=0) + 1)]))
    return by_hand("+", made)


def runtime() -> dict[str, Any]:
    """What the expressions refer to, for EDIFACT."""
    return {"ES": "+", "CS": ":", "JE": lambda parts: by_hand("+", parts), "JC": lambda parts: by_hand(":", parts)}


def generated(elements: Sequence[Parts], values: dict[str, str], filled: Sequence[str] = ()) -> str:
    """The segment by the generated expression, run as a function whose locals are the values."""
    code = Lines()
    texts = SegmentTexts(code)
    with code.block(f"def made({', '.join(NAMES)}):"):
        code.add(f"return {texts.segment('TAG', elements, filled)}")
    space = runtime()
    exec(texts.constants + code.text(), space)
    return space["made"](**values)


EXPRESSIONS = st.lists(st.sampled_from([*NAMES, *NAMES, "'A'", "'{9}'", "'102'"]), min_size=1, max_size=2)
ELEMENTS = st.lists(st.dictionaries(st.integers(0, 6), EXPRESSIONS, max_size=5), max_size=7)
VALUES = st.fixed_dictionaries({name: st.sampled_from(["", "", "v", "{ES}", "?'", "it's \\"]) for name in NAMES})


@settings(max_examples=400, deadline=None, derandomize=True)
@given(ELEMENTS, VALUES)
def test_a_segment_is_joined_as_by_hand(elements: list[Parts], values: dict[str, str]) -> None:
    assert generated(elements, values) == expected("TAG", elements, values)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(ELEMENTS, VALUES)
def test_what_is_known_to_be_filled_changes_nothing(elements: list[Parts], values: dict[str, str]) -> None:
    full = {**values, "x0": "full"}
    assert generated(elements, full, ["x0"]) == expected("TAG", elements, full)


def test_every_end_of_a_quantity() -> None:
    elements: list[Parts] = [{1: ["'21'"], 2: ["x0"], 3: ["x1"]}]
    made = [generated(elements, dict.fromkeys(NAMES, "") | {"x0": quantity, "x1": unit}) for quantity, unit in product(["", "48"], ["", "PCE"])]
    assert made == ["TAG+21", "TAG+21::PCE", "TAG+21:48", "TAG+21:48:PCE"]


def test_no_function_is_called_for_what_has_few_ends() -> None:
    code = Lines()
    texts = SegmentTexts(code)
    made = texts.segment("DTM", [{1: ["'137'"], 2: ["x0"], 3: ["'102'"]}])
    assert "JE(" not in made and "JC(" not in made and code.lines == []
