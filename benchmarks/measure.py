"""How time, memory, fsyncs and the machine are measured. Nothing here knows what is measured.

Machines are shared and throttle: so what is compared is measured in turns inside one process, a speed is the best of
several rounds, and a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Work = Callable[[], object]
LIBRARIES = ("lxml", "msgspec", "pydifact", "pyx12", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of each round for each piece of work, and how many units (MB, orders) one run of it does."""

    seconds: Mapping[str, Sequence[float]]
    amount: Mapping[str, float]

    def speed(self, name: str) -> float:
        """Units a second, the best of the rounds."""
        return self.amount[name] / min(self.seconds[name])

    def ratio(self, name: str, peer: str) -> float:
        """How many times faster than the peer: the median of the rounds."""
        pairs = zip(self.seconds[name], self.seconds[peer], strict=True)
        scale = self.amount[name] / self.amount[peer]
        return statistics.median(scale * theirs / ours for ours, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Run:
    """One process: seconds of the wall and of the processor, the most memory it had (MB of 10⁶ bytes), its exit code and what it
    said last on stderr."""

    seconds: float
    processor: float
    megabytes: float
    code: int
    complaint: str


def in_turns(work: Mapping[str, tuple[float, Work]], rounds: int, clock: Callable[[], float] = time.process_time) -> Times:
    """Run each piece of work once a round; `work` is name → (units it does, what to call). Work inside this process is
    measured in seconds of the processor: the same as by the clock on the wall, but for what others use of the machine."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, (_, run) in work.items():
            gc.collect()
            start = clock()
            run()
            seconds[name].append(clock() - start)
    return Times(seconds, {name: amount for name, (amount, _) in work.items()})


def fsyncs(folder: Path, seconds: float = 0.25) -> float:
    """How often a second the disk under `folder` makes 4 KB durable."""
    file = folder / "fsync.tmp"
    block = os.urandom(4096)
    count, start = 0, time.perf_counter()
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        while (spent := time.perf_counter() - start) < seconds:
            os.write(handle, block)
            os.fsync(handle)
            count += 1
    finally:
        os.close(handle)
        file.unlink()
    return count / spent


def process(command: Sequence[str | Path], out: Path) -> Run:
    """Run a command with its standard output in a file; time and peak memory of that process alone.

    A child's `ru_maxrss` counts what its parent had when it forked, so a bare interpreter (`peak.py`) stands between. Modules are
    compiled once, as an installation does it, whatever the environment says about writing bytecode.
    """
    launcher = [sys.executable, "-S", "-E", str(Path(__file__).with_name("peak.py")), str(out), *map(str, command)]
    root = str(Path(__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": root, "PYTHONPYCACHEPREFIX": str(out.parent.absolute() / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    answer = subprocess.run(launcher, check=True, capture_output=True, text=True, env=environment)
    return Run(**json.loads(answer.stdout.splitlines()[-1]))


def machine(folder: Path) -> dict[str, Any]:
    """Facts that figures depend on; nothing that names the machine or its owner."""
    from edi_bridge.database import sqlite_driver

    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "processor": _processor(), "cores": os.cpu_count(), "memory_gb": _memory(), "system": platform.system(),
        "file_system": _file_system(folder), "python": platform.python_version(), "sqlite": sqlite_driver()[0].sqlite_version,
        "load": round(os.getloadavg()[0], 2), **versions,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> float:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)


def _file_system(folder: Path) -> str:
    """The kind of the file system (on tmpfs an fsync costs nothing)."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    place = str(folder.resolve())
    fitting = [(len(mount[1]), mount[2]) for mount in mounts if place == mount[1] or place.startswith(mount[1].rstrip("/") + "/")]
    return max(fitting)[1] if fitting else "unknown"
