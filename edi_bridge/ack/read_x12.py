"""997, 999 (X12.20, X12.61), TA1 (X12.5) and 824 (X12.44) that came in.

- AK1 names the group, AK2 a set in it, AK3/IK3 a segment, AK4/IK4 an element; AK5/IK5 says what became of the set, AK9 of the
  group. Positions count from ST = 1; of a missing segment AK302 is the place at which it should have stood.
- 717 and 715: A accepted, E accepted with errors, P partially (715 only), R, M, W, X rejected.
- A 997 goes back along the group: its GS02 is the receiver of ours. It names no interchange.
- TA1 speaks of the envelope alone: A and E say that the interchange arrived, R that nothing of it was taken.
- OTI01 of an 824: the first letter is the level (T transaction set, G group, I item, B batch), the second what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

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
from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Interchange, Message, Position, Stray

OUTCOMES = {"A": Outcome.ACCEPTED, "E": Outcome.WITH_ERRORS, "P": Outcome.PARTIALLY, "R": Outcome.REJECTED, "M": Outcome.REJECTED,
            "W": Outcome.REJECTED, "X": Outcome.REJECTED}  # 717, 715
BELOW = {Outcome.ACCEPTED: Outcome.ACCEPTED, Outcome.WITH_ERRORS: Outcome.ACCEPTED, Outcome.PARTIALLY: Outcome.ACCEPTED,
         Outcome.REJECTED: Outcome.REJECTED}
GOOD = (Outcome.ACCEPTED, Outcome.WITH_ERRORS)
ENVELOPE = {"A": Outcome.RECEIVED, "E": Outcome.RECEIVED, "R": Outcome.REJECTED}  # I17
ADVICE = {
    "A": Outcome.ACCEPTED,
    "C": Outcome.WITH_ERRORS,
    "E": Outcome.WITH_ERRORS,
    "P": Outcome.PARTIALLY,
    "R": Outcome.REJECTED,
}
MISSING = {"AK3": {"3"}, "IK3": {"3", "I6", "I7", "I8"}, "AK4": {"1", "2"}, "IK4": {"1", "2", "I9"}}  # 720, 620, 723, 621
ELEMENTS_AT_FAULT = "8"  # 720, 620: the segment has faulty elements, which follow
CODES = {"AK3": "720", "AK4": "723", "AK5": "718", "AK9": "716", "IK3": "620", "IK4": "621", "IK5": "618"}


@dataclass(slots=True)
class _Set:
    """One AK2 loop while it is read."""

    subject: Subject
    place: Position
    complaints: list[Complaint] = field(default_factory=list)
    outcome: Outcome | None = None
    code: str = ""


class _Reading:
    """One 997 or 999 while it is read."""

    def __init__(self, message: Message, interchange: Interchange, words: Words):
        self.message, self.words = message, words
        self.release = f"x12/{message.type.version}"
        self.name = message.type.name
        self.group = Subject("group", "x12", interchange.receiver, interchange.sender)
        self.sets: list[_Set] = []
        self.findings: list[Finding] = []
        self.segment = Position()  # the segment that AK4 speaks of

    def say(self, kind: str, number: int, sentence: str) -> None:
        self.findings.append(found(kind, self.message.locate(number), note=f"{self.name}: {sentence}"))

    def complaint(self, tag: str, element: int, code: str, position: Position, **more: Any) -> Complaint:
        return Complaint(code, CODES[tag], meaning(self.words, self.release, CODES[tag], code),
                         f"{self.name} {tag}{element:02} = {code}", position, missing=code in MISSING.get(tag, ()), **more)

    def codes(self, tag: str, number: int, first: int) -> tuple[Complaint, ...]:
        """The up to five codes at the end of AK5 and AK9."""
        listed = (self.message.value(number, element) for element in range(first, first + 5))
        return tuple(self.complaint(tag, first + n, code, Position()) for n, code in enumerate(listed) if code)


def acknowledgement(message: Message, interchange: Interchange, words: Words) -> Answer:
    """What a 997 or 999 says of a group and its sets."""
    reading = _Reading(message, interchange, words)
    statement: Statement | None = None
    began = 0
    for number, elements in enumerate(message.segments, 1):
        tag = elements[0].strip()
        match tag:
            case "AK1":
                began = number
                reading.group = replace(reading.group, kind=message.value(number, 1), group=message.value(number, 2).strip())
            case "AK2":
                subject = replace(
                    reading.group, level="message", type=message.value(number, 1), message=message.value(number, 2).strip()
                )
                reading.sets.append(_Set(subject, message.locate(number)))
            case "AK3" | "IK3" | "AK4" | "IK4" | "CTX" | "AK5" | "IK5" if not reading.sets:
                reading.say("answer_malformed", number, f"{tag} stands outside of any AK2")
            case "AK3" | "IK3" | "AK4" | "IK4":
                _fault(reading, tag, number)
            case "CTX":
                _context(reading, number)
            case "AK5" | "IK5":
                _close(reading, tag, number)
            case "AK9":
                statement = _group(reading, number)
    if not began:
        reading.say("answer_malformed", 1, "it names no group (AK1)")
    if statement is None:
        reading.say("answer_malformed", len(message.segments), "it does not say what became of the group (AK9)")
    return _finished(reading, statement, began or 1)


def _fault(reading: _Reading, tag: str, number: int) -> None:
    """AK3: a segment; AK4: an element of it."""
    value, held = reading.message.value, reading.sets[-1].complaints
    if tag[2] == "3":
        where = whole_number(value(number, 2))
        reading.segment = Position(segment=where, tag=value(number, 1).strip() or None, path=value(number, 3).strip() or None)
        code = value(number, 4)
        if where is None:
            reading.say("answer_malformed", number, f"{tag}02 {value(number, 2)!r} is no position")
        held.append(reading.complaint(tag, 4, code or ELEMENTS_AT_FAULT, reading.segment))
        return
    place = replace(reading.segment, element=whole_number(value(number, 1, 1)), component=whole_number(value(number, 1, 2)),
                    repetition=whole_number(value(number, 1, 3)), id=value(number, 2) or None)
    text = ""
    if held and held[-1].code == ELEMENTS_AT_FAULT and held[-1].position == reading.segment:
        text = held.pop().text  # it said only that elements follow
    held.append(reading.complaint(tag, 3, value(number, 3), place, value=value(number, 4), text=text))


def _context(reading: _Reading, number: int) -> None:
    """CTX of a 999: which business unit, or which situation; words for people."""
    held = reading.sets[-1].complaints
    text = " ".join(part for element in range(1, len(reading.message.segments[number - 1]))
                    if (part := " ".join(filter(None, (reading.message.value(number, element, n) for n in (1, 2, 3))))))
    if held and held[-1].position.segment:
        held[-1] = replace(held[-1], text=f"{held[-1].text}; {text}" if held[-1].text else text)


def _close(reading: _Reading, tag: str, number: int) -> None:
    one, code = reading.sets[-1], reading.message.value(number, 1)
    one.code, one.outcome = f"{tag}01 = {code}", OUTCOMES.get(code)
    one.complaints += reading.codes(tag, number, 2)
    if one.outcome is None:
        reading.say("answer_malformed", number, f"{tag}01 {code!r} is not in the list of codes")
    elif one.outcome is Outcome.ACCEPTED and one.complaints:
        one.outcome = Outcome.WITH_ERRORS
        reading.say(
            "answer_contradicts_itself", number, f"{tag}01 = A, but errors are named; it is taken as accepted with errors"
        )


def _group(reading: _Reading, number: int) -> Statement:
    code = reading.message.value(number, 1)
    outcome = OUTCOMES.get(code)
    if outcome is None:
        reading.say("answer_malformed", number, f"AK901 {code!r} is not in the list of codes")
        outcome = _worst(reading)
    sums = [whole_number(reading.message.value(number, element)) for element in (2, 3, 4)]
    for sentence in _contradictions(reading, code, outcome, sums):
        reading.say("answer_contradicts_itself", number, sentence)
    return Statement(reading.name, reading.group, outcome, reading.codes("AK9", number, 5), BELOW.get(outcome), f"AK901 = {code}",
                     reading.message.locate(number))


def _contradictions(reading: _Reading, code: str, outcome: Outcome, sums: list[int | None]) -> list[str]:
    """Where AK9 says something else than the sets do, which it sums up."""
    _, received, accepted = sums
    listed = []
    good = sum(one.outcome in GOOD for one in reading.sets)
    bad = sum(one.outcome is Outcome.REJECTED for one in reading.sets)
    if None in sums:
        listed.append("AK902, AK903 or AK904 is no number")
    if accepted is not None and received is not None:
        if accepted > received:
            listed.append(f"AK904 counts {accepted} accepted, AK903 only {received} received")
        if len(reading.sets) == received and good + bad == received and accepted != good:
            listed.append(f"AK904 counts {accepted} accepted, but {good} AK5 say so")
        if len(reading.sets) > received:
            listed.append(f"AK903 counts {received} received, but {len(reading.sets)} are named")
    if outcome in GOOD and bad:
        listed.append(f"AK901 = {code}, but {bad} of its sets are rejected")
    if outcome is Outcome.REJECTED and good:
        listed.append(f"AK901 = {code}, but {good} of its sets are accepted")
    return listed


def _worst(reading: _Reading) -> Outcome:
    """What the sets alone say of their group."""
    said = {one.outcome for one in reading.sets if one.outcome is not None}
    if said == {Outcome.REJECTED}:
        return Outcome.REJECTED
    if Outcome.REJECTED in said:
        return Outcome.PARTIALLY
    return Outcome.WITH_ERRORS if Outcome.WITH_ERRORS in said else Outcome.ACCEPTED if said else Outcome.RECEIVED


def _finished(reading: _Reading, statement: Statement | None, began: int) -> Answer:
    """The statements; a set whose AK5 is missing takes what AK9 says, else what its errors say."""
    group = statement or Statement(reading.name, reading.group, _worst(reading), place=reading.message.locate(began))
    listed = [group]
    for one in reading.sets:
        outcome = one.outcome
        if outcome is None:
            if not one.code:
                reading.findings.append(
                    found("answer_malformed", one.place, note=f"{reading.name}: set {one.subject.message} has no AK5")
                )
            outcome = group.below or Outcome.RECEIVED
            if one.complaints and outcome is not Outcome.REJECTED:
                outcome = Outcome.REJECTED if group.outcome is Outcome.PARTIALLY else Outcome.WITH_ERRORS
        listed.append(Statement(reading.name, one.subject, outcome, tuple(one.complaints), None, one.code, one.place))
    return Answer(reading.name, tuple(listed), tuple(reading.findings), reading.message.reference)


def ta1(part: Stray, interchange: Interchange, words: Words) -> Answer:
    """What a TA1 says of an interchange's envelope (X12.5: I12, I08, I09, I17, I18)."""
    values = [value.strip() for value in part.raw.split(interchange.delimiters.element)] + [""] * 6
    control, code, note = values[1], values[4], values[5]
    place = Position(interchange=interchange.ordinal, tag="TA1", offset=part.offset, length=len(part.raw))
    findings = []
    outcome = ENVELOPE.get(code)
    if outcome is None or not control:
        findings.append(
            found("answer_malformed", place, code, "TA1: the control number or the code of what became of it is missing")
        )
    complaints = []
    if note not in ("", "000"):
        release = f"x12/{interchange.syntax}0" if len(interchange.syntax) == 5 else "x12/004010"
        complaints.append(Complaint(note, "I18", meaning(words, release, "I18", note), f"TA1 TA105 = {note}"))
    if code == "A" and complaints:
        findings.append(found("answer_contradicts_itself", place, note, f"TA1: accepted (A), but with note code {note}"))
    subject = Subject("interchange", "x12", interchange.receiver, interchange.sender, control)
    statement = Statement("TA1", subject, outcome or Outcome.RECEIVED, tuple(complaints),
                          Outcome.REJECTED if outcome is Outcome.REJECTED else None, f"TA104 = {code}", place)
    return Answer("TA1", (statement,), tuple(findings), interchange.control)


def advice(message: Message, interchange: Interchange, words: Words) -> Answer:
    """What an 824 says of business documents: an OTI each, with the faults (TED) that the other side's application found."""
    statements: list[Statement] = []
    findings: list[Finding] = []
    notes: list[str] = []
    release = f"x12/{message.type.version}"
    for number, elements in enumerate(message.segments, 1):
        value = message.value
        match elements[0].strip():
            case "OTI":
                statements.append(_advised(message, interchange, number, findings))
            case "TED" if statements:
                code = value(number, 1)
                place = Position(
                    segment=whole_number(value(number, 4)),
                    tag=value(number, 3) or None,
                    element=whole_number(value(number, 5, 1)),
                    component=whole_number(value(number, 5, 2)),
                    id=value(number, 6) or None,
                )
                one = Complaint(code, "647", meaning(words, release, "647", code), f"824 TED01 = {code}", place, value(number, 7),
                                value(number, 2))
                statements[-1] = replace(statements[-1], complaints=(*statements[-1].complaints, one))
            case "NTE" if statements and statements[-1].complaints:
                last = statements[-1].complaints[-1]
                text = " ".join(filter(None, (last.text, value(number, 2))))
                statements[-1] = replace(statements[-1], complaints=(*statements[-1].complaints[:-1], replace(last, text=text)))
            case "NTE":
                notes.append(value(number, 2))
    if not statements:
        findings.append(found("answer_malformed", message.locate(1), note="824: it names nothing that it answers (OTI)"))
    return Answer("824", tuple(statements), tuple(findings), message.reference, " ".join(notes))


def _advised(message: Message, interchange: Interchange, number: int, findings: list[Finding]) -> Statement:
    """One OTI: OTI03 the document, OTI08 to OTI10 group, set and type."""
    code, document, group, reference, type = (message.value(number, element) for element in (1, 3, 8, 9, 10))
    outcome = ADVICE.get(code[1:2]) if code[:1] in ("T", "G", "I", "B") else None
    if outcome is None:
        findings.append(found("answer_malformed", message.locate(number, 1), code, "824: OTI01 does not say what became of it"))
    level = "group" if code[:1] == "G" else "document"
    subject = Subject(
        level, "x12", interchange.receiver, interchange.sender, group=group, message=reference, type=type, document=document
    )
    return Statement(
        "824",
        subject,
        outcome or Outcome.RECEIVED,
        (),
        BELOW.get(outcome) if outcome and level == "group" else None,
        f"OTI01 = {code}",
        message.locate(number),
    )
