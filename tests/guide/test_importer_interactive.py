"""An interactive UN/EDIFACT directory with dependency notes, and one with deliberate garbage, both written for these tests in
UNECE's layout (R.1023: presentation of messages and directories)."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest
import yaml

from edi_bridge.fault import ConfigFault
from edi_bridge.guide.condition import parse
from edi_bridge.guide.importer.dependency import read_dependencies
from edi_bridge.guide.importer.directory import Directory, GroupUse, SegmentUse
from edi_bridge.guide.importer.files import import_guides, read_release
from edi_bridge.guide.importer.unece import read_directory
from edi_bridge.guide.importer.yaml_form import yaml_files
from edi_bridge.structure import load
from edi_bridge.yamltext import parse as parse_yaml

LEGEND = """     Change indicators

     a plus sign (+)    for an addition
     an asterisk (*)    for an amendment to structure
     a hash sign (#)    for changes to names
     a vertical bar (|) for changes to text for descriptions,
                        notes and functions
     a minus sign (-)   for marked for deletion (within either
                        batch or interactive messages)
     a letter X (X)     for marked for deletion (within both batch
                        and interactive messages)
"""
RULE = "-" * 70

FILES = {
    "IDSD.00Z": f"""2.   Segment specifications

{LEGEND}
{RULE}

       DTR  DETAILS OF A TRIP

       Function: To say where a trip
                 begins.

010    E101 TRIP                                       M    1       1
       3225  Location identifier                       M      an..35
       3224  Location name                             C      an..256

020    3225 LOCATION IDENTIFIER                        C    9 an..35    1,2

030 +  9988 NUMBER OF SEATS                            C    1 n..3      2

040 X  E102 SOMETHING OLD                              C   99
       9988  Number of seats                           C      n..3

       Dependency Notes:
       1. D5(020, 010) If first, then all
       2. D6(030,020,040) If first, then at least one
          more

       Note:
            1. D5(010,020) stands in prose here and is no dependency.

{RULE}

   |   MSD  MESSAGE ACTION DETAILS

       Function: To say what to do.

010    9988 NUMBER OF SEATS                            C    1 n..3
""",
    "IDCD.00Z": f"""2.   Composite specifications

{LEGEND}
{RULE}

   *   E101 TRIP

       Desc: Where a trip begins.

010    3225  Location identifier                       M      an..35
020    3224  Location name                             C      an..256

       Dependency Notes:
       1. D2(010,020) All or none

{RULE}

       E102 SOMETHING OLD

       Desc: Gone soon.

010    9988  Number of seats                           C      n..3
""",
    "EDED.00Z": f"""2.   Data element specifications

{LEGEND}
{RULE}

     3224  Location name                                           [B]

     Desc: Name of the location.

     Repr: an..256

{RULE}

     3225  Location identifier                                     [C]

     Desc: To identify a location.

     Repr: an..35

{RULE}

+    9988  Number of seats                                         [I]

     Desc: How many.

     Repr: n..3
""",
    "TRPREQ_D.00Z": f"""                              UN/EDIFACT

          UNITED NATIONS STANDARD INTERACTIVE MESSAGE (UNSM)

                    Trip request interactive message

                                           Message Type : TRPREQ
                                           Version      : D
                                           Release      : 00Z
                                           Contr. Agency: UN

                               CONTENTS

                Trip request interactive
                         message

0.     INTRODUCTION

4.3.1  Segment table

Pos     Tag Name                                     S   R

00010   UIH Interactive message header               M   1
00020 * MSD Message action details                   M   1
00030       ---- Segment group 1  ------------------ C   9---------------+   1
00040   DTR Details of a trip                        M   1               |
00050       ---- Segment group 2  ------------------ C   3--------------+|
00060   MSD Message action details                   M   1--------------++
00070       ---- Segment group 3  ------------------ C   9---------------+   1
00080   DTR Details of a trip                        M   1---------------+
00090   UIT Interactive message trailer              M   1

Dependency Notes:
1. D1(00030, 00070) One and only one

{RULE}
""",
}


def encoded(files: dict[str, str], encoding: str = "latin-1") -> dict[str, bytes]:
    """The files as bytes with UNECE's line ends."""
    return {name: text.replace("\n", "\r\n").encode(encoding) for name, text in files.items()}


def changed(name: str, old: str, new: str) -> Directory:
    """The directory with one place of one file written otherwise."""
    assert old in FILES[name]
    return read_directory(encoded(FILES | {name: FILES[name].replace(old, new, 1)}))


def test_segments_composites_and_messages_come_with_their_dependency_notes() -> None:
    directory = read_directory(encoded(FILES))
    assert [str(remark) for remark in directory.remarks] == []
    assert directory.release == "D00Z"
    assert directory.segments["DTR"].rules == ("D5(02,01)", "D6(03,02,04)")
    assert directory.segments["MSD"].rules == ()
    assert directory.composites["E101"].rules == ("D2(01,02)",)
    message = directory.messages["TRPREQ"]
    assert message.title == "Trip request interactive message"
    assert message.rules == ("D1(SG1,SG3)",)
    assert message.tree[2] == GroupUse(1, "C", 9, (SegmentUse("DTR", "M", 1), GroupUse(2, "C", 3, (SegmentUse("MSD", "M", 1),))))


def test_the_files_hold_the_rules_and_the_interactive_service_segments() -> None:
    files = yaml_files(read_directory(encoded(FILES)))
    segments = {tag: entry for tag, entry in yaml.safe_load(files["segments.yaml"]).items()}
    assert segments["DTR"] == {"name": "Details of a trip", "of": ["E101 M", "3225 C*9", "9988 C", "E102 C*99"],
                               "rules": ["D5(02,01)", "D6(03,02,04)"]}
    assert segments["UIH"]["of"] == ["S306 M", "0340 C", "S302 C", "S301 C", "S300 C", "0035 C"]
    assert {"UIB", "UIH", "UIT", "UIZ", "UNB"} <= set(segments) and "UNH" not in segments
    assert yaml.safe_load(files["composites.yaml"])["E101"]["rules"] == ["D2(01,02)"]
    tree = yaml.safe_load(files["TRPREQ.yaml"])
    assert tree["rules"] == ["D1(SG1,SG3)"] and tree["name"] == "Trip request interactive message"
    assert [str(parse(rule)) for rule in segments["DTR"]["rules"]] == segments["DTR"]["rules"]  # the checker reads them


@pytest.mark.parametrize("note", ["D5(020, 090) If first, then all", "D8(010, 020) Something new", "D5(020) If first, then all"])
def test_a_note_that_names_nothing_is_said(note: str) -> None:
    said = [str(one) for one in changed("IDSD.00Z", "D5(020, 010) If first, then all", note).remarks]
    line = FILES["IDSD.00Z"].split("D5(020, 010)")[0].count("\n") + 1
    assert said == [f"IDSD.00Z:{line}: a dependency note was not understood: '1. {note}'"]


def test_words_among_the_notes_that_are_no_note_are_said() -> None:
    lines = [(7, "Dependency Notes:"), (8, "1. D5(010,020) If first, then all"), (9, "   2 of 3 are needed"), (10, "Notes:"), (11, "D1(010,020)")]
    said: list[tuple[int, str]] = []
    assert read_dependencies(lines, {"10": "01", "20": "02"}, lambda *one: said.append(one)) == ("D5(01,02)",)
    assert said == [(9, "a dependency note was not understood: '2 of 3 are needed'")]


GARBAGE = [
    ("IDSD.00Z", "030 +  9988 NUMBER OF SEATS                            C    1 n..3      2", "030 +  9988 NUMBER OF SEATS",
     "a line without status"),
    ("IDSD.00Z", "       DTR  DETAILS OF A TRIP", "       THIS IS NOT A TAG", "this does not begin with a tag and a name"),
    ("EDED.00Z", "Repr: n..3", "Repr: seats", "element 9988 has a form that is not understood: 'seats'"),
    ("EDED.00Z", "     Repr: an..35\n", "", "element 3225 has no form (Repr)"),
    ("IDCD.00Z", "020    3224  Location name                             C      an..256", "020    3224  Location name    ?      an..256",
     "a line without status"),
    ("TRPREQ_D.00Z", "00080   DTR Details of a trip                        M   1", "00080   DTR Details of a trip            twice   1",
     "a line of the segment table was not understood"),
    ("TRPREQ_D.00Z", "M   1--------------++", "M   1--------------+|", "groups are open here"),
    ("TRPREQ_D.00Z", "00020 * MSD Message action details", "00020 * MSX Message action details", "names segment MSX, which is not defined"),
]


@pytest.mark.parametrize(("name", "old", "new", "sentence"), GARBAGE, ids=[case[3] for case in GARBAGE])
def test_garbage_is_reported_with_its_file_and_line(name: str, old: str, new: str, sentence: str) -> None:
    found = [remark for remark in changed(name, old, new).remarks if sentence in remark.sentence]
    assert found, "nothing was said"
    if "not defined" not in sentence:
        first = FILES[name].split(old)[0].count("\n") + 1
        assert found[0].file == name and first - 4 <= found[0].line <= first + 4


def test_rules_and_boxes_that_were_taken_for_latin_1_are_put_right() -> None:
    old = FILES["TRPREQ_D.00Z"].replace("---- Segment", "──── Segment").replace("--------------++", "──────────────┴┘").replace(
        "---------------+\n00090", "───────────────┘\n00090").replace("---------------+", "───────────────┐").replace(
        "--------------+|", "──────────────┐│").replace("M   1               |", "M   1               │").replace("------------------ ", "────────────────── ")
    spoilt = old.encode("cp437").decode("latin-1")
    assert "ÄÄÄÄ" in spoilt and "³" in spoilt
    right = read_directory(encoded(FILES))
    files = encoded(FILES) | {"TRPREQ_D.00Z": spoilt.encode("utf-8")}
    assert read_directory(files).messages == right.messages
    assert read_directory(encoded(FILES) | {"TRPREQ_D.00Z": old.encode("cp437")}).messages == right.messages


def test_a_tag_of_two_directories_keeps_the_first_and_says_so() -> None:
    batch = FILES["IDSD.00Z"].replace("010    9988 NUMBER OF SEATS                            C    1 n..3",
                                      "010    3225 LOCATION IDENTIFIER                        C    1 an..35")
    directory = read_directory(encoded(FILES | {"EDSD.00Z": batch}))
    assert [use.id for use in directory.segments["MSD"].uses] == ["3225"]
    assert [remark.sentence for remark in directory.remarks] == [
        "MSD stands in the directory twice with different places; the first one is kept"]


def test_a_release_that_would_lead_out_of_the_folder_is_none() -> None:
    directory = changed("TRPREQ_D.00Z", "Release      : 00Z", "Release      : ../../00Z")
    assert directory.release in ("D", "D00Z") and any("says no version and release" in str(one) for one in directory.remarks)


def spoilt(content: bytes, rnd: random.Random) -> bytes:
    """The bytes with some of them changed, cut out or doubled."""
    raw = bytearray(content)
    for _ in range(rnd.randint(1, 10)):
        at, size = rnd.randrange(len(raw)), rnd.randint(1, 60)
        what = rnd.choice(("change", "cut", "double"))
        if what == "change":
            raw[at] = rnd.randrange(256)
        elif what == "double":
            raw[at:at] = raw[at:at + size]
        elif len(raw) > 100:
            del raw[at:at + size]
    return bytes(raw)


@pytest.mark.parametrize("seed", range(80))
def test_whatever_is_spoilt_the_messages_that_are_written_can_be_loaded(seed: int) -> None:
    rnd = random.Random(seed)
    files = {name: spoilt(content, rnd) if rnd.random() < 0.6 else content for name, content in encoded(FILES).items()}
    directory = read_directory(files)
    written = {name: parse_yaml(text, name) for name, text in yaml_files(directory, coded=directory.codes).items()}
    for name in directory.messages:
        made = load(written[f"{name}.yaml"], name, written["segments.yaml"], written["composites.yaml"])
        assert made.segments and all(node.children[0].children == [] for node in made.root.descendants() if node.is_group)


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip file of them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_release_in_zips_of_zips_goes_into_a_folder_of_its_standard(tmp_path: Path) -> None:
    files = encoded(FILES)
    (tmp_path / "d00z.zip").write_bytes(zipped({
        "Idmd.zip": zipped({"TRPREQ_D.00Z": files["TRPREQ_D.00Z"]}), "Idsd.zip": zipped({"IDSD.00Z": files["IDSD.00Z"]}),
        "Idcd.zip": zipped({"IDCD.00Z": files["IDCD.00Z"]}), "Eded.zip": zipped({"EDED.00Z": files["EDED.00Z"]}),
        "part1.txt": b"An introduction.\r\n"}))
    (done,) = import_guides(tmp_path / "d00z.zip", tmp_path / "guides")
    assert done.messages == ("TRPREQ",) and done.directory.remarks == () and len(done.directory.skipped) == 1
    assert sorted(path.name for path in (tmp_path / "guides" / "edifact" / "D00Z").iterdir()) == [
        "TRPREQ.yaml", "composites.yaml", "elements.yaml", "segments.yaml"]


def test_a_second_import_keeps_what_other_messages_need(tmp_path: Path) -> None:
    second = {"IDSD.00Z": FILES["IDSD.00Z"].replace("   |   MSD  MESSAGE ACTION", "   |   MSE  MESSAGE ACTION").replace(
                  "040 X  E102 SOMETHING OLD                              C   99", "040 X  E102 SOMETHING OLD                              C    7"),
              "TRPRSP_D.00Z": FILES["TRPREQ_D.00Z"].replace("TRPREQ", "TRPRSP").replace("MSD", "MSE")}
    for name, files in (("one", FILES), ("two", {key: text for key, text in FILES.items() if key != "TRPREQ_D.00Z"} | second)):
        (tmp_path / name).mkdir()
        for file, content in encoded(files).items():
            (tmp_path / name / file).write_bytes(content)
    import_guides(tmp_path / "one", tmp_path / "guides")
    (done,) = import_guides(tmp_path / "two", tmp_path / "guides")
    assert [remark.sentence for remark in done.directory.remarks] == ["DTR was different here before; the new entry stands"]
    segments = yaml.safe_load((done.folder / "segments.yaml").read_text())
    assert {"MSD", "MSE"} <= set(segments) and segments["DTR"]["of"][3] == "E102 C*7"
    assert {path.stem for path in done.folder.glob("TRP*")} == {"TRPREQ", "TRPRSP"}


def test_two_releases_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    for release in ("00Z", "07Y"):
        for name, text in FILES.items():
            content = text.replace("Release      : 00Z", f"Release      : {release}")
            (tmp_path / name.replace("00Z", release)).write_bytes(encoded({name: content})[name])
    done = import_guides(tmp_path, tmp_path / "guides")
    assert [one.folder.name for one in done] == ["D00Z", "D07Y"]
    assert all(one.directory.remarks == () and one.messages == ("TRPREQ",) for one in done)


def test_what_cannot_be_imported_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="there is no such file or folder"):
        import_guides(tmp_path / "nothing", tmp_path)
    (tmp_path / "letter.txt").write_text("Dear Sir,\n")
    with pytest.raises(ConfigFault, match="neither a UN/EDIFACT directory"):
        import_guides(tmp_path / "letter.txt", tmp_path)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ConfigFault, match="this zip file cannot be read"):
        read_release(tmp_path / "broken.zip")
    for name, content in encoded(FILES).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "broken.zip").unlink()
    with pytest.raises(ConfigFault, match="there is no message ORDERS in it"):
        import_guides(tmp_path, tmp_path / "guides", ["ORDERS"])
