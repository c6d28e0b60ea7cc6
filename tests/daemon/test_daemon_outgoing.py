"""Records that the company's own programs lay into outgoing/: they go to the partner once, or come back with a reason."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from daemon_case import GLNS, HANGS, OURS, Home, home  # noqa: F401

AGREED = "agreements:\n  - {message: edifact/D96A/ORDERS, direction: out%s}\n"


def record(number: str, **more: Any) -> dict[str, Any]:
    return {"number": number, "type": "order", "purpose": "original", "issued_on": "2026-11-02", "currency": "EUR",
            "buyer": {"gln": OURS}, "seller": {"gln": GLNS["nord"]},
            "lines": [{"number": "1", "gtin": "9521200002119", "quantity": "48", "unit": "H87", "net_price": "3.19"}], **more}


def wish(home: Home, name: str, content: Any) -> Path:  # noqa: F811
    place = home.folder / "outgoing" / "nord"
    place.mkdir(exist_ok=True)
    (place / f"{name}.tmp").write_text(content if isinstance(content, str) else json.dumps(content))
    return (place / f"{name}.tmp").rename(place / name)


def sent(home: Home) -> list[str]:  # noqa: F811
    """The numbers of the orders at the partner, in the order of our control numbers (UNB 0020)."""
    numbers = {}
    for text in home.answers("nord"):
        segments = text.split("'")
        control = next(one for one in segments if one.startswith("UNB")).split("+")[5]
        for one in segments:
            if one.startswith("BGM"):
                numbers.setdefault(int(control), []).append(one.split("+")[2])
    return [number for control in sorted(numbers) for number in numbers[control]]


def test_records_go_out_and_the_file_is_put_away(home: Home) -> None:  # noqa: F811
    home.partner("nord", AGREED % "")
    daemon = home.start().runs()
    wish(home, "order-1.json", record("A1"))
    wish(home, "orders.json", [record("A2"), record("A3")])
    wish(home, "lines.json", "\n".join(json.dumps(record(number)) for number in ("A4", "A5")))
    wish(home, "wrapped.json", {"type": "order", "message": "ORDERS", "records": [record("A6")]})
    daemon.until(lambda: len(sent(home)) == 6)
    assert sorted(sent(home)) == ["A1", "A2", "A3", "A4", "A5", "A6"]
    done = home.folder / "outgoing" / "done" / "nord"
    daemon.until(lambda: done.is_dir() and len(list(done.iterdir())) == 4)
    assert json.loads((done / "order-1.json").read_text()) == record("A1")
    assert not [one for one in (home.folder / "outgoing" / "nord").iterdir() if one.name != ".claimed"]
    assert [row[0].rpartition(" ")[2] for row in home.rows("SELECT origin FROM sent_message WHERE document IN ('A2', 'A3')")] == ["1", "2"]


def test_nothing_of_a_file_goes_out_when_anything_in_it_cannot_and_a_text_beside_it_says_what(home: Home) -> None:  # noqa: F811
    home.partner("nord", AGREED % "")
    daemon = home.start().runs()
    refused = home.folder / "outgoing" / "refused" / "nord"
    cases = {
        "mixed.json": ([record("B1"), record("B2", issued_on="")], "record 2:"),
        "unknown.json": (record("B3", nmber="x"), "record 1: order: no field nmber"),
        "broken.json": ("{", "is no JSON"),
        "invoice-7.json": (record("B4"), "nothing is agreed with nord for sending records of type invoice"),
        "empty.json": ([], "there is no record in it"),
        "table.csv": ("a;b\n1;2\n", ""),
    }
    for name, (content, _) in cases.items():
        wish(home, name, content)
    daemon.until(lambda: refused.is_dir() and [one.stat().st_size > 0 for one in refused.glob("*.txt")] == [True] * len(cases))
    for name, (content, says) in cases.items():
        text = (refused / f"{name}.txt").read_text()
        assert says in text and text.strip(), (name, text)
        kept = (refused / name).read_text()
        assert kept == (content if isinstance(content, str) else json.dumps(content))
    assert home.rows("SELECT count(*) FROM outbox") == [(0,)] and sent(home) == []
    wish(home, "mixed.json", [record("B1"), record("B2")])  # put right, under the same name
    daemon.until(lambda: sorted(sent(home)) == ["B1", "B2"])


def test_a_kill_between_two_records_of_a_file_sends_each_of_them_once(home: Home) -> None:  # noqa: F811
    home.partner("nord", AGREED % "")
    wish(home, "orders.json", [record(f"C{number}") for number in range(1, 6)])
    daemon = home.start(EDI_BRIDGE_CRASH_AT="record_taken:4")
    assert daemon.process.wait(HANGS) == -signal.SIGKILL
    assert home.rows("SELECT count(*) FROM outbox") == [(3,)]
    again = home.start().runs()
    again.until(lambda: (home.folder / "outgoing" / "done" / "nord" / "orders.json").exists() and len(sent(home)) == 5)
    assert sent(home) == ["C1", "C2", "C3", "C4", "C5"] and home.rows("SELECT count(*) FROM outbox") == [(5,)]


def test_messages_that_are_to_go_together_wait_for_each_other_and_not_for_ever(home: Home) -> None:  # noqa: F811
    home.partner("nord", AGREED % ", batch: {count: 3, wait: 4s}")
    daemon = home.start().runs()
    wish(home, "orders.json", [record(f"D{number}") for number in range(1, 5)])
    daemon.until(lambda: len(sent(home)) == 3)
    assert len(home.answers("nord")) == 1 and "UNZ+3+" in home.answers("nord")[0]  # ISO 9735 0036: messages in the interchange
    daemon.until(lambda: len(sent(home)) == 4)
    assert sent(home) == ["D1", "D2", "D3", "D4"] and len(home.answers("nord")) == 2


def test_a_partner_of_whom_nobody_knows_is_told_and_keeps_nobody_else_waiting(home: Home) -> None:  # noqa: F811
    home.partner("nord", AGREED % "")
    stranger = home.folder / "outgoing" / "stranger"
    stranger.mkdir()
    (stranger / "order-1.json").write_text(json.dumps(record("E1")))
    wish(home, "order-1.json", record("E2"))
    daemon = home.start("--once")
    assert daemon.process.wait(HANGS) == 1
    assert sent(home) == ["E2"]
    assert "there is no partner stranger" in (home.folder / "outgoing" / "refused" / "stranger" / "order-1.json.txt").read_text()


def test_a_refused_file_rings_and_a_file_that_nobody_takes_is_told(home: Home) -> None:  # noqa: F811
    home.partner("nord", AGREED % "")
    wish(home, "order-1.json", record("A1", currency="EURO"))
    for path in (home.folder / "outgoing" / "order-9.json", home.folder / "outgoing" / "nord" / "order-9.txt", home.folder / "outgoing" / "nord" / "new.tmp"):
        path.write_text("{}")
        os.utime(path, (1_700_000_000, 1_700_000_000))
    daemon = home.start()
    daemon.until(lambda: home.rows("SELECT 1 FROM alarm"))
    ((kind, subject, sentence),) = home.rows("SELECT kind, subject, sentence FROM alarm")
    assert (kind, subject) == ("refused", "outgoing/nord/order-1.json") and "may have 3 characters, not 4" in sentence
    daemon.until(lambda: "is taken by nobody" in daemon.says())
    (told,) = [one["says"] for one in daemon.log() if "is taken by nobody" in one["says"]]
    assert told == "outgoing/order-9.json (and 1 more) is taken by nobody: records lie in outgoing/PARTNER/, as .json or .csv"


def test_what_waits_in_a_batch_and_is_not_allowed_any_more_keeps_nothing_else_from_going_out(home: Home) -> None:  # noqa: F811
    """A guide that is narrowed while records wait: those that it refuses wait on and ring, the others go."""
    home.partner("nord", AGREED % ", batch: {count: 3, wait: 1h}")
    daemon = home.start().runs()
    wish(home, "orders.json", [record("A1"), record("A-TOO-LONG-1")])
    daemon.until(lambda: len(home.rows("SELECT 1 FROM queue")) == 2)
    home.partner("nord", AGREED % ", batch: {count: 3, wait: 1h}, restrict: {BGM/1004: {length: ..4}}")
    daemon.until(lambda: "the new state holds" in daemon.says())
    wish(home, "order-3.json", record("A3"))
    daemon.until(lambda: len(sent(home)) == 2)
    assert sorted(sent(home)) == ["A1", "A3"] and len(home.answers("nord")) == 1, "together, under one number"
    ((sentence,),) = home.rows("SELECT sentence FROM alarm WHERE kind = 'refused'")
    assert "1 of 3 for nord" in sentence and "BGM/1004" in sentence
    assert [row[0] for row in home.rows("SELECT json_extract(record, '$.number') FROM queue")] == ["A-TOO-LONG-1"]
    home.partner("nord", AGREED % ", batch: {count: 1}")
    daemon.until(lambda: len(sent(home)) == 3)
    daemon.until(lambda: not home.rows("SELECT 1 FROM alarm WHERE kind = 'refused' AND cleared_at = ''"))
    assert [last for (last,) in home.rows("SELECT last FROM control_number")] == [2], "nothing was drawn for what did not go out"


def test_lists_of_customers_wait_for_each_other_and_go_out_whole(home: Home) -> None:  # noqa: F811
    """PARTIN holds many records: what waits under one number is a list."""
    home.partner("nord", "agreements:\n  - {message: edifact/D96A/PARTIN, direction: out, batch: {count: 2, wait: 1h}}\n")
    customers = [{"action": "add", "notice_number": "N-1", "issued_on": "2026-11-03", "number": f"M{number}", "name": f"Market {number}",
                  "roles": [{"code": "buyer"}], "city": "Bonn", "country": "DE"} for number in range(1, 4)]
    daemon = home.start().runs()
    wish(home, "customers-1.json", customers[:2])
    daemon.until(lambda: len(home.rows("SELECT 1 FROM queue")) == 1)
    wish(home, "customers-2.json", customers[2:])
    daemon.until(lambda: home.answers("nord"))
    (text,) = home.answers("nord")
    assert all(f"+M{number}" in text for number in (1, 2, 3)) and text.count("UNH+") == 1
    assert home.rows("SELECT 1 FROM queue") == []
