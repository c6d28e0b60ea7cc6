"""What the planter knows of the standards: the files in facts/, read by this module only (facts/README.md says their form)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "facts"
MANY = 10**9


@dataclass(frozen=True)
class Element:
    """An element, composite (`parts`) or component: `kind` is a, n, an or AN, R, N0, N2, DT, TM …; `absent` is a code that its
    complete list does not hold."""

    id: str
    mandatory: bool
    repeats: int = 1
    kind: str = ""
    least: int = 0
    most: int = 0
    absent: str = ""
    parts: tuple[Element, ...] = ()


@dataclass(eq=False)
class Node:
    """A segment (`tag`) or group (`children`, the first is its trigger) of a message."""

    tag: str
    least: int
    most: int
    children: list[Node] = field(default_factory=list)

    @property
    def trigger(self) -> str:
        """The tag that a group begins with, or the segment's own."""
        return self.children[0].trigger if self.children else self.tag


@dataclass(frozen=True)
class Facts:
    """Messages and segments of one release."""

    messages: dict[str, Node]
    segments: dict[str, tuple[Element, ...]]
    rules: dict[str, tuple[str, ...]]


@cache
def load(name: str) -> Facts:
    """The facts of `edifact-d96a`, `x12-004010` …"""
    messages, segments = {}, {}
    for words in _lines(f"{name}.txt"):
        what, key, *rest = words
        if what == "message":
            messages[key] = _tree(" ".join(rest))
        elif what == "segment":
            segments[key] = _elements(" ".join(rest))
        else:
            raise ValueError(f"{name}: {what}")
    return Facts(messages, segments, _rules(name.partition("-")[2]) if name.startswith("x12") else {})


def _lines(name: str) -> Iterator[list[str]]:
    """The words of each entry; a line that begins with blanks goes on with the one before."""
    text = re.sub(r"#.*", "", (FOLDER / name).read_text("utf-8"))
    for entry in re.split(r"\n(?=\S)", text):
        if entry.split():
            yield entry.split()


def _rules(release: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for _, *words in _lines("x12-rules.txt"):
        if words[0].isdigit() and words.pop(0) != release:
            continue
        found[words[0]] = found.get(words[0], ()) + tuple(words[1:])
    return found


def _tree(text: str) -> Node:
    """`BGM DTM{1,35} (RFF DTM{0,5}){0,10}` → nodes."""
    root = Node("", 1, 1)
    stack = [root]
    for mark, tag, times in re.findall(r"(\(|\)|([A-Z0-9]+))(\?|\{[\d,]+\})?", text):
        if mark == "(":
            stack.append(Node("", 1, 1))
            continue
        node = stack.pop() if mark == ")" else Node(tag, 1, 1)
        node.least, node.most = _times(times)
        stack[-1].children.append(node)
    assert stack == [root], text
    return root


def _times(text: str) -> tuple[int, int]:
    if not text:
        return 1, 1
    if text == "?":
        return 0, 1
    least, most = text.strip("{}").split(",")
    return int(least), int(most or MANY)


def _elements(text: str) -> tuple[Element, ...]:
    """`3035:M:an..3:c=QJX C082:C[3039:M:an..35 …]` → elements."""
    found = []
    for simple, head, parts in re.findall(r"([^\s\[\]]+)(?=\s|$)|([^\s\[\]]+)\[([^\]]*)\]", text):
        if head:
            id, status = head.split(":")
            found.append(Element(id, status[0] == "M", int(status[2:] or 1), parts=_elements(parts)))
        else:
            found.append(_element(*simple.split(":")))
    return tuple(found)


def _element(id: str, status: str, form: str, code: str = "") -> Element:
    fit = re.fullmatch(r"(an|a|n)(\.\.)?(\d+)", form)
    if fit:
        most = int(fit[3])
        kind, least = fit[1], 1 if fit[2] else most
    else:
        kind, _, lengths = form.partition(".")
        least, most = (int(one) for one in lengths.split("-"))
    return Element(id, status[0] == "M", int(status[2:] or 1), kind, least, most, code.removeprefix("c="))


@cache
def expression(node: Node) -> re.Pattern[str]:
    """A message as a regular expression over its tags, each followed by a blank: what matches stands in a legal order."""
    return re.compile(_pattern(node))


def _pattern(node: Node) -> str:
    body = "".join(_pattern(child) for child in node.children) if node.children else re.escape(node.tag) + " "
    most = "" if node.most >= MANY else str(node.most)
    return f"(?:{body}){{{node.least},{most}}}"


def legal(node: Node, tags: list[str]) -> bool:
    """Whether the tags stand in an order that the message allows."""
    return expression(node).fullmatch(text(tags)) is not None


def text(tags: list[str]) -> str:
    """Tags as the expressions see them."""
    return " ".join(tags) + " "


@dataclass(eq=False)
class Place:
    """Where a segment of a legal message stands: its node, and the groups around it as (node, number of its first segment)."""

    node: Node
    groups: tuple[tuple[Node, int], ...]


def places(root: Node, tags: list[str]) -> list[Place]:
    """The place of each segment; the message must be legal."""
    found = next((one for end, one in _match(root, tags, 0, ()) if end == len(tags)), None)
    assert found is not None, "not a legal message"
    return found


def _match(node: Node, tags: list[str], at: int, groups: tuple[tuple[Node, int], ...]) -> Iterator[tuple[int, list[Place]]]:
    """Every way in which a group's children take the segments from `at` on, the longest first."""
    def follow(number: int, at: int, times: int) -> Iterator[tuple[int, list[Place]]]:
        if number == len(node.children):
            yield at, []
            return
        child = node.children[number]
        if times < child.most and at < len(tags) and tags[at] == child.trigger:
            one: Iterator[tuple[int, list[Place]]]
            one = _match(child, tags, at, (*groups, (child, at))) if child.children else iter([(at + 1, [Place(child, groups)])])
            for end, taken in one:
                for last, more in follow(number, end, times + 1):
                    yield last, taken + more
        if times >= child.least:
            yield from follow(number + 1, at, 0)

    yield from follow(0, at, 0)
