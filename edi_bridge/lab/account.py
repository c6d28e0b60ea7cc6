"""Whose mailboxes the network in a box has: a name, a password and the addresses of envelopes that lead there."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import Address
from edi_bridge.partner import Identity

FILE = "passwords.json"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
FOLDERS = ("in", "out", "reports", "done")  # as the account sees them: to the network, from it, what it says, room for what was fetched


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox. Identities as those of a partner: the qualifier may be '' (any)."""

    name: str
    password: str
    identities: tuple[Identity, ...]

    def has(self, address: Address, standard: str) -> bool:
        """Whether an envelope's address leads here."""
        return any(one.fits(address, standard) for one in self.identities)


def spelled(text: str) -> tuple[str, tuple[Identity, ...]]:
    """`acme=14:9521200043594,ZZ:ACME` → name and identities; without a colon the qualifier may be any. ConfigFault otherwise."""
    name, sign, rest = text.partition("=")
    identities = []
    for one in rest.split(",") if rest else ():
        qualifier, colon, id_ = one.rpartition(":")
        identities.append(Identity(id_.strip(), qualifier.strip() if colon else ""))
    if not NAME.fullmatch(name) or not sign or not identities or not all(one.id for one in identities):
        raise ConfigFault.at("", 0, 0, f"{text!r} is no account; one is acme=14:9521200043594,ZZ:ACME (small letters, then addresses)")
    return name, tuple(identities)


def accounts(folder: Path, named: Iterable[tuple[str, tuple[Identity, ...]]]) -> list[Account]:
    """The accounts with their passwords: those that the folder knows from before, new ones made up and kept there (mode 0600).
    ConfigFault when an address leads to two of them, or there are fewer than two."""
    listed = list(named)
    if len({name for name, _ in listed}) != len(listed) or len(listed) < 2:
        raise ConfigFault.at("", 0, 0, "a network needs at least two accounts, of different names")
    seen: dict[tuple[str, str, str], str] = {}
    for name, identities in listed:
        for one in identities:
            other = seen.setdefault((one.id, one.qualifier, one.standard), name)
            if other != name:
                raise ConfigFault.at("", 0, 0, f"the address {one.qualifier}:{one.id} would lead to {other} and to {name}")
    path = folder / FILE
    try:
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError:
        raise ConfigFault.at(str(path), 0, 0, "is damaged; remove it, then the accounts get new passwords") from None
    known |= {name: secrets.token_urlsafe(12) for name, _ in listed if name not in known}
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(known, file, indent=1)
    return [Account(name, known[name], identities) for name, identities in listed]
