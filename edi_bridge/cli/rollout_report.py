"""`edi-bridge rollout report`: where the rollout stands, as a page for a meeting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import html, options, show
from edi_bridge.cli.exchange_act import now
from edi_bridge.cli.rollout_home import home_of, is_live
from edi_bridge.cli.rollout_plan import SIGNS, stages_of

if TYPE_CHECKING:
    from edi_bridge.onboarding.standing import Home
    from edi_bridge.partner import Partner
    from edi_bridge.rollout.steps import Standing
    from edi_bridge.store.rollout import Evidence


@click.command("report")
@click.option("--html", "path", metavar="FILE", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where the page is written.")
@options.home_option
@options.database_option
def report(path: Path, home: str | None, database: str | None) -> int:
    """Write where the rollout stands as a page that a project manager takes to a meeting: progress, risks, who is blocking, payback.

    \b
    Example:
      edi-bridge rollout report --html rollout.html
    """
    from edi_bridge.onboarding import standing
    from edi_bridge.store import rollout

    with home_of(home, database) as place:
        partners = standing.in_rollout(place)
        found = {one.name: standing.of_partner(place, one) for one in partners}
        programme = standing.of_programme(place, found)
        with place.database.read() as connection:
            kept = rollout.evidence(connection)
            alarms = _alarms(connection)
        page = _page(place, partners, found, programme, kept, alarms)
    path.write_text(page, encoding="utf-8")
    show.note(f"wrote {path}")
    return 0


def _alarms(connection: Any) -> list[tuple[str, str, str]]:
    """What rings now: since when, kind, sentence."""
    from edi_bridge.store import alarm

    return [(one.raised_at, one.kind, one.sentence) for one in alarm.listing(connection) if not one.cleared_at]


def _page(place: Home, partners: Sequence[Partner], found: dict[str, list[Standing]], programme: list[Standing], kept: Sequence[Evidence],
          alarms: list[tuple[str, str, str]]) -> str:
    live = sum(map(is_live, partners))
    steps = [one for listed in found.values() for one in listed]
    late = [(name, one) for name, listed in (("programme", programme), *found.items()) for one in listed if one.late]
    parts = [
        f"<h1>Rollout of {html.text(place.catalog.own.title or 'EDI')}</h1>", html.line(f"as of {show.minute(now())} UTC, measured by edi-bridge", "dim"),
        '<div class="figures">', _figure("partners live", live, len(partners)), _figure("steps over", sum(1 for one in steps if one.over), len(steps)),
        _count("steps late", len(late)), _count("alarms", len(alarms)), "</div>",
        "<h2>Progress</h2>", _matrix(partners, found, programme),
        "<h2>Who is blocking</h2>", _blocking(found, programme),
        "<h2>Risks</h2>", _risks(found, programme, late, alarms),
        "<h2>Payback</h2>", _payback(kept),
        "<h2>Waves</h2>", _waves(kept, partners),
    ]
    return html.page("Rollout", parts)


def _matrix(partners: Sequence[Partner], found: dict[str, list[Standing]], programme: list[Standing]) -> str:
    from edi_bridge.rollout.steps import STEPS

    rows = []
    for name, listed in (("programme", programme), *found.items()):
        by_number = {one.step.number: one for one in listed}
        partner = next((one for one in partners if one.name == name), None)
        rows.append((f"<b>{html.text(partner.title if partner else 'Programme')}</b>", *(_mark(by_number.get(step.number)) for step in STEPS),
                     html.text(stages_of(partner.agreements) if partner else "")))
    heads = [f'|<span title="{html.text(step.asks)}">{step.number}<br>{html.text(step.name)}</span>' for step in STEPS]
    return html.table(("", *heads, "stages"), rows) + html.line(" · ".join([*(f"{sign} {state}" for state, sign in SIGNS.items()), "framed: late"]), "dim")


def _mark(one: Standing | None) -> str:
    if one is None:
        return ""
    told = "; ".join([f"{one.step.title}: {one.state}", *(each.missing for each in one.missing[:3])])
    return f'<span class="mark {one.state}{" late" if one.late else ""}" title="{html.text(told)}">{SIGNS[one.state]}</span>'


def _blocking(found: dict[str, list[Standing]], programme: list[Standing]) -> str:
    """What can be done now, by who has to do it."""
    from edi_bridge.rollout.steps import next_of

    rows = sorted(((one.said.owner or "nobody", name, one) for name, listed in (("programme", programme), *found.items()) for one in next_of(listed)),
                  key=lambda row: (row[0] != "nobody", row[0], row[1]))
    return html.table(("who", "partner", "step", "due", "what is missing"), [
        (f'<span class="bad">{html.text(who)}</span>' if who == "nobody" else html.text(who), html.text(name), html.text(one.step.title),
         f'<span class="day{" bad" if one.late else ""}">{html.text(one.said.due)}</span>', _missing(one))
        for who, name, one in rows], html.line("Nothing is left to do.", "good"))


def _missing(one: Standing) -> str:
    """What a step misses, each once, the first three in words."""
    listed = list(dict.fromkeys(each.missing for each in one.missing))
    more = f'<br><span class="dim">and {len(listed) - 3} more</span>' if len(listed) > 3 else ""
    return "<br>".join(map(html.text, listed[:3])) + more


def _risks(found: dict[str, list[Standing]], programme: list[Standing], late: list[tuple[str, Standing]], alarms: list[tuple[str, str, str]]) -> str:
    told = [("late", name, f"{one.step.title} was due {one.said.due}{f', {one.said.owner}' if one.said.owner else ''}") for name, one in late]
    for name, listed in (("programme", programme), *found.items()):
        told += [("waived", name, f"{one.step.title}: {one.waived}") for one in listed if one.state == "waived"]
        told += [("waived", name, f"{each.title}: {each.waived}") for one in listed for each in one.readings if each.waived]
        stated = [each.title for one in listed for each in one.readings if each.stated and each.passed]
        told += [("stated, not measured", name, ", ".join(stated))] if stated else []
    rows = [tuple(map(html.text, row)) for row in told]
    rows += [(f'<span class="bad">{html.text(kind)}</span>', "", f'{html.text(sentence)} <span class="dim">since {html.text(show.minute(at))}</span>')
             for at, kind, sentence in alarms]
    return html.table(("", "partner", "what"), rows, html.line("None that the program knows of.", "good"))


def _payback(kept: Sequence[Evidence]) -> str:
    newest = {one.partner: one for one in kept if (one.step, one.name) == ("analysis", "payback")}
    rows = sorted(newest.values(), key=lambda one: (one.value == "never", float(one.value) if one.value != "never" else 0.0, one.partner))
    return html.table(("partner", "#months", "range, and what matters most", "computed"), [
        (html.text(one.partner), f'<span class="bad">{html.text(one.value)}</span>' if one.value == "never" else html.text(one.value),
         html.text(one.note), f'<span class="day">{html.text(one.day)}</span>') for one in rows],
        html.line("No payback was computed yet.", "dim"))


def _waves(kept: Sequence[Evidence], partners: Sequence[Partner]) -> str:
    newest = {one.partner: one for one in kept if (one.step, one.name) == ("rollout", "wave")}
    names = {one.name: one for one in partners}
    waves: dict[tuple[int, str], list[str]] = {}
    for name, one in newest.items():
        if name in names:
            waves.setdefault((int(one.value), one.day), []).append(name)
    rows = []
    for (number, day), listed in sorted(waves.items()):
        live = [name for name in listed if is_live(names[name])]
        shown = [f'<span class="good">{html.text(name)}</span>' if name in live else html.text(name) for name in sorted(listed)]
        rows.append((str(number), f'<span class="day">{html.text(day)}</span>', f"{len(live)} of {len(listed)}", ", ".join(shown)))
    return html.table(("#wave", "from", "#live", "partners"), rows, html.line("No waves are planned yet.", "dim"))


def _figure(words: str, part: int, whole: int) -> str:
    return html.figure(f"{part} of {whole}", words, part / whole if whole else 0)


def _count(words: str, count: int) -> str:
    return f'<div><b class="{"bad" if count else "good"}">{count}</b>{words}</div>'
