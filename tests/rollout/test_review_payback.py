"""Review, payback, offers, waves and clones, against figures worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from edi_bridge.fault import ConfigFault
from edi_bridge.partner.effective import flow
from edi_bridge.rollout import clone, offers, payback, review, wave
from edi_bridge.rollout.offers import Offer, Traffic
from edi_bridge.rollout.review import Volume
from edi_bridge.rollout.wave import Candidate
from edi_bridge.yamltext import parse


def test_documents_are_added_up_and_scored_by_volume_value_and_priority() -> None:
    text = "partner;document;amount;priority\nnord;order;1.000,50;1\nnord;orders;999,50;1\nsud;ORDERS;500;5\n"
    first, second = review.scored(review.from_csv(text, "today.csv"))
    assert first.volume == Volume("nord", "ORDERS", "in", 2, Decimal("2000.00"), 1)
    assert (first.score, first.rank, first.share, first.up_to) == (100.0, 1, 2 / 3, 2 / 3)
    assert (second.volume.partner, second.score, second.up_to) == ("sud", 32.5, 1.0)  # 50 × 1/2 + 30 × 500/2000 + 20 × 0/4


@pytest.mark.parametrize(("text", "amount"), [("1234.50", "1234.50"), ("1,234.50", "1234.50"), ("1.234,50", "1234.50"), ("12,5", "12.5"), ("1 000", "1000"), ("", "0")])
def test_amounts_are_read_however_they_are_written(text: str, amount: str) -> None:
    assert review.number(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["many", "1,2,3.4.5", "NaN", "Infinity"])
def test_what_is_no_amount_is_told_with_its_line(text: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        review.from_csv(f"partner;document;value\nnord;order;{text}\n", "today.csv")
    assert caught.value.problems[0][:2] == ("today.csv", 2)


def test_a_list_without_its_columns_is_refused() -> None:
    with pytest.raises(ConfigFault, match="needs the columns partner and document"):
        review.from_csv("who,what\na,b\n", "today.csv")


ASSUMED = payback.Assumptions("EUR", 60.0, {"default": {"minutes": 6.0, "errors": 0.0, "error_cost": 0.0}, "ORDERS": {"minutes": 10.0, "errors": 5.0, "error_cost": 40.0}},
                              {"document": 0.5, "month": 50.0}, {"partner": 1000.0, "document": 450.0, "clone": 100.0}, 10.0)


def test_payback_is_what_a_hand_works_out() -> None:
    # 100 orders a month: 10 min × 60/60 + 5 % × 40 = 12.00 by hand, 0.50 by EDI: 1,150; 50 running; 1,450 to set up
    made = payback.payback("nord", [Volume("nord", "ORDERS", "in", 1200), Volume("sud", "ORDERS", "in", 9)], ASSUMED)
    assert (made.documents, made.setup, made.saving, made.running) == (1200, 1450.0, 1150.0, 50.0)
    assert made.months == pytest.approx(1450 / 1100)
    # the dearest single mistake of 10 %: nine minutes instead of ten, or an hour at 54, saves 1,050 a month and leaves 1,000
    assert made.high == pytest.approx(1450 / 1000) and made.low == pytest.approx(min(1450 / 1200, (1450 - 100) / 1100))
    assert made.most in ("cost of an hour", "minutes by hand")


def test_what_costs_more_than_it_saves_never_pays() -> None:
    made = payback.payback("nord", [Volume("nord", "INVOIC", "in", 12)], ASSUMED)  # one a month saves 5.50, and the month costs 50
    assert made.months is None and made.high is None


def test_a_clone_costs_less_to_set_up() -> None:
    volumes = [Volume("nord", "ORDERS", "in", 1200)]
    assert payback.payback("nord", volumes, ASSUMED, cloned=True).setup == 1100.0


def test_the_template_of_the_assumptions_can_be_read_and_mistakes_are_told() -> None:
    made = payback.read(parse(payback.TEMPLATE.encode(), "a.yaml"), "a.yaml")
    assert (made.hour, made.of_document("ORDERS")["minutes"], made.of_document("DESADV")["minutes"]) == (42.0, 8.0, 6.0)
    with pytest.raises(ConfigFault) as caught:
        payback.read(parse(b"hour: much\nedi: {document: -1}\nsetup: {people: 3}\n", "a.yaml"), "a.yaml")
    assert [problem[1] for problem in caught.value.problems] == [1, 2, 3]


def test_offers_are_compared_by_what_our_traffic_would_cost() -> None:
    traffic = Traffic(documents=1000, characters=2_000_000, partners=3, mailboxes=2)
    cheap = Offer("cheap", setup=1200, month=10, mailbox=5, document=0.1, kilo_character=0.05, connections=("sftp",), included_kilo_characters=500)
    flat = Offer("flat", month=150, minimum=200, connections=("ftps",), reports=True)
    poor = Offer("poor", month=1, connections=("x400",))
    found = offers.compare([poor, flat, cheap], traffic, ("sftp", "ftps"))
    assert [(one.offer.name, one.lacks) for one in found] == [("flat", ()), ("cheap", ()), ("poor", ("none of ftps, sftp",))]
    assert [(one.month, one.year) for one in found[:2]] == [(200.0, 2400.0), (pytest.approx(10 + 10 + 100 + 75), pytest.approx(1200 + 12 * 195))]
    assert offers.compare([cheap, flat], traffic, reports=True)[0].offer.name == "flat"
    assert offers.read(parse(offers.TEMPLATE.encode(), "n.yaml"), "n.yaml")[0].connections == ("sftp", "ftps")


def test_waves_go_by_priority_then_readiness_and_hold_no_more_than_can_be_looked_after() -> None:
    waves = wave.plan([Candidate("late", 4, 9), Candidate("ready", 1, 8), Candidate("half", 1, 4), Candidate("soon", 2, 4, months=2), Candidate("then", 2, 4, months=9),
                       Candidate("done", 1, 10, live=True)], 2, date(2026, 12, 1), 14)
    assert [(one.number, one.start.isoformat(), one.partners) for one in waves] == [
        (1, "2026-12-01", ("ready", "half")), (2, "2026-12-15", ("soon", "then")), (3, "2026-12-29", ("late",))]


def test_a_clone_has_the_agreements_and_its_own_address() -> None:
    template = parse(b"""partner: nord
about: The first.
stage: live
identities: [{id: "111", qualifier: "14", standard: edifact}]
contacts: [{name: Ann, role: edi}]
channels: {sftp: {kind: sftp, host: sftp.nord.example, user: us, password: nord}}
agreements: [{message: edifact/D96A/ORDERS, map: order.nord, stage: live}]
wait: 2d
""", "partners/nord.yaml")
    new, = clone.from_csv("partner,name,id,gln,contact,sftp.host,sftp.port\nsud,Süd AG,222,222,Eva,sftp.sud.example,2222\n", "new.csv")
    made = parse(clone.text_of(template, new, flow).encode(), "partners/sud.yaml")
    assert made == {
        "partner": "sud", "about": "Cloned from nord.", "name": "Süd AG", "stage": "draft",
        "identities": [{"id": "222", "qualifier": "14", "standard": "edifact"}], "parties": [{"scheme": "gln", "value": "222"}],
        "contacts": [{"name": "Eva", "role": "edi"}], "escalation": [{"after": "1d", "to": "Eva"}],
        "channels": {"sftp": {"kind": "sftp", "host": "sftp.sud.example", "user": "us", "password": "nord", "port": 2222}},
        "agreements": [{"message": "edifact/D96A/ORDERS", "map": "order.nord"}], "wait": "2d"}


@pytest.mark.parametrize(("text", "says"), [
    ("partner,id,colour\nsud,2,red\n", "there is no column colour"), ("name,id\nx,2\n", "the column partner is missing"),
    ("partner,id\n../x,2\n", "small letters"), ("partner,id\nsud,\n", "its address"), ("partner,id\nsud,2\nsud,3\n", "there twice")])
def test_a_wrong_list_of_clones_is_refused_whole(text: str, says: str) -> None:
    with pytest.raises(ConfigFault, match=says):
        clone.from_csv(text, "new.csv")
