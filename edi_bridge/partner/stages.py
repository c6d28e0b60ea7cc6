"""`partners/_stages.yaml` of a home: the stages in force. The program alone writes it; it outranks what partners' files say.

A partner's file says in which stage an agreement begins; from its first move on it stands here, with when, by whom and why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from edi_bridge.partner.values import STAGES, Agreement, Limits, Partner
from edi_bridge.partner.words import choice, listed, text, whole
from edi_bridge.yamltext import Block, Mark, Problems

FILE = "partners/_stages.yaml"
HEAD = "# written by edi-bridge rollout; every change is a version (edi-bridge catalog log)\n"
KEYS = ("message", "direction", "test", "stage", "since", "by", "reason", "former", "former_since", "limits")
LIMITS = ("documents", "daily", "approve")
MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Moved:
    """The stage in force of one agreement: since when (ISO 8601, UTC), by whom, why, after which stage (and since when it was in that),
    within which limits."""

    message: str
    direction: str
    stage: str
    since: str
    by: str
    reason: str
    former: str = ""
    former_since: str = ""
    limits: Limits = Limits()
    test: bool = False
    place: tuple[str, int, int] = field(default=("", 0, 0), compare=False)

    @property
    def key(self) -> tuple[str, str, bool]:
        """That of its agreement."""
        return self.message, self.direction, self.test


Stages = Mapping[str, Sequence[Moved]]  # by partner


def load_stages(block: Block) -> dict[str, list[Moved]]:
    """The stages from their YAML. ConfigFault with everything that is wrong."""
    problems = Problems(block.file)
    made: dict[str, list[Moved]] = {}
    for partner in block:
        entries = made[partner] = [_moved(entry, problems) for entry in listed(block, partner, "{message: …, direction: in, stage: pilot, …}", problems)]
        for number, one in enumerate(entries):
            if any(one.key == other.key for other in entries[:number]):
                problems.add(one.place[1:], f"{partner}: {one.message} ({one.direction}) stands here twice")
    problems.done()
    return made


def _moved(entry: Block, problems: Problems) -> Moved:
    problems.unknown_keys(entry, KEYS, "a stage in force")
    for key in ("message", "stage", "since"):
        if not entry.get(key):
            problems.add(entry.mark, f"a stage in force needs its {key}:")
    since = text(entry, "since", problems)
    if since and not _is_moment(since):
        problems.wrong(entry, "since", "since: is a moment with its zone, such as 2026-11-22T07:00:00Z")
    if not isinstance(entry.get("test", True), bool):
        problems.wrong(entry, "test", "test: is true or false")
    return Moved(
        text(entry, "message", problems), choice(entry, "direction", ("in", "out"), problems) or "in", choice(entry, "stage", STAGES, problems),
        since, text(entry, "by", problems), text(entry, "reason", problems), choice(entry, "former", STAGES, problems),
        text(entry, "former_since", problems), _limits(entry, problems),
        bool(entry.get("test")), (entry.file, *_mark(entry)))


def _mark(entry: Block) -> Mark:
    return entry.marks.get("stage", entry.mark)


def _is_moment(said: str) -> bool:
    try:
        return datetime.fromisoformat(said).tzinfo is not None
    except ValueError:
        return False


def _limits(entry: Block, problems: Problems) -> Limits:
    said = problems.inner(entry, "limits", LIMITS, "is {documents: 200, daily: 50, approve: 5}")
    return Limits(*(whole(said, key, 0, 0, MOST, problems) for key in LIMITS)) if said is not None else Limits()


def staged(partner: Partner, moved: Sequence[Moved]) -> Partner:
    """A partner with the stages in force of its agreements; what fits no agreement is only told (`lint`)."""
    if not moved:
        return partner
    by_key = {one.key: one for one in moved}
    known = {one.key for one in partner.agreements}
    return replace(partner, agreements=tuple(_with(one, by_key.get(one.key)) for one in partner.agreements),
                   strays=tuple((one.message, one.direction, *one.place) for one in moved if one.key not in known))


def _with(agreement: Agreement, moved: Moved | None) -> Agreement:
    if moved is None:
        return agreement
    return replace(agreement, stage=moved.stage, since=moved.since, former=moved.former, limits=moved.limits, staged=moved.place)


def stages_text(stages: Stages) -> str:
    """The file as it is written: a line for each agreement, partners and lines in order."""
    lines = [HEAD]
    for partner in sorted(stages):
        if stages[partner]:
            lines.append(f"{_quoted(partner)}:\n")
            lines += [f"  - {_line(one)}\n" for one in sorted(stages[partner], key=lambda one: one.key)]
    return "".join(lines) if len(lines) > 1 else HEAD + "{}\n"


def _line(one: Moved) -> str:
    limits = ", ".join(f"{key}: {value}" for key in LIMITS if (value := getattr(one.limits, key)))
    parts = [f"message: {_quoted(one.message)}", f"direction: {one.direction}", *(["test: true"] if one.test else []), f"stage: {one.stage}",
             f"since: {_quoted(one.since)}", f"by: {_quoted(one.by)}", f"reason: {_quoted(one.reason)}",
             *([f"former: {one.former}"] if one.former else []),
             *([f"former_since: {_quoted(one.former_since)}"] if one.former_since else []), *([f"limits: {{{limits}}}"] if limits else [])]
    return "{" + ", ".join(parts) + "}"


def _quoted(value: str) -> str:
    """A text that YAML reads back as it is: JSON's strings are YAML's. What cannot be printed is a blank."""
    return json.dumps("".join(sign if sign.isprintable() else " " for sign in value), ensure_ascii=False)
