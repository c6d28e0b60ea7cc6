"""The table of stages: every stage × test flag × direction × kind of channel, held against expectations written by hand here.

The expectation is the issue's text, not the table: which stages know tests, which know production, and where each ends.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from edi_bridge import partner
from edi_bridge.rollout import stage
from edi_bridge.rollout.stage import Arrival, Departure, arriving, by_channel, leaving

ROLLOUT = (Path(__file__).parents[2] / "docs" / "rollout.md").read_text("utf-8")
ALL = ("draft", "connecting", "validating", "certifying", "shadow", "pilot", "live", "paused", "retest", "retired")
TAKES_TESTS = {"validating", "certifying", "retest"}
POSTS = {"pilot": "pilot_", "live": "", "retest": ""}  # stage → lane of its production
RUNS = {"validating", "certifying", "shadow", "pilot", "live", "retest"}


def cases(*axes: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Every combination."""
    return list(itertools.product(*axes))


def test_the_stages_are_those_that_partners_may_name() -> None:
    assert tuple(stage.TABLE) == partner.STAGES == ALL


@pytest.mark.parametrize(("name", "test", "tests_only"), cases(ALL, (True, False), (True, False)))
def test_what_becomes_of_something_that_comes(name: str, test: bool, tests_only: bool) -> None:
    made = arriving(name, test, tests_only=tests_only)
    if test and (name in TAKES_TESTS or (tests_only and name in RUNS)):
        assert made == Arrival("post", "staging_", acknowledged=True)
    elif not test and not tests_only and name in POSTS:
        assert made == Arrival("post", POSTS[name], acknowledged=True, limited=name == "pilot")
    elif not test and not tests_only and name == "shadow":
        assert made == Arrival("shadow")
    else:
        assert (made.then, made.acknowledged) == ("hold", False) and made.reason


@pytest.mark.parametrize(("name", "wanted", "tests_only"), cases(ALL, (True, False, None), (True, False)))
def test_what_becomes_of_something_that_goes_out(name: str, wanted: bool | None, tests_only: bool) -> None:
    made = leaving(name, wanted, tests_only=tests_only)
    tests = name in TAKES_TESTS or (tests_only and name in RUNS)
    production = name in {"shadow", *POSTS} and not tests_only
    if wanted is None:
        wanted = not production
    if wanted and tests:
        assert made == Departure("send", True)
    elif not wanted and production:
        assert made == (Departure("dry") if name == "shadow" else Departure("send", False, limited=name == "pilot"))
    else:
        assert made.then == "refuse" and made.reason


@pytest.mark.parametrize(("former", "wanted"), cases((*ALL, ""), (True, False, None)))
def test_while_it_is_paused_nothing_leaves_and_what_went_out_before_waits(former: str, wanted: bool | None) -> None:
    made = leaving("paused", wanted, former=former)
    before = leaving(former, wanted) if former not in ("paused", "") else None
    if before is not None and before.then == "send":
        assert (made.then, made.test, made.limited) == ("wait", before.test, before.limited)
    else:
        assert made.then in ("dry", "refuse")
    assert made.then != "send"


@pytest.mark.parametrize(("name", "wanted", "tests_only", "channel_test"), cases(
    (*ALL, "unheard-of"), (True, False, None), (True, False), (True, False)))
def test_nothing_leaves_by_the_wrong_kind_of_channel(name: str, wanted: bool | None, tests_only: bool, channel_test: bool) -> None:
    made = leaving(name, wanted, tests_only=tests_only)
    leaves = made.then == "send" and not by_channel(made.test, channel_test)
    if leaves:
        assert made.test is channel_test, "tests by channels for tests, production by live ones, and nothing else"
    if name not in RUNS:
        assert not leaves


@pytest.mark.parametrize(("name", "envelope", "channel"), cases((*ALL, "unheard-of"), (True, False, None), (True, False)))
def test_no_test_is_posted_live_and_no_production_into_staging(name: str, envelope: bool | None, channel: bool) -> None:
    if stage.contradiction(envelope, channel):
        assert (envelope, channel) == (False, True), "what an envelope says to be live has no place in a channel for tests"
        return
    test = stage.is_test(envelope, channel)
    assert test is (envelope if envelope is not None else channel)
    made = arriving(name, test)
    if made.then == "post":
        assert (made.lane == "staging_") is test


@pytest.mark.parametrize(("total", "today", "says"), [
    (0, 0, "number 1"), (4, 4, "number 5"), (5, 5, ""), (5, 49, ""), (199, 0, ""), (60, 50, "50 documents a day"), (200, 0, "200 documents is"),
    (200, 50, "200 documents is")])
def test_the_limits_of_a_pilot(total: int, today: int, says: str) -> None:
    made = stage.beyond(total, today, 200, 50, 5)
    assert (says in made) if says else not made


def test_without_limits_everything_passes() -> None:
    assert stage.beyond(10**9, 10**9, 0, 0, 0) == ""


WAYS = {  # written by hand: which may follow
    "draft": {"connecting", "retired"}, "connecting": {"draft", "validating", "retired"},
    "validating": {"connecting", "certifying", "paused", "retired"},
    "certifying": {"validating", "shadow", "pilot", "paused", "retired"}, "shadow": {"certifying", "pilot", "paused", "retired"},
    "pilot": {"certifying", "shadow", "live", "paused", "retired"}, "live": {"pilot", "retest", "paused", "retired"},
    "paused": {"validating", "certifying", "shadow", "pilot", "live", "retest", "retired"},
    "retest": {"live", "pilot", "paused", "retired"}, "retired": {"draft"}}


@pytest.mark.parametrize(("before", "after"), cases(ALL, ALL))
def test_which_stages_may_follow(before: str, after: str) -> None:
    assert stage.may_follow(before, after) is (after in WAYS[before])


def test_promotion_goes_forward_a_step_at_a_time() -> None:
    assert [stage.following(one) for one in ALL] == ["connecting", "validating", "certifying", "shadow", "pilot", "live", "", "", "live", ""]
    assert not stage.may_follow("unheard-of", "live")


def test_the_page_shows_the_table() -> None:
    assert stage.as_markdown() in ROLLOUT
