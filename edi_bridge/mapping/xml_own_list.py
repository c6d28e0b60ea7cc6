"""Lists whose items are the element itself (`each: "."`) in a list of elements: the articles of a pack, where each line of the
message says which pack it is in.

One item of the outer list then stands in several elements, one for each item of its own list. So it is in despatch advices of
UBL: a `cac:DespatchLine` has one `cac:Item`, and its `cac:Shipment` names the `cac:TransportHandlingUnit` it is in (UBL 2.1,
DespatchLineType). Where a unit holds items of several lines, each of them names it by the same SSCC (Peppol BIS Despatch Advice 3,
"Transport handling unit"). What is the same but for its own list is therefore one: `gathered` when reading, `parts` when writing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from edi_bridge.mapping.plan import ScopePlan, ScopeUse
from edi_bridge.record import normal

Record = dict[str, Any]


def own_list(scope: ScopePlan) -> ScopeUse | None:
    """The list of a scope that stands in the scope's own element; None where there is none, or several."""
    found = [use for use in scope.uses if use.many and len(use.target) == 1 and not use.when
             and use.sources and not any(one.steps or one.up or one.root for one in use.sources)]
    return found[0] if len(found) == 1 else None


def gathered(items: list[Record], name: str) -> list[Record]:
    """Those that are the same but for their list `name` as one, at the place of the first, with the lists joined."""
    if len(items) < 2:
        return items
    found: dict[Any, Record] = {}
    for item in items:
        first = found.setdefault(likeness(item, name), item)
        if first is not item and name in item:
            first[name] = [*first.get(name, ()), *item[name]]
    return list(found.values())


def parts(item: Record, name: str, state: Any) -> Iterator[Record]:
    """The item once for each item of its list `name`, with that one alone; `state.first` is its number, counted from 1."""
    several = [(n, one) for n, one in enumerate(item.get(name) or (), 1) if one]
    if not several:
        yield item
    for n, one in several:
        state.first = n
        yield {**item, name: [one]}


def likeness(item: Record, name: str, path: str = "", left_out: Collection[str] = ()) -> Any:
    """What two items must share to be one. `left_out` are fields, by their paths from `path`, that do not count."""
    return _frozen({key: value for key, value in item.items() if key != name and f"{path}.{key}" not in left_out},
                   path, left_out)


def _frozen(value: Any, path: str, left_out: Collection[str]) -> Any:
    match value:
        case dict():
            return frozenset((key, _frozen(inner, here, left_out)) for key, inner in value.items()
                             if (here := f"{path}.{key}") not in left_out and inner not in (None, "", {}, []))
        case list():
            return tuple(_frozen(inner, here, left_out) for n, inner in enumerate(value) if (here := f"{path}[{n}]") not in left_out)
    return normal(value)
