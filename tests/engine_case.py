"""A path of values for the engine's tests: a file of JSON lines, each an interchange with its messages and records.

It stands where the pipeline stands and says by itself what is accepted, refused or goes wrong, so that each outcome can
be asked for. A message says: ref, record, and optionally type, reject (a finding's kind) and bug (raise here).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from edi_bridge.database import connect
from edi_bridge.engine import Engine, ReceiptSummary
from edi_bridge.finding import Verdict, found
from edi_bridge.interchange import Address, Interchange, Message, MessageType, Position
from edi_bridge.pipeline import MessageOutcome, Scanned
from edi_bridge.record import from_json
from edi_bridge.store.archive import Archive


def interchange(control: str, *messages: dict[str, Any], sender: str = "ACME", reject: str = "") -> dict[str, Any]:
    """One line of a file."""
    return {"control": control, "sender": sender, "reject": reject, "messages": list(messages)}


def file_of(*lines: dict[str, Any]) -> bytes:
    """The bytes of a file."""
    return "".join(json.dumps(line, default=str) + "\n" for line in lines).encode()


class JsonPath:
    """See above. `scanned` and `walked` count how often a file was read."""

    def held(self, source: bytes, catalog: Any, *, partner: str | None = None, map: str | None = None, test: bool | None = None) -> None:
        return None

    def scanning(
        self, source: BinaryIO, catalog: Any, *, partner: str | None = None, map: str | None = None, breath: int = 0, test: bool | None = None
    ) -> Iterator[Scanned]:
        for envelope, line in _envelopes(source):
            findings = [found(line["reject"], Position(interchange=envelope.ordinal))] if line["reject"] else []
            if line["reject"] == "bug":
                raise RuntimeError("a mistake of ours in the first pass")
            types = [
                (n, MessageType("edifact", "D96A", m.get("type", "order")), m["ref"], [])
                for n, m in enumerate(line["messages"], 1)
            ]
            yield Scanned(
                envelope, line["sender"].lower(), findings, Verdict.REJECTED if findings else Verdict.ACCEPTED, types
            )

    def inbound(
        self, source: BinaryIO, catalog: Any, *, partner: str | None = None, map: str | None = None, suspended: Any = (), test: bool | None = None,
        groups: Any = (),
    ) -> Iterator[MessageOutcome]:
        for envelope, line in _envelopes(source):
            for ordinal, one in enumerate(line["messages"], 1):
                if one.get("bug") == "path":
                    raise RuntimeError("a mistake of ours in the path")
                yield _outcome(envelope, ordinal, one, line["sender"].lower())
            yield MessageOutcome(envelope, None, "", "", [], [], Verdict.ACCEPTED, line["sender"].lower())


def _envelopes(source: BinaryIO) -> Iterator[tuple[Interchange, dict[str, Any]]]:
    for ordinal, text in enumerate(source, 1):
        line = json.loads(text)
        if line["reject"] == "bug":
            raise RuntimeError("a mistake of ours")
        yield (
            Interchange(
                "edifact", ordinal, Address(line["sender"], "14"), Address("WE", "14"), line["control"], iter(())
            ),
            line,
        )


def _outcome(envelope: Interchange, ordinal: int, one: dict[str, Any], partner: str) -> MessageOutcome:
    type_ = one.get("type", "order")
    body = json.dumps(one["record"], sort_keys=True).replace("?", "??").replace("'", "?'")
    message = Message(
        "edifact",
        MessageType("edifact", "D96A", type_),
        ordinal,
        one["ref"],
        f"UNH+{one['ref']}'{body}'UNT+{one['ref']}'",
        envelope.delimiters,
        offset=ordinal,
    )
    if one.get("reject"):
        return MessageOutcome(
            envelope,
            message,
            "m",
            type_,
            [],
            [found(one["reject"], Position(message=ordinal))],
            Verdict.REJECTED,
            partner,
        )
    record = from_json(json.dumps(one["record"]), type_)
    if one.get("bug") == "record":
        record["lines"][0]["quantity"] = object()  # what no column takes
    return MessageOutcome(envelope, message, "m", type_, [record], [], Verdict.ACCEPTED, partner)


def open_engine(url: str, archive: Path, **more: Any) -> Engine:
    """An engine over the path above."""
    from edi_bridge.crashpoint import passing

    return Engine(connect(url, patience=5.0), Archive(archive, passing), None, path=JsonPath(), **more)


def run_file(url: str, archive: Path, file: Path, **more: Any) -> ReceiptSummary:
    """Post one file and close the database."""
    engine = open_engine(url, archive, **more)
    try:
        return engine.post_file(file.name, file)
    finally:
        engine.database.close()
