"""The sample folders as cases: what stands in them, reading one, and writing it back.

Shared by `test_samples` and `update_samples`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from edi_bridge import record, syntax, yamltext
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding
from edi_bridge.interchange import Document, Message, mask
from edi_bridge.pipeline import MessageOutcome, inbound

SAMPLES = Path(__file__).parent.parent / "samples"
KEYS = ("about", "map", "partner", "give")
GIVEN = ("partner", "map")


@dataclass(frozen=True, slots=True)
class Case:
    """A folder below samples/ with a case.yaml. `give` names what the file does not tell and a person gives by hand."""

    folder: Path
    file: Path
    map: str
    partner: str
    give: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`edifact/orders-d96a-plain`."""
        return str(self.folder.relative_to(SAMPLES))


@dataclass(slots=True)
class Read:
    """What became of a sample: its records in the order of the file, the findings as lines, and the outcomes."""

    records: list[dict[str, Any]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    outcomes: list[MessageOutcome] = field(default_factory=list)


@cache
def catalog() -> Catalog:
    """The shipped maps and partners."""
    return Catalog()


def cases() -> list[Case]:
    """Every sample, by name."""
    return [_case(path) for path in sorted(SAMPLES.glob("**/case.yaml")) if path.relative_to(SAMPLES).parts[0] != "findings"]


def _case(path: Path) -> Case:
    block = yamltext.parse(path.read_bytes(), str(path.relative_to(SAMPLES)))
    problems = yamltext.Problems(block.file)
    problems.unknown_keys(block, KEYS, "a sample")
    give = tuple(block.get("give") or ())
    for key in ("about", "map"):
        if not isinstance(block.get(key), str):
            problems.add(block.mark, f"{key}: is missing")
    if not set(give) <= set(GIVEN):
        problems.add(block.value_marks["give"], f"give: is a list of {' and '.join(GIVEN)}")
    files = sorted(path.parent.glob("message.*"))
    if len(files) != 1:
        problems.add(block.mark, "there must be exactly one file message.*")
    problems.done()
    partner = str(block.get("partner") or "none")
    return Case(path.parent, files[0], block["map"], "" if partner == "none" else partner, give)


def read(case: Case) -> Read:
    """The sample through the whole path, as `translate` does it."""
    given = {name: getattr(case, name) for name in case.give}
    result = Read()
    for outcome in inbound(case.file.read_bytes(), catalog(), **given):
        result.outcomes.append(outcome)
        result.records += outcome.records
        result.findings += [line(one) for one in outcome.findings]
    return result


def line(finding: Finding) -> str:
    """A finding as expected/findings.txt holds it."""
    return f"{finding.position.words()} | {finding.sentence()}"


def expected_records(case: Case) -> list[dict[str, Any]]:
    """expected/record.json: one array of records."""
    import json

    name = catalog().map_named(case.map).record
    text = (case.folder / "expected" / "record.json").read_text("utf-8")
    return [record.from_json(json.dumps(one), name) for one in json.loads(text)]


def expected_findings(case: Case) -> list[str]:
    """expected/findings.txt: a line a finding; no file, no findings."""
    path = case.folder / "expected" / "findings.txt"
    return path.read_text("utf-8").splitlines() if path.exists() else []


def written_again(outcome: MessageOutcome) -> tuple[list[dict[str, Any]], list[Finding], list[Finding]]:
    """The records of a message written with its map and read back: (records, findings of writing, of reading)."""
    one = catalog().map_named(outcome.map)
    message = outcome.message
    get = catalog().lookups_of(catalog().partner_named(outcome.partner) if outcome.partner else None)
    keyed, missed = one.theirs(outcome.records, get, outcome.interchange.prepared)
    if isinstance(message, Message):
        body, findings = one.write(keyed, message.delimiters, message.encoding)
        again: Any = message_of(message, body)
    elif isinstance(message, Document):
        body, findings = one.write(keyed)
        again = Document(message.type, message.ordinal, message.reference, body)
    else:
        body, findings = one.write(keyed)
        again = _sheet(one, body)
    records, more = one.read(again)
    records, unknown = one.ours(again, records, get, outcome.interchange.prepared)
    return records, [*missed, *findings], [*more, *unknown]


def message_of(message: Message, body: list[str]) -> Message:
    """A message with the same header and other segments (in wire form) before the trailer."""
    delimiters = message.delimiters
    element, end = delimiters.element, delimiters.terminator
    header = element.join(message.segments[0])
    edifact = message.standard == "edifact"
    tag, reference = ("UNT", message.segments[0][1]) if edifact else ("SE", message.segments[0][2])
    text = "".join(segment + end for segment in body)
    trailer = element.join((tag, str(len(body) + 2), reference))
    wire = header + end + mask(text, delimiters) + trailer + end
    raw = (header + end + text + trailer + end).encode(message.encoding)
    return Message(message.standard, message.type, message.ordinal, message.reference, wire, delimiters, raw=raw,
                   encoding=message.encoding, group=message.group)


def _sheet(one: Any, rows: Any) -> Any:
    """The message of rows that were written."""
    csv = syntax.module("csv")
    content = syntax.write(csv.build(one.layout(), rows))
    (message,) = next(iter(csv.read(io.BytesIO(content), layout=one.layout()))).messages
    return message


def as_json(records: list[dict[str, Any]]) -> str:
    """The content of expected/record.json."""
    return record.to_json(records, indent=True).decode() + "\n"


def differences(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[str]:
    """The fields in which two lists of records differ, in words."""
    for path, one, two in record.differences(old, new):
        yield f"{path}: expected {one!r}, got {two!r}"
