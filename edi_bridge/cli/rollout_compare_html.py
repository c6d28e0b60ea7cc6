"""The comparison with the old channel as one page for the browser: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from edi_bridge.cli import show
from edi_bridge.cli.map_coverage_html import STYLE
from edi_bridge.cli.rollout_compare import run_words, sentence
from edi_bridge.onboarding.comparing_legacy import counted, worst

if TYPE_CHECKING:
    from edi_bridge.onboarding.comparing_legacy import Comparison
    from edi_bridge.rollout.comparison import Clean, Difference
    from edi_bridge.store.comparison import Result


def page(done: Sequence[Comparison], runs: Sequence[Clean]) -> str:
    """The whole page. All that comes from documents and maps is escaped, and control characters are made visible."""
    partner = done[0].lane.partner if done else ""
    parts = [f"<h1>{_text(partner)}: EDI beside the old channel</h1>"]
    for one, run in zip(done, runs, strict=True):
        good = "good" if not run.broke_day and run.days else "bad"
        parts += [
            f"<h2>{_text(one.lane.message)} ({one.lane.direction}) <span class=\"dim\">map {_text(one.map)}</span></h2>",
            f"<p>{_text(sentence(one))}</p>", f'<p class="{good}">{_text(run_words(run))}</p>',
            _table(("field", "#documents", "#values", "#explained", "here", "old channel", "rule"), [
                (_code(name), f"{documents:,}", f"{values:,}", f"{explained:,}" if explained else "", _side(each.ours), _side(each.theirs), _text(each.rule))
                for name, documents, values, explained, each in counted(one.results)]),
            _table(("document", "day", "outcome", "what differs"), [
                (_text(each.key), each.day, f'<span class="{"bad" if each.unexplained else "good"}">{each.outcome.replace("_", " ")}</span>', _listed(each))
                for each in worst(one.results)]),
        ]
    return ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
            f"<title>{_text(partner)}: comparison</title><style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n")


def _listed(result: Result) -> str:
    return "<br>".join(_difference(one, reason) for one, reason in zip(result.differences, result.reasons, strict=True))


def _difference(one: Difference, reason: str) -> str:
    where = ", ".join(filter(None, (one.where, one.rule)))
    return (_text(one.sentence()) + (f' <span class="dim">{_text(where)}</span>' if where else "")
            + (f' <span class="good">explained: {_text(reason)}</span>' if reason else ""))


def _text(text: str) -> str:
    return escape(show.clean(text))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _side(text: str | None) -> str:
    return '<span class="dim">nothing</span>' if text is None else _code(text)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of finished cells; a title with # in front is of numbers; nothing where there is no row."""
    marks = [' class="number"' if title[0] == "#" else "" for title in titles]
    head = "".join(f"<th{mark}>{escape(title.lstrip('#'))}</th>" for mark, title in zip(marks, titles, strict=True))
    body = "\n".join("<tr>" + "".join(f"<td{mark}>{cell}</td>" for mark, cell in zip(marks, row, strict=True)) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>' if body else ""
