"""`check` and `explain` as people run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_case import ORDER, ROOT, Run

from edi_bridge.finding import KINDS

SAMPLES = ROOT / "samples"


@pytest.fixture
def order(tmp_path: Path) -> Path:
    """A good order."""
    path = tmp_path / "order.edi"
    path.write_bytes(ORDER)
    return path


def test_a_clean_file_is_said_to_be_clean(edi: Run, order: Path) -> None:
    result = edi("check", order)
    assert result.returncode == 0 and result.stdout == b""
    assert result.stderr.decode() == "1 file · 1 message · nothing to be rejected · 0 findings\n"


def test_findings_are_the_result(edi: Run, order: Path) -> None:
    order.write_bytes(ORDER.replace(b"QTY+21:48", b"QTY+21:4x8").replace(b"CNT+2:1", b"CNT+2:7"))
    result = edi("check", "order.edi")
    assert result.returncode == 1
    assert result.stdout.decode().splitlines() == [
        "order.edi  interchange 1 › message 1 › segment 7 (QTY) › element 1.2 › SG25/QTY/C186.6060 › byte 211",
        "  QTY+21:4x8'",
        '         ^^^ wrong_character_type: SG25/QTY/C186.6060 must be a number, found "4x8"',
        "  the message is rejected · to the partner: CONTRL 37 · an alphabetic value has no digits, a numeric one no letters",
        "order.edi  interchange 1 › message 1 › segment 10 (CNT) › element 1.2 › CNT/C270.6066 › byte 240",
        "  CNT+2:7'",
        "        ^ control_total_mismatch: CNT/C270.6066 must be 1, the number of lines",
        "  the message is rejected · where agreed, to the partner: APERAK TOTALS · lines or amounts were lost on the way, or the sender adds differently",
    ]
    assert result.stderr.decode() == (
        "1 file · 1 message · to be rejected: 1 message · 2 findings (wrong_character_type 1, control_total_mismatch 1)\n"
    )


def test_only_so_many_of_a_kind(edi: Run, order: Path) -> None:
    lines = b"".join(b"LIN+%d++9521200002119:EN'QTY+21:x'" % n for n in range(1, 6))
    content = ORDER[: ORDER.index(b"LIN")] + lines + b"UNS+S'CNT+2:5'UNT+18+1'UNZ+1+417'"
    order.write_bytes(content)
    assert edi("check", order).stdout.count(b"wrong_character_type:") == 5
    result = edi("check", order, "--findings", "2")
    assert result.stdout.count(b"wrong_character_type:") == 2
    assert "… and 3 more of wrong_character_type" in result.stdout.decode()
    assert "5 findings (wrong_character_type 5)" in result.stderr.decode(), "the sums count all"
    assert edi("check", order, "--findings", "0").stdout.count(b"wrong_character_type:") == 5


def test_json_has_a_line_for_each_message(edi: Run, order: Path) -> None:
    two = ORDER[: ORDER.index(b"UNZ")] + ORDER[ORDER.index(b"UNH") : ORDER.index(b"UNZ")].replace(b"UNH+1", b"UNH+2")
    order.write_bytes(two.replace(b"UNT+11+1'", b"UNT+11+2'").replace(b"UNT+11+2'", b"UNT+11+1'", 1).replace(b"21:48", b"21:x", 1) + b"UNZ+2+417'")
    result = edi("check", order, "--json")
    first, second = map(json.loads, result.stdout.decode().splitlines())
    assert result.returncode == 1
    assert (first["verdict"], second["verdict"]) == ("rejected", "accepted") and second["findings"] == []
    assert (first["message"], first["type"], first["guide"]) == (1, "edifact/D96A/ORDERS", "edifact/D96A/ORDERS")
    (finding,) = first["findings"]
    assert finding["kind"] == "wrong_character_type" and finding["rejects"] is True and finding["answer"] == "CONTRL 37"
    assert finding["position"] == {
        "interchange": 1, "message": 1, "segment": 7, "tag": "QTY", "element": 1, "component": 2, "offset": 211, "length": 1,
        "path": "SG25/QTY/C186.6060", "id": "6060",
    }  # fmt: skip


def test_another_guide_than_the_message_names(edi: Run, order: Path) -> None:
    result = edi("check", order, "--guide", "edifact/D01B/ORDERS", "--json")
    assert json.loads(result.stdout)["guide"] == "edifact/D01B/ORDERS"
    result = edi("check", order, "--guide", "edifact/D96A/DESADV")
    assert result.returncode == 1 and b"unknown_segment" in result.stdout
    result = edi("check", order, "--guide", "edifact/D96A/ORDER")
    assert result.returncode == 2 and b"did you mean edifact/D96A/ORDERS?" in result.stderr
    result = edi("check", order, "--guide", "x12/004010/850")
    assert result.returncode == 0 and b"x12/004010/850 is no guide for edifact, so only the envelope was checked" in result.stderr
    result = edi("check", order, "--guide", "ORDERS")
    assert result.returncode == 2
    assert result.stderr.decode().startswith("ORDERS is neither a guide nor a map: guides are named like edifact/D96A/ORDERS")


def test_a_message_without_a_guide_is_named(edi: Run, order: Path) -> None:
    order.write_bytes(ORDER.replace(b"ORDERS:D:96A", b"IFTMIN:D:04A"))
    result = edi("check", order)
    assert result.returncode == 0
    assert "1 message: there is no guide for edifact/D04A/IFTMIN, so only the envelope was checked" in result.stderr.decode()


def test_a_policy_of_the_partner_is_named(edi: Run, order: Path, tmp_path: Path) -> None:
    (tmp_path / "home" / "partners").mkdir(parents=True)
    (tmp_path / "home" / "partners" / "havel.yaml").write_text(
        'partner: havel\nidentities:\n  - {id: "9521200038118", qualifier: "14", standard: edifact}\nfindings: {wrong_character_type: note, too_long: off}\n'
    )
    order.write_bytes(ORDER.replace(b"21:48", b"21:x").replace(b"4500017731", b"4" * 36))
    result = edi("check", order, "--home", "home")
    assert result.returncode == 0
    assert "accepted with errors (policy of havel)" in result.stdout.decode() and b"too_long" not in result.stdout


TWO = ORDER[:ORDER.index(b"UNZ")] + ORDER[ORDER.index(b"UNH"):ORDER.index(b"UNZ")].replace(b"UNH+1+", b"UNH+2+").replace(
    b"UNT+11+1", b"UNT+11+2").replace(b"21:48", b"21:4x8") + b"UNZ+2+417'"


@pytest.mark.parametrize(("agreed", "verdicts"), [
    ("", ["accepted", "rejected"]),
    ("errors: {suspend: all}", ["rejected", "rejected", "rejected"]),
    ("errors: {interchange: keep, suspend: all}", ["rejected", "rejected", "rejected"]),
    ("errors: {interchange: keep}", ["accepted", "rejected"]),
    ("findings: {wrong_character_type: reject_interchange}", ["rejected", "rejected", "rejected"]),
])
def test_what_is_agreed_on_the_whole_interchange_is_told(edi: Run, tmp_path: Path, agreed: str, verdicts: list[str]) -> None:
    """Also of standard input, which can be read only once; a third line is the interchange's own."""
    (tmp_path / "home" / "partners").mkdir(parents=True)
    (tmp_path / "home" / "partners" / "havel.yaml").write_text(
        f'partner: havel\nidentities:\n  - {{id: "9521200038118", qualifier: "14", standard: edifact}}\n{agreed}\n')
    result = edi("check", "-", "--home", "home", "--json", stdin=TWO)
    assert result.returncode == 1
    assert [json.loads(line)["verdict"] for line in result.stdout.splitlines()] == verdicts
    said = edi("check", "-", "--home", "home", stdin=TWO).stderr.decode()
    assert ("to be rejected: 2 messages, 1 interchange" if len(verdicts) == 3 else "to be rejected: 1 message ·") in said


@pytest.mark.parametrize(("ta1", "elements"), [
    ("TA1*000000001*261101*0800*A*000", []),
    ("TA1*000000001*261101*0800*R*025", []),
    ("TA1*12*261399*08*Q*999", [1, 2, 3, 4, 5]),  # I12 has nine digits; no such day; HHMM; I17 is A, E or R; I18 ends at 031
    ("TA1*000000001*261101*0800*A", [5]),
])
def test_a_ta1_is_held_against_its_guide(edi: Run, ta1: str, elements: list[int]) -> None:
    """It stands between groups, is no message and rejects nothing."""
    isa = "ISA*00*          *00*          *ZZ*BLUEBIRD       *01*315369934      *261102*0815*U*00401*000000418*0*P*>"
    result = edi("check", "-", "--json", stdin=f"{isa}~{ta1}~IEA*0*000000418~".encode())
    found = [one for line in result.stdout.splitlines() for one in json.loads(line)["findings"] if one["kind"] == "answer_malformed"]
    assert result.returncode == 0 and [one["position"]["element"] for one in found] == elements
    assert all(one["sentence"].startswith("answer_malformed: TA1/0") for one in found)


def test_a_faulty_group_is_counted_as_one(edi: Run) -> None:
    result = edi("check", SAMPLES / "acks" / "997-4010-groups" / "message.edi")
    assert result.returncode == 1 and "the group is rejected · to the partner: 997 AK905 = 5" in result.stdout.decode()
    assert "2 messages · to be rejected: 1 group ·" in result.stderr.decode()


def test_a_segment_without_a_tag_is_called_that(edi: Run, order: Path) -> None:
    order.write_bytes(ORDER.replace(b"PRI+AAA:3.19", b"+AAA:3.19"))
    assert "unknown_segment: a segment without a tag stands here" in edi("check", order).stdout.decode()


def test_csv_against_the_columns_of_a_map(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("order_number;order_date;line_no;quantity\nA;2026-11-17;1\n")
    result = edi("check", "a.csv", "--guide", "order.csv")
    assert result.returncode == 1 and b"csv_row_width" in result.stdout
    result = edi("check", "a.csv", "--guide", "order.cvs")
    assert result.returncode == 2 and "order.cvs is neither a guide nor a map (did you mean order.csv?)" in result.stderr.decode()


def test_xml_against_its_schema(edi: Run) -> None:
    result = edi("check", SAMPLES / "findings" / "xml_schema" / "message.xml")
    assert result.returncode == 1 and b"  <cbc:Quantity" in result.stdout and b"xml_schema" in result.stdout


def test_standard_input_folders_and_what_cannot_be_read(edi: Run, order: Path, tmp_path: Path) -> None:
    assert edi("check", "-", stdin=ORDER).returncode == 0
    result = edi("check", tmp_path, tmp_path / "gone.edi")
    assert result.returncode == 2 and "gone.edi" in result.stderr.decode() and "2 files · 1 message" in result.stderr.decode()


def test_explain_says_meaning_codes_and_example(edi: Run) -> None:
    result = edi("explain", "too_many_components")
    assert result.returncode == 0
    lines = result.stdout.decode().splitlines()
    assert lines[0] == "too_many_components: the composite has more components than it may"
    assert "  CONTRL 0085                     16   Too many elements or components" in lines
    assert "  997 AK403 (723)                 13   too many components" in lines
    assert "  997 AK403 (723), before 005010  3    too many elements" in lines
    assert "    QTY+21:48:PCE:9'" in lines
    assert any(line.strip().startswith("^ too_many_components") for line in lines[-3:])


@pytest.mark.parametrize(("kind", "told"), [
    ("character_set_unsupported", "CONTRL 0085, syntax 4       46   Character set not supported"),
    ("segment_not_used", "999 IK304 (620)  I4"),
    ("required_missing", "APERAK ERC 9321  MISSING"),
    ("ebcdic", "no answer to the partner has a code for it"),
    ("invalid_check_digit", "by default: is only noted"),
])
def test_explain_names_each_answer(kind: str, told: str, edi: Run) -> None:
    assert told in edi("explain", kind).stdout.decode()


def test_explain_lists_all_by_what_they_are_about(edi: Run) -> None:
    listed = edi("explain").stdout.decode()
    assert all(f"\n  {kind} " in listed for kind in KINDS)
    assert listed.index("interchange (") < listed.index("group (") < listed.index("business (")
    assert len(json.loads(edi("explain", "--json").stdout)) == len(KINDS)


def test_explain_in_json(edi: Run) -> None:
    made = json.loads(edi("explain", "missing_segment", "--json").stdout)
    assert (made["kind"], made["level"], made["default"]) == ("missing_segment", "segment", "reject")
    assert {"place": "997 AK304 (720)", "code": "3", "means": "mandatory segment missing"} in made["answers"]
    assert "^ missing_segment" in made["example"]


def test_explain_knows_what_was_meant(edi: Run) -> None:
    result = edi("explain", "to_long")
    assert result.returncode == 2 and b"did you mean too_long" in result.stderr
    assert b"`edi-bridge explain` lists all" in edi("explain", "zzzz").stderr


def test_every_kind_can_be_explained(edi: Run) -> None:
    """Every code has a name in the lists."""
    from edi_bridge.catalog import Catalog
    from edi_bridge.cli import explain

    catalog = Catalog()
    assert all(means for kind in KINDS.values() for _, _, means in explain.answers(kind, catalog))
