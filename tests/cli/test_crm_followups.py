"""`edi-bridge crm` from the order to the payment: what people read of each document, and of all of them together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_case import Run

US, THEM = "9521200034004", "9521200038118"
TEXT = f"UNB+UNOC:3+{THEM}:14+{US}:14+261102:0815+{{number}}'UNH+1+{{type}}:D:96A:UN:EAN005'{{body}}UNT+{{count}}+1'UNZ+1+{{number}}'"


def edifact(number: int, type_: str, *segments: str) -> bytes:
    """One message of a partner to us."""
    body = "".join(f"{segment}'" for segment in segments)
    return TEXT.format(number=number, type=type_, body=body, count=len(segments) + 2).encode()


BUY = (f"NAD+BY+{US}::9", f"NAD+SU+{THEM}::9")
ORDER = edifact(
    1, "ORDERS", "BGM+220+PO-9+9", "DTM+137:20261102:102", *BUY, "CUX+2:EUR:9",
    "LIN+10++9521200002119:EN", "QTY+21:48:PCE", "PRI+AAA:3.19", "LIN+20++9521200002126:EN", "QTY+21:12:PCE", "UNS+S",
)  # fmt: skip
RESPONSE = edifact(
    2, "ORDRSP", "BGM+231+AB-9+4", "DTM+137:20261103:102", "RFF+ON:PO-9", *BUY, "CUX+2:EUR:9",
    "LIN+10+5+9521200002119:EN", "QTY+21:48:PCE", "QTY+113:48:PCE", "DTM+69:20261110:102",
    "LIN+20+6+9521200002126:EN", "QTY+21:12:PCE", "QTY+113:8:PCE", "QTY+83:4:PCE", "UNS+S",
)  # fmt: skip
DESPATCH = edifact(
    3, "DESADV", "BGM+351+LS-9+9", "DTM+137:20261109:102", "DTM+11:20261109:102", "RFF+ON:PO-9", *BUY,
    "CPS+1", "CPS+2+1", "PAC+1++201", "PCI+33E", "GIN+BJ+395212000000000079", "LIN+1++9521200002119:EN", "QTY+12:48:PCE",
)  # fmt: skip
INVOICE = edifact(
    4, "INVOIC", "BGM+380+R-9+9", "DTM+137:20261110:102", "RFF+ON:PO-9", f"NAD+SU+{US}::9", f"NAD+BY+{THEM}::9", "CUX+2:EUR:4",
    "LIN+1++9521200002119:EN", "QTY+47:48", "MOA+203:153.12", "PRI+AAA:3.19", "UNS+S", "MOA+77:153.12",
)  # fmt: skip
REMITTANCE = edifact(
    5, "REMADV", "BGM+481+ZA-9+9", "DTM+137:20261201:102", f"NAD+PR+{THEM}::9", f"NAD+PE+{US}::9", "CUX+2:EUR:11",
    "DOC+380+R-9", "MOA+12:150.12", "AJT+51", "MOA+165:-3.00", "DOC+380+R-8", "MOA+12:10.00", "UNS+S", "MOA+12:160.12",
)  # fmt: skip


@pytest.fixture
def home(edi: Run, tmp_path: Path) -> Path:
    """A home whose CRM has heard of everything, the order last."""
    place = tmp_path / "home"
    assert edi("init", place).returncode == 0
    (place / "partners" / "_own.yaml").write_text(
        f'own: us\nidentities:\n  - {{id: "{US}", qualifier: "14"}}\nparties:\n  - {{scheme: gln, value: "{US}"}}\n'
    )
    (place / "partners" / "havel_markt.yaml").write_text(
        f'partner: havel_markt\nidentities:\n  - {{id: "{THEM}", qualifier: "14"}}\nagreements:\n  - {{message: edifact/*/*}}\n'
    )
    for number, content in enumerate((RESPONSE, DESPATCH, INVOICE, REMITTANCE, ORDER)):
        (tmp_path / f"{number}.edi").write_bytes(content)
    done = edi("post", *[tmp_path / f"{number}.edi" for number in range(5)], "--home", place)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return place


def shown(edi: Run, home: Path, *words: str) -> str:
    done = edi("crm", *words, "--home", home)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_order_shows_how_far_each_of_its_lines_is(edi: Run, home: Path) -> None:
    assert """
how far it is
  line  article        ordered  unit  seller says  confirmed  back order  for         shipped  invoiced  paid
    10  9521200002119       48  H87   accepted            48              2026-11-10       48         0     0
    20  9521200002126       12  H87   changed              8           4                    0         0     0

responses
  id  response  to order  says     state  issued      lines
  1   AB-9      PO-9      changed  valid  2026-11-03      2

despatches
  id  despatch  order  state  shipped     packs  items
  1   LS-9      PO-9   valid  2026-11-09      1      1
""" in shown(edi, home, "order", "PO-9")
    assert shown(edi, home, "orders").splitlines()[1].split()[-1] == "changed"


def test_a_response_line_by_line(edi: Run, home: Path) -> None:
    text = shown(edi, home, "response", "AB-9")
    assert text.startswith("response AB-9 to order PO-9  (1, valid, bought)\n")
    assert """
2 lines
  line  article        says      ordered  confirmed  back order  unit  for
    10  9521200002119  accepted       48         48              H87   2026-11-10
    20  9521200002126  changed        12          8           4  H87
""" in text
    assert "backordered         4  H87" in text


def test_a_despatch_by_the_number_on_its_pallet(edi: Run, home: Path) -> None:
    assert shown(edi, home, "despatches", "--search", "395212000000000079").splitlines()[1].split()[:2] == ["1", "LS-9"]
    text = shown(edi, home, "despatch", "LS-9")
    assert """
packs
  pack  SSCC                kind  packages  order
  1     395212000000000079  201          1  PO-9

1 item
  pack  line  order  article        quantity  unit
     1     1  PO-9   9521200002119        48  H87

refers to
  how       what   number  here
  delivers  order  PO-9    yes
""" in text


def test_a_payment_and_what_it_leaves_open(edi: Run, home: Path) -> None:
    text = shown(edi, home, "remittance", "ZA-9")
    assert """
2 documents
  document  type     deducted  amount  currency  here
  R-9       invoice      3.00  150.12            yes
  R-8       invoice             10.00            not yet
""" in text
    text = shown(edi, home, "invoice", "R-9")
    assert """
payment
  state     short paid
  paid      150.12
  deducted  3.00
  open      3.00
""" in text
    assert shown(edi, home, "invoices").splitlines()[1].split()[-3:] == ["3.00", "short", "paid"]
    customer = shown(edi, home, "customer", THEM)
    assert "open receivable  3.00 EUR" in customer and "\nremittances\n" in customer and "\ndespatches\n" in customer


def test_each_is_json_too_and_what_is_not_there_is_said(edi: Run, home: Path) -> None:
    for name, many, count in (("response", "responses", 1), ("despatch", "despatches", 1), ("remittance", "remittances", 1)):
        rows = json.loads(shown(edi, home, many, "--json"))
        assert len(rows) == count
        assert json.loads(shown(edi, home, name, str(rows[0]["id"]), "--json"))["record"]
        assert json.loads(shown(edi, home, many, "--search", "nowhere", "--json")) == []
        missing = edi("crm", name, "nowhere", "--home", home)
        assert (missing.returncode, f"`edi-bridge crm {many}` lists them" in missing.stderr.decode()) == (2, True)
