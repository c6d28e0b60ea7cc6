"""Who may speak for whom: a partner's message whose buyer or seller is another partner of ours waits for a person.

A channel and an envelope say who sends; who orders, cancels or invoices stands in the message, where a sender can write any name.
Without this, whoever is a partner could cancel another one's orders, or change where he is delivered to. A partner speaks for the
identifiers that its envelope addresses and its `parties:` give; what belongs to nobody else (its own branches, a buyer that we never
heard of) passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edi_bridge.crm.identity import Identifier, canonical, identifiers
from edi_bridge.partner import Partner

SCHEMES = {"14": "gln", "0088": "gln", "UL": "gln", "01": "duns", "1": "duns", "0060": "duns"}  # by the qualifier of an address
SPEAKING = ("buyer", "seller")  # the parties whose document it is

Owners = Mapping[Identifier, frozenset[str]]  # identifier → the partners it belongs to


def owners(partners: Iterable[Partner]) -> Owners:
    """Whose the identifiers are that partners' files name."""
    made: dict[Identifier, set[str]] = {}
    for partner in partners:
        named = [(SCHEMES.get(one.qualifier.strip(), ""), one.id) for one in partner.identities]
        for scheme, value in [*named, *partner.parties]:
            if scheme:
                made.setdefault((scheme, canonical(scheme, value)), set()).add(partner.name)
    return {one: frozenset(names) for one, names in made.items()}


def why_not(sender: str, records: Sequence[Mapping[str, Any]], record_type: str, known: Owners) -> str:
    """Why a person must look at a message before it is posted: it speaks for another partner; '' when it does not."""
    for record in records:
        for role in ("",) if record_type == "customer" else SPEAKING:
            party = record.get(role) if role else record
            for identifier in identifiers(party, "") if isinstance(party, Mapping) else ():
                whose = known.get(identifier, frozenset())
                if whose and sender not in whose:
                    what = f"its {role}" if role else "the company that it describes"
                    return f"{what} is {', '.join(sorted(whose))} ({identifier[0]} {identifier[1]}), and {sender} sent it"
    return ""
