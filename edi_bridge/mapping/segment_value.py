"""Generates the code that makes wire texts of a record's fields: one value, or the items of a list, for `segment_code.py`."""

from __future__ import annotations

from edi_bridge.mapping.emit import (
    Lines,
    field_expression,
    object_expression,
    when_expression,
)
from edi_bridge.mapping.plan import ValuePlan
from edi_bridge.mapping.write_places import Fields, place
from edi_bridge.mapping.write_plan import WrittenList, WrittenSegment, WrittenValue


class ValueCode:
    """Adds to `code`, function after function, what makes the texts of values."""

    def __init__(self, code: Lines):
        self.code = code

    def local(self, value: WrittenValue) -> str:
        """The local that holds the wire text of a field's value."""
        return f"x{_number(value)}"

    def beside(self, value: WrittenValue) -> list[str]:
        """The locals of what stands beside it, in the order of its `aux`."""
        return [f"y{_number(value)}_{a}" for a in range(len(value.aux))]

    def encode(self, value: WrittenValue) -> str:
        """Code that puts the wire text of a value, and what stands beside it, into locals; the value's local."""
        code, plan = self.code, value.plan
        if plan is None:
            name = code.name("x")
            code.add(f"{name} = CALL({code.constant('C', value.call)}, r, X)")
            return name
        if value.common is not None:
            items = field_expression(value.common, "()") if value.common else "r['']"
            code.add(f"v = X.common({plan.number}, {'.'.join(value.target)!r}, {items})")
        else:
            code.add(f"v = {field_expression(value.target)}")
        fallback = plan.constant if plan.constant is not None else plan.default
        if fallback is not None:
            guards = "".join(f" and {field_expression(guard)}" for guard in value.guards[-1:])
            with code.block(f"if v is None{guards}:"):
                code.add(f"v = {code.constant('D', fallback)}")
        condition, around = "v is None", object_expression(value.target)
        for when in (plan.when, value.only):
            condition += f" or not ({when_expression(when, code.constants, around)})" if when else ""
        for other in value.unless:
            condition += f" or ({when_expression(other, code.constants, around)})"
        names = [self.local(value), *self.beside(value)]
        empty = ", ".join(["''"] * len(names))
        with code.block(f"if {condition}:"):
            code.add(f"{', '.join(names)} = {empty}")
        with code.block("else:"):
            self._convert(plan, "''" if value.common is not None else place(value.target), ", ".join(names), empty)
        return self.local(value)

    def _convert(self, plan: ValuePlan, where: str, names: str, empty: str) -> None:
        """The value `v` of a field (`where`) through its converter into the locals `names`."""
        code, number = self.code, plan.number
        code.add(f"w = W{number}[{'str(v)' if plan.convert.type == 'decimal' else 'v'}]")
        with code.block("if w.__class__ is not Bad:"):
            code.add(f"{names} = w")
        with code.block("elif w.value is not None:"):
            code.add(f"X.another({number}, {where}, v, w)")
            code.add(f"{names} = w.value")
        with code.block("else:"):
            if plan.rule.codes is not None and plan.default is not None:
                code.add(f"X.instead({number}, {where}, v, w)")
                code.add(f"w = W{number}[{code.constant('D', plan.default)}]")
                code.add(f"{names} = {empty} if w.__class__ is Bad else w")
            else:
                code.add(f"X.bad({number}, {where}, v, w)")
                code.add(f"{names} = {empty}")

    def fields(self, segment: WrittenSegment) -> Fields:
        """The locals of a segment's values, and of what stands beside them → the rule's number and the field."""
        return {name: (value.plan.number, value.target) for value in segment.values if value.plan is not None
                for name in (self.local(value), *self.beside(value))}

    def items(self, one: WrittenList) -> str:
        """The items that are written at this place: all of the field's, or those that its shape fits best."""
        items = field_expression(one.target, "()")
        if one.places is None:
            return items
        places = self.code.constant("K", one.places)
        if one.place == 0:
            with self.code.block(f"for one in {items}:"), self.code.block(f"if {places}.of(one) < 0:"):
                self.code.add(f"X.homeless({'.'.join(one.target)!r}, one)")
        return f"([one for one in {items} if {places}.of(one) == {one.place}] if {field_expression(one.target)} else ())"

    def guard(self, one: WrittenList) -> str:
        """The condition under which a list is written."""
        return when_expression(one.use.when, self.code.constants, object_expression(one.target)) if one.use.when else "True"


def _number(value: WrittenValue) -> str:
    """What the locals of a value are called by."""
    number = value.plan.number if value.plan is not None else -1
    return f"{number}v{value.variant}" if value.variant else str(number)
