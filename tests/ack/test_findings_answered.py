"""The answer to each sample of a finding: what the partner is told of it, whatever was agreed on answers.

    python -m tests.ack.test_findings_answered NAME…     # writes expected/ack.txt anew (all: without a name): read each one
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from edi_bridge import answering, pipeline, syntax
from edi_bridge.catalog import Catalog
from edi_bridge.finding import KINDS, Level, Severity
from edi_bridge.guide.check import Checker
from edi_bridge.interchange import Message
from edi_bridge.partner import Partner
from edi_bridge.pipeline import MessageOutcome
from edi_bridge.syntax.limits import Limits
from tests.ack.answer_cases import PREPARED, segments, words
from tests.ack.test_codes import EVERYTHING, Known
from tests.finding_cases import Case, cases

CASES = [case for case in cases() if case.by in ("check", "translate") and syntax.detect(case.message.read_bytes()[:8192]) in ("edifact", "x12")]
AS_COPIED = ("character_outside_set", "character_set_unsupported")  # what is copied stays as it was


@cache
def shipped() -> Catalog:
    """What is known without a home."""
    return Catalog()


def home(case: Case) -> Catalog:
    """What is known where the sample is read."""
    return Catalog(case.folder) if any((case.folder / name).is_dir() for name in ("partners", "mappings")) else shipped()


def answered(case: Case) -> list[answering.Answered]:
    """The answers, with everything agreed that can go out; made once."""
    return _answered(case.kind)


@cache
def _answered(kind: str) -> list[answering.Answered]:
    (case,) = (one for one in CASES if one.kind == kind)
    known, content = home(case), case.message.read_bytes()
    given = {"partner": case.partner, "map": case.map, "limits": Limits(**case.limits)}
    suspended = pipeline.suspended(content, known, **given)
    partner = Partner("p")

    def outcomes() -> Iterator[MessageOutcome]:
        nonlocal partner
        for outcome in pipeline.inbound(content, known, suspended=suspended, **given):
            if outcome.partner:
                partner = replace(known.partner_named(outcome.partner), name="p")
            yield replace(outcome, partner="p")

    class Late(Known):
        """The sender is known when the first outcome came."""

        def partner_named(self, name: str) -> Partner:
            """The sender, agreeing to every answer."""
            return replace(partner, acknowledge=EVERYTHING, agreements=tuple(replace(one, acknowledge={}) for one in partner.agreements))

    numbers = {"interchange": itertools.count(9001), "group": itertools.count(501)}
    return list(answering.answers(outcomes(), Late(partner), draw=lambda kind: next(numbers[kind]), prepared=PREPARED))


def text(case: Case) -> str:
    """Answers and what is said of them."""
    made = answered(case)
    return segments(made) + words(made)


def expected(case: Case) -> Path:
    """The answer that was read by eye."""
    return case.folder / "expected" / "ack.txt"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_the_partner_is_told_what_was_read_by_eye(case: Case) -> None:
    assert text(case) == expected(case).read_text("utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_the_answer_is_legal(case: Case) -> None:
    known = shipped()
    for one in answered(case):
        for answer in one.answers:
            interchange = next(syntax.read(answer.content))
            for message in interchange.messages:
                assert isinstance(message, Message)
                guide = known.guide(str(message.type))
                assert guide is not None
                assert [found.sentence() for found in Checker(guide).check(message)] == []
            assert [found.sentence() for found in interchange.findings if found.kind not in AS_COPIED] == []


@pytest.mark.parametrize("case", [case for case in CASES if KINDS[case.kind].severity is Severity.REJECT], ids=lambda case: case.kind)
def test_a_refusal_is_told_to_the_partner_or_to_a_person(case: Case) -> None:
    """By the answer of its level, and by no other."""
    made = answered(case)
    answers = [answer for one in made for answer in one.answers]
    refusing = {answer.name for answer in answers if answer.verdict.value == "rejected"}
    assert refusing or any(one.told for one in made)
    if KINDS[case.kind].level is Level.BUSINESS:
        assert refusing <= {"aperak", "824"}


if __name__ == "__main__":
    for one in CASES:
        if len(sys.argv) == 1 or one.kind in sys.argv[1:]:
            expected(one).write_text(text(one), "utf-8")
