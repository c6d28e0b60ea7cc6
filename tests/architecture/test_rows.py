"""Who may know whom: the rows of docs/architecture.md as a table, checked against every import of the package.

A module imports only from lower rows; members of one row are strangers; rows 0-3 know no clock, disk or socket; broad
excepts stand in engine/guard.py alone. The last tests plant violations into a copy and see them found.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "edi_bridge"

# The house: member (a module, or a package with all that is in it) → row.
ROWS = {
    "interchange": 0,
    "fault": 0,
    "yamltext": 0,
    "finding": 1,
    "record": 1,
    "structure": 1,
    "structure_xml": 1,
    "layout": 1,
    "report_time": 0,
    "report_layout": 1,
    "file_name": 1,
    "syntax": 2,
    "guide": 2,
    "mapping": 2,
    "ack": 2,
    "partner": 2,
    "network_report": 2,
    "channel": 2,
    "finding_merge": 2,
    "checking": 2,
    "rollout": 2,
    "completion": 2,
    "leaving_out": 2,
    "pipeline": 3,
    "outbound": 3,
    "explaining": 3,
    "comparing": 4,
    "answering": 3,
    "compat": 3,
    "proposing": 3,
    "proving": 4,
    "settings": 4,
    "database": 4,
    "migrations": 4,
    "crashpoint": 4,
    "einvoice": 4,
    "transport": 4,
    "secret": 4,
    "catalog": 5,
    "store": 5,
    "crm": 5,
    "versioning": 6,
    "engine": 6,
    "onboarding": 7,
    "alarming": 6,
    "replaying": 6,
    "linting": 6,
    "sample_folders": 6,
    "dispatch": 6,
    "schedule": 3,
    "clock": 4,
    "daemon": 7,
    "listening": 7,
    "lab": 7,
    "cli": 8,
    "console": 8,
}

# Imports between strangers that are wanted, each with its reason.
ALLOWED = {
    ("yamltext", "fault"): "a YAML text with mistakes is a ConfigFault: one word of the vocabulary uses another",
    ("structure", "finding"): "the walk says what stands at a wrong place",
    ("database", "migrations"): "upgrade() runs them, imported when there is something to do",
    ("migrations", "database"): "they bring its tables to the newest state",
    ("dispatch", "engine"): "workers run the engine; the engine is told by its caller what to do with receipts",
    ("daemon", "listening"): "the daemon opens the doors that partners post to, and says what health and figures are",
    ("daemon", "onboarding"): "the daemon lets the rollout watch what came, and pause what goes wrong",
    ("transport", "secret"): "a transport signs in with the secrets that its channel names",
}

CLOCKS_AND_DISKS = {
    "time",
    "random",
    "secrets",
    "uuid",
    "socket",
    "subprocess",
    "shutil",
    "tempfile",
    "os",
    "pathlib",
    "asyncio",
    "threading",
    "multiprocessing",
    "sqlalchemy",
    "sqlite3",
    "urllib.request",
    "http",
}
# What a module of rows 0-3 may import all the same, and why.
PURE_EXCEPTIONS = {
    ("guide", "pathlib"): "guide/importer reads and writes the folders that a user names",
}


def member_of(path: Path, package: Path) -> str:
    """The member a file belongs to: its module or its top folder; '' for the package itself."""
    parts = path.relative_to(package).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file imports, wherever it stands; names of the package from `edi_bridge.` on.
    Imports for type checkers alone are left out: nothing is loaded by them."""
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports hide who knows whom"
            module = node.module or ""
            yield from (
                (node.lineno, f"{module}.{alias.name}" if module == "edi_bridge" else module) for alias in node.names
            )


def violations(package: Path) -> list[str]:
    """Everything that breaks a rule, as file:line: sentence."""
    found = []
    for path in sorted(package.rglob("*.py")):
        member = member_of(path, package)
        if member and "shipped" not in path.parts:
            where = path.relative_to(package.parent)
            found += [f"{where}:{line}: {problem}" for line, problem in _problems(path, member)]
    return found


def _problems(path: Path, member: str) -> Iterator[tuple[int, str]]:
    if member not in ROWS:
        yield 1, f"{member} stands in no row"
        return
    imported, impure, broad = _read(path)
    for line, name in imported:
        yield from ((line, problem) for problem in _import_problems(member, name))
    if ROWS[member] <= 3:
        yield from impure
    if path.parts[-2:] != ("engine", "guard.py"):
        yield from broad


@cache
def _read(path: Path) -> tuple[list[tuple[int, str]], ...]:
    """What a file imports, and what is wrong with it where its row forbids it."""
    tree = ast.parse(path.read_text("utf-8"))
    return list(imports(tree)), list(_impure_calls(tree)), list(_broad_excepts(tree))


def _import_problems(member: str, name: str) -> Iterator[str]:
    first, _, rest = name.partition(".")
    if first == "edi_bridge":
        other = rest.partition(".")[0]
        if not other or other == member or (member, other) in ALLOWED:
            return
        if other not in ROWS:
            yield f"imports {name}, which stands in no row"
        elif ROWS[other] >= ROWS[member]:
            how = "a stranger of the same row" if ROWS[other] == ROWS[member] else "a higher row"
            yield f"{member} (row {ROWS[member]}) imports {other} (row {ROWS[other]}): {how}"
    elif ROWS[member] <= 3 and {name, first} & CLOCKS_AND_DISKS and (member, first) not in PURE_EXCEPTIONS:
        yield f"{member} (row {ROWS[member]}) imports {name}: rows 0-3 are pure"


def _impure_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("open", "io.open", "input", "print"):
                yield node.lineno, f"calls {called}: rows 0-3 do no input or output"
            if called.endswith((".now", ".utcnow", ".today")) and "date" in called:
                yield node.lineno, f"calls {called}: rows 0-3 know no clock"


def _broad_excepts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            names = {"a bare except"} if node.type is None else set(re.findall(r"\w+", ast.unparse(node.type)))
            if broad := names & {"a bare except", "Exception", "BaseException"}:
                yield node.lineno, f"catches {', '.join(sorted(broad))}: only engine/guard.py may"


def test_every_import_goes_to_a_lower_row() -> None:
    assert violations(PACKAGE) == []


@pytest.mark.parametrize("exception", [*ALLOWED, *PURE_EXCEPTIONS])
def test_every_exception_is_still_needed(exception: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ALLOWED if exception in ALLOWED else PURE_EXCEPTIONS, exception)
    assert violations(PACKAGE)


def test_the_engine_catches_everything_exactly_once() -> None:
    assert len(list(_broad_excepts(ast.parse((PACKAGE / "engine" / "guard.py").read_text("utf-8"))))) == 1


def test_files_and_folders_keep_their_measure() -> None:
    deep = [
        path
        for path in PACKAGE.rglob("*.py")
        if len(path.relative_to(PACKAGE).parts) > 3 and "shipped" not in path.parts
    ]
    assert deep == []


def test_the_picture_names_every_member_with_its_row() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    listed = {name: int(row) for name, row in re.findall(r"^\| `(\w+)` \|.*\| (\d) \|$", text, re.MULTILINE)}
    there = {member_of(path, PACKAGE) for path in PACKAGE.rglob("*.py") if "shipped" not in path.parts} - {""}
    assert listed == {name: ROWS[name] for name in sorted(there)}


PLANTED = [
    ("syntax/edifact.py", "from edi_bridge.mapping.compile import CompiledMap\n", "a stranger of the same row"),
    ("partner/values.py", "import edi_bridge.syntax\n", "a stranger of the same row"),
    ("finding/table.py", "from edi_bridge.pipeline import inbound\n", "a higher row"),
    ("crm/post.py", "def late():\n    from edi_bridge.engine import Engine\n", "a higher row"),
    ("record.py", "import time\n", "rows 0-3 are pure"),
    ("mapping/plan.py", "from pathlib import Path\n", "rows 0-3 are pure"),
    ("pipeline.py", "def read(name):\n    return open(name)\n", "no input or output"),
    ("interchange/message.py", "import datetime\nNOW = datetime.datetime.now()\n", "know no clock"),
    ("crm/post.py", "try:\n    pass\nexcept Exception:\n    pass\n", "only engine/guard.py may"),
    ("cli/show.py", "try:\n    pass\nexcept (ValueError, BaseException):\n    pass\n", "only engine/guard.py may"),
    ("cli/show.py", "try:\n    pass\nexcept:\n    pass\n", "only engine/guard.py may"),
    ("helper.py", "", "stands in no row"),
]


@pytest.mark.parametrize(("file", "text", "expected"), PLANTED, ids=lambda value: str(value)[:40])
def test_a_planted_violation_is_found(file: str, text: str, expected: str, tmp_path: Path) -> None:
    source, target = PACKAGE / file, tmp_path / "edi_bridge" / file
    target.parent.mkdir(parents=True)
    target.write_text((source.read_text("utf-8") if source.exists() else "") + "\n" + text, "utf-8")
    (found,) = violations(tmp_path / "edi_bridge")  # the file itself breaks no rule: see the first test
    assert found.startswith(f"edi_bridge/{file}:") and expected in found
