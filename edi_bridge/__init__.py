"""EDI and B2B messages as records of a CRM, and back: EDIFACT, X12, XML and CSV by declarative maps.

The whole library without any database:

    >>> import edi_bridge
    >>> for outcome in edi_bridge.translate(open("orders.edi", "rb")):      # doctest: +SKIP
    ...     print(outcome.verdict.value, outcome.records, outcome.findings)

`read` and `write` are the syntax alone (interchanges ⇄ bytes, without loss), `translate` is the whole path. What a
partner sent never raises: it gives findings. What a person wrote (a map, a partner) raises `ConfigFault` with file,
line and column. `docs/library.md` shows more. Importing this package loads nothing else; each function loads what it
needs when it is first called.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

    from edi_bridge.catalog import Catalog
    from edi_bridge.fault import ConfigFault, Fault, TerminalFault, TransientFault
    from edi_bridge.finding import Finding, Level, Severity, Verdict
    from edi_bridge.interchange import Address, Document, Group, Interchange, Message, MessageType, Position, Sheet
    from edi_bridge.layout import SheetLayout
    from edi_bridge.mapping.lookup import Row
    from edi_bridge.pipeline import MessageOutcome
    from edi_bridge.record import to_json
    from edi_bridge.syntax.limits import Limits

__version__ = "0.1.0"

# Names of the vocabulary that can be had from here; each is loaded from its module when first asked for.
_HOMES = {
    "Address": "interchange",
    "Document": "interchange",
    "Group": "interchange",
    "Interchange": "interchange",
    "Message": "interchange",
    "MessageType": "interchange",
    "Position": "interchange",
    "Sheet": "interchange",
    "Finding": "finding",
    "Level": "finding",
    "Severity": "finding",
    "Verdict": "finding",
    "ConfigFault": "fault",
    "Fault": "fault",
    "TerminalFault": "fault",
    "TransientFault": "fault",
    "Catalog": "catalog",
    "Limits": "syntax.limits",
    "MessageOutcome": "pipeline",
    "to_json": "record",
}

__all__ = [
    "Address",
    "Catalog",
    "ConfigFault",
    "Document",
    "Fault",
    "Finding",
    "Group",
    "Interchange",
    "Level",
    "Limits",
    "Message",
    "MessageOutcome",
    "MessageType",
    "Position",
    "Severity",
    "Sheet",
    "TerminalFault",
    "TransientFault",
    "Verdict",
    "read",
    "to_json",
    "translate",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


def read(
    source: bytes | BinaryIO,
    *,
    charset: str | None = None,
    limits: Limits | None = None,
    layout: SheetLayout | None = None,
    allow_doctype: bool = False,
) -> Iterator[Interchange]:
    """The interchanges of a file, one after another; nothing is mapped and nothing raised for any bytes.

    Each interchange gives its `messages` (or all `parts`) lazily and once; its `trailer` and the last of its
    `findings` are there when they are used up. Asking for the next interchange drains the former.

    `charset` overrides what the envelopes declare (a Python codec or an EDIFACT name such as UNOC); `limits` how much
    is
    taken in one piece; `layout` says which columns a CSV has (`Catalog().map_named("order.csv").layout()`);
    `allow_doctype` tolerates the DOCTYPE line of cXML. ConfigFault when `charset` cannot be used.
    """
    from edi_bridge import syntax
    from edi_bridge.syntax.limits import DEFAULT

    options: dict[str, Any] = {"allow_doctype": allow_doctype}
    if layout is not None:
        options["layout"] = layout
    return syntax.read(source, charset=charset, limits=limits or DEFAULT, **options)


def write(interchange: Interchange) -> bytes:
    """The interchange as bytes; its parts are used up. What was read is written as it came, byte for byte."""
    from edi_bridge import syntax

    return syntax.write(interchange)


def translate(
    source: bytes | BinaryIO,
    *,
    partner: str | None = None,
    map: str | None = None,
    home: str | Path | None = None,
    catalog: Catalog | None = None,
    limits: Limits | None = None,
) -> Iterator[MessageOutcome]:
    """Every message of a file as CRM records: one outcome after another, memory does not grow with the file.

    Each outcome holds the message, its `records` (plain dicts, see `docs/records.md`), its `findings` and the
    `verdict`; after the messages of an interchange comes one outcome with `message` None for what concerns the
    interchange
    as a whole. Only records of outcomes that are not rejected should be used.

    Sender and message type choose partner and map from the envelope; `partner` and `map` give them by hand (a map also
    as the path of a YAML file). `home` is a folder with own mappings/ and partners/, the shipped ones stand behind it;
    `catalog` is used again for many files, so that maps are compiled once. ConfigFault when a map or partner is
    unknown or has mistakes.
    """
    from functools import partial
    from pathlib import Path

    from edi_bridge import pipeline
    from edi_bridge.catalog import Catalog
    from edi_bridge.syntax.limits import DEFAULT

    known = catalog or Catalog(Path(home) if home else None, stored=partial(_lookup_rows, Path(home)) if home else None)
    return pipeline.inbound(source, known, partner=partner, map=map, limits=limits or DEFAULT)


def _lookup_rows(home: Path, table: str, partner: str) -> list[Row]:
    """The rows of lookups in a home's database, which is opened only when a map looks something up."""
    from edi_bridge.store import lookup

    return lookup.of_home(home, None, None, table, partner)
