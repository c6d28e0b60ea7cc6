"""`edi-bridge map lint`: what is wrong or doubtful in maps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.catalog import HOME_HELP

if TYPE_CHECKING:
    from edi_bridge.mapping.lint import Remark

DONE, FOUND, WRONG = 0, 1, 2
STYLES = {"error": "red", "warning": "yellow", "note": "dim"}


@click.command("lint", short_help="What is wrong or doubtful in maps: file, line, column.")
@click.argument("maps", nargs=-1, metavar="[MAP]…")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--level", type=click.Choice(["error", "warning", "note"]), default="warning", show_default=True,
              help="The least level that is shown.")
@click.option("--home", metavar="DIR", help=HOME_HELP)
@options.json_option
def map_lint(maps: tuple[str, ...], strict: bool, level: str, home: str | None, as_json: bool) -> int:
    """Look for mistakes in maps (names or YAML files; none: all that are known), in the maps they extend, and in their fragments.

    An error is a rule that cannot work; a warning something that is most likely not meant; a note what is worth knowing
    (--level note). What a fragment shared by several maps says is told once.

    \b
    Examples:
      edi-bridge map lint
      edi-bridge map lint my-order.yaml --level note
      edi-bridge map lint order.edifact-d96a --strict --json

    Exit codes: 0 nothing found, 1 errors (with --strict: or warnings), 2 there is no such map.
    """
    from edi_bridge.linting import linted_map
    from edi_bridge.mapping.lint import LEVELS

    catalog = options.catalog_of(options.optional_home(home))
    names = list(maps) or sorted(catalog.map_index)
    unknown = [name for name in names if name not in catalog.map_index and not name.endswith((".yaml", ".yml"))]
    for name in unknown:
        show.error(f"there is no map {name}")
    if unknown:
        return WRONG
    found = {name: linted_map(name, catalog) for name in names}
    shown = [one for one in _merged(found) if LEVELS.index(one["level"]) <= LEVELS.index(level)]
    if as_json:
        options.print_json(shown)
    else:
        for one in shown:
            where = ":".join(str(part) for part in (one["file"], one["line"], one["column"]) if part)
            print(show.clean(f"{where}: {show_level(one['level'])} {one['sentence']} ({one['kind']}){_maps(one)}"))
        _sums([remark for remarks in found.values() for remark in remarks], len(names), _merged(found))
    worst = {remark["level"] for remark in _merged(found)}
    return FOUND if "error" in worst or strict and "warning" in worst else DONE


def show_level(level: str) -> str:
    """`error:`."""
    return f"{level}:"


def _merged(found: dict[str, list[Remark]]) -> list[dict[str, Any]]:
    """Each remark once, with the maps it is about, worst first within a file."""
    made: dict[tuple[Any, ...], dict[str, Any]] = {}
    for name, remarks in found.items():
        for one in remarks:
            key = (one.kind, one.origin, _without_field(one))
            entry = made.setdefault(key, {"level": one.level, "kind": one.kind, "file": one.origin.file, "line": one.origin.line,
                                          "column": one.origin.column, "sentence": one.sentence, "field": one.field, "maps": []})
            if name not in entry["maps"]:
                entry["maps"].append(name)
    return sorted(made.values(), key=lambda one: (one["file"], one["line"], one["column"], one["kind"]))


def _without_field(one: Remark) -> str:
    """The sentence without where in the record a fragment was used."""
    return one.sentence.removeprefix(f"{one.field}: ") if one.field else one.sentence


def _maps(one: dict[str, Any]) -> str:
    return f" in {len(one['maps'])} maps" if len(one["maps"]) > 1 else ""


def _sums(remarks: Iterable[Remark], maps: int, merged: list[dict[str, Any]]) -> None:
    counts = {level: sum(1 for one in merged if one["level"] == level) for level in STYLES}
    said = [show.style(show.number(count, level), STYLES[level]) for level, count in counts.items() if count]
    show.note(f"{show.number(maps, 'map')} · {', '.join(said) or 'nothing found'}")
