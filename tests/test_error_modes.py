"""The four error modes: split or keep the interchange, suspend the message or everything; through `translate` and `post`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edi_bridge import pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Verdict
from tests.cli.cli_case import environment

PARTNER = 'partner: twin\nidentities: [{{id: "9521200099990", qualifier: "14"}}]\n{}\n'


def order(reference: str, number: str, quantity: str) -> str:
    return (f"UNH+{reference}+ORDERS:D:96A:UN'BGM+220+{number}+9'DTM+137:20261102:102'NAD+BY+9521200099990::9'"
            f"NAD+SU+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:{quantity}'PRI+AAA:3.19'UNS+S'CNT+2:1'UNT+11+{reference}'")


def interchange(control: str, *orders: str) -> bytes:
    inside = "".join(orders)
    return (f"UNB+UNOC:3+9521200099990:14+9521200034004:14+261102:0815+{control}'{inside}"
            f"UNZ+{len(orders)}+{control}'").encode()


FILE = (interchange("1", order("1", "A1", "5"), order("2", "A2", "xx"), order("3", "A3", "7"))
        + interchange("2", order("1", "B1", "5"), order("2", "B2", "6")))


def home(folder: Path, says: str) -> Path:
    (folder / "partners").mkdir(parents=True)
    (folder / "partners" / "twin.yaml").write_text(PARTNER.format(says))
    return folder


def run(*arguments: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "edi_bridge.cli", *arguments], input=data, capture_output=True,
                          env=environment(), check=False)


@pytest.mark.parametrize(("says", "accepted"), [
    ("", {"A1", "A3", "B1", "B2"}),
    ("errors: {interchange: keep}", {"A1", "A3", "B1", "B2"}),
    ("errors: {suspend: all}", {"B1", "B2"}),
    ("errors: {interchange: keep, suspend: all}", {"B1", "B2"}),
    ("findings: {invalid_number: reject_interchange, wrong_character_type: reject_interchange}", {"B1", "B2"}),
    ("findings: {invalid_number: note, wrong_character_type: note}\nerrors: {suspend: all}", {"A1", "A2", "A3", "B1", "B2"}),
])
def test_what_is_accepted_of_a_file_with_one_faulty_order(tmp_path: Path, says: str, accepted: set[str]) -> None:
    catalog = Catalog(home(tmp_path, says))
    suspended = pipeline.suspended(FILE, catalog)
    outcomes = list(pipeline.inbound(FILE, catalog, suspended=suspended))
    got = {record["number"] for one in outcomes if one.verdict is not Verdict.REJECTED for record in one.records}
    assert got == accepted
    whole = [one for one in outcomes if one.message is None]
    assert [one.verdict is Verdict.REJECTED for one in whole] == [bool(suspended), False]
    assert suspended == (frozenset() if "A1" in accepted else frozenset({1}))
    assert {one.keep for one in outcomes if one.message is not None} == {"keep" in says}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_translate_prints_nothing_of_an_interchange_that_is_suspended_as_a_whole(tmp_path: Path, jobs: str) -> None:
    """Standard input can be read only once, and is judged whole all the same."""
    done = run("translate", "-", "--jobs", jobs, "--home", str(home(tmp_path, "errors: {suspend: all}")), data=FILE)
    assert done.returncode == 1
    assert [line.split('"number":"')[1][:2] for line in done.stdout.decode().splitlines()] == ["B1", "B2"]
    said = done.stderr.decode()
    assert "interchange_suspended" in said and "message_suspended" in said


@pytest.mark.parametrize(("says", "posted"), [
    ("errors: {interchange: keep}", ["A1", "A3", "B1", "B2"]),
    ("errors: {interchange: keep, suspend: all}", ["B1", "B2"]),
    ("errors: {suspend: all}", ["B1", "B2"]),
])
def test_post_puts_into_the_crm_what_the_mode_lets_through(tmp_path: Path, says: str, posted: list[str]) -> None:
    place = tmp_path / "home"
    assert run("init", str(place)).returncode == 0
    (place / "partners" / "twin.yaml").write_text(PARTNER.format(says))
    file = tmp_path / "orders.edi"
    file.write_bytes(FILE)
    done = run("post", "--home", str(place), str(file))
    assert done.returncode == 1, done.stderr
    listed = run("crm", "orders", "--home", str(place), "--json").stdout.decode()
    assert sorted(part.split('"')[0] for part in listed.split('"number": "')[1:]) == posted


@pytest.mark.parametrize(("says", "point", "least", "most"), [
    ("", "batch_committed", 1, 69),
    ("errors: {interchange: keep}", "batch_committed", 70, 70),
    ("errors: {interchange: keep}", "crm_written", 0, 0),
])
def test_kept_interchanges_become_visible_at_once(tmp_path: Path, says: str, point: str, least: int, most: int) -> None:
    """Killed around the first commit: of an interchange that is split some orders are there, of a kept one all or none."""
    place = tmp_path / "home"
    assert run("init", str(place)).returncode == 0
    (place / "partners" / "twin.yaml").write_text(PARTNER.format(says))
    file = tmp_path / "orders.edi"
    file.write_bytes(interchange("1", *(order(str(n), f"A{n}", "5") for n in range(1, 71))))
    killed = subprocess.run([sys.executable, "-m", "edi_bridge.cli", "post", "--home", str(place), str(file)],
                            capture_output=True, env=environment(EDI_BRIDGE_CRASH_AT=f"{point}:1"), check=False)
    assert killed.returncode == -9
    assert least <= orders_in(place) <= most
    assert run("post", "--home", str(place), str(file)).returncode == 0
    assert orders_in(place) == 70


def orders_in(place: Path) -> int:
    return run("crm", "orders", "--home", str(place), "--json").stdout.decode().count('"number": "A')


def test_a_message_that_is_too_large_is_told_and_its_neighbours_go_on() -> None:
    """In either syntax: the message has an outcome of its own, with nothing but this finding."""
    from dataclasses import replace

    from edi_bridge.syntax.limits import DEFAULT

    big = order("2", "A2", "5").replace("UNS+S'", "FTX+AAI+++x'" * 200 + "UNS+S'")
    edifact = interchange("1", order("1", "A1", "5"), big, order("3", "A3", "7"))
    sets = [f"ST*850*000{n}~BEG*00*NE*P{n}**20261102~PO1*1*{quantity}*EA*9.10**VP*A1~CTT*1~SE*5*000{n}~" for n, quantity in ((1, "2"), (2, "2" * 3000), (3, "4"))]
    x12 = ("ISA*00*          *00*          *ZZ*SOMEBODY       *01*315369934      *261102*0815*U*00401*000000418*0*P*>~"
           "GS*PO*SOMEBODY*315369934*20261102*0815*7*X*004010~" + "".join(sets) + "GE*3*7~IEA*1*000000418~").encode()
    for source in (edifact, x12):
        outcomes = [one for one in pipeline.inbound(source, Catalog(), limits=replace(DEFAULT, message=2000)) if one.message is not None]
        assert [one.verdict is Verdict.REJECTED for one in outcomes] == [False, True, False]
        assert [finding.kind for finding in outcomes[1].findings] == ["message_too_large"]
        assert not outcomes[1].records
