"""A trading partner who is not ours: pyx12 checks an invoice (810) against a map that is written down here and answers
with a 997.

pyx12 ships maps for health care only, so the invoice's segments are given here, by hand, from X12's 810 of 004010: what is
mandatory and which element stands where. Envelope, data types and the 997 are pyx12's own.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pyx12
import pyx12.params
import pyx12.x12n_document
from lxml import etree

OWN = Path(pyx12.__file__).parent / "map"

# element: data element number, R required or S situational, legal codes
Segment = tuple[str, str, int, list[tuple[str, str, tuple[str, ...]]]]  # tag, usage, max use, elements
BIG: Segment = (
    "BIG",
    "R",
    1,
    [
        ("373", "R", ()),
        ("76", "R", ()),
        ("373", "S", ()),
        ("324", "R", ()),
        ("328", "S", ()),
        ("327", "S", ()),
        ("640", "S", ("DI", "CR", "DR")),
        ("353", "S", ("00",)),
    ],
)
REF: Segment = ("REF", "S", 12, [("128", "R", ("VN", "IA", "CT")), ("127", "R", ())])
N1: Segment = (
    "N1",
    "R",
    1,
    [("98", "R", ("BY", "SE", "ST")), ("93", "R", ()), ("66", "S", ("1", "9", "92", "UL")), ("67", "S", ())],
)
N3: Segment = ("N3", "S", 2, [("166", "R", ()), ("166", "S", ())])
N4: Segment = ("N4", "S", 1, [("19", "S", ()), ("156", "S", ()), ("116", "S", ()), ("26", "S", ())])
ITD: Segment = (
    "ITD",
    "R",
    1,
    [("336", "R", ("01",)), ("333", "R", ("3",)), ("338", "S", ()), ("370", "S", ()), ("351", "S", ())],
)
IT1: Segment = (
    "IT1",
    "R",
    1,
    [
        ("350", "R", ()),
        ("358", "R", ()),
        ("355", "R", ("EA", "CA")),
        ("212", "R", ()),
        ("639", "S", ()),
        ("235", "S", ("VN", "UP", "IN")),
        ("234", "S", ()),
        ("235", "S", ("VN", "UP", "IN")),
        ("234", "S", ()),
    ],
)
PID: Segment = ("PID", "R", 1, [("349", "R", ("F",)), ("750", "S", ()), ("559", "S", ()), ("751", "S", ()), ("352", "R", ())])
TDS: Segment = ("TDS", "R", 1, [("610", "R", ())])
CTT: Segment = ("CTT", "S", 1, [("354", "R", ())])

MISSING = {
    "327": ("AN", "1", "8"),
    "640": ("ID", "2", "2"),
    "76": ("AN", "1", "22"),
    "336": ("ID", "2", "2"),
    "333": ("ID", "1", "2"),
    "370": ("DT", "8", "8"),
    "351": ("N0", "1", "3"),
}


def maps(folder: Path) -> Path:
    """A folder of maps for pyx12: its own control maps, and the invoice."""
    for name in ("codes.xml", "x12.control.00401.xml", "997.4010.xml"):
        shutil.copy(OWN / name, folder)
    elements = etree.parse(str(OWN / "dataele.xml"))
    for number, (kind, least, most) in MISSING.items():
        etree.SubElement(elements.getroot(), "data_ele", ele_num=number, data_type=kind, min_len=least, max_len=most, name=number)
    elements.write(str(folder / "dataele.xml"))
    (folder / "maps.xml").write_text('<maps><version icvn="00401"><map vriic="004010" fic="IN" abbr="810">810.xml</map>'
                                     '<map vriic="004010" fic="FA" abbr="997">997.4010.xml</map></version></maps>')
    tree = etree.parse(str(OWN / "834.4010.X095.A1.xml"), etree.XMLParser(remove_comments=True))
    root = tree.getroot()
    root.set("xid", "810")
    for place, code in (("ISA12", "00401"), ("GS01", "IN"), ("GS08", "004010"), ("ST01", "810")):
        (element,) = root.xpath(f'//element[@xid="{place}"]')
        for codes in element.findall("valid_codes"):
            element.remove(codes)
        etree.SubElement(etree.SubElement(element, "valid_codes"), "code").text = code
    for place in ("ISA05", "ISA07"):
        (element,) = root.xpath(f'//element[@xid="{place}"]')
        for codes in element.findall("valid_codes"):
            element.remove(codes)
    (loop,) = root.xpath('//loop[@xid="ST_LOOP"]')
    for child in loop.findall("loop"):
        loop.remove(child)
    inside = [
        _wrapper("HEADER", "010", [_segment(BIG, 10), _segment(REF, 20), _loop("N1", 30, 200, [N1, N3, N4]), _segment(ITD, 40)]),
        _wrapper("DETAIL", "020", [_loop("IT1", 10, 200000, [IT1], (_loop("PID", 20, 1000, [PID]),))]),
        _wrapper("FOOTER", "030", [_segment(TDS, 10), _segment(CTT, 20)]),
    ]
    at = list(loop).index(loop.find('segment[@xid="ST"]')) + 1
    for number, child in enumerate(inside):
        loop.insert(at + number, child)
    tree.write(str(folder / "810.xml"))
    return folder


def answer(content: bytes, folder: Path) -> bytes:
    """pyx12's 997 for an interchange."""
    out = io.StringIO()
    pyx12.x12n_document.x12n_document(
        pyx12.params.ParamsBase(), io.StringIO(content.decode("ascii")), out, None, map_path=str(folder)
    )
    return out.getvalue().encode("ascii")


def _wrapper(name: str, pos: str, children: list[etree._Element]) -> etree._Element:
    made = etree.Element("loop", xid=name, type="wrapper")
    for tag, text in (("name", name), ("usage", "R"), ("pos", pos), ("repeat", "1")):
        etree.SubElement(made, tag).text = text
    made.extend(children)
    return made


def _loop(name: str, pos: int, repeat: int, segments: list[Segment], inner: tuple[etree._Element, ...] = ()) -> etree._Element:
    made = etree.Element("loop", xid=name, type="explicit")
    for tag, text in (("name", name), ("usage", "R"), ("pos", f"{pos:03}"), ("repeat", str(repeat))):
        etree.SubElement(made, tag).text = text
    made.extend([_segment(one, 10 * number) for number, one in enumerate(segments, 1)])
    made.extend(list(inner))
    return made


def _segment(one: Segment, pos: int) -> etree._Element:
    tag, usage, most, elements = one
    made = etree.Element("segment", xid=tag)
    for name, text in (("name", tag), ("usage", usage), ("pos", f"{pos:03}"), ("max_use", str(most))):
        etree.SubElement(made, name).text = text
    for number, (ident, needed, codes) in enumerate(elements, 1):
        element = etree.SubElement(made, "element", xid=f"{tag}{number:02}")
        for name, text in (("data_ele", ident), ("name", f"{tag}{number:02}"), ("usage", needed), ("seq", f"{number:02}")):
            etree.SubElement(element, name).text = text
        if codes:
            listed = etree.SubElement(element, "valid_codes")
            for code in codes:
                etree.SubElement(listed, "code").text = code
    return made
