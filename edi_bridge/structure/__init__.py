"""A message's tree of segment groups and segments, and the one walk that gives each segment its place.

A structure is read from the files described in `docs/structures.md`. The walk is table-driven: for every place in the
tree a dictionary says where a tag leads. Its result is a tree of *instances*: an instance of a group is a list with one
entry for each child of the group, None when the child is absent, a list of segment numbers (from 0) where the child is a
segment, a list of instances where it is a group. Where the structure has a hierarchy (HL, CPS) the last entry of the root
and of each node instance holds its child nodes.

Placing follows ISO 9735-1 clause 7 (top to bottom, left to right) and X12.6 3.10: the nearest following place wins.
"""

from edi_bridge.structure.loading import load
from edi_bridge.structure.tree import (
    UNLIMITED,
    ElementDef,
    Hierarchy,
    Instance,
    Node,
    SegmentDef,
    Step,
    hang,
    width,
)
from edi_bridge.structure.walk import Structure, Walked

__all__ = [
    "UNLIMITED",
    "ElementDef",
    "Hierarchy",
    "Instance",
    "Node",
    "SegmentDef",
    "Step",
    "Structure",
    "Walked",
    "hang",
    "load",
    "width",
]
