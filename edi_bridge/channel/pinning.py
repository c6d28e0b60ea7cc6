"""A pinned fingerprint changed in a partner's YAML: one value is replaced where it stands, everything else stays as somebody wrote it."""

from __future__ import annotations

import json

import yaml

from edi_bridge.fault import ConfigFault
from edi_bridge.yamltext import parse


def repinned(text: str, file: str, channel: str, option: str, new: str, keep: bool) -> str:
    """The text of a file whose `channels:` hold `channel`, with `new` as its `option`; with `keep`, beside what stands there.

    ConfigFault when the channel is not found, or when the change would touch anything else (then nothing should be written).
    """
    block = _value(_value(yaml.compose(text, yaml.SafeLoader), "channels"), channel)
    if not isinstance(block, yaml.MappingNode):
        raise ConfigFault.at(file, 0, 0, f"channel {channel} was not found")
    value = _value(block, option)
    made = _inserted(text, block, option, new) if value is None else _replaced(text, value, new, keep)
    before, after = parse(text, file), parse(made, file)
    old = before["channels"][channel].get(option)
    wanted = [*(old if isinstance(old, list) else [old]), new] if keep and old else new
    got = after["channels"][channel].pop(option, None)
    before["channels"][channel].pop(option, None)
    if before != after or got not in (wanted, [wanted]):
        raise ConfigFault.at(file, 0, 0, f"{option} of channel {channel} is written in a way that cannot be changed here: write {new} into it yourself")
    return made


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == key:
                found: yaml.Node = value
                return found
    return None


def _inserted(text: str, block: yaml.MappingNode, option: str, new: str) -> str:
    """A key that is not there yet, behind the first one."""
    key, value = block.value[0]
    said = f"{option}: {json.dumps(new)}"
    if block.flow_style:
        at = value.end_mark.index
        return f"{text[:at]}, {said}{text[at:]}"
    at = key.start_mark.index
    return f"{text[:at]}{said}\n{' ' * key.start_mark.column}{text[at:]}"


def _replaced(text: str, value: yaml.Node, new: str, keep: bool) -> str:
    start, end = value.start_mark.index, value.end_mark.index
    if isinstance(value, yaml.SequenceNode) and not value.flow_style:
        return _in_lines(text, value, new, keep)
    if not keep:
        return text[:start] + json.dumps(new) + text[end:]
    if isinstance(value, yaml.SequenceNode):
        at = value.value[-1].end_mark.index
        return f"{text[:at]}, {json.dumps(new)}{text[at:]}"
    return f"{text[:start]}[{text[start:end]}, {json.dumps(new)}]{text[end:]}"


def _in_lines(text: str, value: yaml.SequenceNode, new: str, keep: bool) -> str:
    """A list with a line for each: another line, or the first line changed and the others taken away."""
    first, last = value.value[0], value.value[-1]
    if keep:
        at = text.find("\n", last.end_mark.index)
        at = len(text) if at < 0 else at
        return f"{text[:at]}\n{' ' * value.start_mark.column}- {json.dumps(new)}{text[at:]}"
    for item in reversed(value.value[1:]):
        begin, end = _line(text, item)
        text = text[:begin] + text[end:]
    return text[: first.start_mark.index] + json.dumps(new) + text[first.end_mark.index:]


def _line(text: str, node: yaml.Node) -> tuple[int, int]:
    begin = text.rfind("\n", 0, node.start_mark.index) + 1
    end = text.find("\n", node.end_mark.index)
    return begin, len(text) if end < 0 else end + 1
