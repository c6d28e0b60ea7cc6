"""An XML document, and the paths of its elements."""

from __future__ import annotations

from collections import Counter
from typing import Any

from edi_bridge.interchange.envelope import MessageType
from edi_bridge.interchange.position import Position


class Document:
    """One XML business document: `root` is its lxml element, `raw` its bytes, `offset` and `line` their place in
    the source."""

    __slots__ = ("standard", "type", "ordinal", "reference", "root", "raw", "offset", "line", "interchange", "group")

    def __init__(self, type: MessageType, ordinal: int, reference: str, root: Any, *, raw: bytes = b"",
                 offset: int = 0, line: int = 1, interchange: int = 1):
        self.standard = "xml"
        self.type = type
        self.ordinal = ordinal
        self.reference = reference
        self.root = root
        self.raw = raw
        self.offset = offset
        self.line = line
        self.interchange = interchange
        self.group = None

    def locate(self, element: Any = None, attribute: str = "") -> Position:
        """The position of an element (default: the root) or of one of its attributes: line and path."""
        element = self.root if element is None else element
        path = element_path(element) + (f"/@{attribute}" if attribute else "")
        line = self.line + element.sourceline - 1 if element.sourceline else self.line
        return Position(interchange=self.interchange, message=self.ordinal, line=line, path=path)


def element_path(element: Any) -> str:
    """`/Order/cac:OrderLine[3]/cbc:ID`: names with the document's own prefixes; a number only among namesakes."""
    steps = []
    while element is not None:
        name = element.tag.rpartition("}")[2]
        step = f"{element.prefix}:{name}" if element.prefix else name
        before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
        if before or next(element.itersiblings(element.tag), None) is not None:
            step += f"[{before + 1}]"
        steps.append(step)
        element = element.getparent()
    return "/" + "/".join(reversed(steps))


def element_paths(root: Any) -> dict[Any, str]:
    """`element_path` of every element of a document, in one walk."""
    paths: dict[Any, str] = {root: element_path(root)}
    for parent in root.iter("*"):
        inside = list(parent.iterchildren("*"))
        many = Counter(child.tag for child in inside)
        seen: Counter[str] = Counter()
        for child in inside:
            seen[child.tag] += 1
            name = child.tag.rpartition("}")[2]
            number = f"[{seen[child.tag]}]" if many[child.tag] > 1 else ""
            paths[child] = f"{paths[parent]}/{child.prefix}:{name}{number}" if child.prefix else f"{paths[parent]}/{name}{number}"
    return paths
