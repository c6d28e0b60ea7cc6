"""Our interchanges as pydifact's and back, for programs that work with pydifact's segment collections.

What pydifact cannot hold is lost on the way there: functional groups (UNG, UNE), segments outside messages, findings
and positions, the layout (line breaks, wrapping, byte order mark), the bytes themselves, control characters in the
data, seconds and a missing date of preparation (1970-01-01 then), what UNZ and UNT of a faulty interchange said (it
counts anew). Repetitions (syntax 4) stay together as one text with their separator. Empty elements at the end of a
segment survive here, but not in pydifact's own `serialize`. pydifact reads and keeps everything in memory.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from edi_bridge.fault import TerminalFault
from edi_bridge.interchange import Interchange, Message, escape, mask, unmask
from edi_bridge.syntax import edifact
from edi_bridge.syntax.charset import declared, named
from edi_bridge.syntax.edifact_text import default_delimiters, una_delimiters

EPOCH = "1970-01-01"


def to_pydifact(interchange: Interchange) -> Any:
    """A `pydifact.segmentcollection.Interchange` with the messages' segments; uses up the parts."""
    from pydifact.control.characters import Characters
    from pydifact.segmentcollection import Interchange as Collection
    from pydifact.segments import Segment

    d = interchange.delimiters
    if interchange.standard != "edifact":
        raise TerminalFault(f"pydifact only knows EDIFACT, this is {interchange.standard}")

    def values(elements: list[str]) -> list[str | list[str]]:
        rows = [[unmask(part, d) for part in element.split(d.component)] for element in elements]
        return [row[0] if len(row) == 1 else row for row in rows]

    header = values(mask(interchange.header, d).split(d.element))[1:]
    header += [""] * (5 - len(header))
    level, _, version = interchange.syntax.partition(":")
    advice = f"UNA{d.component}{d.element}{d.decimal}{d.release or ' '}{d.repetition or ' '}{d.terminator}"
    collection = Collection(
        sender=header[1], recipient=header[2], control_reference=header[4],
        syntax_identifier=(level, int(version) if version.isdigit() else 0),
        timestamp=datetime.fromisoformat(interchange.prepared or EPOCH),
        extra_header_elements=header[5:], characters=Characters.from_str(advice))
    collection.has_una_segment = bool(interchange.layout.una)
    for message in interchange.messages:
        assert isinstance(message, Message)
        collection.add_segments(Segment(segment[0], *values(segment[1:])) for segment in message.segments)
    return collection


def from_pydifact(collection: Any, *, charset: str | None = None) -> Interchange:
    """Our interchange of a `pydifact.segmentcollection.Interchange`; its header and trailer are pydifact's own.

    `charset` overrides what the syntax identifier says (UNOC: ISO 8859-1). TerminalFault when a character is not
    in the character set.
    """
    characters = collection.characters
    level, version = str(collection.syntax_identifier[0]), str(collection.syntax_identifier[1])
    known = named(charset) if charset else declared(level)
    advice = (characters.component_separator + characters.data_separator + characters.decimal_point
              + characters.escape_character + (characters.reserved_character or " ") + characters.segment_terminator)
    d, problem = una_delimiters(advice.encode(known.codec, "replace"), version, known)
    if d is None:
        raise TerminalFault(f"these control characters cannot be used: {problem}")
    una = "UNA" + advice if collection.has_una_segment or d != default_delimiters(version) else ""

    def wire(element: Any) -> str:
        if isinstance(element, list | tuple):
            return d.component.join(escape(part or "", d) for part in element)
        return escape(element or "", d)

    segments = [collection.get_header_segment(), *collection.segments, collection.get_footer_segment()]
    text = una + "".join(
        d.element.join([segment.tag, *(wire(element) for element in segment.elements)]) + d.terminator
        for segment in segments if segment.tag != "UNA")
    try:
        content = text.encode(known.codec)
    except UnicodeEncodeError as error:
        raise TerminalFault(f'the character "{text[error.start]}" is not in {known.declared}') from error
    return next(edifact.read(io.BytesIO(content), charset=charset))
