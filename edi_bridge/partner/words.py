"""The words of a partner file, each read from its YAML; what is wrong is noted with its place."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from edi_bridge.finding import KINDS
from edi_bridge.partner.policy import ACKNOWLEDGE
from edi_bridge.partner.values import LARGEST, WINDOW, Batch, Errors, Identity, Numbers, Silence, Watch
from edi_bridge.yamltext import Block, Problems, seconds

ERRORS = {"interchange": ("split", "keep"), "suspend": ("message", "all")}
ENVELOPE_KEYS = ("syntax", "usage", "application", "charset", "delimiters", "line_breaks", "characters", "una", "ask")
DELIMITER_KEYS = ("element", "component", "terminator", "release", "repetition", "decimal")
CHARACTERS = ("error", "replace", "other_delimiter")  # what becomes of a character that cannot stand in what we send
IDENTITY_KEYS = ("id", "qualifier", "standard", "internal")
ACTIONS = ("reject", "reject_interchange", "note", "off")
WHEN = ("always", "on_error", "asked", "never")
EXPECTED = ("contrl", "997", "999", "ta1", "aperak", "824", "network")  # what may be expected in answer to what we send
BATCH_KEYS = ("count", "size", "wait")
NUMBER_KEYS = ("first", "last", "wrap")
WATCHED = ("alarm", "pause", "off")
SILENCE_KEYS = ("message", "by", "days", "zone", "holidays", "within")


def text(block: Block, key: str, problems: Problems) -> str:
    value = block.get(key)
    if value is not None and not (isinstance(value, str) and value):
        problems.wrong(block, key, f"{key}: is a text")
    return str(value or "")


def choice(block: Block, key: str, choices: tuple[str, ...], problems: Problems) -> str:
    value = block.get(key)
    if value is not None and value not in choices:
        problems.wrong(block, key, f"{key}: is {' or '.join(choices)}")
    return str(value or "")


def time(block: Block, key: str, problems: Problems) -> float | None:
    if key not in block:
        return None
    made = seconds(block[key])
    if made is None:
        problems.wrong(block, key, f"{key}: is a time with its unit: 30s, 10m, 2h, 3d")
    return made


def whole(block: Block, key: str, default: int, least: int, most: int, problems: Problems) -> int:
    value = block.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        problems.wrong(block, key, f"{key}: is a whole number from {least:,} to {most:,}")
        return default
    return value


def listed(block: Block, key: str, example: str, problems: Problems) -> list[Block]:
    """The entries of a list of blocks; what is none is noted."""
    said = block.get(key)
    if said is not None and not isinstance(said, list):
        problems.wrong(block, key, f"{key}: is a list, each entry {example}")
        return []
    made = []
    for number, entry in enumerate(said or ()):
        if isinstance(entry, Block):
            made.append(entry)
        else:
            marks = getattr(said, "marks", ())
            problems.add(marks[number] if number < len(marks) else block.value_marks[key], f"each entry of {key}: is {example}",
                         block.files.get(key, block.file))
    return made


def texts(block: Block, key: str, choices: tuple[str, ...], problems: Problems) -> tuple[str, ...]:
    """A text or a list of them, each of `choices` where there are any."""
    said = block.get(key)
    if said is None:
        return ()
    made = said if isinstance(said, list) else [said]
    if not all(isinstance(one, str) and one for one in made):
        problems.wrong(block, key, f"{key}: is a text or a list of texts")
        return ()
    for one in made:
        if choices and one not in choices:
            problems.wrong(block, key, f"{key}: {one} is none of {', '.join(choices)}")
    return tuple(made)


def numbers(block: Block, problems: Problems) -> Numbers:
    said = problems.inner(block, "numbers", NUMBER_KEYS, "is {first: 1, last: 99999, wrap: true}")
    if said is None:
        return Numbers()
    first = whole(said, "first", 1, 1, LARGEST, problems)
    last = whole(said, "last", LARGEST, 1, LARGEST, problems)
    if first > last:
        problems.add(said.mark, "the first number is larger than the last")
    if not isinstance(said.get("wrap", True), bool):
        problems.wrong(said, "wrap", "wrap: is true or false")
    return Numbers(first, last, bool(said.get("wrap", True)))


def window(block: Block, problems: Problems) -> int:
    made = time(block, "window", problems)
    if made is not None and made < 86400:
        problems.wrong(block, "window", "window: is at least one day: 365d")
    return WINDOW if made is None else int(made // 86400)


def retention(block: Block, problems: Problems) -> dict[str, int]:
    """`retention:` of our own company: class → days."""
    said = problems.inner(block, "retention", None, "names classes and how long each is kept: {commercial: 3650d}")
    if said is None:
        return {}
    made = {str(name): time(said, name, problems) for name in said}
    for name, kept in made.items():
        if kept is not None and kept < 86400:
            problems.wrong(said, name, f"{name}: is at least one day: 3650d")
    return {name: int(kept // 86400) for name, kept in made.items() if kept is not None}


def expect(block: Block, problems: Problems) -> dict[str, float]:
    said = problems.inner(block, "expect", EXPECTED, "is {\"997\": 24h, contrl: 4h}")
    made = {str(key): time(said, key, problems) for key in said} if said is not None else {}
    return {key: value for key, value in made.items() if value is not None}


def batch(block: Block, problems: Problems) -> Batch:
    said = problems.inner(block, "batch", BATCH_KEYS, "is {count: 50, size: 1000000, wait: 10m}")
    if said is None:
        return Batch()
    return Batch(whole(said, "count", 1000, 1, 1_000_000, problems), whole(said, "size", 1_000_000, 1, 2_000_000_000, problems),
                 time(said, "wait", problems) or 0.0)


def gates(block: Block, problems: Problems) -> dict[str, dict[str, float]]:
    """`gates:`, limits of its own: gate → limit → value. Which gates there are is not known here."""
    said = block.get("gates")
    if said is None:
        return {}
    example = "gates: is {differences: {documents: 30, days: 5}}"
    if not isinstance(said, Block) or not all(isinstance(one, Block) for one in said.values()):
        problems.wrong(block, "gates", example)
        return {}
    for gate, limits in said.items():
        for name, value in limits.items():
            if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or value < 0:
                problems.wrong(limits, name, f"{gate}.{name}: is a number")
                return {}
    return {str(gate): {str(name): float(value) for name, value in limits.items()} for gate, limits in said.items()}


def watch(block: Block, problems: Problems) -> Watch:
    """`watch:`, what is watched while real traffic runs."""
    said = problems.inner(block, "watch", ("rejects", "of", "then", "first_seen"), "is {rejects: 20, of: 50, then: pause, first_seen: alarm}")
    if said is None:
        return Watch()
    return Watch(float(whole(said, "rejects", 20, 1, 100, problems)), whole(said, "of", 50, 1, 10_000, problems),
                 choice(said, "then", WATCHED, problems) or "alarm", choice(said, "first_seen", WATCHED, problems) or "alarm")


def silence(block: Block, problems: Problems) -> tuple[Silence, ...]:
    said = block.get("silence")
    if said is None:
        return ()
    if not isinstance(said, list):
        problems.wrong(block, "silence", "silence: is a list: [{message: \"*/*/ORDERS\", by: \"10:00\", days: 1-5}]")
        return ()
    return tuple(one for entry in said if (one := _silence_rule(entry, block, problems)) is not None)


def _silence_rule(entry: Any, block: Block, problems: Problems) -> Silence | None:
    if not isinstance(entry, Block):
        problems.wrong(block, "silence", "each rule is {message: \"*/*/ORDERS\", by: \"10:00\"}")
        return None
    before = len(problems.found)
    problems.unknown_keys(entry, SILENCE_KEYS, "a rule of silence")
    message, by, zone = (entry.get(key, default) for key, default in (("message", ""), ("by", ""), ("zone", "UTC")))
    if not isinstance(message, str) or message.count("/") != 2:
        problems.wrong(entry, "message", "message: is of the form edifact/D96A/ORDERS; a star stands for any part")
    if not isinstance(by, str) or not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", by):
        problems.wrong(entry, "by", "by: is a time of day: \"10:00\"")
    if not isinstance(zone, str) or not _is_zone(zone):
        problems.wrong(entry, "zone", f"there is no time zone {zone}; zone: is such as Europe/Berlin")
    days = _weekdays(entry.get("days", "1-7"))
    if not days:
        problems.wrong(entry, "days", "days: are weekdays, 1 is Monday: 1-5, or [1, 3]")
    holidays = entry.get("holidays", ())
    if not isinstance(holidays, list | tuple) or not all(isinstance(one, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", one) for one in holidays):
        problems.wrong(entry, "holidays", "holidays: is a list of days: [2026-12-25]")
    within = time(entry, "within", problems)
    return Silence(message, by, days, zone, tuple(holidays), within or 0.0) if len(problems.found) == before else None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _weekdays(said: Any) -> tuple[int, ...]:
    """1, `1-5` or [1, 3] as days; () when it is none of these."""
    listed = said if isinstance(said, list) else [said]
    made: set[int] = set()
    for one in listed:
        low, _, high = str(one).partition("-")
        if not re.fullmatch("[1-7](-[1-7])?", str(one)) or (high and high < low):
            return ()
        made.update(range(int(low), int(high or low) + 1))
    return tuple(sorted(made))


def identities(block: Block, problems: Problems) -> tuple[Identity, ...]:
    """`identities:`, the addresses in envelopes."""
    made = []
    for entry in listed(block, "identities", '{id: "…", qualifier: "…"}', problems):
        problems.unknown_keys(entry, IDENTITY_KEYS, "an identity")
        for key in IDENTITY_KEYS:
            if key in entry and not isinstance(entry[key], str):
                problems.wrong(entry, key, f"{key}: put it in quotes, so that no zero is lost")
        if not str(entry.get("id") or "").rstrip():
            problems.add(entry.mark, "an identity needs its id:, as it stands in UNB or ISA", entry.file)
        if entry.get("standard", "") not in ("", "edifact", "x12", "xml", "csv", "fixed"):
            problems.wrong(entry, "standard", "standard: is edifact, x12, xml, csv or fixed")
        said = {key: str(entry.get(key) or "").rstrip() if key in ("id", "internal") else str(entry.get(key) or "") for key in IDENTITY_KEYS}
        made.append(Identity(**said, mark=entry.mark))
    return tuple(made)


def policy(block: Block, problems: Problems) -> dict[str, str]:
    policy = block.get("findings")
    if not isinstance(policy, Block):
        return {}
    for kind, action in policy.items():
        if kind not in KINDS:
            problems.wrong(policy, kind, f"there is no finding {kind}; docs/findings.md lists them")
        if action not in ACTIONS:
            problems.wrong(policy, kind, "a finding may reject, reject_interchange, note or off")
    return {kind: str(action) for kind, action in policy.items()}


def acknowledge(block: Block, problems: Problems) -> dict[str, str]:
    said = problems.inner(block, "acknowledge", tuple(ACKNOWLEDGE), "names answers and when they go out: {\"997\": always}")
    if said is None:
        return {}
    for name, when in said.items():
        if when not in WHEN:
            problems.wrong(said, name, f"{name} goes out {', '.join(WHEN[:-1])} or {WHEN[-1]}")
    chosen = {str(name): str(when) for name, when in said.items()}
    if all(chosen.get(name, "never") != "never" for name in ("997", "999")):
        problems.add(said.mark, "a group is answered by a 997 or by a 999, not by both")
    return chosen


def errors(block: Block, problems: Problems) -> Errors:
    said = problems.inner(block, "errors", tuple(ERRORS), "is {interchange: split, suspend: message}")
    if said is None:
        return Errors()
    for key, values in ERRORS.items():
        if key in said and said[key] not in values:
            problems.wrong(said, key, f"{key}: is {' or '.join(values)}")
    return Errors(str(said.get("interchange", "split")), str(said.get("suspend", "message")))


def envelope(block: Block, problems: Problems) -> dict[str, Any]:
    said = problems.inner(block, "envelope", ENVELOPE_KEYS, "is {syntax: \"UNOC:3\", usage: EAN008, …}")
    if said is None:
        return {}
    for key in ("syntax", "usage", "application", "charset"):
        if key in said and not isinstance(said[key], str):
            problems.wrong(said, key, f"{key}: put it in quotes")
    for key in ("una", "ask"):
        if not isinstance(said.get(key, True), bool):
            problems.wrong(said, key, f"{key}: is true or false")
    if said.get("characters", "error") not in CHARACTERS:
        problems.wrong(said, "characters", f"characters: is {', '.join(CHARACTERS[:-1])} or {CHARACTERS[-1]}")
    signs = said.get("delimiters")
    if isinstance(signs, Block):
        problems.unknown_keys(signs, DELIMITER_KEYS, "delimiters:")
        for key, sign in signs.items():
            if not isinstance(sign, str) or len(sign) > 1:
                problems.wrong(signs, key, f"{key}: is one character, in quotes")
    elif signs is not None:
        problems.wrong(said, "delimiters", "delimiters: is {element: \"*\", terminator: \"~\", …}")
    return {**said, **({"delimiters": dict(signs)} if isinstance(signs, Block) else {})}
