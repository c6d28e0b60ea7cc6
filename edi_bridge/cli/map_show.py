"""`edi-bridge map show`: what a map says, and with --effective every rule with the layer it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.catalog import HOME_HELP

if TYPE_CHECKING:
    from edi_bridge.mapping.compile import CompiledMap
    from edi_bridge.mapping.effective import Row

INDENT = "  "
TITLES = ("field", "type", "path", "~conversion", "rule", "layer")


@click.command("show", short_help="The rules of a map, with the layer each comes from.")
@click.argument("name", metavar="MAP")
@click.option("--effective", is_flag=True, help="Every rule, those of the maps it extends and of fragments too.")
@click.option("--field", "field_", metavar="PATH", default="", help="Only this field, or all below it: lines.quantity, buyer.")
@click.option("--home", metavar="DIR", help=HOME_HELP)
@options.json_option
def map_show(name: str, effective: bool, field_: str, home: str | None, as_json: bool) -> int:
    """Show what the map MAP (its name, or a YAML file) is for, and its rules with their full paths.

    Without --effective: the rules that stand in the map's own file. A field that is read from several places has a line for each;
    ▸ marks the one that is written.

    \b
    Examples:
      edi-bridge map show order.edifact-d96a-acme
      edi-bridge map show order.edifact-d96a --effective --field lines.gtin
    """
    from edi_bridge.mapping.effective import rows

    one = options.catalog_of(options.optional_home(home)).map_named(name)
    listed = [row for row in rows(one.plan, one.structure) if _wanted(row, field_) and (effective or row.layer.startswith("map "))]
    if as_json:
        options.print_json({**_head(one), "rules": [_object(row) for row in listed]})
        return 0
    if not field_:
        for key, value in _head(one).items():
            if value:
                print(f"{key:<9} {show.clean(', '.join(map(str, value)) if isinstance(value, list) else str(value))}")
        print()
    if not listed:
        show.note(f"{one.name} has no rule for {field_}" if field_ else f"{one.name} has no rules of its own; --effective shows those it gets")
        return 1 if field_ else 0
    show.table(TITLES, [cells for row in listed for cells in _cells(row)])
    return 0


def _wanted(row: Row, field_: str) -> bool:
    return not field_ or row.field == field_ or row.field.startswith(f"{field_}.")


def _head(one: CompiledMap) -> dict[str, Any]:
    spec = one.spec
    return {"map": spec.name, "message": spec.message, "record": spec.record,
            "layers": list(spec.layers),
            "writes": ", ".join(f"{key} is {' or '.join(map(str, values))}" for key, values in (spec.when or {}).items()),
            "tests": [str(test.get("sample")) for test in spec.tests]}


def _cells(row: Row) -> list[tuple[str, ...]]:
    """A line for each of the rule's paths."""
    title = INDENT * row.depth + row.name if row.kind != "write" else "(only written)"
    origin = f"{row.origin.file}:{row.origin.line}"
    several = len(row.paths) > 1
    paths = [("▸ " if several and number == row.written else "  " if several else "") + path for number, path in enumerate(row.paths)]
    first = (title, row.type, paths[0] if paths else "", row.words, origin if row.paths or row.words else "", row.layer)
    return [first, *(("", "", path, "", "", "") for path in paths[1:])]


def _object(row: Row) -> dict[str, Any]:
    return {"field": row.field, "kind": row.kind, "type": row.type, "paths": list(row.paths),
            "written": row.paths[row.written] if row.paths else None, "says": row.words,
            "rule": {"file": row.origin.file, "line": row.origin.line, "column": row.origin.column}, "layer": row.layer}
