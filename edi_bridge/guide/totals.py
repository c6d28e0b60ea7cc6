"""Control totals against what the message holds: CNT (EDIFACT) and CTT (X12).

Only what the standards fix is compared. CNT 6069: 1 is the algebraic total of the quantities in the lines, 2 the number of line
items, 3 that of line and sub-line items. CTT01 (354) counts the segments that open a line (X12's note to CTT of each set: PO1,
IT1, POC, in the 856 HL); CTT02 (347) is the hash total of their quantities (856: SN102).

A line may carry several quantities, and the standard does not say which one is summed: a total is right when it is the sum of all,
of those with one qualifier, or of each line's first. A hash total (347) ignores signs and decimal points and keeps the last
ten digits; the plain sum, which most partners send, is right as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from edi_bridge.guide.hierarchy import Misfit

_NUMBER = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?|-?\.[0-9]+")
SUB_LINE = "1"  # 5495


class Counted(NamedTuple):
    """What a set's CTT counts: the segment, and (segment, element) of the quantity of its hash total."""

    line: str
    quantity: tuple[str, int]


SETS = {
    "850": Counted("PO1", ("PO1", 2)), "855": Counted("PO1", ("PO1", 2)), "810": Counted("IT1", ("IT1", 2)),
    "860": Counted("POC", ("POC", 3)), "865": Counted("POC", ("POC", 3)), "856": Counted("HL", ("SN1", 2)),
}
HASH = 10_000_000_000
COUNTED = {"1": "the sum of the lines' quantities", "2": "the number of lines", "3": "the number of lines and sub-lines"}  # 6069


def cnt_faults(segments: Sequence[list[str]], component: str) -> list[Misfit]:
    """Each CNT of an EDIFACT message that does not fit its lines."""
    totals = [number for number, elements in enumerate(segments) if elements[0] == "CNT" and len(elements) > 1]
    found = []
    for number in totals:
        qualifier, value, *_ = (*segments[number][1].split(component), "", "")
        right = _cnt(qualifier, segments, component)
        given = _number(value)
        if right and given is not None and given not in right:
            found.append(Misfit("control_total_mismatch", number, 1, 2, value, f"{{}} must be {right[0]:f}, {COUNTED[qualifier]}"))
    return found


def _cnt(qualifier: str, segments: Sequence[list[str]], component: str) -> list[Decimal]:
    """What a total may be, the likeliest first; nothing where the message does not tell."""
    lines = [elements for elements in segments if elements[0] == "LIN"]
    if not lines:
        return []
    match qualifier:
        case "1":
            return _sums(segments, component)
        case "2":
            main = [elements for elements in lines if len(elements) <= 4 or elements[4].split(component)[0] != SUB_LINE]
            return [Decimal(len(lines)), Decimal(len(main))]
        case "3":
            return [Decimal(len(lines))]
    return []


def _sums(segments: Sequence[list[str]], component: str) -> list[Decimal]:
    inside = False
    first = True
    whole, firsts, by_kind = Decimal(), Decimal(), dict[str, Decimal]()
    for elements in segments:
        if elements[0] == "LIN":
            inside = first = True
        elif elements[0] == "UNS":
            inside = False
        elif inside and elements[0] == "QTY" and len(elements) > 1:
            kind, value, *_ = (*elements[1].split(component), "", "")
            quantity = _number(value)
            if quantity is None:
                return []
            whole += quantity
            firsts += quantity if first else 0
            by_kind[kind] = by_kind.get(kind, Decimal()) + quantity
            first = False
    return [firsts, whole, *by_kind.values()] if by_kind else []


def ctt_faults(set_: str, segments: Sequence[list[str]]) -> list[Misfit]:
    """What of CTT does not fit the lines of an X12 message."""
    counted = SETS.get(set_)
    place = next((number for number in range(len(segments) - 1, -1, -1) if segments[number][0] == "CTT"), None)
    if counted is None or place is None:
        return []
    found = []
    ctt = segments[place]
    lines = sum(1 for elements in segments if elements[0] == counted.line)
    given = _number(ctt[1]) if len(ctt) > 1 else None
    if given is not None and given != lines:
        found.append(Misfit("control_total_mismatch", place, 1, 1, ctt[1], f"{{}} must be {lines}, the number of {counted.line} segments"))
    tag, element = counted.quantity
    total = ctt[2] if len(ctt) > 2 else ""
    quantities = [elements[element] for elements in segments if elements[0] == tag and len(elements) > element and elements[element]]
    numbers = [_number(text) for text in quantities]
    if _number(total) is None or not numbers or None in numbers:
        return found
    plain = sum((one for one in numbers if one is not None), Decimal())
    if _number(total) != plain and _digits([total]) != _digits(quantities):
        found.append(Misfit("control_total_mismatch", place, 2, 1, total, f"{{}} must be {plain:f}, the sum of {tag}{element:02}"))
    return found


def _digits(texts: Iterable[str]) -> int:
    return sum(int(re.sub("[^0-9]", "", text) or "0") for text in texts) % HASH


def _number(text: str) -> Decimal | None:
    return Decimal(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None
