"""An interchange behind a network's header on the same line is found; text that only looks like one is not."""

from __future__ import annotations

import pytest

from edi_bridge import syntax

ISA = b"ISA*00*          *00*          *ZZ*ACME           *ZZ*NORDWIND       *261122*0250*U*00401*000000007*0*P*>~"


@pytest.mark.parametrize(("first", "expected"), [
    (b"IH*0200*TRADENET*01~" + ISA, "x12"),
    (b"#HDR#" + ISA.replace(b"*", b"\x1d"), "x12"),
    (b"HDR UNB+UNOC:3+A+B+261122:0250+7'", "edifact"),
    (b"HDR UNA:+.? '\r\nUNB+UNOC:3+A+B+261122:0250+7'", "edifact"),
    (b"IH*1~" + ISA + b"GE*1*1~\nUNB+UNOC:3+A+B+261122:0250+7'", "x12"),  # the first of both, though the second begins a line
    (b"name;note\nA;say UNB+ and ISA* to them\n", "csv"),
    (b"name;note\nA;" + ISA[:60] + b"\n", "csv"),
    (b"the words UNB+UNOC are no interchange", "unknown"),
])
def test_detect(first: bytes, expected: str) -> None:
    assert syntax.detect(first) == expected
