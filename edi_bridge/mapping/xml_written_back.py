"""What a written XML document says when it is read again, held against the record it was written from.

A map can hold most fields in most combinations, and not all in all: an element that may stand once for two items, a second name
that without a first one would be read as the first. `losses` names every field of the record that would not come back as it
is, so that nothing is lost or becomes something else without a finding.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse
from edi_bridge.mapping.write_plan import Places, shape_of
from edi_bridge.mapping.xml_own_list import likeness, own_list
from edi_bridge.mapping.xml_reader import XmlProgram
from edi_bridge.record import normal
from edi_bridge.structure_xml import XmlStructure

Record = dict[str, Any]
Target = tuple[str, ...]
Loss = tuple[str, Any, Any]  # path in the record, what stands there, what comes back
Part = tuple[ScopePlan, Record, str]  # what stands in an element: its scope, the item, its path
_SECONDS = re.compile(r"(T\d\d:\d\d):00(?!\d)")


class WrittenBack:
    """The reading side of a map that writes. One per map."""

    def __init__(self, plan: MapPlan, structure: XmlStructure):
        self.plan = plan
        self.structure = structure
        self._uses: dict[tuple[int, Target], tuple[list[ScopeUse], Places | None]] = {}

    @cached_property
    def _program(self) -> XmlProgram:
        return XmlProgram(self.plan, self.structure)

    def losses(self, records: Collection[Record], root: Any, named: Collection[str]) -> list[list[Loss]]:
        """Of each record the fields that are not read again as they are, without those that are `named` already. What was
        not in the record and is read all the same is no loss: defaults and constants of the map are filled."""
        again, _ = self._program.run(root)
        if len(again) != len(records):  # a record of which nothing could be written
            again = [*again, *({} for _ in range(len(records) - len(again)))]
        return [list(self._object(self.plan.root, (), record, back, "", named)) for record, back in zip(records, again, strict=False)]

    def _object(self, scope: ScopePlan, prefix: Target, before: Record, after: Any, path: str, named: Collection[str]) -> Iterator[Loss]:
        after = after if isinstance(after, dict) else {}
        for name, value in before.items():
            here = f"{path}.{name}" if path else name
            back = after.get(name)
            if value == back or here in named:  # mostly the whole list or object is as it was
                continue
            if isinstance(value, dict):
                uses, _ = self._lists(scope, (*prefix, name))
                inner = (uses[0].item, ()) if uses else (scope, (*prefix, name))
                yield from self._object(*inner, value, back, here, named)
            elif isinstance(value, list):
                yield from self._items(scope, (*prefix, name), value, back if isinstance(back, list) else [], here, named)
            elif not _same(value, back):
                yield here, value, back

    def _items(self, scope: ScopePlan, target: Target, before: list[Any], after: list[Any], path: str, named: Collection[str]) -> Iterator[Loss]:
        """Items in the order in which they are read again: place by place."""
        uses, places = self._lists(scope, target)
        if not uses:
            return  # the map has no such list, and said so
        own = own_list(uses[0].item) if places is None else None
        if own is not None:
            yield from self._gathered(uses[0], own, before, after, path, named)
            return
        numbers = [max(places.of(item), 0) if places is not None else 0 for item in before]
        order = sorted((n for n, item in enumerate(before) if item), key=lambda n: numbers[n])
        yield from self._in_turn([[(uses[numbers[n]].item, before[n], f"{path}[{n}]")] for n in order], [[item] for item in after], named)

    def _gathered(self, use: ScopeUse, own: ScopeUse, before: list[Any], after: list[Any], path: str, named: Collection[str]) -> Iterator[Loss]:
        """Items that stand in an element for each item of their own list, and are read as one where they are alike: (item, item of
        its list) by (item, item of its list)."""
        name = own.target[0]
        alike: dict[Any, list[int]] = {}
        for n, item in enumerate(before):
            if item:
                alike.setdefault(likeness(item, name, f"{path}[{n}]", named), []).append(n)
        entries: list[list[Part]] = []
        for n in [n for numbers in alike.values() for n in numbers]:
            here = f"{path}[{n}]"
            alone = {key: value for key, value in before[n].items() if key != name}
            inside: list[tuple[int, Record]] = [(m, one) for m, one in enumerate(before[n].get(name) or ()) if one]
            entries += [[(use.item, alone, here), (own.item, one, f"{here}.{name}[{m}]")] for m, one in inside] or [[(use.item, alone, here)]]
        backs: list[list[Any]] = [[back, one] for back in after for one in back.get(name) or [{}]]
        yield from self._in_turn(entries, backs, named)

    def _in_turn(self, entries: list[list[Part]], after: list[list[Any]], named: Collection[str]) -> Iterator[Loss]:
        """What stands in one element each, in the order in which it is read again. Where some are missing, the others are found
        again."""
        left = after
        for position, parts in enumerate(entries):
            place = parts[-1][2]
            off = any(here in named for _, _, here in parts)
            backs = left[0] if left else [{}] * len(parts)
            lost = [] if off else [loss for (scope, item, here), back in zip(parts, backs, strict=False)
                                   for loss in self._object(scope, (), item, back, here, named)]
            gone = off or all(f"{here}.{name}" in named for _, item, here in parts for name in item)
            if len(left) < len(entries) - position and (lost or gone):  # one of those that are left did not come back: this one
                if not gone:
                    yield place, parts[-1][1], None
                continue
            left = left[1:]
            yield from lost

    def _lists(self, scope: ScopePlan, target: Target) -> tuple[list[ScopeUse], Places | None]:
        """The rules of a list or object, and where its items are written if there are several."""
        key = (scope.number, target)
        if key not in self._uses:
            uses = [use for use in scope.uses if use.target == target]
            several = len(uses) > 1 and uses[0].many
            self._uses[key] = uses, Places(tuple(shape_of(use.item) for use in uses)) if several else None
        return self._uses[key]


def _same(value: Any, back: Any) -> bool:
    """Whether a value came back: XML Schema's times have seconds, whether the record's has them or not."""
    if value in (None, "") or normal(value) == normal(back):
        return True
    return isinstance(value, str) and isinstance(back, str) and _SECONDS.sub(r"\1", value) == _SECONDS.sub(r"\1", back)


def without(value: Any, paths: Collection[str], path: str = "") -> Any:
    """A record without these fields, objects or items. The other items keep their numbers: an empty one stands where one was."""
    if isinstance(value, dict):
        kept = {name: without(inner, paths, here) for name, inner in value.items()
                if (here := f"{path}.{name}" if path else name) not in paths}
        return {name: inner for name, inner in kept.items() if inner not in ({}, [])}
    if isinstance(value, list):
        return [{} if (here := f"{path}[{number}]") in paths else without(inner, paths, here) for number, inner in enumerate(value)]
    return value
