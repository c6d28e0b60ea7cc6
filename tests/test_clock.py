"""The clock that the environment sets, and the one that notices when a clock jumps."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from edi_bridge.clock import Clock, Steadiness, from_environment, written
from edi_bridge.fault import ConfigFault


def test_without_a_word_it_is_the_machine_s() -> None:
    assert abs(from_environment({})() - datetime.now(UTC)) < timedelta(seconds=2)


@pytest.mark.parametrize(("said", "start", "rate"), [
    ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00+00:00", 1),
    ("2026-11-22T10:00:00Z+60", "2026-11-22T10:00:00+00:00", 60),
    ("2026-11-22T10:00:00+01:00", "2026-11-22T09:00:00+00:00", 1),
    ("2026-11-22T10:00:00+01:00+0.5", "2026-11-22T09:00:00+00:00", 0.5),
    ("2026-11-22T10:00", "2026-11-22T10:00:00+00:00", 1),
    ("2026-11-22T10:00:00+0", "2026-11-22T10:00:00+00:00", 0),
])
def test_what_the_environment_says(said: str, start: str, rate: float) -> None:
    made = from_environment({"EDI_BRIDGE_CLOCK": said})
    assert made.start is not None and (made.start.astimezone(UTC).isoformat(), made.rate) == (start, rate)


@pytest.mark.parametrize("said", ["noon", "2026-13-01T00:00:00Z", "2026-11-22", "2026-11-22T10:00:00Z+fast"])
def test_what_is_no_time_is_refused(said: str) -> None:
    with pytest.raises(ConfigFault, match="EDI_BRIDGE_CLOCK: .* is no time such as"):
        from_environment({"EDI_BRIDGE_CLOCK": said})


def test_a_clock_with_a_rate_runs_that_much_faster() -> None:
    clock = from_environment({"EDI_BRIDGE_CLOCK": "2026-11-22T10:00:00Z+3600"})
    before, begun = clock(), time.monotonic()
    time.sleep(0.2)
    passed, real = (clock() - before).total_seconds(), time.monotonic() - begun
    assert 0.9 * 720 <= passed <= 3600 * real + 1


def test_written_times_sort_as_times_do() -> None:
    moments = [datetime(2026, 11, 22, 10, tzinfo=UTC) + timedelta(microseconds=number * 333_333) for number in range(7)]
    assert [written(one) for one in moments] == sorted(written(one) for one in moments)
    assert written(moments[0]) == "2026-11-22T10:00:00.000000Z"


class Two:
    """A clock that somebody sets, and one that nobody can."""

    def __init__(self) -> None:
        self.wall, self.steady = datetime(2026, 11, 22, 10, tzinfo=UTC), 1000.0

    def pass_(self, seconds: float, jump: float = 0.0) -> None:
        self.steady += seconds
        self.wall += timedelta(seconds=seconds + jump)


def test_a_jump_is_noticed_once_in_both_directions_and_time_that_passes_is_none() -> None:
    both = Two()
    one = Steadiness(lambda: both.wall, 1.0, lambda: both.steady)
    seen = []
    for seconds, jump in ((0, 0), (1, 0), (3600, 0), (1, 86400), (1, 0), (1, -7200), (1, 0.5), (30, -4)):
        both.pass_(seconds, jump)
        seen.append(round(one.jump()))
    assert seen == [0, 0, 0, 86400, 0, -7200, 0, 0]


def test_a_fast_clock_of_a_test_does_not_jump() -> None:
    clock = Clock(datetime(2026, 11, 22, tzinfo=UTC), 3600.0)
    one = Steadiness(clock, clock.rate)
    one.jump()
    time.sleep(0.1)
    assert one.jump() == 0.0
