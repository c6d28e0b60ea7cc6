"""Whatever bytes come, and however they are cut: findings, never exceptions; and what was read is written back."""

from __future__ import annotations

import csv as oracle_csv
import io
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from edi_bridge.finding import KINDS
from edi_bridge.interchange import Document, Interchange, Sheet, Stray
from edi_bridge.syntax import csv, xml
from edi_bridge.syntax.csv import Column, SheetLayout
from edi_bridge.syntax.limits import Limits

LAYOUT = SheetLayout(delimiter=",;", comment="#", key=("a",), columns=(Column("a"), Column("b")))
ROWS = SheetLayout(header=False, columns=(Column("a"), Column("b")))
LIMITS = Limits(message=3000, segment=1000, xml_depth=8, xml_text=1000)
ORDER = b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2">'
FEW = settings(max_examples=120, deadline=None)


class Cut(io.RawIOBase):
    """A stream that gives its bytes in pieces of the given sizes, over and over."""

    def __init__(self, source: bytes, sizes: list[int]):
        self.stream, self.sizes, self.turn = io.BytesIO(source), sizes or [1 << 20], 0

    def read(self, size: int = -1) -> bytes:
        self.turn += 1
        piece = self.sizes[self.turn % len(self.sizes)]
        return self.stream.read(piece if size < 0 else min(piece, size))


def seen(interchanges: Any) -> list[Any]:
    """Everything that a reader can see of some interchanges."""
    result: list[Any] = []
    for interchange in interchanges:
        parts = [_part(part) for part in interchange.parts]
        result.append((interchange.header, interchange.trailer, interchange.control, interchange.sender, parts,
                       interchange.findings))
        for finding in interchange.findings:
            assert finding.kind in KINDS and finding.sentence() and "\n" not in finding.sentence()
    return result


def _part(part: Any) -> Any:
    match part:
        case Document():
            return part.type, part.ordinal, part.raw, part.offset, part.line, etree.tostring(part.root)
        case Sheet():
            for row in range(1, len(part.rows) + 1):
                part.locate(row, 1)
            return part.type, part.ordinal, part.raw, part.offset, part.rows, part.lines
        case Stray():
            return part.raw, part.offset
    raise AssertionError(part)


def written(interchanges: Any, write_to: Any) -> bytes:
    out = io.BytesIO()
    for interchange in interchanges:
        write_to(interchange, out)
    return out.getvalue()


# -- XML

xml_pieces = st.lists(st.sampled_from([
    b"<a>", b"</a>", b"<b x='1'/>", ORDER, b"</Order>", ORDER.replace(b">", b"/>"), b"<w>", b"</w>", b"<!-- c -->", b"<?p q?>",
    b"<![CDATA[ <x> ]]>", b"<!DOCTYPE a>", b"<!DOCTYPE a [<!ENTITY e 'x'>]>", b"&e;", b"&amp;", b"\n", b"text", b"\xff", b"\0",
    b'<?xml version="1.0"?>', b'<?xml version="1.0" encoding="iso-8859-1"?>', b'<?xml version="1.0" encoding="utf-7"?>',
    b"<IDOC><EDI_DC40><DOCNUM>1</DOCNUM></EDI_DC40></IDOC>", b"<ORDERS05>", b"</ORDERS05>", "ü".encode(), b"<c>" * 9 + b"</c>" * 9,
    b"<cXML><Header/></cXML>", b'<p:StandardBusinessDocument xmlns:p="http://www.unece.org/cefact/namespaces/'
    b'StandardBusinessDocumentHeader"><p:StandardBusinessDocumentHeader/>', b"</p:StandardBusinessDocument>", b"x" * 1200,
]), max_size=14).map(b"".join)
any_xml = st.one_of(st.binary(max_size=200), xml_pieces, xml_pieces.map(lambda b: b.decode("latin-1").encode("utf-16")))
wrappers = st.lists(st.sampled_from([ORDER + b"<n>1</n>\n</Order>", ORDER + b"</Order>", b"\n", b"<!-- > -->", b"<other/>", b"text", b"<?p?>",
                                     ORDER + b"<!-- </Order> --><![CDATA[</Order>]]></Order>",
                                     ORDER + b"<Order/><Orders></Orders></Order >", ORDER.replace(b">", b" a='>/'/>"), b"\r\n \t"]), min_size=1, max_size=8)
sizes = st.lists(st.integers(1, 400), max_size=5)


@FEW
@given(any_xml, st.booleans(), st.sampled_from([None, "windows-1252", "utf-16", "nonsense"]))
def test_any_bytes_give_xml_findings_or_what_lxml_reads(source, allow, charset):
    options: Any = {"limits": LIMITS, "allow_doctype": allow, "charset": charset}
    ((_, _, _, _, parts, findings),) = seen(xml.read(io.BytesIO(source), **options))
    assert parts or findings
    if charset is None and not findings and len(parts) == 1 and not isinstance(parts[0][0], str):
        if parts[0][2] == source:
            parser = etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True, load_dtd=False)
            assert parts[0][5] == etree.tostring(etree.fromstring(source, parser))
        assert written(xml.read(io.BytesIO(source), **options), xml.write_to) == source


@FEW
@given(any_xml, sizes, st.booleans())
def test_any_cut_of_xml_gives_the_same(source, sizes, big):
    before, xml.SMALL = xml.SMALL, 5 if big else xml.SMALL
    try:
        whole = seen(xml.read(io.BytesIO(source), limits=LIMITS))
        assert seen(xml.read(Cut(source, sizes), limits=LIMITS)) == whole
    finally:
        xml.SMALL = before


@FEW
@given(wrappers, sizes, st.booleans(), st.sampled_from(["utf-8", "utf-16", "iso-8859-1"]))
def test_wrappers_are_cut_where_lxml_sees_children(pieces, sizes, big, encoding):
    text = b"<w>" + b"".join(pieces) + b"</w>\n"
    source = (f'<?xml version="1.0" encoding="{encoding}"?>' + text.decode()).encode(encoding)
    children = [child for child in etree.fromstring(source) if child.tag == "{urn:oasis:names:specification:ubl:schema:xsd:Order-2}Order"]
    before, xml.SMALL = xml.SMALL, 5 if big else xml.SMALL
    try:
        (interchange,) = xml.read(Cut(source, sizes))
        parts = list(interchange.parts)
        if children:
            documents = [part for part in parts if isinstance(part, Document)]
            assert [_canonical(document.root) for document in documents] == [_canonical(child) for child in children]
            codec = interchange.encoding
            assert [_canonical(etree.fromstring(document.raw.decode(codec))) for document in documents] == [
                _canonical(child) for child in children]
        assert written(xml.read(Cut(source, sizes)), xml.write_to) == source
    finally:
        xml.SMALL = before


def _canonical(element: Any) -> bytes:
    copy = etree.fromstring(etree.tostring(element, with_tail=False), etree.XMLParser(remove_pis=True))
    return bytes(etree.tostring(copy, method="c14n", with_comments=False))


# -- CSV

csv_pieces = st.lists(st.sampled_from([
    b"a,b", b"a;b", b"1,x", b"1", b",", b";", b'"', b'""', b'"q,"', b'"l\r\nm"', b"\r\n", b"\n", b"\r", b"#", b"# c\n", b"\0", b"\xff", b"\xef\xbb\xbf",
    "ü".encode(), b" ", b"\x1a", b"2,y\n", b"y" * 600,
]), max_size=25).map(b"".join)
any_csv = st.one_of(st.binary(max_size=100), csv_pieces, csv_pieces.map(lambda rest: b"a,b\n" + rest))
layouts = st.sampled_from([LAYOUT, ROWS, SheetLayout(kind="fixed", key=("a",), columns=(Column("a", 1, 2, True), Column("b", 3, 4)), comment="#"),
                           SheetLayout(encoding="utf-16", columns=LAYOUT.columns), SheetLayout(encoding="shift_jis", quote="", skip=1)])


def intact(interchange: Interchange) -> bool:
    """Whether all of the file was read."""
    return not {"segment_too_large", "csv_quote", "message_too_large", "interchange_too_large"} & {f.kind for f in interchange.findings}


@FEW
@given(any_csv, layouts, sizes)
def test_any_bytes_and_any_cut_give_the_same_csv(source, layout, sizes):
    whole = seen(csv.read(io.BytesIO(source), layout=layout, limits=LIMITS))
    assert seen(csv.read(Cut(source, sizes), layout=layout, limits=LIMITS)) == whole


@FEW
@given(any_csv, st.sampled_from([LAYOUT, ROWS]))
def test_read_csv_is_written_back(source, layout):
    (interchange,) = csv.read(io.BytesIO(source), layout=layout)
    parts = list(interchange.parts)
    if intact(interchange) and (parts or interchange.trailer is not None):
        assert written(csv.read(io.BytesIO(source), layout=layout), csv.write_to) == source


@FEW
@given(csv_pieces)
def test_rows_are_those_of_the_csv_module(source):
    (interchange,) = csv.read(io.BytesIO(source), layout=ROWS)
    rows = [row for sheet in interchange.messages for row in sheet.rows]  # type: ignore[union-attr]
    if {f.kind for f in interchange.findings} & {"csv_quote", "csv_row_lost", "wrong_charset"}:
        return
    text = io.TextIOWrapper(io.BytesIO(source), "utf-8-sig", newline="").read()
    expected = [row for row in oracle_csv.reader(io.StringIO(text, newline="")) if any(cell.strip() for cell in row) and row != ["\x1a"]]
    assert [row for row in rows if any(cell.strip() for cell in row)] == expected


cells = st.text(st.sampled_from('ab1,;"\r\n #=ü\ufeff'), max_size=6)


@FEW
@given(st.lists(st.tuples(cells, cells), max_size=8))
def test_built_csv_reads_back(rows):
    layout = SheetLayout(comment="#", columns=(Column("a"), Column("b")))
    out = io.BytesIO()
    csv.write_to(csv.build(layout, rows), out)
    (interchange,) = csv.read(io.BytesIO(out.getvalue()), layout=layout)
    again = [tuple(row) for sheet in interchange.messages for row in sheet.rows]  # type: ignore[union-attr]
    assert again == [row for row in rows if any(row)] and interchange.findings == []
