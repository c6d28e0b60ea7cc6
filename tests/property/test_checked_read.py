"""Checking and mapping in one go gives what checking and mapping one after the other give: on samples, generated messages and
both with random changes."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import generate
from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.checking import checked_read
from edi_bridge.interchange import Message
from edi_bridge.mapping.reading import SegmentProgram

SAMPLES = Path(__file__).parents[2] / "samples"
KINDS = {"orders": generate.orders_d96a, "invoic": generate.invoic_d96a, "850": generate.x12_850, "810": generate.x12_810}
CATALOG = Catalog()


def _read(content: bytes) -> list[Any]:
    return [message for interchange in syntax.read(io.BytesIO(content)) if interchange.standard in ("edifact", "x12")
            for message in interchange.messages]


def _mappable(messages: list[Message]) -> Iterator[Message]:
    return (one for one in messages if CATALOG.map_for(one.type, None) is not None and CATALOG.checker_for(one.type, None) is not None)


def _changed(message: Message, random_: random.Random, changes: int) -> Message:
    """The message with a few characters, values or segments changed."""
    delimiters = message.delimiters
    texts = message.text.split(delimiters.terminator)[:-1]
    pieces = [delimiters.element, delimiters.component, "0", "9", "A", "x", " ", ".", ",", "-", "\x01\x02", "20260229", "123456789012345678", "6", "ZZZ", "102"]
    for _ in range(changes):
        at = random_.randrange(1, len(texts) - 1)
        match random_.randrange(8):
            case 0:
                texts.insert(at, texts[random_.randrange(1, len(texts) - 1)])
            case 1:
                texts[at], texts[at - 1] = texts[at - 1], texts[at]
            case 2:
                del texts[at]
            case _:
                text = texts[at]
                place = random_.randint(min(4, len(text)), len(text))
                texts[at] = text[:place] + random_.choice(pieces) + text[place + random_.choice((0, 1, 1, 2)):]
        if len(texts) < 4:
            break
    text = delimiters.terminator.join(texts) + delimiters.terminator
    return Message(message.standard, message.type, message.ordinal, message.reference, text, delimiters,
                   raw=text.replace("\x01\x02", (delimiters.release or "") * 2).encode(message.encoding, "replace"), encoding=message.encoding, group=message.group)


def _same(message: Message) -> bool:
    """Whether both ways agree; True where something was found."""
    checker, compiled = CATALOG.checker_for(message.type, None), CATALOG.map_for(message.type, None)
    assert compiled is not None
    records, faults, more = checked_read(checker, compiled, message)
    apart = compiled.read(message)
    assert (records, more) == apart, message.text
    assert faults == checker.check(message), message.text
    return bool(faults)


def test_samples() -> None:
    seen = 0
    for path in sorted([*SAMPLES.glob("edifact/*/message.edi"), *SAMPLES.glob("x12/*/message.*")]):
        for message in _mappable(_read(path.read_bytes())):
            seen += 1
            _same(message)
            _same(message)
    assert seen > 40


@pytest.mark.parametrize("kind", KINDS)
def test_generated_messages_with_and_without_changes(kind: str) -> None:
    random_ = random.Random(kind)
    messages = _read(b"".join(KINDS[kind](20)))
    for message in messages:
        assert not _same(message)
    found = [_same(_changed(message, random_, random_.randint(1, 3))) for message in messages * 8]
    assert 20 < sum(found) < len(found), sum(found)
    reader = CATALOG.map_for(messages[0].type, None).reader  # type: ignore[union-attr]
    pieces = CATALOG.checker_for(messages[0].type, None).pieces
    in_one_go = sum(reader.read_good(message, pieces) is not None for message in messages)
    assert in_one_go > 10, "nothing was read in one go: nothing is proven"


@pytest.mark.parametrize("kind", KINDS)
def test_lines_with_findings_are_read_as_the_whole_message_would_be(kind: str) -> None:
    random_ = random.Random(kind)
    messages = _read(b"".join(KINDS[kind](20)))
    compiled = CATALOG.map_for(messages[0].type, None)
    assert compiled is not None
    program = compiled.reader
    whole = SegmentProgram(compiled.plan, compiled.structure)
    whole.by_lines = None
    by_lines = 0
    for message in messages * 8:
        changed = _changed(message, random_, random_.randint(1, 4))
        assert compiled.read(changed) == whole.read(changed), changed.text
        by_lines += program.by_lines.read(changed) is not None
    assert by_lines > len(messages), "nothing was read by lines: nothing is proven"
