"""APERAK and 824 segment by segment, against expectations written by hand from UN/EDIFACT D.96A, D.01B and X12.44."""

from __future__ import annotations

from edi_bridge import syntax
from edi_bridge.ack import aperak, x824
from edi_bridge.ack.subject import document, plain
from edi_bridge.finding import Finding, Verdict
from edi_bridge.interchange import Delimiters, Interchange, Message, Position

ORDERS = ("UNB+{charset}+NORTH:1+SOUTH:ZZZ+261102:0815+417'UNH+M1+ORDERS:D:{release}:UN'BGM+220+47?+11+9'LIN+1++9521200002119:EN'QTY+21:48'"
          "UNT+5+M1'UNZ+1+417'")
SET = ("ISA*00*          *00*          *ZZ*BLUEBIRD       *01*315369934      *261102*0815*U*00401*000000418*0*P*>~"
       "GS*IN*BLUEBIRD*315369934*20261102*0815*7*X*004010~ST*810*0001~BIG*20261102*R-77~SE*3*0001~GE*1*7~IEA*1*000000418~")
PLACE = Position(message=1, segment=4, tag="QTY", element=1, component=2, path="SG25/QTY/C186.6060")


def read(text: str) -> tuple[Interchange, Message]:
    """An interchange of one message."""
    interchange = next(syntax.read(text.encode()))
    message = next(interchange.messages)
    assert isinstance(message, Message)
    return interchange, message


def of(release: str, charset: str, *findings: Finding, verdict: Verdict = Verdict.REJECTED) -> list[str]:
    """The body of the APERAK to an order."""
    interchange, message = read(ORDERS.format(release=release, charset=charset))
    return aperak.body(message, document(message), findings, verdict, interchange, "417-1", "2026-11-03T09:30")


def test_aperak_d96a_in_capitals_with_its_references() -> None:
    assert of("96A", "UNOA:3", Finding("unmapped_code", PLACE, "x_5", "the code x_5 is not in the table: ask us")) == [
        "BGM++417-1+9+RE", "DTM+137:202611030930:203", "RFF+ACE:47?+11", "RFF+ACW:M1", "RFF+AGO:417", "NAD+MS+SOUTH::ZZZ", "NAD+MR+NORTH::16",
        "ERC+UNKNOWN:ZZZ", "FTX+AAO+++THE CODE X 5 IS NOT IN THE TABLE?: ASK US", "RFF+ACW:M1:4",
        "FTX+AAI+++SEGMENT 4 QTY ELEMENT 1.2 (SG25/QTY/C186.6060), X 5"]


def test_aperak_d01b_names_its_kind() -> None:
    assert of("01B", "UNOC:3", Finding("required_missing", Position(message=1, segment=1), note="the buyer is missing"))[0] == "BGM+313+417-1+9+RE"
    assert of("01B", "UNOC:3", verdict=Verdict.ACCEPTED)[0] == "BGM+312+417-1+9+AP"
    assert of("20B", "UNOC:3", verdict=Verdict.WITH_ERRORS)[0] == "BGM+313+417-1+9+AP"


def test_a_long_text_stands_in_five_lines_of_seventy_at_most() -> None:
    (line,) = [line for line in of("96A", "UNOC:3", Finding("required_missing", note="word " * 200)) if line.startswith("FTX")]
    parts = line.removeprefix("FTX+AAO+++").split(":")
    assert len(parts) == 5 and all(len(part) <= 70 for part in parts)


def test_no_more_errors_than_the_message_may_have() -> None:
    made = of("96A", "UNOC:3", *[Finding("required_missing")] * 1200)
    assert sum(line.startswith("ERC") for line in made) == 999


def test_824_names_the_document_its_set_and_what_is_wrong() -> None:
    interchange, message = read(SET)
    place = Position(message=1, segment=2, tag="BIG", element=2, id="76")
    made = x824.detail(message, document(message), [Finding("unmapped_code", place, "R-77", "the number R-77 is known * to us")], Verdict.REJECTED, interchange)
    assert made == ["OTI*TR*IV*R-77*BLUEBIRD*315369934*20261102*0815*7*0001*810*004010",
                    "TED*024*the number R-77 is known to us*BIG*2*2*76*R-77"]


def test_a_document_without_a_number_goes_by_its_set() -> None:
    interchange, message = read(SET.replace("BIG*20261102*R-77", "BIG*20261102*"))
    assert x824.detail(message, document(message), [], Verdict.ACCEPTED, interchange)[0].startswith("OTI*TA*TN*0001*")


def test_words_are_made_fit_for_the_other_side() -> None:
    assert plain("naïve › “5”…", Delimiters()) == 'naive > "5"...'
    assert plain("日本", Delimiters(), level="UNOA") == ""
    assert plain("a*b~c", Delimiters("*", ">", "~", "", "")) == "a b c"
    assert plain("Größe: 5 m", Delimiters(), level="UNOA") == "GROSSE: 5 M"
