"""What the shipped X12 maps write is X12 that others read: pyx12's reader as the judge of counts and form."""

from __future__ import annotations

import io

import pytest
import pyx12.x12file

from edi_bridge import syntax
from edi_bridge.finding import Verdict
from edi_bridge.interchange import Address, Delimiters, Message
from edi_bridge.syntax import x12
from tests import sample_cases
from tests.sample_cases import Case

CASES = [case for case in sample_cases.cases() if case.name.startswith("x12/")]
ENVELOPES = {"004010": "00401", "005010": "00501"}


def written(case: Case) -> tuple[bytes, int]:
    """All messages of a sample, written from their records into a new interchange; and how many segments there are."""
    bodies = []
    version = ""
    delimiters = Delimiters()
    for outcome in sample_cases.read(case).outcomes:
        if not isinstance(outcome.message, Message) or not outcome.records or outcome.verdict is Verdict.REJECTED:
            continue
        message = outcome.message
        version, delimiters = message.type.version, message.delimiters
        segments, findings = sample_cases.catalog().map_named(outcome.map).write(outcome.records, delimiters, "ascii")
        assert findings == []
        bodies.append((message.type, f"{len(bodies) + 1:04}", segments))
    assert bodies
    interchange = x12.build(
        sender=Address("NORDWINDUS", "ZZ"), receiver=Address("PARTNER", "ZZ"), control="7", prepared="2026-11-21T10:30",
        groups=[(x12.FUNCTIONAL[bodies[0][0].name], "NORDWINDUS", "PARTNER", "7", version, bodies)], version=ENVELOPES[version],
        delimiters=delimiters)
    return syntax.write(interchange), sum(len(segments) + 2 for _, _, segments in bodies) + 4


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pyx12_reads_what_the_map_writes(case: Case) -> None:
    content, count = written(case)
    reader = pyx12.x12file.X12Reader(io.StringIO(content.decode("ascii")))
    segments = list(reader)
    reader.cleanup()
    assert reader.pop_errors() == []
    assert len(segments) == count
    assert not any(segment.is_empty() or not segment.is_seg_id_valid() for segment in segments)


def test_every_x12_map_has_three_samples_of_different_partners() -> None:
    maps = {case.map: set() for case in CASES}
    for case in CASES:
        one = sample_cases.catalog().map_named(case.map)
        maps.setdefault(one.spec.message, set()).add(case.partner)
    assert {message: len(partners) for message, partners in maps.items() if message.startswith("x12/") and len(partners) < 3} == {}
