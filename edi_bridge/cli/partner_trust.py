"""`edi-bridge partner trust`: a partner's server shows another key or certificate, and a person who has asked the partner accepts it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from edi_bridge.cli import options, show
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.channel import Channel
    from edi_bridge.settings import Settings
    from edi_bridge.transport.offered import Offered


@click.command("trust")
@click.argument("partner", required=False)
@click.option("--channel", "name", metavar="NAME", help="Only this channel (acme.sftp; a company's channel: its key alone).")
@click.option("--keep-old", is_flag=True, help="Pin the new one beside the old, while the partner changes it.")
@click.option("--fingerprint", metavar="SHA256:…", help="What the partner says it is: nothing else is accepted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", metavar="TEXT", default="", help="How you know that it is theirs; it stands in the audit log.")
@options.home_option
@options.database_option
@options.json_option
def trust(partner: str | None, name: str | None, keep_old: bool, fingerprint: str | None, yes: bool, reason: str, home: str | None, database: str | None,
          as_json: bool) -> int:
    """Show the pinned and the shown host key (SFTP) or certificate (FTPS, HTTPS) of a partner side by side, and pin the shown one.

    Ask the partner first, by telephone: whoever stands in the line between you can show a key, too. The partner's file keeps its
    comments; the change stands in the audit log. With `activate: explicit` in settings.yaml the daemon works by the new one only after
    `edi-bridge catalog activate`.

    \b
    Examples:
      edi-bridge partner trust acme
      edi-bridge partner trust acme --fingerprint SHA256:bEyiKuBO… --keep-old --reason "their mail of Monday, called back"

    Exit codes: 0 what is shown is pinned, 1 not, 2 wrong use or configuration, 3 the server cannot be reached.
    """
    from edi_bridge.cli.partner_ping import _chosen
    from edi_bridge.secret import Secrets
    from edi_bridge.transport.offered import offered, pinnable

    if not partner and not name:
        raise click.UsageError("say a PARTNER, or --channel NAME")
    if yes and not reason.strip():
        raise click.UsageError("--yes needs --reason")
    settings = options.settings_of(home, database)
    chosen = [one for one in _chosen(options.catalog_of(settings.home), partner, name) if pinnable(one)]
    if not chosen:
        raise ConfigFault.at("", 0, 0, f"{partner or name} has no channel with a host key or certificate to pin")
    secrets = Secrets(settings.home / "secrets", os.environ)
    said: list[dict[str, Any]] = []
    for channel in chosen:
        shown = offered(channel, secrets)
        before = _pinned(channel)
        _show(channel, before, shown, as_json)
        chosen_one = _accepted(channel, before, shown, fingerprint, yes)
        if chosen_one is not None:
            reason = reason.strip() or click.prompt("How do you know that it is theirs (for the audit log)", err=True)
            _write(settings, channel, chosen_one, keep_old, reason)
        said.append({"channel": channel.name, "pinned": before, "shown": [one.fingerprint for one in shown],
                     "accepted": chosen_one or "", "trusted": chosen_one is not None or bool(set(before) & {one.fingerprint for one in shown})})
    differs = _not_in_force(settings)
    for channel, one in zip(chosen, said, strict=True):
        one["waits_for_activation"] = one["trusted"] and _name(settings, channel) in differs
        if one["waits_for_activation"]:
            _tell_waiting(channel, [other for other in differs if other != _name(settings, channel)])
    if as_json:
        options.print_json(said)
    return 0 if all(one["trusted"] for one in said) else 1


def _name(settings: Settings, channel: Channel) -> str:
    """The file of a channel, as versions name it."""
    path = settings.home / channel.file  # an absolute one stays what it is
    return str(path.relative_to(settings.home)) if path.is_relative_to(settings.home) else channel.file


def _not_in_force(settings: Settings) -> list[str]:
    """The files of the home that are others than those in force, where a person puts them in force (`activate: explicit`)."""
    from edi_bridge.store import version
    from edi_bridge.versioning import home_files

    if settings.activate != "explicit":
        return []
    opened = options.open_database(settings, create=True)
    try:
        with opened.read() as connection:
            active = version.active(connection)
    finally:
        opened.close()
    if active is None:  # the first state of the files comes in force by itself
        return []
    return [name for _, name in version.changes(active.files, version.hashes(home_files.read(settings.home)))]


def _tell_waiting(channel: Channel, others: Sequence[str]) -> None:
    from edi_bridge.versioning.taking import named

    more = f"; that puts {named(list(others))} in force, too (edi-bridge catalog diff shows it)" if others else ""
    show.note(f"{channel.name}: what is pinned is NOT IN FORCE YET, since settings.yaml says activate: explicit."
              f" The daemon goes by the former pin until: edi-bridge catalog activate --reason \"…\"{more}")


def _pinned(channel: Channel) -> list[str]:
    """The pinned fingerprints in one form, whichever way they are written."""
    from edi_bridge.transport.certificate import normal
    from edi_bridge.transport.offered import pinnable
    from edi_bridge.transport.sftp_login import pinned

    option = pinnable(channel)
    listed = channel.options[option]
    return sorted(pinned(listed)) if option == "host_key" else [normal(one) for one in listed]


def _show(channel: Channel, before: Sequence[str], shown: Sequence[Offered], as_json: bool) -> None:
    if as_json:
        return
    show.heading(f"{channel.name} ({channel.file})")
    rows: list[tuple[Any, ...]] = [("pinned", one, "shown, too" if one in {each.fingerprint for each in shown} else "not shown any more") for one in before]
    rows += [("shown", one.fingerprint, ("pinned, " if one.fingerprint in before else "NEW, ") + one.says) for one in shown]
    show.table(("", "fingerprint", "~says"), rows or [("", "", "nothing is pinned, and nothing is shown")], indent=2,
               colour=lambda row, index: "red" if index == 2 and str(row[2]).startswith("NEW") else "")


def _accepted(channel: Channel, before: Sequence[str], shown: Sequence[Offered], wanted: str | None, yes: bool) -> str | None:
    """The fingerprint that is to be pinned; None: none of them."""
    from edi_bridge.transport.certificate import normal

    fresh = [one.fingerprint for one in shown if one.fingerprint not in before]
    if wanted:
        if normal(wanted) in before:
            show.note(f"{channel.name}: {wanted} is pinned already")
            return None
        if normal(wanted) not in fresh:
            show.error(f"{channel.name} does not show {show.clean(wanted)}: nothing was changed. Somebody else may stand in the line")
            return None
        return normal(wanted)
    if set(before) & {one.fingerprint for one in shown}:
        show.note(f"{channel.name}: what is pinned is shown, nothing is to be changed")
        return None
    if not fresh:
        show.error(f"{channel.name} shows no key that we could pin")
        return None
    if yes or click.confirm(f"Has the partner confirmed {fresh[0]}, and is it to be pinned", default=False, err=True):
        return fresh[0]
    return None


def _write(settings: Settings, channel: Channel, new: str, keep: bool, reason: str) -> None:
    """The file first, since it is what counts; then the audit log."""
    from edi_bridge.channel.pinning import repinned
    from edi_bridge.cli.exchange_act import actor, now
    from edi_bridge.store import alarm, audit
    from edi_bridge.transport.offered import pinnable

    path = Path(channel.file)
    if not path.is_absolute():
        path = settings.home / path
    if not path.resolve().is_relative_to(settings.home.resolve()):
        raise ConfigFault.at(channel.file, 0, 0, "this file is not in the home: copy it there first")
    option = pinnable(channel)
    text = path.read_bytes().decode()  # line ends stay what they are
    made = repinned(text, channel.file, channel.name.rpartition(".")[2], option, new, keep)
    waits = settings.activate == "explicit"  # then the alarm is over when the daemon meets the server by the new key
    opened = options.open_database(settings, create=True)
    try:
        with opened.write() as connection:
            at = now()
            audit.write(connection, at, actor(), "trust", f"channel {channel.name}", reason,
                        {"option": option, "before": list(channel.options[option]), "accepted": new, "kept": keep, "file": channel.file})
            for kind in () if waits else ("trust", "channel"):
                alarm.clear(connection, kind, f"channel {channel.name}", at)
            _replace(path, made)  # inside: where it cannot be written, nothing stands in the log
    finally:
        opened.close()
    show.note(f"{channel.name}: {option} is {new}{' beside the old one' if keep else ''} ({channel.file}); edi-bridge partner ping tries it")


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with part.open("xb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        part.chmod(path.stat().st_mode & 0o777)
        part.rename(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigFault.at(str(path), 0, 0, f"cannot be written: {error.strerror}") from None
