"""What the tests of the network in a box share: small interchanges, and the network as its accounts see it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko

from edi_bridge.lab.account import Account
from edi_bridge.lab.switch import store
from edi_bridge.lab.van import Van
from edi_bridge.network_report import read_report
from edi_bridge.report_layout import READY, layout_of

US, THEM = "we=14:9521200034004,ZZ:NORDWINDUS", "acme=14:9521200043594,ZZ:ACMEHARDWARE"


def edifact(control: str, sender: str = "9521200034004", receiver: str = "9521200043594", text: str = "a?+b") -> bytes:
    return (f"UNB+UNOC:3+{sender}:14+{receiver}:14+261102:0815+{control}'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+{text}+9'"
            f"UNT+3+1'UNZ+1+{control}'").encode()


def x12(control: int, sender: str = "NORDWINDUS", receiver: str = "ACMEHARDWARE") -> bytes:
    return (f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender:15}*ZZ*{receiver:15}*261102*0815*U*00401*{control:09}*0*T*>~GS*PO*N*A*20261102*0815*1*X*004010~"
            f"ST*850*0001~BEG*00*SA*A:B**20261102~SE*3*0001~GE*1*1~IEA*1*{control:09}~").encode()


@dataclass
class Lab:
    """A running network as its accounts see it."""

    van: Van
    clients: list[paramiko.SSHClient] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.van.folder

    def account(self, name: str) -> Account:
        return next(one for one in self.van.accounts if one.name == name)

    def sftp(self, name: str) -> paramiko.SFTPClient:
        assert self.van.sftp is not None
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect("127.0.0.1", self.van.sftp.port, name, self.account(name).password, allow_agent=False, look_for_keys=False)
        self.clients.append(client)
        return client.open_sftp()

    def put(self, name: str, file: str, content: bytes) -> None:
        with self.sftp(name) as sftp:
            with sftp.open(f"/in/{file}.part", "wb") as out:
                out.write(content)
            sftp.posix_rename(f"/in/{file}.part", f"/in/{file}")

    def box(self, name: str, part: str = "out") -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.van.network.box(name, part).iterdir())}

    def until(self, good: Callable[[], Any], seconds: float = 5.0) -> Any:
        end = time.monotonic() + seconds
        while not (found := good()):
            assert time.monotonic() < end, self.journal()
            time.sleep(0.02)
        return found

    def arrived(self, name: str, count: int) -> list[bytes]:
        self.until(lambda: len(self.box(name)) >= count)
        return list(self.box(name).values())

    def set(self, **switches: str) -> None:
        store(self.folder, {key.replace("__", "."): value for key, value in switches.items()})

    def journal(self) -> list[str]:
        path = self.folder / "journal.jsonl"
        return path.read_text().splitlines() if path.exists() else []

    def said(self, name: str) -> list[tuple[str, str, str]]:
        """(status, control number, words) of all reports of an account, read by the program's own reader and the lab's layout."""
        from edi_bridge.lab.report import FORMS

        text = FORMS[self.van.form].layout
        layout = READY[text] if text in READY else layout_of(text)
        found = []
        for raw in self.box(name, "reports").values():
            report = read_report(raw, layout)
            assert report.unread == ()
            found += [(one.status.value, one.control, one.text) for one in report.statements]
        return found
