"""What the old channel booked, as records: rows of a CSV by declared columns, or JSON in our own form. Pure: bytes come in.

    documents:
      - message: edifact/D96A/ORDERS
        key: [number, buyer.gln]
        file: {delimiter: ";", charset: latin-1, decimal: ",", date: "%d.%m.%Y"}
        columns: {Bestellung: number, Kunde: buyer.gln, Pos: lines.number, Menge: lines.quantity, ME: {field: lines.unit, codes: {STK: H87}}}
        tolerances: {lines.net_amount: 0.01, issued_on: 1d, buyer.name: fold, lines.net_price: 0.5%}
        ignore: [notes]
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as made_of
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.record import SCALARS, fields_of, from_json
from edi_bridge.rollout.comparison import LINES, TEXTS, Shape, Tolerance, key_of
from edi_bridge.yamltext import Block, Problems

ENTRY = ("message", "direction", "key", "line", "day", "file", "columns", "fields", "tolerances", "ignore")
FORM = ("delimiter", "charset", "decimal", "thousands", "date", "quote", "skip")
COLUMN = ("field", "codes", "as")
ABSENT = ("here", "legacy", "either")
DATES = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the old channel's file: which field it is, what its words mean to us, how its dates are written ('': as the file's)."""

    name: str
    field: str
    type: str
    codes: Mapping[str, str] = made_of(default_factory=dict)
    form: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """How the file is written. `skip` lines stand before the titles."""

    delimiter: str = ","
    charset: str = "utf-8-sig"
    decimal: str = "."
    thousands: str = ""
    date: str = ""
    quote: str = '"'
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Legacy:
    """What is declared of the old channel for one message: how its files read, and how its documents are compared."""

    shape: Shape
    columns: tuple[Column, ...] = ()
    form: Form = Form()
    day: str = "issued_on"


@dataclass(frozen=True, slots=True)
class Booked:
    """One document of the old channel: its key, its day ('' where it says none), and the record."""

    key: str
    day: str
    record: dict[str, Any]


def plain(record: str) -> Legacy:
    """Where nothing is declared: JSON records, all their fields."""
    return Legacy(Shape(record))


def declared(block: Block, direction: str, message: str, record: str) -> Legacy:
    """What a file says of one message; `plain` where it does not speak of it. ConfigFault with everything that is wrong in it."""
    problems = Problems(block.file)
    problems.unknown_keys(block, ("legacy", "documents", "about"), "the description of an old channel")
    entries = block.get("documents")
    if not isinstance(entries, list) or not all(isinstance(one, Block) for one in entries):
        raise ConfigFault.at(block.file, *block.mark, "documents: is a list, each entry with message: and columns:")
    chosen = [one for one in entries if one.get("direction", "in") == direction and str(one.get("message")) in (message, message.rpartition("/")[2])]
    made = _entry(chosen[0], record, problems) if chosen else plain(record)
    problems.done()
    return made


def _entry(entry: Block, record: str, problems: Problems) -> Legacy:
    problems.unknown_keys(entry, ENTRY, "an entry of documents:")
    columns = tuple(_columns(entry, record, problems))
    key = tuple(_names(entry, "key", problems)) or ("number",)
    line = tuple(_names(entry, "line", problems))
    named = frozenset(column.field for column in columns) | frozenset(_names(entry, "fields", problems))
    for name in (*key, *_names(entry, "fields", problems), *_names(entry, "ignore", problems)):
        _type_of(name, record, entry, "key", problems)
    for name in line:
        _type_of(f"{LINES[record]}.{name}", record, entry, "line", problems)
    shape = Shape(record, key, line, named, frozenset(_names(entry, "ignore", problems)), _tolerances(entry, record, problems))
    day = str(entry.get("day", "issued_on"))
    if _type_of(day, record, entry, "day", problems) not in ("date", ""):
        problems.add(entry.value_marks.get("day", entry.mark), f"day: {day} is no date")
    return Legacy(shape, columns, _form(entry, problems), day)


def _names(entry: Block, key: str, problems: Problems) -> list[str]:
    value = entry.get(key, [])
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        problems.add(entry.value_marks.get(key, entry.mark), f"{key}: is a field or a list of fields")
        return []
    return listed


def _type_of(name: str, record: str, entry: Block, key: str, problems: Problems) -> str:
    """The type of a field by its name without numbers; what there is not is noted."""
    fields, kind = fields_of(record), ""
    for step in name.split("."):
        if step not in fields:
            problems.add(entry.value_marks.get(key, entry.mark), f"{key}: a record of type {record} has no field {name}")
            return ""
        kind = fields[step].type
        fields = fields_of(kind) if kind not in SCALARS else {}
    return kind


def _columns(entry: Block, record: str, problems: Problems) -> Iterator[Column]:
    said = problems.inner(entry, "columns", None, "names each column of the file and the field it is: {OrderNo: number}")
    if said is None:
        return
    for name, value in said.items():
        inner = value if isinstance(value, Block) else None
        if inner is not None:
            problems.unknown_keys(inner, COLUMN, f"column {name}")
        target = str(inner.get("field", "") if inner is not None else value)
        kind = _type_of(target, record, said, name, problems)
        if kind and (kind not in SCALARS or _through_list(target, record)):
            what = "a value in a list" if kind in SCALARS else "an object or a list"
            problems.add(said.value_marks[name], f"{target} cannot stand in a column: it is {what}")
        codes = inner.get("codes", {}) if inner is not None else {}
        if not isinstance(codes, dict):
            problems.add(said.value_marks[name], "codes: says what their words mean: {STK: H87}")
            codes = {}
        yield Column(str(name), target, kind, {str(key): str(one) for key, one in codes.items()}, str(inner.get("as", "")) if inner is not None else "")


def _through_list(name: str, record: str) -> bool:
    """Whether a field stands in a list other than the lines."""
    fields = fields_of(record)
    for count, step in enumerate(name.split(".")):
        if fields[step].many and not (count == 0 and step == LINES[record]):
            return True
        fields = fields_of(fields[step].type) if fields[step].type not in SCALARS else {}
    return False


def _form(entry: Block, problems: Problems) -> Form:
    said = problems.inner(entry, "file", FORM, 'is {delimiter: ";", charset: latin-1, decimal: ",", date: "%d.%m.%Y"}')
    if said is None:
        return Form()
    for key in FORM[:-1]:
        if key in said and not (isinstance(said[key], str) and (said[key] or key in ("thousands", "quote"))):
            problems.add(said.value_marks[key], f"{key}: is a text, in quotes")
    skip = said.get("skip", 0)
    if not isinstance(skip, int) or skip < 0:
        problems.add(said.value_marks["skip"], "skip: is how many lines stand before the titles")
        skip = 0
    charset = str(said.get("charset", "utf-8-sig"))
    try:
        codecs.lookup(charset)
    except LookupError:
        problems.add(said.value_marks["charset"], f"there is no character set {charset}")
    one = {key: str(said[key]) for key in ("delimiter", "decimal", "thousands", "date", "quote") if key in said}
    if len(one.get("delimiter", ",")) != 1:
        problems.add(said.value_marks["delimiter"], "delimiter: is one character")
    return Form(charset=charset, skip=skip, **one)


def _tolerances(entry: Block, record: str, problems: Problems) -> dict[str, Tolerance]:
    said = problems.inner(entry, "tolerances", None, "is {lines.net_amount: 0.01, issued_on: 1d, buyer.name: fold}")
    if said is None:
        return {}
    made = {}
    for name, value in said.items():
        _type_of(str(name), record, said, str(name), problems)
        made[str(name)] = tolerance(value) or Tolerance()
        if tolerance(value) is None:
            problems.add(said.value_marks[name], f"{value!r} is no tolerance: an amount (0.01), a share (0.5%), days (2d), {', '.join(TEXTS)}, or"
                         " absent here, absent legacy, absent either; several in a list")
    return made


def tolerance(said: Any) -> Tolerance | None:
    """A tolerance as it is written: 0.01, 0.5%, 2d, fold, absent legacy; a list of these; None when it is none."""
    found: dict[str, Any] = {}
    for one in said if isinstance(said, list) else [said]:
        text = str(one).strip()
        number = re.fullmatch(r"(\d+(?:\.\d+)?)(%|d)?", text)
        absent = re.fullmatch(rf"absent ({'|'.join(ABSENT)})", text)
        if number and not (number[2] == "d" and "." in number[1]):
            name = {None: "amount", "%": "percent", "d": "days"}[number[2]]
            found[name] = int(number[1]) if name == "days" else Decimal(number[1])
        elif absent:
            found["absent"] = absent[1]
        elif text in TEXTS:
            found["text"] = text
        else:
            return None
    return Tolerance(**found)


# --- reading ------------------------------------------------------------------------------------------------------------


def read(content: bytes, file: str, legacy: Legacy) -> list[Booked]:
    """The documents of a file: JSON (one, a list, or one a line) or CSV, by its first character. ConfigFault with every row that cannot be
    read, or documents that contradict themselves: half a file would be held against us as if it were all."""
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    listed = list(_json(content, file, legacy) if start in (b"{", b"[") else _rows(content, file, legacy))
    seen: dict[str, int] = {}
    problems = []
    for number, one in enumerate(listed, 1):
        if not one.key:
            problems.append((file, 0, 0, f"document {number} has no {' and no '.join(legacy.shape.key)}: nothing says which it is"))
        elif one.key in seen:
            problems.append((file, 0, 0, f"{one.key} stands in it twice, as document {seen[one.key]} and {number}"))
        seen.setdefault(one.key, number)
    if problems:
        raise ConfigFault(problems)
    return listed


def _json(content: bytes, file: str, legacy: Legacy) -> Iterator[Booked]:
    try:
        text = content.decode("utf-8-sig")
        try:
            whole = json.loads(text, parse_float=Decimal)
            listed = whole if isinstance(whole, list) else [whole]
        except json.JSONDecodeError:
            listed = [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()]
        for one in listed:
            inner = one.get("record", one) if isinstance(one, dict) else one  # `exchange record` and `translate` wrap it
            record = from_json(json.dumps(inner, default=str), legacy.shape.record)
            yield _booked(record, legacy)
    except (ValueError, UnicodeDecodeError) as error:
        raise ConfigFault.at(file, 0, 0, f"is no JSON of records of type {legacy.shape.record}: {error}") from None


def _booked(record: dict[str, Any], legacy: Legacy) -> Booked:
    day: Any = record
    for step in legacy.day.split("."):
        day = day.get(step) if isinstance(day, dict) else None
    return Booked(key_of(record, legacy.shape), str(day or "")[:10], record)


def _rows(content: bytes, file: str, legacy: Legacy) -> Iterator[Booked]:
    """A document for all rows of one key; fields of the head must say the same in each."""
    form = legacy.form
    if not legacy.columns:
        raise ConfigFault.at(file, 0, 0, "is no JSON, and no columns: are declared for this message (rollout/legacy/PARTNER.yaml)")
    try:
        text = content.decode(form.charset)
    except UnicodeDecodeError as error:
        raise ConfigFault.at(file, 0, 0, f"is not written in {form.charset} (byte {error.start}); file: {{charset: …}} says in what") from None
    lines = text.splitlines(keepends=True)[form.skip:]
    reader = csv.reader(io.StringIO("".join(lines)), delimiter=form.delimiter, quotechar=form.quote or None,
                        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE)
    titles = [one.strip() for one in next(reader, [])]
    missing = [one.name for one in legacy.columns if one.name not in titles]
    if missing:
        raise ConfigFault.at(file, form.skip + 1, 0, f"has no column {', '.join(missing)}; it has {', '.join(titles)}")
    yield from _documents(reader, titles, file, legacy)


def _documents(reader: Any, titles: list[str], file: str, legacy: Legacy) -> Iterator[Booked]:
    problems: list[tuple[str, int, int, str]] = []
    made: dict[str, dict[str, Any]] = {}
    lines = LINES[legacy.shape.record]
    for row in reader:
        number = reader.line_num + legacy.form.skip
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(titles):
            problems.append((file, number, 0, f"has {len(row)} cells, the titles are {len(titles)}"))
            continue
        cells = dict(zip(titles, row, strict=True))
        head: dict[str, Any] = {}
        line: dict[str, Any] = {}
        for column in legacy.columns:
            try:
                value = value_of(cells[column.name], column, legacy.form)
            except ValueError as error:
                problems.append((file, number, titles.index(column.name) + 1, f"{column.name}: {error}"))
                continue
            if value is not None:
                first, _, rest = column.field.partition(".")
                _put(line if first == lines else head, rest if first == lines else column.field, value)
        key = key_of(head, legacy.shape)
        if not key:
            problems.append((file, number, 0, f"has no {' and no '.join(legacy.shape.key)}: nothing says of which document it is"))
            continue
        there = made.setdefault(key, head)
        known = {name: value for name, value in there.items() if name != lines}
        if known != head:
            other = next(name for name in {**known, **head} if known.get(name) != head.get(name))
            problems.append((file, number, 0, f"{other} of {key} is another than in the row before"))
        if line:
            there.setdefault(lines, []).append(line)
    if problems:
        raise ConfigFault(problems)
    for record in made.values():
        yield _booked(record, legacy)


def _put(part: dict[str, Any], name: str, value: Any) -> None:
    *around, last = name.split(".")
    for step in around:
        part = part.setdefault(step, {})
    part[last] = value


def value_of(cell: str, column: Column, form: Form) -> Any:
    """What a cell says; None where it is empty. ValueError when it is not what the field holds."""
    text = cell.strip()
    if not text:
        return None
    text = column.codes.get(text, text)
    match column.type:
        case "decimal" | "integer":
            return _number(text, form, column.type)
        case "boolean":
            if text not in ("true", "false"):
                raise ValueError(f"{text!r} is neither true nor false (codes: may say what their words mean)")
            return text == "true"
        case "date":
            pattern = column.form or form.date
            if pattern:
                try:
                    made = datetime.strptime(text, pattern)
                except ValueError:
                    raise ValueError(f"{text!r} is no date such as {pattern}") from None
                return made.strftime("%Y-%m-%dT%H:%M" if "%H" in pattern else "%Y-%m-%d")
            if not DATES.match(text):
                raise ValueError(f"{text!r} is no date such as 2026-11-01 (file: {{date: …}} says how they are written)")
    return text


def _number(text: str, form: Form, kind: str) -> Decimal | int:
    bare = text.replace(form.thousands, "") if form.thousands else text
    bare = bare.replace(form.decimal, ".") if form.decimal != "." else bare
    minus = bare.endswith("-")  # as mainframes write it
    try:
        made = Decimal(("-" if minus else "") + bare.rstrip("-").strip())
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number (file: {{decimal: \",\"}} says how they are written)") from None
    if kind == "integer":
        if made != made.to_integral_value():
            raise ValueError(f"{text!r} is no whole number")
        return int(made)
    return made
