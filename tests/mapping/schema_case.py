"""A small validator of JSON Schema 2020-12: the keywords that our schema of maps uses. An unknown keyword fails.

The project has no validator among its dependencies; this one is checked against the standard's own words in test_schema."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "number": (int, float, Decimal), "null": type(None)}
NOTES = {"description", "title", "$schema", "$defs", "examples"}
HANDLED_TOGETHER = {"properties", "additionalProperties", "then"}


def errors(value: Any, rule: dict[str, Any], whole: dict[str, Any], where: str = "") -> list[str]:
    """What a value lacks of a schema, each with its place in the value."""
    found: list[str] = []
    for keyword, wanted in rule.items():
        if keyword in NOTES or keyword in HANDLED_TOGETHER:
            continue
        found += _KEYWORDS[keyword](value, wanted, rule, whole, where)
    return found + _properties(value, rule, whole, where)


def _type(value: Any, wanted: Any, rule: Any, whole: Any, where: str) -> list[str]:
    names = [wanted] if isinstance(wanted, str) else wanted
    fits = any(isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool)) for name in names)
    return [] if fits else [f"{where}: {value!r} is no {wanted}"]


def _ref(value: Any, wanted: str, rule: Any, whole: dict[str, Any], where: str) -> list[str]:
    return errors(value, whole["$defs"][wanted.removeprefix("#/$defs/")], whole, where)


def _any_of(value: Any, wanted: list[Any], rule: Any, whole: Any, where: str) -> list[str]:
    tried = [errors(value, one, whole, where) for one in wanted]
    return [] if not all(tried) else [f"{where}: fits none: {min(tried, key=len)}"]


def _all_of(value: Any, wanted: list[Any], rule: Any, whole: Any, where: str) -> list[str]:
    return [error for one in wanted for error in errors(value, one, whole, where)]


def _if(value: Any, wanted: Any, rule: dict[str, Any], whole: Any, where: str) -> list[str]:
    return errors(value, rule["then"], whole, where) if not errors(value, wanted, whole, where) else []


def _size(compare: Any, kinds: tuple[type, ...]) -> Any:
    def check(value: Any, wanted: int, rule: Any, whole: Any, where: str) -> list[str]:
        return [f"{where}: has {len(value)}, not {wanted}"] if isinstance(value, kinds) and not compare(len(value), wanted) else []

    return check


def _properties(value: Any, rule: dict[str, Any], whole: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    found = []
    known, others = rule.get("properties", {}), rule.get("additionalProperties", True)
    for name, item in value.items():
        if name in known:
            found += errors(item, known[name], whole, f"{where}/{name}")
        elif others is False:
            found.append(f"{where}: {name} is not known")
        elif isinstance(others, dict):
            found += errors(item, others, whole, f"{where}/{name}")
    return found


_KEYWORDS: dict[str, Any] = {
    "$ref": _ref, "type": _type, "anyOf": _any_of, "allOf": _all_of, "if": _if,
    "enum": lambda value, wanted, *rest: [] if value in wanted else [f"{rest[2]}: {value!r} is not among {wanted}"],
    "const": lambda value, wanted, *rest: [] if value == wanted and type(value) is type(wanted) else [f"{rest[2]}: {value!r} is not {wanted!r}"],
    "pattern": lambda value, wanted, *rest: [f"{rest[2]}: {value!r} is not {wanted}"] if isinstance(value, str) and not re.search(wanted, value) else [],
    "required": lambda value, wanted, *rest: [f"{rest[2]}: no {name}" for name in wanted if isinstance(value, dict) and name not in value],
    "items": lambda value, wanted, rule, whole, where: [
        error for number, item in enumerate(value if isinstance(value, list) else ()) for error in errors(item, wanted, whole, f"{where}[{number}]")],
    "minItems": _size(lambda has, wanted: has >= wanted, (list,)),
    "minProperties": _size(lambda has, wanted: has >= wanted, (dict,)),
    "maxProperties": _size(lambda has, wanted: has <= wanted, (dict,)),
    "minLength": _size(lambda has, wanted: has >= wanted, (str,)),
    "minimum": lambda value, wanted, *rest: [f"{rest[2]}: {value} is below {wanted}"] if isinstance(value, int) and value < wanted else [],
}
