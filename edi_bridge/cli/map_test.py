"""`edi-bridge map test`: maps proven on their samples, reading and writing."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.catalog import HOME_HELP
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.sample_folders import Folder
    from edi_bridge.proving import Proof

DONE, FAILED, WRONG = 0, 1, 2
ON_SCREEN = 20  # differences of a sample that are shown


@dataclass(slots=True)
class Result:
    """One sample of one map, or what kept it from being tried."""

    map: str
    sample: str
    proof: Proof | None = None
    problem: str = ""
    seconds: float = 0.0
    updated: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the sample is as it should be."""
        return self.proof is not None and (self.proof.passed or bool(self.updated))


@click.command("test", short_help="Prove maps on their samples, reading and writing.")
@click.argument("maps", nargs=-1, metavar="[MAP]…")
@click.option("--update", is_flag=True, help="Write the expected files anew from what the maps give now; read them before you keep them.")
@click.option("--written", is_flag=True, help="With --update: keep the written message as an expected file too.")
@click.option("--junit", metavar="FILE", help="Write the results as JUnit XML too.")
@click.option("--home", metavar="DIR", help=HOME_HELP)
@options.json_option
def map_test(maps: tuple[str, ...], update: bool, written: bool, junit: str | None, home: str | None, as_json: bool) -> int:
    """Try maps (names or YAML files; none: all that are known) on their samples: those their tests: name, and every sample folder
    whose case.yaml names them.

    Each sample is read to its expected records and findings, written, and read again as the same records; the written message is
    compared with expected/written.* where there is one. A difference names the field, both values, and behind the arrow the place and
    the rule they came from.

    \b
    Examples:
      edi-bridge map test order.edifact-d96a
      edi-bridge map test my-order.yaml --update
      edi-bridge map test --junit results.xml

    Exit codes: 0 all as expected, 1 something differs, 2 there is no such map or sample.
    """
    catalog = options.catalog_of(options.optional_home(home))
    unknown = [name for name in maps if name not in catalog.map_index and not Path(name).is_file()]
    for name in unknown:
        show.error(f"there is no map {name}")
    if unknown:
        return WRONG
    results = [one for name in (list(maps) or sorted(catalog.map_index)) for one in _tried(name, catalog, update, written, bool(maps))]
    if as_json:
        options.print_json([_object(one) for one in results])
    else:
        for one in results:
            _tell(one)
    if junit:
        Path(junit).write_bytes(junit_xml(results))
    return _sums(results, len(maps) or len(catalog.map_index))


def _tried(name: str, catalog: Catalog, update: bool, written: bool, named: bool) -> list[Result]:
    from edi_bridge.sample_folders import folders_of
    from edi_bridge.proving import prove

    try:
        compiled = catalog.map_named(name)
        folders = folders_of(compiled, catalog, name if name not in catalog.map_index else "")
    except ConfigFault as fault:
        return [Result(name, "", problem=line) for line in str(fault).splitlines()]
    if not folders:
        return [Result(name, "", problem=f"{name} has no samples: name them in tests:, or name the map in their case.yaml")] if named else []
    results = []
    for folder in folders:
        started = time.perf_counter()
        try:
            given = compiled.name if name in catalog.map_index else name
            proof = prove(folder.sample(given), compiled, catalog)
        except (ConfigFault, OSError) as fault:
            results.append(Result(compiled.name, folder.name, problem=str(fault)))
            continue
        made = Result(compiled.name, folder.name, proof, seconds=time.perf_counter() - started)
        if update:
            made.updated = _update(folder, proof, written)
        results.append(made)
    return results


def _update(folder: Folder, proof: Proof, written: bool) -> list[str]:
    """Write what changed; nothing for a message that the map does not read. The files' names."""
    from edi_bridge.sample_folders import relative
    from edi_bridge.record import to_json

    if not proof.done and not proof.records:
        return []
    expected = folder.path / "expected"
    expected.mkdir(exist_ok=True)
    wanted = {expected / "record.json": to_json(proof.records, indent=True) + b"\n"}
    findings = expected / "findings.txt"
    if proof.findings or findings.exists():
        wanted[findings] = "".join(line + "\n" for line in proof.findings).encode()
    kept = sorted(expected.glob("written.*")) or ([expected / f"written{folder.message.suffix}"] if written else [])
    if kept and proof.written:
        wanted[kept[0]] = proof.written
    changed = [path for path, content in wanted.items() if not path.exists() or path.read_bytes() != content]
    for path in changed:
        path.write_bytes(wanted[path])
    return [relative(path) for path in changed]


NOT_COMPARED = "what it reads to is compared with nothing: there is no expected/record.json (--update writes it, for you to read)"


def _tell(one: Result) -> None:
    mark = show.style("ok  ", "green", sys.stdout) if one.passed else show.style("FAIL", "red", sys.stdout)
    print(f"{mark}  {one.map}  {one.sample}".rstrip())
    if one.problem:
        print(f"      {show.clean(one.problem)}")
    if one.updated:
        print(f"      written: {', '.join(one.updated)}")
        return
    if one.passed and _uncompared(one):
        print(f"      {NOT_COMPARED}")
    last = ""
    differences = one.proof.differences if one.proof is not None else []
    for difference in differences[:ON_SCREEN]:
        if difference.step != last:
            last = difference.step
            print(f"    {last}:")
        print(f"      {show.clean(str(difference))}")
    if len(differences) > ON_SCREEN:
        print(f"      … {len(differences) - ON_SCREEN} more")


def _sums(results: list[Result], maps: int) -> int:
    failed = sum(1 for one in results if not one.passed)
    updated = sum(len(one.updated) for one in results)
    said = [show.number(maps, "map"), show.number(len(results), "sample"), f"{failed} failed" if failed else "all as expected"]
    uncompared = sum(map(_uncompared, results))
    said += [f"{uncompared} without expected records"] if uncompared else []
    show.note(" · ".join([*said, *([f"{show.number(updated, 'file')} written"] if updated else [])]))
    if any(one.proof is None for one in results):
        return WRONG
    return FAILED if failed else DONE


def _uncompared(one: Result) -> bool:
    from edi_bridge.proving import READ

    return one.proof is not None and READ not in one.proof.done and not one.updated


def _object(one: Result) -> dict[str, Any]:
    differences = one.proof.differences if one.proof is not None else []
    return {"map": one.map, "sample": one.sample, "passed": one.passed, "problem": one.problem, "updated": one.updated,
            "done": one.proof.done if one.proof is not None else [],
            "differences": [{"step": each.step, "field": each.path, "expected": each.expected, "got": each.got, "from": each.where,
                             "sentence": str(each)} for each in differences]}


def junit_xml(results: list[Result]) -> bytes:
    """The results as JUnit's XML: a suite for each map, a case for each sample, a failure with every difference."""
    suites = ElementTree.Element("testsuites", name="edi-bridge map test", tests=str(len(results)),
                                 failures=str(sum(1 for one in results if one.proof is not None and not one.passed)),
                                 errors=str(sum(1 for one in results if one.proof is None)))
    for name in dict.fromkeys(one.map for one in results):
        mine = [one for one in results if one.map == name]
        suite = ElementTree.SubElement(suites, "testsuite", name=name, tests=str(len(mine)),
                                       failures=str(sum(1 for one in mine if one.proof is not None and not one.passed)),
                                       errors=str(sum(1 for one in mine if one.proof is None)), time=f"{sum(one.seconds for one in mine):.3f}")
        for one in mine:
            case = ElementTree.SubElement(suite, "testcase", classname=name, name=one.sample or name, time=f"{one.seconds:.3f}")
            if one.proof is None:
                ElementTree.SubElement(case, "error", message=show.clean(one.problem))
            elif not one.passed:
                lines = [show.clean(f"{each.step}: {each}") for each in one.proof.differences]
                failure = ElementTree.SubElement(case, "failure", message=lines[0])
                failure.text = "\n".join(lines)
    ElementTree.indent(suites)
    made: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return made + b"\n"
