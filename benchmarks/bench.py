"""What all figures share: what one is, how big the files are and where, and a catalog without guides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks import faults, generate, goods
from edi_bridge.catalog import Catalog
from edi_bridge.interchange import MessageType
from edi_bridge.partner import Partner

SEED = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `most` says that floor and aim are ceilings. `note`: what it was measured on, or why it was not."""

    name: str
    what: str
    value: float | None
    unit: str = ""
    floor: float | None = None
    aim: float | None = None
    most: bool = False
    peer: str = ""
    note: str = ""
    fsyncs: float = 0.0

    @property
    def met(self) -> str:
        """`aim`, `floor`, `no`, or `` where there is neither."""
        if self.value is None:
            return "not measured"
        for word, bound in (("aim", self.aim), ("floor", self.floor)):
            if bound is not None and (self.value <= bound if self.most else self.value >= bound):
                return word
        return "" if self.floor is None and self.aim is None else "no"


class Unguided(Catalog):
    """A catalog that knows no guides: what reading and mapping cost without the check (the figure `check` has it)."""

    def checker_for(self, type: MessageType, partner: Partner | None, direction: str = "in") -> None:
        """None: nothing is held against a guide."""
        return


@dataclass(frozen=True)
class Bench:
    """What all figures share: how big, how often, where the files are."""

    folder: Path
    megabytes: float = 10
    rounds: int = 5
    slice_megabytes: float = 0.4  # of a peer that takes seconds for a megabyte
    orders: int = 1000
    files: int = 1000  # of one order each
    memory: tuple[int, ...] = (10, 100)  # sizes of interchanges in MB
    many_lines: int = 200_000
    catalog: Catalog = field(default_factory=Catalog)
    unguided: Catalog = field(default_factory=Unguided)

    @cached_property
    def generator(self) -> str:
        """What the generated files depend on."""
        texts = [Path(module.__file__ or "").read_bytes() for module in (generate, goods, faults)]
        return hashlib.sha256(b"".join(texts)).hexdigest()[:8]

    def file(self, kind: str, *, megabytes: float = 0, messages: int = 0, lines: int = 40, faulty: bool = False) -> Path:
        """A generated file, made once."""
        path = self.folder / f"{kind}{'-faulty' * faulty}-{megabytes:g}mb-{messages}x{lines}-{self.generator}"
        if not path.exists():
            write(path, generate.KINDS[kind](messages, lines, SEED, size=int(megabytes * 1_000_000), faulty=faulty))
        return path

    def bytes(self, kind: str, **size: Any) -> bytes:
        """Its content."""
        return self.file(kind, **size).read_bytes()


def write(path: Path, pieces: Iterator[bytes]) -> None:
    """A file that is there whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        for piece in pieces:
            file.write(piece)
    part.rename(path)
