"""XML documents held against an XML Schema: every violation in one go, in the reader's words.

The schema documents come in as bytes, by their path in one folder; nothing is opened here and nothing is fetched. A schema
is compiled when a document of its kind comes first (UBL 2.1: about 0.1 s), and kept.

    schema = Schema("ubl-2.1", {"maindoc/UBL-Order-2.1.xsd": b"…", …})
    violations = schema.violations(root)      # [] for a good document
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.guide.schema_xml_order import XSD, Contents, Misfit, mend
from edi_bridge.guide.schema_xml_words import expected, named, said

LIMIT = 100  # violations told of one document
ROUNDS = 50  # how often a document is put right and looked at again
BASE = "schema:///"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that the schema does not allow: at `element` (of the document), or at its attribute. `missing` is the name of
    what should stand in `element`; `beside` the sibling before which it should; `value` the text that is wrong."""

    element: Any
    note: str
    value: str = ""
    attribute: str = ""
    missing: str = ""
    beside: Any = None


class Schema:
    """The schema documents of one standard and version. One thread at a time may use it."""

    def __init__(self, name: str, files: Mapping[str, bytes]):
        self.name = name
        self.files = files

    def knows(self, tag: str) -> bool:
        """Whether it describes documents with this root (Clark tag)."""
        return tag in self._roots

    def violations(self, root: Any) -> list[Violation]:
        """What the schema does not allow in a document, in the order of the document, at most LIMIT."""
        if self._compiled.validate(root):
            return []
        return _Look(self, root).all()

    def errors(self, root: Any) -> list[Any]:
        """libxml2's own words on a document: what has path, type_name and message."""
        return [] if self._compiled.validate(root) else list(self._compiled.error_log)

    @cached_property
    def contents(self) -> Contents:
        """Which children stand where; read when the first bad document comes."""
        return Contents(self._trees.values())

    @property
    def _trees(self) -> dict[str, Any]:
        from lxml import etree

        trees = {}
        for path, text in self.files.items():
            try:
                trees[path] = etree.fromstring(text, self._parser)
            except etree.XMLSyntaxError as error:
                line, column = error.position or (0, 0)
                raise ConfigFault.at(f"{self.name}/{path}", line, column, f"no schema: {error.msg}") from None
        return trees

    @cached_property
    def _entries(self) -> dict[str, tuple[str, frozenset[str]]]:
        """namespace → (path, root tags) of the documents that no other one imports: what messages are validated with."""
        trees = self._trees
        imported = {
            posixpath.normpath(posixpath.join(posixpath.dirname(path), node.get("schemaLocation", "")))
            for path, tree in trees.items()
            for node in tree
            if node.tag in (XSD + "import", XSD + "include") and node.get("schemaLocation")
        }
        entries: dict[str, tuple[str, frozenset[str]]] = {}
        for path, tree in sorted(trees.items()):
            if path in imported or tree.tag != XSD + "schema":
                continue
            space = tree.get("targetNamespace", "")
            if space in entries:
                raise ConfigFault.at(
                    f"{self.name}/{path}", 1, 1, f"{entries[space][0]} describes the same documents: keep one of them"
                )
            tags = frozenset(
                f"{{{space}}}{node.get('name')}" if space else str(node.get("name"))
                for node in tree
                if node.tag == XSD + "element"
            )
            entries[space] = (path, tags)
        return entries

    @cached_property
    def _roots(self) -> frozenset[str]:
        return frozenset(tag for _, tags in self._entries.values() for tag in tags)

    @cached_property
    def _parser(self) -> Any:
        """Reads schema documents from `files` alone: no network, no disk, no entities."""
        from lxml import etree

        files = self.files

        class Files(etree.Resolver):
            """What an import asks for is taken from the folder's files."""

            def resolve(self, url: str, pubid: str, context: Any) -> Any:
                """The document of that address; an empty one where the folder has none, so that nothing is fetched."""
                path = posixpath.normpath(url.removeprefix(BASE).lstrip("/"))
                return self.resolve_string(files.get(path, b""), context, base_url=BASE + path)

        parser = etree.XMLParser(
            no_network=True, resolve_entities=False, load_dtd=False, huge_tree=False, remove_comments=True
        )
        parser.resolvers.add(Files())
        return parser

    @cached_property
    def _compiled(self) -> Any:
        from lxml import etree

        imports = "".join(
            f'<xsd:import namespace="{space}" schemaLocation="{path}"/>'
            if space
            else f'<xsd:include schemaLocation="{path}"/>'
            for space, (path, _) in self._entries.items()
        )
        driver = f'<xsd:schema xmlns:xsd="{XSD[1:-1]}">{imports}</xsd:schema>'
        try:
            return etree.XMLSchema(etree.fromstring(driver.encode(), self._parser, base_url=BASE + "all.xsd"))
        except etree.XMLSchemaParseError as error:
            said = error.error_log.last_error
            where = said.filename.removeprefix(BASE) if said is not None and said.filename else ""
            raise ConfigFault.at(
                f"{self.name}/{where}", said.line if said is not None else 0, 0, f"no usable schema: {error}"
            ) from None


class _Look:
    """One look at one bad document: validate, tell, put the copy right, validate again."""

    def __init__(self, schema: Schema, root: Any):
        self.schema = schema
        self.copy = deepcopy(root)
        self.copies = list(self.copy.iter())  # kept: lxml's elements are the same only as long as they are held
        self.original = dict(zip(self.copies, root.iter(), strict=True))
        self.number = {one: place for place, one in enumerate(self.original.values())}
        self.found: list[tuple[int, Violation]] = []
        self.told: set[tuple[Any, str]] = set()
        self.mended: set[Any] = set()

    def all(self) -> list[Violation]:
        """Everything, in the order of the document."""
        for _ in range(ROUNDS):
            again = False
            facets: set[Any] = set()
            for error in self.schema.errors(self.copy):
                again = self._take(error, facets) or again
                if len(self.found) > LIMIT:  # of a document made to have very many of them, each costs as much as all before it
                    break
            if not again or len(self.found) > LIMIT:
                break
        return [one for _, one in sorted(self.found, key=lambda pair: pair[0])][:LIMIT]

    def _take(self, error: Any, facets: set[Any]) -> bool:
        """One error of libxml2's. True: something was put right, so that another look is worth it."""
        element, attribute = _at(self.copy, error.path or "")
        if element is None or element not in self.original:
            return False
        if "SCHEMAV_ELEMENT_CONTENT" in error.type_name:
            parent = element if "Missing child" in error.message else element.getparent()
            return self._contents(parent, element, error.message)
        if "COMPLEX_TYPE_2_3" in error.type_name:  # text among elements: nothing else of it was looked at
            self._value(element, "", error.message)
            element.text = None
            for child in element:
                child.tail = None
            return True
        if not attribute and (match := re.match(r"Element '[^']*', attribute '([^']+)':", error.message)):
            attribute = match[1]
        if "FACET" in error.type_name or "[facet" in error.message:
            facets.add((element, attribute))
        elif (element, attribute) in facets:
            return False  # the same value again: "not a valid value of the type"
        self._value(element, attribute, error.message)
        return False

    def _contents(self, parent: Any, element: Any, message: str) -> bool:
        if parent is None or parent not in self.original or parent in self.mended:
            return False
        self.mended.add(parent)
        slots = self.schema.contents.of(parent)
        if slots is None:
            self._tell(self.original[element], Violation(self.original[element], expected(element, message)))
            return False
        misfits = mend(parent, slots)
        for one in misfits:
            if one.what == "missing":
                self._missing(self.original[parent], one)
            else:
                self._misfit(self.original[parent], self.original[one.element], one)
        return bool(misfits)

    def _missing(self, parent: Any, one: Misfit) -> None:
        name, beside = named(one.tag, parent), self.original.get(one.before)
        last = parent
        while len(last):
            last = last[-1]
        self._tell(
            last if beside is None else beside,
            Violation(parent, f"{name} is missing in {named(parent.tag, parent)}", missing=name, beside=beside),
        )

    def _misfit(self, parent: Any, child: Any, one: Misfit) -> None:
        name, owner = named(one.tag, parent), named(parent.tag, parent)
        match one.what:
            case "unknown":
                note = f"{name} is nothing that may stand in {owner}"
            case "surplus":
                note = f"{name} may stand only {'once' if one.most == 1 else f'{one.most} times'} in {owner}"
            case _ if one.before is not None:
                note = f"{name} stands at a wrong place: it belongs before {named(one.before.tag, parent)}"
            case _:
                note = f"{name} stands at a wrong place: it belongs behind {named(one.behind.tag, parent)}"
        self._tell(child, Violation(child, note))

    def _value(self, element: Any, attribute: str, message: str) -> None:
        value = element.get(attribute, "") if attribute else (element.text or "")
        name = named(element.tag, element)
        subject = f"the attribute {named(attribute, element)} of {name}" if attribute else name
        note, with_value = said(message, subject, element)
        here = self.original[element]
        self._tell(here, Violation(here, note, value if with_value else "", attribute))

    def _tell(self, place: Any, one: Violation) -> None:
        """Keep a violation for the place in the document at which it is listed, once."""
        if (one.element, one.note) not in self.told:
            self.told.add((one.element, one.note))
            self.found.append((self.number[place], one))


def _at(root: Any, path: str) -> tuple[Any, str]:
    """The element (and attribute) of a path as libxml2 writes it: `/*/cac:OrderLine[2]/*[3]/@unitCode`, where a star stands
    for a name without prefix and counts all siblings."""
    element = root
    for step in path.split("/")[2:]:
        if step.startswith("@"):
            prefix, _, local = step[1:].rpartition(":")
            space = element.nsmap.get(prefix, "") if prefix else ""
            return element, f"{{{space}}}{local}" if space else local
        match = re.fullmatch(r"(?:([^:\[]+):)?([^\[]+)(?:\[(\d+)\])?", step)
        if match is None or element is None:
            return None, ""
        prefix, local, number = match[1], match[2], int(match[3] or 1)
        fitting = [
            child
            for child in element
            if isinstance(child.tag, str)
            and (local == "*" or (child.prefix == prefix and child.tag.rpartition("}")[2] == local))
        ]
        element = fitting[number - 1] if number <= len(fitting) else None
    return element, ""
