"""What the check and the map say of one message, as one list: each fault once. Segments: 1 UNH, 2 BGM, 3 NAD+BY, 4 NAD+SU,
5 LIN, 6 QTY, 7 LIN, 8 QTY, 9 UNS, 10 UNT."""

from __future__ import annotations

import pytest

from edi_bridge.finding import Finding, found
from edi_bridge.finding_merge import beyond, merged
from edi_bridge.interchange import Position


def at(kind: str, segment: int, element: int | None = None, component: int | None = None, path: str | None = None,
       tag: str | None = None) -> Finding:
    return found(kind, Position(message=1, segment=segment, element=element, component=component, path=path, tag=tag))


QUANTITY = at("invalid_value", 6, 1, 2)


@pytest.mark.parametrize("check", [
    at("invalid_number", 6, 1, 2, "SG25/QTY/C186.6060", "QTY"),
    at("missing_element", 6, 1, None, "SG25/QTY/C186", "QTY"),
    at("segment_out_of_order", 6, path="SG25/QTY", tag="QTY"),
], ids=["component", "composite", "segment"])
def test_a_place_that_the_check_rejects_is_named_once(check: Finding) -> None:
    assert merged([check], [QUANTITY]) == [check]


@pytest.mark.parametrize("check", [
    at("invalid_number", 8, 1, 2, "SG25/QTY/C186.6060", "QTY"),  # another segment
    at("unknown_code", 6, 1, 1, "SG25/QTY/C186.6063", "QTY"),  # another component
    at("missing_segment", 6, path="SG25/PRI", tag="PRI"),  # what stands there now is not to blame
    at("trailing_separator", 6, 1, 2, "SG25/QTY/C186.6060", "QTY"),  # only noted: the map's finding is why it is refused
], ids=["segment", "component", "missing", "noted"])
def test_what_the_map_finds_elsewhere_stays(check: Finding) -> None:
    assert sorted(map(repr, merged([check], [QUANTITY]))) == sorted(map(repr, [check, QUANTITY]))


def test_where_the_agreement_only_notes_the_check_s_finding_the_map_s_stays() -> None:
    check, own = at("unknown_code", 2, 1, 1, "BGM/C002.1001", "BGM"), at("unmapped_code", 2, 1, 1)
    assert merged([check], [own]) == [check]
    assert merged([check], [own], lambda one: one.kind != "unknown_code") == [check, own]


def test_a_value_that_the_agreement_only_notes_is_not_rejected_by_the_map() -> None:
    check = at("invalid_number", 6, 1, 2, "SG25/QTY/C186.6060", "QTY")
    assert merged([check], [QUANTITY], lambda one: one.kind != "invalid_number") == [check]
    assert merged([check], [at("unmapped_code", 6, 1, 2)], lambda one: one.kind != "invalid_number")[1].kind == "unmapped_code"


def test_a_whole_element_of_the_map_is_covered_by_one_of_its_components() -> None:
    check = at("too_long", 2, 1, 4, "BGM/C002.1000", "BGM")
    assert merged([check], [at("invalid_value", 2, 1)]) == [check]
    assert merged([check], [at("invalid_value", 2, 2)]) == [check, at("invalid_value", 2, 2)]


def test_the_structure_is_the_check_s_part() -> None:
    assert merged([], [at("unknown_segment", 4)]) == []


@pytest.mark.parametrize("check", [
    at("missing_segment", 5, path="SG2/NAD", tag="NAD"),
    at("missing_segment", 5, path="SG2", tag="NAD"),
    at("missing_element", 3, 2, 1, "SG2/NAD/C082.3039", "NAD"),
    at("code_not_used", 3, 1, None, "SG2/NAD/3035", "NAD"),  # NAD+BX: so no buyer is found
    at("segment_out_of_order", 8, path=None, tag="NAD"),
], ids=["its segment is missing", "its group is missing", "its element", "its qualifier", "it stands elsewhere"])
def test_a_required_value_is_not_missed_again(check: Finding) -> None:
    assert merged([check], [at("required_missing", 1, path="SG2/NAD")]) == [check]


def test_a_required_value_is_missed_where_the_check_speaks_of_others() -> None:
    own = at("required_missing", 1, path="SG2/NAD")
    check = at("missing_segment", 9, path="SG25/QTY", tag="QTY")
    assert merged([check], [own]) == [own, check], "in the order of the message"


def test_each_line_s_missing_value_is_explained_by_that_line_s_finding() -> None:
    first, second = (at("required_missing", line, path="SG25/QTY") for line in (5, 7))
    at_first = at("missing_segment", 7, path="SG25/QTY", tag="QTY")  # should have stood before segment 7
    at_second = at("missing_segment", 9, path="SG25/QTY", tag="QTY")
    assert merged([at_first], [first, second]) == [at_first, second]
    assert merged([at_second], [first, second]) == [first, at_second]
    assert merged([at_first, at_second], [first, second]) == [at_first, at_second]


def test_xml_places_are_paths_and_lines() -> None:
    place = Position(message=1, line=7, path="/Invoice/cbc:DueDate")
    check, own = found("xml_schema", place), found("invalid_value", place)
    other = found("invalid_value", Position(message=1, line=9, path="/Invoice/cbc:DueDate"))
    assert merged([check], [own, other]) == [check, other]
    assert merged([check], [found("required_missing", place)])[1].kind == "required_missing"


def test_what_the_reader_said_of_header_and_trailer_is_not_said_again() -> None:
    header = at("bad_message_header", 1, 2, 4, "UNH/0051")
    again, other = at("missing_element", 1, 2, 4, "UNH/S009.0051", "UNH"), at("too_long", 1, 1, None, "UNH/0062", "UNH")
    assert beyond([header], [again, other, QUANTITY]) == [other, QUANTITY]
    assert beyond([at("bad_message_header", 1)], [again, other, QUANTITY]) == [QUANTITY], "the whole header"
    assert beyond([], [again]) == [again]


def test_a_bad_character_in_one_component_hides_nothing_in_the_next() -> None:
    """FTX+AAI+++a<NUL>:<71 characters>: the reader speaks of 4440 #1, the check of 4440 #2."""
    character = at("control_character", 7, 4, 1)
    same, next_, composite = at("wrong_character_type", 7, 4, 1), at("too_long", 7, 4, 2), at("too_many_components", 7, 4)
    assert beyond([character], [same, next_]) == [next_]
    assert beyond([character], [composite]) == [composite]
    assert beyond([character], [at("too_long", 7, 4)]) == [], "the value of a stand-alone element, which the reader counts as component 1"
    assert beyond([at("bad_message_header", 7, 4, 1)], [composite]) == []
