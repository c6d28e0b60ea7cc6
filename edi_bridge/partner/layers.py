"""Profiles laid under a partner's file: a deep merge by declared rules, in which every setting knows the file and line it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.yamltext import Block, Items, Problems

PREFIX = "profiles/"
OWN_ONLY = ("partner", "identities", "parties", "channels", "send", "as2", "van", "contacts", "escalation", "stage")
RULES = {  # how a key of the upper layer is laid over that of the one below; what is not named here replaces it
    "findings": "merged key by key", "acknowledge": "merged key by key; a 997 takes the place of a 999, and the other way round",
    "errors": "merged key by key",
    "envelope": "merged key by key, its delimiters too", "numbers": "merged key by key", "expect": "merged key by key, 997 and 999 as for acknowledge",
    "restrict": "merged place by place", "batch": "merged key by key",
    "agreements": "merged by message, direction and test flag; others are added; `agreed: false` takes one out",
}
Profiles = Callable[[str], Block]  # the name of a profile → its YAML; ConfigFault when there is none


def layered(block: Block, profiles: Profiles) -> tuple[Block, tuple[str, ...]]:
    """A partner's YAML with the profiles that it extends laid under it, and the files of all layers, uppermost first.

    ConfigFault when a profile is missing, extends itself, or says what only a partner can say.
    """
    layers = [block]
    while (name := layers[-1].get("extends")) is not None:
        top = layers[-1]
        if not isinstance(name, str) or not name.startswith(PREFIX):
            raise ConfigFault.at(top.file, *top.value_marks["extends"], "extends: names a profile, such as profiles/retail-eancom")
        try:
            below = profiles(name.removeprefix(PREFIX))
        except ConfigFault as fault:
            raise ConfigFault([one if one[0] else (top.file, *top.value_marks["extends"], one[3]) for one in fault.problems]) from None
        if any(below.file == one.file for one in layers):
            raise ConfigFault.at(top.file, *top.value_marks["extends"], f"{name} extends itself in a circle")
        layers.append(below)
    problems = Problems(block.file)
    for one in layers[1:]:
        _only_of_a_profile(one, problems)
    problems.done()
    merged = _plain(layers[-1])
    for one in reversed(layers[:-1]):
        merged = _over(merged, one)
    _dropped(merged)
    return merged, tuple(one.file for one in layers)


def _only_of_a_profile(block: Block, problems: Problems) -> None:
    if not isinstance(block.get("profile"), str):
        problems.add(block.mark, "profile: must name the profile, as the file does", block.file)
    for key in OWN_ONLY:
        if key in block:
            problems.add(block.marks[key], f"{key}: is for a partner's own file, not for a profile", block.file)


def _plain(block: Block) -> Block:
    """The lowest layer: what it sets to nothing (~) is not there; the name of a profile is not the partner's."""
    return _over(Block(block.mark, block.file), block)


def _over(below: Block, above: Block, within: bool = False) -> Block:
    """`above` laid over `below`, by RULES; `within` a key that is merged, all is. `~` takes away what stands below."""
    merged = Block(above.mark, above.file)
    for source in (below, above):
        for key, new in source.items():
            if key in ("profile", "extends", "about"):
                if source is above:
                    _put(merged, source, key, new)
                continue
            if new is None and source is above:
                _take(merged, key)
                continue
            old = merged.get(key) if source is above else None
            if key == "agreements" and isinstance(old, Items) and isinstance(new, Items):
                new = _agreements(old, new)
            elif isinstance(old, Block) and isinstance(new, Block) and (within or key in RULES):
                new = _over(_without_rivals(old, new) if key in ("acknowledge", "expect") else old, new, within=True)
            _put(merged, source, key, new)
    return merged


def _without_rivals(below: Block, above: Block) -> Block:
    """A group is answered by a 997 or by a 999: the layer that names one of them does not want the other of the layer below."""
    left = _over(Block(below.mark, below.file), below, within=True)
    for mine, other in (("997", "999"), ("999", "997")):
        if above.get(mine) not in (None, "never") and other not in above:
            _take(left, other)
    return left


def _put(merged: Block, source: Block, key: str, value: Any) -> None:
    merged[key] = value
    merged.marks[key], merged.value_marks[key] = source.marks[key], source.value_marks[key]
    merged.files[key] = source.files.get(key, source.file)


def _take(merged: Block, key: str) -> None:
    merged.pop(key, None)
    merged.marks.pop(key, None)
    merged.value_marks.pop(key, None)
    merged.files.pop(key, None)


def _agreements(below: Items, above: Items) -> Items:
    """By message, direction and test flag, in the order of the lower layer; what is new comes behind."""
    made = Items(above.mark)
    left = list(zip(above, above.marks, strict=True))
    for old, mark in zip(below, below.marks, strict=True):
        mine = next((one for one in left if isinstance(one[0], Block) and isinstance(old, Block) and _key(one[0]) == _key(old)), None)
        if mine is not None:
            left.remove(mine)
        made.append(_over(old, mine[0]) if mine is not None else old)
        made.marks.append(mine[1] if mine is not None else mark)
    for one, mark in left:
        made.append(one)
        made.marks.append(mark)
    return made


def _key(entry: Block) -> tuple[str, str, bool]:
    return str(entry.get("message")), str(entry.get("direction") or "in"), bool(entry.get("test"))


def _dropped(merged: Block) -> None:
    """Take out the agreements that a layer does not want (`agreed: false`)."""
    entries = merged.get("agreements")
    if not isinstance(entries, Items):
        return
    kept = [(one, mark) for one, mark in zip(entries, entries.marks, strict=True) if not (isinstance(one, Block) and one.get("agreed") is False)]
    made = Items(entries.mark)
    for one, mark in kept:
        made.append(one)
        made.marks.append(mark)
    merged["agreements"] = made
