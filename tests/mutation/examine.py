"""Asks the program under test: the only module here that knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding
from edi_bridge.guide.check import Checker
from edi_bridge.interchange import Message
from tests.mutation import judge, plant
from tests.mutation.field import Fault, Field

Check = Callable[[Message], Iterable[Finding]]


@cache
def checker(key: str) -> Checker:
    """The checker of a shipped guide."""
    guide = Catalog().guide(key)
    assert guide is not None, f"no guide {key}"
    return Checker(guide)


def findings(content: bytes, check: Check) -> list[Finding]:
    """What the reader and the checker find in a file with one message."""
    found: list[Finding] = []
    for interchange in syntax.read(content):
        for message in interchange.messages:
            assert isinstance(message, Message)
            found += check(message)
        found += interchange.findings
    return found


def examine(planted: tuple[Field, list[Fault]], check: Check) -> list[str]:
    """The judgement about one mutation: empty, or what was missed and what was a phantom, with the mutation itself."""
    field, faults = planted
    content, starts = field.finish()
    problems = judge.verdict(field, starts, faults, findings(content, check))
    if not problems:
        return []
    head = f"{field.base.key}: {', '.join(fault.name for fault in faults)}"
    changed = [field.wire.text(one) for fault in faults for item in fault.expected for one in item.at]
    return [f"{head}: {problem} | {changed}" for problem in problems]


def run(key: str, count: int, check: Check | None = None, start: int = 0) -> tuple[int, list[str]]:
    """(mutations tried, problems) of `count` single faults in a message type."""
    tried, problems = 0, []
    for planted in plant.singles(key, count, start):
        tried += 1
        problems += examine(planted, check or checker(key).check)
    return tried, problems


def run_many(key: str, count: int, check: Check | None = None, start: int = 0) -> tuple[int, list[str]]:
    """(faults planted, problems) of `count` messages with ten faults each."""
    tried, problems = 0, []
    for seed in range(start, start + count):
        planted = plant.many(key, seed)
        tried += len(planted[1])
        problems += examine(planted, check or checker(key).check)
    return tried, problems


def clean(key: str, check: Check | None = None) -> list[Any]:
    """What is found in the clean sample itself."""
    content, _ = plant.field(key, 0).finish()
    return findings(content, check or checker(key).check)
