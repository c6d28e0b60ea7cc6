"""The ledger's identities stand in unique indexes, and its states in one table that the docs print."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, inspect
from sqlalchemy.exc import IntegrityError

from edi_bridge.database import Database
from edi_bridge.finding import Verdict, found
from edi_bridge.interchange import Address, Interchange, Position
from edi_bridge.store import identity, intake, ledger
from edi_bridge.store import message as messages
from edi_bridge.store.archive import Blob
from edi_bridge.store.state import STATES, as_markdown, may_follow
from edi_bridge.store.tables import ledger as tables

NOW = "2026-11-21T12:00:00Z"


def envelope(
    control: str, *, standard: str = "edifact", ordinal: int = 1, sender: Address = Address("A", "14")
) -> Interchange:
    return Interchange(standard, ordinal, sender, Address("B", "14"), control, iter(()))


def take_in(
    database: Database, sha: str, interchange: Interchange, type_: str = "ORDERS", verdict: Verdict = Verdict.ACCEPTED
) -> ledger.Exchange:
    with database.write() as connection:
        receipt, _ = ledger.receive(connection, Blob(sha, 1), "f", NOW)
        made = intake.take_in(connection, [intake.Coming(receipt, interchange, "a", verdict, [type_])], {})[0]
        ledger.set_receipt(connection, receipt.id, "done")
    return made


def test_control_numbers_are_unique_within_sender_and_receiver_with_their_qualifiers(database: Database) -> None:
    assert take_in(database, "s1", envelope("1")).outcome == "new"
    assert take_in(database, "s2", envelope("1")).outcome == "conflict"
    assert take_in(database, "s3", envelope("1", sender=Address("A", "ZZ"))).outcome == "new"
    assert take_in(database, "s4", envelope("1", standard="x12")).outcome == "new"
    assert take_in(database, "s5", envelope("2")).outcome == "new"


def test_an_xml_document_number_is_unique_within_its_type(database: Database) -> None:
    assert take_in(database, "s1", envelope("1", standard="xml"), "xml/ubl-2.1/Order").outcome == "new"
    assert take_in(database, "s2", envelope("1", standard="xml"), "xml/ubl-2.1/Invoice").outcome == "new"
    assert take_in(database, "s3", envelope("1", standard="xml"), "xml/ubl-2.1/Order").outcome == "conflict"


def test_without_a_control_number_only_the_bytes_tell(database: Database) -> None:
    assert [take_in(database, sha, envelope("", standard="csv")).outcome for sha in ("s1", "s2", "s1")] == [
        "new",
        "new",
        "again",
    ]


def test_the_unique_index_refuses_what_two_processes_take_at_once(database: Database) -> None:
    first = take_in(database, "s1", envelope("1"))
    with pytest.raises(IntegrityError), database.write() as connection:
        identity.own(connection, first.id, 0, "control", identity._scope(envelope("1"), []), "1")


def test_a_message_has_one_row(database: Database) -> None:
    exchange = take_in(database, "s1", envelope("1"))
    row = messages.MessageRow(exchange.id, 1, "ORDERS", "1", "posted", Verdict.ACCEPTED, "hash")
    with database.write() as connection:
        assert len(messages.add_messages(connection, [row])) == 1
    with pytest.raises(IntegrityError), database.write() as connection:
        messages.add_messages(connection, [row])
    with database.read() as connection:
        assert messages.message_counts(connection, exchange.id) == {"posted": 1}


def test_findings_come_back_as_they_were(database: Database) -> None:
    findings = [
        found(
            "too_long",
            Position(interchange=1, message=2, segment=9, tag="QTY", element=1, component=2, offset=17, length=3),
            "é\n",
            "x",
        ),
        found("missing_trailer"),
    ]
    exchange = take_in(database, "s1", envelope("1"))
    with database.write() as connection:
        messages.add_findings(connection, [(exchange.receipt, exchange.id, None, finding) for finding in findings])
    with database.read() as connection:
        assert [finding for _, _, finding in messages.findings(connection, exchange.receipt)] == findings


def test_rows_must_belong_together(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(
            insert(tables().identity).values(kind="bytes", scope="", value="", exchange_id=4711, message=0)
        )


def test_the_indexes_that_promises_stand_on_are_there(database: Database) -> None:
    with database.read() as connection:
        seen = inspect(connection)
        unique = {
            (table, tuple(one["column_names"]))
            for table in ("identity", "message", "exchange")
            for one in seen.get_unique_constraints(table)
        }
    assert unique == {
        ("identity", ("kind", "scope", "value")),
        ("message", ("exchange_id", "ordinal")),
        ("exchange", ("receipt_id", "ordinal")),
    }


def test_every_state_that_may_follow_is_a_state() -> None:
    names = {(state.of, state.name) for state in STATES}
    assert all((state.of, name) in names for state in STATES for name in state.next)
    assert may_follow("exchange", "open", "done") and not may_follow("exchange", "rejected", "done")


def test_the_docs_print_the_table_of_states() -> None:
    page = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text()
    assert as_markdown() in page
