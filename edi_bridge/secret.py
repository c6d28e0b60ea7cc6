"""Passwords and keys by name: from the environment, from a file with mode 0600, or from the system's keyring.

`EDI_BRIDGE_SECRET_ACME_SFTP` before `HOME/secrets/acme_sftp` before the keyring (service `edi-bridge`), if the package
`keyring` is installed. A secret never stands in YAML, in a log, in an error or in the arguments of a process.
"""

from __future__ import annotations

import importlib
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edi_bridge.fault import ConfigFault

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where secrets are looked for. `folder` None: the environment and the keyring alone."""

    folder: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> str:
        """The secret of that name. ConfigFault (with the name, never the value) when there is none, or when others may read its file."""
        if not NAME.fullmatch(name):
            raise ConfigFault.at("", 0, 0, f"{name!r} is not the name of a secret")
        variable = "EDI_BRIDGE_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
        if variable in self.environ:
            return self.environ[variable]
        found = self._from_file(name)
        if found is None:
            found = _from_keyring(name)
        if found is None:
            places = f"the environment ({variable})" + (f", {self.folder / name} (mode 0600)" if self.folder else "") + " or the keyring"
            raise ConfigFault.at("", 0, 0, f"there is no secret {name}: put it into {places}")
        return found

    def path(self, name: str) -> Path | None:
        """The file of a secret (a private key), checked; None when it is kept elsewhere."""
        if self.folder is None or not NAME.fullmatch(name):
            return None
        path = self.folder / name
        if not path.is_file():
            return None
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigFault.at(str(path), 0, 0, "others may read this secret: chmod 600")
        return path

    def _from_file(self, name: str) -> str | None:
        path = self.path(name)
        return path.read_text("utf-8").rstrip("\r\n") if path else None


def _from_keyring(name: str) -> str | None:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password("edi-bridge", name)
    except keyring.errors.KeyringError:  # no keyring is running here
        return None
    return found
