"""`edi-bridge map` and `edi-bridge partner`: what is known here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.commands import commands_of

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog

HOME_HELP = "A home with own maps and partners (default: EDI_BRIDGE_HOME; else only the shipped ones)."


# command → (module, its name there, one line for --help), in the order of --help
MAP_COMMANDS = {
    "list": ("catalog", "map_list", "List the maps: name, message, what it extends."),
    "lint": ("map_lint", "map_lint", "What is wrong or doubtful in maps: file, line, column."),
    "show": ("map_show", "map_show", "The rules of a map, with the layer each comes from."),
    "coverage": ("map_coverage", "map_coverage", "Which rules messages exercise, and what no rule reads."),
    "diff": ("map_diff", "map_diff", "Two maps over the same messages: what differs, what now fails."),
    "trace": ("trace", "trace", "Where each field of a record comes from (the same as edi-bridge trace)."),
    "new": ("map_new", "map_new", "A first map from a guide and samples."),
    "schema": ("map_schema", "map_schema", "The JSON Schema of maps, for editors."),
    "test": ("map_test", "map_test", "Prove maps on their samples, reading and writing."),
}


@click.group("map", cls=commands_of(MAP_COMMANDS))
def map_() -> None:
    """Maps: those of the home first, then the shipped ones."""


@click.command("list")
@click.option("--home", metavar="DIR", help=HOME_HELP)
@options.json_option
def map_list(home: str | None, as_json: bool) -> None:
    """List the maps: name, message, what it extends, and where its file is.

    \b
    Example:
      edi-bridge map list
    """
    place = options.optional_home(home)
    catalog = options.catalog_of(place)
    rows = [_row(name, catalog, place) for name in sorted(catalog.map_index)]
    if as_json:
        options.print_json(rows)
        return
    show.table(
        ("map", "~record", "~message", "from", "~about"),
        [(row["name"], row["record"], row["message"], row["from"], row["about"]) for row in rows],
    )


PARTNER_COMMANDS = {
    "list": ("catalog", "partner_list", "List the partners: addresses in envelopes, what is agreed."),
    "show": ("partner_show", "partner_show", "What is agreed with a partner, each setting with the line it comes from."),
    "lint": ("partner_lint", "partner_lint", "What is wrong or doubtful in partners' files."),
    "new": ("partner_new", "partner_new", "A first file for a partner, from an interchange of theirs or by questions."),
    "trust": ("partner_trust", "trust", "A changed host key or certificate: compare, then pin it."),
    "package": ("partner_package", "partner_package", "A partner as a folder or zip with hashes; package import brings one in."),
    "ping": ("partner_ping", "ping", "Try a partner's channels: connect, sign in, list, put, get, delete."),
}


@click.group("partner", cls=commands_of(PARTNER_COMMANDS))
def partner() -> None:
    """The partners that are known: those of the home first, then the shipped ones."""


@click.command("list")
@click.option("--home", metavar="DIR", help=HOME_HELP)
@options.json_option
def partner_list(home: str | None, as_json: bool) -> None:
    """List the partners: their addresses in envelopes and what is agreed with them.

    \b
    Example:
      edi-bridge partner list --home my-home
    """
    place = options.optional_home(home)
    catalog = options.catalog_of(place)
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "title": one.title,
            "identities": [
                f"{identity.qualifier}:{identity.id}" if identity.qualifier else identity.id
                for identity in one.identities
            ],
            "agreements": [
                {"message": agreement.message, "direction": agreement.direction, "map": agreement.map, "test": agreement.test, "stage": agreement.stage}
                for agreement in one.agreements
            ],
            "roles": list(one.roles),
            "priority": one.priority,
            "file": one.file,
            "profiles": [layer.rpartition("/")[2].removesuffix(".yaml") for layer in one.layers[1:]],
        }
        for one in catalog.partners
    ]
    if as_json:
        options.print_json(rows)
        return
    if not rows:
        show.note("no partners yet: put a file into partners/ of the home")
    show.table(
        ("partner", "~name", "~addresses", "~agreed", "profile"),
        [
            (
                row["name"],
                row["title"],
                ", ".join(row["identities"]),
                ", ".join(one["message"] + " out" * (one["direction"] == "out") + f" ({one['stage']})" * (one["stage"] != "live")
                          for one in row["agreements"]),
                row["profiles"][0] if row["profiles"] else "",
            )
            for row in rows
        ],
    )


def _row(name: str, catalog: Catalog, home: Path | None) -> dict[str, str]:
    """What a map says of itself; what it leaves to the map that it extends is taken from there."""
    path = catalog.map_index[name][0]
    text = path.read_text("utf-8", "replace")
    row = {
        "name": name,
        "message": _line(text, "message"),
        "record": _line(text, "record"),
        "extends": _line(text, "extends"),
        "about": _line(text, "about"),
        "from": "home" if home and path.is_relative_to(home) else "shipped",
        "file": str(path),
    }
    above, seen = row["extends"], {name}
    while above in catalog.map_index and above not in seen:
        seen.add(above)
        text = catalog.map_index[above][0].read_text("utf-8", "replace")
        row["message"], row["record"] = row["message"] or _line(text, "message"), row["record"] or _line(text, "record")
        above = _line(text, "extends")
    return row


def _line(text: str, key: str) -> str:
    """The first sentence of a text at the top level of a YAML file, without parsing it: a map with mistakes is listed
    too."""
    found = re.search(rf"^{key}:[ \t]*(?:[|>][-+]?[ \t]*\n((?:[ \t]+[^\n]*\n?|\n)+)|([^\n]*))", text, re.MULTILINE)
    if not found:
        return ""
    if found.group(1) is not None:
        words = " ".join(found.group(1).split())
    else:
        words = re.sub(r"[ \t]+#.*", "", found.group(2)).strip().strip("\"'")
    return re.split(r"(?<=[.;:]) ", words, maxsplit=1)[0].rstrip(";:") if key == "about" else words
