"""Where each field comes from: the traced reading gives what `read` gives, and every raw value stands at its bytes.

The bytes are checked against the file itself, by code that knows the delimiters and nothing of our reader: pydifact for
EDIFACT segments, plain splitting for X12, the csv module, lxml's XPath.
"""

from __future__ import annotations

import csv
import io
import re
import time
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from edi_bridge import syntax
from edi_bridge.interchange import Document, Message, Sheet, element_path, element_paths
from edi_bridge.mapping.field_trace import (
    CONSTANT,
    DEFAULT,
    READ,
    Leaf,
    Traced,
    untraced,
)
from edi_bridge.mapping.segment_trace import guide_path
from edi_bridge.pipeline import MessageOutcome
from tests import sample_cases
from tests.sample_cases import Case

CATALOG = sample_cases.catalog()
CASES = sample_cases.cases()


@cache
def read(case: Case) -> list[MessageOutcome]:
    return [one for one in sample_cases.read(case).outcomes if one.message is not None and one.map]


def traced(case: Case) -> list[Traced]:
    return [one for outcome in read(case) for one in CATALOG.map_named(outcome.map).trace(outcome.message)]  # type: ignore[arg-type]


def at(records: list[dict[str, Any]], record: int, path: str) -> Any:
    """A field by its path, walked here anew."""
    value: Any = records[record]
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        value = value[name] if name else value[int(index)]
    return value


def scalars(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(scalars, value.values()))
    return sum(map(scalars, value)) if isinstance(value, list) else 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_traced_is_what_is_read(case: Case) -> None:
    """Every scalar of every record, no more and no fewer, with the value that `read` gives."""
    for outcome in read(case):
        one = CATALOG.map_named(outcome.map)
        records, _ = one.tracer.backend.read(outcome.message)
        get, on = CATALOG.lookups_of(CATALOG.partner_named(outcome.partner) if outcome.partner else None), outcome.interchange.prepared
        assert one.ours(outcome.message, untraced(records), get, on)[0] == outcome.records  # type: ignore[arg-type]
        fields = one.trace(outcome.message, get, on)  # type: ignore[arg-type]
        assert len(fields) == sum(map(scalars, outcome.records))
        for field in fields:
            value = at(outcome.records, field.record, field.path)
            assert (value, type(value), str(value)) == (field.value, type(field.value), str(field.value))
            assert (field.how == READ) == bool(field.places)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_raw_value_stands_at_its_bytes(case: Case) -> None:
    content = case.file.read_bytes()
    for outcome in read(case):
        for field in CATALOG.map_named(outcome.map).trace(outcome.message):  # type: ignore[arg-type]
            for place in (*field.places, *field.beside):
                position = place.position
                if isinstance(outcome.message, Document):
                    assert place.raw.strip() == xml_text(outcome.message, position.path or ""), field.path
                    continue
                assert position.offset is not None and position.length is not None
                text = content[position.offset : position.offset + position.length].decode(outcome.message.encoding)  # type: ignore[union-attr]
                assert place.raw.strip() == seen(text, outcome.message).strip(), field.path


def seen(wire: str, message: Any) -> str:
    """What a person sees of text on the wire, by the standard's own words."""
    if isinstance(message, Sheet):
        if message.columns or not wire.startswith('"'):
            return wire
        return next(csv.reader(io.StringIO(wire, newline=""), delimiter=message.delimiter))[0]
    if not message.delimiters.release:  # a wrapped file breaks its lines anywhere
        return re.sub(r"[\r\n]", "", wire)
    return re.sub(re.escape(message.delimiters.release) + "(.)", r"\1", re.sub(r"[\r\n]", "", wire))


def xml_text(document: Document, path: str) -> str:
    """What XPath finds at the path that a person is shown; unprefixed names are of the default namespace."""
    spaces = {prefix or "_": uri for element in document.root.iter("*") for prefix, uri in element.nsmap.items()}
    steps, _, attribute = path.partition("/@")
    default = {element.tag.partition("}")[0].strip("{") for element in document.root.iter("*")
               if element.prefix is None and element.tag.startswith("{")}
    assert len(default) <= 1  # else this oracle would have to follow the scopes
    names = ["/".join((f"_:{name}" if ":" not in name and default else name) for name in steps.strip("/").split("/"))]
    (element,) = document.root.getroottree().xpath("/" + names[0], namespaces=spaces)
    if attribute:
        return next(str(value) for name, value in element.attrib.items() if name.rpartition("}")[2] == attribute).strip()
    return "".join(element.xpath("text()")).strip()


def test_every_map_of_the_samples_says_where_its_rules_stand() -> None:
    """The rule's line holds the field's name, in the file that is named."""
    from edi_bridge.catalog import GUIDES, shipped

    checked = set()
    for case in CASES:
        for field in traced(case):
            origin = field.origin
            if (origin.file, origin.line) in checked:
                continue
            checked.add((origin.file, origin.line))
            root = shipped() if (shipped() / origin.file).exists() else GUIDES
            line = (root / origin.file).read_text("utf-8").splitlines()[origin.line - 1]
            name = field.rule.expand_to or field.rule.name
            assert name in line[max(0, origin.column - 1 - len(name) - 2):], field.where
    assert len(checked) > 800


def test_a_quantity_of_an_order_is_traced_to_its_component() -> None:
    """Written out by hand from the sample's text: the first QTY, whose second component is the number."""
    case = next(one for one in CASES if one.name == "edifact/orders-d96a-rich")
    content = case.file.read_bytes()
    fields = {field.path: field for field in traced(case)}
    quantity, unit, issued = fields["lines[0].quantity"], fields["lines[0].unit"], fields["issued_on"]
    place = quantity.places[0]
    offset = content.index(b"QTY+21:") + len(b"QTY+21:")
    assert (place.position.tag, place.position.element, place.position.component) == ("QTY", 1, 2)
    assert (place.position.offset, place.position.path, place.position.id) == (offset, "SG25/QTY/C186.6060", "6060")
    assert content[offset:].startswith(place.raw.encode())
    assert quantity.where.startswith("mappings/order.edifact-d96a.yaml:") and quantity.layer == "map order.edifact-d96a"
    assert quantity.codec == "decimal"
    assert unit.codes.startswith("unit: ") and unit.codes.endswith(f"→ {unit.value}")
    assert [one.raw for one in issued.beside] == ["203"] and issued.codec == "date(2379)"


def message_of(text: str) -> Message:
    return next(next(iter(syntax.read(text.encode("latin-1")))).messages)  # type: ignore[return-value]


ORDER = ("UNA:+.? 'UNB+UNOC:3+4012345000009:14+9521200000009:14+261121:1015+1'UNH+1+ORDERS:D:96A:UN'BGM+220+{number}+9'"
         "DTM+137:20261121:102'FTX+AAI+++{text}'NAD+BY+4012345000009::9'LIN+1++4000862141404:EN'IMD+F++:::{one}:{two}'"
         "QTY+21:{quantity}'UNS+S'UNT+10+1'UNZ+1+1'")
TEXTS = st.text(st.sampled_from("ab '+:?äé.-\"=@"), min_size=1, max_size=9)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, TEXTS, TEXTS, TEXTS, st.sampled_from(["1", "12,5", "12.50", "x", "-3"]))
def test_any_text_is_found_at_its_bytes(number: str, text: str, one: str, two: str, quantity: str) -> None:
    """Released delimiters, blanks, several components of one text: traced as read, at the bytes that hold it."""
    def wire(value: str) -> str:
        return re.sub(r"([?'+:])", r"?\1", value)

    content = ORDER.format(number=wire(number), text=wire(text), one=wire(one), two=wire(two), quantity=quantity)
    message = message_of(content)
    compiled = CATALOG.map_named("order.edifact-d96a")
    records, _ = compiled.read(message)
    fields = compiled.trace(message)
    assert {field.path: field.value for field in fields} == {
        path: value for path, value in flat(records[0] if records else {}, "")}
    raw = content.encode("latin-1")
    for field in fields:
        for place in field.places:
            start = place.position.offset or 0
            assert seen(raw[start:start + (place.position.length or 0)].decode("latin-1"), message) == place.raw


def flat(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for name, inner in value.items() for pair in flat(inner, f"{path}.{name}" if path else name)]
    if isinstance(value, list):
        return [pair for number, inner in enumerate(value) for pair in flat(inner, f"{path}[{number}]")]
    return [(path, value)]


def test_defaults_and_constants_say_so() -> None:
    listed = [field for case in CASES for field in traced(case) if field.how != READ]
    assert {field.how for field in listed} == {DEFAULT, CONSTANT}
    for field in listed:
        assert not field.places
        assert str(field.value) in (str(field.rule.default), str(field.rule.constant))


def test_equal_defaults_keep_their_own_rules() -> None:
    """In generated code equal constants share a name; two rules with the same default must not share one."""
    assert str(Leaf("EUR", 1)) != str(Leaf("EUR", 2)) and Leaf("EUR", 1) == Leaf("EUR", 2) == "EUR"


def test_reading_pays_nothing() -> None:
    """No traced program is made unless somebody asks, and what `read` runs is the same code before and after."""
    from edi_bridge.catalog import Catalog

    compiled = Catalog().map_named("order.edifact-d96a")
    message = message_of(ORDER.format(number="1", text="a", one="b", two="c", quantity="1"))
    compiled.read(message)
    assert compiled._tracer is None
    source, reader = compiled.reader.source(True), compiled.reader
    compiled.trace(message)
    assert compiled.reader is reader and reader.source(True) == source
    began = time.process_time()
    compiled.trace(message)
    assert time.process_time() - began < 1  # and a trace is made while a person waits


@pytest.mark.parametrize(("element", "component", "path"), [
    (5, 1, ("{PO1}/{SLN}/SLN/05.01", "355")), (4, 0, ("{PO1}/{SLN}/SLN/04", "380")), (5, 0, ("{PO1}/{SLN}/SLN/05", "C001")),
])
def test_x12_places_have_two_digits_as_those_of_the_check_have(element: int, component: int, path: tuple[str, str]) -> None:
    """SLN05 is C001, composite unit of measure, whose first component is 355 (X12.22)."""
    structure = CATALOG.structure("x12/004010/850")
    (node,) = (child for child in structure.root.descendants() if child.path == "{PO1}/{SLN}/SLN")
    assert guide_path(structure, node, element, component) == path


def test_xpath_oracle_is_not_blind() -> None:
    """The oracle tells two namesakes apart."""
    root = etree.fromstring(b'<a><b x="1">one</b><b x="2">two</b></a>')
    document = Document(None, 1, "", root)  # type: ignore[arg-type]
    assert (xml_text(document, "/a/b[2]"), xml_text(document, "/a/b[1]/@x")) == ("two", "1")


def test_the_paths_of_all_elements_are_those_of_each() -> None:
    for case in CASES:
        if case.file.suffix == ".xml":
            root = etree.parse(str(case.file)).getroot()
            paths = element_paths(root)
            assert paths == {element: element_path(element) for element in root.iter("*")}
