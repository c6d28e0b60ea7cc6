"""The shell around the path: bytes into the archive, interchanges into the ledger, records into the CRM, answers into the outbox.

One receipt goes through these commits, and a crash between any two of them is repaired by doing the rest again:

1. **received**: the bytes are durable in the archive, the receipt has its row; only now may a partner see anything;
2. **scanned**: a first pass over the archived bytes has decided each interchange's intake outcome and verdict, before
   anything is posted;
3. **batches** of at most 64 messages, or 200 ms of the processor: ledger rows, CRM rows and content identities in one transaction; the
   unique (exchange, ordinal) makes a restart skip what is posted;
4. **closing**: each exchange gets its state and verdict, and its answers stand in the outbox with their numbers.

Small receipts share all four. A piece of work that fails because of our own mistake is rolled back and its parts are done one
by one, so that one bad message never stops the rest; it alone becomes `failed`, with its traceback. `process` is a generator
that stops between any two commits: who runs it may do other work there.
"""

from __future__ import annotations

from edi_bridge.engine.posting import Engine, Incoming
from edi_bridge.engine.report import ExchangeSummary, MessageReport, ReceiptSummary

__all__ = ["Engine", "ExchangeSummary", "Incoming", "MessageReport", "ReceiptSummary"]
