"""What a published dictionary says, as values: elements, composites, segments, messages, code lists (UN/EDIFACT and X12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Element:
    """A data element: its number, its name and its form (`an..35`, UNTDED's "Repr"; X12: `AN 1/22`)."""

    number: str
    name: str
    form: str


@dataclass(frozen=True, slots=True)
class Use:
    """One place in a segment or composite: what stands there, its status (M, C; X12: M, O, X), how often, and its form there
    ('' for a composite)."""

    id: str
    status: str
    repeat: int = 1
    form: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """A segment or composite: its tag, its name, its places in order and the conditions between them (`D5(02,03)`, `P0304`)."""

    id: str
    name: str
    uses: tuple[Use, ...]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A segment in a message's tree; `repeat` is its largest number of occurrences."""

    tag: str
    status: str
    repeat: int


@dataclass(frozen=True, slots=True)
class GroupUse:
    """A segment group in a message's tree; its first child is the trigger segment. X12's have a `loop` instead of a number."""

    number: int
    status: str
    repeat: int  # UNLIMITED: X12's >1
    children: tuple[SegmentUse | GroupUse, ...]
    loop: str = ""

    @property
    def name(self) -> str:
        """`SG25`, `{N1}`."""
        return f"{{{self.loop}}}" if self.loop else f"SG{self.number}"


Node = SegmentUse | GroupUse
UNLIMITED = 0  # a repeat without a limit


@dataclass(frozen=True, slots=True)
class MessageTree:
    """One message type of a release (`version` D, `release` 96A). `restrict` is what an implementation guide says beyond the
    standard, as paths and entries of an agreement's `restrict:`; `rules` are conditions between parts of the tree."""

    name: str
    version: str
    release: str
    tree: tuple[Node, ...]
    title: str = ""
    rules: tuple[str, ...] = ()
    restrict: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in the directory that was not understood, or that contradicts another part of it."""

    file: str
    line: int  # from 1; 0 when it concerns the file as a whole
    sentence: str

    def __str__(self) -> str:
        """`file:line: sentence`."""
        return f"{self.file}:{self.line}: {self.sentence}" if self.line else f"{self.file}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Directory:
    """One release of one standard (edifact, x12). `codes` holds, for each coded element, the short name of each code value in published order.

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
    standard: str = "edifact"


def named(directory: Directory, elements: Mapping[str, str], parts: Mapping[str, str]) -> Directory:
    """The directory with names where its source has none (SEF): of elements by number, of segments and composites by tag."""
    def with_names(known: dict[str, Parts]) -> dict[str, Parts]:
        return {id: one if one.name else replace(one, name=parts.get(id, "")) for id, one in known.items()}

    return replace(
        directory,
        elements={id: replace(one, name=elements.get(id, one.name)) if one.name == unnamed(id) else one for id, one in directory.elements.items()},
        composites=with_names(directory.composites), segments=with_names(directory.segments))


def unnamed(number: str) -> str:
    """What an element is called whose source gives it no name."""
    return f"Element {number}"


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
