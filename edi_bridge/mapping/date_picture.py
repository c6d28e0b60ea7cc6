"""Dates and times in pictures such as CCYYMMDDhhmm ⇄ ISO 8601 text with the same precision.

A picture is made of `CC YY MM DD` calendar, `WW`+`D` ISO week and week day, `JJJ` day of the year, `Q` quarter, `S` semester,
`hh mm ss` time, `ZZZ` a zone in three characters (UTC, +01), `Zhhmm` an offset; `-` between two pictures makes a period;
`P#D` is a number of days. Anything else stands for itself.

Rules: only days that exist (30 February is not one). 24:00 means the end of the day named and stays as it came (ISO 8601;
no other hour has 24). A year of two digits is 1969 to 2068 (the rule of POSIX strptime: 69 is 1969, 68 is
2068). Weeks are ISO weeks: Monday first, week 1 has the year's first Thursday.
"""

from __future__ import annotations

import re
from datetime import date as Day
from functools import lru_cache

from edi_bridge.mapping.codec_type import Bad

FIELD = {
    "CC": "(?P<c>[0-9]{2})", "YY": "(?P<y>[0-9]{2})", "MM": "(?P<m>[0-9]{2})", "DD": "(?P<d>[0-9]{2})",
    "WW": "(?P<w>[0-9]{2})", "JJJ": "(?P<j>[0-9]{3})", "Q": "(?P<q>[1-4])", "S": "(?P<s>[12])", "D": "(?P<wd>[1-7])",
    "hh": "(?P<H>[0-9]{2})", "mm": "(?P<M>[0-9]{2})", "ss": "(?P<S>[0-9]{2})",
    "Zhhmm": "(?P<off>[+-][0-9]{4})", "ZZZ": "(?P<z>.{3})",
}
TOKEN = re.compile("|".join(sorted(FIELD, key=len, reverse=True)) + "|.")
_DATE = (r"(?P<Y>[0-9]{4})(?:-(?P<m>[0-9]{2})(?:-(?P<d>[0-9]{2}))?|-W(?P<w>[0-9]{2})(?:-(?P<wd>[1-7]))?)?")
_TIME = r"(?P<H>[0-9]{2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:\.(?P<F>[0-9]+))?)?"
ZONE = r"(?P<Z>Z|[+-][0-9]{2}:[0-9]{2})?"
_ISO = re.compile(rf"(?:{_DATE}(?:T{_TIME})?{ZONE})|(?:{_TIME.replace('?P<', '?P<t')}{ZONE.replace('?P<', '?P<t')})")
_DURATION = re.compile(r"P([0-9]+[YMWD]|T[0-9]+[HMS])")

Moment = dict[str, str]  # Y m d w wd H M S F Z, as far as known


def parse(text: str) -> Moment | None:
    """The parts of an ISO 8601 date, week, time or both; None when it is not one or does not exist."""
    match = _ISO.fullmatch(text)
    if not match:
        return None
    moment = {key[-1] if key[0] == "t" else key: value for key, value in match.groupdict().items() if value}
    return moment if not _impossible(moment) else None


def text_of(moment: Moment) -> str:
    """The ISO 8601 text; the inverse of `parse`."""
    get = moment.get
    text = get("Y", "")
    for key, mark in (("m", "-"), ("d", "-"), ("w", "-W"), ("wd", "-")):
        if key in moment:
            text += mark + moment[key]
    if "H" in moment:
        text += ("T" if text else "") + moment["H"] + ":" + moment["M"]
        text += ":" + moment["S"] if "S" in moment else ""
        text += "." + moment["F"] if "F" in moment else ""
    return text + get("Z", "")


def _impossible(moment: Moment) -> str:
    """Why this is no date or time; '' when it is one."""
    if "Y" in moment and "d" not in moment and "wd" not in moment and ("H" in moment or "Z" in moment):
        return "a time or a zone needs a day"
    n = {key: int(value) for key, value in moment.items() if key in "YmdwHMS" or key == "wd"}
    if n.get("Y") == 0:
        return "there is no year 0000"
    if not 1 <= n.get("m", 1) <= 12:
        return f"there is no month {moment['m']}"
    try:
        if "d" in n:
            Day(n["Y"], n["m"], n["d"])
        if "w" in n:
            Day.fromisocalendar(n["Y"], n["w"], n.get("wd", 1))
    except ValueError:
        return f"there is no day {text_of({k: v for k, v in moment.items() if k not in 'HMSFZ'})}"
    hour, minute, second = n.get("H", 0), n.get("M", 0), n.get("S", 0)
    end_of_day = hour == 24 and not minute and not second and not moment.get("F", "").strip("0")
    if (hour > 23 and not end_of_day) or minute > 59 or second > 59:
        return f"there is no time {text_of({k: v for k, v in moment.items() if k in 'HMSF'})}"
    zone = moment.get("Z", "Z")
    if zone != "Z" and (int(zone[1:3]) > 14 or int(zone[4:]) > 59):
        return f"there is no time zone {zone}"
    return ""


@lru_cache(256)
def _pattern(picture: str) -> re.Pattern[str]:
    return re.compile("".join(FIELD.get(token, re.escape(token)) for token in TOKEN.findall(picture)))


def _read_one(raw: str, picture: str) -> Moment | str:
    """The parts of `raw`, or why it is none."""
    match = _pattern(picture).fullmatch(raw)
    if not match:
        return f"expected a date of the form {picture.upper()}"
    got = match.groupdict()
    moment: Moment = {}
    if got.get("y") or got.get("c"):
        moment["Y"] = (got["c"] if got.get("c") else "19" if got["y"] > "68" else "20") + got["y"]
    for key in ("m", "d", "w", "wd", "H", "M", "S"):
        if got.get(key):
            moment[key] = got[key]
    if got.get("j"):
        year, number = int(moment["Y"]), int(got["j"])
        day = Day.fromordinal(Day(year or 1, 1, 1).toordinal() + number - 1) if number else None
        if not day or day.year != year:
            return f"the year {year} has no day {number}"
        moment |= {"m": f"{day.month:02}", "d": f"{day.day:02}"}
    zone = got.get("off") or got.get("z")
    if zone:
        offset = _zone(zone)
        if offset is None:
            return f"the time zone {zone} is neither UTC, GMT nor an offset like +01"
        moment["Z"] = offset
    return _impossible(moment) or moment


def _zone(text: str) -> str | None:
    if text in ("UTC", "GMT"):
        return "Z"
    match = re.fullmatch(r"([+-][0-9]{2})([0-9]{2})?", text)
    return f"{match[1]}:{match[2] or '00'}" if match else None


def read_picture(raw: str, picture: str) -> str | Bad:
    """The ISO text of `raw` in a format."""
    if "#" in picture:
        return picture.replace("#", raw) if re.fullmatch("[0-9]{1,9}", raw) else Bad("invalid_value", "expected a number")
    if picture.endswith(("Q", "S")):
        return _read_part_of_year(raw, picture)
    head, dash, tail = picture.partition("-")
    if not dash or picture.count("-") > 1:  # one picture; CCYY-MM-DD has hyphens of its own
        one = _read_one(raw, picture)
        return Bad("invalid_value", one) if isinstance(one, str) else text_of(one)
    if len(raw) == len(picture) and raw[len(head)] == "-":  # the hyphen is not sent in EDIFACT, and sent in X12
        raw = raw[: len(head)] + raw[len(head) + 1 :]
    if len(raw) != len(head) + len(tail):
        return Bad("invalid_value", f"expected a period of the form {picture.upper()}")
    halves = [_read_one(raw[: len(head)], head), _read_one(raw[len(head) :], tail)]
    for half in halves:
        if isinstance(half, str):
            return Bad("invalid_value", half)
    start, end = (text_of(half) for half in halves if not isinstance(half, str))
    if end < start and "Y" in halves[0]:  # a span of hours may run over midnight
        return Bad("invalid_value", f"the period ends ({end}) before it starts ({start})")
    return f"{start}/{end}"


def _read_part_of_year(raw: str, picture: str) -> str | Bad:
    """Quarters and semesters as periods of months."""
    months = 3 if picture.endswith("Q") else 6
    match = re.fullmatch("([0-9]{4})([1-4])(?:-?([0-9]{4})([1-4]))?" if "-" in picture else "([0-9]{4})([1-4])", raw)
    if not match or ("-" in picture and not match[3]) or max(int(n) for n in match.groups()[1::2]) > 12 // months:
        return Bad("invalid_value", f"expected the form {picture}")
    parts = match.groups()
    first = f"{parts[0]}-{(int(parts[1]) - 1) * months + 1:02}"
    last = f"{parts[-2]}-{int(parts[-1]) * months:02}"
    return f"{first}/{last}" if first <= last else Bad("invalid_value", f"the period ends ({last}) before it starts ({first})")


def shape(value: str) -> str:
    """The picture in which `value` (ISO text) would be written in full; '' when it is no such text.

    A time with an offset of whole hours or UTC has ZZZ, any other offset Zhhmm; a fraction of a second has `.F`.
    """
    if _DURATION.fullmatch(value):
        return re.sub("[0-9]+", "#", value)
    start, slash, end = value.partition("/")
    if slash:
        one, two = shape(start), shape(end)
        return f"{one}-{two}" if one and one == two and "-" not in one and "#" not in one else ""
    moment = parse(value)
    if moment is None:
        return ""
    picture = "".join(token for key, token in (("Y", "CCYY"), ("m", "MM"), ("d", "DD"), ("w", "WW"), ("wd", "D"), ("H", "hh"),
                                               ("M", "mm"), ("S", "ss"), ("F", ".F")) if key in moment)
    zone = moment.get("Z", "")
    return picture + ("" if not zone else "ZZZ" if zone == "Z" or zone.endswith(":00") else "Zhhmm")


def write_picture(value: str, picture: str) -> str | None:
    """`value` in a format; None when the format cannot say it exactly. The inverse of `read_picture`."""
    if "#" in picture:
        return re.sub("[^0-9]", "", value) if shape(value) == picture else None
    start, slash, end = value.partition("/")
    if slash:
        head, dash, tail = picture.partition("-")
        if not dash:
            return None
        one, two = write_picture(start, head), write_picture(end, tail)
        return one + two if one and two else None
    moment = parse(value)
    if moment is None:
        return None
    fill = {"CC": moment.get("Y", "")[:2], "YY": moment.get("Y", "")[2:], "MM": moment.get("m"), "DD": moment.get("d"),
            "WW": moment.get("w"), "D": moment.get("wd"), "hh": moment.get("H"), "mm": moment.get("M"), "ss": moment.get("S")}
    if "Z" in moment:
        fill["ZZZ"] = "UTC" if moment["Z"] == "Z" else moment["Z"][:3] if moment["Z"].endswith(":00") else None
        fill["Zhhmm"] = "+0000" if moment["Z"] == "Z" else moment["Z"].replace(":", "")
    if "JJJ" in picture and "d" in moment:
        day = Day(int(moment["Y"]), int(moment["m"]), int(moment["d"]))
        fill["JJJ"] = f"{day.timetuple().tm_yday:03}"
    text = ""
    for token in TOKEN.findall(picture):
        part = fill.get(token) if token in FIELD else token
        if not part:
            return None
        text += part
    return text if read_picture(text, picture) == value else None


def read_clock(raw: str) -> str | Bad:
    """X12 337 TM (X12.6 3.5.1.6): HHMM, HHMMSS, HHMMSSD or HHMMSSDD as 10:30, 10:30:15, 10:30:15.2."""
    match = re.fullmatch("([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{1,2})?)?", raw)
    if not match:
        return Bad("invalid_value", "expected a time of the form HHMM, HHMMSS or HHMMSSDD")
    moment = {key: part for key, part in zip("HMSF", match.groups(), strict=True) if part}
    wrong = _impossible(moment)
    return Bad("invalid_value", wrong) if wrong else text_of(moment)


def write_clock(moment: Moment) -> str | None:
    """The inverse of `read_clock`; '' without a time, None where more than hundredths were needed."""
    if len(moment.get("F", "")) > 2:
        return None
    return "".join(moment.get(key, "") for key in "HMSF")
