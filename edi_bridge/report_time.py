"""Dates and times as a report writes them (`YYMMDD`, `DD-MON-YYYY hh:mm`) → ISO 8601 in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PIECES = {"YYYY": r"(?P<year>[0-9]{4})", "YY": r"(?P<short>[0-9]{2})", "MON": r"(?P<name>[A-Za-z]{3})", "MM": r"(?P<month>[0-9]{1,2})",
          "DD": r"(?P<day>[0-9]{1,2})", "hh": r"(?P<hour>[0-9]{1,2})", "mm": r"(?P<minute>[0-9]{1,2})", "ss": r"(?P<second>[0-9]{1,2})"}
PIECE = re.compile("|".join(PIECES))
OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
CENTURY = 70  # a year of two digits: from here on 19xx, before it 20xx


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How dates and times look: patterns of YYYY YY MM MON DD hh mm ss; '' for one that is not there. Either pattern may hold
    both parts. `zone`: UTC, an offset (+01:00) or a zone's name (America/New_York)."""

    date: str = ""
    time: str = ""
    zone: str = "UTC"

    @classmethod
    def of(cls, date: str, time: str, zone: str) -> tuple[TimeForm, dict[str, str]]:
        """The form, and what is wrong with it by key."""
        wrong = {key: f"{key} is a pattern of {' '.join(PIECES)}" for key, form in (("date", date), ("time", time))
                 if form and not PIECE.search(form)}
        pieces = PIECE.findall(date) + PIECE.findall(time)
        if not wrong and len(set(pieces)) != len(pieces):
            wrong["time" if time else "date"] = "a piece of date and time is given twice"
        elif not wrong and pieces and not ({"YYYY", "YY"} & set(pieces) and {"MM", "MON"} & set(pieces) and "DD" in pieces):
            wrong["date"] = "year, month and day are needed"
        try:
            _zone(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            wrong["zone"] = f"{zone!r} is no time zone (UTC, +01:00, America/New_York)"
        return (cls() if wrong else cls(date, time, zone)), wrong

    def read(self, date: str, time: str) -> tuple[str, str]:
        """(ISO 8601 in UTC, '') or ('', what is wrong). Without a date there is no time; a form that is not declared says nothing."""
        if not self.date or not date:
            return "", ""
        found: dict[str, str] = {}
        for form, text in ((self.date, date), (self.time, time)):
            if form and text:
                if not (hit := _pattern(form).match(text)):
                    return "", f"{text!r} is not of the form {form}"
                found |= hit.groupdict()
        try:
            year = int(found["year"]) if "year" in found else int(found["short"]) + (1900 if int(found["short"]) >= CENTURY else 2000)
            month = MONTHS.index(found["name"].lower()) + 1 if "name" in found else int(found["month"])
            local = datetime(year, month, int(found["day"]), int(found.get("hour", 0)), int(found.get("minute", 0)),
                             int(found.get("second", 0)), tzinfo=_zone(self.zone))
            return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), ""
        except (ValueError, OverflowError):
            return "", f"{date} {time} is no time".replace("  ", " ")


@cache
def _pattern(form: str) -> re.Pattern[str]:
    """A form as a regular expression; what stands behind it (seconds that the form leaves out) is ignored."""
    parts, at = [], 0
    for hit in PIECE.finditer(form):
        parts += [re.escape(form[at:hit.start()]), PIECES[hit.group()]]
        at = hit.end()
    joined = "".join(parts) + re.escape(form[at:])
    # pieces that touch each other have all their digits
    tight = not re.search(r"[^A-Za-z]", form)
    return re.compile(joined.replace("{1,2}", "{2}") if tight else joined)


@cache
def _zone(name: str) -> tzinfo:
    if offset := OFFSET.fullmatch(name):
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-away if offset[1] == "-" else away)
    return UTC if name == "UTC" else ZoneInfo(name)
