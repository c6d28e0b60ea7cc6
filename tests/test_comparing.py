"""Two maps over the same messages: what is told of each message, and of all together."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_bridge import pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.comparing import (
    DIFFERS,
    FAILS,
    OTHER,
    PASSES,
    SAME,
    WAYS,
    Change,
    Compared,
    Comparison,
    compare,
)
from edi_bridge.interchange import Delimiters, Message, MessageType

ORDER = ("UNB+UNOC:3+9521200038118:14+9521200034004:14+261102:0815+417'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+4500017731+9'"
         "DTM+137:20261102:102'NAD+BY+9521200038118::9'NAD+SU+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:48:PCE'"
         "PRI+AAA:3.19'LIN+2++9521200002119:EN'QTY+21:5:PCE'UNS+S'CNT+2:2'UNT+13+1'UNZ+1+417'")


def compared(tmp_path: Path, change: str, content: str = ORDER, old: str = "") -> Compared:
    (tmp_path / "mappings").mkdir()
    for name, text in (("old", old), ("new", change)):
        (tmp_path / "mappings" / f"{name}.yaml").write_text(f"map: {name}\nextends: order.edifact-d96a\n{text}")
    catalog = Catalog(tmp_path)
    interchange, who, _ = next(pipeline.interchanges(content.encode(), catalog))
    message = next(interchange.messages)
    return compare(catalog.map_named("old"), catalog.map_named("new"), interchange, (message, message), who, catalog)


def test_the_same_rules_give_the_same(tmp_path: Path) -> None:
    assert compared(tmp_path, "") == Compared(SAME)


def test_fields_that_differ_are_named_with_old_and_new(tmp_path: Path) -> None:
    made = compared(tmp_path, 'fields: {lines: {fields: {unit: {at: "QTY[6063=21]/6411", codes: ~}, net_price: ~}}}\n')
    assert made.outcome == DIFFERS
    assert set(made.changes) == {Change("lines[0].unit", "H87", "PCE"), Change("lines[1].unit", "H87", "PCE"), Change("lines[0].net_price", "3.19", None)}
    assert made.way() == ("lines.net_price", "lines.unit")


def test_digits_count_even_where_the_number_is_the_same(tmp_path: Path) -> None:
    fields = 'fields: {{lines: {{fields: {{price_basis: {{at: "{{PRI}}[PRI/5125=AAA]/PRI/5284", as: decimal, default: "{}"}}}}}}}}\n'
    made = compared(tmp_path, fields.format("1.00"), old=fields.format("1"))
    assert set(made.changes) == {Change("lines[0].price_basis", "1", "1.00"), Change("lines[1].price_basis", "1", "1.00")}


@pytest.mark.parametrize(("old", "new", "outcome"), [("", "fields: {contract: {required: true}}\n", FAILS), ("fields: {contract: {required: true}}\n", "", PASSES)])
def test_what_is_refused_by_one_map_only(tmp_path: Path, old: str, new: str, outcome: str) -> None:
    made = compared(tmp_path, new, old=old)
    assert made.outcome == outcome and made.way() == ("required_missing",)
    assert made.reasons[0].startswith("required_missing: ") and "contract" in made.reasons[0]


def test_what_both_refuse_in_the_same_way_is_the_same(tmp_path: Path) -> None:
    assert compared(tmp_path, "", ORDER.replace("BGM+220+4500017731+9'", "BGM+220++9'")).outcome == SAME


def test_a_finding_that_only_one_map_reports_is_a_difference(tmp_path: Path) -> None:
    made = compared(tmp_path, 'fields: {buyer: {fields: {name: {at: NAD/3164}}}, notes: {each: "FTX[4451=GEN]"}, issued_on: {at: "DTM[2005=137]#1/2380"}}\n',
                    ORDER.replace("DTM+137:20261102:102'", "DTM+137:20261102:102'DTM+137:20261103:102'"))
    assert [(change.path, change.new) for change in made.changes] == [("finding value_not_read", None)]


def message(reference: str) -> Message:
    return Message("edifact", MessageType("edifact", "D96A", "ORDERS"), 1, reference, "", Delimiters())


def test_all_together_as_a_sentence_by_partner_and_by_way() -> None:
    one = Comparison()
    tax = Compared(DIFFERS, (Change("taxes[0].category", "S", "Z"), Change("taxes[1].category", "S", "Z")))
    for made, partner, times in ((Compared(SAME), "acme", 397), (tax, "acme", 10), (tax, "elbe", 2),
                                 (Compared(FAILS, reasons=("required_missing: contract",)), "elbe", 3)):
        for number in range(times):
            one.take(made, partner, f"file {number}", message(str(number)))
    assert one.sentence() == "412 messages: 397 the same, 12 differ only in taxes.category, 3 now fail"
    assert not one.same and dict(one.partners["elbe"]) == {DIFFERS: 2, FAILS: 3}
    groups = one.groups(DIFFERS)
    assert [(way.partner, way.fields, way.count) for way in groups] == [("acme", ("taxes.category",), 10), ("elbe", ("taxes.category",), 2)]
    assert [example.source for example in groups[0].examples] == ["file 0", "file 1", "file 2"]


def test_memory_does_not_grow_with_the_ways_in_which_messages_differ() -> None:
    one = Comparison()
    for number in range(WAYS + 40):
        one.take(Compared(DIFFERS, (Change(f"field{number}", "a", "b"),)), "acme", "file", message("1"))
    assert len(one.ways) == WAYS + 1 and one.messages == WAYS + 40
    assert next(way for way in one.groups(DIFFERS) if way.fields == OTHER).count == 40
