"""Files of a channel into the engine: listed, fetched into the archive, committed together, and only then confirmed.

Nothing a partner can see happens before the bytes and the receipt are durable. Where fetching itself takes a file away
(`reads_once`), a note beside the archive says what is being fetched, so that a process that dies there loses nothing: the next
start finds the bytes and takes them in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from sqlalchemy import Connection

from edi_bridge.channel import Channel
from edi_bridge.database import Database
from edi_bridge.engine.posting import Engine, Incoming
from edi_bridge.fault import TransientFault
from edi_bridge.store import channel_state
from edi_bridge.store.archive import ArchiveFault, Blob, Gathering
from edi_bridge.store.ledger import Receipt
from edi_bridge.transport.contract import RemoteFile, Transport

SHARED_FILES = 64  # that share a commit
SHARED_SECONDS = 0.25  # the first of them waits no longer for the others
SHARED_BYTES = 8_000_000

Taken = list[tuple[Receipt, bool]]


@dataclass(frozen=True, slots=True)
class Fetching:
    """Takes in what waits at a channel."""

    engine: Engine
    database: Database

    def poll(self, channel: Channel, transport: Transport, wanted: Callable[[], bool] = lambda: True) -> Iterator[Taken]:
        """Each group of receipts after its commit 1 and its confirms. `wanted` is asked between files: False stops. ArchiveFault at the
        end when some of the files found no room."""
        waiting: list[tuple[RemoteFile, Incoming]] = []
        since, size = time.monotonic(), 0
        full: ArchiveFault | None = None
        too_large = inf  # bytes that the archive has no room for, and the more so for more
        with self.engine.archive.gathering() as gathering:
            for file in transport.listing():
                if not wanted():
                    break
                if file.size >= too_large or channel.options.get("after") == "keep" and self._seen(channel, file):
                    continue
                if transport.reads_once:
                    yield self._take_away(channel, transport, file)
                    continue
                try:
                    incoming = self._fetched(gathering, channel, transport, file)
                except ArchiveFault as fault:  # smaller ones may still pass
                    full, too_large = fault, max(0, file.size)
                    continue
                if incoming is None:
                    continue
                waiting.append((file, incoming))
                size += incoming.blob.size
                if len(waiting) >= SHARED_FILES or size >= SHARED_BYTES or time.monotonic() - since >= SHARED_SECONDS:
                    gathering.keep()
                    yield self._commit(channel, transport, waiting)
                    waiting, since, size = [], time.monotonic(), 0
            if waiting:
                gathering.keep()
                yield self._commit(channel, transport, waiting)
        if full is not None:
            raise full

    def _seen(self, channel: Channel, file: RemoteFile) -> bool:
        with self.database.read() as connection:
            return channel_state.seen(connection, channel.name, file.name, file.size, file.modified)

    @staticmethod
    def _fetched(gathering: Gathering, channel: Channel, transport: Transport, file: RemoteFile) -> Incoming | None:
        """Its bytes, durable when they are kept; None when it is gone or still written: the next poll sees."""
        try:
            blob = gathering.receive(lambda into: transport.fetch(file, into))
        except ArchiveFault:
            raise
        except TransientFault as fault:  # keeps no other from being fetched; where the connection is gone, the next one says so
            transport.notes.append(f"{file.name}: {fault}")
            return None
        return _incoming(channel, file, blob)

    def _take_away(self, channel: Channel, transport: Transport, file: RemoteFile) -> Taken:
        """A file that fetching deletes: noted, fetched, committed, before anything else is fetched."""
        note = self.engine.archive.note({"channel": channel.name, "partner": channel.partner, "name": file.name, "source": file.token,
                                         "test": channel.test or None})
        blob = self.engine.archive.receive(lambda into: transport.fetch(file, into), note)
        taken = self._commit(channel, transport, [(file, _incoming(channel, file, blob))])
        self.engine.archive.forget(note)
        return taken

    def _commit(self, channel: Channel, transport: Transport, files: Sequence[tuple[RemoteFile, Incoming]]) -> Taken:
        def noted(connection: Connection, taken: Taken) -> None:
            if channel.options.get("after") == "keep":
                for (file, _), (receipt, _joined) in zip(files, taken, strict=True):
                    channel_state.note_seen(connection, channel.name, file.name, file.size, file.modified, receipt.id)
            channel_state.received(connection, channel.name, self.engine.now())

        taken = self.engine.receive([incoming for _, incoming in files], noted)
        for file, _ in files:
            transport.confirm(file)
        return taken

    def recover(self) -> Taken:
        """What a process that died had fetched from a mailbox that deletes on reading, taken in. Only at a start, before any poll."""
        taken: Taken = []
        for note, said, blob in self.engine.archive.orphans():
            if blob is not None:
                taken += self.engine.receive([Incoming(blob, said["name"], said["channel"], said["partner"], "", said["source"], said["test"])])
            self.engine.archive.forget(note)
        return taken


def _incoming(channel: Channel, file: RemoteFile, blob: Blob) -> Incoming:
    return Incoming(blob, file.name, channel.name, channel.partner, "", file.token, channel.test or None)
