"""A clean message in which faults are planted, and what each fault must be found as."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.mutation import conditions, facts, wire
from tests.mutation.facts import Element, Facts, Node, Place
from tests.mutation.wire import Seg, Wire

SAMPLES = Path(__file__).parent.parent.parent / "samples"
TOTALS = ("CNT", "CTT")
COUNTED = {"QTY", "PO1", "POC", "IT1", "SN1", "LIN"}  # control totals add up what stands in them
IDENTITY = {("HL", 1), ("HL", 2), ("CPS", 1), ("CPS", 2), ("LS", 1), ("LE", 1)}  # faults of their own
FRAME = {"HL", "CPS", "LIN", "PO1", "POC", "IT1", "LX", "UNS", "LS", "LE", "CNT", "CTT"}  # not moved, repeated or taken away at random


@dataclass(frozen=True)
class Expected:
    """A finding that must come: one of the `kinds` at one of the segments `at` (or, for what is missing, in front of it).

    `elements` and `components` hold what is right there; None in `elements` means that nothing is said about it. `exact`
    asks for the bytes of (element, component) as well. `ways` are other words for the same fault: one of them is enough.
    """

    kinds: frozenset[str]
    at: tuple[Seg, ...]
    tag: str = ""
    ways: tuple[Expected, ...] = ()
    elements: frozenset[int | None] | None = None
    components: frozenset[int | None] | None = None
    id: str = ""
    path: str = ""
    exact: tuple[int, int | None] | None = None


@dataclass
class Fault:
    """What was planted. `tolerated` may come as well, where the standards leave it open."""

    name: str
    expected: list[Expected]
    tolerated: list[Expected] = field(default_factory=list)
    words: str = ""


@dataclass(frozen=True)
class Base:
    """A clean sample: where it stands, and what is known about its message."""

    key: str
    sample: str
    facts: Facts
    root: Node
    wire: Wire
    places: list[Place]

    @property
    def tags(self) -> list[str]:
        """Its segments' tags."""
        return [segment.tag for segment in self.wire.segments]


@cache
def base(key: str, sample: str, facts_name: str) -> Base:
    """The clean sample of a message type; an AssertionError when it is not legal by the planter's facts."""
    known = facts.load(facts_name)
    content = (SAMPLES / sample / "message.edi").read_bytes()
    read = wire.read(content)
    assert read.write()[0] == content, f"{sample}: is not written as it was read"
    root = known.messages[key.rpartition("/")[2]]
    tags = [segment.tag for segment in read.segments]
    assert facts.legal(root, tags), f"{sample}: the order of its segments is not legal"
    broken = [f"{segment.tag} {rule}" for segment in read.segments for rule in known.rules.get(segment.tag, ())
              if conditions.violated(rule, segment)]
    assert not broken, f"{sample}: {broken}"
    return Base(key, sample, known, root, read, facts.places(root, tags))


@dataclass(frozen=True)
class Spot:
    """A value of the clean message: segment number from 0, element and component from 1 (None: the element is no composite)."""

    index: int
    segment: Seg
    element: int
    component: int | None
    fact: Element
    value: str
    around: Element

    @property
    def name(self) -> str:
        """C186.6060, 6060, 02: what the path of a finding ends with."""
        return f"{self.around.id}.{self.fact.id}" if self.component and not self.around.id.isdigit() else self.around.id

    def change(self, value: str) -> None:
        """Write another value there."""
        self.segment.put(self.element, self.component or 1, value)


class Field:
    """A copy of a clean message in which faults are planted one after another, each at a place of its own."""

    def __init__(self, base: Base, random: random.Random):
        self.base = base
        self.random = random
        self.wire = base.wire.copy()
        self.clean = list(self.wire.segments)  # as they stood before anything was planted; base.places has the same numbers
        self.taken: set[int] = {0, len(self.clean) - 1}
        self.moved: set[str] = set()  # tags of segments that are missing, surplus or at a wrong place: one fault a tag, as one that is
        # missing and one too many of it are a single move
        self.miscount = 0  # what the trailer counts too many

    @property
    def x12(self) -> bool:
        return self.wire.standard == "x12"

    def spots(self) -> Iterator[Spot]:
        """Every value that a fault may be planted in."""
        for index, segment in enumerate(self.clean):
            known = self.base.facts.segments.get(segment.tag)
            if index in self.taken or known is None or segment.tag in TOTALS or segment.tag == "UNS":
                continue
            for number, (fact, repetitions) in enumerate(zip(known, segment.elements, strict=False), 1):
                if (segment.tag, number) in IDENTITY:
                    continue
                if not fact.parts and repetitions[0][0]:
                    yield Spot(index, segment, number, None, fact, repetitions[0][0], fact)
                for part, (below, value) in enumerate(zip(fact.parts, repetitions[0], strict=False), 1):
                    if value:
                        yield Spot(index, segment, number, part, below, value, fact)

    def pick(self, spots: list[Spot]) -> Spot | None:
        """One of the spots; its segment is taken."""
        if not spots:
            return None
        chosen = self.random.choice(spots)
        self.taken.add(chosen.index)
        return chosen

    def free(self, *indexes: int) -> bool:
        """Whether nothing is planted at these segments and their neighbours, nor in the order of segments of their tags."""
        if any(self.clean[one].tag in self.moved for one in indexes):
            return False
        return not any(one + near in self.taken - {0, len(self.clean) - 1} for one in indexes for near in (-1, 0, 1))

    def take(self, *indexes: int) -> None:
        """These segments and their neighbours are taken."""
        self.moved |= {self.clean[one].tag for one in indexes}
        self.taken |= {one + near for one in indexes for near in (-1, 0, 1)}

    def finish(self) -> tuple[bytes, list[int]]:
        """The file with everything planted, the trailer counting its segments (or miscounting them), and where each segment begins."""
        self.wire.segments[-1].put(1, 1, str(len(self.wire.segments) + self.miscount))
        return self.wire.write()

    def totals(self) -> list[Expected]:
        """The control totals may differ as well when something counted is changed."""
        where = tuple(one for one in self.clean if one.tag in TOTALS)
        return [Expected(frozenset({"control_total_mismatch"}), where)] if where else []
