"""`edi-bridge inspect`: what is in a file, as a tree with positions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show, telling
from edi_bridge.cli.inputs import Input, expand
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog

DEPTHS = ("interchange", "message", "segment")


@click.command(short_help="What is in a file: envelope, messages, segments, with their places.")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--depth", type=click.Choice(DEPTHS), default="segment", show_default=True, help="How deep the tree goes."
)
@click.option("--message", "only", metavar="N", type=click.IntRange(1), help="Only the message of this number.")
@click.option("--partner", metavar="NAME", help="Whose character set and settings hold.")
@click.option("--map", "map_", metavar="MAP", help="The map that knows the columns of a CSV or fixed-width file.")
@click.option(
    "--home",
    metavar="DIR",
    help="A home with own maps and partners (default: EDI_BRIDGE_HOME; else only the shipped ones).",
)
@options.findings_option
@options.json_option
def inspect(
    files: tuple[str, ...],
    depth: str,
    only: int | None,
    partner: str | None,
    map_: str | None,
    home: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """Show the envelope, groups, messages and segments of files, with their places and what is wrong with them.

    Nothing is mapped. Segments are indented by their group and carry its path; XML shows its elements with their
    lines, CSV its
    rows. With --json one line is printed for each interchange, group, message and end of interchange.

    \b
    Examples:
      edi-bridge inspect orders.edi
      edi-bridge inspect big.edi --depth message | head
      edi-bridge inspect orders.edi --message 2 --json

    Exit codes: 0 done, 1 something is wrong with the envelope, 2 wrong use or configuration.
    """
    from edi_bridge.cli.inspecting import Printer, Recorder

    catalog = options.catalog_of(options.optional_home(home))
    view: Any = (Recorder if as_json else Printer)(catalog, DEPTHS.index(depth), only)
    code = 0
    for one in expand(files):
        try:
            code = max(code, _inspect(one, catalog, partner, map_, view, limit))
        except ConfigFault as fault:
            show.problems(fault)
            code = 2
    return code


def _inspect(one: Input, catalog: Catalog, partner: str | None, map_: str | None, view: Any, limit: int) -> int:
    """One file; 1 when anything found in it rejects."""
    from edi_bridge import pipeline
    from edi_bridge.cli.inspecting import Findings
    from edi_bridge.syntax import FIRST
    from edi_bridge.syntax.source import Source

    with one.open() as source:
        stream: Any = Source(source, shared=True)
        view.file(one.name, stream.peek(FIRST))
        findings = Findings(one.name, telling.Counting(limit), view)
        for interchange, _, _ in pipeline.interchanges(stream, catalog, partner, map_):
            view.interchange(interchange)
            findings.begin(interchange)
            for part in interchange.parts:
                view.part(part, interchange)
                findings.tell(part)
            view.end(interchange)
            findings.tell(None)
    findings.finish()
    sys.stdout.flush()
    return 1 if findings.refused else 0
