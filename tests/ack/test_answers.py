"""Answers as they go out: the samples' goldens, and other readers as judges of their form."""

from __future__ import annotations

import io
import itertools
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import pyx12.params
import pyx12.x12n_document
import yaml
from pydifact.segmentcollection import Interchange as Pydifact
from pyx12.x12file import X12Reader

from edi_bridge import syntax
from edi_bridge.answering import Answer
from edi_bridge.catalog import GUIDES, Catalog
from edi_bridge.guide.check import Checker
from edi_bridge.interchange import Message, MessageType, Stray
from tests.ack.answer_cases import CASES, FOLDER, answered, catalog, of, segments, words

EVERY = [pytest.param(folder, answer, id=f"{folder.name}-{answer.name}") for folder in CASES for one in of(folder) for answer in one.answers]
EDIFACT = [param for param in EVERY if param.values[1].name in ("receipt", "contrl", "aperak")]
X12 = [param for param in EVERY if param not in EDIFACT]
REPORTS = [param for param in X12 if param.values[1].name in ("997", "999")]


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_the_answer_is_the_one_that_was_read_by_eye(folder: Path) -> None:
    made = of(folder)
    assert segments(made) == (folder / "expected" / "ack.txt").read_text("utf-8")
    assert words(made) == (folder / "expected" / "words.txt").read_text("utf-8")


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_every_case_says_what_it_shows(folder: Path) -> None:
    assert (folder / "partner.yaml").read_text("utf-8").startswith("# ")


def test_there_are_samples_of_every_answer() -> None:
    assert {param.values[1].name for param in EVERY} == {"receipt", "contrl", "ta1", "997", "999", "aperak", "824"}


@cache
def shipped() -> Catalog:
    """What is known without a home."""
    return Catalog()


# --- our own reader and checker -------------------------------------------------------------------------------------


def messages(answer: Answer) -> Iterator[Message]:
    """The messages of an answer as our reader gives them; a TA1 as the message of one segment that its guide describes."""
    interchange = next(syntax.read(answer.content))
    for part in interchange.parts:
        if isinstance(part, Message):
            yield part
        elif isinstance(part, Stray) and part.raw.startswith("TA1"):
            kind = MessageType("x12", "004010", "TA1")
            yield Message("x12", kind, 1, "", part.raw + interchange.delimiters.terminator, interchange.delimiters,
                          raw=(part.raw + interchange.delimiters.terminator).encode())
    assert interchange.findings == []


@pytest.mark.parametrize(("folder", "answer"), EVERY)
def test_our_own_check_finds_nothing_in_it(folder: Path, answer: Answer) -> None:
    known = shipped()
    checked = 0
    for message in messages(answer):
        checker = known.checker_for(message.type, None)
        if checker is None:
            guide = known.guide(str(message.type))
            assert guide is not None, message.type
            checker = Checker(guide)
        assert [one.sentence() for one in checker.check(message)] == []
        checked += 1
    assert checked


@pytest.mark.parametrize(("folder", "answer"), EVERY)
def test_the_envelope_is_the_answered_one_turned_round(folder: Path, answer: Answer) -> None:
    (sent,) = syntax.read((folder / "message.edi").read_bytes())
    sent.drain()
    (made,) = syntax.read(answer.content)
    assert (made.sender, made.receiver) == (sent.receiver, sent.sender)
    assert made.delimiters == sent.delimiters
    assert (made.syntax, made.test, made.acknowledge) == (sent.syntax, sent.test, False)
    assert (made.control.lstrip("0"), made.prepared) == (answer.control.lstrip("0"), "2026-11-03T09:30")


# --- CONTRL by an independent reader: plain splitting, nothing of ours --------------------------------------------------


def split(text: str, separator: str, release: str) -> list[str]:
    """`text` at each separator that is not released."""
    parts, skip = [""], False
    for char in text:
        if char == separator and not skip:
            parts.append("")
            continue
        skip = char == release and not skip and bool(release)
        parts[-1] += char
    return parts


def plain(answer: Answer) -> list[list[list[str]]]:
    """Segments of elements of components of an EDIFACT interchange."""
    text = answer.content.decode("latin-1")
    component, element, release, terminator = ":+?'"
    if text.startswith("UNA"):
        component, element, _, release, _, terminator = text[3:9]
        text = text[9:]
    elif text[3] == "\x1d":
        component, element, release, terminator = "\x1f", "\x1d", "", "\x1c"
    whole = split(text, terminator, release)
    assert whole.pop() == ""
    def unreleased(value: str) -> str:
        return "".join(split(value, release, release)) if release else value
    return [[[unreleased(part) for part in split(one, component, release)] for one in split(segment, element, release)] for segment in whole]


# which segment may follow which in CONTRL, by ISO 9735-4's segment table
FOLLOWS = {"UNB": {"UNH"}, "UNH": {"UCI"}, "UCI": {"UCM", "UCF", "UNT"}, "UCM": {"UCS", "UCM", "UCF", "UNT"},
           "UCS": {"UCS", "UCD", "UCM", "UCF", "UNT"}, "UCD": {"UCD", "UCS", "UCM", "UCF", "UNT"},
           "UCF": {"UCF", "UCM", "UNT"}, "UNT": {"UNH", "UNZ"}}


@pytest.mark.parametrize(("folder", "answer"), [param for param in EDIFACT if param.values[1].name != "aperak"])
def test_an_independent_reader_understands_the_contrl(folder: Path, answer: Answer) -> None:
    rows = plain(answer)
    tags = [row[0][0] for row in rows]
    assert all(after in FOLLOWS[tag] for tag, after in itertools.pairwise(tags))
    assert rows[-2][1][0] == str(len(rows) - 2) and rows[-2][2] == rows[1][1], "UNT counts from UNH, and has its reference"
    assert rows[-1][1:] == [["1"], rows[0][5]]
    assert len(rows[0]) < 10 or rows[0][9] == [""], "UNB 0031: a CONTRL asks for no answer"
    version = rows[0][1][1]
    codes = yaml.safe_load((GUIDES / "edifact" / ("41" if version == "4" else "D3") / "codes.yaml").read_text("utf-8"))
    assert rows[1][2][:4] == ["CONTRL", *(("4", "1") if version == "4" else ("D", "3")), "UN"]
    for row in rows[2:-2]:
        action, error = {"UCI": (4, 5), "UCF": (4, 5), "UCM": (3, 4), "UCS": (0, 2), "UCD": (0, 1)}[row[0][0]]
        if action:
            assert row[action][0] in ("4", "7", "8")
            assert row[action] == ["4"] or len(row) == action + 1, "an error is told of what is rejected only"
        if len(row) > error:
            assert row[error][0] in codes["0085"], row


@pytest.mark.parametrize(("folder", "answer"), [param for param in EDIFACT if "separators-level-b" not in param.values[0].name])
def test_pydifact_reads_it(folder: Path, answer: Answer) -> None:
    read = Pydifact.from_str(answer.content.decode("latin-1"))
    assert [message.type for message in read.get_messages()] == ["APERAK" if answer.name == "aperak" else "CONTRL"] * len(list(read.get_messages()))
    assert read.control_reference == answer.control


# --- 997, 999 and TA1 by pyx12 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("folder", "answer"), X12)
def test_pyx12_reads_its_envelopes_and_counts(folder: Path, answer: Answer) -> None:
    reader = X12Reader(io.StringIO(answer.content.decode("latin-1")))
    found = [segment.get_seg_id() for segment in reader]
    assert found == [line[:3].rstrip("*|~<>:") for line in answer.lines()]
    assert [error for error in reader.pop_errors() if error] == []


PAYMENT = """BPR*C*{amount}*C*ACH*CTX*01*111000025*DA*1234567*1999999999**01*121000248*DA*7654321*20261110
TRN*1*71700666555
N1*PR*BLUEBIRD
ENT*1
RMR*IV*4500017731**{amount}"""


def payment(version: str, isa: str, amount: str, convention: str = "") -> bytes:
    """A group of two 820, the kind of group that pyx12's acknowledgement maps (made for health care) have in their code lists."""
    body = PAYMENT.format(amount=amount).split("\n")
    sets = [[f"ST*820*000{number}{convention}", *lines, f"SE*{len(lines) + 2}*000{number}"]
            for number, lines in ((1, body), (2, PAYMENT.format(amount="77.50").split("\n")))]
    header = (f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BLUEBIRD':15}*01*{'315369934':15}*261102*0815*"
              f"{'U' if isa < '00402' else '^'}*{isa}*000000007*1*T*>")
    rows = [header, f"GS*RA*BLUEBIRD*315369934*20261102*0815*3*X*{version}", *sets[0], *sets[1], "GE*2*3", "IEA*1*000000007"]
    return "".join(row + "~" for row in rows).encode()


def pyx12_says(content: bytes) -> list[str]:
    """What pyx12 finds against its own map of the set; [] when it accepts everything."""
    errors = io.StringIO()
    handler = logging.StreamHandler(errors)
    logger = logging.getLogger("pyx12")
    logger.addHandler(handler)
    own = io.StringIO()
    try:
        valid = pyx12.x12n_document.x12n_document(pyx12.params.ParamsBase(), io.StringIO(content.decode()), own, None)
    finally:
        logger.removeHandler(handler)
    return errors.getvalue().splitlines() + ([] if valid else ["not valid"])


@pytest.mark.parametrize("amount", ["77.50", "77.5x"], ids=["clean", "faulty"])
@pytest.mark.parametrize(("version", "isa", "convention", "name"), [
    ("004010", "00401", "", "997"), ("005010X218", "00501", "*005010X218", "999")])
def test_pyx12_validates_the_report_with_its_map(tmp_path: Path, version: str, isa: str, convention: str, name: str, amount: str) -> None:
    (tmp_path / "partner.yaml").write_text('partner: p\nidentities:\n  - {id: BLUEBIRD}\nacknowledge: {"' + name + '": always}\nfindings: {no_map: off}\n')
    (one,) = answered(payment(version, isa, amount, convention), catalog(tmp_path))
    assert [answer.name for answer in one.answers] == ["ta1", name]
    lines = list(one.answers[1].lines())
    assert lines[-4] == ("AK9*A*2*2*2~" if amount == "77.50" else "AK9*P*2*2*1~"), lines
    assert pyx12_says(one.answers[1].content) == []


def test_pyx12_would_find_a_wrong_report(tmp_path: Path) -> None:
    """The judge can say no: a code that is in no list."""
    (tmp_path / "partner.yaml").write_text("partner: p\nidentities:\n  - {id: BLUEBIRD}\n")
    (one,) = answered(payment("004010", "00401", "77.5x"), catalog(tmp_path))
    content = one.answers[-1].content
    assert pyx12_says(content.replace(b"AK5*R", b"AK5*Q")) != []


@pytest.mark.parametrize(("folder", "answer"), REPORTS)
def test_the_counts_of_ak9_are_those_of_its_sets(folder: Path, answer: Answer) -> None:
    """Counted from the segments alone: AK904 is the number of AK5/IK5 with A or E, the verdict follows from them."""
    trailer, separator = answer.delimiters.terminator, answer.delimiters.element
    verdicts: list[str] = []
    for row in (segment.split(separator) for segment in answer.content.decode().split(trailer)):
        if row[0] in ("AK5", "IK5"):
            verdicts.append(row[1])
        elif row[0] == "AK9":
            accepted = sum(verdict in "AE" for verdict in verdicts)
            assert row[3:5] == [str(len(verdicts)), str(accepted)]
            expected = "R" if not accepted else "P" if accepted < len(verdicts) else "E" if "E" in verdicts else "A"
            assert row[1] == expected
            verdicts = []


def test_a_sample_is_found_for_the_table_in_the_page() -> None:
    """docs/acknowledgements.md points at samples that are there."""
    page = (FOLDER.parents[1] / "docs" / "acknowledgements.md").read_text("utf-8")
    named = set(re.findall(r"samples/acks/([a-z0-9-]+)", page))
    assert named and all((FOLDER / name).is_dir() for name in named)
