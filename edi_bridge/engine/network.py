"""What a network reports of what we sent: kept, laid beside the outbox, told where it went wrong.

A report comes by a channel of its own (`transport.van.reports_channel`), is a receipt like any other file, and never goes down the
path of messages. Everything in it is written in one transaction; reading it again (another layout, a killed process) takes the place
of what was read before. Lines that nobody understood are kept as rows with the status `unread`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, insert, select, update

from edi_bridge.database import Database, chunks
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.engine.report import ReceiptSummary
from edi_bridge.engine.sending import Sending
from edi_bridge.fault import ConfigFault
from edi_bridge.report_layout import ReportLayout, Status
from edi_bridge.store import alarm, ledger, outbox
from edi_bridge.store.archive import Archive
from edi_bridge.store.ledger import Receipt
from edi_bridge.store.outbox import Entry
from edi_bridge.store.state import UNFINISHED
from edi_bridge.store.tables import ledger as tables

if TYPE_CHECKING:
    from edi_bridge.network_report import Report, Statement, Unread

SUFFIX = ".reports"  # how the name of the channel of a network's reports ends
ORDER = {status.value: number for number, status in enumerate(Status)}  # how far it came; what is refused stands apart
LARGEST = 100_000_000  # bytes of a report
UNREAD = "unread"
LOOKED_BACK = timedelta(days=30)  # what is older and was never reported is told no more


@dataclass(frozen=True, slots=True)
class Networks:
    """Takes reports in. `catalog` knows channels and partners; `clock` the time, `now` the same as the ledger writes it."""

    database: Database
    archive: Archive
    catalog: Any
    clock: Callable[[], datetime]
    now: Callable[[], str]

    def is_report(self, receipt: Receipt) -> bool:
        """Whether a receipt came by the channel of a network's reports."""
        if not receipt.channel.endswith(SUFFIX) or receipt.channel in self.catalog.channels:
            return False
        channel = self.catalog.channels.get(receipt.channel.removesuffix(SUFFIX))
        return channel is not None and bool(channel.options.get("reports"))

    def take(self, receipt: Receipt, joined: bool = False) -> ReceiptSummary:
        """Read a report and write down what it says; closed afterwards. Our own mistake leaves the receipt failed, with an alarm."""
        if receipt.state not in UNFINISHED:
            return ReceiptSummary(receipt.id, receipt.name, receipt.sha256, receipt.size, joined, [], reported=0)
        from edi_bridge.network_report import read_report  # loads long, and a daemon must soon be back at work

        base = receipt.channel.removesuffix(SUFFIX)
        layout: ReportLayout = self.catalog.channels[base].options["report"]

        def read() -> int:
            if receipt.size > LARGEST:
                raise ConfigFault.at(receipt.name, 0, 0, f"a report of more than {LARGEST:,} bytes is not read")
            with self.archive.open(receipt.sha256) as source:
                report = read_report(source.read(), layout)
            with self.database.write() as connection:
                self._write(connection, receipt, base, report)
                ledger.set_receipt(connection, receipt.id, "done")
            return len(report.statements)

        result = guarded(read)
        if isinstance(result, Failure):
            with self.database.write() as connection:
                ledger.set_receipt(connection, receipt.id, "failed", result.text)
                alarm.raise_(connection, "failed", f"receipt {receipt.id}", f"the report {receipt.name} of {base} could not be read: a mistake of"
                             " edi_bridge itself", self.now())
            return ReceiptSummary(receipt.id, receipt.name, receipt.sha256, receipt.size, joined, [], failure=result.text, reported=0)
        return ReceiptSummary(receipt.id, receipt.name, receipt.sha256, receipt.size, joined, [], reported=result)

    def _write(self, connection: Connection, receipt: Receipt, base: str, report: Report) -> None:
        t = tables().network_report
        connection.execute(delete(t).where(t.c.receipt_id == receipt.id))
        ours = _of_channel(connection, base, report.statements)
        rows, touched = [], {}
        for statement in report.statements:
            entry = match(statement, ours)
            if entry is not None:
                touched[entry.id] = entry
            elif statement.status is Status.REFUSED and self._from_us(statement):
                alarm.raise_(connection, "network", f"receipt {receipt.id}", f"{base} refused {_named(statement)}, which is not in the outbox:"
                             f" {statement.text or statement.said}", self.now())
            rows.append(_row(receipt.id, base, statement, entry))
        rows += [_unread(receipt.id, base, one) for one in report.unread]
        if rows:
            connection.execute(insert(t), rows)
        for entry in touched.values():
            self._settle(connection, base, entry)
        self._tell_unread(connection, receipt, base, report)

    def _from_us(self, statement: Statement) -> bool:
        mine = {_bare(one.id) for one in self.catalog.own.identities}
        return not statement.sender or _bare(statement.sender) in mine

    def _tell_unread(self, connection: Connection, receipt: Receipt, base: str, report: Report) -> None:
        subject = f"report {receipt.id}"
        if report.unread_lines:
            count = f"{report.unread_lines:,} line{'s were' if report.unread_lines > 1 else ' was'}"
            alarm.raise_(connection, "network", subject, f"{count} not understood in the report {receipt.name} of {base} (receipt {receipt.id}):"
                         f" {report.unread[0].sentence()}", self.now())
        else:
            alarm.clear(connection, "network", subject, self.now())

    def _settle(self, connection: Connection, base: str, entry: Entry) -> None:
        """The newest that is known of an entry, from all reports of it: the latest where they say when, else how far it came."""
        t = tables()
        rows = connection.execute(select(t.network_report).where(
            t.network_report.c.outbox_id == entry.id, t.network_report.c.group_control == "", t.network_report.c.status != UNREAD).order_by(t.network_report.c.id)).all()
        groups = connection.execute(select(t.network_report).where(
            t.network_report.c.outbox_id == entry.id, t.network_report.c.group_control != "",
            t.network_report.c.status == Status.REFUSED.value).order_by(t.network_report.c.id)).all()
        subject, newest = f"outbox {entry.id}", newest_of(rows)
        if newest is not None:
            connection.execute(update(t.outbox).where(t.outbox.c.id == entry.id).values(network=newest.status))
            if entry.state in ("uncertain", "sending"):  # the network has it: so it was sent
                sent = datetime.fromisoformat(newest.at) if newest.at else self.clock()
                due = Sending(self.database, self.archive, self.catalog, self.clock).due(entry, sent)
                outbox.mark(connection, entry.id, "sent", at=newest.at or self.now(), due_at=due)
                for kind in ("uncertain", "sending_failed"):
                    alarm.clear(connection, kind, subject, self.now())
        refused = newest if newest is not None and newest.status == Status.REFUSED.value else groups[-1] if groups else None
        if refused is None or not entry.network:  # what rang before was that nothing was heard of it
            alarm.clear(connection, "network", subject, self.now())
        if refused is None:
            return
        what = f"group {refused.group_control} of " if refused.group_control else ""
        alarm.raise_(connection, "network", subject, f"{base} refused {what}{entry.name} {entry.control} to {entry.partner}: {refused.words or 'no reason given'}",
                     self.now())


def newest_of(rows: Sequence[Any]) -> Any:
    """Which of the statements about one interchange holds. Refused counts where nothing later says that it arrived."""
    if not rows:
        return None
    timed = [row for row in rows if row.at]
    last = max(timed, key=lambda row: row.at).at if timed else ""
    refused = [row for row in rows if row.status == Status.REFUSED.value]
    good = [row for row in rows if row.status != Status.REFUSED.value]
    furthest = max(good, key=lambda row: ORDER[row.status], default=None)
    if not refused:
        return furthest
    final = refused[-1]
    if furthest is None or not final.at or all(not row.at or row.at <= final.at for row in good):
        return final
    return furthest if last > final.at else final


def match(statement: Statement, ours: Sequence[Entry]) -> Entry | None:
    """The entry that a statement is about: by the name of our file, else by control number and parties; of several the newest that was
    there by then."""
    if statement.name:
        named = [one for one in ours if one.file_name and one.file_name == statement.name]
        if named:
            return named[-1]
    if not statement.control:
        return None
    fitting = [one for one in ours if _number(one.control) == _number(statement.control)
               and _is(statement.sender, statement.sender_qualifier, one.sender, one.sender_qualifier)
               and _is(statement.receiver, statement.receiver_qualifier, one.receiver, one.receiver_qualifier)]
    if statement.time:
        by_then = [one for one in fitting if one.created_at[:16] <= statement.time[:16]]
        fitting = by_then or fitting
    return fitting[-1] if fitting else None


def _number(control: str) -> str:
    """Networks drop the zeros of ISA13."""
    return control.strip().lstrip("0") or "0"


def _bare(address: str) -> str:
    return address.strip().casefold()


def _is(said: str, said_qualifier: str, address: str, qualifier: str) -> bool:
    """Whether an address in a report is one of ours: ISA06 is padded to 15 places, capitals change on the way, and some networks
    write the qualifier before the id (`01315369934`, `14:4012345500004`, `ZZ/ACME`)."""
    if not said.strip():
        return True
    if said_qualifier.strip() and qualifier and said_qualifier.strip() != qualifier:
        return False
    text, mine, before = _bare(said), _bare(address), _bare(qualifier)
    return text == mine or bool(before) and text in {before + between + mine for between in ("", ":", "/", "-", " ", "*")}


def _named(statement: Statement) -> str:
    return " ".join(filter(None, (statement.type, statement.control or statement.name or statement.reference, f"to {statement.receiver}" if statement.receiver else "")))


def _of_channel(connection: Connection, base: str, statements: Sequence[Statement]) -> list[Entry]:
    """What went out by a channel and has one of these numbers or names, the oldest first."""
    t = tables().outbox
    found: dict[int, Entry] = {}
    for column, wanted in ((func.ltrim(t.c.control, "0"), {_number(one.control).lstrip("0") for one in statements if one.control}),
                           (t.c.file_name, {one.name for one in statements if one.name})):
        for some in chunks(sorted(wanted)):
            ids = connection.execute(select(t.c.id).where(t.c.channel == base, t.c.tries > 0, column.in_(some))).scalars().all()
            for id in ids:
                entry = outbox.get(connection, id)
                if entry is not None:
                    found[id] = entry
    return [found[id] for id in sorted(found)]


def _row(receipt: int, base: str, one: Statement, entry: Entry | None) -> Mapping[str, Any]:
    words = "; ".join(filter(None, (one.text, f"number {one.reference}" if one.reference else "")))
    return {"receipt_id": receipt, "outbox_id": entry.id if entry else None, "channel": base, "status": one.status.value, "sender": one.sender,
            "receiver": one.receiver, "control": one.control, "group_control": one.group, "at": one.time, "words": words[:1000]}


def _unread(receipt: int, base: str, one: Unread) -> Mapping[str, Any]:
    return {"receipt_id": receipt, "outbox_id": None, "channel": base, "status": UNREAD, "sender": "", "receiver": "", "control": "", "group_control": "",
            "at": "", "words": one.sentence()[:1000]}


def understood(connection: Connection, receipt: int) -> tuple[int, int]:
    """How many statements were read in a report, and how many lines were not understood."""
    t = tables().network_report
    counts: dict[bool, int] = {}
    for row in connection.execute(select(t.c.status, func.count().label("known")).where(t.c.receipt_id == receipt).group_by(t.c.status)):
        counts[row.status == UNREAD] = counts.get(row.status == UNREAD, 0) + row.known
    return counts.get(False, 0), counts.get(True, 0)


def overdue(connection: Connection, catalog: Any, now: datetime) -> Iterator[tuple[Entry, float]]:
    """What was sent through a network that says nothing of it, though its partner's `expect: {network: 2h}` is over; with the seconds."""
    partners = {one.name: one for one in catalog.partners}
    waits = {name: one for name, one in partners.items() if "network" in one.expect or any("network" in each.expect for each in one.agreements)}
    if not waits:
        return
    t = tables().outbox
    since = (now - LOOKED_BACK).isoformat()
    query = select(t.c.id).where(t.c.state == "sent", t.c.network == "", t.c.sent_at > since, t.c.partner.in_(sorted(waits))).order_by(t.c.id)
    for id in connection.execute(query).scalars().all():
        entry = outbox.get(connection, id)
        channel = catalog.channels.get(entry.channel) if entry is not None else None
        if entry is None or channel is None or not channel.options.get("reports"):
            continue
        partner = waits[entry.partner]
        agreed = next((one for one in partner.agreements if one.direction == "out" and one.message.rpartition("/")[2] == entry.name), None)
        within = partner.expecting(agreed if entry.kind == "document" else None).get("network")
        if within is not None and datetime.fromisoformat(entry.sent_at) + timedelta(seconds=within) < now:
            yield entry, within


def tell_overdue(connection: Connection, catalog: Any, now: datetime, at: str) -> None:
    """An alarm for each of them; it is over when a report speaks of it."""
    for entry, within in overdue(connection, catalog, now):
        alarm.raise_(connection, "network", f"outbox {entry.id}", f"{entry.channel} says nothing of {entry.name} {entry.control} to {entry.partner},"
                     f" sent {entry.sent_at[:16]}Z: it should within {timedelta(seconds=within)}", at)
