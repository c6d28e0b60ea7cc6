"""`edi-bridge alarm`: what somebody must look at."""

from __future__ import annotations

from dataclasses import asdict

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import actor, now
from edi_bridge.cli.exchange_look import opened
from edi_bridge.fault import ConfigFault


@click.group()
def alarm() -> None:
    """What somebody must look at: each thing rings once, until it is over.

    \b
    Examples:
      edi-bridge alarm list
      edi-bridge alarm acknowledge 3 --comment "asked the network"
    """


@alarm.command("list")
@click.option("--all", "all_", is_flag=True, help="Those that are over, too.")
@options.home_option
@options.database_option
@options.json_option
def list_(all_: bool, home: str | None, database: str | None, as_json: bool) -> int:
    """The alarms that are open, the newest first.

    \b
    Example:
      edi-bridge alarm list --all

    Exit codes: 0 none that nobody takes care of, 1 there is one.
    """
    from edi_bridge.store import alarm as alarms

    with opened(home, database) as (_, made), made.read() as connection:
        rows = alarms.listing(connection, all=all_)
    if as_json:
        options.print_json([asdict(row) for row in rows])
    else:
        show.table((">id", "since", "kind", "~what", ">times", "~taken care of"), (
            (row.id, row.raised_at[:16].replace("T", " "), row.kind, row.sentence, row.count,
             "over" if row.cleared_at else f"{row.acknowledged_by}: {row.comment}" if row.acknowledged_at else "") for row in rows))
        if not rows:
            show.note("no alarm is open")
    return 1 if any(not row.cleared_at and not row.acknowledged_at for row in rows) else 0


@alarm.command()
@click.argument("id", type=int)
@click.option("--comment", metavar="TEXT", required=True, help="What is done about it.")
@options.home_option
@options.database_option
def acknowledge(id: int, comment: str, home: str | None, database: str | None) -> int:
    """Say that you take care of an alarm.

    \b
    Example:
      edi-bridge alarm acknowledge 3 --comment "asked the network"
    """
    from edi_bridge.store import alarm as alarms
    from edi_bridge.store import audit

    with opened(home, database) as (_, made), made.write() as connection:
        if not alarms.acknowledge(connection, id, actor(), comment, now()):
            raise ConfigFault.at("", 0, 0, f"there is no alarm {id}")
        audit.write(connection, now(), actor(), "acknowledge", f"alarm {id}", comment)
    return 0
