"""What a generated reader goes through in an instance: which slots, under which tests, and what is taken there.

The rules of a scope are hung into one tree of slots and branches, so that every slot is visited once however many rules
read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.mapping.plan import ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve import ElementStep, GroupStep, PairStep, Resolved, SegmentStep, TreeStep, ValueTest

Taker = tuple[Any, int, Any]  # (plan, number of its source, where in the segment or None)


@dataclass(eq=False)
class Branch:
    """What happens below one step with one set of tests."""

    tests: tuple[ValueTest, ...]
    nth: int
    onward: bool = False
    values: list[Taker] = field(default_factory=list)
    uses: list[Taker] = field(default_factory=list)
    below: dict[Any, Slot] = field(default_factory=dict)


@dataclass(eq=False)
class Slot:
    """A child of the instance that some rule reads, with its branches."""

    step: GroupStep | TreeStep | SegmentStep
    branches: list[Branch] = field(default_factory=list)
    held: str = ""  # the local that holds the slot's content, where rules belong to this slot alone
    owned: list[ValuePlan] = field(default_factory=list)

    def values(self) -> Iterator[ValuePlan]:
        """Every value rule that reads something below."""
        for branch in self.branches:
            yield from (one for one, _, _ in branch.values)
            for slot in branch.below.values():
                yield from slot.values()

    def branch(self, tests: tuple[ValueTest, ...], nth: int, onward: bool = False, take: str = "") -> Branch:
        for one in self.branches:
            if (one.tests, one.nth, one.onward) == (tests, nth, onward) and not take:
                return one
        made = Branch(tests, nth, onward)
        self.branches.append(made)
        return made


def tries(plan: ScopePlan) -> dict[str, dict[Any, Slot]]:
    """base expression → what is read below it: the scope's instance, its parents', the root's."""
    found: dict[str, dict[Any, Slot]] = {}
    for taker in takers(plan):
        one, k, _ = taker
        resolved: Resolved = one.sources[k]
        if not resolved.groups and resolved.segment is None and not resolved.up and not resolved.root:
            continue  # inside the scope's own segment
        base = "h"
        if resolved.root:
            base = "ROOT(P)"
        elif resolved.up:
            base = "P" + "[1]" * (resolved.up - 1) + "[0]"
        _insert(found.setdefault(base, {}), taker, resolved)
    return found


def _insert(slots: dict[Any, Slot], taker: Taker, resolved: Resolved) -> None:
    one, k, _ = taker
    branch: Branch | None = None
    take = getattr(one.rule, "take", "")
    for step in [*resolved.groups, *([resolved.segment] if resolved.segment else [])]:
        key = (step.node.slot, step.kinds, step.optional) if isinstance(step, TreeStep) else step.node.slot
        slot = slots.setdefault(key, Slot(step))
        tests, nth = ((), 0) if isinstance(step, TreeStep) else (step.tests, step.nth)
        branch = slot.branch(tests, nth, getattr(step, "onward", False), take if step is resolved.segment else "")
        slots = branch.below
    assert branch is not None
    if isinstance(one, ScopeUse):
        branch.uses.append((one, k, resolved.element))
    else:
        branch.values.append((one, k, resolved.element))


def stays_inside(resolved: Resolved) -> bool:
    """Whether a path stays inside the scope's own segment."""
    return not resolved.groups and resolved.segment is None and not resolved.up and not resolved.root


def takers(plan: ScopePlan) -> Iterator[Taker]:
    for one in plan.rules():
        for k in range(len(one.sources)):
            yield one, k, None


def static_places(values: list[Taker]) -> set[tuple[int, int]]:
    return {(step.positions[0], step.component) for _, _, step in values if is_static(step)}


def is_static(step: Any) -> bool:
    """Whether the value always stands at the same place of the segment."""
    return (isinstance(step, ElementStep) and len(step.positions) == 1 and not step.tests and not step.repeats
            and not step.nth and not step.beside)


def contiguous(positions: tuple[int, ...]) -> bool:
    return positions == tuple(range(positions[0], positions[-1] + 1))


def exclusive(branches: list[Branch]) -> bool:
    """Whether at most one branch can match: all test the same place for different single values."""
    if len({tuple((t.slot, t.element, t.component, t.op) for t in branch.tests) for branch in branches}) != 1:
        return False
    if any(branch.nth for branch in branches) or not branches[0].tests or any(t.op != "=" for t in branches[0].tests):
        return False
    seen = [value for branch in branches for value in branch.tests[0].values]
    return len(seen) == len(set(seen))


def one_of(takers: list[Taker]) -> bool:
    """Whether each looks for another single value at the same component: only one can be meant."""
    tests = [own.tests for _, _, own in takers]
    if any(len(test) != 1 or test[0][1] != "=" or len(test[0][2]) != 1 for test in tests):
        return False
    return len({test[0][0] for test in tests}) == 1 and len({test[0][2] for test in tests}) == len(tests)


def flow_of(one: Any) -> Any:
    """The TextFlow of a value whose text runs over several segments; None where it does not."""
    codec = one.convert.codec if isinstance(one, ValuePlan) else None
    return None if codec is None else codec.flow


def flow(use: ScopeUse) -> ValuePlan | None:
    """The free-text rule of a list of segments, whose texts run over several of them."""
    if use.item.scope.segment is None:
        return None
    return next((value for value in use.item.values if flow_of(value) is not None), None)


def is_rest(step: Any, branch: Branch) -> bool:
    """A list of the pairs that no other rule of the segment takes."""
    return isinstance(step, PairStep) and not step.qualifiers and any(isinstance(own, PairStep) for _, _, own in branch.values)
