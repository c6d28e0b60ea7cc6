"""Guides that are meant to do harm: texts that patterns would look through in millions of ways, numbers and repeats without end,
zips that hold more than they weigh. Each is read or refused in a moment; without the mends each took minutes, memory or a traceback.
"""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest

from edi_bridge.fault import ConfigFault
from edi_bridge.guide.importer import files
from edi_bridge.guide.importer.directory import Directory
from edi_bridge.guide.importer.sef import read_sef
from edi_bridge.guide.importer.unece import read_directory

RULE = "\n" + "-" * 60 + "\n"
SEGMENTS = "Change indicators\n 1. Segment specifications\n" + RULE
PLACED = SEGMENTS + "  BGM BEGINNING\n\n010 1004 NAME M 1 an..3\n"
MESSAGE = "Message Type : ORDERS\nVersion : D \nRelease : 96A \n"
TABLE = MESSAGE + "4.3.1 Segment table\n\nPos     Tag Name                                     S   R\n\n"
TEXTS = {
    "blank lines before no legend": "\n" * 8000 + "x",
    "blank lines behind CONTENTS": MESSAGE + "CONTENTS\n" + "\n" * 60 + "1",
    "a head of blanks": SEGMENTS + " " * 3000 + "x" + RULE,
    "a place of blanks": PLACED + " " * 3000 + "x" + RULE,
    "a place of marks": PLACED + "| " * 3000 + "x" + RULE,
    "a place that could end everywhere": PLACED + "020 1001 " + "a M 1 " * 5000 + "x" + RULE,
    "a name that runs on and on": PLACED + "020 1001 NAME\n" + "    word\n" * 20_000 + RULE,
    "a repeat of 5,000 digits": PLACED + "020 1001 NAME M " + "9" * 5000 + RULE,
    "a tail of blanks": PLACED + " " * 20_000 + "aaaaa1" + RULE,
    "a table line that could end everywhere": TABLE + "0010   UNH " + "x M 1 " * 5000 + "?\n",
    "a table line of lines": TABLE + "0010   ----- Segment group 1 " + "-" * 20_000 + " C 9" + "-|" * 20_000 + "x\n",
    "a table repeat of 5,000 digits": TABLE + "0010   UNH Header                     M   " + "9" * 5000 + "\n",
}
SEF = ".INI\nK,,004 010,X,X12-4010,Title\n"
SEFS = {
    "a repeat of a billion": ".SEGS\nBEG={999999999[353,M]}\n",
    "repeats in repeats": ".SEGS\nBEG=" + "{100" * 6 + "[353,M]" + "}" * 6 + "\n",
    "braces in braces": ".SEGS\nBEG=" + "{1" * 5000 + "[353,M]" + "}" * 5000 + "\n",
    "a length of 5,000 digits": ".ELMS\n353=ID,1," + "9" * 5000 + "\n",
    "a place's length of 5,000 digits": ".SEGS\nBEG=[353,M," + "9" * 5000 + "]\n",
    "loops in loops": ".SETS\n850=" + "{A:1[ST,M]" * 5000 + "}" * 5000 + "\n.SEGS\nST=[143,M]\n",
    "a set of 30,000 marked segments": ".SETS\n850=" + "[.ST*1,M]" * 30_000 + "\n.SEGS\nST=[143,M],.\n",
    "a mask of 5,000 digits": ".SETS\n850=[ST*" + "9" * 5000 + ",M]\n.SEGS\nST=[143,M],.\n",
    "a segment's repeat of 5,000 digits": ".SETS\n850=[ST,M," + "9" * 5000 + "]\n.SEGS\nST=[143,M]\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_of_a_directory_takes_long(name: str) -> None:
    begun = time.process_time()
    assert isinstance(read_directory({"EDSD.96A": TEXTS[name].encode()}), Directory)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("name", SEFS)
def test_no_sef_file_takes_long_and_what_is_left_out_is_said(name: str) -> None:
    begun = time.process_time()
    made = read_sef("p.sef", (SEF + SEFS[name]).encode())
    assert time.process_time() - begun < 4
    assert made.remarks and sum(len(parts.uses) for parts in made.segments.values()) < 1100


def test_repeats_of_a_segment_s_places_below_the_limit_are_unfolded() -> None:
    made = read_sef("p.sef", (SEF + ".SEGS\nBEG={10{5[353,M][92]}}[373]\n.ELMS\n353=ID,2,2\n92=ID,2,2\n373=DT,8,8\n").encode())
    assert len(made.segments["BEG"].uses) == 101


def zipped(name: str, content: bytes, count: int = 1) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"{number}{name}", content)
    return out.getvalue()


def test_what_zips_hold_counts_before_it_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "large.zip").write_bytes(zipped(".txt", b"\0" * 90_000_000, 6))
    begun = time.process_time()
    with pytest.raises(ConfigFault, match="more than 200 MB or 10,000 files, not a directory release"):
        files.read_release(tmp_path / "large.zip")
    assert time.process_time() - begun < 20
    (tmp_path / "large.zip").unlink()
    (tmp_path / "many.zip").write_bytes(zipped(".txt", b"", 10_001))
    with pytest.raises(ConfigFault, match="more than 200 MB or 10,000 files"):
        files.read_release(tmp_path / "many.zip")


@pytest.mark.parametrize("where", [0.3, 0.5, 0.7])
def test_a_zip_whose_bytes_are_broken_is_a_sentence(tmp_path: Path, where: float) -> None:
    content = bytearray(zipped(".txt", bytes(range(256)) * 400))
    at = int(len(content) * where)
    content[at:at + 40] = b"\xff" * 40
    (tmp_path / "broken.zip").write_bytes(bytes(content))
    with pytest.raises(ConfigFault, match="this zip file cannot be read"):
        files.read_release(tmp_path / "broken.zip")
