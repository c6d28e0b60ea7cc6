"""`edi-bridge rollout check`, `allow` and `volume`: the gates with their figures, and what people do so that they pass."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import actor, now, reason_option
from edi_bridge.cli.exchange_look import opened

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.database import Database
    from edi_bridge.partner import Agreement, Partner
    from edi_bridge.rollout.gate import Reading
    from edi_bridge.settings import Settings
    from edi_bridge.store.archive import Archive

PASSED, CLOSED = 0, 1
SHORTEST = 60  # messages that a volume test posts at least: fewer say nothing about pace

direction_option = click.option("--direction", type=click.Choice(["in", "out"]), default=None, help="Only what comes, or what goes.")
message_option = click.option("--message", metavar="TYPE", default="", help="Only this message: edifact/D96A/ORDERS, or ORDERS.")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the commands of a rollout work with."""

    settings: Settings
    database: Database
    archive: Archive
    catalog: Catalog
    partner: Partner


@contextmanager
def desk_of(partner: str, home: str | None, database: str | None) -> Iterator[Desk]:
    """A home's database, archive and partner. ConfigFault where one is not there."""
    from edi_bridge.store.archive import open_archive

    with opened(home, database, create=True) as (settings, made):
        catalog = options.catalog_of(settings.home, database=database)
        yield Desk(settings, made, open_archive(settings.archive, settings.home), catalog, catalog.partner_named(partner))


def moment() -> datetime:
    """The time of the command."""
    from edi_bridge import clock

    return clock.from_environment(os.environ)()


@click.command("check")
@click.argument("partner")
@direction_option
@message_option
@click.option("--to", "target", metavar="STAGE", default="", help="Before this stage (default: the one that follows).")
@options.home_option
@options.database_option
@options.json_option
def check(partner: str, direction: str | None, message: str, target: str, home: str | None, database: str | None, as_json: bool) -> int:
    """The gates before the next stage of a partner's documents: each with its figure, its limit and what is missing.

    A figure is measured now, from the ledger, the archive, the samples, the scenarios and the comparison; what somebody stated by hand is
    marked as stated.

    \b
    Examples:
      edi-bridge rollout check acme
      edi-bridge rollout check acme --message ORDERS --to live

    Exit codes: 0 every gate passes, 1 one is closed, 2 wrong use or configuration.
    """
    from edi_bridge.onboarding.facts import lanes_of

    rows: list[dict[str, Any]] = []
    closed = False
    with desk_of(partner, home, database) as desk:
        for agreement in lanes_of(desk.partner, direction or "", message):
            stage, readings = readings_of(desk, agreement, target)
            closed |= any(one.open for one in readings)
            rows.append({"partner": partner, "direction": agreement.direction, "message": agreement.message, "stage": agreement.stage,
                         "to": stage, "gates": [{**asdict(one), "open": one.open} for one in readings]})
            if not as_json:
                _tell(partner, agreement, stage, readings)
    if as_json:
        options.print_json(rows)
    return CLOSED if closed else PASSED


def readings_of(desk: Desk, agreement: Agreement, target: str = "") -> tuple[str, list[Reading]]:
    """The stage that is asked for (else the next one; '' where there is none), and its gates."""
    from edi_bridge.fault import ConfigFault
    from edi_bridge.onboarding.facts import gather
    from edi_bridge.onboarding.standing import Home, open_before_pilot
    from edi_bridge.rollout.gate import next_stage, readings, way
    from edi_bridge.rollout.stage import FORWARD
    from edi_bridge.store.rollout import waivers

    if target and target not in FORWARD:
        raise ConfigFault.at("--to", 0, 0, f"there is no stage {target} on the way; there are {', '.join(FORWARD)}")
    stage = target or next_stage(agreement.stage)
    if not stage:
        return "", []
    home = Home(desk.settings, desk.database, desk.archive, desk.catalog, moment())
    facts = gather(home.database, home.archive, home.catalog, desk.partner, agreement, home.now, home.shared)
    if "pilot" in way(agreement.stage, stage) and not agreement.test:
        facts = replace(facts, steps_open=open_before_pilot(home, desk.partner))
    with desk.database.read() as connection:
        waived = waivers(connection, desk.partner.name)
    return stage, readings(facts, stage, agreement.gates, waived, now()[:10])


def _tell(partner: str, agreement: Agreement, stage: str, readings: list[Reading]) -> None:
    name = f"{partner}  {agreement.direction} {agreement.message}"
    if not stage:
        show.heading(f"{name}: {agreement.stage}; nothing comes after it")
        return
    count = sum(1 for one in readings if one.open)
    show.heading(f"{name}: {agreement.stage} → {stage}" + (f", {count} of {show.number(len(readings), 'gate')} closed" if count else ", every gate passes"))
    show.table(("gate", "", "figure", "limit", "~what is missing"), [_line(one) for one in readings], indent=2,
               colour=lambda row, index: {"passes": "green", "closed": "red"}.get(row[1].split()[0], "yellow") if index == 1 else "")
    for one in readings:
        if one.open:
            show.note(f"  {one.name}: {one.evidence}")


def _line(one: Reading) -> tuple[str, ...]:
    state = "passes" if one.passed else "waived" if one.waived else "closed"
    return one.title, state + (" (stated)" if one.stated and one.passed else ""), one.figure, one.limit, one.waived or one.missing


@click.command("allow")
@click.argument("partner")
@direction_option
@message_option
@click.option("--rule", "rules", metavar="FIELD", multiple=True, help="A rule of the map that no message has exercised; * for all of them.")
@click.option("--unread", "places", metavar="PLACE", multiple=True, help="A place of messages that no rule reads.")
@click.option("--seen", "values", metavar="PLACE=VALUE", multiple=True, help="A qualifier, code or segment that had never been seen.")
@reason_option
@options.home_option
@options.database_option
def allow(partner: str, direction: str | None, message: str, rules: tuple[str, ...], places: tuple[str, ...], values: tuple[str, ...],
          reason: str, home: str | None, database: str | None) -> int:
    """Accept by name what nothing has shown yet, or what nothing reads, so that the gates `rules` and `unread` pass.

    \b
    Examples:
      edi-bridge rollout allow acme --message ORDERS --rule lines.packaging --reason "they never pack"
      edi-bridge rollout allow acme --unread "SG25/PIA[5]" --reason "their own colour codes, we have our own"
    """
    from edi_bridge.fault import ConfigFault
    from edi_bridge.onboarding.facts import lanes_of
    from edi_bridge.store import audit, observed
    from edi_bridge.store.observed import Observed

    if not (rules or places or values):
        raise click.UsageError("say what: --rule, --unread or --seen")
    count = 0
    with desk_of(partner, home, database) as desk:
        for agreement in lanes_of(desk.partner, direction or "in", message):
            lane = (partner, agreement.direction, agreement.message)
            wanted = [*(("rule", rule, "") for rule in _every_rule(desk, agreement, rules)), *(("unread", place, "") for place in places)]
            with desk.database.write() as connection:
                there = {(one.place, one.value): one for one in observed.of(connection, *lane)}
                for text in values:
                    place, _, value = text.partition("=")
                    if not place:
                        raise ConfigFault.at("--seen", 0, 0, f"{text} names no place")
                    wanted.append((there[place, value].kind if (place, value) in there else "code" if value else "unread", place, value))
                for kind, place, value in wanted:
                    observed.accept(connection, Observed(*lane, kind, place, value, agreement.stage), actor(), now())
                audit.write(connection, now(), actor(), "allow", f"partner {partner}", reason,
                            {"direction": agreement.direction, "message": agreement.message, "accepted": [" ".join(filter(None, one)) for one in wanted]})
            count += len(wanted)
    show.note(f"{count} accepted by name")
    return 0


def _every_rule(desk: Desk, agreement: Agreement, rules: tuple[str, ...]) -> list[str]:
    """The fields that are named; a star stands for all rules that nothing has exercised yet. ConfigFault for a rule that is not there."""
    from edi_bridge.fault import ConfigFault
    from edi_bridge.onboarding.facts import Gathering, coverage_of

    if not rules:
        return []
    made = coverage_of(Gathering(desk.database, desk.archive, desk.catalog, desk.partner, agreement, moment()))
    if made is None:
        raise ConfigFault.at(desk.partner.file, 0, 0, f"{agreement.message} has no map that can be used")
    known = {use.field: use.count for use in made.rules()}
    for one in rules:
        if one != "*" and one not in known:
            raise ConfigFault.at("--rule", 0, 0, f"the map {made.compiled.name} has no rule for {one}")
    return [name for name, count in known.items() if name in rules or ("*" in rules and not count)]


@click.command("volume")
@click.argument("partner")
@click.option("--peak", metavar="N", type=click.IntRange(1), help="Messages that the partner's busiest hour will bring (default: what the ledger knows).")
@options.home_option
@options.database_option
@options.json_option
def volume(partner: str, peak: int | None, home: str | None, database: str | None, as_json: bool) -> int:
    """Test the volume: post what came from a partner again, at full speed and with every sync to disk, into a database made for it
    alone, until an hour of twice the peak has gone through (at most five minutes' worth). The pace is kept as measured evidence.

    \b
    Examples:
      edi-bridge rollout volume acme --peak 400
    """
    from edi_bridge.onboarding import volume as volumes
    from edi_bridge.onboarding.facts import Gathering, lanes_of, peak_of
    from edi_bridge.store import rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    with desk_of(partner, home, database) as desk:
        with desk.database.read() as connection:
            known = max((peak_of(connection, Gathering(desk.database, desk.archive, desk.catalog, desk.partner, one, moment()))
                         for one in lanes_of(desk.partner, "in")), default=0.0)
        highest = max(float(peak or 0), known)
        done = volumes.run(desk.database, desk.archive, desk.catalog, partner, max(SHORTEST, round(2 * highest / 12)), desk.settings.home)
        at = now()
        kept = [Evidence(partner, "pilot", "volume", f"{done.an_hour:.0f}", MEASURED, at[:10], at=at)]
        kept += [Evidence(partner, "pilot", "peak", str(peak), actor(), at[:10], at=at)] if peak else []
        with desk.database.write() as connection:
            rollout.state(connection, kept)
    enough = done.an_hour >= 2 * highest
    if as_json:
        options.print_json({"partner": partner, "messages": done.messages, "seconds": round(done.seconds, 3), "an_hour": round(done.an_hour),
                            "peak": highest, "enough": enough})
    else:
        show.facts(partner, [("posted", f"{done.messages:,} messages in {done.seconds:.1f} s"), ("pace", f"{done.an_hour:,.0f} messages an hour"),
                             ("wanted", f"{2 * highest:,.0f} an hour, twice the peak of {highest:,.0f}"), ("that is", "enough" if enough else "too slow")])
    return PASSED if enough else CLOSED


@click.command("seen")
@click.argument("partner")
@direction_option
@message_option
@click.option("--new", is_flag=True, help="Only what came after the pilot, and nobody has accepted.")
@options.home_option
@options.database_option
@options.json_option
def seen(partner: str, direction: str | None, message: str, new: bool, home: str | None, database: str | None, as_json: bool) -> int:
    """What a partner's real traffic has shown: rules that were filled, codes, places that nothing reads, each with its first exchange.

    \b
    Examples:
      edi-bridge rollout seen acme --new
      edi-bridge rollout allow acme --seen "lines.unit=PK" --reason "packs, agreed with Per"
    """
    from edi_bridge.onboarding.watching import TOLD
    from edi_bridge.store import observed

    with desk_of(partner, home, database) as desk, desk.database.read() as connection:
        rows = [one for one in observed.of(connection, partner, direction or "", message)
                if not new or (one.stage in TOLD and one.first_at and not one.accepted_at)]
    if as_json:
        options.print_json([asdict(one) for one in rows])
        return 0
    show.table(("what", "~place", "~value", "stage", "first (UTC)", ">exchange", "accepted by"),
               [(one.kind, one.place, one.value, one.stage, show.minute(one.first_at), "" if one.exchange is None else one.exchange, one.accepted_by)
                for one in rows])
    if not rows:
        show.note("nothing new" if new else "nothing was watched yet: the daemon looks once a minute")
    return 0
