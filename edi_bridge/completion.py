"""What a record does not say but what follows from what it says: line numbers, prices, amounts, taxes, totals, counts.

Messages differ in what they demand: an X12 invoice has no line amounts, a UBL invoice must have them; an X12 notice wants the time
of day, an EDIFACT one has mostly a day. `completed` fills in what can be computed, and only where nothing stands; the rules are
those of EN 16931-1 clause 6.5.2 (BR-CO-10 to BR-CO-17). `headed` fills in what whoever sends a notice gives it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Set
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from edi_bridge.record import PARTS, Field, fields_of

Record = dict[str, Any]

PLACES = {"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,  # ISO 4217: decimals of a currency, where not 2
          "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0,
          "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0}
ZERO = Decimal(0)
ZONED_DAY = re.compile(r"\d{4}-\d\d-\d\d(Z|[+-]\d\d:\d\d)")
LINE_NUMBER = re.compile(r"[0-9]{1,6}|")
ORDER = ("order_number", "order_date")
LEVEL = {"release", "department", "vendor_number", "references", "deliver_to", "items", "packs"}  # what the level of an order says beside it
SIX = Decimal("0.000001")
LARGE = Decimal("1e15")  # an amount whose quotient might not be exact in 28 digits
# What a kind of answer (UNCL 4343) says of the order, where nothing else does.
OUTCOMES = {"accepted": "accepted", "detail_no_change": "accepted", "conditionally_accepted": "changed", "detail_and_change": "changed",
            "changes_only": "changed", "rejected": "rejected", "rejected_with_detail": "rejected", "received": "received", "on_hold": "on_hold"}


def completed(record: Record, type: str, currency: str = "") -> tuple[Record, list[str]]:
    """A copy of a record (of a type of record.RECORDS) with what follows from it, and the paths of what was added.

    `currency` stands where the record names none. Nothing that stands in the record is changed; the original is left alone.
    """
    made = _copied(record)
    added: list[str] = []
    if type in ("order", "invoice"):
        if currency and not made.get("currency"):
            _put(made, "currency", currency, "", added)
        unit = Decimal(1).scaleb(-PLACES.get(str(made.get("currency")), 2))
        _number(made, added)
        for count, line in enumerate(made.get("lines", ())):
            _line(line, f"lines[{count}].", unit, added)
        _allowances(made, "", None, unit, added)
        if type == "invoice":
            _taxes(made, unit, added)
        _totals(made, type, unit, added)
    elif type == "order_response":
        _number(made, added)
        if not made.get("outcome") and made.get("type") in OUTCOMES:
            _put(made, "outcome", OUTCOMES[made["type"]], "", added)
    elif type == "despatch_advice":
        _number_goods(made, added)
    elif type == "remittance":
        _payment(made, added)
    return made, added


def headed(record: Record, type: str, number: str, prepared: str, clock: bool) -> tuple[Record, list[str]]:
    """A copy of a notice (customer, despatch_advice) with what its sender gives it, and the paths of what was added.

    A notice of customers without number and day gets this sending's, and customers without a role are buyers. `prepared` is the
    moment of sending (ISO 8601, to the minute); with `clock` the day of issue gets a time of day, as X12 wants it (BTP04,
    BSN04): that of sending on the same day, else 00:00.
    """
    made = dict(record)
    added: list[str] = []
    if type == "customer":
        for name, value in (("notice_number", number), ("issued_on", prepared if clock else prepared[:10]), ("roles", [{"code": "buyer"}])):
            if not made.get(name):
                _put(made, name, value, "", added)
    day = str(made.get("issued_on") or "")
    if clock and type in ("customer", "despatch_advice") and len(day) == len("2026-11-21"):
        _put(made, "issued_on", prepared if prepared[:10] == day else f"{day}T00:00", "", added)
    return made, added


def renumbered(record: Record, type: str) -> tuple[Record, dict[str, str]]:
    """A copy of an order or invoice whose lines have numbers that EDIFACT can hold (LIN/1082: up to six digits), and what each line
    was called before, by its path. All or none are numbered anew, so that no two are the same; `parent` follows."""
    lines = record.get("lines", ())
    said = [str(line.get("number") or "") for line in lines]
    if type not in ("order", "invoice") or all(LINE_NUMBER.fullmatch(number) for number in said):
        return record, {}
    new = {number: str(place) for place, number in reversed(list(enumerate(said, 1)))}
    made = [{**line, "number": str(place)} | ({"parent": new[line["parent"]]} if line.get("parent") in new else {})
            for place, line in enumerate(lines, 1)]
    return {**record, "lines": made}, {f"lines[{place}].number": number for place, number in enumerate(said) if number != str(place + 1)}


def with_buyer(record: Record) -> tuple[Record, list[str]]:
    """A copy of an invoice that is billed to somebody and names no buyer (an 810 with N1*BT alone), for a message that must name one:
    whom it is billed to has bought, as far as it says. And the paths of what was added."""
    if record.get("buyer") or not record.get("invoicee"):
        return record, []
    return {**record, "buyer": _copied(record["invoicee"])}, ["buyer"]


def orders_placed(record: Record, carried: Set[str]) -> tuple[Record, dict[str, str], dict[str, str]]:
    """A copy of a despatch advice that names the orders of its goods where the target has a place for them; what stands elsewhere
    now, and what is gone by that: field → why.

    An 856 has levels of orders with packs and goods inside; DESADV and UBL name the order of each line, and one for all at the head.
    `carried` are the fields of the target (`CompiledMap.carries`). Goods of several orders in one pack keep what they say.
    """
    of_levels, of_goods = "packs.order_number" in carried, "packs.items.order_number" in carried
    if of_goods and not of_levels:
        return _orders_of_goods(record)
    if of_levels and not of_goods:
        return _levels_of_orders(record, "packs.level" in carried)
    return record, {}, {}


def _orders_of_goods(record: Record) -> tuple[Record, dict[str, str], dict[str, str]]:
    """Each of the goods names its order; packs that were only the level of an order are gone, what is in them rises."""
    moved: dict[str, str] = {}
    gone: dict[str, str] = {}

    def sunk(pack: Record, order: Record) -> Record:
        order = {name: pack[name] for name in ORDER if pack.get(name)} or order
        if pack.get("order_number"):
            if any(True for _ in _goods(pack)):
                moved["packs.order_number"] = "is written as the order of each line: this message has no level of orders"
            else:
                gone["packs.order_number"] = f"order {pack['order_number']} has no goods here that could name it"
        made = {name: value for name, value in pack.items() if name not in ORDER}
        if made.get("items"):
            made["items"] = [{**order, **item} if item.get("order_number") in (None, order.get("order_number")) else item for item in made["items"]]
        if made.get("packs"):
            made["packs"] = [sunk(one, order) for one in made["packs"]]
        return made

    items, packs = list(record.get("items", ())), []
    for pack in record.get("packs", ()):
        made = sunk(pack, {})
        if pack.get("order_number") and not made.keys() - LEVEL:
            items += made.get("items", ())
            packs += made.get("packs", ())
            gone |= dict.fromkeys((f"packs.{name}" for name in made.keys() - {"items", "packs"}), "")
        else:
            packs.append(made)
    if not moved and not gone:
        return record, {}, {}
    made = {**record, "items": items, "packs": packs}
    orders = {item.get("order_number"): {name: item[name] for name in ORDER if item.get(name)} for item in _goods(made)}
    if len(orders) == 1:
        made = {**next(iter(orders.values())), **made}
    return {name: value for name, value in made.items() if value not in ([], None)}, moved, gone


def _levels_of_orders(record: Record, told: bool) -> tuple[Record, dict[str, str], dict[str, str]]:
    """A level for each order, with its packs and goods; a pack that holds goods of several orders stays beside them, and its inner
    packs name theirs. `told`: packs of packs say that they are (HL03 T)."""
    head = {name: record[name] for name in ORDER if record.get(name)}
    levels: dict[str, Record] = {}
    packs: list[Record] = []

    def level(order: Record) -> Record:
        made = levels.get(order["order_number"])
        if made is None:
            made = levels[order["order_number"]] = dict(order)
            packs.append(made)
        return made

    def bare(pack: Record) -> Record:
        made = {name: value for name, value in pack.items() if name not in ORDER}
        if made.get("items"):
            made["items"] = [{name: value for name, value in item.items() if name not in ORDER} for item in made["items"]]
        if made.get("packs"):
            made = {**({"level": "tare"} if told else {}), **made, "packs": [bare(one) for one in made["packs"]]}
        return made

    def lifted(pack: Record) -> Record:
        order = _one_order(pack, head)
        if order and pack.get("items"):
            return {**bare(pack), **order}
        return {**pack, "packs": [lifted(one) for one in pack["packs"]]} if pack.get("packs") else pack

    left = []
    for item in record.get("items", ()):
        order = _one_order({"items": [item]}, head)
        if order:
            level(order).setdefault("items", []).append(bare({"items": [item]})["items"][0])
        else:
            left.append(item)
    for pack in record.get("packs", ()):
        order = _one_order(pack, head)
        if order and not pack.get("order_number"):
            level(order).setdefault("packs", []).append(bare(pack))
        else:
            packs.append(lifted(pack))
    if not levels and packs == list(record.get("packs", ())):
        return record, {}, {}
    kept = {name: value for name, value in record.items() if name not in ("items", "packs", *(ORDER if levels else ()))}
    where = "order_number" if head else "items.order_number" if record.get("items") else "packs.items.order_number"
    return {**kept, "packs": packs} | ({"items": left} if left else {}), {where: "is written as a level of its own around its packs and goods"}, {}


def _one_order(part: Record, head: Record) -> Record:
    """The order of all goods of a part, with its date; the head's where they name none; nothing where they are of several."""
    orders = {item.get("order_number") or head.get("order_number"): item for item in _goods(part)} or {head.get("order_number"): {}}
    if len(orders) != 1 or None in orders:
        return {}
    number, item = next(iter(orders.items()))
    date = item.get("order_date") or (head.get("order_date") if number == head.get("order_number") else None)
    return {"order_number": number} | ({"order_date": date} if date else {})


def _goods(part: Record) -> Iterator[Record]:
    """The goods of a despatch advice or pack, packs in packs too."""
    yield from part.get("items", ())
    for pack in part.get("packs", ()):
        yield from _goods(pack)


def without_day_zones(record: Record, type: str) -> tuple[Record, list[str]]:
    """A copy of a record whose days have no zone (2026-11-21+01:00 is XML's; other standards have none), and the paths of these."""
    paths: list[str] = []
    return _days(record, fields_of(type), "", paths), paths


def _days(part: Record, fields: Mapping[str, Field], before: str, paths: list[str]) -> Record:
    made: Record = {}
    for name, value in part.items():
        kind = fields[name].type if name in fields else ""
        match value:
            case str() if kind == "date" and ZONED_DAY.fullmatch(value):
                paths.append(before + name)
                made[name] = value[:10]
            case dict() if kind in PARTS:
                made[name] = _days(value, fields_of(kind), f"{before}{name}.", paths)
            case list() if kind in PARTS:
                made[name] = [_days(one, fields_of(kind), f"{before}{name}[{n}].", paths) for n, one in enumerate(value)]
            case _:
                made[name] = value
    return made


def _copied(value: Any) -> Any:
    match value:
        case dict():
            return {key: _copied(one) for key, one in value.items()}
        case list():
            return [_copied(one) for one in value]
    return value


def _put(part: Record, name: str, value: Any, before: str, added: list[str]) -> None:
    part[name] = value
    added.append(before + name)


def _payment(record: Record, added: list[str]) -> None:
    """What is paid: the documents' amounts and what is taken off the payment as a whole (which carries a minus)."""
    amounts = [one.get("amount") for one in (*record.get("items", ()), *record.get("deductions", ()))]
    if record.get("amount") is None and amounts and None not in amounts:
        _put(record, "amount", sum(amounts, ZERO), "", added)


def _number(record: Record, added: list[str]) -> None:
    """Lines without a number get the next one that no line has."""
    lines = record.get("lines", ())
    taken = {line["number"] for line in lines if line.get("number")}
    free = (str(number) for number in range(1, len(lines) + len(taken) + 1) if str(number) not in taken)
    for count, line in enumerate(lines):
        if not line.get("number"):
            _put(line, "number", next(free), f"lines[{count}].", added)


def _number_goods(record: Record, added: list[str], before: str = "", taken: set[str] | None = None) -> None:
    """Goods without a number get the next one that none has, packs in packs too."""
    taken = {str(item["number"]) for item in _goods(record) if item.get("number")} if taken is None else taken
    for count, item in enumerate(record.get("items", ())):
        if not item.get("number"):
            number = next(number for number in map(str, itertools.count(1)) if number not in taken)
            taken.add(number)
            _put(item, "number", number, f"{before}items[{count}].", added)
    for count, pack in enumerate(record.get("packs", ())):
        _number_goods(pack, added, f"{before}packs[{count}].", taken)


def _line(line: Record, before: str, unit: Decimal, added: list[str]) -> None:
    """BR-LIN rules: quantity × net price / base quantity, less allowances, plus charges of the line."""
    quantity, price = line.get("quantity"), line.get("net_price")
    if price is None and quantity and line.get("net_amount") is not None and not line.get("allowances"):
        price = _quotient(line["net_amount"] * (line.get("price_basis") or 1), quantity)
        if price is not None:
            _put(line, "net_price", price, before, added)
    gross = quantity * price / (line.get("price_basis") or 1) if quantity is not None and price is not None else None
    _allowances(line, before, gross, unit, added)
    if gross is not None and line.get("net_amount") is None and all(one.get("amount") is not None for one in line.get("allowances", ())):
        _put(line, "net_amount", _round(gross + _balance(line), unit), before, added)


def _quotient(amount: Decimal, quantity: Decimal) -> Decimal | None:
    """The price that gives exactly this amount; None where there is none with at most six decimals, or it would be negative."""
    price = (amount / quantity).quantize(SIX) if abs(amount) < LARGE else SIX
    return price.normalize() + ZERO if price * quantity == amount and price >= 0 else None


def _allowances(part: Record, before: str, base: Decimal | None, unit: Decimal, added: list[str]) -> None:
    for count, one in enumerate(part.get("allowances", ())):
        on = one.get("base", base)
        if one.get("amount") is None and one.get("percent") is not None and on is not None and not one.get("percent_of"):
            _put(one, "amount", _round(on * one["percent"] / 100, unit), f"{before}allowances[{count}].", added)


def _balance(part: Record) -> Decimal:
    """Charges less allowances."""
    amounts = [one.get("amount", ZERO) if one.get("kind") == "charge" else -one.get("amount", ZERO) for one in part.get("allowances", ())]
    return sum(amounts, ZERO)


def _taxes(record: Record, unit: Decimal, added: list[str]) -> None:
    """BR-CO-17: amount = base × rate / 100."""
    for count, one in enumerate(record.get("taxes", ())):
        if one.get("amount") is None and one.get("base") is not None and one.get("rate") is not None:
            _put(one, "amount", _round(one["base"] * one["rate"] / 100, unit), f"taxes[{count}].", added)


def _totals(record: Record, type: str, unit: Decimal, added: list[str]) -> None:
    """BR-CO-10 to BR-CO-16, as far as everything they are made of is there. Where the record's own totals say something else
    (amounts that it does not itemise), only the sum of the lines is added."""
    amounts = [line.get("net_amount") for line in record.get("lines", ())]
    if amounts and record.get("totals", {}).get("line_count") is None:
        record["totals"] = dict(record.get("totals", {}))
        _put(record["totals"], "line_count", len(amounts), "totals.", added)
    if not amounts or any(amount is None for amount in amounts):
        return
    totals = dict(record.get("totals", {}))
    sums = {name: _round(value, unit) for name, value in _sums(record, totals, sum(amounts, ZERO), type)}
    if any(totals.get(name) not in (None, value) for name, value in sums.items()):
        sums = {"lines": sums["lines"]}
    for name, value in sums.items():
        if totals.get(name) is None:
            _put(totals, name, value, "totals.", added)
    record["totals"] = totals


def _sums(record: Record, totals: Record, lines: Decimal, type: str) -> Iterator[tuple[str, Decimal]]:
    yield "lines", lines
    allowances, taxes = record.get("allowances", ()), record.get("taxes", ())
    if type == "order" or any(one.get("amount") is None for one in (*allowances, *taxes)):
        return
    for name, charge in (("allowances", False), ("charges", True)):
        some = [one["amount"] for one in allowances if (one.get("kind") == "charge") == charge]
        if some:
            yield name, sum(some, ZERO)
    net = lines + _balance(record)
    tax = sum((one["amount"] for one in taxes), ZERO)
    yield "net", net
    if taxes:
        yield "tax", tax
    yield "gross", net + tax
    yield "payable", net + tax - totals.get("prepaid", ZERO) + totals.get("rounding", ZERO)


def _round(value: Decimal, unit: Decimal) -> Decimal:
    """To the currency's smallest unit, halves away from zero, as invoices are rounded."""
    return value.quantize(unit, ROUND_HALF_UP) if value.as_tuple().exponent < unit.as_tuple().exponent else value  # type: ignore[operator]
