"""Versions in the database: by content, each content once, activations in their order, on both databases."""

from __future__ import annotations

import json

import pytest
import version_case as case
from sqlalchemy import func, select, update

from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault, TerminalFault
from edi_bridge.store import audit, version
from edi_bridge.store.rollout_tables import rollout
from edi_bridge.store.tables import ledger

ONE = {"partners/a.yaml": b"a: 1\n", "partners/b.yaml": b"same\n", "lookups/c.csv": b"same\n"}
TWO = {**ONE, "partners/a.yaml": b"a: 2\n", "mappings/m.yaml": b"m\n"}
THREE = {name: content for name, content in TWO.items() if name != "lookups/c.csv"}


def count(database: Database, table: str) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(getattr(rollout(), table))).scalar_one())


def recorded(database: Database, *states: dict[str, bytes], program: str = "1.0") -> list[version.Version]:
    with database.write() as connection:
        return [version.record(connection, files, program, case.NOW) for files in states]


def test_a_version_is_its_content(database: Database) -> None:
    first, again, other = recorded(database, ONE, dict(reversed(ONE.items())), TWO)
    assert first == again and first.id != other.id
    texts = {name: content.decode() for name, content in ONE.items()}
    assert first.hash == case.hash_by_hand(texts, "1.0") and first.files == case.hashed(texts)
    assert (count(database, "version"), count(database, "version_file")) == (2, 4)  # `same` stands there once
    (newer,) = recorded(database, ONE, program="1.1")
    assert newer.hash == case.hash_by_hand(texts, "1.1") != first.hash and count(database, "version_file") == 4
    with database.read() as connection:
        assert version.files_of(connection, first) == ONE and version.files_of(connection, other) == TWO


def test_what_is_in_force_is_the_last_activation_and_each_stands_in_the_audit_log(database: Database) -> None:
    first, second, third = recorded(database, ONE, TWO, THREE)
    with database.write() as connection:
        assert version.active(connection) is None and version.newest(connection) == 0
        for number, (one, who) in enumerate(((first, "ann"), (second, "ben"), (first, "ann"), (third, "cy")), 1):
            version.activate(connection, one.id, who, f"reason {number}", f"2026-11-22T1{number}:00:00Z")
    with database.read() as connection:
        now, listed, said = version.active(connection), version.log(connection), list(audit.entries(connection))
        assert version.log(connection, 2) == listed[:2]
        assert audit.verify(connection) == ""
    assert now == third
    assert [(one.version.hash, one.actor, one.reason, one.changes) for one in listed] == [
        (third.hash, "cy", "reason 4", [("gone", "lookups/c.csv"), ("new", "mappings/m.yaml"), ("changed", "partners/a.yaml")]),
        (first.hash, "ann", "reason 3", [("gone", "mappings/m.yaml"), ("changed", "partners/a.yaml")]),
        (second.hash, "ben", "reason 2", [("new", "mappings/m.yaml"), ("changed", "partners/a.yaml")]),
        (first.hash, "ann", "reason 1", [("new", "lookups/c.csv"), ("new", "partners/a.yaml"), ("new", "partners/b.yaml")])]
    assert [(one.act, one.actor, one.subject, one.reason) for one in said][-1] == ("activate", "cy", f"version {third.hash[:12]}", "reason 4")
    assert len(said) == 4


def test_versions_are_found_by_the_beginning_of_their_hash_and_as_the_former(database: Database) -> None:
    first, second = recorded(database, ONE, TWO)
    (same_files,) = recorded(database, TWO, program="1.1")
    with database.write() as connection:
        with pytest.raises(ConfigFault, match="no other version"):
            version.find(connection, "former")
        for one in (first, second, same_files):
            version.activate(connection, one.id, "ann", "r", case.NOW)
        assert version.find(connection, first.hash) == version.find(connection, first.hash[:6]) == first
        assert version.find(connection, "former") == first  # not the one that differs by the program alone
        for wrong, says in (("abc", "is no version"), ("ffff" * 16, "there is no version"), ("'; --", "is no version"), ("%%%%", "is no version")):
            with pytest.raises(ConfigFault, match=says):
                version.find(connection, wrong)


def test_a_content_that_was_altered_in_the_database_is_never_used(database: Database) -> None:
    (first,) = recorded(database, ONE)
    t = rollout().version_file
    with database.write() as connection:
        connection.execute(update(t).where(t.c.sha256 == first.files["partners/a.yaml"]).values(content=b"\x00"))
    with database.read() as connection, pytest.raises(TerminalFault, match="altered in the database"):
        version.files_of(connection, first)


def test_an_exchange_that_another_version_goes_on_with_names_both(database: Database) -> None:
    t = ledger()
    begun = {"order.acme": "h1", "configuration": "a" * 64}
    empty = dict.fromkeys(("sender_qualifier", "sender", "receiver_qualifier", "receiver", "control", "partner", "verdict", "failure", "syntax"), "")
    with database.write() as connection:
        connection.execute(t.receipt.insert().values(id=1, sha256="0" * 64, size=1, name="n", channel="", received_at=case.NOW, state="scanned",
                                                     partner="", map="", failure=""))
        for id, versions in ((1, json.dumps(begun)), (2, json.dumps({"order.acme": "h1"})), (3, json.dumps(begun))):
            connection.execute(t.exchange.insert().values(id=id, receipt_id=1, ordinal=id, standard="edifact", state="open", outcome="new",
                                                          versions=versions, **empty))
        for configuration in ("b" * 64, "b" * 64, "c" * 64):
            version.gone_on(connection, [1, 2], {"order.acme": "h2", "configuration": configuration})
        said = dict(connection.execute(select(t.exchange.c.id, t.exchange.c.versions)).all())  # type: ignore[arg-type]
    assert json.loads(said[1]) == {"order.acme": "h2", "configuration": "c" * 64, "configuration_before": f"{'b' * 64} {'a' * 64}"}
    assert version.pinned(said[1]) == ["c" * 64, "b" * 64, "a" * 64]
    assert json.loads(said[2]) == {"order.acme": "h1"} and json.loads(said[3]) == begun
