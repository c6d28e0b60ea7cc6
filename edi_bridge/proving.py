"""A map held against a sample: read, compare, write, read again. As pure as the paths it uses; files are read by others.

    content ─► pipeline.inbound ─► records = expected? ─► outbound.compose ─► bytes = expected? ─► pipeline.inbound ─► the same records?

What was written goes the whole way that a partner's file goes, guide and agreement included; a finding that the sample itself
did not have is a failure. Every difference says where the value came from and which rule made it.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from edi_bridge import record as records_
from edi_bridge.finding import Finding, Verdict
from edi_bridge.interchange import Interchange, Position
from edi_bridge.mapping.compile import CompiledMap, Record
from edi_bridge.mapping.effective import rows
from edi_bridge.mapping.lookup import Get
from edi_bridge.outbound import Heading, compose
from edi_bridge.pipeline import Configuration, MessageOutcome, inbound

READ, FINDINGS, WRITE, AGAIN, WRITTEN = "read", "findings", "write", "read again", "written"
STEPS = {
    READ: "reads to the expected records",
    FINDINGS: "gives the expected findings",
    WRITE: "writes what it read",
    AGAIN: "reads what it wrote as the same records",
    WRITTEN: "writes the expected message",
}
LONG = 70  # characters of a value that a difference shows
MOST_LINES = 40  # of a written message's diff


@dataclass(frozen=True, slots=True)
class Sample:
    """A message with what a map must make of it. `file` is how it is called; `map`, `partner`: given by hand ('' : found from the
    envelope); `expected` the records as parsed JSON, `findings` the lines of findings.txt, `written` the written message; None
    where the sample does not say."""

    name: str
    file: str
    content: bytes
    map: str = ""
    partner: str = ""
    expected: list[Any] | None = None
    findings: list[str] | None = None
    written: bytes | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as it should be. `path` is the field in the record ('' for what is no field); `where` says which place and rule
    the value came from."""

    step: str
    path: str
    expected: Any
    got: Any
    where: str = ""
    sentence: str = ""  # instead of expected and got

    def __str__(self) -> str:
        said = self.sentence or f"{self.path}: expected {shown(self.expected)}, got {shown(self.got)}"
        return said + (f" ← {self.where}" if self.where else "")


@dataclass(slots=True)
class Proof:
    """What became of one sample with one map. `done` are the steps that were looked at, `differences` what was wrong; `records`,
    `findings` and `written` are what the sample gives now."""

    sample: Sample
    map: str
    done: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    written: bytes = b""

    @property
    def passed(self) -> bool:
        """Whether everything is as it should be."""
        return not self.differences


def prove(sample: Sample, compiled: CompiledMap, catalog: Configuration) -> Proof:
    """The sample read, compared, written and read again with the map. Only messages that the map reads count; of one that is
    rejected nothing is written."""
    proof = Proof(sample, compiled.name)
    outcomes = list(inbound(sample.content, catalog, map=sample.map or None, partner=sample.partner or None))
    mine = [one for one in outcomes if one.message is not None and one.map == compiled.name]
    proof.records = [one for outcome in outcomes for one in outcome.records]
    proof.findings = [finding_line(one) for outcome in outcomes for one in outcome.findings]
    if not mine:
        others = sorted({one.map for one in outcomes if one.map})
        said = f"{sample.file} is read by the map {', '.join(others)}" if others else f"{sample.file}: no message that the map reads"
        proof.differences.append(Difference(READ, "", None, None, sentence=f"{said}, not by {compiled.name}"))
        return proof
    _compare(proof, sample, compiled, outcomes)
    good = [one for one in mine if one.records and one.verdict is not Verdict.REJECTED]
    if good:
        _round(proof, sample, compiled, catalog, good)
    return proof


def finding_line(finding: Finding) -> str:
    """A finding as expected/findings.txt holds it."""
    return f"{finding.position.words()} | {finding.sentence()}"


# --- reading -----------------------------------------------------------------------------------------------------------

def _compare(proof: Proof, sample: Sample, compiled: CompiledMap, outcomes: Sequence[MessageOutcome]) -> None:
    if sample.expected is not None:
        proof.done.append(READ)
        try:
            expected = [records_.from_json(json.dumps(one), compiled.record) for one in sample.expected]
        except ValueError as error:
            proof.differences.append(Difference(READ, "", None, None, sentence=f"the expected records cannot be read: {error}"))
            expected = None
        if expected is not None and records_.to_json(expected) != records_.to_json(proof.records):  # digits count too
            proof.differences += _differences(READ, expected, proof.records, _Where(sample, compiled, outcomes))
    if sample.findings is not None:
        proof.done.append(FINDINGS)
        missing = Counter(sample.findings) - Counter(proof.findings)
        new = Counter(proof.findings) - Counter(sample.findings)
        for words, lines in (("expected and not there", missing), ("not expected", new)):
            proof.differences += [Difference(FINDINGS, "", None, None, sentence=f"finding {words}: {line}") for line in lines.elements()]


def _differences(step: str, expected: list[Record], got: list[Record], where: _Where | None) -> Iterator[Difference]:
    found = list(records_.differences(expected, got))
    for path, one, two in found:
        short = path.removeprefix("[0].") if len(expected) == len(got) == 1 else path
        yield Difference(step, short, one, two, where.of(path) if where is not None else "")
    for path, one, two in _digits(expected, got, ""):
        yield Difference(step, path.removeprefix("[0].") if len(got) == 1 else path, one, two, where.of(path) if where is not None else "")


def _digits(one: Any, two: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Values that are equal and not written alike (1.0 and 1.00)."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in one:
            if key in two:
                yield from _digits(one[key], two[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(two, list):
        for number, (before, after) in enumerate(zip(one, two, strict=False)):
            yield from _digits(before, after, f"{path}[{number}]")
    elif one == two and str(one) != str(two):
        yield path, one, two


class _Where:
    """Place and rule of each field of a sample's records; traced when first asked."""

    def __init__(self, sample: Sample, compiled: CompiledMap, outcomes: Sequence[MessageOutcome]):
        self.sample = sample
        self.compiled = compiled
        self.outcomes = outcomes
        self._traced: dict[str, Any] | None = None
        self._rules: dict[str, Any] = {}

    def of(self, path: str) -> str:
        """`message.edi segment 9 QTY/6060, mappings/….yaml:31`; only the rule where there is no value."""
        if self._traced is None:
            self._look()
        assert self._traced is not None
        one = self._traced.get(path)
        if one is not None:
            rule = f"{one.origin.file}:{one.origin.line}"
            return f"{self.sample.file} {place(one.places[0].position)}, {rule}" if one.places else f"{one.how} of {rule}"
        steps = records_.unnumbered(path).strip(".").split(".")
        for length in range(len(steps), 0, -1):
            row = self._rules.get(".".join(steps[:length]))
            if row is not None:
                reads = f" reads {row.paths[0]}" if row.paths else ""
                return f"{row.origin.file}:{row.origin.line}{reads}"
        return f"{self.compiled.name} has no rule for it"

    def _look(self) -> None:
        self._traced = {}
        before = 0
        for outcome in self.outcomes:
            if outcome.message is not None and outcome.map == self.compiled.name:
                for one in self.compiled.trace(outcome.message):
                    self._traced[f"[{before + one.record}].{one.path}"] = one
            before += len(outcome.records)
        for row in rows(self.compiled.plan, self.compiled.structure):
            if row.kind != "write":
                self._rules.setdefault(row.field, row)


def place(position: Position) -> str:
    """`segment 9 SG25/QTY/C186.6060`, `line 12 /Order/cbc:ID`."""
    number = f"segment {position.segment}" if position.segment is not None else f"line {position.line}" if position.line is not None else ""
    return f"{number} {position.path or position.tag or ''}".strip()


def shown(value: Any) -> str:
    """A value in a difference: texts in quotes, numbers bare, parts of a record as JSON."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        text = records_.to_json(value).decode()
    else:
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


# --- writing -----------------------------------------------------------------------------------------------------------

def _round(proof: Proof, sample: Sample, compiled: CompiledMap, catalog: Configuration, good: list[MessageOutcome]) -> None:
    """Written and read again."""
    proof.done.append(WRITE)
    contents: list[bytes] = []
    groups = [[one] for one in good] if compiled.plan.records else [list(some) for some in _by_interchange(good)]
    for group in groups:
        made = compose([record for one in group for record in one.records], compiled, heading_of(group[0]),
                       get=lookups_of(group[0], catalog), on=group[0].interchange.prepared)
        proof.differences += [Difference(WRITE, one.position.path or "", None, None, sentence=finding_line(one)) for one in made.findings]
        contents += made.contents
    proof.written = b"".join(contents)
    if any(one.step == WRITE for one in proof.differences):
        return
    proof.done.append(AGAIN)
    again: list[MessageOutcome] = []
    for content in contents:
        again += inbound(_without_doctype(content), catalog, map=sample.map or compiled.name, partner=sample.partner or None)
    before = [record for one in good for record in one.records]
    after = [record for one in again for record in one.records]
    proof.differences += [
        Difference(AGAIN, path.removeprefix("[0].") if len(before) == len(after) == 1 else path, one, two)
        for path, one, two in records_.differences(before, after)]
    new = Counter(one.kind for outcome in again for one in outcome.findings) - _known(good)
    for finding in (one for outcome in again for one in outcome.findings):
        if new[finding.kind] > 0:
            new[finding.kind] -= 1
            proof.differences.append(Difference(AGAIN, "", None, None, sentence=f"the written message has a new finding: {finding_line(finding)}"))
    if sample.written is not None:
        proof.done.append(WRITTEN)
        if sample.written != proof.written:
            proof.differences += _text_differences(sample.written, proof.written)


def _without_doctype(content: bytes) -> bytes:
    """What we wrote without the line that cXML asks for: reading a DOCTYPE is a matter of the partner's agreement, not of the map."""
    return re.sub(rb"<!DOCTYPE[^>\[]*>\s*", b"", content, count=1) if content[:5] == b"<?xml" else content


def _known(outcomes: Sequence[MessageOutcome]) -> Counter[str]:
    """Findings that the sample has itself, and those about the sender that every file of it has."""
    kinds = Counter(one.kind for outcome in outcomes for one in outcome.findings)
    kinds.update({kind: 1_000_000 for kind in ABOUT_SENDER})
    return kinds


ABOUT_SENDER = ("unknown_partner", "test_on_live", "not_for_us", "no_agreement")


def _by_interchange(outcomes: list[MessageOutcome]) -> Iterator[list[MessageOutcome]]:
    groups: dict[int, list[MessageOutcome]] = {}
    for one in outcomes:
        groups.setdefault(one.interchange.ordinal, []).append(one)
    yield from groups.values()


def lookups_of(outcome: MessageOutcome, catalog: Configuration) -> Get:
    """The tables with which a message was read."""
    return catalog.lookups_of(catalog.partner_named(outcome.partner) if outcome.partner else None)


def heading_of(outcome: MessageOutcome) -> Heading:
    """An envelope that says what that of the message said, so that what is written can be compared with it."""
    interchange: Interchange = outcome.interchange
    message = outcome.message
    if interchange.standard not in ("edifact", "x12") or message is None:
        return Heading()
    x12 = interchange.standard == "x12"
    wider = any(one.kind == "character_outside_set" for one in outcome.findings)  # they go beyond the level that they declare
    return Heading(interchange.sender, interchange.receiver, interchange.control or "1", interchange.prepared or "1970-01-01T00:00",
                   bool(interchange.test), interchange.syntax, message.type.usage, interchange.application,
                   interchange.encoding if x12 and interchange.encoding != "ascii" or wider else "", interchange.delimiters)


def _text_differences(expected: bytes, got: bytes) -> Iterator[Difference]:
    """The segments or lines in which two messages differ."""
    old, new = (_lines(content) for content in (expected, got))
    listed = [line for line in difflib.unified_diff(old, new, "expected", "written", lineterm="", n=1) if not line.startswith(("---", "+++"))]
    for line in listed[:MOST_LINES]:
        yield Difference(WRITTEN, "", None, None, sentence=line)
    if len(listed) > MOST_LINES:
        yield Difference(WRITTEN, "", None, None, sentence=f"… {len(listed) - MOST_LINES} more lines")
    if not listed:
        yield Difference(WRITTEN, "", None, None, sentence="the written message differs in line breaks only")


def _lines(content: bytes) -> list[str]:
    """A segment or line each."""
    text = content.decode("utf-8", "replace") if b"<" in content[:80] else content.decode("latin-1")
    if text.startswith(("UNA", "UNB")):
        end = text[8] if text.startswith("UNA") else "'"
        return [one.strip("\r\n") for one in text.split(end)]
    if text.startswith("ISA") and len(text) > 105:
        return [one.strip("\r\n") for one in text.split(text[105])]
    return text.splitlines()
