"""What the daemon does over minutes: many files, one of a gigabyte, a ledger that is locked, a thousand partners, doing nothing.

    python -m pytest tests/full/test_daemon_full.py -s
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "daemon"))
from daemon_case import GLNS, OURS, Home, home, message, order  # noqa: E402, F401


def test_ten_thousand_small_files_become_as_many_orders_and_answers(home: Home) -> None:  # noqa: F811
    count = int(os.environ.get("EDI_BRIDGE_TEST_FILES", "10000"))
    home.partner("nord")
    for number in range(1, count + 1):
        home.lies("nord", f"{number}.edi", order("nord", str(number)))
    begun = time.monotonic()
    daemon = home.start("--once")
    assert daemon.process.wait(1800) == 0, daemon.says()
    print(f"{count} files: {count / (time.monotonic() - begun):.0f}/s from folder to answer")
    assert home.orders() == {f"PO{number}" for number in range(1, count + 1)}
    answers = "".join(home.answers("nord"))
    assert answers.count("UNZ+") == count
    assert home.rows("SELECT count(DISTINCT control) FROM outbox WHERE state = 'sent'") == [(count,)]


def memory(pid: int) -> int:
    """The most that a process ever held, in MB (proc(5): VmHWM)."""
    return next(int(line.split()[1]) // 1024 for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))


def seconds_of(pid: int) -> float:
    """Its processor time (proc(5): utime, stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_file_of_a_gigabyte_stays_small_in_memory_and_lets_others_pass(home: Home) -> None:  # noqa: F811
    size = int(float(os.environ.get("EDI_BRIDGE_TEST_GIGABYTES", "1")) * 1e9)
    home.partner("nord")
    home.partner("west")
    path = home.out("nord") / "large.edi.part"
    with path.open("wb") as file:
        file.write(f"UNB+UNOC:3+{GLNS['nord']}:14+{OURS}:14+261102:0815+1'".encode())
        count = 0
        while file.tell() < size:
            count += 1
            file.write(message("nord", str(count), f"L{count}", 40).encode())
        file.write(f"UNZ+{count}+1'".encode())
    path.rename(home.out("nord") / "large.edi")
    daemon = home.start().runs()
    daemon.until(lambda: home.rows("SELECT id FROM receipt"), 120)
    waits = []
    begun = time.monotonic()
    while not home.answers("nord"):
        number = len(waits) + 1
        home.lies("west", f"{number}.edi", order("west", str(number), f"W{number}"))
        laid = time.monotonic()
        daemon.until(lambda number=number: len(home.answers("west")) == number, 60)  # type: ignore[misc]
        waits.append(time.monotonic() - laid)
        time.sleep(2)
        if time.monotonic() - begun > float(os.environ.get("EDI_BRIDGE_TEST_SECONDS", "3600")):
            break
    else:
        assert home.rows("SELECT count(*) FROM message JOIN exchange ON exchange.id = exchange_id"
                         " WHERE message.state = 'posted' AND sender = ?", GLNS["nord"]) == [(count,)]
    print(f"{size / 1e6:.0f} MB, {count} messages; small files: {len(waits)}, slowest {max(waits):.1f} s; memory {memory(daemon.process.pid)} MB")
    assert max(waits) < 5 and memory(daemon.process.pid) <= 200


def test_a_thousand_partners_are_polled_and_a_daemon_with_nothing_to_do_does_next_to_nothing(home: Home) -> None:  # noqa: F811
    partners = int(os.environ.get("EDI_BRIDGE_TEST_PARTNERS", "1000"))
    for number in range(partners):
        GLNS[f"p{number}"] = f"95212{number:07d}0"
        home.partner(f"p{number}", poll="every 5m")
    for name in ("p0", f"p{partners - 1}"):
        home.lies(name, "o.edi", order(name, "1", name.upper()))
    daemon = home.start().runs()
    until_it_runs = seconds_of(daemon.process.pid)
    daemon.until(lambda: home.answers("p0"), 120)
    daemon.until(lambda: home.answers(f"p{partners - 1}"), 120)
    daemon.until(lambda: home.rows("SELECT count(*) FROM channel") == [(partners,)], 120)
    all_polled = seconds_of(daemon.process.pid)
    print(f"{partners} partners: {until_it_runs:.1f} s of a processor until it runs, {all_polled:.1f} s until all were polled, posted and answered")
    assert until_it_runs < 5 and all_polled < 15
    time.sleep(5)
    begun, used = time.monotonic(), seconds_of(daemon.process.pid)
    time.sleep(30)
    share = (seconds_of(daemon.process.pid) - used) / (time.monotonic() - begun)
    print(f"idle with {partners} partners: {share:.2%} of a processor, {memory(daemon.process.pid)} MB")
    assert share < 0.02 and memory(daemon.process.pid) < 150


def test_a_ledger_that_is_locked_stops_the_work_is_told_once_and_is_not_lost(home: Home) -> None:  # noqa: F811
    home.partner("nord")
    daemon = home.start().runs()
    other = sqlite3.connect(home.folder / "edi-bridge.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    home.lies("nord", "o1.edi", order("nord", "417"))
    daemon.until(lambda: "locked by another process" in daemon.says(), 40)
    time.sleep(3)
    assert not home.answers("nord")
    other.execute("ROLLBACK")
    other.close()
    daemon.until(lambda: home.answers("nord"), 40)
    assert home.orders() == {"PO417"} and home.rows("SELECT count(*) FROM receipt") == [(1,)]
    assert sum("locked by another process" in line["says"] for line in daemon.log()) <= 3, daemon.says()
