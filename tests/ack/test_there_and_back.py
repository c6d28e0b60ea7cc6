"""What we answer, we understand: each answer of samples/acks, read as if we had sent what it answers, says what it was meant
to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_bridge import explaining, syntax
from edi_bridge.ack import reading
from edi_bridge.ack.reconcile import reconcile, states
from edi_bridge.ack.statement import Answer, Outcome
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Verdict
from tests.ack.answer_cases import CASES, of

WORDS = explaining.code_words(Catalog().guide)
MEANT = {
    Verdict.ACCEPTED: {Outcome.ACCEPTED, Outcome.RECEIVED},
    Verdict.WITH_ERRORS: {Outcome.WITH_ERRORS, Outcome.ACCEPTED, Outcome.RECEIVED},
    Verdict.REJECTED: {Outcome.REJECTED, Outcome.PARTIALLY, Outcome.RECEIVED},
}


def read(content: bytes) -> list[Answer]:
    return [answer for one in syntax.read(content) for answer in reading.answers(one, WORDS)]


ANSWERS = [pytest.param(folder, answer, id=f"{folder.name}-{number}-{answer.name}") for folder in CASES
           for number, answer in enumerate([answer for one in of(folder) for answer in one.answers], 1)]


@pytest.mark.parametrize(("folder", "answer"), ANSWERS)
def test_our_own_answer_says_what_it_was_meant_to_say(folder: Path, answer: object) -> None:
    got = read(answer.content)  # type: ignore[attr-defined]
    assert got and [one.findings for one in got if one.findings] == []
    sent = []
    for interchange in syntax.read((folder / "message.edi").read_bytes()):
        sent.append(explaining.sent_interchange(interchange)[0])
    reconciled = reconcile(got, sent)
    assert [one.findings for one in reconciled if one.findings and one.sent is None] == []
    outcomes = {state.outcome for state in states(sent, reconciled) if state.outcome is not None}
    assert outcomes & MEANT[answer.verdict]  # type: ignore[attr-defined]
    for one in reconciled:
        for complaint in one.statement.complaints:
            assert complaint.words or complaint.text, complaint  # each code has its meaning
