"""CONTRL and APERAK that come in, written out by hand from ISO 9735-4 and the messages of D.96A and D.01B."""

from __future__ import annotations

import pytest

from edi_bridge import explaining, syntax
from edi_bridge.ack import reading
from edi_bridge.ack.statement import Answer, Outcome
from edi_bridge.catalog import Catalog

WORDS = explaining.code_words(Catalog().guide)


def interchange(*segments: str, name: str = "CONTRL:D:3:UN", level: str = "UNOC:3") -> bytes:
    body = "".join(segment + "'" for segment in segments)
    return f"UNB+{level}+THEM:14+US:14+261121:1030+9'UNH+1+{name}'{body}UNT+{len(segments) + 2}+1'UNZ+1+9'".encode("latin-1")


def read(content: bytes) -> Answer:
    (answer,) = [answer for one in syntax.read(content) for answer in reading.answers(one, WORDS)]
    return answer


def test_a_contrl_names_interchange_message_segment_and_element() -> None:
    """0096 counts from UNH = 1; 0098 counts the tag as 1, so QTY's composite is 2; 0104 counts components from 1."""
    answer = read(interchange("UCI+417+US:14+THEM:14+7", "UCM+1+ORDERS:D:96A:UN+4", "UCS+11", "UCD+37+2:2", "UCS+14+15"))
    outer, message = answer.statements
    assert (outer.subject.interchange, str(outer.subject.sender), str(outer.subject.receiver)) == ("417", "14:US", "14:THEM")
    assert (outer.outcome, outer.below) == (Outcome.PARTIALLY, Outcome.ACCEPTED)
    assert (message.subject.message, message.subject.type, message.outcome) == ("1", "ORDERS:D:96A:UN", Outcome.REJECTED)
    element, segment = message.complaints
    assert (element.position.segment, element.position.element, element.position.component) == (11, 1, 2)
    assert (element.code, element.words, element.said) == ("37", "Wrong type of characters", "CONTRL UCD 0085 = 37")
    assert (segment.position.segment, segment.position.element, segment.code) == (14, None, "15")
    assert answer.findings == ()


def test_something_missing_stands_behind_the_segment_that_is_named() -> None:
    """0096 of a missing segment is the last one before; a missing element is in the segment itself."""
    message = read(interchange("UCI+417+US+THEM+7", "UCM+1+ORDERS:D:96A:UN+4", "UCS+3+13", "UCS+9", "UCD+13+2:1")).statements[1]
    segment, element = message.complaints
    assert (segment.position.segment, segment.missing) == (4, True)
    assert (element.position.segment, element.position.element, element.position.component, element.missing) == (9, 1, 1, True)


@pytest.mark.parametrize(
    ("action", "outcome", "below"),
    [
        ("1", Outcome.ACCEPTED, Outcome.ACCEPTED),
        ("2", Outcome.WITH_ERRORS, Outcome.ACCEPTED),
        ("4", Outcome.REJECTED, Outcome.REJECTED),
        ("7", Outcome.ACCEPTED, Outcome.ACCEPTED),
        ("8", Outcome.RECEIVED, None),
    ],
)
def test_what_0083_says(action: str, outcome: Outcome, below: Outcome | None) -> None:
    (statement,) = read(interchange(f"UCI+417+US:14+THEM:14+{action}")).statements
    assert (statement.outcome, statement.below) == (outcome, below)


def test_an_error_of_the_envelope_names_the_service_segment() -> None:
    (statement,) = read(interchange("UCI+417+US:14+THEM:14+4+23+UNB+3:1")).statements
    (complaint,) = statement.complaints
    assert (complaint.position.tag, complaint.position.element, complaint.position.component) == ("UNB", 2, 1)
    assert complaint.words == "Unknown sender"


def test_groups_stand_between_interchange_and_messages() -> None:
    answer = read(
        interchange(
            "UCI+417+US:14+THEM:14+7",
            "UCF+G1+US+THEM+7",
            "UCM+1+ORDERS:D:96A:UN+7",
            "UCF+G2+US+THEM+4+29+UNE+2",
            "UCM+2+INVOIC:D:96A:UN+4",
        )
    )
    outer, first, ordered, second, invoiced = answer.statements
    assert [one.subject.level for one in answer.statements] == ["interchange", "group", "message", "group", "message"]
    assert (outer.outcome, first.outcome, second.outcome) == (Outcome.PARTIALLY, Outcome.ACCEPTED, Outcome.REJECTED)
    assert (ordered.subject.group, invoiced.subject.group) == ("G1", "G2")
    assert second.complaints[0].position.tag == "UNE"


def test_syntax_4_has_the_occurrence_of_a_repeated_element() -> None:
    answer = read(
        interchange(
            "UCI+417+US:14+THEM:14+7", "UCM+1+ORDERS:D:01B:UN+4", "UCS+5", "UCD+39+3:1:2", name="CONTRL:4:1:UN", level="UNOC:4"
        )
    )
    place = answer.statements[1].complaints[0].position
    assert (place.segment, place.element, place.component, place.repetition) == (5, 2, 1, 2)


def test_acknowledged_with_errors_is_tolerated_and_said() -> None:
    """ISO 9735-4 knows no acceptance with errors, so 7 and UCS contradict each other."""
    answer = read(interchange("UCI+417+US:14+THEM:14+7", "UCM+1+ORDERS:D:96A:UN+7", "UCS+6+16"))
    assert answer.statements[1].outcome is Outcome.WITH_ERRORS
    assert [one.kind for one in answer.findings] == ["answer_contradicts_itself"]


@pytest.mark.parametrize(("segments", "kind"), [
    (("UCM+1+ORDERS:D:96A:UN+4",), "answer_malformed"),  # no UCI
    (("UCI+417+US:14+THEM:14",), "answer_malformed"),  # no 0083
    (("UCI+417+US:14+THEM:14+7", "BGM+1"), "answer_malformed"),
    (("UCI+417+US:14+THEM:14+4", "UCM+1+ORDERS:D:96A:UN+7"), "answer_contradicts_itself"),
])
def test_what_is_odd_about_a_contrl_is_a_finding(segments: tuple[str, ...], kind: str) -> None:
    assert kind in [one.kind for one in read(interchange(*segments)).findings]


def test_a_network_s_own_words_are_kept() -> None:
    """Some explain themselves in FTX, which CONTRL does not have."""
    answer = read(interchange("UCI+417+US:14+THEM:14+4", "FTX+LOK+P00++Mailbox closed.:Call us."))
    assert answer.text == "Mailbox closed. Call us."
    assert answer.findings == ()


APERAK = ("BGM++AP-1+9+{response}", "DTM+137:202611211030:203", "RFF+ACE:4711", "RFF+ACW:1", "RFF+AGO:417")


def aperak(response: str, *errors: str, name: str = "APERAK:D:96A:UN") -> Answer:
    return read(interchange(*(segment.format(response=response) for segment in APERAK), *errors, name=name))


def test_an_aperak_names_document_message_and_errors() -> None:
    answer = aperak(
        "RE", "ERC+INVALID::ZZZ", "FTX+AAO+++Price differs from the order", "RFF+ACW:1:11", "FTX+AAI+++segment 11 PRI element 1.2"
    )
    (statement,) = answer.statements
    subject = statement.subject
    assert (subject.document, subject.message, subject.interchange, statement.outcome) == ("4711", "1", "417", Outcome.REJECTED)
    (complaint,) = statement.complaints
    assert (complaint.code, complaint.element, complaint.text) == ("INVALID", "9321", "Price differs from the order")
    place = complaint.position
    assert (place.segment, place.tag, place.element, place.component) == (11, "PRI", 1, 2)


@pytest.mark.parametrize(
    ("response", "errors", "outcome"),
    [
        ("AP", (), Outcome.ACCEPTED),
        ("AP", ("ERC+12",), Outcome.WITH_ERRORS),
        ("CA", (), Outcome.WITH_ERRORS),
        ("RE", (), Outcome.REJECTED),
        ("AB", (), Outcome.RECEIVED),
    ],
)
def test_what_4343_says(response: str, errors: tuple[str, ...], outcome: Outcome) -> None:
    assert aperak(response, *errors).statements[0].outcome is outcome


def test_an_aperak_without_a_response_is_a_rejection_when_it_has_errors() -> None:
    """The message's function (D.96A 1.2): it informs that a message was rejected, or acknowledges that it came."""
    refused, received = aperak("", "ERC+12"), aperak("")
    assert (refused.statements[0].outcome, received.statements[0].outcome) == (Outcome.REJECTED, Outcome.RECEIVED)
    assert [one.kind for one in (*refused.findings, *received.findings)] == ["answer_malformed"] * 2


def test_an_aperak_that_names_nothing_says_so() -> None:
    answer = read(interchange("BGM++AP-1+9+RE", name="APERAK:D:96A:UN"))
    assert [one.note for one in answer.findings] == ["APERAK: it names nothing that it answers (RFF)"]
