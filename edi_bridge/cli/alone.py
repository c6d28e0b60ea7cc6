"""Commands beside daemons and workers: what must not happen while one is at work, and what is left to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from edi_bridge import clock
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.database import Database
    from edi_bridge.settings import Settings


@contextmanager
def alone(settings: Settings, *databases: Database) -> Iterator[None]:
    """While neither a daemon of this home nor, from whichever home, a daemon or worker of these databases is at work; none can begin
    meanwhile. ConfigFault that says who it is."""
    from edi_bridge.daemon import HomeLock, Sole

    now = clock.from_environment(os.environ).text()
    with ExitStack() as held:
        held.enter_context(HomeLock(settings.home, now))
        for one in databases:
            name = one.name.replace("{", "{{").replace("}", "}}")
            held.enter_context(Sole(one, now, f"a daemon works on {name} ({{who}}): stop it first; nothing was done"))
            if not one.sqlite:  # which has no workers, and a file that is not there yet must not be made
                _no_worker(one)
        yield


def _no_worker(database: Database) -> None:
    from edi_bridge import dispatch

    with database.read() as connection:
        alive = dispatch.workers(connection)
    if alive:
        verb, verbed, them = ("are", "were", "them") if alive > 1 else ("is", "was", "it")
        raise ConfigFault.at("database", 0, 0, f"{alive} worker{'s' * (alive > 1)} {verb} at work on {database.name}, or {verbed} a moment ago: stop {them}"
                                               " first, and wait half a minute; nothing was done")


def finish(settings: Settings, database: Database) -> bool:
    """Post what was opened again, as the daemon would; False where a daemon or worker is at work and goes on with it."""
    from edi_bridge.daemon.configuration import Loading

    with ExitStack() as held:
        try:
            held.enter_context(alone(settings, database))
        except ConfigFault:
            return False
        Loading(settings, database, clock.from_environment(os.environ)).load().engine.resume()
    return True
