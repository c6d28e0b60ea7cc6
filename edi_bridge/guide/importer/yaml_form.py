"""A directory written in our own form: the YAML of docs/structures.md, as file name → text.

Only what the chosen messages use is written: their segments, those segments' composites, and the elements of both,
with the service segments of ISO 9735 (header, trailer, section control and the envelope).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from edi_bridge.guide.importer.directory import (
    Directory,
    Element,
    GroupUse,
    MessageTree,
    Node,
    Parts,
    SegmentUse,
    Use,
    groups,
    tags,
)
from edi_bridge.guide.importer.service import (
    ENVELOPE,
    SERVICE_COMPOSITES,
    SERVICE_ELEMENTS,
    SERVICE_SEGMENTS,
)

WIDTH = 120

# Segments that carry a tree's own numbers: the group they trigger is the tree's node (CPS in DESADV and RECADV …).
_TREE_SEGMENTS = {"CPS": "id: CPS/7164, parent: CPS/7166, kind: CPS/7075"}

_PLAIN = re.compile(r"[A-Za-z][^:#\n\t\"'{}\[\],&*!|>%@`]*")
_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}  # also of YAML 1.1 readers


def yaml_files(directory: Directory, messages: Collection[str] | None = None,
               coded: Collection[str] = ()) -> dict[str, str]:
    """The files of one release: the three dictionaries, one file a message, and `codes.yaml` where asked for.

    `messages`: the message types wanted (default all). `coded`: the elements whose code values are wanted; those
    that the chosen messages do not use, and the service segments' (their codes differ by syntax version), are left
    out. Names that the directory does not know raise KeyError.
    """
    chosen = [directory.messages[name] for name in sorted(messages if messages is not None else directory.messages)]
    segments = _used_segments(directory, chosen)
    composites = _used_composites(directory, segments.values())
    numbers = {use.id for parts in (*segments.values(), *composites.values()) for use in parts.uses if use.id.isdigit()}
    known = SERVICE_ELEMENTS | directory.elements
    elements = {number: known[number] for number in sorted(numbers) if number in known}
    files = {
        "elements.yaml": "".join(_element_line(element) for element in elements.values()),
        "composites.yaml": _parts_text(composites.values(), elements),
        "segments.yaml": _parts_text(segments.values(), elements),
    }
    for message in chosen:
        files[f"{message.name}.yaml"] = message_text(directory.release, message)
    wanted = sorted(numbers.intersection(coded, directory.codes).difference(SERVICE_ELEMENTS))
    if wanted:
        files["codes.yaml"] = "".join(_codes_text(number, directory.codes[number]) for number in wanted)
    return files


def _used_segments(directory: Directory, messages: Iterable[MessageTree]) -> dict[str, Parts]:
    known = SERVICE_SEGMENTS | directory.segments
    used = {tag for message in messages for tag in tags(message.tree)} | set(ENVELOPE)
    return {tag: known[tag] for tag in sorted(used) if tag in known}


def _used_composites(directory: Directory, segments: Iterable[Parts]) -> dict[str, Parts]:
    known = SERVICE_COMPOSITES | directory.composites
    used = {use.id for parts in segments for use in parts.uses if not use.id.isdigit()}
    return {tag: known[tag] for tag in sorted(used) if tag in known}


def _element_line(element: Element) -> str:
    text = f"{element.form} {element.name}"
    return f'"{element.number}": {text if ": " not in text and " #" not in text else _quoted(text)}\n'


def _parts_text(all_parts: Iterable[Parts], elements: dict[str, Element]) -> str:
    return "".join(line for parts in all_parts for line in _parts_lines(parts, elements))


def _parts_lines(parts: Parts, elements: dict[str, Element]) -> Iterator[str]:
    places = [_place(use, elements) for use in parts.uses]
    line = f"{parts.id}: {{name: {_scalar(parts.name)}, of: [{', '.join(places)}]}}"
    if len(line) <= WIDTH:
        yield line + "\n"
        return
    yield f"{parts.id}:\n  name: {_scalar(parts.name)}\n"
    row = "  of: ["
    for index, place in enumerate(places):
        piece = place + (", " if index < len(places) - 1 else "]")
        if len(row) + len(piece.rstrip()) > WIDTH:
            yield row.rstrip() + "\n"
            row = "    "
        row += piece
    yield row + "\n"


def _place(use: Use, elements: dict[str, Element]) -> str:
    """`3286 M`, `C819 C*5`, and with its own form where that differs from the element's: `7140 C an..20`."""
    element = elements.get(use.id)
    own_form = f" {use.form}" if element and use.form and use.form != element.form else ""
    return f"{use.id} {use.status}{f'*{use.repeat}' if use.repeat > 1 else ''}{own_form}"


def message_text(release: str, message: MessageTree) -> str:
    """One message's file."""
    lines = [f"structure: edifact/{release}/{message.name}"]
    for group in groups(message.tree):
        trigger = group.children[0]
        if isinstance(trigger, SegmentUse) and trigger.tag in _TREE_SEGMENTS:
            lines.append(f"hierarchy: {{node: SG{group.number}, {_TREE_SEGMENTS[trigger.tag]}}}")
            break
    lines.append("tree:")
    lines.extend(_tree_lines(message.tree, "  "))
    return "\n".join(lines) + "\n"


def _tree_lines(nodes: tuple[Node, ...], indent: str) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, GroupUse):
            yield f"{indent}- SG{node.number} {node.status} {node.repeat}:"
            yield from _tree_lines(node.children, indent + "    ")
        else:
            yield f"{indent}- {node.tag} {node.status} {node.repeat}"


def _codes_text(number: str, values: dict[str, str]) -> str:
    return f'"{number}":\n' + "".join(f"  {_code(code)}: {_scalar(name)}\n" for code, name in values.items())


def _code(code: str) -> str:
    """A code value as a YAML key: quoted where a YAML reader could take it for something else than text."""
    return code if code.isascii() and code.isalpha() and code.lower() not in _YAML_WORDS else _quoted(code)


def _scalar(text: str) -> str:
    """`text` as a YAML value, quoted only where it must be."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS and not text.endswith(" ")
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
