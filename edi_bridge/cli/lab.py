"""`edi-bridge lab`: a network in a box, for rehearsals."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.ending import obeying
from edi_bridge.fault import ConfigFault, TransientFault

if TYPE_CHECKING:
    from edi_bridge.partner import Identity

FOLDER = "edi-bridge-lab"
FORMS = ("delimited", "fixed", "ta3", "ta1")
folder_option = click.option("--folder", metavar="DIR", default=FOLDER, show_default=True, help="Where its mailboxes are kept.")


@click.group()
def lab() -> None:
    """Rehearse with mailboxes on this machine before anything goes to a partner.

    \b
    Example:
      edi-bridge lab van --account we=14:9521200034004 --account acme=14:9521200043594
    """


@lab.group("van", invoke_without_command=True)
@folder_option
@click.option("--account", "named", multiple=True, metavar="NAME=ADDRESSES",
              help="A mailbox and its addresses, such as acme=14:9521200043594,ZZ:ACME; the first is ours. Several times.")
@click.option("--partner", "partners", multiple=True, metavar="NAME",
              help="A mailbox for us and one for each of these partners of the home, with their addresses. Several times.")
@click.option("--home", metavar="DIR", help="The home of --partner (default: EDI_BRIDGE_HOME; else the shipped partners).")
@click.option("--port", type=click.IntRange(0, 65535), default=2222, show_default=True, help="Of SFTP; 0: any free one.")
@click.option("--ftps-port", type=click.IntRange(0, 65535), help="Listen for FTPS too, here; 0: any free one.")
@click.option("--reports", "form", type=click.Choice(FORMS), default="delimited", show_default=True, help="The form of its reports.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of shares such as lost=20%: the same seed, the same losses.")
@click.pass_context
def van(context: click.Context, folder: str, named: tuple[str, ...], partners: tuple[str, ...], home: str | None, port: int,
        ftps_port: int | None, form: str, seed: int) -> int:
    """A network with mailboxes on this machine, over real SFTP (and FTPS), until Ctrl-C.

    It prints where it listens, who may sign in, and a channel ready to paste; then a line for whatever happens. What goes wrong
    at real networks goes wrong here on demand: `lab van set`.

    \b
    Examples:
      edi-bridge lab van
      edi-bridge lab van --partner acme --partner elbe --home my-home
      edi-bridge lab van --account we=ZZ:NORDWIND --account them=ZZ:THEM --reports ta3
      edi-bridge lab van set lost=1 acme.late=20%
    """
    if context.invoked_subcommand is not None:
        return 0
    from edi_bridge.lab.account import accounts, spelled
    from edi_bridge.lab.van import Van

    if named and partners:
        raise click.UsageError("say --account or --partner, not both")
    if not sys.stdout.isatty():
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    place = _made(folder)
    listed = [spelled(one) for one in named] if named else _known(partners or ("acme",), home)
    stop = threading.Event()
    with obeying(stop.set):
        with _Alone(place), Van(place, accounts(place, listed), port=port, ftps_port=ftps_port, form=form, seed=seed, say=_say) as running:
            print(running.told())
            while not stop.wait(0.5):
                pass
        print("stopped")
    return 0


@van.command("set")
@click.argument("switches", nargs=-1, metavar="[SWITCH=VALUE]...")
@folder_option
@options.json_option
def set_(switches: tuple[str, ...], folder: str, as_json: bool) -> int:
    """Set switches of a network, also while it runs; without any, list them.

    A value is off, always, a number of times (3) or a share (20%); ACCOUNT.SWITCH acts at one mailbox only.

    \b
    Examples:
      edi-bridge lab van set
      edi-bridge lab van set lost=1 doubled=20%
      edi-bridge lab van set acme.truncated=always we.rename_fails=2
      edi-bridge lab van set late=always late_seconds=60
    """
    from edi_bridge.lab import switch

    place = Path(folder)
    if not (place / "boxes").is_dir():
        raise ConfigFault.at(folder, 0, 0, "there is no network here; start one with `edi-bridge lab van`")
    accounts = sorted(path.name for path in (place / "boxes").iterdir())
    changed = {}
    for one in switches:
        key, sign, value = one.partition("=")
        if not sign:
            raise click.UsageError(f"{one} is no SWITCH=VALUE")
        switch.check(key, value, accounts)
        changed[key] = value
    if changed:
        switch.store(place, changed)
    stands = switch.stored(place)
    rows = [(name, stands.get(name, one.first), one.scope, one.about) for name, one in switch.SWITCHES.items()]
    rows += [(key, value, "", "") for key, value in stands.items() if "." in key]
    if as_json:
        options.print_json({name: value for name, value, _, _ in rows})
    else:
        show.table(("switch", "stands at", "~whose mailbox", "~what happens"), rows)
    return 0


def _known(partners: tuple[str, ...], home: str | None) -> list[tuple[str, tuple[Identity, ...]]]:
    """A mailbox for our own company, and one for each partner that was named."""
    catalog = options.catalog_of(options.optional_home(home))
    if not catalog.own.identities:
        raise ConfigFault.at("partners/_own.yaml", 0, 0, "says no address of ours; use --account")
    return [("we", catalog.own.identities), *((name, catalog.partner_named(name).identities) for name in partners)]


def _made(folder: str) -> Path:
    place = Path(folder).absolute()
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise TransientFault(f"{place} cannot be made: {error.strerror}") from None
    return place


class _Alone:
    """One network for one folder: a lock that ends with the process, however it ends."""

    def __init__(self, place: Path):
        self._place = place

    def __enter__(self) -> None:
        import fcntl

        self._file = (self._place / "running.lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise ConfigFault.at(str(self._place), 0, 0, "a network is running here already; choose another --folder") from None

    def __exit__(self, *what: object) -> None:
        self._file.close()


def _say(line: str) -> None:
    print(show.clean(line))
