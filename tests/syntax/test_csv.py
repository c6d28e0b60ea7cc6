"""CSV and fixed-width files: rows to sheets, what is wrong with which line, and that writing gives back the bytes."""

from __future__ import annotations

import csv as oracle
import io
from dataclasses import replace

import pytest

from edi_bridge.interchange import Interchange, MessageType, Sheet, Stray, cell_spans
from edi_bridge.syntax import csv
from edi_bridge.syntax.csv import Column, SheetLayout
from edi_bridge.syntax.limits import Limits

ORDERS = SheetLayout(version="acme", name="orders", delimiter=",", key=("order",),
                     columns=(Column("order", required=True), Column("item"), Column("qty"), Column("text")))
FIXED = SheetLayout(kind="fixed", version="old", name="orders", key=("order",),
                    columns=(Column("order", 1, 5, True), Column("item", 6, 6), Column("qty", 12, 4)))


def one(source: bytes, layout: SheetLayout = ORDERS, **options: object) -> tuple[Interchange, list]:
    interchanges = list(csv.read(io.BytesIO(source), layout=layout, **options))  # type: ignore[arg-type]
    assert len(interchanges) == 1
    return interchanges[0], list(interchanges[0].parts)


def sheets(source: bytes, layout: SheetLayout = ORDERS, **options: object) -> list[Sheet]:
    return [part for part in one(source, layout, **options)[1] if isinstance(part, Sheet)]


def written(source: bytes, layout: SheetLayout = ORDERS) -> bytes:
    out = io.BytesIO()
    for interchange in csv.read(io.BytesIO(source), layout=layout):
        csv.write_to(interchange, out)
    return out.getvalue()


def found(source: bytes, layout: SheetLayout = ORDERS, **options: object) -> list[tuple[str, int | None, int | None]]:
    interchange, _ = one(source, layout, **options)
    return [(f.kind, f.position.line, f.position.message) for f in interchange.findings]


# -- rows and messages

GOOD = (b'order,item,qty,text\r\n'
        b'4711,A1,5,"say ""hello"", please"\r\n'
        b'4711,A2,1,"two\r\nlines"\r\n'
        b'4712,B1,7,plain 5" pipe\r\n')


def test_rows_of_one_key_are_one_message():
    interchange, (first, second) = one(GOOD)
    assert first.type == MessageType("csv", "acme", "orders")
    assert first.header == ["order", "item", "qty", "text"]
    assert first.rows == [["4711", "A1", "5", 'say "hello", please'], ["4711", "A2", "1", "two\r\nlines"]]
    assert (first.reference, first.ordinal, first.lines) == ("4711", 1, [2, 3])
    assert (second.rows, second.lines, second.ordinal) == ([["4712", "B1", "7", 'plain 5" pipe']], [5], 2)
    assert interchange.findings == [] and interchange.header == "order,item,qty,text\r\n" and interchange.trailer == ""


def test_the_rows_are_those_of_the_csv_module():
    expected = list(oracle.reader(io.StringIO(GOOD.decode(), newline="")))[1:]
    assert [row for sheet in sheets(GOOD) for row in sheet.rows] == expected


def test_raw_offset_and_bytes_of_each_sheet():
    for sheet in sheets(GOOD):
        assert GOOD[sheet.offset:sheet.offset + len(sheet.raw)] == sheet.raw
    assert sheets(GOOD)[1].raw == b'4712,B1,7,plain 5" pipe\r\n'


def test_without_a_key_every_row_is_a_message():
    assert [sheet.rows[0][1] for sheet in sheets(GOOD, replace(ORDERS, key=()))] == ["A1", "A2", "B1"]


def test_a_key_that_comes_back_is_noted():
    source = b"order,item\n1,a\n2,b\n1,c\n"
    assert [sheet.reference for sheet in sheets(source)] == ["1", "2", "1"]
    assert found(source) == [("csv_key_returns", 4, 3)]


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(end, last):
    source = end.join([b"order,item", b"1,a", b"", b"2,b"]) + (end if last else b"")
    interchange, parts = one(source)
    assert [part.rows for part in parts if isinstance(part, Sheet)] == [[["1", "a"]], [["2", "b"]]]
    assert [part.lines for part in parts if isinstance(part, Sheet)] == [[2], [4]]
    assert interchange.findings == [] and written(source) == source


def test_comments_blank_lines_and_rows_of_empty_cells_are_kept_and_not_read():
    layout = replace(ORDERS, comment="#", skip=1)
    source = b'export of 1 March\n# columns\norder,item\n# one\n1,a\n\n1,"#b"\n,,\n2,c\n# end\n\x1a'
    interchange, parts = one(source, layout)
    assert [part.rows if isinstance(part, Sheet) else part.raw for part in parts] == [
        "# one\n", [["1", "a"], ["1", "#b"]], ",,\n", [["2", "c"]]]
    assert interchange.findings == [] and interchange.trailer == "# end\n\x1a"
    assert written(source, layout) == source


def test_columns_are_found_by_name_whatever_case_blanks_and_order():
    (sheet,) = sheets(b"  ITEM , Order\nA1,4711\n")
    assert (sheet.header, sheet.reference) == (["item", "order"], "4711")


def test_a_file_without_header_line_is_read_by_the_layouts_columns():
    layout = replace(ORDERS, header=False)
    (sheet,) = sheets(b"4711,A1,5,x\n", layout)
    assert sheet.header == ["order", "item", "qty", "text"] and sheet.lines == [1]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_among_those_allowed(delimiter):
    layout = replace(ORDERS, delimiter=",;\t|")
    source = f'order{delimiter}item{delimiter}text\n1{delimiter}a{delimiter}"b{delimiter}c"\n'.encode()
    interchange, (sheet,) = one(source, layout)
    assert sheet.rows == [["1", "a", f"b{delimiter}c"]] and interchange.delimiters.element == delimiter


def test_a_delimiter_that_is_not_allowed_is_not_guessed():
    assert found(b"order;item\n1;a\n") == [("csv_missing_column", 1, None), ("csv_unknown_column", 1, None)]


# -- encodings

@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "utf-16", "utf-16-le", "utf-32", "cp850"])
def test_encodings(encoding):
    layout = replace(ORDERS, encoding=encoding.removesuffix("-sig"))
    source = 'order,text\r\n1,"Müller\r\nÖl"\r\n2,ß\r\n'.encode(encoding)
    interchange, parts = one(source, layout)
    assert [part.rows for part in parts] == [[["1", "Müller\r\nÖl"]], [["2", "ß"]]]
    assert interchange.findings == [] and written(source, layout) == source
    position = parts[1].locate(1, "text")
    codec = interchange.encoding
    assert source[position.offset:position.offset + position.length].decode(codec) == "ß"


def test_a_byte_order_mark_before_a_quoted_cell_in_a_file_without_header():
    source = '\ufeff"1","a"\n'.encode()
    layout = replace(ORDERS, header=False, columns=ORDERS.columns[:2])
    assert sheets(source, layout)[0].rows == [["1", "a"]] and written(source, layout) == source


def test_a_wrong_charset_is_told_with_its_byte():
    source = b"order,text\n1,a\n2,M\xfcller\n"
    interchange, _ = one(source)
    (finding,) = interchange.findings
    assert (finding.kind, finding.position.line, finding.position.message, finding.position.offset) == ("wrong_charset", 3, 2, 18)
    assert source[18] == 0xFC and written(source) == source
    assert sheets(source, charset="iso-8859-1")[1].rows == [["2", "Müller"]]


def test_odd_bytes_in_utf_16():
    layout = replace(ORDERS, encoding="utf-16")
    assert ("wrong_charset", 3, 2) in found("order,text\n1,a\n2,b\n".encode("utf-16") + b"x", layout) or \
        ("wrong_charset", 4, None) in found("order,text\n1,a\n2,b\n".encode("utf-16") + b"x", layout)


@pytest.mark.parametrize("encoding", ["klingon", "cp037", "utf-7", "hex"])
def test_an_encoding_that_cannot_be_read(encoding):
    assert found(b"order\n1\n", replace(ORDERS, encoding=encoding)) == [("character_set_unsupported", None, None)]


# -- what is wrong

def test_all_missing_columns_are_named_at_once():
    layout = replace(ORDERS, columns=(Column("order"), Column("item", required=True), Column("qty", required=True)))
    interchange, parts = one(b"Order;Item\n1;2\n", layout)
    assert parts == [] and interchange.findings[0].kind == "csv_missing_column"
    assert interchange.findings[0].sentence() == 'csv_missing_column: missing "order", "item", "qty"; the header line has "Order;Item"'


def test_unknown_and_doubled_columns():
    assert found(b"order,colour\n1,red\n") == [("csv_unknown_column", 1, None)]
    assert found(b"order,item,Item\n1,a,b\n") == [("csv_duplicate_column", 1, None)]


def test_a_row_of_another_width_is_told_and_its_message_is_known():
    layout = replace(ORDERS, key=())
    source = b"order,item\n1,a\n2\n3,c,d\n"
    assert found(source, layout) == [("csv_row_width", 3, 2), ("csv_row_width", 4, 3)]
    assert "2 columns expected, 1 found" in one(source, layout)[0].findings[0].sentence()


def test_a_row_whose_message_is_not_sure_refuses_the_file():
    assert found(b"item,order\na,1\nb,x,1\nc,1\n") == [("csv_row_width", 3, None), ("csv_row_lost", 3, None)]
    assert found(b"order,item\n1,a\n1,b,x\n1,c\n") == [("csv_row_width", 3, 1)], "the same key: no doubt"
    source = b"item,order\na,1\nb,x,1\nc,1\n"
    assert written(source) == source


def test_a_quote_that_is_never_closed():
    source = b'order,text\n1,a\n2,"b\n3,c\n'
    assert found(source) == [("csv_quote", 3, None), ("csv_row_lost", 3, None)]
    assert "opened in line 3" in one(source)[0].findings[0].sentence()
    assert [sheet.reference for sheet in sheets(source)] == ["1"] and written(source) == source


def test_text_after_a_closing_quote():
    assert found(b'order,text\n1,"a"b\n2,c\n') == [("csv_quote", 2, 1)]
    assert [sheet.reference for sheet in sheets(b'order,text\n1,"a"b\n2,c\n')] == ["1", "2"]


def test_control_characters():
    source = b"order,text\n1,a\x00b\n"
    assert found(source) == [("control_character", 2, 1)] and written(source) == source
    assert one(source)[0].findings[0].position.offset == source.index(b"\x00")


@pytest.mark.parametrize("source", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_nothing_there(source):
    assert [kind for kind, _, _ in found(source)] in (["empty_file"], ["csv_missing_column"])


class Endless(io.RawIOBase):
    """A given beginning, then the same byte for ever (up to 100 MB)."""

    def __init__(self, start: bytes, more: bytes):
        self.start, self.more, self.given = start, more, 0

    def read(self, size: int = -1) -> bytes:
        piece = self.start[:size] or (self.more * size if self.given < 100_000_000 else b"")
        self.start = self.start[size:]
        self.given += len(piece)
        return piece


@pytest.mark.parametrize("more", [b"x", b"\n"])
def test_a_line_or_quoted_value_of_100_mb_is_not_read_to_its_end(more):
    stream = Endless(b'order,text\n1,a\n2,"', more)
    (interchange,) = csv.read(stream, layout=ORDERS)
    assert [part.reference for part in interchange.parts if isinstance(part, Sheet)] == ["1"]
    assert {f.kind for f in interchange.findings} & {"segment_too_large", "csv_quote"} and stream.given < 3_000_000
    assert "csv_row_lost" in {f.kind for f in interchange.findings}


def test_a_message_beyond_the_limit_is_left_out_and_the_others_are_read():
    source = b"order,text\n1,a\n" + b"2,bbbbbbbbbb\n" * 100 + b"3,c\n"
    assert [sheet.reference for sheet in sheets(source, limits=Limits(message=500))] == ["1", "3"]
    assert [(kind, message) for kind, _, message in found(source, limits=Limits(message=500))] == [("message_too_large", 2)]
    assert found(source, limits=Limits(interchange=700))[0][0] == "interchange_too_large"


# -- fixed width

def test_fixed_width():
    source = b"4711 A1       5\r\n4711 A2      12\r\n4712 B1\r\n"
    first, second = sheets(source, FIXED)
    assert first.type == MessageType("fixed", "old", "orders")
    assert (first.rows, second.rows) == ([["4711", "A1", "5"], ["4711", "A2", "12"]], [["4712", "B1", ""]])
    assert found(source, FIXED) == [] and written(source, FIXED) == source
    position = first.locate(2, "qty")
    assert source[position.offset:position.offset + position.length] == b"  12"


def test_fixed_width_lines_that_are_too_long_or_too_short():
    assert found(b"4711 A1       5 more\n", FIXED) == [("csv_row_width", 1, 1)]
    layout = replace(FIXED, columns=(*FIXED.columns[:2], Column("qty", 12, 4, required=True)))
    assert found(b"4711 A1\n", layout) == [("csv_row_width", 1, 1)]
    assert found(b"4711 A1    5\n", layout) == [], "blanks at the end may be cut off"


# -- places

def test_a_cell_is_found_in_the_bytes():
    first, second = sheets(GOOD)
    cases = [(first, 1, "text", b'"say ""hello"", please"'), (first, 2, "qty", b"1"), (first, 2, 4, b'"two\r\nlines"'),
             (second, 1, "order", b"4712")]
    for sheet, row, column, expected in cases:
        position = sheet.locate(row, column)
        assert GOOD[position.offset:position.offset + position.length] == expected
        assert position.line == sheet.lines[row - 1]
    assert first.locate(2, 4).path == "text"
    assert first.locate(1).length == len(GOOD.splitlines()[1])
    assert first.locate(9, 1).offset is None and first.locate(1, 9).path == "column 9"


def test_cell_spans():
    assert [(r'a,"b,""c",'[s:e]) for s, e in cell_spans('a,"b,""c",\n', ",", '"')] == ["a", '"b,""c"', ""]


# -- which layout

# -- writing what was built

def test_built_csv_is_canonical_and_reads_back():
    rows = [["1", "a,b", 'say "x"', "two\nlines"], ["1", "", "", ""], ["2", "=1+1", " x ", "#"]]
    out = io.BytesIO()
    interchange = csv.build(ORDERS, rows)
    csv.write_to(interchange, out)
    assert out.getvalue() == (b'order,item,qty,text\r\n1,"a,b","say ""x""","two\nlines"\r\n1,,,\r\n2,=1+1, x ,#\r\n')
    built = [part for part in csv.build(ORDERS, rows).parts]
    again = sheets(out.getvalue())
    assert [(s.rows, s.lines, s.offset, s.reference) for s in again] == [(s.rows, s.lines, s.offset, s.reference) for s in built]


def test_first_cells_that_would_read_as_comment_or_nothing_are_quoted():
    layout = replace(ORDERS, comment="#", columns=(Column("order"),), key=())
    out = io.BytesIO()
    csv.write_to(csv.build(layout, [["#1"], [" "]]), out)
    assert out.getvalue() == b'order\r\n"#1"\r\n" "\r\n'
    assert [s.rows for s in sheets(out.getvalue(), layout)] == [[["#1"]], [[" "]]]


def test_formulas_are_disarmed_only_when_asked():
    out = io.BytesIO()
    csv.write_to(csv.build(replace(ORDERS, header=False), [["=1", "+2", "-3", "@4"]], formula_safe=True), out)
    assert out.getvalue() == b"'=1,'+2,'-3,'@4\r\n"


def test_what_cannot_be_written_is_found():
    interchange = csv.build(replace(ORDERS, encoding="ascii"), [["1", "ä", "", ""]])
    interchange.drain()
    assert [(f.kind, f.position.line) for f in interchange.findings] == [("cannot_write", 2)]
    interchange = csv.build(FIXED, [["123456", "a", "1"]])
    (sheet,) = interchange.parts
    assert sheet.raw == b"12345a     1   \r\n" and interchange.findings[0].position.path == "order"


def test_strays_are_not_messages():
    interchange, parts = one(b"order,item\n1,a\n\n2,b\n")
    assert [part.__class__ for part in parts] == [Sheet, Stray, Sheet]
