"""The ten steps from the first thought of EDI to partners that are live: what each asks, what it waits for, and how it stands.

A step is done when every reading of it passes; what a person stated counts as stated. It is blocked while a step that it depends on is
neither done nor waived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edi_bridge.rollout.gate import Reading, Waiver

PROGRAMME = ""  # the partner's name that stands for the programme as a whole


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its number, short name, title, what it asks in a sentence, and the steps it depends on."""

    number: int
    name: str
    title: str
    asks: str
    after: tuple[str, ...] = ()
    programme: bool = True  # whether it is done for the programme as well as for each partner


STEPS = (
    Step(1, "organisation", "Organisation", "coordinators, contacts, approvers and escalation are named"),
    Step(2, "review", "Strategic review", "partners, documents, volumes and values are scored: where EDI pays first", ("organisation",)),
    Step(3, "analysis", "In-depth analysis", "cost and payback of each partner and document, and how sure they are", ("review",)),
    Step(4, "solution", "Business-focused solution", "documents, directions, formats, service and fall-back are agreed, in a text", ("analysis",)),
    Step(5, "network", "Network provider", "the way to the partner is chosen by price and proven by a ping", ("review",)),
    Step(6, "business", "Business integration", "who works on what comes, what the CRM is handed, alarms, calendar", ("solution",)),
    Step(7, "data", "Data integration", "identifiers and codes of both sides are matched; nothing is missing", ("solution",)),
    Step(8, "mapping", "Mapping", "maps without mistakes, proven on samples both ways; what they do not read was looked at", ("solution", "data"), False),
    Step(9, "pilot", "Pilot", "scenarios, shadow and near-live beside the old channel, until the gates say so", ("network", "business", "mapping"), False),
    Step(10, "rollout", "Roll-out", "live, wave by wave, by priority and readiness", ("pilot",)),
)
NAMES = tuple(one.name for one in STEPS)


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of a step: who does it, until when (ISO 8601), a note."""

    owner: str = ""
    due: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a step stands: open, blocked, started, done, waived. `blocked_by` are steps, `late` whether its day has passed."""

    step: Step
    state: str
    readings: tuple[Reading, ...]
    said: Said = Said()
    blocked_by: tuple[str, ...] = ()
    waived: str = ""
    late: bool = False

    @property
    def over(self) -> bool:
        """Whether what depends on it may go on."""
        return self.state in ("done", "waived")

    @property
    def missing(self) -> list[Reading]:
        """The readings that keep it from being done."""
        return [one for one in self.readings if one.open]

    @property
    def figure(self) -> str:
        """`3 of 5`: how much of it passes."""
        return f"{len(self.readings) - len(self.missing)} of {len(self.readings)}"


def step_named(text: str) -> Step | None:
    """A step by its number or name; None where there is none."""
    return next((one for one in STEPS if text in (one.name, str(one.number))), None)


def standings(readings: Mapping[str, Sequence[Reading]], said: Mapping[str, Said], waivers: Sequence[Waiver], today: str, *,
              partner: bool = True) -> list[Standing]:
    """Every step of a partner (or of the programme) in order. `readings` by step; a step without any is not asked for and is left out."""
    made: dict[str, Standing] = {}
    for step in STEPS:
        if not partner and not step.programme:
            continue
        mine = tuple(readings.get(step.name, ()))
        waiver = next((one for one in waivers if one.subject == step.name and one.until >= today), None)
        blocked = tuple(name for name in step.after if name in made and not made[name].over)
        missing = [one for one in mine if one.open]
        if mine and not missing and not blocked:
            state = "done"
        elif waiver is not None:
            state = "waived"
        elif blocked:
            state = "blocked"
        else:
            state = "started" if len(missing) < len(mine) else "open"
        words = said.get(step.name, Said())
        made[step.name] = Standing(step, state, mine, words, blocked, f"{waiver.owner} until {waiver.until}: {waiver.reason}" if waiver else "",
                                   bool(words.due) and words.due < today and state not in ("done", "waived"))
    return list(made.values())


def next_of(standing: Sequence[Standing]) -> list[Standing]:
    """What can be done now: steps that are neither over nor blocked; the late ones first."""
    return sorted((one for one in standing if one.state in ("open", "started")), key=lambda one: (not one.late, one.said.due or "9", one.step.number))


def as_markdown() -> str:
    """The steps as they stand in `docs/rollout.md`."""
    lines = ["| | step | asks | after |", "|---|---|---|---|"]
    lines += [f"| {one.number} | `{one.name}` {one.title} | {one.asks} | {', '.join(one.after) or '–'} |" for one in STEPS]
    return "\n".join(lines)
