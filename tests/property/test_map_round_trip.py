"""Every segment map: a random record that it can carry is written and read back equal, or a finding says why not.

The records are made from the map's own rules (types, codes, nesting), the messages in between are ordinary text that
the reader gets from a fresh parse. What may differ is only what the map says itself: defaults are filled.
"""

from __future__ import annotations

import io
import string
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.interchange import Address, Delimiters, MessageType
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.record import differences, fields_of
from edi_bridge.syntax import edifact, x12

CATALOG = Catalog()
MAPS = sorted(name for name in CATALOG.map_index if CATALOG._message_of(name).startswith(("edifact/", "x12/")))
X12 = Delimiters(element="*", component=">", terminator="~", release="", repetition="^")

TEXT = st.text(st.sampled_from(string.ascii_letters + string.digits + " .-/äéß€?+:'*~>^\"=@"), min_size=1, max_size=12).map(str.strip).filter(bool)
IDENTIFIERS = {"gln": ["4012345000009", "4012345000016"], "gtin": ["4000862141404", "012345678905"],
               "sscc": ["340123450000000018"], "duns": ["123456789"], "vat": ["DE136695976"]}
DATES = ["2026-11-21", "2026-02-28", "2026-11-21T10:30", "2026-11-21T10:30:59", "2026-W47", "2026-11", "10:30",
         "2026-11-01/2026-11-30"]


def values(plan: Any) -> st.SearchStrategy[Any]:
    """What one rule can hold."""
    rule, convert = plan.rule, plan.convert
    if plan.constant is not None:
        return st.just(plan.constant)
    if rule.codes is not None:
        table = CATALOG.table(rule.codes, x12_or_edifact(rule)) if isinstance(rule.codes, str) else None
        ours = list(table.writes) if table else [entry["ours"] if isinstance(entry, dict) else entry for entry in rule.codes.values()]
        if convert.type == "decimal":
            ours = [Decimal(one) for one in ours if isinstance(one, int)]
        ours = [one for one in dict.fromkeys(ours) if one not in ("keep", "skip") and convert.read(convert.write(one)[0]) == one]
        assert ours, f"{rule.origin}: no value of the table {rule.codes} comes back as itself"
        return st.sampled_from(ours)
    name = (convert.codec.name if convert.codec else "text").split("(")[0]
    if name in IDENTIFIERS:
        return st.sampled_from(IDENTIFIERS[name])
    match convert.type:
        case "decimal":
            numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-10**9, max_value=10**9, places=2)
            return numbers.map(lambda number: number.copy_abs() if not number else number)
        case "integer":
            return st.integers(0, 10**6)
        case "boolean":
            return st.booleans()
        case "date":
            return st.sampled_from([date for date in DATES if not is_bad(convert, date)])
    return TEXT


def is_bad(convert: Any, value: str) -> bool:
    written = convert.write(value)
    return hasattr(written, "kind") or convert.read(*written) != value


def x12_or_edifact(rule: Any) -> str:
    return STANDARD[0]


STANDARD = ["edifact"]


def records(scope: Any, depth: int = 0, rare: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """A record of one scope; every field may be absent, except what is required or has a default. One field in `rare` is
    there: full records mostly hold two fields that want the same place, sparse ones seldom."""

    @st.composite
    def build(draw: Any) -> dict[str, Any]:
        made: dict[str, Any] = {}
        one_in = rare or draw(st.sampled_from([4, 20, 60]))
        for plan in scope.values:
            must = plan.rule.required or plan.default is not None
            if plan.when or (not must and draw(st.integers(1, one_in)) != 1):
                continue
            place(made, plan.target, draw(values(plan)))
        for use in scope.uses:
            must = use.rule.required
            if use.when or (not must and draw(st.integers(1, one_in)) != 1) or depth > 2:
                continue
            inner = records(use.item, depth + 1, min(one_in, 8)).filter(bool)
            item = draw(st.lists(inner, min_size=1, max_size=2)) if use.many else draw(inner)
            place(made, use.target, item)
        return made

    return build()


def place(record: dict[str, Any], target: tuple[str, ...], value: Any) -> None:
    for name in target[:-1]:
        record = record.setdefault(name, {})
    record[target[-1]] = value


def read_back(compiled: CompiledMap, segments: list[str]) -> tuple[list[Any], list[Any]]:
    """The written body inside a whole interchange, parsed anew."""
    standard, version, name = compiled.spec.message.split("/")
    type_ = MessageType(standard, version, name)
    ours, theirs = Address("4012345000009", "14"), Address("4012345000016", "14")
    if standard == "edifact":
        built = edifact.build(sender=ours, receiver=theirs, control="1", prepared="2026-11-21T10:00",
                              bodies=[(type_, "1", segments)], syntax="UNOW:3")
    else:
        built = x12.build(sender=ours, receiver=theirs, control="1", prepared="2026-11-21T10:00", delimiters=X12, encoding="utf-8",
                          groups=[("PO", "A", "B", "1", version, [(type_, "0001", segments)])], version="00401")
    found: list[Any] = []
    got: list[Any] = []
    for interchange in syntax.read(io.BytesIO(syntax.write(built))):
        for message in interchange.messages:
            got, more = compiled.read(message)
            found += [finding for finding in more if finding.kind != "invalid_check_digit"]
    return got, found


@pytest.mark.parametrize("name", MAPS)
def test_a_record_within_what_the_map_carries_comes_back_equal_or_is_refused(name):
    written, refused = round_trips(name, 60)
    assert written >= 5, f"too few records could be written to prove anything: {refused.most_common(5)}"


def round_trips(name: str, examples: int) -> tuple[int, Counter[str]]:
    """How many of so many random records were written and read back equal, and why the others were refused; the random numbers
    are derived from the test itself, so a run gives the same records again. AssertionError where one comes back different."""
    compiled = CATALOG.map_named(name)
    STANDARD[0] = compiled.standard
    delimiters = X12 if compiled.standard == "x12" else Delimiters()
    common = {value.target[0] for value in compiled.plan.root.values if any(source.root for source in value.sources)}
    filled = [fixed for value in compiled.plan.values() for fixed in (value.default, value.constant) if fixed is not None]
    written_cleanly = []
    refused: Counter[str] = Counter()

    @settings(max_examples=examples, deadline=None, derandomize=True,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large])
    @given(records(compiled.plan.root))
    def check(record: dict[str, Any]) -> None:
        assume(record.keys() - common)
        segments, findings = compiled.write([record], delimiters, "utf-8")
        if findings:
            refused.update(finding.note for finding in findings)
            assert all(finding.kind in ("cannot_write", "field_not_carried") and finding.note for finding in findings)
            return
        got, found = read_back(compiled, segments)
        assert [finding.sentence() for finding in found] == []
        unexplained = [one for one in differences(record, got[0] if got else {}) if not (one[1] is None and one[2] in filled)]
        assert unexplained == []
        written_cleanly.append(1)

    check()
    return len(written_cleanly), refused


@pytest.mark.parametrize("name", MAPS)
def test_a_field_outside_what_the_map_carries_is_reported(name):
    """Every field of the record that the map has no rule for, one at a time."""
    compiled = CATALOG.map_named(name)
    delimiters = X12 if compiled.standard == "x12" else Delimiters()
    known = {path.split(".")[0] for path in compiled.carries()} | {value.target[0] for value in compiled.plan.root.values}
    for field in fields_of(compiled.spec.record).values():
        if field.name in known:
            continue
        value: Any = {"text": "x", "code": "x", "date": "2026-11-21", "decimal": Decimal(1), "integer": 1}.get(field.type) or {"name": "x"}
        meant = {name: values[0] for name, values in (compiled.spec.when or {}).items()}
        _, findings = compiled.write([{**meant, field.name: [value] if field.many else value}], delimiters, "utf-8")
        told = [one for one in findings if one.kind == "field_not_carried" and field.name in (one.position.path or "").replace("[", ".").split(".")]
        assert told, f"{field.name} is left out silently"


def test_decimals_keep_28_digits():
    compiled = CATALOG.map_named("order.edifact-d96a")
    number = Decimal("1234567890123456.789012345678")
    record = {"number": "1", "type": "order", "purpose": "original", "issued_on": "2026-11-21", "buyer": {"gln": "4012345000009"},
              "lines": [{"number": "1", "quantity": number, "net_price": Decimal("-0.10")}]}
    segments, findings = compiled.write([record], Delimiters(decimal=","), "utf-8")
    assert findings == [] and "QTY+21:1234567890123456,789012345678" in segments
    assert read_back(compiled, segments)[0][0]["lines"][0]["quantity"] == number
