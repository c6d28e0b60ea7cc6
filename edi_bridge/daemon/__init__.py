"""The daemon: polls every channel, posts, answers, sends and watches, for ever or once round.

    main thread      waits for signals; then ends everything in order
    rounds           each second: which channel is to be polled, which one has something to send
    a thread each    for a poll or a delivery that is going on: a server that hangs delays nobody else
    posting          the one thread that posts, in turns (`posting.py`)
    outgoing         the company's own records (`outgoing.py`)
    watching         deadlines, silence, disk, certificates (`watching.py`)
    daily            what is done once a day (`daily.py`, `purging.py`)
    listening        what partners post to us, health and figures

Between two commits there is nothing to repair, so whatever ends the daemon, the next one goes on.
"""

from __future__ import annotations

from edi_bridge.daemon.lock import HomeLock
from edi_bridge.daemon.running import Daemon
from edi_bridge.daemon.sole import Sole
from edi_bridge.daemon.summary import Summary

__all__ = ["Daemon", "HomeLock", "Sole", "Summary"]
