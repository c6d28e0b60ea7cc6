"""APERAK, the application error and acknowledgement message: what is wrong with one business document.

D.96A answers what came as D.96A, D.01B everything else. BGM carries our number and 4343 (AP accepted, RE rejected), RFF the numbers
of what is answered: ACE the document, ACW the message (0062), AGO the interchange (0020). Each finding is an ERC with its words
and, behind a second RFF, its place. 9321 is coded in no directory: the codes are our own (`finding.APERAK`), which 1131 = ZZZ says.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from edi_bridge.ack.subject import Document, legal, plain, segment, words
from edi_bridge.finding import KINDS, Finding, Verdict
from edi_bridge.interchange import Address, Interchange, Message, MessageType

ERRORS_MOST = {"D96A": 999, "D01B": 99_999}  # repeats of the group that ERC opens
LINE, LINES = 70, 5  # C108 of FTX: five texts of 70 characters (D.96A; D.01B would have 512)
VERDICTS = {Verdict.ACCEPTED: "AP", Verdict.WITH_ERRORS: "AP", Verdict.REJECTED: "RE"}  # 4343
ERROR_MESSAGE, ACKNOWLEDGEMENT = "313", "312"  # 1001; D.96A has no code for either
AGENCIES = {"14": "9", "1": "16"}  # 0007 of the envelope → 3055: GS1, Dun & Bradstreet
ERROR_TEXT, GENERAL_TEXT = "AAO", "AAI"  # 4451
OWN_LIST, OTHER = "ZZZ", "INVALID"


def message_type(version: str) -> MessageType:
    """The APERAK that answers a message of a directory."""
    return MessageType("edifact", "D96A" if version == "D96A" else "D01B", "APERAK")


def body(message: Message, named: Document, findings: Sequence[Finding], verdict: Verdict, interchange: Interchange,
         number: str, prepared: str) -> list[str]:
    """The segments between UNH and UNT. `findings` are those on the document, `number` is ours for this answer, `prepared` ISO
    8601."""
    kind = message_type(message.type.version)
    name = (ACKNOWLEDGEMENT if verdict is Verdict.ACCEPTED else ERROR_MESSAGE) if kind.version == "D01B" else ""
    made = [segment(interchange, "BGM", name, number, "9", VERDICTS[verdict]),
            segment(interchange, "DTM", ("137", _minutes(prepared), "203"))]
    for qualifier, reference in (("ACE", named.number), ("ACW", message.reference), ("AGO", interchange.control)):
        if legal(reference, 35):
            made.append(segment(interchange, "RFF", (qualifier, reference)))
    made += [_party("MS", interchange.receiver, interchange), _party("MR", interchange.sender, interchange)]
    for finding in findings[:ERRORS_MOST[kind.version]]:
        made += _error(finding, message, interchange)
    return made


def _error(finding: Finding, message: Message, interchange: Interchange) -> Iterator[str]:
    yield segment(interchange, "ERC", (KINDS[finding.kind].aperak or OTHER, OWN_LIST))
    yield _text(ERROR_TEXT, words(finding), interchange)
    place = finding.position
    if place.segment and place.segment > 1 and legal(message.reference, 35):  # segment 1 stands for the whole message
        yield segment(interchange, "RFF", ("ACW", message.reference, str(place.segment)))
        yield _text(GENERAL_TEXT, " ".join(part for part in (_where(finding), finding.value) if part), interchange)


def _where(finding: Finding) -> str:
    place = finding.position
    steps = [f"segment {place.segment}", place.tag or ""]
    if place.element:
        steps.append(f"element {place.element}" + (f".{place.component}" if place.component else ""))
    return " ".join(step for step in steps if step) + (f" ({place.path})" if place.path else "") + ("," if finding.value else "")


def _text(subject: str, text: str, interchange: Interchange) -> str:
    """FTX with as much of a text as five lines hold."""
    shown = plain(text, interchange.delimiters, level=interchange.syntax[:4])
    return segment(interchange, "FTX", subject, "", "", textwrap.wrap(shown, LINE)[:LINES] or ["-"])


def _party(role: str, address: Address, interchange: Interchange) -> str:
    return segment(interchange, "NAD", role, (address.id, "", AGENCIES.get(address.qualifier, OWN_LIST)))


def _minutes(prepared: str) -> str:
    return "".join(char for char in prepared if char.isdigit())[:12].ljust(12, "0")
