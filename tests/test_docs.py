"""What the documents say is true: their examples run, their tables are printed from the code, their links lead
somewhere."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from edi_bridge import cli, finding, pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.cli.catalog import MAP_COMMANDS
from edi_bridge.mapping import lint, lookup_csv

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[tuple[str, str]]:
    """(what stands behind the language, the text) of each fenced block."""
    return re.findall(rf"^```{language}(?: ([^\n]+))?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def section(text: str, title: str) -> str:
    """The text below a heading, up to the next one."""
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def run(line: str, folder: Path) -> tuple[int, str]:
    """The exit code of an `edi-bridge` command, and what it printed on both streams."""
    words = shlex.split(line, comments=True)
    assert words.pop(0) == "edi-bridge"
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    before = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = cli.run(words)
    finally:
        os.chdir(before)
    return code, out.buffer.getvalue().decode("utf-8")  # type: ignore[attr-defined]


def play(text: str, folder: Path) -> None:
    """Every `$ edi-bridge …` of the console blocks, in order; lines below it must be what it prints (a cut line:
    begins)."""
    for _, block in blocks(text, "console"):
        for command, _, shown in (part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]):
            wanted = re.search(r"# exit (\d+)", command)
            code, printed = run(command, folder)
            assert code == int(wanted.group(1) if wanted else 0), f"{command}\n{printed}"
            for line in shown.splitlines():
                assert line in printed, f"{command}: {line}"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No home and no width from outside."""
    for name in ("EDI_BRIDGE_HOME", "EDI_BRIDGE_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def test_the_findings_are_printed_from_the_table() -> None:
    assert (DOCS / "findings.md").read_text("utf-8").endswith(finding.as_markdown())


def _examples() -> Iterator[Any]:
    text = (DOCS / "library.md").read_text("utf-8")
    for number, (_, code) in enumerate(blocks(text, "python")[1:], 1):
        yield pytest.param(code, id=f"example {number}")


@pytest.mark.parametrize("code", list(_examples()))
def test_the_library_s_examples_run(code: str) -> None:
    (_, order), *_ = blocks((DOCS / "library.md").read_text("utf-8"), "python")
    space: dict[str, Any] = {}
    exec(compile(order + code, "docs/library.md", "exec"), space)


def test_the_command_line_s_examples_run(tmp_path: Path) -> None:
    play((DOCS / "cli.md").read_text("utf-8"), tmp_path)


def test_the_guides_page_s_examples_run(tmp_path: Path) -> None:
    text = (DOCS / "guides.md").read_text("utf-8")
    ((name, sef),) = blocks(text, "sef")
    (tmp_path / name).write_text(sef)
    play(text, tmp_path)


def test_the_page_of_map_tools_runs(tmp_path: Path) -> None:
    text = (DOCS / "map-tools.md").read_text("utf-8")
    (tmp_path / "mappings").mkdir()
    for language in ("yaml", "edi", "csv"):
        for name, content in blocks(text, language):
            for path in [tmp_path / name, *([tmp_path / "mappings" / name] if language == "yaml" else [])] if name else []:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, "utf-8")
    play(text, tmp_path)


def test_the_table_of_lint_is_printed_from_the_code() -> None:
    assert lint.table() in (DOCS / "map-tools.md").read_text("utf-8")


def test_every_command_of_maps_stands_in_its_document() -> None:
    text = (DOCS / "map-tools.md").read_text("utf-8") + "".join(path.read_text("utf-8") for path in PAGES)
    assert [name for name in MAP_COMMANDS if f"edi-bridge map {name}" not in text] == []


def test_the_examples_of_maps_over_messages_run(tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    play((DOCS / "map-history.md").read_text("utf-8"), tmp_path)


def test_the_examples_of_lookups_run(tmp_path: Path) -> None:
    text = (DOCS / "lookups.md").read_text("utf-8")
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    play(text, tmp_path)
    for _, shown in blocks(text, "yaml"):  # the maps are real ones: with a lookup of that of the example, and codes of its own
        compiled = Catalog().compiled(shown, "lookups.md")
        assert compiled.lookups or compiled.spec.name == "order.own-units"
    for name, shown in blocks(text, "csv"):
        assert [row.ours for row in lookup_csv.rows(shown.encode(), name)] == [row.ours for row in lookup_csv.rows((ROOT / name).read_bytes(), name)]


def test_every_command_stands_in_its_document() -> None:
    text = (DOCS / "cli.md").read_text("utf-8")
    assert [name for name in cli.COMMANDS if f"$ edi-bridge {name}" not in text] == []


def test_the_readme_s_first_steps_run(tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    play(section(README, "First steps"), tmp_path)


def test_the_readme_s_first_map_runs(tmp_path: Path) -> None:
    text = section(README, "A first map of your own, in five minutes")
    for language in ("csv", "yaml"):
        for name, content in blocks(text, language):
            (tmp_path / name).write_text(content, "utf-8")
    play(text, tmp_path)
    code, printed = run("edi-bridge translate orders.csv --map order.shop.yaml", tmp_path)
    assert printed.count('{"number":"S-100') == 2 and "nothing refused" in printed
    (tmp_path / "orders.csv").write_text((tmp_path / "orders.csv").read_text().replace(";4;", ";four;"))
    code, printed = run("edi-bridge translate orders.csv --map order.shop.yaml", tmp_path)
    assert code == 1 and 'found "four"' in printed and "^^^^" in printed
    mapped = (tmp_path / "order.shop.yaml").read_text().replace("at: price", "at: prise")
    (tmp_path / "order.shop.yaml").write_text(mapped)
    line = mapped[: mapped.index("at: prise")].count("\n") + 1
    code, printed = run("edi-bridge translate orders.csv --map order.shop.yaml", tmp_path)
    assert code == 2 and printed.startswith(f"order.shop.yaml:{line}:")


def _named(dotted: str) -> Any:
    """The object behind a dotted name."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        with contextlib.suppress(ModuleNotFoundError):
            value: Any = import_module(".".join(parts[:cut]))
            for name in parts[cut:]:
                value = getattr(value, name)
            return value
    raise AssertionError(dotted)


def test_the_path_in_ten_lines_is_the_pipeline_s() -> None:
    text = section(README, "The path, in ten lines")
    lines = re.findall(r"^(\d+)\. (.+)$", text, re.MULTILINE)
    assert [int(number) for number, _ in lines] == list(range(1, 11))
    names = re.findall(r"`(edi_bridge\.[\w.]+)`", text)
    objects = {name: _named(name) for name in names}
    public = [
        name
        for name, value in vars(pipeline).items()
        if getattr(value, "__module__", "") == pipeline.__name__
        and not name.startswith("_")
        and isinstance(value, Callable)
    ]  # type: ignore[arg-type]
    told = {name.rpartition(".")[2] for name in names if name.startswith("edi_bridge.pipeline.")}
    assert told == set(public) - {"Configuration", "Held", "Scanned", "held", "scan", "scanning", "suspended"}, "the engine's own first look"
    stages = [stage.strip() for stage in re.search(r"source ─►(.+)", pipeline.__doc__ or "").group(1).split("─►")]  # type: ignore[union-attr]
    words = {
        "syntax.read": "syntax.read",
        "partner and agreement": "partner_of",
        "guide: check": "checker_for",
        "map: read": "map_for",
        "verdict": "partner.verdict",
        "outcome": "MessageOutcome",
    }
    places = [text.index(words[stage]) for stage in stages]
    assert places == sorted(places)
    assert objects


def test_continuous_integration_calls_the_readme_s_test_command() -> None:
    ((_, command),) = blocks(section(README, "Run the tests"), "sh")
    script = [
        line for line in (ROOT / ".ci" / "run").read_text("utf-8").splitlines() if line and not line.startswith("#")
    ]
    assert script == ["set -eu", 'cd "$(dirname "$0")/.."', command.strip()]
    assert os.access(ROOT / ".ci" / "run", os.X_OK) and os.access(ROOT / ".ci" / "test", os.X_OK)
    subprocess.run(["sh", "-n", str(ROOT / ".ci" / "test")], check=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    dead = [
        link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link and not (page.parent / link).exists()
    ]
    assert dead == []


DISTRIBUTIONS = {"yaml": "pyyaml", "stdnum": "python-stdnum", "psycopg": "psycopg", "prometheus_client": "prometheus-client",
                 "OpenSSL": "pyopenssl"}


def test_everything_imported_is_declared_with_its_version() -> None:
    import ast

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    declared = {re.match(r"[\w-]+", line).group().lower(): line for line in [*project["dependencies"], *extras]}  # type: ignore[union-attr]
    assert [line for line in declared.values() if "==" not in line and not line.startswith("edi-bridge")] == []
    imported = set()
    for path in (ROOT / "edi_bridge").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
            )
            imported |= {name.split(".")[0] for name in names}
    foreign = imported - set(sys.stdlib_module_names) - {"edi_bridge"}
    assert {DISTRIBUTIONS.get(name, name) for name in foreign} <= set(declared)


def test_the_wheel_takes_along_what_the_catalog_looks_for() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["edi_bridge"]
    taken = {folder: target for folder, target in wheel["force-include"].items() if (ROOT / folder).is_dir()}
    assert taken == {name: f"edi_bridge/shipped/{name}" for name in ("mappings", "partners", "samples")}


def test_every_command_that_a_text_names_is_there() -> None:
    texts = [*PAGES, *(ROOT / "edi_bridge").rglob("*.py"), *(ROOT / "mappings").rglob("*.yaml")]
    named = {words for path in texts for words in re.findall(r"`edi-bridge ([a-z]+)", path.read_text("utf-8"))}
    assert named <= set(cli.COMMANDS)
    groups = {
        words
        for path in texts
        for words in re.findall(r"`edi-bridge ((?:map|partner|crm|guide) [a-z]+)", path.read_text("utf-8"))
    }
    for group in groups:
        assert run(f"edi-bridge {group} --help", ROOT)[0] == 0, group
