"""`edi-bridge rollout plan`, `status`, `next` and what people say of steps: owners, evidence, waivers; keys matched, the agreement's text."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import actor, now, reason_option
from edi_bridge.cli.exchange_look import opened
from edi_bridge.cli.rollout_check import moment
from edi_bridge.fault import ConfigFault
from edi_bridge.layout import delimiter_of

if TYPE_CHECKING:
    from edi_bridge.onboarding.standing import Home
    from edi_bridge.partner import Agreement
    from edi_bridge.rollout.steps import Standing, Step

DONE, OPEN = 0, 1
LARGEST = 50_000_000  # bytes of a file of evidence

programme_option = click.option("--programme", is_flag=True, help="The programme as a whole.")


@contextmanager
def home_of(home: str | None, database: str | None) -> Iterator[Home]:
    """A home whose rollout is looked at."""
    from edi_bridge.onboarding.standing import Home
    from edi_bridge.store.archive import open_archive

    with opened(home, database, create=True) as (settings, made):
        catalog = options.catalog_of(settings.home, database=database)
        yield Home(settings, made, open_archive(settings.archive, settings.home), catalog, moment())


def whose(partner: str | None, programme: bool, place: Home) -> str:
    """The partner that is meant, '' for the programme. ConfigFault for one that is not known."""
    if programme == bool(partner):
        raise click.UsageError("say a PARTNER, or --programme")
    return place.catalog.partner_named(partner).name if partner else ""


def day_of(context: click.Context, option: click.Parameter, value: str) -> str:
    """A day as 2026-11-30; '' where none was said."""
    try:
        return date.fromisoformat(value).isoformat() if value else ""
    except ValueError:
        raise click.BadParameter("a day such as 2026-11-30") from None


def step_of(context: click.Context, option: click.Parameter, value: str) -> Step:
    """A step by its number or name."""
    from edi_bridge.rollout.steps import NAMES, step_named

    found = step_named(value)
    if found is None:
        raise click.BadParameter(f"a step: 1 to {len(NAMES)}, or {', '.join(NAMES)}")
    return found


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


@click.command("evidence")
@click.argument("partner", required=False)
@programme_option
@click.option("--step", metavar="STEP", default="pilot", callback=step_of, show_default=True, help="1 to 10, or its name.")
@click.option("--name", metavar="NAME", help="What is stated: fall-back, hand-over, sign-off ours … (plan lists what is asked for). None: what is there is listed.")
@click.option("--owner", metavar="NAME", help="Who says so.")
@click.option("--day", metavar="DAY", default="", callback=day_of, help="As of which day (default: today).")
@click.option("--file", "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The paper; it is kept in the archive.")
@click.option("--note", metavar="TEXT", default="", help="In words.")
@options.home_option
@options.database_option
@options.json_option
def evidence(partner: str | None, programme: bool, step: Step, name: str | None, owner: str | None, day: str, path: Path | None, note: str,
             home: str | None, database: str | None, as_json: bool) -> int:
    """State what only people know, with a name, a day and a file; or list what was stated and measured. What is stated by hand always counts
    as stated, never as measured.

    \b
    Examples:
      edi-bridge rollout evidence acme
      edi-bridge rollout evidence acme --name "sign-off theirs" --owner "Per Vik" --file signed.pdf
    """
    from edi_bridge.store import audit, rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    with home_of(home, database) as place:
        who = whose(partner, programme, place)
        if name is None:
            with place.database.read() as connection:
                _list(rollout.evidence(connection, who), as_json)
            return DONE
        if not owner or owner == MEASURED:
            raise click.UsageError("say who states it: --owner NAME")
        if path is None and not note:
            raise click.UsageError("show what it rests on: --file FILE (or --note TEXT where there is no paper)")
        digest = ""
        if path is not None:
            if path.stat().st_size > LARGEST:
                raise ConfigFault.at(str(path), 0, 0, f"is larger than {show.size(LARGEST)}")
            with path.open("rb") as file:
                digest = place.archive.put(file).sha256
        one = Evidence(who, step.name, name, "", owner, day or now()[:10], path.name if path else "", digest, note, now())
        with place.database.write() as connection:
            rollout.state(connection, [one])
            audit.write(connection, now(), actor(), "state", f"partner {who}" if who else "programme", note,
                        {"step": step.name, "name": name, "owner": owner, "file": one.file_name, "sha256": digest})
    show.note(f"stated: {name}, by {owner}, {one.day}")
    return DONE


def _list(rows: list[Any], as_json: bool) -> None:
    if as_json:
        options.print_json([{**asdict(one), "stated": one.stated} for one in rows])
        return
    show.table(("step", "~what", "~value", "by", "day", "~file", "~note"),
               [(one.step, one.name, one.value, one.owner if one.stated else "measured", one.day, one.file_name, one.note) for one in rows])
    if not rows:
        show.note("nothing was stated or measured yet")


@click.command("waive")
@click.argument("partner", required=False)
@programme_option
@click.argument("subject", metavar="STEP_OR_GATE")
@click.option("--owner", metavar="NAME", required=True, help="Who answers for it.")
@click.option("--until", metavar="DAY", required=True, callback=day_of, help="The last day on which it need not be passed.")
@reason_option
@options.home_option
@options.database_option
def waive(partner: str | None, programme: bool, subject: str, owner: str, until: str, reason: str, home: str | None, database: str | None) -> int:
    """Let a step or a gate be passed without its figures, for a time. It is shown as waived wherever it stands.

    \b
    Example:
      edi-bridge rollout waive acme rollback --owner Ann --until 2026-12-31 --reason "rehearsed at their sister company"
    """
    from edi_bridge.rollout.gate import GATES, Waiver
    from edi_bridge.rollout.steps import NAMES, step_named
    from edi_bridge.store import audit, rollout

    step = step_named(subject)
    name = step.name if step else subject
    if step is None and name not in {one.name for one in GATES}:
        raise ConfigFault.at(subject, 0, 0, f"is no step ({', '.join(NAMES)}) and no gate ({', '.join(one.name for one in GATES)})")
    with home_of(home, database) as place, place.database.write() as connection:
        who = whose(partner, programme, place)
        rollout.waive(connection, Waiver(name, owner, reason, until, who, now()))
        audit.write(connection, now(), actor(), "waive", f"partner {who}" if who else "programme", reason, {"what": name, "owner": owner, "until": until})
    show.note(f"{name} is waived until {until}")
    return DONE


@click.command("match")
@click.argument("partner")
@click.option("--list", "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A list of the partner's keys (CSV; the first column, or --column).")
@click.option("--table", metavar="NAME", help="The table that the list is of: items, branches …")
@click.option("--column", metavar="NAME", help="The column of the list that holds the keys.")
@options.home_option
@options.database_option
@options.json_option
def match(partner: str, path: Path | None, table: str | None, column: str | None, home: str | None, database: str | None, as_json: bool) -> int:
    """Hold a partner's keys and codes against ours: those in its messages up to now, or keys in a list it gave. Missing ones are listed, the
    most frequent first; codes are accepted by name with `rollout allow --seen FIELD=CODE`.

    \b
    Examples:
      edi-bridge rollout match mittelmark
      edi-bridge rollout match mittelmark --table items --list their-items.csv --column sku

    Exit codes: 0 every key is known, 1 some are missing, 2 wrong use or configuration.
    """
    from edi_bridge.onboarding import matching
    from edi_bridge.onboarding.facts import gather
    from edi_bridge.store import rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    if (path is None) != (table is None):
        raise click.UsageError("--list and --table belong together")
    with home_of(home, database) as place:
        one = place.catalog.partner_named(partner)
        codes: list[str] = []
        if path is not None and table is not None:
            found = [matching.asked_by_list(place.catalog, one, table, _keys(path, column), now()[:10])]
        else:
            found = list(matching.asked_by_messages(place.database, place.archive, place.catalog, one).values())
            codes = list(dict.fromkeys(code for each in one.agreements if not each.test for code in gather(
                place.database, place.archive, place.catalog, one, each, place.now, place.shared).codes_unknown))
        with place.database.write() as connection:
            rollout.state(connection, [
                Evidence(partner, "data", f"list {asked.table}" if path else f"keys {asked.table}", f"{asked.share:.0%} of {len(asked.known) + len(asked.missing)}",
                         MEASURED, now()[:10], path.name if path else "", at=now()) for asked in found])
    if as_json:
        options.print_json([*({"table": asked.table, "known": len(asked.known), "missing": dict(asked.missing.most_common())} for asked in found),
                            *([{"table": "codes", "missing": codes}] if codes else [])])
    else:
        for asked in found:
            count = len(asked.known) + len(asked.missing)
            show.heading(f"{asked.table}: {len(asked.known)} of {show.number(count, 'key')} known" + (f" ({asked.share:.0%})" if count else ""))
            if asked.missing:
                show.table(("missing", ">times"), asked.missing.most_common(50), indent=2)
        if codes:
            show.heading("codes in no table of the map")
            show.table(("~field=code",), [(code,) for code in codes], indent=2)
        if not found:
            show.note(f"{partner}'s maps look nothing up: there are no keys to match")
    return OPEN if codes or any(asked.missing for asked in found) else DONE


def _keys(path: Path, column: str | None) -> Iterator[str]:
    """The keys of a CSV. ConfigFault where it cannot be read, or has no such column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = delimiter_of(file.readline(), ";,\t|")
            file.seek(0)
            rows = csv.reader(file, delimiter=delimiter)
            names = next(rows, [])
            if column is not None and column not in names:
                raise ConfigFault.at(str(path), 1, 1, f"there is no column {column}; there are {', '.join(names)}")
            at = names.index(column) if column is not None else 0
            for row in rows:
                if len(row) > at:
                    yield row[at].strip()
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigFault.at(str(path), 0, 0, f"cannot be read as CSV in UTF-8: {error}") from None


@click.command("agreement")
@click.argument("partner")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it there (Markdown) instead of printing it.")
@options.home_option
@options.database_option
def agreement(partner: str, out: Path | None, home: str | None, database: str | None) -> int:
    """Write the interchange agreement as a text for both sides, from the settings that the program runs by. The plan says when the settings
    are no longer those of the text.

    \b
    Example:
      edi-bridge rollout agreement acme --out agreement-acme.md
    """
    from edi_bridge.onboarding.agreement_text import text_of
    from edi_bridge.store import rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    with home_of(home, database) as place:
        made = text_of(place.catalog, place.catalog.partner_named(partner))
        if out is None:
            print(made.text, end="")
        else:
            out.write_text(made.text, encoding="utf-8")
        with place.database.write() as connection:
            rollout.state(connection, [Evidence(partner, "solution", "agreement", made.version, MEASURED, now()[:10], out.name if out else "", at=now())])
    return DONE
