"""Where something stands: in a file, for people and for answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands. Counts start at 1 (the message's header segment is segment 1, the first
    element after the tag is element 1); `offset` and `length` are bytes in the source and start at 0."""

    interchange: int | None = None
    group: int | None = None
    message: int | None = None
    segment: int | None = None
    tag: str | None = None
    element: int | None = None
    component: int | None = None
    repetition: int | None = None
    offset: int | None = None
    length: int | None = None
    line: int | None = None
    path: str | None = None  # the place in the reader's words: SG25/QTY/C186.6060, {PO1}/PO1/02, an XML path, a CSV column
    id: str | None = None  # the dictionary's number of the element (6060, 330), where a guide knows it

    def words(self) -> str:
        """`interchange 1 › message 2 › segment 9 (QTY) › element 1.2`, leaving out what is unknown."""
        steps = []
        if self.interchange is not None:
            steps.append(f"interchange {self.interchange}")
        if self.group is not None:
            steps.append(f"group {self.group}")
        if self.message is not None:
            steps.append(f"message {self.message}")
        if self.segment is not None:
            steps.append(f"segment {self.segment}" + (f" ({self.tag})" if self.tag else ""))
        elif self.tag:
            steps.append(self.tag)
        if self.element is not None:
            steps.append(f"element {self.element}" + (f".{self.component}" if self.component else ""))
        if self.line is not None:
            steps.append(f"line {self.line}")
        if self.path:
            steps.append(self.path)
        if self.offset is not None:
            steps.append(f"byte {self.offset}")
        return " › ".join(steps) or "the file"
