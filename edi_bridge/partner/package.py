"""A partner as a package: its files with a manifest of their hashes, as a folder or a zip; what is refused when one comes in.

Pure: contents in, contents out. The version of a package is the SHA-256 over its lines of `hash  name`, sorted by name: the same files make the
same version, wherever and whenever they were packed.
"""

from __future__ import annotations

import io
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from edi_bridge.fault import ConfigFault

FORMAT = "edi-bridge partner package 1"
MANIFEST, RESULTS = "manifest.json", "results.json"
MOST_FILES, MOST_BYTES, LARGEST_FILE = 5_000, 200_000_000, 32_000_000
PART = "[A-Za-z0-9][A-Za-z0-9_.-]*"
ALLOWED = tuple(re.compile(one) for one in (
    f"partners/{PART}\\.yaml", f"partners/profiles/{PART}\\.yaml", f"partners/{PART}\\.csv", f"lookups/{PART}\\.csv",
    f"mappings/{PART}\\.yaml", f"mappings/(codes|fragments)/{PART}\\.yaml", f"guides(/{PART}){{1,4}}\\.yaml", f"samples(/{PART}){{1,6}}", re.escape(RESULTS)))
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|PuTTY-User-Key-File-\d")
FOLDED = re.compile(r"(?i)(^|/)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|/|$)")  # names that are devices under Windows
LONGEST_NAME, LONGEST_PART = 240, 120  # characters; beyond them no file can be made everywhere
LEAST_SECRET = 6  # characters of a secret that is looked for; shorter ones stand in any text by chance
Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was verified: whose it is, its version, its files without the manifest, the names of secrets it needs."""

    partner: str
    version: str
    files: Files
    secrets: tuple[str, ...] = ()


def version_of(files: Files) -> str:
    """The hash of all files together."""
    lines = "".join(f"{sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return sha256(lines.encode()).hexdigest()


def with_manifest(partner: str, files: Files, secrets: Collection[str], program: str) -> dict[str, bytes]:
    """The files with the manifest before them."""
    said = {"format": FORMAT, "partner": partner, "version": version_of(files), "program": program, "secrets": sorted(secrets),
            "files": {name: sha256(files[name]).hexdigest() for name in sorted(files)}}
    return {MANIFEST: (json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode(), **{name: files[name] for name in sorted(files)}}


def to_zip(files: Files) -> bytes:
    """As a zip that is the same for the same files, byte for byte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            archive.writestr(entry, content)
    return out.getvalue()


def from_zip(content: bytes, file: str) -> dict[str, bytes]:
    """The files of a zip. ConfigFault for what is no zip, for names that lead elsewhere, links, and what unpacks to too much."""
    made: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > MOST_FILES or sum(one.file_size for one in entries) > MOST_BYTES:
                raise ConfigFault.at(file, 0, 0, f"holds more than {MOST_FILES:,} files or {MOST_BYTES:,} bytes")
            for one in entries:
                wrong = _wrong_entry(one, made)
                if wrong:
                    raise ConfigFault.at(file, 0, 0, wrong)
                with archive.open(one) as stream:
                    made[one.filename] = stream.read(LARGEST_FILE + 1)  # a header may lie about the size
                if len(made[one.filename]) > LARGEST_FILE:
                    raise ConfigFault.at(file, 0, 0, f"{one.filename} is larger than {LARGEST_FILE:,} bytes")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError, zlib.error) as error:
        raise ConfigFault.at(file, 0, 0, f"is no zip that can be read: {error}") from None
    return made


def _wrong_entry(one: zipfile.ZipInfo, made: Mapping[str, bytes]) -> str:
    """Why an entry of a zip is not taken; '' when it is."""
    if one.orig_filename != one.filename or (wrong := wrong_name(one.filename)):
        return f"{one.orig_filename!r} is no name of a package's file" if one.orig_filename != one.filename else wrong
    kind = stat.S_IFMT(one.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return f"{one.filename} is a link or a device, not a file"
    return f"{one.filename} stands there twice" if one.filename.lower() in {name.lower() for name in made} else ""


def wrong_name(name: str) -> str:
    """Why a name cannot be one of a package's files: it leads elsewhere, or such files have no place in one; '' when it can."""
    if len(name) > LONGEST_NAME or max(map(len, name.split("/"))) > LONGEST_PART:
        return f"{name[:60]!r}… is too long for the name of a file"
    if name == MANIFEST or (any(one.fullmatch(name) for one in ALLOWED) and ".." not in name and not FOLDED.search(name)):
        return ""
    return f"{name!r} has no place in a partner's package"


def verified(files: Files, file: str) -> Package:
    """A package whose every file is the one that its manifest names. ConfigFault with everything that is wrong."""
    problems = [wrong for name in files if (wrong := wrong_name(name))]
    said = _manifest(files.get(MANIFEST), file)
    listed: Mapping[str, Any] = said["files"]
    own = {name: content for name, content in files.items() if name != MANIFEST}
    problems += [f"{name} is a file and a folder" for name in sorted({"/".join(one.split("/")[:count]) for one in own for count in range(1, one.count("/") + 1)} & own.keys())]
    problems += [f"{name} is there, and the manifest does not name it" for name in sorted(own.keys() - listed.keys())]
    problems += [f"{name} is missing" for name in sorted(listed.keys() - own.keys())]
    problems += [f"{name} is not the file that was packed: its SHA-256 is another" for name in sorted(own.keys() & listed.keys())
                 if sha256(own[name]).hexdigest() != listed[name]]
    if not problems and said["version"] != version_of(own):
        problems.append("the version is not that of its files")
    if f"partners/{said['partner']}.yaml" not in own:
        problems.append(f"partners/{said['partner']}.yaml is missing")
    strangers = [name for name in own if re.fullmatch(f"partners/{PART}", name) and name != f"partners/{said['partner']}.yaml"
                 and not re.fullmatch(f"partners/{re.escape(said['partner'])}\\.[^.]+\\.csv", name)]
    problems += [f"{name} is another partner's" for name in strangers]
    problems += leaks(own, ())
    if problems:
        raise ConfigFault([(file, 0, 0, one) for one in problems])
    return Package(said["partner"], said["version"], own, tuple(said["secrets"]))


def _manifest(content: bytes | None, file: str) -> dict[str, Any]:
    if content is None:
        raise ConfigFault.at(file, 0, 0, f"holds no {MANIFEST}: it is no package of a partner")
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    good = (isinstance(said, dict) and said.get("format") == FORMAT and isinstance(said.get("version"), str)
            and isinstance(said.get("partner"), str) and re.fullmatch(PART, said["partner"])
            and isinstance(said.get("files"), dict) and all(isinstance(one, str) for one in said["files"].values())
            and isinstance(said.get("secrets"), list) and all(isinstance(one, str) for one in said["secrets"]))
    if not good:
        raise ConfigFault.at(file, 0, 0, f"its {MANIFEST} is not that of an {FORMAT}")
    return dict(said)


def leaks(files: Files, secrets: Collection[tuple[str, bytes]]) -> list[str]:
    """Files that hold a secret: a private key, or the value of one of (name, value). The value is never told."""
    return [*(f"{name} holds a private key" for name, content in files.items() if PRIVATE_KEY.search(content)),
            *(f"{name} holds the secret {secret}" for name, content in files.items() for secret, value in secrets
              if len(value) >= LEAST_SECRET and value in content)]


def changes(old: Mapping[str, bytes | None], new: Files) -> Iterator[tuple[str, str, list[str]]]:
    """(name, new | same | changed, the lines that differ) of each file; `old` holds what is there, None where nothing is."""
    import difflib

    for name, content in new.items():
        before = old.get(name)
        if before is None:
            yield name, "new", []
        elif before == content:
            yield name, "same", []
        else:
            here, packed = (one.decode("utf-8", "replace").splitlines() for one in (before, content))
            yield name, "changed", list(difflib.unified_diff(here, packed, "here", "package", n=1, lineterm=""))[2:]
