"""What a row of the table of findings says, and what can come of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

NEWEST = "005010"  # the X12 release from which the code lists are the newer ones
IN_999 = {"618": "718", "620": "720", "621": "723"}  # an element of the 999 → the 997's, whose codes it has too


class Level(Enum):
    """What a finding is about; it decides which answer carries it."""

    INTERCHANGE = "interchange"
    GROUP = "group"
    MESSAGE = "message"
    SEGMENT = "segment"
    ELEMENT = "element"
    BUSINESS = "business"


class Severity(Enum):
    """What a finding does to the message unless the agreement says otherwise."""

    REJECT = "reject"
    NOTE = "note"


class Verdict(Enum):
    """What became of an interchange, group or message."""

    ACCEPTED = "accepted"
    WITH_ERRORS = "accepted with errors"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding: what is wrong in a sentence, what to do about it, and its code in each answer ('' or absent: none)."""

    name: str
    level: Level
    severity: Severity
    sentence: str
    hint: str
    contrl: tuple[str, str] = ("", "")  # 0085 in syntax 1 to 3, and in syntax 4
    x12: Mapping[str, str] = field(default_factory=dict)  # data element → code, from 005010 on
    x12_before: Mapping[str, str] = field(default_factory=dict)  # the same before 005010
    aperak: str = ""  # 9321
    x824: str = ""  # 647

    def syntax_error(self, version: str) -> str:
        """The code of data element 0085 in an answer of syntax `version` (1 to 4)."""
        return self.contrl[1 if version[:1] == "4" else 0]

    def code(self, element: str, release: str = NEWEST) -> str:
        """The code of an X12 data element (720, I18 …) in an answer of a release (004010 …)."""
        return (self.x12 if release >= NEWEST else self.x12_before).get(element, "")
