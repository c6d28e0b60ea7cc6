"""TA1, the interchange acknowledgment: what became of ISA and IEA (X12.5).

It stands alone between ISA and IEA and copies ISA13, ISA09 and ISA10. TA104 is A, E (accepted with errors) or R; TA105 is I18, 000 where
nothing is wrong. A TA1 is never answered by a TA1.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from edi_bridge.ack.subject import at, elements, legal, segment
from edi_bridge.finding import KINDS, Finding, Verdict
from edi_bridge.interchange import Interchange

VERDICTS = {Verdict.ACCEPTED: "A", Verdict.WITH_ERRORS: "E", Verdict.REJECTED: "R"}  # I17
NO_ERROR, BROKEN = "000", "024"  # I18; the latter where no finding has a code of its own


def obstacle(interchange: Interchange) -> str:
    """Why no TA1 can be written for it, in a sentence; '' when one can."""
    rows = elements(interchange.header, interchange.delimiters)
    if at(rows, 0) != "ISA" or len(rows) < 16:
        return "its ISA is not complete"
    control, day, time = (at(rows, number).strip() for number in (13, 9, 10))
    if not (len(control) == 9 and control.isascii() and control.isdigit()):
        return "ISA13 is not a number of nine digits, and a TA1 must carry it"
    if not _is_stamp(day, time):
        return "ISA09 and ISA10 are not a date and a time, and a TA1 must carry them"
    return address_obstacle(interchange)


def address_obstacle(interchange: Interchange) -> str:
    """Why no ISA can be addressed to who sent it; '' when one can."""
    used = interchange.delimiters.released()
    for name, address in (("ISA06", interchange.sender), ("ISA08", interchange.receiver)):
        if not legal(address.id.strip(), 15) or not legal(address.qualifier.strip(), 2):
            return f"{name} and its qualifier do not say who it is"
        if not (address.id + address.qualifier).isascii() or any(char in address.id + address.qualifier for char in used):
            return f"{name} or its qualifier has characters that no ISA may have"
    return ""


def body(interchange: Interchange, verdict: Verdict, findings: Sequence[Finding]) -> str:
    """The TA1 segment. `findings` are those on the interchange that count, the first with a code is told."""
    rows = elements(interchange.header, interchange.delimiters)
    codes = [code for one in findings if (code := KINDS[one.kind].code("I18"))]
    code = NO_ERROR if verdict is Verdict.ACCEPTED else codes[0] if codes else BROKEN
    return segment(interchange, "TA1", *(at(rows, number).strip() for number in (13, 9, 10)), VERDICTS[verdict], code)


def _is_stamp(day: str, time: str) -> bool:
    if len(day) != 6 or len(time) != 4 or not (day + time).isascii() or not (day + time).isdigit():
        return False
    try:
        datetime.fromisoformat(f"20{day[:2]}-{day[2:4]}-{day[4:]}T{time[:2]}:{time[2:]}")
    except ValueError:
        return False
    return True
