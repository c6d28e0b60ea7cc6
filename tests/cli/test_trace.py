"""`edi-bridge trace`: the table for people, the lines for programs, and what is said when there is nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_case import ROOT, Run

SAMPLES = ROOT / "samples"
RICH = str(SAMPLES / "edifact" / "orders-d96a-rich" / "message.edi")


def test_a_field_is_shown_with_place_raw_text_conversion_and_rule(edi: Run) -> None:
    done = edi("trace", RICH, "--field", "lines[0].unit")
    assert done.returncode == 0
    row = done.stdout.decode().splitlines()[-1]
    for part in (
        "lines[0].unit",
        "H87",
        "segment 49 SG25/QTY/C186.6411",
        "PCE",
        "unit: PCE → H87",
        "mappings/order.edifact-d96a.yaml:",
    ):
        assert part in row


def test_json_gives_a_line_for_each_field_below_the_one_named(edi: Run) -> None:
    done = edi("trace", RICH, "--field", "lines[0]", "--json")
    fields = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert {one["field"].partition(".")[0] for one in fields} == {"lines[0]"}
    quantity = next(one for one in fields if one["field"] == "lines[0].quantity")
    (place,) = quantity["places"]
    content = Path(RICH).read_bytes()
    assert content[place["offset"]:place["offset"] + place["length"]].decode() == place["raw"] == quantity["value"] == "24"
    assert (place["segment"], place["tag"], place["path"], place["id"]) == (49, "QTY", "SG25/QTY/C186.6060", "6060")


@pytest.mark.parametrize(("file", "options", "place"), [
    ("csv/order-standard-quoted/message.csv", ("--map", "order.csv"), "line 2 order_number, byte"),
    ("xml/order-ubl-retail/message.xml", (), "line "),
    ("x12/850-4010-bluebird-sdq/message.edi", (), "segment 2 BEG/03, byte"),
])
def test_every_kind_of_file_has_places(edi: Run, file: str, options: tuple[str, ...], place: str) -> None:
    done = edi("trace", str(SAMPLES / file), "--field", "number", *options)
    assert done.returncode == 0 and place in done.stdout.decode()


def test_one_message_of_several(edi: Run) -> None:
    file = str(SAMPLES / "csv" / "order-standard-quoted" / "message.csv")
    done = edi("trace", file, "--map", "order.csv", "--message", "2", "--field", "number", "--json")
    assert [json.loads(line)["message"] for line in done.stdout.decode().splitlines()] == [2]


def test_a_field_that_is_not_there_names_the_nearest(edi: Run) -> None:
    done = edi("trace", RICH, "--field", "lines[0].quantty")
    assert done.returncode == 1 and "did you mean" in done.stderr.decode() and "lines[0].quantity" in done.stderr.decode()


def test_a_message_without_a_map_is_said(edi: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.edi"
    file.write_text("UNB+UNOA:3+A+B+261121:1000+1'UNH+1+SLSRPT:D:96A:UN'BGM+73+1'UNT+3+1'UNZ+1+1'")
    done = edi("trace", str(file))
    assert done.returncode == 1 and "there is no map for edifact/D96A/SLSRPT" in done.stderr.decode()
