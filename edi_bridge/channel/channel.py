"""A channel as a value, read from YAML: every option checked against the table of its kind, all mistakes said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.channel.options import COMMON, OPTIONS, Option
from edi_bridge.channel.rules import DOUBTS, RULES
from edi_bridge.channel.values import TYPES
from edi_bridge.fault import ConfigFault
from edi_bridge.yamltext import Block, Mark, Problems

SERVED = "http-in"  # the kind to which partners post
FETCHES = ("get", "we_get", "list")  # the options that say where a channel fetches
NAME_SAYS = "the name of a channel is of small letters, digits, - and _"


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to a partner. `name` is `acme.sftp` (a channel of the company: the key alone, and `partner` is '': who sent a file is
    read from its envelope). `options` holds every option of the kind: times in seconds, lists as tuples, None where nothing is said."""

    name: str
    kind: str
    partner: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    test: bool = False
    poll: str = "every 5m"
    zone: str = "UTC"
    holidays: tuple[str, ...] = ()
    file: str = ""
    mark: Mark = (0, 0)

    @property
    def served(self) -> bool:
        """Whether partners post to us here."""
        return self.kind == SERVED

    @property
    def fetches(self) -> bool:
        """Whether we fetch here."""
        return any(self.options.get(key) for key in FETCHES)

    def fault(self, sentence: str) -> ConfigFault:
        """A mistake of this channel that only its use shows, with its place."""
        return ConfigFault.at(self.file, *self.mark, f"channel {self.name}: {sentence}")


def load(channels: Any, partner: str, file: str, base: str = "", problems: Problems | None = None) -> dict[str, Channel]:
    """The channels below a `channels:` key, by full name. `base` is the folder that local folders start from.

    Mistakes go into `problems` where it is given (and the channels that have any are left out), else they are raised as ConfigFault.
    """
    noted = Problems(file)
    made = {}
    if channels is not None and not isinstance(channels, Block):
        noted.add(getattr(channels, "mark", (0, 0)), "channels: names channels, each with its kind: and options")
    for key, block in channels.items() if isinstance(channels, Block) else ():
        before = len(noted.found)
        if not key or not all(sign.isascii() and (sign.islower() or sign.isdigit() or sign in "-_") for sign in key):
            noted.add(channels.marks[key], NAME_SAYS)
        one = _channel(f"{partner}.{key}" if partner else key, partner, block, channels.value_marks[key], base, noted)
        if one is not None and len(noted.found) == before:
            made[one.name] = one
    if problems is None:
        noted.done()
    else:
        problems.found += noted.found
    return made


def load_company(block: Block, base: str = "", problems: Problems | None = None) -> dict[str, Channel]:
    """The channels that serve many partners, from `partners/_channels.yaml`."""
    noted = problems if problems is not None else Problems(block.file)
    found = Problems(block.file)
    found.unknown_keys(block, ("channels", "about"), "the file of channels")
    noted.found += found.found
    made = load(block.get("channels"), "", block.file, base, noted)
    if problems is None:
        noted.done()
    return made


def clashes(channels: Mapping[str, Channel], problems: Problems) -> None:
    """Note channels that would take each other's files: one place, one set of names, fetched by two."""
    seen: dict[tuple[Any, ...], Channel] = {}
    for one in channels.values():
        for place in _fetched(one):
            other = seen.setdefault(place, one)
            if other is not one:
                problems.add(one.mark, f"channel {one.name} fetches the same files as {other.name} ({other.file}): each would miss what the other took", one.file)


def _fetched(channel: Channel) -> list[tuple[Any, ...]]:
    """The places from which a channel takes files: its folder, and of a mailbox (kind `van`) also that of the reports."""
    said = channel.options
    server = (said.get("over", channel.kind), *(said.get(key) for key in ("host", "port", "user")))
    folders = ((said.get("get") or said.get("we_get"), said.get("pattern")), (said.get("reports"), said.get("report_pattern")))
    return [(*server, folder, patterns) for folder, patterns in folders if folder]


def doubts(channel: Channel) -> list[str]:
    """What is allowed and yet seldom meant, a sentence each."""
    return [rule.says for rule in DOUBTS if channel.kind in rule.kinds and rule.broken(channel.options)]


def _channel(name: str, partner: str, block: Any, mark: Mark, base: str, problems: Problems) -> Channel | None:
    if not isinstance(block, Block):
        problems.add(mark, "a channel is {kind: sftp, host: …}")
        return None
    kind = block.get("kind")
    if not isinstance(kind, str) or kind not in OPTIONS:
        problems.add(block.value_marks.get("kind", block.mark), f"kind: is {_either(tuple(OPTIONS))}")
        return None
    problems.unknown_keys(block, [one.name for one in (*COMMON, *OPTIONS[kind])], f"a channel of kind {kind}")
    before = len(problems.found)
    said = {one.name: _value(one, block, problems) for one in (*COMMON[1:], *OPTIONS[kind])}
    for option in OPTIONS[kind]:
        if option.type == "local" and said[option.name] and base and not said[option.name].startswith("/"):
            said[option.name] = f"{base.rstrip('/')}/{said[option.name]}"
    if len(problems.found) == before:
        for rule in RULES:
            if kind in rule.kinds and rule.broken(said):
                problems.add(block.marks.get(rule.key, block.mark), rule.says)
    common = {one.name: said.pop(one.name) for one in COMMON[1:]}
    return Channel(name, kind, partner, said, file=block.file, mark=mark, **common)


def _value(option: Option, block: Block, problems: Problems) -> Any:
    """The value of an option in its type; the default where nothing is said; None (and a problem) where it is wrong."""
    value = block.get(option.name)
    if value is None:
        if option.required:
            problems.add(block.mark, f"a channel of kind {block['kind']} needs {option.name}: {option.says}")
        return TYPES[option.type].read(option.default)[0] if isinstance(option.default, str) and not option.choices else option.default
    if option.choices:
        if value not in option.choices:
            problems.add(block.value_marks[option.name], f"{option.name}: is {_either(option.choices)}")
        return value
    read, wrong = TYPES[option.type].read(value)
    if wrong:
        problems.add(block.value_marks[option.name], f"{option.name}: {wrong}")
    return read


def _either(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
