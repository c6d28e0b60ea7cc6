"""`edi-bridge partner show`: what is agreed with a partner, and with --effective every setting with the line it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.catalog import HOME_HELP

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.partner import Agreement, Partner


@click.command("show", short_help="What is agreed with a partner, each setting with the line it comes from.")
@click.argument("name", metavar="PARTNER")
@click.option("--effective", is_flag=True, help="Every setting, those of its profiles and the defaults too, with file and line.")
@click.option("--setting", "prefix", metavar="PATH", default="", help="With --effective: only this setting, or all below it (envelope).")
@click.option("--home", metavar="DIR", help=HOME_HELP)
@options.json_option
def partner_show(name: str, effective: bool, prefix: str, home: str | None, as_json: bool) -> int:
    """Show a partner: addresses, people, channels, and what is agreed for each message and direction.

    With --effective: one line for each setting in force, with the layer it comes from: the partner's own file, a profile that
    it extends, or the default of the program.

    \b
    Examples:
      edi-bridge partner show acme
      edi-bridge partner show acme --effective --setting envelope
    """
    catalog = options.catalog_of(options.optional_home(home))
    partner = catalog.load_partner(name)
    if effective or prefix:
        return _effective(partner, prefix, as_json)
    if as_json:
        options.print_json({**head(partner), "agreements": [_agreement(one, partner, catalog) for one in partner.agreements]})
        return 0
    for key, value in head(partner).items():
        if value:
            print(f"{key:<11} {show.clean(', '.join(value) if isinstance(value, list) else str(value))}")
    show.heading("Agreements")
    rows = [_agreement(one, partner, catalog) for one in partner.agreements]
    show.table(("message", "direction", "stage", "~map", "~guide", "~answers", "~owner", "where"),
               [(row["message"], row["direction"] + (" test" if row["test"] else ""), row["stage"], row["map"] or "the standard's", row["guide"],
                 row["answers"], row["owner"], row["where"]) for row in rows])
    for row in rows:
        if row["since"]:
            show.note(f"{row['message']} ({row['direction']}) is in {row['stage']} since {show.minute(row['since'])} ({row['stage_from']})")
    return 0


def _effective(partner: Partner, prefix: str, as_json: bool) -> int:
    from edi_bridge.partner.effective import settings

    rows = [one for one in settings(partner)
            if not prefix or one.path == prefix or one.path.startswith((f"{prefix}.", f"{prefix}["))]
    if as_json:
        options.print_json([{"setting": one.path, "value": one.value, "file": one.file, "line": one.line, "column": one.column} for one in rows])
    else:
        show.table(("setting", "~value", "from"), [(one.path, one.value, one.origin) for one in rows])
    if not rows:
        show.note(f"{partner.name} has no setting {prefix}")
    return 0 if rows else 1


def head(partner: Partner) -> dict[str, Any]:
    """What a partner is, without its agreements; texts and lists of texts."""
    return {
        "partner": partner.name, "name": partner.title, "layers": list(partner.layers), "roles": list(partner.roles),
        "priority": str(partner.priority), "retention": partner.retention,
        "addresses": [f"{one.qualifier}:{one.id}" + (f"/{one.internal}" if one.internal else "") + (f" ({one.standard})" if one.standard else "")
                      for one in partner.identities],
        "parties": [f"{scheme} {value}" for scheme, value in partner.parties], "as2": partner.as2,
        "mailbox": " at ".join((partner.van["mailbox"], partner.van["network"])) if partner.van else "",
        "contacts": [" ".join(part for part in (one.name, f"({one.role})", one.email, one.phone) if part) for one in partner.contacts],
        "escalation": [f"after {time_words(one.after)} {one.to}" for one in partner.escalation],
        "channels": list(partner.channels or ()), "send": partner.send, "answers": partner.answers_by}


def time_words(seconds: float) -> str:
    """`4h`, `1d`."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"


def _agreement(one: Agreement, partner: Partner, catalog: Catalog) -> dict[str, Any]:
    from edi_bridge.interchange import MessageType
    from edi_bridge.partner import acknowledging

    if one.direction == "in":
        standard = one.message.partition("/")[0]
        kinds = {"edifact": ("contrl", "aperak"), "x12": ("997", "999", "ta1", "824")}.get(standard, ())
        said = acknowledging(partner, MessageType(*one.message.split("/")))
        answers = ", ".join(f"{kind} {said[kind]}" for kind in kinds if said[kind] != "never")
    else:
        answers = ", ".join(f"{kind} within {time_words(limit)}" for kind, limit in partner.expecting(one).items())
    guide = ("restricted" if one.restrict else "standard") if catalog.has_structure(one.message) else ""
    return {"message": one.message, "direction": one.direction, "test": one.test, "stage": one.stage,
            "since": one.since, "former": one.former, "stage_from": f"{one.staged[0]}:{one.staged[1]}" if one.staged[0] else "",
            "limits": {"documents": one.limits.documents, "daily": one.limits.daily, "approve": one.limits.approve}, "map": one.map, "guide": guide,
            "lookups": list(one.lookups), "answers": answers, "owner": one.owner, "where": f"{one.file}:{one.mark[0]}"}
