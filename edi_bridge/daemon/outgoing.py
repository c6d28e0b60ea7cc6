"""The folder `outgoing/` of a home: the company's own programs lay records down there, and they go to the partner.

    outgoing/acme/invoice-4711.json     a record, a list of records, or a record on each line
    outgoing/acme/orders.csv            any table that a map of the catalog reads
    outgoing/done/acme/…                afterwards, or
    outgoing/refused/acme/…             with a .txt beside it that says why; then nothing of the file goes out

A file is claimed by a rename, so that none goes out twice. Each record's entry in the outbox says which record of which file it is
made of (`origin`), in the transaction that makes it: a file that a killed program had begun goes on behind what it had sent.
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from edi_bridge import channel as channels
from edi_bridge import pipeline
from edi_bridge.channel import TEMPORARY, Channel
from edi_bridge.clock import written
from edi_bridge.crashpoint import passing
from edi_bridge.daemon.configuration import Configuration, Current
from edi_bridge.daemon.figures import Figures
from edi_bridge.daemon.logs import Troubles, log
from edi_bridge.daemon.posting import Posting
from edi_bridge.database import Database
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.engine.outgoing import Way
from edi_bridge.fault import ConfigFault, Fault, TransientFault
from edi_bridge.finding import Finding, Verdict, visible
from edi_bridge.record import RECORDS, from_json
from edi_bridge.secret import Secrets
from edi_bridge.store import alarm, laid_down, outbox, queue
from edi_bridge.transport import open_transport
from edi_bridge.transport.contract import RemoteFile, Transport
from edi_bridge.yamltext import parse

DONE, REFUSED = "done", "refused"
LARGEST = 100_000_000  # bytes of a file of records
SETTLE = "1s"
PATTERNS = ("*.json", "*.csv", "*.JSON", "*.CSV")
FORGOTTEN = 60.0  # seconds after which a file that nobody takes is told
AT_ONCE = 20  # rows of the table between two turns
WRAPPER = ("type", "message", "test", "records")


class Unusable(Exception):
    """Why nothing of a file goes out, a line each; leaves the reading of the file."""

    def __init__(self, lines: Sequence[str]):
        self.lines = list(lines)
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a file asks for: records of one type for a partner, each with the number it has in the file (from 1)."""

    type: str
    records: list[dict[str, Any]]
    message: str = ""
    test: bool | None = None


@dataclass(slots=True)
class Became:
    """What became of a file: entries of the outbox, records that wait for others (rows of the queue), lines that say why it is refused."""

    entries: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Looks through the folders. The records themselves are written by the thread that posts."""

    folder: Path
    database: Database
    current: Current
    posting: Posting
    figures: Figures
    troubles: Troubles
    stopping: Callable[[], bool]
    again: set[str] = field(default_factory=set)  # marks of files that a fault stopped: a part or all of them may be written

    def poll(self, first: bool = False) -> None:
        """The table and every partner's folder once. `first`: what a killed program had begun may lie there. Nothing is raised."""
        self._guarded("the table outgoing", self._poll_table)
        for place in self._places():
            if self.stopping():
                return
            self._guarded(f"outgoing/{place.name}", partial(self._poll, place, first))
        self._guarded("outgoing", self._look_for_strays)

    def _look_for_strays(self) -> None:
        """Files that lie where nobody takes them, or are called so that nobody does, are told once."""
        before = time.time() - FORGOTTEN
        found = _strays(self.folder, (), before)
        for place in self._places():
            found += [f"{place.name}/{name}" for name in _strays(place, PATTERNS, before)]
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            self.troubles.note("strays of outgoing", f"outgoing/{visible(found[0])}{more} is taken by nobody: records lie in outgoing/PARTNER/, as .json or .csv")
        else:
            self.troubles.over("strays of outgoing")

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        """What must not keep the others from being looked at: a fault is told once, a mistake of ours with its place."""
        try:
            result = guarded(work, tries=1)
        except Fault as fault:
            if not self.stopping():
                self.troubles.note(name, f"{name}: {fault}")
            return
        if isinstance(result, Failure):
            log.error("a mistake of edi_bridge itself\n%s", result.text)
        else:
            self.troubles.over(name, f"{name} is read again")

    def _poll_table(self) -> None:
        """What programs laid into the table `outgoing` (`store.laid_down`)."""
        with self.database.read() as connection:
            if not laid_down.waiting(connection, 1):
                return
        job = self.posting.submit(self._laid_down())
        job.wait()
        if job.trouble is not None:
            raise job.trouble

    def _laid_down(self) -> Iterator[None]:
        while made := self.current.now.writing.take_laid_down(AT_ONCE):
            for row, became in made:
                self.figures.count(self.figures.records, REFUSED if became.refused else DONE)
                log.info("outgoing %d: %s", row, f"{len(became.entries)} to be sent, {len(became.waiting)} wait for others"
                         if not became.refused else "refused; its note says why")
            yield

    def _places(self) -> list[Path]:
        try:
            with os.scandir(self.folder) as entries:
                found = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except FileNotFoundError:
            return []
        except OSError as error:
            self.troubles.note("outgoing", f"{self.folder} cannot be read: {error.strerror}")
            return []
        return [self.folder / name for name in found if name not in (DONE, REFUSED) and not name.startswith(".")]

    def _poll(self, place: Path, first: bool) -> None:
        with os.scandir(place) as entries:
            if not first and not self.again and not any(entry.is_file() for entry in entries):
                return
        transport = open_transport(_channel(place), Secrets(), passing)
        try:
            for file in transport.listing():
                if self.stopping():
                    return
                self._one(place.name, transport, file, first)
        finally:
            transport.close()

    def _one(self, partner: str, transport: Transport, file: RemoteFile, careful: bool) -> None:
        into = io.BytesIO()
        mark = f"outgoing/{partner}/{file.name} {sha256(file.token.encode()).hexdigest()[:8]}"
        if file.size > LARGEST:
            became = Became(lines=[f"the file is larger than {LARGEST:,} bytes"])
        else:
            transport.fetch(file, into)
            became = Became()
            job = self.posting.submit(self._written(partner, file.name, into.getvalue(), mark, careful or mark in self.again, became))
            self.again.add(mark)  # until the file is out of the folder
            job.wait()
            if job.trouble is not None and not isinstance(job.trouble, ConfigFault):
                raise job.trouble
            if job.trouble is not None:
                became.lines += str(job.trouble).splitlines()
        if became.lines:
            said = f"outgoing/{partner}/{visible(file.name)}"
            with self.database.write() as connection:
                alarm.raise_(connection, "refused", said, f"{said} is refused, and nothing of it goes out: {became.lines[0][:300]}", written(self.current.now.writing.clock()))
        self._put_away(partner, file, into.getvalue(), became)
        transport.confirm(file)
        self.again.discard(mark)
        self.figures.count(self.figures.records, REFUSED if became.lines else DONE)
        if became.lines:
            log.warning("outgoing/%s/%s is refused: %s", partner, file.name, became.lines[0], extra={"partner": partner})
        else:
            log.info("outgoing/%s/%s: %d to be sent, %d wait for others", partner, file.name, len(became.entries), self._left(became.waiting),
                     extra={"partner": partner})

    # --- in the thread that posts -----------------------------------------------------------------------------------

    def _written(self, partner: str, name: str, content: bytes, mark: str, careful: bool, became: Became) -> Iterator[None]:
        """The records into the outbox; None between two of them. Nothing is written unless all of them can be."""
        now = self.current.now
        try:
            wish = read(now, partner, name, content)
            way = now.writing.way(partner, wish.type, wish.message, test=wish.test)
            yield
            groups = [wish.records] if way.map.plan.records else [[one] for one in wish.records]
            yield from self._checked(now, way, groups)
        except Unusable as refused:
            became.lines += refused.lines
            return
        for number, group in enumerate(groups, 1):
            origin = f"{mark} {number}"
            if careful and self._there(origin):
                continue
            made = now.writing.submit(way, group, origin)
            became.entries += made.entries
            became.waiting += made.waiting
            if made.refused:
                became.lines += [_line(number, one) for one in made.findings] or [f"record {number} was refused"]
            yield

    def _checked(self, now: Configuration, way: Way, groups: Sequence[Sequence[dict[str, Any]]]) -> Iterator[None]:
        """Unusable with everything that is wrong in any record."""
        lines = []
        for number, group in enumerate(groups, 1):
            good, findings = now.writing.check(way, group)
            if not good:
                lines += [_line(number, one) for one in findings] or [f"record {number} cannot be written"]
            yield
        if lines:
            raise Unusable(lines)

    def _left(self, queued: Sequence[int]) -> int:
        """How many of them wait for others: the later ones of a file may have taken the earlier ones with them."""
        if not queued:
            return 0
        with self.database.read() as connection:
            return len(queue.left(connection, queued))

    def _there(self, origin: str) -> bool:
        with self.database.read() as connection:
            return outbox.has_origin(connection, origin)

    # --- afterwards -------------------------------------------------------------------------------------------------

    def _put_away(self, partner: str, file: RemoteFile, content: bytes, became: Became) -> None:
        """A copy into done/ or refused/, under a name that is free there; what is refused with its reasons."""
        place = self.folder / (REFUSED if became.lines else DONE) / partner
        name = Path(file.name).name
        try:
            place.mkdir(parents=True, exist_ok=True)
            path = next(one for number in range(1, 1_000_000) if not (one := place / (name if number == 1 else f"{number}-{name}")).exists())
            _write(path, content)
            if became.lines:
                _write(path.with_name(path.name + ".txt"), ("\n".join(became.lines) + "\n").encode())
        except OSError as error:
            raise TransientFault(f"{place} cannot be written: {error.strerror or error}") from None


def _strays(place: Path, taken: Sequence[str], before: float) -> list[str]:
    """The files of a folder that are called neither as what is taken nor as what somebody still writes, and are older."""
    try:
        with os.scandir(place) as entries:
            return sorted(one.name for one in entries if one.is_file(follow_symlinks=False) and one.stat(follow_symlinks=False).st_mtime < before
                          and not any(fnmatchcase(one.name, pattern) for pattern in (*taken, *TEMPORARY)))
    except FileNotFoundError:
        return []


def read(now: Configuration, partner: str, name: str, content: bytes) -> Wish:
    """The records of a file. Unusable with what is wrong in it."""
    return _table(now, content) if name.lower().endswith(".csv") else _json(now, partner, name, content)


def _json(now: Configuration, partner: str, name: str, content: bytes) -> Wish:
    values, said = _values(content)
    kind = str(said.get("type") or _type_of(now, partner, name))
    if kind not in RECORDS:
        raise Unusable([f"{kind!r} is no type of record; known are {', '.join(RECORDS)}"])
    records, lines = [], []
    for number, value in enumerate(values, 1):
        try:
            records.append(from_json(json.dumps(value), kind))
        except ValueError as error:
            lines.append(f"record {number}: {error}")
    if lines or not records:
        raise Unusable(lines or ["there is no record in it"])
    return Wish(kind, records, str(said.get("message") or ""), said.get("test"))


def _values(content: bytes) -> tuple[list[Any], dict[str, Any]]:
    """The JSON of each record, and what a wrapper `{"type": …, "records": […]}` says of all."""
    try:
        try:
            whole = json.loads(content)
        except ValueError:
            lines = [line for line in content.splitlines() if line.strip()]
            if len(lines) < 2:
                raise
            return [json.loads(line) for line in lines], {}
    except (ValueError, RecursionError) as error:
        raise Unusable([f"is no JSON: {error}"]) from None
    if isinstance(whole, dict) and "records" in whole:
        unknown = [key for key in whole if key not in WRAPPER]
        if unknown or not isinstance(whole["records"], list) or not isinstance(whole.get("test"), bool | None):
            raise Unusable(['a file of records is {"type": "invoice", "message": "INVOIC", "test": false, "records": [ … ]}'])
        return whole["records"], whole
    return (whole if isinstance(whole, list) else [whole]), {}


def _type_of(now: Configuration, partner: str, name: str) -> str:
    """`invoice-4711.json` holds invoices; else the only type that is agreed for sending."""
    begins = sorted((kind for kind in RECORDS if name.lower().replace("-", "_").startswith(kind)), key=len)
    if begins:
        return begins[-1]
    types = now.writing.record_types(partner)
    if len(types) == 1:
        return types[0]
    raise Unusable([f"what it holds is not said: name it after the type of its records (invoice-4711.json); agreed are {', '.join(types) or 'none'}"])


def _table(now: Configuration, content: bytes) -> Wish:
    records: list[dict[str, Any]] = []
    kinds: set[str] = set()
    lines: list[str] = []
    for outcome in pipeline.inbound(io.BytesIO(content), now.catalog):
        if outcome.verdict is Verdict.REJECTED:
            lines += [one.sentence() for one in outcome.findings]
        records += outcome.records
        kinds |= {outcome.record_type} - {""}
    if lines or len(kinds) != 1:
        raise Unusable(lines or ["no map reads this table" if not kinds else f"it holds records of several types: {', '.join(sorted(kinds))}"])
    return Wish(kinds.pop(), records)


def _line(number: int, one: Finding) -> str:
    return f"record {number}: {one.sentence()}"


def _channel(place: Path) -> Channel:
    said = {"channels": {"records": {"kind": "directory", "get": str(place), "pattern": list(PATTERNS), "settle": SETTLE}}}
    block = parse(json.dumps(said), "outgoing")
    return channels.load(block["channels"], "", "outgoing")["records"]


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except OSError:  # a full disk: the next try must not find half a file there
            path.unlink()
            raise
