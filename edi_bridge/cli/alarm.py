"""`edi-bridge alarm`: what somebody must look at."""

from __future__ import annotations

from dataclasses import asdict

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import actor, now, said
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
        show.table((">id", "since (UTC)", "kind", "~what", ">times", "~taken care of"), (
            (row.id, show.minute(row.raised_at), row.kind, row.sentence, row.count,
             ", ".join(filter(None, ("over" if row.cleared_at else "", f"{row.acknowledged_by}: {row.comment}" if row.acknowledged_at else ""))))
            for row in rows))
        if not rows:
            show.note("there was no alarm yet" if all_ else "no alarm is open")
    return 1 if any(not row.cleared_at and not row.acknowledged_at for row in rows) else 0


@alarm.command()
@click.argument("id", type=int)
@click.option("--comment", metavar="TEXT", required=True, callback=said, help="What is done about it.")
@options.home_option
@options.database_option
def acknowledge(id: int, comment: str, home: str | None, database: str | None) -> int:
    """Say that you take care of an alarm. One of something that happened once is over by that; any other when its cause is.

    \b
    Example:
      edi-bridge alarm acknowledge 3 --comment "asked the network"
    """
    from edi_bridge.store import alarm as alarms
    from edi_bridge.store import audit

    with opened(home, database) as (_, made), made.write() as connection:
        became = alarms.acknowledge(connection, id, actor(), comment, now())
        if became is None:
            raise ConfigFault.at("", 0, 0, f"there is no alarm {id}")
        audit.write(connection, now(), actor(), "acknowledge", f"alarm {id}", comment)
    show.note(f"alarm {id}: {actor()} takes care of it" + ("; it is over" if became.cleared_at else ""))
    return 0


@alarm.command()
@options.home_option
def test(home: str | None) -> int:
    """Send a test alarm by each way that settings.yaml declares (alarms:), at once, and say what became of it.

    \b
    Example:
      edi-bridge alarm test

    Exit codes: 0 each way took it, 1 one did not, 2 wrong use or configuration.
    """
    import os

    from edi_bridge.alarming import declared
    from edi_bridge.alarming.sending import PartlyRefused, send_mail, send_post
    from edi_bridge.fault import Fault
    from edi_bridge.secret import Secrets
    from edi_bridge.store.alarm import Alarm

    settings = options.settings_of(home, None)
    ways = declared(settings.alarms, str(settings.file), settings.home)
    if ways.mail is None and ways.webhook is None:
        raise ConfigFault.at(str(settings.file), 0, 0, "no way is declared by which people are told (alarms:); docs/exchange.md shows one")
    secrets = Secrets(settings.home / "secrets", os.environ)
    one = Alarm(0, "test", "test", f"a test of alarms by {actor()}: nothing is wrong", 1, now(), now(), "", "", "", "", "")
    good = True
    for name in ("mail", "webhook"):
        try:
            if name == "mail" and ways.mail is not None:
                send_mail(ways.mail, secrets, [one], str(settings.home))
            elif name == "webhook" and ways.webhook is not None:
                send_post(ways.webhook, secrets, one, str(settings.home))
            else:
                continue
        except (Fault, PartlyRefused) as fault:
            show.error(f"{name}: {show.clean(str(fault))}")
            good = False
            continue
        show.note(f"{name}: taken")
    return 0 if good else 1
