"""The strategic review: partners and their documents scored by volume and value, so that EDI begins where it pays first."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from edi_bridge.fault import ConfigFault
from edi_bridge.layout import delimiter_of

WEIGHTS = {"volume": 50, "value": 30, "priority": 20}  # of the score's 100 points
COLUMNS = {"partner": ("partner", "customer", "supplier"), "document": ("document", "type"), "direction": ("direction",),
           "count": ("count", "documents"), "value": ("value", "amount", "total"), "priority": ("priority",)}
DOCUMENTS = {"order": "ORDERS", "orders": "ORDERS", "invoice": "INVOIC", "invoices": "INVOIC", "despatch_advice": "DESADV",
             "despatch advice": "DESADV", "order_response": "ORDRSP", "order response": "ORDRSP", "remittance": "REMADV"}
LOWEST = 5  # priority


@dataclass(frozen=True, slots=True)
class Volume:
    """What goes between us and a partner in a year: a document (ORDERS, 850 …), its direction, how many, what they are worth."""

    partner: str
    document: str
    direction: str = "in"
    count: int = 0
    value: Decimal = Decimal(0)
    priority: int = 3


@dataclass(frozen=True, slots=True)
class Scored:
    """A volume with its place. `share` is that of all documents, `up_to` the share of it and all before it."""

    volume: Volume
    rank: int
    score: float
    share: float
    up_to: float


@dataclass(slots=True)
class _Sum:
    count: int = 0
    value: Decimal = field(default_factory=Decimal)
    priority: int = 3


def scored(volumes: Iterable[Volume], weights: Mapping[str, int] | None = None) -> list[Scored]:
    """All of them, the one where EDI pays first in front: points for volume and value against the largest, and for the partner's priority."""
    listed = together(volumes)
    points = {**WEIGHTS, **(weights or {})}
    most = max((one.count for one in listed), default=0) or 1
    dearest = max((one.value for one in listed), default=Decimal(0)) or Decimal(1)
    total = sum(one.count for one in listed) or 1

    def score(one: Volume) -> float:
        return (points["volume"] * one.count / most + points["value"] * float(one.value / dearest)
                + points["priority"] * (LOWEST - one.priority) / (LOWEST - 1))

    made, so_far = [], 0
    for rank, one in enumerate(sorted(listed, key=lambda one: (-score(one), one.partner, one.document)), 1):
        so_far += one.count
        made.append(Scored(one, rank, round(score(one), 1), one.count / total, so_far / total))
    return made


def together(volumes: Iterable[Volume]) -> list[Volume]:
    """One volume for each partner, document and direction."""
    sums: dict[tuple[str, str, str], _Sum] = {}
    for one in volumes:
        entry = sums.setdefault((one.partner, one.document, one.direction), _Sum())
        entry.count, entry.value, entry.priority = entry.count + one.count, entry.value + one.value, one.priority
    return [Volume(*key, entry.count, entry.value, entry.priority) for key, entry in sums.items()]


def from_csv(text: str, file: str) -> list[Volume]:
    """Today's documents from a CSV: a row for each document, or with a column `count` for many. Columns: partner (or customer, supplier),
    document, direction, count, value (or amount, total), priority. ConfigFault with every row that cannot be used."""
    rows = csv.reader(io.StringIO(text), delimiter=delimiter_of(text))
    try:
        head = [name.strip().lower() for name in next(rows, [])]
        places = {key: next((head.index(name) for name in names if name in head), None) for key, names in COLUMNS.items()}
        if places["partner"] is None or places["document"] is None:
            raise ConfigFault.at(file, 1, 1, f"a review needs the columns partner and document; there are {', '.join(head) or 'none'}")
        problems: list[tuple[str, int, int, str]] = []
        made = list(_volumes(rows, places, file, problems))
    except csv.Error as error:
        raise ConfigFault.at(file, 0, 0, f"cannot be read as CSV: {error}") from None
    if problems:
        raise ConfigFault(problems)
    return together(made)


def _volumes(rows: Iterable[Sequence[str]], places: Mapping[str, int | None], file: str, problems: list[tuple[str, int, int, str]]) -> Iterator[Volume]:
    for line, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        said = {key: row[at].strip() if at is not None and at < len(row) else "" for key, at in places.items()}
        try:
            count, value, priority = int(said["count"] or 1), number(said["value"]), int(said["priority"] or 3)
            if not said["partner"] or not said["document"]:
                raise ValueError("partner and document must be there")
            if said["direction"] not in ("", "in", "out") or not 1 <= priority <= LOWEST or count < 0:
                raise ValueError("direction is in or out, priority 1 to 5, count not below 0")
        except ValueError as error:
            problems.append((file, line, 1, f"cannot be used: {error}"))
            continue
        document = DOCUMENTS.get(said["document"].lower(), said["document"].upper())
        yield Volume(said["partner"], document, said["direction"] or "in", count, value, priority)


def number(text: str) -> Decimal:
    """An amount: `1234.50`, `1,234.50` or `1.234,50`. ValueError for anything else."""
    plain = text.replace(" ", "").replace("'", "")
    if "," in plain and "." in plain:
        plain = plain.replace(",", "") if plain.rindex(".") > plain.rindex(",") else plain.replace(".", "").replace(",", ".")
    else:
        plain = plain.replace(",", ".")
    try:
        made = Decimal(plain or "0")
    except InvalidOperation:
        raise ValueError(f"{text!r} is no amount") from None
    if not made.is_finite():
        raise ValueError(f"{text!r} is no amount")
    return made
