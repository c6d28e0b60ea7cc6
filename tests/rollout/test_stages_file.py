"""`partners/_stages.yaml`: read, written, merged over what partners' files say, shown with its layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edi_bridge.catalog import Catalog
from edi_bridge.fault import ConfigFault
from edi_bridge.partner import Limits, Moved, load_stages, stages_text
from edi_bridge.partner.effective import settings
from edi_bridge.yamltext import parse

PARTNER = """partner: acme
identities: [{id: "9521200099997", qualifier: "14"}]
stage: certifying
agreements:
  - {message: edifact/D96A/ORDERS}
  - {message: edifact/D96A/INVOIC, direction: out}
"""
STAGES = """# written by edi-bridge rollout; every change is a version (edi-bridge catalog log)
acme:
  - {message: edifact/D96A/ORDERS, direction: in, stage: pilot, since: 2026-11-22T07:00:00Z, by: ann, reason: "gates passed", former: shadow,
     limits: {documents: 200, daily: 50, approve: 5}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "acme.yaml").write_text(PARTNER)
    (tmp_path / "partners" / "_stages.yaml").write_text(STAGES)
    return tmp_path


def load(text: str) -> dict[str, list[Moved]]:
    block: Any = parse(text, "partners/_stages.yaml")
    return load_stages(block)


def test_the_stage_in_force_outranks_the_partner_s_file(home: Path) -> None:
    orders, invoices = Catalog(home).partner_named("acme").agreements
    assert (orders.stage, orders.since, orders.former, orders.limits) == ("pilot", "2026-11-22T07:00:00Z", "shadow", Limits(200, 50, 5))
    assert (invoices.stage, invoices.since, invoices.limits) == ("certifying", "", Limits()), "the stage at the start"


def test_the_layer_is_named(home: Path) -> None:
    said = {one.path: (one.value, one.origin) for one in settings(Catalog(home).load_partner("acme"))}
    name = "agreements[edifact/D96A/ORDERS in]"
    assert said[f"{name}.stage"] == ("pilot", "partners/_stages.yaml:3")
    assert said[f"{name}.limits.daily"] == ("50", "partners/_stages.yaml:3")
    assert said["agreements[edifact/D96A/INVOIC out].stage"] == ("certifying", "partners/acme.yaml:3")


def test_of_the_shipped_folder_no_stages_are_read() -> None:
    assert Catalog().stages == {}


def test_what_is_written_is_read_back_whatever_the_reason_says() -> None:
    reasons = ["gates passed", 'she said "go": #1 {x}', "line\nbreak\tand \x07 bell", "Größe ✓ 😀", "- [~] null", "'"]
    stages = {"acme": [Moved(f"edifact/D96A/ORDERS{number}", "in", "pilot", "2026-11-22T07:00:00Z", "ann", reason, "shadow", "", Limits(0, number, 0))
                       for number, reason in enumerate(reasons)],
              "b": [Moved("x12/004010/810", "out", "live", "2026-11-22T07:00:00.000001Z", "bob", "r", test=True)], "none": []}
    written = stages_text(stages)
    kept = {name: [one.reason for one in listed] for name, listed in load(written).items()}
    assert kept == {"acme": [*reasons[:2], "line break and   bell", *reasons[3:]], "b": ["r"]}
    assert load(written)["b"] == stages["b"] and load(written)["acme"][3].limits == Limits(0, 3, 0)
    assert yaml.safe_load(written).keys() == {"acme", "b"}, "another reader of YAML agrees"
    assert load(stages_text({})) == {}


@pytest.mark.parametrize(("line", "place"), [
    ("{message: a/b/c, direction: up, stage: live, since: 2026-11-22T07:00:00Z}", "direction: is in or out"),
    ("{message: a/b/c, stage: lively, since: 2026-11-22T07:00:00Z}", "stage: is draft or"),
    ("{message: a/b/c, stage: live, since: 2026-11-22}", "since: is a moment with its zone"),
    ("{message: a/b/c, stage: live, since: 2026-11-22T07:00:00}", "since: is a moment with its zone"),
    ("{message: a/b/c, stage: live}", "needs its since:"),
    ("{message: a/b/c, stage: live, since: 2026-11-22T07:00:00Z, limits: {documents: -1}}", "documents: is a whole number"),
    ("{message: a/b/c, stage: live, since: 2026-11-22T07:00:00Z, limit: 3}", "did you mean limits?"),
    ("live", "each entry of acme: is"),
])
def test_a_mistake_is_told_with_its_line(line: str, place: str) -> None:
    with pytest.raises(ConfigFault) as told:
        load(f"acme:\n  - {line}\n")
    assert place in str(told.value) and "partners/_stages.yaml:2:" in str(told.value)


def test_an_agreement_has_one_stage() -> None:
    line = "  - {message: a/b/c, stage: live, since: 2026-11-22T07:00:00Z}\n"
    with pytest.raises(ConfigFault, match="stands here twice"):
        load(f"acme:\n{line}{line}")


def test_a_stage_of_what_is_not_agreed_is_told_by_lint(home: Path) -> None:
    (home / "partners" / "_stages.yaml").write_text(STAGES.replace("ORDERS", "ORDCHG"))
    partner = Catalog(home).load_partner("acme")
    assert partner.strays == (("edifact/D96A/ORDCHG", "in", "partners/_stages.yaml", 3, 51),)
    assert {one.stage for one in partner.agreements} == {"certifying"}
