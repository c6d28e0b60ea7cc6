"""824, the application advice: what is wrong with the business documents of one functional group (X12.44).

BGN numbers the advice; each document is an OTI (TA accepted, TE accepted with errors, TR rejected) with its number and the numbers of
its group and set, and each finding a TED: 647, our words, segment, position, element, bad value.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from edi_bridge.ack.subject import (
    Document,
    at,
    elements,
    fits,
    plain,
    segment,
    words,
)
from edi_bridge.finding import KINDS, Finding, Verdict
from edi_bridge.interchange import Group, Interchange, Message, MessageType

VERDICTS = {Verdict.ACCEPTED: "TA", Verdict.WITH_ERRORS: "TE", Verdict.REJECTED: "TR"}  # 110
QUALIFIERS = {"810": "IV", "850": "PO", "855": "PO", "856": "SI", "860": "PO", "865": "PO"}  # 128: what the number is; else TN
OTHER = "024"  # 647: a reason of its own, which the text says
UNKNOWN = "NA"  # where neither the document nor its set has a number
ORIGINAL, TEXT_MOST, LONG_DATE = "00", 60, "004010"


def message_type(version: str) -> MessageType:
    """The set that answers a group of `version` (GS08)."""
    release, usage = version[:6], version[6:]
    return MessageType("x12", release, "824", "" if re.match(r"X\d{3}", usage) else usage)


def heading(interchange: Interchange, number: str, prepared: str, version: str) -> str:
    """BGN; `number` is ours for this advice, `prepared` ISO 8601. Dates have their century from 004010 on."""
    day, _, time = prepared.partition("T")
    day = day.replace("-", "")
    return segment(interchange, "BGN", ORIGINAL, number, day if version >= LONG_DATE else day[2:], time.replace(":", "")[:4])


def detail(message: Message, named: Document, findings: Sequence[Finding], verdict: Verdict, interchange: Interchange) -> list[str]:
    """OTI and its TED for one document; `findings` are those on the document."""
    number, qualifier = named.number, QUALIFIERS.get(message.type.name, "TN")
    if not fits(number, 30, interchange.delimiters):
        number, qualifier = message.reference if fits(message.reference, 9, interchange.delimiters) else UNKNOWN, "TN"
    named_as = (message.reference, 9, 4), (message.type.name, 3, 3), (message.group.version if message.group else "", 12, 1)
    made = [segment(interchange, "OTI", VERDICTS[verdict], qualifier, number, *_group(message.group, interchange),
                    *(value if fits(value, most, interchange.delimiters, least) else "" for value, most, least in named_as))]
    made += [_technical(finding, interchange) for finding in findings]
    return made


def _group(group: Group | None, interchange: Interchange) -> Iterator[str]:
    """OTI04 to OTI08, from the group's header: sender, receiver, date, time, number."""
    rows = elements(group.header, interchange.delimiters) if group else []
    day, time, number = (at(rows, place).strip() for place in (4, 5, 6))
    yield from (value if fits(value, 15, interchange.delimiters, 2) else "" for value in (at(rows, 2).strip(), at(rows, 3).strip()))
    yield day if day.isdigit() and len(day) == (8 if group and group.version >= LONG_DATE else 6) else ""
    yield time if len(time) in (4, 6, 8) and time.isdigit() else ""
    yield number if number.isascii() and number.isdigit() and len(number) <= 9 else ""


def _technical(finding: Finding, interchange: Interchange) -> str:
    """TED: what is wrong, and where; the words as far as sixty characters carry them."""
    place = finding.position
    tag = place.tag or ""
    placed = bool(re.fullmatch(r"[A-Z0-9]{2,3}", tag, re.ASCII)) and (place.segment or 1) > 1  # 1 stands for the whole set
    text = plain(words(finding), interchange.delimiters)
    number = place.id if place.id and place.id.isdigit() and len(place.id) <= 4 else ""
    value = finding.value.rstrip()
    return segment(interchange, "TED", KINDS[finding.kind].x824 or OTHER, textwrap.shorten(text, TEXT_MOST, placeholder="..."), tag if placed else "",
                   str(place.segment) if placed else "", str(place.element) if placed and place.element else "", number,
                   value if fits(value, 99, interchange.delimiters) else "")
