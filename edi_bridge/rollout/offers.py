"""Networks' offers compared: what each would cost for our own traffic, and whether it can do what we need."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.yamltext import Block, Problems

PRICES = ("setup", "month", "mailbox", "document", "kilo_character", "minimum", "interconnect")
KEYS = ("name", *PRICES, "included_documents", "included_kilo_characters", "connections", "reports", "note")
TEMPLATE = """# Offers of networks (VANs), compared by `edi-bridge rollout networks`. Prices of a month, in one currency.
offers:
  - name: First Network
    setup: 500                  # once
    month: 25                   # base fee
    mailbox: 15                 # each mailbox
    document: 0.08              # each document (interchange)
    kilo_character: 0.03        # each 1,000 characters
    included_kilo_characters: 500
    minimum: 40                 # what a month costs at least
    interconnect: 10            # each partner who is at another network
    connections: [sftp, ftps]   # how one connects
    reports: true               # whether it tells what became of an interchange
"""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What goes through a network in a month: documents, characters (bytes), partners, mailboxes of ours."""

    documents: float
    characters: float
    partners: int = 1
    mailboxes: int = 1


@dataclass(frozen=True, slots=True)
class Offer:
    """One network's prices; all of a month but `setup`."""

    name: str
    setup: float = 0.0
    month: float = 0.0
    mailbox: float = 0.0
    document: float = 0.0
    kilo_character: float = 0.0
    minimum: float = 0.0
    interconnect: float = 0.0
    included_documents: float = 0.0
    included_kilo_characters: float = 0.0
    connections: tuple[str, ...] = ()
    reports: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an offer costs for a traffic: a month by its parts, and the first year. `lacks` says what it cannot do that is needed."""

    offer: Offer
    base: float
    documents: float
    characters: float
    month: float
    year: float
    lacks: tuple[str, ...] = ()


def read(block: Any, file: str) -> list[Offer]:
    """Offers from YAML. ConfigFault with everything that is wrong."""
    listed = block.get("offers") if isinstance(block, Block) else None
    if not isinstance(listed, list):
        raise ConfigFault.at(file, 1, 1, "holds offers: a list of {name: …, month: …, document: …}")
    problems = Problems(file)
    made = [_offer(one, problems) for one in listed if isinstance(one, Block)]
    if len(made) != len(listed):
        problems.add((1, 1), "each offer is {name: …, month: …, document: …}")
    problems.done()
    return made


def _offer(one: Block, problems: Problems) -> Offer:
    problems.unknown_keys(one, KEYS, "an offer")
    if not isinstance(one.get("name"), str):
        problems.add(one.mark, "an offer needs its name:")
    figures = {}
    for key in (*PRICES, "included_documents", "included_kilo_characters"):
        value = one.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
            problems.add(one.value_marks.get(key, one.mark), f"{key}: is a number that is not below 0")
        else:
            figures[key] = float(value)
    return Offer(str(one.get("name")), connections=tuple(map(str, one.get("connections") or ())), reports=one.get("reports") is True,
                 note=str(one.get("note") or ""), **figures)


def compare(offers: Iterable[Offer], traffic: Traffic, needs: Collection[str] = (), reports: bool = False) -> list[Cost]:
    """What each costs, those that can do what is needed first, the cheapest first year in front. `needs`: kinds of connection of which one
    must be offered."""
    made = []
    for one in offers:
        base = one.month + one.mailbox * traffic.mailboxes + one.interconnect * traffic.partners
        documents = max(0.0, traffic.documents - one.included_documents) * one.document
        characters = max(0.0, traffic.characters / 1000 - one.included_kilo_characters) * one.kilo_character
        month = max(one.minimum, base + documents + characters)
        lacks = [f"none of {', '.join(sorted(needs))}"] if needs and not set(needs) & set(one.connections) else []
        lacks += ["no reports"] if reports and not one.reports else []
        made.append(Cost(one, base, documents, characters, month, one.setup + 12 * month, tuple(lacks)))
    return sorted(made, key=lambda cost: (bool(cost.lacks), cost.year, cost.offer.name))
