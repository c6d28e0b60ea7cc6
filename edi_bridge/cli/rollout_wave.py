"""`edi-bridge rollout wave`, `clone` and `scorecard`: partners rolled out together."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import actor, now
from edi_bridge.cli.record_file import text
from edi_bridge.cli.rollout_home import day_of, home_of, is_live
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.onboarding.standing import Home
    from edi_bridge.rollout.wave import Candidate, Score


@click.command("wave")
@click.option("--capacity", metavar="N", type=click.IntRange(1), default=5, show_default=True, help="Partners that can be looked after at once.")
@click.option("--start", metavar="DAY", default="", callback=day_of, help="When the first wave goes (default: today).")
@click.option("--days", metavar="N", type=click.IntRange(1), default=14, show_default=True, help="Days from wave to wave.")
@click.option("--keep", is_flag=True, help="Keep this plan; else it is only shown.")
@options.home_option
@options.database_option
@options.json_option
def wave(capacity: int, start: str, days: int, keep: bool, home: str | None, database: str | None, as_json: bool) -> int:
    """Plan the waves of the roll-out: partners that are not live yet, by the business's priority, then the readiest, then where it pays
    first.

    \b
    Example:
      edi-bridge rollout wave --capacity 5 --start 2026-12-01 --days 14 --keep
    """
    from edi_bridge.rollout import wave as rules
    from edi_bridge.store import audit, rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    with home_of(home, database) as place:
        candidates = {one.name: one for one in _candidates(place)}
        waves = rules.plan(candidates.values(), capacity, date.fromisoformat(start or now()[:10]), days)
        if keep:
            with place.database.write() as connection:
                rollout.state(connection, [Evidence(name, "rollout", "wave", str(one.number), MEASURED, one.start.isoformat(), at=now())
                                           for one in waves for name in one.partners])
                audit.write(connection, now(), actor(), "plan waves", "programme", "", {str(one.number): list(one.partners) for one in waves})
    if as_json:
        options.print_json([{"wave": one.number, "start": one.start.isoformat(), "partners": list(one.partners)} for one in waves])
        return 0
    show.table((">wave", "start", "partner", ">priority", ">steps over", ">payback, months", ">score"),
               [(one.number, one.start.isoformat(), name, candidates[name].priority, f"{candidates[name].ready} of 10",
                 "" if candidates[name].months is None else f"{candidates[name].months:.1f}", f"{candidates[name].score:g}")
                for one in waves for name in one.partners])
    if not waves:
        show.note("every partner is live")
    return 0


def _candidates(place: Home) -> list[Candidate]:
    from edi_bridge.onboarding import standing
    from edi_bridge.rollout.wave import Candidate
    from edi_bridge.store import rollout

    made = []
    for one in standing.in_rollout(place):
        with place.database.read() as connection:
            kept = rollout.newest(rollout.evidence(connection, one.name))
        months, score = kept.get(("analysis", "payback")), kept.get(("review", "score"))
        made.append(Candidate(one.name, one.priority, sum(1 for each in standing.of_partner(place, one) if each.over),
                              float(score.value.split()[0]) if score else 0.0,
                              float(months.value) if months and months.value.replace(".", "").isdigit() else None,
                              is_live(one)))
    return made


@click.command("clone")
@click.argument("template")
@click.option("--list", "path", metavar="FILE", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="The new partners (CSV): partner, id, and name, qualifier, gln, contact, email, approver, priority, CHANNEL.OPTION …")
@options.home_option
@options.json_option
def clone(template: str, path: Path, home: str | None, as_json: bool) -> int:
    """Write a file for each new partner of a list, with the agreements, maps and policies of the partner TEMPLATE, and addresses, people
    and channels of its own. They begin as drafts. Nothing is written when anything is wrong, or a file is there already.

    \b
    Example:
      edi-bridge rollout clone acme --list wave-2.csv
    """
    import os

    from edi_bridge.linting import linted_partner_text
    from edi_bridge.partner.effective import flow
    from edi_bridge.rollout import clone as rules
    from edi_bridge.yamltext import parse

    place = options.settings_of(home, None).home
    catalog = options.catalog_of(place)
    catalog.partner_named(template)
    block: Any = parse(catalog.partner_files[template].read_bytes(), f"partners/{template}.yaml")
    listed = rules.from_csv(text(str(path)), str(path))
    texts, problems = {}, []
    for one in listed:
        target = place / "partners" / f"{one.partner}.yaml"
        texts[target] = rules.text_of(block, one, flow)
        if target.exists():
            problems.append((str(path), 0, 0, f"partners/{one.partner}.yaml is there already"))
        problems += [(row["file"], row["line"], row["column"], row["sentence"]) for row in linted_partner_text(texts[target], one.partner, catalog)
                     if row["level"] == "error"]
    if problems:
        raise ConfigFault(problems)
    for target, made in texts.items():
        part = target.with_suffix(".part")
        part.write_text(made, encoding="utf-8")
        os.replace(part, target)
    if as_json:
        options.print_json([target.stem for target in texts])
    else:
        show.note(f"{show.number(len(texts), 'partner')} cloned from {template}: {', '.join(target.stem for target in texts)}")
    return 0


@click.command("scorecard")
@click.argument("number", metavar="WAVE", type=int)
@options.home_option
@options.database_option
@options.json_option
def scorecard(number: int, home: str | None, database: str | None, as_json: bool) -> int:
    """How the partners of a wave stand: stage, steps, messages, refusals, acknowledgements, differences, and what is missing first.

    \b
    Example:
      edi-bridge rollout scorecard 1
    """
    with home_of(home, database) as place:
        found = [_score(place, name) for name in _of_wave(place, number)]
    if not found:
        raise ConfigFault.at(str(number), 0, 0, "there is no such wave: edi-bridge rollout wave --keep")
    if as_json:
        options.print_json([asdict(one) for one in found])
        return 0
    show.table(("partner", "stage", ">steps over", ">messages", ">refused", ">acknowledged", ">differing", "~what is missing"),
               [(one.partner, one.stage, f"{one.ready} of 10", one.messages, one.rejected, one.acknowledged, one.differing, one.missing) for one in found])
    show.note(f"wave {number}: {sum(1 for one in found if one.stage == 'live')} of {show.number(len(found), 'partner')} live")
    return 0


def _of_wave(place: Home, number: int) -> list[str]:
    from edi_bridge.store import rollout

    with place.database.read() as connection:
        kept = {one.partner: one for one in rollout.evidence(connection, None, "rollout") if one.name == "wave"}
    return sorted(name for name, one in kept.items() if one.value == str(number) and name in place.catalog.partner_files)


def _score(place: Home, name: str) -> Score:
    from edi_bridge.onboarding import standing
    from edi_bridge.onboarding.facts import gather
    from edi_bridge.rollout.wave import Score

    partner = place.catalog.partner_named(name)
    facts = [gather(place.database, place.archive, place.catalog, partner, one, place.now, place.shared) for one in partner.agreements if not one.test]
    stands = standing.of_partner(place, partner)
    first = next((each for each in stands if not each.over), None)
    stages = sorted({one.stage for one in facts})
    return Score(name, stages[0] if len(stages) == 1 else ", ".join(stages), sum(1 for each in stands if each.over), sum(one.messages for one in facts),
                 sum(one.rejected for one in facts), f"{sum(one.answered for one in facts)} of {sum(one.asked for one in facts)}",
                 sum(len(one.differing) for one in facts), f"{first.step.name}: {first.missing[0].missing}" if first and first.missing else "")
