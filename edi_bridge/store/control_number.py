"""Our interchange and group numbers: drawn inside the commit that uses them, so that none is used twice and none is lost.

ISA13 and GS06 have nine digits at most (X12.5, X12.6), UNB 0020 and UNG 0048 fourteen characters (ISO 9735-1). Test and live have
sequences of their own. A sequence never goes back; at the end of its range it starts again only where the agreement says `wrap`,
which is counted and dated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from edi_bridge.database import chunks
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import Address
from edi_bridge.partner import Numbers
from edi_bridge.store.tables import ledger


def scope(standard: str, sender: Address, receiver: Address, *, test: bool) -> str:
    """In which circle our numbers are unique: standard, we and they (qualifier:id), test or live."""
    we, they = (f"{one.qualifier.strip()}:{one.id.rstrip()}" for one in (sender, receiver))
    return json.dumps([standard, we, they, "test" if test else "live"])


def draw(connection: Connection, scope: str, kind: str, numbers: Numbers, at: str) -> int:
    """The next number of a sequence, its row locked until the transaction ends. `kind`: interchange or group; `at`: now.

    ConfigFault when the range is used up and must not start again.
    """
    t = ledger().control_number
    mine = (t.c.scope == scope) & (t.c.kind == kind)
    more = update(t).where(mine).values(last=t.c.last + 1).returning(t.c.last)
    drawn: int | None = connection.execute(more).scalar()
    if drawn is None:
        drawn = numbers.first if _begun(connection, scope, kind, numbers) else int(connection.execute(more).scalar_one())
    value = drawn
    if value < numbers.first:  # the range was moved up
        value = numbers.first
    elif value > numbers.last:
        if not numbers.wrap:
            raise ConfigFault.at("", 0, 0, f"our {kind} numbers for {scope} are used up at {numbers.last} and must not start again (wrap)")
        value = numbers.first
        connection.execute(update(t).where(mine).values(wrapped=t.c.wrapped + 1, wrapped_at=at))
    if value != drawn:
        connection.execute(update(t).where(mine).values(last=value))
    return value


def _begun(connection: Connection, scope: str, kind: str, numbers: Numbers) -> bool:
    """Begin a sequence with its first number; False: another process began it at the same moment."""
    try:
        with connection.begin_nested():
            connection.execute(insert(ledger().control_number).values(scope=scope, kind=kind, last=numbers.first, wrapped=0, wrapped_at=""))
    except IntegrityError:
        return False
    return True


@dataclass(slots=True)
class Drawing:
    """Numbers that one transaction draws. The rows of the sequences are locked until it ends, by `take` or with the first number; the
    others follow in memory, and `write` notes the last one. Nothing of it holds beyond the transaction: when that is rolled back, so is
    every number."""

    connection: Connection
    at: str
    _last: dict[tuple[str, str], int] = field(default_factory=dict)
    _noted: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, scopes: Iterable[str]) -> None:
        """Lock the sequences of all these circles at once, in one order (within a circle as `draw` is called: the interchange's first), so
        that two transactions that draw from several do not wait for each other crosswise. Those not begun yet are left out."""
        t = ledger().control_number
        for some in chunks(sorted(set(scopes))):
            rows = select(t.c.scope, t.c.kind, t.c.last).where(t.c.scope.in_(some)).order_by(t.c.scope, t.c.kind.desc()).with_for_update()
            for scope, kind, last in self.connection.execute(rows):
                self._last[scope, kind] = self._noted[scope, kind] = last

    def draw(self, scope: str, kind: str, numbers: Numbers) -> int:
        """The next number of a sequence; ConfigFault as `draw`."""
        key = scope, kind
        last = self._last.get(key)
        if last is not None and numbers.first <= last + 1 <= numbers.last:
            self._last[key] = last + 1
        else:
            self.write()
            self._last[key] = self._noted[key] = draw(self.connection, scope, kind, numbers, self.at)
        return self._last[key]

    def write(self) -> None:
        """Note the last number of each sequence. Before the transaction ends, always."""
        t = ledger().control_number
        for (scope, kind), last in self._last.items():
            if last != self._noted[scope, kind]:
                self.connection.execute(update(t).where(t.c.scope == scope, t.c.kind == kind).values(last=last))
                self._noted[scope, kind] = last


def jump_ahead(connection: Connection, by: int) -> list[tuple[str, str, int]]:
    """Move every sequence on, after a restore of an older copy, so that no number is used twice: (scope, kind, last)."""
    t = ledger().control_number
    rows = connection.execute(update(t).values(last=t.c.last + by).returning(t.c.scope, t.c.kind, t.c.last))
    return [(row.scope, row.kind, row.last) for row in rows]


def all_of(connection: Connection) -> list[tuple[str, str, int, int]]:
    """Every sequence: scope, kind, the number used last, how often it started again."""
    t = ledger().control_number
    rows = connection.execute(select(t.c.scope, t.c.kind, t.c.last, t.c.wrapped).order_by(t.c.scope, t.c.kind))
    return [(row.scope, row.kind, row.last, row.wrapped) for row in rows]
