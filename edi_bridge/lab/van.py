"""The network in a box put together: accounts, switches, mailboxes, servers, and the text that tells a person how to reach it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edi_bridge.fault import ConfigFault
from edi_bridge.lab import report, sftp_server
from edi_bridge.lab.account import Account
from edi_bridge.lab.network import Network
from edi_bridge.lab.switch import Switches

if TYPE_CHECKING:
    from edi_bridge.lab.ftps_server import FtpsServer


class Van:
    """A running network. `port` and `ftps_port`: 0 any free one; `ftps_port` None: no FTPS. Also `with Van(…) as van`."""

    def __init__(self, folder: Path, accounts: Sequence[Account], *, port: int = 0, ftps_port: int | None = None, form: str = "delimited",
                 seed: int = 0, say: Callable[[str], None] = lambda line: None, host: str = "127.0.0.1"):
        self.folder, self.accounts, self.form, self.host = folder, list(accounts), form, host
        self.switches = Switches(folder, seed)
        self.network = Network(folder, self.accounts, self.switches, form, say)
        self._ports = (port, ftps_port)
        self._key = sftp_server.host_key(folder)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.sftp: sftp_server.SftpServer | None = None
        self.ftps: FtpsServer | None = None

    def start(self) -> None:
        """Listen and route. ConfigFault when a port is taken."""
        port, ftps_port = self._ports
        try:
            self.sftp = sftp_server.SftpServer(self.network, self._key, self.host, port)
        except OSError as error:
            raise ConfigFault.at("", 0, 0, f"cannot listen on {self.host}:{port}: {error.strerror or error}") from None
        if ftps_port is not None:
            from edi_bridge.lab.ftps_server import FtpsServer

            try:
                self.ftps = FtpsServer(self.network, self.folder, self.host, ftps_port)
            except OSError as error:
                self.sftp.stop()
                raise ConfigFault.at("", 0, 0, f"cannot listen on {self.host}:{ftps_port}: {error.strerror or error}") from None
        self._thread = threading.Thread(target=self.network.run, args=(self._stop,), name="lab-network", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End connections, deliver what is held back, write the last reports."""
        for server in (self.sftp, self.ftps):
            if server is not None:
                server.stop()
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)

    def __enter__(self) -> Van:
        self.start()
        return self

    def __exit__(self, *what: object) -> None:
        self.stop()

    @property
    def fingerprint(self) -> str:
        """The SFTP server's host key as it is pinned: `SHA256:…`."""
        text: str = self._key.fingerprint
        return text

    def channels(self, account: Account) -> str:
        """The YAML by which a home reaches its mailbox here: to be pasted into a partner's file or `partners/_channels.yaml`."""
        assert self.sftp is not None
        layout = report.FORMS[self.form].layout
        said = layout if "\n" not in layout else "\n" + "\n".join("      " + line for line in layout.strip().splitlines())
        lines = ["channels:", "  lab:", "    kind: van", f"    host: {self.host}", f"    port: {self.sftp.port}", f"    user: {account.name}",
                 f"    password: {secret_of(account)}", f'    host_key: "{self.fingerprint}"', "    we_put: /in", "    we_get: /out", "    reports: /reports",
                 f"    report: {said}", "    poll: every 5s", "    settle: 0s"]
        if self.switches.value("delete_on_read", account.name) == "on":
            lines.append("    reads_once: true")
        return "\n".join(line.replace(": \n", ":\n") for line in lines) + "\n"

    def told(self) -> str:
        """What a person needs to know: where it listens, who may sign in, how to reach it."""
        assert self.sftp is not None
        lines = [f"A network in a box, in {self.folder}", f"  SFTP  {self.host}:{self.sftp.port}  host key {self.fingerprint}"]
        if self.ftps is not None:
            lines.append(f"  FTPS  {self.host}:{self.ftps.port}  (explicit TLS)  certificate {self.ftps.fingerprint}")
        for account in self.accounts:
            addresses = ", ".join(f"{one.qualifier}:{one.id}" if one.qualifier else one.id for one in account.identities)
            lines.append(f"  {account.name}  password {account.password}  addresses {addresses}")
        first = self.accounts[0]
        variable = "EDI_BRIDGE_SECRET_" + secret_of(first).upper()
        return "\n".join(lines) + (
            f"\n\nFor {first.name}, in partners/_channels.yaml of a home:\n\n{self.channels(first)}\n"
            f"and its secret: export {variable}={first.password}\n"
            f"Faults: edi-bridge lab van set --folder {self.folder} late=1   (without a switch: what they stand at)\n")


def secret_of(account: Account) -> str:
    """The name of the secret in `channels`."""
    return "lab_" + account.name.replace("-", "_")
