"""`edi-bridge map coverage`: what of a map some messages exercise, and what of the messages no rule reads."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import map_sources, options, show
from edi_bridge.cli.trace import place_words
from edi_bridge.fault import ConfigFault, Fault, TransientFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.mapping.coverage import Coverage, RuleUse, Unread

DONE, NOTHING, WRONG = 0, 1, 2
LONG = 60  # characters of an example that a table shows
MANY = 12  # codes that never came, of one rule


@click.command("coverage", short_help="Which rules of a map messages exercise, and what no rule reads.")
@click.argument("map_", metavar="MAP")
@click.argument("files", nargs=-1, metavar="[FILE…]")
@map_sources.archive_option
@click.option("--partner", metavar="NAME", help="Of the archive, what this partner sent; of files, who sent them.")
@map_sources.since_option
@click.option("--html", metavar="FILE", help="Write a page for the browser as well.")
@click.option("--all", "all_", is_flag=True, help="List the exercised rules as well.")
@map_sources.home_option
@options.json_option
def map_coverage(map_: str, files: tuple[str, ...], archive: bool, partner: str | None, since: str | None, html: str | None,
                 all_: bool, home: str | None, as_json: bool) -> int:
    """Read messages with MAP (a name, or a YAML file) and say which of its rules, paths and codes they exercise, and which
    data of theirs no rule reads: by path, with the reason, how often, and examples.

    Messages are those of the type that MAP is for in FILE… (files or folders), with --archive in the home's archive; else the
    samples that the map names under tests:. Messages of a partner whose agreement names another map are left out, unless
    --partner names the partner.

    \b
    Examples:
      edi-bridge map coverage order.edifact-d96a
      edi-bridge map coverage order.edifact-d96a inbox/ --html coverage.html
      edi-bridge map coverage order.x12-4010-850 --archive --partner bluebird_stores --json

    Exit codes: 0 done, 1 no message that the map is for was found, 2 wrong use or configuration.
    """
    if archive and files:
        raise click.UsageError("either files or --archive")
    from edi_bridge import replaying
    from edi_bridge.mapping.coverage import Coverage

    catalog = map_sources.catalog_for(home, archive)
    compiled = catalog.map_named(map_)
    if partner:
        catalog.partner_named(partner)
    coverage, left, code = Coverage(compiled), Counter[str](), DONE
    names = files or (() if archive else tuple(map_sources.of_samples(compiled, catalog)))
    for original in map_sources.of_archive(home, partner, since) if archive else map_sources.of_files(names):
        try:
            for one in replaying.taken(original, catalog, (map_,), "" if archive else partner or ""):
                other = replaying.other_map(one, (compiled,)) if (files or archive) and not partner else ""
                if other:
                    left[other] += 1
                else:
                    coverage.take(one.message, _short(one.source, catalog))
        except Fault as fault:
            show.problems(fault) if isinstance(fault, ConfigFault) else show.error(f"{show.clean(original.name)}: {fault}")
            code = WRONG
    if html:
        _page(html, coverage)
    _json(coverage) if as_json else _print(coverage, all_)
    sys.stdout.flush()
    map_sources.tell_left_out(left)
    return code or (DONE if coverage.messages else NOTHING)


def _short(name: str, catalog: Catalog) -> str:
    """A sample by its name under the folder it is shipped in; any other file as it was named."""
    root = next((root for root in catalog.roots if name.startswith(f"{root}/samples/")), None)
    return name if root is None else name[len(str(root)) + 1:]


def _page(file: str, coverage: Coverage) -> None:
    from edi_bridge.cli.map_coverage_html import page

    try:
        Path(file).write_text(page(coverage), encoding="utf-8")
    except OSError as error:
        raise TransientFault(f"{file} cannot be written: {error.strerror or error}") from None


# --- for people -------------------------------------------------------------------------------------------------------


def _print(coverage: Coverage, all_: bool) -> None:
    from edi_bridge.mapping.coverage import dormant

    rules = coverage.rules()
    used = [one for one in rules if one.count]
    print(f"{coverage.compiled.name}: {show.number(coverage.messages, 'message')}, {len(used)} of {show.number(len(rules), 'rule')} "
          f"exercised ({coverage.share():.0%}), {coverage.read:,} of {show.number(coverage.values, 'value')} read")
    if not coverage.messages:
        show.note(f"no message that {coverage.compiled.name} is for ({coverage.compiled.spec.message}) was found")
        return
    _unread(coverage.unread_places())
    never = dormant(rules)
    if all_:
        show.heading("Exercised rules")
        show.table(("field", ">times", "path", "rule"), [_rule(one) for one in used], indent=2)
    if never:
        show.heading("Rules that no message exercises")
        show.table(("field", "path", "rule"), [
            (name, _paths(listed[0]) if listed[0].field == name else f"({show.number(len(listed), 'rule')})", str(listed[0].origin))
            for name, listed in never], indent=2)
    _alternatives([one for one in used if len(one.paths) > 1 and not all(count for _, count in one.paths)])
    _codes([one for one in used if one.known])


def _unread(places: list[Unread]) -> None:
    from edi_bridge.mapping.unread import WHY

    if not places:
        print("\nEverything that the messages say is read.")
        return
    show.heading("What comes to nothing")
    show.table(("path", ">times", ">messages", "why", "example", "where"), [
        (one.path, one.count, one.messages, one.why, show.cut(one.examples[0].text, LONG),
         f"{one.examples[0].source}, {place_words(one.examples[0].position)}")
        for one in places], indent=2)
    for why in dict.fromkeys(one.why for one in places):
        show.note(f"  {why}: {WHY[why]}")


def _rule(one: RuleUse) -> tuple[Any, ...]:
    return one.field, one.count, _paths(one), str(one.origin)


def _paths(one: RuleUse) -> str:
    return " | ".join(words for words, _ in one.paths)


def _alternatives(listed: list[RuleUse]) -> None:
    if listed:
        show.heading("Paths of exercised rules that gave nothing")
        show.table(("field", "path", "rule"), [(one.field, words, str(one.origin)) for one in listed for words, count in one.paths if not count],
                   indent=2)


def _codes(listed: list[RuleUse]) -> None:
    if listed:
        show.heading("Codes")
        show.table(("field", "~seen", "~never seen", "rule"), [
            (one.field, ", ".join(f"{code} {count}" + ("" if code in one.known else " (in no row)") for code, count in one.seen),
             _few(one.unseen), str(one.origin)) for one in listed], indent=2)


def _few(codes: tuple[str, ...]) -> str:
    more = len(codes) - MANY
    return " ".join(codes) if more <= 0 else f"{' '.join(codes[:MANY])} and {more} more"


# --- for programs -----------------------------------------------------------------------------------------------------


def _json(coverage: Coverage) -> None:
    rules = coverage.rules()
    options.print_json({
        "map": coverage.compiled.name,
        "message": coverage.compiled.spec.message,
        "messages": coverage.messages,
        "rules": {"all": len(rules), "exercised": sum(1 for one in rules if one.count)},
        "values": {"all": coverage.values, "read": coverage.read},
        "fields": [{
            "field": one.field,
            "rule": {"file": one.origin.file, "line": one.origin.line, "column": one.origin.column},
            "count": one.count,
            "defaults": one.defaults,
            "paths": [{"path": words, "count": count} for words, count in one.paths],
            "codes": {"seen": dict(one.seen), "never_seen": list(one.unseen)} if one.known else None,
        } for one in rules],
        "unread": [{
            "path": one.path,
            "why": one.why,
            "count": one.count,
            "messages": one.messages,
            "examples": [{"text": example.text, "source": example.source, "segment": example.position.segment,
                          "line": example.position.line, "offset": example.position.offset, "length": example.position.length}
                         for example in one.examples],
        } for one in coverage.unread_places()],
    })
