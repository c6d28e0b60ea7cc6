"""The switches of the network in a box: what goes wrong, how often, at whose mailbox. Changed by a file while it runs.

The file (`switches.json` in the lab's folder) holds for each switch how often it still acts. A running network reads it when it
changed, and counts down in it; who writes holds a lock, so that no change is lost.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edi_bridge.fault import ConfigFault

FILE = "switches.json"
DOSE = re.compile(r"off|always|[1-9][0-9]{0,5}|(?:100|[1-9]?[0-9])%")
ON = re.compile(r"on|off")
SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch: which values it takes, what it is at first, and what it does. `scope`: whose mailbox a prefix names."""

    values: re.Pattern[str]
    first: str
    about: str
    scope: str = "the receiver's"


SWITCHES = {
    "lost": Switch(DOSE, "off", "taken from the sender, reported as taken, never delivered"),
    "late": Switch(DOSE, "off", "delivered only after late_seconds"),
    "doubled": Switch(DOSE, "off", "delivered twice, under two names"),
    "reordered": Switch(DOSE, "off", "held back until the next one for this mailbox was delivered (or late_seconds have passed)"),
    "truncated": Switch(DOSE, "off", "delivered without its last third"),
    "delimiters": Switch(DOSE, "off", "delivered with other delimiters (X12, EDIFACT)"),
    "report_first": Switch(DOSE, "off", "reported as in the mailbox late_seconds before it is there"),
    "unreported": Switch(DOSE, "off", "delivered, and no report says so", "the sender's"),
    "disconnect": Switch(DOSE, "off", "the connection is cut in the middle of the transfer of a file", "the account's"),
    "rename_fails": Switch(DOSE, "off", "renaming a file is refused", "the account's"),
    "full": Switch(DOSE, "off", "writing is refused: the quota is used up", "the account's"),
    "delete_on_read": Switch(ON, "off", "a file that was read to its end is gone", "the account's"),
    "late_seconds": Switch(SECONDS, "5", "how long late means", "the receiver's"),
}


def as_markdown() -> str:
    """The table of switches as it stands in docs/lab.md."""
    rows = [f"| `{name}` | {one.scope} | {one.about} |" for name, one in SWITCHES.items()]
    return "\n".join(("| switch | whose mailbox | what happens |", "|---|---|---|", *rows)) + "\n"


def check(key: str, value: str, accounts: list[str]) -> None:
    """ConfigFault unless `key` (`lost`, `acme.lost`) is a switch, of an account that there is, and takes the value."""
    account, _, name = key.rpartition(".")
    if name not in SWITCHES:
        raise ConfigFault.at("", 0, 0, f"there is no switch {name}; there are {', '.join(SWITCHES)}")
    if account and account not in accounts:
        raise ConfigFault.at("", 0, 0, f"there is no account {account}; there are {', '.join(accounts)}")
    if not SWITCHES[name].values.fullmatch(value):
        takes = {DOSE: "off, always, a number of times (3) or a share (20%)", ON: "on or off", SECONDS: "seconds (2.5)"}
        raise ConfigFault.at("", 0, 0, f"{key} is {takes[SWITCHES[name].values]}, and not {value}")


def stored(folder: Path) -> dict[str, str]:
    """What was set: key → value. ConfigFault when the file is damaged."""
    try:
        found = json.loads((folder / FILE).read_text("utf-8"))
        return {str(key): str(value) for key, value in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, OSError) as error:
        raise ConfigFault.at(str(folder / FILE), 0, 0, f"cannot be read: {error}") from None


def store(folder: Path, changed: Mapping[str, str]) -> None:
    """Set switches: written beside and renamed, so that a running network reads the old or the new."""
    with _locked(folder):
        _write(folder, stored(folder) | dict(changed))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / f".{FILE}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(folder: Path, values: Mapping[str, str]) -> None:
    beside = folder / f".{FILE}.new"
    beside.write_text(json.dumps(values, indent=1), "utf-8")
    os.replace(beside, folder / FILE)


class Switches:
    """The switches of a running network. The same seed and the same events give the same strikes."""

    def __init__(self, folder: Path, seed: int = 0):
        self._folder, self._seed = folder, seed
        self._stamp: tuple[int, int] = (0, 0)
        self._set: dict[str, str] = {}
        self._dice: dict[str, random.Random] = {}

    def value(self, name: str, account: str) -> str:
        """What a switch stands at, for one account: its own value before the one of all."""
        self._reread()
        return self._set.get(self._key(name, account), SWITCHES[name].first)

    def strikes(self, name: str, account: str) -> bool:
        """Whether it acts now; counts as once."""
        value = self.value(name, account)
        if value in ("off", "on", "always"):
            return value != "off"
        key = self._key(name, account)
        if value.endswith("%"):
            die = self._dice.setdefault(key, random.Random(f"{self._seed} {key}"))
            return die.random() * 100 < int(value[:-1])
        with _locked(self._folder):
            now = stored(self._folder)
            left = int(now[key]) if now.get(key, "").isdigit() else 0
            if left:
                _write(self._folder, now | {key: str(left - 1) if left > 1 else "off"})
        return left > 0

    def _key(self, name: str, account: str) -> str:
        return f"{account}.{name}" if f"{account}.{name}" in self._set else name

    def _reread(self) -> None:
        try:
            found = (self._folder / FILE).stat()
        except FileNotFoundError:
            return
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            self._set, self._stamp = stored(self._folder), stamp
