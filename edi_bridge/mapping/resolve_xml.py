"""A path's steps looked up in the structure of an XML document type.

    cac:Party/cac:PartyName/cbc:Name      elements, each step one level down
    cbc:ID[@schemeID=0088]                tests on attributes, on children (`[cac:TaxScheme/cbc:ID=VAT]`), on the own text (`[.=A]`),
                                          on what stands beside it (`cbc:Description[!../cbc:Name]`); only reading asks that
    cbc:ID#2   cbc:Quantity/@unitCode     the second one; an attribute
    .   @languageID                       the text and an attribute of the scope's own element
    ../cbc:ID   ^/cbc:ID                  from the element around the scope's; from the document's root element

A path is always the full one: XML names say where they stand, and a shortened one would be ambiguous in UBL almost always.
Prefixes are those of the map (`prefixes:`) or else of the structure; a structure without namespaces has bare names.
`../` goes up one *element*, whatever the scopes are, as in XPath.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.mapping.path import Path, PathError, PathStep, Test, parse
from edi_bridge.structure_xml import XmlChild, XmlStructure


@dataclass(frozen=True, slots=True)
class XmlTest:
    """A test on an element: on the texts (`attribute` '') or the attribute of what `steps` lead to from `up` elements
    above it; the element itself when there are neither."""

    steps: tuple[XmlChild, ...]
    attribute: str
    op: str
    values: tuple[str, ...]
    up: int = 0


@dataclass(frozen=True, slots=True)
class XmlStep:
    """Down to the children of one name that pass the tests; `nth` picks one."""

    child: XmlChild
    tests: tuple[XmlTest, ...] = ()
    nth: int = 0


@dataclass(frozen=True, slots=True)
class XmlResolved:
    """A path in a structure: `up` elements up (or from the root), then down the steps, to the text or an attribute
    (its Clark name) of the last element, or of the scope's own when there are no steps. `owner` is that element."""

    steps: tuple[XmlStep, ...]
    attribute: str
    owner: XmlChild
    up: int = 0
    root: bool = False
    words: str = ""
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class XmlScope:
    """Where relative paths start: the element that `chain` leads to from the document's root element."""

    chain: tuple[XmlStep, ...] = ()


class XmlResolver:
    """Looks paths up in one structure. `prefixes` are the map's."""

    def __init__(self, structure: XmlStructure, prefixes: Mapping[str, str]):
        self.structure = structure
        self.prefixes = prefixes

    def root(self) -> XmlScope:
        """The scope of the document's root element."""
        return XmlScope()

    def resolve(self, path: Path, scope: XmlScope) -> XmlResolved:
        """The path's elements. Raises PathError naming what is not there and what is."""
        chain = self._start(path, scope)
        element = chain[-1].child if chain else self.structure.root
        steps: list[XmlStep] = []
        attribute = ""
        for index, step in enumerate(path.steps):
            if step.argument or step.part or step.optional or step.name[0] in "{$" or step.name[0].isdigit():
                raise PathError(f"{step} is a step for segments; an XML path has elements and @attributes", step.column)
            if attribute or (index and path.steps[index - 1].name == "."):
                raise PathError(f"nothing can follow {path.steps[index - 1]}", step.column)
            if step.name == "." or step.name.startswith("@"):
                if step.tests or step.nth:
                    raise PathError(f"{step.name} takes no tests; put them on the element", step.column)
                attribute = self._attribute(step, element) if step.name != "." else ""
                if step.name == "." and index:
                    raise PathError(". stands alone: it is the text of the scope's own element", step.column)
                continue
            found = self._child(step, element)
            around = (self.structure.root, *(one.child for one in chain), *(one.child for one in steps), found)
            steps.append(XmlStep(found, tuple(self._test(test, around, step) for test in step.tests), step.nth))
            element = found
        words = str(path) if steps else element.name + (f"/{path.steps[-1]}" if attribute else "")
        return XmlResolved(tuple(steps), attribute, element, path.up, path.root, words, path)

    def inner_scope(self, resolved: XmlResolved, scope: XmlScope) -> XmlScope:
        """The scope of the rules inside an object or list at this path."""
        if resolved.attribute:
            raise PathError("a list or object stands at an element, not at an attribute", 0)
        assert resolved.path is not None
        return XmlScope((*self._start(resolved.path, scope), *resolved.steps))

    def aux(self, name: str, resolved: XmlResolved, scope: XmlScope) -> XmlResolved:
        """A further place for a codec that needs it: an attribute of the same element, an element beside it, or
        (`../StartDateTime/DateTimeString/@format`) one further up and down again."""
        path = parse(name)
        if path.up or len(path.steps) > 1:
            return self._aux_around(path, resolved)
        step = path.steps[0]
        if step.name.startswith("@"):
            return replace(resolved, attribute=self._attribute(step, resolved.owner))
        if not resolved.steps:
            raise PathError(f"{name} cannot stand beside the scope's own element", 0)
        above = resolved.steps[-2].child if len(resolved.steps) > 1 else self._above(resolved, scope)
        found = self._child(step, above)
        return replace(resolved, steps=(*resolved.steps[:-1], XmlStep(found)), attribute="", owner=found)

    def _aux_around(self, path: Path, resolved: XmlResolved) -> XmlResolved:
        kept = len(resolved.steps) - 1 - path.up
        if path.root or resolved.attribute or kept < 0:
            raise PathError(f"{path} cannot be found beside {resolved.words}", 0)
        steps = list(resolved.steps[:kept])
        element = steps[-1].child if steps else None
        if element is None:
            raise PathError(f"{path} cannot be found beside {resolved.words}", 0)
        attribute = ""
        for step in path.steps:
            if step.name.startswith("@"):
                attribute = self._attribute(step, element)
            else:
                element = self._child(step, element)
                steps.append(XmlStep(element))
        return replace(resolved, steps=tuple(steps), attribute=attribute, owner=element)

    def recursion(self, resolved: XmlResolved) -> tuple[XmlResolved, ...]:
        """Where a list that nests finds its own kind again: the child that has the same children as the item itself."""
        same = [child for child in self.structure.children(resolved.owner) if child.type == resolved.owner.type]
        if not resolved.steps or not same:
            raise PathError(f"recurse: {resolved.owner.name} holds no element of its own kind", 0)
        return (XmlResolved((XmlStep(same[0]),), "", same[0], words=same[0].name, path=parse(same[0].name)),)

    def _start(self, path: Path, scope: XmlScope) -> tuple[XmlStep, ...]:
        if path.root:
            return ()
        if path.up > len(scope.chain):
            raise PathError("there is no parent here", 0)
        return scope.chain[:len(scope.chain) - path.up]

    def _above(self, resolved: XmlResolved, scope: XmlScope) -> XmlChild:
        assert resolved.path is not None
        chain = self._start(resolved.path, scope)
        return chain[-1].child if chain else self.structure.root

    def _child(self, step: PathStep, element: XmlChild) -> XmlChild:
        try:
            tag = self.structure.tag(step.name, self.prefixes)
        except KeyError:
            known = ", ".join(prefix for prefix in [*self.structure.prefixes, *self.prefixes] if prefix)
            raise PathError(f"the prefix of {step.name} is not known (known are {known or 'none'})", step.column) from None
        found = self.structure.child(element, tag)
        if found is None:
            known = ", ".join(child.name for child in self.structure.children(element))
            raise PathError(f"{element.name} has no {step.name} (it has {known})" if known else
                            f"{element.name} holds text only, there is no {step.name} in it", step.column)
        return found

    def _attribute(self, step: PathStep, element: XmlChild) -> str:
        name = step.name[1:]
        known = self.structure.attributes(element)
        if name not in known:
            raise PathError(f"{element.name} has no attribute {name} (it has {', '.join(known) or 'none'})", step.column)
        return self.structure.tag(name) if ":" in name else name

    def _test(self, test: Test, around: tuple[XmlChild, ...], step: PathStep) -> XmlTest:
        path = parse(test.path)
        if path.root or path.up >= len(around):
            raise PathError("a test looks at its own element, below it or beside it", step.column)
        element = around[-1 - path.up]
        steps: list[XmlChild] = []
        attribute = ""
        for one in path.steps:
            if one.name == ".":
                continue
            if attribute or one.tests or one.nth:
                raise PathError(f"[{test.path}] is not a test on an element or attribute", step.column)
            if one.name.startswith("@"):
                attribute = self._attribute(replace(one, column=step.column), element)
            else:
                element = self._child(replace(one, column=step.column), element)
                steps.append(element)
        return XmlTest(tuple(steps), attribute, test.op, test.values, path.up)


def refuse_unfit_rules(plan: Any) -> None:
    """ConfigFault for what a map cannot say of XML: `expand:`, text over several components (they are for segments), and a
    list that would have to be written around the element it belongs to."""
    problems = []
    for scope in plan.scopes:
        for use in scope.uses:
            if use.rule.expand is not None:
                problems.append((*_place(use.rule), "expand: is for the number ranges of segments; XML has none"))
            if use.many and (use.sources[0].up or use.sources[0].root):
                sentence = "the list that is written cannot stand around the element it belongs to; begin each: inside it"
                problems.append((*_place(use.rule), f"{use.rule.name}: {sentence}"))
        for value in scope.values:
            if value.convert.codec is not None and value.convert.codec.flow is not None:
                sentence = "a text over several parts is for segments; an XML element holds all of it (use text)"
                problems.append((*_place(value.rule), f"{value.rule.codec}: {sentence}"))
    if problems:
        raise ConfigFault(problems)


def _place(rule: Any) -> tuple[str, int, int]:
    return rule.origin.file, rule.origin.line, rule.origin.column
