"""Answers explained back: what the other side refused → the segment we sent → the rule and the record's field that wrote it →
one sentence for the person who has to act.

Row 3: `ack` says what was refused, `mapping` what wrote it. Pure: messages and compiled maps are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from edi_bridge.ack.reconcile import Key, Reconciled, Sent, SentGroup, SentMessage
from edi_bridge.ack.statement import Complaint, Outcome, Words
from edi_bridge.ack.subject import document
from edi_bridge.finding import printable
from edi_bridge.interchange import Interchange, Message
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.field_trace import Traced
from edi_bridge.mapping.written_by import (
    BESIDE,
    EMPTY,
    FIELD,
    PROGRAM,
    QUALIFIER,
    UNREAD,
    WRITES,
    Origin,
    Origins,
)

VERBS = {Outcome.REJECTED: "refused", Outcome.PARTIALLY: "accepted only a part of", Outcome.WITH_ERRORS: "found errors in"}
SEGMENTS_IN_ERROR = {("718", "5"), ("618", "5")}  # AK502 = 5: what AK3 and AK4 say in detail
LONGEST = 500  # characters of what the other side wrote for people
MISCOUNTED = 2  # segments by which the other side's count may differ from ours before we stop believing it


@dataclass(frozen=True, slots=True)
class Written:
    """A message that went out, and the map that wrote it (None: not known)."""

    message: Message
    map: CompiledMap | None


@dataclass(frozen=True, slots=True)
class Explained:
    """One sentence, and what it is about. `origin` None: no place is named, or nothing is known of the message."""

    reconciled: Reconciled
    sentence: str
    complaint: Complaint | None = None
    origin: Origin | None = None


def sent_interchange(interchange: Interchange, *, sent_at: datetime | None = None, due_at: datetime | None = None,
                     transfer: str = "") -> tuple[Sent, dict[Key, Message]]:
    """An interchange that went out as `reconcile` wants it, with its messages by the key they have there. Uses up its parts;
    the messages stay in memory."""
    messages: dict[Key, Message] = {}
    groups: dict[int, tuple[str, str, list[SentMessage]]] = {}
    for part in interchange.parts:
        if isinstance(part, Message):
            group = part.group
            control, kind = (group.reference, group.kind) if group else ("", "")
            name = part.type.name
            groups.setdefault(group.ordinal if group else 0, (control, kind, []))[2].append(
                SentMessage(part.reference, name, document(part).number)
            )
            messages["message", control, part.reference] = part
    made = tuple(SentGroup(control, kind, tuple(listed)) for control, kind, listed in groups.values())
    return Sent(
        interchange.standard, interchange.sender, interchange.receiver, interchange.control, made, sent_at, due_at, transfer
    ), messages


def code_words(guide: Callable[[str], Any]) -> Words:
    """The meaning of an answer's codes from the code lists of the guides; `guide` gives that of a message (`Catalog.guide`).
    X12 releases that are not shipped have the lists of the nearest one."""
    known: dict[str, Any] = {}

    def words(release: str, element: str, code: str) -> str:
        if release.startswith("x12/"):
            keys = ["x12/005010/999", "x12/004010/997"]
            keys = keys if release >= "x12/005010" or element in ("618", "620", "621") else keys[::-1]
        else:
            keys = [f"{release}/CONTRL"]
        for key in keys:
            if key not in known:
                known[key] = guide(key).elements
            use = known[key].get(element)
            if use is not None and use.codes is not None and code in use.codes.codes:
                return str(use.codes.codes[code])
        return ""

    return words


def explain(reconciled: Iterable[Reconciled], written: Callable[[Sent, Key], Written | None],
            who: Callable[[Reconciled], str]) -> Iterator[Explained]:
    """A sentence for everything that was refused or found wrong. `written` gives the message that a key stands for, `who` the
    other side's name."""
    known: dict[int, _Sight] = {}
    listed = list(reconciled)
    for one in listed:
        statement = one.statement
        if one.sent is None or (statement.outcome not in VERBS and not statement.complaints):
            continue
        found = written(one.sent, one.key) if one.key[0] == "message" else None
        if found is not None and id(found.message) not in known:
            known[id(found.message)] = _Sight(found)
        sight = known[id(found.message)] if found is not None else None
        yield from _sentences(one, sight, who(one), _named_inside(one, listed))


def _named_inside(one: Reconciled, listed: list[Reconciled]) -> bool:
    """Whether the same answer family speaks of messages inside of this one: then they are told, not the whole."""
    return any(other is not one and other.sent is one.sent and other.key[0] == "message" and one.key[1] in ("", other.key[1])
               and other.statement.outcome in VERBS for other in listed)


def _sentences(one: Reconciled, sight: _Sight | None, who: str, inside: bool) -> Iterator[Explained]:
    statement = one.statement
    what = sight.title() if sight is not None else _title(one)
    head = f"{who} {VERBS.get(statement.outcome, 'received')} {what}"
    placed = any(complaint.position.segment for complaint in statement.complaints)
    told = [complaint for complaint in statement.complaints
            if not (placed and (complaint.element, complaint.code) in SEGMENTS_IN_ERROR)]
    if not told and not (inside and one.key[0] != "message") and statement.outcome is not Outcome.PARTIALLY:
        yield Explained(one, f"{head} and does not say why ({statement.answer} {statement.code})")
    for complaint in told:
        origin = sight.origin(complaint) if sight is not None else None
        yield Explained(one, f"{head}: {_wrong(complaint, origin, sight)}", complaint, origin)


def _title(one: Reconciled) -> str:
    """What is known of it without its message."""
    level, group, reference = one.key
    if level == "message":
        type = one.statement.subject.type
        return f"message {reference}" + (f" ({type})" if type else "")
    if level == "group":
        return f"the whole group {group}"
    return f"the whole interchange {one.sent.control if one.sent else ''}".rstrip()


class _Sight:
    """One sent message looked into: its trace and origins, made when first needed."""

    def __init__(self, written: Written):
        self.message, self.map = written.message, written.map
        self.traced: list[Traced] = self.map.trace(self.message) if self.map is not None else []
        self._origins = Origins(self.message, self.map.plan, self.map.structure, self.traced) if self.map is not None else None

    def title(self) -> str:
        """`invoice 4711`; without a map `message 0001 (810)`."""
        number = next((str(one.value) for one in self.traced if one.path == "number"), "") or document(self.message).number
        kind = self.map.record.replace("_", " ") if self.map is not None else ""
        if kind and number:
            return f"{kind} {number}"
        return f"message {self.message.reference} ({self.message.type.name}{f' {number}' if number else ''})"

    def origin(self, complaint: Complaint) -> Origin | None:
        """What wrote the place that a complaint names; None where it names none or the map is not known."""
        place = complaint.position
        if self._origins is None or place.segment is None:
            return None
        if complaint.missing and place.element is None and not place.tag:
            return None  # a CONTRL does not say which segment
        if complaint.missing and place.element is None:
            return self._origins.missing(place.segment, place.tag)
        segment = self._segment(complaint)
        if segment is None:
            return None
        return self._origins.at(segment, place.element, place.component)

    def _segment(self, complaint: Complaint) -> int | None:
        """The segment that is meant: the one of the number, or where it has another tag, the nearest one that has it (first those
        that hold the copied value, then those behind: some count from 0); None where there is none near."""
        place, segments = complaint.position, self.message.segments
        number = place.segment or 0
        if 0 < number <= len(segments) and place.tag in (None, "", segments[number - 1][0]):
            return number
        near = [
            one
            for one in range(max(1, number - MISCOUNTED), min(len(segments), number + MISCOUNTED) + 1)
            if segments[one - 1][0] == place.tag
        ]

        def far(one: int) -> tuple[bool, int, bool]:
            held = self.message.value(one, place.element, place.component or 1) if place.element else ""
            return not complaint.value or held != complaint.value, abs(one - number), one < number

        return min(near, key=far, default=None)

    def instead(self, complaint: Complaint) -> str:
        """What stands where the other side saw another segment."""
        number, tag = complaint.position.segment, complaint.position.tag
        if number is not None and complaint.missing and not tag and complaint.position.element is None:
            before = self.message.segments[number - 2:number - 1]
            return f" ({self.message.delimiters.element.join(before[0])})" if before else ""
        if number is None or not 0 < number <= len(self.message.segments):
            return "" if number is None else f" (our message has {len(self.message.segments)} segments)"
        stands = self.message.segments[number - 1][0]
        return f" (we sent {stands} there)" if tag and tag != stands else ""

    def place_words(self, path: str) -> str:
        """`line 3, quantity`; with the line's own number where that is another."""
        steps = []
        for match in re.finditer(r"([^.\[\]]+)(?:\[(\d+)\])?", path):
            name, index = match[1].replace("_", " "), match[2]
            if index is None:
                steps.append(name)
                continue
            count = str(int(index) + 1)
            own = next((str(one.value) for one in self.traced if one.path == f"{path[:match.end()]}.number"), count)
            steps.append(
                f"{_singular(name)} {count}" + (f" (number {own})" if own.lstrip("0") != count and name == "lines" else "")
            )
        return ", ".join(steps)


def _singular(name: str) -> str:
    if name.endswith("terms"):
        return name
    for ending, instead in (("ies", "y"), ("xes", "x"), ("s", "")):
        if name.endswith(ending):
            return name.removesuffix(ending) + instead
    return name


def _wrong(complaint: Complaint, origin: Origin | None, sight: _Sight | None) -> str:
    """`line 3, quantity (record field …, written by … into IT1/02): "12,5", invalid character (997 AK403 = 6)`."""
    where = _where(complaint, origin, sight)
    value = complaint.value or (origin.raw if origin is not None else "")
    words = complaint.words[:1].lower() + complaint.words[1:] if complaint.words[1:2].islower() else complaint.words
    text = printable(complaint.text, LONGEST) if complaint.text and complaint.text != complaint.words else ""
    what = ", ".join(part for part in (printable(value) if value else "", words, text) if part) or f"code {complaint.code}"
    sent = ""
    if complaint.value and origin is not None and origin.raw and origin.raw.strip() != complaint.value.strip():
        sent = f"; we sent {printable(origin.raw)}"
    return (f"{where}: " if where else "") + f"{what} ({complaint.said}){sent}"


def _where(complaint: Complaint, origin: Origin | None, sight: _Sight | None) -> str:
    if origin is None or sight is None:
        return _bare(complaint) + (sight.instead(complaint) if sight is not None else "")
    into = _into(origin)
    fields = " or ".join(sight.place_words(path) for path in origin.fields[:3])
    names = " or ".join(origin.fields[:3]) + (f" and {len(origin.fields) - 3} more" if len(origin.fields) > 3 else "")
    match origin.how:
        case "field" | "beside" if origin.place.element is None:
            return f"{_common(origin.fields, sight)} (segment {origin.place.segment} {into}, record fields {names}, first written by {origin.rule})"
        case "field":
            return f"{fields} (record field {names}, written by {origin.rule} into {into})"
        case "beside":
            return f"what belongs to {fields} (record field {names}, written by {origin.rule}, into {into})"
        case "qualifier":
            return f"the qualifier of {fields} (record field {names}; {origin.rule} writes it into {into})"
        case "writes":
            return f"{into} (written by {origin.rule} as {origin.text})"
        case "program":
            return f"{into}, which edi-bridge writes itself"
        case "empty" if origin.place.element is None and len(origin.fields) > 1:
            shared = _shared(origin.fields)
            gone = shared and not any(one.path.startswith(f"{shared}.") for one in sight.traced)
            what = f"{sight.place_words(shared)} is not there" if gone else f"{fields} is empty"
            return f"{what} (record field {names}, which {origin.rule} would write into {into})"
        case "empty":
            return f"{fields} is empty (record field {names}, which {origin.rule} would write into {into})"
    rest = f"; the rest of the segment is written by {origin.rule} (record field {names})" if origin.rule else ""
    return f"{_bare(complaint)}, {into}, for which the map {sight.map.name if sight.map else ''} has no rule{rest}"


def _common(paths: tuple[str, ...], sight: _Sight) -> str:
    """What the fields of a segment are part of: `line 3`; the first of them at the head."""
    return sight.place_words(_shared(paths) or paths[0])


def _shared(paths: tuple[str, ...]) -> str:
    """The path that all of them begin with; '' where there is none."""
    shared = paths[0].rpartition(".")[0]
    while shared and not all(path.startswith(f"{shared}.") for path in paths):
        shared = shared.rpartition(".")[0]
    return shared


def _bare(complaint: Complaint) -> str:
    """The place as the answer names it, in words."""
    place = replace(complaint.position, path=None)
    if complaint.missing and place.segment is not None and place.element is None and not place.tag:
        return f"something behind segment {place.segment - 1}"
    return place.words().replace(" › ", ", ") if place.segment is not None or place.element is not None or place.tag else ""


def _into(origin: Origin) -> str:
    """`IT1/02`, `SG25/QTY/C186.6060`: the tag is enough where elements go by their position."""
    path = origin.place.path or ""
    if not path:
        element = f"/{origin.place.element:02}" if origin.place.element else ""
        return f"{origin.place.tag or 'a segment'}{element}"
    return re.sub(r"^(?:\{[^}]*\}/)+", "", path)


__all__ = [
    "BESIDE",
    "EMPTY",
    "FIELD",
    "PROGRAM",
    "QUALIFIER",
    "UNREAD",
    "WRITES",
    "Explained",
    "Written",
    "explain",
    "sent_interchange",
]
