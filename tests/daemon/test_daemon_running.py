"""The daemon at work, as a process of its own: what comes is posted, answered and sent; nobody waits for somebody else's trouble."""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_case import GLNS, HANGS, Home, got, home, interchange, message, order, until  # noqa: F401

sys.path.insert(0, str(Path(__file__).parents[1] / "transport"))
from lines import closed_port  # noqa: E402
from ssh_lab import Sshd, serving, user  # noqa: E402


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with serving(tmp_path_factory.mktemp("sshd")) as server:
        yield server


def sftp(home: Home, name: str, sshd: Sshd, port: int) -> str:  # noqa: F811
    return (f"  folder: {{kind: sftp, host: 127.0.0.1, port: {port}, user: {user()}, key: ours, host_key: \"{sshd.host_key}\", get: {home.out(name)},"
            f" put: {home.inbox(name)}, poll: every 1s, settle: 0s, timeout: 20s}}\n")


def test_an_order_is_fetched_posted_answered_and_the_answer_sent(home: Home) -> None:  # noqa: F811
    home.partner("nord")
    daemon = home.start().runs()
    home.lies("nord", "o1.edi", order("nord", "417", "4500017731"))
    daemon.until(lambda: home.answers("nord"))
    (answer,) = home.answers("nord")
    # ISO 9735-4 CONTRL: UCI repeats reference, sender and recipient of what is answered; 7 = acknowledged
    assert answer.startswith(f"UNB+UNOC:3+9521200034004:14+{GLNS['nord']}:14+")
    assert f"UCI+417+{GLNS['nord']}:14+9521200034004:14+7'" in answer
    assert home.orders() == {"4500017731"}
    daemon.until(lambda: not any(home.out("nord").iterdir()) or [*home.out("nord").iterdir()][0].name == ".claimed")
    daemon.until(lambda: home.rows("SELECT state FROM outbox") == [("sent",)])
    assert daemon.terminate() == 0
    posted = [line for line in daemon.log() if line.get("exchange")]
    assert [(line["receipt"], line["exchange"], line["level"]) for line in posted] == [(1, 1, "info")]
    assert "BGM" not in daemon.says() and "4500017731" not in daemon.says(), "payload in the log"


def test_an_order_comes_and_is_answered_over_sftp(home: Home, sshd: Sshd) -> None:  # noqa: F811
    home.partner("nord", channels=sftp(home, "nord", sshd, sshd.ports["full"]))
    home.secret("ours", (sshd.folder.parent / "ours").read_text())
    home.lies("nord", "o1.edi", order("nord", "417"))
    daemon = home.start().runs()
    daemon.until(lambda: home.answers("nord"))
    assert home.orders() == {"PO417"} and not any(home.out("nord").iterdir())
    assert daemon.terminate() == 0


def test_a_changed_host_key_rings_until_it_is_trusted_and_what_waited_for_it_goes_out(home: Home, sshd: Sshd) -> None:  # noqa: F811
    other = sftp(home, "nord", sshd, sshd.ports["full"]).replace(sshd.host_key, f"SHA256:{'A' * 43}").replace(f"get: {home.out('nord')}, ", "")
    home.partner("nord", channels=f"  in: {{kind: directory, get: {home.out('nord')}, poll: every 1s, settle: 0s}}\n" + other)
    home.secret("ours", (sshd.folder.parent / "ours").read_text())
    home.lies("nord", "o1.edi", order("nord", "417"))
    daemon = home.start().runs()
    daemon.until(lambda: home.rows("SELECT subject FROM alarm WHERE kind = 'trust' AND open = 'open'") == [("channel nord.folder",)])
    assert home.rows("SELECT state, tries FROM outbox") == [("waiting", 0)] and home.answers("nord") == []
    assert sshd.host_key in daemon.says() and "it may be somebody else" in daemon.says()
    assert home.command("partner", "trust", "nord", "--yes", "--reason", "called back") == 0
    daemon.until(lambda: home.answers("nord"))
    daemon.until(lambda: home.rows("SELECT kind FROM alarm WHERE kind <> 'disk' AND open = 'open'") == [])
    daemon.until(lambda: home.rows("SELECT state, tries FROM outbox") == [("sent", 1)])


def test_a_server_that_never_answers_delays_nobody_else(home: Home) -> None:  # noqa: F811
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never says a word
        hung = (f"  folder: {{kind: sftp, host: 127.0.0.1, port: {silent.getsockname()[1]}, user: x, password: none, host_key: \"SHA256:{'A' * 43}\","
                " get: /out, put: /in, poll: every 1s, timeout: 60s}\n")
        home.partner("west", channels=hung)
        home.partner("nord")
        daemon = home.start(EDI_BRIDGE_SECRET_NONE="none").runs()
        silent.accept()
        begun = time.monotonic()
        home.lies("nord", "o1.edi", order("nord", "417"))
        daemon.until(lambda: home.answers("nord"))
        assert time.monotonic() - begun < 30  # and not the 60 of the timeout
        begun = time.monotonic()
        assert daemon.terminate() == 0
        assert time.monotonic() - begun < 30


def test_two_hundred_small_files_become_as_many_orders_and_answers(home: Home) -> None:  # noqa: F811
    home.partner("nord")
    for number in range(1, 201):
        home.lies("nord", f"{number}.edi", order("nord", str(number)))
    daemon = home.start("--once")
    assert daemon.process.wait(HANGS) == 0, daemon.says()
    assert home.orders() == {f"PO{number}" for number in range(1, 201)}
    answers = "".join(home.answers("nord"))
    assert answers.count("UNZ+") == 200 and all(f"UCI+{number}+" in answers for number in range(1, 201))
    assert home.rows("SELECT count(DISTINCT control) FROM outbox WHERE state = 'sent'") == [(200,)]


def test_another_partner_s_small_file_passes_a_large_one(home: Home) -> None:  # noqa: F811
    home.partner("nord")
    home.partner("west")
    large = interchange("nord", "1", [message("nord", str(number), f"L{number}", 40) for number in range(1, 6001)])
    home.lies("nord", "large.edi", large)  # about ten megabytes: well over ten seconds of work
    daemon = home.start().runs()
    daemon.until(lambda: home.rows("SELECT id FROM receipt"))
    waits = []
    for number in range(1, 4):
        home.lies("west", f"{number}.edi", order("west", str(number), f"W{number}"))
        begun = time.monotonic()
        daemon.until(lambda number=number: len(home.answers("west")) == number)  # type: ignore[misc]
        waits.append(round(time.monotonic() - begun, 2))
    assert not home.answers("nord"), "the large one was through already: nothing was tried"
    print("seconds until the answer to a small file:", waits)
    assert min(waits) < 5  # as promised; a machine that does much else may let one of them wait


def test_a_file_that_grows_is_taken_when_it_is_whole(home: Home) -> None:  # noqa: F811
    home.partner("nord", channels=f"  folder: {{kind: directory, get: {home.out('nord')}, put: {home.inbox('nord')}, poll: every 1s, settle: 4s}}\n")
    daemon = home.start().runs()
    content = order("nord", "417")
    with (home.out("nord") / "slow.edi").open("wb") as file:
        for cut in range(0, len(content), len(content) // 6):
            file.write(content[cut: cut + len(content) // 6])
            file.flush()
            time.sleep(0.3)
    daemon.until(lambda: home.answers("nord"))
    assert home.rows("SELECT size FROM receipt") == [(len(content),)] and home.orders() == {"PO417"}


def test_a_partner_that_posts_gets_its_receipt_and_its_answer(home: Home) -> None:  # noqa: F811
    home.partner("nord", channels="  post: {kind: http-in, user: nord, password: nord_in}\n"
                 f"  folder: {{kind: directory, put: {home.inbox('nord')}}}\n")
    port = closed_port()
    daemon = home.start("--listen", f"127.0.0.1:{port}", listen=True, EDI_BRIDGE_SECRET_NORD_IN="horse 7").runs()
    head = {"Authorization": "Basic " + base64.b64encode(b"nord:horse 7").decode(), "Content-Type": "application/EDIFACT"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/in/nord.post", data=order("nord", "417"), headers=head)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert (answer.status, json.loads(answer.read())["receipt"]) == (201, "1")
    daemon.until(lambda: home.answers("nord"))
    assert home.orders() == {"PO417"}
    status, page = got(f"http://127.0.0.1:{port}/health")
    assert status == 200 and json.loads(page)["ok"] is True
    until(lambda: 'edi_bridge_outbox{state="sent"} 1.0' in got(f"http://127.0.0.1:{port}/metrics")[1])
    figures = got(f"http://127.0.0.1:{port}/metrics")[1]
    for line in ('edi_bridge_receipts_total{channel="nord.post"} 1.0', 'edi_bridge_messages_total{state="posted"} 1.0',
                 'edi_bridge_exchanges_total{state="done"} 1.0', "edi_bridge_waiting_receipts 0.0", "edi_bridge_oldest_waiting_seconds 0.0",
                 "edi_bridge_database_up 1.0"):
        assert line in figures.splitlines(), figures


def test_a_partner_that_is_added_while_it_runs_is_served_and_a_wrong_file_changes_nothing(home: Home) -> None:  # noqa: F811
    home.partner("nord")
    daemon = home.start().runs()
    (home.folder / "partners" / "west.yaml").write_text("partner: west\nsilense: []\n")
    daemon.until(lambda: "cannot be used like that" in daemon.says())
    assert "silense" in daemon.says()
    daemon.until(lambda: home.rows("SELECT kind FROM alarm WHERE kind = 'configuration' AND open = 'open'"))
    home.lies("nord", "o1.edi", order("nord", "1"))
    daemon.until(lambda: home.answers("nord"))
    home.partner("west")
    home.lies("west", "o2.edi", order("west", "2"))
    daemon.until(lambda: home.answers("west"))
    assert home.orders() == {"PO1", "PO2"}
    daemon.until(lambda: not home.rows("SELECT kind FROM alarm WHERE kind = 'configuration' AND open = 'open'"))
    assert sum("cannot be used like that" in line["says"] for line in daemon.log() if line["says"][:5] != "alarm") == 1


def test_once_tells_in_a_line_what_it_did_and_what_was_refused(home: Home) -> None:  # noqa: F811
    home.partner("nord")
    home.lies("nord", "o1.edi", order("nord", "1"))
    daemon = home.start("--once")
    assert daemon.process.wait(HANGS) == 0
    assert daemon.process.stdout is not None and daemon.process.stdout.read() == b"1 file taken \xc2\xb7 messages: 1 posted \xc2\xb7 1 sent\n"
    home.lies("nord", "o2.edi", b"this is no message")
    refused = home.start("--once")
    assert refused.process.wait(HANGS) == 1
    assert refused.process.stdout is not None and b"1 refused" in refused.process.stdout.read()


def test_a_channel_that_fails_is_told_once_and_rings_after_the_third_time(home: Home) -> None:  # noqa: F811
    home.partner("nord", channels=f"  folder: {{kind: directory, get: {home.place}/nowhere, poll: every 1s, settle: 0s}}\n")
    daemon = home.start().runs()
    daemon.until(lambda: home.rows("SELECT failures FROM channel WHERE failures >= 3"))
    daemon.until(lambda: ("channel", "channel nord.folder") in home.rows("SELECT kind, subject FROM alarm WHERE open = 'open'"))
    assert sum("is not there" in line["says"] for line in daemon.log() if line["says"][:5] != "alarm") == 1
    os.mkdir(home.place / "nowhere")
    daemon.until(lambda: "works again" in daemon.says())
    daemon.until(lambda: not home.rows("SELECT kind FROM alarm WHERE kind = 'channel' AND open = 'open'"))
