"""Outcomes in, answers out: what is kept meanwhile, and wire-level matters."""

from __future__ import annotations

import itertools
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from edi_bridge import answering, syntax
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding, Verdict, found
from edi_bridge.interchange import Position
from edi_bridge.partner import Agreement, Errors, Partner
from edi_bridge.pipeline import MessageOutcome
from edi_bridge.syntax.limits import DEFAULT, Limits
from tests.ack.answer_cases import PREPARED, answered, catalog
from tests.ack.test_codes import Known

ISA = "ISA*00*          *00*          *ZZ*BLUEBIRD       *01*315369934      *261102*0815*U*00401*{control}*{asked}*P*>~"


def of(source: bytes, partner: Partner | None = None, findings: dict[int, list[Finding]] | None = None,
       whole: list[Finding] | None = None, limits: Limits = DEFAULT) -> list[answering.Answered]:
    """The answers to a source, of whose messages (by their number) and interchange these findings are told."""
    said = findings or {}
    name = partner.name if partner else ""

    def outcomes():
        for interchange in syntax.read(source, limits=limits):
            for message in interchange.messages:
                yield MessageOutcome(interchange, message, "", "", [], said.get(message.ordinal, []), Verdict.ACCEPTED, name)
            yield MessageOutcome(interchange, None, "", "", [], [*(one for one in interchange.findings if one.position.message is None),
                                                                 *(whole or [])], Verdict.ACCEPTED, name)

    numbers = itertools.count(1)
    known = Known(partner) if partner else Catalog()
    return list(answering.answers(outcomes(), known, draw=lambda _: next(numbers), prepared=PREPARED))


def x12(sets: int, asked: str = "0") -> bytes:
    """A group of small sets."""
    rows = [ISA.format(control="000000418", asked=asked), "GS*PO*BLUEBIRD*315369934*20261102*0815*7*X*004010~"]
    rows += [f"ST*850*{number:06}~BEG*00*NE*{number}**20261102~SE*3*{number:06}~" for number in range(1, sets + 1)]
    return "".join([*rows, f"GE*{sets}*7~", "IEA*1*000000418~"]).encode()


def edifact(messages: int) -> bytes:
    """An interchange of small messages that asks for an answer."""
    rows = ["UNB+UNOC:3+NORTH:14+SOUTH:14+261102:0815+417++++1'"]
    rows += [f"UNH+{number}+ORDERS:D:96A:UN'BGM+220+{number}+9'UNT+3+{number}'" for number in range(1, messages + 1)]
    return "".join([*rows, f"UNZ+{messages}+417'"]).encode()


def test_each_interchange_of_a_file_has_its_answers() -> None:
    made = of(x12(1, "1") + edifact(1) + x12(2))
    assert [(one.interchange, one.control, [answer.name for answer in one.answers]) for one in made] == [
        (1, "000000418", ["ta1", "997"]), (2, "417", ["contrl"]), (3, "000000418", ["997"])]


@pytest.mark.parametrize(("source", "most"), [(x12, 900), (edifact, 150)], ids=["x12", "edifact"])
def test_a_message_leaves_a_line_at_most(source, most: int) -> None:
    """Bytes that an accepted message adds to what is kept: nothing for EDIFACT (its reader keeps the references); of X12 its line and, at the end, its AK2 and AK5."""
    def peak(count: int) -> int:
        content = source(count)
        tracemalloc.start()
        try:
            of(content)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    peak(10)
    few, many = peak(1_000), peak(4_000)
    assert (many - few) / 3_000 < most


def test_what_condemns_the_whole_interchange_is_told_of_all_of_it() -> None:
    """A message that rejects everything by what is wrong in its form."""
    partner = Partner("p", acknowledge={"contrl": "always", "aperak": "always"}, errors=Errors(suspend="all"))
    place = Position(message=1, segment=2, tag="BGM", element=2)
    suspended = Finding("message_suspended", Position(message=2))
    (one,) = of(edifact(2), partner, {1: [Finding("too_long", place), Finding("message_suspended", Position(message=1))], 2: [suspended]},
                [Finding("interchange_suspended")])
    assert [answer.name for answer in one.answers] == ["contrl"]
    assert list(one.answers[0].lines())[2:5] == ["UCI+417+NORTH:14+SOUTH:14+4'", "UCM+1+ORDERS:D:96A:UN+4'", "UCS+2'"]


def test_what_condemns_it_by_its_business_is_told_by_the_business_alone() -> None:
    """The form of all is good, so CONTRL accepts them; each document is refused by an APERAK."""
    partner = Partner("p", acknowledge={"contrl": "always", "aperak": "on_error"}, errors=Errors(suspend="all"))
    guilty = Finding("required_missing", Position(message=1, segment=1, path="SG2/NAD"), note="the buyer is missing")
    (one,) = of(edifact(2), partner, {1: [guilty, Finding("message_suspended", Position(message=1))],
                                      2: [Finding("message_suspended", Position(message=2))]}, [Finding("interchange_suspended")])
    contrl, aperak = one.answers
    assert list(contrl.lines())[2] == "UCI+417+NORTH:14+SOUTH:14+7'"
    text = aperak.content.decode()
    assert text.count("+RE'") == 2 and text.count("ERC+") == 3


GROUPED = ("UNB+UNOC:3+NORTH:14+SOUTH:14+261102:0815+417'" + "".join(
    f"UNG+ORDERS+NORTH:14+SOUTH:14+261102:0815+G{group}+UN+D:96A'UNH+{group}+ORDERS:D:96A:UN'BGM+220+{group}+9'UNT+3+{group}'UNE+{counted}+G{group}'"
    for group, counted in ((1, 2), (2, 1))) + "UNZ+2+417'").encode()


@pytest.mark.parametrize(("errors", "uci", "words"), [
    (Errors(), "7", "CONTRL 7: the interchange is accepted, 1 group rejected"),
    (Errors(suspend="all"), "4", "CONTRL 4: the interchange is rejected with everything in it"),
])
def test_a_faulty_group_is_told_and_its_neighbour_is_not(errors: Errors, uci: str, words: str) -> None:
    """UNE of the first counts one that is not there; of its documents nobody says anything."""
    partner = Partner("p", acknowledge={"contrl": "on_error", "aperak": "always"}, errors=errors)
    (one,) = of(GROUPED, partner, {1: [Finding("message_suspended", Position(message=1))]})
    contrl = one.answers[0]
    assert (contrl.words, contrl.verdict) == (words, Verdict.REJECTED)
    assert list(contrl.lines())[2:-2] == [f"UCI+417+NORTH:14+SOUTH:14+{uci}'", "UCF+G1+NORTH:14+SOUTH:14+4+29+UNE+2'"]
    if uci == "4":
        assert len(one.answers) == 1
        return
    aperak = one.answers[1]
    assert (aperak.words, aperak.verdict) == ("APERAK for 1 message: accepted", Verdict.ACCEPTED)
    assert [line for line in aperak.lines() if line.startswith(("UNH", "RFF+AC"))] == ["UNH+1+APERAK:D:96A:UN'", "RFF+ACE:2'", "RFF+ACW:2'"]


def test_an_824_says_nothing_of_a_rejected_group() -> None:
    content = x12(1).replace(b"GE*1*7~", b"GE*2*7~GS*PO*BLUEBIRD*315369934*20261102*0815*8*X*004010~ST*850*000002~BEG*00*NE*2**20261102~SE*3*000002~GE*1*8~")
    (one,) = of(content.replace(b"IEA*1*", b"IEA*2*"), Partner("p", acknowledge={"824": "always"}))
    nine, eight = one.answers
    assert nine.words == "997: group 7 R, group 8 A"
    assert eight.verdict is Verdict.ACCEPTED and [line.split("*")[3] for line in eight.lines() if line.startswith("OTI")] == ["2"]


def test_agreements_of_different_messages_in_one_interchange() -> None:
    """The one that asks for most decides."""
    partner = Partner("p", acknowledge={"contrl": "never"}, agreements=(Agreement("edifact/D96A/ORDERS", acknowledge={"contrl": "always"}),))
    assert [answer.name for answer in of(edifact(1).replace(b"++++1'", b"'"), partner)[0].answers] == ["contrl"]
    assert of(edifact(1).replace(b"ORDERS", b"INVOIC"), partner)[0].answers == []


def test_nothing_is_said_of_what_could_not_be_read() -> None:
    (one,) = of(b"\xe4\xf5\xc1 nothing of the kind")
    assert one.answers == [] and len(one.told) == 1


def test_xml_is_not_answered() -> None:
    root = Path(__file__).parents[2] / "samples" / "xml"
    content = next(root.glob("*order*/message.xml")).read_bytes()
    (one,) = of(content)
    assert (one.answers, one.told, len(one.silent)) == ([], [], 1)


def test_a_set_that_is_too_large_counts_as_received_and_is_not_accepted() -> None:
    content = x12(3).replace(b"BEG*00*NE*2**20261102", b"BEG*00*NE*" + b"2" * 3000 + b"**20261102")
    (one,) = of(content, findings={2: [found("message_too_large", Position(message=2))]}, limits=replace(DEFAULT, message=2000))
    assert [line for line in one.answers[0].lines() if line.startswith("AK")] == [
        "AK1*PO*7~", "AK2*850*000001~", "AK5*A~", "AK2*850*000002~", "AK5*R~", "AK2*850*000003~", "AK5*A~", "AK9*P*3*3*2~"]


def test_the_group_of_the_answer_follows_the_date_form_of_its_version(tmp_path: Path) -> None:
    """GS04 has six digits before 004010."""
    content = x12(1).replace(b"*00401*", b"*00304*").replace(b"*20261102*0815*7*X*004010", b"*261102*0815*7*X*003040").replace(
        b"**20261102", b"**261102")
    (one,) = of(content)
    assert list(one.answers[0].lines())[1] == "GS*FA*315369934*BLUEBIRD*261103*0930*1*X*003040~"


def test_a_release_character_stays_in_force() -> None:
    """From 007040 on ISX names one; what is copied is released again."""
    content = x12(1).replace(b"*U*00401*", b"*^*00704*").replace(b"004010", b"007040").replace(b"~GS", b"~ISX*?~GS").replace(b"000001~", b"A?*01~")
    (one,) = of(content)
    lines = list(one.answers[0].lines())
    assert lines[1] == "ISX*?~" and "AK2*850*A?*01~" in lines


def test_delimiters_beyond_ascii_are_written_as_the_bytes_they_came_as() -> None:
    content = x12(1).replace(b"~", b"\xa7")
    (one,) = of(content)
    assert one.answers[0].content.count(b"\xa7") == 10 and b"~" not in one.answers[0].content


def test_a_delimiter_that_cannot_be_used_is_told_to_a_person() -> None:
    """ISA16 is left out: there is nothing to separate the components of the answer with."""
    content = x12(1, "1").replace(b"*P*>~", b"*P*~")
    (one,) = of(content)
    assert one.answers == [] and any("no component separator" in text for text in one.told)


def test_the_ledger_may_replay_the_same_answers(tmp_path: Path) -> None:
    """The same outcomes, numbers and time give the same bytes."""
    (tmp_path / "partner.yaml").write_text('partner: p\nidentities:\n  - {id: BLUEBIRD}\nacknowledge: {"824": always}\n')
    known = catalog(tmp_path)
    first, second = ([answer.content for one in answered(x12(3, "1"), known) for answer in one.answers] for _ in range(2))
    assert first == second and len(first) == 2


def test_an_answer_shows_its_segments() -> None:
    """UNA's own characters are not read as released ones."""
    source = edifact(1).replace(b"UNB", b"UNA:+,? 'UNB", 1)
    (one,) = of(source)
    assert list(one.answers[0].lines())[:2] == ["UNA:+,? '", "UNB+UNOC:3+SOUTH:14+NORTH:14+261103:0930+1'"]


