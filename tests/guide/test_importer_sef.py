"""SEF files (EDI Standard Exchange Format 1.6), written for these tests, become our files; what is odd in them is reported."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from edi_bridge.catalog import Catalog
from edi_bridge.guide.importer.directory import (
    UNLIMITED,
    Directory,
    GroupUse,
    SegmentUse,
    Use,
)
from edi_bridge.guide.importer.files import import_guides
from edi_bridge.guide.importer.sef import read_sef

ORDER = """.VER 1.6
.INI
TOY850,,004 010,X,X12-4010,Orders of a toy maker, all of them
.PRIVATE SOMEBODY
.TDVER RN6F
!! not for others !!
.PUBLIC
.STD ,RE
.SETS
850=^[ST,M][!BEG*1,M]+20[.CUR][REF,,>1]{:200+5[N1*2][.N2,,2][N3,,2]}^{LINES:100000[PO1*1,M][$PID,,2]{:>1[SCH][-DTM]}}^{:1[CTT][&AMT]}[SE,M]
.SEGS
ST=[143,M][329,M]
SE=[96,M][329,M]
BEG=[353,M][92,M][324,M][328][373,M],...#.
CUR=[98,M][100,M]{2[374][373]}[337]+C0403P050607
REF=[128,M][127][352]+R0203
N1=[98,M][93][66][67]+R0203P0304,....,..!
N2=[93,M]
N3=[166,M]{2[166]}
PO1=[350][330][355][C001]{2[235][234]}+C0302P0506P0708,!..#..*1
PID=[349,M][352]
SCH=[380,M][C001,,3]
DTM=[374,M][373][337]+R0203
CTT=[354,M]
AMT=[522,M][782,M]
.COMS
C001=[355,M][1018][649]+P0203
.ELMS
92=ID,2,2
93=AN,1,60
96=N0,1,10
98=ID,2,3
100=ID,3,3
127=AN,1,30
128=ID,2,3
143=ID,3,3
166=AN,1,55
234=AN,1,48
235=ID,2,2
324=AN,1,22
328=AN,1,30
329=AN,4,9
330=R,1,15
337=TM,4,8
349=ID,1,1
350=AN,1,20
352=AN,1,80
353=ID,2,2
354=N0,1,6
355=ID,2,2
373=DT,8,8
374=ID,3,3
380=R,1,15
522=ID,1,3
649=R,1,10
66=ID,1,2
67=AN,2,80
782=R,1,18
1018=R,1,15
.CODES
353=00,01,05
92=SA,NE
.TEXT,SETS
850~2,4,Send one order in a set.
.VALREFS
850/2=TOYS
"""

MESSAGE = """.VER 1.6
.INI
TOYS,,D 96A,UN,UN D.96A,
.SETS
TOYORD=[UNH,M][BGM*1,M][DTM,M,35]{:10[RFF][DTM,,5]}{:99[NAD,M]{:5[RFF][DTM]}}[UNS,M][UNT,M]
.SEGS
BGM=[C002][1004][1225],.!
DTM=[C507,M]
RFF=[C506,M]
NAD=[3035,M][C082]
.COMS
C002=[1001][1131][1000]
C507=[2005,M][2380][2379]
C506=[1153,M][1154]
C082=[3039,M][1131]
.ELMS
1000=AN,1,35
1001=AN,1,3
1004=AN,1,35
1131=AN,1,3
1153=AN,1,3
1154=AN,1,35
1225=AN,1,3
2005=AN,1,3
2379=AN,3,3
2380=AN,1,35
3035=AN,1,3
3039=AN,1,35
"""


def read(text: str) -> Directory:
    """What a SEF file of that text says."""
    return read_sef("toy.sef", text.encode("cp1252"))


def said(text: str) -> list[str]:
    """The remarks about it, in the order of the lines."""
    return [str(remark) for remark in read(text).remarks]


def test_a_set_becomes_a_tree_of_loops() -> None:
    directory = read(ORDER)
    assert (directory.standard, directory.release) == ("x12", "004010")
    order = directory.messages["850"]
    assert order.title == "Orders of a toy maker, all of them"
    assert order.tree == (
        SegmentUse("ST", "M", 1), SegmentUse("BEG", "M", 1), SegmentUse("CUR", "O", 1), SegmentUse("REF", "O", UNLIMITED),
        GroupUse(0, "O", 200, (SegmentUse("N1", "O", 1), SegmentUse("N2", "O", 2), SegmentUse("N3", "O", 2)), "N1"),
        GroupUse(0, "M", 100000, (
            SegmentUse("PO1", "M", 1), SegmentUse("PID", "O", 2),
            GroupUse(0, "O", UNLIMITED, (SegmentUse("SCH", "O", 1), SegmentUse("DTM", "O", 1)), "SCH")), "PO1"),
        GroupUse(0, "O", 1, (SegmentUse("CTT", "O", 1), SegmentUse("AMT", "O", 1)), "CTT"),
        SegmentUse("SE", "M", 1),
    )


def test_segments_composites_elements_and_codes() -> None:
    directory = read(ORDER)
    assert directory.segments["CUR"].uses == (
        Use("98", "M"), Use("100", "M"), Use("374", "X"), Use("373", "X"), Use("374", "X"), Use("373", "X"), Use("337", "X"))
    assert directory.segments["CUR"].rules == ("C0403", "P050607")
    assert directory.segments["SCH"].uses == (Use("380", "M"), Use("C001", "O", 3))
    assert directory.composites["C001"].rules == ("P0203",)
    assert directory.elements["324"].form == "AN 1/22" and directory.elements["373"].form == "DT 8"
    assert directory.codes == {"353": {"00": "", "01": "", "05": ""}, "92": {"SA": "", "NE": ""}}


def test_what_is_no_part_of_a_guide_s_facts_is_skipped_or_said() -> None:
    directory = read(ORDER)
    assert directory.skipped == ("toy.sef .TEXT,SETS",)
    line = ORDER.split(".VALREFS")[0].count("\n") + 1
    assert said(ORDER) == [f"toy.sef:{line}: the section .VALREFS is not read: its value lists or rules are missing in what was imported"]


def test_marks_and_masks_become_what_an_agreement_restricts() -> None:
    assert dict(read(ORDER).messages["850"].restrict) == {
        "BEG": "{required: true}",
        "BEG/04": "{forbidden: true}",  # mask ...#.
        "CUR": "{forbidden: true}",
        "{N1}/N1/03": "{required: true}",  # mask ..! — and behind its end
        "{N1}/N1/04": "{forbidden: true}",
        "{N1}/N2": "{forbidden: true}",
        "{PO1}/PO1/01": "{required: true}",  # mask !..#..*1
        "{PO1}/PO1/04": "{forbidden: true}",
        "{PO1}/PO1/07": "{forbidden: true}",
        "{PO1}/PO1/08": "{forbidden: true}",
    }


def test_the_written_files_are_a_guide_that_the_catalog_reads(tmp_path: Path) -> None:
    (tmp_path / "toy.sef").write_text(ORDER)
    (done,) = import_guides(tmp_path / "toy.sef", tmp_path / "guides")
    assert done.folder == tmp_path / "guides" / "x12" / "004010"
    guide = Catalog(tmp_path).guide("x12/004010/850")
    assert guide.key == "x12/004010/850"
    paths = [node.path for node in guide.places]
    assert "{PO1}/{SCH}/DTM" in paths and len(guide.structure.segments) == 14
    begin = guide.structure.segments["BEG"]
    assert [(one.id, one.status) for one in begin.elements] == [("353", "M"), ("92", "M"), ("324", "M"), ("328", "O"), ("373", "M")]
    codes = guide.elements["353"].codes
    assert codes is not None and codes.complete and list(codes.codes) == ["00", "01", "05"]
    restrict = yaml.safe_load((done.folder / "850.restrict.yaml").read_text())["restrict"]
    assert restrict["{PO1}/PO1/04"] == {"forbidden": True}


def test_an_edifact_sef_numbers_its_groups_and_gets_the_service_segments(tmp_path: Path) -> None:
    (tmp_path / "toys.SEF").write_text(MESSAGE)
    (done,) = import_guides(tmp_path / "toys.SEF", tmp_path / "guides")
    assert [str(remark) for remark in done.directory.remarks] == []
    assert (done.folder / "TOYORD.yaml").read_text() == """structure: edifact/D96A/TOYORD
tree:
  - UNH M 1
  - BGM M 1
  - DTM M 35
  - SG1 C 10:
      - RFF M 1
      - DTM C 5
  - SG2 M 99:
      - NAD M 1
      - SG3 C 5:
          - RFF M 1
          - DTM C 1
  - UNS M 1
  - UNT M 1
"""
    assert yaml.safe_load((done.folder / "elements.yaml").read_text())["2379"] == "an3 Element 2379"
    assert yaml.safe_load((done.folder / "TOYORD.restrict.yaml").read_text()) == {
        "restrict": {"BGM/1004": {"required": True}, "BGM/1225": {"forbidden": True}}}
    assert Catalog(tmp_path).guide("edifact/D96A/TOYORD").structure.segments["UNH"].elements[1].id == "S009"


ODD = [
    (".INI\nTOY850,,004 010,X,", ".INI\nTOY850,,004 010,GC,", "the agency 'GC' is neither X (X12) nor UN (EDIFACT)"),
    ("TOY850,,004 010,", "TOY850,,,", "version and release are missing: '' is not of the form '004 010' or 'D 96A'"),
    ("004 010", "../ ..", "version and release are missing: '../ ..' is not of the form '004 010' or 'D 96A'"),
    ("{:>1[SCH][-DTM]}}^", "{:>1[SCH][-DTM]^", "the loop LINES is never closed"),
    ("[.CUR]", "[.CUR]<?>", "a set was not understood from here on: '<?>[REF"),
    ("[.CUR]", "[.XYZ]", "the set names XYZ, which .SEGS does not have; it was left out"),
    ("{:1[CTT][&AMT]}", "{:1{:1[CTT]}[&AMT]}", "does not begin with a segment; its content stands outside it"),
    ("[!BEG*1,M]", "[!BEG*3,M]", "BEG uses mask 3, which BEG does not have"),
    ("[.CUR]", "[.CUR][!REF]", "REF stands in several places of the set, so its marks cannot be written as restrict:"),
    ("REF=[128,M][127][352]+R0203", "REF=[128,M][127][352]+Q0203", "REF: what stands behind its elements was not understood: '+Q0203'"),
    ("REF=[128,M][127][352]+R0203", "REF=[128,M][127][352]+R02", "REF: what stands behind its elements was not understood: '+R02'"),
    ("REF=[128,M][127][352]+R0203", "REF=[128,M][127][352]+R0204P0102", "REF: R0204 names an element that is not there"),
    ("REF=[128,M]", "REF=[128,M}", "REF was not understood from here on"),
    ("N3=[166,M]{2[166]}", "N3=[166,M]{2[166]", "N3 was not understood from here on"),
    ("328][373,M],...#.", "328][373,M],..?#.", "BEG: what stands behind its elements was not understood: ',..?#.'"),
    ("353=ID,2,2", "353=ID,two,2", "element 353 has a form that is not understood: 'ID,two,2'"),
    ("353=ID,2,2", "353=IX,2,2", "element 353 has a type or length that is not known: 'IX,2,2'"),
    ("353=ID,2,2", "353=ID,3,2", "element 353 has a type or length that is not known: 'ID,3,2'"),
    ("\n92=ID,2,2", "\nnonsense", "a line of .ELMS was not understood: 'nonsense'"),
    ("353=00,01,05", "353=(00,01),05", "the codes of element 353 were not understood"),
    ("166=AN,1,55\n", "", "N3 names 166, which is not defined"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), ODD, ids=[case[2] for case in ODD])
def test_what_is_odd_is_said_with_its_line(old: str, new: str, sentence: str) -> None:
    assert old in ORDER
    clean = ORDER.split(".VALREFS")[0]
    assert said(clean) == []
    found = [one for one in said(clean.replace(old, new, 1)) if sentence in one]
    assert len(found) == 1
    if "not defined" not in sentence:
        line = clean.split(old)[0].count("\n") + 1
        assert int(found[0].split(":")[1]) in (line, line + 1)


def test_a_segment_that_is_not_understood_takes_its_sets_with_it() -> None:
    directory = read(ORDER.replace("REF=[128,M][127]", "REF=[128,M}[127]"))
    assert "REF" not in directory.segments and "850" not in directory.messages
    assert any("the set names REF" in str(remark) for remark in directory.remarks)


@pytest.mark.parametrize("junk", [b"", b"\x00\xff" * 400, b".SETS\n850=[", b".INI\n" + b"x" * 10_000])
def test_junk_gives_remarks(junk: bytes) -> None:
    directory = read_sef("junk.sef", junk)
    assert directory.remarks and not directory.messages and directory.release == ""
