"""`edi-bridge rollout compare`, `explain`, `clean` on a home that took real files in, against hand-written files of an old channel.

A planted mistake of the map must make the comparison red, and name the segment and the line of the map that it comes from.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_case import Run, environment
from exchange_case import COMPANY, NORD, OURS, OWN, PARTNER, Desk, copied, lay

ITEMS = ("9521200002119", "9521200002126")
LEGACY = """legacy: nord
documents:
  - message: edifact/D96A/ORDERS
    file: {delimiter: ";", decimal: ",", date: "%d.%m.%Y"}
    columns:
      Order: number
      Date: issued_on
      Customer: buyer.gln
      Pos: lines.number
      EAN: lines.gtin
      Qty: lines.quantity
      Price: lines.net_price
    tolerances: {lines.net_price: 0.005}
"""
WRONG = """map: order.nord
extends: order.edifact-d96a
fields:
  lines:
    fields:
      quantity: {at: "QTY[6063=59]/6060", as: decimal, required: true}
      units_per_pack: ~
"""
RIGHT = WRONG.replace("6063=59", "6063=21").replace("      units_per_pack: ~\n", "")


def order(control: str, number: str, *quantities: int, price: str = "3.19") -> str:
    """ORDERS D.96A: each line has what is ordered (QTY 21) and how much is in a pack (QTY 59)."""
    lines = "".join(f"LIN+{n}++{item}:EN'QTY+21:{quantity}'QTY+59:12'PRI+AAA:{price}'"
                    for n, (item, quantity) in enumerate(zip(ITEMS, quantities, strict=False), 1))
    body = f"UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+{number}+9'DTM+137:20261102:102'NAD+BY+{NORD}::9'NAD+SU+{OURS}::9'{lines}UNS+S'"
    return (f"UNB+UNOC:3+{NORD}:14+{OURS}:14+261102:0815+{control}'{body}CNT+2:{len(quantities)}'UNT+{body.count(chr(39)) + 2}+1'UNZ+1+{control}'")


BOOKED = """Order;Date;Customer;Pos;EAN;Qty;Price
4500000001;02.11.2026;{nord};10;9521200002119;48;3,19
4500000001;02.11.2026;{nord};20;9521200002126;6;3,19
4500000002;02.11.2026;{nord};10;9521200002119;12;3,19
4500000003;02.11.2026;{nord};10;9521200002119;1;3,194
""".format(nord=NORD).replace(";10;", ";1;").replace(";20;", ";2;")


@pytest.fixture(scope="session")
def parallel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that took three orders in, by a daemon in a process of its own."""
    home = tmp_path_factory.mktemp("parallel") / "home"
    for name in ("partners", "mappings", "nord/out", "nord/in", "shared", "rollout/legacy"):
        (home / name).mkdir(parents=True)
    (home / "partners/_own.yaml").write_text(OWN)
    (home / "partners/nord.yaml").write_text(PARTNER.replace("edifact/D96A/ORDERS}", "edifact/D96A/ORDERS, map: order.nord}"))
    (home / "partners/_channels.yaml").write_text(COMPANY)
    (home / "mappings/order.nord.yaml").write_text(RIGHT)
    (home / "rollout/legacy/nord.yaml").write_text(LEGACY)
    lay(home, {"nord/out/1.edi": order("1", "4500000001", 48, 6), "nord/out/2.edi": order("2", "4500000002", 12),
               "nord/out/3.edi": order("3", "4500000003", 1)})
    done = subprocess.run([sys.executable, "-m", "edi_bridge.cli", "run", "--once", "--home", home], capture_output=True, env=environment(),
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return home


@pytest.fixture
def desk(parallel: Path, tmp_path: Path, edi: Run) -> Desk:
    (tmp_path / "booked.csv").write_text(BOOKED)
    return Desk(copied(parallel, tmp_path), edi)


def test_what_both_channels_say_the_same_is_a_clean_day(desk: Desk, tmp_path: Path) -> None:
    text = desk("rollout", "compare", "nord", "--legacy", str(tmp_path / "booked.csv"))
    assert "3 documents: 3 equal" in text and "clean for 1 day with 3 documents" in text
    assert "clean for 1 day" in desk("rollout", "clean", "nord")
    assert desk.rows("SELECT key, outcome, documents FROM comparison ORDER BY key") == [
        ("4500000001", "equal", 1), ("4500000002", "equal", 1), ("4500000003", "equal", 1)]


def test_a_planted_mistake_of_the_map_is_found_with_segment_and_line_and_gone_when_it_is_mended(desk: Desk, tmp_path: Path) -> None:
    (desk.home / "mappings/order.nord.yaml").write_text(WRONG)
    text = desk("rollout", "compare", "nord", "--legacy", str(tmp_path / "booked.csv"), code=1)
    assert "3 documents: 1 equal, 2 differ" in text or "3 documents: 3 differ" in text
    assert "line 1 quantity: 12 here, 48 in the old channel" in text
    rule = next(n for n, line in enumerate(WRONG.splitlines(), 1) if "quantity:" in line)
    assert f"mappings/order.nord.yaml:{rule}" in text
    content = order("1", "4500000001", 48, 6)
    segment = content[content.index("UNH"):].split("'").index("QTY+59:12") + 1
    said = desk.json("rollout", "compare", "nord", code=1)[0]
    worst = said["fields"][0]
    assert worst["field"] == "lines.quantity" and worst["rule"] == f"mappings/order.nord.yaml:{rule}"
    place = next(one["where"] for one in said["differing"][0]["differences"])
    assert re.search(rf"message 1, segment {segment} SG25/QTY/C186.6060, byte {content.index('QTY+59:12') + 7}$", place), place
    assert said["clean"]["days"] == 0 and said["clean"]["broke_fields"] == ["lines.quantity"]
    (desk.home / "mappings/order.nord.yaml").write_text(RIGHT)  # the old channel's side is still known: nobody hands it in again
    assert "3 documents: 3 equal" in desk("rollout", "compare", "nord")


def test_what_only_one_channel_has_is_told_and_explained_by_name(desk: Desk, tmp_path: Path) -> None:
    lines = BOOKED.splitlines()
    (tmp_path / "booked.csv").write_text("\n".join([*lines[:-1], lines[-1].replace("4500000003", "4500000009")]) + "\n")
    text = desk("rollout", "compare", "nord", "--legacy", str(tmp_path / "booked.csv"), code=1)
    assert "2 equal, 1 only here, 1 only in the old channel" in text
    assert "only in the old channel: 1 line" in text
    assert "0 days" in desk("rollout", "clean", "nord", code=1)
    desk("rollout", "explain", "nord", "--field", "document", "--key", "4500000009", "--reason", "ordered by phone")
    desk("rollout", "explain", "nord", "--field", "document", "--key", "4500000003", "--reason", "a test of theirs")
    assert "2 documents" not in desk("rollout", "clean", "nord")
    assert desk.rows("SELECT key, outcome FROM comparison WHERE outcome = 'explained' ORDER BY key") == [
        ("4500000003", "explained"), ("4500000009", "explained")]
    assert [row[0] for row in desk.rows("SELECT act FROM audit WHERE subject = 'comparison nord'")] == ["explain", "explain"]
    desk("rollout", "explain", "nord", "--withdraw", "1", "--reason", "it was no phone")
    assert desk.rows("SELECT outcome FROM comparison WHERE key = '4500000009'") == [("only_legacy",)]
    assert "a test of theirs" in desk("rollout", "explain", "nord")


def test_a_field_is_ticked_off_for_all_documents_up_to_a_day(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "booked.csv").write_text(BOOKED.replace("3,19\n", "3,00\n"))
    desk("rollout", "compare", "nord", "--legacy", str(tmp_path / "booked.csv"), code=1)
    today = desk.rows("SELECT substr(received_at, 1, 10) FROM receipt")[0][0]
    desk("rollout", "explain", "nord", "--field", "lines.net_price", "--until", "2020-01-01", "--reason", "old prices")
    assert "broken" in desk("rollout", "clean", "nord", code=1)
    desk("rollout", "explain", "nord", "--field", "lines.net_price", "--until", today, "--reason", "new prices reach them tomorrow")
    assert "clean for 1 day" in desk("rollout", "clean", "nord")
    text = desk("rollout", "compare", "nord")
    assert "2 explained" in text and "(explained: new prices reach them tomorrow)" in text


def test_a_message_that_the_map_refuses_is_told_beside_the_document_that_the_old_channel_has(desk: Desk, tmp_path: Path) -> None:
    (desk.home / "mappings/order.nord.yaml").write_text(RIGHT.replace("6063=21", "6063=113"))
    text = desk("rollout", "compare", "nord", "--legacy", str(tmp_path / "booked.csv"), code=1)
    assert "3 only in the old channel; 3 messages refused" in text and "required_missing" in text


def test_what_went_out_is_read_back_and_compared_too(desk: Desk, tmp_path: Path) -> None:
    record = {"number": "R-1", "type": "invoice", "issued_on": "2026-11-03", "currency": "EUR", "buyer": {"gln": NORD}, "seller": {"gln": OURS},
              "taxes": [{"type": "vat", "category": "S", "rate": "19", "base": "100.00", "amount": "19.00"}],
              "lines": [{"number": "1", "gtin": ITEMS[0], "quantity": "10", "net_price": "10.00", "net_amount": "100.00"}],
              "totals": {"lines": "100.00", "net": "100.00", "tax": "19.00", "gross": "119.00", "payable": "119.00"}}
    file = tmp_path / "invoice.json"
    file.write_text(json.dumps(record))
    desk("send", str(file), "--partner", "nord")
    theirs = {"number": "R-1", "issued_on": "2026-11-03", "lines": [{"number": "1", "quantity": "10", "net_price": "9.90"}]}
    (desk.home / "rollout/legacy/nord.yaml").write_text(
        "legacy: nord\ndocuments:\n  - {message: INVOIC, direction: out, fields: [number, issued_on, lines.quantity, lines.net_price]}\n")
    (tmp_path / "old.json").write_text(json.dumps([theirs]))
    text = desk("rollout", "compare", "nord", "--direction", "out", "--legacy", str(tmp_path / "old.json"), code=1)
    assert "line 1 net_price: 10.00 here, 9.90 in the old channel" in text or "line 1 net_price: 10 here" in text, text
    assert "outbox 4 message 1, segment 10 SG25/SG28/PRI/C509.5118" in text


def test_the_page_for_the_browser_holds_what_is_printed_and_nothing_is_interpreted(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "booked.csv").write_text(BOOKED.replace(f"{NORD};1;9521200002119;12", f"{NORD};1;<b>no</b>;12"))
    desk("rollout", "compare", "nord", "--legacy", str(tmp_path / "booked.csv"), "--html", str(tmp_path / "page.html"), code=1)
    page = (tmp_path / "page.html").read_text()
    assert "&lt;b&gt;no&lt;/b&gt;" in page and "<b>no" not in page and "lines.gtin" in page and "mappings/order.edifact-d96a.yaml" in page


@pytest.mark.parametrize(("args", "said"), [
    (("compare", "nord"), "the old channel has told nothing"),
    (("compare", "nord", "--message", "DESADV"), "nothing is agreed with nord for DESADV"),
    (("explain", "nord", "--field", "lines.price", "--reason", "x"), "no record has a field lines.price"),
    (("explain", "nord", "--field", "lines.net_price"), "--reason says why"),
    (("explain", "nord", "--withdraw", "7", "--reason", "x"), "ticked off under the number 7"),
    (("compare", "nobody"), "there is no partner nobody"),
])
def test_wrong_use_is_told(desk: Desk, args: tuple[str, ...], said: str) -> None:
    assert said in desk("rollout", *args, code=2)
