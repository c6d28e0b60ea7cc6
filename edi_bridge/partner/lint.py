"""What is wrong or doubtful in a partner's file though it can be read: held against ourselves, maps, guides, channels and tables.

Pure: what must be known of the rest of the home is handed in as `Known`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edi_bridge.interchange import MessageType
from edi_bridge.partner.values import Agreement, Identity, Own, Partner
from edi_bridge.yamltext import Block, Mark

LEVELS = ("error", "warning", "note")
KINDS = {  # kind → (level, what it is about)
    "other_name": ("error", "the file is named otherwise than the partner in it"),
    "hosts_swapped": ("error", "an identity of the partner is our own: host and guest are swapped"),
    "map_unknown": ("error", "there is no map of that name"),
    "map_other_message": ("error", "the map of an agreement reads or writes another message"),
    "channel_unknown": ("error", "there is no channel of that name"),
    "no_address": ("error", "something goes out in a standard in which the partner, or we, have no address"),
    "unknown_message": ("warning", "there is no guide for the message: its name is most likely misspelled"),
    "test_id_live": ("warning", "an id that looks like one for tests, and an agreement that is live"),
    "bad_id": ("warning", "an id that its qualifier does not allow: length or check digit"),
    "channel_unused": ("warning", "a channel that nothing is fetched from and nothing goes out by"),
    "no_way_out": ("warning", "something goes out, and no channel is named for it"),
    "deadline_unasked": ("warning", "an answer is expected that the partner gives only when asked, and nothing asks"),
    "deadline_idle": ("warning", "an answer is expected to what never goes out"),
    "wrong_direction": ("warning", "a setting of an agreement that has no meaning in its direction"),
    "no_lookup": ("warning", "a table of keys that has no rows"),
    "retention_unknown": ("warning", "a class of retention that our own company does not define: its exchanges are kept as long as all others"),
    "stage_unknown": ("warning", "a stage in force (`_stages.yaml`) of something that is not agreed"),
    "nobody_named": ("note", "nobody is named to talk to when something goes wrong"),
    "no_escalation": ("note", "priority 1 or 2, and nobody is told when something stays open"),
}
ONLY = {"in": ("acknowledge",), "out": ("batch", "names", "expect", "channel")}  # keys that have a meaning in one direction alone
ANSWERED_WITH = {"contrl": "edifact", "aperak": "edifact", "997": "x12", "999": "x12", "ta1": "x12", "824": "x12"}
ASKED = {"contrl": "UNB 0031", "ta1": "ISA14"}  # answers that are given when the envelope asks for them
TEST_ID = re.compile(r"(?:^|[^a-z])te?st(?:$|[^a-z])|test$|^test", re.IGNORECASE)
RUNNING = ("pilot", "live")


@dataclass(frozen=True, slots=True)
class Known:
    """What the home knows. `message_of` gives the message that a map reads ('' where none says it; None: there is no such map),
    `has_guide` whether there is a structure of a message, `has_lookup` whether a table has rows."""

    own: Own
    message_of: Callable[[str], str | None]
    has_guide: Callable[[str], bool]
    has_lookup: Callable[[str], bool]
    channels: frozenset[str] = frozenset()  # full names, and the company's
    fetched: frozenset[str] = frozenset()  # those that something is fetched from, or that partners post to


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is wrong or doubtful, with its place."""

    kind: str
    sentence: str
    file: str
    line: int
    column: int
    level: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", KINDS[self.kind][0])


def lint(partner: Partner, known: Known) -> list[Remark]:
    """Everything that is wrong or doubtful, in the order of the file."""
    found = [*_name(partner), *_identities(partner, known), *_channels(partner, known), *_deadlines(partner), *_people(partner), *_strays(partner), *_retention(partner, known)]
    for one in partner.agreements:
        found += _agreement(partner, one, known)
    return sorted(set(found), key=lambda one: (one.file, one.line, one.column, one.kind))


def _retention(partner: Partner, known: Known) -> Iterator[Remark]:
    if partner.retention and partner.retention not in known.own.retention:
        classes = ", ".join(known.own.retention) or "none"
        yield Remark("retention_unknown", f"there is no class {partner.retention} under retention: of partners/_own.yaml (there: {classes})",
                     *_place(partner.source, "retention", None))


def _name(partner: Partner) -> Iterator[Remark]:
    named = partner.file.rpartition("/")[2].removesuffix(".yaml")
    if named != partner.name:
        yield Remark("other_name", f"the file is named {named} and the partner {partner.name}", *_place(partner.source, "partner", None))


def _identities(partner: Partner, known: Known) -> Iterator[Remark]:
    running = next((one for one in partner.agreements if not one.test and one.stage in RUNNING), None)
    for one in partner.identities:
        if any(_same(one, mine) for mine in known.own.identities):
            yield Remark("hosts_swapped", f"{one.qualifier}:{one.id} is our own address, not the partner's", partner.file, *one.mark)
        if running is not None and TEST_ID.search(one.id):
            yield Remark("test_id_live", f"{one.id} looks like an id for tests, and {running.message} is live", partner.file, *one.mark)
        wrong = _wrong_id(one)
        if wrong:
            yield Remark("bad_id", wrong, partner.file, *one.mark)


def _same(one: Identity, other: Identity) -> bool:
    return one.fits(other.address, other.standard or one.standard) or other.fits(one.address, one.standard or other.standard)


def _wrong_id(one: Identity) -> str:
    """Why an id cannot be of its qualifier: UN/EDIFACT 0007 = 14 is GS1's, 13 digits with a check digit; X12 I05 = 01 is a D-U-N-S
    number, nine digits."""
    if one.qualifier == "14" and one.standard != "x12" and one.id.isdigit():
        if len(one.id) != 13:
            return f"a GLN has 13 digits, {one.id} has {len(one.id)}" + ("; was a zero lost in front?" if len(one.id) == 12 else "")
        if _check_digit(one.id[:-1]) != one.id[-1]:
            return f"the check digit of the GLN {one.id} must be {_check_digit(one.id[:-1])}"
    if one.qualifier == "01" and one.standard == "x12" and not re.fullmatch("[0-9]{9}", one.id):
        return f"a D-U-N-S number has nine digits, not {one.id}"
    return ""


def _check_digit(digits: str) -> str:
    """GS1 General Specifications 7.9: weights 3 and 1 from the right."""
    return str(-sum(int(sign) * (3, 1)[number % 2] for number, sign in enumerate(reversed(digits))) % 10)


def _agreement(partner: Partner, one: Agreement, known: Known) -> Iterator[Remark]:
    block = _block_of(partner, one)
    standard, version, name = (one.message.split("/") + ["", ""])[:3]

    def at(key: str, kind: str, sentence: str) -> Remark:
        return Remark(kind, sentence, *_place(block, key, one))

    if one.map:
        reads = known.message_of(one.map)
        if reads is None:
            yield at("map", "map_unknown", f"there is no map {one.map}")
        elif reads and not one.fits(MessageType(*reads.split("/", 2)), one.direction):
            verb = "writes" if one.direction == "out" else "reads"
            yield at("map", "map_other_message", f"{one.map} {verb} {reads}, and the agreement is for {one.message}")
    if standard in ("edifact", "x12", "xml") and "*" not in one.message and not known.has_guide(one.message):
        yield at("message", "unknown_message", f"there is no guide for {one.message}")
    if one.direction == "out" and standard in ("edifact", "x12") and one.stage != "draft":
        for who, identity in (("the partner", partner.identity(standard)), ("our own company", known.own.identity(standard))):
            if identity is None:
                yield at("message", "no_address", f"{one.message} goes out, and {who} has no address with a qualifier for {standard}")
    for key in ONLY["out" if one.direction == "in" else "in"]:
        if block is not None and key in block:
            yield at(key, "wrong_direction", f"{key}: has no meaning in an agreement of direction {one.direction}")
    if one.channel and not _is_channel(one.channel, partner, known):
        yield at("channel", "channel_unknown", f"there is no channel {one.channel}")
    if one.direction == "out" and not one.channel and not partner.send and one.stage in RUNNING:
        yield at("message", "no_way_out", f"{one.message} goes out, and neither send: nor channel: names a channel: it would lie in the outbox")
    for table in one.lookups:
        if not known.has_lookup(table):
            yield at("lookups", "no_lookup", f"the table {table} has no rows")


def _channels(partner: Partner, known: Known) -> Iterator[Remark]:
    used = {_full(name, partner) for name in (partner.send, partner.answers_by, *(one.channel for one in partner.agreements)) if name}
    source = partner.source
    for key, name in (("send", partner.send), ("answers", partner.answers_by)):
        if name and not _is_channel(name, partner, known):
            yield Remark("channel_unknown", f"there is no channel {name}", *_place(source, key, None))
    if isinstance(partner.channels, Block):
        for key, mark in partner.channels.marks.items():
            name = f"{partner.name}.{key}"
            if name not in used and name not in known.fetched and not _for_tests(partner.channels[key]):
                yield Remark("channel_unused", f"nothing is fetched from {name}, and neither send:, answers: nor an agreement names it",
                             partner.channels.file, *mark)


def _for_tests(settings: object) -> bool:
    """Whether a channel is for tests: they leave by it without anybody naming it."""
    return isinstance(settings, Block) and settings.get("test") is True


def _is_channel(name: str, partner: Partner, known: Known) -> bool:
    return name in known.channels or f"{partner.name}.{name}" in known.channels


def _full(name: str, partner: Partner) -> str:
    return name if "." in name else f"{partner.name}.{name}"


def _deadlines(partner: Partner) -> Iterator[Remark]:
    """Deadlines that never run: the answer is not asked for, or nothing that it would answer goes out."""
    goes_out = [one for one in partner.agreements if one.direction == "out"]
    sent = {one.message.partition("/")[0] for one in goes_out}
    for answer in partner.expect:
        standard = ANSWERED_WITH.get(answer, "")
        place = _inner_place(partner.source, "expect", answer)
        if standard and standard not in sent and "*" not in sent:
            if place[0] != partner.file:
                continue  # a profile speaks for partners of all kinds
            yield Remark("deadline_idle", f"{answer} is expected, and no agreement sends {standard}", *place)
        elif answer in ASKED and not all(partner.enveloping(one).get("ask") for one in goes_out if one.message.startswith((standard, "*"))):
            yield Remark("deadline_unasked", f"{answer} is expected, and the envelope does not ask for it ({ASKED[answer]}; envelope: {{ask: true}})", *place)
    for one in goes_out:
        for answer in one.expect:
            if answer in ASKED and not partner.enveloping(one).get("ask"):
                yield Remark("deadline_unasked", f"{answer} is expected for {one.message}, and the envelope does not ask for it ({ASKED[answer]}; "
                                                 "envelope: {ask: true})", *_inner_place(_block_of(partner, one), "expect", answer))


def _strays(partner: Partner) -> Iterator[Remark]:
    for message, direction, file, line, column in partner.strays:
        yield Remark("stage_unknown", f"{message} ({direction}) is in a stage, and nothing is agreed for it", file, line, column)


def _people(partner: Partner) -> Iterator[Remark]:
    place = _place(partner.source, "partner", None)
    if not partner.contacts:
        yield Remark("nobody_named", "contacts: names nobody to talk to", *place)
    if partner.priority <= 2 and not partner.escalation:
        yield Remark("no_escalation", f"priority is {partner.priority}, and escalation: tells nobody", *place)


def _block_of(partner: Partner, one: Agreement) -> Block | None:
    entries = partner.source.get("agreements") if isinstance(partner.source, Block) else ()
    return next((entry for entry in entries or () if isinstance(entry, Block) and (entry.file, entry.mark) == (one.file, one.mark)), None)


def _place(block: Block | None, key: str, one: Agreement | None) -> tuple[str, int, int]:
    """The place of a key's value; of the agreement, or of the file, where the key is not there."""
    if block is None:
        return ("", 0, 0) if one is None else (one.file, *one.mark)
    mark: Mark = block.value_marks.get(key, block.mark)
    return block.files.get(key, block.file), *mark


def _inner_place(block: Block | None, outer: str, inner: str) -> tuple[str, int, int]:
    inside = block.get(outer) if block is not None else None
    return (inside.files.get(inner, inside.file), *inside.marks.get(inner, inside.mark)) if isinstance(inside, Block) else _place(block, outer, None)


def table() -> str:
    """The kinds as a table of Markdown."""
    return "\n".join(["| kind | level | |", "|---|---|---|", *(f"| {kind} | {level} | {says} |" for kind, (level, says) in KINDS.items())]) + "\n"
