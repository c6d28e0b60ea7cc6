"""A group whose trailer is wrong is refused with everything in it; the other groups of its interchange are posted.

Whether a trailer is right is known before anything is posted, however large the file: 3 sets are held between the two passes, 900 are
kept as bytes, 2,700 are read from the archive again.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edi_bridge.catalog import Catalog
from edi_bridge.crm import customer_view
from edi_bridge.crm.identity import own_identities
from edi_bridge.database import Database
from edi_bridge.engine import Engine
from edi_bridge.engine.scanning import HELD, KEPT
from edi_bridge.store import outbox
from edi_bridge.store.archive import Archive

PARTNER = """partner: acorn
identities: [{{id: ACORN, qualifier: ZZ}}]
acknowledge: {{"997": always, "824": always}}
agreements: [{{message: x12/004010/850}}]
{}
"""
OWN = "own: us\nidentities: [{id: US, qualifier: ZZ}]\nparties: [{scheme: gln, value: '9521200034004'}]\n"


def order(number: int) -> str:
    return (f"ST*850*{number:04}~BEG*00*SA*PO-{number}**20261120~N1*BY*Acorn*9*0781234560000~PO1*1*12*EA*6.4**VN*A-1~CTT*1~SE*6*{number:04}~")


def file(first: int, second: int) -> bytes:
    """Two groups of so many orders; GE of the first counts one that is not there."""
    one = "".join(order(number) for number in range(1, first + 1))
    two = "".join(order(number) for number in range(5001, 5001 + second))
    groups = f"GS*PO*ACORN*US*20261120*1015*7*X*004010~{one}GE*{first + 1}*7~"
    groups += f"GS*PO*ACORN*US*20261120*1015*8*X*004010~{two}GE*{second}*8~" if second else ""
    return (f"ISA*00*          *00*          *ZZ*ACORN          *ZZ*US             *261120*1015*U*00401*000000417*0*P*>~{groups}"
            f"IEA*{2 if second else 1}*000000417~").encode()


def posted(database: Database, folder: Path, content: bytes, agreed: str = "") -> tuple[set[str], dict[str, list[str]], str]:
    """The orders that are in the CRM, the segments of each answer, and how the intake called the interchange."""
    (folder / "partners").mkdir()
    (folder / "partners" / "acorn.yaml").write_text(PARTNER.format(agreed))
    (folder / "partners" / "_own.yaml").write_text(OWN)
    catalog = Catalog(folder, check_receiver=True)
    engine = Engine(database, Archive(folder / "archive"), catalog, own=own_identities(catalog.own.parties), strict=True, answers=True,
                    clock=lambda: datetime(2026, 11, 22, 10, 0, tzinfo=UTC), batch_messages=50, batch_milliseconds=60_000)
    summary = engine.post_file("groups.x12", io.BytesIO(content)).exchanges[0]
    with database.read() as connection:
        numbers = {row["number"] for row in customer_view.orders(connection)}
        answers = [outbox.open_content(connection, engine.archive, entry).read().decode().split("~") for entry in summary.answers]
    return numbers, {next(line[3:6] for line in lines if line.startswith("ST*")): lines for lines in answers}, summary.outcome


@pytest.mark.parametrize("sets", [3, 900, 2700])
def test_the_other_group_is_posted_and_accepted(database: Database, tmp_path: Path, sets: int) -> None:
    content = file(sets, 2)
    assert [len(content) <= HELD, len(content) <= KEPT] == {3: [True, True], 900: [False, True], 2700: [False, False]}[sets]
    numbers, answers, outcome = posted(database, tmp_path, content)
    assert numbers == {"PO-5001", "PO-5002"} and outcome == "new"
    assert [line for line in answers["997"] if line.startswith(("AK1", "AK9"))] == [
        "AK1*PO*7", f"AK9*R*{sets + 1}*{sets}*0*5", "AK1*PO*8", "AK9*A*2*2*2"]
    assert [line.split("*")[3] for line in answers["824"] if line.startswith("OTI")] == ["PO-5001", "PO-5002"], "nobody looked at the others"


@pytest.mark.parametrize(("second", "agreed"), [(0, ""), (2, "errors: {suspend: all}"), (2, "findings: {group_count_mismatch: reject_interchange}")])
def test_all_are_refused_where_none_is_left_or_they_go_together(database: Database, tmp_path: Path, second: int, agreed: str) -> None:
    numbers, answers, outcome = posted(database, tmp_path, file(3, second), agreed)
    assert numbers == set() and outcome == "refused" and set(answers) == {"997"}
    assert [line.split("*")[1] for line in answers["997"] if line.startswith("AK9")] == ["R", "R"][:1 + bool(second)]
