"""The daemon with nothing to do: what it takes of the processor and of memory while it polls.

    python -m benchmarks.exchange_idle
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench import Bench, Figure

CHANNELS = 20  # partners, each with a folder that is polled
POLL = 10  # seconds
SETTLING = 8.0  # seconds from its start, in which it loads everything and polls each channel once
MEASURED = 30.0
ENDING = 30.0
PARTNER = """partner: p{number}
identities: [{{id: "95212000{number:05d}", qualifier: "14"}}]
agreements: [{{message: edifact/D96A/ORDERS}}]
send: folder
channels:
  folder: {{kind: directory, get: {folder}/in{number}, put: {folder}/out{number}, poll: every {poll}s}}
"""


@contextmanager
def daemon(folder: Path) -> Iterator[int]:
    """`edi-bridge run` on a home with the partners; its process. It must end in order."""
    (folder / "partners").mkdir()
    for number in range(CHANNELS):
        for name in ("in", "out"):
            (folder / f"{name}{number}").mkdir()
        (folder / "partners" / f"p{number}.yaml").write_text(PARTNER.format(number=number, folder=folder, poll=POLL))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EDI_BRIDGE_")}
    with (folder / "run.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "edi_bridge.cli", "run", "--home", str(folder), "--listen", "127.0.0.1:0"], stdout=log,
                                   stderr=log, env={**environ, "PYTHONPATH": str(Path(__file__).parent.parent)})
        try:
            time.sleep(SETTLING)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            if process.wait(ENDING):
                raise RuntimeError(f"the daemon ended with {process.returncode}: {(folder / 'run.log').read_text()[-300:]}")


def processor(process: int) -> float:
    """Seconds of the processor that a process took (proc(5), utime and stime)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def most_memory(process: int) -> float:
    """The most that it had in memory, in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM:"))


def figures(name: str, bench: Bench) -> Iterator[Figure]:
    """What the idle daemon takes."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as made, daemon(Path(made)) as process:
        before, begun = processor(process), time.perf_counter()
        time.sleep(MEASURED)
        share = (processor(process) - before) / (time.perf_counter() - begun) * 100
        memory = most_memory(process)
    note = f"{CHANNELS} folders polled every {POLL} s, over {MEASURED:.0f} s"
    yield Figure(name, "the daemon with nothing to do: of one core", share, "%", 2, 1, most=True, note=note)
    yield Figure(name, "the daemon with nothing to do: most memory", memory, "MB", 150, 100, most=True, note=note)


if __name__ == "__main__":
    for one in figures("idle", Bench(Path(tempfile.gettempdir()))):
        print(f"{one.what}: {one.value:.2f} {one.unit} ({one.note})")
