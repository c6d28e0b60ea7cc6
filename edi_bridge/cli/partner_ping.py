"""`edi-bridge partner ping`: whether a partner can be reached, tried from here and now, step by step."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.fault import ConfigFault, Fault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.channel import Channel
    from edi_bridge.secret import Secrets

REFUSED = 1
SERVED_BY_US = {"http-in": "the partner posts to us, and our own server listens"}  # kinds that nothing can be tried of


@click.command("ping")
@click.argument("partner", required=False)
@click.option("--channel", "name", metavar="NAME", help="Only this channel (acme.sftp; a company's channel: its key alone).")
@click.option("--home", metavar="DIR", help="The home with the partners (default: EDI_BRIDGE_HOME).")
@options.json_option
def ping(partner: str | None, name: str | None, home: str | None, as_json: bool) -> int:
    """Try a partner's channels: connect, host key or certificate and its end, sign in, clock, list; and, where it harms nothing,
    put, get and delete a small file of our own.

    \b
    Examples:
      edi-bridge partner ping acme --home my-home
      edi-bridge partner ping --channel lab
      edi-bridge partner ping acme --channel acme.sftp --json

    Exit codes: 0 everything works, 1 something does not, 2 wrong use or configuration.
    """
    from edi_bridge.secret import Secrets

    if not partner and not name:
        raise click.UsageError("say a PARTNER, or --channel NAME")
    place = options.optional_home(home)
    chosen = _chosen(options.catalog_of(place), partner, name)
    secrets = Secrets(place / "secrets" if place else None, os.environ)
    rows = [row for channel in chosen for row in _tried(channel, secrets)]
    if place is not None:
        _keep(place, chosen, rows)
    if as_json:
        options.print_json(rows)
    else:
        show.table(("channel", "step", "works", ">ms", "~says"),
                   [(row["channel"], row["step"], "ok" if row["good"] else "failed", row["milliseconds"], row["says"]) for row in rows],
                   colour=lambda row, index: "" if index != 2 else "green" if row[2] == "ok" else "red")
    return 0 if all(row["good"] for row in rows) else REFUSED


def _keep(home: Path, channels: list[Channel], rows: list[dict[str, Any]]) -> None:
    """That a channel works stands in the audit log, as the proof that a rollout asks for. A home without a database keeps nothing."""
    from edi_bridge import settings
    from edi_bridge.cli.exchange_act import actor, now
    from edi_bridge.store import audit

    said = settings.load(os.environ, home)
    if "://" not in said.database and not Path(said.database).exists():
        return
    database = options.open_database(said, create=False)
    try:
        with database.write() as connection:
            for channel in channels:
                mine = [row for row in rows if row["channel"] == channel.name]
                if mine and all(row["good"] for row in mine):
                    audit.write(connection, now(), actor(), "ping", f"channel {channel.name}", "", {row["step"]: row["says"] for row in mine})
    finally:
        database.close()


def _chosen(catalog: Catalog, partner: str | None, name: str | None) -> list[Channel]:
    """The channels to be tried. ConfigFault when there are none."""
    if partner:
        catalog.partner_named(partner)
    if name:
        key = f"{partner}.{name}" if partner and f"{partner}.{name}" in catalog.channels else name
        channel = catalog.channel_named(key)
        if partner and channel.partner not in ("", partner):
            raise ConfigFault.at(channel.file, *channel.mark, f"the channel {key} is not {partner}'s")
        return [channel]
    found = [one for one in catalog.channels.values() if one.partner == partner]
    if not found:
        shared = [one.name for one in catalog.channels.values() if not one.partner]
        hint = f"; the company's are {', '.join(shared)} (--channel)" if shared else "; write channels: into its file"
        raise ConfigFault.at("", 0, 0, f"{partner} has no channels{hint}")
    return found


def _tried(channel: Channel, secrets: Secrets) -> Iterator[dict[str, Any]]:
    """A row for each step. A fault of one channel is a row too, so that the others are tried."""
    from edi_bridge.transport import open_transport

    if channel.kind in SERVED_BY_US:
        yield _row(channel, "listen", True, f"not tried: {SERVED_BY_US[channel.kind]}", time.monotonic())
        return
    begun = time.monotonic()
    try:
        transport = open_transport(channel, secrets)
    except Fault as fault:
        yield _row(channel, "open", False, str(fault), begun)
        return
    try:
        begun = time.monotonic()
        for probe in transport.probes():
            yield _row(channel, probe.step, probe.good, probe.says, begun)
            begun = time.monotonic()
    except Fault as fault:
        yield _row(channel, "probe", False, str(fault), begun)
    finally:
        transport.close()


def _row(channel: Channel, step: str, good: bool, says: str, begun: float) -> dict[str, Any]:
    return {"channel": channel.name, "kind": channel.kind, "step": step, "good": good, "says": says,
            "milliseconds": round((time.monotonic() - begun) * 1000)}
