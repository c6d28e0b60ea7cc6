"""`edi-bridge send`: records of ours to a partner, by way of the outbox."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, record_file, show, telling
from edi_bridge.cli.exchange_act import actor
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.engine.outgoing import Submitted


@click.command(short_help="Records of ours to a partner.")
@click.argument("file", metavar="RECORD.json")
@click.option("--partner", metavar="NAME", required=True, help="To whom.")
@click.option("--type", "type_", metavar="TYPE", default="invoice", show_default=True,
              help="What the records are: order, order_response, despatch_advice, invoice, remittance, customer.")
@click.option("--message", metavar="MESSAGE", default="", help="As which message (INVOIC, edifact/D96A/INVOIC), where several are agreed.")
@click.option("--test/--live", "test", default=None, help="As a test, or live, where both are agreed.")
@options.home_option
@options.database_option
@options.json_option
def send(file: str, partner: str, type_: str, message: str, test: bool | None, home: str | None, database: str | None, as_json: bool) -> int:
    """Put records (JSON: one, a list, or one a line; - for standard input) into the outbox for a partner.

    Agreement, map, envelope and number are the partner's; the guide checks what goes out. `edi-bridge run` sends it.

    \b
    Examples:
      edi-bridge send invoice.json --partner havel_markt
      edi-bridge send response.json --type order_response --partner acme --test

    Exit codes: 0 everything goes out, 1 something was refused, 2 wrong use or configuration.
    """
    from edi_bridge import clock
    from edi_bridge.daemon.configuration import Loading

    settings = options.settings_of(home, database)
    opened = options.open_database(settings, create=True)
    try:
        writing = Loading(settings, opened, clock.from_environment(os.environ)).load().writing
        records = _records(file, type_)
        way = writing.way(partner, type_, message, test=test)
        made = writing.submit(way, records, f"{actor()}: {file}")
    finally:
        opened.close()
    if as_json:
        options.print_json({"outbox": made.entries, "waiting": made.waiting,
                            "findings": [{"kind": one.kind, "sentence": one.sentence()} for one in made.findings]})
    else:
        _tell(made, file, len(records))
    return 1 if made.refused or len(made.entries) + len(made.waiting) == 0 else 0


def _records(file: str, type_: str) -> list[dict[str, Any]]:
    from edi_bridge.record import RECORDS

    if type_ not in RECORDS:
        raise ConfigFault.at("", 0, 0, f"there are no records of type {type_}; they are {', '.join(RECORDS)}")
    return record_file.records(record_file.content(file), file, type_)


def _tell(made: Submitted, file: str, count: int) -> None:
    for finding in made.findings:
        told = telling.tell_ours(file, finding)
        if told:
            telling.note(told)
    parts = [show.number(count, "record")]
    if made.entries:
        parts.append(f"in the outbox: {', '.join(map(str, made.entries))}")
    if made.waiting:
        parts.append(f"{len(made.waiting)} wait{'s' * (len(made.waiting) == 1)} for others to go with")
    if made.refused:
        parts.append(show.style("nothing goes out: see above", "red"))
    show.note(" · ".join(parts))
