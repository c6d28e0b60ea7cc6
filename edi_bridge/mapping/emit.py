"""Shared by the code generators: a writer of indented Python lines, and what the generated code calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from edi_bridge.mapping.codec import Bad


class Lines:
    """Python source under construction, the names it has used, and the constants it refers to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 0
        self.constants: dict[str, Any] = {}
        self.serial = 0

    def constant(self, prefix: str, value: Any) -> str:
        """The name under which the code finds a value; equal values share one (1.0 and 1.00 are not equal here)."""
        for name, known in self.constants.items():
            if name.startswith(prefix) and type(known) is type(value) and known == value and str(known) == str(value):
                return name
        name = f"{prefix}{len(self.constants)}"
        self.constants[name] = value
        return name

    def name(self, prefix: str) -> str:
        """A local that nothing else is called."""
        self.serial += 1
        return f"{prefix}{self.serial}_"

    def counter(self) -> str:
        """A local of the function under construction that starts at 0."""
        name = self.name("m")
        start = max(n for n, line in enumerate(self.lines) if line.startswith("def ")) + 1
        self.lines.insert(start, f"    {name} = 0")
        return name

    def add(self, line: str) -> None:
        """One line at the present depth."""
        self.lines.append("    " * self.depth + line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """`head` and what is added inside, one level deeper; an empty block gets `pass`."""
        self.add(head)
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.add("pass")
        self.depth -= 1

    def text(self) -> str:
        """The source."""
        return "\n".join(self.lines) + "\n"


class Memo(dict[Any, Any]):
    """raw text → converted value, remembered: most values of a batch occur again and again. Emptied when large, so that
    a hostile file cannot make it grow."""

    __slots__ = ("convert", "many")

    LIMIT = 8192

    def __init__(self, convert: Callable[..., Any], many: bool):
        super().__init__()
        self.convert = convert
        self.many = many  # the key is a tuple: the text and what stands beside it

    def __missing__(self, key: Any) -> Any:
        if len(self) >= self.LIMIT:
            self.clear()
        value = self.convert(*key) if self.many else self.convert(key)
        if value.__class__ is str and not value:  # a Decimal compares with a text slowly
            value = None
        self[key] = value
        return value


def object_local(target: tuple[str, ...]) -> str:
    """The local that holds the object of a field: `r_totals`; `r` is the record or item itself."""
    return "r" + "".join(f"_{word}" for word in target)


def field_expression(target: tuple[str, ...], default: str = "") -> str:
    """`r.get('a', E).get('b')`: a field of the record, however deep; `default` when absent."""
    return f"{object_expression(target)}.get({target[-1]!r}{', ' + default if default else ''})"


def object_expression(target: tuple[str, ...]) -> str:
    """`r.get('a', E)`: the object that a field stands in."""
    return "r" + "".join(f".get({name!r}, E)" for name in target[:-1])


def when_expression(when: Any, constants: dict[str, Any], record: str = "r") -> str:
    """`r.get("purpose") in W3` for each field of a `when:`; `not in` where the field's name ends in an exclamation mark."""
    parts = []
    for name, values in when.items():
        key = f"WHEN{len(constants)}"  # not W7: that is the converter of rule 7
        constants[key] = values
        chain = record
        *above, last = name.rstrip("!").split(".")
        for word in above:
            chain += f".get({word!r}, {{}})"
        parts.append(f"{chain}.get({last!r}) {'not in' if name.endswith('!') else 'in'} {key}")
    return " and ".join(parts)


__all__ = ["Bad", "Lines", "Memo", "field_expression", "object_expression", "object_local", "when_expression"]
