"""`edi-bridge exchange …` as a person at the desk uses it, on a home that a real run of the daemon filled. What became of things is
read from the database by sqlite3, never through the program."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import exchange_case
import pytest
from cli_case import Run, environment
from exchange_case import Desk, order

TRIGGERS = ("DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete")


@pytest.fixture(scope="session")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after one round of the daemon."""
    home = exchange_case.home(tmp_path_factory.mktemp("morning"))
    for number, (name, text) in enumerate(exchange_case.FILES.items()):
        path = home / name
        path.write_text(text)
        os.utime(path, (1_790_000_000 + number, 1_790_000_000 + number))
    done = subprocess.run([sys.executable, "-m", "edi_bridge.cli", "run", "--once", "--home", home], capture_output=True, env=environment(),
                          timeout=60, check=False)
    assert done.returncode == 1, done.stderr.decode()
    return home


@pytest.fixture
def desk(morning: Path, tmp_path: Path, edi: Run) -> Desk:
    return Desk(exchange_case.copied(morning, tmp_path), edi)


def run_once(desk: Desk) -> str:
    """A round of the daemon, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "edi_bridge.cli", "run", "--once", "--home", desk.home], capture_output=True, env=environment(),
                          timeout=60, check=False)
    return (done.stdout + done.stderr).decode()


# --- looking


def test_the_list_says_what_became_of_each(desk: Desk) -> None:
    said = desk("exchange", "list")
    for words in (r"nord +417 .* done +order 4500017731", r"14:9521200077025 +500 .* quarantined: nobody knows", r"417 .* quarantined: its control number"
                  r" came before", r"418 .* held", r"419 .* rejected"):
        assert re.search(words, said), (words, said)


def test_exchanges_are_found_by_everything_that_a_person_knows(desk: Desk) -> None:
    def found(*words: str) -> list[str]:
        return [row["control"] for row in desk.json("exchange", "list", *words)]

    assert found("--document", "4500017731") == ["417"]
    assert found("--control", "000419") == ["419"]
    assert found("--partner", exchange_case.STRANGER) == ["500"]
    assert found("--state", "held") == ["418"]
    assert found("--text", "must be a NUMBER") == ["420"]
    assert found("--text", "100%_such") == [] and found("--until", "2020-01-01") == []
    newest = desk.json("exchange", "list", "--limit", "1")[0]["id"]
    assert all(row["id"] < newest for row in desk.json("exchange", "list", "--before", str(newest)))


def test_a_misspelled_state_or_day_is_refused_and_finds_not_simply_nothing(desk: Desk) -> None:
    assert "there is no state quarantine; they are open, done" in desk("exchange", "list", "--state", "quarantine", code=2)
    for option in ("--since", "--until"):
        assert "yesterday is no day such as 2026-11-01" in desk("exchange", "list", option, "yesterday", code=2)
    for since, found in (("2020-01-01T08:00", 2), ("20200101", 2), ("2020-01-01T08:00+01:00", 2), ("2120-01-01", 0)):
        assert len(desk.json("exchange", "list", "--since", since, "--state", "posted")) == found
    assert all(isinstance(one["versions"], dict) for one in desk.json("exchange", "list")), "data, not text within data"


def test_a_finding_is_shown_with_its_place_in_words_and_as_data(desk: Desk) -> None:
    wrong = desk.id("6-")
    assert re.search(r"wrong_character_type +segment 7 \(QTY\) › element 1\.2 › SG25/QTY/C186\.6060 +must be a number, found many", desk("exchange", "show", str(wrong)))
    place = desk.json("exchange", "show", str(wrong))["findings"][0]["position"]
    assert (place["segment"], place["tag"], place["element"], place["component"]) == (7, "QTY", 1, 2)


def test_what_a_partner_wrote_stays_on_its_line(desk: Desk) -> None:
    said = desk("exchange", "show", str(desk.id("7-"))) + desk("exchange", "list") + desk("alarm", "list", code=1)
    assert "\x1b" not in said and "\\x1b[31m" in said


def test_raw_gives_the_bytes_of_one_interchange_or_of_the_file(desk: Desk) -> None:
    second = desk.rows("SELECT e.id FROM exchange e JOIN receipt r ON r.id = e.receipt_id WHERE r.name = '8-two.edi' AND e.ordinal = 2")[0][0]
    assert desk("exchange", "raw", str(second)) == order("422", "4500017751", close="999")
    assert desk("exchange", "raw", str(second), "--whole") == order("421", "4500017750") + order("422", "4500017751", close="999")


def test_record_reads_the_bytes_again(desk: Desk) -> None:
    record = json.loads(desk("exchange", "record", str(desk.id("1-"))))
    assert (record["number"], record["lines"][0]["quantity"]) == ("4500017731", "48")


@pytest.mark.parametrize("command", [("show",), ("raw",), ("record",), ("replay",), ("release", "--reason", "x"), ("reject", "--reason", "x"),
                                     ("resend", "--reason", "x"), ("replay", "--apply", "--reason", "x"), ("hold", "--until", "2036-12-31", "--reason", "x")])
def test_an_exchange_that_is_not_there_is_said(desk: Desk, command: tuple[str, ...]) -> None:
    assert "there is no exchange 4711" in desk("exchange", command[0], "4711", *command[1:], code=2)


# --- acting


def test_an_unknown_sender_is_released_for_a_partner(desk: Desk) -> None:
    unknown = desk.id("2-")
    assert "4500020000" not in desk.orders()
    assert "acmee" in desk("exchange", "release", str(unknown), "--partner", "acmee", "--reason", "theirs", code=2)
    assert re.search(rf"{unknown} +done +order 4500020000", desk("exchange", "release", str(unknown), "--partner", "nord", "--reason", "new address"))
    assert "4500020000" in desk.orders()
    shown = desk.json("exchange", "show", str(unknown))
    assert [(one["act"], one["reason"], one["details"]) for one in shown["acts"]] == [("release", "new address", '{"partner": "nord"}')]
    assert desk.rows("SELECT open FROM alarm WHERE subject = ?", f"exchange {unknown}") != [("open",)]
    # its control number is used now: the same number with other content is a conflict, not new
    exchange_case.lay(desk.home, {"shared/9-later.edi": order("500", "4500020001", exchange_case.STRANGER)})
    run_once(desk)
    assert "4500020001" not in desk.orders()


def test_held_content_is_released_once(desk: Desk) -> None:
    held = desk.id("3-")
    desk("exchange", "release", str(held), "--reason", "by phone: a second delivery")
    assert desk.state(held) == "done"
    assert "is done: nothing of it waits" in desk("exchange", "release", str(held), "--reason", "again", code=2)


def test_a_conflict_is_rejected_and_nothing_of_it_is_posted(desk: Desk) -> None:
    conflict = desk.id("4-")
    desk("exchange", "reject", str(conflict), "--reason", "sent by mistake")
    assert desk.state(conflict) == "discarded" and "4500019999" not in desk.orders()
    assert "rejected by" in desk("exchange", "show", str(conflict)) and "nothing of it waits" in desk("exchange", "reject", str(conflict), "--reason", "x", code=2)
    desk("exchange", "audit")


def test_a_faulty_file_is_fixed_by_an_edited_copy(desk: Desk, tmp_path: Path) -> None:
    wrong, copy = desk.id("5-"), tmp_path / "mended.edi"
    copy.write_text(desk("exchange", "raw", str(wrong)))
    assert "nothing in it was changed" in desk("exchange", "fix", str(wrong), "--with", str(copy), "--reason", "x", code=2)
    copy.write_text(copy.read_text().replace("UNT+12", "UNT+11"))
    (made,) = desk.json("exchange", "fix", str(wrong), "--with", str(copy), "--reason", "UNT counted one too many")
    assert (made["state"], made["copy_of"], made["control"]) == ("done", wrong, "419") and "4500017740" in desk.orders()
    assert desk.state(wrong) == "discarded" and "copy of" in desk("exchange", "show", str(made["id"]))
    assert "is discarded" in desk("exchange", "fix", str(wrong), "--with", str(copy), "--reason", "again", code=2)
    assert "holds" in desk("exchange", "replay", str(wrong), "--apply", "--reason", "again", code=2)
    desk("exchange", "audit")


def test_a_fix_may_need_a_second_person(desk: Desk, tmp_path: Path) -> None:
    (desk.home / "settings.yaml").write_text("second_person: true\n")
    copy = tmp_path / "mended.edi"
    copy.write_text(order("419", "4500017740"))
    words = ("exchange", "fix", str(desk.id("5-")), "--with", str(copy), "--reason", "x")
    assert "--second" in desk(*words, code=2)
    assert "--second" in desk(*words, "--second", "ann", code=2, EDI_BRIDGE_ACTOR="ann")
    desk(*words, "--second", "bob", EDI_BRIDGE_ACTOR="ann")
    assert ("ann", "fix") in desk.rows("SELECT actor, act FROM audit") and '"second": "bob"' in desk.rows("SELECT details FROM audit WHERE act = 'fix'")[0][0]


def test_replay_shows_the_difference_and_does_it_when_asked(desk: Desk) -> None:
    wrong = desk.id("6-")
    assert "nothing would be another" in desk("exchange", "replay", str(wrong))
    (desk.home / "partners" / "nord.yaml").write_text(exchange_case.PARTNER + "findings:\n  wrong_character_type: note\n")
    difference = desk.json("exchange", "replay", str(wrong))
    assert [(one["then"], one["now"]) for one in difference] == [("rejected", "posted")] and desk.state(wrong) == "rejected"
    assert "1 message would be posted now" in desk("exchange", "replay", str(wrong))
    desk("exchange", "replay", str(wrong), "--apply", code=2)
    desk("exchange", "replay", str(wrong), "--apply", "--reason", "agreed that quantities are texts")
    assert desk.state(wrong) == "done" and "4500017741" in desk.orders()
    assert "everything of exchange" in desk("exchange", "replay", str(wrong), "--apply", "--reason", "again", code=2)


def test_a_refused_envelope_is_tried_again_without_its_neighbours(desk: Desk) -> None:
    first, second = (row[0] for row in desk.rows(
        "SELECT e.id FROM exchange e JOIN receipt r ON r.id = e.receipt_id WHERE r.name = '8-two.edi' ORDER BY e.ordinal"))
    assert (desk.state(first), desk.state(second)) == ("done", "rejected")
    before = desk.rows("SELECT count(*) FROM exchange")[0][0]
    (made,) = desk.json("exchange", "replay", str(second), "--apply", "--reason", "look again", code=1)
    assert (made["state"], made["copy_of"], made["size"]) == ("rejected", second, len(order("422", "4500017751", close="999")))
    assert desk.rows("SELECT count(*) FROM exchange")[0][0] == before + 1 and desk.state(second) == "discarded"
    desk("exchange", "audit")


def test_answers_are_sent_again_byte_for_byte_and_never_doubled(desk: Desk) -> None:
    good = desk.id("1-")
    (first,) = [one["id"] for one in desk.json("exchange", "show", str(good))["answers"]]
    assert "in the outbox" in desk("exchange", "resend", str(good), "--reason", "they lost our CONTRL")
    run_once(desk)
    assert "in the outbox" in desk("exchange", "resend", str(good), "--reason", "and again")
    entries = desk.rows("SELECT sha256, control FROM outbox WHERE exchange_id = ?", good)
    assert len(entries) == 3 and len(set(entries)) == 1
    again = [one["id"] for one in desk.json("exchange", "show", str(good))["answers"]][-1]
    assert desk("outbox", "raw", str(again)) == desk("outbox", "raw", str(first))
    assert "still on its way" in desk("exchange", "resend", str(good), "--reason", "third", code=2)
    assert "no answer went out" in desk("exchange", "resend", str(desk.id("2-")), "--reason", "x", code=2)


def test_an_act_needs_a_reason_that_says_something(desk: Desk) -> None:
    held = str(desk.id("3-"))
    assert "--reason" in desk("exchange", "release", held, code=2) and "say why" in desk("exchange", "release", held, "--reason", "  ", code=2)
    assert desk.state(int(held)) == "held"


@pytest.mark.parametrize(("file", "says"), [("run.lock", "runs here already"), ("edi-bridge.sqlite.lock", "a daemon works on sqlite:///")])
def test_where_a_daemon_runs_the_act_is_left_to_it(desk: Desk, file: str, says: str) -> None:
    """On this home, or on another over the same database."""
    import fcntl

    held = desk.id("3-")
    with (desk.home / file).open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "the daemon or worker that is at work goes on with it" in desk("exchange", "release", str(held), "--reason", "by phone")
        assert desk.state(held) == "open"
        assert says in desk("exchange", "purge", "--older-than", "1", "--apply", "--reason", "x", code=2)
    assert run_once(desk) and desk.state(held) == "done"


def test_a_file_in_which_the_program_stopped_twice_is_released_or_rejected(desk: Desk) -> None:
    receipt = desk.rows("SELECT id FROM receipt WHERE name = '3-same-content.edi'")[0][0]
    held = desk.id("3-")
    poison = (f"UPDATE receipt SET state = 'quarantined', starts = 3 WHERE id = {receipt}", f"UPDATE exchange SET state = 'open' WHERE id = {held}",
              f"DELETE FROM finding WHERE exchange_id = {held}", f"DELETE FROM message WHERE exchange_id = {held}")
    desk.damage(*poison)
    desk("exchange", "reject", str(receipt), "--receipt", "--reason", "it is a bomb")
    assert desk.state(held) == "discarded"
    desk("exchange", "audit")
    desk.damage(*poison)
    desk("exchange", "release", str(receipt), "--receipt", "--reason", "mended", code=1)  # held again: its content came before
    assert desk.state(held) == "held"
    assert "no receipt" in desk("exchange", "release", str(receipt), "--receipt", "--reason", "x", code=2)


# --- retention


def test_purge_removes_what_is_old_and_finished_and_keeps_what_is_held(desk: Desk) -> None:
    later = {"EDI_BRIDGE_CLOCK": "2027-06-01T10:00:00Z"}
    good, wrong, two = desk.id("1-"), desk.id("5-"), desk.id("8-")
    sums = {id: desk.rows("SELECT r.sha256 FROM receipt r JOIN exchange e ON e.receipt_id = r.id WHERE e.id = ?", id)[0][0] for id in (good, wrong, two)}
    files = {id: desk.home / "archive" / one[:2] / one for id, one in sums.items()}
    assert "under legal hold" not in desk("exchange", "hold", str(wrong), "--until", "2036-12-31", "--reason", "lawsuit")
    assert "until 2036-12-31" in desk("exchange", "show", str(wrong)) and "is of the form" in desk("exchange", "hold", "1", "--until", "soon", "--reason", "x", code=2)
    assert "nothing from before" in desk("exchange", "purge", "--older-than", "365", **later)
    assert "--reason" in desk("exchange", "purge", "--older-than", "90", "--apply", code=2, **later)
    said = desk("exchange", "purge", "--older-than", "90", **later)
    assert "3 files" in said and "5 files under legal hold or not finished" in said and all(file.exists() for file in files.values()), said
    desk("exchange", "purge", "--older-than", "90", "--apply", "--reason", "retention", **later)
    assert [file.exists() for file in files.values()] == [False, True, False]
    assert "missing" in desk("exchange", "raw", str(good), code=1) and re.search("done +order 4500017731", desk("exchange", "list"))
    desk("exchange", "audit")
    desk("exchange", "hold", str(wrong), "--until", "", "--reason", "lawsuit is over")
    desk("exchange", "purge", "--older-than", "90", "--apply", "--reason", "retention", **later)
    assert not files[wrong].exists() and desk.rows("SELECT count(*) FROM audit WHERE act = 'purge'") == [(2,)]
    desk("exchange", "audit")


# --- is everything there


def test_the_audit_counts_every_message_where_it_is(desk: Desk) -> None:
    account = desk.json("exchange", "audit")
    assert account["balanced"] and account["received"] == sum(account["messages"].values()) == 8
    assert account["messages"] == {"posted": 2, "quarantined": 3, "rejected": 3}
    assert "everything that came is there" in desk("exchange", "audit")


def _altered(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"4500017731", b"4500017732"))


def test_the_audit_finds_an_altered_and_a_missing_file_of_the_archive(desk: Desk) -> None:
    digest = desk.rows("SELECT sha256 FROM receipt WHERE name = '1-good.edi'")[0][0]
    path = desk.home / "archive" / digest[:2] / digest
    _altered(path)
    assert re.search(r"receipt \d+: .* was altered", desk("exchange", "audit", code=1))
    desk("exchange", "audit", "--quick")
    path.unlink()
    assert re.search(r"receipt \d+: .* is missing", desk("exchange", "audit", code=1))


@pytest.mark.parametrize(("statements", "words"), [
    (("DELETE FROM message WHERE exchange_id = {good}",), "exchange {good} (done) came with 1 messages, and 0 have their row"),
    (("DELETE FROM exchange WHERE id = {good}",), "exchange {good} is missing"),
    (("DELETE FROM receipt WHERE id = (SELECT receipt_id FROM exchange WHERE id = {good})",), "is missing, and exchange {good} came in it"),
    (("DELETE FROM message_document",), "no document of it is in the CRM"),
    (("DELETE FROM sales_order",), "is not in the CRM"),
    (("DELETE FROM message WHERE exchange_id = {two}", "DELETE FROM exchange WHERE id = {two}"), "held at least 2 interchanges, and 1 have their row"),
    (("UPDATE outbox SET content = x'00' WHERE id = 1",), "outbox 1: its bytes are no longer those that were frozen"),
    ((*TRIGGERS, "UPDATE audit SET reason = 'all well' WHERE id = 1"), "entry 1 of the audit log"),
    ((*TRIGGERS, "DELETE FROM audit WHERE id = 1"), "one before it is missing or was changed"),
])
def test_the_audit_says_what_is_missing(desk: Desk, statements: tuple[str, ...], words: str) -> None:
    desk("exchange", "hold", "1", "--until", "2036-12-31", "--reason", "lawsuit")
    desk("exchange", "hold", "1", "--until", "", "--reason", "over")
    desk("exchange", "audit")
    ids = {"good": desk.id("1-"), "two": desk.id("8-")}
    desk.damage(*(one.format(**ids) for one in statements))
    assert words.format(**ids) in desk("exchange", "audit", code=1)


def test_the_database_itself_refuses_to_change_the_audit_log(desk: Desk) -> None:
    desk("exchange", "hold", "1", "--until", "2036-12-31", "--reason", "lawsuit")
    for statement in ("UPDATE audit SET reason = 'x'", "DELETE FROM audit"):
        with pytest.raises(exchange_case.sqlite3.IntegrityError):
            desk.damage(statement)


# --- the head of the audit log, noted elsewhere


def _acts(desk: Desk, *untils: str) -> str:
    """Legal holds, each a row of the log; its head afterwards, as a person reads it off the screen."""
    for until in untils:
        desk("exchange", "hold", "1", "--until", until, "--reason", "lawsuit")
    said = re.search(r"audit log: (\d+) entries, head ((\d+):[0-9a-f]{64})$", desk("exchange", "audit", "--quick"), re.M)
    assert said is not None and said[1] == said[3] == str(desk.rows("SELECT count(*) FROM audit")[0][0])
    assert said[2].endswith(":" + desk.rows("SELECT hash FROM audit ORDER BY id DESC LIMIT 1")[0][0])
    return said[2]


def test_an_end_that_was_cut_off_is_found_by_a_head_that_was_noted(desk: Desk) -> None:
    first = _acts(desk, "2036-12-31")
    last = _acts(desk, "2037-12-31", "2038-12-31")
    desk("exchange", "audit", "--quick", "--head", first, "--head", last)  # what stood then stands still
    assert desk.json("exchange", "audit", "--quick", "--head", first)["head"] == last
    desk.damage(*TRIGGERS, "DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)")
    desk("exchange", "audit", "--quick", "--head", first)  # the chain itself cannot tell …
    says = desk("exchange", "audit", "--quick", "--head", first, "--head", last, code=1)
    count = int(last.partition(":")[0])
    assert f"the audit log has {count - 1} entries, and {count} were noted in {last}: its end was cut off" in says
    desk("exchange", "hold", "1", "--until", "", "--reason", "over")  # … and neither when it has grown again
    desk("exchange", "audit", "--quick")
    assert f"entry {count} of the audit log" in (says := desk("exchange", "audit", "--quick", "--head", last, code=1)) and "is not the one that was noted" in says


def test_a_log_that_was_written_anew_with_right_hashes_is_found_by_a_head_that_was_noted(desk: Desk) -> None:
    noted = _acts(desk, "2036-12-31", "2037-12-31")
    rows = desk.rows("SELECT id, at, actor, act, subject, reason, details FROM audit ORDER BY id")
    statements, before = list(TRIGGERS), ""
    for id, *fields in rows:
        fields[4] = fields[4].replace("lawsuit", "nothing")
        hash = hashlib.sha256(json.dumps([*fields, before]).encode()).hexdigest()
        statements.append(f"UPDATE audit SET reason = '{fields[4]}', before = '{before}', hash = '{hash}' WHERE id = {id}")
        before = hash
    desk.damage(*statements)
    desk("exchange", "audit", "--quick")
    assert "is not the one that was noted" in desk("exchange", "audit", "--quick", "--head", noted, code=1)
    assert "a count, a colon and 64 digits" in desk("exchange", "audit", "--head", "12:abc", code=2)


def test_backups_have_noted_the_head_and_the_check_compares_them_all(desk: Desk, tmp_path: Path) -> None:
    heads = []
    for number, until in enumerate(("2036-12-31", "2037-12-31")):
        heads.append(_acts(desk, until))
        assert f"head of the audit log: {heads[-1]}" in desk("store", "backup", str(tmp_path / "backups"), EDI_BRIDGE_CLOCK=f"2026-11-2{number}T10:00:00Z")
    assert "compared with 2 noted earlier" in desk("store", "check", "--quick", "--backup", str(tmp_path / "backups"))
    desk.damage(*TRIGGERS, "DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)")
    says = desk("store", "check", "--quick", "--backup", str(tmp_path / "backups"), code=1)
    assert re.search(r"and \d+ were noted in edi-bridge-20261121T\d+Z\.zip: its end was cut off", says)
    one = next((tmp_path / "backups").glob("edi-bridge-20261120*.zip"))
    assert "cut off" not in desk("store", "check", "--quick", "--backup", str(one))
    assert "no backup in this folder" in desk("store", "check", "--backup", str(desk.home), code=2)
