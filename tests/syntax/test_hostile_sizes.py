"""Files that are made to cost more than they weigh: what they cost stays in proportion, in time and memory.

The time is the process's own, so that a busy machine does not matter; without the mends each of these took minutes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edi_bridge import syntax
from edi_bridge.interchange import Delimiters
from edi_bridge.interchange.byte_spans import inner_span

MOST = 8.0  # seconds of the processor


def took(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.process_time()
    made = work()
    return made, time.process_time() - begun


def read(content: bytes) -> list[Any]:
    made = []
    for one in syntax.read(content):
        one.drain()
        made.append(one)
    return made


def test_headers_that_stop_at_once_are_not_searched_to_the_end_of_the_file_each() -> None:
    made, seconds = took(lambda: read(b"ISA*" * 60_000))
    assert seconds < MOST
    assert {finding.kind for one in made for finding in one.findings} == {"bad_header", "bad_service_string", "junk_between_interchanges"}


def test_junk_between_x12_interchanges_is_found_at_the_same_places_whatever_is_searched_first() -> None:
    isa = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260101*1200*U*00401*000000001*0*P*:~"
    file = isa + b"IEA*0*000000001~ junk GE*1*1~ more\nUNB+UNOA:1+A+B+260101:1200+1'UNZ+0+1'" + isa + b"IEA*0*000000001~"
    for size in (1, 7, 64, 1 << 18):
        class Slow:
            rest = file

            def read(self, count: int = -1) -> bytes:
                part, self.rest = self.rest[:min(size, count if count >= 0 else size)], self.rest[min(size, count if count >= 0 else size):]
                return part

        made = []
        for one in syntax.read(Slow()):  # type: ignore[arg-type]
            one.drain()
            made.append((one.standard, one.offset, [(finding.kind, finding.position.offset) for finding in one.findings if "junk" in finding.kind or "doubled" in finding.kind]))
        assert made == [("x12", 0, [("junk_between_interchanges", 123), ("doubled_trailer", 128), ("junk_between_interchanges", 136)]),
                        ("edifact", 141, []), ("x12", 178, [])]


def test_ten_thousand_interchanges_of_a_few_bytes_are_none_and_the_file_is_not_read_on() -> None:
    made, seconds = took(lambda: read(b"UNB+'" * 30_000))
    assert seconds < MOST
    assert len(made) == 10_000
    assert made[-1].findings[0].kind == "unknown_format" and "10,000 interchanges of fewer than 100 bytes" in made[-1].findings[0].note
    assert made[-1].offset == made[-1].findings[0].position.offset == 5 * 9_999


def test_ten_thousand_small_interchanges_with_a_message_each_are_all_read() -> None:
    one = b"UNB+UNOA:2+4012345000009:14+4098765000010:14+260101:1200+%d'UNH+1+ORDERS:D:96A:UN'BGM+220+1+9'UNT+3+1'UNZ+1+%d'"
    made = read(b"".join(one % (number, number) for number in range(10_050)))
    assert len(made) == 10_050
    assert made[-1].control == "10049" and not made[-1].findings


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system tells no peak of memory there")
def test_elements_in_elements_without_end_take_no_more_memory_than_the_file() -> None:
    script = ("import io, re\nfrom edi_bridge import syntax\n"
              "[one.drain() or print(*[finding.kind for finding in one.findings]) for one in syntax.read(io.BytesIO(b'<a>' * 4_000_000))]\n"
              "print(int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) // 1024)")
    kind, megabytes = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert kind == "xml_too_deep"
    assert int(megabytes) < 150  # expat keeps 40 times as much: 500 MB


def test_a_document_of_many_namespaces_is_refused_before_each_element_is_asked_for_all_of_them() -> None:
    spaces = "".join(f' xmlns:a{number}="urn:{number}"' for number in range(300))
    made = read(f"<Order{spaces}><ID>1</ID></Order>".encode())
    assert [(finding.kind, finding.note) for one in made for finding in one.findings] == [
        ("xml_too_deep", "more than 256 namespaces hold for one element")]
    wide = read(f"<Order{spaces}><ID>1</ID></Order>".encode("utf-16"))
    assert [finding.kind for one in wide for finding in one.findings] == ["xml_too_deep"]


def test_a_namespace_that_is_declared_at_each_element_anew_is_no_such_document() -> None:
    content = "<Order>" + '<ID xmlns:a="urn:a">1</ID>' * 1000 + "</Order>"
    assert not [finding for one in read(content.encode()) for finding in one.findings if finding.kind == "xml_too_deep"]


def test_an_element_before_a_megabyte_is_found_without_going_through_it() -> None:
    raw = b"UNB+UNOA:1:" + b"+" * 1_000_000 + b"'"
    place, seconds = took(lambda: [inner_span(raw, 0, len(raw) - 1, 1, 2, Delimiters(), "ascii") for _ in range(100)][0])
    assert raw[place[0]:place[1]] == b"1"
    assert seconds < MOST
