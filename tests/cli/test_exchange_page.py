"""docs/exchange.md: every command of the page is run, in order, on the morning that it tells of."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import exchange_case
from cli_case import ROOT, Run, environment
from exchange_case import STRANGER, order

from edi_bridge.alarming import declared
from edi_bridge.store.alarm import KINDS
from edi_bridge.yamltext import parse

PAGE = (ROOT / "docs" / "exchange.md").read_text("utf-8")
INVOICE = {
    "number": "R-1001", "type": "invoice", "issued_on": "2026-11-20", "currency": "EUR", "order_number": "4500017731", "buyer": {"gln": exchange_case.NORD},
    "seller": {"gln": exchange_case.OURS}, "lines": [{"number": "1", "gtin": "9521200002119", "quantity": "48", "unit": "EA", "net_price": "3.19",
                                                      "net_amount": "153.12"}], "totals": {"payable": "153.12"}}
FILES = ({"nord/out/1.edi": order(), "nord/out/2.edi": order("418"), "nord/out/3.edi": order("417", "4500019999"),
          "nord/out/4.edi": order("419", "4500017740").replace("UNT+11", "UNT+12"), "nord/out/5.edi": order("420", "4500017741", quantity="many")},
         {"shared/6.edi": order("500", "4500020000", STRANGER)})


def a_morning(folder: Path) -> Path:
    """Five files of the partner, then one of a stranger."""
    home = exchange_case.home(folder)
    for files in FILES:
        for number, (name, text) in enumerate(files.items()):
            (home / name).write_text(text)
            os.utime(home / name, (1_790_000_000 + number, 1_790_000_000 + number))
        subprocess.run([sys.executable, "-m", "edi_bridge.cli", "run", "--once", "--home", home], env=environment(), capture_output=True, timeout=60, check=False)
    return home


def pattern(line: str) -> str:
    """A line of the page: `…` stands for anything, blanks for any number of them."""
    return " +".join(".*".join(re.escape(part) for part in word.split("…")) for word in line.split())


def test_every_command_of_the_page_does_what_it_says(edi: Run, tmp_path: Path) -> None:
    home = a_morning(tmp_path)
    (tmp_path / "mended.edi").write_text(order("419", "4500017740"))
    (tmp_path / "invoice.json").write_text(json.dumps(INVOICE))
    done = 0
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for command, _, shown in (part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]):
            if "replay 5" in command and done == 0:  # the page says: mend the agreement
                (home / "partners" / "nord.yaml").write_text(exchange_case.PARTNER + "findings:\n  wrong_character_type: note\n")
                done = 1
            wanted = re.search(r"# exit (\d+)", command)
            words = shlex.split(command, comments=True)
            assert words.pop(0) == "edi-bridge"
            ran = edi(*words, EDI_BRIDGE_HOME=str(home))
            said = (ran.stdout + ran.stderr).decode()
            assert ran.returncode == int(wanted[1] if wanted else 0), f"{command}\n{said}"
            for line in shown.splitlines():
                assert re.search(pattern(line), said), f"{command}: {line}\n{said}"


def test_the_table_of_alarms_and_the_settings_are_the_code_s() -> None:
    assert PAGE.endswith("".join(f"| `{kind}` | {means} |\n" for kind, means in KINDS.items()))
    (yaml,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    ways = declared(parse(yaml, "settings.yaml")["alarms"], "settings.yaml", Path())
    assert ways.mail is not None and ways.webhook is not None and ways.mail.port == 587
