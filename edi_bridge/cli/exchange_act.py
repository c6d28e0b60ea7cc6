"""The acting half of `edi-bridge exchange`. Every act asks for a reason, which stands in the audit log with who did it."""

from __future__ import annotations

import getpass
import io
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.alone import alone, finish
from edi_bridge.cli.exchange_look import became, colour, opened, part_of
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.database import Database
    from edi_bridge.engine.acts import Acts
    from edi_bridge.settings import Settings
    from edi_bridge.store.archive import Blob
    from edi_bridge.store.search import Row


def said(context: click.Context, option: click.Parameter, value: str) -> str:
    """A reason that says something."""
    if not value.strip():
        raise click.BadParameter("say why: it stands in the audit log")
    return value.strip()


reason_option = click.option("--reason", metavar="TEXT", required=True, callback=said, help="Why; it stands in the audit log.")
YEARS = 10
GOOD = ("done", "discarded", "duplicate")  # states in which nobody waits for a person


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


def go_on(settings: Settings, made: Database, became_of: Callable[[], list[Row]], as_json: bool) -> int:
    """Finish what an act opened, as the daemon would, and show what became of it; 1 where it is not posted all the same. Where a
    daemon or worker is at work, that goes on with it."""
    if not finish(settings, made):
        show.note("the daemon or worker that is at work goes on with it; exchange show says what became of it")
        return 0
    rows = became_of()
    if not rows and not as_json:
        return 0
    if as_json:
        options.print_json([asdict(row) for row in rows])
    else:
        show.table((">exchange", "~became", "~documents"), [(one.id, became(one), ", ".join(one.documents)) for one in rows],
                   colour=lambda line, index: colour(line[1]) if index == 1 else "")
        for one in rows:
            if one.state not in GOOD:
                show.note(f"edi-bridge exchange show {one.id} says why")
    return 0 if all(one.state in GOOD for one in rows) else 1


def _rows_of(made: Database, exchange: int) -> list[Row]:
    """An exchange, or the copy that goes its way in its place."""
    from edi_bridge.store import search

    with made.read() as connection:
        copies = search.copies(connection, exchange)
        row = search.one(connection, exchange)
    return copies[-1:] or ([row] if row else [])


@click.command()
@click.argument("id", type=int)
@reason_option
@click.option("--partner", metavar="NAME", default="", help="Who sent it, where nobody knows the address.")
@click.option("--receipt", is_flag=True, help="ID is a receipt: a file in which the program stopped twice, or that could not be read.")
@options.home_option
@options.database_option
@options.json_option
def release(id: int, reason: str, partner: str, receipt: bool, home: str | None, database: str | None, as_json: bool) -> int:
    """Let pass what is quarantined or held: its messages are posted, whatever came before.

    \b
    Examples:
      edi-bridge exchange release 412 --reason "confirmed by phone, a second delivery"
      edi-bridge exchange release 413 --partner acme --reason "their new address"
      edi-bridge exchange release 97 --receipt --reason "the new version reads it"

    Exit codes: 0 it is posted (or the daemon goes on with it), 1 it is not, 2 wrong use, 3 try again later.
    """
    with opened(home, database) as (settings, made):
        if partner:
            options.catalog_of(settings.home).partner_named(partner)
        if receipt:
            acting(made).release_receipt(id, reason)
            return go_on(settings, made, lambda: _inside(made, id), as_json)
        acting(made).release(id, reason, partner)
        return go_on(settings, made, lambda: _rows_of(made, id), as_json)


def _inside(made: Database, receipt: int) -> list[Row]:
    from edi_bridge.store import search

    with made.read() as connection:
        return search.of_receipt(connection, receipt)


@click.command()
@click.argument("id", type=int)
@reason_option
@click.option("--receipt", is_flag=True, help="ID is a receipt: a file in which the program stopped twice.")
@options.home_option
@options.database_option
def reject(id: int, reason: str, receipt: bool, home: str | None, database: str | None) -> int:
    """Decide that nothing is posted of what is quarantined or held. Nothing goes out to the partner by itself.

    \b
    Example:
      edi-bridge exchange reject 412 --reason "a test that they sent by mistake"
    """
    with opened(home, database) as (_, made):
        if receipt:
            acting(made).reject_receipt(id, reason)
        else:
            acting(made).reject(id, reason)
    show.note(f"{'receipt' if receipt else 'exchange'} {id}: nothing of it is posted that waited; its bytes stay")
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
@click.option("--receipt", is_flag=True, help="ID is a receipt: a network's report, read again with today's layout (with --apply).")
@click.option("--version", "version_", metavar="VERSION", default="", help="With the partners and maps of a version (edi-bridge catalog log), not with --apply.")
@options.home_option
@options.database_option
@options.json_option
def replay(id: int, apply_: bool, reason: str, receipt: bool, version_: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Read an exchange again with today's maps and agreements, and show for each message what would be another.

    \b
    Examples:
      edi-bridge exchange replay 412
      edi-bridge exchange replay 412 --version former
      edi-bridge exchange replay 412 --apply --reason "map mended"
      edi-bridge exchange replay 97 --receipt --apply --reason "the layout knows their new status"
    """
    if apply_ and not reason.strip():
        raise click.UsageError("--apply needs --reason")
    if version_ and apply_:
        raise click.UsageError("what is posted goes by the version in force: edi-bridge catalog activate puts another one there")
    if receipt and not apply_:
        raise click.UsageError("a report is read again with --apply")
    with opened(home, database) as (settings, made):
        if receipt:
            acting(made).read_again(id, reason)
            go_on(settings, made, list, False)
            return _reported(made, id)
        if not apply_:
            return _dry(settings, made, id, version_, as_json)
        acting(made).replay(id, reason, lambda row: _by_itself(settings, row))
        return go_on(settings, made, lambda: _rows_of(made, id), as_json)


def _reported(made: Database, receipt: int) -> int:
    """How much of a report is understood now; 1 where a line is not."""
    from edi_bridge.engine.network import understood

    with made.read() as connection:
        good, unread = understood(connection, receipt)
    show.note(f"{show.number(good, 'line')} of the report {'is' if good == 1 else 'are'} understood, {unread:,} not")
    return 1 if unread else 0


def _by_itself(settings: Settings, row: Row) -> Blob:
    """The bytes of an exchange without those of its neighbours, in the archive."""
    from edi_bridge.store.archive import open_archive

    archive = open_archive(settings.archive, settings.home)
    with archive.open(row.sha256) as source:
        return archive.put(io.BytesIO(part_of(source.read(), row.ordinal)))


def _dry(settings: Settings, made: Database, id: int, said: str, as_json: bool) -> int:
    """What became of each message then, and what would now: by the version that is named, else by the files of the home, or by what is in
    force where those wait for a person."""
    from edi_bridge import pipeline
    from edi_bridge.finding import Verdict
    from edi_bridge.store import search
    from edi_bridge.store.archive import open_archive

    with made.read() as connection:
        row = search.one(connection, id)
        if row is None:
            raise ConfigFault.at("", 0, 0, f"there is no exchange {id}")
        then = {one.ordinal: one for one in search.messages(connection, id)}
        before: dict[int, set[str]] = {}
        for one in search.findings(connection, id):
            before.setdefault(one.ordinal or 0, set()).add(one.kind)
    explicit = settings.activate == "explicit"
    root = options.version_folder(settings, made, said) if said else options.in_force(settings, made).root if explicit else None
    catalog = options.catalog_of(settings.home, check_receiver=True, database=settings.database, root=root)
    rows = []
    with open_archive(settings.archive, settings.home).open(row.sha256) as source:
        for outcome in pipeline.inbound(source, catalog, partner=row.partner or None, test=row.test):
            if outcome.interchange.ordinal != row.ordinal or outcome.message is None:
                continue
            old = then.get(outcome.message.ordinal)
            was = old.state if old else row.state
            now_ = "rejected" if outcome.verdict is Verdict.REJECTED else "posted"
            kinds = {finding.kind for finding in outcome.findings}
            known = before.get(outcome.message.ordinal, set())
            change = [f"+ {kind}" for kind in sorted(kinds - known)] + [f"- {kind}" for kind in sorted(known - kinds)]
            rows.append((outcome.message.ordinal, outcome.message.reference, was, now_, old.map if old else "", outcome.map, change))
    if as_json:
        options.print_json([dict(zip(DIFFERENCE, line, strict=True)) for line in rows])
        return 0
    show.table((">no", "reference", "then", "now", "map then", "map now", "~findings"), [(*line[:6], ", ".join(line[6])) for line in rows],
               colour=lambda line, index: colour(line[index]) if index in (2, 3) else "")
    better = sum(line[3] == "posted" and line[2] in ("rejected", "failed", "held", "quarantined", "discarded") for line in rows)
    other = sum(line[2] != line[3] or line[4] != line[5] or bool(line[6]) for line in rows)
    verdict = f"{show.number(better, 'message')} would be posted now" if better else f"{show.number(other, 'message')} would be read in another way" \
        if other else "nothing would be another"
    show.note(f"{verdict}; nothing was done" + ("; do it with --apply --reason" if better else ""))
    return 0


DIFFERENCE = ("message", "reference", "then", "now", "map_then", "map_now", "findings")


@click.command()
@click.argument("id", type=int)
@click.option("--with", "file", metavar="FILE", required=True, type=click.Path(exists=True, dir_okay=False), help="The edited copy.")
@click.option("--second", metavar="NAME", default="", help="Who else looked at it; settings.yaml may ask for one (second_person: true).")
@reason_option
@options.home_option
@options.database_option
@options.json_option
def fix(id: int, file: str, second: str, reason: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Take an edited copy of an exchange in, linked to the original, of which nothing is posted any more.

    \b
    Examples:
      edi-bridge exchange raw 412 > mended.edi      (then edit it)
      edi-bridge exchange fix 412 --with mended.edi --reason "UNT counted one too few"
    """
    from edi_bridge.store.archive import open_archive

    with opened(home, database) as (settings, made):
        if settings.second_person and (not second or second == actor()):
            raise ConfigFault.at("", 0, 0, "a second person must have looked at it: --second NAME (settings.yaml: second_person)")
        with Path(file).open("rb") as source:
            blob = open_archive(settings.archive, settings.home).put(source)
        acting(made).fix(id, blob, Path(file).name, reason, second)
        return go_on(settings, made, lambda: _rows_of(made, id), as_json)


@click.command()
@click.option("--older-than", metavar="DAYS", type=click.IntRange(1), default=YEARS * 365, show_default=True,
              help="Received before so many days, from partners whose class of retention says nothing else.")
@click.option("--apply", "apply_", is_flag=True, help="Do it; else it is only counted.")
@click.option("--reason", metavar="TEXT", default="", help="Why (with --apply).")
@options.home_option
@options.database_option
@options.json_option
def purge(older_than: int, apply_: bool, reason: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Remove the bytes, findings and identities of files that are older than their retention time and finished. What became of them
    stays in the ledger; what is under legal hold stays whole. With --apply daemon and workers must be stopped; by itself the daemon
    does the same each day for partners of a class (purge: of settings.yaml).

    How long a partner's exchanges are kept is said by its class (retention: of its file), whose time stands in partners/_own.yaml.

    \b
    Example:
      edi-bridge exchange purge --older-than 3650 --apply --reason "retention of ten years"
    """
    from edi_bridge.store import retention
    from edi_bridge.store.archive import open_archive

    if apply_ and not reason.strip():
        raise click.UsageError("--apply needs --reason")
    today = datetime.fromisoformat(now()).date()
    limit = (today - timedelta(days=older_than)).isoformat()
    with opened(home, database) as (settings, made):
        limits = _limits(settings, made, today)
        with made.read() as connection:
            old = retention.old(connection, limit, today.isoformat(), limits)
        if apply_:
            with alone(settings, made):  # what comes meanwhile may have the bytes that are to be removed
                with made.write() as connection:
                    old = retention.old(connection, limit, today.isoformat(), limits)
                    if old.receipts:
                        retention.purge(connection, old, now(), actor(), reason)
                for digest in old.blobs:
                    open_archive(settings.archive, settings.home).remove(digest)
    if as_json:
        options.print_json({"before": limit, "partners": limits, "receipts": old.receipts, "kept": old.kept, "removed": apply_})
        return 0
    done = "were removed" if apply_ else "would be removed; do it with --apply --reason"
    day = limit if not limits else f"{limit}, or the days of their classes,"
    show.note((f"{show.number(len(old.receipts), 'file')} from before {day} {done}" if old.receipts else f"nothing from before {day} can be removed")
              + (f" · {show.number(old.kept, 'file')} under legal hold or not finished" if old.kept else ""))
    return 0


def _limits(settings: Settings, made: Database, today: date) -> dict[str, str]:
    """The day before which exchanges are removed, of each partner whose class says how long they are kept."""
    from edi_bridge.store.retention import limits_of

    known = options.catalog_of(settings.home, root=options.in_force(settings, made).root)
    return limits_of(known.own.retention, ((one.name, one.retention) for one in known.partners), today)


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
    show.note(f"exchange {id} is kept until {until}" if until else f"exchange {id} is under no legal hold any more")
    return 0


def _day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("a day is of the form 2036-12-31", param_hint="--until") from None
