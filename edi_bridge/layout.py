"""How a partner's CSV or fixed-width file is laid out: the `layout:` block of a map, as a value that `syntax/` reads and
writes files with and `mapping/` finds its columns in. docs/maps-csv.md describes it for people."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from edi_bridge.yamltext import Block, Mark, Problems

KEYS = ("kind", "delimiter", "quote", "encoding", "header", "columns", "titles", "type", "begins", "outside", "key", "decimal",
        "thousands", "comment", "skip")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_FIXED_PLACE = re.compile(r"\s+([1-9][0-9]*)\s+([1-9][0-9]*)(?:\s+(right|zeros))?")
_DELIMITERS = {"tab": "\t"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name; in fixed-width files the first character's number (from 1) and how many it has; `fill` is how
    those are written: '' flush left, `right` flush right, `zeros` flush right with zeros in front. `titles` are what the
    header line may call it, the first is written (none: the name itself)."""

    name: str
    start: int = 0
    width: int = 0
    required: bool = False
    titles: tuple[str, ...] = ()
    fill: str = ""

    @property
    def title(self) -> str:
        """What a written header line calls it."""
        return self.titles[0] if self.titles else self.name


@dataclass(frozen=True, slots=True)
class RecordType:
    """The columns of the rows whose type column holds `code`, in the order in which they stand in the row."""

    code: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """How a partner's sheets look. `version` and `name` make the message type csv/version/name.

    Every character of `delimiter` is allowed, the first is written; `skip` lines stand before the header line (or
    the first row); lines that begin with `comment` are no rows. Fixed-width files have no header line. `thousands` may
    stand between groups of three digits when reading.

    Where rows are of several record types, `types` says which, `type_column` names the column that tells them, `columns`
    are the columns of all of them (a row has '' in those of another type), a row of a type in `begins` begins a message, and
    rows of a type in `outside` belong to no message.
    """

    kind: str = "csv"
    version: str = ""
    name: str = ""
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    decimal: str = "."
    comment: str = ""
    skip: int = 0
    thousands: str = ""
    types: tuple[RecordType, ...] = ()
    type_column: str = ""
    begins: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()

    def required(self) -> list[str]:
        """The columns that must be there: those marked and those of the key."""
        return [column.name for column in self.columns if column.required or column.name in self.key]

    def spans(self) -> tuple[tuple[int, int], ...]:
        """(start, end) of each fixed-width column, from 0."""
        return tuple((column.start - 1, column.start - 1 + column.width) for column in self.columns)

    def type_named(self, code: str) -> RecordType | None:
        """The record type of that code; None when there is none."""
        return next((one for one in self.types if one.code == code), None)


def layout_from(block: Any, message: str, problems: Problems) -> SheetLayout:
    """The layout of a map for `message` (csv/VERSION/NAME); everything that is wrong in it goes to `problems`."""
    standard, version, name = (*message.split("/"), "", "")[:3]
    if not isinstance(block, Block):
        problems.add((1, 1), f"a map for {standard} needs layout: with the columns of the file")
        return SheetLayout(standard, version, name)
    return _Reader(block, problems).layout(standard, version, name)


class _Reader:
    """Reads one block; every mistake is noted with its place."""

    def __init__(self, block: Block, problems: Problems):
        self.block = block
        self.problems = problems

    def say(self, key: str, sentence: str, mark: Mark | None = None) -> None:
        block = self.block
        self.problems.add(mark or block.value_marks.get(key, block.mark), f"layout: {sentence}", block.files.get(key, block.file))

    def text(self, key: str, default: str) -> str:
        value = self.block.get(key)
        return default if value is None else str(value)

    def words(self, key: str) -> tuple[str, ...]:
        value = self.block.get(key)
        if value is None:
            return ()
        return tuple(map(str, value)) if isinstance(value, list) else (str(value),)

    def layout(self, standard: str, version: str, name: str) -> SheetLayout:
        block = self.block
        self.problems.unknown_keys(block, KEYS, "layout")
        kind = self.text("kind", standard)
        if kind != standard or kind not in ("csv", "fixed"):
            self.say("kind", f"kind is csv or fixed and the same as in message: ({standard})")
        types, columns = self.columns(kind == "fixed")
        if block.get("titles") is not None:
            columns = self.titled(columns)
        made = SheetLayout(
            kind=kind, version=version, name=name,
            delimiter=_DELIMITERS.get(self.text("delimiter", ","), self.text("delimiter", ",")),
            quote=self.text("quote", '"'), encoding=self.text("encoding", "utf-8"),
            header=kind == "csv" and not types and block.get("header") is not False, columns=columns, key=self.words("key"),
            decimal=self.text("decimal", "."), comment=self.text("comment", ""), skip=self.number("skip"),
            thousands=self.text("thousands", ""), types=types, type_column=self.text("type", "type") if types else "",
            begins=self.words("begins"), outside=self.words("outside"))
        self.check(made)
        if types:
            self.check_types(made)
        return made

    def number(self, key: str) -> int:
        value = self.block.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.say(key, f"{key} is a number of lines")
            return 0
        return value

    def columns(self, fixed: bool) -> tuple[tuple[RecordType, ...], tuple[Column, ...]]:
        """The record types, and all columns; those of the same name in several types are one."""
        given = self.block.get("columns")
        if isinstance(given, Block):
            types = tuple(RecordType(code, self.listed(entry, fixed, given.value_marks[code])) for code, entry in given.items()
                          if entry is not None)
            union = {column.name: column for one in reversed(types) for column in reversed(one.columns)}
            return types, tuple(dict.fromkeys(union[column.name] for one in types for column in one.columns))
        if not isinstance(given, list) or not given:
            self.say("columns", "columns: is missing: a list of column names, or one list for each record type")
            return (), ()
        return (), self.listed(given, fixed, self.block.value_marks["columns"])

    def titled(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        """The columns with the titles that a partner's variant gives them."""
        titles = self.block["titles"]
        if not isinstance(titles, Block):
            self.say("titles", "titles: is COLUMN: TITLE, or COLUMN: TITLE | OTHER TITLE")
            return columns
        self.problems.unknown_keys(titles, [column.name for column in columns], "titles")
        made = tuple(replace(column, titles=_split(str(titles[column.name]))) if titles.get(column.name) else column
                     for column in columns)
        names = [_same(title) for column in made for title in column.titles or (column.name,)]
        for twice in sorted({one for one in names if names.count(one) > 1}):
            self.say("titles", f"the title {twice} is given twice")
        return made

    def listed(self, given: Any, fixed: bool, mark: Mark) -> tuple[Column, ...]:
        if not isinstance(given, list):
            self.say("columns", "expected a list of columns", mark)
            return ()
        marks = getattr(given, "marks", [mark] * len(given))
        made = [column for text, at in zip(given, marks, strict=True) if (column := self.column(str(text), fixed, at)) is not None]
        for names, what in (([column.name for column in made], "column"), ([_same(t) for c in made for t in c.titles], "title")):
            for twice in sorted({one for one in names if names.count(one) > 1}):
                self.say("columns", f"the {what} {twice} is given twice", mark)
        if fixed:
            self.overlaps(made, mark)
        return tuple(made)

    def column(self, text: str, fixed: bool, mark: Mark) -> Column | None:
        """`order_number* = Bestellnummer | Auftrag`, in fixed-width files `order_number* 2 10`."""
        head, equals, titles = text.partition("=")
        match = NAME.match(head.strip())
        if not match:
            self.say("columns", f"{text!r}: a column's name has letters, digits, _ and -; write name = {text} for the title "
                                "in the header line", mark)
            return None
        rest = head.strip()[match.end():]
        required = rest.startswith("*")
        place = _FIXED_PLACE.fullmatch(rest.removeprefix("*"))
        listed = _split(titles)
        if fixed and (place is None or equals):
            self.say("columns", f"{text!r}: a fixed-width column is written NAME START WIDTH, such as {match[0]} 2 10, "
                                "or NAME START WIDTH right (or zeros)", mark)
            return None
        if not fixed and (rest.removeprefix("*").strip() or bool(equals) != bool(listed)):
            self.say("columns", f"{text!r}: a column is written NAME, NAME* (required) or NAME = TITLE", mark)
            return None
        start, width = (int(place[1]), int(place[2])) if place else (0, 0)
        return Column(match[0], start, width, required, listed, place[3] or "" if place else "")

    def overlaps(self, columns: Iterable[Column], mark: Mark) -> None:
        end, before = 0, ""
        for column in sorted(columns, key=lambda one: one.start):
            if column.start <= end:
                self.say("columns", f"{column.name} begins at {column.start}, inside {before}, which ends at {end}", mark)
            end, before = column.start + column.width - 1, column.name

    def check(self, layout: SheetLayout) -> None:
        names = [column.name for column in layout.columns]
        for key in layout.key:
            if key not in names:
                self.say("key", f"the key {key} is no column; there are {', '.join(names)}")
        if not layout.delimiter or not set(layout.delimiter).isdisjoint(set(layout.quote) | {"\r", "\n"}):
            self.say("delimiter", "delimiter is one character (or several that are allowed) and not the quote")
        if len(layout.quote) > 1:
            self.say("quote", 'quote is one character, or "" where nothing is quoted')
        if layout.decimal not in (".", ","):
            self.say("decimal", "decimal is . or ,")
        if layout.thousands not in ("", ".", ",", "'", " ") or layout.thousands == layout.decimal:
            self.say("thousands", "thousands is . , ' or a blank and not the decimal mark")
        try:
            codecs.lookup(layout.encoding)
        except LookupError:
            self.say("encoding", f"the encoding {layout.encoding} is not known")

    def check_types(self, layout: SheetLayout) -> None:
        codes = [one.code for one in layout.types]
        for key, given in (("begins", layout.begins), ("outside", layout.outside)):
            for code in given:
                if code not in codes:
                    self.say(key, f"{code} is no record type; there are {', '.join(codes)}")
        if bool(layout.begins) == bool(layout.key):
            self.say("begins", "with record types, either begins: (the type that begins a message) or key: is needed")
        inside = [one for one in layout.types if one.code not in layout.outside]
        places = set()
        for one in layout.types:
            at = next(((n, c.start, c.width) for n, c in enumerate(one.columns) if c.name == layout.type_column), None)
            places.add(at[1:] if at and layout.kind == "fixed" else at)
            if at is None:
                self.say("columns", f"{one.code} has no column {layout.type_column}, which tells the record type")
        if len(places) > 1 and None not in places:
            self.say("columns", f"{layout.type_column} must stand at the same place in every record type")
        for key in layout.key:
            for one in inside:
                if key not in [column.name for column in one.columns]:
                    self.say("key", f"the key {key} is no column of {one.code}")
        if layout.kind == "fixed":
            for one in layout.types:
                for column in one.columns:
                    if column.name == layout.type_column and len(one.code) > column.width:
                        self.say("columns", f"the record type {one.code} is longer than its column {column.name}")


def delimiter_of(text: str, signs: str = ",;\t") -> str:
    """What parts the cells of a CSV that declares no layout: of `signs` the one that stands most often in its header line, the first
    of them where none does."""
    return max(signs, key=text.partition("\n")[0].count)


def _split(titles: str) -> tuple[str, ...]:
    return tuple(title.strip() for title in titles.split("|") if title.strip())


def _same(title: str) -> str:
    """Titles are compared without regard to case and blanks."""
    return " ".join(title.split()).casefold()


def titles_of(columns: Iterable[Column]) -> Mapping[str, str]:
    """What a header line may say → the column's name; compare with `same_title`."""
    return {_same(title): column.name for column in columns for title in (column.titles or (column.name,))}


same_title = _same
