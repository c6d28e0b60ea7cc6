"""Lookups: what a table answers, and that a map's records hold our values when read and the partner's keys when written.

Tables and records are written by hand; what a table must answer is said by a slow search over its rows, written here.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Finding
from edi_bridge.mapping import lookup_csv
from edi_bridge.mapping.lookup import NOTHING, Answer, Layer, Row, Tables, day
from edi_bridge.outbound import Heading, compose
from tests.mapping.test_hard_cases import CATALOG, X12, compiled, message
from tests.mapping.test_sheet_map import compiled as compiled_sheet
from tests.mapping.test_sheet_map import read as read_sheet


def tables(*layers: Sequence[Row], name: str = "items") -> Tables:
    return Tables(lambda table: [Layer(rows) for rows in layers] if table == name else (), "acme")


ITEMS = tables((Row("4711", "A-100", place="a.csv:2"), Row("4712", "A-200"), Row("4713", "A-300"), Row("4714", "A-300")))


# --- tables --------------------------------------------------------------------------------------------------------------

MOVED = (Row("7", "old", "", "2026-06-30"), Row("7", "new", "2026-07-01"), Row("8", "", "2026-07-01"), Row("8", "was", ""), Row("9", "brief", "2026-02-01", "2026-02-28"))


@pytest.mark.parametrize(("key", "on", "value"), [
    ("7", "2026-06-30", "old"), ("7", "2026-07-01", "new"), ("7", "2031-01-01", "new"), ("7", "", "new"),
    ("8", "2026-06-30", "was"), ("8", "2026-07-01", None), ("8", "", None),
    ("9", "2026-01-31", None), ("9", "2026-02-01", "brief"), ("9", "2026-02-28", "brief"), ("9", "2026-03-01", None), ("9", "", "brief"),
    ("77", "2026-07-01", None),
])
def test_a_key_means_what_its_row_of_that_day_says(key: str, on: str, value: str | None) -> None:
    assert tables(MOVED)("items", key, on).value == value


def test_of_two_rows_that_begin_on_one_day_the_later_one_counts() -> None:
    twice = tables((Row("7", "first", "2026-01-01"), Row("7", "corrected", "2026-01-01")))
    assert twice("items", "7", "2026-05-05").value == "corrected"
    assert twice("items", "first", "2026-05-05", back=True).value is None


def test_a_partner_s_own_rows_stand_before_those_of_all() -> None:
    both = tables((Row("1", "own"),), (Row("1", "general"), Row("2", "two")))
    assert [both("items", key, "").value for key in "12"] == ["own", "two"]
    assert both("items", "general", "", back=True).value is None  # 1 would be read as another value
    assert both("items", "two", "", back=True).value == "2"


def test_why_there_is_no_answer_is_said() -> None:
    assert tables(MOVED)("items", "77", "2026-07-01").why == "the table items has no key 77"
    assert tables(MOVED)("items", "9", "2026-03-01").why == "the table items has no key 9 that is in force on 2026-03-01"
    assert tables(MOVED)("items", "8", "2026-07-02").why == "the table items has no key 8 any more: it ended on 2026-07-01"
    assert tables(MOVED)("items", "old", "2026-07-02", back=True).why == "the table items has no key of theirs for old on 2026-07-02"
    assert tables(MOVED)("places", "1", "").why == "there is no table places for acme"
    assert NOTHING("places", "1", "").why == "there is no table places"


def test_of_several_keys_for_a_value_the_marked_one_is_written() -> None:
    two = (Row("old", "A"), Row("new", "A", "2026-07-01", "", True))
    assert tables(two)("items", "A", "2026-06-30", back=True).value == "old"
    assert tables(two)("items", "A", "2026-07-01", back=True).value == "new"
    answer = tables((Row("1", "A"), Row("2", "A")))("items", "A", "", back=True)
    assert answer == Answer(None, why="the table items has several keys for A (1, 2); mark one of them with write", several=True)


DAYS = st.sampled_from(["", "2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"])
ROWS = st.lists(st.builds(Row, st.sampled_from("abc"), st.sampled_from(["X", "Y", "Z", ""]), DAYS, st.just("") | st.sampled_from(["2026-01-03", "2026-01-04"]),
                          st.booleans()), max_size=8)


def slow(rows: list[Row], key: str, on: str) -> str | None:
    """The last of the rows with the greatest first day among those in force."""
    best: Row | None = None
    for row in rows:
        in_force = on == "" or (row.valid_from <= on and (row.valid_to == "" or row.valid_to >= on))
        if row.theirs == key and in_force and (best is None or row.valid_from >= best.valid_from):
            best = row
    return best.ours or None if best is not None else None


@settings(max_examples=300, deadline=None)
@given(ROWS, DAYS)
def test_a_table_answers_as_a_search_over_its_rows(rows: list[Row], on: str) -> None:
    table = tables(rows) if rows else tables((Row("q", "q"),))
    for key in "abc":
        assert table("items", key, on).value == slow(rows, key, on)
    for ours in "XYZ":
        keys = [key for key in "abc" if slow(rows, key, on) == ours]
        answer = table("items", ours, on, back=True)
        assert answer.value in keys if answer.value is not None else (answer.several if keys else not answer.several)
        if len(keys) == 1:
            assert answer.value == keys[0]
        if answer.value is not None:
            assert table("items", answer.value, on).value == ours  # what is written is read as the same


@pytest.mark.parametrize(("text", "expected"), [
    ("2026-11-04", "2026-11-04"), ("2026-11-04T06:10", "2026-11-04"), ("", ""), (None, ""), ("20261104", ""), ("2026-02-30", ""), ("2026-W01-1", "")])
def test_the_day_of_a_date(text: Any, expected: str) -> None:
    assert day(text) == expected


# --- CSV -----------------------------------------------------------------------------------------------------------------

def test_a_csv_as_a_spreadsheet_saves_it() -> None:
    content = '\ufeffTheirs;Ours;valid_from;write\r\n4711;"A;1";2026-01-01;\r\n\r\n"a\r\nb";B;;yes\r\nc;;2026-02-01;\r\n'.encode()
    assert lookup_csv.rows(content, "t.csv") == [
        Row("4711", "A;1", "2026-01-01", "", False, "t.csv:2"), Row("a\r\nb", "B", "", "", True, "t.csv:4"), Row("c", "", "2026-02-01", "", False, "t.csv:6")]


@pytest.mark.parametrize(("content", "problems"), [
    (b"their,ours\n1,2\n", ["1:1: there is no column theirs", "1:1: the column their is not known"]),
    (b"theirs,ours,ours\n1,2,3\n", ["1:1: the column ours stands there twice", "1:1: the column ours stands there twice"]),
    (b"", ["1:1: there is no column theirs", "1:1: there is no column ours"]),
    (b"theirs,ours\n1\n,2\n", ["2:1: the row has 1 columns, the first line 2", "3:1: theirs: is empty"]),
    (b"theirs,ours,valid_from,valid_to\n1,2,1.3.2026,\n2,2,2026-02-02,2026-02-01\n",
     ["2:1: valid_from: 1.3.2026 is no day such as 2026-11-01", "3:1: it ends on 2026-02-01, before it begins"]),
    (b"theirs,ours\n1,2\n1,3\n1,2\n", ["3:1: the key 1 stands in line 2 too, as 2", "4:1: the key 1 stands in line 2 too"]),
    (b"theirs,ours,write\n1,2,maybe\n2,,yes\n", ["2:1: write: is yes or empty, not maybe", "3:1: write: a key that means nothing cannot be written"]),
    (b"theirs,ours\nx,\xe4\n", ["2:1: this is not UTF-8"]),
    (b'theirs,ours\n1,"2\n', ["2:1: this is no CSV"]),
])
def test_everything_that_is_wrong_in_a_csv_is_said_with_its_line(content: bytes, problems: list[str]) -> None:
    with pytest.raises(ConfigFault) as raised:
        lookup_csv.rows(content, "t.csv")
    said = [f"{line}:{column}: {sentence}" for _, line, column, sentence in raised.value.problems]
    assert len(said) == len(problems) and all(one.startswith(start) for one, start in zip(said, problems, strict=True)), said


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6).map(str.strip).filter(bool)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.builds(Row, CELLS, CELLS, DAYS, st.sampled_from(["", "2026-02-01"]), st.booleans()), min_size=1, max_size=6,
                unique_by=lambda row: (row.theirs, row.valid_from)))
def test_what_is_exported_is_imported_as_it_was(rows: list[Row]) -> None:
    again = lookup_csv.rows(lookup_csv.text(rows).encode(), "t.csv")
    assert [(row.theirs, row.ours, row.valid_from, row.valid_to, row.write) for row in again] == [
        (row.theirs, row.ours, row.valid_from, row.valid_to, row.write) for row in rows]


# --- maps ----------------------------------------------------------------------------------------------------------------

ORDER = """
    map: t
    message: edifact/D96A/ORDERS
    record: order
    fields:
      number: BGM/1004
      issued_on: {at: "DTM[2005=137]/2380", as: date(2379)}
      lines:
        each: "{LIN}"
        fields:
          number: LIN/1082
          seller_item: {at: "LIN/C212[7143=IN]/7140", lookup: %s}
"""
BODY = """
    BGM++1
    DTM+137:20261104:102
    LIN+1++4711:IN
    LIN+2++4712:IN
"""


def read(map_text: str, body: str, get: Any, on: str = "") -> tuple[list[Any], list[Finding]]:
    one = compiled(map_text)
    wire = message(body, one.spec.message)
    records, findings = one.read(wire)
    assert findings == []
    return one.ours(wire, records, get, on)


def test_reading_gives_our_values_and_writing_their_keys() -> None:
    one = compiled(ORDER % "items")
    records, findings = read(ORDER % "items", BODY, ITEMS)
    assert findings == [] and records == [{"number": "1", "issued_on": "2026-11-04", "lines": [
        {"number": "1", "seller_item": "A-100"}, {"number": "2", "seller_item": "A-200"}]}]
    before = copy.deepcopy(records)
    keyed, findings = one.theirs(records, ITEMS)
    segments, more = one.write(keyed)
    assert [*findings, *more] == [] and segments == [line.strip() for line in BODY.strip().splitlines()]
    assert records == before  # what was handed in is the caller's


def test_a_key_that_the_table_does_not_know_is_a_finding_at_its_place() -> None:
    records, (finding,) = read(ORDER % "items", BODY.replace("4712", "999"), ITEMS)
    assert records[0]["lines"] == [{"number": "1", "seller_item": "A-100"}, {"number": "2"}]
    place = finding.position
    assert (finding.kind, finding.value, place.segment, place.tag, place.element, place.component) == ("missing_lookup", "999", 5, "LIN", 3, 1)
    assert finding.note == "SG25/LIN/C212.7140: the table items has no key 999" and finding.rejects
    wire = message(BODY.replace("4712", "999"), "edifact/D96A/ORDERS").raw
    assert wire[place.offset:place.offset + place.length] == b"999"


def test_a_value_that_has_no_key_is_not_written() -> None:
    one = compiled(ORDER % "items")
    record = {"number": "1", "lines": [{"number": "1", "seller_item": "A-100"}, {"number": "2", "seller_item": "A-999"}, {"number": "3", "seller_item": "A-300"}]}
    made = compose([record], one, Heading(), get=ITEMS)
    assert made.contents == []
    assert [(finding.kind, finding.position.message, finding.position.path, finding.value) for finding in made.findings] == [
        ("missing_lookup", 1, "lines[1].seller_item", "A-999"), ("cannot_write", 1, "lines[2].seller_item", "A-300")]
    assert made.findings[0].note == "lines[1].seller_item (LIN/C212[7143=IN]/7140, test.yaml:12): the table items has no key of theirs for A-999"
    assert "several keys for A-300 (4713, 4714)" in made.findings[1].note
    left = compose([record], one, Heading(lossy=True), get=ITEMS)
    assert b"LIN+1++4711:IN'LIN+2'LIN+3'" in left.contents[0]
    assert [finding.kind for finding in left.findings] == ["field_not_carried", "field_not_carried"]


def test_a_message_of_a_map_with_lookups_and_no_tables_is_refused() -> None:
    records, findings = read(ORDER % "items", BODY, NOTHING)
    assert [finding.note.partition(": ")[2] for finding in findings] == ["there is no table items"] * 2 and "seller_item" not in str(records)


def test_unknown_keys_may_pass() -> None:
    text = ORDER.replace("lookup: %s", "lookup: items, else: keep")
    records, findings = read(text, BODY.replace("4712", "999"), ITEMS)
    assert findings == [] and records[0]["lines"][1]["seller_item"] == "999"
    assert compiled(text).theirs(records, ITEMS)[0][0]["lines"][1]["seller_item"] == "999"
    many = [{"lines": [{"seller_item": "A-300"}]}]  # which of two keys is meant cannot be passed on
    assert [one.kind for one in compiled(text).theirs(many, ITEMS)[1]] == ["cannot_write"]


def test_the_day_is_the_record_s_where_the_map_says_so_and_else_the_message_s() -> None:
    moved = tables((Row("4711", "old", "", "2026-11-03"), Row("4711", "new", "2026-11-04"), Row("4712", "any")))
    first = "lines"
    dated, plain = ORDER % "{table: items, on: issued_on}", ORDER % "items"
    assert read(dated, BODY, moved, "2026-01-01T10:00")[0][0][first][0]["seller_item"] == "new"
    assert read(plain, BODY, moved, "2026-01-01T10:00")[0][0][first][0]["seller_item"] == "old"
    assert read(dated, BODY.replace("    DTM+137:20261104:102\n", ""), moved, "2026-01-01T10:00")[0][0][first][0]["seller_item"] == "old"
    record = {"number": "1", "issued_on": "2026-11-04", "lines": [{"seller_item": "old"}]}
    assert [one.kind for one in compiled(dated).theirs([record], moved, "2026-01-01")[1]] == ["missing_lookup"]
    assert compiled(plain).theirs([record], moved, "2026-01-01")[0][0]["lines"][0]["seller_item"] == "4711"


def test_one_compiled_map_serves_partners_with_other_tables_and_other_days() -> None:
    """The conversions and the learned lines of a map are remembered for all partners; what a key means is not."""
    one = compiled(ORDER % "items")
    other = tables((Row("4711", "B-1"), Row("4712", "B-2", "2027-01-01"), Row("4712", "B-0")))
    wire = message("BGM++1\n" + "\n".join(f"LIN+{n}++{4711 + n % 2}:IN" for n in range(200)), "edifact/D96A/ORDERS")

    def items(get: Any, on: str) -> list[str]:
        records, findings = one.read(wire)
        records, more = one.ours(wire, records, get, on)
        assert [*findings, *more] == []
        return [line["seller_item"] for line in records[0]["lines"]]

    for _ in range(2):
        assert items(ITEMS, "2026-01-01") == ["A-100", "A-200"] * 100
        assert items(other, "2026-01-01") == ["B-1", "B-0"] * 100
        assert items(other, "2027-01-01") == ["B-1", "B-2"] * 100
    ((lines, _),) = one.reader.by_lines.readers()
    assert lines.templates.kept  # the lines were read by templates


def test_a_map_without_lookups_hands_its_records_through() -> None:
    one = compiled(ORDER.replace(", lookup: %s", ""))
    wire = message(BODY, "edifact/D96A/ORDERS")
    records, _ = one.read(wire)
    assert not one.lookups and one.ours(wire, records, NOTHING)[0] is records


def test_pairs_of_x12_and_objects_without_a_place() -> None:
    text = """
        map: t
        message: x12/004010/850
        record: order
        fields:
          number: BEG/03
          buyer: {fields: {gln: {at: "{N1}[N1/01=BY]/N1/04", lookup: places}}}
          lines: {each: "{PO1}", fields: {number: PO1/01, seller_item: {at: "PO1/pairs(06)[IN]", lookup: items}}}
    """
    body = "BEG*00*NE*1**20261104\nN1*BY**92*0042\nPO1*1*1*EA***IN*4711"
    both = Tables(lambda table: [Layer({"items": [Row("4711", "A-100")], "places": [Row("0042", "9521200071030")]}[table])])
    records, findings = read(text, body, both)
    assert findings == [] and records == [{"number": "1", "buyer": {"gln": "9521200071030"}, "lines": [{"number": "1", "seller_item": "A-100"}]}]
    assert read(text, body.replace("0042", "7"), both)[0] == [{"number": "1", "lines": [{"number": "1", "seller_item": "A-100"}]}]
    one = compiled(text)
    segments, findings = one.write(one.theirs(records, both)[0], X12, "utf-8")
    assert findings == [] and [segment for segment in segments if segment[:3] in ("N1*", "PO1")] == ["N1*BY***0042", "PO1*1*****IN*4711"]


def test_packs_in_packs_are_looked_into_at_any_depth() -> None:
    text = """
        map: t
        message: edifact/D96A/DESADV
        record: despatch_advice
        fields:
          number: BGM/1004
          packs:
            each: "node()/node()"
            recurse: packs
            fields:
              kind: {at: SG11/PAC/C202.7065, lookup: kinds}
    """
    kinds = tables((Row("P", "pallet"), Row("C", "carton")), name="kinds")
    record = {"number": "1", "packs": [{"kind": "pallet", "packs": [{"kind": "carton"}, {"kind": "carton", "packs": [{"kind": "bag"}]}]}]}
    one = compiled(text)
    keyed, (finding,) = one.theirs([record], kinds)
    assert keyed == [{"number": "1", "packs": [{"kind": "P", "packs": [{"kind": "C"}, {"kind": "C", "packs": [{"kind": "bag"}]}]}]}]
    assert finding.position.path == "packs[0].packs[1].packs[0].kind"
    keyed[0]["packs"][0]["packs"][1]["packs"][0]["kind"] = "C"
    assert one.lookups.ours(keyed, kinds, "")[0][0]["packs"][0]["packs"][1] == {"kind": "carton", "packs": [{"kind": "carton"}]}


def test_rows_of_a_csv_file() -> None:
    text = """
map: order.items
message: csv/test/order
record: order
layout: {kind: csv, columns: [no, item], key: no}
fields:
  number: no
  lines: {each: row, fields: {seller_item: {at: item, lookup: items}}}
"""
    one = compiled_sheet(text)
    records, _ = read_sheet(one, "no,item\n1,4711\n1,4712\n")
    assert [line["seller_item"] for line in one.lookups.ours(records, ITEMS, "")[0][0]["lines"]] == ["A-100", "A-200"]


@pytest.mark.parametrize(("rule", "sentence"), [
    ("lookup: Items!", "lookup: is the name of a table"),
    ("lookup: {on: issued_on}", "lookup: is the name of a table"),
    ("lookup: {table: items, by: x}", "lookup: has no key 'by'"),
    ("lookup: {table: items, on: number}", "on: number is no date of order"),
    ("lookup: {table: items, on: lines.requested_delivery}", "on: lines.requested_delivery is no date of order"),
    ("lookup: items, codes: {A: B}", "order.lines.seller_item has a lookup: and codes:"),
    ("lookup: items, default: X", "order.lines.seller_item has a lookup: and default:"),
    ("lookup: items, is: X", "order.lines.seller_item has a lookup: and is:"),
])
def test_a_lookup_that_cannot_be_is_refused(rule: str, sentence: str) -> None:
    with pytest.raises(ConfigFault) as raised:
        compiled(ORDER.replace("lookup: %s", rule))
    assert [(file, line) for file, line, _, text in raised.value.problems if sentence in text] == [("test.yaml", 12)]


@pytest.mark.parametrize(("fields", "sentence"), [
    ("quantity: {at: \"QTY[6063=21]/6060\", as: decimal, lookup: items}", "order.lines.quantity is of type decimal: a key is a text"),
    ("description: {at: \"IMD/C273.7008\", when: {seller_item: [A-100]}}", "when: seller_item has a lookup:"),
    ("other_items: [{each: PIA, fields: {value: {at: \"PIA/C212.7140\", lookup: items}}}, {each: IMD, fields: {value: \"IMD/C273.7009\"}}]",
     "all its places must have the same lookup:"),
])
def test_what_a_finished_record_could_not_be_exchanged_by_is_refused(fields: str, sentence: str) -> None:
    with pytest.raises(ConfigFault) as raised:
        compiled(ORDER % "items" + "          " + fields + "\n")
    assert any(sentence in one[3] for one in raised.value.problems), raised.value.problems


def test_a_condition_on_whether_a_key_is_there_is_fine() -> None:
    text = ORDER % "items" + "          description: {at: \"IMD/C273.7008\", when: {seller_item: ~}}\n"
    assert compiled(text).lookups


def test_a_trace_names_the_row() -> None:
    one = compiled(ORDER % "items")
    traced = {field.path: field for field in one.trace(message(BODY.replace("4712", "9"), one.spec.message), ITEMS)}
    first, second = traced["lines[0].seller_item"], traced["lines[1].seller_item"]
    assert (first.value, first.codes, first.places[0].raw) == ("A-100", "items: 4711 → A-100 (a.csv:2)", "4711")
    assert (second.value, second.codes) == (None, "the table items has no key 9")
    assert {field.path: field.value for field in one.trace(message(BODY, one.spec.message))}["lines[0].seller_item"] == "4711"


KEYS = [f"{number:03}" for number in range(40)]


@settings(max_examples=60, deadline=None)
@given(st.permutations(KEYS), st.lists(st.sampled_from(KEYS), min_size=1, max_size=12))
def test_what_is_written_with_a_table_is_read_with_it_as_the_same(shuffled: list[str], used: list[str]) -> None:
    table = tables([Row(theirs, f"OUR-{ours}") for theirs, ours in zip(KEYS, shuffled, strict=True)])
    record = {"number": "1", "lines": [{"number": str(n), "seller_item": f"OUR-{ours}"} for n, ours in enumerate(used, 1)]}
    one = WRITTEN
    keyed, findings = one.theirs([record], table)
    segments, more = one.write(keyed)
    assert [*findings, *more] == []
    wire = message("\n".join(segments), one.spec.message)
    assert one.ours(wire, one.read(wire)[0], table) == ([record], [])


WRITTEN = compiled(ORDER % "items")


def test_the_shipped_example_is_refused_without_its_row() -> None:
    partner = CATALOG.partner_named("mittelmark")
    get = CATALOG.lookups_of(partner)
    assert get("branches", "014", "2026-11-08").value == "9521200071023" and get("branches", "014", "2026-11-09").value == "9521200071030"
    assert get("items", "NW-2005", "2026-09-30", back=True).value == "10512" and get("items", "NW-2005", "2026-10-01", back=True).value == "20512"
    assert CATALOG.lookups_of(None)("items", "10440", "").value is None
