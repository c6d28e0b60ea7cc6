"""Every CSV and fixed-width map: a random record that it can carry is written to bytes, read back by a fresh reader and is
equal, or findings name the fields that find no room, and it is equal without these (`random_record` says how)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.interchange import Sheet
from edi_bridge.syntax import csv
from tests.property import random_record

CATALOG = Catalog()
MAPS = sorted(name for name, (_, message, _) in CATALOG.map_index.items() if message.startswith(("csv/", "fixed/")))


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


QUICK = 100


def round_trips(name: str, examples: int, start: int | None = None) -> random_record.Tally:
    """What became of so many random records of a map."""
    compiled = CATALOG.map_named(name)
    short = compiled.standard == "fixed" or compiled.layout().quote == ""  # else hardly any record would fit in
    texts = random_record.Texts(3 if short else 9, random_record.LETTERS.replace("€", ""), random_record.LETTERS)
    return random_record.prove(compiled, examples, lambda record: compiled.write([record]), lambda rows: read_back(compiled, rows), texts, start)


@pytest.mark.parametrize("name", MAPS)
def test_a_record_within_what_the_map_carries_comes_back_equal_or_findings_name_what_does_not(name: str) -> None:
    tally = round_trips(name, QUICK)
    assert tally.whole + tally.lessened >= QUICK // 4, f"too few records could be written to prove anything: {tally}"


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
