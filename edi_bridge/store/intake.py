"""What interchanges are when they come (new, the same again, another under a known number), decided for many of them together.

Who has which identity is read in one query for all, and the rows of exchanges and identities are written in one statement each. The
decision itself goes one by one, in their order, so that what stands twice in one group is found as well. What two processes take at
the same moment the unique index of `identity` tells apart (IntegrityError: the whole group is done again).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, tuple_

from edi_bridge.database import chunks, insert_rows, take_ids
from edi_bridge.finding import Verdict
from edi_bridge.interchange import Interchange
from edi_bridge.store.identity import control_key, disown
from edi_bridge.store.ledger import COPY, Exchange, Receipt
from edi_bridge.store.tables import ledger
from edi_bridge.store.version import BEFORE, PINNED

Key = tuple[str, str, str]  # kind, scope and value of an identity
Place = tuple[str, int]  # where an interchange stands: SHA-256 of its file, ordinal in it
NOT_NEW = ("rejected", "held")  # states in which the same bytes may be tried again
EXCHANGE = ("id", "receipt_id", "ordinal", "standard", "syntax", "sender_qualifier", "sender", "receiver_qualifier", "receiver", "control",
            "test", "state", "outcome", "verdict", "original_id", "failure", "partner", "copy_of", "versions", "received_at", "messages",
            "reason", "lane")
IDENTITY = ("kind", "scope", "value", "exchange_id", "message")


@dataclass(frozen=True, slots=True)
class Coming:
    """An interchange that came in a receipt. `types`: those of its messages; `messages` their number. `held`: why a person must decide
    before anything of it is posted; it then keeps only the identity of its bytes. `window`: the days after which a control number may
    come again (0: never). `lane`: that of the CRM in which it is posted. `admit` is asked of what is new and would be posted: why a
    person must decide first, '' when it passes (and is counted)."""

    receipt: Receipt
    interchange: Interchange
    partner: str
    verdict: Verdict
    types: Sequence[str] = ()
    messages: int = 0
    held: str = ""
    window: int = 0
    lane: str = ""
    admit: Callable[[], str] | None = None

    @property
    def bytes_key(self) -> Key:
        """What tells that the same bytes came before."""
        return "bytes", str(self.interchange.ordinal), self.receipt.sha256

    @property
    def control_key(self) -> Key:
        """What tells that its control number came before."""
        return control_key(self.interchange, self.types, self.lane)

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.receipt.sha256, self.interchange.ordinal


class Uncompared(Exception):
    """Interchanges have control numbers that came before under other bytes: whether they say the same must be known first (`places`)."""

    def __init__(self, places: set[Place]):
        self.places = places
        super().__init__(f"{len(places)} interchanges are to be compared")


def take_in(connection: Connection, coming: Sequence[Coming], versions: Mapping[str, str], received_at: str = "",
            digests: Mapping[Place, str] | None = None) -> list[Exchange]:
    """Decide what each interchange is and give it its row; in their order.

    A refused envelope keeps only the identity of its bytes. The same bytes that were wholly refused before are tried again when maps
    or agreements (`versions`) are others now. `digests`: what interchanges say (`engine.sameness`), by which one under a known number is
    the same again or another; Uncompared where one lacks (the transaction is to be given up). None: other bytes are another one.
    """
    register = _Register(connection, json.dumps(dict(sorted(versions.items()))), received_at, take_ids(connection, ledger().exchange, len(coming)),
                         digests)
    register.learn({key for one in coming for key in (one.bytes_key, one.control_key)})
    made = [register.decide(one) for one in coming]
    if register.uncompared:
        raise Uncompared(register.uncompared)
    register.write()
    return made


@dataclass(slots=True)
class _Register:
    """The owners of the identities that a group may meet, and the rows that it makes."""

    connection: Connection
    versions: str
    received_at: str
    numbers: Iterator[int]
    digests: Mapping[Place, str] | None = None
    uncompared: set[Place] = field(default_factory=set)
    owners: dict[Key, int] = field(default_factory=dict)
    exchanges: list[tuple[Any, ...]] = field(default_factory=list)
    identities: list[tuple[Any, ...]] = field(default_factory=list)

    def learn(self, keys: set[Key]) -> None:
        """Look up who has these identities."""
        i = ledger().identity.c
        for some in chunks(sorted(keys)):
            known = tuple_(i.kind, i.scope, i.value).in_(some)
            for row in self.connection.execute(select(i.kind, i.scope, i.value, i.exchange_id).where(known)):
                self.owners[row[0], row[1], row[2]] = row[3]

    def write(self) -> None:
        """Write the rows that were made so far."""
        insert_rows(self.connection, ledger().exchange, EXCHANGE, self.exchanges)
        insert_rows(self.connection, ledger().identity, IDENTITY, self.identities)
        self.exchanges.clear()
        self.identities.clear()

    def decide(self, one: Coming) -> Exchange:
        """What an interchange is; its row is made, and the identities that it takes."""
        outcome, state, reason, original = "new", "open", "", None
        first = self.owners.get(one.bytes_key)
        if first is None:
            first = self._said_before(one)
        if first is not None:
            before = self._before(first)
            if before.state not in NOT_NEW or _same(before.versions, self.versions):
                return self._made(one, "duplicate", "again", before.verdict, first)
            outcome, original = "retry", first
            self._disown(first)
        control = one.interchange.control
        if one.held:
            state, reason = "quarantined", one.held
        elif one.verdict is Verdict.REJECTED:
            outcome = "refused"  # it is closed, and answered, like the others
        elif control and (holder := self._holder(one)) is not None:
            outcome, state, original = "conflict", "quarantined", holder
            reason = f"its control number came before with other content, in exchange {holder}"
        elif one.admit is not None and (waits := one.admit()):
            state, reason = "quarantined", waits
        made = self._made(one, state, outcome, "" if state == "open" else Verdict.REJECTED.value, original, reason)
        self._own(made, one.bytes_key)
        if state == "open" and outcome != "refused" and control:
            self._own(made, one.control_key)
        return made

    def _said_before(self, one: Coming) -> int | None:
        """The exchange that holds its control number and says the same in other bytes."""
        if self.digests is None or one.held or one.verdict is Verdict.REJECTED or not one.interchange.control:
            return None
        holder = self._holder(one)
        if holder is None:
            return None
        places = one.place, self._place(holder)
        if lacking := {place for place in places if place not in self.digests}:
            self.uncompared |= lacking
            return None
        mine, theirs = (self.digests[place] for place in places)
        return holder if mine and mine == theirs else None

    def _place(self, exchange: int) -> Place:
        self.write()  # it may have come in this group
        t = ledger()
        query = select(t.receipt.c.sha256, t.exchange.c.ordinal).join(t.receipt, t.receipt.c.id == t.exchange.c.receipt_id)
        row = self.connection.execute(query.where(t.exchange.c.id == exchange)).one()
        return row.sha256, row.ordinal

    def _before(self, exchange: int) -> Any:
        self.write()  # it may have come in this group
        t = ledger().exchange
        return self.connection.execute(select(t.c.state, t.c.versions, t.c.verdict, t.c.received_at).where(t.c.id == exchange)).one()

    def _disown(self, exchange: int) -> None:
        """Give back the identities of an exchange that is tried again as another; nothing of it was posted."""
        disown(self.connection, exchange)
        self.owners = {key: owner for key, owner in self.owners.items() if owner != exchange}

    def _holder(self, one: Coming) -> int | None:
        """The exchange that holds a control number; None when none does, or when its window is over and the number is free again."""
        key = one.control_key
        holder = self.owners.get(key)
        if holder is None or not one.window or not self.received_at:
            return holder
        since = self._before(holder).received_at
        if not since or datetime.fromisoformat(since) + timedelta(days=one.window) > datetime.fromisoformat(self.received_at):
            return holder
        i = ledger().identity
        self.connection.execute(delete(i).where(i.c.kind == key[0], i.c.scope == key[1], i.c.value == key[2]))
        del self.owners[key]
        return None

    def _own(self, exchange: Exchange, key: Key) -> None:
        self.owners[key] = exchange.id
        self.identities.append((*key, exchange.id, 0))

    def _made(self, one: Coming, state: str, outcome: str, verdict: str, original: int | None, reason: str = "") -> Exchange:
        interchange, receipt, number = one.interchange, one.receipt, next(self.numbers)
        sender, receiver = interchange.sender, interchange.receiver
        copied = receipt.source.removeprefix(COPY) if receipt.source.startswith(COPY) else ""
        self.exchanges.append((
            number, receipt.id, interchange.ordinal, interchange.standard, interchange.syntax, sender.qualifier, sender.id,
            receiver.qualifier, receiver.id, interchange.control, interchange.test, state, outcome, verdict, original, "", one.partner,
            int(copied) if copied else None, self.versions, self.received_at, one.messages, reason, one.lane))
        return Exchange(number, receipt.id, interchange.ordinal, state, outcome, verdict, original, lane=one.lane, reason=reason)


def _same(old: str, new: str) -> bool:
    """Whether maps and agreements are the same by the versions pinned (JSON): other files of the home do not count."""
    before, now = ({name: value for name, value in json.loads(text or "{}").items() if name not in (PINNED, BEFORE)} for text in (old, new))
    return before == now
