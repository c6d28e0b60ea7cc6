"""The daemon's log: one line each, whatever partners write and whatever its libraries have to say."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from edi_bridge.daemon import logs


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest) -> Iterator[tuple[str, io.StringIO]]:
    stream = io.StringIO()
    kept = {name: (logging.getLogger(name).parent, logging.getLogger(name).level) for name in logs.FOREIGN}
    root = logging.getLogger("edi_bridge")
    level, propagate = root.level, root.propagate
    handler = logs.begin(request.param, stream)
    yield request.param, stream
    root.removeHandler(handler)
    root.setLevel(level)
    root.propagate = propagate
    for name, (parent, before) in kept.items():
        logging.getLogger(name).parent = parent
        logging.getLogger(name).setLevel(before)


EVIL = "a\x1b[2J\nb\x9b31m\u2028c\u202ed"


def test_what_partners_write_moves_no_cursor_and_makes_no_line(written: tuple[str, io.StringIO]) -> None:
    form, stream = written
    logs.log.warning("%s came", EVIL, extra={"channel": EVIL})
    text = stream.getvalue()
    assert text.count("\n") == 1 and text[:-1].isprintable()
    if form == "json":
        assert json.loads(text)["says"] == f"{EVIL} came" and json.loads(text)["channel"] == EVIL


def test_neither_does_what_stands_in_a_traceback(written: tuple[str, io.StringIO]) -> None:
    form, stream = written
    try:
        raise ValueError(EVIL)
    except ValueError:
        logs.log.error("a mistake of ours", exc_info=True)
    lines = stream.getvalue().split("\n")
    assert all(line.isprintable() for line in lines) and "ValueError" in stream.getvalue()
    if form == "json":
        assert len(lines) == 2 and EVIL in json.loads(lines[0])["trace"]


def test_libraries_speak_in_the_same_form_and_say_nothing_of_junk_that_comes(written: tuple[str, io.StringIO]) -> None:
    form, stream = written
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert stream.getvalue() == ""
    logging.getLogger("asyncio").error("socket.accept() out of system resource")
    text = stream.getvalue()
    assert text.count("\n") == 1 and "socket.accept() out of system resource" in text
    assert form == "text" or json.loads(text)["level"] == "error"
