"""`edi-bridge guide`: what is listed, shown, compared and imported, with the exit codes of docs/cli.md."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
import yaml
from cli_case import ORDER, Run

SEF = """.VER 1.6
.INI
TOY850,,009 990,X,X12-9990,Orders of a toy maker
.SETS
850=^[ST,M][!BEG,M][.CUR]^{:9[N1][N2,,2]}^[SE,M]
.SEGS
ST=[143,M][329,M]
SE=[96,M][329,M]
BEG=[353,M][324,M]
CUR=[100,M]
N1=[98,M][93][66][67]+R0203P0304
N2=[93,M]
.ELMS
66=ID,1,2
67=AN,2,80
93=AN,1,60
96=N0,1,10
98=ID,2,3
100=ID,3,3
143=ID,3,3
324=AN,1,22
329=AN,4,9
353=ID,2,2
.CODES
353=00,01
"""

RULE = "-" * 70
LEGEND = "     Change indicators\n\n     a plus sign (+)    for an addition\n"
DIRECTORY = {
    "EDSD.96A": f"2.   Segment specifications\n\n{LEGEND}\n{RULE}\n\n       BGM  BEGINNING OF MESSAGE\n\n       Function: To begin.\n\n"
                "010    1004 DOCUMENT NUMBER                            M    1 an..17\n",
    "EDED.96A": f"2.   Data element specifications\n\n{LEGEND}\n{RULE}\n\n     1004  Document number\n\n     Desc: A number.\n\n     Repr: an..17\n",
    "ORDERS_D.96A": "\n  Message Type : ORDERS\n  Version      : D\n  Release      : 96A\n\n  CONTENTS\n\n  Tiny order message\n\n4.3.1  Segment table\n\n"
                    "Pos     Tag Name                                     S   R\n\n"
                    "00010   UNH Message header                           M   1\n00020   BGM Beginning of message                     M   1\n"
                    "00030   UNT Message trailer                          M   1\n",
}


@pytest.fixture
def sef(tmp_path: Path) -> Path:
    """A SEF file without a fault."""
    path = tmp_path / "toy.sef"
    path.write_text(SEF)
    return path


def test_the_shipped_guides_are_listed(edi: Run) -> None:
    text = edi("guide", "list").stdout.decode()
    assert re.search(r"^edifact/D96A/ORDERS +Purchase order message +54 +162 +shipped$", text, re.MULTILINE)
    assert "x12/004010/850" in text and "edifact/41/CONTRL" in text and "xml/ubl-2.1/Order" in text
    rows = json.loads(edi("guide", "list", "--json").stdout)
    assert {"guide", "name", "groups", "segments", "from", "file"} == set(rows[0])
    only = edi("guide", "list", "d01b", "despatch").stdout.decode().splitlines()
    assert len(only) == 2 and only[1].startswith("edifact/D01B/DESADV")
    nothing = edi("guide", "list", "no such thing")
    assert nothing.returncode == 0 and nothing.stderr.decode() == "no guide fits\n"


def test_a_tree_a_segment_and_codes(edi: Run) -> None:
    tree = edi("guide", "show", "edifact/D96A/ORDERS").stdout.decode()
    assert tree.startswith("edifact/D96A/ORDERS  Purchase order message\n\nTag ")
    assert tree.count("\n") == 54 + 162 + 3 and max(map(len, tree.splitlines())) <= 100
    assert "The SG10 form a tree by their own numbers." in edi("guide", "show", "edifact/D96A/DESADV", "--depth", "1").stdout.decode()
    segment = edi("guide", "show", "edifact/D96A/ORDERS", "--segment", "nad").stdout.decode()
    assert segment.startswith("NAD  Name and address\nstands at SG2/NAD, SG25/SG35/NAD")
    codes = edi("guide", "show", "edifact/D96A/ORDERS", "--codes", "1225").stdout.decode()
    assert re.search(r"^  9 +Original$", codes, re.MULTILINE)
    assert "cbc:ID" in edi("guide", "show", "xml/ubl-2.1/Order", "--depth", "2").stdout.decode()


def test_as_json(edi: Run) -> None:
    tree = json.loads(edi("guide", "show", "x12/004010/850", "--json").stdout)
    assert tree["guide"] == "x12/004010/850" and tree["tree"][0]["name"] == "ST"
    segment = json.loads(edi("guide", "show", "edifact/41/CONTRL", "--segment", "UCM", "--json").stdout)
    assert segment["rules"][0] == "D1(01,07)"
    codes = json.loads(edi("guide", "show", "edifact/41/CONTRL", "--codes", "0083", "--json").stdout)
    assert codes["complete"] is True and set(codes["codes"]) == {"4", "7", "8"}
    found = json.loads(edi("guide", "diff", "edifact/D96A/ORDERS", "edifact/D01B/ORDERS", "--json").stdout)
    assert {"kind": "changed", "where": "1154 Reference identifier", "before": "an..35", "after": "an..70"} in found["types"]


def test_what_differs(edi: Run) -> None:
    text = edi("guide", "diff", "edifact/D96A/ORDERS", "edifact/D01B/ORDERS").stdout.decode()
    assert "  ~ SG1 (RFF): C 10 → C 9999" in text and "SG25 → SG28" in text
    assert edi("guide", "diff", "edifact/D96A/ORDERS", "edifact/D96A/ORDERS").stdout.decode().strip().endswith("say the same")
    codes = edi("guide", "diff", "edifact/D96A/ORDERS", "edifact/D01B/ORDERS", "--codes", "1001").stdout.decode()
    assert "  - 492  Financial statement of account" in codes


@pytest.mark.parametrize(("words", "sentence"), [
    (("show", "edifact/D96A/ODERS"), "there is no structure edifact/D96A/ODERS; did you mean edifact/D96A/ORDERS?"),
    (("show", "edifact/D96A/ORDERS", "--segment", "ZZZ"), "edifact/D96A/ORDERS has no segment ZZZ"),
    (("show", "edifact/D96A/ORDERS", "--codes", "9999"), "edifact/D96A/ORDERS has no element 9999"),
    (("show", "csv/orders"), "csv/orders is no guide of segments: name one like edifact/D96A/ORDERS"),
    (("show", "edifact/../../x"), "there is no structure edifact/../../x"),
    (("show", "edifact/D96A/ORDERS", "--partner", "nobody"), "there is no partner nobody"),
    (("diff", "edifact/D96A/ORDERS", "x12/004010/850"), "are of different standards"),
    (("schema", "maps"), "there is no kind maps of guide files; known are message, segments"),
    (("import", "nothing.zip", "--into", "guides"), "nothing.zip: there is no such file or folder"),
    (("import", "order.edi", "--into", "guides"), "neither a UN/EDIFACT directory"),
])
def test_mistakes_are_said_in_the_reader_s_words(words: tuple[str, ...], sentence: str, edi: Run, tmp_path: Path) -> None:
    (tmp_path / "order.edi").write_bytes(ORDER)
    result = edi("guide", *words)
    assert result.returncode == 2 and sentence in result.stderr.decode() and result.stdout == b""


def test_a_sef_file_becomes_a_guide_of_the_home(edi: Run, sef: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    result = edi("guide", "import", sef, "--into", "home/guides")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode().splitlines() == [
        "x12/009990: 1 message, 6 segments, 0 composites, 10 elements, 2 codes read; written to home/guides/x12/009990",
        "what the guide uses of it: 850.restrict.yaml, for the partner's agreement"]
    listed = edi("guide", "list", "009990", "--home", "home").stdout.decode()
    assert re.search(r"^x12/009990/850 +Orders of a toy maker +1 +6 +home$", listed, re.MULTILINE)
    assert "x12/009990/850" not in edi("guide", "list").stdout.decode()
    shown = edi("guide", "show", "x12/009990/850", "--segment", "N1", "--home", "home").stdout.decode()
    assert shown.startswith("N1  Party\n")  # SEF has no names: those of the shipped releases
    assert "P0304: 03 Kind of identification, 04 Identification stand together or not at all" in shown
    found = edi("guide", "diff", "x12/004010/850", "x12/009990/850", "--home", "home")
    assert found.returncode == 0 and "  - BEG/03: was 324" not in found.stdout.decode()


def test_a_home_s_own_guide_stands_before_the_shipped_one(edi: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "d96a.zip", "w") as archive:
        for name, text in DIRECTORY.items():
            archive.writestr(name, text.replace("\n", "\r\n"))
    (tmp_path / "home").mkdir()
    result = edi("guide", "import", "d96a.zip", "--into", "home/guides", "--message", "orders")
    assert result.returncode == 0, result.stderr.decode()
    shown = edi("guide", "show", "edifact/D96A/ORDERS", "--home", "home").stdout.decode()
    assert shown.startswith("edifact/D96A/ORDERS  Tiny order message\n") and shown.count("\n") == 6
    assert edi("guide", "show", "edifact/D96A/DESADV", "--home", "home").returncode == 0  # still the shipped one


def test_what_was_not_understood_is_reported_and_exit_1(edi: Run, sef: Path) -> None:
    lines = [f"7{number:03}=ID,two,{number}" for number in range(25)]
    sef.write_text(SEF.replace("353=ID,2,2\n", "353=ID,2,2\n" + "\n".join(lines) + "\n"))
    first = SEF.split("353=ID,2,2")[0].count("\n") + 2
    result = edi("guide", "import", sef, "--into", "guides")
    told = result.stderr.decode().splitlines()
    assert result.returncode == 1 and len(told) == 21
    assert told[0] == f"toy.sef:{first}: element 7000 has a form that is not understood: 'ID,two,0'"
    assert told[-1] == "… and 5 remarks more: --all shows them"
    assert len(edi("guide", "import", sef, "--into", "guides", "--all").stderr.decode().splitlines()) == 25
    (report,) = json.loads(edi("guide", "import", sef, "--into", "guides", "--json").stdout)
    assert report["messages"] == ["850"] and len(report["remarks"]) == 25
    assert report["remarks"][0] == {"file": "toy.sef", "line": first, "sentence": "element 7000 has a form that is not understood: 'ID,two,0'"}


def test_the_imported_restriction_is_one_for_an_agreement(edi: Run, sef: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "partners").mkdir(parents=True)
    edi("guide", "import", sef, "--into", home / "guides")
    restrict = yaml.safe_load((home / "guides" / "x12" / "009990" / "850.restrict.yaml").read_text())["restrict"]
    partner = {"partner": "toys", "identities": [{"standard": "x12", "qualifier": "ZZ", "id": "TOYS"}],
               "agreements": [{"message": "x12/009990/850", "direction": "in", "restrict": restrict}]}
    (home / "partners" / "toys.yaml").write_text(yaml.safe_dump(partner))
    result = edi("guide", "show", "x12/009990/850", "--partner", "toys", "--home", home)
    assert result.returncode == 0, result.stderr.decode()
    assert re.search(r"^CUR .* not used", result.stdout.decode(), re.MULTILINE)


def test_the_schema_is_json(edi: Run) -> None:
    assert json.loads(edi("guide", "schema").stdout)["$schema"].startswith("https://json-schema.org/")
    assert "required" in json.loads(edi("guide", "schema", "restrict").stdout)["additionalProperties"]["properties"]
