"""What a network says became of our interchanges: its reports, read by a declared layout (`report_layout`).

Every network has a form of its own: text between separators, columns of a fixed place (80 of them, as on a card), or segments
(TA1 and TA3 of X12). Nothing is guessed and nothing is lost: a line that no declaration fits is kept as `Unread`, with its place,
for a person.

Forms that the tests read: TA3 and TA1; the audit lines of the Inovisworks (GXS, now OpenText) FTP service, in columns (document
11, sender 35, qualifier 35, receiver 35, qualifier 35, control number 30, session 11, type 30, size 11, status 3) and the same
between commas behind `211 `; cards of 80 columns in EBCDIC.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from edi_bridge.finding import printable
from edi_bridge.report_layout import LineLayout, Place, ReportLayout, Status

MOST_UNREAD = 1000  # lines of which we say why they were not read; the file itself is kept whole in the archive


@dataclass(frozen=True, slots=True)
class Statement:
    """What a report says of one interchange (or one group in it, where `group` is given). Texts as the network writes them,
    blanks around them removed; `time` is ISO 8601 in UTC, '' where it says none; `line` (from 1; of segments: which one) and
    `offset` (bytes) lead back to the report."""

    status: Status
    control: str = ""
    group: str = ""
    sender: str = ""
    sender_qualifier: str = ""
    receiver: str = ""
    receiver_qualifier: str = ""
    time: str = ""
    text: str = ""
    reference: str = ""  # the network's own number for it
    name: str = ""  # the name of the file in which we sent it
    type: str = ""
    said: str = ""  # the network's own word for the status
    line: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that was not understood: where it stands, what it says, and why."""

    line: int
    offset: int
    text: str
    why: str

    def sentence(self) -> str:
        """`line 7: why, found "text"`, on one line."""
        return f"line {self.line}: {self.why}, found {printable(self.text)}"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report says. `lines` counts those that are not blank; every one of them is a statement, a heading,
    declared to say nothing, or unread. `unread_lines` counts also those beyond the first thousand."""

    statements: tuple[Statement, ...] = ()
    unread: tuple[Unread, ...] = ()
    lines: int = 0
    unread_lines: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    offset: int
    text: str
    cells: list[str]


def read_report(raw: bytes, layout: ReportLayout) -> Report:
    """The statements of a report and the lines that were not understood. Never raises for any bytes."""
    statements: list[Statement] = []
    unread: list[Unread] = []
    heading: dict[str, str] = {}
    titles: dict[str, int] = {}
    lines = wrong = 0
    for line in _CUTS[layout.form](raw.decode(layout.encoding, "surrogateescape"), layout):
        lines += 1
        if layout.header and not titles:
            titles = {cell.strip().casefold(): number for number, cell in enumerate(line.cells, 1)}
            continue
        said, why = _statements(line, layout, titles, heading)
        statements += said
        if why:
            wrong += 1
            if len(unread) < MOST_UNREAD:
                unread.append(Unread(line.number, line.offset, _clean(line.text), why))
    return Report(tuple(statements), tuple(unread), lines, wrong)


def _statements(line: _Line, layout: ReportLayout, titles: Mapping[str, int], heading: dict[str, str]) -> tuple[list[Statement], str]:
    """What a line says, and why it was not understood ('' when it was). A heading's values go into `heading`."""
    said: list[Statement] = []
    why, known = "", line.text.lstrip().startswith(layout.ignore) if layout.ignore else False
    for kind in layout.lines:
        cut = _cut_begin(line, kind, layout)
        if cut is None or not all(_cell(cut, place, titles) in texts for place, texts in kind.when):
            continue
        known = True
        values = {name: _cell(cut, place, titles) for name, place in kind.columns.items()}
        if kind.means == "heading":
            heading.clear()
            heading.update(values)
        elif kind.means == "entry" and not (kind.optional and not values.get("status")):
            filled = heading | {name: value for name, value in values.items() if value}
            made = _statement(line, filled, layout)
            if isinstance(made, str):
                why = why or made
            else:
                said.append(made)
    return said, why if known else "no line of the layout is like it"


def _statement(line: _Line, values: Mapping[str, str], layout: ReportLayout) -> Statement | str:
    """A statement, or why the line is none."""
    word = values.get("status", "")
    status = layout.statuses.get(word) or layout.statuses.get(word.casefold())
    if status is None:
        return f"the status {printable(word)} is not in statuses" if word else "there is no status"
    if not any(values.get(name) for name in ("control", "group", "reference", "name")):
        return "it names no interchange"
    time, wrong = layout.times.read(values.get("date", ""), values.get("time", ""))
    if wrong:
        return wrong
    rest = {name: _clean(value) for name, value in values.items() if name not in ("status", "date", "time", "text")}
    text = values.get("text", "")
    return Statement(status, **rest, time=time, text=_clean(layout.texts.get(text, text)), said=_clean(word),
                     line=line.number, offset=line.offset)


def _clean(text: str) -> str:
    """Text that can be stored and shown anywhere: bytes outside of the encoding become escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _cut_begin(line: _Line, kind: LineLayout, layout: ReportLayout) -> _Line | None:
    """The line as a kind sees it; None when it does not begin as the kind says."""
    if not kind.begins:
        return line
    if not line.text.startswith(kind.begins):
        return None
    if layout.form != "delimited":
        return line
    return replace(line, cells=_csv_cells(line.text[len(kind.begins):], layout))


def _cell(line: _Line, place: Place, titles: Mapping[str, int]) -> str:
    """What stands at a place, blanks around it removed; '' where the line is shorter."""
    if isinstance(place, tuple):
        start, width = place
        return line.text[start - 1:start - 1 + width].strip()
    number = titles.get(place.casefold(), 0) - 1 if isinstance(place, str) else place
    return line.cells[number].strip() if 0 <= number < len(line.cells) else ""


# --- how a report is cut into lines and cells; cells count from 1; of a segment the tag is 0

def _rows(text: str, layout: ReportLayout) -> Iterator[tuple[int, int, str]]:
    """(number from 1, offset, text) of each line that is not blank, after the first `skip`."""
    offset = number = 0
    size = layout.width
    parts = (re.findall(rf"(?s).{{1,{size}}}", text.replace("\r", "").replace("\n", "")) if size
             else re.split(r"(?<=\n)|(?<=\r)(?!\n)|(?<=\x85)", text))
    for part in parts:
        row = part.rstrip("\r\n\x85\x1a").replace("\f", " ").replace("\0", " ")
        number += bool(part)
        if row.strip() and number > layout.skip:
            yield number, offset, row
        offset += len(part.encode(layout.encoding, "surrogateescape"))


def _fixed(text: str, layout: ReportLayout) -> Iterator[_Line]:
    for number, offset, row in _rows(text, layout):
        yield _Line(number, offset, row, [])


def _delimited(text: str, layout: ReportLayout) -> Iterator[_Line]:
    for number, offset, row in _rows(text, layout):
        yield _Line(number, offset, row, _csv_cells(row, layout))


def _csv_cells(row: str, layout: ReportLayout) -> list[str]:
    """The cells of a row, the first under number 1."""
    try:
        if not layout.quote:
            return ["", *row.split(layout.delimiter)]
        return ["", *next(csv.reader([row], delimiter=layout.delimiter, quotechar=layout.quote), [])]
    except csv.Error:  # a cell larger than 128 kB is in no report: it fits nothing, so that the line is unread
        return []


def _segments(text: str, layout: ReportLayout) -> Iterator[_Line]:
    element, terminator = layout.element, layout.terminator
    at = number = 0
    while at < len(text):
        if text[at] in "\r\n\t \0\x1a":
            at += 1
            continue
        if text.startswith("ISA", at) and len(text) > at + 105 and not text[at + 3].isalnum():
            element, terminator = text[at + 3], text[at + 105]  # ISA is 106 characters long: X12.5, X12.6 3.5
        end = text.find(terminator, at)
        end = len(text) if end < 0 else end
        segment = text[at:end].strip("\r\n")
        number += 1
        yield _Line(number, len(text[:at].encode(layout.encoding, "surrogateescape")) if layout.encoding == "utf-8" else at,
                    segment, segment.split(element))
        at = end + len(terminator)


_CUTS = {"fixed": _fixed, "delimited": _delimited, "segments": _segments}
