"""Receipts of AS2 transfers, written after RFC 8098 clause 3 and RFC 4130 clause 7."""

from __future__ import annotations

import pytest

from edi_bridge.ack import mdn
from edi_bridge.ack.statement import Outcome

HEAD = """AS2-From: "Bluebird Stores"
AS2-To: NORDWIND
Message-ID: <answer-1@bluebird.example>
"""
REPORT = """MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="part"

--part
Content-Type: text/plain; charset=us-ascii

The message {words}.

--part
Content-Type: message/disposition-notification

Reporting-UA: Example AS2
Original-Recipient: rfc822; BLUEBIRD
Final-Recipient: rfc822; BLUEBIRD
Original-Message-ID: <sent-1@nordwind.example>
Received-Content-MIC: 7v7F++fQaNB1sVLFtMRp+dF+eG4=, sha1
Disposition: {disposition}
{more}
--part--
"""


def receipt(disposition: str, more: str = "", words: str = "was processed") -> bytes:
    return (HEAD + REPORT.format(disposition=disposition, more=more, words=words)).replace("\n", "\r\n").encode()


def test_a_processed_receipt_names_transfer_and_digest() -> None:
    answer = mdn.read(receipt("automatic-action/MDN-sent-automatically; processed"))
    (statement,) = answer.statements
    subject = statement.subject
    assert (subject.transfer, str(subject.sender), str(subject.receiver)) == (
        "sent-1@nordwind.example",
        "NORDWIND",
        "Bluebird Stores",
    )
    assert (statement.outcome, statement.below, statement.complaints) == (Outcome.RECEIVED, None, ())
    assert statement.digest == "7v7F++fQaNB1sVLFtMRp+dF+eG4=, sha1"
    assert (answer.reference, answer.text, answer.findings) == ("answer-1@bluebird.example", "The message was processed.", ())


@pytest.mark.parametrize(
    ("disposition", "more", "outcome", "words"),
    [
        (
            "automatic-action/MDN-sent-automatically; processed/error: decryption-failed",
            "",
            Outcome.REJECTED,
            "decryption-failed",
        ),
        (
            "automatic-action/MDN-sent-automatically; processed/Error",
            "Error: insufficient-message-security\n",
            Outcome.REJECTED,
            "insufficient-message-security",
        ),
        (
            "automatic-action/MDN-sent-automatically; failed/Failure: unsupported format",
            "",
            Outcome.REJECTED,
            "unsupported format",
        ),
        ("automatic-action/MDN-sent-automatically;failed", "Failure: no mailbox\n", Outcome.REJECTED, "no mailbox"),
        (
            "automatic-action/MDN-sent-automatically; processed/warning: duplicate-document",
            "",
            Outcome.RECEIVED,
            "duplicate-document",
        ),
    ],
)
def test_what_a_disposition_says(disposition: str, more: str, outcome: Outcome, words: str) -> None:
    (statement,) = mdn.read(receipt(disposition, more)).statements
    assert statement.outcome is outcome
    assert [one.words for one in statement.complaints] == [words]
    assert statement.below is (Outcome.REJECTED if outcome is Outcome.REJECTED else None)


def test_a_signed_receipt_is_read_inside_its_signature() -> None:
    """RFC 1847: the first part of multipart/signed is what was signed."""
    inner = REPORT.format(disposition="automatic-action/MDN-sent-automatically; processed", more="", words="was processed")
    outer = (
        HEAD
        + 'MIME-Version: 1.0\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha1; boundary="outer"\n\n'
        + "--outer\n"
        + inner
        + "\n--outer\nContent-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\nMIIB\n--outer--\n"
    )
    (statement,) = mdn.read(outer.replace("\n", "\r\n").encode()).statements
    assert (statement.subject.transfer, statement.outcome) == ("sent-1@nordwind.example", Outcome.RECEIVED)


@pytest.mark.parametrize(("content", "words", "statements"), [
    (b"Content-Type: text/plain\r\n\r\nhello\r\n", "there is no message/disposition-notification", 0),
    (b"", "there is no message/disposition-notification", 0),
    (receipt("processed"), "Disposition is not of the form", 1),
    (receipt("a/b; processed").replace(b"Original-Message-ID", b"X-Id"), "Original-Message-ID is missing", 1),
])
def test_a_receipt_that_is_none_or_not_whole_is_a_finding(content: bytes, words: str, statements: int) -> None:
    answer = mdn.read(content)
    assert len(answer.statements) == statements
    assert [one.kind for one in answer.findings if words in one.note] == ["answer_malformed"]


@pytest.mark.parametrize("cut", range(0, 900, 37))
def test_any_cut_of_a_receipt_is_read_without_an_exception(cut: int) -> None:
    mdn.read(receipt("automatic-action/MDN-sent-automatically; processed/error: x")[:cut])
