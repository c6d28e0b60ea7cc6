"""`edi-bridge map diff`: what a changed map would have made of what came in."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import map_sources, options, show
from edi_bridge.fault import ConfigFault, Fault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.comparing import Change, Comparison, Way
    from edi_bridge.mapping.compile import CompiledMap

SAME, OTHER = 0, 1
LONG = 60  # characters of a value that an example shows
MANY = 6  # fields that the head of a group names


@click.command("diff", short_help="Two maps over the same messages: what differs, what now fails.")
@click.argument("old")
@click.argument("new")
@click.argument("files", nargs=-1, metavar="[FILE…]")
@click.option("--over", "over", multiple=True, metavar="FILE", help="A file or folder to compare over; more may follow.")
@map_sources.archive_option
@click.option("--partner", metavar="NAME", help="Of the archive, what this partner sent; of files, who sent them.")
@map_sources.since_option
@map_sources.home_option
@options.json_option
def map_diff(old: str, new: str, files: tuple[str, ...], over: tuple[str, ...], archive: bool, partner: str | None,
             since: str | None, home: str | None, as_json: bool) -> int:
    """Read every message that OLD and NEW are for with both, and say which come out the same, which differ and in what fields,
    which fail only with NEW and which only with OLD. Nothing is posted.

    OLD and NEW are names of maps or YAML files, for the same message. Messages of a partner whose agreement names yet another
    map are left out, unless --partner names the partner.

    \b
    Examples:
      edi-bridge map diff order.edifact-d96a changed.yaml --over inbox/
      edi-bridge map diff order.edifact-d96a changed.yaml --archive --since 2026-11-01
      edi-bridge map diff order.x12-4010-850 order.x12-4010-850-bluebird --archive --partner bluebird_stores --json

    Exit codes: 0 all messages come out the same, 1 something differs or fails, or there was nothing to compare, 2 wrong use or
    configuration.
    """
    if archive == bool(over or files):
        raise click.UsageError("say what to compare over: --over FILE… or --archive")
    from edi_bridge.comparing import Comparison

    catalog = map_sources.catalog_for(home, archive)
    maps = (catalog.map_named(old), catalog.map_named(new))
    _must_fit(*maps)
    if partner:
        catalog.partner_named(partner)
    comparison, left, troubled = Comparison(), Counter[str](), False
    originals = map_sources.of_archive(home, partner, since) if archive else map_sources.of_files((*over, *files))
    for original in originals:
        try:
            _over(original, catalog, (old, new), maps, "" if archive else partner or "", bool(partner), comparison, left)
        except Fault as fault:
            show.problems(fault) if isinstance(fault, ConfigFault) else show.error(f"{original.name}: {fault}")
            troubled = True
    _json(comparison, left) if as_json else _print(comparison, old, new)
    sys.stdout.flush()
    map_sources.tell_left_out(left)
    return 2 if troubled else SAME if comparison.messages and comparison.same else OTHER


def _must_fit(old: CompiledMap, new: CompiledMap) -> None:
    """ConfigFault where the maps are for different messages or records."""
    sheets = {"csv", "fixed"}
    if old.spec.message != new.spec.message and not {old.standard, new.standard} <= sheets:
        raise ConfigFault.at("", 0, 0, f"{old.name} is for {old.spec.message}, {new.name} for {new.spec.message}: nothing to compare")
    if old.record != new.record:
        raise ConfigFault.at("", 0, 0, f"{old.name} makes records of type {old.record}, {new.name} of type {new.record}")


def _over(original: Any, catalog: Catalog, names: tuple[str, str], maps: tuple[CompiledMap, CompiledMap], told: str, all_: bool,
          comparison: Comparison, left: Counter[str]) -> None:
    """Compare over one original."""
    from edi_bridge import replaying
    from edi_bridge.comparing import compare

    for one in replaying.taken(original, catalog, names, told):
        other = "" if all_ else replaying.other_map(one, maps)
        if other:
            left[other] += 1
            continue
        pair = (one.messages[0], one.messages[1])
        compared = compare(*maps, one.interchange, pair, one.partner, catalog)
        comparison.take(compared, one.partner.name if one.partner is not None else "", one.source, one.message)


# --- output -----------------------------------------------------------------------------------------------------------


def _print(comparison: Comparison, old: str, new: str) -> None:
    from edi_bridge.comparing import DIFFERS, FAILS, PASSES, SAME

    if not comparison.messages:
        show.note("no message that these maps are for was found; nothing was compared")
        return
    print(show.clean(comparison.sentence()))
    if comparison.same:
        return
    show.heading("By partner")
    kinds = (SAME, DIFFERS, FAILS, PASSES)
    show.table(("partner", *(f">{kind}" for kind in kinds)),
               ([partner or "(unknown)", *(counts[kind] or "" for kind in kinds)]
                for partner, counts in sorted(comparison.partners.items())), indent=2)
    for outcome, title in ((FAILS, "Newly failing"), (DIFFERS, "Differing"), (PASSES, "Newly passing")):
        groups = comparison.groups(outcome)
        if groups:
            show.heading(title)
        for way in groups:
            _way(way)


def _way(way: Way) -> None:
    who = way.partner or "unknown partner"
    more = f" and {len(way.fields) - MANY} more" if len(way.fields) > MANY else ""
    print(show.clean(f"  {show.number(way.count, 'message')} of {who}: {', '.join(way.fields[:MANY])}{more}"))
    for example in way.examples:
        reference = f" {example.reference}" if example.reference else ""
        print(show.clean(f"    {example.source}, message {example.message}{reference}"))
        for change in example.changes:
            print(show.clean(f"      {change.path}: {_told(change)}"))
        for reason in example.reasons:
            print(show.clean(f"      {reason}"))


def _told(change: Change) -> str:
    return " → ".join("nothing" if text is None else show.cut(text, LONG) for text in (change.old, change.new))


def _json(comparison: Comparison, left: Counter[str]) -> None:
    options.print_json({
        "messages": comparison.messages,
        "outcomes": dict(comparison.counts),
        "partners": {partner: dict(counts) for partner, counts in sorted(comparison.partners.items())},
        "left_out": dict(left),
        "groups": [asdict(way) for outcome in ("newly failing", "differs", "newly passing") for way in comparison.groups(outcome)],
    })
