"""A SEF file (EDI Standard Exchange Format 1.0–1.6, Foresight 2001) → the values of a dictionary.

    .INI
    KAVERPO,,004 010,X,X12-4010,Kaver Corp X12-4010 Purchase Order
    .SETS
    850=^[ST,M][!BEG*1,M][.CUR]{:200[N1][N2,,2]}^{:100000[PO1,M]}^[CTT][SE,M]
    .SEGS
    BEG=[353,M][92,M][324,M][328][373,M]+P0102,..#.
    .COMS
    C001=[355,M][1018][649]
    .ELMS
    353=ID,2,2
    .CODES
    353=00,01,05

A set is a row of segments `[mark TAG*mask,status,repeats]` and loops `{id:repeats+step …}`; `^` begins a table, `+20` moves the
position number, which nobody needs here. The first segment of a loop says by its status whether the loop is mandatory. Marks: `.`
not used, `!` must be used, `$` recommended, `-` not recommended, `&` depends. A segment may have masks behind its relations, one
character an element: `.` used, `#` not used, `!` must be used; what a mask does not reach is not used. Marks and masks are what the
guide of one company says: they become an agreement's `restrict:` and leave the standard's tree as it is.

Private sections (.PRIVATE … .PUBLIC) and texts are skipped. Value lists and semantic rules, which programs of the format's makers
evaluate, are not read, and that is a remark.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from edi_bridge.guide.importer.directory import (
    Directory,
    Element,
    MessageTree,
    Parts,
    Remark,
    Use,
    unnamed,
)
from edi_bridge.guide.importer.sef_set import read_set
from edi_bridge.guide.importer.service import (
    SERVICE_COMPOSITES,
    SERVICE_ELEMENTS,
    SERVICE_SEGMENTS,
)

Say = Callable[[int, str], None]
Line = tuple[int, str]

AGENCIES = {"X": "x12", "UN": "edifact"}
PROSE = ("TEXT", "OBJVARS")
READ = ("VER", "INI", "STD", "SETS", "SEGS", "COMS", "ELMS", "CODES", "PUBLIC", "DATE")
_SECTION = re.compile(r"\.([A-Z]+)((?:[ ,].*)?)$")
_ENTRY = re.compile(r"([A-Za-z0-9]+)=(.*)$")
_ITEM = re.compile(r"\[([.!$&-]?)([A-Z]?\d+[A-Z]?|[A-Z]\w*)((?:\*\d+|@\d+)*)(?:,([A-Z]?))?(?:,(\d{0,9}))?(?:,(\d{0,9}))?\]")
_GROUP = re.compile(r"\{(\d{1,9})")
_MOST_PLACES, _DEEPEST = 1000, 20  # of one segment, repeats unfolded; braces in braces
_RULE = re.compile(r"[PRECL](?:\d\d){2,}|D[1-7]\(\d\d(?:,\d\d)+\)")
_RULES = re.compile(rf"\+((?:{_RULE.pattern})+)")
_MASK = re.compile(r"(?:[.#!$&-](?:\*\d+)?)*")
_ELEMENT = re.compile(r"([A-Z]+\d?),(\d{1,9}),(\d{1,9})$")
_X12_TYPE = re.compile(r"AN|ID|N\d?|R|DT|TM|B|FS")
_EDIFACT_TYPES = {"AN": "an", "ID": "an", "A": "a", "N": "n", "R": "n"}
_CODE = re.compile(r"[^\s,]{1,80}$")


@dataclass(slots=True)
class _File:
    """What was gathered from the sections so far."""

    name: str
    standard: str = ""
    release: str = ""
    sections: dict[str, list[Line]] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    masks: dict[str, list[str]] = field(default_factory=dict)  # segment → its masks, from the first

    def say(self, line: int, sentence: str) -> None:
        """Note what was not understood."""
        self.remarks.append(Remark(self.name, line, sentence))


def read_sef(name: str, content: bytes) -> Directory:
    """The dictionary that a SEF file holds. Nothing is raised for what is not understood: it is in the result's `remarks`.
    `release` is '' when the file does not say for which standard and version it is."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    file = _File(name)
    _cut(text, file)
    _header(file)
    result = Directory(file.release, standard=file.standard or "x12")
    result.elements.update(_elements(file))
    for section, into in (("COMS", result.composites), ("SEGS", result.segments)):
        for number, text in file.sections.get(section, []):
            made = _parts(number, text, file)
            if made:
                into[made.id] = made
    result.codes.update(_codes(file))
    result.messages.update(_messages(file, result))
    _cross_check(result, file)
    return Directory(result.release, result.elements, result.composites, result.segments, result.messages, result.codes,
                     tuple(file.skipped), tuple(sorted(file.remarks, key=lambda one: one.line)), result.standard)


def _cut(text: str, file: _File) -> None:
    """The lines of each section; what is private or of no use here is named once."""
    section, private = "", False
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip("\x1a\t ")
        found = _SECTION.match(line)
        if found:
            section = found[1]
            private = section == "PRIVATE" or (private and section != "PUBLIC")
            if section == "STD" or section == "VER":
                file.sections.setdefault(section, []).append((number, found[2].strip(" ,")))
            elif section in PROSE:
                file.skipped.append(f"{file.name} {line}")
            elif section not in READ and not private:
                file.say(number, f"the section {line} is not read: its value lists or rules are missing in what was imported")
        elif line and not private and section in READ:
            file.sections.setdefault(section, []).append((number, line))
        elif line and not section:
            file.say(number, f"a line before the first section: {line[:60]!r}")


def _header(file: _File) -> None:
    """Standard and release, from .INI: name, reserved, `004 010` or `D 96A`, agency, standard, title."""
    lines = file.sections.get("INI", [])
    if not lines:
        file.say(0, "there is no .INI section that says which standard and release this is")
        return
    number, text = lines[0]
    fields = [*text.split(",", 5), *[""] * 6][:6]
    agency = fields[3].strip()
    file.standard = AGENCIES.get(agency, "")
    words = fields[2].split()
    if not file.standard:
        file.say(number, f"the agency {agency!r} is neither X (X12) nor UN (EDIFACT)")
    elif len(words) >= 2 and "".join(words[:2]).isascii() and "".join(words[:2]).isalnum():  # it names a folder
        file.release = "".join(words[:2])
    else:
        file.say(number, f"version and release are missing: {fields[2]!r} is not of the form '004 010' or 'D 96A'")


def _entries(file: _File, section: str) -> list[tuple[int, str, str]]:
    found = []
    for number, text in file.sections.get(section, []):
        match = _ENTRY.match(text)
        if match:
            found.append((number, match[1], match[2]))
        else:
            file.say(number, f"a line of .{section} was not understood: {text[:80]!r}")
    return found


def _elements(file: _File) -> dict[str, Element]:
    """`353=ID,2,2`; EDIFACT: `1004=AN,1,35`."""
    made = {}
    for number, id, text in _entries(file, "ELMS"):
        found = _ELEMENT.match(text)
        if not found:
            file.say(number, f"element {id} has a form that is not understood: {text!r}")
            continue
        kind, least, most = found[1], int(found[2]), int(found[3])
        known = _EDIFACT_TYPES.get(kind, "") if file.standard == "edifact" else kind if _X12_TYPE.fullmatch(kind) else ""
        if not known or not 0 < most or least > most:
            file.say(number, f"element {id} has a type or length that is not known: {text!r}")
            continue
        if file.standard == "edifact":
            form = f"{known}{most}" if least == most else f"{known}..{most}"
        else:
            form = f"{known} {most}" if least == most else f"{known} {least}/{most}"
        made[id] = Element(id, unnamed(id), form)
    return made


def _parts(number: int, line: str, file: _File) -> Parts | None:
    """`BEG=[353,M][92,M]{2[67]}+P0304,..#.` — `{2 …}` repeats what is in it; relations; masks."""
    match = _ENTRY.match(line)
    if not match:
        file.say(number, f"this is not a segment or composite: {line[:80]!r}")
        return None
    id, text = match[1], match[2]
    items, rest, understood = _items(text, 0)
    if len(items) > _MOST_PLACES:
        file.say(number, f"{id} has more than {_MOST_PLACES:,} places; it was left out")
        return None
    if not understood or not items:
        file.say(number, f"{id} was not understood from here on: {text[rest:rest + 60]!r}")
        return None
    optional = "C" if file.standard == "edifact" else "O"
    tail = text[rest:]
    relations = _RULES.match(tail)
    rules = tuple(_RULE.findall(relations[1])) if relations else ()
    beyond = [rule for rule in rules if max(map(int, re.findall(r"\d\d", rule))) > len(items) or "00" in re.findall(r"\d\d", rule)]
    if beyond:
        file.say(number, f"{id}: {' '.join(beyond)} names an element that is not there")
        rules = tuple(rule for rule in rules if rule not in beyond)
    masks = tail[relations.end():] if relations else tail
    related = {int(one) for rule in rules if rule[0] != "D" for one in re.findall(r"\d\d", rule)}
    uses = tuple(Use(item[2], item[4] or ("X" if place in related else optional), int(item[5] or 1))
                 for place, item in enumerate(items, 1))
    if masks and not (masks[0] == "," and all(_MASK.fullmatch(mask) for mask in masks[1:].split(","))):
        file.say(number, f"{id}: what stands behind its elements was not understood: {masks[:60]!r}")
    elif masks:
        file.masks[id] = [re.sub(r"\*\d+", "", mask) for mask in masks[1:].split(",")]
    return Parts(id, "", uses, rules)


def _items(text: str, at: int, depth: int = 0) -> tuple[list[re.Match[str]], int, bool]:
    """The places from `at` on, repeats unfolded (a few more than may be, where it says too many); the index behind them; False where
    a brace is not closed."""
    found: list[re.Match[str]] = []
    while at < len(text) and depth <= _DEEPEST:
        item, group = _ITEM.match(text, at), _GROUP.match(text, at)
        if item:
            found.append(item)
            at = item.end()
        elif group:
            inner, at, understood = _items(text, group.end(), depth + 1)
            if not understood or at >= len(text) or text[at] != "}":
                return found, at, False
            found += inner * min(int(group[1]), _MOST_PLACES // max(len(inner), 1) + 1)
            found = found[:_MOST_PLACES + 1]
            at += 1
        else:
            break
    return found, at, at >= len(text) or text[at] in "+,}"


def _codes(file: _File) -> dict[str, dict[str, str]]:
    """`353=00,01,05`: no names. Partitions of lists and ranges are not read."""
    made = {}
    for number, id, text in _entries(file, "CODES"):
        codes = [code.strip() for code in text.split(",") if code.strip()]
        odd = [code for code in codes if not _CODE.match(code) or code[0] in "(&+*" or ".." in code]
        if odd or not codes:
            file.say(number, f"the codes of element {id} were not understood: {(odd or [text])[0][:60]!r}")
        else:
            made[id] = dict.fromkeys(codes, "")
    return made


def _messages(file: _File, result: Directory) -> dict[str, MessageTree]:
    title = [*(file.sections.get("INI") or [(0, "")])[0][1].split(",", 5), *[""] * 6][5].strip()
    segments = result.segments | (SERVICE_SEGMENTS if file.standard == "edifact" else {})
    entries = _entries(file, "SETS")
    title = title if len(entries) == 1 else ""  # it is the file's
    made = {}
    for number, id, text in entries:
        tree, restrict = read_set(text, file.standard, segments, file.masks, partial(file.say, number))
        if tree:
            made[id] = MessageTree(id, "", file.release, tree, title, (), restrict)
    return made


def _cross_check(result: Directory, file: _File) -> None:
    """Remarks on what one part names and no other defines."""
    known = {*result.elements, *result.composites}
    if result.standard == "edifact":
        known |= {*SERVICE_ELEMENTS, *SERVICE_COMPOSITES}
    for parts in (*result.segments.values(), *result.composites.values()):
        for id in sorted({use.id for use in parts.uses} - known):
            file.say(0, f"{parts.id} names {id}, which is not defined")
