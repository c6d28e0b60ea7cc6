"""Scenarios as data: what is played with a partner before anything real is, and what must come out. Pure.

    scenario: order-minimal
    about: The least that an order needs.
    record: order
    values: {number: "{number}", issued_on: "{today}", buyer: "{customer}", lines: [{number: "1", gtin: "{gtin}", quantity: "12"}]}
    expect: {state: posted, crm: {sales_order: 1, order_line: 1}}

`{name}` in a text is a value of the context (a whole text that is one takes its value as it is); `{repeat: 200, of: …}` in a list is so
many items, with `{i}` counted from 1. `like: minimal` takes the values of `RECORD-minimal`, whatever the record of the agreement is.
How a file is read, and what is wrong in it: `scenario_file`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.record import (
    from_json,
    leaves,
    to_json,
    unnumbered,
)

Record = dict[str, Any]
STAGES = ("validating", "certifying", "retest")  # in which scenarios are played
POSTED, REJECTED, WAITING, HELD, QUARANTINED, REFUSED, DUPLICATE = "posted", "rejected", "waiting", "held", "quarantined", "refused", "duplicate"
STATES = {  # what must become of it → what that means
    POSTED: "its records are in the staging lane",
    REJECTED: "the message is refused, and its findings say why",
    WAITING: "it waits for the document that it refers to",
    HELD: "a person must decide about it",
    QUARANTINED: "the whole interchange waits for a person",
    REFUSED: "its envelope is not acceptable: nothing of it is read further",
    DUPLICATE: "the same came before: nothing changes",
}
MUTATIONS = {  # what is done to a good interchange → what that is
    "set": "another text at the place of a field (`field`, `text`)",
    "drop": "the segment of a field is gone (`field`)",
    "drop_first": "the segment behind the message's header is gone, which no message is without",
    "message_count": "the message's trailer counts one segment more (UNT 0074, SE01)",
    "interchange_count": "the interchange's trailer counts one more (UNZ 0036, IEA01)",
    "control": "the interchange's trailer carries another control number (UNZ 0020, IEA02)",
    "sender": "the sender is an address that nobody knows (UNB S002, ISA06)",
    "charset": "bytes that the character set of the envelope does not have",
    "again": "the same bytes come a second time",
    "conflict": "another content comes under the same control number",
}
ANSWERS = ("accepted", "rejected", "late", "unknown")  # what the partner's acknowledgement is, of what we send
VERDICTS = ("accepted", "rejected", "none")  # what ours says


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must come out. `state`: of STATES; `findings`: kinds that must be there; `answer`: of VERDICTS ('' : as the state says);
    `fields`: path → text that the record must hold; `crm`: table → rows that come of it, `table.column` → value; `tied`: kinds of documents that
    it is tied to; `outcome` and `alarm`: of what we sent, after the partner's answer."""

    state: str = POSTED
    findings: tuple[str, ...] = ()
    answer: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    crm: Mapping[str, Any] = field(default_factory=dict)
    tied: tuple[str, ...] = ()
    outcome: str = ""
    alarm: str = ""


@dataclass(frozen=True, slots=True)
class Mutation:
    """What is done to a good interchange: `do` of MUTATIONS."""

    do: str
    field: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One message (or several of one kind in one interchange): its records as templates, and what must become of it. `messages`: the
    names of messages that may carry it; `like`: templates of another scenario."""

    name: str
    record: str  # '' : that of the agreement
    values: tuple[Mapping[str, Any], ...] = ()
    like: str = ""
    messages: tuple[str, ...] = ()
    not_messages: tuple[str, ...] = ()
    mutate: tuple[Mutation, ...] = ()
    expect: Expectation = Expectation()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. `of`: for agreements with these records (empty: any); `needs`: fields that the map must carry for it to make
    sense, `must`: fields that it must carry; `lookup`: only where the map looks something up; `answer`: the partner's acknowledgement,
    of ANSWERS."""

    name: str
    about: str
    steps: tuple[Step, ...]
    of: tuple[str, ...] = ()
    direction: str = ""
    standards: tuple[str, ...] = ()
    stages: tuple[str, ...] = STAGES
    negative: bool = False
    needs: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    lookup: bool = False
    answer: str = ""
    file: str = field(default="", compare=False)

    @property
    def last(self) -> Step:
        """The step that the scenario is about."""
        return self.steps[-1]


@dataclass(frozen=True, slots=True)
class Fit:
    """What an agreement is, as far as scenarios care."""

    direction: str
    message: str
    record: str
    stage: str
    carries: frozenset[str]
    lookup: bool = False

    @property
    def standard(self) -> str:
        """edifact, x12 …"""
        return self.message.partition("/")[0]


def why_not(scenario: Scenario, fit: Fit) -> str:
    """Why a scenario is not for an agreement; '' when it is."""
    name = fit.message.rpartition("/")[2]
    own = [one for one in scenario.steps if not one.record or one.record == fit.record]
    if scenario.direction and scenario.direction != fit.direction:
        return "what goes out" if scenario.direction == "out" else "what comes in"
    if scenario.of and fit.record not in scenario.of or not own:
        return f"records of type {' or '.join(scenario.of or sorted({one.record for one in scenario.steps}))}"
    if fit.stage not in scenario.stages:
        return f"the stages {', '.join(scenario.stages)}"
    if scenario.standards and fit.standard not in scenario.standards:
        return f"messages of {' and '.join(scenario.standards)}"
    if not any(carried_by(one, name) for one in own):
        return f"messages {', '.join(own[-1].messages) or 'other than ' + ', '.join(own[-1].not_messages)}"
    if scenario.lookup and not fit.lookup:
        return "maps that look keys up"
    if lacking := [one for one in scenario.needs if not _carried(one, fit.carries)]:
        return f"maps that carry {', '.join(lacking)}"
    return ""


def carried_by(step: Step, name: str) -> bool:
    """Whether a message of this name (ORDERS, 850) may carry a step."""
    return (not step.messages or name in step.messages) and name not in step.not_messages


def _carried(name: str, carries: frozenset[str]) -> bool:
    """Whether a map holds a field, or something below it; `a|b`: one of them."""
    return any(one in carries or any(other.startswith(f"{one}.") for other in carries) for one in name.split("|"))


# --- filling templates --------------------------------------------------------------------------------------------------

TOKEN = re.compile(r"\{([a-z_]+[0-9]*)(?: ?([+-]?\d+))?\}")


@dataclass(frozen=True, slots=True)
class Context:
    """What the words of templates mean. `values`: name → text or part of a record; `number`: of this scenario, unique in a run;
    `today`: ISO 8601."""

    values: Mapping[str, Any]
    number: str
    today: str

    def word(self, name: str, argument: str, item: int) -> Any:
        """The value of `{name argument}` in the item of a list counted from 1."""
        match name:
            case "i":
                return str(item + int(argument or 0))
            case "number":
                return self.number + argument.lstrip("+")
            case "today":
                return (date.fromisoformat(self.today) + timedelta(days=int(argument or 0))).isoformat()
            case "gtin":
                return self.values["gtin"] if "gtin" in self.values and not argument and item == 1 else gtin(int(argument or item))
            case "sscc":
                return sscc(self.number, int(argument or item))
        if name not in self.values:
            raise KeyError(name)
        return self.values[name]


def gtin(number: int) -> str:
    """A GTIN-13 for examples: GS1's prefix 952, with its check digit (GS1 General Specifications 7.9)."""
    return checked(f"95212{number % 10_000_000:07}")


def sscc(number: str, item: int) -> str:
    """An SSCC for examples: extension digit, prefix 952, something of a number, check digit."""
    own = int(re.sub(r"[^0-9A-Z]", "", number.upper()) or "0", 36) % 1_000_000
    return checked(f"3952120{own:06}{item % 10_000:04}")


def checked(digits: str) -> str:
    """Digits with the check digit of GS1: weights 3 and 1 from the right, up to the next ten."""
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return f"{digits}{-weighted % 10}"


def filled(template: Any, context: Context, item: int = 1) -> Any:
    """A template with its words filled in; what has no value is left out. KeyError for a word that nobody knows."""
    match template:
        case dict():
            made = {str(key): filled(value, context, item) for key, value in template.items()}
            return {key: value for key, value in made.items() if value not in (None, "", [], {})}
        case list():
            return [one for entry in template for one in _entries(entry, context, item)]
        case str():
            whole = TOKEN.fullmatch(template)
            if whole:
                return context.word(whole[1], whole[2] or "", item)
            return TOKEN.sub(lambda found: str(context.word(found[1], found[2] or "", item)), template)
        case bool() | int() | None:
            return template
    return str(template)


def _entries(entry: Any, context: Context, item: int) -> Iterator[Any]:
    if isinstance(entry, dict) and "repeat" in entry:
        yield from (filled(entry["of"], context, number) for number in range(1, int(entry["repeat"]) + 1))
    else:
        yield filled(entry, context, item)


def merged(record: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """A record with what a partner always wants in it; what stands in the record goes before. `lines` given as an object holds for every line."""
    made = dict(record)
    for name, value in more.items():
        there = made.get(name)
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            made[name] = merged(there, value)
        elif isinstance(there, list) and isinstance(value, Mapping):
            made[name] = [merged(one, value) if isinstance(one, Mapping) else one for one in there]
        elif there is None and not (isinstance(value, Mapping) and name in ("lines", "items", "packs")):
            made[name] = value
    return made


def typed(record: Mapping[str, Any], type: str) -> Record:
    """A filled template as a record. ConfigFault where it is none."""
    try:
        return from_json(to_json(dict(record)), type)
    except (ValueError, TypeError) as error:
        raise ConfigFault.at("", 0, 0, f"the scenario makes no record of type {type}: {error}") from None


def pruned(value: Any, carries: frozenset[str], name: str = "") -> Any:
    """A record without what a map does not carry."""
    if isinstance(value, dict):
        made = {key: pruned(one, carries, f"{name}.{key}" if name else key) for key, one in value.items()}
        return {key: one for key, one in made.items() if one not in (None, [], {})}
    if isinstance(value, list):
        return [one for one in (pruned(each, carries, name) for each in value) if one not in (None, {})]
    return value if name in carries or NESTED.sub(r"\1.", name) in carries else None


NESTED = re.compile(r"\b(packs|parts)\.(?:\1\.)+")  # lists that nest in themselves: a map names only the first


def without(record: Record, paths: Sequence[str]) -> Record:
    """A record without the values at these paths, and all below them."""
    gone = [path for path in paths if path]

    def kept(value: Any, path: str) -> Any:
        if any(path == one for one in gone):
            return None
        if isinstance(value, dict):
            made = {key: kept(one, f"{path}.{key}" if path else key) for key, one in value.items()}
            return {key: one for key, one in made.items() if one not in (None, [], {})}
        if isinstance(value, list):
            return [one for one in (kept(each, f"{path}[{n}]") for n, each in enumerate(value)) if one not in (None, {})]
        return value

    made: Record = kept(record, "")
    return made


def names_of(record: Record) -> set[str]:
    """The fields of a record, without numbers."""
    return {unnumbered(path) for path, _ in leaves(record)}


@dataclass(frozen=True, slots=True)
class Habits:
    """What is particular to a partner: `values` of templates, `always` in each record of a type, fields that it means `otherwise` than
    the standard's own map (with the reason), scenarios that are `without` (with the reason)."""

    values: Mapping[str, Any] = field(default_factory=dict)
    always: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    otherwise: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)


def as_markdown() -> str:
    """The faults and states as they stand in `docs/rollout.md`."""
    lines = ["| fault | |", "|---|---|", *(f"| `{name}` | {meaning} |" for name, meaning in MUTATIONS.items())]
    lines += ["", "| state | |", "|---|---|", *(f"| `{name}` | {meaning} |" for name, meaning in STATES.items())]
    return "\n".join(lines)
