"""The network's SFTP server (paramiko): each account sees its own four folders and nothing else of this machine."""

from __future__ import annotations

import hmac
import logging
import os
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edi_bridge.lab.account import FOLDERS, Account
from edi_bridge.lab.network import Network

WRITING = os.O_WRONLY | os.O_RDWR
CONNECTIONS = 50


def host_key(folder: Path) -> paramiko.PKey:
    """The server's key, made once (mode 0600) and kept, so that it can be pinned."""
    path = folder / "host_key"
    if not path.exists():
        made = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
    return paramiko.Ed25519Key.from_private_key_file(str(path))


class SftpServer:
    """Listens on loopback until it is stopped. `port` 0: any free one."""

    def __init__(self, network: Network, key: paramiko.PKey, host: str = "127.0.0.1", port: int = 0):
        logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # clients that hang up are part of the rehearsal
        self._network, self._key = network, key
        self._listener = socket.create_server((host, port))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[paramiko.Transport] = set()
        self._stopped = threading.Event()
        threading.Thread(target=self._accept, name="lab-sftp", daemon=True).start()

    def stop(self) -> None:
        """Take no more connections and end those that are open."""
        self._stopped.set()
        self._listener.close()
        for transport in list(self._open):
            transport.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                line, _ = self._listener.accept()
            except OSError:  # closed by stop
                return
            if len(self._open) >= CONNECTIONS:
                line.close()
                continue
            threading.Thread(target=self._serve, args=(line,), name="lab-sftp-session", daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        transport = paramiko.Transport(line)
        self._open.add(transport)
        try:
            transport.add_server_key(self._key)
            session = _Session(self._network, transport)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
            transport.start_server(server=session)
            channels = []  # paramiko knows its channels weakly: somebody must keep them
            while transport.is_active():
                if channel := transport.accept(0.5):
                    channels.append(channel)
        except (paramiko.SSHException, EOFError, OSError):  # who speaks no SSH, or hangs up
            pass
        finally:
            transport.close()
            self._open.discard(transport)


class _Session(paramiko.ServerInterface):
    """Who signs in: by password, or by a key in `keys/ACCOUNT.pub` of the lab's folder."""

    def __init__(self, network: Network, transport: paramiko.Transport):
        self.network, self.transport = network, transport
        self.account: Account | None = None

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        known = self.network.accounts.get(username)
        good = hmac.compare_digest(password.encode(), (known.password if known else "").encode()) and known is not None
        return self._signed_in(known if good else None, username)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = self.network.accounts.get(username)
        path = self.network.folder / "keys" / f"{known.name}.pub" if known else None
        words = path.read_text("utf-8").split() if path and path.is_file() else []
        return self._signed_in(known if key.get_base64() in words else None, username)

    def _signed_in(self, account: Account | None, name: str) -> int:
        self.account = account
        if account is None:
            self.network.note("sign-in refused", account=name[:40])
        return paramiko.AUTH_SUCCESSFUL if account else paramiko.AUTH_FAILED  # type: ignore[no-any-return]

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED if kind == "session" else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED  # type: ignore[no-any-return]


class _Files(paramiko.SFTPServerInterface):
    """An account's folders. A path is /FOLDER or /FOLDER/NAME; whatever else is asked for is not there."""

    def __init__(self, server: _Session, *args: Any, **more: Any):
        super().__init__(server, *args, **more)
        assert server.account is not None  # paramiko opens no subsystem before somebody signed in
        self._session, self._network, self._account = server, server.network, server.account.name

    def _path(self, asked: str) -> Path | None:
        """The place on our disk; None where there is none. Names are single parts: nothing leads out."""
        parts = [part for part in self.canonicalize(asked).split("/") if part]
        if not parts or len(parts) > 2 or parts[0] not in FOLDERS or "\0" in asked:
            return None
        return self._network.box(self._account, parts[0]) / parts[1] if len(parts) == 2 else self._network.box(self._account, parts[0])

    def list_folder(self, path: str) -> Any:
        if self.canonicalize(path) == "/":
            return [_folder(name) for name in FOLDERS]
        place = self._path(path)
        if place is None or place.parent.name != self._account:
            return paramiko.SFTP_NO_SUCH_FILE
        return [paramiko.SFTPAttributes.from_stat(entry.stat(follow_symlinks=False), entry.name) for entry in os.scandir(place)]

    def stat(self, path: str) -> Any:
        if self.canonicalize(path) == "/":
            return _folder("/")
        place = self._path(path)
        try:
            return paramiko.SFTPAttributes.from_stat(place.lstat()) if place else paramiko.SFTP_NO_SUCH_FILE
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        place = self._path(path)
        if place is None or place.parent.name not in FOLDERS:
            return paramiko.SFTP_NO_SUCH_FILE
        writes = bool(flags & WRITING)
        if writes and place.parent.name != "in":
            return paramiko.SFTP_PERMISSION_DENIED
        try:
            number = os.open(place, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        if writes:
            self._network.opened(place)
        return _Open(self._session, self._account, place, number, flags)

    def remove(self, path: str) -> int:
        place = self._path(path)
        if place is None:
            return paramiko.SFTP_NO_SUCH_FILE  # type: ignore[no-any-return]
        try:
            place.unlink()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)  # type: ignore[no-any-return]
        self._network.removed(place)
        return paramiko.SFTP_OK  # type: ignore[no-any-return]

    def rename(self, oldpath: str, newpath: str) -> int:
        """Never over another file (draft-ietf-secsh-filexfer-02 6.5)."""
        return self._renamed(oldpath, newpath, over=False)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._renamed(oldpath, newpath, over=True)

    def _renamed(self, oldpath: str, newpath: str, over: bool) -> int:
        old, new = self._path(oldpath), self._path(newpath)
        if old is None or new is None or not old.is_file():
            return paramiko.SFTP_NO_SUCH_FILE  # type: ignore[no-any-return]
        if new.parent != old.parent and new.parent.name != "done":
            return paramiko.SFTP_PERMISSION_DENIED  # type: ignore[no-any-return]
        if self._network.switches.strikes("rename_fails", self._account):
            self._network.note("rename refused", account=self._account, name=old.name)
            return paramiko.SFTP_FAILURE  # type: ignore[no-any-return]
        try:
            if over:
                os.replace(old, new)
            else:
                os.link(old, new)
                old.unlink()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)  # type: ignore[no-any-return]
        self._network.renamed(old, new)
        return paramiko.SFTP_OK  # type: ignore[no-any-return]


class _Open(paramiko.SFTPHandle):
    """An open file of an account, with the switches that act in the middle of a transfer."""

    def __init__(self, session: _Session, account: str, place: Path, number: int, flags: int):
        super().__init__(flags)
        self._session, self._network, self._account, self._place, self._number = session, session.network, account, place, number
        self._writes, self._appends = bool(flags & WRITING), bool(flags & os.O_APPEND)
        self._size, self._most = os.fstat(number).st_size, 0
        self._cut = self._network.switches.strikes("disconnect", account)
        self._closed = threading.Lock()

    def read(self, offset: int, length: int) -> Any:
        if self._cut and offset + length > self._size // 2:
            return self._hang_up()
        try:
            block = os.pread(self._number, length, offset)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        self._most = max(self._most, offset + len(block))
        return block

    def write(self, offset: int, data: bytes) -> int:
        if self._network.switches.strikes("full", self._account):
            self._network.note("quota used up", account=self._account, name=self._place.name)
            return paramiko.SFTP_FAILURE  # type: ignore[no-any-return]
        try:
            data = data[:len(data) // 2] if self._cut else data
            while data:
                count = os.write(self._number, data) if self._appends else os.pwrite(self._number, data, offset)
                data, offset = data[count:], offset + count
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)  # type: ignore[no-any-return]
        return self._hang_up() if self._cut else paramiko.SFTP_OK  # type: ignore[no-any-return]

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self._number))

    def chattr(self, attr: Any) -> int:
        return paramiko.SFTP_OK  # type: ignore[no-any-return]  # rights and times are the network's own

    def close(self) -> None:
        if not self._closed.acquire(blocking=False):
            return
        os.close(self._number)
        if self._writes:
            self._network.written(self._place, whole=self._session.transport.is_active())
        elif self._most >= self._size and self._session.transport.is_active():
            self._network.read(self._account, self._place)

    def _hang_up(self) -> int:
        self._network.note("disconnected", account=self._account, name=self._place.name)
        self._session.transport.close()
        return paramiko.SFTP_FAILURE  # type: ignore[no-any-return]


def _folder(name: str) -> paramiko.SFTPAttributes:
    attributes = paramiko.SFTPAttributes()
    attributes.filename, attributes.st_mode, attributes.st_size = name, stat.S_IFDIR | 0o755, 0
    return attributes
