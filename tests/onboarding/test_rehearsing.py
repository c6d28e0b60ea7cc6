"""Scenarios played through the real engine, judged by other readers (pydifact, pyx12, sqlite3) and by mistakes planted on purpose."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import pyx12.params
import pyx12.x12file
import rehearsal_case as case
from pydifact.segmentcollection import Interchange as PydifactInterchange
from rehearsal_case import Played

from edi_bridge.onboarding.rehearsing import Result


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Played, dict[str, Result], Path]]:
    """Everything that fits the EDIFACT orders, played once."""
    home = case.home(tmp_path_factory.mktemp("kiosk"))
    played = Played(home, "kiosk")
    results = played.all("ORDERS")
    yield played, results, home
    played.database.close()


@pytest.fixture(scope="module")
def diner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Result]]:
    played = Played(case.home(tmp_path_factory.mktemp("diner")), "diner")
    yield played.all("850") | played.all("810", "out")
    played.database.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return case.home(tmp_path)


def troubles(home: Path, name: str, message: str = "ORDERS", direction: str = "in", partner: str = "kiosk") -> str:
    """What one scenario tells; '' when it passes."""
    played = Played(home, partner)
    try:
        return "\n".join(played.play(name, message, direction).troubles)
    finally:
        played.database.close()


# --- what must pass, seen by others -------------------------------------------------------------------------------------


def test_every_scenario_that_fits_passes_with_faults_among_them(kiosk: tuple[Played, dict[str, Result], Path], diner: dict[str, Result]) -> None:
    for results in (kiosk[1], diner):
        assert {name: one.troubles for name, one in results.items() if one.troubles} == {}
    assert {"order-minimal", "order-200-lines", "order-change", "order-cancel", "order-to-cash", "fault-duplicate", "fault-charset"} <= set(kiosk[1])
    assert {"order-minimal", "invoice-two-rates", "acknowledgement-rejected", "acknowledgement-unknown"} <= set(diner)
    assert "acknowledgement-late" not in kiosk[1] and "fault-charset" not in diner


def test_pydifact_reads_the_messages_as_the_scenario_says(kiosk: tuple[Played, dict[str, Result], Path]) -> None:
    results = kiosk[1]
    many = PydifactInterchange.from_str(results["order-200-lines"].content.decode("latin-1"))
    segments = [one for message in many.get_messages() for one in message.segments]
    assert sum(one.tag == "LIN" for one in segments) == 200
    assert [one.elements[0][1] for one in segments if one.tag == "QTY"] == [str(n) for n in range(1, 201)]
    text = PydifactInterchange.from_str(results["order-free-text"].content.decode("latin-1"))
    said = " ".join(str(one.elements) for message in text.get_messages() for one in message.segments if one.tag in ("FTX", "IMD"))
    for sign in "'+:?*~^":
        assert sign in said.replace("\\'", "'")
    assert re.search(rb"UNB\+UNOC:3\+9521200099997:14\+9521200034004:14\+[0-9:]+\+\d+\+\+\+\+1\+\+1'", results["order-minimal"].content)


def test_pyx12_finds_no_fault_in_the_envelopes_and_every_one_is_a_test(diner: dict[str, Result]) -> None:
    for name in ("order-minimal", "order-200-lines", "order-free-text", "invoice-two-rates", "order-three-in-one"):
        reader = pyx12.x12file.X12Reader(io.StringIO(diner[name].content.decode("latin-1")))
        segments = list(reader)
        assert reader.pop_errors() == [], name
        assert segments[0].get_value("ISA15") == "T"
    assert sum(one.get_seg_id() == "PO1" for one in pyx12.x12file.X12Reader(io.StringIO(diner["order-200-lines"].content.decode()))) == 200


def test_pyx12_finds_the_faults_that_were_planted_in_envelopes(diner: dict[str, Result]) -> None:
    for name, code in (("fault-message-count", "4"), ("fault-interchange-count", "021"), ("fault-control-number", "001")):
        reader = pyx12.x12file.X12Reader(io.StringIO(diner[name].content.decode()))
        found = [error for _ in reader for error in reader.pop_errors()]
        assert code in {error[1] for error in found}, (name, found)


def test_the_staging_lane_holds_what_was_played_and_the_live_crm_nothing(kiosk: tuple[Played, dict[str, Result], Path]) -> None:
    with sqlite3.connect(f"file:{kiosk[2]}/played.sqlite?mode=ro", uri=True) as connection:
        def count(query: str) -> int:
            return int(connection.execute(query).fetchone()[0])

        assert count("SELECT count(*) FROM staging_sales_order") > 10
        assert count("SELECT count(*) FROM staging_order_line WHERE order_id = (SELECT order_id FROM staging_order_line GROUP BY 1 HAVING count(*) > 100)") == 200
        for table in ("sales_order", "customer", "invoice", "pilot_sales_order", "outbox"):
            assert count(f"SELECT count(*) FROM {table}") == 0, table
        assert count("SELECT count(*) FROM alarm WHERE open = 'open'") == 0
        assert count("SELECT count(*) FROM exchange WHERE state IN ('quarantined', 'held')") == 0
        assert count("SELECT count(*) FROM exchange WHERE lane <> 'staging_'") == 0
    connection.close()


def test_one_deal_is_carried_through_and_its_documents_are_tied(kiosk: tuple[Played, dict[str, Result], Path]) -> None:
    assert kiosk[1]["order-to-cash"].steps == ("order: passed", "response: passed", "despatch: passed", "invoice: passed", "remittance: passed")
    with sqlite3.connect(f"file:{kiosk[2]}/played.sqlite?mode=ro", uri=True) as connection:
        tied = connection.execute("SELECT from_kind, to_kind FROM staging_document_link WHERE to_id IS NOT NULL").fetchall()
    connection.close()
    assert {("order_response", "order"), ("despatch_advice", "order"), ("invoice", "order"), ("remittance", "invoice")} <= set(tied)


def test_the_same_run_may_be_played_again_and_another_run_has_other_numbers(fresh: Path) -> None:
    contents = []
    for run in (7, 8):
        played = Played(fresh, "kiosk", run)
        contents.append(played.play("order-minimal", "ORDERS").content)
        played.database.close()
    numbers = [re.search(rb"BGM\+220\+(\w+)", one)[1] for one in contents]  # type: ignore[index]
    assert numbers[0] != numbers[1] and contents[0].replace(numbers[0], numbers[1])[-30:] != contents[1][-30:]


# --- what must be red ---------------------------------------------------------------------------------------------------

WRONG_PLACE = case.MAP + 'fields: {lines: {fields: {quantity: {at: "QTY[6063=59]/6060", as: decimal, required: true}, unit: {at: "QTY[6063=59]/6411", codes: unit}, units_per_pack: ~}}}\n'
OTHER_PARTY = case.MAP + 'fields: {buyer: {at: "{NAD}[NAD/3035=SU]"}, seller: {at: "{NAD}[NAD/3035=BY]"}}\n'
NO_ITEM = case.MAP + "fields: {lines: {fields: {gtin: ~, buyer_item: ~, seller_item: ~, other_items: ~}}}\n"
LESS = case.MAP + 'fields: {lines: {fields: {net_price: {at: "{PRI}[PRI/5125=AAA]/PRI/5118", as: "implied(2)"}}}}\n'


@pytest.mark.parametrize(("planted", "said"), [
    (WRONG_PLACE, "line 1 quantity: expected 12, the standard's own map order.edifact-d96a reads nothing"),
    (OTHER_PARTY, "gln: expected 9521200099997, the standard's own map order.edifact-d96a reads 9521200034004"),
    (NO_ITEM, "the map does not carry lines.gtin|lines.buyer_item|lines.seller_item|lines.other_items"),
    (LESS, "line 1 net_price: expected 3.19, the standard's own map order.edifact-d96a reads 319"),
])
def test_a_planted_mistake_of_the_map_is_told_with_field_and_values(fresh: Path, planted: str, said: str) -> None:
    assert troubles(fresh, "order-minimal") == ""
    (fresh / "mappings/order.kiosk.yaml").write_text(planted)
    assert said in troubles(fresh, "order-minimal")


def test_what_a_partner_means_otherwise_is_said_by_name_with_a_reason(fresh: Path) -> None:
    (fresh / "mappings/order.kiosk.yaml").write_text(WRONG_PLACE)
    (fresh / "rollout/scenarios/kiosk.yaml").write_text('habits: kiosk\notherwise: {lines.quantity: "their guideline 4.2: QTY 59 is what they want", lines.unit: the same, lines.units_per_pack: the same}\n')
    assert troubles(fresh, "order-minimal") == ""


ORDER = Path(__file__).parents[2] / "edi_bridge/rollout/scenarios/order-minimal.yaml"


EXPECTED = (  # an expectation that does not come true, and what is told of it
    ("{state: rejected}", "it must be rejected, and it is posted"),
    ("{state: posted, findings: [missing_lookup]}", "the finding missing_lookup must be there; found: nothing"),
    ("{state: posted, crm: {sales_order: 2}}", "staging_sales_order must hold 2 rows of it, and holds 1"),
    ("{state: posted, crm: {order_line: 0}}", "staging_order_line must hold 0 rows of it, and holds 1"),
    ('{state: posted, crm: {sales_order.number: "{number}X"}}', "staging_sales_order.number must hold S00105X, and holds S00105"),
    ('{state: posted, fields: {"lines[0].quantity": "13"}}', "lines[0].quantity: expected 13, read 12"),
    ("{state: posted, answer: rejected}", "the acknowledgement must say rejected, and it says accepted: CONTRL 7"),
)


def test_each_expectation_can_fail(fresh: Path) -> None:
    for number, (expect, _) in enumerate(EXPECTED):
        text = re.sub(r"^expect:.*$", f"expect: {expect}", ORDER.read_text(), flags=re.MULTILINE)
        (fresh / f"scenarios/mine-{number}.yaml").write_text(text.replace("order-minimal", f"mine-{number}"))
    played = Played(fresh, "kiosk")
    told = [played.play(f"mine-{number}", "ORDERS").troubles for number in range(len(EXPECTED))]
    played.database.close()
    for one, (_, said) in zip(told, EXPECTED, strict=True):
        assert said in one[0] and (len(one) == 1 or "rejected" in said)


ANSWERED = (
    ("acknowledgement-accepted", "outcome: accepted", "outcome: rejected", "what was sent must be rejected now, and is accepted"),
    ("acknowledgement-accepted", "answer: accepted", "answer: rejected", "what was sent must be accepted now, and is rejected"),
    ("acknowledgement-rejected", ", alarm: acknowledgement_negative", "", "no alarm must ring; rung: acknowledgement_negative"),
    ("acknowledgement-late", "alarm: acknowledgement_overdue", "alarm: acknowledgement_negative", "the alarm acknowledgement_negative must ring"),
    ("acknowledgement-unknown", ", alarm: acknowledgement_unmatched", "", "no alarm must ring; rung: acknowledgement_unmatched"),
)


def test_each_expectation_of_an_acknowledgement_can_fail(fresh: Path) -> None:
    for number, (name, before, after, _) in enumerate(ANSWERED):
        text = (ORDER.parent / f"{name}.yaml").read_text()
        assert before in text
        (fresh / f"scenarios/mine-{number}.yaml").write_text(text.replace(before, after).replace(f"scenario: {name}", f"scenario: mine-{number}"))
    played = Played(fresh, "kiosk")
    for number, (name, _, _, said) in enumerate(ANSWERED):
        assert played.play(name, "INVOIC", "out").troubles == ()
        assert said in "\n".join(played.play(f"mine-{number}", "INVOIC", "out").troubles)
    played.database.close()


def test_a_fault_that_is_not_planted_is_no_fault(fresh: Path) -> None:
    names = ("fault-message-count", "fault-charset", "fault-unknown-partner", "fault-same-number")
    for name in names:
        text = (ORDER.parent / f"{name}.yaml").read_text()
        (fresh / f"scenarios/{name}.yaml").write_text(re.sub(r"^mutate:.*\n", "", text, flags=re.MULTILINE))
    played = Played(fresh, "kiosk")
    for name in names:
        assert "and it is posted" in played.play(name, "ORDERS").troubles[0], name
    played.database.close()


def test_documents_that_are_not_tied_are_told(fresh: Path) -> None:
    text = (ORDER.parent / "order-to-cash.yaml").read_text()
    (fresh / "scenarios/order-to-cash.yaml").write_text(text.replace('order_number: "{number}", order_line', 'order_number: "X{number}", order_line')
                                                        .replace('      order_number: "{number}"\n', '      order_number: "X{number}"\n', 1))
    assert "response: it must be tied to the order before it, and is not" in troubles(fresh, "order-to-cash")


def test_a_message_that_cannot_be_made_says_why(fresh: Path) -> None:
    (fresh / "scenarios/order-minimal.yaml").write_text(ORDER.read_text().replace('issued_on: "{today}"', 'issued_on: "{birthday}"'))
    assert "nobody says what {birthday} is" in troubles(fresh, "order-minimal")
    (fresh / "scenarios/order-minimal.yaml").write_text(ORDER.read_text().replace('  issued_on: "{today}"\n', ""))
    assert "issued_on" in troubles(fresh, "order-minimal")
