"""The text of a path in a map → its steps; no structure is known here yet (that is `resolve.py`).

    SG2[NAD/3035=BY]/C082.3039      a group chosen by a value in it, then an element
    QTY[6063=21]/6060               a segment chosen by its qualifier
    PIA[4347=1]/C212[7143=IN]/7140  one of several equal composites chosen by a component
    {PO1}/{N1}[N1/01=ST]/N3/01      X12: loops in braces, elements by position
    PO1/pairs(06)[UP|EN]            the value behind one of these qualifiers among the pairs from element 06
    N1/04[03=UL]                    a value chosen by another element of the same segment
    {ACK}#2+                        each: the second of several loops and all after it
    node(T|P)  node(O)?             children in the hierarchy; `?` says that the level may be absent
    cac:Party/cbc:ID[@schemeID=GLN] XML elements and attributes
    ^/BGM/1004  ../PRF/01           from the message's root; from the parent
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


class PathError(ValueError):
    """A path that cannot be read; `column` is its place in the text, from 0."""

    def __init__(self, sentence: str, column: int = 0):
        self.column = column
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Test:
    """What stands in brackets. `op` is '=', '!=', 'has' or 'lacks'; a bare word in `pairs(06)[UP]` is 'has'."""

    path: str
    op: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.op in ("=", "!="):
            return f"[{self.path}{self.op}{'|'.join(map(_quoted, self.values))}]"
        return f"[{'!' if self.op == 'lacks' else ''}{self.path}]"


def _quoted(value: str) -> str:
    """A test's value as a path writes it: the empty text and what holds a bar or bracket in quotes."""
    return value if value and not set(value) & set("|]") else f'"{value}"'


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step: `name` as written; `argument` of pairs(…) and node(…); `part` after the point; `nth` after '#',
    `onward` where a plus follows it (`#2+`: the second and all further ones)."""

    name: str
    argument: str = ""
    part: str = ""
    tests: tuple[Test, ...] = ()
    nth: int = 0
    optional: bool = False
    column: int = 0
    onward: bool = False

    def __str__(self) -> str:
        text = self.name + (f"({self.argument})" if self.argument else "") + (f".{self.part}" if self.part else "")
        return text + "".join(map(str, self.tests)) + (f"#{self.nth}{'+' * self.onward}" if self.nth else "") + ("?" if self.optional else "")


@dataclass(frozen=True, slots=True)
class Path:
    """A whole path. `up` counts the '../' in front; `root` says that it starts at the message's root."""

    steps: tuple[PathStep, ...]
    up: int = 0
    root: bool = False

    def __str__(self) -> str:
        return ("^/" if self.root else "../" * self.up) + "/".join(map(str, self.steps))


_NAME = re.compile(r"\{[A-Za-z0-9]+\}|@?[A-Za-z_][\w-]*(?::[A-Za-z_][\w-]*)?|[0-9]+|\$[0-9]+|\.(?![./])")
_PART = re.compile(r"\.([A-Za-z0-9]+)")
_ARGUMENT = re.compile(r"\(([^()]*)\)")
_NTH = re.compile(r"#([1-9][0-9]*)(\+?)")


def start_of(path: Path, scope: Any) -> Any:
    """The scope in which a path's steps begin: `scope` itself, one around it (../), or the message's root (^/). A scope
    knows the one around it as `parent`. Raises PathError where there are not that many."""
    if path.root:
        while scope.parent is not None:
            scope = scope.parent
    for _ in range(path.up):
        if scope.parent is None:
            raise PathError("there is no parent here", 0)
        scope = scope.parent
    return scope


def parse(text: str) -> Path:
    """The steps of a path's text. Raises PathError with the column of the first thing that cannot be read."""
    at = up = 0
    root = False
    if text.startswith("^/"):
        root, at = True, 2
    while text.startswith("../", at):
        up, at = up + 1, at + 3
    if at == len(text) and (root or up):
        return Path((), up, root)
    steps = []
    while True:
        step, at = _step(text, at)
        steps.append(step)
        if at == len(text):
            return Path(tuple(steps), up, root)
        if text[at] != "/":
            raise PathError(f"expected / but found {text[at]!r}", at)
        at += 1


def _step(text: str, at: int) -> tuple[PathStep, int]:
    begin = at
    match = _NAME.match(text, at)
    if not match:
        raise PathError(f"expected a name but found {text[at:at + 1]!r}" if at < len(text) else "a name is missing", at)
    name, at = match.group(), match.end()
    argument = part = ""
    if match := _ARGUMENT.match(text, at):
        argument, at = match.group(1).strip(), match.end()
    if match := _PART.match(text, at):
        part, at = match.group(1), match.end()
    tests = []
    while text.startswith("[", at):
        end = _closing(text, at)
        tests.append(_test(text[at + 1:end], at + 1))
        at = end + 1
    nth, onward = 0, False
    if match := _NTH.match(text, at):
        nth, onward, at = int(match.group(1)), bool(match.group(2)), match.end()
    optional = text.startswith("?", at)
    return PathStep(name, argument, part, tuple(tests), nth, optional, begin, onward), at + optional


def _closing(text: str, at: int) -> int:
    quoted = False
    for index in range(at + 1, len(text)):
        if text[index] == '"':
            quoted = not quoted
        elif text[index] == "]" and not quoted:
            return index
    raise PathError("the bracket is not closed", at)


def _test(text: str, column: int) -> Test:
    match = re.fullmatch(r'\s*(!?)\s*([^=!"]+?)\s*(?:(!?=)\s*(.*?))?\s*', text, re.DOTALL)
    if not match:
        raise PathError(f"[{text}] is not a test", column)
    negated, path, op, values = match.groups()
    if op is None:
        return Test(path, "lacks" if negated else "has")
    if negated:
        raise PathError("write != for 'is not'", column)
    return Test(path, op, tuple(_values(values)))


def _values(text: str) -> list[str]:
    return [value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
            for value in re.findall(r'"[^"]*"|[^|"]+', text)] or [""]
