"""What is wrong or doubtful in partners' files and in maps, held against everything else that a home knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edi_bridge import channel
from edi_bridge import partner as partners
from edi_bridge.catalog import Catalog
from edi_bridge.fault import ConfigFault
from edi_bridge.mapping import lint as map_lint
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.mapfile import Origin
from edi_bridge.mapping.plan import MapPlan, PlanFault
from edi_bridge.partner import Partner
from edi_bridge.partner import lint as partner_lint
from edi_bridge.partner.addressing import clashes
from edi_bridge.yamltext import Problems, parse

Row = dict[str, Any]


def linted_map(name: str, catalog: Catalog) -> list[map_lint.Remark]:
    """The remarks about one map; what the compiler refuses is one of them."""
    return _of_map(lambda: catalog.map_named(name), name, catalog)


def linted_map_text(text: str, file: str, catalog: Catalog) -> list[map_lint.Remark]:
    """The same for a map that is not a file yet."""
    return _of_map(lambda: catalog.compiled(text, file), file, catalog)


def _of_map(load: Callable[[], CompiledMap], name: str, catalog: Catalog) -> list[map_lint.Remark]:
    try:
        one = load()
        assert one.reader is not None and one.writer is not None  # what only shows when the program is made
        return _of_plan(one.plan, catalog)
    except PlanFault as fault:
        wrong = _refused(fault, name)
        places = {(one.origin.file, one.origin.line) for one in wrong}
        beside = [one for one in _of_plan(fault.plan, catalog)
                  if one.kind not in map_lint.OF_WHOLE and (one.origin.file, one.origin.line) not in places]
        return map_lint.in_order([*wrong, *beside])
    except ConfigFault as fault:
        return _refused(fault, name)


def _refused(fault: ConfigFault, name: str) -> list[map_lint.Remark]:
    return [map_lint.Remark("map", Origin(file or name, line, column), sentence) for file, line, column, sentence in fault.problems]


def _of_plan(plan: MapPlan, catalog: Catalog) -> list[map_lint.Remark]:
    """What the compiler lets pass. A map may use what an association (EANCOM) adds to the guide's lists."""
    message = plan.spec.message
    segments = message.partition("/")[0] in ("edifact", "x12")
    guide = catalog.guide(message, None, next(iter(catalog.associations(message)), "")) if segments else None
    structure = catalog.structure(message)
    return map_lint.lint(plan, structure, guide, catalog.code_blocks(plan))


def linted_partners(catalog: Catalog, names: list[str]) -> list[Row]:
    """The remarks about partners, each once, in the order of files and lines. What cannot be read is one of them; the others are
    looked at all the same."""
    rows: list[Row] = []
    loaded: list[Partner] = []
    for name in catalog.partner_files:
        try:
            loaded.append(catalog.load_partner(name))
        except ConfigFault as fault:
            rows += _faults(fault, name in names)
    rows += [_row("error", "address_twice", problem) for problem in clashes(loaded) if _stem(problem[0]) in names]
    for partner in loaded:
        if _stem(partner.file) in names:
            rows += _remarks(partner, catalog)
    unique = {tuple(one.values()): one for one in rows}
    return sorted(unique.values(), key=lambda one: (one["file"], one["line"], one["column"], one["kind"]))


def linted_partner_text(text: str, name: str, catalog: Catalog) -> list[Row]:
    """The remarks about a partner that is not a file of the home yet."""
    file = f"partners/{name}.yaml"
    try:
        one = partners.load(parse(text, file), catalog.profile)
    except ConfigFault as fault:
        return _faults(fault, True)
    others = [other for other in catalog.partners if other.name != one.name]
    return [*(_row("error", "address_twice", problem) for problem in clashes([*others, one])), *_remarks(one, catalog)]


def _faults(fault: ConfigFault, wanted: bool) -> list[Row]:
    return [_row("error", "unreadable", problem) for problem in fault.problems] if wanted else []


def _remarks(partner: Partner, catalog: Catalog) -> list[Row]:
    problems = Problems(partner.file)
    channels = channel.load(partner.channels, partner.name, partner.file, "", problems)
    company = catalog.company_channels
    every = {**channels, **company}
    fetched = {name for name, one in every.items() if one.served or one.fetches}
    known = partner_lint.Known(catalog.own, catalog.message_of, catalog.has_structure,
                  lambda table: bool(catalog.lookup_rows(table, partner.name) or catalog.lookup_rows(table, "")),
                  frozenset(every) | frozenset(f"{partner.name}.{key}" for key in partner.channels or ()), frozenset(fetched))
    try:
        catalog.check_restricts([partner])
    except ConfigFault as fault:
        problems.found += fault.problems
    rows = [_row("error", "unreadable", problem) for problem in problems.found]
    rows += [{"level": one.level, "kind": one.kind, "file": one.file, "line": one.line, "column": one.column, "sentence": one.sentence}
             for one in partner_lint.lint(partner, known)]
    return rows


def _row(level: str, kind: str, problem: tuple[str, int, int, str]) -> Row:
    file, line, column, sentence = problem
    return {"level": level, "kind": kind, "file": file, "line": line, "column": column, "sentence": sentence}


def _stem(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".yaml")
