"""Every folder below samples/ is a golden test: documentation for people who know the business, proven both ways."""

from __future__ import annotations

from collections import Counter

import pytest

from edi_bridge import syntax
from edi_bridge.finding import Verdict
from edi_bridge.record import normal
from tests import sample_cases
from tests.sample_cases import Case

CASES = sample_cases.cases()


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def test_reads_to_its_expected_records_and_findings(case: Case) -> None:
    got = sample_cases.read(case)
    assert list(sample_cases.differences(sample_cases.expected_records(case), got.records)) == []
    assert got.records == sample_cases.expected_records(case)  # and with the same digits
    assert got.findings == sample_cases.expected_findings(case)


def test_partner_and_map_are_found_from_the_envelope(case: Case) -> None:
    for outcome in sample_cases.read(case).outcomes:
        assert outcome.partner == case.partner
        assert outcome.message is None or outcome.map in (case.map, "")


def test_writes_what_it_read_and_reads_it_back_equal(case: Case) -> None:
    """No exception: everything a map reads it writes, and what is written gives no finding that was not there before.
    Only of a message that is refused nothing is said: it is posted and sent on by nobody."""
    for outcome in sample_cases.read(case).outcomes:
        if not outcome.records or outcome.verdict is Verdict.REJECTED:
            continue
        records, writing, reading = sample_cases.written_again(outcome)
        assert [one.sentence() for one in writing] == []
        assert list(sample_cases.differences(outcome.records, records)) == []
        assert normal(records) == normal(outcome.records)
        new = Counter(one.kind for one in reading) - Counter(one.kind for one in outcome.findings)
        assert not new, [sample_cases.line(one) for one in reading]


WIRE = [case for case in CASES if case.file.suffix in (".edi", ".x12", ".xml")]


@pytest.mark.parametrize("case", WIRE, ids=lambda case: case.name)
def test_its_bytes_are_written_as_they_came(case: Case) -> None:
    content = case.file.read_bytes()
    assert b"".join(syntax.write(one) for one in syntax.read(content, allow_doctype=True)) == content


def test_there_are_samples() -> None:
    assert len({case.name for case in CASES}) == len(CASES) > 0


def test_the_tests_that_maps_name_are_samples() -> None:
    known = {case.name for case in CASES}
    maps = [sample_cases.catalog().map_named(name) for name in sorted({case.map for case in CASES})]
    named = {test["sample"] for one in maps for test in one.spec.tests}
    assert named <= known
