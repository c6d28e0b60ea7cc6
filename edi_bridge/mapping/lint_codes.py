"""Code tables: what can be read and not written, and which way back was never chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edi_bridge.mapping.code_table import SAME, CodeTable
from edi_bridge.mapping.lint_guide import few
from edi_bridge.mapping.mapfile import Origin
from edi_bridge.mapping.plan import ValuePlan
from edi_bridge.yamltext import Block

Found = tuple[str, Origin, str]


def of_rule(one: ValuePlan) -> Iterator[Found]:
    """Remarks about the codes that stand in one rule itself, and about its default."""
    table = one.convert.table
    assert table is not None
    if not isinstance(one.rule.codes, str):
        for ours, codes in _ambiguous(one.rule.codes).items():
            yield "way_back", one.rule.origin, _way_back(codes, ours, table, "codes:")
    yield from _default(one, table)


def of_table(one: ValuePlan, block: Block | None, message: str) -> Iterator[Found]:
    """Remarks about the file of a table that a rule names, with their places there: the same for every rule that names it."""
    table = one.convert.table
    if table is None or block is None:
        return
    standard, section = _section(block, message)
    if isinstance(section, Block):
        for ours, codes in _ambiguous(section).items():
            origin = Origin(block.file, *section.marks[codes[0]])
            yield "way_back", origin, _way_back(codes, ours, table, f"the table {table.name} for {standard}")
    missing = sorted(value for value in table.words if value not in table.writes and value not in table.broader)
    if missing:
        yield "not_written", Origin(block.file, *block.marks[standard]), f"the table {table.name} has no code of {standard} for {few(missing)}"


def _way_back(codes: list[str], ours: Any, table: CodeTable, name: str) -> str:
    return f"{few(codes)} all mean {ours} in {name}; {table.writes.get(ours, codes[0])} is written (mark one with write: true)"


def _default(one: ValuePlan, table: CodeTable) -> Iterator[tuple[str, Origin, str]]:
    """A default that has no code of theirs stands in no message."""
    if one.default is not None and one.sources and str(one.default) not in map(str, table.writes) and not table.keep:
        yield "pointless", one.rule.origin, f"default: {one.default} has no code in the table {table.name}, so it cannot be written"


def _section(block: Block, message: str) -> tuple[str, Any]:
    """The standard of a message and its codes in a table's file; None where they are our values themselves."""
    parts = message.split("/")
    standard = "csv" if parts[0] == "fixed" else parts[0] if parts[0] != "xml" else parts[1].split("-")[0]
    section = block.get(standard)
    if isinstance(section, str) and section != SAME:
        section = block.get(section)
    return standard, section


def _ambiguous(entries: Any) -> dict[Any, list[str]]:
    """Our values that several codes stand for, none of them marked."""
    codes: dict[Any, list[str]] = {}
    marked = set()
    for theirs, entry in (entries or {}).items():
        if theirs == "*":
            continue
        ours = entry["ours"] if isinstance(entry, Mapping) else entry
        codes.setdefault(ours, []).append(theirs)
        if isinstance(entry, Mapping) and entry.get("write"):
            marked.add(ours)
    return {ours: listed for ours, listed in codes.items() if len(listed) > 1 and ours not in marked}
