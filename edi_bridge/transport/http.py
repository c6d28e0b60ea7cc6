"""HTTP(S): files posted to a partner's address, and fetched from its mailbox where it has one that HTTP can list.

Each post carries the SHA-256 of its bytes as its key (`Idempotency-Key`), so that a partner can tell a repeat; 2xx means taken.
Where an answer is lost, `look` asks the address that the channel names for it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO
from urllib.parse import quote, quote_from_bytes, urlsplit

from edi_bridge.channel import Channel
from edi_bridge.fault import ChannelFault, ConfigFault, Fault, TerminalFault, TransientFault
from edi_bridge.finding import visible
from edi_bridge.secret import Secrets
from edi_bridge.transport import certificate
from edi_bridge.transport.contract import UNKNOWN_SIZE, Presence, Probe, RemoteFile
from edi_bridge.transport.http_call import CHUNK, Body, Caller, Limits, finish, refuse
from edi_bridge.transport.settling import Settling, is_name, sendable, shown, token, token_parts, wanted

MOST_LISTED = 10_000_000  # bytes of a list of names
MOST_FETCHED = 2_000_000_000  # bytes of one file (PROMISES, Limits)
SKEW = 60.0  # seconds by which clocks may differ without a word
KEPT_AS = "{name}.part"  # a name of ours must also fit the place where a partner keeps what is still arriving
TYPES = (  # by the first bytes: RFC 1767 names those of EDI, RFC 7303 that of XML
    (re.compile(rb"\s*(?:UNA|UNB|UNG|UIB)"), "application/EDIFACT"),
    (re.compile(rb"\s*ISA"), "application/EDI-X12"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<"), "application/xml"),
)


class Http:
    """A partner reached over HTTP; `notes` says which listed names were left out, and why."""

    reads_once = False

    def __init__(self, options: Mapping[str, Any], caller: Caller, key: bytes, passing: Callable[[str], None]):
        self.options, self.caller, self.passing, self._key = options, caller, passing, key
        self.notes: list[str] = []
        self._settling = Settling(options["settle"])

    @property
    def certificate(self) -> bytes:
        """What the server showed last (DER)."""
        return self.caller.seen.der if self.caller.seen else b""

    # --- in ------------------------------------------------------------------------------------------------------

    def listing(self) -> Iterator[RemoteFile]:
        """What the address `list:` names: JSON (texts, or objects with name, size, modified), or one name a line."""
        if self.options["list"]:
            files = self._settling.whole(self._look)
            self.passing("listed")
            yield from files

    def _look(self) -> list[RemoteFile]:
        self.notes = []
        with self.caller.ask("GET", self.options["list"], {"Accept": "application/json, text/plain;q=0.9"}) as answer:
            self._check_plain(answer, "the list of names")
            raw = _bounded(answer.iter_raw(CHUNK), MOST_LISTED, "the list of names")
        files = []
        for name, size, modified in _listed(raw):
            if name is None or not is_name(name):
                self.notes.append(f"{shown(name or b'?')[:100]!r} cannot be the name of a file: it is left where it is")
            elif wanted(shown(name), self.options["pattern"], self.options["temporary"]):
                files.append(RemoteFile(shown(name), size, modified, token(name)))
        return files

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """GET it from `fetch:`. The bytes as they stand there: an encoded answer is a TerminalFault, a short one a TransientFault."""
        count = 0
        with self.caller.ask("GET", self._at(file)) as answer:
            if answer.status_code in (404, 410):
                raise TransientFault(f"{file.name} is gone from {self._host}")
            self._check_plain(answer, file.name)
            for chunk in answer.iter_raw(CHUNK):
                count += len(chunk)
                if count > MOST_FETCHED:
                    raise TerminalFault(f"{file.name} is larger than {MOST_FETCHED:,} bytes")
                into.write(chunk)
        if file.size not in (UNKNOWN_SIZE, count):
            raise TransientFault(f"{file.name} was listed with {file.size} bytes and has {count}: it may be growing")
        return count

    def confirm(self, file: RemoteFile) -> None:
        """DELETE it at `fetch:` where the channel says `after: delete`."""
        if self.options["after"] == "delete":
            with self.caller.ask("DELETE", self._at(file)) as answer:
                if answer.status_code not in (404, 410):
                    refuse(answer, self._host)
                finish(answer)
        self.passing("confirmed")

    def _check_plain(self, answer: Any, what: str) -> None:
        """2xx with the bytes themselves: neither compressed, which was not asked for, nor a page for people, such as a sign-in."""
        refuse(answer, self._host)
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise TerminalFault(f"{self._host} sends {what} encoded, though the plain bytes were asked for")
        if answer.headers.get("content-type", "").lower().startswith(("text/html", "application/xhtml")):
            raise TerminalFault(f"{self._host} sends a web page instead of {what}: is the address right, and may we sign in?")

    def _at(self, file: RemoteFile) -> str:
        return _filled(self.options["fetch"], token_parts(file)[0])

    # --- out -----------------------------------------------------------------------------------------------------

    def put(self, name: str, source: BinaryIO, size: int) -> None:
        """Post it to `url:`. 2xx: taken. UncertainFault when all bytes were handed over and no answer came."""
        if not self.options["url"]:
            raise ChannelFault("this channel has no url: nothing can be posted")
        url = _filled(self.options["url"], sendable(name, KEPT_AS)[0])
        with ExitStack() as open_:
            if not source.seekable():
                source = _kept(source, open_.enter_context(tempfile.SpooledTemporaryFile(max_size=1 << 20)))
            start = source.tell()
            headers = self._described(name, source, size)
            source.seek(start)
            self.passing("sending")
            body = Body(source, size)
            with self.caller.ask(self.options["method"], url, headers, body) as answer:
                refuse(answer, self._host, sent=True)
                finish(answer)
            self.passing("uploaded")

    def _described(self, name: str, source: BinaryIO, size: int) -> dict[str, str]:
        """The headers of a post: type, length, name, key, signature. Reads all of the source once."""
        digest, mac, count, first = hashlib.sha256(), hmac.new(self._key, digestmod="sha256"), 0, b""
        while chunk := source.read(CHUNK):
            first = first or chunk[:64]
            digest.update(chunk)
            mac.update(chunk)
            count += len(chunk)
        if count != size:
            raise TerminalFault(f"{visible(name)} has {count} bytes and not {size}: it is not sent")
        kind = self.options["content_type"] or next((kind for start, kind in TYPES if start.match(first)), "application/octet-stream")
        headers = {"Content-Type": kind, "Content-Length": str(size), "Content-Disposition": _disposition(name),
                   self.options["key_header"]: digest.hexdigest()}
        if self._key:
            headers[self.options["sign_header"]] = "sha256=" + mac.hexdigest()
        return headers

    def look(self, name: str, size: int) -> Presence:
        """HEAD (or GET) at `look:`. Without it: a partner that tells repeats by their key (`repeats: told`) may be sent it again."""
        if not self.options["look"]:
            return Presence.ABSENT if self.options["repeats"] == "told" else Presence.UNKNOWN
        with self.caller.ask(self.options["look_method"], _filled(self.options["look"], sendable(name)[0])) as answer:
            if answer.status_code in (404, 410):
                return Presence.ABSENT
            if answer.status_code in (401, 403, 405, 501):
                return Presence.UNKNOWN
            refuse(answer, self._host)
            there = answer.headers.get("content-length", "")
            same = not there.isdigit() or int(there) == size or self.options["look_method"] == "GET"
            return Presence.WHOLE if same else Presence.PARTIAL

    # --- looking at the connection -------------------------------------------------------------------------------

    def probes(self) -> Iterator[Probe]:
        """Connection, certificate, sign-in and clock by a request that changes nothing; the list where there is one. Nothing is
        posted: a partner would take it for a document."""
        try:
            address = self.options["probe"] or self.options["list"] or self.options["url"]
            with self.caller.ask("GET" if self.options["probe"] or self.options["list"] else "HEAD", _filled(address, b"probe")) as answer:
                status, date = answer.status_code, answer.headers.get("date", "")
        except Fault as fault:
            yield Probe("connect", False, str(fault))
            return
        seen = self.caller.seen
        yield Probe("connect", True, f"{self._host}, {seen.version if seen else 'without TLS'}")
        if seen:
            shown, now = certificate.read(seen.der), certificate.now()
            yield Probe("certificate", shown.holds(now) or bool(self.caller.pins), shown.says(now))
        yield _clock(date)
        yield Probe("authenticate", status not in (401, 403), f"answers {status}")
        if status in (401, 403):
            return
        if self.options["list"]:
            yield self._probe_list()
        if self.options["url"]:
            yield Probe("put", True, "not tried: what is posted is taken for a document")

    def _probe_list(self) -> Probe:
        try:
            count = sum(1 for _ in self.listing())
        except Fault as fault:
            return Probe("list", False, str(fault))
        return Probe("list", True, f"{count} waiting" + (f", {len(self.notes)} left out" if self.notes else ""))

    def close(self) -> None:
        """End the connection."""
        self.caller.close()

    @property
    def _host(self) -> str:
        return urlsplit(self.options["url"] or self.options["list"]).netloc


def open_(channel: Channel, secrets: Secrets, passing: Callable[[str], None]) -> Http:
    """The way to a partner over HTTP as its channel says; nothing is sent before it is used. ConfigFault for what cannot be read."""
    options = dict(channel.options)
    if options["list"] and not options["fetch"]:
        options["fetch"] = options["list"].partition("?")[0].rstrip("/") + "/{name}"
    if options["content_type"] and not options["content_type"].isascii():
        raise channel.fault("content_type: holds signs that no header may have")
    mine = ""
    if options["client_certificate"]:
        path = secrets.path(options["client_certificate"])
        if path is None:
            raise channel.fault(f"client_certificate: {options['client_certificate']} must be a file of the secrets folder")
        mine = str(path)
    context = certificate.client_context(options["ca"] or "", options["certificate"], mine)
    limits = Limits(options["timeout"], options["deadline"])
    caller = Caller(context, options["certificate"], limits, _authorization(options, secrets), options["proxy"] or "")
    return Http(options, caller, secrets.get(options["sign"]).encode() if options["sign"] else b"", passing)


def _authorization(options: Mapping[str, Any], secrets: Secrets) -> dict[str, str]:
    """The headers by which the partner knows us."""
    headers = {}
    if options["user"]:
        pair = f"{options['user']}:{secrets.get(options['password']) if options['password'] else ''}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode("ascii")  # RFC 7617 2
    elif options["bearer"]:
        headers["Authorization"] = "Bearer " + _token(secrets, options["bearer"])  # RFC 6750 2.1
    if options["api_key"]:
        headers[options["api_key_header"]] = _token(secrets, options["api_key"])
    return headers


def _token(secrets: Secrets, name: str) -> str:
    text = secrets.get(name)
    if not text.isascii() or not text.isprintable():
        raise ConfigFault.at("", 0, 0, f"the secret {name} has characters that no header may have")
    return text


def _filled(template: str, name: bytes) -> str:
    """An address with the file's exact name in it, as one part of the path whatever it holds."""
    return template.replace("{name}", quote_from_bytes(name, safe=""))


def _disposition(name: str) -> str:
    """The name as a header, whatever characters it has (RFC 6266 4.3, RFC 8187 3.2)."""
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    extended = "" if plain == name else "; filename*=UTF-8''" + quote(name, safe="", errors="replace")
    return f'attachment; filename="{plain}"{extended}'


def _kept(source: BinaryIO, spool: Any) -> BinaryIO:
    while chunk := source.read(CHUNK):
        spool.write(chunk)
    spool.seek(0)
    kept: BinaryIO = spool
    return kept


def _bounded(chunks: Iterator[bytes], most: int, what: str) -> bytes:
    raw = b""
    for chunk in chunks:
        raw += chunk
        if len(raw) > most:
            raise TerminalFault(f"{what} is larger than {most:,} bytes")
    return raw


def _listed(raw: bytes) -> Iterator[tuple[bytes | None, int, str]]:
    """(exact name, size, modified) of a list, in JSON (also as `{"files": [...]}`) or as lines; a name that no bytes can spell is
    None. TerminalFault when it is neither."""
    if not raw.lstrip().startswith((b"[", b"{")):
        yield from ((line, UNKNOWN_SIZE, "") for line in re.split(rb"\r\n|\n", raw) if line)
        return
    try:
        value = json.loads(raw.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        raise TerminalFault("the list of names begins like JSON and is none") from None
    entries = value.get("files") if isinstance(value, dict) else value
    for entry in entries if isinstance(entries, list) else ():
        one = {"name": entry} if isinstance(entry, str) else entry
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            size = one.get("size")
            yield _exact(one["name"]), size if type(size) is int and size >= 0 else UNKNOWN_SIZE, _stamp(one.get("modified"))


def _exact(name: str) -> bytes | None:
    """A name as bytes; half a surrogate pair, which JSON can spell, stands for a byte where Python writes one so, else for nothing."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None


def _stamp(text: object) -> str:
    """A time of a list as ISO 8601 in UTC; '' where it is none."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return ""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment is not None and moment.tzinfo else ""


def _clock(date: str) -> Probe:
    """How far the partner's clock is from ours, by the Date of its answer (RFC 9110 6.6.1)."""
    try:
        skew = (parsedate_to_datetime(date) - certificate.now()).total_seconds()
    except (ValueError, TypeError):
        return Probe("clock", True, "the partner tells no time")
    behind = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours"
    return Probe("clock", abs(skew) <= SKEW, "as ours" if abs(skew) < 2 else behind)
