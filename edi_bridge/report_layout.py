"""How a network's reports look, declared in YAML: where in a line the status, the control number and the parties stand, and what
the network's own words for a status mean. `TA1` and `TA3` are ready made; `network_report` reads by such layouts.

TA3 is as X12 004010 has it (TA301 to TA317; action codes: data element I40; reasons: I43); TA1 as networks use it for what they
could not deliver. docs/channels.md describes the YAML for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from edi_bridge.report_time import TimeForm
from edi_bridge.yamltext import Block, Problems
from edi_bridge.yamltext import parse as parse_yaml

FIELDS = ("status", "control", "group", "sender", "sender_qualifier", "receiver", "receiver_qualifier", "date", "time", "text",
          "reference", "name", "type")
FORMS = ("fixed", "delimited", "segments")
MEANS = ("entry", "heading", "nothing")
KEYS = ("form", "encoding", "delimiter", "quote", "header", "width", "skip", "element", "terminator", "lines", "ignore",
        "statuses", "texts", "date", "time", "zone")
LINE_KEYS = ("when", "begins", "is", "columns", "optional")
SLICE = re.compile(r"([1-9][0-9]{0,4})\s+([1-9][0-9]{0,4})")
ENCODINGS = ("ascii", "latin-1", "utf-8", "cp1252", "cp437", "cp500", "cp037")


class Status(Enum):
    """How far an interchange came, in the order of its way."""

    NETWORK = "network"  # the network has it
    ROUTED = "routed"  # it was passed on to the receiver's network, or is on its way to his mailbox
    MAILBOX = "mailbox"  # it lies in the receiver's mailbox
    PICKED_UP = "picked_up"  # the receiver took it
    REFUSED = "refused"  # the network or the receiver refused it, or it was thrown away unread: it will not arrive


Place = int | str | tuple[int, int]  # a cell's number, a column's title, or (first column from 1, width)


@dataclass(frozen=True, slots=True)
class LineLayout:
    """One kind of line. It fits where each place of `when` holds one of its texts and the line begins with `begins` (which in
    the delimited form is cut off). `means`: entry (a statement), heading (its values hold for the entries below), nothing.
    `optional`: an entry without a status says nothing (the second action of a TA3)."""

    columns: Mapping[str, Place] = field(default_factory=dict)
    when: tuple[tuple[Place, tuple[str, ...]], ...] = ()
    begins: str = ""
    means: str = "entry"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ReportLayout:
    """How a network's reports look. `statuses`: its words → ours; `texts`: its codes in the text field → words for people;
    `width`: fixed lines that no line break ends; `element` and `terminator`: of segments that no ISA comes before."""

    form: str = "delimited"
    lines: tuple[LineLayout, ...] = ()
    statuses: Mapping[str, Status] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    times: TimeForm = TimeForm()
    encoding: str = "latin-1"
    delimiter: str = ","
    quote: str = '"'
    header: bool = False
    width: int = 0
    skip: int = 0
    element: str = "*"
    terminator: str = "~"
    ignore: tuple[str, ...] = ()


def report_layout(block: Any, problems: Problems) -> ReportLayout:
    """The layout that a block of YAML declares; everything that is wrong with it goes to `problems`."""
    if not isinstance(block, Block):
        problems.add((1, 1), "a layout of reports is a block with form:, lines: and statuses:")
        return ReportLayout()
    problems.unknown_keys(block, KEYS, "a layout of reports")
    return _Reader(block, problems).layout()


class _Reader:
    """Reads one block; every mistake is noted with its place."""

    def __init__(self, block: Block, problems: Problems):
        self.block = block
        self.problems = problems
        self.form = str(block.get("form", "delimited"))
        self.header = block.get("header", False) is True

    def say(self, key: str, sentence: str, block: Block | None = None) -> None:
        block = self.block if block is None else block
        self.problems.add(block.value_marks.get(key, block.mark), f"report: {sentence}", block.file)

    def layout(self) -> ReportLayout:
        if self.form not in FORMS:
            self.say("form", f"form is one of {', '.join(FORMS)}")
            return ReportLayout()
        times, wrong = TimeForm.of(self.text("date", ""), self.text("time", ""), self.text("zone", "UTC"))
        for key, sentence in wrong.items():
            self.say(key, sentence)
        encoding = self.text("encoding", "latin-1")
        if encoding not in ENCODINGS:
            self.say("encoding", f"encoding is one of {', '.join(ENCODINGS)}")
            encoding = "latin-1"
        return ReportLayout(
            form=self.form, lines=self.lines(), statuses=self.statuses(), texts=self.words("texts"), times=times, encoding=encoding,
            delimiter=self.sign("delimiter", ",").replace("tab", "\t"), quote=self.text("quote", '"'), header=self.header,
            width=self.number("width"), skip=self.number("skip"), element=self.sign("element", "*"),
            terminator=self.sign("terminator", "~"), ignore=self.texts("ignore"))

    def text(self, key: str, default: str) -> str:
        value = self.block.get(key)
        return default if value is None else str(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.block.get(key)
        return () if value is None else tuple(map(str, value)) if isinstance(value, list) else (str(value),)

    def sign(self, key: str, default: str) -> str:
        value = self.text(key, default)
        if len(value) != 1 and value != "tab":
            self.say(key, f"{key} is one character, or tab")
            return default
        return value

    def number(self, key: str) -> int:
        value = self.block.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100_000:
            self.say(key, f"{key} is a number")
            return 0
        return value

    def words(self, key: str) -> dict[str, str]:
        block = self.block.get(key)
        if block is None:
            return {}
        if not isinstance(block, Block):
            self.say(key, f"{key} is a block of THEIRS: OURS")
            return {}
        return {name: str(value) for name, value in block.items()}

    def statuses(self) -> dict[str, Status]:
        made = {}
        for theirs, ours in self.words("statuses").items():
            if ours not in (known := [one.value for one in Status]):
                self.say(theirs, f"{ours} is no status; they are {', '.join(known)}", self.block["statuses"])
            else:
                made[theirs] = made[theirs.casefold()] = Status(ours)
        if not made:
            self.say("statuses", "statuses: is missing: the network's words and what they mean")
        return made

    def lines(self) -> tuple[LineLayout, ...]:
        given = self.block.get("lines")
        if not isinstance(given, list) or not given or not all(isinstance(one, Block) for one in given):
            self.say("lines", "lines: is a list of blocks, each with columns: and, where lines differ, when:")
            return ()
        made = tuple(map(self.line, given))
        if not any(one.means == "entry" for one in made):
            self.say("lines", "none of the lines is an entry")
        return made

    def line(self, block: Block) -> LineLayout:
        self.problems.unknown_keys(block, LINE_KEYS, "a line of a report")
        means = str(block.get("is", "entry"))
        if means not in MEANS:
            self.say("is", f"is: is one of {', '.join(MEANS)}", block)
        columns = block.get("columns", Block(block.mark))
        if not isinstance(columns, Block) or (not columns and means != "nothing"):
            self.say("columns", "columns: is a block of FIELD: PLACE", block)
            columns = Block(block.mark)
        self.problems.unknown_keys(columns, FIELDS, "columns")
        when = block.get("when", Block(block.mark))
        if not isinstance(when, Block):
            self.say("when", "when: is a block of PLACE: TEXT, or PLACE: [TEXT, TEXT]", block)
            when = Block(block.mark)
        conditions = tuple((self.place(key, key, when), tuple(map(str, texts)) if isinstance(texts, list) else (str(texts),))
                           for key, texts in when.items())
        return LineLayout({name: self.place(value, name, columns) for name, value in columns.items() if name in FIELDS},
                          conditions, str(block.get("begins", "")), means, block.get("optional", False) is True)

    def place(self, value: Any, key: str, block: Block) -> Place:
        text = str(value)
        if self.form == "fixed":
            if found := SLICE.fullmatch(text):
                return int(found[1]), int(found[2])
            self.say(key, "a place is the first column and the width: 15 9", block)
            return 1, 1
        if text.isdecimal() and len(text) < 5 and (int(text) or self.form == "segments"):
            return int(text)
        if self.form == "delimited" and self.header:
            return text
        cells = "cell" if self.form == "delimited" else "element; 0: the tag"
        self.say(key, f"a place is the number of a{'n' if cells[0] == 'e' else ''} {cells}", block)
        return 1


def layout_of(text: str, file: str = "") -> ReportLayout:
    """The layout in a YAML text. ConfigFault with every mistake."""
    problems = Problems(file)
    layout = report_layout(parse_yaml(text, file), problems)
    problems.done()
    return layout


# TA3, X12 004010: TA303 reason (I43), TA304 the segment that begins what is reported, TA305 its control number, TA308 to TA311
# its parties, TA312 to TA314 the action (I40), its date and time, TA315 to TA317 a second one. The words of I43 are ours.
TA3 = layout_of("""
form: segments
date: YYYYMMDD
time: hhmm
lines:
  - {when: {0: TA3, 4: [ISA, UNB, STX]}, columns: {control: 5, sender_qualifier: 8, sender: 9, receiver_qualifier: 10, receiver: 11,
     status: 12, date: 13, time: 14, text: 3, reference: 19}}
  - {when: {0: TA3, 4: [ISA, UNB, STX]}, optional: true, columns: {control: 5, sender_qualifier: 8, sender: 9,
     receiver_qualifier: 10, receiver: 11, status: 15, date: 16, time: 17, text: 3, reference: 19}}
  - {when: {0: TA3, 4: [GS, UNG, BAT]}, columns: {group: 5, sender_qualifier: 8, sender: 9, receiver_qualifier: 10, receiver: 11,
     status: 12, date: 13, time: 14, text: 3, reference: 19}}
  - {when: {0: TA3, 4: [GS, UNG, BAT]}, optional: true, columns: {group: 5, sender_qualifier: 8, sender: 9,
     receiver_qualifier: 10, receiver: 11, status: 15, date: 16, time: 17, text: 3, reference: 19}}
  - {when: {0: [ISA, IEA, GS, GE, ISB, ISE, TA1, IH, IT]}, is: nothing}
statuses: {TR: routed, AK: routed, BH: routed, RD: routed, DL: mailbox, RT: picked_up, RF: refused, PU: refused, RJ: refused}
texts:
  "000": ""
  "001": control numbers of header and trailer differ
  "002": the standard of the controls is not supported
  "003": the version of the controls is not supported
  "004": the segment terminator is wrong
  "005": the control number is wrong
  "006": the date is wrong
  "007": the time is wrong
  "008": the sender's qualifier is wrong
  "009": the sender is wrong
  "010": the receiver's qualifier is wrong
  "011": the receiver is wrong
  "012": the first reference's qualifier is wrong
  "013": the first reference is wrong
  "014": the second reference's qualifier is wrong
  "015": the second reference is wrong
  "016": no partnership is set up between the two
  "017": the number of groups is wrong
  "018": the envelope's structure is wrong
  "019": the file ends too early
  "020": the control number came before
  "021": the element separator is wrong
  "022": the component separator is wrong
  "023": it could not be passed on to the next network
  "024": the delivery date asked for is wrong
  "025": the delivery time asked for is wrong
  "026": the delivery time's code is wrong
  "027": the grade of service is wrong
  "028": time ran out, it was not delivered
  "029": time ran out, it was delivered
  "030": time ran out, it was processed
  "031": the receiver is not on line
  "032": something unusual at the network
  "033": it is too large
""", "TA3")

# TA1 as a network's own answer (X12.5: also for what a network could not deliver). The sender of what is reported is who gets
# the TA1 (ISA08); its receiver is not named in it, since ISA06 is whoever answers.
TA1 = layout_of("""
form: segments
date: YYMMDD
time: hhmm
lines:
  - {when: {0: ISA}, is: heading, columns: {sender_qualifier: 7, sender: 8, date: 9, time: 10}}
  - {when: {0: TA1}, columns: {control: 1, status: 4, text: 5}}
  - {when: {0: [IEA, GS, GE, IH, IT]}, is: nothing}
statuses: {A: network, E: network, R: refused}
""", "TA1")

READY = {"ta1": TA1, "ta3": TA3}  # layouts by the names that a channel gives for them
