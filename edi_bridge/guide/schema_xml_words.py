"""What XML Schema does not allow, in the reader's words: libxml2's messages as sentences, names with prefixes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

# What stands for the names where the document itself binds no prefix to them.
PREFIXES = {
    "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2": "cac",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2": "cbc",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2": "ext",
    "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100": "rsm",
    "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100": "ram",
    "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100": "udt",
    "urn:un:unece:uncefact:data:standard:QualifiedDataType:100": "qdt",
}
# XML Schema's types in the reader's words (XML Schema Part 2, 3.2 and 3.3).
TYPES = {
    "date": "a date: year-month-day",
    "time": "a time: hours:minutes:seconds",
    "dateTime": "a date and time: year-month-dayThours:minutes:seconds",
    "decimal": "a number with a point as decimal mark",
    "integer": "a whole number",
    "boolean": "true or false",
    "base64Binary": "text in base64",
    "nonNegativeInteger": "a whole number, zero or more",
    "positiveInteger": "a whole number above zero",
}

# libxml2's messages → our sentence, and whether the value belongs to it.
_SAYINGS: list[tuple[re.Pattern[str], Callable[[re.Match[str], str, Any], str], bool]] = [
    (
        re.compile(r"is not a valid value of the (?:local )?(?:atomic|list|union) type(?: '([^']+)')?"),
        lambda match, subject, at: f"{subject} {_type(match[1])}",
        True,
    ),
    (
        re.compile(r"\[facet 'enumeration'\].*?set \{(.*)\}", re.DOTALL),
        lambda match, subject, at: f"{subject} must be one of {_quoted(match[1])}",
        True,
    ),
    (
        re.compile(r"\[facet 'pattern'\].*pattern '(.*)'", re.DOTALL),
        lambda match, subject, at: f"{subject} must have the form {match[1]}",
        True,
    ),
    (
        re.compile(r"\[facet '(max|min)Length'\].*?allowed (?:max|min)imum length of '(\d+)'", re.DOTALL),
        lambda match, subject, at: (
            f"{subject} must have at {'most' if match[1] == 'max' else 'least'} {match[2]} characters"
        ),
        True,
    ),
    (
        re.compile(r"\[facet 'length'\].*?length of '(\d+)'\.?$", re.DOTALL),
        lambda match, subject, at: f"{subject} must have {match[1]} characters",
        True,
    ),
    (
        re.compile(r"\[facet '(\w+)'\]"),
        lambda match, subject, at: f"{subject} is outside its limits ({match[1]})",
        True,
    ),
    (
        re.compile(r"The attribute '([^']+)' is required but missing"),
        lambda match, subject, at: f"{subject} needs the attribute {named(match[1], at)}",
        False,
    ),
    (
        re.compile(r"The attribute '([^']+)' is not allowed"),
        lambda match, subject, at: f"{subject}: it may not have this attribute",
        True,
    ),
    (
        re.compile(r"Element content is not allowed"),
        lambda match, subject, at: f"{subject} may hold text only, no elements",
        False,
    ),
    (
        re.compile(r"Character content .*is not allowed"),
        lambda match, subject, at: f"{subject} may hold elements only, no text",
        False,
    ),
    (
        re.compile(r"No matching global (?:element )?declaration"),
        lambda match, subject, at: f"{subject} is no document of this schema",
        False,
    ),
]


def said(message: str, subject: str, at: Any) -> tuple[str, bool]:
    """libxml2's message as our sentence, and whether the value belongs to it."""
    for pattern, sentence, with_value in _SAYINGS:
        if match := pattern.search(message):
            return sentence(match, subject, at), with_value
    plain = re.sub(r"^Element '[^']*'(?:, attribute '[^']*')?: ", "", message)
    return f"{subject}: {_without_braces(plain, at)}".rstrip("."), True


def expected(element: Any, message: str) -> str:
    """What could have stood where the schema's type is no plain sequence."""
    inside = re.search(r"Expected is (?:one of )?\((.*)\)", message, re.DOTALL)
    names = [_without_braces(one.strip(), element) for one in inside[1].split(",")] if inside else []
    wanted = _listed(["another element" if one.startswith("##other") else one for one in names], " or ")
    name = named(element.tag, element)
    if "Missing child" in message:
        return f"{name} is not complete: {wanted or 'something'} is missing in it"
    return f"{name} may not stand here" + (f"; expected is {wanted}" if wanted else "")


def named(tag: str, near: Any) -> str:
    """A Clark tag as the reader knows it: with the prefix that the document binds to it, else the usual one."""
    space, _, local = tag.rpartition("}")
    space = space[1:]
    if not space:
        return local
    prefix = next((one for one, bound in near.nsmap.items() if bound == space), PREFIXES.get(space, "?"))
    return f"{prefix}:{local}" if prefix and prefix != "?" else local


def _without_braces(text: str, near: Any) -> str:
    return re.sub(r"\{[^}]*\}[\w.-]+", lambda match: named(match[0], near), text)


def _type(name: str | None) -> str:
    """What a value of a type must be; a type that is narrowed on the spot has no name."""
    local = (name or "").rpartition("}")[2].rpartition(":")[2]
    return f"must be {TYPES.get(local, f'of the type {local}')}" if local else "is not of the form that the schema asks for"


def _quoted(text: str) -> str:
    return _listed(re.findall("'([^']*)'", text))


def _listed(values: list[str], last: str = ", ") -> str:
    shown = values[:8]
    text = last.join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
    return text + (f", … ({len(values)} in all)" if len(values) > 8 else "")
