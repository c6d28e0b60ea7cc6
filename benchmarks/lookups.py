"""A map that looks up the article of each line, with a table that knows every article and one that knows none."""

from __future__ import annotations

from pathlib import Path

from edi_bridge.catalog import Catalog
from edi_bridge.interchange import MessageType
from edi_bridge.mapping.lookup import Answer, Get
from edi_bridge.partner import Partner

MAP = "looking-up"
TEXT = f"""map: {MAP}
extends: order.edifact-d96a
fields:
  lines:
    fields:
      gtin: {{at: "LIN/C212[7143=EN]/7140", as: ~, lookup: items}}
"""


class Looking(Catalog):
    """A catalog without guides, in which one function answers for all tables."""

    def __init__(self, home: Path, get: Get):
        super().__init__(home)
        self.get = get

    def lookups_of(self, partner: Partner | None) -> Get:  # type: ignore[override]
        """The same for every partner."""
        return self.get

    def checker_for(self, type: MessageType, partner: Partner | None, direction: str = "in") -> None:
        """None: nothing is held against a guide."""
        return


def catalogs(home: Path) -> tuple[Catalog, Catalog]:
    """The catalog that knows every key, and the one that knows none."""
    (home / "mappings").mkdir(parents=True, exist_ok=True)
    (home / "mappings" / f"{MAP}.yaml").write_text(TEXT, encoding="utf-8")
    return Looking(home, _known), Looking(home, _unknown)


def _known(table: str, key: str, on: str, *, back: bool = False) -> Answer:
    return Answer(f"A-{key}")


def _unknown(table: str, key: str, on: str, *, back: bool = False) -> Answer:
    return Answer(None, why=f"the table {table} has no key {key}")
