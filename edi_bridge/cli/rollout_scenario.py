"""`edi-bridge rollout scenario`: what is played with a partner before anything real is."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.commands import commands_of
from edi_bridge.cli.rollout_compare import agreements_of, direction_option, message_option
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.database import Database
    from edi_bridge.onboarding.generating import Lane
    from edi_bridge.onboarding.rehearsing import Rehearsal, Result
    from edi_bridge.partner import Partner
    from edi_bridge.rollout.scenario import Scenario
    from edi_bridge.settings import Settings

PASSED, FAILED = 0, 1
COMMANDS = {
    "list": ("rollout_scenario", "list_", "Scenarios: what each is for, and which fit a partner."),
    "write": ("rollout_scenario", "write", "Files to hand to the partner: the message and the record of each scenario."),
    "run": ("rollout_scenario", "run", "Play them through the engine into the staging lane, and say what differs."),
}


@click.command(cls=commands_of(COMMANDS))
def scenario() -> None:
    """Scenarios: orders, responses, despatch advices, invoices, payments, and everything that goes wrong with them.

    The shipped ones and those of the home (scenarios/). What is particular to a partner stands in rollout/scenarios/PARTNER.yaml.

    \b
    Examples:
      edi-bridge rollout scenario list acme
      edi-bridge rollout scenario run acme --message ORDERS
      edi-bridge rollout scenario write acme --into for-acme/
      edi-bridge rollout scenario run acme --against from-acme/
    """


@contextmanager
def rehearsal(home: str | None, database: str | None, partner: str, *, apart: bool) -> Iterator[tuple[Rehearsal, Partner, Database]]:
    """What plays the scenarios of a partner: apart, in the staging lane of a database that is thrown away, or in that of the home. The
    third is the home's database, which keeps what became of runs."""
    from edi_bridge.onboarding.rehearsing import RehearsalCatalog

    settings = options.settings_of(home, database)
    made = options.open_database(settings, create=True)
    try:
        catalog = RehearsalCatalog(settings.home, partner, stored=partial(_stored, settings))
        plain = options.catalog_of(settings.home, database=settings.database).partner_named(partner)
        with tempfile.TemporaryDirectory(prefix="edi-bridge-rehearsal-") as folder:
            played = _rehearsal(settings, made, catalog, Path(folder) if apart else None)
            try:
                yield played, plain, made
            finally:
                if apart:
                    played.database.close()
    finally:
        made.close()


def _stored(settings: Settings, table: str, whose: str) -> Any:
    from edi_bridge.store import lookup

    return lookup.of_home(settings.home, settings.database, None, table, whose)


def _rehearsal(settings: Settings, made: Database, catalog: Any, folder: Path | None) -> Rehearsal:
    from edi_bridge import clock
    from edi_bridge import database as databases
    from edi_bridge.onboarding import acknowledging
    from edi_bridge.onboarding.rehearsing import Rehearsal
    from edi_bridge.store import rehearsal as kept
    from edi_bridge.store.archive import Archive, open_archive

    with made.read() as connection:
        number = kept.next_run(connection)
    now = clock.from_environment(os.environ)
    if folder is None:
        return Rehearsal(made, open_archive(settings.archive, settings.home), catalog, now, number, catalog.versions())
    (folder / "rehearsal.sqlite").write_bytes(acknowledging.empty())
    return Rehearsal(databases.connect(f"sqlite:///{folder}/rehearsal.sqlite"), Archive(folder / "archive"), catalog, now, number, catalog.versions())


def lanes_of(played: Rehearsal, plain: Partner, direction: str | None, message: str) -> list[Lane]:
    """The agreements that are meant, as they are rehearsed."""
    chosen = {(one.message, one.direction) for one in agreements_of(plain, direction, message)}
    return [played.lane(one) for one in played.partner.agreements if (one.message, one.direction) in chosen]


# --- listing ----------------------------------------------------------------------------------------------------------


@click.command("list", short_help="Scenarios: what each is for, and which fit a partner.")
@click.argument("partner", required=False)
@direction_option
@message_option
@options.home_option
@options.database_option
@options.json_option
def list_(partner: str | None, direction: str | None, message: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Every scenario with what it is for; with PARTNER those that fit what is agreed, and why the others do not."""
    if partner is None:
        return _all(home, as_json)
    rows: list[dict[str, Any]] = []
    with rehearsal(home, database, partner, apart=True) as (played, plain, _):
        for lane in lanes_of(played, plain, direction, message):
            rows += [{"direction": lane.agreement.direction, "message": lane.agreement.message, "scenario": one.name, "negative": one.negative,
                      "about": one.about, "not": why} for one, why in played.fitting(lane)]
    if as_json:
        options.print_json(rows)
        return 0
    for head in dict.fromkeys((row["direction"], row["message"]) for row in rows):
        mine = [row for row in rows if (row["direction"], row["message"]) == head]
        fit = [row for row in mine if not row["not"]]
        show.heading(show.clean(f"{partner}  {head[0]}  {head[1]}  {show.number(len(fit), 'scenario')}"))
        show.table(("scenario", "kind", "~what it is for"), ((row["scenario"], "fault" if row["negative"] else "", row["about"]) for row in fit), indent=2)
        others: dict[str, list[str]] = {}
        for row in mine:
            if row["not"]:
                others.setdefault(row["not"], []).append(row["scenario"])
        for why, names in others.items():
            show.note(show.clean(f"  {why}: {', '.join(names)}"))
    return 0


def _all(home: str | None, as_json: bool) -> int:
    from edi_bridge.rollout.scenario_file import load

    found = [load(block) for block in options.catalog_of(options.optional_home(home)).scenarios().values()]
    if as_json:
        options.print_json([{"scenario": one.name, "about": one.about, "negative": one.negative, "records": one.of, "standards": one.standards,
                             "stages": one.stages, "direction": one.direction} for one in found])
    else:
        show.table(("scenario", "kind", "for", "~what it is for"),
                   ((one.name, "fault" if one.negative else "", _for(one), one.about) for one in found))
    return 0


def _for(one: Scenario) -> str:
    parts = [", ".join(one.of) if len(one.of) < 3 else f"{len(one.of)} records", ", ".join(one.standards), one.direction]
    return " · ".join(filter(None, parts))


# --- playing ----------------------------------------------------------------------------------------------------------


@click.command("run", short_help="Play them through the engine into the staging lane, and say what differs.")
@click.argument("partner")
@click.option("--only", "only", multiple=True, metavar="NAME", help="Only this scenario; may be repeated. It is no run: it does not count.")
@click.option("--against", "against", metavar="FOLDER", help="Play what the partner sent in: NAME.edi (or .xml, .csv) for each scenario.")
@click.option("--keep", is_flag=True, help="In the home's own staging lane, to be looked at; it then counts with the tests that came.")
@direction_option
@message_option
@options.home_option
@options.database_option
@options.json_option
def run(partner: str, only: tuple[str, ...], against: str | None, keep: bool, direction: str | None, message: str, home: str | None,
        database: str | None, as_json: bool) -> int:
    """Make the messages of every scenario that fits as PARTNER would send them, with the test indicator, play them through the engine
    into the staging lane, and hold what came out against what must. Nothing is sent, and nothing of the home is touched: engine, ledger
    and CRM work on a database that is thrown away, unless --keep wants the home's own.

    With --against the partner's own files are played instead; scenarios without a file fail. A record beside the file (NAME.json, as
    `write` made it) says what they were asked to send.

    A run of all scenarios is kept; two clean ones in succession open the gate.

    \b
    Examples:
      edi-bridge rollout scenario run acme
      edi-bridge rollout scenario run acme --message ORDERS --only order-200-lines
      edi-bridge rollout scenario run acme --message ORDERS --against from-acme/

    Exit codes: 0 everything passed, 1 something did not, 2 wrong use or configuration.
    """
    with rehearsal(home, database, partner, apart=not keep) as (played, plain, kept):
        lanes = lanes_of(played, plain, direction, message)
        _must_exist(only, played)
        given = _given(Path(against), lanes) if against else None
        done = [(lane, _play(played, lane, only, given)) for lane in lanes]
        if not any(results for _, results in done):
            raise ConfigFault.at("", 0, 0, "no scenario fits: edi-bridge rollout scenario list says why")
        counted = [_keep(kept, played, lane, results, whole=not only) for lane, results in done]
    if as_json:
        options.print_json([_json(lane, results, clean) for (lane, results), clean in zip(done, counted, strict=True)])
    else:
        for (lane, results), clean in zip(done, counted, strict=True):
            _print(lane, results, clean, whole=not only)
    sys.stdout.flush()
    return PASSED if all(one.passed for _, results in done for one in results) else FAILED


def _must_exist(names: Sequence[str], played: Rehearsal) -> None:
    for name in names:
        if name not in played.scenarios:
            import difflib

            near = difflib.get_close_matches(name, played.scenarios, 1)
            raise ConfigFault.at("", 0, 0, f"there is no scenario {name}" + (f"; did you mean {near[0]}?" if near else ""))


def _play(played: Rehearsal, lane: Lane, only: Sequence[str], given: Any) -> list[Result]:
    fitting = [one for one, why in played.fitting(lane) if not why and (not only or one.name in only)]
    if given is not None:  # what they send is one interchange each; chains and our own answers are ours to play
        fitting = [one for one in fitting if len(one.steps) == 1 and not one.answer and "again" not in {each.do for each in one.last.mutate}]
    return [played.play(one, lane, given) for one in fitting]


def _given(folder: Path, lanes: Sequence[Lane]) -> dict[str, tuple[bytes, Any]]:
    """What the partner sent in, by the scenario's name, with the record that it was asked for."""
    from edi_bridge.record import from_json

    if not folder.is_dir():
        raise ConfigFault.at(str(folder), 0, 0, "there is no such folder")
    if len(lanes) != 1 or lanes[0].agreement.direction != "in":
        raise ConfigFault.at("", 0, 0, "say which message the files are: --direction in --message …")
    found = {}
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix in (".json", ".md", ".txt"):
            continue
        asked = folder / f"{path.stem}.json"
        try:
            record = from_json(asked.read_bytes(), lanes[0].map.record) if asked.is_file() else None
        except ValueError as error:
            raise ConfigFault.at(str(asked), 0, 0, f"is no record: {error}") from None
        found[path.stem] = (path.read_bytes(), record)
    return found


def _keep(kept: Database, played: Rehearsal, lane: Lane, results: Sequence[Result], *, whole: bool) -> int:
    """Keep a whole run; how many clean ones in succession there are now."""
    from edi_bridge.clock import written
    from edi_bridge.onboarding.version_in_force import version_of
    from edi_bridge.store import rehearsal as store

    one = lane.agreement
    with kept.write() as connection:
        if whole:
            store.save(connection, played.partner.name, one.direction, one.message, played.run,
                       [store.Played(each.scenario.name, each.passed, each.scenario.negative, each.troubles) for each in results],
                       version_of(connection, played.catalog), written(played.clock()))
        return store.clean_runs(connection, played.partner.name, one.direction, one.message)


def _print(lane: Lane, results: Sequence[Result], clean: int, *, whole: bool) -> None:
    show.heading(show.clean(f"{lane.partner.name}  {lane.agreement.direction}  {lane.agreement.message}  map {lane.map.name}"))
    if not results:
        show.note("  no scenario fits")
        return
    for one in results:
        word = show.style("passed", "green", sys.stdout) if one.passed else show.style("failed", "red", sys.stdout)
        print(f"  {word}  {one.scenario.name}{'  (fault)' if one.scenario.negative else ''}")
        for text in one.troubles:
            print(show.clean(f"            {text}"))
        if len(one.scenario.steps) > 1:
            print(show.clean(f"            {' → '.join(one.steps)}"))
    good = sum(one.passed for one in results)
    print(f"  {good} of {show.number(len(results), 'scenario')} passed"
          + (f", {show.number(clean, 'clean run')} in succession" if whole else "; no run: it does not count"))
    if left := sorted({name for one in results if not one.scenario.negative for name in one.left_out}):
        show.note(show.clean(f"  the map does not carry {', '.join(left)}: left out of what was played"))


def _json(lane: Lane, results: Sequence[Result], clean: int) -> dict[str, Any]:
    return {"partner": lane.partner.name, "direction": lane.agreement.direction, "message": lane.agreement.message, "map": lane.map.name,
            "clean_runs": clean, "scenarios": [{"scenario": one.scenario.name, "negative": one.scenario.negative, "passed": one.passed,
                                                "differs": one.troubles, "left_out": one.left_out, "steps": one.steps} for one in results]}


# --- writing ----------------------------------------------------------------------------------------------------------


@click.command("write", short_help="Files to hand to the partner: the message and the record of each scenario.")
@click.argument("partner")
@click.option("--into", "into", metavar="DIR", required=True, help="Where the files go; made where it is not there.")
@click.option("--only", "only", multiple=True, metavar="NAME", help="Only this scenario; may be repeated.")
@direction_option
@message_option
@options.home_option
@options.database_option
def write(partner: str, into: str, only: tuple[str, ...], direction: str | None, message: str, home: str | None, database: str | None) -> int:
    """Write each scenario as files to hand to PARTNER: NAME.edi, a message as it may look; NAME.json, what must be read from it; and
    README.md, what each is for. What they send in for each is played by `run --against`.
    """
    from edi_bridge.record import to_json

    folder = Path(into)
    listed: list[tuple[str, str]] = []
    with rehearsal(home, database, partner, apart=True) as (played, plain, _):
        _must_exist(only, played)
        lanes = lanes_of(played, plain, direction, message)
        if len(lanes) > 1:
            names = ", ".join(f"--direction {one.agreement.direction} --message {one.agreement.message}" for one in lanes)
            raise ConfigFault.at("", 0, 0, f"say which message: {names}")
        folder.mkdir(parents=True, exist_ok=True)
        for one in (each for each, why in played.fitting(lanes[0]) if not why and not each.answer and (not only or each.name in only)):
            made = played.made(one, lanes[0])
            if made.troubles:
                show.note(show.clean(f"{one.name} cannot be made: {'; '.join(made.troubles)}"))
                continue
            (folder / f"{one.name}{made.extension}").write_bytes(made.content)
            records = json.loads(to_json(made.records[0] if len(made.records) == 1 else made.records, indent=True))
            if not one.negative and len(made.records) == 1:
                (folder / f"{one.name}.json").write_text(json.dumps(records, indent=2, ensure_ascii=False) + "\n", "utf-8")
            listed.append((one.name, one.about))
    rows = "\n".join(f"| {name} | {about} |" for name, about in listed)
    (folder / "README.md").write_text(f"# Scenarios for {plain.title or partner}\n\n| file | what it is for |\n|---|---|\n{rows}\n", "utf-8")
    show.note(f"{show.number(len(listed), 'scenario')} in {into}")
    return 0 if listed else 1
