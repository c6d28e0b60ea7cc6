"""What a person does with an exchange: release, reject, resend, replay, fix. Each act needs a reason and stands in the audit log.

An act changes the ledger in one transaction; what is to be done again then goes its whole way by `Engine.resume` (or the daemon).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from edi_bridge.database import Database
from edi_bridge.engine import network
from edi_bridge.fault import ConfigFault
from edi_bridge.store import alarm, audit, identity, ledger, outbox, search
from edi_bridge.store.archive import Blob
from edi_bridge.store.tables import ledger as tables

RELEASABLE = ("quarantined", "held", "done")
AGAIN = ("held", "rejected", "failed", "waiting", "discarded")  # states of messages that a replay does again
NOTHING_POSTED = ("rejected", "failed", "held", "quarantined", "discarded")  # states of exchanges that a replay may do again as a whole


@dataclass(frozen=True, slots=True)
class Acts:
    """Acts of one person. `actor` is who; `now` the time as the ledger writes it."""

    database: Database
    actor: str
    now: Callable[[], str]

    def release(self, exchange: int, reason: str, partner: str = "") -> None:
        """Let pass what is quarantined or held: its messages are posted, whatever came before. `partner`: who sent it, where nobody
        knows the address. ConfigFault where there is nothing to release."""
        with self.database.write() as connection:
            row = self._row(connection, exchange)
            held = [one.ordinal for one in search.messages(connection, exchange) if one.state == "held"]
            if row.state not in RELEASABLE or (row.state == "done" and not held):
                raise ConfigFault.at("", 0, 0, f"exchange {exchange} is {row.state}: nothing of it waits for a person")
            t = tables()
            if partner:
                if len(search.of_receipt(connection, row.receipt)) > 1:
                    raise ConfigFault.at("", 0, 0, "its file holds several interchanges: add the address to the partner's file instead")
                connection.execute(update(t.receipt).where(t.receipt.c.id == row.receipt).values(partner=partner))
                connection.execute(update(t.exchange).where(t.exchange.c.id == exchange).values(partner=partner))
            ledger.do_again(connection, exchange, held)
            connection.execute(update(t.exchange).where(t.exchange.c.id == exchange).values(
                reason=f"{ledger.RELEASED} by {self.actor}: {reason}"))
            self._done(connection, "release", exchange, reason, {"partner": partner} if partner else {})

    def reject(self, exchange: int, reason: str) -> None:
        """Decide that nothing of what is quarantined or held is posted. Nothing goes out: the partner is told in another way."""
        with self.database.write() as connection:
            row = self._row(connection, exchange)
            t = tables()
            held = (t.message.c.exchange_id == exchange) & (t.message.c.state == "held")
            if row.state in ("quarantined", "held"):
                connection.execute(update(t.exchange).where(t.exchange.c.id == exchange).values(
                    state="discarded", reason=f"rejected by {self.actor}: {reason}"))
            elif "held" not in row.states:
                raise ConfigFault.at("", 0, 0, f"exchange {exchange} is {row.state}: nothing of it waits for a person")
            connection.execute(update(t.message).where(held).values(state="discarded"))
            self._done(connection, "reject", exchange, reason, {})

    def resend(self, exchange: int, reason: str) -> list[int]:
        """Lay its answers down once more, byte for byte; the new entries of the outbox."""
        with self.database.write() as connection:
            self._row(connection, exchange)
            made = outbox.repeat(connection, exchange, exchange, self.now())
            if not made:
                raise ConfigFault.at("", 0, 0, _no_answer(exchange, outbox.listing(connection, exchange=exchange)))
            audit.write(connection, self.now(), self.actor, "resend", f"exchange {exchange}", reason, {"outbox": made})
        return made

    def replay(self, exchange: int, reason: str, part: Callable[[search.Row], Blob]) -> list[int]:
        """Do the messages again that are not posted, with today's maps and agreements; their ordinals. Where the envelope was refused,
        it is looked at anew as a delivery of its own: `part` puts the bytes of an exchange alone into the archive."""
        with self.database.read() as connection:
            row = self._row(connection, exchange)
        blob = part(row) if row.outcome == "refused" else None  # before the transaction: it may be large
        with self.database.write() as connection:
            row = self._row(connection, exchange)
            again = [one.ordinal for one in search.messages(connection, exchange) if one.state in AGAIN]
            if row.state == "quarantined":
                raise ConfigFault.at("", 0, 0, f"exchange {exchange} is quarantined: release or reject it")
            if row.state == "duplicate":
                raise ConfigFault.at("", 0, 0, f"exchange {exchange} repeats exchange {row.original}: replay that one")
            if not again and row.state not in NOTHING_POSTED:
                raise ConfigFault.at("", 0, 0, f"everything of exchange {exchange} is {row.state}: nothing is to be done again")
            if self._copied(connection, exchange):
                raise ConfigFault.at("", 0, 0, f"exchange {exchange} was fixed or tried again as exchange {self._copied(connection, exchange)}: that one holds")
            if blob is not None:
                identity.disown(connection, exchange)  # its bytes are no repeat of themselves
                receipt, _ = ledger.receive(connection, blob, row.name, self.now(), row.channel, row.partner, "", f"{ledger.COPY}{exchange}")
                self._closed(connection, exchange, f"tried again by {self.actor} in receipt {receipt.id}: {reason}")
            else:
                ledger.do_again(connection, exchange, again)
            self._done(connection, "replay", exchange, reason, {"messages": again})
        return again

    @staticmethod
    def _copied(connection: Connection, exchange: int) -> int:
        """The newest copy of an exchange; 0: there is none."""
        return max((one.id for one in search.copies(connection, exchange)), default=0)

    @staticmethod
    def _closed(connection: Connection, exchange: int, reason: str) -> None:
        """Nothing more happens to it: another delivery goes its way in its place."""
        t = tables()
        connection.execute(update(t.exchange).where(t.exchange.c.id == exchange).values(state="discarded", reason=reason))
        connection.execute(update(t.message).where(t.message.c.exchange_id == exchange, t.message.c.state.in_(AGAIN)).values(state="discarded"))

    def fix(self, exchange: int, blob: Blob, name: str, reason: str, second: str = "") -> int:
        """Take an edited copy in, linked to the original, which is discarded; the number of the new receipt."""
        with self.database.write() as connection:
            row = self._row(connection, exchange)
            if row.state not in ("quarantined", "held", "rejected", "failed"):
                raise ConfigFault.at("", 0, 0, f"exchange {exchange} is {row.state}: only what was not posted can be fixed")
            if blob.sha256 == row.sha256:
                raise ConfigFault.at("", 0, 0, f"{name} holds the bytes that came: nothing in it was changed")
            identity.disown(connection, exchange)  # its control number is free for the copy
            receipt, _ = ledger.receive(connection, blob, name, self.now(), row.channel, row.partner, "", f"{ledger.COPY}{exchange}")
            self._closed(connection, exchange, f"fixed by {self.actor} in receipt {receipt.id}: {reason}")
            self._done(connection, "fix", exchange, reason, {"receipt": receipt.id, "sha256": blob.sha256, "second": second})
        return receipt.id

    def release_receipt(self, receipt: int, reason: str) -> None:
        """Try a file again in which the program stopped twice, or that could not be read."""
        t = tables().receipt
        with self.database.write() as connection:
            waits = (t.c.id == receipt) & t.c.state.in_(("quarantined", "failed"))
            done = connection.execute(update(t).where(waits).values(state="received", starts=0, failure=""))
            if not done.rowcount:
                raise ConfigFault.at("", 0, 0, f"there is no receipt {receipt} that is quarantined or could not be read")
            audit.write(connection, self.now(), self.actor, "release", f"receipt {receipt}", reason)
            for kind in ("quarantine", "failed"):
                alarm.clear(connection, kind, f"receipt {receipt}", self.now())

    def reject_receipt(self, receipt: int, reason: str) -> None:
        """Leave a file alone in which the program stopped twice; its bytes stay in the archive."""
        t = tables()
        with self.database.write() as connection:
            row = connection.execute(select(t.receipt.c.state).where(t.receipt.c.id == receipt)).scalar()
            if row != "quarantined":
                raise ConfigFault.at("", 0, 0, f"there is no quarantined receipt {receipt}")
            connection.execute(update(t.receipt).where(t.receipt.c.id == receipt).values(state="done", starts=0, failure=f"rejected by {self.actor}: {reason}"))
            left = (t.exchange.c.receipt_id == receipt) & (t.exchange.c.state == "open")
            connection.execute(update(t.exchange).where(left).values(state="discarded", reason=f"rejected by {self.actor}: {reason}"))
            audit.write(connection, self.now(), self.actor, "reject", f"receipt {receipt}", reason)
            alarm.clear(connection, "quarantine", f"receipt {receipt}", self.now())

    def read_again(self, receipt: int, reason: str) -> None:
        """Read a report of a network again, with today's layout of its channel."""
        t = tables().receipt
        with self.database.write() as connection:
            row = connection.execute(select(t.c.state, t.c.channel).where(t.c.id == receipt)).first()
            if row is None or not row.channel.endswith(network.SUFFIX):
                raise ConfigFault.at("", 0, 0, f"there is no receipt {receipt} that is a network's report")
            if row.state == "purged":
                raise ConfigFault.at("", 0, 0, f"receipt {receipt} is purged: its bytes are gone")
            connection.execute(update(t).where(t.c.id == receipt).values(state="received", starts=0, failure=""))
            audit.write(connection, self.now(), self.actor, "replay", f"receipt {receipt}", reason)
            alarm.clear(connection, "failed", f"receipt {receipt}", self.now())

    def _row(self, connection: Connection, exchange: int) -> search.Row:
        row = search.one(connection, exchange)
        if row is None:
            raise ConfigFault.at("", 0, 0, f"there is no exchange {exchange}")
        return row

    def _done(self, connection: Connection, act: str, exchange: int, reason: str, details: dict[str, object]) -> None:
        audit.write(connection, self.now(), self.actor, act, f"exchange {exchange}", reason, details)
        for kind in ("quarantine", "failed", "unanswered"):
            alarm.clear(connection, kind, f"exchange {exchange}", self.now())


def _no_answer(exchange: int, entries: Sequence[outbox.Entry]) -> str:
    """Why nothing can be sent again."""
    waits = [str(one.id) for one in entries if one.state in outbox.OPEN]
    if waits:
        return f"the answer of exchange {exchange} is still on its way: entry {', '.join(waits)} of the outbox"
    return f"no answer went out for exchange {exchange}: its agreement asks for none, or nothing in it was to be answered"
