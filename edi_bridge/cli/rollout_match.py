"""`edi-bridge rollout match`: a partner's keys and codes held against ours."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import now
from edi_bridge.cli.record_file import text
from edi_bridge.cli.rollout_home import home_of
from edi_bridge.fault import ConfigFault
from edi_bridge.layout import delimiter_of

DONE, OPEN = 0, 1


@click.command("match")
@click.argument("partner")
@click.option("--list", "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A list of the partner's keys (CSV; the first column, or --column).")
@click.option("--table", metavar="NAME", help="The table that the list is of: items, branches …")
@click.option("--column", metavar="NAME", help="The column of the list that holds the keys.")
@options.home_option
@options.database_option
@options.json_option
def match(partner: str, path: Path | None, table: str | None, column: str | None, home: str | None, database: str | None, as_json: bool) -> int:
    """Hold a partner's keys and codes against ours: those in its messages up to now, or keys in a list it gave. Missing ones are listed, the
    most frequent first; codes are accepted by name with `rollout allow --seen FIELD=CODE`.

    \b
    Examples:
      edi-bridge rollout match mittelmark
      edi-bridge rollout match mittelmark --table items --list their-items.csv --column sku

    Exit codes: 0 every key is known, 1 some are missing, 2 wrong use or configuration.
    """
    from edi_bridge.onboarding import matching
    from edi_bridge.onboarding.facts import gather
    from edi_bridge.store import rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    if (path is None) != (table is None):
        raise click.UsageError("--list and --table belong together")
    with home_of(home, database) as place:
        one = place.catalog.partner_named(partner)
        codes: list[str] = []
        if path is not None and table is not None:
            found = [matching.asked_by_list(place.catalog, one, table, _keys(path, column), now()[:10])]
        else:
            found = list(matching.asked_by_messages(place.database, place.archive, place.catalog, one).values())
            codes = list(dict.fromkeys(code for each in one.agreements if not each.test for code in gather(
                place.database, place.archive, place.catalog, one, each, place.now, place.shared).codes_unknown))
        with place.database.write() as connection:
            rollout.state(connection, [
                Evidence(partner, "data", f"list {asked.table}" if path else f"keys {asked.table}", f"{asked.share:.0%} of {len(asked.known) + len(asked.missing)}",
                         MEASURED, now()[:10], path.name if path else "", at=now()) for asked in found])
    if as_json:
        options.print_json([*({"table": asked.table, "known": len(asked.known), "missing": dict(asked.missing.most_common())} for asked in found),
                            *([{"table": "codes", "missing": codes}] if codes else [])])
    else:
        for asked in found:
            count = len(asked.known) + len(asked.missing)
            show.heading(f"{asked.table}: {len(asked.known)} of {show.number(count, 'key')} known" + (f" ({asked.share:.0%})" if count else ""))
            if asked.missing:
                show.table(("missing", ">times"), asked.missing.most_common(50), indent=2)
        if codes:
            show.heading("codes in no table of the map")
            show.table(("~field=code",), [(code,) for code in codes], indent=2)
        if not found:
            show.note(f"{partner}'s maps look nothing up: there are no keys to match")
    return OPEN if codes or any(asked.missing for asked in found) else DONE


def _keys(path: Path, column: str | None) -> Iterator[str]:
    """The keys of a CSV. ConfigFault where it cannot be read, or has no such column."""
    said = text(str(path))
    rows = csv.reader(io.StringIO(said, newline=""), delimiter=delimiter_of(said.partition("\n")[0], ";,\t|"))
    try:
        names = next(rows, [])
        if column is not None and column not in names:
            raise ConfigFault.at(str(path), 1, 1, f"there is no column {column}; there are {', '.join(names)}")
        at = names.index(column) if column is not None else 0
        for row in rows:
            if len(row) > at:
                yield row[at].strip()
    except csv.Error as error:
        raise ConfigFault.at(str(path), 0, 0, f"cannot be read as CSV: {error}") from None
