"""`edi-bridge rollout accept` and `discard`: what a pilot kept is posted into the live CRM, or is not."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import actor, now
from edi_bridge.cli.record_file import text
from edi_bridge.cli.rollout_check import Desk, desk_of
from edi_bridge.cli.rollout_stage import CLOSED, DONE, act_asked, lanes_asked, lanes_meant
from edi_bridge.fault import ConfigFault
from edi_bridge.layout import delimiter_of

if TYPE_CHECKING:
    from edi_bridge.onboarding.accepting import Accepting, Kept


@click.command()
@lanes_asked
@click.option("--exchange", "exchanges", metavar="ID", type=int, multiple=True, help="Only what came in this exchange; may be repeated.")
@click.option("--booked", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False), help="Numbers that the old channel booked: a column number.")
@act_asked
def accept(partner: str, direction: str | None, message: str, exchanges: tuple[int, ...], booked: str | None, reason: str, home: str | None,
           database: str | None, as_json: bool) -> int:
    """Post what the pilot kept into the live CRM. What is there already, or stands in --booked, is skipped by its number.

    \b
    Examples:
      edi-bridge rollout accept acme --exchange 412 --reason "both sides agree"
      edi-bridge rollout accept acme --booked booked-2026-11.csv --reason "live from today"

    Exit codes: 0 everything is decided, 1 something needs a person, 2 wrong use, 3 try again later.
    """
    with desk_of(partner, home, database) as desk:
        made = _accepting(desk).accept(partner, lanes_meant(desk, direction, message, ("pilot", "live", "retest", "paused")), reason,
                                       _numbers(booked) if booked else (), exchanges)
    return _kept_told(made, as_json)


@click.command()
@lanes_asked
@click.option("--exchange", "exchanges", metavar="ID", type=int, multiple=True, help="Only what came in this exchange; may be repeated.")
@act_asked
def discard(partner: str, direction: str | None, message: str, exchanges: tuple[int, ...], reason: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Decide that what the pilot kept is not posted live; it stays in the pilot's lane, marked.

    \b
    Example:
      edi-bridge rollout discard acme --reason "the old channel booked all of it"
    """
    with desk_of(partner, home, database) as desk:
        made = _accepting(desk).discard(partner, lanes_meant(desk, direction, message), reason, exchanges)
    return _kept_told(made, as_json)


def _accepting(desk: Desk) -> Accepting:
    from edi_bridge.onboarding.accepting import Accepting

    return Accepting(desk.database, desk.archive, desk.catalog, actor(), now)


def _numbers(file: str) -> set[str]:
    """The column `number` (or `key`) of a CSV; ConfigFault when it has none."""
    said = text(file)
    rows = csv.DictReader(io.StringIO(said, newline=""), delimiter=delimiter_of(said.partition("\n")[0]))
    column = next((name for name in rows.fieldnames or () if name.strip().lower() in ("number", "key")), None)
    if column is None:
        raise ConfigFault.at(file, 1, 1, "needs a column number: those of the documents that the old channel booked")
    return {row[column].strip() for row in rows if row[column]}


def _kept_told(made: Sequence[Kept], as_json: bool) -> int:
    if as_json:
        options.print_json([asdict(one) for one in made])
    else:
        show.table((">exchange", "message", "documents", "became", "~why"), [
            (one.exchange, one.type.rpartition("/")[2], ", ".join(one.documents), one.became, one.note) for one in made])
        counts = Counter(one.became for one in made)
        show.note(", ".join(f"{count} {became}" for became, count in sorted(counts.items())) or "the pilot kept nothing that is not decided")
    return CLOSED if any(one.became == "held" for one in made) else DONE
