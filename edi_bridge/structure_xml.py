"""The tree of an XML document type: which elements stand where, how often, and with which attributes.

Read from `guide/standard/xml/**` (the form is in docs/structures.md). Elements are known by their *name*, the prefix of
the structure and the local name (`cbc:ID`; a bare name where there is no namespace), and carry their Clark tag
(`{urn:…}ID`). An element's children are those of its *type*: another element's name where the file says so
(`cac:DeliveryAddress = cac:Address`), else its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from edi_bridge.yamltext import Block, Problems

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"  # the prefix xml is bound to it in every document
_CARDINALITY: dict[str, tuple[int, int | None]] = {"1": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}
_KEYS = ("structure", "about", "root", "prefixes", "elements", "attributes", "include", "source")


@dataclass(frozen=True, slots=True)
class XmlChild:
    """One element at one place: `least` and `most` (None: no limit) say how often it may stand in its parent."""

    name: str
    tag: str
    type: str
    least: int = 1
    most: int | None = 1


class XmlStructure:
    """A document type. `types` holds the children of every type in the schema's order; `fixed` the attributes of an
    element that always have the same value (SAP's `SEGMENT="1"`)."""

    def __init__(self, key: str, root: XmlChild, prefixes: Mapping[str, str], types: Mapping[str, tuple[XmlChild, ...]],
                 attributes: Mapping[str, tuple[str, ...]], fixed: Mapping[str, Mapping[str, str]]):
        self.key = key
        self.root = root
        self.prefixes = prefixes
        self.types = types
        self.fixed = fixed
        self._attributes = attributes

    def children(self, element: XmlChild) -> tuple[XmlChild, ...]:
        """What may stand in an element, in the schema's order; empty: it holds text only."""
        return self.types.get(element.type, ())

    def child(self, element: XmlChild, tag: str) -> XmlChild | None:
        """The child of that Clark tag; None when the element has none."""
        return self._by_tag.get((element.type, tag))

    def place(self, element: XmlChild, child: XmlChild) -> int:
        """The rank of a child among its siblings in the schema's order."""
        return self._places[element.type, child.tag]

    def attributes(self, element: XmlChild) -> tuple[str, ...]:
        """The names of an element's attributes, in the order of the file."""
        own = self._attributes.get(element.name, ())
        return (*own, *(name for name in self._attributes.get(element.type, ()) if name not in own))

    def tag(self, name: str, prefixes: Mapping[str, str] | None = None) -> str:
        """The Clark tag of a prefixed name; KeyError when the prefix is not known. `prefixes` go before the structure's own."""
        return _clark(name, {**self.prefixes, **(prefixes or {})})

    @cached_property
    def _by_tag(self) -> dict[tuple[str, str], XmlChild]:
        return {(type_, child.tag): child for type_, children in self.types.items() for child in children}

    @cached_property
    def _places(self) -> dict[tuple[str, str], int]:
        return {(type_, child.tag): n for type_, children in self.types.items() for n, child in enumerate(children)}


def load(block: Block, file: str, include: Callable[[str], Block]) -> XmlStructure:
    """A structure from its YAML; `include` gives the other files of its folder by name.

    Raises ConfigFault with everything that is not of the form.
    """
    problems = Problems(file)
    layers = _layers(block, include, problems)
    prefixes = {str(prefix): str(uri) for layer in reversed(layers) for prefix, uri in (layer.get("prefixes") or {}).items()}
    form = _Form(prefixes, problems)
    for layer in layers:
        problems.unknown_keys(layer, _KEYS, "an XML structure")
        form.read(layer)
    key, root = block.get("structure"), str(block.get("root") or "")
    if not key or not root:
        problems.add(block.mark, "an XML structure needs `structure:` and `root:`", file)
    problems.done()
    name = next((name for name in form.lists if form.tag(name) == root), root.rpartition("}")[2])
    if name not in form.lists and name not in form.aliases:
        problems.add(block.value_marks.get("root", block.mark), f"elements: says nothing of {name}", file)
    problems.done()
    return XmlStructure(str(key), XmlChild(name, root, form.aliases.get(name, name)), prefixes, form.types(), form.attributes,
                        form.fixed)


def _layers(block: Block, include: Callable[[str], Block], problems: Problems) -> list[Block]:
    """The file and all it includes, itself first."""
    found, names = [block], []
    for layer in found:  # grows while it is walked
        for name in layer.get("include") or ():
            if name not in names:
                names.append(name)
                found.append(include(str(name)))
    return found


class _Form:
    """The elements and attributes of all layers; the first layer that tells of an element counts."""

    def __init__(self, prefixes: Mapping[str, str], problems: Problems):
        self.prefixes = prefixes
        self.problems = problems
        self.lists: dict[str, list[tuple[str, str, str]]] = {}  # name → (child, its type or '', cardinality)
        self.aliases: dict[str, str] = {}
        self.attributes: dict[str, tuple[str, ...]] = {}
        self.fixed: dict[str, dict[str, str]] = {}

    def read(self, layer: Block) -> None:
        """Take in one file."""
        elements = layer.get("elements") or Block(layer.mark, layer.file)
        for key, children in elements.items():
            name, _, type_ = (part.strip() for part in key.partition("="))
            mark = elements.marks[key]
            if name in self.lists or name in self.aliases:
                continue
            if type_:
                self.aliases[name] = type_
                if children:
                    self.problems.add(mark, f"{name} has the children of {type_}: it cannot have its own", layer.file)
            else:
                self.lists[name] = [entry for child in children or () if (entry := self._entry(str(child), mark, layer.file))]
            if self.tag(name) is None:
                self.problems.add(mark, f"{name}: the prefix is not among prefixes:", layer.file)
        for name, names in (layer.get("attributes") or {}).items():
            if name not in self.attributes:
                pairs = [str(one).partition("=") for one in names or ()]
                self.attributes[name] = tuple(attribute for attribute, _, _ in pairs)
                self.fixed[name] = {attribute: value for attribute, equals, value in pairs if equals}

    def _entry(self, text: str, mark: Any, file: str) -> tuple[str, str, str] | None:
        words = text.replace("=", " = ").split()
        if len(words) == 2 and words[1] in _CARDINALITY:
            made = (words[0], "", words[1])
        elif len(words) == 4 and words[1] == "=" and words[3] in _CARDINALITY:
            made = (words[0], words[2], words[3])
        else:
            self.problems.add(mark, f"{text!r} is not of the form `name 1`, `name ?`, `name *` or `name +`", file)
            return None
        if self.tag(words[0]) is None:
            self.problems.add(mark, f"{words[0]}: the prefix is not among prefixes:", file)
        return made

    def tag(self, name: str) -> str | None:
        """The Clark tag of a name; None when its prefix is unknown."""
        try:
            return _clark(name, self.prefixes)
        except KeyError:
            return None

    def types(self) -> dict[str, tuple[XmlChild, ...]]:
        """The children of each type."""
        return {name: tuple(XmlChild(child, str(self.tag(child)), type_ or self._type(child), *_CARDINALITY[many])
                            for child, type_, many in children)
                for name, children in self.lists.items() if children}

    def _type(self, name: str) -> str:
        seen = [name]
        while (type_ := self.aliases.get(seen[-1])) is not None and type_ not in seen:
            seen.append(type_)
        return seen[-1]


def _clark(name: str, prefixes: Mapping[str, str]) -> str:
    prefix, colon, local = name.rpartition(":")
    if prefix == "xml":
        return f"{{{XML_NAMESPACE}}}{local}"
    uri = prefixes[prefix] if colon else prefixes.get("", "")
    return f"{{{uri}}}{local}" if uri else local
