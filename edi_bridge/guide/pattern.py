"""One regular expression for each segment of a guide: a text that fits it has nothing wrong with it.

The pattern is sound, not complete: what it does not take (29 February, a repetition, a rare date format, a number with many
decimals) goes to `element.explain`, which decides. So it can stay simple and fast: negated classes without delimiters, bounded
or possessive repeats, no alternative that begins like another one; it runs in linear time on any text.

Conditions between elements become groups and conditional groups: P0304 is `(?(e3)(?(e4)|(?!))|(?(e4)(?!)|))` at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from edi_bridge.guide.condition import Rule
from edi_bridge.guide.element import AGENCY, LIST, UN, Syntax, expanded
from edi_bridge.guide.guide import ElementType, ElementUse, SegmentUse
from edi_bridge.interchange import MARK

NEVER = "(?!)"
MOST_IN_RULE = 8  # elements of one condition; more would make the pattern long
DAY = ("(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)")
DATE8 = f"(?:19|20)[0-9]{{2}}{DAY}"
DATE6 = f"[0-9]{{2}}{DAY}"
CLOCK = "(?:[01][0-9]|2[0-3])[0-5][0-9]"
# the formats that nearly all dates have; the others are explained
EDIFACT_DATES = {"102": DATE8, "203": DATE8 + CLOCK, "101": DATE6, "204": DATE8 + CLOCK + "[0-5][0-9]", "718": DATE8 + DATE8,
                 "610": "(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])", "616": "(?:19|20)[0-9]{2}(?:0[1-9]|[1-4][0-9]|5[0-3])"}
X12_DATES = {"D8": DATE8, "RD8": f"{DATE8}-{DATE8}", "TM": CLOCK}


def segment_pattern(use: SegmentUse, syntax: Syntax, masked: bool = False) -> str:
    """The pattern of a whole segment without its terminator, for `fullmatch`. `masked` takes released characters as well and
    is slower."""
    return ValuePatterns(syntax, masked).segment(use)


class ValuePatterns:
    """Writes the patterns of segments and values for messages of one syntax."""

    def __init__(self, syntax: Syntax, masked: bool):
        delimiters = syntax.delimiters
        self.syntax = syntax
        self.element, self.component = re.escape(delimiters.element), re.escape(delimiters.component) or NEVER  # none is in use
        special = re.escape(delimiters.element + delimiters.component + delimiters.repetition + delimiters.terminator + delimiters.release + MARK)
        self.any = f"[^{special}]"
        self.several = f"(?:[^{special}]|{MARK}[\x02-\x06])" if masked else self.any
        self.special = special

    def segment(self, use: SegmentUse) -> str:
        """A whole segment without its terminator."""
        slots = expanded(use, self.syntax)
        origin = self._origin(use)
        asked = {place for rule in use.rules for place in rule.places}
        written = []
        for number, slot in enumerate(slots, 1):
            before = slots[number - 2].id if number > 1 else ""
            body = self._element(slot, f"e{number}", before)
            written.append((f"(?P<e{number}>{body})" if origin[number] in asked else body, slot.required and not slot.forbidden))
        pattern = use.tag + self._chain(written, self.element, True) + f"(?<!{self.element})"
        for rule in use.rules:
            pattern += self._condition(rule, [[f"e{number}" for number in range(1, len(slots) + 1) if origin[number] == place] for place in rule.places])
        return pattern

    def _origin(self, use: SegmentUse) -> list[int]:
        """Which element of the segment's definition (from 1) each slot belongs to."""
        origin = [0]
        for place, element in enumerate(use.elements, 1):
            origin += [place] * (1 if self.syntax.x12 or self.syntax.delimiters.repetition else element.repeat)
        return origin

    def _chain(self, pieces: list[tuple[str, bool]], separator: str, lead: bool) -> str:
        """Pieces with separators between them (`lead`: before the first one too); what is not required may be left out, and the
        rest of the chain with it."""
        last = max((number for number, (_, required) in enumerate(pieces) if required), default=-1)
        text = ""
        for number in range(len(pieces) - 1, -1, -1):
            body, required = pieces[number]
            one = (separator if lead or number else "") + (body if required else f"(?:{body})?+") + text
            text = one if number <= last or not (lead or number) else f"(?:{one})?+"
        return text

    def _element(self, use: ElementUse, name: str, before: str) -> str:
        """A filled element."""
        if use.forbidden:
            return NEVER
        if not use.parts:
            dates = ""
            if self.syntax.x12 and use.id == "1251" and before == "1250":
                dates = "|".join(f"(?<={self.element}{code}{self.element}){date}" for code, date in X12_DATES.items())
            return f"(?:{dates})" if dates else self.value(use)
        asked = {place for rule in use.rules for place in rule.places}
        pieces = []
        for number, part in enumerate(use.parts, 1):
            body = NEVER if part.forbidden else self._component(use, number)
            pieces.append((f"(?P<{name}_{number}>{body})" if number in asked else body, part.required))
        text = f"(?!{self.element}|\\Z)" + self._chain(pieces, self.component, False)
        if self.syntax.delimiters.component:
            text += f"(?<!{self.component})"
        for rule in use.rules:
            text += self._condition(rule, [[f"{name}_{place}"] for place in rule.places])
        return text

    def _component(self, use: ElementUse, number: int) -> str:
        part = use.parts[number - 1]
        behind = [one.id for one in use.parts[number:]]
        if part.id == "2380":
            if behind[:1] != ["2379"]:
                return NEVER
            dated = "|".join(f"{date}(?={self.component}{code}(?:{self.element}|\\Z))" for code, date in EDIFACT_DATES.items())
            return f"(?:{dated}|{self.value(part)}(?={self.element}|\\Z))"
        own = self.value(part)
        if part.codes is None or not part.codes.complete or part.only is not None or behind[:2] != [LIST, AGENCY]:
            return own
        free = self._text(part.type, self.any)
        other = (f"{self.component}(?:[^{self.special}]|{self.component}(?!{UN}(?:{self.component}|{self.element}|\\Z))[^{self.special}])")
        return f"(?:{own}(?={self.component}|{self.element}|\\Z)|{free}(?={other}))"

    def free(self, use: ElementUse) -> str:
        """A value of which only type and length matter: its code list is another than the standard's."""
        return self._free(use.type)

    def value(self, use: ElementUse) -> str:
        """A filled simple element or component, the others beside it left aside."""
        if use.forbidden:
            return NEVER
        if use.only is not None:
            return _one_of(use.only | use.added, self._text(use.type, self.any))
        if use.codes is not None and use.codes.complete:
            return _one_of(frozenset((*use.codes.codes, *use.added)), self._text(use.type, self.any))
        return self._free(use.type)

    def _free(self, type: ElementType | None) -> str:
        """A value of a type. Where released characters may stand in it, those without any are still matched the quick way; both
        ways stand in one atomic group, so that no value is looked at more than twice."""
        plain, several = self._text(type, self.any), self._text(type, self.several)
        return plain if plain == several else f"(?>{plain}(?!{MARK})|{several})"

    def _text(self, type: ElementType | None, character: str) -> str:
        """A value of a type, codes and dates in a plain text left aside."""
        if type is None:
            return f"{character}++"
        span = f"{{{type.least},{type.most}}}+"
        match type.kind[0]:
            case "n" | "R":
                return self._number(type)
            case "N":
                return f"-?+[0-9]{span}"
            case "D":
                return {6: DATE6, 8: DATE8}.get(type.most if type.least == type.most else 0, f"(?:{DATE8}|{DATE6}(?![0-9]))")
            case "T":
                return f"{CLOCK}(?:[0-5][0-9][0-9]{{0,{max(type.most - 6, 0)}}}+)?+" if type.most >= 6 else CLOCK
            case "B":
                return f"[^{self.element}]++"
            case "A" | "I":
                return f"(?! ){character}{span}"
        return f"[^0-9{self.special}]{span}" if type.kind == "a" else f"{character}{span}"

    def _number(self, type: ElementType) -> str:
        """Decimals: as many as leave the number within its length whatever stands before the mark."""
        mark = "[.,]" if type.kind == "n" else "\\."
        whole, decimals = max(type.most - 4, 1), min(4, type.most - 1)
        if type.least > 1 or not decimals:
            return f"-?+[0-9]{{{type.least},{type.most}}}+"
        return f"-?+(?:[0-9]{{1,{whole}}}+(?:{mark}[0-9]{{1,{decimals}}}+)?+(?![0-9])|[0-9]{{1,{type.most}}}+)"

    def _condition(self, rule: Rule, names: list[list[str]]) -> str:
        """What must be there and what not, as conditional groups; several names stand for one element."""
        if len(names) > MOST_IN_RULE:
            return NEVER

        def tree(present: tuple[bool, ...]) -> str:
            if len(present) == len(names):
                return NEVER if rule.broken(present) >= 0 else ""
            yes, no = tree((*present, True)), tree((*present, False))
            if yes == no:
                return yes
            for name in reversed(names[len(present)]):
                no = f"(?({name}){yes}|{no})"
            return no

        return tree(())


@lru_cache(maxsize=1024)
def _one_of(codes: frozenset[str], form: str) -> str:
    """The pattern of those codes of a list that have the form; a list stands at many places of a guide."""
    fits = re.compile(f"(?:{form})").fullmatch
    fitting = [code for code in sorted(codes) if code and fits(code)]
    return trie(fitting) if fitting else NEVER


def trie(codes: Iterable[str]) -> str:
    """A pattern of exactly these texts, where a delimiter follows; common beginnings stand once."""
    root: dict[str, dict] = {}
    for code in codes:
        here = root
        for character in code:
            here = here.setdefault(character, {})
        here[""] = {}
    return _branch(root)


def _branch(node: dict[str, dict]) -> str:
    ends = "" in node
    groups: dict[str, list[str]] = {}  # what follows → the characters that it follows
    for character, below in node.items():
        if character:
            groups.setdefault(_branch(below), []).append(character)
    written = []
    for rest, characters in groups.items():
        first = re.escape(characters[0]) if len(characters) == 1 else f"[{re.escape(''.join(sorted(characters)))}]"
        written.append(first + rest)
    if not written:
        return ""
    text = written[0] if len(written) == 1 and not ends else f"(?:{'|'.join(written)})"
    return f"{text}?+" if ends else text
