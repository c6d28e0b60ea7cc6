"""Documents as `edi-bridge crm` shows them: orders and how far they are, responses, despatches, invoices, remittances."""

from __future__ import annotations

from typing import Any

from edi_bridge.cli import show
from edi_bridge.cli.crm_columns import (
    ANSWER_COLUMNS,
    DEDUCTION_COLUMNS,
    DELIVERY_COLUMNS,
    DESPATCH_COLUMNS,
    ITEM_COLUMNS,
    LINE_COLUMNS,
    LINK_COLUMNS,
    PACK_COLUMNS,
    PAID_COLUMNS,
    PAYMENT_COLUMNS,
    PROGRESS_COLUMNS,
    RESPONSE_COLUMNS,
    TAX_COLUMNS,
)
from edi_bridge.cli.crm_parts import Row, head, money, pairs, part, word

PARTY_ROLES = (  # in the order in which they are shown
    "buyer", "seller", "deliver_to", "ship_from", "invoicee", "payer", "payee", "ordered_by", "ultimate", "carrier",
)
SHOWN_ELSEWHERE = frozenset({  # in the head line or a part of the view; or nothing for people
    "key", "order_id", "id", "number", "state", "direction", "kind", "record", "lines", "customer_id", "message_id",
    "line_states", "changes", "invoices", "links", "customer", "changed_by", "deliver_to_id", "content",
})


def order(row: Row) -> None:
    """An order: lines, changes, how far it is, and what followed it."""
    head(f"order {row['number']}  ({row['id']}, {row['state']}, {row['direction']})")
    _document(row)
    lines = row["record"].get("lines", [])
    part(show.number(len(lines), "line"), LINE_COLUMNS, lines)
    part("changes", {"number": "number", "what": "act", "state": "state", "issued": "issued_on"}, row["changes"])
    if row["responses"] or row["despatches"] or row["invoices"]:
        part("how far it is", PROGRESS_COLUMNS, [_progress(line) for line in row["progress"]])
    part("responses", RESPONSE_COLUMNS, row["responses"], "~customer")
    part("despatches", DESPATCH_COLUMNS, row["despatches"], "~customer")
    part("invoices", {"id": "id", "number": "number", "kind": "kind"}, row["invoices"])


def invoice(row: Row) -> None:
    """An invoice or credit note: lines, taxes, what was paid."""
    head(f"{word(row['kind'])} {row['number']}  ({row['id']}, {row['state']}, {row['direction']})")
    _document(row)
    lines = row["record"].get("lines", [])
    part(show.number(len(lines), "line"), {**LINE_COLUMNS, "order": "order_number"}, lines)
    part("taxes", TAX_COLUMNS, row["record"].get("taxes", []))
    balance = row["balance"]
    if balance["payment"] not in ("", "unpaid"):
        show.heading("payment")
        amounts = [(name, balance[name]) for name in ("paid", "discount", "deducted", "open") if balance[name]]
        others = [("in other currencies", money(balance["other"]))] if balance["other"] else []
        pairs([("state", balance["payment"]), *amounts, *others])
    payments = [{**one, "why": ", ".join(word(reason) for reason in one["reasons"])} for one in row["payments"]]
    part("remittances", PAYMENT_COLUMNS, payments)
    _links(row)


def _links(row: Row) -> None:
    part("refers to", LINK_COLUMNS, [{**one, "here": _here(one["to_id"])} for one in row["links"]])


def _here(number: int | None) -> str:
    return "yes" if number else "not yet"


def _article(line: Row) -> str:
    """By what people know it: its description, else a number."""
    return str(next((line[name] for name in ("description", "gtin", "seller_item", "buyer_item") if line.get(name)), ""))


def _progress(line: Row) -> Row:
    others = [f"{name} {money({unit: value})}" for name, sums in line["other_units"].items() for unit, value in sums.items()]
    return {
        **line,
        "article": _article(line),
        "others": "; ".join(others),
        "status": line["status"] or ("cancelled by the buyer" if line["state"] == "cancelled" else ""),
    }


def response(row: Row) -> None:
    """A response to an order: what the seller says to each line."""
    head(f"response {row['number'] or 'without a number'} to order {row['order_number']}  ({_what(row, 'order_id')})")
    _document(row)
    lines = [{**line, "article": _article(line)} for line in row["lines"]]
    part(show.number(len(lines), "line"), ANSWER_COLUMNS, lines)
    parts = [{**part, "line": row["lines"][part["line"] - 1]["number"]} for part in row["schedules"]]
    part("deliveries", DELIVERY_COLUMNS, parts)


def _what(row: Row, other: str = "") -> str:
    words = [str(row["id"]), row["state"], row["direction"]]
    return ", ".join([*words, *(["the order is not here yet"] if other and row[other] is None else [])])


def despatch(row: Row) -> None:
    """A despatch advice: packs in packs, and what is in them."""
    head(f"despatch {row['number']}  ({_what(row)})")
    _document(row)
    places: dict[int, str] = {}  # 2.1: the first pack in the second
    inside: dict[int, int] = {}
    for pack in row["packs"]:
        outer, nth = places.get(pack["parent"], ""), inside.get(pack["parent"], 0) + 1
        inside[pack["parent"]] = nth
        places[pack["position"]] = f"{outer}.{nth}" if outer else str(nth)
    part("packs", PACK_COLUMNS, [{**pack, "place": places[pack["position"]]} for pack in row["packs"]])
    items = [{**item, "article": _article(item), "pack": places.get(item["pack"], "")} for item in row["items"]]
    part(show.number(len(items), "item"), ITEM_COLUMNS, items)
    _links(row)


def remittance(row: Row) -> None:
    """A payment: the documents it pays, and deductions."""
    head(f"remittance {row['number']}  ({_what(row)})")
    _document(row)
    sought = {link["to_number"] for link in row["links"]}
    items = [{**item, "here": _here(item["invoice_id"]) if item["document"] in sought else ""} for item in row["items"]]
    part(show.number(len(items), "document"), PAID_COLUMNS, items)
    names = {0: "the payment", **dict(enumerate((item["document"] for item in row["items"]), 1))}
    part("deductions", DEDUCTION_COLUMNS, [{**part, "from": names[part["item"]]} for part in row["deductions"]])


def _document(row: Row) -> None:
    """The head of an order or invoice: what has a value, then parties and totals."""
    pairs(
        [("customer", f"{row['customer']} ({row['customer_id']})")]
        + [
            (name.replace("_", " "), value)
            for name, value in row.items()
            if name not in SHOWN_ELSEWHERE and value not in (None, "") and _plain(value)
        ]
    )
    parties = [(role.replace("_", " "), _party(row["record"][role])) for role in PARTY_ROLES if role in row["record"]]
    if parties:
        show.heading("parties")
        pairs(parties)
    totals = row["record"].get("totals", {})
    if totals:
        show.heading("totals")
        pairs([(name.replace("_", " "), value) for name, value in totals.items()])


def _plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _party(party: Row) -> str:
    names = [party.get(name) for name in ("name", "street", "postcode", "city", "country")]
    ids = [f"{name}:{party[name]}" for name in ("gln", "duns", "vat", "id") if name in party]
    return ", ".join(str(one) for one in [*names, *ids] if one)
