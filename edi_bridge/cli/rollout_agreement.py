"""`edi-bridge rollout agreement`: the interchange agreement as a text for both sides."""

from __future__ import annotations

from pathlib import Path

import click

from edi_bridge.cli import options
from edi_bridge.cli.exchange_act import now
from edi_bridge.cli.rollout_home import home_of

DONE = 0


@click.command("agreement")
@click.argument("partner")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it there (Markdown) instead of printing it.")
@options.home_option
@options.database_option
def agreement(partner: str, out: Path | None, home: str | None, database: str | None) -> int:
    """Write the interchange agreement as a text for both sides, from the settings that the program runs by. The plan says when the settings
    are no longer those of the text.

    \b
    Example:
      edi-bridge rollout agreement acme --out agreement-acme.md
    """
    from edi_bridge.onboarding.agreement_text import text_of
    from edi_bridge.store import rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    with home_of(home, database) as place:
        made = text_of(place.catalog, place.catalog.partner_named(partner))
        if out is None:
            print(made.text, end="")
        else:
            out.write_text(made.text, encoding="utf-8")
        with place.database.write() as connection:
            rollout.state(connection, [Evidence(partner, "solution", "agreement", made.version, MEASURED, now()[:10], out.name if out else "", at=now())])
    return DONE
