"""Code tables: a partner's codes ⇄ ours, inline in a map or as `mappings/codes/NAME.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edi_bridge.mapping.codec_type import Bad
from edi_bridge.yamltext import Block, Problems

STANDARDS = ("edifact", "x12", "ubl", "cii", "cxml", "idoc", "csv")
SAME = "same"  # a standard whose codes are our values themselves


@dataclass(frozen=True, slots=True)
class CodeTable:
    """`reads` is theirs → ours, `writes` ours → theirs. With `keep`, codes that are in neither pass unchanged; with
    `skip`, unknown codes of theirs say nothing about this field."""

    name: str
    reads: Mapping[str, Any]
    writes: Mapping[Any, str]
    keep: bool = False
    skip: bool = False
    words: frozenset[str] = frozenset()  # our values: none of them is passed on as a code of theirs
    broader: Mapping[str, str] = field(default_factory=dict)  # our value → the one that is said where this standard has no code for it

    def read(self, raw: str | bool) -> Any:
        """Our value for their code (a boolean's code is true or false), or Bad unmapped_code."""
        key = raw if isinstance(raw, str) else str(raw).lower()
        ours = self.reads.get(key)
        if ours is not None:
            return ours
        if self.keep and key not in self.writes and key not in self.words:  # a kept code must not look like one of our values
            return key
        if self.skip:
            return None
        return Bad("unmapped_code", f"the code {key} is not in the table {self.name}{_known(self.reads)}")

    def write(self, ours: Any) -> str | Bad:
        """Their code for our value, or Bad unmapped_code; its `value` is the code of a broader value, where there is one."""
        theirs = self.writes.get(ours)
        if theirs is not None:
            return theirs
        if (wide := self._broader(ours)) is not None:
            note = f"the table {self.name} has no code for {ours}; the code of {wide} is written"
            return Bad("field_not_carried", note, self.writes[wide])
        if self.keep and isinstance(ours, str) and ours not in self.reads and ours not in self.words:
            return ours
        return Bad("unmapped_code", f"the table {self.name} has no code for {ours}{_known(self.writes)}")

    def _broader(self, ours: Any) -> str | None:
        """The nearest broader value that has a code; each step is taken once."""
        seen: set[Any] = set()
        while ours in self.broader and ours not in seen:
            seen.add(ours)
            ours = self.broader[ours]
            if ours in self.writes:
                return str(ours)
        return None

    @property
    def lossy(self) -> str:
        """The codes that come back as another one of the same meaning; '' when there is none."""
        other = [code for code, ours in self.reads.items() if self.writes.get(ours) != code]
        return f"{', '.join(other)} come back as another code of the same meaning" if other else ""


def _known(codes: Mapping[Any, Any]) -> str:
    shown = [str(code) for code in codes][:12]
    return f" ({', '.join(shown)}{', …' if len(codes) > 12 else ''})" if shown else ""


def code_table(spec: Mapping[str, Any], *, keep: bool = False, name: str = "of this map") -> CodeTable:
    """The table of an inline `codes:`, theirs → ours: `{A: allowance, C: charge}`.

    Of several codes for one value the first is written, or the one marked: `{B: {ours: allowance, write: true}}`.
    `"*": keep` (or `keep`) passes unknown codes both ways, `"*": skip` reads them as no value. ValueError with a sentence for the map's author.
    """
    reads: dict[str, Any] = {}
    writes: dict[Any, str] = {}
    marked: set[Any] = set()
    skip = False
    for theirs, entry in spec.items():
        if theirs == "*":
            if entry not in ("keep", "skip"):
                raise ValueError(f'"*" can only be keep or skip, not {entry}')
            keep, skip = keep or entry == "keep", entry == "skip"
            continue
        ours, preferred = _entry(theirs, entry)
        reads[theirs] = ours
        if preferred and ours in marked:
            raise ValueError(f"{ours} has two codes marked write: true")
        if preferred:
            marked.add(ours)
        if preferred or ours not in writes:
            writes[ours] = theirs
    return CodeTable(name, reads, writes, keep, skip)


def _entry(theirs: str, entry: Any) -> tuple[Any, bool]:
    """(ours, marked to be written)."""
    preferred = False
    if isinstance(entry, Mapping):
        if set(entry) - {"ours", "write"} or "ours" not in entry or entry.get("write", True) is not True:
            raise ValueError(f"{theirs}: expected {{ours: VALUE, write: true}}")
        preferred = "write" in entry
        entry = entry["ours"]
    if isinstance(entry, bool):
        return entry, preferred
    if entry is None or isinstance(entry, (list, Mapping)) or not str(entry):
        raise ValueError(f"{theirs}: expected our value, found {entry!r}")
    return str(entry), preferred


def load_table(block: Block, standard: str, file: str = "") -> CodeTable:
    """The table of a `mappings/codes/NAME.yaml` for one standard. ConfigFault with places for anything wrong in it.

    `values` are our values with a sentence each; each standard maps its codes to them, or says `same` (its codes are our
    values) or the name of another standard (it uses that one's codes). `"*": same` among a standard's codes: our values
    are its codes too and are written, except where another code is marked `write: true`. `broader:` says which value stands
    in for one that a standard has no code for (`price_changed: changed`); writing reports it.
    """
    name = str(block.get("codes", ""))
    problems = Problems(file or f"{name or 'codes'}.yaml")
    problems.unknown_keys(block, ("codes", "of", "values", "broader", *STANDARDS), "a code table")
    for key in ("codes", "of"):
        if not isinstance(block.get(key), str) or not block[key]:
            problems.add(block.mark, f"a code table needs `{key}:` with a text")
    values = block.get("values")
    if not isinstance(values, Block) or not values:
        problems.add(block.mark, "a code table needs `values:`, each with a sentence")
        problems.done()
    assert isinstance(values, Block)
    for value, sentence in values.items():
        if not isinstance(sentence, str) or not sentence:
            problems.add(values.marks[value], f"the value {value} needs a sentence")
    broader = block.get("broader") or {}
    for value, wide in broader.items():
        if value not in values or wide not in values or value == wide:
            problems.add(block.value_marks["broader"], f"broader: {value}: {wide} must name two values of {name}")
    found: CodeTable | None = None
    for key in STANDARDS:
        if key in block:
            table = _section(block, key, values, problems, name)
            found = table if key == standard else found
    if standard not in block:
        has = ", ".join(key for key in STANDARDS if key in block) or "none"
        problems.add(block.mark, f"the table {name} says nothing of {standard}; it has {has}")
    problems.done()
    assert found is not None
    return replace(found, words=frozenset(values), broader=dict(broader))


def _section(block: Block, key: str, values: Block, problems: Problems, name: str) -> CodeTable | None:
    section = block[key]
    place = block.value_marks[key]
    if isinstance(section, str):
        if section == SAME:
            return CodeTable(name, {value: value for value in values}, {value: value for value in values})
        if section not in STANDARDS or not isinstance(block.get(section), (Block, str)) or section == key:
            problems.add(place, f"{key}: {section} is neither `same` nor another standard of this table")
            return None
        if isinstance(block[section], str) and block[section] != SAME:
            problems.add(place, f"{key}: {section} points on to {block[section]}; name that one")
            return None
        return _section(block, section, values, problems, name)
    if not isinstance(section, Block):
        problems.add(place, f"{key}: expected their codes and our values, `same`, or another standard's name")
        return None
    spec = dict(section)
    if spec.get("*") == SAME:
        del spec["*"]
        spec = {value: value for value in values if value not in spec} | spec
    for theirs, entry in section.items():
        ours = entry.get("ours") if isinstance(entry, Block) else entry
        if ours not in values and (theirs, ours) != ("*", SAME):
            problems.add(section.value_marks[theirs], f"{theirs}: {ours} is not among the values of {name}")
    try:
        return code_table(spec, name=name)
    except ValueError as error:
        problems.add(place, str(error))
        return None
