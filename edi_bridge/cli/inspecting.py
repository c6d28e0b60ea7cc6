"""The views of `inspect`: a tree for people, JSON lines for programs. Both print as they read, so memory does not
grow."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from edi_bridge.catalog import Catalog
from edi_bridge.cli import options, show, telling
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import (
    AnyMessage,
    Document,
    Group,
    GroupEnd,
    Interchange,
    Message,
    Part,
    Sheet,
    Stray,
    unmask,
    wire,
)
from edi_bridge.structure import Structure

MESSAGE, SEGMENT = 1, 2  # depths
LONG = 200  # characters of a segment or value that a person is shown
HEX = 64  # bytes of an unknown file


class Findings:
    """Tells what the reader finds, next to the message it is about."""

    def __init__(self, file: str, counting: telling.Counting, view: Any):
        self.file, self.counting, self.view = file, counting, view
        self.refused = False

    def begin(self, interchange: Interchange) -> None:
        """Another interchange."""
        self.interchange = interchange
        self.taken = 0
        self.later: list[Any] = []

    def tell(self, part: Part | None) -> None:
        """What is new since the last part; None: the interchange has ended, and all that is left is told."""
        fresh = [*self.later, *self.interchange.findings[self.taken :]]
        self.taken, self.later = len(self.interchange.findings), []
        message = part if isinstance(part, Message | Document | Sheet) else None
        for finding in fresh:
            if part is not None and (message is None or finding.position.message != message.ordinal):
                self.later.append(finding)
            else:
                self._one(finding, message)

    def _one(self, finding: Any, message: AnyMessage | None) -> None:
        told = telling.tell(self.file, finding, message, self.interchange)
        if told:
            self.refused |= told.rejects
            if self.counting.wants(told.kind):
                self.view.finding(told)

    def finish(self) -> None:
        """How many more there were."""
        for line in self.counting.hidden():
            show.note(f"{show.clean(self.file)}  {line}")


class Printer:
    """The tree for people."""

    def __init__(self, catalog: Catalog, depth: int, only: int | None):
        self.catalog, self.depth, self.only = catalog, depth, only
        self.first = b""
        self._grouped = False

    def file(self, name: str, first: bytes) -> None:
        """The file's name; its first bytes are shown when nothing else can be."""
        self.first = first
        self._line(show.style(show.clean(name), "bold", sys.stdout))

    def interchange(self, one: Interchange) -> None:
        """The envelope's head."""
        self._grouped = False
        if one.standard == "unknown":
            self._hex()
            return
        flag = "" if one.test is None else "test" if one.test else "live"
        words = [
            f"interchange {one.ordinal}",
            f"{one.standard} {one.syntax}".strip(),
            one.control and f"control {one.control}",
            str(one.sender) and f"from {one.sender}",
            str(one.receiver) and f"to {one.receiver}",
            one.prepared,
            flag,
            one.application,
            f"byte {one.offset}",
        ]
        self._line("  " + _words(words))
        if one.header:
            self._line(f"    {_short(one.header)}")

    def part(self, part: Part, interchange: Interchange) -> None:
        """A group, a message, or what stands outside them."""
        match part:
            case Group():
                self._grouped = True
                self._line(
                    "    "
                    + _words(
                        [
                            f"group {part.ordinal}",
                            part.kind,
                            part.reference and f"reference {part.reference}",
                            part.sender and f"from {part.sender}",
                            part.receiver and f"to {part.receiver}",
                            part.version,
                            f"byte {part.offset}",
                        ]
                    )
                )
            case GroupEnd():
                self._grouped = False
                self._line(f"    {_short(part.trailer)}")
            case Stray():
                self._line(f"    outside any message · byte {part.offset}  {_short(part.raw)}")
            case _ if self.depth >= MESSAGE and self.only in (None, part.ordinal):
                self._message(part)

    def end(self, one: Interchange) -> None:
        """The envelope's trailer."""
        if one.trailer:
            self._line(f"    {_short(one.trailer)}")

    def finding(self, told: telling.Told) -> None:
        """On stderr, after what stands before it."""
        sys.stdout.flush()
        telling.note(told)

    def _message(self, message: AnyMessage) -> None:
        kind = message.type
        count = (
            show.number(len(message.segments), "segment")
            if isinstance(message, Message)
            else (show.number(len(message.rows), "row") if isinstance(message, Sheet) else f"line {message.line}")
        )
        name = f"{kind.name} {kind.version}" + (f" ({kind.usage})" if kind.usage else "")
        indent = "      " if self._grouped else "    "
        self._line(
            indent
            + show.style(f"message {message.ordinal}", "bold", sys.stdout)
            + " · "
            + _words([name, message.reference and f"reference {message.reference}", count, f"byte {message.offset}"])
        )
        if self.depth >= SEGMENT:
            for line in _body(message, self.catalog):
                self._line(indent + line)

    def _hex(self) -> None:
        """The first bytes of a file that is nothing we know."""
        for start in range(0, min(len(self.first), HEX), 16):
            row = self.first[start : start + 16]
            text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
            self._line(f"  {start:>6}  {row.hex(' '):<47}  {text}")

    def _line(self, text: str) -> None:
        print(text)


def _body(message: AnyMessage, catalog: Catalog) -> Iterator[str]:
    """The inside of a message, a line each."""
    match message:
        case Message():
            paths = places(message, catalog)
            width = max((len(path) for path in paths.values()), default=0)
            for number in range(1, len(message.segments) + 1):
                path = paths.get(number, "")
                text = wire(message.delimiters.element.join(message.segments[number - 1]), message.delimiters)
                column = show.style(f"{path:<{width}}", "dim", sys.stdout) + "  " if width else ""
                offset = message.locate(number).offset or 0
                yield f"{number:>6}  byte {offset:<9} {column}{'  ' * path.count('/')}{_short(text)}"
        case Document():
            for depth, element in _elements(message):
                name = element.tag.rpartition("}")[2]
                name = f"{element.prefix}:{name}" if element.prefix else name
                attributes = "".join(f" @{key.rpartition('}')[2]}={_short(value)}" for key, value in element.items())
                text = (element.text or "").strip()
                yield f"line {message.line + (element.sourceline or 1) - 1:<6} {'  ' * depth}{name}{attributes}" + (
                    f"  {_short(text)}" if text else ""
                )
        case Sheet():
            for number, row in enumerate(message.rows):
                cells = [f"{name}={_short(value)}" for name, value in zip(message.header, row, strict=False) if value]
                yield f"line {message.lines[number]:<6} {'  '.join(cells)}"


def _elements(message: Document) -> Iterator[tuple[int, Any]]:
    pending = [(0, message.root)]
    while pending:
        depth, element = pending.pop()
        yield depth, element
        pending += [(depth + 1, child) for child in reversed(element) if isinstance(child.tag, str)]


def places(message: Message, catalog: Catalog) -> dict[int, str]:
    """segment number (from 1) → its path in the message's structure; {} where we have none."""
    kind = message.type
    try:
        structure = catalog.structure(f"{kind.standard}/{kind.version}/{kind.name}")
    except ConfigFault:
        return {}
    if not isinstance(structure, Structure):
        return {}
    walked = structure.walk(message.segments, message.delimiters.component)
    return {number + 1: node.path for number, node in structure.places(walked.root).items()}


class Recorder:
    """JSON lines: {"is": "interchange" | "group" | "message" | "outside" | "end" | "finding", …}."""

    def __init__(self, catalog: Catalog, depth: int, only: int | None):
        self.catalog, self.depth, self.only = catalog, depth, only
        self.name = ""

    def file(self, name: str, first: bytes) -> None:
        """Kept for every line."""
        self.name = name

    def interchange(self, one: Interchange) -> None:
        """The envelope."""
        self._line(
            "interchange",
            number=one.ordinal,
            standard=one.standard,
            syntax=one.syntax,
            control=one.control,
            sender=str(one.sender),
            receiver=str(one.receiver),
            prepared=one.prepared,
            test=one.test,
            offset=one.offset,
            header=one.header,
        )

    def part(self, part: Part, interchange: Interchange) -> None:
        """A group, a message, or what stands outside them."""
        match part:
            case Group():
                self._line(
                    "group",
                    number=part.ordinal,
                    kind=part.kind,
                    reference=part.reference,
                    sender=part.sender,
                    receiver=part.receiver,
                    version=part.version,
                    offset=part.offset,
                )
            case GroupEnd():
                pass
            case Stray():
                self._line("outside", raw=part.raw, offset=part.offset)
            case _ if self.depth >= MESSAGE and self.only in (None, part.ordinal):
                body = {_BODIES[part.standard]: list(_values(part, self.catalog))} if self.depth >= SEGMENT else {}
                self._line(
                    "message",
                    interchange=interchange.ordinal,
                    group=part.group.ordinal if part.group else None,
                    number=part.ordinal,
                    type=str(part.type),
                    usage=part.type.usage,
                    reference=part.reference,
                    offset=part.offset,
                    **body,
                )

    def end(self, one: Interchange) -> None:
        """The trailer."""
        self._line("end", number=one.ordinal, trailer=one.trailer)

    def finding(self, told: telling.Told) -> None:
        """Among the lines, not on stderr."""
        self._line("finding", **{key: value for key, value in told.as_json().items() if key != "file"})

    def _line(self, is_: str, /, **values: Any) -> None:
        said = {key: value for key, value in values.items() if value not in ("", None)}
        options.print_json({"is": is_, "file": self.name, **said}, indent=False)


_BODIES = {"edifact": "segments", "x12": "segments", "xml": "elements", "csv": "rows", "fixed": "rows"}


def _values(message: AnyMessage, catalog: Catalog) -> Iterator[dict[str, Any]]:
    """The inside of a message as values."""
    match message:
        case Message():
            paths, separator = places(message, catalog), message.delimiters.component
            for number, elements in enumerate(message.segments, 1):
                split = [
                    [unmask(part, message.delimiters) for part in element.split(separator)] if separator else [element]
                    for element in elements[1:]
                ]
                yield {
                    "number": number,
                    "offset": message.locate(number).offset,
                    "path": paths.get(number, ""),
                    "tag": elements[0],
                    "elements": split,
                }
        case Document():
            for depth, element in _elements(message):
                yield {
                    "line": message.line + (element.sourceline or 1) - 1,
                    "depth": depth,
                    "name": element.tag,
                    "attributes": dict(element.items()),
                    "text": (element.text or "").strip(),
                }
        case Sheet():
            for line, row in zip(message.lines, message.rows, strict=True):
                yield {"line": line, "cells": dict(zip(message.header, row, strict=False))}


def _words(parts: list[Any]) -> str:
    return " · ".join(show.clean(str(part)) for part in parts if part)


def _short(text: str) -> str:
    return show.clean(show.cut(text, LONG))
