"""The UN/EDIFACT importer on a small directory in UNECE's two layouts, written for these tests."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
import yaml

from edi_bridge.fault import ConfigFault
from edi_bridge.guide.importer.directory import GroupUse, SegmentUse
from edi_bridge.guide.importer.files import import_release, read_release
from edi_bridge.guide.importer.unece import read_directory
from edi_bridge.guide.importer.yaml_form import yaml_files

LEGEND_OLD = """     Change indicators

     a plus sign (+)    for an addition
     an asterisk (*)    for an amendment to structure
     a minus sign (-)   for a deletion
     a X sign (X)       for marked for deletion
"""
RULE = "─" * 70

OLD = {
    "TRSD.96X": f"""2.   Segment specifications

{LEGEND_OLD}
{RULE}

    * BGM    BEGINNING OF MESSAGE

      Function: To say what kind of message
                this is.

010   C002  DOCUMENT/MESSAGE NAME                          C
      1001   Document/message name, coded                  C  an..3
      1000   Document/message name with a name that runs   C  an..35
             on

020 + 1004  DOCUMENT/MESSAGE NUMBER                        C  an..35

030 - 1056  VERSION                                        C  an..9

{RULE}

    X NAD    NAME AND ADDRESS

      Function: To name a party.

010   3035  PARTY QUALIFIER                                M  an..3

020   C080  PARTY NAME                                     C
      3036   Party name                                    M  an..35
      3036   Party name                                    C  an..35

{RULE}

      RFF    REFERENCE

      Function: To specify a reference.

010   C506  REFERENCE                                      M
      1153   Reference qualifier                           M  an..3
      1154   Reference number                              C  an..35
\x1a""",
    "TRCD.96X": f"""2.   Composite specifications

{LEGEND_OLD}
{RULE}

      C002  DOCUMENT/MESSAGE NAME

      Desc: A kind of document.

010   1001   Document/message name, coded                  C  an..3
020   1000   Document/message name with a name that runs   C  an..35
             on

{RULE}

      C080  PARTY NAME

      Desc: Up to two lines.

010   3036   Party name                                    M  an..35
020   3036   Party name                                    C  an..35

{RULE}

      C506  REFERENCE

      Desc: A reference.

010   1153   Reference qualifier                           M  an..3
020 * 1154   Reference number                              C  an..35
""",
    "TRED.96X": f"""2.   Data element specifications

{LEGEND_OLD}
{RULE}

   1000  Document/message name

   Desc: A name.

   Repr: an..35

{RULE}

   1001  Document/message name, coded

   Desc: A code.

   Repr: an..3

{RULE}

   1004  Document/message number

   Repr: an..35

{RULE}

   1153  Reference qualifier

   Repr: an..3

{RULE}

|  1154  Reference number

   Repr: an..35

{RULE}

   3035  Party qualifier

   Repr: an..3

{RULE}

   3036  Party name

   Repr: an..35
""",
    "UNCL-1.96X": f"""CHAPTER 7 Code lists

1.   Code lists

{LEGEND_OLD}
{RULE}

* 1001  Document/message name, coded

  Desc: A code.

  Repr: an..3

        1 Certificate
             Something that certifies
             something.
+     220 Order
             220 means order.
      221 Blanket order
-     222 Spot order
             Gone.
  YES     Confirmation of an order that is long enough to
          need a second line
             Self explanatory.
""",
    "UNCL-2.96X": f"""  3035  Party qualifier

  Repr: an..3

       BY Buyer
             Who buys.
       SU Supplier

{RULE}

  1153  Reference qualifier

  Repr: an..3

      ON  Order number: the buyer's
""",
    "TOYORD_D.96X": """                              UN/EDIFACT

                                            Message Type : TOYORD
                                            Version      : D
                                            Release      : 96X

4.3.1  Segment table

Pos    Tag Name                                      S   R

           HEADER SECTION

0010   UNH Message header                            M   1
0020   BGM Beginning of message                      M   1

0030 * RFF Reference to something with a long name                   
              that runs on                           C   9

0040       ───── Segment group 1  ────────────────── C   99──────────┐
0050   NAD Name and address                          M   1           │
                                                                     │
0060 +     ───── Segment group 2  ────────────────── C   5──────────┐│
0070 + RFF Reference                                 M   1──────────┴┘

0080       ───── Segment group 3  ────────────────── M   1───────────┐
0090   RFF Reference                                 M   1───────────┘

           SUMMARY SECTION

0100   UNT Message trailer                           M   1
""",
    "CONTENTS.96X": "Just a table of contents\n",
}

DASHES = "-" * 70

NEW = {
    "EDSD.99Y": f"""2.   Segment specifications

     Change indicators

     a minus sign (-)   for marked for deletion (within either
                        batch or interactive messages)

{DASHES}

       BGM  BEGINNING OF MESSAGE

       Function: To say what this is.

010    C002 DOCUMENT/MESSAGE NAME                      C    1
       1001  Document name code                        C      an..3

020    1004 DOCUMENT IDENTIFIER                        C    1 an..35

{DASHES}

    X  COM  COMMUNICATION CONTACT

       Function: To say how somebody is reached.

010 X  C076 COMMUNICATION CONTACT                      M    3
       3148  Communication address identifier          M      an..512
       3155  Communication address code qualifier      M      an..3

       Note:
            1. 3155 is needed in D.99Y C    1
{DASHES}

       RFF  REFERENCE

010 -  1004 DOCUMENT IDENTIFIER                        C   99 an..35
""",
    "EDCD.99Y": f"""2.   Composite specifications

     Change indicators

{DASHES}

       C002 DOCUMENT/MESSAGE NAME

       Desc: A kind of document.

010    1001  Document name code with a long name
             that runs on                              C      an..3

{DASHES}

       C076 COMMUNICATION CONTACT

       Desc: How somebody is reached.

010    3148  Communication address identifier          M      an..512
020    3155  Communication address code qualifier      M      an..3
""",
    "EDED.99Y": f"""2.   Data element specifications

     Change indicators

{DASHES}

     1001  Document name code                                      [C]

     Repr: an..3

{DASHES}

     1004  Document identifier                                     [B]

     Repr: an..35

{DASHES}

     3148  Communication address identifier with a long name
           that runs on                                            [B]

     Desc: An address.

     Repr: an..512

{DASHES}

     3155  Communication address code qualifier                    [C]

     Repr: an..3
""",
    "UNCL.99Y": f"""1.   Code list UNCL

     Change indicators

{DASHES}

     1001  Document name code                                      [C]

     Desc: A code.

     Repr: an..3

     1     Certificate
              Certifies.

X    220   Order
              Orders.

           Note:
              1. This code will go.

     380   Commercial invoice: goods
              and services
""",
    "TOYINV_D.99Y": f"""
                                           Message Type : TOYINV
                                           Version      : D
                                           Release      : 99Y

4.3.1  Segment table

Pos     Tag Name                                     S   R

            HEADER SECTION

00010   UNH Message header                           M   1
00020 * BGM Beginning of message                     M   1
00030   the first group                              C   9999------------+
00040   RFF Reference                                M   1                |
00050       ---- Segment group 2  ------------------ C   9---------------+|
00060   COM Communication contact                    M   1               ||
00070   RFF Reference                                C   3---------------+|
00080       ---- Segment group 3  ------------------ C   9---------------+|
00090   COM Communication contact                    M   1---------------++
00100   UNT Message trailer                          M   1
{DASHES}
Prose after the table, 00110   ABC not a segment M   1
""",
}


def as_published(files: dict[str, str], encoding: str) -> dict[str, bytes]:
    """The files as bytes with the line ends UNECE uses."""
    return {name: text.replace("\n", "\r\n").encode(encoding) for name, text in files.items()}


def test_an_old_directory_is_read_whole() -> None:
    directory = read_directory(as_published(OLD, "cp437"))
    assert [str(remark) for remark in directory.remarks] == []
    assert directory.skipped == ("CONTENTS.96X",)
    assert directory.release == "D96X"
    files = yaml_files(directory, coded=directory.codes)
    assert files["TOYORD.yaml"] == """structure: edifact/D96X/TOYORD
tree:
  - UNH M 1
  - BGM M 1
  - RFF C 9
  - SG1 C 99:
      - NAD M 1
      - SG2 C 5:
          - RFF M 1
  - SG3 M 1:
      - RFF M 1
  - UNT M 1
"""
    segments = yaml.safe_load(files["segments.yaml"])
    assert segments["BGM"] == {"name": "Beginning of message", "of": ["C002 C", "1004 C"]}  # 1056 is deleted
    assert segments["NAD"] == {"name": "Name and address", "of": ["3035 M", "C080 C"]}
    assert segments["UNT"] == {"name": "Message trailer", "of": ["0074 M", "0062 M"]}
    composites = yaml.safe_load(files["composites.yaml"])
    assert composites["C080"] == {"name": "Party name", "of": ["3036 M", "3036 C"]}
    assert composites["C002"]["of"] == ["1001 C", "1000 C"]
    elements = yaml.safe_load(files["elements.yaml"])
    assert elements["1154"] == "an..35 Reference number"
    assert elements["0062"] == "an..14 Message reference"
    assert "1056" not in elements


def test_codes_of_both_parts_come_with_short_names_only() -> None:
    directory = read_directory(as_published(OLD, "cp437"))
    assert directory.codes == {
        "1001": {"1": "Certificate", "220": "Order", "221": "Blanket order",
                 "YES": "Confirmation of an order that is long enough to need a second line"},
        "3035": {"BY": "Buyer", "SU": "Supplier"},
        "1153": {"ON": "Order number: the buyer's"},
    }
    written = yaml_files(directory, coded=["1001", "1153"])["codes.yaml"]
    assert yaml.safe_load(written) == {number: directory.codes[number] for number in ("1001", "1153")}
    assert "codes.yaml" not in yaml_files(directory)


def test_a_new_directory_is_read_whole() -> None:
    text = NEW | {"TOYINV_D.99Y": NEW["TOYINV_D.99Y"].replace(
        "00030   the first group                              C", "00030       ---- Segment group 1  ------------------ C")}
    directory = read_directory(as_published(text, "utf-8"))
    assert [str(remark) for remark in directory.remarks] == []
    assert directory.messages["TOYINV"].tree == (
        SegmentUse("UNH", "M", 1), SegmentUse("BGM", "M", 1),
        GroupUse(1, "C", 9999, (
            SegmentUse("RFF", "M", 1),
            GroupUse(2, "C", 9, (SegmentUse("COM", "M", 1), SegmentUse("RFF", "C", 3))),
            GroupUse(3, "C", 9, (SegmentUse("COM", "M", 1),)),
        )),
        SegmentUse("UNT", "M", 1),
    )
    files = yaml_files(directory, coded=directory.codes)
    segments = yaml.safe_load(files["segments.yaml"])
    assert segments["COM"] == {"name": "Communication contact", "of": ["C076 M*3"]}
    assert segments["RFF"]["of"] == ["1004 C*99"]  # a minus sign only marks it for deletion here
    assert yaml.safe_load(files["elements.yaml"])["3148"] == (
        "an..512 Communication address identifier with a long name that runs on")
    assert yaml.safe_load(files["codes.yaml"]) == {
        "1001": {"1": "Certificate", "220": "Order", "380": "Commercial invoice: goods"}}


def test_what_is_not_understood_is_said_with_its_place() -> None:
    broken = OLD | {
        "TRED.96X": OLD["TRED.96X"].replace("Repr: an..35", "Repr: an..many", 1),
        "TRSD.96X": OLD["TRSD.96X"].replace("010   3035  PARTY QUALIFIER                                M",
                                            "010   3035  PARTY QUALIFIER                                ?"),
        "TRCD.96X": OLD["TRCD.96X"].replace("C  an..35\n\x1a", "C  an..35").replace(
            "020 * 1154   Reference number                              C  an..35",
            "020 * 1154   Reference number                              C  an..70"),
        "TOYORD_D.96X": OLD["TOYORD_D.96X"].replace("1──────────┴┘", "1──────────┘│"),
    }
    said = [str(remark) for remark in read_directory(as_published(broken, "cp437")).remarks]
    line = broken["TRED.96X"].split("Repr: an..many")[0].count("\n") + 1
    assert f"TRED.96X:{line}: element 1000 has a form that is not understood: 'an..many'" in said
    line = broken["TRSD.96X"].split("PARTY QUALIFIER")[0].count("\n") + 1
    assert any(text.startswith(f"TRSD.96X:{line}: a line without status") for text in said)
    assert "C506: gives 1154 as an..70, the element directory as an..35" in said
    assert "C002: names element 1000, which is not defined" in said
    assert any(re.fullmatch(r"TOYORD_D.96X:\d+: 2 groups are open here, but 1 lines are drawn", text) for text in said)
    assert "TOYORD_D.96X: the box of segment group 1 is never closed" in said


def test_a_line_of_the_table_that_is_no_segment_is_said() -> None:
    said = [str(remark) for remark in read_directory(as_published(NEW, "utf-8")).remarks]
    assert any(text.startswith("TOYINV_D.99Y:14: a line of the segment table was not understood") for text in said)


@pytest.mark.parametrize("junk", [b"", b"\x00\xff" * 500, "─".encode("cp437") * 80, b"Message Type : ORDERS\n"])
def test_junk_gives_remarks_or_is_skipped(junk: bytes) -> None:
    directory = read_directory({"x.txt": junk})
    assert not directory.segments and not directory.messages
    assert directory.remarks or directory.skipped == ("x.txt",)


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_release_is_read_from_a_folder_with_zips_in_zips(tmp_path: Path) -> None:
    published = as_published(OLD, "cp437")
    inner = zipped({"TRMD/TOYORD_D.96X": published.pop("TOYORD_D.96X")})
    (tmp_path / "D96X.ZIP").write_bytes(zipped(published | {"TRMD.ZIP": inner}))
    assert "D96X.ZIP/TRMD.ZIP/TRMD/TOYORD_D.96X" in read_release(tmp_path)
    directory = import_release(tmp_path, tmp_path / "out", ["TOYORD"], coded=None)
    assert directory.remarks == ()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "TOYORD.yaml", "codes.yaml", "composites.yaml", "elements.yaml", "segments.yaml"]
    one_zip = read_release(tmp_path / "D96X.ZIP")
    assert read_directory(one_zip).messages.keys() == {"TOYORD"}


def test_a_folder_without_a_directory_is_a_configuration_fault(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("nothing")
    with pytest.raises(ConfigFault, match="no UN/EDIFACT directory"):
        import_release(tmp_path, tmp_path / "out")
    (tmp_path / "bad.zip").write_bytes(b"PK nonsense")
    with pytest.raises(ConfigFault, match="cannot be read"):
        read_release(tmp_path)


def test_an_unknown_message_is_a_configuration_fault(tmp_path: Path) -> None:
    (tmp_path / "d96x.zip").write_bytes(zipped(as_published(OLD, "cp437")))
    with pytest.raises(ConfigFault, match="no message NOSUCH"):
        import_release(tmp_path, tmp_path / "out", ["NOSUCH"])
