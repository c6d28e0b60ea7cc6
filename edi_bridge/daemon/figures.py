"""What the daemon counts, and what `/health` and `/metrics` say of it (Prometheus text format 0.0.4)."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edi_bridge.clock import Clock
from edi_bridge.daemon.backlog import Backlog
from edi_bridge.daemon.logs import Troubles
from edi_bridge.database import Database
from edi_bridge.engine import ReceiptSummary
from edi_bridge.fault import Fault
from edi_bridge.store import alarm, audit, channel_state, ledger, outbox

RATE_OVER = 60.0  # seconds over which the rate of posting is told
LATE = 3.0  # times its interval after which a channel counts as not polled


@dataclass(slots=True)
class Figures:
    """Counts since the start. Any thread may count."""

    receipts: Counter[str] = field(default_factory=Counter)  # by channel
    exchanges: Counter[str] = field(default_factory=Counter)  # by state
    messages: Counter[str] = field(default_factory=Counter)  # by state
    sent: Counter[str] = field(default_factory=Counter)  # by what became of an attempt
    failures: Counter[str] = field(default_factory=Counter)  # polls, by channel
    refused: int = 0  # receipts of which something was not accepted
    records: Counter[str] = field(default_factory=Counter)  # files of outgoing/: done, refused
    _posted: deque[tuple[float, int]] = field(default_factory=deque)  # (when, messages)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def received(self, channel: str, count: int) -> None:
        """Receipts that came."""
        with self._lock:
            self.receipts[channel] += count

    def posted(self, summary: ReceiptSummary) -> None:
        """A receipt is through."""
        with self._lock:
            for one in summary.exchanges:
                self.exchanges[one.state] += 1
                self.messages.update(one.messages)
            self.refused += summary.refused
            now = time.monotonic()
            self._posted.append((now, sum(sum(one.messages.values()) for one in summary.exchanges)))
            while self._posted[0][0] < now - RATE_OVER:
                self._posted.popleft()

    def failed(self) -> None:
        """A receipt that our own mistake stopped."""
        with self._lock:
            self.refused += 1

    def count(self, counter: Counter[str], key: str) -> None:
        """One more."""
        with self._lock:
            counter[key] += 1

    def rate(self) -> float:
        """Messages a second over the last minute."""
        with self._lock:
            now = time.monotonic()
            return sum(count for when, count in self._posted if when >= now - RATE_OVER) / RATE_OVER


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What `/health` and `/metrics` look at."""

    database: Database
    backlog: Backlog
    figures: Figures
    troubles: Troubles
    clock: Clock
    begun: float = field(default_factory=time.monotonic)

    def health(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether all is well, and how much waits. Names of channels and sentences are not told: nobody signs in here."""
        troubles = self.troubles.all()
        waiting, size = self.backlog.waiting()
        good = not {"posting", "room", "database", "ledger", "watching"} & set(troubles)
        return good, {"waiting": waiting, "waiting_bytes": size, "troubles": len(troubles), "up_seconds": round(time.monotonic() - self.begun)}

    def metrics(self) -> str:
        """Every figure."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry).decode("utf-8")

    def collect(self) -> Iterator[Any]:
        """For prometheus_client."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        told = self.figures
        for name, says, label, counter in (
            ("receipts", "Files that were taken in since the start", "channel", told.receipts),
            ("exchanges", "Interchanges closed since the start", "state", told.exchanges),
            ("messages", "Messages since the start, by what became of them", "state", told.messages),
            ("sends", "Attempts to send since the start", "became", told.sent),
            ("poll_failures", "Polls that failed since the start", "channel", told.failures),
            ("outgoing_files", "Files of outgoing/ since the start", "became", told.records),
        ):
            family = CounterMetricFamily(f"edi_bridge_{name}", says, labels=[label])
            for key, count in sorted(counter.items()):
                family.add_metric([key], count)
            yield family
        waiting, size = self.backlog.waiting()
        for name, says, value in (
            ("waiting_receipts", "Receipts that wait to be posted or are being posted", waiting),
            ("waiting_bytes", "Their bytes", size),
            ("posting_rate", "Messages a second over the last minute", told.rate()),
            ("up_seconds", "Seconds since the start", time.monotonic() - self.begun),
            ("troubles", "What is wrong at the moment", len(self.troubles.all())),
        ):
            yield GaugeMetricFamily(f"edi_bridge_{name}", says, value=value)
        yield from self._stored()

    def _stored(self) -> Iterator[Any]:
        """What the database knows; nothing of it while that is away."""
        from prometheus_client.core import GaugeMetricFamily

        try:
            with self.database.read() as connection:
                entries, channels = outbox.counts(connection), channel_state.all_of(connection)
                alarms = Counter(one.kind for one in alarm.listing(connection, limit=10_000))
                entered = audit.head(connection).count
                oldest, next_due = ledger.oldest_unfinished(connection), outbox.oldest_waiting(connection)
        except Fault:
            yield GaugeMetricFamily("edi_bridge_database_up", "Whether the database answers", value=0)
            return
        yield GaugeMetricFamily("edi_bridge_database_up", "Whether the database answers", value=1)
        now = self.clock()
        yield GaugeMetricFamily("edi_bridge_oldest_waiting_seconds", "Age of the oldest receipt that is not posted", value=_age(oldest, now))
        yield GaugeMetricFamily("edi_bridge_oldest_unsent_seconds", "Age of the oldest entry of the outbox that is not sent",
                                value=_age(next_due, now))
        yield GaugeMetricFamily("edi_bridge_audit_entries", "Entries of the audit log; fewer than before: somebody cut its end off", value=entered)
        for name, says, label, values in (
            ("outbox", "Entries of the outbox", "state", entries),
            ("alarms_open", "Alarms that are not over", "kind", alarms),
            ("channel_failures", "Polls in succession that failed", "channel", {one.name: one.failures for one in channels}),
            ("channel_seconds_since_poll", "Since the last poll", "channel", {one.name: _age(one.polled_at, now) for one in channels}),
            ("channel_seconds_since_good", "Since the last poll without a failure", "channel",
             {one.name: _age(one.good_at, now) for one in channels if one.good_at}),
        ):
            family = GaugeMetricFamily(f"edi_bridge_{name}", says, labels=[label])
            for key, value in sorted(values.items()):
                family.add_metric([key], value)
            yield family


def _age(text: str, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(text)).total_seconds()) if text else 0.0
