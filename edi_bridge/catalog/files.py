"""Where the files of a home and of the package stand, and what they say. Each is parsed once.

A name is looked for in the home folder first, then in what is shipped with the package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from edi_bridge.fault import ConfigFault
from edi_bridge.yamltext import Block, parse

PACKAGE = Path(__file__).parent.parent
GUIDES = PACKAGE / "guide" / "standard"
SCENARIOS = PACKAGE / "rollout" / "scenarios"


def shipped() -> Path:
    """The folder that holds mappings/, partners/ and samples/ as they came: inside the wheel, or the checkout's."""
    inside = PACKAGE / "shipped"
    return inside if inside.is_dir() else PACKAGE.parent


class Files:
    """The YAML files below a home's folder and the shipped one, by folder and name."""

    def __init__(self, home: Path | None = None):
        self.roots = [*([home] if home else []), shipped()]
        self._yaml: dict[Path, Block] = {}

    def _files(self, folder: str) -> Iterator[tuple[str, Path]]:
        """(name, path) of every YAML file of a folder; the home's stands before the shipped one of the same name."""
        seen = set()
        for root in self.roots:
            for path in sorted((root / folder).glob("*.yaml")):
                if path.stem not in seen:
                    seen.add(path.stem)
                    yield path.stem, path

    def legacy(self, partner: str) -> Block | None:
        """How the files of a partner's old channel read (`rollout/legacy/PARTNER.yaml`); None where nothing is declared."""
        return self._block(found[partner]) if partner in (found := dict(self._files("rollout/legacy"))) else None

    def habits(self, partner: str) -> Block | None:
        """What is particular to a partner in scenarios (`rollout/scenarios/PARTNER.yaml`); None where nothing is."""
        return self._block(found[partner]) if partner in (found := dict(self._files("rollout/scenarios"))) else None

    def scenarios(self) -> dict[str, Block]:
        """Every scenario by the name of its file: the home's (`scenarios/`) before a shipped one of the same name."""
        shipped_ones = {path.stem: path for path in sorted(SCENARIOS.glob("*.yaml"))}
        return {name: self._block(path) for name, path in sorted({**shipped_ones, **dict(self._files("scenarios"))}.items())}

    def _named(self, folder: str, name: str, what: str) -> Block:
        if re.fullmatch(r"[A-Za-z0-9_.-]+", name):
            for root in self.roots:
                path = root / folder / f"{name}.yaml"
                if path.is_file():
                    return self._block(path)
        raise ConfigFault.at("", 0, 0, f"there is no {what} {name} in {folder}/")

    def _block(self, path: Path) -> Block:
        """A parsed file; in messages it is named from its root (mappings/order.edifact-d96a.yaml)."""
        if path not in self._yaml:
            root = next((one for one in [*self.roots, GUIDES.parent.parent] if path.is_relative_to(one)), None)
            try:
                value = parse(path.read_bytes(), str(path.relative_to(root) if root else path))
            except OSError as error:
                raise ConfigFault.at(str(path), 0, 0, f"cannot be read: {error.strerror}") from None
            if not isinstance(value, Block):
                raise ConfigFault.at(str(path), 1, 1, "the file must hold keys and values")
            self._yaml[path] = value
        return self._yaml[path]

    def read_files(self) -> dict[str, Path]:
        """Every YAML file that was read up to now, by its name from its root: what the maps and partners asked for are made of."""
        roots = [root for root in self.roots if (root / "partners").is_dir() or (root / "mappings").is_dir()]
        return {path.relative_to(root).as_posix(): path for path in self._yaml
                if (root := next((one for one in roots if path.is_relative_to(one)), None)) is not None and not path.is_relative_to(GUIDES)}
