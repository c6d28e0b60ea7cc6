"""Cost and payback of EDI with a partner and document: assumptions in, months to payback out, and how sure that is.

    saving a month  = documents a month × (minutes by hand × cost of an hour / 60 + share of errors × cost of an error − cost by EDI)
    payback, months = set-up / (saving a month − running cost a month)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.rollout.review import Volume
from edi_bridge.yamltext import Block, Problems

MANUAL = ("minutes", "errors", "error_cost")
EDI = ("document", "month")
SETUP = ("partner", "document", "clone")
TEMPLATE = """# What the payback is computed from. Every figure is yours to correct: rollout payback says which of them matters most.
currency: EUR
hour: 42                 # cost of an hour of work
manual:                  # a document by hand: minutes, errors in a hundred documents, cost of an error
  default: {minutes: 6, errors: 2, error_cost: 30}
  ORDERS: {minutes: 8, errors: 3, error_cost: 45}
  INVOIC: {minutes: 7, errors: 2, error_cost: 35}
edi: {document: 0.10, month: 40}          # by EDI: a document, and a month with a partner
setup: {partner: 1800, document: 900, clone: 300}    # a partner, a document of it, a document that is cloned from another partner's
sensitivity: 30          # percent by which each figure may be wrong
"""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The figures. `manual` by document (`default` for the others): minutes, errors a hundred, cost of an error."""

    currency: str = "EUR"
    hour: float = 42.0
    manual: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: {"default": {"minutes": 6.0, "errors": 2.0, "error_cost": 30.0}})
    edi: Mapping[str, float] = field(default_factory=lambda: {"document": 0.1, "month": 40.0})
    setup: Mapping[str, float] = field(default_factory=lambda: {"partner": 1800.0, "document": 900.0, "clone": 300.0})
    sensitivity: float = 30.0

    def of_document(self, document: str) -> Mapping[str, float]:
        """What a document costs by hand."""
        return {**self.manual["default"], **self.manual.get(document, {})}


@dataclass(frozen=True, slots=True)
class Payback:
    """What EDI with a partner costs and saves. `months` None: never. `low` and `high`: the range when each figure may be wrong by the
    sensitivity (None: never); `most`: the figure that moves it most."""

    partner: str
    documents: int
    setup: float
    saving: float
    running: float
    months: float | None
    low: float | None = None
    high: float | None = None
    most: str = ""


def read(block: Any, file: str) -> Assumptions:
    """Assumptions from YAML. ConfigFault with everything that is wrong."""
    if not isinstance(block, Block):
        raise ConfigFault.at(file, 1, 1, "holds keys and values: currency, hour, manual, edi, setup, sensitivity")
    problems = Problems(file)
    problems.unknown_keys(block, ("currency", "hour", "manual", "edi", "setup", "sensitivity"), "assumptions")
    plain = Assumptions()
    manual = {str(name): _figures(one, MANUAL, block, problems) for name, one in (block.get("manual") or {}).items()}
    made = Assumptions(
        str(block.get("currency") or plain.currency), _figure(block, "hour", plain.hour, problems),
        {"default": {**plain.manual["default"], **manual.pop("default", {})}, **manual},
        {**plain.edi, **_figures(block.get("edi"), EDI, block, problems)}, {**plain.setup, **_figures(block.get("setup"), SETUP, block, problems)},
        _figure(block, "sensitivity", plain.sensitivity, problems))
    problems.done()
    return made


def _figures(said: Any, keys: tuple[str, ...], around: Block, problems: Problems) -> dict[str, float]:
    if said is None:
        return {}
    if not isinstance(said, Block):
        problems.add(around.mark, f"{{{', '.join(f'{key}: …' for key in keys)}}} is wanted")
        return {}
    problems.unknown_keys(said, keys, "here")
    return {key: _figure(said, key, 0.0, problems) for key in said if key in keys}


def _figure(block: Block, key: str, default: float, problems: Problems) -> float:
    value = block.get(key, Decimal(str(default)))
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        problems.add(block.value_marks.get(key, block.mark), f"{key}: is a number that is not below 0")
        return default
    return float(value)


def payback(partner: str, volumes: Iterable[Volume], assumed: Assumptions, cloned: bool = False) -> Payback:
    """What EDI with one partner costs and saves, with its range. `cloned`: its documents are copied from a partner that has them."""
    mine = [one for one in volumes if one.partner == partner]
    plain = _plain(partner, mine, assumed, cloned)
    moved: list[tuple[float, str, float | None]] = []
    worst: list[float | None] = []
    for name, lower, higher in _moves(assumed):
        for other in (lower, higher):
            months = _plain(partner, mine, other, cloned).months
            worst.append(months)
            moved.append((abs((600.0 if months is None else months) - (600.0 if plain.months is None else plain.months)), name, months))
    known = [one for one in worst if one is not None]
    return replace(plain, low=min(known, default=None), high=None if None in worst else max(known, default=None),
                   most=max(moved, default=(0.0, "", None))[1])


def _plain(partner: str, mine: list[Volume], assumed: Assumptions, cloned: bool) -> Payback:
    saving = 0.0
    for one in mine:
        costs = assumed.of_document(one.document)
        by_hand = costs["minutes"] * assumed.hour / 60 + costs["errors"] / 100 * costs["error_cost"]
        saving += one.count / 12 * (by_hand - assumed.edi["document"])
    setup = assumed.setup["partner"] + len(mine) * assumed.setup["clone" if cloned else "document"]
    running = assumed.edi["month"]
    net = saving - running
    return Payback(partner, sum(one.count for one in mine), round(setup, 2), round(saving, 2), running, setup / net if net > 0 else None)


def _moves(assumed: Assumptions) -> Iterable[tuple[str, Assumptions, Assumptions]]:
    """Each figure once too low and once too high."""
    down, up = 1 - assumed.sensitivity / 100, 1 + assumed.sensitivity / 100
    yield "cost of an hour", replace(assumed, hour=assumed.hour * down), replace(assumed, hour=assumed.hour * up)
    for key, words in (("minutes", "minutes by hand"), ("errors", "errors by hand"), ("error_cost", "cost of an error")):
        lower, higher = ({name: {inner: value * (by if inner == key else 1) for inner, value in one.items()} for name, one in assumed.manual.items()}
                         for by in (down, up))
        yield words, replace(assumed, manual=lower), replace(assumed, manual=higher)
    for key, words in (("document", "cost of a document by EDI"), ("month", "running cost")):
        yield words, replace(assumed, edi=_moved(assumed.edi, key, down)), replace(assumed, edi=_moved(assumed.edi, key, up))
    for key in SETUP:
        yield f"set-up of a {key}", replace(assumed, setup=_moved(assumed.setup, key, down)), replace(assumed, setup=_moved(assumed.setup, key, up))


def _moved(figures: Mapping[str, float], key: str, by: float) -> dict[str, float]:
    return {name: value * (by if name == key else 1) for name, value in figures.items()}
