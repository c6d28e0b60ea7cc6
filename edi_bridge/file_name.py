"""The names of files that we lay down at a partner: a template and what is known of the interchange → a name.

Networks tell files apart by such names (`850_{sender}_{time}_{control}.edi`), and some route by them. A name holds nothing but
ASCII letters, digits and `. _ -`, so that no server, shell or file system takes it for something else; it depends on its fields
alone, so that what is sent again is sent under the same name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FIELDS = {
    "type": "the message's type: ORDERS, 850",
    "sender": "our id in the envelope",
    "receiver": "the partner's id in the envelope",
    "control": "the interchange's control number",
    "time": "when it was made, UTC: 20261122T031500Z",
    "account": "our account at the network (`account:` of the channel)",
    "number": "the ledger's number of the delivery, which no other has",
    "test": "`T` for test data, `P` for live data",
}
UNIQUE = ("control", "number")  # one of them keeps two files of the same second apart
LONGEST = 200  # characters; file systems take 255 bytes, and a server adds its own suffixes
FIELD = re.compile(r"\{([a-z]+)(?::([1-9][0-9]?))?\}")
LITERAL = re.compile(r"[A-Za-z0-9._-]*")
UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


def problems(template: str) -> list[str]:
    """What is wrong with a template, each as a sentence; none: it can be used."""
    found = []
    rest = FIELD.sub("", template)
    if not LITERAL.fullmatch(rest):
        found.append(f"a name is made of letters, digits, '.', '_', '-' and {{fields}}, not of {template!r}")
    names = [hit[1] for hit in FIELD.finditer(template)]
    found += [f"there is no field {{{name}}}; they are {', '.join(FIELDS)}" for name in names if name not in FIELDS]
    if not set(names) & set(UNIQUE):
        found.append("{control} or {number} must stand in it: two files must never have the same name")
    if template.startswith((".", "-")):
        found.append("a name does not begin with '.' or '-'")
    if len(rest) > LONGEST // 2:
        found.append(f"a name is no longer than {LONGEST} characters")
    return found


def file_name(template: str, fields: Mapping[str, str]) -> str:
    """The name by a template that `problems` finds nothing wrong with. `{control:5}` takes the last 5 characters of a field.

    Other signs in a value become one `-`; a value that leaves nothing (or is missing) is `x`. A name of more than 200 characters
    is shortened at its longest values that are not unique. ValueError for a template that cannot be used.
    """
    if wrong := problems(template):
        raise ValueError("; ".join(wrong))
    values = {name: _safe(fields.get(name, "")) for name in FIELDS}
    name = _filled(template, values)
    while len(name) > LONGEST:
        longest = max((one for one in values if one not in UNIQUE), key=lambda one: len(values[one]))
        if len(values[longest]) <= 8:  # only unique values are left: the end of a number tells more than its beginning
            longest = max(UNIQUE, key=lambda one: len(values[one]))
            values[longest] = values[longest][-max(8, len(values[longest]) - 20):]
            if all(len(values[one]) <= 8 for one in UNIQUE):
                return _filled(template, values)[-LONGEST:].lstrip(".-")
        else:
            values[longest] = values[longest][:max(8, len(values[longest]) - 20)]
        name = _filled(template, values)
    return name


def _safe(value: str) -> str:
    return UNSAFE.sub("-", value).strip(".-") or "x"


def _filled(template: str, values: Mapping[str, str]) -> str:
    name = FIELD.sub(lambda hit: values[hit[1]][-int(hit[2]):].lstrip(".-") or "x" if hit[2] else values[hit[1]], template)
    return name if name.lstrip(".-") == name else "x" + name
