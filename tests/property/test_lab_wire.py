"""What the network in a box does to bytes, for any content: other delimiters and the same content, as pydifact and plain splitting read it;
names in addresses of HTTP lead to exactly one place."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydifact.segmentcollection import RawSegmentCollection

from edi_bridge.lab import wire
from edi_bridge.transport.http import _filled
from edi_bridge.transport.settling import is_name

SIGNS = "AB1 +:'?|^~*!%."
texts = st.text(alphabet=SIGNS, min_size=1, max_size=12).filter(lambda text: text.strip() == text)


def escaped(text: str) -> str:
    return "".join("?" + sign if sign in "+:'?" else sign for sign in text)


def read(raw: bytes) -> list[Any]:
    """(tag, elements) of each segment, by pydifact, which knows nothing of us."""
    found = RawSegmentCollection.from_str(raw.decode("latin-1"))
    return [(one.tag, one.elements) for one in found.segments if one.tag != "UNA"]


@pytest.mark.filterwarnings("ignore::pydifact.exceptions.MissingImplementationWarning")
@given(st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=5))
@example([["|^~*!%"]])
@example([["?"], ["'"], ["A'?"]])
def test_edifact_with_other_delimiters_says_the_same(elements: list[list[str]]) -> None:
    body = "+".join(":".join(escaped(part) for part in one) for one in elements)
    raw = f"UNB+UNOC:3+ME:14+YOU:14+261102:0815+1'UNH+1+ORDERS:D:96A:UN'FTX+{body}'UNT+3+1'UNZ+1+1'".encode()
    (piece,) = wire.pieces(raw)
    changed = wire.rewritten(piece)
    assert read(changed) == read(raw)
    if not all(sign in body for sign in "|^~*!%"):
        free = [sign for sign in "|^~*!%" if sign not in body]
        assert (changed != raw) == (len(free) >= 3)


@given(st.lists(st.text(alphabet="AB1 |^:>~.", min_size=0, max_size=12), min_size=1, max_size=5))
def test_x12_with_other_delimiters_says_the_same(elements: list[str]) -> None:
    values = [one.replace("~", "").replace("*", "") for one in elements]
    raw = (f"ISA*00*{'':10}*00*{'':10}*ZZ*{'ME':15}*ZZ*{'YOU':15}*261102*0815*U*00401*000000001*0*T*>~GS*PO*M*Y*20261102*0815*1*X*004010~"
           f"ST*850*0001~MSG*{'*'.join(values)}~SE*3*0001~GE*1*1~IEA*1*000000001~").encode()
    (piece,) = wire.pieces(raw)
    changed = wire.rewritten(piece).decode()
    element, component, terminator = changed[3], changed[104], changed[105]
    assert [[cell.split(component) for cell in segment.split(element)] for segment in changed.split(terminator)] == [
        [cell.split(">") for cell in segment.split("*")] for segment in raw.decode().split("~")]


@given(st.binary(min_size=1, max_size=40).filter(is_name))
@example(b"%2e%2e%2f")
@example(b"..%2f")
@example(b"a?b#c")
@example(b"\xff\xfe \n")
def test_any_name_is_one_part_of_an_address_and_comes_back(name: bytes) -> None:
    url = httpx.URL(_filled("https://acme.example/out/{name}?box=1", name))
    folder, _, last = url.raw_path.partition(b"?")[0].rpartition(b"/")
    assert (folder, unquote_to_bytes(last), url.query, url.host) == (b"/out", name, b"box=1", "acme.example")
