"""Two maps over the same messages: what is the same, what differs, what fails only with one of them. Pure; nothing is posted.

    message ─► pipeline.translate with the old map ┐
            ─► pipeline.translate with the new map ┴► compared ─► Comparison: groups, each with a few examples

A message fails where its verdict is to reject it, by the map's findings or the guide's. Memory: a line for each way in which
messages differ; messages and records are not kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edi_bridge import pipeline
from edi_bridge.finding import Verdict
from edi_bridge.interchange import AnyMessage, Interchange
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.partner import Partner, action
from edi_bridge.record import leaves, to_json, unnumbered

SAME, DIFFERS, FAILS, PASSES = "same", "differs", "newly failing", "newly passing"
EXAMPLES = 3  # of each group
WAYS = 500  # groups that are told apart; what differs in yet another way is counted together
OTHER = ("(in other ways)",)
SHOWN = 12  # fields of one message that its example shows


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a message: None where the record does not have it. `path` names the item (`lines[2].quantity`), with the
    record's number in front where the message holds several; `finding KIND` is what only one of the maps reports."""

    path: str
    old: str | None
    new: str | None

    @property
    def name(self) -> str:
        """The path without numbers: what many messages have in common."""
        return unnumbered(self.path).lstrip(".")


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of one message. `reasons` say why the map that refuses it does so."""

    outcome: str
    changes: tuple[Change, ...] = ()
    reasons: tuple[str, ...] = ()

    def way(self) -> tuple[str, ...]:
        """What it has in common with others: the names of the fields that differ, or the kinds of what is wrong."""
        if self.outcome == DIFFERS:
            return tuple(sorted({change.name for change in self.changes}))
        return tuple(sorted({reason.partition(": ")[0] for reason in self.reasons}))


@dataclass(frozen=True, slots=True)
class Example:
    """One message of a group: where it is from, as the caller names it, its number there and its reference."""

    source: str
    interchange: int
    message: int
    reference: str
    changes: tuple[Change, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(slots=True)
class Way:
    """Messages of one partner that differ in the same fields, or fail for the same reasons."""

    outcome: str
    partner: str
    fields: tuple[str, ...]
    count: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Comparison:
    """All messages together."""

    counts: Counter[str] = field(default_factory=Counter)
    partners: dict[str, Counter[str]] = field(default_factory=dict)
    ways: dict[tuple[str, str, tuple[str, ...]], Way] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """How many were compared."""
        return self.counts.total()

    @property
    def same(self) -> bool:
        """Whether nothing differs at all."""
        return self.counts[SAME] == self.messages

    def take(self, compared: Compared, partner: str, source: str, message: AnyMessage) -> None:
        """Count one message."""
        self.counts[compared.outcome] += 1
        self.partners.setdefault(partner, Counter())[compared.outcome] += 1
        if compared.outcome == SAME:
            return
        key = (compared.outcome, partner, compared.way())
        if key not in self.ways and len(self.ways) >= WAYS:
            key = (compared.outcome, "", OTHER)
        way = self.ways.setdefault(key, Way(*key))
        way.count += 1
        if len(way.examples) < EXAMPLES:
            way.examples.append(Example(source, message.interchange, message.ordinal, message.reference,
                                        compared.changes[:SHOWN], compared.reasons[:SHOWN]))

    def groups(self, outcome: str) -> list[Way]:
        """The groups of one outcome, the largest first."""
        return sorted((way for way in self.ways.values() if way.outcome == outcome), key=lambda way: (-way.count, way.partner, way.fields))

    def sentence(self) -> str:
        """`412 messages: 397 the same, 12 differ only in tax.category, 3 now fail`."""
        said = []
        if self.counts[SAME]:
            said.append(f"{self.counts[SAME]:,} the same")
        by_fields: Counter[tuple[str, ...]] = Counter()
        for way in self.groups(DIFFERS):
            by_fields[way.fields] += way.count
        for fields, count in by_fields.most_common(3):
            names = ", ".join(fields[:4]) + (" and more" if len(fields) > 4 else "")
            said.append(f"{count:,} {'differs' if count == 1 else 'differ'} only in {names}")
        if rest := sum(count for _, count in by_fields.most_common()[3:]):
            said.append(f"{rest:,} differ in other ways")
        said += [f"{self.counts[kind]:,} now {words[self.counts[kind] != 1]}" for kind, words in
                 ((FAILS, ("fails", "fail")), (PASSES, ("passes", "pass"))) if self.counts[kind]]
        return f"{self.messages:,} {'message' if self.messages == 1 else 'messages'}: {', '.join(said)}"


def compare(old: CompiledMap, new: CompiledMap, interchange: Interchange, messages: tuple[AnyMessage | None, AnyMessage | None],
            partner: Partner | None, catalog: pipeline.Configuration) -> Compared:
    """One message read by both maps, as it is agreed with the partner. `messages` are the one message as each map is given
    it: the same, unless each map's own layout cuts the file (CSV); None where a layout finds no such message."""
    outcomes = [None if message is None else pipeline.translate(interchange, message, [], partner, compiled, catalog)
                for message, compiled in zip(messages, (old, new), strict=True)]
    before, after = outcomes
    bad = [one is None or one.verdict is Verdict.REJECTED for one in outcomes]
    if bad == [False, True]:
        return Compared(FAILS, reasons=_reasons(after, partner))
    if bad == [True, False]:
        return Compared(PASSES, reasons=_reasons(before, partner))
    changes = tuple(_changes(before, after))
    return Compared(DIFFERS if changes else SAME, changes)


def _reasons(outcome: Any, partner: Partner | None) -> tuple[str, ...]:
    """What rejects a message: `required_missing: sentence`."""
    if outcome is None:
        return ("no_message: the layout of the map finds no such message",)
    policies = partner.policies(outcome.message.type) if partner is not None else ()
    return tuple(dict.fromkeys(one.sentence() for one in outcome.findings
                               if action(one.kind, policies).startswith("reject")))


def _changes(before: Any, after: Any) -> Iterator[Change]:
    old = before.records if before is not None else []
    new = after.records if after is not None else []
    if to_json(old) != to_json(new):
        left, right = _texts(old), _texts(new)
        for path in dict.fromkeys((*left, *right)):
            if left.get(path) != right.get(path):
                yield Change(path, left.get(path), right.get(path))
    reported = [Counter((one.kind, one.position.path or one.position.tag or "") for one in outcome.findings) if outcome else Counter()
                for outcome in (before, after)]
    for kind, path in dict.fromkeys((*reported[0], *reported[1])):
        counts = [one[kind, path] for one in reported]
        if counts[0] != counts[1]:
            yield Change(f"finding {kind}", *(f"{count} × {path}" if count else None for count in counts))


def _texts(records: list[dict[str, Any]]) -> dict[str, str]:
    """path → text of every value; a decimal with the digits it has. The number of a record that is the only one is not said."""
    return {path: str(value) for path, value in leaves(records[0] if len(records) == 1 else records)}
