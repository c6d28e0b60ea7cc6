"""The table of findings against the code lists of the standards, as they were looked up apart from `guide/standard/`."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from edi_bridge import finding
from edi_bridge.catalog import Catalog
from edi_bridge.finding import (
    APERAK,
    IN_999,
    KINDS,
    NEWEST,
    X824,
    Finding,
    Kind,
    Level,
    Severity,
    found,
)
from edi_bridge.interchange import Position

CATALOG = Catalog()


def numbers(text: str) -> set[str]:
    """`2 7 12-18` → the codes that it names."""
    listed: set[str] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        listed |= {str(n) for n in range(int(first), int(last) + 1)} if last else {first}
    return listed


# 0085: the service code list of D.96A (UNSL); release 40202 of the syntax 4 service codes (JSWG)
CONTRL = {"D3": numbers("1-43"), "41": numbers("2 7 12-18 20-43 45-48")}
# X12 004010 and 005010 as two public dictionaries have them; the security codes of 716 and 718 differ between sources and
# are none that a table of findings may use
SECURITY = {"716": numbers("10-18 19-26"), "718": numbers("8-13 15-17 19-22 24-27"), "618": numbers("8-13 15-17 24-27")}
X12 = {
    "004010": {"716": numbers("1-6"), "718": numbers("1-7 23"), "720": numbers("1-8"), "723": numbers("1-10"),
               "I18": {f"{n:03}" for n in range(32)}},
    "005010": {"716": numbers("1-6 19"), "718": numbers("1-7 18 19 23"), "720": numbers("1-8"), "723": numbers("1-10 12 13"),
               "618": numbers("1-7 18 19 23") | {"I5", "I6"}, "620": numbers("1-8") | {"I4", "I6", "I7", "I8", "I9"},
               "621": numbers("1-10 12 13") | {"I6", "I9", "I10", "I11", "I12", "I13"}, "I18": {f"{n:03}" for n in range(32)}},
}
# 647 in 003050, 004030 and 004040 alike, among many that are about freight and payments
TED01 = {"006", "007", "008", "009", "010", "011", "012", "024", "026", "027", "028", "029"}


def codes(guide: str, element: str) -> set[str]:
    """The complete list that we ship for a data element."""
    listed = CATALOG.guide(guide).elements[element].codes
    assert listed is not None and listed.complete, (guide, element)
    return set(listed.codes)


@pytest.mark.parametrize("release", CONTRL)
def test_the_list_0085_that_we_ship_is_the_standard_s(release: str) -> None:
    assert codes(f"edifact/{release}/CONTRL", "0085") == CONTRL[release]


@pytest.mark.parametrize(("release", "element"), [(release, element) for release, lists in X12.items() for element in lists])
def test_the_x12_lists_that_we_ship_are_the_standard_s(release: str, element: str) -> None:
    set_ = "TA1" if element == "I18" else "999" if element in IN_999 else "997"
    ours = codes(f"x12/{release}/{set_}", element)
    assert ours - SECURITY.get(element, set()) | ours & X12[release][element] == X12[release][element]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_code_stands_in_its_list(kind: Kind) -> None:
    old, new = kind.contrl
    assert {old} - {""} <= CONTRL["D3"] and {new} - {""} <= CONTRL["41"]
    for element, code in kind.x12.items():
        assert code in X12["005010"][element], element
    for element, code in kind.x12_before.items():
        assert code in X12["004010"][element], element
    assert {kind.aperak} - {""} <= set(APERAK) and {kind.x824} - {""} <= set(X824)


def test_9321_is_ours_and_fits_and_647_is_the_standard_s() -> None:
    assert all(len(code) <= 8 and code.isascii() and code.isupper() for code in APERAK), "9321 is an..8"
    assert set(X824) <= TED01
    used = {kind.aperak for kind in KINDS.values()} | {kind.x824 for kind in KINDS.values()}
    assert used - {""} == set(APERAK) | set(X824), "none is listed that nothing uses"


def test_codes_are_those_that_pyx12_knows() -> None:
    """pyx12 was written by others, from the standard and the HIPAA guides."""
    pyx12 = pytest.importorskip("pyx12")
    folder = Path(pyx12.__file__).parent / "map"
    for file, release in (("997.4010.xml", "004010"), ("999.5010.xml", "005010")):
        for element in ElementTree.parse(folder / file).iter("element"):
            number = element.findtext("data_ele") or ""
            known = {code.text for code in element.iter("code")}
            for kind in KINDS.values():
                code = kind.code(number, release)
                assert not known or not code or code in known, (kind.name, number, code)


BUSINESS = [kind for kind in KINDS.values() if kind.level is Level.BUSINESS]
WIRE = [kind for kind in KINDS.values() if kind.level is not Level.BUSINESS]


def test_business_findings_are_never_answered_by_contrl_or_997() -> None:
    assert [kind.name for kind in BUSINESS if kind.contrl != ("", "") or kind.x12 or kind.x12_before] == []
    assert [kind.name for kind in WIRE if kind.aperak or kind.x824] == []


ANSWERED_AT = {Level.INTERCHANGE: {"I18"}, Level.GROUP: {"716"}, Level.MESSAGE: {"718", "618"},
               Level.SEGMENT: {"720", "620", "723", "621"}, Level.ELEMENT: {"723", "621"}}


@pytest.mark.parametrize("kind", WIRE, ids=lambda kind: kind.name)
def test_the_level_decides_which_answer_carries_it(kind: Kind) -> None:
    assert set(kind.x12) <= ANSWERED_AT[kind.level]
    if kind.level is Level.SEGMENT and kind.x12:
        assert "720" in kind.x12, "a segment is always named in AK3"


def test_the_999_has_the_997_s_code_unless_it_has_its_own() -> None:
    for kind in KINDS.values():
        for of_999, of_997 in IN_999.items():
            assert (of_999 in kind.x12) == (of_997 in kind.x12), kind.name
    own = {kind.name: kind.x12[e] for kind in KINDS.values() for e in IN_999 if kind.x12.get(e, "").startswith("I")}
    assert own == {"segment_not_used": "I4", "too_few_repeats": "I8", "too_few_group_repeats": "I7", "code_not_used": "I6",
                   "element_not_used": "I10"}


@pytest.mark.parametrize(("kind", "element", "before", "since"), [
    ("duplicate_group_reference", "716", "6", "19"),  # 19 was about S1E security segments
    ("too_many_components", "723", "3", "13"),
    ("too_many_repetitions", "723", "3", "12"),
    ("too_many_elements", "723", "3", "3"),
    ("missing_segment", "720", "3", "3"),
    ("too_long", "716", "", ""),
])
def test_the_code_depends_on_the_release(kind: str, element: str, before: str, since: str) -> None:
    assert [KINDS[kind].code(element, release) for release in ("003040", "004010", "005010", "008030")] == [before, before, since, since]


@pytest.mark.parametrize(("kind", "old", "new"), [
    ("character_set_unsupported", "2", "46"), ("condition_violated", "13", "48"), ("too_many_repetitions", "16", "35"),
    ("trailing_separator", "18", "45"), ("too_long", "39", "39"), ("ebcdic", "", ""),
])
def test_the_code_depends_on_the_syntax(kind: str, old: str, new: str) -> None:
    assert [KINDS[kind].syntax_error(version) for version in ("1", "3", "4", "")] == [old, old, new, old]


def test_notes_are_what_harms_nobody() -> None:
    """A list to be read: whatever is not in it rejects unless an agreement says otherwise."""
    assert {kind.name for kind in KINDS.values() if kind.severity is Severity.NOTE} == {
        "junk_between_interchanges", "character_outside_set", "transmission_control", "missing_terminator", "segment_outside_message",
        "csv_unknown_column", "csv_key_returns", "trailing_separator", "invalid_check_digit", "value_not_read", "alternatives_differ",
        "field_not_carried", "totals_differ", "no_agreement", "einvoice_warning", "unknown_partner", "answer_received", "unknown_order", "unknown_invoice",
        "message_posted_before", "own_party", "unknown_customer", "unknown_order_line", "answer_repeated", "answer_late", "answer_changed",
        "answer_malformed", "answer_contradicts_itself", "answer_to_nothing_sent"}


def test_every_kind_says_what_is_wrong_and_what_to_do() -> None:
    for kind in KINDS.values():
        assert kind.sentence and kind.hint and kind.sentence[0].islower() | kind.sentence.startswith(("LS", "XML")), kind.name
        assert not kind.sentence.endswith(".") and "|" not in kind.sentence + kind.hint


def test_a_finding_is_one_line_however_it_was_sent() -> None:
    one = found("too_long", Position(), "a\r\nb\x1b[31m" + "x" * 500, "at most 3")
    assert len(one.value) == 200
    assert one.sentence().startswith('too_long: at most 3, found "a\\r\\nb\\x1b[31m') and one.sentence().isprintable()
    assert len(one.sentence()) < 100


def test_a_value_that_the_note_shows_is_not_shown_again() -> None:
    assert Finding("too_long", value="abcd", note='"abcd" has 4 characters').sentence() == 'too_long: "abcd" has 4 characters'
    assert Finding("too_long", value="abcd").sentence() == 'too_long: the value is too long, found "abcd"'


def test_a_kind_that_the_table_does_not_know_is_our_mistake() -> None:
    with pytest.raises(AssertionError):
        found("too_lang")


def test_the_page_has_every_kind_with_a_link_to_its_sample() -> None:
    page = finding.as_markdown()
    assert all(page.count(f"| [{name}](../samples/findings/{name}) |") == 1 for name in KINDS)
    assert f"723=13 (before {NEWEST}: 723=3)" in page and "720=3 | 620=I7" in page and "| MISSING | 007 |" in page
