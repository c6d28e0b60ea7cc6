"""A home with two made-up partners, one of EDIFACT and one of X12, and what plays scenarios with them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from edi_bridge import database as databases
from edi_bridge.onboarding import acknowledging
from edi_bridge.onboarding.generating import Lane
from edi_bridge.onboarding.rehearsing import Rehearsal, RehearsalCatalog, Result
from edi_bridge.store.archive import Archive

OWN = """own: us
name: Nordwind Handel
identities:
  - {id: "9521200034004", qualifier: "14", standard: edifact}
  - {id: "NORDWIND", qualifier: "ZZ", standard: x12}
parties: [{scheme: gln, value: "9521200034004"}]
"""
KIOSK = """partner: kiosk
name: Kiosk AG
identities: [{id: "9521200099997", qualifier: "14"}]
acknowledge: {contrl: always}
expect: {contrl: 4h}
stage: certifying
agreements:
  - {message: edifact/D96A/ORDERS, map: order.kiosk}
  - {message: edifact/D96A/ORDCHG}
  - {message: edifact/D96A/REMADV}
  - {message: edifact/D96A/ORDRSP, direction: out}
  - {message: edifact/D96A/DESADV, direction: out}
  - {message: edifact/D96A/INVOIC, direction: out}
"""
DINER = """partner: diner
name: Diner Inc
identities: [{id: "DINER01", qualifier: "ZZ", standard: x12}]
acknowledge: {"997": always}
expect: {"997": 24h}
stage: certifying
agreements:
  - {message: x12/004010/850}
  - {message: x12/004010/810, direction: out}
"""
MAP = "map: order.kiosk\nextends: order.edifact-d96a\n"
EMPTY = acknowledging.empty()
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def home(folder: Path, map_: str = MAP) -> Path:
    """The home."""
    for name in ("partners", "mappings", "scenarios", "rollout/scenarios"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in (("_own", OWN), ("kiosk", KIOSK), ("diner", DINER)):
        (folder / f"partners/{name}.yaml").write_text(text)
    (folder / "mappings/order.kiosk.yaml").write_text(map_)
    return folder


class Played:
    """Scenarios of a partner of a home, in a database beside it."""

    def __init__(self, home: Path, partner: str, run: int = 1):
        (home / "played.sqlite").write_bytes(EMPTY)
        self.database = databases.connect(f"sqlite:///{home}/played.sqlite")
        self.rehearsal = Rehearsal(self.database, Archive(home / "archive"), RehearsalCatalog(home, partner), lambda: NOW, run)

    def lane(self, message: str, direction: str = "in") -> Lane:
        """An agreement by the name of its message."""
        return next(self.rehearsal.lane(one) for one in self.rehearsal.partner.agreements if one.message.endswith(message) and one.direction == direction)

    def play(self, name: str, message: str, direction: str = "in") -> Result:
        """One scenario."""
        return self.rehearsal.play(self.rehearsal.scenarios[name], self.lane(message, direction))

    def all(self, message: str, direction: str = "in") -> dict[str, Result]:
        """Every scenario that fits."""
        lane = self.lane(message, direction)
        return {one.name: self.rehearsal.play(one, lane) for one, why in self.rehearsal.fitting(lane) if not why}
