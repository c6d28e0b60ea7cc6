"""Whatever a UBL map can carry it writes and reads back, without an exception: records made from the map itself, and what is
read from damaged documents."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from edi_bridge.catalog import Catalog
from edi_bridge.interchange import Document, MessageType
from edi_bridge.mapping.codec import code_table
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.mapfile import Rule
from edi_bridge.record import differences
from tests.mapping.xml_case import in_schema_order, ungathered
from tests.property.test_xml_map_records import GATHERED

# Nothing is filtered: hypothesis gives up where much is thrown away, and how much differs from one version and machine to the next.
_ANY = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\n\t\r"),
               min_size=1, max_size=8).map(lambda text: text.strip() or "a")
TEXT = st.one_of(st.sampled_from(["a", "0", "Ærø & <b>", "]]>", "two\nlines", "tab\there", "ret\rurn", '"quoted\'', "&amp;", "🚢", "-"]), _ANY)
DAYS = st.dates(date(1000, 1, 1)).map(str)
PERIODS = st.tuples(DAYS, DAYS).map(lambda days: "/".join(sorted(days)) if days[0] != days[1] else days[0])
TIMES = st.times().map(lambda time: time.replace(microsecond=0).isoformat())
UBL = ["order.ubl-2.1", "order.ubl-2.1-orderchange", "order.ubl-2.1-ordercancellation", "order_response.ubl-2.1", "order_response.ubl-2.1-simple", "despatch_advice.ubl-2.1",
       "invoice.ubl-2.1", "invoice.ubl-2.1-creditnote"]
BY_CODEC = {
    "gln": st.sampled_from(["4012345000009", "7310231000001"]), "gtin": st.sampled_from(["4012345670011", "04012345670011"]),
    "duns": st.just("314159265"), "integer": st.integers(0, 10**9), "language": st.sampled_from(["de", "en", "de-CH"]),
    "date(iso, precision: day)": DAYS, "date(iso, since: cbc:StartDate)": PERIODS,
    "date(iso, time: cbc:IssueTime)": st.one_of(DAYS, st.tuples(DAYS, TIMES, st.sampled_from(["", "Z", "+01:00"])).map(
        lambda parts: f"{parts[0]}T{parts[1]}{parts[2]}")),
}
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-10**9, max_value=10**9).map(lambda number: number + 0)
# Fields whose absence the map fills in, or that others cannot do without.
ALWAYS = {"currency", "tax_currency", "type", "name", "id", "endpoint", "value", "text", "quantity", "code"}
MOST = {"contacts": 1, "other_parties": 1, "splits": 1}  # the element may stand once
APART = [("gln", "id"), ("gln", "id_scheme"), ("deliver_to", "location"), ("iban", "account")]  # one element holds only one of them


@cache
def _map(name: str) -> CompiledMap:
    return Catalog().map_named(name)


def _value(rule: Rule, one: CompiledMap) -> st.SearchStrategy[Any]:
    if rule.constant is not None:
        return st.just(rule.constant)
    if rule.codes is not None:
        table = Catalog().table(rule.codes, "ubl") if isinstance(rule.codes, str) else code_table(rule.codes)
        return st.sampled_from(sorted(table.writes))
    if rule.field.type == "decimal":
        return DECIMALS
    return BY_CODEC["date(iso, time: cbc:IssueTime)"] if "time:" in rule.codec else BY_CODEC.get(rule.codec, TEXT)


def _record(rules: tuple[Rule, ...], one: CompiledMap, recurse: str = "", depth: int = 2, head: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Records of one scope, never empty; of a head any number of fields, of what is in it a few: more is more than hypothesis draws."""
    fixed, free = {}, {}
    for rule in rules:
        if _unit(rule.name):
            continue
        inner = st.deferred(lambda rule=rule: _record(rule.rules, one, rule.recurse))
        made = _value(rule, one) if rule.kind == "value" else inner if rule.kind == "object" else st.lists(
            inner, min_size=1, max_size=MOST.get(rule.name, 2))
        needed = rule.required or rule.constant is not None or rule.name in ALWAYS or (not rule.sources and any(inside.required for inside in rule.rules))
        (fixed if needed else free)[rule.name] = made
    if recurse and depth:
        free[recurse] = st.lists(st.deferred(lambda: _record(rules, one, recurse, depth - 1)), min_size=1, max_size=2)
    names = st.lists(st.sampled_from(sorted(free)), unique=True, min_size=0 if fixed else 1, max_size=None if head else 4) if free else st.just([])
    return names.flatmap(lambda chosen: st.fixed_dictionaries({**fixed, **{name: free[name] for name in chosen}})).map(
        lambda record: _apart(record, fixed.keys() | free.keys()))


def _unit(name: str) -> bool:
    """Not without their values: test_xml_map_records tries them."""
    return name == "unit" or name.endswith("_unit")


def _apart(record: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """The record without fields that no element can hold beside others of it; it never becomes empty by that."""
    sepa = record.get("code") in ("sepa_credit_transfer", "sepa_direct_debit")  # there an account is an IBAN
    if "description" not in record and any(note.get("kind") == "product" for note in record.get("notes", ())):
        if "description" in known:  # a long description stands beside a name
            record["description"] = "a"
        else:
            del record["notes"]
    gone = {second for first, second in APART if first in record} | ({"account"} if sepa else set())
    if "totals" in record and "taxes" not in record:  # the second tax total is known by being the one without taxes
        record["totals"].pop("tax_in_tax_currency", None)
        gone |= set() if record["totals"] else {"totals"}
    return {name: value for name, value in record.items() if name not in gone}


@pytest.mark.parametrize("name", UBL)
def test_what_a_map_carries_comes_back(name: str) -> None:
    one = _map(name)

    @settings(max_examples=50, deadline=None, derandomize=True)
    @given(_record(one.spec.rules, one, head=True))
    def round_trip(record: dict[str, Any]) -> None:
        for field, values in (one.spec.when or {}).items():  # the map refuses what it is not meant for
            if record.get(field) not in values:
                record = {**record, field: values[len(record) % len(values)]}
        root, findings = one.write([record])
        assert [finding.sentence() for finding in findings] == []
        assert in_schema_order(root, one.structure, complete=False) == []
        message = Document(MessageType(*one.spec.message.split("/")), 1, "", etree.fromstring(etree.tostring(root)))
        records, findings = one.read(message)
        assert [finding.sentence() for finding in findings if finding.kind != "invalid_check_digit"] == []
        if name in GATHERED:
            records = [ungathered(record, got, *GATHERED[name]) for got in records]
        assert list(differences([record], records)) == []

    round_trip()


SAMPLES = sorted((Path(__file__).parents[2] / "samples" / "xml").glob("*-ubl-*/message.xml"))
MAPS = {one.spec.message.rpartition("/")[2]: one.spec.name for one in map(_map, UBL)}
TEXTS = ["", "x", "9" * 500, "-", "1e5", "\u00a0", "2026-99-99", "true"]


def _damage(root: Any, rng: Random) -> None:
    """Elements doubled, taken out, put elsewhere; texts and attributes changed; comments and instructions in between."""
    elements = list(root.iter("*"))
    for _ in range(rng.randrange(1, 6)):
        one, other = rng.choice(elements), rng.choice(elements)
        match rng.randrange(6):
            case 0 if one.getparent() is not None:
                one.getparent().append(deepcopy(one))
            case 1 if one.getparent() is not None:
                one.getparent().remove(one)
            case 2:
                one.text = rng.choice(TEXTS)
            case 3:
                one.append(etree.Comment("c"))
                one.append(etree.ProcessingInstruction("p"))
            case 4:
                one.set("schemeID", rng.choice(["", "0088", "x"]))
                one.set("currencyID", "XXX")
            case 5 if len(list(other.iter())) < 50:
                one.append(deepcopy(other))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(SAMPLES), st.randoms(use_true_random=False))
def test_damaged_documents_give_findings_and_what_was_read_still_comes_back(path: Path, rng: Random) -> None:
    damaged_comes_back(path, rng)


def damaged_comes_back(path: Path, rng: Random) -> None:
    """A sample damaged at random gives findings with a place, and what was read of it is written so that it comes back, or
    a finding says what is not."""
    root = etree.parse(path).getroot()
    _damage(root, rng)
    name = root.tag.rpartition("}")[2]
    one = _map(MAPS[name])
    records, findings = one.read(Document(MessageType("xml", "ubl-2.1", name), 1, "", root))
    assert all(finding.sentence() and finding.position.path for finding in findings)
    if records:
        written, unwritten = one.write(records)
        if not unwritten and not any(finding.rejects for finding in findings):  # a default stands in for what was refused
            again, _ = one.read(Document(MessageType("xml", "ubl-2.1", name), 1, "", etree.fromstring(etree.tostring(written))))
            assert list(differences(records, again)) == []
