"""docs/running.md says what is so: its home is built and run, its figures and settings are those of the program; the service file."""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path

from daemon_case import ROOT, got, home, order, until  # noqa: F401

from edi_bridge import cli, settings

sys.path.insert(0, str(ROOT / "tests" / "transport"))
from lines import closed_port  # noqa: E402

PAGE = (ROOT / "docs" / "running.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_s_home_takes_an_order_answers_it_and_sends_the_page_s_document(tmp_path: Path, home: object) -> None:  # noqa: F811
    from daemon_case import Daemon, Home

    assert cli.run(["init", str(tmp_path / "my-home")]) == 0
    place = Home(tmp_path / "my-home", tmp_path)
    for kind, name, text in BLOCKS:
        if kind in ("yaml", "json"):
            path = place.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("  - {message: edifact/D96A/ORDERS}  ", "  - {message: edifact/D96A/ORDRSP, direction: out}\n"
                                         "  - {message: edifact/D96A/ORDERS}  "))
    for name in ("from-north", "to-north"):
        (place.folder / "exchange" / name).mkdir(parents=True)
    (place.folder / "exchange" / "from-north" / "o.edi").write_bytes(order("nord", "417"))
    port = closed_port()
    daemon: Daemon = place.start("--listen", f"127.0.0.1:{port}", listen=True)
    try:
        found = daemon.until(lambda: (two := list((place.folder / "exchange" / "to-north").glob("*.edi"))) and len(two) == 2 and two)
        texts = "".join(path.read_text() for path in found)
        assert "UCI+417+" in texts and "BGM+231+R-1+29" in texts  # D.96A 1001: 231 purchase order response; 1225: 29 accepted
        figures = until(lambda: 'edi_bridge_outbox{state="sent"} 2.0' in (page := got(f"http://127.0.0.1:{port}/metrics")[1]) and page)
        named = set(re.findall(r"`(edi_bridge_\w+)`", PAGE))
        assert named and named <= set(re.findall(r"^# TYPE (\w+)", figures, re.MULTILINE)) | {"edi_bridge_alarms_open"}
        assert daemon.terminate() == 0
    finally:
        place.close()


def test_every_setting_of_the_daemon_and_every_alarm_stands_on_the_page() -> None:
    mine = [key for key in settings.KEYS if key.startswith(("listen", "metrics_", "most_", "least_", "expiry_", "purge"))]
    assert len(mine) == 9 and [key for key in mine if key not in PAGE] == []
    (text,) = [text for kind, name, text in BLOCKS if name == "settings.yaml"]
    shown = dict(re.findall(r"^(\w+): (\S+)", text, re.MULTILINE))
    assert shown["most_waiting"] == str(settings.Settings(Path(), "").most_waiting) and shown["listen"] == settings.LISTEN
    assert settings.bytes_of(shown["least_room"]) == settings.Settings(Path(), "").least_room
    raised = set(re.findall(r'alarm\.raise_\(connection, "(\w+)"', "".join(
        path.read_text() for path in (ROOT / "edi_bridge" / "daemon").glob("*.py"))))
    assert raised and [kind for kind in raised if f"| `{kind}` |" not in PAGE] == []


def test_the_service_gives_the_daemon_the_time_that_it_was_promised() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((ROOT / "docs" / "deploy" / "edi-bridge.service").read_text())
    service = unit["Service"]
    assert service["ExecStart"].split("/bin/")[1] == "edi-bridge run --log json" and service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"].removesuffix("s")) > 30 and service["Restart"] == "always"
