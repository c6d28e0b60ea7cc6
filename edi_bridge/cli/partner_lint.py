"""`edi-bridge partner lint`: what is wrong or doubtful in partners' files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.catalog import HOME_HELP
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.partner import Partner

DONE, FOUND, WRONG = 0, 1, 2
LEVELS = ("error", "warning", "note")
GETS = ("get", "we_get", "list")  # the options that say where a channel fetches
SERVED = "http-in"  # the kind whose files come by themselves
Row = dict[str, Any]


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
    catalog = options.catalog_of(options.optional_home(home))
    unknown = [name for name in names if name not in catalog.partner_files]
    for name in unknown:
        show.error(f"there is no partner {name}; known are {', '.join(catalog.partner_files)}")
    if unknown:
        return WRONG
    found = linted(catalog, list(names) or list(catalog.partner_files))
    shown = [one for one in found if LEVELS.index(one["level"]) <= LEVELS.index(level)]
    if as_json:
        options.print_json(shown)
    else:
        tell(shown)
        counts = [show.number(count, one) for one in LEVELS if (count := sum(each["level"] == one for each in found))]
        show.note(f"{show.number(len(names) or len(catalog.partner_files), 'partner')} · {', '.join(counts) or 'nothing found'}")
    levels = {one["level"] for one in found}
    return FOUND if "error" in levels or (strict and "warning" in levels) else DONE


def tell(rows: list[Row]) -> None:
    """One line for each."""
    for one in rows:
        where = ":".join(str(part) for part in (one["file"], one["line"], one["column"]) if part)
        print(show.clean(f"{where}: {one['level']}: {one['sentence']} ({one['kind']})"))


def linted(catalog: Catalog, names: list[str]) -> list[Row]:
    """The remarks about partners, each once, in the order of files and lines. What cannot be read is one of them; the others are
    looked at all the same."""
    from edi_bridge.partner.addressing import clashes

    rows: list[Row] = []
    loaded: list[Partner] = []
    for name in catalog.partner_files:
        try:
            loaded.append(catalog.load_partner(name))
        except ConfigFault as fault:
            rows += _faults(fault, name in names)
    rows += [_row("error", "address_twice", problem) for problem in clashes(loaded) if _stem(problem[0]) in names]
    for partner in loaded:
        if _stem(partner.file) in names:
            rows += _remarks(partner, catalog)
    unique = {tuple(one.values()): one for one in rows}
    return sorted(unique.values(), key=lambda one: (one["file"], one["line"], one["column"], one["kind"]))


def linted_text(text: str, name: str, catalog: Catalog) -> list[Row]:
    """The remarks about a partner that is not a file of the home yet."""
    from edi_bridge import partner as partners
    from edi_bridge.partner.addressing import clashes
    from edi_bridge.yamltext import parse

    file = f"partners/{name}.yaml"
    try:
        one = partners.load(parse(text, file), catalog.profile)
    except ConfigFault as fault:
        return _faults(fault, True)
    others = [other for other in catalog.partners if other.name != one.name]
    return [*(_row("error", "address_twice", problem) for problem in clashes([*others, one])), *_remarks(one, catalog)]


def _faults(fault: ConfigFault, wanted: bool) -> list[Row]:
    return [_row("error", "unreadable", problem) for problem in fault.problems] if wanted else []


def _remarks(partner: Partner, catalog: Catalog) -> list[Row]:
    from edi_bridge import channel
    from edi_bridge.partner.lint import Known, lint
    from edi_bridge.yamltext import Problems

    problems = Problems(partner.file)
    channels = channel.load(partner.channels, partner.name, partner.file, "", problems)
    company = catalog.company_channels
    every = {**channels, **company}
    fetched = {name for name, one in every.items() if one.kind == SERVED or any(one.options.get(key) for key in GETS)}
    known = Known(catalog.own, catalog.message_of, catalog.has_structure,
                  lambda table: bool(catalog.lookup_rows(table, partner.name) or catalog.lookup_rows(table, "")),
                  frozenset(every) | frozenset(f"{partner.name}.{key}" for key in partner.channels or ()), frozenset(fetched))
    rows = [_row("error", "unreadable", problem) for problem in problems.found]
    rows += [{"level": one.level, "kind": one.kind, "file": one.file, "line": one.line, "column": one.column, "sentence": one.sentence}
             for one in lint(partner, known)]
    return rows


def _row(level: str, kind: str, problem: tuple[str, int, int, str]) -> Row:
    file, line, column, sentence = problem
    return {"level": level, "kind": kind, "file": file, "line": line, "column": column, "sentence": sentence}


def _stem(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".yaml")
