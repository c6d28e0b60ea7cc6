"""What is read where in an XML document: the paths of a scope's rules as a tree of elements, which the generator
(`xml_read_code.py`) goes through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.mapping.plan import ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve_xml import XmlResolved, XmlTest
from edi_bridge.structure_xml import XmlChild


@dataclass(frozen=True, slots=True)
class Taken:
    """A text to be kept: of source `k` of a rule, or (`beside` 0, 1 …) of what its codec needs beside it."""

    plan: ValuePlan
    k: int
    attribute: str
    owner: XmlChild
    beside: int = -1

    @property
    def variable(self) -> str:
        """Its local in the generated code."""
        return f"v{self.plan.number}_{self.k}" if self.beside < 0 else f"a{self.plan.number}_{self.k}_{self.beside}"


@dataclass(frozen=True, slots=True)
class Around:
    """The element around that of an object, for what of it stands there (source `k`)."""

    use: ScopeUse
    k: int

    @property
    def variable(self) -> str:
        """Its local in the generated code."""
        return f"p{self.use.number}_{self.k}"


@dataclass(eq=False)
class Branch:
    """What happens at the elements of one name with one set of tests. Texts of one element belong together: those
    of `taken[mode]`, where the mode is the rule's `take`."""

    tests: tuple[XmlTest, ...]
    nth: int
    taken: dict[str, list[Taken]] = field(default_factory=dict)
    uses: list[tuple[ScopeUse, int]] = field(default_factory=list)
    around: list[Around] = field(default_factory=list)
    below: dict[str, Slot] = field(default_factory=dict)
    counter: str = ""


@dataclass(eq=False)
class Slot:
    """The children of one name that some rule reads, with their branches."""

    child: XmlChild
    branches: list[Branch] = field(default_factory=list)

    def branch(self, tests: tuple[XmlTest, ...], nth: int) -> Branch:
        """The branch of these tests."""
        for one in self.branches:
            if one.tests == tests and one.nth == nth:
                return one
        self.branches.append(Branch(tests, nth))
        return self.branches[-1]


def beside_kind(value: ValuePlan) -> str:
    """amount, quantity or '': whether what stands beside a value is filled from another field (`codec_number`)."""
    name = value.rule.codec.partition("(")[0].strip()
    return name if name in ("amount", "quantity") and value.convert.aux else ""


def currency_of(value: ValuePlan) -> str:
    """The field of the record's head that holds an amount's currency (`as: amount(@currencyID, of: tax_currency)`)."""
    match = re.search(r"\bof:\s*(\w+)", value.rule.codec)
    return match[1] if match else "currency"


def said_by_the_map(plan: ScopePlan) -> frozenset[str]:
    """The fields of an item that stand nowhere in the message (`is:` without `at:`): alone they make no item."""
    return frozenset(one.target[0] for one in plan.values if one.constant is not None and not one.sources)


def place_of(resolved: XmlResolved) -> tuple[Any, ...]:
    """What two paths of one scope must share to mean the same place."""
    return resolved.steps, resolved.attribute, resolved.up, resolved.root


def inside(branch: Branch) -> Iterator[Any]:
    """Everything that is read in a branch and below it."""
    for taken in branch.taken.values():
        yield from taken
    yield from branch.uses
    yield from branch.around
    for slot in branch.below.values():
        for below in slot.branches:
            yield from inside(below)


def variables(takers: list[Any]) -> list[str]:
    """Their locals in the generated code."""
    return [one.variable if isinstance(one, Taken | Around) else f"o{one[0].number}_{one[1]}" for one in takers]


def exclusive(branches: list[Branch]) -> bool:
    """Whether at most one branch can match: each tests only the same attribute, for different values."""
    if any(branch.nth or len(branch.tests) != 1 for branch in branches):
        return False
    tests = [branch.tests[0] for branch in branches]
    if any(test.op != "=" or test.steps or test.up or test.attribute != tests[0].attribute for test in tests):
        return False
    seen = [value for test in tests for value in test.values]
    return len(seen) == len(set(seen))
