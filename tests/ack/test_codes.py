"""Every kind of finding in every answer that can carry it: the code is in the list of its release, and the answer is legal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml

from edi_bridge import answering, syntax
from edi_bridge.catalog import GUIDES, Catalog
from edi_bridge.finding import KINDS, Finding, Level, Severity, Verdict
from edi_bridge.guide.check import Checker
from edi_bridge.interchange import Interchange, Message
from edi_bridge.partner import Partner
from edi_bridge.pipeline import MessageOutcome
from tests.ack.answer_cases import PREPARED

ORDERS = ("UNB+UNOC:{syntax}+NORTH:14+SOUTH:14+{day}:0815+417'UNG+ORDERS+NORTH:14+SOUTH:14+{day}:0815+G1+UN+D:96A'UNH+1+ORDERS:D:96A:UN'"
          "BGM+220+4711+9'DTM+137:20261102:102'NAD+BY+1::9'LIN+1++9521200002119:EN'QTY+21:48'UNS+S'UNT+8+1'UNE+1+G1'UNZ+1+417'")
SET = ("ISA*00*          *00*          *ZZ*BLUEBIRD       *01*315369934      *261102*0815*{rep}*{isa}*000000418*0*P*>~"
       "GS*PO*BLUEBIRD*315369934*20261102*0815*7*X*{version}~ST*850*0001~BEG*00*NE*4711**20261102~DTM*002*20261110~"
       "PO1*1*48*EA*3.19**UP*614141000036~CTT*1~SE*6*0001~GE*1*7~IEA*1*000000418~")

SOURCES = {
    "contrl-3": ORDERS.format(syntax=3, day="261102"),
    "contrl-4": ORDERS.format(syntax=4, day="20261102"),
    "997-4010": SET.format(rep="U", isa="00401", version="004010"),
    "997-5010": SET.format(rep="^", isa="00501", version="005010"),
    "999-5010": SET.format(rep="^", isa="00501", version="005010"),
}
EVERYTHING = {"contrl": "always", "ta1": "always", "997": "always", "aperak": "always", "824": "always"}
OURS = ("csv_", "xml_", "schematron", "einvoice", "empty_file", "unknown_format", "ebcdic", "mixed_parties")  # no envelope to be answered
KINDS_TOLD = [kind for kind in KINDS.values() if kind.severity is Severity.REJECT and not kind.name.startswith(OURS)
              and kind.name not in ("interchange_suspended", "message_suspended")]


class Known:
    """The one partner of these tests."""

    def __init__(self, partner: Partner):
        self.partner = partner

    def partner_named(self, name: str) -> Partner:
        """As the catalog's."""
        assert name == self.partner.name
        return self.partner


def outcomes(interchange: Interchange, message: Message, finding: Finding) -> Iterator[MessageOutcome]:
    """What the pipeline gives where only this was found."""
    of_message = finding.position.message is not None
    yield MessageOutcome(interchange, message, "", "", [], [finding] if of_message else [], Verdict.REJECTED, "p")
    interchange.drain()
    yield MessageOutcome(interchange, None, "", "", [], [] if of_message else [finding], Verdict.REJECTED, "p")


def answers_to(name: str, kind: str) -> list[answering.Answer]:
    """The answers to a source in which one finding of the kind stands where such a finding stands."""
    source = SOURCES[name].encode()
    interchange = next(syntax.read(source))
    message = next(interchange.messages)
    assert isinstance(message, Message)
    place = message.locate(5 if message.standard == "edifact" else 4, 2, 1 if message.standard == "edifact" else None)
    match KINDS[kind].level:
        case Level.INTERCHANGE:
            place = replace(place, message=None, group=None, segment=None, tag=None, element=None, component=None)
        case Level.GROUP:
            place = replace(place, message=None, segment=None, tag=None, element=None, component=None)
        case Level.MESSAGE:
            place = replace(place, segment=None, tag=None, element=None, component=None)
        case Level.SEGMENT:
            place = replace(place, element=None, component=None)
    agreed = {**EVERYTHING, "997": "never", "999": "always"} if name.startswith("999") else EVERYTHING
    partner = Partner("p", acknowledge=agreed)
    found = Finding(kind, place, "4711")
    (one,) = answering.answers(outcomes(interchange, message, found), Known(partner), draw=lambda _: 1, prepared=PREPARED)
    return one.answers


def checked(answer: answering.Answer, known: Catalog) -> list[str]:
    """What our check finds in it."""
    interchange = next(syntax.read(answer.content))
    said = []
    for message in interchange.messages:
        assert isinstance(message, Message)
        guide = known.guide(str(message.type))
        assert guide is not None
        said += [one.sentence() for one in Checker(guide).check(message)]
    return said + [one.sentence() for one in interchange.findings]


@pytest.fixture(scope="module")
def known() -> Catalog:
    """What is shipped."""
    return Catalog()


@pytest.mark.parametrize("name", SOURCES)
def test_every_kind_makes_a_legal_answer_with_a_code_of_its_list(name: str, known: Catalog) -> None:
    for kind in KINDS_TOLD:
        made = answers_to(name, kind.name)
        assert made, kind.name
        refusals = [one for one in made if one.verdict is Verdict.REJECTED]
        assert refusals, f"{kind.name} is told as a refusal"
        if kind.level is Level.BUSINESS:
            assert {one.name for one in refusals} <= {"aperak", "824"}, kind.name
        for answer in made:
            if answer.name != "ta1":
                assert checked(answer, known) == [], (kind.name, answer.name, list(answer.lines()))


def codes(release: str, element: str) -> set[str]:
    """A code list of a release as our guides have it."""
    listed = yaml.safe_load((GUIDES / release / "codes.yaml").read_text("utf-8"))[element]
    return {str(code) for code in listed.get("codes", listed)}


CODE = {"UCI": ("0085", 5), "UCF": ("0085", 5), "UCM": ("0085", 4), "UCS": ("0085", 2), "UCD": ("0085", 1), "TA1": ("I18", 5),
        "AK3": ("720", 4), "IK3": ("620", 4), "AK4": ("723", 3), "IK4": ("621", 3), "AK5": ("718", 2), "IK5": ("618", 2), "AK9": ("716", 5)}
RELEASES = {"contrl-3": "edifact/D3", "contrl-4": "edifact/41", "997-4010": "x12/004010", "997-5010": "x12/005010", "999-5010": "x12/005010"}


@pytest.mark.parametrize("name", SOURCES)
def test_every_code_is_in_the_official_list(name: str) -> None:
    """By splitting, without our checker."""
    seen: dict[str, set[str]] = {}
    for kind in KINDS_TOLD:
        for answer in answers_to(name, kind.name):
            for line in answer.lines():
                parts = re.split(r"[+*]", line.rstrip("'~"))
                element, at = CODE.get(parts[0], ("", 0))
                if element and len(parts) > at:
                    seen.setdefault(element, set()).add(parts[at])
    expected = {"edifact": {"0085"}, "x12": {"I18", "716", *(("618", "620", "621") if name.startswith("999") else ("718", "720", "723"))}}
    assert set(seen) == expected["edifact" if name.startswith("contrl") else "x12"]
    for element, used in seen.items():
        assert used - {""} <= codes(RELEASES[name], element), element


def test_the_level_decides_which_answer_tells_it() -> None:
    """A finding of the interchange in TA1, of a group in AK9, of a set in AK5, of a segment in AK3, of an element in AK4."""
    def tags(kind: str) -> dict[str, list[str]]:
        return {answer.name: [line.split("*")[0] for line in answer.lines()] for answer in answers_to("997-4010", kind)}
    assert tags("interchange_count_mismatch") == {"ta1": ["ISA", "TA1", "IEA"]}
    assert "AK3" not in tags("group_count_mismatch")["997"]
    assert "AK4" not in tags("segment_repeats")["997"] and "AK3" in tags("segment_repeats")["997"]
    assert "AK4" in tags("too_long")["997"]
    assert "AK3" not in tags("required_missing")["997"] and "TED" in tags("required_missing")["824"]
