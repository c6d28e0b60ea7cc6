"""What lint says: one planted mistake each, with the line and column where it stands; and that the shipped maps have no errors."""

from __future__ import annotations

from functools import cache

import pytest

from edi_bridge.catalog import Catalog
from edi_bridge.linting import linted_map as linted
from edi_bridge.linting import linted_map_text as linted_text
from edi_bridge.mapping.lint import LINTS, Remark
from edi_bridge.mapping.lint_tests import Allowed, allowed, excludes, implies

HEAD = """map: order.try
message: {message}
record: order
writes: {writes}
fields:
  number: {{at: {number}, required: true}}
  buyer: {{fields: {{name: "{buyer}"}}}}
"""
EDIFACT = HEAD.format(message="edifact/D96A/ORDERS", writes="""{"UNS/0081": S, "DTM[2005=2]/2380": "20260101", "DTM[2005=2]/2379": "102"}""", number="BGM/1004", buyer="SG2[NAD/3035=BY]/NAD/C080.1")
X12 = HEAD.format(message="x12/004010/850", writes='{"BEG/01": "00", "BEG/02": SA, "BEG/05": "20260101"}', number="BEG/03", buyer="{N1}[N1/01=BY]/N1/02")
LINES = '  lines: {each: SG25, fields: {quantity: {at: "QTY[6063=21]/6060", as: decimal}}}\n'
X12_LINES = '  lines: {each: "{PO1}", fields: {quantity: {at: PO1/02, as: decimal}}}\n'


@cache
def catalog() -> Catalog:
    return Catalog()


def remarks(text: str, level: str = "") -> list[Remark]:
    """What lint says of a map's text."""
    found = linted_text(text, "try.yaml", catalog())
    return [one for one in found if not level or one.level == level]


def places(text: str, kind: str) -> list[tuple[int, int]]:
    """(line, column) of each remark of a kind."""
    return [(one.origin.line, one.origin.column) for one in remarks(text) if one.kind == kind]


def test_a_good_map_has_no_remarks() -> None:
    assert [str(one) for one in remarks(EDIFACT + LINES)] == []
    assert [str(one) for one in remarks(X12 + X12_LINES)] == []


def test_what_the_compiler_refuses_hides_nothing_else() -> None:
    """Line 6 has a path that is none, line 8 a code that the guide does not have: both are said, and that nothing reads the number is
    not said beside the first."""
    text = EDIFACT.replace("BGM/1004", "BGM/9999") + '  contract: "SG1[RFF/1153=QQQ]/RFF/1154"\n' + LINES
    assert [(one.kind, one.origin.line) for one in remarks(text)] == [("map", 6), ("unknown_code", 8)]


@pytest.mark.parametrize(("rule", "sentence"), [
    ('{at: "QTY[6063=21]/6060", as: decimal, default: abc}', "quantity: default: 'abc' is no number"),
    ('{at: "QTY[6063=21]/6060", as: decimal, is: 1e5}', "quantity: is: '1E+5' is no number"),
    ('{at: "QTY[6063=21]/6060", as: decimal, default: 1.50}', ""),
])
def test_a_default_or_constant_is_one_that_the_field_can_hold(rule: str, sentence: str) -> None:
    found = remarks(EDIFACT + LINES.replace('{at: "QTY[6063=21]/6060", as: decimal}', rule))
    assert [(one.kind, one.origin.line, one.sentence) for one in found] == ([("map", 8, sentence)] if sentence else [])


def test_defaults_of_dates_whole_numbers_and_truths_are_held_against_the_field() -> None:
    def said(rule: str) -> list[str]:
        return [one.sentence for one in remarks(EDIFACT + rule + LINES, "error")]

    assert said('  issued_on: {at: "DTM[2005=137]/2380", as: date(2379), default: yesterday}\n') == [
        "issued_on: default: 'yesterday' is no date like 2026-11-21"]
    assert said('  issued_on: {at: "DTM[2005=137]/2380", as: date(2379), default: "2026-11-21"}\n') == []
    assert said('  totals: {fields: {line_count: {at: "CNT[6069=2]/6066", as: integer, default: 3.5}}}\n') == [
        "line_count: default: '3.5' is no whole number"]


@pytest.mark.parametrize("name", sorted(catalog().map_index))
def test_the_shipped_maps_have_no_errors(name: str) -> None:
    assert [f"{one.origin}: {one.sentence}" for one in linted(name, catalog()) if one.level == "error"] == []


def test_what_the_compiler_refuses_is_said_all_at_once() -> None:
    text = EDIFACT.replace("BGM/1004", "BGM/9999") + LINES.replace("as: decimal", "as: dezimal").replace("6063=21", "9999=21")
    found = [(one.kind, one.origin.line) for one in remarks(text)]
    assert ("map", 6) in found and found.count(("map", 8)) == 2


# (kind, what is added to the good EDIFACT map, column of the remark)
PLANTED = [
    ("type", '  currency: {at: "SG2/NAD/3207"}\n  response_requested: {at: "SG25/SG39/ALC/4471", as: gln}\n', None),  # 13 digits in an..3
    ("unconverted", '  issued_on: "DTM[2005=137]/2380"\n', 3),
    ("unknown_code", '  issued_on: {at: "DTM[2005=QQ]/2380", as: date(2379)}\n', 19),
    ("unknown_code", '  seller: {at: "SG2[NAD/3035=QQQ]", fields: {name: NAD/C080.1}}\n', 16),
    ("contradiction", '  issued_on: {at: "DTM[2005=137][2005!=137]/2380", as: date(2379)}\n', 19),
    ("contradiction", '  seller: {at: "SG2[NAD/3035=SU]", fields: {name: "NAD[3035=BY]/C080.1"}}\n', 51),
    ("contradiction", '  contract: "SG1[RFF/1153=CT]/RFF[1153=ON]/1154"\n', 13),
    ("shadowed", '  contract: {at: ["SG1[RFF/1153=CT|AAG]/RFF/1154", "SG1[RFF/1153=CT]/RFF/1154"]}\n', 52),
    ("shadowed", '  contract: {at: ["SG1/RFF/1154", "SG1[RFF/1153!=ON]/RFF/1154"], take: first}\n', 35),
    ("read_twice", '  references: [{each: SG1, fields: {number: RFF/1154}}, {each: "SG1[RFF/1153=CT]", fields: {number: RFF/1154}}]\n', 57),
    ("unknown_condition", "  purpose: {at: BGM/1225, when: {typ: order}}\n", 3),
    ("never_holds", "  type: {at: BGM/C002.1001, codes: {'220': order}}\n  purpose: {at: BGM/1225, when: {type: recall}}\n", 3),
    ("never_holds", "  purpose: {at: BGM/1225, when: {currency: EUR}}\n", 3),
    ("set_twice", '  contract: "SG1[RFF/1153=CT]/RFF/1154"\n  promotion: "SG1[RFF/1153=CT]/RFF/1154"\n', 3),
    ("pointless", "  purpose: {is: original, default: change}\n", 3),
    ("pointless", "  purpose: {at: BGM/1225, default: original, required: true}\n", 3),
    ("way_back", "  type: {at: BGM/C002.1001, codes: {'220': order, '221': order}}\n", 3),
    ("lossy", '  notes: {each: FTX, fields: {text: {at: C108, as: "text(width: 70, parts: 5, segments: 5, mode: lines, wrap: true)"}}}\n', 31),
    ("length", '  notes: {each: FTX, fields: {text: {at: C108, as: "text(width: 99, parts: 5, segments: 5, mode: lines)"}}}\n', 42),
    ("length", '  seller: {at: "SG2[NAD/3035=SU]", fields: {name: {at: NAD/C080.1, as: "text(width: 60)"}}}\n', 56),
]


@pytest.mark.parametrize(("kind", "added", "column"), PLANTED, ids=[f"{kind}-{number}" for number, (kind, _, _) in enumerate(PLANTED)])
def test_a_planted_mistake_is_found_where_it_stands(kind: str, added: str, column: int | None) -> None:
    text = EDIFACT + added + LINES
    assert "map" not in {one.kind for one in remarks(text)}, [one.sentence for one in remarks(text)]
    line = 7 + added.count("\n")
    found = places(text, kind)
    assert found == [(line, column)] if column is not None else len(found) == 1, remarks(text)
    assert [one for one in remarks(EDIFACT + LINES) if one.kind == kind] == []


@pytest.mark.parametrize(("added", "wrong"), [
    ('  cancel_after: {at: "DTM[01=001]/02"}\n', "unconverted"),
    ('  allowances: {each: "{SAC}", fields: {amount: {at: SAC/05, as: decimal}, kind: {at: SAC/01, codes: {A: allowance, C: charge}}}}\n', "type"),
    ('  totals: {fields: {line_count: {at: CTT/01, as: integer}, quantity: {at: "CTT/02", as: "implied(2)"}}}\n', "type"),   # CTT02 is R: it has a point of its own
    ('  totals: {fields: {quantity: {at: "DTM[01=002]/02", as: decimal}}}\n', "type"),  # DTM02 is a date
])
def test_types_of_x12(added: str, wrong: str) -> None:
    assert [one.kind for one in remarks(X12 + added + X12_LINES) if one.level != "note"] == [wrong], remarks(X12 + added + X12_LINES)


def test_implied_decimals_of_the_right_number_fit() -> None:
    """SAC05 is N2 (X12 004010 element 610): two implied decimals."""
    good = '  allowances: {each: "{SAC}", fields: {amount: {at: SAC/05, as: "implied(2)"}}}\n'
    assert places(X12 + good + X12_LINES, "type") == []
    assert len(places(X12 + good.replace("implied(2)", "implied(3)") + X12_LINES, "type")) == 1


def test_writes_are_held_against_the_guide_and_the_fields() -> None:
    def wrote(entry: str) -> str:
        return EDIFACT.replace("writes: {", "writes: {" + entry + ", ") + LINES

    assert places(wrote('"BGM/1225": ZZZ'), "unknown_code") == [(4, 10)]
    assert places(wrote('"BGM/1225": "9"'), "unknown_code") == []
    assert places(EDIFACT.replace("UNS/0081\": S", "UNS/0081\": SUMMARY") + LINES, "unknown_code") == [(4, 10)]
    assert len(places(EDIFACT.replace('"20260101"', '"' + "2" * 36 + '"') + LINES, "type")) == 1  # 2380 is an..35
    assert places(wrote('"BGM/1004": "1"'), "set_twice") == [(4, 10)]


def test_a_call_of_writes_that_nothing_can_answer_is_a_mistake_of_the_map() -> None:
    def wrong(call: str) -> list[tuple[str, int, str]]:
        found = remarks(EDIFACT.replace("writes: {", f'writes: {{"CNT[6069=2]/6066": {call}, ') + LINES)
        return [(one.kind, one.origin.column, one.sentence) for one in found if one.origin.line == 4]

    assert wrong("count(lines)") == []
    column = len('writes: {"CNT[6069=2]/6066": ') + 1
    assert wrong("count(linse)") == [("map", column, "writes: CNT[6069=2]/6066: order has no field 'linse'; did you mean lines?")]
    assert wrong("cuont(lines)")[0][:2] == ("map", column)


def test_what_the_guide_demands_and_nothing_writes() -> None:
    """UNS is mandatory in ORDERS D.96A, BEG01 in 850, SAC01 in SAC (X12 004010), 6063 in C186."""
    without = EDIFACT.replace('"UNS/0081": S, ', "") + LINES
    assert [one.sentence for one in remarks(without)] == ["UNS is mandatory and nothing writes it; `writes:` can say what stands there"]
    bare = X12.replace('"BEG/01": "00", ', "") + X12_LINES
    assert [(one.kind, one.origin.line) for one in remarks(bare)] == [("not_filled", 6)]
    assert "BEG, whose element 01" in remarks(bare)[0].sentence
    charge = X12 + '  allowances: [{each: "{SAC}", fields: {amount: {at: SAC/05, as: "implied(2)"}}}]\n' + X12_LINES
    assert [(one.kind, one.origin.line) for one in remarks(charge)] == [("not_filled", 8)]
    unqualified = EDIFACT + LINES.replace("QTY[6063=21]", "QTY")
    assert ["6063" in one.sentence for one in remarks(unqualified) if one.kind == "not_filled"] == [True]


def test_what_a_record_needs() -> None:
    without = EDIFACT.replace("  number: {at: BGM/1004, required: true}\n", "")
    assert [one.sentence for one in remarks(without + LINES, "error")] == ["order has no rule for number: the CRM refuses such a record"]
    assert [one.kind for one in remarks(EDIFACT)] == ["no_lines"]
    assert remarks(EDIFACT + "  purpose: {at: BGM/1225, codes: {'1': cancellation}}\nwhen: {purpose: cancellation}\n") == []
    assert [one.kind for one in remarks(EDIFACT.replace("  buyer", "  carrier") + LINES, "warning")] == ["counterpart"]


def test_a_map_s_when() -> None:
    text = EDIFACT + "  type: {at: BGM/C002.1001, codes: {'220': order}}\n" + LINES
    assert [one.kind for one in remarks(text + "when: {type: recall}\n")] == ["never_holds"]
    assert [one.kind for one in remarks(text + "when: {typ: recall}\n")] == ["unknown_condition"]
    assert remarks(text + "when: {type: order}\n") == []


def test_columns_and_xml_have_tests_too() -> None:
    sheet = ("map: order.try\nmessage: csv/try/order\nrecord: order\nlayout: {columns: [type, number, item, amount]}\nfields:\n"
             '  number: {at: "row[type=H]/number", required: true}\n  buyer: {fields: {name: number}}\n'
             '  lines: {each: "row[type=L]", fields: {number: item, quantity: {at: "row[type=H]/amount", as: decimal}}}\n')
    assert [(one.kind, one.origin.line) for one in remarks(sheet) if one.level == "error"] == [("contradiction", 8)]
    xml = ("map: order.try\nmessage: xml/ubl-2.1/Order\nrecord: order\nfields:\n  number: {at: cbc:ID, required: true}\n"
           "  buyer: {fields: {name: cac:BuyerCustomerParty/cac:Party/cac:PartyName/cbc:Name}}\n"
           '  contract: "cac:Contract[cbc:ID=1][cbc:ID=2]/cbc:ID"\n  lines: {each: cac:OrderLine, fields: {number: cac:LineItem/cbc:ID}}\n')
    assert [(one.kind, one.origin.line) for one in remarks(xml) if one.level == "error"] == [("contradiction", 7)]


def test_tests_as_sets() -> None:
    """Held against the meaning: which of some texts pass."""
    texts = ("", "A", "B", "C")
    kinds: list[Allowed] = [allowed(op, values) for op, values in
                            (("=", ("A",)), ("=", ("A", "B")), ("=", ("",)), ("!=", ("A",)), ("!=", ("A", "B")), ("has", ()), ("lacks", ()))]

    def passing(one: Allowed) -> set[str]:
        return {text for text in texts if (text in one[1]) == one[0]}

    for one in kinds:
        for two in kinds:
            assert excludes(one, two) == (not passing(one) & passing(two)), (one, two)
            if implies(one, two):
                assert passing(one) <= passing(two), (one, two)
    assert implies(kinds[0], kinds[1]) and not implies(kinds[1], kinds[0])
    assert implies(kinds[4], kinds[3]) and implies(kinds[0], kinds[5])


def test_every_kind_is_planted_somewhere() -> None:
    """A kind that no test plants would be a kind that nobody knows to work; these two are notes that shipped maps show."""
    planted = {kind for kind, _, _ in PLANTED} | {"map", "required_field", "counterpart", "no_lines", "not_filled"}
    shown = {one.kind for name in ("order.edifact-d96a", "invoice.edifact-d96a") for one in linted(name, catalog())}
    assert set(LINTS) <= planted | shown
