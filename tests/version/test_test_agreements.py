"""Agreements for tests: a test (by envelope, else by channel) is ruled by them where they are there, live traffic never is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edi_bridge import partner as partners
from edi_bridge import pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Verdict
from edi_bridge.interchange import MessageType
from edi_bridge.partner import acknowledging
from edi_bridge.yamltext import parse

ORDERS = MessageType("edifact", "D96A", "ORDERS")
MAP = "map: {0}\nextends: order.edifact-d96a\nconstants: {{}}\n"
PARTNER = """partner: north
name: North Stores
identities: [{id: "9521200077018", qualifier: "14"}]
acknowledge: {contrl: always}
agreements:
  - {message: edifact/D96A/ORDERS, map: order.real, findings: {unknown_code: reject}}
  - {message: edifact/D96A/ORDERS, test: true, map: order.tried, findings: {unknown_code: note}, acknowledge: {contrl: never},
     restrict: {"SG25/QTY": {max: 1}}}
"""


def orders(test: str = "") -> bytes:
    """An ORDERS whose NAD qualifier ZZZZ is in no list; UNB 0035 is `test`, the eleventh element (ISO 9735 UNB)."""
    flag = f"++++++{test}" if test else ""
    return (f"UNB+UNOC:3+9521200077018:14+9521200034004:14+261102:0815+417{flag}'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+B1+9'DTM+137:20261102:102'"
            "NAD+BY+9521200077018::9'NAD+SU+9521200034004::9'NAD+QQ+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:48'UNS+S'UNT+10+1'UNZ+1+417'").encode()


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    for folder in ("partners", "mappings"):
        (tmp_path / folder).mkdir()
    (tmp_path / "partners/north.yaml").write_text(PARTNER)
    for name in ("order.real", "order.tried"):
        (tmp_path / f"mappings/{name}.yaml").write_text(f"map: {name}\nextends: order.edifact-d96a\n")
    return Catalog(tmp_path)


def first(catalog: Catalog, content: bytes, test: bool | None = None, **more: Any) -> pipeline.MessageOutcome:
    return next(pipeline.inbound(content, catalog, test=test, **more))


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(("flag", "channel", "ruled_as_test"), [("1", None, True), ("1", False, True), ("", None, False), ("", False, False)])
def test_the_envelope_says_which_agreement_rules(catalog: Catalog, flag: str, channel: bool | None, ruled_as_test: bool, held: bool) -> None:
    for _ in range(2):  # the catalogue keeps what it has found
        for content, tried in ((orders(flag), ruled_as_test), (orders(), False), (orders("1"), True)):
            taken: Any = pipeline.held(content, catalog, test=channel) if held else content
            outcome = first(catalog, taken, channel)
            assert outcome.map == ("order.tried" if tried else "order.real") and outcome.test is tried
            assert "unknown_code" in {one.kind for one in outcome.findings}
            assert outcome.verdict is (Verdict.WITH_ERRORS if tried else Verdict.REJECTED)


def test_where_the_envelope_has_no_flag_the_channel_says_it(catalog: Catalog, tmp_path: Path) -> None:
    csv = "map: order.{0}\nextends: order.csv\n"
    for name in ("sheet-real", "sheet-tried"):
        (tmp_path / f"mappings/order.{name}.yaml").write_text(csv.format(name))
    known = PARTNER.split("agreements:")[0] + ("agreements:\n  - {message: csv/*/order, map: order.sheet-real}\n"
                                               "  - {message: csv/*/order, map: order.sheet-tried, test: true}\n")
    (tmp_path / "partners/north.yaml").write_text(known)
    named = Catalog(tmp_path).partner_named("north")
    sheet = MessageType("csv", "", "order")
    assert [one.map for one in (named.agreement(sheet), named.ruling(True).agreement(sheet)) if one] == ["order.sheet-real", "order.sheet-tried"]
    assert pipeline.is_test(None, True) and not pipeline.is_test(False, True) and not pipeline.is_test(None, None)


def load(text: str) -> partners.Partner:
    block: Any = parse(f"partner: p\n{text}".encode(), "p.yaml")
    return partners.load(block)


def test_live_traffic_is_never_ruled_by_what_is_agreed_for_tests() -> None:
    one = load("agreements: [{message: edifact/D96A/ORDERS, test: true, map: tried}]")
    assert one.agreement(ORDERS) is None and one.agreement(ORDERS, test=False) is None and one.ruling(False).agreement(ORDERS) is None
    for asked in (one.agreement(ORDERS, test=True), one.ruling(True).agreement(ORDERS)):
        assert asked is not None and asked.map == "tried"


def test_a_test_takes_the_agreement_for_tests_before_the_others_and_else_theirs() -> None:
    one = load("agreements:\n  - {message: edifact/D96A/ORDERS, map: exact}\n  - {message: \"edifact/*/ORDERS\", test: true, map: starred}\n"
               "  - {message: edifact/D96A/INVOIC, map: only}\n").ruling(True)
    orders_, invoices = one.agreement(ORDERS), one.agreement(MessageType("edifact", "D96A", "INVOIC"))
    assert orders_ is not None and orders_.map == "starred" and invoices is not None and invoices.map == "only"
    assert one.ruling(False).agreement(ORDERS) is not orders_ and one.ruling(True) is one


def test_answers_and_guides_of_tests_are_those_agreed_for_tests(catalog: Catalog) -> None:
    north = catalog.partner_named("north")
    assert [acknowledging(north.ruling(test), ORDERS)["contrl"] for test in (False, True)] == ["always", "never"]
    twice = orders().replace(b"QTY+21:48'", b"QTY+21:48'QTY+59:1'").replace(b"UNT+10", b"UNT+11")
    for content, kinds in ((twice, False), (twice.replace(b"+417'UNH", b"+417++++++1'UNH"), True), (twice, False)):
        assert ("segment_repeats" in {one.kind for one in first(catalog, content).findings}) is kinds
