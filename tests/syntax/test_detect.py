"""What a file is by its first bytes, and files of several standards."""

from __future__ import annotations

import io

import pytest

from edi_bridge import syntax

UNB = b"UNB+UNOC:3+A+B+260301:1200+1'UNH+1+ORDERS:D:96A:UN'BGM+220+1'UNT+3+1'UNZ+1+1'"
ISA = (
    b"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260301*1200*U*00401*000000001*0*P*>~"
    b"GS*PO*S*R*20260301*1200*1*X*004010~ST*850*0001~BEG*00*NE*1**20260301~SE*3*0001~GE*1*1~IEA*1*000000001~"
)


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (UNB, "edifact"),
        (b"UNA:+.? '" + UNB, "edifact"),
        (b"UNA:+.? '\r\nUNB", "edifact"),
        (b"\xef\xbb\xbf" + UNB, "edifact"),
        (b"\r\n\n  " + UNB, "edifact"),
        (b"UNH+1+ORDERS:D:96A:UN'", "edifact"),
        (b"UNG+ORDERS+A+B'", "edifact"),
        (b"UIB+UNOA:4'", "edifact"),
        (b"UIH+X'", "edifact"),
        (b"UNB\x1dUNOB\x1f1\x1d", "edifact"),
        (b"UNZ+1+1'", "edifact"),
        (b"From: mailbox\r\nSubject: order\r\n\r\n" + UNB, "edifact"),
        (b"$$ADD ID=X\n" + b"UNA:+.? '" + UNB, "edifact"),
        (UNB.decode().encode("utf-16"), "edifact"),
        (UNB.decode().encode("utf-16-le"), "edifact"),
        (ISA, "x12"),
        (b"TA3*1*2", "x12"),
        (b"ISB*1", "x12"),
        (b"header line\n" + ISA, "x12"),
        (b"\n" + ISA, "x12"),
        (b"<?xml version='1.0'?><Order/>", "xml"),
        (b"<Order xmlns='x'/>", "xml"),
        (b"\xef\xbb\xbf<a/>", "xml"),
        ("<?xml version='1.0'?><a/>".encode("utf-16"), "xml"),
        (b"<!-- x --><a/>", "xml"),
        (b"order;line;gtin\n1;1;4000862141404\n", "csv"),
        (b"a,b\n", "csv"),
        (b"a\tb\n1\t2", "csv"),
        ("größe;menge\n".encode(), "csv"),
        (b"note,UNB is a segment\n", "csv"),
        (UNB.decode().encode("cp500"), "ebcdic"),
        (ISA.decode().encode("cp037"), "ebcdic"),
        (b"", "empty"),
        (b" \r\n\0", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"hello world", "unknown"),
        (b"\x89PNG\r\n\x1a\n,;", "unknown"),
        (b"\0\x01\x02,", "unknown"),
        (b"UNBELIEVABLE", "unknown"),
        (b"PK\x03\x04,", "unknown"),
    ],
)
def test_detect(first: bytes, kind: str) -> None:
    assert syntax.detect(first) == kind


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (b"", "empty_file"),
        (b"\n\n", "empty_file"),
        (b"hello world", "unknown_format"),
        (UNB.decode().encode("cp500"), "ebcdic"),
        (UNB.decode().encode("utf-16"), "character_set_unsupported"),
        (bytes(range(256)), "unknown_format"),
    ],
)
def test_what_cannot_be_read_gives_one_interchange_with_a_finding(source: bytes, kind: str) -> None:
    [interchange] = syntax.read(source)
    assert [finding.kind for finding in interchange.findings] == [kind]
    assert list(interchange.parts) == []


def test_a_mailbox_file_with_edifact_and_x12() -> None:
    read = [
        (i.standard, i.ordinal, i.offset, i.control, len(list(i.messages)), [f.kind for f in i.findings])
        for i in syntax.read(UNB + b"\r\n" + ISA)
    ]
    assert read == [("edifact", 1, 0, "1", 1, []), ("x12", 2, len(UNB) + 2, "000000001", 1, [])]


MAIL = b"\r\nFrom: mailbox 7\r\nSubject: orders\r\n\r\n"
XML = b"<?xml version='1.0'?><Order/>"
UNA = b"UNA:+.? '"


@pytest.mark.parametrize(
    "pieces",
    [
        (ISA, UNB),
        (ISA, b"\n", UNA, UNB),
        (ISA, ISA, b"\r\n", UNB, UNB, ISA),
        (UNB, ISA),
        (UNB, b"\r\n", ISA, UNB),
        (ISA, MAIL, UNB, MAIL, ISA),
        (MAIL, ISA, MAIL, UNA, UNB, ISA),
        (ISA, b"\0\x1a", UNB),
        (ISA, b"\xef\xbb\xbf", UNB),
        (UNB, b"\n", XML),
        (ISA, XML),
    ],
)
def test_a_file_of_several_standards_is_read_and_written_whole(pieces: tuple[bytes, ...]) -> None:
    source, at, expected = b"".join(pieces), 0, []
    names = {UNB: "edifact", ISA: "x12", XML: "xml"}
    for piece in pieces:
        if piece in names:
            una = len(UNA) if source[:at].endswith(UNA) else 0
            expected.append((names[piece], at - una, 1))
        at += len(piece)
    for stream in (io.BytesIO(source), io.BufferedReader(io.BytesIO(source), 7)):
        read, out = [], io.BytesIO()
        for interchange in syntax.read(stream):
            read.append((interchange.standard, interchange.offset, interchange.ordinal))
            syntax.write_to(interchange, out)
            assert {finding.kind for finding in interchange.findings} <= {"junk_between_interchanges", "unknown_document"}
        assert read == [(name, offset, n) for n, (name, offset, _) in enumerate(expected, 1)]
        assert out.getvalue() == source
    junk = [f for i in syntax.read(source) for _ in [i.drain()] for f in i.findings if f.kind.startswith("junk")]
    assert len(junk) == pieces.count(MAIL)


def test_an_x12_interchange_without_trailer_followed_by_edifact() -> None:
    cut = ISA[: ISA.index(b"IEA")]
    first, second = syntax.read(cut + b"\n" + UNB)
    assert [finding.kind for finding in first.findings] == ["missing_trailer"]
    assert (second.standard, second.offset) == ("edifact", len(cut) + 1)


def test_words_in_a_line_between_interchanges_begin_none() -> None:
    source = ISA + b"\nsee UNB+UNOC in the guide\n" + ISA
    first, second = syntax.read(source)
    assert [(f.kind, f.position.offset) for f in first.findings] == [("junk_between_interchanges", len(ISA) + 1)]
    assert (second.standard, second.findings) == ("x12", [])


def test_an_edifact_interchange_without_trailer_followed_by_x12() -> None:
    cut = UNB[: UNB.index(b"UNZ")]
    first, second = syntax.read(cut + ISA)
    assert [finding.kind for finding in first.findings] == ["missing_trailer"]
    assert (second.standard, second.offset) == ("x12", len(cut))


def test_an_edifact_file_is_read_from_a_stream_and_written_to_one() -> None:
    out = io.BytesIO()
    for interchange in syntax.read(io.BytesIO(UNB + b"\n" + UNB)):
        syntax.write_to(interchange, out)
    assert out.getvalue() == UNB + b"\n" + UNB
