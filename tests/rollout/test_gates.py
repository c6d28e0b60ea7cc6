"""The gates before stages: each closed by the one fact that it is about, and open without it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edi_bridge.rollout.gate import GATES, Facts, Proven, Stated, Waiver, next_stage, readings, way
from edi_bridge.rollout.stage import FORWARD

GOOD = Facts(
    "acme", "in", "edifact/D96A/FORWARDS", "pilot", days=12, channels=(Proven("acme.sftp", 0.1, "polled"),), map="order.acme", samples=3,
    messages=60, clean_runs=2, scenarios=14, negative_scenarios=5, asked=60, answered=60, compared=60, clean_days=10, clean_documents=50,
    rules=40, rules_seen=30, rules_accepted=8, volume=5000, volume_days=3, peak=2500, rollback_days=4,
    sign_offs={"ours": Stated("Ann", "2026-11-20"), "theirs": Stated("Per", "2026-11-21")})

CLOSED: list[tuple[str, str, dict[str, Any], str]] = [  # gate, stage it stands before, the one fact, what must be told
    ("steps", "pilot", {"steps_open": ("step 8 mapping: no sample",)}, "step 8 mapping: no sample"),
    ("people", "connecting", {"people_missing": ("who signs for them (role: approver)",)}, "who signs for them"),
    ("settings", "live", {"settings": ("acme.yaml:3: an id that its qualifier does not allow",)}, "acme.yaml:3"),
    ("channels", "live", {"channels": ()}, "no channel"),
    ("channels", "live", {"channels": (Proven("acme.sftp", None),)}, "acme.sftp has never worked"),
    ("channels", "live", {"channels": (Proven("acme.sftp", 30.5, "pinged"),)}, "last worked 30 days ago"),
    ("channels", "live", {"channels": (Proven("acme.sftp", 1.0, "polled", 3),)}, "acme.sftp fails now"),
    ("samples", "live", {"samples": 0}, "has 0 of 1 samples"),
    ("samples", "live", {"samples_failed": ("edifact/a",)}, "edifact/a is not as expected"),
    ("samples", "live", {"map_problems": ("order.acme.yaml:4:2: no such field",)}, "no such field"),
    ("scenarios", "shadow", {"clean_runs": 1}, "1 more clean run"),
    ("scenarios", "shadow", {"negative_scenarios": 0}, "no scenario with a planted fault"),
    ("scenarios", "shadow", {"clean_runs": 0, "scenarios_failed": ("minimal",)}, "2 more clean runs"),
    ("required", "live", {"incomplete": 1, "required_missing": (("order_date", 1),)}, "order_date (1 times)"),
    ("required", "live", {"messages": 19}, "19 messages have come"),
    ("differences", "live", {"differing": ("4711",)}, "4711 differs"),
    ("differences", "live", {"clean_documents": 49}, "1 more documents"),
    ("differences", "live", {"clean_days": 9}, "1 more clean days"),
    ("rejects", "live", {"messages": 200, "rejected": 3}, "3 of 200"),
    ("acknowledgements", "live", {"answered": 59}, "1 are missing"),
    ("acknowledgements", "live", {"overdue": ("outbox 7",)}, "outbox 7 is overdue"),
    ("acknowledgements", "live", {"refused": ("outbox 8",)}, "outbox 8 was refused"),
    ("unsettled", "live", {"unsettled": ("exchange 12 has held messages",)}, "exchange 12"),
    ("rules", "live", {"rules_accepted": 5, "rules_never": ("lines.packaging",)}, "lines.packaging"),
    ("unread", "live", {"unread": ("SG25/PIA[5]",)}, "SG25/PIA[5]"),
    ("volume", "live", {"volume": 4999}, "4,999 an hour"),
    ("volume", "live", {"volume_days": 91}, "too old"),
    ("volume", "live", {"volume": None, "volume_days": None}, "no volume test"),
    ("rollback", "live", {"rollback_days": None}, "rehearse one"),
    ("rollback", "live", {"rollback_days": 90.5}, "too old"),
    ("sign_off", "live", {"sign_offs": {"ours": Stated("Ann", "2026-11-20")}}, "theirs missing"),
]


def before(stage: str, facts: Facts = GOOD) -> Facts:
    """The same facts, in the stage before one."""
    return replace(facts, stage=FORWARD[FORWARD.index(stage) - 1])


@pytest.mark.parametrize("stage", FORWARD[1:])
def test_where_everything_is_good_every_gate_passes(stage: str) -> None:
    found = readings(before(stage), stage)
    assert found
    assert [one.name for one in found if one.open] == []


@pytest.mark.parametrize(("gate", "stage", "fact", "says"), CLOSED)
def test_one_fact_closes_its_gate_and_no_other(gate: str, stage: str, fact: dict[str, Any], says: str) -> None:
    found = readings(before(stage, replace(GOOD, **fact)), stage)
    assert [one.name for one in found if one.open] == [gate]
    reading = next(one for one in found if one.open)
    assert says in reading.missing, reading
    assert not reading.passed and reading.limit and reading.evidence.startswith("edi-bridge ")


def test_every_gate_was_seen_closed() -> None:
    assert {gate for gate, *_ in CLOSED} == {one.name for one in GATES}


def test_who_skips_stages_passes_all_their_gates() -> None:
    here = replace(GOOD, stage="certifying", clean_runs=0)
    assert [one.name for one in readings(here, "live") if one.open] == ["scenarios"]
    assert [one.name for one in readings(here, "certifying")] == []  # it is there already


def test_limits_of_the_home_go_before_those_of_the_program() -> None:
    assert not any(one.open for one in readings(replace(GOOD, clean_days=3, clean_documents=6), "live", {"differences": {"days": 3, "documents": 5}}))
    assert [one.name for one in readings(GOOD, "live", {"differences": {"documents": 51}}) if one.open] == ["differences"]


def test_a_waiver_holds_for_its_gate_until_its_day() -> None:
    bad, waived = replace(GOOD, rollback_days=None), [Waiver("rollback", "Ann", "done by hand last week", "2026-11-30")]
    on, after = (readings(bad, "live", waivers=waived, today=day) for day in ("2026-11-30", "2026-12-01"))
    assert [one.name for one in on if one.open] == [] and [one.name for one in after if one.open] == ["rollback"]
    said = next(one for one in on if one.name == "rollback")
    assert not said.passed and said.waived == "Ann until 2026-11-30: done by hand last week"


def test_a_share_is_never_rounded_to_all_or_nothing() -> None:
    few = next(one for one in readings(replace(GOOD, messages=100_000, incomplete=1, required_missing=(("x", 1),)), "live") if one.name == "required")
    assert few.figure == "99.9 % of 100000" and few.open


def test_what_goes_out_is_not_asked_about_what_comes_in() -> None:
    names = {one.name for one in readings(replace(GOOD, direction="out"), "live")}
    assert names.isdisjoint({"required", "rules", "unread", "rejects"}) and "acknowledgements" in names


def test_a_signature_is_told_as_stated() -> None:
    assert [one.name for one in readings(GOOD, "live") if one.stated] == ["sign_off"]


def test_the_way_leads_forward_only() -> None:
    assert way("draft", "live") == FORWARD[1:]
    assert way("live", "pilot") == () and way("pilot", "live") == ("live",)
    assert [next_stage(one) for one in ("draft", "pilot", "live", "paused", "retired")] == ["connecting", "live", "", "", ""]
