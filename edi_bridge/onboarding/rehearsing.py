"""Scenarios played with an agreement before anything real is: made as the partner would send them, through the real engine into the
staging lane, and judged by what the scenario says must come out.

    scenario ─► generated ─► (mutated) ─► read by the agreed map = the record?  ─► read by the standard's own map = the same?
                                       ─► engine: strict, staging lane ─► state, findings, rows of the CRM
                                       ─► answers that would go out ─► their verdict

The engine is told that the agreement is being certified and sends nothing. A map that writes and reads the same mistake is found by the
second reading: with the map that is shipped for the message, by whoever made the partner's. What a partner means otherwise than that is
said by name (`Habits.otherwise`).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from edi_bridge import answering, pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.clock import written
from edi_bridge.crm.identity import own_identities
from edi_bridge.database import Database
from edi_bridge.engine import Engine, Incoming, MessageReport, ReceiptSummary
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Verdict
from edi_bridge.interchange import Interchange
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.lookup import Row
from edi_bridge.onboarding import acknowledging, staged
from edi_bridge.onboarding.comparing_legacy import map_of
from edi_bridge.onboarding.generating import Generated, Lane, context, generated, looked_up
from edi_bridge.onboarding.mutating import TWICE, mutated
from edi_bridge.partner import Agreement, Partner
from edi_bridge.record import differences, from_json, leaves, to_json, unnumbered
from edi_bridge.rollout import scenario as scenarios
from edi_bridge.rollout import scenario_file
from edi_bridge.rollout.comparison import Shape, compare
from edi_bridge.rollout.scenario import Expectation, Habits, Record, Scenario, Step
from edi_bridge.store.archive import Archive

CHANNEL = "rehearsal"  # by which its interchanges come, in the ledger
PLAYABLE = "certifying"
SHOWN = 8  # differences that one scenario tells


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario played. `troubles` say exactly what differs from what must come out; `left_out` what the map does not carry; `content` is
    what was (last) played."""

    scenario: Scenario
    troubles: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    content: bytes = b""

    @property
    def passed(self) -> bool:
        """Whether everything is as it must be."""
        return not self.troubles


class RehearsalCatalog(Catalog):
    """The catalogue with one partner in certification: its agreements take tests, and what goes out to it can be read as if it came.
    Messages that we wrote are found by the partner who gets them."""

    def __init__(self, home: Path | None, rehearsed: str, *, stored: Callable[[str, str], Sequence[Row]] | None = None):
        super().__init__(home, stored=stored)
        self.rehearsed = rehearsed

    @cached_property
    def partners(self) -> list[Partner]:
        """Every partner; the one that is rehearsed as it is rehearsed."""
        plain = Catalog(self.roots[0] if len(self.roots) > 1 else None)
        return [_certified(one) if one.name == self.rehearsed else one for one in plain.partners]

    def partner_of(self, interchange: Interchange) -> Partner | None:
        """Who sent it, or, of what we wrote, who gets it."""
        from edi_bridge.partner import find

        found = super().partner_of(interchange)
        if found is None and any(one.fits(interchange.sender, interchange.standard) for one in self.own.identities):
            return find(self.partners, interchange.receiver, interchange.standard)
        return found


@cache
def as_shipped() -> Catalog:
    """What came with the package, without any home: the second reader."""
    return Catalog(None)


def _certified(partner: Partner) -> Partner:
    """Its agreements in certification, one of a kind; beside them the same the other way round where nothing is agreed for that."""
    chosen: dict[tuple[str, str], Agreement] = {}
    for one in sorted(partner.agreements, key=lambda one: not one.test):  # those for tests rule tests
        chosen.setdefault((one.message, one.direction), replace(one, stage=one.stage if one.stage in scenarios.STAGES else PLAYABLE, test=False))
    for message, direction in list(chosen):
        if direction == "out":
            chosen.setdefault((message, "in"), replace(chosen[message, direction], direction="in"))
    return replace(partner, agreements=tuple(chosen.values()))


@dataclass
class Rehearsal:
    """Plays scenarios of one partner. `database` and `archive` are where they are played (a home's, in its staging lane, or some of
    its own); `run` numbers the run and with it documents and interchanges."""

    database: Database
    archive: Archive
    catalog: RehearsalCatalog
    clock: Callable[[], datetime]
    run: int
    versions: Mapping[str, str] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        self.partner = self.catalog.partner_named(self.catalog.rehearsed)
        self.habits: Habits = scenario_file.habits(self.catalog.habits(self.partner.name))
        self.scenarios = {name: scenario_file.load(block) for name, block in self.catalog.scenarios().items()}
        self.shipped = as_shipped()
        self.engine = Engine(self.database, self.archive, self.catalog, own=own_identities(self.catalog.own.parties), versions=self.versions,
                             clock=self.clock, strict=True)

    @cached_property
    def _empty(self) -> bytes:
        """A database with all tables and nothing in them."""
        return acknowledging.empty()

    def lane(self, agreement: Agreement) -> Lane:
        """What is rehearsed for an agreement."""
        return Lane(self.partner, agreement, map_of(self.catalog, self.partner, agreement))

    def fitting(self, lane: Lane) -> Iterator[tuple[Scenario, str]]:
        """Every scenario, with why it is not for the agreement ('' : it is)."""
        fit = lane.fit()
        for name, one in self.scenarios.items():
            reason = self.habits.without.get(name, "")
            why = scenarios.why_not(one, fit)
            yield one, f"without it, as agreed: {reason}" if reason else f"it is for {why}" if why else self._alone(one, lane)

    def _alone(self, one: Scenario, lane: Lane) -> str:
        """Why a scenario of several messages cannot be played: a chain of different records needs two of them, any other all."""
        carried = [self._lane_of(step, lane) is not None for step in one.steps]
        if all(carried) or (len({step.record for step in one.steps}) > 1 and sum(carried) > 1):
            return ""
        lacking = ", ".join(step.name for step, there in zip(one.steps, carried, strict=True) if not there)
        return f"it is for partners with whom more is agreed: {lacking}"

    # --- one scenario ---------------------------------------------------------------------------------------------------

    def play(self, one: Scenario, lane: Lane, given: Mapping[str, tuple[bytes, Record | None]] | None = None) -> Result:
        """Play a scenario of an agreement. `given`: what the partner sent in, by the scenario's name, with the record that it was asked
        to send, instead of what we would make."""
        self._count += 1
        number = document_number(self.run, self._count)
        if given is not None:
            return self._given(one, lane, given)
        troubles: list[str] = []
        steps: list[str] = []
        made, left = Generated(b"", []), set[str]()
        before: set[str] = set()  # kinds of documents that were played
        for count, step in enumerate(one.steps, 1):
            of = self._lane_of(step, lane)
            if of is None:
                steps.append(f"{step.name}: not agreed")
                continue
            made = self._made(one, step, of, number, count)
            tied = replace(step, expect=replace(step.expect, tied=tuple(kind for kind in step.expect.tied if kind in before)))
            before.add(of.map.record)
            left |= set(made.left_out) if of is lane else set()
            found = list(made.troubles) or list(self._step(one, tied, of, made, number))
            steps.append(f"{step.name or of.map.record}: {'failed' if found else 'passed'}")
            troubles += [f"{step.name}: {text}" if len(one.steps) > 1 else text for text in found]
            if found:
                break
        return Result(one, tuple(troubles), tuple(sorted(left)), tuple(steps), made.content)

    def made(self, one: Scenario, lane: Lane) -> Generated:
        """The message of a scenario with the fault that it plants, as it is handed to the partner; of several the last that the agreement
        itself carries."""
        self._count += 1
        step = next(step for step in reversed(one.steps) if self._lane_of(step, lane) is lane)
        return self._made(one, step, lane, document_number(self.run, self._count), 1)

    def _lane_of(self, step: Step, lane: Lane) -> Lane | None:
        """Which agreement carries a step: that of the scenario where it can, else the partner's for such records."""
        name = lane.map.spec.message.rpartition("/")[2]
        if (not step.record or step.record == lane.map.record) and scenarios.carried_by(step, name):
            return lane
        for agreement in self.partner.agreements:
            try:
                other = self.lane(agreement)
            except ConfigFault:
                continue
            theirs = other.map.spec.message.rpartition("/")[2]
            if other.map.record == step.record and scenarios.carried_by(step, theirs) and _original(self, agreement) and other.standard == lane.standard:
                return other
        return None

    def _templates(self, one: Step, lane: Lane) -> tuple[Mapping[str, Any], ...]:
        """Those of the step, or of the scenario that it is like: the least of its record that the message can carry."""
        if one.values:
            return one.values
        name = lane.map.spec.message.rpartition("/")[2]
        likes = [other.last for other in self.scenarios.values() if not other.negative and not other.answer and other.last.record == lane.map.record
                 and other.last.values and scenarios.carried_by(other.last, name)]
        best = min(likes, key=lambda step: (len(step.values), len(str(step.values))), default=None)
        chosen = next((other.last for other in self.scenarios.values() if other.name == f"{lane.map.record}-{one.like}" and other.last in likes), best)
        return chosen.values if chosen is not None else ()

    def _made(self, one: Scenario, step: Step, lane: Lane, number: str, count: int) -> Generated:
        templates = self._templates(step, lane)
        if not templates:
            return Generated(b"", [], troubles=(f"no scenario says what the least of a {lane.map.record} is in {lane.agreement.message}",))
        moment = self.clock()
        words = context(lane, self.catalog.own, self.habits, number, moment.date().isoformat())
        control = str(self.run % 90_000 * 10_000 + self._count * 10 + count)
        made = generated(self.catalog, lane, templates, words, self.habits, control, moment.strftime("%Y-%m-%dT%H:%M"), one.must)
        content = made.content
        try:
            for mutation in step.mutate if content else ():
                content = mutated(content, replace(mutation, field=mutation.field.replace("{lookup}", _looked_up(lane.map))), lane.map)
        except (ValueError, StopIteration) as error:
            return replace(made, troubles=(f"the fault cannot be made in it: {error}",))
        return replace(made, content=content, good=made.content)

    def _step(self, one: Scenario, step: Step, lane: Lane, made: Generated, number: str) -> Iterator[str]:
        """What is not as it must be, of one step."""
        if one.answer:
            yield from acknowledging.played(self, one, lane, made, self._empty)
            return
        if not step.mutate:
            yield from self.read_troubles(lane, made.content, made.records)
        twice = any(mutation.do in TWICE for mutation in step.mutate)
        words = context(lane, self.catalog.own, self.habits, number, self.clock().date().isoformat())
        yield from self.judged(lane, step.expect, made.content, words, before=made.good if twice else b"")

    # --- what is read -----------------------------------------------------------------------------------------------------

    def read_troubles(self, lane: Lane, content: bytes, expected: Sequence[Record]) -> Iterator[str]:
        """What the agreed map reads otherwise than it stands in the records, and what the standard's own map does."""
        outcomes = [one for one in pipeline.inbound(content, self.catalog, partner=self._told(lane), map=self._sheet(lane)) if one.message is not None]
        got = [record for one in outcomes for record in one.records]
        if len(got) != len(expected):
            findings = "; ".join(dict.fromkeys(found.sentence() for one in outcomes for found in one.findings))
            yield f"{len(expected)} record{'s' if len(expected) != 1 else ''} expected, {len(got)} read" + (f": {findings}" if findings else "")
            return
        for mine, theirs in zip(got, expected, strict=True):
            yield from _differing(mine, theirs, lane.map.record, lane.map.name)
        yield from self._second_reading(lane, outcomes, expected)

    def _second_reading(self, lane: Lane, outcomes: Sequence[Any], expected: Sequence[Record]) -> Iterator[str]:
        """What the shipped map of the message reads otherwise, but for what the partner means otherwise."""
        name = self.shipped.plain_map(lane.map.spec.message)
        if not name or lane.standard not in ("edifact", "x12", "xml"):
            return
        reference = self.shipped.map_named(name)
        carries = frozenset(reference.carries()) - frozenset(looked_up(lane.map))
        got = [record for one in outcomes for record in reference.read(one.message)[0]]
        if len(got) != len(expected):
            return  # a map that splits messages otherwise
        for mine, theirs in zip(got, expected, strict=True):
            for text in _differing(mine, scenarios.pruned(theirs, carries), lane.map.record, f"the standard's own map {name}", self.habits.otherwise):
                yield f"{text}; if they mean it so, say otherwise: in rollout/scenarios/{self.partner.name}.yaml"

    def _told(self, lane: Lane) -> str | None:
        """The partner by name, where no envelope says it."""
        return self.partner.name if lane.standard in ("csv", "fixed") else None

    def _sheet(self, lane: Lane) -> str | None:
        return lane.map.name if lane.standard in ("csv", "fixed") else None

    # --- what becomes of it ------------------------------------------------------------------------------------------------

    def judged(self, lane: Lane, expect: Expectation, content: bytes, words: scenarios.Context | None, before: bytes = b"") -> Iterator[str]:
        """What became of an interchange in the engine, held against what must. `before` is played first."""
        if before:
            self._post(lane, before)
        summary, reports = self._post(lane, content)
        became = staged.became(self.database, summary, reports)
        self._tidy(became)
        hint = "" if self.catalog.own.parties else ": parties: of partners/_own.yaml must say how documents name us"
        yield from staged.troubles(became, expect, lambda text: scenarios.filled(text, words) if words is not None else text, hint)
        if words is not None:
            yield from self._fields(lane, expect, content, words)
        yield from self._answer(lane, expect, content)

    def _fields(self, lane: Lane, expect: Expectation, content: bytes, words: scenarios.Context) -> Iterator[str]:
        if not expect.fields:
            return
        outcomes = pipeline.inbound(content, self.catalog, partner=self._told(lane), map=self._sheet(lane))
        records = [record for one in outcomes for record in one.records]
        got = dict(leaves(records[0])) if records else {}
        carries = lane.map.carries()
        for path, value in expect.fields.items():
            wanted = str(scenarios.filled(value, words))
            if unnumbered(path) in carries and str(got.get(path, "")) != wanted:
                yield f"{path}: expected {wanted}, read {got.get(path, 'nothing')}"

    def _post(self, lane: Lane, content: bytes) -> tuple[ReceiptSummary, list[MessageReport]]:
        blob = self.archive.put(io.BytesIO(content))
        reports: list[MessageReport] = []
        flagged = lane.standard in ("edifact", "x12", "xml")
        taken = self.engine.receive([Incoming(blob, f"run {self.run} of {self.partner.name}", CHANNEL, "" if flagged else self.partner.name,
                                              self._sheet(lane) or "", test=None if lane.standard in ("edifact", "x12") else True)])
        summary = [one for one in self.engine.process(taken, reports.append) if one is not None][-1]
        return summary, reports

    def _tidy(self, became: staged.Became) -> None:
        """Nobody has to decide about what we planted: it is discarded, and rings nowhere."""
        staged.discard(self.database, became, f"run {self.run} of scenarios with {self.partner.name}", written(self.clock()))

    def _answer(self, lane: Lane, expect: Expectation, content: bytes) -> Iterator[str]:
        """The acknowledgement that would go out."""
        wanted = expect.answer or {scenarios.REJECTED: "rejected", scenarios.REFUSED: "rejected", scenarios.POSTED: "accepted"}.get(expect.state, "none")
        if lane.agreement.direction == "out" or lane.standard not in ("edifact", "x12") or wanted == "none":
            return
        outcomes = pipeline.inbound(content, self.catalog)
        numbers = iter(range(1, 1_000_000))
        made = list(answering.answers(outcomes, self.catalog, draw=lambda kind: next(numbers), prepared=self.clock().strftime("%Y-%m-%dT%H:%M")))
        if not made or (not made[0].answers and not made[0].told):
            return  # none is agreed, or none for what became of it
        said = "rejected" if any(one.verdict is Verdict.REJECTED for one in made[0].answers) or made[0].told else "accepted"
        if said != wanted:
            words = "; ".join([*(one.words for one in made[0].answers), *made[0].told])
            yield f"the acknowledgement must say {wanted}, and it says {said}: {words}"

    # --- what the partner sent in -------------------------------------------------------------------------------------------

    def _given(self, one: Scenario, lane: Lane, given: Mapping[str, tuple[bytes, Record | None]]) -> Result:
        if one.name not in given:
            return Result(one, ("the partner has sent nothing for it",))
        content, asked = given[one.name]
        troubles: list[str] = []
        if not one.negative:
            expected = [asked] if asked is not None else [
                fixed_part(template, lane.map.record, lane.map.carries()) for template in self._templates(one.last, lane)]
            troubles += self.read_troubles(lane, content, expected)
        expect = one.last.expect
        rows = {table: count for table, count in expect.crm.items() if "." not in table}  # values are the partner's own
        troubles += self.judged(lane, replace(expect, fields={}, crm=rows), content, None)
        return Result(one, tuple(troubles), (), (), content)


def document_number(run: int, count: int) -> str:
    """A number for documents that no other run has had for long: six characters, as some messages have room for eight only."""
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return "S" + "".join(signs[run // 36**power % 36] for power in (2, 1, 0)) + "".join(signs[count // 36**power % 36] for power in (1, 0))


def _original(rehearsal: Rehearsal, agreement: Agreement) -> bool:
    """Whether it stands in the partner's file (and is not one turned round)."""
    return agreement.direction == "out" or not any(
        other.message == agreement.message and other.direction == "out" and other.mark == agreement.mark for other in rehearsal.partner.agreements)


def fixed_part(template: Mapping[str, Any], record: str, carries: Any) -> Record:
    """What a template says by itself, without the words that are another each time."""
    def kept(value: Any) -> Any:
        match value:
            case dict():
                made = {key: kept(one) for key, one in value.items()}
                return {key: one for key, one in made.items() if one not in (None, [], {})}
            case list():
                return [kept(one["of"]) if isinstance(one, dict) and "repeat" in one else kept(one) for one in value]
            case str():
                return None if scenarios.TOKEN.search(value) else value
        return value
    made = from_json(to_json(kept(template)), record)
    return scenarios.pruned(made, frozenset(carries))  # type: ignore[no-any-return]


def _differing(got: Record, expected: Record, type: str, reader: str, otherwise: Mapping[str, str] | None = None) -> Iterator[str]:
    """`line 1 quantity: expected 12, order.acme reads nothing`, of what the expected record says; a field that differs in many lines is told
    once. Lists are held against each other by what their items are, or by their order, whichever finds less."""
    by_kind = [(one.field, one.item, one.theirs, one.ours) for one in compare(got, expected, Shape(type)) if one.theirs is not None]
    by_place = [(unnumbered(path), path, str(wanted), None if there is None else str(there)) for path, wanted, there in differences(expected, got)
                if wanted is not None]
    listed: dict[str, list[tuple[str, str, str | None, str | None]]] = {}
    for one in min(by_kind, by_place, key=len):
        if not any(one[0] == name or one[0].startswith(f"{name}.") for name in otherwise or ()):
            listed.setdefault(one[0], []).append(one)
    for name, some in list(listed.items())[:SHOWN]:
        _, item, wanted, there = some[0]
        more = f" (and {len(some) - 1} more)" if len(some) > 1 else ""
        place = item if "[" in item and item.startswith(name.split(".")[0]) else f"{item} {name.rpartition('.')[2]}".strip() if item else name
        yield f"{place}: expected {wanted}, {reader} reads {'nothing' if there is None else there}{more}"
    if len(listed) > SHOWN:
        yield f"{len(listed) - SHOWN} more fields are read otherwise"


def _looked_up(compiled: CompiledMap) -> str:
    """A field of lines whose key is exchanged, without `lines.`."""
    return next((name.removeprefix("lines.") for name in sorted(looked_up(compiled)) if name.startswith("lines.")), "gtin")

