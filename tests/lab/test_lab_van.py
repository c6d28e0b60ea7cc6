"""The network in a box: what it carries where, what it tells, and each thing that its switches let go wrong."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest
from lab_case import Lab, edifact, x12

from edi_bridge.fault import ConfigFault
from edi_bridge.lab import wire
from edi_bridge.lab.account import accounts, spelled
from edi_bridge.lab.switch import Switches, check, store

Start = Callable[..., Lab]


# --- what is carried ------------------------------------------------------------------------------------------------

def test_an_interchange_comes_to_the_mailbox_that_its_envelope_names(lab: Lab) -> None:
    lab.put("we", "order.edi", edifact("417"))
    assert lab.arrived("acme", 1) == [edifact("417")]
    lab.put("acme", "answer.edi", edifact("9", "9521200043594", "9521200034004"))
    assert lab.arrived("we", 1) == [edifact("9", "9521200043594", "9521200034004")]
    assert lab.box("we", "in") == {} and lab.box("acme", "in") == {}


def test_a_file_of_several_interchanges_is_cut_apart(lab: Lab) -> None:
    parts = [edifact("1"), x12(2), edifact("3")]
    lab.put("we", "batch.edi", b"\r\n".join(parts))
    assert [one.rstrip() for one in lab.arrived("acme", 3)] == parts
    assert [path.read_bytes() for path in (lab.folder / "taken").iterdir()] == [b"\r\n".join(parts)]


@pytest.mark.parametrize(("content", "why"), [
    (edifact("1", receiver="4000000000000"), "the receiver is not known in this network"),
    (edifact("1", sender="9521200043594"), "the sender's address is not this mailbox's"),
    (b"hello, here is our order", "no interchange is in the file"), (b"", "no interchange is in the file")])
def test_what_cannot_be_carried_is_refused_and_told(lab: Lab, content: bytes, why: str) -> None:
    lab.put("we", "order.edi", content)
    assert [(status, words) for status, _, words in lab.until(lambda: lab.said("we"))] == [("refused", why)]
    assert lab.box("acme") == {} and lab.said("acme") == []


def test_one_bad_interchange_does_not_hold_its_neighbours(lab: Lab) -> None:
    lab.put("we", "batch.edi", edifact("1") + edifact("2", receiver="unknown") + edifact("3"))
    assert lab.arrived("acme", 2) == [edifact("1"), edifact("3")]
    lab.until(lambda: len(lab.said("we")) == 5)
    assert [(status, control) for status, control, _ in lab.said("we")] == [
        ("network", "1"), ("mailbox", "1"), ("refused", "2"), ("network", "3"), ("mailbox", "3")]


def test_what_is_still_written_is_not_taken(lab: Lab) -> None:
    with lab.sftp("we") as sftp:
        for name in ("a.edi.part", "b.tmp", ".c.edi"):
            with sftp.open(f"/in/{name}", "wb") as out:
                out.write(edifact("1"))
        slow = sftp.open("/in/slow.edi", "wb")
        slow.write(edifact("2")[:50])
        lab.put("we", "whole.edi", edifact("3"))
        assert lab.arrived("acme", 1) == [edifact("3")]
        slow.write(edifact("2")[50:])
        slow.close()
        lab.arrived("acme", 2)
    assert set(lab.box("we", "in")) == {"a.edi.part", "b.tmp", ".c.edi"}


def test_a_file_that_a_person_laid_there_is_taken_when_it_has_settled(lab: Lab) -> None:
    (lab.van.network.box("we", "in") / "by-hand.edi").write_bytes(edifact("1"))
    assert lab.arrived("acme", 1) == [edifact("1")]


@pytest.mark.parametrize("form", ["delimited", "fixed", "ta3"])
def test_every_step_is_told_in_each_form(start: Start, form: str) -> None:
    lab = start(form=form)
    lab.put("we", "order.x12", x12(17))
    lab.arrived("acme", 1)
    with lab.sftp("acme") as sftp:
        (name,) = sftp.listdir("/out")
        assert sftp.open(f"/out/{name}").read() == x12(17)
        sftp.remove(f"/out/{name}")
    steps = ["mailbox", "picked_up"] if form == "ta3" else ["network", "mailbox", "picked_up"]
    lab.until(lambda: len(lab.said("we")) == len(steps))
    assert lab.said("we") == [(step, "000000017", "") for step in steps]
    widths = {len(line) for raw in lab.box("we", "reports").values() for line in raw.decode().split("\r\n") if line}
    assert form != "fixed" or widths == {80}


def test_a_ta3_has_its_elements_in_their_places(start: Start) -> None:
    """X12 004010, segment TA3: 01-02 who reports, 03 reason, 04 segment, 05 control number, 06-07 date and time of the interchange,
    08-11 its parties, 12-14 action, its date and time."""
    lab = start(form="ta3")
    lab.put("we", "order.x12", x12(17))
    raw = lab.until(lambda: lab.box("we", "reports"))["report-000004.ta3"].decode()
    isa, ta3, iea = raw.split("\r\n")[:3]
    assert len(isa) == 106 and isa[:3] == "ISA" and isa[35:50] == "EDIBRIDGELAB   " and isa[51:53] == "ZZ" and isa[54:69] == "NORDWINDUS     "
    cells = ta3.rstrip("~").split("*")
    assert cells[:13] == ["TA3", "ZZ", "EDIBRIDGELAB", "000", "ISA", "000000017", "261102", "0815", "ZZ", "NORDWINDUS", "ZZ", "ACMEHARDWARE", "DL"]
    assert len(cells) == 15 and len(cells[13]) == 8 and len(cells[14]) == 4
    assert iea == f"IEA*0*{isa[90:99]}~"


def test_a_ta1_says_taken_or_refused(start: Start) -> None:
    lab = start(form="ta1")
    lab.put("we", "order.x12", x12(17) + x12(18, receiver="NOBODY"))
    lab.until(lambda: len(lab.said("we")) == 2)
    segments = [line for raw in lab.box("we", "reports").values() for line in raw.decode().split("\r\n") if line.startswith("TA1")]
    assert segments == ["TA1*000000017*261102*0815*A*000~", "TA1*000000018*261102*0815*R*009~"]
    assert [status for status, _, _ in lab.said("we")] == ["network", "refused"]


# --- what goes wrong ------------------------------------------------------------------------------------------------

def test_lost(lab: Lab) -> None:
    lab.set(lost="1")
    lab.put("we", "order.edi", edifact("1") + edifact("2"))
    assert lab.arrived("acme", 1) == [edifact("2")]
    lab.until(lambda: len(lab.said("we")) == 3)
    assert lab.said("we") == [("network", "1", ""), ("network", "2", ""), ("mailbox", "2", "")]


def test_late_and_reported_before_it_is_there(lab: Lab) -> None:
    lab.set(late="1", late_seconds="0.4")
    lab.put("we", "order.edi", edifact("1") + edifact("2"))
    assert lab.arrived("acme", 1) == [edifact("2")]
    assert lab.arrived("acme", 2) == [edifact("2"), edifact("1")]
    lab.set(late="off", report_first="1", late_seconds="0.6")
    lab.put("we", "order.edi", edifact("3"))
    lab.until(lambda: ("mailbox", "3", "") in lab.said("we"))
    assert len(lab.box("acme")) == 2
    lab.arrived("acme", 3)
    assert [one for one in lab.said("we") if one[1] == "3"] == [("network", "3", ""), ("mailbox", "3", "")]


def test_doubled_and_truncated(lab: Lab) -> None:
    lab.set(doubled="1", acme__truncated="1")
    content = edifact("1")
    lab.put("we", "order.edi", content)
    assert lab.arrived("acme", 2) == [content[: len(content) * 2 // 3]] * 2


def test_reordered_until_the_next_one_has_passed(lab: Lab) -> None:
    lab.set(reordered="always", late_seconds="60")
    lab.put("we", "order.edi", edifact("1") + edifact("2") + edifact("3"))
    assert lab.arrived("acme", 2) == [edifact("2"), edifact("1")]
    lab.until(lambda: sum("held back" in line for line in lab.journal()) == 2)
    lab.set(reordered="off")
    lab.put("we", "order.edi", edifact("4"))
    assert lab.arrived("acme", 4)[2:] == [edifact("4"), edifact("3")]


def test_reordered_and_nothing_follows(lab: Lab) -> None:
    lab.set(reordered="1", late_seconds="0.3")
    lab.put("we", "order.edi", edifact("1"))
    assert lab.arrived("acme", 1) == [edifact("1")]


def test_other_delimiters(lab: Lab) -> None:
    lab.set(delimiters="always")
    lab.put("we", "order.edi", edifact("1") + x12(2))
    first, second = lab.arrived("acme", 2)
    assert first == (b"UNA^|.? ~UNB|UNOC^3|9521200034004^14|9521200043594^14|261102^0815|1~UNH|1|ORDERS^D^96A^UN^EAN008~BGM|220|a?+b|9~"
                     b"UNT|3|1~UNZ|1|1~")
    assert second == x12(2).translate(bytes.maketrans(b"*>~", b"|^\x1c"))


def test_no_report(lab: Lab) -> None:
    lab.set(unreported="2")
    lab.put("we", "order.edi", edifact("1") + edifact("2"))
    lab.arrived("acme", 2)
    lab.until(lambda: len(lab.said("we")) == 2)
    assert lab.said("we") == [("network", "2", ""), ("mailbox", "2", "")]


def test_a_line_that_is_cut_while_we_put_leaves_a_part_that_is_not_taken(lab: Lab) -> None:
    lab.set(we__disconnect="1")
    with pytest.raises((OSError, EOFError, paramiko.SSHException)):
        lab.put("we", "order.edi", edifact("1"))
    assert list(lab.box("we", "in").values()) == [edifact("1")[: len(edifact("1")) // 2]]
    lab.put("we", "order.edi", edifact("1"))
    assert lab.arrived("acme", 1) == [edifact("1")] and lab.box("we", "in") == {}


def test_a_part_under_its_last_name_is_not_taken_either(lab: Lab) -> None:
    lab.set(we__disconnect="1")
    with pytest.raises((OSError, EOFError, paramiko.SSHException)):
        lab.sftp("we").open("/in/order.edi", "wb").write(edifact("1"))
    lab.put("we", "other.edi", edifact("2"))
    assert lab.arrived("acme", 1) == [edifact("2")] and list(lab.box("we", "in")) == ["order.edi"]
    with lab.sftp("we").open("/in/order.edi", "wb") as out:
        out.write(edifact("1"))
    assert lab.arrived("acme", 2) == [edifact("2"), edifact("1")]


def test_a_line_that_is_cut_while_we_fetch_leaves_the_file(lab: Lab) -> None:
    content = edifact("1", text="x" * 200_000)
    lab.put("we", "order.edi", content)
    lab.arrived("acme", 1)
    lab.set(disconnect="1", delete_on_read="on")
    (name,) = lab.box("acme")
    with pytest.raises((OSError, EOFError, paramiko.SSHException)):
        lab.sftp("acme").open(f"/out/{name}").read()
    assert list(lab.box("acme").values()) == [content]
    with lab.sftp("acme").open(f"/out/{name}") as file:
        assert file.read() == content
    lab.until(lambda: lab.box("acme") == {})


def test_renaming_is_refused(lab: Lab) -> None:
    lab.set(rename_fails="1")
    with pytest.raises(OSError, match="Failure"):
        lab.put("we", "order.edi", edifact("1"))
    assert list(lab.box("we", "in")) == ["order.edi.part"]
    lab.put("we", "order.edi", edifact("1"))
    lab.arrived("acme", 1)


def test_the_quota_is_used_up(lab: Lab) -> None:
    lab.set(we__full="always")
    with pytest.raises(OSError, match="Failure"):
        lab.put("we", "order.edi", edifact("1"))
    lab.set(we__full="off")
    lab.put("we", "order.edi", edifact("1"))
    lab.arrived("acme", 1)


def test_a_mailbox_that_deletes_on_reading(lab: Lab) -> None:
    lab.put("we", "order.edi", edifact("1"))
    lab.arrived("acme", 1)
    (name,) = lab.box("acme")
    lab.set(acme__delete_on_read="on")
    with lab.sftp("acme") as sftp:
        with sftp.open(f"/out/{name}") as file:
            file.read(10)
        assert sftp.listdir("/out") == [name], "only who read to the end has taken it"
        with sftp.open(f"/out/{name}") as file:
            file.read()
        lab.until(lambda: sftp.listdir("/out") == [])
    lab.until(lambda: ("picked_up", "1", "") in lab.said("we"))


def test_shares_strike_the_same_for_the_same_seed(tmp_path: Path) -> None:
    store(tmp_path, {"lost": "30%"})
    runs = []
    for seed in (1, 1, 2):
        switches = Switches(tmp_path, seed)
        runs.append([switches.strikes("lost", "acme") for _ in range(200)])
    assert runs[0] == runs[1] != runs[2] and 30 < sum(runs[0]) < 90


def test_a_count_that_is_set_again_counts_anew(tmp_path: Path) -> None:
    store(tmp_path, {"lost": "2"})
    switches = Switches(tmp_path)
    assert [switches.strikes("lost", "acme") for _ in range(4)] == [True, True, False, False]
    store(tmp_path, {"acme.lost": "1"})
    assert [switches.strikes("lost", "acme") for _ in range(2)] == [True, False]
    store(tmp_path, {"lost": "2"})
    assert [switches.strikes("lost", "we") for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(("key", "value", "says"), [
    ("lots", "1", "there is no switch lots"), ("lost", "maybe", "a share"), ("lost", "101%", "a share"), ("lost", "0", "a share"),
    ("delete_on_read", "1", "on or off"), ("late_seconds", "-1", "seconds"), ("bmw.lost", "1", "there is no account bmw")])
def test_a_switch_that_is_none(key: str, value: str, says: str) -> None:
    with pytest.raises(ConfigFault, match=says):
        check(key, value, ["we", "acme"])


# --- bytes ----------------------------------------------------------------------------------------------------------

def test_bytes_with_signs_for_everything_are_left_as_they_are() -> None:
    (piece,) = wire.pieces(x12(1).replace(b"A:B", b"|^\x1c:\n"))
    assert wire.rewritten(piece) == piece.raw
    (piece,) = wire.pieces(edifact("1", text="|^~*!%"))
    assert wire.rewritten(piece) == piece.raw


def test_a_una_is_replaced_and_line_breaks_stay() -> None:
    text = "UNA*|,\\ ~\r\nUNB|UNOA*1|A|B|261102*0815|7~\r\nUNZ|0|7~\r\n".encode()
    (piece,) = wire.pieces(text)
    assert wire.rewritten(piece) == b"UNA!^,\\ %UNB^UNOA!1^A^B^261102!0815^7%\r\nUNZ^0^7%\r\n"


@pytest.mark.parametrize(("raw", "left"), [(b"", b""), (b"a", b"a"), (b"ab", b"a"), (b"abcdef", b"abcd")])
def test_truncated(raw: bytes, left: bytes) -> None:
    assert wire.truncated(raw) == left


def test_a_hostile_name_of_a_file_stays_on_its_line(lab: Lab) -> None:
    lab.put("we", "a\nREFUSED,b\x1b[2J\u202e;.edi", edifact("1"))
    assert lab.arrived("acme", 1) == [edifact("1")]
    lab.until(lambda: len(lab.said("we")) == 2)
    assert lab.said("we") == [("network", "1", ""), ("mailbox", "1", "")] and len(lab.journal()) == 2


def test_a_damaged_file_of_switches_is_said_and_the_network_waits(start: Start, tmp_path: Path) -> None:
    lines: list[str] = []
    lab = start(say=lines.append)
    (tmp_path / "switches.json").write_text("{broken")
    (lab.van.network.box("we", "in") / "order.edi").write_bytes(edifact("1"))
    lab.until(lambda: [line for line in lines if "the network waits" in line and "switches.json" in line])
    (tmp_path / "switches.json").write_text("{}")
    assert lab.arrived("acme", 1) == [edifact("1")]
    assert sum("the network waits" in line for line in lines) == 1


# --- who may what ---------------------------------------------------------------------------------------------------

def test_an_account_sees_nothing_but_its_own_folders(lab: Lab) -> None:
    (lab.van.network.box("acme", "out") / "theirs").write_bytes(b"secret of acme")
    (lab.van.network.box("we", "out") / "link").symlink_to(lab.folder / "passwords.json")
    with lab.sftp("we") as sftp:
        assert sorted(sftp.listdir("/")) == sorted(sftp.listdir(".")) == ["done", "in", "out", "reports"]
        for path in ("/../passwords.json", "/in/../../passwords.json", "/../acme/out/theirs", "/out/link", "/host_key", "/in/a/b", "//etc/passwd",
                     str(lab.folder / "passwords.json"), "/acme/out/theirs", "/in", "/", "/boxes", "/out/x\0y"):
            with pytest.raises((OSError, ValueError)):
                sftp.open(path).read()
        for act in (lambda: sftp.mkdir("/in/folder"), lambda: sftp.rmdir("/in"), lambda: sftp.remove("/in"), lambda: sftp.open("/out/new", "wb"),
                    lambda: sftp.rename("/out/link", "/in/link"), lambda: sftp.symlink("/etc/passwd", "/in/x"), lambda: sftp.rename("/in", "/out")):
            with pytest.raises(OSError):
                act()
        with pytest.raises(OSError):
            sftp.listdir("/boxes")


def test_rename_never_writes_over_another_file_and_posix_rename_does(lab: Lab) -> None:
    with lab.sftp("we") as sftp:
        for name in ("a.part", "b.part"):
            with sftp.open(f"/in/{name}", "wb") as out:
                out.write(name.encode())
        with pytest.raises(OSError):
            sftp.rename("/in/a.part", "/in/b.part")
        sftp.posix_rename("/in/a.part", "/in/b.part")
    assert lab.box("we", "in") == {"b.part": b"a.part"}


def test_a_wrong_password_is_refused(lab: Lab) -> None:
    assert lab.van.sftp is not None
    for user, password in (("we", "wrong"), ("we", lab.account("acme").password), ("nobody", ""), ("", "")):
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        with pytest.raises(paramiko.SSHException):
            client.connect("127.0.0.1", lab.van.sftp.port, user, password, allow_agent=False, look_for_keys=False)
        client.close()


def test_openssh_s_own_client_signs_in_with_a_key_and_sees_the_pinned_host_key(lab: Lab, tmp_path: Path) -> None:
    sftp = shutil.which("sftp")
    if sftp is None:
        pytest.fail("OpenSSH's sftp was not found: install the Debian package openssh-client", pytrace=False)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    (lab.folder / "keys").mkdir()
    shutil.copy(tmp_path / "key.pub", lab.folder / "keys" / "we.pub")
    (tmp_path / "order.edi").write_bytes(edifact("1"))
    assert lab.van.sftp is not None
    known = tmp_path / "known"
    done = subprocess.run(
        [sftp, "-q", "-b", "-", "-P", str(lab.van.sftp.port), "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=accept-new",
         "-o", "IdentitiesOnly=yes", "-i", tmp_path / "key", "-F", "none", "we@127.0.0.1"],
        input=f"put {tmp_path}/order.edi /in/order.edi.part\nrename /in/order.edi.part /in/order.edi\nls -1 /\n".encode(), capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert lab.arrived("acme", 1) == [edifact("1")]
    shown = subprocess.run(["ssh-keygen", "-l", "-f", known], capture_output=True, check=True).stdout.decode()
    assert lab.van.fingerprint in shown


@pytest.mark.parametrize("text", ["acme", "acme=", "Acme=ZZ:A", "acme=ZZ:", "../x=ZZ:A", "=ZZ:A"])
def test_accounts_that_are_none(text: str) -> None:
    with pytest.raises(ConfigFault, match="is no account"):
        spelled(text)


def test_an_address_leads_to_one_account(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="would lead to a and to b"):
        accounts(tmp_path, [spelled("a=ZZ:X"), spelled("b=ZZ:X")])
    with pytest.raises(ConfigFault, match="at least two"):
        accounts(tmp_path, [spelled("a=ZZ:X")])


# --- its life -------------------------------------------------------------------------------------------------------

def test_after_a_restart_keys_numbers_and_senders_are_known(start: Start, tmp_path: Path) -> None:
    first = start(folder=tmp_path)
    first.set(late="1", late_seconds="600")
    first.put("we", "order.edi", edifact("1") + edifact("2"))
    first.arrived("acme", 1)
    key, password = first.van.fingerprint, first.account("we").password
    first.van.stop()
    assert (tmp_path / "switches.json").read_text().count('"off"') == 1, "what has struck is not struck again after a restart"
    assert list(first.box("acme").values()) == [edifact("2"), edifact("1")], "what is held back is delivered at the end"
    second = start(folder=tmp_path)
    assert (second.van.fingerprint, second.account("we").password) == (key, password)
    names = list(second.box("acme"))
    with second.sftp("acme") as sftp:
        for name in names:
            sftp.open(f"/out/{name}").read()
    second.until(lambda: {("picked_up", "1", ""), ("picked_up", "2", "")} <= set(second.said("we")))
    second.put("we", "order.edi", edifact("3"))
    second.arrived("acme", 3)
    assert list(second.box("acme"))[:2] == names
    assert (tmp_path / "passwords.json").stat().st_mode & 0o077 == (tmp_path / "host_key").stat().st_mode & 0o077 == 0


def test_many_at_once_all_arrive_once(lab: Lab) -> None:
    import threading

    def send(number: int) -> None:
        for index in range(5):
            lab.put("we", f"{number}-{index}.edi", edifact(f"{number}{index}"))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lab.arrived("acme", 25)) == sorted(edifact(f"{number}{index}") for number in range(1, 6) for index in range(5))
