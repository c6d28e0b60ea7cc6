"""The story of docs/onboarding.md, played from its first line to its last."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ssh_lab import serving
from storyteller import World, tell

from edi_bridge.lab.account import accounts, spelled
from edi_bridge.lab.van import Van

mockedi = pytest.importorskip("mockedi.testing", reason="mock-edi is not installed (extra test)")
PAGE = Path(__file__).parents[2] / "docs" / "onboarding.md"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("EDI_BRIDGE_HOME", str(home))
    monkeypatch.setenv("EDI_BRIDGE_ACTOR", "ann")
    monkeypatch.setenv("EDI_BRIDGE_CLOCK", "2026-12-01T08:00:00Z")
    monkeypatch.delenv("EDI_BRIDGE_DATABASE", raising=False)
    monkeypatch.setenv("COLUMNS", "250")  # the page shows lines whole, however wide the terminal of the tests is
    for place in ("live", "test"):
        for way in ("in", "out"):
            (tmp_path / "lakes" / place / way).mkdir(parents=True)
    (tmp_path / "net").mkdir()
    (tmp_path / "ssh").mkdir()
    with serving(tmp_path / "ssh") as sshd, mockedi.Mock.start() as mock, \
            Van(tmp_path / "net", accounts(tmp_path / "net", [spelled("we=14:NORDISK,ZZ:NORTHWIND"), spelled("nord=ZZ:MOCKEDI,14:MOCKEDI")]), form="ta3") as van:
        yield World(home, sshd, van, mock)


def first_files(world: World) -> None:
    folder = world.home / "first"
    folder.mkdir()
    for partner, name in (("lakes", "lakes.x12"), ("nord", "nord.edi")):
        content, = world.buy(partner, 1)
        (folder / name).write_bytes(content.encode("latin-1"))
    secrets = world.home / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    given = {"lakes_key": (world.home.parent / "ssh" / "ours").read_text(), "tradenet": next(one.password for one in world.van.accounts if one.name == "we"),
             "webhook": "0123456789abcdef0123456789abcdef"}
    for name, value in given.items():
        (secrets / name).write_text(value)
        (secrets / name).chmod(0o600)


def first_sample(world: World) -> None:
    folder = world.home / "samples" / "nord-first"
    folder.mkdir(parents=True)
    (folder / "message.edi").write_bytes((world.home / "first" / "nord.edi").read_bytes())
    (folder / "case.yaml").write_text("map: order.nord\npartner: nord\ngive: [map, partner]\n")


def tests_come(world: World) -> None:
    for partner in ("lakes", "nord"):
        for number, content in enumerate(world.buy(partner, 4, test=True)):
            world.lay(partner, f"test-{number}.edi", content, test=True)


def real_orders_come(world: World) -> None:
    """Four orders of each partner, and what the old channel booked of them."""
    world.days += 1
    (world.home / "booked").mkdir(exist_ok=True)
    for partner in ("lakes", "nord"):
        before = len(world.orders[partner])
        for number, content in enumerate(world.buy(partner, 4)):
            world.lay(partner, f"day-{world.days}-{number}.edi", content)
        booked = world.orders[partner][before:]
        lines = ["number,delivery,line,item,quantity,price", *(f"{row['number']},2026-12-15,{row['line']},{row['item']},{row['quantity']},{row['price']}" for row in booked)]
        (world.home / "booked" / f"{partner}-{world.days}.csv").write_text("\n".join(lines) + "\n")


def mended(world: World) -> None:
    (world.home / "mappings" / "order.nord.yaml").write_bytes((world.home / "mended" / "order.nord.yaml").read_bytes())


def answers_are_read(world: World) -> None:
    """The trading partner takes every acknowledgement that reached it, and finds nothing."""
    found = [path.read_text("latin-1") for path in sorted((world.home.parent / "lakes" / "live" / "in").iterdir())]
    found += [path.read_text("latin-1") for path in sorted(world.van.network.box("nord", "out").iterdir())]
    assert found
    for answer in found:
        assert [line for line in world.mock.findings(answer) if not line.endswith(": accepted")] == [], answer


WAVE = [f"w{number:02}" for number in range(1, 21)]


def the_wave_is_listed(world: World) -> None:
    """Each branch has folders of its own on the server of lakes."""
    rows = ["partner,name,id,qualifier,internal,contact,business,approver,sftp.get,sftp.put,test.get,test.put"]
    for name in WAVE:
        place = world.home.parent / "lakes" / name
        for part in ("live/in", "live/out", "test/in", "test/out"):
            (place / part).mkdir(parents=True)
        rows.append(f"{name},Lakes {name.upper()},{name.upper()}LAKES,ZZ,{name.upper()}LAKES,Ida Holm,Sam Roe,Per Vik,{place}/live/out,{place}/live/in,{place}/test/out,{place}/test/in")
    (world.home / "wave.csv").write_text("\n".join(rows) + "\n")


def the_wave_orders(world: World) -> None:
    """An order of each branch: the trading partner's, under the branch's address (ISA06, GS02; X12.5, X12.6)."""
    for name, content in zip(WAVE, world.buy("lakes", len(WAVE)), strict=True):
        ours = content.replace("*ZZ*MOCKEDI        *", f"*ZZ*{name.upper() + 'LAKES':15}*", 1).replace("GS*PO*MOCKEDI*", f"GS*PO*{name.upper()}LAKES*", 1)
        (world.home.parent / "lakes" / name / "live" / "out" / "order.x12").write_bytes(ours.encode("latin-1"))


MEANWHILE = {"the list of the wave": the_wave_is_listed, "the wave orders": the_wave_orders,
             "the mended map is put in place": mended, "the partners read our answers": answers_are_read,
             "real orders come": real_orders_come, "tests come": tests_come, "first files": first_files, "the first file becomes a sample": first_sample}


def test_every_meanwhile_of_the_page_is_known() -> None:
    assert set(re.findall(r"^<!-- meanwhile: (.+) -->$", PAGE.read_text("utf-8"), re.MULTILINE)) == set(MEANWHILE)


def planted(page: str) -> str:
    """The page with the mistake put back: the mended map reads the day of the order for the day of delivery as before."""
    mended = page.index("```yaml mended/order.nord.yaml")
    wrong = re.search(r"^  requested_delivery: .+\n", page, re.MULTILINE)
    assert wrong is not None and wrong.start() < mended
    return page[:mended] + page[mended:].replace("fields:\n", "fields:\n" + wrong.group(0), 1)


def test_two_partners_go_live(world: World) -> None:
    for command in tell(PAGE.read_text("utf-8"), world, MEANWHILE):
        print(command)
    assert os.environ["EDI_BRIDGE_HOME"] == str(world.home)
