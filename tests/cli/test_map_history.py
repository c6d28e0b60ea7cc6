"""`map coverage`, `map diff` and `map trace` as people run them: over files, samples and what a home's archive holds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cli_case import ORDER, ROOT, Run
from lxml import html

from edi_bridge import outbound
from edi_bridge.catalog import Catalog
from edi_bridge.interchange import Address

SAMPLES = ROOT / "samples"
CHANGED = "map: changed\nextends: order.edifact-d96a\nfields: {lines: {fields: {net_price: ~}}}\n"


@pytest.fixture
def home(edi: Run, tmp_path: Path) -> Path:
    """A home that holds two orders of one partner, the first of which came twice, and one of another."""
    made = tmp_path / "home"
    assert edi("init", made).returncode == 0
    (made / "partners" / "_own.yaml").write_text('own: we\nidentities:\n  - {id: "9521200034004"}\n')
    for name, gln in (("first", "MILL-1"), ("other", "MILL-2")):
        (made / "partners" / f"{name}.yaml").write_text(f'partner: {name}\nidentities:\n  - {{id: "{gln}", qualifier: ZZZ}}\n')
    (made / "mappings" / "changed.yaml").write_text(CHANGED)
    first = ORDER.replace(b"9521200038118:14", b"MILL-1:ZZZ", 1)
    second = first.replace(b"+417'", b"+418'").replace(b"4500017731", b"4500017732").replace(b"PRI+AAA:3.19'", b"").replace(b"UNT+11", b"UNT+10")
    third = first.replace(b"MILL-1", b"MILL-2").replace(b"4500017731", b"99")
    for name, content in (("a.edi", first), ("again.edi", first), ("b.edi", second), ("c.edi", third)):
        (tmp_path / name).write_bytes(content)
        done = edi("post", tmp_path / name, "--home", made)
        assert done.returncode in (0, 1), done.stderr.decode()
    return made


def state(home: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(home.rglob("*"))
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))}


def test_the_archive_is_compared_and_what_came_twice_counts_once(edi: Run, home: Path) -> None:
    before = state(home)
    done = edi("map", "diff", "order.edifact-d96a", "changed", "--archive", "--home", home, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["messages"], told["outcomes"]) == (3, {"differs": 2, "same": 1})
    assert told["partners"] == {"first": {"differs": 1, "same": 1}, "other": {"differs": 1}}
    (mine,) = [group for group in told["groups"] if group["partner"] == "first"]
    assert mine["fields"] == ["lines.net_price"] and mine["examples"][0]["changes"] == [{"path": "lines[0].net_price", "old": "3.19", "new": None}]
    assert mine["examples"][0]["source"] == "exchange 1 (a.edi)"
    assert state(home) == before


def test_of_the_archive_only_a_partner_or_what_came_since_a_day(edi: Run, home: Path) -> None:
    def messages(*more: str) -> int:
        return json.loads(edi("map", "diff", "order.edifact-d96a", "changed", "--archive", "--home", home, "--json", *more).stdout)["messages"]

    assert (messages("--partner", "other"), messages("--since", "2000-01-01"), messages("--since", "2999-01-01")) == (1, 3, 0)
    assert edi("map", "diff", "changed", "changed", "--archive", "--home", home, "--since", "soon").returncode == 2
    assert edi("map", "diff", "changed", "changed", "--archive", "--home", home, "--partner", "nobody").returncode == 2


def test_maps_that_do_the_same_are_told_in_a_line(edi: Run, home: Path) -> None:
    done = edi("map", "diff", "order.edifact-d96a", "order.edifact-d96a", "--archive", "--home", home)
    assert (done.returncode, done.stdout.decode()) == (0, "3 messages: 3 the same\n")


def test_files_are_compared_and_examples_say_old_and_new(edi: Run, order: Path, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(CHANGED)
    done = edi("map", "diff", "order.edifact-d96a", "new.yaml", "--over", order)
    text = done.stdout.decode()
    assert done.returncode == 1 and text.startswith("1 message: 1 differs only in lines.net_price\n")
    assert "lines[0].net_price: 3.19 → nothing" in text and "order.edi, message 1 1" in text


@pytest.mark.parametrize(("arguments", "code"), [
    (("order.edifact-d96a", "order.x12-4010-850", "--over", "order.edi"), 2),  # for different messages
    (("order.edifact-d96a", "order.edifact-d96a"), 2),  # over nothing
    (("order.edifact-d96a", "order.edifact-d96a", "--over", "missing.edi"), 2),
    (("order.x12-4010-850", "order.x12-4010-850", "--over", "order.edi"), 1),  # no message of that type: nothing was proven
])
def test_what_cannot_be_compared_is_no_success(edi: Run, order: Path, arguments: tuple[str, ...], code: int) -> None:
    assert edi("map", "diff", *arguments).returncode == code


def test_messages_for_which_another_map_is_agreed_are_left_out_and_said(edi: Run) -> None:
    file = str(SAMPLES / "edifact" / "orders-d96a-shipto-bellerive" / "message.edi")
    done = edi("map", "diff", "order.edifact-d96a", "order.edifact-d96a", "--over", file)
    assert done.returncode == 1 and "order.edifact-d96a-bellerive" in done.stderr.decode()
    done = edi("map", "diff", "order.edifact-d96a", "order.edifact-d96a", "--over", file, "--partner", "bellerive")
    assert done.stdout.decode() == "1 message: 1 the same\n"


def test_a_csv_is_cut_by_each_maps_own_layout(edi: Run, tmp_path: Path) -> None:
    layout = "record: order\nlayout: {{columns: [no, qty], key: [{key}]}}\nfields: {{number: no, lines: {{each: row, fields: {{quantity: qty}}}}}}\n"
    for name, key in (("old", "no"), ("new", "qty")):
        (tmp_path / f"{name}.yaml").write_text(f"map: {name}\nmessage: csv/own/Order\n" + layout.format(key=key))
    (tmp_path / "in.csv").write_text("no,qty\n1,5\n1,6\n2,7\n")
    told = json.loads(edi("map", "diff", "old.yaml", "new.yaml", "--over", "in.csv", "--json").stdout)
    assert told["messages"] == 3 and told["outcomes"].get("newly passing") == 1


# --- coverage -----------------------------------------------------------------------------------------------------------


def test_coverage_over_the_archive_names_exchange_and_place(edi: Run, home: Path) -> None:
    told = json.loads(edi("map", "coverage", "changed", "--archive", "--home", home, "--json").stdout)
    assert told["messages"] == 3
    (one,) = told["unread"]
    assert (one["path"], one["why"], one["count"]) == ("SG25/SG28[AAA]/PRI", "elsewhere", 2)
    example = one["examples"][0]
    assert example["source"] == "exchange 1 (a.edi)" and (home.parent / "a.edi").read_bytes()[example["offset"]:][:example["length"]] == b"PRI+AAA:3.19"


def test_without_files_a_map_is_covered_by_its_samples(edi: Run) -> None:
    done = edi("map", "coverage", "order.edifact-d96a", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["messages"] >= 3 and told["rules"]["exercised"] > 100
    note = next(one for one in told["unread"] if one["path"] == "FTX/4453")
    assert note["examples"][0]["source"] == "samples/edifact/orders-d96a-rich/message.edi"


def test_the_table_tells_what_comes_to_nothing_before_what_never_came(edi: Run, order: Path) -> None:
    order.write_bytes(ORDER.replace(b"3.19'", b"3.19:CT'"))
    text = edi("map", "coverage", "order.edifact-d96a", order).stdout.decode()
    assert text.index("SG25/SG28[AAA]/PRI/C509.5375") < text.index("Rules that no message exercises") < text.index("ship_from")
    assert "order.edi, segment 8 PRI/01, byte" in text


def test_the_page_is_whole_escaped_and_without_script(edi: Run, order: Path, tmp_path: Path) -> None:
    order.write_bytes(ORDER.replace(b"3.19'", b"3.19:<script>alert(1)</script>'"))
    assert edi("map", "coverage", "order.edifact-d96a", order, "--html", "page.html").returncode == 0
    page = html.fromstring((tmp_path / "page.html").read_bytes())
    assert page.xpath("//script | //link | //img | //@src | //@href") == []
    (row,) = page.xpath("//tr[td/code='SG25/SG28[AAA]/PRI/C509.5375']")
    assert [cell.text_content() for cell in row.xpath("td")[1:4]] == ["1", "1", "no rule"]
    assert "<script>alert(1)</script>" in row.xpath("td")[4].text_content()
    assert page.xpath("//details/summary")[-1].text_content().startswith("Exercised rules (")


def test_no_message_for_the_map_is_no_success(edi: Run, order: Path) -> None:
    assert edi("map", "coverage", "order.x12-4010-850", order).returncode == 1
    assert edi("map", "coverage", "order.x12-4010-850", order, "--archive").returncode == 2


# --- trace --------------------------------------------------------------------------------------------------------------


def test_a_stored_exchange_is_traced_from_the_archive(edi: Run, home: Path) -> None:
    done = edi("map", "trace", "--exchange", "3", "--home", home, "--field", "number", "--json")
    told = json.loads(done.stdout)
    assert (told["file"], told["value"], told["rule"]["file"]) == ("exchange 3 (b.edi)", "4500017732", "mappings/order.edifact-d96a.yaml")
    content = (home.parent / "b.edi").read_bytes()
    (place,) = told["places"]
    assert content[place["offset"]:][:place["length"]] == b"4500017732"
    assert edi("map", "trace", "--exchange", "99", "--home", home).returncode == 2
    assert edi("map", "trace").returncode == 2


def test_a_message_that_we_wrote_traces_back_to_the_fields_of_the_record(edi: Run, tmp_path: Path) -> None:
    """By the map that wrote it: the one agreed for sending with the partner who gets it, whoever is the sender."""
    home = tmp_path / "sending"
    (home / "partners").mkdir(parents=True)
    (home / "mappings").mkdir()
    (home / "partners" / "_own.yaml").write_text('own: we\nidentities:\n  - {id: "9521200034004"}\n')
    (home / "partners" / "mill.yaml").write_text('partner: mill\nidentities:\n  - {id: "9521200053180", qualifier: "14"}\n'
                                                 "agreements:\n  - {message: edifact/D96A/ORDERS, direction: out, map: to_mill}\n")
    (home / "mappings" / "to_mill.yaml").write_text("map: to_mill\nextends: order.edifact-d96a\nfields: {contract: \"{RFF}[RFF/1153=ZZZ]/RFF/1154\"}\n")
    record = {"number": "4711", "type": "order", "purpose": "original", "issued_on": "2026-11-02", "contract": "C-9",
              "buyer": {"gln": "9521200034004"}, "seller": {"gln": "9521200053180"},
              "lines": [{"number": "1", "gtin": "9521200002119", "quantity": 5, "unit": "H87"}]}
    head = outbound.Heading(Address("9521200034004", "14"), Address("9521200053180", "14"))
    made = outbound.compose([record], Catalog(home).map_named("to_mill"), head)
    assert made.contents, made.findings
    (tmp_path / "sent.edi").write_bytes(made.contents[0])
    lines = [json.loads(line) for line in edi("map", "trace", "sent.edi", "--home", home, "--json").stdout.splitlines()]
    fields = {line["field"]: line for line in lines}
    assert {line["map"] for line in lines} == {"to_mill"}
    for path, raw in (("number", b"4711"), ("contract", b"C-9"), ("lines[0].quantity", b"5"), ("lines[0].unit", b"PCE"), ("seller.gln", b"9521200053180")):
        (place,) = fields[path]["places"]
        assert made.contents[0][place["offset"]:][:place["length"]] == raw
    assert fields["contract"]["rule"]["file"] == "mappings/to_mill.yaml"
