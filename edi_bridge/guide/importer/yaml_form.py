"""A dictionary written in our own form: the YAML of docs/structures.md, as file name → text.

Only what the chosen messages use is written: their segments, those segments' composites, and the elements of both; for
EDIFACT with the service segments of ISO 9735 (header, trailer, section control and the envelope).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from edi_bridge.guide.importer.directory import (
    UNLIMITED,
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
    INTERACTIVE_ENVELOPE,
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
    known = directory.elements | (SERVICE_ELEMENTS if directory.standard == "edifact" else {})
    elements = {number: known[number] for number in sorted(numbers) if number in known}
    files = {
        "elements.yaml": "".join(_element_line(element) for element in elements.values()) or "{}\n",
        "composites.yaml": _parts_text(composites.values(), elements) or "{}\n",
        "segments.yaml": _parts_text(segments.values(), elements),
    }
    for message in chosen:
        files[f"{message.name}.yaml"] = message_text(directory.release, message, directory.standard)
        if message.restrict:
            files[f"{message.name}.restrict.yaml"] = _restrict_text(directory, message)
    edifact = directory.standard == "edifact"
    wanted = sorted(numbers.intersection(coded, directory.codes).difference(SERVICE_ELEMENTS if edifact else ()))
    wanted = [number for number in wanted if directory.codes[number]]
    if wanted:
        files["codes.yaml"] = "".join(_codes_text(number, directory.codes[number], edifact) for number in wanted)
    return files


def _used_segments(directory: Directory, messages: Iterable[MessageTree]) -> dict[str, Parts]:
    """The service segments are ours also where an old directory lists them: they hold for every syntax version."""
    used = {tag for message in messages for tag in tags(message.tree)}
    known = directory.segments
    if directory.standard == "edifact":
        known = known | SERVICE_SEGMENTS
        used |= {*ENVELOPE, *(INTERACTIVE_ENVELOPE if "UIH" in used else ())}
    return {tag: known[tag] for tag in sorted(used) if tag in known}


def _used_composites(directory: Directory, segments: Iterable[Parts]) -> dict[str, Parts]:
    known = directory.composites | (SERVICE_COMPOSITES if directory.standard == "edifact" else {})
    used = {use.id for parts in segments for use in parts.uses if not use.id.isdigit()}
    return {tag: known[tag] for tag in sorted(used) if tag in known}


def _element_line(element: Element) -> str:
    text = f"{element.form} {element.name}"
    plain = ": " not in text and " #" not in text and not text.endswith(":") and text.isprintable()
    return f'"{element.number}": {text if plain else _quoted(text)}\n'


def _parts_text(all_parts: Iterable[Parts], elements: dict[str, Element]) -> str:
    return "".join(line for parts in all_parts for line in _parts_lines(parts, elements))


def _parts_lines(parts: Parts, elements: dict[str, Element]) -> Iterator[str]:
    places = [_place(use, elements) for use in parts.uses]
    rules = [f'"{rule}"' if rule[0] == "D" else rule for rule in parts.rules]
    added = f", rules: [{', '.join(rules)}]" if rules else ""
    name = f"name: {_scalar(parts.name)}, " if parts.name else ""
    line = f"{parts.id}: {{{name}of: [{', '.join(places)}]{added}}}"
    if len(line) <= WIDTH:
        yield line + "\n"
        return
    yield f"{parts.id}:\n" + (f"  name: {_scalar(parts.name)}\n" if parts.name else "")
    yield from _list_lines("of", places)
    if rules:
        yield from _list_lines("rules", rules)


def _list_lines(key: str, items: list[str]) -> Iterator[str]:
    row = f"  {key}: ["
    for index, place in enumerate(items):
        piece = place + (", " if index < len(items) - 1 else "]")
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


def message_text(release: str, message: MessageTree, standard: str = "edifact") -> str:
    """One message's file."""
    lines = [f"structure: {standard}/{release}/{message.name}"]
    if message.title:
        lines.append(f"name: {_scalar(message.title)}")
    for group in groups(message.tree):
        trigger = group.children[0]
        if isinstance(trigger, SegmentUse) and trigger.tag in _TREE_SEGMENTS:
            lines.append(f"hierarchy: {{node: SG{group.number}, {_TREE_SEGMENTS[trigger.tag]}}}")
            break
    if message.rules:
        lines.append(f"rules: [{', '.join(map(_quoted, message.rules))}]")
    if sum(node.loop == "HL" for node in message.tree if isinstance(node, GroupUse)) == 1:
        lines.append('hierarchy: {node: "{HL}", id: "01", parent: "02", kind: "03", has_child: "04"}')
    lines.append("tree:")
    lines.extend(_tree_lines(message.tree, "  "))
    return "\n".join(lines) + "\n"


def _tree_lines(nodes: tuple[Node, ...], indent: str) -> Iterator[str]:
    for node in nodes:
        repeat = ">1" if node.repeat == UNLIMITED else str(node.repeat)
        if isinstance(node, GroupUse):
            head = f"{node.name} {node.status} {repeat}"
            yield f"{indent}- {_quoted(head) if node.loop else head}:"
            yield from _tree_lines(node.children, indent + "    ")
        else:
            yield f"{indent}- {node.tag} {node.status} {repeat}"


def _codes_text(number: str, values: dict[str, str], edifact: bool) -> str:
    """EDIFACT lists are complete for their release; X12's say so themselves."""
    lines = "".join(f"{'  ' if edifact else '    '}{_code(code)}: {_scalar(name)}\n" for code, name in values.items())
    return f'"{number}":\n' + ("" if edifact else "  complete: true\n  codes:\n") + lines


def _restrict_text(directory: Directory, message: MessageTree) -> str:
    """What an implementation guide narrows, ready to be put into an agreement."""
    key = f"{directory.standard}/{directory.release}/{message.name}"
    lines = [f"# What the imported guide uses of {key}: put this under the partner's agreement for it.", "restrict:"]
    return "\n".join(lines + [f"  {_quoted(path)}: {entry}" for path, entry in message.restrict]) + "\n"


def _code(code: str) -> str:
    """A code value as a YAML key: quoted where a YAML reader could take it for something else than text."""
    return code if code.isascii() and code.isalpha() and code.lower() not in _YAML_WORDS else _quoted(code)


def _scalar(text: str) -> str:
    """`text` as a YAML value, quoted only where it must be."""
    plain = bool(_PLAIN.fullmatch(text)) and text.isprintable() and text.lower() not in _YAML_WORDS and not text.endswith(" ")
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    """In double quotes; what cannot be printed stands for itself as an escape (YAML 1.2 chapter 5.7)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in escaped) + '"'
