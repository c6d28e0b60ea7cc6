"""Pages for the browser: one frame, one look, tables and figures. No script, nothing loaded from elsewhere.

A cell, a heading and a paragraph are finished HTML. All that comes from messages, maps and people is made so by `text` or `code`:
escaped, its control characters visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from edi_bridge.cli import show

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --good: #2e7d32; --bad: #b3261e; --dim: #777; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; } p { margin: .3rem 0; }
.dim { color: var(--dim); } .good { color: var(--good); } .bad { color: var(--bad); } .day { white-space: nowrap; }
.figures { display: flex; gap: 2.5rem; margin: 1.2rem 0; flex-wrap: wrap; } .figures b { display: block; font-size: 1.7rem; }
.bar { height: .45rem; background: var(--soft); border-radius: 3px; width: 9rem; } .bar i { display: block; height: 100%; background: var(--good); border-radius: 3px; }
.wide { overflow-x: auto; } .wide + .wide { margin-top: 1.4rem; } table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--dim); } th, td { padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; } td.step, th.step { text-align: center; padding-right: .3rem; }
code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.mark { display: inline-block; min-width: 1.5rem; border-radius: 3px; padding: 0 .2rem; background: var(--soft); }
.mark.done { background: #2e7d3233; color: var(--good); } .mark.late { outline: 2px solid var(--bad); }
details { margin-top: 1.2rem; } summary { cursor: pointer; font-weight: 600; }
details.codes { margin: 0; } .codes summary { font-weight: 400; color: var(--dim); }
.code { display: inline-block; border: 1px solid var(--line); border-radius: 3px; padding: 0 .35rem; margin: .1rem .15rem .1rem 0; font: 13px ui-monospace, monospace; }
@media (prefers-color-scheme: dark) { :root { --good: #81c784; --bad: #f28b82; --dim: #9a9a9a; } }
@media print { body { margin: 0; max-width: none; font-size: 12px; } }
"""
_COLUMNS = {"#": ' class="number"', "|": ' class="step"'}


def page(title: str, parts: Iterable[str]) -> str:
    """The whole page; `title` is plain text, `parts` stand in it one below another."""
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{text(title)}</title><style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n")


def text(plain: str) -> str:
    """Any text as HTML: escaped, also for attributes; control characters made visible."""
    return escape(show.clean(plain))


def code(plain: str) -> str:
    """The same in the letters of a terminal."""
    return f"<code>{text(plain)}</code>"


def line(sentence: str, look: str = "") -> str:
    """A plain sentence as a paragraph, `look` one of good, bad, dim."""
    return f'<p class="{look}">{text(sentence)}</p>' if look else f"<p>{text(sentence)}</p>"


def figure(large: str, words: str, share: float, small: str = "") -> str:
    """A figure, what it counts, and a bar of its share (0 to 1)."""
    below = f'<br><span class="dim">{text(small)}</span>' if small else ""
    return f'<div><b>{text(large)}</b>{text(words)}{below}<div class="bar"><i style="width:{share:.1%}"></i></div></div>'


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], empty: str = "") -> str:
    """A table of finished cells; a title with # in front is of numbers, one with | stands in the middle. Without rows: what `empty` says
    (finished, as `line` makes it)."""
    marks = [_COLUMNS.get(title[:1], "") for title in titles]
    head = "".join(f"<th{mark}>{title.lstrip('#|')}</th>" for mark, title in zip(marks, titles, strict=True))
    body = "\n".join("<tr>" + "".join(f"<td{mark}>{cell}</td>" for mark, cell in zip(marks, row, strict=True)) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>' if body else empty
