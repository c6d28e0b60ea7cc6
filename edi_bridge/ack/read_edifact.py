"""CONTRL (ISO 9735-4) and APERAK that came in.

- UCI names the interchange, UCF a group, UCM a message, UCS a segment of it, UCD an element. 0083: 4 rejected with everything
  below, 7 acknowledged and everything below that is not rejected by name, 8 only received; 1, 2, 3, 5 and 6 are of earlier
  versions (list 0083 of D.96A has them still).
- 0096 counts from UNH = 1; of something missing it is the last segment before. 0098 counts the tag as 1, so the first element is
  2; 0104 and 0136 count from 1.
- A 7 with UCS below is not foreseen ("accepted with errors" has no place in CONTRL), but some send it.
- APERAK answers a business document: 4343 of BGM says what became of it (D.96A; else 1225), RFF which document or message, each
  ERC one error, FTX its words, the RFF behind it its place. Where BGM says nothing, one with errors is a rejection (the
  message's function, D.96A 1.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from edi_bridge.ack.statement import (
    Answer,
    Complaint,
    Outcome,
    Statement,
    Subject,
    Words,
    meaning,
    whole_number,
)
from edi_bridge.finding import APERAK, Finding, found
from edi_bridge.interchange import Address, Interchange, Message, Position

OUTCOMES = {"1": Outcome.ACCEPTED, "2": Outcome.WITH_ERRORS, "3": Outcome.PARTIALLY, "4": Outcome.REJECTED, "5": Outcome.RECEIVED,
            "6": Outcome.REJECTED, "7": Outcome.ACCEPTED, "8": Outcome.RECEIVED}  # 0083
BELOW = {
    "1": Outcome.ACCEPTED,
    "2": Outcome.ACCEPTED,
    "3": Outcome.ACCEPTED,
    "4": Outcome.REJECTED,
    "6": Outcome.REJECTED,
    "7": Outcome.ACCEPTED,
}
MISSING = "13"  # 0085
RESPONSES = {"AP": Outcome.ACCEPTED, "CA": Outcome.WITH_ERRORS, "RE": Outcome.REJECTED, "AB": Outcome.RECEIVED}  # 4343
FUNCTIONS = {
    "27": Outcome.REJECTED,
    "29": Outcome.ACCEPTED,
    "44": Outcome.ACCEPTED,
}  # 1225: not accepted, accepted, the same with changes
MESSAGE_REFERENCES, INTERCHANGE_REFERENCES = ("ACW",), ("AGO",)  # 1153: previous message, interchange; any other names a document
PLACE = re.compile(r"segment (\d+)(?: ([A-Z0-9]{3}))?(?: element (\d+)(?:\.(\d+))?)?")  # as our own APERAK says it

# tag → (0083, 0085, S011) by element; UCI and UCF name sender and receiver first
ACTIONS = {"UCI": (4, 5, 7), "UCF": (4, 5, 7), "UCM": (3, 4, 6)}


@dataclass(slots=True)
class _Level:
    """One UCI, UCF or UCM while it is read."""

    subject: Subject
    code: str
    tag: str
    place: Position
    complaints: list[Complaint] = field(default_factory=list)
    children: list[_Level] = field(default_factory=list)


def contrl(message: Message, interchange: Interchange, words: Words) -> Answer:
    """What a CONTRL says of an interchange, its groups and messages."""
    levels: list[_Level] = []
    findings: list[Finding] = []
    texts: list[str] = []
    release = f"edifact/{'41' if message.type.version.startswith('4') else 'D3'}"
    where: int | None = None
    last = ""
    for number, elements in enumerate(message.segments, 1):
        tag = elements[0]
        if tag in ACTIONS and (levels or tag == "UCI"):
            levels.append(_level(message, interchange, levels, number, words, release, findings))
        elif tag in ("UCS", "UCD") and levels:
            where = whole_number(message.value(number, 1)) if tag == "UCS" else where
            if tag == "UCS" or last in ("UCS", "UCD"):
                _error(message, levels[-1], number, where, words, release)
        elif tag == "FTX":  # stands in no CONTRL, but some networks explain themselves
            texts.append(" ".join(filter(None, (message.value(number, 4, part).strip() for part in range(1, 6)))))
        elif tag not in ("UNH", "UNT"):
            findings.append(_malformed(message, number, f"{tag} cannot stand here"))
        last = tag
    if not levels:
        findings.append(_malformed(message, 1, "it names no interchange (UCI)"))
    statements = tuple(_statement(one, message, findings) for one in levels)
    return Answer("CONTRL", statements, tuple(findings), message.reference, " ".join(texts))


def _malformed(message: Message, number: int, sentence: str) -> Finding:
    return found("answer_malformed", message.locate(number), note=f"CONTRL: {sentence}")


def _level(message: Message, interchange: Interchange, above: list[_Level], number: int, words: Words, release: str,
           findings: list[Finding]) -> _Level:
    """UCI, UCF or UCM with the error of its own that it may carry."""
    value, tag = message.value, message.segments[number - 1][0]
    action, error, place = ACTIONS[tag]
    subject = _subject(message, interchange, above, number)
    made = _Level(subject, value(number, action), tag, message.locate(number))
    if made.code not in OUTCOMES:
        findings.append(_malformed(message, number, f"{tag} 0083 {made.code!r} does not say what became of it"))
    parent = next((one for one in reversed(above) if (one.tag == "UCI" if tag == "UCF" else one.tag in ("UCI", "UCF"))), None)
    if parent is not None and tag != "UCI":
        parent.children.append(made)
    code = value(number, error)
    if code:
        element = whole_number(value(number, place, 1))
        position = Position(tag=value(number, error + 1) or None, element=element - 1 if element and element > 1 else None,
                            component=whole_number(value(number, place, 2)))
        made.complaints.append(
            Complaint(
                code,
                "0085",
                meaning(words, release, "0085", code),
                f"CONTRL {tag} 0085 = {code}",
                position,
                missing=code == MISSING,
            )
        )
    return made


def _subject(message: Message, interchange: Interchange, above: list[_Level], number: int) -> Subject:
    value, tag = message.value, message.segments[number - 1][0]
    if tag == "UCI":
        sender, receiver = (Address(value(number, at, 1), value(number, at, 2), value(number, at, 3)) for at in (2, 3))
        return Subject(
            "interchange",
            "edifact",
            sender if sender.id else interchange.receiver,
            receiver if receiver.id else interchange.sender,
            value(number, 1),
        )
    around = next(one.subject for one in reversed(above) if one.tag != "UCM")
    if tag == "UCF":
        outer = above[0].subject
        return replace(outer, level="group", group=value(number, 1))
    name = ":".join(filter(None, (value(number, 2, part) for part in range(1, 6))))
    return replace(around, level="message", message=value(number, 1), type=name)


def _error(message: Message, level: _Level, number: int, where: int | None, words: Words, release: str) -> None:
    """UCS: a segment; UCD: an element of it. A UCS without a code only leads to its UCD."""
    value, tag = message.value, message.segments[number - 1][0]
    code = value(number, 2 if tag == "UCS" else 1)
    if not code:
        return
    missing = code == MISSING
    place = Position(segment=where + 1 if where is not None and missing and tag == "UCS" else where)
    if tag == "UCD":
        element = whole_number(value(number, 2, 1))
        place = replace(place, element=element - 1 if element and element > 1 else None,
                        component=whole_number(value(number, 2, 2)), repetition=whole_number(value(number, 2, 3)))
    level.complaints.append(Complaint(code, "0085", meaning(words, release, "0085", code), f"CONTRL {tag} 0085 = {code}", place,
                                      missing=missing))


def _statement(level: _Level, message: Message, findings: list[Finding]) -> Statement:
    outcome = OUTCOMES.get(level.code, Outcome.RECEIVED)
    placed = any(one.position.segment is not None for one in level.complaints)
    if outcome is Outcome.ACCEPTED and level.tag == "UCM" and placed:
        findings.append(
            found(
                "answer_contradicts_itself",
                level.place,
                note=f"CONTRL: message {level.subject.message} is acknowledged (7), but errors are named; it is taken as accepted with errors",
            )
        )
        outcome = Outcome.WITH_ERRORS
    rejected = [one for one in level.children if OUTCOMES.get(one.code) is Outcome.REJECTED or any(
        OUTCOMES.get(below.code) is Outcome.REJECTED for below in one.children)]
    if outcome is Outcome.ACCEPTED and rejected:
        outcome = Outcome.PARTIALLY
    if outcome is Outcome.REJECTED and any(OUTCOMES.get(one.code) is Outcome.ACCEPTED for one in level.children):
        findings.append(
            found(
                "answer_contradicts_itself",
                level.place,
                note=f"CONTRL: {level.subject.words()} is rejected with everything below, but something below is acknowledged",
            )
        )
    return Statement(
        "CONTRL", level.subject, outcome, tuple(level.complaints), BELOW.get(level.code), f"0083 = {level.code}", level.place
    )


def aperak(message: Message, interchange: Interchange, words: Words) -> Answer:
    """What an APERAK says of a business document."""
    value = message.value
    subject = Subject("document", "edifact", interchange.receiver, interchange.sender)
    complaints: list[Complaint] = []
    texts: list[str] = []
    response = function = ""
    for number, elements in enumerate(message.segments, 1):
        match elements[0]:
            case "BGM":
                response, function = value(number, 4), value(number, 3)
            case "RFF" if complaints:
                complaints[-1] = replace(
                    complaints[-1], position=replace(complaints[-1].position, segment=whole_number(value(number, 1, 3)))
                )
            case "RFF":
                subject = _named(subject, value(number, 1, 1), value(number, 1, 2))
            case "ERC":
                code = value(number, 1)
                known = APERAK.get(code, "") if value(number, 1, 2) == "ZZZ" else ""
                complaints.append(Complaint(code, "9321", known, f"APERAK 9321 = {code}"))
            case "FTX":
                text = " ".join(filter(None, (value(number, 4, part).strip() for part in range(1, 6))))
                if complaints:
                    complaints[-1] = _explained(complaints[-1], text)
                else:
                    texts.append(text)
    findings = []
    outcome = RESPONSES.get(response) or FUNCTIONS.get(function)
    if outcome is None:
        outcome = Outcome.REJECTED if complaints else Outcome.RECEIVED
        findings.append(found("answer_malformed", message.locate(min(2, len(message.segments))),
                              note=f"APERAK: neither 4343 nor 1225 of BGM says what became of it; taken as {outcome.value}"))
    elif outcome is Outcome.ACCEPTED and complaints:
        outcome = Outcome.WITH_ERRORS
    if not (subject.document or subject.message or subject.interchange):
        findings.append(found("answer_malformed", message.locate(1), note="APERAK: it names nothing that it answers (RFF)"))
    code = f"4343 = {response}" if response else f"1225 = {function}" if function else ""
    statement = Statement(
        "APERAK", subject, outcome, tuple(complaints), None, code, message.locate(min(2, len(message.segments)))
    )
    return Answer("APERAK", (statement,), tuple(findings), message.reference, " ".join(texts))


def _named(subject: Subject, qualifier: str, reference: str) -> Subject:
    """What the answer is about: the message or interchange by its reference, else the first document that is named."""
    if qualifier in MESSAGE_REFERENCES:
        return replace(subject, message=reference)
    if qualifier in INTERCHANGE_REFERENCES:
        return replace(subject, interchange=reference)
    return subject if subject.document else replace(subject, document=reference)


def _explained(complaint: Complaint, text: str) -> Complaint:
    """The words behind an ERC; those behind its RFF may say the place as our own APERAK does."""
    found_ = PLACE.match(text)
    if found_ and complaint.position.segment == int(found_[1]):
        element, component = (int(found_[n]) if found_[n] else None for n in (3, 4))
        return replace(complaint, position=replace(complaint.position, tag=found_[2], element=element, component=component))
    return replace(complaint, text=f"{complaint.text} {text}" if complaint.text else text)
