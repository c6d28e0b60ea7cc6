"""A partner as it is in force: every setting with its value and the file and line it comes from, defaults too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edi_bridge.partner.layers import RULES
from edi_bridge.partner.policy import ACKNOWLEDGE
from edi_bridge.partner.values import LARGEST, PRIORITY, WAIT, WINDOW, Partner
from edi_bridge.yamltext import Block, Mark

PLAIN = re.compile(r"[A-Za-zÀ-ÿ](?:[^:#,{}\[\]\n\"]*[^:#,{}\[\]\n\" ])?|[0-9]+(?:ms|[smhd])")  # a text that needs no quotes in YAML
WORDS = ("null", "true", "false")  # which YAML takes for something else than texts
HIDDEN = ("partner", "about", "extends", "agreed")
NAMED = ("identities", "contacts", "escalation", "parties", "silence")  # lists of entries that have no names of their own
DEFAULTS = {  # what holds where neither the partner nor a profile says anything
    **{f"acknowledge.{name}": when for name, when in ACKNOWLEDGE.items()},
    "errors.interchange": "split", "errors.suspend": "message", "numbers.first": "1", "numbers.last": str(LARGEST), "numbers.wrap": "true",
    "window": f"{WINDOW}d", "wait": f"{int(WAIT // 86400)}d", "priority": str(PRIORITY)}
OF_AGREEMENTS = {"direction": "in", "test": "false", "stage": "live"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `path` is `window`, `envelope.syntax`, `agreements[edifact/D96A/ORDERS in].map`. `file` is '' for a default."""

    path: str
    value: str
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def origin(self) -> str:
        """`partners/acme.yaml:12`, or `default`."""
        return f"{self.file}:{self.line}" if self.file else "default"


def settings(partner: Partner) -> list[Setting]:
    """Every setting of a partner, those it says itself or by its profiles first in the order of the file, then the defaults."""
    assert isinstance(partner.source, Block)
    said = _outranked(partner, list(_of(partner.source, "")))
    known = {one.path for one in said}
    return [*said, *(Setting(path, value) for path, value in DEFAULTS.items() if path not in known)]


def _outranked(partner: Partner, said: list[Setting]) -> list[Setting]:
    """With the stages that `_stages.yaml` says in the place of those that the partner's file says."""
    moved = {f"agreements[{_named(one.message, one.direction, one.test)}]": one for one in partner.agreements if one.staged[0]}
    made = [one for one in said if not (one.path.endswith("].stage") and one.path.removesuffix(".stage") in moved)]
    for name, agreement in moved.items():
        last = max(number for number, one in enumerate(made, 1) if one.path.startswith(f"{name}."))
        limits = {key: value for key in ("documents", "daily", "approve") if (value := getattr(agreement.limits, key))}
        made[last:last] = [Setting(f"{name}.{key}", value, *agreement.staged) for key, value in (
            ("stage", agreement.stage), ("since", flow(agreement.since)), *((f"limits.{key}", str(value)) for key, value in limits.items()))]
    return made


def _named(message: Any, direction: Any, test: Any) -> str:
    return f"{message} {direction or 'in'}{' test' if test else ''}"


def _of(block: Block, prefix: str) -> Iterator[Setting]:
    for key, value in block.items():
        path = f"{prefix}{key}"
        if key in HIDDEN or value is None:
            continue
        if key == "agreements" and isinstance(value, list):
            for entry in value:
                yield from _of_agreement(entry, block)
        elif isinstance(value, Block) and (key in RULES or key in ("channels", "van") or prefix):
            yield from _of(value, f"{path}.")
        elif key in NAMED and isinstance(value, list):
            for number, entry in enumerate(value, 1):
                mark: Mark = entry.mark if isinstance(entry, Block) else block.marks[key]
                yield Setting(f"{path}[{number}]", flow(entry), block.files.get(key, block.file), *mark)
        else:
            yield Setting(path, flow(value), block.files.get(key, block.file), *block.marks[key])


def _of_agreement(entry: Block, partner: Block) -> Iterator[Setting]:
    name = f"agreements[{_named(entry.get('message'), entry.get('direction'), entry.get('test'))}]"
    said = list(_of(entry, f"{name}."))
    known = {one.path for one in said}
    yield from said
    if f"{name}.stage" not in known and "stage" in partner:
        known.add(f"{name}.stage")
        yield Setting(f"{name}.stage", flow(partner["stage"]), partner.files.get("stage", partner.file), *partner.marks["stage"])
    yield from (Setting(f"{name}.{key}", value) for key, value in OF_AGREEMENTS.items() if f"{name}.{key}" not in known)


def flow(value: Any) -> str:
    """A value on one line, as YAML would write it."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(flow, value)) + "]"
        case bool():
            return "true" if value else "false"
        case None:
            return "~"
    text = str(value)
    return json.dumps(text, ensure_ascii=not text.isprintable()) if isinstance(value, str) and (not PLAIN.fullmatch(text) or text.lower() in WORDS) else text
