"""`edi-bridge rollout promote`, `pause`, `resume`, `rollback`, `retest`, `retire`, `accept`, `discard`: stages are moved."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import actor, now, reason_option, runs
from edi_bridge.cli.rollout_check import Desk, desk_of, direction_option, message_option, readings_of
from edi_bridge.fault import ConfigFault
from edi_bridge.layout import delimiter_of

if TYPE_CHECKING:
    from edi_bridge.onboarding.accepting import Accepting, Kept
    from edi_bridge.onboarding.moving import Moving, Produced, Return, Step
    from edi_bridge.partner import Agreement
    from edi_bridge.rollout.gate import Reading

DONE, CLOSED = 0, 1
MANY = 10  # documents that are named


def _moving(desk: Desk) -> Moving:
    from edi_bridge.onboarding.moving import Moving

    return Moving(desk.settings.home, desk.database, actor(), now, desk.settings.activate)


def _lanes(desk: Desk, direction: str | None, message: str, stages: Sequence[str] = ()) -> list[Agreement]:
    """The agreements that are meant, of those stages alone where some are named. ConfigFault where none is."""
    from edi_bridge.onboarding.facts import lanes_of

    found = list(lanes_of(desk.partner, direction or "", message))
    made = [one for one in found if not stages or one.stage in stages]
    if not made:
        here = ", ".join(f"{one.direction} {one.message} is in {one.stage}" for one in found)
        raise ConfigFault.at("", 0, 0, f"nothing of {desk.partner.name} is in the stage {' or '.join(stages)}: {here}")
    return made


def _told(steps: Sequence[Step], version: str, as_json: bool, **more: Any) -> None:
    if as_json:
        options.print_json({"version": version, **more, "moves": [
            {"partner": one.partner, "direction": one.agreement.direction, "message": one.agreement.message, "test": one.agreement.test,
             "from": one.agreement.stage, "to": one.to} for one in steps]})
        return
    for one in steps:
        print(f"{one.name}: {one.agreement.stage} → {one.to}")
    show.note(f"in force as version {version}")


@click.command()
@click.argument("partner")
@direction_option
@message_option
@click.option("--to", "target", metavar="STAGE", default="", help="To this stage (default: the one that follows).")
@click.option("--documents", metavar="N", type=click.IntRange(0), default=None, help="Of a pilot: at most so many documents in all.")
@click.option("--daily", metavar="N", type=click.IntRange(0), default=None, help="Of a pilot: at most so many a day.")
@click.option("--approve", metavar="N", type=click.IntRange(0), default=None, help="Of a pilot: a person approves the first so many.")
@click.option("--override", is_flag=True, help="Though gates are closed, and over stages between: for an administrator (settings.yaml), and logged.")
@reason_option
@options.home_option
@options.database_option
@options.json_option
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
        lanes = [one for one in _lanes(desk, direction, message) if one.stage != target]
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
        version = _moving(desk).move(act, partner, steps, reason, {"override": names} if names else None, skip=override)
        waiting = _kept(desk, [step.agreement for step in steps]) if any(step.to == "live" for step in steps) else 0
    _told(steps, version, as_json, override=names, kept=waiting)
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
@click.argument("partner")
@direction_option
@message_option
@reason_option
@options.home_option
@options.database_option
@options.json_option
def pause(partner: str, direction: str | None, message: str, reason: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Stop: what comes is received and kept, nothing is posted, nothing is sent. `resume` goes on where it stopped.

    \b
    Example:
      edi-bridge rollout pause acme --reason "prices are wrong since this morning"
    """
    from edi_bridge.onboarding.moving import steps_to
    from edi_bridge.rollout.stage import TABLE

    with desk_of(partner, home, database) as desk:
        steps = steps_to(desk.partner, _lanes(desk, direction, message, [one for one, row in TABLE.items() if "paused" in row.next]), "paused")
        version = _moving(desk).move("pause", partner, steps, reason)
    _told(steps, version, as_json)
    return DONE


@click.command()
@click.argument("partner")
@direction_option
@message_option
@reason_option
@options.home_option
@options.database_option
@options.json_option
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
        version = _moving(desk).move("resume", partner, steps, reason) if steps else ""
        now_ = options.catalog_of(desk.settings.home, check_receiver=True, database=database)
        looked = go_on(desk.database, desk.archive, now_, now, partner)  # also what a resumption that was cut short left
        if not steps and not looked:
            _lanes(desk, direction, message, ["paused"])
        if not runs(desk.settings):
            _finish(desk)
    held = [(exchange, why) for exchange, why in looked if why]
    _told(steps, version, as_json, opened=[exchange for exchange, why in looked if not why], held=[list(one) for one in held])
    if not as_json:
        show.note(f"{show.number(len(looked) - len(held), 'exchange')} that waited {'goes' if len(looked) - len(held) == 1 else 'go'} on")
        for exchange, why in held:
            show.note(f"exchange {exchange} waits for a person: {why}")
    return CLOSED if held else DONE


def _finish(desk: Desk) -> None:
    """Where no daemon runs, what was opened is posted now."""
    from edi_bridge import clock
    from edi_bridge.daemon import HomeLock
    from edi_bridge.daemon.configuration import Loading

    with HomeLock(desk.settings.home, now()):
        Loading(desk.settings, desk.database, clock.from_environment(os.environ)).load().engine.resume()


@click.command()
@click.argument("partner")
@direction_option
@message_option
@click.option("--rehearse", is_flag=True, help="Only try whether it would work; the gate before live asks for it.")
@reason_option
@options.home_option
@options.database_option
@options.json_option
def rollback(partner: str, direction: str | None, message: str, rehearse: bool, reason: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Back to the stage before, with the partner's files as they were then: its own file and tables, and the maps that are its alone.
    With --direction or --message only that document's stage and map. Numbers and open acknowledgements go on.

    What the version that is left has made is listed: exchanges, documents in the CRM, what was sent.

    \b
    Examples:
      edi-bridge rollout rollback acme --rehearse --reason "before going live"
      edi-bridge rollout rollback acme --reason "quantities are in the wrong unit"
    """
    with desk_of(partner, home, database) as desk:
        lanes = _lanes(desk, direction, message)
        moving = _moving(desk)
        back = moving.way_back(desk.catalog, desk.partner, lanes, whole=not (direction or message))
        produced = moving.produced(partner, back.since)
        version = ""
        if rehearse:
            moving.rehearse(partner, back, reason)
        else:
            version = moving.roll_back(partner, back, reason)
    if as_json:
        _told(back.steps, version, True, rehearsed=rehearse, back_to=back.version, files=sorted(back.files), left=list(back.left), produced=asdict(produced))
        return DONE
    _back_told(back, produced, rehearse)
    show.note("it would work; nothing was done" if rehearse else f"in force as version {version}")
    return DONE


def _back_told(back: Return, produced: Produced, rehearse: bool) -> None:
    for one in back.steps:
        print(f"{one.name}: {one.agreement.stage} → {one.to}" if one.agreement.stage != one.to else f"{one.name}: stays in {one.to}")
    for name in sorted(back.files):
        print(f"{name}: as in version {back.version}" + ("" if back.files[name] is not None else ", which did not have it"))
    for name in back.left:
        show.note(f"{name} is another by now, and others use it too: it stays (edi-bridge catalog activate puts a whole version back)")
    show.heading(f"Made since {show.minute(back.since)} (UTC)")
    states = Counter(state for _, state in produced.exchanges)
    print(f"  exchanges   {len(produced.exchanges)}" + (f" ({', '.join(f'{count} {state}' for state, count in sorted(states.items()))}): "
                                                         f"{_some([str(id) for id, _ in produced.exchanges])}" if produced.exchanges else ""))
    lanes = {"": "", "pilot_": " (pilot)", "staging_": " (staging)"}
    print(f"  in the CRM  {len(produced.documents)}" + (f": {_some([f'{kind} {number}{lanes[lane]}' for kind, number, lane in produced.documents])}"
                                                         if produced.documents else ""))
    print(f"  outbox      {len(produced.sent)}" + (f": {_some([f'{id} {name} {control} {state}' for id, name, control, state in produced.sent])}"
                                                    if produced.sent else ""))


def _some(listed: Sequence[str]) -> str:
    more = f" and {len(listed) - MANY} more" if len(listed) > MANY else ""
    return show.clean(", ".join(listed[:MANY])) + more


def _single(act: str, to: str, from_: Sequence[str], summary: str, example: str) -> click.Command:
    """A command that moves to one stage, without gates."""

    @click.command(act, help=f"{summary}\n\n\b\nExample:\n  {example}")
    @click.argument("partner")
    @direction_option
    @message_option
    @reason_option
    @options.home_option
    @options.database_option
    @options.json_option
    def command(partner: str, direction: str | None, message: str, reason: str, home: str | None, database: str | None, as_json: bool) -> int:
        from edi_bridge.onboarding.moving import steps_to

        with desk_of(partner, home, database) as desk:
            steps = steps_to(desk.partner, _lanes(desk, direction, message, from_), to)
            version = _moving(desk).move(act, partner, steps, reason)
        _told(steps, version, as_json)
        return DONE

    return command


retest = _single("retest", "retest", ["live"], "Certify again beside live traffic: production goes on, tests are taken and sent as well.",
                 'edi-bridge rollout retest acme --message ORDERS --reason "their new system comes in March"')
retire = _single("retire", "retired", ("draft", "connecting", "validating", "certifying", "shadow", "pilot", "live", "paused", "retest"),
                 "End it: what still comes is quarantined, nothing is sent.", 'edi-bridge rollout retire acme --reason "bought by nord"')


@click.command()
@click.argument("partner")
@direction_option
@message_option
@click.option("--exchange", "exchanges", metavar="ID", type=int, multiple=True, help="Only what came in this exchange; may be repeated.")
@click.option("--booked", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False), help="Numbers that the old channel booked: a column number.")
@reason_option
@options.home_option
@options.database_option
@options.json_option
def accept(partner: str, direction: str | None, message: str, exchanges: tuple[int, ...], booked: str | None, reason: str, home: str | None,
           database: str | None, as_json: bool) -> int:
    """Post what the pilot kept into the live CRM. What is there already, or stands in --booked, is skipped by its number.

    \b
    Examples:
      edi-bridge rollout accept acme --exchange 412 --reason "both sides agree"
      edi-bridge rollout accept acme --booked booked-2026-11.csv --reason "live from today"

    Exit codes: 0 everything is decided, 1 something needs a person, 2 wrong use, 3 try again later.
    """
    with desk_of(partner, home, database) as desk:
        made = _accepting(desk).accept(partner, _lanes(desk, direction, message, ("pilot", "live", "retest", "paused")), reason,
                                       _numbers(booked) if booked else (), exchanges)
    return _kept_told(made, as_json)


@click.command()
@click.argument("partner")
@direction_option
@message_option
@click.option("--exchange", "exchanges", metavar="ID", type=int, multiple=True, help="Only what came in this exchange; may be repeated.")
@reason_option
@options.home_option
@options.database_option
@options.json_option
def discard(partner: str, direction: str | None, message: str, exchanges: tuple[int, ...], reason: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Decide that what the pilot kept is not posted live; it stays in the pilot's lane, marked.

    \b
    Example:
      edi-bridge rollout discard acme --reason "the old channel booked all of it"
    """
    with desk_of(partner, home, database) as desk:
        made = _accepting(desk).discard(partner, _lanes(desk, direction, message), reason, exchanges)
    return _kept_told(made, as_json)


def _accepting(desk: Desk) -> Accepting:
    from edi_bridge.onboarding.accepting import Accepting

    return Accepting(desk.database, desk.archive, desk.catalog, actor(), now)


def _numbers(file: str) -> set[str]:
    """The column `number` (or `key`) of a CSV; ConfigFault when it has none."""
    with open(file, encoding="utf-8-sig", newline="") as source:
        delimiter = delimiter_of(source.readline())
        source.seek(0)
        rows = csv.DictReader(source, delimiter=delimiter)
        column = next((name for name in rows.fieldnames or () if name.strip().lower() in ("number", "key")), None)
        if column is None:
            raise ConfigFault.at(file, 1, 1, "needs a column number: those of the documents that the old channel booked")
        return {row[column].strip() for row in rows if row[column]}


def _kept_told(made: Sequence[Kept], as_json: bool) -> int:
    if as_json:
        options.print_json([asdict(one) for one in made])
    else:
        show.table((">exchange", "message", "documents", "became", "~why"), [
            (one.exchange, one.type.rpartition("/")[2], ", ".join(one.documents), one.became, one.note) for one in made])
        counts = Counter(one.became for one in made)
        show.note(", ".join(f"{count} {became}" for became, count in sorted(counts.items())) or "the pilot kept nothing that is not decided")
    return CLOSED if any(one.became == "held" for one in made) else DONE
