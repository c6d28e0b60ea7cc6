"""The disk side of importing dictionaries: reading a release's folder or zip files or SEF files, writing our YAML.

The only file of the importer that touches a disk; called from the command line.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edi_bridge.fault import ConfigFault
from edi_bridge.guide.importer.directory import Directory, Remark, named
from edi_bridge.guide.importer.sef import read_sef
from edi_bridge.guide.importer.unece import RELEASE_NAME, read_directory
from edi_bridge.guide.importer.yaml_form import yaml_files

MAX_BYTES = 200_000_000  # of a whole release, unpacked; the largest published so far is under 30 MB
MAX_NESTING = 3
MAX_FILES = 10_000
DICTIONARIES = ("elements.yaml", "composites.yaml", "segments.yaml", "codes.yaml")
SEF = (".sef", ".xsef")

_ENTRY = re.compile(r"^(?=[^\s#])", re.MULTILINE)  # where an entry of a dictionary file begins


@dataclass(frozen=True, slots=True)
class Imported:
    """One release that was read, the messages of it that were written, and where."""

    directory: Directory
    folder: Path
    messages: tuple[str, ...]


Names = tuple[Mapping[str, str], Mapping[str, str]]  # of elements by number, of segments and composites by tag


def import_guides(source: Path, into: Path, messages: Collection[str] | None = None,
                  names: Callable[[str, str], Names] | None = None) -> list[Imported]:
    """Read what `source` is (a UN/EDIFACT release: a folder or zip file, as published; SEF files) and write our files into
    `into/<standard>/<release>/`. `messages`: the message types wanted, None for all. `names(standard, release)` gives names for
    what the source leaves without one.

    What stood there before stays unless the new files say it differently, which is a remark. ConfigFault when nothing of a
    dictionary is there, or none of the releases has a wanted message.
    """
    files = read_release(source)
    sef = {name: content for name, content in files.items() if name.lower().endswith(SEF)}
    other = {name: content for name, content in files.items() if name not in sef}
    directories = [read_sef(name, content) for name, content in sorted(sef.items())]
    for release in _releases(other):
        directory = read_directory(release)
        if (directory.segments and directory.elements) or not directories:
            directories.append(directory)
    usable = [one for one in directories if one.segments and one.elements and one.release]
    if not usable:
        reasons = [f": {remark}" for one in directories for remark in one.remarks[:1]]
        raise ConfigFault.at(str(source), 0, 0, "neither a UN/EDIFACT directory (EDSD, EDCD, EDED … or TRSD …) nor a SEF file was "
                                                f"found here{''.join(reasons[:1])}")
    known = {name for one in usable for name in one.messages}
    missing = sorted(set(messages or ()) - known)
    if missing:
        raise ConfigFault.at(str(source), 0, 0, f"there is no message {', '.join(missing)} in it")
    return [_written(named(one, *names(one.standard, one.release)) if names else one, into, messages) for one in usable]


def _releases(files: dict[str, bytes]) -> list[dict[str, bytes]]:
    """The files of each release, told apart by their names (EDSD.01B, ORDERS_D.96A); where all are of one, or none says so, all
    files together."""
    suffixes = {name: found[1].upper() for name in files if (found := RELEASE_NAME.search(name))}
    kinds = sorted(set(suffixes.values()))
    if len(kinds) < 2:
        return [files] if files else []
    return [{name: content for name, content in files.items() if suffixes.get(name) == kind} for kind in kinds]


def _written(directory: Directory, into: Path, messages: Collection[str] | None) -> Imported:
    wanted = tuple(sorted(name for name in directory.messages if messages is None or name in messages))
    folder = into / directory.standard / directory.release
    remarks = write_files(folder, yaml_files(directory, wanted, directory.codes))
    return Imported(replace(directory, remarks=(*directory.remarks, *remarks)), folder, wanted)


def import_release(source: Path, target: Path, messages: Collection[str] | None = None,
                   coded: Collection[str] | None = ()) -> Directory:
    """Read the release in `source` (a folder, with zip files or not, or one zip) and write our files into `target` itself, in
    place of what stands there.

    `messages`: the message types wanted, None for all. `coded`: the elements whose codes are wanted, None for all.
    Returns what was read, so that the caller can show its remarks. ConfigFault when nothing of a directory is there
    or a wanted message is not.
    """
    directory = read_directory(read_release(source))
    if not directory.segments or not directory.elements:
        raise ConfigFault.at(str(source), 0, 0, "no UN/EDIFACT directory was found here (segments, composites, elements)")
    missing = sorted(set(messages or ()) - set(directory.messages))
    if missing:
        raise ConfigFault.at(str(source), 0, 0, f"this release has no message {', '.join(missing)}")
    target.mkdir(parents=True, exist_ok=True)
    for name, text in yaml_files(directory, messages, directory.codes if coded is None else coded).items():
        (target / name).write_text(text, encoding="utf-8", newline="\n")
    return directory


def write_files(folder: Path, files: dict[str, str]) -> list[Remark]:
    """Write a release's files; a dictionary that is there keeps its other entries. A remark for each entry that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    remarks: list[Remark] = []
    for name, text in files.items():
        path = folder / name
        if name in DICTIONARIES and path.is_file():
            before, now = _entries(path.read_text("utf-8")), _entries(text)
            remarks += [Remark(str(path), 0, f"{key.strip(chr(34))} was different here before; the new entry stands")
                        for key in sorted(now) if before.get(key, now[key]) != now[key]]
            text = "".join(entry for _, entry in sorted((before | now).items())) or text
        path.write_text(text, encoding="utf-8", newline="\n")
    return remarks


def _entries(text: str) -> dict[str, str]:
    """key → the lines of its entry, of a dictionary file in our own form."""
    return {entry.partition(":")[0]: entry for entry in _ENTRY.split(text) if entry and entry[0] not in "#{ \n"}


def read_release(source: Path) -> dict[str, bytes]:
    """Every file of a release by its path below `source`, zip files opened (also zips within zips)."""
    if not source.exists():
        raise ConfigFault.at(str(source), 0, 0, "there is no such file or folder")
    paths = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    found: dict[str, bytes] = {}
    allowed = _Allowed(str(source))
    for path in paths:
        name = path.relative_to(source).as_posix() if source.is_dir() else path.name
        allowed.take(path.stat().st_size)
        found.update(_unpacked(name, path.read_bytes(), 0, allowed))
    return found


@dataclass(slots=True)
class _Allowed:
    """How much may still be unpacked, zips within zips counted as well: a few kilobytes can hold terabytes."""

    source: str
    bytes: int = 2 * MAX_BYTES
    files: int = MAX_FILES

    def take(self, size: int) -> None:
        """Count a file before it is read. ConfigFault when it is too much."""
        self.bytes -= size
        self.files -= 1
        if self.bytes < 0 or self.files < 0 or size > MAX_BYTES:
            raise ConfigFault.at(self.source, 0, 0, f"more than {MAX_BYTES // 1_000_000} MB or {MAX_FILES:,} files, not a directory release")


def _unpacked(name: str, content: bytes, nesting: int, allowed: _Allowed) -> Iterator[tuple[str, bytes]]:
    if not name.lower().endswith(".zip") or nesting >= MAX_NESTING:
        yield name, content
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    allowed.take(member.file_size)  # zipfile reads no more than that
                    yield from _unpacked(f"{name}/{member.filename}", archive.read(member), nesting + 1, allowed)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError):  # broken, encrypted, of a method nobody knows
        raise ConfigFault.at(name, 0, 0, "this zip file cannot be read") from None
