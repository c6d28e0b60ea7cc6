"""Hostile text put into every text field of a record, sent and read back: it arrives, or a finding names the field."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from edi_bridge import outbound, syntax
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding
from edi_bridge.interchange import Address
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.record import differences, fields_of, from_json
from tests import sample_cases

SAMPLES = Path(__file__).parents[2] / "samples"
HOSTILE = {
    "edifact delimiters": "a'b+c:d?e*f", "x12 delimiters": "a~b*c>d^e|f", "release at the end": "ab?", "doubled release": "a??b?'c",
    "newline": "a\nb", "return": "a\r\nb", "tab": "a\tb", "quotes": '"a";\'b\',c', "formula": "=1+1", "nul": "a\0b", "escape": "a\x1b[31mb",
    "separators of binary data": "a\x1cb\x1db\x1eb\x1fb", "emoji": "a🚢b", "right to left": "a\u202eb\u200fאב", "surrogate": "a\ud800b", "accents": "Łódź é",
    "mark-up": "<b>&amp;]]></b>", "long": "x" * 10_000, "long words": "ab " * 3_000 + "z", "not a character": "a\ufffeb", "c1": "a\x85b",
    "a segment": "a'UNT+1+1'UNZ+1+1'", "a set": "a~SE*1*0001~IEA*1*1", "blanks": "a  b   c",
}


@cache
def catalog() -> Catalog:
    return Catalog()


@dataclass(frozen=True)
class Sent:
    """What came of sending: the records that the other side reads, and what was said."""

    records: list[Any] | None  # None: nothing was sent
    findings: list[Finding]


def maps() -> list[str]:
    """Every shipped map that has a sample; those that ask a partner's own tables are that partner's to try."""
    return sorted(name for name in catalog().map_index if samples_of(name) and not _asks(name))


def _asks(name: str) -> bool:
    return any(value.rule.lookup for value in catalog().map_named(name).plan.values())


@cache
def samples_of(name: str) -> tuple[dict[str, Any], ...]:
    """Records of a map's samples, the fullest first."""
    record = catalog().map_named(name).spec.record
    found: list[dict[str, Any]] = []
    for case in sample_cases.cases():
        if case.map == name:
            texts = json.loads((case.folder / "expected" / "record.json").read_text("utf-8"))
            found += [from_json(json.dumps(one), record) for one in texts]
    return tuple(sorted(found, key=lambda one: -len(list(texts_in(one, record)))))


def texts_in(record: dict[str, Any], type_: str, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of each text field that has a value, of lists the first item that has it."""
    seen: set[tuple[str, ...]] = set()
    for name, field in fields_of(type_).items():
        value = record.get(name)
        if value is None:
            continue
        if field.type == "text":
            yield (*above, name)
        elif isinstance(value, (dict, list)):
            for at, item in enumerate(value) if field.many else [(None, value)]:
                for place in texts_in(item, field.type, (*above, name) if at is None else (*above, name, at)):
                    kind = tuple(step for step in place if isinstance(step, str))
                    if kind not in seen:
                        seen.add(kind)
                        yield place


def with_text(record: dict[str, Any], place: tuple[Any, ...], text: str) -> dict[str, Any]:
    """The record with another text there."""
    changed = _copied(record)
    one: Any = changed
    for step in place[:-1]:
        one = one[step]
    one[place[-1]] = text
    return changed


def _copied(value: Any) -> Any:
    """A copy in which nothing stands twice (items of `expand:` share what they have in common)."""
    match value:
        case dict():
            return {name: _copied(inner) for name, inner in value.items()}
        case list():
            return [_copied(inner) for inner in value]
    return value


def send(record: dict[str, Any], compiled: CompiledMap, characters: str = "error") -> Sent:
    """The record as the partner would read it: through map, envelope, check and bytes, and back with the same map."""
    head = outbound.Heading(Address("9521200034004", "14"), Address("9521200038118", "14"), "1", "2026-11-21T10:00", characters=characters)
    composed = outbound.compose([record], compiled, head)
    if not composed.contents:
        return Sent(None, composed.findings)
    sheet = compiled.standard in ("csv", "fixed")
    got: list[Any] = []
    findings = list(composed.findings)
    for content in composed.contents:
        read = syntax.module("csv").read(io.BytesIO(content), layout=compiled.layout()) if sheet else syntax.read(content, allow_doctype=True)
        for interchange in read:
            for message in interchange.messages:
                records, more = compiled.read(message)
                got += records
                findings += more
            findings += interchange.findings
    return Sent(got, findings)


def tried(name: str, chosen: Callable[[int], list[str]]) -> list[str]:
    """What is wrong with the texts `chosen` for each text field (by its number) of a map's samples."""
    compiled = catalog().map_named(name)
    record, before = _sendable(name)
    faults = []
    for nth, place in enumerate(texts_in(record, compiled.spec.record)):
        for text in chosen(nth):
            fault = wrong(record, place, text, compiled, before)
            if fault:
                faults.append(f"{said(place)} = {text[:40]!r}: {fault[:300]}")
    return faults


@cache
def _sendable(name: str) -> tuple[dict[str, Any], list[Any]]:
    """The fullest record of a map's samples that can be sent as it is, and what the other side reads."""
    for record in samples_of(name):
        sent = send(record, catalog().map_named(name))
        if sent.records:
            return record, sent.records
    raise AssertionError(f"no sample of {name} can be sent")


def said(path: tuple[Any, ...]) -> str:
    """The place as findings of writing name it: `lines[0].description`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def wrong(record: dict[str, Any], place: tuple[Any, ...], text: str, compiled: CompiledMap, before: list[Any], characters: str = "error") -> str:
    """What is wrong with sending this text in this field; '' when it arrives, or is refused by name. `before`: what the record
    reads back as without it."""
    sent = send(with_text(record, place, text), compiled, characters)
    named = [one for one in sent.findings if _names(one, place)]
    if sent.records is None:
        return "" if named else f"refused without a word about the field: {[one.sentence() for one in sent.findings][:3]}"
    changed = [one for one in differences([with_text(before[0], place, text)], sent.records)]
    if not changed or named:
        return ""
    return f"arrives as something else, and nobody says so: {changed[:2]}, {[one.sentence() for one in sent.findings][:3]}"


def _names(finding: Finding, place: tuple[Any, ...]) -> bool:
    path = finding.position.path or ""
    around = said(place[:-1])  # what is said of its item is said of it
    last = str(place[-1])
    return path == said(place) or last in path.replace("[", ".").split(".") or said(place) in finding.sentence() or (
        bool(around) and path.startswith(around))
