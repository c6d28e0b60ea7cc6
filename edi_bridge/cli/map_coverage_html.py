"""The coverage of a map as one page for the browser: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from edi_bridge.cli import show
from edi_bridge.cli.trace import place_words
from edi_bridge.mapping.coverage import dormant
from edi_bridge.mapping.unread import WHY

if TYPE_CHECKING:
    from edi_bridge.mapping.coverage import Coverage, RuleUse, Unread

FEW = 15  # codes that are shown at once
STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --good: #2e7d32; --bad: #b3261e; --dim: #777; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; } p { margin: .3rem 0; }
.dim { color: var(--dim); } .good { color: var(--good); } .bad { color: var(--bad); }
.figures { display: flex; gap: 2.5rem; margin: 1.2rem 0; flex-wrap: wrap; } .figures b { display: block; font-size: 1.6rem; }
.bar { height: .45rem; background: var(--soft); border-radius: 3px; width: 9rem; } .bar i { display: block; height: 100%; background: var(--good); border-radius: 3px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--dim); } th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; } code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
details { margin-top: 1.2rem; } summary { cursor: pointer; font-weight: 600; }
details.codes { margin: 0; } .codes summary { font-weight: 400; color: var(--dim); }
.code { display: inline-block; border: 1px solid var(--line); border-radius: 3px; padding: 0 .35rem; margin: .1rem .15rem .1rem 0; font: 13px ui-monospace, monospace; }
"""


def page(coverage: Coverage) -> str:
    """The whole page. All that comes from messages and maps is escaped, and control characters are made visible."""
    name, rules, places = coverage.compiled.name, coverage.rules(), coverage.unread_places()
    used = [one for one in rules if one.count]
    messages = show.number(coverage.messages, "message")
    parts = [
        f"<h1>Coverage of {_text(name)}</h1>",
        f'<p class="dim">{_text(coverage.compiled.spec.message)} → {_text(coverage.compiled.record)}, over {messages}</p>',
        '<div class="figures">', _figure("rules exercised", len(used), len(rules)), _figure("values read", coverage.read, coverage.values), "</div>",
        "<h2>What comes to nothing</h2>", _unread(places),
        "<h2>Rules that no message exercises</h2>",
        _table(("field", "path", "rule"), [
            (_code(name), _paths(listed[0]) if listed[0].field == name else f"all {len(listed)} rules of it", _text(str(listed[0].origin)))
            for name, listed in dormant(rules)], "Every rule is exercised."),
        "<h2>Codes</h2>", _codes([one for one in used if one.known]),
        f"<details><summary>Exercised rules ({len(used)})</summary>",
        _table(("field", "#times", "#by default", "path", "rule"),
               [(_code(one.field), f"{one.count:,}", f"{one.defaults:,}" if one.defaults else "", _paths(one), _text(str(one.origin))) for one in used], ""),
        "</details>",
    ]
    return ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
            f"<title>Coverage of {_text(name)}</title><style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n")


def _text(text: str) -> str:
    return escape(show.clean(text))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _figure(words: str, part: int, whole: int) -> str:
    share = part / whole if whole else 1
    return (f"<div><b>{share:.0%}</b>{words}<br><span class=\"dim\">{part:,} of {whole:,}</span>"
            f"<div class=\"bar\"><i style=\"width:{share:.1%}\"></i></div></div>")


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    """A table of finished cells; a title with # in front is of numbers."""
    marks = [' class="number"' if title[0] == "#" else "" for title in titles]
    head = "".join(f"<th{mark}>{escape(title.lstrip('#'))}</th>" for mark, title in zip(marks, titles, strict=True))
    body = "\n".join("<tr>" + "".join(f"<td{mark}>{cell}</td>" for mark, cell in zip(marks, row, strict=True)) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>' if body else f'<p class="good">{escape(empty)}</p>'


def _paths(one: RuleUse) -> str:
    """Its paths; one that gave nothing while another did is marked."""
    return "<br>".join(_code(words) + (' <span class="bad">gave nothing</span>' if one.count and not count else "") for words, count in one.paths)


def _unread(places: list[Unread]) -> str:
    rows = [(_code(one.path), f"{one.count:,}", f"{one.messages:,}", f'<span title="{escape(WHY[one.why])}">{escape(one.why)}</span>',
             "<br>".join(f'{_code(example.text)} <span class="dim">{_text(example.source)}, {_text(place_words(example.position))}</span>'
                         for example in one.examples)) for one in places]
    told = "".join(f'<p class="dim"><b>{escape(why)}</b>: {escape(WHY[why])}</p>' for why in dict.fromkeys(one.why for one in places))
    return _table(("path", "#times", "#messages", "why", "examples"), rows, "Everything that the messages say is read.") + told


def _codes(rules: list[RuleUse]) -> str:
    def seen(one: RuleUse) -> str:
        return "".join(f'<span class="code {"good" if code in one.known else "bad"}">{_text(code)} × {count:,}</span>' for code, count in one.seen)

    def unseen(one: RuleUse) -> str:
        listed = "".join(f'<span class="code dim">{_text(code)}</span>' for code in one.unseen)
        return listed if len(one.unseen) <= FEW else f"<details class=\"codes\"><summary>{len(one.unseen)} codes</summary>{listed}</details>"

    return _table(("field", "seen (red: in no row of the table)", "never seen", "rule"),
                  [(_code(one.field), seen(one), unseen(one), _text(str(one.origin))) for one in rules], "No exercised rule has a table of codes.")
