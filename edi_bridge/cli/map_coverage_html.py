"""The coverage of a map as one page for the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edi_bridge.cli import html, show
from edi_bridge.cli.trace import place_words
from edi_bridge.mapping.coverage import dormant
from edi_bridge.mapping.unread import WHY

if TYPE_CHECKING:
    from edi_bridge.mapping.coverage import Coverage, RuleUse, Unread

FEW = 15  # codes that are shown at once


def page(coverage: Coverage) -> str:
    """The whole page."""
    name, rules, places = coverage.compiled.name, coverage.rules(), coverage.unread_places()
    used = [one for one in rules if one.count]
    messages = show.number(coverage.messages, "message")
    return html.page(f"Coverage of {name}", [
        f"<h1>Coverage of {html.text(name)}</h1>",
        html.line(f"{coverage.compiled.spec.message} → {coverage.compiled.record}, over {messages}", "dim"),
        '<div class="figures">', _figure("rules exercised", len(used), len(rules)), _figure("values read", coverage.read, coverage.values), "</div>",
        "<h2>What comes to nothing</h2>", _unread(places),
        "<h2>Rules that no message exercises</h2>",
        html.table(("field", "path", "rule"), [
            (html.code(name), _paths(listed[0]) if listed[0].field == name else f"all {len(listed)} rules of it", html.text(str(listed[0].origin)))
            for name, listed in dormant(rules)], html.line("Every rule is exercised.", "good")),
        "<h2>Codes</h2>", _codes([one for one in used if one.known]),
        f"<details><summary>Exercised rules ({len(used)})</summary>",
        html.table(("field", "#times", "#by default", "path", "rule"), [
            (html.code(one.field), f"{one.count:,}", f"{one.defaults:,}" if one.defaults else "", _paths(one), html.text(str(one.origin))) for one in used]),
        "</details>",
    ])


def _figure(words: str, part: int, whole: int) -> str:
    share = part / whole if whole else 1
    return html.figure(f"{share:.0%}", words, share, f"{part:,} of {whole:,}")


def _paths(one: RuleUse) -> str:
    """Its paths; one that gave nothing while another did is marked."""
    return "<br>".join(html.code(words) + (' <span class="bad">gave nothing</span>' if one.count and not count else "") for words, count in one.paths)


def _unread(places: list[Unread]) -> str:
    rows = [(html.code(one.path), f"{one.count:,}", f"{one.messages:,}", f'<span title="{html.text(WHY[one.why])}">{html.text(one.why)}</span>',
             "<br>".join(f'{html.code(example.text)} <span class="dim">{html.text(example.source)}, {html.text(place_words(example.position))}</span>'
                         for example in one.examples)) for one in places]
    told = "".join(f'<p class="dim"><b>{html.text(why)}</b>: {html.text(WHY[why])}</p>' for why in dict.fromkeys(one.why for one in places))
    return html.table(("path", "#times", "#messages", "why", "examples"), rows, html.line("Everything that the messages say is read.", "good")) + told


def _codes(rules: list[RuleUse]) -> str:
    def seen(one: RuleUse) -> str:
        return "".join(f'<span class="code {"good" if code in one.known else "bad"}">{html.text(code)} × {count:,}</span>' for code, count in one.seen)

    def unseen(one: RuleUse) -> str:
        listed = "".join(f'<span class="code dim">{html.text(code)}</span>' for code in one.unseen)
        return listed if len(one.unseen) <= FEW else f"<details class=\"codes\"><summary>{len(one.unseen)} codes</summary>{listed}</details>"

    return html.table(("field", "seen (red: in no row of the table)", "never seen", "rule"), [
        (html.code(one.field), seen(one), unseen(one), html.text(str(one.origin))) for one in rules],
        html.line("No exercised rule has a table of codes.", "good"))
