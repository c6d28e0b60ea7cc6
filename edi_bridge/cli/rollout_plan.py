"""`edi-bridge rollout plan`, `status`, `next`, `assign`: where the ten steps stand, what can be done now, and who does it until when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import actor, now
from edi_bridge.cli.rollout_home import day_of, home_of, programme_option, step_of, whose

if TYPE_CHECKING:
    from edi_bridge.onboarding.standing import Home
    from edi_bridge.partner import Agreement
    from edi_bridge.rollout.steps import Standing, Step

DONE, OPEN = 0, 1


@click.command("plan")
@click.argument("partner", required=False)
@options.home_option
@options.database_option
@options.json_option
def plan(partner: str | None, home: str | None, database: str | None, as_json: bool) -> int:
    """The ten steps of a partner (none named: of the programme): what each asks, who does it until when, and every figure of it.

    \b
    Examples:
      edi-bridge rollout plan acme
      edi-bridge rollout plan

    Exit codes: 0 every step is done or waived, 1 something is open, 2 wrong use or configuration.
    """
    with home_of(home, database) as place:
        standing = _standing(place, partner)
    if as_json:
        options.print_json([_object(one) for one in standing])
    else:
        for one in standing:
            _tell(one)
    return DONE if all(one.over for one in standing) else OPEN


def _standing(place: Home, partner: str | None) -> list[Standing]:
    from edi_bridge.onboarding import standing

    if partner:
        return standing.of_partner(place, place.catalog.partner_named(partner))
    return standing.of_programme(place, {one.name: standing.of_partner(place, one) for one in standing.in_rollout(place)})


def _tell(one: Standing) -> None:
    who = " · ".join(part for part in (one.said.owner, f"due {one.said.due}{', LATE' if one.late else ''}" if one.said.due else "", one.said.note) if part)
    state = one.state + (f" by {', '.join(one.blocked_by)}" if one.blocked_by else "") + (f" ({one.waived})" if one.waived else "")
    show.heading(f"{one.step.number}  {one.step.title}: {state}{f'  [{who}]' if who else ''}")
    print(f"   {one.step.asks}")
    show.table(("", "", "figure", "limit", "~what is missing"),
               [(each.title, "ok" if each.passed else "waived" if each.waived else "open",
                 each.figure + (" (stated)" if each.stated and each.passed else ""), each.limit, each.waived or each.missing) for each in one.readings],
               indent=3, colour=lambda row, index: {"ok": "green", "open": "red"}.get(row[1], "yellow") if index == 1 else "")


def _object(one: Standing) -> dict[str, Any]:
    return {"step": one.step.number, "name": one.step.name, "state": one.state, "owner": one.said.owner, "due": one.said.due, "late": one.late,
            "note": one.said.note, "blocked_by": list(one.blocked_by), "waived": one.waived,
            "readings": [{**asdict(each), "open": each.open} for each in one.readings]}


@click.command("status")
@click.argument("partner", required=False)
@options.home_option
@options.database_option
@options.json_option
def status(partner: str | None, home: str | None, database: str | None, as_json: bool) -> int:
    """Where everything stands: a line for each partner of the home (or the one named) with its ten steps and its stages.

    \b
    Example:
      edi-bridge rollout status

    Exit codes: 0 every step of everybody is done or waived, 1 something is open, 2 wrong use or configuration.
    """
    from edi_bridge.onboarding import standing as standings

    with home_of(home, database) as place:
        chosen = [place.catalog.partner_named(partner)] if partner else standings.in_rollout(place)
        found = {one.name: standings.of_partner(place, one) for one in chosen}
        programme = [] if partner else standings.of_programme(place, found)
        stages = {one.name: stages_of(one.agreements) for one in chosen}
    rows = [*([("(programme)", programme)] if programme else []), *found.items()]
    if as_json:
        options.print_json([{"partner": name, "stages": stages.get(name, ""), "steps": [_object(one) for one in listed]} for name, listed in rows])
    else:
        _matrix(rows, stages)
    return DONE if all(one.over for _, listed in rows for one in listed) else OPEN


SIGNS = {"done": "✓", "waived": "w", "started": "…", "open": "·", "blocked": "–"}


def _matrix(rows: list[tuple[str, list[Standing]]], stages: dict[str, str]) -> None:
    from edi_bridge.rollout.steps import STEPS

    lines = []
    for name, listed in rows:
        by_number = {one.step.number: one for one in listed}
        signs = [SIGNS[by_number[step.number].state] + ("!" if by_number[step.number].late else "") if step.number in by_number else "" for step in STEPS]
        first = next((one for one in listed if not one.over), None)
        lines.append((name, *signs, stages.get(name, ""), f"{first.step.name}: {first.missing[0].missing}" if first and first.missing else ""))
    show.table(("partner", *(str(step.number) for step in STEPS), "stages", "~what is next"), lines)
    show.note("  ".join(f"{sign} {state}" for state, sign in SIGNS.items()) + "  ! late     " + "  ".join(f"{step.number} {step.name}" for step in STEPS))


def stages_of(agreements: Iterable[Agreement]) -> str:
    """`live`, or `2 live, 1 pilot`: the stages of a partner's documents."""
    counts = Counter(one.stage for one in agreements if not one.test)
    return ", ".join(f"{count} {stage}" if len(counts) > 1 else stage for stage, count in counts.items())


@click.command("next")
@click.argument("partner", required=False)
@options.home_option
@options.database_option
@options.json_option
def next_(partner: str | None, home: str | None, database: str | None, as_json: bool) -> int:
    """What can be done now, for a partner or for everybody: the steps that nothing blocks, what they miss, and the command for it.

    \b
    Example:
      edi-bridge rollout next acme
    """
    from edi_bridge.onboarding import standing as standings
    from edi_bridge.rollout.steps import next_of

    with home_of(home, database) as place:
        chosen = [place.catalog.partner_named(partner)] if partner else standings.in_rollout(place)
        found = [(one.name, each) for one in chosen for each in next_of(standings.of_partner(place, one))]
    if as_json:
        options.print_json([{"partner": name, **_object(one)} for name, one in found])
        return DONE
    show.table(("partner", "step", "who", "due", "~what is missing", "~how"),
               [(name, one.step.name, one.said.owner, one.said.due + (" LATE" if one.late else ""), each.missing, each.evidence)
                for name, one in found for each in one.missing])
    if not found:
        show.note("nothing is left to do")
    return DONE


@click.command("assign")
@click.argument("partner", required=False)
@programme_option
@click.option("--step", metavar="STEP", required=True, callback=step_of, help="1 to 10, or its name.")
@click.option("--owner", metavar="NAME", help="Who does it.")
@click.option("--due", metavar="DAY", default=None, callback=day_of, help="Until when: 2026-11-30.")
@click.option("--note", metavar="TEXT", help="A note.")
@options.home_option
@options.database_option
def assign(partner: str | None, programme: bool, step: Step, owner: str | None, due: str | None, note: str | None, home: str | None,
           database: str | None) -> int:
    """Say who does a step, until when, and a note. What is not said stays as it is.

    \b
    Example:
      edi-bridge rollout assign acme --step mapping --owner Ann --due 2026-12-01
    """
    from edi_bridge.rollout.steps import Said
    from edi_bridge.store import audit, rollout

    with home_of(home, database) as place, place.database.write() as connection:
        name = whose(partner, programme, place)
        before = rollout.words_of(connection, name).get(step.name, Said())
        said = Said(before.owner if owner is None else owner, due or before.due, before.note if note is None else note)
        rollout.say(connection, name, step.name, said, now())
        audit.write(connection, now(), actor(), "assign", f"partner {name}" if name else "programme", "", {"step": step.name, **asdict(said)})
    show.note(f"{step.title}: {said.owner or 'nobody'}{f', due {said.due}' if said.due else ''}")
    return DONE
