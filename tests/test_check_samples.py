"""The guides' check on every shipped sample: clean ones are clean, faulty ones have exactly the faults that were planted.

What is expected is written here by hand from what each sample says about itself; nothing is taken from expected/ files.
samples/acks have goldens of their own (what is answered, and why), which say the same for them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding
from tests.mutation.bases import BASES

SAMPLES = Path(__file__).parent.parent / "samples"
Planted = tuple[int, str, int | None, int | None, int | None]  # message, kind, segment, element, component
FAULTY: dict[str, list[Planted]] = {
    "edifact/orders-d96a-faulty": [  # the 31st of November, a segment of nobody, a quantity "4x8"
        (1, "invalid_date", 3, 1, 2), (1, "unknown_segment", 6, None, None), (1, "wrong_character_type", 10, 1, 2)],
    "x12/850-4010-great-lakes-faulty": [  # the same, a thousands separator, a decimal point where N2 implies it
        (1, "invalid_date", 2, 5, None), (1, "unknown_segment", 5, None, None), (1, "invalid_number", 9, 2, None),
        (1, "invalid_number", 11, 5, None)],
    "demo/inbox/17-great-lakes-orders": [(2, "wrong_character_type", 5, 2, None)],  # "2O" instead of 20
}
XML: dict[str, list[tuple[str, str]]] = {  # kind, what the path ends with
    "xml/creditnote-ubl-service": [("xml_schema", "cbc:MultiplierFactorNumeric"), ("xml_schema", "cbc:Amount[2]")],
    "xml/invoice-ubl-service": [("xml_schema", "cbc:DueDate"), ("xml_schema", "cbc:Note")],
    "xml/order-ubl-parts": [("xml_schema", "cbc:Quantity")],
}
BESIDE = {  # samples of kinds that the reader or the path finds
    "interchange_suspended": ["wrong_character_type"],  # what the others are suspended for
    "message_suspended": ["wrong_character_type"],
    "bad_message_header": ["missing_element"],  # the same in the guide's words
    "answer_malformed": ["unknown_code"],  # 0083 = 9 stands in no list
}
SEGMENT_FILES = sorted(path for folder in ("edifact", "x12", "guides", "outcomes", "demo") for path in (SAMPLES / folder).rglob("*.edi"))
XML_FILES = sorted((SAMPLES / "xml").rglob("*.xml"))
KINDS = sorted(path.parent for path in (SAMPLES / "findings").glob("*/message.*") if path.suffix in (".edi", ".x12"))


def _name(path: Path) -> str:
    inside = path.relative_to(SAMPLES)
    return str(inside.parent if inside.stem == "message" else inside.with_suffix(""))


@cache
def _catalog() -> Catalog:
    return Catalog()


def _checked(path: Path) -> list[tuple[int, Finding]]:
    """(number of the message, finding) of everything that the guides say about a file; nothing where no guide is known."""
    found = []
    for interchange in syntax.read(path.read_bytes(), allow_doctype=True):
        for message in interchange.messages:
            checker = _catalog().checker_for(message.type, None)
            found += [(message.ordinal, one) for one in checker.check(message)] if checker is not None else []
    return found


@pytest.mark.parametrize("path", SEGMENT_FILES, ids=_name)
def test_a_segment_sample_has_the_planted_faults_and_no_other(path: Path) -> None:
    got = [(number, one.kind, one.position.segment, one.position.element, one.position.component) for number, one in _checked(path)]
    assert got == FAULTY.get(_name(path), [])


@pytest.mark.parametrize("path", XML_FILES, ids=_name)
def test_an_xml_sample_has_the_planted_faults_and_no_other(path: Path) -> None:
    """Without SaxonC the rules that a document names are not run, which is told as a finding of its own."""
    got = [(one.kind, (one.position.path or "").rpartition("/")[2]) for _, one in _checked(path) if one.kind != "einvoice_rule"]
    assert got == XML.get(_name(path), [])


@pytest.mark.parametrize("folder", KINDS, ids=lambda folder: folder.name)
def test_a_sample_of_a_kind_has_no_other_fault(folder: Path) -> None:
    """What the guides find in the sample of a kind is that kind, once, or nothing where the reader or the map finds it.

    That the sample shows its kind at all is proved by tests/test_finding_samples.py, for every kind and each by the command that
    finds it; here the guides alone are asked, so that an empty answer is right for the kinds that are not theirs."""
    (path,) = folder.glob("message.*")
    kinds = [one.kind for _, one in _checked(path)]
    assert kinds in ([BESIDE[folder.name]] if folder.name in BESIDE else [[], [folder.name]])


def test_the_names_above_are_samples() -> None:
    known = {_name(path) for path in (*SEGMENT_FILES, *XML_FILES)}
    assert {*FAULTY, *XML} <= known
    assert {sample for sample, _ in BASES.values()} <= known


def test_every_clean_sample_of_a_guide_is_used() -> None:
    assert {_name(path) for path in SEGMENT_FILES if _name(path).startswith("guides/")} <= {sample for sample, _ in BASES.values()}


def test_no_segment_sample_lacks_a_guide() -> None:
    lacking = set()
    for path in SEGMENT_FILES:
        for interchange in syntax.read(path.read_bytes()):
            for message in interchange.messages:
                if _catalog().checker_for(message.type, None) is None:
                    lacking.add(_name(path))
    assert {name for name in lacking if not name.startswith("outcomes/")} == set()
