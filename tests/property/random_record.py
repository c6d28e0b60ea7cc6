"""Random records made from a map's own rules, and the proof that each comes back: written and read again it is equal, or findings
name the fields that cannot be written, and without exactly these it is equal.

So a refusal proves something as well: it must name its fields, and nothing else may be lost. What may differ is only what the map
says itself: its defaults are filled, each at its own place.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from edi_bridge.finding import Finding
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.record import differences, leaves, normal, unnumbered

Record = dict[str, Any]
Write = Callable[[Record], tuple[Any, list[Finding]]]
Read = Callable[[Any], tuple[list[Record], list[Finding]]]

LETTERS = string.ascii_letters + string.digits + " .-/äéß€?+:'*~>^\"=@;,"
X12_LETTERS = "".join(letter for letter in LETTERS if letter not in "*~>^")  # X12 has no release character
IDENTIFIERS = {"gln": ["4012345000009", "4012345000016"], "gtin": ["4000862141404", "012345678905", "40123455"],
               "sscc": ["340123450000000017", "340123450000000024"], "duns": ["123456789", "1234567890001"], "vat": ["DE136695976"],
               "iban": ["DE89370400440532013000"], "language": ["en", "de-CH", "sr-Latn-RS"]}
DATES = ["2026-11-21", "2026-02-28", "2026-11-21T10:30", "2026-11-21T10:30:59", "2026-11-21T10:30+01:00", "2026-W47", "2026-11", "2026",
         "10:30", "2026-11-01/2026-11-30"]
UNKNOWN_CODES = ["QX7", "qx"]  # of no table: kept both ways where the map says so
ROUNDS = 25  # of leaving out what findings name, which mostly takes one or two
REFUSALS = {"cannot_write", "field_not_carried", "required_missing"}
SIZES = [1, 1, 1, 1, 2, 2, 3, 7]  # items of a list: more than a segment has room for, more than may stand there


@dataclass(frozen=True)
class Texts:
    """Free texts without blanks at their ends, one in eight of `hostile` letters: a message that has no way to write them refuses
    them, and little would be proven of the rest of the record."""

    most: int = 12
    plain: str = LETTERS
    hostile: str = LETTERS

    def one(self, random: Random) -> str:
        """A text of at least one letter."""
        letters = self.plain if random.randrange(8) else self.hostile
        return "".join(random.choices(letters, k=random.randint(1, self.most))).strip() or random.choice(string.ascii_letters)


def value(plan: Any, random: Random, texts: Texts) -> Any:
    """One of what a rule can hold."""
    rule, convert = plan.rule, plan.convert
    if plan.constant is not None:
        return plan.constant
    if convert.table is not None:
        return random.choice(_codes(plan))
    name = (convert.codec.name if convert.codec else "text").split("(")[0]
    if name in IDENTIFIERS:
        return random.choice(_fitting(plan, IDENTIFIERS[name]))
    match convert.type:
        case "decimal":
            number = Decimal(random.choice([0, 1, -1, 10**9, random.randint(-10**6, 10**6)])) + Decimal(random.randint(0, 99)) / 100
            return abs(number) if not number else number
        case "integer":
            return random.choice([0, 1, random.randint(0, 10**6)])
        case "boolean":
            return random.random() < 0.5
        case "date":
            return random.choice(_fitting(plan, DATES))
    assert rule.codes is None
    return texts.one(random)


def _fitting(plan: Any, known: list[str]) -> list[str]:
    fitting = [one for one in known if _returns(plan.convert, one)]
    assert fitting, f"{plan.rule.origin}: none of {known} fits"
    return fitting


def _codes(plan: Any) -> list[Any]:
    """Our values that have a code of their own, and codes that the table passes on."""
    convert = plan.convert
    ours = list(convert.table.writes)
    if convert.type == "decimal":
        ours = [Decimal(one) for one in ours]
    if convert.table.keep and convert.type not in ("decimal", "boolean", "integer"):
        ours += UNKNOWN_CODES
    ours = [one for one in dict.fromkeys(ours) if _returns(convert, one)]
    assert ours, f"{plan.rule.origin}: no value of its table comes back as itself"
    return ours


def _returns(convert: Any, value: Any) -> bool:
    """Whether the codec takes the value and gives it back; what a codec may take is proven where the codecs are."""
    written = convert.write(value)
    return not hasattr(written, "kind") and convert.read(*written) == value


def record(scope: Any, random: Random, texts: Texts, rare: int = 0, within: tuple[int, ...] = ()) -> Record:
    """A record of one scope; every field may be absent, except what is required. One field in `rare` is there: full records mostly
    hold two fields that want the same place, sparse ones seldom. Scopes in themselves (`within`) end after three."""
    made: Record = {}
    one_in = rare or random.choice([4, 20, 60])
    for plan in scope.values:
        if plan.rule.required or not random.randrange(one_in):
            _put(made, plan.target, value(plan, random, texts))
    for use in scope.uses:
        if within.count(use.item.number) > 2 or not (use.rule.required or not random.randrange(one_in)):
            continue
        items = [_filled_one(use, random, texts, min(one_in, 8), within) for _ in range(random.choice(SIZES) if use.many else 1)]
        _put(made, use.target, items if use.many else items[0])
    return made


def _filled_one(use: Any, random: Random, texts: Texts, rare: int, within: tuple[int, ...]) -> Record:
    """An object or item that holds something."""
    item: Record = {}
    while not item:
        item = record(use.item, random, texts, rare, (*within, use.item.number))
        rare = max(1, rare - 1)
        if use.rule.expand_to and random.randrange(4):
            item[use.rule.expand_to] = random.choice(IDENTIFIERS["sscc"]) if use.rule.expand_to == "sscc" else texts.one(random)
    return item


def _put(record: Record, target: tuple[str, ...], value: Any) -> None:
    for name in target[:-1]:
        record = record.setdefault(name, {})
    record[target[-1]] = value


# --- the proof -------------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What became of the random records of one map."""

    tried: int = 0
    whole: int = 0  # written and read back as they were made
    lessened: int = 0  # after findings had named fields that found no room
    fields: int = 0  # that the records held
    left_out: Counter[str] = field(default_factory=Counter)  # fields named, without numbers
    refused: Counter[str] = field(default_factory=Counter)  # records of which a required field could not be written

    def __str__(self) -> str:
        lost = sum(self.left_out.values())
        return (f"{self.tried} records: {self.whole} came back whole, {self.lessened} without the fields that findings named, "
                f"{sum(self.refused.values())} refused for a required field; {lost} of {self.fields} fields named "
                f"({', '.join(f'{name} {count}' for name, count in self.left_out.most_common(6))})")


def prove(compiled: CompiledMap, examples: int, write: Write, read: Read, texts: Texts, start: int | None = None) -> Tally:
    """Hold so many random records against the map; AssertionError with the smallest record that was found where one fails.
    Hypothesis draws the number that a record is made from: drawing each field would take twenty times as long. `start` seeds it;
    without it every run makes the same records."""
    tally = Tally()
    common = {value.target[0] for value in compiled.plan.root.values if any(getattr(source, "root", False) for source in value.sources)}
    meant = {name: several[0] for name, several in (compiled.spec.when or {}).items()}

    def check(number: int) -> None:
        made = record(compiled.plan.root, Random(number), texts)
        made |= {name: value for name, value in meant.items() if not compiled.meant_for(made)}
        assume(made.keys() - common)
        fault = fault_of(compiled, made, write, read, tally)
        if fault:
            small, fault = _smallest(made, fault, lambda one: fault_of(compiled, one, write, read, Tally()) if compiled.meant_for(one) else "")
            raise AssertionError(f"{fault}\nof the record {small}")

    run = settings(max_examples=examples, deadline=None, derandomize=start is None, database=None, phases=[Phase.generate],
                   suppress_health_check=list(HealthCheck))(given(st.integers(0, 2**64))(check))
    (run if start is None else seed(start)(run))()
    return tally


def _smallest(record: Record, fault: str, fails: Callable[[Record], str]) -> tuple[Record, str]:
    """The record with every field taken away without which it still fails."""
    smaller = True
    while smaller:
        smaller = False
        for path in sorted(places(record), key=len):
            less = without(record, {path})
            again = fails(less) if less != record and less else ""
            if again.split(":")[0] == fault.split(":")[0]:
                record, fault, smaller = less, again, True
                break
    return record, fault


def fault_of(compiled: CompiledMap, record: Record, write: Write, read: Read, tally: Tally) -> str:
    """What is wrong with what became of a record; '' when all is well."""
    tally.tried += 1
    tally.fields += len(list(leaves(record)))
    body, gone = None, []
    for _ in range(ROUNDS):
        body, findings = write(record)
        if not findings:
            break
        for one in findings:
            if one.kind not in REFUSALS or not one.note:
                return f"{one.kind}: {one.sentence()}"
        if any(one.kind == "required_missing" and not _around(one.position.path or "") for one in findings):
            if not gone:
                return f"refused, though it has what is required: {[one.sentence() for one in findings]}"
            tally.refused[gone[-1]] += 1
            return ""
        named = {_around(one.position.path or "") if one.kind == "required_missing" else one.position.path or "" for one in findings}
        unknown = named - set(places(record))
        if unknown:
            return f"names what is no field of the record: {sorted(unknown)}: {[one.sentence() for one in findings]}"
        gone += sorted(named)
        record = without(record, named)
    else:
        return f"not writable after {ROUNDS} rounds of leaving out: {gone}"
    tally.left_out.update(unnumbered(path) for path in gone)
    tally.whole += not gone
    tally.lessened += bool(gone)
    if not record:
        return ""
    got, found = read(body)
    if found:
        return f"what was written is not read without findings: {[one.sentence() for one in found]} in {body}"
    if len(got) != 1:
        return f"{len(got)} records come back from {body}"
    together = _together(compiled)
    changed = [one for one in differences(_sorted(record, compiled, together), _sorted(got[0], compiled, together)) if not _filled(compiled, *one)]
    return f"comes back as something else: {changed[:4]} (left out: {gone}) in {body}" if changed else ""


def _together(compiled: CompiledMap) -> set[str]:
    """Lists that several places of the message fill: each keeps its order, but one place is read before the other."""
    uses = [[use.rule.name for use in scope.uses if use.many] for scope in compiled.plan.scopes]
    return {name for names in uses for name in names if names.count(name) > 1}


def _sorted(value: Any, compiled: CompiledMap, names: set[str], path: str = "") -> Any:
    match value:
        case dict():
            return {key: _sorted(inner, compiled, names, f"{path}.{key}" if path else key) for key, inner in value.items()}
        case list():
            items = [_sorted(inner, compiled, names, path) for inner in value]
            return sorted(items, key=lambda one: (_unfilled(one, compiled, path), repr(one))) if path.rpartition(".")[2] in names else items
    return value


def _unfilled(item: Any, compiled: CompiledMap, path: str) -> str:
    """An item without what the map may have filled, to sort by."""
    return repr(sorted((name, str(normal(value))) for name, value in leaves(item, path) if not _filled(compiled, name, None, value)))


def _filled(compiled: CompiledMap, path: str, before: Any, after: Any) -> bool:
    """Whether a field that was absent came back as what the map fills there: its default or constant."""
    name = unnumbered(path)
    return before is None and any(str(value) == str(after) and name.endswith(target) for target, value in _filling(compiled))


_FILLING: dict[str, list[tuple[str, Any]]] = {}


def _filling(compiled: CompiledMap) -> list[tuple[str, Any]]:
    if compiled.name not in _FILLING:
        _FILLING[compiled.name] = [(".".join(plan.target), fixed) for plan in compiled.plan.values() for fixed in (plan.default, plan.constant)
                                   if fixed is not None]
    return _FILLING[compiled.name]


# --- fields of a record ----------------------------------------------------------------------------------------------------

_LAST = re.compile(r"\.?[^.\[]+$|\[\d+\]$")


def _around(path: str) -> str:
    """The object or item that a field stands in; '' for the record."""
    return _LAST.sub("", path)


def places(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all values, objects, lists and items."""
    if path:
        yield path
    match value:
        case dict():
            for name, inner in value.items():
                yield from places(inner, f"{path}.{name}" if path else name)
        case list():
            for number, inner in enumerate(value):
                yield from places(inner, f"{path}[{number}]")


def without(value: Any, paths: set[str], path: str = "") -> Any:
    """The record without these fields, objects or items; what is empty then goes with them."""
    match value:
        case dict():
            kept = {name: without(inner, paths, here) for name, inner in value.items() if (here := f"{path}.{name}" if path else name) not in paths}
            return {name: inner for name, inner in kept.items() if inner not in ({}, [])}
        case list():
            items = [without(inner, paths, here) for number, inner in enumerate(value) if (here := f"{path}[{number}]") not in paths]
            return [one for one in items if one != {}]
    return value
