"""Sample folders: what is in one, and which of them a map has.

    samples/edifact/orders-d96a-plain/
      case.yaml               map: order.edifact-d96a, partner: havel_markt (none), give: [map, partner], about
      message.edi             exactly one message.*
      expected/record.json    a list of records
      expected/findings.txt   a line a finding; no file: none
      expected/written.edi    what writing gives; optional
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edi_bridge import yamltext
from edi_bridge.catalog import Catalog, shipped
from edi_bridge.fault import ConfigFault
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.proving import Sample

KEYS = ("about", "map", "partner", "give")
FAULTY = "findings"  # samples/findings/: messages with a mistake each, for `explain`


@dataclass(frozen=True, slots=True)
class Folder:
    """One sample's folder. `map` '' where no case.yaml says so: then the map that names it reads it."""

    path: Path
    name: str
    message: Path
    map: str = ""
    partner: str = ""
    give: tuple[str, ...] = ()

    def sample(self, map_: str) -> Sample:
        """What stands in it, for one map. ConfigFault for an expected file that cannot be read."""
        expected = self.path / "expected"
        written = sorted(expected.glob("written.*"))
        records = expected / "record.json"
        findings = expected / "findings.txt"
        by_hand = "map" in self.give or self.map != map_
        return Sample(
            self.name, relative(self.message), self.message.read_bytes(), map_ if by_hand else "",
            self.partner if "partner" in self.give else "",
            _json(records) if records.is_file() else None,
            findings.read_text("utf-8").splitlines() if findings.is_file() else [] if records.is_file() else None,
            written[0].read_bytes() if written else None)


def folders_of(one: CompiledMap, catalog: Catalog, given: str = "") -> list[Folder]:
    """The samples of a map: those its `tests:` name, and those whose case.yaml names the map. `given` is the map as the person
    wrote it (a file: samples beside it count). ConfigFault for a sample that is not there."""
    beside = [Path(given).parent] if given.endswith((".yaml", ".yml")) else []
    roots = [*(root / "samples" for root in beside), *beside, *(root / "samples" for root in catalog.roots)]
    found: dict[Path, Folder] = {}
    problems: list[tuple[str, int, int, str]] = []
    for test in one.spec.tests:
        name = str(test.get("sample", "")) if isinstance(test, dict) else str(test)
        paths = [root / part for root in roots for part in (name, name.removeprefix("samples/"))]
        path = next((path for path in paths if name and path.is_dir()), None)
        if path is None:
            problems.append((one.spec.file, *_mark(test), f"there is no sample {name}"))
            continue
        folder = read_folder(path, roots)
        found[path.resolve()] = folder
    if problems:
        raise ConfigFault(problems)
    for folder in _named(roots, one.name):
        found.setdefault(folder.path.resolve(), folder)
    return list(found.values())


def _mark(test: Any) -> tuple[int, int]:
    return test.mark if isinstance(test, yamltext.Block) else (0, 0)


def _named(roots: list[Path], map_: str) -> Iterator[Folder]:
    """The samples whose case.yaml names a map; the home's stand before shipped ones."""
    for root in roots:
        if root.name != "samples":
            continue
        for path in sorted(root.glob("**/case.yaml")):
            if path.relative_to(root).parts[0] != FAULTY and f"map: {map_}" in path.read_text("utf-8", "replace"):
                folder = read_folder(path.parent, roots)
                if folder.map == map_:
                    yield folder


def read_folder(path: Path, roots: list[Path]) -> Folder:
    """What a folder says of itself. ConfigFault with the places of what is wrong in its case.yaml."""
    case = path / "case.yaml"
    root = next((root for root in roots if path.is_relative_to(root)), path.parent)
    name = str(path.relative_to(root))
    messages = sorted(path.glob("message.*"))
    if len(messages) != 1:
        raise ConfigFault.at(relative(path), 0, 0, f"there must be exactly one file message.*, not {len(messages)}")
    if not case.is_file():
        return Folder(path, name, messages[0])
    block = yamltext.parse(case.read_bytes(), relative(case))
    if not isinstance(block, yamltext.Block):
        raise ConfigFault.at(relative(case), 1, 1, "the file must hold keys and values")
    problems = yamltext.Problems(relative(case))
    problems.unknown_keys(block, KEYS, "a sample")
    problems.done()
    partner = str(block.get("partner") or "none")
    return Folder(path, name, messages[0], str(block.get("map") or ""), "" if partner == "none" else partner,
                  tuple(map(str, block.get("give") or ())))


def _json(path: Path) -> list[Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ConfigFault.at(relative(path), 0, 0, f"is no JSON: {error}") from None
    return value if isinstance(value, list) else [value]


def relative(path: Path) -> str:
    """A path as a person at this folder names it."""
    for root in (Path.cwd(), shipped()):
        if path.is_relative_to(root):
            return str(path.relative_to(root))
    return str(path)
