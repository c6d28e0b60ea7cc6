"""Two processes that post for the same customer at once: what comes of it is what comes of one after the other, and nothing is done twice.

The other's transaction runs whole at the moment when the first has read everything and is about to write: exactly between.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from crm_case import OWN, Crm
from crm_records import ACME, SHOP, line, order, without
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from edi_bridge.crm import alongside
from edi_bridge.crm.dump import dump
from edi_bridge.crm.post import PostResult, post_batch
from edi_bridge.database import connect, is_conflict
from edi_bridge.fault import TransientFault

BARE = {"gln": ACME["gln"], "vat": ACME["vat"]}
OTHER_SHOP = {"gln": "4012345000023", "name": "Acme Filiale 8", "contacts": [{"role": "OC", "name": "Jo"}]}
BRANCH = {**BARE, "gln": "4012345000030", "name": "Acme Süd"}


def plain(number: str, **more: Any) -> dict[str, Any]:
    """An order that adds nothing to a customer that is on file but what is said."""
    return {**without(order(number), "deliver_to"), "buyer": {**BARE, "name": "Acme Handel"}, **more}


KNOWN = plain("PO-0")
# What both documents add to the customer that is on file.
BOTH = {
    "a place": {"deliver_to": SHOP},
    "a place with people": {"deliver_to": OTHER_SHOP},
    "another spelling": {"buyer": {**BARE, "name": "ACME HANDEL"}},
    "an address": {"buyer": {**BARE, "city": "Köln", "street": "Ring 1"}},
    "an identifier": {"buyer": {**BARE, "sender_number": "0815"}},
    "somebody": {"buyer": {**BARE, "contacts": [{"role": "OC", "name": "Ute Öz"}]}},
    "a branch": {"buyer": BRANCH},
    "a place in the schedule": {"lines": [{**line("1"), "schedules": [{"deliver_to": SHOP, "quantity": Decimal(3)}]}]},
    "everything": {"buyer": {**ACME, "name": "ACME"}, "deliver_to": SHOP},
}


pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time


@pytest.fixture
def alone(sqlite_template: Path, tmp_path: Path) -> Iterator[Crm]:
    """Another empty CRM, where nobody else posts."""
    path = tmp_path / "alone.sqlite"
    shutil.copyfile(sqlite_template, path)
    opened = connect(path)
    yield Crm(opened)
    opened.close()


def dumped(crm: Crm) -> list[str]:
    with crm.database.read() as connection:
        return list(dump(connection))


@contextmanager
def before_it_writes(crm: Crm, other: Callable[[], Any]) -> Iterator[list[str]]:
    """`other` runs once, when the next batch is about to lock customers or to write."""
    ran: list[str] = []

    def now(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not ran and statement.startswith("SELECT") and "FOR NO KEY UPDATE" in statement:
            ran.append(statement)
            other()

    event.listen(crm.database.engine, "before_cursor_execute", now)
    try:
        yield ran
    finally:
        event.remove(crm.database.engine, "before_cursor_execute", now)


def posted_between(crm: Crm, mine: list[tuple[str, list[dict[str, Any]]]], theirs: Callable[[], Any]) -> list[PostResult]:
    with before_it_writes(crm, theirs) as ran:
        results = crm.batch(*mine)
    assert len(ran) == 1
    return results


@pytest.mark.parametrize("what", BOTH)
def test_what_both_add_is_there_once_and_both_documents_name_it(crm: Crm, alone: Crm, what: str) -> None:
    one, two = plain("PO-1", **BOTH[what]), plain("PO-2", **BOTH[what])
    for each in (KNOWN, one, two):
        alone.post("order", each)
    crm.post("order", KNOWN)
    (result,) = posted_between(crm, [("order", [two])], lambda: crm.post("order", one))
    assert result.state == "posted" and not result.findings
    assert dumped(crm) == dumped(alone)


def test_what_the_other_added_is_known_to_the_messages_that_follow_in_the_batch(crm: Crm, alone: Crm) -> None:
    """A change in the middle writes what came before it: the batch goes on with the other's places and people."""
    there, change = {"deliver_to": OTHER_SHOP}, plain("PO-2", purpose="replace", deliver_to=OTHER_SHOP)
    first, mine = plain("PO-1", **there), [plain("PO-2", **there), change, plain("PO-3", **there)]
    for each in (KNOWN, first, *mine):
        alone.post("order", each)
    crm.post("order", KNOWN)
    results = posted_between(crm, [("order", [each]) for each in mine], lambda: crm.post("order", first))
    assert [result.state for result in results] == ["posted"] * 3
    assert dumped(crm) == dumped(alone)


def test_a_customer_record_that_read_before_another_changed_the_customer_is_done_again(crm: Crm) -> None:
    """The second one's record is made of what it read: written over the first one's it would take back what that said."""
    record = {**BARE, "number": "0815", "name": "Acme Handel", "currency": "EUR"}
    crm.post("customer", record)
    with pytest.raises(TransientFault, match="it changed customer 1") as caught:
        posted_between(crm, [("customer", [{**record, "website": "https://acme.example"}])],
                       lambda: crm.post("customer", {**record, "language": "de"}))
    assert is_conflict(caught.value)
    crm.post("customer", {**record, "website": "https://acme.example"})
    assert crm.rows("customer", "language", "website") == [("de", "https://acme.example")]


def test_a_name_that_is_filled_in_by_two_is_filled_in_once(crm: Crm) -> None:
    crm.post("order", plain("PO-0", buyer=BARE))
    with pytest.raises(TransientFault, match="it changed customer 1"):
        posted_between(crm, [("order", [plain("PO-2", buyer={**BARE, "name": "ACME"})])],
                       lambda: crm.post("order", plain("PO-1", buyer={**BARE, "name": "Acme"})))
    crm.post("order", plain("PO-2", buyer={**BARE, "name": "ACME"}))
    assert crm.rows("customer", "name") == ["Acme"]
    assert crm.rows("customer_name", "name", "kind") == [("ACME", "seen")]


def test_an_identifier_that_another_gave_to_somebody_else_is_a_conflict(crm: Crm) -> None:
    """Done again the second finds that it belongs to another, and a person decides."""
    crm.post("order", KNOWN)
    mine = plain("PO-2", buyer={**BARE, "sender_number": "0815"})
    with pytest.raises(IntegrityError):
        posted_between(crm, [("order", [mine])], lambda: crm.post("order", plain("PO-1", buyer={"sender_number": "0815", "name": "Zorn"})))
    assert crm.post("order", mine).state == "held"


def test_rows_that_only_refer_to_the_customer_do_not_wait_for_the_lock(crm: Crm) -> None:
    """The other posts and commits while the first holds the customer and has not committed."""
    crm.post("order", KNOWN)
    with crm.database.write() as connection:
        post_batch(connection, crm.items(connection, [("order", [plain("PO-1", deliver_to=SHOP)])], "acme"), OWN)
        assert crm.post("order", plain("PO-2")).state == "posted"
    assert crm.count("sales_order") == 3


@pytest.mark.parametrize("what", ["a place", "somebody"])
def test_planted_nobody_looks_again(crm: Crm, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second look a place is refused by its index, and a person is there twice."""
    crm.post("order", KNOWN)
    monkeypatch.setattr(alongside, "_there", lambda *_: {})
    two = [("order", [plain("PO-2", **BOTH[what])])]
    other = lambda: crm.post("order", plain("PO-1", **BOTH[what]))  # noqa: E731
    if what == "a place":
        with pytest.raises(IntegrityError):
            posted_between(crm, two, other)
    else:
        posted_between(crm, two, other)
        assert crm.count("customer_contact") == 2
