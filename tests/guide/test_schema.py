"""The JSON Schema of guide files: every shipped file and every imported one fits it, and what is wrong does not.

The validator is the tests' own and knows the few keywords that the schema uses (JSON Schema 2020-12); an unknown keyword fails."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from edi_bridge.catalog import GUIDES
from edi_bridge.guide.importer.sef import read_sef
from edi_bridge.guide.importer.yaml_form import yaml_files
from edi_bridge.guide.schema import KINDS, schema

TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "number": (int, float), "null": type(None)}
NOTES = {"description", "title", "$schema", "$defs"}


def errors(value: Any, rule: dict[str, Any], whole: dict[str, Any], where: str = "") -> list[str]:
    """What a value lacks of a schema."""
    found: list[str] = []
    for keyword, wanted in rule.items():
        if keyword in NOTES or keyword in ("properties", "patternProperties", "additionalProperties"):
            continue
        if keyword == "$ref":
            found += errors(value, whole["$defs"][wanted.rpartition("/")[2]], whole, where)
        elif keyword == "type":
            names = [wanted] if isinstance(wanted, str) else wanted
            if not any(isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool)) for name in names):
                found.append(f"{where}: {value!r} is no {wanted}")
        elif keyword == "anyOf":
            if all(errors(value, one, whole, where) for one in wanted):
                found.append(f"{where}: {value!r} fits none")
        elif keyword == "pattern":
            if isinstance(value, str) and not re.search(wanted, value):
                found.append(f"{where}: {value!r} is not of the form {wanted}")
        elif keyword == "items":
            for number, item in enumerate(value if isinstance(value, list) else ()):
                found += errors(item, wanted, whole, f"{where}[{number}]")
        elif keyword == "required":
            found += [f"{where}: no {name}" for name in wanted if isinstance(value, dict) and name not in value]
        elif keyword in ("minItems", "minProperties"):
            found += [f"{where}: too few"] if isinstance(value, (list, dict)) and len(value) < wanted else []
        elif keyword in ("maxItems", "maxProperties"):
            found += [f"{where}: too many"] if isinstance(value, (list, dict)) and len(value) > wanted else []
        elif keyword == "minimum":
            found += [f"{where}: too small"] if isinstance(value, int) and value < wanted else []
        else:
            raise AssertionError(f"the tests' validator does not know {keyword}")
    for name, item in value.items() if isinstance(value, dict) else ():
        rules = [rule["properties"][name]] if name in rule.get("properties", {}) else []
        rules += [one for pattern, one in rule.get("patternProperties", {}).items() if re.search(pattern, str(name))]
        if not rules and rule.get("additionalProperties") is False:
            found.append(f"{where}: {name} is not known")
        elif not rules and isinstance(rule.get("additionalProperties"), dict):
            rules = [rule["additionalProperties"]]
        for one in rules:
            found += errors(item, one, whole, f"{where}/{name}")
    return found


def kind_of(name: str) -> str:
    """Which schema a file of that name has."""
    return name if name in KINDS else "message"


def check(kind: str, text: str) -> list[str]:
    """What a file's text lacks of the schema of its kind; read as text throughout, as our own reader does."""
    value = yaml.load(text, yaml.BaseLoader if kind in ("elements", "segments", "composites") else yaml.SafeLoader)
    return errors(json.loads(json.dumps(value)), schema(kind), schema(kind))


SHIPPED = sorted(path for standard in ("edifact", "x12") for path in (GUIDES / standard).glob("*/*.yaml")
                 if path.stem in KINDS or path.read_text("utf-8").lstrip("# \n").startswith("structure:") or "\nstructure:" in path.read_text("utf-8"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_shipped_file_fits(path: Path) -> None:
    text = path.read_text("utf-8")
    assert check(kind_of(path.stem), text)[:3] == []
    if path.stat().st_size < 20_000:
        value = yaml.load(text, yaml.BaseLoader if path.stem in ("elements", "segments", "composites") else yaml.SafeLoader)
        assert errors(json.loads(json.dumps(value)), schema(), schema()) == []


def test_the_shipped_files_were_found() -> None:
    assert len(SHIPPED) > 40 and {kind_of(path.stem) for path in SHIPPED} == set(KINDS) - {"restrict"}


def test_what_an_import_writes_fits() -> None:
    text = (".INI\nT,,004 010,X,X,Toys\n.SETS\n850=[ST,M][!BEG*1]{:>1[N1][.N1*1]}[SE,M]\n.SEGS\nST=[143,M]\nSE=[96,M]\nBEG=[353,M][324],.#\n"
            "N1=[98,M][93][C001]+R0203\n.COMS\nC001=[355,M][1018]\n.ELMS\n143=ID,3,3\n96=N0,1,10\n353=ID,2,2\n324=AN,1,22\n98=ID,2,3\n93=AN,1,60\n"
            "355=ID,2,2\n1018=R,1,15\n.CODES\n353=00,01\n")
    directory = read_sef("toy.sef", text.encode())
    files = yaml_files(directory, coded=directory.codes)
    assert set(files) == {"850.yaml", "850.restrict.yaml", "segments.yaml", "composites.yaml", "elements.yaml", "codes.yaml"}
    for name, written in files.items():
        kind = kind_of(name.removesuffix(".yaml"))
        if name.endswith(".restrict.yaml"):
            assert errors(yaml.safe_load(written)["restrict"], schema("restrict"), schema("restrict")) == []
        else:
            assert check(kind, written) == [], name


WRONG = [
    ("message", "structure: edifact/D96A/ORDERS\n", "no tree"),
    ("message", "structure: edifact/D96A/ORDERS\ntree:\n  - UNH M\n", "fits none"),
    ("message", "structure: edifact/D96A/ORDERS\ntree:\n  - UNH M 1\n  - SG1 C 9:\n      - rff M 1\n", "fits none"),
    ("message", "structure: ORDERS\ntree:\n  - UNH M 1\n", "is not of the form"),
    ("message", "structure: edifact/D96A/ORDERS\ntree:\n  - UNH M 1\nbranch: 1\n", "branch is not known"),
    ("segments", "BGM: {name: Beginning}\n", "no of"),
    ("segments", "BGM: {of: [1004]}\n", "is not of the form"),
    ("segments", "BGM: {of: [1004 C], rules: [P01]}\n", "is not of the form"),
    ("segments", "BGM: {of: [1004 C], rules: [\"D9(01,02)\"]}\n", "is not of the form"),
    ("elements", "\"1004\": text Document\n", "is not of the form"),
    ("codes", "\"1225\": [9, 5]\n", "fits none"),
    ("restrict", "BGM: {require: true}\n", "require is not known"),
    ("restrict", "BGM: {max: -1}\n", "too small"),
]


@pytest.mark.parametrize(("kind", "text", "sentence"), WRONG, ids=[f"{kind} {number}" for number, (kind, *_) in enumerate(WRONG)])
def test_what_is_wrong_does_not_fit(kind: str, text: str, sentence: str) -> None:
    assert any(sentence in one for one in check(kind, text))
