"""An interchange of very many messages: all are counted, few are listed, and every type is among them."""

from __future__ import annotations

from edi_bridge import pipeline
from tests.sample_cases import catalog


def interchange(types: list[str]) -> bytes:
    """Messages of nothing but a header and a trailer (ISO 9735: UNT counts both)."""
    body = "".join(f"UNH+{number}+{type}:D:96A:UN:EAN008'UNT+2+{number}'" for number, type in enumerate(types, 1))
    return f"UNB+UNOC:3+9521200077018:14+9521200034004:14+261102:0815+1'{body}UNZ+{len(types)}+1'".encode()


def test_all_are_counted_and_each_type_is_listed() -> None:
    types = ["ORDERS"] * (pipeline.LISTED + 500) + ["ORDCHG"] * 3 + ["ORDERS"] * 2
    (one,) = pipeline.scan(interchange(types), catalog())
    assert one.count == len(types) and len(one.messages) == pipeline.LISTED + 1
    assert one.messages[-1][:3] == (pipeline.LISTED + 501, one.messages[-1][1], str(pipeline.LISTED + 501)) and one.messages[-1][1].name == "ORDCHG"
    assert not [finding for finding in one.findings if finding.kind != "unknown_partner"], "the trailer's count is right"


def test_few_are_all_listed() -> None:
    (one,) = pipeline.scan(interchange(["ORDERS"] * 3), catalog())
    assert one.count == len(one.messages) == 3 and one.left_out == 0
