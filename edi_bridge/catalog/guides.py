"""Structures and guides, and what checks messages by them: the home's before the shipped ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from edi_bridge import structure
from edi_bridge.catalog.files import GUIDES, Files
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import MessageType
from edi_bridge.partner import Partner
from edi_bridge.yamltext import Block


class Guides(Files):
    """What a message may look like, as its standard and an agreement say it."""

    def __init__(self, home: Path | None = None):
        super().__init__(home)
        self._checkers: dict[tuple[str, str], Any] = {}
        self._schemas: dict[str, Any] = {}
        self._rule_sets: dict[str, Any] = {}

    # --- structures ------------------------------------------------------------------------------------------------

    def structure(self, message: str) -> Any:
        """The structure of a message (`edifact/D96A/ORDERS`); None where the standard has none (CSV)."""
        standard, _, rest = message.partition("/")
        if standard in ("csv", "fixed"):
            return None
        path = self._structure_file(message)
        if path is None:
            raise ConfigFault.at("", 0, 0, f"there is no structure {message}{self._near(standard, message)}")
        block = self._block(path)
        if standard == "xml":
            from edi_bridge import structure_xml

            return structure_xml.load(block, block.file, lambda name: self._block(path.parent / f"{name}.yaml"))
        return structure.load(block, block.file, self._block(path.parent / "segments.yaml"), self._block(path.parent / "composites.yaml"))

    def has_structure(self, message: str) -> bool:
        """Whether the structure of a message is there."""
        return self._structure_file(message) is not None

    @property
    def guide_roots(self) -> list[Path]:
        """Where structures stand: `guides/` of the home, where `guide import` puts them, then those that are shipped."""
        return [*(root / "guides" for root in self.roots[:-1]), GUIDES]

    def _structure_file(self, message: str) -> Path | None:
        """Where a structure stands, the home's before the shipped one; None when there is none."""
        paths = (root / f"{message}.yaml" for root in self.guide_roots)
        return next((path for path in paths if path.is_file()), None) if ".." not in message else None

    # --- guides ----------------------------------------------------------------------------------------------------

    def checker_for(self, type: MessageType, partner: Partner | None, direction: str = "in") -> Any:
        """What checks messages of this type as it is agreed with the partner; None where no guide is known."""
        agreement = partner.agreement(type, direction) if partner else None
        restrict = agreement.restrict if agreement else None
        association = type.usage.rstrip("0123456789")
        key = (f"{type} {association}", f"{partner.name} {direction}{' test' * partner.testing}" if partner and restrict is not None else "")
        if key not in self._checkers:
            if len(self._checkers) > 1000:
                self._checkers.clear()  # made-up types of a hostile file
            self._checkers[key] = self._checker(str(type), restrict, association)
        return self._checkers[key]

    def _checker(self, message: str, restrict: Block | None, association: str) -> Any:
        if message.startswith("xml/"):
            return self.xml_checker(message)
        if message.partition("/")[0] not in ("edifact", "x12") or self._structure_file(message) is None:
            return None
        from edi_bridge.guide.check import Checker

        return Checker(self.guide(message, restrict, association))

    def xml_checker(self, message: str) -> Any:
        """What holds documents of a type (`xml/ubl-2.1/Order`) against the schema of their version and against the business rules
        that they name; None where there is neither."""
        from edi_bridge.einvoice import files
        from edi_bridge.guide.schema_xml import Schema
        from edi_bridge.guide.xml_check import XmlChecker

        version = message.split("/")[1]
        if version not in self._schemas:
            found = files.schema_files(version, self.roots[:-1]) if re.fullmatch(r"[a-z0-9.-]+", version) else {}
            self._schemas[version] = Schema(version, found) if found else None
        return XmlChecker(message, self._schemas[version], self._rules)

    def _rules(self, rules: Any) -> Any:
        """What runs a rule set, or the sentence that says why it cannot be run."""
        from edi_bridge.einvoice import files, saxon

        if rules.name not in self._rule_sets:
            path = files.rules_file(rules.files, self.roots[:-1])
            self._rule_sets[rules.name] = (
                f"the rules of {rules.title} were not run: put {rules.files[0]} into rules/ of the home" if path is None
                else saxon.MISSING if not saxon.installed() else partial(saxon.ENGINE.run, path))
        return self._rule_sets[rules.name]

    def guide(self, message: str, restrict: Block | None = None, association: str = "") -> Any:
        """The guide of a segment message (`edifact/D96A/ORDERS`), narrowed by what an agreement restricts.

        `association` is who made the subset (EAN, of UNH 0057): its own codes stand in a file of that name beside the lists.

        ConfigFault when there is none, or when `restrict` does not fit it.
        """
        from edi_bridge.guide import guide

        made = self.structure(message)
        path = self._structure_file(message)
        assert path is not None
        folder = path.parent
        codes = self._codes(folder, association)
        return guide.load(made, self._block(folder / "elements.yaml"), codes, self._block(folder / "segments.yaml"),
                          self._block(folder / "composites.yaml"), restrict, self._block(path).get("codes"))

    def check_restricts(self, partners: Iterable[Partner]) -> None:
        """ConfigFault with every path and key of their `restrict:` that fits no guide of a message it is agreed for: nothing could be
        checked by it. A message without a guide is not checked at all."""
        problems: list[tuple[str, int, int, str]] = []
        bare: dict[str, Any] = {}
        for restrict, pattern in ((one.restrict, one.message) for partner in partners for one in partner.agreements):
            faults: list[ConfigFault] = []
            for message in self._segment_messages(pattern) if restrict else ():
                if (fault := self._unfit(message, restrict, bare)) is None:
                    break  # an agreement for several releases: it is held against the one that comes
                faults.append(fault)
            else:
                problems += faults[0].problems if faults else []
        if problems:
            raise ConfigFault(list(dict.fromkeys(problems)))

    def _unfit(self, message: str, restrict: Block | None, bare: dict[str, Any]) -> ConfigFault | None:
        """What of `restrict` does not fit the guide of a message; `bare` keeps the guides for the next one."""
        from edi_bridge.guide.restrict import restricted, spots_of

        if restrict is None:
            return None
        if message not in bare:
            guide = self.guide(message)
            bare[message] = guide, spots_of(guide)
        guide, spots = bare[message]
        try:
            restricted(guide, restrict, spots)
        except ConfigFault as fault:
            return fault
        return None

    def _segment_messages(self, pattern: str) -> list[str]:
        """The EDIFACT and X12 messages with a structure that an agreement's `message` means (`edifact/*/ORDERS`)."""
        if "*" not in pattern:
            return [pattern] if pattern.startswith(("edifact/", "x12/")) and self.has_structure(pattern) else []
        return [one for one in self._known("edifact", "x12") if fnmatchcase(one, pattern)]

    def _known(self, *standards: str) -> list[str]:
        """The messages with a structure."""
        return sorted({str(path.relative_to(root).with_suffix("")) for root in self.guide_roots for standard in standards
                       for path in (root / standard).glob("*/*.yaml") if path.stem[:1].isupper() or path.stem.isdigit()})

    def associations(self, message: str) -> list[str]:
        """Who has codes of its own beside the lists of a message's release (EAN)."""
        path = self._structure_file(message)
        return sorted(one.stem.partition("-")[2] for one in path.parent.glob("codes-*.yaml")) if path is not None else []

    def _codes(self, folder: Path, association: str) -> dict[str, Any] | None:
        """The code lists of a release, with those codes that an association adds."""
        path = folder / "codes.yaml"
        lists: dict[str, Any] | None = self._block(path) if path.is_file() else None
        more = folder / f"codes-{association}.yaml"
        if lists is not None and re.fullmatch("[A-Z]{2,4}", association) and more.is_file():
            added = self._block(more)["codes"]
            lists = {**lists, **{number: {**lists.get(number, {}), **codes} for number, codes in added.items()}}
        return lists

    def _near(self, standard: str, message: str) -> str:
        """What a wrong message name was probably meant to be."""
        import difflib

        known = self._known(standard) if standard in ("edifact", "x12", "xml") else []
        near = difflib.get_close_matches(message, known, 1, 0.5)
        return f"; did you mean {near[0]}?" if near else ""
