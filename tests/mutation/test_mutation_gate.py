"""The mutation test can fail: checkers that are wrong on purpose are caught."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest

from edi_bridge.finding import Finding
from edi_bridge.interchange import Message, Position
from tests.mutation import examine, judge, plant, reading
from tests.mutation.field import Expected, Fault, Field

KEY = "x12/004010/860"
Spoil = Callable[[list[Finding]], Iterable[Finding]]


def _without(*kinds: str) -> Spoil:
    return lambda findings: [one for one in findings if one.kind not in kinds]


def _shifted(**by: int) -> Spoil:
    def spoil(findings: list[Finding]) -> Iterator[Finding]:
        for one in findings:
            moved = {name: value + by[name] for name in by if (value := getattr(one.position, name)) is not None}
            yield replace(one, position=replace(one.position, **moved))
    return spoil


def _phantom(findings: list[Finding]) -> Iterator[Finding]:
    """Whatever is found is told twice."""
    for one in findings:
        yield one
        yield one


def _first(findings: list[Finding]) -> list[Finding]:
    """Stops at the first fault."""
    return findings[:1]


def _renamed(findings: list[Finding]) -> list[Finding]:
    return [replace(one, kind="too_many_elements") if one.kind == "too_many_components" else one for one in findings]


WRONG: dict[str, Spoil] = {
    "never too long": _without("too_long"),
    "never a condition": _without("condition_violated"),
    "never too short": _without("too_short"),
    "never missing": _without("missing_element"),
    "never out of order": _without("segment_out_of_order", "missing_segment", "segment_repeats"),
    "never a total": _without("control_total_mismatch"),
    "an element further": _shifted(element=1),
    "a segment further": _shifted(segment=1),
    "a component further": _shifted(component=1),
    "a byte further": _shifted(offset=1),
    "twice": _phantom,
    "another kind": _renamed,
}


def _checker(spoil: Spoil) -> examine.Check:
    real = examine.checker(KEY)

    def check(message: Message) -> Iterable[Finding]:
        return spoil(real.check(message))
    return check


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_checker_is_caught_by_single_faults(name: str) -> None:
    _, problems = examine.run(KEY, 60, _checker(WRONG[name]))
    assert problems != []


def test_one_that_stops_at_the_first_fault_is_caught_by_ten_at_once() -> None:
    _, problems = examine.run_many(KEY, 2, _checker(_first))
    assert len([one for one in problems if ": missed " in one]) > 10


def test_one_that_finds_nothing_misses_every_mutation() -> None:
    tried, problems = examine.run(KEY, 40, lambda message: [])
    assert len(problems) >= tried - 2  # the reader counts the segments


def test_a_finding_in_a_clean_message_is_a_phantom() -> None:
    def check(message: Message) -> Iterable[Finding]:
        return [*examine.checker(KEY).check(message), Finding("too_long", message.locate(2, 1))]

    assert [one.kind for one in examine.clean(KEY, check)] == ["too_long"]
    _, problems = examine.run(KEY, 10, check)
    assert len([one for one in problems if "phantom too_long at segment 2 BCH" in one]) == 10


def _unordered() -> tuple[Field, list[Fault], list[Finding]]:
    """A message without BCH and with CUR behind SE's neighbour: two faults, and what is found in them."""
    made = plant.field(KEY, 0)
    bch, cur, after, last = made.clean[1], made.clean[2], made.clean[3], made.clean[-1]
    assert (bch.tag, cur.tag, after.tag) == ("BCH", "CUR", "REF")
    made.wire.segments.remove(bch)
    made.wire.segments.remove(cur)
    made.wire.segments.insert(made.wire.segments.index(last), cur)
    number = made.wire.segments.index(cur) + 1
    faults = [Fault("missing", [Expected(frozenset({"missing_segment"}), (after,), tag="BCH")]),
              Fault("moved", [Expected(frozenset({"segment_out_of_order"}), (last,))])]  # on purpose not where it is found
    return made, faults, [Finding("missing_segment", Position(segment=2, tag="BCH")), Finding("segment_out_of_order", Position(segment=number, tag="CUR"))]


def test_another_explanation_is_right_if_it_is_as_short_and_makes_the_order_legal() -> None:
    made, faults, found = _unordered()
    starts = made.finish()[1]
    assert judge.verdict(made, starts, faults, found) == []
    assert judge.verdict(made, starts, faults[:1], found) != []  # more findings than faults
    assert judge.verdict(made, starts, [*faults, faults[1]], found) != []  # fewer
    for wrong in ([found[0]], [found[1]], [found[1], replace(found[0], position=replace(found[0].position, segment=3))],
                  [found[1], replace(found[0], position=replace(found[0].position, tag="BEG"))],
                  [found[0], replace(found[1], position=replace(found[1].position, segment=4))]):
        assert not reading.explains(made, wrong), wrong
        assert judge.verdict(made, starts, faults, wrong) != []
