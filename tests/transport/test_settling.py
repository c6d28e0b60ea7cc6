"""Names of partners and of ours, patterns, and when a file counts as whole."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge.fault import TerminalFault
from edi_bridge.transport.contract import RemoteFile
from edi_bridge.transport.settling import Settling, exact_name, is_name, numbered, sendable, shown, token, token_parts, wanted


@pytest.mark.parametrize(("raw", "text"), [
    (b"order.edi", "order.edi"), ("b\u00e4r.edi".encode(), "b\u00e4r.edi"), (b"a\nb", "a\\nb"), (b"a\xffb", "a\\xffb"), (b"\0", "\\x00"),
    ("\u202ex".encode(), "\\u202ex"), (b"\x1b[2J", "\\x1b[2J"), (b"\xed\xa0\x80", "\\xed\\xa0\\x80"), ("\U0001f600".encode(), "\U0001f600"),
], ids=repr)
def test_a_name_is_shown_on_one_line(raw: bytes, text: str) -> None:
    assert shown(raw) == text


@settings(derandomize=True)
@given(st.binary(max_size=300))
def test_a_token_gives_back_the_very_bytes_and_is_plain_text(raw: bytes) -> None:
    file = RemoteFile(shown(raw), 1, "", token(raw, 12, "2026-11-22T03:00:00Z"))
    assert token_parts(file) == (raw, ["12", "2026-11-22T03:00:00Z"])
    assert file.token.isascii() and file.token.isprintable() and "\n" not in file.name and file.name.isprintable()
    file.name.encode()  # a database takes it


@settings(derandomize=True)
@given(st.binary(max_size=20))
def test_what_is_a_name_stays_in_its_folder(raw: bytes) -> None:
    file = RemoteFile("x", 1, "", token(raw, 1))
    if is_name(raw):
        assert b"/" not in exact_name(file) and exact_name(file) not in (b"", b".", b"..") and b"\0" not in raw
    else:
        with pytest.raises(TerminalFault):
            exact_name(file)


def test_names_that_we_send_are_ordinary() -> None:
    assert sendable("810_4711.edi", "tmp/{name}.part") == (b"810_4711.edi", b"tmp/810_4711.edi.part")
    assert sendable("Bestellung \u00e4 (2).edi")[0] == "Bestellung \u00e4 (2).edi".encode()
    with pytest.raises(TerminalFault, match="longer than 255 bytes"):
        sendable("x" * 251, "{name}.part")
    assert sendable("x" * 250, "{name}.part")[1].endswith(b".part")


def test_another_name_is_found_where_one_is_taken_and_is_never_too_long() -> None:
    names = numbered(b"x" * 255)
    found = [next(names) for _ in range(12)]
    assert len(set(found)) == 12 and all(len(name) == 255 for name in found)


def test_patterns_count_case_and_temporary_names_never_count() -> None:
    assert [name for name in ("a.edi", "a.EDI", "a.edi.tmp", ".a.edi", "b.xml") if wanted(name, ("*.edi", "*.xml"), ("*.tmp", ".*"))] == ["a.edi", "b.xml"]


def test_a_hostile_name_does_not_keep_a_pattern_busy() -> None:
    begun = time.perf_counter()
    wanted("a" * 255, ("*a*a*a*a*a*a*a*a*a*a*a*b",), ())
    assert time.perf_counter() - begun < 0.5


class Clock:
    """A clock that stands still except while somebody waits."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += seconds


def test_a_file_is_whole_when_it_has_stood_still() -> None:
    clock = Clock()
    settling = Settling(5, clock, clock.wait)
    sizes = iter([1, 1, 1, 2, 2])  # it stands still over two polls, then has grown

    def look() -> list[RemoteFile]:
        return [RemoteFile("a", next(sizes), "", "a")]

    assert [file.size for file in settling.whole(look)] == [1]
    assert clock.time == 105, "it waited once, as long as the file needed"
    assert [file.size for file in settling.whole(look)] == [1]
    assert [file.size for file in settling.whole(look)] == [2]
    assert clock.time == 110


def test_between_two_polls_nothing_is_waited_for() -> None:
    clock = Clock()
    settling = Settling(5, clock, clock.wait)
    old = RemoteFile("old", 1, "", "old")
    assert settling.whole(lambda: [old]) == [old]
    clock.time += 300
    before = clock.time
    assert settling.whole(lambda: [old]) == [old] and clock.time == before
    assert settling.whole(lambda: []) == [] and clock.time == before


def test_a_growing_file_does_not_keep_the_others_waiting_for_ever() -> None:
    clock = Clock()
    settling = Settling(5, clock, clock.wait)
    still, size = RemoteFile("still", 1, "", "still"), iter(range(100))
    assert settling.whole(lambda: [still, RemoteFile("grows", next(size), "", "grows")]) == [still]
    assert clock.time == 105


def test_without_settling_every_file_is_whole() -> None:
    clock = Clock()
    file = RemoteFile("a", 1, "", "a")
    assert Settling(0, clock, clock.wait).whole(lambda: [file]) == [file] and clock.time == 100
