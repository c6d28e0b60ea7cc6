"""The line of an XML document in which a finding stands, whatever the document's encoding."""

from __future__ import annotations

import pytest

from edi_bridge import syntax
from edi_bridge.cli import excerpt
from edi_bridge.interchange import Document, Position

TEXT = '<?xml version="1.0" encoding="{}"?>\n<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2">\n  <Größe>drei</Größe>\n</Order>\n'


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("UTF-8", "utf-8"), ("ISO-8859-1", "latin-1"), ("UTF-16", "utf-16"), ("UTF-8", "utf-8-sig")],
)
def test_the_line_is_shown_as_people_read_it_with_the_name_underlined(encoding: str, written: str) -> None:
    [interchange] = syntax.read(TEXT.format(encoding).encode(written))
    [document] = interchange.messages
    assert isinstance(document, Document)
    shown = excerpt.of(document.locate(document.root[0]), document, interchange)
    assert shown is not None
    assert shown.text == "<Größe>drei</Größe>"
    assert shown.text[shown.start : shown.start + shown.length] == "Größe"


ONE_LINE = (
    '<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" xmlns:b="urn:b"><b:Line><b:ID>1</b:ID></b:Line>'
    '<b:Line><b:IDs/><b:ID unit="a" b:x="b">2</b:ID></b:Line></Order>'
)


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/Order/b:Line[2]/b:ID", 'b:ID| unit="a" b:x="b">2<'),
        ("/Order/b:Line[1]/b:ID", "b:ID|>1<"),
        ("/Order/b:Line[2]", "b:Line|><b:IDs/>"),
        ("/Order/b:Line[2]/b:ID/@unit", 'unit|="a" b:x'),
        ("/Order", "Order| xmlns="),
    ],
)
def test_in_a_document_of_one_line_the_right_one_of_many_is_underlined(path: str, marked: str) -> None:
    shown = _shown(path)
    name, behind = marked.split("|")
    assert shown.text[shown.start : shown.start + shown.length] == name
    assert shown.text[shown.start + shown.length :].startswith(behind)


def test_what_is_missing_has_no_name_to_underline() -> None:
    shown = _shown("/Order/b:Line[1]/b:Name")
    assert (shown.start, shown.length) == (0, 0) and shown.text.startswith("<Order ")


def _shown(path: str) -> excerpt.Excerpt:
    [interchange] = syntax.read(ONE_LINE.encode())
    [document] = interchange.messages
    shown = excerpt.of(Position(line=1, path=path), document, interchange)
    assert shown is not None
    return shown
