"""`edi-bridge outbox`: what goes out, what became of it, and what a person does where nobody else can tell."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import actor, now, reason_option
from edi_bridge.cli.exchange_look import colour, opened, print_acts
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from edi_bridge.database import Database
    from edi_bridge.settings import Settings
    from edi_bridge.store.outbox import Entry
    from edi_bridge.store.queue import Queued


NAMES = ("waiting", "sending", "uncertain", "sent", "failed", "cancelled", "held", "shadowed")


@click.group()
def outbox() -> None:
    """What goes out: documents of ours and answers to what came, with their numbers and frozen bytes.

    \b
    Examples:
      edi-bridge outbox list --state failed
      edi-bridge outbox show 17
      edi-bridge outbox retry 17 --reason "their server is back"
    """


@outbox.command("list")
@click.option("--partner", metavar="NAME", default="", help="To this partner.")
@click.option("--state", metavar="STATE", multiple=True, type=click.Choice(NAMES), help="In this state; may be repeated.")
@click.option("--limit", metavar="N", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@options.home_option
@options.database_option
@options.json_option
def list_(partner: str, state: tuple[str, ...], limit: int, home: str | None, database: str | None, as_json: bool) -> int:
    """What goes out, the newest first; what waits to be put together with others is told at the end.

    \b
    Example:
      edi-bridge outbox list --partner acme --state waiting --state failed
    """
    from edi_bridge.store import outbox as entries
    from edi_bridge.store import queue

    with opened(home, database) as (_, made), made.read() as connection:
        rows = entries.listing(connection, states=state, partner=partner, limit=limit)
        queued = Counter((one.partner, one.key) for one in queue.listing(connection, partner))
    if as_json:
        options.print_json([asdict(row) for row in rows])
        return 0
    show.table((">id", "made (UTC)", "to", "what", "number", "state", "sent", "~said", "~error"), map(_line, rows),
               colour=lambda row, index: colour(row[5]) if index == 5 else "")
    if not rows:
        show.note("nothing of the kind is in the outbox" if partner or state else "nothing went out yet")
    elif len(rows) == limit:
        show.note(f"the newest {limit}; --limit shows more")
    for (who, key), count in queued.items():
        show.note(f"{show.number(count, 'message')} for {who} ({key}) wait{'s' * (count == 1)} to go out together: edi-bridge outbox queued")
    return 0


def _line(row: Entry) -> tuple[Any, ...]:
    said = row.outcome or (f"due {show.minute(row.due_at)}" if row.due_at else "")
    return (row.id, show.minute(row.created_at), row.partner, row.name + (" test" if row.test else ""), row.control, row.state,
            show.minute(row.sent_at), ", ".join(filter(None, (row.network, said))), row.error)


@outbox.command("show")
@click.argument("id", type=int)
@options.home_option
@options.database_option
@options.json_option
def show_(id: int, home: str | None, database: str | None, as_json: bool) -> int:
    """One entry: what is in it, what was said of it, who did what with it.

    \b
    Example:
      edi-bridge outbox show 17
    """
    from sqlalchemy import select

    from edi_bridge.store import audit
    from edi_bridge.store import outbox as entries
    from edi_bridge.store.tables import ledger

    with opened(home, database) as (_, made), made.read() as connection:
        row = _found(connection, id)
        messages = entries.messages(connection, id)
        t = ledger().answered
        said = list(connection.execute(select(t).where(t.c.outbox_id == id).order_by(t.c.id)))
        n = ledger().network_report
        reports = list(connection.execute(select(n).where(n.c.outbox_id == id).order_by(n.c.id)))
        acts = list(audit.entries(connection, f"outbox {id}"))
    if as_json:
        options.print_json({**asdict(row), "messages": [dict(one._mapping) for one in messages], "answered": [dict(one._mapping) for one in said],
                            "reports": [dict(one._mapping) for one in reports],
                            "acts": [asdict(one) for one in acts]})
        return 0
    show.facts(f"Outbox {id}", [
        ("to", f"{row.partner} ({row.receiver_qualifier}:{row.receiver})"), ("what", f"{row.standard} {row.name}{', test' if row.test else ''}"),
        ("number", row.control), ("state", row.state), ("error", row.error), ("made", f"{show.second(row.created_at)}, {row.origin}"),
        ("sent", show.second(row.sent_at)), ("as", row.file_name), ("by", row.channel), ("tries", row.tries),
        ("answer due", show.second(row.due_at)), ("the partner says", row.outcome), ("the network says", row.network),
        ("bytes", f"{show.size(row.size)}, SHA-256 {row.sha256}")])
    if messages:
        show.heading("Messages")
        show.table((">no", "reference", "type", "document", "map", "the partner says"), (
            (one.ordinal, one.reference, one.type, one.document, one.map, one.outcome) for one in messages), indent=2)
    if said:
        show.heading("What was said of it")
        show.table(("when", "answer", "of", "said", "~words", "in exchange"), (
            (show.second(one.at), one.answer, " ".join(filter(None, (one.level, one.group_control, one.reference))), one.outcome
             + (", late" if one.late else ""), one.words, one.exchange_id) for one in said), indent=2)
    if reports:
        show.heading("What the network reports")
        show.table(("when", "by", "status", "~words", "in receipt"), (
            (show.second(one.at), one.channel, " ".join(filter(None, (one.status, one.group_control and f"(group {one.group_control})"))),
             one.words, one.receipt_id) for one in reports), indent=2)
    print_acts(acts)
    return 0


@outbox.command()
@click.argument("id", type=int)
@options.home_option
@options.database_option
def raw(id: int, home: str | None, database: str | None) -> int:
    """The frozen bytes of an entry, on stdout.

    \b
    Example:
      edi-bridge outbox raw 17 > invoice.edi
    """
    from edi_bridge.store import outbox as entries
    from edi_bridge.store.archive import open_archive

    with opened(home, database) as (settings, made), made.read() as connection:
        _found(connection, id)
        content = entries.open_content(connection, open_archive(settings.archive, settings.home), id).read()
    sys.stdout.flush()
    show.sink().write(content)
    sys.stdout.buffer.flush()
    return 0


@outbox.command()
@click.argument("id", type=int)
@reason_option
@options.home_option
@options.database_option
def retry(id: int, reason: str, home: str | None, database: str | None) -> int:
    """Try now what waits or failed: the same bytes, name and number. Where its end is not known, the partner is looked at first.

    \b
    Example:
      edi-bridge outbox retry 17 --reason "their server is back"
    """
    return _act(id, "retry", reason, home, database, ("waiting", "failed", "uncertain", "cancelled", "held"))


@outbox.command()
@click.argument("id", type=int)
@reason_option
@options.home_option
@options.database_option
def resend(id: int, reason: str, home: str | None, database: str | None) -> int:
    """Send once more what went out: the same bytes, name and number, by which the partner can tell that it is a repeat. Its answer is
    expected anew.

    \b
    Example:
      edi-bridge outbox resend 17 --reason "they lost it, and ask for it again"
    """
    return _act(id, "resend", reason, home, database, ("sent",))


@outbox.command()
@click.argument("id", type=int)
@reason_option
@options.home_option
@options.database_option
def cancel(id: int, reason: str, home: str | None, database: str | None) -> int:
    """Do not send it. Its number stays used.

    \b
    Example:
      edi-bridge outbox cancel 17 --reason "sent by e-mail"
    """
    return _act(id, "cancel", reason, home, database, ("waiting", "failed", "uncertain", "held"))


@outbox.command()
@click.option("--partner", metavar="NAME", default="", help="For this partner.")
@options.home_option
@options.database_option
@options.json_option
def queued(partner: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Records that wait to go out with others in one interchange, the oldest first; they have no numbers yet.

    \b
    Example:
      edi-bridge outbox queued --partner acme
    """
    from edi_bridge.store import queue

    with opened(home, database) as (_, made), made.read() as connection:
        rows = queue.listing(connection, partner)
    if as_json:
        options.print_json([{**asdict(row), "record": json.loads(row.record)} for row in rows])
        return 0
    show.table((">id", "since (UTC)", "to", "~what", "~documents", "~from"),
               [(row.id, show.minute(row.created_at), row.partner, row.key, ", ".join(_numbers(row)), row.origin) for row in rows])
    if not rows:
        show.note("nothing waits for others")
    return 0


def _numbers(row: Queued) -> list[str]:
    """The documents' numbers."""
    said = json.loads(row.record)
    return [str(one.get("number", "")) for one in (said if isinstance(said, list) else [said])]


@outbox.command()
@click.argument("id", type=int)
@reason_option
@options.home_option
@options.database_option
def unqueue(id: int, reason: str, home: str | None, database: str | None) -> int:
    """Do not send a record that waits for others (`outbox queued` has its number). The audit log keeps it.

    \b
    Example:
      edi-bridge outbox unqueue 3 --reason "the order was cancelled by telephone"
    """
    from edi_bridge.store import alarm, audit, queue

    with opened(home, database) as (_, made), made.write() as connection:
        row = queue.one(connection, id)
        if row is None:
            raise ConfigFault.at("", 0, 0, f"no record {id} waits for others: it went out, or never was there")
        queue.remove(connection, [id])
        audit.write(connection, now(), actor(), "unqueue", queue.subject(row.partner, row.key), reason,
                    {"type": row.record_type, "record": json.loads(row.record), "origin": row.origin})
        if not queue.waiting(connection, row.partner, row.key):  # else it may be about another
            alarm.clear(connection, "refused", queue.subject(row.partner, row.key), now())
    show.note(f"{', '.join(_numbers(row)) or 'it'} is not sent to {row.partner}")
    return 0


@outbox.command()
@click.argument("id", type=int)
@click.option("--sent", "sent", is_flag=True, help="The partner has it.")
@click.option("--not-sent", "not_sent", is_flag=True, help="The partner does not have it: send it again.")
@reason_option
@options.home_option
@options.database_option
def resolve(id: int, sent: bool, not_sent: bool, reason: str, home: str | None, database: str | None) -> int:
    """Say whether an uncertain one arrived, where only the partner can tell.

    \b
    Example:
      edi-bridge outbox resolve 17 --sent --reason "their desk confirms it"
    """
    if sent == not_sent:
        raise click.UsageError("say --sent or --not-sent")
    return _act(id, "sent" if sent else "not_sent", reason, home, database, ("uncertain", "sending"))


STATES = {"retry": "waiting", "resend": "waiting", "cancel": "cancelled", "sent": "sent", "not_sent": "waiting"}


def _act(id: int, act: str, reason: str, home: str | None, database: str | None, from_: tuple[str, ...]) -> int:
    from edi_bridge.store import alarm, audit
    from edi_bridge.store import outbox as entries

    with opened(home, database) as (settings, made), made.write() as connection:
        row = _found(connection, id)
        if row.state not in from_:
            hint = "; outbox resend sends it once more" if (act, row.state) == ("retry", "sent") else ""
            raise ConfigFault.at("", 0, 0, f"entry {id} is {row.state}; this is for what is {', '.join(from_)}{hint}")
        state = "uncertain" if act == "retry" and row.state == "uncertain" else STATES[act]
        due = _due(settings, made, row) if state == "sent" else None
        entries.mark(connection, id, state, at=now() if state == "sent" else "", due_at=due, tries=0 if state in ("waiting", "uncertain") else None)
        audit.write(connection, now(), actor(), act, f"outbox {id}", reason)
        for kind in ("sending_failed", "uncertain", "quarantine", *(("acknowledgement_overdue", "network") if act == "resend" else ())):
            alarm.clear(connection, kind, f"outbox {id}", now())
    show.note(f"entry {id} is {state}" + (": the daemon sends it" if state in ("waiting", "uncertain") else ""))
    return 0


def _due(settings: Settings, made: Database, row: Entry) -> str:
    """When its acknowledgement must be here, now that it is known to be sent."""
    from datetime import datetime

    from edi_bridge import clock
    from edi_bridge.engine.sending import Sending
    from edi_bridge.store.archive import open_archive

    tell = clock.from_environment(os.environ)
    return Sending(made, open_archive(settings.archive, settings.home), options.catalog_of(settings.home), tell).due(row, datetime.fromisoformat(now()))


def _found(connection: Connection, id: int) -> Entry:
    from edi_bridge.store import outbox as entries

    row = entries.get(connection, id)
    if row is None:
        raise ConfigFault.at("", 0, 0, f"there is no entry {id} in the outbox")
    return row
