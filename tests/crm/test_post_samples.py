"""Every response, despatch advice and remittance among the samples is kept whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from crm_case import Crm
from sqlalchemy import select

from edi_bridge.crm import followup_view
from edi_bridge.crm.tables import tables
from edi_bridge.record import from_json, normal

SAMPLES = Path(__file__).parents[2] / "samples"
KINDS = ("order_response", "despatch_advice", "remittance")


def _records() -> list[Any]:
    found = []
    for case in sorted(SAMPLES.glob("*/*/case.yaml")):
        kind = next((kind for kind in KINDS if f"map: {kind}." in case.read_text("utf-8")), "")
        for path in sorted((case.parent / "expected").glob("record*.json")) if kind else ():
            records = json.loads(path.read_text("utf-8"))
            for nth, record in enumerate(records if isinstance(records, list) else [records], 1):
                made = from_json(json.dumps(record), kind)
                found.append(pytest.param(kind, made, id=f"{case.parent.name}-{nth}"))
    return found


def test_there_are_samples_of_each_kind() -> None:
    assert {one.values[0] for one in _records()} == set(KINDS)


@pytest.mark.parametrize(("kind", "record"), _records())
def test_a_sample_is_posted_and_comes_back_whole(crm: Crm, kind: str, record: dict[str, Any]) -> None:
    assert crm.post(kind, record).state == "posted"
    table = getattr(tables(), kind)
    with crm.database.read() as connection:
        (number,) = connection.execute(select(table.c.id)).scalars()
        found = getattr(followup_view, kind)(connection, number)
    assert normal(found["record"]) == normal(record)
