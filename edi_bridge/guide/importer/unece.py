"""UN/EDIFACT directories as UNECE publishes them (text files) → `Directory` values.

Parts are known by their own headings, not by their file names (TRSD in old releases, EDSD in newer ones, IDSD for
interactive messages): "Segment specifications", "Composite specifications", "Data element specifications",
"Code list", and messages by their "Message Type : ORDERS". Old texts are in code page 437 with drawn rules and boxes,
newer ones in ASCII; a copy whose rules became `ÄÄÄ` on the way (437 taken for Latin-1) is put right. Change marks before a tag (`+ * # | X`) are read over; a line marked `-` is left out where the
file's legend says "for a deletion" (newer legends say "marked for deletion": still valid).

Everything is read twice where the directory says it twice (a segment lists the components of its composites again,
each with its length), and a difference is a remark. Interactive directories (IDMD, IDSD, IDCD) have the same layout, and
dependency notes (`D5(030,020) If first, then all`) below the places they are about; they become `rules`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from edi_bridge.guide.importer.code_list import read_codes
from edi_bridge.guide.importer.dependency import DEPENDENCIES, read_dependencies
from edi_bridge.guide.importer.directory import (
    Directory,
    Element,
    MessageTree,
    Parts,
    Remark,
    Use,
    tags,
)
from edi_bridge.guide.importer.segment_table import read_segment_table
from edi_bridge.guide.importer.service import (
    SERVICE_COMPOSITES,
    SERVICE_ELEMENTS,
    SERVICE_SEGMENTS,
)

Say = Callable[[int, str], None]
Block = list[tuple[int, str]]  # the lines between two rules, each with its number

_RULE = re.compile(r"\s*[─-]{40,}\s*$")
_MARKS = r"[-+*#|X ]*?"
_ID = r"[A-Z]{3}|[A-Z]\d{3}|\d{4}"
_HEAD = re.compile(rf"\s*(?P<marks>{_MARKS})\s*(?P<id>{_ID})\s+(?P<name>\S.*)$")
_PLACE = re.compile(rf"\s*(?P<position>\d{{3}})?(?P<marks>{_MARKS})\s+(?P<id>[A-Z]\d{{3}}|\d{{4}})\s+(?P<rest>\S.*)$")
_REST = re.compile(
    r"(?P<name>\S.*?)\s+(?P<status>[MC])(?:\s+(?P<repeat>\d{1,9}))?(?:\s+(?P<form>(?:an|a|n)(?:\.\.)?\d+))?"
    r"(?:\s{2,}\d+(?:\s*,\s*\d+)*)?$")  # at the end: the numbers of the dependency notes about this place
_FORM = re.compile(r"(?:an|a|n)(?:\.\.)?\d+")
_REPR = re.compile(r"[\s|*+#X-]*Repr\s*:\s*(\S+)")
_TAIL = re.compile(r"\s{10,}[A-Za-z][A-Za-z ,/().-]*")
_REPR_LINE = re.compile(r"^\s*Repr:\s+(?:an|a|n)", re.MULTILINE)
_TEXT = re.compile(r"[\s|*+#X-]*(?:Desc|Function|Repr|Notes?)\s*:")
_USAGE = re.compile(r"\s*\[[BIC]\]$")
_NOTE = re.compile(r"[\s|*+#X-]*Notes?\s*:")
_MESSAGE_TYPE = re.compile(r"Message Type\s*:\s*([A-Z]{6})\b")
_VERSION = re.compile(r"Version\s*:\s*([A-Za-z0-9]+)\s")  # both name a folder: letters and digits only
_RELEASE = re.compile(r"Release\s*:\s*([A-Za-z0-9]+)\s")
_DELETES = re.compile(r"minus sign \(-\)\s+for a deletion")
_TITLE = re.compile(r"^[ \t]*+CONTENTS\s*\n((?:[^\n\d]+\n)++)", re.MULTILINE)
_KINDS = tuple((kind, re.compile(rf"^\s*\d+\.?\s+(?:Interactive )?{words}", re.MULTILINE | re.IGNORECASE)) for kind, words in (
    ("segments", "Segments? specifications"),
    ("composites", "Composites? (?:data elements? )?specifications"),
    ("elements", "(?:Simple )?Data elements? specifications"),
    ("codes", r"(?:Service )?Code lists?\b"),
))
_LEGEND = re.compile(r"hange indicators|^[ \t]*+[|*+#X-]*+[ \t]*+(?:Function|Desc|Repr)\s*:", re.MULTILINE)
LONGEST = 400  # characters of a line that says something; published ones have 80
_BLANKS = re.compile(r"\s{21,}+")  # more of them say nothing more; patterns may try each of them several times
_BOXES = str.maketrans("ÄÅÁÂ³´ÃÚ¿ÀÙ", "─┼┴┬│┤├┌┐└┘")
RELEASE_NAME = re.compile(r"\.(\d\d[A-Z])$", re.IGNORECASE)  # of a file: EDSD.01B


def read_directory(files: Mapping[str, bytes]) -> Directory:
    """The directory that the files (name → bytes, already out of their archives) describe.

    Nothing is raised for text that is not understood: it is in the result's `remarks`, and files that are no
    part of the dictionaries are in `skipped`.
    """
    remarks: list[Remark] = []
    skipped: list[str] = []
    result = Directory("")
    for name in sorted(files):
        text = _decode(files[name])

        def say(line: int, sentence: str, file: str = name) -> None:
            remarks.append(Remark(file, line, sentence))

        if not _read_file(text, result, say):
            skipped.append(name)
    _cross_check(result, remarks)
    releases = Counter(message.version + message.release for message in result.messages.values())
    releases.update(f"D{found[1].upper()}" for found in map(RELEASE_NAME.search, files) if found and not result.messages)
    release = releases.most_common(1)[0][0] if releases else ""
    for message in result.messages.values():
        if message.version + message.release != release:
            remarks.append(Remark(message.name, 0, f"is of release {message.version}{message.release}, not {release}"))
    return Directory(release, result.elements, result.composites, result.segments, result.messages, result.codes,
                     tuple(skipped), tuple(remarks))


def _decode(raw: bytes) -> str:
    """Code page 437 where rules or boxes are drawn in it (a run of 0xC4), else UTF-8 or Latin-1."""
    if b"\xc4\xc4\xc4" in raw:
        return raw.decode("cp437")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
    return text.translate(_BOXES) if "ÄÄÄ" in text else text


def _read_file(text: str, result: Directory, say: Say) -> bool:
    """Put what one file says into `result`; False when it is no part of the dictionaries."""
    lines = [line.rstrip() for line in text.split("\n")]
    deletes = bool(_DELETES.search(text[:4000]))
    message = _MESSAGE_TYPE.search(text[:8000])
    if message:
        _read_message(message.group(1), text, lines, result, deletes, say)
        return True
    kind = next((kind for kind, heading in _KINDS if heading.search(text[:4000])), None) if _LEGEND.search(text[:8000]) else None
    if kind is None and _REPR_LINE.search(text[:4000]):
        kind = "codes"  # the second file of a code list in two parts carries no heading
    if kind is None:
        return False
    if kind == "codes":
        read_codes(lines, result.codes, deletes, say)
        return True
    for block in _blocks(lines):
        if kind == "elements":
            _read_element(block, result.elements, deletes, say)
        else:
            _read_parts(block, result.segments if kind == "segments" else result.composites, deletes, say)
    return True


def _blocks(lines: list[str]) -> Iterator[Block]:
    """The pieces between the drawn rules, after the first rule, with line numbers from 1."""
    block: Block | None = None
    for number, line in enumerate(lines, 1):
        line = _BLANKS.sub(" " * 20, line[:LONGEST]).rstrip("\x1a \t\r")
        if _RULE.match(line):
            if block:
                yield block
            block = []
        elif block is not None and (block or line):
            block.append((number, line))
    if block:
        yield block


def _head(block: Block, deletes: bool, say: Say) -> tuple[str, str, int] | None:
    """The id and name a block begins with (a name may run over several lines) and the index after them."""
    found = _HEAD.match(block[0][1])
    if not found:
        say(block[0][0], f"this does not begin with a tag and a name: {block[0][1].strip()!r}")
        return None
    if deletes and "-" in found["marks"]:
        return None
    name, index = found["name"], 1
    while index < len(block) and block[index][1] and not _TEXT.match(block[index][1]):
        name += " " + block[index][1].strip()
        index += 1
    return found["id"], _plain(_USAGE.sub("", name)), index


def _read_element(block: Block, elements: dict[str, Element], deletes: bool, say: Say) -> None:
    head = _head(block, deletes, say)
    if head is None:
        return
    number, name, index = head
    for line, text in block[index:]:
        found = _REPR.match(text)
        if found:
            if _FORM.fullmatch(found.group(1)):
                elements[number] = Element(number, name, found.group(1))
            else:
                say(line, f"element {number} has a form that is not understood: {found.group(1)!r}")
            return
    say(block[0][0], f"element {number} has no form (Repr)")


def _read_parts(block: Block, into: dict[str, Parts], deletes: bool, say: Say) -> None:
    """One segment or composite. In a segment the lines without a position repeat its composites' components."""
    head = _head(block, deletes, say)
    if head is None:
        return
    tag, name, index = head
    uses: list[Use] = []
    inner: list[Use] = []
    positions: dict[str, str] = {}
    for line, found in _places(block[index:], say):
        if deletes and "-" in found["marks"]:
            continue
        rest = _REST.match(found["rest"])
        if rest is None:
            say(line, f"{tag}: a line without status: {found['id']} {found['rest']!r}")
            continue
        use = Use(found["id"], rest["status"], int(rest["repeat"] or 1), rest["form"] or "")
        if found["position"]:
            uses.append(use)
            positions[found["position"].lstrip("0")] = f"{len(uses):02}"
        else:
            inner.append(use)
        if not found["position"] and (not uses or uses[-1].id.isdigit()):
            say(line, f"{tag}: component {use.id} stands under no composite")
    if not uses:
        say(block[0][0], f"{tag} has no elements")
        return
    made = Parts(tag, name, tuple(uses), read_dependencies(block[index:], positions, say))
    if into.setdefault(tag, made).uses != made.uses:
        say(block[0][0], f"{tag} stands in the directory twice with different places; the first one is kept")


def _places(block: Block, say: Say) -> Iterator[tuple[int, re.Match[str]]]:
    """The lines that name an element or composite; a name that runs on in the next line is joined."""
    started = whole = False  # whole: the line before was a whole place, whose name may still run on
    pending: tuple[int, str] | None = None
    for line, text in block:
        if started and pending is None and (_NOTE.match(text) or DEPENDENCIES.match(text)):
            break
        joined = f"{pending[1]} {text.strip()}"[:LONGEST] if pending and text else text
        found = _PLACE.match(joined)
        name_tail = whole and bool(_TAIL.fullmatch(text))
        whole = False
        if found and (started or found["position"]):
            started = True
            if _REST.match(found["rest"]):
                yield (pending[0] if pending else line), found
                pending, whole = None, True
            else:
                pending = (pending[0] if pending else line, joined)
        elif pending:
            say(pending[0], f"a line without status: {pending[1].strip()!r}")
            pending = None
        elif started and text and not name_tail:
            say(line, f"a line was not understood: {text.strip()!r}")


def _read_message(name: str, text: str, lines: list[str], result: Directory, deletes: bool, say: Say) -> None:
    version, release = _VERSION.search(text), _RELEASE.search(text)
    if not version or not release:
        say(0, f"message {name} says no version and release")
    title = _TITLE.search(text)
    tree, rules = read_segment_table(lines, deletes, say)
    if tree:
        result.messages[name] = MessageTree(name, version.group(1) if version else "", release.group(1) if release else "",
                                            tree, " ".join(title.group(1).split()) if title else "", rules)


def _cross_check(result: Directory, remarks: list[Remark]) -> None:
    """Remarks on what one part names and no other defines, and on lengths that differ between parts."""
    places = [(parts, use) for parts in (*result.segments.values(), *result.composites.values()) for use in parts.uses]
    for parts, use in places:
        if use.id in SERVICE_ELEMENTS or use.id in SERVICE_COMPOSITES:
            continue  # old directories list the service segments too; ours hold for every syntax version
        if use.id.isdigit():
            element = result.elements.get(use.id)
            if element is None:
                remarks.append(Remark(parts.id, 0, f"names element {use.id}, which is not defined"))
            elif use.form != element.form:
                remarks.append(Remark(parts.id, 0, f"gives {use.id} as {use.form or 'nothing'}, "
                                                   f"the element directory as {element.form}"))
        elif use.id not in result.composites:
            remarks.append(Remark(parts.id, 0, f"names composite {use.id}, which is not defined"))
    for message in list(result.messages.values()):
        missing = sorted(set(tags(message.tree)) - set(result.segments) - set(SERVICE_SEGMENTS))
        if missing:
            del result.messages[message.name]
            remarks += [Remark(message.name, 0, f"names segment {tag}, which is not defined; the message was left out") for tag in missing]


def _plain(name: str) -> str:
    """A name in one line; one all in capitals gets small letters."""
    name = " ".join(name.split())
    return name[:1] + name[1:].lower() if name.isupper() else name
