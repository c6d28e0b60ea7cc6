"""`edi-bridge outbox …`, `send` and `alarm …` on a home that a real run of the daemon filled; states are read by sqlite3."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import exchange_case
import pytest
from cli_case import Run, environment
from exchange_case import Desk, order
from pydifact.segmentcollection import Interchange

sys.path.insert(0, str(Path(__file__).parents[1] / "alarming"))

from alarming_case import hook_server, mail_server  # noqa: E402

INVOICE = {
    "number": "R-1001", "type": "invoice", "issued_on": "2026-11-20", "currency": "EUR", "order_number": "4500017731", "buyer": {"gln": exchange_case.NORD},
    "seller": {"gln": exchange_case.OURS}, "lines": [{"number": "1", "gtin": "9521200002119", "quantity": "48", "unit": "EA", "net_price": "3.19",
                                                      "net_amount": "153.12"}], "totals": {"payable": "153.12"}}


def run_once(home: Path) -> None:
    subprocess.run([sys.executable, "-m", "edi_bridge.cli", "run", "--once", "--home", home], env=environment(), capture_output=True, timeout=60, check=False)


@pytest.fixture(scope="session")
def sending(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one order taken and answered, and an alarm."""
    home = exchange_case.home(tmp_path_factory.mktemp("sending"))
    exchange_case.lay(home, {"nord/out/1.edi": order(), "shared/2.edi": order("500", "4500020000", exchange_case.STRANGER)})
    run_once(home)
    return home


@pytest.fixture
def desk(sending: Path, tmp_path: Path, edi: Run) -> Desk:
    (tmp_path / "invoice.json").write_text(json.dumps(INVOICE))
    return Desk(exchange_case.copied(sending, tmp_path), edi)


def sent(desk: Desk) -> int:
    """An invoice of ours in the outbox."""
    return int(desk.json("send", "invoice.json", "--partner", "nord")["outbox"][0])


def state(desk: Desk, id: int) -> tuple[str, int, str]:
    """(state, tries, next_at)."""
    ((known, tries, next_at),) = desk.rows("SELECT state, tries, next_at FROM outbox WHERE id = ?", id)
    return known, tries, next_at


# --- send


def test_a_record_goes_out_by_the_daemon_with_the_bytes_that_were_frozen(desk: Desk) -> None:
    id = sent(desk)
    raw = desk("outbox", "raw", str(id))
    assert [segment.tag for segment in Interchange.from_str(raw).segments][:2] == ["UNH", "BGM"] and "R-1001" in raw
    assert "waiting" in desk("outbox", "show", str(id)) and "R-1001" in desk("outbox", "show", str(id))
    run_once(desk.home)
    assert state(desk, id)[0] == "sent" and raw in [path.read_text() for path in (desk.home / "nord" / "in").iterdir()]
    shown = desk.json("outbox", "show", str(id))
    assert (shown["messages"][0]["document"], shown["state"]) == ("R-1001", "sent") and shown["due_at"] > shown["sent_at"]


def test_records_from_standard_input_one_a_line(desk: Desk) -> None:
    lines = "\n".join(json.dumps({**INVOICE, "number": f"R-{number}"}) for number in (1, 2))
    assert "2 records · in the outbox: " in desk("send", "-", "--partner", "nord", stdin=lines.encode())


@pytest.mark.parametrize(("record", "words", "more", "code"), [
    ({**INVOICE, "lines": [{**INVOICE["lines"][0], "unit": "wagon"}]}, "nothing goes out", (), 1),  # type: ignore[index]
    ({"number": 1}, "invoice.number", (), 2),
    (INVOICE, "nothing is agreed with nord for sending records of type order", ("--type", "order"), 2),
    (INVOICE, "there are no records of type bill", ("--type", "bill"), 2),
])
def test_what_cannot_go_out_is_said_and_draws_no_number(desk: Desk, tmp_path: Path, record: object, words: str, more: tuple[str, ...], code: int) -> None:
    (tmp_path / "invoice.json").write_text(json.dumps(record))
    before = desk.rows("SELECT * FROM control_number")
    assert words in desk("send", "invoice.json", "--partner", "nord", *more, code=code)
    assert desk.rows("SELECT * FROM control_number") == before and desk.rows("SELECT count(*) FROM outbox WHERE kind = 'document'") == [(0,)]


# --- outbox


def test_the_outbox_is_listed_by_partner_and_state(desk: Desk) -> None:
    id = sent(desk)
    assert [row["id"] for row in desk.json("outbox", "list", "--state", "waiting")] == [id]
    assert re.search(rf"{id} .* nord +INVOIC +\d+ +waiting", desk("outbox", "list"))
    assert "nothing of the kind" in desk("outbox", "list", "--partner", "nobody") and "is not one of" in desk("outbox", "list", "--state", "gone", code=2)


def test_what_is_cancelled_is_not_sent_and_can_be_tried_after_all(desk: Desk) -> None:
    id = sent(desk)
    desk("outbox", "cancel", str(id), "--reason", "sent by e-mail")
    run_once(desk.home)
    assert state(desk, id)[0] == "cancelled" and len(list((desk.home / "nord" / "in").iterdir())) == 1
    assert "is cancelled; this is for" in desk("outbox", "cancel", str(id), "--reason", "x", code=2)
    desk("outbox", "retry", str(id), "--reason", "by EDI after all")
    run_once(desk.home)
    assert state(desk, id)[0] == "sent"
    assert [row[0] for row in desk.rows("SELECT act FROM audit WHERE subject = ? ORDER BY id", f"outbox {id}")] == ["cancel", "retry"]


def test_what_waits_for_others_is_listed_and_taken_out_before_it_goes(desk: Desk) -> None:
    file = desk.home / "partners" / "nord.yaml"
    file.write_text(file.read_text().replace("INVOIC, direction: out}", "INVOIC, direction: out, batch: {count: 5, wait: 4h}}"))
    run_once(desk.home)
    for number in ("R-1", "R-2"):
        (desk.home.parent / f"{number}.json").write_text(json.dumps(INVOICE | {"number": number}))
        desk("send", f"{number}.json", "--partner", "nord")
    first, second = desk.json("outbox", "queued", "--partner", "nord")
    assert (first["record"]["number"], second["record"]["number"]) == ("R-1", "R-2")
    assert re.search(rf"{first['id']} .* nord +edifact/D96A/INVOIC live +R-1 ", desk("outbox", "queued"))
    assert "2 messages for nord (edifact/D96A/INVOIC live) wait to go out together" in desk("outbox", "list")
    assert "R-1 is not sent to nord" in desk("outbox", "unqueue", str(first["id"]), "--reason", "cancelled by telephone")
    assert [one["record"]["number"] for one in desk.json("outbox", "queued")] == ["R-2"]
    ((act, reason, details),) = desk.rows("SELECT act, reason, details FROM audit WHERE subject = 'queue nord edifact/D96A/INVOIC live'")
    assert (act, reason) == ("unqueue", "cancelled by telephone") and json.loads(details)["record"]["number"] == "R-1", "it is kept"
    assert "no record" in desk("outbox", "unqueue", str(first["id"]), "--reason", "x", code=2)
    assert "nothing waits for others" in desk("outbox", "queued", "--partner", "somebody")


def test_a_retry_counts_attempts_anew_and_ends_the_alarm(desk: Desk) -> None:
    id = sent(desk)
    desk.damage(f"UPDATE outbox SET state = 'failed', tries = 20, error = 'their server is away' WHERE id = {id}",
                "INSERT INTO alarm (kind, subject, open, sentence, count, raised_at, last_at, told_at, cleared_at, acknowledged_at, acknowledged_by, comment)"
                f" VALUES ('sending_failed', 'outbox {id}', 'open', 'x', 1, '2026', '2026', '', '', '', '', '')")
    assert "their server is away" in desk("outbox", "list", "--state", "failed")
    desk("outbox", "retry", str(id), "--reason", "it is back")
    assert state(desk, id) == ("waiting", 0, "")
    assert desk.rows("SELECT count(*) FROM alarm WHERE kind = 'sending_failed' AND open = 'open'") == [(0,)]


def test_what_the_partner_lost_is_sent_once_more_with_the_same_bytes_and_its_answer_is_expected_anew(desk: Desk) -> None:
    entry = sent(desk)
    run_once(desk.home)
    (laid,) = [one for one in (desk.home / "nord" / "in").iterdir() if "INVOIC" in one.name]
    content = laid.read_bytes()
    laid.unlink()
    desk.damage(f"UPDATE outbox SET sent_at = '2020-01-01T00:00:00.000000Z', due_at = '2020-01-01T04:00:00.000000Z' WHERE id = {entry}")
    run_once(desk.home)
    assert "acknowledgement_overdue" in desk("alarm", "list", code=1)
    assert "outbox resend sends it once more" in desk("outbox", "retry", str(entry), "--reason", "lost", code=2)
    assert f"entry {entry} is waiting: the daemon sends it" in desk("outbox", "resend", str(entry), "--reason", "they lost it")
    assert "acknowledgement_overdue" not in desk("alarm", "list", code=1)
    run_once(desk.home)
    assert laid.read_bytes() == content and state(desk, entry)[0] == "sent"
    assert desk.rows("SELECT due_at > '2026' FROM outbox WHERE id = ?", entry) == [(1,)] and "they lost it" in desk("outbox", "show", str(entry))
    assert "entry 1 is" not in desk("outbox", "resend", "4711", "--reason", "x", code=2)


def test_a_person_says_whether_an_uncertain_one_arrived(desk: Desk) -> None:
    first, second = sent(desk), sent(desk)
    desk.damage(f"UPDATE outbox SET state = 'uncertain', tries = 3, next_at = '9999', channel = 'nord.folder' WHERE id IN ({first}, {second})")
    assert "--sent or --not-sent" in desk("outbox", "resolve", str(first), "--reason", "x", code=2)
    desk("outbox", "retry", str(first), "--reason", "look again")
    assert state(desk, first) == ("uncertain", 0, "")  # it is looked for before anything is sent again
    desk("outbox", "resolve", str(first), "--sent", "--reason", "their desk has it")
    ((known, at, due),) = desk.rows("SELECT state, sent_at, due_at FROM outbox WHERE id = ?", first)
    assert known == "sent" and at and due > at  # a CONTRL is expected from now on
    desk("outbox", "resolve", str(second), "--not-sent", "--reason", "they have nothing")
    assert state(desk, second) == ("waiting", 0, "")


def test_reports_of_a_network_are_shown(desk: Desk) -> None:
    id = sent(desk)
    desk.damage(f"INSERT INTO network_report (receipt_id, outbox_id, channel, status, sender, receiver, control, group_control, at, words)"
                f" VALUES (1, {id}, 'tradenet', 'refused', '', '', '', '', '2026-11-22T10:00:00Z', 'no mailbox' || char(27) || '[31m')")
    said = desk("outbox", "show", str(id))
    assert re.search(r"2026-11-22 10:00:00 +tradenet +refused +no mailbox\\x1b\[31m", said) and "\x1b" not in said
    assert desk.json("outbox", "show", str(id))["reports"][0]["status"] == "refused"


@pytest.mark.parametrize("words", [("show",), ("raw",), ("retry", "--reason", "x"), ("cancel", "--reason", "x"), ("resolve", "--sent", "--reason", "x")])
def test_an_entry_that_is_not_there_is_said(desk: Desk, words: tuple[str, ...]) -> None:
    assert "there is no entry 4711" in desk("outbox", words[0], "4711", *words[1:], code=2)


# --- alarm


def test_alarms_are_listed_taken_care_of_and_over(desk: Desk) -> None:
    (one,) = desk.json("alarm", "list", code=1)
    assert one["kind"] == "quarantine" and "nobody" not in one["comment"]
    assert "there is no alarm 4711" in desk("alarm", "acknowledge", "4711", "--comment", "x", code=2)
    desk("alarm", "acknowledge", str(one["id"]), "--comment", "asking\x1b[2J them", EDI_BRIDGE_ACTOR="ann")
    said = desk("alarm", "list")
    assert "ann: asking\\x1b[2J them" in said and "\x1b" not in said
    desk("exchange", "reject", str(desk.id("2.")), "--reason", "a stranger")
    assert "no alarm is open" in desk("alarm", "list") and "over" in desk("alarm", "list", "--all")
    assert ("ann", "acknowledge") in desk.rows("SELECT actor, act FROM audit")


def test_what_happened_once_is_over_when_somebody_took_care_of_it(desk: Desk) -> None:
    from edi_bridge.store.alarm import KINDS, ONCE

    desk.damage("DELETE FROM alarm", *(
        f"INSERT INTO alarm (kind, subject, open, sentence, count, raised_at, last_at, told_at, cleared_at, acknowledged_at, acknowledged_by, comment)"
        f" VALUES ('{kind}', 's', 'open', 'it rings', 1, '2026-11-22T10:00:00.000000Z', '', '', '', '', '', '')" for kind in KINDS))
    for number in range(1, len(KINDS) + 1):
        desk("alarm", "acknowledge", str(desk.rows("SELECT id FROM alarm ORDER BY id LIMIT 1 OFFSET ?", number - 1)[0][0]), "--comment", "seen to it")
    assert {one["kind"] for one in desk.json("alarm", "list")} == set(KINDS) - ONCE, "the others are over when their cause is"
    assert re.search(r"acknowledgement_negative +it rings +1 +over, \S+: seen to it", desk("alarm", "list", "--all"))
    (one,) = desk.rows("SELECT id FROM alarm WHERE kind = 'quarantine'")
    assert "say why" in desk("alarm", "acknowledge", str(one[0]), "--comment", " ", code=2)


def test_an_overdue_answer_is_told_as_what_came_instead_of_it(desk: Desk) -> None:
    entry = sent(desk)
    desk.damage("DELETE FROM alarm", f"UPDATE outbox SET state = 'sent', outcome = 'received', sent_at = '2020-01-01T00:00:00.000000Z',"
                f" due_at = '2020-01-01T04:00:00.000000Z' WHERE id = {entry}")
    run_once(desk.home)
    (one,) = [one for one in desk.json("alarm", "list", code=1) if one["kind"] == "acknowledgement_overdue"]
    assert one["sentence"].startswith("nord has only said that it received INVOIC ")


def test_a_test_alarm_says_what_became_of_each_way(desk: Desk) -> None:
    assert "no way is declared" in desk("alarm", "test", code=2)
    with mail_server(None, login=False) as box, hook_server() as hook:
        (desk.home / "settings.yaml").write_text(
            f'alarms:\n  mail: {{host: 127.0.0.1, port: {box.port}, tls: none, from: edi@example.com, to: desk@example.com}}\n'
            f'  webhook: {{url: "{hook.url}", secret: hook}}\n')
        secret = {"EDI_BRIDGE_SECRET_HOOK": "sesame"}
        assert re.search("mail: taken\nwebhook: taken", desk("alarm", "test", **secret)) and len(box.mails) == len(hook.got) == 1
        hook.statuses = [500]
        assert "webhook: the webhook answers 500" in desk("alarm", "test", code=1, **secret)
        assert "there is no secret hook" in desk("alarm", "test", code=1)


def test_the_daemon_tells_people_what_rings(desk: Desk) -> None:
    with mail_server(None, login=False) as box:
        (desk.home / "settings.yaml").write_text(f"alarms:\n  mail: {{host: 127.0.0.1, port: {box.port}, tls: none, from: edi@example.com, to: desk@example.com}}\n")
        run_once(desk.home)
        run_once(desk.home)
        assert len(box.mails) == 1 and "quarantined" in box.mails[0]["Subject"]
