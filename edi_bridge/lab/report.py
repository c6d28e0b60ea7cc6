"""What the network in a box reports, in four forms; each has a layout by which `network_report` reads it again.

TA3 as X12 004010 has it (elements TA301 to TA314; TA304 is UNB for an EDIFACT interchange), TA1 of X12.5; TA3 tells of delivery alone,
TA1 of being taken or refused alone, and only of X12. What a form cannot say is not reported in it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from edi_bridge.lab.wire import Piece
from edi_bridge.report_layout import Status

NETWORK = "EDIBRIDGELAB"  # the address under which the network itself writes, qualifier ZZ
WORDS = {Status.NETWORK: "RECEIVED", Status.ROUTED: "ROUTED", Status.MAILBOX: "DELIVERED", Status.PICKED_UP: "PICKED UP", Status.REFUSED: "REFUSED"}
SHORT = {Status.NETWORK: "RCV", Status.ROUTED: "RTD", Status.MAILBOX: "DLV", Status.PICKED_UP: "PUP", Status.REFUSED: "REF"}
ACTIONS = {Status.ROUTED: "TR", Status.MAILBOX: "DL", Status.PICKED_UP: "RT", Status.REFUSED: "RJ"}  # I40
START = {"x12": "ISA", "edifact": "UNB"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was refused: in words, as TA303 (data element I43) and as TA105 (I18)."""

    words: str = ""
    i43: str = "000"
    i18: str = "000"


REFUSALS = {
    "unreadable": Refusal("no interchange is in the file", "018", "024"),
    "sender": Refusal("the sender's address is not this mailbox's", "009", "006"),
    "receiver": Refusal("the receiver is not known in this network", "011", "009"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an interchange. `reference` is the network's own number, `name` the file it came in."""

    status: Status
    piece: Piece
    reference: str
    name: str
    at: datetime
    why: Refusal = Refusal()


@dataclass(frozen=True, slots=True)
class Form:
    """A form of reports: how its files are called, how it writes, and the layout (YAML, or the name of a ready one)."""

    suffix: str
    write: Callable[[Sequence[Event], int], bytes]
    layout: str


def _delimited(events: Sequence[Event], number: int) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("Status", "Control", "From Qual", "From", "To Qual", "To", "Date", "Time", "Reason", "Reference", "File"))
    for one in events:
        piece = one.piece
        writer.writerow((WORDS[one.status], piece.control, piece.sender.qualifier, piece.sender.id, piece.receiver.qualifier, piece.receiver.id,
                         f"{one.at:%Y-%m-%d}", f"{one.at:%H:%M:%S}", one.why.words, one.reference, one.name))
    return out.getvalue().encode("utf-8", "backslashreplace")


def _fixed(events: Sequence[Event], number: int) -> bytes:
    """Lines of 80 columns as from a card: H, the parties, before E, what became of one interchange."""
    lines = []
    for one in events:
        piece = one.piece
        lines.append(f"H{piece.sender.qualifier:4.4}{piece.sender.id:35.35}{piece.receiver.qualifier:4.4}{piece.receiver.id:35.35}")
        lines.append(f"E{SHORT[one.status]}{piece.control:14.14}{one.at:%y%m%d%H%M%S}{one.reference:8.8}{one.why.words:40.40}")
    return "".join(f"{_plain(line):80.80}\r\n" for line in lines).encode("ascii")


def _ta3(events: Sequence[Event], number: int) -> bytes:
    body = []
    for one in events:
        piece = one.piece
        if one.status in ACTIONS and piece.standard in START:
            body.append("*".join(("TA3", "ZZ", NETWORK, one.why.i43, START[piece.standard], piece.control or "0", piece.day or "0", piece.time or "0",
                                  piece.sender.qualifier or "ZZ", _cell(piece.sender.id), piece.receiver.qualifier or "ZZ", _cell(piece.receiver.id),
                                  ACTIONS[one.status], f"{one.at:%Y%m%d}", f"{one.at:%H%M}")) + "~")
    return _interchange(events[0], body, number)


def _ta1(events: Sequence[Event], number: int) -> bytes:
    codes = {Status.NETWORK: "A", Status.REFUSED: "R"}  # I17
    body = [f"TA1*{one.piece.control}*{one.piece.day}*{one.piece.time}*{codes[one.status]}*{one.why.i18}~"
            for one in events if one.status in codes and one.piece.standard == "x12"]
    return _interchange(events[0], body, number)


def _interchange(first: Event, body: Sequence[str], number: int) -> bytes:
    """Segments between ISA and IEA, from the network to who sent what is reported; nothing where there are none."""
    if not body:
        return b""
    to = first.piece.sender
    head = (f"ISA*00*{'':10}*00*{'':10}*ZZ*{NETWORK:15}*{to.qualifier or 'ZZ':2.2}*{_cell(to.id):15.15}*{first.at:%y%m%d}*{first.at:%H%M}"
            f"*U*00401*{number % 10**9:09}*0*P*>~")
    return "\r\n".join((head, *body, f"IEA*0*{number % 10**9:09}~")).encode("ascii", "replace") + b"\r\n"


def _cell(text: str) -> str:
    return "".join(sign for sign in _plain(text) if sign not in "*~>")


def _plain(text: str) -> str:
    return "".join(sign if " " <= sign <= "~" else "?" for sign in text)


FORMS = {
    "delimited": Form("csv", _delimited, """
form: delimited
encoding: utf-8
header: true
date: YYYY-MM-DD
time: hh:mm:ss
lines:
  - columns: {status: Status, control: Control, sender_qualifier: From Qual, sender: From, receiver_qualifier: To Qual,
      receiver: To, date: Date, time: Time, text: Reason, reference: Reference, name: File}
statuses: {RECEIVED: network, ROUTED: routed, DELIVERED: mailbox, PICKED UP: picked_up, REFUSED: refused}
"""),
    "fixed": Form("txt", _fixed, """
form: fixed
date: YYMMDD
time: hhmmss
lines:
  - {when: {1 1: H}, is: heading, columns: {sender_qualifier: 2 4, sender: 6 35, receiver_qualifier: 41 4, receiver: 45 35}}
  - {when: {1 1: E}, columns: {status: 2 3, control: 5 14, date: 19 6, time: 25 6, reference: 31 8, text: 39 40}}
statuses: {RCV: network, RTD: routed, DLV: mailbox, PUP: picked_up, REF: refused}
"""),
    "ta3": Form("ta3", _ta3, "ta3"),
    "ta1": Form("ta1", _ta1, "ta1"),
}
