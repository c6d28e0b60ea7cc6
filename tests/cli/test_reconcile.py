"""`edi-bridge reconcile`: each folder of samples/acks-in is what was sent, an answer, and what a person is told."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from cli_case import ROOT, Run

CASES = sorted(path.parent for path in (ROOT / "samples" / "acks-in").glob("*/about.txt"))
WELL = {"997-accepted-short", "contrl-received"}


def arguments(folder: Path, here: Path) -> list[str]:
    """The sample's files beside the command, so that no folder of this machine is printed."""
    for file in folder.iterdir():
        shutil.copy(file, here)
    (answer,) = folder.glob("answer.*")
    options = folder / "options.txt"
    return [answer.name, "--sent", "sent.edi", *(shlex.split(options.read_text("utf-8")) if options.exists() else [])]


def without_lines(text: str) -> str:
    """The text without the numbers of the maps' lines, which change with every edit of a map; another test holds them."""
    return re.sub(r"(\.yaml):\d+", r"\1:LINE", text).strip()


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_what_a_person_is_told(folder: Path, edi: Run, tmp_path: Path) -> None:
    done = edi("reconcile", *arguments(folder, tmp_path))
    told = done.stdout.decode() + done.stderr.decode()
    assert without_lines(told) == without_lines((folder / "expected.txt").read_text("utf-8"))
    assert done.returncode == (0 if folder.name in WELL else 1)


def test_every_kind_of_answer_has_a_sample() -> None:
    names = {folder.name.partition("-")[0] for folder in CASES}
    assert names == {"997", "999", "ta1", "824", "contrl", "aperak", "mdn"}


def test_json_holds_states_refusals_and_findings(edi: Run, tmp_path: Path) -> None:
    folder = next(one for one in CASES if one.name == "997-invoice-refused")
    made = json.loads(edi("reconcile", *arguments(folder, tmp_path), "--json").stdout)
    assert [(one["level"], one["outcome"]) for one in made["sent"]] == [
        ("interchange", "partially accepted"), ("group", "partially accepted"), ("message", "rejected"), ("message", "accepted")]
    quantity = made["refusals"][0]
    assert (quantity["fields"], quantity["path"], quantity["sent"], quantity["code"]) == (
        ["lines[2].quantity"],
        "{IT1}/IT1/02",
        "12.5",
        "5",
    )
    content = (folder / "sent.edi").read_bytes()
    assert content[quantity["offset"]:quantity["offset"] + quantity["length"]] == b"12.5"
    file, _, line = quantity["rule"].rpartition(":")
    assert "quantity" in (ROOT / file).read_text("utf-8").splitlines()[int(line) - 1]


def test_late_and_overdue(edi: Run, tmp_path: Path) -> None:
    folder = next(one for one in CASES if one.name == "997-accepted-short")
    done = edi(
        "reconcile", *arguments(folder, tmp_path), "--due", "2026-11-02T12:00+00:00", "--received", "2026-11-03T08:00+00:00"
    )
    assert done.returncode == 0 and "answer_late" in done.stderr.decode()
    folder = next(one for one in CASES if one.name == "contrl-received")
    done = edi(
        "reconcile", *arguments(folder, tmp_path), "--due", "2026-11-02T12:00+00:00", "--received", "2026-11-03T08:00+00:00"
    )
    assert "no answer yet, overdue" in done.stdout.decode()


def test_acknowledgements_of_ours_are_answered_by_nothing_and_never_overdue(edi: Run, tmp_path: Path) -> None:
    """A folder of what was sent holds our CONTRL and 997s, too."""
    folder = next(one for one in CASES if one.name == "997-accepted-short")
    words = arguments(folder, tmp_path)
    for name in ("contrl-received", "997-accepted-short", "ta1-refused"):
        (answer,) = (ROOT / "samples" / "acks-in" / name).glob("answer.*")
        shutil.copy(answer, tmp_path / f"ours-{name}.edi")
        words += ["--sent", f"ours-{name}.edi"]
    due = ("--due", "2026-11-02T12:00+00:00")
    told = edi("reconcile", *words, *due).stdout.decode()
    assert "overdue" not in told and "no answer yet" not in told and told.count("nothing answers it") >= 6
    made = json.loads(edi("reconcile", *words, *due, "--json").stdout)["sent"]
    assert {one["file"]: one["final"] for one in made} == {
        "sent.edi": False, "ours-contrl-received.edi": True, "ours-997-accepted-short.edi": True, "ours-ta1-refused.edi": True}


def test_the_same_answer_twice_is_said(edi: Run, tmp_path: Path) -> None:
    folder = next(one for one in CASES if one.name == "997-accepted-short")
    words = arguments(folder, tmp_path)
    assert "answer_repeated" in edi("reconcile", words[0], *words).stderr.decode()


def test_what_is_wrong_with_the_answer_s_own_envelope_is_said(edi: Run, tmp_path: Path) -> None:
    words = arguments(next(one for one in CASES if one.name == "997-accepted-short"), tmp_path)
    answer = tmp_path / words[0]
    answer.write_bytes(answer.read_bytes().replace(b"SE*4*", b"SE*9*"))
    done = edi("reconcile", *words)
    assert done.returncode == 0 and "segment_count_mismatch" in done.stderr.decode()


@pytest.mark.parametrize(("words", "code", "said"), [
    (("nothing.edi", "--sent", "sent.edi"), 2, "cannot be read"),
    (("sent.edi", "--sent", "sent.edi"), 1, "there is no acknowledgement"),
    (("answer.edi", "--sent", "sent.edi", "--map", "no.such"), 2, "there is no map no.such"),
    (("answer.edi", "--sent", "sent.edi", "--partner", "nobody"), 2, "there is no partner nobody"),
    (("answer.edi", "--sent", "sent.edi", "--due", "tomorrow"), 2, "is not a time"),
    (("answer.edi",), 2, "--sent"),
])
def test_wrong_use_is_told(words: tuple[str, ...], code: int, said: str, edi: Run, tmp_path: Path) -> None:
    arguments(next(one for one in CASES if one.name == "997-invoice-refused"), tmp_path)
    done = edi("reconcile", *words)
    assert done.returncode == code and said in done.stderr.decode()
