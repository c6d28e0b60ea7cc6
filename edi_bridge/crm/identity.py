"""Who is meant: the identifiers of a party, the direction of a document, and the rules by which a party is matched.

Pure functions; `party.py` feeds them with what is on file. The rules are told to people in `docs/crm.md`.

**Schemes.** `gln`, `duns`, `vat`, `own` (our number for the customer: what an incoming message gives as the
receiver's number), `partner:NAME` (the number that this partner uses), `icd:CODE` (a register of ISO 6523), `tax:CC`
and `registration:CC` by country. `vat` and `own` name a legal *entity*, `gln` and `duns` a *place* of it (GS1 gives
GLNs to legal entities, functions and locations alike; D&B a number to each site).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Identifier = tuple[str, str]  # scheme, value
OwnIdentities = frozenset[Identifier]
Party = Mapping[str, Any]

ENTITY = ("own", "vat")
PLACE = ("gln", "duns")

# Schemes under another name: ISO 6523 ICD codes as in the EAS list of EN 16931, and words that partners use.
ALIASES = {"0088": "gln", "0060": "duns", "gln": "gln", "ean": "gln", "duns": "duns", "vat": "vat", "va": "vat"}

# Whose field says who the counterpart is, in order, and whose parties become its locations.
SOLD_TO = ("buyer", "ordered_by", "invoicee", "payer", "ultimate")
BOUGHT_FROM = ("seller", "issuer", "payee")
LOCATIONS = {
    "sold": ("deliver_to", "ordered_by", "invoicee", "payer", "ultimate"),
    "bought": ("ship_from", "issuer", "payee"),
}

# Of which roles our own identity says that we sell, that we buy, and which of the latter contradicts the former.
ROLES = {
    "order": (("seller",), ("buyer", "invoicee"), ("buyer",)),
    "remittance": (("payee", "seller"), ("payer", "buyer"), ("payer",)),
}
OF_THE_SELLER = frozenset({"order_response", "despatch_advice", "invoice"})  # what a seller sends

# Made by the buyer instead of the seller: our words and UNCL 1001.
SELF_BILLED = frozenset({"self_billed_invoice", "self_billed_credit_note", "389", "261"})


def own_identities(pairs: Iterable[Identifier]) -> OwnIdentities:
    """Our own identifiers, written as they are compared."""
    return frozenset((scheme, canonical(scheme, value)) for scheme, value in pairs)


def canonical(scheme: str, value: str) -> str:
    """An identifier as it is compared: VAT and DUNS numbers without the marks that people put in, the rest trimmed."""
    if scheme in ("vat", "duns", "gln"):
        return value.upper() if value.isalnum() else "".join(c for c in value if c.isalnum()).upper()
    return value.strip()


def identifiers(party: Party, partner: str) -> list[Identifier]:
    """The identifiers of a party of a record (or of a customer record), the strongest first, each once."""
    get = party.get
    made: dict[Identifier, None] = {}

    def add(scheme: str, value: str | None) -> None:
        if value and scheme and (clean := canonical(scheme, value)):
            made[scheme, clean] = None

    add("own", get("receiver_number"))
    for scheme in ("gln", "duns", "vat"):
        add(scheme, get(scheme))
    if partner:
        for field in ("sender_number", "number"):
            add(f"partner:{partner}", get(field))
    for other in get("other_ids", ()):
        add(_scheme(other.get("scheme", ""), partner), other.get("value"))
    if "id" in party:
        add(_scheme(get("id_scheme", ""), partner), get("id"))
    if "endpoint" in party:
        add(_scheme(get("endpoint_scheme", ""), partner, "endpoint"), get("endpoint"))
    if country := get("country"):
        add(f"tax:{country}", get("tax_number"))
        add(f"registration:{country}", get("registration"))
    return list(made)


def _scheme(name: str, partner: str, kind: str = "") -> str:
    """Ours for a scheme that a message names; what is no public register counts within the partner only."""
    known = ALIASES.get(name.lower())
    if known:
        return known
    if len(name) == 4 and name.isdigit():
        return f"icd:{name}"
    if not partner:
        return ""
    return ":".join(part for part in ("partner", partner, kind, name) if part)


def name_key(party: Party) -> str:
    """A party by its name and place, for one that carries no identifier; '' when it has no name either."""
    name = party.get("name", "")
    if not name:
        return ""
    return "|".join(
        " ".join(str(party.get(field, "")).casefold().split()) for field in ("name", "street", "postcode", "city")
    )


@dataclass(frozen=True, slots=True)
class Sides:
    """The direction of a document (`sold` or `bought`) and its counterpart; `problem` when there is none.

    `stated`: the document itself names the counterpart; otherwise it is the partner that sent it.
    """

    direction: str
    party: Party
    problem: str = ""
    stated: bool = True


def sides(record_type: str, record: Mapping[str, Any], own: OwnIdentities, partner: str) -> Sides:
    """Who sells and who is the customer or supplier.

    One of our own identities among the seller's means that we sell, among the buyer's that we buy. Where neither says
    so, the sender of a message is the counterpart: an order is sold, an invoice is bought unless it is self-billed.
    Without a counterpart in the document the partner itself is it.
    """
    known: dict[str, list[Identifier]] = {}

    def of(role: str) -> list[Identifier]:
        if role not in known:
            known[role] = identifiers(record[role], partner)
        return known[role]

    def ours(roles: Sequence[str]) -> bool:
        return any(not own.isdisjoint(of(role)) for role in roles if role in record)

    we_sell, we_buy, both = ROLES.get(record_type, ROLES["order"])
    selling, buying = ours(we_sell), ours(we_buy)
    if selling and ours(both):
        return Sides("", {}, f"{we_sell[0]} and {both[0]} are both our own company")
    if selling or buying:
        direction = "sold" if selling else "bought"
    elif record_type in OF_THE_SELLER and record.get("type") not in SELF_BILLED:
        direction = "bought"
    else:
        direction = "sold"
    for role in SOLD_TO if direction == "sold" else BOUGHT_FROM:
        party = record.get(role)
        if party and (of(role) or party.get("name")) and not ours((role,)):
            return Sides(direction, party)
    if not partner:
        return Sides(direction, {}, "no party of the document can be the customer or supplier")
    return Sides(direction, {"name": partner, "other_ids": [{"scheme": "sender", "value": partner}]}, stated=False)


def partner_identifier(partner: str) -> Identifier:
    """What a partner itself is known by where its documents name no counterpart."""
    return (_scheme("sender", partner), partner)


@dataclass(frozen=True, slots=True)
class Match:
    """What is known of a party. `customer` is None for a new one; `add` are identifiers to put on file for it as a
    whole, `branch` those of one of its places; `conflict` says why a person must decide."""

    customer: int | None
    add: tuple[Identifier, ...] = ()
    branch: tuple[Identifier, ...] = ()
    conflict: str = ""


def match(
    wanted: Sequence[Identifier], owner: Mapping[Identifier, int], on_file: Callable[[int], Mapping[str, set[str]]]
) -> Match:
    """Match a party's identifiers against those on file.

    `owner` gives the customer of each identifier that is on file, `on_file(customer)` its identifiers by scheme, those
    of its branches left out. The rules, in order:

    1. identifiers of two customers: conflict. 2. none on file: a new customer. 3. an entity identifier (own number;
    VAT number of the same country) that differs from the one on file: conflict. 4. a place identifier (GLN, DUNS) that
    differs: a branch when an entity identifier agrees, otherwise a conflict. 5. everything else is added.
    """
    known = [pair for pair in wanted if pair in owner]
    customers = {owner[pair] for pair in known}
    if len(customers) > 1:
        return Match(
            None,
            conflict="; ".join(
                f"{scheme} {value} belongs to customer {owner[scheme, value]}" for scheme, value in known
            ),
        )
    if not customers:
        return Match(None, add=tuple(wanted))
    customer = customers.pop()
    new = [pair for pair in wanted if pair not in owner]
    if not new:
        return Match(customer)
    file = on_file(customer)
    entity_agrees = any(scheme in ENTITY for scheme, _ in known)
    add, branch = [], []
    for scheme, value in new:
        other = _other(scheme, value, file)
        if not other:
            add.append((scheme, value))
        elif scheme in PLACE and entity_agrees:
            branch.append((scheme, value))
        else:
            via = ", ".join(f"{s} {v}" for s, v in known)
            return Match(
                customer,
                conflict=f"customer {customer} (found by {via}) has {scheme} {other}, the message says {value}",
            )
    return Match(customer, tuple(add), tuple(branch))


def _other(scheme: str, value: str, file: Mapping[str, set[str]]) -> str:
    """The value on file that excludes this one; '' when the two can stand side by side."""
    if scheme in PLACE or scheme == "own":
        return next(iter(sorted(file.get(scheme, ()))), "")
    if scheme == "vat":
        return next((old for old in sorted(file.get("vat", ())) if old[:2] == value[:2]), "")
    return ""
