"""What is wrong with a segment's values, in words: the explaining path, taken where the compiled pattern does not fit.

Lengths and characters: ISO 9735-1 clause 10 (numbers: one decimal mark with digits on both sides, comma or point whatever
UNA says; mark and minus sign are not counted), X12.6 3.5.1. A composite's mandatory component is demanded only where the
composite is used. A value with one fault gets one finding: characters before length, length before date, date before code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from edi_bridge.finding import Demand
from edi_bridge.guide import moment
from edi_bridge.guide.condition import Rule
from edi_bridge.guide.guide import ElementType, ElementUse, SegmentUse
from edi_bridge.interchange import Delimiters, unmask

AGENCY, LIST = "3055", "1131"  # who maintains a code list, and which one it is
UN = "6"


class Wrong(NamedTuple):
    """One fault of one segment. `element`, `component`, `repetition` count from 1; `use` is what should stand there."""

    kind: str
    element: int
    component: int | None
    repetition: int | None
    value: str
    note: str  # without the place; `{}` stands for it
    use: ElementUse | None = None
    within: str = ""  # the composite's number, for a component
    demand: Demand | None = None  # the length or condition that is not kept


class Syntax(NamedTuple):
    """How the message was written: its delimiters, whether it is X12, and whether numbers may have an exponent."""

    delimiters: Delimiters
    x12: bool
    exponent: bool


def explain(use: SegmentUse, elements: list[str], syntax: Syntax) -> list[Wrong]:
    """Everything that is wrong with a segment (split into its elements, masked; [0] is the tag)."""
    slots = expanded(use, syntax)
    return list(_segment(use, slots, elements, syntax))


def expanded(use: SegmentUse, syntax: Syntax) -> tuple[ElementUse, ...]:
    """The elements as they stand one behind the other. An element that a UN/EDIFACT directory lets repeat stands that often
    where the syntax has no repetition (versions 1 to 3)."""
    if syntax.x12 or syntax.delimiters.repetition:
        return use.elements
    listed: list[ElementUse] = []
    for element in use.elements:
        listed.append(element)
        if element.repeat > 1:
            listed += [replace(element, required=False)] * (element.repeat - 1)
    return tuple(listed)


def _segment(use: SegmentUse, slots: tuple[ElementUse, ...], elements: list[str], syntax: Syntax) -> Iterator[Wrong]:
    filled = [False] * (len(slots) + 1)
    lost = 0  # the last element that is missing: separators before it are not superfluous
    for number, slot in enumerate(slots, 1):
        text = elements[number] if number < len(elements) else ""
        filled[number] = not _is_empty(text, syntax)
        if filled[number]:
            yield from _element(slot, text, number, _format(slots, elements, number, syntax), syntax)
        elif slot.required:
            lost = number
            yield Wrong("missing_element", number, None, None, "", "{} is required", slot)
        elif text:
            yield Wrong("trailing_separator", number, None, None, text, "{} has separators and no value", slot)
    surplus = [number for number in range(len(slots) + 1, len(elements)) if not _is_empty(elements[number], syntax)]
    if surplus:
        yield Wrong("too_many_elements", surplus[0], None, None, _shown(elements[surplus[0]], syntax),
                    f"{use.tag} has {len(slots)} element{'s' if len(slots) > 1 else ''} at most")
    elif len(elements) > 1 and not elements[-1] and len(elements) - 1 > lost:
        first = len(elements) - 1
        while first > 1 and not elements[first - 1]:
            first -= 1
        yield Wrong("trailing_separator", first, None, None, "", f"separators at the end of {use.tag} with nothing behind them")
    for rule in use.rules:
        yield from _rule(rule, use.elements, [_filled_of(use, filled, place, syntax) for place in rule.places], None, None)


def _filled_of(use: SegmentUse, filled: list[bool], place: int, syntax: Syntax) -> bool:
    """Whether the element that a rule numbers has a value, elements that stand several times one behind the other included."""
    if syntax.x12 or syntax.delimiters.repetition:
        return filled[place]
    before = sum(element.repeat for element in use.elements[:place - 1])
    return any(filled[before + 1:before + 1 + use.elements[place - 1].repeat])


def _rule(rule: Rule, uses: tuple[ElementUse, ...], present: list[bool], element: int | None, repetition: int | None,
          within: str = "") -> Iterator[Wrong]:
    at = rule.broken(present)
    if at >= 0:
        place = rule.places[at]
        names = ", ".join(f"{one:02}" if element is None else f"{element:02}.{one:02}" for one in rule.places)
        kind = "exclusion_violated" if rule.excludes(present) else "condition_violated"
        yield Wrong(kind, element or place, None if element is None else place, repetition, "",
                    f"{{}}: {rule.words.format(names)} ({rule})", uses[place - 1], within, Demand(rule=rule.kind, places=rule.places))


def _element(use: ElementUse, text: str, number: int, picture: str, syntax: Syntax) -> Iterator[Wrong]:
    if use.forbidden:
        yield Wrong("element_not_used", number, None, None, _shown(text, syntax), "{} is not used in this agreement", use)
        return
    repetitions = text.split(syntax.delimiters.repetition) if syntax.delimiters.repetition else [text]
    several = len(repetitions) > 1
    if len(repetitions) > use.repeat:
        yield Wrong("too_many_repetitions", number, None, use.repeat + 1, _shown(repetitions[use.repeat], syntax),
                    f"{{}} may stand {_times(use.repeat)}, {len(repetitions)} stand here", use)
        repetitions = repetitions[:use.repeat]
    for count, repetition in enumerate(repetitions, 1):
        nth = count if several else None
        if use.parts:
            yield from _composite(use, repetition, number, nth, syntax)
        else:
            yield from _simple(use, repetition, number, nth, picture, syntax)


def _simple(use: ElementUse, text: str, number: int, nth: int | None, picture: str, syntax: Syntax) -> Iterator[Wrong]:
    binary = use.type is not None and use.type.kind == "B"
    first, *others = [text] if binary else _parts(text, syntax)
    if any(others):
        surplus = next(count for count, part in enumerate(others, 2) if part)
        yield Wrong("too_many_components", number, surplus, nth, unmask(others[surplus - 2], syntax.delimiters), "{} has no components", use)
    elif others:
        yield Wrong("trailing_separator", number, None, nth, _shown(text, syntax), "{} has component separators with nothing behind them", use)
    if first:
        yield from _value(use, first, number, None, nth, False, picture, syntax)


def _composite(use: ElementUse, text: str, number: int, nth: int | None, syntax: Syntax) -> Iterator[Wrong]:
    parts = _parts(text, syntax)
    lost = 0
    filled = []
    for count, slot in enumerate(use.parts, 1):
        part = parts[count - 1] if count <= len(parts) else ""
        filled.append(bool(part))
        if part:
            picture = ""
            if slot.id == "2380":
                picture = _picture(use.parts, parts, "2379", moment.EDIFACT)
            yield from _value(slot, part, number, count, nth, is_elsewhere(use.parts, parts, count), picture, syntax, use.id)
        elif slot.required:
            lost = count
            yield Wrong("missing_element", number, count, nth, "", "{} is required", slot, use.id)
    surplus = [count for count in range(len(use.parts) + 1, len(parts) + 1) if parts[count - 1]]
    if surplus:
        yield Wrong("too_many_components", number, surplus[0], nth, unmask(parts[surplus[0] - 1], syntax.delimiters),
                    f"{{}} has {len(use.parts)} components at most", use)
    elif len(parts) > 1 and not parts[-1] and len(parts) > lost:
        yield Wrong("trailing_separator", number, None, nth, _shown(text, syntax), "{} has component separators with nothing behind them", use)
    for rule in use.rules:
        yield from _rule(rule, use.parts, [filled[place - 1] for place in rule.places], number, nth, use.id)


def _value(use: ElementUse, masked: str, number: int, component: int | None, nth: int | None, elsewhere: bool, picture: str,
           syntax: Syntax, within: str = "") -> Iterator[Wrong]:
    text = unmask(masked, syntax.delimiters)
    if use.forbidden:
        yield Wrong("element_not_used", number, component, nth, text, "{} is not used in this agreement", use, within)
        return
    wrong = fault_of(use, text, elsewhere, picture, syntax)
    if wrong is not None:
        demand = Demand(most=use.type.most) if wrong[0] == "too_long" and use.type is not None else None
        yield Wrong(wrong[0], number, component, nth, text, wrong[1], use, within, demand)


def fault_of(use: ElementUse, text: str, elsewhere: bool, picture: str, syntax: Syntax) -> tuple[str, str] | None:
    """(kind, note) of what is wrong with a value, None when it is good. `elsewhere`: its code list is not the standard's;
    `picture`: the form of a date that stands in a plain text."""
    if use.type is not None:
        wrong = _type_fault(use.type, text, syntax)
        if wrong is not None:
            return wrong
    if picture and not moment.exists(text, picture):
        kind = "invalid_time" if moment.is_time(picture) else "invalid_date"
        return kind, f"{{}} must be {'a time' if kind == 'invalid_time' else 'a date, time or period'} of the form {picture}"
    return _code_fault(use, text.rstrip(" ") if syntax.x12 else text, elsewhere)


def _type_fault(type: ElementType, text: str, syntax: Syntax) -> tuple[str, str] | None:
    kind = type.kind
    length = len(text)
    match kind[0]:
        case "n" | "N" | "R":
            wrong = _number_fault(kind, text, syntax)
            if wrong is not None:
                return wrong
            length = sum(character.isdigit() for character in text)
        case "a":
            if kind == "a" and any(character.isdigit() for character in text):
                return "wrong_character_type", "{} must not hold digits"
        case "A" | "I":
            if text.isspace():
                return "wrong_character_type", "{} must hold more than blanks"
        case "B":
            return None
    if length > type.most:
        return "too_long", f"{{}} may have {type.most} characters, not {length}"
    if length < type.least:
        return "too_short", f"{{}} must have {type.least} characters at least, not {length}"
    if kind == "DT" and not moment.exists(text, "CCYYMMDD" if length == 8 else "YYMMDD"):
        return "invalid_date", f"{{}} must be a date of the form {'CCYYMMDD' if type.most == 8 else 'YYMMDD'}"
    if kind == "TM" and not _TIME.fullmatch(text):
        return "invalid_time", "{} must be a time of the form HHMM, HHMMSS or HHMMSSd"
    return None


_TIME = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9][0-9]{0,2})?")
_NUMBERS = {
    "n": re.compile(r"-?[0-9]++(?:[.,][0-9]++)?"),
    "N": re.compile(r"-?[0-9]++"),
    "R": re.compile(r"-?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)"),
    "E": re.compile(r"-?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:E-?[0-9]++)?"),
}


def _number_fault(kind: str, text: str, syntax: Syntax) -> tuple[str, str] | None:
    pattern = _NUMBERS["E" if kind == "R" and syntax.exponent else kind[0]]
    if pattern.fullmatch(text):
        return None
    if not re.fullmatch("[-+0-9., ]+", text):
        return "wrong_character_type", "{} must be a number"
    words = {"n": "one decimal mark at most, with digits on both sides, no separators of thousands",
             "N": "digits only (the decimal point is implied)", "R": "one decimal point at most, no separators of thousands"}
    return "invalid_number", f"{{}} must be a number: {words[kind[0]]}"


def _code_fault(use: ElementUse, text: str, elsewhere: bool) -> tuple[str, str] | None:
    if text in use.added:
        return None
    listed = use.codes is not None and use.codes.complete and not elsewhere
    if use.only is not None:
        if text in use.only:
            return None
        if not listed or (use.codes is not None and text in use.codes.codes):
            return "code_not_used", f"{{}} must be {_either(use.only)} in this agreement"
    if listed and use.codes is not None and text not in use.codes.codes:
        return "unknown_code", "{} must be one of the standard's codes"
    return None


def _either(codes: frozenset[str]) -> str:
    listed = sorted(codes)
    return ", ".join(listed[:10]) + (" …" if len(listed) > 10 else "") if len(listed) > 1 else listed[0]


def is_elsewhere(uses: tuple[ElementUse, ...], parts: list[str], count: int) -> bool:
    """Whether a code's list is named as another than the UN's: by the 1131 and 3055 that follow the component."""
    if uses[count - 1].id == AGENCY:
        return False
    for at in range(count, len(uses)):
        ident = uses[at].id
        if ident not in (AGENCY, LIST):
            return False
        named = parts[at] if at < len(parts) else ""
        if named and (ident == LIST or named != UN):
            return True
    return False


def _picture(uses: tuple[ElementUse, ...], parts: list[str], format: str, pictures: dict[str, str]) -> str:
    for use, part in zip(uses, parts, strict=False):
        if use.id == format:
            return pictures.get(part, "")
    return ""


def _format(slots: tuple[ElementUse, ...], elements: list[str], number: int, syntax: Syntax) -> str:
    """The picture of an X12 element 1251, from the 1250 before it."""
    if syntax.x12 and slots[number - 1].id == "1251" and number > 1 and slots[number - 2].id == "1250":
        return moment.X12.get(elements[number - 1], "")
    return ""


def _parts(text: str, syntax: Syntax) -> list[str]:
    """The components; one where no separator is in use."""
    return text.split(syntax.delimiters.component) if syntax.delimiters.component else [text]


def _is_empty(text: str, syntax: Syntax) -> bool:
    return not text or not text.strip(syntax.delimiters.component + syntax.delimiters.repetition)


def _shown(text: str, syntax: Syntax) -> str:
    return unmask(text, syntax.delimiters)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
