"""`edi-bridge partner lint`: what is wrong or doubtful in partners' files."""

from __future__ import annotations

from typing import Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.catalog import HOME_HELP

DONE, FOUND, WRONG = 0, 1, 2
LEVELS = ("error", "warning", "note")


@click.command("lint", short_help="What is wrong or doubtful in partners' files.")
@click.argument("names", nargs=-1, metavar="[PARTNER]…")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--level", type=click.Choice(LEVELS), default="warning", show_default=True, help="The least level that is shown.")
@click.option("--home", metavar="DIR", help=HOME_HELP)
@options.json_option
def partner_lint(names: tuple[str, ...], strict: bool, level: str, home: str | None, as_json: bool) -> int:
    """Look for mistakes in the files of partners (none named: all), and in the profiles that they extend.

    An error cannot work; a warning is most likely not meant; a note is worth knowing (--level note). docs/partners.md lists the kinds.

    \b
    Examples:
      edi-bridge partner lint --home my-home
      edi-bridge partner lint acme --level note --json

    Exit codes: 0 nothing found, 1 errors (with --strict: or warnings), 2 there is no such partner.
    """
    from edi_bridge.linting import linted_partners

    catalog = options.catalog_of(options.optional_home(home))
    unknown = [name for name in names if name not in catalog.partner_files]
    for name in unknown:
        show.error(f"there is no partner {name}; known are {', '.join(catalog.partner_files)}")
    if unknown:
        return WRONG
    found = linted_partners(catalog, list(names) or list(catalog.partner_files))
    shown = [one for one in found if LEVELS.index(one["level"]) <= LEVELS.index(level)]
    if as_json:
        options.print_json(shown)
    else:
        tell(shown)
        counts = [show.number(count, one) for one in LEVELS if (count := sum(each["level"] == one for each in found))]
        show.note(f"{show.number(len(names) or len(catalog.partner_files), 'partner')} · {', '.join(counts) or 'nothing found'}")
    levels = {one["level"] for one in found}
    return FOUND if "error" in levels or (strict and "warning" in levels) else DONE


def tell(rows: list[dict[str, Any]]) -> None:
    """One line for each."""
    for one in rows:
        where = ":".join(str(part) for part in (one["file"], one["line"], one["column"]) if part)
        print(show.clean(f"{where}: {one['level']}: {one['sentence']} ({one['kind']})"))
