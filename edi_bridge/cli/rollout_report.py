"""`edi-bridge rollout report`: where the rollout stands, as a page for a meeting: one file, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import now
from edi_bridge.cli.rollout_plan import home_of

if TYPE_CHECKING:
    from edi_bridge.onboarding.standing import Home
    from edi_bridge.partner import Partner
    from edi_bridge.rollout.steps import Standing
    from edi_bridge.store.rollout import Evidence

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --good: #2e7d32; --bad: #b3261e; --some: #b26a00; --dim: #777; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; } p { margin: .3rem 0; }
.day { white-space: nowrap; } .dim { color: var(--dim); } .good { color: var(--good); } .bad { color: var(--bad); } .some { color: var(--some); }
.figures { display: flex; gap: 2.5rem; margin: 1.2rem 0; flex-wrap: wrap; } .figures b { display: block; font-size: 1.7rem; }
.bar { height: .45rem; background: var(--soft); border-radius: 3px; width: 9rem; } .bar i { display: block; height: 100%; background: var(--good); border-radius: 3px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--dim); } th, td { padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; } td.step, th.step { text-align: center; padding-right: .3rem; }
.mark { display: inline-block; min-width: 1.5rem; border-radius: 3px; padding: 0 .2rem; background: var(--soft); }
.mark.done { background: #2e7d3233; color: var(--good); } .mark.late { outline: 2px solid var(--bad); }
@media print { body { margin: 0; max-width: none; font-size: 12px; } }
"""
SIGNS = {"done": "✓", "waived": "w", "started": "…", "open": "·", "blocked": "–"}
WORDS = {"done": "good", "waived": "some", "started": "some", "open": "bad", "blocked": "dim"}


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
    live = sum(1 for one in partners if one.agreements and all(each.stage in ("live", "retest") for each in one.agreements if not each.test))
    steps = [one for listed in found.values() for one in listed]
    late = [(name, one) for name, listed in (("programme", programme), *found.items()) for one in listed if one.late]
    parts = [
        f"<h1>Rollout of {_text(place.catalog.own.title or 'EDI')}</h1>", f'<p class="dim">as of {_text(show.minute(now()))} UTC, measured by edi-bridge</p>',
        '<div class="figures">', _figure("partners live", live, len(partners)), _figure("steps over", sum(1 for one in steps if one.over), len(steps)),
        _count("steps late", len(late)), _count("alarms", len(alarms)), "</div>",
        "<h2>Progress</h2>", _matrix(partners, found, programme),
        "<h2>Who is blocking</h2>", _blocking(found, programme),
        "<h2>Risks</h2>", _risks(found, programme, late, alarms),
        "<h2>Payback</h2>", _payback(kept),
        "<h2>Waves</h2>", _waves(kept, partners),
    ]
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>Rollout</title><style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n")


def _matrix(partners: Sequence[Partner], found: dict[str, list[Standing]], programme: list[Standing]) -> str:
    from edi_bridge.rollout.steps import STEPS

    rows = []
    for name, listed in (("programme", programme), *found.items()):
        by_number = {one.step.number: one for one in listed}
        partner = next((one for one in partners if one.name == name), None)
        stages = Counter(one.stage for one in partner.agreements if not one.test) if partner else Counter[str]()
        rows.append((f"<b>{_text(partner.title if partner else 'Programme')}</b>", *(_mark(by_number.get(step.number)) for step in STEPS),
                     _text(", ".join(f"{count} {stage}" if len(stages) > 1 else stage for stage, count in stages.items()))))
    heads = [f'|<span title="{escape(step.asks)}">{step.number}<br>{escape(step.name)}</span>' for step in STEPS]
    return _table(("", *heads, "stages"), rows, "No partner is in the rollout yet.") + (
        '<p class="dim">' + " · ".join(f"{sign} {state}" for state, sign in SIGNS.items()) + " · framed: late</p>")


def _mark(one: Standing | None) -> str:
    if one is None:
        return ""
    told = "; ".join([f"{one.step.title}: {one.state}", *(each.missing for each in one.missing[:3])])
    return f'<span class="mark {one.state}{" late" if one.late else ""}" title="{escape(show.clean(told))}">{SIGNS[one.state]}</span>'


def _blocking(found: dict[str, list[Standing]], programme: list[Standing]) -> str:
    """What can be done now, by who has to do it."""
    from edi_bridge.rollout.steps import next_of

    rows = sorted(((one.said.owner or "nobody", name, one) for name, listed in (("programme", programme), *found.items()) for one in next_of(listed)),
                  key=lambda row: (row[0] != "nobody", row[0], row[1]))
    return _table(("who", "partner", "step", "due", "what is missing"), [
        (f'<span class="bad">{_text(who)}</span>' if who == "nobody" else _text(who), _text(name), _text(one.step.title),
         f'<span class="day{" bad" if one.late else ""}">{_text(one.said.due)}</span>', _missing(one))
        for who, name, one in rows], "Nothing is left to do.")


def _missing(one: Standing) -> str:
    """What a step misses, each once, the first three in words."""
    listed = list(dict.fromkeys(each.missing for each in one.missing))
    more = f'<br><span class="dim">and {len(listed) - 3} more</span>' if len(listed) > 3 else ""
    return "<br>".join(map(_text, listed[:3])) + more


def _risks(found: dict[str, list[Standing]], programme: list[Standing], late: list[tuple[str, Standing]], alarms: list[tuple[str, str, str]]) -> str:
    rows = [("late", _text(name), f"{_text(one.step.title)} was due {_text(one.said.due)}{f', {_text(one.said.owner)}' if one.said.owner else ''}") for name, one in late]
    for name, listed in (("programme", programme), *found.items()):
        rows += [("waived", _text(name), f"{_text(one.step.title)}: {_text(one.waived)}") for one in listed if one.state == "waived"]
        rows += [("waived", _text(name), f"{_text(each.title)}: {_text(each.waived)}") for one in listed for each in one.readings if each.waived]
        stated = [each.title for one in listed for each in one.readings if each.stated and each.passed]
        rows += [("stated, not measured", _text(name), _text(", ".join(stated)))] if stated else []
    rows += [(f'<span class="bad">{_text(kind)}</span>', "", f'{_text(sentence)} <span class="dim">since {_text(show.minute(at))}</span>') for at, kind, sentence in alarms]
    return _table(("", "partner", "what"), rows, "None that the program knows of.")


def _payback(kept: Sequence[Evidence]) -> str:
    newest = {one.partner: one for one in kept if (one.step, one.name) == ("analysis", "payback")}
    rows = sorted(newest.values(), key=lambda one: (one.value == "never", float(one.value) if one.value != "never" else 0.0, one.partner))
    return _table(("partner", "#months", "range, and what matters most", "computed"), [
        (_text(one.partner), f'<span class="bad">{_text(one.value)}</span>' if one.value == "never" else _text(one.value), _text(one.note), _text(one.day)) for one in rows],
        "No payback was computed yet.")


def _waves(kept: Sequence[Evidence], partners: Sequence[Partner]) -> str:
    newest = {one.partner: one for one in kept if (one.step, one.name) == ("rollout", "wave")}
    names = {one.name: one for one in partners}
    waves: dict[tuple[int, str], list[str]] = {}
    for name, one in newest.items():
        if name in names:
            waves.setdefault((int(one.value), one.day), []).append(name)
    rows = []
    for (number, day), listed in sorted(waves.items()):
        live = [name for name in listed if all(each.stage in ("live", "retest") for each in names[name].agreements if not each.test)]
        rows.append((str(number), _text(day), f"{len(live)} of {len(listed)}", ", ".join(f'<span class="{"good" if name in live else ""}">{_text(name)}</span>'
                                                                                         for name in sorted(listed))))
    return _table(("#wave", "from", "#live", "partners"), rows, "No waves are planned yet.")


def _text(text: str) -> str:
    return escape(show.clean(text))


def _figure(words: str, part: int, whole: int) -> str:
    share = part / whole if whole else 0
    return (f'<div><b>{part} of {whole}</b>{words}<div class="bar"><i style="width:{share:.1%}"></i></div></div>')


def _count(words: str, count: int) -> str:
    return f'<div><b class="{"bad" if count else "good"}">{count}</b>{words}</div>'


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    """A table of finished cells; a title with # in front is of numbers, one with | stands in the middle."""
    marks = [{"#": ' class="number"', "|": ' class="step"'}.get(title[:1], "") for title in titles]
    head = "".join(f"<th{mark}>{title.lstrip('#|')}</th>" for mark, title in zip(marks, titles, strict=True))
    body = "\n".join("<tr>" + "".join(f"<td{mark}>{cell}</td>" for mark, cell in zip(marks, row, strict=True)) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>' if body else f'<p class="good">{escape(empty)}</p>'
