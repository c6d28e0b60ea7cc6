"""`edi-bridge lookup` as people run it: tables are listed, set, imported and exported, and the messages that use them follow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_case import ROOT, Run

SAMPLE = ROOT / "samples" / "edifact" / "orders-d96a-lookups-mittelmark" / "message.edi"


@pytest.fixture
def home(edi: Run, tmp_path: Path) -> Path:
    made = tmp_path / "home"
    assert edi("init", made).returncode == 0
    return made


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    """An order with an article that stands in no row."""
    path = tmp_path / "unknown.edi"
    path.write_bytes(SAMPLE.read_bytes().replace(b"10440", b"10999").replace(b"88012", b"88013").replace(b"MM-2026-1107", b"MM-2026-1108"))
    return path


def said(edi: Run, *words: str | Path) -> str:
    done = edi("lookup", *words)
    assert done.returncode == 0, done.stderr.decode()
    return done.stderr.decode().strip()


def listed(edi: Run, home: Path, *words: str) -> list[tuple[str, ...]]:
    done = edi("lookup", "list", *words, "--home", home, "--json")
    assert done.returncode == 0, done.stderr.decode()
    return [tuple(str(value) for value in one.values()) for one in json.loads(done.stdout)]


def test_an_order_that_was_refused_for_a_key_is_posted_once_the_key_is_set(edi: Run, home: Path, unknown: Path) -> None:
    done = edi("post", unknown, "--home", home)
    assert done.returncode == 1 and "missing_lookup: SG25/LIN/C212.7140: the table items has no key 10999" in done.stderr.decode()
    assert said(edi, "set", "items", "10999", "NW-2119", "--partner", "mittelmark", "--home", home) == "items of mittelmark: 10999 is NW-2119"
    done = edi("post", unknown, "--home", home)
    assert done.returncode == 0 and b"order MM-2026-1108" in done.stdout
    line = json.loads(edi("translate", unknown, "--home", home).stdout)["lines"][0]
    assert line["seller_item"] == "NW-2119"


def test_a_message_is_traced_with_the_rows_of_its_day(edi: Run, home: Path, unknown: Path) -> None:
    said(edi, "set", "items", "10999", "NW-1", "--partner", "mittelmark", "--home", home)
    assert edi("post", unknown, "--home", home).returncode == 0
    said(edi, "set", "items", "10999", "NW-2", "--partner", "mittelmark", "--from", "2020-01-01", "--home", home)  # says that it was always wrong
    (then,) = edi("trace", "--exchange", "1", "--field", "lines[0].seller_item", "--home", home, "--json").stdout.splitlines()
    assert (json.loads(then)["value"], json.loads(then)["codes"]) == ("NW-1", "items: 10999 → NW-1 (row 1 of the database)")
    (now,) = edi("trace", unknown, "--field", "lines[0].seller_item", "--home", home, "--json").stdout.splitlines()
    assert json.loads(now)["value"] == "NW-2"


def test_which_exchanges_used_a_key(edi: Run, home: Path, tmp_path: Path, unknown: Path) -> None:
    (tmp_path / "known.edi").write_bytes(SAMPLE.read_bytes())
    assert edi("post", tmp_path / "known.edi", unknown, "--home", home).returncode == 1

    def used(*words: str) -> list[tuple[int, str, str, str | None]]:
        done = edi("lookup", "used", *words, "--home", home, "--json")
        assert done.returncode == (0 if done.stdout.strip() != b"[]" else 1)
        return [(one["exchange"], one["field"], one["theirs"], one["ours"]) for one in json.loads(done.stdout)]

    assert used("items", "20512") == [(1, "lines[1].seller_item", "20512", "NW-2005"), (2, "lines[1].seller_item", "20512", "NW-2005")]
    assert used("items", "NW-2119") == [(1, "lines[0].seller_item", "10440", "NW-2119")]
    assert used("items", "10999") == [(2, "lines[0].seller_item", "10999", None)]  # asked for, and not there
    assert used("branches", "014", "--partner", "mittelmark") == [(one, "deliver_to.gln", "014", "9521200071030") for one in (1, 2)]
    assert used("branches", "20512") == used("items", "20512", "--partner", "acme") == used("items", "20512", "--since", "2099-01-01") == []
    done = edi("lookup", "used", "items", "10440", "--home", home)
    assert done.stdout.decode().splitlines()[1].split() == ["1", "mittelmark", "known.edi", "1", "1", "lines[0].seller_item", "10440", "NW-2119"]
    assert done.stderr == b"1 exchange used 10440\n"


def test_a_change_holds_from_a_day_on_and_is_said(edi: Run, home: Path) -> None:
    acme = ("--partner", "acme", "--home", home)
    assert said(edi, "set", "items", "1", "A", *acme) == "items of acme: 1 is A"
    assert said(edi, "set", "items", "1", "A", *acme) == "items of acme: 1 is A already: nothing was added"
    assert said(edi, "set", "items", "1", "B", "--from", "2090-01-01", *acme) == "items of acme: 1 is B from 2090-01-01; before that it is A"
    assert said(edi, "set", "items", "1", "--end", "--from", "2091-01-01", *acme) == "items of acme: 1 is nothing from 2091-01-01; before that it is B"
    assert said(edi, "set", "items", "2", "A", "--write", "--to", "2090-12-31", *acme) == "items of acme: 2 is A to 2090-12-31"
    words = said(edi, "set", "items", "1", "C", *acme)
    assert words.startswith("items of acme: 1 is C from 20") and words.endswith("; before that it is A")
    rows = listed(edi, home, "items", "--partner", "acme", "--on", "2090-06-01")
    assert [row[:2] for row in rows] == [("1", "B"), ("2", "A")]
    assert [row[:2] for row in listed(edi, home, "items", "--partner", "acme", "--on", "2091-06-01")] == []
    assert [row[:3] for row in listed(edi, home, "items", "--partner", "acme")][0] == ("1", "A", "")


def test_a_table_is_exported_edited_and_imported(edi: Run, home: Path, tmp_path: Path) -> None:
    done = edi("lookup", "export", "items", "--partner", "mittelmark", "--out", "items.csv", "--home", home)
    assert done.returncode == 0, done.stderr.decode()
    text = (tmp_path / "items.csv").read_text()
    assert text.splitlines()[:2] == ["theirs,ours,valid_from,valid_to,write", "10440,NW-2119,,,"]
    (tmp_path / "items.csv").write_text(text.replace("NW-2119", "NW-9999") + "1,ONE,,,\n")
    assert said(edi, "import", "items", "items.csv", "--partner", "mittelmark", "--home", home) == "items of mittelmark: 7 rows added, 0 were there"
    assert said(edi, "import", "items", "items.csv", "--partner", "mittelmark", "--home", home) == "items of mittelmark: 0 rows added, 7 were there"
    rows = {row[0]: row[1] for row in listed(edi, home, "items", "--partner", "mittelmark", "--on", "2026-11-04")}
    assert (rows["10440"], rows["1"], rows["10780"]) == ("NW-9999", "ONE", "NW-3111")
    again = edi("lookup", "export", "items", "--partner", "mittelmark", "--home", home).stdout.decode()
    assert sorted(again.splitlines()) == sorted((tmp_path / "items.csv").read_text().splitlines())


def test_nothing_of_a_file_with_a_mistake_is_imported(edi: Run, home: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("theirs,ours,valid_from\n1,A,\n2,B,tomorrow\n")
    done = edi("lookup", "import", "items", "bad.csv", "--home", home)
    assert done.returncode == 2 and "bad.csv:3:1: valid_from: tomorrow is no day" in done.stderr.decode()
    assert not (home / "edi-bridge.sqlite").exists()


def test_csv_of_the_home_stand_beside_the_partner_s_file(edi: Run, home: Path, unknown: Path) -> None:
    (home / "partners" / "mittelmark.items.csv").write_text("theirs;ours\n10999;OWN-1\n20512;OWN-2\n10780;OWN-3\n")
    (home / "lookups" / "items.csv").write_text("theirs,ours\n10999,GENERAL\n")
    lines = json.loads(edi("translate", unknown, "--home", home).stdout)["lines"]
    assert [line["seller_item"] for line in lines] == ["OWN-1", "OWN-2", "OWN-3"]
    (home / "partners" / "mittelmark.items.csv").write_text("theirs;ours\n20512;OWN-2\n10780;OWN-3\n")
    lines = json.loads(edi("translate", unknown, "--home", home).stdout)["lines"]
    assert [line["seller_item"] for line in lines] == ["GENERAL", "OWN-2", "OWN-3"]
    tables = listed(edi, home)
    assert [one[:3] for one in tables if one[0] == "items"] == [("items", "", "lookups/items.csv"), ("items", "mittelmark", "partners/mittelmark.items.csv")]


def test_a_csv_with_a_mistake_is_said_with_its_line_and_nothing_is_translated(edi: Run, home: Path, unknown: Path) -> None:
    (home / "partners" / "mittelmark.items.csv").write_text("theirs;ours\n;OWN-1\n")
    done = edi("translate", unknown, "--home", home)
    assert done.returncode == 2 and b"partners/mittelmark.items.csv:2:1: theirs: is empty" in done.stderr and done.stdout == b""


def test_convert_writes_the_partner_s_keys(edi: Run, home: Path, tmp_path: Path) -> None:
    record = {"number": "7", "issued_on": "2026-11-04", "buyer": {"gln": "9521200071016"},
              "lines": [{"number": "1", "seller_item": "NW-2119", "quantity": "6"}]}
    (tmp_path / "order.json").write_text(json.dumps(record))
    words = ("--partner", "mittelmark", "--to", "order.edifact-d96a-mittelmark", "--sender", "14:9521200034004", "--home", home)
    done = edi("convert", "order.json", *words)
    assert done.returncode == 0 and b"LIN+1++10440:IN'" in done.stdout, done.stderr.decode()
    (tmp_path / "order.json").write_text(json.dumps(record).replace("NW-2119", "NW-1"))
    done = edi("convert", "order.json", *words, "--strict")
    assert done.returncode == 1 and done.stdout == b""
    assert "missing_lookup: lines[0].seller_item" in done.stderr.decode() and "no key of theirs for NW-1" in done.stderr.decode()


@pytest.mark.parametrize(("words", "sentence"), [
    (("list", "item"), "there is no table item of all partners; there are branches of mittelmark, items of mittelmark"),
    (("list", "--partner", "nobody"), "there is no partner nobody"),
    (("list", "items", "--on", "tomorrow"), "--on tomorrow is no day such as 2026-11-01"),
    (("set", "items", "1"), "say OURS, or --end"),
    (("set", "items", "1", "A", "--end"), "say OURS, or --end"),
    (("set", "Items!", "1", "A"), "Items! is no name of a table"),
    (("set", "items", "1", "A", "--from", "1.1.2026"), "valid_from: 1.1.2026 is no day"),
    (("set", "items", "1", "A", "--from", "2026-02-01", "--to", "2026-01-01"), "it ends on 2026-01-01, before it begins"),
    (("import", "items", "nowhere.csv"), "nowhere.csv: cannot be read"),
    (("export", "items"), "there is no table items of all partners"),
    (("used", "items", "1", "--since", "tomorrow"), "'tomorrow' is not a day"),
])
def test_what_cannot_be_done_is_said(edi: Run, home: Path, words: tuple[str, ...], sentence: str) -> None:
    if words[0] == "used":
        assert edi("post", SAMPLE, "--home", home).returncode == 0
    done = edi("lookup", *words, "--home", home)
    assert done.returncode == 2 and sentence in done.stderr.decode()
