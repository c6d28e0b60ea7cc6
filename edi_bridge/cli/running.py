"""`edi-bridge run`: the daemon of a home, for ever or once round."""

from __future__ import annotations

import os
import sys

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.ending import obeying

REFUSED = 1
FORMS = ("text", "json")


@click.command(short_help="Poll, post, answer and send, for ever or once.")
@options.home_option
@options.database_option
@click.option("--once", is_flag=True, help="Poll every channel once, post, send, look at deadlines; then end.")
@click.option("--log", "form", type=click.Choice(FORMS), default="text", show_default=True, help="The form of the log, on stderr.")
@click.option("--listen", metavar="ADDRESS:PORT", help="Where partners post and /health and /metrics are asked for; '' : nowhere. "
              "Default: listen: of settings.yaml, then 127.0.0.1:8420.")
def run(home: str | None, database: str | None, once: bool, form: str, listen: str | None) -> int:
    """The daemon of a home: it polls the channels of all partners, posts what came, answers and sends, and rings when something
    is overdue or silent. One home has one daemon, and so has one database.

    SIGTERM or Ctrl-C: what is in hand is finished or given back within 30 seconds; a second one ends at once. Either way the
    next start goes on where this one stopped.

    \b
    Examples:
      edi-bridge run --home my-home
      edi-bridge run --home my-home --once
      edi-bridge run --home my-home --log json --listen 0.0.0.0:8420

    Exit codes: 0 ended in order (--once: nothing was refused or failed), 1 not, 2 wrong use or configuration, 3 try again later.
    """
    import dataclasses
    import gc

    gc.disable()  # what is loaded now stays: to look for cycles in it takes a fifth of the time
    from edi_bridge import clock, settings
    from edi_bridge.cli.translate import tune_collector
    from edi_bridge.daemon import Daemon, HomeLock, Sole, logs
    from edi_bridge.secret import Secrets

    said = options.settings_of(home, database)
    if listen is not None:
        if wrong := settings.wrong("listen", listen):
            raise click.UsageError(wrong)
        said = dataclasses.replace(said, listen=listen)
    now = clock.from_environment(os.environ)
    with HomeLock(said.home, now.text()):
        opened = options.open_database(said, create=True)
        handler = logs.begin(form, sys.stderr)
        try:
            with Sole(opened, now.text()) as sole:
                daemon = Daemon(said, opened, Secrets(said.home / "secrets", os.environ), now, sole)
                tune_collector()
                gc.enable()
                with obeying(daemon.stop):
                    if once:
                        summary = daemon.once()
                        print(show.clean(str(summary)))
                        return 0 if summary.good else REFUSED
                    good = daemon.run()
        finally:
            handler.flush()
        if not good:  # a thread hangs in a server's answer: nothing of it is needed any more
            sys.stderr.flush()
            os._exit(0)
        opened.close()
    return 0
