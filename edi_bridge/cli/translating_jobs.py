"""`translate --jobs N`: many files over processes, and the messages of one big file, always in order.

This process reads (which is the smaller part of the work) and hands chunks of messages to workers, never more than a
window of them ahead of what is written: memory stays the same however long the file is. A small file goes to a worker
as a whole. XML documents of a big file stay here, because their parsed trees cannot cross to another process.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any

from edi_bridge import pipeline
from edi_bridge.cli.inputs import Input
from edi_bridge.cli.translating import Gathering, Job, Piece, file_pieces, opened
from edi_bridge.fault import ConfigFault, TransientFault
from edi_bridge.finding import Finding
from edi_bridge.interchange import AnyMessage, Document, Interchange

WHOLE = 4_000_000  # bytes up to which a worker takes a file as a whole
CHUNK = 300_000  # bytes of messages in a chunk
AHEAD = 3  # chunks a worker may be ahead of what is written

_job: Job | None = None  # a worker's own


def pieces(inputs: Sequence[Input], job: Job, jobs: int, moved: Callable[[float], None]) -> Iterator[Piece]:
    """As `translating.pieces`, over processes."""
    kinds = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in kinds else None)  # nothing has started a thread yet
    asked = (job.home, job.partner, job.map, job.all, job.limit)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=asked)
    waiting: deque[Future[list[Piece]] | Piece] = deque()
    try:
        for work in _work(inputs, job, pool, moved):
            waiting.append(work)
            while len(waiting) > AHEAD * jobs or waiting and _ready(waiting[0]):
                yield from _result(waiting.popleft())
        while waiting:
            yield from _result(waiting.popleft())
    except BrokenProcessPool:
        raise TransientFault("a worker process ended unexpectedly (was it out of memory?); try fewer --jobs") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _ready(work: Future[list[Piece]] | Piece) -> bool:
    return isinstance(work, Piece) or work.done()


def _result(work: Future[list[Piece]] | Piece) -> list[Piece]:
    return [work] if isinstance(work, Piece) else work.result()


def _start(*asked: Any) -> None:
    global _job
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that hands out the work
    _job = Job(*asked)
    _job.prepare()


def _work(
    inputs: Sequence[Input], job: Job, pool: ProcessPoolExecutor, moved: Callable[[float], None]
) -> Iterator[Future[list[Piece]] | Piece]:
    for one in inputs:
        if one.path is not None and one.size <= WHOLE and len(inputs) > 1:
            moved(one.size)
            yield pool.submit(_whole, one)
        else:
            yield from _chunks(one, job, pool, moved)


def _chunks(
    one: Input, job: Job, pool: ProcessPoolExecutor, moved: Callable[[float], None]
) -> Iterator[Future[list[Piece]] | Piece]:
    gathering = Gathering(job, one.name)
    chunk: list[tuple[AnyMessage, Sequence[Finding]]] = []
    size = 0
    head: Interchange | None = None
    forced = job.map

    def hand_out() -> Future[list[Piece]]:
        assert head is not None
        return pool.submit(_translate, one.name, replace(head, parts=iter(()), findings=[]), chunk, forced)

    try:
        with opened(one, job.catalog, job.partner, job.map, moved) as (source, suspended):
            for step in pipeline.inbound(source, job.catalog, partner=job.partner, map=job.map, step=_as_they_are, suspended=suspended):
                if isinstance(step, pipeline.MessageOutcome):  # the end of an interchange
                    if chunk:
                        yield hand_out()
                        chunk, size = [], 0
                    gathering.take(step)
                    yield gathering.give()
                    continue
                interchange, message, findings, who, chosen, catalog = step
                if isinstance(message, Document):
                    gathering.take(pipeline.translate(interchange, message, findings, who, chosen, catalog))
                    yield gathering.give()
                    continue
                head, forced = interchange, job.map or (chosen.name if chosen else None)
                chunk.append((message, findings))
                size += len(message.raw)
                if size >= CHUNK:
                    yield hand_out()
                    chunk, size = [], 0
    except ConfigFault as fault:
        gathering.piece.trouble = fault.problems
    piece = gathering.give()
    piece.last = True
    yield piece


def _as_they_are(*step: Any) -> tuple[Any, ...]:
    """In the place of pipeline.translate: the messages untranslated."""
    return step


def _whole(one: Input) -> list[Piece]:
    assert _job is not None
    return list(file_pieces(one, _job))


def _translate(
    file: str, interchange: Interchange, chunk: Sequence[tuple[AnyMessage, Sequence[Finding]]], map: str | None
) -> list[Piece]:
    """In a worker: a chunk of messages of one interchange."""
    assert _job is not None
    catalog = _job.catalog
    gathering = Gathering(_job, file)
    try:
        who = catalog.partner_named(_job.partner) if _job.partner else catalog.partner_of(interchange)
        forced = catalog.map_named(map) if map else None
        for message, findings in chunk:
            gathering.take(pipeline.translate(interchange, message, findings, who, forced, catalog))
    except ConfigFault as fault:
        gathering.piece.trouble = fault.problems
    return [gathering.give()]
