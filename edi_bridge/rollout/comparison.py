"""Our records held against those of the channel that ran before: what is equal, what differs, what only one of them has. Pure.

    ours, theirs ─► compare ─► differences ─► judged (with what people explained) ─► outcome ─► clean: days in a row

Two documents are one where the fields of their key agree (`key_of`), two lines where the fields of a line's key do. Numbers are
compared as numbers, dates at the precision that both have, texts as they are; a `Tolerance` says where less is enough.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from edi_bridge.record import PARTS, Field, fields_of

Record = Mapping[str, Any]

EQUAL, DIFFERS, ONLY_HERE, ONLY_LEGACY, EXPLAINED = "equal", "differs", "only_here", "only_legacy", "explained"
OUTCOMES = {  # outcome → what it means
    EQUAL: "both channels say the same, within the tolerances",
    DIFFERS: "a field differs, and nobody has explained why",
    ONLY_HERE: "it came by EDI; the old channel does not have it",
    ONLY_LEGACY: "the old channel has it; nothing came by EDI, or it was refused",
    EXPLAINED: "everything that differs is ticked off with a reason",
}
WHOLE = "document"  # the field of a difference that is the document itself
LINES = {"order": "lines", "order_response": "lines", "invoice": "lines", "remittance": "items", "despatch_advice": "items", "customer": "locations"}
LINE_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {  # what makes two lines one, the first that all lines have
    "lines": (("number",), ("gtin",), ("buyer_item",), ("seller_item",)),
    "items": (("document",), ("order_number", "order_line"), ("gtin",), ("buyer_item",), ("seller_item",)),
    "locations": (("gln",), ("number",)),
}
IDENTITY: dict[str, tuple[str, ...]] = {  # what makes two items of any other list one; else their place in the list
    "tax": ("type", "category", "rate"), "allowance": ("kind", "code", "reason"), "reference": ("kind",), "dated": ("kind",), "note": ("kind",),
    "contact": ("role",), "named_party": ("role",), "pack": ("sscc",), "product_id": ("scheme",), "identifier": ("scheme",),
    "kind_amount": ("kind",), "schedule": ("location", "date"), "role": ("code",), "deduction": ("reason", "document"), "document": ("number",),
}
TEXTS = ("exact", "fold", "zeros", "begins")  # how texts may be compared


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What still counts as the same. `amount` and `percent` (of the old channel's value) for numbers, either is enough; `days` for
    dates; `text` for texts: exact, fold (capitals, accents, blanks and punctuation are nothing), zeros (those in front are
    nothing), begins (folded, one begins as the other: the old channel cuts texts off). `absent`: here, legacy or either may be without a value."""

    amount: Decimal = Decimal(0)
    percent: Decimal = Decimal(0)
    days: int = 0
    text: str = "exact"
    absent: str = ""


EXACT, NUMBERED = Tolerance(), Tolerance(text="zeros")


@dataclass(frozen=True, slots=True)
class Shape:
    """How documents of a record type are compared. `fields` are the only ones that are compared (empty: all); names are those of
    the record without numbers (`lines.quantity`), an object or list stands for all below it."""

    record: str
    key: tuple[str, ...] = ("number",)
    line: tuple[str, ...] = ()  # '' : the first of LINE_KEYS that fits
    fields: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)

    def tolerance(self, name: str) -> Tolerance:
        """What holds for a field: its own word, else that of the nearest object around it."""
        around = name
        while around:
            if around in self.tolerances:
                return self.tolerances[around]
            around = around.rpartition(".")[0]
        return NUMBERED if name == f"{LINES[self.record]}.number" else EXACT

    def compares(self, name: str) -> bool:
        """Whether a field is looked at."""
        return (not self.fields or _among(name, self.fields)) and not _among(name, self.ignore)


def _among(name: str, names: frozenset[str]) -> bool:
    return name in names or any(name.startswith(f"{one}.") for one in names)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which both differ. `field` has no numbers, `item` says which line or part it is of (`line 10`), `path` is the field in
    our record; None: there is no such value. `where` is where ours comes from, `rule` the line of the map that made it (or should have)."""

    field: str
    item: str
    ours: str | None
    theirs: str | None
    path: str = ""
    where: str = ""
    rule: str = ""

    def sentence(self) -> str:
        """`line 10 net_price: 319.00 here, 3.19 in the old channel`."""
        if self.field == WHOLE:
            return f"only here: {self.ours}" if self.theirs is None else f"only in the old channel: {self.theirs}"
        sides = [f"{'nothing' if value is None else value} {side}" for value, side in ((self.ours, "here"), (self.theirs, "in the old channel"))]
        name = self.field.rpartition(".")[2] if self.item else self.field
        return f"{f'{self.item} ' if self.item else ''}{name}: {', '.join(sides)}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A difference that a person ticked off. `key` '' holds for all documents, `until` (a day) for those up to that day only; `field`
    stands for all below it."""

    key: str
    field: str
    reason: str
    actor: str = ""
    until: str = ""
    id: int = 0

    def covers(self, difference: Difference, key: str, day: str) -> bool:
        """Whether it explains a difference of a document of a day."""
        return ((not self.key or self.key == key) and (not self.until or day <= self.until)
                and (difference.field == self.field or difference.field.startswith(f"{self.field}.")))


# --- comparing one document ---------------------------------------------------------------------------------------------


def key_of(record: Record, shape: Shape) -> str:
    """What makes a document the same in both channels, as text; '' where a field of the key is missing."""
    parts = [_keyed(_at(record, name), shape.tolerance(name)) for name in shape.key]
    return " / ".join(parts) if all(parts) else ""


def _at(part: Any, name: str) -> Any:
    for step in name.split("."):
        part = part.get(step) if isinstance(part, Mapping) else None
    return part


def _keyed(value: Any, tolerance: Tolerance) -> str:
    """A value as it takes part in a key."""
    text = "" if value is None else str(value).strip()
    match tolerance.text:
        case "zeros":
            return text.lstrip("0") or text[:1]
        case "fold" | "begins":
            return folded(text)[0]
    return text


def compare(ours: Record, theirs: Record, shape: Shape) -> list[Difference]:
    """What differs in one document, the head's fields first, then line by line."""
    found = list(_parts(_head(ours, shape), _head(theirs, shape), shape))
    labels = _paired(lines_of(ours, shape.record), lines_of(theirs, shape.record), shape)
    for label, (path, mine), yours in labels:
        found += _line(label, path, mine, yours, shape)
    return found


def lines_of(record: Record, type: str) -> list[tuple[str, Record]]:
    """(path, line) of every line: of a despatch advice its items, those in packs too; of sublines of orders those of the top."""
    name = LINES[type]
    listed = [(f"{name}[{n}]", one) for n, one in enumerate(record.get(name, ()))]
    return [*_packed(record.get("packs", ()), "packs"), *listed]


def _packed(packs: Sequence[Record], path: str) -> Iterator[tuple[str, Record]]:
    for number, pack in enumerate(packs):
        here = f"{path}[{number}]"
        yield from ((f"{here}.items[{n}]", one) for n, one in enumerate(pack.get("items", ())))
        yield from _packed(pack.get("packs", ()), f"{here}.packs")


Leaf = tuple[str, Any, str]  # path, value, type
Leaves = dict[tuple[str, str], Leaf]  # (name without numbers, which item) → leaf


def _head(record: Record, shape: Shape) -> Leaves:
    made: Leaves = {}
    _collect({name: value for name, value in record.items() if name != LINES[shape.record]}, fields_of(shape.record), "", "", "", made)
    return made


def _collect(part: Record, fields: Mapping[str, Field], name: str, path: str, item: str, made: Leaves) -> None:
    """Every value below a part. Items of lists are told apart by what makes them the same (IDENTITY), not by their place."""
    for key, value in part.items():
        kind = fields[key].type if key in fields else "text"
        full, here = f"{name}.{key}" if name else key, f"{path}.{key}" if path else key
        if value in (None, "", [], {}):
            continue
        match value:
            case dict():
                _collect(value, fields_of(kind), full, here, item, made)
            case list():
                _items(value, kind, full, here, item, made)
            case _:
                made[full, item] = (here, value, kind)


def _items(listed: Sequence[Any], kind: str, name: str, path: str, item: str, made: Leaves) -> None:
    seen: Counter[str] = Counter()
    own = "items" if kind == "pack" else ""  # they are lines
    for number, one in enumerate(listed):
        if not isinstance(one, dict):
            made[name, f"{item} [{number}]".strip()] = (f"{path}[{number}]", one, kind)
            continue
        words = [str(one[key]) for key in IDENTITY.get(kind, ()) if one.get(key) is not None]
        label = " ".join(words) or (f"{number + 1}" if kind not in IDENTITY else "")
        seen[label] += 1
        shown = " ".join(filter(None, (item, f"{name.rpartition('.')[2]}[{label}{f' #{seen[label]}' if seen[label] > 1 else ''}]")))
        _collect({key: value for key, value in one.items() if key != own}, PARTS.get(kind, {}), name, f"{path}[{number}]", shown, made)


def _parts(ours: Leaves, theirs: Leaves, shape: Shape) -> Iterator[Difference]:
    for place in dict.fromkeys((*ours, *theirs)):
        name, item = place
        if not shape.compares(name):
            continue
        path, mine, kind = ours.get(place, ("", None, ""))
        yours = theirs[place][1] if place in theirs else None
        if not same(mine, yours, shape.tolerance(name), kind or theirs[place][2]):
            yield Difference(name, item, _text(mine), _text(yours), path)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


Pair = tuple[str, tuple[str, Record | None], Record | None]  # label, (path, ours), theirs


def _paired(ours: list[tuple[str, Record]], theirs: list[tuple[str, Record]], shape: Shape) -> list[Pair]:
    """Lines with those of the other side: by the first key that all of them have, each only once, else by their order."""
    name = LINES[shape.record]
    choices = (shape.line,) if shape.line else LINE_KEYS[name]
    for keys in choices:
        sides = [[" ".join(_keyed(_at(line, key), shape.tolerance(f"{name}.{key}")) for key in keys) for _, line in side] for side in (ours, theirs)]
        if all(len(set(side)) == len(side) and all(side) for side in sides):
            word = "line" if keys == ("number",) else keys[-1].replace("_", " ")
            return _by_label(ours, theirs, sides[0], sides[1], word)
    labels = [[str(n) for n in range(1, len(side) + 1)] for side in (ours, theirs)]
    return _by_label(ours, theirs, labels[0], labels[1], "line no.")


def _by_label(ours: list[tuple[str, Record]], theirs: list[tuple[str, Record]], mine: list[str], yours: list[str], word: str) -> list[Pair]:
    there = dict(zip(yours, (line for _, line in theirs), strict=True))
    made: list[Pair] = [(f"{word} {label}", one, there.get(label)) for label, one in zip(mine, ours, strict=True)]
    left = set(mine)
    return made + [(f"{word} {label}", ("", None), line) for label, line in there.items() if label not in left]


def _line(label: str, path: str, ours: Record | None, theirs: Record | None, shape: Shape) -> Iterator[Difference]:
    name = LINES[shape.record]
    if ours is None or theirs is None:
        if shape.compares(name) or shape.fields:
            yield Difference(name, label, None if ours is None else _brief(ours), None if theirs is None else _brief(theirs), path)
        return
    kind = fields_of(shape.record)[name].type
    sides: list[Leaves] = []
    for line, here in ((ours, path), (theirs, "")):
        made: Leaves = {}
        _collect(line, fields_of(kind), name, here, label, made)
        sides.append(made)
    yield from _parts(sides[0], sides[1], shape)


def _brief(line: Record) -> str:
    """`48 of 9521200002119`: a line that only one side has."""
    item = next((str(line[key]) for key in ("gtin", "buyer_item", "seller_item", "document", "description", "gln") if line.get(key)), "a line")
    amount = line.get("quantity", line.get("amount"))
    return item if amount is None else f"{amount} of {item}"


def same(ours: Any, theirs: Any, tolerance: Tolerance = EXACT, kind: str = "text") -> bool:
    """Whether two values of a field of this type count as the same."""
    if ours is None or theirs is None:
        return ours is theirs or tolerance.absent in ("either", "here" if ours is None else "legacy")
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, Decimal | int) and isinstance(theirs, Decimal | int):
        off = abs(Decimal(ours) - Decimal(theirs))
        return off <= max(tolerance.amount, abs(Decimal(theirs)) * tolerance.percent / 100)
    one, two = str(ours).strip(), str(theirs).strip()
    if kind == "date":
        return _same_date(one, two, tolerance.days)
    return _same_text(one, two, tolerance.text)


def _same_date(one: str, two: str, days: int) -> bool:
    if one == two or (min(len(one), len(two)) >= 7 and (one.startswith(two) or two.startswith(one))):
        return True
    try:
        return abs((date.fromisoformat(one[:10]) - date.fromisoformat(two[:10])).days) <= days if days else False
    except ValueError:
        return False


def _same_text(one: str, two: str, how: str) -> bool:
    match how:
        case "fold":
            return bool(set(folded(one)) & set(folded(two)))
        case "begins":
            return any(a.startswith(b) or b.startswith(a) for a in folded(one) for b in folded(two))
        case "zeros":
            return one.lstrip("0") == two.lstrip("0")
    return one == two


UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})


def folded(text: str) -> tuple[str, str]:
    """A text without capitals, accents, blanks and punctuation: umlauts without their dots, and as old systems write them (ue)."""
    lower = unicodedata.normalize("NFC", text).casefold()
    return _bare(lower), _bare(lower.translate(UMLAUTS))


def _bare(text: str) -> str:
    plain = (sign for sign in unicodedata.normalize("NFKD", text.replace("ø", "o").replace("æ", "ae")) if not unicodedata.combining(sign))
    return re.sub(r"[\W_]+", "", "".join(plain))


def as_markdown() -> str:
    """The outcomes as they stand in `docs/rollout.md`."""
    return "\n".join(["| outcome | |", "|---|---|", *(f"| `{name}` | {meaning} |" for name, meaning in OUTCOMES.items())])


# --- judging ------------------------------------------------------------------------------------------------------------


def judged(outcome: str, differences: Sequence[Difference], key: str, day: str, explanations: Iterable[Explanation]) -> tuple[str, list[str]]:
    """The outcome with what people explained, and the reason for each difference ('': unexplained). `outcome` is differs, only_here
    or only_legacy (of which the differences are one, of the field WHOLE); nothing differs: equal."""
    known = list(explanations)
    reasons = [next((one.reason for one in known if one.covers(difference, key, day)), "") for difference in differences]
    if not differences:
        return EQUAL, []
    return (EXPLAINED if all(reasons) else outcome), reasons


@dataclass(frozen=True, slots=True)
class Clean:
    """Days in a row, up to the newest, on which documents were compared and nothing unexplained differed; a day without documents
    neither counts nor breaks. `broke_*` say what ended it: the day before, one of its documents, how many of that day."""

    days: int = 0
    documents: int = 0
    since: str = ""
    last: str = ""
    broke_day: str = ""
    broke_key: str = ""
    broke_fields: tuple[str, ...] = ()
    broken: int = 0


def clean(results: Iterable[tuple[str, str, str, Sequence[str]]]) -> Clean:
    """The run of clean days of (day, outcome, key, names of the unexplained fields), in any order."""
    by_day: dict[str, list[tuple[str, str, Sequence[str]]]] = {}
    for day, outcome, key, fields in results:
        by_day.setdefault(day, []).append((outcome, key, fields))
    run: list[str] = []
    for day in sorted(by_day, reverse=True):
        bad = [(key, fields) for outcome, key, fields in by_day[day] if outcome not in (EQUAL, EXPLAINED)]
        if bad:
            key, fields = sorted(bad)[0]
            return Clean(len(run), sum(len(by_day[one]) for one in run), run[-1] if run else "", run[0] if run else "",
                         day, key, tuple(dict.fromkeys(fields)), len(bad))
        run.append(day)
    return Clean(len(run), sum(map(len, by_day.values())), run[-1] if run else "", run[0] if run else "")
