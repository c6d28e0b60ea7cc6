"""A signal at the worst moment: while the main thread holds the lock of what it waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest
from cli_case import ROOT

BEGIN = """
    import os, signal, sys, threading
    from edi_bridge.cli.ending import obeying
    told = threading.Event()
    def hit():
        with told._cond:  # as Event.wait holds it, each time for a moment
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000): pass  # here the handler runs
"""


def ran(program: str, seconds: float = 10) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run([sys.executable, "-c", textwrap.dedent(BEGIN) + textwrap.dedent(program)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
                              capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess([], -signal.SIGALRM, "", "it hangs")


def test_a_signal_is_obeyed_wherever_the_main_thread_stands() -> None:
    done = ran("""
        with obeying(told.set):
            hit()
            print("told" if told.wait(5) else "not told")
    """)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "told", "")


def test_planted_a_handler_that_sets_the_event_itself_waits_for_ever() -> None:
    assert ran("""
        signal.signal(signal.SIGTERM, lambda *_: told.set())
        hit()
        print("told" if told.wait(5) else "not told")
    """, seconds=3).stderr == "it hangs"


def test_the_second_signal_ends_at_once() -> None:
    done = ran("""
        with obeying(lambda: None):
            hit()
            hit()
        print("still here")
    """)
    assert done.returncode == 128 + signal.SIGTERM and done.stdout == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_afterwards_signals_do_what_they_did_before(number: int) -> None:
    done = ran(f"""
        before, open_ = signal.getsignal({int(number)}), len(os.listdir("/proc/self/fd"))
        with obeying(told.set):
            assert signal.getsignal({int(number)}) is not before
        assert signal.getsignal({int(number)}) is before and not told.is_set()
        assert threading.active_count() == 1 and len(os.listdir("/proc/self/fd")) == open_
    """)
    assert (done.returncode, done.stderr) == (0, "")
