"""How much we take from a partner in one piece; beyond it: a finding, and the raw bytes are kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All in bytes, except where the name says otherwise."""

    interchange: int = 2_000_000_000
    message: int = 32_000_000
    message_segments: int = 500_000
    segment: int = 1_000_000
    xml_depth: int = 64
    xml_text: int = 10_000_000
    xml_namespaces: int = 256  # prefixes that hold for one element


DEFAULT = Limits()
