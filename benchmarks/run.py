"""Measure speed and memory, and hold them against the project's floors and aims.

    python -m benchmarks.run                     every figure, about eight minutes
    python -m benchmarks.run --quick             small files, about one minute; good for ratios, not for records
    python -m benchmarks.run --only orders post  some of them
    python -m benchmarks.run --full              with an interchange of 1 GB
    python -m benchmarks.run --json FILE         also as JSON

Ends with 1 when a figure is below its floor. Files and homes are made in `benchmarks/results/`, or in `--folder`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figures import FIGURES, Bench, Figure, measured
from benchmarks.measure import machine

WIDTH = 170  # of the table, also in a file
COLOURS = {"aim": "green", "floor": "yellow", "no": "red", "not measured": "dim"}


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Measure speed and memory.")
    parser.add_argument("--quick", action="store_true", help="small files and few rounds")
    parser.add_argument("--full", action="store_true", help="with an interchange of 1 GB")
    parser.add_argument("--only", nargs="+", choices=sorted(FIGURES), default=list(FIGURES), metavar="NAME",
                        help=f"some of: {', '.join(FIGURES)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "results", help="where files and homes are made")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(options.folder)
    if options.quick:
        bench = Bench(options.folder, megabytes=2, rounds=3, slice_megabytes=0.2, orders=300, files=200, memory=(5, 20), many_lines=20_000)
    if options.full:
        bench = Bench(options.folder, memory=(10, 100, 1000))
    facts, console = machine(options.folder), Console(width=WIDTH)
    console.print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items()), style="dim")
    figures: list[Figure] = []
    for name in dict.fromkeys(options.only):
        with Console(stderr=True).status(name):
            figures += measured(name, bench)
    console.print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(report(facts, figures), indent=1) + "\n", encoding="utf-8")
    return int(any(figure.met == "no" for figure in figures))


def table(figures: list[Figure]) -> Table:
    """The figures for people."""
    made = Table(title="Speed and memory")
    for column in ("figure", "measured", "floor", "aim", "met", "on", "fsyncs/s"):
        made.add_column(column, justify="right" if column in ("measured", "floor", "aim", "fsyncs/s") else "left")
    name = ""
    for one in figures:
        if name and one.name != name:
            made.add_section()
        name = one.name
        sign = "≤ " if one.most else ""
        bounds = [f"{sign}{bound:g}" if bound is not None else "" for bound in (_rounded(one.floor), _rounded(one.aim))]
        value = "" if one.value is None else f"{one.value:,.{0 if one.value >= 100 else 1 if one.value >= 10 else 2}f} {one.unit}"
        met = f"[{COLOURS[one.met]}]{one.met}[/]" if one.met else ""
        made.add_row(one.what, value, *bounds, met, one.note, f"{one.fsyncs:,.0f}")
    return made


def report(facts: dict[str, Any], figures: list[Figure]) -> dict[str, Any]:
    """The figures for programs."""
    return {"machine": facts, "figures": [{**asdict(one), "met": one.met} for one in figures]}


def _rounded(bound: float | None) -> float | None:
    return None if bound is None else round(bound, 1)


if __name__ == "__main__":
    sys.exit(main())
