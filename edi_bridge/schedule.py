"""When a channel is polled next, and by when a partner must have sent. Pure: the time is handed in.

A cron line is read on the clock of its zone. Where that clock is set back, a line with fixed hours runs once, and one that runs in
every hour (`*/10 * * * *`) goes on in both; where it is set forward, what would have run in the missing hour runs an hour later on
the clock, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


from edi_bridge.channel import Channel
from edi_bridge.fault import ConfigFault
from edi_bridge.partner import Silence
from edi_bridge.yamltext import seconds

YEARS = 10  # after which a line that never comes true (30 February) is given up
SET = timedelta(hours=2)  # by less than which clocks are set forward and back
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
SLOWEST_RETRY = 300.0  # seconds to which failures slow a channel down that is polled more often


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which something must have come: from `since` up to `by` (UTC), on `day` in the rule's zone."""

    since: datetime
    by: datetime
    day: date


def interval(channel: Channel) -> float | None:
    """The seconds between two polls; None where a cron line says when."""
    word, _, length = channel.poll.partition(" ")
    return seconds(length) if word == "every" else None


def next_poll(channel: Channel, now: datetime) -> datetime:
    """When a channel that was polled now is polled again; NEVER where its line never comes true. ConfigFault for an unknown zone."""
    every = interval(channel)
    return now + timedelta(seconds=every) if every is not None else _next_cron(channel, now)


def first_poll(channel: Channel, now: datetime, planned: datetime | None) -> datetime:
    """When it is polled after a start. `planned`: what was planned before the program stopped. A time that passed meanwhile is made
    up for at once, and only once."""
    if interval(channel) is not None or (planned is not None and planned <= now):
        return now
    return _next_cron(channel, now)


def after_failure(channel: Channel, now: datetime, failures: int) -> datetime:
    """When a channel is tried again that has failed so often in succession: as planned, but not every second for hours."""
    every = interval(channel)
    if every is None:
        return _next_cron(channel, now)
    slowed = min(SLOWEST_RETRY, every * 2.0 ** min(failures - 1, 20))
    return now + timedelta(seconds=max(every, slowed))


def _next_cron(channel: Channel, now: datetime) -> datetime:
    """The first moment after now. What stands later on a clock may come earlier in time, by the hour that the clock is set."""
    zone = zone_of(channel.zone, channel)
    folds = (0, 1) if channel.poll.split()[1].startswith("*") else (0,)
    ahead, at = NEVER, datetime.max
    for moment in _cron(channel.poll, now.astimezone(zone).replace(tzinfo=None) - SET):
        if moment - SET > at:
            break
        if moment.date().isoformat() in channel.holidays:
            continue
        for fold in folds:
            there = moment.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            if now < there < ahead:
                ahead, at = there, moment
    return ahead


def _cron(line: str, since: datetime) -> Iterator[datetime]:
    """The moments of a line on a clock that is never set, from `since` on."""
    from croniter import croniter  # loads long, and a daemon must soon be back at work

    steps = croniter(line, since, max_years_between_matches=YEARS)
    while True:
        try:
            moment: datetime = steps.get_next(datetime)
        except (ValueError, KeyError):  # croniter's own: it never comes true
            return
        yield moment


def zone_of(name: str, channel: Channel | None = None) -> ZoneInfo:
    """A time zone. ConfigFault (at the channel) when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        sentence = f"there is no time zone {name}"
        raise (channel.fault(sentence) if channel else ConfigFault.at("", 0, 0, sentence)) from None


def last_window(rule: Silence, now: datetime) -> Window | None:
    """The newest window of a rule that is over; None when none was over in the last week (a partner that rests)."""
    zone = zone_of(rule.zone)
    today = now.astimezone(zone).date()
    for days in range(8):
        day = today - timedelta(days=days)
        if day.isoweekday() not in rule.days or day.isoformat() in rule.holidays:
            continue
        by = datetime.combine(day, time.fromisoformat(rule.by), zone).astimezone(UTC)
        if by <= now:
            return Window(_since(rule, day, by, zone), by, day)
    return None


def _since(rule: Silence, day: date, by: datetime, zone: ZoneInfo) -> datetime:
    if rule.within:
        return by - timedelta(seconds=rule.within)
    return datetime.combine(day, time(), zone).astimezone(UTC)
