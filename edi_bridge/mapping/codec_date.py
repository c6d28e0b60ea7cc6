"""Dates, times and periods in a message ⇄ ISO 8601 text with the precision it came with.

Formats of UNCL 2379 (D.96A, D.01B) and X12 1250 (004010) are the tables below, as pictures (`date_picture.py`); the same
tables are used for writing: the first format that has exactly the value's precision. Values made: `2026`, `2026-11`,
`2026-W47`, `2026-W47-6`, `2026-11-21`, `2026-11-21T10:30`, `…:15`, `…:15.25`, each time with an optional `Z` or
`+01:00`; `10:30`; `start/end`; durations `P30D`, `PT12H`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from edi_bridge.mapping.codec_type import Arguments, Bad, Codec
from edi_bridge.mapping.date_picture import (
    FIELD,
    TOKEN,
    ZONE,
    parse,
    read_clock,
    read_picture,
    shape,
    text_of,
    write_clock,
    write_picture,
)

# UNCL 2379 → picture. Where several have the same precision, the first one in this order is written.
UNCL_2379 = {
    "102": "CCYYMMDD", "203": "CCYYMMDDhhmm", "204": "CCYYMMDDhhmmss", "303": "CCYYMMDDhhmmZZZ",
    "304": "CCYYMMDDhhmmssZZZ", "205": "CCYYMMDDhhmmZhhmm", "610": "CCYYMM", "602": "CCYY", "616": "CCYYWW",
    "718": "CCYYMMDD-CCYYMMDD", "719": "CCYYMMDDhhmm-CCYYMMDDhhmm", "710": "CCYYMM-CCYYMM", "702": "CCYY-CCYY",
    "716": "CCYYWW-CCYYWW", "711": "CCYYMMDD-CCYYMMDD", "401": "hhmm", "402": "hhmmss", "404": "hhmmssZZZ",
    "501": "hhmm-hhmm", "502": "hhmmss-hhmmss", "103": "YYWWD",
    "2": "DDMMYY", "3": "MMDDYY", "4": "DDMMCCYY", "5": "DDMMCCYYhhmm", "101": "YYMMDD", "105": "YYJJJ",
    "201": "YYMMDDhhmm", "202": "YYMMDDhhmmss", "301": "YYMMDDhhmmZZZ", "302": "YYMMDDhhmmssZZZ", "601": "YY",
    "604": "CCYYS", "608": "CCYYQ", "609": "YYMM", "615": "YYWW", "701": "YY-YY", "708": "CCYYQ-CCYYQ",
    "709": "YYMM-YYMM", "713": "YYMMDDhhmm-YYMMDDhhmm", "715": "YYWW-YYWW", "717": "YYMMDD-YYMMDD",
    "801": "P#Y", "802": "P#M", "803": "P#W", "804": "P#D", "805": "PT#H", "806": "PT#M", "807": "PT#S",
}
# X12 1250 → picture.
X12_1250 = {
    "D8": "CCYYMMDD", "RD8": "CCYYMMDD-CCYYMMDD", "DT": "CCYYMMDDhhmm", "RDT": "CCYYMMDDhhmm-CCYYMMDDhhmm",
    "DTS": "CCYYMMDDhhmmss-CCYYMMDDhhmmss", "CM": "CCYYMM", "CY": "CCYY", "RD5": "CCYYMM-CCYYMM", "RD4": "CCYY-CCYY",
    "TM": "hhmm", "TS": "hhmmss", "D6": "YYMMDD", "RD6": "YYMMDD-YYMMDD", "DB": "MMDDCCYY", "TT": "MMDDYY",
    "RD": "MMDDCCYY-MMDDCCYY", "TU": "YYJJJ", "YM": "YYMM", "YY": "YY", "CQ": "CCYYQ", "RD2": "YY-YY", "RMY": "YYMM-YYMM",
}
# X12 623, time code → offset. ET, CT, MT, PT … name a place whose offset changes in summer; LT is local time.
X12_623 = {
    "UT": "Z", "GM": "Z", "ES": "-05:00", "ED": "-04:00", "CS": "-06:00", "CD": "-05:00", "MS": "-07:00", "MD": "-06:00",
    "PS": "-08:00", "PD": "-07:00", "LT": "",
} | {f"{n:02}": f"+{n:02}:00" for n in range(1, 13)} | {f"{n:02}": f"-{25 - n:02}:00" for n in range(13, 25)}
_FLOATING = ("ET", "CT", "MT", "PT")
_OFFSET_TO_623 = {"Z": "UT", "+00:00": "UT", "": ""} | {X12_623[f"{n:02}"]: f"{n:02}" for n in range(1, 25)}


def cut_to_day(value: str) -> str:
    """`value` without its time of day and zone."""
    return "/".join(part.partition("T")[0][:10] if re.match("[0-9]{4}-", part) else part for part in value.split("/"))


def by_table(table: dict[str, str], what: str, join: str, place: str, default: str, cut: bool) -> Codec:
    """A date whose format stands in a second place (`date(2379)`, `date(05)`)."""

    @lru_cache(4096)
    def read(raw: str, code: str = "") -> str | Bad:
        code = code or default
        if not code:
            return Bad("invalid_value", f"the format of this date is not said ({what} is empty)")
        if code not in table:
            return Bad("invalid_value", f"the date format {code} ({what}) is not supported; known are {', '.join(table)}")
        value = read_picture(raw, table[code])
        return Bad(value.kind, f"{value.note} ({what} {code})") if isinstance(value, Bad) else value

    def write(value: Any, mark: str = ".") -> tuple[str, str] | Bad:
        return encode(value) if isinstance(value, str) else _no_date(value)

    @lru_cache(4096)
    def encode(value: str) -> tuple[str, str] | Bad:
        if not shape(value):
            return _no_date(value)
        if cut:
            value = cut_to_day(value)
        for code, picture in table.items():
            text = write_picture(value, picture)
            if text is None:
                continue
            if join and "/" in value:
                text = text[: len(text) // 2] + join + text[len(text) // 2 :]
            return text, code
        return Bad("cannot_write", f"no format of {what} holds a date of this precision: {value}")

    return Codec("", "date", (place,), read, write, _CUT if cut else "")


_CUT = "the time of day is not written"


def _no_date(value: Any) -> Bad:
    return Bad("cannot_write", f"{value!r} is not a date: expected ISO 8601 like 2026-11-21")


def by_picture(picture: str, empty: str, cut: bool) -> Codec:
    """A date in one fixed format, such as CCYYMMDD; `empty` is how the partner says that there is none."""

    @lru_cache(4096)
    def read(raw: str) -> str | Bad | None:
        return None if empty and raw == empty else read_picture(raw, picture)

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        if not isinstance(value, str) or not shape(value):
            return _no_date(value)
        text = write_picture(cut_to_day(value) if cut else value, picture)
        return (text,) if text else Bad("cannot_write", f"a date of the form {picture.upper()} cannot hold {value}")

    return Codec("", "date", (), read, write, _CUT if cut else "")


def by_iso(precision: str, cut: bool) -> Codec:
    """`date(iso)`: ISO 8601 as it is. XML Schema's date and dateTime are part of it, a date's zone is kept."""

    @lru_cache(4096)
    def read(raw: str) -> str | Bad:
        text = raw.strip()
        if shape(text):
            return text
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?", text):
            return Bad("invalid_value", "there is no such day or time")
        return Bad("invalid_value", "expected ISO 8601: 2026-11-21 or 2026-11-21T10:30:00+01:00")

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        if not isinstance(value, str) or isinstance(read(value), Bad):
            return _no_date(value)
        value = cut_to_day(value) if cut else value
        if precision == "day" and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}" + ZONE, value):
            return Bad("cannot_write", f"only a day fits here, not {value}")
        if precision == "second":
            match = re.fullmatch(r"([^T]*T[0-9]{2}:[0-9]{2})(:.*|)(Z|[+-].{5}|)", value)
            if "T" not in value or not match:
                return Bad("cannot_write", f"only a day with its time fits here, not {value}")
            if not match[2]:
                value = match[1] + ":00" + match[3]
        return (value,)

    lossy = _CUT if cut else "a time without seconds comes back with :00" if precision == "second" else ""
    return Codec("", "date", (), read, write, lossy)




def iso_with_time(place: str) -> Codec:
    """`date(iso, time: cbc:IssueTime)`: an ISO date whose time of day stands in a further place (UBL, XML Schema date and
    time). A zone is taken from the time, else from the date."""

    @lru_cache(4096)
    def read(raw: str, clock: str = "") -> str | Bad:
        day, zone = _zoned(raw.strip())
        if not _is_day(day):
            return Bad("invalid_value", "expected an ISO 8601 date: 2026-11-21")
        if not clock:
            return raw.strip() if shape(raw.strip()) else Bad("invalid_value", "the zone of this date is not readable")
        value = f"{day}T{clock}" if _zoned(clock)[1] else f"{day}T{clock}{zone}"
        return value if shape(value) else Bad("invalid_value", f"{clock} is not a time like 10:30:00", day + zone)

    def write(value: Any, mark: str = ".") -> tuple[str, str] | Bad:
        day, _, clock = value.partition("T") if isinstance(value, str) else ("", "", "")
        if not _is_day(_zoned(day)[0]) or not shape(value):
            return _no_date(value)
        time_, zone = _zoned(clock)
        return day, time_ + (":00" if len(time_) == 5 else "") + zone

    return Codec("", "date", (place,), read, write, "a time without seconds comes back with :00")


def iso_since(place: str) -> Codec:
    """`date(iso, since: cbc:StartDate)`: the last day of a period whose first day stands in a further place; both the same,
    or the first one absent, is a single day."""

    @lru_cache(4096)
    def read(raw: str, first: str = "") -> str | Bad:
        last = raw.strip()
        if not all(_is_day(_zoned(day)[0]) and shape(day) for day in (first or last, last)):
            return Bad("invalid_value", "expected an ISO 8601 date: 2026-11-21")
        return last if first in ("", last) else f"{first}/{last}"

    def write(value: Any, mark: str = ".") -> tuple[str, str] | Bad:
        first, _, last = value.rpartition("/") if isinstance(value, str) else ("", "", "")
        if not all(_is_day(_zoned(day)[0]) and shape(day) for day in (first or last, last)):
            return _no_date(value)
        return last, first or last

    return Codec("", "date", (place,), read, write)


def by_table_since(place: str, since: str, default: str) -> Codec:
    """`date(2379, place: @format, since: ../Start/Text)`: the last day of a period whose first day stands in a further
    place with its own format (CII StartDateTime and EndDateTime); both the same, or the first one absent, is a single day."""
    single = by_table(UNCL_2379, "2379", "", place, default, False)

    def read(raw: str, code: str = "", first: str = "", first_code: str = "") -> Any:
        last = single.read(raw, code)
        start = single.read(first, first_code) if first else last
        bad = next((one for one in (last, start) if isinstance(one, Bad)), None)
        return bad or (last if start == last else f"{start}/{last}")

    def write(value: Any, mark: str = ".") -> tuple[str, ...] | Bad:
        first, _, last = value.rpartition("/") if isinstance(value, str) else ("", "", value)
        ends = single.write(last), single.write(first or last)
        bad = next((one for one in ends if isinstance(one, Bad)), None)
        return bad or (*ends[0], *ends[1])

    return Codec("", "date", (place, since, f"{since}/{place}"), read, write)


def _is_day(text: str) -> bool:
    return bool(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) and shape(text))


def _zoned(text: str) -> tuple[str, str]:
    """A date or time and the zone at its end."""
    match = re.fullmatch(r"(.*?)(Z|[+-][0-9]{2}:[0-9]{2})?", text, re.DOTALL)
    assert match is not None
    return match[1], match[2] or ""


def by_parts(picture: str, time: str, zone: str) -> Codec:
    """A date with its time (X12 337) and time code (X12 623) in further elements: `date(CCYYMMDD, time: 03, zone: 04)`."""

    @lru_cache(4096)
    def read(raw: str, clock: str = "", code: str = "") -> str | Bad:
        value = read_picture(raw, picture)
        if isinstance(value, Bad) or not clock:
            return value
        told = read_clock(clock)
        if isinstance(told, Bad):
            return told
        value += "T" + told
        if code in _FLOATING:
            return Bad("value_not_read", f"the time code {code} names no offset from UTC; the time is kept as local", value)
        if code and code not in X12_623:
            return Bad("invalid_value", f"the time code {code} is not supported", value)
        return value + X12_623.get(code, "")

    def write(value: Any, mark: str = ".") -> tuple[str, ...] | Bad:
        moment = parse(value) if isinstance(value, str) and "/" not in value else None
        if moment is None:
            return _no_date(value)
        text = write_picture(text_of({k: v for k, v in moment.items() if k not in "HMSFZ"}), picture)
        if text is None or ("Z" in moment and "H" not in moment):
            return Bad("cannot_write", f"a date of the form {picture} cannot hold {value}")
        clock = write_clock(moment)
        offset = moment.get("Z", "")
        code = _OFFSET_TO_623.get(offset) if zone or not offset else None
        if code is None or clock is None:
            return Bad("cannot_write", f"the time or zone of {value} does not fit here")
        return (text, clock, code) if zone else (text, clock)

    return Codec("", "date", (time, zone) if zone else (time,), read, write, "+00:00 comes back as Z" if zone else "")


def time(arguments: Arguments, standard: str) -> Codec:
    """`time`: HHMM, HHMMSS, HHMMSSDD (X12 TM) ⇄ 10:30, 10:30:15; in XML as it is, 10:30:00+01:00."""

    def read(raw: str) -> str | Bad:
        if standard != "xml":
            return read_clock(raw)
        moment = parse(raw.strip())
        return raw.strip() if moment and "Y" not in moment else Bad("invalid_value", "expected a time like 10:30:00")

    def write(value: Any, mark: str = ".") -> tuple[str] | Bad:
        moment = parse(value) if isinstance(value, str) else None
        if moment is None or "Y" in moment:
            return Bad("cannot_write", f"{value!r} is not a time: expected 10:30 or 10:30:15")
        if standard == "xml":
            return (value,)
        text = write_clock(moment) if "Z" not in moment else None
        return (text,) if text else Bad("cannot_write", f"the time {value} does not fit here")

    return Codec("", "date", (), read, write)


def date(arguments: Arguments, standard: str) -> Codec:
    """`date(…)`: which of the ways above is meant is told by the first argument."""
    form = arguments.place("iso")
    cut = arguments.flag("cut")
    beside = {key: arguments.name(key) for key in ("time", "since") if form == "iso"}
    if any(beside.values()):
        return iso_with_time(beside["time"]) if beside["time"] else iso_since(beside["since"])
    if form == "2379":
        default = arguments.name("default")
        if default and default not in UNCL_2379:
            raise ValueError(f"{arguments.codec}: the format {default} is not known; known are {', '.join(UNCL_2379)}")
        place, since = arguments.name("place", "2379"), arguments.name("since")
        if since:
            return by_table_since(place, since, default)
        return by_table(UNCL_2379, "2379", "", place, default, cut)
    if re.fullmatch("[0-9]{2}", form):
        return by_table(X12_1250, "1250", "-", form, "", cut)
    if form == "iso":
        return by_iso(arguments.choice("precision", ("any", "day", "second")), cut)
    picture = _picture(form)
    clock, zone = arguments.name("time"), arguments.name("zone")
    if clock:
        return by_parts(picture, clock, zone)
    return by_picture(picture, arguments.name("empty"), cut)


def _picture(form: str) -> str:
    """A map's CCYYMMDDHHMMSS in our own letters: time in lower case, MM after HH are minutes."""
    head, hours, tail = form.partition("HH")
    picture = head + (hours + tail).replace("HH", "hh").replace("MM", "mm").replace("SS", "ss")
    tokens = [token for token in TOKEN.findall(picture) if token.isalpha()]
    named = [token for token in tokens if token in FIELD and token not in ("D", "Q", "S", "ZZZ", "Zhhmm", "JJJ", "WW")]
    if not named or named != tokens or len(set(tokens)) != len(tokens) or "YY" not in tokens and "hh" not in tokens:
        raise ValueError(f"date({form}): expected 2379, an element number such as 05, iso, or a form such as CCYYMMDD")
    return picture
