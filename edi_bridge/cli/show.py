"""How output looks: calm, aligned, plain where it is not read by a person, safe against what partners send.

Tables and progress bars are rich's, loaded when first needed. Nothing here interprets markup, so that a partner's
`[red]` stays text, and `clean` makes control characters visible, so that no text moves the cursor or breaks a line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast

from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 10_000  # columns where no terminal sets a limit: nothing is cut or wrapped in a pipe
CODES = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}
SIZES = ("bytes", "kB", "MB", "GB", "TB")


def clean(text: str) -> str:
    """Text of a partner on one line: control, format and other invisible characters as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)


class _Terminal:
    """Where bytes go that a terminal would read: control characters, which it would obey, as JSON's escapes, line breaks as they are."""

    @staticmethod
    def write(content: bytes) -> int:
        """Write them; how many they were."""
        import json

        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
        shown = "".join(c if c.isprintable() or c in "\n\t" else json.dumps(c)[1:-1] for c in text.replace("\r\n", "\n"))
        sys.stdout.buffer.write(shown.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
        return len(content)


def sink() -> BinaryIO:
    """Where results that hold what partners wrote go: stdout, byte for byte in a pipe or file, harmless where it is a terminal."""
    return cast(BinaryIO, _Terminal()) if sys.stdout.isatty() else sys.stdout.buffer


def cut(text: str, length: int) -> str:
    """A text of at most `length` characters; one that is cut ends in `…`."""
    return text if len(text) <= length else text[: length - 1] + "…"


def coloured(stream: TextIO) -> bool:
    """Whether a stream is a terminal that wants colours (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style(text: str, name: str, stream: TextIO | None = None) -> str:
    """`text` in a style of CODES, where the stream (default: stderr) wants colours."""
    return f"\x1b[{CODES[name]}m{text}\x1b[0m" if coloured(stream or sys.stderr) else text


def note(text: str) -> None:
    """A line for the person at the terminal; stdout is for results."""
    print(text, file=sys.stderr)


def error(text: str) -> None:
    """A sentence about what went wrong."""
    print(f"{style('edi-bridge:', 'red')} {text}", file=sys.stderr)


def problems(fault: ConfigFault) -> None:
    """Every mistake of a configuration, one a line: file:line:column: sentence."""
    for line in str(fault).splitlines():
        print(clean(line), file=sys.stderr)


def size(count: int) -> str:
    """`14.2 kB`."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(SIZES) - 1:
        value, unit = value / 1000, unit + 1
    return f"{count} bytes" if not unit else f"{value:.1f} {SIZES[unit]}"


def number(count: int, noun: str, plural: str = "") -> str:
    """`1 message`, `1,204 messages`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def minute(time: str) -> str:
    """A time of the ledger (UTC) for people: `2026-11-22 10:00`."""
    return time[:16].replace("T", " ")


def second(time: str) -> str:
    """The same to the second: `2026-11-22 10:00:07`."""
    return time[:19].replace("T", " ")


def console(stream: TextIO | None = None) -> Console:
    """rich's console on a stream (default: stdout)."""
    from rich.console import Console

    target = stream or sys.stdout
    width = None if target.isatty() or os.environ.get("COLUMNS") else WIDE
    return Console(file=target, width=width, highlight=False, markup=False, emoji=False)


def heading(text: str) -> None:
    """The title above a table."""
    print(f"\n{style(text, 'bold', sys.stdout)}")


def facts(title: str, known: Iterable[tuple[str, Any]]) -> None:
    """A titled list of names and values; what has no value is left out."""
    heading(title)
    table(("", "~"), [fact for fact in known if fact[1]], indent=2)


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    indent: int = 0,
    colour: Callable[[Sequence[Any], int], str] | None = None,
) -> None:
    """An aligned table without rules. A column whose title begins with `>` is flush right, with `~` may wrap.

    Values are made text by `cell`; `colour` gives the style of a row's column, '' for none.
    """
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    if indent:
        made.add_column("", width=indent - 2)
    for title in columns:
        made.add_column(
            title.lstrip(">~"),
            justify="right" if title[:1] == ">" else "left",
            no_wrap=title[:1] != "~",
            overflow="fold" if title[:1] == "~" else "ellipsis",
        )
    for row in rows:
        cells = [Text(cell(value), colour(row, index) if colour else "") for index, value in enumerate(row)]
        made.add_row(*([""] if indent else []), *cells)
    target = console()
    if target.is_terminal:
        target.print(made)
        return
    with target.capture() as captured:
        target.print(made)
    for line in captured.get().splitlines():
        print(line.rstrip())


def cell(value: Any) -> str:
    """A value as a table shows it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value))


@contextmanager
def progress(wanted: bool, title: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """A bar on stderr while something runs, when that is a terminal; gives the function that moves it on."""
    if not wanted or not sys.stderr.isatty() or not total:
        yield lambda step: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console(sys.stderr),
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=total)
        yield lambda step: bar.advance(task, step)
