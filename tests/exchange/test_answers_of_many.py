"""An interchange whose messages need more than one commit is answered as a whole: every message of it, in its order."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edi_bridge.catalog import Catalog
from edi_bridge.crm.identity import own_identities
from edi_bridge.database import Database
from edi_bridge.engine import Engine
from edi_bridge.store import outbox
from edi_bridge.store.archive import Archive

PARTNER = """partner: acorn
identities:
  - {id: "9521200099999", qualifier: "14"}
  - {id: ACORN, qualifier: ZZ, standard: x12}
acknowledge: {contrl: always, "997": always}
agreements: [{message: edifact/D96A/ORDERS}, {message: x12/004010/850}]
"""
OWN = """own: us
identities: [{id: "9521200034004", qualifier: "14"}, {id: US, qualifier: ZZ, standard: x12}]
parties: [{scheme: gln, value: "9521200034004"}]
"""
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
def engine(database: Database, tmp_path: Path) -> Engine:
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "acorn.yaml").write_text(PARTNER)
    (tmp_path / "partners" / "_own.yaml").write_text(OWN)
    catalog = Catalog(tmp_path, check_receiver=True)
    return Engine(database, Archive(tmp_path / "archive"), catalog, own=own_identities(catalog.own.parties), strict=True, answers=True,
                  clock=lambda: NOW, batch_messages=7, batch_milliseconds=60_000)


def answer(engine: Engine, content: bytes) -> list[str]:
    """The segments of the one answer to a file."""
    summary = engine.post_file("many.edi", io.BytesIO(content))
    (entry,) = summary.exchanges[0].answers
    with engine.database.read() as connection:
        text = outbox.open_content(connection, engine.archive, entry).read().decode()
    return [one.strip() for one in text.replace("~", "'").split("'") if one.strip()]


def x12(count: int) -> bytes:
    """850s in one group."""
    sets = [[f"ST*850*{number:04}", f"BEG*00*SA*PO-{number}**20261120", "N1*BY*Acorn*9*0781234560000", "PO1*1*12*EA*6.4**VN*A-1", "CTT*1", f"SE*6*{number:04}"]
            for number in range(1, count + 1)]
    return ("ISA*00*          *00*          *ZZ*ACORN          *ZZ*US             *261120*1015*U*00401*000000417*0*P*>~"
            "GS*PO*ACORN*US*20261120*1015*417*X*004010~" + "".join(f"{one}~" for part in sets for one in part)
            + f"GE*{count}*417~IEA*1*000000417~").encode()


def edifact(count: int, wrong: int) -> bytes:
    """ORDERS, one of them with a quantity that is no number."""
    text = "UNB+UNOC:3+9521200099999:14+9521200034004:14+261120:1015+417'"
    for number in range(1, count + 1):
        text += (f"UNH+{number}+ORDERS:D:96A:UN'BGM+220+A-{number}+9'DTM+137:20261120:102'NAD+BY+9521200099999::9'NAD+SU+9521200034004::9'"
                 f"LIN+1++4000862141404:EN'QTY+21:{'xx' if number == wrong else 12}'UNS+S'UNT+9+{number}'")
    return (text + f"UNZ+{count}+417'").encode()


@pytest.mark.parametrize("count", [6, 7, 8, 20])
def test_a_997_names_every_set(engine: Engine, count: int) -> None:
    """X12.20: one AK2 and AK5 for each set; AK902 to AK904 are the sets included, received and accepted."""
    said = answer(engine, x12(count))
    assert [one.split("*")[2] for one in said if one.startswith("AK2*850")] == [f"{number:04}" for number in range(1, count + 1)]
    assert [one for one in said if one.startswith("AK5")] == ["AK5*A"] * count
    assert f"AK9*A*{count}*{count}*{count}" in said


@pytest.mark.parametrize("wrong", [1, 7, 8, 20])
def test_a_contrl_names_the_message_that_is_refused(engine: Engine, wrong: int) -> None:
    """ISO 9735-4: UCI 7, the interchange received, then UCM with 4 for the rejected message alone or for each one."""
    said = answer(engine, edifact(20, wrong))
    refused = [one.split("+")[1] for one in said if one.startswith("UCM") and one.split("+")[3] == "4"]
    assert refused == [str(wrong)]
