"""The JSON Schema (2020-12) of guide files, for editors: a message's tree, the dictionaries of its release, an agreement's
`restrict:`. The form itself is in docs/structures.md and docs/guides.md.

The schema says what a file looks like; whether its paths, segments and elements exist is said when the guide is loaded.
"""

from __future__ import annotations

from typing import Any

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ELEMENT = r"(?:\d{1,4}|[A-Z]\d{1,3}[A-Z]?|[A-Z]{1,2}\d{2,3})"
_TAG = r"[A-Z][A-Z0-9]{1,2}"
_GROUP = rf"(?:SG\d+|\{{{_TAG}\}})"
_OCCURRENCE = r" [MCOX] (?:\d+|>1)"
_TYPE = r"(?:(?:an|a|n)(?:\.\.)?\d+|(?:AN|ID|N\d?|R|DT|TM|B|FS) \d+(?:/\d+)?)"

_TEXT = {"type": "string"}
_NAMES: dict[str, Any] = {"type": "object", "additionalProperties": {"type": ["string", "number", "null"]}}
_RULES = {
    "type": "array",
    "description": "conditions: P0304 (X12: P R E C L) or D5(02,03) (EDIFACT: D1 to D7); positions count from 1",
    "items": {"type": "string", "pattern": r"^(?:[PRECL](?:\d\d){2,}|D[1-7]\(\s*\d+(?:\s*,\s*\d+)+\s*\))$"},
}
_TREE = {
    "type": "array",
    "minItems": 1,
    "items": {
        "anyOf": [
            {"type": "string", "description": "a segment: TAG status max", "pattern": f"^{_TAG}{_OCCURRENCE}$"},
            {
                "type": "object",
                "description": "a group or loop: NAME status max; its first child is its trigger",
                "minProperties": 1,
                "maxProperties": 1,
                "patternProperties": {f"^{_GROUP}{_OCCURRENCE}$": {"$ref": "#/$defs/tree"}},
                "additionalProperties": False,
            },
        ]
    },
}

MESSAGE: dict[str, Any] = {
    "description": "one message's tree (ORDERS.yaml, 850.yaml)",
    "type": "object",
    "required": ["structure", "tree"],
    "properties": {
        "structure": {"description": "edifact/D96A/ORDERS", "type": "string", "pattern": r"^(?:edifact|x12)/[A-Za-z0-9]+/[A-Za-z0-9]+$"},
        "name": {"description": "what the message is", **_TEXT},
        "group": {"description": "X12: GS01", **_TEXT},
        "rules": {"description": "conditions between parts of the tree: D4(SG1,SG3)", "type": "array",
                  "items": {"type": "string", "pattern": r"^D[1-7]\([^(),]+(?:,[^(),]+)+\)$"}},
        "hierarchy": {
            "description": "where segments number a tree: HL01 to HL04, CPS",
            "type": "object",
            "required": ["node", "id", "parent"],
            "properties": {key: _TEXT for key in ("node", "id", "parent", "kind", "has_child")},
            "additionalProperties": False,
        },
        "codes": {"description": "the only codes of an element of the message's own segments, as the message's text has them (UNS/0081: [S])",
                  "type": "object", "patternProperties": {rf"^{_TAG}/{_ELEMENT}$": {"type": "array", "items": _TEXT, "minItems": 1}},
                  "additionalProperties": False},
        "pairs": {"description": "X12 qualifier/value pairs: first qualifier's and last value's position", "type": "object",
                  "additionalProperties": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}},
        "tree": {"$ref": "#/$defs/tree"},
    },
    "additionalProperties": False,
}
PARTS: dict[str, Any] = {
    "description": "segments.yaml, composites.yaml: what stands in each, with its status and repeats",
    "type": "object",
    "patternProperties": {
        rf"^(?:{_TAG}|[A-Z]\d{{3}})$": {
            "type": "object",
            "required": ["of"],
            "properties": {
                "name": _TEXT,
                "of": {"type": "array", "items": {
                    "type": "string", "pattern": rf"^{_ELEMENT} [MCOX](?:\*\d+)?(?: {_TYPE})?$"}},
                "rules": {"$ref": "#/$defs/rules"},
                "notes": {"description": "in your own words", "type": ["string", "array"]},
            },
            "additionalProperties": False,
        }
    },
    "additionalProperties": False,
}
ELEMENTS: dict[str, Any] = {
    "description": "elements.yaml: number → type, length, name",
    "type": "object",
    "patternProperties": {f"^{_ELEMENT}$": {"type": "string", "pattern": f"^{_TYPE}(?: .+)?$"}},
    "additionalProperties": False,
}
CODES: dict[str, Any] = {
    "description": "codes.yaml: element → code → name; X12 says whether the list is complete",
    "type": "object",
    "patternProperties": {
        f"^{_ELEMENT}$": {
            "anyOf": [
                {"type": "object", "required": ["codes"], "additionalProperties": False,
                 "properties": {"complete": {"type": "boolean"}, "codes": {"$ref": "#/$defs/names"}}},
                {"$ref": "#/$defs/names"},
            ]
        }
    },
    "additionalProperties": False,
}
RESTRICT: dict[str, Any] = {
    "description": "an agreement's restrict: — path (SG25/QTY, BGM/1225, {N1}/N1/03) → what holds there beyond the standard",
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "minProperties": 1,
        "properties": {
            "max": {"type": "integer", "minimum": 0},
            "min": {"type": "integer", "minimum": 0},
            "required": {"type": "boolean"},
            "forbidden": {"type": "boolean"},
            "codes": {"type": "array", "items": {"type": ["string", "integer"]}},
            "add_codes": {"type": "array", "items": {"type": ["string", "integer"]}},
            "length": {"type": ["string", "integer"], "pattern": r"^\d+(?:\.\.\d+)?$"},
        },
        "additionalProperties": False,
    },
}
KINDS = {"message": MESSAGE, "segments": PARTS, "composites": PARTS, "elements": ELEMENTS, "codes": CODES, "restrict": RESTRICT}


def schema(kind: str = "") -> dict[str, Any]:
    """The schema of one kind of file, or of any of them. KeyError when there is no such kind."""
    shared = {"$defs": {"tree": _TREE, "rules": _RULES, "names": _NAMES}}
    if not kind:
        alike = [MESSAGE, PARTS, ELEMENTS, CODES, {"type": "object", "required": ["restrict"], "properties": {"restrict": RESTRICT},
                                                    "additionalProperties": False}]
        return {"$schema": DIALECT, "title": "edi-bridge guide file", "anyOf": alike, **shared}
    if kind == "restrict":
        return {"$schema": DIALECT, "title": "edi-bridge restrict", **RESTRICT, **shared}
    return {"$schema": DIALECT, "title": f"edi-bridge guide: {kind}", **KINDS[kind], **shared}
