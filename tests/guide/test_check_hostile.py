"""Messages with faults without end: the checkers stop, and what they stopped at is refused, whatever came behind.

Without that a message of 4.5 MB took 600 MB and minutes, for findings that nobody reads.
"""

from __future__ import annotations

import time

import pytest
from check_case import ORDER, check, checker, edifact
from lxml import etree

from edi_bridge import pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.checking import checked_read
from edi_bridge.finding import Verdict
from edi_bridge.guide import check as checking
from edi_bridge.guide.schema_xml import LIMIT, Schema

MOST_FAULTS = 400
LINE = "LIN+1++4012345678901:EN\nQTY+21:{}\n"


@pytest.fixture(autouse=True)
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller number, so that the tests are fast."""
    assert checking.MOST_FAULTS == 10_000
    monkeypatch.setattr(checking, "MOST_FAULTS", MOST_FAULTS)


@pytest.mark.parametrize(("name", "line", "kind"), [
    ("elements", "LIN+1++4012345678901:EN\nQTY+21:4x8\n", "wrong_character_type"),
    ("order", "LIN+1++4012345678901:EN\nUNS+S\n", "segment_out_of_order"),
    ("unknown", "ZZZ+1\n", "unknown_segment"),
])
def test_a_message_with_too_many_faults_is_given_up_and_refused(name: str, line: str, kind: str) -> None:
    head, tail = ORDER.split("LIN+1", 1)[0], "UNS+S\n"
    found = check(edifact(head + line * (MOST_FAULTS + 100) + tail))
    assert found[0].kind == "message_too_large" and found[0].rejects and f"more than {MOST_FAULTS:,} faults" in found[0].note
    assert len(found) == MOST_FAULTS + 1 and {one.kind for one in found[1:]} >= {kind}


def test_a_message_with_many_faults_below_the_limit_has_all_of_them() -> None:
    head = ORDER.split("LIN+1", 1)[0]
    found = check(edifact(head + LINE.format("4x8") * 390 + "UNS+S\n"))
    assert len(found) == 390 and {one.kind for one in found} == {"wrong_character_type"}


def test_what_the_checker_gave_up_is_not_read_by_the_map_and_is_rejected() -> None:
    catalog = Catalog()
    head = ORDER.split("LIN+1", 1)[0]
    message = edifact(head + LINE.format("4x8") * (MOST_FAULTS + 1) + "UNS+S\n")
    compiled = catalog.map_for(message.type, None)
    assert compiled is not None
    records, faults, more = checked_read(checker(str(message.type)), compiled, message)
    assert (records, more) == ([], []) and faults[0].kind == "message_too_large"
    outcome = pipeline._outcome(pipeline.syntax.Interchange("edifact", 1, pipeline.syntax.Address(), pipeline.syntax.Address(), "", iter(())),
                                message, compiled, records, faults, None, None)
    assert outcome.verdict is Verdict.REJECTED


def test_a_document_with_very_many_wrong_attributes_is_told_the_first_ones_in_time_that_does_not_explode() -> None:
    from edi_bridge.einvoice.files import SHIPPED

    folder = SHIPPED / "ubl-2.1"
    schema = Schema("ubl-2.1", {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.xsd")})
    spaces = ('xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" '
              'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"')
    attributes = " ".join(f'a{number}="1"' for number in range(20_000))
    root = etree.fromstring(f"<Order {spaces}><cbc:ID {attributes}>1</cbc:ID></Order>")
    begun = time.process_time()
    assert len(schema.violations(root)) == LIMIT
    assert time.process_time() - begun < 5  # each one of all 20,000 asked for costs 8 s and more
