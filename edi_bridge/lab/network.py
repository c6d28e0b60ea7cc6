"""The network itself: it takes what accounts laid into `in`, cuts it into interchanges, carries each to the mailbox that its
envelope names, tells the senders, and does wrong what its switches say.

Everything stands in folders that a person can look at: `boxes/ACCOUNT/{in,out,reports,done}`, the bytes as they were taken in
`taken/`, and `journal.jsonl`, a line for each thing that happened.
"""

from __future__ import annotations

import heapq
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from edi_bridge.fault import Fault
from edi_bridge.finding import visible
from edi_bridge.lab import report, wire
from edi_bridge.lab.account import FOLDERS, Account
from edi_bridge.lab.switch import Switches
from edi_bridge.report_layout import Status

TEMPORARY = ("*.tmp", "*.part", "*.filepart", ".*")  # names under which an account still writes
SETTLED = 1.0  # seconds that a file which no server of ours wrote must not have changed
SWITCHED = ("lost", "truncated", "delimiters", "doubled", "report_first", "late", "reordered")  # that act on the way
SUFFIX = {"edifact": "edi", "x12": "x12", "xml": "xml"}


@dataclass(frozen=True, slots=True)
class Consignment:
    """An interchange on its way. `reference` is the network's number for it; `name` the file in which it came from `sender`."""

    reference: str
    sender: str
    receiver: str
    name: str
    piece: wire.Piece


class Network:
    """All mailboxes. Its methods may be called by the threads of any server; `sweep` does what is due."""

    def __init__(self, folder: Path, accounts: Sequence[Account], switches: Switches, form: str = "delimited",
                 say: Callable[[str], None] = lambda line: None, now: Callable[[], float] = time.monotonic):
        self.folder, self.accounts, self.switches = folder, {one.name: one for one in accounts}, switches
        self._form, self._say, self._now = report.FORMS[form], say, now
        self._lock = threading.RLock()
        self._changed = threading.Event()
        self._writing: set[Path] = set()
        self._whole: set[Path] = set()  # closed or renamed by an account: taken at once
        self._broken: set[Path] = set()  # cut off in the middle: lies there until it is written again
        self._sizes: dict[Path, tuple[int, int, float]] = {}
        self._waiting: list[Consignment] = []  # taken, and not yet on their way
        self._later: list[tuple[float, int, Consignment, bool]] = []
        self._held: dict[str, tuple[float, Consignment]] = {}  # receiver → what waits to be overtaken, and until when
        self._lying: dict[Path, Consignment] = {}
        self._events: dict[str, list[report.Event]] = {}
        self._number = 0
        for name in accounts:
            for part in FOLDERS:
                self.box(name.name, part).mkdir(parents=True, exist_ok=True)
        (folder / "taken").mkdir(exist_ok=True)
        (folder / "making").mkdir(exist_ok=True)
        self._remember()

    def box(self, account: str, part: str = "") -> Path:
        """The folder of an account, or one of its parts."""
        return self.folder / "boxes" / account / part

    # --- what servers tell ---------------------------------------------------------------------------------------

    def opened(self, path: Path) -> None:
        """An account writes a file."""
        with self._lock:
            self._writing.add(path)
            self._broken.discard(path)

    def written(self, path: Path, whole: bool) -> None:
        """An account has written a file, or its connection ended before."""
        with self._lock:
            self._writing.discard(path)
            (self._whole if whole else self._broken).add(path)
        self._changed.set()

    def renamed(self, old: Path, new: Path) -> None:
        """An account has given a file another name."""
        with self._lock:
            for known in (self._whole, self._broken):
                if old in known:
                    known.remove(old)
                    known.add(new)
            if old in self._lying:
                self._lying[new] = self._lying.pop(old)
        self._changed.set()

    def read(self, account: str, path: Path) -> None:
        """An account has read a file to its end: with `delete_on_read` it is gone, and its sender hears of it once."""
        with self._lock:
            taken = self._lying.pop(path, None)
            if path.parent.name in ("out", "reports") and self.switches.strikes("delete_on_read", account):
                path.unlink(missing_ok=True)
            if taken:
                self._tell(Status.PICKED_UP, taken, file=path.name)
        self._changed.set()

    def removed(self, path: Path) -> None:
        """An account has deleted a file."""
        with self._lock:
            if taken := self._lying.pop(path, None):
                self._note("deleted unread", taken, file=path.name)

    def note(self, what: str, line: str = "", **facts: Any) -> None:
        """A line in the journal, and (as `line`, else its values) on the screen."""
        with self._lock:
            moment = datetime.now(UTC)
            with (self.folder / "journal.jsonl").open("a", encoding="utf-8") as journal:
                journal.write(json.dumps({"at": moment.isoformat(timespec="milliseconds"), "what": what, **facts}) + "\n")
            self._say(f"{moment.astimezone():%H:%M:%S}  {what.replace('_', ' '):14}  " + visible(line or "  ".join(str(one) for one in facts.values())))

    # --- what it does --------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event, tick: float = 0.2) -> None:
        """Sweep whenever something changed, and at each tick, until `stop`; what is held back then is delivered, so that nothing
        is lost but what `lost` takes."""
        trouble = ""
        while not stop.is_set():
            self._changed.wait(tick)
            self._changed.clear()
            try:
                self.sweep()
                trouble = ""
            except (Fault, OSError) as error:  # a full disk, a damaged file of switches: said once, then tried again
                if str(error) != trouble:
                    trouble = str(error)
                    self._say(visible(f"the network waits: {trouble}"))
        with self._lock:
            for _, _, one, quiet in sorted(self._later):
                self._lay(one, quiet)
            for _, one in self._held.values():
                self._lay(one)
            self._later, self._held = [], {}
            self._report()

    def sweep(self) -> None:
        """Take what lies in the accounts' `in`, deliver what is due, write reports."""
        with self._lock:
            for account in self.accounts.values():
                for path in self._ready(account):
                    self._take(account, path)
            while self._waiting:
                self._send_on(self._waiting[0])
                del self._waiting[0]
            while self._later and self._later[0][0] <= self._now():
                _, _, one, quiet = heapq.heappop(self._later)
                self._lay(one, quiet)
            for receiver, (due, one) in list(self._held.items()):
                if due <= self._now():
                    del self._held[receiver]
                    self._lay(one)
            self._report()

    def _ready(self, account: Account) -> Iterator[Path]:
        """The whole files of an account's `in`, the oldest first."""
        found = []
        for entry in os.scandir(self.box(account.name, "in")):
            path = Path(entry.path)
            if not entry.is_file(follow_symlinks=False) or any(fnmatchcase(entry.name, one) for one in TEMPORARY):
                continue
            if path not in self._writing and path not in self._broken and (path in self._whole or self._settled(path)):
                found.append((entry.stat().st_mtime_ns, entry.name, path))
        yield from (path for _, _, path in sorted(found))

    def _settled(self, path: Path) -> bool:
        """Whether a file that somebody laid here by hand has not changed for a while."""
        status = path.stat()
        size, changed, since = self._sizes.get(path, (-1, -1, 0.0))
        if (size, changed) != (status.st_size, status.st_mtime_ns):
            self._sizes[path] = (status.st_size, status.st_mtime_ns, self._now())
            return False
        return self._now() - since >= SETTLED

    def _take(self, account: Account, path: Path) -> None:
        """A file as it lies: kept, cut into interchanges, each sent on its way."""
        raw = path.read_bytes()
        self._number += 1
        os.replace(path, self.folder / "taken" / f"{self._number:06d}")
        self._whole.discard(path)
        self._sizes.pop(path, None)
        for piece in wire.pieces(raw):
            self._number += 1
            self._waiting.append(Consignment(f"{self._number:06d}", account.name, self._receiver(piece), path.name, piece))

    def _send_on(self, one: Consignment) -> None:
        """Refuse it, or carry it as the receiver's switches say. They are asked first: when they cannot be read, nothing was done."""
        strikes = {name for name in SWITCHED if self.switches.strikes(name, one.receiver)} if one.receiver else set()
        sender = self.accounts[one.sender]
        wrong = ("unreadable" if not one.piece.standard else "sender" if not sender.has(one.piece.sender, one.piece.standard)
                 else "receiver" if not one.receiver else "")
        if wrong:
            self._tell(Status.REFUSED, one, report.REFUSALS[wrong])
        else:
            self._tell(Status.NETWORK, one)
            self._carry(one, strikes)

    def _receiver(self, piece: wire.Piece) -> str:
        return next((one.name for one in self.accounts.values() if one.has(piece.receiver, piece.standard)), "")

    def _carry(self, one: Consignment, strikes: set[str]) -> None:
        """To its mailbox, or to whatever the receiver's switches say."""
        if "lost" in strikes:
            self._note("lost", one)
            return
        if "delimiters" in strikes:
            one = replace(one, piece=replace(one.piece, raw=wire.rewritten(one.piece)))
        if "truncated" in strikes:
            one = replace(one, piece=replace(one.piece, raw=wire.truncated(one.piece.raw)))
        due = self._now() + float(self.switches.value("late_seconds", one.receiver))
        if "report_first" in strikes:
            self._tell(Status.MAILBOX, one)
        if strikes & {"late", "report_first"}:
            heapq.heappush(self._later, (due, self._number, one, "report_first" in strikes))
            self._note("late", one)
        elif "reordered" in strikes and one.receiver not in self._held:
            self._held[one.receiver] = (due, one)
            self._note("held back", one)
        else:
            for _ in range(2 if "doubled" in strikes else 1):
                self._lay(one)
            if one.receiver in self._held:
                self._lay(self._held.pop(one.receiver)[1])

    def _lay(self, one: Consignment, quiet: bool = False) -> None:
        """Into the mailbox, whole at once. `quiet`: it was reported before."""
        self._number += 1
        name = f"{self._number:06d}.{SUFFIX[one.piece.standard]}"
        making = self.folder / "making" / name
        making.write_bytes(one.piece.raw)
        path = self.box(one.receiver, "out") / name
        os.replace(making, path)
        self._lying[path] = one
        if quiet:
            self._note("delivered", one, file=name)
        else:
            self._tell(Status.MAILBOX, one, file=name)

    # --- what it says --------------------------------------------------------------------------------------------

    def _tell(self, status: Status, one: Consignment, why: report.Refusal = report.Refusal(), file: str = "") -> None:
        """Into the journal, and into the sender's next report."""
        self._note(status.value, one, file=file, why=why.words)
        if not self.switches.strikes("unreported", one.sender):
            event = report.Event(status, replace(one.piece, raw=b""), one.reference, visible(one.name), datetime.now(UTC), why)
            self._events.setdefault(one.sender, []).append(event)

    def _note(self, what: str, one: Consignment, file: str = "", why: str = "") -> None:
        line = f"{one.sender} → {one.receiver or '?'}  {one.piece.standard or 'no'} {one.piece.control or 'interchange'}  {one.name}"
        line += (f" → {file}" if file else "") + (f"  {why}" if why else "")
        self.note(what, line, reference=one.reference, sender=one.sender, receiver=one.receiver, standard=one.piece.standard,
                  control=one.piece.control, name=one.name, file=file, why=why)

    def _report(self) -> None:
        """The reports of this sweep, a file for each sender that has any."""
        events, self._events = self._events, {}
        for account, listed in events.items():
            self._number += 1
            raw = self._form.write(listed, self._number)
            if raw:
                making = self.folder / "making" / f"report-{self._number:06d}.{self._form.suffix}"
                making.write_bytes(raw)
                os.replace(making, self.box(account, "reports") / making.name)

    def _remember(self) -> None:
        """Numbers go on after a restart, and what lies in mailboxes unread still belongs to who sent it."""
        journal = self.folder / "journal.jsonl"
        for line in _lines(journal):
            self._number = max(self._number, int(line.get("reference") or 0), _number_in(line.get("file", "")))
            path = self.box(line.get("receiver", ""), "out") / line.get("file", "")
            if line["what"] in (Status.MAILBOX.value, "delivered") and line.get("file"):
                # the envelope itself is read again from the file, which may have been cut short
                piece = next(iter(wire.pieces(path.read_bytes())), None) if path.is_file() else None
                if piece is not None:
                    self._lying[path] = Consignment(line["reference"], line["sender"], line["receiver"], line["name"], piece)
            elif line["what"] == Status.PICKED_UP.value:
                self._lying.pop(path, None)
        self._number = max([self._number, *(_number_in(path.name) for path in (self.folder / "taken").iterdir())])


def _lines(journal: Path) -> Iterable[dict[str, Any]]:
    """The journal's lines; a last one that was cut off by a kill is passed over."""
    if not journal.exists():
        return
    for line in journal.read_text("utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _number_in(name: str) -> int:
    digits = "".join(sign if sign.isdigit() else " " for sign in name.partition(".")[0]).split()
    return int(digits[-1]) if digits else 0
