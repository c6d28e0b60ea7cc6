"""A home whose rollout is looked at, how its commands name a partner or the programme, a step, a day; and who is live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import click

from edi_bridge.cli import options
from edi_bridge.cli.exchange_look import opened
from edi_bridge.cli.rollout_check import moment

if TYPE_CHECKING:
    from edi_bridge.onboarding.standing import Home
    from edi_bridge.partner import Partner
    from edi_bridge.rollout.steps import Step

programme_option = click.option("--programme", is_flag=True, help="The programme as a whole.")


@contextmanager
def home_of(home: str | None, database: str | None) -> Iterator[Home]:
    """A home whose rollout is looked at."""
    from edi_bridge.onboarding.standing import Home
    from edi_bridge.store.archive import open_archive

    with opened(home, database, create=True) as (settings, made):
        catalog = options.catalog_of(settings.home, database=database)
        yield Home(settings, made, open_archive(settings.archive, settings.home), catalog, moment())


def whose(partner: str | None, programme: bool, place: Home) -> str:
    """The partner that is meant, '' for the programme. ConfigFault for one that is not known."""
    if programme == bool(partner):
        raise click.UsageError("say a PARTNER, or --programme")
    return place.catalog.partner_named(partner).name if partner else ""


def day_of(context: click.Context, option: click.Parameter, value: str) -> str:
    """A day as 2026-11-30; '' where none was said."""
    try:
        return date.fromisoformat(value).isoformat() if value else ""
    except ValueError:
        raise click.BadParameter("a day such as 2026-11-30") from None


def step_of(context: click.Context, option: click.Parameter, value: str) -> Step:
    """A step by its number or name."""
    from edi_bridge.rollout.steps import NAMES, step_named

    found = step_named(value)
    if found is None:
        raise click.BadParameter(f"a step: 1 to {len(NAMES)}, or {', '.join(NAMES)}")
    return found


def is_live(partner: Partner) -> bool:
    """Whether all that is agreed with a partner, tests apart, is live."""
    return bool(partner.agreements) and all(one.stage in ("live", "retest") for one in partner.agreements if not one.test)
