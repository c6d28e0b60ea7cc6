"""The pages for the browser: what comes from outside stays text, and a page asks nobody else."""

from __future__ import annotations

import lxml.html
import pytest

from edi_bridge.cli import html

HOSTILE = "<script>alert('1')</script> \"&\x1b[31m"


def test_what_comes_from_outside_is_text_everywhere() -> None:
    made = html.page(HOSTILE, [html.line(HOSTILE, "dim"), html.figure(HOSTILE, HOSTILE, 0.5, HOSTILE),
                               html.table(("a", "#n"), [(html.code(HOSTILE), f'<i title="{html.text(HOSTILE)}">1</i>')])])
    page = lxml.html.fromstring(made)
    assert page.xpath("//script | //link | //img | //@src | //@href | //@onclick") == []
    shown = HOSTILE.replace("\x1b", "\\x1b")
    for path in ("//title", "//p[@class='dim']", "//div/b", "//div/span[@class='dim']", "//td/code"):
        assert page.xpath(f"string({path})") == shown, path
    assert page.xpath("string(//td/i/@title)") == shown and "\x1b" not in made


@pytest.mark.parametrize(("title", "look"), [("plain", None), ("#number", "number"), ("|middle", "step")])
def test_a_column_s_cells_stand_as_its_title_says(title: str, look: str | None) -> None:
    page = lxml.html.fromstring(html.table((title,), [("1",), ("2",)]))
    assert [cell.get("class") for cell in page.xpath("//th | //td")] == [look] * 3
    assert page.xpath("string(//th)") == title.lstrip("#|")


def test_a_table_without_rows_says_what_that_means() -> None:
    assert html.table(("a",), []) == "" and html.table(("a",), [], html.line("Nothing.", "good")) == '<p class="good">Nothing.</p>'
