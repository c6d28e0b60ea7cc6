"""Every CSV and fixed-width map: a random record that it can carry is written to bytes, read back by a fresh reader and is
equal, or a finding says why not. `test_map_round_trip` makes the records, from the map's own rules."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edi_bridge import syntax
from edi_bridge.interchange import Sheet
from edi_bridge.record import normal
from edi_bridge.syntax import csv
from tests.property import test_map_round_trip as random_records

CATALOG = random_records.CATALOG
MAPS = sorted(name for name, (_, message, _) in CATALOG.map_index.items() if message.startswith(("csv/", "fixed/")))

LETTERS = st.sampled_from("abcXYZ0123 .-/äéß+:'*~>^\"=@;,")
TEXT = st.text(LETTERS, min_size=1, max_size=9).map(str.strip).filter(bool)
SHORT = st.text(LETTERS, min_size=1, max_size=3).map(str.strip).filter(bool)


def read_back(compiled: Any, rows: list[list[str]]) -> tuple[list[Any], list[Any]]:
    """The rows as a file's bytes, parsed anew: (records, findings of the file and of the map)."""
    built = csv.build(compiled.layout(), rows)
    content = syntax.write(built)
    assert built.findings == []  # what the file cannot hold the map has said before
    records, found = [], []
    for interchange in csv.read(io.BytesIO(content), layout=compiled.layout()):
        for part in interchange.parts:
            assert isinstance(part, Sheet)
            got, more = compiled.read(part)
            records += got
            found += [finding for finding in more if finding.kind != "invalid_check_digit"]
        found += interchange.findings
    return records, found


@pytest.mark.parametrize("name", MAPS)
def test_a_record_within_what_the_map_carries_comes_back_equal_or_is_refused(name, monkeypatch):
    compiled = CATALOG.map_named(name)
    random_records.STANDARD[0] = "csv"
    short = compiled.standard == "fixed" or compiled.layout().quote == ""  # else hardly any record would fit in
    monkeypatch.setattr(random_records, "TEXT", SHORT if short else TEXT)
    constants = {plan.target[0]: plan.constant for plan in compiled.plan.root.values if plan.constant is not None and not plan.sources}
    written_cleanly = []

    @settings(max_examples=100, deadline=None, derandomize=True,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large])
    @given(random_records.records(compiled.plan.root))
    def check(record: dict[str, Any]) -> None:
        assume(record)
        rows, findings = compiled.write([record])
        if findings:
            assert all(finding.kind in ("cannot_write", "field_not_carried") and finding.note for finding in findings)
            return
        got, found = read_back(compiled, rows)
        assert [finding.sentence() for finding in found] == []
        assert [normal(one) for one in got] == [normal({**constants, **record})]
        written_cleanly.append(1)

    check()
    assert len(written_cleanly) >= 5, "too few records could be written to prove anything"


CELLS = st.text(st.sampled_from("ab7 ,;\"\n\t=äß€."), max_size=6)
FILES = st.lists(st.lists(CELLS, min_size=9, max_size=9), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(FILES)
def test_any_cells_give_records_and_findings_and_never_an_error(cells):
    compiled = CATALOG.map_named("order.csv")
    names = ["order_number", "order_date", "line_no", "quantity", "gtin", "order_note", "vat_rate", "schedule_date", "unit"]
    text = io.StringIO()
    import csv as oracle

    oracle.writer(text).writerows([names, *cells])
    for interchange in csv.read(io.BytesIO(text.getvalue().encode()), layout=compiled.layout()):
        for part in interchange.messages:
            _, findings = compiled.read(part)
            assert all(finding.sentence() and finding.position.line for finding in findings)
