"""`edi-bridge rollout review`, `payback` and `networks`: where EDI pays first, when it pays, and by which network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import now
from edi_bridge.cli.record_file import text
from edi_bridge.cli.rollout_home import home_of
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.onboarding.standing import Home
    from edi_bridge.rollout.payback import Assumptions, Payback

TEMPLATES = {"payback": "assumptions.yaml", "networks": "networks.yaml"}  # in the home's folder rollout/
NEVER = "never"


def parsed(place: Home, name: str, template: str) -> tuple[Any, str]:
    """A file of the home's folder rollout/; made from its template where it is not there, so that its figures can be corrected."""
    from edi_bridge.yamltext import parse

    path = place.settings.home / "rollout" / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(template, encoding="utf-8")
        show.note(f"wrote {path}: its figures are examples, correct them")
    return parse(path.read_bytes(), f"rollout/{name}"), f"rollout/{name}"


@click.command("review")
@click.option("--csv", "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Today's documents: partner, document, and count, value, direction, priority where known. Default: what the CRM has of the last year.")
@options.home_option
@options.database_option
@options.json_option
def review(path: Path | None, home: str | None, database: str | None, as_json: bool) -> int:
    """Score partners and documents by volume, value and priority: where EDI pays first. For partners of the home the score and the volumes
    are kept as measured evidence, which the payback is computed from.

    \b
    Examples:
      edi-bridge rollout review --csv orders-2026.csv
      edi-bridge rollout review
    """
    from edi_bridge.onboarding import standing, traffic
    from edi_bridge.rollout import review as rules
    from edi_bridge.store import rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    with home_of(home, database) as place:
        partners = standing.in_rollout(place)
        known = {name: one.name for one in partners for name in (one.name, one.title)}
        if path is not None:
            volumes = rules.from_csv(text(str(path)), str(path))
        else:
            with place.database.read() as connection:
                volumes = traffic.from_crm(connection, partners, place.now)
        found = rules.scored(volumes)
        best: dict[str, rules.Scored] = {}
        for one in found:
            best.setdefault(known.get(one.volume.partner, ""), one)
        at = now()
        with place.database.write() as connection:
            traffic.keep_volumes(connection, [one.volume for one in found], known, at)
            rollout.state(connection, [Evidence(name, "review", "score", f"{one.score:g} points, rank {one.rank} of {len(found)}", MEASURED, at[:10],
                                                path.name if path else "CRM", at=at) for name, one in best.items() if name])
    if as_json:
        options.print_json([{"rank": one.rank, "partner": one.volume.partner, "document": one.volume.document, "direction": one.volume.direction,
                             "count": one.volume.count, "value": one.volume.value, "score": one.score, "share": round(one.share, 4),
                             "up_to": round(one.up_to, 4), "in_home": one.volume.partner in known} for one in found])
        return 0
    show.table((">rank", "~partner", "document", "", ">a year", ">value", ">score", ">share", ">up to", ""),
               [(one.rank, one.volume.partner, one.volume.document, one.volume.direction, f"{one.volume.count:,}", f"{one.volume.value:,.2f}", f"{one.score:g}",
                 f"{one.share:.0%}", f"{one.up_to:.0%}", "" if one.volume.partner in known else "no partner file yet") for one in found])
    if not found:
        show.note("there is nothing to review: the CRM has no documents of the last year; name a file with --csv")
    return 0


@click.command("payback")
@click.argument("partners", nargs=-1, metavar="[PARTNER]…")
@click.option("--clone", is_flag=True, help="Reckon with the set-up of documents that are cloned from another partner.")
@options.home_option
@options.database_option
@options.json_option
def payback(partners: tuple[str, ...], clone: bool, home: str | None, database: str | None, as_json: bool) -> int:
    """Cost, saving and months until EDI pays for itself, of each partner that a review has counted, with the range in which it lies when the
    assumptions (rollout/assumptions.yaml of the home) are wrong, and the one that matters most.

    \b
    Example:
      edi-bridge rollout payback
    """
    from edi_bridge.onboarding import traffic
    from edi_bridge.rollout import payback as rules
    from edi_bridge.store import rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    with home_of(home, database) as place:
        assumed = rules.read(*parsed(place, TEMPLATES["payback"], rules.TEMPLATE))
        with place.database.read() as connection:
            volumes = traffic.kept_volumes(connection)
        names = list(partners) or sorted({one.partner for one in volumes})
        for name in names:
            if name not in {one.partner for one in volumes}:
                place.catalog.partner_named(name)
                raise ConfigFault.at(name, 0, 0, "no review has counted its documents: edi-bridge rollout review")
        found = sorted((rules.payback(name, volumes, assumed, clone) for name in names), key=lambda one: (one.months is None, one.months or 0.0, one.partner))
        with place.database.write() as connection:
            rollout.state(connection, [Evidence(one.partner, "analysis", "payback", NEVER if one.months is None else f"{one.months:.1f}", MEASURED, now()[:10],
                                                note=f"{_range(one)}; most: {one.most}", at=now()) for one in found])
    _tell_payback(found, assumed, as_json)
    return 0


def _tell_payback(found: list[Payback], assumed: Assumptions, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        options.print_json([asdict(one) for one in found])
        return
    show.table(("partner", ">documents a year", f">set-up {assumed.currency}", ">saving a month", ">running a month", ">payback, months",
                f"when {assumed.sensitivity:g} % wrong", "matters most"),
               [(one.partner, f"{one.documents:,}", f"{one.setup:,.0f}", f"{one.saving:,.0f}", f"{one.running:,.0f}",
                 NEVER if one.months is None else f"{one.months:.1f}", _range(one), one.most) for one in found])
    if not found:
        show.note("no review has counted anything yet: edi-bridge rollout review")


def _range(one: Payback) -> str:
    low, high = (NEVER if months is None else f"{months:.1f}" for months in (one.low, one.high))
    return low if low == high else f"{low} to {high}"


@click.command("networks")
@click.option("--partner", "names", metavar="NAME", multiple=True, help="Whose traffic goes there (default: all partners with van:, else all).")
@click.option("--documents", metavar="N", type=click.IntRange(0), help="Documents a month (default: what the ledger knows of the last 30 days).")
@click.option("--characters", metavar="N", type=click.IntRange(0), help="Characters a month (default: the same).")
@click.option("--mailboxes", metavar="N", type=click.IntRange(1), default=1, show_default=True, help="Mailboxes of ours.")
@click.option("--needs", metavar="KIND", multiple=True, help="A way to connect that would do: sftp, ftps, as2.")
@click.option("--reports", is_flag=True, help="It must tell what became of an interchange.")
@options.home_option
@options.database_option
@options.json_option
def networks(names: tuple[str, ...], documents: int | None, characters: int | None, mailboxes: int, needs: tuple[str, ...], reports: bool,
             home: str | None, database: str | None, as_json: bool) -> int:
    """Compare networks' offers (rollout/networks.yaml of the home) by what they would cost for our own traffic, and say what each lacks.

    \b
    Examples:
      edi-bridge rollout networks --needs sftp --reports
      edi-bridge rollout networks --documents 4000 --characters 9000000
    """
    from edi_bridge.onboarding import standing, traffic
    from edi_bridge.rollout import offers as rules
    from edi_bridge.rollout.offers import Traffic
    from edi_bridge.store import rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    with home_of(home, database) as place:
        offers = rules.read(*parsed(place, TEMPLATES["networks"], rules.TEMPLATE))
        every = standing.in_rollout(place)
        chosen = [place.catalog.partner_named(name) for name in names] or [one for one in every if one.van] or every
        with place.database.read() as connection:
            counted = traffic.network_traffic(connection, chosen, place.now)
        wanted = Traffic(counted.documents if documents is None else documents, counted.characters if characters is None else characters,
                         len(chosen), mailboxes)
        found = rules.compare(offers, wanted, needs, reports)
        if len(found) > 1:
            with place.database.write() as connection:
                rollout.state(connection, [Evidence("", "network", "offers", f"{len(found)} compared, first {found[0].offer.name}", MEASURED, now()[:10],
                                                    TEMPLATES["networks"], at=now())])
    if as_json:
        options.print_json([{"name": one.offer.name, "base": one.base, "documents": one.documents, "characters": one.characters, "month": one.month,
                             "first_year": one.year, "lacks": list(one.lacks)} for one in found])
        return 0
    show.note(f"{wanted.documents:,.0f} documents and {wanted.characters / 1000:,.0f} kilo-characters a month, {show.number(len(chosen), 'partner')}")
    show.table(("network", ">base", ">documents", ">characters", ">a month", ">first year", "connects by", "~lacks"),
               [(one.offer.name, f"{one.base:,.2f}", f"{one.documents:,.2f}", f"{one.characters:,.2f}", f"{one.month:,.2f}", f"{one.year:,.2f}",
                 ", ".join(one.offer.connections), "; ".join(one.lacks)) for one in found])
    if len(found) < 2:
        show.note("one offer is no comparison: add others")
    return 0
