"""A sample for every kind of finding: the smallest file that shows just this one, and what people are told of it.

The expected texts are what `edi-bridge explain` shows; `python -m tests.finding_cases` writes them anew.
"""

from __future__ import annotations

import pytest

from edi_bridge.cli.explain import example
from edi_bridge.einvoice import saxon
from edi_bridge.finding import KINDS, Level
from tests import finding_cases
from tests.finding_cases import Case

CASES = finding_cases.cases()
RULES = ("einvoice_rule", "einvoice_warning")  # shown only where the extra einvoice is installed
HELD = [case for case in CASES if case.kind not in RULES or saxon.installed()]


@pytest.mark.parametrize("case", HELD, ids=lambda case: case.kind)
def test_it_shows_this_finding_and_nothing_else(case: Case) -> None:
    kinds, text = finding_cases.told(case)
    assert kinds == {case.kind, *case.also}
    assert text == case.expected.read_text("utf-8")


def test_every_kind_has_a_sample_and_every_sample_a_kind() -> None:
    assert {case.kind for case in CASES} == set(KINDS)


# a finding of these levels has a place in the message, and where there is a line to show, a caret under it
PLACED = [case for case in CASES if KINDS[case.kind].level in (Level.SEGMENT, Level.ELEMENT) and case.message.suffix in (".edi", ".x12")]
WITHOUT_A_LINE = {"segment_too_large"}  # the line is what is too large


@pytest.mark.parametrize("case", PLACED, ids=lambda case: case.kind)
def test_its_place_is_shown_with_a_caret(case: Case) -> None:
    text = case.expected.read_text("utf-8")
    assert " › segment " in text and " › byte " in text
    assert f"^ {case.kind}: " in text or case.kind in WITHOUT_A_LINE


def test_explain_shows_the_sample() -> None:
    assert all(f"{case.kind}: " in example(case.kind) for case in CASES)
    assert example("no_such_kind") == ""


def test_samples_are_small() -> None:
    assert [case.kind for case in CASES if case.message.stat().st_size > (1_000 if case.kind not in RULES else 6_000)
            and case.message.suffix in (".edi", ".x12")] == []
