"""A small file that is read once into memory goes both passes as if it were read for each: whole samples, faulty ones, any cut of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge import pipeline
from tests.sample_cases import SAMPLES, catalog

FILES = sorted(path for path in SAMPLES.glob("**/message.*") if path.suffix not in (".xml", ".csv") and path.stat().st_size < 65_536)
SEGMENTS = [path for path in FILES if pipeline.held(path.read_bytes(), catalog()) is not None]


def told(source: Any) -> tuple[list[Any], list[Any]]:
    """What both passes tell of a source (that can be gone through twice)."""
    scanned = [(one.interchange.ordinal, one.interchange.control, one.partner, one.findings, one.verdict, one.messages)
               for one in pipeline.scan(source, catalog())]
    walked = []
    for one in pipeline.inbound(source, catalog()):
        at, message = one.interchange, one.message
        walked.append((at.ordinal, at.groups, at.group_trailers, at.strays, one.records, one.findings, one.verdict, one.partner, one.map, one.guide,
                       message and (message.ordinal, message.reference, message.type, message.raw, message.offset)))
    return scanned, walked


def same(content: bytes) -> bool:
    """Whether the two ways tell the same; True where the file cannot be held."""
    held = pipeline.held(content, catalog())
    return held is None or told(held) == told(content)


@pytest.mark.parametrize("path", SEGMENTS, ids=lambda path: str(path.relative_to(SAMPLES).parent))
def test_samples(path: Path) -> None:
    assert same(path.read_bytes())


def test_there_are_samples_with_findings_in_messages_and_without() -> None:
    assert len(SEGMENTS) > 30
    marked = [[one for _, _, _, _, _, messages in told(path.read_bytes())[0] for *_, findings in messages for one in findings] for path in SEGMENTS]
    assert any(marked) and not all(marked)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.data())
def test_broken_files(data: st.DataObject) -> None:
    """Two samples, one of them cut anywhere and with a piece missing, in one file."""
    first, second = (data.draw(st.sampled_from(SEGMENTS)).read_bytes()[:8_000] for _ in range(2))
    cut = data.draw(st.integers(0, len(first)))
    gone = data.draw(st.integers(0, 60))
    assert same(first[:cut] + first[cut + gone:] + second)


def test_what_is_no_file_of_segments_is_not_held() -> None:
    xml = next(iter(sorted(SAMPLES.glob("**/message.xml"))))
    assert pipeline.held(xml.read_bytes(), catalog()) is None
    assert pipeline.held(b"", catalog()) is None
