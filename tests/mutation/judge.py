"""Compares what was found with what was planted: every planted fault found once, at its place, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.mutation import reading
from tests.mutation.field import Expected, Fault, Field


def verdict(field: Field, starts: list[int], faults: list[Fault], findings: Iterable[Any]) -> list[str]:
    """Sentences about misses and phantoms; empty when all is well. `findings` have `.kind` and `.position`.

    What is found about the order may be another explanation than what was planted, if it is just as short and the recogniser
    finds the order legal once each finding is put right; all other faults must be found as planted."""
    told = list(findings)
    wanted = [one for fault in faults for one in fault.expected]
    tolerated = [one for fault in faults for one in fault.tolerated]
    problems = _compared(field, starts, wanted, tolerated, told)
    others = [one for one in wanted if not one.kinds <= reading.KINDS]
    rest = [one for one in told if one.kind not in reading.KINDS]
    if problems and 0 < len(wanted) - len(others) == len(told) - len(rest) and reading.explains(field, told):
        return _compared(field, starts, others, tolerated, rest)
    return problems


def _compared(field: Field, starts: list[int], wanted: list[Expected], tolerated: list[Expected], findings: list[Any]) -> list[str]:
    left = list(findings)
    problems = []
    for one in sorted(wanted, key=lambda item: len(item.at)):
        matching = [finding for finding in left if not _difference(field, starts, one, finding)]
        if matching:
            left.remove(matching[0])
        else:
            near = [_difference(field, starts, one, finding) for finding in left if any(finding.kind in way.kinds for way in (one, *one.ways))]
            problems.append(f"missed {_words(field, one)}" + (f" (near: {near})" if near else ""))
    for finding in left:
        if not any(not _difference(field, starts, one, finding) for one in tolerated):
            problems.append(f"phantom {_found(finding)}")
    return problems


def _difference(field: Field, starts: list[int], one: Expected, finding: Any) -> str:
    """In what a finding differs from the expected one in each of its ways; '' when it does not in one."""
    told = [_apart(field, starts, way, finding) for way in (one, *one.ways)]
    return "" if "" in told else told[0]


def _apart(field: Field, starts: list[int], one: Expected, finding: Any) -> str:
    place = finding.position
    if finding.kind not in one.kinds:
        return "kind"
    segment = next((item for item in one.at if field.wire.segments.index(item) + 1 == place.segment), None)
    if segment is None:
        return f"segment {place.segment}"
    if place.tag != (one.tag or segment.tag):
        return f"tag {place.tag}"
    if one.elements is not None and place.element not in one.elements:
        return f"element {place.element}"
    if one.components is not None and place.component not in one.components:
        return f"component {place.component}"
    if one.id and place.id != one.id:
        return f"id {place.id}"
    if one.path and one.path not in (place.path or ""):
        return f"path {place.path}"
    if one.exact is not None:
        start, length = field.wire.span(segment, *one.exact)
        begins = starts[field.wire.segments.index(segment)]
        if (place.offset, place.length) != (begins + start, length):
            return f"bytes {place.offset}+{place.length} instead of {begins + start}+{length}"
    return ""


def _words(field: Field, one: Expected) -> str:
    numbers = "/".join(str(field.wire.segments.index(item) + 1) for item in one.at)
    elements = "" if one.elements is None else f" element {sorted(map(str, one.elements))}"
    components = "" if one.components is None else f" component {sorted(map(str, one.components))}"
    return f"{'|'.join(sorted(one.kinds))} at segment {numbers} {one.tag or one.at[0].tag}{elements}{components}"


def _found(finding: Any) -> str:
    place = finding.position
    return f"{finding.kind} at segment {place.segment} {place.tag} element {place.element}.{place.component} {place.path}: {finding.note}"
