"""The engine: intake outcomes, one bad message among good ones, restart after a kill at every point."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_case import file_of, interchange, open_engine, run_file
from sqlalchemy import func, select

from edi_bridge import crashpoint
from edi_bridge.crm.dump import dump
from edi_bridge.crm.tables import tables
from edi_bridge.database import connect
from edi_bridge.engine import Engine, MessageReport
from edi_bridge.fault import ConfigFault, TerminalFault
from edi_bridge.store import ledger
from edi_bridge.store import message as messages
from edi_bridge.store.tables import ledger as ledger_tables


def order(number: str, gln: str = "4012345000009", **more: Any) -> dict[str, Any]:
    lines = [
        {"number": str(n), "gtin": f"400000000000{n}", "quantity": str(n), "net_price": "1.50"} for n in range(1, 4)
    ]
    return {"number": number, "buyer": {"gln": gln, "name": f"Buyer {gln}"}, "lines": lines, **more}


def message(number: str, ref: str = "", **more: Any) -> dict[str, Any]:
    return {"ref": ref or number, "record": order(number), **more}


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(database_url, tmp_path / "archive")
    yield made
    made.database.close()


def post(engine: Engine, data: bytes, name: str = "in.json", reports: list[MessageReport] | None = None) -> Any:
    return engine.post_file(name, io.BytesIO(data), on_message=None if reports is None else reports.append)


def count(engine: Engine, name: str) -> int:
    table = getattr(tables(), name, None)
    with engine.database.read() as connection:
        return int(
            connection.execute(
                select(func.count()).select_from(getattr(ledger_tables(), name) if table is None else table)
            ).scalar_one()
        )


def outcomes(summary: Any) -> list[tuple[str, str, str]]:
    return [(e.state, e.outcome, e.verdict) for e in summary.exchanges]


def kinds(engine: Engine, receipt: int) -> list[str]:
    with engine.database.read() as connection:
        return [finding.kind for _, _, finding in messages.findings(connection, receipt)]


def test_a_new_file_is_archived_posted_and_closed(engine: Engine) -> None:
    reports: list[MessageReport] = []
    summary = post(
        engine, file_of(interchange("1", message("A"), message("B")), interchange("2", message("C"))), reports=reports
    )
    assert outcomes(summary) == [("done", "new", "accepted")] * 2
    assert [dict(e.messages) for e in summary.exchanges] == [{"posted": 2}, {"posted": 1}]
    assert [(r.exchange, r.ordinal, r.state, [d.number for d in r.documents]) for r in reports] == [
        (1, 1, "posted", ["A"]),
        (1, 2, "posted", ["B"]),
        (2, 1, "posted", ["C"]),
    ]
    assert count(engine, "sales_order") == 3 and count(engine, "customer") == 1 and not summary.refused


def test_the_same_bytes_again_change_nothing_and_point_to_the_first(engine: Engine) -> None:
    data = file_of(interchange("1", message("A")))
    first = post(engine, data)
    before = list(everything(engine))
    again = post(engine, data, "other name")
    assert outcomes(again) == [("duplicate", "again", "accepted")]
    assert again.exchanges[0].original == first.exchanges[0].id and not again.joined
    assert list(everything(engine)) == before


def test_the_same_control_number_with_other_content_is_quarantined(engine: Engine) -> None:
    first = post(engine, file_of(interchange("1", message("A"))))
    second = post(engine, file_of(interchange("1", message("B"))))
    assert outcomes(second) == [("quarantined", "conflict", "rejected")]
    assert second.exchanges[0].original == first.exchanges[0].id
    assert kinds(engine, second.id) == ["duplicate_interchange"] and second.refused
    assert count(engine, "sales_order") == 1


def test_the_same_control_number_twice_in_one_file(engine: Engine) -> None:
    summary = post(engine, file_of(interchange("1", message("A")), interchange("1", message("B"))))
    assert [e.state for e in summary.exchanges] == ["done", "quarantined"]


def test_the_same_control_number_of_another_sender_is_new(engine: Engine) -> None:
    post(engine, file_of(interchange("1", message("A"))))
    assert outcomes(post(engine, file_of(interchange("1", message("B"), sender="OTHER")))) == [
        ("done", "new", "accepted")
    ]


def test_the_same_content_under_a_new_number_is_held(engine: Engine) -> None:
    post(engine, file_of(interchange("1", message("A"))))
    second = post(engine, file_of(interchange("2", message("A", ref="99"), message("B"))))
    assert outcomes(second) == [("done", "new", "accepted with errors")]
    assert dict(second.exchanges[0].messages) == {"held": 1, "posted": 1}
    assert kinds(engine, second.id) == ["same_content"]
    assert outcomes(post(engine, file_of(interchange("3", message("A", ref="77"))))) == [("held", "new", "rejected")]


def test_the_same_content_twice_in_one_interchange_is_posted_once(engine: Engine) -> None:
    summary = post(engine, file_of(interchange("1", message("A", ref="1"), message("A", ref="2"))))
    assert dict(summary.exchanges[0].messages) == {"posted": 1, "held": 1}


def test_repeated_content_may_be_taken_by_policy(database_url: str, tmp_path: Path) -> None:
    engine = open_engine(database_url, tmp_path / "archive", same_content="post")
    post(engine, file_of(interchange("1", message("A"))))
    second = post(engine, file_of(interchange("2", message("A"))))
    assert dict(second.exchanges[0].messages) == {"posted": 1}
    assert kinds(engine, second.id) == ["message_posted_before"] and count(engine, "sales_order") == 1
    engine.database.close()


def test_a_refused_envelope_posts_nothing_and_uses_up_no_number(engine: Engine) -> None:
    bad = post(engine, file_of(interchange("1", message("A"), reject="interchange_count_mismatch")))
    assert outcomes(bad) == [("rejected", "refused", "rejected")] and kinds(engine, bad.id) == [
        "interchange_count_mismatch"
    ]
    assert [f.kind for f in bad.exchanges[0].findings] == ["interchange_count_mismatch"]
    assert count(engine, "sales_order") == 0
    assert outcomes(post(engine, file_of(interchange("1", message("A"))))) == [("done", "new", "accepted")]


def test_a_wholly_refused_interchange_uses_up_no_number(engine: Engine) -> None:
    data = file_of(interchange("1", message("A", reject="missing_element")))
    assert outcomes(post(engine, data)) == [("rejected", "new", "rejected")]
    assert outcomes(post(engine, data)) == [("duplicate", "again", "rejected")]
    assert outcomes(post(engine, file_of(interchange("1", message("A"))))) == [("done", "new", "accepted")]


def test_refused_bytes_are_tried_again_once_the_maps_are_others(database_url: str, tmp_path: Path) -> None:
    data = file_of(interchange("1", message("A", reject="no_map")))
    for versions, outcome in (({"m": "1"}, "new"), ({"m": "1"}, "again"), ({"m": "2"}, "retry"), ({"m": "2"}, "again")):
        engine = open_engine(database_url, tmp_path / "archive", versions=versions)
        assert [e.outcome for e in post(engine, data).exchanges] == [outcome]
        engine.database.close()


def test_one_bad_message_does_not_stop_the_others(engine: Engine) -> None:
    summary = post(
        engine, file_of(interchange("1", message("A"), message("B", reject="missing_element"), message("C")))
    )
    assert outcomes(summary) == [("done", "new", "accepted with errors")]
    assert dict(summary.exchanges[0].messages) == {"posted": 2, "rejected": 1} and summary.refused


def test_our_own_mistake_in_one_message_does_not_stop_the_others_and_is_tried_again(engine: Engine) -> None:
    data = file_of(
        interchange("1", message("A"), message("B", bug="record"), message("C")), interchange("2", message("D"))
    )
    first = post(engine, data)
    assert [(e.state, e.verdict) for e in first.exchanges] == [("failed", ""), ("done", "accepted")]
    assert dict(first.exchanges[0].messages) == {"posted": 2, "failed": 1}
    with engine.database.read() as connection:
        texts = (
            connection.execute(
                select(ledger_tables().message.c.failure).where(ledger_tables().message.c.state == "failed")
            )
            .scalars()
            .all()
        )
    assert len(texts) == 1 and "Traceback" in texts[0]
    again = post(engine, data)
    assert again.joined and again.id == first.id and dict(again.exchanges[0].messages) == {"posted": 2, "failed": 1}
    assert count(engine, "sales_order") == 3


def test_our_own_mistake_in_the_path_fails_what_comes_after_it(engine: Engine) -> None:
    data = file_of(
        interchange("1", message("A")),
        interchange("2", message("B"), message("C", bug="path")),
        interchange("3", message("D")),
    )
    summary = post(engine, data)
    assert [e.state for e in summary.exchanges] == ["done", "failed", "failed"]
    assert "a mistake of ours in the path" in summary.failure
    assert count(engine, "sales_order") == 2


def test_our_own_mistake_in_the_first_pass_fails_the_receipt(engine: Engine) -> None:
    data = file_of(interchange("1", message("A"), reject="bug"))
    summary = post(engine, data)
    assert summary.failure and summary.exchanges == [] and summary.refused
    assert post(engine, data).joined and engine.resume() == []


@pytest.mark.parametrize(("data", "kind"), [(b"", "empty_file")])
def test_a_file_without_any_interchange_is_noted(engine: Engine, data: bytes, kind: str) -> None:
    summary = post(engine, data)
    assert summary.exchanges == [] and summary.refused
    assert [f.kind for f in summary.findings] == kinds(engine, summary.id) == [kind]


def test_batches_are_cut_and_all_is_posted(engine: Engine) -> None:
    engine.batch_messages = 7
    summary = post(engine, file_of(interchange("1", *[message(f"A{n}") for n in range(40)])))
    assert dict(summary.exchanges[0].messages) == {"posted": 40} and count(engine, "sales_order") == 40


def test_the_archived_bytes_are_checked_before_anything_is_posted(engine: Engine, tmp_path: Path) -> None:
    data = file_of(interchange("1", message("A", reject="no_map")))
    summary = post(engine, data)
    blob = engine.archive.path(summary.sha256)
    assert blob.read_bytes() == data
    blob.chmod(0o600)
    blob.write_bytes(data.replace(b"A", b"B"))
    with pytest.raises(TerminalFault, match="altered"):
        engine.archive.open(summary.sha256)


def test_an_existing_home_is_resumed(engine: Engine) -> None:
    blob = engine.archive.put(io.BytesIO(file_of(interchange("1", message("A")))))
    with engine.database.write() as connection:
        ledger.receive(connection, blob, "left over", "2026-11-21T00:00:00Z")
    assert [outcomes(summary) for summary in engine.resume()] == [[("done", "new", "accepted")]]
    assert engine.resume() == [] and count(engine, "sales_order") == 1


# kills

POINTS = [
    "temp_written",
    "temp_synced",
    "archived",
    "receipt_committed",
    "scanned",
    "tx_begun",
    "crm_written",
    "batch_committed",
    "closing_begun",
    "committed",
]
FILE = file_of(
    interchange("1", *[message(f"A{n}") for n in range(5)], message("bad", reject="missing_element")),
    interchange(
        "2",
        {
            "ref": "1",
            "type": "invoice",
            "record": {
                "number": "I1",
                "order_number": "A1",
                "type": "invoice",
                "seller": {"gln": "4012345000009"},
                "buyer": {"name": "we"},
                "totals": {"payable": "12.00"},
            },
        },
        message("A1", ref="dup"),
    ),
    interchange(
        "3",
        {"ref": "1", "record": order("A2", purpose="change", lines=[{"number": "1", "quantity": "99"}])},
        {"ref": "2", "record": order("Z", gln="4000002000004")},
    ),
)


def everything(engine: Engine) -> Iterator[str]:
    with engine.database.read() as connection:
        yield from dump(connection)


def forked(url: str, archive: Path, file: Path, batch: int, point: str = "", nth: int = 1) -> int:
    """Run the engine in a child that kills itself at a point (none: runs to the end); the child's process id."""
    child = os.fork()
    if child == 0:
        crashpoint._name, crashpoint._left = point, nth
        try:
            run_file(url, archive, file, batch_messages=batch)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    return child


def killed(url: str, archive: Path, file: Path, point: str, nth: int) -> int:
    """Run the engine in a child and wait: the signal that ended it as a negative number, 0 when it came to the end."""
    return os.waitstatus_to_exitcode(os.waitpid(forked(url, archive, file, 3, point, nth), 0)[1])


@pytest.fixture(scope="module")
def faultless(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> list[str]:
    folder = tmp_path_factory.mktemp("faultless")
    (folder / "db").write_bytes(sqlite_template.read_bytes())
    (folder / "in.json").write_bytes(FILE)
    run_file(str(folder / "db"), folder / "archive", folder / "in.json", batch_messages=3)
    database = connect(folder / "db")
    with database.read() as connection:
        lines = list(dump(connection))
    database.close()
    return lines


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        *((point, 1) for point in POINTS),
        ("tx_begun", 2),
        ("crm_written", 2),
        ("batch_committed", 2),
        ("tx_begun", 4),
        ("crm_written", 4),
        ("batch_committed", 4),
    ],
)
def test_a_kill_at_any_point_and_a_second_run_leave_what_a_faultless_run_leaves(
    database_url: str, tmp_path: Path, faultless: list[str], point: str, nth: int
) -> None:
    file = tmp_path / "in.json"
    file.write_bytes(FILE)
    assert killed(database_url, tmp_path / "archive", file, point, nth) == -signal.SIGKILL
    assert killed(database_url, tmp_path / "archive", file, "", 1) == 0
    engine = open_engine(database_url, tmp_path / "archive")
    assert engine.resume() == []
    assert list(everything(engine)) == faultless
    assert any("sales_order" in line for line in faultless) and any("99" in line for line in faultless)
    counts = {row[0]: row[1] for row in _message_counts(engine)}
    assert counts == {"posted": 8, "rejected": 1, "held": 1}
    engine.database.close()


def _message_counts(engine: Engine) -> list[Any]:
    m = ledger_tables().message
    with engine.database.read() as connection:
        return list(connection.execute(select(m.c.state, func.count()).group_by(m.c.state)).all())


def test_the_environment_asks_for_the_kill(tmp_path: Path) -> None:
    steps = ["passing('a')", "passing('b')", "print('once', flush=True)", "passing('b')", "print('never')"]
    code = "\n".join(["from edi_bridge.crashpoint import passing", *steps])
    root = str(Path(__file__).parent.parent)
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "EDI_BRIDGE_CRASH_AT": "b:2", "PYTHONPATH": root},
        capture_output=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (-signal.SIGKILL, b"once\n")
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root}, capture_output=True, check=False
    )
    assert (run.returncode, run.stdout) == (0, b"once\nnever\n")


def test_json_of_a_file_is_one_line_an_interchange() -> None:
    assert [json.loads(line)["control"] for line in FILE.splitlines()] == ["1", "2", "3"]


def test_two_processes_that_post_the_same_file_at_once_post_it_once(
    database_url: str, tmp_path: Path, faultless: list[str]
) -> None:
    file = tmp_path / "in.json"
    file.write_bytes(FILE)
    children = [forked(database_url, tmp_path / "archive", file, 1) for _ in range(3)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    engine = open_engine(database_url, tmp_path / "archive")
    assert list(everything(engine)) == faultless
    assert dict(_message_counts(engine)) == {"posted": 8, "rejected": 1, "held": 1}
    engine.database.close()


def test_processes_that_meet_the_same_new_customers_at_once_make_them_once(database_url: str, tmp_path: Path) -> None:
    def body(process: int) -> bytes:
        glns = [f"40{n:011}" for n in range(12)]
        order_ = [glns, glns[::-1], glns[6:] + glns[:6]][process]
        messages = [{"ref": str(n), "record": order(f"P{process}-{n}", gln)} for n, gln in enumerate(order_)]
        return file_of(interchange(f"c{process}", *messages))

    children = []
    for process in range(3):
        file = tmp_path / f"{process}.json"
        file.write_bytes(body(process))
        children.append(forked(database_url, tmp_path / "archive", file, 6))
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    engine = open_engine(database_url, tmp_path / "archive")
    assert (count(engine, "customer"), count(engine, "sales_order")) == (12, 36)
    engine.database.close()


def test_a_mistake_of_configuration_is_told_and_the_same_bytes_are_taken_once_it_is_mended(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*args: Any, **more: Any) -> Iterator[Any]:
        raise ConfigFault.at("order.yaml", 3, 1, "no such map")
        yield

    scan = engine.path.scanning
    monkeypatch.setattr(engine.path, "scanning", wrong, raising=False)
    with pytest.raises(ConfigFault, match="no such map"):
        post(engine, FILE)
    assert engine.resume() == []
    monkeypatch.setattr(engine.path, "scanning", scan)
    assert post(engine, FILE).joined and count(engine, "sales_order") > 0
