"""The acting half of `edi-bridge exchange`. Every act asks for a reason, which stands in the audit log with who did it."""

from __future__ import annotations

import getpass
import os
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_look import became, colour, opened
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.database import Database
    from edi_bridge.engine.acts import Acts
    from edi_bridge.settings import Settings

reason_option = click.option("--reason", metavar="TEXT", required=True, help="Why; it stands in the audit log.")
YEARS = 10


def now() -> str:
    """The time as the ledger writes it."""
    from edi_bridge import clock

    return clock.from_environment(os.environ).text()


def actor() -> str:
    """Who does it: EDI_BRIDGE_ACTOR, or who is signed in to this machine."""
    return os.environ.get("EDI_BRIDGE_ACTOR") or getpass.getuser()


def acting(made: Database) -> Acts:
    """The acts of who calls."""
    from edi_bridge.engine.acts import Acts

    return Acts(made, actor(), now)


def go_on(settings: Settings, made: Database, exchange: int) -> int:
    """Finish what an act opened, as the daemon would; 1 where it is not posted all the same. Where a daemon runs on this home, it
    does it."""
    from edi_bridge import clock
    from edi_bridge.daemon import HomeLock
    from edi_bridge.daemon.configuration import Loading
    from edi_bridge.daemon.lock import NAME, holder
    from edi_bridge.store import search

    try:
        with HomeLock(settings.home, now()):
            Loading(settings, made, clock.from_environment(os.environ)).load().engine.resume()
    except ConfigFault:
        if not holder(settings.home / NAME):
            raise
        show.note("the daemon that runs on this home goes on with it")
        return 0
    with made.read() as connection:
        row = search.one(connection, exchange)
        copies = search.find(connection, search.Wanted(), 5)
    assert row is not None
    newer = [one for one in copies if one.copy_of == exchange]
    for one in newer or [row]:
        show.table((">exchange", "became", "~documents"), [(one.id, became(one), ", ".join(one.documents))],
                   colour=lambda line, index: colour(line[1]) if index == 1 else "")
    return 0 if all(one.state in ("done", "discarded", "duplicate") for one in newer or [row]) else 1


@click.command()
@click.argument("id", type=int)
@reason_option
@click.option("--partner", metavar="NAME", default="", help="Who sent it, where nobody knows the address.")
@click.option("--receipt", is_flag=True, help="ID is a receipt: a file in which the program stopped twice.")
@options.home_option
@options.database_option
def release(id: int, reason: str, partner: str, receipt: bool, home: str | None, database: str | None) -> int:
    """Let pass what is quarantined or held: its messages are posted, whatever came before.

    \b
    Examples:
      edi-bridge exchange release 412 --reason "confirmed by phone, a second delivery"
      edi-bridge exchange release 413 --partner acme --reason "their new address"
    """
    with opened(home, database) as (settings, made):
        if partner:
            options.catalog_of(settings.home).partner_named(partner)
        if receipt:
            acting(made).release_receipt(id, reason)
        else:
            acting(made).release(id, reason, partner)
        return go_on(settings, made, id)


@click.command()
@click.argument("id", type=int)
@reason_option
@options.home_option
@options.database_option
def reject(id: int, reason: str, home: str | None, database: str | None) -> int:
    """Decide that nothing is posted of what is quarantined or held. Nothing goes out to the partner by itself.

    \b
    Example:
      edi-bridge exchange reject 412 --reason "a test that they sent by mistake"
    """
    with opened(home, database) as (_, made):
        acting(made).reject(id, reason)
    show.note(f"exchange {id}: nothing of it is posted")
    return 0


@click.command()
@click.argument("id", type=int)
@reason_option
@options.home_option
@options.database_option
def resend(id: int, reason: str, home: str | None, database: str | None) -> int:
    """Lay the answers of an exchange down once more, byte for byte and under the same numbers.

    \b
    Example:
      edi-bridge exchange resend 412 --reason "they lost our CONTRL"
    """
    with opened(home, database) as (_, made):
        entries = acting(made).resend(id, reason)
    show.note(f"in the outbox: {', '.join(map(str, entries))}")
    return 0


@click.command()
@click.argument("id", type=int)
@click.option("--apply", "apply_", is_flag=True, help="Do it: the messages that are not posted go their way again.")
@click.option("--reason", metavar="TEXT", default="", help="Why (with --apply).")
@options.home_option
@options.database_option
def replay(id: int, apply_: bool, reason: str, home: str | None, database: str | None) -> int:
    """Read an exchange again with today's maps and agreements, and show for each message what would be another.

    \b
    Examples:
      edi-bridge exchange replay 412
      edi-bridge exchange replay 412 --apply --reason "map mended"
    """
    with opened(home, database) as (settings, made):
        if apply_:
            if not reason:
                raise click.UsageError("--apply needs --reason")
            acting(made).replay(id, reason)
            return go_on(settings, made, id)
        return _dry(settings, made, id)


def _dry(settings: Settings, made: Database, id: int) -> int:
    """What became of each message then, and what would now."""
    from edi_bridge import pipeline
    from edi_bridge.finding import Verdict
    from edi_bridge.store import search
    from edi_bridge.store.archive import Archive

    with made.read() as connection:
        row = search.one(connection, id)
        if row is None:
            raise ConfigFault.at("", 0, 0, f"there is no exchange {id}")
        then = {one.ordinal: one for one in search.messages(connection, id)}
        before: dict[int, set[str]] = {}
        for one in search.findings(connection, id):
            before.setdefault(one.ordinal or 0, set()).add(one.kind)
    catalog = options.catalog_of(settings.home, check_receiver=True, database=settings.database)
    rows = []
    with Archive(settings.archive).open(row.sha256) as source:
        for outcome in pipeline.inbound(source, catalog, partner=row.partner or None):
            if outcome.interchange.ordinal != row.ordinal or outcome.message is None:
                continue
            old = then.get(outcome.message.ordinal)
            was = old.state if old else row.state
            now_ = "rejected" if outcome.verdict is Verdict.REJECTED else "posted"
            kinds = {finding.kind for finding in outcome.findings}
            known = before.get(outcome.message.ordinal, set())
            change = [f"+ {kind}" for kind in sorted(kinds - known)] + [f"- {kind}" for kind in sorted(known - kinds)]
            rows.append((outcome.message.ordinal, outcome.message.reference, was, now_, old.map if old else "", outcome.map, ", ".join(change)))
    show.table((">no", "reference", "then", "now", "map then", "map now", "~findings"), rows,
               colour=lambda line, index: colour(line[index]) if index in (2, 3) else "")
    show.note("nothing was done; --apply lets the messages that are not posted go their way again")
    return 0


@click.command()
@click.argument("id", type=int)
@click.option("--with", "file", metavar="FILE", required=True, type=click.Path(exists=True, dir_okay=False), help="The edited copy.")
@click.option("--second", metavar="NAME", default="", help="Who else looked at it; settings.yaml may ask for one (second_person: true).")
@reason_option
@options.home_option
@options.database_option
def fix(id: int, file: str, second: str, reason: str, home: str | None, database: str | None) -> int:
    """Take an edited copy of an exchange in, linked to the original, of which nothing is posted any more.

    \b
    Examples:
      edi-bridge exchange raw 412 > mended.edi      (then edit it)
      edi-bridge exchange fix 412 --with mended.edi --reason "UNT counted one too few"
    """
    from edi_bridge.store.archive import Archive

    with opened(home, database) as (settings, made):
        if settings.second_person and (not second or second == actor()):
            raise ConfigFault.at("", 0, 0, "a second person must have looked at it: --second NAME (settings.yaml: second_person)")
        with Path(file).open("rb") as source:
            blob = Archive(settings.archive).put(source)
        acting(made).fix(id, blob, Path(file).name, reason, second)
        return go_on(settings, made, id)


@click.command()
@click.option("--older-than", metavar="DAYS", type=click.IntRange(1), default=YEARS * 365, show_default=True, help="Received before so many days.")
@click.option("--apply", "apply_", is_flag=True, help="Do it; else it is only counted.")
@click.option("--reason", metavar="TEXT", default="", help="Why (with --apply).")
@options.home_option
@options.database_option
def purge(older_than: int, apply_: bool, reason: str, home: str | None, database: str | None) -> int:
    """Remove the bytes, findings and identities of files that are older than their retention time and finished. What became of them
    stays in the ledger; what is under legal hold stays whole.

    \b
    Example:
      edi-bridge exchange purge --older-than 3650 --apply --reason "retention of ten years"
    """
    from edi_bridge.store import retention
    from edi_bridge.store.archive import Archive

    if apply_ and not reason:
        raise click.UsageError("--apply needs --reason")
    limit = (date.today() - timedelta(days=older_than)).isoformat()
    with opened(home, database) as (settings, made):
        archive = Archive(settings.archive)
        with made.write() as connection:
            old = retention.old(connection, limit, date.today().isoformat())
            if apply_ and old.receipts:
                retention.purge(connection, old, now(), actor(), reason)
        if apply_:
            for digest in old.blobs:
                archive.remove(digest)
    show.note(f"{show.number(len(old.receipts), 'file')} from before {limit}"
              + (f", {show.number(old.kept, 'file')} under legal hold or not finished" if old.kept else "")
              + (": removed" if apply_ else ": would be removed (--apply)"))
    return 0


@click.command()
@click.argument("id", type=int)
@click.option("--until", metavar="DAY", required=True, help="Until this day (2036-12-31); an empty text ends the hold.")
@reason_option
@options.home_option
@options.database_option
def hold(id: int, until: str, reason: str, home: str | None, database: str | None) -> int:
    """Legal hold: keep an exchange whole until a day, whatever its age.

    \b
    Example:
      edi-bridge exchange hold 412 --until 2036-12-31 --reason "lawsuit"
    """
    from edi_bridge.store import retention

    if until:
        _day(until)
    with opened(home, database) as (_, made), made.write() as connection:
        if not retention.hold(connection, id, until, now(), actor(), reason):
            raise ConfigFault.at("", 0, 0, f"there is no exchange {id}")
    return 0


def _day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("a day is of the form 2036-12-31", param_hint="--until") from None
