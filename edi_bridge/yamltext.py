"""YAML text → plain values that know their line and column.

YAML 1.2 core schema (yaml.org/spec/1.2.2 chapter 10.3), not PyYAML's 1.1: `NO` is text, `0123` is 123, a date is
text, a number with a point is a Decimal. Duplicate keys, aliases, tags and more than one document are refused,
and so are texts over 5 MB or nested more than 50 deep.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import yaml

from edi_bridge.fault import ConfigFault

MAX_BYTES = 5_000_000
MAX_DEPTH = 50

MAX_DIGITS = 4000  # of a number; Python itself refuses to read 4,300
_INT = re.compile(r"[-+]?[0-9]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?([0-9]+))?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None,
                          "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# What a parser gives to untagged nodes by YAML 1.1's rules; the value is made by ours.
_PLAIN_TAGS = {"str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge", "value"}

Mark = tuple[int, int]  # line, column; both from 1


class _TooDeep(Exception):
    """`mark` is where the nesting went too far."""

    def __init__(self, mark: Any):
        super().__init__()
        self.mark = mark


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml's parser with a limit: it goes into nested nodes by recursion in C, which deep ones end by killing the process."""

    def __init__(self, text: str | bytes):
        super().__init__(text)
        self._depth = 0

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """Called before each node (of a mapping: each key and value)."""
        self._depth += 1
        if self._depth > MAX_DEPTH + 2:
            raise _TooDeep(parent.start_mark)
        super().descend_resolver(parent, index)

    def ascend_resolver(self) -> None:
        """Called behind each node."""
        self._depth -= 1
        super().ascend_resolver()


class Block(dict[str, Any]):
    """A YAML mapping; `marks` holds the place of each key, `value_marks` of each value, `mark` its own; `files` names
    the file of a key where it is another than `file` (after layers were merged)."""

    __slots__ = ("marks", "value_marks", "mark", "file", "files")

    def __init__(self, mark: Mark, file: str = ""):
        super().__init__()
        self.mark = mark
        self.file = file
        self.files: dict[str, str] = {}
        self.marks: dict[str, Mark] = {}
        self.value_marks: dict[str, Mark] = {}


class Items(list[Any]):
    """A YAML sequence; `marks` holds the place of each item, `mark` its own."""

    __slots__ = ("marks", "mark")

    def __init__(self, mark: Mark):
        super().__init__()
        self.mark = mark
        self.marks: list[Mark] = []


def parse(text: str | bytes, file: str) -> Any:
    """The value of a YAML text, mappings as `Block` and sequences as `Items`; keys are always text.

    Raises ConfigFault with file, line and column for anything that is not plain YAML data.
    """
    if len(text) > MAX_BYTES:
        raise ConfigFault.at(file, 1, 1, f"the file is larger than {MAX_BYTES} bytes")
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise ConfigFault.at(file, line, column, f"not readable as YAML: {error.problem or error.context}") from None
    except _TooDeep as error:
        raise ConfigFault.at(file, error.mark.line + 1, error.mark.column + 1, f"nested more than {MAX_DEPTH} deep") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigFault.at(file, 1, 1, f"not readable as YAML: {str(error).splitlines()[0]}") from None
    return None if node is None else _value(node, file, 0, set())


def _value(node: yaml.Node, file: str, depth: int, seen: set[int]) -> Any:
    mark = (node.start_mark.line + 1, node.start_mark.column + 1)
    if depth > MAX_DEPTH:
        raise ConfigFault.at(file, *mark, f"nested more than {MAX_DEPTH} deep")
    if id(node) in seen:
        raise ConfigFault.at(file, *mark, "aliases (*name) are not allowed")
    seen.add(id(node))
    if node.tag.removeprefix("tag:yaml.org,2002:") not in _PLAIN_TAGS:
        raise ConfigFault.at(file, *mark, f"tags ({node.tag}) are not allowed")
    if isinstance(node, yaml.ScalarNode):
        if not node.style and _is_endless(node.value):
            raise ConfigFault.at(file, *mark, f"a number of more than {MAX_DIGITS} digits; a text stands in quotes")
        return node.value if node.style else _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        items = Items(mark)
        for child in node.value:
            items.append(_value(child, file, depth + 1, seen))
            items.marks.append((child.start_mark.line + 1, child.start_mark.column + 1))
        return items
    block = Block(mark, file)
    for key_node, value_node in node.value:
        key_mark = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigFault.at(file, *key_mark, "a key must be a plain word")
        key = key_node.value
        if key in block:
            raise ConfigFault.at(file, *key_mark, f"{key} is given twice (first in line {block.marks[key][0]})")
        block[key] = _value(value_node, file, depth + 1, seen)
        block.marks[key] = key_mark
        block.value_marks[key] = (value_node.start_mark.line + 1, value_node.start_mark.column + 1)
    return block


def _is_endless(text: str) -> bool:
    """Whether it is a number that nobody means, as digits or by its exponent."""
    if len(text) > MAX_DIGITS:
        return bool(_INT.fullmatch(text) or _HEX.fullmatch(text) or _FLOAT.fullmatch(text))
    found = _FLOAT.fullmatch(text) if "e" in text or "E" in text else None
    return found is not None and found[4] is not None and int(found[4]) > MAX_DIGITS


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return Decimal(text)
    return text


class Problems:
    """Collects what is wrong with one file, so that everything is said at once."""

    def __init__(self, file: str):
        self.file = file
        self.found: list[tuple[str, int, int, str]] = []

    def add(self, mark: Mark, sentence: str, file: str = "") -> None:
        """Note a problem at a place."""
        self.found.append((file or self.file, *mark, sentence))

    def unknown_keys(self, block: Block, known: tuple[str, ...] | list[str], what: str) -> None:
        """Note every key of `block` that is not among `known`, with the nearest known one."""
        import difflib

        for key in block:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
                self.add(block.marks[key], f"{what} has no key {key!r}{hint}", block.files.get(key, block.file))

    def wrong(self, block: Block, key: str, sentence: str) -> None:
        """Note what is wrong with the value of a key, in the file that says it (another one where layers were merged)."""
        self.add(block.value_marks.get(key, block.mark), sentence, block.files.get(key, block.file))

    def inner(self, block: Block, key: str, keys: tuple[str, ...] | None, says: str) -> Block | None:
        """The block under a key; None where nothing is said, or something else: then `KEY: says` is noted, as is every key that is not
        among `keys` (None: any may stand there)."""
        said = block.get(key)
        if said is None:
            return None
        if not isinstance(said, Block):
            self.wrong(block, key, f"{key}: {says}")
            return None
        if keys is not None:
            self.unknown_keys(said, keys, f"{key}:")
        return said

    def done(self) -> None:
        """Raise ConfigFault when anything was noted."""
        if self.found:
            raise ConfigFault(self.found)


_TIME = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: Any) -> float | None:
    """A length of time with its unit (500ms, 30s, 10m, 2h, 1d) in seconds; None for anything else."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    return int(found.group(1)) * _SECONDS[found.group(2)] if found else None
