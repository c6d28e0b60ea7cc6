"""What a codec is: a pair of pure functions between the text on the wire and a record's value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from edi_bridge.mapping.codec_text import TextFlow


class Bad(NamedTuple):
    """What a codec returns instead of raising: the finding to make of it.

    `value` is set for kinds that only note something: it is used all the same.
    """

    kind: str
    note: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Codec:
    """One conversion, both ways.

    - `read(raw, *aux)` gives the value, None when the text says nothing (only blanks), or Bad. `raw` is not empty;
      an aux place that is absent is ''.
    - `write(value, mark)` gives `(raw, *aux)` or Bad. `mark` is the decimal mark in force. An aux of '' is not
      written by the codec; the compiler may fill it (a currency from the head).
    - `aux` are those further places of the same segment or XML element, in path notation.
    - `lossy` says why a round trip may differ; '' means that it never does.
    - `flow` is set for free text over several parts and segments; then `read` and `write` are its `read_segments` and
      `write_segments`, which work on lists.
    """

    name: str
    type: str
    aux: tuple[str, ...]
    read: Callable[..., Any]
    write: Callable[..., Any]
    lossy: str = ""
    flow: TextFlow | None = None


class Arguments:
    """The arguments in a codec's brackets: `(2, width: 70)` has one place and one name.

    Every argument must be taken; `done` says which one was not.
    """

    __slots__ = ("codec", "known", "names", "places")

    def __init__(self, codec: str, places: list[str], names: dict[str, str]):
        self.codec = codec
        self.places = places
        self.names = names
        self.known: list[str] = []

    def place(self, default: str = "") -> str:
        """The next argument without a name."""
        return self.places.pop(0) if self.places else default

    def name(self, name: str, default: str = "") -> str:
        """The argument of that name."""
        self.known.append(name)
        return self.names.pop(name, default)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """The argument of that name as a whole number from `low` to `high`."""
        text = self.name(name, str(default))
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"{self.codec}: {name} must be a number from {low} to {high}, not {text!r}")
        return int(text)

    def choice(self, name: str, words: tuple[str, ...]) -> str:
        """The argument of that name, one of `words`; the first is the default."""
        text = self.name(name, words[0])
        if text not in words:
            raise ValueError(f"{self.codec}: {name} must be {' or '.join(words)}, not {text!r}")
        return text

    def flag(self, name: str) -> bool:
        """The argument of that name, true or false; false when absent."""
        return self.choice(name, ("false", "true")) == "true"

    def done(self) -> None:
        """ValueError when an argument is left that nobody asked for."""
        if self.places:
            raise ValueError(f"{self.codec} takes no further argument {self.places[0]!r}")
        if self.names:
            known = f"; it knows {', '.join(self.known)}" if self.known else ""
            raise ValueError(f"{self.codec} has no option {next(iter(self.names))!r}{known}")
