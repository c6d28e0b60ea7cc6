"""`edi-bridge rollout promote`, `pause`, `resume`, `retest`, `retire`: stages are moved; and what every command that moves them asks and tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.alone import finish
from edi_bridge.cli.exchange_act import actor, now, reason_option
from edi_bridge.cli.rollout_check import Desk, desk_of, direction_option, message_option, readings_of
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.onboarding.moving import Moving, Step
    from edi_bridge.partner import Agreement
    from edi_bridge.rollout.gate import Reading

F = TypeVar("F", bound=Callable[..., Any])
DONE, CLOSED = 0, 1


def lanes_asked(command: F) -> F:
    """PARTNER, --direction, --message: the documents that are meant."""
    return click.argument("partner")(direction_option(message_option(command)))


def act_asked(command: F) -> F:
    """--reason, and what every command of a home asks."""
    return reason_option(options.home_option(options.database_option(options.json_option(command))))


def moving_of(desk: Desk) -> Moving:
    """Who moves stages, in the name of who calls."""
    from edi_bridge.onboarding.moving import Moving

    return Moving(desk.settings.home, desk.database, actor(), now, desk.settings.activate)


def lanes_meant(desk: Desk, direction: str | None, message: str, stages: Sequence[str] = ()) -> list[Agreement]:
    """The agreements that are meant, of those stages alone where some are named. ConfigFault where none is."""
    from edi_bridge.onboarding.facts import lanes_of

    found = list(lanes_of(desk.partner, direction or "", message))
    made = [one for one in found if not stages or one.stage in stages]
    if not made:
        here = ", ".join(f"{one.direction} {one.message} is in {one.stage}" for one in found)
        raise ConfigFault.at("", 0, 0, f"nothing of {desk.partner.name} is in the stage {' or '.join(stages)}: {here}")
    return made


def tell(steps: Sequence[Step], version: str, as_json: bool, **more: Any) -> None:
    """What was moved, and by which version it is in force; `more` stands in the JSON alone."""
    if as_json:
        options.print_json({"version": version, **more, "moves": [
            {"partner": one.partner, "direction": one.agreement.direction, "message": one.agreement.message, "test": one.agreement.test,
             "from": one.agreement.stage, "to": one.to} for one in steps]})
        return
    for one in steps:
        print(f"{one.name}: {one.agreement.stage} → {one.to}")
    show.note(f"in force as version {version}")


@click.command()
@lanes_asked
@click.option("--to", "target", metavar="STAGE", default="", help="To this stage (default: the one that follows).")
@click.option("--documents", metavar="N", type=click.IntRange(0), default=None, help="Of a pilot: at most so many documents in all.")
@click.option("--daily", metavar="N", type=click.IntRange(0), default=None, help="Of a pilot: at most so many a day.")
@click.option("--approve", metavar="N", type=click.IntRange(0), default=None, help="Of a pilot: a person approves the first so many.")
@click.option("--override", is_flag=True, help="Though gates are closed, and over stages between: for an administrator (settings.yaml), and logged.")
@act_asked
def promote(partner: str, direction: str | None, message: str, target: str, documents: int | None, daily: int | None, approve: int | None,
            override: bool, reason: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Put a partner's documents into the next stage, when every gate before it passes: all of them, or those that are named.

    \b
    Examples:
      edi-bridge rollout promote acme --reason "certified on 20 November"
      edi-bridge rollout promote acme --message ORDERS --to pilot --documents 200 --daily 50 --approve 5 --reason "gates passed"

    Exit codes: 0 promoted, 1 a gate is closed, 2 wrong use or configuration, 3 try again later.
    """
    from edi_bridge.onboarding.moving import steps_to
    from edi_bridge.partner import Limits

    with desk_of(partner, home, database) as desk:
        lanes = [one for one in lanes_meant(desk, direction, message) if one.stage != target]
        if not target:
            lanes = [one for one in lanes if one.stage not in ("live", "retired", "paused")] or lanes
        said = None if documents is None and daily is None and approve is None else Limits(documents or 0, daily or 0, approve or 0)
        steps = steps_to(desk.partner, lanes, target, said)
        if not steps:
            raise ConfigFault.at("", 0, 0, f"everything of {partner} that is meant is in the stage {target} already")
        closed = _closed(desk, steps)
        if closed and not override:
            return _refused(closed, as_json)
        administrators = desk.settings.administrators
        if closed and administrators and actor() not in administrators:
            raise ConfigFault.at("", 0, 0, f"a closed gate is overridden by an administrator alone ({', '.join(administrators)}), and you are {actor()}")
        names = sorted({reading.name for _, readings in closed for reading in readings})
        act = f"promote (override: {', '.join(names)})" if names else "promote"
        version = moving_of(desk).move(act, partner, steps, reason, {"override": names} if names else None, skip=override)
        waiting = _kept(desk, [step.agreement for step in steps]) if any(step.to == "live" for step in steps) else 0
    tell(steps, version, as_json, override=names, kept=waiting)
    if waiting and not as_json:
        show.note(f"{show.number(waiting, 'document')} of the pilot wait: edi-bridge rollout accept {partner} (or discard)")
    return DONE


def _closed(desk: Desk, steps: Sequence[Step]) -> list[tuple[Step, list[Reading]]]:
    """The steps before which gates are closed, each with their readings. A way back asks no gate."""
    from edi_bridge.rollout.gate import way
    from edi_bridge.rollout.stage import FORWARD

    made = []
    for step in steps:
        if step.to in FORWARD and way(step.agreement.stage, step.to):
            _, readings = readings_of(desk, step.agreement, step.to)
            if shut := [one for one in readings if one.open]:
                made.append((step, shut))
    return made


def _refused(closed: Sequence[tuple[Step, list[Reading]]], as_json: bool) -> int:
    if as_json:
        options.print_json({"moves": [], "closed": [{"partner": step.partner, "direction": step.agreement.direction, "message": step.agreement.message,
                                                     "to": step.to, "gates": [asdict(one) for one in readings]} for step, readings in closed]})
        return CLOSED
    for step, readings in closed:
        show.heading(f"{step.name} stays in {step.agreement.stage}: {show.number(len(readings), 'gate')} before {step.to} closed")
        show.table(("gate", "figure", "limit", "~what is missing"), [(one.name, one.figure, one.limit, one.missing) for one in readings], indent=2)
    show.note("nothing was moved; edi-bridge rollout check shows where each figure is from")
    return CLOSED


def _kept(desk: Desk, lanes: Sequence[Agreement]) -> int:
    from edi_bridge.onboarding.accepting import kept

    with desk.database.read() as connection:
        return len(kept(connection, desk.partner.name, lanes))


@click.command()
@lanes_asked
@act_asked
def resume(partner: str, direction: str | None, message: str, reason: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Go on in the stage before the pause: what came meanwhile is posted, and what waits in the outbox is sent, in their order.

    \b
    Example:
      edi-bridge rollout resume acme --reason "their new prices are in"

    Exit codes: 0 everything goes on, 1 something of it needs a person, 2 wrong use, 3 try again later.
    """
    from edi_bridge.engine.resuming import go_on
    from edi_bridge.onboarding.facts import lanes_of
    from edi_bridge.onboarding.moving import Step

    with desk_of(partner, home, database) as desk:
        paused = [one for one in lanes_of(desk.partner, direction or "", message) if one.stage == "paused"]
        steps = [Step(partner, one, one.former or "live") for one in paused]
        version = moving_of(desk).move("resume", partner, steps, reason) if steps else ""
        now_ = options.catalog_of(desk.settings.home, check_receiver=True, database=database)
        looked = go_on(desk.database, desk.archive, now_, now, partner)  # also what a resumption that was cut short left
        if not steps and not looked:
            lanes_meant(desk, direction, message, ["paused"])
        finish(desk.settings, desk.database)
    held = [(exchange, why) for exchange, why in looked if why]
    tell(steps, version, as_json, opened=[exchange for exchange, why in looked if not why], held=[list(one) for one in held])
    if not as_json:
        show.note(f"{show.number(len(looked) - len(held), 'exchange')} that waited {'goes' if len(looked) - len(held) == 1 else 'go'} on")
        for exchange, why in held:
            show.note(f"exchange {exchange} waits for a person: {why}")
    return CLOSED if held else DONE


# --- to one stage, without gates --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Act:
    """A command that moves documents to the stage `to`; `from_`: from these stages alone (none named: from all that it may follow)."""

    name: str
    to: str
    summary: str
    example: str
    from_: tuple[str, ...] = ()


ACTS = (
    Act("pause", "paused", "Stop: what comes is received and kept, nothing is posted, nothing is sent. `resume` goes on where it stopped.",
        'edi-bridge rollout pause acme --reason "prices are wrong since this morning"'),
    Act("retest", "retest", "Certify again beside live traffic: production goes on, tests are taken and sent as well.",
        'edi-bridge rollout retest acme --message ORDERS --reason "their new system comes in March"', ("live",)),
    Act("retire", "retired", "End it: what still comes is quarantined, nothing is sent.", 'edi-bridge rollout retire acme --reason "bought by nord"'),
)


def _command(act: Act) -> click.Command:
    @click.command(act.name, help=f"{act.summary}\n\n\b\nExample:\n  {act.example}")
    @lanes_asked
    @act_asked
    def command(partner: str, direction: str | None, message: str, reason: str, home: str | None, database: str | None, as_json: bool) -> int:
        from edi_bridge.onboarding.moving import steps_to
        from edi_bridge.rollout.stage import TABLE

        before = act.from_ or [name for name, stage in TABLE.items() if act.to in stage.next]
        with desk_of(partner, home, database) as desk:
            steps = steps_to(desk.partner, lanes_meant(desk, direction, message, before), act.to)
            version = moving_of(desk).move(act.name, partner, steps, reason)
        tell(steps, version, as_json)
        return DONE

    return command


pause, retest, retire = map(_command, ACTS)
