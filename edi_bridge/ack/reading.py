"""The answers that come in, as statements about what we sent: CONTRL, TA1, 997, 999, APERAK and 824.

Pure: a message (or a TA1 between messages) and its interchange come in, an `Answer` goes out. Real answers break their own
rules; what they mean is read all the same, and what is odd about them are findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from edi_bridge.ack.read_edifact import aperak, contrl
from edi_bridge.ack.read_x12 import acknowledgement, advice, ta1
from edi_bridge.ack.statement import Answer, Words, no_words
from edi_bridge.interchange import Interchange, Message, Stray

READERS: dict[tuple[str, str], Callable[[Message, Interchange, Words], Answer]] = {
    ("edifact", "CONTRL"): contrl,
    ("edifact", "APERAK"): aperak,
    ("x12", "997"): acknowledgement,
    ("x12", "999"): acknowledgement,
    ("x12", "824"): advice,
}


def read(message: Message, interchange: Interchange, words: Words = no_words) -> Answer:
    """What one message says. KeyError for a message that is no answer: ask its type's `is_answer` first."""
    return READERS[message.standard, message.type.name](message, interchange, words)


def strays(interchange: Interchange, words: Words = no_words) -> Iterator[Answer]:
    """The TA1s of an interchange whose messages were gone through (`Interchange.strays`)."""
    start = "TA1" + interchange.delimiters.element
    return (ta1(one, interchange, words) for one in interchange.strays if interchange.standard == "x12" and one.raw.startswith(start))


def answers(interchange: Interchange, words: Words = no_words) -> Iterator[Answer]:
    """Every answer of an interchange, in its order; other messages are passed over. Uses up its parts."""
    for part in interchange.parts:
        match part:
            case Message() if part.type.is_answer:
                yield read(part, interchange, words)
            case Stray() if interchange.standard == "x12" and part.raw.startswith("TA1" + interchange.delimiters.element):
                yield ta1(part, interchange, words)
