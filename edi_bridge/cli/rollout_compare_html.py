"""The comparison with the old channel as one page for the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edi_bridge.cli import html
from edi_bridge.cli.rollout_compare import run_words, sentence
from edi_bridge.onboarding.comparing_legacy import counted, worst

if TYPE_CHECKING:
    from edi_bridge.onboarding.comparing_legacy import Comparison
    from edi_bridge.rollout.comparison import Clean, Difference
    from edi_bridge.store.comparison import Result


def page(done: Sequence[Comparison], runs: Sequence[Clean]) -> str:
    """The whole page."""
    partner = done[0].lane.partner if done else ""
    parts = [f"<h1>{html.text(partner)}: EDI beside the old channel</h1>"]
    for one, run in zip(done, runs, strict=True):
        parts += [
            f"<h2>{html.text(one.lane.message)} ({one.lane.direction}) <span class=\"dim\">map {html.text(one.map)}</span></h2>",
            html.line(sentence(one)), html.line(run_words(run), "good" if not run.broke_day and run.days else "bad"),
            html.table(("field", "#documents", "#values", "#explained", "here", "old channel", "rule"), [
                (html.code(name), f"{documents:,}", f"{values:,}", f"{explained:,}" if explained else "", _side(each.ours), _side(each.theirs), html.text(each.rule))
                for name, documents, values, explained, each in counted(one.results)]),
            html.table(("document", "day", "outcome", "what differs"), [
                (html.text(each.key), f'<span class="day">{each.day}</span>',
                 f'<span class="{"bad" if each.unexplained else "good"}">{each.outcome.replace("_", " ")}</span>', _listed(each))
                for each in worst(one.results)]),
        ]
    return html.page(f"{partner}: comparison", parts)


def _listed(result: Result) -> str:
    return "<br>".join(_difference(one, reason) for one, reason in zip(result.differences, result.reasons, strict=True))


def _difference(one: Difference, reason: str) -> str:
    where = ", ".join(filter(None, (one.where, one.rule)))
    return (html.text(one.sentence()) + (f' <span class="dim">{html.text(where)}</span>' if where else "")
            + (f' <span class="good">explained: {html.text(reason)}</span>' if reason else ""))


def _side(text: str | None) -> str:
    return '<span class="dim">nothing</span>' if text is None else html.code(text)
