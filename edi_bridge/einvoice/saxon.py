"""SaxonC, which runs the business rules, in a process of its own.

SaxonC is bound to the thread and process that start it, and a fault in it ends the whole process; so it gets one, started
when the first rules are run and ended with ours. One document takes about 10 ms, compiling a rule set about a second, once.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

from edi_bridge.fault import ConfigFault, TransientFault

CHILD = Path(__file__).with_name("saxon_child.py")
PATIENCE = 120.0  # seconds for one document, compiling included
MISSING = "the rules for electronic invoices were not run: install edi-bridge[einvoice]"

STUMBLED = (
    '<svrl:schematron-output xmlns:svrl="http://purl.oclc.org/dsdl/svrl"><svrl:failed-assert location="/" flag="fatal">'
    "<svrl:text>{}</svrl:text></svrl:failed-assert></svrl:schematron-output>"
)


def installed() -> bool:
    """Whether SaxonC is there (the extra `einvoice`)."""
    return importlib.util.find_spec("saxonche") is not None


class Saxon:
    """One SaxonC process; threads take turns. After a fork each process starts its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def run(self, stylesheet: Path, document: bytes) -> bytes:
        """What a stylesheet makes of a document (UTF-8, no DOCTYPE). ConfigFault when the stylesheet is none; TransientFault
        when the process died or did not answer: it is started anew next time. A document on which a rule stumbles is the
        partner's: the answer then says so."""
        with self._lock:
            fault, answer = self._ask(stylesheet, document)
        if not fault:
            return answer
        said = " ".join(answer.decode("utf-8", "replace").split())[:500]
        if fault == "stylesheet":
            raise ConfigFault.at(str(stylesheet), 0, 0, f"the rules cannot be run: {said}")
        return STUMBLED.format(escape(f"the rules of {stylesheet.name} could not be judged: {said}")).encode()

    def close(self) -> None:
        """End the process, if there is one of ours."""
        child, self._child = self._child, None
        if child is not None and self._owner == os.getpid():
            child.kill()
            child.communicate()

    def _ask(self, stylesheet: Path, document: bytes) -> tuple[str, bytes]:
        child = self._started()
        assert child.stdin is not None and child.stdout is not None
        deadline = threading.Timer(PATIENCE, child.kill)
        deadline.daemon = True
        head = json.dumps({"stylesheet": str(stylesheet), "length": len(document)}).encode()
        try:
            deadline.start()
            child.stdin.write(head + b"\n" + document)
            child.stdin.flush()
            reply = json.loads(_all(child.stdout, None))
            return reply.get("fault", ""), _all(child.stdout, reply["length"])
        except (OSError, ValueError) as error:
            self.close()
            raise TransientFault(
                f"the rules' engine (SaxonC) ended before its answer, or gave none within {PATIENCE:.0f} s: {error}"
            ) from None
        finally:
            deadline.cancel()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._owner != os.getpid() or self._child.poll() is not None:
            self._child = subprocess.Popen(
                [sys.executable, "-P", str(CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._owner = os.getpid()
        return self._child


ENGINE = Saxon()  # this process's
atexit.register(ENGINE.close)


def _all(stream: IO[bytes], length: int | None) -> bytes:
    """A line, or so many bytes; OSError when the stream ends before."""
    text = stream.readline() if length is None else stream.read(length)
    if (length is None and not text.endswith(b"\n")) or (length is not None and len(text) < length):
        raise OSError("it ended in the middle of an answer")
    return text
