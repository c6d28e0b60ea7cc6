"""Scenarios and the habits of partners, read from their YAML. What cannot stand there is said with its file, line and column, all mistakes at
once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edi_bridge.record import RECORDS, SCALARS, fields_of
from edi_bridge.rollout.scenario import (
    ANSWERS,
    MUTATIONS,
    POSTED,
    STAGES,
    STATES,
    VERDICTS,
    Expectation,
    Habits,
    Mutation,
    Scenario,
    Step,
)
from edi_bridge.yamltext import Block, Problems

STEP = ("step", "record", "values", "messages", "expect")
EXPECT = ("state", "findings", "answer", "fields", "crm", "tied", "outcome", "alarm")
KEYS = ("scenario", "about", "record", "records", "like", "direction", "standards", "messages", "not_messages", "stages", "negative", "needs",
        "must", "lookup", "values", "mutate", "answer", "steps", "of", "expect")
NEEDS = {"set": ("field", "text"), "drop": ("field",)}  # what a mutation says besides


def load(block: Block) -> Scenario:
    """A scenario from its file. ConfigFault with everything that is wrong in it."""
    problems = Problems(block.file)
    problems.unknown_keys(block, KEYS, "a scenario")
    name = str(block.get("scenario", ""))
    if name != block.file.rpartition("/")[2].removesuffix(".yaml"):
        problems.add(block.value_marks.get("scenario", block.mark), "scenario: is the name of the file")
    if not isinstance(block.get("about"), str):
        problems.add(block.mark, "about: says what the scenario is for")
    steps = _steps(block, problems)
    answer = str(block.get("answer", ""))
    if answer and answer not in ANSWERS:
        problems.add(block.value_marks["answer"], f"answer: is what the partner says: {', '.join(ANSWERS)}")
    of = _texts(block, "of", problems, tuple(RECORDS))
    record = str(block.get("record", ""))
    made = Scenario(
        name, str(block.get("about", "")), tuple(steps), of or ((record,) if record else tuple(_records(steps))), str(block.get("direction", "")),
        _texts(block, "standards", problems, ("edifact", "x12", "xml", "csv", "fixed")), _texts(block, "stages", problems, ()) or STAGES,
        block.get("negative") is True, _texts(block, "needs", problems, ()), _texts(block, "must", problems, ()), block.get("lookup") is True, answer,
        block.file)
    problems.done()
    return made


def _records(steps: Sequence[Step]) -> list[str]:
    return list(dict.fromkeys(one.record for one in steps if one.record))


def _texts(block: Block, key: str, problems: Problems, choices: tuple[str, ...]) -> tuple[str, ...]:
    value = block.get(key)
    listed = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) and (not choices or one in choices) for one in listed):
        problems.add(block.value_marks[key], f"{key}: is a list of " + (", ".join(choices) if choices else "texts"))
        return ()
    return tuple(listed)


def _steps(block: Block, problems: Problems) -> list[Step]:
    said = block.get("steps")
    if said is None:
        return [_step(block, "", str(block.get("record", "")), problems)]
    if not isinstance(said, list) or not said or not all(isinstance(one, Block) for one in said):
        problems.add(block.value_marks["steps"], "steps: is a list of messages, each with record: and values:")
        return [Step("", "")]
    made = []
    for one in said:
        problems.unknown_keys(one, STEP, "a step")
        made.append(_step(one, str(one.get("step", one.get("record", ""))), str(one.get("record", "")), problems))
    return made


def _step(block: Block, name: str, record: str, problems: Problems) -> Step:
    if record and record not in RECORDS:
        problems.add(block.value_marks.get("record", block.mark), f"there is no record {record}; known are {', '.join(RECORDS)}")
        record = ""
    values = block.get("records", [block["values"]] if "values" in block else [])
    if not isinstance(values, list) or not all(isinstance(one, Block) for one in values):
        problems.add(block.value_marks.get("records", block.mark), "values: is a record, records: a list of them")
        values = []
    if not values and not block.get("like"):
        problems.add(block.mark, "values: says what stands in the record (or like: which scenario's)")
    for one in values:
        _known(one, record, problems) if record else None
    return Step(name, record, tuple(values), str(block.get("like", "")), _texts(block, "messages", problems, ()),
                _texts(block, "not_messages", problems, ()), tuple(_mutations(block, problems)), _expectation(block, problems))


def _known(part: Block, type: str, problems: Problems) -> None:
    """Note the fields that a record of a type does not have."""
    fields = fields_of(type)
    for name, value in part.items():
        if name not in fields:
            problems.add(part.marks.get(name, part.mark), f"a record or part of type {type} has no field {name}")
            continue
        kind = fields[name].type
        for one in value if isinstance(value, list) else [value]:
            inner = one.get("of") if isinstance(one, Block) and "repeat" in one else one
            if isinstance(inner, Block) and kind not in SCALARS:
                _known(inner, kind, problems)


def _mutations(block: Block, problems: Problems) -> Iterator[Mutation]:
    said = block.get("mutate")
    for one in said if isinstance(said, list) else [said] if said is not None else []:
        entry = one if isinstance(one, Block) else None
        do = str(entry.get("do", "") if entry is not None else one)
        if do not in MUTATIONS:
            problems.add(block.value_marks["mutate"], f"there is no mutation {do}; known are {', '.join(MUTATIONS)}")
            continue
        lacking = [key for key in NEEDS.get(do, ()) if entry is None or key not in entry]
        if lacking:
            problems.add(block.value_marks["mutate"], f"{do} needs {' and '.join(lacking)}")
        yield Mutation(do, str(entry.get("field", "")) if entry else "", str(entry.get("text", "")) if entry else "")


def _expectation(block: Block, problems: Problems) -> Expectation:
    said = problems.inner(block, "expect", EXPECT, "is {state: posted, crm: {sales_order: 1}}")
    if said is None:
        return Expectation()
    state, answer = str(said.get("state", POSTED)), str(said.get("answer", ""))
    if state not in STATES:
        problems.add(said.value_marks["state"], f"state: is one of {', '.join(STATES)}")
    if answer and answer not in VERDICTS:
        problems.add(said.value_marks["answer"], f"answer: is one of {', '.join(VERDICTS)}")
    parts = {key: dict(said[key]) if isinstance(said.get(key), dict) else {} for key in ("fields", "crm")}
    return Expectation(state, _texts(said, "findings", problems, ()), answer, parts["fields"], parts["crm"], _texts(said, "tied", problems, ()),
                       str(said.get("outcome", "")), str(said.get("alarm", "")))


def habits(block: Block | None) -> Habits:
    """From the home's `rollout/scenarios/PARTNER.yaml`. ConfigFault with everything that is wrong in it."""
    if block is None:
        return Habits()
    problems = Problems(block.file)
    keys = ("values", "always", "otherwise", "without")
    problems.unknown_keys(block, ("habits", "about", *keys), "the habits of a partner")
    for key in keys:
        if not isinstance(block.get(key, {}), dict):
            problems.add(block.value_marks[key], f"{key}: names each of them, and says what")
    for key in ("otherwise", "without"):
        said = block.get(key, {})
        for name, reason in said.items() if isinstance(said, dict) else ():
            if not isinstance(reason, str) or not reason.strip():
                problems.add(block.value_marks[key], f"{key}: {name} needs its reason")
    for type, part in (block.get("always") or {}).items() if isinstance(block.get("always"), dict) else ():
        if type not in RECORDS or not isinstance(part, Block):
            problems.add(block.value_marks["always"], f"always: {type} is no record, or says nothing")
        else:
            _known(part, type, problems)
    problems.done()
    return Habits(*({str(name): value for name, value in block.get(key, {}).items()} for key in keys))
