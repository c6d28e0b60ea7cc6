"""`edi-bridge worker`: posts what came in, beside others of its kind, on any number of machines."""

from __future__ import annotations

import os
import sys

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.ending import obeying

REFUSED = 1
FORMS = ("text", "json")


@click.command(short_help="Post what came in, beside other workers, over one PostgreSQL.")
@options.home_option
@options.database_option
@click.option("--once", is_flag=True, help="Work until nothing waits; then end.")
@click.option("--log", "form", type=click.Choice(FORMS), default="text", show_default=True, help="The form of the log, on stderr.")
def worker(home: str | None, database: str | None, once: bool, form: str) -> int:
    """A worker: it takes what `edi-bridge run` (with `workers: true` in settings.yaml) has received through the engine. Any number
    may run, on any number of machines; each needs the same partners, mappings and lookups, and the same archive.

    SIGTERM or Ctrl-C: what is in hand is given back between two commits; a second one ends at once. What a killed worker had in
    hand is taken over within 30 seconds.

    \b
    Examples:
      edi-bridge worker --home my-home --database postgresql://edi@db.example/edi
      edi-bridge worker --home my-home --once --log json

    Exit codes: 0 ended in order (--once: nothing failed), 2 wrong use or configuration, 3 try again later.
    """
    import dataclasses

    from edi_bridge import clock
    from edi_bridge.cli.translate import tune_collector
    from edi_bridge.daemon import logs
    from edi_bridge.daemon.configuration import Current, Loading
    from edi_bridge.daemon.posting import tell
    from edi_bridge.dispatch import install
    from edi_bridge.dispatch.worker import Worker
    from edi_bridge.engine import Engine
    from edi_bridge.partner import stride

    said = dataclasses.replace(options.settings_of(home, database), workers=True)
    opened = options.open_database(said, create=True)
    install(opened)
    handler = logs.begin(form, sys.stderr)
    loading = Loading(said, opened, clock.from_environment(os.environ), lenient=True)
    current, troubles = Current(loading, loading.load()), logs.Troubles()

    def engine() -> Engine:
        """That of what is in force."""
        if current.refresh():
            logs.log.info("partners, maps or lookups were changed: the new state holds (version %s)", current.now.force.version.short)
        if current.waiting:
            troubles.note("configuration", current.waiting)
        else:
            troubles.over("configuration")
        return current.now.engine

    made = Worker(opened, engine, tell, lambda: {name: stride(priority) for name, priority in current.now.priorities.items()})
    tune_collector()
    logs.log.info("worker %s begins", made.name)
    with obeying(made.stop):
        made.run(once=once)
    logs.log.info("worker %s has ended: %d deliveries posted, %d failed", made.name, made.posted, made.failed)
    handler.flush()
    opened.close()
    if once:
        print(show.clean(f"{made.posted:,} posted · {made.failed:,} failed"))
    return REFUSED if once and made.failed else 0
