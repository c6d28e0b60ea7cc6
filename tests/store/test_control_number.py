"""Two processes that draw our numbers of the same partners at once."""

from __future__ import annotations

import threading
import time

import pytest

from edi_bridge.database import Database
from edi_bridge.fault import TransientFault
from edi_bridge.partner import Numbers
from edi_bridge.store.control_number import Drawing, all_of, draw

SCOPES = ("acme", "zorn")
NUMBERS = Numbers()


def begun(database: Database) -> None:
    """Each sequence has its first number."""
    with database.write() as connection:
        for scope in SCOPES:
            for kind in ("interchange", "group"):
                assert draw(connection, scope, kind, NUMBERS, "") == 1


def waiting(database: Database) -> int:
    """How many transactions wait for a row that another holds."""
    with database.read() as connection:
        return int(connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").scalar_one())


def drawn_crosswise(database: Database, *, take: bool) -> list[object]:
    """What came of two transactions that draw from both sequences, each from another one first; the second begins when the first has
    its number."""
    came: list[object] = []
    first_has, second_waits = threading.Event(), threading.Event()

    def transaction(scopes: tuple[str, ...], first: bool) -> None:
        try:
            with database.write() as connection:
                drawing = Drawing(connection, "")
                if not first:
                    first_has.wait(10)
                if take:
                    drawing.take(scopes)
                numbers = [drawing.draw(scopes[0], "group", NUMBERS)]
                first_has.set()
                second_waits.wait(10)
                numbers += [drawing.draw(scopes[1], "interchange", NUMBERS), drawing.draw(scopes[1], "group", NUMBERS)]
                drawing.write()
            came.append(numbers)
        except TransientFault as fault:
            came.append(fault)

    both = [threading.Thread(target=transaction, args=(SCOPES[::step], first)) for step, first in ((1, True), (-1, False))]
    for one in both:
        one.start()
    assert first_has.wait(10)
    until = time.monotonic() + 1
    while not waiting(database) and time.monotonic() < until:
        time.sleep(0.01)
    second_waits.set()
    for one in both:
        one.join(30)
    return came


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_that_draw_from_the_same_sequences_in_another_order_wait_for_each_other_and_both_end(database: Database) -> None:
    begun(database)
    assert drawn_crosswise(database, take=True) == [[2, 2, 2], [3, 2, 3]]
    with database.read() as connection:
        there = sorted(all_of(connection))
    assert there == [("acme", "group", 3, 0), ("acme", "interchange", 2, 0), ("zorn", "group", 3, 0),
                     ("zorn", "interchange", 2, 0)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_planted_one_by_one_they_wait_for_each_other_crosswise(database: Database) -> None:
    begun(database)
    came = drawn_crosswise(database, take=False)
    assert [one for one in came if isinstance(one, TransientFault)]


def test_numbers_that_were_taken_follow_those_on_file(database: Database) -> None:
    begun(database)
    with database.write() as connection:
        drawing = Drawing(connection, "")
        drawing.take([*SCOPES, "unknown"])
        assert [drawing.draw("acme", "group", NUMBERS) for _ in range(3)] == [2, 3, 4]
        assert drawing.draw("unknown", "group", NUMBERS) == 1
        assert drawing.draw("acme", "interchange", Numbers(first=100, last=200)) == 100
        drawing.write()
    with database.write() as connection:
        assert draw(connection, "acme", "group", NUMBERS, "") == 5
        assert draw(connection, "acme", "interchange", Numbers(first=100, last=200), "") == 101
