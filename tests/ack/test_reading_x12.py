"""997, 999, TA1 and 824 that come in: what each says, written out by hand from the standard's text (X12.20, X12.61, X12.5,
X12.44), and what real ones do wrong."""

from __future__ import annotations

import pytest

from edi_bridge import explaining, syntax
from edi_bridge.ack import reading
from edi_bridge.ack.statement import Answer, Outcome, Words, no_words
from edi_bridge.catalog import Catalog
from edi_bridge.interchange import ANSWERS

WORDS = explaining.code_words(Catalog().guide)
ISA = "ISA*00*          *00*          *ZZ*THEM           *01*US             *261121*1030*{repeat}*{version}*000000009*0*P*>~"
GS = "GS*FA*THEM*US*20261121*1030*9*X*{release}~"


def interchange(*segments: str, release: str = "004010", name: str = "997", ta1: str = "") -> bytes:
    """An interchange with one message, its counts right."""
    version, repeat = ("00401", "U") if release < "005" else ("00501", "^")
    body = "".join(segment + "~" for segment in segments)
    message = f"ST*{name}*0001~{body}SE*{len(segments) + 2}*0001~" if segments else ""
    group = GS.format(release=release) + message + "GE*1*9~" if segments else ""
    return (ISA.format(version=version, repeat=repeat) + ta1 + group + f"IEA*{1 if segments else 0}*000000009~").encode()


def read(content: bytes, words: Words = no_words) -> Answer:
    (answer,) = [answer for one in syntax.read(content) for answer in reading.answers(one, words)]
    return answer


def test_a_997_names_group_set_segment_and_element() -> None:
    answer = read(
        interchange("AK1*IN*1204", "AK2*810*0001", "AK3*IT1*7*IT1*8", "AK4*2*358*6*12,5", "AK5*R*5", "AK9*R*1*1*0"), WORDS
    )
    group, message = answer.statements
    assert (group.subject.level, group.subject.group, group.subject.kind, group.outcome) == (
        "group",
        "1204",
        "IN",
        Outcome.REJECTED,
    )
    assert (str(group.subject.sender), str(group.subject.receiver)) == ("01:US", "ZZ:THEM")
    assert (message.subject.message, message.subject.type, message.outcome, message.code) == (
        "0001",
        "810",
        Outcome.REJECTED,
        "AK501 = R",
    )
    element, whole = message.complaints
    place = element.position
    assert (place.segment, place.tag, place.element, place.component, place.id, place.path) == (7, "IT1", 2, None, "358", "IT1")
    assert (element.code, element.element, element.value, element.said) == ("6", "723", "12,5", "997 AK403 = 6")
    assert element.words == "invalid character"
    assert (whole.element, whole.code, whole.position.segment) == ("718", "5", None)
    assert answer.findings == ()


def test_the_segment_s_own_code_8_gives_way_to_its_elements() -> None:
    """720 = 8 says only that elements follow; without them it stays."""
    rest = ("AK5*R*5", "AK9*R*1*1*0")
    with_elements = read(
        interchange("AK1*IN*1", "AK2*810*0001", "AK3*REF*5**8", "AK4*1*128*7*ZZ", "AK4*2*127*1", *rest)
    ).statements[1]
    assert [(one.element, one.code) for one in with_elements.complaints] == [("723", "7"), ("723", "1"), ("718", "5")]
    assert [one.missing for one in with_elements.complaints] == [False, True, False]
    alone = read(interchange("AK1*IN*1", "AK2*810*0001", "AK3*REF*5**8", *rest)).statements[1]
    assert [(one.element, one.code, one.position.segment) for one in alone.complaints] == [("720", "8", 5), ("718", "5", None)]


def test_a_missing_segment_is_placed_where_it_should_have_stood() -> None:
    message = read(interchange("AK1*IN*1", "AK2*810*0001", "AK3*ITD*4**3", "AK5*R*5", "AK9*R*1*1*0")).statements[1]
    complaint = message.complaints[0]
    assert (complaint.position.segment, complaint.position.tag, complaint.missing, complaint.element) == (4, "ITD", True, "720")


def test_a_999_has_its_own_lists_components_repetitions_and_contexts() -> None:
    answer = read(
        interchange(
            "AK1*PO*17*005010",
            "AK2*850*0001",
            "IK3*PO1*9**8",
            "CTX*PO102:20",
            "IK4*2>1>3*330*I6*9",
            "IK3*DTM*4**I8",
            "CTX*SITUATIONAL TRIGGER",
            "IK5*R*5",
            "AK2*850*0002",
            "IK5*A",
            "AK9*P*2*2*1",
            release="005010",
            name="999",
        ),
        WORDS,
    )
    group, first, second = answer.statements
    assert (answer.name, group.outcome, first.outcome, second.outcome) == (
        "999",
        Outcome.PARTIALLY,
        Outcome.REJECTED,
        Outcome.ACCEPTED,
    )
    element, segment, whole = first.complaints
    assert (element.position.element, element.position.component, element.position.repetition, element.element) == (
        2,
        1,
        3,
        "621",
    )
    assert (element.text, element.words) == ("PO102:20", "code that the guide does not allow")
    assert (segment.missing, segment.element, segment.text) == (True, "620", "SITUATIONAL TRIGGER")
    assert whole.words == "segments in error"
    assert answer.findings == ()


@pytest.mark.parametrize(("ak9", "outcome", "below"), [
    ("AK9*A*3*3*3", Outcome.ACCEPTED, Outcome.ACCEPTED),
    ("AK9*E*3*3*3", Outcome.WITH_ERRORS, Outcome.ACCEPTED),
    ("AK9*R*3*3*0*1", Outcome.REJECTED, Outcome.REJECTED),
    ("AK9*X*3*3*0", Outcome.REJECTED, Outcome.REJECTED),
])
def test_ak9_alone_speaks_for_all_its_sets(ak9: str, outcome: Outcome, below: Outcome) -> None:
    """Many send no AK2 where nothing is wrong; AK2 is optional in the standard."""
    answer = read(interchange("AK1*IN*1204", ak9))
    (group,) = answer.statements
    assert (group.outcome, group.below, answer.findings) == (outcome, below, ())


@pytest.mark.parametrize(
    ("segments", "kind", "words"),
    [
        (
            ("AK1*IN*1", "AK2*810*1", "AK5*A", "AK2*810*2", "AK5*R*5", "AK9*P*2*2*2"),
            "answer_contradicts_itself",
            "AK904 counts 2 accepted, but 1 AK5",
        ),
        (
            ("AK1*IN*1", "AK2*810*1", "AK5*R*5", "AK9*A*1*1*0"),
            "answer_contradicts_itself",
            "AK901 = A, but 1 of its sets are rejected",
        ),
        (
            ("AK1*IN*1", "AK2*810*1", "AK5*A", "AK9*R*1*1*1"),
            "answer_contradicts_itself",
            "AK901 = R, but 1 of its sets are accepted",
        ),
        (("AK1*IN*1", "AK9*P*2*1*2"), "answer_contradicts_itself", "AK904 counts 2 accepted, AK903 only 1"),
        (("AK1*IN*1", "AK2*810*1", "AK5*A", "AK2*810*2", "AK5*A", "AK9*A*1*1*1"), "answer_contradicts_itself", "but 2 are named"),
        (("AK1*IN*1", "AK2*810*1", "AK3*REF*3**5", "AK5*A", "AK9*A*1*1*1"), "answer_contradicts_itself", "errors are named"),
        (("AK1*IN*1", "AK2*810*1", "AK9*A*1*1*1"), "answer_malformed", "set 1 has no AK5"),
        (("AK1*IN*1", "AK2*810*1", "AK5*A"), "answer_malformed", "(AK9)"),
        (("AK9*A*1*1*1",), "answer_malformed", "(AK1)"),
        (("AK1*IN*1", "AK3*REF*3**5", "AK9*A*1*1*1"), "answer_malformed", "AK3 stands outside of any AK2"),
        (("AK1*IN*1", "AK2*810*1", "AK5*Q", "AK9*A*1*1*1"), "answer_malformed", "AK501 'Q'"),
        (("AK1*IN*1", "AK9*Z*1*1*1"), "answer_malformed", "AK901 'Z'"),
    ],
)
def test_what_is_odd_about_an_answer_is_a_finding(segments: tuple[str, ...], kind: str, words: str) -> None:
    answer = read(interchange(*segments))
    assert [(one.kind, words in one.note) for one in answer.findings if words in one.note] == [(kind, True)]


def test_an_answer_that_contradicts_itself_is_still_understood() -> None:
    """AK501 = A with errors is accepted with errors; a set without AK5 follows its group."""
    errors = read(interchange("AK1*IN*1", "AK2*810*1", "AK3*REF*3**5", "AK5*A", "AK9*A*1*1*1"))
    assert errors.statements[1].outcome is Outcome.WITH_ERRORS
    silent = read(interchange("AK1*IN*1", "AK2*810*1", "AK9*R*1*1*0"))
    assert silent.statements[1].outcome is Outcome.REJECTED
    partly = read(interchange("AK1*IN*1", "AK2*810*1", "AK3*REF*3**5", "AK2*810*2", "AK9*P*2*2*1"))
    assert [one.outcome for one in partly.statements[1:]] == [Outcome.REJECTED, Outcome.ACCEPTED]


@pytest.mark.parametrize(("ta1", "outcome", "below", "code"), [
    ("TA1*000001204*261121*1000*A*000~", Outcome.RECEIVED, None, None),
    ("TA1*000001204*261121*1000*E*021~", Outcome.RECEIVED, None, "021"),
    ("TA1*000001204*261121*1000*R*001~", Outcome.REJECTED, Outcome.REJECTED, "001"),
])
def test_a_ta1_speaks_of_the_envelope_alone(ta1: str, outcome: Outcome, below: Outcome | None, code: str | None) -> None:
    answer = read(interchange(ta1=ta1), WORDS)
    (statement,) = answer.statements
    assert (statement.subject.level, statement.subject.interchange, statement.outcome, statement.below) == (
        "interchange",
        "000001204",
        outcome,
        below,
    )
    assert [one.code for one in statement.complaints] == ([code] if code else [])
    if code == "001":
        assert statement.complaints[0].words == "control numbers of ISA and IEA differ"


def test_an_824_names_the_document_and_where_its_faults_are() -> None:
    answer = read(
        interchange(
            "BGN*00*A-1*20261121",
            "OTI*TR*IV*4711*US*THEM*20261120*1030*1204*0001*810*004010",
            "TED*024*Unknown item*IT1*7*7*234*A-99",
            "NTE*ERR*Call purchasing",
            "OTI*TA*IV*4712*****0002*810",
            name="824",
        ),
        WORDS,
    )
    first, second = answer.statements
    subject = first.subject
    assert (subject.level, subject.document, subject.group, subject.message, subject.type) == (
        "document",
        "4711",
        "1204",
        "0001",
        "810",
    )
    assert (first.outcome, second.outcome, second.subject.document) == (Outcome.REJECTED, Outcome.ACCEPTED, "4712")
    (complaint,) = first.complaints
    place = complaint.position
    assert (place.segment, place.tag, place.element, place.id) == (7, "IT1", 7, "234")
    assert (complaint.text, complaint.value, complaint.said) == ("Unknown item Call purchasing", "A-99", "824 TED01 = 024")


def test_a_message_that_is_no_answer_is_passed_over() -> None:
    content = interchange("BEG*00*SA*1**20261121", name="850")
    assert [answer for one in syntax.read(content) for answer in reading.answers(one)] == []


def test_every_answer_made_of_segments_has_a_reader() -> None:
    assert set(reading.READERS) == {one for one in ANSWERS if one[0] != "xml"}


def test_codes_have_the_words_of_their_release() -> None:
    """723 = 12 and 13 came with 005010; 4 and 5 of the 999's lists are those of the 997's."""
    assert WORDS("x12/005010", "723", "12") and not WORDS("x12/004010", "723", "99")
    assert WORDS("x12/004010", "621", "I10") == WORDS("x12/005010", "621", "I10") != ""
    assert WORDS("edifact/D3", "0085", "12") == WORDS("edifact/41", "0085", "12") == "Invalid value"
