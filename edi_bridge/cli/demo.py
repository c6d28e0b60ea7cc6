"""`edi-bridge demo`: a first run with everything in it, on a batch of files that a trading company could get in a
morning."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show, telling
from edi_bridge.cli.inputs import Input
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.cli.posting import Posted

MARK = ".edi-bridge-demo"  # says that a folder is ours to make anew
MADE = ("archive", "inbox")  # what a run makes, and the next one makes anew
README = """\
# The home of the demo

Made by `edi-bridge demo`; running it again empties the CRM, the archive and the inbox and starts over.
`inbox/` holds the files that came in, `partners/` who sent them and who we are (`_own.yaml`).
"""


@dataclass(frozen=True, slots=True)
class Planned:
    """A file of the batch. `refused`: what is planned to be refused, message number (None: the interchange) → kinds
    of findings."""

    source: Path
    name: str
    partner: str | None
    refused: dict[int | None, tuple[str, ...]]


@click.command(short_help="A first run: orders, invoices and customers of an example batch.")
@click.option(
    "--home", metavar="DIR", default="edi-bridge-demo", show_default=True, help="Where to make the demo's home."
)
def demo(home: str) -> int:
    """Make a home, post a batch of example files into its CRM, and show what became of them.

    The files are orders, invoices and customer records in EDIFACT, X12, UBL and CSV, as a small trading company could
    get them;
    two of them are faulty. Running it again starts over.

    \b
    Example:
      edi-bridge demo

    Exit code: 0 when exactly that was refused which was planned, else 1.
    """
    from edi_bridge import settings
    from edi_bridge.catalog import shipped
    from edi_bridge.cli.posting import Poster

    place = Path(home)
    plan = load_plan(shipped() / "samples")
    make(place, plan, shipped())
    began = time.monotonic()
    print(f"the demo's home is {show.clean(str(place.resolve()))}")
    print(f"posting {len(plan)} files that came from partners …")
    opened = options.open_database(settings.load({}, place), create=True)
    try:
        poster = Poster(settings.load({}, place), opened)
        results = []
        with show.progress(True, "posting", len(plan)) as moved:
            for one in plan:
                path = place / "inbox" / one.name
                results.append(poster.post(Input(one.name, path, path.stat().st_size), partner=one.partner))
                moved(1)
        seconds = time.monotonic() - began
        _show(opened, results)
    finally:
        opened.close()
    surprises = [sentence for one, result in zip(plan, results, strict=True) for sentence in differences(one, result)]
    _closing(place, len(results), seconds, surprises)
    return 1 if surprises else 0


def load_plan(samples: Path) -> list[Planned]:
    """The batch of samples/demo/demo.yaml. ConfigFault when the samples are not there."""
    from edi_bridge.yamltext import parse

    path = samples / "demo" / "demo.yaml"
    try:
        entries = parse(path.read_bytes(), str(path))["files"]
    except OSError as error:
        raise ConfigFault.at(str(path), 0, 0, f"the shipped samples are not there: {error.strerror}") from None
    return [
        Planned(samples / entry["file"], entry["as"], entry.get("partner"), _refusals(entry.get("refused") or {}))
        for entry in entries
    ]


def _refusals(block: dict[str, Any]) -> dict[int | None, tuple[str, ...]]:
    """`{message 2: [unknown_code]}`, `{interchange: [interchange_count_mismatch]}`."""
    return {
        int(place.split()[1]) if place.startswith("message ") else None: tuple(kinds) for place, kinds in block.items()
    }


def make(home: Path, plan: Sequence[Planned], source: Path) -> None:
    """The demo's home, new or made anew. ConfigFault when the folder is something else."""
    from edi_bridge.cli import init

    try:
        if home.is_dir() and (home / MARK).exists():
            for name in MADE:
                shutil.rmtree(home / name, ignore_errors=True)
            for file in home.glob("edi-bridge.sqlite*"):
                file.unlink()
        elif home.exists() and (not home.is_dir() or any(home.iterdir())):
            raise ConfigFault.at(
                str(home), 0, 0, "is there already and no home of a demo; nothing was changed (--home names another)"
            )
        else:
            init.make(home)
            (home / MARK).write_text("edi-bridge demo may delete what it made here\n", "utf-8")
            (home / "README.md").write_text(README, "utf-8")
        (home / "inbox").mkdir(exist_ok=True)
        for file in sorted((source / "partners").glob("*.yaml")):
            shutil.copyfile(file, home / "partners" / file.name)
        for one in plan:
            shutil.copyfile(one.source, home / "inbox" / one.name)
    except OSError as error:
        raise ConfigFault.at(
            str(error.filename or home), 0, 0, f"the demo's home cannot be made: {error.strerror}"
        ) from None


def refused_of(result: Posted) -> dict[int | None, set[str]]:
    """What was refused of a file: message number (None: the interchange) → the kinds of findings that did it."""
    made: dict[int | None, set[str]] = {}
    for told in result.findings:
        if told.rejects:
            made.setdefault(told.message, set()).add(told.kind)
    return made


def differences(planned: Planned, result: Posted) -> list[str]:
    """In what a file did not go as planned."""
    found = refused_of(result)
    listed = []
    if result.failure or result.refused != bool(planned.refused) or set(found) != set(planned.refused):
        listed.append(f"{planned.name}: planned to be refused: {_places(planned.refused)}; refused: {_places(found)}")
    listed += [
        f"{planned.name}: {kind} was planned and not found"
        for place, kinds in planned.refused.items()
        for kind in kinds
        if kind not in found.get(place, ())
    ]
    return listed


def _places(places: Any) -> str:
    return (
        ", ".join(sorted("the interchange" if place is None else f"message {place}" for place in places)) or "nothing"
    )


def _show(opened: Any, results: Sequence[Posted]) -> None:
    """The three tables: what came in, who the customers are, what was refused."""
    from edi_bridge.cli import post
    from edi_bridge.crm import customer_view

    show.heading("What came in, and what became of it")
    rows = [row for result in results for row in post.rows_of(result)]
    show.table(("file", "~from", "~what", "~became", "~in the CRM"), rows, colour=post.colour_of)
    with opened.read() as connection:
        everybody = [customer_view.customer(connection, row["id"]) for row in customer_view.customers(connection)]
    show.heading("Customers and suppliers, with their orders and invoices")
    show.table(
        ("id", "~name", "~city", "~orders", "~invoices", "~amount"),
        [
            (
                one["id"],
                one["name"] or "(no name)",
                _city(one),
                ", ".join(order["number"] for order in one["orders"]),
                ", ".join(invoice["number"] for invoice in one["invoices"]),
                _amount(one["totals"]),
            )
            for one in everybody
            if one
        ],
    )
    show.heading("What was refused, why, and what the partner will be told")
    for result in results:
        for told in result.findings:
            if told.rejects:
                print("\n".join(telling.lines(told, sys.stdout)))


def _city(one: dict[str, Any]) -> str:
    return next((str(address["city"]) for address in one["addresses"] if address.get("city")), "")


def _amount(totals: dict[str, Any]) -> str:
    """What they were or are to be invoiced, by currency."""
    sums = {**totals["sales"], **{currency: -value for currency, value in totals["purchases"].items()}}
    return ", ".join(f"{value:,.2f} {currency}".strip() for currency, value in sums.items())


def _closing(home: Path, count: int, seconds: float, surprises: Sequence[str]) -> None:
    """How it went, and what to look at next."""
    if surprises:
        show.error("not as planned:\n  " + "\n  ".join(surprises))
    else:
        print(
            f"\n{count} files in {seconds:.1f} s; exactly what was planned was refused."
            " Amounts: + they pay us, - we pay them."
        )
    where = f"--home {home}"
    show.heading("Look further")
    for line in (
        f"edi-bridge crm customers {where}",
        f"edi-bridge crm customer 1 {where}",
        f"edi-bridge crm order 4500017731 {where}",
        f"edi-bridge crm invoice GS-2026-417 {where} --json",
        f"edi-bridge inspect {home}/inbox/04-havelmarkt-christmas.edi",
        f"edi-bridge translate {home}/inbox/05-acme-schedules.edi",
        f"edi-bridge post {home}/inbox/05-acme-schedules.edi {where}",
        "edi-bridge --help",
    ):
        print(f"  {show.clean(line)}")
