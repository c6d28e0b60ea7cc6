"""The commits behind the first pass: batches of messages, then the ends of their interchanges.

What fails by our own mistake is rolled back and done again in parts, so that one bad message never stops the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from edi_bridge.crashpoint import passing
from edi_bridge.database import Database, in_lane
from edi_bridge.engine import batch
from edi_bridge.engine.closing import Closing, End
from edi_bridge.engine.ends import Ends
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.engine.report import MessageReport
from edi_bridge.engine.work import Waiting, Work
from edi_bridge.rollout.stage import Arrival
from edi_bridge.store import ledger, waiting
from edi_bridge.store.ledger import Exchange, Receipt

OnMessage = Callable[[MessageReport], None] | None


@dataclass(frozen=True, slots=True)
class Committing:
    """Commits what waits. `arrival` says where a message goes by its stage."""

    database: Database
    rules: batch.Rules
    ends: Ends
    closing: Closing
    arrival: Callable[[Receipt, Exchange, Any], Arrival]

    def flush(self, whole: Waiting, on_message: OnMessage) -> None:
        """The messages in one commit, then the ends and finished receipts in another."""
        if whole.messages:
            self._post(whole.messages, on_message)
        closing = [(work, self.ends.complete(work, end)) for work, end in whole.ends]
        self._close(closing, whole.done)
        whole.clear()

    def _post(self, items: Sequence[tuple[Work, Any]], on_message: OnMessage) -> None:
        """Post a batch in one transaction; when that fails by our mistake, each message in its own (kept ones fail together)."""
        result = guarded(lambda: self._transact(items))
        if isinstance(result, Failure):
            if len(items) > 1 and not items[0][1].keep:
                for item in items:
                    self._post([item], on_message)
                return
            result = self._transact(items, result.text)
        passing("batch_committed")
        for (work, outcome), posted in zip(items, result, strict=True):
            if posted.fresh or not work.open[outcome.interchange.ordinal].closings:  # what was closed before was answered
                self.ends.collect(work, outcome, posted.findings)
            if on_message and posted.fresh:
                on_message(posted.report(outcome))

    def _transact(self, items: Sequence[tuple[Work, Any]], failure: str = "") -> list[batch.Posted]:
        whole = [(work.receipt, work.open[outcome.interchange.ordinal], outcome) for work, outcome in items]
        posted: list[batch.Posted] = []
        with self.database.write() as connection:
            passing("tx_begun")
            for lane, part in groupby(whole, key=lambda item: self.arrival(*item).lane):  # one transaction, whatever the stages say
                posted += batch.write(in_lane(connection, lane), list(part), self.rules, failure)
            further = {work.receipt.id: work for (work, _), one in zip(items, posted, strict=True) if one.fresh and work.again}
            ledger.got_further(connection, list(further))
            passing("crm_written")
        for work in further.values():
            work.again = False
        return posted

    def _close(self, ends: Sequence[tuple[Work, End]], done: Sequence[Work]) -> None:
        """Close exchanges and receipts in one transaction, each alone where our own mistake stops them together."""
        for work in done:  # what a broken path never reached
            if work.broken:
                left = [(ordinal, exchange) for ordinal, exchange in sorted(work.open.items()) if ordinal >= work.broken[0]]
                self._close_failed(left, work.broken[1])
        result = guarded(lambda: self._closed(ends, done))
        if isinstance(result, Failure):
            for one in ends:
                alone = guarded(partial(self._closed, [one], []))
                if isinstance(alone, Failure):
                    self._close_failed([(one[1].exchange.ordinal, one[1].exchange)], alone.text)
            self._closed([], done)
        passing("committed")

    def _closed(self, ends: Sequence[tuple[Work, End]], done: Sequence[Work]) -> None:
        with self.database.write() as connection:
            passing("closing_begun")
            still = ledger.lock_exchanges(connection, sorted(end.exchange.id for _, end in ends))
            open_ = [end for _, end in ends if end.exchange.id in still]
            for end in open_:
                self.ends.reconciling.note(connection, end.exchange.id, end.answers)
            self.closing.close(connection, open_)
            ledger.done(connection, [work.receipt.id for work in done])
            if self.rules.several:
                waiting.wake(connection, [batch.turn(work.receipt.id) for work in done])
            waiting.wake_expired(connection, self.rules.now())  # what came before its order in this very batch or file

    def _close_failed(self, exchanges: Sequence[tuple[int, Exchange]], failure: str) -> None:
        with self.database.write() as connection:
            still = ledger.lock_exchanges(connection, sorted(exchange.id for _, exchange in exchanges))
            for _, exchange in exchanges:
                if exchange.id in still:
                    self.closing.fail(connection, exchange, failure)
