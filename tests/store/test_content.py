"""The identity of content does not depend on delimiters, envelope or needless release characters."""

from __future__ import annotations

import io
from dataclasses import replace

from lxml import etree

from edi_bridge import syntax
from edi_bridge.interchange import Delimiters, Document, Message, MessageType, Sheet, mask
from edi_bridge.store.content import content_hash

BODY = "BGM+220+PO1+9'DTM+137:20261121:102'FTX+AAI+++it?'s 5 ?+ 5 ?: 10 ??'"


def edifact(body: str, delimiters: Delimiters = Delimiters(), ref: str = "1") -> Message:
    d = delimiters
    e, t = d.element, d.terminator
    text = f"UNH{e}{ref}{e}ORDERS{d.component}D{d.component}96A{t}{body}UNT{e}5{e}{ref}{t}"
    return Message("edifact", MessageType("edifact", "D96A", "ORDERS"), 1, ref, mask(text, d), d)


def test_header_and_trailer_do_not_count() -> None:
    assert content_hash(edifact(BODY, ref="1")) == content_hash(edifact(BODY, ref="4711"))


def test_other_delimiters_are_the_same_content() -> None:
    other = replace(Delimiters(), element="|", component="^", terminator="~", release="\\")
    body = "BGM|220|PO1|9~DTM|137^20261121^102~FTX|AAI|||it's 5 + 5 : 10 ?~"
    assert content_hash(edifact(BODY)) == content_hash(edifact(body, other))


def test_a_needless_release_character_is_the_same_content() -> None:
    assert content_hash(edifact("FTX+?A'")) == content_hash(edifact("FTX+A'"))


def test_other_content_differs_and_a_released_delimiter_is_no_delimiter() -> None:
    hashes = {
        content_hash(edifact(body)) for body in ("FTX+A+B'", "FTX+A?+B'", "FTX+A:B'", "FTX+AB'", "FTX+A'B'", "", "FTX'")
    }
    assert len(hashes) == 7


def test_x12_read_from_bytes() -> None:
    def read(separator: str, terminator: str, control: str) -> str:
        isa = separator.join(
            [
                "ISA",
                "00",
                " " * 10,
                "00",
                " " * 10,
                "ZZ",
                "A".ljust(15),
                "ZZ",
                "B".ljust(15),
                "261121",
                "1000",
                "U",
                "00401",
                control,
                "0",
                "P",
                ">",
            ]
        )
        rest = [
            f"GS*PO*A*B*20261121*1000*{control}*X*004010",
            f"ST*850*{control}",
            "BEG*00*SA*PO1**20261121",
            f"SE*3*{control}",
            f"GE*1*{control}",
            f"IEA*1*{control}",
        ]
        text = terminator.join([isa, *[line.replace("*", separator) for line in rest], ""])
        interchange = next(iter(syntax.read(io.BytesIO(text.encode()))))
        return content_hash(next(iter(interchange.messages)))  # type: ignore[arg-type]

    assert read("*", "~", "000000001") == read("|", "\n", "000000002")


def test_xml_and_csv_count_by_their_bytes() -> None:
    root = etree.fromstring(b"<a><b/></a>")
    type_ = MessageType("xml", "ubl-2.1", "Order")
    assert content_hash(Document(type_, 1, "", root, raw=b"<a><b/></a>")) != content_hash(
        Document(type_, 1, "", root, raw=b"<a> <b/></a>")
    )
    assert content_hash(Document(type_, 1, "", root)) == content_hash(
        Document(type_, 2, "x", etree.fromstring(b"<a ><b></b></a>"))
    )
    sheet = MessageType("csv", "", "orders")
    rows = [[["1", "2"]], [["12", ""]]]
    assert len({content_hash(Sheet(sheet, 1, "", ["a", "b"], row, [2])) for row in rows}) == 2
