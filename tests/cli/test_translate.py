"""`edi-bridge translate` on good and bad input, as a process: what is printed where, and the exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_case import ORDER, Run, environment


def records(result: subprocess.CompletedProcess[bytes]) -> list[dict[str, object]]:
    """The JSON lines on stdout."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def quiet(result: subprocess.CompletedProcess[bytes], code: int) -> str:
    """stderr, after looking at the exit code; never a traceback, never a control character."""
    text = result.stderr.decode()
    assert "Traceback" not in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert result.returncode == code, text
    return text


def test_a_file_becomes_json_lines_and_a_sum(edi: Run, order: Path) -> None:
    result = edi("translate", order)
    text = quiet(result, 0)
    (record,) = records(result)
    assert record["number"] == "4500017731"
    assert record["lines"] == [{"number": "1", "gtin": "9521200002119", "quantity": "48", "net_price": "3.19"}]
    assert "1 file · 1 message · 1 record · nothing refused" in text


def test_standard_input_and_an_output_file(edi: Run, order: Path, tmp_path: Path) -> None:
    result = edi("translate", "-", "--out", "records.jsonl", stdin=ORDER)
    quiet(result, 0)
    assert result.stdout == b""
    assert (tmp_path / "records.jsonl").read_bytes() == edi("translate", order).stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["order.edi", "records.jsonl"]


def test_an_output_file_keeps_its_content_until_all_is_written(edi: Run, order: Path, tmp_path: Path) -> None:
    out = tmp_path / "records.jsonl"
    out.write_text("before\n")
    assert edi("translate", order, "--map", "none", "--out", out).returncode == 2
    assert out.read_text() == "before\n"


def test_the_output_is_never_one_of_the_inputs(edi: Run, order: Path) -> None:
    quiet(edi("translate", order, "--out", order), 2)
    assert order.read_bytes() == ORDER


def test_a_finding_shows_its_place_its_line_and_what_follows(edi: Run, order: Path) -> None:
    order.write_bytes(ORDER.replace(b"QTY+21:48", b"QTY+21:4x8"))
    result = edi("translate", order)
    lines = quiet(result, 1).splitlines()
    at = lines.index("  QTY+21:4x8'")
    assert "interchange 1 › message 1 › segment 7 (QTY) › element 1.2 › SG25/QTY/C186.6060 › byte " in lines[at - 1]
    assert lines[at + 1].startswith("         ^^^ ")
    assert 'found "4x8"' in lines[at + 1]
    assert lines[at + 2].startswith("  the message is rejected · to the partner: CONTRL ")
    assert records(result) == []
    assert "refused: 1 message" in lines[-1]


def test_records_of_rejected_messages_only_with_all(edi: Run, order: Path) -> None:
    order.write_bytes(ORDER.replace(b"QTY+21:48", b"QTY+21:4x8"))
    assert [record["number"] for record in records(edi("translate", order, "--all"))] == ["4500017731"]


def test_a_wrong_count_in_the_trailer_refuses_the_interchange(edi: Run, order: Path) -> None:
    order.write_bytes(ORDER.replace(b"UNZ+1", b"UNZ+2"))
    text = quiet(edi("translate", order), 1)
    assert "  UNZ+2+417'" in text
    assert "interchange_count_mismatch" in text
    assert "the interchange is rejected · to the partner: CONTRL 29" in text


def test_a_policy_of_the_partner_is_named(edi: Run, order: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert edi("init", home).returncode == 0
    (home / "partners" / "havel.yaml").write_text(
        'partner: havel\nidentities:\n  - {id: "9521200038118", qualifier: "14", standard: edifact}\n'
        "findings: {wrong_character_type: note}\n"
        "agreements:\n  - {message: edifact/D96A/ORDERS}\n"
    )
    order.write_bytes(ORDER.replace(b"QTY+21:48", b"QTY+21:4x8"))
    text = edi("translate", order, "--home", home).stderr.decode()
    assert "(policy of havel)" in text


def test_findings_of_one_kind_are_counted_when_there_are_many(edi: Run, order: Path) -> None:
    line = b"LIN+1++9521200002119:EN'QTY+21:48'"
    order.write_bytes(ORDER.replace(line, b"LIN+1++9521200002119:EN'QTY+21:x'" * 30).replace(b"UNT+11", b"UNT+69"))
    text = quiet(edi("translate", order, "--findings", "4"), 1)
    assert text.count("  QTY+21:x'") == 4
    assert "… and 26 more of " in text
    assert edi("translate", order, "--findings", "0").stderr.decode().count("  QTY+21:x'") == 30


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("empty", b"", "empty_file"),
        ("blank", b" \r\n\r\n", "empty_file"),
        ("junk", bytes(range(256)) * 40, "unknown_format"),
        ("nul", b"\0" * 5000, "empty_file"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\3" + bytes(range(200)), "unknown_format"),
        ("doctype", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "xml_doctype"),
        (
            "bomb",
            b'<!DOCTYPE lolz [<!ENTITY a "'
            + b"lol" * 99
            + b'">'
            + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(8))
            + b"]><lolz>&i;</lolz>",
            "xml_doctype",
        ),
        ("deep", b"<a>" * 5000 + b"</a>" * 5000, "xml_too_deep"),
        ("open", b"<Order><ID>1</ID>", "xml_not_well_formed"),
        ("cut in UNB", ORDER[:30], "bad_header"),
        ("cut in the message", ORDER[:200], "missing_trailer"),
        ("unknown message", ORDER.replace(b"ORDERS:D:96A", b"IFTMIN:D:96A"), "no_map"),
        (
            "wrong charset",
            ORDER.replace(b"UNOC:3", b"UNOW:4")
            .replace(b"UNS+S", b"FTX+AAI+++\xff\xfe'UNS+S")
            .replace(b"UNT+11", b"UNT+12"),
            "wrong_charset",
        ),
        ("no separator", ORDER.replace(b"'", b""), ""),
        ("two unz", ORDER + b"UNZ+1+417'", "doubled_trailer"),
        ("an unknown csv", b"colour;taste\nred;sweet\n", "unknown_format"),
        ("a csv without a column", b"order_number,issued_on\n1,2026-01-01\n", "unknown_format"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_gives_findings_and_the_next_file_goes_on(
    name: str, content: bytes, kind: str, edi: Run, order: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "a-bad-one"
    bad.write_bytes(content)
    result = edi("translate", bad, order)
    text = quiet(result, 1)
    assert kind in text
    assert records(result)[-1]["number"] == "4500017731"
    assert "2 files" in text


def test_a_message_of_another_release_names_the_maps_that_may_do(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "old.edi").write_bytes(ORDER.replace(b"ORDERS:D:96A", b"ORDERS:D:93A"))
    done = edi("translate", "old.edi")
    assert done.returncode == 1
    assert "there is no map for edifact/D93A/ORDERS, but for other releases: order.edifact-d01b, order.edifact-d96a\n" in done.stderr.decode()
    assert edi("translate", "old.edi", "--map", "order.edifact-d96a").returncode == 0


def test_a_csv_with_a_missing_column_says_which(edi: Run, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_number,issued_on\n1,2026-01-01\n")
    assert "csv_missing_column" in quiet(edi("translate", "orders.csv", "--map", "order.csv"), 1)


def test_a_missing_file_an_unreadable_one_and_a_folder(edi: Run, order: Path, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "b.edi").write_bytes(ORDER)
    (folder / ".hidden").write_bytes(b"x")
    (folder / "sub").mkdir()
    (folder / "sub" / "c.edi").write_bytes(ORDER)
    os.symlink(tmp_path / "nowhere", folder / "dangling")
    result = edi("translate", tmp_path / "missing.edi", folder, order)
    text = quiet(result, 2)
    assert f"{tmp_path / 'missing.edi'}: cannot be read: No such file or directory" in text
    assert "dangling: cannot be read" in text
    assert len(records(result)) == 3


def test_a_file_that_cannot_be_opened(edi: Run, order: Path, tmp_path: Path) -> None:
    """A socket: nobody can open it as a file, not even root, who may read everything."""
    place = tmp_path / "s.edi"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(place))
        result = edi("translate", place, order)
    assert "s.edi: cannot be read: " in quiet(result, 2)
    assert len(records(result)) == 1


# Runs the command and says what memory it took at its peak, in kB (getrusage would count the test's own process).
PEAK = """
import re, sys
from pathlib import Path
from edi_bridge.cli import run
code = run(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1), file=sys.stderr)
sys.exit(code)
"""


def test_a_segment_of_100_mb_is_a_finding(tmp_path: Path, order: Path) -> None:
    big = tmp_path / "big.edi"
    with big.open("wb") as file:
        file.write(ORDER.partition(b"UNS+S")[0] + b"FTX+AAI+++")
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"'UNS+S'UNT+12+1'UNZ+1+417'")
    began = time.monotonic()
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            PEAK,
            "translate",
            str(big),
            str(order),
        ],
        capture_output=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    lines = quiet(result, 1).splitlines()
    assert any("segment_too_large" in line or "message_too_large" in line for line in lines)
    assert all(len(line) < 600 for line in lines)
    assert int(lines[-1]) <= 150_000, "kB at the peak"
    assert time.monotonic() - began < 30


THREE_MISTAKES = """\
map: order.bad
message: edifact/D96A/ORDERS
record: order
fields:
  number:    {at: BGM/9999}
  issued_on: {at: "DTM[2005=137]/2380", as: dat(2379)}
  colour:    {at: BGM/1004}
"""


def test_a_map_with_three_mistakes_names_all_three_places(edi: Run, order: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(THREE_MISTAKES)
    text = quiet(edi("translate", order, "--map", "bad.yaml"), 2)
    assert re.findall(r"^bad\.yaml:(\d+):\d+: \S", text, re.MULTILINE) == ["5", "6", "7"]


def test_a_bad_map_that_an_agreement_names_stops_only_the_files_that_need_it(
    edi: Run, order: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert edi("init", home).returncode == 0
    (home / "mappings" / "order.bad.yaml").write_text(
        THREE_MISTAKES.replace("message: edifact/D96A/ORDERS", "extends: order.edifact-d96a")
    )
    (home / "partners" / "other.yaml").write_text(
        'partner: other\nidentities:\n  - {id: "9521200099999"}\n'
        "agreements:\n  - {message: edifact/D96A/ORDERS, map: order.bad}\n"
    )
    (tmp_path / "a.edi").write_bytes(ORDER.replace(b"UNB+UNOC:3+9521200038118", b"UNB+UNOC:3+9521200099999"))
    result = edi("translate", "a.edi", order, "--home", home)
    text = quiet(result, 2)
    assert len(re.findall(r"^mappings/order\.bad\.yaml:\d+:\d+: ", text, re.MULTILINE)) == 3
    assert len(records(result)) == 1


@pytest.mark.parametrize(
    "args",
    [("--map", "order.edifact-d96"), ("--partner", "nobody"), ("--home", "nowhere"), ("--jobs", "0"), ("--nope",)],
)
def test_wrong_use_is_said_and_ends_with_2(args: tuple[str, ...], edi: Run, order: Path) -> None:
    assert quiet(edi("translate", order, *args), 2)


def test_partner_text_breaks_neither_line_nor_terminal(edi: Run, order: Path) -> None:
    order.write_bytes(ORDER.replace(b"QTY+21:48", b"QTY+21:\x1b[31m[bold]x"))
    text = quiet(edi("translate", order), 1)
    assert "[bold]x" in text
    assert "\u241b[31m" in text  # the picture of ESC


def test_several_processes_give_the_same_in_the_same_order(edi: Run, tmp_path: Path) -> None:
    message = ORDER[ORDER.index(b"UNH") : ORDER.index(b"UNZ")]
    messages = b"".join(
        message.replace(b"UNH+1", b"UNH+%d" % n)
        .replace(b"4500017731", b"%d" % n)
        .replace(b"UNT+11+1", b"UNT+11+%d" % n)
        for n in range(1, 3001)
    )
    big = ORDER[: ORDER.index(b"UNH")] + messages + b"UNZ+3000+417'"
    (tmp_path / "1.edi").write_bytes(big.replace(b"QTY+21:48", b"QTY+21:4x8", 1))
    (tmp_path / "2.edi").write_bytes(ORDER)
    (tmp_path / "3.edi").write_bytes(b"junk")
    for names in (("1.edi",), ("1.edi", "2.edi", "3.edi")):
        one, two = edi("translate", *names), edi("translate", *names, "--jobs", "2")
        assert one.stdout == two.stdout and one.stdout
        assert one.returncode == two.returncode == 1
        assert re.sub(r"· [\d.]+ s", "", one.stderr.decode()) == re.sub(r"· [\d.]+ s", "", two.stderr.decode())


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "many.edi").write_bytes(ORDER * 2000)
    process = subprocess.Popen(
        [sys.executable, "-m", "edi_bridge.cli", "translate", str(tmp_path / "many.edi")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    assert process.wait(30) == 141
    process.stderr.close()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_says_so(jobs: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "edi_bridge.cli", "translate", "-", "--jobs", jobs],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a run in the background ignores it
    )
    assert process.stdin
    process.stdin.write(ORDER)
    process.stdin.flush()
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.decode().strip().endswith("stopped")
    assert b"Traceback" not in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("args", [("translate", "order.edi"), ("inspect", "order.edi"), ("map", "list")])
def test_a_full_disk_means_later(args: tuple[str, ...], order: Path, tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "edi_bridge.cli", *args],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=environment(),
            check=False,
        )
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr and b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_a_terminal_without_our_characters(process: Run, order: Path) -> None:
    done = process("inspect", order, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert b"message 1 ? ORDERS D96A" in done.stdout
