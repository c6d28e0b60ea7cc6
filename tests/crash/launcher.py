"""Starts runs of the command line quickly: a process that has loaded the program and forks for each run.

A run is a process of its own: it reads its own environment, opens everything itself, and can be killed like any other. Requests and
answers are JSON lines: {"run": [arguments], "env": {…}, "log": path, "script": path} → {"pid": n}; {"poll": pid} → {"status": n or
null}. A status is as `subprocess` has it: -9 was killed.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

PACKAGES = ("ack", "catalog", "channel", "crm", "daemon", "engine", "guide", "mapping", "partner", "store", "syntax")
LOADED = ("edi_bridge.cli.running", "edi_bridge.cli.exchange_look", "edi_bridge.cli.exchange_act", "edi_bridge.cli.translate",
          "edi_bridge.pipeline", "edi_bridge.replaying", "edi_bridge.transport.directory", "stdnum.ean", "pysqlite3.dbapi2",
          "sqlalchemy.dialects.sqlite.pysqlite", "sqlalchemy.dialects.postgresql.psycopg", "psycopg", "lxml.etree", "pydifact")


def main() -> None:
    """Serve requests until the input ends."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    for package in PACKAGES:
        for module in pkgutil.iter_modules(importlib.import_module(f"edi_bridge.{package}").__path__, f"edi_bridge.{package}."):
            importlib.import_module(module.name)
    for name in LOADED:
        importlib.import_module(name)
    gc.freeze()
    ended: dict[int, int] = {}
    for line in sys.stdin:
        said = json.loads(line)
        if "run" in said:
            answer: dict[str, Any] = {"pid": _begin(said)}
            ended.pop(answer["pid"], None)  # numbers of processes come again
        else:
            answer = {"status": _status(ended, said["poll"])}
        print(json.dumps(answer), flush=True)


def _begin(said: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    os.setsid()
    os.environ.clear()
    os.environ.update(said["env"])
    log = os.open(said["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)
    faulthandler.register(signal.SIGUSR1, all_threads=True)  # where it stands, when a test waits in vain
    code = 70
    try:
        sys.argv = [said["script"], *said["run"]]
        importlib.reload(sys.modules["edi_bridge.crashpoint"])  # it reads the environment when it is loaded
        runpy.run_path(said["script"], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _status(ended: dict[int, int], pid: int) -> int | None:
    if pid not in ended:
        done, status = os.waitpid(pid, os.WNOHANG)
        if not done:
            return None
        ended[pid] = os.waitstatus_to_exitcode(status)
    return ended[pid]


if __name__ == "__main__":
    main()
