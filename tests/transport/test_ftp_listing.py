"""Listings of FTP servers, line by line: forms as their servers' manuals and RFC 3659 show them, the values read by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge.transport.contract import UNKNOWN_SIZE
from edi_bridge.transport.ftp_listing import entries, iso, lists, mlsd, names

LINES = {
    "unix, time": (b"-rw-r--r--    1 ftp      ftp          1452 Nov 22 03:15 order 7.edi", "order 7.edi", "file", 1452, "Nov 22 03:15"),
    "unix, year": (b"-rw-r--r--    1 1000     1000            0 Jan  5  2025 a.edi", "a.edi", "file", 0, "Jan 5 2025"),
    "unix, no group": (b"-rw-r--r--    1 ftp   77 Nov 22 03:15 a", "a", "file", 77, "Nov 22 03:15"),
    "unix, names with blanks of owners": (b"-rwxr-xr-x 1 Domain Users EDI Group 5 Nov 22 03:15 a", "a", "file", 5, "Nov 22 03:15"),
    "unix, acl": (b"-rw-r--r--+   1 u g 5 Nov 22 03:15 a", "a", "file", 5, "Nov 22 03:15"),
    "unix, day first": (b"-rw-r--r--    1 u g 5 22 Nov 03:15 a", "a", "file", 5, "22 Nov 03:15"),
    "unix, iso": (b"-rw-r--r-- 1 u g 5 2026-11-22 03:15 a", "a", "file", 5, "2026-11-22 03:15"),
    "unix, full iso": (b"-rw-r--r-- 1 u g 5 2026-11-22 03:15:01.000000001 +0100 a", "a", "file", 5, "2026-11-22 03:15:01.000000001 +0100"),
    "unix, leading blank in the name": (b"-rw-r--r-- 1 u g 5 Nov 22 03:15  a", " a", "file", 5, "Nov 22 03:15"),
    "unix, a name like a line": (b"-rw-r--r-- 1 u g 5 Nov 22 03:15 6 Nov 23 03:16 b", "6 Nov 23 03:16 b", "file", 5, "Nov 22 03:15"),
    "unix, folder": (b"drwxr-xr-x    2 u g 4096 Nov 22 03:15 in", "in", "folder", 4096, "Nov 22 03:15"),
    "unix, link": (b"lrwxrwxrwx    1 u g 11 Nov 22 03:15 l -> /etc/passwd", "l -> /etc/passwd", "link", 11, "Nov 22 03:15"),
    "unix, pipe": (b"prw-r--r--    1 u g 0 Nov 22 03:15 p", "p", "other", 0, "Nov 22 03:15"),
    "iis": (b"11-22-26  03:15PM                 1452 order 7.edi", "order 7.edi", "file", 1452, "11-22-26 03:15PM"),
    "iis, four digits": (b"11-22-2026  15:15                 1452 a", "a", "file", 1452, "11-22-2026 15:15"),
    "iis, folder": (b"11-22-26  03:15AM       <DIR>          in", "in", "folder", UNKNOWN_SIZE, "11-22-26 03:15AM"),
    "os/400": (b"QSYS            77824 02/23/26 15:09:55 *STMF      order.edi", "order.edi", "file", 77824, "02/23/26 15:09:55"),
    "os/400, folder": (b"QSYS            77824 02/23/26 15:09:55 *DIR       in/", "in", "folder", 77824, "02/23/26 15:09:55"),
    "z/os": (b"B10142 3390   2026/03/20  2   31  F       80    80  PS   ACME.EDI.OUT", "ACME.EDI.OUT", "file", UNKNOWN_SIZE, "2026/03/20"),
    "z/os, partitioned": (b"B10142 3390   2026/03/20  2   31  FB      80  8000  PO   ACME.LIB", "ACME.LIB", "folder", UNKNOWN_SIZE, "2026/03/20"),
    "eplf": (b"+i8388621.48594,m825718503,r,s280,\tdjb.html", "djb.html", "file", 280, ""),
    "eplf, folder": (b"+i8388621.50690,m824255907,/,\t514", "514", "folder", UNKNOWN_SIZE, ""),
}


@pytest.mark.parametrize("line", LINES, ids=str)
def test_a_line_of_list(line: str) -> None:
    raw, name, kind, size, stamp = LINES[line]
    entry = lists(raw)
    assert entry is not None
    assert (entry.name.decode(), entry.kind, entry.size, entry.stamp) == (name, kind, size, stamp)


def test_eplf_says_the_time_in_utc() -> None:
    entry = lists(LINES["eplf"][0])
    assert entry is not None and entry.modified == "1996-03-01T22:15:03Z"  # the example of EPLF's own description, by its author


@pytest.mark.parametrize(("line", "name", "kind", "size", "modified"), [
    (b"type=file;size=1452;modify=20261122031500; order 7.edi", "order 7.edi", "file", 1452, "2026-11-22T03:15:00Z"),
    (b"Type=File;Size=3;Modify=20261122031500.123; a", "a", "file", 3, "2026-11-22T03:15:00.123Z"),
    (b"type=file;  leading", " leading", "file", UNKNOWN_SIZE, ""),
    (b"modify=20261122031500;perm=el;type=cdir;unique=1; .", ".", "folder", UNKNOWN_SIZE, "2026-11-22T03:15:00Z"),
    (b"type=OS.unix=slink:/etc/passwd;unique=2; l", "l", "link", UNKNOWN_SIZE, ""),
    (b"type=OS.unix=chr-13/29; tty", "tty", "other", UNKNOWN_SIZE, ""),
])
def test_a_line_of_mlsd(line: bytes, name: str, kind: str, size: int, modified: str) -> None:
    entry = mlsd(line)
    assert entry is not None
    assert (entry.name.decode(), entry.kind, entry.size, entry.modified) == (name, kind, size, modified)


@pytest.mark.parametrize(("digits", "expected"), [("20261122031500", "2026-11-22T03:15:00Z"), ("20261322031500", ""), ("191201122031500", ""), ("", "")])
def test_a_time_of_mdtm(digits: str, expected: str) -> None:
    assert iso(digits) == expected


def test_lines_that_say_nothing_and_the_folder_itself() -> None:
    raw = (b"total 12\r\ndrwxr-xr-x 2 u g 4096 Nov 22 03:15 .\r\ndrwxr-xr-x 2 u g 4096 Nov 22 03:15 ..\r\n-rw-r--r-- 1 u g 5 Nov 22 03:15 a\r\n"
           b"1 files, 5 bytes\r\n\r\n")
    found, unread = entries(raw, lists)
    assert ([one.name for one in found], unread) == ([b"a"], [])
    assert entries(b"Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname\r\n" + LINES["z/os"][0] + b"\r\n", lists)[1] == []


def test_line_ends_without_carriage_return() -> None:
    assert [one.name for one in entries(LINES["unix, time"][0] + b"\n" + LINES["iis"][0] + b"\n", lists)[0]] == [b"order 7.edi", b"order 7.edi"]


def test_a_name_with_line_breaks_is_one_broken_name_and_never_two() -> None:
    raw = LINES["unix, year"][0] + b"\nb\r\n" + LINES["unix, year"][0] + b"\r\nDELE other\r\n" + LINES["iis"][0] + b"\r\n"
    found, unread = entries(raw, lists)
    assert [(one.name, one.broken) for one in found] == [(b"a.edi\nb", True), (b"a.edi\r\nDELE other", True), (b"order 7.edi", False)]
    assert unread == []


def test_a_dialect_that_nobody_knows_is_said() -> None:
    found, unread = entries(b"{order.edi|1452}\r\n{b|2}\r\n", lists)
    assert (found, unread) == ([], [b"{order.edi|1452}", b"{b|2}"])


def test_names_alone_with_and_without_the_folder() -> None:
    assert [(one.name, one.broken) for one in names(b"a\r\n/out/b\r\n./c\r\nd\ne\r\n..\r\n", b"/out")] == [
        (b"a", False), (b"b", False), (b"c", False), (b"d\ne", True)]


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read(raw: bytes) -> None:
    for read in (lists, mlsd):
        found, unread = entries(raw, read)
        assert sum(len(one.name) for one in found) + sum(map(len, unread)) <= len(raw)
    names(raw, b"/out")


def test_a_line_made_to_be_slow_is_read_in_linear_time() -> None:
    import time

    begun = time.perf_counter()
    for line in (b"-rw-r--r-- " + b"1 " * 2000, b"-rw-r--r-- " + b"1 Nov " * 600, b"a " * 2000, b"a=b;" * 1000, b"+" + b"r," * 2000):
        entries((line + b"\r\n") * 20, lists)
        entries((line + b"\r\n") * 20, mlsd)
    assert time.perf_counter() - begun < 2
