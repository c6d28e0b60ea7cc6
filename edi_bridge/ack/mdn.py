"""MDN: what the receipt of an AS2 transfer says (RFC 8098, before it RFC 3798; RFC 4130 clause 7).

A multipart/report of type disposition-notification, perhaps inside a multipart/signed: words for people, then fields for
programs. `processed` is good, `processed/error`, `processed/failure` and `failed` are not, `processed/warning` (a duplicate)
is good with a note. The digest (Received-Content-MIC) is handed on as text: who sent the bytes compares it, and who
holds the certificates checks the signature; neither is done here.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Any

from edi_bridge.ack.statement import Answer, Complaint, Outcome, Statement, Subject
from edi_bridge.finding import found
from edi_bridge.interchange import Address

TYPE = "message/disposition-notification"
DISPOSITION = re.compile(r"\s*([\w-]+)/([\w-]+)\s*;\s*([\w-]+)\s*(?:/\s*([\w-]+)\s*)?(?::\s*(.*))?", re.DOTALL)
BAD = ("error", "failure")  # modifiers
BAD_TYPES = ("failed", "denied", "deleted")


def read(content: bytes, sender: str = "", receiver: str = "") -> Answer:
    """What a receipt says. `content` is the whole MIME entity with its header fields; AS2-From and AS2-To are taken from
    them where `sender` and `receiver` (of the receipt) are not given.

    Its subject has our transfer's Message-ID, without the angle brackets. What is no receipt gives an Answer without
    statements and with a finding.
    """
    entity = message_from_bytes(content, policy=policy.default)
    fields = _fields(entity)
    if fields is None:
        return Answer("MDN", (), (found("answer_malformed", note=f"MDN: there is no {TYPE} in it"),))
    findings = []
    transfer = str(fields.get("Original-Message-ID") or "").strip().strip("<>")
    if not transfer:
        findings.append(found("answer_malformed", note="MDN: Original-Message-ID is missing, so nothing says what it answers"))
    said = " ".join(str(fields.get("Disposition") or "").split())
    match = DISPOSITION.fullmatch(said)
    if not match:
        findings.append(
            found("answer_malformed", value=said, note="MDN: Disposition is not of the form mode; type/modifier: words")
        )
    kind, modifier, words = (match[3].lower(), (match[4] or "").lower(), match[5] or "") if match else ("", "", "")
    outcome = Outcome.RECEIVED
    complaints: list[Complaint] = []
    if modifier in BAD or kind in BAD_TYPES:
        outcome = Outcome.REJECTED
    if outcome is Outcome.REJECTED or modifier or not match:
        complaints += _complaints(fields, words, f"{kind}/{modifier}" if modifier else kind or "unreadable")
    mine = str(entity.get("AS2-To") or receiver).strip().strip('"')
    theirs = str(entity.get("AS2-From") or sender).strip().strip('"')
    subject = Subject("document", "as2", Address(mine), Address(theirs), transfer=transfer)
    digest = str(fields.get("Received-Content-MIC") or "").strip()
    statement = Statement("MDN", subject, outcome, tuple(complaints), Outcome.REJECTED if outcome is Outcome.REJECTED else None,
                          f"Disposition = {said}", digest=digest)
    reference = str(entity.get("Message-ID") or "").strip().strip("<>")
    return Answer("MDN", (statement,), tuple(findings), reference, _words(entity))


def _fields(entity: EmailMessage | Message) -> Any:
    """The fields for programs, wherever in the parts they stand."""
    for part in entity.walk():
        if part.get_content_type() != TYPE:
            continue
        held = part.get_payload()
        if isinstance(held, list) and held:
            return held[0]
        text = part.get_payload(decode=True) or b""
        return message_from_bytes(text if isinstance(text, bytes) else b"", policy=policy.default)
    return None


def _complaints(fields: Any, words: str, code: str) -> list[Complaint]:
    """The modifier's words and the Error, Failure and Warning fields (RFC 8098 3.2.7)."""
    texts = [
        words.strip(),
        *(str(value).strip() for name in ("Error", "Failure", "Warning") for value in fields.get_all(name) or ()),
    ]
    text = "; ".join(dict.fromkeys(filter(None, texts)))
    return [Complaint(code, "Disposition", text or code, f"MDN {code}", text=text)]


def _words(entity: EmailMessage | Message) -> str:
    """The part for people, on one line."""
    for part in entity.walk():
        if part.get_content_type() == "text/plain":
            held = part.get_payload(decode=True)
            text = held.decode(part.get_content_charset() or "ascii", "replace") if isinstance(held, bytes) else ""
            return " ".join(text.split())[:500]
    return ""
