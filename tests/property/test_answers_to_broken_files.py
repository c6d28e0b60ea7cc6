"""Whatever comes, the answers to it are legal or there are none: samples with random bytes changed, removed, put in, doubled."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge import answering, pipeline, syntax
from edi_bridge.catalog import Catalog
from edi_bridge.fault import ConfigFault
from edi_bridge.guide.check import Checker
from edi_bridge.interchange import Message
from edi_bridge.partner import Partner
from edi_bridge.pipeline import MessageOutcome
from tests.ack.answer_cases import CASES, PREPARED
from tests.ack.test_codes import EVERYTHING, Known

KNOWN = Catalog()
SOURCES = [(case / "message.edi").read_bytes() for case in CASES]
SIGNS = st.sampled_from(b"+:'?*~>|^ \n\r\t\x00\x1d0AZ\xff\xe4\xc3\xa4")
# what is copied as it came may be so: outside the declared set, of a version that we do not know, a number that is too short
AS_COPIED = {"character_outside_set", "character_set_unsupported", "wrong_charset", "syntax_unsupported"}


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A sample with up to six places changed, half of them in the header."""
    content = bytearray(draw(st.sampled_from(SOURCES)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, (len(content) if draw(st.booleans()) else min(len(content), 220)) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                content[at] = draw(SIGNS)
            case 1:
                del content[at:at + draw(st.integers(1, 12))]
            case 2:
                content[at:at] = bytes(draw(st.lists(SIGNS, min_size=1, max_size=20)))
            case _:
                start = draw(st.integers(0, len(content) - 1))
                content[at:at] = content[start:start + draw(st.integers(1, 60))]
        if not content:
            break
    return bytes(content)


def faults(answer: answering.Answer) -> Iterator[str]:
    """What our own reader and check find in an answer."""
    for interchange in syntax.read(answer.content):
        for message in interchange.messages:
            assert isinstance(message, Message)
            try:
                guide = KNOWN.guide(str(message.type))
            except ConfigFault:
                continue  # a release that we do not ship
            assert guide is not None
            yield from (one.sentence() for one in Checker(guide).check(message) if (one.kind, one.position.tag) != ("too_short", "AK2"))
        yield from (one.sentence() for one in interchange.findings if one.kind not in AS_COPIED)


@settings(max_examples=120, deadline=None)
@given(content=broken(), newer=st.booleans())
def test_an_answer_is_legal_or_there_is_none(content: bytes, newer: bool) -> None:
    agreed = {**EVERYTHING, "receipt": "always", **({"997": "never", "999": "always"} if newer else {})}

    def outcomes() -> Iterator[MessageOutcome]:
        for outcome in pipeline.inbound(content, KNOWN, step=pipeline.check):
            yield replace(outcome, partner="p")

    numbers = itertools.count(1)
    for one in answering.answers(outcomes(), Known(Partner("p", acknowledge=agreed)), draw=lambda _: next(numbers), prepared=PREPARED):
        for answer in one.answers:
            assert list(faults(answer)) == [], answer.content
