"""The samples of findings (samples/findings/<kind>/) as cases: what stands in them, and what is told of them.

    python -m tests.finding_cases NAME…      write expected/findings.txt of the kinds that are named anew (all: without a name)

The expected files are the golden truth and what `edi-bridge explain` shows: read and judge every one that this writes.

A case.yaml says: `about`; `by`: check (the default), translate, write (the records are written by `map`), post, or run;
`partner`, `map`: what a person gives by hand;
`limits`: smaller limits than the usual; `first`: files that are posted before (by: post); `run`: command lines, the last one
shows the finding (by: run); `also`: kinds that inevitably come with it. A folder with partners/ or mappings/ is a home.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from edi_bridge import cli, pipeline, settings, yamltext
from edi_bridge.catalog import Catalog
from edi_bridge.cli import options, telling
from edi_bridge.cli.inputs import Input
from edi_bridge.cli.posting import Poster
from edi_bridge.cli.translating import policies_of
from edi_bridge.interchange import Delimiters
from edi_bridge.syntax.limits import Limits

FINDINGS = Path(__file__).parent.parent / "samples" / "findings"
KEYS = ("about", "by", "partner", "map", "limits", "first", "run", "also")
WAYS = ("check", "translate", "write", "post", "run")
X12 = Delimiters("*", ">", "~", "", "", ".")


@dataclass(frozen=True, slots=True)
class Case:
    """A folder below samples/findings/, named like the kind that it shows."""

    folder: Path
    by: str = "check"
    partner: str | None = None
    map: str | None = None
    limits: dict[str, int] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """too_long"""
        return self.folder.name

    @property
    def message(self) -> Path:
        """The file that has the finding."""
        (file,) = self.folder.glob("message.*")
        return file

    @property
    def expected(self) -> Path:
        """The finding as people read it."""
        return self.folder / "expected" / "findings.txt"


def cases() -> list[Case]:
    """Every sample, by name."""
    return [_case(path) for path in sorted(FINDINGS.glob("*/case.yaml"))]


def _case(path: Path) -> Case:
    block = yamltext.parse(path.read_bytes(), str(path.relative_to(FINDINGS)))
    problems = yamltext.Problems(block.file)
    problems.unknown_keys(block, KEYS, "a sample of a finding")
    if not isinstance(block.get("about"), str) or block.get("by", "check") not in WAYS:
        problems.add(block.mark, f"about: says what is wrong; by: is one of {', '.join(WAYS)}")
    problems.done()
    listed = {key: tuple(block.get(key) or ()) for key in ("first", "run", "also")}
    limits = {name: int(value) for name, value in (block.get("limits") or {}).items()}
    return Case(path.parent, str(block.get("by", "check")), block.get("partner"), block.get("map"), limits, **listed)


def told(case: Case) -> tuple[set[str], str]:
    """The kinds that the sample shows, and the text of expected/findings.txt."""
    if case.by == "run":
        text = _run(case)
        return {name for name in (case.kind, *case.also) if name in text}, text
    ways = {"post": _posted, "write": _written}
    findings = list(ways.get(case.by, _walked)(case))
    plain = io.StringIO()  # no terminal: no colours
    return {one.kind for one in findings}, "".join(line + "\n" for one in findings for line in telling.lines(one, plain))


@cache
def _shipped() -> Catalog:
    return Catalog()


def _catalog(case: Case) -> Catalog:
    own = any((case.folder / name).is_dir() for name in ("partners", "mappings"))
    return Catalog(case.folder) if own else _shipped()


def _walked(case: Case) -> Iterator[telling.Told]:
    catalog, content = _catalog(case), case.message.read_bytes()
    given: dict[str, Any] = {"partner": case.partner, "map": case.map, "limits": Limits(**case.limits)}
    step = pipeline.check if case.by == "check" else None
    suspended = pipeline.suspended(content, catalog, **given)
    for outcome in pipeline.inbound(content, catalog, step=step, suspended=suspended, **given):
        policies = policies_of(catalog, outcome)
        for finding in outcome.findings:
            if one := telling.tell(case.message.name, finding, outcome.message, outcome.interchange, policies):
                yield one


def _written(case: Case) -> Iterator[telling.Told]:
    """What is found when the message's records are written by the case's map, an X12 one."""
    catalog = _catalog(case)
    for outcome in pipeline.inbound(case.message.read_bytes(), catalog):
        if outcome.records:
            _, findings = catalog.map_named(case.map or "").write(outcome.records, X12)
            for finding in findings:
                if one := telling.tell(case.message.name, finding, None, None):
                    yield one


def _posted(case: Case) -> list[telling.Told]:
    """What posting says of the message, in a new home with the sample's partners, after the files that come first."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for name in ("partners", "mappings"):
            if (case.folder / name).is_dir():
                shutil.copytree(case.folder / name, home / name)
        loaded = settings.load({}, str(home), None)
        database = options.open_database(loaded, create=True)
        try:
            poster = Poster(loaded, database)
            for name in (*case.first, case.message.name):
                path = case.folder / name
                posted = poster.post(Input(name, path, path.stat().st_size), partner=case.partner, map=case.map)
        finally:
            database.engine.dispose()
        return posted.findings


def _run(case: Case) -> str:
    """What the last command prints, in a copy of the folder."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(case.folder, folder, dirs_exist_ok=True)
        text = ""
        for line in case.run:
            words = shlex.split(line)
            assert words.pop(0) == "edi-bridge"
            text = _printed(words, Path(folder))
        return text


SURROUNDINGS = {"TZ": "UTC", "COLUMNS": None, "NO_COLOR": None, "EDI_BRIDGE_HOME": None}  # what a command's words depend on


def _printed(words: list[str], folder: Path) -> str:
    """Both streams of a command, in a zone and width of its own: else they are the machine's."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    before, kept = Path.cwd(), {name: os.environ.get(name) for name in SURROUNDINGS}
    os.chdir(folder)
    _surround(SURROUNDINGS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            cli.run(words)
    finally:
        os.chdir(before)
        _surround(kept)
    return out.buffer.getvalue().decode("utf-8")  # type: ignore[attr-defined]


def _surround(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    time.tzset()


def main(names: list[str]) -> None:
    """See the docstring of the module."""
    for case in cases():
        if names and case.kind not in names:
            continue
        kinds, text = told(case)
        case.expected.parent.mkdir(exist_ok=True)
        if not case.expected.exists() or case.expected.read_text("utf-8") != text:
            print(f"written: {case.kind}")
            case.expected.write_text(text, "utf-8")
        if kinds != {case.kind, *case.also}:
            print(f"{case.kind}: shows {', '.join(sorted(kinds)) or 'nothing'}")


if __name__ == "__main__":
    main(sys.argv[1:])
