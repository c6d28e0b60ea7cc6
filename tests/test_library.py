"""The library's front door: what importing it costs, that its names are there, and that its functions do what they
say."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import edi_bridge
from edi_bridge import Verdict

ROOT = Path(__file__).parents[1]
ORDER = (
    b"UNB+UNOC:3+9521200038118:14+9521200034004:14+261102:0815+417'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+4500017731+9'"
    b"DTM+137:20261102:102'NAD+BY+9521200038118::9'NAD+SU+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:48'"
    b"PRI+AAA:3.19'UNS+S'CNT+2:1'UNT+11+1'UNZ+1+417'"
)
HEAVY = {
    "sqlalchemy",
    "alembic",
    "click",
    "rich",
    "lxml",
    "yaml",
    "msgspec",
    "pydifact",
    "stdnum",
    "paramiko",
    "ssl",
    "socket",
    "sqlite3",
    "http.client",
    "asyncio",
    "starlette",
    "httpx",
    "psycopg",
}


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True, text=True)
    return done.stdout.strip()


def test_importing_loads_nothing_heavy() -> None:
    assert fresh(f"import sys, edi_bridge; print(sorted({HEAVY!r} & set(sys.modules)))") == "[]"
    assert (
        fresh("import sys, edi_bridge; print([name for name in sys.modules if name.startswith('edi_bridge.')])") == "[]"
    )


def test_translating_edifact_loads_no_database_no_terminal_and_no_network() -> None:
    kept = {"yaml", "msgspec", "stdnum", "ssl", "socket"}  # stdnum loads ssl and socket by itself and uses neither
    code = (
        f"import sys, edi_bridge; print(len(next(edi_bridge.translate({ORDER!r})).records), "
        f"sorted({HEAVY - kept!r} & set(sys.modules)))"
    )
    assert fresh(code) == "1 []"


def test_importing_is_quick() -> None:
    def seconds() -> float:  # of the processor: how busy the machine is does not matter
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        fresh("import edi_bridge")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.3


def test_every_public_name_is_there_and_documented() -> None:
    for name in edi_bridge.__all__:
        value = getattr(edi_bridge, name)
        assert value.__doc__, name
        assert name in dir(edi_bridge)
    with pytest.raises(AttributeError):
        edi_bridge.nothing_of_that_name  # noqa: B018


def test_the_version_is_the_package_s() -> None:
    assert f'version = "{edi_bridge.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_bytes_and_files_give_the_same() -> None:
    for source in (ORDER, io.BytesIO(ORDER)):
        assert [edi_bridge.write(interchange) for interchange in edi_bridge.read(source)] == [ORDER]
    assert [o.records for o in edi_bridge.translate(ORDER)] == [
        o.records for o in edi_bridge.translate(io.BytesIO(ORDER))
    ]


def test_a_home_of_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "partners").mkdir()
    (tmp_path / "mappings" / "order.mine.yaml").write_text(
        "map: order.mine\nextends: order.edifact-d96a\nfields: {lines: ~}\n"
    )
    (tmp_path / "partners" / "havel.yaml").write_text(
        'partner: havel\nidentities: [{id: "9521200038118", qualifier: "14", standard: edifact}]\n'
        "agreements: [{message: edifact/D96A/ORDERS, map: order.mine}]\n"
    )
    outcome = next(edi_bridge.translate(ORDER, home=tmp_path))
    assert (outcome.partner, outcome.map) == ("havel", "order.mine")
    assert "lines" not in outcome.records[0]


def test_limits_and_character_sets_are_the_caller_s() -> None:
    interchange = next(edi_bridge.read(ORDER, limits=edi_bridge.Limits(segment=10)))
    interchange.drain()
    assert "segment_too_large" in {finding.kind for finding in interchange.findings}
    outcome = next(edi_bridge.translate(ORDER, limits=edi_bridge.Limits(message=50)))
    assert outcome.verdict is Verdict.REJECTED
    with pytest.raises(edi_bridge.ConfigFault):
        list(edi_bridge.read(ORDER, charset="no such set"))
