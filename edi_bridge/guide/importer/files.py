"""The disk side of importing a directory: reading a release's folder or zip files, writing our YAML.

The only file of the importer that touches a disk; called from the command line.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from edi_bridge.fault import ConfigFault
from edi_bridge.guide.importer.directory import Directory
from edi_bridge.guide.importer.unece import read_directory
from edi_bridge.guide.importer.yaml_form import yaml_files

MAX_BYTES = 200_000_000  # of a whole release, unpacked; the largest published so far is under 30 MB
MAX_NESTING = 3


def import_release(source: Path, target: Path, messages: Collection[str] | None = None,
                   coded: Collection[str] | None = ()) -> Directory:
    """Read the release in `source` (a folder, with zip files or not, or one zip) and write our files into `target`.

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


def read_release(source: Path) -> dict[str, bytes]:
    """Every file of a release by its path below `source`, zip files opened (also zips within zips)."""
    paths = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    found: dict[str, bytes] = {}
    size = 0
    for path in paths:
        name = path.relative_to(source).as_posix() if source.is_dir() else path.name
        for inner, content in _unpacked(name, path.read_bytes(), 0):
            size += len(content)
            if size > MAX_BYTES:
                raise ConfigFault.at(str(source), 0, 0, f"more than {MAX_BYTES // 1_000_000} MB, not a directory release")
            found[inner] = content
    return found


def _unpacked(name: str, content: bytes, nesting: int) -> Iterator[tuple[str, bytes]]:
    if not name.lower().endswith(".zip") or nesting >= MAX_NESTING:
        yield name, content
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                if member.file_size > MAX_BYTES:
                    raise ConfigFault.at(f"{name}/{member.filename}", 0, 0, "this file is too large to be a directory")
                if not member.is_dir():
                    yield from _unpacked(f"{name}/{member.filename}", archive.read(member), nesting + 1)
    except zipfile.BadZipFile:
        raise ConfigFault.at(name, 0, 0, "this zip file cannot be read") from None
