"""FTP and FTPS servers as a transport: kinds `ftp` (in clear) and `ftps` (TLS by AUTH TLS, or at once).

Binary only. A folder is entered, and files are called by their bare names, as every server understands them (RFC 959; also those of
mainframes). MLSD where the server knows it, else LIST in the dialects of `ftp_listing`, else names, sizes and times one by one.
A fetch whose connection drops goes on where it stopped (REST), as long as the file is still the same.
"""

from __future__ import annotations

import ftplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

from edi_bridge.channel import Channel
from edi_bridge.fault import Fault, TerminalFault, TransientFault, UncertainFault
from edi_bridge.secret import Secrets
from edi_bridge.transport import ftp_probe
from edi_bridge.transport.contract import UNKNOWN_SIZE, Presence, Probe, RemoteFile
from edi_bridge.transport.ftp_line import FtpLine, blocks
from edi_bridge.transport.ftp_listing import Entry, entries, iso, lists, mlsd, names
from edi_bridge.transport.ftp_session import BROKEN, Session, refusal
from edi_bridge.transport.settling import Settling, is_name, numbered, sendable, shown, token, token_parts, wanted

TRIES = 4  # how often a fetch goes on after its connection dropped, within the deadline
UNKNOWN_COMMAND = ("500", "501", "502", "504")  # RFC 959 4.2: not there, or not with this argument
NOTHING = ("no files", "no such file", "not found", "empty")  # what servers say of an empty folder, with 450 or 550
MINUTE = 61.0  # seconds
MOST_ASKED = 2000  # files that are asked for one by one in one listing: at 50 ms each, under two minutes
MOST_FETCHED = 2_000_000_000  # bytes of a file of which the server does not say the size (PROMISES, Limits)
TELNET = 0xFF  # IAC: it is a command on the control connection (RFC 854), and servers disagree on how to send it as a sign


@dataclass(frozen=True, slots=True)
class _Told:
    """What MDTM said, since when (monotonic), and whether it may be relied on."""

    modified: str
    first: float
    sure: bool


def open_(channel: Channel, secrets: Secrets, passing: Callable[[str], None]) -> FtpTransport:
    """The transport of a channel of kind `ftp` or `ftps`."""
    return FtpTransport(channel, secrets, passing)


class FtpTransport:
    """A folder of an FTP server that we fetch from, one that we put into, or both. `notes`: names that were passed over, and why."""

    reads_once = False

    def __init__(self, channel: Channel, secrets: Secrets, passing: Callable[[str], None]):
        said = channel.options
        self.session = Session(channel, secrets)
        self._passing = passing
        self._get, self._put, self._done = (said[key] or "" for key in ("get", "put", "done"))
        self._after, self._upload = said["after"], said["upload"] if said["rename"] == "auto" else "{name}"
        self._renames = said["rename"] == "auto"
        self._patterns, self._temporary = said["pattern"], said["temporary"]
        self._deadline, self._listing = said["deadline"], said["listing"]
        self._settling = Settling(said["settle"])
        self._times: dict[tuple[bytes, int, str], _Told] = {}  # what MDTM said of a file, as long as its line in LIST stays the same
        self.notes: list[str] = []

    @property
    def certificate(self) -> bytes:
        """What the server showed last (DER)."""
        return self.session.certificate

    # --- in --------------------------------------------------------------------------------------------------------

    def listing(self) -> Iterator[RemoteFile]:
        """What waits, the oldest first (by MLSD or MDTM; where the server knows neither, by name)."""
        if not self._get:
            return
        files = self._settling.whole(self._look_round)
        self._passing("listed")
        yield from files

    def _look_round(self) -> list[RemoteFile]:
        self.notes.clear()
        with self._told(self._get) as line:
            self.session.enter(self._get)
            found = [one for one in self._entries(line, self._get) if one.kind == "file" and self._carried(one)]
            return self._remotes(line, [one for one in found if wanted(shown(one.name), self._patterns, self._temporary)])

    def _remotes(self, line: FtpLine, found: list[Entry]) -> list[RemoteFile]:
        """The files of a listing; what it does not say of them is asked for one by one, of so many as can be asked in time."""
        files, asked = [], 0
        before, self._times = self._times, {}
        for entry in found:
            known = before.get((entry.name, entry.size, entry.stamp))
            asked += entry.size == UNKNOWN_SIZE or not (entry.modified or (known is not None and known.sure))
            if asked > MOST_ASKED and self.session.times:
                self.notes.append(f"{self._get} holds more than {MOST_ASKED} files of which the server says size and time only one by one; "
                                  "the others come when these are gone")
                break
            size = self._size(line, entry.name) if entry.size == UNKNOWN_SIZE else entry.size
            if size is not None:
                modified = entry.modified or self._time_of(line, entry, known)
                files.append(_remote(entry.name, size, modified, entry.stamp))
        return files

    def _carried(self, entry: Entry) -> bool:
        """Whether FTP can carry the name; a note when not."""
        if is_name(entry.name) and not entry.broken and TELNET not in entry.name and not entry.name.startswith(b" "):
            return True
        self.notes.append(f"{shown(entry.name[:300])} cannot be the name in a command of FTP: left where it is")
        return False

    def _time_of(self, line: FtpLine, entry: Entry, known: _Told | None) -> str:
        """MDTM of a file. LIST shows minutes: what stayed the same for longer than one is known and not asked again."""
        now = time.monotonic()
        if known is None or not known.sure:
            modified = self._time(line, entry.name)
            first = known.first if known is not None and known.modified == modified else now
            known = _Told(modified, first, now - first > MINUTE)
        self._times[entry.name, entry.size, entry.stamp] = known
        return known.modified

    def _entries(self, line: FtpLine, folder: str) -> list[Entry]:
        """The entries of the folder we are in, by the best way that the server knows."""
        how = self._listing
        if how == "auto":
            how = self._listing = "mlsd" if self.session.features() & {"MLSD", "MLST"} else "list"
        if how == "mlsd":
            try:
                return entries(self._listed(line, "MLSD"), mlsd)[0]
            except ftplib.error_perm as error:
                if str(error)[:3] not in UNKNOWN_COMMAND:
                    raise
                how = self._listing = "list"
        if how == "list":
            found, unread = entries(self._listed(line, "LIST"), lists)
            if found or not unread:
                return found
            self._listing = "nlst"
        return names(self._listed(line, "NLST"), self.session.path(folder).encode("latin-1"))

    def _listed(self, line: FtpLine, command: str) -> bytes:
        line.voidcmd("TYPE A")
        try:
            return line.listing(command)
        except ftplib.Error as error:
            if str(error)[:3] in ("450", "550") and any(words in str(error).lower() for words in NOTHING):
                return b""
            raise
        except (OSError, EOFError, Fault):
            self.session.drop()  # in the middle of a transfer
            raise
        finally:
            if self.session.line is line:
                line.voidcmd("TYPE I")

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a file; when the line drops, go on where it stopped. TransientFault when it is gone, or not what was listed."""
        raw = _carriable(file)
        until, got = time.monotonic() + self._deadline, 0
        for left in reversed(range(TRIES)):
            try:
                with self._told(self._get, file.name, until) as line:
                    self.session.enter(self._get)
                    if got and not self._same(line, file):
                        raise TransientFault(f"{file.name} changed or went away when the half of it was read; it is fetched anew")
                    for block in self._blocks(line, "RETR " + raw.decode("latin-1"), got):
                        got += len(block)
                        if got > (MOST_FETCHED if file.size == UNKNOWN_SIZE else file.size):
                            raise _too_long(file)
                        _write(into, block)
            except TransientFault as fault:
                if left and fault.__cause__ is not None and _broke(fault.__cause__) and time.monotonic() < until:
                    continue
                raise
            if file.size in (UNKNOWN_SIZE, got):
                return got
        raise TransientFault(f"{file.name} was listed with {file.size} bytes and {got} came, each time")

    def _blocks(self, line: FtpLine, command: str, start: int) -> Iterator[bytes]:
        """A download; when it is not read to its end, the connection is of no more use."""
        done = False
        try:
            yield from line.download(command, start)
            done = True
        except ftplib.error_perm:
            done = True  # refused: nothing is under way
            raise
        finally:
            if not done:
                self.session.drop()

    def confirm(self, file: RemoteFile) -> None:
        """Delete, move or keep it. What took its name in the meantime is another file, and stays."""
        if self._get and self._after != "keep":
            raw = _carriable(file)
            with self._told(self._get, file.name) as line:
                self.session.enter(self._get)
                if self._same(line, file):
                    if self._after == "delete":
                        line.voidcmd("DELE " + raw.decode("latin-1"))
                    else:
                        self._rename(line, raw, self._free(line, raw))
        self._passing("confirmed")

    def _free(self, line: FtpLine, raw: bytes) -> bytes:
        """A path in `done` that nobody has."""
        folder = self.session.path(self._done).encode("latin-1")
        for name in numbered(raw):
            path = folder if folder.endswith(b"/") else folder + b"/"
            if self._size(line, path + name) in (None, UNKNOWN_SIZE):
                return path + name
        raise AssertionError("numbered() does not end")

    def _same(self, line: FtpLine, file: RemoteFile) -> bool:
        """Whether the very file that was listed still stands under its name, as far as the server says sizes and times."""
        raw, more = token_parts(file)
        size = self._seen(line, raw, self._get)
        if size is None:
            return False
        if UNKNOWN_SIZE not in (size, file.size) and size != file.size:
            return False
        now = self._time(line, raw) if more[1:2] != [""] else ""
        return not (now and more[1:]) or _seconds(now) == _seconds(more[1])

    # --- out -------------------------------------------------------------------------------------------------------

    def put(self, name: str, source: BinaryIO, size: int) -> None:
        """Lay a file down: temporary name, size compared, rename. UncertainFault when the answer to its last step was lost."""
        raw, temporary = sendable(name, self._upload)
        with self._told(self._put, name) as line:
            self.session.enter(self._put)
            if self._renames and self._size(line, raw) not in (None, UNKNOWN_SIZE, size):
                raise TransientFault(f"{name}: another file of this name waits in {self._put}; it was not written over")
            self._passing("sending")
            with self._uncertain(name, not self._renames):
                self._send(line, name, temporary, source, size)
            self._passing("uploaded")
            if self._renames:
                try:
                    self._rename(line, temporary, raw, name)
                except ftplib.Error as error:
                    self._discard(temporary)
                    raise TransientFault(f"{self.session.at(self._put, name)}: all of it came, and the server refuses to give it its "
                                         f"name ({self.session.words(error)}); if it never does, say rename: never") from None
                self._passing("renamed")

    def _send(self, line: FtpLine, name: str, target: bytes, source: BinaryIO, size: int) -> None:
        """STOR, then compare the size. What did not come whole is deleted there."""
        try:
            line.upload("STOR " + target.decode("latin-1"), blocks(source, size))
        except ValueError as error:
            self.session.drop()
            self._discard(target)
            raise TerminalFault(f"{name}: {size} bytes were to be put and {error} came; nothing was put") from None
        except ftplib.Error:
            self._discard(target)
            raise
        there = self._seen(line, target, self._put)
        if there not in (UNKNOWN_SIZE, size):
            self._discard(target)
            raise TransientFault(f"{name}: {size} bytes were put and the server has {there or 0}; nothing was put")

    def _discard(self, target: bytes) -> None:
        """Delete what was written in part, if that can be done."""
        with suppress(Fault, *BROKEN):
            line = self.session.ready()
            self.session.enter(self._put)
            line.sendcmd("DELE " + target.decode("latin-1"))

    def _rename(self, line: FtpLine, old: bytes, new: bytes, name: str = "") -> None:
        """RNFR and RNTO. With a `name` (of what we put) a lost answer to the second is an UncertainFault."""
        answer = line.sendcmd("RNFR " + old.decode("latin-1"))
        if answer[0] != "3":
            raise ftplib.error_perm(answer)
        with self._uncertain(name, bool(name)):
            line.voidcmd("RNTO " + new.decode("latin-1"))

    @contextmanager
    def _uncertain(self, name: str, may: bool) -> Iterator[None]:
        """A line that breaks in here leaves open what became of the file."""
        try:
            yield
        except (OSError, EOFError, ftplib.error_proto) as error:
            if not may:
                raise
            self.session.drop()
            raise UncertainFault(f"{self.session.at(self._put, name)}: the line broke at the last step ({self.session.words(error)}); "
                                 "it may be there or not") from error

    def look(self, name: str, size: int) -> Presence:
        """What became of an uncertain put. A file of the name and another size is not ours, unless we write without renaming."""
        raw, temporary = sendable(name, self._upload)
        with self._told(self._put, name) as line:
            self.session.enter(self._put)
            there = self._size(line, raw)
            if there == size:
                return Presence.WHOLE
            if there not in (None, UNKNOWN_SIZE):
                return Presence.UNKNOWN if self._renames else Presence.PARTIAL
            if self._renames and self._size(line, temporary) not in (None, UNKNOWN_SIZE):
                return Presence.PARTIAL
            try:
                found = {one.name: one.size for one in self._entries(line, self._put)}
            except ftplib.Error:
                return Presence.UNKNOWN  # we may write here, and not look
            if raw in found:
                return Presence.WHOLE if found[raw] == size else Presence.UNKNOWN
            return Presence.PARTIAL if temporary in found else Presence.ABSENT

    # --- what the server says of one file ----------------------------------------------------------------------------

    def _size(self, line: FtpLine, name: bytes) -> int | None:
        """SIZE (RFC 3659 4): None when there is no such file, UNKNOWN_SIZE when the server does not say sizes."""
        try:
            answer = line.sendcmd("SIZE " + name.decode("latin-1"))
        except ftplib.error_perm as error:
            return UNKNOWN_SIZE if str(error)[:3] in UNKNOWN_COMMAND else None
        digits = answer[4:].strip()
        return int(digits) if answer.startswith("213 ") and digits.isdecimal() else UNKNOWN_SIZE

    def _seen(self, line: FtpLine, name: bytes, folder: str) -> int | None:
        """As `_size`; where SIZE is refused, the listing decides, and where that is refused too, nobody knows."""
        size = self._size(line, name)
        if size is not None or b"/" in name:
            return UNKNOWN_SIZE if size is None else size
        try:
            return next((one.size for one in self._entries(line, folder) if one.name == name), None)
        except ftplib.Error:
            return UNKNOWN_SIZE

    def _time(self, line: FtpLine, name: bytes) -> str:
        """MDTM (RFC 3659 3) as ISO 8601 in UTC; '' where the server does not say it."""
        if not self.session.times:
            return ""
        try:
            answer = line.sendcmd("MDTM " + name.decode("latin-1"))
        except ftplib.error_perm as error:
            self.session.times = str(error)[:3] not in UNKNOWN_COMMAND
            return ""
        return iso(answer[4:]) if answer.startswith("213 ") else ""

    # --- tests and end -----------------------------------------------------------------------------------------------

    def probes(self) -> Iterator[Probe]:
        """Connect, show the certificate, sign in, list; put a file of our own, read it back and delete it; compare the clocks."""
        self._passing = lambda point: None
        yield from ftp_probe.probes(self, self.session, self._get, self._put)
        self.close()

    def close(self) -> None:
        """QUIT, or hang up where that takes too long."""
        self.session.close()

    @contextmanager
    def _told(self, folder: str, name: str = "", until: float = 0.0) -> Iterator[FtpLine]:
        """A session in good order, and what goes wrong in it as faults that say where."""
        line = self.session.ready(until or time.monotonic() + self._deadline)
        try:
            yield line
        except TerminalFault:
            self.session.drop()  # perhaps in the middle of a transfer
            raise
        except BROKEN as error:
            raise refusal(self.session, folder, name, error) from error


def _remote(name: bytes, size: int, modified: str, stamp: str) -> RemoteFile:
    return RemoteFile(shown(name), size, modified, token(name, size, quote(modified, safe=""), quote(stamp, safe="")))


def _too_long(file: RemoteFile) -> Fault:
    if file.size == UNKNOWN_SIZE:
        return TerminalFault(f"{file.name} is larger than {MOST_FETCHED:,} bytes")
    return TransientFault(f"{file.name} was listed with {file.size} bytes and has more: it is still being written")


def _carriable(file: RemoteFile) -> bytes:
    """The exact name of a file. TerminalFault for one that would be a command of its own (it was never listed by us)."""
    raw, _ = token_parts(file)
    if not is_name(raw) or {10, 13, 0, TELNET} & set(raw):
        raise TerminalFault(f"{file.name} cannot be the name in a command of FTP; nothing was sent")
    return raw


def _seconds(moment: str) -> str:
    """A time without the fraction of its seconds, which one command of a server says and another does not."""
    return moment.replace("%3A", ":").partition(".")[0].rstrip("Z")


def _broke(error: BaseException) -> bool:
    """Whether it was the line that failed, or a server that gave up in the middle (4xx), so that going on may help."""
    return isinstance(error, (OSError, EOFError)) and not isinstance(error, ssl.SSLCertVerificationError) or (
        isinstance(error, ftplib.error_temp) and str(error)[:3] in ("425", "426", "451"))


def _write(into: BinaryIO, block: bytes) -> None:
    """Write to our own side; what goes wrong there is not the server's fault."""
    try:
        into.write(block)
    except OSError as error:
        raise TransientFault(f"the bytes cannot be written here: {error.strerror or error}") from None
