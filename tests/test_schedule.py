"""When channels are polled and by when partners must have sent: expectations written by hand from the clocks of Berlin and New York.

Berlin 2026: clocks go from 02:00 to 03:00 on 29 March (01:00 UTC) and from 03:00 back to 02:00 on 25 October (01:00 UTC).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edi_bridge.channel import Channel, load
from edi_bridge.fault import ConfigFault
from edi_bridge.partner import Silence
from edi_bridge.partner import load as load_partner
from edi_bridge.schedule import NEVER, after_failure, first_poll, last_window, next_poll
from edi_bridge.yamltext import parse


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def channel(poll: str, zone: str = "UTC", holidays: str = "[]") -> Channel:
    """As a partner's file says it."""
    block = parse(f'channels: {{c: {{kind: directory, get: /in, poll: "{poll}", zone: {zone}, holidays: {holidays}}}}}', "acme.yaml")
    return load(block["channels"], "acme", "acme.yaml")["acme.c"]


def following(one: Channel, now: str, count: int) -> list[str]:
    """The next moments, as `MM-DD HH:MM` in UTC."""
    moment, listed = at(now), []
    for _ in range(count):
        moment = next_poll(one, moment)
        listed.append(f"{moment:%m-%d %H:%M}")
    return listed


@pytest.mark.parametrize(("poll", "zone", "now", "expected"), [
    ("every 5m", "UTC", "2026-11-22T10:02", ["11-22 10:07", "11-22 10:12"]),
    ("*/10 * * * *", "UTC", "2026-11-22T10:02", ["11-22 10:10", "11-22 10:20"]),
    ("*/10 * * * *", "UTC", "2026-11-22T10:10", ["11-22 10:20"]),  # never the moment itself
    ("*/30 6-7 * * 1-5", "Europe/Berlin", "2026-11-20T06:10", ["11-20 06:30", "11-23 05:00", "11-23 05:30", "11-23 06:00"]),  # 20th: a Friday
    ("0 9 1,15 * *", "UTC", "2026-11-22T00:00", ["12-01 09:00", "12-15 09:00"]),
    ("0 9 13 * fri", "UTC", "2026-11-01T00:00", ["11-06 09:00", "11-13 09:00", "11-20 09:00"]),  # day or weekday (crontab(5))
    ("0 9 * * 7", "UTC", "2026-11-22T10:00", ["11-29 09:00"]),  # 7 is Sunday, as 0
    ("0 0 29 2 *", "UTC", "2026-11-22T00:00", ["02-29 00:00"]),  # 2028
    ("15 18 * * *", "America/New_York", "2026-11-22T00:00", ["11-22 23:15", "11-23 23:15"]),
])
def test_a_schedule_s_next_moments(poll: str, zone: str, now: str, expected: list[str]) -> None:
    assert following(channel(poll, zone), now, len(expected)) == expected


def test_in_the_hour_that_comes_twice_an_every_hour_line_goes_on_and_a_fixed_one_runs_once() -> None:
    # 02:30 and 02:45 of Berlin come at 00:30, 00:45 and again at 01:30, 01:45 UTC
    assert following(channel("30 * * * *", "Europe/Berlin"), "2026-10-24T23:00", 5) == [
        "10-24 23:30", "10-25 00:30", "10-25 01:30", "10-25 02:30", "10-25 03:30"]
    assert following(channel("30 2 * * *", "Europe/Berlin"), "2026-10-24T23:00", 2) == ["10-25 00:30", "10-26 01:30"]


def test_in_the_hour_that_is_missing_a_fixed_line_runs_an_hour_later_once_and_the_others_go_on() -> None:
    # there is no 02:30 on 29 March: 03:30 of Berlin is 01:30 UTC
    assert following(channel("30 2 * * *", "Europe/Berlin"), "2026-03-28T12:00", 2) == ["03-29 01:30", "03-30 00:30"]
    assert following(channel("*/30 * * * *", "Europe/Berlin"), "2026-03-29T00:10", 4) == [
        "03-29 00:30", "03-29 01:00", "03-29 01:30", "03-29 02:00"]


def test_a_line_rests_on_holidays_of_its_own_zone() -> None:
    one = channel("0 0,12 * * *", "Europe/Berlin", "[2026-12-25, 2026-12-26]")
    assert following(one, "2026-12-24T05:00", 3) == ["12-24 11:00", "12-26 23:00", "12-27 11:00"]  # midnight of the 27th is 23:00 UTC


def test_a_line_that_never_comes_true_never_runs_and_stops_nobody() -> None:
    assert next_poll(channel("0 0 30 2 *"), at("2026-11-22T00:00")) == NEVER


def test_an_unknown_zone_is_told_with_its_place() -> None:
    with pytest.raises(ConfigFault, match=r"acme\.yaml:1:\d+: channel acme\.c: there is no time zone Europe/Belrin"):
        next_poll(channel("0 6 * * *", "Europe/Belrin"), at("2026-11-22T00:00"))


def test_what_was_missed_while_the_program_stood_is_made_up_for_once() -> None:
    daily, now = channel("0 6 * * *"), at("2026-11-22T08:00")
    assert first_poll(daily, now, at("2026-11-20T06:00")) == now  # two days were missed: one poll
    assert first_poll(daily, now, at("2026-11-23T06:00")) == at("2026-11-23T06:00")
    assert first_poll(daily, now, None) == at("2026-11-23T06:00")
    assert first_poll(channel("every 5m"), now, at("2026-11-22T08:04")) == now


def test_failures_slow_a_channel_down_up_to_five_minutes_and_no_slower_than_it_is_anyway() -> None:
    now = at("2026-11-22T08:00")
    waits = [(after_failure(channel("every 10s"), now, failures) - now).total_seconds() for failures in (1, 2, 3, 6, 50)]
    assert waits == [10, 20, 40, 300, 300]
    assert after_failure(channel("every 1h"), now, 9) == now + timedelta(hours=1)
    assert after_failure(channel("0 6 * * *"), now, 9) == at("2026-11-23T06:00")


# --- silence ---------------------------------------------------------------------------------------------------------

RULE = Silence("*/*/ORDERS", "10:00", (1, 2, 3, 4, 5), "Europe/Berlin", ("2026-12-25",))


def window(rule: Silence, now: str) -> tuple[str, str] | None:
    found = last_window(rule, at(now))
    return (f"{found.since:%m-%d %H:%M}", f"{found.by:%m-%d %H:%M}") if found else None


def test_a_rule_looks_from_midnight_to_its_time_on_its_own_clock() -> None:
    assert window(RULE, "2026-11-23T09:00") == ("11-22 23:00", "11-23 09:00")  # Monday: 10:00 of Berlin is 09:00 UTC
    assert window(RULE, "2026-11-23T08:59") == ("11-19 23:00", "11-20 09:00")  # not yet: Friday's holds
    assert window(RULE, "2026-07-01T08:00") == ("06-30 22:00", "07-01 08:00")  # in summer two hours


def test_weekends_and_holidays_have_no_window() -> None:
    assert window(RULE, "2026-11-22T12:00") == ("11-19 23:00", "11-20 09:00")  # a Sunday
    assert window(RULE, "2026-12-25T12:00") == ("12-23 23:00", "12-24 09:00")


def test_a_rule_may_count_what_came_within_hours() -> None:
    assert window(Silence("*/*/ORDERS", "06:00", within=12 * 3600), "2026-11-22T07:00") == ("11-21 18:00", "11-22 06:00")


def test_which_messages_a_rule_means() -> None:
    assert RULE.fits("edifact/D96A/ORDERS") and RULE.fits("edifact/D01B/ORDERS")
    assert not RULE.fits("edifact/D96A/ORDRSP") and not RULE.fits("x12/004010/850")


def partner(text: str) -> Any:
    return load_partner(parse(f"partner: acme\nsilence:\n{text}", "acme.yaml"))


def test_a_rule_is_read_from_the_partner_s_file() -> None:
    said = partner('  - {message: "*/*/ORDERS", by: 10:00, days: 1-5, zone: Europe/Berlin, holidays: [2026-12-25]}\n'
                   '  - {message: x12/004010/850, by: "23:59", days: [6, 1], within: 12h}\n').silence
    assert said == (RULE, Silence("x12/004010/850", "23:59", (1, 6), within=43200.0))


@pytest.mark.parametrize(("rule", "says"), [
    ('{message: ORDERS, by: "10:00"}', "message: is of the form"),
    ('{message: "*/*/ORDERS", by: "25:00"}', "by: is a time of day"),
    ('{message: "*/*/ORDERS"}', "by: is a time of day"),
    ('{message: "*/*/ORDERS", by: "10:00", days: 5-1}', "days: are weekdays"),
    ('{message: "*/*/ORDERS", by: "10:00", days: 0}', "days: are weekdays"),
    ('{message: "*/*/ORDERS", by: "10:00", zone: Mars}', "there is no time zone Mars"),
    ('{message: "*/*/ORDERS", by: "10:00", holidays: [christmas]}', "holidays: is a list of days"),
    ('{message: "*/*/ORDERS", by: "10:00", within: 5}', "within: is a time with its unit"),
    ('{message: "*/*/ORDERS", bye: "10:00"}', "has no key 'bye'; did you mean by?"),
])
def test_a_wrong_rule_is_told_with_its_place(rule: str, says: str) -> None:
    with pytest.raises(ConfigFault, match=r"acme\.yaml:3:\d+: ") as caught:
        partner(f"  - {rule}\n")
    assert says in str(caught.value)
