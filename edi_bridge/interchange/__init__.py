"""What a partner's file is made of: interchange › group › message › segment.

Frozen values and navigation only; reading bytes into them and writing them back is `syntax/`. The texts of segments are
masked inside the program: see `masking`.
"""

from edi_bridge.interchange.byte_spans import cell_spans, inner_span, spans
from edi_bridge.interchange.document import Document, element_path, element_paths
from edi_bridge.interchange.envelope import (
    ANSWERS,
    Address,
    Group,
    GroupEnd,
    Layout,
    MessageType,
    Stray,
)
from edi_bridge.interchange.interchange import (
    GROUPS_KEPT,
    STRAYS_KEPT,
    AnyMessage,
    Interchange,
    Part,
)
from edi_bridge.interchange.masking import (
    MARK,
    NATIVE,
    Delimiters,
    clashes,
    escape,
    join,
    mask,
    unmask,
    wire,
)
from edi_bridge.interchange.message import Message
from edi_bridge.interchange.position import Position
from edi_bridge.interchange.sheet import Sheet

__all__ = [
    "ANSWERS",
    "GROUPS_KEPT",
    "MARK",
    "NATIVE",
    "STRAYS_KEPT",
    "Address",
    "AnyMessage",
    "Delimiters",
    "Document",
    "Group",
    "GroupEnd",
    "Interchange",
    "Layout",
    "Message",
    "MessageType",
    "Part",
    "Position",
    "Sheet",
    "Stray",
    "cell_spans",
    "clashes",
    "element_path",
    "element_paths",
    "escape",
    "inner_span",
    "join",
    "mask",
    "spans",
    "unmask",
    "wire",
]
