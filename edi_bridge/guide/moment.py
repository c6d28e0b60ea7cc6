"""Dates, times and periods: whether a text is one in the form that its qualifier names, and really exists.

A picture is made of `CC YY MM DD` calendar, `WW` week, `w` day of the week, `JJJ` day of the year, `Q` quarter, `S` semester,
`P` third of a year, `A` third of a month, `HH mm ss` time, `mmmm` minutes beyond an hour, `ZZZ` a zone in three characters,
`Zhhmm` an offset; a hyphen may stand between the two ends of a period (UN/EDIFACT leaves it out, the code's name shows it).
`#` is a quantity. The pictures of UN/EDIFACT are the names of the code list 2379 (D.96A, D.01B), those of X12 of element 1250.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_FIELDS = {
    "CC": "(?P<C{0}>[0-9]{{2}})", "YY": "(?P<Y{0}>[0-9]{{2}})", "MM": "(?P<M{0}>0[1-9]|1[0-2])", "DD": "(?P<D{0}>0[1-9]|[12][0-9]|3[01])",
    "JJJ": "(?P<J{0}>[0-3][0-9]{{2}})", "WW": "(?P<W{0}>0[1-9]|[1-4][0-9]|5[0-3])", "w": "[1-7]", "Q": "[1-4]", "S": "[12]", "P": "[1-3]",
    "A": "[1-3]", "HHmmss": "(?:[01][0-9][0-5][0-9][0-5][0-9]|2[0-3][0-5][0-9][0-5][0-9]|240000)",
    "HHmm": "(?:[01][0-9][0-5][0-9]|2[0-3][0-5][0-9]|2400)", "mmmm": "[0-9]{{4}}", "ss": "[0-5][0-9]",
    "Zhhmm": "[+-](?:0[0-9]|1[0-4])[0-5][0-9]", "ZZZ": ".{{3}}", "-": "-?+", "#": "[0-9]++(?:[.,][0-9]++)?+",
}
_TOKEN = re.compile("|".join(sorted(map(re.escape, _FIELDS), key=len, reverse=True)))

# 2379 → picture
EDIFACT = {
    "2": "DDMMYY", "3": "MMDDYY", "4": "DDMMCCYY", "5": "DDMMCCYYHHmm",
    "101": "YYMMDD", "102": "CCYYMMDD", "103": "YYWWw", "105": "YYJJJ", "106": "MMDD", "107": "JJJ", "108": "WW", "109": "MM", "110": "DD",
    "201": "YYMMDDHHmm", "202": "YYMMDDHHmmss", "203": "CCYYMMDDHHmm", "204": "CCYYMMDDHHmmss", "205": "CCYYMMDDHHmmZhhmm",
    "301": "YYMMDDHHmmZZZ", "302": "YYMMDDHHmmssZZZ", "303": "CCYYMMDDHHmmZZZ", "304": "CCYYMMDDHHmmssZZZ", "305": "MMDDHHmm", "306": "DDHHmm",
    "401": "HHmm", "402": "HHmmss", "404": "HHmmssZZZ", "405": "mmmmss", "406": "Zhhmm",
    "501": "HHmm-HHmm", "502": "HHmmss-HHmmss", "503": "HHmmssZZZ-HHmmssZZZ",
    "600": "CC", "601": "YY", "602": "CCYY", "603": "YYS", "604": "CCYYS", "608": "CCYYQ", "609": "YYMM", "610": "CCYYMM", "613": "YYMMA",
    "614": "CCYYMMA", "615": "YYWW", "616": "CCYYWW",
    "701": "YY-YY", "702": "CCYY-CCYY", "703": "YYS-YYS", "704": "CCYYS-CCYYS", "705": "YYP-YYP", "706": "CCYYP-CCYYP", "707": "YYQ-YYQ",
    "708": "CCYYQ-CCYYQ", "709": "YYMM-YYMM", "710": "CCYYMM-CCYYMM", "711": "CCYYMMDD-CCYYMMDD", "713": "YYMMDDHHmm-YYMMDDHHmm",
    "715": "YYWW-YYWW", "716": "CCYYWW-CCYYWW", "717": "YYMMDD-YYMMDD", "718": "CCYYMMDD-CCYYMMDD", "719": "CCYYMMDDHHmm-CCYYMMDDHHmm",
    "720": "wHHmm-wHHmm",
    **dict.fromkeys(("801", "802", "803", "804", "805", "806", "807", "808", "809", "810", "811", "812", "814"), "#"), "813": "w",
}
# X12 element 1250 → picture
X12 = {"D6": "YYMMDD", "D8": "CCYYMMDD", "RD8": "CCYYMMDD-CCYYMMDD", "DT": "CCYYMMDDHHmm", "TM": "HHmm"}


def is_time(picture: str) -> bool:
    """Whether a picture says nothing of a day."""
    return not re.search("[CYMDWJ#]", picture)


def exists(text: str, picture: str) -> bool:
    """Whether a text is of the picture's form and every day in it is one (30 February is none)."""
    match = _pattern(picture).fullmatch(text)
    if match is None:
        return False
    found = match.groupdict()
    return all(_day_exists(*(found.get(f"{field}{number}") for field in "CYMDJ")) for number in (1, 2))


@lru_cache(maxsize=256)
def _pattern(picture: str) -> re.Pattern[str]:
    pieces, number = [], 1
    for token in _TOKEN.findall(picture):
        number += token == "-"
        pieces.append(_FIELDS[token].format(number))
    return re.compile("".join(pieces), re.DOTALL)


def _day_exists(century: str | None, year: str | None, month: str | None, day: str | None, of_year: str | None) -> bool:
    # a year of two digits is taken as 20xx: 1900 was the only one divisible by four without a 29 February
    full = int((century or "20") + year) if year else 2000
    if of_year is not None:
        return 1 <= int(of_year) <= (366 if full % 4 == 0 and (full % 100 or full % 400 == 0) else 365)
    if day is None:
        return True
    try:
        date(full, int(month or "1"), int(day))
    except ValueError:  # day 31 of April, or year 0000
        return False
    return True
