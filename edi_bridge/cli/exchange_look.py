"""The looking half of `edi-bridge exchange`."""

from __future__ import annotations

import io
import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from edi_bridge.database import Database
    from edi_bridge.settings import Settings
    from edi_bridge.store.audit import Entry, Head
    from edi_bridge.store.search import Row

COLOURS = {"done": "green", "posted": "green", "duplicate": "dim", "open": "yellow", "waiting": "yellow", "reconciled": "green", "sent": "green"}
ORDER = ("posted", "reconciled", "waiting", "held", "rejected", "failed", "discarded")


@contextmanager
def opened(home: str | None, database: str | None, *, create: bool = False) -> Iterator[tuple[Settings, Database]]:
    """A home's settings and its database, closed at the end. `create`: also where there is none yet."""
    settings = options.settings_of(home, database)
    made = options.open_database(settings, create=create)
    try:
        yield settings, made
    finally:
        made.close()


def colour(text: str) -> str:
    """The style of a state; what is none of the quiet ones is red."""
    return COLOURS.get(text.partition(" ")[0].partition(":")[0], "red") if text else ""


def _state(context: click.Context, option: click.Parameter, value: str) -> str:
    """A state that exchanges or messages can have: a misspelled one would find nothing, as if all were well."""
    from edi_bridge.store.state import STATES

    known = list(dict.fromkeys(one.name for one in STATES if one.of in ("exchange", "message")))
    if value and value not in known:
        raise click.BadParameter(f"there is no state {value}; they are {', '.join(known)}")
    return value


def _day(context: click.Context, option: click.Parameter, value: str) -> str:
    """A day or a moment, as the ledger's times begin."""
    from datetime import UTC, datetime

    if not value:
        return ""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value} is no day such as 2026-11-01, and no moment such as 2026-11-01T08:00 (UTC)") from None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).strftime("%Y-%m-%dT%H:%M:%S")


@click.command("list")
@click.option("--partner", metavar="NAME", default="", help="Of this partner, or from this address.")
@click.option("--control", metavar="NUMBER", default="", help="With this control number; leading zeros do not count.")
@click.option("--document", metavar="NUMBER", default="", help="That brought this order, invoice …")
@click.option("--state", metavar="STATE", default="", callback=_state, help="In this state, or with a message in it: quarantined, held, failed …")
@click.option("--since", metavar="DAY", default="", callback=_day, help="Received on or after this day (2026-11-01).")
@click.option("--until", metavar="DAY", default="", callback=_day, help="Received before this day.")
@click.option("--text", metavar="TEXT", default="", help="In which something was found that says so.")
@click.option("--limit", metavar="N", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--before", metavar="ID", type=int, default=0, help="Only older ones than this exchange: the next page.")
@options.home_option
@options.database_option
@options.json_option
def list_(partner: str, control: str, document: str, state: str, since: str, until: str, text: str, limit: int, before: int,
          home: str | None, database: str | None, as_json: bool) -> int:
    """Exchanges, the newest first.

    \b
    Examples:
      edi-bridge exchange list --state quarantined
      edi-bridge exchange list --document 4500012345
      edi-bridge exchange list --partner acme --since 2026-11-01 --text unknown_code
    """
    from edi_bridge.store import search

    wanted = search.Wanted(partner, control, document, state, since, until, text)
    with opened(home, database) as (_, made), made.read() as connection:
        rows = search.find(connection, wanted, limit, before)
    if as_json:
        options.print_json([values(row) for row in rows])
        return 0
    show.table((">id", "received (UTC)", "from", "control", "what", "~became", "~documents"), map(_line, rows),
               colour=lambda row, index: colour(row[5]) if index == 5 else "")
    if len(rows) == limit:
        show.note(f"the newest {limit}; older ones: --before {rows[-1].id}")
    elif not rows:
        show.note("there is no such exchange" if any(asdict(wanted).values()) or before else "nothing came yet")
    return 0


def _line(row: Row) -> tuple[Any, ...]:
    more = f" and {len(row.documents) - 3} more" if len(row.documents) > 3 else ""
    return row.id, show.minute(row.received_at), row.partner or row.sender, row.control, what(row), became(row), ", ".join(row.documents[:3]) + more


def values(row: Row) -> dict[str, Any]:
    """An exchange as data."""
    return {**asdict(row), "versions": json.loads(row.versions or "{}")}


def what(row: Row) -> str:
    """`edifact test, 3 messages`."""
    if row.standard == "unknown":
        return "cannot be read"
    return f"{row.standard}{' test' if row.test else ''}, {show.number(row.messages, 'message')}"


def became(row: Row) -> str:
    """`done: 12 posted, 1 rejected`; the reason where a person must decide."""
    counts = ", ".join(f"{row.states[name]:,} {name}" for name in ORDER if name in row.states)
    if row.state == "duplicate":
        return f"duplicate of {row.original}"
    if row.state == "discarded" and row.reason:
        return row.reason
    if row.state == "quarantined" and row.reason:
        return f"{row.state}: {row.reason}"
    return f"{row.state}: {counts}" if counts and len(row.states) > 1 else row.state


@click.command("show")
@click.argument("id", type=int)
@options.home_option
@options.database_option
@options.json_option
def show_(id: int, home: str | None, database: str | None, as_json: bool) -> int:
    """One exchange: its envelope, its messages, what was found, what answers it, who did what with it.

    \b
    Example:
      edi-bridge exchange show 412
    """
    from edi_bridge.store import audit, outbox, search, waiting

    with opened(home, database) as (settings, made), made.read() as connection:
        row = _found(search.one(connection, id), id)
        messages, findings = search.messages(connection, id), search.findings(connection, id)
        answers = outbox.listing(connection, exchange=id)[::-1]
        acts = list(audit.entries(connection, f"exchange {id}"))
        waits = waiting.listing(connection, id)
    owner = owners(settings.home, row, [one.type for one in messages])
    if as_json:
        options.print_json({**values(row), "owners": owner, "findings": [{**one._mapping, "position": json.loads(one.position or "{}")} for one in findings], "acts": [asdict(one) for one in acts],
                            "detail": [dict(one._mapping) for one in messages], "answers": [asdict(one) for one in answers],
                            "waiting": [asdict(one) for one in waits]})
        return 0
    _print_head(row, owner)
    keys = {one.ordinal: one.key for one in waits}
    if messages:
        show.heading("Messages")
        show.table((">no", "reference", "type", "became", "map", ">records", "~for"), (
            (one.ordinal, one.reference, one.type, one.state, one.map, one.records, f"waits for {keys[one.ordinal]}" if one.ordinal in keys else "")
            for one in messages), indent=2, colour=lambda line, index: colour(line[3]) if index == 3 else "")
    if findings:
        show.heading("What was found")
        show.table((">message", "kind", "~where", "~said"), ((one.ordinal or "", one.kind, place(one), said(one)) for one in findings), indent=2)
    if answers:
        show.heading("What answers it")
        show.table((">outbox", "name", "number", "state", "sent", "~error"), (
            (one.id, one.name, one.control, one.state, show.second(one.sent_at), one.error) for one in answers), indent=2,
            colour=lambda line, index: colour(line[3]) if index == 3 else "")
    print_acts(acts)
    if row.failure:
        show.heading("What stopped it")
        print(show.clean(row.failure.strip().splitlines()[-1]))
    return 0


def _print_head(row: Row, owner: Sequence[str]) -> None:
    show.facts(f"Exchange {row.id}", [
        ("from", (row.partner or "nobody known") + (f" ({row.sender})" if row.sender else "")), ("to", row.receiver), ("control", row.control),
        ("what", what(row)), ("lane", row.lane.rstrip("_")),
        ("received", f"{show.second(row.received_at)} UTC as {row.name}" + (f" by {row.channel}" if row.channel else "")),
        ("became", became(row) if row.state != "quarantined" else row.state), ("documents", ", ".join(row.documents)),
        ("configuration", configurations(row.versions)), ("owner", ", ".join(owner)),
        ("reason", row.reason if row.state != "discarded" else ""), ("legal hold", f"until {row.hold_until}" if row.hold_until else ""),
        ("first came in", f"exchange {row.original}" if row.original else ""), ("copy of", f"exchange {row.copy_of}" if row.copy_of else ""),
        ("bytes", f"receipt {row.receipt}, interchange {row.ordinal}, SHA-256 {row.sha256}")])


def configurations(versions: str) -> str:
    """The version of partners and maps by which it was processed, and those that it was begun with; `catalog log` says who put it in force."""
    from edi_bridge.store import version

    last, *before = (one[:version.SHOWN] for one in (version.pinned(versions) or [""]))
    return last + (f" (begun with {', '.join(before)})" if before else "")


def owners(home: Path, row: Row, types: Iterable[str]) -> list[str]:
    """Who answers with us for the agreements of its messages, as the files of the home say now; nobody where they cannot be read."""
    from edi_bridge.interchange import MessageType

    try:
        partner = options.catalog_of(home).load_partner(row.partner).ruling(bool(row.test)) if row.partner else None
    except ConfigFault:
        return []
    agreed = [partner.agreement(MessageType(*one.split("/"))) for one in dict.fromkeys(types) if one.count("/") == 2] if partner else []
    return list(dict.fromkeys(one.owner for one in agreed if one is not None and one.owner))


def print_acts(acts: Sequence[Entry]) -> None:
    """What people did with something, where they did."""
    if acts:
        show.heading("Who did what")
        show.table(("when", "who", "what", "~why"), ((show.second(one.at), one.actor, one.act, one.reason) for one in acts), indent=2)


def place(finding: Any) -> str:
    """Where it was found, in words: `segment 8 (QTY) › element 1.1 › SG25/QTY/C186.6060`."""
    from edi_bridge.interchange import Position

    known = json.loads(finding.position or "{}")
    kept = {key: value for key, value in known.items() if key not in ("interchange", "message", "offset", "length", "id")}
    return Position(**kept).words() if kept else ""


def said(finding: Any) -> str:
    """What was found, without its place, with the value where the sentence does not hold it."""
    path = json.loads(finding.position or "{}").get("path") or ""
    note = finding.note.removeprefix(f"{path} ") if path else finding.note
    if not finding.note or not finding.value or finding.value in finding.note:
        return str(note or finding.value)
    return f"{note}, found {show.cut(finding.value, 80)}"


def _found(row: Row | None, id: int) -> Row:
    if row is None:
        raise ConfigFault.at("", 0, 0, f"there is no exchange {id}")
    return row


@click.command()
@click.argument("id", type=int)
@click.option("--whole", is_flag=True, help="The whole file that came, not only this interchange.")
@options.home_option
@options.database_option
def raw(id: int, whole: bool, home: str | None, database: str | None) -> int:
    """The bytes of an exchange as they came, on stdout.

    \b
    Example:
      edi-bridge exchange raw 412 > as-it-came.edi
    """
    from edi_bridge.store import search
    from edi_bridge.store.archive import open_archive

    with opened(home, database) as (settings, made):
        with made.read() as connection:
            row = _found(search.one(connection, id), id)
        with open_archive(settings.archive, settings.home).open(row.sha256) as source:
            content = source.read()
    sys.stdout.flush()
    show.sink().write(content if whole else part_of(content, row.ordinal))
    sys.stdout.buffer.flush()
    return 0


def part_of(content: bytes, ordinal: int) -> bytes:
    """The bytes of one interchange of a file; all of them where its place cannot be told (rows, one document)."""
    from edi_bridge import syntax

    starts: dict[int, int] = {}
    for interchange in syntax.read(io.BytesIO(content)):
        starts[interchange.ordinal] = interchange.offset
        interchange.drain()
    if ordinal not in starts or len(starts) == 1:
        return content
    return content[starts[ordinal]: starts.get(ordinal + 1, len(content))]


@click.command()
@click.argument("id", type=int)
@options.home_option
@options.database_option
def record(id: int, home: str | None, database: str | None) -> int:
    """The records of an exchange as today's maps read its bytes, one JSON line each. Nothing is posted.

    \b
    Example:
      edi-bridge exchange record 412 | head -1
    """
    from edi_bridge import pipeline
    from edi_bridge.record import to_json
    from edi_bridge.store import search
    from edi_bridge.store.archive import open_archive

    with opened(home, database) as (settings, made):
        with made.read() as connection:
            row = _found(search.one(connection, id), id)
        catalog = options.catalog_of(settings.home, database=settings.database)
        with open_archive(settings.archive, settings.home).open(row.sha256) as source:
            for outcome in pipeline.inbound(source, catalog, partner=row.partner or None):
                if outcome.interchange.ordinal == row.ordinal:
                    for one in outcome.records:
                        print(to_json(one).decode())
    return 0


@click.command()
@click.option("--quick", is_flag=True, help="The ledger alone; the archive's bytes are not read.")
@options.head_option
@options.home_option
@options.database_option
@options.json_option
def audit(quick: bool, heads: list[Head], home: str | None, database: str | None, as_json: bool) -> int:
    """Whether anything was lost: every message that came is counted where it is, every archived byte is hashed, the chain of the
    audit log is followed.

    The head of the audit log is printed as COUNT:HASH. Noted elsewhere (the daemon's log has it each day), it proves later that nothing
    up to it was changed or cut off: --head.

    \b
    Examples:
      edi-bridge exchange audit
      edi-bridge exchange audit --quick --head 128:3f9a…

    Exit codes: 0 everything is there, 1 something is not, with a line for each.
    """
    from edi_bridge.engine import auditing
    from edi_bridge.store import conservation
    from edi_bridge.store.archive import open_archive

    with opened(home, database) as (settings, made), made.read() as connection:
        account = auditing.check(connection, None if quick else open_archive(settings.archive, settings.home), heads)
    if as_json:
        options.print_json({"received": account.received, "messages": dict(account.messages), "records": dict(account.records),
                            "deliveries": dict(account.deliveries), "problems": account.problems, "balanced": account.balanced, "head": str(account.head)})
        return 0 if account.balanced else 1
    counts = [(name, account.messages[name], account.records[name]) for name in conservation.CATEGORIES if account.messages[name]]
    show.table(("", ">messages", ">records"), [("received", account.received, ""), *counts,
                                               ("together", sum(account.messages.values()), sum(account.records.values()))])
    print(f"audit log: {show.number(account.head.count, 'entry', 'entries')}, head {account.head}")
    for problem in account.problems:
        print(show.style(show.clean(problem), "red", sys.stdout))
    files = ", ".join(f"{count:,} {state}" for state, count in sorted(account.deliveries.items()))
    verdict = "everything that came is there" if account.balanced else show.style("something is wrong: see above", "red")
    show.note(f"{show.number(sum(account.deliveries.values()), 'file')} ({files}) · {verdict}")
    return 0 if account.balanced else 1
