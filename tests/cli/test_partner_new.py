"""`edi-bridge partner new`: what it reads from interchanges written here by hand, what it asks, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_case import Run

from edi_bridge.catalog import Catalog

OWN = """own: us
identities:
  - {id: "9521200034004", qualifier: "14"}
  - {id: "NORDWINDUS", qualifier: "ZZ", standard: x12}
"""
ORDER = (b"UNA:+.? '\r\nUNB+UNOC:3+9521200099997:14:SHOP+9521200034004:14+261102:0815+417++++1'\r\nUNH+1+ORDERS:D:96A:UN:EAN008'\r\nBGM+220+B1+9'\r\n"
         b"NAD+BY+9521200099997::9++K\xc3\xb6nig'\r\nUNS+S'\r\nUNT+5+1'\r\nUNH+2+CONTRL:D:3:UN'\r\nUCI+1+A+B+7'\r\nUNT+3+2'\r\nUNZ+2+417'\r\n")
X12 = (b"ISA^00^          ^00^          ^01^078450000      ^ZZ^NORDWINDUS     ^261112^1530^U^00401^000020931^1^T^<|\n"
       b"GS^PO^BIGSHOP^NORDWINDUS^20261112^1530^20931^X^004010VICS|\nST^850^0001|\nBEG^00^NE^GL-5^^20261112|\nSE^3^0001|\nST^850^0002|\n"
       b"BEG^00^NE^GL-6^^20261112|\nSE^3^0002|\nGE^2^20931|\nGS^FA^BIGSHOP^NORDWINDUS^20261112^1530^20932^X^004010|\nST^999^0003|\nSE^2^0003|\n"
       b"GE^1^20932|\nIEA^2^000020931|\n")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "partners").mkdir(parents=True)
    (tmp_path / "home" / "partners" / "_own.yaml").write_text(OWN, "utf-8")
    (tmp_path / "order.edi").write_bytes(ORDER)
    (tmp_path / "big.edi").write_bytes(X12)
    return tmp_path / "home"


def proposed(home: Path, name: str) -> str:
    """The file without its reasons."""
    return "\n".join(line.split("   #")[0].rstrip() for line in (home / "partners" / f"{name}.yaml").read_text("utf-8").splitlines())


def test_an_eancom_order_says_who_how_and_what(edi: Run, home: Path) -> None:
    done = edi("partner", "new", "kiosk", "--from-interchange", "order.edi", "--title", "Kiosk: König & Co", "--home", home)
    assert done.returncode == 0, done.stderr
    assert proposed(home, "kiosk") == """partner: kiosk
name: "Kiosk: König & Co"
extends: profiles/retail-eancom
stage: draft
identities:
  - {id: "9521200099997", qualifier: "14", standard: edifact}
envelope:
  line_breaks: true
  una: true
charset: utf-8
expect: {"contrl": 24h}
agreements:
  - {message: edifact/D96A/ORDERS}"""
    said = done.stderr.decode()
    for reason in ("the envelope says UNOC:3, and the bytes are utf-8", "agrees on 1 of 1 kinds of messages seen", "behind the address stands \"SHOP\"",
                   "they ask for an acknowledgement in the envelope (UNB 0031)", "edifact/D96A/INVOIC out"):
        assert reason in said
    one = Catalog(home).load_partner("kiosk")
    assert (one.title, one.charset, {agreed.stage for agreed in one.agreements}) == ("Kiosk: König & Co", "utf-8", {"draft"})
    assert edi("partner", "lint", "kiosk", "--strict", "--home", home).returncode == 0


def test_an_x12_file_says_its_delimiters_groups_and_answers(edi: Run, home: Path) -> None:
    done = edi("partner", "new", "big", "--from-interchange", "big.edi", "--home", home)
    assert done.returncode == 0, done.stderr
    assert proposed(home, "big") == """partner: big
name: big
extends: profiles/retail-vics
stage: draft
identities:
  - {id: "078450000", qualifier: "01", standard: x12, internal: "BIGSHOP"}
envelope:
  delimiters: {element: "^", component: "<", terminator: "|"}
  line_breaks: true
expect: {"999": 24h}
acknowledge: {"999": always}
agreements:
  - {message: x12/004010/850}"""
    assert b"seen 2 times" in done.stderr and b"marked as a test" in done.stderr and b"is none of our addresses" not in done.stderr
    assert edi("partner", "lint", "big", "--strict", "--home", home).returncode == 0


def test_what_we_sent_makes_the_receiver_the_partner(edi: Run, home: Path, tmp_path: Path) -> None:
    sent = ORDER.replace(b"9521200099997:14:SHOP+9521200034004:14", b"9521200034004:14+9521200099997:14")
    (tmp_path / "sent.edi").write_bytes(sent)
    done = edi("partner", "new", "shop", "--from-interchange", "sent.edi", "--home", home)
    text = (home / "partners" / "shop.yaml").read_text("utf-8")
    assert done.returncode == 0 and 'id: "9521200099997"' in text and "the receiver in the envelope" in text
    assert "message: edifact/D96A/ORDERS, direction: out, map: order.edifact-d96a" in text and "expect" not in text


def test_nothing_fits_better_than_the_plain_profile(edi: Run, home: Path, tmp_path: Path) -> None:
    (tmp_path / "price.edi").write_bytes(ORDER.replace(b"ORDERS:D:96A:UN:EAN008", b"PRICAT:D:96A:UN:EAN008").replace(b"\xc3\xb6", b"o"))
    done = edi("partner", "new", "shop", "--from-interchange", "price.edi", "--home", home, "--out", "-")
    out = done.stdout.decode()
    assert done.returncode == 0 and "extends: profiles/plain-edifact" in out and "{message: edifact/D96A/PRICAT}" in out
    assert b"no map is for edifact/D96A/PRICAT: edi-bridge map new --message edifact/D96A/PRICAT" in done.stderr
    assert not (home / "partners" / "shop.yaml").exists()


@pytest.mark.parametrize(("args", "says"), [
    (("new", "Kiosk!", "--from-interchange", "order.edi"), "the name of a partner is of small letters"),
    (("new", "acme", "--from-interchange", "order.edi"), "there is a partner acme already"),
    (("new", "kiosk", "--from-interchange", "both.edi"), "holds interchanges of several partners: 14:9521200099997, 01:078450000; say --sender ID"),
    (("new", "kiosk", "--from-interchange", "order.edi", "--sender", "X"), "order.edi: holds no interchange of X"),
    (("new", "kiosk", "--from-interchange", "order.edi", "--profile", "fax"), "there is no profile fax; known are"),
    (("new", "kiosk", "--from-interchange", "acme.edi"), "14:9521200043594 is acme already (partners/acme.yaml)"),
    (("new", "kiosk", "--from-interchange", "junk.edi"), "nothing in it can be read as a message"),
])
def test_what_is_refused(edi: Run, home: Path, tmp_path: Path, args: tuple[str, ...], says: str) -> None:
    (tmp_path / "both.edi").write_bytes(ORDER + X12)
    (tmp_path / "acme.edi").write_bytes(ORDER.replace(b"9521200099997:14:SHOP", b"9521200043594:14"))
    (tmp_path / "junk.edi").write_bytes(b"\x00\x01\x02 nothing")
    done = edi("partner", *args, "--home", home)
    assert done.returncode == 2 and says in done.stderr.decode(), done.stderr
    assert sorted(path.name for path in (home / "partners").iterdir()) == ["_own.yaml"]


def test_of_a_file_with_several_one_is_chosen(edi: Run, home: Path, tmp_path: Path) -> None:
    (tmp_path / "both.edi").write_bytes(ORDER + X12)
    done = edi("partner", "new", "big", "--from-interchange", "both.edi", "--sender", "078450000", "--home", home, "--out", "-")
    assert done.returncode == 0 and b"standard: x12" in done.stdout and b"edifact" not in done.stdout


def test_what_a_file_holds_becomes_no_yaml(edi: Run, home: Path, tmp_path: Path) -> None:
    evil = ORDER.replace(b"9521200099997:14:SHOP", b'X"}, map?: evil #:ZZ').replace(b"EAN008", b"E#x")
    (tmp_path / "evil.edi").write_bytes(evil)
    done = edi("partner", "new", "evil", "--from-interchange", "evil.edi", "--home", home)
    assert done.returncode == 0, done.stderr
    one = Catalog(home).load_partner("evil")
    assert [identity.id for identity in one.identities] == ['X"}, map: evil #']


def test_questions_make_the_same_file(edi: Run, home: Path) -> None:
    answers = b"fax\nedifact\n\n9521200099997\n\n\nKiosk\nIda Holm\nida@kiosk.example\n"
    done = edi("partner", "new", "kiosk", "--home", home, stdin=answers)
    assert done.returncode == 0, done.stderr
    one = Catalog(home).load_partner("kiosk")
    assert (one.title, one.identities[0].id, one.identities[0].qualifier, one.contacts[0].email) == ("Kiosk", "9521200099997", "14", "ida@kiosk.example")
    assert one.layers[1] == "partners/profiles/retail-eancom.yaml" and b"fax is none of these" in done.stderr and b"an answer is needed" in done.stderr
    assert edi("partner", "new", "other", "--home", home, stdin=b"edifact\n").returncode != 0
    assert not (home / "partners" / "other.yaml").exists()
