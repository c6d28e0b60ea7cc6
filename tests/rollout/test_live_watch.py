"""What the live watch finds: something that never came before is told once, after the pilot; too many refusals are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edi_bridge.catalog import Catalog
from edi_bridge.database import Database, connect, upgrade
from edi_bridge.engine import Engine
from edi_bridge.onboarding import watching
from edi_bridge.store import alarm, observed
from edi_bridge.store.archive import Archive

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PARTNER = """partner: nord
identities: [{{id: "9521200099997", qualifier: "14"}}]
agreements:
  - {{message: edifact/D96A/ORDERS, stage: {stage}, watch: {{rejects: 50, of: 4, then: alarm}}}}
"""


def order(number: int, more: str = "", quantity: str = "48", packing: str = "") -> bytes:
    """An order of the partner. `more` stands behind the line."""
    segments = ["UNH+1+ORDERS:D:96A:UN:EAN008", f"BGM+220+B{number}+9", "DTM+137:20261102:102", "NAD+BY+9521200099997::9", "NAD+SU+9521200034004::9",
                "LIN+1++9521200002119:EN", f"QTY+21:{quantity}", *([more] if more else []), "UNS+S"]
    body = "'\n".join([*segments, f"UNT+{len(segments) + 1}+1"])
    return (f"UNB+UNOC:3+9521200099997:14+9521200034004:14+261102:0815+{number}'\n{body}'\nUNZ+1+{number}'\n").encode()


@pytest.fixture
def home(tmp_path: Path) -> Callable[[str], tuple[Database, Archive, Catalog]]:
    """Opens the same home with its partner in a stage."""
    (tmp_path / "partners").mkdir()
    database = connect(tmp_path / "crm.sqlite")
    upgrade(database)

    def at(stage: str) -> tuple[Database, Archive, Catalog]:
        (tmp_path / "partners" / "nord.yaml").write_text(PARTNER.format(stage=stage))
        return database, Archive(tmp_path / "archive"), Catalog(tmp_path)

    return at


def post(opened: tuple[Database, Archive, Catalog], *contents: bytes) -> None:
    import io

    engine = Engine(*opened)
    for content in contents:
        engine.post_file("order.edi", io.BytesIO(content))


def told(opened: tuple[Database, Archive, Catalog]) -> list[tuple[str, str]]:
    """Look; the alarms that are open now."""
    watching.look(*opened, NOW)
    with opened[0].read() as connection:
        return [(one.kind, one.sentence) for one in alarm.listing(connection)]


def test_what_the_pilot_never_had_is_told_once(home: Callable[[str], tuple[Database, Archive, Catalog]]) -> None:
    pilot = home("pilot")
    post(pilot, order(1), order(2))
    assert told(pilot) == []
    live = home("live")
    post(live, order(3))
    assert told(live) == []
    post(live, order(4, more="FTX+AAI+++with care"))
    kind, sentence = told(live)[0]
    assert kind == "first_seen" and "nord edifact/D96A/ORDERS: never seen before, in exchange 4" in sentence
    post(live, order(5, more="FTX+AAI+++with care again"))
    assert len(told(live)) == 1
    with live[0].read() as connection:
        known = observed.of(connection, "nord")
    first = {one.place: one.exchange for one in known}
    assert first["number"] == 1 and first["lines.quantity"] == 1
    assert {one.exchange for one in known if one.stage == "live"} == {4}
    assert all("text" in one.place or "FTX" in one.place or "notes" in one.place for one in known if one.exchange == 4), known


def test_what_was_accepted_beforehand_is_no_news(home: Callable[[str], tuple[Database, Archive, Catalog]]) -> None:
    pilot = home("pilot")
    post(pilot, order(1))
    told(pilot)
    live = home("live")
    new = order(2, more="FTX+AAI+++with care")
    post(live, new)
    watching.look(*live, NOW)
    with live[0].read() as connection:
        places = [one for one in observed.of(connection, "nord") if one.exchange == 2]
    assert places
    other = home("live")
    with other[0].write() as connection:
        alarm.clear(connection, "first_seen", "nord in edifact/D96A/ORDERS", "2026-11-22T12:00:00Z")
    post(other, order(3, more="FTX+AAI+++with care once more"))
    assert told(other) == []


def test_too_many_refusals_are_told(home: Callable[[str], tuple[Database, Archive, Catalog]]) -> None:
    live = home("live")
    post(live, order(1), order(2), order(3, quantity="many"))
    assert [kind for kind, _ in told(live)] == []
    post(live, order(4, quantity="none"))
    assert told(live)[0] == ("rejects", "2 of the newest 4 messages edifact/D96A/ORDERS of nord were refused or held")
