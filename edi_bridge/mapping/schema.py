"""The JSON Schema (2020-12) of maps and fragments, for editors: made from the tables that read them, so that it cannot drift.

Keys come from `mapfile`, conversions from `codec.CODECS`, fields from `record.py`, functions from `functions.py`. It says what a
map looks like; whether its paths exist is said by the compiler, whether they make sense by `lint`.
"""

from __future__ import annotations

from typing import Any

from edi_bridge import layout
from edi_bridge.mapping import mapfile
from edi_bridge.mapping.code_table import STANDARDS
from edi_bridge.mapping.codec import CODECS
from edi_bridge.mapping.functions import FUNCTIONS
from edi_bridge.record import PARTS, RECORDS, SCALARS, Field

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KINDS = ("map", "fragment")
STANDARD_NAMES = ("edifact", "x12", "xml", "csv", "fixed")

# What an editor shows beside a key. A test holds this table against the keys themselves.
WORDS = {
    "map": "its name, as the file's: RECORD.STANDARD-MESSAGE",
    "about": "for people: whose habit it is, what it cannot carry",
    "extends": "another map; this one is laid over it: fields and writes field by field, ~ removes, everything else replaces",
    "message": "the structure: edifact/D96A/ORDERS, x12/004010/850, xml/ubl-2.1/Order, csv/WHOSE/WHAT",
    "record": "what it makes",
    "records": "one message holds many records, one at each place: {each: PATH}",
    "when": "only where other fields of the same record or object have these values; NAME!: where they have not",
    "prefixes": "XML: further namespace prefixes",
    "layout": "CSV and fixed width: the columns",
    "fields": "the rules, a field each",
    "writes": "what the record cannot say: path: constant, or path: call of a function; only when writing",
    "tests": "samples that the map must read and write",
    "at": "where it stands: a path, or several (the first that is there is read, the first or the one marked write: true is written)",
    "as": "the conversion",
    "codes": "a code table by name, or in place: {theirs: ours}",
    "lookup": "a table of the partner's keys and ours, by name, or {table: NAME, on: a date of the record}",
    "else": "keep: a code or key that the table does not know passes as it is",
    "default": "fills the record when reading finds nothing, and before writing",
    "required": "a finding where it is not there",
    "is": "a constant: checked when reading, written when writing",
    "take": "which of several values, without a finding; lines (XML): all of them, each a line of one text",
    "use": "a fragment: rules that several maps use; own fields: are laid over it",
    "each": "where the instances of the list stand",
    "recurse": "the field below each item that holds items of the same kind (packs in packs)",
    "expand": "one item for each number, or each number of a range, found there: {field: path}",
    "fragment": "its name, as the file's",
    "of": "the part of a record that it fills",
}

_TEXT = {"type": "string"}
_WHEN = {"type": "object", "minProperties": 1, "description": WORDS["when"],
         "additionalProperties": {"type": ["string", "number", "boolean", "null", "array"]}}
_PATH = {"type": ["string", "integer"], "description": "a path: BGM/1004, QTY[6063=21]/6060, {PO1}/{N1}, cac:Party/cbc:ID", "minLength": 1}
_REMOVED = {"type": "null", "description": "removes what the layer below says"}


def schema(kind: str = "map") -> dict[str, Any]:
    """The schema of a whole map, or of a fragment."""
    made = {"$schema": DIALECT, "title": f"edi_bridge: a {kind}", "type": "object", **(_map() if kind == "map" else _fragment())}
    made["$defs"] = {
        "path": _PATH, "paths": _paths(), "when": _WHEN, "value": _value(), "codes": _codes(), "rules": _any_rules(),
        **{f"fields.{name}": _fields(fields) for name, fields in (*RECORDS.items(), *PARTS.items())},
    }
    return made


def _map() -> dict[str, Any]:
    kinds = {
        "extends": _TEXT, "map": _TEXT, "about": _TEXT,
        "message": {"type": "string", "pattern": f"^({'|'.join(STANDARD_NAMES)})/[^/]+/[^/]+$"},
        "record": {"enum": list(RECORDS)},
        "records": _closed({"each": {"$ref": "#/$defs/paths"}}, ["each"]),
        "when": {"$ref": "#/$defs/when"},
        "prefixes": {"type": "object", "additionalProperties": _TEXT},
        "layout": _layout(), "fields": {"$ref": "#/$defs/rules"}, "writes": _writes(),
        "tests": {"type": "array", "items": _closed({"sample": _TEXT}, ["sample"])},
    }
    by_record = [{"if": {"required": ["record"], "properties": {"record": {"const": name}}},
                  "then": {"properties": {"fields": {"$ref": f"#/$defs/fields.{name}"}}}} for name in RECORDS]
    return {"properties": _described(kinds, mapfile.MAP_KEYS), "additionalProperties": False, "required": ["map"],
            "anyOf": [{"required": ["message", "record", "fields"]}, {"required": ["extends"]}], "allOf": by_record}


def _fragment() -> dict[str, Any]:
    kinds = {"fragment": _TEXT, "of": {"enum": [*PARTS, *RECORDS]}, "about": _TEXT, "use": _TEXT, "fields": {"$ref": "#/$defs/rules"}}
    by_part = [{"if": {"required": ["of"], "properties": {"of": {"const": name}}},
                "then": {"properties": {"fields": {"$ref": f"#/$defs/fields.{name}"}}}} for name in PARTS]
    return {"properties": _described(kinds, tuple(kinds)), "additionalProperties": False, "required": ["fragment", "of"], "allOf": by_part}


def _described(kinds: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The properties in the table's order, each with its words; KeyError where the tables do not agree."""
    return {key: {"description": WORDS[key], **kinds[key]} for key in keys}


def _closed(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, **({"required": required} if required else {})}


def _paths() -> dict[str, Any]:
    chosen = _closed({"at": _PATH, "write": {"const": True, "description": "the one that is written"}, "when": {"$ref": "#/$defs/when"}}, ["at"])
    return {"anyOf": [{"$ref": "#/$defs/path"}, {"type": "array", "minItems": 1, "items": {"anyOf": [{"$ref": "#/$defs/path"}, chosen]}}]}


def _codec() -> dict[str, Any]:
    """Any known conversion, with or without arguments; the examples are what an editor offers."""
    names = "|".join(CODECS)
    return {"type": "string", "pattern": rf"^\s*({names})\s*(\(.*\))?\s*$",
            "examples": [one for recipe in CODECS.values() for one in recipe.written.split(" · ")],
            "description": "; ".join(f"{name}: {recipe.sentence}" for name, recipe in CODECS.items())}


def _codes() -> dict[str, Any]:
    ours = {"type": ["string", "number", "boolean"]}
    entry = _closed({"ours": ours, "write": {"const": True, "description": "the code that is written for it"}}, ["ours"])
    return {"anyOf": [{"type": "string", "description": f"a table of mappings/codes/, for one of {', '.join(STANDARDS)}"},
                      {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [ours, entry]}}]}


def _lookup() -> dict[str, Any]:
    table = {"type": "string", "pattern": f"^{mapfile.LOOKUP_NAME.pattern}$"}
    return {"anyOf": [table, _closed({"table": table, "on": {"type": "string", "description": "issued_on: the day on which the table is asked"}},
                                     ["table"])]}


def _value() -> dict[str, Any]:
    plain = {"type": ["string", "number", "boolean", "null"]}
    kinds = {"at": {"$ref": "#/$defs/paths"}, "as": _codec(), "codes": {"$ref": "#/$defs/codes"}, "lookup": _lookup(), "else": {"const": "keep"},
             "default": plain, "required": {"type": "boolean"}, "is": plain, "when": {"$ref": "#/$defs/when"},
             "take": {"enum": list(mapfile.TAKES)}}
    rule = {"type": "object", "properties": {key: _or_removed(one) for key, one in _described(kinds, mapfile.VALUE_KEYS).items()},
            "additionalProperties": False, "minProperties": 1}
    return {"anyOf": [{"$ref": "#/$defs/path"}, rule, _REMOVED]}


def _or_removed(rule: dict[str, Any]) -> dict[str, Any]:
    """A key of a rule, or ~ to take away what the layer below says."""
    return {"description": rule.get("description", ""), "anyOf": [{key: one for key, one in rule.items() if key != "description"}, _REMOVED]}


def _any_rules() -> dict[str, Any]:
    """Rules where the record is not known here (a map that extends another)."""
    return {"type": "object", "minProperties": 1}


def _fields(fields: dict[str, Field]) -> dict[str, Any]:
    return _closed({name: _field(field) for name, field in fields.items()})


def _field(field: Field) -> dict[str, Any]:
    note = f"{field.type}{' (a list)' if field.many else ''}"
    if field.type in SCALARS:
        return {"description": note, "$ref": "#/$defs/value"}
    inside = {"$ref": f"#/$defs/fields.{field.type}"}
    keys = mapfile.LIST_KEYS if field.many else mapfile.OBJECT_KEYS
    kinds = {"at": {"$ref": "#/$defs/paths"}, "each": {"$ref": "#/$defs/paths"}, "use": _TEXT, "fields": inside, "when": {"$ref": "#/$defs/when"},
             "required": {"type": "boolean"}, "recurse": _TEXT,
             "expand": {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": _PATH}}
    rule = {"type": "object", "properties": {key: _or_removed(one) for key, one in _described(kinds, keys).items()}, "additionalProperties": False}
    several = [{"type": "array", "minItems": 1, "items": rule}] if field.many else []
    return {"description": note, "anyOf": [rule, *several, _REMOVED]}


def _writes() -> dict[str, Any]:
    calls = "; ".join(f"{name}(…): {sentence}" for name, (_, sentence) in FUNCTIONS.items())
    return {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"], "description": f"a constant, or {calls}"}}


def _layout() -> dict[str, Any]:
    words: dict[str, Any] = {"anyOf": [_TEXT, {"type": "array", "items": {"type": ["string", "integer"]}}]}
    columns = {"type": "array", "minItems": 1, "items": _TEXT}
    kinds: dict[str, Any] = {
        "kind": {"enum": ["csv", "fixed"]}, "header": {"type": "boolean"}, "skip": {"type": "integer", "minimum": 0},
        "columns": {"anyOf": [columns, {"type": "object", "additionalProperties": {"anyOf": [columns, _REMOVED]}}]},
        "titles": {"type": "object", "additionalProperties": _TEXT}, "key": words, "begins": words, "outside": words}
    return _closed({key: {"anyOf": [kinds.get(key, _TEXT), _REMOVED]} for key in layout.KEYS})
