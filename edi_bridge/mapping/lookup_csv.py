"""Tables of keys as CSV: `theirs,ours,valid_from,valid_to,write`, what a person keeps in a spreadsheet.

Only theirs and ours must be there. Comma, semicolon or tab, as the first line has it; UTF-8, with or without a byte order mark.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from edi_bridge.layout import delimiter_of
from edi_bridge.mapping.lookup import Row, day
from edi_bridge.yamltext import Problems

COLUMNS = ("theirs", "ours", "valid_from", "valid_to", "write")
YES = ("yes", "y", "true", "1", "x")
NO = ("", "no", "n", "false", "0")


def rows(content: bytes, file: str) -> list[Row]:
    """The rows of a file. ConfigFault with the line of everything that is wrong."""
    problems = Problems(file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add((content[:error.start].count(b"\n") + 1, 1), "this is not UTF-8; save it as CSV UTF-8")
        problems.done()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    made: list[Row] = []
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _head(names, problems)
        if not problems.found:
            made = list(_rows(reader, names, file, problems))
    except csv.Error as error:
        problems.add((reader.line_num, 1), f"this is no CSV: {error}")
    problems.done()
    return made


def _head(names: list[str], problems: Problems) -> None:
    for name in COLUMNS[:2]:
        if name not in names:
            problems.add((1, 1), f"there is no column {name}; a table has the columns {', '.join(COLUMNS)}, of which theirs and ours must be there")
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            said = "stands there twice" if name in COLUMNS else f"is not known; a table has the columns {', '.join(COLUMNS)}"
            problems.add((1, 1), f"the column {name or 'without a name'} {said}")


def _rows(reader: Iterator[list[str]], names: list[str], file: str, problems: Problems) -> Iterator[Row]:
    before: dict[tuple[str, str], tuple[int, str]] = {}  # key and first day → line, ours
    line = 2
    for texts in reader:
        start, line = line, reader.line_num + 1  # type: ignore[attr-defined]
        if not any(text.strip() for text in texts):
            continue
        if len(texts) != len(names):
            problems.add((start, 1), f"the row has {len(texts)} columns, the first line {len(names)}")
            continue
        values = dict(zip(names, (text.strip() for text in texts), strict=True))
        row = Row(values["theirs"], values["ours"], values.get("valid_from", ""), values.get("valid_to", ""),
                  values.get("write", "").lower() in YES, f"{file}:{start}")
        for sentence in wrong(row):
            problems.add((start, 1), sentence)
        if values.get("write", "").lower() not in (*YES, *NO):
            problems.add((start, 1), f"write: is yes or empty, not {values['write']}")
        number, ours = before.setdefault((row.theirs, row.valid_from), (start, row.ours))
        if number != start:
            problems.add((start, 1), f"the key {row.theirs} stands in line {number} too" + (f", as {ours or 'nothing'}" if ours != row.ours else ""))
        yield row


def wrong(row: Row) -> Iterator[str]:
    """What is wrong with a row in itself."""
    if not row.theirs:
        yield "theirs: is empty"
    for name in ("valid_from", "valid_to"):
        value = getattr(row, name)
        if value and not (len(value) == 10 and day(value)):
            yield f"{name}: {value} is no day such as 2026-11-01"
    if row.valid_to and row.valid_from > row.valid_to:
        yield f"it ends on {row.valid_to}, before it begins"
    if row.write and not row.ours:
        yield "write: a key that means nothing cannot be written"


def text(rows: Iterable[Row]) -> str:
    """The rows as such a file; the last columns only where a row needs them."""
    listed = list(rows)
    used = {"theirs", "ours"} | {name for name in COLUMNS[2:] for row in listed if getattr(row, name)}
    names = [name for name in COLUMNS if name in used]
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(["yes" if (value := getattr(row, name)) is True else value or "" for name in names] for row in listed)
    return made.getvalue()
