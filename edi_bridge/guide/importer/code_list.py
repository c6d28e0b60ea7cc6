"""A UN/EDIFACT code list (UNCL, UNSL) → code values with their short names; the explaining prose is not read.

    * 1001  Document name code                                      [C]

      Desc: …
      Repr: an..3

            1 Certificate of analysis
                 Certificate providing the values of an analysis.
    +  220   Order

Three columns tell the lines apart: code, name, explanation. Names start in one column throughout a file (it differs
between releases and is measured first); deeper lines explain, and a line in the name's own column directly after a
name continues it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

Say = Callable[[int, str], None]

_RULE = re.compile(r"\s*[─-]{40,}\s*$")
_ELEMENT = re.compile(r"(?P<marks>[-+*#|X ]{0,5}?)\s*(?P<number>\d{4})\s{1,3}\S")
_REPR = re.compile(r"[\s|*+#X-]*Repr\s*:")
_CODE = re.compile(r"(?P<marks>[-+*#|X]{0,3}(?=\s)|)\s{1,9}(?P<code>\S+)\s+(?P<name>\S.*)$")


def read_codes(lines: list[str], codes: dict[str, dict[str, str]], deletes: bool, say: Say) -> None:
    """Add each element's code values to `codes`; `deletes`: a minus sign before a code means it is gone."""
    column = _name_column(lines)
    element = ""
    listing = after_rule = False
    last = ""  # the code whose name may go on in the next line
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\x1a \t\r")
        if _RULE.match(line):
            listing, after_rule, last = False, True, ""
        elif not line:
            last = ""
        elif after_rule or not listing:
            found = _ELEMENT.match(line) if after_rule or not element else None
            if found:
                element = found["number"]
            elif after_rule:
                say(number, f"no element number after the rule: {line.strip()!r}")
            listing = bool(_REPR.match(line)) and bool(element)
            after_rule = False
        else:
            last = _read_code(line, column, codes.setdefault(element, {}), last, deletes)


def _read_code(line: str, column: int, values: dict[str, str], last: str, deletes: bool) -> str:
    """Put one line's code into `values`; the code whose name the next line may continue ('' for none)."""
    indent = len(line) - len(line.lstrip(" "))
    if indent == column and last:
        values[last] += " " + line.strip()
        return last
    found = _CODE.match(line)
    if not found or found.start("code") >= column or (len(line) > column and found.start("name") > column):
        return ""
    if deletes and "-" in found["marks"]:
        return ""
    values[found["code"]] = " ".join(found["name"].split())
    return found["code"]


def _name_column(lines: list[str]) -> int:
    """The column in which the names of code values begin: the commonest second column of short indents."""
    seen: Counter[int] = Counter()
    for line in lines:
        found = _CODE.match(line.rstrip())
        if found and len(found["code"]) <= 3 and found.start("code") < 10:
            seen[found.start("name")] += 1
    return seen.most_common(1)[0][0] if seen else 11
