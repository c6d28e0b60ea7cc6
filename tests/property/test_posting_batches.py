"""However messages are cut into batches, the CRM says the same afterwards, and so does each message's result."""

from __future__ import annotations

import shutil
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from edi_bridge.crm.dump import dump
from edi_bridge.crm.identity import own_identities
from edi_bridge.crm.post import PostItem, post_batch
from edi_bridge.database import Database, connect
from edi_bridge.finding import Verdict
from edi_bridge.store.message import MessageRow, add_messages
from edi_bridge.store.tables import ledger

OWN = own_identities([("gln", "WE")])
PARTIES: list[dict[str, Any]] = [
    {"gln": "A", "vat": "DE1", "name": "Anna"},
    {"gln": "B", "name": "Bert", "city": "Bonn", "contacts": [{"name": "Kim"}]},
    {"gln": "A2", "vat": "DE1"},
    {"vat": "DE1", "sender_number": "7", "name": "Anna AG"},
    {"gln": "B", "vat": "DE1"},
    {"name": "Nobody", "city": "Köln"},
    {"sender_number": "7"},
]
NUMBERS = st.sampled_from(["1", "2", "3"])
QUANTITIES = st.sampled_from([Decimal(1), Decimal("1.0"), Decimal(2)])


@st.composite
def orders(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    purpose = draw(st.sampled_from(["original", "original", "change", "replace", "cancellation", "copy", "53"]))
    lines = [
        {"number": str(n), "gtin": str(n), "quantity": draw(QUANTITIES), "net_price": Decimal(2),
         **({"action": draw(st.sampled_from(["added", "changed", "deleted"]))} if purpose == "change" else {})}
        for n in range(1, draw(st.integers(1, 3)) + 1)
    ]  # fmt: skip
    record: dict[str, Any] = {"number": draw(NUMBERS), "purpose": purpose, "lines": lines}
    if draw(st.booleans()):
        record["buyer"] = draw(st.sampled_from(PARTIES))
    if draw(st.booleans()):
        record["deliver_to"] = draw(st.sampled_from([*PARTIES, {"gln": "STORE", "name": "Store"}, {"gln": "WE"}]))
    return "order", [record]


@st.composite
def invoices(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    record: dict[str, Any] = {
        "number": draw(NUMBERS),
        "type": draw(st.sampled_from(["invoice", "credit_note"])),
        "purpose": draw(st.sampled_from(["original", "original", "replace", "cancellation"])),
        "seller": {"gln": "WE"},
        "buyer": draw(st.sampled_from(PARTIES)),
        "order_number": draw(NUMBERS),
        "totals": {"payable": draw(QUANTITIES)},
    }
    if draw(st.booleans()):
        record["corrects"] = [{"number": draw(NUMBERS)}]
    return "invoice", [record]


@st.composite
def customers(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    made = [
        {**draw(st.sampled_from(PARTIES)), "action": draw(st.sampled_from(["add", "change", "replace", "delete"]))}
        for _ in range(draw(st.integers(1, 2)))
    ]
    return "customer", [{("number" if k == "sender_number" else k): v for k, v in one.items()} for one in made]


MESSAGES = st.lists(st.one_of(orders(), orders(), invoices(), customers()), min_size=1, max_size=9)


def posted(
    template: Path, messages: list[tuple[str, list[dict[str, Any]]]], cuts: set[int]
) -> tuple[list[Any], list[str]]:
    """Post the messages, a new transaction after each cut; (results, dump)."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(template, f"{folder}/db")
        database = connect(f"{folder}/db")
        try:
            return _post(database, messages, cuts)
        finally:
            database.close()


def _post(database: Database, messages: list[Any], cuts: set[int]) -> tuple[list[Any], list[str]]:
    t = ledger()
    empty = {c.name: "" for table in (t.receipt, t.exchange) for c in table.columns if str(c.type) == "TEXT"}
    with database.write() as connection:
        head = {name: value for name, value in empty.items() if name in t.receipt.c}
        connection.execute(insert(t.receipt).values(id=1, size=0, **head))
        body = {name: value for name, value in empty.items() if name in t.exchange.c}
        connection.execute(insert(t.exchange).values(id=1, receipt_id=1, ordinal=1, **body))
    results = []
    start = 0
    for end in [n for n in range(1, len(messages) + 1) if n in cuts or n == len(messages)]:
        with database.write() as connection:
            rows = [MessageRow(1, n + 1, "", "", "posted", Verdict.ACCEPTED, "") for n in range(start, end)]
            ids = add_messages(connection, rows)
            items = [PostItem(number, "p", *message) for number, message in zip(ids, messages[start:end], strict=True)]
            results += post_batch(connection, items, OWN)
        start = end
    with database.read() as connection:
        shown = [(one.state, [d.number for d in one.documents], [f.kind for f in one.findings]) for one in results]
        return shown, list(dump(connection))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=MESSAGES, cuts=st.sets(st.integers(1, 11)))
def test_any_cut_into_batches_gives_the_same_crm(
    sqlite_template: Path, messages: list[tuple[str, list[dict[str, Any]]]], cuts: set[int]
) -> None:
    one_by_one = posted(sqlite_template, messages, set(range(1, 13)))
    assert posted(sqlite_template, messages, cuts) == one_by_one
    assert posted(sqlite_template, messages, set()) == one_by_one


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(orders().filter(lambda m: m[1][0]["purpose"] != "53"), max_size=6))
def test_posting_everything_twice_changes_nothing(
    sqlite_template: Path, messages: list[tuple[str, list[dict[str, Any]]]]
) -> None:
    once = posted(sqlite_template, messages, {3})[1]
    results, twice = posted(sqlite_template, messages + messages, {3, len(messages)})
    assert twice == once
