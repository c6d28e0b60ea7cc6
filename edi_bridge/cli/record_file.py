"""What the user names on the command line: the bytes or the text of a file, and records as `translate` prints them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from edi_bridge.fault import ConfigFault


def content(file: str) -> bytes:
    """The bytes of a file, or of standard input where `-` is its name. ConfigFault where it cannot be read."""
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ConfigFault.at(file, 0, 0, f"cannot be read: {error.strerror}") from None


def text(file: str) -> str:
    """A file's text in UTF-8, with a byte order mark or without. ConfigFault where it cannot be read, or is in another charset."""
    try:
        return content(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigFault.at(file, 0, 0, f"is not in UTF-8 ({error.reason} at byte {error.start}): save it as `CSV UTF-8`") from None


def is_json(content: bytes) -> bool:
    """Whether it can only be records: no other file that we read begins with a brace or bracket."""
    return content.lstrip()[:1] in (b"{", b"[")


def records(content: bytes, file: str, record: str) -> list[dict[str, Any]]:
    """Records of a type from JSON objects one a line, one object, or a list of them. ConfigFault, with the line where each has its
    own, where one of them is no such record."""
    import msgspec

    from edi_bridge.record import from_json

    try:
        whole = msgspec.json.decode(content)
        pieces = [msgspec.json.encode(one) for one in whole] if isinstance(whole, list) else [content]
        first = 0
    except msgspec.DecodeError:
        pieces, first = [line for line in content.splitlines() if line.strip()], 1
    found: list[dict[str, Any]] = []
    for number, piece in enumerate(pieces, 1):
        try:
            found.append(from_json(piece, record))
        except (ValueError, msgspec.DecodeError) as error:
            raise ConfigFault.at(file, number if first else 0, 0, f"this is no record of type {record}: {error}") from None
    return found
