"""`edi-bridge post`, `crm`, `init`: a home of one's own, from the first file to the customer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_case import ORDER, Run


@pytest.fixture
def home(edi: Run, tmp_path: Path) -> Path:
    """A home in which we are the seller of the order."""
    made = tmp_path / "home"
    assert edi("init", made).returncode == 0
    (made / "partners" / "_own.yaml").write_text(
        'own: we\nidentities:\n  - {id: "9521200034004"}\nparties:\n  - {scheme: gln, value: "9521200034004"}\n'
    )
    return made


def test_a_home_is_made_once_and_explains_itself(edi: Run, home: Path) -> None:
    assert {path.name for path in home.iterdir()} >= {
        "settings.yaml",
        "partners",
        "mappings",
        "lookups",
        "inbox",
        "outgoing",
        "README.md",
    }
    assert list((home / "inbox").iterdir()) == []
    before = (home / "settings.yaml").read_text()
    result = edi("init", home)
    assert result.returncode == 2 and b"nothing was changed" in result.stderr
    assert (home / "settings.yaml").read_text() == before


def test_a_file_is_posted_once(edi: Run, home: Path, order: Path) -> None:
    first = edi("post", order, "--home", home)
    assert first.returncode == 0, first.stderr.decode()
    assert "order 4500017731" in first.stdout.decode()
    again = edi("post", order, EDI_BRIDGE_HOME=str(home))
    assert again.returncode == 0
    assert "came before, nothing changed" in again.stdout.decode()
    assert len(json.loads(edi("crm", "orders", "--home", home, "--json").stdout)) == 1


def test_the_table_of_many_files_and_the_exit_code(edi: Run, home: Path, order: Path, tmp_path: Path) -> None:
    (home / "inbox" / "bad.edi").write_bytes(ORDER.replace(b"UNZ+1", b"UNZ+2").replace(b"417'", b"418'"))
    (home / "inbox" / "empty").write_bytes(b"")
    (home / "inbox" / "good.edi").write_bytes(ORDER)
    result = edi("post", home / "inbox", tmp_path / "missing", "--home", home)
    assert result.returncode == 2
    rows = [line.split()[0].rpartition("/")[2] for line in result.stdout.decode().splitlines()]
    assert rows == ["file", "bad.edi", "empty", "good.edi", "missing"]
    text = result.stderr.decode()
    assert "to the partner: CONTRL 29" in text and "empty_file" in text and "missing: cannot be read" in text
    assert edi("post", home / "inbox" / "bad.edi", "--home", home).returncode == 1


def test_json_says_the_same(edi: Run, home: Path, order: Path) -> None:
    order.write_bytes(ORDER.replace(b"QTY+21:48", b"QTY+21:4x8"))
    result = edi("post", order, "--home", home, "--json")
    assert result.returncode == 1
    (file,) = json.loads(result.stdout)
    assert file["refused"] is True
    assert file["exchanges"][0]["messages"] == {"rejected": 1}
    assert any(
        finding["answer"].startswith("CONTRL") and finding["line"] == "QTY+21:4x8'" for finding in file["findings"]
    )


def test_an_order_and_its_customer_are_found(edi: Run, home: Path, order: Path) -> None:
    edi("post", order, "--home", home)
    for args in (
        ("customers",),
        ("customers", "--search", "38118"),
        ("customer", "9521200038118"),
        ("orders",),
        ("order", "4500017731"),
    ):
        result = edi("crm", *args, "--home", home)
        assert result.returncode == 0
        assert "4500017731" in result.stdout.decode() or "9521200038118" in result.stdout.decode()
        assert json.loads(edi("crm", *args, "--home", home, "--json").stdout)
    assert edi("crm", "invoices", "--home", home).stderr.decode() == "no invoices yet\n"
    for args in (("customer", "999"), ("order", "nope"), ("invoice", "1")):
        result = edi("crm", *args, "--home", home)
        assert result.returncode == 2 and b"there is no" in result.stderr


def test_a_database_by_url(edi: Run, home: Path, order: Path, tmp_path: Path) -> None:
    assert edi("post", order, "--home", home, "--database", tmp_path / "other.sqlite").returncode == 0
    assert not (home / "edi-bridge.sqlite").exists()
    assert (
        len(json.loads(edi("crm", "orders", "--home", home, "--database", tmp_path / "other.sqlite", "--json").stdout))
        == 1
    )


def test_no_home_and_no_database_are_said(edi: Run, home: Path, order: Path, tmp_path: Path) -> None:
    for args in (("post", order), ("crm", "customers")):
        result = edi(*args, HOME=str(tmp_path / "nobody"))
        assert result.returncode == 2 and b"edi-bridge init" in result.stderr
    result = edi("crm", "customers", "--home", home)
    assert result.returncode == 2 and b"there is no database yet" in result.stderr
    assert not (home / "edi-bridge.sqlite").exists()
    assert edi("post", order, "--home", home, "--database", "mysql://x/y").returncode == 2


def test_mistakes_in_settings_and_partners_are_named_with_their_place(edi: Run, home: Path, order: Path) -> None:
    (home / "settings.yaml").write_text("databse: x\nsame_content: maybe\n")
    lines = edi("post", order, "--home", home).stderr.decode().splitlines()
    assert [line.rpartition("settings.yaml:")[2].split(":")[0] for line in lines] == ["1", "2"]
    (home / "settings.yaml").write_text("")
    (home / "partners" / "p.yaml").write_text("partner: p\nagreements:\n  - {message: ORDERS}\n")
    result = edi("post", order, "--home", home)
    assert result.returncode == 2 and b"partners/p.yaml:3:" in result.stderr


def test_what_may_pass_by_itself_means_later(edi: Run, home: Path, order: Path) -> None:
    (home / "archive").write_text("in the way of the folder")
    result = edi("post", order, "--home", home)
    assert result.returncode == 3
    assert result.stderr.decode().startswith("edi-bridge: try again later: the archive ")
    (home / "archive").unlink()
    assert edi("post", order, "--home", home).returncode == 0


BUYER = '''partner: buyer
identities:
  - {{id: "9521200077018", qualifier: "14"}}
agreements:
  - {{message: edifact/D96A/ORDERS, stage: {stage}}}
'''


@pytest.mark.parametrize(("stage", "why"), [
    ("certifying", "quarantined: edifact/D96A/ORDERS: it is production, and its agreement is in the stage certifying: only tests are taken"),
    ("paused", "quarantined: paused: edifact/D96A/ORDERS"),
    ("retired", "quarantined: edifact/D96A/ORDERS: its agreement is in the stage retired: nothing is taken"),
])
def test_what_its_stage_holds_is_told_with_the_stage_as_reason(edi: Run, home: Path, order: Path, stage: str, why: str) -> None:
    (home / "partners" / "buyer.yaml").write_text(BUYER.format(stage=stage))
    order.write_bytes(ORDER.replace(b"9521200038118", b"9521200077018"))
    done = edi("post", order, "--home", home)
    assert done.returncode == 1 and why in done.stdout.decode() and "control number" not in done.stdout.decode(), done.stdout
    again = edi("post", order, "--home", home)
    assert again.returncode == 1 and "came before as exchange 1, of which nothing was posted: nothing changed" in again.stdout.decode()
    (file,) = json.loads(edi("post", order, "--home", home, "--json").stdout)
    assert file["exchanges"][0]["original"] == 1


def test_a_number_that_came_with_other_content_names_the_exchange_that_has_it(edi: Run, home: Path, order: Path) -> None:
    assert edi("post", order, "--home", home).returncode == 0
    order.write_bytes(ORDER.replace(b"4500017731", b"4500017732"))
    done = edi("post", order, "--home", home, "--json")
    (file,) = json.loads(done.stdout)
    assert done.returncode == 1 and file["exchanges"][0]["reason"] == "its control number came before with other content, in exchange 1"
