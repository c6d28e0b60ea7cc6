"""`edi-bridge ack`: what would go out, in which form, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_case import ORDER, ROOT, Run

ASKING = ORDER.replace(b"+417'UNH", b"+417++++1'UNH")
AT = ("--at", "2026-11-03T09:30")
CONTRL = (b"UNB+UNOC:3+9521200034004:14+9521200038118:14+261103:0930+1'UNH+1+CONTRL:D:3:UN'"
          b"UCI+417+9521200038118:14+9521200034004:14+7'UNT+3+1'UNZ+1+1'")


@pytest.fixture
def asking(tmp_path: Path) -> Path:
    """An order whose sender wants a CONTRL."""
    path = tmp_path / "asking.edi"
    path.write_bytes(ASKING)
    return path


def test_the_wire_form_goes_to_a_pipe_and_the_words_to_people(edi: Run, asking: Path) -> None:
    done = edi("ack", asking, *AT)
    assert (done.returncode, done.stdout) == (0, CONTRL)
    assert done.stderr.decode() == f"{asking}  interchange 1 417: CONTRL 7: everything is accepted (number 1)\n"


def test_a_line_for_each_segment(edi: Run, asking: Path) -> None:
    assert edi("ack", asking, *AT, "--lines").stdout == CONTRL.replace(b"'", b"'\n")


def test_a_file_of_its_own(edi: Run, asking: Path, tmp_path: Path) -> None:
    done = edi("ack", asking, *AT, "--out", "answer.edi", "--control", "77")
    assert done.stdout == b""
    assert (tmp_path / "answer.edi").read_bytes() == CONTRL.replace(b"0930+1'", b"0930+77'").replace(b"UNZ+1+1'", b"UNZ+1+77'")


def test_standard_input(edi: Run) -> None:
    assert edi("ack", "-", *AT, stdin=ASKING).stdout == CONTRL


def test_json(edi: Run, asking: Path) -> None:
    (line,) = edi("ack", asking, *AT, "--json").stdout.splitlines()
    made = json.loads(line)
    assert (made["interchange"], made["control"], made["told"], made["silent"]) == (1, "417", [], [])
    (answer,) = made["answers"]
    assert answer["content"] == CONTRL.decode() and answer["segments"][2].startswith("UCI+417")
    assert (answer["name"], answer["verdict"], answer["control"]) == ("contrl", "accepted", "1")


def test_why_nothing_goes_out(edi: Run, order: Path) -> None:
    done = edi("ack", order)
    assert (done.returncode, done.stdout) == (0, b"")
    assert "no CONTRL: it goes out when it is asked for, and UNB 0031 does not ask" in done.stderr.decode()


def test_what_a_person_must_do(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.edi").write_bytes(ASKING.replace(b"+417++++1'UNH", b"+++++1'UNH").replace(b"UNZ+1+417", b"UNZ+1+"))
    done = edi("ack", "bad.edi")
    assert (done.returncode, done.stdout) == (1, b"")
    assert "a person must act: no CONTRL can be written: its reference (0020) is missing" in done.stderr.decode()


@pytest.mark.parametrize(("sample", "code", "told"), [
    ("findings/xml_schema", 1, "a person must act: something is rejected, and the partner does not hear of it: xml has no acknowledgement"),
    ("xml/order-ubl-retail", 0, ": xml has no acknowledgement of its own\n"),
])
def test_what_no_answer_can_refuse_is_told_to_a_person(edi: Run, sample: str, code: int, told: str) -> None:
    result = edi("ack", ROOT / "samples" / sample / "message.xml")
    assert (result.returncode, result.stdout) == (code, b"")
    assert told in result.stderr.decode()


def test_a_refusal_ends_with_1(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.edi").write_bytes(ASKING.replace(b"QTY+21:48", b"QTY+21:4x"))
    done = edi("ack", "bad.edi", *AT)
    assert done.returncode == 1
    assert b"UCS+7'UCD+37+2:2'" in done.stdout
    assert "CONTRL 7: the interchange is accepted, 1 message rejected" in done.stderr.decode()


def test_the_partner_s_agreement_decides(edi: Run, order: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "partners").mkdir(parents=True)
    (home / "partners" / "havel_markt.yaml").write_text(
        'partner: havel_markt\nidentities:\n  - {id: "9521200038118", qualifier: "14"}\nacknowledge: {contrl: always, receipt: always}\n')
    done = edi("ack", order, *AT, "--home", home)
    assert done.stdout.count(b"UNH+1+CONTRL") == 2
    assert b"+8'UNT+3+1'UNZ+1+1'" in done.stdout and b"+7'UNT+3+1'UNZ+1+2'" in done.stdout


def test_interchanges_and_groups_have_numbers_of_their_own(edi: Run) -> None:
    done = edi("ack", ROOT / "samples" / "x12" / "850-4010-bluebird-sdq" / "message.edi", *AT, "--control", "5")
    assert b"*U*00401*000000005*0*P*" in done.stdout and b"*20261103*0930*5*X*004010VICS" in done.stdout


@pytest.mark.parametrize(("args", "said"), [
    (("nothing.edi",), "nothing.edi"), (("order.edi", "--at", "tomorrow"), "2026-03-01T14:05"), (("order.edi", "--control", "0"), "control"),
    (("order.edi", "--partner", "nobody"), "nobody"), (("order.edi", "--out", "there/is/none"), "there/is/none"), ((".",), "one file"),
])
def test_wrong_use_is_said_in_a_sentence(args: tuple[str, ...], said: str, edi: Run, order: Path) -> None:
    assert order.name == "order.edi"
    if args == (".",):
        (order.parent / "second.edi").write_bytes(ORDER)
    done = edi("ack", *args)
    assert done.returncode == 2 and said in done.stderr.decode()
