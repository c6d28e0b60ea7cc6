"""The benchmark's own arithmetic and its measuring of processes; no test asserts a time."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.figures import Bench, Figure, peer_pydifact, peer_pyx12, read_alone, to_records
from benchmarks.measure import Times, fsyncs, in_turns, machine, process
from benchmarks.run import report, table


@pytest.mark.parametrize(("value", "most", "met"), [
    (12.0, False, "aim"), (10.0, False, "floor"), (8.0, False, "no"), (None, False, "not measured"), (8.0, True, "aim"), (13.0, True, "no")])
def test_a_figure_is_held_against_floor_and_aim(value: float | None, most: bool, met: str) -> None:
    floor, aim = (12, 9) if most else (9, 12)
    assert Figure("x", "what", value, "MB/s", floor, aim, most).met == met


def test_a_figure_without_bounds_is_neither_met_nor_missed() -> None:
    assert Figure("x", "what", 1.0).met == ""


def test_a_speed_is_the_best_round_and_a_ratio_the_median_of_the_rounds() -> None:
    times = Times({"ours": [1.0, 2.0, 4.0], "peer": [2.0, 8.0, 12.0]}, {"ours": 10.0, "peer": 5.0})
    assert times.speed("ours") == 10.0 and times.speed("peer") == 2.5
    assert times.ratio("ours", "peer") == 6.0  # 4, 8, 6


def test_work_is_done_in_turns() -> None:
    done: list[str] = []
    times = in_turns({"a": (1, lambda: done.append("a")), "b": (1, lambda: done.append("b"))}, 3)
    assert done == ["a", "b"] * 3 and len(times.seconds["a"]) == 3


def test_peak_memory_is_that_of_the_child_alone(tmp_path: Path) -> None:
    held = bytearray(150_000_000)
    small = process([sys.executable, "-S", "-c", "print(1)"], tmp_path / "out")
    large = process([sys.executable, "-S", "-c", "x = bytearray(b'x' * 100_000_000); import sys; sys.exit(3)"], tmp_path / "none")
    assert (tmp_path / "out").read_bytes() == b"1\n"
    assert small.code == 0 and small.megabytes < 60 and len(held)
    assert large.code == 3 and 100 < large.megabytes < 260


def test_the_work_of_the_figures_runs_on_a_small_file(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    edifact, x12 = bench.bytes("orders_d96a", messages=2), bench.bytes("x12_850", messages=2)
    for work in (to_records(edifact, bench.catalog), read_alone(edifact), peer_pydifact(edifact), to_records(x12, bench.catalog), peer_pyx12(x12)):
        work()
    with pytest.raises(RuntimeError):
        to_records(edifact.replace(b"ORDERS:D:96A", b"ORDERS:D:77Z"), bench.catalog)()


def test_the_table_and_the_json_say_the_same(tmp_path: Path) -> None:
    figures = [Figure("orders", "read", 10.0, "MB/s", 9, 12, note="here"), Figure("post", "post", None, note="why not")]
    made = report(machine(tmp_path), figures)
    assert json.loads(json.dumps(made))["figures"][0]["met"] == "floor"
    assert table(figures).row_count == 2
    assert fsyncs(tmp_path, 0.01) > 0
