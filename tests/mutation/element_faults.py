"""Faults inside a segment. Each planter changes one value and says what must be found; None when the message has no place for it."""

from __future__ import annotations

from tests.mutation import conditions
from tests.mutation.facts import Element
from tests.mutation.field import COUNTED, Expected, Fault, Field, Spot
from tests.mutation.wire import Seg

NUMERIC = ("n", "R", "N0", "N2")
DATES = {"102": ("20260230", "20261301", "20260931"), "203": ("202602300910", "202613010910"), "718": ("20260101-20260230",)}
TIMES = {"203": ("202601012560", "202601010975")}


def expected(kind: str | set[str], spot: Spot, exact: bool = True, component: int | None = None) -> Expected:
    """A finding at a value."""
    kinds = frozenset({kind} if isinstance(kind, str) else kind)
    part = component or spot.component
    path = f"{spot.segment.tag}/{spot.name}"
    return Expected(kinds, (spot.segment,), elements=frozenset({spot.element}), components=frozenset({part}),
                    id="" if spot.fact.id.isdigit() and len(spot.fact.id) == 2 else spot.fact.id, path=path,
                    exact=(spot.element, part) if exact else None)


def also(field: Field, spot: Spot, *kinds: str) -> list[Expected]:
    """What may be found beside it: other words for the same value, and totals that count it."""
    beside = [Expected(frozenset(kinds), (spot.segment,))] if kinds else []
    return beside + (field.totals() if spot.segment.tag in COUNTED else [])


def _fault(name: str, field: Field, spot: Spot, kinds: str | set[str], *beside: str) -> Fault:
    fault = Fault(name, [expected(kinds, spot)], also(field, spot, *beside))
    return _with_conditions(fault, field, spot.segment)


def _with_conditions(fault: Fault, field: Field, segment: Seg) -> Fault:
    """A changed segment may break notes as well; each must be found."""
    for rule in field.base.facts.rules.get(segment.tag, ()):
        if conditions.violated(rule, segment):
            kind = "exclusion_violated" if rule[0] == "E" else "condition_violated"
            fault.expected.append(Expected(frozenset({kind}), (segment,), elements=frozenset(conditions.numbers(rule))))
    return fault


def blank_mandatory(field: Field) -> Fault | None:
    """A mandatory element or component is left empty (a conditional composite that loses its only value is absent, which is legal)."""
    spots = []
    for one in field.spots():
        if not one.fact.mandatory:
            continue
        others = one.component is not None and sum(1 for part in one.segment.elements[one.element - 1][0] if part) > 1
        if one.component is None or others:
            spots.append(one)
    spot = field.pick(spots)
    if spot is None:
        return None
    spot.change("")
    spot.segment.trim()
    return _with_conditions(Fault("blank_mandatory", [expected("missing_element", spot, exact=False)], also(field, spot)),
                            field, spot.segment)


def blank_mandatory_composite(field: Field) -> Fault | None:
    """A mandatory composite is left empty as a whole."""
    spots = [spot for spot in field.spots() if spot.component is not None and spot.around.mandatory]
    spot = field.pick(spots)
    if spot is None:
        return None
    spot.segment.elements[spot.element - 1] = [[""]]
    spot.segment.trim()
    return Fault("blank_mandatory_composite", [Expected(frozenset({"missing_element"}), (spot.segment,),
                 elements=frozenset({spot.element}), components=frozenset({None, 1}))], also(field, spot))


def surplus_element(field: Field) -> Fault | None:
    """A value stands behind the last element that the segment has. Syntax 3 has no repetition separator, so that what stands
    behind an element that repeats may be its repetition: those segments are left out."""
    spot = field.pick([spot for spot in field.spots() if field.wire.marks.repetition
                       or all(one.repeats == 1 for one in field.base.facts.segments[spot.segment.tag])])
    if spot is None:
        return None
    number = len(field.base.facts.segments[spot.segment.tag]) + 1
    spot.segment.put(number, 1, "X")
    return Fault("surplus_element", [Expected(frozenset({"too_many_elements"}), (spot.segment,), elements=frozenset({number}),
                                              components=frozenset({None}), exact=(number, None))])


def surplus_component(field: Field) -> Fault | None:
    """A value stands behind the last component of a composite, or beside an EDIFACT element that is no composite."""
    spot = field.pick([spot for spot in field.spots() if spot.component is not None or not field.x12])
    if spot is None:
        return None
    number = len(spot.around.parts) + 1 if spot.component else 2
    spot.segment.put(spot.element, number, "X")
    return Fault("surplus_component", [Expected(frozenset({"too_many_components"}), (spot.segment,), elements=frozenset({spot.element}),
                                                components=frozenset({number}), exact=(spot.element, number))], also(field, spot))


def too_long(field: Field) -> Fault | None:
    """A value is one character longer than it may be."""
    spot = field.pick([spot for spot in field.spots() if spot.fact.kind not in ("DT", "TM") and not _is_date(spot)])
    if spot is None:
        return None
    filler = "9" if spot.fact.kind in NUMERIC else "X"
    value = spot.value if spot.fact.kind not in NUMERIC else ""
    spot.change((value + filler * (spot.fact.most + 1))[:spot.fact.most + 1])
    return _fault("too_long", field, spot, "too_long", "unknown_code")


def too_short(field: Field) -> Fault | None:
    """A value has one character less than it must have."""
    spot = field.pick([spot for spot in field.spots() if spot.fact.least >= 2 and spot.fact.kind in ("AN", "an", "a")])
    if spot is None:
        return None
    spot.change(spot.value[:spot.fact.least - 1].replace(" ", "X"))
    return _fault("too_short", field, spot, "too_short", "unknown_code")


def letters_in_number(field: Field) -> Fault | None:
    """A number has a letter in it."""
    spot = field.pick([spot for spot in field.spots() if spot.fact.kind in NUMERIC])
    if spot is None:
        return None
    spot.change("4X8"[:spot.fact.most] if spot.fact.most > 1 else "X")
    return _fault("letters_in_number", field, spot, {"wrong_character_type", "invalid_number"})


def broken_number(field: Field) -> Fault | None:
    """Two decimal marks, two signs, a sign behind; a decimal mark where the standard implies it."""
    spot = field.pick([spot for spot in field.spots() if spot.fact.kind in NUMERIC and spot.fact.most >= 3])
    if spot is None:
        return None
    choices = ["1.5", "1.2.3"] if spot.fact.kind.startswith("N") else ["1.2.3", "--5", "5-", "1-2"]
    spot.change(field.random.choice(choices))
    return _fault("broken_number", field, spot, {"wrong_character_type", "invalid_number"})


def digits_in_letters(field: Field) -> Fault | None:
    """An alphabetic value has a digit in it."""
    spot = field.pick([spot for spot in field.spots() if spot.fact.kind == "a"])
    if spot is None:
        return None
    spot.change("7" + spot.value[1:])
    return _fault("digits_in_letters", field, spot, "wrong_character_type", "unknown_code")


def _form(spot: Spot) -> str:
    """The code of a date's form: 2379 beside an EDIFACT 2380."""
    return spot.segment.value(spot.element, 3) if spot.fact.id == "2380" else ""


def _is_date(spot: Spot) -> bool:
    return spot.fact.id == "2380"


def bad_date(field: Field) -> Fault | None:
    """The 30th of February, a thirteenth month, the 31st of September."""
    spot = field.pick([spot for spot in field.spots() if spot.fact.kind == "DT" or _form(spot) in DATES])
    if spot is None:
        return None
    spot.change(field.random.choice(DATES[_form(spot) or "102"]))
    return _fault("bad_date", field, spot, "invalid_date")


def bad_time(field: Field) -> Fault | None:
    """An hour 25, a minute 75."""
    spot = field.pick([spot for spot in field.spots() if spot.fact.kind == "TM" or _form(spot) in TIMES])
    if spot is None:
        return None
    if spot.fact.kind == "TM":
        spot.change(field.random.choice(("2510", "1275", "091075")))
        return _fault("bad_time", field, spot, "invalid_time")
    spot.change(field.random.choice(TIMES[_form(spot)]))
    return _fault("bad_time", field, spot, {"invalid_date", "invalid_time"})


def unknown_code(field: Field) -> Fault | None:
    """A code that the standard's list does not hold. A composite that names another agency's or another list is not asked."""
    spot = field.pick([spot for spot in field.spots() if spot.fact.absent and not _elsewhere(spot)])
    if spot is None:
        return None
    spot.change(spot.fact.absent)
    return _fault("unknown_code", field, spot, "unknown_code")


def _elsewhere(spot: Spot) -> bool:
    named = [number for number, part in enumerate(spot.around.parts, 1) if part.id in ("1131", "3055")]
    return any(spot.segment.value(spot.element, number) for number in named)


def condition(field: Field) -> Fault | None:
    """A syntax note is broken: an element is taken away that another one asks for, or added beside one that excludes it."""
    choices = []
    for index, segment in enumerate(field.clean):
        if index in field.taken:
            continue
        for rule in field.base.facts.rules.get(segment.tag, ()):
            for number in conditions.numbers(rule):
                made = _broken(field.base.facts.segments[segment.tag], segment, number, rule)
                if made is not None and conditions.violated(rule, made):
                    choices.append((index, made))
    if not choices:
        return None
    index, made = field.random.choice(choices)
    field.taken.add(index)
    segment = field.clean[index]
    segment.elements = made.elements
    fault = _with_conditions(Fault("condition", []), field, segment)
    fault.tolerated = field.totals() if segment.tag in COUNTED else []
    return fault


def _broken(known: tuple[Element, ...], segment: Seg, number: int, rule: str) -> Seg | None:
    made = segment.copy()
    fact = known[number - 1] if number <= len(known) else None
    if fact is None or fact.mandatory or fact.parts:
        return None
    if rule[0] == "E":
        if made.value(number):
            return None
        made.put(number, 1, "X" * max(fact.least, 1))
        return made if fact.kind == "AN" else None
    if not made.value(number):
        return None
    made.put(number, 1, "")
    made.trim()
    return made


def repetition(field: Field) -> Fault | None:
    """An element that may stand once stands twice."""
    mark = field.wire.marks.repetition
    spot = field.pick([spot for spot in field.spots() if mark and spot.around.repeats == 1])
    if spot is None:
        return None
    repetitions = spot.segment.elements[spot.element - 1]
    repetitions.append(list(repetitions[0]))
    return Fault("repetition", [Expected(frozenset({"too_many_repetitions"}), (spot.segment,), elements=frozenset({spot.element}),
                                         components=frozenset({None}))], also(field, spot))


def trailing_element(field: Field) -> Fault | None:
    """An element separator stands at the end of a segment."""
    spot = field.pick([spot for spot in field.spots()
                       if len(spot.segment.elements) < len(field.base.facts.segments[spot.segment.tag])])
    if spot is None:
        return None
    spot.segment.elements.append([[""]])
    return Fault("trailing_element", [Expected(frozenset({"trailing_separator"}), (spot.segment,))])


def trailing_component(field: Field) -> Fault | None:
    """A component separator stands at the end of a composite."""
    spot = field.pick([spot for spot in field.spots() if spot.component is not None
                       and len(spot.segment.elements[spot.element - 1][0]) < len(spot.around.parts)])
    if spot is None:
        return None
    spot.segment.elements[spot.element - 1][0].append("")
    return Fault("trailing_component", [Expected(frozenset({"trailing_separator"}), (spot.segment,),
                                                 elements=frozenset({None, spot.element}))])


PLANTERS = (blank_mandatory, blank_mandatory_composite, surplus_element, surplus_component, too_long, too_short, letters_in_number,
            broken_number, digits_in_letters, bad_date, bad_time, unknown_code, condition, repetition, trailing_element,
            trailing_component)
