"""Answers against what was sent: the right interchange, group and message, and what all answers say together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge.ack.reconcile import (
    Reconciled,
    Sent,
    SentGroup,
    SentMessage,
    reconcile,
    said,
    states,
)
from edi_bridge.ack.statement import Answer, Complaint, Outcome, Statement, Subject
from edi_bridge.interchange import Address, Position

US, THEM = Address("US", "01"), Address("THEM", "ZZ")
NOON, ONE, TWO = (datetime(2026, 11, 21, hour, tzinfo=UTC) for hour in (12, 13, 14))


def sent(control: str = "000000001", group: str = "1", receiver: Address = THEM, messages: tuple[str, ...] = ("0001", "0002"),
         kind: str = "IN", standard: str = "x12") -> Sent:
    made = tuple(SentMessage(reference, "810", f"{group}-{reference}") for reference in messages)
    return Sent(standard, US, receiver, control, (SentGroup(group, kind, made),), NOON, TWO)


def about(level: str, **more: str) -> Subject:
    return Subject(level, "x12", US, THEM, **more)


def statement(outcome: Outcome, subject: Subject, answer: str = "997", below: Outcome | None = None) -> Statement:
    return Statement(answer, subject, outcome, (), below)


def answer(*statements: Statement) -> Answer:
    return Answer(statements[0].answer, statements)


def group(outcome: Outcome, control: str = "1", kind: str = "IN") -> Statement:
    below = {Outcome.REJECTED: Outcome.REJECTED}.get(outcome, Outcome.ACCEPTED)
    return statement(outcome, about("group", group=control, kind=kind), below=below)


def message(outcome: Outcome, reference: str, control: str = "1", type: str = "810") -> Statement:
    return statement(outcome, about("message", group=control, kind="IN", message=reference, type=type))


def became(out: Sent, *answers: Answer, now: datetime | None = None) -> dict[str, str]:
    """What each thing became, by its last number."""
    reconciled = reconcile(answers, [out])
    return {
        state.key[2] or state.key[1] or "all": state.outcome.value if state.outcome else "waiting"
        for state in states([out], reconciled, now)
    }


def kinds(reconciled: list[Reconciled]) -> list[str]:
    return [finding.kind for one in reconciled for finding in one.findings]


def test_a_997_settles_group_and_messages_and_with_them_the_interchange() -> None:
    out = sent()
    assert became(out) == {"all": "waiting", "1": "waiting", "0001": "waiting", "0002": "waiting"}
    all_well = answer(group(Outcome.ACCEPTED), message(Outcome.ACCEPTED, "0001"), message(Outcome.ACCEPTED, "0002"))
    assert set(became(out, all_well).values()) == {"accepted"}
    partly = answer(group(Outcome.PARTIALLY), message(Outcome.REJECTED, "0001"), message(Outcome.ACCEPTED, "0002"))
    assert became(out, partly) == {"all": "partially accepted", "1": "partially accepted", "0001": "rejected", "0002": "accepted"}


@pytest.mark.parametrize(("outcome", "below"), [(Outcome.ACCEPTED, "accepted"), (Outcome.REJECTED, "rejected")])
def test_what_no_answer_names_has_what_holds_for_its_group(outcome: Outcome, below: str) -> None:
    out = sent()
    reconciled = reconcile([answer(group(outcome))], [out])
    inside = [state for state in states([out], reconciled) if state.key[0] == "message"]
    assert [(state.outcome.value if state.outcome else "", state.named) for state in inside] == [(below, False)] * 2


def test_receiving_judges_nothing_yet() -> None:
    """CONTRL 8 and TA1 A: the messages still wait; the answer that follows is no change of mind."""
    out = sent()
    received = answer(statement(Outcome.RECEIVED, about("interchange", interchange="000000001"), "TA1"))
    assert became(out, received) == {"all": "received", "1": "waiting", "0001": "waiting", "0002": "waiting"}
    final = answer(group(Outcome.ACCEPTED))
    assert became(out, received, final)["all"] == "accepted"
    contrl = [
        replace(received.statements[0], answer="CONTRL"),
        statement(Outcome.ACCEPTED, about("interchange", interchange="000000001"), "CONTRL", Outcome.ACCEPTED),
    ]
    assert kinds(reconcile([answer(one) for one in contrl], [out])) == []


def test_a_rejected_envelope_takes_everything_with_it() -> None:
    out = sent()
    refused = answer(statement(Outcome.REJECTED, about("interchange", interchange="000000001"), "TA1", Outcome.REJECTED))
    assert set(became(out, refused).values()) == {"rejected"}


def test_the_business_may_refuse_what_the_syntax_accepted() -> None:
    out = sent()
    fine = answer(group(Outcome.ACCEPTED), message(Outcome.ACCEPTED, "0001"))
    advice = answer(statement(Outcome.REJECTED, about("document", group="1", message="0001", document="1-0001"), "824"))
    assert became(out, fine, advice) == {"all": "accepted", "1": "accepted", "0001": "rejected", "0002": "accepted"}
    assert kinds(reconcile([fine, advice], [out])) == []  # two families: no contradiction


@pytest.mark.parametrize("named", [
    {"document": "1-0001"}, {"message": "0001"}, {"message": "1-0001"}, {"message": "0001", "document": "1-0001", "group": "1"},
])
def test_a_business_answer_finds_its_document_by_number_or_reference(named: dict[str, str]) -> None:
    (one,) = reconcile([answer(statement(Outcome.ACCEPTED, about("document", **named), "824"))], [sent()])
    assert (one.sent is not None, one.key) == (True, ("message", "1", "0001"))


def test_the_same_number_at_another_partner_is_somebody_else_s() -> None:
    other = sent(receiver=Address("OTHER", "ZZ"))
    qualified = sent(receiver=Address("THEM", "14"))
    mine = sent()
    (one,) = reconcile([answer(group(Outcome.ACCEPTED))], [mine, other, qualified])
    assert one.sent is mine


def test_a_group_number_counts_for_its_own_kind() -> None:
    """X12: GS06 is unique among the groups of one GS01 between two partners."""
    invoices, orders = sent(kind="IN"), sent("000000002", kind="PO")
    (one,) = reconcile([answer(group(Outcome.ACCEPTED, kind="PO"))], [invoices, orders])
    assert one.sent is orders


def test_a_number_used_again_means_the_one_that_still_waits() -> None:
    first, second = sent("000000001"), sent("000000002")
    reconciled = reconcile([answer(group(Outcome.ACCEPTED)), answer(group(Outcome.REJECTED))], [first, second])
    assert [one.sent for one in reconciled] == [second, first]  # the newest first; then the one nobody spoke of yet


def test_leading_zeros_are_tolerated_and_said() -> None:
    (one,) = reconcile([answer(message(Outcome.ACCEPTED, "1"))], [sent()])
    assert one.key == ("message", "1", "0001") and kinds([one]) == ["answer_malformed"]


def test_another_message_type_is_said() -> None:
    assert kinds(reconcile([answer(message(Outcome.ACCEPTED, "0001", type="850"))], [sent()])) == ["answer_malformed"]


@pytest.mark.parametrize("one", [
    group(Outcome.ACCEPTED, "99"), message(Outcome.ACCEPTED, "0009"), message(Outcome.ACCEPTED, "0001", "7"),
    statement(Outcome.RECEIVED, about("interchange", interchange="000000099"), "TA1"),
    statement(Outcome.REJECTED, about("document", document="unknown"), "824"),
    statement(Outcome.REJECTED, Subject("document", "as2", transfer="other@x"), "MDN"),
])
def test_an_answer_to_nothing_that_was_sent_is_a_finding(one: Statement) -> None:
    (found,) = reconcile([answer(one)], [sent()])
    assert (found.sent, kinds([found])) == (None, ["answer_to_nothing_sent"])


def test_the_same_answer_twice_and_another_one() -> None:
    yes, no = answer(group(Outcome.ACCEPTED)), answer(group(Outcome.REJECTED))
    assert kinds(reconcile([yes, yes], [sent()])) == ["answer_repeated"]
    assert kinds(reconcile([yes, no], [sent()])) == ["answer_changed"]
    out = sent()
    assert became(out, yes, no)["1"] == "rejected"  # the newest holds


def test_an_earlier_answer_is_known_from_before() -> None:
    yes = group(Outcome.ACCEPTED)
    out = replace(sent(), answered={("syntax", "group", "1", ""): said(yes)})
    assert [one.repeated for one in reconcile([answer(yes)], [out])] == ["same"]
    assert [one.repeated for one in reconcile([answer(group(Outcome.REJECTED))], [out])] == ["other"]


def test_errors_at_another_place_are_another_answer() -> None:
    def complained(segment: int) -> Answer:
        one = Complaint("7", "723", "invalid code", "997 AK403 = 7", Position(segment=segment))
        return answer(replace(message(Outcome.REJECTED, "0001"), complaints=(one,)))

    assert kinds(reconcile([complained(3), complained(3)], [sent()])) == ["answer_repeated"]
    assert kinds(reconcile([complained(3), complained(4)], [sent()])) == ["answer_changed"]


def test_late_and_overdue() -> None:
    out = sent()
    late = reconcile([answer(group(Outcome.ACCEPTED))], [out], datetime(2026, 11, 21, 15, tzinfo=UTC))
    assert [one.late for one in late] == [True] and kinds(late) == ["answer_late"]
    assert [one.late for one in reconcile([answer(group(Outcome.ACCEPTED))], [out], ONE)] == [False]
    assert all(state.overdue for state in states([out], [], datetime(2026, 11, 21, 15, tzinfo=UTC)))
    assert not any(state.overdue for state in states([out], [], ONE))


def test_a_receipt_is_found_by_its_transfer() -> None:
    out = replace(sent(), transfer="sent-1@us")
    one = statement(Outcome.REJECTED, Subject("document", "as2", transfer="sent-1@us"), "MDN", Outcome.REJECTED)
    assert set(became(out, answer(one)).values()) == {"rejected"}


OUTCOMES = st.sampled_from([Outcome.ACCEPTED, Outcome.WITH_ERRORS, Outcome.REJECTED])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["0001", "0002", "0003"]), OUTCOMES), max_size=8), st.sampled_from([None, *Outcome]))
def test_each_message_has_what_was_said_of_it_last(listed: list[tuple[str, Outcome]], whole: Outcome | None) -> None:
    """Whatever comes in, in whatever order: a dictionary is the oracle."""
    out = sent(messages=("0001", "0002", "0003"))
    answers = [answer(message(outcome, reference)) for reference, outcome in listed]
    if whole is not None:
        answers.append(answer(group(whole)))
    got = became(out, *answers)
    default = "waiting" if whole is None else "rejected" if whole is Outcome.REJECTED else "accepted"
    expected = dict.fromkeys(("0001", "0002", "0003"), default) | {reference: outcome.value for reference, outcome in listed}
    assert {name: got[name] for name in expected} == expected
