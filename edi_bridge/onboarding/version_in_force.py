"""Which configuration something was rehearsed or compared with."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection

from edi_bridge.catalog import Catalog
from edi_bridge.store import version


def version_of(connection: Connection, catalog: Catalog) -> str:
    """The hash of the version in force; where none was ever activated, one over the maps and what stands behind them."""
    found = version.active(connection)
    if found is not None:
        return found.hash
    return sha256("\n".join(f"{name} {value}" for name, value in sorted(catalog.versions().items())).encode()).hexdigest()
