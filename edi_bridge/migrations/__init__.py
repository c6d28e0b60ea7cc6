"""The history of the tables, oldest first in `versions/`. Each file says what changed, without the program's own
definitions, which go on changing; a test holds the sum of them against `store/tables.py` and `crm/tables.py`."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from edi_bridge.fault import ConfigFault


def scripts() -> ScriptDirectory:
    """The migrations that come with the program."""
    return ScriptDirectory(str(Path(__file__).parent))


def run(connection: Connection, to: str = "head") -> None:
    """Run the missing migrations in the caller's transaction. ConfigFault when the database is newer than we are."""
    script = scripts()

    def steps(revision: str, _context: MigrationContext) -> list[object]:
        return list(script._upgrade_revs(to, revision))

    try:
        with EnvironmentContext(Config(), script, fn=steps, destination_rev=to) as environment:
            environment.configure(connection=connection)
            environment.run_migrations()
    except CommandError as error:
        raise ConfigFault.at("database", 0, 0, f"its tables are of a newer edi_bridge: {error}") from None
