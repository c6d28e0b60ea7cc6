"""What FTP servers say of a folder: MLSD (RFC 3659 7) and the dialects of LIST, which no standard describes (RFC 959 4.1.3).

Pure: bytes in, entries out. LIST tells local times of unknown zones, often without a year: they are kept as text that tells one
state of a file from another, and never taken for a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from edi_bridge.transport.contract import UNKNOWN_SIZE

LONGEST = 4096  # bytes of one line: longer ones are of no server


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `kind`: file, folder, link or other; `modified` ISO 8601 in UTC where the server says it in UTC; `stamp` its own
    words for the time otherwise; `broken`: the name holds a line break, which no FTP command can carry."""

    name: bytes
    kind: str = "file"
    size: int = UNKNOWN_SIZE
    modified: str = ""
    stamp: str = ""
    broken: bool = False


UNIX = re.compile(
    rb"(?P<kind>[-dlbcpsD])[-rwxsStTlLaA+.@]{9,12}\s+.*?(?P<size>\d{1,19})\s+"
    rb"(?P<stamp>[A-Z][a-z]{2}\s+\d{1,2}\s+(?:\d{1,2}:\d\d|\d{4})|\d{1,2}\s+[A-Z][a-z]{2}\s+(?:\d{1,2}:\d\d|\d{4})|"
    rb"\d{4}-\d\d-\d\d\s+\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:\s[-+]\d{4})?) (?P<name>.+)", re.DOTALL)
DOS = re.compile(rb"(?P<stamp>\d\d[-/]\d\d[-/](?:\d{4}|\d\d)\s+\d\d:\d\d(?:[AP]M)?)\s+"
                 rb"(?:(?P<folder><(?:DIR|JUNCTION|SYMLINKD?)>)\s+|(?P<size>\d{1,19}) )(?P<name>.+)", re.DOTALL)
OS400 = re.compile(rb"\S+\s+(?P<size>\d{1,19})\s+(?P<stamp>\d\d[/.]\d\d[/.]\d\d\s+\d\d:\d\d:\d\d)\s+"
                   rb"\*(?P<type>\w+)\s+(?P<name>.+)", re.DOTALL)
ZOS = re.compile(rb"\S+\s+\S+\s+(?P<stamp>\d{4}/\d\d/\d\d)\s+\d+\s+\d+\s+[A-Z]+\s+\d+\s+\d+\s+(?P<type>PS|PO|PO-E|VS)\s+(?P<name>\S+)")
EPLF = re.compile(rb"\+(?P<facts>[^\t]*)\t(?P<name>.+)", re.DOTALL)
NOISE = re.compile(rb"(?i)\s*|total\s+\d+.*|volume\s+unit\s+referred.*|"
                   rb"\s*\d+ (?:files?|dirs?|director(?:y|ies)|entries|bytes)\b.*|[./\w-]+:")
KINDS = {b"-": "file", b"d": "folder", b"D": "folder", b"l": "link"}
OS400_KINDS = {b"STMF": "file", b"MEM": "file", b"USRSPC": "file", b"DIR": "folder", b"FLR": "folder", b"FILE": "folder",
               b"SYMLNK": "link"}


def iso(digits: str) -> str:
    """The time of MDTM and of `modify=` (YYYYMMDDHHMMSS and a fraction, UTC: RFC 3659 2.3) as ISO 8601; '' when it is none."""
    found = re.fullmatch(r"(\d{14})(\.\d{1,9})?", digits.strip())
    try:
        moment = datetime.strptime(found[1], "%Y%m%d%H%M%S") if found else None
    except ValueError:
        return ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{found[2] or ''}Z" if moment and found else ""


def mlsd(line: bytes) -> Entry | None:
    """A line of MLSD: `type=file;size=3;modify=20261122031500; name`."""
    facts, blank, name = line.partition(b" ")
    if not blank or not name or not re.fullmatch(rb"(?:[A-Za-z.-]+=[^;]*;)+", facts):
        return None
    said = {key.lower(): value.decode("latin-1") for key, _, value in (fact.partition(b"=") for fact in facts.split(b";") if fact)}
    word = said.get(b"type", "file").lower()
    kind = "folder" if word.endswith("dir") else "file" if word == "file" else "link" if "link" in word else "other"
    size = said.get(b"size", "")
    return Entry(name, kind, int(size) if size.isdecimal() else UNKNOWN_SIZE, iso(said.get(b"modify", "")), said.get(b"unique", ""))


def _unix(line: bytes) -> Entry | None:
    if not (hit := UNIX.fullmatch(line)):
        return None
    return Entry(hit["name"], KINDS.get(hit["kind"], "other"), int(hit["size"]), stamp=_words(hit["stamp"]))


def _dos(line: bytes) -> Entry | None:
    if not (hit := DOS.fullmatch(line)):
        return None
    return Entry(hit["name"], "folder" if hit["folder"] else "file", int(hit["size"] or UNKNOWN_SIZE), stamp=_words(hit["stamp"]))


def _os400(line: bytes) -> Entry | None:
    if not (hit := OS400.fullmatch(line)):
        return None
    return Entry(hit["name"].rstrip(b"/"), OS400_KINDS.get(hit["type"], "other"), int(hit["size"]), stamp=_words(hit["stamp"]))


def _zos(line: bytes) -> Entry | None:
    if not (hit := ZOS.fullmatch(line)):
        return None
    kind = "file" if hit["type"] == b"PS" else "folder" if hit["type"][:2] == b"PO" else "other"
    return Entry(hit["name"], kind, stamp=_words(hit["stamp"]))


def _eplf(line: bytes) -> Entry | None:
    if not (hit := EPLF.fullmatch(line)):
        return None
    facts = hit["facts"].split(b",")
    size = next((int(fact[1:]) for fact in facts if re.fullmatch(rb"s\d{1,19}", fact)), UNKNOWN_SIZE)
    when = next((int(fact[1:]) for fact in facts if re.fullmatch(rb"m\d{1,11}", fact)), None)
    modified = "" if when is None else f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Entry(hit["name"], "folder" if b"/" in facts else "file" if b"r" in facts else "other", size, modified)


def _words(stamp: bytes) -> str:
    return " ".join(stamp.decode("latin-1").split())


DIALECTS: dict[str, Callable[[bytes], Entry | None]] = {"unix": _unix, "dos": _dos, "os400": _os400, "zos": _zos, "eplf": _eplf}


def lists(line: bytes) -> Entry | None:
    """A line of LIST in any dialect."""
    return next((entry for read in DIALECTS.values() if (entry := read(line)) is not None), None)


def entries(raw: bytes, read: Callable[[bytes], Entry | None]) -> tuple[list[Entry], list[bytes]]:
    """The entries of a listing and the lines that were not understood before any entry was.

    What is not understood after an entry is the rest of a name with a line break in it: that entry is `broken`. So a name that
    looks like a line of a listing can at most be taken for a file that is not there.
    """
    found: list[Entry] = []
    unread: list[bytes] = []
    for line in raw.split(b"\r\n") if b"\r\n" in raw else raw.split(b"\n"):
        entry = read(line) if len(line) <= LONGEST else None
        if entry is not None:
            found.append(replace(entry, broken=bool({10, 13, 0} & set(entry.name))))
        elif NOISE.fullmatch(line):
            continue
        elif found:
            found[-1] = replace(found[-1], name=found[-1].name + b"\r\n" + line, broken=True)
        else:
            unread.append(line)
    return [one for one in found if one.name.rstrip(b"/") not in (b".", b"..")], unread


def names(raw: bytes, folder: bytes) -> list[Entry]:
    """The names of NLST, without the folder that some servers put before each."""
    lines = [line for line in (raw.split(b"\r\n") if b"\r\n" in raw else raw.split(b"\n")) if line and len(line) <= LONGEST]
    starts = (folder.rstrip(b"/") + b"/", b"./")
    bare = [next((line.removeprefix(start) for start in starts if line.startswith(start)), line) for line in lines]
    return [Entry(name, broken=bool({10, 13, 0} & set(name))) for name in bare if name not in (b".", b"..")]
