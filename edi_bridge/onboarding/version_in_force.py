"""Which configuration something was rehearsed or compared with."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection, select

from edi_bridge.catalog import Catalog
from edi_bridge.store.rollout_tables import rollout


def version_of(connection: Connection, catalog: Catalog) -> str:
    """The hash of the version in force; where none was ever activated, one over the maps and what stands behind them."""
    t = rollout()
    query = (select(t.version.c.hash).join(t.activation, t.activation.c.version_id == t.version.c.id)
             .order_by(t.activation.c.id.desc()).limit(1))
    found = connection.execute(query).scalar()
    if found:
        return str(found)
    return sha256("\n".join(f"{name} {value}" for name, value in sorted(catalog.versions().items())).encode()).hexdigest()
