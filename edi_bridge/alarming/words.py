"""What people are told of alarms: a mail of plain text, a JSON body. What partners wrote stays on its line and out of headers."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from edi_bridge.alarming.declared import Mail
from edi_bridge.finding import visible
from edi_bridge.store.alarm import KINDS, Alarm

SUBJECT = 120  # characters
SENTENCE = 1000


def mail(said: Mail, alarms: Sequence[Alarm], home: str) -> EmailMessage:
    """One mail about all of `alarms`. `home` says which installation it is."""
    made = EmailMessage()
    made["From"] = Address(addr_spec=said.sender)
    made["To"] = tuple(Address(addr_spec=one) for one in said.to)
    first = visible(alarms[0].sentence)
    title = f"edi-bridge: {first}" if len(alarms) == 1 else f"edi-bridge: {len(alarms)} alarms: {first}"
    made["Subject"] = title if len(title) <= SUBJECT else title[: SUBJECT - 1] + "…"
    made["Message-ID"] = f"<{name(alarms, home)}@{said.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers it
    made.set_content("\n".join(line for one in alarms for line in _lines(one)) + f"\nHome: {visible(home)}\nAll that is open: edi-bridge alarm list\n",
                     cte="quoted-printable")
    return made


def name(alarms: Sequence[Alarm], home: str) -> str:
    """A name for this telling: the same alarms have the same again."""
    text = json.dumps([home, [[one.id, one.raised_at] for one in alarms]])
    return f"alarm-{alarms[0].id}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _lines(one: Alarm) -> list[str]:
    over = f", over since {one.cleared_at[:19].replace('T', ' ')}" if one.cleared_at else ""
    return [visible(one.sentence)[:SENTENCE], f"  {KINDS.get(one.kind, one.kind)} ({one.kind})",
            f"  alarm {one.id}, since {one.raised_at[:19].replace('T', ' ')} UTC{over}", ""]


def body(one: Alarm, home: str) -> bytes:
    """An alarm as JSON."""
    said: dict[str, Any] = {"alarm": one.id, "kind": one.kind, "meaning": KINDS.get(one.kind, ""), "subject": visible(one.subject),
                            "sentence": visible(one.sentence), "raised_at": one.raised_at, "cleared_at": one.cleared_at, "home": home}
    return json.dumps(said, ensure_ascii=False).encode()


def signed(secret: str, timestamp: str, content: bytes) -> dict[str, str]:
    """The headers of a body: HMAC-SHA256 (RFC 2104) over the time (seconds since 1970), a dot and the body, so that an old one
    cannot be sent again by somebody else."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + content, hashlib.sha256).hexdigest()
    return {"X-Edi-Bridge-Timestamp": timestamp, "X-Edi-Bridge-Signature": f"sha256={digest}"}
