"""`edi-bridge translate`: files become CRM records, as JSON lines."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.inputs import Input, expand
from edi_bridge.fault import ConfigFault, TransientFault

if TYPE_CHECKING:
    from edi_bridge.cli.translating import Piece

BIG = 20_000_000  # bytes from which a single file gets a progress bar


@click.command(short_help="Files as CRM records, in JSON lines; no database.")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--partner", metavar="NAME", help="Who sent it, where the envelope does not say so.")
@click.option("--map", "map_", metavar="MAP", help="The map to use: its name, or a YAML file.")
@click.option("--out", metavar="FILE", help="Write the records here instead of stdout.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes to use; the order stays.",
)
@click.option("--all", "all_", is_flag=True, help="Print the records of rejected messages too.")
@options.findings_option
@click.option(
    "--home",
    metavar="DIR",
    help="A home with own maps and partners (default: EDI_BRIDGE_HOME; else only the shipped ones).",
)
def translate(
    files: tuple[str, ...],
    partner: str | None,
    map_: str | None,
    out: str | None,
    jobs: int,
    all_: bool,
    limit: int,
    home: str | None,
) -> int:
    """Read partners' files and print their records as JSON lines.

    FILE may be a folder (all files below it) or - for standard input. Partner, message type and map are found from
    the envelope;
    findings go to stderr with their place. Records of rejected messages are left out; a finding about an interchange
    as a
    whole (a wrong count in its trailer) comes after its messages, whose records are printed by then.

    \b
    Examples:
      edi-bridge translate orders.edi
      edi-bridge translate inbox/ --out records.jsonl --jobs 4
      edi-bridge translate prices.csv --partner acme --map order.csv
      cat orders.edi | edi-bridge translate - | head -1

    Exit codes: 0 done, 1 something was refused, 2 wrong use or configuration.
    """
    from edi_bridge.cli.translating import Job, Tally

    tune_collector()
    inputs = expand(files)
    if out and any(one.path and _same(one.path, out) for one in inputs):
        raise click.UsageError(f"--out {out} is one of the files to be read")
    job = Job(options.optional_home(home), partner, map_, all_, limit)
    job.prepare()
    tally = Tally(limit)
    began = time.monotonic()
    total = sum(one.size for one in inputs)
    wanted = (len(inputs) > 1 or total > BIG) and bool(out or not sys.stdout.isatty())
    with _sink(out) as sink:
        if jobs > 1:
            from edi_bridge.cli.translating_jobs import pieces
        else:
            from edi_bridge.cli.translating import pieces
        with show.progress(wanted, "translating", total) as moved:
            for piece in pieces(inputs, job, jobs, moved):
                _write(sink, piece, tally)
    show.note(tally.summary(time.monotonic() - began))
    return tally.code


def tune_collector() -> None:
    """What is loaded now stays; messages die by reference counting, so cycles need looking for only rarely."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _write(sink: BinaryIO, piece: Piece, tally: object) -> None:
    if piece.lines:
        try:
            sink.write(piece.lines)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise TransientFault(f"the records cannot be written: {error.strerror or error}") from None
    tally.take(piece)  # type: ignore[attr-defined]


def _same(path: Path, out: str) -> bool:
    try:
        return path.samefile(out)
    except OSError:
        return False


@contextmanager
def _sink(out: str | None) -> Iterator[BinaryIO]:
    """Where the records go. A file gets its name only when all is written, so that nobody takes half of it."""
    if not out or out == "-":
        yield show.sink()
        sys.stdout.buffer.flush()
        return
    target = Path(out)
    direct = target.exists() and not target.is_file()  # a device or a pipe
    part = target if direct else target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        file = part.open("wb")
    except OSError as error:
        raise ConfigFault.at(out, 0, 0, f"cannot be written: {error.strerror}") from None
    try:
        with file:
            yield file
        if not direct:
            part.replace(target)
    finally:
        if not direct:
            part.unlink(missing_ok=True)


__all__ = ["Input", "translate", "tune_collector"]
