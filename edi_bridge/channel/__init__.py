"""Channels: how bytes come from a partner and go to it, as a partner's file or `partners/_channels.yaml` says. Values only."""

from __future__ import annotations

from edi_bridge.channel.channel import Channel, clashes, doubts, load, load_company
from edi_bridge.channel.options import OPTIONS, TEMPORARY, Option, as_markdown

__all__ = ["OPTIONS", "TEMPORARY", "Channel", "Option", "as_markdown", "clashes", "doubts", "load", "load_company"]
