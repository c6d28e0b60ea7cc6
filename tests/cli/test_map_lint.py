"""`edi-bridge map lint`, `map show`, `map schema`: what a person sees and which exit code a script gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli_case import Run

MAP = """map: order.try
message: edifact/D96A/ORDERS
record: order
fields:
  number: {at: BGM/1004, required: true}
  contract: {at: ["SG1/RFF[1153=CT]/1154", "SG1[RFF/1153=CT]/RFF/1154"]}
  buyer: {use: edifact_party, at: "SG2[NAD/3035=BY]"}
  lines: {each: SG25, fields: {quantity: {at: "QTY[6063=21]/6060", as: decimal}}}
  issued_on: {at: "DTM[2005=137]/2380", as: date(2379)}
writes: {"UNS/0081": S}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "order.try.yaml"
    path.write_text(text)
    return path


def test_a_warning_has_its_place_and_fails_only_when_strict(edi: Run, tmp_path: Path) -> None:
    path = written(tmp_path, MAP)
    made = edi("map", "lint", path)
    assert made.stdout.decode() == (f"{path}:6:44: warning: contract: SG1/RFF[1153=CT]/1154 is there whenever SG1[RFF/1153=CT]/RFF/1154 is, "
                                    "so this one is never read (shadowed)\n")
    assert (made.returncode, edi("map", "lint", path, "--strict").returncode) == (0, 1)
    assert b"1 map" in made.stderr and b"1 warning" in made.stderr


def test_errors_are_said_all_at_once(edi: Run, tmp_path: Path) -> None:
    path = written(tmp_path, MAP.replace("BGM/1004", "BGM/4711").replace("as: decimal", "as: dezimal").replace("contract", "kontrakt"))
    made = edi("map", "lint", path)
    assert made.returncode == 1
    assert [line.split(": ")[0].removeprefix(f"{path}:") for line in made.stdout.decode().splitlines()] == ["5:20", "6:3", "8:32"]


def test_notes_are_shown_when_asked_for(edi: Run, tmp_path: Path) -> None:
    path = written(tmp_path, MAP)
    shown = json.loads(edi("map", "lint", path, "--level", "note", "--json").stdout)
    assert {one["level"] for one in shown} == {"warning", "note"}
    party = [one for one in shown if one["file"] == "mappings/fragments/edifact_party.yaml" or one["file"].startswith("mappings/codes/")]
    assert party and all(one["line"] > 0 for one in party)


def test_a_remark_about_a_shared_fragment_is_told_once(edi: Run) -> None:
    shown = json.loads(edi("map", "lint", "order.edifact-d96a", "order.edifact-d96a-acme", "--level", "note", "--json").stdout)
    keys = [(one["file"], one["line"], one["column"], one["kind"], one["sentence"].removeprefix(one["field"])) for one in shown]
    assert len(keys) == len(set(keys))
    assert ["order.edifact-d96a", "order.edifact-d96a-acme"] in [one["maps"] for one in shown]


def test_the_shipped_maps_are_without_a_warning(edi: Run) -> None:
    """Levels in levels, too: the program numbers them (856, 816)."""
    done = edi("map", "lint", "--strict")
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_no_such_map(edi: Run) -> None:
    assert edi("map", "lint", "order.mine.yaml").stdout == b"order.mine.yaml: error: there is no file order.mine.yaml (map)\n"
    made = edi("map", "lint", "order.edifact-d69a")
    assert (made.returncode, made.stdout) == (2, b"") and b"there is no map order.edifact-d69a" in made.stderr


def test_show_names_the_layer_of_each_rule(edi: Run) -> None:
    own = edi("map", "show", "order.edifact-d96a-acme").stdout.decode()
    assert "mappings/order.edifact-d96a-acme.yaml, mappings/order.edifact-d96a.yaml" in own and "extends" not in own
    rules = {one["field"]: one for one in json.loads(edi("map", "show", "order.edifact-d96a-acme", "--effective", "--json").stdout)["rules"]}
    gtin, number, city = rules["lines.gtin"], rules["number"], rules["buyer.city"]
    assert gtin["layer"] == "map order.edifact-d96a-acme" and gtin["paths"] == ["SG25/PIA[4347=5]/C212[7143=EN]/7140"]
    assert number["layer"] == "extends order.edifact-d96a" and number["says"] == "required"
    assert city["layer"] == "fragment edifact_party" and city["paths"] == ["SG2/NAD/3164", "SG2/NAD/C058.3124#5"]
    assert gtin["rule"]["file"] == "mappings/order.edifact-d96a-acme.yaml"


def test_show_marks_the_path_that_is_written(edi: Run) -> None:
    lines = edi("map", "show", "order.edifact-d96a", "--effective", "--field", "lines.gtin").stdout.decode().splitlines()
    assert "▸ SG25/LIN/C212[7143=EN]/7140" in lines[1] and lines[2].split() == ["SG25/LIN/C212[7143=UP]/7140"]
    assert edi("map", "show", "order.edifact-d96a", "--effective", "--field", "lines.nothing").returncode == 1


def test_a_path_with_several_conditions_is_shown_once_and_so_is_a_lookup(edi: Run) -> None:
    def rule(name: str, field: str) -> dict[str, Any]:
        return next(one for one in json.loads(edi("map", "show", name, "--effective", "--json").stdout)["rules"] if one["field"] == field)

    shown = rule("order.edifact-d96a", "buyer.receiver_number")
    assert shown["paths"] == ["SG2/NAD/C082[3055=91]/3039", "SG2/SG3[RFF/C506.1153=IT]/RFF/C506.1154"]
    assert shown["says"] == "{RFF}[RFF/1153=IT]/RFF/1154 where gln is there or sender_number is there or duns is there or id is there"
    assert rule("order.edifact-d96a-mittelmark", "lines.seller_item")["says"] == "lookup items"


def test_every_rule_of_a_map_is_shown_with_a_path_that_can_be_read_back(edi: Run) -> None:
    from edi_bridge.mapping.path import parse

    for name in ("order.edifact-d96a", "despatch_advice.x12-4010-856", "order.x12-4010-850", "order.ubl-2.1", "order.fixed"):
        rules = json.loads(edi("map", "show", name, "--effective", "--json").stdout)["rules"]
        assert len(rules) > 40
        for path in (path for rule in rules for path in rule["paths"]):
            assert str(parse(path)) == path, (name, path)


def test_the_schema_is_json(edi: Run) -> None:
    made = json.loads(edi("map", "schema").stdout)
    assert made["$schema"].startswith("https://json-schema.org/") and "fields" in made["properties"]
    assert "fragment" in json.loads(edi("map", "schema", "--fragment").stdout)["properties"]
