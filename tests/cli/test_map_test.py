"""`edi-bridge map test`: good samples pass; each kind of planted difference fails, at its step, with place and rule."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli_case import ORDER, ROOT, Run

MAP = """map: order.try
message: edifact/D96A/ORDERS
record: order
fields:
  number: {at: BGM/1004, required: true}
  type: {at: BGM/C002.1001, codes: {"220": order}}
  purpose: {at: BGM/1225, codes: message_function}
  issued_on: {at: "DTM[2005=137]/2380", as: date(2379)}
  buyer: {fields: {gln: {at: "SG2[NAD/3035=BY]/NAD/C082.3039", as: gln}}}
  seller: {fields: {gln: {at: "SG2[NAD/3035=SU]/NAD/C082.3039", as: gln}}}
  lines:
    each: SG25
    fields:
      number: LIN/1082
      gtin: {at: "LIN/C212[7143=EN]/7140", as: gtin}
      quantity: {at: "QTY[6063=21]/6060", as: decimal}
      net_price: {at: "SG28/PRI[5125=AAA]/5118", as: decimal}
writes:
  "UNS/0081": S
  "CNT[6069=2]/6066": count(lines)
  "SG2[NAD/3035=BY]/NAD/C082.3055": "9"
  "SG2[NAD/3035=SU]/NAD/C082.3055": "9"
tests:
  - sample: plain
"""


@pytest.fixture
def place(tmp_path: Path, edi: Run) -> Path:
    """A map of a person's own with one sample beside it, whose expected files were written by --update."""
    sample = tmp_path / "samples" / "plain"
    sample.mkdir(parents=True)
    (sample / "message.edi").write_bytes(ORDER)
    (tmp_path / "order.try.yaml").write_text(MAP)
    assert edi("map", "test", "order.try.yaml", "--update", "--written").returncode == 0
    return tmp_path


def tried(edi: Run, *more: str) -> tuple[int, list[str]]:
    made = edi("map", "test", "order.try.yaml", *more)
    return made.returncode, made.stdout.decode().splitlines()


def test_update_writes_what_a_person_would_expect(place: Path) -> None:
    expected = place / "samples" / "plain" / "expected"
    (record,) = json.loads((expected / "record.json").read_text())
    assert record["number"] == "4500017731" and record["lines"] == [
        {"number": "1", "gtin": "9521200002119", "quantity": "48", "net_price": "3.19"}]
    assert (expected / "written.edi").read_bytes() == ORDER  # written by hand from the standard in cli_case


def test_a_good_sample_passes_and_nothing_is_written(place: Path, edi: Run) -> None:
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    assert tried(edi) == (0, ["ok    order.try  plain"])
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_another_value_is_told_with_its_place_and_rule(place: Path, edi: Run) -> None:
    change(place / "samples/plain/expected/record.json", '"quantity": "48"', '"quantity": "24"')
    code, lines = tried(edi)
    assert code == 1 and lines == [
        "FAIL  order.try  plain", "    read:",
        "      lines[0].quantity: expected 24, got 48 ← samples/plain/message.edi segment 7 SG25/QTY/C186.6060, order.try.yaml:16"]


def test_a_value_that_is_not_there_names_the_rule_that_would_read_it(place: Path, edi: Run) -> None:
    change(place / "samples/plain/message.edi", "PRI+AAA:3.19'", "")
    change(place / "samples/plain/message.edi", "UNT+11", "UNT+10")
    code, lines = tried(edi)
    assert code == 1
    assert "      lines[0].net_price: expected 3.19, got nothing ← order.try.yaml:17 reads SG25/SG28/PRI[C509.5125=AAA]/C509.5118" in lines
    assert "      -PRI+AAA:3.19" in lines  # and the written message


def test_other_digits_of_the_same_number_are_a_difference(place: Path, edi: Run) -> None:
    change(place / "samples/plain/expected/record.json", '"48"', '"48.0"')
    code, lines = tried(edi)
    assert code == 1 and lines[2].startswith("      lines[0].quantity: expected 48.0, got 48 ←")
    change(place / "samples/plain/expected/record.json", '"4500017731"', '"4500017732"')  # and beside another difference
    code, lines = tried(edi)
    assert code == 1 and [line.partition(":")[0].strip() for line in lines[2:]] == ["number", "lines[0].quantity"]


def test_a_sample_without_expected_records_is_said_to_be_compared_with_nothing(place: Path, edi: Run) -> None:
    (place / "samples/plain/expected/record.json").unlink()
    done = edi("map", "test", "order.try.yaml")
    assert done.returncode == 0 and b"there is no expected/record.json (--update writes it" in done.stdout
    assert done.stderr.decode().endswith("1 map · 1 sample · all as expected · 1 without expected records\n")


def test_a_value_that_is_lost_on_the_way_back(place: Path, edi: Run) -> None:
    """A map that reads a code which it cannot write again: the sample reads as expected and does not come back."""
    change(place / "order.try.yaml", '{at: "QTY[6063=21]/6060", as: decimal}', '{at: ["QTY[6063=21]/6060", {at: "QTY[6063=12]/6060", write: true}], as: decimal}')
    change(place / "order.try.yaml", '{at: "SG28/PRI[5125=AAA]/5118", as: decimal}', '{at: "SG28/PRI[5125=AAA]/5118", as: decimal, when: {number: ["2"]}}')
    code, lines = tried(edi)
    assert code == 1 and "      lines[0].net_price: expected 3.19, got nothing ← order.try.yaml:17 reads SG25/SG28/PRI[C509.5125=AAA]/C509.5118" in lines
    assert "      -QTY+21:48" in lines and "      +QTY+12:48" in lines


def test_a_written_message_that_the_guide_refuses(place: Path, edi: Run) -> None:
    change(place / "order.try.yaml", '  "UNS/0081": S\n', '  "UNS/0081": S\n  "CUX/C504.6347": QQQQ\n')
    code, lines = tried(edi)
    assert code == 1 and any("the written message has a new finding" in line and "QQQQ" not in line[:10] for line in lines), lines


def test_a_record_that_cannot_be_written(place: Path, edi: Run) -> None:
    change(place / "order.try.yaml", 'number: {at: BGM/1004, required: true}', 'number: {at: BGM/1004, as: "text(width: 3)", required: true}')
    code, lines = tried(edi)
    assert code == 1 and "    write:" in lines and any("cannot_write" in line and "3 fit" in line for line in lines)


def test_another_finding_than_expected(place: Path, edi: Run) -> None:
    (place / "samples/plain/expected/findings.txt").write_text("message 1 | value_not_read: of old\n")
    code, lines = tried(edi)
    assert code == 1 and "      finding expected and not there: message 1 | value_not_read: of old" in lines


def test_json_and_junit(place: Path, edi: Run) -> None:
    change(place / "samples/plain/expected/record.json", '"quantity": "48"', '"quantity": "24"')
    (one,) = json.loads(edi("map", "test", "order.try.yaml", "--json", "--junit", "results.xml").stdout)
    assert (one["passed"], one["differences"][0]["field"], one["differences"][0]["expected"]) == (False, "lines[0].quantity", "24")
    root = ElementTree.fromstring((place / "results.xml").read_bytes())
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == ("testsuites", "1", "1", "0")
    case = root.find("testsuite/testcase")
    assert case is not None and (case.get("classname"), case.get("name")) == ("order.try", "plain")
    failure = case.find("failure")
    assert failure is not None and failure.get("message", "").startswith("read: lines[0].quantity: expected 24, got 48")


def test_what_cannot_be_tried_is_said(place: Path, edi: Run) -> None:
    change(place / "order.try.yaml", "sample: plain", "sample: plein")
    made = edi("map", "test", "order.try.yaml", "--junit", "results.xml")
    assert made.returncode == 2 and b"order.try.yaml:24:5: there is no sample plein" in made.stdout
    assert ElementTree.fromstring((place / "results.xml").read_bytes()).get("errors") == "1"
    assert edi("map", "test", "nobody").returncode == 2


def test_samples_of_a_home_count(tmp_path: Path, edi: Run) -> None:
    home = tmp_path / "home"
    for folder in ("mappings", "partners", "samples"):
        (home / folder).mkdir(parents=True)
    (home / "mappings/order.try.yaml").write_text(MAP.replace("tests:\n  - sample: plain\n", ""))
    shutil.copytree(ROOT / "samples/edifact/orders-d96a-plain", home / "samples/mine")
    case = home / "samples/mine/case.yaml"
    case.write_text("about: ours\nmap: order.try\npartner: none\ngive: [map]\n")
    made = edi("map", "test", "order.try", "--home", "home")
    assert made.returncode == 1 and b"FAIL  order.try  mine" in made.stdout  # the expected record is that of the fuller map
    assert edi("map", "test", "order.try", "--home", "home", "--update").returncode == 0
    assert edi("map", "test", "order.try", "--home", "home").stdout == b"ok    order.try  mine\n"


@pytest.mark.parametrize("name", ["order.edifact-d96a", "order.x12-4010-850", "customer.csv", "customer.edifact-d96a", "invoice.ubl-2.1"])
def test_shipped_maps_pass(edi: Run, name: str) -> None:
    made = edi("map", "test", name)
    assert made.returncode == 0, made.stdout.decode()
    assert made.stdout.count(b"ok  ") >= 2
