"""The command line with a mistake planted in it: `EDI_BRIDGE_PLANTED` says which. Only the tests of the gates run this: each of them must
turn a gate red."""

from __future__ import annotations

import os
from typing import Any


def confirm_before_commit() -> None:
    """The partner's file is deleted before its receipt has a row."""
    from edi_bridge.engine.fetching import Fetching

    right = Fetching._commit

    def wrong(self: Any, channel: Any, transport: Any, files: Any) -> Any:
        for file, _ in files:
            transport.confirm(file)
        return right(self, channel, transport, files)

    Fetching._commit = wrong  # type: ignore[method-assign]


def confirm_before_archive() -> None:
    """The partner's file is deleted as soon as it was read, before its bytes are durable."""
    from edi_bridge.transport.directory import DirectoryTransport

    right = DirectoryTransport.fetch

    def wrong(self: Any, file: Any, into: Any) -> int:
        count = right(self, file, into)
        self.confirm(file)
        return count

    DirectoryTransport.fetch = wrong  # type: ignore[method-assign]


def answer_before_commit() -> None:
    """An acknowledgement is laid down at the partner while the transaction that draws its number is open."""
    from edi_bridge.store import outbox

    right = outbox.add_all

    def wrong(connection: Any, archive: Any, outgoing: Any, at: str) -> Any:
        made = right(connection, archive, outgoing, at)
        for number, one in zip(made, outgoing, strict=True):
            with open(os.path.join(os.environ["EDI_BRIDGE_PLANTED_IN"], f"early-{number}"), "wb") as file:
                file.write(one.content)
        return made

    outbox.add_all = wrong


def nothing_remembered() -> None:
    """No unique index on (exchange, ordinal), and nobody looks whether a message has its row."""
    import contextlib
    import sqlite3

    from edi_bridge.engine import batch

    with contextlib.closing(sqlite3.connect(os.environ["EDI_BRIDGE_PLANTED_DATABASE"])) as connection:
        (text,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'message'").fetchone()
        if "UNIQUE (exchange_id, ordinal)" in text:
            plain = text.replace("CONSTRAINT uq_message_exchange_id_ordinal UNIQUE (exchange_id, ordinal)", "CHECK (ordinal > 0)")
            assert plain != text
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'message'", (plain,))
            connection.execute("DELETE FROM sqlite_master WHERE type = 'index' AND tbl_name = 'message' AND sql IS NULL")
            connection.commit()

    def wrong(connection: Any, items: Any) -> Any:
        return {}, list(items)

    batch._there = wrong


def synchronous_normal() -> None:
    """A commit does not wait for the disk: a power cut takes it back."""
    from sqlalchemy import event

    from edi_bridge import database

    right = database.create_engine

    def wrong(*arguments: Any, **more: Any) -> Any:
        engine = right(*arguments, **more)

        @event.listens_for(engine, "checkout")
        def _(connection: Any, record: Any, proxy: Any) -> None:
            connection.execute("PRAGMA synchronous=NORMAL").fetchall()

        return engine

    database.create_engine = wrong


def wrong_trailer_posted() -> None:
    """What the first pass found in an envelope is not looked at."""
    import dataclasses

    from edi_bridge import pipeline
    from edi_bridge.finding import Verdict

    right = pipeline.scanning

    def wrong(*arguments: Any, **more: Any) -> Any:
        for one in right(*arguments, **more):
            yield one if one is None else dataclasses.replace(one, findings=[], verdict=Verdict.ACCEPTED)

    pipeline.scanning = wrong


def number_not_kept() -> None:
    """A control number is drawn outside of the transaction that uses it: the next one draws it again."""
    from edi_bridge.store import control_number

    right = control_number.Drawing.draw

    def wrong(self: Any, *arguments: Any) -> int:
        return right(self, *arguments) // 2 + 1

    control_number.Drawing.draw = wrong  # type: ignore[method-assign]


if __name__ == "__main__":
    globals()[os.environ["EDI_BRIDGE_PLANTED"]]()
    from edi_bridge.cli import main

    main()
