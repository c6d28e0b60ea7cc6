"""Who runs the engine when one machine is outgrown: workers on any number of machines, over one PostgreSQL.

The ledger is the truth, procrastinate spreads the work: a job for each receipt is deferred inside commit 1 (`jobs.defer`), and
tells a worker that there is something; what is done, the ledger's rows decide. A worker holds receipts by a lease on their rows
(`lease`: 15 seconds, renewed every 5, by the database's clock), and the sweep brings back what nobody holds any more. A job that
comes twice, too late, or for something that is done, does nothing.

On SQLite, and where no workers are wanted, the daemon posts from one loop. It is the same engine.
"""

from __future__ import annotations

from edi_bridge.dispatch.jobs import QUEUE, defer, install, installed, sweep, workers
from edi_bridge.dispatch.lease import HELD, claim, give_back, renew

__all__ = ["HELD", "QUEUE", "claim", "defer", "give_back", "install", "installed", "renew", "sweep", "workers"]
