"""A session with an FTP server that is there when it is needed: connected, signed in, in the right folder; its errors as faults."""

from __future__ import annotations

import ftplib
import ssl
import time
from contextlib import suppress

from edi_bridge.channel import Channel
from edi_bridge.fault import ChannelFault, Fault, TransientFault, UntrustedFault
from edi_bridge.secret import Secrets
from edi_bridge.transport import certificate
from edi_bridge.transport.ftp_line import FtpLine, Overdue, Security
from edi_bridge.transport.settling import shown

BROKEN = (ftplib.Error, OSError, EOFError)  # what ftplib raises where a server refuses or the line is cut
IDLE = 2.0  # seconds after which we ask whether the server is still there before we rely on it
PORTS = {"explicit": 21, "implicit": 990}  # IANA: ftp, ftps
FULL = ("452", "552")  # RFC 959 4.2: no room


class Session:
    """One connection at a time. `line` is None while there is none."""

    def __init__(self, channel: Channel, secrets: Secrets):
        said = channel.options
        self._channel, self._secrets = channel, secrets
        self.host: str = said["host"]
        self.mode: str = said["tls"] if channel.kind == "ftps" else ""
        self.port: int = said["port"] or PORTS[self.mode or "explicit"]
        self.line: FtpLine | None = None
        self.times = True  # whether the server knows MDTM
        self.greeting = ""
        self.certificate = b""  # of the server, DER
        self._features: frozenset[str] | None = None
        self._home = self._folder = ""
        self._used = 0.0

    def ready(self, until: float = float("inf")) -> FtpLine:
        """A session that works, a new one where the old one is gone; `until` is the deadline of what follows (monotonic)."""
        if self.line is not None and time.monotonic() - self._used > IDLE:
            try:
                self.line.until = until
                self.line.voidcmd("NOOP")
            except BROKEN:
                self.drop()
        if self.line is None:
            self.connect(until)
            self.sign_in()
        assert self.line is not None
        self.line.until = until
        self._used = time.monotonic()
        return self.line

    def connect(self, until: float = float("inf"), checked: bool = True) -> FtpLine:
        """Connect and be under TLS; `checked` False: look at nobody's certificate (to show it to a person; nobody signs in then)."""
        line = FtpLine(self._channel.options["timeout"], self._security(checked), self._channel.options["passive"])
        line.until = until
        try:
            line.reach(self.host, self.port)
        except ssl.SSLCertVerificationError as error:
            line.close()
            raise UntrustedFault(f"{self.host}:{self.port}: the server's certificate is refused: {error.verify_message.rstrip('.')}; "
                                 "`edi-bridge partner ping` shows it; once the partner has confirmed it, pin it (certificate:)") from None
        except ftplib.error_perm as error:
            line.close()
            if not line.welcome:
                raise TransientFault(f"{self.host}:{self.port}: the server turns us away: {self.words(error)}") from None
            raise ChannelFault(f"{self.host}:{self.port}: the server does not take AUTH TLS ({self.words(error)}), "
                               "and nothing is said to it in clear") from None
        except BROKEN as error:
            line.close()
            raise TransientFault(f"{self.host}:{self.port}: no connection: {self.words(error)}") from None
        except Fault:
            line.close()
            raise
        self.line, self.greeting, self.certificate = line, line.welcome or "", line.seen
        self._home = self._folder = ""
        self._features = None
        return line

    def _security(self, checked: bool) -> Security | None:
        said = self._channel.options
        if not self.mode:
            return None
        if not checked:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return Security(context, self.mode)
        mine = ""
        if said["client_certificate"]:
            mine = str(self._secrets.path(said["client_certificate"]) or "")
            if not mine:
                raise self._channel.fault(f"client_certificate: there is no file {said['client_certificate']} in the folder of secrets")
        return Security(certificate.client_context(said["ca"] or "", said["certificate"], mine), self.mode, said["certificate"])

    def sign_in(self) -> None:
        """Sign in and find out where we are. ChannelFault for a login or protection that is refused."""
        line = self.line
        assert line is not None
        said = self._channel.options
        password = self._secrets.get(said["password"]) if said["password"] else ""
        try:
            line.sign_in(said["user"], password, said["account"] or "")
            with suppress(ftplib.Error):
                self._home = line.pwd()
        except (ftplib.error_perm, ftplib.error_reply, ValueError) as error:
            self.drop()
            raise ChannelFault(f"{self.host}:{self.port}: the server refuses us as {said['user']}: {self.words(error)}") from None
        except BROKEN as error:
            self.drop()
            raise TransientFault(f"{self.host}:{self.port}: signing in failed: {self.words(error)}") from None

    def features(self) -> frozenset[str]:
        """The commands that the server says it knows (FEAT), asked once a connection."""
        if self._features is None:
            assert self.line is not None
            self._features = self.line.features()
        return self._features

    def path(self, folder: str) -> str:
        """A folder as it is sent: what does not begin at the root begins where we were after signing in."""
        wire = folder.encode("utf-8", "surrogateescape").decode("latin-1")
        if wire.startswith(("/", "'", "\\")) or not self._home:
            return wire
        return f"{self._home.rstrip('/')}/{wire}"

    def enter(self, folder: str) -> None:
        """Go into a folder, if we are not there."""
        assert self.line is not None
        if self._folder != folder:
            self._folder = ""
            try:
                self.line.voidcmd("CWD " + self.path(folder))
            except ftplib.error_perm as error:
                raise TransientFault(f"{self.at(folder)}: the server does not let us in: {self.words(error)}") from None
            self._folder = folder

    def at(self, folder: str, name: str = "") -> str:
        """Where something is, for people."""
        return f"{self.host}:{folder.rstrip('/')}/{name}" if name else f"{self.host}:{folder}"

    def words(self, error: BaseException) -> str:
        """What went wrong, on one line, without our password in it (some servers repeat commands that they do not know)."""
        if isinstance(error, Overdue):
            return "it took longer than deadline: allows"
        if isinstance(error, TimeoutError):
            return "no answer in time"
        if isinstance(error, EOFError):
            return "the server hung up"
        said = error.strerror if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError) else str(error)
        text = shown(said.encode("latin-1", "replace"))[:300] or type(error).__name__
        name = self._channel.options["password"]
        password = ""
        with suppress(Fault):
            password = self._secrets.get(name) if name else ""
        return text.replace(password, "…") if password else text

    def drop(self) -> None:
        """Hang up without a word: the connection is of no use any more."""
        line, self.line, self._folder = self.line, None, ""
        if line is not None:
            with suppress(OSError):
                line.close()

    def close(self) -> None:
        """Say goodbye, or hang up."""
        line = self.line
        if line is not None and line.sock is not None:
            with suppress(*BROKEN):
                line.until = float("inf")
                line.sock.settimeout(min(5.0, self._channel.options["timeout"]))
                line.voidcmd("QUIT")
        self.drop()


def refusal(session: Session, folder: str, name: str, error: Exception) -> TransientFault:
    """An error of FTP as a fault. The session is dropped where the line is gone (421: the server says so itself)."""
    code = str(error)[:3] if isinstance(error, ftplib.Error) else ""
    if not isinstance(error, (ftplib.error_perm, ftplib.error_temp)) or code == "421":
        session.drop()
    full = " (there is no room)" if code in FULL else ""
    return TransientFault(f"{session.at(folder, name)}: {session.words(error)}{full}")
