"""`edi-bridge post`: files become rows of the CRM, each message exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show, telling
from edi_bridge.cli.inputs import expand
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.cli.posting import Exchange, Posted

STATES = {  # state of an exchange → what a person reads
    "done": "posted",
    "rejected": "refused",
    "held": "held for a person",
    "failed": "failed: our mistake",
    "duplicate": "came before, nothing changed",
    "quarantined": "quarantined: a person must decide about it",
    "open": "not finished",
}
COLOURS = {"posted": "green", "came": "dim"}


@click.command(short_help="Post files into the CRM of a home.")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--partner", metavar="NAME", help="Who sent it, where the envelope does not say so.")
@click.option("--map", "map_", metavar="MAP", help="The map to use: its name, or a YAML file.")
@options.home_option
@options.database_option
@options.findings_option
@options.json_option
def post(
    files: tuple[str, ...],
    partner: str | None,
    map_: str | None,
    home: str | None,
    database: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """Post partners' files into the CRM: customers, orders and invoices.

    The raw bytes are archived first; then each interchange is checked as a whole, and its accepted messages are
    posted. Posting the
    same file again changes nothing. FILE may be a folder or - for standard input.

    \b
    Examples:
      edi-bridge post --home my-home orders.edi invoices.xml
      EDI_BRIDGE_HOME=my-home edi-bridge post inbox/
      edi-bridge post orders.edi --database postgresql://edi@db/crm --json

    Exit codes: 0 done, 1 something was refused or held, 2 wrong use or configuration, 3 try again later.
    """
    from edi_bridge.cli.posting import Poster
    from edi_bridge.cli.translate import tune_collector

    settings = options.settings_of(home, database)
    inputs = expand(files)
    results: list[Posted] = []
    opened = options.open_database(settings, create=True)
    tune_collector()
    try:
        poster = Poster(settings, opened, limit=limit)
        if partner:
            poster.catalog.partner_named(partner)
        if map_:
            poster.catalog.map_named(map_)
        with show.progress(True, "posting", sum(one.size for one in inputs)) as moved:
            for one in inputs:
                results.append(_posted(poster, one, partner, map_, moved))
    finally:
        opened.close()
    if as_json:
        options.print_json([one.as_json() for one in results])
    else:
        report(results)
    return code_of(results)


def _posted(poster: Any, one: Any, partner: str | None, map_: str | None, moved: Any) -> Posted:
    """One file; trouble with its configuration or with reading it is told, and the others go on."""
    from edi_bridge.cli.posting import Posted

    try:
        result: Posted = poster.post(one, partner=partner, map=map_, moved=moved)
    except ConfigFault as fault:
        show.problems(fault)
        return Posted(one.name, trouble=fault.problems)
    tell(result)
    return result


def tell(result: Posted) -> None:
    """The findings of a file on stderr."""
    for told in result.findings:
        telling.note(told)
    for line in result.hidden:
        show.note(f"{show.clean(result.file)}  {line}")
    if result.failure:
        last = result.failure.strip().splitlines()[-1]
        show.error(
            f"{show.clean(result.file)}: a mistake of edi-bridge itself: {show.clean(last)};"
            " the ledger keeps its traceback"
        )


def code_of(results: Sequence[Posted]) -> int:
    """2 for trouble with configuration or files, 1 when something was refused."""
    return 2 if any(one.trouble for one in results) else 1 if any(one.refused for one in results) else 0


def report(results: Sequence[Posted]) -> None:
    """The table of what came in and what became of it, and a line of sums."""
    rows = [row for result in results for row in rows_of(result)]
    show.table(("file", "~from", "~what", "~became", "~documents"), rows, colour=colour_of)
    sums: dict[str, int] = {}
    for result in results:
        for exchange in result.exchanges:
            for state, count in exchange.messages.items():
                sums[state] = sums.get(state, 0) + count
    counted = " · ".join(f"{count:,} {state}" for state, count in sums.items()) or "no messages"
    show.note(f"{show.number(len(results), 'file')} · messages: {counted}")


def rows_of(result: Posted) -> list[tuple[str, str, str, str, str]]:
    """A row for each interchange of a file."""
    if not result.exchanges:
        return [(result.file, "", "", "not taken in" if result.trouble else "refused", "")]
    return [
        (result.file if n == 0 else "", one.partner or one.sender, what_of(one), became_of(one), documents_of(one))
        for n, one in enumerate(result.exchanges)
    ]


def what_of(one: Exchange) -> str:
    """`edifact ORDERS D96A`."""
    return " ".join((one.standard, *one.types))


def became_of(one: Exchange) -> str:
    """What became of an exchange in a few words; with counts where its messages went different ways."""
    if one.state in ("done", "held", "rejected") and len(one.messages) > 1:
        words = {"posted": "posted", "rejected": "refused", "held": "held", "failed": "failed"}
        return ", ".join(f"{count:,} {words.get(state, state)}" for state, count in one.messages.items())
    if one.state == "duplicate" and one.refused:
        return f"came before as exchange {one.original}, of which nothing was posted: nothing changed"
    if one.state == "quarantined" and one.reason:
        return f"{one.state}: {one.reason}"
    return STATES.get(one.state, one.state)


def documents_of(one: Exchange) -> str:
    """`order 4711, 4712, 4713 … (12)`."""
    words, before = [], ""
    for document in one.documents[:3]:
        kind = document["kind"].replace("_", " ")
        words.append(document["number"] if kind == before else f"{kind} {document['number']}".strip())
        before = kind
    more = max(one.messages.get("posted", 0), len(one.documents))
    return ", ".join(words) + (f" … ({more:,})" if more > len(words) else "")


def colour_of(row: Sequence[Any], index: int) -> str:
    """Green for posted, red for refused."""
    return COLOURS.get(str(row[3]).split(" ")[0].rstrip(","), "red") if index == 3 else ""
