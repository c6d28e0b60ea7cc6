"""Reports of networks: expectations written by hand from the forms' own descriptions (X12 004010 TA1, TA3, I40, I43; the columns
of an Inovisworks audit line), each line accounted for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge.fault import ConfigFault
from edi_bridge.network_report import Report, read_report
from edi_bridge.report_layout import READY, TA1, TA3, Status, layout_of
from edi_bridge.report_time import TimeForm

ISA = "ISA*00*          *00*          *ZZ*TRADENET       *01*NORDWIND       *261122*0315*U*00401*000000044*0*P*>~"


def ta3(action: str, reason: str = "000", start: str = "ISA", control: str = "000000007", more: str = "") -> str:
    return (f"TA3*ZZ*TRADENET*{reason}*{start}*{control}*261122*0250*01*NORDWIND*14*4012345500004*"
            f"{action}*20261122*0312{more}~")


@pytest.mark.parametrize(("action", "status"), [
    ("TR", Status.ROUTED), ("AK", Status.ROUTED), ("BH", Status.ROUTED), ("RD", Status.ROUTED), ("DL", Status.MAILBOX),
    ("RT", Status.PICKED_UP), ("RF", Status.REFUSED), ("PU", Status.REFUSED), ("RJ", Status.REFUSED)])
def test_every_action_of_a_ta3_has_its_status(action: str, status: Status) -> None:
    (statement,) = read_report((ISA + ta3(action) + "IEA*0*000000044~").encode(), TA3).statements
    assert (statement.status, statement.said, statement.control) == (status, action, "000000007")
    assert (statement.sender_qualifier, statement.sender) == ("01", "NORDWIND")
    assert (statement.receiver_qualifier, statement.receiver) == ("14", "4012345500004")
    assert (statement.time, statement.text, statement.line) == ("2026-11-22T03:12:00Z", "", 2)


def test_a_ta3_with_two_actions_says_both_and_a_reason_is_told_in_words() -> None:
    text = ISA + "\n" + ta3("DL", more="*RT*20261122*0401") + "\n" + ta3("RJ", "016", control="000000008") + "\nIEA*0*000000044~\n"
    report = read_report(text.encode(), TA3)
    assert [(one.status.value, one.control, one.time[11:16], one.text) for one in report.statements] == [
        ("mailbox", "000000007", "03:12", ""), ("picked_up", "000000007", "04:01", ""),
        ("refused", "000000008", "03:12", "no partnership is set up between the two")]
    assert report.unread == () and report.lines == 4
    assert text[report.statements[2].offset:].startswith("TA3*ZZ*TRADENET*016")


def test_a_group_of_a_ta3_is_no_interchange_and_other_separators_come_from_the_isa() -> None:
    text = ISA.replace("*", "|").replace("~", "'") + ta3("RT", start="GS", control="12").replace("*", "|").replace("~", "'")
    (statement,) = read_report(text.encode(), TA3).statements
    assert (statement.group, statement.control, statement.status) == ("12", "", Status.PICKED_UP)


def test_what_a_ta3_says_of_something_else_is_unread_not_dropped() -> None:
    report = read_report((ISA + ta3("RT", start="ST") + ta3("XX") + "ZZZ*1~").encode(), TA3)
    assert report.statements == ()
    assert [(one.line, one.why) for one in report.unread] == [
        (2, "no line of the layout is like it"), (3, 'the status "XX" is not in statuses'), (4, "no line of the layout is like it")]


@pytest.mark.parametrize(("code", "note", "status"), [
    ("A", "000", Status.NETWORK), ("E", "014", Status.NETWORK), ("R", "023", Status.REFUSED)])
def test_ta1_of_a_network(code: str, note: str, status: Status) -> None:
    (statement,) = read_report((ISA + f"TA1*000000007*261122*0250*{code}*{note}~IEA*0*000000044~").encode(), TA1).statements
    assert (statement.status, statement.control, statement.text) == (status, "000000007", note)
    assert (statement.sender, statement.receiver, statement.time) == ("NORDWIND", "", "2026-11-22T03:15:00Z")


AUDIT = """
form: fixed
skip: 1
lines:
  - columns: {reference: 1 11, sender: 12 35, sender_qualifier: 47 35, receiver: 82 35, receiver_qualifier: 117 35,
     control: 152 30, type: 193 30, status: 234 3}
statuses: {"210": network, "220": mailbox, "250": picked_up, "900": refused}
"""
AUDIT_COMMAS = """
form: delimited
lines:
  - begins: "211 "
    columns: {reference: 1, sender: 2, sender_qualifier: 3, receiver: 4, receiver_qualifier: 5, control: 6, type: 8, status: 10}
ignore: ["226"]
statuses: {"210": network, "220": mailbox, "250": picked_up, "900": refused}
"""


def audit_line(*cells: str) -> str:
    """The documented columns: lengths 11 35 35 35 35 30 11 30 11 3, from position 0."""
    return "".join(cell.ljust(width) for cell, width in zip(cells, (11, 35, 35, 35, 35, 30, 11, 30, 11, 3), strict=True))


CELLS = ("4711", "NORDWIND", "01", "4012345500004", "14", "000000007", "99", "X12/850", "812", "250")


def test_the_same_audit_line_in_columns_and_between_commas_says_the_same() -> None:
    fixed = read_report(("status of 2026-11-22\r\n" + audit_line(*CELLS) + "\r\n").encode(), layout_of(AUDIT))
    commas = read_report(("211 " + ",".join(CELLS) + "\r\n226 Done\r\n").encode(), layout_of(AUDIT_COMMAS))
    (one,), (other,) = fixed.statements, commas.statements
    assert (one.status, one.reference, one.control, one.receiver, one.type) == (
        Status.PICKED_UP, "4711", "000000007", "4012345500004", "X12/850")
    same = ("status", "control", "sender", "sender_qualifier", "receiver", "receiver_qualifier", "type", "reference")
    assert [getattr(one, name) for name in same] == [getattr(other, name) for name in same]
    assert (one.line, one.offset, other.line, other.offset) == (2, 22, 1, 0)
    assert fixed.unread == commas.unread == ()


CARDS = """
form: fixed
width: 80
date: YYMMDD
time: hhmm
zone: America/New_York
ignore: ["***"]
lines:
  - {when: {1 3: HDR}, is: heading, columns: {sender: 5 15, date: 21 6}}
  - {when: {1 3: DTL}, columns: {control: 5 9, receiver: 15 15, status: 31 2, time: 34 4, text: 39 42}}
  - {when: {1 3: TRL}, is: nothing}
statuses: {AC: network, MB: mailbox, PU: picked_up, RJ: refused}
"""


def card(text: str) -> str:
    return text.ljust(80)


def test_cards_of_80_columns_without_line_breaks_with_a_heading_for_the_lines_below_it() -> None:
    cards = [card("HDR NORDWIND        260705"), card("DTL 000000007 4012345500004   MB 0130"),
             card("DTL 000000008 4099999000001   RJ 0131 NO TRADING RELATIONSHIP"), card("*** PAGE 2"),
             card("HDR OTHERCO         261122"), card("DTL 000000009 4012345500004   PU 2330"), card("TRL 000003"), card("XYZ 1")]
    report = read_report("".join(cards).encode("cp500"), layout_of(CARDS + "encoding: cp500\n"))
    assert [(s.control, s.sender, s.receiver, s.status.value, s.time, s.text, s.line, s.offset) for s in report.statements] == [
        ("000000007", "NORDWIND", "4012345500004", "mailbox", "2026-07-05T05:30:00Z", "", 2, 80),  # New York: UTC-4 in July
        ("000000008", "NORDWIND", "4099999000001", "refused", "2026-07-05T05:31:00Z", "NO TRADING RELATIONSHIP", 3, 160),
        ("000000009", "OTHERCO", "4012345500004", "picked_up", "2026-11-23T04:30:00Z", "", 6, 400)]  # UTC-5 in November
    assert [(one.line, one.text.strip()) for one in report.unread] == [(8, "XYZ 1")]
    assert report.lines == 8


TITLED = """
form: delimited
delimiter: "|"
header: true
date: DD-MON-YYYY hh:mm
zone: "+01:00"
lines:
  - columns: {control: ICN, sender: From, receiver: To, status: Status, date: At, text: Note, name: File}
statuses: {Received: network, Forwarded: routed, Delivered: mailbox, "Picked Up": picked_up, Failed: refused}
texts: {E17: no mailbox of that name}
"""


def test_columns_by_their_titles_whatever_their_order_and_words_without_regard_to_case() -> None:
    raw = ('Status|At|ICN|From|To|Note|File\n'
           'RECEIVED|22-NOV-2026 03:10|7|NORDWIND|ACME||a.edi\n'
           'Picked up|22-nov-2026 04:10|7|NORDWIND|ACME|"a | b"|a.edi\n'
           'Failed|22-XXX-2026 04:10|8|NORDWIND|NOBODY|E17|b.edi\n'
           'Failed|22-NOV-2026 04:10|8|NORDWIND|NOBODY|E17|b.edi\n'
           'Delivered|22-NOV-2026 04:10||NORDWIND|NOBODY|E17|\n'
           'Delivered\n')
    report = read_report(raw.encode(), layout_of(TITLED))
    assert [(s.status.value, s.control, s.time, s.text, s.name) for s in report.statements] == [
        ("network", "7", "2026-11-22T02:10:00Z", "", "a.edi"), ("picked_up", "7", "2026-11-22T03:10:00Z", "a | b", "a.edi"),
        ("refused", "8", "2026-11-22T03:10:00Z", "no mailbox of that name", "b.edi")]
    assert [(one.line, one.why) for one in report.unread] == [
        (4, "22-XXX-2026 04:10 is no time"),
        (6, "it names no interchange"), (7, "it names no interchange")]


def test_a_thousand_unread_lines_are_told_and_all_are_counted() -> None:
    report = read_report(b"?\n" * 2500, layout_of(TITLED.replace("header: true", "header: false").replace("ICN", "1").replace(
        "From", "2").replace("To", "3").replace("Status", "4").replace("At", "5").replace("Note", "6").replace("File", "7")))
    assert (len(report.unread), report.unread_lines, report.lines, report.statements) == (1000, 2500, 2500, ())


def test_an_unread_line_is_told_on_one_line() -> None:
    (one,) = read_report(b"\x1b[31m evil \xff\n", layout_of(AUDIT_COMMAS)).unread
    assert one.sentence() == 'line 1: no line of the layout is like it, found "\\x1b[31m evil ÿ"'


WRONG = """
form: delimited
encoding: utf-77
zone: Europe/Nowhere
date: gestern
colums: 1
lines:
  - {is: maybe, columns: {control: one, size: 2}}
statuses: {OK: arrived}
"""


def test_every_mistake_of_a_layout_is_told_with_its_place() -> None:
    with pytest.raises(ConfigFault) as caught:
        layout_of(WRONG, "tradenet.yaml")
    told = {(line, sentence) for _, line, _, sentence in caught.value.problems}
    assert {line for line, _ in told} == {3, 4, 5, 6, 8, 9}
    assert all(file == "tradenet.yaml" for file, *_ in caught.value.problems)
    text = str(caught.value)
    for words in ("colums", "utf-8", "date is a pattern", "'Europe/Nowhere' is no time zone", "is: is one of",
                  "arrived is no status", "the number of a cell", "'size'"):
        assert words in text


@pytest.mark.parametrize("form", ["fixed", "segments"])
def test_a_place_of_another_form_is_refused(form: str) -> None:
    with pytest.raises(ConfigFault):
        layout_of(f"form: {form}\nlines: [{{columns: {{control: Title, status: Other}}}}]\nstatuses: {{A: network}}")


@pytest.mark.parametrize(("date", "time", "zone", "texts", "expected"), [
    ("YYYYMMDD", "hhmmss", "UTC", ("20261122", "031500"), "2026-11-22T03:15:00Z"),
    ("YYMMDD", "hhmm", "UTC", ("991231", "2359"), "1999-12-31T23:59:00Z"),
    ("YYMMDD", "hhmm", "UTC", ("261122", "03150099"), "2026-11-22T03:15:00Z"),  # X12 TM with hundredths of seconds
    ("MM/DD/YYYY", "hh:mm", "-05:00", ("1/2/2026", "7:05"), "2026-01-02T12:05:00Z"),
    ("YYYYMMDDhhmm", "", "UTC", ("202611220315", ""), "2026-11-22T03:15:00Z"),
    ("", "", "UTC", ("261122", "0315"), ""),
    ("YYMMDD", "hhmm", "UTC", ("", "0315"), "")])
def test_times(date: str, time: str, zone: str, texts: tuple[str, str], expected: str) -> None:
    form, wrong = TimeForm.of(date, time, zone)
    assert not wrong and form.read(*texts) == (expected, "")


@pytest.mark.parametrize(("date", "time"), [("MMDD", ""), ("YYMMDD", "hhMM"), ("", "hhmm"), ("never", "")])
def test_a_form_of_time_that_says_no_day_is_refused(date: str, time: str) -> None:
    assert TimeForm.of(date, time, "UTC")[1]


def test_a_day_that_does_not_exist_is_said() -> None:
    assert TimeForm("YYMMDD").read("260230", "") == ("", "260230 is no time")


def accounted(report: Report) -> int:
    return len({one.line for one in report.statements} | {one.line for one in report.unread})


ROWS = ["211 1,S,Q,R,Q,7,9,850,1,250", "211 1,S,Q,R,Q,,9,850,1,250", "226 Done", "", "  ", "rubbish", '"', "211 ", "\0", "\x85"]


@settings(max_examples=80, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(ROWS) | st.text(max_size=20)))
def test_every_line_is_a_statement_unread_or_declared_to_say_nothing(lines: list[str]) -> None:
    raw = "\n".join(lines).encode("utf-8", "surrogatepass")
    report = read_report(raw, layout_of(AUDIT_COMMAS))
    rows = [row for row in re.split("[\x85\r\n]", raw.decode("latin-1").replace("\0", " "))
            if row.strip(" \t\x1a\x1c\x1d\x1e\x1f\x0b\xa0")]
    ignored = sum(row.strip().startswith("226") for row in rows)
    assert accounted(report) + ignored == report.lines == len(rows)
    for one in report.statements:
        assert raw[one.offset:].startswith(b"211 ")


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(sorted(READY)))
def test_any_bytes_are_read(raw: bytes, name: str) -> None:
    read_report(raw, READY[name])
    read_report(raw, layout_of(CARDS))
