"""What a UN/EDIFACT directory says, as values: elements, composites, segments, messages, code lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Element:
    """A data element: its number, its name and its form (`an..35`, `n6`, …; UNTDED's "Repr")."""

    number: str
    name: str
    form: str


@dataclass(frozen=True, slots=True)
class Use:
    """One place in a segment or composite: what stands there, M or C, how often, and its form there ('' for a composite)."""

    id: str
    status: str
    repeat: int = 1
    form: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """A segment or composite: its tag, its name and its places in order."""

    id: str
    name: str
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A segment in a message's tree; `repeat` is its largest number of occurrences."""

    tag: str
    status: str
    repeat: int


@dataclass(frozen=True, slots=True)
class GroupUse:
    """A segment group in a message's tree; its first child is the trigger segment."""

    number: int
    status: str
    repeat: int
    children: tuple[SegmentUse | GroupUse, ...]


Node = SegmentUse | GroupUse


@dataclass(frozen=True, slots=True)
class MessageTree:
    """One message type of a release (`version` D, `release` 96A)."""

    name: str
    version: str
    release: str
    tree: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in the directory that was not understood, or that contradicts another part of it."""

    file: str
    line: int  # from 1; 0 when it concerns the file as a whole
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.sentence}" if self.line else f"{self.file}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Directory:
    """One release. `codes` holds, for each coded element, the short name of each code value in published order.

    `skipped` names the files that are no part of the dictionaries (indexes, prose); `remarks` says what could not
    be read.
    """

    release: str
    elements: dict[str, Element] = field(default_factory=dict)
    composites: dict[str, Parts] = field(default_factory=dict)
    segments: dict[str, Parts] = field(default_factory=dict)
    messages: dict[str, MessageTree] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


def tags(nodes: tuple[Node, ...]) -> Iterator[str]:
    """Every segment tag of a tree, in order, with repetitions."""
    for node in nodes:
        if isinstance(node, SegmentUse):
            yield node.tag
        else:
            yield from tags(node.children)


def groups(nodes: tuple[Node, ...]) -> Iterator[GroupUse]:
    """Every group of a tree, outer before inner."""
    for node in nodes:
        if isinstance(node, GroupUse):
            yield node
            yield from groups(node.children)
