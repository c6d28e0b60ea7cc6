"""Bytes in, bytes out, and a confirm (`contract.py`), over folders, SFTP, FTPS, mailboxes of networks and HTTP."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from edi_bridge.channel import Channel
from edi_bridge.secret import Secrets
from edi_bridge.transport.contract import Transport

# kind of channel → module of this package; each has `open_(channel, secrets, passing) -> Transport`
KINDS = {"directory": "directory", "sftp": "sftp", "ftps": "ftps", "ftp": "ftps", "van": "van", "http": "http"}


def open_transport(channel: Channel, secrets: Secrets, passing: Callable[[str], None] = lambda point: None) -> Transport:
    """The way to a partner as its channel says. `passing` is told each step (see `crashpoint`); modules load when needed."""
    module = importlib.import_module(f"edi_bridge.transport.{KINDS[channel.kind]}")
    opened: Transport = module.open_(channel, secrets, passing)
    return opened
